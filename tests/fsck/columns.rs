//! The seal of every sealed row covers every column: one edited column, any of them, breaks the seal of that
//! row and of no other.

use diesel::sql_types::{BigInt, Binary, Nullable, Text};

use super::common::people::POLICE;
use super::*;

#[derive(diesel::QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

#[derive(diesel::QueryableByName)]
struct Blob {
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = Nullable<BigInt>)]
    value: Option<i64>,
}

#[derive(diesel::QueryableByName)]
struct Words {
    #[diesel(sql_type = Nullable<Text>)]
    value: Option<String>,
}

fn columns(conn: &mut SqliteConnection, table: &str) -> Vec<Column> {
    let sql = format!("SELECT name, type AS kind FROM pragma_table_info('{table}') ORDER BY cid");
    let columns: Vec<Column> = diesel::sql_query(sql).load(conn).unwrap();
    assert!(columns.len() >= 5, "{table}");
    columns
}

/// Gives a column of one row another value of its own form, which every reader would take: only the seal can tell.
fn edit(conn: &mut SqliteConnection, table: &str, row: &str, column: &Column) {
    let name = &column.name;
    let read = format!("SELECT {name} AS value FROM {table} WHERE {row}");
    let write = format!("UPDATE {table} SET {name} = ? WHERE {row}");
    let write = diesel::sql_query(write);
    let changed = match column.kind.as_str() {
        "BLOB" => {
            let mut value = diesel::sql_query(read).get_result::<Blob>(conn).unwrap().value;
            *value.last_mut().unwrap() ^= 1;
            write.bind::<Binary, _>(value).execute(conn)
        }
        "TEXT" => {
            let value = diesel::sql_query(read).get_result::<Words>(conn).unwrap().value;
            // One character changed, none added: a reader might check lengths.
            let edited = match value {
                Some(text) => {
                    let end = if text.ends_with('0') { "1" } else { "0" };
                    let cut = text.char_indices().last().unwrap().0;
                    format!("{}{end}", &text[..cut])
                }
                None => "x".to_owned(),
            };
            write.bind::<Text, _>(edited).execute(conn)
        }
        _ => {
            let value = diesel::sql_query(read).get_result::<Number>(conn).unwrap().value;
            let edited = match (column.kind.as_str(), value) {
                ("BOOLEAN", value) => 1 - value.unwrap(),
                (_, value) => value.unwrap_or(20_000) + 1,
            };
            write.bind::<BigInt, _>(edited).execute(conn)
        }
    };
    assert_eq!(changed, Ok(1), "{table}.{name}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// ZHOU's suspended card, whose end is proposed, a corrected marriage, a link and a mark, an entry on paper.
fn filled() -> World {
    let Small { world, .. } = small(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    let marriage = row_of(registry, CHEN, "marriage_certificate");
    let mut command = ActCommand::new(&marriage.body.identifier, 1, Action::Correct);
    command.ground = Some("决定书 2026-17 号".into());
    let patch = json!({"registry": "城西区民政局"});
    command.face = Some(FaceEdit::Patch(patch.as_object().unwrap().clone()));
    registry.refresh().unwrap();
    registry.start_cli_access().unwrap();
    registry.act(&operator(), &command).unwrap();
    registry.stop_access();
    let command = serde_json::from_value(json!({
        "holder": {"type": "111", "code": ZHOU}, "state": "death_reported",
        "ground": "来函 2026-3 号", "agency": POLICE,
    }))
    .unwrap();
    registry.start_access("main").unwrap();
    registry.mark_holder(&operator(), &command, None).unwrap();
    registry.stop_access();
    let card = row_of(registry, ZHOU, ID_CARD);
    let proposal = elicense::store::ProposalRow {
        issuer: POLICE.into(),
        at: 1,
        record_id: card.record_id.to_vec(),
        action: "cancel".into(),
        hk: card.hk.bytes().to_vec(),
        because: "11190000MD10009070011".into(),
        settled_at: None,
        settled_by: None,
    };
    registry.store().write_now(|writer| writer.propose(&proposal)).unwrap();
    world
}

#[test]
fn every_column_of_a_sealed_row_is_under_its_seal() {
    let world = filled();
    let registry = &world.registry;
    assert_eq!(registry.fsck(FsckOptions::default()).unwrap().findings, []);
    let card = row_of(registry, ZHOU, ID_CARD);
    let marriage = row_of(registry, CHEN, "marriage_certificate");
    let of = |row: &StoredRecord| {
        format!("hk = x'{}' AND record_id = x'{}'", hex(row.hk.bytes()), hex(&row.record_id))
    };
    let key = registry.store().vault().index().identifier_key(&card.body.identifier);
    let tables = [
        ("records", of(&card)),
        ("past_records", of(&marriage)),
        ("events", format!("{} AND seq = 2", of(&card))),
        ("holders", format!("hk = x'{}'", hex(card.hk.bytes()))),
        ("record_keys", format!("key = x'{}'", hex(&key))),
        ("proposals", "number = 1".to_owned()),
    ];
    for (table, row) in &tables {
        for column in columns(&mut Copy::of(registry).registry(), table) {
            let copy = Copy::of(registry);
            edit(&mut copy.registry(), table, row, &column);
            let at = format!("{table}.{}", column.name);
            let report = copy.fsck();
            let broken: Vec<_> =
                report.findings.iter().filter(|found| found.kind == FindingKind::SealBroken).collect();
            assert_eq!(broken.len(), 1, "{at}: {report:#?}");
            assert_eq!(broken[0].table, *table, "{at}");
            no_number(&report);
            match *table {
                // A row that was moved away is not read; a reader that reads it at its new place finds it
                // damaged.
                "records" if column.name != "hk" => one_is_damaged(&copy.open(), ZHOU, 2),
                "holders" if column.name != "hk" => {
                    let opened = copy.open();
                    let read = opened.store().read_now(|reader| reader.holder(&card.hk)).unwrap_err();
                    assert_eq!(read.code.wire(), "record_damaged", "{at}");
                }
                "events" if !["hk", "record_id"].contains(&column.name.as_str()) => {
                    let opened = copy.open();
                    let of_card = |reader: &mut elicense::store::Reader<'_>| {
                        reader.events_of(&card.hk, &card.record_id)
                    };
                    let events = opened.store().read_now(of_card).unwrap();
                    assert_eq!(events.iter().filter(|event| !event.intact).count(), 1, "{at}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn every_column_of_a_batch_of_accesses_is_under_its_seal() {
    let world = filled();
    let registry = &world.registry;
    let row = "log = 'access-main' AND first = 257";
    for column in columns(&mut Copy::of(registry).access(), "access_batches") {
        let copy = Copy::of(registry);
        edit(&mut copy.access(), "access_batches", row, &column);
        let report = copy.fsck();
        let at = &column.name;
        // A row moved to another log or leaf is missing at its old place, and it opens nowhere.
        let (log, first, kind) = match at.as_str() {
            "log" => ("access-mai0", 257, FindingKind::AccessMissing),
            "first" => ("access-main", 258, FindingKind::AccessMissing),
            _ => ("access-main", 257, FindingKind::SealBroken),
        };
        let found: Vec<_> = report.findings.iter().map(|found| (found.kind, found.leaf)).collect();
        assert_eq!(found, [(kind, Some(257))], "{at}");
        let opened = copy.open();
        let read = opened.store().read_access_now(|reader| reader.access_batches(log, first, first + 1, 1));
        let batch = read.unwrap().pop().unwrap();
        assert!(batch.first == first && batch.items.is_none(), "{at}");
    }
}
