//! Files that records name: pending until they are here, checked against the record, told with verdict and receipt,
//! within a quota, and carried by an export.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::people::{self, CHEN, POLICE, ZHOU};
use common::server::{self, SECRET};
use common::{Backend, World, operator, run};
use elicense::error::{Code, Result};
use elicense::policy::{Actor, Client, Scope};
use elicense::record::Digest;
use elicense::registry::{
    Ask, AttachmentAsk, DirectoryAsk, Draft, FsckOptions, HistoryAsk, Issued, NewClient, ReadOptions,
    Registry, Submitted, VerifyAsk,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    i5_a_record_waits_for_its_file_and_is_good_when_it_came
    a_record_whose_file_is_another_is_refused
    i5_a_file_that_comes_later_is_held_against_what_the_record_says
    a_file_whose_row_is_gone_or_changed_is_told
    a_client_brings_so_many_bytes_a_day
    i4_what_was_read_under_a_right_that_ended_meanwhile_is_not_shown
    an_export_has_the_files_of_its_records
}

const PHOTO: &[u8] = b"\xFF\xD8\xFF\xE0 a picture";

fn ready(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    world.registry.refresh().unwrap();
}

fn hex(content: &[u8]) -> String {
    Digest::of(&[content]).hex()
}

fn with_file(code: &str, name: &str, media_type: &str, size: usize) -> Draft {
    let file = json!([{"media_type": media_type, "name": name, "sha256": hex(PHOTO), "size": size}]);
    Draft { attachments: serde_json::from_value(file).unwrap(), ..people::social_card(code, "周海燕") }
}

fn photo(code: &str) -> Draft {
    with_file(code, "照片.jpg", "image/jpeg", PHOTO.len())
}

fn issue(world: &World, draft: Draft) -> Result<Issued> {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft))
}

fn bring(world: &World) {
    world.registry.put_attachment(&operator(), &hex(PHOTO), PHOTO).unwrap();
}

fn lookup(world: &World, code: &str) -> Value {
    world.registry.refresh().unwrap();
    let ask =
        json!({"holder": {"type": "111", "code": code}, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let found = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let found: Value = serde_json::from_slice(&found.body).unwrap();
    json!([found["records"][0]["verdict"], found["records"][0]["reasons"]])
}

fn fetch(world: &World, identifier: &str) -> Result<elicense::registry::AttachmentShown> {
    let ask = json!({"identifier": identifier, "sha256": hex(PHOTO), "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: AttachmentAsk = serde_json::from_value(ask).unwrap();
    run(world.registry.attachment(&operator(), &ask))
}

fn i5_a_record_waits_for_its_file_and_is_good_when_it_came(world: World) {
    ready(&world);
    let issued = issue(&world, photo(ZHOU)).unwrap();
    issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    assert_eq!(lookup(&world, ZHOU), json!(["undetermined", ["attachment_pending"]]));
    assert_eq!(lookup(&world, CHEN), json!(["valid", []]));
    assert_eq!(fetch(&world, &issued.identifier).unwrap_err().code, Code::NotFound);
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(
        (report.findings, report.counts.attachments, report.counts.attachments_missing),
        (vec![], 0, 1)
    );
    bring(&world);
    assert_eq!(lookup(&world, ZHOU), json!(["valid", []]));
    let shown = fetch(&world, &issued.identifier).unwrap();
    assert_eq!((shown.content.as_slice(), shown.media_type), (PHOTO, "image/jpeg"));
    assert_eq!(shown.judgement.verdict.wire(), "valid");
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(
        (report.findings, report.counts.attachments, report.counts.attachments_missing),
        (vec![], 1, 0)
    );
}

fn a_record_whose_file_is_another_is_refused(world: World) {
    ready(&world);
    bring(&world);
    let refused = |draft| {
        let error = issue(&world, draft).unwrap_err();
        (error.field.unwrap().into_owned(), error.rule.map(Rule::wire).unwrap())
    };
    let said = |field: &str, rule: &'static str| (format!("attachments.0.{field}"), rule);
    assert_eq!(
        refused(with_file(ZHOU, "照片.jpg", "image/jpeg", PHOTO.len() + 1)),
        said("size", "attachment_length")
    );
    for media_type in ["image/png", "application/pdf", "text/plain"] {
        let draft = with_file(ZHOU, "照片.jpg", media_type, PHOTO.len());
        assert_eq!(refused(draft), said("media_type", "attachment_media_type"));
    }
    issue(&world, photo(ZHOU)).unwrap();
}

/// The record came first, and says of its file what the file is not: the verdict says so on every path.
fn i5_a_file_that_comes_later_is_held_against_what_the_record_says(world: World) {
    ready(&world);
    let (sizes, kinds) = ([PHOTO.len() + 1, PHOTO.len()], ["image/jpeg", "application/pdf"]);
    let people = [(ZHOU, "周海燕"), (CHEN, "陈志远")];
    let mut issued = Vec::new();
    for (place, (code, name)) in people.into_iter().enumerate() {
        let attachments = with_file(code, "照片.jpg", kinds[place], sizes[place]).attachments;
        let draft = Draft { attachments, ..people::social_card(code, name) };
        issued.push(issue(&world, draft).unwrap().identifier);
    }
    assert_eq!(lookup(&world, ZHOU), json!(["undetermined", ["attachment_pending"]]));
    bring(&world);
    for (place, (code, _)) in people.into_iter().enumerate() {
        let differs = json!(["undetermined", ["attachment_differs"]]);
        assert_eq!(lookup(&world, code), differs, "{code}");
        let shown = fetch(&world, &issued[place]).unwrap();
        assert_eq!(shown.judgement.verdict.wire(), "undetermined");
        let ask: DirectoryAsk = serde_json::from_value(json!({
            "holder": {"type": "111", "code": code}, "purpose": {"item": "X", "reason": "窗口办理"},
        }))
        .unwrap();
        let list = serde_json::to_value(run(world.registry.directory(&operator(), &ask)).unwrap()).unwrap();
        assert_eq!(list["entries"][0]["reasons"], json!(["attachment_differs"]), "{list}");
        let ask: HistoryAsk = serde_json::from_value(json!({
            "identifier": issued[place], "purpose": {"item": "X", "reason": "窗口办理"},
        }))
        .unwrap();
        let history = serde_json::to_value(run(world.registry.history(&operator(), &ask)).unwrap()).unwrap();
        assert!(history.to_string().contains("attachment_differs"), "{history}");
    }
    // Nothing is damaged: the issuer said something that is not so.
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    let counts = report.counts;
    assert_eq!((report.findings, counts.attachments, counts.attachments_differing), (vec![], 2, 2));
}

fn a_file_whose_row_is_gone_or_changed_is_told(world: World) {
    ready(&world);
    bring(&world);
    issue(&world, photo(ZHOU)).unwrap();
    assert_eq!(lookup(&world, ZHOU), json!(["valid", []]));
    world.sql("UPDATE attachment_kinds SET sealed = key");
    assert_eq!(lookup(&world, ZHOU), json!(["undetermined", ["attachment_pending"]]));
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    let found: Vec<&str> = report.findings.iter().map(|finding| finding.kind.wire()).collect();
    assert_eq!(found, ["attachment_damaged"]);
    // Without its row, as a crash leaves it, it does not count until it is brought again or measured.
    world.sql("DELETE FROM attachment_kinds");
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.counts.attachments_missing), (vec![], 1));
    assert_eq!(world.registry.store().measure_attachments(world.registry.now()).unwrap(), 1);
    assert_eq!(world.registry.store().measure_attachments(world.registry.now()).unwrap(), 0);
    assert_eq!(lookup(&world, ZHOU), json!(["valid", []]));
    world.sql("DELETE FROM attachment_kinds");
    bring(&world);
    assert_eq!(lookup(&world, ZHOU), json!(["valid", []]));
}

fn a_client_brings_so_many_bytes_a_day(world: World) {
    ready(&world);
    let client = Client {
        id: "desk".into(),
        agency: POLICE.into(),
        name: "综窗系统".into(),
        scopes: vec![Scope::Attachment],
        grants: Vec::new().into(),
        budget: 1,
        enabled: true,
        epoch: 1,
    };
    let actor = Actor::Client { client: Arc::new(client), scopes: vec![Scope::Attachment] };
    let [first, second] = [1_u8, 2].map(|byte| vec![byte; 5 * 1024 * 1024]);
    let put = |content: &[u8]| world.registry.put_attachment(&actor, &hex(content), content);
    put(&first).unwrap();
    // What is here already costs nothing.
    put(&first).unwrap();
    let refused = put(&second).unwrap_err();
    assert_eq!((refused.code, refused.rule.map(Rule::wire)), (Code::BudgetSpent, Some("attachment_quota")));
    world.registry.put_attachment(&operator(), &hex(PHOTO), PHOTO).unwrap();
    world.clock.set(world.clock.now().plus_seconds(86_400));
    put(&second).unwrap();
}

fn an_export_has_the_files_of_its_records(world: World) {
    ready(&world);
    let issued = issue(&world, photo(ZHOU)).unwrap();
    issue(&world, photo(CHEN)).unwrap();
    bring(&world);
    let mut out = Vec::new();
    let count = world.registry.export(&operator(), None, &mut out).unwrap();
    assert_eq!((count.records, count.files), (2, 1), "each file once");
    let text = String::from_utf8(out).unwrap();
    let other = common::world(world.backend()).unwrap();
    ready(&other);
    for key in world.registry.snapshot().keys.all().into_iter().filter(|key| key.owner == POLICE) {
        other.registry.register_key("test", POLICE, key.public.bytes()).unwrap();
    }
    let verifiers = [world.registry.log_verifier("records").unwrap()];
    let read = |text: &str, dry_run| {
        other.registry.refresh().unwrap();
        let options = ReadOptions { verifiers: &verifiers, dry_run, ..ReadOptions::default() };
        other.registry.read_export(&operator(), options, text.as_bytes()).unwrap()
    };
    // A file that was changed on the way is refused, and a dry run keeps none.
    let changed = text.replace(&URL_SAFE_NO_PAD.encode(PHOTO), &URL_SAFE_NO_PAD.encode(b"another"));
    let done = read(&changed, true);
    assert_eq!((done.files, done.lines_refused, done.whole), (0, 1, false));
    assert_eq!(read(&text, true).files, 1);
    assert_eq!(other.registry.fsck(FsckOptions::default()).unwrap().counts.attachments, 0);
    let done = read(&text, false);
    assert_eq!(
        (done.files, done.records, done.lines_refused, done.whole),
        (1, 2, 0, true),
        "{:?}",
        done.refused
    );
    assert_eq!(read(&text, false).files, 0);
    assert_eq!(fetch(&other, &issued.identifier).unwrap().content, PHOTO);
    assert_eq!(lookup(&other, ZHOU), json!(["valid", []]));
    let report = other.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(
        (report.findings, report.counts.attachments, report.counts.attachments_missing),
        (vec![], 2, 0)
    );
}

#[test]
fn a_file_goes_out_with_its_name_its_verdict_and_a_receipt() {
    let world = common::world(Backend::Sqlite).unwrap();
    ready(&world);
    server::clients(&world.registry);
    let ours = issue(&world, photo(ZHOU)).unwrap().identifier;
    // No name holds a number, so none stands in a header.
    let numbered = issue(&world, with_file(CHEN, &format!("{CHEN}.jpg"), "image/jpeg", PHOTO.len()));
    assert_eq!(numbered.unwrap_err().field.as_deref(), Some("attachments.0.name"));
    let theirs = issue(&world, photo(CHEN)).unwrap().identifier;
    let suspend = json!({
        "identifier": theirs, "version": 1, "action": "suspend", "agency": POLICE, "ground": "依法暂扣",
    });
    world.registry.act(&operator(), &serde_json::from_value(suspend).unwrap()).unwrap();
    world.registry.stop_access();
    let server = server::start(world.registry.clone());
    let bearer = format!("Bearer {}", server.token("all", SECRET));
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/octet-stream")];
    let put = server.send("PUT", &format!("/api/v1/attachments/{}", hex(PHOTO)), &headers, PHOTO);
    assert_eq!(put.status, 204, "{}", put.body);
    let fetch = |identifier: &str| {
        let ask = json!({"identifier": identifier, "sha256": hex(PHOTO), "purpose": {"item": "X", "reason": "窗口办理"}});
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        server.send("POST", "/api/v1/attachments/fetch", &headers, ask.to_string().as_bytes())
    };
    let shown = fetch(&ours);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert_eq!(shown.header("content-type"), Some("image/jpeg"));
    let name = "attachment; filename*=UTF-8''%E7%85%A7%E7%89%87.jpg";
    assert_eq!(shown.header("content-disposition"), Some(name));
    assert_eq!(
        (shown.header("elicense-verdict"), shown.header("elicense-reasons")),
        (Some("valid"), Some(""))
    );
    let receipt = URL_SAFE_NO_PAD.decode(shown.header("elicense-receipt").unwrap()).unwrap();
    let receipt: Value = serde_json::from_slice(&receipt).unwrap();
    let entry = URL_SAFE_NO_PAD.decode(receipt["entry"].as_str().unwrap()).unwrap();
    let entry: Value = serde_json::from_slice(&entry).unwrap();
    assert_eq!((&entry["outcome"], &entry["actor"]), (&json!("attachment"), &json!("client:all")));
    let other = fetch(&theirs);
    assert_eq!(
        (other.header("elicense-verdict"), other.header("elicense-reasons")),
        (Some("invalid"), Some("superseded,suspended,status_outdated"))
    );
}

fn put(registry: &Registry, id: &str, grants: &Value) {
    let new = NewClient {
        id: id.into(),
        agency: POLICE.into(),
        name: "测试系统".into(),
        scopes: vec![Scope::Lookup, Scope::Verify, Scope::Attachment],
        grants: serde_json::from_value(grants.clone()).unwrap(),
        budget: 100,
    };
    registry.put_client("test", &new, SECRET).unwrap();
    registry.refresh().unwrap();
}

fn asker(registry: &Registry) -> Actor {
    let client = registry.snapshot().clients["c1"].clone();
    Actor::Client { scopes: client.scopes.clone(), client }
}

type Begun<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// A file, a history, a list, a lookup and a verification; the last is none of its kind.
fn begin<'a>(registry: &'a Registry, actor: &'a Actor, kind: usize, identifier: &str) -> Option<Begun<'a>> {
    let purpose = json!({"item": "X", "reason": "窗口办理"});
    let of_record = json!({"identifier": identifier, "purpose": purpose});
    let of_holder = json!({"holder": {"type": "111", "code": ZHOU}, "purpose": purpose});
    let with = |member: &str, value: Value| {
        let mut ask = of_record.clone();
        ask[member] = value;
        ask
    };
    Some(match kind {
        0 => {
            let ask: AttachmentAsk = serde_json::from_value(with("sha256", json!(hex(PHOTO)))).unwrap();
            Box::pin(async move { registry.attachment(actor, &ask).await.map(drop) })
        }
        1 => {
            let ask: HistoryAsk = serde_json::from_value(of_record).unwrap();
            Box::pin(async move { registry.history(actor, &ask).await.map(drop) })
        }
        2 => {
            let ask: DirectoryAsk = serde_json::from_value(of_holder).unwrap();
            Box::pin(async move { registry.directory(actor, &ask).await.map(drop) })
        }
        3 => {
            let ask: Ask = serde_json::from_value(of_holder).unwrap();
            Box::pin(async move { registry.lookup(actor, registry.prepare_lookup(&ask)?).await.map(drop) })
        }
        4 => {
            let ask: VerifyAsk = serde_json::from_value(with("face", json!({"name": "周海燕"}))).unwrap();
            Box::pin(async move { registry.verify(Some(actor), &ask).await.map(drop) })
        }
        _ => return None,
    })
}

/// What is asked for is read while the rights of the asker change: what they had let out does not leave. Who asks again is
/// answered by the rights of now.
fn i4_what_was_read_under_a_right_that_ended_meanwhile_is_not_shown(world: World) {
    ready(&world);
    bring(&world);
    let issued = issue(&world, photo(ZHOU)).unwrap();
    let registry = &world.registry;
    let (whole, none) = (json!([{"types": "*", "fields": "whole", "purposes": "*"}]), json!([]));
    let outcomes = |meanwhile: &dyn Fn()| -> Vec<Option<Code>> {
        let each = (0..).map_while(|kind| {
            put(registry, "c1", &whole);
            let actor = asker(registry);
            let mut begun = begin(registry, &actor, kind, &issued.identifier)?;
            let outcome = run(async {
                let first = poll_fn(|context| Poll::Ready(begun.as_mut().poll(context))).await;
                assert!(first.is_pending(), "{kind} was answered at once");
                meanwhile();
                begun.await
            });
            Some(outcome.err().map(|error| error.code))
        });
        each.collect()
    };
    assert_eq!(outcomes(&|| {}), [None; 5]);
    assert_eq!(outcomes(&|| put(registry, "c2", &none)), [None; 5], "the rights of somebody else");
    // On SQLite a list and a lookup are read at once, and wait for nothing but their entry.
    let read_at_once = if world.backend() == Backend::Sqlite { None } else { Some(Code::PolicyStale) };
    let stale = Some(Code::PolicyStale);
    let ended = outcomes(&|| put(registry, "c1", &none));
    assert_eq!(ended, [stale, stale, read_at_once, read_at_once, stale]);
    put(registry, "c1", &none);
    let actor = asker(registry);
    for kind in 0..5 {
        let again = run(begin(registry, &actor, kind, &issued.identifier).unwrap());
        assert_eq!(again.unwrap_err().code, Code::Forbidden, "{kind}");
    }
}
