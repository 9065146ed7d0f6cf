//! The generated data passes the rules by which a registry would refuse it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::OnceLock;

use super::people::bulk;
use super::steps::{Act, Draft, DraftHolder};
use super::*;
use crate::catalog::{Catalog, CatalogParts, HolderFacts, Mask, Seat, Term};
use crate::identity::{CodeType, HolderCode, Regions, Remark, Sex, contains_citizen_number};
use crate::policy::{Fields, Scope};
use crate::record::action::Action;
use crate::record::payload::Validity;
use crate::record::state::State;
use crate::store::HolderState;

fn today() -> Day {
    "2026-11-22".parse().unwrap()
}

fn demo() -> &'static DemoData {
    static DEMO: OnceLock<DemoData> = OnceLock::new();
    DEMO.get_or_init(|| DemoData::generate(SEED, today()))
}

fn catalog(demo: &DemoData) -> Catalog {
    let parts = CatalogParts {
        agencies: demo.agencies.clone(),
        authorities: demo.authorities.clone(),
        coverages: demo.coverages.clone(),
        ..CatalogParts::builtin().unwrap()
    };
    Catalog::build(parts).unwrap()
}

fn regions() -> &'static Regions {
    static REGIONS: OnceLock<Regions> = OnceLock::new();
    REGIONS.get_or_init(|| Regions::with(include_str!("../../../fixtures/regions.demo.tsv")).unwrap())
}

fn code(holder: &DraftHolder, on: Day) -> (HolderCode, Vec<Remark>) {
    let code_type: CodeType = holder.code_type.parse().unwrap();
    let parsed = HolderCode::parse_with(code_type, &holder.code, Some(on), regions()).unwrap();
    assert_eq!(parsed.code.as_str(), holder.code, "codes are given in canonical form");
    (parsed.code, parsed.remarks)
}

/// Every rule of type, holders, face, dates and authority.
fn check(catalog: &Catalog, draft: &Draft, today: Day) {
    let what = format!("{} of {}", draft.type_code, draft.issued_on);
    let entry = catalog.type_by_slug(&draft.type_code).unwrap();
    let def = entry.def();
    assert!(draft.issued_on <= today, "{what} lies in the future");
    let face = serde_json::Value::Object(draft.face.clone());
    entry.face().check(&face).unwrap_or_else(|faults| panic!("{what}: {faults:?}"));
    assert_eq!(entry.face().notes(&face), [], "{what}");

    for field in entry.face().fields().iter().filter(|field| field.mask == Mask::None) {
        let text = draft.face.get(&field.name).and_then(serde_json::Value::as_str).unwrap_or_default();
        assert!(!contains_citizen_number(text), "I3: {what}: {} gives a number away", field.name);
    }

    let only = def.holders.first().filter(|_| def.holders.len() == 1).map(|role| role.role.as_str());
    let codes: Vec<HolderCode> = draft.holders.iter().map(|holder| code(holder, draft.issued_on).0).collect();
    let role = |holder: &DraftHolder| holder.role.clone().or_else(|| only.map(str::to_owned)).unwrap();
    let roles: Vec<String> = draft.holders.iter().map(role).collect();
    let seats: Vec<Seat<'_>> = draft
        .holders
        .iter()
        .zip(&roles)
        .map(|(one, role)| Seat { role, share: one.share.as_deref() })
        .collect();
    entry.check_holders(&face, &seats).unwrap_or_else(|faults| panic!("{what}: {faults:?}"));
    let facts: Vec<HolderFacts<'_>> = draft
        .holders
        .iter()
        .zip(&roles)
        .zip(&codes)
        .map(|((holder, role), code)| HolderFacts {
            role,
            code_type: &holder.code_type,
            code: &holder.code,
            name: &holder.name,
            sex: code.person().map(|person| if person.sex == Sex::Male { "1" } else { "2" }),
            born: code.person().map(|person| person.birth_date),
        })
        .collect();
    let cross = entry.face().cross_check(&face, &facts);
    assert!(cross.faults.is_empty() && cross.notes.is_empty(), "{what}: {cross:?}");

    let (dates, long) = def.validity.may_state();
    let from = draft.valid_from.unwrap_or(draft.issued_on);
    let born = codes.first().and_then(HolderCode::person).map(|person| person.birth_date);
    match (def.validity.term(from, born), draft.valid_to) {
        (Term::Until(end), given) => assert_eq!(given, Some(Validity::Until(end)), "{what}"),
        (Term::Long, given) => assert_eq!(given, Some(Validity::LongTerm), "{what}"),
        (Term::Stated, Some(Validity::Until(end))) => assert!(dates && from <= end, "{what}"),
        (Term::Stated, Some(Validity::LongTerm)) => assert!(long, "{what}"),
        (Term::Stated, None) => assert!(!dates && !long, "{what}"),
    }
    let first = draft.face.get("valid_from").and_then(serde_json::Value::as_str);
    assert!(first.is_none_or(|first| first == from.to_string()), "{what}: face and first day differ");
    for member in ["valid_to", "term_to"] {
        let printed = draft.face.get(member).and_then(serde_json::Value::as_str);
        let stated =
            draft.valid_to.map(|end| end.last_day().map_or("长期".to_owned(), |day| day.to_string()));
        assert!(printed.is_none() || printed == stated.as_deref(), "{what}: face and validity differ");
    }
    let agency = demo().agencies.iter().find(|agency| agency.code == draft.issuer).unwrap();
    let region = agency.region.to_string();
    let allowed = catalog.issuers().authorised(&draft.issuer, &def.code, &region, draft.issued_on);
    assert!(allowed.is_ok(), "{what}: {allowed:?}");
}

/// Replays the steps and gives each draft of each version, with the states each record came to.
fn replay(demo: &DemoData) -> (Vec<Draft>, BTreeSet<State>) {
    let mut current: BTreeMap<usize, (Draft, State, Day)> = BTreeMap::new();
    let (mut drafts, mut reached) = (Vec::new(), BTreeSet::new());
    for (place, step) in demo.steps.iter().enumerate() {
        match step {
            Step::Issue(draft) => {
                let state = Action::Issue.apply(None).unwrap();
                reached.insert(state);
                current.insert(place, (draft.clone(), state, draft.issued_on));
                drafts.push(draft.clone());
            }
            Step::Act(act) => {
                let (draft, state, last) = current.get_mut(&act.of).expect("an act is on an earlier issue");
                *state = act.action.apply(Some(*state)).unwrap_or_else(|fault| panic!("{act:?}: {fault}"));
                reached.insert(*state);
                assert!(act.effective_on >= *last, "{act:?} lies before what went before");
                *last = act.effective_on;
                assert!(
                    !act.ground.is_empty() && act.action.makes_version() == act.changes.is_some(),
                    "{act:?}"
                );
                if act.action.makes_version() {
                    *draft = act.successor(draft);
                    drafts.push(draft.clone());
                }
            }
            Step::Dispute(dispute) => {
                let (draft, ..) = &current[&dispute.of];
                assert!(dispute.fields.iter().all(|field| draft.face.contains_key(field)));
            }
            Step::HolderState(_) | Step::Link(_) | Step::Directory(_) => {}
        }
    }
    (drafts, reached)
}

#[test]
fn every_draft_of_every_version_passes_its_type() {
    // A year later and half a year earlier too: terms move, and no draft may then contradict its type.
    for day in ["2026-11-22", "2027-12-01", "2026-06-01", "2028-02-29"] {
        let day: Day = day.parse().unwrap();
        for seed in [SEED, 1, 77] {
            let demo = DemoData::generate(seed, day);
            let catalog = catalog(&demo);
            for draft in replay(&demo).0 {
                check(&catalog, &draft, day);
            }
        }
    }
}

#[test]
fn whoever_acts_may_act() {
    let catalog = catalog(demo());
    for step in &demo().steps {
        let Step::Act(Act { of, by, effective_on, .. }) = step else { continue };
        let Step::Issue(draft) = &demo().steps[*of] else { panic!("an act is on an issue") };
        let def = catalog.type_by_slug(&draft.type_code).unwrap().def();
        let issuer = demo().agencies.iter().find(|agency| agency.code == draft.issuer).unwrap();
        let region = issuer.region.to_string();
        let allowed = catalog.issuers().may_act(by, &draft.issuer, &def.code, &region, *effective_on);
        assert!(allowed.is_ok(), "{step:?}: {allowed:?}");
    }
}

#[test]
fn every_state_is_there_and_so_is_every_type_whatever_the_seed() {
    for seed in [SEED, 1, 77] {
        let demo = DemoData::generate(seed, today());
        let (drafts, reached) = replay(&demo);
        assert_eq!(reached, State::ALL.iter().copied().collect());
        let types: BTreeSet<&str> = drafts.iter().map(|draft| draft.type_code.as_str()).collect();
        assert_eq!(types.len(), 12);
        let act = |step: &Step| if let Step::Act(act) = step { Some(act.action) } else { None };
        let actions: BTreeSet<Action> = demo.steps.iter().filter_map(act).collect();
        let all = Action::ALL.iter().copied().filter(|action| !action.begins()).collect();
        assert_eq!(actions, all, "seed {seed}");
    }
}

fn holders(demo: &DemoData) -> impl Iterator<Item = &DraftHolder> {
    demo.steps.iter().flat_map(|step| match step {
        Step::Issue(draft) => draft.holders.as_slice(),
        Step::Directory(entry) => &entry.holders,
        _ => &[],
    })
}

#[test]
fn numbers_are_valid_and_nobodys() {
    let (mut people, mut entities) = (HashSet::new(), HashSet::new());
    for holder in holders(demo()) {
        let (code, remarks) = code(holder, today());
        assert!(!remarks.contains(&Remark::RegionUnknown), "{code}");
        let text = code.as_str();
        match (holder.code_type.as_str(), code.person()) {
            ("001", _) => assert_eq!(&text[2..4], "19"),
            ("111", Some(_)) => assert!(text.starts_with("19")),
            // A residence permit's 81 is a kind of document, and 919 a foreigner's number given out in 19.
            (_, Some(_)) => assert!(text.starts_with("810000") || text.starts_with("919")),
            (_, None) => {}
        }
        if holder.code_type == "001" {
            entities.insert(text.to_owned())
        } else {
            people.insert(text.to_owned())
        };
    }
    assert!(people.len() >= 200, "{} people", people.len());
    assert!(entities.len() >= 30, "{} entities", entities.len());
}

#[test]
fn the_same_seed_gives_the_same_and_births_do_not_move() {
    assert!(DemoData::generate(SEED, today()).steps == demo().steps);
    assert!(DemoData::generate(SEED + 1, today()).steps != demo().steps);
    let persons = |demo: &DemoData| -> BTreeSet<(String, String)> {
        holders(demo).map(|holder| (holder.code.clone(), holder.name.clone())).collect()
    };
    let (now, later) = (persons(demo()), persons(&DemoData::generate(SEED, today().plus_years(1))));
    assert!(now.is_subset(&later), "somebody is not there a year later");
}

#[test]
fn certificate_numbers_stand_once() {
    let catalog = catalog(demo());
    let mut taken = HashSet::new();
    for step in &demo().steps {
        let Step::Issue(draft) = step else { continue };
        let entry = catalog.type_by_slug(&draft.type_code).unwrap();
        let face = serde_json::Value::Object(draft.face.clone());
        let number = entry.number(&face).unwrap().to_owned();
        assert!(taken.insert((draft.issuer.clone(), draft.type_code.clone(), number)), "{draft:?}");
    }
}

fn records_of(code: &str) -> Vec<&'static Draft> {
    let held = |step: &'static Step| match step {
        Step::Issue(draft) if draft.holders.iter().any(|holder| holder.code == code) => Some(draft),
        _ => None,
    };
    demo().steps.iter().filter_map(held).collect()
}

#[test]
fn the_mother_has_six_bound_records_and_no_marriage_certificate() {
    let mut held: Vec<&str> =
        records_of("190101198803120021").iter().map(|draft| draft.type_code.as_str()).collect();
    held.sort_unstable();
    assert_eq!(
        held,
        [
            "birth_certificate",
            "birth_certificate",
            "household_member",
            "real_estate_certificate",
            "resident_id_card",
            "social_security_card"
        ]
    );
    let unbound: u64 = demo().coverages.iter().map(|one| one.unbound).sum();
    assert!(unbound > 0);
}

#[test]
fn stories_have_their_ends() {
    let life = |code: &str| {
        demo().steps.iter().find_map(|step| match step {
            Step::HolderState(life) if life.holder.code == code => Some(life.state),
            _ => None,
        })
    };
    assert_eq!(life("190101194402150029"), Some(HolderState::DeathReported));
    assert_eq!(life("T190101027"), Some(HolderState::Provisional));
    assert_eq!(life("91190101MD1000018C"), Some(HolderState::Dissolved));
    let links = demo().steps.iter().filter(|step| matches!(step, Step::Link(_))).count();
    assert_eq!(links, 6);
    for (code, _, _) in DemoData::worth_looking_up() {
        assert!(!records_of(&code).is_empty(), "{code}");
    }
    let soon = Validity::Until(today().plus_days(20));
    assert!(records_of("190101198607250013").iter().any(|draft| draft.valid_to == Some(soon)));
    let over = Validity::Until(today().plus_days(-265));
    assert!(replay(demo()).0.iter().any(|draft| draft.valid_to == Some(over)));
}

#[test]
fn an_earlier_day_knows_nothing_of_what_comes() {
    let demo = DemoData::generate(SEED, "2026-03-01".parse().unwrap());
    replay(&demo);
    assert!(holders(&demo).all(|holder| holder.code != "T190101027" && holder.code != "190101202610180027"));
}

#[test]
fn coverage_is_honest_about_divorces() {
    let catalog = catalog(demo());
    let types: BTreeSet<&str> = demo().coverages.iter().map(|one| one.type_code.as_str()).collect();
    let divorce = catalog.type_by_slug("divorce_certificate").unwrap().def();
    assert_eq!(types.len(), 11);
    assert!(!types.contains(divorce.code.as_str()));
    assert!(demo().coverages.iter().any(|one| one.share_on_file < 1000 && !one.gaps.is_empty()));
    let now = today().start().plus_seconds(40_000);
    let restated = demo().clone().restate(now);
    assert!(restated.coverages.iter().filter(|one| one.as_of == now).count() >= 11);
}

#[test]
fn the_limited_client_sees_little() {
    let accounts = &demo().accounts;
    assert_eq!(accounts.staff[0].agency, "11190101MD10000425");
    let limited = accounts.clients.iter().find(|client| client.id == "demo-limited").unwrap();
    assert!(!limited.scopes.contains(&Scope::Issue));
    let catalog = catalog(demo());
    for grant in &limited.grants {
        let Fields::Named(fields) = &grant.fields else { panic!("not the whole") };
        let named = |slug| {
            let entry = catalog.type_by_slug(slug).unwrap();
            grant.types.names(&entry.def().code).then_some(entry)
        };
        let entry = named("resident_id_card").or_else(|| named("business_licence")).unwrap();
        assert!(fields.iter().all(|name| entry.face().fields().iter().any(|field| field.name == *name)));
        assert!(
            grant.purposes.names_option(Some("11190101MD100004254190101000001"))
                && !grant.purposes.names_option(None)
        );
    }
}

#[test]
fn i3_nothing_shows_a_number() {
    let shown = format!("{:?}", demo().steps);
    for holder in holders(demo()) {
        assert!(!shown.contains(&holder.code));
    }
}

#[test]
fn bulk_holders_pass_their_types() {
    let catalog = catalog(demo());
    for holder in bulk(SEED, 300) {
        for draft in &holder.drafts {
            check(&catalog, draft, today());
        }
    }
}

#[test]
fn steps_survive_json() {
    let text = serde_json::to_string(&demo().steps).unwrap();
    assert!(serde_json::from_str::<Vec<Step>>(&text).unwrap() == demo().steps);
}

#[test]
fn nobody_is_given_anything_after_death() {
    let deaths: BTreeMap<&str, Day> = demo()
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::HolderState(life) if life.state == HolderState::Deceased => {
                Some((life.holder.code.as_str(), life.since))
            }
            _ => None,
        })
        .collect();
    assert!(deaths.len() >= 3, "{} deaths", deaths.len());
    for step in &demo().steps {
        let Step::Issue(draft) = step else { continue };
        for holder in &draft.holders {
            let since = deaths.get(holder.code.as_str());
            assert!(since.is_none_or(|since| draft.issued_on <= *since), "{draft:?}");
        }
    }
}

#[test]
fn the_data_files_say_that_they_are_invented() {
    for file in [
        include_str!("../../../fixtures/demo/agencies.tsv"),
        include_str!("../../../fixtures/demo/authorities.tsv"),
        include_str!("../../../fixtures/demo/companies.tsv"),
        include_str!("../../../fixtures/demo/words.tsv"),
    ] {
        let first = file.lines().next().unwrap();
        assert!(first.contains("合成数据") && first.contains("synthetic"), "{first}");
    }
}
