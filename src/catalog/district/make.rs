//! The items of the district: those with a file, and the generated ones that make the figures whole.

use std::collections::BTreeMap;

use crate::catalog::HolderKind;
use crate::catalog::district::LABEL;
use crate::catalog::district::counts::document;
use crate::catalog::district::deal::{Hands, mixed};
use crate::catalog::district::words::{AskedDocument, DistrictOffice, departments, documents};
use crate::catalog::items::{
    AboutNumbers, Accept, ExerciseLevel, Fee, HandlingKind, ItemDef, ItemFault, ItemKind, ItemRole,
    Necessity, Original, Predicate, ServedHolder, ServiceReach, Slot, SlotClass, TimeLimit, TimeUnit, Way,
};
use crate::clock::Day;

/// 证照类
const CERTIFICATES: usize = 971;
/// 证明类
const PROOFS: usize = 1_156;
/// 其他, 申报类 too.
const OTHERS: usize = 821;
/// Base codes of generated items go on from here.
const FIRST: u64 = 190_101_100_001;
/// One proof in so many has no law behind it.
const WITHOUT_LAW: u64 = 9;

/// The catalog of a district.
#[derive(Debug, Clone, PartialEq)]
pub struct District {
    /// Its items, department by department; the generated ones behind those with a file.
    pub items: Vec<ItemDef>,
}

/// An item that is still to be filled.
struct Blank {
    department: DistrictOffice,
    name: String,
}

impl District {
    /// Generates the district of a seed.
    ///
    /// # Errors
    /// A built-in item or the words are not what they were; a test makes several districts.
    pub fn generate(seed: u64) -> Result<Self, ItemFault> {
        let departments = departments();
        let mut items: Vec<ItemDef> = ItemDef::builtin()?;
        items.retain(|item| departments.iter().any(|one| one.code == item.agency));
        let Some(from) = items.first().map(|item| item.from) else { return Ok(Self { items }) };
        let blanks = blanks(&departments, &items);
        let documents = documents();
        let hands = dealt(seed, &documents, &items, &blanks);
        for (at, blank) in blanks.iter().enumerate() {
            items.push(made((seed, at), from, blank, &documents, &hands));
        }
        let order = |item: &ItemDef| departments.iter().position(|one| one.code == item.agency);
        items.sort_by_key(order);
        Ok(Self { items })
    }
}

/// As many items as each department has beside those with a file.
fn blanks(departments: &[DistrictOffice], items: &[ItemDef]) -> Vec<Blank> {
    let mut all = Vec::new();
    for department in departments {
        let written = items.iter().filter(|item| item.agency == department.code).count();
        let names = department.item_names().take(department.items.saturating_sub(written));
        all.extend(names.map(|name| Blank { department: *department, name }));
    }
    all
}

/// The documents of each generated item, by class: certificates, proofs, others.
fn dealt(seed: u64, documents: &[AskedDocument], items: &[ItemDef], blanks: &[Blank]) -> [Hands; 3] {
    let [mut certificates, mut proofs, mut others] =
        [seed, seed ^ 1, seed ^ 2].map(|seed| Hands::new(seed, blanks.len()));
    let mut left = CERTIFICATES.saturating_sub(written(items, &[SlotClass::Certificate]));
    let there = by_document(items);
    let placed = || documents.iter().enumerate();
    for (place, one) in placed() {
        let AskedDocument::Certificate { total, holder, slug, .. } = one else { continue };
        let there = there.get(*slug).copied().unwrap_or(0);
        let wanted = total.map_or(left, |total| total.saturating_sub(there)).min(left);
        // What a company has only a company is asked for; a person comes to every window.
        let may = |at: usize| *holder == HolderKind::Person || blanks.get(at).map(serves) == Some(*holder);
        left -= wanted - certificates.deal(place, wanted, &may);
    }
    let places = |of: &dyn Fn(&AskedDocument) -> bool| -> Vec<usize> {
        placed().filter(|(_, one)| of(one)).map(|(place, _)| place).collect()
    };
    let kinds = places(&|one| matches!(one, AskedDocument::Proof { .. }));
    shared(&mut proofs, &kinds, PROOFS.saturating_sub(written(items, &[SlotClass::Proof])));
    let mut kinds = places(&|one| matches!(one, AskedDocument::Other { .. })).into_iter();
    let mut left = OTHERS.saturating_sub(written(items, &[SlotClass::Declaration, SlotClass::Other]));
    if let Some(form) = kinds.next() {
        left -= blanks.len() - others.deal(form, blanks.len(), &|_| true);
    }
    shared(&mut others, &kinds.collect::<Vec<_>>(), left);
    [certificates, proofs, others]
}

/// Deals so many documents, as many of each kind.
fn shared(hands: &mut Hands, kinds: &[usize], mut left: usize) {
    for (at, place) in kinds.iter().enumerate() {
        let wanted = left.div_ceil(kinds.len() - at);
        left -= wanted - hands.deal(*place, wanted, &|_| true);
    }
}

/// Materials of these classes in the items that have a file.
fn written(items: &[ItemDef], classes: &[SlotClass]) -> usize {
    items.iter().flat_map(|item| &item.slots).filter(|slot| classes.contains(&slot.class)).count()
}

/// Certificates in the items that have a file, by document.
fn by_document(items: &[ItemDef]) -> BTreeMap<String, usize> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for slot in items.iter().flat_map(|item| &item.slots) {
        if slot.class == SlotClass::Certificate {
            *counted.entry(document(slot)).or_default() += 1;
        }
    }
    counted
}

fn serves(blank: &Blank) -> HolderKind {
    blank.department.serves
}

fn made(
    (seed, at): (u64, usize),
    from: Day,
    blank: &Blank,
    documents: &[AskedDocument],
    hands: &[Hands; 3],
) -> ItemDef {
    let base = FIRST.saturating_add(u64::try_from(at).unwrap_or(0)).to_string();
    let law = format!("{}办理规定(地方规定,待核对)", blank.name);
    let days = u32::try_from(mixed(seed, at, 1) % 4).unwrap_or(0) * 5;
    let own = serves(blank) == HolderKind::Organisation;
    let slots = slots((seed, at), &law, blank, documents, hands);
    let mut parties = vec![role("申请人", "applicant", serves(blank))];
    if own {
        parties.push(role("经办人", "handler", HolderKind::Person));
    }
    ItemDef {
        name: blank.name.clone(),
        code: format!("{}4{base}", blank.department.code),
        base_code: base,
        handling_code: None,
        version: 1,
        kind: if own { ItemKind::Licence } else { ItemKind::PublicService },
        grounds: vec![law],
        level: ExerciseLevel::County,
        agency: blank.department.code.to_owned(),
        agency_name: blank.department.name.to_owned(),
        statutory: working(days * 2),
        promised: working(days),
        conditions: vec!["符合规定的条件".to_owned()],
        handling: if days == 0 { HandlingKind::AtOnce } else { HandlingKind::WithinTerm },
        visits: 1,
        reach: ServiceReach::City,
        served: vec![if own { ServedHolder::Company } else { ServedHolder::Person }],
        fee: Fee { charged: false, basis: None },
        results: vec![format!("{}结果", blank.name)],
        from,
        until: None,
        no_promise: None,
        joint: Vec::new(),
        special: Vec::new(),
        remark: Some(LABEL.to_owned()),
        parties,
        premises: Vec::new(),
        questions: Vec::new(),
        dates: Vec::new(),
        slots,
    }
}

/// The materials of an item; the form comes first, as everywhere.
fn slots(
    (seed, at): (u64, usize),
    law: &str,
    blank: &Blank,
    documents: &[AskedDocument],
    hands: &[Hands; 3],
) -> Vec<Slot> {
    let mut slots = Vec::new();
    for place in hands.iter().flat_map(|hand| hand.held.get(at)).flatten() {
        let Some(one) = documents.get(*place) else { continue };
        let lawless =
            matches!(one, AskedDocument::Proof { .. }) && mixed(seed, at, *place).is_multiple_of(WITHOUT_LAW);
        slots.push(slot(*place, *one, (!lawless).then(|| law.to_owned()), serves(blank)));
    }
    slots.sort_by_key(|slot| slot.class != SlotClass::Declaration);
    slots
}

fn working(count: u32) -> TimeLimit {
    TimeLimit { count, unit: TimeUnit::WorkingDay }
}

fn role(name: &str, code: &str, holder: HolderKind) -> ItemRole {
    ItemRole { name: name.to_owned(), code: code.to_owned(), holder, min: 1, max: 1 }
}

/// A material; what a person has is the handler's where a company applies.
fn slot(place: usize, one: AskedDocument, basis: Option<String>, serves: HolderKind) -> Slot {
    let by_applicant = |on_site, note: Option<String>| Way::ByApplicant { on_site, note };
    let (name, class, holder, ways) = match one {
        AskedDocument::Certificate { holder, slug, fields, name, .. } => {
            let fields = fields.split_whitespace().map(str::to_owned).collect();
            let pulled =
                Way::Pulled { slug: slug.to_owned(), fields, typed: None, accept: Accept::default() };
            (name, SlotClass::Certificate, holder, vec![pulled, by_applicant(false, None)])
        }
        AskedDocument::Proof { body, way, name } => {
            let question = format!("{name}是否符合要求");
            let source = match way {
                "told" => {
                    let predicate =
                        Predicate::Told { department: body.to_owned(), question, numbers: AboutNumbers::Any };
                    vec![Way::Checked { predicate, either: false }, by_applicant(false, None)]
                }
                "asked" => vec![Way::Asked { office: body.to_owned(), question, working_days: 5 }],
                _ => vec![by_applicant(false, Some(format!("出具单位：{body}")))],
            };
            (name, SlotClass::Proof, serves, source)
        }
        AskedDocument::Other { declared, name } => {
            let class = if declared { SlotClass::Declaration } else { SlotClass::Other };
            (name, class, serves, vec![by_applicant(declared, None)])
        }
    };
    Slot {
        id: format!("m{place}"),
        role: if holder == serves { "申请人" } else { "经办人" }.to_owned(),
        name: name.to_owned(),
        class,
        necessity: Necessity::Required,
        basis,
        paper_kind: None,
        paper_form: None,
        optional_when: None,
        origin: None,
        origin_note: None,
        copies: None,
        standard: None,
        original: Original::None,
        when: None,
        ways,
    }
}
