//! Ending a log and beginning its successor: when it has grown too large, or when its key must end. After a
//! restore, `put_back` does it in another way.
//!
//! A log keeps its first name as its *base* (`records`, `access-main`); successors are `<base>-r2`, `-r3`, …
//! The facts `log_of:<base>` and `base_of:<log>` say which one is current. Every step can be run again: the
//! next run finds and finishes the half-done work of a crash.

use serde_json::{Map, Value};

use crate::error::{Code, Error, Result};
use crate::log::{Head, LogFault, TreeReader, append};
use crate::record::event::{Event, EventKind, PublicAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::names::{RECORDS_LOG, side_of};
use crate::registry::published::notice::{public_order, put_public};
use crate::rule::Rule;
use crate::store::{Side, Writer};
use crate::trust::{EnvelopeBuf, random};

/// A log's first name, and the log that is current under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::registry) struct Lineage {
    pub base: String,
    pub current: String,
    /// Numbers of its present logs.
    pub known: Vec<u32>,
    /// Numbers of its former logs: the database was put back to a state before them. An outsider may know
    /// their keys, so their names are not given again.
    pub lost: Vec<u32>,
}

impl Lineage {
    /// The place of a log in its line: 1 for the base itself.
    pub fn number(&self, log: &str) -> u32 {
        number(&self.base, log).unwrap_or(1)
    }

    /// The name of the successor: the next one behind the current log and behind all of these.
    pub fn after(&self, taken: &[&Vec<u32>]) -> String {
        let taken = taken.iter().copied().flatten().copied();
        let last = taken.chain([self.number(&self.current)]).max().unwrap_or(1);
        format!("{}-r{}", self.base, last.saturating_add(1))
    }

    /// The facts by which every process goes on in the successor.
    pub fn go_on(&self, writer: &mut Writer<'_>, successor: &str) -> Result<()> {
        writer.put_fact(&format!("log_of:{}", self.base), successor.as_bytes())?;
        if successor != self.base {
            writer.put_fact(&format!("base_of:{successor}"), self.base.as_bytes())?;
        }
        writer.raise_config_version()
    }
}

/// The number of a log in the line of `base`; none where it is not of that line.
fn number(base: &str, log: &str) -> Option<u32> {
    match log.strip_prefix(base)? {
        "" => Some(1),
        rest => rest.strip_prefix("-r")?.parse().ok(),
    }
}

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
        self.note_log(actor, PublicAction::Open, log, Map::new(), None)?;
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
        self.close_access_log(actor, log, None)
    }

    /// Ends a log and begins its successor, which is current from then on. Returns the old log and the
    /// successor's name. A log that was put back is ended in another way: see [`Registry::restore_in_place`].
    pub fn succeed_log(&self, actor: &str, log: &str) -> Result<(Closed, String)> {
        let line = self.line_of(log)?;
        let base = line.base.clone();
        let successor = format!("{base}-r{}", line.number(log).saturating_add(1));
        match self.add_log(actor, &successor) {
            Ok(_) => {}
            // An earlier run stopped here.
            Err(error) if error.code == Code::AlreadyInitialised => {}
            Err(error) => return Err(error),
        }
        let closed = if side_of(log) == Side::Access {
            let closed = self.close_access_log(actor, log, Some(&successor))?;
            self.store().write_now(|writer| line.go_on(writer, &successor))?;
            closed
        } else {
            self.close_records_log(actor, log, &line, &successor)?
        };
        self.store().vault().forget_log_caches();
        self.refresh()?;
        let mut detail = Map::new();
        detail.insert("predecessor".into(), log.into());
        detail.insert("size".into(), closed.size.into());
        self.note_log(actor, PublicAction::Open, &successor, detail, None)?;
        Ok((closed, successor))
    }

    /// The order stands in the log of records before the access log is closed. They are two databases: a
    /// crash between leaves an order that the next run repeats, never a closed log without one.
    fn close_access_log(&self, actor: &str, log: &str, successor: Option<&str>) -> Result<Closed> {
        let now = self.now();
        let head = self.log_head(log)?;
        if head.closed {
            return Ok(ended(head));
        }
        if self.store().is_held(&head, now) {
            return Err(LogFault::<Error>::Held { until: head.lease_until }.into());
        }
        let detail = successor.map(|name| ("successor".to_owned(), Value::from(name)));
        let order = self.note_log(actor, PublicAction::Close, log, detail.into_iter().collect(), None)?;
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
    fn close_records_log(&self, actor: &str, log: &str, line: &Lineage, successor: &str) -> Result<Closed> {
        if line.base != RECORDS_LOG {
            return Err(Error::new(Code::NotFound, "there is no log of that name").at("log"));
        }
        let (now, signer) = (self.now(), self.log_signer(log)?);
        let mut detail = Map::new();
        detail.insert("successor".into(), successor.into());
        let order = self.log_order(PublicAction::Close, log, detail, None)?;
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
            line.go_on(writer, successor)
        })?;
        Ok(ended(self.log_head(log)?))
    }

    /// Logs an act on a log, with the registry's signed order.
    pub(in crate::registry) fn note_log(
        &self,
        actor: &str,
        action: PublicAction,
        log: &str,
        detail: Map<String, Value>,
        ground: Option<&str>,
    ) -> Result<EnvelopeBuf> {
        let order = self.log_order(action, log, detail, ground)?;
        let salt = random::salt()?;
        self.log_records(|writer, place| {
            let mut event =
                Event::new(EventKind::Log, action, actor, salt, subject_hash(&salt, log), place.at)
                    .order(order.view().digest());
            if let Some(ground) = ground {
                event = event.ground(ground);
            }
            let signed = Some(order.stored().to_vec());
            let entry = put_public(writer, place, EventKind::Log, log, &event, signed)?;
            Ok(((), vec![entry]))
        })?;
        Ok(order)
    }

    fn log_order(
        &self,
        action: PublicAction,
        log: &str,
        detail: Map<String, Value>,
        ground: Option<&str>,
    ) -> Result<EnvelopeBuf> {
        public_order(action, log, ground, detail, self.now(), &self.registry_key()?)
    }

    /// The line that a log is of.
    pub(in crate::registry) fn line_of(&self, log: &str) -> Result<Lineage> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(Error::internal);
        let heads = self.store().read_side_now(side_of(log), |reader| reader.heads())?;
        let names: Vec<String> = heads.into_iter().map(|head| head.log).collect();
        let fact = self.store().read_now(|reader| reader.fact(&format!("base_of:{log}")))?;
        // A successor of an interrupted succession has no such fact yet.
        let made = log.rsplit_once("-r").filter(|(_, number)| number.parse::<u32>().is_ok());
        let made = made.map(|(base, _)| base.to_owned()).filter(|base| names.contains(base));
        let base = fact.map(text).transpose()?.or(made).unwrap_or_else(|| log.to_owned());
        let current = self.current_log(&base)?;
        let of = |names: &[String]| names.iter().filter_map(|log| number(&base, log)).collect();
        let once = self.store().kept_anchors().unwrap_or_default().into_keys();
        let lost: Vec<String> = once.filter(|log| !names.contains(log)).collect();
        let (known, lost) = (of(&names), of(&lost));
        Ok(Lineage { base, current, known, lost })
    }

    fn log_head(&self, log: &str) -> Result<Head> {
        let head = self.store().read_side_now(side_of(log), |reader| reader.head(log))?;
        head.ok_or_else(|| Error::new(Code::NotFound, "there is no log of that name").at("log"))
    }
}

fn ended(head: Head) -> Closed {
    Closed { log: head.log, size: head.size, checkpoint: head.note }
}
