//! `POST /api/v1/records`: issue, from data or from an envelope that the issuer has signed itself.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use crate::error::Result;
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::idempotency::IdempotencyKey;
use crate::http::scope::may;
use crate::registry::{Ended, IssueOutcome, Issued, Proposal, Sent};

/// What was stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssueAnswer {
    /// `issued` or `already_there`.
    outcome: &'static str,
    /// The record's identifier (GB/T 36904).
    identifier: String,
    /// From 1.
    version: u32,
    /// The log of its event.
    log: String,
    /// The leaf of its event.
    leaf: u64,
    /// The log's time.
    at: String,
    /// True if the issuer's own key signed it, not the one that the registry holds for it.
    signed_by_issuer: bool,
    /// What was accepted but is worth saying.
    remarks: Vec<String>,
    /// Records that a rule of the type ended in the same transaction: identifier, type, action, state, leaf; as far
    /// as the client may look up records of these types.
    ended: Vec<Ended>,
    /// What a rule of the type proposes to other issuers: identifier, type, issuer, action.
    proposals: Vec<Proposal>,
}

impl From<Issued> for IssueAnswer {
    fn from(issued: Issued) -> Self {
        let outcome = match issued.outcome {
            IssueOutcome::Issued => "issued",
            IssueOutcome::AlreadyThere => "already_there",
        };
        let Issued {
            identifier, version, signed_by_issuer, log, leaf, at, remarks, ended, proposals, ..
        } = issued;
        let at = at.to_string();
        Self { outcome, identifier, version, log, leaf, at, signed_by_issuer, remarks, ended, proposals }
    }
}

#[derive(OpenApi)]
#[openapi(paths(issue), components(schemas(Sent, IssueAnswer)))]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/records").route(web::post().to(issue)));
}

#[utoipa::path(
    post, path = "/api/v1/records", tag = "records", operation_id = "issue",
    summary = "Issue a record: signed, sealed, logged, then acknowledged",
    params(IdempotencyKey),
    request_body = Sent,
    responses(
        (status = 201, description = "Issued", body = IssueAnswer),
        (status = 200, description = "The same record was there: the first one's answer", body = IssueAnswer),
        (status = 409, description = "The same number stands on another face; both side by side"),
        (status = 422, description = "A rule of type, holders, face or authority"),
    ),
    security(("client" = ["issue"]))
)]
async fn issue(
    client: Client<may::Issue>,
    key: IdempotencyKey,
    body: StrictJson<Sent>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let (submitted, origin) = body.0.submitted()?;
    let issued = context
        .write(actor, key, body.1, move |registry, actor, once| {
            registry.begin(actor, &submitted, origin, once)
        })
        .await?;
    let mut answer = match issued.outcome {
        IssueOutcome::Issued => HttpResponse::Created(),
        IssueOutcome::AlreadyThere => HttpResponse::Ok(),
    };
    Ok(answer.json(IssueAnswer::from(issued)))
}
