//! Ending a log and beginning its successor: when it has grown too large, when its key must end, and always
//! after a restore, since a restored log may have been appended to after the backup (I14).
//!
//! A log keeps its first name as its *base* (`records`, `access-main`); successors are `<base>-r2`, `-r3`, …
//! The facts `log_of:<base>` and `base_of:<log>` say which one is current. Every step can be run again: what a
//! crash left half done is found and finished by the next run.

use serde_json::{Map, Value};

use crate::error::{Code, Error, Result};
use crate::log::{Head, LogFault, TreeReader, append};
use crate::record::event::{Event, EventKind, PublicAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::names::{RECORDS_LOG, side_of};
use crate::registry::published::notice::{public_order, put_public};
use crate::rule::Rule;
use crate::store::Side;
use crate::trust::{EnvelopeBuf, random};

/// A log that ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Closed {
    /// The log.
    pub log: String,
    /// Its leaves, the one that closes it included.
    pub size: u64,
    /// Its last checkpoint.
    pub checkpoint: String,
}

impl Registry {
    /// Makes a further log (`access-<node>` for a new process) and logs that it was made; returns its verifier key.
    pub fn open_log(&self, actor: &str, log: &str) -> Result<String> {
        if side_of(log) == Side::Registry {
            let detail = "a further log is an access log: access-<node>";
            return Err(Error::new(Code::ConfigInvalid, detail).at("log").rule(Rule::LogName));
        }
        let verifier = self.add_log(actor, log)?;
        self.note_log(actor, PublicAction::Open, log, Map::new())?;
        Ok(verifier)
    }

    /// Ends a log: its last leaf is the `close` event of an order that the registry signed, and nothing is ever
    /// appended after it. `log_lost` while a process that serves holds it. The log of records is never ended
    /// without a successor: see [`Registry::succeed_log`].
    pub fn close_log(&self, actor: &str, log: &str) -> Result<Closed> {
        if side_of(log) == Side::Registry {
            let detail = "the log of records is only closed by its successor";
            return Err(Error::new(Code::ConfigInvalid, detail).at("log").rule(Rule::LogName));
        }
        self.close_access_log(actor, log, None, false)
    }

    /// Ends a log and begins its successor, which is current from then on. Returns the old log and the
    /// successor's name.
    pub fn succeed_log(&self, actor: &str, log: &str) -> Result<(Closed, String)> {
        self.succeed(actor, log, false)
    }

    /// [`Registry::succeed_log`]; `restored` passes over leases, whose owners belong to another copy.
    pub(in crate::registry) fn succeed(
        &self,
        actor: &str,
        log: &str,
        restored: bool,
    ) -> Result<(Closed, String)> {
        let base = self.store().read_now(|reader| reader.fact(&format!("base_of:{log}")))?;
        let base = base.map_or_else(|| Ok(log.to_owned()), String::from_utf8).map_err(Error::internal)?;
        let number: u32 = log
            .strip_prefix(&base)
            .and_then(|rest| rest.strip_prefix("-r"))
            .map_or(Ok(1), str::parse)
            .map_err(Error::internal)?;
        let successor = format!("{base}-r{}", number + 1);
        match self.add_log(actor, &successor) {
            Ok(_) => {}
            // A run before this one came so far.
            Err(error) if error.code == Code::AlreadyInitialised => {}
            Err(error) => return Err(error),
        }
        let closed = if side_of(log) == Side::Access {
            let closed = self.close_access_log(actor, log, Some(&successor), restored)?;
            self.store().write_now(|writer| {
                writer.put_fact(&format!("log_of:{base}"), successor.as_bytes())?;
                writer.put_fact(&format!("base_of:{successor}"), base.as_bytes())?;
                writer.raise_config_version()
            })?;
            closed
        } else {
            self.close_records_log(actor, log, &base, &successor)?
        };
        self.store().vault().forget_log_caches();
        self.refresh()?;
        let mut detail = Map::new();
        detail.insert("predecessor".into(), log.into());
        detail.insert("size".into(), closed.size.into());
        self.note_log(actor, PublicAction::Open, &successor, detail)?;
        Ok((closed, successor))
    }

    /// The order stands in the log of records before the access log is closed: they are two databases, and a
    /// crash between leaves an order that the next run repeats, never a closed log without one.
    fn close_access_log(
        &self,
        actor: &str,
        log: &str,
        successor: Option<&str>,
        restored: bool,
    ) -> Result<Closed> {
        let now = self.now();
        let head = self.log_head(log)?;
        if head.closed {
            return Ok(ended(head));
        }
        if !restored && head.lease_until > now {
            return Err(LogFault::<Error>::Held { until: head.lease_until }.into());
        }
        let detail = successor.map(|name| ("successor".to_owned(), Value::from(name)));
        let order = self.note_log(actor, PublicAction::Close, log, detail.into_iter().collect())?;
        let signer = self.log_signer(log)?;
        let salt = random::salt()?;
        self.store().ensure_seals(now)?;
        self.store().write_side_now(Side::Access, |writer| {
            let opened = append::begin(writer, log, &mut None, &signer, None, now)?;
            if opened.head_before().epoch != head.epoch {
                return Err(LogFault::<Error>::Lost.into());
            }
            let event = Event::new(
                EventKind::Log,
                PublicAction::Close,
                actor,
                salt,
                subject_hash(&salt, log),
                opened.at(),
            )
            .order(order.view().digest());
            // The event stands where an access entry would: no holder, its bytes under the batch's seal.
            let bytes = event.to_canonical();
            let item: (&[crate::trust::HolderKey], &[u8]) = (&[], &bytes);
            writer.insert_access_batch(log, opened.first(), opened.at(), std::iter::once(item))?;
            opened.closing().finish(writer, &[event.digest().0])?;
            Ok(())
        })?;
        Ok(ended(self.log_head(log)?))
    }

    /// One transaction: the last leaf of the old log, and the facts by which every process goes on with the new.
    fn close_records_log(&self, actor: &str, log: &str, base: &str, successor: &str) -> Result<Closed> {
        if base != RECORDS_LOG {
            return Err(Error::new(Code::NotFound, "there is no log of that name").at("log"));
        }
        let (now, signer) = (self.now(), self.log_signer(log)?);
        let mut detail = Map::new();
        detail.insert("successor".into(), successor.into());
        let order = self.log_order(PublicAction::Close, log, detail)?;
        let salt = random::salt()?;
        self.store().write_now(|writer| {
            let closed = writer.head(log)?.is_some_and(|head| head.closed);
            if !closed {
                let opened = append::begin(writer, log, &mut None, &signer, None, now)?;
                let place = Place { log: log.to_owned(), first: opened.first(), at: opened.at() };
                let event = Event::new(
                    EventKind::Log,
                    PublicAction::Close,
                    actor,
                    salt,
                    subject_hash(&salt, log),
                    place.at,
                )
                .order(order.view().digest());
                let signed = Some(order.stored().to_vec());
                let entry = put_public(writer, &place, EventKind::Log, log, &event, signed)?;
                opened.closing().finish(writer, &[entry])?;
            }
            writer.put_fact("records_log", successor.as_bytes())?;
            writer.put_fact(&format!("log_of:{base}"), successor.as_bytes())?;
            writer.put_fact(&format!("base_of:{successor}"), base.as_bytes())?;
            writer.raise_config_version()
        })?;
        Ok(ended(self.log_head(log)?))
    }

    /// Logs what is done to a log, with the registry's signed order.
    fn note_log(
        &self,
        actor: &str,
        action: PublicAction,
        log: &str,
        detail: Map<String, Value>,
    ) -> Result<EnvelopeBuf> {
        let order = self.log_order(action, log, detail)?;
        let salt = random::salt()?;
        self.log_records(|writer, place| {
            let event = Event::new(EventKind::Log, action, actor, salt, subject_hash(&salt, log), place.at)
                .order(order.view().digest());
            let signed = Some(order.stored().to_vec());
            let entry = put_public(writer, place, EventKind::Log, log, &event, signed)?;
            Ok(((), vec![entry]))
        })?;
        Ok(order)
    }

    fn log_order(&self, action: PublicAction, log: &str, detail: Map<String, Value>) -> Result<EnvelopeBuf> {
        public_order(action, log, None, detail, self.now(), &self.registry_key()?)
    }

    fn log_head(&self, log: &str) -> Result<Head> {
        let head = self.store().read_side_now(side_of(log), |reader| reader.head(log))?;
        head.ok_or_else(|| Error::new(Code::NotFound, "there is no log of that name").at("log"))
    }
}

fn ended(head: Head) -> Closed {
    Closed { log: head.log, size: head.size, checkpoint: head.note }
}
