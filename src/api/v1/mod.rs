//! Version 1 of the API: the table of its resources. Each resource file has its request and answer types, its
//! handlers, `routes(cfg)` and `document()`. A line in each of the two functions here adds it.

mod actions;
mod applications;
mod attachments;
mod bundles;
mod catalog;
mod coverage;
mod directories;
mod holders;
mod items;
mod lookups;
mod proposals;
mod receipts;
mod records;
mod verifications;

pub use attachments::FileBytes;

use actix_web::web::ServiceConfig;
use utoipa::openapi::OpenApi;

/// Adds every resource under its own path below `/api/v1`.
pub fn routes(cfg: &mut ServiceConfig) {
    applications::routes(cfg);
    lookups::routes(cfg);
    directories::routes(cfg);
    records::routes(cfg);
    actions::routes(cfg);
    proposals::routes(cfg);
    verifications::routes(cfg);
    holders::routes(cfg);
    attachments::routes(cfg);
    receipts::routes(cfg);
    catalog::routes(cfg);
    items::routes(cfg);
    bundles::routes(cfg);
    coverage::routes(cfg);
}

/// The descriptions of all resources.
pub fn documents() -> Vec<OpenApi> {
    vec![
        applications::document(),
        lookups::document(),
        directories::document(),
        records::document(),
        actions::document(),
        proposals::document(),
        verifications::document(),
        holders::document(),
        attachments::document(),
        receipts::document(),
        catalog::document(),
        items::document(),
        bundles::document(),
        coverage::document(),
    ]
}
