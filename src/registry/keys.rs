//! Signing keys of agencies: made here, registered for an issuer that keeps its own, revoked. Each is an event.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::ledger::Place;
use super::{Registry, Snapshot};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::record::event::{Event, EventKind, subject_hash};
use crate::store::{PublicEvent, SigningKeyRow, Writer};
use crate::trust::master::WrapName;
use crate::trust::{SigningKey, VerifyKey, random};

impl Registry {
    /// Makes a key for an agency; the private half is kept here, wrapped.
    pub fn make_key(&self, actor: &str, agency: &str) -> Result<String> {
        self.known_agency(agency)?;
        let key = SigningKey::generate()?;
        let wrapped = self.wrapped(&key)?;
        self.put_key(actor, "generate", agency, &key.verify_key(), Some(wrapped))
    }

    /// Registers the public key of an issuer that signs for itself.
    pub fn register_key(&self, actor: &str, agency: &str, public: &[u8; 32]) -> Result<String> {
        self.known_agency(agency)?;
        let key = VerifyKey::from_bytes(public).map_err(|fault| {
            Error::new(Code::FieldInvalid, "not an acceptable Ed25519 public key")
                .at("public")
                .caused_by(fault)
        })?;
        self.put_key(actor, "register", agency, &key, None)
    }

    fn put_key(
        &self,
        actor: &str,
        action: &str,
        agency: &str,
        key: &VerifyKey,
        wrapped: Option<Vec<u8>>,
    ) -> Result<String> {
        let kid = key.kid().to_string();
        let row = SigningKeyRow {
            kid: kid.clone(),
            owner: agency.to_owned(),
            purpose: "issue".to_owned(),
            public: key.bytes().to_vec(),
            wrapped,
            valid_from: self.now().micros(),
            revoked_at: None,
            revoked_since: None,
            revoked_why: None,
        };
        self.note_public(EventKind::Key, action, actor, &kid, None, |writer| {
            writer.insert_signing_key(&row)
        })?;
        Ok(kid)
    }

    /// Revokes a key: what was logged before `since` stays good, everything later is `key_revoked`.
    pub fn revoke_key(&self, actor: &str, kid: &str, since: Moment, why: &str) -> Result<()> {
        let now = self.now().micros();
        self.note_public(EventKind::Key, "revoke", actor, kid, Some(why), |writer| {
            if writer.revoke_signing_key(kid, now, since.micros(), why)? {
                Ok(())
            } else {
                Err(Error::new(Code::NotFound, "no key of that thumbprint").at("kid"))
            }
        })
        .map(drop)
    }

    /// The key that signs for an agency here: the newest that is not revoked and whose private half is kept.
    pub(super) fn issuer_key(&self, agency: &str) -> Result<Arc<SigningKey>> {
        let rows = self.store().read_now(|reader| reader.signing_keys())?;
        let row = rows
            .iter()
            .rev()
            .find(|row| row.owner == agency && row.wrapped.is_some() && row.revoked_at.is_none());
        let row = row.ok_or_else(|| {
            Error::new(Code::IssuerNotAuthorised, "the registry holds no key for this issuer")
                .rule("key_missing")
        })?;
        let seed = self.unwrapped(row)?;
        Ok(Arc::new(SigningKey::from_seed(&seed)?))
    }

    /// The registry's own key: it signs coverage and import counts that no agency signed.
    pub(super) fn registry_key(&self) -> Result<SigningKey> {
        let seed = self.secret_of("registry", "registry")?;
        Ok(SigningKey::from_seed(&seed)?)
    }

    /// The private half of the newest key of an owner.
    pub(super) fn secret_of(&self, owner: &str, purpose: &str) -> Result<Zeroizing<[u8; 32]>> {
        let rows = self.store().read_now(|reader| reader.signing_keys())?;
        let row = rows.iter().rev().find(|row| row.owner == owner && row.purpose == purpose);
        let missing = || Error::new(Code::NotInitialised, format!("there is no signing key of {owner}"));
        self.unwrapped(row.ok_or_else(missing)?)
    }

    fn unwrapped(&self, row: &SigningKeyRow) -> Result<Zeroizing<[u8; 32]>> {
        let damaged = || Error::new(Code::RecordDamaged, "a wrapped signing key does not open");
        let wrapped = row.wrapped.as_ref().ok_or_else(damaged)?;
        let name = WrapName { kind: "signing", name: &row.kid };
        self.store().master().unwrap32(name, wrapped).ok().ok_or_else(damaged)
    }

    /// The private half of a key under the master key.
    pub(super) fn wrapped(&self, key: &SigningKey) -> Result<Vec<u8>> {
        let kid = key.kid().to_string();
        let name = WrapName { kind: "signing", name: &kid };
        self.store().master().wrap(name, key.seed().as_slice()).map_err(Error::internal)
    }

    /// Changes something public (a key, an agency, a type, …), logs the event, tells every process.
    pub(super) fn note_public(
        &self,
        kind: EventKind,
        action: &str,
        actor: &str,
        subject: &str,
        ground: Option<&str>,
        change: impl FnMut(&mut Writer<'_>) -> Result<()>,
    ) -> Result<()> {
        self.note_public_all(kind, action, actor, &[subject.to_owned()], ground, change)
    }

    /// The same for several things of one kind in one transaction, an event each.
    ///
    /// A change after which policy and catalog could no longer be read is refused: it would stop every process.
    pub(super) fn note_public_all(
        &self,
        kind: EventKind,
        action: &str,
        actor: &str,
        subjects: &[String],
        ground: Option<&str>,
        mut change: impl FnMut(&mut Writer<'_>) -> Result<()>,
    ) -> Result<()> {
        let salts = subjects.iter().map(|_| random::salt()).collect::<std::result::Result<Vec<_>, _>>()?;
        self.log_records(|writer, place| {
            change(writer)?;
            writer.raise_config_version()?;
            Snapshot::guard(writer)?;
            let mut entries = Vec::with_capacity(subjects.len());
            for ((subject, salt), leaf) in subjects.iter().zip(&salts).zip(place.first..) {
                let mut event = Event::new(kind, action, actor, *salt, subject_hash(salt, subject), place.at);
                if let Some(ground) = ground {
                    event = event.ground(ground);
                }
                let place = Place { first: leaf, ..place.clone() };
                entries.push(put_public(writer, &place, kind, subject, &event, None)?);
            }
            Ok(((), entries))
        })?;
        self.refresh()
    }
}

/// Stores a public event at its leaf and returns its log entry.
pub(super) fn put_public(
    writer: &mut Writer<'_>,
    place: &Place,
    kind: EventKind,
    subject: &str,
    event: &Event,
    signed: Option<Vec<u8>>,
) -> Result<[u8; 32]> {
    writer.insert_public_event(&PublicEvent {
        log: place.log.clone(),
        leaf: i64::try_from(place.first).map_err(Error::internal)?,
        kind: kind.wire().to_owned(),
        subject: subject.to_owned(),
        event: event.to_canonical(),
        signed,
    })?;
    Ok(event.digest().0)
}
