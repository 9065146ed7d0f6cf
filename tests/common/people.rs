//! Synthetic holders (region prefix 19) and the agencies that issue to them.

use elicense::catalog::{Agency, Authority};
use elicense::clock::Day;
use elicense::registry::{Draft, Registry};
use serde_json::{Value, json};

pub const ZHOU: &str = "190101198803120021";
pub const CHEN: &str = "190101198607250013";
pub const POLICE: &str = "11190101MD10000500";
pub const MARKET: &str = "11190101MD10000425";
pub const CREMATORIUM: &str = "12190100MD100043XW";
pub const COMPANY: &str = "91190101MD1000018C";

pub fn day(text: &str) -> Day {
    text.parse().unwrap()
}

pub fn agency(code: &str, name: &str, region: &str) -> Agency {
    serde_json::from_value(json!({
        "code": code, "name": name, "level": "county", "region": region, "nature": "administrative",
        "valid_from": "1990-01-01",
    }))
    .unwrap()
}

/// Two agencies with authority for every type since 1990, each with a key held by the registry.
pub fn settle(registry: &Registry) {
    for (code, name) in [(POLICE, "示范市公安局城东分局"), (MARKET, "城东区市场监督管理局")]
    {
        registry.put_agency("test", &agency(code, name, "190101")).unwrap();
        for entry in registry.snapshot().catalog.types() {
            let authority = Authority {
                agency: code.into(),
                type_code: entry.def().code.clone(),
                region: "190101".parse().unwrap(),
                from: day("1990-01-01"),
                to: None,
            };
            registry.authorise("test", &authority).unwrap();
        }
        registry.make_key("test", code).unwrap();
    }
    empower(
        registry,
        POLICE,
        "household",
        &["death", "death_report", "deregistration", "provisional", "same_person"],
    );
    registry.put_agency("test", &agency(CREMATORIUM, "示范市殡仪馆", "190101")).unwrap();
    registry.make_key("test", CREMATORIUM).unwrap();
    empower(registry, CREMATORIUM, "cremation", &["death_report"]);
    empower(registry, MARKET, "registrar", &["dissolution", "same_entity", "successor"]);
}

/// The same, and the crematorium may issue certificates of death.
pub fn settle_deaths(registry: &Registry) {
    settle(registry);
    let death = registry.snapshot().catalog.type_by_slug("death_certificate").unwrap().def().code.clone();
    let authority = Authority {
        agency: CREMATORIUM.into(),
        type_code: death,
        region: "190101".parse().unwrap(),
        from: day("1990-01-01"),
        to: None,
    };
    registry.authorise("test", &authority).unwrap();
}

/// Authority over people for an agency, as that kind of office.
pub fn empower(registry: &Registry, agency: &str, source: &str, statements: &[&str]) {
    for statement in statements {
        let given = json!({
            "agency": agency, "statement": statement, "source": source, "region": "190101", "from": "1990-01-01",
        });
        registry.empower("test", &serde_json::from_value(given).unwrap()).unwrap();
    }
}

/// An ID card of a person, with a face that fits the number.
pub fn id_card(code: &str, name: &str, issued_on: &str) -> Draft {
    let sex = if code.as_bytes()[16] % 2 == 1 { "1" } else { "2" };
    let born = format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]);
    draft(json!({
        "type": "resident_id_card", "issuer": POLICE, "issued_on": issued_on, "valid_from": issued_on,
        "holders": [{"code_type": "111", "code": code, "name": name}],
        "face": {
            "name": name, "sex": sex, "ethnic_group": "01", "birth_date": born, "address": "示范省示范市城东区桃源路1号",
            "id_number": code, "issuing_authority": "示范市公安局城东分局", "valid_from": issued_on,
            "valid_to": "2040-01-01",
        },
        "valid_to": "2040-01-01",
    }))
}

/// A social security card, whose number is the citizen's number.
pub fn social_card(code: &str, name: &str) -> Draft {
    draft(json!({
        "type": "social_security_card", "issuer": POLICE, "issued_on": "2020-05-06",
        "holders": [{"code_type": "111", "code": code, "name": name}],
        "face": {
            "name": name, "social_security_no": code, "card_no": "6200000000000000001", "issuing_region": "190101",
            "bank": "示范银行", "issued_on": "2020-05-06", "valid_to": "2030-05-06", "status": "1",
        },
        "valid_to": "2030-05-06",
    }))
}

/// A marriage certificate: one record, two holders.
pub fn marriage(number: &str) -> Draft {
    let spouse = |name: &str, code: &str, sex: &str, born: &str| json!({"name": name, "sex": sex, "nationality": "中国", "birth_date": born, "id_type": "111", "id_number": code});
    draft(json!({
        "type": "marriage_certificate", "issuer": POLICE, "issued_on": "2015-05-20",
        "holders": [
            {"code_type": "111", "code": ZHOU, "name": "周海燕", "role": "spouse"},
            {"code_type": "111", "code": CHEN, "name": "陈志远", "role": "spouse"},
        ],
        "face": {
            "registered_on": "2015-05-20", "certificate_no": number, "registry": "城东区民政局", "issue_kind": "1",
            "spouses": [spouse("周海燕", ZHOU, "2", "1988-03-12"), spouse("陈志远", CHEN, "1", "1986-07-25")],
        },
    }))
}

/// A death certificate: of the dead, in the role `deceased`.
pub fn death(code: &str, name: &str) -> Draft {
    let sex = if code.as_bytes()[16] % 2 == 1 { "1" } else { "2" };
    draft(json!({
        "type": "death_certificate", "issuer": POLICE, "issued_on": "2026-11-01",
        "holders": [{"code_type": "111", "code": code, "name": name, "role": "deceased"}],
        "face": {
            "certificate_no": "D190101-2026-0001", "deceased_name": name, "sex": sex, "id_type": "111",
            "id_number": code, "died_on": "2026-10-30", "place": "示范市第一医院", "cause": "心脏骤停", "source": "1",
            "issuing_unit": "示范市第一医院", "issued_on": "2026-11-01",
        },
    }))
}

/// A disability certificate with a guardian, who is a holder beside its subject.
pub fn disability(code: &str, name: &str, guardian: (&str, &str)) -> Draft {
    let sex = if code.as_bytes()[16] % 2 == 1 { "1" } else { "2" };
    let born = format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]);
    draft(json!({
        "type": "disability_certificate", "issuer": POLICE, "issued_on": "2020-05-06",
        "holders": [
            {"code_type": "111", "code": code, "name": name, "role": "holder"},
            {"code_type": "111", "code": guardian.0, "name": guardian.1, "role": "guardian"},
        ],
        "face": {
            "name": name, "sex": sex, "ethnic_group": "01", "birth_date": born, "certificate_no": format!("{code}54"),
            "category": "5", "grade": "3", "guardian_name": guardian.1, "guardian_relation": "母亲",
            "guardian_phone": "13900000019", "address": "示范省示范市城东区桃源路1号",
            "issuing_authority": "城东区残疾人联合会", "issued_on": "2020-05-06", "valid_to": "2030-05-05",
        },
        "valid_to": "2030-05-05",
    }))
}

/// A business licence of that company.
pub fn licence(code: &str, name: &str) -> Draft {
    draft(json!({
        "type": "business_licence", "issuer": MARKET, "issued_on": "2020-05-06",
        "holders": [{"code_type": "001", "code": code, "name": name}],
        "face": {
            "credit_code": code, "name": name, "entity_type": "有限责任公司", "legal_representative": "周海燕",
            "established_on": "2020-05-06", "term_from": "2020-05-06", "term_to": "长期", "scope": "餐饮服务",
            "domicile": "示范省示范市城东区桃源路1号", "registrar": "城东区市场监督管理局", "issued_on": "2020-05-06",
        },
        "valid_to": "long_term",
    }))
}

pub fn draft(value: Value) -> Draft {
    serde_json::from_value(value).unwrap()
}

/// A synthetic citizen number (region 190101), right in every rule.
pub fn number(place: usize) -> String {
    let (born, sequence) = (1950 + place / 900, 1 + place % 900);
    let body = format!("190101{born}0101{sequence:03}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: usize = body.bytes().zip(weights).map(|(byte, weight)| usize::from(byte - b'0') * weight).sum();
    format!("{body}{}", char::from(b"10X98765432"[sum % 11]))
}
