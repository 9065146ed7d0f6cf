//! An event as it is kept under a holder: its bytes, the order that it followed, the text of its ground.

use crate::record::event::Event;
use crate::registry::base::ledger::Place;
use crate::store::StoredEvent;
use crate::trust::HolderKey;

/// An event of a record or of a holder, with the values kept beside it under each holder.
pub(in crate::registry) struct Happened {
    event: Event,
    /// Its canonical form.
    bytes: Vec<u8>,
    /// The stored envelope of the order; empty where nobody signed one.
    order: Vec<u8>,
    /// The text of the ground.
    ground: String,
}

impl Happened {
    /// An event without an order and without a ground.
    pub fn unordered(event: Event) -> Self {
        Self::new(event, Vec::new(), String::new())
    }

    /// An event with the stored envelope of its order and the text of its ground; each is empty if there is
    /// none.
    pub fn new(event: Event, order: Vec<u8>, ground: String) -> Self {
        Self { bytes: event.to_canonical(), event, order, ground }
    }

    /// The entry for the log.
    pub fn entry(&self) -> [u8; 32] {
        crate::log::hash::sha256(&self.bytes)
    }

    /// One holder's copy of it, the `seq`th of that record or of the holder itself; `place.first` is its leaf.
    pub fn copy(&self, hk: HolderKey, record_id: [u8; 16], seq: i32, place: &Place) -> StoredEvent {
        StoredEvent {
            hk,
            record_id,
            seq,
            action: self.event.action.clone(),
            effective_on: self.event.effective_on,
            logged_at: self.event.at,
            log: place.log.clone(),
            leaf: place.first,
            event: self.bytes.clone(),
            order: self.order.clone(),
            ground: self.ground.clone(),
            intact: true,
        }
    }
}
