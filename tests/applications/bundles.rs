//! Bundles (一件事): several items with one list of questions and one of materials, for whoever may ask for each.

use elicense::catalog::bundles::BundleDef;
use elicense::error::{Code, Error};
use elicense::policy::{Actor, Scope};
use elicense::record::access::Outcome;
use elicense::record::{Digest, canonical};
use elicense::registry::{ApplicationAsk, FsckOptions, Registry};
use elicense::rule::Rule;
use serde_json::{Value, json};

use crate::common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU};
use crate::common::{World, callers, operator, run};
use crate::presence::mandate;
use crate::{ITEM, issue, lines, party, ready};

const SECOND: &str = "11190101MD100005004190101000903";

/// An item of the police that wants the same card, with other fields of it, and what the first item gives.
fn second() -> Value {
    let mut item = crate::item();
    item["事项名称"] = "第二事项".into();
    item["基本编码"] = "190101000903".into();
    item["实施编码"] = SECOND.into();
    item["实施主体"] = POLICE.into();
    item["当事人"][1] =
        json!({"角色": "店铺", "代码": "shop", "主体": "法人或其他组织", "最少": 0, "最多": 1});
    item["当事人"].as_array_mut().unwrap().truncate(2);
    for member in ["情形", "基准日"] {
        item.as_object_mut().unwrap().remove(member);
    }
    let mut card = item["材料"][0].clone();
    card["办理方式"][0]["字段"] = json!(["name", "sex"]);
    let mut licence = item["材料"][3].clone();
    licence["编号"] = "licence".into();
    licence["当事人"] = "店铺".into();
    licence["办理方式"][0]["要求"] = json!({});
    let mut form = item["材料"][5].clone();
    form["编号"] = "form".into();
    form.as_object_mut().unwrap().remove("适用情形");
    item["材料"] = json!([card, licence, form]);
    item
}

fn bundle() -> Value {
    json!({
        "一件事名称": "测试一件事", "编号": "shop", "版本": 1, "牵头机构": "城东区市场监督管理局",
        "当事人": [
            {"角色": "经营者", "代码": "owner", "主体": "自然人", "最少": 1, "最多": 1},
            {"角色": "配偶", "代码": "spouse", "主体": "自然人", "最少": 1, "最多": 1},
            {"角色": "企业", "代码": "entity", "主体": "法人或其他组织", "最少": 0, "最多": 1},
        ],
        "情形": [{"名称": "全办", "提问": "第二事项也办吗?", "选项": [{"选项": "是"}, {"选项": "否"}]}],
        "事项": [
            {"实施编码": ITEM, "当事人": {"申请人": "经营者", "配偶": "配偶", "企业": "企业"}},
            {"实施编码": SECOND, "当事人": {"申请人": "经营者", "店铺": "企业"}, "适用情形": "全办 = 「是」"},
        ],
        "结果衔接": [{"事项": ITEM, "结果": "测试结果", "证照": "business_licence",
                      "用于": [{"事项": SECOND, "材料": "licence"}]}],
    })
}

fn load(registry: &Registry, bundle: Value) -> Result<(), Error> {
    registry.refresh().unwrap();
    registry.load_bundles("test", vec![serde_json::from_value(bundle).unwrap()]).map(drop)
}

fn settled(world: &World) {
    ready(world);
    world.registry.load_items("test", vec![serde_json::from_value(second()).unwrap()]).unwrap();
    load(&world.registry, bundle()).unwrap();
    issue(&world.registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
}

/// An office with these receiving grants, beside what its agency carries out.
fn office(agency: &str, receives: &[&str]) -> Actor {
    let grants = match receives {
        [] => json!([]),
        some => json!([{"types": [], "fields": [], "purposes": some}]),
    };
    let grants = serde_json::from_value(grants).unwrap();
    callers::client("office").agency(agency).scopes(&[Scope::Apply]).grants(grants).actor()
}

/// The market office carries the first item out and receives the second.
fn market() -> Actor {
    office(MARKET, &[SECOND])
}

/// The card of the owner was read; nobody has seen the others.
fn everybody() -> Value {
    let mut owner = party("owner", ZHOU);
    owner["presence"] = "card_read".into();
    owner["name"] = "周海燕".into();
    owner["reader"] = format!(
        "周海燕|女|汉|19880312|示范省示范市城东区桃源路1号|{ZHOU}|示范市公安局城东分局|20210101|20400101"
    )
    .into();
    json!([owner, party("spouse", CHEN), party("entity", COMPANY)])
}

fn asked(more: Value) -> ApplicationAsk {
    let mut ask =
        json!({"bundle": "shop", "parties": everybody(), "reason": "窗口办理", "answers": {"全办": "是"}});
    ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(ask).unwrap()
}

fn apply(registry: &Registry, actor: &Actor, more: Value) -> Result<Value, Error> {
    registry.refresh().unwrap();
    run(registry.apply(actor, &asked(more))).map(|answer| serde_json::to_value(answer).unwrap())
}

fn slot<'a>(answer: &'a Value, item: usize, id: &str) -> &'a Value {
    answer["items"][item]["slots"].as_array().unwrap().iter().find(|slot| slot["slot"] == id).unwrap()
}

fn face(slot: &Value) -> Vec<String> {
    let face = slot["records"][0]["extract"]["face"].as_object().unwrap();
    face.keys().cloned().collect()
}

/// The access entry behind a party's receipt.
fn entry(party: &Value) -> Value {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let entry = URL_SAFE_NO_PAD.decode(party["receipt"]["entry"].as_str().unwrap()).unwrap();
    serde_json::from_slice(&entry).unwrap()
}

pub fn a_bundle_has_one_list_and_each_item_its_own_conclusion(world: World) {
    settled(&world);
    let registry = &world.registry;
    let answer = apply(registry, &market(), json!({})).unwrap();
    // 4 of the first item (and one that waits for a day), 3 of the second; the card once, the licence comes from the first.
    assert_eq!(answer["text"], "2 个事项 · 原需 7 份材料 · 现需 5 份;另有 1 份待补充情形后确定");
    let count = json!({"items": 2, "before": 7, "now": 5, "bring": 4, "undecided": 1});
    assert_eq!(answer["count"], count);
    let materials: Vec<_> = answer["materials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let uses = one["uses"].as_array().unwrap().len();
            (
                one["name"].as_str().unwrap(),
                one["outcome"].as_str().unwrap(),
                one["party"].as_u64().unwrap(),
                uses,
            )
        })
        .collect();
    assert_eq!(
        materials,
        [
            ("card", "pulled", 0, 2),
            ("spouse", "by_applicant", 0, 1),
            ("parent", "by_applicant", 0, 1),
            ("closed", "by_applicant", 2, 1),
            ("closed", "fed", 2, 1),
            ("elder", "by_applicant", 0, 1),
        ]
    );
    let fed = &answer["materials"][4]["fed_by"];
    assert_eq!(*fed, json!({"item": ITEM, "name": "测试事项", "result": "测试结果"}));
    // Each item shows the fields of its own slots.
    assert_eq!(face(slot(&answer, 0, "card")), ["name", "valid_to"]);
    assert_eq!(face(slot(&answer, 1, "card")), ["name", "sex"]);
    assert_eq!(answer["items"][0]["text"], "本事项 4 份材料，您需带 3 份；另有 1 份待补充情形后确定");
    assert_eq!(answer["items"][1]["text"], "本事项 3 份材料，您需带 1 份");
    assert_eq!(
        slot(&answer, 1, "licence")["tried"],
        json!([]),
        "nobody is asked for what the first item gives"
    );
    // The bundle's own question first, then those of the items, each once.
    let questions: Vec<_> = answer["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["answered_by"].as_str().unwrap()))
        .collect();
    assert_eq!(questions, [("全办", "applicant"), ("年龄段", "facts")]);
    let text = answer.to_string();
    for hidden in ["桃源路", ZHOU, CHEN] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    // One access a party, which names the bundle and each item of which something was told.
    let (first, then) = (format!("{ITEM}@1"), format!("{SECOND}@1"));
    let both = json!([first, then]);
    let entries: Vec<Value> = answer["parties"].as_array().unwrap().iter().map(entry).collect();
    let told: Vec<_> = entries.iter().map(|one| (&one["bundle"], &one["item"], &one["items"])).collect();
    let of = (&json!("shop@1"), &Value::Null);
    assert_eq!(told, [(of.0, of.1, &both), (of.0, of.1, &Value::Null), (of.0, of.1, &both)]);
    assert_eq!(entries[0]["slots"], json!({"0.card": ["name", "valid_to"], "1.card": ["name", "sex"]}));
    let seen = lines(registry, ZHOU, Outcome::Applied);
    let named: Vec<_> = seen[0].items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!((seen.len(), seen[0].bundle_name.as_deref()), (1, Some("测试一件事")));
    assert_eq!(named, ["测试事项", "第二事项"]);
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

pub fn the_questions_of_a_bundle_decide_which_items_there_are(world: World) {
    settled(&world);
    let registry = &world.registry;
    let alone = apply(registry, &market(), json!({"answers": {"全办": "否"}})).unwrap();
    assert_eq!(alone["items"].as_array().unwrap().len(), 1);
    assert_eq!(alone["text"], "1 个事项 · 原需 4 份材料 · 现需 4 份;另有 1 份待补充情形后确定");
    assert_eq!(entry(&alone["parties"][0])["items"], json!([format!("{ITEM}@1")]));
    let open = apply(registry, &market(), json!({"answers": {}})).unwrap();
    assert_eq!(open["open_items"], json!([{"code": SECOND, "name": "第二事项"}]));
    assert_eq!(open["questions"][0]["answered_by"], "open");
    // What the first item gives is handed in where the first item is not done: of what is on file it is pulled.
    issue(registry, people::licence(COMPANY, "示范市海燕餐饮店"));
    let there = apply(registry, &market(), json!({})).unwrap();
    assert_eq!(slot(&there, 1, "licence")["outcome"], "pulled");
    assert_eq!(entry(&there["parties"][2])["slots"], json!({"1.licence": ["name"]}));
}

pub fn a_bundle_is_for_whoever_may_ask_for_each_item(world: World) {
    settled(&world);
    let registry = &world.registry;
    let rule = |actor: &Actor, more: Value| {
        let error = apply(registry, actor, more).unwrap_err();
        (error.code, error.field.unwrap().into_owned(), error.rule.unwrap())
    };
    let refused = (Code::Forbidden, "bundle".to_owned(), Rule::ItemNotGranted);
    // Each carries out one of the two; whether the case needs the other does not matter.
    assert_eq!(rule(&office(MARKET, &[]), json!({})), refused);
    assert_eq!(rule(&office(MARKET, &[]), json!({"answers": {"全办": "否"}})), refused);
    assert_eq!(rule(&office(POLICE, &[SECOND]), json!({})), refused);
    assert_eq!(rule(&office(POLICE, &["shop", "bundle:other"]), json!({})), refused);
    let everything = json!([{"types": "*", "fields": "whole", "purposes": "*"}]);
    let everything = serde_json::from_value(everything).unwrap();
    let everything = callers::client("all").scopes(&[Scope::Apply]).grants(everything).actor();
    assert_eq!(rule(&everything, json!({})), refused);
    for code in [ZHOU, CHEN, COMPANY] {
        let noted = lines(registry, code, Outcome::Refused);
        assert_eq!((noted.len(), noted[0].bundle.as_deref()), (5, Some("shop")), "{code}");
    }
    // Of a bundle that there is not nobody hears more, but an operator.
    assert_eq!(rule(&market(), json!({"bundle": "other"})), refused);
    let unknown = rule(&operator(), json!({"bundle": "other"}));
    assert_eq!(unknown, (Code::NotFound, "bundle".to_owned(), Rule::BundleUnknown));
    apply(registry, &office(POLICE, &[ITEM]), json!({})).unwrap();
    apply(registry, &operator(), json!({})).unwrap();
    // Who receives the bundle receives none of its items alone.
    let receives = office("11190101MD1000122Q", &["bundle:shop"]);
    apply(registry, &receives, json!({})).unwrap();
    let alone = json!({"item": ITEM, "parties": [party("applicant", ZHOU), party("spouse", CHEN)], "reason": "窗口办理"});
    let alone = serde_json::from_value(alone).unwrap();
    assert_eq!(crate::apply(registry, &receives, &alone).unwrap_err().rule, Some(Rule::ItemNotGranted));
    let unscoped = callers::client("x").agency(MARKET).scopes(&[Scope::Lookup]).actor();
    assert_eq!(rule(&unscoped, json!({})).2, Rule::ScopeMissing);
}

pub fn what_does_not_fit_a_bundle_is_refused_by_its_rule_and_noted(world: World) {
    settled(&world);
    let registry = &world.registry;
    let mut noted = 0;
    let mut refused = |more: Value| {
        let error = apply(registry, &market(), more).unwrap_err();
        let now = lines(registry, ZHOU, Outcome::Refused).len();
        assert!(now > noted, "{error:?}");
        noted = now;
        (error.code, error.field.unwrap().into_owned(), error.rule.unwrap())
    };
    let version = (Code::VersionConflict, "version".to_owned(), Rule::BundleVersion);
    assert_eq!(refused(json!({"version": 2})), version);
    let invalid = |field: &str, rule| (Code::FieldInvalid, field.to_owned(), rule);
    let role = json!({"parties": [party("applicant", ZHOU)]});
    assert_eq!(refused(role), invalid("parties.0.role", Rule::ItemParties));
    let few = json!({"parties": [party("owner", ZHOU)]});
    assert_eq!(refused(few), invalid("parties", Rule::ItemParties));
    let kind = json!({"parties": [party("owner", ZHOU), party("spouse", CHEN), party("entity", CHEN)]});
    assert_eq!(refused(kind), invalid("parties.2.holder", Rule::ItemParties));
    assert_eq!(refused(json!({"answers": {"全办": "也许"}})), invalid("answers", Rule::ItemAnswer));
    assert_eq!(refused(json!({"answers": {"婚姻": "是"}})), invalid("answers", Rule::ItemAnswer));
    assert_eq!(refused(json!({"dates": {"出生日": "2020-01-01"}})), invalid("dates", Rule::ItemAnswer));
    assert_eq!(refused(json!({"dates": {"购房日": "2031-01-01"}})), invalid("dates", Rule::ItemAnswer));
    // An item and a bundle, or neither, is no application, before anything is read.
    let shape = |more: Value| {
        let error = apply(registry, &market(), more).unwrap_err();
        (error.code, error.field.unwrap().into_owned(), error.rule.unwrap())
    };
    assert_eq!(shape(json!({"item": ITEM})), invalid("bundle", Rule::ItemOrBundle));
    assert_eq!(shape(json!({"bundle": null})), invalid("item", Rule::ItemOrBundle));
    assert_eq!(shape(json!({"bundle": ZHOU})).2, Rule::NumberInText);
}

pub fn bundles_are_loaded_in_order_and_held_by_fsck(world: World) {
    settled(&world);
    let registry = &world.registry;
    load(registry, bundle()).expect("the same again changes nothing");
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut bundle = bundle();
        change(&mut bundle);
        let error = load(registry, bundle).unwrap_err();
        (error.field.unwrap().into_owned(), error.rule)
    };
    let rename = |version: u32| {
        move |one: &mut Value| (one["版本"], one["牵头机构"]) = (version.into(), "另一机构".into())
    };
    let version = ("bundles.0".to_owned(), Some(Rule::BundleVersion));
    assert_eq!((refused(&rename(1)), refused(&rename(3))), (version.clone(), version));
    let unknown = |one: &mut Value| {
        one["版本"] = 2.into();
        one["事项"][1]["实施编码"] = "11190101MD100005004190101000999".into();
    };
    assert_eq!(refused(&unknown), ("bundles.0".to_owned(), Some(Rule::BundleInconsistent)));
    let mut next = bundle();
    rename(2)(&mut next);
    load(registry, next).unwrap();
    let answer = apply(registry, &market(), json!({})).unwrap();
    assert_eq!((&answer["bundle"]["version"], &answer["bundle"]["lead"]), (&json!(2), &json!("另一机构")));
    // A later version of an item has another role: the bundle that does not know it is no more.
    let mut item = second();
    item["版本"] = 2.into();
    item["当事人"][1] =
        json!({"角色": "门店", "代码": "shop", "主体": "法人或其他组织", "最少": 1, "最多": 1});
    item["材料"][1]["当事人"] = "门店".into();
    registry.load_items("test", vec![serde_json::from_value(item).unwrap()]).unwrap();
    let error = apply(registry, &market(), json!({})).unwrap_err();
    assert_eq!((error.field.as_deref(), error.rule), (Some("bundle"), Some(Rule::BundleInconsistent)));
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
    world.sql("UPDATE bundles SET body = replace(body, '全办', '都办') WHERE version = 1");
    let found = registry.fsck(FsckOptions::default()).unwrap().findings;
    let found: Vec<_> = found.iter().map(|one| (one.kind.wire(), one.table)).collect();
    assert_eq!(found, [("row_differs", "bundles")]);
    world.sql("DELETE FROM bundles WHERE version = 2");
    let found = registry.fsck(FsckOptions::default()).unwrap().findings;
    assert!(found.iter().any(|one| (one.kind.wire(), one.table) == ("row_missing", "bundles")), "{found:?}");
}

/// The digest in an entry, made again from the answer alone as `schema/bytes.md` says.
pub fn i10_the_answer_of_a_bundle_is_the_one_that_each_entry_carries(world: World) {
    settled(&world);
    let registry = &world.registry;
    issue(registry, people::licence(COMPANY, "示范市海燕餐饮店"));
    let answer = apply(registry, &market(), json!({})).unwrap();
    let of_extract = |one: &Value| Digest::of(&[&canonical::to_vec(&one["extract"]).unwrap()]);
    for (at, party) in answer["parties"].as_array().unwrap().iter().enumerate() {
        let (mut items, mut slots): (Vec<Value>, Vec<Value>) = Default::default();
        for item in answer["items"].as_array().unwrap() {
            let own = item["slots"].as_array().unwrap().iter().filter(|slot| slot["party"] == at);
            let place = items.len();
            let before = slots.len();
            for slot in own {
                let tried = slot["tried"].as_array().unwrap().iter();
                let evidence: Vec<&Value> =
                    tried.filter_map(|way| way["evidence"].as_array()).flatten().collect();
                let records = slot["records"].as_array().cloned().unwrap_or_default();
                let listed: Vec<Value> = records
                    .iter()
                    .map(|one| {
                        let (id, version) = (&one["identifier"], &one["version"]);
                        json!([id, version, of_extract(one), one["verdict"], one["reasons"]])
                    })
                    .collect();
                let name = format!("{place}.{}", slot["slot"].as_str().unwrap());
                slots.push(json!([name, slot["outcome"], evidence, listed]));
            }
            if slots.len() > before {
                let (code, version) = (&item["item"]["code"], &item["item"]["version"]);
                items.push(json!(format!("{}@{version}", code.as_str().unwrap())));
            }
        }
        let told = json!({"bundle": "shop@1", "heads": party["heads"], "items": items, "slots": slots});
        let digest = Digest::of(&[&canonical::to_vec(&told).unwrap()]);
        let entry = entry(party);
        assert_eq!(entry["answer"], json!(digest), "{told}");
        assert_eq!(entry["role"], party["role"]);
    }
}

pub fn an_agent_acts_for_a_bundle_by_its_name_or_by_each_item(world: World) {
    settled(&world);
    let registry = &world.registry;
    let agent = people::number(7);
    let by = || {
        let mut parties = everybody();
        parties[0] = party("owner", ZHOU);
        parties[0]["presence"] = "agent".into();
        apply(
            registry,
            &market(),
            json!({"parties": parties, "agent": {"holder": {"type": "111", "code": agent}}}),
        )
    };
    for (number, matter) in [("S1", "办理另一事项"), ("S2", "办理测试事项"), ("S3", "测试一件事的撤销")]
    {
        issue(registry, mandate(number, &agent, matter, "2027-03-01"));
        assert_eq!(by().unwrap_err().rule, Some(Rule::MandateMissing), "{number}");
    }
    let each = issue(registry, mandate("S4", &agent, "测试事项、第二事项", "2027-03-01"));
    assert_eq!(entry(&by().unwrap()["parties"][0])["mandate"], json!(each));
    let taken = json!({"identifier": each, "version": 1, "action": "cancel", "ground": "委托人撤回委托"});
    registry.act(&operator(), &serde_json::from_value(taken).unwrap()).unwrap();
    let whole = issue(registry, mandate("S5", &agent, "办理测试一件事", "2027-03-01"));
    assert_eq!(entry(&by().unwrap()["parties"][0])["mandate"], json!(whole));
    assert_eq!(lines(registry, &agent, Outcome::Applied).len(), 2, "who acts sees it on the own list");
}

/// The bundles of the program can be loaded with its items, by whoever has their agencies.
pub fn the_bundles_of_the_program_are_bundles_of_its_items(world: World) {
    use elicense::catalog::items::ItemDef;
    let registry = &world.registry;
    let items = ItemDef::builtin().unwrap();
    for item in &items {
        let agency = people::agency(&item.agency, &item.agency_name, "190101");
        registry.put_agency("test", &agency).unwrap();
    }
    registry.refresh().unwrap();
    registry.load_items("test", items).unwrap();
    registry.refresh().unwrap();
    let loaded = registry.load_bundles("test", BundleDef::builtin().unwrap()).unwrap();
    assert_eq!(loaded, [("newborn".to_owned(), 1), ("restaurant".to_owned(), 1)]);
}
