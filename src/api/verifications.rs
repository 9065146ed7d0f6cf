//! `POST /verifications` at the `public` door: checks an envelope or a receipt in someone's hand, without a
//! token. A caller who brings the very bytes of a record is told its present state, and its holders' lists
//! show that (I2). A caller who brings other bytes learns nothing of the records here. Only clients may
//! compare a printed face.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::context::Context;
use crate::registry::VerifyAsk;

/// The longest envelope: 64 KiB of payload in base64url, and the bytes around it.
const LIMIT: usize = 96 * 1024;

/// One of the two, brought by anybody.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Brought {
    #[serde(default)]
    envelope: Option<String>,
    #[serde(default)]
    receipt: Option<Value>,
}

/// Adds the resource; needs `web::Data<Context>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/verifications").route(web::post().to(verify)));
}

async fn verify(body: StrictJson<Brought, LIMIT>, context: web::Data<Context>) -> Result<HttpResponse> {
    let Brought { envelope, receipt } = body.0;
    let ask = VerifyAsk { envelope, receipt, ..VerifyAsk::default() };
    let verified = context.registry.verify(None, &ask).await?;
    Ok(HttpResponse::Ok().json(verified))
}
