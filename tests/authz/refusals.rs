//! Each address that names a holder or a record, asked by who has no right to it: refused, and an access of those who
//! were named, whether anything is known of them or not.

use std::collections::BTreeSet;

use elicense::policy::{REFUSALS, Scope};
use elicense::record::Identifier;
use elicense::registry::{NewAccount, NewClient, Registry, Submitted};
use serde_json::{Value, json};

use crate::common::items;
use crate::common::people::{self, CHEN, POLICE, ZHOU};
use crate::common::server::{self, Answer, SECRET, TestServer};
use crate::common::{Backend, World, operator, world};
use crate::routes::{self, Route};
use crate::{listed, stale};

/// A number that nothing is kept of.
const UNKNOWN: &str = "190102199208090041";

/// An office that may issue nothing and state nothing.
const OFFICE: &str = "11190102MD1000771B";

/// What is asked about: a number, and the identifier of its card.
struct Asked {
    code: &'static str,
    identifier: String,
}

/// A client with every scope and no grant, of an agency that answers for nobody; one without any scope that counts here;
/// an account without grants.
struct Rightless {
    server: TestServer,
    bearer: String,
    unscoped: String,
    cookie: String,
    csrf: String,
}

impl Rightless {
    fn begin(registry: &Registry) -> Self {
        // Registered without authority over people or types.
        let agency = people::agency(OFFICE, "城西区某局", "190102");
        registry.put_agency("test", &agency).unwrap();
        let client = |id: &str, scopes: Vec<Scope>| {
            let new = NewClient {
                id: id.into(),
                agency: agency.code.clone(),
                name: id.into(),
                scopes,
                grants: Vec::new(),
                budget: 100,
            };
            registry.put_client("test", &new, SECRET).unwrap();
        };
        // Reading who looked takes the scope alone.
        let scopes = Scope::ALL.iter().copied().filter(|scope| *scope != Scope::Accesses);
        client("rightless", scopes.collect());
        client("unscoped", vec![Scope::Catalog]);
        let account = NewAccount {
            name: "none".into(),
            display: "测试窗口".into(),
            agency: agency.code.clone(),
            grants: Vec::new(),
            budget: 100,
            ..NewAccount::default()
        };
        registry.put_account("test", &account, "a-password-of-the-tests").unwrap();
        registry.refresh().unwrap();
        let server = server::start(registry.clone());
        let bearer = format!("Bearer {}", server.token("rightless", SECRET));
        let unscoped = format!("Bearer {}", server.token("unscoped", SECRET));
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let signed = server.send("POST", "/sign-in", &form, b"name=none&password=a-password-of-the-tests");
        let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let first = server.send("GET", "/", &[("Cookie", &cookie)], b"");
        let csrf = first.body.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let csrf = csrf.split('"').next().unwrap().to_owned();
        Self { server, bearer, unscoped, cookie, csrf }
    }

    fn ask(&self, route: &Route, bearer: &str, asked: &Asked) -> Option<Answer> {
        if route.to_string() == "window POST /lookup" {
            let headers =
                [("Cookie", self.cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
            let (csrf, code) = (&self.csrf, asked.code);
            let form = format!(
                "csrf={csrf}&code_type=111&number={code}&item=11190101MD100005004190101000902&reason=b&presence=typed"
            );
            return Some(self.server.send("POST", "/lookup", &headers, form.as_bytes()));
        }
        let body = body(route, asked)?;
        let headers = [("Authorization", bearer), ("Content-Type", "application/json")];
        Some(self.server.send(&route.method, &route.path, &headers, body.to_string().as_bytes()))
    }
}

/// A whole and right request about what is asked; none where this test has none for the address.
fn body(route: &Route, Asked { code, identifier }: &Asked) -> Option<Value> {
    let holder = json!({"type": "111", "code": code});
    let purpose = json!({"item": items::CODE, "reason": "窗口办理"});
    let card = people::id_card(code, "周海燕", "2021-01-01");
    let link = json!({
        "from": holder, "to": {"type": "111", "code": "190104199006300066"}, "kind": "same_person", "ground": "来函",
    });
    Some(match route.to_string().as_str() {
        "agency POST /api/v1/lookups"
        | "agency POST /api/v1/lookups/batch"
        | "agency POST /api/v1/directories" => json!({"holder": holder, "purpose": purpose}),
        "agency POST /api/v1/applications" => items::of(code),
        "agency POST /api/v1/holders/accesses" => json!({"holder": holder, "reason": "本人申请"}),
        "agency POST /api/v1/holders/marks" => {
            json!({"holder": holder, "state": "death_reported", "ground": "来函"})
        }
        "agency POST /api/v1/holders/links" | "agency POST /api/v1/holders/unlinks" => link,
        "agency POST /api/v1/holders/directory" => json!({
            "type": "resident_id_card", "issuer": POLICE, "custody": "paper", "office": "档案馆",
            "holders": [{"code_type": "111", "code": code, "name": "周海燕"}],
        }),
        "agency POST /api/v1/records" => json!({"record": card}),
        "agency POST /api/v1/records/actions" => {
            json!({"identifier": identifier, "version": 1, "action": "suspend", "ground": "决定书"})
        }
        "agency POST /api/v1/records/disputes" => {
            json!({"identifier": identifier, "disputed": true, "ground": "报错"})
        }
        "agency POST /api/v1/records/disputes/withdrawals" => {
            json!({"identifier": identifier, "ground": "报错有误"})
        }
        "agency POST /api/v1/records/proposals/declined" => {
            json!({"identifier": identifier, "action": "cancel", "ground": "经核实"})
        }
        "agency POST /api/v1/histories" => json!({"identifier": identifier, "purpose": purpose}),
        "agency POST /api/v1/verifications" => {
            json!({"identifier": identifier, "face": {"name": "周海燕"}, "purpose": purpose})
        }
        "agency POST /api/v1/attachments/fetch" => {
            json!({"identifier": identifier, "sha256": "0".repeat(64), "purpose": purpose})
        }
        _ => return None,
    })
}

/// How many entries of refusals are in the log.
fn refusals(registry: &Registry) -> usize {
    let batches =
        registry.store().read_access_now(|reader| reader.access_batches("access-main", 0, 10_000, 10_000));
    let items = batches.unwrap().into_iter().flat_map(|batch| batch.items.unwrap());
    let refused = items.filter(|item| {
        let entry: Value = serde_json::from_slice(&item.entry).unwrap();
        entry["outcome"] == "refused"
    });
    refused.count()
}

/// What an answer, or the first line of one, says: status, code, rule, detail, field.
fn told(answer: &Answer) -> (u64, [Value; 4]) {
    let line = answer.body.lines().next().and_then(|line| serde_json::from_str(line).ok());
    let line: Value = line.unwrap_or_default();
    let status = line["status"].as_u64().unwrap_or(answer.status.into());
    (status, ["code", "rule", "detail", "field"].map(|name| line[name].clone()))
}

fn begin() -> (World, Rightless, [Asked; 2]) {
    let world = world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    items::load(registry);
    for (code, name) in [(ZHOU, "周海燕"), (CHEN, "陈志远")] {
        let card = Submitted::Draft(people::id_card(code, name, "2021-01-01"));
        registry.issue(&operator(), &card).unwrap();
    }
    let known = registry.issue(&operator(), &Submitted::Draft(people::social_card(ZHOU, "周海燕")));
    let known = known.unwrap().identifier;
    let parsed = Identifier::parse(&known).unwrap();
    let unknown =
        Identifier::compose(parsed.type_code(), parsed.issuer(), "NOTHING0000000000000", 1).unwrap();
    let asked = [
        Asked { code: ZHOU, identifier: known },
        Asked { code: UNKNOWN, identifier: unknown.as_str().to_owned() },
    ];
    let rightless = Rightless::begin(registry);
    (world, rightless, asked)
}

fn naming() -> BTreeSet<Route> {
    let (routes, open) = (routes::all(), listed(include_str!("open.txt")));
    let nameless = listed(include_str!("nameless.txt"));
    assert_eq!(stale(&nameless, &routes), [""; 0], "on the list of addresses that name nobody and no route");
    routes
        .into_iter()
        .filter(|route| !open.contains(&route.to_string()) && !nameless.contains(&route.to_string()))
        .collect()
}

#[test]
fn i2_i4_every_refusal_that_names_somebody_is_an_access_known_or_not() {
    let (world, rightless, asked) = begin();
    let registry = &world.registry;
    let routes = naming();
    assert!(routes.len() >= 14, "{routes:?}");
    let mut wrong = Vec::new();
    for route in &routes {
        for bearer in [&rightless.bearer, &rightless.unscoped] {
            let by_token = route.door == "agency";
            if !by_token && bearer == &rightless.unscoped {
                continue;
            }
            let mut answers = Vec::new();
            for asked in &asked {
                let before = refusals(registry);
                let answer = rightless.ask(route, bearer, asked);
                let answer =
                    answer.unwrap_or_else(|| panic!("{route}: names nobody? Write its request here"));
                let noted = refusals(registry) - before;
                if noted != 1 {
                    wrong.push(format!("{route} of {}: noted {noted} times: {answer:?}", asked.code));
                }
                if by_token && ![403, 422].contains(&told(&answer).0) {
                    wrong.push(format!("{route} of {}: not refused: {answer:?}", asked.code));
                }
                assert!(!answer.body.contains(asked.code), "{route}: {answer:?}");
                answers.push(answer);
            }
            if by_token && told(&answers[0]) != told(&answers[1]) {
                wrong.push(format!("{route}: known and unknown differ: {answers:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn who_is_refused_sixty_times_a_minute_waits() {
    let (world, rightless, asked) = begin();
    let routes = naming();
    let route = routes.iter().find(|route| route.path == "/api/v1/lookups").unwrap();
    let ask = || rightless.ask(route, &rightless.bearer, &asked[0]).unwrap();
    for _ in 0..REFUSALS {
        assert_eq!(ask().status, 403);
    }
    let waits = ask();
    assert_eq!((waits.status, waits.header("retry-after")), (429, Some("60")), "{waits:?}");
    let problem = waits.json();
    assert_eq!((&problem["code"], &problem["rule"]), (&json!("too_many_tries"), &json!("refusals_a_minute")));
    // Another asks on; a minute later so does this one.
    assert_eq!(rightless.ask(route, &rightless.unscoped, &asked[0]).unwrap().status, 403);
    world.clock.set(world.registry.now().plus_seconds(61));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while ask().status != 403 {
        assert!(std::time::Instant::now() < deadline);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // The lines of a batch count like requests of their own.
    let batch = routes.iter().find(|route| route.path == "/api/v1/lookups/batch").unwrap();
    let line = body(batch, &asked[1]).unwrap().to_string();
    let lines = vec![line; 80].join("\n");
    let headers = [("Authorization", rightless.bearer.as_str()), ("Content-Type", "application/x-ndjson")];
    let answer = rightless.server.send(&batch.method, &batch.path, &headers, lines.as_bytes());
    let waiting = answer.body.lines().filter(|line| line.contains("too_many_tries")).count();
    assert!((20..80).contains(&waiting), "{waiting} {answer:?}");
}
