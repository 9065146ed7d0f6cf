//! Applications for items (一号申请): every material of every party answered in one call, by the ways that the item
//! gives.

pub(super) mod agent;
pub(super) mod answer;
pub(super) mod apply;
pub(super) mod ask;
mod asked;
mod facts;
mod kinship;
mod needed;
mod noted;
mod past_day;
mod signed;
