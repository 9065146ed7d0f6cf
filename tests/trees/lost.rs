//! A data directory that has lost its memory of the logs: the file `anchors` is gone, or is another one than the
//! registry knows.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use elicense::error::{Code, Error};
use elicense::registry::{FsckOptions, Opening, Registry};
use elicense::rule::Rule;
use elicense::trust::{Envelope, MasterKey};
use serde_json::Value;

use super::{Seen, settled, taken_up, work};
use crate::common::program::{Installed, Program};
use crate::common::{self, Backend, MASTER, World, captured};
use crate::on_both;

on_both! {
    i14_a_node_whose_anchors_are_gone_starts_again_only_when_somebody_answers_for_it
    i14_a_crash_between_the_file_and_the_fact_locks_nobody_out
}

#[track_caller]
fn missing<T: std::fmt::Debug>(outcome: Result<T, Error>) {
    let error = outcome.unwrap_err();
    assert_eq!((error.code, error.rule), (Code::LogForked, Some(Rule::AnchorsMissing)), "{error:?}");
}

fn opening(world: &World) -> Opening {
    let (place, clock) = (world.place.clone(), world.clock.clone());
    Opening { place, master: MasterKey::from_bytes(MASTER), clock, regions: common::demo_regions() }
}

fn anchors(world: &World) -> PathBuf {
    world.data().join("anchors")
}

/// A process that opens the registry and serves as `main`.
fn started(world: &World) -> Result<Registry, Error> {
    let registry = Registry::open(opening(world))?;
    registry.start_access("main")?;
    Ok(registry)
}

fn as_found(world: &World) -> Registry {
    Registry::open_as_found(opening(world)).unwrap()
}

/// A registry that has served and was closed; the file of anchors is there.
fn closed(world: World) -> World {
    started(&world).unwrap().stop_access();
    world.registry.stop_access();
    assert!(anchors(&world).exists());
    world
}

fn i14_a_node_whose_anchors_are_gone_starts_again_only_when_somebody_answers_for_it(world: World) {
    captured::start();
    let world = closed(world);
    let kept = fs::read(anchors(&world)).unwrap();
    let lose = || fs::remove_file(anchors(&world)).unwrap();
    lose();
    missing(started(&world).map(drop));
    assert!(!anchors(&world).exists(), "a refused start leaves no file that the next one would go on from");
    // The same file put back, as when the data directory moves to another machine with all that is in it.
    fs::write(anchors(&world), &kept).unwrap();
    started(&world).unwrap().stop_access();
    assert!(
        as_found(&world).accept_logs("test", "main", "为什么").unwrap_err().rule == Some(Rule::AnchorsThere)
    );

    lose();
    let wrong =
        as_found(&world).accept_logs("test", "main", &format!("号码 {}", common::people::ZHOU)).unwrap_err();
    assert_eq!(wrong.rule, Some(Rule::NumberInText));
    let accepted = as_found(&world).accept_logs("test", "main", "磁盘更换，数据库为最新").unwrap();
    assert!(accepted.logs.iter().any(|(log, size)| log == "records" && *size > 0), "{accepted:?}");
    assert!(captured::text().contains("logs-accepted node="));
    let registry = started(&world).unwrap();
    registry.stop_access();
    let told = registry.store().read_now(|reader| reader.public_events_of("log", "records")).unwrap();
    let told = told.last().unwrap();
    let event: Value = serde_json::from_slice(&told.event).unwrap();
    assert_eq!(event["action"], "state", "{event}");
    let order = Envelope::parse_stored(told.signed.as_deref().unwrap()).unwrap();
    let order: Value = serde_json::from_slice(order.payload()).unwrap();
    assert_eq!(order["ground"], "磁盘更换，数据库为最新", "{order}");
    assert!(
        order["detail"]["accepted"].as_array().unwrap().iter().any(|log| log["log"] == "access-main"),
        "{order}"
    );
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
    drop(registry);

    // The file of an earlier life. On SQLite it is a memory, and the logs go on from it.
    fs::write(anchors(&world), &kept).unwrap();
    match world.backend() {
        Backend::Sqlite => started(&world).unwrap().stop_access(),
        Backend::Postgres => missing(started(&world).map(drop)),
    }
    lose();
    let here = as_found(&world);
    here.restore_in_place("test").unwrap();
    drop(here);
    let registry = started(&world).unwrap();
    registry.stop_access();
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
    drop(registry);
    lose();
    missing(started(&world).map(drop));
}

fn i14_a_crash_between_the_file_and_the_fact_locks_nobody_out(world: World) {
    let world = closed(world);
    let no_fact = "DELETE FROM registry_facts WHERE name LIKE 'anchors%'";
    // The file was written, the fact was not.
    world.sql(no_fact);
    started(&world).unwrap().stop_access();
    // The same under the layout that had no name.
    world.sql(no_fact);
    let text = fs::read_to_string(anchors(&world)).unwrap();
    let lines: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("id ") && !line.starts_with("sha256 ")).collect();
    let body = lines.join("\n").replace("elicense anchors 2", "elicense anchors 1") + "\n";
    let digest = elicense::log::Hash(elicense::log::hash::sha256(body.as_bytes()));
    fs::write(anchors(&world), format!("{body}sha256 {digest}\n")).unwrap();
    started(&world).unwrap().stop_access();
    assert!(fs::read_to_string(anchors(&world)).unwrap().starts_with("elicense anchors 2\n"));
    // Neither was written: the first start of a node.
    world.sql(no_fact);
    fs::remove_file(anchors(&world)).unwrap();
    started(&world).unwrap().stop_access();
    fs::remove_file(anchors(&world)).unwrap();
    missing(started(&world).map(drop));
}

fn ended(program: Program) {
    program.signal("TERM");
    let (status, said) = program.end();
    assert!(status.success(), "{said}");
}

fn said(installed: &Installed, arguments: &[&str]) -> (Option<i32>, String) {
    let done = installed.run(arguments, "");
    let text = [done.stdout, done.stderr].concat();
    (done.status.code(), String::from_utf8(text).unwrap())
}

fn under_the_program(backend: Backend) {
    let Some(installed) = Installed::on(backend, settled) else { return common::postgres::skipped() };
    let (file, mut seen) = (installed.data().join("anchors"), Seen::default());
    let program = installed.serve(&[]);
    work(&program, &mut seen, 2, 0..1);
    // Removed under a process that still knows: it writes the file again, within a second or two.
    fs::remove_file(&file).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while !file.exists() {
        assert!(Instant::now() < until, "the file is not written again");
        std::thread::sleep(Duration::from_millis(20));
    }
    ended(program);
    ended(installed.serve(&[]));
    fs::remove_file(&file).unwrap();
    let (code, told) = said(&installed, &["serve", "--json", "--agency", "127.0.0.1:0"]);
    assert!(
        code == Some(3) && told.contains("anchors_missing") && told.contains("log accept"),
        "{code:?} {told}"
    );
    if backend == Backend::Sqlite {
        let (code, told) = said(&installed, &["keys", "list", "--json"]);
        assert!(code == Some(3) && told.contains("anchors_missing"), "{told}");
        let (code, told) = said(&installed, &["fsck"]);
        assert!(code == Some(1) && told.contains("FOUND") && told.contains("restore --in-place"), "{told}");
    }
    let (code, told) = said(&installed, &["log", "accept", "--node", "main", "--why", "换了磁盘"]);
    assert_eq!(code, Some(0), "{told}");
    ended(installed.serve(&[]));
    fs::remove_file(&file).unwrap();
    taken_up(&installed, &mut seen, &[]);
}

#[test]
fn i14_a_removed_file_of_anchors_is_told_by_the_program_sqlite() {
    under_the_program(Backend::Sqlite);
}

#[test]
fn i14_a_removed_file_of_anchors_is_told_by_the_program_postgres() {
    under_the_program(Backend::Postgres);
}
