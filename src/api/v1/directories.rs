//! `POST /api/v1/directories`: everything on file for a holder, wherever it is kept, without faces and
//! envelopes.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::scope::may;
use crate::registry::{DirectoryAnswer, DirectoryAsk};

#[derive(OpenApi)]
#[openapi(paths(directory), components(schemas(DirectoryAsk, DirectoryAnswer)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/directories").route(web::post().to(directory)));
}

#[utoipa::path(
    post, path = "/api/v1/directories", tag = "lookups", operation_id = "list_directory",
    summary = "List what exists for a holder, with custody, state and verdict; logged like a lookup",
    request_body = DirectoryAsk,
    responses(
        (status = 200, description = "Entries of the types that policy allows, and the receipt of this access", body = DirectoryAnswer),
        (status = 403, description = "Policy has no grant; the refusal is logged"),
        (status = 422, description = "The number breaks a rule of its standard, or the purpose is missing"),
        (status = 429, description = "The day's budget of distinct holders is spent"),
    ),
    security(("client" = ["lookup"]))
)]
async fn directory(
    client: Client<may::Lookup>,
    body: StrictJson<DirectoryAsk>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let listed = context.registry.directory(&actor, &body.0).await?;
    Ok(HttpResponse::Ok().json(listed))
}
