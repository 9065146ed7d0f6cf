//! Deals documents to items: each item gets a document at most once, and some items get more than others.

/// Mixes a seed and two places into a number (SplitMix64): the same for the same seed, on every machine.
pub(super) fn mixed(seed: u64, one: usize, other: usize) -> u64 {
    let place = |at: usize| u64::try_from(at).unwrap_or(u64::MAX);
    let step = 0x9E37_79B9_7F4A_7C15_u64;
    let mut z = seed
        .wrapping_add(place(one).wrapping_add(1).wrapping_mul(step))
        .wrapping_add(place(other).wrapping_add(1).wrapping_mul(step.rotate_left(31)));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The hands of one class of documents.
pub(super) struct Hands {
    seed: u64,
    /// The documents of each item, by their places in the list of documents.
    pub held: Vec<Vec<usize>>,
}

impl Hands {
    /// Empty hands of so many items.
    pub fn new(seed: u64, items: usize) -> Self {
        Self { seed, held: vec![Vec::new(); items] }
    }

    /// Gives a document to `count` items that `may` have it: to those that have least of what they can take first.
    /// Returns how many could not be given.
    pub fn deal(&mut self, document: usize, count: usize, may: &dyn Fn(usize) -> bool) -> usize {
        let load = |at: usize, held: &Vec<usize>| {
            // Items take one, two or three times as much.
            let room = mixed(self.seed, at, usize::MAX) % 3 + 1;
            (
                u64::try_from(held.len()).unwrap_or(u64::MAX).saturating_mul(6) / room,
                mixed(self.seed, document, at),
            )
        };
        let mut order: Vec<((u64, u64), usize)> = self
            .held
            .iter()
            .enumerate()
            .filter(|(at, held)| may(*at) && !held.contains(&document))
            .map(|(at, held)| (load(at, held), at))
            .collect();
        order.sort_unstable();
        let mut left = count;
        for (_, at) in order.into_iter().take(count) {
            if let Some(held) = self.held.get_mut(at) {
                held.push(document);
                left -= 1;
            }
        }
        left
    }
}
