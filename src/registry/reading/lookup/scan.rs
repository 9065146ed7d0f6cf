//! The reading half of a lookup: head, one range scan, one point read of the holder, under each linked key. The scan
//! is of one page: what a holder has beyond it is asked for with a cursor.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::catalog::Custody;
use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, Parsed};
use crate::log::tile::StoredNodes;
use crate::log::{LogMark, proof};
use crate::policy::{Actor, Permit};
use crate::record::Reason;
use crate::record::verdict::NamedFiles;
use crate::registry::Registry;
use crate::registry::access::entry::{CoHolder, Entry, Touched};
use crate::registry::access::withheld::Withheld;
use crate::registry::base::asked::{Purpose, check_others_unnamed};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::life::Lives;
use crate::registry::holders::linked::{self, Related};
use crate::registry::holders::names::name_on;
use crate::registry::reading::lookup::ask::Cursor;
use crate::registry::reading::lookup::looked_up::{FoundHolder, LeafProof};
use crate::registry::records::near::{MetHolder, Near};
use crate::registry::records::{judge, kept};
use crate::store::{Cost, HolderState, Opened, PageRoom, Reader};
use crate::trust::{HolderKey, IndexKey};

/// The reads of a lookup, in one snapshot of the database.
pub(crate) struct Found {
    /// The head of the records log before the scan: the rows are at least as new.
    pub head: LogMark,
    /// Current rows under all keys.
    pub rows: Vec<FoundRow>,
    /// The state of the holder's life; the worst under all keys.
    pub state: HolderState,
    /// The holder's row does not open.
    pub holder_damaged: bool,
    /// The lives that the verdicts rest on.
    pub lives: Lives,
    /// Rows of another full code under the same key were left out.
    pub conflict: bool,
    /// The further codes that were followed: code type, code, key. Each is a person who was looked at: the answer
    /// tells the state of the holder under all of them.
    pub followed: Vec<(String, String, HolderKey)>,
    /// Other codes that the holder belongs to: the followed ones, then those that took over.
    pub related: Vec<Related>,
    /// Where the next page begins; none where there is no more.
    pub next: Option<Cursor>,
    /// Of the types that were named, or of all: those that are not on this first page, though they are on file.
    pub elsewhere: Vec<String>,
}

/// What of a holder's records a page shows.
#[derive(Clone, Default)]
pub(crate) struct Wanted {
    /// Codes of types; none for all.
    pub types: Option<Vec<String>>,
    /// Where the page begins; none at the beginning.
    pub after: Option<Cursor>,
    /// With the proofs of the rows' leaves.
    pub proofs: bool,
}

/// One row with the proof of its leaf if it was asked for.
pub(crate) struct FoundRow {
    /// Under whose key it stands: the asked one or a linked one.
    pub key: HolderKey,
    /// The row.
    pub opened: Opened,
    /// The row's last event, and its inclusion in the tree of [`Found::head`].
    pub proof: Option<LeafProof>,
    /// Of a joint directory entry, which has no envelope to name them: all its holders.
    pub holders: Vec<CoHolder>,
    /// A file that the record names is not here yet.
    pub files: NamedFiles,
}

impl FoundRow {
    /// The type as the row says or claims.
    pub fn type_code(&self) -> &str {
        self.opened.type_code()
    }

    /// Whether it is left out since somebody stands on it beside the holder whom the actor should not look at alone.
    pub fn is_left_out(&self, near: &Near, index: &IndexKey) -> bool {
        let Opened::Record(record) = &self.opened else { return false };
        near.leaves_out(index, record, self.holders.iter().map(|(key, _)| *key))
    }
}

impl Found {
    /// The holder as it was understood.
    pub fn holder(&self, parsed: &Parsed) -> FoundHolder {
        let mut notes = Vec::new();
        notes.extend(self.conflict.then_some(Reason::HolderCodeConflict));
        notes.extend(self.holder_damaged.then_some(Reason::RecordDamaged));
        FoundHolder {
            code_type: parsed.code.code_type(),
            masked: parsed.code.masked(),
            state: self.state,
            linked_codes: self.followed.len() as u64,
            related: Vec::new(),
            notes,
            remarks: parsed.remarks.clone(),
        }
    }

    /// The keys of the holder under all its codes, the asked one first.
    pub fn whom(&self, permit: &Permit<'_>) -> Vec<HolderKey> {
        std::iter::once(permit.holder()).chain(self.others()).collect()
    }

    /// The keys of the further codes that were followed.
    pub fn others(&self) -> Vec<HolderKey> {
        self.followed.iter().map(|(_, _, key)| *key).collect()
    }

    /// The keys of all holders of the joint records among them.
    pub fn co_holders(&self, index: &IndexKey) -> Vec<HolderKey> {
        let mut keys: Vec<HolderKey> = Vec::new();
        for row in &self.rows {
            keys.extend(row.holders.iter().map(|(key, _)| *key));
            if let Opened::Record(record) = &row.opened {
                keys.extend(kept::signed_holders(index, record).into_iter().map(|(key, _)| key));
            }
        }
        keys.sort_unstable_by_key(|key| *key.bytes());
        keys.dedup();
        keys
    }

    /// Whether a card could show that the holder is there, by a code that was followed.
    pub fn has_card(&self) -> bool {
        self.followed.iter().any(|(code_type, code, _)| {
            let parsed = code_type.parse().ok().and_then(|of| HolderCode::parse(of, code).ok());
            parsed.is_some_and(|parsed| parsed.code.person().is_some())
        })
    }

    /// The names under which the holder stands on its signed records.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.rows.iter().filter_map(|row| match &row.opened {
            Opened::Record(record) => name_on(record),
            Opened::Damaged { .. } => None,
        })
    }

    /// Refuses a purpose that names the holder by a linked number: it would stand in the log in clear (I3).
    pub fn check_unnamed(&self, purpose: &Purpose) -> Result<()> {
        let codes = self.followed.iter().map(|(code_type, code, _)| (code_type.as_str(), code.as_str()));
        check_others_unnamed(purpose, codes)
    }

    /// Who took over from the holder, and from whom it did: each is charged, and the access stands on its list. Who
    /// cannot be charged is not shown.
    pub fn beside(
        &self,
        touched: &mut Touched,
        charge: impl Fn(HolderKey) -> bool,
    ) -> (Vec<Related>, Option<Withheld>) {
        let beside = self.related.iter().filter(|related| !related.is_followed()).cloned();
        let (shown, rest): (Vec<Related>, Vec<Related>) = beside.partition(|related| charge(related.key));
        for related in &shown {
            touched.found_under(&related.code_type, &related.code, related.key);
        }
        (shown, (!rest.is_empty()).then_some(Withheld::LinkedNumbers))
    }

    /// Whoever was followed to is charged, if the budget allows it, and has the access on the list: also one without a
    /// record here, and one whose records are withheld.
    pub fn touch(&self, touched: &mut Touched, charge: impl Fn(HolderKey) -> bool) {
        for (code_type, code, key) in &self.followed {
            charge(*key);
            touched.found_under(code_type, code, *key);
        }
    }
}

/// Somebody who is asked for by number, and who asks.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Meeting<'m> {
    /// Who asks.
    pub actor: &'m Actor,
    /// Leave to read.
    pub permit: &'m Permit<'m>,
    /// The number.
    pub code: &'m HolderCode,
    /// What for, and how the holder is present.
    pub purpose: &'m Purpose,
}

impl Registry {
    /// Before anything is decided: whether the actor may look at this holder alone, and whether it is there as was said.
    pub(in crate::registry) async fn meet(
        &self,
        meeting: Meeting<'_>,
        snapshot: &Arc<Snapshot>,
        noted: (&Entry<'_>, &Touched),
    ) -> Result<Near> {
        let Meeting { actor, permit, code, purpose } = meeting;
        let near = self.near(actor, snapshot).await?;
        let (presence, has_card) = (purpose.presence(), code.person().is_some());
        let met = MetHolder { keys: vec![permit.holder()], presence, has_card };
        self.may_meet(actor, &near, met, noted).await?;
        self.present(actor, (purpose, Some(code)), noted).await?;
        Ok(near)
    }

    /// The same once its other codes and its records are read, before anything of them is told.
    pub(in crate::registry) async fn meet_found(
        &self,
        meeting: Meeting<'_>,
        (near, found): (&Near, &Found),
        noted: (&Entry<'_>, &Touched),
    ) -> Result<()> {
        let Meeting { actor, permit, code, purpose } = meeting;
        self.unnamed_in(actor, found, purpose, noted.1).await?;
        self.know_beside(near, |index| found.co_holders(index)).await?;
        // A card of another code of the holder would show that it is there.
        let has_card = code.person().is_some();
        let keys = if has_card { found.others() } else { found.whom(permit) };
        let met = MetHolder { keys, presence: purpose.presence(), has_card: has_card || found.has_card() };
        self.may_meet(actor, near, met, noted).await?;
        self.named_by_card(actor, purpose, found.names(), noted).await
    }

    pub(in crate::registry) async fn scan(
        &self,
        snapshot: &Arc<Snapshot>,
        permit: &Permit<'_>,
        code: &HolderCode,
        wanted: Wanted,
    ) -> Result<Found> {
        let (snapshot, key) = (snapshot.clone(), permit.holder());
        let credit_code = code.credit_code().map(str::to_owned);
        let cost = if wanted.proofs { Cost::Scan } else { Cost::Point };
        self.store().read(cost, move |reader| read(reader, &snapshot, key, credit_code, &wanted)).await
    }
}

fn read(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    key: HolderKey,
    credit_code: Option<String>,
    wanted: &Wanted,
) -> Result<Found> {
    let head = snapshot.records_mark(reader)?;
    let linked = linked::linked(reader, key, credit_code)?;
    let mut page = Page::read(reader, &linked.keys, wanted)?;
    if wanted.types.is_none() && wanted.after.is_none() && page.next.is_some() {
        page.find_elsewhere(reader, &linked.keys, snapshot.catalog.type_codes())?;
    }
    let (mut rows, mut conflict) = (Vec::with_capacity(page.rows.len()), false);
    for (code, opened) in page.rows {
        let Some((key, credit_code)) = linked.keys.get(code) else { continue };
        if linked::other_code(&opened, credit_code.as_deref()) {
            conflict = true;
            continue;
        }
        let holders = match &opened {
            Opened::Record(record) if record.custody != Custody::Hosted => {
                kept::joint_holders(reader, snapshot, record)?
            }
            _ => Vec::new(),
        };
        let files = match &opened {
            Opened::Record(record) => judge::named_files(reader, record)?,
            Opened::Damaged { .. } => NamedFiles::FIT,
        };
        rows.push(FoundRow { key: *key, opened, proof: None, holders, files });
    }
    let lives = Lives::read(reader, snapshot, &linked, rows.iter().map(|row| &row.opened))?;
    let (state, holder_damaged) = (linked.lives.state, linked.lives.damaged);
    let (next, elsewhere, related) = (page.next, page.elsewhere, linked.related);
    let further = linked.codes.into_iter().zip(linked.keys.iter().skip(1));
    let followed = further.map(|((code_type, code), (key, _))| (code_type, code, *key)).collect();
    let mut found =
        Found { head, rows, state, holder_damaged, lives, conflict, followed, related, next, elsewhere };
    if wanted.proofs {
        prove(reader, &mut found)?;
    }
    Ok(found)
}

/// A code of a holder, with the full credit code where one is known.
type OwnKey = (HolderKey, Option<String>);

/// The rows of a page, each beside the place of its code.
#[derive(Default)]
struct Page {
    rows: Vec<(usize, Opened)>,
    next: Option<Cursor>,
    elsewhere: Vec<String>,
}

impl Page {
    /// Nearly every holder has one page. Where there are more and types were named, only those are read, or a few
    /// records would stand behind thousands that nobody asked for.
    fn read(reader: &mut Reader<'_>, keys: &[OwnKey], wanted: &Wanted) -> Result<Self> {
        let after = wanted.after.as_ref();
        let Some(types) = &wanted.types else { return Self::of_all(reader, keys, after) };
        if after.is_none() {
            let page = Self::of_all(reader, keys, None)?;
            if page.next.is_none() {
                return Ok(page);
            }
        }
        let types: BTreeSet<&str> = types.iter().map(String::as_str).collect();
        let mut page = Self::of_types(reader, keys, &types, after)?;
        if page.next.is_some() && after.is_none() {
            page.find_elsewhere(reader, keys, types.into_iter())?;
        }
        Ok(page)
    }

    /// Notes which of the types are on file though not on this page.
    fn find_elsewhere<'t>(
        &mut self,
        reader: &mut Reader<'_>,
        keys: &[OwnKey],
        types: impl Iterator<Item = &'t str>,
    ) -> Result<()> {
        for type_code in types {
            let shown = self.rows.iter().any(|(_, row)| row.type_code() == type_code);
            if !shown && has_type(reader, keys, type_code)? {
                self.elsewhere.push(type_code.to_owned());
            }
        }
        Ok(())
    }

    fn of_all(reader: &mut Reader<'_>, keys: &[OwnKey], after: Option<&Cursor>) -> Result<Self> {
        let (mut page, mut room) = (Self::default(), PageRoom::default());
        let first = after.map_or(0, |after| after.code);
        for (code, (key, _)) in keys.iter().enumerate().skip(first) {
            let after = after.filter(|after| after.code == code).map(|after| &after.place);
            page.add(code, reader.records_page(key, after, &mut room)?);
            if room.is_full() {
                page.ends();
                break;
            }
        }
        Ok(page)
    }

    fn of_types(
        reader: &mut Reader<'_>,
        keys: &[OwnKey],
        types: &BTreeSet<&str>,
        after: Option<&Cursor>,
    ) -> Result<Self> {
        let (mut page, mut room) = (Self::default(), PageRoom::default());
        let first = after.map_or(0, |after| after.code);
        for (code, (key, _)) in keys.iter().enumerate().skip(first) {
            let after = after.filter(|after| after.code == code).map(|after| &after.place);
            for type_code in
                types.iter().filter(|one| after.is_none_or(|after| **one >= after.type_code.as_str()))
            {
                let behind = after.filter(|after| after.type_code == *type_code);
                let behind = behind.map_or(&[][..], |after| &after.record_id);
                page.add(code, reader.records_page_of_type(key, type_code, behind, &mut room)?);
                if room.is_full() {
                    page.ends();
                    return Ok(page);
                }
            }
        }
        Ok(page)
    }

    fn add(&mut self, code: usize, rows: Vec<Opened>) {
        self.rows.extend(rows.into_iter().map(|row| (code, row)));
    }

    /// There is more behind the last row.
    fn ends(&mut self) {
        self.next = self.rows.last().map(|(code, row)| Cursor { code: *code, place: row.place() });
    }
}

fn has_type(reader: &mut Reader<'_>, keys: &[OwnKey], type_code: &str) -> Result<bool> {
    for (key, _) in keys {
        if reader.has_type(key, type_code)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn prove(reader: &mut Reader<'_>, found: &mut Found) -> Result<()> {
    for row in &mut found.rows {
        let Opened::Record(record) = &row.opened else { continue };
        if record.log != found.head.log || record.leaf >= found.head.size {
            continue;
        }
        let events = reader.events_of(&record.hk, &record.record_id)?;
        let last = events.into_iter().find(|event| (&event.log, event.leaf) == (&record.log, record.leaf));
        // Without its event the row is proven by nothing that an outsider could compute; `fsck` names it.
        let Some(event) = last.filter(|event| event.intact) else { continue };
        let mut nodes = StoredNodes::new(&mut *reader, &found.head.log);
        let path = proof::inclusion(&mut nodes, record.leaf, found.head.size);
        let path = path.map_err(|fault| {
            Error::new(Code::LogForked, "a stored tile or entry is missing").caused_by(fault.to_string())
        })?;
        row.proof = Some(LeafProof { event: Some(event.event), path });
    }
    Ok(())
}
