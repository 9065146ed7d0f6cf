//! I8: a record with several holders changes under all of them or under none, on both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, POLICE, number};
use common::{World, operator};
use elicense::error::{Code, Result};
use elicense::record::action::Action;
use elicense::registry::{
    ActCommand, Acted, DisputeCommand, Draft, FaceEdit, FsckOptions, Issued, Submitted,
};
use elicense::store::{Opened, StoredEvent, StoredRecord};
use elicense::trust::HolderKey;
use serde_json::json;

/// A house of so many owners.
fn house(owners: usize) -> Draft {
    let people: Vec<String> = (0..owners).map(number).collect();
    let holders: Vec<_> = people
        .iter()
        .map(|code| json!({"code_type": "111", "code": code, "name": "周海燕", "role": "co_owner"}))
        .collect();
    let owners: Vec<_> =
        people.iter().map(|code| json!({"name": "周海燕", "id_type": "111", "id_number": code})).collect();
    people::draft(json!({
        "type": "real_estate_certificate", "issuer": POLICE, "issued_on": "2020-05-06", "valid_to": "2070-05-05",
        "holders": holders,
        "face": {
            "certificate_no": format!("示(2020)示范市不动产权第{:07}号", people.len()), "owners": owners,
            "co_ownership": if people.len() > 1 { "1" } else { "0" }, "location": "示范省示范市城东区桃源路1号",
            "unit_no": "190101001001GB00001F00010001", "right_type": "国有建设用地使用权/房屋所有权",
            "right_nature": "出让/商品房", "usage": "住宅", "area": "88.50", "registered_on": "2020-05-06",
            "registry": "示范市不动产登记中心",
        },
    }))
}

fn issue(world: &World, draft: Draft) -> Issued {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap()
}

fn keys(world: &World, owners: usize) -> Vec<HolderKey> {
    let vault = world.registry.store().vault();
    (0..owners).map(|place| vault.index().holder_key("111", &number(place))).collect()
}

/// Everything that stands under one holder, to be compared.
fn under(world: &World, hk: &HolderKey) -> String {
    let read = world.registry.store().read_now(|reader| {
        let rows = reader.records_of(hk)?;
        let id = |row: &Opened| match row {
            Opened::Record(row) => row.record_id,
            Opened::Damaged { .. } => panic!("a row does not open"),
        };
        let ids: Vec<[u8; 16]> = rows.iter().map(id).collect();
        let mut events: Vec<StoredEvent> = Vec::new();
        let mut past = Vec::new();
        for id in ids {
            events.extend(reader.events_of(hk, &id)?);
            past.extend(reader.past_records(hk, &id)?);
        }
        Ok(format!("{rows:?} {past:?} {events:?}"))
    });
    read.unwrap()
}

fn row(world: &World, hk: &HolderKey) -> StoredRecord {
    match world.registry.store().read_now(|reader| reader.records_of(hk)).unwrap().remove(0) {
        Opened::Record(row) => *row,
        Opened::Damaged { .. } => panic!("a row does not open"),
    }
}

fn change(world: &World, identifier: &str) -> Result<Acted> {
    let mut command = ActCommand::new(identifier, 1, Action::Change);
    command.face = Some(FaceEdit::Patch(json!({"usage": "商业"}).as_object().unwrap().clone()));
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), &command)
}

fn suspend(world: &World, identifier: &str) -> Result<Acted> {
    let mut command = ActCommand::new(identifier, 1, Action::Suspend);
    command.ground = Some("行政处罚决定书 2026-17 号".into());
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), &command)
}

fn size(world: &World) -> u64 {
    let heads = world.registry.store().read_now(|reader| reader.heads()).unwrap();
    heads.iter().find(|head| head.log == "records").unwrap().size
}

on_both! {
    i8_a_record_changes_under_all_its_holders
    i8_an_error_under_one_holder_leaves_the_rows_of_all_as_they_were
    i8_a_record_that_is_not_whole_does_not_change
}

fn i8_a_record_changes_under_all_its_holders(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    for owners in [1, 2, 5] {
        let issued = issue(&world, house(owners));
        let acted = change(&world, &issued.identifier).unwrap();
        let mut command = ActCommand::new(&acted.identifier, 2, Action::Suspend);
        command.ground = Some("行政处罚决定书 2026-17 号".into());
        world.registry.act(&operator(), &command).unwrap();
        let dispute = DisputeCommand {
            identifier: acted.identifier,
            disputed: true,
            ground: "持证人报错".into(),
            agency: None,
        };
        let disputed = world.registry.dispute(&operator(), &dispute, None).unwrap();
        for hk in keys(&world, owners) {
            let store = world.registry.store();
            let rows = store.read_now(|reader| reader.records_of(&hk)).unwrap();
            let mine = rows.into_iter().find_map(|row| match row {
                Opened::Record(row) if row.leaf == disputed.leaf => Some(*row),
                _ => None,
            });
            let mine = mine.expect("a row at the leaf of the last event");
            assert_eq!((mine.version, mine.state.code(), mine.disputed, mine.row_seq), (2, "02", true, 4));
            let events = store.read_now(|reader| reader.events_of(&hk, &mine.record_id)).unwrap();
            let told: Vec<_> = events.iter().map(|event| event.action.as_str()).collect();
            assert_eq!(told, ["issue", "change", "suspend", "dispute"]);
        }
    }
    assert_eq!(world.registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn i8_an_error_under_one_holder_leaves_the_rows_of_all_as_they_were(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    for owners in 2..=4 {
        let issued = issue(&world, house(owners));
        let mine = keys(&world, owners);
        // A past row of this version stands under one holder: the present one cannot be retired there.
        for (at, blocked) in mine.iter().enumerate() {
            let hex: String = blocked.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
            let literal = match world.backend() {
                common::Backend::Sqlite => format!("x'{hex}'"),
                common::Backend::Postgres => format!("'\\x{hex}'"),
            };
            world.sql(&format!("INSERT INTO past_records SELECT * FROM records WHERE hk = {literal}"));
            let before: Vec<String> = mine.iter().map(|hk| format!("{:?}", row(&world, hk))).collect();
            let stood = size(&world);
            assert!(change(&world, &issued.identifier).is_err(), "{owners} owners, blocked at {at}");
            world.sql(&format!("DELETE FROM past_records WHERE hk = {literal}"));
            let after: Vec<String> = mine.iter().map(|hk| format!("{:?}", row(&world, hk))).collect();
            assert_eq!(after, before, "{owners} owners, blocked at {at}");
            assert_eq!(size(&world), stood);
        }
        change(&world, &issued.identifier).unwrap();
        world.sql(
            "DELETE FROM records; DELETE FROM past_records; DELETE FROM events; DELETE FROM record_keys",
        );
    }
}

fn i8_a_record_that_is_not_whole_does_not_change(world: World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let issued = issue(&world, house(3));
    let mine = keys(&world, 3);
    let gone = row(&world, &mine[1]);
    world.registry.store().write_now(|writer| writer.delete_record(&gone)).unwrap();
    let before: Vec<String> = mine.iter().map(|hk| under(&world, hk)).collect();
    assert_eq!(suspend(&world, &issued.identifier).unwrap_err().code, Code::RecordDamaged);
    assert_eq!(change(&world, &issued.identifier).unwrap_err().code, Code::RecordDamaged);
    assert_eq!(mine.iter().map(|hk| under(&world, hk)).collect::<Vec<_>>(), before);
}
