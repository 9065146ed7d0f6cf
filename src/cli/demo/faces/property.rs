//! Property and business: real-estate certificate, business licence.

use serde_json::Value;

use super::{Issuer, draft, face, maybe, printed};
use crate::cli::demo::steps::{Draft, DraftHolder};
use crate::clock::Day;
use crate::record::payload::Validity;

/// A real-estate unit and the right to it.
#[derive(Debug, Clone, Copy)]
pub struct Estate<'a> {
    /// Running number; certificate and unit number are made of it.
    pub serial: u32,
    /// 坐落.
    pub location: &'a str,
    /// 面积 in hundredths of a square metre.
    pub area_hundredths: u32,
    /// 用途.
    pub usage: &'a str,
    /// 登记日期.
    pub on: Day,
    /// End of the land-use term.
    pub term_to: Day,
}

/// 不动产权证书. One owner: 单独所有; several without shares: 共同共有; with shares: 按份共有.
pub fn real_estate_certificate(owners: Vec<DraftHolder>, issuer: Issuer<'_>, estate: Estate<'_>) -> Draft {
    let kind = match owners.as_slice() {
        [_] => "0",
        [first, ..] if first.share.is_some() => "2",
        _ => "1",
    };
    let rows: Vec<Value> = owners
        .iter()
        .map(|owner| {
            Value::Object(face! {
                name: owner.name.as_str(),
                id_type: owner.code_type.as_str(),
                id_number: owner.code.as_str(),
            })
        })
        .collect();
    let area = format!("{}.{:02}", estate.area_hundredths / 100, estate.area_hundredths % 100);
    let serial = estate.serial;
    let face = face! {
        certificate_no: format!("示({})示范市不动产权第{serial:07}号", estate.on.year()),
        owners: rows,
        co_ownership: kind,
        location: estate.location,
        unit_no: format!("190101{:03}{:03}GB{:05}F{:04}{:04}", serial / 1_000_000 % 1000, serial / 9_000 % 1000, serial % 100_000, serial % 9_000, serial / 100_000 % 10_000),
        right_type: "国有建设用地使用权/房屋所有权",
        right_nature: "出让/市场化商品房",
        usage: estate.usage,
        area: area,
        use_term_from: estate.term_to.plus_days(-25_566).to_string(),
        use_term_to: estate.term_to.to_string(),
        registered_on: estate.on.to_string(),
        registry: issuer.name,
    };
    let owners = owners.into_iter().map(|owner| DraftHolder { role: None, ..owner }).collect();
    let drawn = draft("real_estate_certificate", issuer, owners, face, estate.on);
    Draft { valid_to: Some(Validity::Until(estate.term_to)), ..drawn }
}

/// The fields of a business licence beside code and name.
#[derive(Debug, Clone, Copy)]
pub struct Licence<'a> {
    /// 类型.
    pub entity_type: &'a str,
    /// The member that names the head: `legal_representative`, `person_in_charge` or `operator`.
    pub led_as: &'a str,
    /// The head.
    pub led_by: &'a str,
    /// 注册资本 in 万元.
    pub capital: Option<&'a str>,
    /// 成立日期.
    pub founded: Day,
    /// 营业期限(止).
    pub term_to: Validity,
    /// 经营范围.
    pub scope: &'a str,
    /// 住所.
    pub domicile: &'a str,
}

/// 营业执照.
pub fn business_licence(entity: DraftHolder, issuer: Issuer<'_>, says: Licence<'_>) -> Draft {
    let mut face = face! {
        credit_code: entity.code.as_str(),
        name: entity.name.as_str(),
        entity_type: says.entity_type,
        established_on: says.founded.to_string(),
        term_from: says.founded.to_string(),
        term_to: printed(says.term_to),
        scope: says.scope,
        domicile: says.domicile,
        registrar: issuer.name,
        issued_on: says.founded.to_string(),
        copy_no: "1-1",
    };
    maybe(&mut face, says.led_as, Some(says.led_by));
    maybe(&mut face, "organisation_form", (says.led_as == "operator").then_some("个人经营"));
    maybe(&mut face, "registered_capital", says.capital);
    maybe(&mut face, "capital_currency", says.capital.map(|_| "CNY"));
    let drawn = draft("business_licence", issuer, vec![entity], face, says.founded);
    Draft { valid_from: Some(says.founded), valid_to: Some(says.term_to), ..drawn }
}
