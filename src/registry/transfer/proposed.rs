//! Ends of a record that rules proposed to its issuer, as an export tells them with the record. Where the file tells of a
//! record, what is proposed about it is what the file says: certificates of the same file propose nothing anew, or an end
//! that its issuer declined there would be proposed again here.

use std::collections::HashSet;

use crate::catalog::{End, EndBy};
use crate::clock::Moment;
use crate::error::Result;
use crate::record::Action;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::transfer::line::ProposalLine;
use crate::store::{ProposalRow, Reader, SettledBy, StoredRecord, Writer};

/// The records that are here as the file tells them: 16 bytes of each whose type some rule names.
#[derive(Default)]
pub(super) struct ToldHere {
    /// Of types that a rule proposes to end. Only from layout 2 on does a file tell of proposals.
    records: HashSet<[u8; 16]>,
    /// Of types that say something of their holder's life.
    certificates: HashSet<[u8; 16]>,
}

impl ToldHere {
    /// Notes a record.
    pub fn note(&mut self, snapshot: &Snapshot, (layout, type_code): (u8, &str), record_id: [u8; 16]) {
        if layout >= 2 && is_proposed(snapshot, type_code) {
            self.records.insert(record_id);
        }
        if snapshot.catalog.type_of(type_code).is_some_and(|entry| !entry.def().marks.is_empty()) {
            self.certificates.insert(record_id);
        }
    }

    /// Those of whom the file tells what was proposed.
    pub fn records(&self) -> &HashSet<[u8; 16]> {
        &self.records
    }

    /// Those that say something of their holder's life.
    pub fn certificates(&self) -> &HashSet<[u8; 16]> {
        &self.certificates
    }
}

/// Whether a rule of a type proposes to end records of that type.
fn is_proposed(snapshot: &Snapshot, type_code: &str) -> bool {
    let Some(ended) = snapshot.catalog.type_of(type_code) else { return false };
    let proposes = |end: &End| end.by == EndBy::Proposal && end.ended == ended.def().slug;
    snapshot.catalog.types().iter().any(|entry| entry.def().ends.iter().any(proposes))
}

/// What was proposed about a record, oldest first.
pub(super) fn lines(reader: &mut Reader<'_>, row: &StoredRecord) -> Result<Vec<ProposalLine>> {
    let line = |proposal: ProposalRow| {
        Some(ProposalLine {
            action: Action::from_wire(&proposal.action)?,
            issuer: proposal.issuer,
            because: proposal.because,
            at: Moment::from_micros(proposal.at),
            settled_at: proposal.settled_at.map(Moment::from_micros),
            settled_by: proposal.settled_by.as_deref().and_then(SettledBy::from_wire),
        })
    };
    Ok(reader.proposals_about(&row.record_id)?.into_iter().filter_map(line).collect())
}

/// What of the lines is not here yet. A proposal is known by its action and its time.
fn news<'a>(
    reader: &mut Reader<'_>,
    record_id: &[u8; 16],
    told: &'a [ProposalLine],
) -> Result<Vec<&'a ProposalLine>> {
    if told.is_empty() {
        return Ok(Vec::new());
    }
    let here = reader.proposals_about(record_id)?;
    let is_here = |line: &&ProposalLine| {
        let same = here.iter().find(|row| row.at == line.at.micros() && row.action == line.action.wire());
        same.is_some_and(|row| row.settled_at.is_some() || line.settled_by.is_none())
    };
    Ok(told.iter().filter(|line| !is_here(line)).collect())
}

/// How many of the lines are of proposals that were not here in any state.
pub(super) fn unknown(reader: &mut Reader<'_>, record_id: &[u8; 16], told: &[ProposalLine]) -> Result<usize> {
    if told.is_empty() {
        return Ok(0);
    }
    let here = reader.proposals_about(record_id)?;
    let is_here = |line: &&ProposalLine| {
        here.iter().any(|row| row.at == line.at.micros() && row.action == line.action.wire())
    };
    Ok(told.iter().filter(|line| !is_here(line)).count())
}

/// Takes the lines over; how many of them are of proposals that were not here.
pub(super) fn adopt(writer: &mut Writer<'_>, row: &StoredRecord, told: &[ProposalLine]) -> Result<usize> {
    let unknown = unknown(writer, &row.record_id, told)?;
    let news = news(writer, &row.record_id, told)?;
    for line in &news {
        let proposal = ProposalRow {
            issuer: line.issuer.clone(),
            at: line.at.micros(),
            record_id: row.record_id.to_vec(),
            action: line.action.wire().to_owned(),
            hk: row.hk.bytes().to_vec(),
            because: line.because.clone(),
            settled_at: line.settled_at.map(Moment::micros),
            settled_by: line.settled_by.map(|by| by.wire().to_owned()),
        };
        if !is_open_here(writer, line, row, told)? || !writer.replace_open_proposal(&proposal)? {
            writer.keep_proposal(&proposal)?;
        }
    }
    Ok(unknown)
}

/// Whether the one that is open here is that of the line: the same, or one that a certificate proposed here before the line
/// was read, of which the file has no other that is open.
fn is_open_here(
    reader: &mut Reader<'_>,
    line: &ProposalLine,
    row: &StoredRecord,
    told: &[ProposalLine],
) -> Result<bool> {
    let here = reader.proposals_about(&row.record_id)?;
    let open = here.iter().find(|one| one.settled_at.is_none() && one.action == line.action.wire());
    let open_there = told.iter().any(|one| one.action == line.action && one.settled_by.is_none());
    Ok(open.is_some_and(|open| {
        let same = open.at == line.at.micros();
        same || line.settled_by.is_none() || (!open_there && open.because == line.because)
    }))
}
