//! What was charged today, as the access logs show it: a process that starts goes on from there.

use crate::error::Result;
use crate::policy::Charge;
use crate::record::access::LoggedAccess;
use crate::registry::Registry;

impl Registry {
    /// Notes who looked at whom since 00:00 UTC+8, out of every access log.
    pub fn recall_charges(&self) -> Result<()> {
        let today = self.now().day();
        let midnight = today.start();
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
                        let actor = entry.as_ref().and_then(|entry| entry.text("actor"));
                        if let (Some(actor), Some(holder)) = (actor, item.holders.first()) {
                            self.guard().note(&Charge {
                                day: batch.at.day(),
                                actor: actor.into(),
                                holder: *holder,
                            });
                        }
                    }
                }
                if batches.first().is_none_or(|batch| batch.at < midnight) {
                    break;
                }
                end = from;
            }
        }
        Ok(())
    }
}
