//! Sealing rows of an older layout anew in the present one: page by page in key order, both sides.
//!
//! A row keeps its data key, its clear columns and its hidden part; only its layout changes. A transaction
//! changes only rows that are still as they were read, so another writer loses nothing. A crash at any moment
//! leaves rows of both layouts, all of which open, and the next run goes on with the rest.

mod again;
mod attachments;
mod run;
mod tables;
mod walk;

pub use run::PAGE;
pub use walk::OlderRows;
