//! Random numbers that are the same for the same seed on every machine: SplitMix64. For demo data only; keys
//! and salts come from `trust::random`.

use crate::clock::Day;

/// A stream of numbers.
#[derive(Debug, Clone)]
pub struct SplitMix64 {
    state: u64,
}

impl SplitMix64 {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream of its own for the `index`th thing of a `kind`, so that one more draw here moves nothing there.
    pub fn of(seed: u64, kind: u64, index: u64) -> Self {
        let mut mixed = Self::new(seed ^ kind.rotate_left(48) ^ index.wrapping_mul(0xA24B_AED4_963E_E407));
        Self::new(mixed.number())
    }

    /// The next 64 bits.
    pub fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `end - 1`; 0 where `end` is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from((u128::from(self.number()) * u128::from(end)) >> 64).unwrap_or(0)
    }

    /// True `permille` times of a thousand.
    pub fn chance(&mut self, permille: u32) -> bool {
        self.below(1000) < permille
    }

    /// One of the words; empty where there are none.
    pub fn pick(&mut self, words: &[&'static str]) -> &'static str {
        let at = self.below(u32::try_from(words.len()).unwrap_or(u32::MAX));
        words.get(usize::try_from(at).unwrap_or(0)).copied().unwrap_or_default()
    }

    /// A day on or up to `days` after `first`.
    pub fn day_after(&mut self, first: Day, days: u32) -> Day {
        first.plus_days(i64::from(self.below(days.saturating_add(1))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs for seed 1234567, as printed with the reference implementation of SplitMix64.
        let mut stream = SplitMix64::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| stream.number()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_below_their_end_and_reach_it() {
        let mut stream = SplitMix64::new(19);
        let drawn: Vec<u32> = (0..1000).map(|_| stream.below(7)).collect();
        assert!((0..7).all(|number| drawn.contains(&number)) && drawn.iter().all(|number| *number < 7));
        assert_eq!(stream.below(0), 0);
    }
}
