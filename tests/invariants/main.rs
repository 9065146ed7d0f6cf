//! One test for each invariant that nothing closer to the code can show; `tests/README.md` names them all.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod absence;
mod bytes;
mod days;
mod existence;
mod faults;
mod feeds;
mod index;
mod keys;
mod policy;
mod scans;
mod time;

use common::people;
use common::{World, operator, run};
use elicense::error::Error;
use elicense::policy::Actor;
use elicense::registry::{Ask, Draft, Issued, Submitted};
use serde_json::{Value, json};

/// Agencies, keys, and the access log of this process.
fn ready(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn issue(world: &World, draft: Draft) -> Issued {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap()
}

fn ask(code_type: &str, code: &str) -> Value {
    json!({"holder": {"type": code_type, "code": code}, "purpose": {"item": "失业登记", "reason": "窗口办理"}})
}

/// The answer to a lookup by `actor`.
fn lookup_as(world: &World, actor: &Actor, ask: Value) -> Result<Value, Error> {
    let ask: Ask = serde_json::from_value(ask).unwrap();
    world.registry.refresh()?;
    let prepared = world.registry.prepare_lookup(&ask)?;
    let answered = run(world.registry.lookup(actor, prepared))?;
    Ok(serde_json::from_slice(&answered.body).unwrap())
}

fn lookup(world: &World, code: &str) -> Value {
    lookup_as(world, &operator(), ask("111", code)).unwrap()
}

fn records(answer: &Value) -> &Vec<Value> {
    answer["records"].as_array().unwrap()
}

/// The record of a type, by its short name.
fn of_type<'a>(answer: &'a Value, slug: &str) -> &'a Value {
    let found = records(answer).iter().find(|record| record["slug"] == slug);
    found.unwrap_or_else(|| panic!("no {slug} in {answer:#}"))
}

fn reasons(record: &Value) -> Vec<&str> {
    record["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()).collect()
}
