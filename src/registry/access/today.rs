//! Today's lookups by actor and holder: at start the budgets are rebuilt from them.

use crate::clock::Moment;
use crate::error::Result;
use crate::record::access::LoggedAccess;
use crate::registry::Registry;
use crate::trust::HolderKey;

impl Registry {
    /// The lookups since 00:00 UTC+8 by actor and holder, from every access log: at start the budgets are
    /// rebuilt from them.
    pub fn accesses_of_today(&self) -> Result<Vec<(String, HolderKey, Moment)>> {
        let midnight = self.now().day().start();
        let mut found = Vec::new();
        let heads = self.store().read_access_now(|reader| reader.heads())?;
        for head in heads.iter().filter(|head| head.log.starts_with("access-")) {
            // Newest first, in steps of 1,000 leaves, until a batch of yesterday.
            let mut end = head.size;
            while end > 0 {
                let from = end.saturating_sub(1_000);
                let batches = self
                    .store()
                    .read_access_now(|reader| reader.access_batches(&head.log, from, end, 1_000))?;
                for batch in batches.iter().filter(|batch| batch.at >= midnight) {
                    for item in batch.items.iter().flatten() {
                        let entry = LoggedAccess::parse(&item.entry).ok();
                        let actor = entry.as_ref().and_then(|entry| entry.text("actor")).map(str::to_owned);
                        if let (Some(actor), Some(holder)) = (actor, item.holders.first()) {
                            found.push((actor, *holder, batch.at));
                        }
                    }
                }
                if batches.first().is_none_or(|batch| batch.at < midnight) {
                    break;
                }
                end = from;
            }
        }
        Ok(found)
    }
}
