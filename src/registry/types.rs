//! Loading a type: a JSON file becomes a row and a signed event. No code is needed for a new type.

use super::Registry;
use crate::catalog::{CodeLists, TypeEntry};
use crate::error::{Code, Error, Result};
use crate::record::event::EventKind;

impl Registry {
    /// Adds a type or a new version of one; returns its code and version. The same text again is no change.
    pub fn load_type(&self, actor: &str, text: &str) -> Result<(String, u32)> {
        let lists = CodeLists::builtin().map_err(Error::internal)?;
        let entry = TypeEntry::from_json(text, &lists).map_err(|fault| {
            let rule = fault.rule();
            Error::new(Code::FieldInvalid, fault.to_string()).at("type").rule(rule)
        })?;
        let (code, version) = (entry.def().code.clone(), entry.def().version);
        let snapshot = self.snapshot();
        if let Some(known) = snapshot.catalog.type_version(&code, version) {
            return if known.def() == entry.def() {
                Ok((code, version))
            } else {
                let detail = "this version of the type is loaded with another text: raise the version";
                Err(Error::new(Code::VersionConflict, detail).at("version"))
            };
        }
        let body = serde_json::to_string(entry.def()).map_err(Error::internal)?;
        let row_version = i32::try_from(version).map_err(Error::internal)?;
        let subject = format!("{code}:{version}");
        self.note_public(EventKind::Type, "load", actor, &subject, None, |writer| writer.insert_type(&code, row_version, &body))?;
        Ok((code, version))
    }
}
