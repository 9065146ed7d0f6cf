//! What is said of a holder names it by no number (I3), on both databases: not by the one on the record, and by no other
//! that is linked to it.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, settled};
use common::people::{self, COMPANY, MARKET, POLICE, ZHOU};
use common::{World, callers, operator, run};
use elicense::error::Result;
use elicense::policy::{Actor, Scope};
use elicense::record::Action;
use elicense::registry::{
    AccessPage, ActCommand, Ask, AskedHolder, DeclineCommand, DirectoryAsk, DirectoryDraft, DisputeCommand,
    DisputeWithdrawal, Endorsement, LinkCommand, MarkCommand, Viewer,
};
use elicense::rule::Rule;
use serde_json::json;

on_both! {
    i3_no_ground_names_the_holder_by_a_number_of_its_own
    i3_no_ground_names_the_holder_by_a_linked_number
    i3_no_purpose_names_the_holder_by_a_linked_number
}

const PASSPORT: &str = "E19000001";

fn told<T>(outcome: Result<T>) -> (String, Option<&'static str>) {
    match outcome {
        Ok(_) => ("taken".to_owned(), None),
        Err(error) => (error.field.as_deref().unwrap_or_default().to_owned(), error.rule.map(Rule::wire)),
    }
}

fn taken() -> (String, Option<&'static str>) {
    ("taken".to_owned(), None)
}

fn named(field: &str) -> (String, Option<&'static str>) {
    (field.to_owned(), Some("number_in_text"))
}

fn act(world: &World, actor: &Actor, identifier: &str, action: Action, text: &str) -> Result<()> {
    world.registry.refresh().unwrap();
    let mut command = ActCommand::new(identifier, 1, action);
    if action == Action::Endorse {
        command.endorsement = Some(Endorsement { kind: "年检".to_owned(), result: text.to_owned() });
    } else {
        command.ground = Some(text.to_owned());
    }
    world.registry.act(actor, &command).map(drop)
}

/// Opens, withdraws and declines with that ground.
fn said(world: &World, actor: &Actor, identifier: &str, ground: &str) -> Vec<(String, Option<&'static str>)> {
    let (identifier, ground) = (identifier.to_owned(), ground.to_owned());
    let registry = &world.registry;
    registry.refresh().unwrap();
    let dispute = DisputeCommand {
        identifier: identifier.clone(),
        disputed: true,
        ground: ground.clone(),
        agency: None,
    };
    let plain = DisputeCommand { ground: "姓名有误".to_owned(), ..dispute.clone() };
    let decline = DeclineCommand {
        identifier: identifier.clone(),
        action: Action::Cancel,
        ground: ground.clone(),
        agency: None,
    };
    let mut found = vec![told(registry.decline(actor, &decline, None))];
    found.push(told(registry.dispute(actor, &dispute, None)));
    registry.dispute(&operator(), &plain, None).unwrap();
    let withdraw = DisputeWithdrawal { identifier, ground, agency: None };
    found.push(told(registry.withdraw_dispute(actor, &withdraw, None)));
    let settle = DisputeCommand { disputed: false, ..plain };
    registry.dispute(&operator(), &settle, None).unwrap();
    found
}

fn i3_no_ground_names_the_holder_by_a_number_of_its_own(world: World) {
    settled(&world);
    let licence = people::draft(json!({
        "type": "business_licence", "issuer": MARKET, "issued_on": "2020-03-09", "valid_to": "long_term",
        "holders": [{"code_type": "001", "code": COMPANY, "name": "城东测试公司"}],
        "face": {
            "credit_code": COMPANY, "name": "城东测试公司", "entity_type": "有限责任公司", "legal_representative": "林秋水",
            "established_on": "2020-03-09", "term_from": "2020-03-09", "term_to": "长期", "scope": "餐饮",
            "domicile": "示范市城东区某路1号", "registrar": "城东区市场监督管理局", "issued_on": "2020-03-09",
        },
    }));
    let licence = issue(&world, licence).unwrap().identifier;
    let ground = format!("代码 {COMPANY} 的企业违规");
    let blind = callers::client("c1").agency(MARKET).scopes(&[Scope::Act]).whole().actor();
    for actor in [operator(), blind] {
        assert_eq!(told(act(&world, &actor, &licence, Action::Suspend, &ground)), named("ground"));
        let endorsed = act(&world, &actor, &licence, Action::Endorse, &ground);
        assert_eq!(told(endorsed), named("endorsement.result"));
    }
    assert_eq!(said(&world, &operator(), &licence, &ground), vec![named("ground"); 3]);
    assert_eq!(told(act(&world, &operator(), &licence, Action::Suspend, "代码有误的企业违规")), taken());
    // What a directory entry says of who keeps it.
    let entry = json!({
        "type": "business_licence", "issuer": MARKET, "custody": "paper", "office": "城东区档案馆", "note": ground,
        "holders": [{"code_type": "001", "code": COMPANY, "name": "城东测试公司"}],
    });
    let entry: DirectoryDraft = serde_json::from_value(entry).unwrap();
    assert_eq!(told(world.registry.put_directory(&operator(), &entry, None)), named("note"));
}

fn i3_no_ground_names_the_holder_by_a_linked_number(world: World) {
    settled(&world);
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    let ground = format!("持护照 {PASSPORT} 者来函");
    assert_eq!(
        told(act(&world, &operator(), &card, Action::Endorse, &ground)),
        taken(),
        "a stranger's number"
    );
    let link = |ground: &str| -> LinkCommand {
        serde_json::from_value(json!({
            "from": {"type": "414", "code": PASSPORT}, "to": {"type": "111", "code": ZHOU}, "kind": "same_person",
            "ground": ground, "names_differ": true, "agency": POLICE,
        }))
        .unwrap()
    };
    world.registry.refresh().unwrap();
    world.registry.link_holders(&operator(), &link("护照与身份证为同一人"), None).unwrap();
    let blind = callers::client("c1").scopes(&[Scope::Act, Scope::Holder]).whole().actor();
    let untold = (String::new(), Some("holder_unchanged"));
    assert_eq!(told(act(&world, &operator(), &card, Action::Suspend, &ground)), named("ground"));
    assert_eq!(told(act(&world, &operator(), &card, Action::Endorse, &ground)), named("endorsement.result"));
    assert_eq!(told(act(&world, &blind, &card, Action::Suspend, &ground)), untold);
    assert_eq!(said(&world, &operator(), &card, &ground), vec![named("ground"); 3]);
    let mark = |actor: &Actor| {
        world.registry.refresh().unwrap();
        let command = json!({
            "holder": {"type": "111", "code": ZHOU}, "state": "death_reported", "ground": ground, "agency": POLICE,
        });
        let command: MarkCommand = serde_json::from_value(command).unwrap();
        told(world.registry.mark_holder(actor, &command, None))
    };
    assert_eq!((mark(&operator()), mark(&blind)), (named("ground"), untold));
    let third = "190102199208090041";
    let mut more = link(&ground);
    more.from = serde_json::from_value(json!({"type": "111", "code": third})).unwrap();
    assert_eq!(told(world.registry.link_holders(&operator(), &more, None)), named("ground"));
    assert_eq!(told(act(&world, &operator(), &card, Action::Suspend, "持护照者来函")), taken());
}

fn i3_no_purpose_names_the_holder_by_a_linked_number(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    let reason = format!("持护照 {PASSPORT} 者来办理");
    let ask = || {
        world.registry.refresh().unwrap();
        let ask = json!({
            "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": reason},
        });
        let looked: Ask = serde_json::from_value(ask.clone()).unwrap();
        let prepared = world.registry.prepare_lookup(&looked).unwrap();
        let looked = run(world.registry.lookup(&operator(), prepared)).map(drop);
        let listed: DirectoryAsk = serde_json::from_value(ask).unwrap();
        (told(looked), told(run(world.registry.directory(&operator(), &listed)).map(drop)))
    };
    assert_eq!(ask(), (taken(), taken()), "a stranger's number");
    let link: LinkCommand = serde_json::from_value(json!({
        "from": {"type": "414", "code": PASSPORT}, "to": {"type": "111", "code": ZHOU}, "kind": "same_person",
        "ground": "护照与身份证为同一人", "names_differ": true, "agency": POLICE,
    }))
    .unwrap();
    world.registry.refresh().unwrap();
    world.registry.link_holders(&operator(), &link, None).unwrap();
    assert_eq!(ask(), (named("purpose.reason"), named("purpose.reason")));
    // Each refusal is an access, without the words.
    let holder = AskedHolder { code_type: "111".into(), code: ZHOU.into() };
    let seen =
        run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &AccessPage::default())).unwrap();
    let told: Vec<String> = seen.lines.iter().map(|line| format!("{:?}", line.reason)).collect();
    let refused = seen.lines.iter().filter(|line| line.outcome.wire() == "refused").count();
    assert_eq!((refused, told.iter().filter(|reason| reason.contains(PASSPORT)).count()), (2, 2), "{told:?}");
}
