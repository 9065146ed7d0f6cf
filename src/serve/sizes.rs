//! The sizes of the logs, told in the operator's log as they grow: what a log had confirmed can be read there when its
//! database is gone.

use std::collections::BTreeMap;

use crate::journal;
use crate::registry::Registry;

/// Looks between two tellings; one look a second.
const EVERY: u32 = 60;

/// What was told.
#[derive(Default)]
pub struct Sizes {
    told: BTreeMap<String, u64>,
    looks: u32,
}

impl Sizes {
    /// Counts the sizes of now as told.
    pub fn of(registry: &Registry) -> Self {
        let sizes = registry.store().own_anchors().into_iter();
        Self { told: sizes.map(|(log, anchor)| (log, anchor.size)).collect(), looks: 0 }
    }

    /// Once a second; tells once a minute.
    pub fn look(&mut self, registry: &Registry) {
        self.looks += 1;
        if self.looks >= EVERY {
            self.looks = 0;
            self.tell(registry);
        }
    }

    /// Tells each log that is larger than what was told of it.
    pub fn tell(&mut self, registry: &Registry) {
        for (log, anchor) in registry.store().own_anchors() {
            let told = self.told.insert(log.clone(), anchor.size);
            if told.unwrap_or(0) < anchor.size {
                journal::checkpoint(&log, anchor.size);
            }
        }
    }
}
