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
use common::{World, callers, operator, run};
use elicense::log::receipt::Receipt;
use elicense::policy::{Actor, Client, Scope};
use elicense::record::Action;
use elicense::record::access::{Channel, LoggedAccess, Outcome, Presence, Seat};
use elicense::registry::{
    AccessLine, AccessList, AccessPage, ActCommand, Ask, AskedHolder, DirectoryAsk, HistoryAsk, LinkCommand,
    NewClient, Registry, Submitted, VerifyAsk, Viewer,
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
    run(registry.lookup(&operator(), prepared)).unwrap();
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
    r15_what_was_refused_is_told_as_refused_on_each_list
    r15_a_lookup_of_one_spouse_stands_on_the_other_spouses_list_without_item
    i2_a_linked_number_sees_what_was_shown_of_it_also_when_the_link_is_taken_back
    i2_every_holder_whose_code_is_known_stands_in_the_entry
    i2_each_linked_number_sees_that_its_list_was_shown
}

fn a_co_holder_sees_that_a_joint_record_was_used_and_not_what_for(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    let draft = Submitted::Draft(people::marriage("J190101-2015-000123"));
    let issued = registry.issue(&operator(), &draft).unwrap();
    // A client looks at the history of the joint record: an access under its first holder.
    let reader = callers::client("reader").scopes(&[Scope::Lookup]).whole().actor();
    let ask = json!({"identifier": issued.identifier, "purpose": {"item": "A1", "reason": "窗口办理"}});
    run(registry.history(&reader, &serde_json::from_value(ask).unwrap())).unwrap();
    let mut joint = Vec::new();
    for code in [ZHOU, CHEN] {
        let list = seen(registry, code, &AccessPage::default());
        assert_eq!(list.lines.len(), 1);
        joint.extend(list.lines);
    }
    joint.sort_by_key(|line| line.joint);
    let [own, other] = joint.as_slice() else { panic!("two lines") };
    assert_eq!((own.joint, own.outcome, own.outcome_zh), (false, Outcome::History.into(), "已查看历史"));
    assert_eq!((own.at.is_some(), own.channel), (true, Some(Channel::Agency)));
    assert_eq!((other.joint, other.outcome.wire(), other.day), (true, "joint_record_used", own.day));
    assert_eq!(other.outcome_zh, "使用了共同持证的证照");
    assert_eq!((&other.at, &other.item, &other.case), (&None, &None, &None));
    assert_eq!((&other.reason, &other.channel, &other.presence), (&None, &None, &None));
}

/// Whatever is refused of a joint record is refused on the list of each holder, and a use on none. The co-holder is not
/// told for what.
fn r15_what_was_refused_is_told_as_refused_on_each_list(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    let draft = Submitted::Draft(people::marriage("J190101-2015-000123"));
    let identifier = registry.issue(&operator(), &draft).unwrap().identifier;
    let act = |actor: &Actor, version: u32, action: Action, ground: Option<&str>| {
        let mut command = ActCommand::new(&identifier, version, action);
        command.ground = ground.map(str::to_owned);
        registry.act(actor, &command).err()
    };
    let object = |actor: &Actor, ground: &str, disputed: bool| {
        let command = json!({"identifier": identifier, "disputed": disputed, "ground": ground});
        registry.dispute(actor, &serde_json::from_value(command).unwrap(), None).err()
    };
    let history = |actor: &Actor| {
        let ask = json!({"identifier": identifier, "purpose": {"item": "A1", "reason": "窗口办理"}});
        run(registry.history(actor, &serde_json::from_value(ask).unwrap())).err()
    };
    let scopes = [Scope::Lookup, Scope::Act];
    let stranger = callers::client("stranger").scopes(&scopes).actor();
    let police = callers::client("police").scopes(&scopes).whole().actor();
    let market = callers::client("market").agency(people::MARKET).scopes(&scopes).whole().actor();
    let tries: [(&str, &dyn Fn() -> Option<elicense::error::Error>); 6] = [
        ("no grant", &|| history(&stranger)),
        ("a state that is not open", &|| act(&police, 1, Action::Restore, Some("决定书"))),
        ("an objection without a ground", &|| object(&police, "", true)),
        ("no objection to settle", &|| object(&police, "持证人报错", false)),
        ("another agency", &|| act(&market, 1, Action::Suspend, Some("决定书"))),
        ("another version", &|| act(&police, 7, Action::Suspend, Some("决定书"))),
    ];
    for (way, refused) in tries {
        let before = [ZHOU, CHEN].map(|code| seen(registry, code, &AccessPage::default()).lines.len());
        assert!(refused().is_some(), "{way}");
        for (code, before) in [ZHOU, CHEN].into_iter().zip(before) {
            let lines = seen(registry, code, &AccessPage::default()).lines;
            assert_eq!(lines.len(), before + 1, "{way}");
            let told: Vec<_> = lines.iter().map(|line| line.outcome.wire()).collect();
            assert!(told.iter().all(|told| ["refused", "change_refused"].contains(told)), "{way}: {told:?}");
            for line in lines.iter().filter(|line| line.joint) {
                assert_eq!(
                    (&line.item, &line.case, &line.reason, &line.attempted),
                    (&None, &None, &None, &None)
                );
            }
        }
    }
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
        (line.outcome.wire(), line.channel, line.joint),
        ("nothing_on_file", Some(Channel::Cli), false)
    );
    assert_eq!(line.reason.as_deref(), Some("窗口办理"));
    // A typed presence says so in the holder's words.
    assert_eq!((line.presence, line.presence_zh), (Some(Presence::Typed), Some("工作人员手工录入")));
    assert_eq!((line.outcome_zh, line.channel_zh), ("未查询到", Some("命令行")));
    // Followed, and then a tail beyond the followed part.
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
        scopes: vec![Scope::Accesses],
        grants: vec![],
        budget: 10,
    };
    registry.put_client("test", &new, "a-secret-of-its-own").unwrap();
    let client = registry.snapshot().clients.get("hall").unwrap().clone();
    let hall = Actor::Client { client, scopes: vec![Scope::Accesses] };
    let view = |actor: &Actor, reason: &str| {
        registry.refresh().unwrap();
        let viewer = Viewer::Office { actor, reason };
        run(registry.accesses_of_holder(viewer, &holder(ZHOU), &AccessPage::default()))
    };
    assert_eq!(view(&hall, " ").unwrap_err().code.wire(), "purpose_missing");
    let number = view(&hall, &format!("号码 {ZHOU}")).unwrap_err();
    assert_eq!(number.rule.map(Rule::wire), Some("number_in_text"));
    assert!(!format!("{number:?}").contains(ZHOU));
    let mut other: Client = (*registry.snapshot().clients["hall"]).clone();
    // The power to mark and link is no right to read who looked.
    other.scopes = Scope::ALL.iter().copied().filter(|scope| *scope != Scope::Accesses).collect();
    let other = Actor::Client { scopes: other.scopes.clone(), client: other.into() };
    let refused = view(&other, "投诉处理").unwrap_err();
    assert_eq!((refused.code.wire(), refused.rule), ("forbidden", Some(Rule::ScopeMissing)));

    let told = view(&hall, "投诉处理").unwrap().lines;
    let outcomes: Vec<&str> = told.iter().map(|line| line.outcome.wire()).collect();
    assert_eq!(outcomes, ["refused"], "only the refusal stands there as yet");
    let list = seen(registry, ZHOU, &AccessPage::default());
    let line = &list.lines[0];
    assert_eq!((line.agency.as_str(), line.agency_name.as_str()), (people::POLICE, "示范市公安局城东分局"));
    assert_eq!((line.outcome.wire(), line.reason.as_deref()), ("accesses_shown", Some("投诉处理")));
    assert_eq!((line.channel, line.item.as_deref()), (Some(Channel::Agency), Some("用证记录")));
    assert_eq!(list.lines.len(), 2, "the holder's own look is no access");
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
    // All nine at one instant, since the clock stands; some followed, some in the tail.
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

fn entry_of(receipt: &Value) -> LoggedAccess {
    use base64::Engine as _;
    let entry = receipt["entry"].as_str().unwrap();
    let entry = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(entry).unwrap();
    LoggedAccess::parse(&entry).unwrap()
}

fn i2_a_linked_number_sees_what_was_shown_of_it_also_when_the_link_is_taken_back(world: World) {
    let registry = &world.registry;
    let [old, new, idle] = ["190102199208090041", "190104199006300066", "190102197911020011"];
    people::settle(registry);
    registry.refresh().unwrap();
    registry.issue(&operator(), &Submitted::Draft(people::id_card(old, "阿依古丽", "2020-01-01"))).unwrap();
    registry.start_access("main").unwrap();
    let link = |from: &str, to: &str| -> LinkCommand {
        serde_json::from_value(json!({
            "from": {"type": "111", "code": from}, "to": {"type": "111", "code": to}, "kind": "same_person",
            "ground": "号码更正证明", "names_differ": true, "agency": people::POLICE,
        }))
        .unwrap()
    };
    for (from, to) in [(old, new), (new, idle)] {
        registry.refresh().unwrap();
        registry.link_holders(&operator(), &link(from, to), None).unwrap();
    }
    registry.refresh().unwrap();
    let holder_of = |code: &str| json!({"type": "111", "code": code});
    let purpose = json!({"item": "低保", "reason": "窗口办理"});
    let ask: Ask = serde_json::from_value(json!({"holder": holder_of(new), "purpose": purpose})).unwrap();
    let answered = run(registry.lookup(&operator(), registry.prepare_lookup(&ask).unwrap())).unwrap().body;
    let answered: Value = serde_json::from_slice(&answered).unwrap();
    let ask: DirectoryAsk =
        serde_json::from_value(json!({"holder": holder_of(new), "purpose": purpose})).unwrap();
    let listed = common::value(&run(registry.directory(&operator(), &ask)).unwrap());
    for receipt in [&answered["receipt"], &listed["receipt"]] {
        let entry = entry_of(receipt);
        let seats = [new, old, idle].map(|code| entry.seat_of("111", code));
        assert_eq!(
            seats,
            [Some(Seat::Asked), Some(Seat::Linked), Some(Seat::Linked)],
            "its state is told too"
        );
        assert_eq!(entry.holders(), Some(3));
    }
    // Statements about the codes are on their lists too; here the looks count.
    let lines = |code: &str| -> Vec<AccessLine> {
        let looks = seen(registry, code, &AccessPage::default()).lines.into_iter();
        looks.filter(|line| !["linked", "unlinked"].contains(&line.outcome.wire())).collect()
    };
    // While they are linked it is one holder, under either number.
    for code in [old, new, idle] {
        let lines = lines(code);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.item.as_deref() == Some("低保") && !line.linked && !line.joint));
    }
    registry.refresh().unwrap();
    registry.unlink_holders(&operator(), &link(old, new), None).unwrap();
    let told = |lines: &[AccessLine]| -> Vec<(bool, String, Option<String>)> {
        lines.iter().map(|line| (line.linked, line.outcome.wire().to_owned(), line.item.clone())).collect()
    };
    // Perhaps the two are not the same person after all: the other learns that its record was shown, not the
    // purpose.
    assert_eq!(told(&lines(old)), vec![(true, "linked_record_used".to_owned(), None); 2]);
    let own = told(&lines(new));
    assert_eq!(own[1], (false, "answered".to_owned(), Some("低保".to_owned())));
    registry.follow_accesses().unwrap();
    assert_eq!(told(&lines(old)).len(), 2);
}

fn i2_every_holder_whose_code_is_known_stands_in_the_entry(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    let draft = Submitted::Draft(people::marriage("J190101-2015-000123"));
    let issued = registry.issue(&operator(), &draft).unwrap();
    let purpose = json!({"item": "低保", "reason": "窗口办理"});
    let mut receipts = Vec::new();
    let ask = json!({"holder": {"type": "111", "code": CHEN}, "purpose": purpose});
    let lookup: Ask = serde_json::from_value(ask.clone()).unwrap();
    let answered = run(registry.lookup(&operator(), registry.prepare_lookup(&lookup).unwrap()));
    let answered: Value = serde_json::from_slice(&answered.unwrap().body).unwrap();
    let envelope = &answered["records"][0]["envelope"];
    receipts.push((answered["receipt"].clone(), CHEN));
    let directory: DirectoryAsk = serde_json::from_value(ask).unwrap();
    let listed = common::value(&run(registry.directory(&operator(), &directory)).unwrap());
    receipts.push((listed["receipt"].clone(), CHEN));
    // By identifier or envelope nobody is asked about: the first holder stands there.
    let history: HistoryAsk =
        serde_json::from_value(json!({"identifier": issued.identifier, "purpose": purpose})).unwrap();
    let shown = common::value(&run(registry.history(&operator(), &history)).unwrap());
    receipts.push((shown["receipt"].clone(), ZHOU));
    let verify: VerifyAsk = serde_json::from_value(json!({"envelope": envelope})).unwrap();
    let verified = common::value(&run(registry.verify(None, &verify)).unwrap());
    receipts.push((verified["receipt"].clone(), ZHOU));
    for (receipt, asked) in receipts {
        let entry = entry_of(&receipt);
        let seat = |code: &str| if code == asked { Seat::Asked } else { Seat::Joint };
        for code in [ZHOU, CHEN] {
            assert_eq!(entry.seat_of("111", code), Some(seat(code)), "{receipt}");
        }
        assert_eq!((entry.holders(), entry.seat_of("111", "190102199208090041")), (Some(2), None));
    }
}

#[test]
fn i10_entries_of_layout_1_verify_and_are_read() {
    let lines = include_str!("../fixtures/vectors/access_v1.txt").lines();
    let given: std::collections::HashMap<&str, &str> =
        lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = ")).collect();
    let verifier = given["verifier"].parse().unwrap();
    let mut read = Vec::new();
    for number in 1..=7 {
        let receipt = Receipt::parse(given[format!("receipt.{number}").as_str()]).unwrap();
        let (entry, _) = receipt.verify(&verifier).unwrap();
        let entry = LoggedAccess::parse(&entry).unwrap();
        let (code_type, code) = given[format!("holder.{number}").as_str()].split_once(' ').unwrap();
        assert_eq!(entry.seat_of(code_type, code), Some(Seat::Asked));
        assert_eq!((entry.seat_of("111", CHEN), entry.holders()), (None, None));
        assert_eq!(entry.channel, Channel::Agency);
        read.push(entry.outcome.wire());
    }
    assert_eq!(read.join(" "), "answered answered answered answered listed accesses_shown refused");
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
        run(world.registry.lookup(&operator(), prepared)).unwrap();
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

fn i2_each_linked_number_sees_that_its_list_was_shown(world: World) {
    let registry = &world.registry;
    let [old, new] = ["190102199208090041", "190104199006300066"];
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    let link: LinkCommand = serde_json::from_value(json!({
        "from": {"type": "111", "code": old}, "to": {"type": "111", "code": new}, "kind": "same_person",
        "ground": "号码更正证明", "names_differ": true, "agency": people::POLICE,
    }))
    .unwrap();
    registry.link_holders(&operator(), &link, None).unwrap();
    lookup(registry, old, "低保");
    let actor = operator();
    let viewer = Viewer::Office { actor: &actor, reason: "投诉处理" };
    let shown = run(registry.accesses_of_holder(viewer, &holder(new), &AccessPage::default())).unwrap();
    assert!(shown.lines.iter().any(|line| line.item.as_deref() == Some("低保")), "{shown:?}");
    // Also once the link is taken back.
    registry.unlink_holders(&operator(), &link, None).unwrap();
    for code in [old, new] {
        let lines = seen(registry, code, &AccessPage::default()).lines;
        let shown = lines.iter().filter(|line| {
            let outcome = line.outcome.wire();
            outcome == "accesses_shown" || outcome == "linked_record_used"
        });
        // The look at the other number was one at this one.
        assert_eq!(shown.count(), if code == new { 2 } else { 1 }, "{code}: {lines:?}");
    }
}
