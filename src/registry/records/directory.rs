//! The directory (目录): certificates that exist though their body is not here, and the list of what exists for
//! a holder wherever the body is.
//!
//! An entry is a record row without an envelope: custody `at_issuer`, `paper` or `elsewhere`, with what is known
//! of it sealed beside it. It gets an identifier of its own, under which actions (a paper certificate is
//! cancelled) and history reach it like any record.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::registry::records::hosted::give_way;
pub(in crate::registry) use crate::registry::records::hosted::take_over;
use crate::registry::records::hosted::{has_a_body, old_rows};

use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::{Actor, Scope, decide};
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::payload::Validity;
use crate::record::{Action, Digest, Identifier, State, canonical};
use crate::registry::Registry;
use crate::registry::base::asked::{AskedHolder, holder_key};
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::registry::records::draft::{self, DraftHolder};
use crate::registry::records::signed::{IssueOutcome, event_row};
use crate::rule::Rule;
use crate::store::{NO_ENVELOPE, RecordKey, RowBody, StoredRecord, Writer};
use crate::trust::{HolderKey, random};

/// A certificate that exists elsewhere, as its issuer reports it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryDraft {
    /// Type code or short name.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The issuing agency's credit code.
    pub issuer: String,
    /// Its holders, by code and name; a role where the type has several.
    pub holders: Vec<DraftHolder>,
    /// Where the body is; not `hosted`.
    #[schema(value_type = String)]
    pub custody: Custody,
    /// The certificate's number. Sealed, never a clear column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The office that keeps it, as shown to whoever must go there.
    pub office: String,
    /// A word more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The day of issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub issued_on: Option<Day>,
    /// First valid day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub valid_from: Option<Day>,
    /// Last valid day or 长期.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub valid_to: Option<Validity>,
}

impl std::fmt::Debug for DirectoryDraft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DirectoryDraft({}, {})", self.type_code, self.custody.wire())
    }
}

/// The answer to a directory entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DirectoryPut {
    /// New or changed, or there already as it is.
    #[schema(value_type = String)]
    pub outcome: IssueOutcome,
    /// The identifier that was given to the entry.
    pub identifier: String,
    /// From 1, raised by each change.
    pub version: u32,
    /// The log of its event.
    pub log: String,
    /// The leaf.
    pub leaf: u64,
    /// The log's time.
    #[schema(value_type = String)]
    pub at: Moment,
}

/// What another registry gave an entry that comes from there.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Said<'a> {
    pub identifier: &'a str,
    /// The legal day of its event.
    pub effective_on: Day,
}

/// An entry that passed every rule.
struct Entry {
    type_code: String,
    kind: crate::catalog::Kind,
    holders: Vec<(HolderCode, HolderKey, String, String)>,
    /// The key by which the same entry is known again.
    known: [u8; 16],
    /// The key under which a record with this number and a body would stand.
    hosted: Option<[u8; 16]>,
    content: Digest,
}

impl Entry {
    fn same_holders(&self, rows: &[StoredRecord]) -> bool {
        let is_old =
            |(_, hk, ..): &(HolderCode, HolderKey, String, String)| rows.iter().any(|row| row.hk == *hk);
        self.holders.len() == rows.len() && self.holders.iter().all(is_old)
    }
}

impl Registry {
    /// Adds a directory entry, or puts a changed one in the place of the entry with the same number (where it
    /// has none: of the same content). Blocks. With the same holders it is the entry's next version; with others
    /// the entry ends and a new one begins under its identifier.
    ///
    /// # Errors
    /// `forbidden`; `field_invalid`; `issuer_not_authorised`; `number_clash` where a record whose body is here
    /// has the number; `action_forbidden` where holders change under an entry that is suspended, ended or disputed.
    pub fn put_directory(
        &self,
        actor: &Actor,
        draft: &DirectoryDraft,
        once: Option<&Once>,
    ) -> Result<DirectoryPut> {
        self.put_directory_as(actor, draft, once, None)
    }

    /// [`Registry::put_directory`]; `said` is what another registry gave a new entry.
    pub(in crate::registry) fn put_directory_as(
        &self,
        actor: &Actor,
        draft: &DirectoryDraft,
        once: Option<&Once>,
        said: Option<Said<'_>>,
    ) -> Result<DirectoryPut> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let entry = self.checked_entry(actor, draft)?;
        let fresh_id = random::pooled::<16>()?;
        let (salt, serial, label) = (random::salt()?, random::serial()?, actor.label());
        let effective_on = said.map_or(draft.issued_on.unwrap_or(self.now().day()), |said| said.effective_on);
        self.log_once(once, |writer, place| {
            if let Some(hosted) = &entry.hosted
                && writer.record_key(hosted)?.is_some()
            {
                return Err(has_a_body());
            }
            let known = writer.record_key(&entry.known)?;
            let old = match &known {
                Some(known) => old_rows(writer, known)?,
                None => Vec::new(),
            };
            if let (Some(known), Some(first)) = (&known, old.first())
                && known.content == entry.content.0
            {
                return Ok((there_already(writer, first)?, Vec::new()));
            }
            let identifier = match (old.first(), said) {
                (Some(first), _) => first.body.identifier.clone(),
                (None, Some(said)) => {
                    let taken = writer.index().identifier_key(said.identifier);
                    if writer.record_key(&taken)?.is_some() {
                        return Err(has_a_body());
                    }
                    said.identifier.to_owned()
                }
                (None, None) => Identifier::compose(&entry.type_code, &draft.issuer, &serial, 1)
                    .map_err(|fault| Error::internal(fault.to_string()))?
                    .as_str()
                    .to_owned(),
            };
            // A record has the same holders in all its versions: each has a row and a whole history of it.
            let mut last = None;
            let others = !old.is_empty() && !entry.same_holders(&old);
            if others {
                let behind = Place { first: place.first + 1, ..place.clone() };
                last = Some(give_way(writer, &old, &label, &behind)?);
            }
            let old = if others { Vec::new() } else { old };
            let (record_id, version) = match old.first() {
                Some(first) => (first.record_id, first.version + 1),
                None => (fresh_id, 1),
            };
            let action = if old.is_empty() { Action::Issue } else { Action::Change };
            let number = u32::try_from(version).map_err(Error::internal)?;
            let subject = subject_hash(&salt, &identifier);
            let event = Event::new(EventKind::Record, action, &label, salt, subject, place.at)
                .effective_on(effective_on)
                .record_version(None, number, (number > 1).then(|| number - 1));
            for row in &old {
                writer.retire_record(row)?;
            }
            for (code, hk, name, role) in &entry.holders {
                let before = old.iter().find(|row| row.hk == *hk);
                let row = StoredRecord {
                    hk: *hk,
                    type_code: entry.type_code.clone(),
                    record_id,
                    kind: entry.kind,
                    custody: draft.custody,
                    version,
                    identifier: Some(identifier.clone()),
                    issuer: draft.issuer.clone(),
                    state: before.map_or(State::Active, |row| row.state),
                    valid_from: draft.valid_from,
                    valid_to: draft.valid_to.and_then(Validity::last_day),
                    as_of: place.at,
                    disputed: before.is_some_and(|row| row.disputed),
                    log: place.log.clone(),
                    leaf: place.first,
                    row_seq: before.map_or(1, |row| row.row_seq + 1),
                    body: RowBody {
                        holder: (code.code_type().code().to_owned(), code.as_str().to_owned()),
                        role: role.clone(),
                        identifier: identifier.clone(),
                        logged_at: place.at,
                        review_due: None,
                        envelope: Vec::new(),
                        digest: NO_ENVELOPE,
                        directory: directory_json(draft, name)?,
                    },
                };
                writer.insert_record(&row)?;
                let seq = writer.next_event_seq(hk, &record_id)?;
                writer.insert_event(&event_row(&row, seq, &event, place.first, Vec::new(), String::new()))?;
            }
            put_keys(writer, &entry, &identifier, record_id, version)?;
            let put = DirectoryPut {
                outcome: IssueOutcome::Issued,
                identifier,
                version: number,
                log: place.log.clone(),
                leaf: place.first,
                at: place.at,
            };
            Ok((put, [event.digest().0].into_iter().chain(last).collect()))
        })
    }

    fn checked_entry(&self, actor: &Actor, draft: &DirectoryDraft) -> Result<Entry> {
        let snapshot = self.fresh_snapshot()?;
        let now = self.now();
        let def = draft::type_entry(&snapshot, &draft.type_code)?.def().clone();
        decide(actor, Scope::Issue, &def.code, None).required().map_err(|error| error.at("type"))?;
        if actor.agency().is_some_and(|own| own != draft.issuer) {
            return Err(Error::new(Code::Forbidden, "a client reports for its own agency")
                .at("issuer")
                .rule(Rule::AgencyMismatch));
        }
        let issuer = self.known_agency(&draft.issuer).map_err(|error| error.at("issuer"))?;
        let issued_on = draft.issued_on.unwrap_or(now.day());
        let invalid = |field: &'static str, rule: Rule, detail: &'static str| {
            Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule))
        };
        if issued_on > now.day() {
            return invalid("issued_on", Rule::DateInFuture, "the day of issue lies in the future");
        }
        draft::authority(&snapshot, &draft.issuer, &def.code, &issuer.region.to_string(), issued_on)?;
        if draft.custody == Custody::Hosted {
            return invalid("custody", Rule::CustodyHosted, "a record whose body is here is issued");
        }
        if draft.holders.is_empty() {
            return invalid("holders", Rule::HoldersMissing, "a certificate has at least one holder");
        }
        for (field, text) in [("office", Some(&draft.office)), ("note", draft.note.as_ref())] {
            if text.is_some_and(|text| text.chars().count() > 200)
                || field == "office" && draft.office.trim().is_empty()
            {
                return invalid(field, Rule::Length, "1 to 200 characters");
            }
        }
        let mut holders: Vec<(HolderCode, HolderKey, String, String)> =
            Vec::with_capacity(draft.holders.len());
        for (at, holder) in draft.holders.iter().enumerate() {
            let asked = AskedHolder { code_type: holder.code_type.clone(), code: holder.code.clone() };
            let (parsed, _) = self.asked_holder(&asked, &format!("holders.{at}"))?;
            let key = holder_key(self.store().vault().index(), &parsed.code);
            let role = holder.role.clone().or_else(|| def.holders.first().map(|role| role.role.clone()));
            let role = role.unwrap_or_default();
            if !def.holders.iter().any(|known| known.role == role) {
                return Err(Error::new(Code::HolderRoleInvalid, "the type has no such role")
                    .at(format!("holders.{at}.role"))
                    .rule(Rule::RoleUnknown));
            }
            if holders.iter().any(|(_, other, ..)| *other == key) {
                return invalid("holders", Rule::HolderTwice, "one holder stands once");
            }
            holders.push((parsed.code, key, holder.name.clone(), role));
        }
        let value = serde_json::to_value(draft).map_err(Error::internal)?;
        let form = canonical::to_vec(&value).map_err(Error::internal)?;
        let index = self.store().vault().index();
        // Version 0 is the entry's: the record with the body, when it comes, takes version 1.
        let (known, hosted) = match &draft.number {
            Some(number) => {
                let key = |version| index.number_key(&draft.issuer, &def.code, number, version);
                (key(0), Some(key(1)))
            }
            None => (index.content_key(&form), None),
        };
        let content = Digest::of(&[&form]);
        Ok(Entry { type_code: def.code.clone(), kind: def.kind, holders, known, hosted, content })
    }
}

fn there_already(writer: &mut Writer<'_>, row: &StoredRecord) -> Result<DirectoryPut> {
    let made = |event: &crate::store::StoredEvent| {
        matches!(Action::from_wire(&event.action), Some(Action::Issue | Action::Change))
    };
    let events = writer.events_of(&row.hk, &row.record_id)?;
    let event = events.iter().rev().find(|event| made(event));
    let event = event.ok_or_else(|| Error::new(Code::RecordDamaged, "an entry has no first event"))?;
    Ok(DirectoryPut {
        outcome: IssueOutcome::AlreadyThere,
        identifier: row.body.identifier.clone(),
        version: u32::try_from(row.version).map_err(Error::internal)?,
        log: event.log.clone(),
        leaf: event.leaf,
        at: event.logged_at,
    })
}

/// Identifier and number lead to the entry as it is now.
fn put_keys(
    writer: &mut Writer<'_>,
    entry: &Entry,
    identifier: &str,
    record_id: [u8; 16],
    version: i32,
) -> Result<()> {
    let identifier_key = writer.index().identifier_key(identifier);
    for key in [identifier_key, entry.known] {
        let row = RecordKey {
            key,
            record_id,
            version,
            holders: entry.holders.iter().map(|(_, hk, ..)| *hk).collect(),
            content: entry.content.0,
        };
        match writer.record_key(&key)? {
            Some(_) => writer.replace_record_key(&row)?,
            None => writer.insert_record_key(&row)?,
        }
    }
    Ok(())
}

/// What one holder's row says of the certificate (schema/bytes.md §9).
fn directory_json(draft: &DirectoryDraft, name: &str) -> Result<Vec<u8>> {
    let mut members = Map::new();
    members.insert("name".into(), name.into());
    members.insert("office".into(), draft.office.clone().into());
    if let Some(number) = &draft.number {
        members.insert("number".into(), number.clone().into());
    }
    if let Some(note) = &draft.note {
        members.insert("note".into(), note.clone().into());
    }
    if let Some(day) = draft.issued_on {
        members.insert("issued_on".into(), day.to_string().into());
    }
    canonical::to_vec(&Value::Object(members)).map_err(Error::internal)
}
