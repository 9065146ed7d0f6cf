//! The findings of `fsck` and their places. A place names table, log and leaf, and a record by a short hash
//! of its random id: never a holder, a holder key, a number or an identifier (I3).

use std::fmt;

use serde::Serialize;

use crate::closed::closed;
use crate::record::Digest;
use crate::record::event::HolderAction;
use crate::rule::Rule;
use crate::store::{OlderRows, TableSize};

closed! {
    /// The kind of fault.
    FindingKind {
        SealBroken, "seal_broken", "密封损坏", "a seal does not hold: a byte of the row or of a clear column was changed";
        RowMissing, "row_missing", "记录行缺失", "a holder's row of a record, or a row whose number is due, is not there";
        RowOutdated, "row_outdated", "记录行陈旧", "a row is older than the newest event of its record";
        RowDiffers, "row_differs", "记录行不符", "a row is not what its events and its envelope say";
        VersionMissing, "version_missing", "历史版本缺失", "a superseded version is not there";
        DigestDiffers, "digest_differs", "原文摘要不符", "a row's digest is not that of its envelope";
        EnvelopeDiffers, "envelope_differs", "签名原文不符", "a stored envelope is not the one whose digest was logged";
        SignatureWrong, "signature_wrong", "签名无效", "a signature does not verify";
        EventMissing, "event_missing", "事件缺失", "a leaf, or a number in the order of events, has no event";
        EventDiffers, "event_differs", "事件不符", "an event is not the one at its leaf";
        OrderDiffers, "order_differs", "指令不符", "an order or ground is not the one whose digest was logged";
        KeyRowMissing, "key_row_missing", "索引行缺失", "a record is not found under its identifier, number or content";
        KeyRowWrong, "key_row_wrong", "索引行不符", "an identifier, number or content leads to the wrong record";
        AttachmentDamaged, "attachment_damaged", "附件损坏", "an attachment is gone, does not open, or is not what its row says";
        EntriesMissing, "entries_missing", "日志条目缺失", "entries of a log are missing";
        BatchBroken, "batch_broken", "日志批次不符", "a batch of a log has another length or place than it claims";
        TileWrong, "tile_wrong", "哈希块不符", "a tile is missing or not what its entries give";
        TreeWrong, "tree_wrong", "日志树不符", "the head of a log is not what its entries give";
        CheckpointWrong, "checkpoint_wrong", "检查点不符", "the checkpoint is not one of the tree that the entries give";
        LogWentBack, "log_went_back", "日志回退", "a log is not the one of which more was confirmed";
        AnchorsMissing, "anchors_missing", "锚点文件丢失", "the file of what was confirmed is missing, or is not the one the registry knows";
        AnchorsDamaged, "anchors_damaged", "锚点文件损坏", "the file of what was confirmed is not whole";
        AccessMissing, "access_missing", "用证记录缺失", "access entries are missing";
        AccessUnlisted, "access_unlisted", "用证记录未列入持证人名单", "an access does not stand on the list of its holder";
        AccessListWrong, "access_list_wrong", "持证人名单不符", "a line of a holder's list has no access, or the follower of the log is wrong about its place";
        AlarmMissing, "alarm_missing", "预警缺失", "an entry says that its asker was stopped, and there is no alarm for it";
        AccessDiffers, "access_differs", "用证记录不符", "an access entry is not the one at its leaf";
    }
}

/// One fault, and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub kind: FindingKind,
    /// The table.
    pub table: &'static str,
    /// The log, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// The leaf, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leaf: Option<u64>,
    /// The record: 12 hex digits of SHA-256 of its random id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// More, in words of the program only.
    pub detail: String,
}

impl Finding {
    /// Something wrong in a table.
    pub fn new(kind: FindingKind, table: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, table, log: None, leaf: None, record: None, detail: detail.into() }
    }

    /// … about that record.
    #[must_use]
    pub fn record(mut self, record_id: &[u8]) -> Self {
        self.record = Some(record_name(record_id));
        self
    }

    /// … in that log.
    #[must_use]
    pub fn log(mut self, log: &str) -> Self {
        self.log = Some(log.to_owned());
        self
    }

    /// … at that leaf of that log.
    #[must_use]
    pub fn at(mut self, log: &str, leaf: u64) -> Self {
        self.leaf = Some(leaf);
        self.log(log)
    }
}

/// The short name of a record in findings.
pub fn record_name(record_id: &[u8]) -> String {
    let mut name = Digest::of(&[record_id]).hex();
    name.truncate(12);
    name
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.kind.wire(), self.table)?;
        if let Some(log) = &self.log {
            write!(f, ", log {log}")?;
        }
        if let Some(leaf) = self.leaf {
            write!(f, " leaf {leaf}")?;
        }
        if let Some(record) = &self.record {
            write!(f, ", record {record}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

/// A log as `fsck` derived it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckedLog {
    /// Its name.
    pub log: String,
    /// Leaves at the time of the check.
    pub size: u64,
    /// The root derived from the entries, hex.
    pub root: String,
    /// Whether it is closed.
    pub closed: bool,
}

/// A mark or a link that stands, though no agency with authority over people, or none of the person's region, has
/// stated it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unauthorised {
    /// `mark` or `link`.
    pub action: HolderAction,
    /// The log of its event.
    pub log: String,
    /// The leaf.
    pub leaf: u64,
}

impl Unauthorised {
    /// At that leaf.
    pub fn at(action: HolderAction, log: &str, leaf: u64) -> Self {
        Self { action, log: log.to_owned(), leaf }
    }
}

/// A record on file whose identifier is not its own: it came in before that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForeignIdentifier {
    /// The record: 12 hex digits of SHA-256 of its random id.
    pub record: String,
    /// `identifier_of_type` or `identifier_of_issuer`.
    pub rule: Rule,
}

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Current rows.
    pub records: u64,
    /// Superseded rows.
    pub past_records: u64,
    /// Event rows of holders.
    pub events: u64,
    /// Public events.
    pub public_events: u64,
    /// Holder rows.
    pub holders: u64,
    /// Key rows.
    pub record_keys: u64,
    /// Access entries.
    pub access_entries: u64,
    /// Signatures that verified: of records, orders, public statements, closing counts of imports.
    pub signatures: u64,
    /// Attachments that are here and were opened.
    pub attachments: u64,
    /// Attachments that records name and nobody brought yet.
    pub attachments_missing: u64,
    /// Attachments that are here with another size or kind than a record says.
    pub attachments_differing: u64,
}

/// The result of the check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FsckReport {
    /// Whether every record's signature was verified strictly; false after a first pass in batches.
    pub strict: bool,
    /// Every log of both sides.
    pub logs: Vec<CheckedLog>,
    /// The number of things checked.
    pub counts: Counts,
    /// Rows of an older layout by table, which open and are no damage: `elicense migrate` seals them anew.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub older: Vec<OlderRows>,
    /// The faults, at most 1,000.
    pub findings: Vec<Finding>,
    /// How many findings more there were.
    pub more: u64,
    /// Marks and links that stand without authority. No damage: an agency that has the authority states them
    /// again, or takes them back.
    pub unauthorised: Vec<Unauthorised>,
    /// Marks and links of people whose household record on file lies outside the region of the agency that stated them: on
    /// a ground that it gave, or without a comparison since the record came later. No damage.
    pub outside_region: Vec<Unauthorised>,
    /// Marks and links that rest on a signature of a key that was revoked since before they were logged, or that is not
    /// known: of the order of an agency, or of the certificate that marked. No damage: an office that has the authority
    /// states them again, or takes them back.
    pub unfounded: Vec<Unauthorised>,
    /// Certificates that say something of a life and marked nobody, since they came in before their type told it: 12 hex
    /// digits each, as in findings; at most 1,000. No damage: `elicense holder catch-up` marks whom they speak of.
    pub unmarked: Vec<String>,
    /// Records whose end is proposed though the certificate that proposed it no longer stands: 12 hex digits each, at most
    /// 1,000. No damage: they stayed open before that was looked at, and their issuers decline them.
    pub left_proposals: Vec<String>,
    /// Records whose identifier belongs to another issuer or another type, at most 1,000. No damage: they verify as
    /// `undetermined` until their issuer replaces them.
    pub foreign_identifiers: Vec<ForeignIdentifier>,
    /// How many of them more there were, by row.
    pub more_foreign: u64,
    /// Rows and wide rows by table, where asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<Vec<TableSize>>,
}

/// The most findings that are kept; more are only counted.
const KEPT: usize = 1_000;

impl FsckReport {
    /// Whether nothing is wrong.
    pub fn sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Lists a record whose identifier is not its own, once.
    pub(super) fn list_foreign(&mut self, record_id: &[u8], rule: Rule) {
        let listed = ForeignIdentifier { record: record_name(record_id), rule };
        if self.foreign_identifiers.contains(&listed) {
            return;
        }
        match self.foreign_identifiers.len() < KEPT {
            true => self.foreign_identifiers.push(listed),
            false => self.more_foreign += 1,
        }
    }

    /// Lists a certificate that marked nobody, once.
    pub(super) fn list_unmarked(&mut self, record_id: &[u8]) {
        let name = record_name(record_id);
        if self.unmarked.len() < KEPT && !self.unmarked.contains(&name) {
            self.unmarked.push(name);
        }
    }

    /// Lists a record whose end nothing that stands proposes any more, once.
    pub(super) fn list_left(&mut self, record_id: &[u8]) {
        let name = record_name(record_id);
        if self.left_proposals.len() < KEPT && !self.left_proposals.contains(&name) {
            self.left_proposals.push(name);
        }
    }

    /// Adds a finding; the same one again (a record seen from two holders) counts once.
    pub(super) fn find(&mut self, finding: Finding) {
        if self.findings.contains(&finding) {
            return;
        }
        if self.findings.len() < KEPT { self.findings.push(finding) } else { self.more += 1 }
    }
}
