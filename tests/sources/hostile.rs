//! Answers that are none: each leaves the slot 暂无法核验 with the system's name and the time.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::department::{Reply, again, signed, told};
use elicense::record::question::{SourceAnswer, SourceHolder, SourceQuestion, SourceWord};
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};

use super::*;

on_both! {
    what_is_not_the_answer_to_the_question_is_none
    an_answer_under_a_key_that_is_not_the_agencys_is_none
    no_number_stands_in_logs_errors_and_files
}

/// Tries one behaviour at a clock of its own, so that no breaker is open.
fn tried(
    world: &World,
    office: &Fake,
    why: &str,
    behaviour: impl FnMut(&SourceQuestion) -> Reply + Send + 'static,
) {
    world.clock.set(world.registry.now().plus_seconds(60));
    office.does(behaviour);
    is_silent(&apply(&world.registry, &alone()), "married", &format!("婚姻登记系统：{why}"));
}

fn what_is_not_the_answer_to_the_question_is_none(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let wrong = |why: &str, change: fn(SourceAnswer) -> SourceAnswer| {
        let key = again(&office.key);
        tried(&world, &office, why, move |question| {
            Reply::Text(signed(&change(told(question, SourceWord::No)), &key))
        });
    };
    wrong("答复的不是所问的人", |answer| {
        let holder = SourceHolder { code: CHEN.into(), code_type: "111".into() };
        SourceAnswer { holder: Some(holder), ..answer }
    });
    wrong("答复的问题不对", |answer| SourceAnswer { question: Some("别的问题".into()), ..answer });
    wrong("答复与询问不对应", |answer| SourceAnswer {
        nonce: elicense::record::Salt([1; 16]),
        ..answer
    });
    wrong("答复的时间不对", |answer| SourceAnswer { at: answer.at.plus_seconds(-301), ..answer });
    wrong("答复的有效期不对", |answer| SourceAnswer { valid_until: answer.at, ..answer });
    wrong("答复的有效期不对", |answer| SourceAnswer {
        valid_until: answer.at.plus_seconds(90_000),
        ..answer
    });
    wrong("答复格式不对", |answer| SourceAnswer { answer: None, ..answer });
    wrong("答复格式不对", |answer| SourceAnswer { text: Some("长".repeat(1_001)), ..answer });

    let key = again(&office.key);
    tried(&world, &office, "答复种类不对", move |question| {
        let payload = told(question, SourceWord::No).to_canonical().unwrap();
        Reply::Text(EnvelopeBuf::sign(Typ::Record, &payload, &key).unwrap().compact())
    });
    let key = again(&office.key);
    tried(&world, &office, "答复的签名无效", move |question| {
        let whole = signed(&told(question, SourceWord::No), &key);
        let (rest, _) = whole.rsplit_once('.').unwrap();
        let other = signed(&told(question, SourceWord::Yes), &key);
        Reply::Text(format!("{rest}.{}", other.rsplit_once('.').unwrap().1))
    });
    let key = again(&office.key);
    tried(&world, &office, "答复格式不对", move |question| {
        let whole = signed(&told(question, SourceWord::No), &key);
        Reply::Text(whole[..whole.len() / 2].to_owned())
    });
    tried(&world, &office, "答复过大", |_| Reply::Text("x".repeat(1 << 20)));
    tried(&world, &office, "答复格式不对", |_| Reply::Text("[".repeat(10_000)));
    let deep = format!("{}1{}", "[".repeat(3_000), "]".repeat(3_000));
    let key = again(&office.key);
    tried(&world, &office, "答复格式不对", move |_| {
        let coded = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let header =
            format!("{{\"alg\":\"EdDSA\",\"kid\":\"{}\",\"typ\":\"elicense-answer+jws\"}}", key.kid());
        let input = format!("{}.{}", coded(&header), coded(&deep));
        Reply::Text(format!("{input}.{}", URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()))))
    });
    for (why, raw) in [
        ("拒绝答复", "HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n".to_owned()),
        (
            "拒绝答复",
            "HTTP/1.1 302 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned(),
        ),
        ("无法连接", "no HTTP at all\r\n\r\n".to_owned()),
        ("无法连接", String::new()),
        ("无法连接", "HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\nhalf".to_owned()),
        ("无法连接", format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(100_000))),
    ] {
        tried(&world, &office, why, move |_| Reply::Raw(raw.clone().into_bytes()));
    }
    // An old answer of this very question and person, played again.
    let (key, old) = (again(&office.key), Arc::new(Mutex::new(None::<String>)));
    world.clock.set(registry.now().plus_seconds(60));
    let first = old.clone();
    office.does(move |question| {
        let text = signed(&told(question, SourceWord::No), &key);
        *first.lock().unwrap() = Some(text.clone());
        Reply::Text(text)
    });
    assert_eq!(checked(&apply(registry, &alone()), "married").1["outcome"], "contradicted");
    world.clock.set(registry.now().plus_seconds(600));
    tried(&world, &office, "答复与询问不对应", move |_| {
        Reply::Text(old.lock().unwrap().clone().unwrap())
    });
    assert_eq!(fsck(&world), []);
}

fn an_answer_under_a_key_that_is_not_the_agencys_is_none(world: World) {
    let registry = &world.registry;
    ready(registry);
    let (office, police) = (office(registry), police(registry));
    let sign = |key: SigningKey| {
        move |question: &SourceQuestion| Reply::Text(signed(&told(question, SourceWord::No), &key))
    };
    tried(&world, &office, "答复的密钥无效", sign(SigningKey::generate().unwrap()));
    tried(&world, &office, "答复的密钥无效", sign(again(&police.key)));
    let kid = office.key.kid().to_string();
    registry.revoke_key("test", &kid, registry.now(), "密钥更换").unwrap();
    tried(&world, &office, "答复的密钥无效", sign(again(&office.key)));
}

/// Everything that is logged, answered, refused and kept, while a department lies in every way.
fn no_number_stands_in_logs_errors_and_files(world: World) {
    common::captured::start();
    let registry = &world.registry;
    ready(registry);
    let (office, police) = (office(registry), police(registry));
    let mut said = vec![apply(registry, &both()).to_string()];
    for turn in 0..5 {
        world.clock.set(registry.now().plus_seconds(700));
        let key = again(&office.key);
        office.does(move |question| match turn {
            0 => Reply::Raw(Vec::new()),
            1 => Reply::Text(ZHOU.repeat(2_000)),
            2 => Reply::Raw(format!("HTTP/1.1 200 {ZHOU}\r\nx-{ZHOU}: {ZHOU}\r\n\r\n{ZHOU}").into_bytes()),
            3 => Reply::Text(format!("{ZHOU}.{CHEN}.{ZHOU}")),
            _ => {
                let answer = told(question, SourceWord::Yes);
                let text = Some(format!("本人 {ZHOU}"));
                Reply::Text(signed(&SourceAnswer { evidence: vec![CHEN.into()], text, ..answer }, &key))
            }
        });
        said.push(apply(registry, &both()).to_string());
    }
    drop(police);
    assert_eq!(checked(&serde_json::from_str(&said[5]).unwrap(), "married").0, "checked");
    let needles = common::needles::Needles::new([ZHOU, CHEN]);
    assert_eq!(needles.found_in(said.join("\n").as_bytes()), Vec::<&str>::new());
    // The operator's log: that of the HTTP client is turned off in it (src/cli/journal.rs).
    let logged = common::captured::text();
    let own: Vec<&str> = logged
        .lines()
        .filter(|line| !line.split_whitespace().nth(1).is_some_and(|target| target.starts_with("ureq")))
        .collect();
    assert!(own.iter().any(|line| line.contains("source-silent agency=")), "{own:?}");
    assert_eq!(needles.found_in(own.join("\n").as_bytes()), Vec::<&str>::new());
    assert_eq!(needles.found_under(&world.data()), Vec::<String>::new());
    assert_eq!(fsck(&world), []);
}
