//! `POST /oauth2/token`: client credentials for a token (RFC 6749 §4.4), by form fields or HTTP Basic. Client
//! libraries send different things; everything that the standard allows is accepted.

use std::sync::Arc;

use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, PRAGMA};
use actix_web::{HttpRequest, HttpResponse, web};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};
use zeroize::Zeroizing;

use crate::error::Result;
use crate::http::auth::Gate;
use crate::http::caller::Caller;
use crate::http::form::StrictForm;
use crate::http::oauth::{OauthError, TokenRefusal};
use crate::http::openapi::ProblemDocument;
use crate::http::peer::Peer;
use crate::http::scope::Scopes;
use crate::http::slow::SlowWork;
use crate::http::token::LIFE_LIMIT_S;
use crate::http::urlencoded;

/// The rights of a client with the right secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// All its scopes.
    pub scopes: Scopes,
    /// Tells its secret from its earlier and later ones; tokens carry it.
    pub epoch: u64,
}

/// The rights of a client with that id and secret; `None` for an unknown, ended or wrong one.
pub type CheckSecret = Arc<dyn Fn(&str, &str) -> Result<Option<Grant>> + Send + Sync>;

/// The seam to the clients' secrets: `web::Data<Credentials>` in the application, one for all workers.
pub struct Credentials {
    /// Knows at once the pairs that it has found right before, and no others.
    recall: CheckSecret,
    /// Does the same work for every caller. A password hash takes tens of milliseconds: it runs on the
    /// blocking pool.
    check: CheckSecret,
    room: SlowWork,
}

impl Credentials {
    /// Secrets are checked two at a time, in a room of the token door's own. A caller that was right before
    /// does not wait in it.
    pub fn new(recall: CheckSecret, check: CheckSecret) -> Self {
        Self { recall, check, room: SlowWork::new(2) }
    }

    /// The first of the pairs that is right, with its rights.
    async fn grant(&self, pairs: Vec<Pair>, peer: Peer) -> Result<Option<(String, Grant)>> {
        if let Some(granted) = first(&self.recall, &pairs)? {
            return Ok(Some(granted));
        }
        let check = self.check.clone();
        let asked: Vec<_> = pairs.iter().map(|(client, secret)| (client.as_str(), secret.as_str())).collect();
        let name = asked.first().map(|(client, _)| *client);
        let turn = self.room.turn(peer, name, asked.as_slice()).await?;
        turn.run(move || first(&check, &pairs)).await
    }
}

fn first(check: &CheckSecret, pairs: &[Pair]) -> Result<Option<(String, Grant)>> {
    for (client, secret) in pairs {
        if let Some(grant) = check(client, secret)? {
            return Ok(Some((client.clone(), grant)));
        }
    }
    Ok(None)
}

/// The form; the secret may come by HTTP Basic instead.
#[derive(Deserialize, ToSchema)]
pub struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(pattern = "^client_credentials$", example = "client_credentials")]
    pub grant_type: String,
    /// The client, unless HTTP Basic names it.
    pub client_id: Option<String>,
    /// Its secret, unless HTTP Basic carries it.
    pub client_secret: Option<String>,
    /// The scopes asked for, separated by spaces; all that are granted where it is absent.
    #[schema(example = "lookup read")]
    pub scope: Option<String>,
}

/// The token and what it opens.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenAnswer {
    /// To be sent as `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds it lives.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// The scopes it carries.
    pub scope: String,
}

#[derive(OpenApi)]
#[openapi(paths(token), components(schemas(TokenRequest, TokenAnswer, TokenRefusal)))]
struct Part;

/// The description of this address.
pub fn document() -> utoipa::openapi::OpenApi {
    Part::openapi()
}

/// Adds the address; needs `web::Data<Gate>` and `web::Data<Credentials>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/oauth2/token").route(web::post().to(token)));
}

#[utoipa::path(
    post, path = "/oauth2/token", tag = "oauth2", operation_id = "token",
    summary = "Exchange client credentials for a token of at most 15 minutes",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token", body = TokenAnswer),
        (status = 400, description = "RFC 6749 §5.2: invalid_request, unsupported_grant_type or invalid_scope", body = TokenRefusal),
        (status = 401, description = "RFC 6749 §5.2: invalid_client", body = TokenRefusal, headers(("WWW-Authenticate" = String, description = "RFC 7617: `Basic`"))),
        (status = 429, description = "Too many wrong secrets", body = TokenRefusal, headers(("Retry-After" = u64, description = "Seconds after which to repeat"))),
        (status = 500, description = "A fault of the registry", content((TokenRefusal = "application/json"), (ProblemDocument = "application/problem+json"))),
        (status = 503, description = "Busy", content((TokenRefusal = "application/json"), (ProblemDocument = "application/problem+json")), headers(("Retry-After" = u64, description = "Seconds after which to repeat"))),
    ),
    security((), ("secret" = []))
)]
async fn token(
    req: HttpRequest,
    peer: Peer,
    form: Result<StrictForm<TokenRequest>>,
    gate: web::Data<Gate>,
    credentials: web::Data<Credentials>,
) -> Result<HttpResponse, OauthError> {
    let form = form.ok().ok_or(OauthError::InvalidRequest("Send the form of RFC 6749 §4.4.2."))?.0;
    match form.grant_type.as_str() {
        "client_credentials" => {}
        "" => return Err(OauthError::InvalidRequest("grant_type is missing.")),
        _ => return Err(OauthError::UnsupportedGrantType),
    }
    let wanted =
        given(form.scope).map(|text| Scopes::parse(&text).ok_or(OauthError::InvalidScope)).transpose()?;
    let pairs = credentials_of(&req, given(form.client_id), given(form.client_secret).map(Zeroizing::new))?;
    let (client, grant) = credentials.grant(pairs, peer).await?.ok_or(OauthError::InvalidClient)?;
    Caller::of(&req).is_client(&client);
    let scopes = wanted.unwrap_or(grant.scopes);
    if scopes.is_empty() || scopes.intersection(grant.scopes) != scopes {
        return Err(OauthError::InvalidScope);
    }
    let access_token = gate.key.issue(&client, scopes, grant.epoch, gate.clock.now(), LIFE_LIMIT_S)?;
    let answer = TokenAnswer {
        access_token,
        token_type: "Bearer",
        expires_in: LIFE_LIMIT_S,
        scope: scopes.to_string(),
    };
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((PRAGMA, "no-cache"))
        .json(answer))
}

/// A parameter without a value counts as left out (RFC 6749 §3.2).
fn given(parameter: Option<String>) -> Option<String> {
    parameter.filter(|value| !value.is_empty())
}

/// Client and secret.
type Pair = (String, Zeroizing<String>);

/// The pairs of client and secret that the request can mean, from header or form. A client must not use both
/// (RFC 6749 §2.3). A `client_id` beside the header is no second way, but it must name the same client.
fn credentials_of(
    req: &HttpRequest,
    client: Option<String>,
    secret: Option<Zeroizing<String>>,
) -> Result<Vec<Pair>, OauthError> {
    let Some(header) = req.headers().get(AUTHORIZATION) else {
        let missing = OauthError::InvalidRequest("client_id and client_secret are missing.");
        return Ok(vec![client.zip(secret).ok_or(missing)?]);
    };
    if secret.is_some() {
        return Err(OauthError::InvalidRequest("Credentials in the header and in the form."));
    }
    let pairs = header.to_str().ok().and_then(basic);
    let mut pairs = pairs.ok_or(OauthError::InvalidRequest("The Authorization header is not Basic."))?;
    if let Some(client) = client {
        pairs.retain(|(own, _)| *own == client);
        if pairs.is_empty() {
            return Err(OauthError::InvalidRequest("client_id names another client than the header."));
        }
    }
    Ok(pairs)
}

/// The meanings of a Basic header. First: client and secret decoded from a form's encoding (RFC 6749 §2.3.1).
/// Second, if it differs: client and secret as they stand (RFC 7617), which many clients send.
fn basic(header: &str) -> Option<Vec<Pair>> {
    let (scheme, value) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(())?;
    let bytes = Zeroizing::new(STANDARD.decode(value.trim()).ok()?);
    let (client, secret) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    let decoded = urlencoded::decode(client).zip(urlencoded::decode(secret).map(Zeroizing::new));
    let raw = (client.to_owned(), Zeroizing::new(secret.to_owned()));
    let decoded = decoded.filter(|decoded| *decoded != raw);
    Some(decoded.into_iter().chain([raw]).collect())
}

#[cfg(test)]
mod tests;
