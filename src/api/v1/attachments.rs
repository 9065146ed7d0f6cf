//! `PUT /api/v1/attachments/{sha256}` and `POST /api/v1/attachments/fetch`: files that records name by digest.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use utoipa::OpenApi;
use utoipa::openapi::KnownFormat;

use crate::closed::{self, TextForm};
use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::scope::may;
use crate::identity::contains_citizen_number;
use crate::record::{Reason, Verdict};
use crate::registry::{ATTACHMENT_LIMIT, AttachmentAsk};

/// The bytes of a file.
pub struct FileBytes;

impl utoipa::PartialSchema for FileBytes {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        closed::text("The bytes of a file.", TextForm::Standard(KnownFormat::Binary))
    }
}

impl utoipa::ToSchema for FileBytes {}

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
    summary = "Keep a file under its SHA-256, sealed; at most 8 MiB. Records that name it are `attachment_pending` until then",
    params(("sha256" = String, Path, description = "64 lower-case hex digits", pattern = "^[0-9a-f]{64}$")),
    request_body(content = FileBytes, content_type = "application/octet-stream"),
    responses((status = 204, description = "Kept, or there already"), (status = 422, description = "Another SHA-256"), (status = 429, description = "The client's day is spent: 8 MiB for each holder of its budget")),
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
    responses((status = 200, description = "The file. Its media type is what its bytes say, its name stands in `content-disposition`", content((FileBytes = "application/octet-stream"), (FileBytes = "application/pdf"), (FileBytes = "application/zip"), (FileBytes = "image/gif"), (FileBytes = "image/jpeg"), (FileBytes = "image/png"), (FileBytes = "image/tiff")), headers(
        ("elicense-verdict" = Verdict, description = "What the record is worth that names the file: `valid`, `invalid`, `undetermined`"),
        ("elicense-reasons" = String, description = "Its reasons, with commas; empty where there is none"),
        ("elicense-receipt" = String, description = "The receipt of this access: its JSON in base64url without padding"),
        ("content-disposition" = String, description = "`attachment`, with the file's name in the record"),
    )), (status = 404, description = "No such record or file")),
    security(("client" = ["attachment"]))
)]
async fn fetch(
    client: Client<may::Attachment>,
    body: StrictJson<AttachmentAsk>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let shown = context.registry.attachment(&actor, &body.0).await?;
    let reasons: Vec<&str> = shown.judgement.reasons.iter().map(Reason::wire).collect();
    // The type in the record is only the issuer's word; nobody's browser acts on it.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, shown.media_type))
        .insert_header((CONTENT_DISPOSITION, disposition(&shown.attachment.name)))
        .insert_header(("elicense-verdict", shown.judgement.verdict.wire()))
        .insert_header(("elicense-reasons", reasons.join(",")))
        .insert_header(("elicense-receipt", URL_SAFE_NO_PAD.encode(shown.accepted.receipt())))
        .body(shown.content))
}

/// The name as RFC 6266 has it: a header holds ASCII only. One that holds a person's number stays out: proxies write
/// headers down (I3).
fn disposition(name: &str) -> String {
    if contains_citizen_number(name) {
        return "attachment".to_owned();
    }
    let mut value = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    value
}
