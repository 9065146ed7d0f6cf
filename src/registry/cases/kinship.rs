//! Relations between two parties of a case, by chains of evidence (practice R11): three-valued, and never inferred from
//! anything but a record that says it.
//!
//! * Married are two whose marriage is on file, if divorces by courts are told here too; else nobody knows. Divorced are two
//!   whose divorce is on file, if every later marriage would be on file too. Nobody knows either where one of them stands in
//!   a good marriage with somebody else.
//! * Father or mother is whom a birth certificate names, or an adoption, or a head of household whose member card says son
//!   or daughter.
//! * Of one household are two with good member cards of one household; of two households, with those of two.
//!
//! In-laws, siblings and grandparents would be conclusions over several records: nothing is said of them.

use crate::catalog::items::{Intact, Kinship, PredicateAnswer, RecordFact, Silence};
use crate::clock::{Day, Moment};
use crate::record::{Reason, Record, Verdict};
use crate::registry::cases::facts::{KnownParty, MARRIAGE, has_left, place_of};
use crate::registry::reading::lookup::Paper;
use crate::store::HolderState;

/// Full age, until which parents are guardians (民法典 第十七条、第二十七条).
const FULL_AGE: u32 = 18;
/// 与户主关系 on a member card (`relation_to_head`): the head itself; sons and daughters; father and mother. Those of a
/// spouse's earlier marriage and adopted ones share a code with each other, so it tells nothing.
const HEAD: &str = "02";
const CHILDREN: [&str; 8] = ["20", "21", "22", "23", "30", "31", "32", "33"];
const PARENTS: [&str; 2] = ["51", "52"];

/// Whether one party is so related to another.
pub(super) fn related(
    kinship: Kinship,
    (own, other): (&KnownParty<'_>, &KnownParty<'_>),
    now: Moment,
) -> PredicateAnswer {
    let (asked, today) = (Asked { own, other, now, today: now.day() }, now.day());
    match kinship {
        Kinship::Spouse => asked.spouse(),
        Kinship::Parent => asked.parent(),
        Kinship::Child => Asked { own: other, other: own, now, today }.parent(),
        Kinship::Household => asked.household(),
        Kinship::Guardian => asked.guardian(),
    }
}

struct Asked<'a, 'p> {
    own: &'a KnownParty<'p>,
    other: &'a KnownParty<'p>,
    now: Moment,
    today: Day,
}

/// A paper of a party, with what it says.
struct Evidence<'a> {
    paper: &'a Paper,
    record: &'a Record,
    place: String,
}

impl<'a> Asked<'a, '_> {
    /// The papers of a party of that type that can be read.
    fn papers(of: &'a KnownParty<'_>, slug: &str) -> Vec<Evidence<'a>> {
        let of_type = |fact: &&RecordFact| fact.slug == slug;
        let places: Vec<&str> =
            of.facts.records.iter().filter(of_type).map(|fact| fact.identifier.as_str()).collect();
        let read = |paper: &'a Paper| {
            let place = place_of(of.papers.stored(paper)?);
            let record = paper.signed.as_ref()?;
            places.contains(&place.as_str()).then_some(Evidence { paper, record, place })
        };
        of.papers.papers.iter().filter_map(read).collect()
    }

    /// Who could not tell about that type: a source that did not answer, or a record that cannot be judged.
    fn silent(of: &KnownParty<'_>, slug: &str) -> Option<PredicateAnswer> {
        let facts = &of.facts;
        let judged = facts.records.iter().filter(|fact| fact.slug == slug);
        let mut unknown = judged.filter_map(|fact| match &fact.intact {
            Intact::Unknown(silence) => Some(silence.clone()),
            Intact::Yes | Intact::No => None,
        });
        let silence = facts.silent.get(slug).cloned().or_else(|| unknown.next())?;
        Some(PredicateAnswer::Unanswered(silence))
    }

    fn spouse(&self) -> PredicateAnswer {
        let pair =
            |evidence: &Evidence<'_>| names(evidence.record, self.own) && names(evidence.record, self.other);
        let good = |evidence: &Evidence<'_>| evidence.paper.judgement.verdict == Verdict::Valid;
        let own = Self::papers(self.own, MARRIAGE);
        let standing = own.iter().find(|one| pair(one) && good(one));
        let others = Self::papers(self.other, MARRIAGE);
        if standing.is_some() && own.iter().chain(&others).any(|one| good(one) && !pair(one)) {
            let source = "本库：当事人另有一份与他人的有效结婚登记".to_owned();
            return PredicateAnswer::Unanswered(Silence { source, at: self.now });
        }
        if let Some(marriage) = standing {
            // A court may have ended it, and no source here tells.
            let unseen = marriage.paper.judgement.reasons.has(Reason::CourtDivorcesNotCovered);
            return if unseen { PredicateAnswer::NotCovered } else { yes([&marriage.place]) };
        }
        if let Some(silent) = Self::silent(self.own, MARRIAGE) {
            return silent;
        }
        let divorces = Self::papers(self.own, "divorce_certificate");
        match divorces.iter().find(|one| pair(one) && good(one)) {
            // They may have married again since, where not every marriage is on file.
            Some(divorce) if self.own.marriages_covered => {
                PredicateAnswer::No { evidence: vec![divorce.place.clone()] }
            }
            _ => PredicateAnswer::NotCovered,
        }
    }

    /// Whether the first is father or mother of the second.
    fn parent(&self) -> PredicateAnswer {
        let births = Self::papers(self.own, "birth_certificate");
        let named = |one: &&Evidence<'_>| {
            one.paper.judgement.verdict == Verdict::Valid
                && (in_role(one.record, self.own, "mother") || in_role(one.record, self.own, "father"))
                && in_role(one.record, self.other, "child")
        };
        if let Some(birth) = births.iter().find(named) {
            // By an adoption the rights and duties of the parents by birth end (民法典 第一千一百一十一条).
            let own = Self::papers(self.other, "adoption_certificate");
            let given = own.iter().any(|one| in_role(one.record, self.other, "adoptee"));
            return if given { PredicateAnswer::NotCovered } else { yes([&birth.place]) };
        }
        let adoptions = Self::papers(self.own, "adoption_certificate");
        let adopted = |one: &&Evidence<'_>| {
            one.paper.judgement.verdict == Verdict::Valid
                && in_role(one.record, self.own, "adopter")
                && in_role(one.record, self.other, "adoptee")
        };
        if let Some(adoption) = adoptions.iter().find(adopted) {
            return yes([&adoption.place]);
        }
        let (own, other) = (self.member(self.own), self.member(self.other));
        if let (Some(own), Some(other)) = (&own, &other)
            && same_household(own.record, other.record)
        {
            let (of_own, of_other) = (relation(own.record), relation(other.record));
            let child_of_head = of_own == Some(HEAD) && of_other.is_some_and(|code| CHILDREN.contains(&code));
            let parent_of_head = of_other == Some(HEAD) && of_own.is_some_and(|code| PARENTS.contains(&code));
            if child_of_head || parent_of_head {
                return yes([&own.place, &other.place]);
            }
        }
        let silent = Self::silent(self.own, "birth_certificate");
        silent
            .or_else(|| Self::silent(self.other, "birth_certificate"))
            .unwrap_or(PredicateAnswer::NotCovered)
    }

    fn household(&self) -> PredicateAnswer {
        match (self.member(self.own), self.member(self.other)) {
            (Some(own), Some(other)) => {
                let evidence = vec![own.place, other.place];
                match same_household(own.record, other.record) {
                    true => PredicateAnswer::Yes { evidence },
                    false => PredicateAnswer::No { evidence },
                }
            }
            _ => {
                let silent = Self::silent(self.own, "household_member");
                let silent = silent.or_else(|| Self::silent(self.other, "household_member"));
                silent.unwrap_or(PredicateAnswer::NotCovered)
            }
        }
    }

    /// A parent who lives is guardian of a living child below full age; who else is one stands in no register here. Whose
    /// death is only reported, or whose registration has ended, may be one or not.
    fn guardian(&self) -> PredicateAnswer {
        let born = self.other.papers.parsed.code.person().map(|person| person.birth_date);
        for party in [self.own, self.other] {
            match party.papers.state() {
                HolderState::Normal | HolderState::Provisional => {}
                HolderState::DeathReported | HolderState::Deregistered => {
                    let source = format!("本库：当事人{}", party.papers.state().zh());
                    return PredicateAnswer::Unanswered(Silence { source, at: self.now });
                }
                _ => return PredicateAnswer::NotCovered,
            }
        }
        match born {
            Some(born) if born.years_until(self.today) < FULL_AGE => self.parent(),
            _ => PredicateAnswer::NotCovered,
        }
    }

    /// The member card that is good today: one, or none is sure.
    fn member(&self, of: &'a KnownParty<'_>) -> Option<Evidence<'a>> {
        let cards = Self::papers(of, "household_member");
        let good = |card: &Evidence<'_>| {
            card.paper.judgement.verdict == Verdict::Valid && !has_left(card.paper, self.today)
        };
        let mut good = cards.into_iter().filter(good);
        let only = good.next();
        if good.next().is_some() { None } else { only }
    }
}

fn yes<const N: usize>(places: [&String; N]) -> PredicateAnswer {
    PredicateAnswer::Yes { evidence: places.into_iter().cloned().collect() }
}

/// Whether a record names the party among its holders, by the number of the case or one that is linked to it.
fn names(record: &Record, party: &KnownParty<'_>) -> bool {
    record.holders.iter().any(|holder| party.papers.is_own(&holder.code_type, &holder.code))
}

fn in_role(record: &Record, party: &KnownParty<'_>, role: &str) -> bool {
    let own = |code_type: &str, code: &str| party.papers.is_own(code_type, code);
    record.holders.iter().any(|holder| holder.role == role && own(&holder.code_type, &holder.code))
}

fn relation(card: &Record) -> Option<&str> {
    card.face.get("relation_to_head")?.as_str()
}

/// A card without the id of its household is of none that could be compared.
fn same_household(one: &Record, other: &Record) -> bool {
    let id = |card: &Record| card.face.get("household_id").and_then(|id| id.as_str().map(str::to_owned));
    id(one).is_some() && id(one) == id(other)
}
