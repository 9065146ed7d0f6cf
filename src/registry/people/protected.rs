//! The list of holders whom staff do not look up unseen (受保护主体): witnesses, victims, people in office. Each change is a
//! signed event that names nobody; the sealed row says who it is and why.

use serde::Serialize;
use serde_json::{Value, json};

use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::record::Digest;
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::texts;
use crate::registry::published::notice::{Notice, Stated};
use crate::rule::Rule;
use crate::store::{Protection, ProtectionDeed};
use crate::trust::HolderKey;

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProtectedLine {
    /// The number as it is shown: most of it is hidden.
    pub holder: String,
    /// Why.
    pub reason: String,
    /// Since when, and who put it there.
    pub added: ProtectionDeed,
    /// The last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// When it was ended, and by whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<ProtectionDeed>,
    /// Whether it holds today.
    pub holds: bool,
}

impl Registry {
    /// Protects a holder from now on, until and with a day if one is named. One who is protected already is so by the new
    /// reason and until the new day.
    ///
    /// # Errors
    /// What is wrong with the number; `field_invalid` at `reason` for words that are none or name the holder, and at `until`
    /// for a day before today.
    pub fn protect(&self, actor: &str, holder: &AskedHolder, reason: &str, until: Option<Day>) -> Result<()> {
        let asked = self.asked_holder(holder, "holder")?;
        if reason.trim().is_empty() {
            let detail = "say why this holder is protected";
            return Err(Error::new(Code::FieldInvalid, detail).at("reason").rule(Rule::FieldMissing));
        }
        texts::logged("reason", reason)?;
        texts::not_naming("reason", reason, &asked.parsed.code)?;
        let now = self.now();
        if until.is_some_and(|until| until < now.day()) {
            let detail = "the last day of a protection is not before today";
            return Err(Error::new(Code::FieldInvalid, detail).at("until").rule(Rule::DayPast));
        }
        let code = &asked.parsed.code;
        let protection = Protection {
            code_type: code.code_type().code().to_owned(),
            code: code.as_str().to_owned(),
            reason: reason.to_owned(),
            added: ProtectionDeed { at: now, by: actor.to_owned() },
            until,
            ended: None,
        };
        self.publish_protection((actor, PublicAction::Add), &asked.own_key(), &protection)
    }

    /// Ends the protection of a holder. One that has ended stays as it is.
    ///
    /// # Errors
    /// `not_found` for a holder who is not on the list; `record_damaged` where its row does not open.
    pub fn end_protection(&self, actor: &str, holder: &AskedHolder) -> Result<()> {
        let asked = self.asked_holder(holder, "holder")?;
        let key = asked.own_key();
        let missing = || Error::new(Code::NotFound, "this holder is not on the list").at("holder");
        let row = self.store().read_now(|reader| reader.protection(&key))?.ok_or_else(missing)?;
        let damaged = || Error::new(Code::RecordDamaged, "the row of this holder does not open");
        let mut protection = row.ok_or_else(damaged)?;
        if protection.ended.is_some() {
            return Ok(());
        }
        protection.ended = Some(ProtectionDeed { at: self.now(), by: actor.to_owned() });
        self.publish_protection((actor, PublicAction::Withdraw), &key, &protection)
    }

    /// The list, in no order that tells anything; ended protections too.
    ///
    /// # Errors
    /// `record_damaged` where a row does not open.
    pub fn protected(&self) -> Result<Vec<ProtectedLine>> {
        let today = self.now().day();
        let rows = self.store().read_now(|reader| reader.protections())?;
        let damaged = || Error::new(Code::RecordDamaged, "a row of the protected list does not open");
        let line = |(_, row): (HolderKey, Option<Protection>)| {
            let row = row.ok_or_else(damaged)?;
            let holds = row.holds_on(today);
            let code = row.code_type.parse().ok().and_then(|kind| HolderCode::parse(kind, &row.code).ok());
            let holder = code.map(|parsed| parsed.code.masked()).unwrap_or_default();
            let Protection { reason, added, until, ended, .. } = row;
            Ok(ProtectedLine { holder, reason, added, until, ended, holds })
        };
        rows.into_iter().map(line).collect()
    }

    fn publish_protection(
        &self,
        (actor, action): (&str, PublicAction),
        key: &HolderKey,
        protection: &Protection,
    ) -> Result<()> {
        let kind = EventKind::Protection;
        let stated = Stated { subject: subject(key), body: Some(protection_body(key, protection)) };
        let notice = Notice { kind, action, actor, ground: None, signer: None };
        self.publish(&notice, vec![stated], |writer| writer.put_protection(key, protection))
    }
}

/// What orders call a protected holder: a digest of its key, which is a keyed hash, so that a number tells nothing.
pub(in crate::registry) fn subject(key: &HolderKey) -> String {
    Digest::of(&[b"elicense protected holder\0", key.bytes().as_slice()]).text()
}

/// A protection as orders state it. Neither the number nor the reason is in it.
pub(in crate::registry) fn protection_body(key: &HolderKey, protection: &Protection) -> Value {
    let mut body = json!({"added": protection.added, "holder": subject(key)});
    if let Some(members) = body.as_object_mut() {
        let until = protection.until.map(|until| json!(until));
        let ended = protection.ended.as_ref().map(|ended| json!(ended));
        members.extend(until.map(|until| ("until".to_owned(), until)));
        members.extend(ended.map(|ended| ("ended".to_owned(), ended)));
    }
    body
}
