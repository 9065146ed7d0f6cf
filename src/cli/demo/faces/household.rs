//! The booklet of a household: its front for the head, a card for each member.

use super::{Issuer, Person, draft, face, maybe};
use crate::cli::demo::numbers::household_id;
use crate::cli::demo::steps::Draft;
use crate::clock::Day;

/// A person's place in a household, and the other fields of the card.
#[derive(Debug, Clone, Copy)]
pub struct Membership<'a> {
    /// 户号.
    pub household_no: &'a str,
    /// 与户主关系, GB/T 4761.
    pub relation: &'a str,
    /// Since when.
    pub joined_on: Day,
    /// 入户原因.
    pub reason: &'a str,
    /// 文化程度.
    pub education: Option<&'a str>,
    /// 婚姻状况, as told by the person; often out of date.
    pub marital_status: Option<&'a str>,
    /// 服务处所 and 职业.
    pub work: Option<(&'a str, &'a str)>,
    /// 承办人.
    pub handler: &'a str,
}

/// 户口簿首页.
pub fn household_front(
    head: &Person,
    issuer: Issuer<'_>,
    household_no: &str,
    handler: &str,
    on: Day,
) -> Draft {
    let face = face! {
        household_kind: "1",
        head_name: head.name.as_str(),
        household_no: household_no,
        address: head.address.as_str(),
        registry_office: issuer.name,
        handler: handler,
        issued_on: on.to_string(),
        household_id: household_id(household_no),
    };
    draft("household_front", issuer, vec![head.holder("")], face, on)
}

/// 常住人口登记卡.
pub fn household_member(person: &Person, issuer: Issuer<'_>, in_it: Membership<'_>) -> Draft {
    let on = in_it.joined_on;
    let mut face = face! {
        name: person.name.as_str(),
        relation_to_head: in_it.relation,
        sex: person.sex(),
        birthplace: "示范省示范市",
        ethnic_group: person.ethnic,
        native_place: "示范省",
        birth_date: person.born.to_string(),
        id_number: person.code.as_str(),
        handler: in_it.handler,
        registered_on: on.to_string(),
        household_id: household_id(in_it.household_no),
        joined_on: on.to_string(),
        joined_reason: in_it.reason,
    };
    maybe(&mut face, "education", in_it.education);
    maybe(&mut face, "marital_status", in_it.marital_status);
    maybe(&mut face, "workplace", in_it.work.map(|(place, _)| place));
    maybe(&mut face, "occupation", in_it.work.map(|(_, occupation)| occupation));
    draft("household_member", issuer, vec![person.holder("")], face, on)
}
