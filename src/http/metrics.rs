//! Numbers for the operator, in the text format of Prometheus. No label holds anything of a holder: routes are
//! patterns, never paths (I3).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus::{
    Counter, Encoder, Gauge, Histogram, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
    core::{Collector, Desc},
    proto,
};

use crate::error::{Error, Result};

/// All metrics of one process.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    latency: HistogramVec,
    lookup: Histogram,
    /// Requests being answered now.
    pub in_flight: IntGauge,
    watched: Mutex<Vec<Watched>>,
}

/// How a watched number behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A histogram as it stands now.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets {
    /// Each upper bound with the count of its bucket alone, lowest first.
    pub counts: Vec<(f64, u64)>,
    /// The count above all bounds.
    pub above: u64,
    /// The sum of all values.
    pub sum: f64,
}

/// [`Buckets`] as the library collects them.
struct WatchedBuckets {
    desc: Desc,
    read: Box<dyn Fn() -> Buckets + Send + Sync>,
}

impl WatchedBuckets {
    fn new(name: &str, help: &str, read: Box<dyn Fn() -> Buckets + Send + Sync>) -> prometheus::Result<Self> {
        let desc = Desc::new(name.to_owned(), help.to_owned(), Vec::new(), HashMap::new())?;
        Ok(Self { desc, read })
    }
}

impl Collector for WatchedBuckets {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<proto::MetricFamily> {
        let now = (self.read)();
        let mut below = 0;
        let mut buckets = Vec::with_capacity(now.counts.len());
        for (bound, count) in now.counts {
            below += count;
            let mut bucket = proto::Bucket::default();
            bucket.set_upper_bound(bound);
            bucket.set_cumulative_count(below);
            buckets.push(bucket);
        }
        let mut histogram = proto::Histogram::default();
        histogram.set_bucket(buckets);
        histogram.set_sample_count(below + now.above);
        histogram.set_sample_sum(now.sum);
        let mut metric = proto::Metric::default();
        metric.set_histogram(histogram);
        let mut family = proto::MetricFamily::default();
        family.set_name(self.desc.fq_name.clone());
        family.set_help(self.desc.help.clone());
        family.set_field_type(proto::MetricType::HISTOGRAM);
        family.set_metric(vec![metric]);
        vec![family]
    }
}

struct Watched {
    set: Box<dyn Fn() + Send>,
}

impl Metrics {
    /// Empty metrics of a registry of their own.
    ///
    /// # Errors
    /// `internal` when a name is not one Prometheus takes.
    pub fn new() -> Result<Self> {
        let registry = Registry::new();
        let requests =
            Opts::new("elicense_requests_total", "Requests answered, by route pattern and status.");
        let latency = HistogramOpts::new("elicense_request_seconds", "Time to the answer, by route pattern.");
        let lookup =
            HistogramOpts::new("elicense_lookup_seconds", "Time of a lookup, to the durable access entry.");
        add(&registry, IntGauge::with_opts(build_info()))?.set(1);
        let metrics = Self {
            requests: add(&registry, IntCounterVec::new(requests, &["method", "route", "status"]))?,
            latency: add(&registry, HistogramVec::new(latency.buckets(buckets()), &["route"]))?,
            lookup: add(&registry, Histogram::with_opts(lookup.buckets(buckets())))?,
            in_flight: add(
                &registry,
                IntGauge::new("elicense_requests_in_flight", "Requests being answered."),
            )?,
            watched: Mutex::default(),
            registry,
        };
        Ok(metrics)
    }

    /// Counts an answered request.
    pub fn answered(&self, method: &str, route: &str, status: u16, took: Duration) {
        let status = status.to_string();
        if let Ok(counter) = self.requests.get_metric_with_label_values(&[method, route, &status]) {
            counter.inc();
        }
        if let Ok(histogram) = self.latency.get_metric_with_label_values(&[route]) {
            histogram.observe(took.as_secs_f64());
        }
    }

    /// Counts a lookup.
    pub fn lookup(&self, took: Duration) {
        self.lookup.observe(took.as_secs_f64());
    }

    /// A number that is read whenever the metrics are read, e.g. the length of a queue, the size of the
    /// write-ahead log, or a counter of the sequencer. The closure must not block for long.
    ///
    /// # Errors
    /// `internal` when the name is taken or not one Prometheus takes.
    pub fn watch(
        &self,
        kind: Kind,
        name: &'static str,
        help: &'static str,
        value: impl Fn() -> f64 + Send + 'static,
    ) -> Result<()> {
        let set: Box<dyn Fn() + Send> = match kind {
            Kind::Gauge => {
                let gauge = add(&self.registry, Gauge::new(name, help))?;
                Box::new(move || gauge.set(value()))
            }
            Kind::Counter => {
                let counter = add(&self.registry, Counter::new(name, help))?;
                Box::new(move || counter.inc_by((value() - counter.get()).max(0.0)))
            }
        };
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).push(Watched { set });
        Ok(())
    }

    /// A histogram that another part counts; it is read whenever the metrics are read.
    ///
    /// # Errors
    /// `internal` when the name is taken or not one Prometheus takes.
    pub fn watch_buckets(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Buckets + Send + Sync + 'static,
    ) -> Result<()> {
        let made = WatchedBuckets::new(name, help, Box::new(read)).map_err(Error::internal)?;
        self.registry.register(Box::new(made)).map_err(Error::internal)
    }

    /// The text for a scraper.
    ///
    /// # Errors
    /// `internal` when the numbers cannot be written as text.
    pub fn render(&self) -> Result<String> {
        for watched in self.watched.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            (watched.set)();
        }
        let mut out = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut out).map_err(Error::internal)?;
        String::from_utf8(out).map_err(Error::internal)
    }
}

/// Which program this is. The commit is told where whoever built it gave it in `ELICENSE_COMMIT`.
fn build_info() -> Opts {
    let info = Opts::new("elicense_build_info", "The program, by its version.");
    let info = info.const_label("version", env!("CARGO_PKG_VERSION"));
    match option_env!("ELICENSE_COMMIT") {
        Some(commit) => info.const_label("commit", commit),
        None => info,
    }
}

/// A counter as metrics carry it: exact up to 2^53.
pub fn counted_value(value: u64) -> f64 {
    let (high, low) = (
        u32::try_from(value >> 32).unwrap_or(u32::MAX),
        u32::try_from(value & 0xffff_ffff).unwrap_or(u32::MAX),
    );
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// From 50 µs to 12.8 s, doubling: a lookup takes a few hundred µs, an import's page seconds.
fn buckets() -> Vec<f64> {
    (0..19).map(|step| 0.000_05 * f64::from(1_u32 << step)).collect()
}

fn add<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> Result<C> {
    let collector = made.map_err(Error::internal)?;
    registry.register(Box::new(collector.clone())).map_err(Error::internal)?;
    Ok(collector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn what_happened_is_what_is_read() {
        let metrics = Metrics::new().unwrap();
        metrics.answered("POST", "/api/v1/lookups", 200, Duration::from_micros(460));
        metrics.answered("POST", "/api/v1/lookups", 200, Duration::from_micros(470));
        metrics.lookup(Duration::from_micros(400));
        let queue = Arc::new(AtomicU32::new(3));
        let seen = queue.clone();
        metrics
            .watch(Kind::Gauge, "elicense_log_queue", "Entries waiting.", move || {
                f64::from(seen.load(Ordering::SeqCst))
            })
            .unwrap();
        metrics.watch(Kind::Counter, "elicense_batches_total", "Batches.", || 7.0).unwrap();
        metrics
            .watch_buckets("elicense_sizes", "Sizes.", || Buckets {
                counts: vec![(1.0, 2), (4.0, 3)],
                above: 1,
                sum: 20.0,
            })
            .unwrap();
        queue.store(5, Ordering::SeqCst);
        let text = metrics.render().unwrap();
        for line in [
            "elicense_requests_total{method=\"POST\",route=\"/api/v1/lookups\",status=\"200\"} 2",
            "elicense_lookup_seconds_count 1",
            "elicense_log_queue 5",
            "elicense_batches_total 7",
            "elicense_sizes_bucket{le=\"1\"} 2",
            "elicense_sizes_bucket{le=\"4\"} 5",
            "elicense_sizes_bucket{le=\"+Inf\"} 6",
            "elicense_sizes_sum 20",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
        assert!(
            metrics.render().unwrap().contains("elicense_batches_total 7"),
            "a counter is not added twice"
        );
        assert!(metrics.watch(Kind::Gauge, "elicense_log_queue", "again", || 0.0).is_err());
    }
}
