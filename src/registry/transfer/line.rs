//! The lines of an export. The first is `export`, then one `key` for each public key, one `record` for each
//! record, one `holder` for each holder that was marked or linked, one `coverage` for each statement in force, and `end`
//! with the counts: a file without it is incomplete. schema/bytes.md §10 has the signed parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error};
use crate::record::{Action, State};
use crate::rule::Rule;
use crate::store::{HolderState, Link, SettledBy};

/// One line.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// The origin of the export, and the checkpoint that the proofs lead to.
    Export {
        /// The layout's version: 2. Files of layout 1 have neither `earlier` nor `proposals`.
        v: u8,
        /// The registry's origin.
        origin: String,
        /// When.
        made_at: Moment,
        /// The issuer of the records; absent for records of all issuers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issuer: Option<String>,
        /// The logs of records: the present one, and those before it that were closed.
        logs: Vec<LogLine>,
    },
    /// A public key.
    Key(KeyLine),
    /// A record.
    Record(Box<RecordLine>),
    /// The marks and links of a holder.
    Holder(Box<HolderLife>),
    /// A coverage statement in force.
    Coverage(Box<CoverageLine>),
    /// A file that the record of the next line names.
    File(FileLine),
    /// The end.
    End {
        /// How many `record` lines there are.
        records: u64,
        /// How many events the `record`, `holder` and `coverage` lines hold.
        events: u64,
        /// The registry's signature (schema/bytes.md §10) over the counts and all signed lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        attested: Option<String>,
    },
}

/// A log of records as of the export.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogLine {
    /// Its name.
    pub log: String,
    /// Its checkpoint, a signed note.
    pub checkpoint: String,
    /// Its verifier key.
    pub verifier: String,
}

/// A public key of the registry that exported.
#[derive(Clone, Serialize, Deserialize)]
pub struct KeyLine {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// The agency's code, `registry` or `log:<name>`.
    pub owner: String,
    /// 32 bytes, base64url.
    pub public: String,
    /// From when on its signatures count no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_since: Option<Moment>,
    /// For the registry's own keys, one of which signs the lines, and for revoked ones: the event and order that
    /// state the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<EventLine>,
    /// Of a revocation that was moved: the events and orders that stated it before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<EventLine>,
}

/// A record with all its versions and events.
#[derive(Clone, Serialize, Deserialize)]
pub struct RecordLine {
    /// Type code.
    #[serde(rename = "type")]
    pub type_code: String,
    /// Issuer of the present version.
    pub issuer: String,
    /// Where the body is.
    pub custody: Custody,
    /// The present state.
    pub state: State,
    /// An objection is open.
    pub disputed: bool,
    /// The feed or instant the copy came with.
    pub as_of: Moment,
    /// First valid day of the present version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// Its last valid day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
    /// When the next review is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_due: Option<Day>,
    /// Oldest first; the last is the present one.
    pub versions: Vec<VersionLine>,
    /// For a directory entry, whose holders no envelope names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holders: Vec<HolderLine>,
    /// In the order of the log.
    pub events: Vec<EventLine>,
    /// Later checkpoints by log, if an event was logged after the one in the first line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checkpoints: BTreeMap<String, String>,
    /// Directory entries that gave way to it, oldest first: each a line of its own kind, that the signature covers too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<RecordLine>,
    /// Ends of it that rules proposed, open and settled, oldest first. The ground of one that was declined stands in its
    /// event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposals: Vec<ProposalLine>,
    /// The registry's signature (schema/bytes.md §10) over the line without this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<String>,
}

/// An end of a record that a rule proposed to its issuer.
#[derive(Clone, Serialize, Deserialize)]
pub struct ProposalLine {
    /// The issuer that decides.
    pub issuer: String,
    /// The action that is proposed.
    pub action: Action,
    /// Code of the type whose certificate proposes it.
    pub because: String,
    /// When it was proposed: of one record and one action no two have the same.
    pub at: Moment,
    /// When it was settled; none while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Moment>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<SettledBy>,
}

/// A holder that was marked or linked, with every event that led there.
#[derive(Clone, Serialize, Deserialize)]
pub struct HolderLife {
    /// Code type, 3 digits.
    pub code_type: String,
    /// The canonical code.
    pub code: String,
    /// The state of its life.
    pub state: HolderState,
    /// The links that stand. An event names the other end as a hash only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    /// In the order of the log.
    pub events: Vec<EventLine>,
    /// Later checkpoints by log, if an event was logged after the one in the first line.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub checkpoints: BTreeMap<String, String>,
    /// The registry's signature (schema/bytes.md §10) over the line without this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<String>,
}

/// A file that records name by its digest.
#[derive(Clone, Serialize, Deserialize)]
pub struct FileLine {
    /// SHA-256 of its content, lower-case hex.
    pub sha256: String,
    /// The content, base64url.
    pub content: String,
    /// The registry's signature (schema/bytes.md §10) over the line without this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<String>,
}

/// A coverage statement in force.
#[derive(Clone, Serialize, Deserialize)]
pub struct CoverageLine {
    /// The signed statement as compact JWS.
    pub statement: String,
    /// Its event.
    pub event: EventLine,
    /// The registry's signature (schema/bytes.md §10) over the line without this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attested: Option<String>,
}

/// One version.
#[derive(Clone, Serialize, Deserialize)]
pub struct VersionLine {
    /// From 1.
    pub version: i32,
    /// Its identifier.
    pub identifier: String,
    /// When its leaf was logged.
    pub logged_at: Moment,
    /// The signed bytes as compact JWS; absent for a directory entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<String>,
    /// Of an earlier version of a directory entry: what it said. The present one stands in the line itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listed: Option<ListedLine>,
}

/// What a directory entry said in one version.
#[derive(Clone, Serialize, Deserialize)]
pub struct ListedLine {
    /// Where the body was.
    pub custody: Custody,
    /// The age of the copy.
    pub as_of: Moment,
    /// First valid day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Day>,
    /// Last valid day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Day>,
    /// The holders, with the known facts.
    pub holders: Vec<HolderLine>,
}

/// One holder of a directory entry.
#[derive(Clone, Serialize, Deserialize)]
pub struct HolderLine {
    /// Code type, 3 digits.
    pub code_type: String,
    /// The canonical code.
    pub code: String,
    /// The role.
    pub role: String,
    /// The known facts of the certificate: name, office, number, note, day of issue.
    pub directory: Value,
}

/// One event with its order and proof.
#[derive(Clone, Serialize, Deserialize)]
pub struct EventLine {
    /// The event; its canonical form was hashed.
    pub event: Value,
    /// The order as compact JWS, if an authority gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The text of the ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Its log.
    pub log: String,
    /// Its leaf.
    pub leaf: u64,
    /// Inclusion under the checkpoint of its log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proof: Vec<String>,
}

/// The layout that is written. Layout 1 is read, too.
pub(in crate::registry) const LAYOUT: u8 = 2;

/// The refusal of a line, by the rule that it breaks.
pub(in crate::registry) fn refused(rule: Rule) -> Error {
    Error::new(Code::EnvelopeInvalid, "the line breaks a rule of exports").rule(rule)
}
