//! What is enough, and what came of each way: one slot at a time.

use super::*;
use crate::catalog::AbsenceKind;

/// An item of one slot of one applicant.
fn one(class: SlotClass, ways: Vec<Way>) -> ItemDef {
    let mut item = item("失业登记");
    item.parties.truncate(1);
    item.questions.clear();
    let mut slot = item.slots.swap_remove(0);
    (slot.class, slot.when, slot.ways) = (class, None, ways);
    item.slots = vec![slot];
    item
}

fn card(accept: Accept) -> Way {
    Way::Pulled { slug: "resident_id_card".into(), fields: vec!["name".into()], typed: None, accept }
}

fn own() -> Way {
    Way::ByApplicant { on_site: false, note: None }
}

fn promise() -> Way {
    Way::Promised { text: "如实".into() }
}

fn only(item: &ItemDef, party: &PartyFacts) -> SlotAnswer {
    item.answer(&request(&[], vec![party.clone()])).unwrap().slots.remove(0)
}

fn with(record: RecordFact) -> PartyFacts {
    PartyFacts { records: vec![record], ..party("applicant", "周海燕") }
}

#[test]
fn what_is_enough_is_what_the_slot_accepts() {
    let good = || record("resident_id_card", "周海燕");
    let day = |text: &str| text.parse::<Day>().unwrap();
    let plain = Accept::default;
    let equal = vec![EqualName { field: "name".into(), role: "申请人".into() }];
    let table = [
        (plain(), good(), TryOutcome::Met),
        (plain(), RecordFact { valid_to: None, ..good() }, TryOutcome::Met),
        (plain(), RecordFact { valid_to: Some(today()), ..good() }, TryOutcome::Met),
        (plain(), RecordFact { valid_to: Some(day("2026-11-28")), ..good() }, TryOutcome::Expired),
        (plain(), RecordFact { intact: Intact::No, ..good() }, TryOutcome::Unfit),
        (plain(), RecordFact { state: StatusState::Revoked, ..good() }, TryOutcome::Unfit),
        (plain(), RecordFact { intact: Intact::Unknown(silence("甲")), ..good() }, TryOutcome::Unverifiable),
        (plain(), RecordFact { slug: "driving_licence".into(), ..good() }, TryOutcome::NotCovered),
        (
            Accept { days_left: Some(30), ..plain() },
            RecordFact { valid_to: Some(day("2026-12-29")), ..good() },
            TryOutcome::Met,
        ),
        (
            Accept { days_left: Some(30), ..plain() },
            RecordFact { valid_to: Some(day("2026-12-28")), ..good() },
            TryOutcome::Expired,
        ),
        (
            Accept { issued_within: Some(10), ..plain() },
            RecordFact { issued_on: day("2026-11-19"), ..good() },
            TryOutcome::Met,
        ),
        (
            Accept { issued_within: Some(10), ..plain() },
            RecordFact { issued_on: day("2026-11-18"), ..good() },
            TryOutcome::Expired,
        ),
        (Accept { equal: equal.clone(), ..plain() }, good(), TryOutcome::Met),
        (Accept { equal: equal.clone(), ..plain() }, record("resident_id_card", "周海雁"), TryOutcome::Unfit),
        (
            Accept { equal, ..plain() },
            RecordFact { names: PrintedNames::default(), ..good() },
            TryOutcome::Unfit,
        ),
        (plain(), RecordFact { members: BTreeSet::new(), ..good() }, TryOutcome::Unfit),
        (plain(), RecordFact { members: BTreeSet::from(["birth_date".into()]), ..good() }, TryOutcome::Unfit),
    ];
    for (at, (accept, record, wanted)) in table.into_iter().enumerate() {
        let item = one(SlotClass::Certificate, vec![card(accept)]);
        assert_eq!(only(&item, &with(record)).tried[0].outcome, wanted, "row {at}");
    }
}

#[test]
fn a_past_day_is_judged_by_the_records_of_that_day() {
    let mut item = one(
        SlotClass::Certificate,
        vec![card(Accept { as_of: Some("购房日期".into()), ..Accept::default() })],
    );
    item.dates = vec![ItemDate { name: "购房日期".into(), ask: "哪天购房?".into() }];
    let then: Day = "2019-05-20".parse().unwrap();
    let now = record("resident_id_card", "周海燕");
    let past = RecordFact { on: then, ..now.clone() };
    let mut asked = request(&[], vec![with(now.clone())]);
    let of = |asked: &ItemRequest| item.answer(asked).unwrap().slots[0].outcome;
    assert_eq!(of(&asked), SlotOutcome::Undecided, "the day is open");
    asked.dates.insert("购房日期".into(), then);
    assert_eq!(of(&asked), SlotOutcome::Unverifiable, "what is so today says nothing of that day");
    asked.parties = vec![with(past)];
    assert_eq!(of(&asked), SlotOutcome::Pulled);
}

#[test]
fn nothing_found_is_worth_what_the_coverage_says() {
    let item = one(SlotClass::Certificate, vec![card(Accept::default()), own()]);
    let bare = one(SlotClass::Certificate, vec![card(Accept::default())]);
    for (kind, tried, with_own, alone) in [
        (AbsenceKind::NoneWithinCoverage, "none_within_coverage", "by_applicant", "missing"),
        (AbsenceKind::NotCovered, "not_covered", "by_applicant", "unverifiable"),
        (AbsenceKind::DoesNotApply, "does_not_apply", "by_applicant", "missing"),
        (AbsenceKind::FeedLate, "unverifiable", "unverifiable", "unverifiable"),
    ] {
        let mut zhou = party("applicant", "周海燕");
        zhou.absences.insert("resident_id_card".into(), kind);
        assert_eq!(only(&item, &zhou).tried[0].outcome.wire(), tried);
        assert_eq!(only(&item, &zhou).outcome.wire(), with_own);
        assert_eq!(only(&bare, &zhou).outcome.wire(), alone);
    }
}

#[test]
fn an_old_card_that_is_taken_in_may_have_expired() {
    let past =
        RecordFact { valid_to: Some("2021-01-01".parse().unwrap()), ..record("resident_id_card", "甲") };
    let of = |expired| {
        let item = one(SlotClass::Certificate, vec![card(Accept { expired, ..Accept::default() })]);
        only(&item, &with(past.clone())).outcome
    };
    assert_eq!((of(false), of(true)), (SlotOutcome::Expired, SlotOutcome::Pulled));
}

#[test]
fn a_permit_is_extended_within_a_window_before_its_end() {
    let window = Some(DaysLeft { most: 90, least: 15 });
    let item = one(SlotClass::Certificate, vec![card(Accept { window, ..Accept::default() })]);
    let of =
        |left| only(&item, &with(RecordFact { working_days_left: left, ..record("resident_id_card", "甲") }));
    for (left, wanted) in [
        (Some(91), SlotOutcome::Untimely),
        (Some(90), SlotOutcome::Pulled),
        (Some(15), SlotOutcome::Pulled),
        (Some(14), SlotOutcome::Untimely),
        // No calendar reaches so far: nobody can tell.
        (None, SlotOutcome::Unverifiable),
    ] {
        assert_eq!(of(left).outcome, wanted, "{left:?}");
    }
    assert_eq!(item.answer(&request(&[], vec![with(record("x", "甲"))])).unwrap().count.unverifiable, 1);
    let endless = RecordFact { valid_to: None, ..record("resident_id_card", "甲") };
    assert_eq!(only(&item, &with(endless)).outcome, SlotOutcome::Untimely, "what never ends is not extended");
    let over = RecordFact {
        working_days_left: Some(-3),
        valid_to: Some("2026-11-25".parse().unwrap()),
        ..record("resident_id_card", "甲")
    };
    assert_eq!(only(&item, &with(over)).outcome, SlotOutcome::Expired);
}

#[test]
fn where_the_office_needs_to_know_a_no_is_as_good_as_a_yes() {
    let question = told("规划和自然资源部门", "名下是否有不动产");
    let of = |either, answer: PredicateAnswer| {
        let checked = Way::Checked { predicate: question.clone(), either };
        let mut zhou = party("applicant", "周海燕");
        zhou.predicates = vec![(question.clone(), answer)];
        only(&one(SlotClass::Certificate, vec![checked, own()]), &zhou).outcome
    };
    let no = || PredicateAnswer::No { evidence: vec!["answer-2".into()] };
    assert_eq!((of(true, yes()), of(true, no())), (SlotOutcome::Checked, SlotOutcome::Checked));
    assert_eq!(of(false, no()), SlotOutcome::ByApplicant);
    assert_eq!(
        of(true, PredicateAnswer::No { evidence: vec![] }),
        SlotOutcome::ByApplicant,
        "without evidence"
    );
    assert_eq!(of(true, PredicateAnswer::Unanswered(silence("甲"))), SlotOutcome::Unverifiable);
}

#[test]
fn i13_a_source_that_did_not_answer_is_never_a_no() {
    let item = one(SlotClass::Certificate, vec![card(Accept::default()), own()]);
    let mut zhou = party("applicant", "周海燕");
    zhou.absences.insert("resident_id_card".into(), AbsenceKind::NoneWithinCoverage);
    zhou.silent.insert("resident_id_card".into(), silence("省公安厅"));
    let answer = only(&item, &zhou);
    assert_eq!(answer.outcome.zh(), "暂无法核验");
    assert_eq!(answer.tried[0].silence, Some(silence("省公安厅")));
    assert_eq!((answer.tried[1].way, answer.tried[1].outcome), (WayKind::ByApplicant, TryOutcome::Offered));
    // An expired one beside a silent source: there may be a newer one.
    let expired = RecordFact {
        valid_to: Some("2021-01-01".parse().unwrap()),
        ..record("resident_id_card", "周海燕")
    };
    zhou.records = vec![expired];
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::Unverifiable);
    zhou.silent.clear();
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::ByApplicant);
    // A good one is enough, whoever else is silent.
    zhou.records.push(record("resident_id_card", "周海燕"));
    zhou.silent.insert("resident_id_card".into(), silence("省公安厅"));
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::Pulled);
}

#[test]
fn ways_are_tried_in_their_order_whatever_the_file_says() {
    let question = told("甲", "乙");
    let later = Way::Deferred { within: TimeLimit { count: 5, unit: TimeUnit::WorkingDay } };
    let office = Way::Asked { office: "社区".into(), question: "?".into(), working_days: 5 };
    let checked = Way::Checked { predicate: question.clone(), either: false };
    let item = one(SlotClass::Proof, vec![own(), later, promise(), office, checked, card(Accept::default())]);
    let mut zhou = party("applicant", "周海燕");
    let answer = only(&item, &zhou);
    let order: Vec<_> = answer.tried.iter().map(|one| one.way).collect();
    assert_eq!(order, WayKind::ALL[..6]);
    assert_eq!(answer.outcome, SlotOutcome::Asked);
    zhou.predicates = vec![(question, yes())];
    let answer = only(&item, &zhou);
    assert_eq!((answer.outcome, answer.tried.len()), (SlotOutcome::Checked, 2), "nothing is tried after it");
}

#[test]
fn a_promise_is_not_offered_where_it_is_closed() {
    let question = told("甲", "乙");
    let ways = || vec![Way::Checked { predicate: question.clone(), either: false }, promise(), own()];
    let mut item = one(SlotClass::Proof, ways());
    let mut zhou = party("applicant", "周海燕");
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::Promised);
    // After a no.
    zhou.predicates = vec![(question.clone(), PredicateAnswer::No { evidence: vec!["a".into()] })];
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::ByApplicant);
    assert_eq!(only(&item, &zhou).tried[1].outcome, TryOutcome::Withheld);
    zhou.predicates.clear();
    // After a promise that was false.
    zhou.broken_promise = true;
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::ByApplicant);
    zhou.broken_promise = false;
    // Where the item forbids it.
    item.no_promise = Some("涉及公共安全".into());
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::ByApplicant);
    item.slots[0].ways.truncate(2);
    zhou.predicates = vec![(question.clone(), PredicateAnswer::No { evidence: vec!["a".into()] })];
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::Contradicted);
}

#[test]
fn a_yes_without_evidence_is_no_answer() {
    let question = told("甲", "乙");
    let item = one(SlotClass::Proof, vec![Way::Checked { predicate: question.clone(), either: false }]);
    let mut zhou = party("applicant", "周海燕");
    zhou.predicates = vec![(question, PredicateAnswer::Yes { evidence: vec![] })];
    assert_eq!(only(&item, &zhou).outcome, SlotOutcome::Unverifiable);
    let holds = Predicate::Holds { slug: "resident_id_card".into() };
    let item = one(SlotClass::Proof, vec![Way::Checked { predicate: holds, either: false }]);
    let answer = only(&item, &with(record("resident_id_card", "周海燕")));
    assert_eq!((answer.outcome, answer.tried[0].way), (SlotOutcome::Checked, WayKind::Checked));
}

#[test]
fn what_is_optional_or_filled_in_at_the_window_is_not_carried_there() {
    let mut item = one(SlotClass::Other, vec![own()]);
    let bring =
        |item: &ItemDef| item.answer(&request(&[], vec![party("applicant", "甲")])).unwrap().count.bring;
    assert_eq!(bring(&item), 1);
    item.slots[0].necessity = Necessity::Optional;
    assert_eq!(bring(&item), 0);
    item.slots[0].necessity = Necessity::Required;
    item.slots[0].ways = vec![Way::ByApplicant { on_site: true, note: None }];
    assert_eq!(bring(&item), 0);
    // An original comes itself.
    item.slots[0].original = Original::Surrendered;
    assert_eq!(bring(&item), 1);
}

#[test]
fn i3_names_on_a_face_stay_out_of_debug_prints() {
    assert!(!format!("{:?}", record("resident_id_card", "周海燕")).contains("周海燕"));
}
