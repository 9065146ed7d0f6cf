//! The public part (keys, agencies, authorities, types, clients): signed orders state it, and `fsck` compares
//! it with them; the registry's own key and the master key, changed.
#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, POLICE, ZHOU};
use common::program::{Installed, command, finish};
use common::{Backend, World, operator, server};
use elicense::error::Error;
use elicense::record::event::{Event, Order};
use elicense::registry::{FindingKind, FsckOptions, Opening, Registry, Submitted};
use elicense::rule::Rule;
use elicense::store::PublicEvent;
use elicense::trust::{Envelope, MasterKey, Typ};
use serde_json::{Value, json};

on_both! {
    i7_each_public_event_carries_a_signed_order_with_the_whole_row
    a_public_row_that_is_edited_beside_its_order_is_found
    a_public_row_that_nobody_stated_or_that_is_gone_is_found
    an_order_that_was_changed_or_left_out_is_found
    the_registrys_key_is_followed_by_another_and_a_revoked_one_signs_no_more
    a_revocation_is_never_moved_later
}

fn settled(world: &World) {
    people::settle(&world.registry);
    server::clients(&world.registry);
    let coverage = json!({
        "type_code": world.registry.snapshot().catalog.type_by_slug("resident_id_card").unwrap().def().code,
        "issuing_system": "示范系统", "issuer": POLICE, "regions": [{"code": "190101", "name": "城东区"}],
        "share_on_file": 1000, "as_of": world.registry.now(), "heartbeat": world.registry.now(), "gaps": [],
        "unbound": 0, "quarantined": 0,
    });
    world.registry.state_coverage("test", &serde_json::from_value(coverage).unwrap()).unwrap();
}

fn events(registry: &Registry) -> Vec<PublicEvent> {
    registry.store().read_now(|reader| reader.public_events("records", 0, 1000)).unwrap()
}

fn order(event: &PublicEvent) -> Value {
    let envelope = Envelope::parse_stored(event.signed.as_ref().unwrap()).unwrap();
    serde_json::from_slice(envelope.payload()).unwrap()
}

fn findings(registry: &Registry) -> Vec<(FindingKind, &'static str)> {
    let report = registry.fsck(FsckOptions::default()).unwrap();
    report.findings.iter().map(|finding| (finding.kind, finding.table)).collect()
}

fn i7_each_public_event_carries_a_signed_order_with_the_whole_row(world: World) {
    settled(&world);
    let registry = &world.registry;
    let snapshot = registry.snapshot();
    let key = snapshot.keys.all().into_iter().find(|key| key.owner == "registry").unwrap();
    let mut bodies = Vec::new();
    for stored in events(registry).iter().filter(|stored| stored.kind != "coverage") {
        let envelope = Envelope::parse_stored(stored.signed.as_ref().unwrap()).unwrap();
        let verified = envelope.verify(Typ::Event, |kid| (*kid == key.kid()).then_some(key.public)).unwrap();
        assert_eq!(Event::from_canonical(&stored.event).unwrap().order, Some(verified.digest));
        let order = Order::from_payload(verified.payload).unwrap();
        bodies.push((stored.kind.clone(), stored.subject.clone(), order.detail.unwrap()["body"].clone()));
    }
    let of = |kind: &str| bodies.iter().filter(|(own, ..)| own == kind).collect::<Vec<_>>();
    // The keys of the registry and of its four logs were made before there was a log to state them in.
    let owners: Vec<&Value> = of("key").iter().map(|(.., body)| &body["owner"]).collect();
    for owner in ["registry", "log:records", "log:access-cli", "log:access-main", "log:access-other", POLICE]
    {
        assert!(owners.contains(&&json!(owner)), "{owner}: {owners:?}");
    }
    assert_eq!(of("key").len(), snapshot.keys.all().len());
    assert_eq!((of("type").len(), of("agency").len(), of("client").len()), (26, 3, 3));
    let (_, subject, body) = of("authority")[0];
    assert!(subject.ends_with(":190101:1990-01-01") && body["from"] == "1990-01-01", "{subject}");
    let secrets: Vec<_> =
        of("client").iter().map(|(.., body)| body["secret"].as_str().unwrap().len()).collect();
    assert_eq!(secrets, [43; 3]);
    // No statement is lost when it is stated anew.
    registry.put_agency("test", &people::agency(POLICE, "示范市公安局", "190101")).unwrap();
    let names: Vec<Value> = events(registry)
        .iter()
        .filter(|stored| stored.kind == "agency" && stored.subject.starts_with(POLICE))
        .map(|stored| order(stored)["detail"]["body"]["name"].clone())
        .collect();
    assert_eq!(names, ["示范市公安局城东分局", "示范市公安局"]);
    assert_eq!(findings(registry), []);
}

fn a_public_row_that_is_edited_beside_its_order_is_found(world: World) {
    settled(&world);
    for (table, edit, back) in [
        (
            "signing_keys",
            "owner = 'x' WHERE purpose = 'issue' AND owner = '11190101MD10000500'",
            "owner = '11190101MD10000500' WHERE owner = 'x'",
        ),
        (
            "signing_keys",
            "valid_from = valid_from - 1 WHERE purpose = 'log'",
            "valid_from = valid_from + 1 WHERE purpose = 'log'",
        ),
        (
            "agencies",
            "body = replace(body, '城东分局', '城西分局')",
            "body = replace(body, '城西分局', '城东分局')",
        ),
        (
            "authorities",
            "body = replace(body, '\"from\":\"1990-01-01\"', '\"from\":\"1990-01-01\",\"to\":\"2050-01-01\"') WHERE agency = '11190101MD10000500'",
            "body = replace(body, ',\"to\":\"2050-01-01\"', '')",
        ),
        (
            "types",
            "body = replace(body, '出生医学证明', '出生证明')",
            "body = replace(body, '出生证明', '出生医学证明')",
        ),
        ("clients", "enabled = NOT enabled WHERE id = 'narrow'", "enabled = NOT enabled WHERE id = 'narrow'"),
        (
            "clients",
            "secret = secret || 'x' WHERE id = 'narrow'",
            "secret = substr(secret, 1, length(secret) - 1) WHERE id = 'narrow'",
        ),
        (
            "clients",
            "body = replace(body, '\"name\",', '\"name\",\"sex\",') WHERE id = 'narrow'",
            "body = replace(body, '\"sex\",', '') WHERE id = 'narrow'",
        ),
    ] {
        world.sql(&format!("UPDATE {table} SET {edit}"));
        let found = findings(&world.registry);
        assert!(
            !found.is_empty() && found.iter().all(|one| *one == (FindingKind::RowDiffers, table)),
            "{edit}: {found:?}"
        );
        world.sql(&format!("UPDATE {table} SET {back}"));
        assert_eq!(findings(&world.registry), [], "{back}");
    }
}

fn a_public_row_that_nobody_stated_or_that_is_gone_is_found(world: World) {
    settled(&world);
    let found = |sql: &str| {
        world.sql(sql);
        findings(&world.registry)
    };
    world.sql("CREATE TABLE kept AS SELECT * FROM clients WHERE id = 'narrow'");
    assert_eq!(found("DELETE FROM clients WHERE id = 'narrow'"), [(FindingKind::RowMissing, "clients")]);
    world.sql("INSERT INTO clients SELECT * FROM kept");
    let unstated = found("UPDATE kept SET id = 'other'; INSERT INTO clients SELECT * FROM kept");
    assert_eq!(unstated, [(FindingKind::EventMissing, "clients")]);
    world.sql("DELETE FROM clients WHERE id = 'other'");
    assert_eq!(found("DELETE FROM coverage"), [(FindingKind::RowMissing, "coverage")]);
}

fn an_order_that_was_changed_or_left_out_is_found(world: World) {
    settled(&world);
    let found = findings(&world.registry);
    assert_eq!(found, []);
    world.sql(
        "UPDATE public_events SET signed = NULL WHERE kind = 'agency' AND subject LIKE '11190101MD10000500%'",
    );
    let found = findings(&world.registry);
    assert!(found.contains(&(FindingKind::OrderDiffers, "public_events")), "{found:?}");
    assert!(found.contains(&(FindingKind::EventMissing, "agencies")), "{found:?}");
    world.sql(
        "UPDATE public_events SET subject = '11190101MD10000500' WHERE kind = 'client' AND subject = 'all'",
    );
    let found = findings(&world.registry);
    assert!(found.contains(&(FindingKind::EventDiffers, "public_events")), "{found:?}");
}

fn rule(outcome: Result<(), Error>) -> Option<String> {
    outcome.err().map(|error| error.rule.map_or(error.code.wire(), Rule::wire).to_owned())
}

fn registry_kids(registry: &Registry) -> Vec<String> {
    let snapshot = registry.snapshot();
    snapshot.keys.history("registry").iter().map(|key| key.kid().to_string()).collect()
}

fn later(world: &World, seconds: i64) {
    world.clock.set(world.registry.now().plus_seconds(seconds));
}

fn the_registrys_key_is_followed_by_another_and_a_revoked_one_signs_no_more(world: World) {
    settled(&world);
    let registry = &world.registry;
    let first = registry_kids(registry)[0].clone();
    let now = registry.now();
    assert_eq!(rule(registry.revoke_key("test", &first, now, "密钥丢失")).as_deref(), Some("key_last"));
    later(&world, 60);
    let second = registry.make_registry_key("test").unwrap();
    assert_eq!(registry_kids(registry), [first.clone(), second.clone()]);
    let signed_by = |event: &PublicEvent| {
        let envelope = Envelope::parse_stored(event.signed.as_ref().unwrap()).unwrap();
        envelope.header().unwrap().kid.to_string()
    };
    // The old key vouches for the new one, which signs from then on, including its predecessor's end.
    assert_eq!(signed_by(events(registry).last().unwrap()), first);
    later(&world, 60);
    registry.revoke_key("test", &first, now, "密钥丢失").unwrap();
    registry.put_agency("test", &people::agency(POLICE, "示范市公安局", "190101")).unwrap();
    let all = events(registry);
    let last: Vec<_> = all.iter().rev().take(2).map(signed_by).collect();
    assert_eq!(last, [second.clone(), second.clone()]);
    assert_eq!(order(&all[all.len() - 2])["detail"]["body"]["revoked"]["why"], "密钥丢失");
    let backup = registry.backup(&world.dir().join("backup"));
    match world.backend() {
        Backend::Sqlite => assert_eq!(backup.unwrap().kid, second),
        Backend::Postgres => assert_eq!(backup.unwrap_err().rule, Some(Rule::BackupBackend)),
    }
    assert_eq!(rule(registry.revoke_key("test", &second, now, "")).as_deref(), Some("key_last"));
    let log_key = registry.snapshot().keys.history("log:records")[0].kid().to_string();
    assert_eq!(rule(registry.revoke_key("test", &log_key, now, "")).as_deref(), Some("log_open"));
    assert_eq!(findings(registry), []);
    // The key of a log that has ended can be revoked, and its checkpoints are still served.
    registry.succeed_log("test", "records").unwrap();
    registry.revoke_key("test", &log_key, registry.now(), "密钥丢失").unwrap();
    registry.log_verifier("records").unwrap();
    assert_eq!(findings(&world.reopen()), []);
}

fn a_revocation_is_never_moved_later(world: World) {
    settled(&world);
    let registry = &world.registry;
    let kid = registry.snapshot().keys.history(POLICE)[0].kid().to_string();
    later(&world, 3600);
    let now = registry.now();
    registry.revoke_key("test", &kid, now, "密钥丢失").unwrap();
    let after = now.plus_seconds(1);
    assert_eq!(rule(registry.revoke_key("test", &kid, after, "")).as_deref(), Some("since_later"));
    let market = registry.snapshot().keys.history(people::MARKET)[0].kid().to_string();
    assert_eq!(rule(registry.revoke_key("test", &market, after, "")).as_deref(), Some("moment_ahead"));
    let before = now.plus_seconds(-1800);
    registry.revoke_key("test", &kid, before, "早已丢失").unwrap();
    let snapshot = registry.snapshot();
    let revoked = snapshot.keys.history(POLICE)[0].revoked.clone().unwrap();
    assert_eq!((revoked.since, revoked.reason.as_str()), (before, "早已丢失"));
    // A hand at the row cannot do it either.
    let row = registry.store().read_now(|reader| reader.signing_keys()).unwrap();
    let mut row = row.into_iter().find(|row| row.kid == kid).unwrap();
    row.revoked_since = Some(after.micros());
    assert!(!registry.store().write_now(|writer| writer.revoke_signing_key(&row)).unwrap());
    assert_eq!(findings(registry), []);
    let refused = registry.issue(&operator(), &Submitted::Draft(people::social_card(ZHOU, "周海燕")));
    assert_eq!(refused.unwrap_err().rule.map(Rule::wire), Some("key_missing"));
}

fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_new_master_key_is_put_in_by_a_command_that_can_be_run_again() {
    let installed = Installed::new(people::settle);
    let new = installed.dir.path().join("new.key");
    let name = new.to_str().unwrap();
    let made = installed.run(&["keys", "make", "registry"], "");
    assert!(made.status.success(), "{made:?}");
    // Refused in the data directory, and where it is the key in force.
    let inside = installed.data().join("new.key");
    let refused = installed.run(&["keys", "rekey-master", inside.to_str().unwrap()], "");
    assert!(!refused.status.success() && !inside.exists());
    let same = installed.run(&["keys", "rekey-master", installed.key().to_str().unwrap()], "");
    assert!(String::from_utf8_lossy(&same.stderr).contains("master_key_same"), "{same:?}");
    // A run that was killed after it made the file: the next one takes it up.
    MasterKey::create(&new, None).unwrap();
    let bytes = std::fs::read(&new).unwrap();
    assert!(installed.run(&["fsck"], "").status.success(), "the old key is still in force");
    let done = installed.run(&["keys", "rekey-master", name], "");
    assert!(done.status.success(), "{done:?}");
    assert_eq!((std::fs::read(&new).unwrap(), mode(&new)), (bytes, 0o400));
    let old = installed.run(&["fsck"], "");
    assert!(String::from_utf8_lossy(&old.stderr).contains("The master key is not the one"), "{old:?}");
    let run = |arguments: &[&str]| finish(command(&installed.data(), &new, arguments), "");
    assert!(run(&["fsck"]).status.success());
    let third = installed.dir.path().join("third.key");
    assert!(run(&["keys", "rekey-master", third.to_str().unwrap()]).status.success());
    assert_eq!(mode(&third), 0o400);
}

#[test]
fn init_makes_a_master_key_that_only_its_owner_reads_and_a_wider_one_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (data, key) = (dir.path().join("data"), dir.path().join("master.key"));
    let init = ["init", "--origin", "test.example", "--region", "190101"];
    assert!(finish(command(&data, &key, &init), "").status.success());
    assert_eq!(mode(&key), 0o400);
    for wide in [0o600, 0o440] {
        std::fs::set_permissions(&key, std::fs::Permissions::from_mode(wide)).unwrap();
        let refused = finish(command(&data, &key, &["keys", "list"]), "");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("master_key_mode"), "{refused:?}");
    }
}

#[test]
fn a_failed_commit_leaves_the_old_master_key_in_force() {
    let world = common::world(Backend::Sqlite).unwrap();
    people::settle(&world.registry);
    let before = events(&world.registry).len();
    let new = || MasterKey::from_bytes([9; 32]);
    world.registry.store().fail_next_commit(false);
    world.registry.rekey_master("test", &new()).unwrap_err();
    let registry = world.reopen();
    assert_eq!(events(&registry).len(), before, "neither the wrapping nor its event");
    registry.rekey_master("test", &new()).unwrap();
    let (place, clock) = (world.place.clone(), world.clock.clone());
    let opening = Opening { place, clock, master: new(), regions: common::demo_regions() };
    let last = events(&Registry::open(opening).unwrap()).pop().unwrap();
    assert_eq!((last.kind.as_str(), last.subject.as_str()), ("key", "master"));
}
