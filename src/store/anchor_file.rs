//! The anchors of a data directory: for each log the size and root that a process on this directory last knew to be
//! committed, in a small file outside the databases (I14).
//!
//! A crash loses at most the confirmations since the file was last written. The file is written under another
//! name, synced and renamed: in every case the old one is there or the new one.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use super::private;
use crate::error::{Code, Error, Result};
use crate::log::hash::sha256;
use crate::log::{Anchor, Hash};
use crate::rule::Rule;
use crate::trust::random;

const NAME: &str = "anchors";
/// The prefix of files that were not put in place yet, or were left by a crash.
const DRAFT: &str = "anchors.draft-";
const FIRST_LINE: &str = "elicense anchors 2";
/// The earlier layout, without a name.
const EARLIER: &str = "elicense anchors 1";

/// The contents of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptAnchors {
    /// The file's own name, 32 random hexadecimal digits, by which the database knows it. Empty in the earlier layout.
    pub id: String,
    /// How often the anchors were set anew because a database was put back. A process's memory from before
    /// the last time no longer counts.
    pub generation: u64,
    /// By log.
    pub logs: BTreeMap<String, Anchor>,
}

impl KeptAnchors {
    /// Whether a registry was ever used with this data directory.
    pub fn exists(data: &Path) -> bool {
        data.join(NAME).exists()
    }

    /// Reads the file; none if there is none yet.
    ///
    /// # Errors
    /// `record_damaged` for an incomplete file; `store_unavailable` if it cannot be read.
    pub fn read(data: &Path) -> Result<Option<Self>> {
        let text = match fs::read_to_string(data.join(NAME)) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == std::io::ErrorKind::InvalidData => return Err(damaged()),
            Err(error) => return Err(unwritten(error)),
        };
        Self::parse(&text).map(Some).ok_or_else(damaged)
    }

    /// A name for a new file.
    pub fn new_id() -> Result<String> {
        let random = random::pooled::<16>().map_err(Error::internal)?;
        Ok(format!("{:032x}", u128::from_be_bytes(random)))
    }

    /// Puts the file in its place. On the disk when this returns.
    ///
    /// A writer holds the lock of the anchors. One exception: if a process was stopped while it held the
    /// lock, another one does not wait for it for ever. So drafts of others are removed first: when such a
    /// process goes on, its draft is older than the file by then. Its write fails, and it reads the file
    /// before it writes again.
    pub fn write(&self, data: &Path) -> Result<()> {
        let written = remove_drafts(data).and_then(|()| {
            let random = random::pooled::<8>().map_err(std::io::Error::other)?;
            let draft = data.join(format!("{DRAFT}{:016x}", u64::from_be_bytes(random)));
            let mut file = private::create_new(&draft)?;
            file.write_all(self.to_text().as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, data.join(NAME))?;
            fs::File::open(data)?.sync_all()
        });
        written.map_err(unwritten)
    }

    fn to_text(&self) -> String {
        let mut text = format!("{FIRST_LINE}\ngeneration {}\nid {}\n", self.generation, self.id);
        for (log, Anchor { size, root }) in &self.logs {
            let _infallible = writeln!(text, "{log} {size} {root}");
        }
        let digest = Hash(sha256(text.as_bytes()));
        let _infallible = writeln!(text, "sha256 {digest}");
        text
    }

    fn parse(text: &str) -> Option<Self> {
        let body = text.strip_suffix('\n')?;
        let (lines, last) = body.rsplit_once('\n')?;
        let digest = Hash(sha256(format!("{lines}\n").as_bytes()));
        if last != format!("sha256 {digest}") {
            return None;
        }
        let mut lines = lines.lines();
        let named = match lines.next()? {
            FIRST_LINE => true,
            EARLIER => false,
            _ => return None,
        };
        let generation = lines.next()?.strip_prefix("generation ")?.parse().ok()?;
        let id = if named { lines.next()?.strip_prefix("id ")?.to_owned() } else { String::new() };
        let mut logs = BTreeMap::new();
        for line in lines {
            let (log, rest) = line.split_once(' ')?;
            let (size, root) = rest.split_once(' ')?;
            let anchor = Anchor { size: size.parse().ok()?, root: root.parse().ok()? };
            logs.insert(log.to_owned(), anchor);
        }
        Some(Self { id, generation, logs })
    }
}

fn remove_drafts(data: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(DRAFT)) {
            let _taken_away_by_another = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

fn damaged() -> Error {
    let detail = "the file `anchors` in the data directory is not whole: find out why before it is removed";
    Error::new(Code::RecordDamaged, detail).rule(Rule::AnchorsDamaged)
}

fn unwritten(error: std::io::Error) -> Error {
    let detail = "the file `anchors` in the data directory cannot be read or written";
    Error::new(Code::StoreUnavailable, detail).rule(Rule::AnchorsUnwritten).caused_by(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_reads_back_and_a_changed_one_is_told() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(KeptAnchors::read(dir.path()).unwrap(), None);
        let mut kept = KeptAnchors { id: "5e".repeat(16), generation: 3, ..KeptAnchors::default() };
        kept.logs.insert("records".to_owned(), Anchor { size: 7, root: Hash([9; 32]) });
        kept.logs.insert("access-main".to_owned(), Anchor { size: 0, root: Hash::empty_root() });
        fs::write(dir.path().join(format!("{DRAFT}1")), "left by a crash").unwrap();
        kept.write(dir.path()).unwrap();
        assert_eq!(KeptAnchors::read(dir.path()).unwrap().unwrap(), kept);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let whole = fs::read(dir.path().join(NAME)).unwrap();
        let earlier = String::from_utf8(whole.clone()).unwrap();
        let lines: Vec<&str> = earlier.lines().filter(|line| !line.starts_with("id ")).collect();
        let body = lines[..lines.len() - 1].join("\n").replace(FIRST_LINE, EARLIER) + "\n";
        let digest = Hash(sha256(body.as_bytes()));
        fs::write(dir.path().join(NAME), format!("{body}sha256 {digest}\n")).unwrap();
        let unnamed = KeptAnchors { id: String::new(), ..kept.clone() };
        assert_eq!(KeptAnchors::read(dir.path()).unwrap().unwrap(), unnamed);
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(dir.path().join(NAME), &changed).unwrap();
            let error = KeptAnchors::read(dir.path()).unwrap_err();
            assert_eq!(error.rule, Some(Rule::AnchorsDamaged), "byte {at}");
            fs::write(dir.path().join(NAME), &whole[..at]).unwrap();
            assert!(KeptAnchors::read(dir.path()).is_err(), "cut at {at}");
        }
    }
}
