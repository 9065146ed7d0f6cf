//! The faults of a face, and the notes on it; never with the value itself (I3).

use std::borrow::Cow;
use std::fmt;

use crate::closed::closed;
use crate::rule::Rule;
use crate::text::{is_joiner, is_private_use};

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// The rule that a field breaks; each is one of [`Rule`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum FaceRule { $($(#[$doc])* $variant,)* }
        impl FaceRule {
    /// The rule of a face for a rule of names.
    pub(super) fn of_name(rule: Rule) -> Self {
        match rule {
            Rule::ReplacementCharacter => Self::ReplacementCharacter,
            Rule::NameBlank => Self::NameBlank,
            Rule::OuterBlank => Self::OuterBlank,
            Rule::NumberInText => Self::NumberInText,
            _ => Self::ControlCharacter,
        }
    }

            /// The rule in the table of all.
            pub fn rule(self) -> Rule { match self { $(Self::$variant => Rule::$variant,)* } }
        }
    };
}

rules! {
    /// The face, an item or a group is not a JSON object, or a value does not have the JSON type of its
    /// field.
    WrongType,
    /// The type has no such field.
    FieldUnknown,
    /// A required field is missing.
    FieldMissing,
    /// At least one of these fields must be there, and none is.
    AlternativeMissing,
    /// Fewer characters than the least.
    TooShort,
    /// More characters than the most.
    TooLong,
    /// Fewer items than the least.
    TooFewItems,
    /// More items than the most.
    TooManyItems,
    /// The same item twice in a list of codes or texts.
    ItemTwice,
    /// Not one of the listed texts.
    NotInEnum,
    /// Not a code of the list.
    CodeUnknown,
    /// Not a real day as YYYY-MM-DD.
    DateForm,
    /// Not a real day and not 长期.
    DateOrLongForm,
    /// Not a year, a month or a real day.
    PartialDateForm,
    /// Not a clock time as YYYY-MM-DDTHH:MM.
    TimeForm,
    /// Not a plain decimal number as text.
    DecimalForm,
    /// Not a number as documents print it: capital letters, digits, ideographs, `-()/._`, at most 40
    /// characters.
    HolderCodeForm,
    /// An identifier with blanks.
    IdentifierForm,
    /// Not 64 lower-case hexadecimal digits.
    SealedReferenceForm,
    /// A control or direction character, or a line break in a field of one line.
    ControlCharacter,
    /// A character that was lost before the text came here (U+FFFD).
    ReplacementCharacter,
    /// A name that shows nothing.
    NameBlank,
    /// A name with a blank before or behind it.
    OuterBlank,
    /// A name with a person's number inside it.
    NumberInText,
    /// A floating-point number.
    NotAnInteger,
    /// An integer beyond 2^53 - 1, which some JSON readers round.
    IntegerUnsafe,
    /// An integer below the least or above the most.
    OutOfRange,
    /// The name is not the holder's.
    HolderName,
    /// The number is not the holder's.
    HolderCode,
    /// The certificate's number does not begin with the holder's.
    HolderCodePrefix,
    /// The kind of document is not that of the holder's code.
    HolderCodeType,
    /// The sex contradicts the holder's number.
    HolderSex,
    /// The birth date contradicts the holder's number.
    HolderBirthDate,
    /// The list does not have one item for each holder of its role.
    HolderCount,
}

impl FaceRule {
    /// Whether the face contradicts its holder, each of the two being well-formed.
    pub fn contradicts_holder(self) -> bool {
        matches!(
            self,
            Self::HolderName
                | Self::HolderCode
                | Self::HolderCodePrefix
                | Self::HolderCodeType
                | Self::HolderSex
                | Self::HolderBirthDate
        )
    }
}

/// One rule that one field breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail} ({})", rule.rule().wire())]
pub struct FaceFault {
    /// The path of the field: `name`, `spouses[1].id_number`; empty for the face as a whole.
    pub field: String,
    /// The rule.
    pub rule: FaceRule,
    /// The demand of the rule, in words; never the value found.
    pub detail: Cow<'static, str>,
}

/// One thing that is kept and shown with a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceNote {
    /// The path of the field.
    pub field: String,
    /// What it is.
    pub kind: NoteKind,
}

impl fmt::Display for FaceNote {
    /// The form in answers and stored results: `name: private_use`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.kind.wire())
    }
}

impl FaceNote {
    /// Reads the text of [`fmt::Display`]; none if the text is not a note on a field.
    pub fn read(text: &str) -> Option<Self> {
        let (field, kind) = text.rsplit_once(": ")?;
        Some(Self { field: field.to_owned(), kind: NoteKind::from_wire(kind)? })
    }
}

closed! {
    /// The kinds of text that are kept and marked.
    NoteKind {
        PrivateUse, "private_use", "含自造字，须用随附字库显示", "there are characters of a private-use area, shown only with the font they came with";
        Joiner, "joiner", "含不显示的连接符或字形选择符", "there is a joiner or a variation selector, which shows nothing itself";
        OuterBlank, "outer_blank", "首尾有空格", "there is a blank at the beginning or the end";
        /// Of a holder's name.
        WideBlank, "wide_blank", "姓名中间有全角空格，请与证件核对", "there is a full-width blank inside the name: compare with the document";
        NameDot, "name_dot", "姓名的间隔号写法与持证主体不同", "the name differs from the holder's in the kind of its middle dot only";
        NameVariant, "name_variant", "姓名与持证主体仅异体字不同", "the name differs from the holder's in a known variant of a character only";
        DateUnusual, "date_unusual", "日期不寻常，请核对", "the days are unusual for each other";
        /// Of a certificate that would mark its holder.
        MarkWithoutAuthority, "mark_without_authority", "发证机构没有主体状态权限，未标注持证人", "the issuer has no authority over people: the holder was not marked";
        /// Of an action whose state the face does not say.
        StatusNotPrinted, "status_not_printed", "状态已变更，但照面未换：照面仍载原状态，以核验结果为准", "the state changed and the face did not: it still prints the old state, and the verdict counts";
        /// Of an identifier, not of a face.
        CheckNonstandard, "check_nonstandard", "标识的校验码用的是已知的非标准算法，照原样保留", "the identifier's check character is that of a known wrong dialect; it is kept as it came";
    }
}

impl NoteKind {
    /// The marks that a text itself gives cause to.
    pub fn of_text(text: &str) -> impl Iterator<Item = Self> + use<> {
        let wide = !text.is_ascii();
        let found = [
            (wide && text.chars().any(is_private_use), Self::PrivateUse),
            (wide && text.chars().any(is_joiner), Self::Joiner),
            (text.trim().len() != text.len(), Self::OuterBlank),
        ];
        found.into_iter().filter(|(found, _)| *found).map(|(_, kind)| kind)
    }
}

/// Where a value stands; written out only when something is wrong with it.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Item(usize),
}

impl<'a> Path<'a> {
    /// The place of a top field.
    pub(super) fn top(name: &'a str) -> Self {
        Self { parent: None, step: Step::Name(name) }
    }

    /// A field inside this place.
    pub(super) fn name(&'a self, name: &'a str) -> Self {
        Self { parent: Some(self), step: Step::Name(name) }
    }

    /// An item of the list at this place, from 0.
    pub(super) fn item(&'a self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Item(index) }
    }

    /// The path as text.
    pub(super) fn text(&self) -> String {
        let outer = self.parent.map(Path::text).unwrap_or_default();
        match self.step {
            Step::Name(name) if outer.is_empty() => name.to_owned(),
            Step::Name(name) => format!("{outer}.{name}"),
            Step::Item(index) => format!("{outer}[{index}]"),
        }
    }

    /// A fault at this place.
    pub(super) fn fault(&self, rule: FaceRule, detail: impl Into<Cow<'static, str>>) -> FaceFault {
        FaceFault { field: self.text(), rule, detail: detail.into() }
    }
}
