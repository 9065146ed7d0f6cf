//! Certificates that were on file before their type told what they say of a life: whom they speak of is marked now, as
//! their issue would do it today. A certificate that has spoken before stays silent, so that what an office took back stays
//! taken back.

use serde::Serialize;

use crate::clock::Day;
use crate::error::Result;
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::access::Outcome;
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::holders::lives::Rules;
use crate::store::{Opened, Reader, StoredRecord};

/// Rows of one step of the walk.
const PAGE: i64 = 500;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CaughtUp {
    /// Certificates that had not said what their type tells of a life.
    pub certificates: u64,
    /// Marks that were made.
    pub marks: u64,
}

impl Registry {
    /// Makes the marks of the certificates on file that marked nobody when they came in. Blocks. It may run again. Each
    /// mark stands on the list of whom it is about.
    ///
    /// # Errors
    /// `forbidden`; faults of the database. Marks made before the error stay.
    pub fn catch_up_on_certificates(&self, actor: &Actor) -> Result<CaughtUp> {
        decide_scope(actor, Scope::Holder).required()?;
        let snapshot = self.fresh_snapshot()?;
        let (rules, today) = (self.all_rules(&snapshot)?, self.now().day());
        let (mut done, mut after) = (CaughtUp::default(), None);
        loop {
            let (silent, next) = self.store().read_now(|reader| {
                let (rows, next) = reader.walk_records(false, after.as_ref(), PAGE)?;
                let rows = rows.into_iter().filter_map(|row| match row {
                    Opened::Record(row) => Some(row),
                    Opened::Damaged { .. } => None,
                });
                let mut silent = Vec::new();
                for row in rows {
                    if rules.is_silent(reader, &row, today)? {
                        silent.push(row);
                    }
                }
                Ok((silent, next))
            })?;
            for row in silent {
                let marks = self.catch_up_on(actor, &rules, &row)?;
                done.certificates += u64::from(marks > 0);
                done.marks += marks;
            }
            match next {
                Some(next) => after = Some(next),
                None => return Ok(done),
            }
        }
    }

    /// How many marks a certificate made.
    fn catch_up_on(&self, actor: &Actor, rules: &Rules, row: &StoredRecord) -> Result<u64> {
        let (code_type, code) = &row.body.holder;
        let touched = Touched::each([(&**code_type, &**code, row.hk)]);
        let noted = self.note_statement(actor, Outcome::Marked, &touched)?;
        let about = (row.type_code.as_str(), row.body.identifier.as_str());
        self.log_noted(actor, &noted, None, |writer, place| {
            let made = rules.follow(writer, about, false, place)?;
            Ok((made.marked.len() as u64, made.entries))
        })
    }
}

impl Rules {
    /// Whether the row is that of somebody of whom its certificate should have spoken, and did not.
    pub fn is_silent(&self, reader: &mut Reader<'_>, row: &StoredRecord, today: Day) -> Result<bool> {
        let Some(entry) = self.snapshot.catalog.type_of(&row.type_code) else { return Ok(false) };
        if !entry.def().marks.iter().any(|rule| rule.role == row.body.role) {
            return Ok(false);
        }
        let about = (row.type_code.as_str(), row.body.identifier.as_str());
        self.is_due(reader, about, row.hk, today)
    }
}
