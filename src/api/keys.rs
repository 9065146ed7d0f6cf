//! `GET /.well-known/jwks.json`: every public key that ever signed here.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::context::Context;
use crate::trust::jwks::JwkSet;

#[derive(OpenApi)]
#[openapi(paths(keys), components(schemas(JwkSet)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource; needs `web::Data<Context>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/.well-known/jwks.json").route(web::get().to(keys)));
}

#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "logs", operation_id = "keys",
    summary = "Every public key that ever signed here, with owner and life (RFC 7517, RFC 8037)",
    responses((status = 200, description = "The keys; revoked ones too, whose earlier signatures still verify", body = JwkSet))
)]
async fn keys(context: web::Data<Context>) -> Result<HttpResponse> {
    let set = context.registry.snapshot().published_keys().to_owned();
    let cached = (CACHE_CONTROL, "public, max-age=60");
    Ok(HttpResponse::Ok().insert_header(cached).content_type("application/json").body(set))
}
