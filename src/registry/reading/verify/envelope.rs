//! An envelope: its own worth, and the registry's facts about it.
//!
//! A caller who brings other bytes than the signed ones is told nothing of the record under that identifier:
//! an identifier is a public name, and anybody can make an envelope around it.

use std::sync::Arc;

use crate::clock::Moment;
use crate::error::Result;
use crate::policy::Actor;
use crate::record::checked::CheckedAnswer;
use crate::record::payload::Validity;
use crate::record::question::CLOCKS_S;
use crate::record::verdict::{Facts, KeyStanding, LogStanding, Reason, Seal, Verdict};
use crate::record::{Judgement, Reasons, Record, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::access::named::Named;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::here::{Here, InLog};
use crate::registry::reading::verify::{
    Finding, LoggedEvent, SaidAnswer, Shown, VerifiedIssuer, VerifiedThing, VerifyAnswer, type_known,
};
use crate::registry::records::kept;
use crate::rule::Rule;
use crate::store::StoredRecord;
use crate::trust::envelope::{Header, Limits};
use crate::trust::keyring::{KeyPurpose, KeyStatus};
use crate::trust::{Envelope, EnvelopeBuf, EnvelopeFault, Kid, Typ};

/// An envelope of one of the two kinds that somebody may bring.
enum InHand {
    Record(Box<Brought>),
    Answer(EnvelopeBuf, Header),
}

/// A record that was brought, as far as it can be read by itself.
struct Brought {
    envelope: EnvelopeBuf,
    header: Header,
    record: Record,
}

impl InHand {
    /// # Errors
    /// The rule of layout that it breaks.
    fn parse(compact: &str) -> std::result::Result<Self, Rule> {
        let envelope =
            EnvelopeBuf::parse_compact(compact, Limits::default()).map_err(|fault| fault.rule())?;
        let header = envelope.view().header().map_err(|fault| fault.rule())?;
        match header.typ {
            Typ::Answer => Ok(Self::Answer(envelope, header)),
            Typ::Record => {
                let record = Record::from_payload(envelope.view().payload()).map_err(|fault| fault.rule())?;
                Ok(Self::Record(Box::new(Brought { envelope, header, record })))
            }
            _ => Err(Rule::EnvelopeKind),
        }
    }
}

impl Registry {
    /// What costs is done away from the worker threads: parsing, the signature, and what was kept of the record.
    pub(super) async fn verify_envelope(
        &self,
        snapshot: &Arc<Snapshot>,
        actor: Option<&Actor>,
        compact: &str,
    ) -> Result<Finding> {
        let (compact, keys, now) = (compact.to_owned(), snapshot.clone(), self.now());
        let opened = self.store().blocking(move || {
            Ok(InHand::parse(&compact).map(|opened| match opened {
                InHand::Record(brought) => Ok(brought),
                InHand::Answer(envelope, header) => {
                    Err(Box::new(answer_finding(&keys, (&envelope, &header), now)))
                }
            }))
        });
        let brought = match opened.await? {
            Ok(Ok(brought)) => brought,
            Ok(Err(answer)) => return Ok((*answer).into()),
            Err(rule) => {
                let told = (Verdict::Invalid, Reason::Malformed);
                return Ok(VerifyAnswer::bare(VerifiedThing::Envelope, told, Some(rule), self.now()).into());
            }
        };
        let named = self.permit_borne(actor, &brought.record.identifier).await?;
        let (registry, snapshot) = (self.clone(), snapshot.clone());
        self.store().blocking(move || registry.envelope_finding(&snapshot, *brought, &named)).await
    }

    fn envelope_finding(&self, snapshot: &Snapshot, brought: Brought, named: &Named) -> Result<Finding> {
        let here = self.store().read_now(|reader| Here::read(reader, snapshot, named))?;
        let digest = brought.envelope.view().digest();
        let (answer, told) = brought.judged(snapshot, &here, self.now());
        let record = brought.record;
        let shown = told.then(|| Shown {
            touched: self.touched_by(&record, &here),
            identifier: record.identifier,
            version: record.version,
            digest,
            type_code: record.record_type.code,
            head: here.head.clone(),
            fields: None,
            // It is in the bearer's hand.
            whole: true,
        });
        Ok(Finding { answer, shown })
    }

    /// The holders whose lists get the access: those of the key row; if that does not open, those that the
    /// envelope names.
    fn touched_by(&self, record: &Record, here: &Here) -> Touched {
        let index = self.store().vault().index();
        let named = record.holders.iter().map(|holder| (holder.code_type.as_str(), holder.code.as_str()));
        let key =
            |(code_type, code): &(&str, &str)| kept::co_holder(index, code_type, code).map(|(key, _)| key);
        match &here.kept {
            // An earlier version may name holders other than those who see it on their lists now.
            Some(kept) => {
                let keys = &kept.key.holders;
                let own = named.filter(|code| key(code).is_some_and(|key| keys.contains(&key)));
                Touched::holders_of(own, keys)
            }
            None => {
                Touched::holders_of(named.clone(), &named.filter_map(|code| key(&code)).collect::<Vec<_>>())
            }
        }
    }
}

impl Brought {
    /// The rule by which its identifier is not its own.
    fn foreign(&self, snapshot: &Snapshot) -> Option<Rule> {
        let record = &self.record;
        kept::foreign(snapshot, &record.identifier, &record.record_type.code, &record.issuer.code)
    }

    /// The answer, and whether it tells something of a record kept here.
    fn judged(&self, snapshot: &Snapshot, here: &Here, now: Moment) -> (VerifyAnswer, bool) {
        let view = self.envelope.view();
        let (record, digest) = (&self.record, view.digest());
        let signature = match view.verify(Typ::Record, |kid| snapshot.keys.key(kid)) {
            Ok(_) => Some(true),
            Err(EnvelopeFault::KeyUnknown) => None,
            Err(_) => Some(false),
        };
        let found = i32::try_from(record.version).ok().and_then(|version| here.version(version));
        let same = found.filter(|(row, _)| {
            Envelope::parse_stored(&row.body.envelope).is_ok_and(|stored| stored.digest() == digest)
        });
        let event = here.event_of(digest);
        let logged_at = same.map(|(row, _)| row.body.logged_at).or(event.map(|(event, _)| event.logged_at));
        let mut facts = facts(snapshot, record, here, same, now);
        let foreign = self.foreign(snapshot);
        facts.identifier_foreign = foreign.is_some();
        facts.signature = signature;
        facts.key = key_standing(snapshot, &self.header.kid, record, logged_at.unwrap_or(now));
        match (same, event.map(|(_, in_log)| in_log)) {
            (Some(_), Some(InLog::Yes)) => facts.log = LogStanding::Logged,
            (_, Some(InLog::Differs)) => facts.log = LogStanding::Inconsistent,
            (None, None) if !here.damaged => facts.log = LogStanding::NotLogged,
            // A part of the record, or of the proof that there never was one, does not open or is gone. That
            // fault is ours and not the bearer's (I5). A signature that does not fit is the bearer's fault
            // all the same.
            _ if signature != Some(false) => facts.seal = Seal::Damaged,
            _ => facts.log = LogStanding::NotLogged,
        }
        let judgement = verdict(&facts, now.day(), now);
        let logged = event.filter(|_| same.is_some()).map(|(event, _)| LoggedEvent {
            leaf: event.leaf,
            log: event.log.clone(),
            logged_at: event.logged_at,
        });
        let answer = VerifyAnswer {
            kid: Some(self.header.kid.to_string()),
            signed_with: signature.map(|_| snapshot.signed_with(&view)),
            digest: Some(digest),
            rule: foreign,
            logged,
            ..about(
                record,
                same.and_then(|_| here.current()),
                VerifyAnswer::new(VerifiedThing::Envelope, judgement, now),
            )
        };
        (answer, same.is_some() || event.is_some() || facts.seal == Seal::Damaged)
    }
}

/// The facts about the record: from its row if the row has these very bytes, else from the envelope alone.
fn facts(
    snapshot: &Snapshot,
    record: &Record,
    here: &Here,
    same: Option<(&StoredRecord, bool)>,
    now: Moment,
) -> Facts {
    match same {
        Some((row, superseded)) => {
            let mut facts = here.facts(snapshot, row, superseded, now);
            facts.type_known = type_known(snapshot, &record.record_type.code, record.record_type.version);
            facts
        }
        None => {
            let mut facts = Facts::good(crate::record::State::Active);
            facts.state = None;
            facts.valid_from = record.valid_from;
            facts.valid_to = record.valid_to.and_then(Validity::last_day);
            facts.type_known = type_known(snapshot, &record.record_type.code, record.record_type.version);
            // A record from a day this registry has not reached: its lists of keys and types may lack newer
            // ones.
            facts.lists_older = record.issued_on > now.day();
            facts
        }
    }
}

fn key_standing(snapshot: &Snapshot, kid: &Kid, record: &Record, at: Moment) -> KeyStanding {
    let standing = snapshot.keys.status(kid, at).standing();
    if standing != KeyStanding::Authorised {
        return standing;
    }
    let own = snapshot.keys.find(kid).is_some_and(|key| key.owner == record.issuer.code);
    if own && snapshot.issuer_stands(&record.issuer.code, &record.record_type.code) {
        KeyStanding::Authorised
    } else {
        KeyStanding::IssuerNotAuthorised
    }
}

/// The answer about the record: nothing beyond the envelope, and the state here.
fn about(record: &Record, current: Option<&StoredRecord>, bare: VerifyAnswer) -> VerifyAnswer {
    VerifyAnswer {
        type_code: Some(record.record_type.code.clone()),
        version: Some(record.version),
        issuer: Some(VerifiedIssuer::Named(record.issuer.clone())),
        issued_on: Some(record.issued_on),
        state: current.map(|current| current.state),
        current_version: current.map(|current| current.version),
        custody: current.map(|current| current.custody),
        ..bare
    }
}

/// Judges an answer to a predicate (`elicense-answer+jws`): whether the registry signed it, and whether it still counts. It is
/// about what was known when it was signed. What became of the records behind it since is not looked at: then nothing of
/// anybody is read, and no access is noted.
fn answer_finding(
    snapshot: &Snapshot,
    (envelope, header): (&EnvelopeBuf, &Header),
    now: Moment,
) -> VerifyAnswer {
    let view = envelope.view();
    let mut reasons = Reasons::NONE;
    match view.verify(Typ::Answer, |kid| snapshot.keys.key(kid)) {
        Ok(_) => {}
        Err(EnvelopeFault::KeyUnknown) => reasons = reasons.with(Reason::KeyUnknown),
        Err(_) => reasons = reasons.with(Reason::SignatureMismatch),
    }
    let told = CheckedAnswer::of(view.payload());
    let said = &told;
    if let Some(key) = snapshot.keys.find(&header.kid) {
        let against = match key.status(said.as_ref().map_or(now, |said| said.at)) {
            // A department answers the registry; to others it vouches for nothing by that.
            _ if key.purpose != KeyPurpose::Registry => Some(Reason::IssuerNotAuthorised),
            KeyStatus::Authorised => None,
            KeyStatus::Unknown => Some(Reason::KeyUnknown),
            KeyStatus::OutsidePeriod => Some(Reason::IssuerNotAuthorised),
            KeyStatus::Revoked => Some(Reason::KeyRevoked),
        };
        reasons = against.map_or(reasons, |reason| reasons.with(reason));
    }
    // Whose word it is not says nothing.
    let own = reasons == Reasons::NONE;
    let against = match said {
        None => Some(Reason::Malformed),
        Some(said) if said.at > now.plus_seconds(CLOCKS_S) => Some(Reason::NotYetValid),
        Some(said) if said.valid_until <= now => Some(Reason::Expired),
        Some(_) => None,
    };
    reasons = against.map_or(reasons, |reason| reasons.with(reason));
    let verdict = if reasons == Reasons::NONE { Verdict::Valid } else { Verdict::Invalid };
    let judgement = Judgement { verdict, reasons };
    VerifyAnswer {
        kid: Some(header.kid.to_string()),
        digest: Some(view.digest()),
        rule: said.is_none().then_some(Rule::EnvelopeKind),
        said: told.filter(|_| own).map(|told| said_by(snapshot, told)),
        ..VerifyAnswer::new(VerifiedThing::Answer, judgement, now)
    }
}

fn said_by(snapshot: &Snapshot, told: CheckedAnswer) -> SaidAnswer {
    let item = snapshot.catalog.item_version(&told.item, told.item_version);
    let slot = item.and_then(|item| item.slots.iter().find(|slot| slot.id == told.slot));
    let role = item.zip(slot).and_then(|(item, slot)| item.role(&slot.role));
    SaidAnswer {
        answer: told.answer,
        answer_zh: told.answer.zh(),
        at: told.at,
        item_name: item.map(|item| item.name.clone()),
        role: role.map(|role| role.code.clone()),
        item: told.item,
        item_version: told.item_version,
        predicate: serde_json::from_value(told.predicate).unwrap_or_default(),
        slot: told.slot,
        valid_until: told.valid_until,
    }
}
