//! Items: the engine alone, the check of a district's items, and an application with its log beside a lookup:
//! `cargo bench --bench items`. Bars stand in `benches/README.md`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a bench that cannot set itself up ends")]

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use elicense::catalog::district::District;
use elicense::catalog::items::{
    Attribute, FactValue, Intact, ItemDef, ItemRequest, PartyFacts, PrintedNames, RecordFact,
};
use elicense::catalog::{Catalog, CatalogParts, StatusState};
use elicense::cli::demo::steps::Step;
use elicense::cli::demo::{DemoData, SEED, fill};
use elicense::clock::{Clock, Day};
use elicense::identity::Regions;
use elicense::policy::{Actor, Client, Fields, Grant, Scope, Selection};
use elicense::registry::{ApplicationAsk, Ask, FoundingOptions, Opening, Registry};
use elicense::store::{DbUrl, Place};
use elicense::trust::MasterKey;
use serde_json::{Value, json};

/// 城东区人力资源和社会保障局, which carries the measured item out.
const AGENCY: &str = "11190101MD10000425";
const ITEM: &str = "11190101MD100004254190101000990";

/// An item of nine slots, five of one party and four of another: seven papers pulled, two questions.
fn item() -> ItemDef {
    let slot = |id: usize, role: &str, way: Value| {
        json!({
            "编号": id.to_string(), "当事人": role, "材料名称": format!("材料{id}"), "材料分类": "证照类", "材料必要性": "必要",
            "要求提供材料的依据": "测试依据", "办理方式": [way, {"方式": "申请人自备"}],
        })
    };
    let pulled = |slug: &str, fields: &[&str]| json!({"方式": "证照调取", "证照": slug, "字段": fields});
    let checked = |predicate: Value| json!({"方式": "数据核验", "核验": predicate});
    let card = || pulled("resident_id_card", &["name", "valid_to"]);
    let member = || pulled("household_member", &["name", "relation_to_head"]);
    let social = || pulled("social_security_card", &["name", "issued_on"]);
    let kin = || checked(json!({"内容": "人员关系", "关系": "同户", "对方": "乙"}));
    let driver = || checked(json!({"内容": "持有有效证照", "证照": "driving_licence"}));
    let (first, second) = ("甲", "乙");
    let slots = [
        (first, card()),
        (first, member()),
        (first, social()),
        (first, kin()),
        (first, driver()),
        (second, card()),
        (second, member()),
        (second, social()),
        (second, pulled("marriage_certificate", &["registered_on"])),
    ];
    let slots: Vec<Value> =
        slots.into_iter().enumerate().map(|(at, (role, way))| slot(at + 1, role, way)).collect();
    let party =
        |role: &str, code: &str| json!({"角色": role, "代码": code, "主体": "自然人", "最少": 1, "最多": 1});
    serde_json::from_value(json!({
        "事项名称": "测量用事项", "基本编码": "190101000990", "实施编码": ITEM, "版本": 1, "事项类型": "公共服务",
        "设定依据": ["测试依据"], "行使层级": "县级", "实施主体": AGENCY, "实施主体名称": "示范市城东区人力资源和社会保障局",
        "法定办结时限": {"数量": 5, "单位": "工作日"}, "承诺办结时限": {"数量": 1, "单位": "工作日"},
        "受理条件": ["测试"], "办件类型": "承诺件", "到现场次数": 1, "通办范围": "全市", "服务对象": ["自然人"],
        "收费": {"是否收费": false}, "审批结果名称": ["测试结果"], "计划生效日期": "2020-01-01",
        "当事人": [party(first, "first"), party(second, "second")], "材料": slots,
    }))
    .unwrap()
}

/// Facts of one party with a record of each type that the item asks for.
fn facts(role: &str, today: Day) -> PartyFacts {
    let record = |slug: &&str| RecordFact {
        slug: (*slug).to_owned(),
        identifier: format!("1.2.156.3005.2.{slug}"),
        on: today,
        intact: Intact::Yes,
        state: StatusState::Active,
        issued_on: today.plus_days(-400),
        valid_to: None,
        working_days_left: None,
        names: PrintedNames(BTreeMap::new()),
        members: ["name", "valid_to", "relation_to_head", "issued_on", "registered_on"]
            .map(str::to_owned)
            .into_iter()
            .collect(),
    };
    let slugs = [
        "driving_licence",
        "household_member",
        "marriage_certificate",
        "resident_id_card",
        "social_security_card",
    ];
    PartyFacts {
        role: role.to_owned(),
        name: "周海燕".to_owned(),
        attributes: BTreeMap::from([(Attribute::Age, FactValue::Number(38))]),
        records: slugs.iter().map(record).collect(),
        ..PartyFacts::default()
    }
}

fn alone(c: &mut Criterion) {
    let item = item();
    let today: Day = "2026-11-22".parse().unwrap();
    let request = ItemRequest {
        answers: BTreeMap::new(),
        dates: BTreeMap::new(),
        parties: vec![facts("first", today), facts("second", today)],
        today,
    };
    c.bench_function("engine: nine slots of two parties", |b| {
        b.iter(|| item.answer(black_box(&request)).unwrap())
    });
    let catalog = Catalog::build(CatalogParts::builtin().unwrap()).unwrap();
    let district = District::generate(SEED).unwrap();
    c.bench_function("check 343 items", |b| {
        b.iter(|| district.items.iter().filter(|item| item.check(black_box(&catalog)).is_ok()).count())
    });
}

/// A registry with the demo's people and the item.
fn filled(dir: &std::path::Path) -> (Registry, DemoData) {
    let data = dir.join("data");
    let place = Place { url: DbUrl::in_data_dir(&data), dir: data, point_hops: false };
    let regions = Regions::with(include_str!("../fixtures/regions.demo.tsv")).unwrap();
    let opening = Opening { place, master: MasterKey::from_bytes([7; 32]), clock: Clock::System, regions };
    let options = FoundingOptions {
        origin: "bench.invalid".into(),
        home: "190101".parse().unwrap(),
        nodes: vec!["main".into()],
        types: true,
    };
    let (registry, _) = Registry::found(opening, &options).unwrap();
    registry.start_cli_access().unwrap();
    let now = registry.now();
    let demo = DemoData::generate(SEED, now.day()).restate(now);
    fill::fill(&registry, &demo, &|_, _| {}).unwrap();
    registry.stop_access();
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    registry.load_items("bench", vec![item()]).unwrap();
    registry.refresh().unwrap();
    (registry, demo)
}

fn actor() -> Actor {
    let whole = Grant {
        types: Selection::All,
        fields: Fields::Whole,
        purposes: Selection::Named(BTreeSet::from([ITEM.to_owned()])),
    };
    let scopes = vec![Scope::Lookup, Scope::Apply];
    let client = Client {
        id: "bench".into(),
        agency: AGENCY.into(),
        name: "bench".into(),
        scopes: scopes.clone(),
        grants: vec![whole].into(),
        budget: 1_000_000,
        enabled: true,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes }
}

fn lookup_of(code: &str) -> Ask {
    serde_json::from_value(json!({
        "holder": {"type": "111", "code": code}, "purpose": {"item": ITEM, "reason": "测量"}, "receipt": "full",
    }))
    .unwrap()
}

/// An application beside a lookup of nine records: both in one process, one at a time, each waiting for its commit.
fn logged(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    let (registry, demo) = filled(dir.path());
    let actor = actor();
    let runtime = actix_web::rt::System::new();
    // As a serving process does: policy that is older than some seconds decides nothing.
    let fresh = registry.clone();
    std::thread::spawn(move || {
        while fresh.refresh().is_ok() {
            std::thread::sleep(Duration::from_millis(300));
        }
    });
    let records = |code: &str| {
        let prepared = lookup_of(code);
        let prepared = registry.prepare_lookup(&prepared).ok()?;
        let answer = runtime.block_on(registry.lookup(&actor, prepared)).ok()?;
        let answer: Value = serde_json::from_slice(&answer.body).ok()?;
        Some(answer["records"].as_array()?.len())
    };
    let people: BTreeSet<String> = demo
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Issue(draft) => {
                Some(draft.holders.iter().filter(|one| one.code_type == "111").map(|one| one.code.clone()))
            }
            _ => None,
        })
        .flatten()
        .collect();
    let nine = people.iter().find(|code| records(code) == Some(9)).unwrap().clone();
    let asked = lookup_of(&nine);
    c.bench_function("lookup of nine records, logged", |b| {
        b.iter(|| {
            let prepared = registry.prepare_lookup(&asked).unwrap();
            runtime.block_on(registry.lookup(&actor, prepared)).unwrap()
        })
    });
    let party = |role: &str, code: &str| json!({"role": role, "holder": {"type": "111", "code": code}});
    let parties = json!([party("first", "190101198803120021"), party("second", "190101198607250013")]);
    let ask = json!({"item": ITEM, "reason": "测量", "parties": parties, "receipt": "full"});
    let ask: ApplicationAsk = serde_json::from_value(ask).unwrap();
    let answer = runtime.block_on(registry.apply(&actor, &ask)).unwrap();
    let answer = serde_json::to_value(&answer).unwrap();
    let met = answer["slots"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|slot| slot["outcome"] == "pulled" || slot["outcome"] == "checked");
    assert!(met.count() >= 7, "most slots are met, so that papers go out: {answer:#}");
    c.bench_function("application of nine slots and two parties, logged", |b| {
        b.iter(|| {
            let answer = runtime.block_on(registry.apply(&actor, &ask)).unwrap();
            serde_json::to_vec(&answer).unwrap()
        })
    });
}

criterion_group! {
    name = items;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
        .sample_size(30);
    targets = alone, logged
}
criterion_main!(items);
