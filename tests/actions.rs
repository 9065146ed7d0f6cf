//! Actions on a record after its issue, through the library, on both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, CHEN, MARKET, POLICE, ZHOU, day};
use common::{World, callers, operator, run};
use elicense::error::{Code, Result};
use elicense::policy::{Actor, Fields, Grant, Scope, Selection};
use elicense::record::action::Action;
use elicense::record::event::{Order, subject_hash};
use elicense::record::state::State;
use elicense::record::{Record, Salt};
use elicense::registry::{
    ActCommand, Ask, DisputeCommand, DisputeWithdrawal, Disputed, Draft, Endorsement, FaceEdit, HistoryAsk,
    IssueOutcome, Issued, Submitted,
};
use elicense::rule::Rule;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

fn lookup(world: &World, code: &str, types: Value) -> Vec<Value> {
    world.registry.refresh().unwrap();
    let mut ask =
        json!({"holder": {"type": "111", "code": code}, "purpose": {"item": "X", "reason": "窗口办理"}});
    ask["types"] = types;
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    answer["records"].as_array().unwrap().clone()
}

fn issue(world: &World, draft: Draft) -> Issued {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap()
}

fn act(world: &World, command: &ActCommand) -> Result<elicense::registry::Acted> {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command)
}

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

/// The same, which may look everything up.
fn looking(agency: &str) -> Actor {
    let scopes = [Scope::Act, Scope::Issue, Scope::Lookup];
    callers::client("c1").agency(agency).scopes(&scopes).whole().actor()
}

fn history(world: &World, identifier: &str) -> Value {
    let ask = json!({"identifier": identifier, "purpose": {"item": "X", "reason": "窗口办理"}});
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    serde_json::to_value(run(world.registry.history(&operator(), &ask)).unwrap()).unwrap()
}

fn client(agency: &str) -> Actor {
    callers::client("c1").agency(agency).scopes(&[Scope::Act, Scope::Issue]).whole().actor()
}

fn ground(mut command: ActCommand) -> ActCommand {
    command.ground = Some("行政处罚决定书 2026-17 号".into());
    command
}

fn divorce() -> Draft {
    let mut draft = people::marriage("L190101-2026-000009");
    draft.type_code = "divorce_certificate".into();
    draft.issued_on = day("2026-10-08");
    draft.face.insert("registered_on".into(), "2026-10-08".into());
    draft
}

on_both! {
    i7_a_change_takes_the_place_of_the_old_version_under_every_holder
    i5_a_suspended_record_is_invalid_and_restored_valid_again
    the_table_names_where_an_action_is_open_and_the_record_keeps_its_state
    a_version_that_is_no_longer_the_present_one_conflicts
    i4_another_agency_may_not_act_and_its_refusal_is_an_access
    i4_a_client_objects_in_the_name_of_its_own_agency_only
    a_successor_corrects_what_its_predecessor_issued
    an_agency_acts_with_its_own_key_and_an_order_counts_once
    an_order_that_says_something_else_is_refused
    a_version_signed_by_the_agency_is_stored_as_it_came
    a_divorce_ends_the_marriage_of_the_same_pair_in_one_transaction
    a_death_is_proposed_to_the_issuers_of_the_dead_ones_papers
    i4_an_issue_tells_of_other_papers_only_what_its_caller_may_look_up
    an_extension_ends_later_and_an_endorsement_sets_the_next_review
    a_dispute_stands_beside_the_verdict_until_it_is_settled
    who_could_look_objects_and_withdraws_and_the_issuer_settles
    a_repeated_request_gets_the_first_answer_and_another_body_a_mismatch
}

fn i7_a_change_takes_the_place_of_the_old_version_under_every_holder(world: World) {
    settled(&world);
    let issued = issue(&world, people::marriage("J190101-2015-000123"));
    let mut command = ActCommand::new(&issued.identifier, 1, Action::Change);
    command.face = Some(FaceEdit::Patch(
        json!({"registry": "城西区民政局", "registrar": "何平"}).as_object().unwrap().clone(),
    ));
    let acted = act(&world, &command).unwrap();
    assert_eq!((acted.version, acted.state, acted.signed_by_agency), (2, State::Active, false));
    assert_ne!(acted.identifier, issued.identifier);
    for code in [ZHOU, CHEN] {
        let records = lookup(&world, code, Value::Null);
        assert_eq!(records.len(), 1, "{records:#?}");
        assert_eq!(records[0]["verdict"], "valid");
        assert_eq!(records[0]["version"], 2);
        assert_eq!(records[0]["identifier"], acted.identifier);
        let envelope =
            EnvelopeBuf::parse_compact(records[0]["envelope"].as_str().unwrap(), Default::default());
        let record = Record::from_payload(envelope.unwrap().view().payload()).unwrap();
        assert_eq!(record.face["registry"], "城西区民政局");
        let replaces = record.replaces.unwrap();
        assert_eq!((replaces.version, replaces.identifier.0.as_str()), (1, issued.identifier.as_str()));
    }
    // Taking the field back gives a content that stood here before: still a new version.
    let mut command = ActCommand::new(&acted.identifier, 2, Action::Change);
    command.issued_on = Some(day("2015-05-20"));
    command.face = Some(FaceEdit::Patch(
        json!({"registry": "城东区民政局", "registrar": null}).as_object().unwrap().clone(),
    ));
    assert_eq!(act(&world, &command).unwrap().version, 3);
}

fn i5_a_suspended_record_is_invalid_and_restored_valid_again(world: World) {
    settled(&world);
    let issued = issue(&world, people::id_card(ZHOU, "周海燕", "2020-05-06"));
    let step = |action| act(&world, &ground(ActCommand::new(&issued.identifier, 1, action))).unwrap();
    let acted = step(Action::Suspend);
    assert_eq!((acted.state, acted.version), (State::Suspended, 1));
    let record = &lookup(&world, ZHOU, Value::Null)[0];
    let told = (&record["verdict"], &record["reasons"]);
    assert_eq!(told, (&json!("invalid"), &json!(["suspended"])));
    assert_eq!(record["leaf"], acted.leaf);
    step(Action::Restore);
    assert_eq!(lookup(&world, ZHOU, Value::Null)[0]["verdict"], "valid");
    step(Action::Revoke);
    assert_eq!(lookup(&world, ZHOU, Value::Null)[0]["reasons"], json!(["revoked"]));
}

fn the_table_names_where_an_action_is_open_and_the_record_keeps_its_state(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let refused = act(&world, &ground(ActCommand::new(&issued.identifier, 1, Action::Restore))).unwrap_err();
    assert_eq!(refused.code, Code::ActionForbidden);
    assert_eq!(refused.extra.unwrap()["allowed_from"], json!(["suspended"]));
    let missing = act(&world, &ActCommand::new(&issued.identifier, 1, Action::Annul)).unwrap_err();
    assert_eq!(missing.rule.map(Rule::wire), Some("ground_missing"));
    let mut early = ground(ActCommand::new(&issued.identifier, 1, Action::Annul));
    early.effective_on = Some(day("2026-11-23"));
    assert_eq!(act(&world, &early).unwrap_err().rule.map(Rule::wire), Some("date_in_future"));
    assert_eq!(lookup(&world, ZHOU, Value::Null)[0]["verdict"], "valid");
    let none = act(&world, &ActCommand::new("1.2.156.3005.2.nothing", 1, Action::Endorse)).unwrap_err();
    assert_eq!(none.code, Code::NotFound);
}

fn a_version_that_is_no_longer_the_present_one_conflicts(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let mut command = ActCommand::new(&issued.identifier, 1, Action::Change);
    command.face = Some(FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone()));
    let acted = act(&world, &command).unwrap();
    for stale in [command, ground(ActCommand::new(&acted.identifier, 1, Action::Suspend))] {
        let refused = act(&world, &stale).unwrap_err();
        assert_eq!(refused.code, Code::VersionConflict);
        assert_eq!(refused.extra.unwrap()["current_version"], 2);
    }
}

fn i4_another_agency_may_not_act_and_its_refusal_is_an_access(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    world.registry.refresh().unwrap();
    let command = ground(ActCommand::new(&issued.identifier, 1, Action::Suspend));
    let refused = world.registry.act(&client(MARKET), &command).unwrap_err();
    assert_eq!(refused.code, Code::IssuerNotAuthorised);
    assert_eq!(refused.rule.map(Rule::wire), Some("authority_not_the_issuer"));
    let entry =
        world.registry.store().read_access_now(|reader| reader.access_entry("access-main", 0)).unwrap();
    let entry: Value = serde_json::from_slice(&entry.unwrap()).unwrap();
    assert_eq!((&entry["outcome"], &entry["actor"]), (&json!("refused"), &json!("client:c1")));
    assert_eq!(world.registry.act(&client(POLICE), &command).unwrap().agency, POLICE);
}

fn i4_a_client_objects_in_the_name_of_its_own_agency_only(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    world.registry.refresh().unwrap();
    let say = |agency: Option<&str>| {
        let (identifier, agency) = (issued.identifier.clone(), agency.map(str::to_owned));
        let command = DisputeCommand { identifier, disputed: true, ground: "持证人报错".into(), agency };
        world.registry.dispute(&looking(MARKET), &command, None)
    };
    let refused = say(Some(POLICE)).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::Forbidden, Some(Rule::AgencyMismatch)));
    assert!(say(None).unwrap().disputed);
}

fn a_successor_corrects_what_its_predecessor_issued(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let mut ended = people::agency(POLICE, "示范市公安局城东分局", "190101");
    ended.valid_to = Some(day("2025-12-31"));
    ended.succeeded_by = Some(MARKET.into());
    world.registry.put_agency("test", &ended).unwrap();
    let mut command = ground(ActCommand::new(&issued.identifier, 1, Action::Correct));
    command.face = Some(FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone()));
    let acted = act(&world, &command).unwrap();
    assert_eq!(acted.agency, MARKET);
    let record = &lookup(&world, ZHOU, Value::Null)[0];
    assert_eq!((&record["issuer"], &record["verdict"]), (&json!(MARKET), &json!("valid")));
}

/// An order as an agency would sign it.
fn order(key: &SigningKey, command: &ActCommand) -> String {
    let salt = Salt([5; 16]);
    let order = Order {
        action: command.action.wire().into(),
        detail: None,
        effective_on: command.effective_on.unwrap(),
        ground: command.ground.clone(),
        issued_at: common::noon(),
        salt,
        subject: subject_hash(&salt, &command.identifier),
        v: 1,
        version: Some(command.version),
    };
    EnvelopeBuf::sign(Typ::Event, &order.to_canonical().unwrap(), key).unwrap().compact()
}

fn an_agency_acts_with_its_own_key_and_an_order_counts_once(world: World) {
    settled(&world);
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let signed = |action| {
        let mut command = ground(ActCommand::new(&issued.identifier, 1, action));
        command.effective_on = Some(day("2026-11-20"));
        command.order = Some(order(&key, &command));
        command
    };
    let suspend = signed(Action::Suspend);
    let acted = act(&world, &suspend).unwrap();
    assert!(acted.signed_by_agency);
    assert_eq!(acted.effective_on, day("2026-11-20"));
    act(&world, &signed(Action::Restore)).unwrap();
    let again = act(&world, &suspend).unwrap_err();
    assert_eq!(again.rule.map(Rule::wire), Some("order_replayed"));
}

fn an_order_that_says_something_else_is_refused(world: World) {
    settled(&world);
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", MARKET, key.verify_key().bytes()).unwrap();
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let mut command = ground(ActCommand::new(&issued.identifier, 1, Action::Suspend));
    command.effective_on = Some(day("2026-11-20"));
    command.order = Some(order(&key, &command));
    assert_eq!(act(&world, &command).unwrap_err().rule.map(Rule::wire), Some("key_owner"));
    let own = SigningKey::from_seed(&[8; 32]).unwrap();
    world.registry.register_key("test", POLICE, own.verify_key().bytes()).unwrap();
    let right = order(&own, &command);
    type Edit = fn(&mut ActCommand);
    let edits: [(Edit, &str); 3] = [
        (|command| command.action = Action::Revoke, "order_action"),
        (|command| command.effective_on = Some(day("2026-11-19")), "order_effective_on"),
        (|command| command.ground = Some("别的理由".into()), "order_ground"),
    ];
    for (edit, rule) in edits {
        let mut other = ActCommand { order: Some(right.clone()), ..command.clone() };
        edit(&mut other);
        assert_eq!(act(&world, &other).unwrap_err().rule.map(Rule::wire), Some(rule));
    }
    let mut tampered = right.clone().into_bytes();
    let last = tampered.len() - 10;
    tampered[last] = if tampered[last] == b'A' { b'B' } else { b'A' };
    command.order = Some(String::from_utf8(tampered).unwrap());
    assert_eq!(act(&world, &command).unwrap_err().code, Code::EnvelopeInvalid);
    command.order = Some(right);
    act(&world, &command).unwrap();
}

fn a_version_signed_by_the_agency_is_stored_as_it_came(world: World) {
    settled(&world);
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    let issued = issue(&world, people::marriage("J190101-2015-000123"));
    let stored = lookup(&world, ZHOU, Value::Null)[0]["envelope"].as_str().unwrap().to_owned();
    let envelope = EnvelopeBuf::parse_compact(&stored, Default::default()).unwrap();
    let mut record = Record::from_payload(envelope.view().payload()).unwrap();
    let parsed = elicense::record::Identifier::parse(&record.identifier).unwrap();
    let next =
        elicense::record::Identifier::compose(&record.record_type.code, POLICE, parsed.serial(), 2).unwrap();
    record.replaces = Some(
        serde_json::from_value(json!({"action": "change", "identifier": record.identifier, "version": 1}))
            .unwrap(),
    );
    record.identifier = next.as_str().into();
    record.version = 2;
    record.face.insert("registrar".into(), "何平".into());
    let sign = |record: &Record| {
        EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact()
    };
    let mut command = ActCommand::new(&issued.identifier, 1, Action::Change);
    let mut swapped = record.clone();
    swapped.holders.swap(0, 1);
    command.envelope = Some(sign(&swapped));
    assert_eq!(act(&world, &command).unwrap_err().rule.map(Rule::wire), Some("version_holders"));
    command.envelope = Some(sign(&record));
    act(&world, &command).unwrap();
    for code in [ZHOU, CHEN] {
        let found = &lookup(&world, code, Value::Null)[0];
        assert_eq!(found["envelope"].as_str(), command.envelope.as_deref());
        assert_eq!((&found["verdict"], &found["signed_with"]), (&json!("valid"), &json!("issuers_own_key")));
    }
}

fn a_divorce_ends_the_marriage_of_the_same_pair_in_one_transaction(world: World) {
    settled(&world);
    let marriage = issue(&world, people::marriage("J190101-2015-000123"));
    let divorce = issue(&world, divorce());
    assert_eq!(divorce.ended.len(), 1);
    assert_eq!(divorce.ended[0].identifier.as_ref(), Some(&marriage.identifier));
    assert_eq!((divorce.ended[0].state, divorce.ended[0].leaf), (State::Lapsed, divorce.leaf + 1));
    for code in [ZHOU, CHEN] {
        let records = lookup(&world, code, json!(["marriage_certificate", "divorce_certificate"]));
        let verdicts: Vec<_> = records.iter().map(|one| (&one["slug"], &one["reasons"])).collect();
        assert!(verdicts.contains(&(&json!("marriage_certificate"), &json!(["lapsed"]))), "{verdicts:?}");
        assert!(verdicts.contains(&(&json!("divorce_certificate"), &json!([]))), "{verdicts:?}");
    }
}

fn a_death_is_proposed_to_the_issuers_of_the_dead_ones_papers(world: World) {
    settled(&world);
    let card = issue(&world, people::social_card(CHEN, "陈志远"));
    issue(&world, people::social_card(ZHOU, "周海燕"));
    let issued = issue(&world, people::death(CHEN, "陈志远"));
    assert!(issued.ended.is_empty());
    assert_eq!(issued.proposals.len(), 1, "{:?}", issued.proposals);
    let proposal = &issued.proposals[0];
    assert_eq!((proposal.identifier.as_ref(), proposal.action), (Some(&card.identifier), Action::Cancel));
    // Until they decide, the card is no longer valid: its holder has died.
    let card = &lookup(&world, CHEN, json!(["social_security_card"]))[0];
    assert_eq!((&card["state"], &card["reasons"]), (&json!("active"), &json!(["holder_deceased"])));
}

fn i4_an_issue_tells_of_other_papers_only_what_its_caller_may_look_up(world: World) {
    settled(&world);
    issue(&world, people::social_card(CHEN, "陈志远"));
    issue(&world, people::marriage("J190101-2015-000123"));
    world.registry.refresh().unwrap();
    // It may issue and has every grant, but may look nobody up.
    let office = client(POLICE);
    let issued = |draft: Draft| world.registry.issue(&office, &Submitted::Draft(draft)).unwrap();
    let divorce = issued(divorce());
    assert_eq!(divorce.ended, [], "that they were married is for those to hear who may look it up");
    assert_eq!(issued(people::death(CHEN, "陈志远")).proposals, []);
}

fn an_extension_ends_later_and_an_endorsement_sets_the_next_review(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let extend = |until: Option<&str>| {
        let mut command = ActCommand::new(&issued.identifier, 1, Action::Extend);
        command.valid_to = until.map(|day| elicense::record::payload::Validity::Until(people::day(day)));
        command.face =
            until.map(|day| FaceEdit::Patch(json!({"valid_to": day}).as_object().unwrap().clone()));
        act(&world, &command)
    };
    assert_eq!(extend(None).unwrap_err().rule.map(Rule::wire), Some("extend_until"));
    assert_eq!(extend(Some("2029-01-01")).unwrap_err().rule.map(Rule::wire), Some("extend_later"));
    let acted = extend(Some("2040-05-06")).unwrap();
    let mut endorse = ActCommand::new(&acted.identifier, 2, Action::Endorse);
    assert_eq!(act(&world, &endorse).unwrap_err().rule.map(Rule::wire), Some("endorsement"));
    endorse.endorsement = Some(Endorsement { kind: "年审".into(), result: "合格".into() });
    endorse.review_due = Some(day("2026-11-21"));
    assert_eq!(act(&world, &endorse).unwrap().version, 2);
    let record = &lookup(&world, ZHOU, Value::Null)[0];
    assert_eq!(record["reasons"], json!(["review_overdue"]));
    assert_eq!(record["valid_to"], "2040-05-06");
}

fn a_dispute_stands_beside_the_verdict_until_it_is_settled(world: World) {
    settled(&world);
    let issued = issue(&world, people::social_card(ZHOU, "周海燕"));
    let say = |disputed| {
        world.registry.refresh().unwrap();
        let identifier = issued.identifier.clone();
        let command = DisputeCommand { identifier, disputed, ground: "持证人报错".into(), agency: None };
        world.registry.dispute(&operator(), &command, None)
    };
    assert!(say(true).unwrap().disputed);
    assert_eq!(say(true).unwrap_err().code, Code::ActionForbidden);
    let record = &lookup(&world, ZHOU, Value::Null)[0];
    assert_eq!((&record["verdict"], &record["reasons"]), (&json!("valid"), &json!(["disputed"])));
    say(false).unwrap();
    assert_eq!(lookup(&world, ZHOU, Value::Null)[0]["reasons"], json!([]));
}

fn who_could_look_objects_and_withdraws_and_the_issuer_settles(world: World) {
    settled(&world);
    let identifier = issue(&world, people::social_card(ZHOU, "周海燕")).identifier;
    let object = |actor: &Actor, disputed: bool| {
        world.registry.refresh().unwrap();
        let identifier = identifier.clone();
        let command = DisputeCommand { identifier, disputed, ground: "持证人报错".into(), agency: None };
        world.registry.dispute(actor, &command, None)
    };
    let withdraw = |actor: &Actor| {
        world.registry.refresh().unwrap();
        let command =
            DisputeWithdrawal { identifier: identifier.clone(), ground: "报错有误".into(), agency: None };
        world.registry.withdraw_dispute(actor, &command, None)
    };
    let refused = |done: Result<Disputed>| {
        let error = done.unwrap_err();
        (error.code, error.rule)
    };
    // The market supervision has no hand in cards of the police, but may look them up.
    let (market, police) = (looking(MARKET), looking(POLICE));
    let (blind, blind_police) = (client(MARKET), client(POLICE));
    assert_eq!(refused(withdraw(&market)), (Code::ActionForbidden, Some(Rule::DisputeState)));
    assert_eq!(refused(object(&blind, true)), (Code::Forbidden, Some(Rule::ObjectingAgency)));
    assert!(object(&market, true).unwrap().disputed);
    // The issuer cannot withdraw what it did not open, and whoever opened it cannot settle it.
    assert_eq!(refused(withdraw(&police)), (Code::Forbidden, Some(Rule::DisputeOpener)));
    assert_eq!(refused(object(&market, false)).0, Code::IssuerNotAuthorised);
    // It withdraws its own, also where it may look no more.
    assert!(!withdraw(&blind).unwrap().disputed);
    assert_eq!(refused(withdraw(&blind)), (Code::Forbidden, Some(Rule::ObjectingAgency)));
    assert_eq!(lookup(&world, ZHOU, Value::Null)[0]["reasons"], json!([]));
    assert!(object(&market, true).unwrap().disputed);
    assert!(!object(&blind_police, false).unwrap().disputed);
    // The issuer's own: it needs no right to look anything up.
    assert!(object(&blind_police, true).unwrap().disputed);
    assert_eq!(refused(withdraw(&market)), (Code::Forbidden, Some(Rule::DisputeOpener)));
    assert!(!withdraw(&police).unwrap().disputed);
    // Its grants were taken away, or name items: it withdraws its own all the same, and the latter may object, too.
    let granted = |agency: &str, purposes: Selection, scopes: &[Scope]| {
        let grant = Grant { types: Selection::All, fields: Fields::Whole, purposes };
        callers::client("mid").agency(agency).scopes(scopes).grants(vec![grant]).actor()
    };
    let item = || Selection::Named(["低保".to_owned()].into());
    let bare = callers::client("bare").agency(MARKET).scopes(&[Scope::Act]).actor();
    let named = granted(MARKET, item(), &[Scope::Act, Scope::Lookup]);
    assert_eq!(refused(object(&bare, true)), (Code::Forbidden, Some(Rule::TypeNotGranted)));
    assert_eq!(refused(object(&granted(MARKET, item(), &[Scope::Act]), true)).1, Some(Rule::ObjectingAgency));
    for opener in [&bare, &named] {
        assert_eq!(
            refused(withdraw(&bare)),
            (Code::Forbidden, Some(Rule::TypeNotGranted)),
            "none of its own"
        );
        assert!(object(&named, true).unwrap().disputed);
        let blind = callers::client("bare").agency(MARKET).actor();
        assert_eq!(refused(withdraw(&blind)), (Code::Forbidden, Some(Rule::ScopeMissing)));
        assert!(!withdraw(opener).unwrap().disputed);
    }
    assert!(object(&named, true).unwrap().disputed);
    assert!(!object(&granted(POLICE, item(), &[Scope::Act]), false).unwrap().disputed);
    let history = history(&world, &identifier);
    let actions: Vec<_> = history["events"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    let (opened, withdrawn, settled) = ("dispute", "withdraw_dispute", "settle");
    let first = ["issue", opened, withdrawn, opened, settled, opened, withdrawn];
    assert_eq!(actions, [&first[..], &[opened, withdrawn, opened, withdrawn, opened, settled]].concat());
    assert_eq!(history["events"][1]["event"]["agency"], MARKET);
    assert_eq!(history["events"][2]["event"]["agency"], Value::Null);
}

fn a_repeated_request_gets_the_first_answer_and_another_body_a_mismatch(world: World) {
    settled(&world);
    let registry = &world.registry;
    let submitted = Submitted::Draft(people::social_card(ZHOU, "周海燕"));
    let once = registry.once("c1", "k-1", b"body one").unwrap();
    registry.refresh().unwrap();
    let first = registry.issue_once(&operator(), &submitted, Some(&once)).unwrap();
    assert_eq!(first.outcome, IssueOutcome::Issued);
    let again = registry.issue_once(&operator(), &submitted, Some(&once)).unwrap();
    assert_eq!((again.outcome, again.leaf), (IssueOutcome::Issued, first.leaf));
    let other = registry.once("c1", "k-1", b"body two").unwrap();
    let mismatch = registry.issue_once(&operator(), &submitted, Some(&other)).unwrap_err();
    assert_eq!(mismatch.code, Code::IdempotencyMismatch);
    // Another client's key of the same text is another key.
    let stranger = registry.once("c2", "k-1", b"body two").unwrap();
    let found = registry.issue_once(&operator(), &submitted, Some(&stranger)).unwrap();
    assert_eq!(found.outcome, IssueOutcome::AlreadyThere);

    let suspend = ground(ActCommand::new(&first.identifier, 1, Action::Suspend));
    let once = registry.once("c1", "k-2", b"suspend").unwrap();
    let first = registry.act_once(&operator(), &suspend, Some(&once)).unwrap();
    assert_eq!(registry.act_once(&operator(), &suspend, Some(&once)).unwrap(), first);
    assert_eq!(registry.act(&operator(), &suspend).unwrap_err().code, Code::VersionConflict);
    for key in ["", "with space", &"k".repeat(129)] {
        assert_eq!(
            registry.once("c1", key, b"").unwrap_err().rule.map(Rule::wire),
            Some("idempotency_key_form")
        );
    }
}
