//! Alarms of actors that seemed to try numbers out: listed, and their stops lifted.

use crate::error::{Code, Error, Result};
use crate::journal;
use crate::policy::Actor;
use crate::registry::Registry;
use crate::store::{Alarm, AlarmKind, Side};

/// For how many days back alarms are listed.
const LISTED_DAYS: i64 = 90;

impl Registry {
    /// Writes an alarm that stops nobody. The entry of the look never stands without it, also when the process is killed in
    /// between, and `fsck` holds one against the other.
    pub(in crate::registry) async fn raise_alarm(&self, actor: &Actor, kind: AlarmKind) -> Result<()> {
        let now = self.now();
        let label = actor.label();
        journal::alarm(kind.wire(), &label, 1, "told");
        let alarm = Alarm { actor: label.into(), at: now, kind, tries: 1, until: now, lifted: None };
        let node = self.access()?.name().to_owned();
        let store = self.store().clone();
        self.store()
            .blocking(move || {
                store.ensure_seals(now)?;
                store.write_side_now(Side::Access, |writer| writer.insert_alarm(&node, &alarm))
            })
            .await
    }

    /// The alarms of the last 90 days, oldest first.
    pub fn alarms(&self) -> Result<Vec<Alarm>> {
        let since = self.now().day().plus_days(-LISTED_DAYS).start();
        Ok(self.store().read_access_now(|reader| reader.alarms(since))?.alarms)
    }

    /// Ends the stop of an actor (`client:…`, `account:…`). Every process hears of it within about a second; for the
    /// rest of the legal day the actor may ask for people who are unknown here.
    ///
    /// # Errors
    /// `not_found` where the actor is not stopped.
    pub fn lift_alarms(&self, by: &str, actor: &str) -> Result<()> {
        let now = self.now();
        self.store().ensure_seals(now)?;
        let lifted =
            self.store().write_side_now(Side::Access, |writer| writer.lift_alarms(actor, now, by))?;
        match lifted {
            0 => Err(Error::new(Code::NotFound, "no such actor is stopped: see `elicense alarms`")),
            _ => Ok(()),
        }
    }
}
