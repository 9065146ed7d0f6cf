//! ListedCode lists (代码表), each in versions: 民族, 性别, 与户主关系, …
//!
//! A type names the version it was made for (`ethnic_group@1`), so that a face issued under an old list
//! still checks and shows as it did.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::Label;
use crate::rule::Rule;

/// How sure the codes of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Seen in a published source.
    Seen,
    /// Written down from memory; to be checked against the standard (待核对).
    FromMemory,
    /// Made for this catalog; no standard stands behind the codes.
    Own,
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedCode {
    /// The value in a face.
    pub code: String,
    /// The text shown for it.
    pub zh: String,
}

/// One version of a code list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeList {
    /// The name types refer to.
    pub name: String,
    /// Counted from 1.
    pub version: u32,
    /// The subject of the list.
    pub title: Label,
    /// The standard or the practice the codes come from.
    pub source: String,
    /// How sure they are.
    pub mark: Mark,
    /// The entries in the order in which they are offered.
    pub codes: Vec<ListedCode>,
}

/// Why a code list was refused.
#[derive(Debug, thiserror::Error)]
pub enum CodeListFault {
    /// The text is not a code list; serde's words say where.
    #[error("not a code list: {0}")]
    Shape(#[from] serde_json::Error),
    /// Two entries have one code.
    #[error("{list}: code {code} stands twice")]
    CodeTwice {
        /// name@version
        list: String,
        /// The code.
        code: String,
    },
    /// The same version came twice.
    #[error("{0}: this version is there already")]
    VersionTwice(String),
}

impl CodeListFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Shape(_) => Rule::CodeListShape,
            Self::CodeTwice { .. } => Rule::CodeListCodeTwice,
            Self::VersionTwice(_) => Rule::CodeListVersionTwice,
        }
    }
}

impl CodeList {
    /// Reads one version from JSON.
    pub fn from_json(text: &str) -> Result<Self, CodeListFault> {
        Ok(serde_json::from_str(text)?)
    }

    /// `name@version`, as types refer to it.
    pub fn reference(&self) -> String {
        format!("{}@{}", self.name, self.version)
    }

    /// The text shown for `code`, if the list has it.
    pub fn label(&self, code: &str) -> Option<&str> {
        self.codes.iter().find(|entry| entry.code == code).map(|entry| entry.zh.as_str())
    }
}

/// All versions of all lists, by `name@version`.
#[derive(Debug, Clone, Default)]
pub struct CodeLists {
    by_reference: HashMap<String, Arc<CodeList>>,
}

impl CodeLists {
    /// Puts lists together; refuses a duplicate code and a duplicate version.
    pub fn new(lists: impl IntoIterator<Item = CodeList>) -> Result<Self, CodeListFault> {
        let mut by_reference = HashMap::new();
        for list in lists {
            let reference = list.reference();
            let mut seen = std::collections::HashSet::new();
            if let Some(twice) = list.codes.iter().find(|entry| !seen.insert(entry.code.as_str())) {
                return Err(CodeListFault::CodeTwice { list: reference, code: twice.code.clone() });
            }
            if by_reference.insert(reference.clone(), Arc::new(list)).is_some() {
                return Err(CodeListFault::VersionTwice(reference));
            }
        }
        Ok(Self { by_reference })
    }

    /// The list behind `name@version`.
    pub fn list(&self, reference: &str) -> Option<&Arc<CodeList>> {
        self.by_reference.get(reference)
    }

    /// All lists, by name and version.
    pub fn all(&self) -> Vec<&Arc<CodeList>> {
        let mut all: Vec<_> = self.by_reference.values().collect();
        all.sort_by_key(|list| (list.name.as_str(), list.version));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_list_loads_and_the_nations_are_56() {
        let lists = CodeLists::builtin().unwrap();
        assert_eq!(lists.all().len(), 37);
        let nations = lists.list("ethnic_group@1").unwrap();
        assert_eq!(nations.codes.len(), 58, "56, 其他, and naturalised citizens");
        assert_eq!(nations.label("05"), Some("维吾尔族"));
        assert_eq!(nations.label("57"), None);
    }

    #[test]
    fn a_code_or_version_that_stands_twice_is_refused() {
        let list = CodeLists::builtin().unwrap().list("sex@1").unwrap().as_ref().clone();
        assert!(matches!(CodeLists::new([list.clone(), list.clone()]), Err(CodeListFault::VersionTwice(_))));
        let mut twice = list;
        twice.codes.push(twice.codes[0].clone());
        assert!(matches!(CodeLists::new([twice]), Err(CodeListFault::CodeTwice { .. })));
    }
}
