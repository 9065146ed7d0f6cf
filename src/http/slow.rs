//! Work of tens of milliseconds that an unknown caller can ask for: the hashing of passwords and secrets.
//! Only a few run at a time, so that guessing costs the guesser and not the lookups. A crowd delays others and does
//! not shut them out: turns go round the addresses that wait, and round the names of each (`line`).

mod line;

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;

use self::line::{TurnLine, TurnPermit, TurnPlace};
use super::peer::Peer;
use crate::error::{Code, Error, Result};

/// The longest wait for a turn; less than the time limit of a request.
const WAIT: Duration = Duration::from_secs(15);

/// A room where a few work and others wait for their turn.
#[derive(Clone)]
pub struct SlowWork {
    line: Arc<TurnLine>,
}

/// A turn, and the place in the room, until it is dropped.
pub struct Turn {
    _permit: TurnPermit,
    _place: TurnPlace,
}

impl SlowWork {
    /// A room for `at_once` pieces of work. argon2id takes its memory for each.
    pub fn new(at_once: usize) -> Self {
        Self { line: TurnLine::new(at_once) }
    }

    /// Waits for a turn of this address. `name` is under which name it asks, `asked` all that was asked for: the same
    /// again waits behind itself and not before others of the name, nor the others of a name before another one.
    ///
    /// # Errors
    /// `store_busy` (503) if the room is full, if this address takes half of it, or if the turn does not come
    /// in time.
    pub async fn turn(
        &self,
        peer: Peer,
        name: impl std::hash::Hash,
        asked: impl std::hash::Hash,
    ) -> Result<Turn> {
        let busy = || Error::new(Code::StoreBusy, "Too many sign-ins just now.");
        let place = self.line.place(peer).ok_or_else(busy)?;
        let turn = tokio::time::timeout(WAIT, self.line.permit(peer, name, asked)).await;
        let permit = turn.ok().flatten().ok_or_else(busy)?;
        Ok(Turn { _permit: permit, _place: place })
    }
}

impl Turn {
    /// Runs the work on the blocking pool. The turn ends with the work, even if the caller has hung up: a
    /// caller who hangs up and asks again gains nothing.
    ///
    /// # Errors
    /// The errors of the work.
    pub async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = self;
        let held = move || {
            let done = work();
            drop(turn);
            done
        };
        web::block(held).await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn peer(last: u8) -> Peer {
        Peer::at([10, 0, 0, last].into())
    }

    #[actix_web::test]
    async fn no_more_run_at_once_than_are_let_in() {
        let door = SlowWork::new(2);
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (door, now, most) = (door.clone(), now.clone(), most.clone());
                actix_web::rt::spawn(async move {
                    let work = move || {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(10));
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    };
                    door.turn(peer(1), "", "").await?.run(work).await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert_eq!((door.line.free(), door.line.inside()), (2, 0));
    }

    #[actix_web::test]
    async fn who_hangs_up_keeps_the_turn_until_the_work_is_done() {
        let door = SlowWork::new(1);
        let (done, finished) = std::sync::mpsc::channel::<()>();
        let work = move || {
            let _waited = finished.recv();
            Ok(())
        };
        let hung_up = actix_web::rt::spawn(door.turn(peer(1), "", "").await.unwrap().run(work));
        tokio::task::yield_now().await;
        hung_up.abort();
        let _aborted = hung_up.await;
        assert_eq!(door.line.free(), 0);
        drop(done);
        door.turn(peer(1), "", "").await.unwrap();
    }

    /// Whoever waits for a turn and goes away leaves nothing behind, and the turn goes to the next.
    #[actix_web::test]
    async fn who_goes_away_while_waiting_takes_no_turn() {
        let door = SlowWork::new(1);
        let first = door.turn(peer(1), "", "").await.unwrap();
        let waiting = |last: u8| {
            let door = door.clone();
            actix_web::rt::spawn(async move { door.turn(peer(last), "", "").await.map(drop) })
        };
        let (gone, stays) = (waiting(2), waiting(3));
        tokio::task::yield_now().await;
        gone.abort();
        let _aborted = gone.await;
        drop(first);
        stays.await.unwrap().unwrap();
        assert_eq!((door.line.free(), door.line.inside()), (1, 0));
    }

    /// Sixty that guess, and one that is right and comes last: how many are served before it. Each is an address, a name
    /// and a secret.
    async fn served_before(
        guesser: impl Fn(usize) -> (Peer, String, String),
        right: (Peer, &'static str, &'static str),
    ) -> usize {
        let (door, served) = (SlowWork::new(1), Arc::new(Mutex::new(Vec::new())));
        let first = door.turn(peer(1), "", "").await.unwrap();
        let mut tasks = Vec::new();
        let guesses = (0..60).map(|one| (guesser(one), false));
        let right = (right.0, right.1.to_owned(), right.2.to_owned());
        for ((peer, name, asked), is_right) in guesses.chain([(right, true)]) {
            let (door, served) = (door.clone(), served.clone());
            tasks.push(actix_web::rt::spawn(async move {
                let _turn = door.turn(peer, name, asked).await.unwrap();
                served.lock().unwrap().push(is_right);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        let served = served.lock().unwrap();
        assert_eq!(served.len(), 61);
        served.iter().position(|is_right| *is_right).unwrap()
    }

    /// From its own address or from another, under its own name or under sixty others, with one wrong secret or with
    /// sixty.
    #[actix_web::test]
    async fn a_right_one_waits_behind_a_few_of_those_that_guess() {
        let of_others = |one: usize| (peer(1), format!("client-{one}"), "guess".to_owned());
        let of_another = |one: usize| (peer(1), "other".to_owned(), format!("guess-{one}"));
        let of_its_own = |one: usize| (peer(1), "right".to_owned(), format!("guess-{one}"));
        let stubborn = |_: usize| (peer(1), "right".to_owned(), "old".to_owned());
        let everywhere =
            |one: usize| (peer(u8::try_from(one).unwrap() + 3), "right".to_owned(), "guess".to_owned());
        for from in [peer(1), peer(2)] {
            let right = (from, "right", "secret");
            for (way, before) in [
                ("others", served_before(of_others, right).await),
                ("another", served_before(of_another, right).await),
                ("its own", served_before(of_its_own, right).await),
                ("stubborn", served_before(stubborn, right).await),
                ("everywhere", served_before(everywhere, right).await),
            ] {
                assert!(before <= 3, "{way}: {before}");
            }
        }
    }

    /// While new guesses keep coming, who came first is served all the same: at worst every third turn is of those that
    /// have waited longest.
    #[actix_web::test]
    async fn nobody_waits_behind_all_that_come_later() {
        let (door, served) = (SlowWork::new(1), Arc::new(Mutex::new(Vec::new())));
        let first = door.turn(peer(1), "", "").await.unwrap();
        let wait = |name: String| {
            let (door, served) = (door.clone(), served.clone());
            actix_web::rt::spawn(async move {
                let _turn = door.turn(peer(1), name.clone(), "").await.unwrap();
                served.lock().unwrap().push(name);
            })
        };
        let mut tasks = vec![wait("early".into())];
        tokio::task::yield_now().await;
        for one in 0..60 {
            tasks.push(wait(format!("later-{one}")));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        let served = served.lock().unwrap();
        assert!(served.iter().position(|name| name == "early").unwrap() <= 3, "{served:?}");
    }
}
