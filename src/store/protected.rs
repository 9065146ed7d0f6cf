//! Holders whom staff do not look up unseen (受保护主体). A row is sealed under its holder and is never deleted: that
//! somebody was protected, and who ended it, stays.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::protected_holders;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, holder_key_of};
use crate::clock::{Day, Moment};
use crate::error::{Error, Result};
use crate::trust::{Aad, HolderKey};

/// One step in the life of a protection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProtectionDeed {
    /// When.
    pub at: Moment,
    /// The operator.
    pub by: String,
}

/// Why somebody is protected, since when and until when. No `Debug`: it holds the number (I3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    /// Code type, 3 digits.
    pub code_type: String,
    /// The code.
    pub code: String,
    /// Why, in words.
    pub reason: String,
    /// When it began, and who put it there.
    pub added: ProtectionDeed,
    /// The last day; without one it lasts until somebody ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// When it was ended, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<ProtectionDeed>,
}

impl Protection {
    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Day) -> bool {
        self.ended.is_none() && self.until.is_none_or(|until| day <= until)
    }
}

const TABLE: &str = "protected_holders";

#[derive(Queryable, Insertable)]
#[diesel(table_name = protected_holders)]
struct Row {
    hk: Vec<u8>,
    key_id: i32,
    sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.hk);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

impl Row {
    /// The holder, and what is kept of it; none of the second where the seal is broken.
    fn opened(mut self, reader: &Reader<'_>) -> Result<(HolderKey, Option<Protection>)> {
        let hk = holder_key_of(&self.hk).ok_or_else(|| Error::internal("a holder key has 16 bytes"))?;
        let opened = sealed::open(TABLE, &mut self, reader.vault, &mut Aad::new());
        Ok((hk, opened.and_then(|(_, plain)| serde_json::from_slice(&plain).ok())))
    }
}

impl Reader<'_> {
    /// All protections, ended ones too, by holder key; none beside a key whose row does not open.
    pub fn protections(&mut self) -> Result<Vec<(HolderKey, Option<Protection>)>> {
        let all = protected_holders::table.order(protected_holders::hk);
        let rows: Vec<Row> = native!(&mut *self.conn, c => all.load(c)).map_err(dialect::fault)?;
        rows.into_iter().map(|row| row.opened(self)).collect()
    }

    /// The protection of a holder, as [`Reader::protections`] has it.
    pub fn protection(&mut self, hk: &HolderKey) -> Result<Option<Option<Protection>>> {
        let of_holder = protected_holders::table.find(hk.bytes().as_slice());
        let row: Option<Row> =
            native!(&mut *self.conn, c => of_holder.first(c).optional()).map_err(dialect::fault)?;
        row.map(|row| Ok(row.opened(self)?.1)).transpose()
    }
}

impl Writer<'_> {
    /// Writes the protection of a holder, in the place of the one that is there.
    pub fn put_protection(&mut self, hk: &HolderKey, protection: &Protection) -> Result<()> {
        let plain = serde_json::to_vec(protection).map_err(Error::internal)?;
        let mut row = Row { hk: hk.bytes().to_vec(), key_id: 0, sealed: Vec::new() };
        sealed::seal(TABLE, &mut row, &self.vault.current(Purpose::Registry)?, &plain)?;
        let of_holder = protected_holders::table.find(&row.hk);
        native!(&mut *self.conn, c => diesel::delete(of_holder).execute(c)).map_err(dialect::fault)?;
        native!(&mut *self.conn, c => diesel::insert_into(protected_holders::table).values(&row).execute(c))
            .map(drop)
            .map_err(dialect::fault)
    }
}
