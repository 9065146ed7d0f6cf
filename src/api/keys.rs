//! `GET /.well-known/jwks.json`: every public key that ever signed here.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};

use crate::error::Result;
use crate::http::context::Context;

/// Puts the resource on; asks for `web::Data<Context>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/.well-known/jwks.json").route(web::get().to(keys)));
}

async fn keys(context: web::Data<Context>) -> Result<HttpResponse> {
    let set = context.registry.snapshot().published_keys().to_owned();
    let cached = (CACHE_CONTROL, "public, max-age=60");
    Ok(HttpResponse::Ok().insert_header(cached).content_type("application/json").body(set))
}
