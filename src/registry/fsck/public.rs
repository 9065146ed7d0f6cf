//! The books (keys, agencies, authorities, types, coverage, clients, accounts) against the last order about each thing:
//! the row, the registry's signature on the order, and the subject of order and event.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::log::Head;
use crate::record::canonical;
use crate::record::event::{Event, EventKind, Order, PublicAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::names::REGISTRY;
use crate::registry::fsck::options::PAGE;
use crate::registry::fsck::report::{Finding, FindingKind, FsckReport};
use crate::registry::people::protected::{protection_body, subject};
use crate::registry::published::notice::{account_body, client_body, key_body, stored_body, subject_of};
use crate::store::{PublicEvent, Reader};
use crate::trust::{Envelope, KeyRing, Typ};

/// The last statement about one thing.
struct Statement {
    log: String,
    leaf: u64,
    /// Canonical JSON of the row; of a coverage statement its stored envelope.
    body: Vec<u8>,
}

type Books = BTreeMap<(EventKind, String), Statement>;

/// Every public row. One snapshot for all of it: a row that changes meanwhile would look edited.
pub(super) fn check(registry: &Registry, heads: &[Head], report: &mut FsckReport) -> Result<()> {
    let mut logs: Vec<&str> = heads.iter().map(|head| head.log.as_str()).collect();
    logs.sort_by_key(|log| succession(log));
    registry.store().read_now(|reader| {
        let keys = crate::registry::base::snapshot::Snapshot::from_reader(reader)?.keys;
        let mut books = Books::new();
        for log in &logs {
            let mut from = 0;
            loop {
                let events = reader.public_events(log, from, PAGE)?;
                let Some(last) = events.last().map(|event| event.leaf) else { break };
                for stored in &events {
                    read(&keys, stored, &mut books, report);
                }
                from = last.saturating_add(1);
            }
        }
        compare(reader, books, report)
    })
}

/// `records`, `records-r2`, …, `records-r10`: in the order in which they followed each other.
fn succession(log: &str) -> u32 {
    log.rsplit_once("-r").and_then(|(_, number)| number.parse().ok()).unwrap_or(1)
}

/// Reads one event into the books; a bad event is reported and states nothing.
fn read(keys: &KeyRing, stored: &PublicEvent, books: &mut Books, report: &mut FsckReport) {
    let leaf = u64::try_from(stored.leaf).unwrap_or(u64::MAX);
    let mut found = |kind, detail: &str| {
        report.find(Finding::new(kind, "public_events", detail).at(&stored.log, leaf));
    };
    // Bytes that are not an event do not hash to their leaf either; that is reported there.
    let Ok(event) = Event::from_canonical(&stored.event) else { return };
    let named = subject_hash(&event.salt, &stored.subject) == event.subject;
    if !named || stored.kind != event.kind.wire() {
        found(FindingKind::EventDiffers, "the columns are not those of the event");
        return;
    }
    let envelope = stored.signed.as_deref().and_then(|signed| Envelope::parse_stored(signed).ok());
    let Some(envelope) = envelope else {
        found(FindingKind::OrderDiffers, "no order was signed");
        return;
    };
    // A statement of coverage is signed itself; its withdrawal is an order, after which there is no row.
    let withdrawn = event.kind == EventKind::Coverage && event.action == PublicAction::Withdraw.wire();
    let coverage = event.kind == EventKind::Coverage && !withdrawn;
    let typ = if coverage { Typ::Coverage } else { Typ::Event };
    // An issuer states its coverage itself, if its key is kept here.
    let signer =
        |kid: &_| keys.find(kid).filter(|key| coverage || key.owner == REGISTRY).map(|key| key.public);
    let Ok(verified) = envelope.verify(typ, signer) else {
        found(FindingKind::SignatureWrong, "the order is not signed by the registry");
        return;
    };
    let body = if coverage {
        stored.signed.clone()
    } else {
        match Order::from_payload(verified.payload) {
            Ok(order)
                if order.action == event.action
                    && order.subject == subject_hash(&order.salt, &stored.subject) =>
            {
                let body = order.detail.as_ref().and_then(|detail| detail.get("body"));
                body.and_then(|body| canonical::to_vec(body).ok())
            }
            _ => {
                found(FindingKind::OrderDiffers, "the order says something else than its event");
                return;
            }
        }
    };
    report.counts.signatures += 1;
    if withdrawn {
        books.remove(&(event.kind, stored.subject.clone()));
        return;
    }
    if let Some(body) = body {
        let statement = Statement { log: stored.log.clone(), leaf, body };
        books.insert((event.kind, stored.subject.clone()), statement);
    }
}

fn compare(reader: &mut Reader<'_>, mut books: Books, report: &mut FsckReport) -> Result<()> {
    for row in reader.signing_keys()? {
        let body = key_body(&row);
        held(
            &mut books,
            EventKind::Key,
            &subject_of(EventKind::Key, &body),
            canonical::to_vec(&body).ok(),
            report,
        );
    }
    let mut rows: Vec<(EventKind, String)> = Vec::new();
    rows.extend(reader.agencies()?.into_iter().map(|row| (EventKind::Agency, row.body)));
    rows.extend(reader.authorities()?.into_iter().map(|row| (EventKind::Authority, row.body)));
    rows.extend(reader.empowerments()?.into_iter().map(|row| (EventKind::Empowerment, row.body)));
    rows.extend(reader.types()?.into_iter().map(|(_, _, body)| (EventKind::Type, body)));
    rows.extend(reader.items()?.into_iter().map(|(_, _, body)| (EventKind::Item, body)));
    rows.extend(reader.bundles()?.into_iter().map(|(_, _, body)| (EventKind::Bundle, body)));
    rows.extend(reader.sources()?.into_iter().map(|body| (EventKind::Source, body)));
    for (kind, body) in rows {
        let body = stored_body(&body)?;
        held(&mut books, kind, &subject_of(kind, &body), canonical::to_vec(&body).ok(), report);
    }
    for row in reader.clients()? {
        let body = client_body(&row).ok().and_then(|body| canonical::to_vec(&body).ok());
        held(&mut books, EventKind::Client, &row.id, body.or(Some(Vec::new())), report);
    }
    // Accounts from before a change of one was an event wait for `migrate`, which states them all: none is stated yet.
    let stated = books.keys().any(|(kind, _)| *kind == EventKind::Account);
    for row in reader.accounts()?.into_iter().filter(|_| stated) {
        // A body that a hand broke is another one than was stated.
        let body = account_body(&row).ok().and_then(|body| canonical::to_vec(&body).ok());
        held(&mut books, EventKind::Account, &row.name, body.or(Some(Vec::new())), report);
    }
    for (key, row) in reader.protections()? {
        let Some(row) = row else {
            let detail = "a row of the protected list does not open";
            report.find(Finding::new(FindingKind::SealBroken, "protected_holders", detail));
            books.remove(&(EventKind::Protection, subject(&key)));
            continue;
        };
        let body = canonical::to_vec(&protection_body(&key, &row)).ok();
        held(&mut books, EventKind::Protection, &subject(&key), body, report);
    }
    for row in reader.coverage()? {
        let subject = format!("{}:{}", row.type_code, row.system);
        held(&mut books, EventKind::Coverage, &subject, Some(row.signed), report);
    }
    for ((kind, _), statement) in books {
        let detail = "the row that this order states is not there";
        report.find(
            Finding::new(FindingKind::RowMissing, table(kind), detail).at(&statement.log, statement.leaf),
        );
    }
    Ok(())
}

/// Compares one row with the last order about it. Names stay out of findings: a hand at the database chose
/// them.
fn held(books: &mut Books, kind: EventKind, subject: &str, body: Option<Vec<u8>>, report: &mut FsckReport) {
    match books.remove(&(kind, subject.to_owned())) {
        None => {
            let detail = "there is a row that no order states";
            report.find(Finding::new(FindingKind::EventMissing, table(kind), detail));
        }
        Some(statement) if Some(&statement.body) != body.as_ref() => {
            let detail = "the row is not what the last order about it states";
            let finding = Finding::new(FindingKind::RowDiffers, table(kind), detail);
            report.find(finding.at(&statement.log, statement.leaf));
        }
        Some(_) => {}
    }
}

fn table(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Key => "signing_keys",
        EventKind::Agency => "agencies",
        EventKind::Authority => "authorities",
        EventKind::Empowerment => "empowerments",
        EventKind::Type => "types",
        EventKind::Item => "items",
        EventKind::Bundle => "bundles",
        EventKind::Source => "sources",
        EventKind::Coverage => "coverage",
        EventKind::Client => "clients",
        EventKind::Account => "accounts",
        EventKind::Protection => "protected_holders",
        EventKind::Record | EventKind::Holder | EventKind::Log => "public_events",
    }
}
