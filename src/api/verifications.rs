//! `POST /verifications` at the `public` door: checks an envelope or a receipt in someone's hand, without a
//! token. A caller who brings the very bytes of a record is told its present state, and its holders' lists
//! show that (I2). A caller who brings other bytes learns nothing of the records here. Only clients may
//! compare a printed face.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{OpenApi, ToSchema};

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::context::Context;
use crate::registry::{VerifyAnswer, VerifyAsk};

/// The longest envelope: 64 KiB of payload in base64url, and the bytes around it.
const LIMIT: usize = 96 * 1024;

/// One of the two, brought by anybody.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BroughtDocument {
    /// A record, or an answer to a predicate, as compact JWS.
    #[serde(default)]
    envelope: Option<String>,
    /// A `Receipt` as it was handed out. What is none is judged, as malformed, and not refused.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    receipt: Option<Map<String, Value>>,
}

#[derive(OpenApi)]
#[openapi(paths(verify), components(schemas(BroughtDocument)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource; needs `web::Data<Context>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/verifications").route(web::post().to(verify)));
}

#[utoipa::path(
    post, path = "/verifications", tag = "verifications", operation_id = "verify_brought",
    summary = "Verify an envelope or a receipt in one's hand, without a token",
    request_body(content = BroughtDocument, description = "Exactly one of envelope and receipt"),
    responses((status = 200, description = "What it is worth, and what became of the record where the very bytes were brought", body = VerifyAnswer))
)]
async fn verify(
    body: StrictJson<BroughtDocument, LIMIT>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let BroughtDocument { envelope, receipt } = body.0;
    let ask = VerifyAsk { envelope, receipt, ..VerifyAsk::default() };
    let verified = context.registry.verify(None, &ask).await?;
    Ok(HttpResponse::Ok().json(verified))
}
