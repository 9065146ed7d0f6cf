//! `POST /api/v1/lookups`: one holder's records by number, and the same for many as JSON lines.

use std::time::Instant;

use actix_web::{HttpResponse, web};
use utoipa::OpenApi;

use crate::bounds;
use crate::error::{Code, Error, Result};
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::problem;
use crate::http::scope::may;
use crate::policy::Actor;
use crate::registry::{Answered, Ask, AskedHolder, LookupAnswer, Purpose, ReceiptForm, Within};
use crate::rule::Rule;

/// Lines of one batch.
const LINES: usize = 100;
/// Bytes of one batch.
const BATCH_LIMIT: usize = 256 * 1024;

#[derive(OpenApi)]
#[openapi(
    paths(lookup, batch),
    components(schemas(Ask, AskedHolder, Purpose, ReceiptForm, Within, LookupAnswer))
)]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/lookups").route(web::post().to(lookup))).service(
        web::resource("/api/v1/lookups/batch")
            .app_data(web::PayloadConfig::new(BATCH_LIMIT))
            .route(web::post().to(batch)),
    );
}

#[utoipa::path(
    post, path = "/api/v1/lookups", tag = "lookups", operation_id = "lookup",
    summary = "Look up a holder's records; answered after the access is logged",
    request_body = Ask,
    responses(
        (status = 200, description = "Records with verdict and reasons, absences with their coverage, and the receipt", body = LookupAnswer),
        (status = 403, description = "Policy has no grant; the refusal is logged"),
        (status = 422, description = "The number breaks a rule of its standard, or the purpose is missing"),
        (status = 429, description = "The day's budget of distinct holders is spent"),
        (status = 503, description = "The access log or the database cannot be written"),
    ),
    security(("client" = ["lookup"]))
)]
async fn lookup(
    client: Client<may::Lookup>,
    body: StrictJson<Ask>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let began = Instant::now();
    let actor = context.actor(&client)?;
    let answered = one(&context, &actor, &body.0).await?;
    context.metrics.lookup(began.elapsed());
    Ok(HttpResponse::Ok().content_type("application/json").body(answered.body))
}

#[utoipa::path(
    post, path = "/api/v1/lookups/batch", tag = "lookups", operation_id = "lookup_batch",
    summary = "Up to 100 lookups as JSON lines; each line is decided, logged and answered by itself",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, description = "A line for each line: the answer, or a problem document; `answer_too_large` for lines behind 1 MiB of answers, which were not asked", body = String, content_type = "application/x-ndjson")),
    security(("client" = ["lookup"]))
)]
async fn batch(
    client: Client<may::Lookup>,
    body: String,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let lines: Vec<&str> = body.lines().filter(|line| !line.trim().is_empty()).collect();
    if lines.len() > LINES {
        return Err(Error::new(Code::BodyTooLarge, format!("at most {LINES} lines")).rule(Rule::Lines));
    }
    let actor = context.actor(&client)?;
    if lines.is_empty() {
        return Err(Error::new(Code::FieldInvalid, "A batch has a line at least.").rule(Rule::FieldMissing));
    }
    let mut out = Vec::new();
    for line in lines {
        let outcome = match crate::http::json::parse::<Ask>(line.as_bytes()) {
            // Neither charged nor logged: nothing of it is read.
            Ok(_) if out.len() >= bounds::BATCH_BYTES => Err(full()),
            Ok(mut ask) => {
                ask.receipt = ReceiptForm::Reference;
                one(&context, &actor, &ask).await.map(|answered| answered.body)
            }
            Err(error) => Err(error),
        };
        match outcome {
            Ok(body) => out.extend(body),
            // If the state of the service stops one line, it stops the batch: the remaining lines were not
            // answered.
            Err(error) if error.code.status() == 503 => return Err(error),
            Err(error) => out.extend(problem::document(&error).to_string().into_bytes()),
        }
        out.push(b'\n');
    }
    Ok(HttpResponse::Ok().content_type("application/x-ndjson").body(out))
}

/// The answer to a line for which the batch has no room any more.
fn full() -> Error {
    let detail = "The lines before filled this batch's answer: ask for this one again in another.";
    Error::new(Code::AnswerTooLarge, detail).rule(Rule::BatchFull)
}

async fn one(context: &Context, actor: &Actor, ask: &Ask) -> Result<Answered> {
    context.registry.tries().may_ask(actor, context.registry.now())?;
    let prepared = context.registry.prepare_lookup(ask)?;
    context.registry.lookup(actor, prepared).await
}
