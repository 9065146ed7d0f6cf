//! One question over HTTP: posted as compact JWS, answered as compact JWS. Blocks, within its time whatever happens.
//!
//! No proxy of the environment, no redirect, no pool of connections, no compression: the question goes where the signed
//! event says, once. Nothing of question or answer is ever logged here.

use std::sync::Arc;
use std::time::Duration;

use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::catalog::SourceSystem;
use crate::record::question::{ANSWER_BYTES, AnswerFault};

/// The most of a connection's time that its beginning may take, so that a second try has some left.
const CONNECT: Duration = Duration::from_millis(700);
/// Longest head of an answer, in bytes.
const HEAD: usize = 8 * 1024;
/// The media type of both (RFC 7515 §9.2.1).
const JOSE: &str = "application/jose";

/// Posts a question; the answer's text.
pub(super) fn post(source: &SourceSystem, question: &str, within: Duration) -> Result<String, AnswerFault> {
    let mut config = Agent::config_builder()
        .timeout_global(Some(within))
        .timeout_connect(Some(within.min(CONNECT)))
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .https_only(source.is_tls())
        .max_idle_connections(0)
        .max_response_header_size(HEAD)
        .user_agent(concat!("elicense/", env!("CARGO_PKG_VERSION")));
    if source.is_tls() {
        config = config.tls_config(trusting(source).ok_or(AnswerFault::Unreachable)?);
    }
    let agent: Agent = config.build().into();
    let sent = agent.post(&source.url).header("content-type", JOSE).header("accept", JOSE).send(question);
    let mut answer = sent.map_err(|error| fault(&error))?;
    if answer.status() != 200 {
        return Err(AnswerFault::Status);
    }
    let most = u64::try_from(ANSWER_BYTES).unwrap_or(u64::MAX);
    let bytes = answer.body_mut().with_config().limit(most).read_to_vec().map_err(|error| fault(&error))?;
    String::from_utf8(bytes).map_err(|_fault| AnswerFault::Shape)
}

/// TLS that trusts the certificates of the source and no others, by ring like all of it.
fn trusting(source: &SourceSystem) -> Option<TlsConfig> {
    let ders = source.ders()?;
    let roots: Vec<Certificate<'static>> =
        ders.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(provider);
    Some(tls.build())
}

fn fault(error: &ureq::Error) -> AnswerFault {
    match error {
        ureq::Error::Timeout(_) => AnswerFault::Late,
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => AnswerFault::Late,
        ureq::Error::BodyExceedsLimit(_) => AnswerFault::Size,
        _ => AnswerFault::Unreachable,
    }
}
