//! The face (照面) of a certificate: a JSON Schema in a small subset, compiled once, checked fast.
//!
//! * [`FaceSchema::compile`] reads the schema of a type and refuses unknown keywords;
//! * [`FaceSchema::check`] says which fields of a face break which rule, without their values (I3);
//! * [`FaceSchema::notes`] lists values that are kept but deserve a mark, such as private-use characters;
//! * [`FaceSchema::cross_check`] compares the face with the facts about its holders.
//!
//! A face never changes on the way in (I12). A field that does not apply is left out; there are no nulls and
//! no empty strings. Instants of local life (`time`) are clock times of UTC+8.

mod check;
mod compile;
mod cross;
mod described;
mod fault;
mod field;
mod values;

#[cfg(test)]
mod tests;

pub use compile::SchemaFault;
pub use cross::{CrossCheck, HolderFacts, same_name};
pub use described::{Face, described as described_faces};
pub use fault::{FaceFault, FaceNote, FaceRule, NoteKind};
pub use field::{Check, CheckRule, Field, FieldKind, FieldSet, Format, Mask};
pub(in crate::catalog) use values::span;

use serde_json::Value;

use crate::catalog::{CodeLists, Role};

/// A compiled face schema. Cheap to read, shared behind the catalog's `Arc`.
#[derive(Debug, Clone)]
pub struct FaceSchema {
    top: FieldSet,
}

impl FaceSchema {
    /// Compiles the schema of a type with those roles against the code lists.
    pub fn compile(face: &Value, roles: &[Role], lists: &CodeLists) -> Result<Self, SchemaFault> {
        Ok(Self { top: compile::compile(face, roles, lists)? })
    }

    /// The fields in the order in which they are shown.
    pub fn fields(&self) -> &[Field] {
        self.top.fields()
    }

    /// A field by its path: `name`, or `spouses.id_number` for one inside a list or group.
    pub fn field(&self, path: &str) -> Option<&Field> {
        match path.split_once('.') {
            Some((outer, inner)) => self.top.field(outer)?.inner()?.field(inner),
            None => self.top.field(path),
        }
    }

    /// The paths of all fields that hold a value of their own, in the order in which they are shown.
    pub fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for field in self.fields() {
            match field.inner() {
                Some(inner) => {
                    paths.extend(inner.fields().iter().map(|one| format!("{}.{}", field.name, one.name)))
                }
                None => paths.push(field.name.clone()),
            }
        }
        paths
    }

    /// Checks a face; all faults are listed, in no promised order.
    pub fn check(&self, face: &Value) -> Result<(), Vec<FaceFault>> {
        check::check(&self.top, face)
    }

    /// The values that are kept as they are and shown with a mark. Use it on a face that
    /// [`FaceSchema::check`] accepts.
    pub fn notes(&self, face: &Value) -> Vec<FaceNote> {
        check::notes(&self.top, face)
    }

    /// Compares the face with its holders' numbers, names, sex and birth date.
    ///
    /// Holders are given in the order of the record. An item of a list that belongs to a role (`x-holder`) is
    /// compared with that role's holder at the same place. A role without a holder is not compared.
    pub fn cross_check(&self, face: &Value, holders: &[HolderFacts<'_>]) -> CrossCheck {
        cross::cross_check(&self.top, face, holders)
    }
}
