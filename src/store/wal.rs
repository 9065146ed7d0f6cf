//! The write-ahead logs of a served SQLite registry, kept short without a wait for anybody.
//!
//! SQLite copies the log into the database inside the commit that makes it a thousand pages long. While a
//! reader holds an old snapshot nothing can be copied, and the file grows. When the reader leaves, the next
//! commit would copy all of it: 1.5 s for 600 MB, measured. And the file keeps its length for ever, or is cut
//! in one go, inside a commit too: another 0.5 ms a MB.
//!
//! So a thread of the server looks at the logs. If one has grown, the thread copies it in the background, and
//! the sequencer does not copy meanwhile. If the file is long and the log is short again, the sequencer's
//! commits cut a small piece of it each time the log begins anew. No lookup goes through the writer of the
//! registry's own file: its log is cut at once, when nobody uses it.
//!
//! A crash leaves a log of any length, which the next start reads and copies.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::any::AnyConnection;
use super::conn::{self, Open};
use super::dialect::{self, WalCheckpoint, WalFrames};
use super::handle::Store;
use super::place::Side;
use super::url::DbUrl;
use super::wals::Wal;
use crate::error::Result;

/// Pages above which a log has grown: twice the usual thousand at which it is copied.
const GROWN: i64 = 2_000;
/// Pages that are left for the commits to copy as they always do.
const USUAL: i64 = 1_000;
/// A file up to this many bytes is left as it is.
const KEPT: u64 = 32 << 20;
/// One commit cuts so much: a few milliseconds.
const PIECE: u64 = 8 << 20;
/// Bytes of a page in the log.
const FRAME: u64 = 16_384 + 24;

/// Maintains the write-ahead logs, on connections of its own.
pub struct WalCare {
    store: Store,
    sides: Vec<(Side, PathBuf, AnyConnection)>,
}

impl WalCare {
    /// For a served registry; nothing to maintain on PostgreSQL.
    pub fn new(store: &Store) -> Result<Self> {
        let mut sides = Vec::new();
        if let DbUrl::Sqlite(file) = store.url() {
            let access = store.url().access_path().unwrap_or_default();
            for (side, path) in [(Side::Registry, file), (Side::Access, &access)] {
                let mut conn = conn::sqlite(path, Open::Write)?;
                // It never waits: a commit would wait behind such a wait.
                dialect::never_wait(&mut conn)?;
                sides.push((side, wal_of(path), conn));
            }
        }
        Ok(Self { store: store.clone(), sides })
    }

    /// Looks at both logs once, and does the due work. Call it a few times a second.
    ///
    /// # Errors
    /// The database's error; the sequencer then copies as it always did.
    pub fn look(&mut self) -> Result<()> {
        for (side, path, conn) in &mut self.sides {
            let wal = self.store.wals().of(*side);
            let looked = tend(*side, path, conn, wal);
            if looked.is_err() {
                wal.copies.store(true, Ordering::Relaxed);
            }
            looked?;
        }
        Ok(())
    }
}

fn tend(side: Side, path: &Path, conn: &mut AnyConnection, wal: &Wal) -> Result<()> {
    let mut frames = dialect::checkpoint(conn, WalCheckpoint::Look)?;
    let file = std::fs::metadata(path).map_or(0, |about| about.len());
    if frames.left() > GROWN {
        wal.copies.store(false, Ordering::Relaxed);
    }
    let held = !wal.copies.load(Ordering::Relaxed);
    if held || file > KEPT {
        frames = dialect::checkpoint(conn, WalCheckpoint::Copy)?.or(frames);
    }
    if held && frames.left() < USUAL {
        wal.copies.store(true, Ordering::Relaxed);
    }
    let mut limit = -1;
    if file > KEPT && frames.left() == 0 && side == Side::Registry {
        // At once where nobody writes or reads an old snapshot, and not at all where somebody does.
        frames = dialect::checkpoint(conn, WalCheckpoint::Cut)?.or(frames);
    } else if file > KEPT && began_anew(frames) {
        limit = i64::try_from(file.saturating_sub(PIECE).max(KEPT)).unwrap_or(-1);
    }
    wal.limit.store(limit, Ordering::Relaxed);
    wal.live.store(u64::try_from(frames.left()).unwrap_or(0) * FRAME, Ordering::Relaxed);
    let file = std::fs::metadata(path).map_or(0, |about| about.len());
    wal.file.store(file, Ordering::Relaxed);
    Ok(())
}

/// Whether the log needs no more of its file than the part to keep.
fn began_anew(frames: WalFrames) -> bool {
    u64::try_from(frames.all).unwrap_or(0) * FRAME <= KEPT
}

/// The write-ahead log lies beside its database. Nobody opens the file itself: closing it would end SQLite's locks.
fn wal_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

#[cfg(test)]
mod tests {
    use diesel::RunQueryDsl;
    use diesel::connection::SimpleConnection;
    use diesel::sql_types::BigInt;

    use super::*;
    use crate::clock::Clock;
    use crate::log::{Committer, LogSigner, append};
    use crate::store::dialect::native;
    use crate::store::wals::WalPace;
    use crate::store::{AccessCommitter, Place};
    use crate::trust::MasterKey;

    #[derive(diesel::QueryableByName)]
    struct Pages {
        #[diesel(sql_type = BigInt, column_name = wal_autocheckpoint)]
        pages: i64,
    }

    fn pages(conn: &mut AnyConnection) -> i64 {
        let asked = diesel::sql_query("PRAGMA wal_autocheckpoint");
        native!(conn, c => asked.get_result::<Pages>(c)).unwrap().pages
    }

    #[test]
    fn a_log_that_has_grown_is_copied_by_nobody_that_a_lookup_waits_for() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        let clock = Clock::fixed("2026-11-22T01:00:00.000000Z".parse().unwrap());
        let store =
            Store::create(&Place::in_dir(&data), MasterKey::from_bytes([7; 32]), clock.now()).unwrap();
        let signer = std::sync::Arc::new(LogSigner::new("test.example/access-main", &[5; 32]).unwrap());
        let head = append::new_head("access-main", &signer, clock.now());
        store
            .write_side_now(Side::Access, |writer| writer.insert_log(&head, "test.example/access-main"))
            .unwrap();
        let mut committer =
            AccessCommitter::new(store.clone(), "access-main", "one".to_owned(), signer, clock.clone());
        committer.claim().unwrap();
        let mut care = WalCare::new(&store).unwrap();
        care.look().unwrap();
        assert_eq!(pages(committer.connection()), 1_000, "as a rule its commits copy");

        let path = data.join("access.db");
        let mut reader = conn::sqlite(&path, Open::Read).unwrap();
        reader.batch_execute("BEGIN; SELECT count(*) FROM log_heads").unwrap();
        let mut filling = conn::sqlite(&path, Open::Write).unwrap();
        filling.batch_execute("CREATE TABLE filling (bytes BLOB)").unwrap();
        for _ in 0..10 {
            filling.batch_execute("INSERT INTO filling VALUES (zeroblob(8000000))").unwrap();
        }
        care.look().unwrap();
        let (live, file) = store.wals().bytes(Side::Access);
        assert!(live > 80_000_000 && file >= live, "{live} {file}");
        committer.renew().unwrap();
        assert_eq!(pages(committer.connection()), 0, "it does not copy what the reader held up");
        assert!(store.wals().bytes(Side::Access).0 > 80_000_000);

        reader.batch_execute("COMMIT").unwrap();
        care.look().unwrap();
        assert!(store.wals().bytes(Side::Access).0 < USUAL.unsigned_abs() * FRAME, "copied beside it");
        // Each commit that begins the log anew cuts a piece.
        let mut lengths = vec![file];
        for second in 0..20 {
            clock.set(clock.now().plus_seconds(second));
            committer.renew().unwrap();
            care.look().unwrap();
            lengths.push(store.wals().bytes(Side::Access).1);
        }
        assert_eq!(pages(committer.connection()), 1_000);
        let pieces: Vec<u64> = lengths.windows(2).map(|pair| pair[0] - pair[1]).collect();
        assert!(pieces.iter().all(|piece| *piece <= PIECE), "{pieces:?}");
        assert_eq!(lengths.last(), Some(&KEPT), "{lengths:?}");
        assert_eq!(store.wals().pace(), WalPace::default());
    }
}
