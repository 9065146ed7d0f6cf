//! I7: the verdict of a past day, as known at a past moment.

use elicense::error::Result;
use elicense::record::Action;
use elicense::registry::{ActCommand, DisputeCommand, Endorsement, HistoryAsk, LinkCommand, MarkCommand};
use elicense::rule::Rule;
use serde_json::{Value, json};

use super::common::people::{self, CHEN, POLICE, ZHOU};
use super::common::{self, World, operator, run};
use super::{issue, lookup, ready, records};

crate::on_both! {
    i7_the_verdict_of_a_past_day_is_the_one_of_that_day
    i7_no_action_takes_effect_before_its_record_began
    i7_a_life_counts_from_its_day_and_by_what_was_known
    i7_what_was_known_of_a_key_and_of_an_objection_is_told_as_it_was_known
    i7_a_link_that_was_taken_back_leaves_no_certainty_about_its_time
}

fn history(world: &World, identifier: &str, more: Value) -> Result<Value> {
    world.registry.refresh().unwrap();
    let mut ask = json!({"identifier": identifier, "purpose": {"item": "X", "reason": "窗口办理"}});
    ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    Ok(common::value(&run(world.registry.history(&operator(), &ask))?))
}

/// Answer, verdict and reasons of a day.
fn told(world: &World, identifier: &str, more: Value) -> Value {
    let standing = &history(world, identifier, more).unwrap()["standing"];
    match standing["answer"].as_str().unwrap() {
        "judged" => json!([standing["verdict"], standing["reasons"]]),
        answer => {
            assert!(standing.get("verdict").is_none() && standing["was"].is_null(), "{standing:#}");
            json!(answer)
        }
    }
}

fn act(world: &World, identifier: &str, action: Action, change: impl FnOnce(&mut ActCommand)) {
    world.registry.refresh().unwrap();
    let mut command = ActCommand::new(identifier, 1, action);
    command.ground = Some("来函 2026-3 号".to_owned());
    change(&mut command);
    world.registry.act(&operator(), &command).unwrap();
}

fn mark(world: &World, code: &str, state: &str, since: Option<&str>) {
    world.registry.refresh().unwrap();
    let mut command =
        json!({"holder": {"type": "111", "code": code}, "state": state, "ground": "来函", "agency": POLICE});
    if let Some(since) = since {
        command["since"] = since.into();
    }
    let command: MarkCommand = serde_json::from_value(command).unwrap();
    world.registry.mark_holder(&operator(), &command, None).unwrap();
}

/// Three days pass.
fn later(world: &World) {
    world.clock.set(world.registry.now().plus_seconds(3 * 86_400));
}

fn i7_the_verdict_of_a_past_day_is_the_one_of_that_day(world: World) {
    ready(&world);
    let card = issue(&world, people::id_card(ZHOU, "周海燕", "2020-05-06")).identifier;
    let begun = world.registry.now();
    later(&world);
    act(&world, &card, Action::Endorse, |command| {
        command.endorsement = Some(Endorsement { kind: "年审".into(), result: "合格".into() });
        command.review_due = Some("2026-12-01".parse().unwrap());
    });
    later(&world);
    act(&world, &card, Action::Suspend, |_| ());
    later(&world);
    act(&world, &card, Action::Restore, |_| ());
    later(&world);
    act(&world, &card, Action::Cancel, |_| ());
    let told = |more: Value| told(&world, &card, more);
    let (valid, suspended) = (json!(["valid", []]), json!(["invalid", ["suspended"]]));
    assert_eq!(told(json!({})), json!(["invalid", ["cancelled", "review_overdue"]]));
    assert_eq!(told(json!({"as_of": "2026-11-27"})), valid, "the day before it was suspended");
    assert_eq!(told(json!({"as_of": "2026-11-28"})), suspended);
    assert_eq!(told(json!({"as_of": "2026-12-01"})), valid, "restored on its last day before the review");
    assert_eq!(told(json!({"as_of": "2026-12-02"})), json!(["invalid", ["review_overdue"]]));
    assert_eq!(told(json!({"as_of": "2020-05-06"})), valid);
    // Three days have no verdict, and each says why.
    assert_eq!(told(json!({"as_of": "2020-05-05"})), json!("not_begun"));
    assert_eq!(told(json!({"as_of": "2026-12-05"})), json!("not_come"));
    let before = begun.plus_seconds(-1);
    assert_eq!(told(json!({"as_of": "2020-05-06", "known_at": before})), json!("not_known"));
    // The day of the moment, where none is named; a day behind it had not come.
    assert_eq!(told(json!({"known_at": begun})), valid);
    assert_eq!(told(json!({"known_at": begun, "as_of": "2026-11-24"})), json!("not_come"));
    let ahead = history(&world, &card, json!({"known_at": world.registry.now().plus_seconds(1)}));
    assert_eq!(ahead.unwrap_err().rule.map(Rule::wire), Some("moment_ahead"));
}

fn i7_no_action_takes_effect_before_its_record_began(world: World) {
    ready(&world);
    let card = issue(&world, people::id_card(ZHOU, "周海燕", "2020-05-06")).identifier;
    let tried = |action: Action, on: &str| {
        world.registry.refresh().unwrap();
        let mut command = ActCommand::new(&card, 1, action);
        command.ground = Some("来函 2026-3 号".to_owned());
        command.effective_on = Some(on.parse().unwrap());
        world.registry.act(&operator(), &command).err().and_then(|error| error.rule).map(Rule::wire)
    };
    let early = Some("effective_early");
    for action in [Action::Suspend, Action::Cancel, Action::Annul] {
        assert_eq!(tried(action, "2020-05-05"), early, "{action:?}");
    }
    assert_eq!(tried(Action::Suspend, "2026-11-10"), None);
    assert_eq!(tried(Action::Restore, "2026-11-09"), early, "before it was suspended");
    assert_eq!(tried(Action::Restore, "2026-11-10"), None);
    assert_eq!(tried(Action::Cancel, "2020-05-06"), None);
}

fn i7_a_life_counts_from_its_day_and_by_what_was_known(world: World) {
    ready(&world);
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).identifier;
    later(&world);
    mark(&world, ZHOU, "death_reported", None);
    let reported = world.registry.now();
    later(&world);
    mark(&world, ZHOU, "deceased", Some("2026-11-23"));
    let confirmed = world.registry.now();
    later(&world);
    mark(&world, ZHOU, "normal", None);
    let told = |more: Value| told(&world, &card, more);
    let (valid, dead) = (json!(["valid", []]), json!(["invalid", ["holder_deceased"]]));
    let maybe = json!(["undetermined", ["death_reported"]]);
    assert_eq!(told(json!({})), valid);
    assert_eq!(told(json!({"as_of": "2026-11-24"})), valid, "it was all taken back");
    assert_eq!(told(json!({"known_at": confirmed})), dead);
    assert_eq!(told(json!({"known_at": confirmed, "as_of": "2026-11-23"})), dead, "from its day on");
    assert_eq!(told(json!({"known_at": confirmed, "as_of": "2026-11-22"})), valid);
    assert_eq!(told(json!({"known_at": confirmed.plus_seconds(-1)})), maybe);
    assert_eq!(told(json!({"known_at": reported})), maybe);
    assert_eq!(told(json!({"known_at": reported.plus_seconds(-1)})), valid);
}

fn i7_what_was_known_of_a_key_and_of_an_objection_is_told_as_it_was_known(world: World) {
    ready(&world);
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).identifier;
    later(&world);
    let disputed = |disputed: bool| {
        let command = json!({"identifier": card, "disputed": disputed, "ground": "本人称姓名有误"});
        let command: DisputeCommand = serde_json::from_value(command).unwrap();
        world.registry.refresh().unwrap();
        world.registry.dispute(&operator(), &command, None).unwrap();
    };
    disputed(true);
    let objected = world.registry.now();
    later(&world);
    disputed(false);
    later(&world);
    let kid = world.registry.snapshot().keys.history(POLICE)[0].kid().to_string();
    let lost = objected.plus_seconds(-10 * 86_400);
    world.registry.make_key("test", POLICE).unwrap();
    world.registry.revoke_key("test", &kid, lost, "密钥丢失").unwrap();
    let told = |more: Value| told(&world, &card, more);
    assert_eq!(told(json!({})), json!(["invalid", ["key_revoked"]]));
    assert_eq!(told(json!({"as_of": "2026-11-24"})), json!(["invalid", ["key_revoked"]]));
    assert_eq!(told(json!({"known_at": objected})), json!(["valid", ["disputed"]]));
    assert_eq!(told(json!({"known_at": objected.plus_seconds(-1)})), json!(["valid", []]));
    // The key turned out to have been lost earlier still. What was known in between is what was said first.
    let said = world.registry.now();
    later(&world);
    world.registry.revoke_key("test", &kid, lost.plus_seconds(-86_400), "更早丢失").unwrap();
    assert_eq!(told(json!({"known_at": said})), json!(["invalid", ["key_revoked"]]));
    assert_eq!(told(json!({"known_at": objected})), json!(["valid", ["disputed"]]));
    assert_eq!(told(json!({})), json!(["invalid", ["key_revoked"]]));
}

fn i7_a_link_that_was_taken_back_leaves_no_certainty_about_its_time(world: World) {
    ready(&world);
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).identifier;
    mark(&world, CHEN, "deceased", None);
    let end = |code: &str| json!({"type": "111", "code": code});
    let link = json!({
        "from": end(ZHOU), "to": end(CHEN), "kind": "same_person", "ground": "来函", "agency": POLICE,
        "names_differ": true,
    });
    let link: LinkCommand = serde_json::from_value(link).unwrap();
    later(&world);
    world.registry.link_holders(&operator(), &link, None).unwrap();
    let linked = world.registry.now();
    later(&world);
    let dead = json!(["invalid", ["holder_deceased"]]);
    assert_eq!(told(&world, &card, json!({})), dead);
    assert_eq!(told(&world, &card, json!({"known_at": linked.plus_seconds(-1)})), json!(["valid", []]));
    world.registry.unlink_holders(&operator(), &link, None).unwrap();
    assert_eq!(records(&lookup(&world, ZHOU))[0]["verdict"], "valid");
    assert_eq!(told(&world, &card, json!({})), json!(["valid", []]));
    // Whose number it was is not kept: what was known then cannot be told, and is not said to have been good.
    let unsure = json!(["undetermined", ["status_unavailable"]]);
    assert_eq!(told(&world, &card, json!({"known_at": linked})), unsure);
    assert_eq!(told(&world, &card, json!({"known_at": linked.plus_seconds(-1)})), json!(["valid", []]));
}
