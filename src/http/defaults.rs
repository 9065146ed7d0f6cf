//! What actix does by itself, told to speak as we do: path, query, form and body limits and the answer for
//! addresses that do not exist.

use actix_web::error::{PathError, QueryPayloadError, UrlencodedError};
use actix_web::{HttpRequest, web};

use super::json::too_large;
use crate::error::{Code, Error};
use crate::rule::Rule;

/// Bytes of a form of our pages; the largest has a few hundred.
const FORM_LIMIT: usize = 32 * 1024;
/// Bytes of any body read by an extractor of actix's own.
const PAYLOAD_LIMIT: usize = 256 * 1024;

// Routes are put on as `web::resource(path).route(…)`: a bare `cfg.route` answers 404 to another method.

/// Sets the refusals of actix's extractors and the default answer.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PathConfig::default().error_handler(|fault, req| path(fault, req).into()))
        .app_data(web::QueryConfig::default().error_handler(|fault, req| query(fault, req).into()))
        .app_data(
            web::FormConfig::default().limit(FORM_LIMIT).error_handler(|fault, req| form(fault, req).into()),
        )
        .app_data(web::PayloadConfig::new(PAYLOAD_LIMIT))
        .default_service(web::to(nowhere));
}

async fn nowhere() -> Result<&'static str, Error> {
    Err(Error::new(Code::NotFound, ""))
}

/// A path whose part has the wrong shape names nothing.
fn path(_fault: PathError, _req: &HttpRequest) -> Error {
    Error::new(Code::NotFound, "")
}

fn query(_fault: QueryPayloadError, _req: &HttpRequest) -> Error {
    Error::new(Code::RequestMalformed, "The query is not one this address takes.").rule(Rule::Query)
}

fn form(fault: UrlencodedError, _req: &HttpRequest) -> Error {
    match fault {
        UrlencodedError::Overflow { limit, .. } => too_large(limit),
        UrlencodedError::ContentType => {
            Error::new(Code::MediaTypeUnsupported, "This address takes application/x-www-form-urlencoded.")
        }
        _ => Error::new(Code::RequestMalformed, "The form lacks a field or has one that is not known.")
            .rule(Rule::Form),
    }
}
