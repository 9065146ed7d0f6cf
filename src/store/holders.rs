//! Holders with facts beside their records: a state of life, links to other codes. A holder without a row is
//! `normal` and has no links.

use std::collections::HashSet;

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::record_keys::CHUNK;
use super::schema::holders;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, Vault, holder_key_of};
use crate::clock::{Day, Moment};
use crate::closed::closed;
use crate::error::{Code, Error, Result};
use crate::trust::{Aad, HolderKey};

closed! {
    /// The state of a holder's life.
    HolderState {
        Normal, "normal", "正常", "nothing against it";
        Provisional, "provisional", "临时", "a newborn under the number of the birth certificate";
        DeathReported, "death_reported", "有死亡报告，待核实", "one source reported a death that no one competent has confirmed";
        Deceased, "deceased", "死亡", "confirmed by household registration, a court or the issuer";
        Deregistered, "deregistered", "注销户口", "emigration, or a second number that was cancelled";
        MergedInto, "merged_into", "已并入", "the records were moved to another code";
        SplitFrom, "split_from", "重号拆分", "split off from a code that two persons shared";
        Dissolved, "dissolved", "组织终止", "the organisation has ended";
    }
}

impl HolderState {
    fn column(self) -> i16 {
        match self {
            Self::Normal => 0,
            Self::Provisional => 1,
            Self::DeathReported => 2,
            Self::Deceased => 3,
            Self::Deregistered => 4,
            Self::MergedInto => 5,
            Self::SplitFrom => 6,
            Self::Dissolved => 7,
        }
    }

    fn from_column(column: i16) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.column() == column)
    }
}

/// The relation of two codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// The same person under another number.
    SamePerson,
    /// The same organisation, whose organisation code changed.
    SameEntity,
    /// Merger or division: shown, never followed by a lookup.
    Successor,
    /// A key of an earlier form whose records were moved to the key of the person. Nothing is kept under it but the list
    /// of who looked, so no lookup follows it. No agency states it.
    Moved,
}

impl LinkKind {
    /// Lookups follow it to the linked code.
    pub fn is_followed(self) -> bool {
        matches!(self, Self::SamePerson | Self::SameEntity)
    }
}

/// One end of a link, as the other end's row has it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// How they belong together.
    pub kind: LinkKind,
    /// Code type of the other end.
    pub code_type: String,
    /// Code of the other end.
    pub code: String,
    /// The form of the other end that is hashed: its type …
    pub key_type: String,
    /// … and its code.
    pub key_code: String,
    /// True at the end that the link leaves: the older code.
    pub outward: bool,
    /// The legal day.
    pub since: Day,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link {{ {:?}, code type {} }}", self.kind, self.code_type)
    }
}

/// A mark that stands on a holder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderMark {
    /// The state.
    pub state: HolderState,
    /// The legal day since when.
    pub since: Day,
    /// The kind of office that stated it.
    pub source: String,
    /// When it was entered here.
    pub at: Moment,
    /// The identifier of the certificate that says it; none if an office stated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

impl std::fmt::Debug for HolderMark {
    /// Without the certificate, whose identifier may contain a number (I3).
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HolderMark({} since {}, {}, at {:?})", self.state.wire(), self.since, self.source, self.at)
    }
}

/// The sealed part of a holder row.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderBody {
    /// Code type of the holder.
    pub code_type: String,
    /// Its canonical code.
    pub code: String,
    /// Day, source and reason of the state.
    pub state_since: Option<Day>,
    /// The source of the state.
    pub state_source: String,
    /// When it was entered here.
    pub state_at: Option<Moment>,
    /// The identifier of the certificate that says it; none if an office stated it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// Marks that stand beneath the state, the weightiest first: each stands again when what lies over it is taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beneath: Vec<HolderMark>,
    /// Links to other codes.
    pub links: Vec<Link>,
}

impl std::fmt::Debug for HolderBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HolderBody {{ code type {}, {} links }}", self.code_type, self.links.len())
    }
}

/// A holder row, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredHolder {
    /// The key.
    pub hk: HolderKey,
    /// State of life.
    pub state: HolderState,
    /// The rest.
    pub body: HolderBody,
}

pub(super) const TABLE: &str = "holders";

#[derive(Queryable)]
pub(super) struct Row {
    pub(super) hk: Vec<u8>,
    state: i16,
    links: i16,
    key_id: i32,
    pub(super) sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.raw(&self.hk).integer(i64::from(self.state)).integer(i64::from(self.links));
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

fn open(mut row: Row, vault: &Vault) -> Option<StoredHolder> {
    let (_, plain) = sealed::open(TABLE, &mut row, vault, &mut Aad::new())?;
    let body = serde_json::from_slice(&plain).ok()?;
    Some(StoredHolder { hk: holder_key_of(&row.hk)?, state: HolderState::from_column(row.state)?, body })
}

impl Reader<'_> {
    /// The row of a holder: none if there is no row; `record_damaged` if its seal does not hold.
    pub fn holder(&mut self, hk: &HolderKey) -> Result<Option<StoredHolder>> {
        let vault = self.vault;
        // Not `first`: SQLite prepares a statement with a bound LIMIT anew each time it is run.
        let row: Option<Row> =
            native!(self.conn, c => holders::table.find(hk.bytes().as_slice()).get_result(c).optional())
                .map_err(dialect::fault)?;
        let Some(row) = row else { return Ok(None) };
        let damaged = || Error::new(Code::RecordDamaged, "the holder's row does not open");
        open(row, vault).map(Some).ok_or_else(damaged)
    }

    /// Those of these holders of whom a row tells anything: they are marked or linked, or were.
    pub fn holders_told(&mut self, keys: &[HolderKey]) -> Result<HashSet<HolderKey>> {
        let mut found = HashSet::new();
        for chunk in keys.chunks(CHUNK) {
            let wanted: Vec<&[u8]> = chunk.iter().map(|key| key.bytes().as_slice()).collect();
            let rows: Vec<Vec<u8>> = native!(self.conn, c => holders::table
                .filter(holders::hk.eq_any(wanted))
                .select(holders::hk)
                .load(c))
            .map_err(dialect::fault)?;
            found.extend(rows.iter().filter_map(|hk| holder_key_of(hk)));
        }
        Ok(found)
    }

    /// Walks all holder rows in key order from after `after`: the key's column and the row if it opens.
    pub fn walk_holders(
        &mut self,
        after: Option<&[u8]>,
        limit: i64,
    ) -> Result<Vec<(Vec<u8>, Option<StoredHolder>)>> {
        let vault = self.vault;
        let rows: Vec<Row> = native!(self.conn, c => holders::table
            .filter(holders::hk.gt(after.unwrap_or_default()))
            .order(holders::hk)
            .limit(limit)
            .load(c))
        .map_err(dialect::fault)?;
        Ok(rows.into_iter().map(|row| (row.hk.clone(), open(row, vault))).collect())
    }
}

/// Seals one holder as its row.
pub(super) fn seal(holder: &StoredHolder, vault: &Vault) -> Result<Row> {
    let key = vault.current(Purpose::Registry)?;
    let mut row = Row {
        hk: holder.hk.bytes().to_vec(),
        state: holder.state.column(),
        links: i16::try_from(holder.body.links.len()).map_err(Error::internal)?,
        key_id: 0,
        sealed: Vec::new(),
    };
    let plain = serde_json::to_vec(&holder.body).map_err(Error::internal)?;
    sealed::seal(TABLE, &mut row, &key, &plain)?;
    Ok(row)
}

impl Writer<'_> {
    /// Writes a holder's row, whether or not there was one.
    pub fn put_holder(&mut self, holder: &StoredHolder) -> Result<()> {
        let row = seal(holder, self.vault)?;
        native!(&mut *self.conn, c => diesel::delete(holders::table.find(&row.hk)).execute(c))
            .map_err(dialect::fault)?;
        native!(&mut *self.conn, c => diesel::insert_into(holders::table)
            .values((
                holders::hk.eq(&row.hk), holders::state.eq(row.state), holders::links.eq(row.links),
                holders::key_id.eq(row.key_id), holders::sealed.eq(&row.sealed),
            ))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }
}
