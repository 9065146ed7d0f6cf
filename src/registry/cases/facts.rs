//! The facts about a party, from its papers and its number: plain values, on which the item is answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::catalog::items::{
    Attribute, FactValue, Intact, ItemDef, PartyFacts, PrintedNames, RecordFact, Silence,
};
use crate::catalog::{AbsenceKind, Region, StatusState};
use crate::clock::{Day, Moment};
use crate::error::Result;
use crate::identity::Sex;
use crate::record::payload::Holder;
use crate::record::verdict::ReasonClass;
use crate::record::{Judgement, Reason, Record, State, Verdict};
use crate::registry::Registry;
use crate::registry::access::withheld::Withheld;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::needed::HOUSEHOLD;
use crate::registry::reading::lookup::{AbsentType, Paper, PartyPapers};
use crate::store::StoredRecord;

/// The role of the dead: that its holder has died does not speak against its papers (practice R6).
pub(super) const DECEASED: &str = "deceased";

/// The type by which two are married.
pub(super) const MARRIAGE: &str = "marriage_certificate";
/// The type that says when somebody was born, where the number does not.
pub(super) const BIRTH: &str = "birth_certificate";

/// Working days that a year has at least.
const SURE: i64 = 200;

/// A party with what is known of it.
pub(super) struct KnownParty<'a> {
    /// The code of its role in the item.
    pub role: String,
    /// Its place among the parties of the application.
    pub place: usize,
    /// Its papers, of all types that the application asks about.
    pub papers: Arc<PartyPapers<'a>>,
    /// The types that were read and not found, by slug, each with its meaning.
    pub absent: BTreeMap<String, AbsentType>,
    /// Until when what departments told counts, by the nonce of the question.
    pub told_until: Vec<(String, Moment)>,
    /// All marriages of this person would be on file: the stock of marriages is stated for the whole of its life.
    pub marriages_covered: bool,
    /// For the engine.
    pub facts: PartyFacts,
    /// Nothing shows that it is there: less of it goes out.
    pub typed: bool,
}

impl KnownParty<'_> {
    /// The paper at a place ([`place_of`]), with the slug of its type.
    pub fn paper_at(&self, place: &str) -> Option<(&Paper, &str)> {
        let fact = self.facts.records.iter().find(|fact| fact.identifier == place)?;
        let at = |paper: &&Paper| self.papers.stored(paper).is_some_and(|row| place_of(row) == place);
        Some((self.papers.papers.iter().find(at)?, fact.slug.as_str()))
    }
}

/// What all parties of a case are looked at with.
#[derive(Clone, Copy)]
pub(super) struct Looking<'a> {
    pub registry: &'a Registry,
    pub snapshot: &'a Arc<Snapshot>,
    pub item: &'a ItemDef,
    pub now: Moment,
}

impl<'l> Looking<'l> {
    /// The facts about one party: its role, its place among the parties of the application, and its name as the case has
    /// it; `types` are the codes that the item asks about.
    pub fn known<'a>(
        &self,
        (role, place, name): (&str, usize, Option<&str>),
        papers: Arc<PartyPapers<'a>>,
        types: &[String],
    ) -> Result<KnownParty<'a>> {
        let mut facts = PartyFacts {
            role: role.to_owned(),
            name: name.map(str::to_owned).or_else(|| name_on(&papers)).unwrap_or_default(),
            attributes: self.attributes(&papers),
            ..PartyFacts::default()
        };
        let mut absent = BTreeMap::new();
        let mut marriages_covered = false;
        for code in types {
            let Some(slug) = self.slug(code) else { continue };
            if let Some(withheld) = papers.withheld {
                let source = match withheld {
                    Withheld::NotAlone => "另有不能由本账号单独查看的持证人".to_owned(),
                    _ => "今日可查询人数已用完".to_owned(),
                };
                facts.silent.insert(slug.to_owned(), Silence { source, at: self.now });
                continue;
            }
            let there = papers.papers.iter().any(|paper| papers.type_code(paper) == code);
            if there && slug != MARRIAGE {
                continue;
            }
            let none = papers.absence(self.registry, self.snapshot, code)?;
            if slug == MARRIAGE {
                marriages_covered = none.absence.kind() == AbsenceKind::NoneWithinCoverage;
            }
            if there {
                continue;
            }
            facts.absences.insert(slug.to_owned(), none.absence.kind());
            absent.insert(slug.to_owned(), none);
        }
        for paper in
            papers.papers.iter().filter(|paper| types.iter().any(|code| code == papers.type_code(paper)))
        {
            let Some(slug) = self.slug(papers.type_code(paper)) else { continue };
            match papers.stored(paper) {
                Some(row) => facts.records.push(self.record(role, slug, paper, row)),
                // A row that does not open may be what the slot asks for.
                None => {
                    let source = "本库（数据损坏）".to_owned();
                    facts.silent.insert(slug.to_owned(), Silence { source, at: self.now });
                }
            }
        }
        let (role, told_until) = (role.to_owned(), Vec::new());
        Ok(KnownParty { role, place, papers, absent, told_until, marriages_covered, facts, typed: true })
    }

    pub fn slug(&self, code: &str) -> Option<&'l str> {
        self.snapshot.catalog.type_of(code).map(|entry| entry.def().slug.as_str())
    }

    fn record(&self, role: &str, slug: &str, paper: &Paper, row: &StoredRecord) -> RecordFact {
        let today = self.now.day();
        let signed = paper.signed.as_ref();
        RecordFact {
            slug: slug.to_owned(),
            identifier: place_of(row),
            on: today,
            intact: self.intact(role, paper.judgement, row),
            state: state_of(row.state).unwrap_or(StatusState::Active),
            issued_on: signed.map_or_else(|| row.valid_from.unwrap_or(row.as_of.day()), |one| one.issued_on),
            valid_to: row.valid_to,
            working_days_left: row.valid_to.and_then(|last| self.working_days(today, last)),
            names: PrintedNames(signed.map(printed).unwrap_or_default()),
            members: signed.map(members).unwrap_or_default(),
        }
    }

    /// Working days from a day to another, below 0 where that lies before. Where the calendar does not reach, only what is
    /// sure: a year has more than 200.
    pub fn working_days(&self, from: Day, to: Day) -> Option<i64> {
        let workdays = self.snapshot.catalog.workdays();
        let counted = |from, to| workdays.between(from, to).ok().map(i64::from);
        match to < from {
            true => counted(to, from).map(|days| -days.max(1)).or(Some(-1)),
            false => counted(from, to).or((from.plus_days(366) <= to).then_some(SURE)),
        }
    }

    /// Whether a record is what its issuer signed: its verdict without state and dates, which the slot judges.
    pub fn intact(&self, role: &str, judgement: Judgement, row: &StoredRecord) -> Intact {
        let of_slot = |reason: &Reason| {
            matches!(
                reason,
                Reason::Suspended
                    | Reason::Annulled
                    | Reason::Cancelled
                    | Reason::Lapsed
                    | Reason::Revoked
                    | Reason::Expired
            )
        };
        let of_death = |reason: &Reason| {
            role == DECEASED && matches!(reason, Reason::HolderDeceased | Reason::DeathReported)
        };
        let against = judgement.reasons.iter().filter(|reason| !of_slot(reason) && !of_death(reason));
        let against: Vec<Reason> = against.collect();
        let of_class = |class: ReasonClass| against.iter().copied().find(|reason| reason.class() == class);
        if state_of(row.state).is_none() || of_class(ReasonClass::Invalid).is_some() {
            return Intact::No;
        }
        match of_class(ReasonClass::Undetermined) {
            None => Intact::Yes,
            Some(reason) => Intact::Unknown(self.silence(row, reason)),
        }
    }

    /// Who could not tell, as people know it, and why.
    fn silence(&self, row: &StoredRecord, reason: Reason) -> Silence {
        let issuer = self.snapshot.catalog.issuers().agencies().latest(&row.issuer);
        let issuer = issuer.map_or(row.issuer.as_str(), |agency| agency.name.as_str());
        Silence { source: format!("{issuer}：{}", reason.zh()), at: self.now }
    }

    fn attributes(&self, papers: &PartyPapers<'_>) -> BTreeMap<Attribute, FactValue> {
        let code = &papers.parsed.code;
        let mut known = BTreeMap::new();
        known.insert(Attribute::CodeType, FactValue::Text(code.code_type().name_zh().to_owned()));
        if let Some(born) = code.person().map(|person| person.birth_date).or_else(|| self.born(papers)) {
            let age = born.years_until(self.now.day());
            known.insert(Attribute::Age, FactValue::Number(age.into()));
        }
        if let Some(person) = code.person() {
            let sex = match person.sex {
                Sex::Female => "女",
                Sex::Male => "男",
            };
            known.insert(Attribute::Sex, FactValue::Text(sex.to_owned()));
        }
        if let Some(local) = self.local(papers) {
            known.insert(Attribute::Local, FactValue::Truth(local));
        }
        known
    }

    /// The day of birth on a good birth certificate of the party's own: a newborn has no number that says it.
    fn born(&self, papers: &PartyPapers<'_>) -> Option<Day> {
        let good = papers.papers.iter().filter(|paper| {
            paper.judgement.verdict == Verdict::Valid && self.slug(papers.type_code(paper)) == Some(BIRTH)
        });
        let own = good.filter_map(|paper| paper.signed.as_ref()).find(|record| {
            let child = |one: &Holder| one.role == "child" && papers.is_own(&one.code_type, &one.code);
            record.holders.iter().any(child)
        });
        own?.face.get("born_at")?.as_str()?.get(..10)?.parse().ok()
    }

    /// Whether the household is registered in the city of the item's agency, by a household record that is good today;
    /// none where there is none. Residence permits are for those who left the city where they are registered
    /// (居住证暂行条例 第二条), so the city counts and not the district.
    fn local(&self, papers: &PartyPapers<'_>) -> Option<bool> {
        let agencies = self.snapshot.catalog.issuers().agencies();
        let own = city(agencies.latest(&self.item.agency)?.region);
        let good = papers.papers.iter().filter(|paper| {
            let slug = self.slug(papers.type_code(paper));
            paper.judgement.verdict == Verdict::Valid
                && slug.is_some_and(|slug| HOUSEHOLD.contains(&slug))
                && !has_left(paper, self.now.day())
        });
        let regions = good.filter_map(|paper| agencies.latest(&papers.stored(paper)?.issuer));
        regions.map(|issuer| city(issuer.region) == own).next()
    }
}

/// The first four digits of a region: its city.
fn city(region: Region) -> String {
    region.to_string().chars().take(4).collect()
}

/// Whether a member card says that its holder left the household.
pub(super) fn has_left(paper: &Paper, today: Day) -> bool {
    let left = paper.signed.as_ref().and_then(|signed| signed.face.get("left_on")?.as_str()?.parse().ok());
    left.is_some_and(|left: Day| left <= today)
}

/// The place of a record in words that hold no number: its identifier, or its log and leaf.
pub(super) fn place_of(row: &StoredRecord) -> String {
    row.identifier.clone().unwrap_or_else(|| format!("{}/{}", row.log, row.leaf))
}

/// The texts that a face prints, by field.
pub(super) fn printed(record: &Record) -> BTreeMap<String, String> {
    let texts = record.face.iter().filter_map(|(field, value)| Some((field, value.as_str()?)));
    texts.map(|(field, text)| (field.clone(), text.to_owned())).collect()
}

/// The fields that a face has.
pub(super) fn members(record: &Record) -> BTreeSet<String> {
    record.face.keys().cloned().collect()
}

/// The name under the party's own number on its papers: the newest that says one.
fn name_on(papers: &PartyPapers<'_>) -> Option<String> {
    let code = papers.parsed.code.as_str();
    let named = papers.papers.iter().filter_map(|paper| {
        let signed = paper.signed.as_ref()?;
        let own = signed.holders.iter().find(|holder| holder.code == code)?;
        Some((signed.issued_on, own.name.clone()))
    });
    named.max_by_key(|(issued_on, _)| *issued_on).map(|(_, name)| name)
}

/// The state as a slot speaks of it; none for one that no slot can want.
pub(super) fn state_of(state: State) -> Option<StatusState> {
    match state {
        State::Active => Some(StatusState::Active),
        State::Suspended => Some(StatusState::Suspended),
        State::Annulled => Some(StatusState::Annulled),
        State::Cancelled => Some(StatusState::Cancelled),
        State::Lapsed => Some(StatusState::Lapsed),
        State::Revoked => Some(StatusState::Revoked),
        State::Transferred | State::Withdrawn => None,
    }
}
