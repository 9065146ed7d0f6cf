//! Certificates of one person: ID card, social security card, driving licence, disability certificate.

use super::{Issuer, Person, draft, face, maybe, printed};
use crate::cli::demo::steps::Draft;
use crate::clock::Day;
use crate::record::payload::Validity;

/// The end of an ID card by the age of its holder (居民身份证法 article 5), as the type's rule has it.
pub fn id_card_term(born: Day, from: Day) -> Validity {
    match born.years_until(from) {
        0..16 => Validity::Until(from.plus_years(5)),
        16..26 => Validity::Until(from.plus_years(10)),
        26..46 => Validity::Until(from.plus_years(20)),
        _ => Validity::LongTerm,
    }
}

/// 居民身份证信息, valid from the day of issue.
pub fn id_card(person: &Person, issuer: Issuer<'_>, from: Day) -> Draft {
    let valid_to = id_card_term(person.born, from);
    let face = face! {
        name: person.name.as_str(),
        sex: person.sex(),
        ethnic_group: person.ethnic,
        birth_date: person.born.to_string(),
        address: person.address.as_str(),
        id_number: person.code.as_str(),
        issuing_authority: issuer.name,
        valid_from: from.to_string(),
        valid_to: printed(valid_to),
    };
    let drawn = draft("resident_id_card", issuer, vec![person.holder("")], face, from);
    Draft { valid_from: Some(from), valid_to: Some(valid_to), ..drawn }
}

/// 社会保障卡, valid for ten years.
pub fn social_security_card(
    person: &Person,
    issuer: Issuer<'_>,
    bank: &str,
    card_no: String,
    on: Day,
) -> Draft {
    let valid_to = on.plus_years(10);
    let face = face! {
        name: person.name.as_str(),
        social_security_no: person.code.as_str(),
        card_no: card_no,
        issuing_region: "示范省示范市",
        bank: bank,
        issued_on: on.to_string(),
        valid_to: valid_to.to_string(),
        status: "1",
    };
    let drawn = draft("social_security_card", issuer, vec![person.holder("")], face, on);
    Draft { valid_to: Some(Validity::Until(valid_to)), ..drawn }
}

/// 机动车驾驶证 of the class; `from` to `valid_to` is the running term.
pub fn driving_licence(
    person: &Person,
    issuer: Issuer<'_>,
    class: &str,
    first: Day,
    from: Day,
    valid_to: Validity,
) -> Draft {
    let mut face = face! {
        certificate_no: person.code.as_str(),
        name: person.name.as_str(),
        sex: person.sex(),
        nationality: person.nationality,
        address: person.address.as_str(),
        birth_date: person.born.to_string(),
        first_issued_on: first.to_string(),
        vehicle_classes: vec![class],
        valid_from: from.to_string(),
        valid_to: printed(valid_to),
        points_status: "未满分",
        status: "1",
        issuing_authority: issuer.name,
    };
    let file_no = format!("1901{:08}", first.number().unsigned_abs() * 7 % 100_000_000);
    maybe(&mut face, "file_no", Some(file_no));
    let drawn = draft("driving_licence", issuer, vec![person.holder("")], face, from);
    Draft { valid_from: Some(from), valid_to: Some(valid_to), ..drawn }
}

/// The fields of a disability certificate beside the person.
#[derive(Debug, Clone, Copy)]
pub struct Disability<'a> {
    /// 残疾类别.
    pub category: &'a str,
    /// 残疾等级.
    pub grade: &'a str,
    /// 监护人 with the relation.
    pub guardian: Option<(&'a Person, &'a str)>,
}

/// 残疾人证, valid for ten years; its number is the citizen number, the category and the grade.
pub fn disability_certificate(person: &Person, issuer: Issuer<'_>, says: Disability<'_>, on: Day) -> Draft {
    let valid_to = on.plus_years(10);
    let mut face = face! {
        name: person.name.as_str(),
        sex: person.sex(),
        ethnic_group: person.ethnic,
        birth_date: person.born.to_string(),
        certificate_no: format!("{}{}{}", person.code, says.category, says.grade),
        category: says.category,
        grade: says.grade,
        address: person.address.as_str(),
        issuing_authority: issuer.name,
        issued_on: on.to_string(),
        valid_to: valid_to.to_string(),
    };
    let mut holders = vec![person.holder("holder")];
    if let Some((guardian, relation)) = says.guardian {
        holders.push(guardian.holder("guardian"));
        maybe(&mut face, "guardian_name", Some(guardian.name.as_str()));
        maybe(&mut face, "guardian_relation", Some(relation));
    }
    let drawn = draft("disability_certificate", issuer, holders, face, on);
    Draft { valid_to: Some(Validity::Until(valid_to)), ..drawn }
}
