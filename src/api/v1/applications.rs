//! `POST /api/v1/applications`: every material of an item or of a bundle answered in one call.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::scope::may;
use crate::registry::{Application, ApplicationAsk, Applied, BundleApplication};

#[derive(OpenApi)]
#[openapi(paths(apply), components(schemas(ApplicationAsk, Applied, Application, BundleApplication)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/applications").route(web::post().to(apply)));
}

#[utoipa::path(
    post, path = "/api/v1/applications", tag = "applications", operation_id = "apply",
    summary = "Have every material of an item or of a bundle answered, of everybody in the case; answered after each access is logged",
    request_body = ApplicationAsk,
    responses(
        (status = 200, description = "Every slot of every party with the ways that were tried, and a receipt for each party; for a bundle one list of questions and one of materials, and the same of each item", body = Applied),
        (status = 403, description = "The client's agency neither carries out nor receives the item, or one of the bundle's; the refusal is logged"),
        (status = 404, description = "No such item is in force, or no such bundle"),
        (status = 409, description = "Another version of the item or bundle is in force"),
        (status = 422, description = "A number breaks a rule of its standard; parties or answers are not those of the item or bundle; both are named, or none"),
        (status = 429, description = "The day's budget of distinct holders is spent"),
        (status = 503, description = "The access log or the database cannot be written"),
    ),
    security(("client" = ["apply"]))
)]
async fn apply(
    client: Client<may::Apply>,
    body: StrictJson<ApplicationAsk>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    context.registry.tries().may_ask(&actor, context.registry.now())?;
    Ok(HttpResponse::Ok().json(context.registry.apply(&actor, &body.0).await?))
}
