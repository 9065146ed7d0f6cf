//! Whoever changes something on a person is on that person's list (谁查了我), and is charged for it once. On both
//! databases.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::people::{self, CHEN, POLICE, ZHOU};
use common::{World, operator, run};
use elicense::error::{Code, Result};
use elicense::policy::{Actor, Client, Scope};
use elicense::record::access::Channel;
use elicense::record::action::Action;
use elicense::registry::{
    AccessLine, AccessPage, ActCommand, AskedHolder, DirectoryDraft, DisputeCommand, Draft, Issued,
    Submitted, Viewer,
};
use serde_json::json;

on_both! {
    i2_whoever_issues_or_changes_something_is_on_the_list_of_each_holder
    i2_no_record_is_issued_or_changed_before_its_access
    a_change_is_charged_once_for_each_holder
    births_with_consecutive_numbers_are_no_walk
    i2_whoever_loses_an_entry_is_told_and_charged
    i2_nobody_loses_an_entry_over_the_budget
    what_an_operator_brings_in_is_a_feed_and_what_it_changes_is_not
}

/// A system of the police with every right to write and none to look anything up.
fn writer(budget: u32) -> Actor {
    let scopes = vec![Scope::Issue, Scope::Act];
    let grants = json!([{"types": "*", "fields": "whole", "purposes": "*"}]);
    let client = Client {
        id: "writer".into(),
        agency: POLICE.into(),
        name: "签发系统".into(),
        scopes: scopes.clone(),
        grants: serde_json::from_value(grants).unwrap(),
        budget,
        enabled: true,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes }
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
    assert_eq!(outcomes(&world, &third), [""; 0], "nothing was changed and nothing was told");
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
    assert_eq!(outcomes(&world, CHEN), [""; 0]);
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
