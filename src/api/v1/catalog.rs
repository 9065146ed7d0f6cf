//! `GET /api/v1/types`, `/agencies`: the types of certificates and their issuers. Nothing here touches a holder.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::catalog::{Agency, TypeDef};
use crate::error::{Code, Error, Result};
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::listing::{PageQuery, answer, listed, page};
use crate::http::scope::may;

listed! {
    /// Certificate types, by code.
    TypeList, "types", TypeDef
}

listed! {
    /// Agencies, by code and period.
    AgencyList, "agencies", Agency
}

#[derive(OpenApi)]
#[openapi(paths(types, type_of, agencies), components(schemas(TypeList, AgencyList)))]
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
    responses((status = 200, description = "Type definitions, and `next` where there is more", body = TypeList)), security(("client" = ["catalog"]))
)]
async fn types(
    _client: Client<may::Catalog>,
    query: web::Query<PageQuery>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let made = context.registry.store().blocking(move || {
        let types = snapshot.catalog.types();
        page::<TypeList>(types.iter().map(|entry| (entry.def().code.clone(), entry.def())), &query)
    });
    made.await.map(answer)
}

#[utoipa::path(
    get, path = "/api/v1/types/{name}", tag = "catalog", operation_id = "type", summary = "One type by code or short name",
    params(("name" = String, Path, description = "Type code or short name", example = "resident_id_card")),
    responses((status = 200, description = "The type definition with the JSON Schema of its face", body = TypeDef), (status = 404, description = "No such type")),
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
    responses((status = 200, description = "Agencies, and `next` where there is more", body = AgencyList)), security(("client" = ["catalog"]))
)]
async fn agencies(
    _client: Client<may::Catalog>,
    query: web::Query<PageQuery>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let made = context.registry.store().blocking(move || {
        let agencies = snapshot.catalog.issuers().agencies().all();
        page::<AgencyList>(
            agencies.iter().map(|one| (format!("{} {}", one.code, one.valid_from), *one)),
            &query,
        )
    });
    made.await.map(answer)
}
