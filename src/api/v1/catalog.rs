//! `GET /api/v1/types`, `/agencies`, `/coverage`: what kinds of certificates there are, who issues them, what
//! the stock here contains. Nothing here touches a holder.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};
use utoipa::OpenApi;

use crate::error::{Code, Error, Result};
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::scope::may;

#[derive(OpenApi)]
#[openapi(paths(types, type_of, agencies, coverage))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Puts the resource on.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/types").route(web::get().to(types)))
        .service(web::resource("/api/v1/types/{name}").route(web::get().to(type_of)))
        .service(web::resource("/api/v1/agencies").route(web::get().to(agencies)))
        .service(web::resource("/api/v1/coverage").route(web::get().to(coverage)));
}

#[utoipa::path(
    get, path = "/api/v1/types", tag = "catalog", operation_id = "types", summary = "All certificate types, current versions",
    responses((status = 200, description = "Type definitions")), security(("client" = ["catalog"]))
)]
async fn types(_client: Client<may::Catalog>, context: web::Data<Context>) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let types: Vec<Value> = snapshot.catalog.types().iter().map(|entry| json!(entry.def())).collect();
    Ok(HttpResponse::Ok().json(json!({ "types": types })))
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
    get, path = "/api/v1/agencies", tag = "catalog", operation_id = "agencies", summary = "Agencies with level, region and period",
    responses((status = 200, description = "Agencies")), security(("client" = ["catalog"]))
)]
async fn agencies(_client: Client<may::Catalog>, context: web::Data<Context>) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    Ok(HttpResponse::Ok().json(json!({ "agencies": snapshot.catalog.issuers().agencies().all() })))
}

#[utoipa::path(
    get, path = "/api/v1/coverage", tag = "catalog", operation_id = "coverage", summary = "Coverage statements in force",
    responses((status = 200, description = "Statements")), security(("client" = ["catalog"]))
)]
async fn coverage(_client: Client<may::Catalog>, context: web::Data<Context>) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let types = snapshot.catalog.types();
    let all: Vec<Value> = types
        .iter()
        .flat_map(|entry| snapshot.catalog.coverages(&entry.def().code))
        .map(|one| json!(one))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "coverage": all })))
}
