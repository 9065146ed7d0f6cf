//! The connections of one socket. There are no more than its share. Idle ones are dropped first when room
//! gets short, and a connection that is too long in one phase is ended. For callers this means: an idle
//! connection can close at any time (HTTP says so of every one), a request that is being answered never does.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::rt;

use crate::config::ServeConfig;
use crate::http::connection::{Connection, Phase, Seen};

/// Connections that a worker may be handed beyond its part of the share: room for those that must end and
/// have not yet.
pub const SLACK: usize = 8;
/// A connection that waits for the other side less than this is not dropped to make room: its next bytes may
/// be on their way. A newcomer waits as long for room.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a newcomer looks for room.
const STEP: Duration = Duration::from_millis(20);
/// An answer must be taken within this time; the slowest line worth serving takes 8 MiB in it.
const SENDING: Duration = Duration::from_secs(300);
/// The frame and actix end some connections themselves; they get this much longer before this file ends them.
const GRACE: Duration = Duration::from_secs(1);

/// Counts of connection events since the start; one for all sockets.
#[derive(Debug, Default)]
pub struct ConnectionCounts {
    /// Open now.
    pub open: AtomicU64,
    /// Ended to make room.
    pub displaced: AtomicU64,
    /// Ended because a phase took too long.
    pub overdue: AtomicU64,
    /// Not taken: all others were at work.
    pub refused: AtomicU64,
}

/// The connections of one socket, shared by its workers and the watch.
#[derive(Debug)]
pub struct Connections {
    /// By a number that is never used twice. Held for a scan of the states and never across an await.
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicU64,
    most: usize,
    limits: Limits,
    counts: Arc<ConnectionCounts>,
}

/// How long a phase may last.
#[derive(Debug, Clone, Copy)]
struct Limits {
    head: Duration,
    idle: Duration,
}

impl Connections {
    /// At most `most`.
    pub fn new(most: usize, config: &ServeConfig, counts: Arc<ConnectionCounts>) -> Arc<Self> {
        let limits = Limits { head: config.head_limit + GRACE, idle: config.keep_alive + GRACE };
        Arc::new(Self { open: Mutex::default(), next: AtomicU64::new(0), most, limits, counts })
    }

    /// The share.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Takes a connection in, if need be after another has gone; `None` if none goes in time.
    pub async fn admit(self: &Arc<Self>) -> Option<Admitted> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(admitted) = self.admit_now() {
                return Some(admitted);
            }
            if Instant::now() >= until {
                self.counts.refused.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            rt::time::sleep(STEP).await;
        }
    }

    fn admit_now(self: &Arc<Self>) -> Option<Admitted> {
        let mut open = self.open();
        // Room is made before it is needed: a connection that must end needs a moment to do so.
        if open.len() >= self.most - self.most / 16 {
            self.make_room(&open);
        }
        if open.len() >= self.most {
            return None;
        }
        let connection = Arc::new(Connection::default());
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        open.insert(number, connection.clone());
        self.counts.open.fetch_add(1, Ordering::Relaxed);
        Some(Admitted { among: self.clone(), number, connection })
    }

    /// Ends connections that are too long in their phase; returns how many.
    pub fn sweep(&self) -> usize {
        let ended = self.open().values().filter(|connection| self.end_overdue(connection)).count();
        self.counts.overdue.fetch_add(u64::try_from(ended).unwrap_or(u64::MAX), Ordering::Relaxed);
        ended
    }

    fn end_overdue(&self, connection: &Connection) -> bool {
        let seen = connection.look();
        let limit = match seen.phase {
            Phase::Fresh | Phase::Head => self.limits.head,
            Phase::Idle => self.limits.idle,
            Phase::Sending => SENDING,
            Phase::Busy | Phase::Ended => return false,
        };
        seen.since > limit && connection.end_if(seen)
    }

    /// Ends the connection that was idle for longest. If none is idle, ends the one that waits longest for
    /// its other side: for the rest of a request, or for an answer to be taken. Ends none if enough of them
    /// are on their way out.
    fn make_room(&self, open: &HashMap<u64, Arc<Connection>>) {
        let (mut leaving, mut idle, mut waiting) = (0, None, None);
        for connection in open.values() {
            let seen = connection.look();
            let longest = match seen.phase {
                Phase::Ended => {
                    leaving += 1;
                    continue;
                }
                Phase::Fresh | Phase::Idle => &mut idle,
                Phase::Head | Phase::Sending if seen.since > PATIENCE => &mut waiting,
                Phase::Head | Phase::Sending | Phase::Busy => continue,
            };
            if longest.is_none_or(|(before, _): (Seen, _)| before.since < seen.since) {
                *longest = Some((seen, connection));
            }
        }
        if open.len() - leaving < self.most - self.most / 16 {
            return;
        }
        if idle.or(waiting).is_some_and(|(seen, connection)| connection.end_if(seen)) {
            self.counts.displaced.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        // A panic while it was held left at most one insert undone: the map is whole.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that was taken in; gives its place back when dropped.
#[derive(Debug)]
pub struct Admitted {
    among: Arc<Connections>,
    number: u64,
    connection: Arc<Connection>,
}

impl Admitted {
    /// Its state.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.among.open().remove(&self.number);
        self.among.counts.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::connection::Exchange;

    fn connections(most: usize) -> Arc<Connections> {
        let mut config = ServeConfig::new(Vec::new());
        (config.head_limit, config.keep_alive) = (Duration::ZERO, Duration::from_secs(60));
        Connections::new(most, &config, Arc::default())
    }

    fn ended(admitted: &Admitted) -> bool {
        admitted.connection().look().phase == Phase::Ended
    }

    #[test]
    fn the_longest_idle_makes_room_and_who_is_answered_stays() {
        let connections = connections(16);
        let mut taken: Vec<_> = (0..15).map(|_| connections.admit_now().unwrap()).collect();
        let busy: Vec<_> =
            taken[..3].iter().map(|one| Exchange::begin(Some(one.connection().clone()))).collect();
        std::thread::sleep(Duration::from_millis(3));
        taken[4].connection().bytes_came();
        drop(Exchange::begin(Some(taken[3].connection().clone())));
        taken.push(connections.admit_now().unwrap());
        assert_eq!(taken.iter().filter(|one| ended(one)).count(), 1);
        assert!(taken[..5].iter().all(|one| !ended(one)), "at work, or idle for a shorter time");
        assert!(connections.admit_now().is_none(), "the one that was told to end is still there");
        assert!(connections.admit_now().is_none());
        assert_eq!(taken.iter().filter(|one| ended(one)).count(), 2, "no more are ended than room is needed");
        taken.retain(|one| !ended(one));
        assert!(connections.admit_now().is_some());
        drop(busy);
    }

    #[actix_web::test]
    async fn where_all_are_at_work_a_newcomer_waits_and_is_refused() {
        let connections = connections(16);
        let taken: Vec<_> = (0..16).map(|_| connections.admit_now().unwrap()).collect();
        let mut busy: Vec<_> =
            taken.iter().map(|one| Exchange::begin(Some(one.connection().clone()))).collect();
        assert!(connections.admit().await.is_none());
        assert_eq!(connections.counts.refused.load(Ordering::Relaxed), 1);
        let newcomer = rt::spawn({
            let connections = connections.clone();
            async move { connections.admit().await.is_some() }
        });
        rt::time::sleep(STEP).await;
        busy.clear();
        drop(taken);
        assert!(newcomer.await.unwrap(), "one has gone while it waited");
        assert_eq!(connections.counts.open.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn what_lasts_too_long_is_ended() {
        let connections = connections(16);
        let (fresh, working) = (connections.admit_now().unwrap(), connections.admit_now().unwrap());
        let exchange = Exchange::begin(Some(working.connection().clone()));
        assert_eq!(connections.sweep(), 0, "the grace has not passed");
        std::thread::sleep(GRACE + Duration::from_millis(50));
        assert_eq!(connections.sweep(), 1);
        assert!(ended(&fresh) && !ended(&working));
        drop(exchange);
        assert_eq!(connections.sweep(), 0, "it is idle, and for a moment only");
    }
}
