//! `elicense migrate`: brings the database to this program's schema.

use serde_json::json;

use super::output::Output;
use super::place::Globals;
use crate::error::Result;
use crate::store::Store;

/// Runs the missing steps and names them.
pub fn run(globals: &Globals, output: &Output) -> Result<u8> {
    let ran = Store::migrate(&globals.place()?)?;
    let text = if ran.is_empty() {
        "The schema is up to date.".to_owned()
    } else {
        format!("Ran: {}", ran.join(" "))
    };
    output.say(&text, &json!({ "ran": ran }));
    Ok(0)
}
