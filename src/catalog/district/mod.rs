//! The catalog of one district (practice 3.1): sixteen departments, 343 items, 2,948 materials. The items that have a file
//! are in it; the others are put together from words, the same for the same seed.
//!
//! The figures are those of one survey ([`LABEL`]); the items are synthetic.

mod counts;
mod deal;
mod make;
mod words;

#[cfg(test)]
mod tests;

pub use counts::{DistrictCounts, Ranked, body, ranked};
pub use make::District;

/// What stands beside every figure of the district.
pub const LABEL: &str = "合成数据;数字取自 2016 年某区调研,部门名称按现行机构重排";
