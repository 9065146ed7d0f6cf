//! The routes of each door. A route is at a door because a line here puts it there.

use actix_web::web::ServiceConfig;

use super::health;
use crate::api;
use crate::api::document::Document;
use crate::config::Door;
use crate::error::Result;
use crate::web;

/// The routes of one socket: the union of its doors', each part once.
pub fn of(doors: &[Door], cfg: &mut ServiceConfig) {
    health::routes(cfg);
    if doors.iter().any(|door| matches!(door, Door::Public | Door::Window | Door::Agency)) {
        web::assets::routes(cfg);
    }
    if doors.iter().any(|door| matches!(door, Door::Public | Door::Window)) {
        cfg.default_service(actix_web::web::to(web::page::nowhere));
    }
    for door in doors {
        match door {
            Door::Public => public_routes(cfg),
            Door::Window => window_routes(cfg),
            Door::Agency => agency_routes(cfg),
            Door::Admin => admin_routes(cfg),
        }
    }
}

/// Citizens, verification, keys, checkpoints.
pub fn public_routes(cfg: &mut ServiceConfig) {
    api::keys::routes(cfg);
    api::logs::routes(cfg);
    api::verifications::routes(cfg);
}

/// Pages of staff.
pub fn window_routes(cfg: &mut ServiceConfig) {
    web::window::routes(cfg);
}

/// The API, its description and its tokens.
pub fn agency_routes(cfg: &mut ServiceConfig) {
    api::oauth2::routes(cfg);
    api::document::routes(cfg);
    web::docs::routes(cfg);
    api::v1::routes(cfg);
    #[cfg(feature = "bench-routes")]
    api::bench::routes(cfg);
}

/// Metrics.
pub fn admin_routes(cfg: &mut ServiceConfig) {
    health::metrics_routes(cfg);
}

/// The description of all doors' routes but the pages for people: what stands in the tables above, once more. A test holds
/// the two against each other.
///
/// # Errors
/// `internal` when it cannot be written as JSON.
pub fn described() -> Result<Document> {
    let mut resources: Vec<(&[Door], utoipa::openapi::OpenApi)> = vec![
        (&Door::ALL, health::document()),
        (&[Door::Public], api::keys::document()),
        (&[Door::Public], api::logs::document()),
        (&[Door::Public], api::verifications::document()),
        (&[Door::Admin], health::metrics_document()),
        (&[Door::Agency], api::oauth2::document()),
        (&[Door::Agency], api::document::document()),
    ];
    resources.extend(api::v1::documents().into_iter().map(|part| (&[Door::Agency][..], part)));
    Document::build(resources)
}
