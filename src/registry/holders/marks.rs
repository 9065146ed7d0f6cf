//! The marks that stand on one holder, and the effect of a new one on them. Pure: the check of everything folds
//! the events by the same rules.
//!
//! Marks stand side by side, one of each state. The state of the holder is the weightiest. The others lie beneath
//! it and stand again when it is taken back, so none is forgotten.

use std::cmp::Reverse;

use crate::store::{HolderMark, HolderState, StoredHolder};

/// The weight of a state beside the others of one holder.
pub(in crate::registry) const fn weight(state: HolderState) -> u8 {
    match state {
        HolderState::Deceased => 4,
        HolderState::DeathReported => 3,
        HolderState::Deregistered | HolderState::Dissolved => 2,
        HolderState::Provisional => 1,
        HolderState::Normal | HolderState::MergedInto | HolderState::SplitFrom => 0,
    }
}

/// States a mark on a holder; `normal` takes the weightiest one back.
///
/// The same state again corrects its day and its source, wherever it stands. A confirmed death takes the place of
/// its report, and a report of a confirmed death changes nothing.
pub(in crate::registry) fn state(holder: &mut StoredHolder, mark: HolderMark) {
    let mut marks = standing(holder);
    match mark.state {
        HolderState::Normal => drop(marks.drain(..marks.len().min(1))),
        HolderState::DeathReported if holder.state == HolderState::Deceased => {}
        stated => {
            let confirmed = stated == HolderState::Deceased;
            let replaced =
                |other: HolderState| other == stated || (confirmed && other == HolderState::DeathReported);
            marks.retain(|other| !replaced(other.state));
            marks.push(mark.clone());
            marks.sort_by_key(|mark| Reverse(weight(mark.state)));
        }
    }
    let mut marks = marks.into_iter();
    // When no mark is left, the row says when and by whom the last one was taken back.
    let newest = marks.next().unwrap_or(mark);
    holder.state = newest.state;
    holder.body.state_since = Some(newest.since);
    holder.body.state_source = newest.source;
    holder.body.state_at = Some(newest.at);
    holder.body.beneath = marks.collect();
}

/// All marks of a holder, the weightiest first.
fn standing(holder: &StoredHolder) -> Vec<HolderMark> {
    let body = &holder.body;
    let shown = match (holder.state, body.state_since, body.state_at) {
        (HolderState::Normal, ..) => None,
        (state, Some(since), Some(at)) => {
            Some(HolderMark { state, since, source: body.state_source.clone(), at })
        }
        // Only marks make states, and each has its day and its moment.
        (..) => None,
    };
    shown.into_iter().chain(body.beneath.iter().cloned()).collect()
}

#[cfg(test)]
mod tests;
