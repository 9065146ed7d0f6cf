//! The district's figures, counted from its items.

use std::collections::BTreeSet;

use super::words::departments;
use super::*;
use crate::catalog::items::{ItemDef, ItemFindingKind};
use crate::catalog::{Catalog, CatalogParts};

fn catalog() -> Catalog {
    Catalog::build(CatalogParts::builtin().unwrap()).unwrap()
}

const SEEDS: [u64; 3] = [0, 19, u64::MAX];

/// Departments in the order of their items, as the survey and the split beside it say.
const ITEMS: [usize; 16] = [169, 48, 24, 18, 14, 12, 11, 9, 9, 7, 6, 5, 4, 3, 2, 2];

#[test]
fn the_district_has_the_figures_of_the_survey() {
    for seed in SEEDS {
        let district = District::generate(seed).unwrap();
        let counts = DistrictCounts::of(&district.items, &catalog());
        assert_eq!((counts.items, counts.materials), (343, 2_948));
        assert_eq!((counts.certificates, counts.proofs, counts.others), (971, 1_156, 821));
        assert_eq!(counts.departments.iter().map(|one| one.1).collect::<Vec<_>>(), ITEMS);
        assert_eq!(counts.departments[0].0, "示范市城东区人力资源和社会保障局");
        assert_eq!(counts.departments[1].0, "示范市城东区民政局");
        assert_eq!(counts.departments[2].0, "示范市公安局城东分局");
        assert_eq!(departments().iter().map(|one| one.items).sum::<usize>(), 343);
    }
}

#[test]
fn the_seven_documents_come_in_their_order_and_three_more_behind_them() {
    for seed in SEEDS {
        let counts = DistrictCounts::of(&District::generate(seed).unwrap().items, &catalog());
        let names: Vec<&str> = counts.documents.iter().map(|one| one.0.as_str()).collect();
        assert_eq!(
            names[..7],
            [
                "resident_id_card",
                "household_member",
                "marriage_certificate",
                "disability_certificate",
                "birth_certificate",
                "social_security_card",
                "real_estate_certificate",
            ]
        );
        assert!(counts.documents[..8].windows(2).all(|pair| pair[0].1 > pair[1].1), "{:?}", counts.documents);
        let three: BTreeSet<&str> = names[7..10].iter().copied().collect();
        assert_eq!(three, ["death_certificate", "divorce_certificate", "employment_certificate"].into());
        assert!(counts.documents[9].1 > counts.documents[10].1, "{:?}", counts.documents);
    }
}

#[test]
fn public_security_has_to_provide_most() {
    for seed in SEEDS {
        let counts = DistrictCounts::of(&District::generate(seed).unwrap().items, &catalog());
        assert_eq!(counts.bodies.iter().map(|one| one.1).sum::<usize>(), 2_127);
        assert_eq!(counts.bodies[0].0, "公安机关");
        assert!(counts.bodies[0].1 > counts.bodies[1].1, "{:?}", counts.bodies);
    }
}

#[test]
fn every_item_passes_its_check_and_stands_once() {
    let catalog = catalog();
    for seed in SEEDS {
        let district = District::generate(seed).unwrap();
        let (mut codes, mut names) = (BTreeSet::new(), BTreeSet::new());
        for item in &district.items {
            item.check(&catalog).unwrap();
            assert!(codes.insert(&item.code) && names.insert((&item.agency, &item.name)), "{}", item.name);
            assert!(item.slots.len() >= 2, "{}", item.name);
        }
        let written: BTreeSet<String> =
            ItemDef::builtin().unwrap().into_iter().map(|item| item.code).collect();
        let twenty = written.iter().filter(|code| codes.contains(code)).count();
        // All but the check of the fire brigade, which is none of the sixteen.
        assert_eq!(twenty, 28);
        let generated = district.items.iter().filter(|item| !written.contains(&item.code));
        assert!(generated.clone().all(|item| item.remark.as_deref() == Some(LABEL)));
        let lawless = generated.flat_map(|item| item.findings(&catalog));
        let lawless = lawless.filter(|finding| finding.kind == ItemFindingKind::NoBasis).count();
        assert!((50..300).contains(&lawless), "{lawless} proofs without a law");
    }
}

#[test]
fn the_same_seed_gives_the_same_district() {
    assert_eq!(District::generate(19).unwrap(), District::generate(19).unwrap());
    assert_ne!(District::generate(19).unwrap(), District::generate(20).unwrap());
}

#[test]
fn its_departments_are_those_of_the_demo() {
    let demo = include_str!("../../../fixtures/demo/agencies.tsv");
    for department in departments() {
        let line = demo.lines().find(|line| line.ends_with(&format!("\t{}", department.name))).unwrap();
        assert_eq!(line.split('\t').nth(9), Some(department.items.to_string().as_str()), "{line}");
    }
}
