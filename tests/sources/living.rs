//! Systems that fail while they are asked: time, the breaker, the simulated department as a process of its own.

use std::time::{Duration, Instant};

use common::department::{Fake, Reply, Simulated, connect, source};
use common::{Backend, world_at};
use elicense::clock::Clock;
use elicense::record::question::SourceWord;

use super::*;

on_both! {
    each_switch_of_a_department_is_unverifiable_and_never_no
    a_source_that_failed_thrice_is_left_alone
    who_stands_beside_the_question_that_tries_a_source_waits_for_it
}

/// A registry under the machine's clock, with a simulated department.
fn simulated(backend: Backend, more: &[&str]) -> (World, Simulated) {
    let world = world_at(backend, Clock::System).unwrap();
    ready(&world.registry);
    let answers = json!({MARRIED: {ZHOU: "no", "*": "yes"}});
    let department = Simulated::start(CREMATORIUM, &answers, more);
    let mut office =
        source("婚姻登记机关", CREMATORIUM, "婚姻登记系统", &department.url, world.registry.now());
    office.timeout_ms = 400;
    connect(&world.registry, office, &department.public);
    (world, department)
}

fn each_switch_of_a_department_is_unverifiable_and_never_no(world: World) {
    // Answers count for a second, so that the next application asks again.
    let (world, department) = simulated(world.backend(), &["--life", "1", "--delay", "2000"]);
    let registry = &world.registry;
    let told = |code: &str| {
        std::thread::sleep(Duration::from_millis(1_100));
        apply(registry, &asking(json!({"parties": [party("applicant", code)]})))
    };
    assert_eq!(checked(&told(CHEN), "married").0, "checked");
    assert_eq!(checked(&told(ZHOU), "married").1["outcome"], "contradicted");
    registry.check_source("婚姻登记机关", CREMATORIUM).unwrap().unwrap();
    for (switch, why) in [
        ("down", "拒绝答复"),
        ("wrong-person", "答复的不是所问的人"),
        ("off", ""),
        ("wrong-signature", "答复的密钥无效"),
        ("half", "答复格式不对"),
        ("off", ""),
        ("slow", "无响应"),
    ] {
        department.switch(switch);
        // She is not married there: whatever goes wrong, what comes is never taken for that "no".
        let answer = told(ZHOU);
        match switch {
            "off" => assert_eq!(checked(&answer, "married").1["outcome"], "contradicted", "{answer}"),
            _ => is_silent(&answer, "married", &format!("婚姻登记系统：{why}")),
        }
    }
    assert!(department.control("POST", "asleep").contains("400"));
    assert_eq!(fsck(&world), []);
}

fn a_source_that_failed_thrice_is_left_alone(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    office.does(|_| Reply::Raw(Vec::new()));
    for _ in 0..3 {
        is_silent(&apply(registry, &alone()), "married", "无法连接");
    }
    let told = lines(registry, ZHOU, Outcome::Asked).len();
    let (asked, began) = (office.asked().len(), Instant::now());
    assert_eq!(asked, 6, "each was tried once more");
    is_silent(&apply(registry, &alone()), "married", "连续无响应，暂停询问");
    assert_eq!(office.asked().len(), asked);
    assert_eq!(lines(registry, ZHOU, Outcome::Asked).len(), told, "nobody was asked, and nobody is told so");
    assert!(began.elapsed() < Duration::from_millis(500), "at once");
    world.clock.set(registry.now().plus_seconds(29));
    is_silent(&apply(registry, &alone()), "married", "暂停询问");
    // One question tries it, and fails; the pause begins anew.
    world.clock.set(registry.now().plus_seconds(1));
    is_silent(&apply(registry, &alone()), "married", "无法连接");
    is_silent(&apply(registry, &alone()), "married", "暂停询问");
    world.clock.set(registry.now().plus_seconds(30));
    office.says(SourceWord::Yes);
    assert_eq!(checked(&apply(registry, &alone()), "married").0, "checked");
}

fn who_stands_beside_the_question_that_tries_a_source_waits_for_it(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let failing = || {
        office.does(|_| Reply::Raw(Vec::new()));
        for _ in 0..3 {
            world.clock.set(registry.now().plus_seconds(31));
            apply(registry, &alone());
        }
        world.clock.set(registry.now().plus_seconds(31));
    };
    registry.ask_within(Duration::from_secs(8));
    let at_once = || -> Vec<Value> {
        std::thread::scope(|scope| {
            let running = [(); 4].map(|()| scope.spawn(|| apply(registry, &alone())));
            running.map(|one| one.join().unwrap()).into()
        })
    };
    let slowly = |word: Option<SourceWord>| {
        let key = common::department::again(&office.key);
        office.does(move |question| {
            std::thread::sleep(Duration::from_millis(200));
            let told = word.map(|word| common::department::told(question, word));
            told.map_or(Reply::Raw(Vec::new()), |told| Reply::Text(common::department::signed(&told, &key)))
        });
    };
    // It answers again, slowly: all have their answer.
    failing();
    slowly(Some(SourceWord::Yes));
    for answer in at_once() {
        assert_eq!(checked(&answer, "married").0, "checked", "{answer}");
    }
    // It fails again: they are told as soon as that is known, and it is not asked by each of them.
    world.clock.set(registry.now().plus_seconds(3_600));
    failing();
    slowly(None);
    let (asked, began) = (office.asked().len(), Instant::now());
    let answers = at_once();
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(office.asked().len(), asked + 2, "one question tried it, and once more");
    let why = |answer: &Value| checked(answer, "married").1["source"].as_str().unwrap().to_owned();
    let paused = answers.iter().filter(|answer| why(answer).contains("暂停询问")).count();
    assert_eq!(paused, 3, "{:?}", answers.iter().map(why).collect::<Vec<_>>());
}

#[test]
fn all_questions_are_put_at_the_same_time_and_the_whole_ends_in_time() {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    ready(registry);
    let (office, police) = (office(registry), police(registry));
    let slow = |fake: &Fake, time: u64| {
        let key = common::department::again(&fake.key);
        fake.does(move |question| {
            std::thread::sleep(Duration::from_millis(time));
            let told = common::department::told(question, SourceWord::Yes);
            Reply::Text(common::department::signed(&told, &key))
        });
    };
    slow(&office, 400);
    slow(&police, 400);
    let began = Instant::now();
    let answer = apply(registry, &both());
    assert!(began.elapsed() < Duration::from_millis(750), "{:?}", began.elapsed());
    assert_eq!(
        (checked(&answer, "married").0.as_str(), checked(&answer, "record").0.as_str()),
        ("checked", "checked")
    );
    // A system that drips byte for byte is late like one that says nothing; the other answers all the same.
    registry.ask_within(Duration::from_millis(500));
    world.clock.set(registry.now().plus_seconds(3_600));
    slow(&police, 10);
    office.does(|_| Reply::Hang(Duration::from_secs(3)));
    let began = Instant::now();
    let answer = apply(registry, &both());
    assert!(began.elapsed() < Duration::from_millis(1_000), "{:?}", began.elapsed());
    is_silent(&answer, "married", "婚姻登记系统：无响应");
    assert_eq!(checked(&answer, "record").0, "checked");
}

#[test]
fn two_applications_at_once_have_each_their_answer() {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    let answers: Vec<Value> = std::thread::scope(|scope| {
        let ask = |code: &'static str| {
            move || apply(registry, &asking(json!({"parties": [party("applicant", code)]})))
        };
        let running = [ZHOU, CHEN, ZHOU, CHEN].map(|code| scope.spawn(ask(code)));
        running.map(|one| one.join().unwrap()).into()
    });
    for answer in &answers {
        assert_eq!(checked(answer, "married").0, "checked", "{answer}");
    }
    assert!(office.asked().len() >= 2);
    assert_eq!(fsck(&world), []);
}

#[test]
fn a_department_that_is_killed_in_the_middle_is_unverifiable() {
    let (world, mut department) = simulated(Backend::Sqlite, &["--switch", "slow", "--delay", "5000"]);
    let registry = &world.registry;
    let before = department.asked();
    let answer = std::thread::scope(|scope| {
        let running = scope.spawn(|| apply(registry, &alone()));
        std::thread::sleep(Duration::from_millis(150));
        department.child.kill().unwrap();
        department.child.wait().unwrap();
        running.join().unwrap()
    });
    assert_eq!(before, 0);
    assert_eq!(checked(&answer, "married").0, "unverifiable", "{answer}");
    is_silent(&apply(registry, &alone()), "married", "婚姻登记系统：无法连接");
    assert_eq!(fsck(&world), []);
}
