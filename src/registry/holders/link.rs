//! Links between codes: the same person under another number, the same organisation under another
//! organisation code, and successors. Every lookup follows the first two, up to four codes in all. A
//! successor is shown and never followed.

use serde::Deserialize;
use serde_json::Map;

use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::{Actor, Scope};
use crate::record::access::Outcome;
use crate::record::event::HolderAction;
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::idempotent::Once;
use crate::registry::base::linked::{MAX_KEYS, Reach, walk};
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::base::texts;
use crate::registry::holders::household;
use crate::registry::holders::mark::{HolderChanged, Noted, refuse_replay, stored};
use crate::registry::holders::names;
use crate::registry::holders::stating::{Stating, unchanged};
use crate::rule::Rule;
use crate::store::{Link, LinkKind, Reader, StoredHolder};
use crate::trust::HolderKey;

/// The most links of one holder that are kept, successors included.
const MAX_LINKS: usize = 64;

/// A link to be made or taken back.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkCommand {
    /// The older code: the number that was, the organisation that merged.
    pub from: AskedHolder,
    /// The newer code.
    pub to: AskedHolder,
    /// How they belong together.
    pub kind: LinkKind,
    /// The legal day; today where nothing is said.
    #[serde(default)]
    pub since: Option<Day>,
    /// Why, in words. Sealed; only its hash enters the log. Where the names on the records of the two codes do not
    /// agree, or one has no record, it says how it is known all the same, and `names_differ` is set.
    pub ground: String,
    /// The agency knows that the names differ or cannot be compared, and its ground says why it links all the same.
    #[serde(default)]
    pub names_differ: bool,
    /// The agency knows that the household of one of the two is registered outside the region of its authority, and its
    /// ground says why it states this all the same.
    #[serde(default)]
    pub household_elsewhere: bool,
    /// The agency that states it: an operator names one, a client its own or none.
    #[serde(default)]
    pub agency: Option<String>,
    /// The order as the agency signed it with its own key; its subject is the older code, and its `detail`
    /// holds `kind` and `other`, the hash of the newer code under the order's salt.
    #[serde(default)]
    pub order: Option<String>,
}

impl Registry {
    /// Links two codes. Blocks.
    ///
    /// # Errors
    /// `forbidden` (noted as an access); `link_cycle` if the codes are linked already, directly or not;
    /// `too_many_holders` if more than four codes would be of one holder.
    pub fn link_holders(
        &self,
        actor: &Actor,
        command: &LinkCommand,
        once: Option<&Once>,
    ) -> Result<HolderChanged> {
        self.change_link(actor, command, once, HolderAction::Link)
    }

    /// Takes a link back. Blocks. `not_found` if there is no such link.
    pub fn unlink_holders(
        &self,
        actor: &Actor,
        command: &LinkCommand,
        once: Option<&Once>,
    ) -> Result<HolderChanged> {
        self.change_link(actor, command, once, HolderAction::Unlink)
    }

    fn change_link(
        &self,
        actor: &Actor,
        command: &LinkCommand,
        once: Option<&Once>,
        action: HolderAction,
    ) -> Result<HolderChanged> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let (from, from_key) = self.charged_now(actor, Scope::Holder, &command.from, "from")?;
        let to = self.charged_now(actor, Scope::Holder, &command.to, "to");
        let (to, to_key) = self.or_noted_of(actor, &Touched::one(&from.code, from_key), to)?;
        let both = [Touched::one(&from.code, from_key), Touched::one(&to.code, to_key)];
        let mut touched = Touched::one(&from.code, from_key);
        touched.also(&[(to_key, Some(to.code.clone()))]);
        let stating = self.linking(actor, command.agency.as_deref(), command.kind, touched.clone())?;
        let now = self.now();
        let since = command.since.unwrap_or(now.day());
        let unnamed = [(&from.code, from_key), (&to.code, to_key)];
        // The order first: a ground is held against numbers when its length is known to be right.
        let order = self.link_order(command, action, &stating, (&from.code, &to.code));
        let unnamed = || self.check_unnamed(actor, &[("ground", &command.ground)], &unnamed);
        let order = order.and_then(|order| unnamed().map(|()| order));
        let order = self.or_noted_of(actor, &touched, order)?;
        let outcome = if action == HolderAction::Link { Outcome::Linked } else { Outcome::Unlinked };
        let noted_change = self.note_statement(actor, outcome, &both)?;
        let (label, hears, snapshot) = (actor.label(), self.hears(actor), self.snapshot());
        self.log_noted(actor, &noted_change, once, |writer, place| {
            refuse_replay(writer, &from_key, &order)?;
            let mut compared = |one| {
                let states = (stating.agency.as_str(), stating.regions.as_slice());
                let found = household::compare(writer, &snapshot, one, states, now.day())?;
                household::checked(found, command.household_elsewhere, hears)
            };
            let households = (compared((&from.code, from_key))?, compared((&to.code, to_key))?);
            let mut older = stored(writer, from_key, &from.code)?;
            let mut newer = stored(writer, to_key, &to.code)?;
            if action == HolderAction::Link {
                check_names(writer, command, &stating.agency, (&older, &newer))
                    .map_err(|why| unchanged(hears, why))?;
                check_room(writer, command.kind, &older, &newer).map_err(|why| unchanged(hears, why))?;
                older.body.links.push(end(command.kind, &to.code, true, since));
                newer.body.links.push(end(command.kind, &from.code, false, since));
            } else if !cut(&mut older, command.kind, &to.code, true)
                || !cut(&mut newer, command.kind, &from.code, false)
            {
                let why = Error::new(Code::NotFound, "there is no such link").rule(Rule::LinkMissing);
                return Err(unchanged(hears, why));
            }
            writer.put_holder(&older)?;
            writer.put_holder(&newer)?;
            let noted = Noted { action, label: &label, since, ground: &command.ground, order: &order };
            let entries = vec![
                noted.write(writer, place, (&from.code, from_key), households.0)?,
                noted.write(writer, &place.behind(1), (&to.code, to_key), households.1)?,
            ];
            Ok((noted.answer(place), entries))
        })
    }
}

impl Registry {
    /// What the link says, as its agency orders it.
    fn link_order(
        &self,
        command: &LinkCommand,
        action: HolderAction,
        stating: &Stating,
        (from, to): (&HolderCode, &HolderCode),
    ) -> Result<order::Signed> {
        let today = self.now().day();
        let since = command.since.unwrap_or(today);
        texts::ground("ground", &command.ground)?;
        check_ends(command.kind, from, to)?;
        check_day(since, today)?;
        let terms = terms(command, action, (from, to), since)?;
        self.holder_order(terms, &stating.agency, command.order.as_deref())
    }
}

/// The content of the order: the older code is its subject, the newer one stands in it as a salted hash.
fn terms<'a>(
    command: &'a LinkCommand,
    action: HolderAction,
    (from, to): (&'a HolderCode, &'a HolderCode),
    since: Day,
) -> Result<Terms<'a>> {
    let mut detail = Map::new();
    detail.insert("kind".into(), serde_json::to_value(command.kind).map_err(Error::internal)?);
    let terms = Terms {
        action: action.into(),
        subject: Subject::Holder(from.key_type(), from.key_code()),
        effective_on: since,
        ground: Some(&command.ground),
        version: None,
        detail,
        other: None,
    };
    Ok(terms.naming("other", Subject::Holder(to.key_type(), to.key_code())))
}

/// Takes one end of a link away; false if there is none.
fn cut(holder: &mut StoredHolder, kind: LinkKind, other: &HolderCode, outward: bool) -> bool {
    let before = holder.body.links.len();
    holder.body.links.retain(|link| {
        !(link.kind == kind
            && link.outward == outward
            && link.key_type == other.key_type()
            && link.key_code == other.key_code())
    });
    before != holder.body.links.len()
}

fn check_day(since: Day, today: Day) -> Result<()> {
    if since <= today {
        return Ok(());
    }
    let detail = "a link is entered when it holds, not before";
    Err(Error::new(Code::FieldInvalid, detail).at("since").rule(Rule::DateInFuture))
}

fn check_ends(kind: LinkKind, from: &HolderCode, to: &HolderCode) -> Result<()> {
    let invalid =
        |rule: Rule, detail: &'static str| Err(Error::new(Code::FieldInvalid, detail).at("to").rule(rule));
    if from.same_key(to) {
        return invalid(Rule::SameHolder, "both codes lead to the same holder already");
    }
    let (persons, entities) = (
        from.code_type().is_person() && to.code_type().is_person(),
        !from.code_type().is_person() && !to.code_type().is_person(),
    );
    match kind {
        LinkKind::SamePerson if !persons => invalid(Rule::LinkPersons, "both codes are of persons"),
        LinkKind::Moved => invalid(Rule::LinkMoved, "the registry itself moves records between keys"),
        LinkKind::SameEntity | LinkKind::Successor if !entities => {
            invalid(Rule::LinkEntities, "both codes are of organisations")
        }
        _ => Ok(()),
    }
}

/// Two numbers are of one holder if the names on their records agree. If these do not agree, or one has no
/// record, the agency must know it and say in its ground how.
fn check_names(
    reader: &mut Reader<'_>,
    command: &LinkCommand,
    agency: &str,
    (older, newer): (&StoredHolder, &StoredHolder),
) -> Result<()> {
    if !command.kind.is_followed()
        || command.names_differ
        || names::agree(reader, agency, &older.hk, &newer.hk)?
    {
        return Ok(());
    }
    let detail = "the names on the records of the two codes do not agree, or one has no record: say in the ground \
                  how it is known, and set names_differ";
    Err(Error::new(Code::FieldInvalid, detail).at("names_differ").rule(Rule::NamesDiffer))
}

fn end(kind: LinkKind, other: &HolderCode, outward: bool, since: Day) -> Link {
    Link {
        kind,
        code_type: other.code_type().code().to_owned(),
        code: other.as_str().to_owned(),
        key_type: other.key_type().to_owned(),
        key_code: other.key_code().to_owned(),
        outward,
        since,
    }
}

/// Refuses a link between codes that are linked already, and a fifth code.
fn check_room(
    reader: &mut Reader<'_>,
    kind: LinkKind,
    older: &StoredHolder,
    newer: &StoredHolder,
) -> Result<()> {
    let cycle =
        || Err(Error::new(Code::LinkCycle, "these codes are linked already").at("to").rule(Rule::LinkCycle));
    let full =
        |detail: &'static str| Err(Error::new(Code::TooManyHolders, detail).at("to").rule(Rule::LinkLimit));
    let many = |holder: &StoredHolder| {
        holder.body.links.iter().filter(|link| link.kind != LinkKind::Moved).count() >= MAX_LINKS
    };
    if many(older) || many(newer) {
        return full("one of the codes has as many links as are kept");
    }
    if kind.is_followed() {
        // All codes of both, however many: the limit is checked against them, not assumed.
        let left = walk(reader, older.hk, Reach::ALL, |_| ())?.sure()?;
        let right = walk(reader, newer.hk, Reach::ALL, |_| ())?.sure()?;
        if left.contains(&newer.hk) {
            return cycle();
        }
        if left.len() + right.len() > MAX_KEYS {
            return full("at most four codes are of one holder");
        }
        return Ok(());
    }
    // Successors must not form a circle: a walk from a firm along its successors must come to an end.
    let mut ahead = vec![newer.clone()];
    let mut seen = vec![newer.hk];
    while let Some(holder) = ahead.pop() {
        if holder.hk == older.hk {
            return cycle();
        }
        for next in out_of(reader, &holder, |link| link.kind == LinkKind::Successor && link.outward) {
            if !seen.contains(&next) {
                seen.push(next);
                ahead.extend(reader.holder(&next)?);
            }
        }
    }
    if out_of(reader, older, |link| link.kind == LinkKind::Successor && link.outward).contains(&newer.hk) {
        return cycle();
    }
    Ok(())
}

fn out_of(reader: &Reader<'_>, holder: &StoredHolder, meant: impl Fn(&Link) -> bool) -> Vec<HolderKey> {
    let links = holder.body.links.iter().filter(|link| meant(link));
    links.map(|link| reader.index().holder_key(&link.key_type, &link.key_code)).collect()
}
