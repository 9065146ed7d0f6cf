//! A dry run of rows says what a run does, row by row: with files at random of marriages, divorces, deaths and cards, some
//! under wrong names, twice, or with a number that another row has, beside what is on file. On both databases.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::time::Duration;

use common::couples::{Couple, certificate, husband, wife};
use common::desk::settled;
use common::model::Dice;
use common::people::{self, POLICE};
use common::{World, operator};
use elicense::record::Action;
use elicense::registry::import::{Counts, ImportOptions, ImportReport, Limits};
use elicense::registry::{ActCommand, DirectoryDraft, Draft, LinkCommand, MarkCommand, Submitted};
use serde_json::{Value, json};

on_both! {
    a_dry_run_says_what_the_run_does_for_files_at_random
    a_dry_run_leaves_nothing_behind
    a_row_behind_a_refused_one_with_its_number_is_bound_in_any_portion
}

const MARRIAGE: &str = "marriage_certificate";
const DIVORCE: &str = "divorce_certificate";
const DAYS: [&str; 4] = ["2010-05-20", "2015-06-01", "2015-06-02", "2020-10-08"];
const COUPLES: usize = 6;

fn one_of<'a, T: ?Sized>(dice: &mut Dice, of: &[&'a T]) -> &'a T {
    of[dice.roll(of.len())]
}

/// The same row with a slip in a name.
fn slip(draft: &Draft, name: &str, other: &str) -> Draft {
    let text = serde_json::to_string(draft).unwrap().replace(name, other);
    serde_json::from_str(&text).unwrap()
}

fn couple_of(dice: &mut Dice) -> Couple {
    Couple { couple: dice.roll(COUPLES), turned: dice.roll(2) == 1 }
}

fn person(dice: &mut Dice) -> (String, &'static str) {
    let couple = dice.roll(COUPLES);
    if dice.roll(2) == 0 { (husband(couple), "陈志远") } else { (wife(couple), "周海燕") }
}

fn row(dice: &mut Dice) -> Draft {
    let number = dice.roll(1000);
    let row = match dice.roll(10) {
        0..=2 => {
            certificate(MARRIAGE, couple_of(dice), &format!("J190101-2010-{number:06}"), one_of(dice, &DAYS))
        }
        3..=5 => {
            certificate(DIVORCE, couple_of(dice), &format!("L190101-2010-{number:06}"), one_of(dice, &DAYS))
        }
        6 => {
            let (code, name) = person(dice);
            let mut death = people::death(&code, name);
            death.face.insert("certificate_no".to_owned(), json!(format!("D190101-2026-{number:04}")));
            death
        }
        7 => {
            let (code, name) = person(dice);
            people::id_card(&code, name, "2020-01-01")
        }
        8 => {
            let (code, name) = person(dice);
            people::social_card(&code, name)
        }
        _ => {
            let ((code, name), guardian) = (person(dice), person(dice));
            people::disability(&code, name, (&guardian.0, guardian.1))
        }
    };
    if dice.roll(6) == 0 { slip(&row, "周海燕", "周海艳") } else { row }
}

/// Rows at random; some stand twice, some have the number of another on another face.
fn rows(dice: &mut Dice) -> Vec<Draft> {
    let mut rows: Vec<Draft> = (0..40).map(|_| row(dice)).collect();
    for _ in 0..4 {
        rows.push(rows[dice.roll(rows.len())].clone());
        let other = slip(&rows[dice.roll(40)], "陈志远", "陈志源");
        let at = dice.roll(rows.len());
        rows.insert(at, other);
    }
    rows
}

/// What is on file before the file comes: certificates, some of them with an action behind them, a mark, a link, an entry.
fn on_file(world: &World, dice: &mut Dice) {
    for _ in 0..10 {
        world.registry.refresh().unwrap();
        let Ok(issued) = world.registry.issue(&operator(), &Submitted::Draft(row(dice))) else { continue };
        let action = [Action::Annul, Action::Suspend, Action::Cancel, Action::Endorse][dice.roll(4)];
        let mut command = ActCommand::new(&issued.identifier, 1, action);
        command.ground = Some("登记机关决定".to_owned());
        drop(world.registry.act(&operator(), &command));
    }
    world.registry.refresh().unwrap();
    let (code, _) = person(dice);
    let mark = json!({
        "holder": {"type": "111", "code": code}, "state": "deceased", "since": "2019-01-01", "ground": "死亡登记",
        "agency": POLICE,
    });
    let mark: MarkCommand = serde_json::from_value(mark).unwrap();
    drop(world.registry.mark_holder(&operator(), &mark, None));
    let link = json!({
        "from": {"type": "111", "code": husband(0)}, "to": {"type": "111", "code": husband(1)}, "kind": "same_person",
        "ground": "号码变更", "names_differ": true, "agency": POLICE,
    });
    let link: LinkCommand = serde_json::from_value(link).unwrap();
    world.registry.refresh().unwrap();
    world.registry.link_holders(&operator(), &link, None).unwrap();
    let couple = certificate(MARRIAGE, couple_of(dice), "J190101-2010-000007", DAYS[0]);
    let entry = json!({
        "type": MARRIAGE, "issuer": POLICE, "holders": couple.holders, "custody": "paper",
        "number": "J190101-2010-000007", "office": "城东区档案馆", "issued_on": DAYS[0],
    });
    let entry: DirectoryDraft = serde_json::from_value(entry).unwrap();
    drop(world.registry.put_directory(&operator(), &entry, None));
}

/// The report, and the lines of the refused rows.
fn imported(world: &World, rows: &[Draft], options: &ImportOptions) -> (ImportReport, Vec<u64>) {
    let (source, errors) = (world.dir().join("rows.ndjson"), world.dir().join("errors.ndjson"));
    let text: String = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect();
    std::fs::write(&source, text).unwrap();
    let options = ImportOptions { error_path: Some(errors.clone()), ..options.clone() };
    world.registry.refresh().unwrap();
    let report = world.registry.import(&operator(), &source, &options, &|_| ()).unwrap();
    let errors = std::fs::read_to_string(errors).unwrap();
    let line = |text: &str| serde_json::from_str::<Value>(text).unwrap()["line"].as_u64().unwrap();
    let mut refused: Vec<u64> = errors.lines().map(line).collect();
    refused.sort_unstable();
    (report, refused)
}

/// Everything that a report says of the rows. Of two rules that refuse one row, a run that writes may tell the other one: a
/// number that another row has, and a name.
fn said(report: &ImportReport) -> String {
    let counts = Counts { clashes: 0, ..report.counts };
    format!("{counts:?} {:?} {:?} {:?}", report.remarks, report.names, report.repairs)
}

/// Portions from one row up.
fn portions(dice: &mut Dice) -> Limits {
    Limits {
        run_bytes: 8 << 10,
        block_bytes: 4 << 10,
        transaction_bytes: [1, 4_000, 16_000, 64 << 20][dice.roll(4)],
        settled_page: [1, 3, 100][dice.roll(3)],
        pause: Duration::ZERO,
        ..Limits::default()
    }
}

fn a_dry_run_says_what_the_run_does_for_files_at_random(world: World) {
    let backend = world.backend();
    let (mut worlds, mut met) = (Some(world), (0, 0, 0, 0, 0));
    for seed in 1..=8 {
        let world = worlds.take().or_else(|| common::world(backend)).unwrap();
        settled(&world);
        let mut dice = Dice(seed);
        on_file(&world, &mut dice);
        // The second file meets what the first one brought.
        for _ in 0..2 {
            let (rows, limits) = (rows(&mut dice), portions(&mut dice));
            let options =
                ImportOptions { limits, threads: Some(1 + dice.roll(2)), ..ImportOptions::default() };
            let (dry, foreseen) =
                imported(&world, &rows, &ImportOptions { dry_run: true, ..options.clone() });
            let (real, refused) = imported(&world, &rows, &options);
            assert_eq!(said(&dry), said(&real), "seed {seed}");
            assert_eq!(foreseen, refused, "seed {seed}");
            let counts = real.counts;
            met.0 += counts.ended;
            met.1 += counts.proposals;
            met.2 += counts.not_ended;
            met.3 += counts.already_there;
            met.4 += counts.clashes;
        }
    }
    assert!(
        met.0 > 5 && met.1 > 5 && met.2 > 0 && met.3 > 5 && met.4 > 2,
        "the files were too tame: {met:?}"
    );
}

fn a_dry_run_leaves_nothing_behind(world: World) {
    settled(&world);
    let mut dice = Dice(11);
    on_file(&world, &mut dice);
    let before = world.registry.content_digest().unwrap().digest;
    // One was killed: its notes lie there, and nobody has them open.
    let killed = world.data().join("spill").join("dry_killed");
    std::fs::create_dir_all(&killed).unwrap();
    std::fs::write(killed.join("000000.run"), b"sealed").unwrap();
    let (dry, _) =
        imported(&world, &rows(&mut dice), &ImportOptions { dry_run: true, ..ImportOptions::default() });
    assert!(dry.counts.ended + dry.counts.proposals > 0, "{:?}", dry.counts);
    assert_eq!(world.registry.content_digest().unwrap().digest, before);
    assert_eq!(std::fs::read_dir(world.data().join("spill")).unwrap().count(), 0);
    assert_eq!(world.registry.fsck(elicense::registry::FsckOptions::default()).unwrap().findings, []);
}

/// The first of two rows with one number is refused for a name; the second is bound, whether they are written together or not.
fn a_row_behind_a_refused_one_with_its_number_is_bound_in_any_portion(world: World) {
    let (backend, mut worlds) = (world.backend(), Some(world));
    for transaction_bytes in [1, 64 << 20] {
        let world = worlds.take().or_else(|| common::world(backend)).unwrap();
        settled(&world);
        let couple =
            |slug, number: &str| certificate(slug, Couple { couple: 0, turned: false }, number, "2015-06-01");
        world.registry.refresh().unwrap();
        world
            .registry
            .issue(&operator(), &Submitted::Draft(couple(MARRIAGE, "J190101-2015-000001")))
            .unwrap();
        let right = couple(DIVORCE, "L190101-2015-000001");
        let rows = [slip(&right, "周海燕", "周海艳"), right];
        let limits = Limits { transaction_bytes, pause: Duration::ZERO, ..Limits::default() };
        let options = ImportOptions { limits, ..ImportOptions::default() };
        let (dry, foreseen) = imported(&world, &rows, &ImportOptions { dry_run: true, ..options.clone() });
        let (real, refused) = imported(&world, &rows, &options);
        assert_eq!((real.counts.bound, real.counts.refused, real.counts.ended), (1, 1, 1));
        assert_eq!((said(&dry), foreseen), (said(&real), refused));
    }
}
