//! The demo's data: an invented district with its agencies, people, companies and their stories.
//!
//! 合成数据 synthetic: regions 19xxxx and 29xxxx are assigned to no place, so no number here is anybody's.
//!
//! [`DemoData::generate`] is a function of seed and day. Births and the years of the stories are fixed. Terms
//! that end soon or have just ended are counted from today, so that the demo tells the same story next year.
//! Everything after today is left out. For measurements [`people::bulk`] makes any number of holders.

pub mod accounts;
pub mod agencies;
pub mod command;
pub mod companies;
pub mod coverage;
mod departments;
pub mod faces;
pub mod fill;
mod numbers;
pub mod people;
mod random;
mod script;
pub mod steps;
mod stories;
#[cfg(test)]
mod tests;
mod words;

use crate::catalog::bundles::BundleDef;
use crate::catalog::items::ItemDef;
use crate::catalog::{Agency, Authority, Coverage};
use crate::clock::{Day, Moment};
use accounts::Accounts;
use agencies::{Department, Offices, Types};
use script::Script;
use steps::Step;

/// The seed of `elicense demo`.
pub const SEED: u64 = 19;
/// How many generated families there are beside the people of the stories.
const FAMILIES: u32 = 64;

/// Everything that fills a registry with the demo.
#[derive(Debug, Clone)]
pub struct DemoData {
    /// Agencies; a successor stands before the one it took over from.
    pub agencies: Vec<Agency>,
    /// The sixteen departments of the district with how many service items each has.
    pub departments: Vec<Department>,
    /// The items that come with the program.
    pub items: Vec<ItemDef>,
    /// The bundles that come with the program.
    pub bundles: Vec<BundleDef>,
    /// The authority to issue.
    pub authorities: Vec<Authority>,
    /// The contents of the stock, as of the first instant of the day; [`DemoData::restate`] moves it.
    pub coverages: Vec<Coverage>,
    /// The steps, in this order.
    pub steps: Vec<Step>,
    /// The accounts and clients.
    pub accounts: Accounts,
}

impl DemoData {
    /// The demo of a seed as it stands on `today`.
    pub fn generate(seed: u64, today: Day) -> Self {
        let (offices, types) = (Offices::read(), Types::builtin());
        let companies = companies::companies();
        let mut script = Script::new(today);
        stories::stories(&mut script, &offices, &companies);
        companies::licences(&mut script, &offices, &companies, seed);
        for family in people::families(seed, FAMILIES) {
            people::records(&mut script, &offices, seed, &family);
        }
        let items = ItemDef::builtin().unwrap_or_default();
        Self {
            agencies: offices.agencies(),
            departments: offices.departments(),
            authorities: offices.authorities(&types),
            coverages: coverage::coverages(&offices, &types, today.start()),
            steps: script.into_steps(),
            accounts: accounts::accounts(&offices, &types, &items),
            items,
            bundles: BundleDef::builtin().unwrap_or_default(),
        }
    }

    /// The same with coverage as of `now`: feeds whose last sign of life is hours old would count as late.
    pub fn restate(self, now: Moment) -> Self {
        let coverages = coverage::coverages(&Offices::read(), &Types::builtin(), now);
        Self { coverages, ..self }
    }

    /// Numbers to begin with: number, code type, and why.
    pub fn worth_looking_up() -> Vec<(String, &'static str, &'static str)> {
        stories::worth_looking_up()
    }
}
