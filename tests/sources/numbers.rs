//! Somebody with several numbers is asked about under each, and a question that several want is put once.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::department::{Reply, again, signed, told};
use elicense::record::question::SourceWord;

use super::*;

on_both! {
    each_linked_number_is_asked_and_one_yes_is_enough
    what_nobody_has_must_be_so_under_each_number
    a_number_that_nobody_could_be_charged_for_is_not_asked_about
    a_question_that_two_items_of_a_bundle_put_is_put_once
}

/// The office says these words of these numbers, and nothing in time of any other.
fn says(office: &Fake, words: &[(&str, SourceWord)]) {
    let words: BTreeMap<String, SourceWord> =
        words.iter().map(|(code, word)| ((*code).to_owned(), *word)).collect();
    let key = again(&office.key);
    office.does(move |question| {
        let code = &question.holder.as_ref().unwrap().code;
        match words.get(code) {
            Some(word) => Reply::Text(signed(&told(question, *word), &key)),
            None => Reply::Raw(Vec::new()),
        }
    });
}

/// The links of the chain of a way's signed answer, and what it says.
fn chain(way: &Value) -> (Value, Vec<String>) {
    let payload = way["signed"].as_str().unwrap().split('.').nth(1).unwrap();
    let said: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let links = said["evidence"].as_array().cloned().unwrap_or_default();
    (said["answer"].clone(), links.iter().map(|link| link["told"].as_str().unwrap().to_owned()).collect())
}

fn later(world: &World) {
    world.clock.set(world.registry.now().plus_seconds(3_600));
}

fn each_linked_number_is_asked_and_one_yes_is_enough(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let second = people::number(9);
    common::items::link(registry, (ZHOU, &second));
    says(&office, &[(ZHOU, SourceWord::No), (&second, SourceWord::Yes)]);
    let answer = apply(registry, &alone());
    let (outcome, way) = checked(&answer, "married");
    assert_eq!((outcome.as_str(), &way["outcome"]), ("checked", &json!("met")), "{answer}");
    let asked = office.asked();
    let mut codes: Vec<&str> = asked.iter().map(|one| one.holder.as_ref().unwrap().code.as_str()).collect();
    codes.sort_unstable();
    let mut both = [ZHOU, second.as_str()];
    both.sort_unstable();
    assert_eq!(codes, both, "each number once");
    // The chain names the question about each number, and first that which decides.
    let (said, links) = chain(&way);
    let nonce = |code: &str| {
        let one = asked.iter().find(|one| one.holder.as_ref().unwrap().code == code).unwrap();
        one.nonce.text()
    };
    assert_eq!((said, links), (json!("yes"), vec![nonce(&second), nonce(ZHOU)]));
    assert_eq!(lines(registry, ZHOU, Outcome::Asked).len(), 1, "both in one entry");
    // Both answers are kept: nobody is asked again.
    assert_eq!(checked(&apply(registry, &alone()), "married").0, "checked");
    assert_eq!(office.asked().len(), 2);
    // A no needs every number.
    later(&world);
    says(&office, &[(ZHOU, SourceWord::No), (&second, SourceWord::No)]);
    let (outcome, way) = checked(&apply(registry, &alone()), "married");
    assert_eq!((outcome.as_str(), &way["outcome"]), ("by_applicant", &json!("contradicted")));
    let (said, links) = chain(&way);
    assert_eq!((said, links.len()), (json!("no"), 2));
    for (words, why) in [
        (vec![(ZHOU, SourceWord::No)], "婚姻登记系统：无法连接"),
        (vec![(ZHOU, SourceWord::No), (second.as_str(), SourceWord::Unknown)], "婚姻登记系统：无法确定"),
    ] {
        later(&world);
        says(&office, &words);
        is_silent(&apply(registry, &alone()), "married", why);
    }
    // A yes holds, whatever another number comes to.
    later(&world);
    says(&office, &[(ZHOU, SourceWord::Yes)]);
    assert_eq!(checked(&apply(registry, &alone()), "married").0, "checked");
    // Perhaps they are two people after all: the other sees that it was asked about, each time, and not what for.
    let asked = lines(registry, ZHOU, Outcome::Asked).len();
    common::items::unlink(registry, (ZHOU, &second));
    assert_eq!((asked, as_linked(registry, &second)), (5, 5 + 6), "five questions, six applications");
    assert_eq!(fsck(&world), []);
}

/// The lines on somebody's own list that say that it was looked at as another number of somebody else.
fn as_linked(registry: &Registry, code: &str) -> usize {
    let holder = AskedHolder { code_type: "111".into(), code: code.into() };
    let page = AccessPage { limit: 100, ..AccessPage::default() };
    let seen = run(registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap();
    seen.lines.into_iter().filter(|line| line.linked && line.item.is_none()).count()
}

fn what_nobody_has_must_be_so_under_each_number(world: World) {
    let registry = &world.registry;
    ready(registry);
    let court = connected(registry, "人民法院", POLICE, "法院系统");
    let second = people::number(9);
    common::items::link(registry, (CHEN, &second));
    says(&court, &[(CHEN, SourceWord::Yes), (&second, SourceWord::Yes)]);
    assert_eq!(checked(&apply(registry, &both()), "clean").0, "checked");
    later(&world);
    says(&court, &[(CHEN, SourceWord::Yes), (&second, SourceWord::No)]);
    let (outcome, way) = checked(&apply(registry, &both()), "clean");
    assert_eq!((outcome.as_str(), &way["outcome"]), ("by_applicant", &json!("contradicted")));
    later(&world);
    says(&court, &[(CHEN, SourceWord::Yes)]);
    is_silent(&apply(registry, &both()), "clean", "法院系统：无法连接");
}

fn a_number_that_nobody_could_be_charged_for_is_not_asked_about(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let second = people::number(9);
    common::items::link(registry, (ZHOU, &second));
    office.says(SourceWord::No);
    let poor = callers::client("poor").agency(MARKET).scopes(&[Scope::Apply]).budget(1).actor();
    registry.refresh().unwrap();
    let answer = serde_json::to_value(run(registry.apply(&poor, &alone())).unwrap()).unwrap();
    is_silent(&answer, "married", "今日可查询人数已用完");
    let asked = office.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].holder.as_ref().unwrap().code, ZHOU);
    common::items::unlink(registry, (ZHOU, &second));
    assert_eq!(
        as_linked(registry, &second),
        1,
        "its papers were looked for, and no department was told of it"
    );
}

fn a_question_that_two_items_of_a_bundle_put_is_put_once(world: World) {
    let registry = &world.registry;
    ready(registry);
    let mut other = item();
    let code = ITEM.replace("000903", "000904");
    (other["实施编码"], other["基本编码"]) = (code.clone().into(), "190101000904".into());
    registry.load_items("test", vec![serde_json::from_value(other).unwrap()]).unwrap();
    registry.refresh().unwrap();
    let roles = json!({"申请人": "申请人", "配偶": "配偶"});
    let bundle = json!({
        "一件事名称": "测试一件事", "编号": "both", "版本": 1, "牵头机构": "城东区市场监督管理局",
        "当事人": [{"角色": "申请人", "代码": "applicant", "主体": "自然人", "最少": 1, "最多": 1},
                   {"角色": "配偶", "代码": "spouse", "主体": "自然人", "最少": 0, "最多": 1}],
        "事项": [{"实施编码": ITEM, "当事人": roles}, {"实施编码": code, "当事人": roles}],
    });
    registry.load_bundles("test", vec![serde_json::from_value(bundle).unwrap()]).unwrap();
    let office = office(registry);
    let police = police(registry);
    let ask = || -> ApplicationAsk {
        serde_json::from_value(json!({"bundle": "both", "reason": "窗口办理", "case": "城东 1",
            "parties": [party("applicant", ZHOU), party("spouse", CHEN)]}))
        .unwrap()
    };
    for _ in 0..2 {
        let answer = apply(registry, &ask());
        for item in answer["items"].as_array().unwrap() {
            for slot in ["married", "married_too", "record"] {
                let (outcome, way) = checked(item, slot);
                assert_eq!(outcome, "checked", "{item}");
                let nonce = if slot == "record" { police.asked()[0].nonce } else { office.asked()[0].nonce };
                assert_eq!(way["evidence"], json!([nonce.text()]));
            }
        }
        assert_eq!((office.asked().len(), police.asked().len()), (1, 1));
    }
    // It is put for the first item, and stands once on the list of each.
    assert_eq!(office.asked()[0].item.as_deref(), Some(ITEM));
    for code in [ZHOU, CHEN] {
        assert_eq!(lines(registry, code, Outcome::Asked).len(), 1, "{code}");
    }
    // What an item was told before serves the bundle too.
    later(&world);
    apply(registry, &alone());
    apply(registry, &ask());
    assert_eq!(office.asked().len(), 2);
    assert_eq!(fsck(&world), []);
}
