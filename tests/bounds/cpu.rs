//! CPU time of the server alone, and the work it is measured by. Wall time says nothing on a machine that others use.

use std::collections::BTreeMap;

use elicense::record::Digest;

/// Nanoseconds of CPU of each thread of this process but the one that asks: the server's, the asking client left out.
pub struct Others(BTreeMap<std::ffi::OsString, u64>);

impl Others {
    pub fn now() -> Self {
        let own = std::fs::read_link("/proc/thread-self").unwrap();
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten().map(|task| task.file_name());
        let others = tasks.filter(|task| Some(task.as_os_str()) != own.file_name());
        let each = others.filter_map(|task| {
            let used = read(&format!("/proc/self/task/{}/schedstat", task.display()))?;
            Some((task, used))
        });
        Self(each.collect())
    }

    /// What they used since. A thread that ended meanwhile was idle for long, or it would not have.
    pub fn used_since(&self) -> u64 {
        let now = Self::now();
        now.0.iter().map(|(task, used)| used - self.0.get(task).copied().unwrap_or(0).min(*used)).sum()
    }
}

/// A thread that has just ended has no file any more.
fn read(path: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.split(' ').next()?.parse().ok()
}

/// What a request may cost, in nanoseconds: as much CPU as it takes to hash 64 MiB with SHA-256, which is compiled
/// with optimisation in every build. On the machine where this was written that is 48 ms; on a slower or busier one both
/// sides grow alike. The program itself is about six times slower in a debug build: there it may be twice as much.
pub fn limit() -> u64 {
    let block = vec![7_u8; 16 * 1024 * 1024];
    let before = read("/proc/thread-self/schedstat").unwrap();
    for _ in 0..ROUNDS {
        std::hint::black_box(Digest::of(&[&block]));
    }
    let took = read("/proc/thread-self/schedstat").unwrap() - before;
    if cfg!(debug_assertions) { 2 * took } else { took }
}

const ROUNDS: usize = 4;
