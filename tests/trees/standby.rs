//! A PostgreSQL whose standby is promoted before it had everything that was acknowledged.
//!
//! Two real servers on loopback, the second a streaming copy of the first without `synchronous_standby_names`: a commit
//! does not wait for it. It is cut off, the first one goes on and dies, the second is promoted. A program that serves
//! meets the shorter logs at its next connection, since its URL names both.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{Seen, anchored, ask, issue, refused, settled, taken_up, work};
use crate::common::postgres;
use crate::common::program::Installed;
use crate::common::server::SECRET;

/// Programs of PostgreSQL 15 or later.
fn programs() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let folders = folders.filter_map(|folder| Some(folder.ok()?.path()));
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = folders.filter(|folder| version(folder) >= Some(15)).max_by_key(version)?;
    let bin = newest.join("bin");
    bin.join("pg_basebackup").exists().then_some(bin)
}

/// A server that ends with the test.
struct Cluster<'p> {
    bin: &'p Path,
    data: PathBuf,
    port: u16,
}

/// The programs refuse to run as root.
fn as_postgres(program: &Path, arguments: &[&str]) -> bool {
    let root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let mut command = match root {
        true => Command::new("runuser"),
        false => Command::new(program),
    };
    if root {
        command.args(["-u", "postgres", "--"]).arg(program);
    }
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.current_dir("/").status().is_ok_and(|status| status.success())
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Cluster<'_> {
    fn start(&self) -> bool {
        let folder = self.data.parent().unwrap().display();
        let options = format!("-p {} -k {folder} -c listen_addresses=127.0.0.1", self.port);
        let log = self.data.with_extension("log");
        let data = self.data.to_str().unwrap();
        let start = ["-D", data, "-l", log.to_str().unwrap(), "-w", "-t", "60", "-o", &options, "start"];
        as_postgres(&self.bin.join("pg_ctl"), &start)
    }

    fn control(&self, what: &[&str]) {
        let all = [&["-D", self.data.to_str().unwrap(), "-w"], what].concat();
        assert!(as_postgres(&self.bin.join("pg_ctl"), &all), "{what:?}");
    }

    #[allow(clippy::disallowed_methods, reason = "the test's own hand at its servers")]
    fn connection(&self, database: &str) -> PgConnection {
        PgConnection::establish(&format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)).unwrap()
    }

    fn execute(&self, sql: &str) {
        diesel::sql_query(sql).execute(&mut self.connection("postgres")).expect(sql);
    }

    fn ask(&self, database: &str, sql: &str) -> i64 {
        #[derive(QueryableByName)]
        struct One {
            #[diesel(sql_type = BigInt)]
            value: i64,
        }
        diesel::sql_query(sql).get_result::<One>(&mut self.connection(database)).expect(sql).value
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        let data = self.data.to_str().unwrap_or_default();
        as_postgres(&self.bin.join("pg_ctl"), &["-D", data, "-m", "immediate", "-w", "stop"]);
    }
}

fn until(what: &str, reached: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !reached() {
        assert!(Instant::now() < deadline, "{what}: never");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A first server and its copy, both running; none where there are no programs, or nobody to run them as.
fn pair<'p>(bin: &'p Path, folder: &Path) -> Option<(Cluster<'p>, Cluster<'p>)> {
    let cluster = |name: &str| Cluster { bin, data: folder.join(name), port: free_port() };
    let (first, second) = (cluster("first"), cluster("second"));
    let data = first.data.to_str().unwrap();
    let make = ["-D", data, "-U", "postgres", "-A", "trust", "--locale=C", "-E", "UTF8", "--no-sync"];
    if !as_postgres(&bin.join("initdb"), &make) || !first.start() {
        return None;
    }
    let (port, data) = (first.port.to_string(), second.data.to_str().unwrap());
    let copy =
        ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-D", data, "-R", "-X", "stream", "-c", "fast"];
    assert!(as_postgres(&bin.join("pg_basebackup"), &copy), "no copy was made");
    assert!(second.start(), "the standby did not start");
    Some((first, second))
}

/// Size of a log as a server has it.
fn size(cluster: &Cluster<'_>, log: &str) -> u64 {
    let sql = format!("SELECT size AS value FROM log_heads WHERE log = '{log}'");
    u64::try_from(cluster.ask("elicense", &sql)).unwrap()
}

#[test]
fn i14_a_standby_that_lagged_is_not_gone_on_with_when_it_is_promoted() {
    let Some(bin) = programs() else { return postgres::skipped() };
    let folder = tempfile::tempdir().unwrap();
    let open = Command::new("chmod").arg("0777").arg(folder.path()).status().unwrap();
    assert!(open.success());
    let Some((first, second)) = pair(&bin, folder.path()) else { return postgres::skipped() };
    first.execute("CREATE DATABASE elicense TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
    let both = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/elicense?target_session_attrs=read-write",
        first.port, second.port
    );
    let (installed, mut seen) = (Installed::at(&both, settled), Seen::default());
    let program = installed.serve(&[]);
    work(&program, &mut seen, 5, 0..2);
    let (accesses, records) = (seen.size("access-main"), seen.size("records"));
    until("the standby follows", || {
        size(&second, "access-main") == accesses && size(&second, "records") == records
    });
    // The standby gets nothing more. Nobody waits for it.
    second.execute("ALTER SYSTEM SET primary_conninfo = ''");
    second.control(&["reload"]);
    until("the standby is cut off", || {
        second.ask("postgres", "SELECT count(*) AS value FROM pg_stat_wal_receiver") == 0
    });
    work(&program, &mut seen, 12, 2..5);
    anchored(&installed, "access-main", seen.size("access-main"));
    let token = program.server.token("all", SECRET);
    first.control(&["-m", "immediate", "stop"]);
    second.control(&["promote"]);
    assert_eq!((size(&second, "access-main"), size(&second, "records")), (accesses, records));

    // The server finds the new primary by its URL. It answers nothing and signs nothing, and says why.
    let mut codes = Vec::new();
    until("the server notices", || {
        program.server.get("/readyz", None).json()["checks"]["log"] == "log_forked"
    });
    for place in 10..40 {
        let answer = program.server.post("/api/v1/lookups", Some(&token), &ask());
        assert_eq!(answer.status, 503, "{answer:?}");
        codes.push(answer.json()["code"].as_str().unwrap().to_owned());
        assert_eq!(issue(&program.server, &token, place), 503);
    }
    assert!(codes.iter().all(|code| code == "log_forked"), "{codes:?}");
    assert_eq!(program.server.get("/readyz", None).status, 503);
    assert_eq!((size(&second, "access-main"), size(&second, "records")), (accesses, records));
    program.signal("TERM");
    let (_, said) = program.end();
    assert!(said.contains("Nothing more is signed"), "{said}");

    refused(&installed, "log_went_back", &["access-main", "records"]);
    taken_up(&installed, &mut seen, &["access-main", "records"]);
    println!("{} signed roots, one for each size", seen.0.len());
}
