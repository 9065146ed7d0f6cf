//! An application as it is asked: the item, the answers to its questions, and everybody in the case.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::bounds;
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::record::access::Presence;
use crate::registry::base::asked::{AskedHolder, ReceiptForm, Said, StatedPresence};
use crate::registry::base::texts;
use crate::registry::cases::agent::AskedAgent;
use crate::rule::Rule;

/// An application for an item or for a bundle of them.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicationAsk {
    /// 实施编码 of the item. An application names an item or a bundle, one of the two.
    #[serde(default)]
    #[schema(min_length = 1, example = "11190101MD100004254190101000001")]
    pub item: Option<String>,
    /// 编号 of the bundle (一件事).
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32)]
    pub bundle: Option<String>,
    /// The version of the item or bundle that the caller knows; another one than that in force is refused.
    #[serde(default)]
    pub version: Option<u32>,
    /// The case (办件) number.
    #[serde(default)]
    pub case: Option<String>,
    /// The answers (情形), by the name of the question.
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
    /// Past days (基准日) that the items ask for, by name.
    #[serde(default)]
    pub dates: BTreeMap<String, Day>,
    /// Everybody in the case, at most 64.
    pub parties: Vec<AskedParty>,
    /// Who acts for the parties whose presence is `agent`, by a mandate on file.
    #[serde(default)]
    pub agent: Option<AskedAgent>,
    /// The reason in words.
    #[schema(min_length = 1, example = "窗口办理")]
    pub reason: String,
    /// Full receipts or references.
    #[serde(default)]
    pub receipt: ReceiptForm,
}

/// What an application is for, by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AskedFor<'a> {
    /// 实施编码
    Item(&'a str),
    /// 编号
    Bundle(&'a str),
}

/// Somebody in a case.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedParty {
    /// The code of the role: `applicant`.
    #[schema(min_length = 1, example = "applicant")]
    pub role: String,
    /// By its number.
    pub holder: AskedHolder,
    /// Its name as the case has it; that of its papers where nothing is said.
    #[serde(default)]
    pub name: Option<String>,
    /// How it is present; `typed` where nothing is said.
    #[serde(default)]
    #[schema(value_type = Option<Presence>)]
    pub presence: Option<StatedPresence>,
    /// For `card_read`: the whole text that the card reader gave, its parts divided by `|`. It is kept by its digest.
    #[serde(default)]
    pub reader: Option<String>,
}

impl fmt::Debug for AskedParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskedParty({}, {:?})", self.role, self.holder)
    }
}

impl ApplicationAsk {
    /// Refuses what says nothing, what is too much, and what must not stand in a log.
    pub(super) fn check(&self) -> Result<()> {
        if self.reason.trim().is_empty() {
            return Err(Error::new(Code::PurposeMissing, "an application says why").at("reason"));
        }
        match self.wanted()? {
            AskedFor::Item(code) => texts::item("item", code)?,
            AskedFor::Bundle(slug) => texts::logged("bundle", slug)?,
        }
        for (field, text) in [("case", self.case.as_ref()), ("reason", Some(&self.reason))] {
            text.map_or(Ok(()), |text| texts::logged(field, text))?;
        }
        if self.parties.is_empty() {
            return Err(Error::new(Code::FieldInvalid, "an application has a party at least")
                .at("parties")
                .rule(Rule::ItemParties));
        }
        self.check_spoken()?;
        bounds::at_most(bounds::PARTIES, self.parties.len(), "parties")?;
        let most = if self.bundle.is_some() { bounds::BUNDLE_ANSWERS } else { bounds::ANSWERS };
        bounds::at_most(most, self.answers.len(), "answers")?;
        bounds::at_most(most, self.dates.len(), "dates")
    }

    /// The item or the bundle.
    pub(super) fn wanted(&self) -> Result<AskedFor<'_>> {
        let refused = |field: &'static str, detail: &'static str| {
            Err(Error::new(Code::FieldInvalid, detail).at(field).rule(Rule::ItemOrBundle))
        };
        match (&self.item, &self.bundle) {
            (Some(item), None) => Ok(AskedFor::Item(item)),
            (None, Some(bundle)) => Ok(AskedFor::Bundle(bundle)),
            (None, None) => refused("item", "an application names an item or a bundle"),
            (Some(_), Some(_)) => refused("bundle", "an application names an item or a bundle, not both"),
        }
    }

    /// Refuses an agent for whom no party is said to be away, and the text of a card that nobody is said to have shown:
    /// whoever sends them means more than was asked.
    fn check_spoken(&self) -> Result<()> {
        let is = |party: &AskedParty, wanted: Presence| matches!(party.presence, Some(StatedPresence::Known(presence)) if presence == wanted);
        let refused = |field: String, detail: &str| {
            Err(Error::new(Code::FieldInvalid, detail.to_owned()).at(field).rule(Rule::PresenceUnproven))
        };
        if self.agent.is_some() && !self.parties.iter().any(|party| is(party, Presence::Agent)) {
            return refused(
                "agent".to_owned(),
                "no party has the presence `agent`: leave the agent out, or say for whom",
            );
        }
        let read = self.parties.iter().position(|one| one.reader.is_some() && !is(one, Presence::CardRead));
        read.map_or(Ok(()), |at| {
            refused(
                format!("parties.{at}.reader"),
                "the text of a card reader comes with the presence `card_read`",
            )
        })
    }

    /// Refuses a text that names one of the parties by its number.
    pub(super) fn check_unnamed(&self, codes: &[&HolderCode]) -> Result<()> {
        let given = [
            ("item", self.item.as_ref()),
            ("bundle", self.bundle.as_ref()),
            ("case", self.case.as_ref()),
            ("reason", Some(&self.reason)),
        ];
        let given = given.into_iter().filter_map(|(field, text)| Some((field, text?)));
        given
            .flat_map(|given| codes.iter().map(move |code| (given, *code)))
            .try_for_each(|((field, text), code)| texts::not_naming(field, text, code))
    }
}

impl AskedParty {
    /// How it is present, where that is shown (practice R10).
    ///
    /// # Errors
    /// `field_invalid` with rule `presence_unknown` for no word of the list; `presence_unproven` where nothing shows it.
    pub(super) fn shown_presence(&self, at: usize, code: &HolderCode, agent: bool) -> Result<Presence> {
        let (reader, name) = (self.reader.as_deref(), self.name.as_deref());
        let said = Said { presence: self.presence, reader, name, agent };
        said.shown(Some(code), &format!("parties.{at}.presence"))
    }
}
