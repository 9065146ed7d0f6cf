//! Companies with a story.
//!
//! 城东区社区服务中心 is a 民办非企业单位: it has a registration certificate of the civil-affairs office (a
//! type that is not in the catalog) and no business licence. Its house stands here. The qualification of
//! 云岭建筑 is not in the catalog either; its licence is suspended here.

use super::stage::Stage;
use crate::cli::demo::companies::{Company, company};
use crate::cli::demo::faces::{Estate, face, real_estate_certificate};
use crate::cli::demo::numbers::{credit, day};
use crate::cli::demo::steps::{Act, DraftHolder};
use crate::record::action::Action;
use crate::store::{HolderState, LinkKind};

pub(super) fn entities(stage: &mut Stage<'_>, companies: &[Company]) {
    if let Some(restaurant) = company(companies, 3) {
        restaurant_becomes_company(stage, restaurant);
    }
    if let (Some(merged), Some(taker)) = (company(companies, 1), company(companies, 105)) {
        merger(stage, merged, taker);
    }
    if let Some(builder) = company(companies, 2) {
        let of = builder.licence(stage.script, stage.offices, "罗承志", None);
        let (market, since) = (stage.offices.code("market"), stage.script.today.plus_days(-30));
        stage.script.act(of, Action::Suspend, market, "发生生产安全责任事故，暂扣营业执照", since);
    }
    centre(stage);
}

/// 个转企: the 个体工商户 becomes a company in 2025 and keeps its code with 92.
fn restaurant_becomes_company(stage: &mut Stage<'_>, restaurant: &Company) {
    let of = restaurant.licence(stage.script, stage.offices, "陈志远", None);
    let Some(of) = of else { return };
    let (name, on) = ("示范市海燕餐饮有限公司", day(2025, 9, 1));
    let changes = face! {
        name: name,
        entity_type: "有限责任公司（自然人独资）",
        legal_representative: "陈志远",
        registered_capital: "50",
        capital_currency: "CNY",
        registrar: stage.offices.name("market"),
        issued_on: on.to_string(),
    };
    let act = Act::new(of, Action::Change, stage.offices.code("market"), "个体工商户直接变更为企业", on);
    stage.script.put_act(Act {
        changes: Some(changes),
        dropped: vec!["operator".to_owned(), "organisation_form".to_owned()],
        holders: Some(vec![DraftHolder { name: name.to_owned(), ..restaurant.holder() }]),
        ..act
    });
}

/// 临港物流 is taken over and dissolved; the successor is shown, never followed.
fn merger(stage: &mut Stage<'_>, merged: &Company, taker: &Company) {
    let of = merged.licence(stage.script, stage.offices, "冯向阳", None);
    let on = day(2026, 3, 31);
    stage.script.act(of, Action::Cancel, stage.offices.code("market"), "因合并解散，注销登记", on);
    stage.script.life(merged.coded(), HolderState::Dissolved, on, "市场监督管理局注销登记");
    stage.script.link(LinkKind::Successor, merged.coded(), taker.coded(), on);
}

fn centre(stage: &mut Stage<'_>) {
    let owner = DraftHolder {
        code_type: "001".to_owned(),
        code: credit("52", "190101", 6),
        name: "城东区社区服务中心".to_owned(),
        role: None,
        share: None,
    };
    let estate = Estate {
        serial: 190_052,
        location: "示范省示范市城东区东大街2号",
        area_hundredths: 42_600,
        usage: "公共管理与公共服务用地/公共设施",
        on: day(2018, 12, 4),
        term_to: day(2068, 12, 3),
    };
    let house = real_estate_certificate(vec![owner], stage.issuer("planning"), estate);
    stage.script.issue(house);
}
