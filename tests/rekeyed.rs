//! Keys of an earlier form: a person with many permits is one holder again, however often they were renewed, and a lookup
//! follows four codes at most (I8). On both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, ZHOU};
use common::{World, operator, run};
use elicense::record::Action;
use elicense::registry::{
    AccessPage, ActCommand, Ask, AskedHolder, Draft, FaceEdit, FsckOptions, HistoryAsk, Submitted, Viewer,
};
use elicense::store::{AccessPlace, HolderBody, HolderState, Opened, RecordKey, Side, StoredHolder};
use elicense::trust::HolderKey;
use serde_json::{Value, json};

on_both! {
    r6_permits_that_were_renewed_many_times_are_one_holder_again
    what_is_stated_of_an_earlier_key_is_linked_first
    i2_the_list_of_an_earlier_key_is_not_lost
}

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

/// A card of somebody from Hong Kong under a permit that was renewed so many times.
fn card(person: usize, renewals: usize) -> Draft {
    let mut card = people::social_card(ZHOU, "港民");
    let code = permit(person, renewals);
    card.holders[0].code_type = "516".to_owned();
    card.holders[0].code.clone_from(&code);
    card.face.insert("social_security_no".into(), code.into());
    card.face.insert("card_no".into(), format!("62000000000000{person:03}{renewals:02}").into());
    card
}

fn permit(person: usize, renewals: usize) -> String {
    format!("H19{person:06}{renewals:02}")
}

fn issue(world: &World, draft: Draft) -> String {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
}

fn found(world: &World, code: &str) -> Vec<Value> {
    world.registry.refresh().unwrap();
    let ask = json!({
        "holder": {"type": "516", "code": code}, "purpose": {"item": "X", "reason": "窗口办理"},
    });
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    answer["records"].as_array().unwrap().clone()
}

fn keys(world: &World, person: usize, renewals: usize) -> (HolderKey, HolderKey) {
    let index = world.registry.store().vault().index();
    let code = permit(person, renewals);
    (index.holder_key("516", &code[..9]), index.holder_key("516", &code))
}

/// Puts the rows of a person's records under the keys that the permits had with their counts of renewals.
fn set_back(world: &World, person: usize) {
    let (now, _) = keys(world, person, 0);
    world
        .registry
        .store()
        .write_now(|writer| {
            for opened in writer.records_of(&now)? {
                let Opened::Record(row) = opened else { panic!("a row does not open") };
                let code = row.body.holder.1.clone();
                let old = writer.index().holder_key("516", &code);
                let mut unique = vec![writer.index().identifier_key(&row.body.identifier)];
                unique.push(writer.index().number_key(&row.issuer, &row.type_code, &code, 1));
                for key in unique {
                    let Some(found) = writer.record_key(&key)? else { continue };
                    writer.replace_record_key(&RecordKey { holders: vec![old], ..found })?;
                }
                writer.move_record(&row, old)?;
            }
            Ok(())
        })
        .unwrap();
}

fn sound(world: &World) {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised), (vec![], vec![]));
}

fn r6_permits_that_were_renewed_many_times_are_one_holder_again(world: World) {
    settled(&world);
    let counts = [3, 4, 10, 30];
    let mut first = Vec::new();
    for (person, count) in counts.into_iter().enumerate() {
        let made: Vec<String> = (1..=count).map(|renewals| issue(&world, card(person, renewals))).collect();
        first.push(made[0].clone());
        set_back(&world, person);
        assert_eq!(found(&world, &permit(person, 1)).len(), 0, "as it would be without the command");
    }
    let content = world.registry.content_digest().unwrap();
    let done = world.registry.rekey_holders(&operator()).unwrap();
    assert_eq!((done.found, done.linked, done.moved, done.already, done.left), (47, 3, 44, 0, 0));
    for (person, count) in counts.into_iter().enumerate() {
        for code in
            [permit(person, 1), permit(person, count), permit(person, 99), permit(person, 0)[..9].into()]
        {
            let records = found(&world, &code);
            assert_eq!(records.len(), count, "{count}");
            assert!(records.iter().all(|record| record["verdict"] == "valid"));
        }
    }
    sound(&world);
    assert_eq!(world.registry.content_digest().unwrap(), content, "nothing was lost or made");
    let again = world.registry.rekey_holders(&operator()).unwrap();
    assert_eq!((again.found, again.linked, again.moved, again.already), (3, 0, 0, 3));
    // A moved record keeps its history and goes on; a new card and another number of the person find their place.
    let change = ActCommand {
        face: Some(FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone())),
        ..ActCommand::new(&first[3], 1, Action::Change)
    };
    world.registry.refresh().unwrap();
    let changed = world.registry.act(&operator(), &change).unwrap();
    let ask = json!({"identifier": first[3], "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    let history = common::value(&run(world.registry.history(&operator(), &ask)).unwrap());
    assert_eq!((history["version"].clone(), history["events"].as_array().unwrap().len()), (json!(2), 2));
    assert_ne!(changed.identifier, first[3]);
    issue(&world, card(3, 31));
    assert_eq!(found(&world, &permit(3, 5)).len(), 31);
    let link = json!({
        "from": {"type": "516", "code": permit(3, 1)}, "to": {"type": "111", "code": people::number(0)},
        "kind": "same_person", "ground": "来函", "agency": people::POLICE, "names_differ": true,
    });
    world.registry.link_holders(&operator(), &serde_json::from_value(link).unwrap(), None).unwrap();
    let moved = json!({
        "from": {"type": "516", "code": permit(2, 1)}, "to": {"type": "111", "code": people::number(1)},
        "kind": "moved", "ground": "来函", "agency": people::POLICE, "names_differ": true,
    });
    assert!(world.registry.link_holders(&operator(), &serde_json::from_value(moved).unwrap(), None).is_err());
    sound(&world);
    // Another registry has them under the key of today, and the same content.
    let other = common::transfer::receiver(&world, settled);
    let text = common::transfer::export(&world);
    let done = common::transfer::read(&world, &other, &text, false);
    assert_eq!((done.records, done.lines_refused), (48, 0), "{:?}", done.refused);
    assert_eq!(other.registry.content_digest().unwrap(), world.registry.content_digest().unwrap());
    assert_eq!(found(&other, &permit(3, 5)).len(), 31);
    sound(&other);
}

fn what_is_stated_of_an_earlier_key_is_linked_first(world: World) {
    settled(&world);
    for renewals in 1..=6 {
        issue(&world, card(0, renewals));
    }
    set_back(&world, 0);
    let dead = StoredHolder {
        hk: keys(&world, 0, 4).1,
        state: HolderState::Deceased,
        body: HolderBody {
            code_type: "516".into(),
            code: permit(0, 4),
            state_since: Some(people::day("2026-10-01")),
            state_source: "household".into(),
            state_at: Some(common::noon()),
            certificate: None,
            beneath: Vec::new(),
            links: Vec::new(),
        },
    };
    world.registry.store().write_now(|writer| writer.put_holder(&dead)).unwrap();
    let done = world.registry.rekey_holders(&operator()).unwrap();
    assert_eq!((done.found, done.linked, done.moved, done.left), (6, 1, 5, 0));
    let records = found(&world, &permit(0, 2));
    assert_eq!(records.len(), 6);
    assert!(records.iter().all(|record| record["reasons"] == json!(["holder_deceased"])), "{records:?}");
}

fn i2_the_list_of_an_earlier_key_is_not_lost(world: World) {
    settled(&world);
    for renewals in 1..=5 {
        issue(&world, card(0, renewals));
    }
    issue(&world, card(1, 1));
    set_back(&world, 0);
    found(&world, &permit(1, 1));
    world.registry.follow_accesses().unwrap();
    // An access from before, under the key that the permit had then.
    let (of_other, _) = keys(&world, 1, 1);
    let store = world.registry.store();
    let places = store.read_access_now(|reader| reader.accesses_of(&of_other, None, 1)).unwrap();
    let place: AccessPlace = places[0].clone();
    let (_, old) = keys(&world, 0, 3);
    store.write_side_now(Side::Access, |writer| writer.insert_accesses(&[(old, place.clone())])).unwrap();
    let holder: AskedHolder = serde_json::from_value(json!({"type": "516", "code": permit(0, 1)})).unwrap();
    let lines = || {
        let page = AccessPage { limit: 100, ..AccessPage::default() };
        let list = run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &page)).unwrap();
        list.lines.len()
    };
    let before = lines();
    assert_eq!(world.registry.rekey_holders(&operator()).unwrap().moved, 5);
    world.registry.refresh().unwrap();
    assert_eq!(lines(), before + 1);
}
