//! What is said of a holder names it by no number (I3), on both databases: not by the one on the record, and by no other
//! that is linked to it.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, settled};
use common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU};
use common::{World, callers, operator, run};
use elicense::error::Result;
use elicense::policy::{Actor, Fields, Scope};
use elicense::record::Action;
use elicense::record::Digest;
use elicense::registry::{
    AccessPage, ActCommand, Ask, AskedHolder, AttachmentAsk, DeclineCommand, DirectoryAsk, DirectoryDraft,
    DisputeCommand, DisputeWithdrawal, Draft, Endorsement, HistoryAsk, LinkCommand, MarkCommand, VerifyAsk,
    Viewer,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    i3_no_ground_names_the_holder_by_a_number_of_its_own
    i3_no_ground_names_the_holder_by_a_linked_number
    i3_no_purpose_names_the_holder_by_a_linked_number
    i3_no_purpose_for_a_record_names_its_holder
    i3_no_purpose_for_a_record_names_its_holder_by_a_linked_number
    i3_a_refused_purpose_is_noted_without_the_number
    i3_a_purpose_is_noted_without_the_number_of_a_co_holder
    i3_no_field_of_a_face_in_hand_names_anybody
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

const PHOTO: &[u8] = b"\xFF\xD8\xFF\xE0 a picture";

type Told = (String, Option<&'static str>);

fn with_photo(draft: Draft) -> Draft {
    let sha256 = Digest::of(&[PHOTO]).hex();
    let file =
        json!([{"media_type": "image/jpeg", "name": "照片.jpg", "sha256": sha256, "size": PHOTO.len()}]);
    Draft { attachments: serde_json::from_value(file).unwrap(), ..draft }
}

/// A record with a file: its identifier and its envelope.
fn kept(world: &World, draft: Draft) -> (String, String) {
    let sha256 = Digest::of(&[PHOTO]).hex();
    world.registry.put_attachment(&operator(), &sha256, PHOTO).unwrap();
    let holder = &draft.holders[0];
    let ask = json!({
        "holder": {"type": holder.code_type, "code": holder.code}, "purpose": {"item": "X", "reason": "窗口办理"},
    });
    let identifier = issue(world, with_photo(draft)).unwrap().identifier;
    let ask: Ask = serde_json::from_value(ask).unwrap();
    world.registry.refresh().unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let body = run(world.registry.lookup(&operator(), prepared)).unwrap().body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    (identifier, body["records"][0]["envelope"].as_str().unwrap().to_owned())
}

/// A history, a file, and a verification by identifier and by envelope, for that reason.
fn asked_about(
    world: &World,
    actor: &Actor,
    (identifier, envelope): &(String, String),
    reason: &str,
) -> [Told; 4] {
    let registry = &world.registry;
    registry.refresh().unwrap();
    let purpose = json!({"item": "失业登记", "reason": reason});
    let history = json!({"identifier": identifier, "purpose": purpose});
    let history: HistoryAsk = serde_json::from_value(history).unwrap();
    let file = json!({"identifier": identifier, "sha256": Digest::of(&[PHOTO]).hex(), "purpose": purpose});
    let file: AttachmentAsk = serde_json::from_value(file).unwrap();
    let face = json!({"identifier": identifier, "face": {"name": "周海燕"}, "purpose": purpose});
    let face: VerifyAsk = serde_json::from_value(face).unwrap();
    let borne: VerifyAsk = serde_json::from_value(json!({"envelope": envelope, "purpose": purpose})).unwrap();
    [
        told(run(registry.history(actor, &history)).map(drop)),
        told(run(registry.attachment(actor, &file)).map(drop)),
        told(run(registry.verify(Some(actor), &face)).map(drop)),
        told(run(registry.verify(Some(actor), &borne)).map(drop)),
    ]
}

/// How many accesses stand on the list, and how many of them have the number in some word.
fn listed(world: &World, code_type: &str, code: &str, number: &str) -> (usize, usize) {
    let holder = AskedHolder { code_type: code_type.into(), code: code.into() };
    let page = AccessPage { limit: 100, ..AccessPage::default() };
    let seen = run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap();
    let lines: Vec<String> = seen.lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
    (lines.len(), lines.iter().filter(|line| line.contains(number)).count())
}

fn link_passport(world: &World) {
    let link: LinkCommand = serde_json::from_value(json!({
        "from": {"type": "414", "code": PASSPORT}, "to": {"type": "111", "code": ZHOU}, "kind": "same_person",
        "ground": "护照与身份证为同一人", "names_differ": true, "agency": POLICE,
    }))
    .unwrap();
    world.registry.refresh().unwrap();
    world.registry.link_holders(&operator(), &link, None).unwrap();
}

fn i3_no_purpose_for_a_record_names_its_holder(world: World) {
    settled(&world);
    let licence = kept(&world, people::licence(COMPANY, "城东测试公司"));
    let reason = format!("代码 {COMPANY} 的企业");
    let (before, _) = listed(&world, "001", COMPANY, COMPANY);
    let named = || named("purpose.reason");
    assert_eq!(asked_about(&world, &operator(), &licence, &reason), [named(), named(), named(), named()]);
    // Who sees a part is answered, and guesses nobody's number so; whoever has the envelope has the number.
    let scopes = &[Scope::Lookup, Scope::Verify, Scope::Attachment];
    let part = Fields::Named(["name".to_owned()].into());
    let part = callers::client("c1").scopes(scopes).fields(part).actor();
    let no_file = (String::new(), Some("whole_not_granted"));
    assert_eq!(asked_about(&world, &part, &licence, &reason), [taken(), no_file, taken(), named()]);
    let borne = json!({"envelope": licence.1, "purpose": {"item": "失业登记", "reason": reason}});
    let borne: VerifyAsk = serde_json::from_value(borne).unwrap();
    run(world.registry.verify(None, &borne)).unwrap();
    // Each is an access, and none has the words.
    assert_eq!(listed(&world, "001", COMPANY, COMPANY), (before + 9, 0));
    let plain = "核对企业执照 2026-17";
    assert_eq!(asked_about(&world, &operator(), &licence, plain), [taken(), taken(), taken(), taken()]);
    assert_eq!(listed(&world, "001", COMPANY, plain), (before + 13, 4));
}

fn i3_no_purpose_for_a_record_names_its_holder_by_a_linked_number(world: World) {
    settled(&world);
    let card = kept(&world, people::social_card(ZHOU, "周海燕"));
    let reason = format!("持护照 {PASSPORT} 者来办理");
    let scopes = &[Scope::Verify, Scope::Attachment];
    let blind = callers::client("c1").scopes(scopes).whole().actor();
    let (before, _) = listed(&world, "111", ZHOU, PASSPORT);
    assert_eq!(asked_about(&world, &operator(), &card, &reason), [taken(), taken(), taken(), taken()]);
    assert_eq!(listed(&world, "111", ZHOU, PASSPORT), (before + 4, 4), "a stranger's number");
    link_passport(&world);
    let (before, _) = listed(&world, "111", ZHOU, PASSPORT);
    let named = || named("purpose.reason");
    assert_eq!(asked_about(&world, &operator(), &card, &reason), [named(), named(), named(), named()]);
    // Who may look nobody up is not told that the number belongs to the holder.
    let no_history = (String::new(), Some("scope_missing"));
    assert_eq!(asked_about(&world, &blind, &card, &reason), [no_history, taken(), taken(), taken()]);
    assert_eq!(listed(&world, "111", ZHOU, PASSPORT), (before + 8, 4));
}

fn i3_a_refused_purpose_is_noted_without_the_number(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    link_passport(&world);
    let (before, _) = listed(&world, "111", ZHOU, PASSPORT);
    let nothing = callers::client("c1").scopes(&[Scope::Lookup]).actor();
    let reason = format!("持护照 {PASSPORT} 者来办理");
    let ask =
        json!({"holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": reason}});
    let looked: Ask = serde_json::from_value(ask.clone()).unwrap();
    let prepared = world.registry.prepare_lookup(&looked).unwrap();
    let refused = (String::new(), Some("type_not_granted"));
    assert_eq!(told(run(world.registry.lookup(&nothing, prepared)).map(drop)), refused);
    let listing: DirectoryAsk = serde_json::from_value(ask).unwrap();
    assert_eq!(told(run(world.registry.directory(&nothing, &listing)).map(drop)), refused);
    let holder = AskedHolder { code_type: "111".into(), code: ZHOU.into() };
    let office = Viewer::Office { actor: &nothing, reason: &reason };
    let page = AccessPage::default();
    assert!(run(world.registry.accesses_of_holder(office, &holder, &page)).is_err());
    assert_eq!(listed(&world, "111", ZHOU, PASSPORT), (before + 3, 0));
}

fn i3_a_purpose_is_noted_without_the_number_of_a_co_holder(world: World) {
    settled(&world);
    let mut draft = serde_json::to_value(people::marriage("J190101-2015-000123")).unwrap();
    draft["holders"][1]["code_type"] = json!("414");
    draft["holders"][1]["code"] = json!(PASSPORT);
    draft["face"]["spouses"][1]["id_type"] = json!("414");
    draft["face"]["spouses"][1]["id_number"] = json!(PASSPORT);
    issue(&world, people::draft(draft)).unwrap();
    world.registry.refresh().unwrap();
    let ask = json!({
        "holder": {"type": "111", "code": ZHOU},
        "purpose": {"item": "失业登记", "reason": format!("配偶持护照 {PASSPORT}")},
    });
    let looked: Ask = serde_json::from_value(ask.clone()).unwrap();
    let prepared = world.registry.prepare_lookup(&looked).unwrap();
    run(world.registry.lookup(&operator(), prepared)).unwrap();
    let listing: DirectoryAsk = serde_json::from_value(ask).unwrap();
    run(world.registry.directory(&operator(), &listing)).unwrap();
    assert_eq!(listed(&world, "111", ZHOU, PASSPORT), (2, 0));
}

fn i3_no_field_of_a_face_in_hand_names_anybody(world: World) {
    settled(&world);
    let identifier = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    let purpose = json!({"item": "失业登记", "reason": "核对"});
    let ask = json!({"identifier": identifier, "face": {CHEN: "陈志远"}, "purpose": purpose});
    let ask: VerifyAsk = serde_json::from_value(ask).unwrap();
    world.registry.refresh().unwrap();
    assert_eq!(told(run(world.registry.verify(Some(&operator()), &ask)).map(drop)), named("face"));
}
