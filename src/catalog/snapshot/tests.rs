use serde_json::json;

use super::*;
use crate::catalog::agency::tests::agency;
use crate::catalog::{CoveredRegion, Seat};

/// A type that came after the program was built. Synthetic.
const HEALTH: &str = r#"{
  "code": "11190000MD10009070900", "version": 1, "slug": "health_certificate",
  "name": {"zh": "从业人员健康证", "en": "Health certificate"}, "kind": "proof",
  "defining_agency": "示范证照定义机构(合成)", "issuer_kind": "体检机构",
  "holders": [{"role": "holder", "label": {"zh": "持证人", "en": "Holder"}, "min": 1, "max": 1}],
  "validity": {"rule": "fixed_years", "years": 1},
  "number": {"class": "register_no", "on_reissue": "new", "field": "certificate_no"},
  "custody": "hosted",
  "duty": {"source_department": "卫生健康部门", "office": "监督处", "update_cycle": "每日", "catalog_version": "1",
           "last_change_of_duty": "2026-01-01", "update_due": {"working_days": 15, "mark": "待核对"}},
  "sharing": {"class": "conditional", "basis": "演示"}, "derivable": true,
  "face": {"type": "object", "additionalProperties": false, "required": ["certificate_no", "trade"], "properties": {
    "certificate_no": {"type": "string", "format": "identifier", "minLength": 1, "maxLength": 20,
      "x-label": {"zh": "编号", "en": "Number"}, "x-order": 2},
    "trade": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
      "name": {"type": "string", "format": "text", "enum": ["餐饮", "住宿"], "x-label": {"zh": "行业", "en": "Trade"}, "x-order": 1}
    }, "x-label": {"zh": "从业", "en": "Trade"}, "x-order": 1}
  }}
}"#;

const ISSUER: &str = "11190101MD10000425";

fn parts() -> CatalogParts {
    let mut parts = CatalogParts::builtin().unwrap();
    parts.agencies.push(agency(ISSUER, "城东区民政局", "190101", "2000-01-01", "", ""));
    parts
}

fn health(change: impl Fn(&mut TypeDef)) -> CatalogParts {
    let mut parts = parts();
    let mut def: TypeDef = serde_json::from_str(HEALTH).unwrap();
    change(&mut def);
    parts.types.push(def);
    parts
}

#[test]
fn a_new_type_is_a_text_and_no_code() {
    let catalog = Catalog::build(health(|_| {})).unwrap();
    let entry = catalog.type_by_slug("health_certificate").unwrap();
    assert_eq!(entry.face().paths(), ["trade.name", "certificate_no"]);
    let face = json!({"certificate_no": "H-1", "trade": {"name": "餐饮"}});
    assert_eq!(entry.face().check(&face), Ok(()));
    assert_eq!(entry.number(&face), Some("H-1"));
    assert!(entry.check_holders(&face, &[Seat { role: "holder", share: None }]).is_ok());
    let faults =
        entry.face().check(&json!({"certificate_no": "H-1", "trade": {"name": "采矿"}})).unwrap_err();
    assert_eq!((faults[0].field.as_str(), faults[0].rule.rule().wire()), ("trade.name", "not_in_enum"));
    let faults = entry.face().check(&json!({"certificate_no": "H-1", "trade": {}})).unwrap_err();
    assert_eq!((faults[0].field.as_str(), faults[0].rule.rule().wire()), ("trade.name", "field_missing"));
}

#[test]
fn a_definition_reads_back_as_it_was_written() {
    for entry in Catalog::builtin_types().unwrap() {
        let text = serde_json::to_string(entry.def()).unwrap();
        assert_eq!(&serde_json::from_str::<TypeDef>(&text).unwrap(), entry.def());
    }
}

#[test]
fn a_change_of_duty_must_show_in_the_entry_within_its_working_days() {
    let catalog = Catalog::build(parts()).unwrap();
    let marriage = catalog.type_by_slug("marriage_certificate").unwrap();
    assert_eq!(marriage.def().duty.due(catalog.workdays()).unwrap(), "2025-05-30".parse().unwrap());
    for entry in catalog.types() {
        assert!(entry.def().duty.due(catalog.workdays()).is_ok(), "{}", entry.def().slug);
    }
}

#[test]
fn old_versions_of_a_type_stay() {
    let mut parts = health(|_| {});
    let newer = TypeDef { version: 2, ..parts.types.last().unwrap().clone() };
    parts.types.insert(0, newer.clone());
    let catalog = Catalog::build(parts.clone()).unwrap();
    assert_eq!(catalog.type_of(&newer.code).unwrap().def().version, 2);
    assert_eq!(catalog.type_version(&newer.code, 1).unwrap().def().version, 1);
    assert!(catalog.type_version(&newer.code, 3).is_none());
    assert_eq!(catalog.types().len(), 27, "26 built in, and this one");
    parts.types.push(newer);
    assert!(matches!(Catalog::build(parts), Err(CatalogFault::VersionTwice { version: 2, .. })));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let clash = health(|def| def.slug = "marriage_certificate".into());
    assert!(matches!(Catalog::build(clash), Err(CatalogFault::SlugClash(_))));
    let loose = health(|def| {
        let end =
            Catalog::builtin_types().unwrap().into_iter().flat_map(|entry| entry.def().ends.clone()).next();
        def.ends = end
            .into_iter()
            .map(|end| crate::catalog::End { ended: "fishing_licence".into(), ..end })
            .collect();
    });
    assert!(matches!(Catalog::build(loose), Err(CatalogFault::EndsUnknown { .. })));
}

fn coverage(type_code: &str) -> Coverage {
    Coverage {
        type_code: type_code.to_owned(),
        issuing_system: "城东区婚姻登记系统".to_owned(),
        issuer: ISSUER.to_owned(),
        issued_from: None,
        issued_to: None,
        regions: vec![CoveredRegion { code: "190101".parse().unwrap(), name: "城东区".to_owned() }],
        share_on_file: 1000,
        as_of: now(),
        heartbeat: now(),
        gaps: Vec::new(),
        unbound: 0,
        quarantined: 0,
    }
}

fn now() -> Moment {
    "2026-11-22T01:00:00.000000Z".parse().unwrap()
}

#[test]
fn i13_a_type_without_a_statement_answers_not_covered() {
    let catalog = Catalog::build(parts()).unwrap();
    for entry in catalog.types() {
        let question =
            Question::new(entry.def().code.clone(), vec!["190101".parse().unwrap()], None, None).unwrap();
        assert_eq!(catalog.absence(&question, now(), 3600).wire(), "not_covered", "{}", entry.def().slug);
        if entry.def().relay_only {
            continue;
        }
        let mut with = parts();
        with.coverages.push(coverage(&entry.def().code));
        let covered = Catalog::build(with).unwrap();
        assert_eq!(covered.absence(&question, now(), 3600).wire(), "none_within_coverage");
    }
}

#[test]
fn i13_what_is_only_relayed_is_never_absent() {
    let relayed = |def: &mut TypeDef| (def.relay_only, def.derivable) = (true, false);
    let catalog = Catalog::build(health(relayed)).unwrap();
    let question =
        Question::new("11190000MD10009070900", vec!["190101".parse().unwrap()], None, None).unwrap();
    let Absence::NotCovered { parts, .. } = catalog.absence(&question, now(), 3600) else { panic!() };
    assert_eq!(parts[0].why, Why::RelayedOnly);
    let mut stated = health(relayed);
    stated.coverages.push(coverage("11190000MD10009070900"));
    assert!(matches!(Catalog::build(stated), Err(CatalogFault::Coverage(..))));
}

#[test]
fn a_statement_that_says_too_much_is_refused() {
    let code = "11190000MD10009070004";
    for spoil in [
        (|one| one.share_on_file = 1001) as fn(&mut Coverage),
        |one| one.regions.clear(),
        |one| one.issuer = "11190101MD10000999".into(),
        |one| {
            (one.issued_from, one.issued_to) =
                (Some("2020-01-02".parse().unwrap()), Some("2020-01-01".parse().unwrap()))
        },
        |one| one.type_code = "11190000MD10009070999".into(),
    ] {
        let mut parts = parts();
        let mut one = coverage(code);
        spoil(&mut one);
        parts.coverages.push(one);
        assert!(Catalog::build(parts).is_err());
    }
}

#[test]
fn every_seed_code_begins_with_one_invented_agency_and_both_its_check_digits_hold() {
    let org = |code: &[u8]| {
        let sum: u32 =
            code.iter().zip([3, 7, 9, 10, 5, 8, 4, 2]).map(|(byte, weight)| value36(*byte) * weight).sum();
        match 11 - sum % 11 {
            10 => b'X',
            11 => b'0',
            digit => b'0' + u8::try_from(digit).unwrap(),
        }
    };
    let alphabet = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let mut weight = 1;
    let mut sum = 0;
    for entry in Catalog::builtin_types().unwrap() {
        assert!(entry.def().code.starts_with("11190000MD10009070"), "{}", entry.def().code);
    }
    let code = b"11190000MD10009070";
    assert_eq!(org(&code[8..16]), code[16]);
    for byte in &code[..17] {
        sum += alphabet.iter().position(|one| one == byte).unwrap() * weight;
        weight = weight * 3 % 31;
    }
    assert_eq!(alphabet[(31 - sum % 31) % 31], code[17]);
}

fn value36(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap()
}
