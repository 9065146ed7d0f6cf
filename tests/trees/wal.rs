//! After a long reader: the write-ahead logs shrink, the metric falls, and no lookup waits for it.

use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel::prelude::*;

use super::{ask, settled};
use crate::common::program::{Installed, Program};
use crate::common::server::SECRET;

const FILES: [&str; 2] = ["registry", "access"];
/// The size to which the write-ahead logs grow here.
const GROWN: f64 = 120e6;
/// A file up to this is left as it is.
const KEPT: f64 = 34e6;

fn metric(program: &Program, name: &str) -> f64 {
    let text = program.server.get("/metrics", None).body;
    let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("no {name}")).rsplit(' ').next().unwrap().parse().unwrap()
}

#[allow(clippy::disallowed_methods, reason = "the test reads and writes beside the program")]
fn open(installed: &Installed, file: &str) -> SqliteConnection {
    let path = installed.data().join(format!("{file}.db"));
    let mut conn = SqliteConnection::establish(path.to_str().unwrap()).unwrap();
    conn.batch_execute("PRAGMA busy_timeout = 10000").unwrap();
    conn
}

/// Writes until the write-ahead log holds [`GROWN`] bytes, and takes it away again.
fn fill(installed: &Installed, file: &str) {
    let mut conn = open(installed, file);
    conn.batch_execute("CREATE TABLE filling (bytes BLOB)").unwrap();
    for _ in 0..30 {
        // Short transactions: the lookups beside must not wait for these.
        conn.batch_execute("INSERT INTO filling VALUES (zeroblob(4000000))").unwrap();
    }
    conn.batch_execute("DROP TABLE filling").unwrap();
}

#[test]
fn write_ahead_logs_shrink_when_a_long_reader_has_left_and_no_lookup_waits_for_it() {
    let installed = Installed::new(settled);
    let program = installed.serve(&[]);
    let token = program.server.token("all", SECRET);
    let mut longest = Duration::ZERO;
    let mut look = || {
        let began = Instant::now();
        assert_eq!(program.server.post("/api/v1/lookups", Some(&token), &ask()).status, 200);
        let took = began.elapsed();
        longest = longest.max(took);
    };
    look();
    let mut readers = FILES.map(|file| {
        let mut conn = open(&installed, file);
        conn.batch_execute("BEGIN; SELECT count(*) FROM log_heads").unwrap();
        conn
    });
    FILES.iter().for_each(|file| fill(&installed, file));
    // Nothing can be copied past the readers' snapshots.
    let until = Instant::now() + Duration::from_secs(30);
    while FILES.iter().any(|file| metric(&program, &format!("elicense_wal_bytes_{file}")) < GROWN) {
        assert!(Instant::now() < until, "the metric does not show what the readers hold up");
        look();
    }
    for file in FILES {
        assert!(metric(&program, &format!("elicense_wal_file_bytes_{file}")) >= GROWN);
    }
    readers.iter_mut().for_each(|conn| conn.batch_execute("COMMIT").unwrap());
    let (began, until) = (Instant::now(), Instant::now() + Duration::from_secs(60));
    let left = |name: &str| FILES.map(|file| metric(&program, &format!("elicense_wal_{name}_{file}")));
    let mut copied = None;
    loop {
        look();
        let (live, file) = (left("bytes"), left("file_bytes"));
        if copied.is_none() && live.iter().all(|bytes| *bytes < KEPT) {
            copied = Some(began.elapsed());
        }
        if live.iter().chain(&file).all(|bytes| *bytes < KEPT) {
            break;
        }
        assert!(Instant::now() < until, "{live:?} bytes are not copied, the files have {file:?}");
    }
    println!(
        "copied after {:?}, cut after {:?}; the longest of all lookups took {longest:?}",
        copied.unwrap(),
        began.elapsed()
    );
    for file in FILES {
        let length = std::fs::metadata(installed.data().join(format!("{file}.db-wal"))).unwrap().len();
        assert!(length < 34_000_000, "{file}: {length}");
    }
    program.signal("TERM");
    assert!(program.end().0.success());
}
