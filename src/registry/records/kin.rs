//! The records that a rule of the catalog sets beside one: of the same holders, or of the same subject, under all their codes.

use crate::catalog::{Custody, End, EndAction, EndOn, EndWhen, TypeEntry};
use crate::error::Result;
use crate::record::action::Action;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked::family;
use crate::registry::records::change::Whole;
use crate::registry::records::kept;
use crate::store::{Opened, Reader, StoredRecord};
use crate::trust::HolderKey;

/// The rules of a type that run when a record of it is issued.
pub(super) fn on_issue(entry: &TypeEntry) -> impl Iterator<Item = &End> {
    entry.def().ends.iter().filter(|end| end.on == EndOn::Issue)
}

/// The action of a rule.
pub(super) fn action_of(end: &End) -> Action {
    match end.action {
        EndAction::Cancel => Action::Cancel,
        EndAction::Lapse => Action::Lapse,
    }
}

/// A record and its type; from them, the records that a rule sets beside it are found.
pub(super) struct Kin<'a> {
    /// Its type.
    pub entry: &'a TypeEntry,
    rows: &'a Whole,
}

impl<'a> Kin<'a> {
    /// None if its type is not known.
    pub fn of(snapshot: &'a Snapshot, rows: &'a Whole) -> Option<Self> {
        let entry = snapshot.catalog.type_of(&rows.first().type_code)?;
        Some(Self { entry, rows })
    }

    /// The records of the other type that the rule means. It holds in both directions: the marriages that a
    /// divorce finds by its rule are those by which the divorce is found.
    pub fn related(&self, reader: &mut Reader<'_>, other: &TypeEntry, when: EndWhen) -> Result<Vec<Whole>> {
        match when {
            EndWhen::SameHolders => self.of_same_holders(reader, other),
            EndWhen::SameSubject => self.of_same_subject(reader, other),
        }
    }

    fn of_same_holders(&self, reader: &mut Reader<'_>, other: &TypeEntry) -> Result<Vec<Whole>> {
        let mut families = Vec::new();
        for row in self.rows.rows() {
            families.push(family(reader, row.hk)?);
        }
        let known = |holder: &HolderKey| families.iter().any(|family| family.contains(holder));
        let same = |other: &Whole| {
            other.rows().count() == families.len()
                && other.rows().all(|row| known(&row.hk))
                && families.iter().all(|family| other.rows().any(|row| family.contains(&row.hk)))
        };
        let keys = families.first().map(Vec::as_slice).unwrap_or_default();
        hosted(reader, keys, other, |_| true).map(|found| found.into_iter().filter(same).collect())
    }

    fn of_same_subject(&self, reader: &mut Reader<'_>, other: &TypeEntry) -> Result<Vec<Whole>> {
        let subject = self.rows.rows().find(|row| is_subject(self.entry, row));
        let Some(subject) = subject else { return Ok(Vec::new()) };
        let keys = family(reader, subject.hk)?;
        hosted(reader, &keys, other, |row| is_subject(other, row))
    }
}

/// Whether a row is that of the holder in the type's first role.
fn is_subject(entry: &TypeEntry, row: &StoredRecord) -> bool {
    entry.def().holders.first().is_some_and(|first| first.role == row.body.role)
}

/// The records of a type under these keys whose body is here, each once; records that do not open are passed
/// by.
fn hosted(
    reader: &mut Reader<'_>,
    keys: &[HolderKey],
    entry: &TypeEntry,
    meant: impl Fn(&StoredRecord) -> bool,
) -> Result<Vec<Whole>> {
    let mut found: Vec<Whole> = Vec::new();
    for key in keys {
        for opened in reader.records_of_type(key, &entry.def().code)? {
            let Opened::Record(row) = opened else { continue };
            let known = found.iter().any(|whole| whole.first().record_id == row.record_id);
            if known || row.custody != Custody::Hosted || !meant(&row) {
                continue;
            }
            let kept = kept::readable(reader, &row.body.identifier)?;
            found.extend(kept.and_then(|kept| kept.whole().ok()));
        }
    }
    Ok(found)
}
