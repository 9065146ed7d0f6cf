//! The words that the items of the district are put together from: two tables of this folder, compiled in.

use crate::catalog::HolderKind;

/// A department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DistrictOffice {
    /// Its credit code.
    pub code: &'static str,
    /// Its items, those with a file too.
    pub items: usize,
    /// Whom its generated items serve.
    pub serves: HolderKind,
    /// Its name.
    pub name: &'static str,
    subjects: &'static str,
    actions: &'static str,
}

impl DistrictOffice {
    /// Names of items, subject by subject.
    pub fn item_names(&self) -> impl Iterator<Item = String> {
        let actions = self.actions;
        let of = move |subject: &'static str| {
            actions.split_whitespace().map(move |action| format!("{subject}{action}"))
        };
        self.subjects.split_whitespace().flat_map(of)
    }
}

/// A document that items ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedDocument {
    /// A certificate with a type.
    Certificate {
        /// How many there are in the district; none takes the rest.
        total: Option<usize>,
        /// Whose it is.
        holder: HolderKind,
        /// Slug of the type.
        slug: &'static str,
        /// The fields that the office needs.
        fields: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// A proof.
    Proof {
        /// Who has to provide it.
        body: &'static str,
        /// How it comes: `told`, `asked`, `own`.
        way: &'static str,
        /// Its name.
        name: &'static str,
    },
    /// A declaration, or another material.
    Other {
        /// It is a declaration.
        declared: bool,
        /// Its name.
        name: &'static str,
    },
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn holder(text: &str) -> HolderKind {
    if text == HolderKind::Organisation.wire() { HolderKind::Organisation } else { HolderKind::Person }
}

/// The sixteen departments, by the number of their items.
pub fn departments() -> Vec<DistrictOffice> {
    let read = |row: Vec<&'static str>| match row.as_slice() {
        [code, items, serves, name, subjects, actions] => Some(DistrictOffice {
            code,
            items: items.parse().ok()?,
            serves: holder(serves),
            name,
            subjects,
            actions,
        }),
        _ => None,
    };
    rows(include_str!("departments.tsv")).filter_map(read).collect()
}

/// The documents, in the order of their table.
pub fn documents() -> Vec<AskedDocument> {
    let read = |row: Vec<&'static str>| match row.as_slice() {
        ["c", total, whose, slug, fields, name] => Some(AskedDocument::Certificate {
            total: total.parse().ok(),
            holder: holder(whose),
            slug,
            fields,
            name,
        }),
        ["p", body, way, name] => Some(AskedDocument::Proof { body, way, name }),
        ["o", class, name] => Some(AskedDocument::Other { declared: *class == "申报类", name }),
        _ => None,
    };
    rows(include_str!("documents.tsv")).filter_map(read).collect()
}
