//! Permits by identifier: the way to a record whose identifier somebody names.
//!
//! The record's first holder is charged: whoever has identifiers reads no more holders a day than who has numbers. An
//! identifier that names nothing, or whose row does not open, is charged under its own keyed hash, so that what is
//! known and what is not cost the same.

use crate::error::{Code, Result};
use crate::policy::{Actor, Permit, Scope};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::store::{Cost, Reader, StoredRecord};
use crate::trust::HolderKey;
use crate::trust::keyed::Key16;

/// An identifier that was charged for; the rows of its record are found by it.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Named {
    key: Key16,
}

/// Whom an identifier leads to.
struct Led {
    named: Named,
    first: Option<HolderKey>,
    unknown: bool,
}

impl Named {
    /// The keyed hash under which its key row stands.
    pub fn key(&self) -> &Key16 {
        &self.key
    }
}

impl Registry {
    /// Charges the actor for the record of an identifier, before anything of it is read.
    ///
    /// # Errors
    /// `budget_spent`, `enumeration_stopped` (noted as accesses).
    pub(in crate::registry) async fn permit_named<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        identifier: &str,
    ) -> Result<(Permit<'a>, Named)> {
        let led = self.led(identifier).await?;
        let permit = self.guard().permit(actor, scope, led.charged(), self.now());
        let permit = self.or_stopped(actor, led.touched(), permit).await?;
        self.watch(&permit, None, led.unknown);
        Ok((permit, led.named))
    }

    /// The same, blocking.
    pub(in crate::registry) fn permit_named_now<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        identifier: &str,
    ) -> Result<(Permit<'a>, Named)> {
        let named = self.named(identifier);
        let led = self.store().read_now(|reader| lead(reader, named))?;
        let permit = self.guard().permit(actor, scope, led.charged(), self.now());
        let permit = self.or_stopped_now(actor, &[led.touched()], permit)?;
        self.watch(&permit, None, led.unknown);
        Ok((permit, led.named))
    }

    /// The same for whoever bears the record's envelope, and so guesses nothing. The public, which is told no more
    /// than what became of it, is charged for nobody.
    pub(in crate::registry) async fn permit_borne(
        &self,
        actor: Option<&Actor>,
        identifier: &str,
    ) -> Result<Named> {
        let Some(actor) = actor else { return Ok(self.named(identifier)) };
        let led = self.led(identifier).await?;
        let permit = self.guard().permit(actor, Scope::Verify, led.charged(), self.now());
        self.or_stopped(actor, led.touched(), permit).await.map(|_| led.named)
    }

    /// The record of a row that was reached by a permit.
    pub(in crate::registry) fn named_row(&self, row: &StoredRecord) -> Named {
        self.named(&row.body.identifier)
    }

    fn named(&self, identifier: &str) -> Named {
        Named { key: self.store().vault().index().identifier_key(identifier) }
    }

    async fn led(&self, identifier: &str) -> Result<Led> {
        let named = self.named(identifier);
        self.store().read(Cost::Point, move |reader| lead(reader, named)).await
    }
}

fn lead(reader: &mut Reader<'_>, named: Named) -> Result<Led> {
    match reader.record_key(&named.key) {
        // Whose it is cannot be told; what is read next says so in its own words (I5).
        Err(error) if error.code == Code::RecordDamaged => Ok(Led { named, first: None, unknown: false }),
        found => {
            let first = found?.and_then(|key| key.holders.first().copied());
            Ok(Led { named, first, unknown: first.is_none() })
        }
    }
}

impl Led {
    fn charged(&self) -> HolderKey {
        self.first.unwrap_or(HolderKey::from_bytes(self.named.key))
    }

    /// On whose list a refusal stands.
    fn touched(&self) -> Touched {
        Touched::holders_of([], self.first.as_slice())
    }
}
