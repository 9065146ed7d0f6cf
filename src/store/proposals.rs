//! Ends of records that a rule proposed to their issuers, and what became of each. A row is sealed and is never deleted;
//! its number is the next one. No hand at the database shows a person to another issuer or settles an end unseen.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::proposals;
use super::sealed::{self, SealedRow};
use super::vault::Purpose;
use crate::closed::closed;
use crate::error::{Error, Result};
use crate::trust::Aad;

closed! {
    /// What became of a proposal.
    SettledBy {
        Ended, "ended", "证照已终止", "the record ended";
        Declined, "declined", "发证机构未采纳", "the issuer declined it";
        TakenBack, "taken_back", "提出终止建议的证照已不成立", "the certificate that proposed it no longer stands";
    }
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// The record's issuer, by its code.
    pub issuer: String,
    /// When it was proposed.
    pub at: i64,
    /// The record.
    pub record_id: Vec<u8>,
    /// Wire name of the action.
    pub action: String,
    /// The key of one of its holders, under which its rows are.
    pub hk: Vec<u8>,
    /// Code of the type whose certificate proposes it.
    pub because: String,
    /// When it was settled; none while it is open.
    pub settled_at: Option<i64>,
    /// [`SettledBy`] by its wire name.
    pub settled_by: Option<String>,
}

/// The place of a proposal in the list: when, of which record, which action.
pub type ProposalPlace = (i64, Vec<u8>, String);

const TABLE: &str = "proposals";

#[derive(Debug, Queryable, Insertable)]
#[diesel(table_name = proposals)]
struct Row {
    number: i64,
    issuer: String,
    at: i64,
    record_id: Vec<u8>,
    action: String,
    hk: Vec<u8>,
    because: String,
    settled_at: Option<i64>,
    settled_by: Option<String>,
    key_id: i32,
    sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.integer(self.number).text(&self.issuer).integer(self.at).raw(&self.record_id).text(&self.action);
        aad.raw(&self.hk).text(&self.because);
        aad.integer_or_null(self.settled_at).text_or_null(self.settled_by.as_deref());
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

impl Row {
    fn of(number: i64, row: &ProposalRow) -> Self {
        let ProposalRow { issuer, at, record_id, action, hk, because, settled_at, settled_by } = row.clone();
        let (key_id, sealed) = (0, Vec::new());
        Self { number, issuer, at, record_id, action, hk, because, settled_at, settled_by, key_id, sealed }
    }

    fn place(&self) -> ProposalPlace {
        (self.at, self.record_id.clone(), self.action.clone())
    }

    /// The proposal under its number; none if its seal is broken.
    fn opened(mut self, reader: &Reader<'_>) -> Option<(i64, ProposalRow)> {
        sealed::open(TABLE, &mut self, reader.vault, &mut Aad::new())?;
        let Self { number, issuer, at, record_id, action, hk, because, settled_at, settled_by, .. } = self;
        Some((number, ProposalRow { issuer, at, record_id, action, hk, because, settled_at, settled_by }))
    }
}

impl Reader<'_> {
    /// The open proposals to these issuers (none: to all) behind a place, oldest first, at most `most`. One whose seal
    /// is broken is not among them: what its columns say is the word of whoever wrote them.
    pub fn open_proposals(
        &mut self,
        issuers: Option<&[String]>,
        after: Option<&ProposalPlace>,
        most: usize,
    ) -> Result<Vec<ProposalRow>> {
        let limit = i64::try_from(most).map_err(Error::internal)?;
        let (mut open, mut after) = (Vec::new(), after.cloned());
        loop {
            let rows = self.open_rows(issuers, after.as_ref(), limit)?;
            let whole = rows.len() == most;
            after = rows.last().map(Row::place);
            open.extend(rows.into_iter().filter_map(|row| row.opened(self)).map(|(_, row)| row));
            if open.len() >= most || !whole {
                open.truncate(most);
                return Ok(open);
            }
        }
    }

    fn open_rows(
        &mut self,
        issuers: Option<&[String]>,
        after: Option<&ProposalPlace>,
        limit: i64,
    ) -> Result<Vec<Row>> {
        let order = (proposals::at, proposals::record_id, proposals::action);
        let mut open = proposals::table.filter(proposals::settled_at.is_null()).into_boxed::<_>();
        if let Some(issuers) = issuers {
            open = open.filter(proposals::issuer.eq_any(issuers));
        }
        if let Some((at, record, action)) = after {
            let later = proposals::at.gt(*at);
            let same = proposals::at.eq(*at).and(
                proposals::record_id
                    .gt(record.clone())
                    .or(proposals::record_id.eq(record.clone()).and(proposals::action.gt(action.clone()))),
            );
            open = open.filter(later.or(same));
        }
        open.order(order).limit(limit).load(self.conn).map_err(dialect::fault)
    }

    /// Proposals by their numbers, open and settled, from behind one, at most `most`: the number of each row, and the
    /// proposal unless its seal is broken.
    pub fn walk_proposals(
        &mut self,
        after: Option<i64>,
        most: i64,
    ) -> Result<Vec<(i64, Option<ProposalRow>)>> {
        let mut walk = proposals::table.into_boxed::<_>();
        if let Some(after) = after {
            walk = walk.filter(proposals::number.gt(after));
        }
        let rows: Vec<Row> =
            walk.order(proposals::number).limit(most).load(self.conn).map_err(dialect::fault)?;
        Ok(rows.into_iter().map(|row| (row.number, row.opened(self).map(|(_, row)| row))).collect())
    }

    /// The proposals about a record, open and settled, oldest first; without those whose seal is broken.
    pub fn proposals_about(&mut self, record_id: &[u8; 16]) -> Result<Vec<ProposalRow>> {
        let rows: Vec<Row> = proposals::table
            .filter(proposals::record_id.eq(record_id.as_slice()))
            .order((proposals::at, proposals::number))
            .load(self.conn)
            .map_err(dialect::fault)?;
        Ok(rows.into_iter().filter_map(|row| row.opened(self)).map(|(_, row)| row).collect())
    }

    /// Every whole proposal of an action about a record, with its number.
    fn proposals_of(&mut self, record_id: &[u8], actions: &[&str]) -> Result<Vec<(i64, ProposalRow)>> {
        let rows: Vec<Row> = proposals::table
            .filter(proposals::record_id.eq(record_id).and(proposals::action.eq_any(actions)))
            .load(self.conn)
            .map_err(dialect::fault)?;
        Ok(rows.into_iter().filter_map(|row| row.opened(self)).collect())
    }
}

impl Writer<'_> {
    /// Adds a proposal, unless the same is open for the record.
    pub fn propose(&mut self, row: &ProposalRow) -> Result<()> {
        let earlier = self.proposals_of(&row.record_id, &[&row.action])?;
        if earlier.iter().any(|(_, one)| one.settled_at.is_none() || one.at == row.at) {
            return Ok(());
        }
        self.keep_proposal(row)
    }

    /// Adds a proposal as another registry tells it, open or settled.
    pub fn keep_proposal(&mut self, row: &ProposalRow) -> Result<()> {
        // Two writers that count at once get the same number, and the second is refused.
        let last: Option<i64> = proposals::table
            .select(diesel::dsl::max(proposals::number))
            .first(self.conn)
            .map_err(dialect::fault)?;
        let number = last.unwrap_or(0).checked_add(1).ok_or_else(|| Error::internal("no number is left"))?;
        let mut row = Row::of(number, row);
        sealed::seal(TABLE, &mut row, &self.vault.current(Purpose::Registry)?, &[])?;
        diesel::insert_into(proposals::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }

    /// Puts what another registry tells of a proposal in the place of the one that is open here for the same action of the
    /// record, if there is one.
    pub fn replace_open_proposal(&mut self, row: &ProposalRow) -> Result<bool> {
        let mut open = self.proposals_of(&row.record_id, &[&row.action])?;
        open.retain(|(_, one)| one.settled_at.is_none());
        let Some((number, _)) = open.first() else { return Ok(false) };
        let mut row = Row::of(*number, row);
        sealed::seal(TABLE, &mut row, &self.vault.current(Purpose::Registry)?, &[])?;
        diesel::update(proposals::table.find(row.number))
            .set((
                proposals::issuer.eq(row.issuer),
                proposals::at.eq(row.at),
                proposals::hk.eq(row.hk),
                proposals::because.eq(row.because),
                proposals::settled_at.eq(row.settled_at),
                proposals::settled_by.eq(row.settled_by),
                proposals::key_id.eq(row.key_id),
                proposals::sealed.eq(row.sealed),
            ))
            .execute(self.conn)
            .map(|_| true)
            .map_err(dialect::fault)
    }

    /// Settles the open proposals of a record for these actions; how many there were. One whose seal is broken stays as
    /// it is, for `fsck` to name.
    pub fn settle_proposals(
        &mut self,
        record_id: &[u8; 16],
        actions: &[&str],
        (at, by): (i64, SettledBy),
    ) -> Result<usize> {
        let mut open = self.proposals_of(record_id, actions)?;
        open.retain(|(_, row)| row.settled_at.is_none());
        for (number, row) in &mut open {
            row.settled_at = Some(at);
            row.settled_by = Some(by.wire().to_owned());
            let mut row = Row::of(*number, row);
            sealed::seal(TABLE, &mut row, &self.vault.current(Purpose::Registry)?, &[])?;
            diesel::update(proposals::table.find(row.number))
                .set((
                    proposals::settled_at.eq(row.settled_at),
                    proposals::settled_by.eq(row.settled_by),
                    proposals::key_id.eq(row.key_id),
                    proposals::sealed.eq(row.sealed),
                ))
                .execute(self.conn)
                .map_err(dialect::fault)?;
        }
        Ok(open.len())
    }
}
