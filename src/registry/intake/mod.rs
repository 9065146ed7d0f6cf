//! How files of rows become drafts: the header or a mapping says which column is what, cells are read as people type
//! them. [`open`] is the way in; mappings are guessed, shown, and kept with versions.

mod columns;
mod header;
mod mappings;

pub use columns::RETURNED;
pub use header::{TableForm, TableHeader, open};
pub use mappings::{Guessed, MappingOf};
pub(in crate::registry) use mappings::{check_texts, digest};
