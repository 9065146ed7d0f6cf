//! Why a holder code was refused: one named rule, never the text itself (I3).

use std::fmt;

use super::CodeType;
use crate::error::{Code, Error};
use crate::rule::Rule;

macro_rules! rules {
    ($($variant:ident, $en:literal;)*) => {
        /// The rule of the standard that a code broke; each is one of [`Rule`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum CodeRule { $(#[doc = $en] $variant,)* }

        impl CodeRule {
            /// All rules.
            pub const ALL: &'static [CodeRule] = &[$(CodeRule::$variant,)*];

            /// The rule in the table of all.
            pub fn rule(self) -> Rule { match self { $(CodeRule::$variant => Rule::$variant,)* } }
            /// The fault of a holder code, as the end of a sentence.
            pub fn text_en(self) -> &'static str { match self { $(CodeRule::$variant => $en,)* } }
        }
    };
}

rules! {
    Length, "the number of characters is not that of this code";
    ControlCharacter, "there is an invisible control character in it";
    Alphabet, "there is a character in it that this code cannot have";
    AlphabetIosvz, "a credit code never has the letters I, O, S, V, Z: look for 1, 0, 5, U, 2";
    Format, "the characters do not stand in the order of this code";
    Category, "the first two characters name no registration authority and kind";
    DateImpossible, "the birth date in it is no day of the calendar";
    DateTooEarly, "the birth date in it lies before 1800";
    DateInFuture, "the birth date in it lies in the future";
    CenturyUnknown, "a 15-digit number ending in 996 to 999 belongs to a person born before 1900: give the 18-digit one";
    CheckDigit, "the check character does not fit: a character is wrong or two are swapped";
    OrganisationCheckDigit, "the check character of the organisation code does not fit";
}

/// A refused holder code: its intended type, and the rule it broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeFault {
    /// The intended type of the text.
    pub code_type: CodeType,
    /// The first rule that failed.
    pub rule: CodeRule,
}

impl CodeFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
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
