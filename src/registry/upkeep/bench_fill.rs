//! A stock to measure on: records of all types under many synthetic holders, signed on all cores, written in
//! holder order in large transactions. Compiled with the feature `bench-routes` only.
//!
//! It writes the data that a lookup reads: rows, seals, envelopes and leaves are as `issue` makes them, and
//! the faces have every field of their type with values of usual length. It writes no events and no keys of
//! numbers, which no lookup reads. It does not compare faces with numbers: it makes a stock for measuring and
//! nothing else.

use serde_json::{Map, Value, json};

use crate::catalog::{Agency, Authority, Field, FieldKind, Format, TypeEntry};
use crate::clock::Day;
use crate::error::{Error, Result};
use crate::identity::{CodeType, HolderCode};
use crate::record::action::Action;
use crate::record::payload::{Holder, Issuer, TypeRef, Validity};
use crate::record::state::State;
use crate::record::{Identifier, Record};
use crate::registry::Registry;
use crate::registry::base::asked::holder_key;
use crate::registry::base::ledger::Place;
use crate::registry::records::draft::Checked;
use crate::registry::records::signed::Signed;
use crate::trust::{HolderKey, IndexKey, SigningKey, random};

/// The one agency of the stock; synthetic, like everything here.
const AGENCY: &str = "11190101MD10000500";
/// Holders written in one transaction.
const CHUNK: usize = 4_000;

/// One holder of the stock.
struct Person {
    code: HolderCode,
    key: HolderKey,
}

/// The written stock.
#[derive(Debug, Clone, Copy)]
pub struct Filled {
    /// Rows of records.
    pub records: usize,
    /// Bytes of stored envelopes.
    pub envelope_bytes: usize,
}

impl Registry {
    /// Writes `each` records under every one of these citizen ID numbers, of types that take turns.
    pub fn bench_fill(&self, numbers: &[String], each: usize) -> Result<Filled> {
        let key = self.bench_agency()?;
        let snapshot = self.snapshot();
        let types = snapshot.catalog.types();
        let index = self.store().vault().index();
        let mut people = Vec::with_capacity(numbers.len());
        for number in numbers {
            let code = HolderCode::parse(CodeType::CitizenId, number)?.code;
            people.push(Person { key: holder_key(index, &code), code });
        }
        people.sort_by_key(|person| person.key);
        let mut filled = Filled { records: 0, envelope_bytes: 0 };
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        for (turn, chunk) in people.chunks(CHUNK).enumerate() {
            let part = chunk.len().div_ceil(cores).max(1);
            let signed: Vec<Result<Vec<Signed>>> = std::thread::scope(|scope| {
                let (types, key) = (types.as_slice(), &key);
                let running: Vec<_> = chunk
                    .chunks(part)
                    .enumerate()
                    .map(|(place, people)| {
                        let first = turn * CHUNK + place * part;
                        scope.spawn(move || sign((people, first), types, each, key, index))
                    })
                    .collect();
                running
                    .into_iter()
                    .map(|one| {
                        one.join()
                            .unwrap_or_else(|_| Err(Error::internal("a thread of the filling panicked")))
                    })
                    .collect()
            });
            let mut all = Vec::with_capacity(chunk.len() * each);
            for part in signed {
                all.extend(part?);
            }
            filled.records += all.len();
            filled.envelope_bytes += all.iter().map(|one| one.envelope.len()).sum::<usize>();
            self.bench_write(&all)?;
        }
        Ok(filled)
    }

    fn bench_write(&self, all: &[Signed]) -> Result<()> {
        self.log_records(|writer, place| {
            let mut entries = Vec::with_capacity(all.len());
            for (leaf, signed) in (place.first..).zip(all) {
                let salt = random::salt()?;
                entries.push(signed.event(Action::Issue, "operator:bench", salt, place.at).digest().0);
                let at = Place { first: leaf, ..place.clone() };
                for row in signed.rows(random::pooled::<16>()?, State::Active, None, &at)? {
                    writer.insert_record(&row)?;
                }
            }
            Ok(((), entries))
        })
        .map(drop)
    }

    fn bench_agency(&self) -> Result<std::sync::Arc<SigningKey>> {
        if self.snapshot().catalog.issuers().agencies().latest(AGENCY).is_none() {
            let agency: Agency = serde_json::from_value(json!({
                "code": AGENCY, "name": "示范市行政审批局", "level": "county", "region": "190101",
                "nature": "administrative", "valid_from": "1990-01-01",
            }))
            .map_err(Error::internal)?;
            self.put_agency("bench", &agency)?;
            self.refresh()?;
            for entry in self.snapshot().catalog.types() {
                self.authorise(
                    "bench",
                    &Authority {
                        agency: AGENCY.to_owned(),
                        type_code: entry.def().code.clone(),
                        region: "190101".parse().map_err(Error::internal)?,
                        from: day(1990)?,
                        to: None,
                    },
                )?;
            }
            self.make_key("bench", AGENCY)?;
            self.refresh()?;
        }
        self.issuer_key(AGENCY)
    }
}

fn sign(
    (people, first): (&[Person], usize),
    types: &[&std::sync::Arc<TypeEntry>],
    each: usize,
    key: &SigningKey,
    index: &IndexKey,
) -> Result<Vec<Signed>> {
    let mut signed = Vec::with_capacity(people.len() * each);
    for (turn, person) in (first..).zip(people) {
        // Every second type, beginning with the one whose turn it is, so that all types occur alike.
        let taken = (0..each).filter_map(|place| types.get((turn + place * 2 + place / 6) % types.len()));
        let mut own: Vec<Signed> =
            taken.map(|entry| one(person, turn, entry, (key, index))).collect::<Result<_>>()?;
        own.sort_by(|one, other| one.type_code.cmp(&other.type_code));
        signed.extend(own);
    }
    Ok(signed)
}

fn one(
    person: &Person,
    turn: usize,
    entry: &TypeEntry,
    (key, index): (&SigningKey, &IndexKey),
) -> Result<Signed> {
    let def = entry.def();
    let (issued_on, ends) = (day(2020)?, def.validity.may_state().0);
    let face: Map<String, Value> = entry
        .face()
        .fields()
        .iter()
        .filter_map(|field| Some((field.name.clone(), value(field, person, turn)?)))
        .collect();
    let face_value = Value::Object(face.clone());
    let identifier =
        Identifier::compose(&def.code, AGENCY, &random::serial()?, 1).map_err(Error::internal)?;
    let record = Record {
        attachments: Vec::new(),
        number: entry.number(&face_value).map(str::to_owned),
        face,
        holders: vec![Holder {
            code: person.code.as_str().to_owned(),
            code_type: "111".to_owned(),
            name: name(turn),
            role: def.holders.first().map_or("holder", |role| role.role.as_str()).to_owned(),
            share: None,
        }],
        identifier: identifier.as_str().to_owned(),
        issued_on,
        issuer: Issuer { code: AGENCY.to_owned(), name: "示范市行政审批局".to_owned() },
        kind: def.kind,
        replaces: None,
        status: None,
        salt: random::salt()?,
        record_type: TypeRef { code: def.code.clone(), version: def.version },
        v: 1,
        valid_from: Some(issued_on),
        valid_to: ends.then_some(Validity::Until(day(2040)?)),
        version: 1,
    };
    Signed::new(
        Checked { record, codes: vec![person.code.clone()], printed: None, remarks: Vec::new() },
        key,
        index,
    )
}

fn day(year: i32) -> Result<Day> {
    Day::new(year, 5, 6).ok_or_else(|| Error::internal("a day"))
}

fn name(turn: usize) -> String {
    const FAMILY: [&str; 8] = ["周", "陈", "林", "吴", "郑", "何", "许", "沈"];
    const GIVEN: [&str; 7] = ["海燕", "志远", "思敏", "国强", "雅琴", "明", "晓东"];
    let part = |all: &'static [&'static str], at: usize| all.get(at % all.len()).copied().unwrap_or_default();
    format!("{}{}", part(&FAMILY, turn), part(&GIVEN, turn / FAMILY.len()))
}

/// A value of the field's kind and usual length; none for a field that is mostly left out.
fn value(field: &Field, person: &Person, turn: usize) -> Option<Value> {
    if !field.required && (field.name.len() + turn).is_multiple_of(3) {
        return None;
    }
    of_kind(&field.kind, person, turn)
}

fn of_kind(kind: &FieldKind, person: &Person, turn: usize) -> Option<Value> {
    Some(match kind {
        FieldKind::Text { one_of, .. } if !one_of.is_empty() => one_of.first()?.as_str().into(),
        FieldKind::Text { format, max, .. } => match format {
            Format::Date | Format::DateOrLong | Format::PartialDate => "2020-05-06".into(),
            Format::Time => "2020-05-06T08:30".into(),
            Format::Amount | Format::Area => "120.50".into(),
            Format::Address => {
                format!("示范省示范市城东区桃源路{}号{}室", turn % 400 + 1, turn % 90 + 101).into()
            }
            Format::HolderCode => person.code.as_str().into(),
            Format::Identifier => format!("J190101-2020-{turn:06}").into(),
            Format::Text if *max > 200 => "依法须经批准的项目,经相关部门批准后方可开展经营活动".into(),
            Format::Text => name(turn).into(),
            Format::Code | Format::SealedReference => return None,
        },
        FieldKind::Integer { min, max } => (*min).max(1).min(*max).into(),
        FieldKind::Code(list) => list.codes.first()?.code.as_str().into(),
        FieldKind::List { item, .. } => vec![of_kind(item, person, turn)?].into(),
        FieldKind::Rows { fields, min, .. } => {
            let row: Map<String, Value> = fields
                .fields()
                .iter()
                .filter_map(|field| Some((field.name.clone(), value(field, person, turn)?)))
                .collect();
            vec![Value::Object(row); (*min).max(1)].into()
        }
        FieldKind::Group(fields) => {
            let group = fields.fields().iter();
            Value::Object(
                group.filter_map(|field| Some((field.name.clone(), value(field, person, turn)?))).collect(),
            )
        }
    })
}
