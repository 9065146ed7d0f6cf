//! The reading half of a lookup: head, one range scan, one point read of the holder, under each linked key.

use std::sync::Arc;

use crate::catalog::Custody;
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, Parsed};
use crate::log::tile::StoredNodes;
use crate::log::{Hash, LogMark, proof};
use crate::record::Reason;
use crate::registry::Registry;
use crate::registry::access::entry::CoHolder;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::life::Lives;
use crate::registry::holders::linked;
use crate::registry::reading::lookup::looked_up::FoundHolder;
use crate::registry::records::kept;
use crate::store::{Cost, HolderState, Opened, Reader};
use crate::trust::HolderKey;

/// The reads of a lookup, in one snapshot of the database.
pub(crate) struct Found {
    /// The head of the records log before the scan: the rows are at least as new.
    pub head: LogMark,
    /// Current rows under all keys.
    pub rows: Vec<FoundRow>,
    /// The state of the holder's life; the worst under all keys.
    pub state: HolderState,
    /// The holder's row does not open.
    pub holder_damaged: bool,
    /// The lives that the verdicts rest on.
    pub lives: Lives,
    /// Rows of another full code under the same key were left out.
    pub conflict: bool,
    /// The number of further codes that were followed.
    pub linked: usize,
}

/// One row with the proof of its leaf if it was asked for.
pub(crate) struct FoundRow {
    /// The row.
    pub opened: Opened,
    /// Inclusion of the row's leaf in the tree of [`Found::head`].
    pub proof: Option<Vec<Hash>>,
    /// Of a joint directory entry, which has no envelope to name them: all its holders.
    pub holders: Vec<CoHolder>,
}

impl FoundRow {
    /// The type as the row says or claims.
    pub fn type_code(&self) -> &str {
        match &self.opened {
            Opened::Record(record) => &record.type_code,
            Opened::Damaged { type_code, .. } => type_code,
        }
    }
}

impl Found {
    /// The holder as it was understood.
    pub fn holder(&self, parsed: &Parsed) -> FoundHolder {
        let mut notes = Vec::new();
        notes.extend(self.conflict.then_some(Reason::HolderCodeConflict));
        notes.extend(self.holder_damaged.then_some(Reason::RecordDamaged));
        FoundHolder {
            code_type: parsed.code.code_type(),
            masked: parsed.code.masked(),
            state: self.state,
            linked_codes: self.linked as u64,
            notes,
            remarks: parsed.remarks.clone(),
        }
    }
}

impl Registry {
    pub(in crate::registry) async fn scan(
        &self,
        snapshot: &Arc<Snapshot>,
        code: &HolderCode,
        key: HolderKey,
        proofs: bool,
    ) -> Result<Found> {
        let snapshot = snapshot.clone();
        let credit_code = code.credit_code().map(str::to_owned);
        let cost = if proofs { Cost::Scan } else { Cost::Point };
        self.store().read(cost, move |reader| read(reader, &snapshot, key, credit_code, proofs)).await
    }
}

fn read(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    key: HolderKey,
    credit_code: Option<String>,
    proofs: bool,
) -> Result<Found> {
    let head = snapshot.records_mark(reader)?;
    let linked = linked::linked(reader, key, credit_code)?;
    let (mut rows, mut conflict) = (Vec::with_capacity(8), false);
    for (key, credit_code) in &linked.keys {
        for opened in reader.records_of(key)? {
            if linked::other_code(&opened, credit_code.as_deref()) {
                conflict = true;
                continue;
            }
            let holders = match &opened {
                Opened::Record(record) if record.custody != Custody::Hosted => {
                    kept::joint_holders(reader, snapshot, record)?
                }
                _ => Vec::new(),
            };
            rows.push(FoundRow { opened, proof: None, holders });
        }
    }
    let lives = Lives::read(reader, snapshot, &linked, rows.iter().map(|row| &row.opened))?;
    let (state, holder_damaged) = (linked.state, linked.damaged);
    let linked = linked.keys.len() - 1;
    let mut found = Found { head, rows, state, holder_damaged, lives, conflict, linked };
    if proofs {
        prove(reader, &mut found)?;
    }
    Ok(found)
}

fn prove(reader: &mut Reader<'_>, found: &mut Found) -> Result<()> {
    for row in &mut found.rows {
        let Opened::Record(record) = &row.opened else { continue };
        if record.log != found.head.log || record.leaf >= found.head.size {
            continue;
        }
        let mut nodes = StoredNodes::new(&mut *reader, &found.head.log);
        let path = proof::inclusion(&mut nodes, record.leaf, found.head.size);
        row.proof = Some(path.map_err(|fault| {
            Error::new(Code::LogForked, "a stored tile or entry is missing").caused_by(fault.to_string())
        })?);
    }
    Ok(())
}
