//! One line of a holder's list, with the words of the closed lists in both languages.

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::Catalog;
use crate::clock::{Day, Moment};
use crate::closed::closed;
use crate::record::access::{Channel, LoggedAccess, Outcome, OutsideItem, Presence, Seat};
use crate::store::AccessPlace;

closed! {
    /// All that a line tells of an access whose outcome it does not tell.
    Untold {
        JointRecordUsed, "joint_record_used", "使用了共同持证的证照", "a joint record was used";
        LinkedRecordUsed, "linked_record_used", "使用了曾关联号码下的证照", "a record was used under a number that was linked";
        RecordDamaged, "record_damaged", "用证记录损坏", "the entry does not open";
    }
}

/// What a line tells of an access. One name on the wire, from one of the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum LineOutcome {
    /// What came of it: of an access under the holder's own number, and of any that was refused.
    CameTo(Outcome),
    /// That there was one.
    Untold(Untold),
}

impl LineOutcome {
    /// The name on the wire.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::CameTo(outcome) => outcome.wire(),
            Self::Untold(untold) => untold.wire(),
        }
    }

    /// The term of the field.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::CameTo(outcome) => outcome.zh(),
            Self::Untold(untold) => untold.zh(),
        }
    }

    /// The term in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::CameTo(outcome) => outcome.en(),
            Self::Untold(untold) => untold.en(),
        }
    }
}

impl From<Outcome> for LineOutcome {
    fn from(outcome: Outcome) -> Self {
        Self::CameTo(outcome)
    }
}

/// An item of a bundle, in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineItem {
    /// 实施编码 and version: `code@version`.
    pub item: String,
    /// Its name, in that version.
    pub name: String,
}

/// One access as the holder sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AccessLine {
    /// The legal day.
    pub day: Day,
    /// The instant; only of an access under the holder's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Code of the agency that looked; empty for the registry's own operators.
    pub agency: String,
    /// Its name.
    pub agency_name: String,
    /// True where the access was under a co-holder's number: a joint record was used, or asked for in vain.
    pub joint: bool,
    /// True where the access was under a number that was linked to the holder's then and is not now.
    pub linked: bool,
    /// What came of it, or that this is not told.
    pub outcome: LineOutcome,
    /// The same in words.
    pub outcome_zh: &'static str,
    /// The same in English.
    pub outcome_en: &'static str,
    /// Of a change under the holder's own number that was refused: what it would have come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted: Option<Outcome>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted_zh: Option<&'static str>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempted_en: Option<&'static str>,
    /// The service item; only of an own access, as all that follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    /// Its name, in the version that the access rested on; of work at no item, the words for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_name: Option<String>,
    /// The bundle (一件事) that the access was for, as `code@version`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// Its name, in that version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bundle_name: Option<String>,
    /// The items of the bundle of which something was told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<LineItem>,
    /// The article of law that allowed work at no item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// The case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The reason in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How the holder was present.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence: Option<Presence>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_zh: Option<&'static str>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_en: Option<&'static str>,
    /// The door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_zh: Option<&'static str>,
    /// The same in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_en: Option<&'static str>,
    /// Its log.
    pub log: String,
    /// Its leaf.
    pub index: u64,
}

impl AccessLine {
    /// The line of an entry in which the holder has that place; an entry that does not open gives neither. An
    /// agency is its code and name.
    pub(super) fn of(
        place: &AccessPlace,
        entry: Option<(&LoggedAccess, Seat)>,
        (agency, agency_name): (String, String),
    ) -> Self {
        let seat = entry.map(|(_, seat)| seat);
        let own = entry.filter(|(_, seat)| *seat == Seat::Asked).map(|(entry, _)| entry);
        let text = |name: &str| own.and_then(|entry| entry.text(name)).map(str::to_owned);
        // A refusal is told as one on every list: nothing of the record was used.
        let told = entry.filter(|(entry, seat)| *seat == Seat::Asked || is_refusal(entry.outcome));
        let outcome = match (told, seat) {
            (Some((entry, _)), _) => LineOutcome::CameTo(entry.outcome),
            (None, Some(Seat::Linked)) => LineOutcome::Untold(Untold::LinkedRecordUsed),
            (None, Some(Seat::Asked | Seat::Joint)) => LineOutcome::Untold(Untold::JointRecordUsed),
            (None, None) => LineOutcome::Untold(Untold::RecordDamaged),
        };
        let presence = own.and_then(|entry| entry.presence);
        let channel = own.map(|entry| entry.channel);
        Self {
            day: place.at.day(),
            at: own.map(|_| place.at),
            agency,
            agency_name,
            joint: seat == Some(Seat::Joint),
            linked: seat == Some(Seat::Linked),
            outcome,
            outcome_zh: outcome.zh(),
            outcome_en: outcome.en(),
            attempted: None,
            attempted_zh: None,
            attempted_en: None,
            item: text("item"),
            item_name: None,
            bundle: text("bundle"),
            bundle_name: None,
            items: Vec::new(),
            article: text("article"),
            case: text("case"),
            reason: text("reason"),
            presence,
            presence_zh: presence.map(Presence::zh),
            presence_en: presence.map(Presence::en),
            channel,
            channel_zh: channel.map(Channel::zh),
            channel_en: channel.map(Channel::en),
            log: place.log.clone(),
            index: place.index,
        }
    }

    /// The same with the names of its item or of its bundle.
    pub(super) fn named(self, catalog: &Catalog, entry: Option<&LoggedAccess>) -> Self {
        let line = self.with_bundle(catalog, entry);
        line.with_item(catalog, entry)
    }

    fn with_bundle(self, catalog: &Catalog, entry: Option<&LoggedAccess>) -> Self {
        let Some(bundle) = &self.bundle else { return self };
        let bundle_name = bundle_named(catalog, bundle);
        let items = entry.into_iter().flat_map(LoggedAccess::items).map(|id| {
            let (code, version) = split(id);
            let item = version.and_then(|version| catalog.item_version(code, version));
            LineItem { item: id.to_owned(), name: item.map(|item| item.name.clone()).unwrap_or_default() }
        });
        Self { bundle_name, items: items.collect(), ..self }
    }

    fn with_item(self, catalog: &Catalog, entry: Option<&LoggedAccess>) -> Self {
        let Some(item) = &self.item else { return self };
        let version = entry.and_then(LoggedAccess::item_version);
        Self { item_name: item_named(catalog, item, version), ..self }
    }

    /// The same of a change that was refused, with the outcome that its first entry noted before.
    pub(super) fn of_unmade(self, attempted: Outcome) -> Self {
        Self {
            attempted: Some(attempted),
            attempted_zh: Some(attempted.zh()),
            attempted_en: Some(attempted.en()),
            ..self
        }
    }
}

/// The name of an item in that version; of work at no item, the words for it.
pub(super) fn item_named(catalog: &Catalog, item: &str, version: Option<u32>) -> Option<String> {
    let known = version.and_then(|version| catalog.item_version(item, version));
    // A refusal may have come before it was known which version is in force.
    let known = known.or_else(|| catalog.item_versions(item).next_back());
    let outside = OutsideItem::from_wire(item).map(|outside| outside.zh().to_owned());
    known.map(|known| known.name.clone()).or(outside)
}

/// The name of a bundle that an entry names.
pub(super) fn bundle_named(catalog: &Catalog, bundle: &str) -> Option<String> {
    let (slug, version) = split(bundle);
    let known = version.and_then(|version| catalog.bundle_version(slug, version));
    let known = known.or_else(|| catalog.bundle_versions(slug).next_back());
    known.map(|known| known.name.clone())
}

/// An id as code and version.
fn split(id: &str) -> (&str, Option<u32>) {
    match id.split_once('@') {
        Some((code, version)) => (code, version.parse().ok()),
        None => (id, None),
    }
}

/// Whether nothing was shown or changed.
const fn is_refusal(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Refused | Outcome::ChangeRefused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::access::{AccessEntry, AllowedBy, stamp};
    use crate::record::digest::{Digest, Salt};

    fn logged(outcome: Outcome) -> LoggedAccess {
        let entry = AccessEntry {
            actor: "client:a",
            agency: None,
            answer: Digest([1; 32]),
            article: None,
            bundle: None,
            case: Some("C-1"),
            channel: Channel::Agency,
            consent: None,
            decision: AllowedBy::GrantWhole.into(),
            earlier: None,
            evidence: None,
            fields: None,
            holder: Digest([2; 32]),
            holders: Some(2),
            item: Some("低保"),
            item_version: None,
            items: &[],
            joint: &[],
            linked: &[],
            log: "access-a",
            mandate: None,
            outcome,
            presence: Some(Presence::Typed),
            reason: Some("窗口办理"),
            role: None,
            salt: Salt([3; 16]),
            slots: None,
            ticket: None,
            types: None,
        };
        let mut bytes = Vec::new();
        let at = entry.write(&mut bytes);
        assert!(stamp(&mut bytes, at, Moment::from_micros(0)));
        LoggedAccess::parse(&bytes).unwrap()
    }

    #[test]
    fn r15_a_refusal_is_told_as_one_from_every_seat_and_a_use_as_one() {
        let place = AccessPlace { log: "access-a".into(), index: 7, at: Moment::from_micros(0) };
        for outcome in Outcome::ALL {
            for seat in Seat::ALL {
                let entry = logged(*outcome);
                let line = AccessLine::of(&place, Some((&entry, *seat)), ("A".into(), "甲".into()));
                let told = match (outcome, seat) {
                    (_, Seat::Asked) | (Outcome::Refused | Outcome::ChangeRefused, _) => outcome.wire(),
                    (_, Seat::Linked) => "linked_record_used",
                    (_, Seat::Joint) => "joint_record_used",
                };
                assert_eq!((line.outcome.wire(), line.outcome_zh), (told, line.outcome.zh()), "{seat:?}");
                let own = *seat == Seat::Asked;
                assert_eq!(
                    (line.item.is_some(), line.case.is_some(), line.reason.is_some()),
                    (own, own, own)
                );
                assert_eq!(
                    (line.at.is_some(), line.channel.is_some(), line.presence.is_some()),
                    (own, own, own)
                );
            }
        }
    }
}
