//! How long the last commits of a log took, as its owner tells it to whoever works beside it.

use std::time::Duration;

/// So many commits are remembered: at a few hundred a second, less than a second.
const KEPT: usize = 128;

/// Durations of the last commits, in microseconds.
#[derive(Debug, Clone)]
pub struct Recent {
    us: [u32; KEPT],
    count: usize,
}

impl Default for Recent {
    fn default() -> Self {
        Self { us: [0; KEPT], count: 0 }
    }
}

impl Recent {
    /// Remembers one, in place of the oldest.
    pub fn push(&mut self, took: Duration) {
        if let Some(place) = self.us.get_mut(self.count % KEPT) {
            *place = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
        }
        self.count += 1;
    }

    /// The 99th percentile in microseconds: all but one in a hundred took no longer. Zero before the first.
    pub fn p99_us(&self) -> i64 {
        let mut us = self.us;
        let held = us.get_mut(..self.count.min(KEPT)).unwrap_or_default();
        let at = held.len() * 99 / 100;
        if at >= held.len() {
            return 0;
        }
        i64::from(*held.select_nth_unstable(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_commit_in_a_hundred_is_not_told_and_two_are() {
        let mut recent = Recent::default();
        assert_eq!(recent.p99_us(), 0, "nothing was committed yet");
        recent.push(Duration::from_micros(700));
        assert_eq!(recent.p99_us(), 700);
        (0..KEPT).for_each(|_| recent.push(Duration::from_micros(300)));
        recent.push(Duration::from_millis(90));
        assert_eq!(recent.p99_us(), 300);
        recent.push(Duration::from_millis(80));
        assert_eq!(recent.p99_us(), 80_000);
        (0..KEPT).for_each(|_| recent.push(Duration::from_micros(200)));
        assert_eq!(recent.p99_us(), 200, "what is long past is forgotten");
    }
}
