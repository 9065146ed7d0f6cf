//! Certificates that tie persons together, and the one that ends a life.

use serde_json::{Map, Value};

use super::{Issuer, Person, draft, face, maybe};
use crate::cli::demo::steps::Draft;
use crate::clock::Day;

/// Two spouses and the entry in the register.
#[derive(Debug, Clone, Copy)]
pub struct Pair<'a> {
    /// One.
    pub one: &'a Person,
    /// The other.
    pub other: &'a Person,
    /// 字号.
    pub number: &'a str,
    /// 登记日期.
    pub on: Day,
    /// 登记员.
    pub registrar: &'a str,
}

/// 结婚证.
pub fn marriage_certificate(issuer: Issuer<'_>, pair: Pair<'_>) -> Draft {
    spouses("marriage_certificate", issuer, pair)
}

/// 离婚证.
pub fn divorce_certificate(issuer: Issuer<'_>, pair: Pair<'_>) -> Draft {
    spouses("divorce_certificate", issuer, pair)
}

fn spouses(slug: &str, issuer: Issuer<'_>, pair: Pair<'_>) -> Draft {
    let spouse = |person: &Person| {
        Value::Object(face! {
            name: person.name.as_str(),
            sex: person.sex(),
            nationality: person.nationality,
            birth_date: person.born.to_string(),
            id_type: person.code_type,
            id_number: person.code.as_str(),
        })
    };
    let face = face! {
        registered_on: pair.on.to_string(),
        certificate_no: pair.number,
        spouses: vec![spouse(pair.one), spouse(pair.other)],
        registry: issuer.name,
        registrar: pair.registrar,
        issue_kind: "1",
    };
    let holders = vec![pair.one.holder("spouse"), pair.other.holder("spouse")];
    draft(slug, issuer, holders, face, pair.on)
}

/// A birth.
#[derive(Debug, Clone, Copy)]
pub struct Birth<'a> {
    /// The child; its code is the certificate's own number (999) while it has no other.
    pub child: &'a Person,
    /// The mother.
    pub mother: &'a Person,
    /// The father, where he is given.
    pub father: Option<&'a Person>,
    /// One letter and nine digits.
    pub number: &'a str,
    /// Clock time of the birth, `08:15`.
    pub at: &'a str,
    /// 体重 in grams.
    pub weight_g: u32,
    /// The day of issue.
    pub on: Day,
}

/// 出生医学证明.
pub fn birth_certificate(issuer: Issuer<'_>, birth: Birth<'_>) -> Draft {
    let born = birth.child.born;
    let edition = if birth.on.year() < 2014 { "第四版" } else { "第六版" };
    let edition = if birth.on.to_string().as_str() >= "2023-04-01" { "第七版" } else { edition };
    let mut face = face! {
        certificate_no: birth.number,
        newborn_name: birth.child.name.as_str(),
        sex: birth.child.sex(),
        born_at: format!("{born}T{}", birth.at),
        gestation_weeks: 39,
        weight_g: birth.weight_g,
        length_cm: 50,
        birthplace: "示范省示范市城东区",
        institution: "示范市妇幼保健院",
        edition: edition,
        issue_kind: "1",
        issued_on: birth.on.to_string(),
        issuing_institution: issuer.name,
    };
    parent(&mut face, "mother", birth.mother, born);
    match birth.father {
        Some(father) => parent(&mut face, "father", father, born),
        None => maybe(&mut face, "father_note", Some("未提供")),
    }
    let mut holders = vec![birth.child.holder("child"), birth.mother.holder("mother")];
    holders.extend(birth.father.map(|father| father.holder("father")));
    draft("birth_certificate", issuer, holders, face, birth.on)
}

fn parent(face: &mut Map<String, Value>, who: &str, person: &Person, born: Day) {
    for (field, value) in [
        ("name", Value::from(person.name.as_str())),
        ("age", Value::from(person.age_on(born))),
        ("nationality", Value::from(person.nationality)),
        ("ethnic_group", Value::from(person.ethnic)),
        ("address", Value::from(person.address.as_str())),
        ("id_type", Value::from(person.code_type)),
        ("id_number", Value::from(person.code.as_str())),
    ] {
        face.insert(format!("{who}_{field}"), value);
    }
}

/// A death.
#[derive(Debug, Clone, Copy)]
pub struct Death<'a> {
    /// The number of the certificate.
    pub number: &'a str,
    /// The day.
    pub died_on: Day,
    /// The place.
    pub place: &'a str,
    /// The cause; never shown.
    pub cause: &'a str,
    /// The day of issue.
    pub on: Day,
}

/// 死亡证明, the medical one.
pub fn death_certificate(person: &Person, issuer: Issuer<'_>, death: Death<'_>) -> Draft {
    let face = face! {
        certificate_no: death.number,
        deceased_name: person.name.as_str(),
        sex: person.sex(),
        ethnic_group: person.ethnic,
        id_type: person.code_type,
        id_number: person.code.as_str(),
        birth_date: person.born.to_string(),
        died_on: death.died_on.to_string(),
        place: death.place,
        cause: death.cause,
        source: "1",
        issuing_unit: issuer.name,
        issued_on: death.on.to_string(),
    };
    draft("death_certificate", issuer, vec![person.holder("")], face, death.on)
}
