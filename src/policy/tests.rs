use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;

fn grant(json: &str) -> Grant {
    serde_json::from_str(json).unwrap()
}

fn client(grants: Vec<Grant>, enabled: bool) -> Actor {
    let client = Client {
        id: "c".into(),
        agency: "a".into(),
        name: "n".into(),
        scopes: vec![Scope::Lookup],
        grants: grants.into(),
        budget: 10,
        enabled,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes: vec![Scope::Lookup, Scope::Issue] }
}

fn fields(names: &[&str]) -> Fields {
    Fields::Named(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>())
}

#[test]
fn i4_what_no_grant_names_is_refused_with_the_reason() {
    let actor = client(vec![grant(r#"{"types":["T1"],"fields":"whole","purposes":["P1"]}"#)], true);
    let reason = |type_code, item| decide(&actor, Scope::Lookup, type_code, item).reason().wire();
    assert_eq!(reason("T1", Some("P1")), "grant_whole");
    assert_eq!(reason("T2", Some("P1")), "type_not_granted");
    assert_eq!(reason("T1", Some("P2")), "purpose_not_granted");
    assert_eq!(reason("T1", None), "purpose_not_granted");
    assert_eq!(decide(&actor, Scope::Issue, "T1", Some("P1")).reason().wire(), "scope_missing");
    let ended = client(vec![grant(r#"{"types":"*","fields":"whole","purposes":"*"}"#)], false);
    assert_eq!(decide(&ended, Scope::Lookup, "T1", None).reason().wire(), "actor_disabled");
    assert!(matches!(decide(&client(vec![], true), Scope::Lookup, "T1", None), Decision::Refused { .. }));
}

#[test]
fn i4_two_grants_give_what_either_gives_and_asking_less_gives_less() {
    let actor = client(
        vec![
            grant(r#"{"types":"*","fields":["name"],"purposes":["P1"]}"#),
            grant(r#"{"types":["T1"],"fields":["sex"],"purposes":"*"}"#),
        ],
        true,
    );
    assert_eq!(decide(&actor, Scope::Lookup, "T1", Some("P1")).fields().unwrap(), fields(&["name", "sex"]));
    assert_eq!(decide(&actor, Scope::Lookup, "T1", None).fields().unwrap(), fields(&["sex"]));
    assert!(decide(&actor, Scope::Lookup, "T2", None).fields().is_err());
    let asked = Some(["sex".to_owned(), "nation".to_owned()].into());
    assert_eq!(fields(&["name", "sex"]).narrowed(asked.as_ref()), fields(&["sex"]));
    assert_eq!(Fields::Whole.narrowed(asked.as_ref()), fields(&["nation", "sex"]));
}

#[test]
fn a_grant_reads_back_as_it_was_written() {
    for text in [
        r#"{"types":"*","fields":"whole","purposes":["P"]}"#,
        r#"{"types":["T"],"fields":["name"],"purposes":"*"}"#,
    ] {
        assert_eq!(serde_json::to_string(&grant(text)).unwrap(), text);
    }
    assert!(serde_json::from_str::<Grant>(r#"{"types":"all","fields":"whole","purposes":"*"}"#).is_err());
    assert!(
        serde_json::from_str::<Grant>(r#"{"types":"*","fields":"whole","purposes":"*","more":1}"#).is_err()
    );
}

#[test]
fn i4_a_client_works_for_its_own_agency_and_an_operator_for_any() {
    let client = client(vec![], true);
    let operator = Actor::Operator { name: "o".into() };
    let asked = |actor: &Actor, asked| {
        agency_for(actor, asked, "issuer")
            .map(|agency| agency.map(str::to_owned))
            .map_err(|error| (error.code, error.field.unwrap_or_default().into_owned(), error.rule))
    };
    assert_eq!(asked(&client, None), Ok(Some("a".into())));
    assert_eq!(asked(&client, Some("a")), Ok(Some("a".into())));
    let refused = (crate::error::Code::Forbidden, "issuer".to_owned(), Some(Rule::AgencyMismatch));
    assert_eq!(asked(&client, Some("b")), Err(refused));
    assert_eq!(asked(&operator, Some("b")), Ok(Some("b".into())));
    assert_eq!(asked(&operator, None), Ok(None));
}

/// An item of agency `a` with one slot for the applicant (`T1` as `card`: name and number) and one for the heir (`T2`).
fn item() -> crate::catalog::items::ItemDef {
    let pulled = |id: &str, role: &str, slug: &str, fields: &[&str]| {
        serde_json::json!({
            "编号": id, "当事人": role, "材料名称": id, "材料分类": "证照类", "材料必要性": "必要",
            "办理方式": [{"方式": "证照调取", "证照": slug, "字段": fields}],
        })
    };
    let party = |role: &str, code: &str| serde_json::json!({"角色": role, "代码": code, "主体": "自然人", "最少": 1, "最多": 1});
    serde_json::from_value(serde_json::json!({
        "事项名称": "x", "基本编码": "190101000902", "实施编码": "I", "版本": 1, "事项类型": "公共服务",
        "设定依据": ["x"], "行使层级": "县级", "实施主体": "a", "实施主体名称": "x",
        "法定办结时限": {"数量": 0, "单位": "工作日"}, "承诺办结时限": {"数量": 0, "单位": "工作日"},
        "受理条件": [], "办件类型": "即办件", "到现场次数": 1, "通办范围": "全市", "服务对象": ["自然人"],
        "收费": {"是否收费": false}, "审批结果名称": [], "计划生效日期": "2020-01-01",
        "当事人": [party("申请人", "applicant"), party("继承人", "heir")],
        "材料": [
            pulled("one", "申请人", "card", &["name", "id_number"]), pulled("two", "继承人", "deed", &["number"]),
        ],
    }))
    .unwrap()
}

#[test]
fn i4_an_item_is_named_by_who_carries_it_out_or_receives_it_or_was_given_it_by_its_code() {
    let wide = r#"{"types":"*","fields":"whole","purposes":"*"}"#;
    let by_code = r#"{"types":["T1"],"fields":["name"],"purposes":["I"]}"#;
    let received = r#"{"types":[],"fields":[],"purposes":["I"]}"#;
    let right = |grants: &[&str], runs| {
        item_right(&client(grants.iter().map(|text| grant(text)).collect(), true), "I", runs)
    };
    assert_eq!(right(&[wide], false), Err(Rule::ItemNotGranted), "everything is not this item");
    assert_eq!(right(&[wide], true), Ok(true));
    assert_eq!(right(&[by_code], false), Ok(true));
    assert_eq!(right(&[received], false), Ok(false));
    let account = |role, grants: &[&str], runs| {
        let grants: Vec<Grant> = grants.iter().map(|text| grant(text)).collect();
        let account = Account {
            name: "n".into(),
            display: "n".into(),
            agency: "a".into(),
            region: None,
            roles: vec![role],
            grants: grants.into(),
            budget: 1,
            enabled: true,
            own_number: None,
        };
        item_right(&Actor::Account(Arc::new(account)), "I", runs)
    };
    assert_eq!(account(StaffRole::Clerk, &[], true), Ok(false));
    assert_eq!(account(StaffRole::Reviewer, &[received], false), Ok(false));
    assert_eq!(account(StaffRole::Clerk, &[wide, by_code], false), Err(Rule::ItemNotGranted));
    assert_eq!(account(StaffRole::Supervisor, &[received], true), Err(Rule::RoleOfStaff));
}

#[test]
fn i4_a_slot_decides_for_one_role_and_grants_only_narrow_it() {
    let item = item();
    let see = |grants: &[&str], role: usize, (narrowed, typed), of| {
        let actor = client(grants.iter().map(|text| grant(text)).collect(), true);
        let right = Right::BySlots { item: &item, role: &item.parties[role], narrowed, typed };
        let decision = decide_by(&actor, Scope::Lookup, &right, of);
        decision.refusal().map_or_else(|| Ok(decision.clone().fields().unwrap()), Err)
    };
    let (card, deed, other) = (("T1", "card"), ("T2", "deed"), ("T3", "other"));
    let wide = r#"{"types":"*","fields":"whole","purposes":"*"}"#;
    let narrow = r#"{"types":["T1"],"fields":["name","address"],"purposes":["I"]}"#;
    assert_eq!(see(&[wide], 0, (true, false), card), Ok(fields(&["id_number", "name"])));
    assert_eq!(see(&[wide], 0, (true, true), card), Ok(fields(&["name"])), "nobody has seen the party");
    assert_eq!(see(&[narrow], 0, (true, false), card), Ok(fields(&["name"])));
    assert_eq!(see(&[], 0, (false, false), card), Ok(fields(&["id_number", "name"])));
    assert_eq!(see(&[], 0, (true, false), card), Err(Rule::TypeNotGranted));
    assert_eq!(see(&[wide], 0, (true, false), deed), Err(Rule::TypeNotAsked), "of another role");
    assert_eq!(see(&[wide], 1, (true, false), deed), Ok(fields(&["number"])));
    assert_eq!(see(&[wide], 1, (false, true), deed), Ok(fields(&[])), "that it is there, and its verdict");
    assert_eq!(see(&[wide], 0, (true, false), other), Err(Rule::TypeNotAsked));
}
