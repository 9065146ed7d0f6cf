//! The API from outside: the answers to good requests, and to each kind of bad one.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, ZHOU};
use common::server::{self, SECRET, TestServer};
use common::{Backend, World, operator, world};
use elicense::registry::Submitted;
use serde_json::{Value, json};

struct Up {
    server: TestServer,
    _world: World,
}

fn up() -> Up {
    up_on(Backend::Sqlite).unwrap()
}

/// None where the backend is PostgreSQL and there is none.
fn up_on(backend: Backend) -> Option<Up> {
    let world = world(backend)?;
    people::settle(&world.registry);
    server::clients(&world.registry);
    server::clerk(&world.registry);
    for draft in [people::id_card(ZHOU, "周海燕", "2020-01-01"), people::marriage("J190101-2015-000123")] {
        world.registry.refresh().unwrap();
        world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    }
    let server = server::start(world.registry.clone());
    Some(Up { server, _world: world })
}

fn ask(code: &str, item: &str) -> Value {
    json!({"holder": {"type": "111", "code": code}, "purpose": {"item": item, "reason": "窗口办理"}})
}

/// Status, code, field and rule of a refusal, which must be a problem document that holds no number.
fn refusal(answer: &server::Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{answer:?}");
    assert!(!answer.body.contains("19010119880312"), "a number in an error: {}", answer.body);
    let problem = answer.json();
    let text = |name: &str| problem[name].as_str().unwrap_or("-").to_owned();
    assert!(!text("hint").is_empty() && text("instance") != "-");
    format!("{} {} {} {}", answer.status, text("code"), text("field"), text("rule"))
}

#[test]
fn i4_a_replaced_or_ended_secret_ends_its_tokens_for_good() {
    replaced_secrets(up());
}

#[test]
fn i4_a_replaced_secret_ends_its_tokens_on_postgres_as_well() {
    match up_on(Backend::Postgres) {
        Some(up) => replaced_secrets(up),
        None => common::postgres::skipped(),
    }
}

fn replaced_secrets(up: Up) {
    let registry = &up._world.registry;
    let looks = |token: &str| {
        registry.refresh().unwrap();
        up.server.post("/api/v1/lookups", Some(token), &ask(ZHOU, "A1")).status
    };
    let first = up.server.token("all", SECRET);
    assert_eq!(looks(&first), 200);
    registry.change_client("test", "all", |body, _| body.budget = 900).unwrap();
    assert_eq!(looks(&first), 200, "other rights leave the secret as it is");

    server::clients(registry);
    assert_eq!(looks(&first), 401, "the same words given again are another secret");
    let second = up.server.token("all", SECRET);
    assert_eq!(looks(&second), 200);

    registry.change_client("test", "all", |_, enabled| *enabled = false).unwrap();
    assert_eq!(looks(&second), 401);
    server::clients(registry);
    for ended in [&first, &second] {
        assert_eq!(looks(ended), 401, "end and add again does not revive a token");
    }
    assert_eq!(looks(&up.server.token("all", SECRET)), 200);
}

#[test]
fn i4_an_allowed_client_gets_envelopes_and_a_narrow_one_an_extract_of_its_fields() {
    envelopes_and_extracts(up());
}

#[test]
fn i4_envelopes_and_extracts_go_out_of_a_registry_on_postgres_as_well() {
    match up_on(Backend::Postgres) {
        Some(up) => envelopes_and_extracts(up),
        None => common::postgres::skipped(),
    }
}

fn envelopes_and_extracts(up: Up) {
    let all = up.server.token("all", SECRET);
    let answer = up.server.post("/api/v1/lookups", Some(&all), &ask(ZHOU, "A1"));
    assert_eq!(answer.status, 200, "{answer:?}");
    let records = answer.json()["records"].as_array().unwrap().clone();
    assert_eq!(records.len(), 2);
    assert!(records.iter().all(|record| record["verdict"] == "valid" && record["envelope"].is_string()));

    let narrow = up.server.token("narrow", SECRET);
    let answer = up.server.post("/api/v1/lookups", Some(&narrow), &ask(ZHOU, "A1")).json();
    let records = answer["records"].as_array().unwrap();
    assert_eq!(records.len(), 1, "types without a grant are not told: {answer:#}");
    assert_eq!(records[0]["extract"]["face"], json!({"name": "周海燕", "valid_to": "2040-01-01"}));
    assert_eq!(records[0]["vouched_by"], "registry");
    assert_eq!(records[0]["reasons"], json!(["fields_limited"]));
    assert!(records[0].get("envelope").is_none());
    assert!(!answer.to_string().contains(ZHOU), "the number is not among its fields");
    // Another item is another purpose.
    let refused = up.server.post("/api/v1/lookups", Some(&narrow), &ask(ZHOU, "B2"));
    assert_eq!(refusal(&refused), "403 forbidden - purpose_not_granted");
}

#[test]
fn anybody_verifies_an_envelope_or_a_receipt_and_nothing_else_without_a_token() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let answer = up.server.post("/api/v1/lookups", Some(&token), &ask(ZHOU, "A1")).json();
    let verify = |body: &Value| up.server.post("/verifications", None, body);
    for record in answer["records"].as_array().unwrap() {
        let told = verify(&json!({"envelope": record["envelope"]}));
        assert_eq!((told.status, &told.json()["verdict"]), (200, &json!("valid")), "{told:?}");
        assert!(told.json()["receipt"]["checkpoint"].is_string(), "it is an access: {told:?}");
    }
    let told = verify(&json!({"receipt": answer["receipt"]}));
    assert_eq!((told.status, &told.json()["verdict"]), (200, &json!("valid")), "{told:?}");
    let named = json!({"identifier": answer["records"][0]["identifier"]});
    assert_eq!(refusal(&verify(&named)), "422 field_unknown identifier unknown");
    assert_eq!(refusal(&verify(&json!({}))), "422 field_invalid envelope one_of");
    let long = json!({"envelope": "A".repeat(100 * 1024)});
    assert_eq!(refusal(&verify(&long)), "413 body_too_large - -");
}

#[test]
fn the_budget_counts_distinct_holders_and_says_when_to_come_back() {
    let up = up();
    let narrow = up.server.token("narrow", SECRET);
    let lookup = |code: &str| up.server.post("/api/v1/lookups", Some(&narrow), &ask(code, "A1"));
    for code in [ZHOU, ZHOU, people::CHEN, ZHOU] {
        assert_eq!(lookup(code).status, 200);
    }
    let refused = lookup("190102197911020011");
    assert_eq!(refusal(&refused), "429 budget_spent - holders_a_day");
    assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 0);
    // Requests before the start count: the budget is rebuilt from the log.
    let world = up._world;
    drop(up.server);
    let again = server::start(world.reopen());
    let narrow = again.token("narrow", SECRET);
    assert_eq!(again.post("/api/v1/lookups", Some(&narrow), &ask("190102197911020011", "A1")).status, 429);
}

#[test]
fn a_directory_lists_what_exists_without_its_content_and_is_an_access() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let answer = up.server.post("/api/v1/directories", Some(&token), &ask(ZHOU, "A1"));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.contains(ZHOU) && !answer.body.contains("周海燕"), "{}", answer.body);
    let list = answer.json();
    assert_eq!(list["entries"].as_array().unwrap().len(), 2, "{list}");
    assert_eq!(list["receipt"]["log"], "access-main");
    let seen = json!({"holder": {"type": "111", "code": ZHOU}, "reason": "本人申请"});
    let seen = up.server.post("/api/v1/holders/accesses", Some(&token), &seen).json();
    let line = &seen["lines"][0];
    assert_eq!((&line["outcome"], &line["outcome_zh"]), (&json!("listed"), &json!("已列出目录")), "{seen}");
    assert_eq!((&line["channel"], &line["presence_zh"]), (&json!("agency"), &json!("工作人员手工录入")));
    let nothing = up.server.token("nothing", SECRET);
    assert_eq!(up.server.post("/api/v1/directories", Some(&nothing), &ask(ZHOU, "A1")).status, 403);
}

#[test]
fn bad_lookups_get_the_field_and_the_rule() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let told = |body: Value| refusal(&up.server.post("/api/v1/lookups", Some(&token), &body));
    assert_eq!(told(ask("190101198803120022", "A1")), "422 holder_code_invalid holder.code check_digit");
    assert_eq!(told(ask("19010119880230001X", "A1")), "422 holder_code_invalid holder.code date_impossible");
    assert_eq!(
        told(
            json!({"holder": {"type": "001", "code": "91110000I00037341L"}, "purpose": {"item": "a", "reason": "b"}})
        ),
        "422 holder_code_invalid holder.code alphabet_iosvz"
    );
    assert_eq!(
        told(json!({"holder": {"type": "777", "code": "1"}, "purpose": {"item": "a", "reason": "b"}})),
        "422 field_invalid holder.type code_type_unknown"
    );
    assert_eq!(told(ask(ZHOU, " ")), "422 purpose_missing purpose.item -");
    let mut unknown = ask(ZHOU, "A1");
    unknown["types"] = json!(["no_such_type"]);
    assert_eq!(told(unknown), "422 type_unknown types -");
    let mut extra = ask(ZHOU, "A1");
    extra["holder"]["colour"] = json!("blue");
    assert_eq!(told(extra), "422 field_unknown holder.colour unknown");
    let mut presence = ask(ZHOU, "A1");
    presence["purpose"]["presence"] = json!("by_phone");
    assert_eq!(told(presence), "422 field_invalid purpose.presence presence_unknown");
    let mut number = ask(ZHOU, "A1");
    number["purpose"]["presence"] = json!(ZHOU);
    let refused = up.server.post("/api/v1/lookups", Some(&token), &number);
    assert_eq!(refusal(&refused), "422 field_invalid purpose.presence presence_unknown");
    assert!(refused.body.contains("18 characters") && !refused.body.contains(ZHOU), "{}", refused.body);
    let mut number = ask(ZHOU, "A1");
    number["purpose"]["reason"] = json!(format!("为 {ZHOU} 办理"));
    assert_eq!(told(number), "422 field_invalid purpose.reason number_in_text");
    // Full-width digits and blanks are read, and remarked.
    let answer =
        up.server.post("/api/v1/lookups", Some(&token), &ask("１９０１０１ 1988 0312 0021", "A1")).json();
    let remarks = answer["holder"]["remarks"].to_string();
    assert!(remarks.contains("full_width_converted") && remarks.contains("spaces_removed"), "{remarks}");
    assert_eq!(answer["records"].as_array().unwrap().len(), 2);
}

#[test]
fn bad_bodies_are_told_from_bad_fields() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let told = |body: &[u8]| refusal(&up.server.post_raw("/api/v1/lookups", Some(&token), body));
    assert!(told(b"{").starts_with("400 json_invalid"));
    assert!(told(&[0xff, 0xfe, b'{', b'}']).starts_with("400 json_invalid"));
    assert!(told(&vec![b' '; 300 * 1024]).starts_with("413 body_too_large"));
    let answer = up.server.send(
        "POST",
        "/api/v1/lookups",
        &[("Authorization", &format!("Bearer {token}")), ("Content-Type", "text/plain")],
        b"{}",
    );
    assert!(refusal(&answer).starts_with("415 media_type_unsupported"));
    let answer =
        up.server.send("DELETE", "/api/v1/lookups", &[("Authorization", &format!("Bearer {token}"))], b"");
    assert!(refusal(&answer).starts_with("405 method_not_allowed"));
}

#[test]
fn issuing_over_http_is_safe_to_repeat_and_names_what_is_wrong() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let issue = |draft: Value| up.server.post("/api/v1/records", Some(&token), &json!({ "record": draft }));
    let good = serde_json::to_value(people::social_card(ZHOU, "周海燕")).unwrap();
    let first = issue(good.clone());
    assert_eq!((first.status, first.json()["outcome"].clone()), (201, json!("issued")), "{first:?}");
    let again = issue(good.clone());
    assert_eq!((again.status, again.json()["outcome"].clone()), (200, json!("already_there")));
    assert_eq!(again.json()["identifier"], first.json()["identifier"]);

    let told = |change: &dyn Fn(&mut Value)| {
        let mut draft = good.clone();
        change(&mut draft);
        refusal(&issue(draft))
    };
    assert_eq!(
        told(&|draft| draft["face"]["status"] = json!("9")),
        "422 face_invalid face.status code_unknown"
    );
    assert!(
        told(&|draft| drop(draft["face"].as_object_mut().unwrap().remove("bank")))
            .starts_with("422 face_invalid face.bank")
    );
    assert!(
        told(&|draft| draft["face"]["social_security_no"] = json!(people::CHEN))
            .starts_with("422 holder_mismatch face.social_security_no")
    );
    assert_eq!(told(&|draft| draft["type"] = json!("library_card")), "422 type_unknown type -");
    assert!(
        told(&|draft| draft["issuer"] = json!(people::MARKET))
            .starts_with("403 forbidden issuer agency_mismatch")
    );
    assert!(
        told(&|draft| draft["issued_on"] = json!("2031-01-01"))
            .starts_with("422 field_invalid issued_on date_in_future")
    );
    let mut id = serde_json::to_value(people::id_card(ZHOU, "周海燕", "2021-01-01")).unwrap();
    id["face"]["sex"] = json!("1");
    assert!(refusal(&issue(id)).starts_with("422 holder_mismatch face.sex"));
}

#[test]
fn an_ended_client_is_out_within_a_second() {
    let up = up();
    let token = up.server.token("all", SECRET);
    assert_eq!(up.server.get("/api/v1/types", Some(&token)).status, 200);
    up._world.registry.change_client("test", "all", |_, enabled| *enabled = false).unwrap();
    assert_eq!(refusal(&up.server.get("/api/v1/types", Some(&token))), "401 unauthenticated - -");
    let form = format!("grant_type=client_credentials&client_id=all&client_secret={SECRET}");
    let answer = up.server.send(
        "POST",
        "/oauth2/token",
        &[("Content-Type", "application/x-www-form-urlencoded")],
        form.as_bytes(),
    );
    assert_eq!((answer.status, answer.json()["error"].clone()), (401, json!("invalid_client")));
}

#[test]
fn a_batch_answers_line_by_line() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let lines = [
        ask(ZHOU, "A1").to_string(),
        ask("190101198803120022", "A1").to_string(),
        ask(people::CHEN, "A1").to_string(),
    ];
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/x-ndjson")];
    let answer = up.server.send("POST", "/api/v1/lookups/batch", &headers, lines.join("\n").as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    let answers: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["records"].as_array().unwrap().len(), 2);
    assert_eq!(answers[1]["code"], "holder_code_invalid");
    assert_eq!(answers[2]["receipt"]["log"], "access-main");
}

#[test]
fn a_page_of_accesses_has_bounds_and_a_cursor_is_one_of_its_list() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let ask = |more: Value| {
        let mut body = json!({"holder": {"type": "111", "code": ZHOU}, "reason": "本人申请"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        up.server.post("/api/v1/holders/accesses", Some(&token), &body)
    };
    assert_eq!(ask(json!({"limit": 100})).status, 200);
    assert_eq!(refusal(&ask(json!({"limit": 0}))), "422 field_invalid limit limit");
    assert_eq!(refusal(&ask(json!({"limit": 101}))), "422 field_invalid limit limit");
    assert_eq!(refusal(&ask(json!({"after": "x"}))), "422 field_invalid after cursor");
}

/// Nobody means to ask for nothing: it is a body that got lost.
#[test]
fn an_empty_batch_and_a_receipt_that_is_no_object_are_refused() {
    let up = up();
    let token = up.server.token("all", SECRET);
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/x-ndjson")];
    for empty in ["", "\n \n"] {
        let answer = up.server.send("POST", "/api/v1/lookups/batch", &headers, empty.as_bytes());
        assert_eq!(refusal(&answer), "422 field_invalid - field_missing");
    }
    for (address, token) in [("/api/v1/verifications", Some(token.as_str())), ("/verifications", None)] {
        let answer = up.server.post(address, token, &json!({"receipt": ["a"]}));
        assert_eq!(refusal(&answer), "422 field_invalid receipt type", "{address}");
        let judged = up.server.post(address, token, &json!({"receipt": {"log": 1}})).json();
        assert_eq!(judged["reasons"], json!(["malformed"]), "{address}");
    }
}

/// Another process holds the write lock longer than anyone waits: the error says so, and nothing is
/// half-written.
#[test]
fn a_locked_database_is_busy_and_leaves_nothing_half_written() {
    use diesel::connection::SimpleConnection as _;
    let up = up();
    let token = up.server.token("all", SECRET);
    let draft = json!({ "record": serde_json::to_value(people::social_card(ZHOU, "周海燕")).unwrap() });
    let path = up._world.data().join("registry.db");
    #[allow(clippy::disallowed_methods, reason = "the other process")]
    let mut other =
        <diesel::SqliteConnection as diesel::Connection>::establish(path.to_str().unwrap()).unwrap();
    other.batch_execute("BEGIN IMMEDIATE").unwrap();
    let refused = up.server.post("/api/v1/records", Some(&token), &draft);
    assert_eq!(refusal(&refused), "503 store_busy - -");
    assert!(refused.header("retry-after").is_some());
    // Lookups have their own log and their own reader: they go on.
    assert_eq!(up.server.post("/api/v1/lookups", Some(&token), &ask(ZHOU, "A1")).status, 200);
    other.batch_execute("ROLLBACK").unwrap();
    assert_eq!(up.server.post("/api/v1/records", Some(&token), &draft).status, 201);
    assert!(up._world.registry.fsck(Default::default()).unwrap().sound());
}

/// The key belongs to the request: the same body at another address is another one.
#[test]
fn a_key_sent_again_gets_the_first_answer_and_at_another_address_a_mismatch() {
    let up = up();
    let bearer = format!("Bearer {}", up.server.token("all", SECRET));
    let send = |path: &str, key: &str, body: &Value| {
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", key),
        ];
        up.server.send("POST", path, &headers, body.to_string().as_bytes())
    };
    let link = json!({
        "from": {"type": "111", "code": ZHOU}, "to": {"type": "111", "code": "190102197911020011"},
        "kind": "same_person", "ground": "号码更正证明", "names_differ": true,
    });
    let first = send("/api/v1/holders/links", "k-1", &link);
    assert_eq!(first.status, 200, "{first:?}");
    let again = send("/api/v1/holders/links", "k-1", &link);
    assert_eq!((again.status, again.body), (200, first.body), "nothing is done twice");
    let elsewhere = send("/api/v1/holders/unlinks", "k-1", &link);
    assert_eq!(refusal(&elsewhere), "422 idempotency_mismatch Idempotency-Key -");
    let unlinked = send("/api/v1/holders/unlinks", "k-2", &link);
    assert_eq!((unlinked.status, unlinked.json()["action"].clone()), (200, json!("unlink")), "{unlinked:?}");
    let mut other = link.clone();
    other["ground"] = json!("另一份证明");
    assert!(refusal(&send("/api/v1/holders/links", "k-1", &other)).starts_with("422 idempotency_mismatch"));
    for bad in ["", "with space", ZHOU] {
        let refused = send("/api/v1/holders/links", bad, &link);
        assert_eq!(refusal(&refused), "422 field_invalid Idempotency-Key idempotency_key");
    }
}

#[test]
fn the_window_page_signs_in_looks_up_and_signs_out() {
    let up = up();
    let form = |path: &str, cookie: &str, body: &str| {
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Cookie", cookie),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        up.server.send("POST", path, &headers, body.as_bytes())
    };
    let wrong = form("/sign-in", "", "name=clerk&password=wrong-password");
    assert_eq!(wrong.status, 401);
    let unknown = form("/sign-in", "", "name=clerk&password=a-password-of-the-tests&role=admin");
    assert_eq!(unknown.status, 400, "a field that no form of ours has");
    let right = form("/sign-in", "", "name=clerk&password=a-password-of-the-tests");
    assert_eq!(right.status, 303);
    let cookie = right.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let first = up.server.send("GET", "/", &[("Cookie", &cookie)], b"");
    let csrf =
        first.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(first.body.contains("<input id=\"item\""), "no items are known here: one is written");
    let lookup = |csrf: &str, number: &str| {
        form(
            "/lookup",
            &cookie,
            &format!("csrf={csrf}&code_type=111&number={number}&item=A1&reason=b&presence=typed"),
        )
    };
    assert_eq!(lookup("forged", ZHOU).status, 403);
    let page = lookup(&csrf, ZHOU);
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("有效") && page.body.contains("结婚证") && page.body.contains("access-main/"),
        "{}",
        page.body
    );
    assert!(!page.body.contains(ZHOU), "numbers are masked on the page");
    let page = lookup(&csrf, "190101198803120022");
    assert_eq!(page.status, 422);
    assert!(page.body.contains("校验码"));
    assert_eq!(form("/sign-out", &cookie, &format!("csrf={csrf}")).status, 303);
    assert_eq!(up.server.send("GET", "/", &[("Cookie", &cookie)], b"").status, 303);
}

#[test]
fn no_body_is_described_as_a_bare_object() {
    let up = up();
    let document = up.server.get("/api/openapi.json", None).json();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            let body = &about["requestBody"]["content"]["application/json"]["schema"];
            assert!(body.is_null() || body.get("$ref").is_some(), "{method} {path} takes a bare object");
        }
    }
}

/// Lists come page by page; the pages together are the list.
#[test]
fn lists_are_paged_by_cursor() {
    let up = up();
    let token = up.server.token("all", SECRET);
    for (path, name, limit) in
        [("/api/v1/types", "types", 5), ("/api/v1/agencies", "agencies", 1), ("/logs", "logs", 2)]
    {
        let whole = up.server.get(path, Some(&token)).json();
        let whole = whole[name].as_array().unwrap();
        assert!(whole.len() > limit, "{path} needs more than one page");
        let (mut paged, mut after) = (Vec::new(), String::new());
        loop {
            let page = up.server.get(&format!("{path}?limit={limit}{after}"), Some(&token)).json();
            let lines = page[name].as_array().unwrap().clone();
            assert!(!lines.is_empty() && lines.len() <= limit, "{path}: {page}");
            paged.extend(lines);
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(&paged, whole, "{path}");
        let told = |query: &str| refusal(&up.server.get(&format!("{path}?{query}"), Some(&token)));
        assert_eq!(told("limit=0"), "422 field_invalid limit limit");
        assert_eq!(told("after=%23"), "422 field_invalid after cursor");
        assert_eq!(told("colour=blue"), "400 request_malformed colour query");
    }
}

/// The figures that an operator watches are counted, for every place of the database.
#[test]
fn metrics_tell_of_reads_batches_commits_and_the_write_ahead_log() {
    use elicense::registry::{Opening, Registry};
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = dir.path().join("disk");
    std::fs::create_dir(&elsewhere).unwrap();
    let url = format!("sqlite://{}/registry.db", elsewhere.display());
    let url = elicense::store::DbUrl::parse(&url).unwrap();
    let place = elicense::store::Place { url, dir: dir.path().join("data"), point_hops: false };
    let opening = Opening {
        place,
        master: elicense::trust::MasterKey::from_bytes(common::MASTER),
        clock: elicense::clock::Clock::fixed(common::noon()),
        regions: common::demo_regions(),
    };
    let (registry, _) = Registry::found(opening, &common::options()).unwrap();
    people::settle(&registry);
    server::clients(&registry);
    registry.refresh().unwrap();
    let server = server::start(registry);
    let token = server.token("all", SECRET);
    for _ in 0..3 {
        assert_eq!(server.post("/api/v1/lookups", Some(&token), &ask(ZHOU, "A1")).status, 200);
    }
    let text = server.get("/metrics", None).body;
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
    };
    assert!(value("elicense_inline_reads_total") >= 3.0, "{text}");
    assert!(value("elicense_point_read_seconds_count") >= 3.0);
    assert!(value("elicense_point_read_seconds_sum") > 0.0);
    let batches = value("elicense_access_batch_entries_count");
    assert_eq!((batches, value("elicense_access_batch_entries_sum")), (3.0, 3.0), "one at a time");
    assert_eq!(value("elicense_access_batch_entries_bucket{le=\"1\"}"), 3.0);
    assert_eq!(value("elicense_access_commit_seconds_bucket{le=\"+Inf\"}"), 3.0);
    assert!(value("elicense_access_commit_seconds_sum") > 0.0);
    assert!(value("elicense_wal_bytes_registry") > 0.0 && value("elicense_wal_bytes_access") > 0.0);
}
