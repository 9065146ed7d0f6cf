//! The holder code: a checked number that shows itself masked and gives the form that is hashed.

use std::fmt;

use super::citizen::{self, PersonFacts};
use super::organisation;
use super::{CodeType, Remark};
use crate::clock::Day;

/// The characters that a mask leaves: three in front, four behind.
const MASK_LONG: (usize, usize) = (3, 4);
/// The same for codes of fewer than 14 characters: three and four would leave more than half of them.
const MASK_SHORT: (usize, usize) = (1, 2);

/// The kind of a code by its characters; a function of code type and text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Form {
    /// 18 characters with MOD 11-2 and a real date.
    Citizen,
    /// 18 characters of GB 32100.
    Credit,
    /// 9 characters of GB 11714.
    Organisation,
    /// Permanent resident ID of three letters and twelve digits.
    FormerResident,
    /// A travel permit: the number of the person, in so many characters, and then perhaps the count of renewals.
    Permit(usize),
    /// Taken as printed.
    Other,
}

/// A checked holder code (主体代码) in canonical form.
///
/// Equality is that of type and text as given; whether two codes are of one holder is asked of
/// [`HolderCode::same_key`]. `Debug` and `Display` write the masked form only (I3).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HolderCode {
    code_type: CodeType,
    form: Form,
    text: Box<str>,
}

/// An accepted code, and the remarks on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The code.
    pub code: HolderCode,
    /// The text's differences from it, and its unusual features.
    pub remarks: Vec<Remark>,
}

impl HolderCode {
    pub(super) fn checked(code_type: CodeType, form: Form, text: String) -> Self {
        Self { code_type, form, text: text.into_boxed_str() }
    }

    /// The type under which it was given.
    pub fn code_type(&self) -> CodeType {
        self.code_type
    }

    /// The canonical full code, the form that may be signed into a record. Do not log it or show it unmasked
    /// without need.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The code type of the form that is hashed: `111` for every 18-character number with MOD 11-2,
    /// `001` for every organisation known by its organisation code, else that of [`HolderCode::code_type`].
    pub fn key_type(&self) -> &'static str {
        match self.form {
            Form::Citizen => CodeType::CitizenId.code(),
            Form::Credit | Form::Organisation => CodeType::CreditCode.code(),
            Form::FormerResident => CodeType::OtherPerson.code(),
            Form::Permit(_) | Form::Other => self.code_type.code(),
        }
    }

    /// The code of the form that is hashed: of a credit code the nine characters of its organisation code, of a travel
    /// permit the number without the count of renewals, else the code itself.
    pub fn key_code(&self) -> &str {
        let person = || match self.form {
            Form::Permit(characters) => self.text.get(..characters),
            _ => None,
        };
        self.organisation_code().or_else(person).unwrap_or(&self.text)
    }

    /// The code that was hashed before counts of renewals were left out; none if it is the same.
    pub fn former_key_code(&self) -> Option<&str> {
        let renewed = matches!(self.form, Form::Permit(characters) if characters < self.text.len());
        renewed.then_some(&*self.text)
    }

    /// Whether both codes lead to the same holder key.
    pub fn same_key(&self, other: &HolderCode) -> bool {
        self.key_type() == other.key_type() && self.key_code() == other.key_code()
    }

    /// The full credit code, where it is known.
    pub fn credit_code(&self) -> Option<&str> {
        (self.form == Form::Credit).then_some(&*self.text)
    }

    /// Whether it is a credit code of the pilot, whose check characters are not those of the standard. It is known and
    /// looked up; nothing new is issued to it.
    pub fn is_pilot(&self) -> bool {
        self.form == Form::Credit && organisation::is_pilot(&self.text)
    }

    /// Whether credit codes that are given out on that day are those of the standard: GB 32100-2015 is in force since
    /// 1 October 2015.
    pub fn standard_on(day: Day) -> bool {
        Day::new(2015, 10, 1).is_some_and(|since| day >= since)
    }

    /// The nine characters of the organisation code, given alone or inside a credit code.
    pub fn organisation_code(&self) -> Option<&str> {
        match self.form {
            Form::Credit => self.text.get(8..17),
            Form::Organisation => Some(&self.text),
            Form::Citizen | Form::FormerResident | Form::Permit(_) | Form::Other => None,
        }
    }

    /// The code as [`mask`] shows it.
    pub fn masked(&self) -> String {
        mask(&self.text)
    }

    /// Sex, birth date and kind, only where the number carries them.
    pub fn person(&self) -> Option<PersonFacts> {
        if self.form == Form::Citizen { citizen::facts(&self.text) } else { None }
    }
}

/// A number with its middle hidden, character for character: `110***********002X`. At least half of it is
/// hidden, at any length, and a birth date never shows. This is the only mask of numbers: two masks side by
/// side would tell more than either.
pub fn mask(text: &str) -> String {
    let length = text.chars().count();
    let (front, back) = match length {
        14.. => MASK_LONG,
        6..14 => MASK_SHORT,
        _ => (0, 0),
    };
    let hidden = front..length - back;
    text.chars().enumerate().map(|(at, c)| if hidden.contains(&at) { '*' } else { c }).collect()
}

impl fmt::Display for HolderCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for HolderCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HolderCode({} {})", self.code_type, self.masked())
    }
}
