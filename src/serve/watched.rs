//! Metrics that other parts count: the access log's sequencer, point reads, the size of the write-ahead logs. They
//! are read when metrics are asked for.

use std::sync::atomic::AtomicU64;

use crate::error::Result;
use crate::http::metrics::{Buckets, Kind, Metrics, counted_value};
use crate::log::metrics::{BATCH_BOUNDS, COMMIT_BOUNDS_US, Counters};
use crate::registry::Registry;
use crate::store::{READ_BOUNDS_US, Side};

/// Adds them all.
pub fn watch(metrics: &Metrics, registry: &Registry) -> Result<()> {
    watch_accesses(metrics, registry)?;
    watch_reads(metrics, registry)?;
    let guard = registry.clone();
    let help = "Actors stopped by this process because they seemed to try numbers out.";
    metrics.watch(Kind::Counter, "elicense_enumeration_alarms_total", help, move || {
        counted_value(guard.guard().raised())
    })?;
    watch_upkeep(metrics, registry)
}

/// Commits of the access log, and the entries that wait for them.
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

/// Sizes of SQLite's write-ahead logs, and how far the clock is behind.
fn watch_upkeep(metrics: &Metrics, registry: &Registry) -> Result<()> {
    let clock = registry.clone();
    let help = "Seconds by which the clock is behind the newest leaf of the logs.";
    metrics.watch(Kind::Gauge, "elicense_clock_behind_seconds", help, move || {
        clock.clock_behind().and_then(|behind| u64::try_from(behind).ok()).map_or(0.0, counted_value)
    })?;
    if registry.store().url().is_postgres() {
        return Ok(());
    }
    for (live, file, side) in [
        ("elicense_wal_bytes_registry", "elicense_wal_file_bytes_registry", Side::Registry),
        ("elicense_wal_bytes_access", "elicense_wal_file_bytes_access", Side::Access),
    ] {
        let store = registry.store().clone();
        metrics.watch(Kind::Gauge, live, "What the write-ahead log has and its database file has not.", {
            let store = store.clone();
            move || counted_value(store.wals().bytes(side).0)
        })?;
        metrics.watch(Kind::Gauge, file, "Size of the write-ahead log's file.", move || {
            counted_value(store.wals().bytes(side).1)
        })?;
    }
    Ok(())
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
