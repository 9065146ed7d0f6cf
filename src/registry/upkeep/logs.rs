//! Serving the logs to outsiders (I10): checkpoints, tiles, proofs, verifier keys; and receipts by reference.
//!
//! Everything except [`Registry::receipt_of`] is public: leaves are hashes of salted entries. All of it
//! blocks and reads in one snapshot; call it from blocking code.

use serde::Serialize;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::proof::{self, ProofFault};
use crate::log::tile::{self, StoredNodes, TilePath};
use crate::log::{Hash, TreeReader, receipt};
use crate::policy::Actor;
use crate::record::access::LoggedAccess;
use crate::registry::Registry;
use crate::registry::base::names::{is_log_name, side_of};
use crate::rule::Rule;
use crate::store::{Reader, Side};

/// A log as outsiders see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct LogInfo {
    /// Its name.
    pub log: String,
    /// Its origin line.
    pub origin: String,
    /// The verifier key, as C2SP signed notes name it.
    pub verifier_key: String,
    /// Leaves now.
    pub size: u64,
    /// The time of the newest leaf.
    pub at: Moment,
    /// Whether it has its last checkpoint.
    pub closed: bool,
}

/// A leaf is in the tree of a checkpoint (RFC 6962 §2.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The leaf.
    pub index: u64,
    /// The entry at it.
    pub entry: [u8; 32],
    /// The size that the proof is for.
    pub size: u64,
    /// From leaf to root.
    pub proof: Vec<Hash>,
    /// The checkpoint of that size.
    pub checkpoint: String,
}

/// One tree of a log is the beginning of another (RFC 6962 §2.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// Leaves of the older tree.
    pub from: u64,
    /// Leaves of the newer tree.
    pub to: u64,
    /// The proof.
    pub proof: Vec<Hash>,
}

impl Registry {
    /// Every log of the registry, closed ones among them: their checkpoints stay good.
    pub fn logs(&self) -> Result<Vec<LogInfo>> {
        let mut infos = Vec::new();
        for side in [Side::Registry, Side::Access] {
            let heads = self.store().read_side_now(side, |reader| reader.heads())?;
            for head in heads.into_iter().filter(|head| side_of(&head.log) == side) {
                let verifier = self.log_verifier(&head.log)?;
                infos.push(LogInfo {
                    origin: verifier.origin().to_owned(),
                    verifier_key: verifier.to_string(),
                    size: head.size,
                    at: head.at,
                    closed: head.closed,
                    log: head.log,
                });
            }
        }
        Ok(infos)
    }

    /// The newest checkpoint of a log: a signed note.
    pub fn checkpoint(&self, log: &str) -> Result<String> {
        self.read_log(log, |_, head| Ok(head.note))
    }

    /// The file at a path of C2SP tlog-tiles: `tile/<level>/<index>[.p/<width>]`, `tile/entries/<index>[.p/<width>]`.
    /// `not_found` for any other path and beyond the end of the log.
    pub fn tile(&self, log: &str, path: &str) -> Result<Vec<u8>> {
        let path: TilePath = path.parse().map_err(|fault| {
            Error::new(Code::NotFound, "not a path of a tile").at("path").caused_by(fault)
        })?;
        let bytes = self.read_log(log, |reader, head| tile::read(reader, log, head.size, path))?;
        bytes.ok_or_else(|| Error::new(Code::NotFound, "the log does not reach that far"))
    }

    /// The proof that a leaf is in the log as it is now.
    pub fn inclusion_proof(&self, log: &str, index: u64) -> Result<Inclusion> {
        self.read_log(log, |reader, head| {
            if index >= head.size {
                return Err(Error::new(Code::NotFound, "the log does not reach that far").at("index"));
            }
            let proof = proof::inclusion(&mut StoredNodes::new(reader, log), index, head.size)
                .map_err(proof_error)?;
            let entry = reader.entries(log, index, index.saturating_add(1))?.pop().ok_or_else(damaged)?;
            Ok(Inclusion { index, entry, size: head.size, proof, checkpoint: head.note })
        })
    }

    /// The proof that the tree of `from` leaves is the beginning of the tree of `to`; if `to` is none, of the
    /// present tree.
    pub fn consistency_proof(&self, log: &str, from: u64, to: Option<u64>) -> Result<Consistency> {
        self.read_log(log, |reader, head| {
            let to = to.unwrap_or(head.size);
            if to > head.size {
                return Err(Error::new(Code::NotFound, "the log does not reach that far").at("to"));
            }
            let proof =
                proof::consistency(&mut StoredNodes::new(reader, log), from, to).map_err(proof_error)?;
            Ok(Consistency { from, to, proof })
        })
    }

    /// The receipt that an answer gave by reference: entry, proof for the log as it is now, checkpoint, as
    /// canonical JSON. Only for the actor of the access, and for an operator: a receipt holds the salt.
    pub fn receipt_of(&self, actor: &Actor, log: &str, index: u64) -> Result<String> {
        let nothing = || Error::new(Code::NotFound, "no access stands there").at("index");
        let (entry, proof, note) = self.read_log(log, |reader, head| {
            // A log of records has no accesses; beyond its end no log has any, however large the number.
            if side_of(log) != Side::Access || index >= head.size {
                return Err(nothing());
            }
            let entry = reader.access_entry(log, index)?.ok_or_else(nothing)?;
            let proof = proof::inclusion(&mut StoredNodes::new(reader, log), index, head.size)
                .map_err(proof_error)?;
            Ok((entry, proof, head.note))
        })?;
        let own = LoggedAccess::parse(&entry)
            .is_ok_and(|entry| entry.text("actor") == Some(actor.label().as_str()));
        if !own && !matches!(actor, Actor::Operator { .. }) {
            let detail = "a receipt is given to who made the access";
            return Err(Error::new(Code::Forbidden, detail).rule(Rule::NotOwnAccess));
        }
        Ok(receipt::write(log, index, &entry, proof, &note))
    }

    /// Reads a log and its head in one snapshot; `not_found` if there is none of that name.
    fn read_log<T>(
        &self,
        log: &str,
        f: impl FnOnce(&mut Reader<'_>, crate::log::Head) -> Result<T>,
    ) -> Result<T> {
        let missing = || Error::new(Code::NotFound, "there is no log of that name").at("log");
        if !is_log_name(log) {
            return Err(missing());
        }
        self.store().read_side_now(side_of(log), |reader| {
            let head = reader.head(log)?.ok_or_else(missing)?;
            f(reader, head)
        })
    }
}

fn damaged() -> Error {
    Error::new(Code::LogForked, "an entry or a tile of the log is missing")
}

fn proof_error<E: std::error::Error + Send + Sync + 'static>(fault: ProofFault<E>) -> Error {
    match fault {
        ProofFault::OutOfRange { .. } => Error::new(Code::NotFound, "the log does not reach that far"),
        ProofFault::Node(fault) => damaged().caused_by(fault),
    }
}
