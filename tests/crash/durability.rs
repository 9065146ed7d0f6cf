//! An acknowledgement follows the disk: settings of the files, and the system calls themselves.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use diesel::Connection;
use diesel::connection::SimpleConnection;
use elicense::error::Code;
use elicense::registry::{Opening, Registry};
use elicense::rule::Rule;
use elicense::trust::MasterKey;

use crate::common::{Backend, MASTER, World, demo_regions};
use crate::settled;
use crate::worker::{Job, Worker};

/// Pages of another size make rows spill, and say that something else made the file.
#[test]
fn i1_a_file_whose_settings_are_not_the_durable_ones_is_refused() {
    for file in ["registry.db", "access.db"] {
        let world = settled(Backend::Sqlite).unwrap();
        // The program's own connections must be gone: pages change only when nobody else has the file.
        let World { registry, place, clock, .. } = world;
        drop(registry);
        let open = || {
            let (place, master, regions) = (place.clone(), MasterKey::from_bytes(MASTER), demo_regions());
            Registry::open(Opening { place, master, clock: clock.clone(), regions })
        };
        let path = place.dir.join(file);
        rewrite(&path, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 1024; VACUUM");
        let refused = open().err().expect("a file with other pages is refused");
        assert_eq!(
            (refused.code, refused.rule.map(Rule::wire)),
            (Code::ConfigInvalid, Some("durability")),
            "{file}"
        );
        rewrite(&path, "PRAGMA journal_mode = DELETE; PRAGMA page_size = 16384; VACUUM");
        assert!(open().is_ok(), "{file} with its pages back");
    }
}

#[allow(clippy::disallowed_methods, reason = "the test changes a file behind the program's back")]
fn rewrite(path: &Path, sql: &str) {
    diesel::SqliteConnection::establish(path.to_str().unwrap()).unwrap().batch_execute(sql).unwrap();
}

/// The relevant acts of a traced process.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    /// A file was brought to the disk.
    Synced(String),
    /// A line was written that begins with this word.
    Told(String),
}

/// Reads the output of `strace -f -y -e trace=fsync,fdatasync,write`.
fn calls(trace: &str) -> Vec<Call> {
    let mut waiting: HashMap<&str, String> = HashMap::new();
    let mut found = Vec::new();
    for line in trace.lines() {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let file = || {
            call.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(path, _)| path.to_owned())
        };
        if call.starts_with("fsync(") || call.starts_with("fdatasync(") {
            let path = file().unwrap_or_default();
            if call.contains("<unfinished") {
                waiting.insert(pid, path);
            } else if call.ends_with("= 0") {
                found.push(Call::Synced(path));
            }
        } else if call.contains("sync resumed>") && call.ends_with("= 0") {
            found.extend(waiting.remove(pid).map(Call::Synced));
        } else if call.starts_with("write(1<") {
            let text = call.split_once("\"").map_or("", |(_, text)| text);
            let word: String = text.chars().take_while(char::is_ascii_uppercase).collect();
            if !word.is_empty() {
                found.push(Call::Told(word));
            }
        }
    }
    found
}

/// Acknowledgements, and those before which no file of that name was synced since the one before.
fn unsynced(calls: &[Call], word: &str, file: &str) -> (usize, usize) {
    let (mut told, mut bad, mut synced) = (0, 0, false);
    for call in calls {
        match call {
            Call::Synced(path) if path.contains(file) => synced = true,
            Call::Told(said) if said == word => {
                told += 1;
                bad += usize::from(!synced);
                synced = false;
            }
            // A sync before the worker began to work proves nothing about the first line.
            Call::Told(said) if said == "READY" => synced = false,
            _ => {}
        }
    }
    (told, bad)
}

fn can_trace() -> bool {
    Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|out| out.status.success())
}

#[test]
fn i1_each_acknowledgement_follows_a_sync_of_its_log() {
    if !can_trace() {
        let required = std::env::var("ELICENSE_TEST_STRACE").as_deref() == Ok("required");
        assert!(!required, "strace is required here and cannot trace a process");
        eprintln!("skipped: no strace that can trace; tests/run installs one");
        return;
    }
    let world = settled(Backend::Sqlite).unwrap();
    let jobs = [(Job::Issue, "ISSUED", "registry.db-wal"), (Job::Lookup, "ANSWERED", "access.db-wal")];
    for (round, (job, word, file)) in (0..).zip(jobs) {
        let out = world.dir().join(format!("trace-{word}"));
        let out = out.to_str().unwrap();
        let under = ["strace", "-f", "-y", "-e", "trace=fsync,fdatasync,write", "-o", out];
        Worker::run(&world, job, round, &under, 8);
        let calls = calls(&std::fs::read_to_string(out).unwrap());
        assert_eq!(unsynced(&calls, word, file), (8, 0), "{word}: {calls:?}");
    }
}

#[test]
fn a_trace_without_its_sync_is_found() {
    let trace = "7 write(1<pipe:[1]>, \"READY\\n\", 6) = 6\n\
                 8 fdatasync(9</d/access.db-wal> <unfinished ...>\n\
                 7 fsync(3</d/registry.db>)  = 0\n\
                 8 <... fdatasync resumed>)  = 0\n\
                 7 write(1<pipe:[1]>, \"ANSWERED 0 x\"..., 90) = 90\n\
                 7 write(1<pipe:[1]>, \"ANSWERED 1 x\"..., 90) = 90\n\
                 8 fdatasync(9</d/access.db-wal>) = -1 EIO (Input/output error)\n\
                 7 write(1<pipe:[1]>, \"ANSWERED 2 x\"..., 90) = 90\n";
    let calls = calls(trace);
    assert_eq!(calls.len(), 6);
    assert_eq!(unsynced(&calls, "ANSWERED", "access.db-wal"), (3, 2));
    assert_eq!(unsynced(&calls, "ANSWERED", "registry.db-wal"), (3, 3));
}
