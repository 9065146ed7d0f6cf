//! A condition as text, in the one form that [`Condition::parse`] gives back unchanged.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::catalog::items::{CaseName, Condition, FactValue, Operator};

impl fmt::Display for CaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Question(name) => f.write_str(name),
            Self::Attribute { role, attribute } => write!(f, "{role}.{}", attribute.zh()),
            Self::Holds { role, slug } => write!(f, "{role}.持有({slug})"),
        }
    }
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "「{text}」"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Truth(truth) => f.write_str(if *truth { "是" } else { "否" }),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Is => "=",
            Self::IsNot => "≠",
            Self::Below => "<",
            Self::AtMost => "≤",
            Self::Above => ">",
            Self::AtLeast => "≥",
        })
    }
}

/// A part inside a larger one: with brackets where it has parts itself.
struct Part<'a>(&'a Condition);

impl fmt::Display for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Condition::All(_) | Condition::Any(_) => write!(f, "({})", self.0),
            _ => write!(f, "{}", self.0),
        }
    }
}

fn joined<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    parts: impl Iterator<Item = T>,
    between: &str,
) -> fmt::Result {
    for (at, part) in parts.enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        write!(f, "{part}")?;
    }
    Ok(())
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts.iter().map(Part), " 且 "),
            Self::Any(parts) => joined(f, parts.iter().map(Part), " 或 "),
            Self::Not(part) => write!(f, "非 {}", Part(part)),
            Self::Fact(named) => write!(f, "{named}"),
            Self::Compare { of, by, to } => write!(f, "{of} {by} {to}"),
            Self::OneOf { of, among } => {
                write!(f, "{of} 属于 (")?;
                joined(f, among.iter(), "、")?;
                f.write_str(")")
            }
        }
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
