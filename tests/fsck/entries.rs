//! A directory entry that gave way is whole for `fsck`, and so for every restore. A body does not make a bad
//! entry good.

use elicense::error::Code;
use elicense::registry::{DirectoryDraft, DirectoryPut, IssueOutcome, Issued};
use elicense::rule::Rule;

use super::common::people::POLICE;
use super::*;

const NUMBER: &str = "J190101-2015-000123";

on_both! {
    a_digitised_entry_leaves_a_sound_registry
    an_entry_that_goes_to_other_holders_leaves_a_sound_registry
    an_entry_that_is_not_good_is_not_made_good_by_its_body
}

fn paper(codes: &[&str], office: &str) -> DirectoryDraft {
    let holders: Vec<Value> =
        codes.iter().map(|code| json!({"code_type": "111", "code": code, "name": "周海燕"})).collect();
    serde_json::from_value(json!({
        "type": "marriage_certificate", "issuer": POLICE, "custody": "paper", "office": office,
        "holders": holders, "issued_on": "2012-05-20", "number": NUMBER,
    }))
    .unwrap()
}

fn put(registry: &Registry, codes: &[&str], office: &str) -> Result<DirectoryPut, elicense::error::Error> {
    registry.refresh().unwrap();
    registry.put_directory(&operator(), &paper(codes, office), None)
}

fn digitise(registry: &Registry) -> Result<Issued, elicense::error::Error> {
    registry.refresh().unwrap();
    registry.issue(&operator(), &Submitted::Draft(people::marriage(NUMBER)))
}

fn act(registry: &Registry, identifier: &str, version: u32, action: Action) -> String {
    registry.refresh().unwrap();
    let mut command = ActCommand::new(identifier, version, action);
    command.ground = Some("决定书 2026-17 号".into());
    if action.makes_version() {
        let patch = json!({"registry": "城西区民政局"});
        command.face = Some(FaceEdit::Patch(patch.as_object().unwrap().clone()));
    }
    registry.act(&operator(), &command).unwrap().identifier
}

fn sound(registry: &Registry) {
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
}

fn a_digitised_entry_leaves_a_sound_registry(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let entry = put(registry, &[ZHOU, CHEN], "城东区档案馆").unwrap();
    put(registry, &[ZHOU, CHEN], "示范市档案馆").unwrap();
    let issued = digitise(registry).unwrap();
    assert_eq!((issued.outcome, issued.leaf), (IssueOutcome::Issued, entry.leaf + 2));
    sound(registry);
    // The record has versions of its own beside those of the entry.
    let second = act(registry, &issued.identifier, 1, Action::Change);
    act(registry, &second, 2, Action::Suspend);
    let report = registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!((report.counts.records, report.counts.past_records), (2, 2 * 2 + 2));
    assert_eq!(digitise(registry).unwrap().outcome, IssueOutcome::AlreadyThere);
    let listed = put(registry, &[ZHOU, CHEN], "城东区档案馆").unwrap_err();
    assert_eq!(listed.code, Code::NumberClash);
}

#[test]
fn a_registry_with_a_digitised_entry_is_backed_up_and_restored() {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    put(registry, &[ZHOU, CHEN], "城东区档案馆").unwrap();
    let issued = digitise(registry).unwrap();
    let (backup, place) = (world.dir().join("backup"), world.dir().join("restored"));
    registry.backup(&backup).unwrap();
    let opening = || Opening {
        place: Place::in_dir(&place),
        master: MasterKey::from_bytes(MASTER),
        clock: Clock::fixed(noon()),
        regions: demo_regions(),
    };
    Registry::restore(&backup, opening()).unwrap();
    let restored = Registry::open(opening()).unwrap();
    assert_eq!(row_of(&restored, ZHOU, "marriage_certificate").body.identifier, issued.identifier);
    sound(&restored);
}

fn an_entry_that_goes_to_other_holders_leaves_a_sound_registry(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let other = "190102199208090041";
    let first = put(registry, &[ZHOU, CHEN], "城东区档案馆").unwrap();
    let moved = put(registry, &[ZHOU, other], "城东区档案馆").unwrap();
    assert_eq!((moved.version, &moved.identifier), (2, &first.identifier));
    sound(registry);
    let rows =
        |code| registry.store().read_now(|reader| reader.records_of(&hk(registry, code))).unwrap().len();
    assert_eq!((rows(ZHOU), rows(CHEN), rows(other)), (1, 0, 1));
    // It goes on like any other: a change, an action, back to the first holders, and the record itself.
    assert_eq!(put(registry, &[ZHOU, other], "示范市档案馆").unwrap().version, 3);
    act(registry, &first.identifier, 3, Action::Suspend);
    act(registry, &first.identifier, 3, Action::Restore);
    assert_eq!(put(registry, &[ZHOU, CHEN], "示范市档案馆").unwrap().version, 4);
    sound(registry);
    assert_eq!(digitise(registry).unwrap().outcome, IssueOutcome::Issued);
    assert_eq!((rows(ZHOU), rows(CHEN), rows(other)), (1, 1, 0));
    sound(registry);
}

fn an_entry_that_is_not_good_is_not_made_good_by_its_body(world: World) {
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let entry = put(registry, &[ZHOU, CHEN], "城东区档案馆").unwrap().identifier;
    let refused = |rule: &str| {
        for error in [digitise(registry).unwrap_err(), put(registry, &[ZHOU], "城东区档案馆").unwrap_err()]
        {
            assert_eq!((error.code, error.rule.map(Rule::wire)), (Code::ActionForbidden, Some(rule)));
        }
        assert_eq!(row_of(registry, ZHOU, "marriage_certificate").body.identifier, entry);
        sound(registry);
    };
    act(registry, &entry, 1, Action::Suspend);
    refused("entry_not_active");
    act(registry, &entry, 1, Action::Restore);
    let object = |disputed| {
        registry.refresh().unwrap();
        let command =
            DisputeCommand {
                identifier: entry.clone(), disputed, ground: "持证人报错".into(), agency: None
            };
        registry.dispute(&operator(), &command, None).unwrap();
    };
    object(true);
    refused("entry_disputed");
    object(false);
    act(registry, &entry, 1, Action::Cancel);
    refused("entry_not_active");
}

/// The content of an entry's last event is compared with the rows.
#[test]
fn an_entry_that_is_only_gone_is_found() {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    put(registry, &[ZHOU, CHEN], "城东区档案馆").unwrap();
    let entry = row_of(registry, ZHOU, "marriage_certificate");
    let only = |copy: &Copy, kind| {
        let report = copy.fsck();
        assert_eq!(kinds(&report), [kind], "{report:#?}");
        about(&report, &entry);
    };
    let copy = Copy::of(registry);
    let gone = diesel::sql_query("DELETE FROM records WHERE custody <> 1");
    assert_eq!(gone.execute(&mut copy.registry()), Ok(2));
    only(&copy, FindingKind::RowMissing);
    digitise(registry).unwrap();
    let copy = Copy::of(registry);
    assert_eq!(diesel::sql_query("DELETE FROM past_records").execute(&mut copy.registry()), Ok(2));
    only(&copy, FindingKind::VersionMissing);
}
