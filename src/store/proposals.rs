//! Ends of records that a rule proposed to their issuers, and what became of each.

use diesel::prelude::*;

use super::dialect;
use super::doors::{Reader, Writer};
use super::schema::proposals;
use crate::closed::closed;
use crate::error::Result;

closed! {
    /// What became of a proposal.
    SettledBy {
        Ended, "ended", "证照已终止", "the record ended";
        Declined, "declined", "发证机构未采纳", "the issuer declined it";
    }
}

/// A row of `proposals`.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Insertable)]
#[diesel(table_name = proposals)]
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

impl Reader<'_> {
    /// The open proposals to these issuers (none: to all) behind a place, oldest first, at most `most`.
    pub fn open_proposals(
        &mut self,
        issuers: Option<&[String]>,
        after: Option<&ProposalPlace>,
        most: i64,
    ) -> Result<Vec<ProposalRow>> {
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
        open.order(order).limit(most).load(self.conn).map_err(dialect::fault)
    }

    /// Whether one is open for a record.
    pub fn is_proposed(&mut self, record_id: &[u8; 16], action: &str) -> Result<bool> {
        let open = proposals::table.filter(
            proposals::record_id
                .eq(record_id.as_slice())
                .and(proposals::action.eq(action))
                .and(proposals::settled_at.is_null()),
        );
        let found: i64 = open.count().get_result(self.conn).map_err(dialect::fault)?;
        Ok(found > 0)
    }
}

impl Writer<'_> {
    /// Adds a proposal, unless the same is open for the record.
    pub fn propose(&mut self, row: &ProposalRow) -> Result<()> {
        let same = proposals::table.filter(
            proposals::record_id
                .eq(&row.record_id)
                .and(proposals::action.eq(&row.action))
                .and(proposals::settled_at.is_null().or(proposals::at.eq(row.at))),
        );
        let found: i64 = same.count().get_result(self.conn).map_err(dialect::fault)?;
        if found > 0 {
            return Ok(());
        }
        diesel::insert_into(proposals::table).values(row).execute(self.conn).map(drop).map_err(dialect::fault)
    }

    /// Settles the open proposals of a record for these actions; how many there were.
    pub fn settle_proposals(
        &mut self,
        record_id: &[u8; 16],
        actions: &[&str],
        (at, by): (i64, SettledBy),
    ) -> Result<usize> {
        let open = proposals::table.filter(
            proposals::record_id
                .eq(record_id.as_slice())
                .and(proposals::action.eq_any(actions))
                .and(proposals::settled_at.is_null()),
        );
        diesel::update(open)
            .set((proposals::settled_at.eq(at), proposals::settled_by.eq(by.wire())))
            .execute(self.conn)
            .map_err(dialect::fault)
    }
}
