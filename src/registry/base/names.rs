//! Names of logs, and the database of each.

use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::store::Side;

/// The access log of commands that touch holders.
pub const CLI_LOG: &str = "access-cli";
/// The log of records.
pub const RECORDS_LOG: &str = "records";
/// The actor of events that a rule of the catalog made. Labels of actors have a colon, so no actor has this one.
pub(in crate::registry) const RULE: &str = "rule";

/// Owner and purpose of the registry's own keys.
pub(in crate::registry) const REGISTRY: &str = "registry";

/// The database of a log.
pub(in crate::registry) fn side_of(log: &str) -> Side {
    if log.starts_with("access-") { Side::Access } else { Side::Registry }
}

/// Whether a log may have that name. A name that comes in an address is held against it before a database is asked:
/// one of the two knows no text with a NUL.
pub(in crate::registry) fn is_log_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

impl Registry {
    /// The log that a base name means now: itself, or its newest successor.
    pub fn current_log(&self, base: &str) -> Result<String> {
        let fact = self.store().read_now(|reader| reader.fact(&format!("log_of:{base}")))?;
        fact.map_or_else(|| Ok(base.to_owned()), |bytes| String::from_utf8(bytes).map_err(Error::internal))
    }
}
