//! Whom an actor should not look at alone (practice R10): its own person, kin of that person as joint records say, and
//! holders on the protected list. What stands in the way is found out before anything is told; an alarm is written before
//! the entry and the answer, so that none of the two is ever there without it.
//!
//! Own person and kin are refused to the account, whatever shows that they are there: a colleague serves them. A protected
//! holder is refused to staff unless something shows that the holder is there, and goes out with an alarm otherwise: a
//! system of an agency cannot see anybody, and the services of a protected person must go on.

use std::collections::HashSet;
use std::sync::Arc;

use crate::catalog::TypeDef;
use crate::error::{Code, Error, Result};
use crate::journal;
use crate::policy::Actor;
use crate::record::access::Presence;
use crate::registry::Registry;
use crate::registry::access::entry::{Entry, Touched};
use crate::registry::base::asked::unseen;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::holders::linked::family;
use crate::registry::records::kept::joint_holders;
use crate::rule::Rule;
use crate::store::{Alarm, AlarmKind, Cost, Opened, Reader, Side};
use crate::trust::HolderKey;

/// The roles in a joint record that make its holders kin.
const KIN: [&str; 6] = ["spouse", "child", "mother", "father", "adoptee", "adopter"];

/// The person behind an account, and whom records name beside it.
struct Person {
    own: HashSet<HolderKey>,
    kin: HashSet<HolderKey>,
}

impl Registry {
    /// Refuses what is asked of holders whom the actor should not look at alone, and raises the alarm. `whom` are the keys
    /// of the holder asked about, under all its codes.
    ///
    /// # Errors
    /// `forbidden` with `own_number`, `kin_of_staff` or `holder_protected`, noted as an access.
    pub(in crate::registry) async fn may_meet(
        &self,
        actor: &Actor,
        snapshot: &Arc<Snapshot>,
        (whom, presence): (&[HolderKey], Presence),
        (entry, touched): (&Entry<'_>, &Touched),
    ) -> Result<()> {
        let Some(rule) = self.too_near(actor, snapshot, (whom, presence)).await? else { return Ok(()) };
        self.refused(actor, entry, touched.clone(), rule).await?;
        Err(alone(rule))
    }

    /// The same for a record that is named by its identifier: for it no card is read.
    pub(in crate::registry) async fn may_meet_named(
        &self,
        actor: &Actor,
        snapshot: &Arc<Snapshot>,
        (entry, touched): (&Entry<'_>, &Touched),
    ) -> Result<()> {
        let mut whom = touched.keys().to_vec();
        if snapshot.protects_anybody() {
            let keys = whom.clone();
            let families = move |reader: &mut Reader<'_>| -> Result<Vec<HolderKey>> {
                let families = keys.into_iter().map(|key| family(reader, key));
                Ok(families.collect::<Result<Vec<_>>>()?.concat())
            };
            whom = self.store().read(Cost::Scan, families).await?;
        }
        self.may_meet(actor, snapshot, (&whom, Presence::Typed), (entry, touched)).await
    }

    /// The rule by which the actor may not look at one of these holders, if there is one. The alarm is written when this
    /// returns, also where it is all that is to be done.
    pub(in crate::registry) async fn too_near(
        &self,
        actor: &Actor,
        snapshot: &Arc<Snapshot>,
        (whom, presence): (&[HolderKey], Presence),
    ) -> Result<Option<Rule>> {
        let Some(kind) = self.near(actor, snapshot, whom).await? else { return Ok(None) };
        self.raise_alarm(actor, kind).await?;
        Ok(match kind {
            AlarmKind::OwnNumber => Some(Rule::OwnNumber),
            AlarmKind::Kin => Some(Rule::KinOfStaff),
            _ => (matches!(actor, Actor::Account(_)) && unseen(presence)).then_some(Rule::HolderProtected),
        })
    }

    /// Why the actor should not look at one of these holders alone.
    async fn near(
        &self,
        actor: &Actor,
        snapshot: &Arc<Snapshot>,
        whom: &[HolderKey],
    ) -> Result<Option<AlarmKind>> {
        if let Actor::Account(account) = actor
            && let Some(own) = account.own_number
        {
            let person = self.person(snapshot, own).await?;
            if whom.iter().any(|key| person.own.contains(key)) {
                return Ok(Some(AlarmKind::OwnNumber));
            }
            if whom.iter().any(|key| person.kin.contains(key)) {
                return Ok(Some(AlarmKind::Kin));
            }
        }
        let today = self.now().day();
        let protected = whom.iter().any(|key| snapshot.protects(key, today));
        Ok(protected.then_some(AlarmKind::Protected))
    }

    /// The person of a number: all its codes, and whom its records of marriage, birth and adoption name beside it. Ended
    /// records count: who was married to somebody does not look at them alone either.
    async fn person(&self, snapshot: &Arc<Snapshot>, number: HolderKey) -> Result<Person> {
        let snapshot = Arc::clone(snapshot);
        self.store().read(Cost::Scan, move |reader| person(reader, &snapshot, number)).await
    }

    /// Writes an alarm that stops nobody. The entry of the look never stands without it.
    async fn raise_alarm(&self, actor: &Actor, kind: AlarmKind) -> Result<()> {
        let now = self.now();
        let label = actor.label();
        journal::alarm(kind.wire(), &label, 1, "told");
        let alarm = Alarm { actor: label.into(), at: now, kind, tries: 1, until: now, lifted: None };
        let node = self.access()?.name().to_owned();
        let store = self.store().clone();
        self.store()
            .blocking(move || {
                store.ensure_seals(now)?;
                store.write_side_now(Side::Access, |writer| writer.insert_alarm(&node, &alarm))
            })
            .await
    }
}

/// The refusal by such a rule.
pub(in crate::registry) fn alone(rule: Rule) -> Error {
    let detail = "the actor should not look at this holder alone; the supervisor sees the attempt";
    Error::new(Code::Forbidden, detail).rule(rule)
}

fn person(reader: &mut Reader<'_>, snapshot: &Snapshot, number: HolderKey) -> Result<Person> {
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
    Ok(Person { own, kin })
}

/// Whether records of a type have several holders who are kin by it.
fn tells_kin(def: &TypeDef) -> bool {
    let roles = || def.holders.iter();
    roles().map(|role| role.max).sum::<u32>() > 1 && roles().all(|role| KIN.contains(&role.role.as_str()))
}
