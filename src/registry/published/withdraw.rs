//! Withdrawals (收回): an authority ends from a day on, a statement of coverage from now on. Nothing is deleted: the
//! signed events tell who held what on every day, and what was issued or stated before stays as good as it was.

use crate::catalog::{Authority, Empowerment, Region, Statement};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::published::notice::{Notice, Stated, stored_body};
use crate::rule::Rule;
use crate::store::{AuthorityRow, EmpowermentRow};

/// What is withdrawn from an agency, from which day on, and why.
#[derive(Debug, Clone, Copy)]
pub struct Withdrawal<'a> {
    /// The agency's code.
    pub agency: &'a str,
    /// The region as the authority has it; none for every region.
    pub region: Option<Region>,
    /// The first day without it, after today.
    pub from: Day,
    /// Why; it stands in the public order.
    pub ground: &'a str,
}

impl Registry {
    /// Withdraws the authority to issue these types. What the agency took over from a predecessor is withdrawn too.
    /// Returns what is left of each authority: the same with its last day.
    ///
    /// # Errors
    /// `issuer_unknown`; `field_invalid` with rule `withdrawal_day` for a day that is not after today, with
    /// `authority_not_held` where it holds none of them on that day.
    pub fn withdraw_authority(
        &self,
        actor: &str,
        types: &[String],
        what: &Withdrawal<'_>,
    ) -> Result<Vec<Authority>> {
        let snapshot = self.withdrawing(what)?;
        let issuers = snapshot.catalog.issuers();
        let last = what.from.plus_days(-1);
        let granted = types.iter().flat_map(|code| issuers.grants(code));
        let ended: Vec<Authority> = granted
            .filter(|grant| {
                let held = held_from(&snapshot, what, (&grant.agency, grant.region), (grant.from, grant.to));
                held && issuers.holds(grant, what.agency, what.from)
            })
            .map(|grant| Authority { to: Some(last), ..grant.clone() })
            .collect();
        if ended.is_empty() {
            return Err(not_held());
        }
        let rows = ended.iter().map(|grant| {
            Ok(AuthorityRow {
                agency: grant.agency.clone(),
                type_code: grant.type_code.clone(),
                region: grant.region.to_string(),
                valid_from: grant.from.number(),
                body: serde_json::to_string(grant).map_err(Error::internal)?,
            })
        });
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let kind = EventKind::Authority;
        let stated = rows.iter().map(|row| Ok(Stated::row(kind, stored_body(&row.body)?)));
        self.publish(&notice(kind, actor, what.ground), stated.collect::<Result<_>>()?, |writer| {
            rows.iter().try_for_each(|row| writer.put_authority(row))
        })?;
        Ok(ended)
    }

    /// The same of an authority over people.
    ///
    /// # Errors
    /// As there.
    pub fn withdraw_empowerment(
        &self,
        actor: &str,
        statement: Statement,
        what: &Withdrawal<'_>,
    ) -> Result<Vec<Empowerment>> {
        let snapshot = self.withdrawing(what)?;
        let last = what.from.plus_days(-1);
        let given = snapshot.catalog.empowerments().iter().filter(|one| one.statement == statement);
        let ended: Vec<Empowerment> = given
            .filter(|one| {
                let held = held_from(&snapshot, what, (&one.agency, one.region), (one.from, one.to));
                held && snapshot.catalog.holds_over_people(one, what.agency, what.from)
            })
            .map(|one| Empowerment { to: Some(last), ..one.clone() })
            .collect();
        if ended.is_empty() {
            return Err(not_held());
        }
        let rows = ended.iter().map(|one| {
            Ok(EmpowermentRow {
                agency: one.agency.clone(),
                statement: one.statement.wire().to_owned(),
                region: one.region.to_string(),
                valid_from: one.from.number(),
                body: serde_json::to_string(one).map_err(Error::internal)?,
            })
        });
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let kind = EventKind::Empowerment;
        let stated = rows.iter().map(|row| Ok(Stated::row(kind, stored_body(&row.body)?)));
        self.publish(&notice(kind, actor, what.ground), stated.collect::<Result<_>>()?, |writer| {
            rows.iter().try_for_each(|row| writer.put_empowerment(row))
        })?;
        Ok(ended)
    }

    /// Takes a statement of coverage off the books: from now on nothing is told absent by it, and its feed has no
    /// heartbeat until coverage is stated again, by an operator or by the agency's own system.
    ///
    /// # Errors
    /// `type_unknown`; `not_found` with rule `coverage_missing` where none is in force.
    pub fn withdraw_coverage(&self, actor: &str, named: &str, system: &str, ground: &str) -> Result<()> {
        texts::ground("ground", ground)?;
        let snapshot = self.fresh_snapshot()?;
        let type_code = snapshot.type_named(named)?.def().code.clone();
        let missing = || {
            let detail = "no statement is in force for this type and system";
            Error::new(Code::NotFound, detail).at("issuing_system").rule(Rule::CoverageMissing)
        };
        let mut stated = snapshot.catalog.coverages(&type_code).iter();
        if !stated.any(|one| one.issuing_system == system) {
            return Err(missing());
        }
        let subject = format!("{type_code}:{system}");
        let stated = vec![Stated { subject, body: None }];
        self.publish(&notice(EventKind::Coverage, actor, ground), stated, |writer| {
            if writer.delete_coverage(&type_code, system)? { Ok(()) } else { Err(missing()) }
        })
    }

    fn withdrawing(&self, what: &Withdrawal<'_>) -> Result<std::sync::Arc<Snapshot>> {
        texts::ground("ground", what.ground)?;
        let snapshot = self.fresh_snapshot()?;
        self.known_agency(what.agency)?;
        if what.from <= self.now().day() {
            let detail = "a withdrawal begins after today";
            return Err(Error::new(Code::FieldInvalid, detail).at("from").rule(Rule::WithdrawalDay));
        }
        Ok(snapshot)
    }
}

/// Whether that is the agency's, of the region meant, and began before the day: its own, or that of an agency from
/// which it took over.
fn held_from(
    snapshot: &Snapshot,
    what: &Withdrawal<'_>,
    (agency, region): (&str, Region),
    (from, to): (Day, Option<Day>),
) -> bool {
    let answers = snapshot.catalog.issuers().agencies().successor(agency, what.from);
    let own = agency == what.agency || answers.is_some_and(|answers| answers.code == what.agency);
    own && what.region.is_none_or(|meant| meant == region)
        && from < what.from
        && to != Some(what.from.plus_days(-1))
}

fn notice<'a>(kind: EventKind, actor: &'a str, ground: &'a str) -> Notice<'a> {
    Notice { kind, action: PublicAction::Withdraw, actor, ground: Some(ground), signer: None }
}

fn not_held() -> Error {
    let detail = "the agency holds no such authority on that day";
    Error::new(Code::FieldInvalid, detail).at("agency").rule(Rule::AuthorityNotHeld)
}
