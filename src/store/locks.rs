//! Locks of the operating system on files in the data directory. They end with the process that holds them,
//! however it dies. A process that gets one knows that its former holders are gone, and need not wait for
//! their lease.
//!
//! A lock is `flock` on a file of its own in `locks/`. The file is never deleted: a lock on a file without a
//! name would keep nobody out. It is not a file of a database: closing one of those anywhere in a process
//! ends SQLite's own locks on it.
//!
//! On a network file system the system and its mount decide: a lock holds between machines, or on one machine
//! only, or is not available. None of that can harm a log, whose appends compare and swap. If a lock is the
//! machine's own, and two machines share a data directory, the second may take the log of a living first.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::Duration;

use super::private;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;
use crate::trust::random;

/// The lock of one log, held until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct LogLock {
    owners: String,
    _file: File,
}

impl LogLock {
    /// Takes the lock of a log; none while another process has it, and none if there can be no lock.
    pub fn take(data: &Path, log: &str) -> Option<Self> {
        // The name comes from the database, and becomes the name of a file.
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if log.is_empty() || !log.bytes().all(plain) {
            return None;
        }
        match try_take(data, log) {
            Ok(lock) => lock,
            Err(error) => {
                ::log::warn!(
                    "no lock can be had for {log}, an owner that dies is known by its lease: {error}"
                );
                None
            }
        }
    }

    /// The prefix of the names of all owners that hold this lock while they live.
    ///
    /// An owner without a lock must have another name: a process that then gets the lock knows nothing of it.
    pub fn owners(&self) -> &str {
        &self.owners
    }
}

/// Whether the owner of a log whose lease is alive may be alive too. False only if it had this machine's
/// lock, which is free.
pub(super) fn owner_lives(data: &Path, log: &str, owner: &str) -> bool {
    LogLock::take(data, log).is_none_or(|lock| !owner.starts_with(lock.owners()))
}

/// Holds a file of the data directory against other processes until the result is dropped; waits for a second
/// at most. None if another process keeps it (that process may have been stopped), or if the file system has
/// no locks.
///
/// # Errors
/// `store_unavailable` if the data directory cannot be written.
pub(super) fn exclusive(data: &Path, name: &str) -> Result<Option<File>> {
    let folder = data.join("locks");
    let opened = private::create_dir_all(&folder).and_then(|()| private::open_or_create(&folder.join(name)));
    let file = opened.map_err(|error| {
        let detail = "the data directory cannot be written";
        Error::new(Code::StoreUnavailable, detail).rule(Rule::DataDirectory).caused_by(error)
    })?;
    for _ in 0..100 {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Error(_)) => return Ok(None),
        }
    }
    Ok(None)
}

fn try_take(data: &Path, log: &str) -> std::io::Result<Option<LogLock>> {
    let folder = data.join("locks");
    private::create_dir_all(&folder)?;
    let mut file = private::open_or_create(&folder.join(log))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(None),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    let id = id_of(&mut file)?;
    Ok(Some(LogLock { owners: format!("{log}/{id}/"), _file: file }))
}

/// The lock's own name: random, so that locks of two data directories are told apart. Read and written under
/// the lock only. A crash while it is written leaves a part of it, or nothing. Then the lock gets another
/// name, and an owner under the old one is known by its lease.
fn id_of(file: &mut File) -> std::io::Result<String> {
    let mut text = String::new();
    let known = file.read_to_string(&mut text).is_ok();
    if known && text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(text);
    }
    let random = random::pooled::<16>().map_err(std::io::Error::other)?;
    let id = format!("{:032x}", u128::from_be_bytes(random));
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(id.as_bytes())?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_one_holders_and_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let first = LogLock::take(dir.path(), "access-main").unwrap();
        assert!(LogLock::take(dir.path(), "access-main").is_none(), "it is held");
        let other = LogLock::take(dir.path(), "access-other").unwrap();
        let owners = first.owners().to_owned();
        assert!(owners.starts_with("access-main/") && other.owners() != owners);
        drop(first);
        assert_eq!(LogLock::take(dir.path(), "access-main").unwrap().owners(), owners);
        std::fs::write(dir.path().join("locks/access-main"), &owners.as_bytes()[12..20]).unwrap();
        let another = LogLock::take(dir.path(), "access-main").unwrap().owners().to_owned();
        assert_ne!(another, owners, "a name that was cut short is no name");
        assert_eq!(LogLock::take(dir.path(), "access-main").unwrap().owners(), another);
    }

    #[test]
    fn a_name_that_leads_elsewhere_has_no_lock() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["", "../x", "a/b", "A", "."] {
            assert!(LogLock::take(dir.path(), name).is_none(), "{name}");
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
