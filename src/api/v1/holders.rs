//! `POST /api/v1/holders/…`: marks of life, links between codes, entries without a body, who looked.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::{OpenApi, ToSchema};

use crate::error::{Code, Error, Result};
use crate::http::StrictJson;
use crate::http::auth::Client;
use crate::http::context::Context;
use crate::http::idempotency::IdempotencyKey;
use crate::http::scope::may;
use crate::registry::{
    AccessList, AccessPage, AskedHolder, DirectoryDraft, DirectoryPut, DraftHolder, HolderChanged,
    LinkCommand, MarkCommand, Viewer,
};
use crate::rule::Rule;

#[derive(OpenApi)]
#[openapi(
    paths(mark, link, unlink, directory, accesses),
    components(schemas(
        AccessesRequest,
        MarkCommand,
        LinkCommand,
        HolderChanged,
        DirectoryDraft,
        DirectoryPut,
        DraftHolder
    ))
)]
struct Part;

/// The description of this resource.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the resource.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/v1/holders/marks").route(web::post().to(mark)))
        .service(web::resource("/api/v1/holders/links").route(web::post().to(link)))
        .service(web::resource("/api/v1/holders/unlinks").route(web::post().to(unlink)))
        .service(web::resource("/api/v1/holders/directory").route(web::post().to(directory)))
        .service(web::resource("/api/v1/holders/accesses").route(web::post().to(accesses)));
}

#[utoipa::path(
    post, path = "/api/v1/holders/marks", tag = "holders", operation_id = "mark_holder",
    summary = "Mark a holder deceased, reported dead, provisional, dissolved, or normal again",
    params(IdempotencyKey),
    request_body = MarkCommand,
    responses((status = 200, description = "Marked", body = HolderChanged), (status = 422, description = "A rule of the mark")),
    security(("client" = ["holder"]))
)]
async fn mark(
    client: Client<may::Holder>,
    key: IdempotencyKey,
    body: StrictJson<MarkCommand>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, command) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| registry.mark_holder(actor, &command, once))
        .await?;
    Ok(HttpResponse::Ok().json(done))
}

#[utoipa::path(
    post, path = "/api/v1/holders/links", tag = "holders", operation_id = "link_holders",
    summary = "Link two codes of one holder, or a predecessor with its successor",
    params(IdempotencyKey),
    request_body = LinkCommand,
    responses((status = 200, description = "Linked", body = HolderChanged), (status = 422, description = "A circle, or more than four codes")),
    security(("client" = ["holder"]))
)]
async fn link(
    client: Client<may::Holder>,
    key: IdempotencyKey,
    body: StrictJson<LinkCommand>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, command) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| registry.link_holders(actor, &command, once))
        .await?;
    Ok(HttpResponse::Ok().json(done))
}

#[utoipa::path(
    post, path = "/api/v1/holders/unlinks", tag = "holders", operation_id = "unlink_holders",
    summary = "Take a link back",
    params(IdempotencyKey),
    request_body = LinkCommand,
    responses((status = 200, description = "Unlinked", body = HolderChanged), (status = 404, description = "No such link")),
    security(("client" = ["holder"]))
)]
async fn unlink(
    client: Client<may::Holder>,
    key: IdempotencyKey,
    body: StrictJson<LinkCommand>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, command) = (context.actor(&client)?, body.0);
    let done = context
        .write(actor, key, body.1, move |registry, actor, once| {
            registry.unlink_holders(actor, &command, once)
        })
        .await?;
    Ok(HttpResponse::Ok().json(done))
}

#[utoipa::path(
    post, path = "/api/v1/holders/directory", tag = "holders", operation_id = "put_directory",
    summary = "Enter what exists without its body: at the issuer, on paper, elsewhere",
    params(IdempotencyKey),
    request_body = DirectoryDraft,
    responses((status = 200, description = "Entered", body = DirectoryPut), (status = 422, description = "A rule of the entry")),
    security(("client" = ["issue"]))
)]
async fn directory(
    client: Client<may::Issue>,
    key: IdempotencyKey,
    body: StrictJson<DirectoryDraft>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let (actor, draft) = (context.actor(&client)?, body.0);
    let put = context
        .write(actor, key, body.1, move |registry, actor, once| registry.put_directory(actor, &draft, once))
        .await?;
    Ok(HttpResponse::Ok().json(put))
}

/// Whose accesses, why, and which page.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessesRequest {
    /// Whose.
    holder: AskedHolder,
    /// Why; this look is itself an access, and the holder will see it.
    reason: String,
    /// The cursor of the page before.
    #[serde(default)]
    after: Option<String>,
    /// Lines: 1 to 100, 50 where nothing is said.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    limit: Option<usize>,
}

impl AccessesRequest {
    /// # Errors
    /// `field_invalid` with rule `limit`.
    fn page(&self) -> Result<AccessPage> {
        let limit = self.limit.unwrap_or(50);
        if !(1..=100).contains(&limit) {
            let detail = "A page has 1 to 100 lines.";
            return Err(Error::new(Code::FieldInvalid, detail).at("limit").rule(Rule::Limit));
        }
        Ok(AccessPage { after: self.after.clone(), limit })
    }
}

#[utoipa::path(
    post, path = "/api/v1/holders/accesses", tag = "holders", operation_id = "accesses",
    summary = "Who looked at a holder's records, newest first; for the office that answers the holder",
    request_body = AccessesRequest,
    responses((status = 200, description = "Lines, the next cursor, and how far the list lags", body = AccessList)),
    security(("client" = ["accesses"]))
)]
async fn accesses(
    client: Client<may::Accesses>,
    body: StrictJson<AccessesRequest>,
    context: web::Data<Context>,
) -> Result<HttpResponse> {
    let actor = context.actor(&client)?;
    let asked = body.0;
    let page = asked.page()?;
    let viewer = Viewer::Office { actor: &actor, reason: &asked.reason };
    let list = context.registry.accesses_of_holder(viewer, &asked.holder, &page).await?;
    Ok(HttpResponse::Ok().json(list))
}
