//! Reading an export into another registry, on both databases: signed, proven and whole files, and bad ones.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::desk::{issue, settled};
use common::people::{self, CHEN, POLICE, ZHOU};
use common::program::Installed;
use common::transfer::signed_anew;
use common::{World, operator, run};
use elicense::error::{Code, Result};
use elicense::log::LogVerifier;
use elicense::record::action::Action;
use elicense::record::canonical;
use elicense::registry::{
    ActCommand, Acted, DirectoryDraft, FaceEdit, FsckOptions, ReadBack, ReadOptions, Submitted,
};
use elicense::rule::Rule;
use elicense::table::RuleTally;
use serde_json::{Value, json};

on_both! {
    i6_an_export_reads_back_with_the_bytes_that_were_signed
    a_line_that_was_tampered_with_or_whose_key_is_strange_is_refused
    a_history_that_the_other_registry_never_had_is_refused_although_it_is_signed
    i14_an_export_is_read_only_under_the_verifier_keys_of_its_logs
    i7_an_export_over_two_logs_and_a_change_meanwhile_is_proven_to_its_end
    a_dry_run_of_an_export_says_what_would_be_and_writes_nothing
    a_file_that_takes_longer_than_policy_stays_fresh_is_read_to_its_end
}

/// A file that comes slowly: each line that is not a record takes its time.
struct Slow<'a>(std::str::SplitInclusive<'a, char>, &'a [u8]);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let taken = std::io::BufRead::fill_buf(self)?.len().min(out.len());
        out[..taken].copy_from_slice(&self.1[..taken]);
        std::io::BufRead::consume(self, taken);
        Ok(taken)
    }
}

impl std::io::BufRead for Slow<'_> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.1.is_empty() {
            let next = self.0.next().unwrap_or_default();
            if next.contains("\"line\":\"coverage\"") || next.contains("\"custody\":\"paper\"") {
                std::thread::sleep(std::time::Duration::from_millis(1_200));
            }
            self.1 = next.as_bytes();
        }
        Ok(self.1)
    }

    fn consume(&mut self, amount: usize) {
        self.1 = &self.1[amount..];
    }
}

fn act(world: &World, identifier: &str, version: u32, action: Action, change: Option<Value>) -> Acted {
    world.registry.refresh().unwrap();
    let mut command = ActCommand::new(identifier, version, action);
    command.ground = Some("依法".into());
    command.face = change.map(|change| FaceEdit::Patch(change.as_object().unwrap().clone()));
    world.registry.act(&operator(), &command).unwrap()
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

fn export(world: &World) -> String {
    world.registry.refresh().unwrap();
    let mut out = Vec::new();
    world.registry.export(&operator(), None, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn stock(world: &World) {
    let card = issue(world, people::social_card(ZHOU, "周海燕")).unwrap();
    let changed = act(world, &card.identifier, 1, Action::Change, Some(json!({"bank": "示范商业银行"})));
    act(world, &changed.identifier, 2, Action::Suspend, None);
    issue(world, people::marriage("J190101-2015-000123")).unwrap();
    let mut divorce = people::marriage("L190101-2026-000009");
    divorce.type_code = "divorce_certificate".into();
    divorce.issued_on = people::day("2026-10-08");
    divorce.face.insert("registered_on".into(), "2026-10-08".into());
    issue(world, divorce).unwrap();
    put(world, &paper(Some("J2012-7"), "城东区档案馆")).unwrap();
}

fn lines(text: &str, kind: &str) -> Vec<Value> {
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["line"] == kind).collect()
}

/// Another registry on the same kind of database, with the public keys of the first.
fn receiver(world: &World, keys: bool) -> World {
    let backend =
        if world.place.url.is_postgres() { common::Backend::Postgres } else { common::Backend::Sqlite };
    let other = common::world(backend).unwrap();
    settled(&other);
    other.registry.refresh().unwrap();
    for key in world.registry.snapshot().keys.all().into_iter().filter(|key| key.owner == POLICE) {
        if keys {
            other.registry.register_key("test", POLICE, key.public.bytes()).unwrap();
        }
    }
    other.registry.refresh().unwrap();
    other
}

fn i6_an_export_reads_back_with_the_bytes_that_were_signed(world: World) {
    settled(&world);
    stock(&world);
    let text = export(&world);
    let records = lines(&text, "record");
    assert_eq!(records.len(), 4, "a joint record is one line");
    let head = &lines(&text, "export")[0]["logs"][0];
    let verifier: LogVerifier = head["verifier"].as_str().unwrap().parse().unwrap();
    let checkpoint = verifier.checkpoint(head["checkpoint"].as_str().unwrap()).unwrap();
    for event in records.iter().flat_map(|record| record["events"].as_array().unwrap()) {
        use base64::Engine as _;
        let bytes = canonical::to_vec(&event["event"]).unwrap();
        let leaf = elicense::log::hash::leaf_hash(&elicense::log::hash::sha256(&bytes));
        let proof = event["proof"].as_array().unwrap().iter().map(|hash| {
            let hash =
                base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(hash.as_str().unwrap()).unwrap();
            elicense::log::Hash::from_slice(&hash).unwrap()
        });
        let proof: Vec<_> = proof.collect();
        let index = event["leaf"].as_u64().unwrap();
        assert!(elicense::log::proof::includes(&checkpoint.root, checkpoint.size, index, &leaf, &proof));
    }
    let other = receiver(&world, true);
    let read = |text: &str| {
        other.registry.refresh().unwrap();
        other.registry.read_export(&operator(), under(&verifiers(&world)), text.as_bytes()).unwrap()
    };
    let done = read(&text);
    assert_eq!((done.records, done.already, done.whole), (4, 0, true), "{:?}", done.refused);
    assert_eq!(done.lines_refused, 0);
    let again = read(&text);
    assert_eq!((again.records, again.already), (0, 4));
    let (mut sent, mut kept) = (lines(&text, "record"), lines(&export(&other), "record"));
    let seen = |all: &mut Vec<Value>| {
        let mut seen: Vec<_> = all
            .iter()
            .map(|one| {
                let envelopes: Vec<_> = one["versions"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|version| json!([version["identifier"], version["envelope"]]))
                    .collect();
                let events: Vec<_> = one["events"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|event| json!([event["event"]["action"], event["order"], event["ground"]]))
                    .collect();
                json!([one["state"], envelopes, events]).to_string()
            })
            .collect();
        seen.sort();
        seen
    };
    assert_eq!(seen(&mut sent), seen(&mut kept));
    // The keys registered here verify the records that were read back.
    let envelopes: Vec<&str> = sent
        .iter()
        .flat_map(|line| line["versions"].as_array().into_iter().flatten())
        .filter_map(|one| one["envelope"].as_str())
        .collect();
    assert!(envelopes.len() >= 3, "{} envelopes were sent", envelopes.len());
    for envelope in envelopes {
        let ask = serde_json::from_value(json!({"envelope": envelope})).unwrap();
        let verified = run(other.registry.verify(None, &ask)).unwrap();
        assert!(verified.logged.is_some());
    }
    // Every record that went out stands as an access of its holders.
    let batches =
        world.registry.store().read_access_now(|reader| reader.access_batches("access-main", 0, 100, 100));
    let items = batches.unwrap().into_iter().flat_map(|batch| batch.items.unwrap());
    let exported =
        |item: &elicense::store::AccessItem| String::from_utf8_lossy(&item.entry).contains("\"exported\"");
    let entries: Vec<_> = items.filter(exported).collect();
    assert_eq!(entries.len(), 4);
    assert_eq!(entries.iter().map(|item| item.holders.len()).sum::<usize>(), 7);
}

fn under(verifiers: &[LogVerifier]) -> ReadOptions<'_> {
    ReadOptions { verifiers, ..ReadOptions::default() }
}

/// The verifier keys of a registry's logs of records, as its operator would hand them over.
fn verifiers(world: &World) -> Vec<LogVerifier> {
    let heads = world.registry.store().read_now(|reader| reader.heads()).unwrap();
    let records = heads.into_iter().filter(|head| head.log.starts_with("records"));
    records.map(|head| world.registry.log_verifier(&head.log).unwrap()).collect()
}

fn read(world: &World, text: &str, verifiers: &[LogVerifier]) -> ReadBack {
    world.registry.refresh().unwrap();
    world.registry.read_export(&operator(), under(verifiers), text.as_bytes()).unwrap()
}

/// The file with its record lines edited; signatures as they were.
fn edited(text: &str, edit: &dyn Fn(&mut Value)) -> String {
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["line"] == "record" {
            edit(&mut line);
        }
        line.to_string() + "\n"
    });
    lines.collect()
}

fn rules(done: &ReadBack) -> Vec<&str> {
    let named =
        |tally: &RuleTally| std::iter::repeat_n(tally.rule.unwrap().wire(), tally.count.try_into().unwrap());
    done.refused.iter().flat_map(named).collect()
}

fn a_line_that_was_tampered_with_or_whose_key_is_strange_is_refused(world: World) {
    settled(&world);
    let card = issue(&world, people::id_card(ZHOU, "周海燕", "2020-05-06")).unwrap();
    act(&world, &card.identifier, 1, Action::Suspend, None);
    let (text, known) = (export(&world), verifiers(&world));
    let strange = receiver(&world, false);
    let done = read(&strange, &text, &known);
    assert_eq!((done.records, rules(&done)), (0, vec!["key_unknown"]));
    let other = receiver(&world, true);
    // The signed bytes agree with the page, signed here once more: the signatures have no chance in them.
    let signatures = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.map(|line| line["attested"].clone()).filter(Value::is_string).collect()
    };
    assert!(signatures(&text).len() == 2 && signatures(&signed_anew(&world, &text)) == signatures(&text));
    // The suspension cut out, and the state with it: each event that is left has its proof.
    let cut_out = |line: &mut Value| {
        drop(line["events"].as_array_mut().unwrap().pop());
        line["state"] = json!("active");
    };
    let edits: [&dyn Fn(&mut Value); 5] = [
        &cut_out,
        &|line| line["state"] = json!("active"),
        &|line| line["disputed"] = json!(true),
        &|line| line["as_of"] = json!("2020-01-01T00:00:00.000000Z"),
        &|line| drop(line.as_object_mut().unwrap().remove("attested")),
    ];
    for edit in edits {
        let done = read(&other, &edited(&text, edit), &known);
        assert_eq!((done.records, rules(&done)), (0, vec!["line_signature"]));
    }
    // A line left out, or the end cut off, is seen at the end.
    let without = |kind: &str| -> String {
        let lines = text.lines().filter(|line| !line.contains(&format!("\"line\":\"{kind}\"")));
        lines.map(|line| line.to_owned() + "\n").collect()
    };
    let recounted =
        without("record").replace("\"records\":1", "\"records\":0").replace("\"events\":2", "\"events\":0");
    for cut in [without("record"), recounted] {
        assert!(!read(&other, &cut, &known).whole);
    }
    let done = read(&other, &without("end"), &known);
    assert_eq!((done.records, done.whole), (1, false));
    let broken = other.registry.read_export(&operator(), under(&known), "{}".as_bytes()).unwrap_err();
    assert_eq!(broken.code, Code::JsonInvalid);
    let headless =
        other.registry.read_export(&operator(), under(&known), without("export").as_bytes()).unwrap_err();
    assert_eq!(headless.code, Code::JsonInvalid);
}

fn a_history_that_the_other_registry_never_had_is_refused_although_it_is_signed(world: World) {
    settled(&world);
    let card = issue(&world, people::id_card(ZHOU, "周海燕", "2020-05-06")).unwrap();
    act(&world, &card.identifier, 1, Action::Suspend, None);
    let spare = issue(&world, people::id_card(CHEN, "陈志远", "2020-05-06")).unwrap();
    act(&world, &spare.identifier, 1, Action::Suspend, None);
    act(&world, &spare.identifier, 1, Action::Restore, None);
    let (text, known) = (export(&world), verifiers(&world));
    let restored =
        lines(&text, "record").into_iter().find(|line| line["events"].as_array().unwrap().len() == 3);
    let restored = restored.unwrap();
    let other = receiver(&world, true);
    let rule = |edit: &dyn Fn(&mut Value)| {
        let one: String = text
            .lines()
            .filter(|line| !line.contains(&spare.identifier) || line.contains("\"line\":\"end\""))
            .map(|line| line.to_owned() + "\n")
            .collect();
        let done = read(&other, &signed_anew(&world, &edited(&one, edit)), &known);
        assert_eq!(done.records, 0);
        done.refused[0].rule.map_or("", Rule::wire)
    };
    assert_eq!(rule(&|line| line["state"] = json!("active")), "state_mismatch");
    assert_eq!(rule(&|line| line["disputed"] = json!(true)), "state_mismatch");
    assert_eq!(rule(&|line| line["events"][1]["ground"] = json!("别的理由")), "event_ground");
    assert_eq!(rule(&|line| drop(line["events"].as_array_mut().unwrap().pop())), "state_mismatch");
    assert_eq!(rule(&|line| drop(line["events"][1].as_object_mut().unwrap().remove("order"))), "event_order");
    assert_eq!(rule(&|line| line["versions"][0]["identifier"] = json!("x")), "version_order");
    // An event that was made up, a proof of another, and the event of another record at its right place.
    assert_eq!(rule(&|line| line["events"][1]["event"]["action"] = json!("restore")), "event_proof");
    assert_eq!(rule(&|line| line["events"][1]["proof"] = line["events"][0]["proof"].clone()), "event_proof");
    assert_eq!(rule(&|line| line["events"][1]["log"] = json!("records-r2")), "event_log");
    let of_another = |line: &mut Value| {
        line["events"].as_array_mut().unwrap().push(restored["events"][2].clone());
        line["state"] = json!("active");
    };
    assert_eq!(rule(&of_another), "event_subject");
}

fn i14_an_export_is_read_only_under_the_verifier_keys_of_its_logs(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    let (text, known) = (export(&world), verifiers(&world));
    let other = receiver(&world, true);
    for given in [vec![], verifiers(&other)] {
        let refused = other.registry.read_export(&operator(), under(&given), text.as_bytes()).unwrap_err();
        assert_eq!(refused.rule.map(Rule::wire), Some("verifier_missing"));
    }
    // A registry knows its own logs.
    assert_eq!((read(&world, &text, &[]).already, read(&world, &text, &[]).whole), (1, true));
    let strange = edited_first(&text, &|line| {
        let note = line["logs"][0]["checkpoint"].as_str().unwrap().replacen('\n', "\n1", 1);
        line["logs"][0]["checkpoint"] = note.into();
    });
    let refused = other.registry.read_export(&operator(), under(&known), strange.as_bytes()).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("checkpoint"));
    // A key that the log does not state as the registry's signs nothing.
    for part in ["public", "kid"] {
        let strange: String = text
            .lines()
            .map(|line| {
                let mut line: Value = serde_json::from_str(line).unwrap();
                if line["owner"] == "registry" {
                    line[part] =
                        other.registry.snapshot().keys.history("registry")[0].kid().to_string().into();
                }
                line.to_string() + "\n"
            })
            .collect();
        let done = read(&other, &strange, &known);
        assert_eq!((done.whole, rules(&done)), (false, vec!["key_unproven", "line_signature"]));
    }
    assert_eq!(read(&other, &text, &known).records, 1);
}

fn edited_first(text: &str, edit: &dyn Fn(&mut Value)) -> String {
    let (first, rest) = text.split_once('\n').unwrap();
    let mut first: Value = serde_json::from_str(first).unwrap();
    edit(&mut first);
    format!("{first}\n{rest}")
}

/// Does something when the first line was written.
struct Meanwhile<'a, F: FnMut()> {
    out: &'a mut Vec<u8>,
    act: Option<F>,
}

impl<F: FnMut()> std::io::Write for Meanwhile<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if let Some(mut act) = self.act.take() {
            act();
        }
        self.out.write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn i7_an_export_over_two_logs_and_a_change_meanwhile_is_proven_to_its_end(world: World) {
    settled(&world);
    let card = issue(&world, people::id_card(ZHOU, "周海燕", "2020-05-06")).unwrap();
    world.registry.succeed_log("test", "records").unwrap();
    act(&world, &card.identifier, 1, Action::Suspend, None);
    world.registry.refresh().unwrap();
    let mut out = Vec::new();
    let restore = || drop(act(&world, &card.identifier, 1, Action::Restore, None));
    let mut meanwhile = Meanwhile { out: &mut out, act: Some(restore) };
    world.registry.export(&operator(), None, &mut meanwhile).unwrap();
    let text = String::from_utf8(out).unwrap();
    let record = &lines(&text, "record")[0];
    let logs: Vec<_> =
        record["events"].as_array().unwrap().iter().map(|event| event["log"].as_str().unwrap()).collect();
    assert_eq!(logs, ["records", "records-r2", "records-r2"]);
    let other = receiver(&world, true);
    let known = verifiers(&world);
    let refused = other.registry.read_export(&operator(), under(&known[..1]), text.as_bytes()).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("verifier_missing"));
    let done = read(&other, &text, &known);
    assert_eq!((done.records, done.whole, rules(&done)), (1, true, vec![]));
    assert_eq!(lines(&export(&other), "record")[0]["state"], "active");
    assert_eq!(other.registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

/// Every log with its size and root, and the rows of all tables: what a dry run must leave as it was.
fn books(world: &World) -> String {
    world.registry.refresh().unwrap();
    let (heads, sizes) =
        world.registry.store().read_now(|reader| Ok((reader.heads()?, reader.table_sizes()?))).unwrap();
    let marks: Vec<_> = heads.iter().map(elicense::log::Head::mark).collect();
    format!("{marks:?} {}", json!(sizes))
}

fn a_dry_run_of_an_export_says_what_would_be_and_writes_nothing(world: World) {
    settled(&world);
    stock(&world);
    let (text, known) = (export(&world), verifiers(&world));
    let errors = world.dir().join("refused.ndjson");
    let dry = ReadOptions { dry_run: true, error_path: Some(&errors), ..under(&known) };
    let strange = receiver(&world, false);
    let other = receiver(&world, true);
    for (to, counts) in [(&strange, (1, 0, 3)), (&other, (4, 0, 0))] {
        to.registry.refresh().unwrap();
        let before = books(to);
        let told = to.registry.read_export(&operator(), dry, text.as_bytes()).unwrap();
        assert_eq!(books(to), before);
        assert_eq!((told.records, told.already, told.lines_refused), counts, "{:?}", told.refused);
        let named = std::fs::read_to_string(&errors).unwrap();
        assert_eq!(named.lines().count() as u64, told.lines_refused);
        assert!(named.lines().all(|line| line.contains("\"rule\":\"key_unknown\"")), "{named}");
        let done = read(to, &text, &known);
        assert_eq!((done.records, done.already, done.lines_refused), counts);
        let again = to.registry.read_export(&operator(), dry, text.as_bytes()).unwrap();
        assert_eq!((again.records, again.already), (0, counts.0));
    }
}

#[test]
fn the_command_reads_an_export_under_the_verifier_keys_of_a_file() {
    let mut keys = Vec::new();
    let from = Installed::new(|registry| {
        people::settle(registry);
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(people::social_card(ZHOU, "周海燕"))).unwrap();
        keys = registry.snapshot().keys.history(POLICE).into_iter().map(|key| *key.public.bytes()).collect();
    });
    let to = Installed::new(|registry| {
        people::settle(registry);
        for key in &keys {
            registry.register_key("test", POLICE, key).unwrap();
        }
    });
    let (file, known) = (from.dir.path().join("export.ndjson"), from.dir.path().join("verifiers"));
    let (file, known) = (file.to_str().unwrap(), known.to_str().unwrap());
    assert!(from.run(&["export", "--out", file], "").status.success());
    let list = from.run(&["log", "list", "--json"], "");
    let list: Vec<Value> = serde_json::from_slice(&list.stdout).unwrap();
    let records = list.iter().find(|log| log["log"] == "records").unwrap();
    let import = |more: &[&str]| to.run(&[&["import", file, "--format", "export"], more].concat(), "");
    let refused = import(&[]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("verifier_missing"), "{refused:?}");
    std::fs::write(known, "no key\n").unwrap();
    assert_eq!(import(&["--verifier", known]).status.code(), Some(2));
    std::fs::write(known, format!("{}\n", records["verifier_key"].as_str().unwrap())).unwrap();
    let dry = import(&["--verifier", known, "--dry-run"]);
    let said = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(
        dry.status.success() && said.contains("1 record taken in") && said.contains("dry run"),
        "{dry:?}"
    );
    // Refused lines are shown without an error file too, of rows as of exports.
    let rows = from.dir.path().join("rows.ndjson");
    std::fs::write(&rows, "{\"type\":\n").unwrap();
    let refused = to.run(&["import", rows.to_str().unwrap(), "--dry-run"], "");
    let said = String::from_utf8_lossy(&refused.stdout).into_owned();
    assert!(
        refused.status.code() == Some(1) && said.contains("json_syntax") && said.contains("第 1 行"),
        "{refused:?}"
    );
    let taken = import(&["--verifier", known]);
    assert!(taken.status.success(), "{taken:?}");
    assert!(String::from_utf8_lossy(&taken.stdout).contains("1 record taken in"), "{taken:?}");
    let digest = |of: &Installed| {
        let said = of.run(&["fsck", "--digest", "--json"], "").stdout;
        serde_json::from_slice::<Value>(&said).unwrap()["content"].clone()
    };
    assert_eq!((&digest(&from), &digest(&from)["records"]), (&digest(&to), &json!(1)));
}

fn a_file_that_takes_longer_than_policy_stays_fresh_is_read_to_its_end(world: World) {
    settled(&world);
    stock(&world);
    put(&world, &paper(None, "婚姻登记处")).unwrap();
    common::items::state_marriages(&world.registry);
    let text = export(&world);
    let other = receiver(&world, true);
    other.registry.refresh().unwrap();
    let slow = Slow(text.split_inclusive('\n'), b"");
    let done = other.registry.read_export(&operator(), under(&verifiers(&world)), slow).unwrap();
    assert!(done.whole && done.refused.is_empty() && done.coverage == 1, "{:?}", done.coverage);
}
