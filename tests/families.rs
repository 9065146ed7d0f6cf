//! Families at random, on SQLite: what an application tells of relations, against an oracle of a few lines that knows the
//! families and not the program.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "tests")]

#[macro_use]
mod common;

use std::collections::BTreeMap;

use common::model::Dice;
use common::people::{self, POLICE};
use common::{World, operator, run};
use elicense::catalog::items::ItemDef;
use elicense::registry::{ApplicationAsk, Draft, FsckOptions, Registry, Submitted};
use serde_json::{Value, json};

on_both! {
    r11_relations_of_families_at_random_are_those_that_papers_say
}

const KINSHIPS: [&str; 5] = ["配偶", "父母", "子女", "同户", "监护人"];
const GROWN: usize = 6;

/// Somebody of the model. The numbers of grown people are of 1950 and later, those of children of this decade.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Person(usize);

impl Person {
    fn is_child(self) -> bool {
        self.0 >= GROWN
    }

    fn code(self) -> String {
        if !self.is_child() {
            return people::number(self.0 * 7);
        }
        let body = format!("190101201{}0506{:03}", self.0 - GROWN, 1 + self.0);
        let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
        let sum: u32 =
            body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        format!("{body}{}", b"10X98765432"[(sum % 11) as usize] as char)
    }

    fn name(self) -> String {
        let given = ["远", "燕", "国", "芳", "博", "梅", "墨", "诺", "宁", "安"];
        format!("王{}", given[self.0])
    }

    fn female(self) -> bool {
        (self.code().as_bytes()[16] - b'0').is_multiple_of(2)
    }
}

/// What the papers on file say.
#[derive(Default)]
struct Papers {
    married: Vec<(Person, Person)>,
    divorced: Vec<(Person, Person)>,
    births: Vec<(Person, Vec<Person>)>,
    /// Every marriage would be on file.
    marriages_covered: bool,
    /// Household and relation to its head.
    households: BTreeMap<Person, (usize, &'static str)>,
}

impl Papers {
    fn pair(list: &[(Person, Person)], one: Person, other: Person) -> bool {
        list.iter().any(|pair| *pair == (one, other) || *pair == (other, one))
    }

    /// The oracle: `met`, `contradicted` or `not_covered`.
    fn told(&self, kinship: &str, own: Person, other: Person) -> &'static str {
        match kinship {
            // Courts are not connected: a marriage on file proves nothing of today, and nothing on file is no divorce. Who
            // was divorced may have married again, where not every marriage is on file.
            "配偶" if self.marriages_covered && Self::pair(&self.divorced, own, other) => "contradicted",
            "配偶" => "not_covered",
            "父母" => self.parent(own, other),
            "子女" => self.parent(other, own),
            "监护人" if other.is_child() => self.parent(own, other),
            "监护人" => "not_covered",
            _ => match (self.households.get(&own), self.households.get(&other)) {
                (Some((one, _)), Some((another, _))) if one == another => "met",
                (Some(_), Some(_)) => "contradicted",
                _ => "not_covered",
            },
        }
    }

    fn parent(&self, parent: Person, child: Person) -> &'static str {
        let by_birth = self.births.iter().any(|(born, parents)| *born == child && parents.contains(&parent));
        let by_household = match (self.households.get(&parent), self.households.get(&child)) {
            (Some((one, of_parent)), Some((other, of_child))) if one == other => {
                (*of_parent == "02" && matches!(*of_child, "20" | "30"))
                    || (*of_child == "02" && matches!(*of_parent, "51" | "52"))
            }
            _ => false,
        };
        if by_birth || by_household { "met" } else { "not_covered" }
    }
}

/// An item that asks whether the applicant is so related to the other.
fn item() -> ItemDef {
    let slots: Vec<Value> = KINSHIPS
        .iter()
        .enumerate()
        .map(|(at, kinship)| {
            json!({
                "编号": format!("kin{at}"), "当事人": "申请人", "材料名称": kinship, "材料分类": "证明类",
                "材料必要性": "必要", "要求提供材料的依据": "测试依据",
                "办理方式": [
                    {"方式": "数据核验", "核验": {"内容": "人员关系", "关系": kinship, "对方": "对方"}},
                    {"方式": "申请人自备"},
                ],
            })
        })
        .collect();
    let role =
        |name: &str, code: &str| json!({"角色": name, "代码": code, "主体": "自然人", "最少": 1, "最多": 1});
    let mut item = serde_json::to_value(common::items::plain()).unwrap();
    item["当事人"] = json!([role("申请人", "applicant"), role("对方", "other")]);
    item["材料"] = slots.into();
    serde_json::from_value(item).unwrap()
}

fn issue(registry: &Registry, draft: Draft) {
    registry.refresh().unwrap();
    registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
}

fn spouses(slug: &str, (one, other): (Person, Person), number: usize, day: &str) -> Draft {
    let spouse = |person: Person| {
        let code = person.code();
        json!({
            "name": person.name(), "sex": if person.female() { "2" } else { "1" }, "nationality": "中国",
            "birth_date": format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]), "id_type": "111",
            "id_number": code,
        })
    };
    let holder = |person: Person| json!({"code_type": "111", "code": person.code(), "name": person.name(), "role": "spouse"});
    people::draft(json!({
        "type": slug, "issuer": POLICE, "issued_on": day, "holders": [holder(one), holder(other)],
        "face": {
            "registered_on": day, "certificate_no": format!("{}190101-{number:06}", &slug[..1].to_uppercase()),
            "registry": "城东区民政局", "issue_kind": "1", "spouses": [spouse(one), spouse(other)],
        },
    }))
}

fn birth(child: Person, mother: Person, father: Option<Person>, number: usize) -> Draft {
    let born = format!("201{}-05-06", child.0 - GROWN);
    let holder = |person: Person, role: &str| json!({"code_type": "111", "code": person.code(), "name": person.name(), "role": role});
    let mut holders = vec![holder(child, "child"), holder(mother, "mother")];
    let mut face = json!({
        "certificate_no": format!("Q{number:09}"), "newborn_name": child.name(),
        "sex": if child.female() { "2" } else { "1" }, "born_at": format!("{born}T09:41"), "gestation_weeks": 39,
        "weight_g": 3300, "length_cm": 50, "birthplace": "示范省示范市城东区", "institution": "示范市妇幼保健院",
        "mother_name": mother.name(), "mother_age": 28, "mother_nationality": "中国", "mother_ethnic_group": "01",
        "mother_address": "示范省示范市城东区桃源路1号", "mother_id_type": "111", "mother_id_number": mother.code(),
        "edition": "5", "issue_kind": "1", "issued_on": born, "issuing_institution": "示范市妇幼保健院",
    });
    match father {
        Some(father) => {
            holders.push(holder(father, "father"));
            let more = json!({
                "father_name": father.name(), "father_age": 30, "father_nationality": "中国", "father_ethnic_group": "01",
                "father_address": "示范省示范市城东区桃源路1号", "father_id_type": "111", "father_id_number": father.code(),
            });
            face.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        }
        None => face["father_note"] = "未提供".into(),
    }
    people::draft(json!({
        "type": "birth_certificate", "issuer": POLICE, "issued_on": born, "holders": holders, "face": face,
    }))
}

fn member(person: Person, household: usize, relation: &str) -> Draft {
    let code = person.code();
    people::draft(json!({
        "type": "household_member", "issuer": POLICE, "issued_on": "2021-03-04",
        "holders": [{"code_type": "111", "code": code, "name": person.name()}],
        "face": {
            "name": person.name(), "relation_to_head": relation, "sex": if person.female() { "2" } else { "1" },
            "ethnic_group": "01", "birth_date": format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]),
            "id_number": code, "registered_on": "2021-03-04", "household_id": format!("{household:032x}"),
            "joined_on": "2021-03-04", "joined_reason": "2",
        },
    }))
}

fn told(registry: &Registry, own: Person, other: Person) -> Vec<String> {
    registry.refresh().unwrap();
    let party =
        |role: &str, person: Person| json!({"role": role, "holder": {"type": "111", "code": person.code()}});
    let ask: ApplicationAsk = serde_json::from_value(json!({
        "item": common::items::CODE, "reason": "窗口办理",
        "parties": [party("applicant", own), party("other", other)],
    }))
    .unwrap();
    let answer = serde_json::to_value(run(registry.apply(&operator(), &ask)).unwrap()).unwrap();
    let slots = answer["slots"].as_array().unwrap();
    slots.iter().map(|slot| slot["tried"][0]["outcome"].as_str().unwrap().to_owned()).collect()
}

/// Papers of one family, each or not as the dice say.
fn family(registry: &Registry, papers: &mut Papers, dice: &mut Dice) {
    let women: Vec<Person> = (0..GROWN).map(Person).filter(|person| person.female()).collect();
    let men: Vec<Person> = (0..GROWN).map(Person).filter(|person| !person.female()).collect();
    for (number, (wife, husband)) in women.iter().zip(&men).enumerate() {
        if dice.roll(3) > 0 {
            issue(registry, spouses("marriage_certificate", (*wife, *husband), number, "2009-05-20"));
            papers.married.push((*wife, *husband));
            if dice.roll(2) == 0 {
                issue(registry, spouses("divorce_certificate", (*husband, *wife), number, "2015-03-02"));
                papers.divorced.push((*wife, *husband));
            }
        }
    }
    for child in (GROWN..GROWN + 4).map(Person) {
        if dice.roll(4) > 0 {
            let (mother, father) = (women[dice.roll(women.len())], men[dice.roll(men.len())]);
            let father = (dice.roll(3) > 0).then_some(father);
            issue(registry, birth(child, mother, father, child.0));
            papers.births.push((child, std::iter::once(mother).chain(father).collect()));
        }
    }
    let mut heads = [false; 3];
    for person in (0..GROWN + 4).map(Person) {
        let household = dice.roll(4);
        if household == 3 {
            continue;
        }
        let relation = match (heads[household], person.is_child(), dice.roll(3)) {
            (false, false, _) => "02",
            (_, _, 0) if !person.is_child() => {
                if person.female() {
                    "52"
                } else {
                    "51"
                }
            }
            (_, _, 1) => "97",
            _ => {
                if person.female() {
                    "30"
                } else {
                    "20"
                }
            }
        };
        heads[household] |= relation == "02";
        issue(registry, member(person, household, relation));
        papers.households.insert(person, (household, relation));
    }
}

/// Every pair is asked about, and told what the oracle says.
fn walk<'k>(registry: &Registry, papers: &Papers, seen: &mut BTreeMap<(&'k str, &'k str), usize>) {
    for own in (0..GROWN + 4).map(Person) {
        for other in (0..GROWN + 4).map(Person).filter(|other| *other != own) {
            let answers = told(registry, own, other);
            for (kinship, answer) in KINSHIPS.into_iter().zip(answers) {
                let right = papers.told(kinship, own, other);
                assert_eq!(answer, right, "{kinship}: {} of {}", own.0, other.0);
                *seen.entry((kinship, right)).or_default() += 1;
            }
        }
    }
}

fn r11_relations_of_families_at_random_are_those_that_papers_say(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    registry.refresh().unwrap();
    registry.load_items("test", vec![item()]).unwrap();
    let mut papers = Papers::default();
    family(registry, &mut papers, &mut Dice(19));
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    walk(registry, &papers, &mut seen);
    assert!(!seen.contains_key(&("配偶", "contradicted")), "{seen:?}");
    common::items::state_marriages(registry);
    papers.marriages_covered = true;
    walk(registry, &papers, &mut seen);
    // A walk on which nothing happened would prove nothing.
    for (kinship, answer) in [
        ("配偶", "contradicted"),
        ("父母", "met"),
        ("子女", "met"),
        ("同户", "met"),
        ("同户", "contradicted"),
        ("监护人", "met"),
    ] {
        assert!(seen.contains_key(&(kinship, answer)), "{kinship} {answer}: {seen:?}");
    }
    // A dead child has no guardian; of one whose death is only reported nobody knows.
    let guarded = papers.births.iter().map(|(child, parents)| (parents[0], *child)).next().unwrap();
    let guardian = || told(registry, guarded.0, guarded.1)[4].clone();
    assert_eq!(guardian(), "met");
    for (agency, state, answer) in
        [(people::CREMATORIUM, "death_reported", "unverifiable"), (POLICE, "deceased", "not_covered")]
    {
        let mark = json!({
            "holder": {"type": "111", "code": guarded.1.code()}, "state": state, "ground": "经核实", "agency": agency,
        });
        registry.refresh().unwrap();
        registry.mark_holder(&operator(), &serde_json::from_value(mark).unwrap(), None).unwrap();
        assert_eq!(guardian(), answer, "{state}");
    }
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}
