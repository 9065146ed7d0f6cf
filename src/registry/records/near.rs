//! Whom an actor should not look at alone (practice R10): its own person, kin of that person as joint records say, and
//! holders on the protected list. What stands in the way is found out before anything is told; an alarm is written before
//! the entry and the answer, so that none of the two is ever there without it.
//!
//! Own person and kin are refused to the account, whatever shows that they are there: a colleague serves them. A protected
//! person is refused to staff unless something shows that it is there, and goes out with an alarm otherwise: a system of an
//! agency sees nobody, and the services of a protected person must go on. A record that such a holder stands on beside the
//! one asked about is left out for staff.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::catalog::{TypeDef, same_name};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::Actor;
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::access::entry::{Entry, Touched};
use crate::registry::base::asked::{Purpose, check_presence, unseen};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked::family;
use crate::registry::records::kept::{joint_holders, signed_holders};
use crate::rule::Rule;
use crate::store::{AlarmKind, Cost, Opened, Reader, StoredRecord};
use crate::trust::{HolderKey, IndexKey};

/// The roles in a joint record that make its holders kin, where it has no others.
const KIN: [&str; 6] = ["spouse", "child", "mother", "father", "adoptee", "adopter"];
/// Beside whom everybody on a record is close, whatever their roles.
const GUARDIAN: &str = "guardian";

/// Whom one actor should not look at alone, and what of it came up in one answer.
pub(in crate::registry) struct Near {
    staff: bool,
    own: HashSet<HolderKey>,
    kin: HashSet<HolderKey>,
    /// Holders of records that came up, of whom another code is protected.
    by_link: Mutex<HashSet<HolderKey>>,
    /// Who is in the case too, and is asked about like the one whose record it is.
    beside: HashSet<HolderKey>,
    snapshot: Arc<Snapshot>,
    today: Day,
    /// Records with such a holder that the answer met. Both locks are held for a look or a push, never across an await.
    met: Mutex<Vec<AlarmKind>>,
}

/// A holder asked about: its keys, whether something shows that it is there, and whether anything ever could.
pub(in crate::registry) struct MetHolder {
    /// Under all its codes, as far as they are known.
    pub keys: Vec<HolderKey>,
    /// How it is present.
    pub presence: Presence,
    /// A card could show that it is there. Nothing shows it of an organisation, and of a child without a number.
    pub has_card: bool,
}

impl Near {
    /// Why the actor should not look at one of these holders alone.
    fn kind(&self, keys: &[HolderKey]) -> Option<AlarmKind> {
        let any = |of: &dyn Fn(&HolderKey) -> bool| keys.iter().any(of);
        if any(&|key| self.own.contains(key)) {
            return Some(AlarmKind::OwnNumber);
        }
        if any(&|key| self.kin.contains(key)) {
            return Some(AlarmKind::Kin);
        }
        let by_link = held(&self.by_link);
        let protected = |key: &HolderKey| self.snapshot.protects(key, self.today) || by_link.contains(key);
        any(&protected).then_some(AlarmKind::Protected)
    }

    /// Whether there is anybody whom the actor should not look at alone.
    fn is_nobody(&self) -> bool {
        self.own.is_empty() && !self.snapshot.protects_anybody()
    }

    /// Whether a record is left out, since somebody stands on it beside the holder asked about whom the actor should not
    /// look at alone. It is noted for the alarm, also where it is shown.
    pub fn leaves_out(
        &self,
        index: &IndexKey,
        record: &StoredRecord,
        known: impl Iterator<Item = HolderKey>,
    ) -> bool {
        if self.is_nobody() {
            return false;
        }
        let mut others: Vec<HolderKey> = known.collect();
        others.extend(signed_holders(index, record).into_iter().map(|(key, _)| key));
        others.retain(|key| *key != record.hk && !self.beside.contains(key));
        let Some(kind) = self.kind(&others) else { return false };
        held(&self.met).push(kind);
        self.staff
    }

    /// Whether a record was left out for that.
    pub fn leaves_some_out(&self) -> bool {
        self.staff && !held(&self.met).is_empty()
    }

    /// Says who is asked about together: a record that they hold together is looked at with all of them.
    pub fn asks_about(&mut self, keys: impl Iterator<Item = HolderKey>) {
        self.beside.extend(keys);
    }

    fn take_met(&self) -> Vec<AlarmKind> {
        std::mem::take(&mut *held(&self.met))
    }
}

impl Registry {
    /// Whom this actor should not look at alone.
    pub(in crate::registry) async fn near(&self, actor: &Actor, snapshot: &Arc<Snapshot>) -> Result<Near> {
        let (mut own, mut kin) = (HashSet::new(), HashSet::new());
        if let Actor::Account(account) = actor
            && let Some(number) = account.own_number
        {
            let held = Arc::clone(snapshot);
            (own, kin) = self.store().read(Cost::Scan, move |reader| person(reader, &held, number)).await?;
        }
        let staff = matches!(actor, Actor::Account(_));
        let snapshot = Arc::clone(snapshot);
        let (today, beside) = (self.now().day(), HashSet::new());
        let (by_link, met) = (Mutex::default(), Mutex::default());
        Ok(Near { staff, own, kin, by_link, beside, snapshot, today, met })
    }

    /// Refuses what is asked of a holder whom the actor should not look at alone, and raises the alarm.
    ///
    /// # Errors
    /// `forbidden` with `own_number`, `kin_of_staff` or `holder_protected`, noted as an access.
    pub(in crate::registry) async fn may_meet(
        &self,
        actor: &Actor,
        near: &Near,
        met: MetHolder,
        (entry, touched): (&Entry<'_>, &Touched),
    ) -> Result<()> {
        let Some(rule) = self.too_near(actor, near, met).await? else { return Ok(()) };
        self.refuse_look(actor, (entry, touched), rule).await?;
        Err(alone(rule))
    }

    /// The same for a record that is named by its identifier: for it no card is read.
    pub(in crate::registry) async fn may_meet_named(
        &self,
        actor: &Actor,
        near: &Near,
        (entry, touched): (&Entry<'_>, &Touched),
    ) -> Result<()> {
        let mut whom = touched.keys().to_vec();
        if near.snapshot.protects_anybody() {
            let keys = whom.clone();
            let families = move |reader: &mut Reader<'_>| -> Result<Vec<HolderKey>> {
                let families = keys.into_iter().map(|key| family(reader, key));
                Ok(families.collect::<Result<Vec<_>>>()?.concat())
            };
            whom = self.store().read(Cost::Scan, families).await?;
        }
        let met = MetHolder { keys: whom, presence: Presence::Typed, has_card: true };
        self.may_meet(actor, near, met, (entry, touched)).await
    }

    /// The rule by which the actor may not look at a holder, if there is one. The alarm is written when this returns, also
    /// where it is all that is to be done.
    pub(in crate::registry) async fn too_near(
        &self,
        actor: &Actor,
        near: &Near,
        met: MetHolder,
    ) -> Result<Option<Rule>> {
        let Some(kind) = near.kind(&met.keys) else { return Ok(None) };
        self.raise_alarm(actor, kind).await?;
        Ok(match kind {
            AlarmKind::OwnNumber => Some(Rule::OwnNumber),
            AlarmKind::Kin => Some(Rule::KinOfStaff),
            _ => (near.staff && met.has_card && unseen(met.presence)).then_some(Rule::HolderProtected),
        })
    }

    /// Refuses a presence that nothing shows, as an access of whoever was asked about. `code` is the number asked for; a
    /// request that names a record has none.
    ///
    /// # Errors
    /// `field_invalid` with rule `presence_unknown` or `presence_unproven`.
    pub(in crate::registry) async fn present(
        &self,
        actor: &Actor,
        (purpose, code): (&Purpose, Option<&HolderCode>),
        (entry, touched): (&Entry<'_>, &Touched),
    ) -> Result<()> {
        let Err(error) = check_presence(purpose, code) else { return Ok(()) };
        self.refuse_look(actor, (entry, touched), error.rule.unwrap_or(Rule::PresenceUnproven)).await?;
        Err(error)
    }

    /// Refuses a card whose name is none under which the holder stands on its records. Of whom no name is on file, the card
    /// is all that there is.
    ///
    /// # Errors
    /// `field_invalid` with rule `presence_unproven`, noted as an access.
    pub(in crate::registry) async fn named_by_card(
        &self,
        actor: &Actor,
        purpose: &Purpose,
        names: impl Iterator<Item = String>,
        (entry, touched): (&Entry<'_>, &Touched),
    ) -> Result<()> {
        let card = purpose.name.as_deref().filter(|_| purpose.presence() == Presence::CardRead);
        if card.is_none_or(|card| is_name_of(card, names)) {
            return Ok(());
        }
        self.refuse_look(actor, (entry, touched), Rule::PresenceUnproven).await?;
        let detail = "the card has another name than the records of this number";
        Err(Error::new(Code::FieldInvalid, detail).at("purpose.presence").rule(Rule::PresenceUnproven))
    }

    /// Notes the refusal of a look. It may come before the other codes of the holder were read, and no word of its entry
    /// names one of them.
    async fn refuse_look(
        &self,
        actor: &Actor,
        (entry, touched): (&Entry<'_>, &Touched),
        rule: Rule,
    ) -> Result<()> {
        let others = self.numbers_beside(entry.words(), touched).await?;
        self.refused(actor, &entry.clone().beside(&others), touched.clone(), rule).await
    }

    /// Finds out, before records are shown, whether somebody on them is protected under another code: `of` gives the keys
    /// of their holders.
    pub(in crate::registry) async fn know_beside(
        &self,
        near: &Near,
        of: impl FnOnce(&IndexKey) -> Vec<HolderKey>,
    ) -> Result<()> {
        if !near.snapshot.protects_anybody() {
            return Ok(());
        }
        let keys = of(self.store().vault().index());
        let (snapshot, today) = (Arc::clone(&near.snapshot), near.today);
        let read = move |reader: &mut Reader<'_>| -> Result<Vec<HolderKey>> {
            let mut protected = Vec::new();
            for key in keys {
                if family(reader, key)?.iter().any(|code| snapshot.protects(code, today)) {
                    protected.push(key);
                }
            }
            Ok(protected)
        };
        let protected = self.store().read(Cost::Scan, read).await?;
        held(&near.by_link).extend(protected);
        Ok(())
    }

    /// The rule by which a holder is the actor's own person or kin of it, before anything else is decided.
    pub(in crate::registry) async fn own_or_kin(
        &self,
        actor: &Actor,
        near: &Near,
        key: HolderKey,
    ) -> Result<Option<Rule>> {
        match near.kind(&[key]) {
            Some(AlarmKind::OwnNumber | AlarmKind::Kin) => {
                let met = MetHolder { keys: vec![key], presence: Presence::Typed, has_card: true };
                self.too_near(actor, near, met).await
            }
            _ => Ok(None),
        }
    }

    /// Raises the alarms of the records that the answer met. To be called before its entry.
    pub(in crate::registry) async fn tell_met(&self, actor: &Actor, near: &Near) -> Result<()> {
        let mut kinds = near.take_met();
        kinds.dedup();
        for kind in kinds {
            self.raise_alarm(actor, kind).await?;
        }
        Ok(())
    }
}

/// Whoever panicked while holding it had at most not yet noted: the list is whole.
fn held<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a name on a card is one of those on file; true where none is.
pub(in crate::registry) fn is_name_of(card: &str, names: impl Iterator<Item = String>) -> bool {
    let mut names = names.peekable();
    names.peek().is_none() || names.any(|name| same_name(&name, card.trim()) || alike(&name, card))
}

/// Whether two writings are of one name: signs between its parts, capitals and the order of the parts of a foreign name are
/// the printer's, and a character of private use stands for one that the other side may write (GB 18030).
fn alike(one: &str, other: &str) -> bool {
    let parts = |text: &str| {
        let lower = text.to_lowercase();
        let of = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        let mut parts: Vec<String> =
            lower.split(|one: char| !one.is_alphabetic() && !private(one)).filter_map(of).collect();
        parts.sort_unstable();
        parts
    };
    let same = |pair: (char, char)| pair.0 == pair.1 || private(pair.0) || private(pair.1);
    let (first, second) = (parts(one).concat(), parts(other).concat());
    let known = first.chars().filter(|one| !private(*one)).count();
    known > 0
        && first.chars().count() == second.chars().count()
        && first.chars().zip(second.chars()).all(same)
}

const fn private(one: char) -> bool {
    matches!(one, '\u{e000}'..='\u{f8ff}')
}

/// The refusal by such a rule.
pub(in crate::registry) fn alone(rule: Rule) -> Error {
    let detail = "the actor should not look at this holder alone; the supervisor sees the attempt";
    Error::new(Code::Forbidden, detail).rule(rule)
}

/// The person of a number: all its codes, and whom its records of marriage, birth and adoption name beside it. Ended records
/// count: who was married to somebody does not look at them alone either.
fn person(
    reader: &mut Reader<'_>,
    snapshot: &Snapshot,
    number: HolderKey,
) -> Result<(HashSet<HolderKey>, HashSet<HolderKey>)> {
    let own: HashSet<HolderKey> = family(reader, number)?.into_iter().collect();
    let types = snapshot.catalog.types();
    let types = types.iter().map(|entry| entry.def()).filter(|def| tells_kin(def));
    let mut beside: HashSet<HolderKey> = HashSet::new();
    for def in types {
        for key in &own {
            for opened in reader.records_of_type(key, &def.code)? {
                let Opened::Record(row) = opened else { continue };
                let holders = joint_holders(reader, snapshot, &row)?;
                beside.extend(holders.into_iter().map(|(key, _)| key).filter(|key| !own.contains(key)));
            }
        }
    }
    let mut kin = beside.clone();
    for key in beside {
        kin.extend(family(reader, key)?);
    }
    Ok((own, kin))
}

/// Whether records of a type have several holders who are kin by it.
fn tells_kin(def: &TypeDef) -> bool {
    let roles = || def.holders.iter();
    let all = roles().all(|role| KIN.contains(&role.role.as_str()));
    roles().map(|role| role.max).sum::<u32>() > 1 && (all || roles().any(|role| role.role == GUARDIAN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_writes_a_name_as_printers_do() {
        let on_file = |name: &str, card: &str| is_name_of(card, [name.to_owned()].into_iter());
        for (name, card) in [
            ("周海燕", " 周海燕 "),
            ("Maria Keller", "MARIA KELLER"),
            ("Maria Keller", "KELLER, MARIA"),
            ("阿依古丽·买买提", "阿依古丽-买买提"),
            ("阿依古丽·买买提", "阿依古丽 买买提"),
            ("王\u{4dae}", "王\u{e863}"),
        ] {
            assert!(on_file(name, card), "{name} {card}");
        }
        for (name, card) in
            [("周海燕", "周海霞"), ("周海燕", "周海"), ("王\u{4dae}", "\u{e863}"), ("Maria Keller", "Maria")]
        {
            assert!(!on_file(name, card), "{name} {card}");
        }
        assert!(is_name_of("周海燕", std::iter::empty()), "nothing else is known of the holder");
    }
}
