//! The line before a few turns. Turns go round the addresses that wait, within an address round the names under which it
//! asks, and within a name round what was asked; the same again waits behind itself. It never asks whether a name or a
//! client exists, so waiting tells nothing about that.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot::{Sender, channel};

use crate::http::peer::Peer;

/// The most that wait or work at once. One address takes half of it at most.
const ROOM: usize = 256;

/// Those that work, and those that wait for their turn.
pub(super) struct TurnLine {
    /// Held for a look or an insert, never while anybody waits.
    state: Mutex<State>,
    /// Of what was asked for only its hash is kept; two that meet share a place in the round.
    asked: RandomState,
}

#[derive(Default)]
struct State {
    /// Turns that nobody has.
    free: usize,
    /// The places of each address inside.
    inside: HashMap<Peer, usize>,
    /// Addresses that wait, their names, and what they asked.
    waiting: Round<Peer, Round<u64, Round<u64, Same>>>,
}

/// A turn. Dropped, it goes to the next that waits.
pub(super) struct TurnPermit {
    /// None once it was handed on.
    line: Option<Arc<TurnLine>>,
}

/// A place in the room, until it is dropped.
pub(super) struct TurnPlace {
    line: Arc<TurnLine>,
    peer: Peer,
}

impl TurnLine {
    /// Of so many turns at once.
    pub fn new(at_once: usize) -> Arc<Self> {
        let state = State { free: at_once, ..State::default() };
        Arc::new(Self { state: Mutex::new(state), asked: RandomState::new() })
    }

    /// A place in the room for an address; none if the room is full or the address takes half of it.
    pub fn place(self: &Arc<Self>, peer: Peer) -> Option<TurnPlace> {
        let inside = &mut self.state().inside;
        let (all, own) = (inside.values().sum::<usize>(), inside.get(&peer).copied().unwrap_or(0));
        (all < ROOM && own < ROOM / 2).then_some(())?;
        inside.insert(peer, own + 1);
        Some(TurnPlace { line: self.clone(), peer })
    }

    /// Waits for the turn. Whoever stops waiting leaves the line.
    pub async fn permit(
        self: &Arc<Self>,
        peer: Peer,
        name: impl Hash,
        asked: impl Hash,
    ) -> Option<TurnPermit> {
        let (name, asked) = (self.asked.hash_one(name), self.asked.hash_one(asked));
        let turn = {
            let mut state = self.state();
            if let Some(left) = state.free.checked_sub(1) {
                state.free = left;
                return Some(TurnPermit { line: Some(self.clone()) });
            }
            let (sender, turn) = channel();
            state.join(peer, name, asked, sender);
            turn
        };
        turn.await.ok()
    }

    /// Gives a turn to the next that still waits, or keeps it free.
    fn hand_on(self: Arc<Self>) {
        let mut line = self;
        loop {
            let next = {
                let mut state = line.state();
                let next = state.waiting.next();
                state.free += usize::from(next.is_none());
                next
            };
            let Some(next) = next else { return };
            // Sent while nothing is locked. One that arrives where nobody waits any more comes back by being dropped.
            match next.send(TurnPermit { line: Some(line) }) {
                Ok(()) => return,
                Err(mut back) => match back.line.take() {
                    Some(again) => line = again,
                    None => return,
                },
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while it was held came before or after a change: at worst one place too many stays taken.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn join(&mut self, peer: Peer, name: u64, asked: u64, sender: Sender<TurnPermit>) {
        // Who went away would stay until its turn comes.
        self.waiting.tidy();
        let place = self.waiting.of(peer).and_then(|own| own.of(name)).and_then(|own| own.of(asked));
        if let Some(same) = place {
            same.push_back(sender);
        }
    }
}

/// What waits, with an order of its own.
trait Waits: Default {
    fn next(&mut self) -> Option<Sender<TurnPermit>>;
    /// Forgets who went away.
    fn tidy(&mut self);
    fn is_empty(&self) -> bool;
}

/// The same, asked again: in the order of arrival.
type Same = VecDeque<Sender<TurnPermit>>;

impl Waits for Same {
    fn next(&mut self) -> Option<Sender<TurnPermit>> {
        self.pop_front()
    }

    fn tidy(&mut self) {
        self.retain(|one| !one.is_closed());
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// A round of places. Three kinds of them have the turn one after the other: the one that came last, the one that has
/// waited longest, and the next of those that had a turn before and want more. So whoever comes behind a crowd is next
/// or nearly so, and nobody waits longer than three times as long as in one line.
struct Round<K, V> {
    /// Places that had no turn yet, in the order of arrival.
    fresh: VecDeque<(K, V)>,
    /// Places that had one, in the order in which they had it.
    served: VecDeque<(K, V)>,
    /// Whose turn is next.
    next: Kind,
}

#[derive(Clone, Copy, Default)]
enum Kind {
    #[default]
    Newest,
    Oldest,
    Served,
}

impl Kind {
    fn behind(self) -> Self {
        match self {
            Self::Newest => Self::Oldest,
            Self::Oldest => Self::Served,
            Self::Served => Self::Newest,
        }
    }
}

impl<K, V> Default for Round<K, V> {
    fn default() -> Self {
        Self { fresh: VecDeque::new(), served: VecDeque::new(), next: Kind::default() }
    }
}

impl<K: PartialEq, V: Waits> Round<K, V> {
    /// The place of a key. A round has no more than there are places in the room.
    fn of(&mut self, key: K) -> Option<&mut V> {
        let known = |round: &VecDeque<(K, V)>| round.iter().position(|(one, _)| *one == key);
        let (served, fresh) = (known(&self.served), known(&self.fresh));
        match (served, fresh) {
            (Some(at), _) => self.served.get_mut(at),
            (None, Some(at)) => self.fresh.get_mut(at),
            (None, None) => {
                self.fresh.push_back((key, V::default()));
                self.fresh.back_mut()
            }
        }
        .map(|(_, waits)| waits)
    }

    fn take(&mut self, kind: Kind) -> Option<(K, V)> {
        match kind {
            Kind::Newest => self.fresh.pop_back(),
            Kind::Oldest => self.fresh.pop_front(),
            Kind::Served => self.served.pop_front(),
        }
    }
}

impl<K: PartialEq, V: Waits> Waits for Round<K, V> {
    fn next(&mut self) -> Option<Sender<TurnPermit>> {
        let kinds = [self.next, self.next.behind(), self.next.behind().behind()];
        let (kind, (key, mut waits)) = kinds.into_iter().find_map(|kind| Some((kind, self.take(kind)?)))?;
        self.next = kind.behind();
        let next = waits.next();
        if !waits.is_empty() {
            self.served.push_back((key, waits));
        }
        next
    }

    fn tidy(&mut self) {
        for round in [&mut self.fresh, &mut self.served] {
            round.iter_mut().for_each(|(_, waits)| waits.tidy());
            round.retain(|(_, waits)| !waits.is_empty());
        }
    }

    fn is_empty(&self) -> bool {
        self.fresh.is_empty() && self.served.is_empty()
    }
}

impl Drop for TurnPermit {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.hand_on();
        }
    }
}

impl Drop for TurnPlace {
    fn drop(&mut self) {
        let inside = &mut self.line.state().inside;
        match inside.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(inside.remove(&self.peer)),
        }
    }
}

#[cfg(test)]
impl TurnLine {
    /// Turns that nobody has.
    pub fn free(&self) -> usize {
        self.state().free
    }

    /// Places that are taken.
    pub fn inside(&self) -> usize {
        self.state().inside.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> Peer {
        Peer::at([10, 0, 0, last].into())
    }

    #[test]
    fn one_address_fills_half_of_the_room_at_most() {
        let line = TurnLine::new(1);
        let places: Vec<_> = (0..ROOM / 2).map(|_| line.place(peer(1)).unwrap()).collect();
        assert!(line.place(peer(1)).is_none());
        let others: Vec<_> = (0..ROOM / 2).map(|_| line.place(peer(2)).unwrap()).collect();
        assert!(line.place(peer(3)).is_none(), "the room is full");
        drop((places, others));
        assert!(line.place(peer(1)).is_some());
    }
}
