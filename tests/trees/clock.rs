//! A process whose clock ran an hour ahead, and its effect on processes whose clock is right.

use std::time::{Duration, Instant};

use elicense::clock::{Clock, Moment};
use elicense::registry::{Ask, DirectoryAsk, FsckOptions, Opening, Registry, Submitted};
use elicense::trust::MasterKey;
use serde_json::{Value, json};

use crate::common::people::{self, ZHOU};
use crate::common::{self, MASTER, World, captured, operator, run, server};
use crate::on_both;

on_both! {
    a_clock_that_ran_ahead_locks_nothing_and_answers_tell_the_true_time
    a_clock_that_is_behind_the_logs_is_told_in_log_metric_and_readiness
}

const HOUR: i64 = 3_600;

/// Another process, whose clock stands at `at`.
fn at(world: &World, at: Moment) -> Registry {
    let (place, clock) = (world.place.clone(), Clock::fixed(at));
    let master = MasterKey::from_bytes(MASTER);
    Registry::open(Opening { place, master, clock, regions: common::demo_regions() }).unwrap()
}

fn lookup(registry: &Registry) -> Value {
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    }))
    .unwrap();
    registry.refresh().unwrap();
    let answered = run(registry.lookup(&operator(), registry.prepare_lookup(&ask).unwrap())).unwrap();
    serde_json::from_slice(&answered.body).unwrap()
}

fn issue(registry: &Registry, place: usize) -> Moment {
    registry.refresh().unwrap();
    let card = people::id_card(&people::number(place), "周海燕", "2020-01-01");
    registry.issue(&operator(), &Submitted::Draft(card)).unwrap().at
}

fn a_clock_that_ran_ahead_locks_nothing_and_answers_tell_the_true_time(world: World) {
    people::settle(&world.registry);
    issue(&world.registry, 0);
    let noon = world.registry.now();
    let late = noon.plus_seconds(HOUR);
    let ahead = at(&world, late);
    ahead.start_access("main").unwrap();
    ahead.start_access("other").unwrap();
    assert_eq!(lookup(&ahead)["at"], json!(late));
    assert_eq!(issue(&ahead, 1), late);
    ahead.start_access("main").unwrap();
    lookup(&ahead);
    // It ends without giving `access-main` back, as on another machine; the other log was given back.
    std::mem::forget(ahead);

    world.clock.set(noon.plus_seconds(5));
    let right = world.reopen();
    let began = Instant::now();
    right.await_access("other").unwrap();
    right.await_access("main").unwrap();
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "waited {:?} for a lease of a wrong clock",
        began.elapsed()
    );
    let answer = lookup(&right);
    assert_eq!(answer["at"], json!(late), "the time of a log never goes back");
    assert_eq!(answer["clock"], json!(noon.plus_seconds(5)));
    assert_eq!(issue(&right, 2), late);
    let ask: DirectoryAsk = serde_json::from_value(json!({
        "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    }))
    .unwrap();
    let listed = common::value(&run(right.directory(&operator(), &ask)).unwrap());
    assert_eq!((&listed["at"], &listed["clock"]), (&json!(late), &json!(noon.plus_seconds(5))));
    // An act on a whole registry is not held up either.
    right.stop_access();
    let (closed, successor) = right.succeed_log("test", "access-main").unwrap();
    assert_eq!((closed.log.as_str(), successor.as_str()), ("access-main", "access-main-r2"));
    right.rekey_master("test", &MasterKey::from_bytes([9; 32])).unwrap();
    let opening = |seconds| Opening {
        place: world.place.clone(),
        master: MasterKey::from_bytes([9; 32]),
        clock: Clock::fixed(noon.plus_seconds(seconds)),
        regions: common::demo_regions(),
    };
    let caught_up = Registry::open(opening(HOUR + 1)).unwrap();
    caught_up.start_access("main").unwrap();
    let answer = lookup(&caught_up);
    assert_eq!(answer["at"], json!(noon.plus_seconds(HOUR + 1)));
    assert!(answer.get("clock").is_none(), "only where they differ");
    caught_up.stop_access();
    assert_eq!(caught_up.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn a_clock_that_is_behind_the_logs_is_told_in_log_metric_and_readiness(world: World) {
    captured::start();
    people::settle(&world.registry);
    let noon = world.registry.now();
    // A number of seconds that no other test has.
    let behind = if world.backend() == common::Backend::Sqlite { 2_711 } else { 2_713 };
    issue(&at(&world, noon.plus_seconds(behind)), 0);
    let server = server::start(world.reopen());
    let ready = server.get("/readyz", None);
    assert_eq!((ready.status, ready.json()["status"].clone()), (200, json!("degraded")), "{ready:?}");
    assert_eq!(
        ready.json()["checks"],
        json!({"clock": "behind", "log": "ok", "policy": "ok", "store": "ok"})
    );
    assert!(server.get("/metrics", None).body.contains(&format!("elicense_clock_behind_seconds {behind}\n")));
    assert!(captured::text().contains(&format!("the clock is {behind} s behind the newest leaf")));
    // Half a second is nothing.
    world.clock.set(Moment::from_micros(noon.plus_seconds(behind).micros() - 500_000));
    assert_eq!(server.get("/readyz", None).json()["status"], "ready");
    world.clock.set(noon.plus_seconds(behind));
    assert_eq!(server.get("/readyz", None).json()["checks"]["clock"], "ok");
    assert!(server.get("/metrics", None).body.contains("elicense_clock_behind_seconds 0\n"));
    // While a server runs, too: another process runs ahead, and this one sees it within a second or two.
    issue(&at(&world, noon.plus_seconds(behind + 2 * behind)), 1);
    let until = Instant::now() + Duration::from_secs(10);
    while server.get("/readyz", None).json()["status"] == "ready" {
        assert!(Instant::now() < until, "never noticed");
        std::thread::sleep(Duration::from_millis(50));
    }
    let told = format!("the clock is {} s behind the newest leaf", 2 * behind);
    while !captured::text().contains(&told) {
        assert!(Instant::now() < until, "not told");
        std::thread::sleep(Duration::from_millis(50));
    }
}
