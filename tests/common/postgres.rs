//! A PostgreSQL for the tests: the one at `ELICENSE_TEST_POSTGRES_URL`, which `tests/run` starts.

use diesel::{Connection, RunQueryDsl};
use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A database that is dropped with its test.
pub struct Database {
    pub url: String,
    admin: String,
    name: String,
}

fn admin_url() -> Option<String> {
    std::env::var("ELICENSE_TEST_POSTGRES_URL").ok().filter(|url| !url.is_empty())
}

#[allow(clippy::disallowed_methods, reason = "tests make their own databases")]
fn execute(url: &str, sql: &str) {
    let mut conn = diesel::PgConnection::establish(url).expect("the test PostgreSQL answers");
    diesel::sql_query(sql).execute(&mut conn).expect(sql);
}

impl Database {
    pub fn create() -> Option<Self> {
        let admin = admin_url()?;
        let name = format!("elicense_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        execute(
            &admin,
            &format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"),
        );
        let (base, query) = admin.split_once('?').map_or((admin.as_str(), ""), |(base, query)| (base, query));
        let base = base.rsplit_once('/').expect("a URL with a database").0;
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        Some(Self { url: format!("{base}/{name}{query}"), admin, name })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = std::panic::catch_unwind(|| {
            execute(&self.admin, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name))
        });
    }
}

/// Says that a test did not run, or fails where PostgreSQL was promised.
pub fn skipped() {
    assert!(
        std::env::var("ELICENSE_TEST_POSTGRES").as_deref() != Ok("required"),
        "PostgreSQL is required here and ELICENSE_TEST_POSTGRES_URL does not name one"
    );
    eprintln!("skipped: no PostgreSQL; tests/run starts one");
}
