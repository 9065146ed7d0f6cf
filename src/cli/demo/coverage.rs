//! The contents of the demo's stock, so that "nothing found" is worth something (I13): complete for some
//! types, in part for others, silent for one. Divorces are not stated at all, since the courts are not
//! connected.

use super::agencies::{Offices, Types};
use crate::catalog::{Coverage, CoveredRegion, Gap};
use crate::clock::{Day, Moment};

/// The statements as of `now`.
pub fn coverages(offices: &Offices, types: &Types, now: Moment) -> Vec<Coverage> {
    let desk = Desk { offices, types, now };
    of_families(&desk).into_iter().chain(of_departments(&desk)).flatten().collect()
}

/// Identity cards, households, marriages and births.
fn of_families(desk: &Desk<'_>) -> Vec<Option<Coverage>> {
    vec![
        desk.stated("resident_id_card", "示范省人口信息系统", "police_province", ("190000", "示范省"), 2004),
        desk.stated("household_front", "示范市户籍管理系统", "police", ("190101", "城东区"), 1986),
        desk.stated("household_member", "示范市户籍管理系统", "police", ("190101", "城东区"), 1986),
        desk.stated("marriage_certificate", "示范省婚姻登记系统", "civil", ("190101", "城东区"), 2000)
            .map(|one| Coverage { issued_from: date(2012, 7, 1), ..one }),
        // Older entries name no number. A separate statement covers them, so that they do not spoil the years
        // after them.
        desk.stated(
            "marriage_certificate",
            "城东区婚姻登记纸质存量（补录）",
            "civil",
            ("190101", "城东区"),
            1980,
        )
        .map(|one| Coverage {
            issued_to: date(2012, 6, 30),
            share_on_file: 640,
            unbound: 41_287,
            quarantined: 1_905,
            gaps: vec![gap("2003 年部分登记簿受潮损毁，正在修复", date(2003, 1, 1), date(2003, 12, 31))],
            ..one
        }),
        desk.stated(
            "birth_certificate",
            "示范省出生医学信息系统",
            "health_province",
            ("190000", "示范省"),
            1996,
        )
        .map(|one| Coverage {
            share_on_file: 970,
            gaps: vec![gap(
                "1996 年至 2004 年手工签发的存根尚未全部录入",
                date(1996, 1, 1),
                date(2004, 12, 31),
            )],
            ..one
        }),
    ]
}

/// Statements about one department each.
fn of_departments(desk: &Desk<'_>) -> Vec<Option<Coverage>> {
    vec![
        desk.stated("disability_certificate", "示范市残疾人服务系统", "disabled", ("190101", "城东区"), 2008),
        desk.stated("social_security_card", "示范市社会保障卡系统", "hrss", ("190101", "城东区"), 2011),
        desk.stated(
            "real_estate_certificate",
            "示范市不动产登记系统",
            "planning",
            ("190101", "城东区"),
            2015,
        )
        .map(|one| Coverage {
            share_on_file: 880,
            gaps: vec![gap(
                "2015 年 3 月以前的房屋所有权证、土地使用证未换发的仍为纸质",
                None,
                date(2015, 2, 28),
            )],
            ..one
        }),
        desk.stated("death_certificate", "示范省人口死亡信息登记系统", "health", ("190101", "城东区"), 2014)
            .map(|one| Coverage {
                gaps: vec![gap("在家中死亡由公安机关出具证明的未接入", None, None)],
                ..one
            }),
        desk.stated("business_licence", "示范市市场主体登记系统", "market", ("190101", "城东区"), 1985),
        // Its feed has been silent for three days, so the answer is feed_late.
        desk.stated("driving_licence", "示范市驾驶人管理系统", "driver", ("190100", "示范市"), 1996).map(
            |one| {
                let silent = desk.now.plus_seconds(-3 * 24 * 3600);
                Coverage { as_of: silent, heartbeat: silent, ..one }
            },
        ),
    ]
}

struct Desk<'a> {
    offices: &'a Offices,
    types: &'a Types,
    now: Moment,
}

impl Desk<'_> {
    /// A complete and living stock since the first day of a year.
    fn stated(
        &self,
        slug: &str,
        system: &str,
        issuer: &str,
        region: (&str, &str),
        since: i32,
    ) -> Option<Coverage> {
        Some(Coverage {
            type_code: self.types.code(slug)?.to_owned(),
            issuing_system: system.to_owned(),
            issuer: self.offices.code(issuer).to_owned(),
            issued_from: date(since, 1, 1),
            issued_to: None,
            regions: vec![CoveredRegion { code: region.0.parse().ok()?, name: region.1.to_owned() }],
            share_on_file: 1000,
            as_of: self.now,
            heartbeat: self.now,
            gaps: Vec::new(),
            unbound: 0,
            quarantined: 0,
        })
    }
}

fn date(year: i32, month: u32, day: u32) -> Option<Day> {
    Day::new(year, month, day)
}

fn gap(text: &str, from: Option<Day>, to: Option<Day>) -> Gap {
    Gap { text: text.to_owned(), from, to, regions: Vec::new() }
}
