//! Each item through each of its branches: `branches.txt` is written by hand, this file reads it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// One line: the item and the three columns.
struct Branch {
    item: String,
    parties: String,
    answers: String,
    wanted: String,
}

fn table() -> Vec<Branch> {
    let mut item = String::new();
    let mut all = Vec::new();
    for line in include_str!("branches.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        match line.split('|').map(str::trim).collect::<Vec<_>>().as_slice() {
            [name] => item = (*name).to_owned(),
            [parties, answers, wanted] => all.push(Branch {
                item: item.clone(),
                parties: (*parties).to_owned(),
                answers: (*answers).to_owned(),
                wanted: (*wanted).to_owned(),
            }),
            _ => panic!("{line}"),
        }
    }
    all
}

/// `applicant:38女本+relief_certificate`.
fn known(text: &str) -> PartyFacts {
    let (role, facts) = text.split_once(':').unwrap_or((text, ""));
    let mut one = party(role, "周海燕");
    let mut parts = facts.split('+');
    let attributes = parts.next().unwrap();
    let age: String = attributes.chars().filter(char::is_ascii_digit).collect();
    one.attributes.extend(age.parse().ok().map(|age| (Attribute::Age, FactValue::Number(age))));
    for letter in attributes.chars() {
        let (attribute, value) = match letter {
            '男' | '女' => (Attribute::Sex, FactValue::Text(letter.into())),
            '本' | '外' => (Attribute::Local, FactValue::Truth(letter == '本')),
            '证' => (Attribute::CodeType, FactValue::Text("公民身份号码".into())),
            '护' => (Attribute::CodeType, FactValue::Text("普通护照号".into())),
            _ => continue,
        };
        one.attributes.insert(attribute, value);
    }
    one.records = parts.map(|slug| record(slug, "周海燕")).collect();
    one
}

fn asked(branch: &Branch) -> ItemRequest {
    let parties = branch.parties.split_whitespace().map(known).collect();
    let mut request = request(&[], parties);
    for pair in branch.answers.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        match name.strip_prefix('@') {
            Some(day) => {
                request.dates.insert(day.to_owned(), value.parse().unwrap());
            }
            None => {
                request.answers.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    request
}

/// The materials as the table writes them.
fn told(answer: &ItemAnswer) -> String {
    if let Some(other) = &answer.referred_to {
        return format!("转办:{other}");
    }
    let mut all: Vec<(String, usize)> = Vec::new();
    for slot in &answer.slots {
        let mark = match slot.outcome {
            SlotOutcome::NotRequired => continue,
            SlotOutcome::PartyMissing => "!",
            SlotOutcome::Undecided => "?",
            _ => "",
        };
        let name = format!("{}{mark}", slot.slot);
        match all.last_mut().filter(|(last, _)| *last == name) {
            Some((_, number)) => *number += 1,
            None => all.push((name, 1)),
        }
    }
    let written = all.into_iter().map(|(name, number)| match number {
        1 => name,
        _ => format!("{name}*{number}"),
    });
    written.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_item_asks_in_each_branch_what_the_table_says() {
    let mut wrong = Vec::new();
    for branch in table() {
        let answer = item(&branch.item).answer(&asked(&branch));
        let told = answer.map_or_else(|fault| fault.to_string(), |answer| told(&answer));
        if told != branch.wanted {
            let Branch { item, parties, answers, wanted } = branch;
            wrong.push(format!("{item}: {parties} | {answers}\n  table {wanted}\n  told  {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_table_goes_through_every_item_option_and_material() {
    let mut options: BTreeMap<String, BTreeSet<(String, String)>> = BTreeMap::new();
    let mut slots: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for branch in table() {
        let answer = item(&branch.item).answer(&asked(&branch)).unwrap();
        for question in &answer.questions {
            if let AnsweredBy::ByFacts { option, .. } | AnsweredBy::ByApplicant(option) = &question.answered {
                let pair = (question.question.clone(), option.clone());
                options.entry(branch.item.clone()).or_default().insert(pair);
            }
        }
        let needed = answer.slots.iter().filter(|slot| slot.outcome != SlotOutcome::NotRequired);
        slots.entry(branch.item.clone()).or_default().extend(needed.map(|slot| slot.slot.clone()));
    }
    // The twenty items of the district; the small ones of the bundles stand in the bundles' own tables.
    let twenty =
        ItemDef::builtin().unwrap().into_iter().filter(|item| item.base_code.as_str() <= "190101000020");
    let twenty: Vec<_> = twenty.collect();
    assert_eq!(twenty.len(), 20);
    for item in twenty {
        let pairs = item.questions.iter().flat_map(|question| {
            question.options.iter().map(|option| (question.name.clone(), option.value.clone()))
        });
        let all: BTreeSet<_> = pairs.collect();
        assert_eq!(options.remove(&item.name).unwrap_or_default(), all, "{}", item.name);
        let all: BTreeSet<_> = item.slots.iter().map(|slot| slot.id.clone()).collect();
        assert_eq!(slots.remove(&item.name).unwrap_or_default(), all, "{}", item.name);
    }
    assert!(options.is_empty() && slots.is_empty(), "the table names items that are not there");
}

#[test]
fn what_must_be_true_of_a_party_is_told_beside_the_materials() {
    let told = |item: &str, parties: &str| -> Vec<Option<bool>> {
        let parties = parties.split_whitespace().map(known).collect();
        let answer = super::item(item).answer(&request(&[], parties)).unwrap();
        answer.premises.iter().map(|one| one.holds).collect()
    };
    for (item, parties, wanted) in [
        ("失业登记", "applicant:16女本", vec![Some(true)]),
        ("失业登记", "applicant:15女本", vec![Some(false)]),
        ("失业登记", "applicant", vec![None]),
        ("结婚登记", "spouse:22男 spouse:20女", vec![Some(true), Some(true)]),
        ("结婚登记", "spouse:21男 spouse:19女", vec![Some(false), Some(false)]),
        ("结婚登记", "spouse:22女 spouse:男", vec![Some(true), None]),
        ("居住证申领", "applicant:30男外", vec![Some(true)]),
        ("居住证申领", "applicant:30男本", vec![Some(false)]),
        ("义务教育入学", "child:5男本 guardian", vec![Some(false)]),
        ("灵活就业社会保险补贴", "applicant:40女", vec![Some(true)]),
        ("残疾人证办理", "applicant:40女", vec![]),
    ] {
        assert_eq!(told(item, parties), wanted, "{item}: {parties}");
    }
}
