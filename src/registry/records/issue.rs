//! Issue: a draft or an issuer's own envelope becomes a signed, sealed, logged record.

mod clash;

use std::cell::Cell;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::catalog::FaceNote;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, RemarkKind};
use crate::policy::{Actor, Scope, agency_for, decide};
use crate::record::Record;
use crate::record::access::Outcome;
use crate::record::event::Event;
use crate::record::payload::Attachment;
use crate::record::state::State;
use crate::registry::Registry;
use crate::registry::access::change::NotedChange;
use crate::registry::access::entry::Touched;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::order::envelope_error;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::after_end;
use crate::registry::holders::lives::{MarkMade, without_authority};
use crate::registry::records::begin::{begin, bring_to_its_state};
use crate::registry::records::draft;
use crate::registry::records::ends::{self, Ended, Proposal};
use crate::registry::records::hosted;
use crate::registry::records::issue::clash::Clash;
use crate::registry::records::judge::{self, FileStanding};
use crate::registry::records::kept;
use crate::registry::records::signed::{IssueOutcome, Signed};
use crate::registry::records::submitted::{Beginning, Origin, Submitted};
use crate::rule::Rule;
use crate::store::{Opened, RecordKey, StoredEvent, StoredRecord, Writer};
use crate::trust::envelope::Limits;
use crate::trust::{Envelope, EnvelopeBuf, HolderKey, KeyRecord, SigningKey, Typ, random};

/// The answer to an issue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Issued {
    /// New or there already.
    pub outcome: IssueOutcome,
    /// The record's identifier.
    pub identifier: String,
    /// Its version.
    pub version: u32,
    /// True if the issuer's own key signed it.
    pub signed_by_issuer: bool,
    /// The log of its event.
    pub log: String,
    /// The leaf.
    pub leaf: u64,
    /// The log's time.
    pub at: Moment,
    /// What was accepted but is worth saying.
    pub remarks: Vec<String>,
    /// Records that a rule of the type ended in the same transaction, as far as the caller may look up records of
    /// these types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<Ended>,
    /// The type's proposals to other issuers, as far as the caller may look up records of these types.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<Proposal>,
    /// The marks that a rule of the type made on holders, for callers who may look up holders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub marked: Vec<MarkMade>,
}

/// A record that passed every rule of an issue, with its signature.
pub(in crate::registry) struct Taken {
    pub signed: Signed,
    /// What was accepted but is worth saying.
    pub remarks: Vec<String>,
    /// True if the issuer's own key signed it.
    pub by_issuer: bool,
    /// The first holder with a credit code of the pilot.
    pub pilot: Option<usize>,
    /// Something in it is kept with a mark.
    pub flagged: bool,
}

/// A record whose holders, and those from whom it takes a directory entry, have the access on their lists.
struct Noted {
    taken: Taken,
    left_out: Vec<Touched>,
    change: NotedChange,
}

impl Registry {
    /// Issues a record. Blocks.
    ///
    /// The same record again gets the first one's answer; the same number on another face is `number_clash`
    /// with both faces side by side.
    pub fn issue(&self, actor: &Actor, submitted: &Submitted) -> Result<Issued> {
        self.begin(actor, submitted, Beginning::Issue, None)
    }

    /// The same for a request that may be repeated under its `Idempotency-Key`.
    pub fn issue_once(&self, actor: &Actor, submitted: &Submitted, once: Option<&Once>) -> Result<Issued> {
        self.begin(actor, submitted, Beginning::Issue, once)
    }

    /// Issues a record or takes one over from another place: the same rules, another action in the log.
    pub fn begin(
        &self,
        actor: &Actor,
        submitted: &Submitted,
        origin: impl Into<Origin>,
        once: Option<&Once>,
    ) -> Result<Issued> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let snapshot = self.fresh_snapshot()?;
        let origin = self.or_refused(actor, submitted.codes(), origin.into().check(self.now()))?;
        let taken = self.take(actor, &snapshot, submitted.clone(), &mut |issuer| self.issuer_key(issuer));
        let taken = taken.and_then(|taken| {
            origin.fits(taken.signed.issued_on)?;
            match taken.pilot.filter(|_| origin.beginning == Beginning::Issue) {
                Some(at) => Err(no_new_pilot(at)),
                None => Ok(taken),
            }
        });
        let taken = self.or_refused(actor, submitted.codes(), taken)?;
        self.permit_all(actor, &taken.signed.touched())?;
        let left_out = self.store().read_now(|reader| hosted::left_out_by(reader, &taken.signed))?;
        self.permit_taken(actor, &left_out)?;
        let (type_code, holders) = (&taken.signed.type_code, taken.signed.touched_each());
        let change = self
            .note_brought_in(actor, Outcome::Acted, type_code, &left_out)?
            .and(self.note_brought_in(actor, Outcome::Issued, type_code, &holders)?);
        self.bind(actor, origin, Noted { taken, left_out, change }, once)
    }

    /// Checks an issuer's submission by every rule of an issue. Signs data that the issuer did not sign
    /// itself, with the key that `key` gives for the issuer. Reads no rows: an import does it on all cores.
    pub(in crate::registry) fn take(
        &self,
        actor: &Actor,
        snapshot: &Snapshot,
        submitted: Submitted,
        key: &mut dyn FnMut(&str) -> Result<Arc<SigningKey>>,
    ) -> Result<Taken> {
        let (today, index) = (self.now().day(), self.store().vault().index());
        match submitted {
            Submitted::Draft(draft) => {
                let type_code = &draft::type_entry(snapshot, &draft.type_code)?.def().code;
                self.may_issue(actor, type_code, &draft.issuer)?;
                let mut checked = draft::check_owned(draft, snapshot, self.regions(), today, None)?;
                self.files_fit(&checked.record.attachments)?;
                let remarks = std::mem::take(&mut checked.remarks);
                let key = key(&checked.record.issuer.code).map_err(|error| error.at("issuer"))?;
                let (flagged, pilot) = (is_flagged(&remarks), pilot(&checked.codes));
                let signed = Signed::new(checked, &key, index)?;
                Ok(Taken { signed, remarks, by_issuer: false, pilot, flagged })
            }
            Submitted::Envelope(compact) => {
                let envelope =
                    EnvelopeBuf::parse_compact(&compact, Limits::default()).map_err(envelope_error)?;
                let record = self.verified_record(&envelope.view())?;
                self.may_issue(actor, &record.record_type.code, &record.issuer.code)?;
                if record.version != 1 || record.replaces.is_some() {
                    let detail = "first versions begin a record; a new version comes by an action";
                    return Err(Error::new(Code::FieldInvalid, detail)
                        .at("version")
                        .rule(Rule::VersionFirst));
                }
                let mut checked = draft::check_signed(record, snapshot, self.regions(), today)?;
                self.files_fit(&checked.record.attachments)?;
                let remarks = std::mem::take(&mut checked.remarks);
                let (flagged, pilot) = (is_flagged(&remarks), pilot(&checked.codes));
                Ok(Taken {
                    signed: Signed::over(checked, &envelope, index)?,
                    remarks,
                    by_issuer: true,
                    pilot,
                    flagged,
                })
            }
        }
    }

    /// A file that is here must be what the record says of it. While one is not here yet, the record is
    /// `attachment_pending`.
    fn files_fit(&self, files: &[Attachment]) -> Result<()> {
        for (at, file) in files.iter().enumerate() {
            let (member, rule) = match self.store().read_now(|reader| judge::file_here(reader, file))? {
                FileStanding::Fits | FileStanding::Pending => continue,
                FileStanding::OtherSize => ("size", Rule::AttachmentLength),
                FileStanding::OtherKind => ("media_type", Rule::AttachmentMediaType),
            };
            let detail = "the file here is not what the record says of it";
            let field = format!("attachments.{at}.{member}");
            return Err(Error::new(Code::FieldInvalid, detail).at(field).rule(rule));
        }
        Ok(())
    }

    pub(in crate::registry) fn may_issue(&self, actor: &Actor, type_code: &str, issuer: &str) -> Result<()> {
        decide(actor, Scope::Issue, type_code, None).required().map_err(|error| error.at("type"))?;
        agency_for(actor, Some(issuer), "issuer").map(drop)
    }

    /// Verifies an issuer's envelope strictly: key known, of that issuer, not revoked.
    pub(in crate::registry) fn verified_record(&self, envelope: &Envelope<'_>) -> Result<Record> {
        let (record, key) = self.record_under_known_key(envelope)?;
        if key.revoked.is_some() {
            return Err(Error::new(Code::EnvelopeInvalid, "the key of this envelope is revoked")
                .rule(Rule::KeyRevoked));
        }
        Ok(record)
    }

    /// The same of a record that another registry logged: its key may be revoked since. The verdict asks when.
    pub(in crate::registry) fn record_under_known_key(
        &self,
        envelope: &Envelope<'_>,
    ) -> Result<(Record, KeyRecord)> {
        let snapshot = self.snapshot();
        let unknown = || {
            Error::new(Code::EnvelopeInvalid, "the key of this envelope is not registered")
                .rule(Rule::KeyUnknown)
        };
        let header = envelope.header().map_err(envelope_error)?;
        let key = snapshot.keys.find(&header.kid).ok_or_else(unknown)?;
        envelope.verify(Typ::Record, |_| Some(key.public)).map_err(envelope_error)?;
        let record = Record::from_payload(envelope.payload())
            .map_err(|fault| Error { code: Code::EnvelopeInvalid, ..Error::from(fault).within("payload") })?;
        if record.issuer.code != key.owner {
            return Err(Error::new(
                Code::EnvelopeInvalid,
                "the key belongs to another agency than the issuer",
            )
            .rule(Rule::KeyOwner));
        }
        Ok((record, key.clone()))
    }

    /// Stores a signed record under all its holders, or finds that it is there.
    fn bind(&self, actor: &Actor, origin: Origin, noted: Noted, once: Option<&Once>) -> Result<Issued> {
        let record_id = random::pooled::<16>()?;
        let salt = random::salt()?;
        let snapshot = self.snapshot();
        let (label, clashed, counted) = (actor.label(), Cell::new(None), Cell::new(false));
        let Noted { taken: Taken { signed, remarks, by_issuer, .. }, left_out, change } = noted;
        let (rules, hears) = (self.rules_of(&snapshot, &signed.type_code)?, self.hears(actor));
        let bound = self.log_noted(actor, &change, once, |writer, place| {
            if let Some(there) = self.already_there(writer, &signed, &clashed)? {
                return Ok((Issued { remarks: remarks.clone(), ..there }, Vec::new()));
            }
            after_end::refuse(writer, &snapshot, &signed.told(), place.at.day())?;
            hosted::check_told(&hosted::left_out_by(writer, &signed)?, &left_out)?;
            let happened =
                Happened::unordered(signed.event(origin.beginning.action(), &label, salt, place.at));
            let mut rows = signed.whole(record_id, State::Active, origin.as_of, place)?;
            let mut entries = begin(writer, place, &signed, &rows, &happened, &label)?.entries;
            entries.extend(bring_to_its_state(writer, &signed, &mut rows, &place.behind(entries.len()))?);
            let behind = place.behind(entries.len());
            let due = ends::due_of_new(writer, &rules, &rows, signed.issued_on, place.at.day())?;
            due.check_names(self, actor, &counted)?;
            let ends = due.carry_out(writer, &rules, &behind)?;
            entries.extend(ends.entries);
            let mut remarks = remarks.clone();
            remarks.extend(ends.unauthorised.then(without_authority));
            let issued = Issued {
                outcome: IssueOutcome::Issued,
                identifier: signed.identifier.clone(),
                version: signed.version,
                signed_by_issuer: by_issuer,
                log: place.log.clone(),
                leaf: place.first,
                at: place.at,
                remarks,
                ended: ends.ended.into_iter().filter(|one| ends::sees(actor, &one.type_code)).collect(),
                proposals: ends
                    .proposals
                    .into_iter()
                    .filter(|one| ends::sees(actor, &one.type_code))
                    .collect(),
                marked: if hears { ends.marked } else { Vec::new() },
            };
            Ok((issued, entries))
        });
        // Only now that the transaction is over: showing the other face is an access, which waits for its own
        // log.
        match (bound, clashed.take()) {
            (Err(error), Some(clash)) if error.code == Code::NumberClash => {
                Err(self.shown_clash(actor, &clash))
            }
            (Err(error), _) if matches!(error.rule, Some(Rule::EndedName | Rule::DateAfterEnd)) => {
                self.refused_telling(actor, &signed)?;
                Err(error)
            }
            (bound, _) => bound,
        }
    }

    /// Counts a refusal that tells something of the holders as a question about each: who has a certificate that would
    /// end, or has died, is not to be found out by trying. An operator's feed is not counted.
    fn refused_telling(&self, actor: &Actor, signed: &Signed) -> Result<()> {
        if actor.agency().is_none() {
            return Ok(());
        }
        let index = self.store().vault().index();
        for seat in &signed.seats {
            let code = kept::co_holder(index, &seat.code_type, &seat.code);
            self.watch_told(actor, Scope::Issue, seat.hk, code.and_then(|(_, code)| code).as_ref())?;
        }
        Ok(())
    }

    /// The answer that the same record got before, as it was then; `number_clash` if its number stands on another
    /// face, which is put into `clashed`.
    fn already_there(
        &self,
        writer: &mut Writer<'_>,
        signed: &Signed,
        clashed: &Cell<Option<Clash>>,
    ) -> Result<Option<Issued>> {
        let twins = signed.twins(&self.snapshot(), writer.index());
        for key in signed.keys.iter().chain(&twins) {
            let Some(found) = writer.record_key(key)? else { continue };
            let holder = found.holders.first().copied();
            let holder = holder.ok_or_else(|| damaged("a key row has no holder"))?;
            let stored = version_row(writer, &holder, &found)?;
            let stored = stored.ok_or_else(|| damaged("the record of that number does not open"))?;
            if !signed.is_content(&self.snapshot(), &found.content) {
                let brought = signed.envelope.clone();
                clashed.set(Some(Clash { stored, holders: found.holders, brought }));
                return Err(clash::number_clash());
            }
            return self.answer_of(writer, &stored).map(Some);
        }
        Ok(None)
    }

    /// The answer to the issue of a stored version.
    fn answer_of(&self, writer: &mut Writer<'_>, stored: &StoredRecord) -> Result<Issued> {
        let envelope = Envelope::parse_stored(&stored.body.envelope)
            .map_err(|fault| damaged("an envelope does not open").caused_by(fault))?;
        let digest = envelope.digest();
        let made = |event: &StoredEvent| {
            Event::from_canonical(&event.event).is_ok_and(|event| event.envelope == Some(digest))
        };
        let first = writer.events_of(&stored.hk, &stored.record_id)?.into_iter().find(made);
        let first = first.ok_or_else(|| damaged("a record has no first event"))?;
        let held = envelope.kid().is_ok_and(|kid| self.snapshot().held_here(&kid));
        Ok(Issued {
            outcome: IssueOutcome::AlreadyThere,
            identifier: stored.body.identifier.clone(),
            version: u32::try_from(stored.version).map_err(Error::internal)?,
            signed_by_issuer: !held,
            log: first.log,
            leaf: first.leaf,
            at: first.logged_at,
            remarks: Vec::new(),
            ended: Vec::new(),
            proposals: Vec::new(),
            marked: Vec::new(),
        })
    }
}

fn damaged(what: &'static str) -> Error {
    Error::new(Code::RecordDamaged, what)
}

/// The row of the version that a key stands for, present or past.
fn version_row(
    writer: &mut Writer<'_>,
    holder: &HolderKey,
    found: &RecordKey,
) -> Result<Option<StoredRecord>> {
    let past = writer.past_records(holder, &found.record_id)?;
    let rows = writer.record(holder, &found.record_id)?.into_iter().chain(past);
    let named = |opened| match opened {
        Opened::Record(row) if row.version == found.version => Some(*row),
        _ => None,
    };
    Ok(rows.into_iter().find_map(named))
}

fn pilot(codes: &[HolderCode]) -> Option<usize> {
    codes.iter().position(HolderCode::is_pilot)
}

/// Old licences under codes of the pilot are taken over; a new one has the code that the standard gives.
pub(in crate::registry) fn no_new_pilot(at: usize) -> Error {
    let detail = "nothing new is issued to a credit code of the pilot: its check characters are not those of the standard";
    Error::new(Code::HolderCodeInvalid, detail).at(format!("holders.{at}.code")).rule(Rule::CheckDigit)
}

/// Whether something in it is kept with a mark: in the face, a holder's name or the identifier.
fn is_flagged(remarks: &[String]) -> bool {
    remarks.iter().any(|remark| marked(remark).is_some())
}

/// A mark with which something is kept: its stable name, and what it says in both languages.
pub(in crate::registry) type Marked = (&'static str, &'static str, &'static str);

/// The mark of a remark: of a note on a text, and of a credit code of the pilot. None of the other remarks on numbers.
pub(in crate::registry) fn marked(remark: &str) -> Option<Marked> {
    let pilot = RemarkKind::PilotCode;
    let note = FaceNote::read(remark).map(|note| (note.kind.wire(), note.kind.zh(), note.kind.en()));
    note.or_else(|| (remark == pilot.wire()).then(|| (pilot.wire(), pilot.zh(), pilot.en())))
}
