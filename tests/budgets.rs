//! Budgets of holders: every holder that is asked for or shown is charged, whatever it is asked by; all processes
//! count together; and whoever walks through numbers is stopped, in every process.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[macro_use]
mod common;

use common::people::{self, CHEN, ZHOU};
use common::program::Installed;
use common::server::{self, SECRET};
use common::{World, callers, operator, run};
use elicense::error::{Code, Error};
use elicense::policy::{Actor, Grant, Scope};
use elicense::record::access::Outcome;
use elicense::registry::{
    AccessPage, Ask, AskedHolder, DirectoryAsk, FsckOptions, HistoryAsk, LineOutcome, LinkCommand, NewClient,
    Purpose, ReceiptForm, Registry, Submitted, VerifyAsk, Viewer, Withheld,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    one_charge_buys_one_holder_and_the_rest_is_withheld
    whoever_is_withheld_costs_nothing_and_whoever_is_shown_counts
    an_identifier_costs_the_same_known_or_not_and_a_bad_number_nothing
    processes_count_together_and_a_start_knows_the_day
    what_a_killed_process_did_not_tell_is_found_in_the_log
    who_was_withheld_before_a_kill_is_not_charged_by_the_start_after_it
    a_refusal_over_the_budget_stands_on_the_list_and_costs_nothing_after_a_start
    who_was_stopped_before_a_kill_is_stopped_after_it_and_not_charged_for_hearing_it
    whoever_walks_through_numbers_is_stopped_in_every_process_until_it_is_lifted
    charges_of_past_days_are_forgotten_and_nothing_stands_there_in_clear
}

fn client(id: &str, budget: u32, fields: Value) -> Actor {
    let grants: Vec<Grant> =
        serde_json::from_value(json!([{"types": "*", "fields": fields, "purposes": "*"}])).unwrap();
    callers::client(id).scopes(Scope::ALL).grants(grants).budget(budget).actor()
}

fn holder(code: &str) -> AskedHolder {
    AskedHolder { code_type: "111".into(), code: code.into() }
}

fn purpose() -> Purpose {
    Purpose::new("A1", "窗口办理")
}

fn lookup(registry: &Registry, actor: &Actor, code: &str) -> Result<Value, Error> {
    registry.refresh().unwrap();
    let ask = Ask { receipt: ReceiptForm::Reference, ..Ask::new(holder(code), purpose()) };
    let answered = run(registry.lookup(actor, registry.prepare_lookup(&ask)?))?;
    Ok(serde_json::from_slice(&answered.body).unwrap())
}

fn types(answer: &Value) -> Vec<&str> {
    let records = answer["records"].as_array().unwrap();
    let mut types: Vec<&str> = records.iter().map(|record| record["slug"].as_str().unwrap()).collect();
    types.sort_unstable();
    types
}

fn record<'a>(answer: &'a Value, slug: &str) -> &'a Value {
    answer["records"].as_array().unwrap().iter().find(|record| record["slug"] == slug).unwrap()
}

fn issue(registry: &Registry, draft: elicense::registry::Draft) -> String {
    registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
}

/// Zhou and Chen are married; another number of Zhou's, with a card of its own, is linked to hers.
fn family(world: &World) -> (String, String) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    let second = people::number(5);
    issue(registry, people::id_card(&second, "周海燕", "2019-01-01"));
    let marriage = issue(registry, people::marriage("J190101-2015-000123"));
    let link = json!({
        "from": {"type": "111", "code": second}, "to": {"type": "111", "code": ZHOU}, "kind": "same_person",
        "ground": "重号更正", "agency": people::POLICE,
    });
    let link: LinkCommand = serde_json::from_value(link).unwrap();
    registry.link_holders(&operator(), &link, None).unwrap();
    (second, marriage)
}

fn one_charge_buys_one_holder_and_the_rest_is_withheld(world: World) {
    let (second, marriage) = family(&world);
    let registry = &world.registry;
    let one = client("one", 1, json!("whole"));
    let answer = lookup(registry, &one, ZHOU).unwrap();
    // Her own card whole; of the marriage no envelope, since it names her husband; the other number's card not at all.
    assert_eq!(types(&answer), ["marriage_certificate", "resident_id_card"], "{answer}");
    assert_eq!(answer["withheld"], "linked_numbers");
    assert_eq!(answer["absent"], json!([]), "no absence is told of what is left out");
    let (card, joint) = (record(&answer, "resident_id_card"), record(&answer, "marriage_certificate"));
    assert!(card["envelope"].is_string() && card["withheld"].is_null(), "{card}");
    assert_eq!(
        (&joint["withheld"], &joint["envelope"], &joint["extract"]),
        (&json!("whole"), &Value::Null, &Value::Null)
    );
    for told in ["陈志远", CHEN, &second] {
        assert!(!answer.to_string().contains(told), "{told}");
    }
    assert_eq!(lookup(registry, &one, CHEN).unwrap_err().code, Code::BudgetSpent);
    // The same by every other way to her.
    let ask = DirectoryAsk {
        holder: holder(ZHOU),
        purpose: purpose(),
        receipt: ReceiptForm::Reference,
        after: None,
    };
    let list = run(registry.directory(&one, &ask)).unwrap();
    assert_eq!((list.entries.len(), list.withheld), (2, Some(Withheld::LinkedNumbers)));
    let ask = HistoryAsk {
        after: None,
        identifier: marriage.clone(),
        purpose: purpose(),
        as_of: None,
        known_at: None,
        receipt: ReceiptForm::Reference,
    };
    let history = run(registry.history(&one, &ask)).unwrap();
    assert_eq!(history.withheld, Some(Withheld::CoHolders));
    assert!(history.versions.iter().all(|version| version.envelope.is_none()));
    let face = json!({"registry": "城东区民政局"});
    let ask = VerifyAsk {
        identifier: Some(marriage),
        face: Some(face.as_object().unwrap().clone()),
        purpose: Some(purpose()),
        ..VerifyAsk::default()
    };
    assert_eq!(run(registry.verify(Some(&one), &ask)).map(drop).unwrap_err().code, Code::BudgetSpent);
    let viewer = Viewer::Office { actor: &one, reason: "本人申请" };
    let seen = run(registry.accesses_of_holder(viewer, &holder(ZHOU), &AccessPage::default())).unwrap();
    assert_eq!(seen.withheld, Some(Withheld::LinkedNumbers));
    // An extract tells nothing of the husband, also where the grant would let it.
    let some = json!(["holders", "spouses", "registry"]);
    let part = lookup(registry, &client("part", 1, some.clone()), ZHOU).unwrap();
    let joint = record(&part, "marriage_certificate");
    assert_eq!(joint["withheld"], "co_holders");
    let face = &joint["extract"]["face"];
    assert_eq!((&face["registry"], &face["spouses"]), (&json!("城东区民政局"), &Value::Null), "{joint}");
    assert!(!part.to_string().contains("陈志远"));
    // Who may ask for all three sees all of it.
    let all = lookup(registry, &client("all", 3, json!("whole")), ZHOU).unwrap();
    assert_eq!((types(&all).len(), &all["withheld"]), (3, &Value::Null), "{all}");
    assert!(all["records"].as_array().unwrap().iter().all(|one| one["envelope"].is_string()));
    let all = lookup(registry, &client("parts", 3, some), ZHOU).unwrap();
    assert!(all.to_string().contains("陈志远"));
}

fn whoever_is_withheld_costs_nothing_and_whoever_is_shown_counts(world: World) {
    family(&world);
    let registry = &world.registry;
    let now = registry.now();
    let spent = |id: &str| registry.guard().spent(&format!("client:{id}"), now);
    lookup(registry, &client("one", 1, json!("whole")), ZHOU).unwrap();
    lookup(registry, &client("three", 9, json!("whole")), ZHOU).unwrap();
    lookup(registry, &client("part", 9, json!(["registry"])), ZHOU).unwrap();
    // Where nothing of the husband goes out, he is not charged; the linked number is shown.
    assert_eq!((spent("one"), spent("three"), spent("part")), (1, 3, 2));
    let nobody = Actor::Operator { name: "test".into() };
    lookup(registry, &nobody, ZHOU).unwrap();
    assert_eq!(registry.guard().spent("operator:test", now), 0, "an operator has no budget");
}

fn an_identifier_costs_the_same_known_or_not_and_a_bad_number_nothing(world: World) {
    let (_, marriage) = family(&world);
    let registry = &world.registry;
    let now = registry.now();
    let history = |actor: &Actor, identifier: &str| {
        let ask = HistoryAsk {
            after: None,
            identifier: identifier.into(),
            purpose: purpose(),
            as_of: None,
            known_at: None,
            receipt: ReceiptForm::Reference,
        };
        run(registry.history(actor, &ask)).map(drop).map_err(|error| error.code)
    };
    let one = client("one", 1, json!(["registry"]));
    assert_eq!(lookup(registry, &one, "190101198803120022").unwrap_err().code, Code::HolderCodeInvalid);
    assert_eq!(registry.guard().spent("client:one", now), 0, "a bad number");
    assert_eq!(history(&one, "1.2.156.3005.2.nothing"), Err(Code::NotFound));
    assert_eq!(registry.guard().spent("client:one", now), 1, "an identifier of nothing");
    assert_eq!(history(&one, &marriage), Err(Code::BudgetSpent), "a known one");
    assert_eq!(history(&one, "1.2.156.3005.2.nothing either"), Err(Code::BudgetSpent), "another of nothing");
    assert_eq!(history(&one, "1.2.156.3005.2.nothing"), Err(Code::NotFound), "the same again is free");
}

fn processes_count_together_and_a_start_knows_the_day(world: World) {
    family(&world);
    let (here, there) = (&world.registry, world.reopen());
    there.start_access("other").unwrap();
    let (mut of_here, mut of_there) = (here.share().unwrap(), there.share().unwrap());
    let two = client("two", 2, json!(["registry"]));
    lookup(here, &two, CHEN).unwrap();
    of_here.step().unwrap();
    of_there.step().unwrap();
    let now = here.now();
    assert_eq!(there.guard().spent("client:two", now), 1);
    lookup(&there, &two, CHEN).expect("the same holder is free in every process");
    lookup(&there, &two, &people::number(9)).unwrap();
    assert_eq!(lookup(&there, &two, &people::number(10)).unwrap_err().code, Code::BudgetSpent);
    of_there.step().unwrap();
    of_here.step().unwrap();
    assert_eq!(lookup(here, &two, &people::number(10)).unwrap_err().code, Code::BudgetSpent);
    // Nothing new, nothing written, nothing lost.
    of_here.step().unwrap();
    let third = world.reopen();
    third.start_cli_access().unwrap();
    third.share().unwrap();
    assert_eq!(third.guard().spent("client:two", now), 2);
    assert_eq!(lookup(&third, &two, &people::number(10)).unwrap_err().code, Code::BudgetSpent);
}

fn what_a_killed_process_did_not_tell_is_found_in_the_log(world: World) {
    family(&world);
    let here = &world.registry;
    let mut of_here = here.share().unwrap();
    let three = client("three", 3, json!("whole"));
    lookup(here, &three, &people::number(9)).unwrap();
    of_here.step().unwrap();
    // Charged and shown, and the process ends before it tells: a spouse by the other's number.
    world.clock.set(here.now().plus_seconds(60));
    lookup(here, &three, CHEN).unwrap();
    let again = world.reopen();
    again.start_access("other").unwrap();
    let mut of_again = again.share().unwrap();
    let now = again.now();
    assert_eq!(again.guard().spent("client:three", now), 3);
    assert_eq!(lookup(&again, &three, &people::number(10)).unwrap_err().code, Code::BudgetSpent);
    // It tells the others, which had not heard of it either.
    of_again.step().unwrap();
    let other = world.reopen();
    other.start_cli_access().unwrap();
    other.share().unwrap();
    assert_eq!(other.guard().spent("client:three", now), 3);
}

/// A process that starts after another was killed before it told anything.
fn after_a_kill(world: &World, node: &str) -> Registry {
    let again = world.reopen();
    again.start_access(node).unwrap();
    again.share().unwrap();
    again
}

fn put(registry: &Registry, id: &str, budget: u32) -> Actor {
    let new = NewClient {
        id: id.into(),
        agency: people::POLICE.into(),
        name: id.into(),
        scopes: Scope::ALL.to_vec(),
        grants: Vec::new(),
        budget,
    };
    registry.put_client("test", &new, SECRET).unwrap();
    client(id, budget, json!("whole"))
}

fn who_was_withheld_before_a_kill_is_not_charged_by_the_start_after_it(world: World) {
    family(&world);
    let here = &world.registry;
    let (one, two, six) = (put(here, "one", 1), put(here, "two", 2), put(here, "six", 6));
    here.share().unwrap();
    for asker in [&one, &six] {
        lookup(here, asker, ZHOU).unwrap();
    }
    lookup(here, &two, &people::number(9)).unwrap();
    lookup(here, &two, ZHOU).unwrap();
    let now = here.now();
    let spent = |registry: &Registry| {
        ["one", "two", "six"].map(|id| registry.guard().spent(&format!("client:{id}"), now))
    };
    // Zhou, her other number and her husband; who has no room for them is not shown them.
    assert_eq!(spent(here), [1, 2, 3]);
    let again = after_a_kill(&world, "other");
    assert_eq!(spent(&again), [1, 2, 3]);
    // It was Zhou who was charged, and not who was withheld.
    lookup(&again, &one, ZHOU).unwrap();
    assert_eq!(lookup(&again, &one, CHEN).unwrap_err().code, Code::BudgetSpent);
}

fn a_refusal_over_the_budget_stands_on_the_list_and_costs_nothing_after_a_start(world: World) {
    let (_, marriage) = family(&world);
    let here = &world.registry;
    let one = put(here, "one", 1);
    here.share().unwrap();
    lookup(here, &one, &people::number(9)).unwrap();
    let seen = |code: &str| {
        let viewer = operator();
        let viewer = Viewer::Office { actor: &viewer, reason: "审计" };
        let page = run(here.accesses_of_holder(viewer, &holder(code), &AccessPage::default())).unwrap();
        page.lines.iter().filter(|line| line.outcome == LineOutcome::CameTo(Outcome::Refused)).count()
    };
    assert_eq!((seen(CHEN), seen(ZHOU)), (0, 0));
    let refused = lookup(here, &one, CHEN).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::BudgetSpent, Some(Rule::HoldersADay)));
    assert_eq!((seen(CHEN), seen(ZHOU)), (1, 0), "asked by number");
    let ask = HistoryAsk {
        after: None,
        identifier: marriage,
        purpose: purpose(),
        as_of: None,
        known_at: None,
        receipt: ReceiptForm::Reference,
    };
    assert_eq!(run(here.history(&one, &ask)).map(drop).unwrap_err().code, Code::BudgetSpent);
    assert_eq!(seen(CHEN) + seen(ZHOU), 2, "asked by identifier: its first holder");
    // An issue names both spouses, and each of them sees that it was refused.
    let draft = Submitted::Draft(people::marriage("J190101-2016-000124"));
    assert_eq!(here.issue(&one, &draft).map(drop).unwrap_err().code, Code::BudgetSpent);
    assert_eq!(seen(CHEN) + seen(ZHOU), 4, "named in a draft");
    // Nobody of them was charged: not here, and not by the start that reads the log.
    let again = after_a_kill(&world, "other");
    assert_eq!(again.guard().spent("client:one", again.now()), 1);
    lookup(&again, &one, &people::number(9)).expect("who was charged is free");
    assert!(here.fsck(FsckOptions::default()).unwrap().sound());
}

fn who_was_stopped_before_a_kill_is_stopped_after_it_and_not_charged_for_hearing_it(world: World) {
    family(&world);
    let here = &world.registry;
    let walker = put(here, "walker", 1_000);
    here.share().unwrap();
    let asked =
        (0..100).take_while(|place| lookup(here, &walker, &people::number(20 + place)).is_ok()).count();
    assert_eq!(lookup(here, &walker, ZHOU).unwrap_err().code, Code::EnumerationStopped);
    let now = here.now();
    assert_eq!(here.guard().spent("client:walker", now), asked);
    let again = after_a_kill(&world, "other");
    assert_eq!(lookup(&again, &walker, CHEN).unwrap_err().code, Code::EnumerationStopped);
    assert_eq!(again.guard().spent("client:walker", now), asked, "what was refused was not charged");
    let found = again.fsck(FsckOptions::default()).unwrap().findings;
    assert_eq!(found, []);
    world.access_sql("DELETE FROM alarms");
    let found = again.fsck(FsckOptions::default()).unwrap().findings;
    let kinds: Vec<&str> = found.iter().map(|finding| finding.kind.wire()).collect();
    assert_eq!(kinds, ["alarm_missing", "alarm_missing"], "one for each log: {found:?}");
}

fn whoever_walks_through_numbers_is_stopped_in_every_process_until_it_is_lifted(world: World) {
    family(&world);
    let (here, there) = (&world.registry, world.reopen());
    there.start_access("other").unwrap();
    let (mut of_here, mut of_there) = (here.share().unwrap(), there.share().unwrap());
    let walker = client("walker", 1_000, json!("whole"));
    // Sequences one after the other, by turns in two processes that hear of each other.
    let mut asked = 0;
    let stopped = loop {
        let registry = if asked % 2 == 0 { here } else { &there };
        match lookup(registry, &walker, &people::number(20 + asked)) {
            Ok(_) => asked += 1,
            Err(error) => break error,
        }
        of_here.step().unwrap();
        of_there.step().unwrap();
        assert!(asked < 100, "a hundred tries");
    };
    assert_eq!((stopped.code, stopped.rule), (Code::EnumerationStopped, Some(Rule::NumbersWalked)));
    assert_eq!(stopped.code.status(), 429);
    assert!(stopped.code.title_zh().contains("管理员"), "it says whom to tell");
    // It hears the same of everybody, in both processes; nobody else does.
    for registry in [here, &there] {
        assert_eq!(lookup(registry, &walker, ZHOU).unwrap_err().code, Code::EnumerationStopped);
        lookup(registry, &client("other", 9, json!("whole")), ZHOU).unwrap();
    }
    let viewer = Viewer::Office { actor: &operator(), reason: "本人申请" };
    let seen = run(here.accesses_of_holder(viewer, &holder(ZHOU), &AccessPage::default())).unwrap();
    let refused = seen.lines.iter().filter(|line| line.outcome == Outcome::Refused.into()).count();
    assert_eq!(refused, 2, "who was stopped stands on the list");
    // A process that starts knows of it; it is listed, without a number; and an operator lifts it.
    let third = world.reopen();
    third.start_cli_access().unwrap();
    let mut of_third = third.share().unwrap();
    assert_eq!(lookup(&third, &walker, ZHOU).unwrap_err().code, Code::EnumerationStopped);
    let alarms = third.alarms().unwrap();
    let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
    assert_eq!((&*alarm.actor, usize::from(alarm.tries) <= asked), ("client:walker", true), "{alarm:?}");
    assert_eq!(third.lift_alarms("test", "client:other").unwrap_err().code, Code::NotFound);
    third.lift_alarms("test", "client:walker").unwrap();
    for (registry, sharing) in [(here, &mut of_here), (&there, &mut of_there), (&third, &mut of_third)] {
        sharing.step().unwrap();
        lookup(registry, &walker, ZHOU).unwrap();
    }
    assert_eq!(third.alarms().unwrap()[0].lifted.as_ref().unwrap().1, "test");
}

fn charges_of_past_days_are_forgotten_and_nothing_stands_there_in_clear(world: World) {
    family(&world);
    let registry = &world.registry;
    let mut sharing = registry.share().unwrap();
    let one = client("one", 5, json!("whole"));
    for _ in 0..3 {
        lookup(registry, &one, CHEN).unwrap();
        sharing.step().unwrap();
        world.clock.set(registry.now().plus_seconds(86_400));
    }
    let today = registry.now().day();
    let rows = |back: i64| {
        let day = today.plus_days(-back);
        registry.store().read_access_now(|reader| reader.told(day, |_| 0)).unwrap()
    };
    let counts: Vec<usize> = (1..=3).map(|back| rows(back).len()).collect();
    assert_eq!(counts, [1, 1, 0], "yesterday stays");
    let told = rows(1)[0].told.clone().unwrap();
    assert_eq!((&*told.charges[0].actor, told.tried.len()), ("client:one", 1));
    // Another row's clear columns do not fit its seal.
    world.access_sql("UPDATE charges SET at = at + 1");
    assert!(rows(1)[0].told.is_none());
}

/// The whole program: the answer to who is stopped, the operator's log and metric, the command, and the end of it.
#[test]
fn an_alarm_is_told_in_log_metric_and_command_and_names_no_number() {
    let installed = Installed::new(|registry| {
        people::settle(registry);
        server::clients(registry);
    });
    let served = installed.serve(&["--node", "main"]);
    let token = served.server.token("all", SECRET);
    let ask = |code: &str| {
        let body =
            json!({"holder": {"type": "111", "code": code}, "purpose": {"item": "A1", "reason": "窗口办理"}});
        served.server.post("/api/v1/lookups", Some(&token), &body)
    };
    let numbers: Vec<String> = (0..100).map(people::number).collect();
    let asked = numbers.iter().take_while(|number| ask(number).status == 200).count();
    assert!((5..40).contains(&asked), "{asked}");
    let stopped = ask(ZHOU);
    let told = stopped.json();
    assert_eq!(
        (stopped.status, &told["code"], &told["rule"]),
        (429, &json!("enumeration_stopped"), &json!("numbers_walked"))
    );
    assert!(told["title_zh"].as_str().unwrap().contains("请联系登记库管理员"), "{told}");
    assert!(stopped.header("retry-after").unwrap().parse::<u64>().unwrap() > 3_500);
    let metrics = served.server.get("/metrics", None).body;
    assert!(metrics.contains("elicense_enumeration_alarms_total 1"), "{metrics}");
    let alarms = |arguments: &[&str]| {
        let done = installed.run(arguments, "");
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(10);
    let listed = loop {
        let (_, listed) = alarms(&["alarms"]);
        if listed.contains("client:all") || std::time::Instant::now() > until {
            break listed;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert!(
        listed.contains("client:all  sequence (顺序码连续)") && listed.contains("stopped until"),
        "{listed}"
    );
    let as_json: Value = serde_json::from_str(&alarms(&["alarms", "--json"]).1).unwrap();
    assert_eq!((&as_json[0]["actor"], &as_json[0]["kind"]), (&json!("client:all"), &json!("sequence")));
    assert_eq!(alarms(&["alarms", "lift", "client:nobody"]).0, Some(2));
    assert!(listed.contains(" UTC+8"), "{listed}");
    assert_eq!(alarms(&["alarms", "lift", "nobody"]).0, Some(2));
    assert_eq!(alarms(&["alarms", "lift", "all"]).0, Some(0), "the name alone");
    while ask(ZHOU).status == 429 {
        assert!(std::time::Instant::now() < until, "the lift reaches the process");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let (_, listed) = alarms(&["alarms"]);
    assert!(listed.contains("lifted "), "{listed}");
    served.signal("TERM");
    let (_, said) = served.end();
    assert!(said.contains("alarm kind=sequence who=client:all"), "{said}");
    for number in &numbers {
        assert!(!said.contains(number.as_str()) && !listed.contains(number.as_str()));
    }
}
