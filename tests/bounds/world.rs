//! A registry with a holder of many records and a record of many events, and whoever asks.

use std::collections::BTreeMap;

use elicense::policy::Scope;
use elicense::registry::{DisputeCommand, Draft, NewAccount, NewClient, Submitted};
use serde_json::{Value, json};

use crate::common::items;
use crate::common::people::{self, POLICE, ZHOU};
use crate::common::server::{self, SECRET, TestServer};
use crate::common::{World, operator};

/// Records of the holder of many: more than two pages.
pub const RECORDS: usize = 150;
/// Objections opened and settled on one of them.
const EVENTS: usize = 240;
/// The largest attachment, a digest of zeros of it.
pub const FILE: usize = 8 * 1024 * 1024;

pub struct Up {
    pub doors: BTreeMap<&'static str, TestServer>,
    _guard: TestServer,
    pub world: World,
    /// May do everything, sees everything.
    pub bearer: String,
    /// Sees some fields: every record is taken apart.
    pub limited: String,
    pub cookie: String,
    pub csrf: String,
    /// The record of many events.
    pub identifier: String,
    /// Its envelope.
    pub envelope: String,
    pub receipt: Value,
    /// The address of an asset of the pages.
    pub asset: String,
}

/// A marriage certificate with as many files as a record has: an envelope of ten kilobytes.
pub fn large(number: usize) -> Draft {
    let mut draft = people::marriage(&format!("J190101-2015-{number:06}"));
    let file = |place: usize| {
        let name = format!("附件{place}");
        json!({"media_type": "image/jpeg", "name": name, "sha256": format!("{place:064x}"), "size": 1000})
    };
    draft.attachments = serde_json::from_value((0..64).map(file).collect()).unwrap();
    draft
}

pub fn up(world: World) -> Up {
    let registry = &world.registry;
    people::settle(registry);
    items::load(registry);
    items::load_bundle(registry);
    registry.start_cli_access().unwrap();
    let identifier = fill(&world);
    registry.stop_access();
    askers(&world);
    registry.refresh().unwrap();
    let (guard, doors) = server::start_apart(registry.clone());
    let bearer = format!("Bearer {}", doors["agency"].token("bounds", SECRET));
    let limited = format!("Bearer {}", doors["agency"].token("limited", SECRET));
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let signed =
        doors["window"].send("POST", "/sign-in", &form, b"name=bounds&password=a-password-of-the-tests");
    let cookie = signed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let first = doors["window"].send("GET", "/", &[("Cookie", &cookie)], b"");
    let csrf =
        first.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let ask = json!({"holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "audit", "article": "审计法第三十四条", "reason": "审计"}});
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let shown = doors["agency"].send("POST", "/api/v1/lookups", &headers, ask.to_string().as_bytes()).json();
    let envelope = shown["records"][0]["envelope"].as_str().unwrap().to_owned();
    let receipt = shown["receipt"].clone();
    let asset =
        format!("/assets/{}", first.body.split("/assets/").nth(1).unwrap().split('"').next().unwrap());
    Up { doors, _guard: guard, bearer, limited, cookie, csrf, identifier, envelope, receipt, asset, world }
}

/// The records and events; gives the identifier of the record of many events.
fn fill(world: &World) -> String {
    let registry = &world.registry;
    let issue = |draft| {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
    };
    let identifier = issue(large(0));
    (1..RECORDS).for_each(|number| drop(issue(large(number))));
    for disputed in [true, false].into_iter().cycle().take(EVENTS) {
        let command = DisputeCommand {
            identifier: identifier.clone(),
            disputed,
            ground: "本人提出异议".repeat(20),
            agency: Some(POLICE.into()),
        };
        registry.refresh().unwrap();
        registry.dispute(&operator(), &command, None).unwrap();
    }
    identifier
}

fn askers(world: &World) {
    let registry = &world.registry;
    let everything = json!([
        {"types": "*", "fields": "whole", "purposes": "*"}, {"types": "*", "fields": "whole", "purposes": ["audit"]},
    ]);
    let some =
        json!([{"types": "*", "fields": ["registered_on", "holders", "spouses"], "purposes": ["audit"]}]);
    for (id, grants) in [("bounds", &everything), ("limited", &some)] {
        let client = NewClient {
            id: id.into(),
            agency: POLICE.into(),
            name: id.into(),
            scopes: Scope::ALL.to_vec(),
            grants: serde_json::from_value(grants.clone()).unwrap(),
            budget: 100_000,
        };
        registry.put_client("test", &client, SECRET).unwrap();
    }
    let clerk = NewAccount {
        name: "bounds".into(),
        display: "测试窗口".into(),
        agency: POLICE.into(),
        budget: 100_000,
        ..NewAccount::default()
    };
    registry.put_account("test", &clerk, "a-password-of-the-tests").unwrap();
}
