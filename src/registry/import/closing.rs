//! The closing count: what became of every row of a file, signed by the registry.

use serde_json::json;

use crate::error::{Error, Result};
use crate::record::canonical;
use crate::registry::Registry;
use crate::registry::import::state::{Run, RunState};
use crate::registry::import::{ImportReport, StageTiming};
use crate::trust::{EnvelopeBuf, Typ};

impl Registry {
    /// Signs the count and ends the run, in one write. A crash before it leaves a run whose items are all
    /// merged; its next start comes straight here.
    pub(super) fn import_close(&self, run: &mut Run) -> Result<()> {
        let mut closed = run.clone();
        let ended = self.now().max(run.started);
        closed.body.ended = Some(ended);
        closed.state = RunState::Done;
        let body = &closed.body;
        if !body.counts.adds_up() {
            return Err(Error::internal("the rows of an import do not add up"));
        }
        let mut count = json!({
            "counts": body.counts, "ended": ended, "file": body.digest.hex(), "run": run.id,
            "started": run.started, "v": 1,
        });
        let leaves = (&body.log, body.first_leaf, body.last_leaf);
        if let ((Some(log), Some(first), Some(last)), Some(members)) = (leaves, count.as_object_mut()) {
            let log = json!({"first_leaf": first, "last_leaf": last, "name": log});
            members.insert("log".to_owned(), log);
        }
        let payload = canonical::to_vec(&count).map_err(Error::internal)?;
        let envelope = EnvelopeBuf::sign(Typ::Import, &payload, &self.registry_key()?)?;
        closed.signed = Some(envelope.stored().to_vec());
        self.put_run(&closed)?;
        *run = closed;
        Ok(())
    }
}

/// What a run answers.
pub(super) fn report_of(run: &Run, parsing: StageTiming, writing: StageTiming) -> Result<ImportReport> {
    let body = &run.body;
    let envelope = run.signed.clone().map(EnvelopeBuf::from_stored).transpose()?;
    Ok(ImportReport {
        run_id: run.id.clone(),
        file_digest: body.digest.hex(),
        encoding: body.encoding,
        counts: body.counts,
        log: body.log.clone(),
        first_leaf: body.first_leaf,
        last_leaf: body.last_leaf,
        started: run.started,
        ended: body.ended,
        closing: envelope.map(|envelope| envelope.compact()),
        parsing,
        writing,
    })
}
