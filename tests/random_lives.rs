//! Lives at random, on both databases: marks, certificates, corrections, ends, links and imports in any order, beside a
//! model of a few lines. Nobody is dead without a mark that somebody with authority made; no card is valid for the dead;
//! and what was known at a moment never changes.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::model::{Dice, Model};
use common::people::{self, CREMATORIUM, MARKET, POLICE, day};
use common::{World, operator, run};
use elicense::clock::Moment;
use elicense::record::Action;
use elicense::registry::import::ImportOptions;
use elicense::registry::{
    ActCommand, Ask, Draft, FaceEdit, FsckOptions, HistoryAsk, LinkCommand, MarkCommand, Submitted,
};
use elicense::store::HolderState;
use serde_json::{Value, json};

on_both! {
    r6_lives_at_random_follow_their_marks_and_nothing_else
}

const NAME: &str = "王建国";
const PEOPLE: usize = 4;

/// A certificate of death as it stands.
#[derive(Clone)]
struct Paper {
    identifier: String,
    version: u32,
    issuer: &'static str,
    person: usize,
    ended: bool,
}

fn settled(world: &World) {
    people::settle_deaths(&world.registry);
    world.registry.start_access("main").unwrap();
}

fn purpose() -> Value {
    json!({"item": "X", "reason": "窗口办理"})
}

/// A walk through one world.
struct Walk<'a> {
    world: &'a World,
    dice: Dice,
    model: Model,
    papers: Vec<Paper>,
    /// What was known of a certificate at a moment.
    known: Vec<(Moment, usize, Value)>,
    /// The cards of the people, by their identifiers.
    cards: Vec<String>,
    /// What a lookup said of somebody's card at a moment, and the links that led to it.
    said: Vec<Said>,
    now: Moment,
}

/// What a lookup said of a card.
struct Said {
    at: Moment,
    person: usize,
    verdict: Value,
    reasons: Value,
    links: Vec<(usize, usize)>,
}

impl Walk<'_> {
    fn step(&mut self) {
        self.now = self.now.plus_seconds(60);
        self.world.clock.set(self.now);
        self.world.registry.refresh().unwrap();
        let person = self.dice.roll(PEOPLE);
        match self.dice.roll(10) {
            0..=2 => self.mark(person),
            3..=4 => self.certify(person, false),
            5 => self.certify(person, true),
            6 => self.correct(),
            7..=8 => self.end(),
            _ => self.link(person),
        }
        self.check();
    }

    fn mark(&mut self, person: usize) {
        let states = ["deceased", "death_reported", "deregistered", "normal", "normal"];
        let state = states[self.dice.roll(states.len())];
        let command = json!({
            "holder": {"type": "111", "code": people::number(person)}, "state": state, "ground": "来函", "agency": POLICE,
        });
        let command: MarkCommand = serde_json::from_value(command).unwrap();
        let marked = self.world.registry.mark_holder(&operator(), &command, None);
        let state: HolderState = serde_json::from_value(state.into()).unwrap();
        let nothing = state == HolderState::Normal && self.model.state(person) == HolderState::Normal;
        assert_eq!(marked.is_err(), nothing, "{marked:?}");
        if !nothing {
            self.model.by_office(person, state);
        }
    }

    fn certify(&mut self, person: usize, by_import: bool) {
        let (issuer, state) = [
            (POLICE, Some(HolderState::Deceased)),
            (CREMATORIUM, Some(HolderState::DeathReported)),
            (MARKET, None),
        ][self.dice.roll(3)];
        let mut draft = people::death(&people::number(person), NAME);
        let number = format!("D{}", self.papers.len());
        draft.issuer = issuer.to_owned();
        draft.face.insert("certificate_no".into(), number.into());
        draft.face.insert("died_on".into(), format!("2026-10-{:02}", 1 + self.dice.roll(28)).into());
        let identifier = if by_import { self.imported(&draft) } else { self.issued(&draft) };
        let paper = self.papers.len();
        self.papers.push(Paper { identifier, version: 1, issuer, person, ended: false });
        self.model.by_paper(person, paper, state);
    }

    fn issued(&self, draft: &Draft) -> String {
        self.world.registry.issue(&operator(), &Submitted::Draft(draft.clone())).unwrap().identifier
    }

    /// The identifier is found by issuing the same again.
    fn imported(&self, draft: &Draft) -> String {
        let path = self.world.dir().join(format!("{}.ndjson", self.papers.len()));
        std::fs::write(&path, serde_json::to_string(draft).unwrap() + "\n").unwrap();
        let options = ImportOptions {
            error_path: Some(self.world.dir().join("errors.ndjson")),
            ..ImportOptions::default()
        };
        let report = self.world.registry.import(&operator(), &path, &options, &|_| ()).unwrap();
        assert_eq!(report.counts.bound, 1);
        self.issued(draft)
    }

    /// A certificate that is not ended, if there is one.
    fn standing(&mut self) -> Option<usize> {
        let standing: Vec<usize> =
            self.papers.iter().enumerate().filter(|(_, paper)| !paper.ended).map(|(at, _)| at).collect();
        (!standing.is_empty()).then(|| standing[self.dice.roll(standing.len())])
    }

    fn act(&mut self, at: usize, action: Action, died_on: Option<String>) {
        let paper = self.papers[at].clone();
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
        let acted = self.world.registry.act(&operator(), &command).unwrap();
        (self.papers[at].identifier, self.papers[at].version) = (acted.identifier, acted.version);
    }

    fn correct(&mut self) {
        let Some(at) = self.standing() else { return };
        let died_on = format!("2026-09-{:02}", 1 + self.dice.roll(28));
        self.act(at, Action::Correct, Some(died_on));
        let state = match self.papers[at].issuer {
            POLICE => Some(HolderState::Deceased),
            CREMATORIUM => Some(HolderState::DeathReported),
            _ => None,
        };
        self.model.by_paper(self.papers[at].person, at, state);
    }

    fn end(&mut self) {
        let Some(at) = self.standing() else { return };
        let action = [Action::Annul, Action::Cancel, Action::Withdraw, Action::Suspend][self.dice.roll(4)];
        if action == Action::Suspend {
            self.act(at, Action::Suspend, None);
            self.act(at, Action::Restore, None);
            return;
        }
        self.act(at, action, None);
        self.papers[at].ended = true;
        self.model.by_paper(self.papers[at].person, at, None);
    }

    fn link(&mut self, person: usize) {
        let other = self.dice.roll(PEOPLE);
        let end = |person: usize| json!({"type": "111", "code": people::number(person)});
        let command = json!({
            "from": end(person), "to": end(other), "kind": "same_person", "ground": "来函", "agency": POLICE,
        });
        let command: LinkCommand = serde_json::from_value(command).unwrap();
        if let Some(at) = self.model.links.iter().position(|link| *link == (person, other)) {
            self.world.registry.unlink_holders(&operator(), &command, None).unwrap();
            self.model.links.remove(at);
            return;
        }
        let linked = self.world.registry.link_holders(&operator(), &command, None);
        let possible = !self.model.family(person).contains(&other);
        assert_eq!(linked.is_ok(), possible, "{linked:?}");
        if possible {
            self.model.links.push((person, other));
        }
    }

    fn check(&mut self) {
        let store = self.world.registry.store();
        for person in 0..PEOPLE {
            let key = store.vault().index().holder_key("111", &people::number(person));
            let holder = store.read_now(|reader| reader.holder(&key)).unwrap();
            let state = holder.map_or(HolderState::Normal, |holder| holder.state);
            assert_eq!(state, self.model.state(person), "person {person}");
        }
        let person = self.dice.roll(PEOPLE);
        let card = self.card(person);
        let dead = |one: &usize| self.model.state(*one) == HolderState::Deceased;
        let family = self.model.family(person);
        let died = card["reasons"].as_array().unwrap().contains(&json!("holder_deceased"));
        assert_eq!(died, family.iter().any(dead), "{card:#}");
        assert!(!(died && card["verdict"] == "valid"));
        let good = family.iter().all(|one| self.model.state(*one) == HolderState::Normal);
        assert!(!good || card["verdict"] == "valid", "{card:#}");
        let links = self.model.links.iter().filter(|(from, _)| family.contains(from)).copied().collect();
        let (verdict, reasons) = (card["verdict"].clone(), card["reasons"].clone());
        self.said.push(Said { at: self.now, person, verdict, reasons, links });
        if !self.papers.is_empty() {
            let paper = self.dice.roll(self.papers.len());
            let told = self.known(paper, self.now);
            self.known.push((self.now, paper, told));
        }
    }

    fn card(&self, person: usize) -> Value {
        self.world.registry.refresh().unwrap();
        let ask = json!({
            "holder": {"type": "111", "code": people::number(person)}, "types": ["social_security_card"],
            "purpose": purpose(),
        });
        let ask: Ask = serde_json::from_value(ask).unwrap();
        let prepared = self.world.registry.prepare_lookup(&ask).unwrap();
        let answered = run(self.world.registry.lookup(&operator(), prepared)).unwrap();
        let answer: Value = serde_json::from_slice(&answered.body).unwrap();
        let code = people::number(person);
        let mut found = answer["records"].as_array().unwrap().iter();
        let under = |one: &&Value| {
            let envelope = one["envelope"].as_str().unwrap();
            let parsed = elicense::trust::EnvelopeBuf::parse_compact(envelope, Default::default()).unwrap();
            let payload: Value = serde_json::from_slice(parsed.view().payload()).unwrap();
            payload["holders"][0]["code"] == code
        };
        found.find(under).unwrap().clone()
    }

    /// What the history of a certificate tells as known at a moment.
    fn known(&self, paper: usize, at: Moment) -> Value {
        self.world.registry.refresh().unwrap();
        let identifier = &self.papers[paper].identifier;
        let ask = json!({"identifier": identifier, "known_at": at.to_string(), "purpose": purpose()});
        let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
        let history = common::value(&run(self.world.registry.history(&operator(), &ask)).unwrap());
        history["standing"]["was"].clone()
    }

    /// The verdict of a card as known at a moment is the one that a lookup gave at that moment. Where a link that stood
    /// then was taken back since, it may be that nothing can be determined, and nothing else.
    fn remembers(&self, said: &Said) {
        self.world.registry.refresh().unwrap();
        let identifier = &self.cards[said.person];
        let ask = json!({"identifier": identifier, "known_at": said.at.to_string(), "purpose": purpose()});
        let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
        let told = common::value(&run(self.world.registry.history(&operator(), &ask)).unwrap());
        let (verdict, reasons) = (&told["standing"]["verdict"], &told["standing"]["reasons"]);
        let lost = !said.links.iter().all(|link| self.model.links.contains(link));
        let unsure = lost && *reasons == json!(["status_unavailable"]);
        assert!(
            unsure || (verdict, reasons) == (&said.verdict, &said.reasons),
            "person {} at {}: said {} {}, now {:#}",
            said.person,
            said.at,
            said.verdict,
            said.reasons,
            told["standing"]
        );
    }
}

fn r6_lives_at_random_follow_their_marks_and_nothing_else(world: World) {
    let backend = world.backend();
    let mut worlds = Some(world);
    for seed in 1..=3 {
        let world = worlds.take().or_else(|| common::world(backend)).unwrap();
        settled(&world);
        world.registry.refresh().unwrap();
        let issued = |person: usize| {
            let card = people::social_card(&people::number(person), NAME);
            world.registry.issue(&operator(), &Submitted::Draft(card)).unwrap().identifier
        };
        let cards = (0..PEOPLE).map(issued).collect();
        let mut walk = Walk {
            world: &world,
            dice: Dice(seed),
            model: Model::default(),
            papers: Vec::new(),
            known: Vec::new(),
            cards,
            said: Vec::new(),
            now: common::noon(),
        };
        for _ in 0..40 {
            walk.step();
        }
        for (at, paper, told) in &walk.known {
            assert_eq!(walk.known(*paper, *at), *told, "as known at {at}");
        }
        walk.said.iter().for_each(|said| walk.remembers(said));
        let report = world.registry.fsck(FsckOptions::default()).unwrap();
        assert_eq!((report.findings, report.unauthorised), (vec![], vec![]), "seed {seed}");
    }
}
