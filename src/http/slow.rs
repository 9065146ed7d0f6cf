//! Work of tens of milliseconds that an unknown caller can ask for: the hashing of passwords and secrets.
//! Only a few run at a time, so that guessing costs the guesser and not the lookups. They run in turn, so
//! that a crowd delays others and does not shut them out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::web;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::peer::Peer;
use crate::error::{Code, Error, Result};

/// The longest wait for a turn; less than the time limit of a request.
const WAIT: Duration = Duration::from_secs(15);
/// The most that wait or work at once. One address takes half of it at most.
const ROOM: usize = 256;

/// A room where a few work and others wait for their turn, first come, first served.
#[derive(Clone)]
pub struct SlowWork {
    permits: Arc<Semaphore>,
    /// The addresses inside. Held for a look or an insert.
    inside: Arc<Mutex<HashMap<Peer, usize>>>,
}

/// A turn, and the place in the room, until it is dropped.
pub struct Turn {
    _place: Place,
    _permit: OwnedSemaphorePermit,
}

impl SlowWork {
    /// A room for `at_once` pieces of work. argon2id takes its memory for each.
    pub fn new(at_once: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(at_once)), inside: Arc::default() }
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// `store_busy` (503) if the room is full, if this address takes half of it, or if the turn does not come
    /// in time.
    pub async fn turn(&self, peer: Peer) -> Result<Turn> {
        let busy = || Error::new(Code::StoreBusy, "Too many sign-ins just now.");
        let place = self.place(peer).ok_or_else(busy)?;
        let turn = tokio::time::timeout(WAIT, self.permits.clone().acquire_owned()).await;
        let permit = turn.ok().and_then(std::result::Result::ok).ok_or_else(busy)?;
        Ok(Turn { _place: place, _permit: permit })
    }

    fn place(&self, peer: Peer) -> Option<Place> {
        let mut inside = counted(&self.inside);
        let (all, own) = (inside.values().sum::<usize>(), inside.get(&peer).copied().unwrap_or(0));
        (all < ROOM && own < ROOM / 2).then_some(())?;
        inside.insert(peer, own + 1);
        Some(Place { inside: self.inside.clone(), peer })
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

struct Place {
    inside: Arc<Mutex<HashMap<Peer, usize>>>,
    peer: Peer,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inside = counted(&self.inside);
        match inside.get_mut(&self.peer) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(inside.remove(&self.peer)),
        }
    }
}

fn counted(inside: &Mutex<HashMap<Peer, usize>>) -> MutexGuard<'_, HashMap<Peer, usize>> {
    // A panic while it was held came before or after the count: at worst one place too many stays taken.
    inside.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
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
                    door.turn(peer(1)).await?.run(work).await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        assert!(counted(&door.inside).is_empty());
    }

    #[actix_web::test]
    async fn who_hangs_up_keeps_the_turn_until_the_work_is_done() {
        let door = SlowWork::new(1);
        let (done, finished) = std::sync::mpsc::channel::<()>();
        let work = move || {
            let _waited = finished.recv();
            Ok(())
        };
        let hung_up = actix_web::rt::spawn(door.turn(peer(1)).await.unwrap().run(work));
        tokio::task::yield_now().await;
        hung_up.abort();
        let _aborted = hung_up.await;
        assert_eq!(door.permits.available_permits(), 0);
        drop(done);
        door.turn(peer(1)).await.unwrap();
    }

    #[actix_web::test]
    async fn one_address_fills_half_of_the_room_at_most() {
        let door = SlowWork::new(1);
        let places: Vec<_> = (0..ROOM / 2).map(|_| door.place(peer(1)).unwrap()).collect();
        assert!(door.place(peer(1)).is_none());
        let others: Vec<_> = (0..ROOM / 2).map(|_| door.place(peer(2)).unwrap()).collect();
        assert!(door.place(peer(3)).is_none(), "the room is full");
        drop((places, others));
        assert!(door.place(peer(1)).is_some());
    }
}
