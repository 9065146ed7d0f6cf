//! The agencies that may state something about a holder (practice R6): authority over people decides, never a
//! word of the caller.

use crate::catalog::{HolderSource, Region, Statement};
use crate::error::{Code, Error, Result};
use crate::policy::{Actor, Scope, agency_for, decide_scope, may_look};
use crate::record::access::{AllowedBy, Outcome};
use crate::registry::Registry;
use crate::registry::access::change::NotedChange;
use crate::registry::access::entry::Touched;
use crate::rule::Rule;
use crate::store::{HolderState, LinkKind};

/// An agency with the statements it may make.
pub(super) struct Stating {
    /// Its code.
    pub agency: String,
    /// Its kind of office.
    pub source: HolderSource,
    /// All its possible statements about the life of a holder today: it may take these back.
    lives: Vec<Statement>,
    /// Where it may make the statement; everything below is included.
    pub regions: Vec<Region>,
}

impl Stating {
    /// Whether it may take back a mark of that state. A confirmed death is stronger than its report. `normal`
    /// is not a mark, and a state that comes from moving records between holders is not one either.
    pub fn takes_back(&self, state: HolderState) -> bool {
        let mark = !matches!(state, HolderState::Normal | HolderState::MergedInto | HolderState::SplitFrom);
        mark && of_state(state).iter().any(|statement| self.lives.contains(statement))
    }
}

/// The statements that make or take back a mark of that state; the first is the weakest.
pub(in crate::registry) fn of_state(state: HolderState) -> &'static [Statement] {
    match state {
        HolderState::Deceased => &[Statement::Death],
        HolderState::DeathReported => &[Statement::DeathReport, Statement::Death],
        HolderState::Deregistered => &[Statement::Deregistration],
        HolderState::Provisional => &[Statement::Provisional],
        HolderState::Dissolved => &[Statement::Dissolution],
        HolderState::Normal | HolderState::MergedInto | HolderState::SplitFrom => LIVES,
    }
}

/// The state that a statement about a life marks; none of a statement about two codes.
pub(in crate::registry) const fn state_of(statement: Statement) -> Option<HolderState> {
    match statement {
        Statement::Death => Some(HolderState::Deceased),
        Statement::DeathReport => Some(HolderState::DeathReported),
        Statement::Deregistration => Some(HolderState::Deregistered),
        Statement::Provisional => Some(HolderState::Provisional),
        Statement::Dissolution => Some(HolderState::Dissolved),
        Statement::SamePerson | Statement::SameEntity | Statement::Successor => None,
    }
}

/// The statement that makes or takes back a link of that kind.
pub(in crate::registry) const fn of_link(kind: LinkKind) -> &'static [Statement] {
    match kind {
        LinkKind::SamePerson => &[Statement::SamePerson],
        LinkKind::SameEntity => &[Statement::SameEntity],
        LinkKind::Successor => &[Statement::Successor],
        // The registry moves the records itself, and no agency states it.
        LinkKind::Moved => &[],
    }
}

/// Every statement about a life.
const LIVES: &[Statement] = &[
    Statement::Death,
    Statement::DeathReport,
    Statement::Deregistration,
    Statement::Provisional,
    Statement::Dissolution,
];

impl Registry {
    /// The agency that marks a holder with a state. A refusal is an access.
    ///
    /// # Errors
    /// `forbidden` with `scope_missing`, `agency_mismatch`, or the rule of the authority that is missing;
    /// `field_invalid` with `agency_missing` for an operator who names no agency, and `source_of_agency` if
    /// the request claims a source other than the agency's.
    pub(super) fn marking(
        &self,
        actor: &Actor,
        asked: Option<&str>,
        (state, claimed): (HolderState, Option<HolderSource>),
        touched: Touched,
    ) -> Result<Stating> {
        self.stating(actor, asked, of_state(state), claimed, touched)
    }

    /// The agency that links two codes, or takes a link back.
    ///
    /// # Errors
    /// As [`Registry::marking`].
    pub(super) fn linking(
        &self,
        actor: &Actor,
        asked: Option<&str>,
        kind: LinkKind,
        touched: Touched,
    ) -> Result<Stating> {
        self.stating(actor, asked, of_link(kind), None, touched)
    }

    /// Notes a statement about holders, an entry for each, before it is made.
    pub(super) fn note_statement(
        &self,
        actor: &Actor,
        outcome: Outcome,
        touched: &[Touched],
    ) -> Result<NotedChange> {
        self.note_change(actor, (outcome, AllowedBy::Empowered.into()), None, touched)
    }

    /// What was read of a statement; a refusal is an access of whom it names, and goes out once that is noted.
    pub(super) fn or_noted_of<T>(&self, actor: &Actor, touched: &Touched, read: Result<T>) -> Result<T> {
        if let Err(refusal) = &read
            && refusal.is_turned_down()
        {
            self.note_refusal(actor, touched.clone(), refusal)?;
        }
        read
    }

    /// Whether an actor could look up something of a holder, and so may hear what stands there.
    pub(in crate::registry) fn hears(&self, actor: &Actor) -> bool {
        may_look(actor, self.snapshot().catalog.type_codes())
    }

    fn stating(
        &self,
        actor: &Actor,
        asked: Option<&str>,
        needed: &[Statement],
        claimed: Option<HolderSource>,
        touched: Touched,
    ) -> Result<Stating> {
        self.or_noted_of(actor, &touched, self.empowered(actor, asked, needed, claimed))
    }

    fn empowered(
        &self,
        actor: &Actor,
        asked: Option<&str>,
        needed: &[Statement],
        claimed: Option<HolderSource>,
    ) -> Result<Stating> {
        decide_scope(actor, Scope::Holder).required()?;
        let agency = agency_for(actor, asked, "agency")?;
        let agency = agency.ok_or_else(|| {
            let detail = "name the agency that states it: an operator states nothing about people";
            Error::new(Code::FieldInvalid, detail).at("agency").rule(Rule::AgencyMissing)
        })?;
        let snapshot = self.fresh_snapshot()?;
        let today = self.now().day();
        let may = |statement: &Statement| snapshot.catalog.empowered(agency, *statement, today);
        let refused = |rule| {
            let detail = "the agency has no authority over people for this: elicense agencies empower";
            Error::new(Code::Forbidden, detail).at("agency").rule(rule)
        };
        let mut nearest = None;
        let mut given = None;
        for statement in needed {
            match may(statement) {
                Ok(empowerment) => given = given.or(Some(empowerment.source)),
                Err(fault) => nearest = nearest.or(Some(fault.rule())),
            }
        }
        let source = given.ok_or_else(|| refused(nearest.unwrap_or(Rule::EmpowermentMissing)))?;
        if claimed.is_some_and(|claimed| claimed != source) {
            let detail = "the source of a mark follows from the agency's authority over people: leave it out";
            return Err(Error::new(Code::FieldInvalid, detail).at("source").rule(Rule::SourceOfAgency));
        }
        let lives = LIVES.iter().copied().filter(|statement| may(statement).is_ok()).collect();
        let regions = snapshot.catalog.regions_over_people(agency, needed, today);
        Ok(Stating { agency: agency.to_owned(), source, lives, regions })
    }
}

/// The refusal of a change that the stored rows do not allow. Who could look the holder up (`hears`) is told why; to
/// anybody else all such refusals are one, or marks and links would tell what a lookup refuses to.
pub(in crate::registry) fn unchanged(hears: bool, why: Error) -> Error {
    if hears {
        return why;
    }
    Error::new(
        Code::ActionForbidden,
        "nothing was changed: an office that may look the holder up is told why",
    )
    .rule(Rule::HolderUnchanged)
}
