//! Threads that run beside the requests of a server, and end with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::error::{Error, Result};

/// A thread that ends when this is dropped, within one of its pauses.
pub(super) struct Background {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Background {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

impl Background {
    /// Runs `work`, which ends soon after its flag is set.
    pub fn run(name: &str, work: impl FnOnce(&AtomicBool) + Send + 'static) -> Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let end = ended.clone();
        let thread = std::thread::Builder::new().name(name.into());
        let thread = thread.spawn(move || work(&end)).map_err(Error::internal)?;
        Ok(Self { ended, thread: Some(thread) })
    }

    /// Calls `work` again and again, with that pause between two calls.
    pub fn every(name: &str, pause: Duration, mut work: impl FnMut() + Send + 'static) -> Result<Self> {
        Self::run(name, move |ended| {
            while !ended.load(Ordering::SeqCst) {
                work();
                std::thread::sleep(pause);
            }
        })
    }
}
