//! Who is there: a card that was read, or an agent with a mandate.

use elicense::error::Error;
use elicense::record::access::Outcome;
use elicense::registry::Draft;
use elicense::rule::Rule;
use serde_json::{Value, json};

use crate::common::people::{self, CHEN, POLICE, ZHOU};
use crate::common::{World, operator};
use crate::{ITEM, apply, ask, couple, issue, lines, market, party, ready};

pub fn a_card_was_read_only_where_its_text_says_so(world: World) {
    ready(&world);
    let registry = &world.registry;
    let with = |presence: &str, reader: Option<&str>| {
        let mut party = party("applicant", ZHOU);
        let more = json!({"presence": presence, "reader": reader, "name": "周海燕"});
        party.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        apply(registry, &market(), &ask(json!([party, crate::party("spouse", CHEN)])))
    };
    let text = format!(
        "周海燕|女|汉|19880312|示范省示范市城东区桃源路1号|{ZHOU}|示范市公安局城东分局|20210101|20400101"
    );
    let of_another = text.replace(ZHOU, CHEN);
    for (presence, reader) in [
        ("card_read", None),
        ("card_read", Some(text.replace("|女|", "|男|").as_str())),
        ("card_read", Some(ZHOU)),
        ("card_read", Some(of_another.as_str())),
        ("card_read", Some(text.replace("周海燕", "周海霞").as_str())),
        ("card_read", Some(text.replace("19880312", "19880313").as_str())),
        ("holder_code", None),
        ("phone_confirmed", None),
    ] {
        let error = with(presence, reader).unwrap_err();
        let told = (error.field.as_deref(), error.rule);
        assert_eq!(told, (Some("parties.0.presence"), Some(Rule::PresenceUnproven)), "{presence} {reader:?}");
    }
    let unsaid = with("typed", Some(&text)).unwrap_err();
    assert_eq!(unsaid.field.as_deref(), Some("parties.0.reader"), "a card that nobody is said to have shown");
    with("card_read", Some(&text)).unwrap();
    let seen = lines(registry, ZHOU, Outcome::Applied);
    assert_eq!(seen[0].presence.map(|presence| presence.wire()), Some("card_read"));
}

pub fn mandate(number: &str, agent: &str, matter: &str, until: &str) -> Draft {
    people::draft(json!({
        "type": "mandate", "issuer": POLICE, "issued_on": "2026-03-02", "valid_from": "2026-03-02", "valid_to": until,
        "holders": [
            {"code_type": "111", "code": ZHOU, "name": "周海燕", "role": "principal"},
            {"code_type": "111", "code": agent, "name": "王建国", "role": "agent"},
        ],
        "face": {
            "mandate_no": number, "principal_name": "周海燕", "principal_id_number": ZHOU,
            "agents": [{"name": "王建国", "id_number": agent}], "matter": matter, "powers": "代为提交材料、领取结果",
            "valid_from": "2026-03-02", "valid_to": until, "way": "1", "signed_on": "2026-03-02",
        },
    }))
}

pub fn an_agent_acts_by_a_mandate_that_is_good_and_about_this_item(world: World) {
    ready(&world);
    let registry = &world.registry;
    issue(registry, people::id_card(ZHOU, "周海燕", "2021-01-01"));
    let agent = people::number(7);
    let by = |agent: Option<&str>| {
        let mut asked = json!({"item": ITEM, "parties": couple(), "reason": "代办"});
        asked["parties"][0]["presence"] = "agent".into();
        if let Some(agent) = agent {
            asked["agent"] = json!({"holder": {"type": "111", "code": agent}});
        }
        apply(registry, &market(), &serde_json::from_value(asked).unwrap())
    };
    let rule = |told: Result<Value, Error>| told.unwrap_err().rule;
    assert_eq!(rule(by(None)), Some(Rule::PresenceUnproven));
    for (number, to, matter, until) in [
        ("S1", agent.as_str(), "办理另一事项", "2027-03-01"),
        ("S2", agent.as_str(), "办理测试事项", "2026-04-01"),
        ("S3", CHEN, "办理测试事项", "2027-03-01"),
        ("S5", agent.as_str(), "除办理测试事项外的一切事务", "2027-03-01"),
        ("S6", agent.as_str(), "测试事项的撤销", "2027-03-01"),
    ] {
        assert_eq!(rule(by(Some(&agent))), Some(Rule::MandateMissing), "before {number}");
        issue(registry, mandate(number, to, matter, until));
    }
    assert_eq!(rule(by(Some(&agent))), Some(Rule::MandateMissing));
    let refused = lines(registry, ZHOU, Outcome::Refused).len();
    assert_eq!((refused, lines(registry, CHEN, Outcome::Refused).len()), (7, 7), "accesses of both");
    let identifier = issue(registry, mandate("S4", &agent, "办理另一事项、测试事项", "2027-03-01"));
    by(Some(&agent)).unwrap();
    assert_eq!(lines(registry, &agent, Outcome::Applied).len(), 1, "who acts sees it on the own list");
    assert_eq!(rule(by(Some(&people::number(8)))), Some(Rule::MandateMissing), "another agent");
    // The entry cites the mandate; of the other party nothing changed.
    let batches = registry
        .store()
        .read_access_now(|reader| reader.access_batches("access-main", 0, 1000, 1000))
        .unwrap();
    let entries = batches.into_iter().flat_map(|batch| batch.items.unwrap());
    let entries: Vec<Value> = entries.map(|item| serde_json::from_slice(&item.entry).unwrap()).collect();
    let applied: Vec<&Value> = entries.iter().filter(|entry| entry["outcome"] == "applied").collect();
    let told: Vec<_> = applied.iter().map(|entry| (&entry["presence"], &entry["mandate"])).collect();
    let own = (&Value::Null, &Value::Null);
    assert_eq!(told, [(&json!("agent"), &json!(identifier)), (&json!("typed"), &Value::Null), own]);
    // Nobody acts who is dead, and no agent is named beside parties that are all there.
    let dead = people::number(9);
    issue(registry, mandate("S7", &dead, "测试事项", "2027-03-01"));
    issue(registry, people::death(&dead, "王建国"));
    assert_eq!(rule(by(Some(&dead))), Some(Rule::MandateMissing));
    let mut there = json!({"item": ITEM, "parties": couple(), "reason": "代办"});
    there["agent"] = json!({"holder": {"type": "111", "code": agent}});
    let unused = apply(registry, &market(), &serde_json::from_value(there).unwrap()).unwrap_err();
    assert_eq!((unused.field.as_deref(), unused.rule), (Some("agent"), Some(Rule::PresenceUnproven)));
    // Taken back, it lets nobody act.
    let withdraw =
        json!({"identifier": identifier, "version": 1, "action": "cancel", "ground": "委托人撤回委托"});
    registry.act(&operator(), &serde_json::from_value(withdraw).unwrap()).unwrap();
    assert_eq!(rule(by(Some(&agent))), Some(Rule::MandateMissing));
}
