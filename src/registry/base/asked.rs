//! The asked holder of a use case, and the purpose.

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::catalog::items::is_item_code;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode, Parsed};
use crate::record::access::{OutsideItem, Presence};
use crate::registry::Registry;
use crate::registry::base::texts;
use crate::rule::Rule;
use crate::trust::{HolderKey, IndexKey};

/// Whose records.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedHolder {
    /// Holder code type, 3 digits: 111 citizen ID number, 001 credit code, …
    #[serde(rename = "type")]
    #[schema(value_type = CodeType)]
    pub code_type: String,
    /// The number, in any form accepted at the edge.
    #[schema(min_length = 1, example = "190101198803120021")]
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
    /// 实施编码 of an item in force, or `audit` `court` `correction` for work at no item, with its article. A registry
    /// that has no items yet takes any word.
    #[schema(min_length = 1, example = "11190101MD100004254190101000001")]
    pub item: String,
    /// The article of law that allows work at no item.
    #[serde(default)]
    pub article: Option<String>,
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
    #[schema(min_length = 1, example = "窗口办理")]
    pub reason: String,
}

impl Purpose {
    /// An item and a reason, without case, role and presence.
    pub fn new(item: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { item: item.into(), reason: reason.into(), ..Self::default() }
    }

    /// The words that stand in the entry in clear, with their fields. The code of an item is none: a number may stand in
    /// its digits by chance, and that of its agency always does.
    pub(in crate::registry) fn words(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let item = Some(&self.item).filter(|item| !is_item_code(item));
        let given = [
            ("purpose.item", item),
            ("purpose.article", self.article.as_ref()),
            ("purpose.case", self.case.as_ref()),
            ("purpose.role", self.role.as_ref()),
            ("purpose.reason", Some(&self.reason)),
        ];
        given.into_iter().filter_map(|(field, text)| Some((field, text?.as_str())))
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

/// Refuses a purpose that says nothing, or what must not stand in a log.
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
    texts::item("purpose.item", &purpose.item)?;
    let given = [
        ("purpose.article", purpose.article.as_ref()),
        ("purpose.case", purpose.case.as_ref()),
        ("purpose.role", purpose.role.as_ref()),
        ("purpose.reason", Some(&purpose.reason)),
    ];
    for (field, text) in given {
        text.map_or(Ok(()), |text| texts::logged(field, text))?;
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

/// The rule that keeps a purpose from being one: its item is none that is in force, or it is work at no item and says no
/// article. A registry without items takes any word: nobody could say which is one.
pub(in crate::registry) fn purpose_refusal(catalog: &Catalog, purpose: &Purpose, today: Day) -> Option<Rule> {
    if OutsideItem::from_wire(&purpose.item).is_some() {
        let says = purpose.article.as_ref().is_some_and(|article| !article.trim().is_empty());
        return (!says).then_some(Rule::ArticleMissing);
    }
    let known = !catalog.has_items() || catalog.item(&purpose.item, today).is_some();
    (!known).then_some(Rule::ItemUnknown)
}

/// The same of the other numbers of that holder, by code type and code.
pub(in crate::registry) fn check_others_unnamed<'c>(
    purpose: &Purpose,
    mut others: impl Iterator<Item = (&'c str, &'c str)>,
) -> Result<()> {
    others.try_for_each(|(code_type, code)| {
        let code = code_type.parse().ok().and_then(|of| HolderCode::parse(of, code).ok());
        code.map_or(Ok(()), |parsed| check_unnamed(purpose, &parsed.code))
    })
}

/// Refuses a purpose that names the holder asked for by its number.
pub(in crate::registry) fn check_unnamed(purpose: &Purpose, holder: &HolderCode) -> Result<()> {
    purpose.words().try_for_each(|(field, text)| texts::not_naming(field, text, holder))
}

/// The holder key of a code. Whoever asks for a holder gets its key with a permit; this is
/// for the rows of records that are written or were read.
pub(in crate::registry) fn holder_key(index: &IndexKey, code: &HolderCode) -> HolderKey {
    index.holder_key(code.key_type(), code.key_code())
}

/// A holder that is asked for, whose number was checked. Its key comes with a permit and in no other way.
pub struct AskedCode {
    /// The code, and what was noticed about it.
    pub(in crate::registry) parsed: Parsed,
    key: HolderKey,
}

impl AskedCode {
    /// The key, to be charged for. Whoever reads takes it out of the permit.
    pub(in crate::registry) fn to_charge(&self) -> HolderKey {
        self.key
    }

    /// The key, for the holder itself: whoever asks for its own is not charged.
    pub(in crate::registry) fn own_key(&self) -> HolderKey {
        self.key
    }
}

impl Registry {
    /// Checks a holder's number; `field` is where the request has it. A bad number costs nothing.
    ///
    /// # Errors
    /// `field_invalid` or `holder_code_invalid` at `field`.
    pub(in crate::registry) fn asked_holder(&self, asked: &AskedHolder, field: &str) -> Result<AskedCode> {
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
        Ok(AskedCode { parsed, key })
    }
}
