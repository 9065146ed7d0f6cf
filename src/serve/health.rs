//! `/healthz`: the process answers. `/readyz`: it can also do its work, by a list of checks.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::closed::closed;
use crate::error::Result;
use crate::http::Pending;
use crate::http::metrics::Metrics;
use crate::http::openapi::ProblemDocument;

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

/// The process answers.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
}

closed! {
    /// Whether a process does its work.
    ReadyStatus {
        Ready, "ready", "就绪", "every part works";
        Degraded, "degraded", "部分可用", "it works, though not every part does";
        NotReady, "not_ready", "未就绪", "a part that is needed does not work";
    }
}

/// Whether it can do its work, by parts.
#[derive(Serialize, ToSchema)]
struct Readiness {
    /// Each part with `ok`, or with the code or the word of what is wrong.
    checks: BTreeMap<&'static str, &'static str>,
    /// All in all.
    status: ReadyStatus,
}

#[derive(OpenApi)]
#[openapi(paths(healthz, readyz))]
struct Part;

/// The description of both addresses.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

#[derive(OpenApi)]
#[openapi(paths(metrics))]
struct MetricsPart;

/// The description of the counters' address.
pub fn metrics_document() -> utoipa::openapi::OpenApi {
    MetricsPart::openapi()
}

/// `GET /healthz` and `GET /readyz`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/healthz").route(web::get().to(healthz)))
        .service(web::resource("/readyz").route(web::get().to(readyz)));
}

/// `GET /metrics`; needs `web::Data<Metrics>`.
pub fn metrics_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/metrics").route(web::get().to(metrics)));
}

#[utoipa::path(
    get, path = "/healthz", tag = "operation", operation_id = "health", summary = "Whether the process answers",
    responses((status = 200, description = "It does", body = Health))
)]
async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(Health { status: "ok" })
}

#[utoipa::path(
    get, path = "/readyz", tag = "operation", operation_id = "readiness", summary = "Whether the process can do its work, by parts",
    responses(
        (status = 200, description = "It can, if not in every part", body = Readiness),
        (status = 503, description = "It cannot", content((Readiness = "application/json"), (ProblemDocument = "application/problem+json"))),
    )
)]
async fn readyz(checks: web::Data<Checks>) -> HttpResponse {
    let mut told = BTreeMap::new();
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
        told.insert(check.name, state);
    }
    let mut answer = if ready { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    let status = match (ready, whole) {
        (false, _) => ReadyStatus::NotReady,
        (true, false) => ReadyStatus::Degraded,
        (true, true) => ReadyStatus::Ready,
    };
    answer.json(Readiness { checks: told, status })
}

#[utoipa::path(
    get, path = "/metrics", tag = "operation", operation_id = "metrics", summary = "Counters in the text format of Prometheus; no names, no numbers",
    responses((status = 200, description = "The counters", body = String, content_type = "text/plain"))
)]
async fn metrics(metrics: web::Data<Metrics>) -> Result<HttpResponse> {
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics.render()?))
}
