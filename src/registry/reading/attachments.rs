//! Attachments: files that a record names by the SHA-256 of their content, kept sealed.

use serde::Deserialize;

use crate::error::{Code, Error, Result};
use crate::log::Accepted;
use crate::policy::{Actor, Client, Decision, Fields, Scope, decide_scope};
use crate::record::access::Outcome;
use crate::record::answer::AnsweredRecord;
use crate::record::payload::Attachment;
use crate::record::{Digest, Judgement, Record, media, verdict};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, answer_digest};
use crate::registry::base::asked::{Purpose, check_purpose, decided_by, right_of};
use crate::registry::reading::here::Here;
use crate::registry::records::kept::{self, About};
use crate::rule::Rule;
use crate::store::{Cost, Reader, StoredRecord};
use crate::trust::Envelope;

/// Largest attachment in bytes.
pub const ATTACHMENT_LIMIT: usize = 8 * 1024 * 1024;

/// A file of a record that is asked for.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentAsk {
    /// The identifier of the version that names the file.
    pub identifier: String,
    /// SHA-256 of its content, lower-case hex.
    pub sha256: String,
    /// What for.
    pub purpose: Purpose,
}

impl std::fmt::Debug for AttachmentAsk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AttachmentAsk({})", self.sha256)
    }
}

/// A file that goes out.
#[derive(Debug, Clone)]
pub struct AttachmentShown {
    /// Name, media type, size and digest as the record has them.
    pub attachment: Attachment,
    /// The media type that its bytes say.
    pub media_type: &'static str,
    /// What the record is worth that names it.
    pub judgement: Judgement,
    /// The content.
    pub content: Vec<u8>,
    /// The access it rests on.
    pub accepted: Accepted,
}

impl Registry {
    /// Keeps a file under its digest; a file that is there already stays as it is. Blocks. A client brings at most 8 MiB a
    /// legal day for each holder of its budget.
    ///
    /// # Errors
    /// `forbidden`; `budget_spent` with rule `attachment_quota`; `body_too_large` above 8 MiB; `field_invalid` with rule `attachment_digest` if the
    /// content does not have the given digest.
    pub fn put_attachment(&self, actor: &Actor, sha256: &str, content: &[u8]) -> Result<()> {
        decide_scope(actor, Scope::Attachment).required()?;
        if content.len() > ATTACHMENT_LIMIT {
            return Err(Error::new(Code::BodyTooLarge, "an attachment has at most 8 MiB"));
        }
        let digest = digest_of(sha256)?;
        if content.is_empty() || Digest::of(&[content]) != digest {
            return Err(Error::new(Code::FieldInvalid, "the content has another SHA-256, or there is none")
                .at("sha256")
                .rule(Rule::AttachmentDigest));
        }
        let key = self.store().vault().index().attachment_key(&digest);
        if let Actor::Client { client, .. } = actor {
            self.charge_bytes(client, &key, content.len())?;
        }
        self.store().put_attachment(&key, content, self.now())
    }

    /// Counts a new file against its client's day. A crash behind this costs the client a file's bytes.
    fn charge_bytes(&self, client: &Client, key: &[u8; 16], bytes: usize) -> Result<()> {
        let store = self.store();
        if store.read_now(|reader| reader.kept_file(key))?.is_some() {
            return Ok(());
        }
        let (now, bytes) = (self.now(), u64::try_from(bytes).map_err(Error::internal)?);
        let day = now.day();
        let one = u64::try_from(ATTACHMENT_LIMIT).map_err(Error::internal)?;
        let most = u64::from(client.budget).saturating_mul(one);
        store.write_now(|writer| {
            let spent = writer.attachment_bytes(&client.id, day)?.saturating_add(bytes);
            if spent > most {
                let left = day.plus_days(1).start().seconds() - now.seconds();
                let detail = "the files of this day are as many bytes as the client's budget allows";
                let spent = Error::new(Code::BudgetSpent, detail).rule(Rule::AttachmentQuota);
                return Err(spent.retry_after(u64::try_from(left).unwrap_or(1).max(1)));
            }
            writer.put_attachment_bytes(&client.id, day, spent)
        })
    }

    /// A file of a record, for an actor who may see the whole record. The access is noted under all holders.
    ///
    /// # Errors
    /// `purpose_missing`; `budget_spent`; `not_found` where there is no such record, it does not name the file, or the file was
    /// never brought; `forbidden` (noted); `record_damaged` where the content is not the one that was signed.
    pub async fn attachment(&self, actor: &Actor, ask: &AttachmentAsk) -> Result<AttachmentShown> {
        check_purpose(&ask.purpose)?;
        let digest = digest_of(&ask.sha256)?;
        let snapshot = self.fresh_snapshot()?;
        let access = self.access()?;
        // Staff at a window have no scope of their own for files: what they may look up whole, they may open.
        let scope = match actor {
            Actor::Account(_) => Scope::Lookup,
            Actor::Client { .. } | Actor::Operator { .. } => Scope::Attachment,
        };
        let (permit, named) = self.permit_named(actor, scope, &ask.identifier).await?;
        let held = snapshot.clone();
        let read = move |reader: &mut Reader<'_>| Here::read(reader, &held, &named);
        let here = self.store().read(Cost::Scan, read).await?;
        let about = About::of(here.kept.as_ref(), &ask.identifier).ok_or_else(kept::none_there)?;
        let type_code = about.type_code;
        let today = self.now().day();
        let right = right_of(&snapshot.catalog, actor, (&ask.purpose, None), today);
        let decision = decided_by(&snapshot.catalog, &permit, (&right, &type_code));
        let refusal = match &decision {
            Decision::Allowed { fields: Fields::Whole, .. } => None,
            Decision::Allowed { .. } => Some(Rule::WholeNotGranted),
            Decision::Refused { reason } => Some(*reason),
        };
        let others = self.other_numbers(&ask.purpose, &kept::touched(here.kept.as_ref())).await?;
        let entry = Entry::asked(actor, &ask.purpose, (&snapshot.catalog, today), &others)
            .types(Some([type_code.as_str()]))
            .fields(Some(["attachments"]));
        self.present(actor, (&ask.purpose, None), (&entry, &kept::touched(here.kept.as_ref()))).await?;
        if let Some(reason) = refusal {
            self.refused(actor, &entry, kept::touched(here.kept.as_ref()), reason).await?;
            return Err(Error::new(Code::Forbidden, "policy does not show this record whole").rule(reason));
        }
        if here.nothing() {
            self.nothing_there(actor, &entry, decision.reason()).await?;
        }
        let kept = here.record()?;
        kept.first()?;
        self.may_meet_named(actor, &self.near(actor, &snapshot).await?, (&entry, &kept.touched())).await?;
        // The file may tell of all whose record it is.
        self.permit_all_of(actor, &kept.touched()).await?;
        self.refuse_named(actor, &ask.purpose, (&kept.touched(), &others)).await?;
        let (row, superseded) = here.named()?;
        let attachment = named_file(row, &ask.sha256)?;
        let content = self.content(digest).await?;
        let now = self.now();
        let judgement = verdict(&here.facts(&snapshot, row, superseded, now), now.day(), now);
        let record = AnsweredRecord {
            identifier: &row.body.identifier,
            version: u32::try_from(row.version).map_err(Error::internal)?,
            digest,
            judgement,
        };
        let answer = answer_digest(Some(&here.head), &[record]);
        let came_to = CameTo::shown(Outcome::Attachment, decision.reason(), answer);
        self.still_allowed(actor, &snapshot, Some(&ask.purpose)).await?;
        let accepted = entry.note(&access, kept.touched(), came_to).await?;
        let media_type = media::sniffed(&content);
        Ok(AttachmentShown { attachment, media_type, judgement, content, accepted })
    }

    async fn content(&self, digest: Digest) -> Result<Vec<u8>> {
        let key = self.store().vault().index().attachment_key(&digest);
        let store = self.store().clone();
        let read = self.store().blocking(move || {
            let missing = || Error::new(Code::NotFound, "the file was never brought here");
            let content = store.attachment(&key)?.ok_or_else(missing)?;
            if Digest::of(&[&content]) == digest { Ok(content) } else { Err(damaged()) }
        });
        read.await
    }
}

/// The file as the record names it.
fn named_file(row: &StoredRecord, sha256: &str) -> Result<Attachment> {
    let envelope = Envelope::parse_stored(&row.body.envelope).ok();
    let record = envelope.and_then(|envelope| Record::from_payload(envelope.payload()).ok());
    let record = record.ok_or_else(damaged)?;
    let named = record.attachments.into_iter().find(|one| one.sha256 == sha256);
    named.ok_or_else(|| Error::new(Code::NotFound, "the record names no such file"))
}

fn damaged() -> Error {
    Error::new(Code::RecordDamaged, "the envelope or file does not open")
}

fn digest_of(sha256: &str) -> Result<Digest> {
    Digest::from_hex(sha256).ok_or_else(|| {
        Error::new(Code::FieldInvalid, "64 lower-case hexadecimal characters")
            .at("sha256")
            .rule(Rule::AttachmentDigestForm)
    })
}
