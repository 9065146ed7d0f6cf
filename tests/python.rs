//! A verifier in another language, written from `schema/bytes.md` alone, agrees with the registry's answers
//! and refuses them with any byte changed. The written data fits `schema/*.json` (I10).
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::path::Path;
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::items;
use common::people::{self, ZHOU};
use common::{World, operator, run, server};
use elicense::catalog::items::ItemDef;
use elicense::record::Action;
use elicense::registry::{ActCommand, Ask, AskedHolder, DisputeCommand, FaceEdit, Submitted};
use elicense::store::Opened;
use elicense::trust::EnvelopeBuf;
use elicense::trust::jwks::jwks;
use serde_json::{Value, json};

fn python(arguments: &[&str]) -> Option<Output> {
    script("verify.py", arguments)
}

/// None where there is no Python 3, unless `ELICENSE_TEST_PYTHON=required` makes that a failure.
fn script(name: &str, arguments: &[&str]) -> Option<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name);
    let mut command = Command::new("python3");
    // -B: no byte code beside the sources; utf8: for every locale of the machine.
    let output = command.args(["-B", "-X", "utf8"]).arg(script).args(arguments).output();
    match output {
        Ok(output) => Some(output),
        Err(error) => {
            let required = std::env::var("ELICENSE_TEST_PYTHON").as_deref() == Ok("required");
            assert!(!required, "python3 is required here: {error}");
            eprintln!("skipped: no python3");
            None
        }
    }
}

fn held(arguments: &[&str]) -> Option<Value> {
    let output = python(arguments)?;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn refused(arguments: &[&str]) -> String {
    let output = python(arguments).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stderr).unwrap()
}

/// The holder asked about, and the other spouse on the marriage certificate.
fn asked(code: &str) -> String {
    json!({"code_type": "111", "code": code, "joint": [["111", people::CHEN]]}).to_string()
}

/// Issues three records, looks them up, and writes the files that an outsider would get.
fn served(world: &World, folder: &Path) -> Value {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let drafts = [
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::social_card(ZHOU, "周海燕"),
        people::marriage("J190101-2015-000123"),
    ];
    for draft in drafts {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    }
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": "窗口办理"}, "proofs": true,
    }))
    .unwrap();
    let mut body = Vec::new();
    // The third of three, so that the receipt's proof has steps on both sides.
    for _ in 0..3 {
        registry.refresh().unwrap();
        let prepared = registry.prepare_lookup(&ask).unwrap();
        body = run(registry.lookup(&operator(), prepared)).unwrap().body;
    }
    let write = |name: &str, text: &[u8]| std::fs::write(folder.join(name), text).unwrap();
    write("answer.json", &body);
    write("jwks.json", jwks(&registry.snapshot().keys).to_string().as_bytes());
    write("verifier.txt", registry.log_verifier("access-main").unwrap().to_string().as_bytes());
    write("asked.json", asked(ZHOU).as_bytes());
    serde_json::from_slice(&body).unwrap()
}

/// A value of a file of vectors.
fn vector(file: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/vectors/{file}.txt"));
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
    line.unwrap_or_else(|| panic!("no {name}")).to_owned()
}

on_both! {
    i10_a_verifier_written_from_the_page_agrees
    i10_an_outsider_checks_the_answer_to_a_predicate
    i10_the_receipt_of_a_history_covers_the_day_that_was_asked_about
    i10_what_is_written_is_what_the_schemas_allow
}

/// One thing of every kind of event, and accesses with every member that an entry may have.
fn written(world: &World) {
    let registry = &world.registry;
    people::settle(registry);
    server::clients(registry);
    registry.start_access("main").unwrap();
    let issue = |draft| {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
    };
    let photo = elicense::record::Digest::of(&[b"photo"]).hex();
    registry.put_attachment(&operator(), &photo, b"photo").unwrap();
    let mut draft = people::id_card(ZHOU, "周海燕", "2020-01-01");
    let photo = json!({"media_type": "text/plain", "name": "photo", "sha256": photo, "size": 5});
    draft.attachments.push(serde_json::from_value(photo).unwrap());
    let card = issue(draft);
    let marriage = issue(people::marriage("J190101-2015-000123"));
    let act = |identifier: &str, action: Action, face: Option<Value>| {
        registry.refresh().unwrap();
        let mut command = ActCommand::new(identifier, 1, action);
        command.ground = Some("决定书 2026-17 号".into());
        command.face = face.map(|face| FaceEdit::Patch(face.as_object().unwrap().clone()));
        registry.act(&operator(), &command).unwrap();
    };
    act(&marriage, Action::Correct, Some(json!({"registry": "城西区民政局"})));
    act(&card, Action::Suspend, None);
    registry.refresh().unwrap();
    // Nothing was proposed, so the rows refuse it: the entry that follows names the one before.
    let decline = json!({"identifier": card, "action": "cancel", "ground": "经核实系同名"});
    registry.decline(&operator(), &serde_json::from_value(decline).unwrap(), None).unwrap_err();
    let dispute =
        DisputeCommand { identifier: card, disputed: true, ground: "持证人报错".into(), agency: None };
    registry.dispute(&operator(), &dispute, None).unwrap();
    let holder = |code: &str| json!({"type": "111", "code": code});
    let (said, agency) = ("来函 2026-3 号", people::POLICE);
    let link = json!({"from": holder(ZHOU), "to": holder(people::CHEN), "kind": "same_person", "ground": said, "names_differ": true, "agency": agency});
    registry.refresh().unwrap();
    registry.link_holders(&operator(), &serde_json::from_value(link).unwrap(), None).unwrap();
    let mark = json!({"holder": holder(ZHOU), "state": "death_reported", "ground": said, "agency": agency});
    registry.refresh().unwrap();
    registry.mark_holder(&operator(), &serde_json::from_value(mark).unwrap(), None).unwrap();
    let id_card = registry.snapshot().catalog.type_by_slug("resident_id_card").unwrap().def().code.clone();
    let coverage = json!({
        "type_code": id_card, "issuing_system": "示范系统", "issuer": agency, "share_on_file": 1000, "gaps": [],
        "regions": [{"code": "190101", "name": "城东区"}], "as_of": registry.now(), "heartbeat": registry.now(),
        "unbound": 0, "quarantined": 0,
    });
    registry.state_coverage("test", &serde_json::from_value(coverage).unwrap()).unwrap();
    let purpose = json!({
        "item": "失业登记", "reason": "窗口办理", "case": "2026-1", "role": "applicant", "presence": "card_read",
        "name": "周海燕",
        "reader": format!("周海燕|女|汉|19880312|示范省示范市城东区桃源路1号|{ZHOU}|示范市公安局城东分局|20210101|20400101"),
    });
    for more in [json!({}), json!({"types": ["resident_id_card"], "fields": ["name", "valid_to"]})] {
        let mut ask = json!({"holder": holder(ZHOU), "purpose": purpose});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        registry.refresh().unwrap();
        let ask: Ask = serde_json::from_value(ask).unwrap();
        let prepared = registry.prepare_lookup(&ask).unwrap();
        run(registry.lookup(&operator(), prepared)).unwrap();
    }
    registry.export(&operator(), None, &mut Vec::new()).unwrap();
    items::load(registry);
    let ask = serde_json::from_value(items::of(ZHOU)).unwrap();
    run(registry.apply(&operator(), &ask)).unwrap();
    items::load_bundle(registry);
    let mut ask = items::of(ZHOU);
    ask.as_object_mut().unwrap().remove("item");
    ask["bundle"] = "papers".into();
    run(registry.apply(&operator(), &serde_json::from_value(ask).unwrap())).unwrap();
    let url = "http://127.0.0.1:8099/";
    server::clerk(registry);
    let holder = AskedHolder { code_type: "111".into(), code: people::CHEN.into() };
    registry.protect("test", &holder, "证人保护", None).unwrap();
    let system = common::department::source("公安机关", people::POLICE, "公安核查系统", url, registry.now());
    registry.put_source("test", &system).unwrap();
    registry.stop_access();
    registry.make_registry_key("test").unwrap();
    registry.succeed_log("test", "access-main").unwrap();
}

fn i10_what_is_written_is_what_the_schemas_allow(world: World) {
    written(&world);
    let store = world.registry.store();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (mut records, mut events, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for past in [false, true] {
        let rows = store.read_now(|reader| reader.walk_records(past, None, 100)).unwrap().0;
        records.extend(rows.into_iter().map(|row| match row {
            Opened::Record(row) => {
                text(EnvelopeBuf::from_stored(row.body.envelope.clone()).unwrap().view().payload())
            }
            Opened::Damaged { .. } => panic!("a row does not open"),
        }));
    }
    let (holders, public) = store
        .read_now(|reader| Ok((reader.walk_events(None, 1000)?.0, reader.public_events("records", 0, 1000)?)))
        .unwrap();
    events.extend(holders.iter().map(|event| text(&event.event)));
    events.extend(public.iter().map(|event| text(&event.event)));
    let batches =
        store.read_access_now(|reader| reader.access_batches("access-main", 0, 1000, 1000)).unwrap();
    entries.extend(batches.into_iter().flat_map(|batch| batch.items.unwrap()).map(|item| text(&item.entry)));
    // The last leaf of a closed access log is an event.
    events.push(entries.pop().unwrap());
    records.push(vector("bytes", "record.status_json"));
    // Items, cases and citizens will write the members that nothing writes yet.
    entries.extend(
        ["access", "access.shown", "access.long"].map(|name| vector("bytes", &format!("{name}.json"))),
    );
    let before = (1..=7).map(|number| {
        let receipt: Value =
            serde_json::from_str(&vector("access_v1", &format!("receipt.{number}"))).unwrap();
        text(&URL_SAFE_NO_PAD.decode(receipt["entry"].as_str().unwrap()).unwrap())
    });
    let before: Vec<String> = before.collect();
    let kinds: std::collections::BTreeSet<String> = events
        .iter()
        .map(|event| serde_json::from_str::<Value>(event).unwrap()["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds.len(), elicense::record::event::EventKind::ALL.len(), "{kinds:?}");
    let folder = tempfile::tempdir().unwrap();
    let kinds =
        [("record", records), ("event", events), ("access_entry", entries), ("access_entry_v1", before)];
    for (name, documents) in kinds {
        let lines = folder.path().join(name);
        std::fs::write(&lines, documents.join("\n")).unwrap();
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{name}.json"));
        let arguments = [schema.to_str().unwrap(), lines.to_str().unwrap()];
        let Some(output) = script("schema.py", &arguments) else { return };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said, json!({"documents": documents.len(), "unseen": []}), "{name}");
    }
}

/// An item that asks whether somebody has a good card, and a good licence.
fn asking_item() -> ItemDef {
    let mut item = serde_json::to_value(items::plain()).unwrap();
    let slot = |id: &str, slug: &str| {
        json!({
            "编号": id, "当事人": "申请人", "材料名称": id, "材料分类": "证明类", "材料必要性": "必要",
            "要求提供材料的依据": "测试依据",
            "办理方式": [
                {"方式": "数据核验", "核验": {"内容": "持有有效证照", "证照": slug}}, {"方式": "申请人自备"},
            ],
        })
    };
    item["材料"] = json!([slot("1", "resident_id_card"), slot("2", "driving_licence")]);
    serde_json::from_value(item).unwrap()
}

fn i10_an_outsider_checks_the_answer_to_a_predicate(world: World) {
    let folder = tempfile::tempdir().unwrap();
    served(&world, folder.path());
    let registry = &world.registry;
    registry.load_items("test", vec![asking_item()]).unwrap();
    registry.refresh().unwrap();
    let answer = run(registry.apply(&operator(), &serde_json::from_value(items::of(ZHOU)).unwrap())).unwrap();
    let answer = serde_json::to_value(answer).unwrap();
    let tried = answer["slots"].as_array().unwrap().iter().map(|slot| &slot["tried"][0]);
    let signed: Vec<&Value> = tried.clone().map(|way| &way["signed"]).collect();
    std::fs::write(folder.path().join("answers.json"), json!(signed).to_string()).unwrap();
    let Some(said) = held(&["answers", folder.path().to_str().unwrap()]) else { return };
    let words: Vec<&str> =
        said.as_array().unwrap().iter().map(|one| one["answer"].as_str().unwrap()).collect();
    assert_eq!(words, ["yes", "unknown"], "nothing on file is no no");
    // The chain names the very record that a lookup shows.
    let shown: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("answer.json")).unwrap()).unwrap();
    let card = shown["records"].as_array().unwrap().iter().find(|one| one["name_zh"] == "居民身份证信息");
    let digest = |one: &Value| {
        let compact = one["envelope"].as_str().unwrap();
        EnvelopeBuf::parse_compact(compact, elicense::trust::envelope::Limits::default())
            .unwrap()
            .view()
            .digest()
    };
    assert_eq!(said[0]["evidence"][0]["digest"], json!(digest(card.unwrap())));
}

fn i10_a_verifier_written_from_the_page_agrees(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let answer = served(&world, folder.path());
    let path = folder.path().to_str().unwrap();
    let Some(found) = held(&["check", path]) else { return };
    let identifiers: Vec<&Value> =
        answer["records"].as_array().unwrap().iter().map(|record| &record["identifier"]).collect();
    assert_eq!(identifiers.len(), 3);
    assert_eq!(found, json!(identifiers));
    // A number other than the asked one is told from it, and another log from this one.
    let file = folder.path().join("asked.json");
    std::fs::write(&file, asked(people::CHEN)).unwrap();
    assert!(refused(&["check", path]).contains("holder_hash"));
    // And another co-holder than the one whose record was shown.
    std::fs::write(&file, asked(ZHOU).replace(people::CHEN, people::COMPANY)).unwrap();
    assert!(refused(&["check", path]).contains("joint"));
    std::fs::write(&file, asked(ZHOU)).unwrap();
    let other = world.registry.log_verifier("access-other").unwrap().to_string();
    std::fs::write(folder.path().join("verifier.txt"), other).unwrap();
    assert!(refused(&["check", path]).contains("origin"));
}

/// A card that was suspended and an entry of the directory, on days before, within and after.
fn i10_the_receipt_of_a_history_covers_the_day_that_was_asked_about(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let registry = &world.registry;
    let answer = served(&world, folder.path());
    let card = answer["records"][1]["identifier"].as_str().unwrap();
    let mut command = ActCommand::new(card, 1, Action::Suspend);
    command.ground = Some("决定书 2026-17 号".into());
    registry.refresh().unwrap();
    let card = registry.act(&operator(), &command).unwrap().identifier;
    let paper = json!({
        "type": "marriage_certificate", "issuer": people::POLICE, "custody": "paper", "office": "城东区档案馆",
        "number": "J9", "issued_on": "2012-05-20",
        "holders": [
            {"code_type": "111", "code": ZHOU, "name": "周海燕"},
            {"code_type": "111", "code": people::CHEN, "name": "陈志远"},
        ],
    });
    registry.refresh().unwrap();
    let paper = registry.put_directory(&operator(), &serde_json::from_value(paper).unwrap(), None).unwrap();
    let mut answers = Vec::new();
    for (identifier, as_of) in [
        (&card, "2026-11-22"),
        (&card, "2021-01-01"),
        (&card, "2000-01-01"),
        (&paper.identifier, "2026-11-22"),
    ] {
        registry.refresh().unwrap();
        let ask = json!({
            "identifier": identifier, "as_of": as_of, "purpose": {"item": "失业登记", "reason": "窗口办理"},
        });
        let history = run(registry.history(&operator(), &serde_json::from_value(ask).unwrap())).unwrap();
        let history = serde_json::to_vec(&history).unwrap();
        std::fs::write(folder.path().join("history.json"), history).unwrap();
        let Some(found) = held(&["history", folder.path().to_str().unwrap()]) else { return };
        assert!(found["refused"].as_u64().unwrap() > 5, "{found}");
        answers.push(found["standing"].clone());
    }
    assert!(answers.contains(&json!("judged")) && answers.contains(&json!("not_begun")), "{answers:?}");
}

#[test]
fn i10_each_changed_byte_is_refused_by_an_outsider() {
    let world = common::world(common::Backend::Sqlite).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let answer = served(&world, folder.path());
    let Some(counts) = held(&["flip", folder.path().to_str().unwrap()]) else { return };
    let compact = answer["records"][0]["envelope"].as_str().unwrap();
    assert_eq!(counts["compact"], compact.len());
    assert_eq!(counts["signature"], 64);
    assert_eq!(counts["number"], 18);
    for part in ["header", "payload", "checkpoint", "entry", "proof", "log", "index", "answer"] {
        assert!(counts[part].as_u64().is_some_and(|count| count > 3), "{part}: {counts}");
    }
}

#[test]
fn i10_an_outsider_computes_the_examples_of_entries_and_verifies_those_of_layout_1() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors");
    let Some(counts) = held(&["entries", vectors.to_str().unwrap()]) else { return };
    assert_eq!(counts, json!({"examples": 4, "held": 7}));
}

#[test]
fn the_worked_examples_of_sealed_rows_are_those_of_the_second_implementation() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors/bytes.txt");
    let Some(output) = script("seals.py", &["check", examples.to_str().unwrap()]) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["made"].as_u64().is_some_and(|made| made > 50), "{said}");
    // One byte of one example changed is seen.
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(&examples).unwrap();
    let at = text.find("row.event.sealed = ").unwrap() + "row.event.sealed = 02".len();
    let changed = folder.path().join("bytes.txt");
    std::fs::write(&changed, format!("{}1{}", &text[..at], &text[at + 1..])).unwrap();
    let output = script("seals.py", &["check", changed.to_str().unwrap()]).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("row.event.sealed"));
}

#[test]
fn the_outsiders_ed25519_holds_the_published_vectors() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/vectors");
    let Some(counts) = held(&["vectors", vectors.to_str().unwrap()]) else { return };
    assert_eq!(counts["held"], 3);
}
