//! The line before a few turns. Turns go round the addresses that wait, and within an address round what they asked for;
//! who asked the same waits in the order of arrival. It never asks whether a name or a client exists, so waiting tells
//! nothing about that.

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
    /// Addresses that wait: the next turn is the first one's.
    waiting: Round<Peer, Round<u64, VecDeque<Sender<TurnPermit>>>>,
}

/// Those that wait, the next one first.
type Round<K, V> = VecDeque<(K, V)>;

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
    pub async fn permit(self: &Arc<Self>, peer: Peer, asked: impl Hash) -> Option<TurnPermit> {
        let asked = self.asked.hash_one(asked);
        let turn = {
            let mut state = self.state();
            if let Some(left) = state.free.checked_sub(1) {
                state.free = left;
                return Some(TurnPermit { line: Some(self.clone()) });
            }
            let (sender, turn) = channel();
            state.join(peer, asked, sender);
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
                let next = state.next();
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
    fn join(&mut self, peer: Peer, asked: u64, sender: Sender<TurnPermit>) {
        // Who went away would stay until its turn comes.
        for (_, own) in &mut self.waiting {
            own.iter_mut().for_each(|(_, same)| same.retain(|one| !one.is_closed()));
            own.retain(|(_, same)| !same.is_empty());
        }
        self.waiting.retain(|(_, own)| !own.is_empty());
        if let Some(same) = at(&mut self.waiting, peer).and_then(|own| at(own, asked)) {
            same.push_back(sender);
        }
    }

    /// The next one; its address, and what it asked for, go to the end of their rounds.
    fn next(&mut self) -> Option<Sender<TurnPermit>> {
        let (peer, mut own) = self.waiting.pop_front()?;
        let (asked, mut same) = own.pop_front()?;
        let next = same.pop_front();
        if !same.is_empty() {
            own.push_back((asked, same));
        }
        if !own.is_empty() {
            self.waiting.push_back((peer, own));
        }
        next
    }
}

/// The value of a key in a round; a new one joins at the end. A round has no more than there are places in the room.
fn at<K: PartialEq, V: Default>(round: &mut Round<K, V>, key: K) -> Option<&mut V> {
    match round.iter().position(|(one, _)| *one == key) {
        Some(place) => round.get_mut(place),
        None => {
            round.push_back((key, V::default()));
            round.back_mut()
        }
    }
    .map(|(_, value)| value)
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
