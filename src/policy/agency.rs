//! The agency for which an actor works: a client and an account for their own, an operator for any.

use super::actor::Actor;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// The agency for which the actor works: its own; for an operator the one that is `asked` for, if any.
/// `field` is the place of the agency in the request.
///
/// # Errors
/// `forbidden` with rule `agency_mismatch` if a client or an account asks for an agency other than its own.
pub fn agency_for<'a>(
    actor: &'a Actor,
    asked: Option<&'a str>,
    field: &'static str,
) -> Result<Option<&'a str>> {
    match (actor.agency(), asked) {
        (Some(own), Some(asked)) if own != asked => {
            Err(Error::new(Code::Forbidden, "a client or an account works for its own agency only")
                .at(field)
                .rule(Rule::AgencyMismatch))
        }
        (own, asked) => Ok(own.or(asked)),
    }
}
