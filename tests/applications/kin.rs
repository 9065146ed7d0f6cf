//! Relations where papers contradict each other, end or are not to be read: told alike from both sides, or not at all.

use serde_json::{Value, json};

use super::common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use super::common::{World, callers, operator};
use super::{apply, birth, issue, market, other_marriage, party, ready, slot};
use elicense::policy::{Actor, Scope};
use elicense::registry::{ApplicationAsk, Draft, Registry, Submitted};

const WANG: &str = "190104199006300066";
const CHILD: &str = "190101201605060018";
const SECOND_CHILD: &str = "190101201705060031";
const OTHER_MAN: &str = "190101198401010014";
const OF_LIVING: &str = "11190101MD100004254190101000905";
const OF_DEAD: &str = "11190101MD100004254190101000906";

/// Asks for each relation to the other party; in the second item that is the dead.
fn items(registry: &Registry) {
    for (code, role) in [(OF_LIVING, "other"), (OF_DEAD, "deceased")] {
        let mut item = super::item();
        let slots: Vec<Value> = ["配偶", "父母", "同户", "监护人"]
            .iter()
            .map(|kinship| {
                let mut slot = item["材料"][1].clone();
                slot["编号"] = (*kinship).into();
                slot["办理方式"][0]["核验"]["关系"] = (*kinship).into();
                slot
            })
            .collect();
        item["实施编码"] = code.into();
        item["基本编码"] = code[19..].into();
        item["当事人"][1]["代码"] = role.into();
        item["当事人"].as_array_mut().unwrap().truncate(2);
        item.as_object_mut().unwrap().retain(|key, _| key != "情形" && key != "基准日");
        item["材料"] = slots.into();
        registry.load_items("test", vec![serde_json::from_value(item).unwrap()]).unwrap();
    }
    registry.refresh().unwrap();
}

fn ask(code: &str, own: Value, other: Value) -> ApplicationAsk {
    let ask = json!({"item": code, "parties": [own, other], "reason": "窗口办理"});
    serde_json::from_value(ask).unwrap()
}

fn of(role: &str, (code_type, code): (&str, &str)) -> Value {
    json!({"role": role, "holder": {"type": code_type, "code": code}})
}

/// The outcome of a relation, how many records stand behind it, and who could not tell.
fn way(answer: &Value, kinship: &str) -> (String, usize, String) {
    let way = &slot(answer, kinship)["tried"][0];
    let source = way["source"].as_str().unwrap_or_default().to_owned();
    (way["outcome"].as_str().unwrap().to_owned(), way["evidence"].as_array().map_or(0, Vec::len), source)
}

fn told(registry: &Registry, kinship: &str, own: &str, other: &str) -> (String, usize, String) {
    let ask = ask(OF_LIVING, party("applicant", own), party("other", other));
    way(&apply(registry, &operator(), &ask).unwrap(), kinship)
}

fn mark(registry: &Registry, code: &str, state: &str, since: &str) {
    registry.refresh().unwrap();
    let mark = json!({
        "holder": {"type": "111", "code": code}, "state": state, "since": since, "ground": "经核实", "agency": POLICE,
    });
    registry.mark_holder(&operator(), &serde_json::from_value(mark).unwrap(), None).unwrap();
}

pub fn a_relation_is_told_by_evidence_or_not_at_all(world: World) {
    ready(&world);
    let registry = &world.registry;
    let couple = super::ask(super::couple());
    let told = |id: &str, couple: &ApplicationAsk| {
        let answer = apply(registry, &market(), couple).unwrap();
        let way = &slot(&answer, id)["tried"][0];
        (way["outcome"].as_str().unwrap().to_owned(), way["evidence"].as_array().map_or(0, Vec::len))
    };
    assert_eq!(told("spouse", &couple), ("not_covered".into(), 0), "nothing on file is no divorce");
    issue(registry, people::marriage("J190101-2015-000123"));
    // A court may have ended it, and no court is connected.
    assert_eq!(told("spouse", &couple), ("not_covered".into(), 0));
    let divorce = registry.issue(&operator(), &Submitted::Draft(super::divorce())).unwrap();
    assert_eq!(divorce.ended.len(), 1);
    // They may have married again, as long as not every marriage is on file.
    assert_eq!(told("spouse", &couple), ("not_covered".into(), 0));
    super::state_marriages(registry);
    assert_eq!(told("spouse", &couple), ("contradicted".into(), 1));
    // One of them in a good marriage with somebody else beside that of the pair: the register contradicts itself.
    issue(registry, super::later_marriage("J190101-2021-000456"));
    assert_eq!(told("spouse", &couple), ("not_covered".into(), 0), "married again");
    issue(registry, other_marriage());
    assert_eq!(told("spouse", &couple), ("unverifiable".into(), 0));
    let child = "190101201605060018";
    let family = super::ask(json!([party("applicant", CHEN), party("spouse", child)]));
    assert_eq!(told("parent", &family), ("not_covered".into(), 0));
    issue(registry, birth(child));
    assert_eq!(told("parent", &family), ("met".into(), 1));
    // The child is no parent of the father, and a stranger none of the child.
    let turned = super::ask(json!([party("applicant", child), party("spouse", CHEN)]));
    assert_eq!(told("parent", &turned), ("not_covered".into(), 0));
    let stranger = super::ask(json!([party("applicant", &people::number(7)), party("spouse", child)]));
    assert_eq!(told("parent", &stranger), ("not_covered".into(), 0));
}

pub fn a_marriage_ends_with_the_death_of_one_of_the_two(world: World) {
    ready(&world);
    let registry = &world.registry;
    items(registry);
    issue(registry, people::marriage("J190101-2015-000123"));
    let both_ways = |expected: (&str, usize)| {
        for (own, other) in [(ZHOU, CHEN), (CHEN, ZHOU)] {
            let (outcome, evidence, source) = told(registry, "配偶", own, other);
            assert_eq!((outcome.as_str(), evidence), expected, "{source}");
        }
    };
    both_ways(("not_covered", 0));
    mark(registry, ZHOU, "death_reported", "2020-01-01");
    both_ways(("unverifiable", 0));
    mark(registry, ZHOU, "deceased", "2020-01-01");
    both_ways(("contradicted", 1));
    // For who stands in the case as the dead it is asked how it was at the end: there a court may have divorced them.
    let of_dead = |own: &str| {
        let ask = ask(OF_DEAD, party("applicant", own), party("deceased", ZHOU));
        way(&apply(registry, &operator(), &ask).unwrap(), "配偶").0
    };
    assert_eq!(of_dead(CHEN), "not_covered");
    // The widower marries again: neither marriage contradicts the other.
    issue(registry, other_marriage());
    assert_eq!(told(registry, "配偶", CHEN, WANG).0, "not_covered");
    assert_eq!(told(registry, "配偶", WANG, CHEN).0, "not_covered");
    both_ways(("contradicted", 1));
    assert_eq!(of_dead(CHEN), "not_covered");
    // Two marriages of the dead at the same time do.
    let mut beside = people::marriage("J190101-2016-000321");
    let text =
        serde_json::to_string(&beside).unwrap().replace(CHEN, OTHER_MAN).replace("1986-07-25", "1984-01-01");
    beside = serde_json::from_str(&text.replace("陈志远", "李强")).unwrap();
    issue(registry, beside);
    assert_eq!(of_dead(CHEN), "unverifiable");
    assert_eq!(of_dead(OTHER_MAN), "unverifiable");
}

pub fn a_marriage_is_told_alike_from_both_sides_though_one_cannot_be_read(world: World) {
    ready(&world);
    let registry = &world.registry;
    items(registry);
    issue(registry, people::marriage("J190101-2015-000123"));
    // He has papers under another number, and the day's budget has no room for it.
    let second = people::number(9);
    issue(registry, people::social_card(&second, "陈志远"));
    super::common::items::link(registry, (CHEN, &second));
    let actor = |id: &str, budget: u32| -> Actor {
        callers::client(id).agency(MARKET).scopes(&[Scope::Apply]).budget(budget).actor()
    };
    let told = |actor: &Actor, own: &str, other: &str| {
        let ask = ask(OF_LIVING, party("applicant", own), party("other", other));
        way(&apply(registry, actor, &ask).unwrap(), "配偶").0
    };
    for (id, budget, expected) in [("poor", 2, "unverifiable"), ("rich", 9, "not_covered")] {
        let actor = actor(id, budget);
        assert_eq!((told(&actor, ZHOU, CHEN), told(&actor, CHEN, ZHOU)), (expected.into(), expected.into()));
    }
}

fn card(code: &str, name: &str, relation: &str) -> Draft {
    let sex = (code.as_bytes()[16] - b'0') % 2;
    people::draft(json!({
        "type": "household_member", "issuer": POLICE, "issued_on": "2021-03-04",
        "holders": [{"code_type": "111", "code": code, "name": name}],
        "face": {
            "name": name, "relation_to_head": relation, "sex": if sex == 0 { "2" } else { "1" }, "ethnic_group": "01",
            "birth_date": format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]), "id_number": code,
            "registered_on": "2021-03-04", "household_id": "0".repeat(32), "joined_on": "2021-03-04",
            "joined_reason": "2",
        },
    }))
}

pub fn a_household_card_does_not_say_what_a_birth_certificate_said_that_fell(world: World) {
    ready(&world);
    let registry = &world.registry;
    items(registry);
    issue(registry, card(CHEN, "陈志远", "02"));
    issue(registry, card(CHILD, "陈子墨", "20"));
    issue(registry, card(SECOND_CHILD, "陈子涵", "20"));
    let yes = |evidence: usize| ("met".to_owned(), evidence, String::new());
    assert_eq!(told(registry, "父母", CHEN, CHILD), yes(2));
    let identifier = issue(registry, birth(CHILD));
    assert_eq!(told(registry, "父母", CHEN, CHILD), yes(1));
    assert_eq!(told(registry, "监护人", CHEN, CHILD), yes(1));
    let annul = json!({"identifier": identifier, "version": 1, "action": "annul", "ground": "亲子鉴定排除,来函 2026-9 号"});
    registry.act(&operator(), &serde_json::from_value(annul).unwrap()).unwrap();
    for kinship in ["父母", "监护人"] {
        let (outcome, evidence, source) = told(registry, kinship, CHEN, CHILD);
        assert_eq!((outcome.as_str(), evidence), ("unverifiable", 0), "{kinship}");
        assert!(source.contains("已失去效力"), "{source}");
    }
    // Of the other child nothing fell, until a good certificate names another father: a stepchild stands on the card as a child.
    assert_eq!(told(registry, "父母", CHEN, SECOND_CHILD), yes(2));
    let text = serde_json::to_string(&birth(SECOND_CHILD)).unwrap().replace(CHEN, OTHER_MAN);
    let text = text.replace("陈志远", "李强").replace("陈子墨", "陈子涵").replace("Q190000123", "Q190000124");
    issue(registry, serde_json::from_str(&text.replace("2016-05", "2017-05")).unwrap());
    let (outcome, _, source) = told(registry, "父母", CHEN, SECOND_CHILD);
    assert_eq!(outcome, "unverifiable");
    assert!(source.contains("是他人"), "{source}");
    assert_eq!(told(registry, "父母", OTHER_MAN, SECOND_CHILD), yes(1));
    // In one household they are all the same; who cannot be read says nothing of that.
    assert_eq!(told(registry, "同户", CHEN, SECOND_CHILD), yes(2));
}

pub fn a_newborn_without_a_number_has_its_parents_as_guardians(world: World) {
    ready(&world);
    let registry = &world.registry;
    items(registry);
    let text = serde_json::to_string(&birth(CHILD)).unwrap();
    let own = format!("\"code_type\":\"111\",\"code\":\"{CHILD}\"");
    assert!(text.contains(&own), "{text}");
    let text = text.replace(&own, "\"code_type\":\"999\",\"code\":\"Q190000123\"");
    issue(registry, serde_json::from_str(&text).unwrap());
    let guardian = |own: &str| {
        let ask = ask(OF_LIVING, party("applicant", own), of("other", ("999", "Q190000123")));
        way(&apply(registry, &operator(), &ask).unwrap(), "监护人").0
    };
    assert_eq!((guardian(CHEN).as_str(), guardian(ZHOU).as_str()), ("met", "met"));
    assert_eq!(guardian(OTHER_MAN), "not_covered");
}
