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
