//! Work at a desk, as a test begins it: agencies and an access log, a record, a lookup.

use elicense::error::Result;
use elicense::registry::{Ask, Draft, Issued, Submitted};
use serde_json::{Value, json};

use super::{World, operator, people, run};

/// The agencies of the tests, and a running access log.
pub fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

/// Issues a record.
pub fn issue(world: &World, draft: Draft) -> Result<Issued> {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft))
}

/// The answer to a lookup of a citizen.
pub fn lookup(world: &World, code: &str) -> Value {
    world.registry.refresh().unwrap();
    let ask =
        json!({"holder": {"type": "111", "code": code}, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    serde_json::from_slice(&answered.body).unwrap()
}

/// The records of that answer.
pub fn records(world: &World, code: &str) -> Vec<Value> {
    lookup(world, code)["records"].as_array().unwrap().clone()
}
