//! `POST /api/v1/verifications` and `/histories`: the verdict on a document in hand, and the history of a
//! record.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::scope::may;
use crate::registry::{HistoryAnswer, HistoryAsk, VerifyAnswer, VerifyAsk};

#[derive(OpenApi)]
#[openapi(paths(verify, history), components(schemas(VerifyAsk, VerifyAnswer, HistoryAsk, HistoryAnswer)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/verifications").route(web::post().to(verify)))
        .service(web::resource("/api/v1/histories").route(web::post().to(history)));
}

#[utoipa::path(
    post, path = "/api/v1/verifications", tag = "verifications", operation_id = "verify",
    summary = "Verify an envelope, an identifier with face values, or a receipt",
    request_body(content = VerifyAsk, description = "Exactly one of envelope, identifier (with face) and receipt; purpose where a record kept here is told about"),
    responses((status = 200, description = "verdict valid, invalid or undetermined, and every reason", body = VerifyAnswer), (status = 422, description = "The request, never the document")),
    security(("client" = ["verify"]))
)]
async fn verify(
    client: Client<may::Verify>,
    body: StrictJson<VerifyAsk>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let verified = context.registry.verify(Some(&actor), &body.0).await?;
    Ok(HttpResponse::Ok().json(verified))
}

#[utoipa::path(
    post, path = "/api/v1/histories", tag = "verifications", operation_id = "history",
    summary = "Versions and events of a record; its state as of a day and as known at a moment",
    request_body = HistoryAsk,
    responses((status = 200, description = "The history and the receipt of this access", body = HistoryAnswer), (status = 404, description = "No such record")),
    security(("client" = ["lookup"]))
)]
async fn history(
    client: Client<may::Lookup>,
    body: StrictJson<HistoryAsk>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let shown = context.registry.history(&actor, &body.0).await?;
    Ok(HttpResponse::Ok().json(shown))
}
