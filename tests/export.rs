//! Directory, history, attachments, and who may export, on both databases.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use common::{World, operator, run};
use elicense::error::{Code, Result};
use elicense::policy::{Actor, Client, Fields, Grant, Scope, Selection};
use elicense::record::Digest;
use elicense::record::action::Action;
use elicense::registry::{
    ActCommand, Acted, AttachmentAsk, DirectoryAsk, DirectoryDraft, Draft, FaceEdit, HistoryAsk,
    IssueOutcome, Issued, Submitted,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn issue(world: &World, draft: Draft) -> Issued {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap()
}

fn act(world: &World, identifier: &str, version: u32, action: Action, change: Option<Value>) -> Acted {
    world.registry.refresh().unwrap();
    let mut command = ActCommand::new(identifier, version, action);
    command.ground = Some("依法".into());
    command.face = change.map(|change| FaceEdit::Patch(change.as_object().unwrap().clone()));
    world.registry.act(&operator(), &command).unwrap()
}

fn purpose() -> Value {
    json!({"item": "失业登记", "reason": "窗口办理"})
}

fn limited(scope: Scope, fields: Fields) -> Actor {
    let client = Client {
        id: "c1".into(),
        agency: MARKET.into(),
        name: "测试系统".into(),
        scopes: vec![scope],
        grants: vec![Grant { types: Selection::All, fields, purposes: Selection::All }].into(),
        budget: 10,
        enabled: true,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes: vec![scope] }
}

fn named(field: &str) -> Fields {
    Fields::Named([field.to_owned()].into())
}

fn outcome(world: &World, index: u64) -> Value {
    let entry =
        world.registry.store().read_access_now(|reader| reader.access_entry("access-main", index)).unwrap();
    serde_json::from_slice::<Value>(&entry.unwrap()).unwrap()["outcome"].clone()
}

fn list(world: &World, actor: &Actor, code: &str) -> Result<Value> {
    world.registry.refresh().unwrap();
    let ask = json!({"holder": {"type": "111", "code": code}, "purpose": purpose()});
    let ask: DirectoryAsk = serde_json::from_value(ask).unwrap();
    Ok(common::value(&run(world.registry.directory(actor, &ask))?))
}

fn paper(number: Option<&str>, office: &str) -> DirectoryDraft {
    let mut draft = json!({
        "type": "marriage_certificate", "issuer": POLICE, "custody": "paper", "office": office,
        "holders": [
            {"code_type": "111", "code": ZHOU, "name": "周海燕"}, {"code_type": "111", "code": CHEN, "name": "陈志远"},
        ],
        "issued_on": "2012-05-20",
    });
    if let Some(number) = number {
        draft["number"] = number.into();
    }
    serde_json::from_value(draft).unwrap()
}

fn put(world: &World, draft: &DirectoryDraft) -> Result<elicense::registry::DirectoryPut> {
    world.registry.refresh().unwrap();
    world.registry.put_directory(&operator(), draft, None)
}

on_both! {
    a_paper_certificate_is_listed_without_a_body_and_replaced_by_its_number
    a_digitised_certificate_takes_the_place_of_its_entry
    i4_a_list_without_a_grant_is_refused_and_noted
    i7_a_history_tells_what_was_and_what_was_known
    i4_a_history_shows_no_envelope_without_the_whole
    an_attachment_goes_out_with_the_whole_record_only
    i4_a_client_exports_what_its_own_agency_issued
}

fn a_paper_certificate_is_listed_without_a_body_and_replaced_by_its_number(world: World) {
    settled(&world);
    let first = put(&world, &paper(Some("J2012-7"), "城东区档案馆")).unwrap();
    assert_eq!((first.outcome, first.version), (IssueOutcome::Issued, 1));
    let again = put(&world, &paper(Some("J2012-7"), "城东区档案馆")).unwrap();
    assert_eq!((again.outcome, again.leaf), (IssueOutcome::AlreadyThere, first.leaf));
    let moved = put(&world, &paper(Some("J2012-7"), "示范市档案馆")).unwrap();
    assert_eq!((moved.version, &moved.identifier), (2, &first.identifier));
    put(&world, &paper(None, "城西区档案馆")).unwrap();
    issue(&world, people::social_card(CHEN, "陈志远"));
    let body = list(&world, &operator(), CHEN).unwrap();
    let entries = body["entries"].as_array().unwrap();
    let custody: Vec<_> = entries.iter().map(|one| one["custody"].as_str().unwrap()).collect();
    assert_eq!(custody.iter().filter(|one| **one == "paper").count(), 2);
    assert_eq!(custody.iter().filter(|one| **one == "hosted").count(), 1);
    let offices: Vec<_> = entries.iter().filter_map(|one| one["office"].as_str()).collect();
    assert!(offices.contains(&"示范市档案馆") && !offices.contains(&"城东区档案馆"), "{offices:?}");
    for entry in entries {
        assert!(entry.get("envelope").is_none() && entry.get("number").is_none());
        let verdict = if entry["custody"] == "hosted" { "valid" } else { "undetermined" };
        assert_eq!(entry["verdict"], verdict, "{entry:#}");
    }
    let text = body.to_string();
    assert!(!text.contains("J2012-7") && !text.contains(CHEN));
    assert!(body["receipt"]["checkpoint"].is_string());
    // A paper certificate is acted on like any other; only a new version needs its body here.
    act(&world, &first.identifier, 2, Action::Cancel, None);
    let body = list(&world, &operator(), ZHOU).unwrap();
    let cancelled =
        body["entries"].as_array().unwrap().iter().filter(|one| one["state"] == "cancelled").count();
    assert_eq!(cancelled, 1);
    issue(&world, people::marriage("J190101-2015-000123"));
    let clash = put(&world, &paper(Some("J190101-2015-000123"), "城东区档案馆")).unwrap_err();
    assert_eq!(clash.code, Code::NumberClash);
    let mut hosted = paper(None, "城东区档案馆");
    hosted.custody = elicense::catalog::Custody::Hosted;
    assert_eq!(put(&world, &hosted).unwrap_err().rule.map(Rule::wire), Some("custody_hosted"));
}

fn a_digitised_certificate_takes_the_place_of_its_entry(world: World) {
    settled(&world);
    let entry = put(&world, &paper(Some("J190101-2015-000123"), "城东区档案馆")).unwrap();
    let issued = issue(&world, people::marriage("J190101-2015-000123"));
    assert_eq!(issued.outcome, IssueOutcome::Issued);
    for code in [ZHOU, CHEN] {
        let body = list(&world, &operator(), code).unwrap();
        let entries = body["entries"].as_array().unwrap();
        assert_eq!((entries.len(), &entries[0]["custody"]), (1, &json!("hosted")));
    }
    // The identifier that was given to the entry leads to the record now.
    let told =
        history(&world, &operator(), json!({"identifier": entry.identifier, "purpose": purpose()})).unwrap();
    assert_eq!(told["versions"][0]["identifier"], json!(issued.identifier));
    let again = put(&world, &paper(Some("J190101-2015-000123"), "城东区档案馆")).unwrap_err();
    assert_eq!(again.code, Code::NumberClash);
}

fn i4_a_list_without_a_grant_is_refused_and_noted(world: World) {
    settled(&world);
    let refused = list(&world, &limited(Scope::Verify, Fields::Whole), ZHOU).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("scope_missing"));
    assert_eq!(outcome(&world, 0), "refused");
}

fn history(world: &World, actor: &Actor, ask: Value) -> Result<Value> {
    world.registry.refresh().unwrap();
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    Ok(common::value(&run(world.registry.history(actor, &ask))?))
}

fn i7_a_history_tells_what_was_and_what_was_known(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    world.clock.set(world.registry.now().plus_seconds(3 * 86_400));
    let before = world.registry.now();
    let changed = act(&world, &issued.identifier, 1, Action::Change, Some(json!({"bank": "示范商业银行"})));
    world.clock.set(world.registry.now().plus_seconds(86_400));
    act(&world, &changed.identifier, 2, Action::Annul, None);
    let ask = |more: Value| {
        let mut ask = json!({"identifier": issued.identifier, "purpose": purpose()});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        history(&world, &operator(), ask).unwrap()
    };
    let body = ask(json!({}));
    let actions: Vec<_> =
        body["events"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["issue", "change", "annul"]);
    assert!(body["events"].as_array().unwrap().iter().all(|one| one["in_log"] == true));
    assert_eq!(body["events"][2]["ground"], "依法");
    assert_eq!(body["versions"].as_array().unwrap().len(), 2);
    assert_eq!((&body["state"], &body["verdict"]), (&json!("annulled"), &json!("invalid")));
    // An annulment reaches back, but not into earlier knowledge.
    assert_eq!(ask(json!({"as_of": "2021-01-01"}))["standing"]["was"]["state"], "annulled");
    let then = ask(json!({"as_of": "2021-01-01", "known_at": before}));
    let after = ask(json!({"known_at": changed.at}));
    assert_eq!(then["standing"]["was"], json!({"state": "active", "version": 1}));
    assert_eq!(after["standing"]["was"], json!({"state": "active", "version": 2}));
    assert_eq!(ask(json!({"as_of": "2019-01-01"}))["standing"]["was"], Value::Null);
    assert_eq!(outcome(&world, 2), "history");
}

fn i4_a_history_shows_no_envelope_without_the_whole(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let ask = json!({"identifier": issued.identifier, "purpose": purpose()});
    let body = history(&world, &limited(Scope::Lookup, named("bank")), ask.clone()).unwrap();
    assert!(body["versions"][0].get("envelope").is_none() && body["events"][0].get("event").is_none());
    assert!(!body.to_string().contains(ZHOU));
    let refused = history(&world, &limited(Scope::Verify, Fields::Whole), ask).unwrap_err();
    assert_eq!(refused.code, Code::Forbidden);
    assert_eq!(outcome(&world, 1), "refused");
}

fn an_attachment_goes_out_with_the_whole_record_only(world: World) {
    settled(&world);
    let registry = &world.registry;
    let content = vec![7_u8; 600 * 1024];
    let sha256 = Digest::of(&[&content]).hex();
    let put = |sha256: &str, content: &[u8]| registry.put_attachment(&operator(), sha256, content);
    assert_eq!(put(&sha256, b"other").unwrap_err().rule.map(Rule::wire), Some("attachment_digest"));
    assert_eq!(put(&sha256, &vec![0; 8 * 1024 * 1024 + 1]).unwrap_err().code, Code::BodyTooLarge);
    put(&sha256, &content).unwrap();
    let mut draft = people::social_card(ZHOU, "周海燕");
    let missing = Digest::of(&[b"never brought"]).hex();
    for digest in [&sha256, &missing] {
        let one = json!({"media_type": "text/plain", "name": "photo", "sha256": digest, "size": 614400});
        draft.attachments.push(serde_json::from_value(one).unwrap());
    }
    let issued = issue(&world, draft);
    let fetch = |actor: &Actor, sha256: &str| {
        registry.refresh().unwrap();
        let ask = json!({"identifier": issued.identifier, "sha256": sha256, "purpose": purpose()});
        let ask: AttachmentAsk = serde_json::from_value(ask).unwrap();
        run(registry.attachment(actor, &ask))
    };
    let shown = fetch(&operator(), &sha256).unwrap();
    assert_eq!((shown.content, shown.attachment.name.as_str()), (content, "photo"));
    assert_eq!(outcome(&world, shown.accepted.index), "attachment");
    assert_eq!(fetch(&operator(), &missing).unwrap_err().code, Code::NotFound);
    assert_eq!(fetch(&operator(), &Digest([1; 32]).hex()).unwrap_err().code, Code::NotFound);
    let refused = fetch(&limited(Scope::Attachment, named("name")), &sha256).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("whole_not_granted"));
    assert_eq!(outcome(&world, shown.accepted.index + 1), "refused");
}

fn stock(world: &World) {
    let card = issue(world, people::social_card(ZHOU, "周海燕"));
    let changed = act(world, &card.identifier, 1, Action::Change, Some(json!({"bank": "示范商业银行"})));
    act(world, &changed.identifier, 2, Action::Suspend, None);
    issue(world, people::marriage("J190101-2015-000123"));
    let mut divorce = people::marriage("L190101-2026-000009");
    divorce.type_code = "divorce_certificate".into();
    divorce.issued_on = people::day("2026-10-08");
    divorce.face.insert("registered_on".into(), "2026-10-08".into());
    issue(world, divorce);
    put(world, &paper(Some("J2012-7"), "城东区档案馆")).unwrap();
}

fn i4_a_client_exports_what_its_own_agency_issued(world: World) {
    settled(&world);
    stock(&world);
    let actor = limited(Scope::Export, Fields::Whole);
    world.registry.refresh().unwrap();
    let mut out = Vec::new();
    let count = world.registry.export(&actor, None, &mut out).unwrap();
    assert_eq!(count.records, 0);
    let refused = world.registry.export(&actor, Some(POLICE), &mut out).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("agency_mismatch"));
    let without = limited(Scope::Lookup, Fields::Whole);
    assert_eq!(world.registry.export(&without, None, &mut out).unwrap_err().code, Code::Forbidden);
}
