//! The sentence that a person reads if nothing was found. Only this file writes it.
//!
//! It never says that there is none: a record that is not here may exist elsewhere.

use crate::catalog::coverage::{Absence, Coverage, Missing, Why};

impl Absence {
    /// The answer as shown, for a type of that Chinese name.
    ///
    /// Within coverage: 在〔范围〕内未查询到〔证照名称〕记录(截至〔时间〕). Outside it: 暂无法核验 and why.
    pub fn sentence(&self, type_name: &str) -> String {
        match self {
            Self::NoneWithinCoverage(stated) => {
                let scope: Vec<String> = stated.iter().map(Coverage::scope).collect();
                let as_of =
                    stated.iter().map(|one| one.as_of).min().map(|at| at.legal_text()).unwrap_or_default();
                format!("在{}内未查询到{type_name}记录（截至{as_of}）", scope.join("、"))
            }
            Self::NotCovered { parts, .. } => {
                let parts: Vec<String> = parts.iter().map(Missing::text).collect();
                format!("暂无法核验{type_name}（{}）", parts.join("；"))
            }
            Self::FeedLate { late } => {
                let late: Vec<String> = late
                    .iter()
                    .map(|(system, at)| format!("{system}自{}起未更新", at.legal_text()))
                    .collect();
                format!("暂无法核验{type_name}（{}）", late.join("；"))
            }
        }
    }
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
    /// The part and the reason as shown: 2009-12-31以前：未接入.
    pub fn text(&self) -> String {
        let days = match self.from {
            Some(from) => format!("{from}至{}", self.to),
            None => format!("{}以前", self.to),
        };
        let why = match &self.why {
            Why::NoStatement | Why::Days => "尚未接入".to_owned(),
            Why::RelayedOnly => "须由主管部门答复".to_owned(),
            Why::Region => format!("地区{}尚未接入", self.region),
            Why::Share(share) => format!("仅接入存量的{}.{}%", share / 10, share % 10),
            Why::NotBound { unbound, quarantined } => format!("另有待绑定{unbound}条、待核{quarantined}条"),
            Why::Gap(text) => text.clone(),
        };
        format!("{days}：{why}")
    }
}
