//! Cells as people type them: a generator of rows made after the habits of spreadsheet users, each row with its
//! expected fate. Every row that can be read is bound and each repair counted by rule; no row that cannot is.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::collections::BTreeMap;

use common::World;
use common::cards::{self, faults, import, options};
use common::people::{POLICE, number};
use elicense::rule::Rule;
use elicense::store::Opened;
use elicense::table::cell::Repair;
use serde_json::{Value, json};

on_both! {
    i12_every_row_that_can_be_read_is_bound_and_no_row_that_cannot
    a_column_whose_zeros_were_lost_is_told
}

const ROWS: usize = 1000;
const HEADER: &str = "type,issuer,issued_on,valid_to,holder.code_type,holder.code,holder.name,face.name,face.card_no,face.id_number,face.born,face.ends,face.amount,face.note";

/// A cell as somebody typed it: its text, what must be counted, and the rule where it cannot be read.
struct Typed {
    text: String,
    repairs: Vec<Repair>,
    rule: Option<Rule>,
}

fn typed(text: impl Into<String>, repairs: &[Repair]) -> Typed {
    Typed { text: text.into(), repairs: repairs.to_vec(), rule: None }
}

fn lost(text: impl Into<String>, rule: Rule) -> Typed {
    Typed { text: text.into(), repairs: Vec::new(), rule: Some(rule) }
}

/// xorshift64*: the same rows for the same seed on every machine.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

fn wide(text: &str) -> String {
    let full =
        |c: char| if c.is_ascii_alphanumeric() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c };
    text.chars().map(full).collect()
}

/// A number: half of the cells are clean.
fn code(dice: &mut Dice, code: &str) -> Typed {
    use Repair::{Apostrophe, FullWidth, OuterBlanks, TextFormula, UpperCase};
    match dice.throw(40) / 2 {
        0 => typed(format!("'{code}"), &[Apostrophe]),
        1 => typed(format!("{code}\t"), &[OuterBlanks]),
        2 => typed(format!("\t{code}"), &[OuterBlanks]),
        3 => typed(format!("  {code}"), &[OuterBlanks]),
        4 => typed(format!("{code}\u{3000}"), &[OuterBlanks]),
        5 => typed(format!("=\"{code}\""), &[TextFormula]),
        6 => typed(wide(code), &[FullWidth]),
        7 => typed(format!(" '{code} "), &[OuterBlanks, Apostrophe]),
        8 => typed(code.to_lowercase(), if code.ends_with('X') { &[UpperCase] } else { &[] }),
        9 => match dice.throw(4) {
            0 => lost(format!("1.{}E+17", 1 + dice.throw(9)), Rule::CellExponent),
            1 => lost("########", Rule::CellHashes),
            _ => typed(code, &[]),
        },
        _ => typed(code, &[]),
    }
}

/// The number of a holder, which is read in more ways than other numbers.
fn holder_code(dice: &mut Dice, own: &str) -> Typed {
    match dice.throw(20) {
        0 => typed(format!("{} {}", &own[..6], &own[6..]), &[Repair::InnerBlanks]),
        1 => typed(format!("\u{200B}{own}\u{FEFF}"), &[Repair::Unseen]),
        _ => code(dice, own),
    }
}

/// A day.
fn day(dice: &mut Dice, day: &str) -> Typed {
    use Repair::{DateWritten, FullWidth, OuterBlanks};
    let (y, m, d) = (&day[..4], &day[5..7], &day[8..]);
    let bare = |text: &str| text.trim_start_matches('0').to_owned();
    let short = format!("{y}/{}/{}", bare(m), bare(d));
    match dice.throw(24) {
        0 => typed(short, &[DateWritten]),
        1 => typed(format!("{y}年{}月{}日", bare(m), bare(d)), &[DateWritten]),
        2 => typed(format!("{y}年{m}月{d}日"), &[DateWritten]),
        3 => typed(format!("{y}{m}{d}"), &[DateWritten]),
        4 => typed(format!("{y}.{m}.{d}"), &[DateWritten]),
        5 => typed(format!("{short} 0:00"), &[DateWritten]),
        6 => typed(format!("{day} 00:00:00"), &[DateWritten]),
        7 => typed(wide(&short), &[FullWidth, DateWritten]),
        8 => typed(format!("{day} "), &[OuterBlanks]),
        9 => match dice.throw(10) {
            0 => lost("43899", Rule::DateSerial),
            1 => lost(format!("{}/{}/{y}", bare(m), bare(d)), Rule::DateForm),
            2 => lost(format!("{}/{}/{}", &y[2..], bare(m), bare(d)), Rule::DateForm),
            3 => lost(format!("{y}/2/30"), Rule::DateForm),
            4 => lost("#REF!", Rule::CellError),
            5 => lost("不详", Rule::DateForm),
            _ => typed(day, &[]),
        },
        _ => typed(day, &[]),
    }
}

fn name(dice: &mut Dice, name: &str) -> Typed {
    match dice.throw(12) {
        0 => typed(format!("{name} "), &[Repair::OuterBlanks]),
        1 => typed(format!("\u{3000}{name}"), &[Repair::OuterBlanks]),
        2 => typed(format!("'{name}"), &[Repair::Apostrophe]),
        _ => typed(name, &[]),
    }
}

fn note(dice: &mut Dice) -> (Typed, Value) {
    match dice.throw(10) {
        0 => (typed("第一行\r\n第二行", &[Repair::LineEnds]), json!("第一行\n第二行")),
        1 => (typed("甲,乙;丙", &[]), json!("甲,乙;丙")),
        2 => (typed("又名\"老王\"", &[]), json!("又名\"老王\"")),
        3 => (typed("'+86", &[Repair::Apostrophe]), json!("+86")),
        4 => (typed("   ", &[]), Value::Null),
        _ => (typed("", &[]), Value::Null),
    }
}

fn amount(dice: &mut Dice) -> (Typed, Value) {
    match dice.throw(40) {
        0..=3 => (typed("１００．５０", &[Repair::FullWidth]), json!("100.50")),
        4..=7 => (typed(" 88", &[Repair::OuterBlanks]), json!("88")),
        8 => (lost("100元", Rule::DecimalForm), Value::Null),
        _ => (typed("120", &[]), json!("120")),
    }
}

/// One row: its cells, what becomes of it, and the face that must be signed.
struct Row {
    cells: Vec<Typed>,
    face: Value,
}

impl Row {
    fn of(dice: &mut Dice, at: usize) -> Self {
        let (own, full) = (number(at), ["王芳", "李国强", "阿依古丽·买买提", "欧阳娜"][at % 4]);
        let born = format!("{}-{}-{}", &own[6..10], &own[10..12], &own[12..14]);
        let card = format!("YD{at:06}");
        let ends = match dice.throw(4) {
            0 => typed("长期有效", &[Repair::LongTerm]),
            _ => typed("长期", &[]),
        };
        let (note, noted) = note(dice);
        let (paid, amount) = amount(dice);
        let mut cells = vec![
            typed("senior_card", &[]),
            typed(POLICE, &[]),
            day(dice, "2020-03-09"),
            ends,
            typed("111", &[]),
            holder_code(dice, &own),
            name(dice, full),
            name(dice, full),
            code(dice, &card),
            code(dice, &own),
            day(dice, &born),
            typed("2030-01-01", &[]),
            paid,
            note,
        ];
        // A card's number and a printed number are what they are: small letters in them are other characters.
        for at in [8, 9] {
            let lower = cells[at].text.bytes().any(|byte| byte.is_ascii_lowercase());
            if lower {
                cells[at] = typed(if at == 8 { card.clone() } else { own.clone() }, &[]);
            }
        }
        let mut face = json!({
            "name": full, "card_no": card, "id_number": own, "born": born, "ends": "2030-01-01", "amount": amount,
            "note": noted,
        });
        face.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        // One thing that cannot be read is enough for a row.
        let mut refused = false;
        for (at, cell) in cells.iter_mut().enumerate() {
            let found = cell.rule.is_some();
            if refused && found {
                *cell = match at {
                    8 => typed(format!("YD{:06}", 0), &[]),
                    9 => typed(own.clone(), &[]),
                    10 => typed(born.clone(), &[]),
                    12 => typed("120", &[]),
                    _ => typed("", &[]),
                };
            }
            refused |= found;
        }
        Self { cells, face }
    }

    fn rule(&self) -> Option<Rule> {
        self.cells.iter().find_map(|cell| cell.rule)
    }

    fn written(&self) -> String {
        let mut text = String::new();
        for (at, cell) in self.cells.iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            elicense::table::csv::written(&cell.text, &mut text);
        }
        text
    }
}

fn i12_every_row_that_can_be_read_is_bound_and_no_row_that_cannot(world: World) {
    cards::settle(&world.registry);
    let mut dice = Dice(0x5EED_2026);
    let rows: Vec<Row> = (0..ROWS).map(|at| Row::of(&mut dice, at)).collect();
    let (mut text, mut line, mut refused) = (format!("{HEADER}\r\n"), 2, Vec::new());
    let mut repairs: BTreeMap<Repair, u64> = BTreeMap::new();
    for row in &rows {
        match row.rule() {
            Some(rule) => refused.push((line, rule.wire().to_owned())),
            None => row
                .cells
                .iter()
                .flat_map(|cell| &cell.repairs)
                .for_each(|repair| *repairs.entry(*repair).or_default() += 1),
        }
        let written = row.written();
        line += 1 + written.matches('\n').count() as u64;
        text += &(written + "\r\n");
    }
    let bad = refused.len();
    assert!((80..200).contains(&bad), "{bad} rows cannot be read: the habits are out of proportion");
    assert!(Repair::ALL.iter().all(|repair| repairs.contains_key(repair)
        || matches!(
            repair,
            Repair::DateOfSerial | Repair::CodeOfName | Repair::Hyphen | Repair::FifteenDigits
        )));
    let report = import(&world, "messy.csv", text.as_bytes(), &options(&world)).unwrap();
    assert_eq!(faults(&world), refused);
    assert_eq!((report.counts.bound, report.counts.refused), ((ROWS - bad) as u64, bad as u64));
    assert_eq!(report.repairs.each().collect::<BTreeMap<_, _>>(), repairs);
    // What was signed is what was meant.
    let (records, _) =
        world.registry.store().read_now(|reader| reader.walk_records(false, None, 100_000)).unwrap();
    let mut signed: BTreeMap<String, Value> = BTreeMap::new();
    for record in records {
        let Opened::Record(record) = record else { panic!("a row does not open") };
        let envelope = elicense::trust::EnvelopeBuf::from_stored(record.body.envelope.clone()).unwrap();
        let record: Value = serde_json::from_slice(envelope.view().payload()).unwrap();
        signed.insert(record["holders"][0]["code"].as_str().unwrap().to_owned(), record["face"].clone());
    }
    for (at, row) in rows.iter().enumerate() {
        let found = signed.get(&number(at));
        assert_eq!(found.is_some(), row.rule().is_none(), "row {at}: {}", row.written());
        assert!(found.is_none_or(|face| *face == row.face), "row {at}: {:?} for {}", found, row.face);
    }
}

fn a_column_whose_zeros_were_lost_is_told(world: World) {
    cards::settle(&world.registry);
    let row = |at: usize, card: &str| cards::row(&number(at), "周海燕", card, "");
    let mut rows = vec![cards::HEADER.to_owned()];
    rows.extend((0..40).map(|at| row(at, &format!("{}", 100_000 + at * 7))));
    rows.extend([row(40, "1234"), row(41, "77")]);
    let report = import(&world, "a.csv", rows.join("\n").as_bytes(), &options(&world)).unwrap();
    assert_eq!(report.counts.bound, 42);
    let told: Vec<_> =
        report.shortened.iter().map(|found| (found.column, found.length, found.shorter)).collect();
    assert_eq!(told, [(9, 6, 2)]);
}
