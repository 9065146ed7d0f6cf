//! Holders known by other codes than citizen numbers, and how their codes follow one another.

use super::stage::Stage;
use crate::cli::demo::faces::{
    Estate, Person, driving_licence, real_estate_certificate, social_security_card,
};
use crate::cli::demo::numbers::{citizen, day};
use crate::record::payload::Validity;
use crate::store::LinkKind;

pub(super) fn foreign(stage: &mut Stage<'_>) {
    lin_jiahao(stage);
    maria_keller(stage);
}

/// A resident of Hong Kong: first the travel permit, since 2018 also the residence permit with 18 digits.
fn lin_jiahao(stage: &mut Stage<'_>) {
    let born = day(1992, 3, 14);
    let permit = Person {
        code_type: "516",
        code: "H90190019".to_owned(),
        name: "林家豪".to_owned(),
        female: false,
        born,
        ethnic: "01",
        nationality: "中国",
        address: "示范省示范市城东区望江路120号金桥公寓1单元1502室".to_owned(),
    };
    let resident = Person { code: citizen("810000", born, 1), ..permit.clone() };
    let (from, driver) = (day(2022, 6, 6), stage.issuer("driver"));
    let licence =
        driving_licence(&permit, driver, "C1", day(2016, 6, 6), from, Validity::Until(from.plus_years(10)));
    stage.script.issue(licence);
    stage.script.link(LinkKind::SamePerson, permit.coded(), resident.coded(), day(2018, 10, 15));
    let hrss = stage.issuer("hrss");
    let card = social_security_card(
        &resident,
        hrss,
        "示范银行城东支行",
        "6219990000199203140".to_owned(),
        day(2020, 3, 9),
    );
    stage.script.issue(card);
}

/// Passport A, renewed as passport B; a permanent resident's card with a number that begins with 9 since 2024.
fn maria_keller(stage: &mut Stage<'_>) {
    let born = day(1985, 7, 11);
    let passport = |code: &str| Person {
        code_type: "414",
        code: code.to_owned(),
        name: "Maria Keller".to_owned(),
        female: true,
        born,
        ethnic: "97",
        nationality: "德国",
        address: "示范省示范市城东区东湖路88号东湖家园3单元802室".to_owned(),
    };
    let (first, renewed) = (passport("C19X00A01"), passport("C19X00B02"));
    // 9, province 19, nationality 276.
    let resident = Person { code_type: "999", code: citizen("919276", born, 2), ..renewed.clone() };
    let (from, driver) = (day(2021, 9, 14), stage.issuer("driver"));
    let licence =
        driving_licence(&first, driver, "C2", day(2015, 9, 14), from, Validity::Until(from.plus_years(10)));
    stage.script.issue(licence);
    stage.script.link(LinkKind::SamePerson, first.coded(), renewed.coded(), day(2019, 5, 3));
    let estate = Estate {
        serial: 190_019,
        location: &renewed.address,
        area_hundredths: 11_250,
        usage: "城镇住宅用地/住宅",
        on: day(2021, 1, 20),
        term_to: day(2081, 5, 31),
    };
    let home = real_estate_certificate(vec![renewed.holder("")], stage.issuer("planning"), estate);
    stage.script.issue(home);
    stage.script.link(LinkKind::SamePerson, renewed.coded(), resident.coded(), day(2024, 3, 11));
    let hrss = stage.issuer("hrss");
    let card = social_security_card(
        &resident,
        hrss,
        "示范商业银行东湖支行",
        "6219990000198507110".to_owned(),
        day(2024, 4, 2),
    );
    stage.script.issue(card);
}
