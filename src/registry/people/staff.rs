//! Rights of staff: roles, region, grants, own number; each change with who made it and when, as a signed event that holds
//! the whole row.

use serde::Serialize;

use crate::catalog::Region;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::{Account, Grant, Selection, StaffRole};
use crate::record::access::OutsideItem;
use crate::record::event::{Event, EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::snapshot::{AccountBody, account};
use crate::registry::base::texts::recorded_name;
use crate::registry::people::grants::resolved;
use crate::registry::published::notice::{Notice, Stated, account_body};
use crate::rule::Rule;
use crate::store::{AccountRow, Reader, Writer};

/// What of an account is to be otherwise; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct AccountChange {
    /// Shown name.
    pub display: Option<String>,
    /// All its roles from now on.
    pub roles: Option<Vec<StaffRole>>,
    /// Its region; `Some(None)` for the whole of its agency's.
    pub region: Option<Option<Region>>,
    /// All its grants from now on.
    pub grants: Option<Vec<Grant>>,
    /// Distinct holders a day.
    pub budget: Option<u32>,
    /// The person's own number.
    pub own_number: Option<AskedHolder>,
}

/// One line of the history of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountDeed {
    /// When.
    pub at: Moment,
    /// The operator.
    pub by: String,
    /// `add` `change` `withdraw`, or `state` by `migrate`.
    pub action: String,
    /// The log of the event.
    pub log: String,
    /// Its leaf.
    pub leaf: i64,
}

/// An account from before roles, as `migrate` leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedAccount {
    /// Sign-in name.
    pub name: String,
    /// Grants that stay: for work at no item, or for items that it receives.
    pub kept: Vec<Grant>,
    /// Grants that are gone: what is seen for an item follows from its slots.
    pub lost: Vec<Grant>,
}

impl Registry {
    /// Changes the rights of an account, and neither its password nor its sessions.
    ///
    /// # Errors
    /// `not_found`; `field_invalid` with rule `account_ended` for one that has ended; at `roles` without a role; at `region` for
    /// one that is not known or lies outside that of the agency (`region_of_staff`); at `grants` for one that is none of staff's
    /// (`grant_of_staff`); `holder_code_invalid` at `own_number`.
    pub fn change_account(&self, actor: &str, name: &str, change: &AccountChange) -> Result<()> {
        let before = self.account_row(name)?;
        let mut row = before.clone();
        let mut body: AccountBody = serde_json::from_str(&row.body).map_err(Error::internal)?;
        if body.ended.is_some() || !row.enabled {
            let detail = "the account has ended";
            return Err(Error::new(Code::FieldInvalid, detail).at("name").rule(Rule::AccountEnded));
        }
        if let Some(display) = &change.display {
            recorded_name("display", display)?;
            row.display.clone_from(display);
        }
        if let Some(roles) = &change.roles {
            row.roles = stored_roles(roles)?;
        }
        if let Some(region) = change.region {
            row.region = self.staff_region(&row.agency, region)?;
        }
        if let Some(grants) = &change.grants {
            body.grants = self.staff_grants(grants)?;
        }
        body.budget = change.budget.unwrap_or(body.budget);
        if let Some(number) = &change.own_number {
            row.own_number = Some(self.own_number(number)?);
        }
        row.body = serde_json::to_string(&body).map_err(Error::internal)?;
        self.publish_account(actor, PublicAction::Change, &row, |writer| {
            unchanged(writer.change_account(&before, &row)?)
        })
    }

    /// All accounts as policy sees them, ended ones too, with their rows.
    ///
    /// # Errors
    /// `record_damaged` for a row that cannot be read.
    pub fn accounts(&self) -> Result<Vec<(AccountRow, Account)>> {
        let rows = self.store().read_now(|reader| reader.accounts())?;
        rows.into_iter().map(|row| account(&row).map(|account| (row, account))).collect()
    }

    /// Who made and changed an account, and when; oldest first.
    ///
    /// # Errors
    /// `not_found`; `record_damaged` for an event that cannot be read.
    pub fn account_history(&self, name: &str) -> Result<Vec<AccountDeed>> {
        self.account_row(name)?;
        let kind = EventKind::Account.wire();
        let events = self.store().read_now(|reader| reader.public_events_of(kind, name))?;
        let deed = |stored: crate::store::PublicEvent| {
            let event = Event::from_canonical(&stored.event).map_err(|fault| {
                Error::new(Code::RecordDamaged, "an event of an account cannot be read").caused_by(fault)
            })?;
            let (log, leaf) = (stored.log, stored.leaf);
            Ok(AccountDeed { at: event.at, by: event.actor, action: event.action, log, leaf })
        };
        let mut deeds = events.into_iter().map(deed).collect::<Result<Vec<_>>>()?;
        // A later log has a later time, and its name need not sort behind.
        deeds.sort_by_key(|deed| (deed.at, deed.leaf));
        Ok(deeds)
    }

    /// States the accounts from before each change of one was an event, once, and takes from each what an item gives by its
    /// slots: grants that name items are narrowed to work at no item, or dropped. A registry without items keeps them: there
    /// they decide until the first item is loaded.
    pub(in crate::registry) fn move_accounts(&self) -> Result<Vec<MovedAccount>> {
        let rows = self.store().read_now(|reader| reader.accounts())?;
        let has_items = self.snapshot().catalog.has_items();
        let (mut moved, mut told) = (Vec::new(), Vec::new());
        for before in rows {
            let mut body: AccountBody = serde_json::from_str(&before.body).map_err(Error::internal)?;
            let all = std::mem::take(&mut body.grants);
            body.grants = if has_items { all.iter().filter_map(of_staff).collect() } else { all.clone() };
            let lost = all.into_iter().filter(|grant| !body.grants.contains(grant)).collect();
            told.push(MovedAccount { name: before.name.clone(), kept: body.grants.clone(), lost });
            let body = serde_json::to_string(&body).map_err(Error::internal)?;
            moved.push((before.clone(), AccountRow { body, ..before }));
        }
        let kind = EventKind::Account;
        let stated: Vec<Stated> =
            moved.iter().map(|(_, row)| Ok(Stated::row(kind, account_body(row)?))).collect::<Result<_>>()?;
        let notice =
            Notice { kind, action: PublicAction::State, actor: "migrate", ground: None, signer: None };
        self.publish(&notice, stated, |writer| {
            moved.iter().try_for_each(|(before, row)| unchanged(writer.change_account(before, row)?))
        })?;
        Ok(told)
    }

    /// The row of an account.
    pub(super) fn account_row(&self, name: &str) -> Result<AccountRow> {
        let row = self.store().read_now(|reader| reader.account(name))?;
        row.ok_or_else(|| Error::new(Code::NotFound, "no account of that name").at("name"))
    }

    /// Writes an account with its event.
    pub(super) fn publish_account(
        &self,
        actor: &str,
        action: PublicAction,
        row: &AccountRow,
        change: impl FnMut(&mut Writer<'_>) -> Result<()>,
    ) -> Result<()> {
        let kind = EventKind::Account;
        let stated = vec![Stated::row(kind, account_body(row)?)];
        self.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, change)
    }

    /// The region as a row has it. It is one that is known, and lies in that of the agency.
    pub(super) fn staff_region(&self, agency: &str, region: Option<Region>) -> Result<Option<String>> {
        let Some(region) = region else { return Ok(None) };
        let text = region.to_string();
        let known = text.get(..6).is_some_and(|six| self.regions().name(six).is_some());
        if known && self.known_agency(agency)?.region.covers(region) {
            return Ok(Some(text));
        }
        let detail = "the region is not known, or it lies outside that of the agency";
        Err(Error::new(Code::FieldInvalid, detail).at("region").rule(Rule::RegionOfStaff))
    }

    /// The grants of an account, with types by their codes. What is seen for an item follows from its slots: where there are
    /// items, a grant of staff is for work at no item, or lets receive an item.
    pub(super) fn staff_grants(&self, grants: &[Grant]) -> Result<Vec<Grant>> {
        let snapshot = self.snapshot();
        let grants = resolved(&snapshot, grants)?;
        let refused = |grant: &Grant| of_staff(grant).as_ref() != Some(grant);
        if snapshot.catalog.has_items() && grants.iter().any(refused) {
            let detail = "what is seen for an item follows from its slots; a grant of an account names audit, court or \
                          correction, or items that it receives for no type (`\"types\": []`)";
            return Err(Error::new(Code::FieldInvalid, detail).at("grants").rule(Rule::GrantOfStaff));
        }
        Ok(grants)
    }

    /// The holder key of the person's own number.
    pub(super) fn own_number(&self, number: &AskedHolder) -> Result<Vec<u8>> {
        let asked = self.asked_holder(number, "own_number")?;
        Ok(asked.own_key().bytes().to_vec())
    }
}

/// Whether there are accounts, and no event was ever made of one.
pub(in crate::registry) fn accounts_to_move(reader: &mut Reader<'_>) -> Result<bool> {
    Ok(!reader.accounts()?.is_empty() && !reader.has_public_events(EventKind::Account.wire())?)
}

/// The part of a grant that staff may have: for work at no item, or to receive items.
fn of_staff(grant: &Grant) -> Option<Grant> {
    let Selection::Named(purposes) = &grant.purposes else { return None };
    if matches!(&grant.types, Selection::Named(types) if types.is_empty()) {
        return Some(grant.clone());
    }
    let outside = purposes.iter().filter(|purpose| OutsideItem::from_wire(purpose).is_some());
    let purposes: std::collections::BTreeSet<String> = outside.cloned().collect();
    (!purposes.is_empty()).then(|| Grant { purposes: Selection::Named(purposes), ..grant.clone() })
}

/// The roles as a row has them, each once, in the order of the list.
///
/// # Errors
/// `field_invalid` at `roles` for none.
pub(super) fn stored_roles(roles: &[StaffRole]) -> Result<String> {
    if roles.is_empty() {
        return Err(Error::new(Code::FieldInvalid, "an account has at least one role").at("roles"));
    }
    let words = StaffRole::ALL.iter().filter(|role| roles.contains(role)).map(|role| role.wire());
    Ok(words.collect::<Vec<_>>().join(" "))
}

/// Refuses a change of a row that another change came before.
pub(super) fn unchanged(written: bool) -> Result<()> {
    let refused = || Error::new(Code::VersionConflict, "the account was changed meanwhile").at("name");
    if written { Ok(()) } else { Err(refused()) }
}
