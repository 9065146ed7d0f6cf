//! The directory (目录): certificates that exist though their body is not here, and the list of a holder's
//! certificates, wherever the body is.
//!
//! An entry is a record row without an envelope: custody `at_issuer`, `paper` or `elsewhere`, with its known
//! facts sealed beside it. It gets an identifier of its own. By it, actions (a paper certificate is
//! cancelled) and history reach it like any record.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bounds;
use crate::catalog::{Custody, TypeDef};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::{Actor, Scope, agency_for, decide};
use crate::record::access::Outcome;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::record::payload::Validity;
use crate::record::{Action, Digest, Identifier, Salt, State, canonical};
use crate::registry::Registry;
use crate::registry::access::change::NotedChange;
use crate::registry::access::entry::Touched;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::records::change::Whole;
use crate::registry::records::draft::{self, DraftHolder};
use crate::registry::records::hosted::{self, give_way, has_a_body, old_rows};
use crate::registry::records::kept;
use crate::registry::records::signed::IssueOutcome;
use crate::registry::records::submitted::codes;
use crate::rule::Rule;
use crate::store::{NO_ENVELOPE, Reader, RecordKey, RowBody, StoredRecord, Writer};
use crate::text;
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
    pub issued_on: Option<Day>,
    /// First valid day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// Last valid day or 长期.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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
    pub at: Moment,
}

/// One holder of an entry.
struct Seat {
    code: HolderCode,
    hk: HolderKey,
    name: String,
    role: String,
}

/// An entry that passed every rule.
struct Entry {
    type_code: String,
    kind: crate::catalog::Kind,
    seats: Vec<Seat>,
    /// The key that recognises the same entry again.
    known: [u8; 16],
    /// The key under which a record with this number and a body would stand.
    hosted: Option<[u8; 16]>,
    content: Digest,
}

impl Entry {
    fn holders(&self) -> Vec<HolderKey> {
        self.seats.iter().map(|seat| seat.hk).collect()
    }

    /// The rows of the same entry here, and whether its content is the same.
    ///
    /// # Errors
    /// `number_clash` if a record whose body is here has the number.
    fn known(&self, reader: &mut Reader<'_>) -> Result<Option<(Whole, bool)>> {
        if let Some(hosted) = &self.hosted
            && reader.record_key(hosted)?.is_some()
        {
            return Err(has_a_body());
        }
        let Some(known) = reader.record_key(&self.known)? else { return Ok(None) };
        Ok(Some((old_rows(reader, &known)?, known.content == self.content.0)))
    }

    /// The holders from whom the entry with its number is taken: those whom the new one leaves out.
    fn left_out(&self, reader: &mut Reader<'_>) -> Result<Vec<Touched>> {
        let replaced = self.known(reader).map(|known| known.filter(|(_, same)| !same).map(|(rows, _)| rows));
        match replaced {
            Ok(Some(rows)) if self.same_holders(&rows) => Ok(Vec::new()),
            replaced => hosted::left_out(replaced, &self.holders()),
        }
    }

    fn same_holders(&self, old: &Whole) -> bool {
        let is_old = |seat: &Seat| old.rows().any(|row| row.hk == seat.hk);
        self.seats.len() == old.rows().count() && self.seats.iter().all(is_old)
    }
}

impl Registry {
    /// Adds a directory entry, or replaces the entry with the same number (if it has none: the same content)
    /// with a changed one. Blocks. It is the entry's next version. With other holders a record of theirs begins with it
    /// under the entry's identifier, and whoever is left out hears of it; the history goes over both.
    ///
    /// # Errors
    /// `forbidden`; `field_invalid`; `issuer_not_authorised`; `number_clash` if a record whose body is here
    /// has the number; `action_forbidden` if holders change under an entry that is suspended, ended or
    /// disputed; `budget_spent`; `version_conflict` if the entry goes to others at the same time.
    pub fn put_directory(
        &self,
        actor: &Actor,
        draft: &DirectoryDraft,
        once: Option<&Once>,
    ) -> Result<DirectoryPut> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let checked = self.fresh_snapshot().and_then(|held| self.checked_entry((actor, &held), draft, None));
        let entry = self.or_refused(actor, codes(&draft.holders), checked)?;
        let left_out = self.store().read_now(|reader| entry.left_out(reader))?;
        self.permit_taken(actor, &left_out)?;
        let taken = self.note_brought_in(actor, Outcome::Acted, &entry.type_code, &left_out)?;
        let put = Put {
            left_out,
            listing: Listing { entry, draft: draft.clone(), as_of: None },
            record_id: random::pooled()?,
            salt: random::salt()?,
            serial: random::serial()?,
            label: actor.label(),
            effective_on: draft.issued_on.unwrap_or(self.now().day()),
        };
        let noted = taken.and(self.note_entered(actor, &put.listing)?);
        self.log_noted(actor, &noted, once, |writer, place| put.write(writer, place))
    }

    /// Notes an access of each holder of an entry that comes in.
    fn note_entered(&self, actor: &Actor, listing: &Listing) -> Result<NotedChange> {
        let entry = &listing.entry;
        let touched = entry.seats.iter().map(|seat| Touched::one(&seat.code, seat.hk));
        let touched: Vec<Touched> = touched.collect();
        self.note_brought_in(actor, Outcome::Entered, &entry.type_code, &touched)
    }

    /// One version of an entry of another registry, which passed every rule of here.
    ///
    /// # Errors
    /// Those of [`Registry::put_directory`]; `identifier_invalid` if the identifier is of another type or issuer.
    pub(in crate::registry) fn listing_of(
        &self,
        actor: &Actor,
        draft: DirectoryDraft,
        (identifier, as_of): (&str, Moment),
    ) -> Result<Listing> {
        let held = self.kept_fresh()?;
        let entry = self.checked_entry((actor, &held), &draft, Some(identifier))?;
        Ok(Listing { entry, draft, as_of: Some(as_of) })
    }

    fn checked_entry(
        &self,
        (actor, snapshot): (&Actor, &Snapshot),
        draft: &DirectoryDraft,
        identifier: Option<&str>,
    ) -> Result<Entry> {
        let def = draft::type_entry(snapshot, &draft.type_code)?.def();
        decide(actor, Scope::Issue, &def.code, None).required().map_err(|error| error.at("type"))?;
        agency_for(actor, Some(&draft.issuer), "issuer")?;
        let issuer = self.known_agency(&draft.issuer).map_err(|error| error.at("issuer"))?;
        let today = self.now().day();
        let issued_on = draft.issued_on.unwrap_or(today);
        if issued_on > today {
            return Err(invalid("issued_on", Rule::DateInFuture, "the day of issue lies in the future"));
        }
        draft::authority(snapshot, &draft.issuer, &def.code, &issuer.region.to_string(), issued_on)?;
        check_shape(draft)?;
        if let Some(identifier) = identifier
            && let Some(rule) = kept::foreign(snapshot, identifier, &def.code, &draft.issuer)
        {
            let detail = "the identifier belongs to another type or another issuer than the entry";
            return Err(Error::new(Code::IdentifierInvalid, detail).at("identifier").rule(rule));
        }
        let seats = self.seats(actor, draft, def)?;
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
        Ok(Entry { type_code: def.code.clone(), kind: def.kind, seats, known, hosted, content })
    }

    fn seats(&self, actor: &Actor, draft: &DirectoryDraft, def: &TypeDef) -> Result<Vec<Seat>> {
        let mut seats: Vec<Seat> = Vec::with_capacity(draft.holders.len());
        for (at, holder) in draft.holders.iter().enumerate() {
            let asked = AskedHolder { code_type: holder.code_type.clone(), code: holder.code.clone() };
            let (parsed, hk) = self.charged_now(actor, Scope::Issue, &asked, &format!("holders.{at}"))?;
            let role = holder.role.clone().or_else(|| def.holders.first().map(|role| role.role.clone()));
            let role = role.unwrap_or_default();
            if !def.holders.iter().any(|known| known.role == role) {
                return Err(Error::new(Code::HolderRoleInvalid, "the type has no such role")
                    .at(format!("holders.{at}.role"))
                    .rule(Rule::RoleUnknown));
            }
            if seats.iter().any(|other| other.hk == hk) {
                return Err(invalid("holders", Rule::HolderTwice, "one holder stands once"));
            }
            for (field, text) in [("office", Some(&draft.office)), ("note", draft.note.as_ref())] {
                text.map_or(Ok(()), |text| texts::not_naming(field, text, &parsed.code))?;
            }
            seats.push(Seat { code: parsed.code, hk, name: holder.name.clone(), role });
        }
        Ok(seats)
    }
}

fn invalid(field: &'static str, rule: Rule, detail: &'static str) -> Error {
    Error::new(Code::FieldInvalid, detail).at(field).rule(rule)
}

/// The rules that need no catalog and no holders.
fn check_shape(draft: &DirectoryDraft) -> Result<()> {
    if draft.custody == Custody::Hosted {
        return Err(invalid("custody", Rule::CustodyHosted, "a record whose body is here is issued"));
    }
    if draft.holders.is_empty() {
        return Err(invalid("holders", Rule::HoldersMissing, "a certificate has at least one holder"));
    }
    bounds::at_most(bounds::HOLDERS, draft.holders.len(), "holders")?;
    for (field, text) in [("office", Some(&draft.office)), ("note", draft.note.as_ref())] {
        text.map_or(Ok(()), |text| texts::line(field, text, 200))?;
    }
    if draft.office.trim().is_empty() {
        return Err(invalid("office", Rule::Length, "1 to 200 characters"));
    }
    for (at, holder) in draft.holders.iter().enumerate() {
        texts::holder_name(format!("holders.{at}.name"), &holder.name)?;
    }
    draft.number.as_deref().map_or(Ok(()), |number| text::line("number", number, 200))
}

/// One version of an entry, checked.
pub(in crate::registry) struct Listing {
    entry: Entry,
    draft: DirectoryDraft,
    /// The age of a copy that comes from another registry.
    as_of: Option<Moment>,
}

/// An entry on its way into the transaction.
struct Put {
    /// Who was told that the entry with its number is taken from them.
    left_out: Vec<Touched>,
    listing: Listing,
    /// The id that it takes if it begins.
    record_id: [u8; 16],
    salt: Salt,
    serial: String,
    label: String,
    effective_on: Day,
}

impl Put {
    fn write(&self, writer: &mut Writer<'_>, place: &Place) -> Result<(DirectoryPut, Vec<[u8; 32]>)> {
        let old = match self.listing.entry.known(writer)? {
            Some((rows, true)) => return Ok((there_already(writer, rows.first())?, Vec::new())),
            Some((rows, false)) => Some(rows),
            None => None,
        };
        let identifier = self.identifier(old.as_ref())?;
        match old {
            Some(old) if self.listing.entry.same_holders(&old) => {
                self.next_version(writer, place, old, identifier)
            }
            Some(old) => {
                let left_out = old.touched_besides(&self.listing.entry.holders());
                let named = writer.index().identifier_key(&identifier);
                if let Some(replaced) = writer.record_key(&named)? {
                    hosted::keep_part(writer, &identifier, &replaced)?;
                }
                // A record has the same holders in all its versions: each has a row and a whole history of it.
                let version = old.first().version + 1;
                let last = give_way(writer, old, &self.label, &place.behind(1))?;
                hosted::check_told(&left_out, &self.left_out)?;
                let (put, mut entries) = self.begin(writer, place, (identifier, version))?;
                entries.push(last);
                Ok((put, entries))
            }
            None => self.begin(writer, place, (identifier, 1)),
        }
    }

    /// The identifier that the entry has, or a new one.
    fn identifier(&self, old: Option<&Whole>) -> Result<String> {
        if let Some(old) = old {
            return Ok(old.first().body.identifier.clone());
        }
        let Listing { entry, draft, .. } = &self.listing;
        let made = Identifier::compose(&entry.type_code, &draft.issuer, &self.serial, 1);
        Ok(made.map_err(|fault| Error::internal(fault.to_string()))?.as_str().to_owned())
    }

    fn begin(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (identifier, version): (String, i32),
    ) -> Result<(DirectoryPut, Vec<[u8; 32]>)> {
        let number = u32::try_from(version).map_err(Error::internal)?;
        let happened = self.happened(Action::Issue, &identifier, number, place);
        let rows = self.listing.rows(place, &identifier, (self.record_id, version, State::Active))?;
        let entry = rows.begin(writer, place, &happened)?;
        self.answer(writer, place, rows.first(), entry)
    }

    fn next_version(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        mut old: Whole,
        identifier: String,
    ) -> Result<(DirectoryPut, Vec<[u8; 32]>)> {
        let version = old.first().version + 1;
        let number = u32::try_from(version).map_err(Error::internal)?;
        let happened = self.happened(Action::Change, &identifier, number, place);
        let next =
            self.listing.rows(place, &identifier, (old.first().record_id, version, old.first().state))?;
        let entry = old.supersede(writer, place, &happened, next)?;
        self.answer(writer, place, old.first(), entry)
    }

    fn happened(&self, action: Action, identifier: &str, version: u32, place: &Place) -> Happened {
        let subject = subject_hash(&self.salt, identifier);
        let event = Event::new(EventKind::Record, action, &self.label, self.salt, subject, place.at)
            .effective_on(self.effective_on)
            .record_version(None, version, (version > 1).then(|| version - 1));
        Happened::unordered(event)
    }

    /// The result, once identifier and number lead to the present entry.
    fn answer(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        row: &StoredRecord,
        entry: [u8; 32],
    ) -> Result<(DirectoryPut, Vec<[u8; 32]>)> {
        self.listing.take_keys(writer, row)?;
        let put = DirectoryPut {
            outcome: IssueOutcome::Issued,
            identifier: row.body.identifier.clone(),
            version: u32::try_from(row.version).map_err(Error::internal)?,
            log: place.log.clone(),
            leaf: place.first,
            at: place.at,
        };
        Ok((put, vec![entry]))
    }
}

impl Listing {
    /// The entry that has this identifier here, or else this number.
    ///
    /// # Errors
    /// `number_clash` if a record whose body is here has one of them.
    pub fn found(&self, reader: &mut Reader<'_>, identifier: &str) -> Result<Option<Whole>> {
        let identifier = reader.index().identifier_key(identifier);
        for key in [Some(identifier), Some(self.entry.known), self.entry.hosted].into_iter().flatten() {
            if let Some(found) = reader.record_key(&key)? {
                return old_rows(reader, &found).map(Some);
            }
        }
        Ok(None)
    }

    /// The entry's rows in one version.
    pub fn rows(
        &self,
        place: &Place,
        identifier: &str,
        (record_id, version, state): ([u8; 16], i32, State),
    ) -> Result<Whole> {
        let row = |seat: &Seat| {
            Ok(StoredRecord {
                hk: seat.hk,
                type_code: self.entry.type_code.clone(),
                record_id,
                kind: self.entry.kind,
                custody: self.draft.custody,
                version,
                identifier: Some(identifier.to_owned()),
                issuer: self.draft.issuer.clone(),
                state,
                valid_from: self.draft.valid_from,
                valid_to: self.draft.valid_to.and_then(Validity::last_day),
                as_of: self.as_of.unwrap_or(place.at),
                disputed: false,
                log: place.log.clone(),
                leaf: place.first,
                row_seq: 1,
                body: RowBody {
                    holder: (seat.code.code_type().code().to_owned(), seat.code.as_str().to_owned()),
                    role: seat.role.clone(),
                    identifier: identifier.to_owned(),
                    logged_at: place.at,
                    review_due: None,
                    envelope: Vec::new(),
                    digest: NO_ENVELOPE,
                    directory: directory_json(&self.draft, &seat.name)?,
                },
            })
        };
        let rows = self.entry.seats.iter().map(row).collect::<Result<_>>()?;
        Whole::of(rows, &self.entry.holders())
    }

    /// Points identifier and number to this version.
    pub fn take_keys(&self, writer: &mut Writer<'_>, row: &StoredRecord) -> Result<()> {
        let identifier = writer.index().identifier_key(&row.body.identifier);
        for key in [identifier, self.entry.known] {
            let leads = RecordKey {
                key,
                record_id: row.record_id,
                version: row.version,
                holders: self.entry.holders(),
                content: self.entry.content.0,
            };
            match writer.record_key(&key)? {
                Some(_) => writer.replace_record_key(&leads)?,
                None => writer.insert_record_key(&leads)?,
            }
        }
        Ok(())
    }
}

/// Whether the rows of two entries say the same of the same holders.
pub(in crate::registry) fn say_the_same(one: &Whole, other: &Whole) -> bool {
    let said = |row: &StoredRecord| {
        let body = &row.body;
        (row.hk, body.role.clone(), body.directory.clone(), row.custody, row.valid_from, row.valid_to)
    };
    let mut others: Vec<_> = other.rows().map(said).collect();
    let found = |row| {
        let at = others.iter().position(|other| *other == row);
        at.map(|at| others.swap_remove(at)).is_some()
    };
    one.rows().map(said).all(found) && one.rows().count() == other.rows().count()
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

/// One holder's row's statement about the certificate (schema/bytes.md §9).
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
