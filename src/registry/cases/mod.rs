//! Applications for items (一号申请): every material of every party answered in one call, by the ways that the item
//! gives.

pub(super) mod agent;
mod allowed;
pub(super) mod answer;
pub(super) mod apply;
pub(super) mod ask;
mod asked;
pub(super) mod bundled;
mod facts;
mod item_case;
mod kinship;
mod needed;
mod noted;
mod past_day;
mod signed;
mod told;
