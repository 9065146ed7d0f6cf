//! Permits by number: an asker is charged for a holder before anything of it is read, and what it asks for is watched
//! for walks through numbers. The refusal of one who was stopped, or whose budget is spent, is an access.

use crate::error::{Code, Error, Result};
use crate::identity::{HolderCode, Parsed};
use crate::journal;
use crate::policy::{Actor, Permit, Scope};
use crate::registry::Registry;
use crate::registry::access::entry::{CameTo, Entry, Touched};
use crate::registry::base::asked::{AskedCode, AskedHolder};
use crate::rule::Rule;
use crate::store::{Side, Tried};
use crate::trust::HolderKey;
use crate::trust::keyed::Key16;

impl Registry {
    /// Charges the actor for a holder that it asks for.
    ///
    /// # Errors
    /// `budget_spent`, `enumeration_stopped` (noted as accesses).
    pub(in crate::registry) async fn permit<'a>(
        &self,
        actor: &'a Actor,
        scope: Scope,
        asked: &AskedCode,
    ) -> Result<Permit<'a>> {
        let permit = self.guard().permit(actor, scope, asked.to_charge(), self.now());
        self.or_stopped(actor, touched(asked), permit).await
    }

    /// Checks a holder's number and charges for it, in one step: the code and its key. `field` is where the request has
    /// it.
    ///
    /// # Errors
    /// What is wrong with the number, which then costs nothing; `budget_spent`, `enumeration_stopped` (noted as
    /// accesses).
    pub(in crate::registry) fn charged_now(
        &self,
        actor: &Actor,
        scope: Scope,
        asked: &AskedHolder,
        field: &str,
    ) -> Result<(Parsed, HolderKey)> {
        let asked = self.asked_holder(asked, field)?;
        let permit = self.guard().permit(actor, scope, asked.to_charge(), self.now());
        let key = self.or_stopped_now(actor, &[touched(&asked)], permit)?.holder();
        Ok((asked.parsed, key))
    }

    /// The same for all holders that something is written about: all are charged, or none. Blocks.
    pub(in crate::registry) fn permit_all(&self, actor: &Actor, holders: &Touched) -> Result<()> {
        self.permit_each(actor, std::slice::from_ref(holders))
    }

    /// The same, not blocking.
    pub(in crate::registry) async fn permit_all_of(&self, actor: &Actor, holders: &Touched) -> Result<()> {
        let charged = self.charge(actor, std::slice::from_ref(holders));
        self.or_stopped(actor, holders.clone(), charged).await
    }

    /// The same for the holders of several entries, not blocking.
    pub(in crate::registry) async fn permit_each_of(&self, actor: &Actor, entries: &[Touched]) -> Result<()> {
        let charged = self.charge(actor, entries);
        let Err(error) = &charged else { return Ok(()) };
        let Some(rule) = refusal_of(error) else { return charged };
        let (registry, label) = (self.clone(), actor.label());
        if error.code == Code::EnumerationStopped {
            self.store().blocking(move || registry.write_alarms(&label)).await?;
        }
        for touched in entries {
            Entry::of(actor).note(&*self.access()?, touched.clone(), CameTo::refused(rule)).await?;
        }
        self.tries().refused(actor, self.now());
        charged
    }

    /// The same for the holders of several entries.
    pub(in crate::registry) fn permit_each(&self, actor: &Actor, entries: &[Touched]) -> Result<()> {
        self.or_stopped_now(actor, entries, self.charge(actor, entries))
    }

    /// The same for a line of a list, which is left out where the budget has no room for all of its holders: that
    /// refuses nothing, since nobody of them was asked for.
    pub(in crate::registry) fn may_list(&self, actor: &Actor, entries: &[Touched]) -> Result<bool> {
        match self.charge(actor, entries) {
            Err(error) if error.code == Code::BudgetSpent => Ok(false),
            charged => self.or_stopped_now(actor, entries, charged).map(|()| true),
        }
    }

    fn charge(&self, actor: &Actor, entries: &[Touched]) -> Result<()> {
        let keys: Vec<HolderKey> = entries.iter().flat_map(Touched::keys).copied().collect();
        self.guard().charge(actor, &keys, self.now())
    }

    /// Notes that the holder of a permit was told whether anything is here of what it asked for: of a number, or of
    /// an identifier, which has none.
    pub(in crate::registry) fn watch(&self, permit: &Permit<'_>, code: Option<&HolderCode>, unknown: bool) {
        let prefix = |text: &str| self.store().vault().index().prefix_key(text);
        let raised = self.guard().asked(permit, self.now(), |day, actor| {
            let (region, birthday) = code.map(|code| places(code, &prefix)).unwrap_or_default();
            Tried { day, actor, holder: permit.holder(), region, birthday, unknown }
        });
        if let Some(alarm) = raised {
            let tries = u64::from(alarm.tries);
            journal::alarm(
                alarm.kind.wire(),
                &alarm.actor,
                tries,
                format_args!("stopped-until-{}", alarm.until),
            );
        }
    }

    /// Notes that a refusal told an actor something of a holder whom it was charged for: it counts as a question.
    pub(in crate::registry) fn watch_told(
        &self,
        actor: &Actor,
        scope: Scope,
        holder: HolderKey,
        code: Option<&HolderCode>,
    ) -> Result<()> {
        let permit = self.guard().permit(actor, scope, holder, self.now())?;
        self.watch(&permit, code, false);
        Ok(())
    }

    /// The permit; who is refused one hears it when the access is durable.
    pub(super) async fn or_stopped<T>(
        &self,
        actor: &Actor,
        touched: Touched,
        permit: Result<T>,
    ) -> Result<T> {
        let Err(error) = permit else { return permit };
        if let Some(rule) = refusal_of(&error) {
            let (registry, label) = (self.clone(), actor.label());
            if error.code == Code::EnumerationStopped {
                self.store().blocking(move || registry.write_alarms(&label)).await?;
            }
            self.refused(actor, &Entry::of(actor), touched, rule).await?;
        }
        Err(error)
    }

    /// Writes the alarm of an actor before the entry that says the actor was stopped. The entry never stands without
    /// its alarm, also when the process is killed in between, and `fsck` holds one against the other.
    fn write_alarms(&self, actor: &str) -> Result<()> {
        let alarms = self.guard().unwritten(actor);
        if alarms.is_empty() {
            return Ok(());
        }
        let node = self.access()?.name().to_owned();
        self.store().ensure_seals(self.now())?;
        self.store().write_side_now(Side::Access, |writer| {
            alarms.iter().try_for_each(|alarm| writer.insert_alarm(&node, alarm))
        })?;
        self.guard().written(&alarms);
        Ok(())
    }

    /// The same, blocking, with an entry for each of `touched`.
    pub(super) fn or_stopped_now<T>(
        &self,
        actor: &Actor,
        touched: &[Touched],
        permit: Result<T>,
    ) -> Result<T> {
        let Err(error) = permit else { return permit };
        if refusal_of(&error).is_some() {
            if error.code == Code::EnumerationStopped {
                self.write_alarms(&actor.label())?;
            }
            self.note_refusals(actor, touched, &error)?;
        }
        Err(error)
    }
}

/// A holder that is asked for, as an entry names it.
pub(in crate::registry) fn touched(asked: &AskedCode) -> Touched {
    Touched::one(&asked.parsed.code, asked.to_charge())
}

/// The rule under which an access says that there was no permit.
fn refusal_of(error: &Error) -> Option<Rule> {
    error.rule.filter(|rule| matches!(rule, Rule::NumbersWalked | Rule::HoldersADay))
}

/// Keyed hashes of the region in a number, and of region and birthday with the sequence behind them.
type Places = (Option<Key16>, Option<(Key16, u16)>);

fn places(code: &HolderCode, prefix: &impl Fn(&str) -> Key16) -> Places {
    let text = code.as_str();
    if let Some(credit) = code.credit_code() {
        return (credit.get(2..8).map(prefix), None);
    }
    if code.person().is_none() {
        return (None, None);
    }
    let sequence = text.get(14..17).and_then(|digits| digits.parse().ok());
    let birthday = text.get(..14).map(prefix);
    (text.get(..6).map(prefix), birthday.zip(sequence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::CodeType;
    use crate::trust::IndexKey;

    #[test]
    fn of_a_number_nothing_is_kept_but_hashes_and_three_digits() {
        let index = IndexKey::new(&[7; 32]);
        let prefix = |text: &str| index.prefix_key(text);
        let of = |kind: CodeType, code: &str| places(&HolderCode::parse(kind, code).unwrap().code, &prefix);
        let (region, birthday) = of(CodeType::CitizenId, "190101198803120021");
        assert_eq!(region, Some(prefix("190101")));
        assert_eq!(birthday, Some((prefix("19010119880312"), 2)));
        let (region, birthday) = of(CodeType::CreditCode, "91190101MD1000018C");
        assert_eq!((region, birthday), (Some(prefix("190101")), None));
    }
}
