//! Going on after a database was put back: every open log ends as it is, and its successor begins.
//!
//! The lost machine may have signed more leaves than came back. So nothing is appended to a log that was put
//! back, not even a last leaf that closes it: somebody may hold a checkpoint of that size over another tree
//! (I14). The end of each log stands in its successor, as an order that the registry signed, with the size
//! and root at which it ended.
//!
//! The log of records comes first, since acts on the others are logged in it. Every step can be run again.

use serde_json::{Map, Value};

use crate::error::{Code, Error, Result};
use crate::log::{Head, LogSigner, append, lease};
use crate::record::Salt;
use crate::record::deed::PublicAction;
use crate::record::event::{Event, EventKind, subject_hash};
use crate::registry::Registry;
use crate::registry::base::anchors::put_back_detail;
use crate::registry::base::ledger::Place;
use crate::registry::base::names::side_of;
use crate::registry::published::keys::kept_row;
use crate::registry::published::notice::{Stated, key_body, public_order, put_public};
use crate::registry::upkeep::init::LOG;
use crate::registry::upkeep::succession::Closed;
use crate::store::{Side, Writer};
use crate::trust::{EnvelopeBuf, SigningKey, random};

/// A public event with its signed order, still without its place in a log.
struct Told {
    kind: EventKind,
    action: PublicAction,
    subject: String,
    order: EnvelopeBuf,
    salt: Salt,
}

impl Registry {
    /// Ends every open log as it is and begins its successor; each old log with its last checkpoint and the successor's
    /// name, access logs first.
    ///
    /// A crash on the way leaves logs that have ended beside logs that have not. A second run ends the open
    /// ones.
    pub(in crate::registry) fn follow_put_back(&self, actor: &str) -> Result<Vec<(Closed, String)>> {
        let records = self.snapshot().records_log.clone();
        let (ended, next) = self.follow_records(actor, &records)?;
        self.store().vault().forget_log_caches();
        self.refresh()?;
        let mut logs = Vec::new();
        for head in self.open_logs(Side::Access)? {
            if let Some(next) = self.follow_access(actor, &head)? {
                logs.push((ended_at(&head), next));
            }
        }
        logs.push((ended, next));
        Ok(logs)
    }

    /// Logs of one side that are not closed.
    fn open_logs(&self, side: Side) -> Result<Vec<Head>> {
        let heads = self.store().read_side_now(side, |reader| reader.heads())?;
        Ok(heads.into_iter().filter(|head| !head.closed && side_of(&head.log) == side).collect())
    }

    /// One transaction: the successor with its key and its first leaves, the end of the old log, the facts by
    /// which every process goes on. A crash before it leaves everything as it was.
    fn follow_records(&self, actor: &str, log: &str) -> Result<(Closed, String)> {
        let line = self.line_of(log)?;
        let successor = line.after(&[&line.known, &line.lost]);
        let (now, own) = (self.now(), self.registry_key()?);
        let key = SigningKey::generate()?;
        let row = kept_row(self.store(), &format!("log:{successor}"), LOG, &key, now)?;
        let origin = format!("{}/{successor}", self.snapshot().origin);
        let signer = LogSigner::new(&origin, &key.seed()).map_err(Error::internal)?;
        let stated = Stated::row(EventKind::Key, key_body(&row));
        let body = stated.body.map(|body| Map::from_iter([("body".to_owned(), body)])).unwrap_or_default();
        let told = |kind, action, subject: &str, detail| -> Result<Told> {
            let order = public_order(action, subject, None, detail, now, &own)?;
            Ok(Told { kind, action, subject: subject.to_owned(), order, salt: random::salt()? })
        };
        let open = self.open_logs(Side::Registry)?;
        let missing = || Error::new(Code::LogClosed, "the log of records is closed and has no successor");
        let head = open.iter().find(|head| head.log == log).ok_or_else(missing)?;
        let mut events = vec![
            told(EventKind::Log, PublicAction::Open, &successor, opened_after(head))?,
            told(EventKind::Key, PublicAction::Generate, &stated.subject, body)?,
        ];
        // Includes a successor that an interrupted succession made and that never became current.
        for head in &open {
            events.push(told(
                EventKind::Log,
                PublicAction::Close,
                &head.log,
                put_back_detail(head, &successor),
            )?);
        }
        self.store().ensure_seals(now)?;
        self.store().write_now(|writer| {
            for head in &open {
                // The signed order names the size: the log must still have it.
                if lease::end(writer, &head.log)?.size != head.size {
                    let detail = "another process appends to the log: stop it first";
                    return Err(Error::new(Code::LogLost, detail));
                }
            }
            writer.insert_signing_key(&row)?;
            writer.insert_log(&append::new_head(&successor, &signer, now), &origin)?;
            let opened = append::begin(writer, &successor, &mut None, &signer, None, now)?;
            let mut entries = Vec::new();
            for (told, leaf) in events.iter().zip(opened.first()..) {
                let place = Place { log: successor.clone(), first: leaf, at: opened.at() };
                entries.push(put_told(writer, &place, actor, told)?);
            }
            opened.finish(writer, &entries)?;
            writer.put_fact("records_log", successor.as_bytes())?;
            line.go_on(writer, &successor)
        })?;
        Ok((ended_at(head), successor))
    }

    /// The order and the facts in one transaction, then the end of the log, which on SQLite is in another
    /// file. A crash between leaves an open log that no process takes for current: the next run ends it. None
    /// for the successor that an interrupted run made: it is taken for the log before it.
    fn follow_access(&self, actor: &str, head: &Head) -> Result<Option<String>> {
        let line = self.line_of(&head.log)?;
        if line.number(&head.log) > line.number(&line.current) {
            return Ok(None);
        }
        let successor = if head.log == line.current {
            let successor = line.after(&[&line.lost]);
            match self.add_log(actor, &successor) {
                Err(error) if error.code != Code::AlreadyInitialised => return Err(error),
                // An earlier run stopped here.
                _ => successor,
            }
        } else {
            line.current.clone()
        };
        let own = self.registry_key()?;
        let now = self.now();
        let mut orders = vec![(PublicAction::Close, head.log.clone(), put_back_detail(head, &successor))];
        if head.log == line.current {
            orders.push((PublicAction::Open, successor.clone(), opened_after(head)));
        }
        let mut events = Vec::new();
        for (action, subject, detail) in orders {
            let order = public_order(action, &subject, None, detail, now, &own)?;
            events.push(Told { kind: EventKind::Log, action, subject, order, salt: random::salt()? });
        }
        self.log_records(|writer, place| {
            let mut entries = Vec::new();
            for (told, leaf) in events.iter().zip(place.first..) {
                entries.push(put_told(writer, &Place { first: leaf, ..place.clone() }, actor, told)?);
            }
            line.go_on(writer, &successor)?;
            Ok(((), entries))
        })?;
        self.store().write_side_now(Side::Access, |writer| Ok(lease::end(writer, &head.log)?))?;
        Ok(Some(successor))
    }
}

fn put_told(writer: &mut Writer<'_>, place: &Place, actor: &str, told: &Told) -> Result<[u8; 32]> {
    let subject = subject_hash(&told.salt, &told.subject);
    let event = Event::new(told.kind, told.action, actor, told.salt, subject, place.at)
        .order(told.order.view().digest());
    put_public(writer, place, told.kind, &told.subject, &event, Some(told.order.stored().to_vec()))
}

fn opened_after(head: &Head) -> Map<String, Value> {
    let mut detail = Map::new();
    detail.insert("predecessor".into(), head.log.as_str().into());
    detail.insert("size".into(), head.size.into());
    detail
}

fn ended_at(head: &Head) -> Closed {
    Closed { log: head.log.clone(), size: head.size, checkpoint: head.note.clone() }
}
