//! What the items of a district ask for, counted: by class, by document, by the body that has to provide it.

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::catalog::items::{ItemDef, Predicate, Slot, SlotClass, Way};

/// A name with how often it stands there.
pub type Ranked = (String, usize);

/// Counts of a list of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistrictCounts {
    /// Items.
    pub items: usize,
    /// Materials.
    pub materials: usize,
    /// 证照类
    pub certificates: usize,
    /// 证明类
    pub proofs: usize,
    /// 其他, declarations (申报类) too.
    pub others: usize,
    /// Certificates by document, the most asked for first.
    pub documents: Vec<Ranked>,
    /// Certificates and proofs by the body that has to provide them, the first first.
    pub bodies: Vec<Ranked>,
    /// Items by department, the one with most first.
    pub departments: Vec<Ranked>,
}

impl DistrictCounts {
    /// Counts items; types are named as `catalog` names their departments.
    pub fn of(items: &[ItemDef], catalog: &Catalog) -> Self {
        let slots = || items.iter().flat_map(|item| &item.slots);
        let class = |of: &[SlotClass]| slots().filter(|slot| of.contains(&slot.class)).count();
        let asked = || slots().filter(|slot| matches!(slot.class, SlotClass::Certificate | SlotClass::Proof));
        let certificates = slots().filter(|slot| slot.class == SlotClass::Certificate);
        Self {
            items: items.len(),
            materials: slots().count(),
            certificates: class(&[SlotClass::Certificate]),
            proofs: class(&[SlotClass::Proof]),
            others: class(&[SlotClass::Declaration, SlotClass::Other]),
            documents: ranked(certificates.map(document)),
            bodies: ranked(asked().map(|slot| body(slot, catalog))),
            departments: ranked(items.iter().map(|item| item.agency_name.clone())),
        }
    }
}

/// Names by how often they come, the most often first.
pub fn ranked(names: impl Iterator<Item = String>) -> Vec<Ranked> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *counted.entry(name).or_default() += 1;
    }
    let mut all: Vec<Ranked> = counted.into_iter().collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    all
}

/// The type by which a material is met first.
fn slug(slot: &Slot) -> Option<&str> {
    slot.ways.iter().find_map(|way| match way {
        Way::Pulled { slug, .. } | Way::Checked { predicate: Predicate::Holds { slug }, .. } => {
            Some(slug.as_str())
        }
        _ => None,
    })
}

/// The document that a material is: the slug of its type, or its name. The two parts of a household register are one.
pub(super) fn document(slot: &Slot) -> String {
    match slug(slot) {
        Some("household_front") => "household_member".to_owned(),
        Some(slug) => slug.to_owned(),
        None => slot.name.clone(),
    }
}

/// Words of departments as they stand in items and types, with the name they are counted under.
const BODIES: &[(&str, &str)] = &[
    ("公安", "公安机关"),
    ("人力资源", "人力资源和社会保障部门"),
    ("民政", "民政部门"),
    ("卫生健康", "卫生健康部门"),
    ("医疗保障", "医疗保障部门"),
    ("语言文字", "教育部门"),
    ("教育", "教育部门"),
    ("自然资源", "自然资源部门"),
    ("住房", "住房和城乡建设部门"),
    ("市场监督", "市场监督管理部门"),
    ("残疾", "残疾人联合会"),
    ("税务", "税务部门"),
    ("街道", "街道办事处"),
    ("社区", "社区居民委员会"),
];

/// The body that has to provide a material; the applicant where none is known.
pub fn body(slot: &Slot, catalog: &Catalog) -> String {
    let of_type = slug(slot).and_then(|slug| catalog.type_by_slug(slug));
    let told = slot.ways.iter().find_map(|way| match way {
        Way::Checked { predicate: Predicate::Told { department, .. }, .. } => Some(department.as_str()),
        // Who is related to whom stands in the household register first.
        Way::Checked { predicate: Predicate::Related { .. }, .. } => Some("公安机关"),
        Way::Asked { office, .. } => Some(office.as_str()),
        _ => None,
    });
    let note = slot.ways.iter().find_map(|way| match way {
        Way::ByApplicant { note: Some(note), .. } => note.strip_prefix("出具单位："),
        _ => None,
    });
    let name = of_type.map(|entry| entry.def().duty.source_department.as_str()).or(told).or(note);
    let name = name.unwrap_or("申请人");
    let known = BODIES.iter().find(|(word, _)| name.contains(word));
    known.map_or(name, |(_, body)| body).to_owned()
}
