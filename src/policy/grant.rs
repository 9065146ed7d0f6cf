//! Grants and decisions.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Code, Error, Result};
use crate::record::access::{AllowedBy, DecisionReason};
use crate::rule::Rule;

/// All of something (`"*"`), or the named ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// `"*"`.
    All,
    /// A list.
    Named(BTreeSet<String>),
}

impl Selection {
    /// Whether it includes `what`.
    pub fn names(&self, what: &str) -> bool {
        match self {
            Self::All => true,
            Self::Named(names) => names.contains(what),
        }
    }

    /// The same for a value that may be absent: only `"*"` covers an absent value.
    pub fn names_option(&self, what: Option<&str>) -> bool {
        match (self, what) {
            (Self::All, _) => true,
            (Self::Named(names), Some(what)) => names.contains(what),
            (Self::Named(_), None) => false,
        }
    }
}

/// The fields of a record that go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// `"whole"`: the envelope itself, every field, every holder.
    Whole,
    /// An extract of these face fields, masked as their type says; `holders` names the co-holders' data,
    /// `holder_code` the codes unmasked, `number` the certificate's number. `id_number!whole` or
    /// `spouses.id_number!whole` beside its field leaves that field unmasked.
    Named(BTreeSet<String>),
}

impl Fields {
    /// The fields that both allow: for a caller that asks for less than it may have.
    pub fn narrowed(&self, asked: Option<&BTreeSet<String>>) -> Self {
        match (self, asked) {
            (fields, None) => fields.clone(),
            (Self::Whole, Some(asked)) => Self::Named(asked.clone()),
            (Self::Named(allowed), Some(asked)) => {
                Self::Named(allowed.intersection(asked).cloned().collect())
            }
        }
    }
}

/// A right of a client or account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Type codes.
    pub types: Selection,
    /// Fields, or the whole.
    pub fields: Fields,
    /// Item codes.
    pub purposes: Selection,
}

/// The decision of policy, with its reason. The reason goes into the access entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Allowed, with these fields.
    Allowed {
        /// The allowed fields.
        fields: Fields,
        /// The grant or rule that allowed it.
        reason: AllowedBy,
    },
    /// Refused.
    Refused {
        /// The rule that was not met.
        reason: Rule,
    },
}

impl Decision {
    /// The word for the decision in the access entry.
    pub fn reason(&self) -> DecisionReason {
        match self {
            Self::Allowed { reason, .. } => DecisionReason::Allowed(*reason),
            Self::Refused { reason } => DecisionReason::Refused(*reason),
        }
    }

    /// The rule that was not met; none if it is allowed.
    pub fn refusal(&self) -> Option<Rule> {
        match self {
            Self::Allowed { .. } => None,
            Self::Refused { reason } => Some(*reason),
        }
    }

    /// It must be allowed, for any set of fields; returns the reason.
    ///
    /// # Errors
    /// `forbidden` with the rule that was not met.
    pub fn required(self) -> Result<DecisionReason> {
        let reason = self.reason();
        self.fields().map(|_| reason)
    }

    /// It must be allowed: the fields that may go out.
    ///
    /// # Errors
    /// `forbidden` with the rule that was not met.
    pub fn fields(self) -> Result<Fields> {
        match self {
            Self::Allowed { fields, .. } => Ok(fields),
            Self::Refused { reason } => {
                Err(Error::new(Code::Forbidden, "policy has no grant for this").rule(reason))
            }
        }
    }
}

impl Serialize for Selection {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => to.serialize_str("*"),
            Self::Named(names) => names.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Selection {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Listed::deserialize(from)? {
            Listed::Word(word) if word == "*" => Ok(Self::All),
            Listed::Word(_) => Err(serde::de::Error::custom("either \"*\" or a list")),
            Listed::List(names) => Ok(Self::Named(names)),
        }
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole => to.serialize_str("whole"),
            Self::Named(names) => names.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Listed::deserialize(from)? {
            Listed::Word(word) if word == "whole" => Ok(Self::Whole),
            Listed::Word(_) => Err(serde::de::Error::custom("either \"whole\" or a list of fields")),
            Listed::List(names) => Ok(Self::Named(names)),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Word(String),
    List(BTreeSet<String>),
}
