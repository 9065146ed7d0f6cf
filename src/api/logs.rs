//! `GET /logs/…`: checkpoints, tiles, entry bundles, as plain files for anyone (C2SP tlog-tiles). Only hashes.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use super::v1::FileBytes;
use crate::error::Result;
use crate::http::context::Context;
use crate::http::listing::{PageQuery, answer, listed, page};
use crate::registry::LogInfo;

listed! {
    /// Logs, by name.
    LogList, "logs", LogInfo
}

#[derive(OpenApi)]
#[openapi(paths(list, checkpoint, tile), components(schemas(LogList)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource; needs `web::Data<Context>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/logs").route(web::get().to(list)))
        .service(web::resource("/logs/{name}/checkpoint").route(web::get().to(checkpoint)))
        .service(web::resource("/logs/{name}/tile/{path:.*}").route(web::get().to(tile)));
}

#[utoipa::path(
    get, path = "/logs", tag = "logs", operation_id = "logs", summary = "All logs with origin, verifier key and size",
    params(PageQuery),
    responses((status = 200, description = "Logs, and `next` where there is more", body = LogList))
)]
async fn list(query: web::Query<PageQuery>, context: web::Data<Context>) -> Result<HttpResponse> {
    let registry = context.registry.clone();
    let made = context.registry.store().blocking(move || {
        page::<LogList>(registry.logs()?.into_iter().map(|log| (log.log.clone(), log)), &query)
    });
    made.await.map(answer)
}

#[utoipa::path(
    get, path = "/logs/{name}/checkpoint", tag = "logs", operation_id = "checkpoint",
    summary = "The newest checkpoint of a log (C2SP tlog-checkpoint)",
    params(("name" = String, Path, description = "The log", example = "records")),
    responses((status = 200, description = "A signed note", body = String, content_type = "text/plain"), (status = 404, description = "No such log"))
)]
async fn checkpoint(name: web::Path<String>, context: web::Data<Context>) -> Result<HttpResponse> {
    let registry = context.registry.clone();
    let note = context.registry.store().blocking(move || registry.checkpoint(&name)).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(note))
}

#[utoipa::path(
    get, path = "/logs/{name}/tile/{path}", tag = "logs", operation_id = "tile",
    summary = "A tile of a log, or the entries under one (C2SP tlog-tiles)",
    params(
        ("name" = String, Path, description = "The log", example = "records"),
        ("path" = String, Path, description = "`<level>/<index>[.p/<width>]`, or `entries/<index>[.p/<width>]`; its slashes stand as they are", example = "0/000"),
    ),
    responses((status = 200, description = "Hashes of 32 bytes each; of entries, each behind its length in two bytes", content_type = "application/octet-stream", body = FileBytes), (status = 404, description = "No such log, or behind its end"))
)]
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
