//! The engine by properties: no slot is met without evidence, and less evidence never meets more.

use proptest::prelude::*;

use super::*;
use crate::catalog::AbsenceKind;

const SLUGS: &[&str] = &[
    "birth_certificate",
    "business_licence",
    "death_certificate",
    "diploma",
    "disability_certificate",
    "divorce_certificate",
    "food_permit",
    "household_front",
    "household_member",
    "mandarin_certificate",
    "mandate",
    "marriage_certificate",
    "real_estate_certificate",
    "relief_certificate",
    "residence_permit",
    "resident_id_card",
    "social_security_card",
];

fn records() -> impl Strategy<Value = Vec<RecordFact>> {
    let states = vec![StatusState::Active, StatusState::Active, StatusState::Cancelled, StatusState::Revoked];
    let one = (
        prop::sample::select(SLUGS),
        prop::sample::select(states),
        0_u8..4,
        -400_i64..400,
        prop::sample::select(vec!["甲", "乙"]),
    );
    let one = one.prop_map(|(slug, state, intact, days, name)| RecordFact {
        state,
        intact: match intact {
            0 => Intact::No,
            1 => Intact::Unknown(silence("来源")),
            _ => Intact::Yes,
        },
        valid_to: Some(today().plus_days(days)),
        ..record(slug, name)
    });
    prop::collection::vec(one, 0..12)
}

/// Every question that the built-in items put to a source.
fn predicates() -> Vec<Predicate> {
    let items = ItemDef::builtin().unwrap();
    let ways = items.iter().flat_map(|item| &item.slots).flat_map(|slot| &slot.ways);
    let mut all: Vec<_> = ways
        .filter_map(|way| match way {
            Way::Checked { predicate, .. } => Some(predicate.clone()),
            _ => None,
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

fn answers() -> impl Strategy<Value = Vec<(Predicate, PredicateAnswer)>> {
    let answer = prop_oneof![
        Just(yes()),
        Just(PredicateAnswer::Yes { evidence: vec![] }),
        Just(PredicateAnswer::No { evidence: vec!["answer-2".into()] }),
        Just(PredicateAnswer::Unanswered(silence("来源"))),
        Just(PredicateAnswer::NotCovered),
    ];
    prop::collection::vec((prop::sample::select(predicates()), answer), 0..8)
}

fn facts(role: String) -> impl Strategy<Value = PartyFacts> {
    let absence = (prop::sample::select(SLUGS), prop::sample::select(AbsenceKind::ALL));
    let attributes = (prop::option::of(0_i64..70), prop::option::of(any::<bool>()), any::<bool>());
    let rest = (attributes, any::<bool>(), prop::option::of(prop::sample::select(SLUGS)));
    (records(), prop::collection::vec(absence, 0..5), answers(), rest).prop_map(
        move |(records, absences, predicates, ((age, local, woman), broken_promise, silent))| {
            let sex = FactValue::Text(if woman { "女" } else { "男" }.into());
            let mut attributes = BTreeMap::from([(Attribute::Sex, sex)]);
            attributes.extend(age.map(|age| (Attribute::Age, FactValue::Number(age))));
            attributes.extend(local.map(|local| (Attribute::Local, FactValue::Truth(local))));
            PartyFacts {
                role: role.clone(),
                name: "甲".into(),
                attributes,
                records,
                absences: absences.into_iter().map(|(slug, kind)| (slug.to_owned(), kind)).collect(),
                silent: silent.into_iter().map(|slug| (slug.to_owned(), silence("来源"))).collect(),
                predicates,
                broken_promise,
            }
        },
    )
}

/// One of the items with parties and answers that fit it.
fn case() -> impl Strategy<Value = (ItemDef, ItemRequest)> {
    prop::sample::select(ItemDef::builtin().unwrap()).prop_flat_map(|item| {
        let parties: Vec<_> = item
            .parties
            .iter()
            .map(|role| {
                let size = usize::try_from(role.min).unwrap()..=usize::try_from(role.max.min(3)).unwrap();
                prop::collection::vec(facts(role.code.clone()), size)
            })
            .collect();
        let said: Vec<_> = item
            .questions
            .iter()
            .map(|question| {
                let values: Vec<String> =
                    question.options.iter().map(|option| option.value.clone()).collect();
                let name = question.name.clone();
                prop::option::of(prop::sample::select(values))
                    .prop_map(move |value| Some((name.clone(), value?)))
            })
            .collect();
        (parties, said).prop_map(move |(parties, said)| {
            let answers = said.into_iter().flatten().collect();
            let parties = parties.into_iter().flatten().collect();
            (item.clone(), ItemRequest { answers, dates: BTreeMap::new(), parties, today: today() })
        })
    })
}

/// Whether something of the party stands behind a slot that is met, by the shortest reading of the rules.
fn grounded(slot: &Slot, party: &PartyFacts) -> bool {
    slot.ways.iter().any(|way| match way {
        Way::Pulled { slug, accept, .. } => party.records.iter().any(|record| {
            record.slug == *slug
                && record.intact == Intact::Yes
                && accept.states.contains(&record.state)
                && (accept.expired
                    || record.state != StatusState::Active
                    || record.valid_to.is_none_or(|last| last >= today()))
                && accept.window.is_none()
                && accept.as_of.is_none()
                && accept.equal.iter().all(|one| record.names.0.get(&one.field) == Some(&party.name))
        }),
        Way::Checked { predicate: Predicate::Holds { slug }, .. } => party.records.iter().any(|record| {
            record.slug == *slug
                && (&record.intact, record.state) == (&Intact::Yes, StatusState::Active)
                && record.valid_to.is_none_or(|last| last >= today())
        }),
        Way::Checked { predicate, either } => {
            let first = party.predicates.iter().find(|(asked, _)| asked == predicate);
            first.is_some_and(|(_, answer)| {
                *answer == yes() || *either && matches!(answer, PredicateAnswer::No { .. })
            })
        }
        _ => false,
    })
}

proptest! {
    #[test]
    fn a_slot_is_met_exactly_where_evidence_stands_behind_it((item, request) in case()) {
        let answer = item.answer(&request).unwrap();
        for one in &answer.slots {
            let slot = item.slots.iter().find(|slot| slot.id == one.slot).unwrap();
            let Some(at) = one.party else { continue };
            let asked = !matches!(one.outcome, SlotOutcome::NotRequired | SlotOutcome::Undecided);
            prop_assert_eq!(asked && grounded(slot, &request.parties[at]), one.outcome.is_met());
            let last = one.tried.last();
            prop_assert_eq!(one.outcome.is_met(), last.is_some_and(|way| way.outcome == TryOutcome::Met));
            for way in &one.tried {
                prop_assert!(way.outcome != TryOutcome::Met || !way.evidence.is_empty());
                prop_assert!(way.silence.is_none() || way.outcome == TryOutcome::Unverifiable);
            }
        }
    }

    #[test]
    fn without_evidence_nothing_is_met((item, mut request) in case()) {
        for party in &mut request.parties {
            party.records.clear();
            party.predicates.clear();
        }
        let answer = item.answer(&request).unwrap();
        prop_assert!(answer.slots.iter().all(|slot| !slot.outcome.is_met()));
    }

    /// Where every source is silent no slot tells a no.
    #[test]
    fn i13_where_all_are_silent_nothing_is_said_to_be_missing((item, mut request) in case()) {
        for party in &mut request.parties {
            party.records.clear();
            party.silent = SLUGS.iter().map(|slug| ((*slug).to_owned(), silence("来源"))).collect();
            let unanswered = |asked| (asked, PredicateAnswer::Unanswered(silence("来源")));
            party.predicates = predicates().into_iter().map(unanswered).collect();
        }
        for slot in item.answer(&request).unwrap().slots {
            let told = [SlotOutcome::Missing, SlotOutcome::Expired, SlotOutcome::Contradicted];
            prop_assert!(!told.contains(&slot.outcome));
            // What was so on a past day is not asked before the day is given.
            let dated = |way: &&WayTried| way.outcome != TryOutcome::DateOpen;
            let tried = slot.tried.iter().filter(|way| way.way <= WayKind::Checked);
            for way in tried.filter(dated) {
                prop_assert_eq!(way.outcome, TryOutcome::Unverifiable);
                prop_assert_eq!(way.silence.as_ref(), Some(&silence("来源")));
            }
        }
    }

    #[test]
    fn counts_are_those_of_the_slots((item, request) in case()) {
        let answer = item.answer(&request).unwrap();
        let number = |of: &[SlotOutcome]| answer.slots.iter().filter(|slot| of.contains(&slot.outcome)).count();
        let out = number(&[SlotOutcome::NotRequired, SlotOutcome::Undecided]);
        prop_assert_eq!(answer.count.materials + out, answer.slots.len());
        prop_assert!(answer.count.bring <= answer.count.materials);
        prop_assert_eq!(answer.count.unverifiable, number(&[SlotOutcome::Unverifiable]));
    }
}
