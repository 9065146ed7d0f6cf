//! The end of what an agency may do, and of what it said of its stock: from a day on, signed, never for the days before. On
//! both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, lookup, records, settled};
use common::people::{self, CHEN, CREMATORIUM, MARKET, POLICE, ZHOU, day};
use common::{World, noon, operator};
use elicense::catalog::{AbsenceKind, Coverage, Statement};
use elicense::error::{Code, Error};
use elicense::record::event::{Event, EventKind};
use elicense::registry::{FsckOptions, MarkCommand, Withdrawal};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    an_authority_to_issue_is_withdrawn_from_a_day_on_and_never_before
    an_authority_over_people_is_withdrawn_from_a_day_on_and_never_before
    an_end_reaches_back_by_no_command_and_is_not_taken_back
    what_was_taken_over_is_withdrawn_too
    a_withdrawn_statement_tells_nothing_absent
}

fn what<'a>(agency: &'a str, from: &str) -> Withdrawal<'a> {
    Withdrawal { agency, region: None, from: day(from), ground: "机构职能调整" }
}

fn rule<T: std::fmt::Debug>(outcome: Result<T, Error>) -> Option<&'static str> {
    outcome.unwrap_err().rule.map(Rule::wire)
}

fn code_of(world: &World, slug: &str) -> String {
    world.registry.snapshot().catalog.type_by_slug(slug).unwrap().def().code.clone()
}

fn actions(world: &World, kind: EventKind, subject: &str) -> Vec<String> {
    let events =
        world.registry.store().read_now(|reader| reader.public_events_of(kind.wire(), subject)).unwrap();
    events.iter().map(|stored| Event::from_canonical(&stored.event).unwrap().action).collect()
}

fn sound(world: &World) {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised.len()), (vec![], 0));
}

fn an_authority_to_issue_is_withdrawn_from_a_day_on_and_never_before(world: World) {
    settled(&world);
    let registry = &world.registry;
    let card = code_of(&world, "resident_id_card");
    let withdraw =
        |from: &str| registry.withdraw_authority("test", std::slice::from_ref(&card), &what(POLICE, from));
    issue(&world, people::id_card(ZHOU, "周海燕", "2021-01-01")).unwrap();
    // Not for days that are over, nor for today, on which something may have been issued already.
    assert_eq!(rule(withdraw("2026-11-21")), Some("withdrawal_day"));
    assert_eq!(rule(withdraw("2026-11-22")), Some("withdrawal_day"));
    let mut blank = what(POLICE, "2026-11-23");
    blank.ground = " ";
    assert_eq!(
        rule(registry.withdraw_authority("test", std::slice::from_ref(&card), &blank)),
        Some("ground_missing")
    );
    let mut elsewhere = what(POLICE, "2026-11-23");
    elsewhere.region = Some("190102".parse().unwrap());
    let refused = registry.withdraw_authority("test", std::slice::from_ref(&card), &elsewhere);
    assert_eq!(rule(refused), Some("authority_not_held"));

    let left = withdraw("2026-11-23").unwrap();
    assert_eq!(left.iter().map(|grant| grant.to).collect::<Vec<_>>(), [Some(day("2026-11-22"))]);
    assert_eq!(rule(withdraw("2026-11-24")), Some("authority_not_held"), "it is over by then");
    assert_eq!(
        actions(&world, EventKind::Authority, &format!("{POLICE}:{card}:190101:1990-01-01")),
        ["grant", "withdraw"]
    );
    // Today it still holds; what was issued stays good.
    issue(&world, people::id_card(CHEN, "陈志远", "2026-11-22")).unwrap();
    world.clock.set(noon().plus_seconds(86_400));
    let refused = issue(&world, people::id_card(&people::number(5), "某人", "2026-11-23")).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::IssuerNotAuthorised, Some(Rule::AuthorityOutsidePeriod)));
    for code in [ZHOU, CHEN] {
        assert_eq!(records(&world, code)[0]["verdict"], "valid");
    }
    // Other types are as they were.
    issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    sound(&world);
}

fn an_authority_over_people_is_withdrawn_from_a_day_on_and_never_before(world: World) {
    settled(&world);
    let registry = &world.registry;
    let mark = |code: &str| {
        registry.refresh().unwrap();
        let command = json!({"holder": {"type": "111", "code": code}, "state": "death_reported", "ground": "火化登记",
                             "agency": CREMATORIUM});
        let command: MarkCommand = serde_json::from_value(command).unwrap();
        registry.mark_holder(&operator(), &command, None)
    };
    mark(ZHOU).unwrap();
    let withdraw =
        |from: &str| registry.withdraw_empowerment("test", Statement::DeathReport, &what(CREMATORIUM, from));
    assert_eq!(rule(withdraw("2026-11-22")), Some("withdrawal_day"));
    let other = registry.withdraw_empowerment("test", Statement::Death, &what(CREMATORIUM, "2026-11-23"));
    assert_eq!(rule(other), Some("authority_not_held"));
    withdraw("2026-11-23").unwrap();
    let subject = format!("{CREMATORIUM}:death_report:190101:1990-01-01");
    assert_eq!(actions(&world, EventKind::Empowerment, &subject), ["grant", "withdraw"]);
    world.clock.set(noon().plus_seconds(86_400));
    assert_eq!(rule(mark(CHEN)), Some("authority_outside_period"));
    // What it stated while it could stands, with authority.
    sound(&world);
}

fn an_end_reaches_back_by_no_command_and_is_not_taken_back(world: World) {
    settled(&world);
    let registry = &world.registry;
    let card = code_of(&world, "resident_id_card");
    let authorise = |from: &str, to: Option<&str>| {
        let given = json!({"agency": POLICE, "type_code": card, "region": "190101", "from": from, "to": to});
        registry.authorise("test", &serde_json::from_value(given).unwrap())
    };
    let empower = |from: &str, to: Option<&str>| {
        let given = json!({"agency": CREMATORIUM, "statement": "death_report", "source": "cremation",
                           "region": "190101", "from": from, "to": to});
        registry.empower("test", &serde_json::from_value(given).unwrap())
    };
    let withdraw = || {
        registry
            .withdraw_authority("test", std::slice::from_ref(&card), &what(POLICE, "2026-12-10"))
            .unwrap();
        registry
            .withdraw_empowerment("test", Statement::DeathReport, &what(CREMATORIUM, "2026-12-10"))
            .unwrap();
    };
    for past in ["2020-01-01", "2026-11-21"] {
        assert_eq!(rule(authorise("1990-01-01", Some(past))), Some("withdrawal_day"));
        assert_eq!(rule(empower("1990-01-01", Some(past))), Some("withdrawal_day"));
    }
    // A time that is over and was never stated is history.
    authorise("1980-01-01", Some("1989-12-31")).unwrap();
    empower("1980-01-01", Some("1989-12-31")).unwrap();
    withdraw();
    for (from, to) in
        [("1990-01-01", None), ("1990-01-01", Some("2027-01-01")), ("2010-01-01", None), ("2026-12-09", None)]
    {
        assert_eq!(rule(authorise(from, to)), Some("authority_ended"), "{from}");
        assert_eq!(rule(empower(from, to)), Some("authority_ended"), "{from}");
    }
    // Anew from that day on; and what is said once more changes nothing.
    for to in ["2026-12-09", "2026-12-09"] {
        authorise("1990-01-01", Some(to)).unwrap();
        empower("1990-01-01", Some(to)).unwrap();
    }
    authorise("2026-12-10", None).unwrap();
    empower("2026-12-10", None).unwrap();
    let snapshot = registry.snapshot();
    let periods: Vec<_> = snapshot
        .catalog
        .issuers()
        .grants(&card)
        .iter()
        .filter(|one| one.agency == POLICE)
        .map(|one| (one.from, one.to))
        .collect();
    assert!(periods.contains(&(day("1990-01-01"), Some(day("2026-12-09")))), "{periods:?}");
    sound(&world);
}

fn what_was_taken_over_is_withdrawn_too(world: World) {
    settled(&world);
    let registry = &world.registry;
    let mut police = people::agency(POLICE, "示范市公安局城东分局", "190101");
    police.valid_to = Some(day("2026-01-31"));
    police.succeeded_by = Some(MARKET.into());
    registry.put_agency("test", &police).unwrap();
    let card = code_of(&world, "resident_id_card");
    // The successor has an authority of its own, and that of its predecessor.
    let left = registry
        .withdraw_authority("test", std::slice::from_ref(&card), &what(MARKET, "2026-12-01"))
        .unwrap();
    assert_eq!(left.len(), 2, "{left:?}");
    let snapshot = registry.snapshot();
    let issuers = snapshot.catalog.issuers();
    let may = |on: &str| issuers.authorised(MARKET, &card, "190101", day(on)).is_ok();
    assert_eq!((may("2026-11-30"), may("2026-12-01")), (true, false));
    let before = |on: &str| issuers.authorised(POLICE, &card, "190101", day(on)).is_ok();
    assert_eq!((before("2026-01-31"), before("2026-02-01")), (true, false), "as it was");
    registry.withdraw_empowerment("test", Statement::Death, &what(MARKET, "2026-12-01")).unwrap();
    let snapshot = registry.snapshot();
    let may = |on: &str| snapshot.catalog.empowered(MARKET, Statement::Death, day(on)).is_ok();
    assert_eq!((may("2026-11-30"), may("2026-12-01")), (true, false));
}

fn a_withdrawn_statement_tells_nothing_absent(world: World) {
    settled(&world);
    let registry = &world.registry;
    let licence = code_of(&world, "driving_licence");
    let stated: Coverage = serde_json::from_value(json!({
        "type_code": licence, "issuing_system": "示范市驾驶人管理系统", "issuer": POLICE,
        "regions": [{"code": "190000", "name": "示范省"}], "share_on_file": 1000, "as_of": noon(), "heartbeat": noon(),
        "gaps": [], "unbound": 0, "quarantined": 0,
    }))
    .unwrap();
    registry.state_coverage("test", &stated).unwrap();
    let absent = || {
        let answer = lookup(&world, ZHOU);
        let found = answer["absent"].as_array().unwrap().iter().find(|one| one["type"] == licence).cloned();
        found.map(|one| one["absence"].clone()).unwrap_or(Value::Null)
    };
    let covered = absent();
    let withdraw =
        |named: &str, system: &str| registry.withdraw_coverage("test", named, system, "接入系统停用");
    assert_eq!(rule(withdraw("driving_licence", "别的系统")), Some("coverage_missing"));
    assert_eq!(registry.snapshot().catalog.coverages(&licence).len(), 1);
    withdraw("driving_licence", "示范市驾驶人管理系统").unwrap();
    assert_eq!(registry.snapshot().catalog.coverages(&licence).len(), 0);
    assert_ne!(covered, json!(AbsenceKind::NotCovered.wire()), "it was covered, in part at least");
    assert_eq!(absent(), json!(AbsenceKind::NotCovered.wire()));
    let subject = format!("{licence}:示范市驾驶人管理系统");
    assert_eq!(actions(&world, EventKind::Coverage, &subject), ["state", "withdraw"]);
    assert_eq!(rule(withdraw("driving_licence", "示范市驾驶人管理系统")), Some("coverage_missing"));
    sound(&world);
    // Stated again it holds again.
    registry.state_coverage("test", &stated).unwrap();
    assert_eq!(absent(), covered);
    sound(&world);
}
