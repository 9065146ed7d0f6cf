//! Drafts of twelve of the types, as their schemas in `schema/types` say.
//!
//! | file | types |
//! |---|---|
//! | `person` | 居民身份证, 社会保障卡, 机动车驾驶证, 残疾人证 |
//! | `household` | 户口簿首页, 常住人口登记卡 |
//! | `family` | 结婚证, 离婚证, 出生医学证明, 死亡证明 |
//! | `property` | 不动产权证书, 营业执照 |

mod family;
mod household;
mod person;
mod property;

pub use family::{
    Birth, Death, Pair, birth_certificate, death_certificate, divorce_certificate, marriage_certificate,
};
pub use household::{Membership, household_front, household_member};
pub use person::{
    Disability, disability_certificate, driving_licence, id_card, id_card_term, social_security_card,
};
pub use property::{Estate, Licence, business_licence, real_estate_certificate};

use serde_json::{Map, Value};

use super::steps::{Coded, Draft, DraftHolder};
use crate::clock::Day;
use crate::record::payload::Validity;

/// A person of the demo.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    /// Code type, 3 digits: `111` for a citizen number.
    pub code_type: &'static str,
    /// The number.
    pub code: String,
    /// The name.
    pub name: String,
    /// Female.
    pub female: bool,
    /// The day of birth.
    pub born: Day,
    /// 民族, GB/T 3304.
    pub ethnic: &'static str,
    /// 国籍.
    pub nationality: &'static str,
    /// Where the person is registered.
    pub address: String,
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Person({} ***)", self.code_type)
    }
}

impl Person {
    /// As a holder in a role; the role is left out where the type has one only.
    pub fn holder(&self, role: &str) -> DraftHolder {
        DraftHolder {
            code_type: self.code_type.to_owned(),
            code: self.code.clone(),
            name: self.name.clone(),
            role: (!role.is_empty()).then(|| role.to_owned()),
            share: None,
        }
    }

    /// The number with its type.
    pub fn coded(&self) -> Coded {
        Coded { code_type: self.code_type.to_owned(), code: self.code.clone() }
    }

    /// GB/T 2261.1.
    pub fn sex(&self) -> &'static str {
        if self.female { "2" } else { "1" }
    }

    /// Completed years.
    pub fn age_on(&self, on: Day) -> u32 {
        self.born.years_until(on)
    }
}

/// The agency whose key signs, and the office that the face names.
#[derive(Debug, Clone, Copy)]
pub struct Issuer<'a> {
    /// Credit code.
    pub code: &'a str,
    /// As the face names it.
    pub name: &'a str,
}

fn draft(
    slug: &str,
    issuer: Issuer<'_>,
    holders: Vec<DraftHolder>,
    face: Map<String, Value>,
    on: Day,
) -> Draft {
    Draft {
        type_code: slug.to_owned(),
        issuer: issuer.code.to_owned(),
        holders,
        face,
        issued_on: on,
        valid_from: None,
        valid_to: None,
        attachments: Vec::new(),
        identifier: None,
    }
}

/// A validity as a face prints it.
fn printed(valid_to: Validity) -> String {
    match valid_to {
        Validity::Until(day) => day.to_string(),
        Validity::LongTerm => "长期".to_owned(),
    }
}

/// An object of named values.
macro_rules! demo_face {
    ($($name:ident: $value:expr),* $(,)?) => {{
        let mut map = serde_json::Map::new();
        $(map.insert(stringify!($name).to_owned(), serde_json::Value::from($value));)*
        map
    }};
}
pub(crate) use demo_face as face;

/// Puts a value into a face where there is one.
fn maybe<V: Into<Value>>(face: &mut Map<String, Value>, name: &str, value: Option<V>) {
    if let Some(value) = value {
        face.insert(name.to_owned(), value.into());
    }
}
