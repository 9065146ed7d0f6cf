//! The papers of one party of an application: every record of the types that its item asks about, judged before
//! anything of it is shown. What a slot shows goes out by [`PartyPapers::show`] and in no other way.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::identity::Parsed;
use crate::log::LogMark;
use crate::policy::{Fields, Permit};
use crate::record::{Judgement, Record};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::access::withheld::Withheld;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::lookup::absent::{AbsenceAsked, AbsentType};
use crate::registry::reading::lookup::judge::{Judge, SeenBy};
use crate::registry::reading::lookup::looked_up::FoundRecord;
use crate::registry::reading::lookup::scan::{Found, FoundRow, Wanted};
use crate::registry::records::near::Near;
use crate::rule::Rule;
use crate::store::{HolderState, Opened, StoredRecord};
use crate::trust::{Envelope, HolderKey};

/// Pages of rows that one party may have of the types of one item.
const PAGES: usize = 4;

/// The papers of one party.
pub(in crate::registry) struct PartyPapers<'a> {
    /// Leave to read them.
    pub permit: Permit<'a>,
    /// The party.
    pub parsed: Parsed,
    /// Its papers, in the order of their types.
    pub papers: Vec<Paper>,
    /// Papers that were left out, and why: then no absence means anything.
    pub withheld: Option<Withheld>,
    pages: Vec<Found>,
    now: Moment,
}

/// One paper, judged.
pub(in crate::registry) struct Paper {
    /// What it is worth.
    pub judgement: Judgement,
    /// Its content as it was signed; none where the body is elsewhere or does not open.
    pub signed: Option<Record>,
    page: usize,
    row: usize,
}

impl Registry {
    /// Reads the papers of a party of these types. Who stands under a linked number is charged, or left out.
    ///
    /// # Errors
    /// `answer_too_large` for a party with more papers than an application can look at.
    pub(in crate::registry) async fn party_papers<'a>(
        &self,
        (snapshot, near): (&Arc<Snapshot>, &Near),
        (permit, parsed): (Permit<'a>, Parsed),
        types: Vec<String>,
        touched: &mut Touched,
    ) -> Result<PartyPapers<'a>> {
        let now = self.now();
        let mut read =
            PartyPapers { permit, parsed, papers: Vec::new(), withheld: None, pages: Vec::new(), now };
        let mut after = None;
        for _ in 0..PAGES {
            let wanted = Wanted { types: Some(types.clone()), after, proofs: false };
            let found = self.scan(snapshot, &permit, &read.parsed.code, wanted).await?;
            after = found.next.clone();
            found.touch(touched, |holder| self.guard().may_show(&permit, holder, now));
            self.know_beside(near, |index| found.co_holders(index)).await?;
            read.add(self, (snapshot, near), found);
            if after.is_none() {
                return Ok(read);
            }
        }
        let detail = "This party has more papers of the types of this item than one application can look at.";
        Err(Error::new(Code::AnswerTooLarge, detail).rule(Rule::TooMany))
    }
}

impl PartyPapers<'_> {
    fn add(&mut self, registry: &Registry, (snapshot, near): (&Snapshot, &Near), found: Found) {
        let page = self.pages.len();
        let judge = self.judge(registry, snapshot, &found, &|_| false);
        let mut papers = Vec::with_capacity(found.rows.len());
        for (row, one) in found.rows.iter().enumerate() {
            let own = one.key == self.permit.holder();
            if !own && !registry.guard().may_show(&self.permit, one.key, self.now) {
                self.withheld = Some(Withheld::LinkedNumbers);
                continue;
            }
            if one.is_left_out(near, registry.store().vault().index()) {
                self.withheld = Some(Withheld::NotAlone);
                continue;
            }
            papers.push(Paper { judgement: judge.judgement(one), signed: signed(one), page, row });
        }
        self.papers.extend(papers);
        self.pages.push(found);
    }

    fn judge<'j>(
        &self,
        registry: &'j Registry,
        snapshot: &'j Snapshot,
        found: &'j Found,
        may_show: &'j dyn Fn(&[HolderKey]) -> bool,
    ) -> Judge<'j> {
        let index = registry.store().vault().index();
        Judge { snapshot, lives: &found.lives, index, now: self.now, may_show, related: &found.related }
    }

    fn row(&self, paper: &Paper) -> Option<(&Found, &FoundRow)> {
        let page = self.pages.get(paper.page)?;
        Some((page, page.rows.get(paper.row)?))
    }

    /// The row of a paper, if it opened.
    pub fn stored(&self, paper: &Paper) -> Option<&StoredRecord> {
        match &self.row(paper)?.1.opened {
            Opened::Record(record) => Some(record),
            Opened::Damaged { .. } => None,
        }
    }

    /// The code of a paper's type, as its row says or claims.
    pub fn type_code(&self, paper: &Paper) -> &str {
        self.row(paper).map(|(_, row)| row.type_code()).unwrap_or_default()
    }

    /// The worst that is known of the party's life.
    pub fn state(&self) -> HolderState {
        self.pages.first().map_or(HolderState::Normal, |page| page.state)
    }

    /// Whether a card could show that the party is there.
    pub fn has_card(&self) -> bool {
        self.parsed.code.person().is_some() || self.pages.iter().any(Found::has_card)
    }

    /// The names under which the party stands on its papers.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.pages.iter().flat_map(Found::names)
    }

    /// The keys of the party under all its codes.
    pub fn whom(&self) -> Vec<HolderKey> {
        let pages = self.pages.iter().flat_map(|page| page.followed.iter().map(|(_, _, key)| *key));
        std::iter::once(self.permit.holder()).chain(pages).collect()
    }

    /// Whether a code is the party's: the one of the case, or one that is linked to it.
    pub fn is_own(&self, code_type: &str, code: &str) -> bool {
        let asked = &self.parsed.code;
        let followed = self.pages.first().map(|page| page.followed.as_slice()).unwrap_or_default();
        (asked.code_type().code(), asked.as_str()) == (code_type, code)
            || followed
                .iter()
                .any(|(own_type, own, _)| (own_type.as_str(), own.as_str()) == (code_type, code))
    }

    /// The numbers of the party, the one of the case first: type, code and key. At most the four that a lookup reads.
    pub fn numbers(&self) -> Vec<(String, String, HolderKey)> {
        let own = &self.parsed.code;
        let own = (own.code_type().code().to_owned(), own.as_str().to_owned(), self.permit.holder());
        let followed = self.pages.first().map(|page| page.followed.clone()).unwrap_or_default();
        std::iter::once(own).chain(followed).collect()
    }

    /// Whether somebody may be asked about one of the numbers: it is charged, or the budget has no room for it.
    pub fn may_ask_about(&self, registry: &Registry, number: HolderKey) -> bool {
        number == self.permit.holder() || registry.guard().may_show(&self.permit, number, self.now)
    }

    /// Whether there may be more numbers: a row that would name them does not open.
    pub fn has_more_numbers(&self) -> bool {
        self.pages.first().is_some_and(|page| page.holder_damaged)
    }

    /// The head of the log of records before anything was read.
    pub fn head(&self) -> Option<&LogMark> {
        self.pages.first().map(|page| &page.head)
    }

    /// One paper as far as `fields` of its face let it out. All its holders are added to `touched`.
    pub fn show(
        &self,
        registry: &Registry,
        snapshot: &Snapshot,
        (paper, fields): (&Paper, BTreeSet<String>),
        touched: &mut Touched,
    ) -> Result<Option<FoundRecord>> {
        let Some((found, row)) = self.row(paper) else { return Ok(None) };
        let may_show = |holders: &[HolderKey]| registry.guard().may_show_all(&self.permit, holders, self.now);
        let judge = self.judge(registry, snapshot, found, &may_show);
        let row = FoundRow {
            key: row.key,
            opened: row.opened.clone(),
            proof: None,
            holders: row.holders.clone(),
            files: row.files,
        };
        let mut seen_by = SeenBy::default();
        let shown = judge.row(row, &Fields::Named(fields), &mut seen_by)?;
        seen_by.touch(touched);
        Ok(Some(shown))
    }

    /// The meaning of the absence of a type, asked for in the regions of the party's papers and of the registry.
    pub fn absence(&self, registry: &Registry, snapshot: &Snapshot, type_code: &str) -> Result<AbsentType> {
        let agencies = snapshot.catalog.issuers().agencies();
        let issuers = self.papers.iter().filter_map(|paper| agencies.latest(&self.stored(paper)?.issuer));
        let asked = AbsenceAsked {
            snapshot,
            regions: registry.regions(),
            code: &self.parsed.code,
            within: None,
            of_records: issuers.map(|agency| agency.region).collect(),
            dead: matches!(self.state(), HolderState::DeathReported | HolderState::Deceased),
            now: self.now,
        };
        asked.absence(type_code)
    }
}

fn signed(row: &FoundRow) -> Option<Record> {
    let Opened::Record(record) = &row.opened else { return None };
    let envelope = Envelope::parse_stored(&record.body.envelope).ok()?;
    Record::from_stored(envelope.payload())
}
