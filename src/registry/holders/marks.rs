//! The marks that stand on one holder, and the effect of a new one on them. Pure: the check of everything folds
//! the events by the same rules.
//!
//! Marks stand side by side: one of each state that offices stated, and one of each certificate. The state of the
//! holder is the weightiest. The others lie beneath it and stand again when it is taken back, so none is forgotten.

use std::cmp::Reverse;

use crate::clock::Day;
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

/// A mark as it is stated.
#[derive(Clone)]
pub(in crate::registry) struct StatedMark {
    /// The mark; `normal` takes marks back.
    pub mark: HolderMark,
    /// The certificate whose mark it replaces: an earlier version of its own.
    pub replaces: Option<String>,
}

/// States a mark on a holder.
///
/// An office's mark takes the place of an earlier one of that state: it corrects day and source. A certificate's mark
/// stands beside it, until the certificate itself takes it back or replaces it. `normal` by an office takes back all
/// marks of the weightiest state, and of a confirmed death the reports too: one action, whatever they came from.
/// `normal` by a certificate takes back its own mark alone.
pub(in crate::registry) fn state(holder: &mut StoredHolder, stated: StatedMark) {
    let StatedMark { mark, replaces } = stated;
    let mut marks = standing(holder);
    let certificate = mark.certificate.as_deref();
    match (mark.state, certificate) {
        (HolderState::Normal, Some(_)) => marks.retain(|one| one.certificate.as_deref() != certificate),
        (HolderState::Normal, None) => {
            let top = holder.state;
            let with =
                |one: &HolderMark| top == HolderState::Deceased && one.state == HolderState::DeathReported;
            marks.retain(|one| one.state != top && !with(one));
        }
        (stated, Some(_)) => {
            let old = |one: &HolderMark| one.certificate.is_some() && one.certificate == replaces;
            marks.retain(|one| {
                !(old(one) || one.state == stated && one.certificate.as_deref() == certificate)
            });
            marks.insert(0, mark.clone());
        }
        (stated, None) => {
            marks.retain(|one| one.state != stated || one.certificate.is_some());
            marks.insert(0, mark.clone());
        }
    }
    // The newest of one weight stays first.
    marks.sort_by_key(|mark| Reverse(weight(mark.state)));
    let mut marks = marks.into_iter();
    // When no mark is left, the row says when and by whom the last one was taken back.
    let newest = marks.next().unwrap_or(HolderMark { certificate: None, ..mark });
    holder.state = newest.state;
    holder.body.state_since = Some(newest.since);
    holder.body.state_source = newest.source;
    holder.body.state_at = Some(newest.at);
    holder.body.certificate = newest.certificate;
    holder.body.beneath = marks.collect();
}

/// All marks of a holder, the weightiest first.
pub(in crate::registry) fn standing(holder: &StoredHolder) -> Vec<HolderMark> {
    let body = &holder.body;
    let shown = match (holder.state, body.state_since, body.state_at) {
        (HolderState::Normal, ..) => None,
        (state, Some(since), Some(at)) => Some(HolderMark {
            state,
            since,
            source: body.state_source.clone(),
            at,
            certificate: body.certificate.clone(),
        }),
        // Only marks make states, and each has its day and its moment.
        (..) => None,
    };
    shown.into_iter().chain(body.beneath.iter().cloned()).collect()
}

/// The earliest day of a confirmed death, or of the end of an organisation, that stands on a holder.
pub(in crate::registry) fn ended_on(holder: &StoredHolder) -> Option<Day> {
    // Nearly every holder has no mark.
    if holder.state == HolderState::Normal && holder.body.beneath.is_empty() {
        return None;
    }
    earliest_end(&standing(holder))
}

/// The same of marks.
pub(in crate::registry) fn earliest_end<'m>(marks: impl IntoIterator<Item = &'m HolderMark>) -> Option<Day> {
    let ends = |mark: &&HolderMark| matches!(mark.state, HolderState::Deceased | HolderState::Dissolved);
    marks.into_iter().filter(ends).map(|mark| mark.since).min()
}

#[cfg(test)]
mod tests;
