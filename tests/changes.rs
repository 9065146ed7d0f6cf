//! Whoever changes something on a person is on that person's list (谁查了我), and is charged for it once. On both
//! databases.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::people::{self, CHEN, POLICE, ZHOU};
use common::{World, callers, operator, run};
use elicense::error::{Code, Error, Result};
use elicense::policy::{Actor, Scope};
use elicense::record::access::Channel;
use elicense::record::action::Action;
use elicense::registry::{
    AccessLine, AccessPage, ActCommand, AskedHolder, DirectoryDraft, DisputeCommand, Draft, FsckOptions,
    HistoryAsk, Issued, LinkCommand, MarkCommand, Submitted, Viewer,
};
use serde_json::{Value, json};

on_both! {
    i2_whoever_issues_or_changes_something_is_on_the_list_of_each_holder
    i2_no_record_is_issued_or_changed_before_its_access
    a_change_is_charged_once_for_each_holder
    births_with_consecutive_numbers_are_no_walk
    i2_whoever_loses_an_entry_is_told_and_charged
    i2_nobody_loses_an_entry_over_the_budget
    what_an_operator_brings_in_is_a_feed_and_what_it_changes_is_not
    i2_a_change_that_was_refused_is_not_told_as_done
    i7_an_entry_whose_holders_change_has_one_history
    whoever_is_withheld_with_others_is_not_charged
    i2_i4_each_refusal_of_a_change_is_an_access_and_charged
}

/// A system of the police with every right to write and none to look anything up.
fn writer(budget: u32) -> Actor {
    let scopes = [Scope::Issue, Scope::Act, Scope::Holder];
    callers::client("writer").scopes(&scopes).whole().budget(budget).actor()
}

fn issue(world: &World, actor: &Actor, draft: Draft) -> Result<Issued> {
    world.registry.refresh().unwrap();
    world.registry.issue(actor, &Submitted::Draft(draft))
}

fn suspend(identifier: &str) -> ActCommand {
    let mut command = ActCommand::new(identifier, 1, Action::Suspend);
    command.ground = Some("决定书 2026-3 号".into());
    command
}

fn objection(identifier: &str) -> DisputeCommand {
    DisputeCommand {
        identifier: identifier.into(), disputed: true, ground: "姓名有误".into(), agency: None
    }
}

fn on_paper(code: &str) -> DirectoryDraft {
    let entry = json!({
        "type": "resident_id_card", "issuer": POLICE, "custody": "paper", "office": "城东派出所",
        "holders": [{"code_type": "111", "code": code, "name": "某人"}],
    });
    serde_json::from_value(entry).unwrap()
}

const NUMBER: &str = "J190101-2015-000123";

/// A marriage certificate on paper, of two holders.
fn of_both(one: &str, other: &str) -> DirectoryDraft {
    let holder = |code: &str| json!({"code_type": "111", "code": code, "name": "某人"});
    let entry = json!({
        "type": "marriage_certificate", "issuer": POLICE, "custody": "paper", "office": "城东区档案馆",
        "holders": [holder(one), holder(other)], "issued_on": "2012-05-20", "number": NUMBER,
    });
    serde_json::from_value(entry).unwrap()
}

/// The lines of a holder's list, oldest first.
fn list(world: &World, code: &str) -> Vec<AccessLine> {
    world.registry.refresh().unwrap();
    let holder = AskedHolder { code_type: "111".into(), code: code.into() };
    let page = AccessPage { after: None, limit: 100 };
    let list = run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap();
    list.lines.into_iter().rev().collect()
}

fn outcomes(world: &World, code: &str) -> Vec<&'static str> {
    list(world, code).iter().map(|line| line.outcome.wire()).collect()
}

fn i2_whoever_issues_or_changes_something_is_on_the_list_of_each_holder(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let writer = writer(100);
    let later = || world.clock.set(world.registry.now().plus_seconds(60));
    let identifier = issue(&world, &writer, people::marriage("J190101-2015-000123")).unwrap().identifier;
    later();
    world.registry.act(&writer, &suspend(&identifier)).unwrap();
    later();
    world.registry.dispute(&writer, &objection(&identifier), None).unwrap();
    later();
    world.registry.put_directory(&writer, &on_paper(CHEN), None).unwrap();
    // Of a joint record each holder is told of the change as of its own.
    assert_eq!(outcomes(&world, ZHOU), ["issued", "acted", "objected"]);
    assert_eq!(outcomes(&world, CHEN), ["issued", "acted", "objected", "entered"]);
    for line in list(&world, CHEN) {
        assert_eq!((line.joint, line.channel), (false, Some(Channel::Agency)));
    }
    assert_eq!(list(&world, ZHOU)[0].outcome_zh, "已签发证照");
}

/// Without an access log nothing is written: the entry comes first.
fn i2_no_record_is_issued_or_changed_before_its_access(world: World) {
    people::settle(&world.registry);
    let writer = writer(100);
    let card = issue(&world, &operator(), people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    let size = || world.registry.store().read_now(|reader| reader.heads()).unwrap();
    let before = size();
    let refused = [
        issue(&world, &writer, people::social_card(CHEN, "陈志远")).err(),
        world.registry.put_directory(&writer, &on_paper(CHEN), None).err(),
        world.registry.act(&writer, &suspend(&card)).err(),
        world.registry.dispute(&writer, &objection(&card), None).err(),
    ];
    for (way, error) in refused.into_iter().enumerate() {
        assert_eq!(error.unwrap().code, Code::LogUnavailable, "way {way}");
    }
    assert_eq!(size(), before);
}

fn a_change_is_charged_once_for_each_holder(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let spent = || world.registry.guard().spent("client:writer", world.registry.now());
    let writer = writer(2);
    let identifier = issue(&world, &writer, people::marriage("J190101-2015-000123")).unwrap().identifier;
    assert_eq!(spent(), 2);
    world.registry.act(&writer, &suspend(&identifier)).unwrap();
    world.registry.dispute(&writer, &objection(&identifier), None).unwrap();
    world.registry.put_directory(&writer, &on_paper(ZHOU), None).unwrap();
    assert_eq!(spent(), 2);
    let third = people::number(3);
    assert_eq!(
        issue(&world, &writer, people::id_card(&third, "某人", "2022-01-01")).unwrap_err().code,
        Code::BudgetSpent
    );
    assert_eq!(outcomes(&world, &third), ["refused"], "who was named sees it");
}

/// An entry goes to other holders, then to a record with a body: each time somebody is left out.
fn i2_whoever_loses_an_entry_is_told_and_charged(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let (third, writer) = (people::number(3), writer(100));
    let spent = || world.registry.guard().spent("client:writer", world.registry.now());
    let later = || world.clock.set(world.registry.now().plus_seconds(60));
    world.registry.put_directory(&operator(), &of_both(ZHOU, CHEN), None).unwrap();
    assert_eq!(outcomes(&world, CHEN), [""; 0]);
    later();
    world.registry.put_directory(&writer, &of_both(ZHOU, &third), None).unwrap();
    assert_eq!(outcomes(&world, CHEN), ["acted"]);
    assert_eq!(outcomes(&world, ZHOU), ["entered"]);
    assert_eq!(outcomes(&world, &third), ["entered"]);
    assert_eq!(spent(), 3);
    // The same again takes nothing from anybody.
    world.registry.put_directory(&writer, &of_both(ZHOU, &third), None).unwrap();
    assert_eq!(outcomes(&world, CHEN), ["acted"]);
    later();
    issue(&world, &writer, people::marriage(NUMBER)).unwrap();
    assert_eq!(outcomes(&world, &third), ["entered", "entered", "acted"]);
    assert_eq!(outcomes(&world, CHEN), ["acted", "issued"]);
    assert_eq!(spent(), 3);
}

fn i2_nobody_loses_an_entry_over_the_budget(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let third = people::number(3);
    let entry = world.registry.put_directory(&operator(), &of_both(ZHOU, CHEN), None).unwrap();
    let refused = world.registry.put_directory(&writer(2), &of_both(ZHOU, &third), None).unwrap_err();
    assert_eq!(refused.code, Code::BudgetSpent);
    assert_eq!(outcomes(&world, CHEN), ["refused"], "it was tried, and nothing was taken");
    let again = world.registry.put_directory(&operator(), &of_both(ZHOU, CHEN), None).unwrap();
    assert_eq!((again.identifier, again.leaf), (entry.identifier, entry.leaf));
}

fn births_with_consecutive_numbers_are_no_walk(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let writer = writer(1_000);
    for place in 0..60 {
        let card = people::id_card(&people::number(place), "某人", "2022-01-01");
        issue(&world, &writer, card).unwrap();
    }
    assert_eq!(world.registry.guard().raised(), 0);
}

fn what_an_operator_brings_in_is_a_feed_and_what_it_changes_is_not(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let card = issue(&world, &operator(), people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    world.registry.put_directory(&operator(), &on_paper(ZHOU), None).unwrap();
    assert_eq!(outcomes(&world, ZHOU), [""; 0]);
    world.registry.act(&operator(), &suspend(&card)).unwrap();
    assert_eq!(outcomes(&world, ZHOU), ["acted"]);
}

fn mark(world: &World, actor: &Actor, state: &str, ground: &str, since: Option<&str>) -> Option<Error> {
    world.registry.refresh().unwrap();
    let command =
        json!({"holder": {"type": "111", "code": ZHOU}, "state": state, "ground": ground, "since": since});
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(actor, &command, None).err()
}

fn link_of(to: &str, since: Option<&str>) -> LinkCommand {
    let (from, to) = (json!({"type": "111", "code": ZHOU}), json!({"type": "111", "code": to}));
    let command =
        json!({"from": from, "to": to, "kind": "same_person", "ground": "号码更正", "since": since});
    serde_json::from_value(command).unwrap()
}

/// Every line of a list, page by page.
fn paged(world: &World, code: &str, limit: usize) -> Vec<AccessLine> {
    let holder = AskedHolder { code_type: "111".into(), code: code.into() };
    let (mut lines, mut after) = (Vec::new(), None);
    loop {
        world.registry.refresh().unwrap();
        let page = AccessPage { after, limit };
        let list = run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap();
        lines.extend(list.lines);
        after = list.next;
        if after.is_none() {
            lines.reverse();
            return lines;
        }
    }
}

fn i2_a_change_that_was_refused_is_not_told_as_done(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let writer = writer(100);
    let later = || world.clock.set(world.registry.now().plus_seconds(1));
    issue(&world, &writer, people::marriage(NUMBER)).unwrap();
    let mut refused = Vec::new();
    later();
    let mut other = people::marriage(NUMBER);
    other.face.insert("registry".into(), "城西区民政局".into());
    refused.push(issue(&world, &writer, other).err());
    later();
    refused.push(world.registry.put_directory(&writer, &of_both(ZHOU, CHEN), None).err());
    later();
    refused.push(mark(&world, &writer, "normal", "查无此事", None));
    later();
    refused.push(world.registry.link_holders(&writer, &link_of(CHEN, None), None).err());
    later();
    refused.push(world.registry.unlink_holders(&writer, &link_of(CHEN, None), None).err());
    let codes: Vec<_> = refused.into_iter().map(|error| error.unwrap().code.wire()).collect();
    let expected = ["number_clash", "number_clash", "not_found", "action_forbidden", "action_forbidden"];
    assert_eq!(codes, expected);
    let told = |line: &AccessLine| {
        let attempted = line.attempted.map(|outcome| (outcome.wire(), line.attempted_zh.unwrap()));
        (line.outcome.wire(), attempted)
    };
    let not_made = |attempted: &'static str, zh: &'static str| ("change_refused", Some((attempted, zh)));
    let lines = [
        ("issued", None),
        not_made("issued", "已签发证照"),
        ("number_clash", None),
        not_made("entered", "已登记目录"),
        not_made("marked", "已标记状态"),
        not_made("linked", "已关联号码"),
        not_made("unlinked", "已解除关联"),
    ];
    assert_eq!(list(&world, ZHOU).iter().map(told).collect::<Vec<_>>(), lines);
    assert_eq!(list(&world, ZHOU)[1].outcome_zh, "申请变更，未获办理");
    // Wherever a page ends, and when the follower has come.
    for limit in [1, 2, 3] {
        assert_eq!(paged(&world, ZHOU, limit).iter().map(told).collect::<Vec<_>>(), lines, "{limit}");
    }
    world.registry.follow_accesses().unwrap();
    for limit in [1, 2, 3, 100] {
        assert_eq!(paged(&world, ZHOU, limit).iter().map(told).collect::<Vec<_>>(), lines, "{limit}");
    }
}

fn i2_i4_each_refusal_of_a_change_is_an_access_and_charged(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let card = issue(&world, &operator(), people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    let (writer, registry) = (writer(100), &world.registry);
    let act = |edit: &dyn Fn(&mut ActCommand)| {
        let mut command = suspend(&card);
        edit(&mut command);
        registry.act(&writer, &command).err()
    };
    let object = |ground: &str, disputed: bool| {
        let command = DisputeCommand { ground: ground.into(), disputed, ..objection(&card) };
        registry.dispute(&writer, &command, None).err()
    };
    let bad = |edit: &dyn Fn(&mut Draft)| {
        let mut draft = people::id_card(ZHOU, "周海燕", "2022-01-01");
        edit(&mut draft);
        issue(&world, &writer, draft).err()
    };
    let entry = |edit: &dyn Fn(&mut DirectoryDraft)| {
        let mut draft = on_paper(ZHOU);
        edit(&mut draft);
        registry.put_directory(&writer, &draft, None).err()
    };
    let ahead = registry.now().day().plus_days(2).to_string();
    let ahead = ahead.as_str();
    let number = format!("关于{CHEN}");
    type Try<'t> = Box<dyn Fn() -> Option<Error> + 't>;
    let tries: Vec<(&str, Try<'_>)> = vec![
        ("no ground", Box::new(|| act(&|command| command.ground = None))),
        ("a dot as ground", Box::new(|| act(&|command| command.ground = Some(".".into())))),
        ("another version", Box::new(|| act(&|command| command.version = 7))),
        ("an impossible state", Box::new(|| act(&|command| command.action = Action::Restore))),
        ("a number in a ground", Box::new(|| act(&|command| command.ground = Some(number.clone())))),
        ("an objection without ground", Box::new(|| object(" ", true))),
        ("nothing to settle", Box::new(|| object("已核实", false))),
        ("a mark without ground", Box::new(|| mark(&world, &writer, "death_reported", "-", None))),
        ("a mark ahead", Box::new(|| mark(&world, &writer, "death_reported", "来函", Some(ahead)))),
        ("a state that is not marked", Box::new(|| mark(&world, &writer, "dissolved", "来函", None))),
        ("a bad second code", Box::new(|| registry.link_holders(&writer, &link_of("1", None), None).err())),
        (
            "a link ahead",
            Box::new(|| registry.link_holders(&writer, &link_of(CHEN, Some(ahead)), None).err()),
        ),
        ("a face that lacks a field", Box::new(|| bad(&|draft| drop(draft.face.remove("address"))))),
        ("an unknown type", Box::new(|| bad(&|draft| draft.type_code = "nothing".into()))),
        ("an entry without office", Box::new(|| entry(&|draft| draft.office = " ".into()))),
        ("an entry of an unknown type", Box::new(|| entry(&|draft| draft.type_code = "nothing".into()))),
    ];
    let spent = || registry.guard().spent("client:writer", registry.now());
    for (way, refused) in tries {
        let before = outcomes(&world, ZHOU).len();
        let error = refused();
        assert!(error.is_some(), "{way}: not refused");
        let lines = outcomes(&world, ZHOU);
        assert_eq!(lines[before..], ["refused"], "{way}: {error:?}");
        assert!((1..=2).contains(&spent()), "{way}");
    }
    // What is no identifier, and one under which nothing is kept.
    let refusals = || {
        let batches =
            registry.store().read_access_now(|reader| reader.access_batches("access-main", 0, 999, 999));
        batches.unwrap().iter().map(|batch| batch.count).sum::<u32>()
    };
    let before = refusals();
    registry.act(&writer, &suspend("x")).unwrap_err();
    registry.dispute(&writer, &objection("x"), None).unwrap_err();
    assert_eq!(refusals(), before + 2);
}

fn history(world: &World, actor: &Actor, identifier: &str, after: Option<i32>) -> Value {
    world.registry.refresh().unwrap();
    let ask = json!({
        "identifier": identifier, "purpose": {"item": "A1", "reason": "窗口办理"}, "after": after,
    });
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    serde_json::to_value(run(world.registry.history(actor, &ask)).unwrap()).unwrap()
}

/// Three holders and a budget of two: what is withheld or refused as a whole costs nobody but the one asked for.
fn whoever_is_withheld_with_others_is_not_charged(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let mut entry = serde_json::to_value(of_both(ZHOU, CHEN)).unwrap();
    let third = json!({"code_type": "111", "code": people::number(3), "name": "某人"});
    entry["holders"].as_array_mut().unwrap().push(third);
    let entry: DirectoryDraft = serde_json::from_value(entry).unwrap();
    let identifier = world.registry.put_directory(&operator(), &entry, None).unwrap().identifier;
    let spent = |actor: &Actor| world.registry.guard().spent(&actor.label(), world.registry.now());
    let caller = |name: &str, budget: u32| {
        let scopes = [Scope::Lookup, Scope::Act];
        callers::client(name).scopes(&scopes).whole().budget(budget).actor()
    };
    let (reader, changer) = (caller("reader", 2), caller("changer", 2));
    assert_eq!(history(&world, &reader, &identifier, None)["withheld"], "co_holders");
    assert_eq!(spent(&reader), 1, "the one asked for alone");
    let object = |actor: &Actor| world.registry.dispute(actor, &objection(&identifier), None);
    assert_eq!(object(&changer).unwrap_err().code, Code::BudgetSpent);
    assert_eq!(spent(&changer), 1, "whose identifier was named");
    let (reader, changer) = (caller("reader-3", 3), caller("changer-3", 3));
    assert_eq!(history(&world, &reader, &identifier, None)["withheld"], Value::Null);
    object(&changer).unwrap();
    assert_eq!((spent(&reader), spent(&changer)), (3, 3));
}

/// Versions rise under the identifier, whoever the holders are; each part is shown to whoever may see its holders.
fn i7_an_entry_whose_holders_change_has_one_history(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let third = people::number(3);
    let put = |draft: &DirectoryDraft| {
        world.clock.set(world.registry.now().plus_seconds(60));
        world.registry.put_directory(&operator(), draft, None).unwrap()
    };
    let first = put(&of_both(ZHOU, CHEN));
    let mut noted = of_both(ZHOU, CHEN);
    noted.note = Some("二楼".into());
    let versions = [put(&noted), put(&of_both(ZHOU, &third)), put(&of_both(CHEN, &third))];
    assert_eq!(versions.each_ref().map(|put| put.version), [2, 3, 4]);
    assert!(versions.iter().all(|put| put.identifier == first.identifier));
    let told = |history: &Value| -> Vec<(i64, String, i64)> {
        let events = history["events"].as_array().unwrap().iter();
        let one = |event: &Value| {
            (
                event["seq"].as_i64().unwrap(),
                event["action"].as_str().unwrap().to_owned(),
                event["version"].as_i64().unwrap(),
            )
        };
        events.map(one).collect()
    };
    let all = [
        (1, "issue", 1),
        (2, "change", 2),
        (3, "replace", 2),
        (4, "issue", 3),
        (5, "replace", 3),
        (6, "issue", 4),
    ];
    let all: Vec<_> = all.map(|(seq, action, version)| (seq, action.to_owned(), version)).into();
    let whole = history(&world, &operator(), &first.identifier, None);
    assert_eq!(told(&whole), all);
    assert_eq!(told(&history(&world, &operator(), &first.identifier, Some(4))), all[4..]);
    let made: Vec<_> =
        whole["versions"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
    assert_eq!(made, [1, 2, 3, 4]);
    assert_eq!((&whole["version"], &whole["withheld"]), (&json!(4), &Value::Null));
    assert!(whole["events"].as_array().unwrap().iter().all(|event| event["in_log"] == true));
    // Whoever is shown sees it, also those who are holders no more.
    assert_eq!(outcomes(&world, ZHOU).last(), Some(&"joint_record_used"));
    // A budget of the two holders of today shows their part alone, and says so.
    let reader = |budget: u32| {
        callers::client(&format!("reader-{budget}")).scopes(&[Scope::Lookup]).whole().budget(budget).actor()
    };
    let before = outcomes(&world, ZHOU).len();
    let part = history(&world, &reader(2), &first.identifier, None);
    assert_eq!(told(&part), [(1, "issue".to_owned(), 4)]);
    assert_eq!(part["withheld"], "co_holders");
    assert_eq!(outcomes(&world, ZHOU).len(), before);
    assert_eq!(told(&history(&world, &reader(3), &first.identifier, None)), all);
    assert_eq!(outcomes(&world, ZHOU).len(), before + 1);
    let findings = || world.registry.fsck(FsckOptions::default()).unwrap().findings;
    assert_eq!(findings(), []);
    world.sql("DELETE FROM record_keys WHERE version = 2");
    let found: Vec<_> = findings().iter().map(|found| (found.kind.wire(), found.table)).collect();
    assert_eq!(found, [("key_row_missing", "record_keys")]);
}
