//! The whole catalog as one immutable value: built from its parts, replaced as a whole on change, shared in
//! an `Arc`.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::catalog::bundles::BundleDef;
use crate::catalog::coverage::{Missing, Why};
use crate::catalog::items::ItemDef;
use crate::catalog::{
    Absence, AbsenceKind, Agencies, Agency, AgencyFault, Authority, CodeListFault, CodeLists, Coverage,
    Empowerment, EmpowermentFault, Empowerments, Issuers, Question, Region, Statement, TypeDef, TypeEntry,
    TypeFault, Unseen, UnseenEnd, Workdays, WorkdaysFault, absence,
};
use crate::clock::{Day, Moment};
use crate::rule::Rule;

/// The parts of a catalog. The default is empty; [`CatalogParts::builtin`] has the seed.
#[derive(Debug, Clone, Default)]
pub struct CatalogParts {
    /// All versions of all types, in any order.
    pub types: Vec<TypeDef>,
    /// All versions of all items, in any order; each passed its check when it was loaded.
    pub items: Vec<ItemDef>,
    /// All versions of all bundles, in any order; each passed its check when it was loaded.
    pub bundles: Vec<BundleDef>,
    /// The code lists they refer to.
    pub code_lists: CodeLists,
    /// All agencies, present and past.
    pub agencies: Vec<Agency>,
    /// All grants, present and past.
    pub authorities: Vec<Authority>,
    /// All empowerments, present and past.
    pub empowerments: Vec<Empowerment>,
    /// The coverage statements in force.
    pub coverages: Vec<Coverage>,
    /// The calendar.
    pub workdays: Workdays,
}

impl CatalogParts {
    /// The types, code lists and calendar that come with the program; no agencies, no coverage.
    pub fn builtin() -> Result<Self, CatalogFault> {
        let code_lists = CodeLists::builtin()?;
        let types = TypeEntry::builtin(&code_lists)?.into_iter().map(|entry| entry.def().clone()).collect();
        Ok(Self { types, code_lists, workdays: Workdays::builtin()?, ..Self::default() })
    }
}

/// Why a catalog was refused.
#[derive(Debug, thiserror::Error)]
pub enum CatalogFault {
    /// A type definition.
    #[error(transparent)]
    Type(#[from] TypeFault),
    /// A code list.
    #[error(transparent)]
    CodeList(#[from] CodeListFault),
    /// The agencies.
    #[error(transparent)]
    Agency(#[from] AgencyFault),
    /// The calendar.
    #[error(transparent)]
    Workdays(#[from] WorkdaysFault),
    /// One version of a type stands twice.
    #[error("{slug}: version {version} stands twice")]
    VersionTwice {
        /// The type.
        slug: String,
        /// The version.
        version: u32,
    },
    /// Two types have one slug, or one type has two.
    #[error("{0}: one slug belongs to one type code")]
    SlugClash(String),
    /// A rule ends a type that is not here.
    #[error("{slug}: ends {ended}, which is no type")]
    EndsUnknown {
        /// The type.
        slug: String,
        /// The type to end.
        ended: String,
    },
    /// A grant or statement for a type that is not here.
    #[error("a grant or a coverage statement names a type that is not here: {0}")]
    TypeMissing(String),
    /// A grant of an unknown agency, or one whose last day lies before its first.
    #[error("a grant of {0} is to an unknown agency or runs backwards")]
    Grant(String),
    /// An empowerment of an unknown agency, one that runs backwards, or one that no office of its kind can
    /// have.
    #[error("an empowerment of {0} is to an unknown agency, runs backwards, or is none for such an office")]
    Empowerment(String),
    /// A statement that says more than it can: a share above 1000 ‰, no region, days backwards, an unknown
    /// issuer, or a type whose answers are only relayed.
    #[error("coverage of {0}: {1}")]
    Coverage(String, &'static str),
}

impl CatalogFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Type(fault) => fault.rule(),
            Self::CodeList(fault) => fault.rule(),
            Self::Agency(fault) => fault.rule(),
            Self::Workdays(fault) => fault.rule(),
            Self::VersionTwice { .. } => Rule::TypeVersionTwice,
            Self::SlugClash(_) => Rule::TypeSlugClash,
            Self::EndsUnknown { .. } => Rule::TypeEndsUnknown,
            Self::TypeMissing(_) => Rule::TypeMissing,
            Self::Grant(_) => Rule::AuthorityGrant,
            Self::Empowerment(_) => Rule::EmpowermentGrant,
            Self::Coverage(..) => Rule::CoverageStatement,
        }
    }
}

/// Types, agencies, grants and coverage, indexed.
#[derive(Debug, Default)]
pub struct Catalog {
    /// Versions in rising order.
    types: HashMap<String, Vec<Arc<TypeEntry>>>,
    /// Their codes in order; every lookup that names no type asks for them.
    codes: Vec<String>,
    slugs: HashMap<String, String>,
    /// Versions in rising order, by 实施编码.
    items: BTreeMap<String, Vec<Arc<ItemDef>>>,
    /// Versions in rising order, by 编号.
    bundles: BTreeMap<String, Vec<Arc<BundleDef>>>,
    code_lists: CodeLists,
    issuers: Issuers,
    empowerments: Empowerments,
    coverages: HashMap<String, Vec<Coverage>>,
    workdays: Workdays,
}

impl Catalog {
    /// Builds a catalog, or refuses it if its parts do not fit together.
    pub fn build(parts: CatalogParts) -> Result<Self, CatalogFault> {
        let mut types: HashMap<String, Vec<Arc<TypeEntry>>> = HashMap::new();
        let mut slugs: HashMap<String, String> = HashMap::new();
        for def in parts.types {
            let entry = Arc::new(TypeEntry::compile(def, &parts.code_lists)?);
            let (code, slug) = (&entry.def().code, &entry.def().slug);
            if slugs.insert(slug.clone(), code.clone()).is_some_and(|other| other != *code) {
                return Err(CatalogFault::SlugClash(slug.clone()));
            }
            types.entry(code.clone()).or_default().push(entry);
        }
        for versions in types.values_mut() {
            versions.sort_by_key(|entry| entry.def().version);
            for (one, next) in versions.iter().zip(versions.iter().skip(1)) {
                let (one, next) = (one.def(), next.def());
                if one.version == next.version {
                    return Err(CatalogFault::VersionTwice { slug: one.slug.clone(), version: one.version });
                }
                if one.slug != next.slug {
                    return Err(CatalogFault::SlugClash(next.slug.clone()));
                }
            }
        }
        let agencies = Agencies::new(parts.agencies)?;
        if let Some(grant) = parts.authorities.iter().find(|grant| !types.contains_key(&grant.type_code)) {
            return Err(CatalogFault::TypeMissing(grant.type_code.clone()));
        }
        let empowerments = Empowerments::new(&agencies, parts.empowerments)
            .map_err(|one| CatalogFault::Empowerment(one.agency.clone()))?;
        let issuers = Issuers::new(agencies, parts.authorities)
            .map_err(|grant| CatalogFault::Grant(grant.agency.clone()))?;
        let mut codes: Vec<String> = types.keys().cloned().collect();
        codes.sort_unstable();
        let mut catalog = Self {
            types,
            codes,
            slugs,
            items: by_code(parts.items, |item| (item.code.clone(), item.version)),
            bundles: by_code(parts.bundles, |bundle| (bundle.slug.clone(), bundle.version)),
            code_lists: parts.code_lists,
            issuers,
            empowerments,
            coverages: HashMap::new(),
            workdays: parts.workdays,
        };
        catalog.check_ends()?;
        for coverage in parts.coverages {
            catalog.check_coverage(&coverage)?;
            catalog.coverages.entry(coverage.type_code.clone()).or_default().push(coverage);
        }
        Ok(catalog)
    }

    /// The empowerment by which an agency may state something about a holder on a day.
    pub fn empowered(
        &self,
        agency: &str,
        statement: Statement,
        on: Day,
    ) -> Result<&Empowerment, EmpowermentFault> {
        self.empowerments.of(self.issuers.agencies(), agency, statement, on)
    }

    /// The regions in which an agency may make one of these statements on a day.
    pub fn regions_over_people(&self, agency: &str, statements: &[Statement], on: Day) -> Vec<Region> {
        let agencies = self.issuers.agencies();
        let of = |statement: &Statement| self.empowerments.regions(agencies, agency, *statement, on);
        statements.iter().flat_map(of).collect()
    }

    /// Whether an agency holds that empowerment on a day: its own, or one that it took over.
    pub fn holds_over_people(&self, one: &Empowerment, agency: &str, on: Day) -> bool {
        self.empowerments.holds(self.issuers.agencies(), one, agency, on)
    }

    /// All empowerments, present and past.
    pub fn empowerments(&self) -> &[Empowerment] {
        self.empowerments.all()
    }

    /// The seed types, compiled.
    pub fn builtin_types() -> Result<Vec<TypeEntry>, CatalogFault> {
        Ok(TypeEntry::builtin(&CodeLists::builtin()?)?)
    }

    /// The newest version of the type with that 21-character code.
    pub fn type_of(&self, code: &str) -> Option<&Arc<TypeEntry>> {
        self.types.get(code)?.last()
    }

    /// That version of the type; records keep the version they were issued under.
    pub fn type_version(&self, code: &str, version: u32) -> Option<&Arc<TypeEntry>> {
        self.types.get(code)?.iter().find(|entry| entry.def().version == version)
    }

    /// The numbers of all versions of the type, rising.
    pub fn versions_of(&self, code: &str) -> impl Iterator<Item = u32> {
        self.types.get(code).into_iter().flatten().map(|entry| entry.def().version)
    }

    /// The newest version of the type with that slug.
    pub fn type_by_slug(&self, slug: &str) -> Option<&Arc<TypeEntry>> {
        self.type_of(self.slugs.get(slug)?)
    }

    /// The code of every type, in order.
    pub fn type_codes(&self) -> impl Iterator<Item = &str> {
        self.codes.iter().map(String::as_str)
    }

    /// The newest version of every type, by code.
    pub fn types(&self) -> Vec<&Arc<TypeEntry>> {
        let mut all: Vec<_> = self.types.values().filter_map(|versions| versions.last()).collect();
        all.sort_by(|one, other| one.def().code.cmp(&other.def().code));
        all
    }

    /// The version of an item that is in force on a day: the newest that has begun. Where that one has ended, so has the
    /// item: an earlier version does not come back.
    pub fn item(&self, code: &str, on: Day) -> Option<&Arc<ItemDef>> {
        let begun = self.items.get(code)?.iter().rev().find(|item| item.from <= on);
        begun.filter(|item| item.in_force(on))
    }

    /// That version of the item; accesses name the version that they rested on.
    pub fn item_version(&self, code: &str, version: u32) -> Option<&Arc<ItemDef>> {
        self.item_versions(code).find(|item| item.version == version)
    }

    /// All versions of an item, rising.
    pub fn item_versions(&self, code: &str) -> impl DoubleEndedIterator<Item = &Arc<ItemDef>> {
        self.items.get(code).into_iter().flatten()
    }

    /// Whether there is any item.
    pub fn has_items(&self) -> bool {
        !self.items.is_empty()
    }

    /// The newest version of every item, by code.
    pub fn items(&self) -> impl Iterator<Item = &Arc<ItemDef>> {
        self.items.values().filter_map(|versions| versions.last())
    }

    /// All versions of a bundle, rising; the newest is the one in force.
    pub fn bundle_versions(&self, slug: &str) -> impl DoubleEndedIterator<Item = &Arc<BundleDef>> {
        self.bundles.get(slug).into_iter().flatten()
    }

    /// That version of the bundle; accesses name the version that they rested on.
    pub fn bundle_version(&self, slug: &str, version: u32) -> Option<&Arc<BundleDef>> {
        self.bundle_versions(slug).find(|bundle| bundle.version == version)
    }

    /// The newest version of every bundle, by its 编号.
    pub fn bundles(&self) -> impl Iterator<Item = &Arc<BundleDef>> {
        self.bundles.values().filter_map(|versions| versions.last())
    }

    /// The code lists.
    pub fn code_lists(&self) -> &CodeLists {
        &self.code_lists
    }

    /// Agencies and grants.
    pub fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// The calendar.
    pub fn workdays(&self) -> &Workdays {
        &self.workdays
    }

    /// The time up to which an issuer's feeds of a type are known, by its statements about feeds that go on: the oldest
    /// of them, since a record does not tell from which system it came. None where it states none.
    pub fn fed_until(&self, type_code: &str, issuer: &str) -> Option<Moment> {
        let own = self.coverages(type_code).iter().filter(|one| one.issuer == issuer);
        own.filter(|one| one.issued_to.is_none()).map(|one| one.as_of).min()
    }

    /// The coverage statements for a type.
    pub fn coverages(&self, type_code: &str) -> &[Coverage] {
        self.coverages.get(type_code).map_or(&[], Vec::as_slice)
    }

    /// The worth of "nothing found" for `question` ([`absence`]). It is never worth anything for a type whose
    /// answers are only relayed.
    pub fn absence(&self, question: &Question, now: Moment, feed_late_after_s: i64) -> Absence {
        if self.type_of(question.type_code()).is_some_and(|entry| entry.def().relay_only) {
            let part = Missing { region: Region::COUNTRY, from: None, to: now.day(), why: Why::RelayedOnly };
            return Absence::NotCovered { parts: vec![part], stated: Vec::new() };
        }
        absence(self.coverages(question.type_code()), question, now, feed_late_after_s)
    }

    /// The ends of records of a type that no source here tells: no type covers them for the whole country.
    pub fn unseen<'c>(
        &'c self,
        def: &'c TypeDef,
        now: Moment,
        feed_late_after_s: i64,
    ) -> impl Iterator<Item = UnseenEnd> + 'c {
        let told = move |end: &&Unseen| {
            let Some(entry) = self.type_by_slug(&end.covered_by) else { return false };
            let anywhere = Question::new(&entry.def().code, Vec::new(), None, None);
            let absence = anywhere.map(|asked| self.absence(&asked, now, feed_late_after_s).kind());
            absence == Ok(AbsenceKind::NoneWithinCoverage)
        };
        def.unseen.iter().filter(move |end| !told(end)).map(|end| end.remark)
    }

    fn check_ends(&self) -> Result<(), CatalogFault> {
        for entry in self.types.values().flatten() {
            let unknown = entry.def().ends.iter().find(|end| !self.slugs.contains_key(&end.ended));
            if let Some(end) = unknown {
                let (slug, ended) = (entry.def().slug.clone(), end.ended.clone());
                return Err(CatalogFault::EndsUnknown { slug, ended });
            }
        }
        Ok(())
    }

    /// Whether a statement can hold beside the types and regions of the catalog.
    pub fn check_coverage(&self, coverage: &Coverage) -> Result<(), CatalogFault> {
        let Some(entry) = self.type_of(&coverage.type_code) else {
            return Err(CatalogFault::TypeMissing(coverage.type_code.clone()));
        };
        let backwards =
            matches!((coverage.issued_from, coverage.issued_to), (Some(from), Some(to)) if to < from);
        let what = if entry.def().relay_only {
            "answers of this type are only relayed"
        } else if coverage.share_on_file > 1000 {
            "a share is at most 1000 permille"
        } else if coverage.regions.is_empty() {
            "a statement names its regions"
        } else if backwards {
            "the last day lies before the first"
        } else if self.issuers.agencies().latest(&coverage.issuer).is_none() {
            "the issuer is not a known agency"
        } else {
            return Ok(());
        };
        Err(CatalogFault::Coverage(entry.def().slug.clone(), what))
    }
}

/// Things with versions by their code, the versions rising.
fn by_code<T>(all: Vec<T>, name: impl Fn(&T) -> (String, u32)) -> BTreeMap<String, Vec<Arc<T>>> {
    let mut by_code: BTreeMap<String, Vec<Arc<T>>> = BTreeMap::new();
    for one in all {
        by_code.entry(name(&one).0).or_default().push(Arc::new(one));
    }
    by_code.values_mut().for_each(|versions| versions.sort_by_key(|one| name(one).1));
    by_code
}

#[cfg(test)]
mod tests;
