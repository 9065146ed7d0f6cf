//! What exists for a holder, with its custody, without any body: the first page of a window or a citizen.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::{Code, Error, Result};
use crate::log::{Head, TreeReader};
use crate::policy::{Actor, Decision, Scope, decide};
use crate::record::access::Outcome;
use crate::record::answer::AnsweredRecord;
use crate::record::verdict::{Facts, Seal};
use crate::record::{Digest, Judgement, Reason, State, canonical, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, CoHolder, Entry, Touched, answer_digest, receipt_value};
use crate::registry::base::asked::{AskedHolder, Purpose, ReceiptForm, check_purpose};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::life::Lives;
use crate::registry::holders::linked;
use crate::registry::reading::here::head_json;
use crate::registry::reading::history::Shown;
use crate::registry::records::{judge, kept};
use crate::rule::Rule;
use crate::store::{Cost, HolderState, Opened, StoredRecord};
use crate::trust::EnvelopeBuf;

/// A list that is asked for.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectoryAsk {
    /// Whose.
    pub holder: AskedHolder,
    /// What for.
    pub purpose: Purpose,
    /// Full receipt or reference.
    #[serde(default)]
    pub receipt: ReceiptForm,
}

/// What one snapshot of the database had.
struct Listed {
    head: Head,
    /// Each with all its holders, where it is joint.
    rows: Vec<(Opened, Vec<CoHolder>)>,
    state: HolderState,
    lives: Lives,
    /// A row about the holder does not open.
    holder_damaged: bool,
    linked: usize,
    conflict: bool,
}

impl Registry {
    /// Lists what exists for a holder under all its codes: types that policy allows, each with custody, state,
    /// verdict, and for what is elsewhere the office that keeps it. No face, no number, no envelope.
    ///
    /// # Errors
    /// `purpose_missing`; `holder_code_invalid`; `forbidden` (noted as an access) where no type is allowed.
    pub async fn directory(&self, actor: &Actor, ask: &DirectoryAsk) -> Result<Shown> {
        check_purpose(&ask.purpose)?;
        let (parsed, key) = self.asked_holder(&ask.holder, "holder")?;
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        let item = Some(ask.purpose.item.as_str());
        let entry = Entry::of(actor).purpose(&ask.purpose);
        let types = snapshot.catalog.types();
        let decisions: Vec<Decision> =
            types.iter().map(|entry| decide(actor, Scope::Lookup, &entry.def().code, item)).collect();
        let allowed = decisions.iter().find(|decision| decision.refusal().is_none());
        let mut touched = Touched::one(&parsed.code, key);
        let Some(decision) = allowed.map(Decision::reason) else {
            let reason = decisions.iter().find_map(Decision::refusal).unwrap_or(Rule::TypeNotGranted);
            entry.note(&access, touched, CameTo::refused(reason)).await?;
            return Err(Error::new(Code::Forbidden, "policy has no grant for this list").rule(reason));
        };
        let (held, credit_code) = (snapshot.clone(), parsed.code.credit_code().map(str::to_owned));
        let found = self.store().read(Cost::Point, move |reader| {
            let missing = || Error::new(Code::NotInitialised, "the log of records is missing");
            let head = TreeReader::head(reader, &held.records_log)?.ok_or_else(missing)?;
            let linked = linked::linked(reader, key, credit_code)?;
            let (mut rows, mut conflict) = (Vec::new(), false);
            for (key, credit_code) in &linked.keys {
                for row in reader.records_of(key)? {
                    if linked::other_code(&row, credit_code.as_deref()) {
                        conflict = true;
                    } else {
                        let holders = match &row {
                            Opened::Record(record) => kept::joint_holders(reader, &held, record)?,
                            Opened::Damaged { .. } => Vec::new(),
                        };
                        rows.push((row, holders));
                    }
                }
            }
            let lives = Lives::read(reader, &held, &linked, rows.iter().map(|(row, _)| row))?;
            let (state, holder_damaged) = (linked.state, linked.damaged);
            Ok(Listed { head, rows, state, lives, holder_damaged, linked: linked.keys.len() - 1, conflict })
        });
        let found = found.await?;
        let now = self.now();
        let (mut entries, mut listed, mut shown) = (Vec::new(), Vec::new(), Vec::new());
        for (row, holders) in &found.rows {
            let type_code = match row {
                Opened::Record(row) => &row.type_code,
                Opened::Damaged { type_code, .. } => type_code,
            };
            if decide(actor, Scope::Lookup, type_code, item).refusal().is_some() {
                continue;
            }
            let (value, identifier, version, judgement) = match row {
                Opened::Record(row) => {
                    let envelope = EnvelopeBuf::from_stored(row.body.envelope.clone()).ok();
                    let view = envelope.as_ref().map(EnvelopeBuf::view);
                    let facts = judge::facts(&snapshot, row, view.as_ref(), found.lives.of(row));
                    let judgement = verdict(&facts, now.day(), now);
                    let version = u32::try_from(row.version).map_err(Error::internal)?;
                    // As in the line: a secret identifier is in neither.
                    let identifier = row.identifier.as_deref().unwrap_or_default();
                    (row_json(&snapshot, row, judgement), identifier, version, judgement)
                }
                Opened::Damaged { type_code, .. } => {
                    let damaged = Facts { seal: Seal::Damaged, ..Facts::good(State::Active) };
                    let judgement = verdict(&damaged, now.day(), now);
                    let value = json!({
                        "type": type_code, "verdict": judgement.verdict, "reasons": judgement.reasons,
                    });
                    (value, "", 0, judgement)
                }
            };
            let digest = Digest::of(&[&canonical::to_vec(&value).map_err(Error::internal)?]);
            entries.push(value);
            if let Opened::Record(row) = row {
                touched.found_under(&row.body.holder.0, &row.body.holder.1, row.hk);
            }
            shown.push(holders);
            listed.push(AnsweredRecord { identifier, version, digest, judgement });
        }
        for holders in shown {
            touched.also(holders);
        }
        let outcome = if entries.is_empty() { Outcome::NothingOnFile } else { Outcome::Listed };
        let came_to = CameTo::shown(outcome, decision, answer_digest(Some(&found.head), &listed));
        let accepted = entry.note(&access, touched, came_to).await?;
        let mut notes: Vec<&str> = Vec::new();
        if found.conflict {
            notes.push(Reason::HolderCodeConflict.wire());
        }
        if found.holder_damaged {
            notes.push(Reason::RecordDamaged.wire());
        }
        let body = json!({
            "entries": entries,
            "holder": {
                "code_type": parsed.code.code_type().code(), "masked": parsed.code.masked(), "state": found.state,
                "linked_codes": found.linked, "notes": notes,
            },
            "head": head_json(&found.head),
            "at": accepted.at,
            "receipt": receipt_value(&accepted, ask.receipt)?,
        });
        Ok(Shown { body, accepted })
    }
}

/// One line of the list. Of what the issuer said only the office and the note: name and number are the body's.
fn row_json(snapshot: &Snapshot, row: &StoredRecord, judgement: Judgement) -> Value {
    let mut out = Map::new();
    out.insert("type".into(), row.type_code.clone().into());
    if let Some(entry) = snapshot.catalog.type_of(&row.type_code) {
        out.insert("slug".into(), entry.def().slug.clone().into());
        out.insert("name_zh".into(), entry.def().name.zh.clone().into());
        out.insert("name_en".into(), entry.def().name.en.clone().into());
    }
    if let Some(identifier) = &row.identifier {
        out.insert("identifier".into(), identifier.clone().into());
    }
    out.insert("version".into(), row.version.into());
    out.insert("issuer".into(), row.issuer.clone().into());
    out.insert("custody".into(), row.custody.wire().into());
    out.insert("custody_zh".into(), row.custody.zh().into());
    out.insert("state".into(), row.state.wire().into());
    if let Some(day) = row.valid_to {
        out.insert("valid_to".into(), day.to_string().into());
    }
    out.insert("as_of".into(), row.as_of.to_string().into());
    let said: Option<Map<String, Value>> = serde_json::from_slice(&row.body.directory).ok();
    for name in ["office", "note", "issued_on"] {
        if let Some(value) = said.as_ref().and_then(|said| said.get(name)) {
            out.insert(name.into(), value.clone());
        }
    }
    out.insert("verdict".into(), judgement.verdict.wire().into());
    out.insert("reasons".into(), serde_json::to_value(judgement.reasons).unwrap_or_default());
    out.into()
}
