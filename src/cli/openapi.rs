//! `elicense openapi`: the description of the API, as it is served and pinned.

use super::output::Output;
use crate::error::Result;

/// Prints the document.
pub fn run(output: &Output) -> Result<u8> {
    output.raw(crate::serve::routes::described()?.text().as_bytes());
    Ok(0)
}
