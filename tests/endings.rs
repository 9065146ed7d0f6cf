//! Names are compared where one certificate ends another: a divorce or a death under another name ends nothing. On
//! both databases.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::couples::{Couple, certificate, husband};
use common::people::{self, CHEN, POLICE, ZHOU};
use common::{World, operator, run};
use elicense::error::{Code, Error, Result};
use elicense::policy::{Actor, COMPARISONS, Client, Scope};
use elicense::record::state::State;
use elicense::registry::import::{ImportOptions, ImportReport};
use elicense::registry::{AccessPage, AskedHolder, Draft, FsckOptions, Issued, Submitted, Viewer};
use elicense::rule::Rule;
use elicense::store::Opened;
use serde_json::{Value, json};

on_both! {
    a_divorce_under_another_name_is_refused_and_ends_no_marriage
    i4_the_refusal_tells_no_name_and_ten_comparisons_are_all
    who_has_a_certificate_that_would_end_is_not_found_out_by_trying
    a_death_under_another_name_is_refused_and_proposes_nothing
    no_other_record_makes_a_wrong_name_right
    an_ending_on_file_under_another_name_does_not_end_what_comes_later
    an_imported_ending_under_another_name_is_refused
    an_ending_under_another_name_in_the_same_file_ends_nothing_and_is_told
}

const MARRIAGE: &str = "marriage_certificate";

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn issue(world: &World, draft: Draft) -> Result<Issued> {
    issue_as(world, &operator(), draft)
}

fn issue_as(world: &World, actor: &Actor, draft: Draft) -> Result<Issued> {
    world.registry.refresh().unwrap();
    world.registry.issue(actor, &Submitted::Draft(draft))
}

/// A divorce of ZHOU and CHEN, in which she has that name.
fn divorce(number: usize, name: &str) -> Draft {
    let draft = people::marriage(&format!("L190101-2026-{number:06}"));
    let mut draft = named(draft, "周海燕", name);
    draft.type_code = "divorce_certificate".into();
    draft.issued_on = people::day("2026-10-08");
    draft.face.insert("registered_on".into(), "2026-10-08".into());
    draft
}

/// The same certificate with another name on it.
fn named(draft: Draft, old: &str, new: &str) -> Draft {
    let text = serde_json::to_string(&draft).unwrap().replace(old, new);
    serde_json::from_str(&text).unwrap()
}

/// It may issue everything and look nobody up.
fn office(id: &str) -> Actor {
    let scopes = vec![Scope::Issue];
    let grants = json!([{"types": "*", "fields": "whole", "purposes": "*"}]);
    let client = Client {
        id: id.into(),
        agency: POLICE.into(),
        name: "登记系统".into(),
        scopes: scopes.clone(),
        grants: serde_json::from_value(grants).unwrap(),
        budget: 1_000,
        enabled: true,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes }
}

fn refused(error: &Error) -> (Code, Option<Rule>, Option<String>) {
    (error.code, error.rule, error.field.as_ref().map(ToString::to_string))
}

fn ended_name() -> (Code, Option<Rule>, Option<String>) {
    (Code::FieldInvalid, Some(Rule::EndedName), Some("holders".into()))
}

/// The states of the records of one type under a number.
fn states(world: &World, code: &str, slug: &str) -> Vec<State> {
    let type_code = world.registry.snapshot().catalog.type_by_slug(slug).unwrap().def().code.clone();
    let store = world.registry.store();
    let hk = store.vault().index().holder_key("111", code);
    let rows = store.read_now(|reader| reader.records_of(&hk)).unwrap();
    let rows = rows.into_iter().map(|row| match row {
        Opened::Record(row) => row,
        Opened::Damaged { .. } => panic!("a row does not open"),
    });
    rows.filter(|row| row.type_code == type_code).map(|row| row.state).collect()
}

/// The outcomes on a holder's list, oldest first.
fn outcomes(world: &World, code: &str) -> Vec<&'static str> {
    let holder = AskedHolder { code_type: "111".into(), code: code.into() };
    let list = run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &AccessPage::default()));
    list.unwrap().lines.iter().rev().map(|line| line.outcome.wire()).collect()
}

fn a_divorce_under_another_name_is_refused_and_ends_no_marriage(world: World) {
    settled(&world);
    issue(&world, people::marriage("J190101-2015-000123")).unwrap();
    assert_eq!(refused(&issue(&world, divorce(1, "周海艳")).unwrap_err()), ended_name());
    assert_eq!(states(&world, ZHOU, MARRIAGE), [State::Active]);
    assert_eq!(states(&world, ZHOU, "divorce_certificate"), [], "nothing of it is on file");
    assert_eq!(issue(&world, divorce(1, "周海燕")).unwrap().ended.len(), 1);
    assert_eq!(states(&world, ZHOU, MARRIAGE), [State::Lapsed]);
    // The marriage has ended: there is nothing to compare.
    issue(&world, divorce(2, "周海艳")).unwrap();
    assert_eq!(world.registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn i4_the_refusal_tells_no_name_and_ten_comparisons_are_all(world: World) {
    settled(&world);
    issue(&world, people::marriage("J190101-2015-000123")).unwrap();
    let office = office("registrar");
    for number in 0..COMPARISONS as usize {
        let error = issue_as(&world, &office, divorce(number, "周海艳")).unwrap_err();
        assert_eq!(refused(&error), ended_name());
        let said = format!("{error:?} {:?} {}", error.detail, Rule::EndedName.zh());
        assert!(!said.contains("周海燕") && !said.contains("周海艳"), "{said}");
    }
    // A right name hears the same as a wrong one.
    for name in ["周海燕", "周海艳"] {
        let error = issue_as(&world, &office, divorce(99, name)).unwrap_err();
        assert_eq!((error.code, error.rule), (Code::TooManyTries, Some(Rule::ComparisonsADay)), "{name}");
    }
    assert_eq!(states(&world, ZHOU, MARRIAGE), [State::Active]);
    assert_eq!(outcomes(&world, ZHOU)[..2], ["change_refused", "change_refused"]);
}

/// Each refusal tells that there is such a certificate: it counts as a question about its holders.
fn who_has_a_certificate_that_would_end_is_not_found_out_by_trying(world: World) {
    settled(&world);
    let office = office("walker");
    let of = |slug, couple: usize| {
        certificate(slug, Couple { couple, turned: false }, &format!("N190101-{slug}-{couple}"), "2020-10-08")
    };
    let refused = (0..40).find_map(|couple| {
        issue(&world, of(MARRIAGE, couple)).unwrap();
        let tried = named(of("divorce_certificate", couple), "周海燕", "周海艳");
        let error = issue_as(&world, &office, tried).unwrap_err();
        (error.rule != Some(Rule::EndedName)).then_some((couple, error.code))
    });
    assert!(refused.is_some_and(|(_, code)| code == Code::EnumerationStopped), "{refused:?}");
}

fn a_death_under_another_name_is_refused_and_proposes_nothing(world: World) {
    settled(&world);
    issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    assert_eq!(refused(&issue(&world, people::death(CHEN, "陈远")).unwrap_err()), ended_name());
    assert_eq!(issue(&world, people::death(CHEN, "陈志远")).unwrap().proposals.len(), 1);
}

fn no_other_record_makes_a_wrong_name_right(world: World) {
    settled(&world);
    issue(&world, people::marriage("J190101-2015-000123")).unwrap();
    assert_eq!(refused(&issue(&world, divorce(1, "周敏")).unwrap_err()), ended_name());
    // An office can bring a card, or a second marriage, under any name.
    issue(&world, people::id_card(ZHOU, "周敏", "2026-01-09")).unwrap();
    assert_eq!(refused(&issue(&world, divorce(1, "周敏")).unwrap_err()), ended_name());
    issue(&world, named(people::marriage("J190101-2015-000124"), "周海燕", "周敏")).unwrap();
    assert_eq!(refused(&issue(&world, divorce(1, "周敏")).unwrap_err()), ended_name());
    assert_eq!(states(&world, ZHOU, MARRIAGE), [State::Active; 2]);
    // Nor does a file that is brought twice.
    let rows = [divorce(2, "周兰"), named(people::marriage("J190101-2015-000125"), "周海燕", "周兰")];
    for _ in 0..2 {
        import(&world, &rows, false);
    }
    assert_eq!(states(&world, ZHOU, MARRIAGE), [State::Active; 3]);
}

fn an_ending_on_file_under_another_name_does_not_end_what_comes_later(world: World) {
    settled(&world);
    issue(&world, divorce(1, "周海艳")).unwrap();
    let late = issue(&world, people::marriage("J190101-2015-000123")).unwrap();
    assert_eq!(late.ended, []);
    assert_eq!(states(&world, ZHOU, MARRIAGE), [State::Active]);
}

fn import(world: &World, rows: &[Draft], dry_run: bool) -> (ImportReport, Vec<Value>) {
    world.registry.refresh().unwrap();
    let (source, errors) = (world.dir().join("rows.ndjson"), world.dir().join("errors.ndjson"));
    let text: String = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect();
    std::fs::write(&source, text).unwrap();
    let options = ImportOptions { dry_run, error_path: Some(errors.clone()), ..ImportOptions::default() };
    let report = world.registry.import(&operator(), &source, &options, &|_| ()).unwrap();
    assert!(report.counts.adds_up(), "{:?}", report.counts);
    let errors = std::fs::read_to_string(errors).unwrap();
    (report, errors.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn an_imported_ending_under_another_name_is_refused(world: World) {
    settled(&world);
    issue(&world, people::marriage("J190101-2015-000123")).unwrap();
    let rows = [divorce(1, "周海艳"), people::social_card(CHEN, "陈志远")];
    for dry_run in [true, false] {
        let (report, errors) = import(&world, &rows, dry_run);
        assert_eq!((report.counts.bound, report.counts.refused, report.counts.ended), (1, 1, 0));
        assert_eq!((&errors[0]["line"], &errors[0]["rule"]), (&json!(1), &json!("ended_name")), "{errors:?}");
    }
    assert_eq!(states(&world, ZHOU, MARRIAGE), [State::Active]);
    // Corrected, it is a new row: the refused one took nothing.
    let (report, errors) = import(&world, &[divorce(1, "周海燕")], false);
    assert_eq!((report.counts.bound, report.counts.ended, errors.len()), (1, 1, 0));
    assert_eq!(world.registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn an_ending_under_another_name_in_the_same_file_ends_nothing_and_is_told(world: World) {
    settled(&world);
    let couple = |slug, couple| {
        certificate(slug, Couple { couple, turned: false }, &format!("N190101-{slug}-{couple}"), "2020-10-08")
    };
    let rows = [
        couple(MARRIAGE, 0),
        named(couple("divorce_certificate", 0), "周海燕", "周海艳"),
        couple(MARRIAGE, 1),
        couple("divorce_certificate", 1),
    ];
    let foreseen = import(&world, &rows, true).0.counts;
    let (report, _) = import(&world, &rows, false);
    let counts = report.counts;
    assert_eq!((counts.ended, counts.not_ended, counts.refused), (1, 1, 0));
    assert_eq!(foreseen, counts, "a dry run says so");
    let told: Vec<_> = report.faults.iter().map(|one| (one.rule, one.count, one.examples[0].line)).collect();
    assert_eq!(told, [(Some(Rule::EndedName), 1, 2)]);
    assert_eq!(states(&world, &husband(0), MARRIAGE), [State::Active]);
    assert_eq!(states(&world, &husband(1), MARRIAGE), [State::Lapsed]);
}
