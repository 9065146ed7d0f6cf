//! Whatever a registry holds goes out with an export and comes back in, on both databases: the digests are equal.
#![allow(clippy::allow_attributes, reason = "not each test file needs each of these")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod common;

use common::people::{self, CHEN, POLICE, ZHOU, number};
use common::transfer::{self, export, read};
use common::{World, operator, run};
use elicense::catalog::Coverage;
use elicense::record::action::Action;
use elicense::registry::{
    ActCommand, DeclineCommand, DirectoryDraft, DisputeCommand, Draft, FaceEdit, FsckOptions, ReadBack,
    Submitted,
};
use elicense::table::RuleTally;
use serde_json::{Value, json};

on_both! {
    whatever_was_done_an_export_reads_back_to_the_same_digest
    r6_marks_and_links_come_along_and_the_dead_stay_dead
    an_entry_comes_back_with_all_its_versions_and_its_end
    i13_coverage_comes_along_and_not_where_something_was_refused
    i7_what_was_signed_before_a_key_was_lost_stays_good_in_another_registry
}

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
}

/// Another registry on the same kind of database, with the public keys of the first.
fn receiver(world: &World) -> World {
    transfer::receiver(world, settled)
}

fn sound(world: &World) {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised), (vec![], vec![]));
}

fn act(world: &World, identifier: &str, version: u32, action: Action, face: Option<Value>) -> Option<String> {
    world.registry.refresh().unwrap();
    let mut command = ActCommand::new(identifier, version, action);
    command.ground = Some("依法".into());
    command.face = face.map(|change| FaceEdit::Patch(change.as_object().unwrap().clone()));
    world.registry.act(&operator(), &command).ok().map(|acted| acted.identifier)
}

fn issue(world: &World, draft: Draft) -> Option<String> {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).ok().map(|issued| issued.identifier)
}

fn paper(number: Option<&str>, office: &str, custody: &str, codes: [&str; 2]) -> DirectoryDraft {
    let mut draft = json!({
        "type": "marriage_certificate", "issuer": POLICE, "custody": custody, "office": office,
        "holders": [
            {"code_type": "111", "code": codes[0], "name": "周海燕"}, {"code_type": "111", "code": codes[1], "name": "陈志远"},
        ],
        "issued_on": "2012-05-20",
    });
    if let Some(number) = number {
        draft["number"] = number.into();
    }
    serde_json::from_value(draft).unwrap()
}

fn put(world: &World, draft: &DirectoryDraft) -> Option<String> {
    world.registry.refresh().unwrap();
    world.registry.put_directory(&operator(), draft, None).ok().map(|put| put.identifier)
}

fn dispute(world: &World, identifier: &str, disputed: bool) {
    let command =
        DisputeCommand {
            identifier: identifier.into(), disputed, ground: "持证人报错".into(), agency: None
        };
    drop(world.registry.dispute(&operator(), &command, None));
}

fn decline(world: &World, identifier: &str) {
    let (identifier, ground) = (identifier.to_owned(), "经核实系同名".to_owned());
    let command = DeclineCommand { identifier, action: Action::Cancel, ground, agency: None };
    world.registry.refresh().unwrap();
    drop(world.registry.decline(&operator(), &command, None));
}

fn mark(world: &World, code: &str, state: &str, since: &str) {
    let command = json!({
        "holder": {"type": "111", "code": code}, "state": state, "since": since, "ground": "户籍登记", "agency": POLICE,
    });
    world.registry.refresh().unwrap();
    drop(world.registry.mark_holder(&operator(), &serde_json::from_value(command).unwrap(), None));
}

fn link(world: &World, from: &str, to: &str, unlink: bool) {
    let command = json!({
        "from": {"type": "111", "code": from}, "to": {"type": "111", "code": to}, "kind": "same_person",
        "ground": "更正重号", "agency": POLICE, "names_differ": true,
    });
    let command = serde_json::from_value(command).unwrap();
    world.registry.refresh().unwrap();
    if unlink {
        drop(world.registry.unlink_holders(&operator(), &command, None));
    } else {
        drop(world.registry.link_holders(&operator(), &command, None));
    }
}

fn type_code(world: &World, slug: &str) -> String {
    let snapshot = world.registry.snapshot();
    snapshot.catalog.types().into_iter().find(|entry| entry.def().slug == slug).unwrap().def().code.clone()
}

fn coverage(world: &World, slug: &str, as_of: &str) {
    let type_code = type_code(world, slug);
    let statement: Coverage = serde_json::from_value(json!({
        "type_code": type_code, "issuing_system": "示范省登记系统", "issuer": POLICE,
        "regions": [{"code": "190100", "name": "示范市"}], "share_on_file": 1000,
        "as_of": as_of, "heartbeat": as_of, "unbound": 0, "quarantined": 0,
    }))
    .unwrap();
    world.registry.state_coverage("test", &statement).unwrap();
}

fn lives(text: &str) -> Vec<String> {
    let one = |line: &Value| {
        let orders: Vec<_> =
            line["events"].as_array().unwrap().iter().map(|one| one["order"].clone()).collect();
        json!([line["code"], line["state"], line["links"], orders]).to_string()
    };
    let mut lives: Vec<String> = lines(text, "holder").iter().map(one).collect();
    lives.sort();
    lives
}

fn lines(text: &str, kind: &str) -> Vec<Value> {
    let all = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    all.filter(|line| line["line"] == kind).collect()
}

fn rules(done: &ReadBack) -> Vec<&str> {
    let named =
        |tally: &RuleTally| std::iter::repeat_n(tally.rule.unwrap().wire(), tally.count.try_into().unwrap());
    done.refused.iter().flat_map(named).collect()
}

/// Numbers that follow each other without an order; the same for each run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// One thing that may happen in a registry; what a rule refuses did not happen.
fn happen(world: &World, dice: &mut Dice, made: &mut Vec<(String, u32)>, round: u64) {
    const ACTS: [Action; 6] =
        [Action::Suspend, Action::Restore, Action::Cancel, Action::Revoke, Action::Annul, Action::Lapse];
    let people = [ZHOU.to_owned(), CHEN.to_owned(), number(1), number(2), number(3)];
    let (one, two) = (people[dice.roll(5)].clone(), people[dice.roll(5)].clone());
    let number = format!("J2012-{}", dice.roll(4));
    match dice.roll(16) {
        0 | 1 => made.extend(issue(world, people::social_card(&one, "周海燕")).map(|id| (id, 1))),
        2 => made.extend(issue(world, people::marriage(&number)).map(|id| (id, 1))),
        3 | 4 => {
            let custody = ["paper", "at_issuer", "elsewhere"][dice.roll(3)];
            let office = ["城东区档案馆", "城西区档案馆"][dice.roll(2)];
            let named = (dice.roll(4) > 0).then_some(number.as_str());
            made.extend(put(world, &paper(named, office, custody, [&one, &two])).map(|id| (id, 1)));
        }
        5 => mark(
            world,
            &one,
            ["provisional", "death_reported", "deceased", "normal", "deregistered"][dice.roll(5)],
            "2026-10-02",
        ),
        6 => link(world, &one, &two, dice.roll(3) == 0),
        7 => {
            let slug = ["marriage_certificate", "social_security_card"][dice.roll(2)];
            coverage(world, slug, &format!("2026-11-2{round}T00:00:00.000000Z"));
        }
        12 | 13 => {
            let mut draft = people::death(&one, "周海燕");
            draft.face.insert("certificate_no".into(), format!("D{}", dice.roll(6)).into());
            draft.face.insert("died_on".into(), format!("2026-10-{:02}", 10 + dice.roll(9)).into());
            made.extend(issue(world, draft).map(|id| (id, 1)));
        }
        _ if made.is_empty() => {}
        14 => decline(world, &made[dice.roll(made.len())].0.clone()),
        8 => dispute(world, &made[dice.roll(made.len())].0.clone(), dice.roll(2) == 0),
        9 => {
            let at = dice.roll(made.len());
            let (identifier, version) = made[at].clone();
            let bank = json!({"bank": format!("示范银行{}", dice.roll(9))});
            if let Some(next) = act(world, &identifier, version, Action::Change, Some(bank)) {
                made[at] = (next, version + 1);
            }
        }
        _ => {
            let at = dice.roll(made.len());
            let (identifier, version) = made[at].clone();
            // An action on a card makes a version, since its face prints the state.
            let next = act(world, &identifier, version, ACTS[dice.roll(6)], None);
            if let Some(next) = next.filter(|next| *next != identifier) {
                made[at] = (next, version + 1);
            }
        }
    }
}

fn whatever_was_done_an_export_reads_back_to_the_same_digest(world: World) {
    settled(&world);
    // One reads each export from the first on, others the one that they see first.
    let follower = receiver(&world);
    let mut made = Vec::new();
    for round in 0..3 {
        let mut dice = Dice(7 + round);
        let number = format!("J2013-{round}");
        for two in [CHEN.to_owned(), number_of(round)] {
            put(&world, &paper(Some(&number), "城东区档案馆", "paper", [ZHOU, &two])).unwrap();
        }
        for _ in 0..40 {
            happen(&world, &mut dice, &mut made, round);
        }
        let told = world.registry.content_digest().unwrap();
        let (other, text) = (receiver(&world), export(&world));
        for to in [&other, &follower] {
            let foreseen = read(&world, to, &text, true);
            let done = read(&world, to, &text, false);
            assert_eq!((done.lines_refused, done.whole), (0, true), "{round}: {:?}", done.refused);
            assert_eq!(foreseen, done, "{round}");
            assert_eq!(carried(&export(to)), carried(&text), "{round}");
            assert_eq!(marks(to), marks(&world), "{round}");
            assert_eq!(to.registry.content_digest().unwrap(), told, "{round}");
            sound(to);
            // Again.
            let again = read(&world, to, &text, false);
            assert_eq!(
                (again.records, again.went_on, again.holders, again.coverage, again.proposals_told),
                (0, 0, 0, 0, 0),
                "{again:?}"
            );
            assert_eq!(again.lines_refused, 0, "{again:?}");
        }
        // On into a third.
        let third = receiver(&other);
        let done = read(&other, &third, &export(&other), false);
        assert_eq!(done.lines_refused, 0, "{:?}", done.refused);
        assert_eq!(carried(&export(&third)), carried(&text), "{round}");
        assert_eq!(third.registry.content_digest().unwrap(), told, "{round}");
    }
    let told = world.registry.content_digest().unwrap();
    assert!(told.records > 5 && told.holders > 2 && told.coverage > 0, "{told:?}");
    let text = export(&world);
    let all = lines(&text, "record");
    let of = |name: &str| all.iter().filter(|line| !line[name].is_null()).count();
    assert!(of("earlier") > 2 && of("proposals") > 0, "{} {}", of("earlier"), of("proposals"));
    sound(&world);
}

/// One of the others.
fn number_of(round: u64) -> String {
    number(1 + usize::try_from(round).unwrap())
}

/// The marks that stand on each of the people.
fn marks(world: &World) -> Vec<Value> {
    let people = [ZHOU.to_owned(), CHEN.to_owned(), number(1), number(2), number(3)];
    let store = world.registry.store();
    let one = |code: &String| {
        let key = store.vault().index().holder_key("111", code);
        let Some(holder) = store.read_now(|reader| reader.holder(&key)).unwrap() else { return Value::Null };
        let body = &holder.body;
        let mut beneath: Vec<Value> =
            body.beneath.iter().map(|mark| json!([mark.state, mark.since, mark.certificate])).collect();
        if holder.state != elicense::store::HolderState::Normal {
            beneath.push(json!([holder.state, body.state_since, body.certificate]));
        }
        beneath.sort_by_key(Value::to_string);
        if beneath.is_empty() && body.links.is_empty() {
            return Value::Null;
        }
        json!([code, holder.state, beneath, body.links.len()])
    };
    people.iter().map(one).collect()
}

/// What an export says of each record, without what is a registry's own.
fn carried(text: &str) -> Vec<String> {
    let events = |line: &Value| -> Vec<Value> {
        let of = |event: &Value| {
            let (told, ground) = (&event["event"], &event["ground"]);
            json!([told["action"], told["effective_on"], told["version"], ground])
        };
        line["events"].as_array().unwrap().iter().map(of).collect()
    };
    let list = |line: &Value, name: &str| line[name].as_array().cloned().unwrap_or_default();
    let one = |line: &Value| {
        let mut proposals: Vec<String> = list(line, "proposals")
            .iter()
            .map(|one| json!([one["action"], one["because"], one["settled_by"]]).to_string())
            .collect();
        proposals.sort();
        let said = |line: &Value| {
            let names = ["state", "disputed", "as_of", "custody", "valid_from", "valid_to", "review_due"];
            let plain: Vec<&Value> = names.iter().map(|name| &line[*name]).collect();
            let listed = |of: &Value| {
                let mut holders = list(of, "holders");
                holders.sort_by_key(Value::to_string);
                holders
            };
            let versions: Vec<Value> = list(line, "versions")
                .iter()
                .map(|one| json!([one["version"], one["identifier"], listed(&one["listed"])]))
                .collect();
            json!([versions, plain, listed(line), events(line)])
        };
        let earlier: Vec<Value> = list(line, "earlier").iter().map(said).collect();
        json!([said(line), earlier, proposals]).to_string()
    };
    let mut all: Vec<String> = lines(text, "record").iter().map(one).collect();
    all.sort();
    all
}

fn an_entry_comes_back_with_all_its_versions_and_its_end(world: World) {
    settled(&world);
    let both = [ZHOU, CHEN];
    let entry = put(&world, &paper(Some("J2012-8"), "城东区档案馆", "paper", both)).unwrap();
    put(&world, &paper(Some("J2012-8"), "城西区档案馆", "at_issuer", both)).unwrap();
    dispute(&world, &entry, true);
    act(&world, &entry, 2, Action::Suspend, None).unwrap();
    let ended = put(&world, &paper(Some("J2012-9"), "城东区档案馆", "paper", both)).unwrap();
    act(&world, &ended, 1, Action::Cancel, None).unwrap();
    let other = receiver(&world);
    let text = export(&world);
    let done = read(&world, &other, &text, false);
    assert_eq!((done.records, done.lines_refused), (2, 0), "{:?}", done.refused);
    assert_eq!(other.registry.content_digest().unwrap(), world.registry.content_digest().unwrap());
    let sent = |text: &str| -> Vec<Value> {
        let mut records = lines(text, "record");
        records.sort_by_key(|line| line["versions"][0]["identifier"].to_string());
        records
    };
    for (there, here) in sent(&text).iter().zip(sent(&export(&other))) {
        for member in ["state", "disputed", "custody", "as_of"] {
            assert_eq!(there[member], here[member], "{member}");
        }
        let listed = |line: &Value| line["versions"][0]["listed"]["custody"].clone();
        assert_eq!(listed(there), listed(&here));
    }
    assert_eq!(read(&world, &other, &text, false).already, 2);
    sound(&other);
}

fn i13_coverage_comes_along_and_not_where_something_was_refused(world: World) {
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    coverage(&world, "social_security_card", "2026-11-20T00:00:00.000000Z");
    coverage(&world, "marriage_certificate", "2026-11-20T00:00:00.000000Z");
    let (text, other) = (export(&world), receiver(&world));
    let here = |of: &World, slug: &str| of.registry.snapshot().catalog.coverages(&type_code(of, slug)).len();
    // A file that was cut short, and one of whose type a line was refused, say too much.
    let cut: Vec<&str> = text.lines().filter(|line| !line.contains("\"line\":\"end\"")).collect();
    let done = read(&world, &other, &cut.join("\n"), true);
    assert_eq!((done.coverage, done.lines_refused), (0, 2));
    let strange = common::world(world.backend()).unwrap();
    settled(&strange);
    let done = read(&world, &strange, &text, false);
    assert_eq!((done.coverage, rules(&done)), (1, vec!["key_unknown", "coverage_spoilt"]));
    assert_eq!((here(&strange, "social_security_card"), here(&strange, "marriage_certificate")), (0, 1));
    // What this registry knows better stays.
    coverage(&other, "marriage_certificate", "2026-11-21T00:00:00.000000Z");
    let done = read(&world, &other, &text, false);
    assert_eq!((done.coverage, done.coverage_already, done.lines_refused), (1, 1, 0), "{:?}", done.refused);
    assert_eq!(here(&other, "social_security_card"), 1);
    sound(&other);
}

fn i7_what_was_signed_before_a_key_was_lost_stays_good_in_another_registry(world: World) {
    settled(&world);
    let card = issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    let lost = world
        .registry
        .snapshot()
        .keys
        .all()
        .into_iter()
        .find(|key| key.owner == POLICE)
        .unwrap()
        .kid()
        .to_string();
    world.clock.set(world.clock.now().plus_seconds(3600));
    let since = world.clock.now();
    world.clock.set(world.clock.now().plus_seconds(3600));
    let late = issue(&world, people::social_card(CHEN, "陈志远")).unwrap();
    world.registry.revoke_key("test", &lost, since.plus_seconds(600), "疑似丢失").unwrap();
    world.clock.set(world.clock.now().plus_seconds(60));
    world.registry.revoke_key("test", &lost, since, "密钥丢失").unwrap();
    let other = receiver(&world);
    let text = export(&world);
    // What was said before it was moved comes along.
    let key = lines(&text, "key").into_iter().find(|line| line["kid"] == lost).unwrap();
    assert_eq!(key["before"].as_array().unwrap().len(), 1);
    assert_eq!(read(&world, &other, &text, true).keys_revoked, 1);
    let done = read(&world, &other, &text, false);
    assert_eq!((done.records, done.keys_revoked, done.lines_refused), (2, 1, 0), "{:?}", done.refused);
    assert_eq!(other.registry.content_digest().unwrap(), world.registry.content_digest().unwrap());
    let said = |of: &World| {
        of.registry.refresh().unwrap();
        let keys = of.registry.snapshot();
        let key = keys.keys.all().into_iter().find(|key| key.kid().to_string() == lost).unwrap().clone();
        key.earlier.into_iter().chain(key.revoked).map(|one| (one.since, one.reason)).collect::<Vec<_>>()
    };
    assert_eq!((said(&other), said(&other).len()), (said(&world), 2));
    let verdict = |of: &World, code: &str| {
        of.registry.refresh().unwrap();
        let ask = serde_json::from_value(json!({
            "holder": {"type": "111", "code": code}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
        }))
        .unwrap();
        let prepared = of.registry.prepare_lookup(&ask).unwrap();
        let found = run(of.registry.lookup(&operator(), prepared)).unwrap();
        let found: Value = serde_json::from_slice(&found.body).unwrap();
        json!([
            found["records"][0]["identifier"],
            found["records"][0]["verdict"],
            found["records"][0]["reasons"]
        ])
    };
    for of in [&world, &other] {
        assert_eq!(verdict(of, ZHOU), json!([card, "valid", []]));
        assert_eq!(verdict(of, CHEN), json!([late, "invalid", ["key_revoked"]]));
    }
    assert_eq!(read(&world, &other, &text, false).already, 2);
    sound(&other);
}

fn r6_marks_and_links_come_along_and_the_dead_stay_dead(world: World) {
    const OLD: &str = "190101198003070011";
    settled(&world);
    issue(&world, people::social_card(ZHOU, "周海燕")).unwrap();
    mark(&world, ZHOU, "death_reported", "2026-10-01");
    mark(&world, ZHOU, "deceased", "2026-10-02");
    link(&world, OLD, CHEN, false);
    link(&world, OLD, CHEN, true);
    link(&world, OLD, CHEN, false);
    let text = export(&world);
    assert_eq!(lines(&text, "holder").len(), 3);
    let other = receiver(&world);
    let ask = json!({
        "holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    });
    let ask: elicense::registry::Ask = serde_json::from_value(ask).unwrap();
    let reasons = |world: &World| {
        world.registry.refresh().unwrap();
        let prepared = world.registry.prepare_lookup(&ask).unwrap();
        let found = run(world.registry.lookup(&operator(), prepared)).unwrap();
        let found: Value = serde_json::from_slice(&found.body).unwrap();
        (found["records"][0]["verdict"].clone(), found["records"][0]["reasons"].clone())
    };
    let done = read(&world, &other, &text, false);
    assert_eq!(
        (done.records, done.holders, done.lines_refused, done.whole),
        (1, 3, 0, true),
        "{:?}",
        done.refused
    );
    assert_eq!(reasons(&other), (json!("invalid"), json!(["holder_deceased"])));
    assert_eq!(reasons(&other), reasons(&world));
    assert_eq!(lives(&export(&other)), lives(&text));
    let report = other.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised), (vec![], vec![]));
    assert_eq!(read(&world, &other, &text, false).holders_already, 3);
    // What came later is taken in behind what is here.
    mark(&world, ZHOU, "normal", "2026-11-01");
    let later = export(&world);
    let done = read(&world, &other, &later, false);
    assert_eq!((done.holders, done.holders_already), (1, 2));
    assert_eq!(reasons(&other).0, "valid");
    // Where the two know different things, nothing is overwritten.
    mark(&other, CHEN, "deceased", "2026-11-02");
    mark(&world, CHEN, "death_reported", "2026-11-03");
    assert_eq!(rules(&read(&world, &other, &export(&world), false)), ["holder_history"]);
    // A mark counts by the authority of its agency here, and a line as it was signed.
    let strange = common::world(world.backend()).unwrap();
    settled(&strange);
    assert_eq!(rules(&read(&world, &strange, &text, false)), vec!["key_unknown"; 4]);
    let alive: String = text
        .lines()
        .map(|line| line.replace("\"state\":\"deceased\"", "\"state\":\"normal\"") + "\n")
        .collect();
    let untouched = receiver(&world);
    assert_eq!(rules(&read(&world, &untouched, &alive, false)), ["line_signature"]);
}
