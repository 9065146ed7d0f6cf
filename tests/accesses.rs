//! The list of accesses that a holder sees, and the follower it is read from.
#![allow(clippy::print_stderr, reason = "tests")]
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

mod common;

use common::people::{self, CHEN, ZHOU};
use common::{World, operator, run};
use elicense::policy::{Actor, Client, Scope};
use elicense::record::Action;
use elicense::registry::{
    AccessList, AccessPage, ActCommand, Ask, AskedHolder, NewClient, Registry, Submitted, Viewer,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

fn lookup(registry: &Registry, code: &str, item: &str) {
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": code}, "purpose": {"item": item, "reason": "窗口办理"},
    }))
    .unwrap();
    registry.refresh().unwrap();
    let prepared = registry.prepare_lookup(&ask).unwrap();
    run(registry.lookup(&operator(), prepared, "window")).unwrap();
}

fn holder(code: &str) -> AskedHolder {
    AskedHolder { code_type: "111".into(), code: code.into() }
}

fn seen(registry: &Registry, code: &str, page: &AccessPage) -> AccessList {
    registry.refresh().unwrap();
    run(registry.accesses_of_holder(Viewer::Holder, &holder(code), page)).unwrap()
}

fn items(list: &AccessList) -> Vec<&str> {
    list.lines.iter().map(|line| line.item.as_deref().unwrap()).collect()
}

on_both! {
    a_holder_sees_who_looked_and_why_before_and_after_the_follower
    looking_at_the_list_is_an_access_and_needs_a_right_and_a_reason
    a_page_follows_a_page_without_loss
    a_co_holder_sees_that_a_joint_record_was_used_and_not_what_for
    r15_a_lookup_of_one_spouse_stands_on_the_other_spouses_list_without_item
}

fn a_co_holder_sees_that_a_joint_record_was_used_and_not_what_for(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    let draft = Submitted::Draft(people::marriage("J190101-2015-000123"));
    let issued = registry.issue(&operator(), &draft).unwrap();
    // A client without the right tries to act on the joint record: an access under its first holder.
    let client = Client {
        id: "stranger".into(),
        agency: people::POLICE.into(),
        name: "无权系统".into(),
        scopes: vec![],
        grants: vec![],
        budget: 1,
        enabled: true,
    };
    let stranger = Actor::Client { client: client.into(), scopes: vec![] };
    let mut command = ActCommand::new(&issued.identifier, 1, Action::Annul);
    command.ground = Some("无".into());
    assert!(registry.act(&stranger, &command).is_err());
    let mut joint = Vec::new();
    for code in [ZHOU, CHEN] {
        let list = seen(registry, code, &AccessPage::default());
        assert_eq!(list.lines.len(), 1);
        joint.extend(list.lines);
    }
    joint.sort_by_key(|line| line.joint);
    let [own, other] = joint.as_slice() else { panic!("two lines") };
    assert_eq!((own.joint, own.outcome.as_str()), (false, "refused"));
    assert!(own.at.is_some() && own.channel.is_some());
    assert_eq!((other.joint, other.outcome.as_str(), other.day), (true, "joint_record_used", own.day));
    assert_eq!((&other.at, &other.item, &other.case), (&None, &None, &None));
    assert_eq!((&other.reason, &other.channel), (&None, &None));
}

fn a_holder_sees_who_looked_and_why_before_and_after_the_follower(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    for item in ["一", "二", "三"] {
        lookup(registry, ZHOU, item);
        world.clock.set(registry.now().plus_seconds(60));
    }
    lookup(registry, CHEN, "四");
    // The tail alone.
    let list = seen(registry, ZHOU, &AccessPage::default());
    assert_eq!(items(&list), ["三", "二", "一"]);
    assert!(list.complete && list.next.is_none());
    assert_eq!((list.lag.entries, list.lag.seconds), (4, 180));
    let line = &list.lines[0];
    assert_eq!(
        (line.outcome.as_str(), line.channel.as_deref(), line.joint),
        ("nothing_on_file", Some("window"), false)
    );
    assert_eq!(line.reason.as_deref(), Some("窗口办理"));
    // Followed, and then a tail beyond what was followed.
    assert_eq!(registry.follow_accesses().unwrap().entries, 0);
    lookup(registry, ZHOU, "五");
    assert_eq!(registry.access_lag().unwrap().entries, 1);
    let mixed = seen(registry, ZHOU, &AccessPage::default());
    assert_eq!(items(&mixed), ["五", "三", "二", "一"]);
    registry.follow_accesses().unwrap();
    registry.follow_accesses().unwrap();
    let followed = seen(registry, ZHOU, &AccessPage::default());
    assert_eq!(followed.lines, mixed.lines);
    // Thrown away and filled anew: the same list.
    registry.rebuild_accesses().unwrap();
    assert_eq!(registry.access_lag().unwrap().entries, 5);
    assert_eq!(seen(registry, ZHOU, &AccessPage::default()).lines, mixed.lines);
    registry.follow_accesses().unwrap();
    assert_eq!(seen(registry, ZHOU, &AccessPage::default()).lines, mixed.lines);
    assert_eq!(items(&seen(registry, CHEN, &AccessPage::default())), ["四"]);
}

fn looking_at_the_list_is_an_access_and_needs_a_right_and_a_reason(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let new = NewClient {
        id: "hall".into(),
        agency: people::POLICE.into(),
        name: "办事大厅".into(),
        scopes: vec![Scope::Holder],
        grants: vec![],
        budget: 10,
    };
    registry.put_client("test", &new, "a-secret-of-its-own").unwrap();
    let client = registry.snapshot().clients.get("hall").unwrap().clone();
    let hall = Actor::Client { client, scopes: vec![Scope::Holder] };
    let view = |actor: &Actor, reason: &str| {
        registry.refresh().unwrap();
        let viewer = Viewer::Office { actor, channel: "agency", reason };
        run(registry.accesses_of_holder(viewer, &holder(ZHOU), &AccessPage::default()))
    };
    assert_eq!(view(&hall, " ").unwrap_err().code.wire(), "purpose_missing");
    let number = view(&hall, &format!("号码 {ZHOU}")).unwrap_err();
    assert_eq!(number.rule.map(Rule::wire), Some("number_in_text"));
    assert!(!format!("{number:?}").contains(ZHOU));
    let mut other: Client = (*registry.snapshot().clients["hall"]).clone();
    other.scopes = vec![Scope::Lookup];
    let other = Actor::Client { client: other.into(), scopes: vec![Scope::Lookup] };
    assert_eq!(view(&other, "投诉处理").unwrap_err().code.wire(), "forbidden");

    assert_eq!(view(&hall, "投诉处理").unwrap().lines, []);
    let list = seen(registry, ZHOU, &AccessPage::default());
    let line = &list.lines[0];
    assert_eq!((line.agency.as_str(), line.agency_name.as_str()), (people::POLICE, "示范市公安局城东分局"));
    assert_eq!((line.outcome.as_str(), line.reason.as_deref()), ("accesses_shown", Some("投诉处理")));
    assert_eq!(list.lines.len(), 1, "the holder's own look is no access");
    let shown: Value = serde_json::to_value(&list).unwrap();
    assert!(!shown.to_string().contains(ZHOU));
}

fn a_page_follows_a_page_without_loss(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let all: Vec<String> = (0..9).map(|number| format!("事项{number}")).collect();
    for (number, item) in all.iter().enumerate() {
        lookup(registry, ZHOU, item);
        if number == 4 {
            registry.follow_accesses().unwrap();
        }
    }
    // All nine at one instant, as the clock stands; some followed, some in the tail.
    let mut got = Vec::new();
    let mut page = AccessPage { after: None, limit: 2 };
    loop {
        let list = seen(registry, ZHOU, &page);
        assert!(list.lines.len() <= 2);
        got.extend(items(&list).into_iter().map(str::to_owned));
        match list.next {
            Some(next) => page.after = Some(next),
            None => break,
        }
    }
    got.reverse();
    assert_eq!(got, all);
    let bad = AccessPage { after: Some("x".into()), limit: 2 };
    assert!(run(registry.accesses_of_holder(Viewer::Holder, &holder(ZHOU), &bad)).is_err());
}

fn r15_a_lookup_of_one_spouse_stands_on_the_other_spouses_list_without_item(world: World) {
    people::settle(&world.registry);
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(people::marriage("J190101-2015-000123"))).unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(people::social_card(ZHOU, "周海燕"))).unwrap();
    world.registry.start_access("main").unwrap();
    let lookup = |types: Value| {
        let ask: Ask = serde_json::from_value(json!({
            "holder": {"type": "111", "code": ZHOU}, "types": types, "purpose": {"item": "低保", "reason": "窗口办理"},
        }))
        .unwrap();
        world.registry.refresh().unwrap();
        let prepared = world.registry.prepare_lookup(&ask).unwrap();
        run(world.registry.lookup(&operator(), prepared, "cli")).unwrap();
    };
    lookup(json!(["social_security_card"]));
    lookup(json!(["marriage_certificate"]));
    world.registry.follow_accesses().unwrap();
    let list = |code: &str| {
        let holder = AskedHolder { code_type: "111".into(), code: code.into() };
        let page = AccessPage { after: None, limit: 50 };
        run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap().lines
    };
    assert_eq!(list(ZHOU).len(), 2);
    let of_chen = list(CHEN);
    assert_eq!(of_chen.len(), 1, "only the joint certificate concerns the other spouse");
    assert!(of_chen[0].joint && of_chen[0].item.is_none() && of_chen[0].reason.is_none());
}
