//! The access entry of every answer about a holder (I2), built here and nowhere else.
//!
//! A use case begins an [`Entry`] with the actor, the purpose and the request, and notes it with the outcome
//! before it answers. A use case that refuses an authenticated asker whose holder is known calls
//! [`Registry::note_refusal`].

use std::collections::BTreeMap;

use crate::catalog::Catalog;
use crate::catalog::items::is_item_code;
use crate::clock::Day;
use crate::error::{Error, Result};
use crate::identity::{HolderCode, names_key};
use crate::log::{Accepted, LogMark, Submission};
use crate::policy::Actor;
use crate::record::access::{
    AccessEntry, AllowedBy, Channel, DecisionReason, Outcome, OwnItem, Presence, Seat, further_hash,
    reader_evidence,
};
use crate::record::answer::{Answer, AnsweredRecord, AnsweredStanding, Head as AnsweredHead};
use crate::record::event::holder_hash;
use crate::record::{Digest, Salt, ShortDigest};
use crate::registry::Registry;
use crate::registry::base::asked::{Purpose, holder_key};
use crate::registry::base::log::AccessLog;
use crate::rule::Rule;
use crate::trust::{HolderKey, IndexKey, random};

/// An access on its way into the log: the actor, the purpose, and the request.
#[derive(Clone)]
pub(in crate::registry) struct Entry<'a> {
    actor: String,
    channel: Channel,
    bundle: Option<String>,
    case: Option<&'a str>,
    earlier: Option<&'a str>,
    item: Option<&'a str>,
    presence: Option<Presence>,
    reason: Option<&'a str>,
    role: Option<&'a str>,
    types: Option<Vec<&'a str>>,
    fields: Option<Vec<&'a str>>,
    item_version: Option<u32>,
    items: Vec<String>,
    article: Option<&'a str>,
    slots: Option<BTreeMap<String, Vec<&'a str>>>,
    /// The text of a card reader, which stands there by its digest.
    reader: Option<&'a str>,
    mandate: Option<&'a str>,
    /// Numbers linked to those of the holders, which no word of the entry names either.
    others: &'a [Canonical],
}

/// What an application says of one party, for its entry.
#[derive(Clone, Default)]
pub(in crate::registry) struct AppliedPart<'a> {
    /// The item, and its version once it is known.
    pub item: Option<(&'a str, Option<u32>)>,
    /// The bundle, and its version once it is known.
    pub bundle: Option<(&'a str, Option<u32>)>,
    /// The ids of its items of which something was told of this party.
    pub items: Vec<String>,
    /// The case.
    pub case: Option<&'a str>,
    /// The reason.
    pub reason: &'a str,
    /// The code of the party's role.
    pub role: &'a str,
    /// How it is present.
    pub presence: Option<Presence>,
    /// The text of a card reader.
    pub reader: Option<&'a str>,
    /// The place of the mandate by which somebody acts for the party.
    pub mandate: Option<&'a str>,
    /// The fields that went out, by slot; of a bundle the place in `items` stands before it: `0.id_card`.
    pub slots: BTreeMap<String, Vec<&'a str>>,
}

/// The outcome of an access.
#[derive(Clone, Copy)]
pub(in crate::registry) struct CameTo {
    decision: DecisionReason,
    outcome: Outcome,
    answer: Digest,
}

impl CameTo {
    /// Something was answered; `answer` is the digest of its list.
    pub fn shown(outcome: Outcome, decision: impl Into<DecisionReason>, answer: Digest) -> Self {
        Self { decision: decision.into(), outcome, answer }
    }

    /// Allowed, and nothing is on file.
    fn nothing(decision: DecisionReason) -> Self {
        Self::shown(Outcome::NothingOnFile, decision, answer_digest(None, &[]))
    }

    /// The same of a refusal that may name no rule: policy allowed it, and something else stood against it.
    fn turned_down(actor: &Actor, refusal: &Error) -> Self {
        let allowed = if actor.agency().is_none() { AllowedBy::Operator } else { AllowedBy::Scope };
        match refusal.rule {
            Some(rule) => Self::refused(rule),
            None => Self::shown(Outcome::Refused, allowed, answer_digest(None, &[])),
        }
    }

    /// It was refused, and nothing was shown.
    pub fn refused(rule: Rule) -> Self {
        let decision = DecisionReason::Refused(rule);
        Self { decision, outcome: Outcome::Refused, answer: answer_digest(None, &[]) }
    }
}

impl<'a> Entry<'a> {
    /// An entry of this actor's request, through the actor's own door; without an actor, of anybody's request
    /// at the public door.
    pub fn of<'b>(actor: impl Into<Option<&'b Actor>>) -> Self {
        let actor = actor.into();
        Self {
            actor: actor.map_or_else(|| Channel::Public.wire().to_owned(), Actor::label),
            channel: actor.map_or(Channel::Public, Actor::channel),
            bundle: None,
            case: None,
            earlier: None,
            item: None,
            presence: None,
            reason: None,
            role: None,
            types: None,
            fields: None,
            item_version: None,
            items: Vec::new(),
            article: None,
            slots: None,
            reader: None,
            mandate: None,
            others: &[],
        }
    }

    /// An access for a purpose, by the items of that day; no word of it names the holders by one of these `others`.
    pub fn asked<'b>(
        actor: impl Into<Option<&'b Actor>>,
        purpose: &'a Purpose,
        (catalog, today): (&Catalog, Day),
        others: &'a [Canonical],
    ) -> Self {
        Self::of(actor).purpose(purpose).in_force(catalog, today).beside(others)
    }

    /// One party's part of an application.
    pub fn applied(self, part: AppliedPart<'a>) -> Self {
        let bundle = part.bundle.map(|(slug, version)| match version {
            Some(version) => format!("{slug}@{version}"),
            None => slug.to_owned(),
        });
        Self {
            bundle,
            case: part.case,
            items: part.items,
            item: part.item.map(|(code, _)| code),
            item_version: part.item.and_then(|(_, version)| version),
            presence: part.presence,
            reader: part.reader,
            mandate: part.mandate,
            reason: Some(part.reason),
            role: Some(part.role),
            slots: (!part.slots.is_empty()).then_some(part.slots),
            ..self
        }
    }

    /// The purpose, if there is one.
    pub fn purpose(self, purpose: impl Into<Option<&'a Purpose>>) -> Self {
        let Some(purpose) = purpose.into() else { return self };
        Self {
            case: purpose.case.as_deref(),
            article: purpose.article.as_deref(),
            item: Some(&purpose.item),
            presence: Some(purpose.presence()),
            reader: purpose.reader.as_ref().map(|text| text.0.as_str()),
            reason: Some(&purpose.reason),
            role: purpose.role.as_deref(),
            ..self
        }
    }

    /// The version of the item of the purpose that is in force.
    pub fn in_force(self, catalog: &Catalog, today: Day) -> Self {
        let item = self.item.and_then(|code| catalog.item(code, today));
        Self { item_version: item.map(|item| item.version), ..self }
    }

    /// The purpose, if it is not an item of an agency but something that the program itself offers.
    pub fn own_item(self, item: OwnItem, reason: &'a str) -> Self {
        Self { item: Some(item.wire()), reason: Some(reason), ..self }
    }

    /// Further numbers of the holders: a word that names one is left out, as one that names a holder of the access is.
    pub fn beside(self, others: &'a [Canonical]) -> Self {
        Self { others, ..self }
    }

    /// The words that stand in it in clear, besides names of types and fields; see [`Purpose::words`].
    pub fn words(&self) -> impl Iterator<Item = &'a str> {
        let item = self.item.filter(|item| !is_item_code(item));
        [item, self.article, self.case, self.role, self.reason].into_iter().flatten()
    }

    /// The entry of the change that this one says was not made.
    pub fn earlier(self, place: &'a str) -> Self {
        Self { earlier: Some(place), ..self }
    }

    /// The types asked for; none if all were.
    pub fn types(self, types: Option<impl IntoIterator<Item = &'a str>>) -> Self {
        Self { types: types.map(|types| types.into_iter().collect()), ..self }
    }

    /// The fields asked for; none if all were.
    pub fn fields(self, fields: Option<impl IntoIterator<Item = &'a str>>) -> Self {
        Self { fields: fields.map(|fields| fields.into_iter().collect()), ..self }
    }

    /// The entry in the form for the access log of that name. Whatever was refused or answered before: no word of it names
    /// somebody on whose list it stands by a number (I3).
    pub fn submission(&self, log: &str, touched: Touched, came_to: CameTo) -> Result<Submission> {
        let salt = random::salt()?;
        let linked = Touched::hashes(&touched.linked, Seat::Linked, &salt);
        let joint = Touched::hashes(&touched.joint, Seat::Joint, &salt);
        let (code_type, code) = &touched.asked;
        let holders = touched.keys.len();
        let evidence = self.reader.map(|text| reader_evidence(&salt, text));
        let items: Vec<&str> = self.items.iter().map(String::as_str).collect();
        let unnamed = |text: &&str| !touched.is_named_in(text) && !named_in(text, self.others);
        let fields = self.fields.as_ref().map(|fields| fields.iter().copied().filter(unnamed).collect());
        let fields: Option<Vec<&str>> = fields;
        let slots = self.slots.as_ref();
        let slots: Option<BTreeMap<&str, Vec<&str>>> =
            slots.map(|all| all.iter().map(|(slot, fields)| (slot.as_str(), fields.clone())).collect());
        let entry = AccessEntry {
            actor: &self.actor,
            agency: None,
            answer: came_to.answer,
            article: self.article.filter(unnamed),
            bundle: self.bundle.as_deref().filter(unnamed),
            case: self.case.filter(unnamed),
            channel: self.channel,
            consent: None,
            decision: came_to.decision,
            earlier: self.earlier,
            evidence: evidence.as_deref(),
            fields: fields.as_deref(),
            holder: holder_hash(&salt, code_type, code),
            holders: (holders != 1).then(|| u32::try_from(holders).unwrap_or(u32::MAX)),
            // In the digits of an item a number stands by chance.
            item: self.item.filter(|item| is_item_code(item) || unnamed(item)),
            item_version: self.item_version,
            items: &items,
            joint: &joint,
            linked: &linked,
            log,
            mandate: self.mandate,
            outcome: came_to.outcome,
            presence: self.presence,
            reason: self.reason.filter(unnamed),
            role: self.role.filter(unnamed),
            salt,
            slots: slots.as_ref(),
            ticket: None,
            types: self.types.as_deref(),
        };
        let mut bytes = Vec::with_capacity(640);
        let at = entry.write(&mut bytes);
        Ok(Submission::new(bytes, at).map_err(Error::internal)?.beside(touched.keys))
    }

    /// Notes the entry and waits until it is durable. Nothing may be answered before this has returned.
    pub async fn note(&self, access: &AccessLog, touched: Touched, came_to: CameTo) -> Result<Accepted> {
        access.note(self.submission(access.name(), touched, came_to)?).await
    }

    /// The same, blocking; not to be called on an async thread.
    pub fn note_now(&self, access: &AccessLog, touched: Touched, came_to: CameTo) -> Result<()> {
        access.note_now(vec![self.submission(access.name(), touched, came_to)?]).map(drop)
    }
}

/// The most lists for one access: the batch layout counts them in one byte.
const MOST: usize = 200;

/// Another holder of a joint record: its key, and its code if it is known.
pub(in crate::registry) type CoHolder = (HolderKey, Option<HolderCode>);

/// Key type and key code: the form that stands hashed in entries.
pub(in crate::registry) type Canonical = (String, String);

/// Whether a text names somebody by one of these numbers.
pub(in crate::registry) fn named_in(text: &str, numbers: &[Canonical]) -> bool {
    numbers.iter().any(|(key_type, key_code)| names_key(text, key_type, key_code))
}

/// The holders of an entry: the one asked about and all others whose records were shown. Those with known
/// codes stand in the entry as hashes. The keys of all stand beside it, for their lists.
#[derive(Clone)]
pub(in crate::registry) struct Touched {
    asked: Canonical,
    linked: Vec<Canonical>,
    joint: Vec<Canonical>,
    keys: Vec<HolderKey>,
}

impl Touched {
    /// The holder that was asked about.
    pub fn one(code: &HolderCode, key: HolderKey) -> Self {
        Self { asked: canonical(code), linked: Vec::new(), joint: Vec::new(), keys: vec![key] }
    }

    /// The holders of a record, each for itself: a change stands on the list of each as its own. Code type, code
    /// and key, as the record has them.
    pub fn each<'c>(seats: impl IntoIterator<Item = (&'c str, &'c str, HolderKey)>) -> Vec<Self> {
        let one =
            |(code_type, code, key): (&str, &str, HolderKey)| Self::holders_of([(code_type, code)], &[key]);
        seats.into_iter().map(one).collect()
    }

    /// Nobody: an identifier under which nothing is kept. It is noted all the same, so that what is known and what is
    /// not are refused alike and cost alike.
    pub fn nobody() -> Self {
        Self::holders_of([], &[])
    }

    /// The holders that a request names by code, as far as their codes can be one; none where none can.
    pub fn named<'c>(index: &IndexKey, codes: impl IntoIterator<Item = (&'c str, &'c str)>) -> Option<Self> {
        let parsed = codes.into_iter().filter_map(|(code_type, code)| {
            HolderCode::parse(code_type.parse().ok()?, code).ok().map(|parsed| parsed.code)
        });
        let mut touched: Option<Self> = None;
        for code in parsed {
            let key = holder_key(index, &code);
            match &mut touched {
                Some(touched) => touched.also(&[(key, Some(code))]),
                None => touched = Some(Self::one(&code, key)),
            }
        }
        touched
    }

    /// The holders of one record, by their codes as far as they are known and by their keys. The first stands as
    /// the one asked about: by an identifier nobody is.
    pub fn holders_of<'c>(codes: impl IntoIterator<Item = (&'c str, &'c str)>, keys: &[HolderKey]) -> Self {
        let mut codes = codes.into_iter().map(|(code_type, code)| as_stored(code_type, code));
        let asked = codes.next().unwrap_or_default();
        let mut joint: Vec<Canonical> = Vec::new();
        for code in codes {
            if code != asked && !joint.contains(&code) {
                joint.push(code);
            }
        }
        Self { asked, linked: Vec::new(), joint, keys: keys.iter().take(MOST).copied().collect() }
    }

    /// Adds the holder under whose code a record was found, unless it is the asked one: then the code is a
    /// linked one. The access is on that holder's list, even after the link was taken back.
    pub fn found_under(&mut self, code_type: &str, code: &str, key: HolderKey) {
        if self.adds(key) {
            self.linked.push(as_stored(code_type, code));
        }
    }

    /// Adds the other holders of a joint record that was shown: the access stands on their lists too.
    pub fn also(&mut self, holders: &[CoHolder]) {
        for (key, code) in holders {
            if self.adds(*key)
                && let Some(code) = code
            {
                self.joint.push(canonical(code));
            }
        }
    }

    /// Whether a text names one of them by its number.
    pub fn is_named_in(&self, text: &str) -> bool {
        let asked = std::slice::from_ref(&self.asked);
        [asked, &self.linked, &self.joint].into_iter().any(|numbers| named_in(text, numbers))
    }

    /// The keys of all on whose lists it stands.
    pub fn keys(&self) -> &[HolderKey] {
        &self.keys
    }

    /// Whether the key is new; each holder stands once.
    fn adds(&mut self, key: HolderKey) -> bool {
        let new = !self.keys.contains(&key) && self.keys.len() < MOST;
        if new {
            self.keys.push(key);
        }
        new
    }

    /// Hashes of a list under the salts of its places.
    fn hashes(codes: &[Canonical], list: Seat, salt: &Salt) -> Vec<ShortDigest> {
        let hash = |(place, (code_type, code)): (usize, &Canonical)| {
            further_hash(salt, list, place, code_type, code)
        };
        codes.iter().enumerate().map(hash).collect()
    }
}

fn canonical(code: &HolderCode) -> Canonical {
    (code.key_type().to_owned(), code.key_code().to_owned())
}

/// The form of a code as a record has it; one that breaks a rule of today stands as it is.
pub(in crate::registry) fn as_stored(code_type: &str, code: &str) -> Canonical {
    let parsed = code_type.parse().ok().and_then(|kind| HolderCode::parse(kind, code).ok());
    parsed.map_or_else(|| (code_type.to_owned(), code.to_owned()), |parsed| canonical(&parsed.code))
}

/// Digest of an answer that showed these records as of that head.
pub(in crate::registry) fn answer_digest(head: Option<&LogMark>, records: &[AnsweredRecord<'_>]) -> Digest {
    let heads: Vec<AnsweredHead<'_>> = head
        .iter()
        .map(|head| AnsweredHead { log: &head.log, root: Digest(head.root.0), size: head.size })
        .collect();
    Answer { heads: &heads, records, ..Answer::default() }.digest(&mut Vec::with_capacity(512))
}

/// The same of a history, which tells besides what the record was on a day.
pub(in crate::registry) fn history_digest(
    head: &LogMark,
    records: &[AnsweredRecord<'_>],
    standing: AnsweredStanding<'_>,
) -> Digest {
    let heads = [AnsweredHead { log: &head.log, root: Digest(head.root.0), size: head.size }];
    let answer = Answer { heads: &heads, records, standing: Some(standing), ..Answer::default() };
    answer.digest(&mut Vec::with_capacity(512))
}

impl Registry {
    /// Notes that an authenticated asker was refused where a holder or an identifier was named, known or not, and counts
    /// the refusal. It goes out only when this returned.
    pub(in crate::registry) async fn refused(
        &self,
        actor: &Actor,
        entry: &Entry<'_>,
        touched: Touched,
        rule: Rule,
    ) -> Result<()> {
        self.tries().refused(actor, self.now());
        entry.note(&*self.access()?, touched, CameTo::refused(rule)).await.map(drop)
    }

    /// The same, blocking, of a refusal as it stands.
    pub(in crate::registry) fn note_refusal(
        &self,
        actor: &Actor,
        touched: Touched,
        refusal: &Error,
    ) -> Result<()> {
        self.note_refusals(actor, &[touched], refusal)
    }

    /// The same of one refusal that concerns the holders of several entries; they share a commit.
    pub(in crate::registry) fn note_refusals(
        &self,
        actor: &Actor,
        touched: &[Touched],
        refusal: &Error,
    ) -> Result<()> {
        self.tries().refused(actor, self.now());
        let access = self.access()?;
        let came_to = CameTo::turned_down(actor, refusal);
        let entry = |touched: &Touched| Entry::of(actor).submission(access.name(), touched.clone(), came_to);
        access.note_now(touched.iter().map(entry).collect::<Result<_>>()?).map(drop)
    }

    /// Notes that nothing is kept under an identifier that an asker may ask about, and counts it: whoever names what is
    /// not there is guessing.
    pub(in crate::registry) async fn nothing_there(
        &self,
        actor: &Actor,
        entry: &Entry<'_>,
        decision: DecisionReason,
    ) -> Result<()> {
        self.tries().refused(actor, self.now());
        let came_to = CameTo::nothing(decision);
        entry.note(&*self.access()?, Touched::nobody(), came_to).await.map(drop)
    }

    /// The same, blocking.
    pub(in crate::registry) fn nothing_there_now(
        &self,
        actor: &Actor,
        entry: &Entry<'_>,
        decision: DecisionReason,
    ) -> Result<()> {
        self.tries().refused(actor, self.now());
        let came_to = CameTo::nothing(decision);
        entry.note_now(&*self.access()?, Touched::nobody(), came_to)
    }
}
