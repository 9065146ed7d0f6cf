//! One connection, as the socket and the frame see it together: its phase, its start, and the signal that
//! ends it from outside. The frame tells when a request begins and when its answer has gone. The socket tells
//! when bytes come and decides which connection must end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The phase of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Open, and no byte of a request has come yet.
    Fresh,
    /// Between two requests.
    Idle,
    /// Bytes of a request have come, its head is not whole.
    Head,
    /// A request is being read and answered; the frame's own time limit holds.
    Busy,
    /// The answer is made and not all of it has been taken yet.
    Sending,
    /// It was told to end.
    Ended,
}

const PHASES: [Phase; 6] =
    [Phase::Fresh, Phase::Idle, Phase::Head, Phase::Busy, Phase::Sending, Phase::Ended];

/// The state of one connection; shared by its socket, its requests and its watchers.
#[derive(Debug)]
pub struct Connection {
    opened: Instant,
    /// Milliseconds after `opened` at which the phase began, times eight, plus the phase: one word, so that the two
    /// never belong to different moments.
    state: AtomicU64,
    end: Notify,
}

impl Default for Connection {
    fn default() -> Self {
        Self { opened: Instant::now(), state: AtomicU64::new(0), end: Notify::new() }
    }
}

/// A phase and when it began, as [`Connection::end_if`] takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    word: u64,
    /// The phase.
    pub phase: Phase,
    /// How long it has lasted.
    pub since: Duration,
}

impl Connection {
    /// Some bytes have come: the head of a request has begun, unless one is on its way already.
    pub fn bytes_came(&self) {
        // Most bytes come with nothing to note: one relaxed read.
        if matches!(phase_of(self.state.load(Ordering::Relaxed)), Phase::Fresh | Phase::Idle) {
            self.turn(Phase::Head);
        }
    }

    /// The phase now, and how long it has lasted.
    pub fn look(&self) -> Seen {
        let word = self.state.load(Ordering::Acquire);
        let since = self.opened.elapsed().saturating_sub(Duration::from_millis(word >> 3));
        Seen { word, phase: phase_of(word), since }
    }

    /// Tells it to end, if nothing has changed since it was looked at; false where it has.
    pub fn end_if(&self, seen: Seen) -> bool {
        let ended = seen.word | code(Phase::Ended);
        let won = self.state.compare_exchange(seen.word, ended, Ordering::AcqRel, Ordering::Acquire);
        if won.is_ok() {
            self.end.notify_one();
        }
        won.is_ok()
    }

    /// Returns when somebody has told it to end.
    pub async fn ended(&self) {
        self.end.notified().await;
    }

    /// Enters a phase; a connection that was told to end stays so.
    fn turn(&self, phase: Phase) {
        let at = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX >> 3);
        let next = at << 3 | code(phase);
        let step = |word| (phase_of(word) != Phase::Ended).then_some(next);
        // Refused only if it has ended: then there is nothing left to note.
        let _ended = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, step);
    }
}

/// A request on its connection: busy until answered, sending until dropped, then idle. Without a connection (a test)
/// it notes nothing.
#[derive(Debug)]
pub struct Exchange(Option<Arc<Connection>>);

impl Exchange {
    /// The head of a request is whole.
    pub fn begin(connection: Option<Arc<Connection>>) -> Self {
        if let Some(connection) = &connection {
            connection.turn(Phase::Busy);
        }
        Self(connection)
    }

    /// The answer is made; its body is taken from here on.
    pub fn answered(&self) {
        if let Some(connection) = &self.0 {
            connection.turn(Phase::Sending);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.turn(Phase::Idle);
        }
    }
}

/// `Ended` is seven: any phase or-ed with it becomes it.
fn code(phase: Phase) -> u64 {
    match phase {
        Phase::Fresh => 0,
        Phase::Idle => 1,
        Phase::Head => 2,
        Phase::Busy => 3,
        Phase::Sending => 4,
        Phase::Ended => 7,
    }
}

fn phase_of(word: u64) -> Phase {
    PHASES.into_iter().find(|phase| code(*phase) == word & 7).unwrap_or(Phase::Ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_idle_again_when_its_answer_has_gone() {
        let connection = Arc::new(Connection::default());
        let phase = || connection.look().phase;
        assert_eq!(phase(), Phase::Fresh);
        connection.bytes_came();
        assert_eq!(phase(), Phase::Head);
        let exchange = Exchange::begin(Some(connection.clone()));
        connection.bytes_came();
        assert_eq!(phase(), Phase::Busy, "the bytes of a body begin no other request");
        exchange.answered();
        assert_eq!(phase(), Phase::Sending);
        drop(exchange);
        assert_eq!(phase(), Phase::Idle);
        std::thread::sleep(Duration::from_millis(5));
        assert!(connection.look().since >= Duration::from_millis(4));
    }

    #[actix_web::test]
    async fn only_what_has_not_moved_is_ended_and_that_once() {
        let connection = Connection::default();
        let before = connection.look();
        connection.bytes_came();
        assert!(!connection.end_if(before), "a request has begun in between");
        assert!(connection.end_if(connection.look()));
        connection.ended().await;
        connection.turn(Phase::Busy);
        assert_eq!(connection.look().phase, Phase::Ended, "it does not come back");
    }
}
