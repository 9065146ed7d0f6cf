//! Single persons, each for one difficulty of the window.
//!
//! 李建国's number was given to two persons (重号). Two holders cannot have one key. A demo that put both
//! men's cards there would show the error, not its cure: the second man comes in when the number is split.

use super::stage::{Stage, citizen_of};
use crate::catalog::Custody;
use crate::cli::demo::faces::{
    Disability, Issuer, Membership, Pair, Person, disability_certificate, driving_licence, household_front,
    household_member, id_card, marriage_certificate, social_security_card,
};
use crate::cli::demo::numbers::{citizen, day};
use crate::cli::demo::steps::Entry;
use crate::record::payload::Validity;
use crate::store::{HolderState, LinkKind};

pub(super) fn singles(stage: &mut Stage<'_>) {
    liu_guifang(stage);
    li_jianguo(stage);
    wang_yan(stage);
    aygul(stage);
    sun_xiaomei(stage);
    zhao_wenbo(stage);
}

/// Died in September 2026; cremated, not yet deregistered.
fn liu_guifang(stage: &mut Stage<'_>) {
    let liu = citizen_of("刘桂芳", "190101194402150029", "示范省示范市城东区和平里7号3单元201室");
    let household = "190101000002";
    stage.card(&liu, day(2006, 9, 20));
    let front = household_front(&liu, stage.issuer("police"), household, "余音", day(1988, 4, 12));
    stage.script.issue(front);
    stage.member(&liu, household, "02", day(1988, 4, 12), "3");
    let hrss = stage.issuer("hrss");
    let card = social_security_card(
        &liu,
        hrss,
        "示范银行城东支行",
        "6219990000194402150".to_owned(),
        day(2017, 2, 21),
    );
    stage.script.issue(card);
    stage.script.directory(Entry {
        type_code: "real_estate_certificate".to_owned(),
        holders: vec![liu.holder("")],
        custody: Custody::Paper,
        name: "房屋所有权证（1994 年）".to_owned(),
        number: None,
        office: "示范市不动产登记中心档案室".to_owned(),
        issuer: stage.offices.code("planning").to_owned(),
    });
    stage.script.life(liu.coded(), HolderState::DeathReported, day(2026, 9, 12), "殡仪馆火化记录");
}

fn li_jianguo(stage: &mut Stage<'_>) {
    let li = citizen_of("李建国", "190103195809010033", "示范省示范市城东区金桥路52号1单元402室");
    stage.card(&li, day(2009, 10, 13));
    let hrss = stage.issuer("hrss");
    let card = social_security_card(
        &li,
        hrss,
        "示范商业银行东湖支行",
        "6219990000195809010".to_owned(),
        day(2020, 4, 8),
    );
    stage.script.issue(card);
    stage.script.directory(Entry {
        type_code: "driving_licence".to_owned(),
        holders: vec![li.holder("")],
        custody: Custody::AtIssuer,
        name: "机动车驾驶证".to_owned(),
        number: None,
        office: stage.offices.name("driver").to_owned(),
        issuer: stage.offices.code("driver").to_owned(),
    });
}

/// The birth date, and with it the number, was corrected in 2011. The older records stand under the old
/// number.
fn wang_yan(stage: &mut Stage<'_>) {
    let wang = citizen_of("王䶮", "190102197911020011", "示范省示范市城东区书院路3号2单元602室");
    let before =
        Person { code: citizen("190102", day(1979, 11, 20), 1), born: day(1979, 11, 20), ..wang.clone() };
    let corrected = day(2011, 6, 15);
    let (hrss, bank) = (stage.issuer("hrss"), "示范银行城东支行");
    let first = social_security_card(&before, hrss, bank, "6219990000197911001".to_owned(), day(2011, 5, 10));
    stage.script.issue(first);
    stage.script.link(LinkKind::SamePerson, before.coded(), wang.coded(), corrected);
    stage.card(&wang, day(2011, 7, 4));
    stage.member(&wang, "190101000003", "02", day(2011, 6, 20), "3");
    let second = social_security_card(&wang, hrss, bank, "6219990000197911002".to_owned(), day(2021, 4, 26));
    stage.script.issue(second);
    let says = Disability { category: "4", grade: "3", guardian: None };
    let certificate = disability_certificate(&wang, stage.issuer("disabled"), says, day(2019, 3, 12));
    stage.script.issue(certificate);
}

/// Lives in the district next door: the province's system provides card and household card.
fn aygul(stage: &mut Stage<'_>) {
    let person = Person {
        ethnic: "05",
        ..citizen_of("阿依古丽·买买提", "190102199209080048", "示范省示范市城西区文昌街21号5单元301室")
    };
    let issuer =
        Issuer { code: stage.offices.code("police_province"), name: "示范市公安局城西分局" };
    stage.script.issue(id_card(&person, issuer, day(2018, 9, 10)));
    let in_it = Membership {
        household_no: "190102000004",
        relation: "02",
        joined_on: day(2019, 1, 8),
        reason: "3",
        education: Some("20"),
        marital_status: Some("10"),
        work: Some(("示范市第三中学", "教师")),
        handler: "程前",
    };
    let card = stage.script.issue(household_member(&person, issuer, in_it));
    let raised = stage.script.today.plus_days(-6);
    stage.script.dispute(card, &["workplace"], raised, "本人已于今年调往示范市第五中学");
    let (from, driver) = (day(2021, 7, 19), stage.issuer("driver"));
    let licence =
        driving_licence(&person, driver, "C2", day(2015, 7, 19), from, Validity::Until(from.plus_years(10)));
    stage.script.issue(licence);
}

/// Divorced by judgment in 2023. The courts are not connected and no statement covers divorces, so the register
/// still shows the marriage and nothing can be told about its end.
fn sun_xiaomei(stage: &mut Stage<'_>) {
    let address = "示范省示范市城东区河湾路66号河湾花园7单元902室";
    let sun = citizen_of("孙晓梅", "190104199006300066", address);
    let he = citizen_of("何志平", &citizen("190101", day(1989, 4, 17), 3), address);
    stage.card(&sun, day(2017, 1, 16));
    stage.card(&he, day(2019, 5, 27));
    stage.member(&sun, "190101000005", "02", day(2015, 8, 3), "2");
    let pair = Pair {
        one: &he,
        other: &sun,
        number: "J190101-2015-000520",
        on: day(2015, 5, 20),
        registrar: "谢文",
    };
    let certificate = marriage_certificate(stage.issuer("civil"), pair);
    stage.script.issue(certificate);
}

/// One name and two persons. The number of the one born in 1904 has a right check digit: the window says
/// 「出生于 1904 年,请核对」 and opens nothing by itself.
fn zhao_wenbo(stage: &mut Stage<'_>) {
    let address = "示范省示范市城东区槐荫街9号1单元101室";
    let young = citizen_of("赵文博", "190104200403170053", address);
    let old = citizen_of("赵文博", "190104190401010017", "示范省示范市城东区石榴巷4号");
    stage.card(&young, day(2020, 3, 23));
    stage.member(&young, "190101000006", "20", day(2011, 2, 14), "2");
    let (first, driver) = (day(2022, 8, 30), stage.issuer("driver"));
    let licence = driving_licence(&young, driver, "C1", first, first, Validity::Until(first.plus_years(6)));
    stage.script.issue(licence);
    stage.member(&old, "190101000007", "02", day(1987, 11, 2), "3");
}
