//! Ends that rules propose to issuers: a list that stays until the record ends or the issuer declines. On both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, records, settled};
use common::people::{self, CHEN, MARKET, POLICE, ZHOU};
use common::transfer::{export, read, receiver};
use common::{World, callers, operator, run, server};
use elicense::error::{Code, Result};
use elicense::policy::{Actor, Scope};
use elicense::record::Action;
use elicense::registry::{
    AccessPage, ActCommand, AskedHolder, DeclineCommand, FindingKind, FsckOptions, ProposalList,
    ProposalsAsk, Viewer, Withheld,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    a_proposed_end_stays_on_the_list_until_the_record_ends
    a_proposal_is_declined_with_a_ground_and_never_comes_back_by_itself
    who_reads_the_list_is_charged_and_on_the_list_of_each_holder
    an_agency_sees_its_own_proposals_and_those_it_took_over
    the_list_goes_on_where_a_page_ends
    the_door_hands_out_the_list_and_takes_a_decline
    a_proposal_that_a_hand_changed_is_not_shown_and_fsck_names_it
    a_proposal_that_is_gone_or_was_opened_again_is_found
    a_proposal_goes_with_the_certificate_that_made_it
    a_proposal_goes_where_the_end_of_its_certificate_is_read
}

/// A social card of Chen, who has died since.
fn proposed(world: &World) -> String {
    settled(world);
    let card = issue(world, people::social_card(CHEN, "陈志远")).unwrap();
    issue(world, people::social_card(ZHOU, "周海燕")).unwrap();
    assert_eq!(issue(world, people::death(CHEN, "陈志远")).unwrap().proposals.len(), 1);
    world.registry.refresh().unwrap();
    card.identifier
}

fn list(world: &World, actor: &Actor, agency: Option<&str>) -> Result<ProposalList> {
    world.registry.refresh().unwrap();
    world.registry.proposals(actor, agency, &ProposalsAsk::default())
}

fn open(world: &World) -> usize {
    list(world, &operator(), None).unwrap().proposals.len()
}

fn declined(identifier: &str) -> DeclineCommand {
    DeclineCommand {
        identifier: identifier.into(),
        action: Action::Cancel,
        ground: "经核实系同名，非本人死亡".into(),
        agency: None,
    }
}

fn sound(world: &World) {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.left_proposals), (vec![], vec![]));
}

/// What became of each proposal, in their order.
fn settled_by(world: &World) -> Vec<Option<String>> {
    let rows = world.registry.store().read_now(|reader| reader.walk_proposals(None, 100)).unwrap();
    rows.into_iter().map(|(_, row)| row.unwrap().settled_by).collect()
}

/// A certificate of Chen's death with that number.
fn death(world: &World, number: &str) -> String {
    let mut draft = people::death(CHEN, "陈志远");
    draft.face.insert("certificate_no".into(), number.into());
    issue(world, draft).unwrap().identifier
}

fn ends(world: &World, identifier: &str, action: Action) {
    let mut command = ActCommand::new(identifier, 1, action);
    command.ground = Some("经核实系同名，非本人死亡".into());
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), &command).unwrap();
}

fn a_proposal_goes_with_the_certificate_that_made_it(world: World) {
    settled(&world);
    issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    issue(&world, people::id_card(CHEN, "陈志远", "2020-01-01")).unwrap();
    let mut closed = Vec::new();
    for (at, action) in (0_i64..).zip([Action::Annul, Action::Cancel, Action::Withdraw]) {
        world.clock.set(common::noon().plus_seconds(60 * at));
        let (first, second) = (death(&world, &format!("D{at}1")), death(&world, &format!("D{at}2")));
        assert_eq!(open(&world), 2, "{action:?}");
        // A suspension leaves open whether it is right.
        ends(&world, &first, Action::Suspend);
        assert_eq!(open(&world), 2, "{action:?}");
        // What another certificate proposes as well stays.
        ends(&world, &first, action);
        assert_eq!(open(&world), 2, "{action:?}");
        sound(&world);
        ends(&world, &second, action);
        assert_eq!(open(&world), 0, "{action:?}");
        closed.extend([Some("taken_back".to_owned()), Some("taken_back".to_owned())]);
        assert_eq!(settled_by(&world), closed, "{action:?}");
        sound(&world);
    }
}

fn a_proposal_goes_where_the_end_of_its_certificate_is_read(world: World) {
    settled(&world);
    issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    let other = receiver(&world, settled);
    read(&world, &other, &export(&world), false);
    let certificate = death(&world, "D1");
    read(&world, &other, &export(&world), false);
    assert_eq!(open(&other), 1);
    ends(&world, &certificate, Action::Annul);
    assert_eq!((open(&world), open(&other)), (0, 1));
    read(&world, &other, &export(&world), false);
    assert_eq!((open(&other), settled_by(&other)), (0, vec![Some("taken_back".to_owned())]));
    sound(&other);
}

fn a_proposed_end_stays_on_the_list_until_the_record_ends(world: World) {
    let card = proposed(&world);
    for _ in 0..2 {
        let listed = list(&world, &operator(), None).unwrap();
        let [one] = listed.proposals.as_slice() else { panic!("{listed:?}") };
        assert_eq!((one.identifier.as_ref(), one.version, one.action), (Some(&card), 1, Action::Cancel));
        assert_eq!((&*one.name_zh, &*one.because_zh, &*one.issuer), ("社会保障卡", "死亡证明", POLICE));
        assert_eq!(one.holders, ["190***********0013"]);
    }
    // A suspension makes another version, and leaves the proposal.
    let mut suspend = ActCommand::new(&card, 1, Action::Suspend);
    suspend.ground = Some("待核实".into());
    let suspended = world.registry.act(&operator(), &suspend).unwrap();
    assert_eq!(open(&world), 1);
    let mut cancel = ActCommand::new(&suspended.identifier, suspended.version, Action::Cancel);
    cancel.ground = Some("持卡人死亡".into());
    world.registry.act(&operator(), &cancel).unwrap();
    assert_eq!(open(&world), 0);
    let refused = world.registry.decline(&operator(), &declined(&card), None).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::ActionForbidden, Some(Rule::ProposalNone)));
    sound(&world);
}

fn a_proposal_is_declined_with_a_ground_and_never_comes_back_by_itself(world: World) {
    let card = proposed(&world);
    let mut blank = declined(&card);
    blank.ground = " ".into();
    let refused = world.registry.decline(&operator(), &blank, None).unwrap_err();
    assert_eq!(refused.rule, Some(Rule::GroundMissing));
    let mut unseen = declined(&card);
    unseen.ground = "同名\u{202e}".into();
    assert_eq!(
        world.registry.decline(&operator(), &unseen, None).unwrap_err().rule,
        Some(Rule::ControlCharacter)
    );
    // Another agency has nothing to say.
    let market = callers::client("market").agency(MARKET).scopes(&[Scope::Act]).whole().actor();
    let refused = world.registry.decline(&market, &declined(&card), None).unwrap_err();
    assert_eq!(refused.code, Code::IssuerNotAuthorised);
    assert_eq!(open(&world), 1);
    let said = world.registry.decline(&operator(), &declined(&card), None).unwrap();
    assert_eq!((said.version, said.action), (1, Action::Cancel));
    assert_eq!(open(&world), 0);
    let again = world.registry.decline(&operator(), &declined(&card), None).unwrap_err();
    assert_eq!(again.rule, Some(Rule::ProposalNone));
    // The record stays, and the decision stands in its history.
    let row = &records(&world, CHEN)[0];
    assert_eq!((&row["state"], &row["version"]), (&json!("active"), &json!(1)));
    let of_card = |reader: &mut elicense::store::Reader<'_>| {
        let index = reader.index();
        let (hk, key) = (index.holder_key("111", CHEN), index.identifier_key(&card));
        let id = reader.record_key(&key)?.unwrap().record_id;
        reader.events_of(&hk, &id)
    };
    let events = world.registry.store().read_now(of_card).unwrap();
    let last = events.last().unwrap();
    assert_eq!((&*last.action, &*last.ground), ("decline", "经核实系同名，非本人死亡"));
    assert!(!last.order.is_empty(), "the agency's key is held here, and signs");
    sound(&world);
}

fn who_reads_the_list_is_charged_and_on_the_list_of_each_holder(world: World) {
    let card = proposed(&world);
    let office =
        |id: &str, budget: u32| callers::client(id).scopes(&[Scope::Act]).whole().budget(budget).actor();
    let rich = office("rich", 5);
    for _ in 0..2 {
        assert_eq!(list(&world, &rich, None).unwrap().proposals.len(), 1);
    }
    assert_eq!(world.registry.guard().spent("client:rich", world.registry.now()), 1);
    let poor = list(&world, &office("poor", 0), None).unwrap();
    assert_eq!((poor.proposals.len(), poor.withheld), (0, Some(Withheld::Whole)));
    // A type that is not granted is not shown and costs nothing.
    let blind = callers::client("blind").scopes(&[Scope::Act]).actor();
    let listed = list(&world, &blind, None).unwrap();
    assert_eq!((listed.proposals.len(), listed.withheld), (0, None));
    let none = callers::client("none").whole().actor();
    assert_eq!(list(&world, &none, None).unwrap_err().code, Code::Forbidden);
    world.registry.decline(&operator(), &declined(&card), None).unwrap();

    let holder = AskedHolder { code_type: "111".into(), code: CHEN.into() };
    let seen =
        run(world.registry.accesses_of_holder(Viewer::Holder, &holder, &AccessPage::default())).unwrap();
    let outcomes: Vec<&str> = seen.lines.iter().map(|line| line.outcome.wire()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "listed").count(), 2, "{outcomes:?}");
    assert_eq!(outcomes[0], "declined");
}

fn an_agency_sees_its_own_proposals_and_those_it_took_over(world: World) {
    let _card = proposed(&world);
    let market = callers::client("market").agency(MARKET).scopes(&[Scope::Act]).whole().actor();
    assert_eq!(list(&world, &market, None).unwrap().proposals.len(), 0);
    assert_eq!(list(&world, &operator(), Some(MARKET)).unwrap().proposals.len(), 0);
    // A client names no other agency: it sees its own, whatever it says.
    assert_eq!(list(&world, &market, Some(POLICE)).unwrap().proposals.len(), 0);
    let mut police = people::agency(POLICE, "示范市公安局城东分局", "190101");
    police.valid_to = Some(people::day("2026-11-20"));
    police.succeeded_by = Some(MARKET.into());
    world.registry.put_agency("test", &police).unwrap();
    assert_eq!(list(&world, &market, None).unwrap().proposals.len(), 1, "its duty now");
}

fn the_list_goes_on_where_a_page_ends(world: World) {
    settled(&world);
    for place in 0..53 {
        let code = people::number(place);
        issue(&world, people::social_card(&code, "陈志远")).unwrap();
        let mut death = people::death(&code, "陈志远");
        death.face.insert("certificate_no".into(), format!("D190101-2026-{place:04}").into());
        issue(&world, death).unwrap();
    }
    let page = |after: Option<String>| {
        world.registry.refresh().unwrap();
        world.registry.proposals(&operator(), None, &ProposalsAsk { after })
    };
    let first = page(None).unwrap();
    assert_eq!(first.proposals.len(), 50);
    let second = page(first.next.clone()).unwrap();
    assert_eq!((second.proposals.len(), second.next), (3, None));
    let mut all: Vec<_> =
        first.proposals.iter().chain(&second.proposals).map(|one| &one.identifier).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 53, "each once");
    assert_eq!(page(Some("no cursor".into())).unwrap_err().rule, Some(Rule::Cursor));
}

fn the_door_hands_out_the_list_and_takes_a_decline(world: World) {
    let card = proposed(&world);
    server::clients(&world.registry);
    world.registry.stop_access();
    let server = server::start(world.registry.clone());
    let token = server.token("all", server::SECRET);
    let post = |path: &str, body: Value| server.post(path, Some(&token), &body);
    let listed = post("/api/v1/records/proposals", json!({}));
    assert_eq!(
        (listed.status, listed.json()["proposals"][0]["identifier"].clone()),
        (200, json!(card)),
        "{listed:?}"
    );
    assert_eq!(post("/api/v1/records/proposals", json!({"after": "x"})).status, 422);
    let decline = json!({"identifier": card, "action": "cancel", "ground": "经核实系同名"});
    let declined = post("/api/v1/records/proposals/declined", decline);
    assert_eq!((declined.status, declined.json()["action"].clone()), (200, json!("cancel")), "{declined:?}");
    assert_eq!(post("/api/v1/records/proposals", json!({})).json()["proposals"], json!([]));
}

/// What `fsck` finds about proposals.
fn found(world: &World) -> Vec<FindingKind> {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    report.findings.iter().filter(|one| one.table == "proposals").map(|one| one.kind).collect()
}

fn a_proposal_that_a_hand_changed_is_not_shown_and_fsck_names_it(world: World) {
    let card = proposed(&world);
    assert_eq!(found(&world), []);
    world.sql("CREATE TABLE kept AS SELECT * FROM proposals");
    let market = callers::client("market").agency(MARKET).scopes(&[Scope::Act]).whole().actor();
    for edit in [
        &*format!("issuer = '{MARKET}'"),
        "action = 'lapse'",
        "because = 'x'",
        "at = at + 1",
        "number = number + 7",
        "settled_at = 1, settled_by = 'declined'",
        "settled_by = 'declined'",
        "record_id = hk",
        "hk = record_id",
        "key_id = key_id + 1",
        "sealed = hk",
    ] {
        world.sql(&format!("UPDATE proposals SET {edit}"));
        assert_eq!(open(&world), 0, "{edit}");
        assert_eq!(list(&world, &market, None).unwrap().proposals.len(), 0, "{edit}");
        assert_eq!(found(&world), [FindingKind::SealBroken], "{edit}");
        let refused = world.registry.decline(&operator(), &declined(&card), None).unwrap_err();
        assert_eq!(refused.rule, Some(Rule::ProposalNone), "{edit}");
        world.sql("DELETE FROM proposals");
        world.sql("INSERT INTO proposals SELECT * FROM kept");
        assert_eq!((open(&world), found(&world).len()), (1, 0), "{edit}");
    }
    world.registry.decline(&operator(), &declined(&card), None).unwrap();
    world.sql("UPDATE proposals SET settled_at = NULL, settled_by = NULL");
    assert_eq!((open(&world), found(&world)), (0, vec![FindingKind::SealBroken]));
}

fn a_proposal_that_is_gone_or_was_opened_again_is_found(world: World) {
    let card = proposed(&world);
    let (other, mut death) = (people::number(7), people::death(&people::number(7), "陈志远"));
    issue(&world, people::social_card(&other, "陈志远")).unwrap();
    death.face.insert("certificate_no".into(), "D190101-2026-0007".into());
    issue(&world, death).unwrap();
    world.sql("CREATE TABLE kept AS SELECT * FROM proposals");
    world.sql("DELETE FROM proposals WHERE number = 1");
    assert_eq!(found(&world), [FindingKind::RowMissing]);
    world.sql("INSERT INTO proposals SELECT * FROM kept WHERE number = 1");
    assert_eq!(found(&world), []);
    // The row as it was before the record ended: its seal is right, and it is only old.
    let mut cancel = ActCommand::new(&card, 1, Action::Cancel);
    cancel.ground = Some("持卡人死亡".into());
    world.registry.act(&operator(), &cancel).unwrap();
    assert_eq!(found(&world), []);
    world.sql("DELETE FROM proposals WHERE number = 1");
    world.sql("INSERT INTO proposals SELECT * FROM kept WHERE number = 1");
    assert_eq!(found(&world), [FindingKind::RowDiffers]);
    // A record that is gone is missed by its proposal too.
    world.sql("DELETE FROM records WHERE record_id = (SELECT record_id FROM proposals WHERE number = 2)");
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    let told = "a proposal names a record that is not there";
    assert!(report.findings.iter().any(|one| one.detail == told), "{:?}", report.findings);
}
