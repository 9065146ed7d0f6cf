//! Loading types: a JSON file becomes a row and a signed event. No code is needed for a new type.

use crate::catalog::{CodeLists, TypeEntry};
use crate::error::{Code, Error, Result};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::published::notice::{Notice, Stated, stored_body};

impl Registry {
    /// Adds a type or a new version of one; returns its code and version. The same text again changes
    /// nothing.
    pub fn load_type(&self, actor: &str, text: &str) -> Result<(String, u32)> {
        let loaded = self.load_types(actor, &[text.to_owned()])?;
        loaded.into_iter().next().ok_or_else(|| Error::internal("a type was loaded without a name"))
    }

    /// Adds several types in one transaction; they may name each other.
    pub fn load_types(&self, actor: &str, texts: &[String]) -> Result<Vec<(String, u32)>> {
        let lists = CodeLists::builtin().map_err(Error::internal)?;
        let snapshot = self.snapshot();
        let (mut loaded, mut rows, mut stated) = (Vec::new(), Vec::new(), Vec::new());
        for text in texts {
            let entry = TypeEntry::from_json(text, &lists).map_err(|fault| {
                let rule = fault.rule();
                Error::new(Code::FieldInvalid, fault.to_string()).at("type").rule(rule)
            })?;
            let (code, version) = (entry.def().code.clone(), entry.def().version);
            loaded.push((code.clone(), version));
            match snapshot.catalog.type_version(&code, version) {
                Some(known) if known.def() == entry.def() => continue,
                Some(_) => {
                    let detail = "this version of the type is loaded with another text: raise the version";
                    return Err(Error::new(Code::VersionConflict, detail).at("version"));
                }
                None => {}
            }
            let body = serde_json::to_string(entry.def()).map_err(Error::internal)?;
            stated.push(Stated::row(EventKind::Type, stored_body(&body)?));
            rows.push((code, i32::try_from(version).map_err(Error::internal)?, body));
        }
        if !rows.is_empty() {
            let (kind, action) = (EventKind::Type, PublicAction::Load);
            self.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, |writer| {
                rows.iter().try_for_each(|(code, version, body)| writer.insert_type(code, *version, body))
            })?;
        }
        Ok(loaded)
    }
}
