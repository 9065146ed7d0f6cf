//! `GET /api/v1/items`: what public services ask for. Nothing here touches a holder.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::catalog::items::ItemDef;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::listing::{PageQuery, answer, listed, page};
use crate::http::scope::may;
use crate::rule::Rule;

/// An item in a list.
#[derive(Serialize, ToSchema)]
pub struct ListedItem {
    /// 实施编码
    code: String,
    /// The newest version.
    version: u32,
    /// Its name.
    name: String,
    /// Credit code of the agency that decides.
    agency: String,
    /// Its name.
    agency_name: String,
    /// First day in force.
    from: Day,
    /// First day no longer in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    until: Option<Day>,
    /// How many materials it lists.
    slots: usize,
}

listed! {
    /// Items, newest versions, by code.
    ItemList, "items", ListedItem
}

#[derive(OpenApi)]
#[openapi(paths(items, item), components(schemas(ItemList)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/items").route(web::get().to(items)))
        .service(web::resource("/api/v1/items/{code}").route(web::get().to(item)));
}

#[utoipa::path(
    get, path = "/api/v1/items", tag = "catalog", operation_id = "items", summary = "All items, newest versions, by 实施编码",
    params(PageQuery),
    responses((status = 200, description = "Items, and `next` where there is more", body = ItemList)), security(("client" = ["catalog"]))
)]
async fn items(
    _client: Client<may::Catalog>,
    query: web::Query<PageQuery>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let made = context.registry.store().blocking(move || {
        page::<ItemList>(snapshot.catalog.items().map(|item| (item.code.clone(), head(item))), &query)
    });
    made.await.map(answer)
}

fn head(item: &ItemDef) -> ListedItem {
    ListedItem {
        code: item.code.clone(),
        version: item.version,
        name: item.name.clone(),
        agency: item.agency.clone(),
        agency_name: item.agency_name.clone(),
        from: item.from,
        until: item.until,
        slots: item.slots.len(),
    }
}

#[utoipa::path(
    get, path = "/api/v1/items/{code}", tag = "catalog", operation_id = "item", summary = "One item: the version in force today, else the newest",
    params(("code" = String, Path, description = "实施编码", example = "11190101MD100004254190101000001")),
    responses(
        (status = 200, description = "The item as its department wrote it, under the Chinese names of the national list", body = Object),
        (status = 404, description = "No such item"),
    ),
    security(("client" = ["catalog"]))
)]
async fn item(
    _client: Client<may::Catalog>,
    code: web::Path<String>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let today = context.registry.now().day();
    let catalog = &snapshot.catalog;
    let found = catalog.item(&code, today).or_else(|| catalog.item_versions(&code).next_back());
    let found =
        found.ok_or_else(|| Error::new(Code::NotFound, "no item of that code").rule(Rule::ItemUnknown))?;
    Ok(HttpResponse::Ok().json(&**found))
}
