//! Work of tens of milliseconds that anybody can ask for without being known, i.e. the hashing of passwords
//! and secrets: a few at a time, so that guessing costs the guesser and not the lookups.

use std::time::Duration;

use actix_web::web;
use tokio::sync::Semaphore;

use crate::error::{Code, Error, Result};

/// How long one waits for its turn.
const WAIT: Duration = Duration::from_secs(2);

/// A door that lets a few pieces of slow work run side by side.
pub struct SlowWork {
    permits: Semaphore,
}

impl SlowWork {
    /// A door for `at_once` pieces of work. argon2id takes its memory for each.
    pub fn new(at_once: usize) -> Self {
        Self { permits: Semaphore::new(at_once) }
    }

    /// Runs the work on the blocking pool when its turn comes.
    ///
    /// # Errors
    /// `store_busy` (503) when the turn does not come within two seconds; else what the work gives.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let busy = || Error::new(Code::StoreBusy, "Too many sign-ins just now.");
        let turn = tokio::time::timeout(WAIT, self.permits.acquire()).await;
        let _permit = turn.ok().and_then(std::result::Result::ok).ok_or_else(busy)?;
        web::block(work).await.map_err(Error::internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[actix_web::test]
    async fn no_more_run_at_once_than_are_let_in() {
        let door = Arc::new(SlowWork::new(2));
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
                    door.run(work).await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
    }
}
