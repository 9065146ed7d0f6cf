//! The caller of the API: `Authorization: Bearer` → [`Client`], with the scope in the handler's signature.
//!
//! ```text
//! async fn lookup(client: Client<may::Lookup>, body: StrictJson<Request>) -> Result<…>
//! ```

use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web};

use super::caller::Caller;
use super::json::BODY_LIMIT;
use super::named::{Refused, named};
use super::scope::{Permission, Scope};
use super::token::{Claims, TokenKey};
use crate::clock::{Clock, Moment};
use crate::error::{Code, Error, Result};
use crate::registry::NamedInRequest;
use crate::rule::Rule;

/// Whether the client of these claims may still come in. Asked for every request; must not block.
///
/// The configuration in memory decides: the client exists, is enabled, and still has the secret of
/// [`Claims::epoch`]. Answers `unauthenticated` or `policy_stale`.
pub type Admission = Arc<dyn Fn(&Claims, Moment) -> Result<()> + Send + Sync>;

/// Notes that a client whose token lacks the scope of an address named somebody there. The refusal goes out only when it
/// is done.
pub type Lacking = Arc<dyn Fn(Claims, NamedInRequest) -> Noting + Send + Sync>;

/// A note on its way into the log.
pub type Noting = Pin<Box<dyn Future<Output = Result<()>>>>;

/// What the extractor needs; put into the application as `web::Data<Gate>`.
pub struct Gate {
    /// The key of all tokens.
    pub key: TokenKey,
    /// The source of the present.
    pub clock: Clock,
    /// Whether a client may still come in.
    pub admission: Admission,
    /// What becomes of a request whose token lacks the scope.
    pub lacking: Lacking,
}

/// A client whose token is valid now and carries the scope of `P`.
#[derive(Debug)]
pub struct Client<P: Permission> {
    /// The token's claims.
    pub claims: Claims,
    /// The instant at which the token was checked; the present of the whole request (I9).
    pub now: Moment,
    permission: PhantomData<P>,
}

impl<P: Permission> FromRequest for Client<P> {
    type Error = Error;
    type Future = Entering<P>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        match admit(req) {
            Ok((gate, claims, now)) => match P::SCOPE {
                Some(scope) if !claims.scopes.contains(scope) => {
                    req.extensions_mut().insert(Refused);
                    let body = web::Payload::from_request(req, payload);
                    Entering::Lacking(Box::pin(lacking(gate, claims, scope, body)))
                }
                _ => Entering::Told(ready(Ok(Self { claims, now, permission: PhantomData }))),
            },
            Err(refused) => Entering::Told(ready(Err(refused))),
        }
    }
}

/// A client on its way in: told at once, or refused once that is noted.
pub enum Entering<P: Permission> {
    /// Told at once.
    Told(Ready<Result<Client<P>>>),
    /// Its token lacks the scope.
    Lacking(Pin<Box<dyn Future<Output = Error>>>),
}

impl<P: Permission> Future for Entering<P> {
    type Output = Result<Client<P>>;

    fn poll(self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Told(told) => Pin::new(told).poll(context),
            Self::Lacking(noting) => noting.as_mut().poll(context).map(Err),
        }
    }
}

impl<P: Permission> Unpin for Entering<P> {}

type Known = (web::Data<Gate>, Claims, Moment);

fn admit(req: &HttpRequest) -> Result<Known> {
    let gate =
        req.app_data::<web::Data<Gate>>().ok_or_else(|| Error::internal("no gate in this application"))?;
    let now = gate.clock.now();
    let claims = gate.key.verify(bearer(req)?, now)?;
    Caller::of(req).is_client(&claims.client);
    (gate.admission)(&claims, now)?;
    Ok((gate.clone(), claims, now))
}

/// The refusal of a token without the scope. The body is read for whom it names and for nothing else.
async fn lacking(
    gate: web::Data<Gate>,
    claims: Claims,
    scope: Scope,
    body: impl Future<Output = std::result::Result<web::Payload, actix_web::Error>>,
) -> Error {
    let body = match body.await {
        Ok(body) => body.to_bytes_limited(BODY_LIMIT).await,
        Err(_unread) => Ok(Ok(web::Bytes::new())),
    };
    let named = named(&body.ok().and_then(std::result::Result::ok).unwrap_or_default());
    let noted = match named == NamedInRequest::default() {
        true => Ok(()),
        false => (gate.lacking)(claims, named).await,
    };
    noted.err().unwrap_or_else(|| {
        Error::new(Code::Forbidden, format!("The token lacks the scope `{}`.", scope.wire()))
            .rule(Rule::Scope)
    })
}

/// The token of the one header `Authorization: Bearer …`; RFC 6750 §2.1 is the only way taken.
fn bearer(req: &HttpRequest) -> Result<&str> {
    let mut headers = req.headers().get_all(AUTHORIZATION);
    let refused = || Error::new(Code::Unauthenticated, "Send one header Authorization: Bearer <token>.");
    let (Some(header), None) = (headers.next(), headers.next()) else { return Err(refused()) };
    let text = header.to_str().ok().ok_or_else(refused)?;
    let (scheme, token) = text.split_once(' ').ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim_start()) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::scope::{Scopes, may};
    use actix_web::test::TestRequest;

    fn gate(admission: Admission) -> Gate {
        let clock = Clock::fixed("2026-11-22T01:02:03.000000Z".parse().unwrap());
        let lacking: Lacking = Arc::new(|_, _| Box::pin(ready(Ok(()))));
        Gate { key: TokenKey::new(&[7; 32]), clock, admission, lacking }
    }

    async fn ask<P: Permission>(gate: Gate, header: Option<String>) -> Result<Client<P>> {
        let mut request = TestRequest::post().app_data(web::Data::new(gate));
        if let Some(header) = header {
            request = request.insert_header((AUTHORIZATION, header));
        }
        Client::<P>::extract(&request.to_http_request()).await
    }

    fn token(scope: Scope) -> Option<String> {
        let gate = gate(Arc::new(|_, _| Ok(())));
        let token = gate.key.issue("a", Scopes::default().with(scope), 1, gate.clock.now(), 60).unwrap();
        Some(format!("Bearer {token}"))
    }

    #[actix_web::test]
    async fn i4_a_handler_runs_only_with_its_own_scope() {
        let open = || gate(Arc::new(|_, _| Ok(())));
        assert!(ask::<may::Lookup>(open(), token(Scope::Lookup)).await.is_ok());
        assert!(ask::<may::SignedIn>(open(), token(Scope::Lookup)).await.is_ok());
        assert_eq!(ask::<may::Issue>(open(), token(Scope::Lookup)).await.unwrap_err().code, Code::Forbidden);
        assert_eq!(ask::<may::Lookup>(open(), None).await.unwrap_err().code, Code::Unauthenticated);
        let basic = Some("Basic YTpi".to_owned());
        assert_eq!(ask::<may::Lookup>(open(), basic).await.unwrap_err().code, Code::Unauthenticated);
    }

    #[actix_web::test]
    async fn a_client_that_was_ended_is_out_at_once() {
        let ended = gate(Arc::new(|_, _| Err(Error::new(Code::Unauthenticated, "The client has ended."))));
        let refused = ask::<may::Lookup>(ended, token(Scope::Lookup)).await.unwrap_err();
        assert_eq!(refused.code, Code::Unauthenticated);
    }
}
