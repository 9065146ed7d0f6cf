//! The traces of a serving process: its files while it runs and after a kill, all its output, all its answers
//! except those to callers who may see a number.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use elicense::registry::Draft;
use serde_json::{Value, json};

use crate::common::needles::{Needles, files};
use crate::common::people::{self, CHEN, COMPANY, ZHOU};
use crate::common::program::{self, Installed, Program};
use crate::common::server::{self, Answer, SECRET};
use crate::{EXEMPT, STRANGER, company, numbers};

/// Answers that may hold the number of the holder that was asked for, when they are 200: records with their
/// envelopes, to a client whose grant is the whole. Nothing else may.
const MAY_SHOW: [&str; 4] =
    ["/api/v1/lookups", "/api/v1/lookups/batch", "/api/v1/histories", "/api/v1/attachments/fetch"];

/// A number whose check character is wrong.
const WRONG: &str = "190101198803120022";

/// Requests to one server, each answer scanned as it comes.
struct Watched<'p> {
    program: &'p Program,
    needles: &'p Needles,
    asked: BTreeSet<String>,
    token: String,
}

impl Watched<'_> {
    fn send(&mut self, method: &str, path: &str, media: &str, body: &str) -> Answer {
        self.send_with(method, path, &[("Content-Type", media)], body)
    }

    fn send_with(&mut self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [&[("Authorization", bearer.as_str())], more].concat();
        let answer = self.program.server.send(method, path, &headers, body.as_bytes());
        self.asked.insert(path.to_owned());
        let head = format!("{path} {:?}", answer.headers);
        assert!(self.needles.found_in(head.as_bytes()).is_empty(), "{method} {head}");
        if path == "/api/openapi.json" {
            // Its examples speak of the same invented people as the tests: it is the pinned one, whatever is kept here.
            assert_eq!(answer.body.trim_end(), include_str!("../../schema/openapi.json").trim_end());
        } else if answer.status != 200 || !MAY_SHOW.contains(&path) {
            let found = self.needles.found_in(answer.body.as_bytes());
            assert!(found.is_empty(), "{method} {path}: {found:?} in {}", answer.body);
        }
        answer
    }

    fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, "application/json", &body.to_string())
    }

    fn expect(&mut self, status: u16, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        answer.json()
    }

    fn get(&mut self, path: &str) -> Answer {
        let answer = self.send("GET", path, "text/plain", "");
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }
}

fn ask(code_type: &str, code: &str) -> Value {
    json!({"holder": {"type": code_type, "code": code}, "purpose": {"item": "A1", "reason": "窗口办理"}})
}

fn settled() -> Installed {
    Installed::new(|registry| {
        people::settle(registry);
        server::clients(registry);
        server::clerk(registry);
    })
}

fn serve(installed: &Installed) -> Program {
    let any = "127.0.0.1:0";
    let doors = ["--public", any, "--window", any, "--agency", any, "--admin", any];
    let mut command = installed.command(&[&["serve", "--workers", "2"][..], &doors].concat());
    command.env("RUST_LOG", "debug");
    Program::start(command)
}

/// A synthetic citizen number (region 190101), right in every rule.
fn number(place: usize) -> String {
    let body = format!("190101{}0101{:03}", 1950 + place / 900, 1 + place % 900);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(byte, weight)| usize::from(byte - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}

#[test]
fn i3_a_server_leaves_no_number_while_it_runs_and_after_it_was_killed() {
    let first = number(0);
    let needles = Needles::new(numbers().into_iter().chain([WRONG, first.as_str()]));
    assert!(EXEMPT.iter().all(|code| !code.contains(WRONG)));
    let installed = settled();
    let program = serve(&installed);
    let token = program.server.token("all", SECRET);
    let mut watched = Watched { program: &program, needles: &needles, asked: BTreeSet::new(), token };

    let identifier = issues(&mut watched);
    lookups(&mut watched);
    changes(&mut watched, &identifier);
    verifications(&mut watched, &identifier);
    attachments(&mut watched);
    public(&mut watched);
    window(&mut watched);
    commands(&installed, &needles);
    beside(&installed, &needles);
    assert!(watched.asked.len() > 20, "{:?}", watched.asked);

    let scan = |when: &str| {
        let data = installed.data();
        assert_eq!(needles.found_under(&data), Vec::<String>::new(), "{when}");
        assert!(files(&data).iter().any(|file| file.to_string_lossy().ends_with("-wal")), "{when}: no WAL");
    };
    scan("while it runs");
    program.signal("KILL");
    let (_, said) = program.end();
    scan("after it was killed");
    assert!(said.contains("/api/v1/lookups"), "RUST_LOG=debug tells of requests: {said}");
    assert_eq!(needles.found_in(said.as_bytes()), Vec::<&str>::new(), "{said}");
}

/// Good and bad drafts; the identifier of one that was issued.
fn issues(watched: &mut Watched<'_>) -> String {
    let mut issued = String::new();
    // The client's own agency issues it here.
    let company = Draft { issuer: people::POLICE.into(), ..company() };
    let drafts = [
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::id_card(CHEN, "陈志远", "2020-01-01"),
        people::marriage("J190101-2015-000123"),
        company,
        people::social_card(ZHOU, "周海燕"),
    ];
    for draft in drafts {
        let answer = watched.expect(201, "/api/v1/records", &json!({ "record": draft }));
        issued = answer["identifier"].as_str().unwrap().to_owned();
    }
    let mut wrong = serde_json::to_value(people::id_card(ZHOU, "周海燕", "2021-01-01")).unwrap();
    wrong["face"]["id_number"] = json!(CHEN);
    watched.expect(422, "/api/v1/records", &json!({ "record": wrong }));
    wrong["holders"][0]["code"] = json!(WRONG);
    watched.expect(422, "/api/v1/records", &json!({ "record": wrong }));
    let mut clash = serde_json::to_value(people::marriage("J190101-2015-000123")).unwrap();
    clash["face"]["registry"] = json!("城西区民政局");
    watched.expect(409, "/api/v1/records", &json!({ "record": clash }));
    watched.expect(422, "/api/v1/records", &json!({"record": {"type": ZHOU, ZHOU: CHEN}}));
    watched.expect(422, "/api/v1/records", &json!({"envelope": format!("{ZHOU}.{ZHOU}.{CHEN}")}));
    issued
}

fn lookups(watched: &mut Watched<'_>) {
    let shown = watched.expect(200, "/api/v1/lookups", &ask("111", ZHOU));
    assert_eq!(shown["records"].as_array().unwrap().len(), 3, "the scan needs something to find");
    assert!(watched.needles.found_in(shown["receipt"].to_string().as_bytes()).is_empty());
    watched.expect(200, "/api/v1/lookups", &ask("111", STRANGER));
    watched.expect(200, "/api/v1/lookups", &ask("001", COMPANY));
    for bad in [ask("111", WRONG), ask(ZHOU, ZHOU), ask("111", &format!("{ZHOU}{CHEN}"))] {
        watched.expect(422, "/api/v1/lookups", &bad);
    }
    let mut reason = ask("111", ZHOU);
    reason["purpose"]["reason"] = json!(format!("为 {CHEN} 办理"));
    watched.expect(422, "/api/v1/lookups", &reason);
    let mut unknown = ask("111", ZHOU);
    unknown[ZHOU] = json!(1);
    watched.expect(422, "/api/v1/lookups", &unknown);
    let broken = format!("{{\"holder\": {{\"type\": \"111\", \"code\": \"{ZHOU}\"");
    assert_eq!(watched.send("POST", "/api/v1/lookups", "application/json", &broken).status, 400);
    assert_eq!(watched.send("POST", "/api/v1/lookups", "text/plain", &broken).status, 415);
    let lines = [ask("111", CHEN), ask("111", STRANGER)].map(|line| line.to_string()).join("\n");
    assert_eq!(watched.send("POST", "/api/v1/lookups/batch", "application/x-ndjson", &lines).status, 200);
    // A caller who may not look gets a refusal, which is logged and holds no number either.
    let all = std::mem::replace(&mut watched.token, watched.program.server.token("nothing", SECRET));
    watched.expect(403, "/api/v1/lookups", &ask("111", ZHOU));
    watched.token = watched.program.server.token("narrow", SECRET);
    let extract = watched.expect(200, "/api/v1/lookups", &ask("111", ZHOU));
    assert_eq!(extract["records"][0]["vouched_by"], "registry");
    assert!(watched.needles.found_in(extract.to_string().as_bytes()).is_empty(), "an extract: {extract}");
    watched.token = "AAAA".into();
    watched.expect(401, "/api/v1/lookups", &ask("111", ZHOU));
    watched.token = all;
}

fn changes(watched: &mut Watched<'_>, identifier: &str) {
    let act = |version: u32, action: &str| json!({"identifier": identifier, "version": version, "action": action, "ground": "演示"});
    watched.expect(200, "/api/v1/records/actions", &act(1, "suspend"));
    assert!(watched.post("/api/v1/records/actions", &act(7, "suspend")).status >= 400);
    let strange = json!({"identifier": format!("1.2.156.3005.2.{ZHOU}"), "version": 1, "action": "suspend"});
    assert!(watched.post("/api/v1/records/actions", &strange).status >= 400);
    let dispute = json!({"identifier": identifier, "disputed": true, "ground": "地址有误"});
    watched.expect(200, "/api/v1/records/disputes", &dispute);
    let mark = |code: &str, state: &str| json!({"holder": {"type": "111", "code": code}, "state": state, "ground": "火化记录"});
    watched.expect(200, "/api/v1/holders/marks", &mark(CHEN, "death_reported"));
    watched.expect(422, "/api/v1/holders/marks", &mark(WRONG, "death_reported"));
    watched.expect(422, "/api/v1/holders/marks", &mark(CHEN, ZHOU));
    let link = |to: &str| {
        json!({"from": {"type": "111", "code": ZHOU}, "to": {"type": "111", "code": to}, "kind": "same_person",
               "ground": "号码更正", "names_differ": true})
    };
    watched.expect(200, "/api/v1/holders/links", &link(STRANGER));
    watched.expect(422, "/api/v1/holders/links", &link(WRONG));
    keyed(watched, "/api/v1/holders/unlinks", &link(STRANGER));
    let paper = |code: &str| {
        json!({"type": "real_estate_certificate", "issuer": people::POLICE, "custody": "paper", "number": code,
               "holders": [{"code_type": "111", "code": code, "name": "周海燕"}], "office": "示范市不动产登记中心"})
    };
    assert!(watched.post("/api/v1/holders/directory", &paper(ZHOU)).status < 300);
    let whose = json!({"holder": {"type": "111", "code": ZHOU}, "reason": "本人申请"});
    let list = watched.expect(200, "/api/v1/holders/accesses", &whose);
    assert!(list.to_string().contains("A1"), "who looked is told: {list}");
    watched.expect(422, "/api/v1/holders/directory", &paper(WRONG));
}

/// The same write twice under one key: its answer is kept for a day. A number for a key is refused.
fn keyed(watched: &mut Watched<'_>, path: &str, body: &Value) {
    let body = body.to_string();
    let mut ask = |key: &str| {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        watched.send_with("POST", path, &headers, &body)
    };
    let first = ask("k-1");
    assert_eq!(first.status, 200, "{first:?}");
    assert_eq!(ask("k-1").body, first.body);
    assert_eq!(ask(ZHOU).status, 422);
}

fn verifications(watched: &mut Watched<'_>, identifier: &str) {
    let purpose = json!({"item": "A1", "reason": "核验"});
    let shown = watched.expect(200, "/api/v1/lookups", &ask("111", ZHOU));
    let envelope = shown["records"][0]["envelope"].as_str().unwrap().to_owned();
    let (log, index) = (shown["receipt"]["log"].as_str().unwrap(), &shown["receipt"]["index"]);
    let receipt = watched.get(&format!("/api/v1/receipts/{log}/{index}"));
    assert!(receipt.json()["checkpoint"].is_string(), "{receipt:?}");
    let face = |number: &str| json!({"identifier": identifier, "face": {"id_number": number, "name": "周海燕"}, "purpose": purpose});
    for document in [
        json!({ "envelope": envelope }),
        json!({"envelope": format!("{envelope}AA")}),
        json!({ "receipt": shown["receipt"] }),
        face(ZHOU),
        face(CHEN),
    ] {
        let verified = watched.expect(200, "/api/v1/verifications", &document);
        assert!(verified["verdict"].is_string(), "{verified}");
    }
    let strange =
        json!({"identifier": format!("1.2.156.3005.2.{ZHOU}"), "face": {"name": ZHOU}, "purpose": purpose});
    assert!(watched.post("/api/v1/verifications", &strange).status < 500);
    assert!(watched.post("/api/v1/verifications", &json!({"receipt": {ZHOU: CHEN}})).status < 500);
    let history =
        watched.expect(200, "/api/v1/histories", &json!({"identifier": identifier, "purpose": purpose}));
    assert!(history["events"].as_array().unwrap().len() >= 2, "{history}");
    let strange = json!({"identifier": format!("1.2.156.3005.2.{ZHOU}"), "purpose": purpose});
    watched.expect(404, "/api/v1/histories", &strange);
    watched.expect(200, "/api/v1/directories", &ask("111", ZHOU));
}

/// A file that holds a number, put and fetched as part of a record.
fn attachments(watched: &mut Watched<'_>) {
    let content = format!("扫描件：{ZHOU} {CHEN}");
    let sha256 = elicense::record::Digest::of(&[content.as_bytes()]).hex();
    let put = |watched: &mut Watched<'_>, path: &str| {
        watched.send("PUT", path, "application/octet-stream", &content).status
    };
    assert_eq!(put(watched, &format!("/api/v1/attachments/{sha256}")), 204);
    assert_eq!(put(watched, &format!("/api/v1/attachments/{}", "0".repeat(64))), 422);
    let mut draft = serde_json::to_value(people::marriage("J190101-2016-000777")).unwrap();
    draft["attachments"] =
        json!([{"media_type": "text/plain", "name": "scan", "sha256": sha256, "size": content.len()}]);
    let issued = watched.expect(201, "/api/v1/records", &json!({ "record": draft }));
    let purpose = json!({"item": "A1", "reason": "调阅附件"});
    let wanted = json!({"identifier": issued["identifier"], "sha256": sha256, "purpose": purpose});
    let fetched = watched.post("/api/v1/attachments/fetch", &wanted);
    assert_eq!((fetched.status, fetched.body), (200, content));
    let other = json!({"identifier": issued["identifier"], "sha256": "0".repeat(64), "purpose": purpose});
    watched.expect(404, "/api/v1/attachments/fetch", &other);
}

/// A backup made while it serves.
fn beside(installed: &Installed, needles: &Needles) {
    let copy = installed.dir.path().join("copy");
    let output = installed.run(&["backup", copy.to_str().unwrap(), "--json"], "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(files(&copy).len() >= 5, "databases, an attachment, the manifest twice");
    assert_eq!(needles.found_under(&copy), Vec::<String>::new(), "the backup");
}

/// The answers for anybody: metrics, health, keys, documents, and each checkpoint, tile and bundle of each
/// log.
fn public(watched: &mut Watched<'_>) {
    for path in
        ["/metrics", "/healthz", "/readyz", "/.well-known/jwks.json", "/api/openapi.json", "/api/docs"]
    {
        watched.get(path);
    }
    let logs = watched.get("/logs").json();
    let mut tiles = 0;
    for log in logs["logs"].as_array().unwrap() {
        let name = log["log"].as_str().or(log["name"].as_str()).unwrap();
        let checkpoint = watched.get(&format!("/logs/{name}/checkpoint")).body;
        let size: u64 = checkpoint.lines().nth(1).unwrap().parse().unwrap();
        assert!(size < 256, "one tile is enough here");
        if size > 0 {
            for kind in ["0", "entries"] {
                let path = format!("/logs/{name}/tile/{kind}/000.p/{size}");
                let bytes = raw(watched, &path);
                assert!(watched.needles.found_in(&bytes).is_empty(), "{path}");
                tiles += usize::from(!bytes.is_empty());
            }
        }
    }
    assert!(tiles >= 2, "leaves of both logs were read: {tiles}");
    // A number in an address is the caller's fault; it is not repeated, not in the log either.
    for path in ["/logs/nothing/checkpoint", "/api/v1/receipts/access-main/999999", "/nowhere"] {
        let answer = watched.send("GET", path, "text/plain", "");
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    let path = format!("/api/v1/{ZHOU}?code={ZHOU}");
    let answer = watched.program.server.get(&path, None);
    assert!(watched.needles.found_in(format!("{answer:?}").as_bytes()).is_empty(), "{answer:?}");
}

/// A file of a log, byte for byte.
fn raw(watched: &Watched<'_>, path: &str) -> Vec<u8> {
    let mut answer = ureq::get(format!("{}{path}", watched.program.server.base)).call().unwrap();
    answer.body_mut().read_to_vec().unwrap()
}

/// The pages mask even the clerk's own input: only the field of the number shows it.
fn window(watched: &mut Watched<'_>) {
    let send = |path: &str, cookie: &str, body: &str| {
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Cookie", cookie),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        watched.program.server.send("POST", path, &headers, body.as_bytes())
    };
    // A number where the name belongs is a slip that happens.
    let slip = send("/sign-in", "", &format!("name=nobody&password={ZHOU}"));
    assert_eq!(slip.status, 401);
    assert!(watched.needles.found_in(slip.body.as_bytes()).is_empty());
    let signed = send("/sign-in", "", "name=clerk&password=a-password-of-the-tests");
    let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let first = watched.program.server.send("GET", "/", &[("Cookie", &cookie)], b"").body;
    let csrf = first.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let form =
        |number: &str| format!("csrf={csrf}&code_type=111&number={number}&item=A1&reason=b&presence=typed");
    let page = send("/lookup", &cookie, &form(ZHOU));
    assert!(page.status == 200 && page.body.contains("结婚证"), "{page:?}");
    let found = watched.needles.found_in(page.body.as_bytes());
    assert!(found.is_empty(), "{found:?}");
    let refused = send("/lookup", &cookie, &form(WRONG));
    assert_eq!(refused.status, 422);
    let elsewhere = refused.body.replace(&format!("value=\"{WRONG}\""), "");
    assert!(watched.needles.found_in(elsewhere.as_bytes()).is_empty(), "{elsewhere}");
}

/// The commands beside the server: an import with good and bad rows, an export, a lookup. Their output and
/// the errors they name hold no number. The exported file does: it is the answer.
fn commands(installed: &Installed, needles: &Needles) {
    let row = |code: &str| serde_json::to_value(people::id_card(code, "周海燕", "2020-01-01")).unwrap();
    let mut sex = row(&number(2));
    sex["face"]["sex"] = json!(if number(2).as_bytes()[16] % 2 == 1 { "2" } else { "1" });
    let rows = [row(&number(0)), row(&number(1)), row(WRONG), sex, json!({ZHOU: CHEN})];
    let mut lines: Vec<String> = rows.iter().map(Value::to_string).collect();
    lines.push(format!("{{\"broken\": \"{ZHOU}\""));
    let at = |name: &str| installed.dir.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(at("rows.ndjson"), lines.join("\n")).unwrap();
    let errors = at("errors.ndjson");
    let out = at("out.ndjson");
    let rows = at("rows.ndjson");
    let lookup = ["lookup", "--item", "A1", "--reason", "窗口办理"];
    // Documents of another shape, with a number in a wrong place: right numbers and one that no check knows.
    let (shape, wrong) = (json!({ "holder": ZHOU }).to_string(), json!({ "holder": WRONG }).to_string());
    let name = json!({ ZHOU: 1 }).to_string();
    for (arguments, input, code) in [
        (&["import", rows.as_str(), "--errors", errors.as_str(), "--json"][..], "", 1),
        (&["export", "--out", out.as_str(), "--json"], "", 0),
        (&lookup, ZHOU, 0),
        (&lookup, WRONG, 2),
        (&["holder", "list", "--item", "A1", "--reason", "窗口办理"], ZHOU, 0),
        (&["holder", "mark", "-"], &shape, 2),
        (&["holder", "mark", "-", "--json"], &wrong, 2),
        (&["holder", "link", "-"], &name, 2),
        (&["holder", "directory", "-"], &wrong, 2),
        (&["issue", "-"], &wrong, 2),
        (&["act", "-"], &shape, 2),
        (&["verify", "-"], &wrong, 2),
        (&["agencies", "add", "-"], &wrong, 2),
        (&["fsck"], "", 0),
    ] {
        let mut command = installed.command(arguments);
        command.env("RUST_LOG", "debug");
        let output = program::finish(command, input);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        for said in [&output.stdout, &output.stderr] {
            let found = needles.found_in(said);
            assert!(found.is_empty(), "{arguments:?}: {found:?} in {}", String::from_utf8_lossy(said));
        }
    }
    let named = std::fs::read(&errors).unwrap();
    assert!(named.iter().filter(|byte| **byte == b'\n').count() >= 4, "each bad row is named");
    assert_eq!(needles.found_in(&named), Vec::<&str>::new(), "the file of errors");
    assert!(!needles.found_in(&std::fs::read(&out).unwrap()).is_empty(), "the scan finds what is there");
}

#[test]
fn i3_an_import_that_is_killed_leaves_no_number_in_its_spill() {
    // All rows have one of these parts: if any row stands in the runs, one of them would be found.
    let common = "190101195";
    assert!((0..3_000).all(|place| number(place).starts_with(common)));
    let needles = Needles::new([common]);
    let installed = settled();
    let rows: Vec<String> = (0..3_000)
        .map(|place| serde_json::to_string(&people::id_card(&number(place), "周海燕", "2020-01-01")).unwrap())
        .collect();
    let file = installed.dir.path().join("rows.ndjson");
    std::fs::write(&file, rows.join("\n")).unwrap();
    let spill = installed.data().join("spill");
    let spilled = || files_of(&spill) > 0;
    let mut seen = false;
    let mut child = installed
        .command(&["import", file.to_str().unwrap(), "--json"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    while child.try_wait().unwrap().is_none() {
        if spilled() {
            seen = true;
            program::signal(child.id(), "STOP");
            assert!(spilled(), "stopped with its runs on the disk");
            assert_eq!(needles.found_under(&installed.data()), Vec::<String>::new(), "while it runs");
            program::signal(child.id(), "KILL");
            child.wait().unwrap();
            break;
        }
        assert!(Instant::now() < until, "the import neither spills nor ends");
        std::thread::yield_now();
    }
    assert!(seen && spilled(), "killed with its runs on the disk");
    assert_eq!(needles.found_under(&installed.data()), Vec::<String>::new());
    // It goes on where it was, and leaves nothing of the spill.
    let output = installed.run(&["import", file.to_str().unwrap(), "--json"], "");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(files_of(&spill), 0);
    assert_eq!(needles.found_under(&installed.data()), Vec::<String>::new());
}

/// Bytes of all files below a folder that may come and go.
fn files_of(dir: &std::path::Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(about) if about.is_dir() => files_of(&entry.path()),
        Ok(about) => about.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
