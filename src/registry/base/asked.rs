//! The asked holder of a use case, and the purpose.

use serde::Deserialize;

use crate::catalog::items::{ItemDef, ItemRole, is_item_code};
use crate::catalog::{Catalog, HolderKind};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::{CodeType, HolderCode, Parsed, card_tells};
use crate::policy::{Actor, Decision, Permit, Right, item_right};
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

/// The text of a card reader. It holds a number, so it is never printed (I3).
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct ReaderText(pub String);

impl std::fmt::Debug for ReaderText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ReaderText(…)")
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
    /// The code of the party's role in the item; may be left out where the item has one role for this kind of holder.
    #[serde(default)]
    pub role: Option<String>,
    /// How the party is present; `typed` where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<Presence>)]
    pub presence: Option<StatedPresence>,
    /// For `card_read`: the whole text that the card reader gave, its parts divided by `|`. It is kept by its digest.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub reader: Option<ReaderText>,
    /// For `card_read`: the name on the card, which the text has too.
    #[serde(default)]
    pub name: Option<String>,
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

/// What is said of the presence of somebody, and what shows it.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Said<'a> {
    /// The word; `typed` where nothing is said.
    pub presence: Option<StatedPresence>,
    /// The whole text of a card reader.
    pub reader: Option<&'a str>,
    /// The name that the case gives; the text of the reader has it too.
    pub name: Option<&'a str>,
    /// Somebody acts by a mandate that is looked at.
    pub agent: bool,
}

impl Said<'_> {
    /// The presence, if it is shown, of whoever has that number. Without a number no card is anybody's. `field` is the place
    /// of the word in the request.
    ///
    /// # Errors
    /// `field_invalid` with rule `presence_unknown` for no word of the list; `presence_unproven` where nothing shows it.
    pub fn shown(&self, code: Option<&HolderCode>, field: &str) -> Result<Presence> {
        let refused = |detail: &'static str, rule: Rule| {
            Err(Error::new(Code::FieldInvalid, detail).at(field.to_owned()).rule(rule))
        };
        let presence = match self.presence {
            None => Presence::Typed,
            Some(StatedPresence::Known(presence)) => presence,
            Some(StatedPresence::Unknown { characters }) => {
                return Err(unknown(characters).at(field.to_owned()));
            }
        };
        match presence {
            Presence::CardRead if !code.is_some_and(|code| self.card_is_of(code)) => {
                refused("the text of the reader is missing, or it is of another card", Rule::PresenceUnproven)
            }
            Presence::Agent if !self.agent => refused("nobody acts for the party", Rule::PresenceUnproven),
            Presence::HolderCode | Presence::PhoneConfirmed => {
                refused("no code was given out and no telephone asked", Rule::PresenceUnproven)
            }
            presence => Ok(presence),
        }
    }

    fn card_is_of(&self, code: &HolderCode) -> bool {
        self.reader.zip(self.name).is_some_and(|(text, name)| card_tells(text, name, code))
    }
}

/// Whether nothing shows that somebody with that presence is there, so that less of it goes out. Work by duty is the word of
/// whoever does it.
pub(in crate::registry) const fn unseen(presence: Presence) -> bool {
    matches!(presence, Presence::Typed | Presence::OnBehalfByDuty)
}

/// The refusal of a word that is no presence.
pub(in crate::registry) fn unknown(characters: usize) -> Error {
    let words: Vec<&str> = Presence::ALL.iter().map(|one| one.wire()).collect();
    let detail = format!("{characters} characters that are no presence: {}", words.join(" "));
    Error::new(Code::FieldInvalid, detail).rule(Rule::PresenceUnknown)
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
    Ok(())
}

/// Refuses a presence that nothing shows. `code` is the number asked for; a request that names a record has none, and no
/// card is read for it. Whoever says what is not so is refused behind the permit: it is an access.
pub(in crate::registry) fn check_presence(purpose: &Purpose, code: Option<&HolderCode>) -> Result<()> {
    let is_read = matches!(purpose.presence, Some(StatedPresence::Known(Presence::CardRead)));
    if purpose.reader.is_some() && !is_read {
        let detail = "the text of a card reader comes with the presence `card_read`";
        return Err(Error::new(Code::FieldInvalid, detail).at("purpose.reader").rule(Rule::PresenceUnproven));
    }
    let reader = purpose.reader.as_ref().map(|text| text.0.as_str());
    let said = Said { presence: purpose.presence, reader, name: purpose.name.as_deref(), agent: false };
    said.shown(code, "purpose.presence").map(drop)
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

/// By what it is decided what a lookup for this purpose shows: the slots of the item in force, of the role of the party; or
/// grants, where no item decides. `person` says of which kind the holder asked for is, where that is known.
///
/// # Errors
/// The rule that is not met: those of [`purpose_refusal`] and [`item_right`], `role_of_party`.
pub(in crate::registry) fn right_of<'i>(
    catalog: &'i Catalog,
    actor: &Actor,
    (purpose, person): (&'i Purpose, Option<bool>),
    today: Day,
) -> std::result::Result<Right<'i>, Rule> {
    if let Some(rule) = purpose_refusal(catalog, purpose, today) {
        return Err(rule);
    }
    let item = catalog.item(&purpose.item, today).filter(|_| actor.agency().is_some());
    let Some(item) = item else { return Ok(Right::ByGrants { purpose: &purpose.item }) };
    let narrowed = item_right(actor, &item.code, carries_out(catalog, actor, item, today))?;
    let fits = |role: &&ItemRole| person.is_none_or(|person| person == (role.holder == HolderKind::Person));
    let mut roles = item.parties.iter().filter(fits);
    let role = match &purpose.role {
        Some(role) => roles.find(|one| one.code == *role),
        // Of several roles somebody has to say which one it is: each has slots of its own.
        None => roles.next().filter(|_| roles.next().is_none()),
    };
    let typed = unseen(purpose.presence());
    Ok(Right::BySlots { item, role: role.ok_or(Rule::RoleOfParty)?, narrowed, typed })
}

/// What of one type may be seen by a right, or the rule by which there is none.
pub(in crate::registry) fn decided_by(
    catalog: &Catalog,
    permit: &Permit<'_>,
    (right, type_code): (&std::result::Result<Right<'_>, Rule>, &str),
) -> Decision {
    let slug = catalog.type_of(type_code).map(|entry| entry.def().slug.as_str());
    match right {
        Ok(right) => permit.decide_by(right, (type_code, slug.unwrap_or_default())),
        Err(reason) => Decision::Refused { reason: *reason },
    }
}

/// Whether the actor's agency carries an item out: the one that the item names, or its successor of today.
pub(in crate::registry) fn carries_out(catalog: &Catalog, actor: &Actor, item: &ItemDef, today: Day) -> bool {
    let agencies = catalog.issuers().agencies();
    let successor = || agencies.successor(&item.agency, today).map(|agency| agency.code.as_str());
    actor.agency().is_some_and(|own| item.agency == own || successor() == Some(own))
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
