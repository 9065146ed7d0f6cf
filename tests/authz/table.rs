//! Every route with every kind of caller: what each is answered stands in `table.tsv`, for people to read.
//!
//! The routes come from the tables that put them on. One that is not in the file fails, as does a line without a route.
//! Each is asked in its right form, so that what a caller is refused is the caller's and not the request's. After a
//! wanted change `ELICENSE_TEST_AUTHZ=write` writes the file anew: read the difference before it is committed.

use std::collections::{BTreeMap, BTreeSet};

use elicense::registry::Submitted;
use serde_json::{Value, json};

use crate::callers::{self, Caller, PASSWORD};
use crate::common::items;
use crate::common::people::{self, CHEN, POLICE};
use crate::common::server::{self, Answer, SECRET, TestServer};
use crate::common::{Backend, World, operator, world};
use crate::routes::{self, Route};
use crate::{concrete, listed};

const FILE: &str = "tests/authz/table.tsv";
const ABOUT: &str = "\
# What each kind of caller is answered at every route: the status, and of a refusal its rule or code; of a batch the
# same of its first line behind `:`. `-`: there is no such caller at that door.
#
# nobody: without token or session. forged: with one that was never given out. no scope: a client with every scope but
# the one of the address. wrong form: signed in, with a form of another session. no grant: every scope, no grant. other
# agency: every scope and grant, of an agency that has nothing to do with the record or holder asked about; what is read
# is read by grant, what is changed by agency. ended: was right, until it was ended. right: may do it.
";

/// Everybody, signed in, with what they ask about.
struct Asked {
    doors: BTreeMap<&'static str, TestServer>,
    _guard: TestServer,
    _world: World,
    /// Tokens by client.
    tokens: BTreeMap<String, String>,
    /// Cookie and the word of its forms, by account.
    sessions: BTreeMap<&'static str, (String, String)>,
    /// The scope of each address of the API.
    scopes: BTreeMap<(String, String), String>,
    /// A record of each kind of caller's own, so that one changes nothing for the next.
    identifiers: Vec<String>,
    /// The card of somebody whose death proposed its end.
    proposed: String,
    /// An access of the right client.
    receipt: u64,
    /// Where one asset, and the first tile of the log of records, is found.
    asset: String,
    tile: String,
}

fn asked() -> Asked {
    let world = world(Backend::Sqlite).unwrap();
    people::settle(&world.registry);
    items::load(&world.registry);
    items::load_bundle(&world.registry);
    callers::settle(&world);
    let identifiers = (0..callers::ALL.len()).map(|place| issue(&world, place)).collect();
    let proposed = proposed(&world);
    let (guard, doors) = server::start_apart(world.registry.clone());
    let agency = &doors["agency"];
    let clients = elicense::policy::Scope::ALL.iter().map(|scope| format!("no-{}", scope.wire()));
    let clients = clients.chain(["right", "no-grant", "other", "ended"].map(str::to_owned));
    let tokens: BTreeMap<String, String> =
        clients.map(|id| (id.clone(), format!("Bearer {}", agency.token(&id, SECRET)))).collect();
    let sessions = ["right", "no-grant", "other", "ended"]
        .map(|name| (name, callers::session(&doors["window"], name)))
        .into();
    let right = |method: &str, path: &str, body: &[u8]| {
        let headers = [("Authorization", tokens["right"].as_str()), ("Content-Type", "application/json")];
        agency.send(method, path, &headers, body)
    };
    right("PUT", &format!("/api/v1/attachments/{}", digest()), FILE_OF_A_RECORD);
    let first = right("POST", "/api/v1/lookups", lookup().to_string().as_bytes()).json();
    let receipt = first["receipt"]["index"].as_u64().unwrap();
    let page = doors["window"].get("/sign-in", None).body;
    let asset = page.split("/assets/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let logs = doors["public"].get("/logs", None).json();
    let log = logs["logs"].as_array().unwrap().iter().find(|log| log["log"] == "records").unwrap();
    let tile = format!("0/000.p/{}", log["size"]);
    let scopes = scopes(&agency.get("/api/openapi.json", None).json());
    callers::end(&world);
    Asked {
        doors,
        _guard: guard,
        _world: world,
        tokens,
        sessions,
        scopes,
        identifiers,
        proposed,
        receipt,
        asset,
        tile,
    }
}

const FILE_OF_A_RECORD: &[u8] = b"\xFF\xD8\xFFjpg";

fn digest() -> String {
    elicense::record::Digest::of(&[FILE_OF_A_RECORD]).hex()
}

/// An ID card with a file; gives its identifier.
fn issue(world: &World, place: usize) -> String {
    world.registry.refresh().unwrap();
    let mut card = people::id_card(&people::number(place), "周海燕", "2020-01-01");
    let file = json!([{"media_type": "image/jpeg", "name": "photo", "sha256": digest(), "size": 6}]);
    card.attachments = serde_json::from_value(file).unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(card)).unwrap().identifier
}

/// A card whose end was proposed to its issuer: its holder has died since.
fn proposed(world: &World) -> String {
    world.registry.refresh().unwrap();
    let dead = people::number(500);
    let issue = |draft| world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    let card = issue(people::social_card(&dead, "周海燕"));
    assert_eq!(issue(people::death(&dead, "周海燕")).proposals.len(), 1);
    card.identifier
}

/// The scope of each address, as the description says it.
fn scopes(document: &Value) -> BTreeMap<(String, String), String> {
    let mut found = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            if let Some(scope) = about["security"][0]["client"][0].as_str() {
                found.insert((method.to_uppercase(), path.clone()), scope.to_owned());
            }
        }
    }
    found
}

fn purpose() -> Value {
    json!({"item": items::CODE, "reason": "窗口办理"})
}

fn lookup() -> Value {
    json!({"holder": {"type": "111", "code": people::number(0)}, "purpose": purpose()})
}

impl Asked {
    /// The request that the right caller is answered well.
    fn body(&self, route: &Route, caller: Caller) -> Value {
        let place = callers::ALL.iter().position(|one| *one == caller).unwrap();
        let identifier = &self.identifiers[place];
        let own = |place: usize| json!({"type": "111", "code": people::number(place)});
        let link = json!({"kind": "same_person", "from": own(100 + place), "to": own(200 + place),
                          "ground": "号码更正证明", "names_differ": true});
        match route.path.as_str() {
            "/api/v1/lookups" | "/api/v1/lookups/batch" | "/api/v1/directories" => lookup(),
            "/api/v1/applications" => items::of(&people::number(0)),
            "/api/v1/histories" => json!({"identifier": identifier, "purpose": purpose()}),
            "/api/v1/verifications" => {
                json!({"identifier": identifier, "face": {"name": "周海燕"}, "purpose": purpose()})
            }
            "/verifications" => json!({"envelope": "a.b.c"}),
            "/api/v1/attachments/fetch" => {
                // No slot asks for a whole record, and a file needs one.
                let purpose = json!({"item": "audit", "article": "审计法第三十四条", "reason": "审计"});
                json!({"identifier": identifier, "sha256": digest(), "purpose": purpose})
            }
            "/api/v1/records" => {
                json!({"record": people::id_card(&people::number(300), "周海燕", "2020-01-01")})
            }
            "/api/v1/records/actions" => {
                json!({"identifier": identifier, "version": 1, "action": "suspend", "ground": "示范条例第一条"})
            }
            "/api/v1/records/disputes" => {
                json!({"identifier": identifier, "disputed": true, "ground": "本人提出异议"})
            }
            "/api/v1/records/disputes/withdrawals" => {
                json!({"identifier": identifier, "ground": "本人撤回异议"})
            }
            "/api/v1/records/proposals/declined" => {
                json!({"identifier": self.proposed, "action": "cancel", "ground": "经核实系同名"})
            }
            "/api/v1/holders/accesses" => json!({"holder": own(place), "reason": "本人申请"}),
            "/api/v1/holders/marks" => {
                json!({"holder": own(place), "state": "death_reported", "ground": "死亡报告"})
            }
            "/api/v1/holders/links" | "/api/v1/holders/unlinks" => link,
            "/api/v1/holders/directory" => json!({
                "type": "driving_licence", "issuer": POLICE, "custody": "paper", "office": "城东区档案馆",
                "holders": [{"code_type": "111", "code": CHEN, "name": "陈志远"}],
            }),
            "/api/v1/coverage" => json!({
                "type_code": "driving_licence", "issuing_system": "示范系统", "issuer": POLICE, "share_on_file": 1000,
                "regions": [{"code": "190101", "name": "城东区"}], "as_of": "2026-11-20", "heartbeat": "2026-11-20",
                "unbound": 0, "quarantined": 0,
            }),
            "/api/v1/coverage/heartbeats" => json!({"type": "driving_licence", "issuing_system": "示范系统"}),
            _ => json!({}),
        }
    }

    fn form(&self, route: &Route, caller: Caller) -> String {
        let (name, secret) = (caller.id().unwrap_or("nobody"), PASSWORD);
        // A form of another session: of somebody else, who is signed in too.
        let of = if caller == Caller::WrongForm { "other" } else { name };
        let csrf = self.sessions.get(of).map_or("", |(_, csrf)| csrf.as_str());
        match route.path.as_str() {
            "/sign-in" if caller == Caller::WrongForm => format!("csrf={csrf}&name={name}&password={secret}"),
            "/sign-in" => format!("name={name}&password={secret}"),
            "/oauth2/token" => {
                let client = if caller == Caller::NoScope { "no-lookup" } else { name };
                format!(
                    "grant_type=client_credentials&client_id={client}&client_secret={SECRET}&scope=lookup"
                )
            }
            "/lookup" => {
                format!(
                    "csrf={csrf}&code_type=111&number={}&item=11190101MD100005004190101000902&reason=b&presence=typed",
                    people::number(0)
                )
            }
            _ => format!("csrf={csrf}"),
        }
    }

    fn path(&self, route: &Route) -> String {
        match route.path.as_str() {
            "/api/v1/receipts/{log}/{index}" => format!("/api/v1/receipts/access-main/{}", self.receipt),
            "/api/v1/attachments/{sha256}" => {
                format!("/api/v1/attachments/{}", digest())
            }
            "/assets/{name}" => format!("/assets/{}", self.asset),
            "/logs/{name}/tile/{path:.*}" => format!("/logs/records/tile/{}", self.tile),
            path => concrete(path),
        }
    }

    fn send(&self, route: &Route, caller: Caller) -> Answer {
        let window = route.door == "window";
        let is_form = window || route.path == "/oauth2/token";
        let body = match (is_form, route.method.as_str()) {
            (true, _) => self.form(route, caller).into_bytes(),
            (false, "PUT") => FILE_OF_A_RECORD.to_vec(),
            (false, _) => self.body(route, caller).to_string().into_bytes(),
        };
        let media = if is_form { "application/x-www-form-urlencoded" } else { "application/json" };
        let mut headers = vec![("Content-Type", media.to_owned())];
        headers.extend(if window { self.cookie(caller) } else { self.token(route, caller) });
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.doors[route.door].send(&route.method, &self.path(route), &headers, &body)
    }

    fn cookie(&self, caller: Caller) -> Option<(&'static str, String)> {
        match caller {
            Caller::Forged => Some(("Cookie", "elicense=AAAA".to_owned())),
            _ => caller.id().map(|id| ("Cookie", self.sessions[id].0.clone())),
        }
    }

    fn token(&self, route: &Route, caller: Caller) -> Option<(&'static str, String)> {
        if route.path == "/oauth2/token" {
            return None;
        }
        let bearer = match caller {
            Caller::Forged => "Bearer AAAA".to_owned(),
            Caller::NoScope => {
                let scope = self.scopes.get(&(route.method.clone(), route.path.clone()));
                self.tokens[&format!("no-{}", scope.map_or("lookup", String::as_str))].clone()
            }
            _ => self.tokens[caller.id()?].clone(),
        };
        Some(("Authorization", bearer))
    }
}

/// What stands in a cell.
fn cell(answer: &Answer) -> String {
    let status = answer.status;
    let why = |body: &Value| {
        let word = body["rule"].as_str().or(body["code"].as_str()).or(body["error"].as_str());
        word.map(|word| format!(" {word}")).unwrap_or_default()
    };
    match answer.header("content-type").unwrap_or_default() {
        "application/x-ndjson" => {
            let line: Value = serde_json::from_str(answer.body.lines().next().unwrap()).unwrap();
            let inner = line["status"].as_u64().unwrap_or(200);
            format!("{status}: {inner}{}", if inner == 200 { String::new() } else { why(&line) })
        }
        media if media.contains("json") && status >= 400 => format!("{status}{}", why(&answer.json())),
        _ => match answer.header("location") {
            Some(to) => format!("{status} {to}"),
            None => status.to_string(),
        },
    }
}

/// The lines of the table: door, method and path, then a cell for each kind of caller.
fn table(asked: &Asked) -> BTreeMap<String, Vec<String>> {
    let mut lines = BTreeMap::new();
    let mut routes: Vec<Route> = routes::all().into_iter().collect();
    // What ends a session comes last.
    routes.sort_by_key(|route| route.path == "/sign-out");
    for route in routes {
        let cells = callers::ALL.map(|caller| match caller.comes_to(route.door) {
            true => cell(&asked.send(&route, caller)),
            false => "-".to_owned(),
        });
        lines.insert(route.to_string(), cells.into());
    }
    lines
}

fn written(lines: &BTreeMap<String, Vec<String>>) -> String {
    let head = callers::ALL.map(Caller::name).join("\t");
    let mut out = format!("{ABOUT}route\t{head}\n");
    for (route, cells) in lines {
        out.push_str(&format!("{route}\t{}\n", cells.join("\t")));
    }
    out
}

fn read(text: &str) -> BTreeMap<String, Vec<String>> {
    let lines = text.lines().filter(|line| !line.starts_with('#')).skip(1);
    let mut found = BTreeMap::new();
    for line in lines {
        let mut cells = line.split('\t').map(str::to_owned);
        let route = cells.next().unwrap();
        assert!(found.insert(route.clone(), cells.collect()).is_none(), "twice: {route}");
    }
    found
}

/// Where a table differs from the file: routes that the file lacks or has too many, and cells.
fn differences(file: &BTreeMap<String, Vec<String>>, found: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let routes: BTreeSet<&String> = file.keys().chain(found.keys()).collect();
    for route in routes {
        match (file.get(route), found.get(route)) {
            (Some(_), None) => wrong.push(format!("{route}: in the file, and no route")),
            (None, Some(_)) => wrong.push(format!("{route}: not in the file")),
            (Some(old), Some(new)) => {
                let cells = callers::ALL.iter().zip(old.iter().zip(new)).filter(|(_, (old, new))| old != new);
                wrong.extend(cells.map(|(caller, (old, new))| {
                    format!("{route}, {}: `{new}`, and the file has `{old}`", caller.name())
                }));
                if old.len() != new.len() {
                    wrong.push(format!("{route}: {} cells", old.len()));
                }
            }
            (None, None) => {}
        }
    }
    wrong
}

#[test]
fn i4_every_route_answers_every_kind_of_caller_as_the_table_says() {
    let found = table(&asked());
    if std::env::var("ELICENSE_TEST_AUTHZ").as_deref() == Ok("write") {
        std::fs::write(format!("{}/{FILE}", env!("CARGO_MANIFEST_DIR")), written(&found)).unwrap();
    }
    let text = std::fs::read_to_string(format!("{}/{FILE}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let wrong = differences(&read(&text), &found);
    assert!(wrong.is_empty(), "not as {FILE} says:\n{}", wrong.join("\n"));
    assert_eq!(text, written(&found), "the form of {FILE}");
}

/// The file alone, as people read it: who is refused where, and that the list of open routes says the same.
#[test]
fn i4_the_table_lets_nobody_in_who_may_not() {
    let open = listed(include_str!("open.txt"));
    let at = |cells: &[String], caller: Caller| {
        cells[callers::ALL.iter().position(|one| *one == caller).unwrap()].clone()
    };
    let mut wrong = Vec::new();
    for (route, cells) in read(include_str!("table.tsv")) {
        let is_open = open.contains(&route);
        let refused = |caller| {
            let cell = at(&cells, caller);
            cell == "-" || cell.starts_with("401") || cell.starts_with("403") || cell == "303 /sign-in"
        };
        let asks = [Caller::Nobody, Caller::Forged].into_iter().all(refused);
        let names_itself =
            ["/sign-in", "/oauth2/token"].iter().any(|path| route.ends_with(&format!("POST {path}")));
        if asks == is_open && !names_itself {
            wrong.push(format!("{route}: open.txt says {is_open}"));
        }
        for caller in [Caller::NoScope, Caller::WrongForm, Caller::Ended] {
            let reads_a_page = caller == Caller::WrongForm && route.contains(" GET ");
            if !is_open && !refused(caller) && !reads_a_page {
                wrong.push(format!("{route}: {} is answered {}", caller.name(), at(&cells, caller)));
            }
        }
        let right = at(&cells, Caller::Right);
        if !right.starts_with('2') && !right.starts_with("303") {
            wrong.push(format!("{route}: the right caller is answered {right}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_route_that_the_file_lacks_and_a_line_without_a_route_are_told() {
    let line = |route: &str, cell: &str| (route.to_owned(), vec![cell.to_owned()]);
    let file = BTreeMap::from([line("public GET /a", "200"), line("public GET /gone", "200")]);
    let found = BTreeMap::from([line("public GET /a", "401"), line("public GET /new", "200")]);
    let wrong = differences(&file, &found);
    assert_eq!(wrong.len(), 3, "{wrong:?}");
    assert!(
        wrong[0].contains("`401`") && wrong[1].contains("no route") && wrong[2].contains("not in the file")
    );
}
