//! `GET /api/v1/receipts/{log}/{index}`: the receipt of one of the client's own accesses, if the answer went
//! out with a reference only.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::scope::may;
use crate::registry::HandedReceipt;

#[derive(OpenApi)]
#[openapi(paths(receipt))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/receipts/{log}/{index}").route(web::get().to(receipt)));
}

#[utoipa::path(
    get, path = "/api/v1/receipts/{log}/{index}", tag = "lookups", operation_id = "receipt",
    summary = "The receipt of one of the client's own accesses, at the log's present size",
    params(("log" = String, Path, description = "The access log", example = "access-main"), ("index" = u64, Path, description = "The leaf", example = 0)),
    responses((status = 200, description = "Entry, proof and checkpoint", body = HandedReceipt), (status = 403, description = "Another's access"), (status = 404, description = "No such leaf")),
    security(("client" = ["lookup"]))
)]
async fn receipt(
    client: Client<may::Lookup>,
    place: web::Path<(String, u64)>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, registry) = (context.actor(&client)?, context.registry.clone());
    let (log, index) = place.into_inner();
    let receipt = context.registry.store().blocking(move || registry.receipt_of(&actor, &log, index)).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(receipt))
}
