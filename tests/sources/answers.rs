//! Right answers: told with their evidence, kept for their life, for whom they are.

use elicense::record::question::{SourceAnswer, SourceWord};

use super::*;

on_both! {
    a_yes_and_a_no_are_told_with_their_evidence
    only_what_is_open_is_asked_and_once
    what_is_asked_is_on_the_list_before_it_leaves
    an_answer_is_kept_for_its_life_and_no_longer
    an_answer_for_its_case_alone_answers_no_other_case
    a_kept_answer_of_a_lost_key_is_asked_again
}

fn a_yes_and_a_no_are_told_with_their_evidence(world: World) {
    let registry = &world.registry;
    ready(registry);
    let (_office, police) = (office(registry), police(registry));
    police.says(SourceWord::No);
    let answer = apply(registry, &both());
    let (outcome, way) = checked(&answer, "married");
    assert_eq!((outcome.as_str(), &way["outcome"]), ("checked", &json!("met")), "{answer}");
    assert_eq!(way["evidence"].as_array().unwrap().len(), 1);
    let (outcome, way) = checked(&answer, "record");
    assert_eq!((outcome.as_str(), &way["outcome"]), ("by_applicant", &json!("contradicted")));
    assert_eq!(way["evidence"].as_array().unwrap().len(), 1);
    // Where no system is connected nothing is told.
    assert_eq!(checked(&answer, "nobody").1["outcome"], "not_covered");
    police.says(SourceWord::Unknown);
    is_silent(&apply(registry, &both()), "record", "公安核查系统：无法确定");
    assert_eq!(fsck(&world), []);
}

fn only_what_is_open_is_asked_and_once(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let answer = apply(registry, &alone());
    let asked: Vec<_> = office.asked().into_iter().map(|one| one.question.unwrap()).collect();
    // Two slots want the same; the card meets its slot, she is no elder, and nobody said what for.
    assert_eq!(asked, [MARRIED]);
    for slot in ["married", "married_too"] {
        assert_eq!(checked(&answer, slot).0, "checked");
    }
    assert_eq!(checked(&answer, "social").0, "pulled");
    assert_eq!(
        (checked(&answer, "elder").0.as_str(), checked(&answer, "open").0.as_str()),
        ("not_required", "undecided")
    );
    let said = asking(
        json!({"parties": [party("applicant", ZHOU)], "answers": {"用途": "甲"}, "case": "城东 2026-17"}),
    );
    apply(registry, &said);
    let asked = office.asked();
    let last = asked.last().unwrap();
    assert_eq!((asked.len(), last.question.as_deref()), (2, Some("甲用途")));
    assert_eq!((last.agency.as_deref(), last.to.as_str()), (Some(MARKET), CREMATORIUM));
    assert_eq!(
        (last.item.as_deref(), last.item_version, last.case.as_deref()),
        (Some(ITEM), Some(1), Some("城东 2026-17"))
    );
    assert_eq!(last.holder.as_ref().map(|holder| holder.code.as_str()), Some(ZHOU));
}

fn what_is_asked_is_on_the_list_before_it_leaves(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let other = registry.clone();
    let key = common::department::again(&office.key);
    office.does(move |question| {
        let seen = lines(&other, ZHOU, Outcome::Asked).len();
        assert_eq!((seen, lines(&other, ZHOU, Outcome::Applied).len()), (1, 0));
        let told = common::department::told(question, SourceWord::Yes);
        common::department::Reply::Text(common::department::signed(&told, &key))
    });
    assert_eq!(checked(&apply(registry, &both()), "married").0, "checked");
    let seen = lines(registry, ZHOU, Outcome::Asked);
    assert_eq!((seen.len(), seen[0].item.as_deref()), (1, Some(ITEM)));
    // Of him nobody was asked: the police are not connected.
    assert_eq!(lines(registry, CHEN, Outcome::Asked).len(), 0);
    assert_eq!(lines(registry, CHEN, Outcome::Applied).len(), 1);
    assert_eq!(fsck(&world), []);
}

fn an_answer_is_kept_for_its_life_and_no_longer(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let first = checked(&apply(registry, &alone()), "married").1;
    let began = registry.now();
    world.clock.set(began.plus_seconds(599));
    // Its evidence is that of the first; no second question leaves, and no second entry says so.
    assert_eq!(checked(&apply(registry, &alone()), "married").1["evidence"], first["evidence"]);
    assert_eq!((office.asked().len(), lines(registry, ZHOU, Outcome::Asked).len()), (1, 1));
    // Another agency asks for itself.
    registry.refresh().unwrap();
    run(registry.apply(&common::operator(), &alone())).unwrap();
    assert_eq!(office.asked().len(), 1, "an operator asks in the name of the item's agency");
    world.clock.set(began.plus_seconds(600));
    office.says(SourceWord::No);
    let later = checked(&apply(registry, &alone()), "married").1;
    assert_eq!((&later["outcome"], office.asked().len()), (&json!("contradicted"), 2));
    assert_ne!(later["evidence"], first["evidence"]);
    // The same question about him is another.
    apply(registry, &asking(json!({"parties": [party("applicant", CHEN)]})));
    assert!(office.asked().len() > 2);
    assert_eq!(fsck(&world), []);
}

fn an_answer_for_its_case_alone_answers_no_other_case(world: World) {
    let registry = &world.registry;
    ready(registry);
    let police = police(registry);
    let case = |case: Option<&str>| {
        let parties = json!([party("applicant", ZHOU), party("spouse", CHEN)]);
        let answer = apply(registry, &asking(json!({"parties": parties, "case": case})));
        assert_eq!(checked(&answer, "record").0, "checked");
        police.asked().len()
    };
    assert_eq!((case(Some("城东 1")), case(Some("城东 1"))), (1, 1));
    assert_eq!(case(Some("城东 2")), 2);
    assert_eq!((case(None), case(None)), (3, 4), "without a case there is none to know again");
}

fn a_kept_answer_of_a_lost_key_is_asked_again(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    apply(registry, &alone());
    let since = registry.now();
    world.clock.set(since.plus_seconds(5));
    let kid = office.key.kid().to_string();
    registry.revoke_key("test", &kid, since, "密钥遗失，已报告").unwrap();
    is_silent(&apply(registry, &alone()), "married", "婚姻登记系统：答复的密钥无效");
    // What it signed before it was lost stays good.
    let fresh = elicense::trust::SigningKey::generate().unwrap();
    registry.register_key("test", CREMATORIUM, fresh.verify_key().bytes()).unwrap();
    office.does(move |question| {
        let told = SourceAnswer { ..common::department::told(question, SourceWord::Yes) };
        common::department::Reply::Text(common::department::signed(&told, &fresh))
    });
    assert_eq!(checked(&apply(registry, &alone()), "married").0, "checked");
}
