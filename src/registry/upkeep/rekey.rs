//! A new master key: every secret that the old one wraps is wrapped anew, in seconds, for a registry of any
//! size.

use crate::error::Result;
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::published::notice::{Notice, Stated};
use crate::store::{self, Rewrapped};
use crate::trust::MasterKey;

impl Registry {
    /// Puts the registry under another master key and logs that it was done. The old key is refused from then
    /// on; tokens made under it end.
    ///
    /// Refused (`log_lost`) while a process that serves holds an access log: it would go on with the old key.
    /// This registry is of no further use afterwards: open it anew with the new key.
    pub fn rekey_master(&self, actor: &str, new: &MasterKey) -> Result<Rewrapped> {
        self.refuse_held()?;
        // One transaction with its event, whose log's key was opened before: a crash leaves all of it or
        // nothing.
        let mut done = Rewrapped { signing: 0, data: 0 };
        let (kind, action) = (EventKind::Key, PublicAction::Rewrap);
        let notice = Notice { kind, action, actor, ground: None, signer: None };
        let stated = vec![Stated { subject: "master".to_owned(), body: None }];
        self.publish_unread(&notice, stated, |writer| {
            done = self.store().rewrap(writer, new)?;
            Ok(())
        })?;
        Ok(done)
    }

    /// Refuses an act on a whole registry while a serving process holds one of its logs.
    ///
    /// # Errors
    /// `log_lost` with rule `log_held`.
    pub fn refuse_held(&self) -> Result<()> {
        if self.store().is_served(self.now())? { Err(store::held()) } else { Ok(()) }
    }
}
