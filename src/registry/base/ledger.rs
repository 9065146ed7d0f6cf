//! Writing to the log of records: one transaction that takes the head, writes rows, appends, commits (I1).

use std::sync::Arc;

use crate::clock::Moment;
use crate::error::{Error, Result};
use crate::log::{LogSigner, append};
use crate::registry::Registry;
use crate::store::Writer;

/// The facts for a writer of rows about the log whose head it holds.
#[derive(Debug, Clone)]
pub struct Place {
    /// The log.
    pub log: String,
    /// The leaf of the first event.
    pub first: u64,
    /// The time of all events of this transaction, never before an earlier leaf's.
    pub at: Moment,
}

impl Place {
    /// The place behind so many entries.
    #[must_use]
    pub fn behind(&self, entries: usize) -> Self {
        Self { first: self.first + entries as u64, ..self.clone() }
    }
}

impl Registry {
    /// Runs `write` inside a transaction that holds the head of the records log, then appends the 32-byte
    /// entries it returned, and commits. Without entries nothing is appended, but the rows are committed.
    ///
    /// Blocks. `write` may run again if two processes met (see the store's doors). A crash before the commit
    /// leaves nothing; after it rows, leaf and checkpoint are all there. On an error at the commit the caller
    /// gets `store_unavailable`, and the next append reads the head anew.
    pub(in crate::registry) fn log_records<T>(
        &self,
        mut write: impl FnMut(&mut Writer<'_>, &Place) -> Result<(T, Vec<[u8; 32]>)>,
    ) -> Result<T> {
        let log = self.snapshot().records_log.clone();
        let signer = self.log_signer(&log)?;
        let now = self.now();
        let store = self.store();
        store.ensure_seals(now)?;
        let (value, appended) = store.write_now(|writer| {
            let mut cache = store.vault().take_log_cache(&log);
            let opened = append::begin(writer, &log, &mut cache, &signer, None, now)?;
            let place = Place { log: log.clone(), first: opened.first(), at: opened.at() };
            let (value, entries) = write(writer, &place)?;
            if entries.is_empty() {
                return Ok((value, None));
            }
            Ok((value, Some(opened.finish(writer, &entries)?)))
        })?;
        if let Some(appended) = appended {
            store.vault().keep_log_cache(&log, appended.cached);
        }
        Ok(value)
    }

    /// The signing key of a log, opened once in each process.
    pub(in crate::registry) fn log_signer(&self, log: &str) -> Result<Arc<LogSigner>> {
        use std::sync::PoisonError;
        if let Some(signer) = self.inner.signers.lock().unwrap_or_else(PoisonError::into_inner).get(log) {
            return Ok(signer.clone());
        }
        let seed = self.log_secret(log)?;
        let origin = format!("{}/{log}", self.snapshot().origin);
        let signer = Arc::new(LogSigner::new(&origin, &seed).map_err(Error::internal)?);
        self.inner
            .signers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(log.to_owned(), signer.clone());
        Ok(signer)
    }
}

impl Registry {
    /// The verifier key of a log, as outsiders get it.
    pub fn log_verifier(&self, log: &str) -> Result<crate::log::LogVerifier> {
        Ok(self.log_signer(log)?.verifier().clone())
    }
}
