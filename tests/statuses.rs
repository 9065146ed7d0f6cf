//! The status on a face and the state of its record, on both databases: an action writes both, and where nobody can write
//! the face, that is told.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, COMPANY, MARKET, POLICE, day};
use common::{World, operator, run};
use elicense::error::Result;
use elicense::record::event::{Order, subject_hash};
use elicense::record::{Action, Record, Salt, State};
use elicense::registry::{ActCommand, Acted, Ask, Draft, FaceEdit, FsckOptions, HistoryAsk, Submitted};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

on_both! {
    an_action_writes_the_state_and_the_face
    a_version_prints_the_state_that_the_record_is_in
    what_no_face_can_say_changes_the_state_alone_and_is_told
    an_ending_does_not_wait_for_a_face_that_a_rule_of_today_refuses
    who_signs_its_own_orders_sends_the_face_with_them
    a_printed_state_reads_back_and_the_digest_is_the_same
    a_correction_reaches_behind_a_printed_state
}

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn issue(world: &World, draft: Draft) -> String {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
}

fn card() -> Draft {
    people::social_card(&people::number(0), "王芳")
}

fn licence(status: &str) -> Draft {
    people::draft(json!({
        "type": "business_licence", "issuer": MARKET, "issued_on": "2020-03-09", "valid_to": "long_term",
        "holders": [{"code_type": "001", "code": COMPANY, "name": "城东餐饮公司"}],
        "face": {
            "credit_code": COMPANY, "name": "城东餐饮公司", "entity_type": "有限责任公司", "legal_representative": "林秋水",
            "established_on": "2020-03-09", "term_from": "2020-03-09", "term_to": "长期", "scope": "餐饮",
            "domicile": "示范市城东区某路1号", "registrar": "城东区市场监督管理局", "issued_on": "2020-03-09", "status": status,
        },
    }))
}

fn command(identifier: &str, version: u32, action: Action) -> ActCommand {
    let ground = action.ground_needed().then(|| "依法".to_owned());
    ActCommand { ground, ..ActCommand::new(identifier, version, action) }
}

fn act(world: &World, command: &ActCommand) -> Result<Acted> {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command)
}

fn rule_of(outcome: Result<Acted>) -> &'static str {
    outcome.unwrap_err().rule.map_or("", Rule::wire)
}

fn purpose() -> Value {
    json!({"item": "X", "reason": "窗口办理"})
}

/// State, reasons, and the signed payload of the one record of a holder.
fn found(world: &World, (code_type, code): (&str, &str)) -> (String, Value, Value) {
    world.registry.refresh().unwrap();
    let ask = json!({"holder": {"type": code_type, "code": code}, "purpose": purpose()});
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    assert_eq!(answer["records"].as_array().unwrap().len(), 1);
    let record = &answer["records"][0];
    let state = record["state"].as_str().unwrap().to_owned();
    (state, record["reasons"].clone(), payload(record["envelope"].as_str().unwrap()))
}

fn payload(compact: &str) -> Value {
    let envelope = EnvelopeBuf::parse_compact(compact, Default::default()).unwrap();
    serde_json::from_slice(envelope.view().payload()).unwrap()
}

fn of_card(world: &World) -> (String, Value, Value) {
    found(world, ("111", &people::number(0)))
}

fn was(world: &World, identifier: &str, as_of: &str) -> Value {
    let ask = json!({"identifier": identifier, "as_of": as_of, "purpose": purpose()});
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    let history = common::value(&run(world.registry.history(&operator(), &ask)).unwrap());
    json!([history["standing"]["was"]["state"], history["standing"]["was"]["version"]])
}

fn sound(world: &World) {
    assert_eq!(world.registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn an_action_writes_the_state_and_the_face(world: World) {
    settled(&world);
    let first = issue(&world, card());
    let before = of_card(&world).2;
    let effective_on = Some(day("2026-11-10"));
    let suspended = act(&world, &ActCommand { effective_on, ..command(&first, 1, Action::Suspend) }).unwrap();
    assert_eq!((suspended.version, suspended.state, suspended.remarks.len()), (2, State::Suspended, 0));
    assert_ne!(suspended.identifier, first);
    let (state, reasons, face) = of_card(&world);
    assert_eq!((state.as_str(), reasons), ("suspended", json!(["suspended"])));
    // The new face is the old one but for the status; the number stays.
    let mut printed = before["face"].clone();
    printed["status"] = json!("3");
    assert_eq!(face["face"], printed);
    for kept in ["number", "holders", "valid_to", "attachments", "type"] {
        assert_eq!(face[kept], before[kept], "{kept}");
    }
    assert_eq!(face["replaces"], json!({"action": "suspend", "identifier": first, "version": 1}));
    let restored = act(&world, &command(&suspended.identifier, 2, Action::Restore)).unwrap();
    assert_eq!((restored.version, restored.state), (3, State::Active));
    let (state, reasons, face) = of_card(&world);
    assert_eq!((state.as_str(), reasons), ("active", json!([])));
    assert_eq!(face["face"], before["face"]);
    assert_eq!(was(&world, &restored.identifier, "2026-11-09"), json!(["active", 1]));
    assert_eq!(was(&world, &restored.identifier, "2026-11-11"), json!(["suspended", 2]));
    assert_eq!(was(&world, &restored.identifier, "2026-11-22"), json!(["active", 3]));
    let cancelled = act(&world, &command(&restored.identifier, 3, Action::Cancel)).unwrap();
    assert_eq!((cancelled.version, of_card(&world).1), (4, json!(["cancelled"])));
    sound(&world);
}

fn a_version_prints_the_state_that_the_record_is_in(world: World) {
    settled(&world);
    let first = issue(&world, card());
    let face = FaceEdit::Patch(json!({"status": "3"}).as_object().unwrap().clone());
    let change = ActCommand { face: Some(face), ..command(&first, 1, Action::Change) };
    assert_eq!(rule_of(act(&world, &change)), "status_state");
    // Of what no code means, the face cannot say anything else.
    let lapsed = act(&world, &command(&first, 1, Action::Lapse)).unwrap();
    assert_eq!((lapsed.version, lapsed.remarks), (1, vec!["status: status_not_printed".to_owned()]));
    assert_eq!(of_card(&world).1, json!(["lapsed", "status_outdated"]));
    let face = FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone());
    let correct = ActCommand { face: Some(face), ..command(&first, 1, Action::Correct) };
    assert_eq!(act(&world, &correct).unwrap().version, 2);
    sound(&world);
}

fn what_no_face_can_say_changes_the_state_alone_and_is_told(world: World) {
    settled(&world);
    let first = issue(&world, licence("1"));
    let suspended = act(&world, &command(&first, 1, Action::Suspend)).unwrap();
    assert_eq!((suspended.version, suspended.remarks), (1, vec!["status: status_not_printed".to_owned()]));
    let company = ("001", COMPANY);
    assert_eq!(found(&world, company).1, json!(["suspended", "status_outdated"]));
    let revoked = act(&world, &command(&first, 1, Action::Revoke)).unwrap();
    assert_eq!((revoked.version, revoked.remarks.len()), (2, 0));
    let (state, reasons, face) = found(&world, company);
    assert_eq!(
        (state.as_str(), reasons, &face["face"]["status"]),
        ("revoked", json!(["revoked"]), &json!("4"))
    );
    let cancelled = act(&world, &command(&revoked.identifier, 2, Action::Cancel)).unwrap();
    assert_eq!(cancelled.version, 3);
    assert_eq!(found(&world, company).2["face"]["status"], "5");
    sound(&world);
}

fn an_ending_does_not_wait_for_a_face_that_a_rule_of_today_refuses(world: World) {
    settled(&world);
    let first = issue(&world, card());
    let seed = include_str!("../schema/types/social_security_card.json");
    let mut stricter: Value = serde_json::from_str(seed).unwrap();
    stricter["version"] = json!(stricter["version"].as_u64().unwrap() + 1);
    stricter["face"]["properties"]["bank"]["maxLength"] = json!(2);
    world.registry.load_type("test", &stricter.to_string()).unwrap();
    let cancelled = act(&world, &command(&first, 1, Action::Cancel)).unwrap();
    assert_eq!((cancelled.version, cancelled.remarks), (1, vec!["status: status_not_printed".to_owned()]));
    assert_eq!(of_card(&world).1, json!(["cancelled", "status_outdated"]));
    sound(&world);
}

/// The order of a command, signed by an agency's own key, with the digest of its envelope where it sends one.
fn order(key: &SigningKey, command: &ActCommand) -> String {
    let salt = Salt([7; 16]);
    let detail = command.envelope.as_ref().map(|compact| {
        let digest = EnvelopeBuf::parse_compact(compact, Default::default()).unwrap().view().digest();
        json!({"envelope": digest.text()}).as_object().unwrap().clone()
    });
    let order = Order {
        action: command.action.wire().to_owned(),
        effective_on: command.effective_on.unwrap(),
        ground: command.ground.clone(),
        issued_at: common::noon(),
        salt,
        subject: subject_hash(&salt, &command.identifier),
        v: 1,
        version: Some(command.version),
        detail,
    };
    EnvelopeBuf::sign(Typ::Event, &order.to_canonical().unwrap(), key).unwrap().compact()
}

fn who_signs_its_own_orders_sends_the_face_with_them(world: World) {
    settled(&world);
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    let first = issue(&world, card());
    let own = |version, identifier: &str, action, envelope: Option<String>| {
        let effective_on = Some(day("2026-11-20"));
        let mut command = ActCommand { effective_on, envelope, ..command(identifier, version, action) };
        command.order = Some(order(&key, &command));
        command
    };
    let alone = act(&world, &own(1, &first, Action::Suspend, None)).unwrap();
    assert_eq!((alone.version, alone.remarks), (1, vec!["status: status_not_printed".to_owned()]));
    assert_eq!(of_card(&world).1, json!(["suspended", "status_outdated"]));
    act(&world, &own(1, &first, Action::Restore, None)).unwrap();
    assert_eq!(of_card(&world).1, json!([]));
    // The version with the new face, as the agency signed it.
    let mut record: Record = serde_json::from_value(of_card(&world).2).unwrap();
    let parsed = elicense::record::Identifier::parse(&first).unwrap();
    let next =
        elicense::record::Identifier::compose(&record.record_type.code, POLICE, parsed.serial(), 2).unwrap();
    let replaces = json!({"action": "suspend", "identifier": first, "version": 1});
    record.replaces = Some(serde_json::from_value(replaces).unwrap());
    (record.identifier, record.version) = (next.as_str().into(), 2);
    let sign = |record: &Record| {
        EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact()
    };
    let sent = |record: &Record| act(&world, &own(1, &first, Action::Suspend, Some(sign(record))));
    assert_eq!(rule_of(sent(&record)), "status_state");
    record.face.insert("status".into(), "3".into());
    let mut more = record.clone();
    more.face.insert("bank".into(), "另一银行".into());
    assert_eq!(rule_of(sent(&more)), "status_only");
    let mut longer = record.clone();
    longer.valid_to = Some(serde_json::from_value(json!("2031-05-06")).unwrap());
    assert_eq!(rule_of(sent(&longer)), "status_only");
    let endorse = ActCommand { envelope: Some(sign(&record)), ..command(&first, 1, Action::Endorse) };
    assert_eq!(rule_of(act(&world, &endorse)), "no_new_version");
    let acted = sent(&record).unwrap();
    assert_eq!((acted.version, acted.signed_by_agency, acted.remarks.len()), (2, true, 0));
    let (state, reasons, face) = of_card(&world);
    assert_eq!(
        (state.as_str(), reasons, &face["face"]["status"]),
        ("suspended", json!(["suspended"]), &json!("3"))
    );
    assert_eq!(face, payload(&sign(&record)));
    // A type whose face prints no state takes none.
    let other = issue(&world, people::id_card(&people::number(1), "王芳", "2020-05-06"));
    let refused = ActCommand { envelope: Some(sign(&record)), ..command(&other, 1, Action::Revoke) };
    assert_eq!(rule_of(act(&world, &refused)), "no_new_version");
    sound(&world);
}

fn a_printed_state_reads_back_and_the_digest_is_the_same(world: World) {
    settled(&world);
    let first = issue(&world, card());
    let suspended = act(&world, &command(&first, 1, Action::Suspend)).unwrap();
    act(&world, &command(&suspended.identifier, 2, Action::Cancel)).unwrap();
    let licence = issue(&world, licence("1"));
    act(&world, &command(&licence, 1, Action::Annul)).unwrap();
    let other = common::transfer::receiver(&world, settled);
    let text = common::transfer::export(&world);
    let done = common::transfer::read(&world, &other, &text, false);
    assert_eq!((done.records, done.lines_refused), (2, 0), "{:?}", done.refused);
    assert_eq!(other.registry.content_digest().unwrap(), world.registry.content_digest().unwrap());
    assert_eq!(of_card(&other), of_card(&world));
    assert_eq!(common::transfer::read(&world, &other, &text, false).already, 2);
    sound(&other);
}

fn a_correction_reaches_behind_a_printed_state(world: World) {
    settled(&world);
    let first = issue(&world, card());
    let effective_on = Some(day("2026-11-10"));
    let suspended = act(&world, &ActCommand { effective_on, ..command(&first, 1, Action::Suspend) }).unwrap();
    let face = FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone());
    let correct = ActCommand { face: Some(face), ..command(&suspended.identifier, 2, Action::Correct) };
    let corrected = act(&world, &correct).unwrap();
    assert_eq!(was(&world, &corrected.identifier, "2026-11-09"), json!(["active", 3]));
    assert_eq!(was(&world, &corrected.identifier, "2026-11-11"), json!(["suspended", 3]));
    sound(&world);
}
