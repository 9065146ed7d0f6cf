//! When a slot applies: a small language of truths over answers and facts, with three values.
//!
//! ```text
//! 登记地 = 「常住地」 且 非 申请人.本地户籍
//! 申请人.年龄 ≥ 16 或 失业情形 属于 (「毕业」、「停业」)
//! 申请人.持有(disability_certificate)
//! ```
//!
//! A fact that nobody knows makes a test unknown, and the whole only where it matters (Kleene's logic).

use crate::closed::closed;

/// A truth about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// All of them; two or more.
    All(Vec<Condition>),
    /// One of them; two or more.
    Any(Vec<Condition>),
    /// Not that.
    Not(Box<Condition>),
    /// A fact that is true or false by itself.
    Fact(CaseName),
    /// A comparison.
    Compare {
        /// The left side.
        of: CaseName,
        /// The comparison.
        by: Operator,
        /// The right side.
        to: FactValue,
    },
    /// One of several values.
    OneOf {
        /// The value.
        of: CaseName,
        /// The values; one or more.
        among: Vec<FactValue>,
    },
}

/// What a condition may speak of.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CaseName {
    /// The answer to a question.
    Question(String),
    /// An attribute of the party in a role.
    Attribute {
        /// The role.
        role: String,
        /// The attribute.
        attribute: Attribute,
    },
    /// Whether the party in a role has a valid record of a type.
    Holds {
        /// The role.
        role: String,
        /// Slug of the type.
        slug: String,
    },
}

closed! {
    /// An attribute of a party.
    Attribute {
        /// Completed years: a number.
        Age, "age", "年龄", "age in years";
        /// 男 or 女.
        Sex, "sex", "性别", "sex";
        /// Whether the household is registered in the region of the agency.
        Local, "local", "本地户籍", "registered in this region";
        /// The name of the kind of document the number was read from.
        CodeType, "code_type", "证件类型", "kind of document";
    }
}

/// A value of an answer or a fact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactValue {
    /// 「常住地」
    Text(String),
    /// 16
    Number(i64),
    /// 是, 否
    Truth(bool),
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// =
    Is,
    /// ≠
    IsNot,
    /// <
    Below,
    /// ≤
    AtMost,
    /// >
    Above,
    /// ≥
    AtLeast,
}

impl Condition {
    /// True, false, or unknown where `known` does not know a value that matters. Values of different kinds, and an order
    /// of texts, are unknown.
    pub fn holds(&self, known: &dyn Fn(&CaseName) -> Option<FactValue>) -> Option<bool> {
        match self {
            Self::All(parts) => decided(parts, false, known),
            Self::Any(parts) => decided(parts, true, known),
            Self::Not(part) => part.holds(known).map(|truth| !truth),
            Self::Fact(named) => match known(named)? {
                FactValue::Truth(truth) => Some(truth),
                _ => None,
            },
            Self::Compare { of, by, to } => by.compare(&known(of)?, to),
            Self::OneOf { of, among } => {
                let value = known(of)?;
                let equal: Vec<_> = among.iter().map(|one| Operator::Is.compare(&value, one)).collect();
                if equal.contains(&Some(true)) {
                    Some(true)
                } else if equal.contains(&None) {
                    None
                } else {
                    Some(false)
                }
            }
        }
    }

    /// All that it speaks of, each as often as it stands there.
    pub fn names(&self) -> Vec<&CaseName> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::names).collect(),
            Self::Not(part) => part.names(),
            Self::Fact(named) | Self::Compare { of: named, .. } | Self::OneOf { of: named, .. } => {
                vec![named]
            }
        }
    }

    /// Each name with the values it is compared to; none where it stands alone.
    pub fn tests(&self) -> Vec<(&CaseName, Option<Operator>, &[FactValue])> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::tests).collect(),
            Self::Not(part) => part.tests(),
            Self::Fact(named) => vec![(named, None, &[])],
            Self::Compare { of, by, to } => vec![(of, Some(*by), std::slice::from_ref(to))],
            Self::OneOf { of, among } => vec![(of, Some(Operator::Is), among.as_slice())],
        }
    }
}

/// `end` as soon as one part is `end`; the opposite when all are; else unknown.
fn decided(parts: &[Condition], end: bool, known: &dyn Fn(&CaseName) -> Option<FactValue>) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part.holds(known) {
            Some(truth) if truth == end => return Some(end),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!end)
}

impl Operator {
    fn compare(self, one: &FactValue, other: &FactValue) -> Option<bool> {
        if std::mem::discriminant(one) != std::mem::discriminant(other) {
            return None;
        }
        match self {
            Self::Is => return Some(one == other),
            Self::IsNot => return Some(one != other),
            _ => {}
        }
        let (FactValue::Number(one), FactValue::Number(other)) = (one, other) else { return None };
        Some(match self {
            Self::Below => one < other,
            Self::AtMost => one <= other,
            Self::Above => one > other,
            _ => one >= other,
        })
    }

    /// Whether it needs an order.
    pub fn is_order(self) -> bool {
        !matches!(self, Self::Is | Self::IsNot)
    }
}
