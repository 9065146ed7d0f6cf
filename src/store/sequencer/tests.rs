//! The settings of each writing connection, read on that very connection. Such settings are a connection's
//! own: one that was opened another way would acknowledge data that the disk does not have (I1).

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::*;
use crate::rule::Rule;
use crate::store::conn;
use crate::store::dialect::{self, native};
use crate::store::{DbUrl, Load, Place, Side};
use crate::trust::MasterKey;

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Text)]
    value: String,
}

fn said(conn: &mut AnyConnection, sql: &str) -> String {
    native!(conn, c => diesel::sql_query(sql).get_result::<Said>(c)).unwrap().value
}

/// Everything that decides whether a commit is on the disk when it returns.
fn settings(conn: &mut AnyConnection) -> String {
    let sql = match conn {
        AnyConnection::Sqlite(_) => {
            "SELECT journal_mode || ' ' || synchronous || ' ' || page_size AS value \
             FROM pragma_journal_mode, pragma_synchronous, pragma_page_size"
        }
        AnyConnection::Pg(_) => {
            "SELECT current_setting('synchronous_commit') || ' ' || current_setting('fsync') AS value"
        }
    };
    said(conn, sql)
}

fn each_writer(url: DbUrl, dir: &std::path::Path, durable: &str) {
    let clock = Clock::fixed("2026-11-22T01:00:00.000000Z".parse().unwrap());
    let place = Place { url, dir: dir.to_owned(), point_hops: false };
    let store = Store::create(&place, MasterKey::from_bytes([7; 32]), clock.now()).unwrap();
    let signer = Arc::new(LogSigner::new("test.example/access-main", &[5; 32]).unwrap());
    let head = append::new_head("access-main", &signer, clock.now());
    let access = |writer: &mut Writer<'_>| {
        writer.insert_log(&head, "test.example/access-main")?;
        Ok(settings(writer.conn))
    };
    assert_eq!(store.write_side_now(Side::Access, access).unwrap(), durable, "the access side");
    let pool = store.write_now(|writer| Ok(settings(writer.conn)));
    assert_eq!(pool.unwrap(), durable, "the pool of writers");
    for load in [Load::Bulk, Load::BulkBeside, Load::Single] {
        let bulk = store.write_now(|writer| {
            writer.tune(load)?;
            Ok(settings(writer.conn))
        });
        assert_eq!(bulk.unwrap(), durable, "an import's writer, {load:?}");
    }
    let mut committer = AccessCommitter::new(store, "access-main", "one".to_owned(), signer, clock);
    committer.claim().unwrap();
    assert_eq!(settings(committer.conn.as_mut().unwrap()), durable, "the sequencer's own");
}

#[test]
fn i1_each_writer_of_sqlite_has_wal_and_full_synchronous() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    each_writer(DbUrl::in_data_dir(&data), &data, "wal 2 16384");
}

/// A database of PostgreSQL whose sessions do not wait for the disk unless they say so themselves.
struct Careless {
    admin: String,
    name: String,
    url: String,
}

#[expect(clippy::disallowed_methods, reason = "the test makes a database of its own")]
fn admin(url: &str) -> PgConnection {
    PgConnection::establish(url).unwrap()
}

impl Careless {
    /// None, with a message, if there is no PostgreSQL to test with.
    fn make() -> Option<Self> {
        let Some(admin_url) = std::env::var("ELICENSE_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
        else {
            let required = std::env::var("ELICENSE_TEST_POSTGRES").as_deref() == Ok("required");
            assert!(
                !required,
                "PostgreSQL is required here and ELICENSE_TEST_POSTGRES_URL does not name one"
            );
            eprintln!("skipped: no PostgreSQL");
            return None;
        };
        let name = format!("elicense_unit_{}", std::process::id());
        let options = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'";
        let setting = format!("ALTER DATABASE {name} SET synchronous_commit = off");
        let conn = &mut admin(&admin_url);
        conn.batch_execute(&format!("CREATE DATABASE {name} {options}")).unwrap();
        conn.batch_execute(&setting).unwrap();
        let (base, query) = admin_url.split_once('?').unwrap_or((&admin_url, ""));
        let (base, _) = base.rsplit_once('/').unwrap();
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let url = format!("{base}/{name}{query}");
        Some(Self { admin: admin_url, name, url })
    }
}

impl Drop for Careless {
    fn drop(&mut self) {
        let gone = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let _left = admin(&self.admin).batch_execute(&gone);
    }
}

#[test]
fn i1_a_postgres_session_that_would_not_wait_for_the_disk_is_refused() {
    let Some(careless) = Careless::make() else { return };
    // The database's setting holds for sessions without one of their own; the program's own setting overrides
    // it.
    let mut silent = AnyConnection::Pg(admin(&careless.url));
    assert_eq!(settings(&mut silent), "off on");
    let refused = dialect::check_durability(&mut silent).unwrap_err();
    assert_eq!((refused.code, refused.rule.map(Rule::wire)), (Code::ConfigInvalid, Some("durability")));
    let dir = tempfile::tempdir().unwrap();
    each_writer(DbUrl::parse(&careless.url).unwrap(), dir.path(), "on on");
    // A connection that was right once is refused when it is no longer right.
    let mut conn = conn::postgres(&careless.url, Open::Write).unwrap();
    dialect::check_durability(&mut conn).unwrap();
    native!(&mut conn, c => c.batch_execute("SET synchronous_commit = off")).unwrap();
    let refused = dialect::check_durability(&mut conn).unwrap_err();
    assert_eq!(refused.rule.map(Rule::wire), Some("durability"));
}
