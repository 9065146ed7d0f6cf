//! The result of a lookup, as a value: pages, commands and further use cases read this, the API its bytes.
//!
//! It holds only the parts of the rows that the asker may see: a use case that shows it cannot show more.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::catalog::{Custody, TypeEntry};
use crate::clock::{Day, Moment};
use crate::identity::{CodeType, Remark};
use crate::log::{Hash, LogMark};
use crate::record::answer::{Answer, AnsweredRecord, Head as AnsweredHead};
use crate::record::extract::Extract;
use crate::record::{Digest, Judgement, Reason, State};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::SignedWith;
use crate::registry::holders::linked::Related;
use crate::registry::reading::lookup::absent::{AbsentType, Conclusion};
use crate::registry::reading::lookup::ask::Cursor;
use crate::store::HolderState;
use crate::trust::EnvelopeBuf;

/// An answered lookup. Its access is durable: there is no other way to get one (I2).
pub struct LookedUp {
    /// The found records, judged.
    pub judged: Judged,
    /// The access that it rests on, as far as its receipt goes out.
    pub receipt: HandedReceipt,
}

/// The found records as far as policy lets them out, each with its verdict.
pub struct Judged {
    /// The records, in the order of their types, under one code after the other.
    pub records: Vec<FoundRecord>,
    /// The types that were asked for and not found, each with its meaning.
    pub absent: Vec<AbsentType>,
    /// The holder.
    pub holder: FoundHolder,
    /// The head of the log of records before they were read: the answer is at least as new.
    pub head: LogMark,
    /// Where the next page begins; none where there is no more.
    pub next: Option<Cursor>,
    /// Records under linked numbers were left out, since those could not be charged; then no absence is told.
    pub withheld: Option<Withheld>,
}

/// One record as the asker may see it.
pub struct FoundRecord {
    /// Type code, as the row says or claims.
    pub type_code: String,
    /// The type; none where the catalog has lost it.
    pub entry: Option<Arc<TypeEntry>>,
    /// Verdict and reasons.
    pub judgement: Judgement,
    /// None if the row does not open: nothing more is known of it.
    pub opened: Option<OpenedRecord>,
    /// What of it is not shown, since another holder could not be charged.
    pub withheld: Option<Withheld>,
    /// The code under which it stands, where that is not the asked one, and why it is shown.
    pub linked: Option<Related>,
}

/// The content of a row that opened.
pub struct OpenedRecord {
    /// The identifier; none if it holds a number and the whole is not shown.
    pub identifier: Option<String>,
    /// From 1.
    pub version: u32,
    /// The issuing agency's code.
    pub issuer: String,
    /// Where the body is.
    pub custody: Custody,
    /// Its state.
    pub state: State,
    /// First valid day.
    pub valid_from: Option<Day>,
    /// Last valid day; none for 长期 and for types without an end.
    pub valid_to: Option<Day>,
    /// The feed or instant the copy came with.
    pub as_of: Moment,
    /// The log of its last event.
    pub log: String,
    /// The leaf there.
    pub leaf: u64,
    /// Its last event, and that leaf's inclusion under [`Judged::head`], if they were asked for.
    pub proof: Option<LeafProof>,
    /// The part of the body that goes out.
    pub body: ShownBody,
    /// Digest of that part, as the access entry covers it.
    pub(super) digest: Digest,
}

/// What an outsider needs to find a record in the log: the event makes the leaf, the path leads from it to the root.
pub struct LeafProof {
    /// The event in its canonical form, whose digest is the entry.
    pub event: Option<Vec<u8>>,
    /// From leaf to root.
    pub path: Vec<Hash>,
}

impl LeafProof {
    /// As it goes out. The event tells of order and ground by their hashes: like in a history, it goes out with the
    /// whole only.
    pub(super) fn shown(self, whole: bool) -> Self {
        Self { event: self.event.filter(|_| whole), path: self.path }
    }
}

/// The part of a record's body that goes out.
pub enum ShownBody {
    /// The whole, as it was signed.
    Envelope {
        /// The signed bytes.
        envelope: EnvelopeBuf,
        /// Whose key signed.
        signed_with: SignedWith,
    },
    /// The fields that policy lets out, vouched for by the registry.
    Extract(Box<Extract>),
    /// The body is not here: canonical JSON of its issuer's statement, as far as it may be seen; empty if
    /// there is none.
    Directory(Vec<u8>),
    /// Not shown: it names other holders, and the day's budget is spent.
    Withheld,
}

/// The holder as it was understood.
pub struct FoundHolder {
    /// The type under which the number was given.
    pub code_type: CodeType,
    /// The number, masked.
    pub masked: String,
    /// The state of its life; the worst under all its codes.
    pub state: HolderState,
    /// Further codes of the same holder that were looked up.
    pub linked_codes: u64,
    /// Who took over from it, and from whom it took over: shown, never followed.
    pub related: Vec<Related>,
    /// Further facts for the clerk: `holder_code_conflict`, `record_damaged`.
    pub notes: Vec<Reason>,
    /// How the number was read, where that is worth saying.
    pub remarks: Vec<Remark>,
}

impl Judged {
    /// The one conclusion where nothing may be shown and nothing is left out.
    pub fn conclusion(&self) -> Option<Conclusion> {
        let nothing = self.records.is_empty() && self.withheld.is_none();
        nothing.then(|| Conclusion::of(&self.absent)).flatten()
    }

    /// The digest that the access entry carries: the checkpoint's signature signs the answer with it.
    pub(super) fn digest(&self) -> Digest {
        let head = &self.head;
        let heads = [AnsweredHead { log: &head.log, root: Digest(head.root.0), size: head.size }];
        let records: Vec<AnsweredRecord<'_>> = self.records.iter().map(FoundRecord::answered).collect();
        let absent: Vec<(&str, &str)> =
            self.absent.iter().map(|one| (one.type_code.as_str(), one.absence.kind().wire())).collect();
        Answer { absent: &absent, heads: &heads, records: &records, standing: None }
            .digest(&mut Vec::with_capacity(1024))
    }
}

impl FoundRecord {
    /// The line of the answer list as JSON, in the order of `schema/bytes.md` §5.
    pub(in crate::registry) fn listed(&self) -> Value {
        let one = self.answered();
        json!([one.identifier, one.version, one.digest, one.judgement.verdict, one.judgement.reasons])
    }

    /// The line of the answer list. An identifier that is not shown is not in it either; otherwise nobody
    /// outside could rebuild the list.
    fn answered(&self) -> AnsweredRecord<'_> {
        let judgement = self.judgement;
        match &self.opened {
            None => AnsweredRecord { identifier: "", version: 0, digest: Digest([0; 32]), judgement },
            Some(opened) => AnsweredRecord {
                identifier: opened.identifier.as_deref().unwrap_or_default(),
                version: opened.version,
                digest: opened.digest,
                judgement,
            },
        }
    }
}
