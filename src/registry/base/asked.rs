//! The asked holder of a use case, and the purpose.

use serde::Deserialize;

use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode, Parsed};
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::rule::Rule;
use crate::trust::{HolderKey, IndexKey};

/// Whose records.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedHolder {
    /// Holder code type, 3 digits: 111 citizen ID number, 001 credit code, …
    #[serde(rename = "type")]
    pub code_type: String,
    /// The number, in any form accepted at the edge.
    pub code: String,
}

impl std::fmt::Debug for AskedHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AskedHolder({} ***)", self.code_type)
    }
}

/// What for. Kept and logged as given.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// The item (事项) code.
    pub item: String,
    /// The case (办件) number.
    #[serde(default)]
    pub case: Option<String>,
    /// The party's role in the case.
    #[serde(default)]
    pub role: Option<String>,
    /// How the party is present; `typed` where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<Presence>)]
    pub presence: Option<StatedPresence>,
    /// The reason in words.
    pub reason: String,
}

impl Purpose {
    /// An item and a reason, without case, role and presence.
    pub fn new(item: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { item: item.into(), reason: reason.into(), ..Self::default() }
    }

    /// How the party is present, as it stands in the entry.
    pub fn presence(&self) -> Presence {
        match self.presence {
            Some(StatedPresence::Known(presence)) => presence,
            Some(StatedPresence::Unknown { .. }) | None => Presence::Typed,
        }
    }
}

/// A presence in the caller's word. The use case refuses an unknown word, with its field and rule. Only the
/// word's length is kept: somebody may have typed a number there (I3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatedPresence {
    /// One of the list.
    Known(Presence),
    /// None of them.
    Unknown {
        /// How many characters it had.
        characters: usize,
    },
}

impl<'de> Deserialize<'de> for StatedPresence {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let word = String::deserialize(from)?;
        let unknown = || Self::Unknown { characters: word.chars().count() };
        Ok(Presence::from_wire(&word).map_or_else(unknown, Self::Known))
    }
}

/// How much of the receipt goes out with the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReceiptForm {
    /// Entry, proof and checkpoint.
    #[default]
    Full,
    /// Log and index; the proof stays fetchable.
    Reference,
}

/// Refuses a purpose that is empty, is too long, or holds a person's number (I3).
pub(in crate::registry) fn check_purpose(purpose: &Purpose) -> Result<()> {
    let missing = |field: &'static str| {
        Error::new(Code::PurposeMissing, "a lookup says for which item and why").at(field)
    };
    if purpose.item.trim().is_empty() {
        return Err(missing("purpose.item"));
    }
    if purpose.reason.trim().is_empty() {
        return Err(missing("purpose.reason"));
    }
    let given = [
        ("purpose.item", Some(&purpose.item)),
        ("purpose.case", purpose.case.as_ref()),
        ("purpose.role", purpose.role.as_ref()),
        ("purpose.reason", Some(&purpose.reason)),
    ];
    for (field, text) in given {
        let Some(text) = text else { continue };
        if text.chars().count() > 200 {
            return Err(Error::new(Code::FieldInvalid, "at most 200 characters")
                .at(field)
                .rule(Rule::Length));
        }
        if crate::identity::contains_citizen_number(text) {
            return Err(Error::new(Code::FieldInvalid, "a purpose never holds a person's number")
                .at(field)
                .rule(Rule::NumberInText));
        }
    }
    if let Some(StatedPresence::Unknown { characters }) = purpose.presence {
        let words: Vec<&str> = Presence::ALL.iter().map(|one| one.wire()).collect();
        let detail = format!("{characters} characters that are no presence: {}", words.join(" "));
        return Err(Error::new(Code::FieldInvalid, detail)
            .at("purpose.presence")
            .rule(Rule::PresenceUnknown));
    }
    Ok(())
}

/// The holder key of a code.
pub fn holder_key(index: &IndexKey, code: &HolderCode) -> HolderKey {
    index.holder_key(code.key_type(), code.key_code())
}

impl Registry {
    /// The key of the asked holder: a budget counts it, before anything is read.
    ///
    /// # Errors
    /// `field_invalid` or `holder_code_invalid` at `holder`.
    pub fn key_of(&self, asked: &AskedHolder) -> Result<HolderKey> {
        self.asked_holder(asked, "holder").map(|(_, key)| key)
    }

    /// Checks a holder's number and gives its key; `field` is its place in the request.
    pub(in crate::registry) fn asked_holder(
        &self,
        asked: &AskedHolder,
        field: &str,
    ) -> Result<(Parsed, HolderKey)> {
        let code_type: CodeType = asked.code_type.parse().map_err(|fault| {
            Error::new(Code::FieldInvalid, "no such holder code type")
                .at(format!("{field}.type"))
                .rule(Rule::CodeTypeUnknown)
                .caused_by(fault)
        })?;
        let today = self.now().day();
        let parsed = HolderCode::parse_with(code_type, &asked.code, Some(today), self.regions())
            .map_err(|fault| Error::from(fault).at(format!("{field}.code")))?;
        let key = holder_key(self.store().vault().index(), &parsed.code);
        Ok((parsed, key))
    }
}
