//! `elicense export`: records with envelopes, events and proofs, as JSON lines; and reading them back.

use std::io::BufWriter;
use std::path::PathBuf;

use serde_json::json;

use super::output::{Output, counted};
use super::place::Globals;
use crate::error::{Code, Error, Result};
use crate::store::private;

/// Arguments of `export`.
#[derive(clap::Args)]
pub struct Args {
    /// Only records of this issuer (credit code).
    #[arg(long)]
    issuer: Option<String>,
    /// A file that does not exist yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Writes the file, for its owner alone; the export is an access of every holder in it. Exit code 1 if a row
/// does not open: the file is whole except for that row.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let registry = globals.open_with_access()?;
    let unwritable = |error: std::io::Error| {
        Error::new(Code::ConfigInvalid, "the file cannot be made").at("out").caused_by(error)
    };
    let file = private::create_new(&args.out).map_err(unwritable)?;
    let mut out = BufWriter::new(file);
    let done = registry.export(&globals.actor(), args.issuer.as_deref(), &mut out);
    registry.stop_access();
    let done = done?;
    let mut file = out.into_inner().map_err(|error| unwritable(error.into_error()))?;
    std::io::Write::flush(&mut file).and_then(|()| file.sync_all()).map_err(unwritable)?;
    let mut text = format!(
        "{}, {}, {} and {} in {}.",
        counted(done.records, "record"),
        counted(done.files, "file"),
        counted(done.holders, "holder with marks or links/holders with marks or links"),
        counted(done.coverage, "coverage statement"),
        args.out.display()
    );
    if done.damaged > 0 {
        text.push_str(&format!(
            "\n{} not open and not in it, nor are coverage statements: run `elicense fsck`.",
            counted(done.damaged, "row that does/rows that do")
        ));
    }
    let value = json!({"records": done.records, "holders": done.holders, "coverage": done.coverage, "files": done.files, "events": done.events, "damaged": done.damaged});
    output.say(&text, &value);
    Ok(u8::from(done.damaged > 0))
}
