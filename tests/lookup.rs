//! Issue and lookup through the library, on both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, ZHOU};
use common::{World, callers, operator, run};
use elicense::error::Code;
use elicense::log::receipt::Receipt;
use elicense::log::{LogVerifier, TreeReader};
use elicense::policy::{Actor, Fields, Scope};
use elicense::record::{Action, Identifier, Record};
use elicense::registry::{ActCommand, Ask, FaceEdit, IssueOutcome, Submitted};
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

fn ask(value: Value) -> Ask {
    serde_json::from_value(value).unwrap()
}

fn lookup(world: &World, value: Value) -> Value {
    let ask = ask(value);
    let registry = &world.registry;
    registry.refresh().unwrap();
    let prepared = registry.prepare_lookup(&ask).unwrap();
    let answered = run(registry.lookup(&operator(), prepared)).unwrap();
    serde_json::from_slice(&answered.body).unwrap()
}

fn purpose() -> Value {
    json!({"item": "失业登记", "reason": "窗口办理"})
}

on_both! {
    i2_a_lookup_shows_what_was_issued_with_a_receipt_that_verifies
    issuing_the_same_again_gets_the_first_answer_and_another_face_is_a_clash
    i13_an_unknown_holder_is_an_answer_and_absence_is_undetermined_without_coverage
    the_first_answer_stays_the_first_ones_after_a_change
    i2_i3_a_clash_shows_what_the_issuer_may_see_and_is_an_access
    a_number_whose_key_row_is_damaged_is_damaged_and_not_busy
}

fn act(world: &World, command: &ActCommand) {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command).unwrap();
}

fn the_first_answer_stays_the_first_ones_after_a_change(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let issue = |submitted: &Submitted| {
        world.registry.refresh().unwrap();
        world.registry.issue(&operator(), submitted).unwrap()
    };
    let draft = Submitted::Draft(people::social_card(ZHOU, "周海燕"));
    let first = issue(&draft);
    // An issuer's own envelope of another person's card.
    let own = people::social_card(people::CHEN, "陈志远");
    let envelope = {
        issue(&Submitted::Draft(own));
        let answer =
            lookup(&world, json!({"holder": {"type": "111", "code": people::CHEN}, "purpose": purpose()}));
        let compact = answer["records"][0]["envelope"].as_str().unwrap().to_owned();
        let parsed = EnvelopeBuf::parse_compact(&compact, Default::default()).unwrap();
        let mut record = Record::from_payload(parsed.view().payload()).unwrap();
        let next = Identifier::compose(&record.record_type.code, people::POLICE, "ABCDEFGHIJ0123456789", 1);
        record.identifier = next.unwrap().as_str().to_owned();
        let number = "190102197911020011";
        record.holders[0].code = number.into();
        record.number = Some(number.into());
        record.face.insert("social_security_no".into(), number.into());
        let key = SigningKey::from_seed(&[9; 32]).unwrap();
        world.registry.register_key("test", people::POLICE, key.verify_key().bytes()).unwrap();
        Submitted::Envelope(
            EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact(),
        )
    };
    let signed = issue(&envelope);
    assert!(signed.signed_by_issuer && !first.signed_by_issuer);
    for issued in [&first, &signed] {
        // The new version is signed here: the first one's answer still tells who signed the first.
        let mut change = ActCommand::new(&issued.identifier, 1, Action::Change);
        change.face = Some(FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone()));
        act(&world, &change);
    }
    for (submitted, first) in [(&draft, &first), (&envelope, &signed)] {
        let again = issue(submitted);
        assert_eq!(again.outcome, IssueOutcome::AlreadyThere);
        assert_eq!((&again.identifier, again.version), (&first.identifier, 1));
        assert_eq!(
            (again.leaf, again.at, again.signed_by_issuer),
            (first.leaf, first.at, first.signed_by_issuer)
        );
    }
}

fn i2_i3_a_clash_shows_what_the_issuer_may_see_and_is_an_access(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let issue = |actor: &Actor, draft| {
        world.registry.refresh().unwrap();
        world.registry.issue(actor, &Submitted::Draft(draft))
    };
    let ward = "190102197911020011";
    issue(&operator(), people::disability(ward, "王䶮", (ZHOU, "周海燕"))).unwrap();
    let mut other = people::disability(ward, "王䶮", (people::CHEN, "陈志远"));
    other.face.insert("guardian_phone".into(), "13900000027".into());
    other.face.insert("address".into(), format!("陈志远{} 家", people::CHEN).into());
    other.face.insert("grade".into(), "4".into());
    let entries = || {
        let head = world.registry.store().read_access_now(|reader| reader.head("access-main"));
        head.unwrap().unwrap().size
    };
    let sides = |error: &elicense::error::Error, field: &str| {
        let differing = error.extra.as_ref().unwrap()["differing"].as_array().unwrap().clone();
        let one = differing.into_iter().find(|one| one["field"] == field).unwrap();
        (one["stored"].clone(), one["brought"].clone())
    };
    let before = entries();
    let clash = issue(&operator(), other.clone()).unwrap_err();
    assert_eq!(clash.code.wire(), "number_clash");
    assert_eq!(sides(&clash, "grade"), (json!("3"), json!("4")));
    assert_eq!(sides(&clash, "guardian_name"), (json!("周海燕"), json!("陈志远")));
    assert_eq!(sides(&clash, "guardian_phone"), (json!("*******0019"), json!("*******0027")));
    assert_eq!(sides(&clash, "address").1, "…");
    let text = format!("{:?}", clash.extra);
    for number in [ward, ZHOU, people::CHEN, "13900000019", "13900000027"] {
        assert!(!text.contains(number), "{text}");
    }
    assert_eq!(entries(), before + 1);
    let store = world.registry.store();
    let batch = store.read_access_now(|reader| reader.access_batches("access-main", before, before + 1, 1));
    let item = batch.unwrap().pop().unwrap().items.unwrap().pop().unwrap();
    assert_eq!(item.holders, [ward, ZHOU].map(|code| store.vault().index().holder_key("111", code)));
    let entry: Value = serde_json::from_slice(&item.entry).unwrap();
    assert_eq!((&entry["outcome"], &entry["decision"]), (&json!("number_clash"), &json!("operator")));
    let shown = elicense::record::canonical::to_vec(clash.extra.as_ref().unwrap()).unwrap();
    let digest = elicense::record::Digest::of(&[&shown]).text();
    let listed = json!({"absent": [], "heads": [], "records": [["", 1, digest, "undetermined", []]]});
    let listed = elicense::record::canonical::to_vec(&listed).unwrap();
    assert_eq!(entry["answer"], elicense::record::Digest::of(&[&listed]).text());
    // Who may see one field of the type sees one. The others are not even named: nobody finds a value out by trying.
    let fields = Fields::Named(["grade".to_owned(), "guardian_phone!whole".to_owned()].into());
    let actor = callers::client("issuer").scopes(&[Scope::Issue]).fields(fields).budget(10).actor();
    let clash = issue(&actor, other.clone()).unwrap_err();
    assert_eq!(sides(&clash, "grade"), (json!("3"), json!("4")));
    let named = clash.extra.as_ref().unwrap()["differing"].as_array().unwrap();
    assert!(named.iter().all(|one| one["field"] == "grade"), "{clash:?}");
    // What cannot be noted is not shown.
    world.registry.stop_access();
    let clash = issue(&operator(), other).unwrap_err();
    assert_eq!((clash.code.wire(), clash.extra.is_none()), ("number_clash", true));
}

fn a_number_whose_key_row_is_damaged_is_damaged_and_not_busy(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let issue = || {
        world.registry.refresh().unwrap();
        world.registry.issue(&operator(), &Submitted::Draft(people::social_card(ZHOU, "周海燕")))
    };
    issue().unwrap();
    world.sql("UPDATE record_keys SET sealed = substr(sealed, 2)");
    assert_eq!(issue().unwrap_err().code, Code::RecordDamaged);
}

fn i2_a_lookup_shows_what_was_issued_with_a_receipt_that_verifies(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    for draft in [
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::social_card(ZHOU, "周海燕"),
        people::marriage("J190101-2015-000123"),
    ] {
        world.registry.refresh().unwrap();
        let issued = world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
        assert_eq!(issued.outcome, IssueOutcome::Issued);
    }
    let answer = lookup(
        &world,
        json!({"holder": {"type": "111", "code": ZHOU}, "purpose": purpose(), "proofs": true}),
    );
    let records = answer["records"].as_array().unwrap();
    assert_eq!(records.len(), 3, "{answer:#}");
    for record in records {
        assert_eq!(record["verdict"], "valid", "{record:#}");
        assert!(record["envelope"].as_str().unwrap().split('.').count() == 3);
        assert!(record["proof"].is_array());
        let envelope = record["envelope"].as_str().unwrap();
        let envelope = EnvelopeBuf::parse_compact(envelope, Default::default()).unwrap();
        assert_eq!(record["event"]["envelope"], envelope.view().digest().text());
    }
    let receipt = Receipt::parse(&answer["receipt"].to_string()).unwrap();
    let verifier: LogVerifier = world.registry.log_verifier("access-main").unwrap();
    let (entry, checkpoint) = receipt.verify(&verifier).unwrap();
    assert_eq!(checkpoint.size, 1);
    let entry: Value = serde_json::from_slice(&entry).unwrap();
    assert_eq!(entry["outcome"], "answered");
    assert_eq!(entry["presence"], "typed");
    // The other spouse sees the marriage certificate under the own number.
    let answer =
        lookup(&world, json!({"holder": {"type": "111", "code": people::CHEN}, "purpose": purpose()}));
    assert_eq!(answer["records"].as_array().unwrap().len(), 1);
    assert_eq!(answer["receipt"]["index"], 1);
}

fn issuing_the_same_again_gets_the_first_answer_and_another_face_is_a_clash(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let issue = |draft| {
        world.registry.refresh().unwrap();
        world.registry.issue(&operator(), &Submitted::Draft(draft))
    };
    let first = issue(people::marriage("J190101-2015-000123")).unwrap();
    let again = issue(people::marriage("J190101-2015-000123")).unwrap();
    assert_eq!(again.outcome, IssueOutcome::AlreadyThere);
    assert_eq!((again.identifier, again.leaf, again.at), (first.identifier, first.leaf, first.at));
    let mut other = people::marriage("J190101-2015-000123");
    other.face.insert("registry".into(), "城西区民政局".into());
    let clash = issue(other).unwrap_err();
    assert_eq!(clash.code.wire(), "number_clash");
    let differing = &clash.extra.unwrap()["differing"];
    assert_eq!(differing[0]["stored"], "城东区民政局");
    assert_eq!(differing[0]["brought"], "城西区民政局");
}

fn i13_an_unknown_holder_is_an_answer_and_absence_is_undetermined_without_coverage(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let answer = lookup(
        &world,
        json!({"holder": {"type": "111", "code": ZHOU}, "types": ["marriage_certificate"], "purpose": purpose()}),
    );
    assert_eq!(answer["records"], json!([]));
    assert_eq!(answer["absent"][0]["absence"], "not_covered");
    let text = answer["absent"][0]["text"].as_str().unwrap();
    let text = text.replace("暂无法核验", "");
    assert!(!text.contains("未婚") && !text.contains('无'), "{text}");
    assert!(answer["receipt"]["checkpoint"].is_string());
}
