//! Closed lists with a wire name and a word in both languages.
//!
//! Use [`closed!`] for a fixed set of values. A value outside the set is an error, never a string passed on.

use utoipa::openapi::schema::{KnownFormat, SchemaFormat, Type};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};

/// Whether a value has a term in both languages: Chinese has characters beyond ASCII, and English has words.
pub(crate) const fn told(zh: &str, en: &str) -> bool {
    let (mut rest, mut beyond) = (zh.as_bytes(), false);
    while let [byte, behind @ ..] = rest {
        beyond |= !byte.is_ascii();
        rest = behind;
    }
    let (mut rest, mut letters) = (en.as_bytes(), 0_u32);
    while let [byte, behind @ ..] = rest {
        letters += byte.is_ascii_alphabetic() as u32;
        rest = behind;
    }
    beyond && letters > 2
}

/// The description of a closed list: its wire names, each with the term in both languages.
pub(crate) fn schema(list: &[(&str, &str, &str)]) -> RefOr<Schema> {
    let told: Vec<String> = list.iter().map(|(wire, zh, en)| format!("- `{wire}` {zh}: {en}")).collect();
    let names = list.iter().map(|(wire, ..)| *wire);
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .description(Some(told.join("\n")))
        .into()
}

/// The description of a text: its form in words, and a pattern or a standard's name for the form.
pub(crate) fn text(about: &str, form: TextForm) -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).description(Some(about));
    match form {
        TextForm::Standard(format) => text.format(Some(SchemaFormat::KnownFormat(format))).into(),
        TextForm::Pattern(pattern) => text.pattern(Some(pattern)).into(),
    }
}

/// The form of a text.
pub(crate) enum TextForm {
    /// One that has a name in the description's own language.
    Standard(KnownFormat),
    /// A regular expression (ECMA 262).
    Pattern(&'static str),
}

/// Declares an enum with `ALL`, `wire`, `zh`, `en`, `from_wire`, serde by wire name, and its description for the API.
macro_rules! closed {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident, $wire:literal, $zh:literal, $en:literal;)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* #[doc = $zh] $variant,)* }

        const _: () = {
            $(assert!($crate::closed::told($zh, $en), concat!(stringify!($variant), " lacks a language"));)*
        };

        impl $name {
            /// All values, in the order of the list.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name in signed bytes, columns and answers; it never changes its meaning.
            pub const fn wire(self) -> &'static str { match self { $($name::$variant => $wire,)* } }
            /// The term of the field.
            pub const fn zh(self) -> &'static str { match self { $($name::$variant => $zh,)* } }
            /// The term in English.
            pub const fn en(self) -> &'static str { match self { $($name::$variant => $en,)* } }
            /// The value of that wire name, where the list has it.
            pub fn from_wire(wire: &str) -> Option<Self> {
                match wire { $($wire => Some($name::$variant),)* _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.wire())
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::closed::schema(&[$(($wire, $zh, $en),)*])
            }
        }

        impl utoipa::ToSchema for $name {}

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let wire = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                // The value itself stays out of the error: a misplaced number would leak with it (I3).
                Self::from_wire(&wire)
                    .ok_or_else(|| serde::de::Error::custom(concat!("not in the closed list ", stringify!($name))))
            }
        }
    };
}

pub(crate) use closed;

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_value_that_lacks_a_language_is_found() {
        assert!(told("有效", "valid") && told("长期 A", "in 2^53 - 1 days"));
        assert!(!told("", "valid") && !told("valid", "valid") && !told("有效", "") && !told("有效", "有效"));
    }
}
