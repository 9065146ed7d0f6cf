//! `elicense export`: records with envelopes, events and proofs, as JSON lines; and reading them back.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::PathBuf;

use serde_json::json;

use super::output::Output;
use super::place::Globals;
use crate::error::{Code, Error, Result};

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

/// Writes the file; the export is an access of every holder in it.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let registry = globals.open_with_access()?;
    let unwritable = |error: std::io::Error| {
        Error::new(Code::ConfigInvalid, "the file cannot be made").at("out").caused_by(error)
    };
    let file = OpenOptions::new().write(true).create_new(true).open(&args.out).map_err(unwritable)?;
    let mut out = BufWriter::new(file);
    let done = registry.export(&globals.actor(), args.issuer.as_deref(), "cli", &mut out);
    registry.stop_access();
    let done = done?;
    std::io::Write::flush(&mut out).map_err(unwritable)?;
    output.say(
        &format!("{} records in {}.", done.records, args.out.display()),
        &json!({"records": done.records}),
    );
    Ok(0)
}
