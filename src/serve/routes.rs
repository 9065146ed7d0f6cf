//! The routes of each door. A route is at a door because a line here puts it there.

use actix_web::web::ServiceConfig;

use super::health;
use crate::api;
use crate::config::Door;
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
