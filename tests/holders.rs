//! The holder register through the library, on both databases: life, links, and every lookup under each code.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::sync::Arc;

use common::paths::by_every_path;
use common::people::{self, CHEN, COMPANY, CREMATORIUM, MARKET, POLICE, ZHOU};
use common::{World, operator, run};
use elicense::error::{Code, Result};
use elicense::identity::mask;
use elicense::policy::{Actor, Client, Scope};
use elicense::registry::{Ask, HolderChanged, LinkCommand, MarkCommand, Submitted};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, HolderKey};
use serde_json::{Value, json};

/// Synthetic numbers of the same person, in the order in which they were given.
const NUMBERS: [&str; 4] =
    ["190102199208090041", "190104199006300066", "190102197911020011", "190104200403170053"];

fn lookup(world: &World, code_type: &str, code: &str) -> Value {
    world.registry.refresh().unwrap();
    let ask =
        json!({"holder": {"type": code_type, "code": code}, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    serde_json::from_slice(&answered.body).unwrap()
}

fn mark(world: &World, code_type: &str, code: &str, state: &str, agency: &str) -> Result<HolderChanged> {
    world.registry.refresh().unwrap();
    let command = json!({
        "holder": {"type": code_type, "code": code}, "state": state, "ground": "来函 2026-3 号",
        "agency": agency,
    });
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(&operator(), &command, None)
}

fn link_command(kind: &str, (from_type, from): (&str, &str), (to_type, to): (&str, &str)) -> LinkCommand {
    let agency = if kind == "same_person" { POLICE } else { MARKET };
    serde_json::from_value(json!({
        "from": {"type": from_type, "code": from}, "to": {"type": to_type, "code": to}, "kind": kind,
        "ground": "号码更正证明", "names_differ": true, "agency": agency,
    }))
    .unwrap()
}

fn link(world: &World, from: &str, to: &str) -> Result<HolderChanged> {
    world.registry.refresh().unwrap();
    world.registry.link_holders(&operator(), &link_command("same_person", ("111", from), ("111", to)), None)
}

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn issue(world: &World, draft: elicense::registry::Draft) {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
}

fn key(world: &World, code: &str) -> HolderKey {
    world.registry.store().vault().index().holder_key("111", code)
}

on_both! {
    a_death_report_cuts_nobody_off_and_a_confirmed_death_is_taken_back_with_a_reason
    r6_marks_beneath_stand_again_and_a_wrong_day_is_corrected_in_one_step
    r6_what_is_struck_off_or_dissolved_has_its_reason
    marks_keep_to_persons_and_organisations
    r6_who_may_state_what_follows_from_a_signed_table_and_from_no_word_of_the_caller
    r6_two_numbers_are_linked_where_their_names_agree_or_a_ground_says_why_not
    i4_marks_and_links_tell_nothing_to_who_may_not_look
    a_changed_number_shows_the_records_under_both_numbers_until_it_is_unlinked
    four_codes_are_of_one_holder_a_fifth_and_a_circle_are_refused
    a_changed_organisation_code_is_followed_and_a_successor_only_shown
    i4_who_may_not_mark_is_refused_and_the_refusal_is_an_access
    i7_every_change_is_an_event_under_each_holder_with_its_order
    r6_a_death_is_told_the_same_on_every_path
}

fn r6_a_death_is_told_the_same_on_every_path(world: World) {
    settled(&world);
    let ward = "190102197911020011";
    issue(&world, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    issue(&world, people::marriage("J190101-2015-000123"));
    // Of an issuer without authority over people: it marks nobody.
    let mut death = people::death(ZHOU, "周海燕");
    death.issuer = MARKET.to_owned();
    issue(&world, death);
    issue(&world, people::disability(ward, "王䶮", (ZHOU, "周海燕")));
    let expect = |slug: &str, holders: &[&str], face: Value, (verdict, reasons): (&str, Value)| {
        for (path, told, why) in by_every_path(&world, slug, holders, &face) {
            assert_eq!((&told, &why), (&json!(verdict), &reasons), "{slug} by {path}");
        }
    };
    let valid = || ("valid", json!([]));
    // A joint certificate stays good, and says that a marriage ended with a death that is confirmed.
    let married = |state: &str| match state {
        "deceased" => ("valid", json!(["court_divorces_not_covered", "spouse_deceased"])),
        _ => ("valid", json!(["court_divorces_not_covered"])),
    };
    for (state, card, disability) in [
        ("death_reported", ("undetermined", json!(["death_reported"])), valid()),
        ("deceased", ("invalid", json!(["holder_deceased"])), valid()),
    ] {
        mark(&world, "111", ZHOU, state, POLICE).unwrap();
        expect("resident_id_card", &[ZHOU], json!({"name": "周海燕"}), card);
        expect("marriage_certificate", &[ZHOU, CHEN], json!({"registry": "城东区民政局"}), married(state));
        expect("death_certificate", &[ZHOU], json!({"deceased_name": "周海燕"}), valid());
        // A guardian's death takes nothing from the ward. The ward's own death does, for a lookup by either
        // number.
        expect("disability_certificate", &[ward, ZHOU], json!({"name": "王䶮"}), disability);
    }
    mark(&world, "111", ward, "deceased", POLICE).unwrap();
    let dead = ("invalid", json!(["holder_deceased"]));
    expect("disability_certificate", &[ward, ZHOU], json!({"name": "王䶮"}), dead);
    mark(&world, "111", ward, "normal", POLICE).unwrap();
    mark(&world, "111", ZHOU, "normal", POLICE).unwrap();
    // The row about them was edited: no path gives an answer, and none says that it is good.
    world.sql("UPDATE holders SET state = 1");
    let unreadable = || ("undetermined", json!(["status_unavailable"]));
    expect("resident_id_card", &[ZHOU], json!({"name": "周海燕"}), unreadable());
    expect("disability_certificate", &[ward, ZHOU], json!({"name": "王䶮"}), unreadable());
}

fn a_death_report_cuts_nobody_off_and_a_confirmed_death_is_taken_back_with_a_reason(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let judged = || {
        let answer = lookup(&world, "111", ZHOU);
        (answer["records"][0]["verdict"].clone(), answer["records"][0]["reasons"].clone())
    };
    mark(&world, "111", ZHOU, "death_reported", CREMATORIUM).unwrap();
    assert_eq!(judged(), (json!("undetermined"), json!(["death_reported"])));
    let unconfirmed = mark(&world, "111", ZHOU, "deceased", CREMATORIUM).unwrap_err();
    assert_eq!(
        (unconfirmed.code, unconfirmed.rule.map(Rule::wire)),
        (Code::Forbidden, Some("empowerment_missing"))
    );
    mark(&world, "111", ZHOU, "deceased", POLICE).unwrap();
    assert_eq!(judged(), (json!("invalid"), json!(["holder_deceased"])));
    mark(&world, "111", ZHOU, "death_reported", CREMATORIUM).unwrap();
    assert_eq!(judged(), (json!("invalid"), json!(["holder_deceased"])), "a later report weakens nothing");
    for holder in [ZHOU, CHEN] {
        let refused = mark(&world, "111", holder, "normal", CREMATORIUM).unwrap_err();
        assert_eq!(
            refused.rule.map(Rule::wire),
            Some("mark_missing"),
            "the same for the dead and the living"
        );
    }
    // A wrong day is corrected in one step, with no living moment between.
    mark(&world, "111", ZHOU, "deceased", POLICE).unwrap();
    assert_eq!(judged(), (json!("invalid"), json!(["holder_deceased"])));
    mark(&world, "111", ZHOU, "normal", POLICE).unwrap();
    assert_eq!(judged(), (json!("valid"), json!([])));
}

/// Marks a holder on a day.
fn mark_since(world: &World, code: &str, state: &str, since: &str) -> Result<HolderChanged> {
    world.registry.refresh().unwrap();
    let command = json!({
        "holder": {"type": "111", "code": code}, "state": state, "since": since, "ground": "来函 2026-4 号",
        "agency": POLICE,
    });
    world.registry.mark_holder(&operator(), &serde_json::from_value(command).unwrap(), None)
}

fn r6_marks_beneath_stand_again_and_a_wrong_day_is_corrected_in_one_step(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let judged = || {
        let answer = lookup(&world, "111", ZHOU);
        (answer["records"][0]["verdict"].clone(), answer["records"][0]["reasons"].clone())
    };
    let stored = || {
        let key = key(&world, ZHOU);
        world.registry.store().read_now(|reader| reader.holder(&key)).unwrap().unwrap()
    };
    let struck = || (json!("undetermined"), json!(["holder_deregistered"]));
    mark_since(&world, ZHOU, "deregistered", "2020-05-01").unwrap();
    assert_eq!(judged(), struck());
    mark_since(&world, ZHOU, "deceased", "2024-02-09").unwrap();
    mark_since(&world, ZHOU, "deceased", "2024-02-07").unwrap();
    assert_eq!(stored().body.state_since.unwrap().to_string(), "2024-02-07");
    assert_eq!(judged(), (json!("invalid"), json!(["holder_deceased"])));
    mark_since(&world, ZHOU, "deregistered", "2020-05-02").unwrap();
    assert_eq!(judged(), (json!("invalid"), json!(["holder_deceased"])));
    mark(&world, "111", ZHOU, "normal", POLICE).unwrap();
    assert_eq!(judged(), struck(), "the earlier state is not forgotten");
    assert_eq!(stored().body.state_since.unwrap().to_string(), "2020-05-02", "nor is its correction");
    mark(&world, "111", ZHOU, "normal", POLICE).unwrap();
    assert_eq!(judged(), (json!("valid"), json!([])));
    for (day, rule) in [("1903-01-01", "before_birth"), ("2026-11-23", "date_in_future")] {
        let refused = mark_since(&world, ZHOU, "deceased", day).unwrap_err();
        assert_eq!(refused.rule.map(Rule::wire), Some(rule), "{day}");
    }
    let report = world.registry.fsck(Default::default()).unwrap();
    assert_eq!(report.findings, [], "the rows are what the events lead to");
}

fn r6_what_is_struck_off_or_dissolved_has_its_reason(world: World) {
    settled(&world);
    let [old, new, ..] = NUMBERS;
    issue(&world, people::social_card(old, "孙晓梅"));
    issue(&world, people::social_card(new, "孙晓梅"));
    link(&world, old, new).unwrap();
    mark(&world, "111", old, "deregistered", POLICE).unwrap();
    let told = |answer: &Value| -> Vec<(Value, Value)> {
        let records = answer["records"].as_array().unwrap();
        records.iter().map(|one| (one["verdict"].clone(), one["reasons"].clone())).collect()
    };
    // A number that was struck off takes nothing from the number that the same person has now.
    let (struck, good) =
        ((json!("undetermined"), json!(["holder_deregistered"])), (json!("valid"), json!([])));
    assert_eq!(told(&lookup(&world, "111", new)), [good.clone(), struck.clone()]);
    assert_eq!(told(&lookup(&world, "111", old)), [struck, good]);
    issue(&world, people::licence(COMPANY, "城东测试有限公司"));
    mark(&world, "001", COMPANY, "dissolved", MARKET).unwrap();
    let ended = (json!("invalid"), json!(["holder_dissolved"]));
    assert_eq!(told(&lookup(&world, "001", COMPANY)), [ended]);
}

fn r6_who_may_state_what_follows_from_a_signed_table_and_from_no_word_of_the_caller(world: World) {
    settled(&world);
    let registry = &world.registry;
    let stated = |state: &str, source: Value, agency: Value| {
        registry.refresh().unwrap();
        let command = json!({
            "holder": {"type": "111", "code": ZHOU}, "state": state, "source": source, "ground": "来函", "agency": agency,
        });
        registry.mark_holder(&operator(), &serde_json::from_value(command).unwrap(), None)
    };
    let rule = |state, source, agency| stated(state, source, agency).unwrap_err().rule.unwrap().wire();
    assert_eq!(rule("deceased", json!("court"), json!(MARKET)), "empowerment_missing");
    assert_eq!(rule("deceased", json!("court"), json!(POLICE)), "source_of_agency");
    assert_eq!(rule("deceased", Value::Null, Value::Null), "agency_missing");
    assert_eq!(rule("normal", Value::Null, json!(MARKET)), "mark_missing");
    // A linked stranger would show both lists: only the office that keeps the register of persons says that
    // they are one.
    let link = json!({
        "from": {"type": "111", "code": ZHOU}, "to": {"type": "111", "code": CHEN}, "kind": "same_person",
        "ground": "同一人", "names_differ": true, "agency": MARKET,
    });
    let refused = registry.link_holders(&operator(), &serde_json::from_value(link).unwrap(), None);
    assert_eq!(refused.unwrap_err().rule.map(Rule::wire), Some("empowerment_missing"));
    people::empower(registry, CREMATORIUM, "hospital", &["death_report"]);
    let never = json!({
        "agency": CREMATORIUM, "statement": "death", "source": "cremation", "region": "190101", "from": "1990-01-01",
    });
    let never = registry.empower("test", &serde_json::from_value(never).unwrap()).unwrap_err();
    assert_eq!(never.rule.map(Rule::wire), Some("empowerment_grant"));
    let ended = json!({
        "agency": POLICE, "statement": "death", "source": "household", "region": "190101", "from": "1990-01-01",
        "to": "2000-01-01",
    });
    let ended = registry.empower("test", &serde_json::from_value(ended).unwrap()).unwrap_err();
    assert_eq!(ended.rule.map(Rule::wire), Some("withdrawal_day"), "no end reaches back");
    let what = elicense::registry::Withdrawal {
        agency: POLICE,
        region: None,
        from: people::day("2026-11-23"),
        ground: "机构职能调整",
    };
    registry.withdraw_empowerment("test", elicense::catalog::Statement::Death, &what).unwrap();
    world.clock.set(common::noon().plus_seconds(86_400));
    assert_eq!(rule("deceased", Value::Null, json!(POLICE)), "authority_outside_period");
    assert_eq!(lookup(&world, "111", ZHOU)["holder"]["state"], "normal");
}

fn r6_two_numbers_are_linked_where_their_names_agree_or_a_ground_says_why_not(world: World) {
    settled(&world);
    let [old, new, other, ..] = NUMBERS;
    issue(&world, people::social_card(old, "孙晓梅"));
    issue(&world, people::social_card(new, "孙晓梅"));
    issue(&world, people::social_card(other, "王䶮"));
    let tried = |from, to, names_differ| {
        world.registry.refresh().unwrap();
        let mut command = link_command("same_person", ("111", from), ("111", to));
        command.names_differ = names_differ;
        world.registry.link_holders(&operator(), &command, None)
    };
    assert_eq!(tried(old, other, false).unwrap_err().rule.map(Rule::wire), Some("names_differ"));
    assert_eq!(
        tried(old, NUMBERS[3], false).unwrap_err().rule.map(Rule::wire),
        Some("names_differ"),
        "no record"
    );
    tried(old, new, false).unwrap();
    tried(new, other, true).unwrap();
}

fn i4_marks_and_links_tell_nothing_to_who_may_not_look(world: World) {
    settled(&world);
    let [one, two, three, ..] = NUMBERS;
    link(&world, one, two).unwrap();
    // The scope alone is no right to look anybody up: without a grant nothing is.
    let scopes = vec![Scope::Holder, Scope::Lookup];
    let client = Client {
        id: "c1".into(),
        agency: POLICE.into(),
        name: "测试系统".into(),
        scopes: scopes.clone(),
        grants: Vec::new().into(),
        budget: 10,
        enabled: true,
        epoch: 1,
    };
    let actor = Actor::Client { client: Arc::new(client), scopes };
    let told = |done: Result<HolderChanged>| {
        let refused = done.unwrap_err();
        (refused.code, refused.rule.map(Rule::wire), refused.detail.clone())
    };
    let pair = |from, to| link_command("same_person", ("111", from), ("111", to));
    let linked = told(world.registry.link_holders(&actor, &pair(one, two), None));
    let not_linked = told(world.registry.unlink_holders(&actor, &pair(one, three), None));
    assert_eq!(linked, not_linked);
    // Nor whether two persons have one name.
    let named = |from, to| {
        let mut pair = pair(from, to);
        pair.names_differ = false;
        told(world.registry.link_holders(&actor, &pair, None))
    };
    assert_eq!(named(two, three), linked);
    assert_eq!(linked.1, Some("holder_unchanged"));
    // The list of each: the attempt, and its actor.
    for code in [one, two, three] {
        let listed =
            world.registry.store().read_access_now(|reader| reader.access_batches("access-main", 0, 50, 50));
        let listed = listed.unwrap().into_iter().flat_map(|batch| batch.items.unwrap());
        assert!(listed.clone().any(|item| item.holders.contains(&key(&world, code))), "{code}");
    }
}

fn marks_keep_to_persons_and_organisations(world: World) {
    settled(&world);
    let rule = |code_type, code, state, agency| {
        mark(&world, code_type, code, state, agency).unwrap_err().rule.unwrap().wire()
    };
    assert_eq!(rule("001", COMPANY, "deceased", POLICE), "state_of_person");
    assert_eq!(rule("111", ZHOU, "dissolved", MARKET), "state_of_entity");
    assert_eq!(rule("111", ZHOU, "merged_into", POLICE), "state_not_marked");
    mark(&world, "001", COMPANY, "dissolved", MARKET).unwrap();
    assert_eq!(lookup(&world, "001", COMPANY)["holder"]["state"], "dissolved");
}

fn a_changed_number_shows_the_records_under_both_numbers_until_it_is_unlinked(world: World) {
    settled(&world);
    let [old, new, ..] = NUMBERS;
    issue(&world, people::social_card(old, "孙晓梅"));
    issue(&world, people::social_card(new, "孙晓梅"));
    let count = |code| lookup(&world, "111", code)["records"].as_array().unwrap().len();
    assert_eq!((count(old), count(new)), (1, 1));
    link(&world, old, new).unwrap();
    assert_eq!((count(old), count(new)), (2, 2));
    assert_eq!(lookup(&world, "111", new)["holder"]["linked_codes"], 1);
    // What stands under the other number says so, and why it is shown.
    let shown = lookup(&world, "111", new);
    let told: Vec<&Value> = shown["records"].as_array().unwrap().iter().map(|one| &one["linked"]).collect();
    assert_eq!(told[0], &Value::Null);
    assert_eq!(
        (&told[1]["relation"], told[1]["code"] == mask(old)),
        (&json!("same_person"), true),
        "{told:?}"
    );
    assert!(told[1]["zh"].as_str().unwrap().contains("同一人"));
    // A death under the new number is one under the old.
    mark(&world, "111", new, "deceased", POLICE).unwrap();
    assert_eq!(lookup(&world, "111", old)["records"][0]["verdict"], "invalid");
    mark(&world, "111", new, "normal", POLICE).unwrap();
    let unlink = link_command("same_person", ("111", old), ("111", new));
    world.registry.unlink_holders(&operator(), &unlink, None).unwrap();
    assert_eq!((count(old), count(new)), (1, 1));
    let again = world.registry.unlink_holders(&operator(), &unlink, None).unwrap_err();
    assert_eq!(again.code, Code::NotFound);
}

fn four_codes_are_of_one_holder_a_fifth_and_a_circle_are_refused(world: World) {
    settled(&world);
    for pair in NUMBERS.windows(2) {
        link(&world, pair[0], pair[1]).unwrap();
    }
    for (from, to) in [(NUMBERS[3], NUMBERS[0]), (NUMBERS[0], NUMBERS[2]), (NUMBERS[0], NUMBERS[1])] {
        assert_eq!(link(&world, from, to).unwrap_err().code, Code::LinkCycle);
    }
    assert_eq!(link(&world, NUMBERS[3], ZHOU).unwrap_err().code, Code::TooManyHolders);
    assert_eq!(link(&world, CHEN, NUMBERS[0]).unwrap_err().code, Code::TooManyHolders);
    assert_eq!(link(&world, ZHOU, ZHOU).unwrap_err().rule.map(Rule::wire), Some("same_holder"));
    issue(&world, people::social_card(NUMBERS[3], "王䶮"));
    for code in NUMBERS {
        assert_eq!(lookup(&world, "111", code)["records"].as_array().unwrap().len(), 1, "{code}");
    }
}

fn a_changed_organisation_code_is_followed_and_a_successor_only_shown(world: World) {
    settled(&world);
    let other = "91190101MD10000267";
    issue(&world, people::licence(COMPANY, "示范市海燕餐饮有限公司"));
    let count = |code| lookup(&world, "001", code)["records"].as_array().unwrap().len();
    let change = |kind| link_command(kind, ("001", COMPANY), ("001", other));
    world.registry.link_holders(&operator(), &change("successor"), None).unwrap();
    assert_eq!((count(COMPANY), count(other)), (1, 0));
    let related = |code| lookup(&world, "001", code)["holder"]["related"].clone();
    for (code, relation, of) in [(COMPANY, "succeeded_by", other), (other, "successor_of", COMPANY)] {
        let told = related(code);
        assert_eq!((&told[0]["relation"], &told[0]["code"]), (&json!(relation), &json!(of)), "{told}");
        assert!(told[0]["zh"].as_str().unwrap().contains("承继") && told[1].is_null());
    }
    let back = link_command("successor", ("001", other), ("001", COMPANY));
    assert_eq!(world.registry.link_holders(&operator(), &back, None).unwrap_err().code, Code::LinkCycle);
    world.registry.unlink_holders(&operator(), &change("successor"), None).unwrap();
    assert_eq!(related(COMPANY), Value::Null);
    world.registry.link_holders(&operator(), &change("same_entity"), None).unwrap();
    assert_eq!((count(COMPANY), count(other)), (1, 1));
    let person = link_command("same_person", ("001", COMPANY), ("001", other));
    let refused = world.registry.link_holders(&operator(), &person, None).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("link_persons"));
}

fn i4_who_may_not_mark_is_refused_and_the_refusal_is_an_access(world: World) {
    settled(&world);
    let scopes = vec![Scope::Lookup];
    let client = Client {
        id: "c1".into(),
        agency: MARKET.into(),
        name: "测试系统".into(),
        scopes: scopes.clone(),
        grants: Vec::new().into(),
        budget: 10,
        enabled: true,
        epoch: 1,
    };
    let actor = Actor::Client { client: Arc::new(client), scopes };
    let command = json!({"holder": {"type": "111", "code": ZHOU}, "state": "deceased", "ground": "来函"});
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    let refused = world.registry.mark_holder(&actor, &command, None).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("scope_missing"));
    let batches =
        world.registry.store().read_access_now(|reader| reader.access_batches("access-main", 0, 1, 1));
    let item = batches.unwrap().pop().unwrap().items.unwrap().pop().unwrap();
    assert_eq!(item.holders, [key(&world, ZHOU)]);
    assert_eq!(serde_json::from_slice::<Value>(&item.entry).unwrap()["outcome"], "refused");
    assert_eq!(lookup(&world, "111", ZHOU)["holder"]["state"], "normal");
}

fn i7_every_change_is_an_event_under_each_holder_with_its_order(world: World) {
    settled(&world);
    let [old, new, ..] = NUMBERS;
    let changed = link(&world, old, new).unwrap();
    let of = |code| {
        world.registry.store().read_now(|reader| reader.events_of(&key(&world, code), &[0; 16])).unwrap()
    };
    let (under_old, under_new) = (of(old), of(new));
    assert_eq!((under_old.len(), under_new.len()), (1, 1));
    assert_eq!((under_old[0].leaf, under_new[0].leaf), (changed.leaf, changed.leaf + 1));
    for (event, code) in [(&under_old[0], old), (&under_new[0], new)] {
        let stored = elicense::record::event::Event::from_canonical(&event.event).unwrap();
        assert_eq!(stored.order, Some(changed.order));
        assert_eq!(stored.subject, elicense::record::event::holder_hash(&stored.salt, "111", code));
        let order = EnvelopeBuf::from_stored(event.order.clone()).unwrap();
        assert_eq!(order.view().digest(), changed.order);
        assert!(!String::from_utf8_lossy(order.view().payload()).contains(code));
    }
}
