//! Items (事项) as a table: one row a material, with the columns of the provincial 实施清单 unrenamed. What such a table
//! has no column for stands in columns of its own, in a plain notation (`schema/items/README.md`).
//!
//! * [`read`]: a file, CSV in any encoding or a workbook, as items, faults by line and remarks;
//! * [`csv_of`], [`workbook_of`]: items as a file.

mod columns;
mod notation;
mod read;
mod rows;
mod write;
mod xlsx;

#[cfg(test)]
mod tests;

pub use read::{ItemTable, TableFault, read};
pub use write::{csv_of, workbook_of};
