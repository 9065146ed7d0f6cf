//! The grants of one actor, compiled: a decision costs the same for one grant and for ten thousand.

use std::collections::{BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize, Serializer};

use super::grant::{Fields, Grant, Selection};
use crate::record::access::OutsideItem;

/// Grants, in the order in which they were given, and what they come to for each type and purpose.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "Vec<Grant>")]
pub struct Grants {
    list: Vec<Grant>,
    /// By grants that name the purpose.
    by_purpose: HashMap<String, ByType>,
    /// By grants for every purpose.
    of_all: ByType,
    /// Items that a grant of no type lets receive.
    received: HashSet<String>,
    every_type: bool,
    types: HashSet<String>,
}

/// What grants of one purpose come to together.
#[derive(Debug, Clone, Default)]
struct ByType {
    named: HashMap<String, Fields>,
    every: Option<Fields>,
}

impl Grants {
    /// The fields of a type that the grants give together for a purpose; none if no grant names both. Work at no item is
    /// granted by its name and never with everything else.
    pub(super) fn fields(&self, type_code: &str, purpose: Option<&str>) -> Option<Fields> {
        let outside = purpose.is_some_and(|purpose| OutsideItem::from_wire(purpose).is_some());
        let by_name = purpose.and_then(|purpose| self.by_purpose.get(purpose));
        let by_all = (!outside).then_some(&self.of_all);
        let found = by_name.into_iter().chain(by_all).flat_map(|by| by.of(type_code));
        let mut both: Option<Fields> = None;
        for fields in found {
            both = Some(match both {
                None => fields.clone(),
                Some(earlier) => earlier.joined(fields),
            });
        }
        both
    }

    /// Whether a grant names the type, for whatever purpose.
    pub(super) fn names_type(&self, type_code: &str) -> bool {
        self.every_type || self.types.contains(type_code)
    }

    /// Whether a grant names the item by its code.
    pub(super) fn names_item(&self, item: &str) -> bool {
        self.by_purpose.contains_key(item)
    }

    /// Whether a grant of no type lets receive the item.
    pub(super) fn receives(&self, item: &str) -> bool {
        self.received.contains(item)
    }

    fn add(&mut self, grant: &Grant) {
        match (&grant.types, &grant.purposes) {
            (Selection::Named(types), Selection::Named(items)) if types.is_empty() => {
                self.received.extend(items.iter().cloned());
            }
            (types, Selection::All) => self.of_all.add(types, &grant.fields),
            (types, Selection::Named(purposes)) => {
                for purpose in purposes {
                    self.by_purpose.entry(purpose.clone()).or_default().add(types, &grant.fields);
                }
            }
        }
        match &grant.types {
            Selection::All => self.every_type = true,
            Selection::Named(types) => self.types.extend(types.iter().cloned()),
        }
    }
}

impl ByType {
    fn of(&self, type_code: &str) -> impl Iterator<Item = &Fields> {
        self.named.get(type_code).into_iter().chain(&self.every)
    }

    fn add(&mut self, types: &Selection, fields: &Fields) {
        let joined = |earlier: Option<Fields>| match earlier {
            Some(earlier) => earlier.joined(fields),
            None => fields.clone(),
        };
        match types {
            Selection::All => self.every = Some(joined(self.every.take())),
            Selection::Named(types) => {
                for code in types {
                    let earlier = self.named.remove(code);
                    self.named.insert(code.clone(), joined(earlier));
                }
            }
        }
    }
}

impl Fields {
    /// What either gives.
    fn joined(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Whole, _) | (_, Self::Whole) => Self::Whole,
            (Self::Named(mut names), Self::Named(more)) => {
                names.extend(more.iter().cloned());
                Self::Named(names)
            }
        }
    }

    /// What of these fields, which something else asks for, goes out under them.
    pub(super) fn within(&self, asked: BTreeSet<String>) -> BTreeSet<String> {
        match self {
            Self::Whole => asked,
            Self::Named(names) => asked.into_iter().filter(|name| names.contains(name)).collect(),
        }
    }
}

impl From<Vec<Grant>> for Grants {
    fn from(list: Vec<Grant>) -> Self {
        let mut grants = Self::default();
        list.iter().for_each(|grant| grants.add(grant));
        Self { list, ..grants }
    }
}

impl FromIterator<Grant> for Grants {
    fn from_iter<I: IntoIterator<Item = Grant>>(grants: I) -> Self {
        grants.into_iter().collect::<Vec<_>>().into()
    }
}

impl std::ops::Deref for Grants {
    type Target = [Grant];
    fn deref(&self) -> &[Grant] {
        &self.list
    }
}

impl PartialEq for Grants {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list
    }
}

impl Eq for Grants {}

impl Serialize for Grants {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.list.serialize(to)
    }
}
