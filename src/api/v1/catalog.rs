//! `GET /api/v1/types`, `/agencies`: the types of certificates and their issuers. Nothing here touches a holder.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::{Code, Error, Result};
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::listing::{PageQuery, answer, page};
use crate::http::scope::may;

#[derive(OpenApi)]
#[openapi(paths(types, type_of, agencies))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/types").route(web::get().to(types)))
        .service(web::resource("/api/v1/types/{name}").route(web::get().to(type_of)))
        .service(web::resource("/api/v1/agencies").route(web::get().to(agencies)));
}

#[utoipa::path(
    get, path = "/api/v1/types", tag = "catalog", operation_id = "types", summary = "All certificate types, current versions, by code",
    params(PageQuery),
    responses((status = 200, description = "Type definitions, and `next` where there is more")), security(("client" = ["catalog"]))
)]
async fn types(
    _client: Client<may::Catalog>,
    query: web::Query<PageQuery>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let made = context.registry.store().blocking(move || {
        let types = snapshot.catalog.types();
        page("types", types.iter().map(|entry| (entry.def().code.clone(), entry.def())), &query)
    });
    made.await.map(answer)
}

#[utoipa::path(
    get, path = "/api/v1/types/{name}", tag = "catalog", operation_id = "type", summary = "One type by code or short name",
    params(("name" = String, Path, description = "Type code or short name")),
    responses((status = 200, description = "The type definition with the JSON Schema of its face"), (status = 404, description = "No such type")),
    security(("client" = ["catalog"]))
)]
async fn type_of(
    _client: Client<may::Catalog>,
    name: web::Path<String>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let entry = snapshot.catalog.type_of(&name).or_else(|| snapshot.catalog.type_by_slug(&name));
    let entry = entry.ok_or_else(|| Error::new(Code::NotFound, "no type of that code or name"))?;
    Ok(HttpResponse::Ok().json(entry.def()))
}

#[utoipa::path(
    get, path = "/api/v1/agencies", tag = "catalog", operation_id = "agencies", summary = "Agencies with level, region and period, by code and period",
    params(PageQuery),
    responses((status = 200, description = "Agencies, and `next` where there is more")), security(("client" = ["catalog"]))
)]
async fn agencies(
    _client: Client<may::Catalog>,
    query: web::Query<PageQuery>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let made = context.registry.store().blocking(move || {
        let agencies = snapshot.catalog.issuers().agencies().all();
        page("agencies", agencies.iter().map(|one| (format!("{} {}", one.code, one.valid_from), one)), &query)
    });
    made.await.map(answer)
}
