//! CPU time of the server alone, and the work it is measured by. Wall time says nothing on a machine that others use.

use elicense::record::Digest;

/// Nanoseconds of CPU of all threads of this process but the one that asks: the server's, the asking client left out.
pub fn of_others() -> u64 {
    let own = read("/proc/thread-self/schedstat").unwrap();
    let all = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    let all: u64 = all.filter_map(|task| read(task.path().join("schedstat").to_str().unwrap())).sum();
    all.saturating_sub(own)
}

/// A thread that has just ended has no file any more.
fn read(path: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    text.split(' ').next()?.parse().ok()
}

/// What a request may cost, in nanoseconds: as much CPU as it takes to hash 64 MiB with SHA-256, which is compiled
/// with optimisation in every build. On the machine where this was written that is 48 ms; on a slower or busier one both
/// sides grow alike. The program itself is slower in a debug build, so there the bound is the
/// stricter.
pub fn limit() -> u64 {
    let block = vec![7_u8; 16 * 1024 * 1024];
    let before = read("/proc/thread-self/schedstat").unwrap();
    for _ in 0..ROUNDS {
        std::hint::black_box(Digest::of(&[&block]));
    }
    read("/proc/thread-self/schedstat").unwrap() - before
}

const ROUNDS: usize = 4;
