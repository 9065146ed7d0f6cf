//! The types of holder codes of GB/T 36903 Annex A: which document a number was read from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// The text is not one of the three-digit codes of [`CodeType::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a holder code type of GB/T 36903")]
pub struct UnknownCodeType;

macro_rules! code_types {
    ($($variant:ident, $code:literal, $person:literal, $zh:literal, $en:literal;)*) => {
        /// 持证主体代码类型, three digits on the wire.
        ///
        /// Residence permits of residents of Hong Kong, Macao and Taiwan and the foreigners' permanent
        /// resident ID have no code of their own in the list: their 18 characters are a `111` (they are
        /// taken under 511, 516 and 999 too and give the same holder key).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CodeType { $(#[doc = $zh] $variant,)* }

        impl CodeType {
            /// All types, in the order of their codes.
            pub const ALL: &'static [CodeType] = &[$(CodeType::$variant,)*];

            /// The three digits.
            pub fn code(self) -> &'static str { match self { $(CodeType::$variant => $code,)* } }
            /// The name in the standard.
            pub fn name_zh(self) -> &'static str { match self { $(CodeType::$variant => $zh,)* } }
            /// The name in English.
            pub fn name_en(self) -> &'static str { match self { $(CodeType::$variant => $en,)* } }
            /// Whether such a code is of a natural person.
            pub fn is_person(self) -> bool { match self { $(CodeType::$variant => $person,)* } }
        }

        impl utoipa::PartialSchema for CodeType {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::closed::schema(&[$(($code, $zh, $en),)*])
            }
        }

        impl utoipa::ToSchema for CodeType {}

        impl FromStr for CodeType {
            type Err = UnknownCodeType;

            fn from_str(text: &str) -> Result<Self, UnknownCodeType> {
                match text { $($code => Ok(CodeType::$variant),)* _ => Err(UnknownCodeType) }
            }
        }
    };
}

code_types! {
    CreditCode, "001", false, "统一社会信用代码", "unified social credit code";
    OtherOrganisation, "099", false, "其他法人或其他组织有效证件代码", "other document of an organisation";
    CitizenId, "111", true, "公民身份号码", "citizen ID number";
    ArmyOfficer, "114", true, "解放军军官证编号", "army officer's card";
    PoliceOfficer, "115", true, "武警警官证编号", "armed police officer's card";
    ArmySoldier, "118", true, "解放军士兵证编号", "army soldier's card";
    PoliceSoldier, "119", true, "武警士兵证编号", "armed police soldier's card";
    ArmyCivilian, "120", true, "解放军文职人员证编号", "army civilian staff card";
    PoliceCivilian, "122", true, "武警文职人员证编号", "armed police civilian staff card";
    DiplomaticPassport, "411", true, "外交护照号", "diplomatic passport";
    ServicePassport, "412", true, "公务护照号", "service passport";
    PublicAffairsPassport, "413", true, "公务普通护照号", "passport for public affairs";
    OrdinaryPassport, "414", true, "普通护照号", "ordinary passport";
    TaiwanTravelPermit, "511", true, "台湾居民来往大陆通行证号码", "mainland travel permit for Taiwan residents";
    HongKongMacaoTravelPermit, "516", true, "港澳居民来往内地通行证号码", "mainland travel permit for Hong Kong and Macao residents";
    OtherPerson, "999", true, "其他自然人有效证件代码", "other document of a person";
}

impl fmt::Display for CodeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for CodeType {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for CodeType {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}
