//! Each address that reads or changes anything of a holder, whatever it is asked by, counts that holder against the
//! day's budget.

use std::collections::BTreeSet;

use elicense::record::access::Outcome;
use elicense::registry::{AccessPage, AskedHolder, LineOutcome, Viewer};
use serde_json::{Value, json};

use crate::common::items;
use crate::common::people::{self, CHEN, ZHOU};
use crate::common::server::{Answer, SECRET, TestServer};
use crate::common::{Backend, operator, run, server, world};
use crate::routes::{self, Route};
use crate::{listed, stale};

/// One client and one account, both with a budget of one holder a day.
struct One {
    server: TestServer,
    bearer: String,
    cookie: String,
    csrf: String,
}

impl One {
    fn begin(server: TestServer) -> Self {
        let bearer = format!("Bearer {}", server.token("one", SECRET));
        let form = [("Content-Type", "application/x-www-form-urlencoded")];
        let signed = server.send("POST", "/sign-in", &form, b"name=one&password=a-password-of-the-tests");
        let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let first = server.send("GET", "/", &[("Cookie", &cookie)], b"");
        let csrf = first.body.split("name=\"csrf\" value=\"").nth(1).unwrap();
        let csrf = csrf.split('"').next().unwrap().to_owned();
        Self { server, bearer, cookie, csrf }
    }

    /// Asks the address about one holder; none if this test has no request for it.
    fn ask(&self, route: &Route, code: &str, identifier: &str) -> Option<Answer> {
        let holder = json!({"type": "111", "code": code});
        let purpose = json!({"item": items::CODE, "reason": "窗口办理"});
        let lookup = json!({"holder": holder, "purpose": purpose});
        let body = match route.to_string().as_str() {
            "window POST /lookup" => return Some(self.page(code)),
            "agency POST /api/v1/applications" => items::of(code),
            "agency POST /api/v1/lookups"
            | "agency POST /api/v1/lookups/batch"
            | "agency POST /api/v1/directories" => lookup,
            "agency POST /api/v1/holders/accesses" => json!({"holder": holder, "reason": "本人申请"}),
            "agency POST /api/v1/histories" => json!({"identifier": identifier, "purpose": purpose}),
            "agency POST /api/v1/verifications" => {
                json!({"identifier": identifier, "face": {"name": "陈志远"}, "purpose": purpose})
            }
            "agency POST /api/v1/attachments/fetch" => {
                let purpose = json!({"item": "audit", "article": "审计法第三十四条", "reason": "审计"});
                json!({"identifier": identifier, "sha256": "0".repeat(64), "purpose": purpose})
            }
            "agency POST /api/v1/records" => json!({"record": card(code)}),
            "agency POST /api/v1/records/actions" => json!({
                "identifier": identifier, "version": 1, "action": "suspend", "ground": "证件遗失待查",
            }),
            "agency POST /api/v1/records/disputes" => {
                json!({"identifier": identifier, "disputed": true, "ground": "姓名有误"})
            }
            "agency POST /api/v1/records/disputes/withdrawals" => {
                json!({"identifier": identifier, "ground": "报错有误"})
            }
            "agency POST /api/v1/records/proposals/declined" => {
                json!({"identifier": identifier, "action": "cancel", "ground": "经核实系同名"})
            }
            "agency POST /api/v1/holders/marks" => {
                json!({"holder": holder, "state": "deregistered", "ground": "迁出"})
            }
            "agency POST /api/v1/holders/links" | "agency POST /api/v1/holders/unlinks" => {
                let known = json!({"type": "111", "code": ZHOU});
                json!({"from": holder, "to": known, "kind": "same_person", "ground": "重号更正"})
            }
            "agency POST /api/v1/holders/directory" => json!({
                "type": "resident_id_card", "issuer": people::POLICE, "custody": "paper", "office": "城东派出所",
                "holders": [{"code_type": "111", "code": code, "name": "某人"}],
            }),
            _ => return None,
        };
        let headers = [("Authorization", self.bearer.as_str()), ("Content-Type", "application/json")];
        Some(self.server.send(&route.method, &route.path, &headers, body.to_string().as_bytes()))
    }

    fn page(&self, code: &str) -> Answer {
        let headers =
            [("Cookie", self.cookie.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let csrf = &self.csrf;
        let form = format!(
            "csrf={csrf}&code_type=111&number={code}&item=11190101MD100005004190101000902&reason=b&presence=typed"
        );
        self.server.send("POST", "/lookup", &headers, form.as_bytes())
    }
}

/// An ID card as an issuer sends it.
fn card(code: &str) -> Value {
    json!({
        "type": "resident_id_card", "issuer": people::POLICE, "issued_on": "2022-01-01", "valid_from": "2022-01-01",
        "holders": [{"code_type": "111", "code": code, "name": "某人"}], "valid_to": "2040-01-01",
        "face": {
            "name": "某人", "sex": if code.as_bytes()[16] % 2 == 1 { "1" } else { "2" }, "ethnic_group": "01",
            "birth_date": format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]), "address": "桃源路1号",
            "id_number": code, "issuing_authority": "示范市公安局城东分局", "valid_from": "2022-01-01",
            "valid_to": "2040-01-01",
        },
    })
}

/// Whether the answer, a page or a line of it says that the budget is spent.
fn spent(answer: &Answer) -> bool {
    let line: Value =
        answer.body.lines().next().and_then(|line| serde_json::from_str(line).ok()).unwrap_or_default();
    let told = line["code"] == "budget_spent" || answer.body.contains("budget_spent");
    told && (answer.status == 429 || line["status"] == 429)
}

/// An open proposal about a record, as the death of its holder would leave one.
fn propose_the_end_of(registry: &elicense::registry::Registry, identifier: &str) {
    let key = registry.store().vault().index().identifier_key(identifier);
    let key = registry.store().read_now(|reader| reader.record_key(&key)).unwrap().unwrap();
    let row = elicense::store::ProposalRow {
        issuer: people::POLICE.into(),
        at: 1,
        record_id: key.record_id.to_vec(),
        action: "cancel".into(),
        hk: key.holders[0].bytes().to_vec(),
        because: "11190000MD10009070011".into(),
        settled_at: None,
        settled_by: None,
    };
    registry.store().write_now(|writer| writer.propose(&row)).unwrap();
}

/// A caller with identifiers reads no more holders a day than one with numbers.
#[test]
fn every_address_that_reads_or_changes_a_holder_charges_the_budget() {
    let world = world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    items::load(registry);
    let everything = json!([
        {"types": "*", "fields": "whole", "purposes": "*"},
        {"types": "*", "fields": "whole", "purposes": ["audit"]},
    ]);
    let client = elicense::registry::NewClient {
        id: "one".into(),
        agency: people::POLICE.into(),
        name: "one".into(),
        scopes: elicense::policy::Scope::ALL.to_vec(),
        grants: serde_json::from_value(everything).unwrap(),
        budget: 1,
    };
    registry.put_client("test", &client, SECRET).unwrap();
    let account = elicense::registry::NewAccount {
        name: "one".into(),
        display: "测试窗口".into(),
        agency: people::POLICE.into(),
        budget: 1,
        ..elicense::registry::NewAccount::default()
    };
    registry.put_account("test", &account, "a-password-of-the-tests").unwrap();
    registry.refresh().unwrap();
    let issued = |code: &str, name: &str| {
        let card = elicense::registry::Submitted::Draft(people::id_card(code, name, "2021-01-01"));
        registry.issue(&operator(), &card).unwrap().identifier
    };
    let (own, other) = (issued(ZHOU, "周海燕"), issued(CHEN, "陈志远"));
    propose_the_end_of(registry, &own);
    let one = One::begin(server::start(registry.clone()));

    let (routes, open) = (routes::all(), listed(include_str!("open.txt")));
    let uncharged = listed(include_str!("uncharged.txt"));
    assert_eq!(stale(&uncharged, &routes), [""; 0], "on the list of addresses without a budget and no route");
    let charging: BTreeSet<&Route> = routes
        .iter()
        .filter(|route| !open.contains(&route.to_string()) && !uncharged.contains(&route.to_string()))
        .collect();
    // The one holder of the day, for the client and for the account.
    for route in ["agency POST /api/v1/lookups", "window POST /lookup"] {
        let route = charging.iter().find(|one| one.to_string() == route).unwrap();
        assert_eq!(one.ask(route, ZHOU, &own).unwrap().status, 200, "{route}");
    }
    let refused_about_chen = || {
        let (operator, page) = (operator(), AccessPage { limit: 100, ..AccessPage::default() });
        let viewer = Viewer::Office { actor: &operator, reason: "审计" };
        let holder = AskedHolder { code_type: "111".into(), code: CHEN.into() };
        let seen = run(registry.accesses_of_holder(viewer, &holder, &page)).unwrap();
        let refused = LineOutcome::CameTo(Outcome::Refused);
        seen.lines.iter().filter(|line| line.outcome == refused && line.agency == people::POLICE).count()
    };
    for route in &charging {
        let before = refused_about_chen();
        let answer = one.ask(route, CHEN, &other);
        let answer = answer.unwrap_or_else(|| panic!("{route}: charges the budget? Write its request here"));
        assert!(spent(&answer), "{route}: {answer:?}");
        assert!(refused_about_chen() > before, "the refusal stands on the list: {route}");
        let again = one.ask(route, ZHOU, &own).unwrap();
        assert!(!spent(&again), "the same holder again is free: {route} {again:?}");
    }
    assert!(charging.len() >= 15, "{charging:?}");
}
