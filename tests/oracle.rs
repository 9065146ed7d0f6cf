//! No answer tells what the caller could not look up: identifiers that are there and those that are not, masked fields that
//! are guessed, a clash with another issuer's record, what a mark, a link or an objection finds. On both databases.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;

use common::people::{self, CHEN, MARKET, POLICE, ZHOU, day};
use common::{World, operator, run};
use elicense::error::{Code, Error, Result};
use elicense::policy::{Actor, COMPARISONS, Client, Fields, Grant, Scope, Selection};
use elicense::record::Identifier;
use elicense::record::action::Action;
use elicense::registry::{
    ActCommand, AttachmentAsk, DisputeCommand, DisputeWithdrawal, Draft, HistoryAsk, Issued, Submitted,
    VerifyAnswer, VerifyAsk,
};
use elicense::rule::Rule;
use serde_json::{Value, json};

on_both! {
    i4_known_and_unknown_identifiers_are_refused_alike
    i4_what_a_grant_names_is_told_and_an_unknown_identifier_is_noted
    i4_a_masked_field_is_compared_under_a_grant_for_the_whole_only
    i4_ten_comparisons_of_one_record_a_day
    i4_a_clash_with_another_issuers_record_says_that_it_is_taken
    i4_an_objection_tells_nothing_to_who_may_not_look
}

fn client(id: &str, agency: &str, scopes: &[Scope], fields: Option<&[&str]>) -> Actor {
    let granted = fields.map(|fields| Grant {
        types: Selection::All,
        fields: match fields {
            [] => Fields::Whole,
            names => Fields::Named(names.iter().map(|name| (*name).to_owned()).collect()),
        },
        purposes: Selection::All,
    });
    let client = Client {
        id: id.into(),
        agency: agency.into(),
        name: "测试系统".into(),
        scopes: scopes.to_vec(),
        grants: granted.into_iter().collect(),
        budget: 10,
        enabled: true,
        epoch: 1,
    };
    Actor::Client { client: Arc::new(client), scopes: scopes.to_vec() }
}

fn issue(world: &World, draft: Draft) -> Result<Issued> {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft))
}

/// A card of ZHOU, and an identifier of the same type and issuer under which nothing is kept.
fn settled(world: &World) -> [String; 2] {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    let known = issue(world, people::social_card(ZHOU, "周海燕")).unwrap().identifier;
    let parsed = Identifier::parse(&known).unwrap();
    let unknown =
        Identifier::compose(parsed.type_code(), parsed.issuer(), "NOTHING0000000000000", 1).unwrap();
    [known, unknown.as_str().to_owned()]
}

fn told(error: &Error) -> (Code, Option<Rule>, String, Option<String>) {
    let field = error.field.as_ref().map(ToString::to_string);
    (error.code, error.rule, error.detail.to_string(), field)
}

/// Outcome and decision of each entry, in order.
fn entries(world: &World) -> Vec<(String, String)> {
    let batches =
        world.registry.store().read_access_now(|reader| reader.access_batches("access-main", 0, 999, 999));
    let items = batches.unwrap().into_iter().flat_map(|batch| batch.items.unwrap());
    let told = items.map(|item| {
        let entry: Value = serde_json::from_slice(&item.entry).unwrap();
        let text = |name: &str| entry[name].as_str().unwrap().to_owned();
        (text("outcome"), text("decision"))
    });
    told.collect()
}

fn purpose() -> Value {
    json!({"item": "失业登记", "reason": "窗口办理"})
}

/// Every use case that is asked by identifier.
fn ways(world: &World, actor: &Actor, identifier: &str) -> Vec<(&'static str, Error)> {
    let registry = &world.registry;
    registry.refresh().unwrap();
    let history: HistoryAsk =
        serde_json::from_value(json!({"identifier": identifier, "purpose": purpose()})).unwrap();
    let attachment: AttachmentAsk = serde_json::from_value(
        json!({"identifier": identifier, "sha256": "0".repeat(64), "purpose": purpose()}),
    )
    .unwrap();
    let face: VerifyAsk = serde_json::from_value(
        json!({"identifier": identifier, "face": {"bank": "示范银行"}, "purpose": purpose()}),
    )
    .unwrap();
    let mut suspend = ActCommand::new(identifier, 1, Action::Suspend);
    suspend.ground = Some("决定书".into());
    let object = |disputed| DisputeCommand {
        identifier: identifier.into(),
        disputed,
        ground: "持证人报错".into(),
        agency: None,
    };
    let found = [
        ("history", run(registry.history(actor, &history)).err()),
        ("attachment", run(registry.attachment(actor, &attachment)).err()),
        ("face", run(registry.verify(Some(actor), &face)).err()),
        ("act", registry.act(actor, &suspend).err()),
        ("object", registry.dispute(actor, &object(true), None).err()),
        ("settle", registry.dispute(actor, &object(false), None).err()),
    ];
    found.into_iter().filter_map(|(name, error)| Some((name, error?))).collect()
}

fn i4_known_and_unknown_identifiers_are_refused_alike(world: World) {
    let identifiers = settled(&world);
    let strangers = [
        ("no scope", client("c1", MARKET, &[], Some(&[]))),
        ("no grant", client("c2", MARKET, Scope::ALL, None)),
        ("another item's fields", client("c3", MARKET, Scope::ALL, Some(&["name"]))),
    ];
    for (name, stranger) in strangers {
        let mut each = Vec::new();
        for identifier in &identifiers {
            let before = entries(&world).len();
            let refused = ways(&world, &stranger, identifier);
            // Whoever may object to a type at all may do so, and may read what happened; what is left is refused.
            let refused: Vec<_> = refused
                .into_iter()
                .filter(|(way, _)| {
                    name != "another item's fields" || ["attachment", "face", "act", "settle"].contains(way)
                })
                .collect();
            let noted = entries(&world);
            let refusals = noted[before..].iter().filter(|(outcome, _)| outcome == "refused");
            assert_eq!(refusals.count(), refused.len(), "{name}: {noted:?} {refused:?}");
            each.push(refused.iter().map(|(way, error)| (*way, told(error))).collect::<Vec<_>>());
        }
        assert!(each[0].len() >= 4, "{name}: {each:?}");
        assert_eq!(each[0], each[1], "{name}");
    }
}

fn i4_what_a_grant_names_is_told_and_an_unknown_identifier_is_noted(world: World) {
    let [known, unknown] = settled(&world);
    let own = client("c1", POLICE, Scope::ALL, Some(&[]));
    for (way, error) in ways(&world, &own, &unknown) {
        assert_eq!((error.code, error.field.as_deref()), (Code::NotFound, Some("identifier")), "{way}");
    }
    let noted = entries(&world);
    // A printed face is answered: nothing kept here says nothing of it. It is noted all the same.
    assert_eq!(noted.len(), 6, "{noted:?}");
    assert!(noted.iter().all(|(outcome, _)| outcome == "nothing_on_file"), "{noted:?}");
    let refused: Vec<_> =
        ways(&world, &own, &known).into_iter().map(|(way, error)| (way, error.code)).collect();
    assert_eq!(refused, [("attachment", Code::NotFound)]);
}

fn verify(world: &World, actor: &Actor, identifier: &str, face: Value) -> Result<VerifyAnswer> {
    world.registry.refresh().unwrap();
    let ask = json!({"identifier": identifier, "face": face, "purpose": purpose()});
    run(world.registry.verify(Some(actor), &serde_json::from_value::<VerifyAsk>(ask).unwrap()))
}

fn i4_a_masked_field_is_compared_under_a_grant_for_the_whole_only(world: World) {
    let [card, _] = settled(&world);
    let is = |actor: &Actor, face: Value| -> (String, Vec<String>, Value) {
        let answer = common::value(&verify(&world, actor, &card, face).unwrap());
        let fields = answer["fields"].as_array().unwrap().iter();
        let fields = fields.map(|one| one["is"].as_str().unwrap().to_owned()).collect();
        (answer["verdict"].as_str().unwrap().to_owned(), fields, answer["reasons"].clone())
    };
    let masked = client("c1", MARKET, &[Scope::Verify], Some(&["bank", "social_security_no", "number"]));
    for number in [ZHOU, CHEN] {
        let told = is(&masked, json!({"bank": "示范银行", "social_security_no": number}));
        assert_eq!(told.1, ["match", "not_compared"], "{told:?}");
        assert_eq!((told.0.as_str(), told.2), ("valid", json!(["fields_limited"])));
        assert_eq!(is(&masked, json!({"number": number})).1, ["not_compared"], "the number is the same");
    }
    let grant = ["bank", "social_security_no", "social_security_no!whole"];
    let whole = client("c2", MARKET, &[Scope::Verify], Some(&grant));
    assert_eq!(is(&whole, json!({"social_security_no": ZHOU})).1, ["match"]);
    assert_eq!(is(&whole, json!({"social_security_no": CHEN})).1, ["mismatch"]);
    // Numbers within lists too.
    let marriage = issue(&world, people::marriage("J190101-2015-000123")).unwrap().identifier;
    let spouses = |code: &str| {
        let mut draft = people::marriage("J190101-2015-000123").face;
        draft["spouses"][1]["id_number"] = code.into();
        json!({"spouses": draft["spouses"]})
    };
    let fields = |actor: &Actor, face: Value| {
        let answer = common::value(&verify(&world, actor, &marriage, face).unwrap());
        answer["fields"][0]["is"].as_str().unwrap().to_owned()
    };
    let list = client("c3", MARKET, &[Scope::Verify], Some(&["spouses"]));
    assert_eq!(
        [fields(&list, spouses(CHEN)), fields(&list, spouses(ZHOU))],
        ["not_compared", "not_compared"]
    );
    let list = client("c4", MARKET, &[Scope::Verify], Some(&["spouses", "spouses.id_number!whole"]));
    assert_eq!([fields(&list, spouses(CHEN)), fields(&list, spouses(ZHOU))], ["match", "mismatch"]);
}

fn i4_ten_comparisons_of_one_record_a_day(world: World) {
    let [card, _] = settled(&world);
    let other = issue(&world, people::social_card(CHEN, "陈志远")).unwrap().identifier;
    let actor = client("c1", MARKET, &[Scope::Verify], Some(&["bank"]));
    let face = |bank: &str| json!({"bank": bank});
    for _ in 0..COMPARISONS {
        verify(&world, &actor, &card, face("示范银行")).unwrap();
    }
    let spent = verify(&world, &actor, &card, face("示范银行")).err().unwrap();
    assert_eq!((spent.code.status(), spent.rule), (429, Some(Rule::ComparisonsADay)));
    let last = entries(&world).pop().unwrap();
    assert_eq!(last, ("refused".to_owned(), "comparisons_a_day".to_owned()));
    verify(&world, &actor, &other, face("示范银行")).unwrap();
    let second = client("c2", MARKET, &[Scope::Verify], Some(&["bank"]));
    verify(&world, &second, &card, face("示范银行")).unwrap();
    verify(&world, &operator(), &card, face("示范银行")).unwrap();
    world.clock.set(world.registry.now().plus_seconds(86_400));
    verify(&world, &actor, &card, face("示范银行")).unwrap();
}

/// The police office ends, and the market office takes over from it; or it stands again.
fn succeeded(world: &World, by: Option<&str>) {
    let mut agency = people::agency(POLICE, "示范市公安局城东分局", "190101");
    agency.valid_to = by.map(|_| day("2025-12-31"));
    agency.succeeded_by = by.map(str::to_owned);
    world.registry.put_agency("test", &agency).unwrap();
}

fn i4_a_clash_with_another_issuers_record_says_that_it_is_taken(world: World) {
    let [card, _] = settled(&world);
    let type_code = Identifier::parse(&card).unwrap().type_code().to_owned();
    let taken = Identifier::compose(&type_code, POLICE, "TAKEN", 1).unwrap().as_str().to_owned();
    succeeded(&world, Some(MARKET));
    let draft = |issuer: &str, code: &str| Draft {
        issuer: issuer.into(),
        identifier: Some(taken.clone()),
        ..people::social_card(code, "陈志远")
    };
    issue(&world, draft(MARKET, CHEN)).unwrap();
    succeeded(&world, None);
    let before = entries(&world).len();
    let clash = issue(&world, draft(POLICE, "190101199003070016")).unwrap_err();
    assert_eq!((clash.code, clash.rule), (Code::NumberClash, Some(Rule::NumberUnique)));
    assert!(clash.extra.is_none(), "{clash:?}");
    let noted = entries(&world);
    assert_eq!(noted[before..], [("refused".to_owned(), "number_unique".to_owned())]);

    // Its own is described, without a field that goes out masked or not at all.
    let mut other = people::social_card(ZHOU, "周海燕");
    other.face.insert("bank".into(), "示范商业银行".into());
    other.face.insert("card_no".into(), "6200000000000000002".into());
    other.face.insert("status".into(), "2".into());
    world.registry.refresh().unwrap();
    let own = client("c1", POLICE, &[Scope::Issue], Some(&["bank", "card_no"]));
    let clash = world.registry.issue(&own, &Submitted::Draft(other)).unwrap_err();
    let differing = clash.extra.as_ref().unwrap()["differing"].as_array().unwrap();
    let named: Vec<_> = differing.iter().map(|one| one["field"].as_str().unwrap()).collect();
    assert_eq!(named, ["bank"], "{clash:?}");
}

fn i4_an_objection_tells_nothing_to_who_may_not_look(world: World) {
    let [card, unknown] = settled(&world);
    let object = |actor: &Actor, identifier: &str, disputed: bool| {
        world.registry.refresh().unwrap();
        let command = DisputeCommand {
            identifier: identifier.into(),
            disputed,
            ground: "持证人报错".into(),
            agency: None,
        };
        world.registry.dispute(actor, &command, None)
    };
    let withdraw = |actor: &Actor, identifier: &str| {
        world.registry.refresh().unwrap();
        let command =
            DisputeWithdrawal { identifier: identifier.into(), ground: "报错有误".into(), agency: None };
        world.registry.withdraw_dispute(actor, &command, None)
    };
    let blind = client("c1", MARKET, &[Scope::Act], Some(&[]));
    // Without an objection, with one, of a record that is not there: one answer.
    let mut answers = Vec::new();
    for open in [false, true] {
        for identifier in [&card, &unknown] {
            answers.push(told(&object(&blind, identifier, true).unwrap_err()));
            answers.push(told(&withdraw(&blind, identifier).unwrap_err()));
            assert_eq!(entries(&world).pop(), Some(("refused".to_owned(), "objecting_agency".to_owned())));
        }
        if !open {
            object(&operator(), &card, true).unwrap();
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!((answers[0].0, answers[0].1), (Code::Forbidden, Some(Rule::ObjectingAgency)));
    // Who may look, and who answers for the record, hears that one is open.
    let looking = client("c2", MARKET, &[Scope::Act, Scope::Lookup], Some(&[]));
    let issuer = client("c3", POLICE, &[Scope::Act], Some(&[]));
    for actor in [looking, issuer] {
        assert_eq!(object(&actor, &card, true).unwrap_err().rule, Some(Rule::DisputeState));
    }
}
