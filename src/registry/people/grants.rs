//! Grants as they are kept: types by their codes, and only fields that one of these types has. A grant of another word
//! would match nothing, and whoever has it would be refused without knowing why.

use std::collections::BTreeSet;

use crate::error::{Code, Error, Result};
use crate::policy::{Fields, Grant, Selection};
use crate::registry::base::snapshot::Snapshot;
use crate::rule::Rule;

/// Words of a grant that are no field of a face.
const BESIDE_THE_FACE: &[&str] = &["holders", "holder_code", "number", "name", "office", "note", "issued_on"];

/// The same grants with the codes of types in place of their short names.
///
/// # Errors
/// `type_unknown` at `grants.types`; `field_invalid` with `field_unknown` at `grants.fields`.
pub(in crate::registry) fn resolved(snapshot: &Snapshot, grants: &[Grant]) -> Result<Vec<Grant>> {
    grants.iter().map(|grant| one(snapshot, grant)).collect()
}

fn one(snapshot: &Snapshot, grant: &Grant) -> Result<Grant> {
    let types = match &grant.types {
        Selection::All => Selection::All,
        Selection::Named(names) => {
            let codes = names.iter().map(|name| code(snapshot, name));
            Selection::Named(codes.collect::<Result<BTreeSet<_>>>()?)
        }
    };
    if let Fields::Named(fields) = &grant.fields {
        for field in fields {
            known_field(snapshot, &types, field)?;
        }
    }
    Ok(Grant { types, ..grant.clone() })
}

fn code(snapshot: &Snapshot, name: &str) -> Result<String> {
    let found = snapshot.catalog.type_of(name).or_else(|| snapshot.catalog.type_by_slug(name));
    let unknown =
        || Error::new(Code::TypeUnknown, "a grant names a type that is not here").at("grants.types");
    found.map(|entry| entry.def().code.clone()).ok_or_else(unknown)
}

/// Whether one of the types that `of` names has a field. It is named as `id_number`, `spouses.id_number`, or with
/// `!whole` behind it; beside the face there are `holders`, `holder_code`, `number`, `name`, and what an entry
/// without a body says.
pub(in crate::registry) fn has_field(snapshot: &Snapshot, of: impl Fn(&str) -> bool, field: &str) -> bool {
    let path = field.strip_suffix("!whole").unwrap_or(field);
    let types = snapshot.catalog.types();
    let mut types = types.into_iter().filter(|entry| of(&entry.def().code));
    BESIDE_THE_FACE.contains(&path) || types.any(|entry| entry.face().field(path).is_some())
}

fn known_field(snapshot: &Snapshot, types: &Selection, field: &str) -> Result<()> {
    if has_field(snapshot, |code| types.names(code), field) {
        return Ok(());
    }
    let detail = "a grant names a field that none of its types has; `elicense types show` lists them";
    Err(Error::new(Code::FieldInvalid, detail).at("grants.fields").rule(Rule::FieldUnknown))
}
