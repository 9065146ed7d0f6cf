//! What a start needs, looked at one by one without serving: so that all that is wrong is told at once.

use std::net::TcpListener;
use std::path::Path;

use rustix::fs::{Access, access, statvfs};

use super::listeners::sockets;
use super::open_files;
use super::server::cannot_bind;
use super::tls::Certificate;
use crate::config::ServeConfig;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// Files that may be open at least.
const FILES: usize = 4096;
/// Bytes that are free on the disk of the data directory at least.
const FREE: u64 = 1 << 30;

/// One thing that a start needs.
pub struct Need {
    /// A stable name: `doors`, `tls`, `address`, `data`, `files`, `disk`, …
    pub name: &'static str,
    /// What was found, or what would stop a start.
    pub found: Result<String>,
}

impl Need {
    /// What came out under a name.
    pub fn new(name: &'static str, found: Result<String>) -> Self {
        Self { name, found }
    }
}

/// The doors, the certificates that they name, and whether their addresses can be had; each is opened and given back.
pub fn doors(config: &ServeConfig) -> Vec<Need> {
    let sockets = match sockets(config) {
        Ok(sockets) => sockets,
        Err(fault) => return vec![Need::new("doors", Err(fault.into()))],
    };
    let mut checked = vec![Need::new(
        "doors",
        Ok(format!("{} doors, {} addresses", config.listeners.len(), sockets.len())),
    )];
    for socket in &sockets {
        if let Some(files) = &socket.tls {
            let told = format!("{}", files.certificate.display());
            let found = Certificate::load(files.clone()).map(|_| told).map_err(Error::from);
            checked.push(Need::new("tls", found));
        }
        let bound = TcpListener::bind(socket.address).map_err(|fault| cannot_bind(socket, fault));
        checked.push(Need::new("address", bound.map(|_| socket.address.to_string())));
    }
    checked
}

/// The data directory and what the machine gives: files that may be open, free space.
pub fn machine(dir: &Path) -> Vec<Need> {
    let free = statvfs(dir).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let free = free.map_err(|fault| unusable(fault.into()));
    vec![
        Need::new("data", writable(dir)),
        Need::new("files", enough_files(open_files::hard_limit())),
        Need::new("disk", free.and_then(enough_space)),
    ]
}

fn writable(dir: &Path) -> Result<String> {
    let may = access(dir, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK);
    may.map(|()| dir.display().to_string()).map_err(|fault| unusable(fault.into()))
}

fn unusable(fault: std::io::Error) -> Error {
    let detail = "the data directory cannot be read and written";
    Error::new(Code::StoreUnavailable, detail).at("data").rule(Rule::DataDirectory).caused_by(fault)
}

fn enough_files(limit: usize) -> Result<String> {
    let told = format!("at most {limit} files may be open");
    if limit < FILES {
        return Err(Error::new(Code::ConfigInvalid, told).rule(Rule::FilesLimit));
    }
    Ok(told)
}

fn enough_space(free: u64) -> Result<String> {
    let told = format!("{} MiB are free", free >> 20);
    if free < FREE {
        return Err(Error::new(Code::ConfigInvalid, told).at("data").rule(Rule::DiskSpace));
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_gives_too_little_is_told() {
        let rule = |found: Result<String>| found.err().and_then(|error| error.rule);
        assert_eq!(rule(enough_files(1024)), Some(Rule::FilesLimit));
        assert_eq!(rule(enough_files(4096)), None);
        assert_eq!(rule(enough_space(FREE - 1)), Some(Rule::DiskSpace));
        assert_eq!(rule(enough_space(FREE)), None);
        assert_eq!(rule(writable(Path::new("/nowhere/at/all"))), Some(Rule::DataDirectory));
    }
}
