//! An item of the police office that asks for one paper of one person.

use elicense::catalog::items::ItemDef;
use elicense::registry::{LinkCommand, Registry};
use serde_json::{Value, json};

use super::people::POLICE;

/// Its 实施编码.
pub const CODE: &str = "11190101MD100005004190101000902";

/// The same item under another name and another 基本编码.
pub fn named(base: &str, name: &str) -> ItemDef {
    let code = format!("{POLICE}4{base}");
    ItemDef { name: name.into(), base_code: base.into(), code, ..plain() }
}

/// The item as its department would write it.
pub fn plain() -> ItemDef {
    serde_json::from_value(json!({
        "事项名称": "开具户籍证明", "基本编码": "190101000902", "实施编码": CODE, "版本": 1, "事项类型": "公共服务",
        "设定依据": ["测试依据"], "行使层级": "县级", "实施主体": POLICE, "实施主体名称": "示范市公安局城东分局",
        "法定办结时限": {"数量": 0, "单位": "工作日"}, "承诺办结时限": {"数量": 0, "单位": "工作日"},
        "受理条件": ["本人申请"], "办件类型": "即办件", "到现场次数": 1, "通办范围": "全市", "服务对象": ["自然人"],
        "收费": {"是否收费": false}, "审批结果名称": ["户籍证明"], "计划生效日期": "2020-01-01",
        "当事人": [{"角色": "申请人", "代码": "applicant", "主体": "自然人", "最少": 1, "最多": 16}],
        "材料": [{
            "编号": "card", "当事人": "申请人", "材料名称": "居民身份证", "材料分类": "证照类", "材料必要性": "必要",
            "要求提供材料的依据": "测试依据",
            "办理方式": [
                {"方式": "证照调取", "证照": "resident_id_card", "字段": ["name", "valid_to"]},
                {"方式": "申请人自备"},
            ],
        }],
    }))
    .unwrap()
}

/// Loads it.
pub fn load(registry: &Registry) {
    registry.refresh().unwrap();
    registry.load_items("test", vec![plain()]).unwrap();
    registry.refresh().unwrap();
}

/// Loads a bundle of it and of another item of the same office, under the code `papers`.
pub fn load_bundle(registry: &Registry) {
    registry.load_items("test", vec![named("190101000903", "开具居住证明")]).unwrap();
    registry.refresh().unwrap();
    let roles = json!({"申请人": "申请人"});
    let bundle = json!({
        "一件事名称": "开具证明", "编号": "papers", "版本": 1, "牵头机构": "示范市公安局城东分局",
        "当事人": [{"角色": "申请人", "代码": "applicant", "主体": "自然人", "最少": 1, "最多": 16}],
        "事项": [{"实施编码": CODE, "当事人": roles},
                 {"实施编码": format!("{POLICE}4190101000903"), "当事人": roles}],
    });
    registry.load_bundles("test", vec![serde_json::from_value(bundle).unwrap()]).unwrap();
    registry.refresh().unwrap();
}

/// An application for it, of one person.
pub fn of(code: &str) -> Value {
    json!({
        "item": CODE, "reason": "窗口办理",
        "parties": [{"role": "applicant", "holder": {"type": "111", "code": code}}],
    })
}

/// Every marriage of the province is on file.
pub fn state_marriages(registry: &Registry) {
    let code = registry.snapshot().catalog.type_by_slug("marriage_certificate").unwrap().def().code.clone();
    let coverage = json!({
        "type_code": code, "issuing_system": "婚姻登记", "issuer": POLICE, "share_on_file": 1000, "gaps": [],
        "regions": [{"code": "190000", "name": "示范省"}], "as_of": registry.now(), "heartbeat": registry.now(),
        "unbound": 0, "quarantined": 0,
    });
    registry.state_coverage("test", &serde_json::from_value(coverage).unwrap()).unwrap();
    registry.refresh().unwrap();
}

fn same_person((one, other): (&str, &str)) -> LinkCommand {
    let holder = |code: &str| json!({"type": "111", "code": code});
    let link = json!({
        "from": holder(one), "to": holder(other), "kind": "same_person", "ground": "号码更正,经核实", "names_differ": true,
        "agency": POLICE,
    });
    serde_json::from_value(link).unwrap()
}

/// States that two numbers are one person's.
pub fn link(registry: &Registry, pair: (&str, &str)) {
    registry.refresh().unwrap();
    registry.link_holders(&super::operator(), &same_person(pair), None).unwrap();
    registry.refresh().unwrap();
}

/// Takes that back.
pub fn unlink(registry: &Registry, pair: (&str, &str)) {
    registry.refresh().unwrap();
    registry.unlink_holders(&super::operator(), &same_person(pair), None).unwrap();
    registry.refresh().unwrap();
}
