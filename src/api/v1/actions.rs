//! `POST /api/v1/records/actions`, `/disputes` and `/disputes/withdrawals`: everything that happens to a record after its issue.
//! Identifiers stand in the body: an identifier made elsewhere may hold a person's number.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::idempotency::IdempotencyKey;
use crate::http::scope::may;
use crate::registry::{ActCommand, Acted, DisputeCommand, DisputeWithdrawal, Disputed};

#[derive(OpenApi)]
#[openapi(
    paths(act, dispute, withdraw_dispute),
    components(schemas(ActCommand, Acted, DisputeCommand, DisputeWithdrawal, Disputed))
)]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/records/actions").route(web::post().to(act)))
        .service(web::resource("/api/v1/records/disputes").route(web::post().to(dispute)))
        .service(
            web::resource("/api/v1/records/disputes/withdrawals").route(web::post().to(withdraw_dispute)),
        );
}

#[utoipa::path(
    post, path = "/api/v1/records/actions", tag = "records", operation_id = "act",
    summary = "Act on a record: extend, change, correct, endorse, suspend, restore, annul, revoke, cancel, …",
    params(IdempotencyKey),
    request_body = ActCommand,
    responses(
        (status = 200, description = "Carried out", body = Acted),
        (status = 404, description = "No such record"),
        (status = 409, description = "The record has changed since it was read"),
        (status = 422, description = "The action table forbids it; the states from which it is open are named"),
    ),
    security(("client" = ["act"]))
)]
async fn act(
    client: Client<may::Act>,
    key: IdempotencyKey,
    body: StrictJson<ActCommand>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, command) = (context.actor(&client)?, body.0);
    let acted = context
        .write(actor, key, body.1, move |registry, actor, once| registry.act_once(actor, &command, once))
        .await?;
    Ok(HttpResponse::Ok().json(acted))
}

#[utoipa::path(
    post, path = "/api/v1/records/disputes", tag = "records", operation_id = "dispute",
    summary = "Mark a record as disputed, or settle the objection",
    params(IdempotencyKey),
    request_body = DisputeCommand,
    responses(
        (status = 200, description = "Marked", body = Disputed),
        (status = 403, description = "Neither the issuer nor an agency that may look the record up"),
        (status = 404, description = "No such record")
    ),
    security(("client" = ["act"]))
)]
async fn dispute(
    client: Client<may::Act>,
    key: IdempotencyKey,
    body: StrictJson<DisputeCommand>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, command) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| registry.dispute(actor, &command, once))
        .await?;
    Ok(HttpResponse::Ok().json(done))
}

#[utoipa::path(
    post, path = "/api/v1/records/disputes/withdrawals", tag = "records", operation_id = "withdraw_dispute",
    summary = "Withdraw an objection; the agency that opened it does",
    params(IdempotencyKey),
    request_body = DisputeWithdrawal,
    responses(
        (status = 200, description = "Withdrawn", body = Disputed),
        (status = 403, description = "Another agency opened it"),
        (status = 404, description = "No such record")
    ),
    security(("client" = ["act"]))
)]
async fn withdraw_dispute(
    client: Client<may::Act>,
    key: IdempotencyKey,
    body: StrictJson<DisputeWithdrawal>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, command) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| {
            registry.withdraw_dispute(actor, &command, once)
        })
        .await?;
    Ok(HttpResponse::Ok().json(done))
}
