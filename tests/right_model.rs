//! Nothing is shown that no slot asks (practice R10), held against the rules written a second time: item, caller, role and
//! presence by chance, and every way by which fields of a record go out.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use common::{Backend, World, callers, items, operator, run};
use elicense::error::Error;
use elicense::policy::{Actor, Grant, Scope, StaffRole};
use elicense::registry::{NewAccount, Registry, Submitted};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

const TYPES: [(&str, &[&str]); 2] = [
    ("resident_id_card", &["name", "sex", "birth_date", "address", "id_number", "valid_to"]),
    ("social_security_card", &["name", "social_security_no", "card_no", "bank", "valid_to", "status"]),
];
const READER: &str = "周海燕|女|汉|19880312|示范省示范市城东区桃源路1号|190101198803120021|示范市公安局城东分局|20210101|20400101";
/// What stands for somebody whose number was typed, where the item says nothing else.
const TYPED: [&str; 4] = ["name", "valid_from", "valid_to", "status"];

/// A slot: its role, and for its type the fields, and those for a number that was typed.
#[derive(Debug, Clone)]
struct Slot {
    guardian: bool,
    slug: usize,
    fields: BTreeSet<usize>,
    typed: Option<BTreeSet<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Who {
    Client,
    Clerk,
    Reviewer,
    Supervisor,
    /// Clerk and supervisor in one.
    Both,
}

/// What the grants of a caller say.
#[derive(Debug, Clone)]
enum Given {
    Nothing,
    Wide,
    /// Fields of a type, for the item by its code or for everything.
    Fields {
        slug: usize,
        fields: BTreeSet<usize>,
        by_code: bool,
    },
    Receives,
}

#[derive(Debug, Clone)]
struct Case {
    slots: Vec<Slot>,
    who: Who,
    runs: bool,
    given: Vec<Given>,
    guardian: bool,
    presence: &'static str,
}

fn fields() -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0_usize..6, 1..5)
}

fn case() -> impl Strategy<Value = Case> {
    let slot = (any::<bool>(), 0_usize..2, fields(), proptest::option::of(fields())).prop_map(
        |(guardian, slug, fields, typed)| {
            // An item names for a typed number some of what it names at all.
            let typed = typed.map(|typed| typed.intersection(&fields).copied().collect());
            Slot { guardian, slug, fields, typed }
        },
    );
    let given = prop_oneof![
        Just(Given::Nothing),
        Just(Given::Wide),
        (0_usize..2, fields(), any::<bool>()).prop_map(|(slug, fields, by_code)| Given::Fields {
            slug,
            fields,
            by_code
        }),
        Just(Given::Receives),
    ];
    let who = prop_oneof![
        3 => Just(Who::Client), 2 => Just(Who::Clerk), 1 => Just(Who::Reviewer), 1 => Just(Who::Supervisor), 1 => Just(Who::Both),
    ];
    let presence = prop_oneof![Just("card_read"), Just("typed"), Just("on_behalf_by_duty")];
    (
        proptest::collection::vec(slot, 1..5),
        who,
        any::<bool>(),
        proptest::collection::vec(given, 0..3),
        any::<bool>(),
        presence,
    )
        .prop_map(|(slots, who, runs, given, guardian, presence)| Case {
            slots,
            who,
            runs,
            given,
            guardian,
            presence,
        })
}

fn names(slug: usize, fields: &BTreeSet<usize>) -> BTreeSet<String> {
    fields.iter().map(|at| TYPES[slug].1[*at].to_owned()).collect()
}

/// What goes out of each type, by the rules as the text has them; none where the item is not the caller's to name.
fn due(case: &Case) -> Option<BTreeMap<&'static str, BTreeSet<String>>> {
    let receives = case.given.iter().any(|given| matches!(given, Given::Receives));
    let by_code = case.given.iter().any(|given| matches!(given, Given::Fields { by_code: true, .. }));
    let (named, narrowed) = match case.who {
        Who::Supervisor => (false, false),
        Who::Client => (case.runs || receives || by_code, !receives),
        _ => (case.runs || receives, false),
    };
    if !named {
        return None;
    }
    let mut shown: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for slot in case.slots.iter().filter(|slot| slot.guardian == case.guardian) {
        let all = names(slot.slug, &slot.fields);
        let seen = case.presence == "card_read";
        let out: BTreeSet<String> = match &slot.typed {
            _ if seen => all,
            Some(typed) => names(slot.slug, typed),
            None => all.into_iter().filter(|name| TYPED.contains(&name.as_str())).collect(),
        };
        shown.entry(TYPES[slot.slug].0).or_default().extend(out);
    }
    if narrowed {
        let wide = case.given.iter().any(|given| matches!(given, Given::Wide));
        for (slug, (name, _)) in TYPES.iter().enumerate() {
            let own = case.given.iter().filter_map(|given| match given {
                Given::Fields { slug: of, fields, .. } if *of == slug => Some(names(slug, fields)),
                _ => None,
            });
            let own: Vec<BTreeSet<String>> = own.collect();
            match (wide, own.is_empty()) {
                (true, _) => {}
                (false, true) => drop(shown.remove(name)),
                (false, false) => {
                    let given: BTreeSet<String> = own.concat_sets();
                    if let Some(fields) = shown.get_mut(name) {
                        fields.retain(|field| given.contains(field));
                    }
                }
            }
        }
    }
    (!shown.is_empty()).then_some(shown)
}

trait ConcatSets {
    fn concat_sets(self) -> BTreeSet<String>;
}

impl ConcatSets for Vec<BTreeSet<String>> {
    fn concat_sets(self) -> BTreeSet<String> {
        self.into_iter().flatten().collect()
    }
}

/// The item of a case, under a code of its own.
fn load(registry: &Registry, number: u32, case: &Case) -> String {
    let base = format!("19010100{number:04}");
    let def = items::named(&base, &format!("事项{number}"));
    let code = def.code.clone();
    let mut item = serde_json::to_value(def).unwrap();
    let guardian = json!({"角色": "监护人", "代码": "guardian", "主体": "自然人", "最少": 0, "最多": 1});
    item["当事人"][0]["最少"] = 0.into();
    item["当事人"].as_array_mut().unwrap().push(guardian);
    let slots = case.slots.iter().enumerate().map(|(at, slot)| {
        let mut way =
            json!({"方式": "证照调取", "证照": TYPES[slot.slug].0, "字段": names(slot.slug, &slot.fields)});
        if let Some(typed) = &slot.typed {
            way["手工录入字段"] = json!(names(slot.slug, typed));
        }
        json!({
            "编号": format!("slot{at}"), "当事人": if slot.guardian { "监护人" } else { "申请人" },
            "材料名称": format!("材料{at}"), "材料分类": "证照类", "材料必要性": "必要",
            "要求提供材料的依据": "测试依据", "办理方式": [way, {"方式": "申请人自备"}],
        })
    });
    item["材料"] = slots.collect();
    registry.load_items("test", vec![serde_json::from_value(item).unwrap()]).unwrap();
    registry.refresh().unwrap();
    code
}

fn caller(registry: &Registry, number: u32, code: &str, case: &Case) -> Actor {
    let agency = if case.runs { POLICE } else { MARKET };
    let staff = case.who != Who::Client;
    let grants = case.given.iter().filter_map(|given| {
        Some(match given {
            Given::Receives => json!({"types": [], "fields": [], "purposes": [code]}),
            // Staff are given none of these where there are items.
            _ if staff => return None,
            Given::Nothing => return None,
            Given::Wide => json!({"types": "*", "fields": "whole", "purposes": "*"}),
            Given::Fields { slug, fields, by_code } => json!({
                "types": [TYPES[*slug].0], "fields": names(*slug, fields),
                "purposes": if *by_code { json!([code]) } else { json!("*") },
            }),
        })
    });
    let grants: Vec<Grant> = serde_json::from_value(grants.collect()).unwrap();
    if !staff {
        let grants = elicense_grants(registry, &grants);
        return callers::client("office")
            .agency(agency)
            .scopes(&[Scope::Lookup, Scope::Apply, Scope::Attachment])
            .grants(grants)
            .actor();
    }
    let roles = match case.who {
        Who::Clerk | Who::Client => vec![StaffRole::Clerk],
        Who::Reviewer => vec![StaffRole::Reviewer],
        Who::Supervisor => vec![StaffRole::Supervisor],
        Who::Both => vec![StaffRole::Clerk, StaffRole::Supervisor],
    };
    let (name, display) = (format!("staff-{number}"), "窗口".to_owned());
    let new = NewAccount {
        name: name.clone(),
        display,
        agency: agency.into(),
        roles,
        grants,
        ..NewAccount::default()
    };
    registry.put_account("test", &new, "a-password-of-the-tests").unwrap();
    Actor::Account(Arc::new(registry.account(&name).unwrap().unwrap()))
}

/// Grants with types by their codes, as a client has them.
fn elicense_grants(registry: &Registry, grants: &[Grant]) -> Vec<Grant> {
    let catalog = &registry.snapshot().catalog;
    let mut text = serde_json::to_string(grants).unwrap();
    for (slug, _) in TYPES {
        let code = &catalog.type_by_slug(slug).unwrap().def().code;
        text = text.replace(&format!("\"{slug}\""), &format!("\"{code}\""));
    }
    serde_json::from_str(&text).unwrap()
}

/// The fields of each record of an answer, by type.
fn faces<'a>(records: impl Iterator<Item = &'a Value>) -> BTreeMap<&'static str, BTreeSet<String>> {
    let mut shown: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
    for record in records {
        assert!(record["envelope"].is_null(), "{record}");
        let (slug, _) = TYPES.iter().find(|(slug, _)| record["slug"] == *slug).unwrap();
        let face = record["extract"]["face"].as_object().into_iter().flatten();
        shown.entry(slug).or_default().extend(face.map(|(name, _)| name.clone()));
    }
    shown
}

fn purpose(code: &str, case: &Case) -> Value {
    let role = if case.guardian { "guardian" } else { "applicant" };
    let mut purpose = json!({"item": code, "reason": "窗口办理", "role": role, "presence": case.presence});
    if case.presence == "card_read" {
        purpose["reader"] = READER.into();
        purpose["name"] = "周海燕".into();
    }
    purpose
}

fn looked(registry: &Registry, actor: &Actor, purpose: &Value) -> Result<Value, Error> {
    let ask = json!({"holder": {"type": "111", "code": ZHOU}, "purpose": purpose});
    let ask = serde_json::from_value(ask).unwrap();
    let answered = run(registry.lookup(actor, registry.prepare_lookup(&ask)?))?;
    Ok(serde_json::from_slice(&answered.body).unwrap())
}

fn applied(registry: &Registry, actor: &Actor, code: &str, case: &Case) -> Option<Value> {
    let mut party = json!({"role": if case.guardian { "guardian" } else { "applicant" },
        "holder": {"type": "111", "code": ZHOU}, "presence": case.presence});
    if case.presence == "card_read" {
        party["reader"] = READER.into();
        party["name"] = "周海燕".into();
    }
    let ask = json!({"item": code, "reason": "窗口办理", "parties": [party]});
    let answer = run(registry.apply(actor, &serde_json::from_value(ask).unwrap()));
    answer.ok().map(|answer| serde_json::to_value(answer).unwrap())
}

fn holds(registry: &Registry, cards: &[String], number: u32, case: &Case) {
    let code = load(registry, number, case);
    let actor = caller(registry, number, &code, case);
    registry.refresh().unwrap();
    let purpose = purpose(&code, case);
    let due = due(case);
    let answer = looked(registry, &actor, &purpose);
    let shown = answer.as_ref().ok().map(|answer| faces(answer["records"].as_array().unwrap().iter()));
    assert_eq!(shown, due, "{:?}", answer.map_err(|error| error.rule));
    // The list names no type that the lookup does not show.
    let list = json!({"holder": {"type": "111", "code": ZHOU}, "purpose": purpose});
    let listed = run(registry.directory(&actor, &serde_json::from_value(list).unwrap())).ok();
    let listed = listed.map(|list| {
        let list = serde_json::to_value(list.entries).unwrap();
        let of = list.as_array().unwrap().iter().map(|line| line["type"].as_str().unwrap().to_owned());
        of.collect::<BTreeSet<String>>().len()
    });
    assert_eq!(listed, due.as_ref().map(BTreeMap::len));
    // No slot asks for a whole record: no history with envelopes, and no file.
    let plain = json!({"item": code, "reason": "窗口办理", "role": purpose["role"]});
    for card in cards {
        let ask = json!({"identifier": card, "purpose": plain});
        if let Ok(history) = run(registry.history(&actor, &serde_json::from_value(ask.clone()).unwrap())) {
            let versions = serde_json::to_value(&history.versions).unwrap();
            assert!(
                versions.as_array().unwrap().iter().all(|version| version["envelope"].is_null()),
                "{versions}"
            );
        }
        let mut file = ask;
        file["sha256"] = "0".repeat(64).into();
        let refused = run(registry.attachment(&actor, &serde_json::from_value(file).unwrap())).err().unwrap();
        assert_ne!(refused.code, elicense::error::Code::NotFound, "policy speaks first: {refused:?}");
    }
    // An application is for whoever carries the item out or receives it, and shows no more of a slot than it names.
    let receives = case.given.iter().any(|given| matches!(given, Given::Receives));
    let application = applied(registry, &actor, &code, case);
    assert_eq!(application.is_some(), (case.runs || receives) && case.who != Who::Supervisor);
    for slot in application.iter().flat_map(|answer| answer["slots"].as_array().unwrap()) {
        let at: usize = slot["slot"].as_str().unwrap()[4..].parse().unwrap();
        let alone = Case { slots: vec![case.slots[at].clone()], who: Who::Clerk, runs: true, ..case.clone() };
        let records = slot["records"].as_array().map(|records| records.iter()).into_iter().flatten();
        let shown = faces(records);
        for (slug, fields) in &shown {
            let allowed = self::due(&alone).unwrap_or_default();
            assert!(fields.is_subset(allowed.get(slug).unwrap_or(&BTreeSet::new())), "{slot}");
        }
    }
}

#[test]
fn r10_nothing_is_shown_that_no_slot_asks() {
    let world: World = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    let mut cards = Vec::new();
    for draft in [
        people::id_card(ZHOU, "周海燕", "2021-01-01"),
        people::social_card(ZHOU, "周海燕"),
        people::id_card(CHEN, "陈志远", "2021-01-01"),
    ] {
        cards.push(registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier);
    }
    cards.pop();
    let number = std::cell::Cell::new(1);
    let config = Config { cases: 120, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&case(), |case| {
            number.set(number.get() + 1);
            holds(registry, &cards, number.get(), &case);
            Ok(())
        })
        .unwrap();
}
