//! Every worked example of a sealed row in `schema/bytes.md` §9: its clear columns, its hidden part, its
//! seal.

use std::sync::Arc;

use super::files::Chunk;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, Vault};
use super::*;
use crate::catalog::{Custody, Kind};
use crate::clock::{Day, Moment};
use crate::record::{Digest, State};
use crate::trust::bytes_page::Examples;
use crate::trust::{Aad, DataKey, HolderKey, IndexKey, Layout};

struct Page {
    examples: Examples,
    vault: Vault,
}

impl Page {
    fn read() -> Self {
        let examples = Examples::read();
        let vault = Vault::new(IndexKey::new(&examples.array("keyed.index_key")));
        let id = examples.text("seal.key_id").parse().unwrap();
        let key = Arc::new(DataKey::new(id, &examples.array("seal.key")).unwrap());
        vault.install(Purpose::Registry, key, 202405, 100);
        Self { examples, vault }
    }

    /// The row has the columns of the example, and the example opens as it to the text on the page.
    fn holds(&self, name: &str, layout: Layout, table: &str, mut row: impl SealedRow) -> Vec<u8> {
        let of = |part: &str| self.examples.hex(&format!("{name}.{part}"));
        let mut aad = Aad::new();
        start(&mut aad, layout, table, 7);
        row.cover(&mut aad);
        assert_eq!(aad.bytes(), of("additional"), "{name}");
        *row.seal_columns().0 = 7;
        *row.seal_columns().1 = of("sealed");
        let (found, plain) = sealed::open(table, &mut row, &self.vault, &mut aad).unwrap();
        assert_eq!((found, &plain), (layout, &of("plain")), "{name}");
        plain
    }

    /// A row sealed today opens to the plain text of the example.
    fn writes(&self, name: &str, table: &str, mut row: impl SealedRow) {
        let opened = sealed::open(table, &mut row, &self.vault, &mut Aad::new());
        assert_eq!(opened, Some((Layout::PRESENT, self.examples.hex(&format!("{name}.plain")))), "{name}");
    }

    fn holder(&self) -> HolderKey {
        HolderKey::from_bytes(self.examples.array("keyed.h"))
    }

    fn at() -> Moment {
        "2024-05-20T01:02:03.000004Z".parse().unwrap()
    }

    fn record(&self) -> StoredRecord {
        let record: serde_json::Value = serde_json::from_str(self.examples.text("envelope.payload")).unwrap();
        let text = |path: &str| record.pointer(path).unwrap().as_str().unwrap().to_owned();
        StoredRecord {
            hk: self.holder(),
            type_code: "11100000MB03271699001".into(),
            record_id: self.examples.array("row.record_id"),
            kind: Kind::Certificate,
            custody: Custody::Hosted,
            version: 1,
            identifier: Some(text("/identifier")),
            issuer: text("/issuer/code"),
            state: State::Active,
            valid_from: Day::new(2024, 5, 20),
            valid_to: None,
            as_of: Self::at(),
            disputed: false,
            log: "records".into(),
            leaf: 3,
            row_seq: 1,
            body: RowBody {
                holder: ("111".into(), text("/holders/0/code")),
                role: "holder".into(),
                identifier: text("/identifier"),
                logged_at: Self::at(),
                review_due: Day::new(2027, 1, 31),
                envelope: self.examples.hex("envelope.stored"),
                digest: self.examples.digest("envelope.digest"),
                directory: Vec::new(),
            },
        }
    }
}

#[test]
fn bytes_page_rows_of_records_hold() {
    let page = Page::read();
    let record = page.record();
    let row = || records::seal("records", &record, &page.vault).unwrap();
    page.writes("row.record", "records", row());
    for (name, layout) in [("row.record", Layout::Second), ("row.record.layout_1", Layout::First)] {
        let plain = page.holds(name, layout, "records", row());
        // The digest of a row that has none is computed when the row is opened.
        assert_eq!(RowBody::from_bytes(layout, plain).as_ref(), Some(&record.body));
    }
    let past = StoredRecord {
        custody: Custody::Paper,
        version: 2,
        identifier: None,
        state: State::Withdrawn,
        valid_from: None,
        valid_to: record.valid_from,
        disputed: true,
        leaf: 4,
        row_seq: 7,
        body: RowBody {
            review_due: None,
            envelope: Vec::new(),
            digest: NO_ENVELOPE,
            directory: r#"{"name":"结婚证","office":"城东区档案馆"}"#.into(),
            ..record.body.clone()
        },
        ..record.clone()
    };
    let row = || records::seal("past_records", &past, &page.vault).unwrap();
    page.writes("row.past", "past_records", row());
    page.holds("row.past", Layout::Second, "past_records", row());
}

#[test]
fn bytes_page_rows_of_events_and_holders_hold() {
    let page = Page::read();
    let examples = &page.examples;
    let (hk, record_id) = (page.holder(), examples.array("row.record_id"));
    let order =
        crate::trust::EnvelopeBuf::parse_compact(examples.text("public.order_compact"), Default::default());
    let event = StoredEvent {
        hk,
        record_id,
        seq: 1,
        action: "issue".into(),
        effective_on: Day::new(2024, 5, 20).unwrap(),
        logged_at: Page::at(),
        log: "records".into(),
        leaf: 3,
        event: examples.text("event.json").into(),
        order: order.unwrap().stored().to_vec(),
        ground: examples.text("event.ground_text").into(),
        intact: true,
    };
    let row = || events::seal(&event, &page.vault).unwrap();
    page.writes("row.event", events::TABLE, row());
    page.holds("row.event", Layout::Second, events::TABLE, row());
    page.holds("row.event.layout_1", Layout::First, events::TABLE, row());

    let link = Link {
        kind: LinkKind::SamePerson,
        code_type: "111".into(),
        code: "190101199003070016".into(),
        key_type: "111".into(),
        key_code: "190101199003070016".into(),
        outward: true,
        since: Day::new(2024, 5, 20).unwrap(),
    };
    let body = HolderBody {
        code_type: "111".into(),
        code: "190101199003070014".into(),
        state_since: Day::new(2024, 5, 20),
        state_source: "hospital".into(),
        state_at: Some(Page::at()),
        certificate: None,
        beneath: Vec::new(),
        links: vec![link],
    };
    let holder = StoredHolder { hk, state: HolderState::DeathReported, body };
    let row = || holders::seal(&holder, &page.vault).unwrap();
    page.writes("row.holder", holders::TABLE, row());
    page.holds("row.holder", Layout::Second, holders::TABLE, row());

    let key = RecordKey {
        key: examples.array("keyed.i"),
        record_id,
        version: 1,
        holders: vec![hk, HolderKey::from_bytes([5; 16])],
        content: Digest::of(&[examples.text("keyed.content_json").as_bytes()]).0,
    };
    let row = || record_keys::seal(&key, &page.vault).unwrap();
    page.writes("row.key", record_keys::TABLE, row());
    page.holds("row.key", Layout::Second, record_keys::TABLE, row());
}

#[test]
fn bytes_page_rows_of_accesses_answers_and_attachments_hold() {
    let page = Page::read();
    let (examples, at) = (&page.examples, Page::at().micros());
    let batch =
        access::Row { log: "access-a".into(), first: 256, count: 2, at, key_id: 7, entries: Vec::new() };
    let plain = page.holds("row.batch", Layout::Second, access::TABLE, batch);
    let items = access::items(&plain, 2).unwrap();
    let keys: Vec<usize> = items.iter().map(|item| item.holders.len()).collect();
    assert_eq!((keys, items[1].entry.as_slice()), (vec![1, 2], &br#"{"entry":2}"#[..]));
    assert_eq!(access::items(&plain, 3), None);

    let answer = writes::Row {
        key: examples.hex("keyed.r"),
        digest: Digest::of(&[b"request"]).0.to_vec(),
        at,
        key_id: 7,
        sealed: Vec::new(),
    };
    page.holds("row.answer", Layout::Second, writes::TABLE, answer);
    let chunk = Chunk { key: examples.array("keyed.a"), number: 0, of: 3, key_id: 7, sealed: Vec::new() };
    assert_eq!(page.holds("row.chunk", Layout::Second, files::TABLE, chunk), b"abc");
}
