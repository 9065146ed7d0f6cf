//! Everything that workers acknowledged, and whether a registry opened anew still has it.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use elicense::log::check::check_log;
use elicense::log::hash::{leaf_hash, sha256};
use elicense::log::{Tree, TreeReader};
use elicense::registry::Registry;
use elicense::store::{Opened, Side};

use crate::common::{World, people};
use crate::worker::hex;

/// The acknowledgements of all workers of a test.
#[derive(Default)]
pub struct Truth {
    /// Identifier → leaf in `records`.
    issued: BTreeMap<String, u64>,
    /// Index in `access-main` → the entry's bytes.
    answered: BTreeMap<u64, Vec<u8>>,
    /// (Round, file) → rows of it that were bound by the last acknowledged commit.
    bound: BTreeMap<(u32, u32), u64>,
    /// Files with an acknowledged closing count.
    imported: BTreeSet<(u32, u32)>,
    /// Log → size → root, as any process ever showed it.
    roots: BTreeMap<&'static str, BTreeMap<u64, String>>,
}

impl Truth {
    pub fn issues(&self) -> usize {
        self.issued.len()
    }

    pub fn lookups(&self) -> usize {
        self.answered.len()
    }

    /// Takes in a worker's lines.
    pub fn told(&mut self, lines: &[String]) {
        for line in lines {
            let fields: Vec<&str> = line.split(' ').collect();
            match fields[..] {
                ["ISSUED", identifier, leaf, size, root] => {
                    let earlier = self.issued.insert(identifier.to_owned(), leaf.parse().unwrap());
                    assert_eq!(earlier, None, "one identifier was given twice");
                    self.root("records", size.parse().unwrap(), root);
                }
                ["ANSWERED", index, entry, ..] => {
                    let entry = URL_SAFE_NO_PAD.decode(entry).unwrap();
                    let earlier = self.answered.insert(index.parse().unwrap(), entry);
                    assert_eq!(earlier, None, "one leaf was given to two answers");
                    let note: Vec<&str> = line.splitn(4, ' ').nth(3).unwrap().split('|').collect();
                    let root = STANDARD.decode(note[2]).unwrap();
                    self.root("access-main", note[1].parse().unwrap(), &hex(&root));
                }
                ["BOUND", round, file, bound, size, root] => {
                    let bound = bound.parse().unwrap();
                    let earlier = self.bound.insert((round.parse().unwrap(), file.parse().unwrap()), bound);
                    assert!(earlier.is_none_or(|earlier| earlier <= bound), "a count went back");
                    self.root("records", size.parse().unwrap(), root);
                }
                ["IMPORTED", round, file] => {
                    self.imported.insert((round.parse().unwrap(), file.parse().unwrap()));
                }
                _ => {}
            }
        }
    }

    /// Leaves of the issues that a worker acknowledged.
    pub fn leaves(lines: &[String]) -> Vec<u64> {
        let issued = lines.iter().filter_map(|line| line.strip_prefix("ISSUED "));
        issued.map(|line| line.split(' ').nth(1).unwrap().parse().unwrap()).collect()
    }

    /// Acknowledged bound rows of a file, and whether the end of its import was acknowledged.
    pub fn of_file(&self, file: (u32, u32)) -> (u64, bool) {
        (self.bound.get(&file).copied().unwrap_or(0), self.imported.contains(&file))
    }

    /// Files with an acknowledged commit.
    pub fn imports(&self) -> usize {
        self.bound.len()
    }

    /// Two checkpoints of one log and size that differ are a fork.
    fn root(&mut self, log: &'static str, size: u64, root: &str) {
        let earlier = self.roots.entry(log).or_default().insert(size, root.to_owned());
        assert!(earlier.is_none_or(|earlier| earlier == root), "{log} has two roots at size {size}");
    }

    /// Opens the registry as a new process would and looks for everything that was acknowledged.
    pub fn hold_against(&self, world: &World) {
        let registry = world.reopen();
        self.records(&registry);
        for (log, side) in [("records", Side::Registry), ("access-main", Side::Access)] {
            self.log(&registry, log, side);
        }
    }

    fn records(&self, registry: &Registry) {
        let store = registry.store();
        let mut rows = Vec::new();
        for code in [people::ZHOU, people::CHEN] {
            let hk = store.vault().index().holder_key("111", code);
            let opened = store.read_now(|reader| reader.records_of(&hk)).unwrap();
            let mut here = BTreeMap::new();
            for row in opened {
                let Opened::Record(record) = row else { panic!("a row does not open") };
                let events = store.read_now(|reader| reader.events_of(&hk, &record.record_id)).unwrap();
                let [event] = &events[..] else { panic!("{} events of one issue", events.len()) };
                assert!(event.intact);
                let entries =
                    store.read_now(|reader| reader.entries("records", record.leaf, record.leaf + 1)).unwrap();
                assert_eq!(entries, [sha256(&event.event)], "the leaf of a row is its event's");
                if record.body.role == "spouse" {
                    here.insert(record.body.identifier.clone(), record.leaf);
                }
            }
            rows.push(here);
        }
        assert_eq!(rows[0], rows[1], "a joint record stands under one of its holders only");
        for (identifier, leaf) in &self.issued {
            assert_eq!(rows[0].get(identifier), Some(leaf), "{identifier} was acknowledged");
        }
    }

    fn log(&self, registry: &Registry, log: &'static str, side: Side) {
        let verifier = registry.log_verifier(log).unwrap();
        let store = registry.store();
        let report = store.read_side_now(side, |reader| check_log(reader, log, &verifier)).unwrap().unwrap();
        assert!(report.sound(), "{log}: {:?}", report.findings);
        let entries = store.read_side_now(side, |reader| reader.entries(log, 0, report.size)).unwrap();
        assert_eq!(entries.len() as u64, report.size);
        // Every root that anyone was shown is the root of that many of today's entries.
        let mut shown = self.roots.get(log).cloned().unwrap_or_default();
        let mut tree = Tree::empty();
        for entry in &entries {
            tree.append(leaf_hash(entry));
            if let Some(root) = shown.remove(&tree.size()) {
                assert_eq!(
                    hex(tree.root().as_bytes()),
                    root,
                    "{log} was another tree at size {}",
                    tree.size()
                );
            }
        }
        assert!(shown.is_empty(), "{log} was shown at sizes it never reached: {shown:?}");
        if log == "access-main" {
            for (index, told) in &self.answered {
                let entry = entries.get(*index as usize);
                assert_eq!(entry, Some(&sha256(told)), "the entry of an answer is missing");
                let kept = store.read_access_now(|reader| reader.access_entry(log, *index)).unwrap();
                assert_eq!(kept.as_ref(), Some(told), "the sealed entry is not the one told");
            }
        } else {
            assert!(self.issued.values().all(|leaf| *leaf < report.size));
        }
    }
}
