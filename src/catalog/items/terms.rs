//! The fixed values of an item's national fields, as the lists write them.

use serde::{Deserialize, Serialize};

/// 事项类型
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ItemKind {
    /// Licence.
    #[serde(rename = "行政许可")]
    Licence,
    /// Confirmation.
    #[serde(rename = "行政确认")]
    Confirmation,
    /// Benefit.
    #[serde(rename = "行政给付")]
    Benefit,
    /// Award.
    #[serde(rename = "行政奖励")]
    Award,
    /// Ruling.
    #[serde(rename = "行政裁决")]
    Ruling,
    /// Levy.
    #[serde(rename = "行政征收")]
    Levy,
    /// Other powers.
    #[serde(rename = "其他行政权力")]
    OtherPower,
    /// Public service.
    #[serde(rename = "公共服务")]
    PublicService,
}

/// 行使层级
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExerciseLevel {
    /// The State.
    #[serde(rename = "国家级")]
    State,
    /// A province.
    #[serde(rename = "省级")]
    Province,
    /// A city.
    #[serde(rename = "市级")]
    City,
    /// A county or district.
    #[serde(rename = "县级")]
    County,
    /// A township or street office.
    #[serde(rename = "镇(乡、街道)级")]
    Township,
    /// A village or neighbourhood.
    #[serde(rename = "村(社区)级")]
    Village,
}

impl ExerciseLevel {
    /// Its digit in an 实施编码; 待核对.
    pub fn digit(self) -> char {
        match self {
            Self::State => '1',
            Self::Province => '2',
            Self::City => '3',
            Self::County => '4',
            Self::Township => '5',
            Self::Village => '6',
        }
    }
}

/// A term; 0 is at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeLimit {
    /// How many.
    #[serde(rename = "数量")]
    pub count: u32,
    /// Of which days.
    #[serde(rename = "单位")]
    pub unit: TimeUnit,
}

impl TimeLimit {
    /// Whether it is longer than another one for sure: working days are the longer ones.
    pub fn is_longer(self, than: Self) -> bool {
        let comparable = self.unit == than.unit || self.unit == TimeUnit::WorkingDay;
        comparable && self.count > than.count
    }
}

/// 时限单位
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeUnit {
    /// Working days.
    #[serde(rename = "工作日")]
    WorkingDay,
    /// Days of the calendar.
    #[serde(rename = "自然日")]
    CalendarDay,
}

/// 办件类型
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HandlingKind {
    /// At once.
    #[serde(rename = "即办件")]
    AtOnce,
    /// Within the promised term.
    #[serde(rename = "承诺件")]
    WithinTerm,
}

/// 通办范围
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServiceReach {
    /// The country.
    #[serde(rename = "全国")]
    Country,
    /// Some provinces.
    #[serde(rename = "跨省")]
    Provinces,
    /// The province.
    #[serde(rename = "全省")]
    Province,
    /// The city.
    #[serde(rename = "全市")]
    City,
    /// The agency's own district only.
    #[serde(rename = "不通办")]
    Own,
}

/// 服务对象
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServedHolder {
    /// A person.
    #[serde(rename = "自然人")]
    Person,
    /// A company.
    #[serde(rename = "企业法人")]
    Company,
    /// A public institution.
    #[serde(rename = "事业法人")]
    Institution,
    /// A social organisation.
    #[serde(rename = "社会组织法人")]
    SocialOrganisation,
    /// An enterprise that is no legal person.
    #[serde(rename = "非法人企业")]
    Enterprise,
    /// Another organisation.
    #[serde(rename = "其他组织")]
    Other,
}

/// 收费
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// Whether there is one.
    #[serde(rename = "是否收费")]
    pub charged: bool,
    /// How much, and by which law.
    #[serde(rename = "收费标准及依据", default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
}
