//! What makes a new version of a record and what does not, on both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::desk::{issue, records, settled};
use common::people::{self, POLICE, ZHOU, day};
use common::{World, operator};
use elicense::error::Result;
use elicense::record::action::Action;
use elicense::record::payload::Validity;
use elicense::record::{Record, Salt};
use elicense::registry::{ActCommand, Acted, FaceEdit, FsckOptions};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

on_both! {
    a_change_that_changes_nothing_makes_no_version
    a_signed_version_that_changes_nothing_is_refused
}

fn act(world: &World, command: &ActCommand) -> Result<Acted> {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command)
}

fn refusal(outcome: Result<Acted>) -> (String, Option<&'static str>) {
    let error = outcome.unwrap_err();
    (error.field.as_deref().unwrap_or_default().to_owned(), error.rule.map(Rule::wire))
}

fn patch(face: Value) -> Option<FaceEdit> {
    Some(FaceEdit::Patch(face.as_object().unwrap().clone()))
}

fn a_change_that_changes_nothing_makes_no_version(world: World) {
    settled(&world);
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    let command = |identifier: &str, version: u32, action: Action| ActCommand {
        ground: Some("来函 2026-7 号".to_owned()),
        ..ActCommand::new(identifier, version, action)
    };
    let nothing = ("face".to_owned(), Some("nothing_changes"));
    for action in [Action::Change, Action::Correct] {
        for face in [None, patch(json!({})), patch(json!({"bank": "示范银行"}))] {
            let same = ActCommand {
                face,
                issued_on: Some(day("2020-05-06")),
                holder_names: Some(vec!["周海燕".to_owned()]),
                valid_to: Some(Validity::Until(day("2030-05-06"))),
                ..command(&card, 1, action)
            };
            assert_eq!(refusal(act(&world, &same)), nothing, "{action:?}");
        }
        // The day of the version is no news.
        assert_eq!(refusal(act(&world, &command(&card, 1, action))).1, nothing.1, "{action:?}");
    }
    assert_eq!(records(&world, ZHOU)[0]["version"], 1);
    // One field is something, a review is, and so is a day of issue that is moved back.
    let said = |version: u32, identifier: &str, command: ActCommand| {
        let acted = act(&world, &command).unwrap();
        assert_eq!(acted.version, version, "{identifier}");
        acted.identifier
    };
    let bank = ActCommand {
        face: patch(json!({"bank": "示范商业银行"})),
        ..command(&card, 1, Action::Change)
    };
    let once = world.registry.once("c1", "k-1", b"bank").unwrap();
    world.registry.refresh().unwrap();
    let first = world.registry.act_once(&operator(), &bank, Some(&once)).unwrap();
    // The same request under its key is answered as before, though it would change nothing now.
    assert_eq!(world.registry.act_once(&operator(), &bank, Some(&once)).unwrap(), first);
    let review =
        ActCommand { review_due: Some(day("2027-01-01")), ..command(&first.identifier, 2, Action::Change) };
    let third = said(3, "review", review.clone());
    let again = ActCommand { identifier: third.clone(), version: 3, ..review };
    assert_eq!(refusal(act(&world, &again)), nothing);
    // Another paper with the same face is a renewal, and no change.
    let renewed = said(4, "renewal", command(&third, 3, Action::Renew));
    let back = ActCommand {
        face: patch(json!({"issued_on": "2020-05-05"})),
        issued_on: Some(day("2020-05-05")),
        ..command(&renewed, 4, Action::Correct)
    };
    said(5, "an earlier day of issue", back);
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!(report.findings, []);
}

fn a_signed_version_that_changes_nothing_is_refused(world: World) {
    settled(&world);
    let key = SigningKey::generate().unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    let compact = records(&world, ZHOU)[0]["envelope"].as_str().unwrap().to_owned();
    let envelope = EnvelopeBuf::parse_compact(&compact, Default::default()).unwrap();
    let mut next = Record::from_payload(envelope.view().payload()).unwrap();
    next.replaces =
        Some(serde_json::from_value(json!({"action": "correct", "identifier": card, "version": 1})).unwrap());
    let parsed = elicense::record::Identifier::parse(&card).unwrap();
    let made = elicense::record::Identifier::compose(parsed.type_code(), parsed.issuer(), parsed.serial(), 2);
    next.identifier = made.unwrap().as_str().to_owned();
    (next.version, next.salt) = (2, Salt([9; 16]));
    let signed = |record: &Record| {
        EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact()
    };
    let mut command = ActCommand::new(&card, 1, Action::Correct);
    command.ground = Some("来函 2026-7 号".to_owned());
    command.envelope = Some(signed(&next));
    assert_eq!(refusal(act(&world, &command)), ("envelope".to_owned(), Some("nothing_changes")));
    next.face.insert("bank".into(), "示范商业银行".into());
    command.envelope = Some(signed(&next));
    assert_eq!(act(&world, &command).unwrap().version, 2);
}
