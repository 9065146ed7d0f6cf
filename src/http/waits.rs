//! The wait of an address after wrong passwords: none after the first three, then 15 s, doubled each time up
//! to a quarter of an hour. In 15 minutes one address gets fewer guesses than the ten that make a name wait.
//! So nobody locks a name from one place. Counted in memory: a restart forgets it, the count of the name
//! stays.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::peer::Peer;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};

/// Wrong passwords that cost nothing: people mistype.
const FREE: u32 = 3;
/// Seconds after the next one.
const FIRST_S: i64 = 15;
/// The longest wait in seconds.
const LONGEST_S: i64 = 15 * 60;
/// Seconds without a wrong password after which an address begins anew.
const FORGOTTEN_S: i64 = 3600;
/// Addresses kept in mind.
const MOST: usize = 16_384;

/// The waits of the addresses.
#[derive(Debug, Default)]
pub struct Waits {
    /// Held for a look or an insert; for a scan once it is full.
    tallies: Mutex<HashMap<Peer, Tally>>,
}

#[derive(Debug, Clone, Copy)]
struct Tally {
    failures: u32,
    last: Moment,
    until: Moment,
}

impl Waits {
    /// Whether an address may try now.
    ///
    /// # Errors
    /// `sign_in_failed` with the seconds to wait.
    pub fn check(&self, peer: Peer, now: Moment) -> Result<()> {
        let until = self.tallies().get(&peer).map(|tally| tally.until);
        match until.filter(|until| *until > now) {
            Some(until) => {
                let seconds = u64::try_from(until.seconds() - now.seconds()).unwrap_or(1).max(1);
                let detail = "This address waits after several failures.";
                Err(Error::new(Code::SignInFailed, detail).retry_after(seconds))
            }
            None => Ok(()),
        }
    }

    /// Counts a wrong password.
    pub fn failed(&self, peer: Peer, now: Moment) {
        let mut tallies = self.tallies();
        if tallies.len() >= MOST && !tallies.contains_key(&peer) {
            forget(&mut tallies, now);
        }
        let fresh = Tally { failures: 0, last: now, until: now };
        let tally = tallies.entry(peer).or_insert(fresh);
        if tally.last < now.plus_seconds(-FORGOTTEN_S) {
            *tally = fresh;
        }
        tally.failures = tally.failures.saturating_add(1);
        let wait = match tally.failures.checked_sub(FREE) {
            Some(beyond @ 1..) => {
                FIRST_S.checked_shl(beyond - 1).map_or(LONGEST_S, |wait| wait.clamp(FIRST_S, LONGEST_S))
            }
            _ => 0,
        };
        (tally.last, tally.until) = (now, now.plus_seconds(wait));
    }

    /// Begins anew after a right password.
    pub fn succeeded(&self, peer: Peer) {
        self.tallies().remove(&peer);
    }

    fn tallies(&self) -> MutexGuard<'_, HashMap<Peer, Tally>> {
        // A panic while it was held left a whole tally: its fields do not depend on one another.
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes room: entries that would begin anew go, else the one that failed longest ago.
fn forget(tallies: &mut HashMap<Peer, Tally>, now: Moment) {
    tallies.retain(|_, tally| tally.last >= now.plus_seconds(-FORGOTTEN_S));
    if tallies.len() < MOST {
        return;
    }
    let oldest = tallies.iter().min_by_key(|(_, tally)| tally.last).map(|(peer, _)| *peer);
    oldest.and_then(|peer| tallies.remove(&peer));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::retry_seconds;

    fn peer(last: u32) -> Peer {
        Peer::at(std::net::Ipv4Addr::from_bits(0x0a00_0000 + last).into())
    }

    fn begin() -> Moment {
        "2026-11-22T01:00:00.000000Z".parse().unwrap()
    }

    #[test]
    fn waits_grow_and_a_right_password_ends_them() {
        let (waits, mut now, mut told) = (Waits::default(), begin(), Vec::new());
        for _ in 0..12 {
            waits.failed(peer(1), now);
            let wait = waits.check(peer(1), now).err().and_then(|error| retry_seconds(&error)).unwrap_or(0);
            told.push(wait);
            now = now.plus_seconds(i64::try_from(wait).unwrap());
            waits.check(peer(1), now).unwrap();
        }
        assert_eq!(told, [0, 0, 0, 15, 30, 60, 120, 240, 480, 900, 900, 900]);
        waits.check(peer(2), begin()).expect("another address does not wait");
        waits.succeeded(peer(1));
        waits.failed(peer(1), now);
        waits.check(peer(1), now).unwrap();
    }

    #[test]
    fn one_address_has_fewer_than_ten_guesses_in_fifteen_minutes() {
        let (waits, mut guesses) = (Waits::default(), Vec::new());
        for second in 0..4 * 3600 {
            let now = begin().plus_seconds(second);
            if waits.check(peer(1), now).is_ok() {
                guesses.push(second);
                waits.failed(peer(1), now);
            }
        }
        let most =
            guesses.iter().map(|from| guesses.iter().filter(|at| (*from..from + 900).contains(at)).count());
        assert_eq!(most.max(), Some(9));
    }

    #[test]
    fn memory_is_bounded_and_an_address_begins_anew_after_an_hour() {
        let waits = Waits::default();
        for last in 0..u32::try_from(MOST).unwrap() + 10 {
            waits.failed(peer(last), begin().plus_seconds(i64::from(last) / 100));
        }
        assert_eq!(waits.tallies().len(), MOST);
        let later = begin().plus_seconds(2 * FORGOTTEN_S);
        for _ in 0..4 {
            waits.failed(peer(9_000_000), later);
        }
        assert!(waits.check(peer(9_000_000), later).is_err());
        assert!(waits.tallies().len() < 10);
    }
}
