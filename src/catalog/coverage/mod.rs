//! Coverage (覆盖范围): the contents of a type's stock here, and so the worth of "nothing found" (I13).
//!
//! A [`Coverage`] is one signed, dated statement for (type, issuing system). A [`Question`] gives the days
//! and regions in which such a record could have been issued. For a person, these are the days from the birth
//! date (or from the age of marriage) to today, and every possible region. [`absence`] compares the two.
//!
//! The rule. For each region asked, a statement counts if its regions cover it whole and its stock is
//! complete: share on file 1000 ‰, no unbound and no quarantined row. Their days of issue, less their gaps,
//! must cover the days asked without a hole. A statement whose stock is not complete makes a hole of its own
//! days, whatever others say of them: its rows may be of anybody. Several statements may do so together in time, but not in space:
//! nothing here knows which counties make up a province. A question without days asks for all days, one
//! without regions for the whole country. An issuer with unbound rows of old years states those years on
//! their own, so that they do not spoil the others.
//!
//! The answer names each part that is not covered, with every reason that the statements give. A part whose feed is late is `FeedLate`. Both are
//! `undetermined` to the caller; only [`Absence::NoneWithinCoverage`] may satisfy or fail anything.

mod judge;
mod words;

#[cfg(test)]
mod tests;

pub use judge::absence;

use serde::{Deserialize, Serialize};

use crate::catalog::{Region, Unfit};
use crate::clock::{Day, Moment, any_moment};
use crate::closed::closed;

/// A feed without a sign of life for so many seconds is late.
pub const FEED_LATE_S: i64 = 2 * 86_400;

/// One statement about the records on file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// 21-character type code.
    pub type_code: String,
    /// Name of the system the records come from: 示范省婚姻登记系统.
    pub issuing_system: String,
    /// Credit code of the agency that makes the statement.
    pub issuer: String,
    /// First day of issue on file; none if there is no earlier issue at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_from: Option<Day>,
    /// Last day of issue on file; none if the feed goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued_to: Option<Day>,
    /// Regions of issue, each with everything below it.
    pub regions: Vec<CoveredRegion>,
    /// Share of the stock of these days and regions that is on file, in permille.
    #[schema(maximum = 1000)]
    pub share_on_file: u16,
    /// The time up to which the stock is known: the last feed.
    #[serde(deserialize_with = "any_moment::deserialize")]
    pub as_of: Moment,
    /// The last sign of life of the feed, with or without rows.
    #[serde(deserialize_with = "any_moment::deserialize")]
    pub heartbeat: Moment,
    /// The known gaps.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// Rows kept without a sure number (待绑定).
    pub unbound: u64,
    /// Rows kept with a doubtful number (待核).
    pub quarantined: u64,
}

/// A region with the name it is shown by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoveredRegion {
    /// The code.
    pub code: Region,
    /// The name.
    pub name: String,
}

/// A known hole in a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The gap and its reason, as shown: 2003 年城西区档案受损.
    pub text: String,
    /// First day of issue it concerns; none for all before [`Gap::to`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Day>,
    /// Last day of issue it concerns; none for all after [`Gap::from`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Day>,
    /// Regions it concerns; none for all of the statement's.
    #[serde(default)]
    pub regions: Vec<Region>,
}

/// The days and regions in which such a record could have been issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    type_code: String,
    regions: Vec<Region>,
    from: Option<Day>,
    to: Option<Day>,
}

/// Why a question was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionFault {
    /// The last day lies before the first.
    #[error("the last day of the question lies before its first")]
    SpanBackwards,
}

impl Question {
    /// A question for records of a type that could have been issued in `regions` (none: anywhere in the
    /// country) from a day (none: the beginning of time) to a day (none: today), both included. Days after
    /// today are not asked for.
    pub fn new(
        type_code: impl Into<String>,
        regions: Vec<Region>,
        from: Option<Day>,
        to: Option<Day>,
    ) -> Result<Self, QuestionFault> {
        if matches!((from, to), (Some(from), Some(to)) if to < from) {
            return Err(QuestionFault::SpanBackwards);
        }
        let regions = if regions.is_empty() { vec![Region::COUNTRY] } else { regions };
        Ok(Self { type_code: type_code.into(), regions, from, to })
    }

    /// The regions asked for.
    pub fn regions(&self) -> &[Region] {
        &self.regions
    }

    /// The first day asked for; none for the beginning of time.
    pub fn from(&self) -> Option<Day> {
        self.from
    }

    /// The last day asked for; none for today.
    pub fn to(&self) -> Option<Day> {
        self.to
    }

    /// The type asked for.
    pub fn type_code(&self) -> &str {
        &self.type_code
    }
}

/// The worth of "nothing found".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// There is no such record in the stock of these statements, and they cover the whole question.
    NoneWithinCoverage(Vec<Coverage>),
    /// Parts of the question lie outside: no answer is possible.
    NotCovered {
        /// Which, and why.
        parts: Vec<Missing>,
        /// The statements that there are for the type.
        stated: Vec<Coverage>,
    },
    /// The question lies inside, but a feed that it needs is late: no answer is possible now.
    FeedLate {
        /// The systems that are late, with their last sign of life.
        late: Vec<(String, Moment)>,
    },
    /// No such record could have been issued to this holder: nothing was asked.
    DoesNotApply(Unfit),
}

closed! {
    /// The worth of "nothing found", in one word.
    AbsenceKind {
        NoneWithinCoverage, "none_within_coverage", "在覆盖范围内未查询到", "not in the stock of the statements, which cover the question";
        NotCovered, "not_covered", "不在归集范围内", "a part lies outside the statements: nothing can be told";
        FeedLate, "feed_late", "数据更新逾期", "a feed is late: nothing can be told just now";
        DoesNotApply, "does_not_apply", "不适用", "no such record could have been issued to this holder";
    }
}

impl Absence {
    /// The word for it.
    pub fn kind(&self) -> AbsenceKind {
        match self {
            Self::NoneWithinCoverage(_) => AbsenceKind::NoneWithinCoverage,
            Self::NotCovered { .. } => AbsenceKind::NotCovered,
            Self::FeedLate { .. } => AbsenceKind::FeedLate,
            Self::DoesNotApply(_) => AbsenceKind::DoesNotApply,
        }
    }

    /// The name in answers.
    pub fn wire(&self) -> &'static str {
        self.kind().wire()
    }
}

/// One part of a question that no statement covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The region asked for.
    pub region: Region,
    /// First day of the part; none for the beginning of time.
    pub from: Option<Day>,
    /// Last day of the part.
    pub to: Day,
    /// Why.
    pub why: Why,
}

/// Why a part is not covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// There is no statement for the type.
    NoStatement,
    /// Answers of this type are only relayed; absence is never told.
    RelayedOnly,
    /// No statement covers the region.
    Region,
    /// No statement covers the days.
    Days,
    /// Only a share of the stock is on file, in permille.
    Share(u16),
    /// Rows of the stock are not tied to a holder yet.
    NotBound {
        /// Rows without a sure number.
        unbound: u64,
        /// Rows with a doubtful number.
        quarantined: u64,
    },
    /// A known gap, in its words.
    Gap(String),
    /// A feed of these days is late: since when it is silent.
    Late(Moment),
}

closed! {
    /// Why a part is not covered, in one word.
    MissingWhy {
        NoStatement, "no_statement", "尚未接入", "there is no statement for the type";
        RelayedOnly, "relayed_only", "须由主管部门答复", "answers of this type are only relayed";
        Region, "region", "地区尚未接入", "no statement covers the region";
        Days, "days", "时段尚未接入", "no statement covers the days";
        Share, "share", "仅接入部分存量", "only a share of the stock is on file";
        NotBound, "not_bound", "另有待绑定、待核", "rows of the stock are not tied to a holder yet";
        Gap, "gap", "已知缺口", "a known gap";
        Late, "feed_late", "数据更新逾期", "a feed of these days is late";
    }
}

impl Why {
    /// The word for it.
    pub fn kind(&self) -> MissingWhy {
        match self {
            Self::NoStatement => MissingWhy::NoStatement,
            Self::RelayedOnly => MissingWhy::RelayedOnly,
            Self::Region => MissingWhy::Region,
            Self::Days => MissingWhy::Days,
            Self::Share(_) => MissingWhy::Share,
            Self::NotBound { .. } => MissingWhy::NotBound,
            Self::Gap(_) => MissingWhy::Gap,
            Self::Late(_) => MissingWhy::Late,
        }
    }
}
