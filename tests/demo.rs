//! `elicense demo` as somebody meets it first: it fills a directory once, says where it is and who may come
//! in, and the numbers that it names tell their story.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use common::needles::Needles;
use common::program::{self, Program};
use elicense::record::State;
use serde_json::{Value, json};

/// 失业登记, as the demo loads it.
const ITEM: &str = "11190101MD100004254190101000001";
/// 教师资格认定.
const OTHER: &str = "11190101MD1000149G4190101000014";

fn demo(dir: &Path, more: &[&str]) -> std::process::Command {
    let mut command = program::bare(&["demo"]);
    command.arg("--data").arg(dir).args(more);
    command
}

/// The demo's registry by the commands of any registry.
fn inside(dir: &Path, arguments: &[&str]) -> (i32, Value) {
    let output = program::finish(program::command(&dir.join("data"), &dir.join("master.key"), arguments), "");
    let code = output.status.code().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (code, serde_json::from_str(&text).unwrap_or_else(|_| panic!("{code}: {text}{:?}", output.stderr)))
}

fn look(program: &Program, token: &str, number: &str, code_type: &str) -> Value {
    look_for(program, token, number, code_type, None)
}

fn look_for(program: &Program, token: &str, number: &str, code_type: &str, slug: Option<&str>) -> Value {
    let mut ask = json!({
        "holder": {"type": code_type, "code": number},
        "purpose": {"item": "audit", "article": "审计法第三十四条", "reason": "演示"},
    });
    if let Some(slug) = slug {
        ask["types"] = json!([slug]);
    }
    let answer = program.server.post("/api/v1/lookups", Some(token), &ask);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

fn records(answer: &Value) -> &[Value] {
    answer["records"].as_array().unwrap()
}

fn of<'a>(answer: &'a Value, slug: &str) -> &'a Value {
    let found = records(answer).iter().find(|record| record["slug"] == slug);
    found.unwrap_or_else(|| panic!("no {slug} in {answer:#}"))
}

#[test]
fn the_demo_fills_once_tells_its_stories_and_survives_a_kill() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("demo");
    let filled = program::finish(demo(&dir, &["--fill-only"]), "");
    let told = String::from_utf8(filled.stderr).unwrap();
    assert!(filled.status.success() && told.contains("Filling the demo"), "{told}");
    let (sound, report) = inside(&dir, &["fsck", "--json", "--stats"]);
    assert_eq!(sound, 0, "{report:#}");
    let before = report["counts"]["records"].as_u64().unwrap();
    assert!(before > 900, "{report:#}");
    let everybody = every_state_stands_somewhere(&dir, home.path());
    assert!(everybody.len() > 230, "{}", everybody.len());
    let needles = Needles::new(everybody.iter().map(String::as_str));

    let mut program = Program::start(demo(&dir, &["--listen", "127.0.0.1:0"]));
    program.wait_for("Ctrl-C", std::time::Duration::from_secs(10));
    let said = program.said();
    assert!(!said.contains("Filling"), "a second start fills again: {said}");
    for text in
        ["window page", "/api/docs", "clerk / demo-clerk-password", "demo-agency / demo-agency-secret"]
    {
        assert!(said.contains(text), "{text} is not told: {said}");
    }
    let port = program.server.base.rsplit_once(':').unwrap().1.to_owned();
    assert!(said.contains(&format!("http://127.0.0.1:{port}/\n")), "the port that was given is told: {said}");
    let worth: Vec<(String, String)> = said
        .lines()
        .filter_map(|line| line.trim().split_once("  ("))
        .map(|(number, rest)| (number.to_owned(), rest[..3].to_owned()))
        .collect();
    assert_eq!(worth.len(), 16, "{said}");
    let token = program.server.token("demo-agency", "demo-agency-secret");
    let answers: Vec<Value> =
        worth.iter().map(|(number, code_type)| look(&program, &token, number, code_type)).collect();
    tell_their_stories(&answers);
    they_end_as_they_are_introduced(&answers[13..]);
    the_commands_that_are_told_work(&said, &dir);
    let married = look_for(&program, &token, &worth[0].0, &worth[0].1, Some("marriage_certificate"));
    assert!(records(&married).is_empty(), "{married:#}");
    assert_eq!(married["absent"][0]["absence"], "not_covered", "not found is not unmarried: {married:#}");

    // An item shows what its slots ask for: the card, and no number of whoever nobody has seen.
    let asked = json!({"holder": {"type": "111", "code": worth[0].0}, "purpose": {"item": ITEM, "reason": "失业登记"}});
    let by_item = program.server.post("/api/v1/lookups", Some(&token), &asked).json();
    let slugs: Vec<&str> = records(&by_item).iter().map(|one| one["slug"].as_str().unwrap()).collect();
    assert_eq!(slugs, ["resident_id_card", "social_security_card"], "{by_item:#}");
    let face = &of(&by_item, "resident_id_card")["extract"]["face"];
    assert_eq!(face.as_object().unwrap().keys().collect::<Vec<_>>(), ["name", "valid_to"]);

    // A reader with few rights sees the parts that its grants name.
    let limited = program.server.token("demo-limited", "demo-limited-secret");
    let ask = json!({"holder": {"type": "111", "code": worth[0].0}, "purpose": {"item": OTHER, "reason": "窗口办理"}});
    assert_eq!(program.server.post("/api/v1/lookups", Some(&limited), &ask).status, 403);

    let receipt = &answers[2]["receipt"];
    let path = format!(
        "/api/v1/receipts/{}/{}",
        receipt["log"].as_str().unwrap(),
        receipt["index"].as_u64().unwrap()
    );
    // Standard output introduces three numbers; nothing else the demo leaves tells one (I3).
    let clean = |when: &str| assert_eq!(needles.found_under(&dir), Vec::<String>::new(), "{when}");
    assert!(!needles.found_in(said.as_bytes()).is_empty(), "the scan finds what is there");
    assert!(dir.join("data/access.db-wal").exists());
    clean("while it serves");
    let complained = program.complained();
    assert!(complained.contains("listening on"));
    assert_eq!(needles.found_in(complained.as_bytes()), Vec::<&str>::new(), "{complained}");
    program.signal("KILL");
    program.end();
    clean("after it was killed");

    let program = Program::start(demo(&dir, &["--listen", "127.0.0.1:0"]));
    assert!(!program.said().contains("Filling"));
    let token = program.server.token("demo-agency", "demo-agency-secret");
    let kept = program.server.get(&path, Some(&token));
    assert_eq!(kept.status, 200, "what was acknowledged before the kill is there: {kept:?}");
    assert_eq!(records(&look(&program, &token, &worth[0].0, &worth[0].1)).len(), 6);
    program.signal("TERM");
    let (status, said) = program.end();
    assert!(status.success(), "{said}");
    let (sound, report) = inside(&dir, &["fsck", "--json"]);
    assert_eq!((sound, report["counts"]["records"].as_u64().unwrap()), (0, before), "{report:#}");
}

/// 周海燕, 刘桂芳, 海燕餐饮店, as the demo introduces them.
fn tell_their_stories(answers: &[Value]) {
    let zhou = &answers[0];
    assert_eq!(records(zhou).len(), 6, "{zhou:#}");
    assert!(records(zhou).iter().all(|record| record["slug"] != "marriage_certificate"), "the unbound one");

    let liu = &answers[1];
    assert_eq!(liu["holder"]["state"], "death_reported");
    assert!(records(liu).len() >= 4, "{liu:#}");
    for record in records(liu) {
        assert_eq!(record["verdict"], "undetermined", "{record:#}");
        // Her own papers wait for the truth; her house has an owner, alive or dead.
        let reported = record["reasons"].as_array().unwrap().contains(&json!("death_reported"));
        assert_eq!(reported, record["slug"] != "real_estate_certificate", "{record:#}");
    }
    let paper = of(liu, "real_estate_certificate");
    assert_eq!(paper["custody"], "paper");
    assert_eq!(paper["directory"]["office"], "示范市不动产登记中心档案室");

    let shop = &answers[2];
    let licence = of(shop, "business_licence");
    assert_eq!(licence["verdict"], "valid", "{licence:#}");
    assert_eq!(licence["version"], 2, "changed once: {licence:#}");
    assert!(shop["holder"]["masked"].as_str().unwrap().starts_with("92"), "the code stays");
    for answer in answers {
        let remarks = &answer["holder"]["remarks"];
        assert!(!remarks.to_string().contains("region_unknown"), "the demo knows its regions: {remarks}");
    }
}

/// Somebody who died, a certificate that expired, one that was revoked.
fn they_end_as_they_are_introduced(answers: &[Value]) {
    let reasons = |answer: &Value, slug: &str| of(answer, slug)["reasons"].clone();
    assert_eq!(answers[0]["holder"]["state"], "deceased");
    assert_eq!(reasons(&answers[0], "resident_id_card"), json!(["holder_deceased"]));
    assert_eq!(of(&answers[0], "social_security_card")["verdict"], "invalid");
    let expired = reasons(&answers[1], "driving_licence");
    assert!(expired.as_array().unwrap().contains(&json!("expired")), "{expired}");
    assert_eq!(reasons(&answers[2], "business_licence"), json!(["revoked"]));
}

/// What is printed for another terminal, taken as it stands.
fn the_commands_that_are_told_work(said: &str, dir: &Path) {
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    let set: Vec<(&str, &str)> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("export ELICENSE_"))
        .filter_map(|line| line.split_once('='))
        .map(|(name, path)| (name, path.trim_matches('"')))
        .collect();
    assert_eq!(set.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["DATA", "MASTER_KEY_FILE", "REGIONS"]);
    assert!(set.iter().all(|(_, path)| Path::new(path).exists() && path.starts_with(dir.to_str().unwrap())));
    let told: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("elicense ")).collect();
    assert_eq!(told.len(), 7, "{said}");
    for line in told {
        let (arguments, input) = line.split_once(" <<< ").unwrap_or((line, ""));
        let mut command = program::bare(&arguments.split(' ').collect::<Vec<_>>());
        for (name, path) in &set {
            command.env(format!("ELICENSE_{name}"), path);
        }
        let output = program::finish(command, &format!("{}\n", input.trim_matches('"')));
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{line}: {out} {:?}", String::from_utf8(output.stderr));
        match arguments.split(' ').next().unwrap() {
            "lookup" => assert!(out.contains("居民身份证信息") && out.contains("Receipt"), "{out}"),
            "apply" => {
                assert!(out.contains("失业登记 11190101MD10000425") && out.contains("已调取·免提交"), "{out}")
            }
            "accesses" => assert!(out.contains("失业登记"), "{out}"),
            "proposals" => assert!(out.contains("社会保障卡") && out.contains("因 死亡证明"), "{out}"),
            "coverage" => assert!(out.contains("更新逾期 late") && out.contains("64.0%"), "{out}"),
            "agencies" => assert!(out.contains("城东区") && out.contains("确认死亡"), "{out}"),
            _ => assert!(out.contains("sound"), "{out}"),
        }
    }
}

/// Over the whole district every state of the table occurs, and every way in which a certificate is kept. The codes
/// of all holders.
fn every_state_stands_somewhere(dir: &Path, home: &Path) -> BTreeSet<String> {
    let out = home.join("all.ndjson");
    let (code, done) = inside(dir, &["export", "--json", "--out", out.to_str().unwrap()]);
    assert_eq!(code, 0, "{done}");
    let text = std::fs::read_to_string(&out).unwrap();
    let (mut states, mut custodies, mut codes) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["line"] == "record" {
            states.insert(line["state"].as_str().unwrap().to_owned());
            custodies.insert(line["custody"].as_str().unwrap().to_owned());
            codes.extend(codes_of(&line));
        }
    }
    let all: BTreeSet<String> = State::ALL.iter().map(|state| state.wire().to_owned()).collect();
    assert_eq!(states, all);
    let ways: Vec<&str> = custodies.iter().map(String::as_str).collect();
    assert_eq!(ways, ["at_issuer", "elsewhere", "hosted", "paper"]);
    codes
}

/// The holders of an exported record: its envelopes name them, or, without envelopes, the line itself.
fn codes_of(record: &Value) -> Vec<String> {
    use base64::Engine as _;
    let payload = |version: &Value| -> Option<Value> {
        let part = version["envelope"].as_str()?.split('.').nth(1)?;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
        Some(serde_json::from_slice(&bytes).unwrap())
    };
    let mut holders = record["holders"].as_array().cloned().unwrap_or_default();
    for signed in record["versions"].as_array().unwrap().iter().filter_map(payload) {
        holders.extend(signed["holders"].as_array().unwrap().clone());
    }
    assert!(!holders.is_empty(), "{record:#}");
    holders.iter().map(|holder| holder["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_demo_refuses_a_directory_that_is_not_its_own_and_an_address_others_reach() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("thesis.txt"), "mine").unwrap();
    let refused = program::finish(demo(home.path(), &["--fill-only"]), "");
    assert_eq!(refused.status.code(), Some(2));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1, "nothing was written");
    let open = program::finish(demo(&home.path().join("new"), &["--listen", "0.0.0.0:0"]), "");
    assert!(!open.status.success());
    assert!(String::from_utf8(open.stderr).unwrap().contains("loopback"));
    assert!(!home.path().join("new").exists());
}

#[test]
fn a_demo_that_cannot_listen_says_so_before_it_fills_and_a_second_one_at_once() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("demo");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let busy = taken.local_addr().unwrap().to_string();
    let refused = program::finish(demo(&dir, &["--listen", &busy]), "");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(2) && said.contains("--listen") && said.contains(&busy), "{said}");
    assert!(!dir.exists() && !said.contains("Filling"), "{said}");

    let running = Program::start(demo(&dir, &["--listen", "127.0.0.1:0"]));
    let began = std::time::Instant::now();
    let second = program::finish(demo(&dir, &["--listen", "127.0.0.1:0"]), "");
    let said = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success() && said.contains("a demo runs on") && said.contains("--data"), "{said}");
    assert!(!said.contains("--node"), "{said}");
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "waited {:?}", began.elapsed());
    // Of a demo that was killed nobody holds the directory.
    running.signal("KILL");
    running.end();
    let again = Program::start(demo(&dir, &["--listen", "127.0.0.1:0"]));
    again.signal("TERM");
    assert!(again.end().0.success());
}
