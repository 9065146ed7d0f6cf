//! 减证账单: which materials of a list of items nobody has to bring any more, which fall away where one more type is
//! shared, and why each of the others is still asked for.
//!
//! A material is unnecessary where the registry can answer it: a type of one of its ways is shared here (its coverage is
//! stated), or a department answers the question, and the paper itself need not be seen. Whether it answers in a case is for
//! the case to say.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Catalog;
use crate::catalog::district::{Ranked, body, ranked};
use crate::catalog::items::{ItemDef, Kinship, Original, Predicate, Slot, SlotClass, Way};
use crate::closed::closed;

closed! {
    /// Why a material is still asked for.
    StillAsked {
        NoBasis, "no_basis", "无依据，建议取消", "no law asks for it: drop it";
        Original, "original", "须交验或收缴原件", "the paper itself must be seen or taken in";
        NotShared, "not_shared", "证照类型尚未归集", "its type is not shared here yet";
        NoAnswer, "no_answer", "部门尚未接入核验", "the department that knows it answers no questions yet";
        Declaration, "declaration", "申报材料，由申请人填写", "the applicant declares it";
        NoSource, "no_source", "没有数据来源", "no type and no department covers it";
    }
}

/// What is shared.
#[derive(Clone, Copy)]
pub struct SharedSources<'a> {
    /// Whether a type is, by slug.
    pub types: &'a dyn Fn(&str) -> bool,
    /// Whether a department answers questions, by the name that items give it.
    pub departments: &'a dyn Fn(&str) -> bool,
}

/// The bill of a list of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Savings {
    /// Materials in all.
    pub materials: usize,
    /// Those that nobody has to bring.
    pub unneeded: usize,
    /// The bill of each item, in the order of the list.
    pub items: Vec<ItemSavings>,
    /// Materials that fall away where one more type is shared, by slug, the most first.
    pub by_type: Vec<Ranked>,
    /// Certificates and proofs that are still asked for, by the body that has to provide them.
    pub providing: Vec<Ranked>,
    /// Materials that are still asked for, by the department that asks.
    pub asking: Vec<Ranked>,
}

/// The bill of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemSavings {
    /// 实施编码
    pub code: String,
    /// Its name.
    pub name: String,
    /// The agency's name.
    pub agency_name: String,
    /// Materials in all.
    pub materials: usize,
    /// The others: nobody has to bring those that are not here.
    pub remaining: Vec<RemainingSlot>,
}

/// A material that is still asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemainingSlot {
    /// 编号
    pub slot: String,
    /// 材料名称
    pub name: String,
    /// Why.
    pub why: StillAsked,
    /// The types any of which would do, where none is shared.
    pub types: Vec<String>,
    /// 要求提供材料的依据
    pub basis: Option<String>,
}

impl Savings {
    /// The bill of these items.
    pub fn of(items: &[&ItemDef], catalog: &Catalog, shared: SharedSources<'_>) -> Self {
        let bill = |item: &&ItemDef| ItemSavings {
            code: item.code.clone(),
            name: item.name.clone(),
            agency_name: item.agency_name.clone(),
            materials: item.slots.len(),
            remaining: item.slots.iter().filter_map(|slot| remaining(slot, shared)).collect(),
        };
        let bills: Vec<ItemSavings> = items.iter().map(bill).collect();
        let materials = bills.iter().map(|bill| bill.materials).sum();
        let left: usize = bills.iter().map(|bill| bill.remaining.len()).sum();
        let mut by_type: BTreeMap<String, usize> = BTreeMap::new();
        let waiting = bills.iter().flat_map(|bill| &bill.remaining);
        for slug in waiting.filter(|slot| slot.why == StillAsked::NotShared).flat_map(|slot| &slot.types) {
            *by_type.entry(slug.clone()).or_default() += 1;
        }
        let mut by_type: Vec<Ranked> = by_type.into_iter().collect();
        by_type.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let still = |item: &&ItemDef| {
            let slots = item.slots.iter().filter(|slot| remaining(slot, shared).is_some());
            let papers = slots.filter(|slot| matches!(slot.class, SlotClass::Certificate | SlotClass::Proof));
            papers.map(|slot| body(slot, catalog)).collect::<Vec<_>>()
        };
        let asking = bills.iter().flat_map(|bill| bill.remaining.iter().map(|_| bill.agency_name.clone()));
        Self {
            materials,
            unneeded: materials - left,
            by_type,
            providing: ranked(items.iter().flat_map(still).filter(|body| body != "申请人")),
            asking: ranked(asking),
            items: bills,
        }
    }
}

/// Why the material is still asked for; none where the registry answers it.
fn remaining(slot: &Slot, shared: SharedSources<'_>) -> Option<RemainingSlot> {
    let (mut types, mut departments): (BTreeSet<&str>, bool) = (BTreeSet::new(), false);
    let mut answered = false;
    for way in &slot.ways {
        match way {
            Way::Pulled { slug, .. } | Way::Checked { predicate: Predicate::Holds { slug }, .. } => {
                answered |= (shared.types)(slug);
                types.insert(slug);
            }
            Way::Checked { predicate: Predicate::Related { kinship, .. }, .. } => {
                let own = papers_of(*kinship);
                answered |= own.iter().any(|slug| (shared.types)(slug));
                types.extend(own);
            }
            Way::Checked { predicate: Predicate::Told { department, .. }, .. } => {
                answered |= (shared.departments)(department);
                departments = true;
            }
            Way::Asked { .. } | Way::Promised { .. } | Way::Deferred { .. } | Way::ByApplicant { .. } => {}
        }
    }
    let why = match slot.class {
        SlotClass::Proof if slot.basis.is_none() => StillAsked::NoBasis,
        _ if answered && slot.original == Original::None => return None,
        _ if answered => StillAsked::Original,
        _ if !types.is_empty() => StillAsked::NotShared,
        _ if departments => StillAsked::NoAnswer,
        SlotClass::Declaration => StillAsked::Declaration,
        _ => StillAsked::NoSource,
    };
    Some(RemainingSlot {
        slot: slot.id.clone(),
        name: slot.name.clone(),
        why,
        types: types.into_iter().map(str::to_owned).collect(),
        basis: slot.basis.clone(),
    })
}

/// The types any of which may tell of a relation.
const fn papers_of(kinship: Kinship) -> &'static [&'static str] {
    match kinship {
        Kinship::Spouse => &["marriage_certificate"],
        Kinship::Parent | Kinship::Child | Kinship::Guardian => &["birth_certificate", "household_member"],
        Kinship::Household => &["household_member"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::CatalogParts;
    use crate::catalog::district::District;

    fn bill(shared: &[&str]) -> Savings {
        let catalog = Catalog::build(CatalogParts::builtin().unwrap()).unwrap();
        let district = District::generate(19).unwrap();
        let items: Vec<&ItemDef> = district.items.iter().collect();
        let types = |slug: &str| shared.contains(&slug);
        Savings::of(&items, &catalog, SharedSources { types: &types, departments: &|_| false })
    }

    /// What the bill promises of one more type is what the bill with that type shows.
    #[test]
    fn one_more_type_makes_as_many_materials_unnecessary_as_the_bill_says() {
        let before = bill(&["resident_id_card"]);
        assert!(before.unneeded > 0 && before.materials == 2_948);
        assert!(before.by_type.len() > 5);
        for (slug, count) in before.by_type.iter().take(5) {
            let after = bill(&["resident_id_card", slug]);
            // An original that must be seen stays, whatever is shared.
            let originals = |bill: &Savings| {
                let all = bill.items.iter().flat_map(|item| &item.remaining);
                all.filter(|slot| slot.why == StillAsked::Original).count()
            };
            let fell = after.unneeded - before.unneeded;
            assert_eq!(fell + originals(&after) - originals(&before), *count, "{slug}");
        }
    }

    #[test]
    fn where_nothing_is_shared_every_material_is_asked_for_and_a_proof_without_basis_comes_first() {
        let nothing = bill(&[]);
        assert_eq!(nothing.unneeded, 0);
        let all: usize = nothing.items.iter().map(|item| item.remaining.len()).sum();
        assert_eq!(all, nothing.materials);
        assert_eq!(nothing.asking.iter().map(|(_, count)| count).sum::<usize>(), all);
        let mut slot = ItemDef::builtin().unwrap().remove(0).slots.remove(0);
        (slot.class, slot.basis) = (SlotClass::Proof, None);
        let told = remaining(&slot, SharedSources { types: &|_| true, departments: &|_| true }).unwrap();
        assert_eq!(told.why, StillAsked::NoBasis);
    }
}
