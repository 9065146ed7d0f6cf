//! `GET` and `POST /api/v1/coverage`, `POST /api/v1/coverage/heartbeats`: the contents of the stock here, as the
//! agencies state it. Nothing here touches a holder.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::catalog::Coverage;
use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::idempotency::IdempotencyKey;
use crate::http::listing::{PageQuery, answer, listed, page};
use crate::http::scope::may;
use crate::registry::{CoverageStated, Heartbeat};

listed! {
    /// Coverage statements, by type and issuing system.
    CoverageList, "coverage", Coverage
}

#[derive(OpenApi)]
#[openapi(
    paths(coverage, state, beat),
    components(schemas(Coverage, CoverageList, CoverageStated, Heartbeat))
)]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/coverage/heartbeats").route(web::post().to(beat))).service(
        web::resource("/api/v1/coverage").route(web::get().to(coverage)).route(web::post().to(state)),
    );
}

#[utoipa::path(
    get, path = "/api/v1/coverage", tag = "catalog", operation_id = "coverage", summary = "Coverage statements in force, by type and issuing system",
    params(PageQuery),
    responses((status = 200, description = "Statements, and `next` where there is more", body = CoverageList)), security(("client" = ["catalog"]))
)]
async fn coverage(
    _client: Client<may::Catalog>,
    query: web::Query<PageQuery>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let snapshot = context.registry.fresh_snapshot()?;
    let made = context.registry.store().blocking(move || {
        let types = snapshot.catalog.types();
        let all = types.iter().flat_map(|entry| snapshot.catalog.coverages(&entry.def().code));
        page::<CoverageList>(
            all.map(|one| (format!("{} {}", one.type_code, one.issuing_system), one)),
            &query,
        )
    });
    made.await.map(answer)
}

#[utoipa::path(
    post, path = "/api/v1/coverage", tag = "catalog", operation_id = "state_coverage",
    summary = "State what the stock of a type from one system contains; replaces the statement before",
    params(IdempotencyKey),
    request_body = Coverage,
    responses(
        (status = 200, description = "Signed, logged and in force", body = CoverageStated),
        (status = 403, description = "Another agency's stock or statement"),
        (status = 422, description = "The statement cannot hold, or the agency may not issue the type"),
    ),
    security(("client" = ["coverage"]))
)]
async fn state(
    client: Client<may::Coverage>,
    key: IdempotencyKey,
    body: StrictJson<Coverage>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, stated) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| {
            registry.state_own_coverage(actor, &stated, once)
        })
        .await?;
    Ok(HttpResponse::Ok().json(done))
}

#[utoipa::path(
    post, path = "/api/v1/coverage/heartbeats", tag = "catalog", operation_id = "beat",
    summary = "Say that a feed is alive, with or without rows; the statement is signed again with the time of now",
    params(IdempotencyKey),
    request_body = Heartbeat,
    responses(
        (status = 200, description = "Signed, logged and in force", body = CoverageStated),
        (status = 403, description = "Another agency's statement"),
        (status = 404, description = "No statement for this type and system"),
    ),
    security(("client" = ["coverage"]))
)]
async fn beat(
    client: Client<may::Coverage>,
    key: IdempotencyKey,
    body: StrictJson<Heartbeat>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, beat) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| registry.beat(actor, &beat, once))
        .await?;
    Ok(HttpResponse::Ok().json(done))
}
