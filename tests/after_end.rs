//! What lies after the end of a holder (practice R6, R16), on both databases: what is on file when a death is confirmed
//! of a day before it.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, lookup};
use common::paths::by_every_path;
use common::people::{self, CHEN, POLICE, ZHOU, day};
use common::{World, operator, run};
use elicense::record::Action;
use elicense::registry::{
    ActCommand, Draft, Endorsement, FaceEdit, FsckOptions, HistoryAsk, LinkCommand, MarkCommand,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    r6_r16_what_was_registered_after_a_death_is_not_good_by_accident
    r6_spouses_of_many_numbers_are_judged_alike_by_every_path
    r6_a_birth_after_the_mothers_death_is_told_to_whoever_looks
    r6_r16_an_end_that_comes_later_is_told_by_what_was_known
    r6_r16_no_action_says_anything_new_of_the_dead
}

fn settled(world: &World) {
    people::settle_deaths(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn marriage(number: &str, on: &str) -> Draft {
    let mut draft = people::marriage(number);
    draft.issued_on = day(on);
    draft.face.insert("registered_on".into(), on.into());
    draft
}

fn death(number: &str, (code, name): (&str, &str), died_on: &str) -> Draft {
    let mut draft = people::death(code, name);
    draft.face.insert("certificate_no".into(), number.into());
    draft.face.insert("died_on".into(), died_on.into());
    draft
}

fn mark(world: &World, (code_type, code): (&str, &str), agency: &str, (state, since): (&str, &str)) {
    world.registry.refresh().unwrap();
    let command = json!({
        "holder": {"type": code_type, "code": code}, "state": state, "since": since, "ground": "来函 2026-3 号",
        "agency": agency,
    });
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(&operator(), &command, None).unwrap();
}

fn act(world: &World, command: &ActCommand) -> elicense::registry::Acted {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command).unwrap()
}

fn linked(world: &World, from: &str, to: &str) {
    world.registry.refresh().unwrap();
    let link: LinkCommand = serde_json::from_value(json!({
        "from": {"type": "111", "code": from}, "to": {"type": "111", "code": to}, "kind": "same_person",
        "ground": "号码更正证明", "names_differ": true, "agency": POLICE,
    }))
    .unwrap();
    world.registry.link_holders(&operator(), &link, None).unwrap();
}

/// The marriage by every path, for whoever looks at either spouse.
fn married(world: &World, verdict: &str, reasons: &Value) {
    let face = json!({"registry": "城东区民政局"});
    for (path, told, why) in by_every_path(world, "marriage_certificate", &[ZHOU, CHEN], &face) {
        assert_eq!((&told, &why), (&json!(verdict), reasons), "by {path}");
    }
}

fn r6_r16_what_was_registered_after_a_death_is_not_good_by_accident(world: World) {
    settled(&world);
    let good = || json!(["court_divorces_not_covered"]);
    let dead = || json!(["court_divorces_not_covered", "spouse_deceased"]);
    let after = || json!(["date_after_end", "court_divorces_not_covered", "spouse_deceased"]);
    issue(&world, marriage("J190101-2026-000001", "2026-10-20")).unwrap();
    married(&world, "valid", &good());
    // A certificate of an earlier day comes later.
    let wrong = issue(&world, death("D1", (CHEN, "陈志远"), "2026-10-19")).unwrap();
    married(&world, "undetermined", &after());
    // The day of the end itself is a day of the life; a correction of the certificate counts at once.
    let correct = |version: u32, identifier: &str, died_on: &str| {
        let command = ActCommand {
            face: Some(FaceEdit::Patch(json!({"died_on": died_on}).as_object().unwrap().clone())),
            issued_on: Some(day("2026-11-01")),
            ground: Some("来函 2026-7 号".to_owned()),
            ..ActCommand::new(identifier, version, Action::Correct)
        };
        act(&world, &command).identifier
    };
    let second = correct(1, &wrong.identifier, "2026-10-20");
    married(&world, "valid", &dead());
    let third = correct(2, &second, "2026-10-01");
    married(&world, "undetermined", &after());
    // The certificate is taken back, and the marriage stands as before.
    let annul = ActCommand { ground: Some("来函".to_owned()), ..ActCommand::new(&third, 3, Action::Annul) };
    act(&world, &annul);
    married(&world, "valid", &good());
    // An office's own mark counts the same; a report ends nothing.
    mark(&world, ("111", ZHOU), POLICE, ("death_reported", "2026-10-01"));
    married(&world, "valid", &good());
    mark(&world, ("111", ZHOU), POLICE, ("deceased", "2026-10-01"));
    married(&world, "undetermined", &after());
    mark(&world, ("111", ZHOU), POLICE, ("normal", "2026-11-01"));
    married(&world, "valid", &good());
    // A death under another number of the same person is that person's.
    let other = "190102199208090041";
    mark(&world, ("111", other), POLICE, ("deceased", "2026-10-01"));
    linked(&world, other, ZHOU);
    married(&world, "undetermined", &after());
    // Where the rows about the spouses do not open, nobody knows.
    world.sql("UPDATE holders SET state = 1");
    married(&world, "undetermined", &json!(["status_unavailable", "court_divorces_not_covered"]));
}

/// Four codes are read of a marriage, whoever asks and how: beyond them nobody knows.
fn r6_spouses_of_many_numbers_are_judged_alike_by_every_path(world: World) {
    settled(&world);
    issue(&world, marriage("J190101-2026-000001", "2026-10-20")).unwrap();
    linked(&world, &people::number(11), ZHOU);
    linked(&world, &people::number(12), CHEN);
    married(&world, "valid", &json!(["court_divorces_not_covered"]));
    linked(&world, &people::number(13), CHEN);
    married(&world, "undetermined", &json!(["status_unavailable", "court_divorces_not_covered"]));
}

fn r6_a_birth_after_the_mothers_death_is_told_to_whoever_looks(world: World) {
    settled(&world);
    let face = json!({
        "certificate_no": "W000000001", "newborn_name": "陈一", "sex": "2", "born_at": "2026-10-18T23:30",
        "gestation_weeks": 39, "weight_g": 3200, "length_cm": 50, "birthplace": "示范市",
        "institution": "示范市妇幼保健院", "mother_name": "周海燕", "mother_nationality": "中国", "mother_id_type": "111",
        "mother_id_number": ZHOU, "father_name": "陈志远", "father_nationality": "中国", "father_id_type": "111",
        "father_id_number": CHEN, "issue_kind": "1", "issued_on": "2026-10-20",
        "issuing_institution": "示范市妇幼保健院",
    });
    let birth = people::draft(json!({
        "type": "birth_certificate", "issuer": POLICE, "issued_on": "2026-10-20", "face": face,
        "holders": [
            {"role": "mother", "code_type": "111", "code": ZHOU, "name": "周海燕"},
            {"role": "father", "code_type": "111", "code": CHEN, "name": "陈志远"},
        ],
    }));
    issue(&world, birth).unwrap();
    // A personal paper that was given out after the death is void, and says why it should not be there.
    issue(&world, people::id_card(ZHOU, "周海燕", "2026-10-19")).unwrap();
    let born = |verdict: &str, reasons: Value| {
        let face = json!({"newborn_name": "陈一"});
        for (path, told, why) in by_every_path(&world, "birth_certificate", &[ZHOU, CHEN], &face) {
            assert_eq!((&told, &why), (&json!(verdict), &reasons), "by {path}");
        }
    };
    // A father may die before the birth: his type asks for nothing.
    mark(&world, ("111", CHEN), POLICE, ("deceased", "2026-05-01"));
    born("valid", json!([]));
    mark(&world, ("111", ZHOU), POLICE, ("deceased", "2026-10-17"));
    born("undetermined", json!(["date_after_end"]));
    for (path, told, why) in by_every_path(&world, "resident_id_card", &[ZHOU], &json!({"name": "周海燕"}))
    {
        let void = (json!("invalid"), json!(["holder_deceased", "date_after_end"]));
        assert_eq!((told, why), void, "by {path}");
    }
    mark(&world, ("111", ZHOU), POLICE, ("deceased", "2026-10-18"));
    born("valid", json!([]));
}

fn r6_r16_an_end_that_comes_later_is_told_by_what_was_known(world: World) {
    settled(&world);
    let identifier = issue(&world, marriage("J190101-2026-000001", "2026-10-20")).unwrap().identifier;
    let was = |as_of: &str, known_at: Option<&str>| {
        world.registry.refresh().unwrap();
        let ask = json!({
            "identifier": identifier, "as_of": as_of, "known_at": known_at,
            "purpose": {"item": "X", "reason": "窗口办理"},
        });
        let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
        let answer = common::value(&run(world.registry.history(&operator(), &ask)).unwrap());
        (answer["standing"]["verdict"].clone(), answer["standing"]["reasons"].clone())
    };
    let good = || (json!("valid"), json!(["court_divorces_not_covered"]));
    let all = || json!(["date_after_end", "court_divorces_not_covered", "spouse_deceased"]);
    let after = || (json!("undetermined"), all());
    world.clock.set(common::noon().plus_seconds(86_400));
    let before = world.registry.now().plus_seconds(-3_600).to_string();
    mark(&world, ("111", CHEN), POLICE, ("deceased", "2026-10-19"));
    assert_eq!(was("2026-11-22", None), after());
    assert_eq!(was("2026-11-22", Some(&before)), good(), "nobody knew it then");
    let told = lookup(&world, ZHOU)["records"][0]["reasons"].clone();
    assert_eq!(told, all());
}

fn r6_r16_no_action_says_anything_new_of_the_dead(world: World) {
    settled(&world);
    let tried = |(identifier, version): (&str, u32), action: Action, on: Option<&str>| {
        world.registry.refresh().unwrap();
        let endorsement = (action == Action::Endorse)
            .then(|| Endorsement { kind: "年检".to_owned(), result: "合格".to_owned() });
        let changed = json!({"bank": "示范城市银行"}).as_object().unwrap().clone();
        let command = ActCommand {
            effective_on: on.map(day),
            endorsement,
            face: action.makes_version().then_some(FaceEdit::Patch(changed)),
            issued_on: action.makes_version().then(|| day("2020-05-06")),
            ground: Some("来函 2026-7 号".to_owned()),
            ..ActCommand::new(identifier, version, action)
        };
        world.registry.act(&operator(), &command)
    };
    let rule = |outcome: elicense::error::Result<elicense::registry::Acted>| {
        outcome
            .err()
            .map(|error| (error.field.as_deref().unwrap_or_default().to_owned(), error.rule.map(Rule::wire)))
    };
    let after = || Some(("effective_on".to_owned(), Some("date_after_end")));
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    mark(&world, ("111", ZHOU), POLICE, ("death_reported", "2026-11-01"));
    assert_eq!(rule(tried((&card, 1), Action::Endorse, None)), None, "a report ends nothing");
    mark(&world, ("111", ZHOU), POLICE, ("deceased", "2026-11-10"));
    for action in [Action::Endorse, Action::Change, Action::Renew, Action::Reissue] {
        assert_eq!(rule(tried((&card, 1), action, None)), after(), "{action:?}");
        assert_eq!(rule(tried((&card, 1), action, Some("2026-11-11"))), after(), "{action:?}");
    }
    assert_eq!(rule(tried((&card, 1), Action::Endorse, Some("2026-11-10"))), None, "a day of the life");
    // It may be suspended, but not given back to the dead; what was wrong is corrected, and it ends.
    let suspended = tried((&card, 1), Action::Suspend, None).unwrap();
    let card = (suspended.identifier.as_str(), suspended.version);
    assert_eq!(rule(tried(card, Action::Restore, None)), after());
    let corrected = tried(card, Action::Correct, None).unwrap();
    // The death is taken back, and the restoration with it; then it is confirmed again, under another number.
    mark(&world, ("111", ZHOU), POLICE, ("normal", "2026-11-20"));
    let restored = tried((&corrected.identifier, corrected.version), Action::Restore, None).unwrap();
    let card = (restored.identifier.as_str(), restored.version);
    let other = "190102199208090041";
    mark(&world, ("111", other), POLICE, ("deceased", "2026-11-10"));
    linked(&world, other, ZHOU);
    assert_eq!(rule(tried(card, Action::Endorse, None)), after());
    assert_eq!(rule(tried(card, Action::Cancel, None)), None);
    // The widow's certificate is no paper of the dead alone.
    let married = issue(&world, people::marriage("J190101-2015-000123")).unwrap().identifier;
    assert_eq!(rule(tried((&married, 1), Action::Endorse, None)), None);
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings, []);
}
