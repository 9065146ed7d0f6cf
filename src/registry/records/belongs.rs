//! Whose an identifier is: its type and issuer parts are those of its record (GB/T 36904).
//!
//! Asked when a record comes in, on every path that judges one, and by `fsck`.

use crate::record::Identifier;
use crate::record::identifier::ROOT;
use crate::registry::base::snapshot::Snapshot;
use crate::rule::Rule;

/// The rule by which an identifier is not the record's own; none where it is, and where it is no identifier at all:
/// another rule says that. An issuer keeps the identifiers of the agency from which it took over.
pub(in crate::registry) fn foreign(
    snapshot: &Snapshot,
    identifier: &str,
    type_code: &str,
    issuer: &str,
) -> Option<Rule> {
    // Each row of a lookup comes here, and nearly each leaves here, without a copy.
    if begins_with(identifier, [ROOT, type_code, issuer]) {
        return None;
    }
    let identifier = Identifier::parse(identifier).ok()?;
    if identifier.type_code() != type_code {
        return Some(Rule::IdentifierOfType);
    }
    let own = snapshot.catalog.issuers().agencies().stands_for(identifier.issuer(), issuer);
    (!own).then_some(Rule::IdentifierOfIssuer)
}

/// Whether a text begins with these parts, each with a dot behind it.
fn begins_with(text: &str, parts: [&str; 3]) -> bool {
    let rest = parts.into_iter().try_fold(text, |rest, part| rest.strip_prefix(part)?.strip_prefix('.'));
    rest.is_some()
}
