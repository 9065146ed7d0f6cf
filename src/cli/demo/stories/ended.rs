//! Certificates that ended, so that every state and every action is there for every seed; and somebody who died.

use super::stage::{Stage, citizen_of};
use crate::cli::demo::faces::{
    Death, Disability, Estate, death_certificate, disability_certificate, driving_licence,
    real_estate_certificate, social_security_card,
};
use crate::cli::demo::numbers::{citizen, day};
use crate::cli::demo::steps::Act;
use crate::record::action::Action;
use crate::record::payload::Validity;
use crate::store::HolderState;

pub(super) fn ended(stage: &mut Stage<'_>) {
    moved_away(stage);
    recovered(stage);
    taken_back(stage);
    died(stage);
}

/// Number of 温长庚.
pub(super) fn dead() -> String {
    citizen("190101", day(1939, 5, 16), 3)
}

/// Number of 常念慈.
pub(super) fn expired() -> String {
    citizen("190101", day(1996, 2, 8), 2)
}

/// 温长庚 died in a hospital; the household office confirmed it. His own papers fall with him. The end of his social
/// security card is proposed to the office that issued it, which has not decided.
fn died(stage: &mut Stage<'_>) {
    let wen = citizen_of("温长庚", &dead(), "示范省示范市城东区和平里12号2单元102室");
    stage.card(&wen, day(2007, 3, 5));
    stage.member(&wen, "190101000019", "02", day(1985, 6, 1), "3");
    let (hrss, health) = (stage.issuer("hrss"), stage.issuer("health"));
    let card = social_security_card(
        &wen,
        hrss,
        "示范银行城东支行",
        "6219990000193905160".to_owned(),
        day(2016, 9, 12),
    );
    stage.script.issue(card);
    let (died_on, on) = (day(2026, 1, 9), day(2026, 1, 10));
    let place = "示范市第一人民医院";
    let says = Death { number: "1901019019", died_on, place, cause: "脑梗死", on };
    stage.script.issue(death_certificate(&wen, health, says));
    stage.script.life(wen.coded(), HolderState::Deceased, day(2026, 1, 20), "户口登记机关注销户口");
}

/// 钟若兰 moved to the neighbouring province, and her disability certificate with her.
fn moved_away(stage: &mut Stage<'_>) {
    let address = "示范省示范市城东区桃园路15号2单元301室";
    let zhong = citizen_of("钟若兰", &citizen("190101", day(1974, 6, 21), 2), address);
    stage.card(&zhong, day(2013, 7, 8));
    let disabled = stage.issuer("disabled");
    let says = Disability { category: "1", grade: "2", guardian: None };
    let of = stage.script.issue(disability_certificate(&zhong, disabled, says, day(2021, 4, 12)));
    let ground = "户籍迁往邻江市，残疾人证转出";
    stage.script.act(of, Action::TransferOut, disabled.code, ground, day(2024, 9, 2));
}

/// 常念慈's certificate lapsed; her driving licence was suspended, given back and has passed its review.
fn recovered(stage: &mut Stage<'_>) {
    let address = "示范省示范市城东区学府路40号学府名邸9单元1201室";
    let chang = citizen_of("常念慈", &expired(), address);
    stage.card(&chang, day(2022, 2, 14));
    let disabled = stage.issuer("disabled");
    let says = Disability { category: "2", grade: "4", guardian: None };
    let of = stage.script.issue(disability_certificate(&chang, disabled, says, day(2018, 5, 7)));
    stage.script.act(of, Action::Lapse, disabled.code, "重新评定后不再符合残疾标准", day(2023, 5, 9));

    let (from, driver) = (day(2020, 8, 17), stage.issuer("driver"));
    let licence = driving_licence(&chang, driver, "C1", from, from, Validity::Until(from.plus_years(6)));
    let of = stage.script.issue(licence);
    let ground = "一个记分周期内记满十二分";
    stage.script.act(of, Action::Suspend, driver.code, ground, day(2023, 3, 1));
    stage.script.act(of, Action::Restore, driver.code, "学习并考试合格，发还", day(2023, 4, 3));
    if let Some(of) = of {
        let passed = Act::new(of, Action::Endorse, driver.code, "审验合格", day(2024, 4, 3));
        let review_due = Some(stage.script.today.plus_days(180));
        stage.script.put_act(Act { review_due, ..passed });
    }
}

/// The land under 邵学文's house was taken back for a public need: 撤回, from now on, not 撤销.
fn taken_back(stage: &mut Stage<'_>) {
    let address = "示范省示范市城东区团结巷2号";
    let shao = citizen_of("邵学文", &citizen("190101", day(1963, 10, 30), 1), address);
    stage.card(&shao, day(2011, 1, 5));
    let planning = stage.issuer("planning");
    let estate = Estate {
        serial: 190_077,
        location: address,
        area_hundredths: 6_120,
        usage: "城镇住宅用地/住宅",
        on: day(2016, 5, 24),
        term_to: day(2063, 4, 30),
    };
    let of = stage.script.issue(real_estate_certificate(vec![shao.holder("")], planning, estate));
    let ground = "因公共利益需要提前收回国有建设用地使用权";
    stage.script.act(of, Action::Withdraw, planning.code, ground, day(2025, 6, 16));
}
