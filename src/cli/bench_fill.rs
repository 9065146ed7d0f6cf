//! `elicense bench-fill`: a stock to measure on. Compiled with the feature `bench-routes` only.

use std::path::Path;

use serde_json::json;

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::Result;

/// Arguments of `bench-fill`.
#[derive(clap::Args)]
pub struct Args {
    /// Records under each number.
    #[arg(long, default_value_t = 6)]
    each: usize,
}

/// Writes records under the synthetic numbers of standard input, one a line.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let text = input::text(Path::new("-"))?;
    let numbers: Vec<String> = text.lines().map(str::to_owned).collect();
    let filled = globals.open()?.bench_fill(&numbers, args.each)?;
    let mean = filled.envelope_bytes / filled.records.max(1);
    let text = format!("{} records, envelopes of {mean} bytes on average.", filled.records);
    output.say(&text, &json!({"records": filled.records, "envelope_mean": mean}));
    Ok(0)
}
