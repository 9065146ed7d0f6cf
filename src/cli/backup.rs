//! `elicense backup` and `elicense restore`.

use std::path::PathBuf;

use serde_json::json;

use super::output::{Output, counted, counted_len};
use super::place::Globals;
use crate::error::Result;
use crate::registry::{Closed, Registry};

/// Arguments of `backup`.
#[derive(clap::Args)]
pub struct BackupArgs {
    /// A directory that does not exist yet.
    to: PathBuf,
}

/// Arguments of `restore`.
#[derive(clap::Args)]
pub struct RestoreArgs {
    /// The backup; the registry is put where --data says, which must not exist.
    #[arg(required_unless_present = "in_place")]
    from: Option<PathBuf>,
    /// The database was put back already, by pg_restore or as a file: check it, close its logs, go on in successors.
    /// To be run before anything is served.
    #[arg(long, conflicts_with = "from")]
    in_place: bool,
}

/// Copies a registry, also while it serves: access files first, the registry last.
pub fn backup(globals: &Globals, args: &BackupArgs, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    let done = registry.backup(&args.to)?;
    let text = format!(
        "{}, {} in {}. The master key is not among them: keep its copy apart.",
        counted_len(done.files, "file"),
        counted(done.bytes, "byte"),
        args.to.display()
    );
    output.say(&text, &json!({"files": done.files, "bytes": done.bytes, "signed_by": done.kid}));
    Ok(0)
}

/// Verifies a backup, puts it in place, closes its logs and opens their successors.
pub fn restore(globals: &Globals, args: &RestoreArgs, output: &Output) -> Result<u8> {
    let Some(from) = &args.from else {
        let done = globals.open_as_found()?.restore_in_place(&globals.name)?;
        let logs = lines(&done.logs);
        let lost: String = done.lost.iter().map(|lost| format!("\n  {lost}: the rest is gone")).collect();
        let text =
            format!("{} verified.\n{}{lost}", counted(done.fsck.counts.records, "record"), logs.join("\n"));
        output.say(&text, &json!({"records": done.fsck.counts.records, "logs": logs, "lost": done.lost}));
        return Ok(0);
    };
    let done = Registry::restore(from, globals.opening()?)?;
    let logs = lines(&done.logs);
    let text = format!(
        "Restored the backup of {}; {} verified.\n{}",
        done.manifest.made_at,
        counted(done.fsck.counts.records, "record"),
        logs.join("\n")
    );
    output.say(
        &text,
        &json!({"made_at": done.manifest.made_at, "records": done.fsck.counts.records, "logs": logs}),
    );
    Ok(0)
}

fn lines(logs: &[(Closed, String)]) -> Vec<String> {
    let line = |(closed, next): &(Closed, String)| {
        format!("  {} closed at {}, followed by {next}", closed.log, closed.size)
    };
    logs.iter().map(line).collect()
}
