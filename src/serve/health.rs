//! `/healthz`: the process answers. `/readyz`: it can also do its work, by a list of checks.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde_json::{Map, Value, json};

use crate::error::Result;
use crate::http::Pending;
use crate::http::metrics::Metrics;

/// A named condition for work; the error's code is shown, its cause is not.
pub struct ReadinessCheck {
    /// A stable name: `store`, `log`, `policy`.
    pub name: &'static str,
    /// Asks now; must answer within a second or so.
    pub ask: Arc<dyn Fn() -> Pending<()> + Send + Sync>,
    /// The word to show if it does not hold and work still goes on; none if work stops.
    pub degrades: Option<&'static str>,
}

/// All checks; put into the application as `web::Data<Checks>`.
#[derive(Default)]
pub struct Checks(pub Vec<ReadinessCheck>);

/// `GET /healthz` and `GET /readyz`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/healthz").route(web::get().to(healthz)))
        .service(web::resource("/readyz").route(web::get().to(readyz)));
}

/// `GET /metrics`; needs `web::Data<Metrics>`.
pub fn metrics_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/metrics").route(web::get().to(metrics)));
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

async fn readyz(checks: web::Data<Checks>) -> HttpResponse {
    let mut told = Map::new();
    let (mut ready, mut whole) = (true, true);
    for check in &checks.0 {
        let state = match ((check.ask)().await, check.degrades) {
            (Ok(()), _) => "ok",
            (Err(_), Some(word)) => {
                whole = false;
                word
            }
            (Err(error), None) => {
                ready = false;
                error.code.wire()
            }
        };
        told.insert(check.name.to_owned(), state.into());
    }
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let status = match (ready, whole) {
        (false, _) => "not_ready",
        (true, false) => "degraded",
        (true, true) => "ready",
    };
    answer.json(json!({ "status": status, "checks": Value::Object(told) }))
}

async fn metrics(metrics: web::Data<Metrics>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.render()?))
}
