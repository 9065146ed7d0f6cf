//! What a certificate says about the life of its holder, by the rule of its type (practice R6): a death certificate marks
//! the dead, in the transaction that brings it.
//!
//! The mark follows its certificate on every path: a new version corrects it, and a certificate that was cancelled,
//! annulled or withdrawn takes it back. A certificate speaks once a version, so a mark that an office took back stays
//! taken back. The issuing agency's authority over people decides whether it confirms or reports; without authority
//! nobody is marked. A name that the holder is not known under confirms nothing.
//!
//! The registry signs the order, since a rule of the catalog acts. The order names the certificate, and what happened
//! is signed there.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Map;

use crate::catalog::{Custody, FaceNote, HolderSource, LifeMark, NoteKind, Statement, TypeEntry};
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::record::Record;
use crate::record::event::{Event, HolderAction, Order};
use crate::record::state::State;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::names::RULE;
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked;
use crate::registry::holders::mark::{HOLDER_EVENTS, Noted, stored};
use crate::registry::holders::marks::{self, StatedMark};
use crate::registry::holders::names;
use crate::registry::holders::stating::{of_state, state_of};
use crate::store::{HolderMark, HolderState, Opened, Reader, RecordKey, StoredEvent, StoredRecord, Writer};
use crate::trust::{Envelope, HolderKey, SigningKey};

/// A mark that a rule made or took back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MarkMade {
    /// The state; `normal` where the certificate's mark was taken back.
    pub state: HolderState,
    /// The legal day.
    pub since: Day,
    /// The leaf of its event, in the log of the certificate's event.
    pub leaf: u64,
}

/// The rules of the catalog, with the key that signs the orders they make.
pub(in crate::registry) struct Rules {
    pub snapshot: Arc<Snapshot>,
    key: Option<SigningKey>,
}

/// The result for one certificate.
#[derive(Default)]
pub(in crate::registry) struct MarksMade {
    /// Log entries, in order.
    pub entries: Vec<[u8; 32]>,
    pub marked: Vec<MarkMade>,
    /// The issuer has no authority over people, so nobody was marked.
    pub unauthorised: bool,
}

/// A change of one holder's marks.
struct Due {
    hk: HolderKey,
    code: HolderCode,
    stated: StatedMark,
}

/// The facts that a certificate's rule needs.
struct Certificate<'a> {
    record: Record,
    row: &'a StoredRecord,
    /// The version came in this transaction.
    new_version: bool,
}

impl Registry {
    /// The rules for a change of a record of that type. The key is opened only for types whose rules mark somebody.
    pub(in crate::registry) fn rules_of(&self, snapshot: &Arc<Snapshot>, type_code: &str) -> Result<Rules> {
        let marks = |entry: &TypeEntry| !entry.def().marks.is_empty();
        let entry = snapshot.catalog.type_of(type_code);
        let ended = entry.iter().flat_map(|entry| &entry.def().ends);
        let ended = ended.filter_map(|end| snapshot.catalog.type_by_slug(&end.ended));
        let needed = entry.into_iter().chain(ended).any(|entry| marks(entry));
        let key = needed.then(|| self.registry_key()).transpose()?;
        Ok(Rules { snapshot: snapshot.clone(), key })
    }

    /// The rules for records of any type.
    pub(in crate::registry) fn all_rules(&self, snapshot: &Arc<Snapshot>) -> Result<Rules> {
        let needed = snapshot.catalog.types().into_iter().any(|entry| !entry.def().marks.is_empty());
        let key = needed.then(|| self.registry_key()).transpose()?;
        Ok(Rules { snapshot: snapshot.clone(), key })
    }
}

impl Rules {
    /// Whether the certificate with that identifier has something to say about a holder's life, or would if its issuer
    /// had the authority.
    pub fn speaks(&self, reader: &mut Reader<'_>, about: (&str, &str), today: Day) -> Result<bool> {
        let (due, unauthorised) = self.due(reader, about, today, false)?;
        Ok(unauthorised || !due.is_empty())
    }

    /// The rules for a reader, who makes no mark.
    pub fn to_read(snapshot: &Arc<Snapshot>) -> Self {
        Self { snapshot: snapshot.clone(), key: None }
    }

    /// Whether a change of that holder's marks is due for the certificate.
    pub(super) fn is_due(
        &self,
        reader: &mut Reader<'_>,
        about: (&str, &str),
        holder: HolderKey,
        today: Day,
    ) -> Result<bool> {
        let (due, _) = self.due(reader, about, today, false)?;
        Ok(due.iter().any(|due| due.hk == holder))
    }

    /// Makes, corrects or takes back the marks of the certificate with that type and identifier, as it stands now;
    /// `place.first` is the leaf of the first event. `new_version` says that this transaction brought a version.
    pub fn follow(
        &self,
        writer: &mut Writer<'_>,
        about: (&str, &str),
        new_version: bool,
        place: &Place,
    ) -> Result<MarksMade> {
        let mut made = MarksMade::default();
        let (due, unauthorised) = self.due(writer, about, place.at.day(), new_version)?;
        made.unauthorised = unauthorised;
        for due in due {
            let place = place.behind(made.entries.len());
            let (state, since) = (due.stated.mark.state, due.stated.mark.since);
            made.entries.push(self.carry_out(writer, &place, due)?);
            made.marked.push(MarkMade { state, since, leaf: place.first });
        }
        Ok(made)
    }

    /// The changes of marks that are due for a certificate, and whether its issuer lacks the authority for one.
    fn due(
        &self,
        reader: &mut Reader<'_>,
        (type_code, identifier): (&str, &str),
        today: Day,
        new_version: bool,
    ) -> Result<(Vec<Due>, bool)> {
        let (mut due, mut unauthorised) = (Vec::new(), false);
        let entry = self.snapshot.catalog.type_of(type_code);
        let Some(entry) = entry.filter(|entry| !entry.def().marks.is_empty()) else {
            return Ok((due, false));
        };
        let rows = rows(reader, identifier)?;
        let Some(first) = rows.first().filter(|first| first.custody == Custody::Hosted) else {
            return Ok((due, false));
        };
        let damaged = || Error::new(Code::RecordDamaged, "the envelope of this certificate cannot be read");
        let envelope = Envelope::parse_stored(&first.body.envelope).ok().ok_or_else(damaged)?;
        let record = Record::from_payload(envelope.payload()).ok().ok_or_else(damaged)?;
        let certificate = Certificate { record, row: first, new_version };
        for rule in &entry.def().marks {
            for row in rows.iter().filter(|row| row.body.role == rule.role) {
                match self.change(reader, &certificate, rule, row, today)? {
                    Change::Due(change) => due.push(*change),
                    Change::Unauthorised => unauthorised = true,
                    Change::None => {}
                }
            }
        }
        Ok((due, unauthorised))
    }

    fn change(
        &self,
        reader: &mut Reader<'_>,
        certificate: &Certificate<'_>,
        rule: &LifeMark,
        row: &StoredRecord,
        today: Day,
    ) -> Result<Change> {
        let (code_type, code) = &row.body.holder;
        let code = code_type.parse().ok().and_then(|of| HolderCode::parse(of, code).ok());
        let Some(code) = code.map(|parsed| parsed.code) else { return Ok(Change::None) };
        let own = own_mark(reader, row)?;
        let due = |mark: HolderMark, replaces: Option<&HolderMark>| {
            let replaces = replaces.and_then(|mark| mark.certificate.clone());
            Change::Due(Box::new(Due {
                hk: row.hk,
                code: code.clone(),
                stated: StatedMark { mark, replaces },
            }))
        };
        if !stands(certificate.row.state) {
            let taken_back =
                |own: HolderMark| due(HolderMark { state: HolderState::Normal, since: today, ..own }, None);
            return Ok(own.map_or(Change::None, taken_back));
        }
        let said = said(reader, row)?;
        if !certificate.new_version && (own.is_some() || said.is_some()) {
            return Ok(Change::None);
        }
        let record = &certificate.record;
        let born = code.person().map(|person| person.birth_date);
        let since = rule.since(&record.face, record.issued_on);
        let Some(since) = since.filter(|since| born.is_none_or(|born| born <= *since)) else {
            return Ok(Change::None);
        };
        // An office took it back. A version that tells of the same day states nothing new.
        if own.is_none() && said == Some(since) {
            return Ok(Change::None);
        }
        let Some((state, source)) = self.weight(reader, certificate, rule, row, today)? else {
            return Ok(Change::Unauthorised);
        };
        let mark = HolderMark {
            state,
            since,
            source: source.wire().to_owned(),
            at: Moment::from_micros(0),
            certificate: Some(record.identifier.clone()),
        };
        let same =
            |own: &HolderMark| (own.state, own.since, &own.source) == (mark.state, mark.since, &mark.source);
        if own.as_ref().is_some_and(same) {
            return Ok(Change::None);
        }
        Ok(due(mark, own.as_ref()))
    }

    /// The state that the issuing agency's authority over people lets the certificate state; none without authority.
    fn weight(
        &self,
        reader: &mut Reader<'_>,
        certificate: &Certificate<'_>,
        rule: &LifeMark,
        row: &StoredRecord,
        today: Day,
    ) -> Result<Option<(HolderState, HolderSource)>> {
        let agency = speaker(&self.snapshot, &certificate.record.issuer.code, today);
        let weakened = usize::from(!known(reader, &certificate.record, row)?);
        Ok(self.given(rule.statements.iter().skip(weakened), agency, today))
    }

    /// The state that the first of these statements makes which the agency may make, and as what office it speaks.
    fn given<'s>(
        &self,
        mut statements: impl Iterator<Item = &'s Statement>,
        agency: &str,
        today: Day,
    ) -> Option<(HolderState, HolderSource)> {
        let catalog = &self.snapshot.catalog;
        statements.find_map(|statement| {
            let state = state_of(*statement)?;
            let given = of_state(state).iter().find_map(|one| catalog.empowered(agency, *one, today).ok());
            Some((state, given?.source))
        })
    }

    /// A mark of a certificate as it stood in another registry, to be stated here again; none where the certificate is
    /// not here as it is there, or its issuer has no authority over people for it here.
    pub fn again(
        &self,
        reader: &mut Reader<'_>,
        told: &StatedMark,
        (holder, as_there): (HolderKey, &HashSet<[u8; 16]>),
        today: Day,
    ) -> Result<Option<StatedMark>> {
        let Some(certificate) = &told.mark.certificate else { return Ok(None) };
        let rows = rows(reader, certificate)?;
        let row = rows.iter().find(|row| row.hk == holder && row.custody == Custody::Hosted);
        let Some(row) = row.filter(|row| as_there.contains(&row.record_id)) else { return Ok(None) };
        if told.mark.state == HolderState::Normal {
            return Ok(Some(told.clone()));
        }
        let Some(entry) = self.snapshot.catalog.type_of(&row.type_code) else { return Ok(None) };
        let (mut rules, agency) = (entry.def().marks.iter(), speaker(&self.snapshot, &row.issuer, today));
        let Some(rule) = rules.find(|rule| rule.role == row.body.role) else { return Ok(None) };
        // As much as was said there, or what is weaker.
        let said = rule.statements.iter().skip_while(|one| state_of(**one) != Some(told.mark.state));
        let given = self.given(said, agency, today);
        Ok(given.map(|(state, source)| {
            let mark = HolderMark { state, source: source.wire().to_owned(), ..told.mark.clone() };
            StatedMark { mark, replaces: told.replaces.clone() }
        }))
    }

    /// Whether a mark is that of one of these certificates, or of an office.
    pub fn is_told(
        &self,
        reader: &mut Reader<'_>,
        mark: &HolderMark,
        as_there: &HashSet<[u8; 16]>,
    ) -> Result<bool> {
        let Some(certificate) = &mark.certificate else { return Ok(true) };
        Ok(key_of(reader, certificate)?.is_some_and(|found| as_there.contains(&found.record_id)))
    }

    /// States a mark of a certificate again; `place.first` is the leaf of its event, whose entry is returned.
    pub fn state_again(
        &self,
        writer: &mut Writer<'_>,
        place: &Place,
        (code, hk): (&HolderCode, HolderKey),
        stated: StatedMark,
    ) -> Result<[u8; 32]> {
        self.carry_out(writer, place, Due { hk, code: code.clone(), stated })
    }

    fn carry_out(&self, writer: &mut Writer<'_>, place: &Place, due: Due) -> Result<[u8; 32]> {
        let Due { hk, code, mut stated } = due;
        stated.mark.at = place.at;
        let key = self.key.as_ref().ok_or_else(|| Error::internal("a rule marks without its key"))?;
        let certificate = stated.mark.certificate.clone().unwrap_or_default();
        let ground = format!("依规则: {certificate}");
        let order = order(&stated, &code, &ground, key, place.at)?;
        let noted = Noted {
            action: HolderAction::Mark,
            label: RULE,
            since: stated.mark.since,
            ground: &ground,
            order: &order,
        };
        let mut holder = stored(writer, hk, &code)?;
        marks::state(&mut holder, stated);
        writer.put_holder(&holder)?;
        noted.write(writer, place, (&code, hk), None)
    }
}

/// The remark on a certificate whose issuer may not mark anybody.
pub(in crate::registry) fn without_authority() -> String {
    FaceNote { field: "holders".to_owned(), kind: NoteKind::MarkWithoutAuthority }.to_string()
}

enum Change {
    Due(Box<Due>),
    Unauthorised,
    None,
}

/// Whether a certificate in that state still says what it said. A suspension leaves open whether it is right, and a
/// transfer moves it to another registry: neither brings anybody back.
pub(in crate::registry) fn stands(state: State) -> bool {
    matches!(state, State::Active | State::Suspended | State::Transferred)
}

/// The mark that stands on a holder by a certificate, of any of its versions.
fn own_mark(reader: &mut Reader<'_>, row: &StoredRecord) -> Result<Option<HolderMark>> {
    let Some(holder) = reader.holder(&row.hk)? else { return Ok(None) };
    for mark in marks::standing(&holder) {
        if let Some(certificate) = &mark.certificate
            && is_of(reader, certificate, row)?
        {
            return Ok(Some(mark));
        }
    }
    Ok(None)
}

/// The day that a certificate, in any of its versions, last said of a holder; none where it never marked anybody.
fn said(reader: &mut Reader<'_>, row: &StoredRecord) -> Result<Option<Day>> {
    let mut said = None;
    for event in reader.events_of(&row.hk, &HOLDER_EVENTS)? {
        if let Some(certificate) = named(&event)
            && !takes_back(&event)
            && is_of(reader, &certificate, row)?
        {
            said = Some(event.effective_on);
        }
    }
    Ok(said)
}

/// Whether a mark was taken back by the event.
fn takes_back(event: &StoredEvent) -> bool {
    let order = Envelope::parse_stored(&event.order).ok();
    let order = order.and_then(|order| Order::from_payload(order.payload()).ok());
    let state = order.and_then(|order| order.detail?.get("state").cloned());
    state.is_some_and(|state| state == HolderState::Normal.wire())
}

/// Whether a rule made the event, and no office.
pub(in crate::registry) fn by_rule(event: &StoredEvent) -> bool {
    Event::from_canonical(&event.event).is_ok_and(|event| event.actor == RULE)
}

/// The certificate by whose rule a holder was marked; none where an office marked it, whatever its order says.
pub(in crate::registry) fn named(event: &StoredEvent) -> Option<String> {
    if !by_rule(event) {
        return None;
    }
    let order = Order::from_payload(Envelope::parse_stored(&event.order).ok()?.payload()).ok()?;
    Some(order.detail?.get("certificate")?.as_str()?.to_owned())
}

/// Whether an identifier is that of a version of the row's record.
fn is_of(reader: &mut Reader<'_>, identifier: &str, row: &StoredRecord) -> Result<bool> {
    Ok(key_of(reader, identifier)?.is_some_and(|found| found.record_id == row.record_id))
}

fn key_of(reader: &mut Reader<'_>, identifier: &str) -> Result<Option<RecordKey>> {
    let key = reader.index().identifier_key(identifier);
    reader.record_key(&key)
}

/// The rows of the record with that identifier, one under each holder.
///
/// # Errors
/// `record_damaged` if one does not open.
fn rows(reader: &mut Reader<'_>, identifier: &str) -> Result<Vec<StoredRecord>> {
    let Some(key) = key_of(reader, identifier)? else { return Ok(Vec::new()) };
    let mut rows = Vec::with_capacity(key.holders.len());
    for holder in &key.holders {
        match reader.record(holder, &key.record_id)? {
            Some(Opened::Record(row)) => rows.push(*row),
            Some(Opened::Damaged { .. }) | None => {
                return Err(Error::new(Code::RecordDamaged, "a row of this certificate does not open"));
            }
        }
    }
    Ok(rows)
}

/// Whether the holder is known under the name on the certificate, or under no name at all, by any of its codes.
fn known(reader: &mut Reader<'_>, record: &Record, row: &StoredRecord) -> Result<bool> {
    let own = |code_type: &str, code: &str| (code_type, code) == (&*row.body.holder.0, &*row.body.holder.1);
    let holder = record.holders.iter().find(|holder| own(&holder.code_type, &holder.code));
    let name = holder.map(|holder| holder.name.as_str()).unwrap_or_default();
    let (mut other, mut same) = (false, false);
    for (key, _) in linked::linked(reader, row.hk, None)?.keys {
        match names::known_as(reader, &key, name, &row.record_id)? {
            Some(true) => same = true,
            Some(false) => other = true,
            None => {}
        }
    }
    Ok(same || !other)
}

/// The agency that answers on a day for what another one issued: itself, or its successor.
pub(in crate::registry) fn speaker<'s>(snapshot: &'s Snapshot, issuer: &'s str, on: Day) -> &'s str {
    let successor = snapshot.catalog.issuers().agencies().successor(issuer, on);
    successor.map_or(issuer, |agency| agency.code.as_str())
}

fn order(
    stated: &StatedMark,
    code: &HolderCode,
    ground: &str,
    key: &SigningKey,
    at: Moment,
) -> Result<order::Signed> {
    let mark = &stated.mark;
    let mut detail = Map::new();
    detail.insert("certificate".into(), mark.certificate.clone().into());
    if let Some(replaces) = &stated.replaces {
        detail.insert("replaces".into(), replaces.clone().into());
    }
    detail.insert("source".into(), mark.source.clone().into());
    detail.insert("state".into(), serde_json::to_value(mark.state).map_err(Error::internal)?);
    let terms = Terms {
        action: HolderAction::Mark.into(),
        subject: Subject::Holder(code.key_type(), code.key_code()),
        effective_on: mark.since,
        ground: Some(ground),
        version: None,
        detail,
        other: None,
    };
    terms.sign(key, at)
}
