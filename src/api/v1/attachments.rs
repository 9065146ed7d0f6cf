//! `PUT /api/v1/attachments/{sha256}` and `POST /api/v1/attachments/fetch`: files that records name by digest.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::openapi::ProblemDocument;
use crate::http::scope::may;
use crate::registry::{ATTACHMENT_LIMIT, AttachmentAsk};

#[derive(OpenApi)]
#[openapi(paths(put, fetch), components(schemas(AttachmentAsk)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/attachments/fetch").route(web::post().to(fetch))).service(
        web::resource("/api/v1/attachments/{sha256}")
            .app_data(web::PayloadConfig::new(ATTACHMENT_LIMIT))
            .route(web::put().to(put)),
    );
}

#[utoipa::path(
    put, path = "/api/v1/attachments/{sha256}", tag = "attachments", operation_id = "put_attachment",
    summary = "Keep a file under its SHA-256, sealed; at most 8 MiB",
    params(("sha256" = String, Path, description = "64 lower-case hex digits")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 204, description = "Kept, or there already"), (status = 422, description = "Another SHA-256", body = ProblemDocument)),
    security(("client" = ["attachment"]))
)]
async fn put(
    client: Client<may::Attachment>,
    sha256: web::Path<String>,
    body: web::Bytes,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, registry) = (context.actor(&client)?, context.registry.clone());
    context.registry.store().blocking(move || registry.put_attachment(&actor, &sha256, &body)).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[utoipa::path(
    post, path = "/api/v1/attachments/fetch", tag = "attachments", operation_id = "fetch_attachment",
    summary = "Fetch a file of a record that the client may see whole; logged like a lookup",
    request_body = AttachmentAsk,
    responses((status = 200, description = "The file", content_type = "application/octet-stream"), (status = 404, description = "No such record or file", body = ProblemDocument)),
    security(("client" = ["attachment"]))
)]
async fn fetch(
    client: Client<may::Attachment>,
    body: StrictJson<AttachmentAsk>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let shown = context.registry.attachment(&actor, &body.0).await?;
    // The type in the record is only the issuer's word; the browser must not act on it.
    let disposition = ("content-disposition", "attachment");
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header(disposition)
        .body(shown.content))
}
