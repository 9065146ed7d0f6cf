//! `GET /api/v1/bundles`: several public services as one thing (一件事). Nothing here touches a holder.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::{OpenApi, ToSchema};

use crate::catalog::Catalog;
use crate::catalog::bundles::BundleDef;
use crate::catalog::items::ItemQuestion;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::listing::{PageQuery, answer, listed, page};
use crate::http::scope::may;
use crate::rule::Rule;

/// A bundle in a list.
#[derive(Serialize, ToSchema)]
pub struct ListedBundle {
    /// 编号
    code: String,
    /// The newest version, which is in force.
    version: u32,
    /// Its name.
    name: String,
    /// The agency that leads, by name.
    lead: String,
    /// 实施编码 of its items, in the order in which they are done.
    items: Vec<String>,
}

/// A bundle with all that a form needs.
#[derive(Serialize, ToSchema)]
pub struct BundleForm {
    /// The bundle as it was written, under the names of `schema/bundles`.
    #[schema(value_type = Object)]
    bundle: Value,
    /// Its items, in the order in which they are done.
    items: Vec<BundledItem>,
    /// The questions of the bundle and of its items, each once, in the order in which they are asked. Which of them a case
    /// asks, and which materials it needs, an application answers.
    questions: Vec<FormQuestion>,
}

/// An item of a bundle.
#[derive(Serialize, ToSchema)]
pub struct BundledItem {
    /// 实施编码
    code: String,
    /// Its name.
    name: String,
    /// The version in force today; left out where none is, and then nobody can apply for the bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    version: Option<u32>,
}

/// A question of a form.
#[derive(Serialize, ToSchema)]
pub struct FormQuestion {
    /// Its name.
    name: String,
    /// The question as it is asked.
    ask: String,
    /// The answers to choose from.
    options: Vec<String>,
}

listed! {
    /// Bundles, newest versions, by code.
    BundleList, "bundles", ListedBundle
}

#[derive(OpenApi)]
#[openapi(paths(bundles, bundle), components(schemas(BundleList, BundleForm)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/bundles").route(web::get().to(bundles)))
        .service(web::resource("/api/v1/bundles/{code}").route(web::get().to(bundle)));
}

#[utoipa::path(
    get, path = "/api/v1/bundles", tag = "catalog", operation_id = "bundles", summary = "All bundles (一件事), newest versions, by 编号",
    params(PageQuery),
    responses((status = 200, description = "Bundles, and `next` where there is more", body = BundleList)), security(("client" = ["catalog"]))
)]
async fn bundles(
    _client: Client<may::Catalog>,
    query: web::Query<PageQuery>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let made = context.registry.store().blocking(move || {
        let all = snapshot.catalog.bundles();
        page::<BundleList>(all.map(|bundle| (bundle.slug.clone(), head(bundle))), &query)
    });
    made.await.map(answer)
}

fn head(bundle: &BundleDef) -> ListedBundle {
    ListedBundle {
        code: bundle.slug.clone(),
        version: bundle.version,
        name: bundle.name.clone(),
        lead: bundle.lead.clone(),
        items: bundle.items.iter().map(|own| own.code.clone()).collect(),
    }
}

#[utoipa::path(
    get, path = "/api/v1/bundles/{code}", tag = "catalog", operation_id = "bundle", summary = "One bundle: its items in their order, and its questions, each once",
    params(("code" = String, Path, description = "编号", example = "newborn")),
    responses(
        (status = 200, description = "The bundle as it was written, with what a form needs", body = BundleForm),
        (status = 404, description = "No such bundle"),
    ),
    security(("client" = ["catalog"]))
)]
async fn bundle(
    _client: Client<may::Catalog>,
    code: web::Path<String>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let found = snapshot.catalog.bundle_versions(&code).next_back();
    let found = found
        .ok_or_else(|| Error::new(Code::NotFound, "no bundle of that code").rule(Rule::BundleUnknown))?;
    Ok(HttpResponse::Ok().json(form(&snapshot.catalog, found, context.registry.now().day())))
}

fn form(catalog: &Catalog, bundle: &BundleDef, today: Day) -> BundleForm {
    let (mut items, mut questions): (Vec<BundledItem>, Vec<FormQuestion>) = Default::default();
    let mut ask = |one: &ItemQuestion| {
        if !questions.iter().any(|other| other.name == one.name) {
            let options = one.options.iter().map(|option| option.value.clone()).collect();
            questions.push(FormQuestion { name: one.name.clone(), ask: one.ask.clone(), options });
        }
    };
    bundle.questions.iter().for_each(&mut ask);
    for own in &bundle.items {
        let in_force = catalog.item(&own.code, today);
        let known = in_force.or_else(|| catalog.item_versions(&own.code).next_back());
        let asked = known.into_iter().flat_map(|item| &item.questions);
        asked.filter(|one| !own.fixed.contains_key(&one.name)).for_each(&mut ask);
        items.push(BundledItem {
            code: own.code.clone(),
            name: known.map(|item| item.name.clone()).unwrap_or_default(),
            version: in_force.map(|item| item.version),
        });
    }
    BundleForm { bundle: json!(bundle), items, questions }
}
