//! From one code of a holder to all its codes, and the facts about its life under any of them.

use crate::clock::Day;
use crate::closed::closed;
use crate::error::Result;
use crate::identity::CodeType;
use crate::registry::base::linked::{MAX_KEYS, Met, Reach, walk};
use crate::registry::holders::marks::{self, weight};
use crate::store::{HolderState, Link, LinkKind, Opened, Reader};
use crate::trust::HolderKey;

/// The facts about a holder's life, under all its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) struct Life {
    /// The state that weighs most.
    pub state: HolderState,
    /// The earliest day of a confirmed death, or of the end of an organisation.
    pub ended_on: Option<Day>,
    /// A row about the holder does not open: it may say anything.
    pub damaged: bool,
}

/// What the rows of all codes of one holder say about its life.
pub(in crate::registry) struct CodesLife {
    /// The state that weighs most.
    pub state: HolderState,
    /// The codes that were struck off the household register.
    deregistered: Vec<HolderKey>,
    /// The earliest day of an end, under any code.
    pub ended_on: Option<Day>,
    /// A row of the holder does not open.
    pub damaged: bool,
}

impl CodesLife {
    /// Before any row was read.
    pub const fn unread() -> Self {
        Self { state: HolderState::Normal, deregistered: Vec::new(), ended_on: None, damaged: false }
    }

    /// Takes in the state that stands in the row of one code, and the day of the end that stands there.
    pub fn meet(&mut self, key: HolderKey, state: HolderState, ended_on: Option<Day>) {
        self.ended_on = self.ended_on.into_iter().chain(ended_on).min();
        if state == HolderState::Deregistered {
            self.deregistered.push(key);
        }
        if weight(state) > weight(self.state) {
            self.state = state;
        }
    }

    /// The facts about the holder's life for the records under one of its codes. A death and the end of an
    /// organisation are of all codes. A deregistration strikes one number, and no other number of the person.
    pub fn of(&self, key: &HolderKey) -> Life {
        let struck = self.state != HolderState::Deregistered || self.deregistered.contains(key);
        let state = if struck { self.state } else { HolderState::Normal };
        Life { state, ended_on: self.ended_on, damaged: self.damaged }
    }
}

closed! {
    /// How a holder belongs to another code.
    Relation {
        SamePerson, "same_person", "同一人（号码变更或重号更正）", "the same person under another number";
        SameEntity, "same_entity", "同一组织（代码变更）", "the same organisation, whose code changed";
        SucceededBy, "succeeded_by", "由其承继（合并或分立）", "it took over from this holder, by a merger or a division";
        SuccessorOf, "successor_of", "承继自（合并或分立）", "this holder took over from it, by a merger or a division";
    }
}

/// Another code that a holder belongs to, and why.
#[derive(Clone, PartialEq, Eq)]
pub struct Related {
    /// Why.
    pub relation: Relation,
    /// The code's type.
    pub code_type: String,
    /// The code.
    pub code: String,
    /// Since when.
    pub since: Day,
    /// The key of the code.
    pub(in crate::registry) key: HolderKey,
}

impl Related {
    /// None for a key of an earlier form of the same code.
    fn of(link: &Link, key: HolderKey) -> Option<Self> {
        let relation = match (link.kind, link.outward) {
            (LinkKind::SamePerson, _) => Relation::SamePerson,
            (LinkKind::SameEntity, _) => Relation::SameEntity,
            (LinkKind::Successor, true) => Relation::SucceededBy,
            (LinkKind::Successor, false) => Relation::SuccessorOf,
            (LinkKind::Moved, _) => return None,
        };
        let (code_type, code) = (link.code_type.clone(), link.code.clone());
        Some(Self { relation, code_type, code, since: link.since, key })
    }

    /// Whether a lookup shows the records under that code too.
    pub fn is_followed(&self) -> bool {
        matches!(self.relation, Relation::SamePerson | Relation::SameEntity)
    }
}

/// All codes of one holder, and the facts about its life under any of them.
pub(in crate::registry) struct Linked {
    /// The asked key first. Beside each stands the full credit code if one is known, since a credit code and
    /// the organisation code inside it have one key.
    pub keys: Vec<(HolderKey, Option<String>)>,
    /// The codes behind the further keys, in the same order: code type and code.
    pub codes: Vec<(String, String)>,
    /// Why these codes belong to it; then those that took over from it, or from which it took over.
    pub related: Vec<Related>,
    /// Its life under all of them.
    pub lives: CodesLife,
}

/// Follows `same_person` and `same_entity` links from a key.
pub(in crate::registry) fn linked(
    reader: &mut Reader<'_>,
    key: HolderKey,
    credit_code: Option<String>,
) -> Result<Linked> {
    linked_within(reader, key, credit_code, MAX_KEYS)
}

/// The same, but reads the rows of `most` codes at most: if there are more, their content is not known.
pub(in crate::registry) fn linked_within(
    reader: &mut Reader<'_>,
    key: HolderKey,
    credit_code: Option<String>,
    most: usize,
) -> Result<Linked> {
    let mut found = Linked {
        keys: vec![(key, credit_code)],
        codes: Vec::new(),
        related: Vec::new(),
        lives: CodesLife::unread(),
    };
    let mut beside = Vec::new();
    let walked = walk(reader, key, Reach { rows: most, ..Reach::LOOKUP }, |met| match met {
        Met::Row(holder) => found.lives.meet(holder.hk, holder.state, marks::ended_on(holder)),
        Met::Emptied(..) => {}
        Met::Beside(key, link) => beside.extend(Related::of(link, key)),
        Met::Code(next, link) => {
            found.related.extend(Related::of(link, next));
            let full = link.code_type == CodeType::CreditCode.code() && link.code.len() == 18;
            found.keys.push((next, full.then(|| link.code.clone())));
            found.codes.push((link.code_type.clone(), link.code.clone()));
        }
    })?;
    found.lives.damaged = walked.damaged;
    found.related.extend(beside);
    Ok(found)
}

/// The keys of one holder under all its codes.
pub(in crate::registry) fn family(reader: &mut Reader<'_>, holder: HolderKey) -> Result<Vec<HolderKey>> {
    let linked = linked(reader, holder, None)?;
    Ok(linked.keys.into_iter().map(|(key, _)| key).collect())
}

impl Linked {
    /// The facts about the holder's life for the records under one of its codes.
    pub fn life(&self, key: &HolderKey) -> Life {
        self.lives.of(key)
    }
}

/// A credit code and the organisation code inside it give one key: another full code is another holder.
pub(in crate::registry) fn other_code(opened: &Opened, credit_code: Option<&str>) -> bool {
    match (opened, credit_code) {
        (Opened::Record(record), Some(asked)) => {
            let stored = record.body.holder.1.as_str();
            stored.len() == 18 && stored != asked && record.body.holder.0 == "001"
        }
        _ => false,
    }
}
