//! Questions to departments' systems: what is asked of whom and when, which answer is one, and that everything else is
//! 暂无法核验 with the system's name and the time, never "no".
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "tests")]

#[macro_use]
#[path = "../common/mod.rs"]
mod common;

mod answers;
mod books;
mod commands;
mod hostile;
mod living;
mod numbers;
mod tls;

use common::department::{Fake, source};
use common::people::{self, CHEN, CREMATORIUM, MARKET, POLICE, ZHOU};
use common::{World, callers, run};
use elicense::error::Error;
use elicense::policy::{Actor, Scope};
use elicense::record::access::Outcome;
use elicense::registry::{
    AccessLine, AccessPage, ApplicationAsk, AskedHolder, LineOutcome, Registry, Viewer,
};
use serde_json::{Value, json};

const ITEM: &str = "11190101MD100004254190101000903";
const MARRIED: &str = "是否登记结婚";
const RECORD: &str = "有无犯罪记录";

/// An item of the market office: what the registration office and the police are asked, one question behind a card, one
/// for elders, one that depends on an open question.
fn item() -> Value {
    let slot = |id: &str, role: &str, ways: Value| {
        json!({
            "编号": id, "当事人": role, "材料名称": id, "材料分类": "证明类", "材料必要性": "必要",
            "要求提供材料的依据": "测试依据", "办理方式": ways,
        })
    };
    let told = |department: &str, question: &str| json!({"方式": "数据核验", "核验": {"内容": "部门数据", "部门": department, "问题": question}});
    let bring = json!({"方式": "申请人自备"});
    let when = |mut slot: Value, when: &str| {
        slot["适用情形"] = when.into();
        slot
    };
    let card = json!({"方式": "证照调取", "证照": "social_security_card", "字段": ["issued_on"]});
    json!({
        "事项名称": "测试事项", "基本编码": "190101000903", "实施编码": ITEM, "版本": 1, "事项类型": "公共服务",
        "设定依据": ["测试依据"], "行使层级": "县级", "实施主体": MARKET, "实施主体名称": "城东区市场监督管理局",
        "法定办结时限": {"数量": 5, "单位": "工作日"}, "承诺办结时限": {"数量": 1, "单位": "工作日"},
        "受理条件": ["测试"], "办件类型": "承诺件", "到现场次数": 1, "通办范围": "全市", "服务对象": ["自然人"],
        "收费": {"是否收费": false}, "审批结果名称": ["测试结果"], "计划生效日期": "2020-01-01",
        "当事人": [
            {"角色": "申请人", "代码": "applicant", "主体": "自然人", "最少": 1, "最多": 1},
            {"角色": "配偶", "代码": "spouse", "主体": "自然人", "最少": 0, "最多": 1},
        ],
        "情形": [{"名称": "用途", "提问": "做什么用?", "选项": [{"选项": "甲"}, {"选项": "乙"}]}],
        "材料": [
            slot("married", "申请人", json!([told("婚姻登记机关", MARRIED), bring])),
            slot("married_too", "申请人", json!([told("婚姻登记机关", MARRIED), bring])),
            slot("record", "配偶", json!([told("公安机关", RECORD), bring])),
            slot("clean", "配偶", json!([
                {"方式": "数据核验", "核验": {"内容": "部门数据", "部门": "人民法院", "问题": "是否没有失信记录", "关联号码": "全部"}},
                bring])),
            slot("social", "申请人", json!([card, told("婚姻登记机关", "是否参保"), bring])),
            when(slot("elder", "申请人", json!([told("婚姻登记机关", "是否高龄"), bring])), "申请人.年龄 ≥ 60"),
            when(slot("open", "申请人", json!([told("婚姻登记机关", "甲用途"), bring])), "用途 = 「甲」"),
            slot("nobody", "申请人", json!([told("没有接入的部门", "问题"), bring])),
        ],
    })
}

/// The registry with the item, and a social security card of hers.
fn ready(registry: &Registry) {
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    registry.load_items("test", vec![serde_json::from_value(item()).unwrap()]).unwrap();
    let card = people::social_card(ZHOU, "周海燕");
    registry.issue(&common::operator(), &elicense::registry::Submitted::Draft(card)).unwrap();
    registry.refresh().unwrap();
}

/// The registration office's system, connected.
fn office(registry: &Registry) -> Fake {
    connected(registry, "婚姻登记机关", CREMATORIUM, "婚姻登记系统")
}

/// The police's system; what it says of records is for its case alone.
fn police(registry: &Registry) -> Fake {
    connected(registry, "公安机关", POLICE, "公安核查系统")
}

fn connected(registry: &Registry, department: &str, agency: &str, name: &str) -> Fake {
    let fake = Fake::start();
    let mut source = source(department, agency, name, &fake.url, registry.now());
    source.case_only = vec![RECORD.into()];
    common::department::connect(registry, source, fake.key.verify_key().bytes());
    registry.refresh().unwrap();
    fake
}

fn market() -> Actor {
    callers::client("market").agency(MARKET).scopes(&[Scope::Apply]).grants(Vec::new()).actor()
}

/// She alone.
fn alone() -> ApplicationAsk {
    asking(json!({"parties": [party("applicant", ZHOU)]}))
}

/// Both.
fn both() -> ApplicationAsk {
    asking(json!({"parties": [party("applicant", ZHOU), party("spouse", CHEN)]}))
}

fn asking(more: Value) -> ApplicationAsk {
    let mut ask = json!({"item": ITEM, "reason": "窗口办理"});
    ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(ask).unwrap()
}

fn party(role: &str, code: &str) -> Value {
    json!({"role": role, "holder": {"type": "111", "code": code}})
}

fn apply(registry: &Registry, ask: &ApplicationAsk) -> Value {
    applied(registry, ask).unwrap()
}

fn applied(registry: &Registry, ask: &ApplicationAsk) -> Result<Value, Error> {
    registry.refresh().unwrap();
    run(registry.apply(&market(), ask)).map(|answer| serde_json::to_value(answer).unwrap())
}

/// The outcome of a slot, and its way 数据核验.
fn checked(answer: &Value, id: &str) -> (String, Value) {
    let slot = answer["slots"].as_array().unwrap().iter().find(|slot| slot["slot"] == id).unwrap();
    let ways = slot["tried"].as_array().unwrap();
    let way = ways.iter().find(|way| way["way"] == "checked").cloned().unwrap_or_default();
    (slot["outcome"].as_str().unwrap().to_owned(), way)
}

/// That a slot is 暂无法核验, by whom and why, and never "no".
fn is_silent(answer: &Value, id: &str, why: &str) {
    let (outcome, way) = checked(answer, id);
    assert_eq!(
        (outcome.as_str(), way["outcome"].as_str()),
        ("unverifiable", Some("unverifiable")),
        "{answer}"
    );
    assert!(way["source"].as_str().unwrap().contains(why), "{way}");
    assert!(way["at"].is_string() && way["evidence"].is_null(), "{way}");
}

fn lines(registry: &Registry, code: &str, outcome: Outcome) -> Vec<AccessLine> {
    let holder = AskedHolder { code_type: "111".into(), code: code.into() };
    let page = AccessPage { limit: 100, ..AccessPage::default() };
    let seen = run(registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap();
    seen.lines.into_iter().filter(|line| line.outcome == LineOutcome::CameTo(outcome)).collect()
}

fn fsck(world: &World) -> Vec<(&'static str, &'static str)> {
    let found = world.registry.fsck(elicense::registry::FsckOptions::default()).unwrap().findings;
    found.iter().map(|one| (one.kind.wire(), one.table)).collect()
}
