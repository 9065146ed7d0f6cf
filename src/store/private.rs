//! Files and folders for their owner alone, for any umask of the process. The contents of a registry are
//! sealed, but sizes, times and an export are not.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use crate::error::{Code, Error};
use crate::rule::Rule;

/// Makes a file with mode 0600 that must not exist yet.
///
/// # Errors
/// `AlreadyExists`, or the system's error.
pub fn create_new(path: &Path) -> Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Opens a file for reading and writing; makes it with mode 0600 if there is none.
///
/// # Errors
/// The system's error.
pub fn open_or_create(path: &Path) -> Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Makes a folder and the missing ones above it, with mode 0700; one that is there keeps its mode.
///
/// # Errors
/// The system's error.
pub fn create_dir_all(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// What the system's refusal of a file means to whoever operates the disk: `store_unavailable` with the rule that says
/// what to do.
pub fn disk_fault(error: std::io::Error) -> Error {
    let rule = match error.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => Rule::StoreReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Rule::StoreFull,
        _ => Rule::StoreIo,
    };
    Error::new(Code::StoreUnavailable, "").rule(rule).caused_by(error)
}
