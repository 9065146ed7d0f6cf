//! The logs as outsiders get them; logs that end and begin; two writers of one log (I14): two registries in
//! one process here, two processes in `crash`.
#![allow(clippy::print_stderr, reason = "tests")]
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

mod common;

use common::people::{self, CHEN, ZHOU};
use common::{World, operator, run};
use elicense::error::Error;
use elicense::log::check::check_log;
use elicense::log::hash::{leaf_hash, perfect_root, sha256};
use elicense::log::receipt::Receipt;
use elicense::log::{Hash, Tree, proof, tile};
use elicense::policy::{Actor, Client};
use elicense::registry::{Ask, FsckOptions, Registry, Submitted};
use elicense::rule::Rule;
use elicense::store::Side;
use serde_json::{Value, json};

fn lookup(registry: &Registry, code: &str, form: &str) -> Result<Value, Error> {
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": code}, "purpose": {"item": "失业登记", "reason": "窗口办理"}, "receipt": form,
    }))
    .unwrap();
    registry.refresh()?;
    let prepared = registry.prepare_lookup(&ask)?;
    let answered = run(registry.lookup(&operator(), prepared))?;
    Ok(serde_json::from_slice(&answered.body).unwrap())
}

fn sound(registry: &Registry) {
    let report = registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings, []);
}

on_both! {
    i10_an_outsider_rebuilds_the_log_from_its_files_and_checks_every_proof
    a_receipt_by_reference_is_fetched_by_who_made_the_access
    a_log_that_ended_takes_nothing_and_its_successor_goes_on
    i14_two_processes_that_issue_by_turns_make_one_tree
    i14_a_commit_whose_outcome_is_in_doubt_forks_nothing
    i14_an_access_log_is_taken_over_only_after_its_lease_and_the_old_owner_learns_it
}

fn i10_an_outsider_rebuilds_the_log_from_its_files_and_checks_every_proof(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let early = loop {
        lookup(registry, ZHOU, "reference").unwrap();
        let note = registry.checkpoint("access-main").unwrap();
        if registry.log_verifier("access-main").unwrap().checkpoint(&note).unwrap().size == 7 {
            break note;
        }
    };
    for _ in 7..260 {
        lookup(registry, ZHOU, "reference").unwrap();
    }
    let info = registry.logs().unwrap().into_iter().find(|info| info.log == "access-main").unwrap();
    assert_eq!(info.origin, "test.example/access-main");
    // From here on the test uses only the files under /logs.
    let verifier: elicense::log::LogVerifier = info.verifier_key.parse().unwrap();
    let checkpoint = verifier.checkpoint(&registry.checkpoint("access-main").unwrap()).unwrap();
    assert_eq!(checkpoint.size, 260);
    let get = |path: &str| registry.tile("access-main", path);
    let mut entries = tile::entries_of_bundle(&get("tile/entries/000").unwrap()).unwrap();
    entries.extend(tile::entries_of_bundle(&get("tile/entries/001.p/4").unwrap()).unwrap());
    assert_eq!(entries.len(), 260);
    let leaves: Vec<Hash> = entries.iter().map(leaf_hash).collect();
    assert_eq!(get("tile/0/000").unwrap(), tile::tile_of_hashes(&leaves[..256]));
    assert_eq!(get("tile/0/001.p/4").unwrap(), tile::tile_of_hashes(&leaves[256..]));
    assert_eq!(get("tile/0/000.p/17").unwrap(), tile::tile_of_hashes(&leaves[..17]));
    let root = perfect_root(&leaves[..256]).unwrap();
    assert_eq!(get("tile/1/000.p/1").unwrap(), tile::tile_of_hashes(&[root]));
    let mut tree = Tree::empty();
    leaves.iter().for_each(|leaf| tree.append(*leaf));
    assert_eq!(tree.root(), checkpoint.root);

    for path in ["tile/0/001", "tile/entries/001", "tile/0/002.p/1", "tile/2/000.p/1", "tile/0/1", "../x", ""]
    {
        assert_eq!(get(path).unwrap_err().code.wire(), "not_found", "{path}");
    }
    assert_eq!(registry.tile("nothing", "tile/0/000").unwrap_err().code.wire(), "not_found");
    for index in [0, 6, 255, 256, 259] {
        let found = registry.inclusion_proof("access-main", index).unwrap();
        assert_eq!(
            (found.size, found.checkpoint.as_str()),
            (260, registry.checkpoint("access-main").unwrap().as_str())
        );
        assert!(proof::includes(&checkpoint.root, 260, index, &leaf_hash(&found.entry), &found.proof));
    }
    assert_eq!(registry.inclusion_proof("access-main", 260).unwrap_err().code.wire(), "not_found");
    let early = verifier.checkpoint(&early).unwrap();
    let consistent = registry.consistency_proof("access-main", early.size, None).unwrap();
    assert!(proof::extends(&early.root, early.size, &checkpoint.root, consistent.to, &consistent.proof));
    assert!(registry.consistency_proof("access-main", 7, Some(261)).is_err());
    assert!(registry.consistency_proof("access-main", 261, None).is_err());
}

fn a_receipt_by_reference_is_fetched_by_who_made_the_access(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let answer = lookup(registry, ZHOU, "reference").unwrap();
    lookup(registry, CHEN, "reference").unwrap();
    assert!(answer["receipt"]["proof"].is_null());
    let log = answer["receipt"]["log"].as_str().unwrap();
    let text = registry.receipt_of(&operator(), log, 0).unwrap();
    let (entry, checkpoint) =
        Receipt::parse(&text).unwrap().verify(&registry.log_verifier(log).unwrap()).unwrap();
    assert_eq!(checkpoint.size, 2);
    assert_eq!(serde_json::from_slice::<Value>(&entry).unwrap()["actor"], "operator:test");
    assert_eq!(registry.inclusion_proof(log, 0).unwrap().entry, sha256(&entry));
    let client = Client {
        id: "other".into(),
        agency: people::POLICE.into(),
        name: "other".into(),
        scopes: vec![],
        grants: vec![].into(),
        budget: 1,
        enabled: true,
        epoch: 1,
    };
    let other = Actor::Client { client: client.into(), scopes: vec![] };
    let refused = registry.receipt_of(&other, log, 0).unwrap_err();
    assert_eq!((refused.code.wire(), refused.rule.map(Rule::wire)), ("forbidden", Some("not_own_access")));
    assert_eq!(registry.receipt_of(&operator(), log, 2).unwrap_err().code.wire(), "not_found");
}

fn a_log_that_ended_takes_nothing_and_its_successor_goes_on(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.open_log("test", "access-third").unwrap();
    registry.start_access("third").unwrap();
    lookup(registry, ZHOU, "full").unwrap();
    // Not while it is served.
    assert_eq!(registry.close_log("test", "access-third").unwrap_err().code.wire(), "log_lost");
    registry.stop_access();
    let closed = registry.close_log("test", "access-third").unwrap();
    assert_eq!(closed.size, 2);
    assert_eq!(registry.close_log("test", "access-third").unwrap(), closed);
    assert_eq!(registry.start_access("third").unwrap_err().code.wire(), "log_closed");
    let (again, successor) = registry.succeed_log("test", "access-third").unwrap();
    assert_eq!((again, successor.as_str()), (closed, "access-third-r2"));
    registry.start_access("third").unwrap();
    assert_eq!(lookup(registry, ZHOU, "full").unwrap()["receipt"]["log"], "access-third-r2");
    registry.stop_access();

    let other = world.reopen();
    let (closed, successor) = registry.succeed_log("test", "records").unwrap();
    assert_eq!(successor, "records-r2");
    // A process that has not yet heard of it is refused, and then goes on in the successor.
    let draft = Submitted::Draft(people::id_card(ZHOU, "周海燕", "2020-01-01"));
    let refused = other.issue(&operator(), &draft).unwrap_err();
    assert_eq!(refused.code.wire(), "log_closed");
    other.refresh().unwrap();
    assert_eq!(other.issue(&operator(), &draft).unwrap().log, "records-r2");
    assert_eq!(registry.checkpoint("records").unwrap(), closed.checkpoint);
    assert_eq!(registry.succeed_log("test", "records-r2").unwrap().1, "records-r3");
    sound(registry);
}

/// ID cards of persons who do not exist: one for each sequence number.
fn card(sequence: u32) -> Submitted {
    let body = format!("19010119900307{sequence:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let code = format!("{body}{}", char::from(b"10X98765432"[(sum % 11) as usize]));
    Submitted::Draft(people::id_card(&code, "吴一", "2020-01-01"))
}

fn i14_two_processes_that_issue_by_turns_make_one_tree(world: World) {
    people::settle(&world.registry);
    let other = world.reopen();
    let before = world.registry.logs().unwrap().into_iter().find(|info| info.log == "records").unwrap().size;
    std::thread::scope(|scope| {
        for (registry, from) in [(&world.registry, 1), (&other, 101)] {
            scope.spawn(move || {
                for sequence in from..from + 15 {
                    registry.refresh().unwrap();
                    registry.issue(&operator(), &card(sequence)).unwrap();
                }
            });
        }
    });
    for registry in [&world.registry, &other] {
        let verifier = registry.log_verifier("records").unwrap();
        let report = registry
            .store()
            .read_side_now(Side::Registry, |reader| check_log(reader, "records", &verifier))
            .unwrap()
            .unwrap();
        assert!(report.sound(), "{report:?}");
        assert_eq!(report.size, before + 30);
    }
    sound(&other);
}

fn i14_a_commit_whose_outcome_is_in_doubt_forks_nothing(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    let mut checkpoints = Vec::new();
    for (sequence, stored) in [(1, true), (2, false), (3, true), (4, true), (5, false)] {
        registry.refresh().unwrap();
        registry.store().fail_next_commit(stored);
        let error = registry.issue(&operator(), &card(sequence)).unwrap_err();
        assert_eq!(error.code.wire(), "store_unavailable");
        checkpoints.push(registry.checkpoint("records").unwrap());
        // The next one goes on from the stored state; the doubtful one, asked again, is there exactly once.
        registry.issue(&operator(), &card(100 + sequence)).unwrap();
        checkpoints.push(registry.checkpoint("records").unwrap());
        let again = registry.issue(&operator(), &card(sequence)).unwrap();
        let there = again.outcome == elicense::registry::IssueOutcome::AlreadyThere;
        assert_eq!(there, stored);
    }
    let verifier = registry.log_verifier("records").unwrap();
    let end = verifier.checkpoint(&registry.checkpoint("records").unwrap()).unwrap();
    for note in checkpoints {
        let older = verifier.checkpoint(&note).unwrap();
        let proof = registry.consistency_proof("records", older.size, None).unwrap().proof;
        assert!(proof::extends(&older.root, older.size, &end.root, end.size, &proof));
    }
    // The same for an access log: the commit that is in doubt answers nobody.
    registry.start_access("main").unwrap();
    for stored in [true, false] {
        registry.refresh().unwrap();
        registry.store().fail_next_commit(stored);
        let error = lookup(registry, ZHOU, "full").unwrap_err();
        assert_eq!(error.code.wire(), "log_unavailable", "{error:?}");
        let answer = lookup(registry, ZHOU, "full").unwrap();
        assert_eq!(answer["receipt"]["index"], if stored { 1 } else { 2 });
    }
    registry.stop_access();
    sound(registry);
}

fn i14_an_access_log_is_taken_over_only_after_its_lease_and_the_old_owner_learns_it(world: World) {
    let first = &world.registry;
    people::settle(first);
    let second = world.reopen();
    first.start_access("main").unwrap();
    assert_eq!(lookup(first, ZHOU, "full").unwrap()["receipt"]["index"], 0);
    let refused = second.start_access("main").unwrap_err();
    assert_eq!((refused.code.wire(), refused.rule.map(Rule::wire)), ("log_lost", Some("log_held")));

    world.clock.set(first.now().plus_seconds(elicense::log::lease::LEASE_S + 1));
    second.start_access("main").unwrap();
    assert_eq!(lookup(&second, ZHOU, "full").unwrap()["receipt"]["index"], 1);
    let error = lookup(first, ZHOU, "full").unwrap_err();
    assert_eq!(error.code.wire(), "log_lost");
    assert!(!first.access().unwrap().healthy());
    assert_eq!(lookup(&second, CHEN, "full").unwrap()["receipt"]["index"], 2);
    assert_eq!(lookup(first, ZHOU, "full").unwrap_err().code.wire(), "log_lost");
    first.stop_access();
    second.stop_access();
    sound(first);
    assert_eq!(first.logs().unwrap().iter().find(|info| info.log == "access-main").unwrap().size, 3);
}
