//! `GET /logs/…`: checkpoints, tiles, entry bundles, as plain files for anyone (C2SP tlog-tiles). Only hashes.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};

use crate::error::Result;
use crate::http::context::Context;
use crate::http::listing::{PageQuery, answer, page};

/// Puts the resource on; asks for `web::Data<Context>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/logs").route(web::get().to(list)))
        .service(web::resource("/logs/{name}/checkpoint").route(web::get().to(checkpoint)))
        .service(web::resource("/logs/{name}/tile/{path:.*}").route(web::get().to(tile)));
}

async fn list(query: web::Query<PageQuery>, context: web::Data<Context>) -> Result<HttpResponse> {
    let registry = context.registry.clone();
    let made = context.registry.store().blocking(move || {
        page("logs", registry.logs()?.into_iter().map(|log| (log.log.clone(), log)), &query)
    });
    made.await.map(answer)
}

async fn checkpoint(name: web::Path<String>, context: web::Data<Context>) -> Result<HttpResponse> {
    let registry = context.registry.clone();
    let note = context.registry.store().blocking(move || registry.checkpoint(&name)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(note))
}

async fn tile(place: web::Path<(String, String)>, context: web::Data<Context>) -> Result<HttpResponse> {
    let (name, path) = place.into_inner();
    let registry = context.registry.clone();
    let bytes =
        context.registry.store().blocking(move || registry.tile(&name, &format!("tile/{path}"))).await?;
    // A tile of a path never changes: a partial one has its width in its name.
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/octet-stream"))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(bytes))
}
