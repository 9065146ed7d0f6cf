//! Directory entries that gave way: to an entry of the same certificate for other holders, or to the record whose body
//! came in. Their rows are past ones, and nothing leads from the record back to all of them. So they are gathered by one
//! walk over the past rows, in 16 bytes for each and 16 for each holder of it.

use std::collections::{BTreeMap, HashMap};

use crate::catalog::Custody;
use crate::error::{Code, Result};
use crate::registry::Registry;
use crate::registry::access::entry::CoHolder;
use crate::registry::records::kept;
use crate::store::{Opened, Reader, StoredRecord, WalkKey};
use crate::trust::HolderKey;

/// Rows of one snapshot.
const PAGE: i64 = 500;

/// Entries that gave way, by the record that the identifier of each leads to now.
#[derive(Default)]
pub(in crate::registry) struct Gone(HashMap<[u8; 16], Vec<GoneEntry>>);

/// One of them.
pub(in crate::registry) struct GoneEntry {
    pub record_id: [u8; 16],
    /// In the order of their keys.
    pub holders: Vec<HolderKey>,
}

impl GoneEntry {
    /// All its versions with their rows, oldest first; none where one does not open.
    pub fn versions(&self, reader: &mut Reader<'_>) -> Result<Option<BTreeMap<i32, Vec<StoredRecord>>>> {
        let mut versions: BTreeMap<i32, Vec<StoredRecord>> = BTreeMap::new();
        for holder in &self.holders {
            for opened in reader.past_records(holder, &self.record_id)? {
                let Opened::Record(past) = opened else { return Ok(None) };
                versions.entry(past.version).or_default().push(*past);
            }
        }
        let whole = versions.values().all(|rows| rows.len() == self.holders.len());
        Ok(Some(versions).filter(|versions| whole && !versions.is_empty()))
    }

    /// Its holders, with the codes that its rows name.
    pub fn co_holders(&self, reader: &Reader<'_>, rows: &[StoredRecord]) -> Vec<CoHolder> {
        let code = |row: &StoredRecord| {
            let (code_type, code) = &row.body.holder;
            (row.hk, kept::co_holder(reader.index(), code_type, code).and_then(|(_, code)| code))
        };
        rows.iter().map(code).collect()
    }
}

impl Gone {
    /// Gathers all of them. Blocks for as long as it takes to read every past row once.
    pub fn gather(registry: &Registry) -> Result<Self> {
        let (mut gone, mut after) = (Self::default(), None::<WalkKey>);
        loop {
            after = registry.store().read_now(|reader| {
                let (rows, next) = reader.walk_records(true, after.as_ref(), PAGE)?;
                for row in rows {
                    // What does not open is found where its record goes out.
                    if let Opened::Record(row) = row {
                        gone.take(reader, &row)?;
                    }
                }
                Ok(next)
            })?;
            if after.is_none() {
                return Ok(gone);
            }
        }
    }

    fn take(&mut self, reader: &mut Reader<'_>, row: &StoredRecord) -> Result<()> {
        if row.custody == Custody::Hosted || reader.record(&row.hk, &row.record_id)?.is_some() {
            return Ok(());
        }
        let key = reader.index().identifier_key(&row.body.identifier);
        let now = match reader.record_key(&key) {
            Err(error) if error.code == Code::RecordDamaged => return Ok(()),
            now => now?,
        };
        let Some(now) = now.filter(|now| now.record_id != row.record_id) else { return Ok(()) };
        let entries = self.0.entry(now.record_id).or_default();
        match entries.iter_mut().find(|entry| entry.record_id == row.record_id) {
            Some(entry) if entry.holders.contains(&row.hk) => {}
            Some(entry) => entry.holders.push(row.hk),
            None => entries.push(GoneEntry { record_id: row.record_id, holders: vec![row.hk] }),
        }
        Ok(())
    }

    /// Those that gave way to a record.
    pub fn before(&self, record_id: &[u8; 16]) -> &[GoneEntry] {
        self.0.get(record_id).map(Vec::as_slice).unwrap_or_default()
    }
}
