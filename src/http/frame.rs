//! The frame of every request: its id, its time limit, the watch over its body, HEAD as GET, headers of
//! safety, the access line, the counters. It also turns actix's bare refusals into problem documents.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpMessage as _, ResponseError, web};

use super::brought::{Brought, Leaving};
use super::caller::Caller;
use super::connection::{Connection, Exchange};
use super::media;
use super::metrics::Metrics;
use super::problem::RequestId;
use crate::error::{Code, Error};

/// The parts that the frame needs; put into the application as `web::Data<Frame>`.
pub struct Frame {
    /// Where requests are counted.
    pub metrics: web::Data<Metrics>,
    /// A request whose body takes longer is answered 408, one whose work takes longer 503.
    pub time_limit: Duration,
    /// Whether a proxy stands in front, whose word on a request's origin counts.
    pub behind_proxy: bool,
    /// Whether the browser may be told to come back over TLS only.
    pub tls: bool,
    /// The doors of the socket, joined by `+`: where a request came in.
    pub doors: String,
}

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                              form-action 'self'; frame-ancestors 'none'";

/// Wraps an application: `App::new().wrap(actix_web::middleware::from_fn(frame))`.
///
/// # Errors
/// Never one that is not already a whole response.
pub async fn frame<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let Some(frame) = req.app_data::<web::Data<Frame>>().cloned() else {
        return Err(Error::internal("no frame in this application").into());
    };
    let id = RequestId::fresh()?;
    let caller = Caller::default();
    req.extensions_mut().insert(caller.clone());
    let line = Line { id: id.clone(), caller, method: req.method().clone(), begun: Instant::now() };
    let _counted = InFlight::new(frame.metrics.clone());
    let exchange = Exchange::begin(req.conn_data::<Arc<Connection>>().cloned());
    let brought = Brought::watch(&mut req);
    if line.method == Method::HEAD {
        // HEAD wherever GET is: routes see a GET, and the connection, which read HEAD, leaves the body out.
        req.head_mut().method = Method::GET;
    }
    let packed = media::unpacked(req.headers());
    let work = async move {
        packed?;
        next.call(req).await
    };
    let result = match id.clone().scope(tokio::time::timeout(frame.time_limit, work)).await {
        Ok(Ok(answer)) => Ok(id.clone().within(|| dressed(answer.map_into_boxed_body()))),
        Ok(Err(error)) => Err(id.clone().within(|| error.error_response())),
        Err(_elapsed) => {
            let slow_body = brought.as_ref().is_some_and(Brought::is_waited_for);
            Err(id.clone().within(|| overdue(frame.time_limit, slow_body).error_response()))
        }
    };
    let leaving = |body: BoxBody| BoxBody::new(Leaving::new(body, brought, exchange));
    match result {
        Ok(mut answer) => {
            safe_headers(answer.headers_mut(), &id, frame.tls);
            let route = answer.request().match_pattern();
            line.account(&frame, route.as_deref(), answer.status());
            Ok(answer.map_body(|_, body| leaving(body)))
        }
        Err(mut response) => {
            safe_headers(response.headers_mut(), &id, frame.tls);
            line.account(&frame, None, response.status());
            let response = response.map_body(|_, body| leaving(body));
            Err(InternalError::from_response("answered", response).into())
        }
    }
}

fn overdue(limit: Duration, slow_body: bool) -> Error {
    let seconds = limit.as_secs();
    if slow_body {
        return Error::new(Code::RequestTimeout, format!("The body did not come whole within {seconds} s."));
    }
    Error::new(
        Code::StoreBusy,
        format!(
            "No answer within {seconds} s; a write may still finish: repeat it with its Idempotency-Key."
        ),
    )
}

/// Counts down when the request ends, however it ends: a client that hangs up drops the future.
struct InFlight(web::Data<Metrics>);

impl InFlight {
    fn new(metrics: web::Data<Metrics>) -> Self {
        metrics.in_flight.inc();
        Self(metrics)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.dec();
    }
}

/// actix answers some refusals itself (no such method, a path that cannot be read) with no body or a plain
/// text; those become problem documents. Our own errors have a media type already.
fn dressed(answer: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let status = answer.status();
    let media = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let bare = media.is_none_or(|media| media.starts_with("text/plain"));
    if !bare || !(status.is_client_error() || status.is_server_error()) {
        return answer;
    }
    let error = Error::new(code_of(status), "");
    let (req, old) = answer.into_parts();
    let mut response = error.error_response();
    for name in [header::ALLOW, header::RETRY_AFTER] {
        if let Some(value) = old.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    ServiceResponse::new(req, response)
}

fn code_of(status: StatusCode) -> Code {
    match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::MediaTypeUnsupported,
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::FORBIDDEN => Code::Forbidden,
        StatusCode::SERVICE_UNAVAILABLE => Code::StoreBusy,
        status if status.is_client_error() => Code::RequestMalformed,
        _ => Code::Internal,
    }
}

fn safe_headers(headers: &mut HeaderMap, id: &RequestId, tls: bool) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
    // Not `no-referrer`: under it browsers send `Origin: null` with our own forms, which is then refused. No
    // other site learns an address either way.
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::PERMISSIONS_POLICY, "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// What a request's line says before its answer is known.
struct Line {
    id: RequestId,
    caller: Caller,
    method: Method,
    begun: Instant,
}

impl Line {
    /// One line and one count: id, door, caller, method, route pattern, status, µs. The path and the query never stand
    /// in it (I3). Who is refused, or meets a fault, is told at a level that is not left out.
    fn account(&self, frame: &Frame, route: Option<&str>, status: StatusCode) {
        let (route, took) = (route.unwrap_or("(none)"), self.begun.elapsed());
        // A method is any token a caller chooses; as a label it must come from a small set.
        let known = [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::HEAD,
            Method::OPTIONS,
            Method::PATCH,
        ];
        let method = if known.contains(&self.method) { self.method.as_str() } else { "OTHER" };
        frame.metrics.answered(method, route, status.as_u16(), took);
        let told = matches!(status.as_u16(), 401 | 403 | 429 | 500..);
        let level = if told { log::Level::Warn } else { log::Level::Info };
        let (id, doors, who) = (self.id.as_str(), &frame.doors, self.caller.label());
        log::log!(
            target: "access", level, "{id} {doors} {who} {method} {route} {} {}us", status.as_u16(), took.as_micros()
        );
    }
}

#[cfg(test)]
mod tests;
