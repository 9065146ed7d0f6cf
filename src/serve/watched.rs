//! Metrics that other parts count: the access log's sequencer, point reads, the size of the write-ahead logs. They
//! are read when metrics are asked for.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use crate::error::Result;
use crate::http::metrics::{Buckets, Kind, Metrics, counted_value};
use crate::log::metrics::{BATCH_BOUNDS, COMMIT_BOUNDS_US, Counters};
use crate::registry::Registry;
use crate::store::{DbUrl, READ_BOUNDS_US};

/// Puts them all on.
pub fn watch(metrics: &Metrics, registry: &Registry) -> Result<()> {
    watch_accesses(metrics, registry)?;
    watch_reads(metrics, registry)?;
    watch_files(metrics, registry)
}

/// Commits of the access log and what waits for them.
fn watch_accesses(metrics: &Metrics, registry: &Registry) -> Result<()> {
    type Read = fn(&Counters) -> u64;
    let counted: [(Kind, &'static str, &'static str, Read); 5] = [
        (Kind::Counter, "elicense_access_batches_total", "Confirmed commits of access entries.", |c| {
            Counters::value(&c.batches)
        }),
        (Kind::Counter, "elicense_access_entries_total", "Access entries in them.", |c| {
            Counters::value(&c.entries)
        }),
        (Kind::Counter, "elicense_access_faults_total", "Commits that failed or are in doubt.", |c| {
            Counters::value(&c.faults)
        }),
        (Kind::Counter, "elicense_access_refused_total", "Entries refused by a full queue.", |c| {
            Counters::value(&c.refused_full)
        }),
        (Kind::Gauge, "elicense_access_queue", "Entries that wait for a commit.", |c| {
            Counters::value(&c.queued)
        }),
    ];
    for (kind, name, help, read) in counted {
        let registry = registry.clone();
        metrics.watch(kind, name, help, move || {
            registry.access().map_or(0.0, |access| counted_value(read(access.counters())))
        })?;
    }
    let log = registry.clone();
    let commits = move || {
        log.access().map_or_else(
            |_| Buckets::default(),
            |access| {
                let counters = access.counters();
                seconds(&COMMIT_BOUNDS_US, &counters.commit_us, &counters.commit_us_sum)
            },
        )
    };
    metrics.watch_buckets("elicense_access_commit_seconds", "Time of a confirmed commit.", commits)?;
    let log = registry.clone();
    let sizes = move || {
        log.access().map_or_else(
            |_| Buckets::default(),
            |access| {
                let counters = access.counters();
                buckets(&BATCH_BOUNDS, &counters.batch_sizes, &counters.entries, 1.0)
            },
        )
    };
    metrics.watch_buckets("elicense_access_batch_entries", "Access entries in a confirmed commit.", sizes)
}

/// Point reads: how many a worker made itself, and how long they take.
fn watch_reads(metrics: &Metrics, registry: &Registry) -> Result<()> {
    let store = registry.store().clone();
    metrics.watch(
        Kind::Counter,
        "elicense_inline_reads_total",
        "Point reads on a worker's own thread.",
        move || counted_value(Counters::value(&store.reads().inline)),
    )?;
    let store = registry.store().clone();
    let reads = move || seconds(&READ_BOUNDS_US, &store.reads().us, &store.reads().us_sum);
    metrics.watch_buckets("elicense_point_read_seconds", "Time of a point read.", reads)
}

/// Sizes of SQLite's write-ahead logs.
fn watch_files(metrics: &Metrics, registry: &Registry) -> Result<()> {
    let DbUrl::Sqlite(file) = registry.store().url() else { return Ok(()) };
    let access = registry.store().url().access_path().unwrap_or_default();
    for (name, file) in
        [("elicense_wal_bytes_registry", file.as_path()), ("elicense_wal_bytes_access", access.as_path())]
    {
        let wal = wal_of(file);
        metrics.watch(Kind::Gauge, name, "Size of the write-ahead log.", move || {
            std::fs::metadata(&wal).map_or(0.0, |about| counted_value(about.len()))
        })?;
    }
    Ok(())
}

/// The write-ahead log lies beside its database, wherever that is.
fn wal_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Counts of microseconds as a histogram of seconds.
fn seconds(bounds: &[u64], counts: &[AtomicU64], sum: &AtomicU64) -> Buckets {
    buckets(bounds, counts, sum, 1e6)
}

fn buckets(bounds: &[u64], counts: &[AtomicU64], sum: &AtomicU64, unit: f64) -> Buckets {
    let counted = bounds.iter().zip(counts);
    Buckets {
        counts: counted
            .map(|(bound, count)| (counted_value(*bound) / unit, Counters::value(count)))
            .collect(),
        above: counts.get(bounds.len()).map_or(0, Counters::value),
        sum: counted_value(Counters::value(sum)) / unit,
    }
}
