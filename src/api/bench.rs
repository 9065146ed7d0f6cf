//! Two addresses for measurements, compiled with the feature `bench-routes` only and in no build that serves.
//!
//! `POST /bench/lookup` is the lookup without its access entry and receipt. Token, policy, rows, seals,
//! verdicts and bytes are the same, so the difference to the lookup is the cost of log and receipt. It breaks
//! I2, so it must not exist outside a measurement. `POST /bench/bare?bytes=N` sends N bytes and does nothing
//! else.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::scope::may;
use crate::registry::Ask;

/// Adds both routes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/bench/lookup").route(web::post().to(lookup)))
        .service(web::resource("/bench/bare").route(web::post().to(bare)));
}

async fn lookup(
    client: Client<may::Lookup>,
    body: StrictJson<Ask>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let prepared = context.registry.prepare_lookup(&body.0)?;
    let answer = context.registry.lookup_unlogged(&actor, prepared).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(answer))
}

#[derive(Deserialize)]
struct Size {
    bytes: usize,
}

/// As many bytes as a real answer, copied once, as a real answer's are.
async fn bare(size: web::Query<Size>, _body: web::Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(vec![b'x'; size.bytes.min(1 << 20)])
}
