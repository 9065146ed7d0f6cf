//! Married and divorced couples, made of the synthetic numbers of `people`.

use elicense::registry::Draft;
use serde_json::json;

use super::people::{self, POLICE, number};

/// The husband of a couple: the 17th digit of his number is odd.
pub fn husband(couple: usize) -> String {
    number(couple * 2)
}

/// The wife of a couple.
pub fn wife(couple: usize) -> String {
    number(couple * 2 + 1)
}

/// A couple as the holders of a certificate.
#[derive(Clone, Copy)]
pub struct Couple {
    pub couple: usize,
    /// The wife stands first.
    pub turned: bool,
}

/// A certificate of marriage or divorce.
pub fn certificate(slug: &str, Couple { couple, turned }: Couple, number: &str, day: &str) -> Draft {
    let one = |name: &str, code: &str, sex: &str| {
        let born = format!("{}-{}-{}", &code[6..10], &code[10..12], &code[12..14]);
        json!({"name": name, "sex": sex, "nationality": "中国", "birth_date": born, "id_type": "111", "id_number": code})
    };
    let mut spouses = vec![one("陈志远", &husband(couple), "1"), one("周海燕", &wife(couple), "2")];
    if turned {
        spouses.reverse();
    }
    let holders: Vec<_> = spouses
        .iter()
        .map(|one| json!({"code_type": "111", "code": one["id_number"], "name": one["name"], "role": "spouse"}))
        .collect();
    people::draft(json!({
        "type": slug, "issuer": POLICE, "issued_on": day, "holders": holders,
        "face": {
            "registered_on": day, "certificate_no": number, "registry": "城东区民政局", "issue_kind": "1",
            "spouses": spouses,
        },
    }))
}
