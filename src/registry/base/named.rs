//! Permits by identifier: the way to a record whose identifier somebody names.
//!
//! The record's first holder is charged: whoever has identifiers reads no more holders a day than who has numbers. An
//! identifier that names nothing, or whose row does not open, is charged under its own keyed hash, so that what is
//! known and what is not cost the same.

use crate::error::{Code, Result};
use crate::policy::{Actor, Permit, Scope};
use crate::registry::Registry;
use crate::store::{Cost, Reader};
use crate::trust::HolderKey;
use crate::trust::keyed::Key16;

/// An identifier that was charged for; the rows of its record are found by it.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Named {
    key: Key16,
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
    /// `budget_spent`.
    pub(in crate::registry) async fn permit_named<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        identifier: &str,
    ) -> Result<(Permit<'a>, Named)> {
        let named = self.named(identifier);
        let first = self.store().read(Cost::Point, move |reader| first_holder(reader, &named)).await?;
        self.charged(actor, scope, (named, first))
    }

    /// The same, blocking.
    pub(in crate::registry) fn permit_named_now<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        identifier: &str,
    ) -> Result<(Permit<'a>, Named)> {
        let named = self.named(identifier);
        let first = self.store().read_now(|reader| first_holder(reader, &named))?;
        self.charged(actor, scope, (named, first))
    }

    /// For the public, who brings the envelope itself and is told nothing that does not stand in it but what became
    /// of it: nobody is charged.
    pub(in crate::registry) fn named_by_bearer(&self, identifier: &str) -> Named {
        self.named(identifier)
    }

    fn named(&self, identifier: &str) -> Named {
        Named { key: self.store().vault().index().identifier_key(identifier) }
    }

    fn charged<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        (named, first): (Named, Option<HolderKey>),
    ) -> Result<(Permit<'a>, Named)> {
        let holder = first.unwrap_or(HolderKey::from_bytes(named.key));
        Ok((self.guard().permit(actor, scope, holder, self.now())?, named))
    }
}

/// The key of the record's first holder; none where there is no such record, or its key row does not open.
fn first_holder(reader: &mut Reader<'_>, named: &Named) -> Result<Option<HolderKey>> {
    match reader.record_key(&named.key) {
        // Whose it is cannot be told; what is read next says so in its own words (I5).
        Err(error) if error.code == Code::RecordDamaged => Ok(None),
        found => Ok(found?.and_then(|key| key.holders.first().copied())),
    }
}
