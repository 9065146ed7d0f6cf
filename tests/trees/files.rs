//! Database files that were put back under the anchors, and a torn write-ahead log.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Seen, anchored, refused, settled, taken_up, work};
use crate::common::program::Installed;

const FILES: [&str; 2] = ["registry.db", "access.db"];

/// Copies the databases of a stopped registry into a folder beside it.
fn copied(installed: &Installed, name: &str) -> PathBuf {
    let folder = installed.dir.path().join(name);
    fs::create_dir(&folder).unwrap();
    for file in FILES {
        let path = installed.data().join(file);
        assert!(
            !path.with_file_name(format!("{file}-wal")).exists(),
            "the registry was not stopped in order"
        );
        fs::copy(path, folder.join(file)).unwrap();
    }
    folder
}

fn put_back(from: &Path, data: &Path) {
    for file in FILES {
        fs::copy(from.join(file), data.join(file)).unwrap();
    }
}

fn stopped(program: crate::common::program::Program) {
    program.signal("TERM");
    let (status, said) = program.end();
    assert!(status.success(), "{said}");
}

/// A machine that knows nothing about the confirmed state takes the logs as they are, by order.
fn accepted(installed: &Installed) {
    let done = installed.run(&["log", "accept", "--why", "数据库搬到另一台机器"], "");
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn i14_files_that_were_put_back_are_refused_until_their_logs_are_followed() {
    let (installed, mut seen) = (Installed::new(settled), Seen::default());
    let program = installed.serve(&[]);
    work(&program, &mut seen, 4, 0..1);
    stopped(program);
    let earlier = copied(&installed, "earlier");
    let program = installed.serve(&[]);
    work(&program, &mut seen, 5, 1..3);
    stopped(program);
    put_back(&earlier, &installed.data());
    refused(&installed, "log_went_back", &["access-main", "records"]);
    taken_up(&installed, &mut seen, &["access-main", "records"]);
}

#[test]
fn i14_files_that_grew_on_elsewhere_are_taken_where_they_go_on_from_the_anchors_and_nowhere_else() {
    let (installed, mut seen) = (Installed::new(settled), Seen::default());
    let program = installed.serve(&[]);
    work(&program, &mut seen, 4, 0..1);
    stopped(program);
    let earlier = copied(&installed, "earlier");
    // The same registry on another machine, which knows nothing about the confirmed state here.
    let elsewhere = Installed::made_in(tempfile::tempdir().unwrap());
    fs::create_dir(elsewhere.data()).unwrap();
    fs::copy(installed.key(), elsewhere.key()).unwrap();
    put_back(&earlier, &elsewhere.data());
    accepted(&elsewhere);
    let program = elsewhere.serve(&[]);
    work(&program, &mut Seen::default(), 9, 10..14);
    stopped(program);
    let grown = copied(&elsewhere, "grown");
    // It moved: its logs go on from the state that was confirmed here.
    put_back(&grown, &installed.data());
    stopped(installed.serve(&[]));
    // It moved back, and both went on.
    put_back(&earlier, &elsewhere.data());
    fs::remove_file(elsewhere.data().join("anchors")).unwrap();
    accepted(&elsewhere);
    let program = elsewhere.serve(&[]);
    work(&program, &mut Seen::default(), 30, 20..26);
    stopped(program);
    put_back(&copied(&elsewhere, "another"), &installed.data());
    refused(&installed, "log_is_another", &["access-main", "records"]);
}

#[test]
fn i14_a_write_ahead_log_that_was_torn_after_its_lookups_were_answered_is_refused() {
    let (installed, mut seen) = (Installed::new(settled), Seen::default());
    let mut program = installed.serve(&[]);
    work(&program, &mut seen, 30, 0..1);
    anchored(&installed, "access-main", seen.size("access-main"));
    program.child.kill().unwrap();
    program.child.wait().unwrap();
    let wal = installed.data().join("access.db-wal");
    let whole = fs::metadata(&wal).unwrap().len();
    let torn = fs::OpenOptions::new().write(true).open(&wal).unwrap();
    torn.set_len(whole / 2).unwrap();
    torn.sync_all().unwrap();
    refused(&installed, "log_went_back", &["access-main"]);
    taken_up(&installed, &mut seen, &["access-main"]);
}

#[test]
fn a_file_of_anchors_that_is_not_whole_is_told_and_nothing_starts_on_it() {
    let installed = Installed::new(settled);
    let anchors = installed.data().join("anchors");
    let whole = fs::read_to_string(&anchors).unwrap();
    assert!(whole.contains("\nrecords ") && whole.contains("\naccess-main 0 "), "{whole}");
    fs::write(&anchors, whole.replace("\nrecords ", "\nrecords 1")).unwrap();
    let list = installed.run(&["log", "list", "--json"], "");
    let said = String::from_utf8_lossy(&list.stderr);
    assert!(list.status.code() == Some(3) && said.contains("anchors_damaged"), "{said}");
    let fsck = installed.run(&["fsck", "--json"], "");
    assert!(String::from_utf8_lossy(&fsck.stdout).contains("anchors_damaged"), "{fsck:?}");
    fs::write(&anchors, whole).unwrap();
    assert!(installed.run(&["fsck"], "").status.success());
}
