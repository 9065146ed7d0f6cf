//! The shared parts of the stories: issuers by their short name, cards, people whose facts follow from their
//! number.

use crate::cli::demo::agencies::Offices;
use crate::cli::demo::faces::{Issuer, Membership, Person, household_member, id_card};
use crate::cli::demo::script::Script;
use crate::clock::{Day, Moment};
use crate::identity::{CodeType, HolderCode, Sex};

/// Where the stories stand: the script they write to and the offices that issue.
pub(super) struct Stage<'a> {
    pub(super) script: &'a mut Script,
    pub(super) offices: &'a Offices,
}

impl<'a> Stage<'a> {
    pub(super) fn issuer(&self, key: &str) -> Issuer<'a> {
        Issuer { code: self.offices.code(key), name: self.offices.name(key) }
    }

    /// The card of a member of a household whose head is known by the same household number.
    pub(super) fn member(
        &mut self,
        person: &Person,
        household_no: &str,
        relation: &str,
        on: Day,
        reason: &str,
    ) {
        let in_it = Membership {
            household_no,
            relation,
            joined_on: on,
            reason,
            education: None,
            marital_status: None,
            work: None,
            handler: "石磊",
        };
        let card = household_member(person, self.issuer("police"), in_it);
        self.script.issue(card);
    }

    /// An ID card of the district's own police.
    pub(super) fn card(&mut self, person: &Person, from: Day) {
        let card = id_card(person, self.issuer("police"), from);
        self.script.issue(card);
    }
}

/// A person whose sex and birth date are those of the number.
pub(super) fn citizen_of(name: &str, code: &str, address: &str) -> Person {
    let facts = HolderCode::parse(CodeType::CitizenId, code).ok().and_then(|parsed| parsed.code.person());
    Person {
        code_type: "111",
        code: code.to_owned(),
        name: name.to_owned(),
        female: facts.as_ref().is_some_and(|facts| facts.sex == Sex::Female),
        born: facts.map_or_else(|| Moment::from_micros(0).day(), |facts| facts.birth_date),
        ethnic: "01",
        nationality: "中国",
        address: address.to_owned(),
    }
}
