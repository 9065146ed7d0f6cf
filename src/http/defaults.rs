//! The default answers of actix in the form of ours: path, query and body limits, and addresses that do not
//! exist.

use actix_web::error::{PathError, QueryPayloadError};
use actix_web::{HttpRequest, web};

use super::json;
use crate::error::{Code, Error};
use crate::rule::Rule;

/// Bytes of any body read by an extractor of actix's own.
const PAYLOAD_LIMIT: usize = 256 * 1024;

// Routes are put on as `web::resource(path).route(…)`: a bare `cfg.route` answers 404 to another method.

/// Sets the refusals of actix's extractors and the default answer.
pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.app_data(web::PathConfig::default().error_handler(|fault, req| path(fault, req).into()))
        .app_data(web::QueryConfig::default().error_handler(|fault, req| query(fault, req).into()))
        .app_data(web::PayloadConfig::new(PAYLOAD_LIMIT))
        .default_service(web::to(nowhere));
}

async fn nowhere() -> Result<&'static str, Error> {
    Err(Error::new(Code::NotFound, ""))
}

/// A path with a part of the wrong shape names nothing.
fn path(_fault: PathError, _req: &HttpRequest) -> Error {
    Error::new(Code::NotFound, "")
}

/// Names of parameters are told, and what is known; no value is.
fn query(fault: QueryPayloadError, _req: &HttpRequest) -> Error {
    let refused = |detail: &str| Error::new(Code::RequestMalformed, detail.to_owned()).rule(Rule::Query);
    let message = match &fault {
        QueryPayloadError::Deserialize(fault) => fault.to_string(),
        _ => String::new(),
    };
    match json::unknown_name(&message) {
        Some((name, known)) => {
            refused(&format!("The parameter {name} is not known here. Known are: {known}.")).at(name)
        }
        None => refused("The query is not one this address takes."),
    }
}
