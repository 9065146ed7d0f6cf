//! Spill runs: signed records on disk between the two stages, sorted and sealed (never in clear, I3).
//!
//! A run is a file of blocks `u32 length ‖ sealed`; a block holds `u32 length ‖ item` one after the other.
//! The seal of a block covers the import's name, run, place and whether it is the last. So a run that lost
//! its end is not taken for a shorter one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::error::{Code, Error, Result};
use crate::registry::import::item::SortKey;
use crate::rule::Rule;
use crate::store::{self, Purpose, Vault, private};
use crate::trust::seal::sealed_key_id;
use crate::trust::{Aad, Layout, random};

fn io(error: std::io::Error) -> Error {
    Error { detail: "the spill directory cannot be used".into(), ..private::disk_fault(error) }
}

pub(super) fn damaged() -> Error {
    Error::new(Code::RecordDamaged, "a spill run does not open: import the file under another run id")
        .rule(Rule::SpillDamaged)
}

/// The stand-in for the table name in the additional data of a block.
const TABLE: &str = "spill";

/// How the directories of dry runs begin; no name of a run has such a character.
const DRY: &str = "dry_";

/// Bytes of a small step.
const STEP: usize = 1 << 20;

/// The directory of one import's runs, held by this process alone.
pub(super) struct SpillDir {
    path: PathBuf,
    id: String,
    next: AtomicU32,
    /// Bring written bytes to the disk bit by bit, since others wait for it.
    small_steps: AtomicBool,
    /// Locked until dropped; the lock ends with the process, however it ends.
    _lock: File,
}

impl SpillDir {
    /// Makes or takes over the directory; refused while another process works on the same run.
    pub fn claim(data: &Path, id: &str) -> Result<Self> {
        let path = data.join("spill").join(id);
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(io)?;
        let lock = lock_file(&path.join("lock"))?;
        let (next, small_steps) = (AtomicU32::new(0), AtomicBool::new(false));
        Ok(Self { path, id: id.to_owned(), next, small_steps, _lock: lock })
    }

    /// The directory of a dry run. Those of dry runs that were killed are taken away: nobody goes on with them.
    pub fn of_dry_run(data: &Path) -> Result<Self> {
        let all = data.join("spill");
        for entry in fs::read_dir(&all).into_iter().flatten() {
            let entry = entry.map_err(io)?;
            let dry = entry.file_name().to_str().is_some_and(|name| name.starts_with(DRY));
            // One that somebody holds is at work.
            if dry && let Ok(held) = lock_file(&entry.path().join("lock")) {
                fs::remove_dir_all(entry.path()).map_err(io)?;
                drop(held);
            }
        }
        Self::claim(data, &format!("{DRY}{}", random::serial()?.to_ascii_lowercase()))
    }

    /// Whether runs are brought to the disk in small steps from now on.
    pub fn small_steps(&self, small: bool) {
        self.small_steps.store(small, Ordering::Relaxed);
    }

    /// Takes away the runs of an attempt that ended while parsing.
    pub fn clear(&self) -> Result<()> {
        for entry in fs::read_dir(&self.path).map_err(io)? {
            let path = entry.map_err(io)?.path();
            if path.extension().is_some_and(|extension| extension == "run") {
                fs::remove_file(path).map_err(io)?;
            }
        }
        Ok(())
    }

    /// Takes the whole directory away.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir_all(&self.path).map_err(io)
    }

    /// Takes one run away.
    pub fn remove_run(&self, run: u32) -> Result<()> {
        fs::remove_file(self.file(run)).map_err(io)
    }

    /// Brings the names of the runs to the disk: before the database says that they are complete.
    pub fn sync(&self) -> Result<()> {
        File::open(&self.path).and_then(|dir| dir.sync_all()).map_err(io)
    }

    fn file(&self, run: u32) -> PathBuf {
        self.path.join(format!("{run:06}.run"))
    }

    fn cover(&self, aad: &mut Aad, run: u32, block: i64, last: bool) {
        aad.text(&self.id).integer(run.into()).integer(block).boolean(last);
    }
}

fn lock_file(path: &Path) -> Result<File> {
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
    let lock = lock.map_err(io)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(fs::TryLockError::WouldBlock) => {
            Err(Error::new(Code::StoreBusy, "another process works on this run").rule(Rule::RunLocked))
        }
        Err(fs::TryLockError::Error(error)) => Err(io(error)),
    }
}

/// Items of one thread until there are enough of them for a run.
#[derive(Default)]
pub(super) struct Sorter {
    bytes: Vec<u8>,
    places: Vec<(SortKey, usize, usize)>,
}

impl Sorter {
    /// Takes the bytes that `write` appends, to be sorted by that key.
    pub fn push(&mut self, key: SortKey, write: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
        let start = self.bytes.len();
        write(&mut self.bytes)?;
        self.places.push((key, start, self.bytes.len() - start));
        Ok(())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// Bytes held.
    pub fn len(&self) -> usize {
        self.bytes.len() + self.places.len() * size_of::<(SortKey, usize, usize)>()
    }

    /// Writes the held items as one run and returns its number; none if nothing is held.
    pub fn spill(&mut self, dir: &SpillDir, vault: &Vault, block_bytes: usize) -> Result<Option<u32>> {
        if self.places.is_empty() {
            return Ok(None);
        }
        self.places.sort_unstable_by_key(|(key, ..)| *key);
        let mut run = RunWriter::create(dir, vault, block_bytes)?;
        for (_, start, len) in &self.places {
            run.push(self.bytes.get(*start..start + len).ok_or_else(damaged)?)?;
        }
        self.places.clear();
        self.bytes.clear();
        run.finish().map(Some)
    }
}

/// Writes one run.
pub(super) struct RunWriter<'a> {
    dir: &'a SpillDir,
    vault: &'a Vault,
    number: u32,
    file: BufWriter<File>,
    block: Vec<u8>,
    blocks: i64,
    block_bytes: usize,
    unsynced: usize,
}

impl<'a> RunWriter<'a> {
    pub fn create(dir: &'a SpillDir, vault: &'a Vault, block_bytes: usize) -> Result<Self> {
        let number = dir.next.fetch_add(1, Ordering::SeqCst);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(dir.file(number));
        let file = BufWriter::with_capacity(1 << 20, file.map_err(io)?);
        let block = Vec::with_capacity(block_bytes + 4096);
        Ok(Self { dir, vault, number, file, block, blocks: 0, block_bytes, unsynced: 0 })
    }

    /// Adds an item; the caller keeps the order.
    pub fn push(&mut self, item: &[u8]) -> Result<()> {
        if self.block.len() >= self.block_bytes {
            self.seal(false)?;
        }
        self.block.extend_from_slice(&u32::try_from(item.len()).map_err(Error::internal)?.to_be_bytes());
        self.block.extend_from_slice(item);
        Ok(())
    }

    /// Ends the run; its bytes are on the disk when this returns.
    pub fn finish(mut self) -> Result<u32> {
        self.seal(true)?;
        self.file.flush().map_err(io)?;
        self.file.get_ref().sync_data().map_err(io)?;
        Ok(self.number)
    }

    fn seal(&mut self, last: bool) -> Result<()> {
        let key = self.vault.current(Purpose::Spill)?;
        let mut aad = Aad::new();
        store::start(&mut aad, Layout::PRESENT, TABLE, key.id());
        self.dir.cover(&mut aad, self.number, self.blocks, last);
        let sealed = key.seal(&aad, &self.block)?;
        self.block.clear();
        self.blocks += 1;
        let len = u32::try_from(sealed.len()).map_err(Error::internal)?;
        self.file.write_all(&len.to_be_bytes()).and_then(|()| self.file.write_all(&sealed)).map_err(io)?;
        self.unsynced += sealed.len();
        if self.unsynced >= STEP && self.dir.small_steps.load(Ordering::Relaxed) {
            self.unsynced = 0;
            self.file.flush().and_then(|()| self.file.get_ref().sync_data()).map_err(io)?;
        }
        Ok(())
    }
}

/// Reads one run, item by item.
pub(super) struct RunReader<'a> {
    dir: &'a SpillDir,
    vault: &'a Vault,
    number: u32,
    file: BufReader<File>,
    left: u64,
    block: Vec<u8>,
    at: usize,
    blocks: i64,
}

impl<'a> RunReader<'a> {
    pub fn open(dir: &'a SpillDir, vault: &'a Vault, number: u32) -> Result<Self> {
        // Later runs of this process take other numbers than those a resumed import finds.
        dir.next.fetch_max(number + 1, Ordering::SeqCst);
        let file = File::open(dir.file(number)).map_err(|error| damaged().caused_by(error))?;
        let left = file.metadata().map_err(io)?.len();
        let file = BufReader::new(file);
        Ok(Self { dir, vault, number, file, left, block: Vec::new(), at: 0, blocks: 0 })
    }

    /// The next item's bytes; none at the end of the run. They stay until the next call.
    pub fn next(&mut self) -> Result<Option<&[u8]>> {
        if self.at == self.block.len() && !self.next_block()? {
            return Ok(None);
        }
        let rest = self.block.get(self.at..).unwrap_or_default();
        let (len, rest) = rest.split_first_chunk::<4>().ok_or_else(damaged)?;
        let len = usize::try_from(u32::from_be_bytes(*len)).map_err(Error::internal)?;
        let item = rest.get(..len).ok_or_else(damaged)?;
        self.at += 4 + len;
        Ok(Some(item))
    }

    fn next_block(&mut self) -> Result<bool> {
        if self.left == 0 {
            return if self.blocks == 0 { Err(damaged()) } else { Ok(false) };
        }
        let mut len = [0; 4];
        self.file.read_exact(&mut len).map_err(|error| damaged().caused_by(error))?;
        let len = u64::from(u32::from_be_bytes(len));
        self.left = self.left.checked_sub(4 + len).ok_or_else(damaged)?;
        let mut sealed = vec![0; usize::try_from(len).map_err(Error::internal)?];
        self.file.read_exact(&mut sealed).map_err(|error| damaged().caused_by(error))?;
        let layout = Layout::of(&sealed).ok_or_else(damaged)?;
        let id = sealed_key_id(&sealed).and_then(|id| i32::try_from(id).ok()).ok_or_else(damaged)?;
        let mut aad = Aad::new();
        store::start(&mut aad, layout, TABLE, id);
        self.dir.cover(&mut aad, self.number, self.blocks, self.left == 0);
        // An import that an earlier program version began is finished by this one.
        self.block = self.vault.open_passing(id, &aad, sealed).ok_or_else(damaged)?;
        self.blocks += 1;
        self.at = 0;
        Ok(!self.block.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trust::bytes_page::Examples;

    #[test]
    fn bytes_page_block_of_a_spill_run_holds() {
        let (examples, data) = (Examples::read(), tempfile::tempdir().unwrap());
        let dir = SpillDir::claim(data.path(), "2024-05").unwrap();
        let mut aad = Aad::new();
        store::start(&mut aad, Layout::PRESENT, TABLE, 7);
        dir.cover(&mut aad, 3, 1, true);
        assert_eq!(aad.bytes(), examples.hex("row.spill.additional"));
    }
}
