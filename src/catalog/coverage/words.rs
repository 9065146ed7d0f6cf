//! The sentence that a person reads if nothing was found. Only this file writes it.
//!
//! It never says that there is none: a record that is not here may exist elsewhere.

use crate::catalog::Region;
use crate::catalog::coverage::{Absence, Coverage, Missing, Why};

impl Absence {
    /// The answer as shown, for a type of that Chinese name; `named` gives the names of regions.
    ///
    /// Within coverage: 在〔范围〕内未查询到〔证照名称〕记录(截至〔时间〕). Outside it: 暂无法核验, the statements that
    /// were searched, and each part that they leave open.
    pub fn sentence(&self, type_name: &str, named: &dyn Fn(Region) -> String) -> String {
        match self {
            Self::NoneWithinCoverage(stated) => {
                let as_of =
                    stated.iter().map(|one| one.as_of).min().map(|at| at.legal_text()).unwrap_or_default();
                format!("在{}内未查询到{type_name}记录（截至{as_of}）", scopes(stated))
            }
            Self::NotCovered { parts, stated } => {
                let searched = match stated.as_slice() {
                    [] => String::new(),
                    stated => format!("已查{}；未查明：", scopes(stated)),
                };
                format!("暂无法核验{type_name}（{searched}{}）", open_parts(parts, named))
            }
            Self::FeedLate { late } => {
                let late: Vec<String> = late
                    .iter()
                    .map(|(system, at)| format!("{system}自{}起未更新", at.legal_text()))
                    .collect();
                format!("暂无法核验{type_name}（{}）", late.join("；"))
            }
            Self::DoesNotApply(unfit) => format!("{type_name}不适用（{}）", unfit.zh()),
        }
    }
}

fn scopes(stated: &[Coverage]) -> String {
    stated.iter().map(Coverage::scope).collect::<Vec<_>>().join("、")
}

/// The parts, those of the same days and region in one.
fn open_parts(parts: &[Missing], named: &dyn Fn(Region) -> String) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut before: Option<&Missing> = None;
    for part in parts {
        let same = |one: &Missing| (one.region, one.from, one.to) == (part.region, part.from, part.to);
        match (before.is_some_and(same), texts.last_mut()) {
            (true, Some(text)) => {
                text.push('、');
                text.push_str(&part.why.text());
            }
            _ => {
                let (region, days) = (named(part.region), part.days());
                texts.push(format!("{region}{days}：{}", part.why.text()));
            }
        }
        before = Some(part);
    }
    texts.join("；")
}

impl Coverage {
    /// The scope as shown: 示范省婚姻登记系统（2010-01-01以来、示范省范围）.
    pub fn scope(&self) -> String {
        let days = match (self.issued_from, self.issued_to) {
            (Some(from), Some(to)) => format!("{from}至{to}"),
            (Some(from), None) => format!("{from}以来"),
            (None, Some(to)) => format!("{to}以前"),
            (None, None) => "历年".to_owned(),
        };
        let regions: Vec<&str> = self.regions.iter().map(|region| region.name.as_str()).collect();
        format!("{}（{days}、{}范围）", self.issuing_system, regions.join("、"))
    }
}

impl Missing {
    /// The days of the part as shown: 2009-12-31以前.
    pub fn days(&self) -> String {
        match self.from {
            Some(from) => format!("{from}至{}", self.to),
            None => format!("{}以前", self.to),
        }
    }
}

impl Why {
    /// The reason as shown, with its counts: 另有待绑定7条、待核2条.
    pub fn text(&self) -> String {
        match self {
            Self::NoStatement | Self::Days => "尚未接入".to_owned(),
            Self::RelayedOnly => "须由主管部门答复".to_owned(),
            Self::Region => "地区尚未接入".to_owned(),
            Self::Share(share) => format!("仅接入存量的{}.{}%", share / 10, share % 10),
            Self::NotBound { unbound, quarantined } => format!("另有待绑定{unbound}条、待核{quarantined}条"),
            Self::Gap(text) => text.clone(),
            Self::Late(since) => format!("自{}起未更新", since.legal_text()),
        }
    }
}
