//! Why a holder code was refused: one named rule, never the text itself (I3).

use std::fmt;

use super::CodeType;
use crate::error::{Code, Error};

macro_rules! rules {
    ($($variant:ident, $rule:literal, $en:literal, $zh:literal;)*) => {
        /// The rule of the standard that a code broke.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CodeRule { $(#[doc = $en] $variant,)* }

        impl CodeRule {
            /// All rules.
            pub const ALL: &'static [CodeRule] = &[$(CodeRule::$variant,)*];

            /// The stable name on the wire.
            pub fn rule(self) -> &'static str { match self { $(CodeRule::$variant => $rule,)* } }
            /// What is wrong, in English.
            pub fn text_en(self) -> &'static str { match self { $(CodeRule::$variant => $en,)* } }
            /// What is wrong, in Chinese.
            pub fn text_zh(self) -> &'static str { match self { $(CodeRule::$variant => $zh,)* } }
        }
    };
}

rules! {
    Length, "length", "the number of characters is not that of this code", "号码位数不正确";
    ControlCharacter, "control_character", "there is an invisible control character in it", "号码中含有不可见的控制字符";
    Alphabet, "alphabet", "there is a character in it that this code cannot have", "号码中含有不允许的字符";
    AlphabetIosvz, "alphabet_iosvz", "a credit code never has the letters I, O, S, V, Z: look for 1, 0, 5, U, 2", "统一社会信用代码不使用字母 I、O、S、V、Z，请核对 1、0、5、U、2";
    Format, "format", "the characters do not stand in the order of this code", "号码格式不正确";
    Category, "category", "the first two characters name no registration authority and kind", "第 1、2 位不是有效的登记管理部门和机构类别代码";
    DateImpossible, "date_impossible", "the birth date in it is no day of the calendar", "号码中的出生日期不存在";
    DateTooEarly, "date_too_early", "the birth date in it lies before 1800", "号码中的出生日期早于 1800 年";
    DateInFuture, "date_in_future", "the birth date in it lies in the future", "号码中的出生日期晚于今天";
    CenturyUnknown, "century_unknown", "a 15-digit number ending in 996 to 999 belongs to a person born before 1900: give the 18-digit one", "15 位号码顺序码为 996–999，出生世纪无法确定，请提供 18 位号码";
    CheckDigit, "check_digit", "the check character does not fit: a character is wrong or two are swapped", "校验码不正确，请逐位核对";
    OrganisationCheckDigit, "organisation_check_digit", "the check character of the organisation code does not fit", "组织机构代码（主体标识码）校验码不正确";
}

/// A refused holder code: of which type it was meant to be, and which rule it broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeFault {
    /// What the text was read as.
    pub code_type: CodeType,
    /// The first rule that failed.
    pub rule: CodeRule,
}

impl CodeFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> &'static str {
        self.rule.rule()
    }
}

impl fmt::Display for CodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a valid {}: {}", self.code_type.name_en(), self.rule.text_en())
    }
}

impl std::error::Error for CodeFault {}

impl From<CodeFault> for Error {
    fn from(fault: CodeFault) -> Self {
        Self::new(Code::HolderCodeInvalid, fault.to_string()).rule(fault.rule())
    }
}
