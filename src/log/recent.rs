//! How long the last commits of a log took; the owner tells it to processes that work beside it.

use std::time::Duration;

/// The number of commits remembered: at a thousand a second, half a second.
const KEPT: usize = 512;
/// After so many commits the figure is computed anew.
const EVERY: usize = 16;

/// Durations of the last commits, in microseconds.
#[derive(Debug, Clone)]
pub struct Recent {
    us: [u32; KEPT],
    count: usize,
    told: i64,
}

impl Default for Recent {
    fn default() -> Self {
        Self { us: [0; KEPT], count: 0, told: 0 }
    }
}

impl Recent {
    /// Remembers one, in place of the oldest.
    pub fn push(&mut self, took: Duration) {
        if let Some(place) = self.us.get_mut(self.count % KEPT) {
            *place = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        }
        self.count += 1;
        if self.count < EVERY || self.count.is_multiple_of(EVERY) {
            self.told = self.slowest();
        }
    }

    /// The 99th percentile by time, in microseconds: one hundredth of the time was spent in commits that took at
    /// least that. Not by count, since an entry that comes at a random moment meets a commit as often as that
    /// commit is long. Zero before the first; at most sixteen commits old.
    pub fn p99_us(&self) -> i64 {
        self.told
    }

    fn slowest(&self) -> i64 {
        let mut us = self.us;
        let held = us.get_mut(..self.count.min(KEPT)).unwrap_or_default();
        held.sort_unstable_by(|a, b| b.cmp(a));
        let all: u64 = held.iter().map(|us| u64::from(*us)).sum();
        let mut longer = 0;
        let found = held.iter().find(|us| {
            longer += u64::from(**us);
            longer * 100 >= all
        });
        found.map_or(0, |us| i64::from(*us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_long_commit_counts_for_all_who_waited_for_it() {
        let mut recent = Recent::default();
        assert_eq!(recent.p99_us(), 0, "nothing was committed yet");
        recent.push(Duration::from_micros(700));
        assert_eq!(recent.p99_us(), 700);
        (0..KEPT).for_each(|_| recent.push(Duration::from_micros(300)));
        assert_eq!(recent.p99_us(), 300);
        (0..EVERY).for_each(|at| recent.push(Duration::from_micros(if at == 3 { 20_000 } else { 300 })));
        assert_eq!(recent.p99_us(), 20_000, "one in five hundred, and an eighth of the time");
        (0..EVERY).for_each(|at| recent.push(Duration::from_micros(if at == 3 { 400 } else { 300 })));
        assert_eq!(recent.p99_us(), 20_000);
        (0..KEPT).for_each(|_| recent.push(Duration::from_micros(200)));
        assert_eq!(recent.p99_us(), 200, "what is long past is forgotten");
    }
}
