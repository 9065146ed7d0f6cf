//! For each address the requests that cost the most: as large as is allowed, about the most there is, and beyond.

use serde_json::{Value, json};

use crate::common::items;
use crate::common::people::{self, POLICE, ZHOU};
use crate::common::server::SECRET;
use crate::routes::Route;
use crate::world::{FILE, Up, large};

/// One request.
pub struct Ask {
    pub what: &'static str,
    pub path: String,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The status that shows that it did what it is here for.
    pub status: u16,
}

const KIB: usize = 1024;

/// The requests of a route; none where this file has none for it.
pub fn of(up: &Up, route: &Route) -> Option<Vec<Ask>> {
    let plain = |path: &str| vec![ask("", path, 200, &[], Vec::new())];
    let page = |path: &str| vec![ask("", path, 200, &[("Cookie", &up.cookie)], Vec::new())];
    Some(match (route.door, route.method.as_str(), route.path.as_str()) {
        (_, "GET", "/assets/{name}") => plain(&up.asset),
        (_, "GET", "/logs/{name}/checkpoint") => plain("/logs/records/checkpoint"),
        (_, "GET", "/logs/{name}/tile/{path:.*}") => plain("/logs/records/tile/0/000"),
        ("public", "POST", "/verifications") => envelopes(up, "/verifications", None),
        ("window", "GET", "/") => page("/"),
        ("window", "POST", "/lookup") => vec![form(up, "/lookup", 200, &window_form(up))],
        // Last of its door: see `main`.
        ("window", "POST", "/sign-out") => vec![form(up, "/sign-out", 303, &format!("csrf={}", up.csrf))],
        ("window", "POST", "/sign-in") => vec![form(up, "/sign-in", 401, &sign_in())],
        ("agency", "POST", "/oauth2/token") => vec![
            form(up, "/oauth2/token", 200, &token()),
            form(up, "/oauth2/token", 401, &token().replace(SECRET, "another-secret")),
        ],
        ("agency", "GET", "/api/v1/bundles/{code}") => bearer(up, "/api/v1/bundles/papers"),
        ("agency", "GET", "/api/v1/items/{code}") => bearer(up, &format!("/api/v1/items/{}", items::CODE)),
        ("agency", "GET", "/api/v1/types/{name}") => bearer(up, "/api/v1/types/resident_id_card"),
        ("agency", "GET", "/api/v1/receipts/{log}/{index}") => bearer(up, "/api/v1/receipts/access-main/0"),
        ("agency", "GET", path) if path.starts_with("/api/v1/") => bearer(up, &format!("{path}?limit=500")),
        ("agency", _, path) if path.starts_with("/api/v1/") => api(up, path)?,
        (_, "GET", path) => plain(path),
        _ => return None,
    })
}

fn api(up: &Up, path: &str) -> Option<Vec<Ask>> {
    Some(match path {
        "/api/v1/applications" => applications(up, path),
        "/api/v1/lookups" => lookups(up, path),
        "/api/v1/lookups/batch" => batches(up, path),
        "/api/v1/directories" => vec![post(up, "", path, 200, &asked(json!({})))],
        "/api/v1/histories" => [Value::Null, json!(1), json!(400)]
            .map(|after| {
                let body = json!({"identifier": up.identifier, "purpose": purpose(), "after": after});
                post(up, "page", path, 200, &body)
            })
            .into(),
        "/api/v1/verifications" => {
            let mut all = envelopes(up, path, Some(&up.bearer));
            all.push(post(up, "face", path, 200, &face(up, 250)));
            all.push(post(up, "too many values", path, 422, &face(up, 9_000)));
            all
        }
        "/api/v1/records" => records(up, path),
        "/api/v1/records/actions" => vec![
            post(up, "face", path, 422, &action(up, json!({"face": {"replace": many(6_000)}}))),
            post(up, "names", path, 422, &action(up, json!({"holder_names": vec!["周"; 20_000]}))),
        ],
        "/api/v1/records/disputes" => {
            let body =
                |ground: String| json!({"identifier": up.identifier, "disputed": false, "ground": ground});
            vec![post(up, "long", path, 422, &body("本".repeat(80_000)))]
        }
        "/api/v1/records/disputes/withdrawals" => {
            vec![post(
                up,
                "long",
                path,
                422,
                &json!({"identifier": up.identifier, "ground": "本".repeat(80_000)}),
            )]
        }
        "/api/v1/records/proposals" => vec![
            post(up, "", path, 200, &json!({})),
            post(up, "long", path, 422, &json!({"after": "1".repeat(80_000)})),
        ],
        "/api/v1/records/proposals/declined" => {
            let body =
                json!({"identifier": up.identifier, "action": "cancel", "ground": "本".repeat(80_000)});
            vec![post(up, "long", path, 422, &body)]
        }
        "/api/v1/holders/marks" => {
            let body = json!({"holder": holder(), "state": "death_reported", "ground": "本".repeat(80_000)});
            vec![post(up, "long", path, 422, &body)]
        }
        "/api/v1/holders/links" | "/api/v1/holders/unlinks" => {
            let body = json!({"kind": "same_person", "from": holder(), "to": holder(), "ground": "本".repeat(80_000)});
            vec![post(up, "long", path, 422, &body)]
        }
        "/api/v1/holders/directory" => {
            let holders = vec![json!({"code_type": "111", "code": ZHOU, "name": "周海燕"}); 3_000];
            let body = json!({"type": "marriage_certificate", "issuer": POLICE, "holders": holders, "custody": "paper",
                              "office": "城东区档案馆"});
            vec![post(up, "too many holders", path, 422, &body)]
        }
        "/api/v1/holders/accesses" => {
            vec![post(up, "", path, 200, &json!({"holder": holder(), "reason": "本人申请", "limit": 100}))]
        }
        "/api/v1/attachments/{sha256}" => {
            let digest = elicense::record::Digest::of(&[&vec![0; FILE]]).hex();
            let path = format!("/api/v1/attachments/{digest}");
            vec![ask("largest", &path, 204, &[("Authorization", &up.bearer)], vec![0; FILE])]
        }
        "/api/v1/coverage" => coverage(up, path),
        "/api/v1/coverage/heartbeats" => {
            let beat = |system: String| json!({"type": "driving_licence", "issuing_system": system});
            vec![
                post(up, "alive", path, 200, &beat("示范系统".to_owned())),
                post(up, "long", path, 404, &beat("系".repeat(80_000))),
            ]
        }
        "/api/v1/attachments/fetch" => {
            let body = json!({"identifier": up.identifier, "sha256": "0".repeat(64), "purpose": purpose()});
            vec![post(up, "", path, 404, &body)]
        }
        _ => return None,
    })
}

fn coverage(up: &Up, path: &str) -> Vec<Ask> {
    let region = |n: usize| json!({"code": format!("190101{:03}", n % 999 + 1), "name": "示".repeat(60)});
    let gap = json!({"text": "缺".repeat(190), "from": "2003-01-01", "to": "2003-12-31"});
    let statement = |regions: usize, gaps: usize| {
        json!({
            "type_code": "driving_licence", "issuing_system": "示范系统", "issuer": POLICE, "share_on_file": 1000,
            "regions": (0..regions).map(region).collect::<Vec<_>>(), "gaps": vec![gap.clone(); gaps],
            "as_of": "2026-11-20", "heartbeat": "2026-11-20", "unbound": 0, "quarantined": 0,
        })
    };
    vec![
        post(up, "too many regions", path, 422, &statement(1_000, 0)),
        post(up, "too many gaps", path, 422, &statement(1, 350)),
        post(up, "largest", path, 200, &statement(100, 100)),
    ]
}

fn applications(up: &Up, path: &str) -> Vec<Ask> {
    let party = |code: String| json!({"role": "applicant", "holder": {"type": "111", "code": code}});
    let with = |parties: Vec<Value>| json!({"item": items::CODE, "parties": parties, "reason": "窗口办理"});
    let many = |count: usize| with((0..count).map(|place| party(people::number(place % 90 * 901))).collect());
    let answers: serde_json::Map<String, Value> = (0..8_000).map(|n| (n.to_string(), json!("是"))).collect();
    let mut asked = with(vec![party(ZHOU.to_owned())]);
    asked["answers"] = answers.into();
    vec![
        post(up, "one", path, 200, &with(vec![party(ZHOU.to_owned())])),
        post(up, "parties", path, 200, &many(8)),
        post(up, "too many for the item", path, 422, &many(64)),
        post(up, "too many parties", path, 422, &many(2_000)),
        post(up, "too many answers", path, 422, &asked),
    ]
}

fn lookups(up: &Up, path: &str) -> Vec<Ask> {
    let region = |n: usize| format!("{:02}{:02}{:02}", 11 + n / 9_801, 1 + n / 99 % 99, 1 + n % 99);
    let regions = |count: usize| (0..count).map(region).collect::<Vec<_>>();
    let types: Vec<&str> = ["resident_id_card", "driving_licence"].into_iter().cycle().take(64).collect();
    let absent = |code: &str, regions: Vec<String>| {
        json!({"holder": {"type": "111", "code": code}, "purpose": purpose(), "types": types,
               "within": {"regions": regions}})
    };
    let fields: Vec<String> = (0..250).map(|n| format!("{n}{}", "f".repeat(90))).collect();
    let mut limited = post(up, "extracts", path, 200, &asked(json!({})));
    limited.headers =
        vec![("Authorization", up.limited.clone()), ("Content-Type", "application/json".into())];
    vec![
        post(up, "records", path, 200, &asked(json!({}))),
        post(up, "proofs", path, 200, &asked(json!({"proofs": true}))),
        post(up, "fields", path, 422, &asked(json!({"fields": fields}))),
        limited,
        post(up, "too many fields", path, 422, &asked(json!({"fields": regions(20_000)}))),
        post(up, "absences", path, 200, &absent(&people::number(5), regions(16))),
        // 241 KB that once made 172 MB.
        post(up, "regions", path, 422, &absent(ZHOU, regions(26_000))),
        post(up, "one region", path, 200, &absent(ZHOU, vec!["190101".to_owned(); 26_000])),
        post(up, "types", path, 422, &asked(json!({"types": vec!["resident_id_card"; 12_000]}))),
    ]
}

fn batches(up: &Up, path: &str) -> Vec<Ask> {
    let line = |body: Value| format!("{body}\n").repeat(100).into_bytes();
    let headers = [("Authorization", up.bearer.as_str()), ("Content-Type", "application/x-ndjson")];
    let nobody = json!({"holder": {"type": "111", "code": people::number(5)}, "purpose": purpose(),
                        "within": {"regions": ["190000", "110000"]}});
    vec![
        ask("records", path, 200, &headers, line(asked(json!({})))),
        ask("nobody", path, 200, &headers, line(nobody)),
        ask("too many lines", path, 413, &headers, "{}\n".repeat(80_000).into_bytes()),
    ]
}

fn records(up: &Up, path: &str) -> Vec<Ask> {
    let draft = |number: usize| serde_json::to_value(large(number)).unwrap();
    let with = |name: &str, value: Value| {
        let mut draft = draft(9_999);
        draft[name] = value;
        json!({"record": draft})
    };
    let spouse = json!({"code_type": "111", "code": ZHOU, "name": "周海燕", "role": "spouse"});
    let file = json!({"media_type": "a/b", "name": "a", "sha256": "0".repeat(64), "size": 1});
    vec![
        post(up, "again", path, 200, &json!({"record": draft(1)})),
        post(up, "too many holders", path, 422, &with("holders", json!(vec![spouse; 2_500]))),
        post(up, "too many files", path, 422, &with("attachments", json!(vec![file; 1_800]))),
        post(up, "many faults", path, 422, &with("face", many(9_000))),
        post(up, "envelope", path, 422, &json!({"envelope": "e".repeat(250 * KIB)})),
    ]
}

/// An envelope of the registry, a long one of nobody, and a receipt whose checkpoint has every signature many times.
fn envelopes(up: &Up, path: &str, bearer: Option<&str>) -> Vec<Ask> {
    let room = if bearer.is_some() { 250 } else { 90 } * KIB;
    let mut receipt = up.receipt.clone();
    let note = receipt["checkpoint"].as_str().unwrap().to_owned();
    let signature = note.rsplit("\n\n").next().unwrap();
    receipt["checkpoint"] = format!("{note}{}", signature.repeat(room / 2 / signature.len())).into();
    let bodies = [
        ("envelope", json!({"envelope": up.envelope})),
        ("long envelope", json!({"envelope": format!("{}{}", up.envelope, "A".repeat(room / 2))})),
        ("receipt", json!({"receipt": up.receipt})),
        ("signatures", json!({"receipt": receipt})),
    ];
    let nested = |levels| format!(r#"{{"receipt":{{"entry":{}}}}}"#, deep(levels)).into_bytes();
    let bodies = bodies.map(|(what, body)| (what, 200, body.to_string().into_bytes()));
    let bodies = bodies.into_iter().chain([("deep", 200, nested(100)), ("too deep", 400, nested(30_000))]);
    let asks = bodies.map(|(what, status, body)| {
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(bearer.map(|bearer| ("Authorization", bearer)));
        ask(what, path, status, &headers, body)
    });
    asks.collect()
}

/// Lists in lists, as text: a value of so many levels would not be dropped without harm.
fn deep(levels: usize) -> String {
    format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
}

fn many(count: usize) -> Value {
    (0..count).map(|n| (format!("f{n}"), json!(n))).collect::<serde_json::Map<_, _>>().into()
}

fn face(up: &Up, count: usize) -> Value {
    json!({"identifier": up.identifier, "face": many(count), "purpose": purpose()})
}

fn action(up: &Up, with: Value) -> Value {
    let mut body =
        json!({"identifier": up.identifier, "version": 1, "action": "correct", "ground": "示范条例"});
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    body
}

fn holder() -> Value {
    json!({"type": "111", "code": ZHOU})
}

fn purpose() -> Value {
    json!({"item": "audit", "article": "审计法第三十四条", "reason": "审计"})
}

fn asked(with: Value) -> Value {
    let mut body = json!({"holder": holder(), "purpose": purpose()});
    body.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    body
}

fn sign_in() -> String {
    format!("name={}&password={}", "n".repeat(7 * KIB), "p".repeat(8 * KIB))
}

fn token() -> String {
    let scope = "lookup+".repeat(2_000);
    format!(
        "grant_type=client_credentials&client_id=bounds&client_secret={SECRET}&scope={}",
        scope.trim_end_matches('+')
    )
}

fn window_form(up: &Up) -> String {
    format!(
        "csrf={}&code_type=111&number={ZHOU}&item=11190101MD100005004190101000902&reason=b&presence=typed",
        up.csrf
    )
}

fn bearer(up: &Up, path: &str) -> Vec<Ask> {
    vec![ask("", path, 200, &[("Authorization", &up.bearer)], Vec::new())]
}

fn post(up: &Up, what: &'static str, path: &str, status: u16, body: &Value) -> Ask {
    let headers = [("Authorization", up.bearer.as_str()), ("Content-Type", "application/json")];
    ask(what, path, status, &headers, body.to_string().into_bytes())
}

fn form(up: &Up, path: &str, status: u16, body: &str) -> Ask {
    let headers = [("Cookie", up.cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
    ask("form", path, status, &headers, body.as_bytes().to_vec())
}

fn ask(what: &'static str, path: &str, status: u16, headers: &[(&'static str, &str)], body: Vec<u8>) -> Ask {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Ask { what, path: path.to_owned(), headers, body, status }
}
