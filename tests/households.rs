//! The region of an authority over people is held against the household record of the person (practice R6). On both
//! databases.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU};
use common::{World, callers, operator};
use elicense::catalog::Authority;
use elicense::error::{Code, Error, Result};
use elicense::policy::{Actor, Scope};
use elicense::record::Action;
use elicense::record::event::{Event, Household};
use elicense::registry::{
    ActCommand, Draft, FsckOptions, HolderChanged, LinkCommand, MarkCommand, Submitted,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

/// The police of the next district, which keeps its own households.
const ELSEWHERE: &str = "11190102MD10000183";

on_both! {
    a_mark_on_somebody_whose_household_is_elsewhere_needs_a_ground
    a_record_of_ones_own_proves_nothing
    an_entry_of_ones_own_is_not_compared_and_one_of_another_is
    i4_who_may_not_look_is_not_told_where_a_household_is
    both_people_of_a_link_are_compared
    without_a_household_record_the_event_says_that_it_was_not_compared
    who_left_the_household_or_whose_record_has_ended_is_not_compared
    a_region_covers_everything_below_it
    an_authority_that_has_ended_reaches_nowhere
    fsck_lists_what_stands_outside_the_region
}

fn settled(world: &World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.put_agency("test", &people::agency(ELSEWHERE, "示范市公安局城西分局", "190102")).unwrap();
    for slug in ["household_member", "household_front"] {
        let type_code = registry.snapshot().catalog.type_by_slug(slug).unwrap().def().code.clone();
        let authority = Authority {
            agency: ELSEWHERE.into(),
            type_code,
            region: "190102".parse().unwrap(),
            from: people::day("1990-01-01"),
            to: None,
        };
        registry.authorise("test", &authority).unwrap();
    }
    registry.make_key("test", ELSEWHERE).unwrap();
    registry.start_access("main").unwrap();
}

/// The card of a member of a household, as that office keeps it.
fn card(code: &str, name: &str, issuer: &str) -> Draft {
    let sex = if code.as_bytes()[16] % 2 == 1 { "1" } else { "2" };
    let born = format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]);
    people::draft(json!({
        "type": "household_member", "issuer": issuer, "issued_on": "2019-03-04",
        "holders": [{"code_type": "111", "code": code, "name": name}],
        "face": {
            "name": name, "relation_to_head": "02", "sex": sex, "ethnic_group": "01", "birth_date": born,
            "id_number": code, "registered_on": "2019-03-04", "household_id": "0123456789abcdef0123456789abcdef",
            "joined_on": "2019-03-04", "joined_reason": "2",
        },
    }))
}

fn issue(world: &World, draft: Draft) -> String {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
}

fn mark(world: &World, actor: &Actor, code: &str, known: bool) -> Result<HolderChanged> {
    world.registry.refresh().unwrap();
    let agency = actor.agency().is_none().then_some(POLICE);
    let command = json!({
        "holder": {"type": "111", "code": code}, "state": "deceased", "ground": "法医鉴定书 2026-3 号", "agency": agency,
        "household_elsewhere": known,
    });
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(actor, &command, None)
}

fn link(
    world: &World,
    (from_type, from): (&str, &str),
    (to_type, to): (&str, &str),
    known: bool,
) -> Result<HolderChanged> {
    world.registry.refresh().unwrap();
    let (kind, agency) = if from_type == "111" { ("same_person", POLICE) } else { ("successor", MARKET) };
    let command = json!({
        "from": {"type": from_type, "code": from}, "to": {"type": to_type, "code": to}, "kind": kind, "agency": agency,
        "ground": "号码更正证明", "names_differ": true, "household_elsewhere": known,
    });
    let command: LinkCommand = serde_json::from_value(command).unwrap();
    world.registry.link_holders(&operator(), &command, None)
}

fn refused(error: &Error) -> (Code, Option<Rule>, Option<String>) {
    (error.code, error.rule, error.field.as_ref().map(ToString::to_string))
}

fn elsewhere() -> (Code, Option<Rule>, Option<String>) {
    (Code::FieldInvalid, Some(Rule::HouseholdElsewhere), Some("household_elsewhere".into()))
}

/// What the newest event of a holder says of its household, and its ground.
fn said(world: &World, code_type: &str, code: &str) -> (Option<Household>, String) {
    let store = world.registry.store();
    let hk = store.vault().index().holder_key(code_type, code);
    let event = store.read_now(|reader| reader.events_of(&hk, &[0; 16])).unwrap().pop().unwrap();
    (Event::from_canonical(&event.event).unwrap().household, event.ground)
}

/// An agency that brings a household record of its own does not make itself the right one.
fn a_record_of_ones_own_proves_nothing(world: World) {
    settled(&world);
    issue(&world, card(CHEN, "陈志远", ELSEWHERE));
    issue(&world, card(CHEN, "陈志远", POLICE));
    assert_eq!(refused(&mark(&world, &operator(), CHEN, false).unwrap_err()), elsewhere());
    // Nor does an invented name on two of its records make two people one.
    let (one, other) = (people::number(60), people::number(61));
    for (code, name) in [(&one, "林秋水"), (&other, "何山")] {
        issue(&world, card(code, name, ELSEWHERE));
        issue(&world, card(code, "张三丰", POLICE));
    }
    let command = json!({
        "from": {"type": "111", "code": one}, "to": {"type": "111", "code": other}, "kind": "same_person",
        "agency": POLICE, "ground": "号码更正证明", "household_elsewhere": true,
    });
    let command: LinkCommand = serde_json::from_value(command).unwrap();
    world.registry.refresh().unwrap();
    let error = world.registry.link_holders(&operator(), &command, None).unwrap_err();
    assert_eq!(error.rule, Some(Rule::NamesDiffer));
}

/// A directory entry on paper: the word of the agency that there is a household book.
fn on_paper(world: &World, code: &str, issuer: &str) {
    let entry = json!({
        "type": "household_member", "issuer": issuer, "custody": "paper", "office": "户籍室",
        "holders": [{"code_type": "111", "code": code, "name": "某人"}], "issued_on": "2019-03-04",
    });
    world.registry.refresh().unwrap();
    world.registry.put_directory(&operator(), &serde_json::from_value(entry).unwrap(), None).unwrap();
}

fn an_entry_of_ones_own_is_not_compared_and_one_of_another_is(world: World) {
    settled(&world);
    on_paper(&world, ZHOU, POLICE);
    mark(&world, &operator(), ZHOU, false).unwrap();
    assert_eq!(
        said(&world, "111", ZHOU).0,
        Some(Household::NotOnFile),
        "its own word is no household record"
    );
    on_paper(&world, CHEN, ELSEWHERE);
    on_paper(&world, CHEN, POLICE);
    assert_eq!(refused(&mark(&world, &operator(), CHEN, false).unwrap_err()), elsewhere());
    // The entry of another office within the region tells it.
    let (other, third) = (people::CREMATORIUM, people::number(62));
    let type_code =
        world.registry.snapshot().catalog.type_by_slug("household_member").unwrap().def().code.clone();
    let authority = Authority {
        agency: other.into(),
        type_code,
        region: "190101".parse().unwrap(),
        from: people::day("1990-01-01"),
        to: None,
    };
    world.registry.authorise("test", &authority).unwrap();
    on_paper(&world, &third, other);
    mark(&world, &operator(), &third, false).unwrap();
    assert_eq!(said(&world, "111", &third).0, Some(Household::Within));
    assert!(world.registry.fsck(FsckOptions::default()).unwrap().sound());
}

fn a_mark_on_somebody_whose_household_is_elsewhere_needs_a_ground(world: World) {
    settled(&world);
    issue(&world, card(ZHOU, "周海燕", POLICE));
    issue(&world, card(CHEN, "陈志远", ELSEWHERE));
    mark(&world, &operator(), ZHOU, false).unwrap();
    assert_eq!(said(&world, "111", ZHOU).0, Some(Household::Within));
    let error = mark(&world, &operator(), CHEN, false).unwrap_err();
    assert_eq!(refused(&error), elsewhere());
    assert!(!error.detail.contains("城西") && !error.detail.contains("190102"), "{}", error.detail);
    let holder = world.registry.store().vault().index().holder_key("111", CHEN);
    assert!(world.registry.store().read_now(|reader| reader.holder(&holder)).unwrap().is_none());
    mark(&world, &operator(), CHEN, true).unwrap();
    assert_eq!(said(&world, "111", CHEN), (Some(Household::Elsewhere), "法医鉴定书 2026-3 号".into()));
}

fn i4_who_may_not_look_is_not_told_where_a_household_is(world: World) {
    settled(&world);
    issue(&world, card(CHEN, "陈志远", ELSEWHERE));
    let actor = callers::client("c1").scopes(&[Scope::Holder]).budget(10).actor();
    let error = mark(&world, &actor, CHEN, false).unwrap_err();
    assert_eq!(refused(&error), (Code::ActionForbidden, Some(Rule::HolderUnchanged), None));
    assert!(!format!("{}", error.detail).contains("household"), "{}", error.detail);
}

fn both_people_of_a_link_are_compared(world: World) {
    settled(&world);
    issue(&world, card(ZHOU, "周海燕", POLICE));
    issue(&world, card(CHEN, "陈志远", ELSEWHERE));
    let (zhou, chen) = (("111", ZHOU), ("111", CHEN));
    for (from, to) in [(zhou, chen), (chen, zhou)] {
        assert_eq!(refused(&link(&world, from, to, false).unwrap_err()), elsewhere());
    }
    link(&world, zhou, chen, true).unwrap();
    assert_eq!(said(&world, "111", ZHOU).0, Some(Household::Within));
    assert_eq!(said(&world, "111", CHEN).0, Some(Household::Elsewhere));
    // An organisation has no household.
    link(&world, ("001", COMPANY), ("001", "91190101MD10000267"), false).unwrap();
    let key = world.registry.store().vault().index().holder_key("001", &COMPANY[8..17]);
    let event = world.registry.store().read_now(|reader| reader.events_of(&key, &[0; 16])).unwrap().pop();
    assert!(event.is_none_or(|event| Event::from_canonical(&event.event).unwrap().household.is_none()));
}

fn without_a_household_record_the_event_says_that_it_was_not_compared(world: World) {
    settled(&world);
    issue(&world, people::id_card(CHEN, "陈志远", "2022-01-01"));
    mark(&world, &operator(), CHEN, false).unwrap();
    assert_eq!(said(&world, "111", CHEN).0, Some(Household::NotOnFile));
}

fn who_left_the_household_or_whose_record_has_ended_is_not_compared(world: World) {
    settled(&world);
    let mut left = card(CHEN, "陈志远", ELSEWHERE);
    left.face.insert("left_on".into(), "2025-01-01".into());
    left.face.insert("left_reason".into(), "2".into());
    issue(&world, left);
    mark(&world, &operator(), CHEN, false).unwrap();
    assert_eq!(said(&world, "111", CHEN).0, Some(Household::NotOnFile));
    let mut cancel = ActCommand::new(&issue(&world, card(ZHOU, "周海燕", ELSEWHERE)), 1, Action::Cancel);
    cancel.ground = Some("迁出".into());
    world.registry.act(&operator(), &cancel).unwrap();
    mark(&world, &operator(), ZHOU, false).unwrap();
    assert_eq!(said(&world, "111", ZHOU).0, Some(Household::NotOnFile));
}

fn empowered(world: &World, region: &str, to: Option<&str>) {
    let given = json!({
        "agency": POLICE, "statement": "death", "source": "household", "region": region, "from": "1990-01-01", "to": to,
    });
    world.registry.empower("test", &serde_json::from_value(given).unwrap()).unwrap();
}

fn a_region_covers_everything_below_it(world: World) {
    settled(&world);
    issue(&world, card(CHEN, "陈志远", ELSEWHERE));
    // Of the whole city, both districts among it.
    empowered(&world, "190100", None);
    mark(&world, &operator(), CHEN, false).unwrap();
    assert_eq!(said(&world, "111", CHEN).0, Some(Household::Within));
}

fn an_authority_that_has_ended_reaches_nowhere(world: World) {
    settled(&world);
    issue(&world, card(CHEN, "陈志远", ELSEWHERE));
    empowered(&world, "190100", Some("2010-12-31"));
    assert_eq!(refused(&mark(&world, &operator(), CHEN, false).unwrap_err()), elsewhere());
}

fn fsck_lists_what_stands_outside_the_region(world: World) {
    settled(&world);
    let listed = || -> Vec<Value> {
        let report = world.registry.fsck(FsckOptions::default()).unwrap();
        assert!(report.sound(), "{:?}", report.findings);
        assert_eq!(report.unauthorised, []);
        serde_json::to_value(&report).unwrap()["outside_region"].as_array().unwrap().clone()
    };
    // Nothing on file to compare with, and a record of another region that came later.
    let early = mark(&world, &operator(), ZHOU, false).unwrap();
    assert_eq!(listed(), [] as [Value; 0]);
    issue(&world, card(ZHOU, "周海燕", ELSEWHERE));
    issue(&world, card(CHEN, "陈志远", ELSEWHERE));
    let grounded = mark(&world, &operator(), CHEN, true).unwrap();
    let mut leaves: Vec<_> =
        listed().iter().map(|one| (one["action"].clone(), one["leaf"].clone())).collect();
    leaves.sort_by_key(|(_, leaf)| leaf.as_u64());
    assert_eq!(leaves, [(json!("mark"), json!(early.leaf)), (json!("mark"), json!(grounded.leaf))]);
}
