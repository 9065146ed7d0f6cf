//! Invented companies with their licences: in force, run out, changed, corrected, suspended, ended.
//!
//! Licences from before 2018-10-01 were issued by the former 工商行政管理局; 市场监督管理局 answers for them.

use super::agencies::Offices;
use super::faces::{Issuer, Licence, business_licence, face};
use super::numbers::{credit, day, years_before};
use super::random::SplitMix64;
use super::script::{Place, Script, Version};
use super::steps::{Coded, DraftHolder};
use super::words::{Words, rows};
use crate::clock::Day;
use crate::record::action::Action;
use crate::record::payload::Validity;

const COMPANIES: &str = include_str!("../../../fixtures/demo/companies.tsv");
/// Kind of the random streams of this file.
const STREAM: u64 = 0x43;
/// Numbers of the companies whose stories are told in `stories`.
pub const TOLD: [u32; 3] = [1, 2, 3];

/// One company of the data file.
#[derive(Debug, Clone)]
pub struct Company {
    /// Running number in the organisation code.
    pub n: u32,
    /// Credit code.
    pub code: String,
    /// Name.
    pub name: &'static str,
    /// 成立日期.
    pub founded: Day,
    /// 经营期限 in years; 0: 长期.
    pub years: u32,
    /// 注册资本 in 万元.
    pub capital: Option<&'static str>,
    /// 经营范围.
    pub scope: &'static str,
    form: &'static str,
}

impl Company {
    /// As a holder.
    pub fn holder(&self) -> DraftHolder {
        DraftHolder {
            code_type: "001".to_owned(),
            code: self.code.clone(),
            name: self.name.to_owned(),
            role: None,
            share: None,
        }
    }

    /// The code with its type.
    pub fn coded(&self) -> Coded {
        Coded { code_type: "001".to_owned(), code: self.code.clone() }
    }

    /// The title of the head on the licence.
    fn led_as(&self) -> &'static str {
        match self.form {
            "sole" => "operator",
            "branch" => "person_in_charge",
            _ => "legal_representative",
        }
    }

    fn entity_type(&self) -> &'static str {
        match self.form {
            "sole" => "个体工商户",
            "branch" => "有限责任公司分公司",
            "cooperative" => "农民专业合作社",
            "joint_stock" => "股份有限公司（非上市）",
            _ => "有限责任公司（自然人投资或控股）",
        }
    }

    /// Issues the licence as it was on the day of founding. An end of the term is at most `end`, where given.
    pub fn licence(&self, script: &mut Script, offices: &Offices, leader: &str, end: Option<Day>) -> Place {
        let key = if self.founded < day(2018, 10, 1) { "commerce" } else { "market" };
        let issuer = Issuer { code: offices.code(key), name: offices.name(key) };
        let stated = if self.years == 0 {
            Validity::LongTerm
        } else {
            Validity::Until(self.founded.plus_years(self.years))
        };
        let domicile = format!("示范省示范市城东区兴业路{}号", 10 + self.n % 90);
        let says = Licence {
            entity_type: self.entity_type(),
            led_as: self.led_as(),
            led_by: leader,
            capital: self.capital,
            founded: self.founded,
            term_to: end.map_or(stated, Validity::Until),
            scope: self.scope,
            domicile: &domicile,
        };
        script.issue(business_licence(self.holder(), issuer, says))
    }
}

/// The companies of the data file.
pub fn companies() -> Vec<Company> {
    let company = |columns: Vec<&'static str>| {
        let [n, prefix, region, form, founded, capital, years, scope, name] = columns.as_slice() else {
            return None;
        };
        let n = n.parse().ok()?;
        Some(Company {
            n,
            code: credit(prefix, region, n),
            name,
            founded: founded.parse().ok()?,
            years: years.parse().ok()?,
            capital: (!capital.is_empty()).then_some(*capital),
            scope,
            form,
        })
    };
    rows(COMPANIES).filter_map(company).collect()
}

/// The company of that running number.
pub fn company(companies: &[Company], n: u32) -> Option<&Company> {
    companies.iter().find(|company| company.n == n)
}

/// Adds the steps of all companies whose stories are not told elsewhere.
pub fn licences(script: &mut Script, offices: &Offices, companies: &[Company], seed: u64) {
    let words = Words::all();
    let (today, market) = (script.today, offices.code("market"));
    for company in companies.iter().filter(|company| !TOLD.contains(&company.n)) {
        let rng = &mut SplitMix64::of(seed, STREAM, u64::from(company.n));
        let mut person = || {
            let given = if rng.chance(500) { &words.male } else { &words.female };
            format!("{}{}", rng.pick(&words.surnames), rng.pick(given))
        };
        let (leader, next) = (person(), person());
        let end = match company.n {
            102 => Some(today.plus_days(20)),
            112 => Some(today.plus_days(-265)),
            _ => None,
        };
        let of = company.licence(script, offices, &leader, end);
        let later = day(2019, 5, 6).max(company.founded.plus_days(420));
        match company.n {
            103 | 108 | 109 | 302 => {
                let mut changes = face! { registrar: offices.name("market"), issued_on: later.to_string() };
                changes.insert(company.led_as().to_owned(), next.into());
                let new = Version { changes, ..Version::default() };
                script.version(of, Action::Change, market, "法定代表人变更登记", later, new);
            }
            117 => {
                let changes = face! { registered_capital: "450", registrar: offices.name("market") };
                let new = Version { changes, ..Version::default() };
                script.version(of, Action::Correct, market, "原登记注册资本录入错误", later, new);
            }
            207 => {
                let changes = face! { copy_no: "1-2", registrar: offices.name("market") };
                let new = Version { changes, ..Version::default() };
                script.version(of, Action::Reissue, market, "营业执照遗失，补领", later, new);
            }
            101 => {
                let until = company.founded.plus_years(40);
                let changes = face! { term_to: until.to_string(), registrar: offices.name("market") };
                let new = Version { changes, valid_to: Some(Validity::Until(until)), ..Version::default() };
                script.version(of, Action::Extend, market, "股东会决议延长营业期限", later, new);
            }
            _ => {
                if let Some((action, ground, on)) = ended(company.n, today) {
                    script.act(of, action, market, ground, on);
                }
            }
        }
    }
}

/// How a company's licence ended: within the last year, so that the story is fresh.
fn ended(company: u32, today: Day) -> Option<(Action, &'static str, Day)> {
    match company {
        107 => Some((Action::Annul, "提交虚假材料取得登记，撤销设立登记", today.plus_days(-12))),
        106 | 203 => {
            Some((Action::Revoke, "开业后自行停业连续六个月以上，吊销营业执照", years_before(today, 1)))
        }
        201 | 113 => Some((Action::Cancel, "经营者申请注销登记", today.plus_days(-120))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_thirty_and_every_row_is_read() {
        let all = companies();
        assert!(all.len() >= 30);
        assert_eq!(all.len(), rows(COMPANIES).count());
        for (n, code) in [(1, "91190101MD1000018C"), (2, "91190101MD10000267"), (3, "92190101MD1000034Y")] {
            assert_eq!(company(&all, n).unwrap().code, code);
        }
    }
}
