//! Signing keys: made here for agencies and for the registry itself, registered for an issuer that keeps its own,
//! revoked. Each is an event.

use std::sync::Arc;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::TreeReader;
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::names::{REGISTRY, side_of};
use crate::registry::published::notice::{Notice, Stated, key_body};
use crate::rule::Rule;
use crate::store::{SigningKeyRow, Store};
use crate::trust::master::WrapName;
use crate::trust::{SigningKey, VerifyKey};

/// Purpose of an agency's key.
pub(in crate::registry) const ISSUE: &str = "issue";

impl Registry {
    /// Makes a key for an agency; the private half is kept here, wrapped.
    pub fn make_key(&self, actor: &str, agency: &str) -> Result<String> {
        self.known_agency(agency)?;
        let key = SigningKey::generate()?;
        let row = kept_row(self.store(), agency, ISSUE, &key, self.now())?;
        self.put_key(actor, PublicAction::Generate, row, None)
    }

    /// Registers the public key of an issuer that signs for itself. A key that is the agency's already stays as it is.
    ///
    /// # Errors
    /// `issuer_unknown`; `field_invalid` for a key that is none, and with rule `key_known` for one that is another's or was
    /// revoked.
    pub fn register_key(&self, actor: &str, agency: &str, public: &[u8; 32]) -> Result<String> {
        self.known_agency(agency)?;
        let key = VerifyKey::from_bytes(public).map_err(|fault| {
            Error::new(Code::FieldInvalid, "not an acceptable Ed25519 public key")
                .at("public")
                .caused_by(fault)
        })?;
        let kid = key.kid().to_string();
        let rows = self.store().read_now(|reader| reader.signing_keys())?;
        if let Some(known) = rows.iter().find(|row| row.kid == kid) {
            if known.owner == agency && known.purpose == ISSUE && known.revoked_at.is_none() {
                return Ok(kid);
            }
            let detail =
                "this key is registered for another owner, or was revoked; a key is of one owner, once";
            return Err(Error::new(Code::FieldInvalid, detail).at("public").rule(Rule::KeyKnown));
        }
        let row = SigningKeyRow {
            kid,
            owner: agency.to_owned(),
            purpose: ISSUE.to_owned(),
            public: key.bytes().to_vec(),
            wrapped: None,
            valid_from: self.now().micros(),
            revoked_at: None,
            revoked_since: None,
            revoked_why: None,
        };
        self.put_key(actor, PublicAction::Register, row, None)
    }

    /// Makes a new key of the registry itself, which signs from then on. The key before it signs its event,
    /// or the new key itself if no earlier one is left.
    ///
    /// The old key stays good for its past signatures. Revoke it afterwards if it was lost.
    pub fn make_registry_key(&self, actor: &str) -> Result<String> {
        let key = SigningKey::generate()?;
        let before = self.newest_registry_key(None)?;
        let row = kept_row(self.store(), REGISTRY, REGISTRY, &key, self.now())?;
        let signer = before.as_ref().unwrap_or(&key);
        self.put_key(actor, PublicAction::Generate, row, Some(signer))
    }

    /// Stores a key with its event.
    pub(in crate::registry) fn put_key(
        &self,
        actor: &str,
        action: PublicAction,
        row: SigningKeyRow,
        signer: Option<&SigningKey>,
    ) -> Result<String> {
        let notice = Notice { kind: EventKind::Key, action, actor, ground: None, signer };
        let stated = vec![Stated::row(EventKind::Key, key_body(&row))];
        self.publish(&notice, stated, |writer| writer.insert_signing_key(&row))?;
        Ok(row.kid)
    }

    /// Revokes a key: records logged before `since` stay good, everything later is `key_revoked`.
    ///
    /// Again with an earlier `since`, if the key turns out to have been lost earlier. Never with a later one,
    /// which would make worthless signatures good again. The registry's last key is not revoked before it has
    /// another, and the key of a log not before its log is closed.
    ///
    /// # Errors
    /// `not_found`; `field_invalid` with `since_later`, `moment_ahead`, `key_last` or `log_open`; `version_conflict` if
    /// another process changed the key meanwhile.
    pub fn revoke_key(&self, actor: &str, kid: &str, since: Moment, why: &str) -> Result<()> {
        self.revoke_key_since(actor, kid, (None, since), why)
    }

    /// [`Registry::revoke_key`] for a key that another registry took before this one: `good_from` is when. What was
    /// logged there between the two moments stays good here.
    pub(in crate::registry) fn revoke_key_since(
        &self,
        actor: &str,
        kid: &str,
        (good_from, since): (Option<Moment>, Moment),
        why: &str,
    ) -> Result<()> {
        let (before, signer) = self.may_revoke(kid, since)?;
        let valid_from = good_from.map_or(before.valid_from, |from| from.micros().min(before.valid_from));
        let row = SigningKeyRow {
            valid_from,
            revoked_at: Some(self.now().micros()),
            revoked_since: Some(since.micros()),
            revoked_why: Some(why.to_owned()),
            ..before.clone()
        };
        let notice = Notice {
            kind: EventKind::Key,
            action: PublicAction::Revoke,
            actor,
            ground: Some(why),
            signer: Some(&signer),
        };
        self.publish(&notice, vec![Stated::row(EventKind::Key, key_body(&row))], |writer| {
            // The signature covers the whole row: the row must be the one that is changed.
            if writer.signing_keys()?.contains(&before) && writer.revoke_signing_key(&row)? {
                return Ok(());
            }
            Err(Error::new(Code::VersionConflict, "another process changed the key meanwhile"))
        })
    }

    /// The row of a key that may be revoked since that moment, and the key that signs it. Nothing is written.
    ///
    /// # Errors
    /// Those of [`Registry::revoke_key`].
    pub(in crate::registry) fn may_revoke(
        &self,
        kid: &str,
        since: Moment,
    ) -> Result<(SigningKeyRow, SigningKey)> {
        let rows = self.store().read_now(|reader| reader.signing_keys())?;
        let missing = || Error::new(Code::NotFound, "no key of that thumbprint").at("kid");
        let before = rows.into_iter().find(|row| row.kid == kid).ok_or_else(missing)?;
        if before.revoked_since.is_some_and(|earlier| earlier < since.micros()) {
            let detail = "the key is revoked since an earlier moment, which is not taken back";
            return Err(Error::new(Code::FieldInvalid, detail).at("since").rule(Rule::SinceLater));
        }
        if since > self.now() {
            let detail = "nobody knows yet what will be signed until then";
            return Err(Error::new(Code::FieldInvalid, detail).at("since").rule(Rule::MomentAhead));
        }
        if let Some(log) = before.owner.strip_prefix("log:") {
            let head = self.store().read_side_now(side_of(log), |reader| reader.head(log))?;
            if head.is_some_and(|head| !head.closed) {
                let detail = "the log of this key is open: let a successor follow it first";
                return Err(Error::new(Code::FieldInvalid, detail).at("kid").rule(Rule::LogOpen));
            }
        }
        let signer = self.newest_registry_key(Some(kid))?.ok_or_else(|| {
            let detail = "this is the registry's last key: make it another first";
            Error::new(Code::FieldInvalid, detail).at("kid").rule(Rule::KeyLast)
        })?;
        Ok((before, signer))
    }

    /// The key that signs for an agency here: the newest that is not revoked and whose private half is kept.
    pub(in crate::registry) fn issuer_key(&self, agency: &str) -> Result<Arc<SigningKey>> {
        let rows = self.store().read_now(|reader| reader.signing_keys())?;
        let row = rows
            .iter()
            .rev()
            .find(|row| row.owner == agency && row.wrapped.is_some() && row.revoked_at.is_none());
        let row = row.ok_or_else(|| {
            Error::new(Code::IssuerNotAuthorised, "the registry holds no key for this issuer")
                .rule(Rule::KeyMissing)
        })?;
        let seed = self.unwrapped(row)?;
        Ok(Arc::new(SigningKey::from_seed(&seed)?))
    }

    /// The registry's own key: it signs everything that no agency signs (orders about public things,
    /// coverage, import counts, backups).
    pub(in crate::registry) fn registry_key(&self) -> Result<SigningKey> {
        let missing = || Error::new(Code::NotInitialised, "the registry has no signing key");
        self.newest_registry_key(None)?.ok_or_else(missing)
    }

    /// The newest key of the registry that is not revoked and not `except`.
    fn newest_registry_key(&self, except: Option<&str>) -> Result<Option<SigningKey>> {
        let rows = self.store().read_now(|reader| reader.signing_keys())?;
        let row = rows.iter().rev().find(|row| {
            row.purpose == REGISTRY && row.revoked_at.is_none() && Some(row.kid.as_str()) != except
        });
        let Some(row) = row else { return Ok(None) };
        let seed = self.unwrapped(row)?;
        Ok(Some(SigningKey::from_seed(&seed)?))
    }
}

/// The row of a key that was just made here: its private half under the master key.
pub(in crate::registry) fn kept_row(
    store: &Store,
    owner: &str,
    purpose: &str,
    key: &SigningKey,
    now: Moment,
) -> Result<SigningKeyRow> {
    let kid = key.kid().to_string();
    let name = WrapName { kind: "signing", name: &kid };
    let wrapped = store.master().wrap(name, key.seed().as_slice()).map_err(Error::internal)?;
    Ok(SigningKeyRow {
        kid,
        owner: owner.to_owned(),
        purpose: purpose.to_owned(),
        public: key.verify_key().bytes().to_vec(),
        wrapped: Some(wrapped),
        valid_from: now.micros(),
        revoked_at: None,
        revoked_since: None,
        revoked_why: None,
    })
}
