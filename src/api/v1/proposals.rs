//! `POST /api/v1/records/proposals` and `/proposals/declined`: ends that rules proposed to the issuer of a record.

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::idempotency::IdempotencyKey;
use crate::http::scope::may;
use crate::registry::{DeclineCommand, Declined, OpenProposal, ProposalList, ProposalsAsk};

#[derive(OpenApi)]
#[openapi(
    paths(proposals, decline),
    components(schemas(DeclineCommand, Declined, OpenProposal, ProposalList, ProposalsAsk))
)]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds this resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/records/proposals").route(web::post().to(proposals)))
        .service(web::resource("/api/v1/records/proposals/declined").route(web::post().to(decline)));
}

#[utoipa::path(
    post, path = "/api/v1/records/proposals", tag = "records", operation_id = "proposals",
    summary = "Ends that rules proposed to the client's agency, still open, oldest first",
    request_body = ProposalsAsk,
    responses((status = 200, description = "A page, and where the next one begins", body = ProposalList)),
    security(("client" = ["act"]))
)]
async fn proposals(
    client: Client<may::Act>,
    body: StrictJson<ProposalsAsk>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, ask, registry) = (context.actor(&client)?, body.0, context.registry.clone());
    let store = context.registry.store();
    let list = store.blocking(move || registry.proposals(&actor, None, &ask)).await?;
    Ok(HttpResponse::Ok().json(list))
}

#[utoipa::path(
    post, path = "/api/v1/records/proposals/declined", tag = "records", operation_id = "decline_proposal",
    summary = "Decline a proposed end, with a ground: the record stays as it is",
    params(IdempotencyKey),
    request_body = DeclineCommand,
    responses(
        (status = 200, description = "Declined", body = Declined),
        (status = 404, description = "No such record"),
        (status = 422, description = "No such end is proposed"),
    ),
    security(("client" = ["act"]))
)]
async fn decline(
    client: Client<may::Act>,
    key: IdempotencyKey,
    body: StrictJson<DeclineCommand>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, command) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| registry.decline(actor, &command, once))
        .await?;
    Ok(HttpResponse::Ok().json(done))
}
