//! The ends that were proposed to an issuer and are not settled: a list that stays, oldest first.
//!
//! It shows something of people, so whoever reads it is charged for each holder of each record on the page, and stands
//! on the list of each. What cannot be charged is withheld. A client sees the proposals to its own agency, and to those
//! from which it took over, of the types that it may act on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::{Actor, Scope, decide, decide_scope};
use crate::record::access::Outcome;
use crate::record::action::Action;
use crate::record::state::State;
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::access::withheld::Withheld;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::kept::{self, Kept};
use crate::rule::Rule;
use crate::store::{Opened, ProposalPlace, ProposalRow, Reader};
use crate::trust::HolderKey;

/// Most proposals on a page.
const PAGE: usize = 50;

/// A page that is asked for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalsAsk {
    /// `next` of the page before; a page has at most 50 proposals.
    #[serde(default)]
    pub after: Option<String>,
}

/// A page of open proposals, oldest first.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProposalList {
    /// The proposals.
    pub proposals: Vec<OpenProposal>,
    /// Where the next page begins; none at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
    /// `whole` where proposals were left out, since the day's budget of holders is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub withheld: Option<Withheld>,
}

/// An end that a rule proposes to the issuer of a record, who decides.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OpenProposal {
    /// When it was proposed.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
    /// The issuer that decides.
    pub issuer: String,
    /// The record's identifier; absent where it is as secret as a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub identifier: Option<String>,
    /// Its type.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The type's name.
    pub name_zh: String,
    /// Its present version, which an action names.
    #[schema(minimum = 1)]
    pub version: u32,
    /// Its present state.
    pub state: State,
    /// Its holders, masked.
    pub holders: Vec<String>,
    /// The action that is proposed.
    pub action: Action,
    /// Code of the type whose certificate proposes it.
    pub because: String,
    /// The name of that type.
    pub because_zh: String,
}

impl Registry {
    /// A page of the open proposals: of a client to its own agency; of an operator to `agency`, or to all.
    ///
    /// # Errors
    /// `forbidden` without the scope `act`; `field_invalid` with rule `cursor` for a cursor of another list.
    pub fn proposals(&self, actor: &Actor, agency: Option<&str>, ask: &ProposalsAsk) -> Result<ProposalList> {
        decide_scope(actor, Scope::Act).required()?;
        let snapshot = self.fresh_snapshot()?;
        let agency = actor.agency().or(agency);
        if let Some(agency) = agency {
            self.known_agency(agency)?;
        }
        let issuers = agency.map(|agency| self.answering(&snapshot, agency));
        let after = ask.after.as_deref().map(place).transpose()?;
        let (mut rows, found) = self.store().read_now(|reader| {
            let rows = reader.open_proposals(issuers.as_deref(), after.as_ref(), PAGE + 1)?;
            let found = rows.iter().map(|row| record(reader, row)).collect::<Result<Vec<_>>>()?;
            Ok((rows, found))
        })?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let (mut proposals, mut withheld) = (Vec::new(), None);
        let mut touched: BTreeMap<String, Vec<Touched>> = BTreeMap::new();
        for (row, found) in rows.iter().zip(found) {
            let granted = |kept: &Kept| {
                let type_code = kept.rows.first().map(|first| first.type_code.as_str()).unwrap_or_default();
                decide(actor, Scope::Act, type_code, None).refusal().is_none()
            };
            // A row that does not open is told by `fsck`, and here by nothing.
            let Some(kept) = found.filter(|kept| !kept.damaged && granted(kept)) else { continue };
            let holders = kept.whole()?.touched_each();
            if !self.may_list(actor, &holders)? {
                withheld = Some(Withheld::Whole);
                continue;
            }
            let shown = open(&snapshot, row, &kept)?;
            touched.entry(shown.type_code.clone()).or_default().extend(holders);
            proposals.push(shown);
        }
        for (type_code, holders) in &touched {
            self.note_record_change(actor, (Outcome::Listed, Scope::Act), type_code, holders).map(drop)?;
        }
        let next = rows.last().filter(|_| more).map(cursor);
        Ok(ProposalList { proposals, next, withheld })
    }

    /// The agency and those whose work it took over.
    fn answering(&self, snapshot: &Snapshot, agency: &str) -> Vec<String> {
        let today = self.now().day();
        let agencies = snapshot.catalog.issuers().agencies();
        let mut codes: Vec<String> = vec![agency.to_owned()];
        for one in agencies.all() {
            let answers = agencies.successor(&one.code, today);
            if answers.is_some_and(|answers| answers.code == agency) && !codes.contains(&one.code) {
                codes.push(one.code.clone());
            }
        }
        codes
    }
}

fn open(snapshot: &Snapshot, row: &ProposalRow, kept: &Kept) -> Result<OpenProposal> {
    let first = kept.first()?;
    let name = |code: &str| {
        let entry = snapshot.catalog.type_of(code);
        entry.map_or_else(|| code.to_owned(), |entry| entry.def().name.zh.clone())
    };
    let no_action = || Error::new(Code::RecordDamaged, "a proposal names no action");
    Ok(OpenProposal {
        at: Moment::from_micros(row.at),
        issuer: row.issuer.clone(),
        identifier: first.identifier.clone(),
        type_code: first.type_code.clone(),
        name_zh: name(&first.type_code),
        version: u32::try_from(first.version).map_err(Error::internal)?,
        state: first.state,
        holders: kept.rows.iter().map(|row| masked(&row.body.holder)).collect(),
        action: Action::from_wire(&row.action).ok_or_else(no_action)?,
        because: row.because.clone(),
        because_zh: name(&row.because),
    })
}

/// The record that a proposal is about, under all its holders; none where its row is gone or does not open.
fn record(reader: &mut Reader<'_>, row: &ProposalRow) -> Result<Option<Kept>> {
    let (Ok(hk), Ok(id)) = (<[u8; 16]>::try_from(&*row.hk), <[u8; 16]>::try_from(&*row.record_id)) else {
        return Ok(None);
    };
    match reader.record(&HolderKey::from_bytes(hk), &id)? {
        Some(Opened::Record(first)) => kept::readable(reader, &first.body.identifier),
        Some(Opened::Damaged { .. }) | None => Ok(None),
    }
}

fn masked((code_type, code): &(String, String)) -> String {
    let parsed = code_type.parse().ok().and_then(|kind| HolderCode::parse(kind, code).ok());
    parsed.map_or_else(String::new, |parsed| parsed.code.masked())
}

fn cursor(row: &ProposalRow) -> String {
    let id: String = row.record_id.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}.{id}.{}", row.at, row.action)
}

fn place(text: &str) -> Result<ProposalPlace> {
    let read = || {
        let mut parts = text.splitn(3, '.');
        let at = parts.next()?.parse().ok()?;
        let id = parts.next().filter(|id| id.len() == 32 && id.is_ascii())?;
        let id = id
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        let action = parts.next().filter(|action| Action::from_wire(action).is_some())?;
        Some((at, id.collect::<Option<Vec<u8>>>()?, action.to_owned()))
    };
    read().ok_or_else(|| {
        Error::new(Code::FieldInvalid, "Not a cursor of this list.").at("after").rule(Rule::Cursor)
    })
}
