//! Whose memory of the logs the file of anchors is, as the database says (I14).
//!
//! Without that file the start would take the present logs for confirmed, as on a new machine. So a fact of the
//! registry has the name of the file. On PostgreSQL each machine has a data directory of its own, and each node
//! its fact: a command on a new machine may make a file, and that is not the node's. On SQLite everybody who
//! opens the database shares one data directory, there is one fact, and any file that is whole is a memory:
//! nothing makes one while the fact stands.
//!
//! The file is written first, then the fact. A crash between leaves a file that no fact names; the next start writes
//! the fact.

use super::Store;
use super::anchor_file::KeptAnchors;
use crate::error::Result;

const FACT: &str = "anchors";

impl Store {
    /// Whether the data directory has its file: the node's, on PostgreSQL; any, on SQLite, if no node is named.
    /// True before the database knew of one.
    ///
    /// # Errors
    /// `record_damaged` for an incomplete file.
    pub fn remembers(&self, node: Option<&str>) -> Result<bool> {
        let Some(name) = self.fact_of(node) else { return Ok(true) };
        let known = self.read_now(|reader| reader.fact(&name))?;
        let Some(known) = known else { return Ok(true) };
        let kept = KeptAnchors::read(self.dir())?;
        Ok(kept.is_some_and(|kept| node.is_none() || kept.id.as_bytes() == known))
    }

    /// Makes the file of this data directory the one that the database knows. Does nothing if it is already.
    pub fn remember(&self, node: Option<&str>) -> Result<()> {
        let Some(name) = self.fact_of(node) else { return Ok(()) };
        let known = self.read_now(|reader| reader.fact(&name))?.unwrap_or_default();
        let anchors = self.vault().anchors();
        let same = |id: &str| !id.is_empty() && id.as_bytes() == known;
        if same(&anchors.file_id()) {
            return Ok(());
        }
        anchors.keep()?;
        let id = anchors.file_id();
        // Nothing was written: a log was found to have gone back.
        if id.is_empty() {
            return Ok(());
        }
        self.write_now(|writer| writer.put_fact(&name, id.as_bytes()))
    }

    /// Forgets which files there are: every open log has a successor, and no earlier memory counts.
    pub fn forget_memories(&self) -> Result<()> {
        self.write_now(|writer| writer.remove_facts(FACT))
    }

    fn fact_of(&self, node: Option<&str>) -> Option<String> {
        match (self.url().is_postgres(), node) {
            (false, None) => Some(FACT.to_owned()),
            (true, Some(node)) => Some(format!("{FACT}:{node}")),
            _ => None,
        }
    }
}
