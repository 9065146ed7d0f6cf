//! The walk from one code of a holder to all its codes, along the links that say "the same person" or "the same
//! entity". Every use case that follows links walks here.

use crate::error::{Code, Error, Result};
use crate::store::{Link, LinkKind, Reader, StoredHolder};
use crate::trust::HolderKey;

/// The most codes of one holder that are followed: the asked one and three links.
pub(in crate::registry) const MAX_KEYS: usize = 4;

/// The limits of a walk.
#[derive(Debug, Clone, Copy)]
pub(in crate::registry) struct Reach {
    /// Most codes that are found.
    pub codes: usize,
    /// Most holder rows that are read.
    pub rows: usize,
}

impl Reach {
    /// As far as a lookup goes.
    pub const LOOKUP: Self = Self { codes: MAX_KEYS, rows: MAX_KEYS };
    /// To the end, at any distance.
    pub const ALL: Self = Self { codes: usize::MAX, rows: usize::MAX };
}

/// The codes that a walk found.
pub(in crate::registry) struct LinkedKeys {
    /// The first code's key, then the others in the order in which they were found.
    pub keys: Vec<HolderKey>,
    /// A row does not open, or more rows were left than may be read: there may be more codes.
    pub damaged: bool,
}

impl LinkedKeys {
    /// The keys; `record_damaged` if a row does not open.
    pub fn sure(self) -> Result<Vec<HolderKey>> {
        match self.damaged {
            true => Err(Error::new(Code::RecordDamaged, "a row of the holder does not open")),
            false => Ok(self.keys),
        }
    }
}

/// The things that a walk meets.
pub(in crate::registry) enum Met<'a> {
    /// The row about one of the codes.
    Row(&'a StoredHolder),
    /// A further code: its key, and the link that leads to it.
    Code(HolderKey, &'a Link),
    /// A code that is shown and not followed: its key, and the link.
    Beside(HolderKey, &'a Link),
    /// A key of an earlier form, from which the records were moved here: its key, and the link.
    Emptied(HolderKey, &'a Link),
}

/// Walks from a key. Calls `meet` with each row, and with each code except the first.
pub(in crate::registry) fn walk(
    reader: &mut Reader<'_>,
    key: HolderKey,
    reach: Reach,
    mut meet: impl FnMut(Met<'_>),
) -> Result<LinkedKeys> {
    let mut walked = LinkedKeys { keys: vec![key], damaged: false };
    let mut at = 0;
    while let Some(key) = walked.keys.get(at).copied() {
        if at == reach.rows {
            walked.damaged = true;
            break;
        }
        at += 1;
        let holder = match reader.holder(&key) {
            Ok(Some(holder)) => holder,
            Ok(None) => continue,
            Err(error) if error.code == Code::RecordDamaged => {
                walked.damaged = true;
                continue;
            }
            Err(error) => return Err(error),
        };
        meet(Met::Row(&holder));
        for link in &holder.body.links {
            let next = reader.index().holder_key(&link.key_type, &link.key_code);
            if link.kind == LinkKind::Moved {
                meet(Met::Emptied(next, link));
            } else if !link.kind.is_followed() {
                meet(Met::Beside(next, link));
            } else if walked.keys.len() < reach.codes && !walked.keys.contains(&next) {
                walked.keys.push(next);
                meet(Met::Code(next, link));
            }
        }
    }
    Ok(walked)
}
