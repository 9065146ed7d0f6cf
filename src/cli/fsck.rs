//! `elicense fsck`: derives the whole registry anew from its stored bytes and reports every difference.

use serde_json::json;

use super::output::{Output, counted, counted_len};
use super::place::Globals;
use crate::error::Result;
use crate::registry::{ContentDigest, FsckOptions, FsckReport};

/// Arguments of `fsck`.
#[derive(clap::Args)]
pub struct Args {
    /// Count rows by table, and the share above what fits into a page in place.
    #[arg(long)]
    stats: bool,
    /// Stop at the first pass over the records' signatures, in batches: faster, and not the last word.
    #[arg(long)]
    quick: bool,
    /// Add the digest of all records, marks, links, coverage statements and revoked keys: an export that was read back into an empty registry
    /// has the same. Two registries are compared by it.
    #[arg(long)]
    digest: bool,
}

/// Exit code 0: sound; 1: something was found.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let registry = globals.open_as_found()?;
    let report = registry.fsck(FsckOptions { stats: args.stats, quick: args.quick })?;
    let mut lines = sizes(&report);
    if report.counts.attachments_missing > 0 {
        let missing = counted(report.counts.attachments_missing, "file");
        lines.push(format!("{missing} that records name not here yet: `attachment_pending`"));
    }
    if report.counts.attachments_differing > 0 {
        let differing = counted(report.counts.attachments_differing, "file");
        lines.push(format!("{differing} of another size or kind than a record says: `attachment_differs`"));
    }
    let older: Vec<String> =
        report.older.iter().map(|table| format!("{} of {}", table.rows, table.table)).collect();
    if !older.is_empty() {
        lines.push(format!(
            "older layout: {}; no damage, `elicense migrate` seals them anew",
            older.join(", ")
        ));
    }
    if let Some(sizes) = &report.sizes {
        lines.extend(sizes.iter().map(|size| json!(size).to_string()));
    }
    lines.extend(report.findings.iter().map(|finding| format!("FOUND {finding}")));
    lines.extend(listed(&report));
    if report.more > 0 {
        lines.push(format!("… and {} more", report.more));
    }
    lines.push(match (report.sound(), report.strict) {
        (true, true) => "sound".to_owned(),
        (true, false) => "sound, signatures of records by a first pass only".to_owned(),
        (false, _) => counted_len(report.findings.len(), "finding"),
    });
    let mut value = json!(report);
    if args.digest {
        let content = registry.content_digest()?;
        lines.push(digest(&content));
        if let Some(members) = value.as_object_mut() {
            members.insert("content".to_owned(), json!(content));
        }
    }
    output.say(&lines.join("\n"), &value);
    Ok(u8::from(!report.sound()))
}

fn digest(content: &ContentDigest) -> String {
    format!(
        "content {}  {}, {}, {}, {}, {} not open",
        content.digest,
        counted(content.records, "record"),
        counted(content.holders, "holder"),
        counted(content.coverage, "coverage statement"),
        counted(content.revoked_keys, "revoked key"),
        counted(content.unreadable, "row that does/rows that do")
    )
}

/// The sizes of the logs, and of what was checked.
fn sizes(report: &FsckReport) -> Vec<String> {
    let mut lines: Vec<String> = report
        .logs
        .iter()
        .map(|log| {
            format!(
                "log {}  {}  root {}{}",
                log.log,
                counted(log.size, "leaf/leaves"),
                log.root,
                if log.closed { "  closed" } else { "" }
            )
        })
        .collect();
    let counts = &report.counts;
    lines.push(format!(
        "{}, {}, {}, {}, {}, {} verified",
        counted(counts.records, "record"),
        counted(counts.past_records, "past record"),
        counted(counts.events, "event"),
        counted(counts.public_events, "public event"),
        counted(counts.access_entries, "access entry/access entries"),
        counted(counts.signatures, "signature")
    ));
    lines
}

/// What is listed beside findings, and is no damage.
fn listed(report: &FsckReport) -> Vec<String> {
    let unauthorised = report.unauthorised.iter().map(|one| {
        format!(
            "UNAUTHORISED {} at leaf {} of {}: no agency with authority over people stated it",
            one.action.wire(),
            one.leaf,
            one.log
        )
    });
    let foreign = report.foreign_identifiers.iter().map(|one| {
        format!("FOREIGN identifier of record {}: {} {}", one.record, one.rule.wire(), one.rule.en())
    });
    let outside = report.outside_region.iter().map(|one| {
        format!(
            "OUTSIDE {} at leaf {} of {}: the person's household is registered outside the agency's region",
            one.action.wire(),
            one.leaf,
            one.log
        )
    });
    let unmarked = report.unmarked.iter().map(|record| {
        format!("UNMARKED certificate {record} says something of a life and marked nobody: `elicense holder catch-up`")
    });
    let unfounded = report.unfounded.iter().map(|one| {
        format!(
            "UNFOUNDED {} at leaf {} of {}: it rests on a key that was revoked, an office confirms it or takes it back",
            one.action.wire(),
            one.leaf,
            one.log
        )
    });
    let left = report.left_proposals.iter().map(|record| {
        format!(
            "LEFT proposal to end record {record}: the certificate that proposed it no longer stands, its issuer declines it"
        )
    });
    let mut lines: Vec<String> =
        unauthorised.chain(outside).chain(unfounded).chain(unmarked).chain(left).chain(foreign).collect();
    if report.more_foreign > 0 {
        lines.push(format!("… and {} with a foreign identifier", counted(report.more_foreign, "more row")));
    }
    lines
}
