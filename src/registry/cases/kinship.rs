//! Relations between two parties of a case, by chains of evidence (practice R11): three-valued, and never inferred from
//! anything but a record that says it.
//!
//! * Married are two whose marriage is on file with either of them, if divorces by courts are told here too; else nobody
//!   knows. Divorced are two whose divorce is on file, if every later marriage would be on file too; and a marriage ends with
//!   the death of one, but for whoever stands in the case as the dead, since then it is asked how it was at the end. Nobody
//!   knows where one of them stands in a good marriage with somebody else, or where what is kept of one cannot be read.
//! * Father or mother is whom a birth certificate names, or an adoption, or a head of household whose member card says son
//!   or daughter. The card tells nothing where a certificate that said it stands no more, or another one names somebody
//!   else.
//! * Of one household are two with good member cards of one household; of two households, with those of two.
//! * Guardian is a living parent of a living child below full age.
//!
//! In-laws, siblings and grandparents would be conclusions over several records: nothing is said of them.

use crate::catalog::items::{Attribute, FactValue, Intact, Kinship, PredicateAnswer, RecordFact, Silence};
use crate::clock::{Day, Moment};
use crate::identity::Sex;
use crate::record::{Reason, Record, Verdict};
use crate::registry::cases::facts::{BIRTH, DECEASED, KnownParty, MARRIAGE, has_left, place_of};
use crate::registry::reading::lookup::Paper;
use crate::store::HolderState;

/// Types that tell of a relation.
const DIVORCE: &str = "divorce_certificate";
const ADOPTION: &str = "adoption_certificate";
const MEMBER: &str = "household_member";
/// Roles on them.
const CHILD: &str = "child";
const MOTHER: &str = "mother";
const FATHER: &str = "father";
const ADOPTEE: &str = "adoptee";
/// Full age, until which parents are guardians (民法典 第十七条、第二十七条).
const FULL_AGE: i64 = 18;
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
        // What one of them is not told of may be a divorce or another marriage: so it is asked from both sides alike.
        if let Some(silent) = Self::silent(self.own, MARRIAGE).or_else(|| Self::silent(self.other, MARRIAGE))
        {
            return silent;
        }
        let own = Self::papers(self.own, MARRIAGE);
        let others = Self::papers(self.other, MARRIAGE);
        let standing = own.iter().chain(&others).find(|one| self.of_pair(one) && good(one));
        if let Some(marriage) = standing {
            let of_the_dead = [self.own, self.other].iter().any(|party| party.role == DECEASED);
            if ended_by_death(marriage) && !of_the_dead {
                return PredicateAnswer::No { evidence: vec![marriage.place.clone()] };
            }
            let beside = own.iter().any(|one| self.stands_beside(marriage, one, self.own))
                || others.iter().any(|one| self.stands_beside(marriage, one, self.other));
            return match beside {
                true => self.unanswered("当事人另有一份与他人的有效结婚登记"),
                false => self.married(marriage, of_the_dead),
            };
        }
        let divorces = Self::papers(self.own, DIVORCE).into_iter().chain(Self::papers(self.other, DIVORCE));
        let divorce = divorces.into_iter().find(|one| self.of_pair(one) && good(one));
        match divorce {
            // They may have married again since, where not every marriage is on file.
            Some(divorce) if self.own.marriages_covered || self.other.marriages_covered => {
                PredicateAnswer::No { evidence: vec![divorce.place] }
            }
            _ => PredicateAnswer::NotCovered,
        }
    }

    /// Whether a marriage of one of the two is with somebody else and good at the same time: not one that ended with the death
    /// of that other, and not one of the survivor after the death.
    fn stands_beside(&self, marriage: &Evidence<'_>, one: &Evidence<'_>, of: &KnownParty<'_>) -> bool {
        let lives = of.papers.state() != HolderState::Deceased;
        let later = one.record.issued_on > marriage.record.issued_on;
        let apart = lives && (ended_by_death(one) || (ended_by_death(marriage) && later));
        good(one) && !self.of_pair(one) && !apart
    }

    /// What a good marriage of the two says of today, or of the end of the dead.
    fn married(&self, marriage: &Evidence<'_>, of_the_dead: bool) -> PredicateAnswer {
        let reported = |party: &&&KnownParty<'_>| party.papers.state() == HolderState::DeathReported;
        if !of_the_dead && let Some(party) = [self.own, self.other].iter().find(reported) {
            return self.unanswered(&format!("当事人{}", party.papers.state().zh()));
        }
        // A court may have ended it, and no source here tells.
        match marriage.paper.judgement.reasons.has(Reason::CourtDivorcesNotCovered) {
            true => PredicateAnswer::NotCovered,
            false => yes([&marriage.place]),
        }
    }

    fn of_pair(&self, one: &Evidence<'_>) -> bool {
        names(one.record, self.own) && names(one.record, self.other)
    }

    fn unanswered(&self, why: &str) -> PredicateAnswer {
        PredicateAnswer::Unanswered(Silence { source: format!("本库：{why}"), at: self.now })
    }

    /// Whether the first is father or mother of the second.
    fn parent(&self) -> PredicateAnswer {
        let births = Self::papers(self.own, BIRTH);
        if let Some(birth) = births.iter().find(|one| good(one) && self.is_birth(one)) {
            return if self.was_adopted() { PredicateAnswer::NotCovered } else { yes([&birth.place]) };
        }
        let adoptions = Self::papers(self.own, ADOPTION);
        if let Some(adoption) = adoptions.iter().find(|one| good(one) && self.is_adoption(one)) {
            return yes([&adoption.place]);
        }
        if let Some(cards) = self.parent_by_cards() {
            // What cannot be read may say that they are not.
            let mut unread = [self.own, self.other].into_iter().filter_map(|of| of.facts.silent.get(BIRTH));
            if let Some(silence) = unread.next() {
                return PredicateAnswer::Unanswered(silence.clone());
            }
            return match self.against_cards(births.iter().chain(&adoptions)) {
                Some(why) => self.unanswered(why),
                None if self.was_adopted() => PredicateAnswer::NotCovered,
                None => PredicateAnswer::Yes { evidence: cards },
            };
        }
        let silent = [self.own, self.other].into_iter().find_map(|party| Self::silent(party, BIRTH));
        silent.unwrap_or(PredicateAnswer::NotCovered)
    }

    fn is_birth(&self, one: &Evidence<'_>) -> bool {
        (in_role(one.record, self.own, MOTHER) || in_role(one.record, self.own, FATHER))
            && in_role(one.record, self.other, CHILD)
    }

    fn is_adoption(&self, one: &Evidence<'_>) -> bool {
        in_role(one.record, self.own, "adopter") && in_role(one.record, self.other, ADOPTEE)
    }

    /// By an adoption the rights and duties of the parents by birth end (民法典 第一千一百一十一条).
    fn was_adopted(&self) -> bool {
        let adoptions = Self::papers(self.other, ADOPTION);
        adoptions.iter().any(|one| in_role(one.record, self.other, ADOPTEE))
    }

    /// The two member cards of one household of which one says son or daughter, father or mother of the head.
    fn parent_by_cards(&self) -> Option<Vec<String>> {
        let (own, other) = (self.member(self.own)?, self.member(self.other)?);
        if !same_household(own.record, other.record) {
            return None;
        }
        let (of_own, of_other) = (relation(own.record), relation(other.record));
        let child_of_head = of_own == Some(HEAD) && of_other.is_some_and(|code| CHILDREN.contains(&code));
        let parent_of_head = of_other == Some(HEAD) && of_own.is_some_and(|code| PARENTS.contains(&code));
        (child_of_head || parent_of_head).then(|| vec![own.place, other.place])
    }

    /// Why the cards alone do not tell: a certificate that named the two stands no more, or a good one names another father
    /// or mother. A card may have been written by the first, and a stepchild stands on it like a child.
    fn against_cards<'e>(&self, mut named: impl Iterator<Item = &'e Evidence<'e>>) -> Option<&'static str> {
        let fell = |one: &Evidence<'_>| one.paper.judgement.verdict == Verdict::Invalid;
        if named.any(|one| fell(one) && (self.is_birth(one) || self.is_adoption(one))) {
            return Some("载明亲子关系的证件已失去效力，户口登记不能单独证明");
        }
        let seat = match self.own.papers.parsed.code.person().map(|person| person.sex) {
            Some(Sex::Female) => MOTHER,
            Some(Sex::Male) => FATHER,
            None => return None,
        };
        let births = Self::papers(self.other, BIRTH);
        let other = births.iter().any(|one| {
            let seated = one.record.holders.iter().any(|holder| holder.role == seat);
            good(one)
                && in_role(one.record, self.other, CHILD)
                && seated
                && !in_role(one.record, self.own, seat)
        });
        other.then_some("出生医学证明所载的父亲或母亲是他人，户口登记不能单独证明")
    }

    fn household(&self) -> PredicateAnswer {
        // A card that cannot be read may be the newer one.
        let silent = [self.own, self.other].into_iter().find_map(|party| Self::silent(party, MEMBER));
        match (silent, self.member(self.own), self.member(self.other)) {
            (Some(silent), _, _) => silent,
            (None, Some(own), Some(other)) => {
                let evidence = vec![own.place, other.place];
                match same_household(own.record, other.record) {
                    true => PredicateAnswer::Yes { evidence },
                    false => PredicateAnswer::No { evidence },
                }
            }
            (None, _, _) => PredicateAnswer::NotCovered,
        }
    }

    /// A parent who lives is guardian of a living child below full age; who else is one stands in no register here. Whose
    /// death is only reported, or whose registration has ended, may be one or not.
    fn guardian(&self) -> PredicateAnswer {
        for party in [self.own, self.other] {
            match party.papers.state() {
                HolderState::Normal | HolderState::Provisional => {}
                HolderState::DeathReported | HolderState::Deregistered => {
                    return self.unanswered(&format!("当事人{}", party.papers.state().zh()));
                }
                _ => return PredicateAnswer::NotCovered,
            }
        }
        // A newborn has no number, and the age that its birth certificate says.
        match self.other.facts.attributes.get(&Attribute::Age) {
            Some(FactValue::Number(age)) if *age < FULL_AGE => self.parent(),
            _ => PredicateAnswer::NotCovered,
        }
    }

    /// The member card that is good today: one, or none is sure.
    fn member(&self, of: &'a KnownParty<'_>) -> Option<Evidence<'a>> {
        let cards = Self::papers(of, MEMBER);
        let mut there = cards.into_iter().filter(|card| good(card) && !has_left(card.paper, self.today));
        let only = there.next();
        if there.next().is_some() { None } else { only }
    }
}

fn good(one: &Evidence<'_>) -> bool {
    one.paper.judgement.verdict == Verdict::Valid
}

/// Whether one of the two of a marriage has died.
fn ended_by_death(one: &Evidence<'_>) -> bool {
    one.paper.judgement.reasons.has(Reason::SpouseDeceased)
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
