//! Lookup: a number in, verdicts and documents out, after the access was logged.
//!
//! number → key → one range scan → verdicts → envelope or extract → access entry durable → answer. Nothing is
//! returned before the entry is durable (I2). Two steps cost: opening the seals, and writing the answer.
//! There is no JSON tree on the way.
//!
//! [`Registry::lookup`] gives the answer's bytes, for the API; [`Registry::lookup_value`] the same answer as
//! a value, for code that reads it.

mod absent;
mod answer;
mod ask;
mod judge;
mod looked_up;
mod party;
mod scan;

pub use absent::AbsentType;
pub use answer::{Answered, LookupAnswer, RecordAnswer, RelatedAnswer};
pub use ask::{Ask, Cursor, Prepared, Within};
pub use looked_up::{FoundHolder, FoundRecord, Judged, LookedUp, OpenedRecord, ShownBody};
pub(in crate::registry) use party::{Paper, PartyPapers};
pub(in crate::registry) use scan::{FoundRow, Meeting, Wanted};

use std::collections::BTreeSet;

use crate::bounds;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, Parsed};
use crate::log::Submission;
use crate::policy::{Actor, Decision, Permit, Right, Scope};
use crate::record::access::{AllowedBy, Outcome};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::asked::{Purpose, check_purpose, check_unnamed, right_of};
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::people::grants::has_field;
use crate::registry::records::draft;
use crate::registry::records::near::Near;
use crate::rule::Rule;
use crate::store::{HolderState, Opened};
use crate::trust::HolderKey;
use judge::{Judge, SeenBy};
use scan::Found;

impl Registry {
    /// Checks number and purpose. A bad number is refused here, before anything is read or logged.
    pub fn prepare_lookup<'a>(&self, ask: &'a Ask) -> Result<Prepared<'a>> {
        check_purpose(&ask.purpose)?;
        bounds::at_most(bounds::FIELDS, ask.fields.as_ref().map_or(0, BTreeSet::len), "fields")?;
        names_only("types", ask.types.iter().flatten())?;
        names_only("fields", ask.fields.iter().flatten())?;
        let holder = self.asked_holder(&ask.holder, "holder")?;
        check_unnamed(&ask.purpose, &holder.parsed.code)?;
        Ok(Prepared { ask, holder })
    }

    /// Answers a prepared lookup in bytes.
    ///
    /// # Errors
    /// `budget_spent`; `forbidden` (noted as an access).
    pub async fn lookup(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<Answered> {
        let form = prepared.ask.receipt;
        let (judged, submission) = self.judged(actor, prepared).await?;
        let written = judged.written()?;
        // Free the rows before waiting: under load many requests wait for one commit.
        drop(judged);
        let accepted = self.access()?.note(submission).await?;
        written.finish(HandedReceipt { accepted, form })
    }

    /// Answers a prepared lookup as a value.
    pub async fn lookup_value(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<LookedUp> {
        let form = prepared.ask.receipt;
        let (judged, submission) = self.judged(actor, prepared).await?;
        let accepted = self.access()?.note(submission).await?;
        Ok(LookedUp { judged, receipt: HandedReceipt { accepted, form } })
    }

    /// The allowed part, and the access entry that must be durable before it is shown. A refusal is noted
    /// here.
    async fn judged(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<(Judged, Submission)> {
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        let Prepared { ask, holder } = prepared;
        let permit = self.permit(actor, Scope::Lookup, &holder).await?;
        let parsed = holder.parsed;
        let mut touched = Touched::one(&parsed.code, permit.holder());
        let entry = Entry::of(actor)
            .purpose(&ask.purpose)
            .in_force(&snapshot.catalog, self.now().day())
            .types(ask.types.as_ref().map(|types| types.iter().map(String::as_str)))
            .fields(ask.fields.as_ref().map(|fields| fields.iter().map(String::as_str)));
        let types = asked_types(&snapshot, ask)?;
        bounded(&snapshot, ask, types.as_deref())?;
        known_fields(&snapshot, ask, types.as_deref())?;
        let after = ask.after.as_deref().map(str::parse).transpose()?;
        let meeting = Meeting { actor, permit: &permit, code: &parsed.code, purpose: &ask.purpose };
        let near = self.meet(meeting, &snapshot, (&entry, &touched)).await?;
        let asking = self.asking(&snapshot, permit, (ask, &parsed.code), types.as_deref());
        let asking = match asking {
            Ok(asking) => asking,
            Err(reason) => {
                let others = self.other_numbers(&ask.purpose, &touched).await?;
                self.refused(actor, &entry.beside(&others), touched, reason).await?;
                return Err(Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason));
            }
        };
        let wanted = Wanted { types: types.clone(), after, proofs: ask.proofs };
        let found = self.scan(&snapshot, &permit, &parsed.code, wanted).await?;
        self.watch(&permit, Some(&parsed.code), found.rows.is_empty());
        self.meet_found(meeting, (&near, &found), (&entry, &touched)).await?;
        let (judged, decision) = asking.show(self, parsed, found, (&near, &mut touched))?;
        self.tell_met(actor, &near).await?;
        let outcome = if judged.records.is_empty() { Outcome::NothingOnFile } else { Outcome::Answered };
        let came_to = CameTo::shown(outcome, decision, judged.digest());
        let submission = entry.submission(access.name(), touched, came_to)?;
        self.still_allowed(actor, &snapshot, Some(&ask.purpose)).await?;
        Ok((judged, submission))
    }

    /// Refuses a purpose that names the holder by a linked number. The refusal is noted without the words that name
    /// somebody.
    pub(super) async fn unnamed_in(
        &self,
        actor: &Actor,
        found: &Found,
        purpose: &Purpose,
        touched: &Touched,
    ) -> Result<()> {
        let Err(named) = found.check_unnamed(purpose) else { return Ok(()) };
        self.refused(actor, &Entry::of(actor), touched.clone(), Rule::NumberInText).await?;
        Err(named)
    }

    /// What is asked, by the right of who asks.
    ///
    /// # Errors
    /// The rule by which nothing of it is allowed.
    fn asking<'a>(
        &self,
        snapshot: &'a Snapshot,
        permit: Permit<'a>,
        (ask, code): (&'a Ask, &HolderCode),
        types: Option<&'a [String]>,
    ) -> std::result::Result<Asking<'a>, Rule> {
        let about = (&ask.purpose, Some(code.code_type().is_person()));
        let right = right_of(&snapshot.catalog, permit.actor(), about, self.now().day())?;
        let asking = Asking { snapshot, permit, right, ask, types };
        asking.refusal().map_or(Ok(asking), Err)
    }

    /// The same without access entry and receipt, to measure their cost. Breaks I2; see `api::bench`.
    #[cfg(feature = "bench-routes")]
    pub async fn lookup_unlogged(&self, actor: &Actor, prepared: Prepared<'_>) -> Result<Vec<u8>> {
        let snapshot = self.fresh_snapshot()?;
        let Prepared { ask, holder } = prepared;
        let permit = self.permit(actor, Scope::Lookup, &holder).await?;
        let parsed = holder.parsed;
        let types = asked_types(&snapshot, ask)?;
        let asking = self.asking(&snapshot, permit, (ask, &parsed.code), types.as_deref());
        let refused =
            |reason| Error::new(Code::Forbidden, "policy has no grant for this lookup").rule(reason);
        let asking = asking.map_err(refused)?;
        let mut touched = Touched::one(&parsed.code, permit.holder());
        let wanted = Wanted { types: types.clone(), after: None, proofs: ask.proofs };
        let found = self.scan(&snapshot, &permit, &parsed.code, wanted).await?;
        let near = self.near(actor, &snapshot).await?;
        asking.show(self, parsed, found, (&near, &mut touched))?.0.written()?.unlogged(self.now())
    }
}

/// Names of types and fields stand in the entry as they were asked for.
fn names_only<'a>(list: &'static str, names: impl Iterator<Item = &'a String>) -> Result<()> {
    for (at, name) in names.enumerate() {
        texts::line(list, name, 100).map_err(|error| error.at(format!("{list}.{at}")))?;
    }
    Ok(())
}

/// Who asks for which types.
struct Asking<'a> {
    snapshot: &'a Snapshot,
    permit: Permit<'a>,
    right: Right<'a>,
    ask: &'a Ask,
    /// Codes of the types asked for; none if all were.
    types: Option<&'a [String]>,
}

impl Asking<'_> {
    /// What policy says. Whatever a grant says, a type that is only relayed is looked up by nobody (R11).
    fn decide(&self, type_code: &str) -> Decision {
        let def = self.snapshot.catalog.type_of(type_code).map(|entry| entry.def());
        let slug = def.map(|def| def.slug.as_str()).unwrap_or_default();
        let decision = self.permit.decide_by(&self.right, (type_code, slug));
        let relayed = def.is_some_and(|def| def.relay_only);
        match decision {
            Decision::Allowed { .. } if relayed => Decision::Refused { reason: Rule::TypeRelayed },
            _ => decision,
        }
    }

    /// The reason why nothing of this lookup is allowed; none if something is. Each named type must be
    /// allowed; if none are named, one allowed type is enough.
    fn refusal(&self) -> Option<Rule> {
        let refused = |code: &str| self.decide(code).refusal();
        match self.types {
            Some(types) => types.iter().find_map(|code| refused(code)),
            None => {
                let mut first = None;
                for code in self.snapshot.catalog.type_codes() {
                    match refused(code) {
                        None => return None,
                        Some(reason) => first = first.or(Some(reason)),
                    }
                }
                first
            }
        }
    }

    /// The found records as far as policy lets them out, the absences, and the last decision's reason. The
    /// other holders of shown joint records are added to `touched`.
    fn show(
        &self,
        registry: &Registry,
        parsed: Parsed,
        found: Found,
        (near, touched): (&Near, &mut Touched),
    ) -> Result<(Judged, AllowedBy)> {
        let now = registry.now();
        let missing = self.missing(&found);
        let asked = self.asked(registry, &parsed, &found, now);
        let mut holder = found.holder(&parsed);
        let may_show = |holder| registry.guard().may_show(&self.permit, holder, now);
        let may_show_all = |holders: &[HolderKey]| registry.guard().may_show_all(&self.permit, holders, now);
        found.touch(touched, may_show);
        let (beside, left_out) = found.beside(touched, may_show);
        holder.related = beside;
        let Found { head, rows, lives, next, related, .. } = found;
        let index = registry.store().vault().index();
        let judge = Judge {
            snapshot: self.snapshot,
            lives: &lives,
            index,
            now,
            may_show: &may_show_all,
            related: &related,
        };
        let (records, reason, withheld) = self.records((&judge, near), rows, touched)?;
        let absent = match withheld {
            // It would be told of what is left out too.
            Some(_) => Vec::new(),
            None => missing
                .iter()
                .filter(|code| self.types.is_some() || asked.mentions(code))
                .map(|code| asked.absence(code))
                .collect::<Result<_>>()?,
        };
        Ok((Judged { records, absent, holder, head, next, withheld: withheld.or(left_out) }, reason))
    }

    /// The types to tell an absence of, on the first page: those that were named, or without names those that
    /// policy allows and that apply to the holder; less those that are on file.
    fn missing(&self, found: &Found) -> Vec<String> {
        if self.ask.after.is_some() {
            return Vec::new();
        }
        let on_file: BTreeSet<&str> = found
            .rows
            .iter()
            .map(FoundRow::type_code)
            .chain(found.elsewhere.iter().map(String::as_str))
            .collect();
        let absent = |code: &&str| !on_file.contains(code);
        match self.types {
            Some(types) => types.iter().map(String::as_str).filter(absent).map(str::to_owned).collect(),
            None => self.allowed().filter(absent).map(str::to_owned).collect(),
        }
    }

    /// The question of the absences. Only records that policy lets the asker see say where the holder has
    /// records; those under a linked number only where they are shown too.
    fn asked<'a>(
        &'a self,
        registry: &'a Registry,
        parsed: &'a Parsed,
        found: &Found,
        now: Moment,
    ) -> absent::AbsenceAsked<'a> {
        let agencies = self.snapshot.catalog.issuers().agencies();
        let shown = |row: &&FoundRow| self.types.is_none() || row.key == self.permit.holder();
        let seen = found.rows.iter().filter(shown);
        let seen = seen.filter(|row| self.decide(row.type_code()).refusal().is_none());
        let issuers = seen.filter_map(|row| match &row.opened {
            Opened::Record(record) => agencies.latest(&record.issuer),
            _ => None,
        });
        absent::AbsenceAsked {
            snapshot: self.snapshot,
            regions: registry.regions(),
            code: &parsed.code,
            within: self.ask.within.as_ref(),
            of_records: issuers.map(|agency| agency.region).collect(),
            dead: matches!(found.state, HolderState::DeathReported | HolderState::Deceased),
            now,
        }
    }

    fn records(
        &self,
        (judge, near): (&Judge<'_>, &Near),
        rows: Vec<FoundRow>,
        touched: &mut Touched,
    ) -> Result<(Vec<FoundRecord>, AllowedBy, Option<Withheld>)> {
        let mut withheld = None;
        let (mut records, mut seen_by) = (Vec::with_capacity(rows.len()), SeenBy::default());
        let mut reason = AllowedBy::NothingToDecide;
        // Rows come in type order, and few grants differ by type: a type is decided once.
        let (mut decided, mut last) = (String::new(), None);
        for row in rows {
            let type_code = row.type_code();
            if self.types.is_some_and(|types| !types.iter().any(|asked| asked == type_code)) {
                continue;
            }
            if last.is_none() || decided != type_code {
                type_code.clone_into(&mut decided);
                last = Some(self.decide(type_code));
            }
            let Some(Decision::Allowed { fields, reason: allowed }) = &last else { continue };
            if row.key != self.permit.holder() && !(judge.may_show)(&[row.key]) {
                withheld = Some(Withheld::LinkedNumbers);
                continue;
            }
            if row.is_left_out(near, judge.index) {
                withheld = Some(Withheld::NotAlone);
                continue;
            }
            reason = *allowed;
            records.push(match &self.ask.fields {
                None => judge.row(row, fields, &mut seen_by)?,
                asked => judge.row(row, &fields.narrowed(asked.as_ref()), &mut seen_by)?,
            });
        }
        seen_by.touch(touched);
        Ok((records, reason, withheld))
    }

    /// The types that policy allows.
    fn allowed(&self) -> impl Iterator<Item = &str> {
        let codes = self.snapshot.catalog.type_codes();
        codes.filter(|code| self.decide(code).refusal().is_none())
    }
}

/// Refuses what would be answered with more absences than one answer has: each type in each region.
fn bounded(snapshot: &Snapshot, ask: &Ask, types: Option<&[String]>) -> Result<()> {
    let Some(within) = &ask.within else { return Ok(()) };
    let regions = within.distinct().len();
    bounds::at_most(bounds::REGIONS, regions, "within.regions")?;
    let types = types.map_or_else(|| snapshot.catalog.type_codes().count(), <[String]>::len);
    if regions > 1 && types.saturating_mul(regions) > bounds::ABSENCES {
        let most = bounds::ABSENCES;
        let detail = format!("{types} types in {regions} regions: at most {most} pairs. Name fewer types.");
        return Err(Error::new(Code::AnswerTooLarge, detail).at("within.regions").rule(Rule::TooMany));
    }
    Ok(())
}

/// Refuses a field that none of the types asked for has: its absence from the answer would look like an empty one.
fn known_fields(snapshot: &Snapshot, ask: &Ask, types: Option<&[String]>) -> Result<()> {
    let of = |code: &str| types.is_none_or(|types| types.iter().any(|one| one == code));
    let mut fields = ask.fields.iter().flatten();
    if fields.all(|field| has_field(snapshot, of, field)) {
        return Ok(());
    }
    let detail = "none of the types asked for has one of these fields; `GET /api/v1/types` lists them";
    Err(Error::new(Code::FieldInvalid, detail).at("fields").rule(Rule::FieldUnknown))
}

/// The codes of the types asked for, each once, in the order in which they were named; none where all were.
fn asked_types(snapshot: &Snapshot, ask: &Ask) -> Result<Option<Vec<String>>> {
    let Some(names) = &ask.types else { return Ok(None) };
    if names.is_empty() || names.len() > bounds::TYPES {
        return Err(Error::new(Code::FieldInvalid, "name 1 to 64 types, or leave the field out")
            .at("types")
            .rule(Rule::Length));
    }
    let codes = names.iter().map(|name| Ok(draft::type_entry(snapshot, name)?.def().code.clone()));
    let mut codes = codes.collect::<Result<Vec<String>>>().map_err(|error: Error| error.at("types"))?;
    let mut named = BTreeSet::new();
    codes.retain(|code| named.insert(code.clone()));
    Ok(Some(codes))
}
