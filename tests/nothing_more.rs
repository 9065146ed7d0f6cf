//! Every item of the district over the people of the demo, with answers and parties at random: nothing goes out of
//! anybody that no slot asks for. The rule is written a second time here, from the files of the items and the envelopes.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "tests")]

mod common;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::model::Dice;
use common::{Backend, callers, operator, run, world};
use elicense::cli::demo::{DemoData, SEED, fill};
use elicense::error::Code;
use elicense::policy::{Actor, Scope};
use elicense::registry::{ApplicationAsk, Ask, FsckOptions, Registry};
use serde_json::{Value, json};

const PEOPLE: [&str; 8] = [
    "190101198803120021",
    "190101198607250013",
    "190101201605060018",
    "190101194402150029",
    "190104199006300066",
    "190102197911020011",
    "190102199209080048",
    "190104200403170053",
];
const COMPANIES: [&str; 2] = ["92190101MD1000034Y", "91190101MD1000018C"];
/// Applications for each item.
const ROUNDS: usize = 3;

/// Every text of a face that could tell something: long enough not to stand somewhere else by chance.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) if text.chars().count() >= 6 => drop(found.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        _ => {}
    }
}

/// The faces of everything on file of somebody, by slug, as an operator reads the envelopes.
fn faces(registry: &Registry, holder: &Value) -> Vec<(String, Value)> {
    registry.refresh().unwrap();
    let purpose = json!({"item": "audit", "article": "测试依据", "reason": "核对"});
    let ask: Ask = serde_json::from_value(json!({"holder": holder, "purpose": purpose})).unwrap();
    let prepared = registry.prepare_lookup(&ask).unwrap();
    let answer = run(registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    let records = answer["records"].as_array().unwrap().iter();
    let face = |record: &Value| {
        let envelope = record["envelope"].as_str()?;
        let payload = URL_SAFE_NO_PAD.decode(envelope.split('.').nth(1)?).unwrap();
        let payload: Value = serde_json::from_slice(&payload).unwrap();
        Some((record["slug"].as_str()?.to_owned(), payload["face"].clone()))
    };
    records.filter_map(face).collect()
}

/// What one slot may show of a face: the fields that its file names for that type.
fn allowed(item: &Value, slot: &str, slug: &str) -> BTreeSet<String> {
    let slots = item["材料"].as_array().unwrap();
    let ways = slots.iter().find(|one| one["编号"] == slot).unwrap()["办理方式"].as_array().unwrap();
    let own = ways.iter().filter(|way| way["方式"] == "证照调取" && way["证照"] == slug);
    own.flat_map(|way| way["字段"].as_array().unwrap())
        .map(|field| field.as_str().unwrap().to_owned())
        .collect()
}

struct Case {
    ask: Value,
    holders: Vec<Value>,
}

/// Parties as the item wants them, and an answer to every question.
fn case(item: &Value, dice: &mut Dice) -> Case {
    let (mut parties, mut holders) = (Vec::new(), Vec::new());
    for role in item["当事人"].as_array().unwrap() {
        let (least, most) = (role["最少"].as_u64().unwrap(), role["最多"].as_u64().unwrap());
        let further = parties.is_empty() || dice.roll(2) == 0;
        let count = if least < most && further { least + 1 } else { least };
        let (all, code_type): (&[&str], _) =
            if role["主体"] == "自然人" { (&PEOPLE, "111") } else { (&COMPANIES, "001") };
        let first = dice.roll(all.len());
        for place in 0..usize::try_from(count).unwrap().min(all.len()) {
            let holder = json!({"type": code_type, "code": all[(first + place) % all.len()]});
            parties.push(json!({"role": role["代码"], "holder": holder}));
            holders.push(holder);
        }
    }
    let mut answers = serde_json::Map::new();
    for question in item["情形"].as_array().unwrap_or(&Vec::new()) {
        let options = question["选项"].as_array().unwrap();
        let option = &options[dice.roll(options.len())]["选项"];
        answers.insert(question["名称"].as_str().unwrap().to_owned(), option.clone());
    }
    let ask = json!({"item": item["实施编码"], "reason": "窗口办理", "parties": parties, "answers": answers});
    Case { ask, holders }
}

fn client(agency: &str) -> Actor {
    callers::client("office")
        .agency(agency)
        .scopes(&[Scope::Apply])
        .grants(Vec::new())
        .budget(1_000_000)
        .actor()
}

/// Checks one answer; how many papers it showed.
fn hold(registry: &Registry, item: &Value, case: &Case, answer: &Value) -> usize {
    let (mut shown, mut may) = (0, BTreeSet::new());
    for slot in answer["slots"].as_array().unwrap() {
        let records = slot["records"].as_array().cloned().unwrap_or_default();
        assert!(records.is_empty() || slot["outcome"] == "pulled", "{slot}");
        for record in &records {
            assert!(record["envelope"].is_null(), "an envelope went out: {slot}");
            let fields = allowed(item, slot["slot"].as_str().unwrap(), record["slug"].as_str().unwrap());
            for (field, value) in record["extract"]["face"].as_object().unwrap() {
                assert!(fields.contains(field), "{field} of {}: {slot}", record["slug"]);
                texts(value, &mut may);
            }
            // The days of a record stand beside its verdict.
            let days = ["valid_from", "valid_to", "as_of"].map(|name| &record[name]);
            days.into_iter().chain([&record["extract"]["issued_on"]]).for_each(|day| texts(day, &mut may));
            shown += 1;
        }
    }
    // Coverage speaks of regions and receipts of logs; names of agencies, items and types stand in every answer.
    let mut told = answer.clone();
    for slot in told["slots"].as_array_mut().unwrap() {
        slot["tried"].as_array_mut().unwrap().iter_mut().for_each(|way| way["absence"] = Value::Null);
    }
    told["parties"].as_array_mut().unwrap().iter_mut().for_each(|party| party["receipt"] = Value::Null);
    let told = told.to_string();
    let item_text = item.to_string();
    for holder in &case.holders {
        let code = holder["code"].as_str().unwrap();
        assert!(!told.contains(code), "a number: {told}");
        for (slug, face) in faces(registry, holder) {
            let mut all = BTreeSet::new();
            texts(&face, &mut all);
            for text in all {
                let known = may.iter().any(|shown| shown.contains(&text)) || item_text.contains(&text);
                let of_answer =
                    registry.snapshot().catalog.issuers().agencies().all().iter().any(|one| one.name == text);
                assert!(known || of_answer || !told.contains(&text), "{slug} tells {text}: {told}");
            }
        }
    }
    shown
}

#[test]
fn i4_nothing_is_shown_that_no_slot_asks_for() {
    let world = world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    let data = DemoData::generate(SEED, registry.now().day());
    registry.start_cli_access().unwrap();
    fill::fill(registry, &data, &|_, _| ()).unwrap();
    registry.refresh().unwrap();
    let mut dice = Dice(7);
    let (mut shown, mut refused) = (0, 0);
    for item in &data.items {
        let written = serde_json::to_value(item).unwrap();
        for _ in 0..ROUNDS {
            let case = case(&written, &mut dice);
            let ask: ApplicationAsk = serde_json::from_value(case.ask.clone()).unwrap();
            registry.refresh().unwrap();
            let answer = run(registry.apply(&client(&item.agency), &ask)).unwrap();
            shown += hold(registry, &written, &case, &serde_json::to_value(answer).unwrap());
            // Any other office hears nothing at all.
            let other =
                if item.agency == "11190101MD10000425" { "11190101MD10000500" } else { "11190101MD10000425" };
            let told = run(registry.apply(&client(other), &ask)).map(drop).unwrap_err();
            assert_eq!(told.code, Code::Forbidden);
            refused += 1;
        }
    }
    assert!(shown > 20 && refused == data.items.len() * ROUNDS, "{shown} {refused}");
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}
