//! `elicense migrate`: brings the database to this program's schema, and its sealed rows to the layout of today.

use serde_json::json;

use super::output::{Output, counted_len};
use super::place::Globals;
use crate::error::Result;
use crate::registry::Registry;

/// Runs the missing steps and reports them. Exit code 1 if rows do not open and keep their old layout.
pub fn run(globals: &Globals, output: &Output) -> Result<u8> {
    let done = Registry::migrate(globals.existing()?, &|so_far| match so_far.resealed.last() {
        None => {
            output.note("The schema is that of this program: `serve` may be started. Sealing rows anew …")
        }
        Some(table) => output.note(&format!("{}: {}", table.table, table.rows)),
    })?;
    let mut lines = vec![match done.ran.is_empty() {
        true => "The schema is up to date.".to_owned(),
        false => format!("Ran: {}", done.ran.join(" ")),
    }];
    for account in &done.accounts {
        let (kept, lost) =
            (counted_len(account.kept.len(), "grant"), counted_len(account.lost.len(), "grant"));
        lines.push(format!("Account {}: clerk, keeps {kept}, has lost {lost}", account.name));
    }
    for table in done.resealed.iter().filter(|table| table.rows > 0) {
        lines.push(format!("Sealed anew: {} of {}", table.rows, table.table));
    }
    for table in done.resealed.iter().filter(|table| table.damaged > 0) {
        lines.push(format!("{} of {} do not open and stay as they are", table.damaged, table.table));
    }
    lines.push(match (done.closed, done.damaged()) {
        (true, _) => "Every row has the layout of today; older ones open no more.".to_owned(),
        (false, 0) => "Rows of an older layout came in meanwhile: run it again.".to_owned(),
        (false, _) => {
            "Older layouts stay open: run `elicense fsck`, mend what it names, and run this again.".to_owned()
        }
    });
    let value =
        json!({"ran": done.ran, "resealed": done.resealed, "accounts": done.accounts, "closed": done.closed});
    output.say(&lines.join("\n"), &value);
    Ok(u8::from(!done.closed))
}
