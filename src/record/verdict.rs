//! The verdict (I5): one function for every path, three values, all reasons.
//!
//! All code that judges a record — lookup, verification, application, page, command — fills [`Facts`] and
//! calls [`verdict`]. A fault of ours or of a source is never `invalid`: it is `undetermined`.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeSeq as _};

use super::payload::Custody;
use super::state::State;
use crate::clock::{Day, Moment};
use crate::closed::closed;

closed! {
    /// The three answers to "does this hold?".
    Verdict {
        Valid, "valid", "有效", "valid";
        Invalid, "invalid", "无效", "invalid";
        Undetermined, "undetermined", "暂无法核验", "cannot be determined now";
    }
}

/// Without a decision the answer is this one and no other (I5).
impl Default for Verdict {
    fn default() -> Self {
        Self::Undetermined
    }
}

closed! {
    /// The reasons for a verdict; the closed list.
    Reason {
        SignatureMismatch, "signature_mismatch", "签名不符", "the signature does not fit the bytes";
        KeyUnknown, "key_unknown", "签名密钥未登记", "the signing key is not known";
        KeyRevoked, "key_revoked", "签名密钥已吊销", "the signing key was revoked before it was used";
        IssuerNotAuthorised, "issuer_not_authorised", "发证机构无此权限", "the issuer had no authority for this type, region and day";
        NotLogged, "not_logged", "未入日志", "no log holds it";
        LogInconsistent, "log_inconsistent", "日志不一致", "the log's proof does not hold";
        Superseded, "superseded", "已有新版本", "a newer version stands in its place";
        Suspended, "suspended", "已暂扣", "suspended";
        Annulled, "annulled", "已撤销", "annulled: void from the start";
        Cancelled, "cancelled", "已注销", "cancelled";
        Lapsed, "lapsed", "已失效", "lapsed";
        Revoked, "revoked", "已吊销", "revoked";
        Transferred, "transferred", "已转出", "transferred to another registry";
        Withdrawn, "withdrawn", "已撤回", "withdrawn";
        Expired, "expired", "已过有效期", "its last valid day has passed";
        NotYetValid, "not_yet_valid", "尚未生效", "its first valid day has not come";
        ReviewOverdue, "review_overdue", "逾期未年检", "the review that was due is missing";
        HolderDeceased, "holder_deceased", "持证人已故", "the holder has died";
        HolderDissolved, "holder_dissolved", "持证组织已终止", "the organisation that holds it has ended";
        FaceMismatch, "face_mismatch", "照面信息不符", "the face shown is not the face signed";
        CopyOutOfScope, "copy_out_of_scope", "加注件超出用途或期限", "the copy is used for another purpose or after its date";
        TypeUnknown, "type_unknown", "证照类型未登记", "the type is not known";
        Malformed, "malformed", "格式不符", "the envelope breaks a rule of its layout";
        SourceUnreachable, "source_unreachable", "来源系统未应答", "the system that keeps the body did not answer";
        FeedLate, "feed_late", "数据更新逾期", "the source's feed is late";
        CopyStale, "copy_stale", "副本过旧", "the copy here is older than the type allows";
        NotCovered, "not_covered", "不在归集范围内", "outside what the stock here is stated to contain";
        DeathReported, "death_reported", "有死亡报告，待核实", "one source reported a death; not confirmed";
        DateAfterEnd, "date_after_end", "所载日期晚于持证人死亡或终止日期，待核实", "it tells of a day after the confirmed death or the end of a holder";
        HolderDeregistered, "holder_deregistered", "持证人户口已注销，待核实", "the holder's number was struck off the household register";
        StatusUnavailable, "status_unavailable", "状态暂不可查", "the state cannot be read";
        CheckpointStale, "checkpoint_stale", "日志检查点过旧", "the newest checkpoint is too old";
        RecordDamaged, "record_damaged", "数据损坏", "the stored bytes do not open";
        HolderCodeConflict, "holder_code_conflict", "主体代码冲突", "another full code stands under the same key";
        IdentifierForeign, "identifier_foreign", "标识不属于该发证机构或该类证照", "the identifier belongs to another issuer or another type";
        AttachmentPending, "attachment_pending", "附件尚未到库", "a file that the record names is not here yet";
        AttachmentDiffers, "attachment_differs", "附件与证照所载大小或类型不符", "a file that the record names has another size or kind than the record says";
        Disputed, "disputed", "有异议，处理中", "an error report is open";
        CourtDivorcesNotCovered, "court_divorces_not_covered", "法院离婚未接入，仅证明登记，不证明现状", "divorces by courts are not connected: it proves the registration, not the present state";
        SpouseDeceased, "spouse_deceased", "一方已故，婚姻关系已因死亡终止", "one of the two has died: it proves the registration, and the marriage ended with the death";
        StatusNoted, "status_noted", "照面状态栏有限制性记载，请查看", "the status on the face restricts it: read it";
        StatusOutdated, "status_outdated", "照面所载状态已变更，以核验结果为准", "the state has changed since the face was signed: this verdict counts";
        FieldsLimited, "fields_limited", "仅显示授权字段", "only the allowed fields are shown";
    }
}

/// The effect of a reason on the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonClass {
    /// It makes the verdict `invalid`.
    Invalid,
    /// It makes it `undetermined`, unless something else makes it invalid.
    Undetermined,
    /// It stands beside any verdict.
    Note,
}

impl Reason {
    /// The class. `key_unknown` and `type_unknown` are [`ReasonClass::Undetermined`] where the verifier's lists are
    /// older than the envelope; see [`Facts::lists_older`].
    pub const fn class(self) -> ReasonClass {
        match self {
            Self::Disputed
            | Self::CourtDivorcesNotCovered
            | Self::SpouseDeceased
            | Self::StatusNoted
            | Self::StatusOutdated
            | Self::FieldsLimited => ReasonClass::Note,
            Self::SourceUnreachable
            | Self::FeedLate
            | Self::CopyStale
            | Self::NotCovered
            | Self::DeathReported
            | Self::DateAfterEnd
            | Self::HolderDeregistered
            | Self::StatusUnavailable
            | Self::CheckpointStale
            | Self::RecordDamaged
            | Self::HolderCodeConflict
            | Self::IdentifierForeign
            | Self::AttachmentPending
            | Self::AttachmentDiffers => ReasonClass::Undetermined,
            Self::SignatureMismatch
            | Self::KeyUnknown
            | Self::KeyRevoked
            | Self::IssuerNotAuthorised
            | Self::NotLogged
            | Self::LogInconsistent
            | Self::Superseded
            | Self::Suspended
            | Self::Annulled
            | Self::Cancelled
            | Self::Lapsed
            | Self::Revoked
            | Self::Transferred
            | Self::Withdrawn
            | Self::Expired
            | Self::NotYetValid
            | Self::ReviewOverdue
            | Self::HolderDeceased
            | Self::HolderDissolved
            | Self::FaceMismatch
            | Self::CopyOutOfScope
            | Self::TypeUnknown
            | Self::Malformed => ReasonClass::Invalid,
        }
    }

    const fn bit(self) -> u64 {
        1 << self as u64
    }
}

const INVALID: u64 = mask(ReasonClass::Invalid);
const UNDETERMINED: u64 = mask(ReasonClass::Undetermined);

const fn mask(class: ReasonClass) -> u64 {
    let mut all = Reason::ALL;
    let mut bits = 0;
    while let [reason, rest @ ..] = all {
        if reason.class() as u8 == class as u8 {
            bits |= reason.bit();
        }
        all = rest;
    }
    bits
}

/// A set of reasons, one machine word; iterates in the order of the closed list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Reasons(u64);

impl Reasons {
    /// No reason.
    pub const NONE: Self = Self(0);

    /// The set with one more.
    #[must_use]
    pub const fn with(self, reason: Reason) -> Self {
        Self(self.0 | reason.bit())
    }

    /// Adds the reason if the condition holds.
    pub const fn add_if(&mut self, condition: bool, reason: Reason) {
        self.0 |= reason.bit() * condition as u64;
    }

    /// Whether the reason is in the set.
    pub const fn has(self, reason: Reason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The reasons in the order of the closed list.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL.iter().copied().filter(move |reason| self.has(*reason))
    }
}

impl FromIterator<Reason> for Reasons {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        reasons.into_iter().fold(Self::NONE, Self::with)
    }
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(Reason::wire)).finish()
    }
}

impl Serialize for Reasons {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(usize::try_from(self.len()).ok())?;
        for reason in self.iter() {
            list.serialize_element(reason.wire())?;
        }
        list.end()
    }
}

/// Whether the stored row opened under its seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// It did, so its clear columns are as written.
    Opened,
    /// It did not: nothing in the row can be believed.
    Damaged,
}

/// The files that a record names, against what is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedFiles {
    /// One was not brought yet.
    pub pending: bool,
    /// One has another size or kind than the record says.
    pub differ: bool,
}

impl NamedFiles {
    /// All are here and as the record says, or it names none.
    pub const FIT: Self = Self { pending: false, differ: false };
}

/// The standing of the signing key at the moment the leaf was logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStanding {
    /// Good, for this type, region and moment.
    Authorised,
    /// Not on the list of keys.
    Unknown,
    /// Revoked before the leaf was logged.
    Revoked,
    /// Good, but its agency had no authority for this type, region and day.
    IssuerNotAuthorised,
}

/// The standing of the leaf in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogStanding {
    /// Under a checkpoint that is fresh enough.
    Logged,
    /// In no log.
    NotLogged,
    /// The proof does not hold.
    Inconsistent,
    /// The newest checkpoint is too old to tell.
    CheckpointStale,
}

/// The facts about the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HolderStanding {
    /// Nothing against it.
    Normal,
    /// Death confirmed by household deregistration, a court, or the issuer.
    Deceased,
    /// Death reported by one other source.
    DeathReported,
    /// Struck off the household register: emigration, or a second number. Its issuer says what still holds.
    Deregistered,
    /// The organisation has ended.
    Dissolved,
    /// The row about it does not open: it may say anything.
    Unreadable,
}

/// How the days that a record tells of lie to the ends of its holders, of which its type may ask for several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DaysStanding {
    /// None lies after an end.
    Within,
    /// One lies after the confirmed death of a holder, or the end of an organisation.
    AfterEnd,
    /// Of one of these holders it is not known whether it has ended: a row does not open, or was not read.
    Unknown,
}

/// All the facts of a verdict. [`Facts::good`] is a record without any fault; set the differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Whether the row opened.
    pub seal: Seal,
    /// The envelope keeps every rule of its layout.
    pub well_formed: bool,
    /// Whether the signature fits; none if this path relies on the check at entry.
    pub signature: Option<bool>,
    /// The signing key when the leaf was logged.
    pub key: KeyStanding,
    /// The type is in the catalog.
    pub type_known: bool,
    /// The verifier's lists of keys and types are older than the envelope, so a missing entry is not a fault.
    pub lists_older: bool,
    /// The leaf.
    pub log: LogStanding,
    /// The stored state; none where it cannot be read.
    pub state: Option<State>,
    /// A newer version stands in its place.
    pub superseded: bool,
    /// First valid day.
    pub valid_from: Option<Day>,
    /// Last valid day; none for 长期 or no end.
    pub valid_to: Option<Day>,
    /// The last day for the next review (年检).
    pub review_due: Option<Day>,
    /// The holder.
    pub holder: HolderStanding,
    /// The days that it tells of, beside the ends of its holders.
    pub days: DaysStanding,
    /// Rows of another full code stand under the same key.
    pub holder_code_conflict: bool,
    /// The identifier's type or issuer part is not the record's own. Nothing is taken in so; what is on file came before
    /// that was looked at, so that it is a fault of ours.
    pub identifier_foreign: bool,
    /// The files that the record names.
    pub files: NamedFiles,
    /// Where the body is.
    pub custody: Custody,
    /// For a body kept elsewhere: its keeper answered.
    pub source_answered: bool,
    /// The feed the copy came with; none if the record was made here.
    pub as_of: Option<Moment>,
    /// Greatest age of a copy in seconds, if the type sets one.
    pub max_staleness_s: Option<i64>,
    /// The source's feed has missed its date.
    pub feed_late: bool,
    /// The question lies within a coverage statement.
    pub covered: bool,
    /// A divorce by a court may have ended it, of which no source here tells.
    pub court_divorces_unseen: bool,
    /// Of a marriage: the death of one of the two is confirmed.
    pub spouse_deceased: bool,
    /// The status that the face prints restricts it.
    pub status_noted: bool,
    /// The state that the face prints, where its type has a status.
    pub status_printed: Option<State>,
    /// An error report is open.
    pub disputed: bool,
    /// Only an extract goes out.
    pub fields_limited: bool,
    /// A face was shown beside the record, and it differs.
    pub face_mismatch: bool,
    /// An annotated copy is used for another purpose or after its date.
    pub copy_out_of_scope: bool,
}

impl Facts {
    /// A hosted record in the given state with nothing against it.
    pub const fn good(state: State) -> Self {
        Self {
            seal: Seal::Opened,
            well_formed: true,
            signature: None,
            key: KeyStanding::Authorised,
            type_known: true,
            lists_older: false,
            log: LogStanding::Logged,
            state: Some(state),
            superseded: false,
            valid_from: None,
            valid_to: None,
            review_due: None,
            holder: HolderStanding::Normal,
            days: DaysStanding::Within,
            holder_code_conflict: false,
            identifier_foreign: false,
            files: NamedFiles::FIT,
            custody: Custody::Hosted,
            source_answered: true,
            as_of: None,
            max_staleness_s: None,
            feed_late: false,
            covered: true,
            court_divorces_unseen: false,
            spouse_deceased: false,
            status_noted: false,
            status_printed: None,
            disputed: false,
            fields_limited: false,
            face_mismatch: false,
            copy_out_of_scope: false,
        }
    }
}

/// A verdict with all its reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// The answer.
    pub verdict: Verdict,
    /// All reasons, notes included.
    pub reasons: Reasons,
}

/// Judges a record: dates on the legal day `on`, freshness at the instant `at`.
///
/// Any invalid reason makes it `invalid`; else any undetermined one `undetermined`; else it is `valid`. A row
/// that does not open is `record_damaged` and nothing else: its columns cannot be believed either way.
pub fn verdict(facts: &Facts, on: Day, at: Moment) -> Judgement {
    if facts.seal == Seal::Damaged {
        return Judgement {
            verdict: Verdict::Undetermined,
            reasons: Reasons::NONE.with(Reason::RecordDamaged),
        };
    }
    let mut found = standings(facts);
    add_terms(&mut found, facts, on, at);

    const BY_LIST: u64 = Reason::KeyUnknown.bit() | Reason::TypeUnknown.bit();
    let excused = if facts.lists_older { BY_LIST } else { 0 };
    let verdict = if found.0 & INVALID & !excused != 0 {
        Verdict::Invalid
    } else if found.0 & (UNDETERMINED | excused) != 0 {
        Verdict::Undetermined
    } else {
        Verdict::Valid
    };
    Judgement { verdict, reasons: found }
}

/// The reasons from signature, key, log, state, holder and custody.
fn standings(facts: &Facts) -> Reasons {
    let mut found = Reasons::NONE;
    found.add_if(facts.signature == Some(false), Reason::SignatureMismatch);
    match facts.key {
        KeyStanding::Authorised => {}
        KeyStanding::Unknown => found = found.with(Reason::KeyUnknown),
        KeyStanding::Revoked => found = found.with(Reason::KeyRevoked),
        KeyStanding::IssuerNotAuthorised => found = found.with(Reason::IssuerNotAuthorised),
    }
    match facts.log {
        LogStanding::Logged => {}
        LogStanding::NotLogged => found = found.with(Reason::NotLogged),
        LogStanding::Inconsistent => found = found.with(Reason::LogInconsistent),
        LogStanding::CheckpointStale => found = found.with(Reason::CheckpointStale),
    }
    match facts.state.map(State::reason) {
        None => found = found.with(Reason::StatusUnavailable),
        Some(None) => {}
        Some(Some(reason)) => found = found.with(reason),
    }
    match facts.holder {
        HolderStanding::Normal => {}
        HolderStanding::Deceased => found = found.with(Reason::HolderDeceased),
        HolderStanding::DeathReported => found = found.with(Reason::DeathReported),
        HolderStanding::Deregistered => found = found.with(Reason::HolderDeregistered),
        HolderStanding::Dissolved => found = found.with(Reason::HolderDissolved),
        HolderStanding::Unreadable => found = found.with(Reason::StatusUnavailable),
    }
    match facts.days {
        DaysStanding::Within => {}
        DaysStanding::AfterEnd => found = found.with(Reason::DateAfterEnd),
        DaysStanding::Unknown => found = found.with(Reason::StatusUnavailable),
    }
    match facts.custody {
        Custody::Hosted => {}
        // It is known to exist, but there are no bytes to check.
        Custody::Paper => found = found.with(Reason::StatusUnavailable),
        Custody::AtIssuer | Custody::Elsewhere => {
            found.add_if(!facts.source_answered, Reason::SourceUnreachable);
        }
    }
    found
}

/// The reasons from dates, lists and marks.
fn add_terms(found: &mut Reasons, facts: &Facts, on: Day, at: Moment) {
    let stale = match (facts.as_of, facts.max_staleness_s) {
        (Some(as_of), Some(limit)) => as_of.plus_seconds(limit) < at,
        _ => false,
    };
    found.add_if(stale, Reason::CopyStale);
    found.add_if(!facts.well_formed, Reason::Malformed);
    found.add_if(!facts.type_known, Reason::TypeUnknown);
    found.add_if(facts.superseded, Reason::Superseded);
    found.add_if(facts.valid_from.is_some_and(|first| on < first), Reason::NotYetValid);
    found.add_if(facts.valid_to.is_some_and(|last| last < on), Reason::Expired);
    found.add_if(facts.review_due.is_some_and(|due| due < on), Reason::ReviewOverdue);
    found.add_if(facts.holder_code_conflict, Reason::HolderCodeConflict);
    found.add_if(facts.identifier_foreign, Reason::IdentifierForeign);
    found.add_if(facts.files.pending, Reason::AttachmentPending);
    found.add_if(facts.files.differ, Reason::AttachmentDiffers);
    found.add_if(facts.feed_late, Reason::FeedLate);
    found.add_if(!facts.covered, Reason::NotCovered);
    found.add_if(facts.face_mismatch, Reason::FaceMismatch);
    found.add_if(facts.copy_out_of_scope, Reason::CopyOutOfScope);
    let stands = matches!(facts.state, Some(State::Active | State::Suspended));
    found.add_if(facts.court_divorces_unseen && stands, Reason::CourtDivorcesNotCovered);
    found.add_if(facts.spouse_deceased && stands, Reason::SpouseDeceased);
    found.add_if(facts.status_noted && stands, Reason::StatusNoted);
    let other = facts.status_printed.zip(facts.state).is_some_and(|(printed, state)| printed != state);
    found.add_if(other, Reason::StatusOutdated);
    found.add_if(facts.disputed, Reason::Disputed);
    found.add_if(facts.fields_limited, Reason::FieldsLimited);
}

impl State {
    /// The reason with which a record in this state is invalid; none for an active one.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Active => None,
            Self::Suspended => Some(Reason::Suspended),
            Self::Annulled => Some(Reason::Annulled),
            Self::Cancelled => Some(Reason::Cancelled),
            Self::Lapsed => Some(Reason::Lapsed),
            Self::Transferred => Some(Reason::Transferred),
            Self::Revoked => Some(Reason::Revoked),
            Self::Withdrawn => Some(Reason::Withdrawn),
        }
    }
}

#[cfg(test)]
mod tests;
