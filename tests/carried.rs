//! What an export carries beside records and lives: ends that were proposed, entries that gave way, the order in which
//! offices and certificates said what they said; and what a dry run of it promises. On both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, reason = "tests")]

mod common;

use common::desk::{issue, settled};
use common::people::{self, CHEN, POLICE, ZHOU, day};
use common::transfer::{export, of_layout_1, read, receiver};
use common::{World, operator, run};
use elicense::record::Action;
use elicense::registry::{
    AccessPage, ActCommand, AskedHolder, DeclineCommand, DirectoryDraft, FaceEdit, FsckOptions, HistoryAsk,
    MarkCommand, ProposalsAsk, Viewer,
};
use elicense::store::HolderState;
use serde_json::{Value, json};

on_both! {
    proposals_come_along_open_declined_and_settled
    what_was_proposed_since_comes_along_to_who_has_the_record
    a_proposal_of_here_is_not_made_twice_and_not_opened_again
    an_entry_comes_along_with_the_holders_that_it_had_before
    an_entry_that_gave_way_to_its_body_comes_along
    an_entry_goes_on_where_a_part_of_it_is_here
    r6_what_an_office_took_back_stays_taken_back_where_it_is_read
    r6_a_certificate_after_an_offices_word_counts_where_it_is_read
    a_dry_run_writes_nothing_and_tells_what_a_run_does
    an_export_of_another_layout_is_refused
    a_file_of_layout_1_is_read_and_the_rest_comes_by_layout_2
}

fn sound(world: &World) {
    world.registry.refresh().unwrap();
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised), (vec![], vec![]));
}

/// Reads what is here into a registry that knows nothing of it, and holds the two against each other.
fn carried(world: &World) -> World {
    let other = receiver(world, settled);
    carried_to(world, &other);
    other
}

fn carried_to(world: &World, other: &World) {
    let text = export(world);
    let foreseen = read(world, other, &text, true);
    let done = read(world, other, &text, false);
    assert_eq!((done.lines_refused, done.whole), (0, true), "{:?}", done.refused);
    assert_eq!(foreseen, done);
    assert_eq!(other.registry.content_digest().unwrap(), world.registry.content_digest().unwrap());
    sound(other);
    let again = read(world, other, &text, false);
    let new = (again.records, again.went_on, again.holders, again.proposals_told, again.lines_refused);
    assert_eq!(new, (0, 0, 0, 0, 0), "{again:?}");
}

/// What became of each proposal, with when it was made, in their order.
fn proposals(world: &World) -> Vec<(i64, Option<String>)> {
    let rows = world.registry.store().read_now(|reader| reader.walk_proposals(None, 100)).unwrap();
    let mut rows: Vec<_> =
        rows.into_iter().map(|(_, row)| row.unwrap()).map(|row| (row.at, row.settled_by)).collect();
    rows.sort();
    rows
}

fn open(world: &World) -> usize {
    world.registry.refresh().unwrap();
    world.registry.proposals(&operator(), None, &ProposalsAsk::default()).unwrap().proposals.len()
}

fn death(world: &World, number: &str, died_on: &str) -> String {
    let mut draft = people::death(CHEN, "陈志远");
    draft.face.insert("certificate_no".into(), number.into());
    draft.face.insert("died_on".into(), died_on.into());
    world.registry.refresh().unwrap();
    issue(world, draft).unwrap().identifier
}

fn ends(world: &World, identifier: &str, action: Action) {
    ends_version(world, identifier, 1, action);
}

fn ends_version(world: &World, identifier: &str, version: u32, action: Action) {
    let mut command = ActCommand::new(identifier, version, action);
    command.ground = Some("经核实系同名，非本人死亡".into());
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), &command).unwrap();
}

fn decline(world: &World, identifier: &str) {
    let (identifier, ground) = (identifier.to_owned(), "经核实系同名，非本人死亡".to_owned());
    let command = DeclineCommand { identifier, action: Action::Cancel, ground, agency: None };
    world.registry.refresh().unwrap();
    world.registry.decline(&operator(), &command, None).unwrap();
}

fn later(world: &World) {
    world.clock.set(world.clock.now().plus_seconds(60));
}

fn proposals_come_along_open_declined_and_settled(world: World) {
    settled(&world);
    let card = issue(&world, people::social_card(CHEN, "陈志远")).unwrap().identifier;
    issue(&world, people::id_card(CHEN, "陈志远", "2020-01-01")).unwrap();
    let first = death(&world, "D1", "2026-10-30");
    later(&world);
    decline(&world, &card);
    // The other one is taken back with its certificate, and a third time both are proposed.
    ends(&world, &first, Action::Annul);
    later(&world);
    death(&world, "D2", "2026-10-29");
    later(&world);
    decline(&world, &card);
    let there = proposals(&world);
    let words: Vec<&str> = there.iter().map(|(_, by)| by.as_deref().unwrap_or("open")).collect();
    assert_eq!(words.len(), 4, "{words:?}");
    for word in ["open", "declined", "taken_back"] {
        assert!(words.contains(&word), "{words:?}");
    }
    let other = carried(&world);
    assert_eq!(proposals(&other), there);
    assert_eq!((open(&world), open(&other)), (1, 1));
    // On into a third registry.
    assert_eq!(proposals(&carried(&other)), there);
}

fn what_was_proposed_since_comes_along_to_who_has_the_record(world: World) {
    settled(&world);
    let card = issue(&world, people::social_card(CHEN, "陈志远")).unwrap().identifier;
    let other = carried(&world);
    death(&world, "D1", "2026-10-30");
    later(&world);
    carried_to(&world, &other);
    assert_eq!(open(&other), 1);
    decline(&world, &card);
    carried_to(&world, &other);
    assert_eq!(proposals(&other), proposals(&world));
    later(&world);
    death(&world, "D2", "2026-10-30");
    carried_to(&world, &other);
    assert_eq!(proposals(&other), proposals(&world));
    assert_eq!(open(&other), 1);
}

fn a_proposal_of_here_is_not_made_twice_and_not_opened_again(world: World) {
    settled(&world);
    let card = issue(&world, people::social_card(CHEN, "陈志远")).unwrap().identifier;
    let other = carried(&world);
    // The same certificate comes to both on its own way.
    death(&world, "D1", "2026-10-30");
    let text = export(&world);
    let mut draft = people::death(CHEN, "陈志远");
    draft.face.insert("certificate_no".into(), "D9".into());
    other.registry.refresh().unwrap();
    other.registry.make_key("test", POLICE).unwrap();
    issue(&other, draft).unwrap();
    assert_eq!(open(&other), 1);
    decline(&other, &card);
    later(&other);
    // What another certificate says is proposed by itself.
    assert_eq!(read(&world, &other, &text, false).lines_refused, 0);
    assert_eq!(open(&other), 1);
    sound(&other);
    decline(&other, &card);
    later(&other);
    assert_eq!(read(&world, &other, &text, false).lines_refused, 0);
    assert_eq!(open(&other), 0);
    sound(&other);
}

fn entry(number: &str, office: &str, codes: &[&str]) -> DirectoryDraft {
    let holders: Vec<Value> =
        codes.iter().map(|code| json!({"code_type": "111", "code": code, "name": "周海燕"})).collect();
    let draft = json!({
        "type": "marriage_certificate", "issuer": POLICE, "custody": "paper", "office": office, "number": number,
        "holders": holders, "issued_on": "2012-05-20",
    });
    serde_json::from_value(draft).unwrap()
}

fn put(world: &World, draft: &DirectoryDraft) -> String {
    world.registry.refresh().unwrap();
    world.registry.put_directory(&operator(), draft, None).unwrap().identifier
}

/// Actions, versions and holders' day by day standing of a record, as its history tells them.
fn history(world: &World, identifier: &str) -> Value {
    let ask = json!({"identifier": identifier, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    world.registry.refresh().unwrap();
    let told = common::value(&run(world.registry.history(&operator(), &ask)).unwrap());
    let of = |list: &str, names: &[&str]| -> Vec<Value> {
        let one = |line: &Value| names.iter().map(|name| line[*name].clone()).collect();
        told[list].as_array().unwrap().iter().map(one).collect()
    };
    json!([of("events", &["action", "effective_on", "version"]), of("versions", &["version", "current"])])
}

fn an_entry_comes_along_with_the_holders_that_it_had_before(world: World) {
    settled(&world);
    let identifier = put(&world, &entry("J1", "城东区档案馆", &[ZHOU, CHEN]));
    put(&world, &entry("J1", "城西区档案馆", &[ZHOU, CHEN]));
    put(&world, &entry("J1", "城西区档案馆", &[ZHOU, &people::number(1)]));
    put(&world, &entry("J1", "城西区档案馆", &[&people::number(2), &people::number(1)]));
    ends_version(&world, &identifier, 4, Action::Suspend);
    let told = history(&world, &identifier);
    assert_eq!(told[0].as_array().unwrap().len(), 7, "{told}");
    let other = carried(&world);
    assert_eq!(history(&other, &identifier), told);
    assert_eq!(history(&carried(&other), &identifier), told);
}

fn an_entry_that_gave_way_to_its_body_comes_along(world: World) {
    settled(&world);
    let identifier = put(&world, &entry("J1", "城东区档案馆", &[&people::number(1), CHEN]));
    put(&world, &entry("J1", "城东区档案馆", &[ZHOU, CHEN]));
    let record = issue(&world, people::marriage("J1")).unwrap().identifier;
    let text = export(&world);
    let line = text.lines().find(|line| line.contains("\"line\":\"record\"")).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["earlier"].as_array().unwrap().len(), 2);
    let other = carried(&world);
    // The identifier of the entry leads to the record there, too.
    assert_eq!(history(&other, &identifier), history(&world, &identifier));
    assert_eq!(history(&other, &record), history(&world, &record));
    // Who was a holder is on the list of the access.
    let left_out = AskedHolder { code_type: "111".into(), code: people::number(1) };
    let page = AccessPage::default();
    let seen = run(world.registry.accesses_of_holder(Viewer::Holder, &left_out, &page)).unwrap();
    let outcomes: Vec<&str> = seen.lines.iter().map(|line| line.outcome.wire()).collect();
    assert!(outcomes.contains(&"joint_record_used"), "{outcomes:?}");
}

fn an_entry_goes_on_where_a_part_of_it_is_here(world: World) {
    settled(&world);
    let identifier = put(&world, &entry("J1", "城东区档案馆", &[ZHOU, CHEN]));
    let other = carried(&world);
    later(&world);
    put(&world, &entry("J1", "城西区档案馆", &[ZHOU, CHEN]));
    carried_to(&world, &other);
    put(&world, &entry("J1", "城西区档案馆", &[ZHOU, &people::number(1)]));
    put(&world, &entry("J1", "城东区档案馆", &[CHEN, &people::number(1)]));
    carried_to(&world, &other);
    ends_version(&world, &identifier, 4, Action::Suspend);
    carried_to(&world, &other);
    ends_version(&world, &identifier, 4, Action::Restore);
    issue(&world, people::marriage("J1")).unwrap();
    carried_to(&world, &other);
    assert_eq!(history(&other, &identifier), history(&world, &identifier));
}

fn mark(world: &World, state: &str) {
    let command = json!({
        "holder": {"type": "111", "code": CHEN}, "state": state, "since": "2026-11-02", "ground": "户籍登记",
        "agency": POLICE,
    });
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.refresh().unwrap();
    world.registry.mark_holder(&operator(), &command, None).unwrap();
}

fn state(world: &World) -> (HolderState, Option<String>) {
    let key = world.registry.store().vault().index().holder_key("111", CHEN);
    let holder = world.registry.store().read_now(|reader| reader.holder(&key)).unwrap();
    let since = |holder: &elicense::store::StoredHolder| {
        holder.body.state_since.filter(|_| holder.state != HolderState::Normal).map(|day| day.to_string())
    };
    holder.map_or((HolderState::Normal, None), |holder| (holder.state, since(&holder)))
}

fn correct(world: &World, identifier: &str, died_on: &str) -> String {
    let mut command = ActCommand::new(identifier, 1, Action::Correct);
    command.ground = Some("更正".into());
    command.issued_on = Some(day("2026-11-03"));
    command.face = Some(FaceEdit::Patch(json!({"died_on": died_on}).as_object().unwrap().clone()));
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), &command).unwrap().identifier
}

fn r6_what_an_office_took_back_stays_taken_back_where_it_is_read(world: World) {
    settled(&world);
    let certificate = death(&world, "D1", "2026-10-30");
    mark(&world, "normal");
    let other = carried(&world);
    assert_eq!(state(&other), (HolderState::Normal, None));
    // A version that says another day marks again, and an office takes that back, too.
    let certificate = correct(&world, &certificate, "2026-10-28");
    assert_eq!(state(&world), (HolderState::Deceased, Some("2026-10-28".into())));
    carried_to(&world, &other);
    assert_eq!(state(&other), state(&world));
    assert_eq!(state(&carried(&world)), state(&world));
    mark(&world, "normal");
    carried_to(&world, &other);
    assert_eq!(state(&other), (HolderState::Normal, None));
    assert_eq!(state(&carried(&world)), (HolderState::Normal, None));
    // One that it states again stays silent.
    let text = export(&world);
    let late = receiver(&world, settled);
    assert_eq!(read(&world, &late, &text, false).lines_refused, 0);
    assert_eq!(late.registry.catch_up_on_certificates(&operator()).unwrap().marks, 0);
    assert_eq!(state(&late), (HolderState::Normal, None));
    drop(certificate);
}

fn r6_a_certificate_after_an_offices_word_counts_where_it_is_read(world: World) {
    settled(&world);
    mark(&world, "deregistered");
    mark(&world, "normal");
    death(&world, "D1", "2026-10-30");
    mark(&world, "death_reported");
    let told = state(&world);
    assert_eq!(told, (HolderState::Deceased, Some("2026-10-30".into())));
    // Read before, the certificate's mark would have been the one that the office took back.
    let other = carried(&world);
    assert_eq!(state(&other), told);
    assert_eq!(state(&carried(&other)), told);
}

fn a_dry_run_writes_nothing_and_tells_what_a_run_does(world: World) {
    settled(&world);
    put(&world, &entry("J1", "城东区档案馆", &[ZHOU, CHEN]));
    let other = receiver(&world, settled);
    // Here the entry is one of its own, a card stands, and nobody knows the region that is covered there.
    put(&other, &entry("J1", "城东区档案馆", &[ZHOU, CHEN]));
    other.registry.make_key("test", POLICE).unwrap();
    other.registry.refresh().unwrap();
    issue(&other, people::id_card(CHEN, "陈志远", "2020-01-01")).unwrap();
    issue(&world, people::marriage("J2")).unwrap();
    put(&other, &entry("J2", "城东区档案馆", &[ZHOU, CHEN]));
    death(&world, "D1", "2026-10-30");
    let relayed =
        world.registry.snapshot().catalog.type_by_slug("marriage_certificate").unwrap().def().code.clone();
    for system in ["系统一", "系统二"] {
        let statement = json!({
            "type_code": relayed, "issuing_system": system, "issuer": POLICE,
            "regions": [{"code": "190100", "name": "示范市"}], "share_on_file": 1000,
            "as_of": "2026-11-20T00:00:00.000000Z", "heartbeat": "2026-11-20T00:00:00.000000Z", "unbound": 0,
            "quarantined": 0,
        });
        world.registry.state_coverage("test", &serde_json::from_value(statement).unwrap()).unwrap();
    }
    // A clock that is behind: what is stated there lies ahead here.
    other.clock.set("2026-11-19T00:00:00.000000Z".parse().unwrap());
    let text = export(&world);
    let before = other.registry.content_digest().unwrap();
    let foreseen = read(&world, &other, &text, true);
    assert_eq!(other.registry.content_digest().unwrap(), before);
    let done = read(&world, &other, &text, false);
    assert_eq!(foreseen, done);
    assert!(done.lines_refused >= 2 && done.taken_over == 1 && done.proposals == 1, "{done:?}");
    // Lines that come twice are there the second time.
    let twice: String = text
        .lines()
        .flat_map(|line| match line.contains("\"line\":\"export\"") {
            true => vec![line],
            false => vec![line, line],
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let fresh = receiver(&world, settled);
    let foreseen = read(&world, &fresh, &twice, true);
    let done = read(&world, &fresh, &twice, false);
    assert_eq!(foreseen, done);
    assert!(done.already > 0 && !done.whole);
}

fn an_export_of_another_layout_is_refused(world: World) {
    settled(&world);
    let text = export(&world).replacen("\"v\":2", "\"v\":3", 1);
    let error = common::transfer::try_read(&world, &world, &text, false).unwrap_err();
    assert_eq!(error.rule.unwrap().wire(), "export_layout");
}

/// Layout 1 carries records with their versions, events and files, lives and coverage. It does not carry what was proposed
/// about a record, the entries that gave way to it, nor what was said of a revocation before it was moved.
fn a_file_of_layout_1_is_read_and_the_rest_comes_by_layout_2(world: World) {
    settled(&world);
    let entry_of = put(&world, &entry("J1", "城东区档案馆", &[&people::number(1), CHEN]));
    put(&world, &entry("J1", "城东区档案馆", &[ZHOU, CHEN]));
    let marriage = issue(&world, people::marriage("J1")).unwrap().identifier;
    let changing = put(&world, &entry("J2", "城东区档案馆", &[&people::number(3), &people::number(4)]));
    issue(&world, people::id_card(CHEN, "陈志远", "2020-01-01")).unwrap();
    issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    death(&world, "D1", "2026-10-30");
    let text = of_layout_1(&world, &export(&world));
    assert!(!text.contains("\"proposals\"") && !text.contains("\"earlier\""), "{text}");
    let other = receiver(&world, settled);
    let foreseen = read(&world, &other, &text, true);
    let done = read(&world, &other, &text, false);
    assert_eq!((done.records, done.lines_refused, done.whole), (5, 0, true), "{:?}", done.refused);
    // A dry run of layout 1 does not foresee what the rules propose between two records that the file brings.
    assert_eq!(foreseen, elicense::registry::ReadBack { proposals: 0, ..done.clone() });
    sound(&other);
    // The record is there from its own beginning, the entries before it are not, nor what was proposed.
    assert_eq!(history(&other, &changing), history(&world, &changing));
    assert_eq!(history(&other, &marriage), history(&world, &marriage));
    let key = other.registry.store().vault().index().identifier_key(&entry_of);
    let leads = other.registry.store().read_now(|reader| reader.record_key(&key)).unwrap();
    assert!(leads.is_none(), "the number of the entry leads to nothing");
    assert_eq!((open(&world), done.proposals_told), (2, 0));
    assert_ne!(other.registry.content_digest().unwrap(), world.registry.content_digest().unwrap());
    // What happens since comes along, and with it what layout 1 left out.
    later(&world);
    ends(&world, &changing, Action::Suspend);
    carried_to(&world, &other);
    assert_eq!((open(&world), open(&other)), (2, 2));
    assert_eq!(history(&other, &marriage), history(&world, &marriage));
    assert_eq!(history(&other, &entry_of), history(&world, &entry_of));
}
