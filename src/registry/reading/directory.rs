//! Everything on file for a holder, with its custody, without any body: the first page of a window or a
//! citizen.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::Custody;
use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::CodeType;
use crate::log::LogMark;
use crate::policy::{Actor, Decision, Scope};
use crate::record::access::Outcome;
use crate::record::answer::AnsweredRecord;
use crate::record::extract::DirectorySaid;
use crate::record::verdict::{Facts, NamedFiles, Seal};
use crate::record::{Digest, Judgement, Reason, Reasons, State, Verdict, json, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, CoHolder, Entry, Touched, answer_digest};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::asked::{
    AskedHolder, Purpose, ReceiptForm, check_purpose, check_unnamed, decided_by, right_of,
};
use crate::registry::base::receipt::HandedReceipt;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::life::Lives;
use crate::registry::reading::lookup::{Cursor, FoundHolder, FoundRow, Meeting, RelatedAnswer, Wanted};
use crate::registry::records::{judge, kept};
use crate::rule::Rule;
use crate::store::{HolderState, Opened, StoredRecord};
use crate::trust::{Envelope, IndexKey};

/// A list that is asked for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryAsk {
    /// Whose.
    pub holder: AskedHolder,
    /// What for.
    pub purpose: Purpose,
    /// Full receipt or reference.
    #[serde(default)]
    pub receipt: ReceiptForm,
    /// `next` of the page before; a page has at most 64 entries.
    #[serde(default)]
    pub after: Option<String>,
}

/// What exists for a holder.
#[derive(Clone, Serialize, ToSchema)]
pub struct DirectoryAnswer {
    /// The time of the access entry.
    pub at: Moment,
    /// The true time, where the log's is later: an earlier entry was written by a clock that ran ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub clock: Option<Moment>,
    /// Entries of the types that policy allows.
    pub entries: Vec<DirectoryLine>,
    /// The log of records, read before the entries: the answer is at least as new.
    pub head: LogMark,
    /// The holder as it was understood.
    pub holder: DirectoryHolder,
    /// Where there are more entries: what `after` of the next page says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<String>,
    /// The receipt of this access.
    pub receipt: HandedReceipt,
    /// `linked_numbers` where entries under linked numbers were left out, since the day's budget of holders is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub withheld: Option<Withheld>,
}

/// The holder of a list.
#[derive(Clone, Serialize, ToSchema)]
pub struct DirectoryHolder {
    /// The type under which the number was given.
    pub code_type: CodeType,
    /// Further codes of the same holder that were looked up.
    pub linked_codes: u64,
    /// The number, masked.
    pub masked: String,
    /// What must be known beside: `holder_code_conflict`, `record_damaged`.
    pub notes: Vec<Reason>,
    /// Who took over from it, and from whom it took over, with the code.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<RelatedAnswer>,
    /// What is known of its life.
    pub state: HolderState,
}

/// One line of the list: no face, and of what the issuer said only the office, the note and the day. One whose row
/// does not open has its type, verdict and reasons alone.
#[derive(Clone, Serialize, ToSchema)]
pub struct DirectoryLine {
    /// The feed or instant the copy came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub as_of: Option<Moment>,
    /// Where the body is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub custody: Option<Custody>,
    /// The same in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub custody_zh: Option<&'static str>,
    /// Identifier (GB/T 36904); left out where it holds a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub identifier: Option<String>,
    /// The day of issue, of an entry without a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issued_on: Option<Day>,
    /// The issuing agency's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issuer: Option<String>,
    /// The type's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name_en: Option<String>,
    /// The type's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub name_zh: Option<String>,
    /// What the issuer says beside, of an entry without a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<String>,
    /// The office that keeps it, of an entry without a body.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub office: Option<String>,
    /// Every reason, in the order of the list.
    #[schema(value_type = Vec<Reason>)]
    pub reasons: Reasons,
    /// The type's short name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub slug: Option<String>,
    /// The stored state.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<State>,
    /// Type code.
    #[serde(rename = "type")]
    pub type_code: String,
    /// Last valid day; left out where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub valid_to: Option<Day>,
    /// What the record is worth.
    pub verdict: Verdict,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    pub version: Option<u32>,
}

impl Registry {
    /// Lists everything on file for a holder under all its codes. Each entry of an allowed type has custody,
    /// state and verdict, and the office that keeps it if it is elsewhere. No face, no number, no envelope.
    ///
    /// # Errors
    /// `purpose_missing`; `holder_code_invalid`; `budget_spent`; `forbidden` (noted as an access) where no type is allowed.
    pub async fn directory(&self, actor: &Actor, ask: &DirectoryAsk) -> Result<DirectoryAnswer> {
        check_purpose(&ask.purpose)?;
        let holder = self.asked_holder(&ask.holder, "holder")?;
        check_unnamed(&ask.purpose, &holder.parsed.code)?;
        let after = ask.after.as_deref().map(str::parse).transpose()?;
        let permit = self.permit(actor, Scope::Lookup, &holder).await?;
        let (parsed, snapshot, access) = (holder.parsed, self.fresh_snapshot()?, self.access()?);
        let (today, person) = (self.now().day(), Some(parsed.code.code_type().is_person()));
        let entry = Entry::of(actor).purpose(&ask.purpose).in_force(&snapshot.catalog, today);
        let mut touched = Touched::one(&parsed.code, permit.holder());
        let meeting = Meeting { actor, permit: &permit, code: &parsed.code, purpose: &ask.purpose };
        let near = self.meet(meeting, &snapshot, (&entry, &touched)).await?;
        let right = right_of(&snapshot.catalog, actor, (&ask.purpose, person), today);
        let decided = |type_code: &str| decided_by(&snapshot.catalog, &permit, (&right, type_code));
        let decision = any(snapshot.catalog.types().iter().map(|entry| decided(&entry.def().code)));
        if let Some(reason) = decision.refusal() {
            let others = self.other_numbers(&ask.purpose, &touched).await?;
            self.refused(actor, &entry.beside(&others), touched, reason).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this list").rule(reason));
        }
        let found =
            self.scan(&snapshot, &permit, &parsed.code, Wanted { after, ..Wanted::default() }).await?;
        self.watch(&permit, Some(&parsed.code), found.rows.is_empty());
        self.meet_found(meeting, (&near, &found), (&entry, &touched)).await?;
        let (index, now) = (self.store().vault().index(), self.now());
        let lister = Lister { snapshot: &snapshot, lives: &found.lives, index, now };
        let (mut entries, mut joint, mut withheld) = (Vec::with_capacity(found.rows.len()), Vec::new(), None);
        let charge = |other| self.guard().may_show(&permit, other, lister.now);
        found.touch(&mut touched, charge);
        let (beside, left_out) = found.beside(&mut touched, charge);
        for row in found.rows.iter().filter(|row| decided(row.type_code()).refusal().is_none()) {
            if row.is_left_out(&near, index) || !charge(row.key) {
                let alone = near.leaves_some_out();
                withheld = Some(if alone { Withheld::NotAlone } else { Withheld::LinkedNumbers });
                continue;
            }
            entries.push(lister.line(row)?);
            joint.extend(lister.co_holders(row));
            if let Opened::Record(record) = &row.opened {
                touched.found_under(&record.body.holder.0, &record.body.holder.1, record.hk);
            }
        }
        touched.also(&joint);
        self.tell_met(actor, &near).await?;
        let listed = entries.iter().map(DirectoryLine::answered).collect::<Result<Vec<_>>>()?;
        let outcome = if entries.is_empty() { Outcome::NothingOnFile } else { Outcome::Listed };
        let came_to = CameTo::shown(outcome, decision.reason(), answer_digest(Some(&found.head), &listed));
        self.still_allowed(actor, &snapshot, Some(&ask.purpose)).await?;
        let accepted = entry.note(&access, touched, came_to).await?;
        Ok(DirectoryAnswer {
            at: accepted.at,
            clock: accepted.clock_behind(),
            entries,
            holder: FoundHolder { related: beside, ..found.holder(&parsed) }.into(),
            next: found.next.as_ref().map(Cursor::to_string),
            head: found.head,
            receipt: HandedReceipt { accepted, form: ask.receipt },
            withheld: withheld.or(left_out),
        })
    }
}

/// The first decision that allows; if none does, the first.
fn any(decisions: impl Iterator<Item = Decision>) -> Decision {
    let mut first = None;
    for decision in decisions {
        if decision.refusal().is_none() {
            return decision;
        }
        first = first.or(Some(decision));
    }
    first.unwrap_or(Decision::Refused { reason: Rule::TypeNotGranted })
}

/// The basis of the list.
struct Lister<'a> {
    snapshot: &'a Snapshot,
    lives: &'a Lives,
    index: &'a IndexKey,
    now: Moment,
}

impl Lister<'_> {
    fn line(&self, row: &FoundRow) -> Result<DirectoryLine> {
        match &row.opened {
            Opened::Record(record) => self.opened(record, row.files),
            Opened::Damaged { type_code, .. } => {
                let damaged = Facts { seal: Seal::Damaged, ..Facts::good(State::Active) };
                Ok(DirectoryLine::bare(type_code, verdict(&damaged, self.now.day(), self.now)))
            }
        }
    }

    fn opened(&self, record: &StoredRecord, files: NamedFiles) -> Result<DirectoryLine> {
        let envelope = Envelope::parse_stored(&record.body.envelope).ok();
        let facts = judge::facts(self.snapshot, record, envelope.as_ref(), self.lives.of(record), self.now);
        let facts = Facts { files, ..facts };
        let judgement = verdict(&facts, self.now.day(), self.now);
        let def = self.snapshot.catalog.type_of(&record.type_code).map(|entry| entry.def());
        let said: DirectorySaid = serde_json::from_slice(&record.body.directory).unwrap_or_default();
        Ok(DirectoryLine {
            as_of: Some(record.as_of),
            custody: Some(record.custody),
            custody_zh: Some(record.custody.zh()),
            identifier: record.identifier.clone(),
            issued_on: said.issued_on,
            issuer: Some(record.issuer.clone()),
            name_en: def.map(|def| def.name.en.clone()),
            name_zh: def.map(|def| def.name.zh.clone()),
            note: said.note,
            office: said.office,
            slug: def.map(|def| def.slug.clone()),
            state: Some(record.state),
            valid_to: record.valid_to,
            version: Some(u32::try_from(record.version).map_err(Error::internal)?),
            ..DirectoryLine::bare(&record.type_code, judgement)
        })
    }

    /// The holders on whose lists the line stands too.
    fn co_holders(&self, row: &FoundRow) -> Vec<CoHolder> {
        let mut keys = row.holders.clone();
        if let Opened::Record(record) = &row.opened
            && kept::is_joint(self.snapshot, &record.type_code)
        {
            keys.extend(kept::signed_holders(self.index, record));
        }
        keys
    }
}

impl DirectoryLine {
    /// The facts about any row.
    fn bare(type_code: &str, judgement: Judgement) -> Self {
        Self {
            as_of: None,
            custody: None,
            custody_zh: None,
            identifier: None,
            issued_on: None,
            issuer: None,
            name_en: None,
            name_zh: None,
            note: None,
            office: None,
            reasons: judgement.reasons,
            slug: None,
            state: None,
            type_code: type_code.to_owned(),
            valid_to: None,
            verdict: judgement.verdict,
            version: None,
        }
    }

    /// The line of the answer list. A secret identifier is left out here, as in the list itself.
    fn answered(&self) -> Result<AnsweredRecord<'_>> {
        let mut bytes = Vec::with_capacity(512);
        // The members stand in canonical order.
        json::write(self, &mut bytes).map_err(Error::internal)?;
        Ok(AnsweredRecord {
            identifier: self.identifier.as_deref().unwrap_or_default(),
            version: self.version.unwrap_or(0),
            digest: Digest::of(&[&bytes]),
            judgement: Judgement { verdict: self.verdict, reasons: self.reasons },
        })
    }
}

impl From<FoundHolder> for DirectoryHolder {
    fn from(found: FoundHolder) -> Self {
        let FoundHolder { code_type, masked, state, linked_codes, notes, related, remarks: _ } = found;
        let related = related.iter().map(|related| RelatedAnswer::of(related, true)).collect();
        Self { code_type, linked_codes, masked, notes, related, state }
    }
}
