//! Lives at random in one registry, and exports of it read into another at random moments, on both databases: births,
//! marks, certificates of death, corrections, cards that are suspended and restored, links, imports, cancellations, ends
//! that are proposed and declined, entries that go to other holders and to their bodies, in any order, beside the model of
//! `common`. In both registries nobody is valid under a confirmed death, nobody is dead
//! without a mark that somebody with authority made, and what was known at a moment never changes. What was read says the
//! same as what was sent, also twice, and where a part of it was there before.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::model::{Dice, Model};
use common::people::{self, CREMATORIUM, POLICE, ZHOU, day};
use common::transfer::{export, read, receiver};
use common::{World, operator, run};
use elicense::clock::Moment;
use elicense::error::Error;
use elicense::record::{Action, State};
use elicense::registry::import::ImportOptions;
use elicense::registry::{
    ActCommand, Ask, DeclineCommand, DirectoryDraft, Draft, FaceEdit, FsckOptions, HistoryAsk, LinkCommand,
    MarkCommand, Submitted,
};
use elicense::rule::Rule;
use elicense::store::HolderState;
use serde_json::{Value, json};

on_both! {
    r6_what_is_read_at_any_moment_says_what_was_sent
}

const NAME: &str = "王建国";
const PEOPLE: usize = 6;
const STEPS: usize = 60;

/// A record as it stands.
#[derive(Clone)]
struct Paper {
    identifier: String,
    version: u32,
    person: usize,
    /// What a certificate of death says while it stands.
    says: Option<HolderState>,
    state: State,
}

impl Paper {
    fn ended(&self) -> bool {
        !matches!(self.state, State::Active | State::Suspended)
    }
}

fn settled(world: &World) {
    people::settle_deaths(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn purpose() -> Value {
    json!({"item": "X", "reason": "窗口办理"})
}

fn sound(world: &World) {
    let report = world.registry.fsck(FsckOptions::default()).unwrap();
    assert_eq!((report.findings, report.unauthorised), (vec![], vec![]));
}

/// What a lookup says of a person's card: verdict and reasons.
fn card(world: &World, person: usize) -> (Value, Value) {
    world.registry.refresh().unwrap();
    let code = people::number(person);
    let ask = json!({
        "holder": {"type": "111", "code": code}, "types": ["social_security_card"], "purpose": purpose(),
    });
    let ask: Ask = serde_json::from_value(ask).unwrap();
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    let answered = run(world.registry.lookup(&operator(), prepared)).unwrap();
    let answer: Value = serde_json::from_slice(&answered.body).unwrap();
    let records = answer["records"].as_array().unwrap();
    let own = records.iter().find(|one| {
        let envelope = one["envelope"].as_str().unwrap();
        let parsed = elicense::trust::EnvelopeBuf::parse_compact(envelope, Default::default()).unwrap();
        let payload: Value = serde_json::from_slice(parsed.view().payload()).unwrap();
        payload["holders"][0]["code"] == code
    });
    let own = own.unwrap();
    (own["verdict"].clone(), own["reasons"].clone())
}

/// What a registry knew of a record at a moment: its state and version on some days.
fn known(world: &World, identifier: &str, at: Moment) -> Value {
    world.registry.refresh().unwrap();
    let one = |as_of: &str| {
        let ask = json!({"identifier": identifier, "known_at": at.to_string(), "as_of": as_of, "purpose": purpose()});
        let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
        let history = common::value(&run(world.registry.history(&operator(), &ask)).unwrap());
        history["standing"]["was"].clone()
    };
    json!([one("2026-10-15"), one("2026-11-22"), one("2026-12-31")])
}

/// What was known of a record: when, under which identifier, and what.
type Known = (Moment, String, Value);

struct Walk<'a> {
    here: &'a World,
    there: &'a World,
    dice: Dice,
    model: Model,
    deaths: Vec<Paper>,
    /// The day that each of them said last.
    said: Vec<String>,
    cards: Vec<Paper>,
    births: Vec<Paper>,
    known_here: Vec<Known>,
    known_there: Vec<Known>,
    rows: Vec<Draft>,
    now: Moment,
    read: usize,
}

impl Walk<'_> {
    fn step(&mut self) {
        self.now = self.now.plus_seconds(60);
        self.here.clock.set(self.now);
        self.here.registry.refresh().unwrap();
        match self.dice.roll(18) {
            0..=1 => self.mark(),
            2 => self.certify(false),
            3 => self.certify(true),
            4 => self.correct(),
            5..=6 => self.end_death(),
            7..=8 => self.act_on_card(),
            9 => self.link(),
            10 => self.birth(),
            11 => self.import_again(),
            12 => self.decline(),
            13..=14 => self.list(),
            _ => self.send(),
        }
        self.check();
    }

    fn mark(&mut self) {
        let person = self.dice.roll(PEOPLE);
        let state = ["deceased", "death_reported", "deregistered", "normal", "normal"][self.dice.roll(5)];
        let command = json!({
            "holder": {"type": "111", "code": people::number(person)}, "state": state, "ground": "来函", "agency": POLICE,
        });
        let command: MarkCommand = serde_json::from_value(command).unwrap();
        let marked = self.here.registry.mark_holder(&operator(), &command, None);
        let state: HolderState = serde_json::from_value(state.into()).unwrap();
        if marked.is_ok() {
            self.model.by_office(person, state);
        }
    }

    fn certify(&mut self, by_import: bool) {
        let person = self.dice.roll(PEOPLE);
        let (issuer, says) =
            [(POLICE, HolderState::Deceased), (CREMATORIUM, HolderState::DeathReported)][self.dice.roll(2)];
        let mut draft = people::death(&people::number(person), NAME);
        draft.issuer = issuer.to_owned();
        draft.face.insert("certificate_no".into(), format!("D{}", self.deaths.len()).into());
        let died_on = format!("2026-10-{:02}", 1 + self.dice.roll(28));
        draft.face.insert("died_on".into(), died_on.clone().into());
        if by_import {
            self.import(&[draft.clone()]);
            self.rows.push(draft.clone());
        }
        let identifier = self.issue(&draft);
        let place = self.deaths.len();
        let says = Some(says);
        self.deaths.push(Paper { identifier, version: 1, person, says, state: State::Active });
        self.said.push(died_on);
        self.model.by_paper(person, place, says);
    }

    fn issue(&self, draft: &Draft) -> String {
        self.here.registry.issue(&operator(), &Submitted::Draft(draft.clone())).unwrap().identifier
    }

    /// How many of the rows were new.
    fn import(&self, rows: &[Draft]) -> u64 {
        let path = self.here.dir().join("rows.ndjson");
        let lines: String = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect();
        std::fs::write(&path, lines).unwrap();
        let error_path = Some(self.here.dir().join("errors.ndjson"));
        let options = ImportOptions { error_path, ..ImportOptions::default() };
        self.here.registry.import(&operator(), &path, &options, &|_| ()).unwrap().counts.bound
    }

    /// The same file once more changes nothing, whatever became of its rows.
    fn import_again(&mut self) {
        if !self.rows.is_empty() {
            assert_eq!(self.import(&self.rows), 0);
        }
    }

    fn birth(&mut self) {
        let number = format!("W{:09}", self.births.len());
        let draft = people::draft(json!({
            "type": "birth_certificate", "issuer": POLICE, "issued_on": "2026-10-20",
            "holders": [{"role": "mother", "code_type": "111", "code": ZHOU, "name": "周海燕"}],
            "face": {
                "certificate_no": number, "newborn_name": "陈一", "sex": "2", "born_at": "2026-10-18T23:30",
                "gestation_weeks": 39, "weight_g": 3200, "length_cm": 50, "birthplace": "示范市",
                "institution": "示范市妇幼保健院", "mother_name": "周海燕", "mother_nationality": "中国",
                "mother_id_type": "111", "mother_id_number": ZHOU, "issue_kind": "1", "issued_on": "2026-10-20",
                "issuing_institution": "示范市妇幼保健院", "father_note": "未提供",
            },
        }));
        let identifier = self.issue(&draft);
        self.births.push(Paper { identifier, version: 1, person: PEOPLE, says: None, state: State::Active });
    }

    fn act(&self, paper: &mut Paper, action: Action, died_on: Option<String>) {
        self.try_act(paper, action, died_on).unwrap();
    }

    fn try_act(&self, paper: &mut Paper, action: Action, died_on: Option<String>) -> Result<(), Error> {
        // A correction of the same day says something else at least.
        let place = format!("示范市第{}医院", paper.version);
        let face = died_on
            .map(|day| FaceEdit::Patch(json!({"died_on": day, "place": place}).as_object().unwrap().clone()));
        let issued_on = face.is_some().then(|| day("2026-11-01"));
        let ground = Some("来函".to_owned());
        let command = ActCommand {
            face,
            issued_on,
            ground,
            ..ActCommand::new(&paper.identifier, paper.version, action)
        };
        self.here.registry.refresh().unwrap();
        let acted = self.here.registry.act(&operator(), &command)?;
        (paper.identifier, paper.version, paper.state) = (acted.identifier, acted.version, acted.state);
        Ok(())
    }

    /// A certificate that is not ended, if there is one.
    fn standing(&mut self) -> Option<usize> {
        let standing: Vec<usize> = (0..self.deaths.len()).filter(|at| !self.deaths[*at].ended()).collect();
        (!standing.is_empty()).then(|| standing[self.dice.roll(standing.len())])
    }

    fn correct(&mut self) {
        let Some(at) = self.standing() else { return };
        let died_on = format!("2026-09-{:02}", 1 + self.dice.roll(28));
        let mut paper = self.deaths[at].clone();
        self.act(&mut paper, Action::Correct, Some(died_on.clone()));
        // What an office took back stays taken back where a version says the same day again.
        let stands = self.model.marks.iter().any(|(.., of)| *of == Some(at));
        if stands || self.said[at] != died_on {
            self.said[at] = died_on;
            self.model.by_paper(paper.person, at, paper.says);
        }
        self.deaths[at] = paper;
    }

    fn end_death(&mut self) {
        let Some(at) = self.standing() else { return };
        let action = [Action::Annul, Action::Cancel, Action::Withdraw, Action::Suspend][self.dice.roll(4)];
        let mut paper = self.deaths[at].clone();
        self.act(&mut paper, action, None);
        if action == Action::Suspend {
            self.act(&mut paper, Action::Restore, None);
        } else {
            self.model.by_paper(paper.person, at, None);
        }
        self.deaths[at] = paper;
    }

    /// A card is suspended and restored, and now and then ended: each time its face says so. It is not given back to the
    /// dead.
    fn act_on_card(&mut self) {
        let at = self.dice.roll(PEOPLE);
        let mut paper = self.cards[at].clone();
        let action = match paper.state {
            State::Active if self.dice.roll(8) == 0 => Action::Cancel,
            State::Active => Action::Suspend,
            State::Suspended => Action::Restore,
            _ => return,
        };
        let version = paper.version;
        if let Err(refused) = self.try_act(&mut paper, action, None) {
            let dead = |one: &usize| self.model.state(*one) == HolderState::Deceased;
            assert!(self.model.family(at).iter().any(dead), "{refused:?}");
            assert_eq!((action, refused.rule), (Action::Restore, Some(Rule::DateAfterEnd)));
            return;
        }
        assert_eq!(paper.version, version + 1);
        self.cards[at] = paper;
    }

    /// The issuer of a card keeps it, where its end is proposed.
    fn decline(&mut self) {
        let identifier = self.cards[self.dice.roll(PEOPLE)].identifier.clone();
        let ground = "经核实系同名".to_owned();
        let command = DeclineCommand { identifier, action: Action::Cancel, ground, agency: None };
        self.here.registry.refresh().unwrap();
        drop(self.here.registry.decline(&operator(), &command, None));
    }

    /// A marriage on paper is listed, goes to other holders, or gives way to its body.
    fn list(&mut self) {
        let number = format!("J{}", self.dice.roll(3));
        let (one, two) = (self.dice.roll(PEOPLE), self.dice.roll(PEOPLE));
        if self.dice.roll(5) == 0 {
            let draft = Submitted::Draft(people::marriage(&number));
            drop(self.here.registry.issue(&operator(), &draft));
            return;
        }
        let holder =
            |person: usize| json!({"code_type": "111", "code": people::number(person), "name": NAME});
        let draft = json!({
            "type": "marriage_certificate", "issuer": POLICE, "custody": "paper", "office": "城东区档案馆",
            "number": number, "holders": [holder(one), holder(two)], "issued_on": "2012-05-20",
        });
        let draft: DirectoryDraft = serde_json::from_value(draft).unwrap();
        drop(self.here.registry.put_directory(&operator(), &draft, None));
    }

    fn link(&mut self) {
        let (from, to) = (self.dice.roll(PEOPLE), self.dice.roll(PEOPLE));
        let end = |person: usize| json!({"type": "111", "code": people::number(person)});
        let command = json!({
            "from": end(from), "to": end(to), "kind": "same_person", "ground": "来函", "agency": POLICE,
        });
        let command: LinkCommand = serde_json::from_value(command).unwrap();
        if let Some(at) = self.model.links.iter().position(|link| *link == (from, to)) {
            self.here.registry.unlink_holders(&operator(), &command, None).unwrap();
            self.model.links.remove(at);
        } else if self.here.registry.link_holders(&operator(), &command, None).is_ok() {
            assert!(!self.model.family(from).contains(&to));
            self.model.links.push((from, to));
        }
    }

    /// What is here goes there, now and then twice, and says the same there.
    fn send(&mut self) {
        let text = export(self.here);
        self.there.clock.set(self.now.plus_seconds(86_400));
        for time in 0..=self.dice.roll(2) {
            let foreseen = read(self.here, self.there, &text, true);
            let done = read(self.here, self.there, &text, false);
            assert_eq!(foreseen, done);
            assert_eq!((done.lines_refused, done.whole), (0, true), "{:?}", done.refused);
            let new = (done.records, done.went_on, done.holders, done.proposals_told);
            assert!(time == 0 || new == (0, 0, 0, 0), "{done:?}");
        }
        self.read += 1;
        self.there.registry.refresh().unwrap();
        for person in 0..PEOPLE {
            assert_eq!(card(self.there, person), card(self.here, person), "person {person}");
        }
        let (sent, came) = (self.here.registry.content_digest(), self.there.registry.content_digest());
        assert_eq!(came.unwrap(), sent.unwrap());
        sound(self.there);
        let paper = self.any();
        let at = self.there.clock.now();
        let told = known(self.there, &paper, at);
        self.known_there.push((at, paper, told));
    }

    /// The identifier of any record.
    fn any(&mut self) -> String {
        let all: Vec<&Paper> = self.deaths.iter().chain(&self.cards).chain(&self.births).collect();
        let all: Vec<String> = all.into_iter().map(|paper| paper.identifier.clone()).collect();
        all[self.dice.roll(all.len())].clone()
    }

    fn check(&mut self) {
        let store = self.here.registry.store();
        for person in 0..PEOPLE {
            let key = store.vault().index().holder_key("111", &people::number(person));
            let holder = store.read_now(|reader| reader.holder(&key)).unwrap();
            let state = holder.map_or(HolderState::Normal, |holder| holder.state);
            assert_eq!(state, self.model.state(person), "person {person}");
        }
        let person = self.dice.roll(PEOPLE);
        let (verdict, reasons) = card(self.here, person);
        let dead = |one: &usize| self.model.state(*one) == HolderState::Deceased;
        let family = self.model.family(person);
        let died = reasons.as_array().unwrap().contains(&json!("holder_deceased"));
        assert_eq!(died, family.iter().any(dead), "{reasons}");
        assert!(!(died && verdict == "valid"));
        let good = family.iter().all(|one| self.model.state(*one) == HolderState::Normal);
        let active = self.cards[person].state == State::Active;
        assert!(!(good && active) || verdict == "valid", "{reasons}");
        assert!(active || verdict == "invalid", "{reasons}");
        let paper = self.any();
        let told = known(self.here, &paper, self.now);
        self.known_here.push((self.now, paper, told));
    }
}

fn r6_what_is_read_at_any_moment_says_what_was_sent(world: World) {
    walk(&world, 11);
}

fn walk(world: &World, seed: u64) {
    settled(world);
    let other = receiver(world, settled);
    world.registry.refresh().unwrap();
    let mut walk = Walk {
        here: world,
        there: &other,
        dice: Dice(seed),
        model: Model::default(),
        deaths: Vec::new(),
        said: Vec::new(),
        cards: Vec::new(),
        births: Vec::new(),
        known_here: Vec::new(),
        known_there: Vec::new(),
        rows: Vec::new(),
        now: common::noon(),
        read: 0,
    };
    for person in 0..PEOPLE {
        let identifier = walk.issue(&people::social_card(&people::number(person), NAME));
        walk.cards.push(Paper { identifier, version: 1, person, says: None, state: State::Active });
    }
    for _ in 0..STEPS {
        walk.step();
    }
    walk.send();
    assert!(walk.read > 3 && walk.deaths.len() > 3, "a walk that shows little");
    for (of, all) in [(world, &walk.known_here), (&other, &walk.known_there)] {
        for (at, paper, told) in all {
            assert_eq!(known(of, paper, *at), *told, "as known at {at}");
        }
    }
    sound(world);
    // From there on into a third, which knows nothing yet, and back to the first, which knows it all.
    let third = receiver(&other, settled);
    let text = export(&other);
    assert_eq!(read(&other, &third, &text, false).lines_refused, 0);
    assert_eq!(third.registry.content_digest().unwrap(), world.registry.content_digest().unwrap());
    sound(&third);
    let back = read(&other, world, &text, false);
    assert_eq!(
        (back.records, back.went_on, back.holders, back.lines_refused),
        (0, 0, 0, 0),
        "{:?}",
        back.refused
    );
}
