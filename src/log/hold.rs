//! Checks a log against its confirmed state before anything is signed on it (I14).

use super::anchor::{Anchor, Fork};
use super::fault::LogFault;
use super::proof::{self, ProofFault};
use super::storage::{Head, LogStore, TreeReader};
use super::tile::{NodeFault, StoredNodes};

/// Shows that the tree of a head begins with the confirmed one. If it has grown since, a consistency proof
/// from the entries and tiles that `reader` sees shows it.
pub fn goes_on<R: TreeReader>(
    reader: &mut R,
    head: &Head,
    anchor: &Anchor,
) -> Result<(), LogFault<R::Error>> {
    let (confirmed, size) = (anchor.size, head.size);
    if size < confirmed {
        return Err(LogFault::WentBack(Fork::Shorter { confirmed, size }));
    }
    let proof = proof::consistency(&mut StoredNodes::new(reader, &head.log), confirmed, size);
    let proof = match proof {
        Ok(proof) => proof,
        Err(ProofFault::Node(NodeFault::Store(error))) => return Err(LogFault::Store(error)),
        Err(ProofFault::Node(NodeFault::Missing { .. }) | ProofFault::OutOfRange { .. }) => {
            return Err(LogFault::WentBack(Fork::Unproven { confirmed }));
        }
    };
    if proof::extends(&anchor.root, confirmed, &head.root, size, &proof) {
        Ok(())
    } else {
        Err(LogFault::WentBack(Fork::Other { confirmed }))
    }
}

/// Refuses a log, whose head this transaction holds, unless it goes on from the state that this process last
/// knew to be committed. Costs nothing if the head is the anchor, which it is unless others append too.
pub(super) fn to_anchor<S: LogStore>(store: &mut S, head: &Head) -> Result<(), LogFault<S::Error>> {
    let Some(anchor) = store.anchor(&head.log).map_err(LogFault::Store)? else { return Ok(()) };
    if anchor == head.anchor() {
        return Ok(());
    }
    let held = goes_on(store, head, &anchor);
    if let Err(LogFault::WentBack(fork)) = &held {
        store.went_back(&head.log, *fork);
    }
    held
}
