//! Mappings: guessed from a header, shown, and kept for each type and agency, each change a new version.

use std::path::Path;

use serde_json::json;

use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::{Digest, canonical};
use crate::registry::Registry;
use crate::registry::base::texts;
use crate::registry::intake::{columns, header};
use crate::registry::records::draft;
use crate::rule::Rule;
use crate::store::MappingRow;
use crate::table::guess;
use crate::table::mapping::{Mapping, UnfilledField};
use crate::table::{Encoding, FileFormat, Workbook, heading};

/// How a file could be read.
#[derive(Debug, Clone)]
pub struct Guessed {
    /// What the words of the header suggest: to look at, correct, and give back.
    pub mapping: Mapping,
    /// What every row needs and the guess does not fill.
    pub missing: Vec<UnfilledField>,
    /// The mapping that is kept for this type and agency, with its version: an import that names both uses it.
    pub kept: Option<(Mapping, i32)>,
}

impl Registry {
    /// A guess by the words of the header, and beside it the mapping that is kept for the type and agency. A file whose
    /// words say nothing gets the kept one as its guess, where that knows every header. Writes nothing.
    ///
    /// # Errors
    /// `forbidden`; `type_unknown`; `config_invalid` for a file without a header that is known.
    pub fn guess_mapping(
        &self,
        actor: &Actor,
        path: &Path,
        format: FileFormat,
        encoding: Option<Encoding>,
        asked: &MappingOf<'_>,
    ) -> Result<Guessed> {
        decide_scope(actor, Scope::Export).required()?;
        self.refresh()?;
        let snapshot = self.snapshot();
        let entry = draft::type_entry(&snapshot, asked.type_code)?;
        let unknown = || {
            Error::new(Code::ConfigInvalid, "the file has no header with words that are known")
                .at("file")
                .rule(Rule::CsvHeader)
        };
        let names = match format {
            FileFormat::Ndjson => return Err(unknown()),
            FileFormat::Csv => header::csv_names(path, &crate::table::survey(path, encoding)?)?.1,
            FileFormat::Xlsx => {
                let known = |cell: &str| guess::is_known(cell, entry);
                let rows = Workbook::open(path, asked.sheet)?.head(heading::LOOKED_AT)?;
                heading::find(&rows, &known).ok_or_else(unknown)?.names
            }
        };
        let knows_all =
            |kept: &Mapping| names.iter().all(|name| name.trim().is_empty() || kept.to(name).is_some());
        let kept = self.kept_mapping(asked)?;
        let mut mapping = guess::guess(&names, entry, asked.issuer);
        // The format's own names say themselves what they are.
        for column in &mut mapping.columns {
            let constant = ["type", "issuer"].contains(&column.header.as_str());
            if column.to.is_empty() && columns::is_own(&column.header) && !constant {
                mapping.constants.remove(&column.header);
                column.to = vec![column.header.clone()];
            }
        }
        if mapping.columns.iter().all(|column| column.to.is_empty()) {
            let (known, _) = kept.as_ref().filter(|(kept, _)| knows_all(kept)).ok_or_else(unknown)?;
            mapping = known.clone();
        }
        mapping.sheet = asked.sheet.map(str::to_owned);
        Ok(Guessed { missing: mapping.missing(entry), mapping, kept })
    }

    /// Refuses a mapping by which no row of its type could be read, before anything is written.
    ///
    /// # Errors
    /// `type_unknown`; `config_invalid` at `mapping` with rule `mapping_lacks` and what is missing, by the names that
    /// documents print.
    pub(in crate::registry) fn check_mapping(&self, mapping: &Mapping) -> Result<()> {
        let snapshot = self.snapshot();
        let mut filled = mapping.columns.iter().flat_map(|column| &column.to).chain(mapping.constants.keys());
        if let Some(to) = filled.find(|to| !columns::is_own(to)) {
            return Err(columns::target_fault(to));
        }
        let missing = mapping.missing(draft::type_entry(&snapshot, &mapping.type_code)?);
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = missing.iter().map(UnfilledField::to_string).collect();
        let detail = format!("no column or constant fills {}", names.join(", "));
        let missing = json!({ "missing": missing });
        Err(Error::new(Code::ConfigInvalid, detail).at("mapping").rule(Rule::MappingLacks).with(missing))
    }

    /// The newest mapping that is kept for a type and agency, with its version.
    pub fn kept_mapping(&self, asked: &MappingOf<'_>) -> Result<Option<(Mapping, i32)>> {
        let code = draft::type_entry(&self.snapshot(), asked.type_code)?.def().code.clone();
        let row = self.store().read_now(|reader| reader.mapping(&code, asked.issuer))?;
        row.map(|row| {
            let damaged = || Error::new(Code::RecordDamaged, "a mapping that is kept cannot be read");
            Ok((serde_json::from_str(&row.body).map_err(|error| damaged().caused_by(error))?, row.version))
        })
        .transpose()
    }

    /// Keeps a mapping as the next version, unless it is the newest already; gives its version.
    pub(in crate::registry) fn keep_mapping(&self, actor: &Actor, mapping: &Mapping) -> Result<i32> {
        let code = draft::type_entry(&self.snapshot(), &mapping.type_code)?.def().code.clone();
        let body = String::from_utf8(canonical(mapping)?).map_err(Error::internal)?;
        let (saved_at, saved_by) = (self.now().micros(), actor.label());
        self.store().write_now(|writer| {
            let newest = writer.mapping(&code, &mapping.issuer)?;
            if let Some(newest) = newest.as_ref().filter(|newest| newest.body == body) {
                return Ok(newest.version);
            }
            let version = newest.map_or(0, |newest| newest.version) + 1;
            let (type_code, issuer) = (code.clone(), mapping.issuer.clone());
            let (body, saved_by) = (body.clone(), saved_by.clone());
            writer.insert_mapping(&MappingRow { type_code, issuer, version, body, saved_at, saved_by })?;
            Ok(version)
        })
    }
}

/// A mapping is kept in clear. In a file without a header its words would be those of the first row.
///
/// # Errors
/// `field_invalid`, rule `number_in_text`.
pub(in crate::registry) fn check_texts(mapping: &Mapping) -> Result<()> {
    mapping.sheet.as_deref().map_or(Ok(()), |sheet| texts::no_number("mapping.sheet", sheet))?;
    for (at, column) in mapping.columns.iter().enumerate() {
        texts::no_number(format!("mapping.columns.{at}.header"), &column.header)?;
    }
    let mut constants = mapping.constants.iter();
    constants.try_for_each(|(to, text)| texts::no_number(format!("mapping.constants.{to}"), text))
}

/// Of which type and agency a mapping is.
#[derive(Debug, Clone, Copy)]
pub struct MappingOf<'a> {
    /// Type code or slug.
    pub type_code: &'a str,
    /// The issuing agency's credit code.
    pub issuer: &'a str,
    /// The sheet of a workbook.
    pub sheet: Option<&'a str>,
}

/// What tells two mappings apart.
pub(in crate::registry) fn digest(mapping: &Mapping) -> Result<Digest> {
    Ok(Digest::of(&[&canonical(mapping)?]))
}

fn canonical(mapping: &Mapping) -> Result<Vec<u8>> {
    let value = serde_json::to_value(mapping).map_err(Error::internal)?;
    canonical::to_vec(&value).map_err(Error::internal)
}
