//! Staff accounts and their sessions: sign in, the signed-in person, sign out.

use std::sync::Arc;

use crate::catalog::Region;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::journal;
use crate::policy::{Account, Grant, StaffRole};
use crate::record::event::PublicAction;
use crate::registry::Registry;
use crate::registry::base::asked::AskedHolder;
use crate::registry::base::secrets::NO_PASSWORD;
use crate::registry::base::snapshot::{AccountBody, AccountEnd, account};
use crate::registry::base::texts::{given_name, recorded_name};
use crate::registry::people::staff::{stored_roles, unchanged};
use crate::rule::Rule;
use crate::store::{AccountRow, AttemptKey, Patience, SessionRow};
use crate::text;
use crate::trust::mac::MacKey;
use crate::trust::password;

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Sign-in name.
    pub name: String,
    /// Shown name.
    pub display: String,
    /// Its agency.
    pub agency: String,
    /// The region it works in, within that of its agency; the whole of that if none.
    pub region: Option<Region>,
    /// Its roles, at least one.
    pub roles: Vec<StaffRole>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
    /// The person's own number; the one that is on file where none is given.
    pub own_number: Option<AskedHolder>,
}

impl Default for NewAccount {
    fn default() -> Self {
        Self {
            name: String::new(),
            display: String::new(),
            agency: String::new(),
            region: None,
            roles: vec![StaffRole::Clerk],
            grants: Vec::new(),
            budget: 300,
            own_number: None,
        }
    }
}

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The person.
    pub account: Arc<Account>,
    /// The name of the account's agency today.
    pub agency_name: String,
    /// The token of the session's forms.
    pub csrf: String,
}

/// Seconds after which a session ends, used or not: one working day.
pub const SESSION_LIFE_S: i64 = 10 * 3600;
/// Seconds without use after which it ends.
pub const SESSION_IDLE_S: i64 = 30 * 60;
/// Wrong passwords within 15 minutes after which a name waits, from every browser that is not known for it.
pub const PATIENCE: i32 = 10;
/// Seconds in which they are counted.
const WINDOW_S: i64 = 15 * 60;
/// Seconds it waits.
const WAIT_S: i64 = 300;

/// Somebody who signs in.
#[derive(Debug, Clone, Copy)]
pub struct SignIn<'a> {
    /// The name given.
    pub name: &'a str,
    /// The password given.
    pub secret: &'a str,
    /// The browser, if the name has signed in there before. Its wrong passwords are counted apart, and those
    /// from elsewhere do not make it wait.
    pub browser: Option<&'a [u8]>,
    /// The key of the session to open: SHA-256 of the cookie's content.
    pub key: &'a [u8; 32],
    /// The token of its forms.
    pub csrf: &'a str,
}

impl Registry {
    /// Makes an account, or gives an existing one new rights and a new password, which ends its sessions
    /// and its wait. `actor` is the operator who has it done: the change is a signed event.
    ///
    /// # Errors
    /// `issuer_unknown`; `field_invalid` for a name or a password that cannot be one, for a role, region or grant that is none
    /// of staff's ([`Registry::change_account`]), and with rule `account_ended` for the name of an account that has ended, in
    /// whatever case and width: the log says who looked by that name, so it is nobody else's.
    pub fn put_account(&self, actor: &str, new: &NewAccount, secret: &str) -> Result<()> {
        self.known_agency(&new.agency)?;
        given_name("name", &new.name)?;
        recorded_name("display", &new.display)?;
        if secret.chars().count() < 10 {
            return Err(
                Error::new(Code::FieldInvalid, "a password has at least 10 characters").at("password")
            );
        }
        let grants = self.staff_grants(&new.grants)?;
        // A new password takes nobody's own number off the books.
        let before = self.store().read_now(|reader| reader.account(&new.name))?;
        let own_number = match &new.own_number {
            Some(number) => Some(self.own_number(number)?),
            None => before.filter(|before| before.enabled).and_then(|before| before.own_number),
        };
        let body = AccountBody { grants, budget: new.budget, ended: None };
        let row = AccountRow {
            name: new.name.clone(),
            display: new.display.clone(),
            agency: new.agency.clone(),
            roles: stored_roles(&new.roles)?,
            password: password::hash(secret, password::HashCost::STANDARD)?,
            enabled: true,
            body: serde_json::to_string(&body).map_err(Error::internal)?,
            failures: 0,
            locked_until: 0,
            made_at: self.now().micros(),
            region: self.staff_region(&new.agency, new.region)?,
            own_number,
        };
        let key = self.attempt_key(&new.name, &[]);
        self.publish_account(actor, PublicAction::Add, &row, |writer| {
            let accounts = writer.accounts()?;
            let live = accounts.iter().any(|one| one.enabled && one.name == row.name);
            let alike = |one: &AccountRow| !one.enabled && text::alike(&one.name) == text::alike(&row.name);
            if (!live && accounts.iter().any(alike)) || !writer.put_account(&row)? {
                return Err(ended_name());
            }
            writer.forget_attempts(&key)?;
            writer.delete_sessions_of(&row.name)
        })
    }

    /// Ends an account: its sessions are over, nobody signs in by that name again, and the name is given to nobody
    /// else. The row stays, with who ended it and when. An account that has ended stays as it is.
    ///
    /// # Errors
    /// `not_found` if there is none of that name.
    pub fn end_account(&self, actor: &str, name: &str) -> Result<AccountEnd> {
        recorded_name("as", actor)?;
        let before = self.account_row(name)?;
        let mut body: AccountBody = serde_json::from_str(&before.body).map_err(Error::internal)?;
        if let Some(earlier) = body.ended {
            return Ok(earlier);
        }
        let end = AccountEnd { at: self.now(), by: actor.to_owned() };
        body.ended = Some(end.clone());
        let row = AccountRow {
            enabled: false,
            password: NO_PASSWORD.to_owned(),
            body: serde_json::to_string(&body).map_err(Error::internal)?,
            ..before.clone()
        };
        self.publish_account(actor, PublicAction::Withdraw, &row, |writer| {
            unchanged(writer.change_account(&before, &row)?)?;
            writer.delete_sessions_of(name)
        })?;
        journal::account_ended(name, &end.by);
        Ok(end)
    }

    /// Opens a session. `sign_in_failed` does not say what was wrong; it has the seconds to wait if the name
    /// waits. A name without an account gets the same answer after the same work: it is hashed for, counted,
    /// and made to wait. Blocks, and is slow on purpose.
    pub fn sign_in(&self, who: &SignIn<'_>) -> Result<()> {
        let (now, key) = (self.now(), self.attempt_key(who.name, who.browser.unwrap_or_default()));
        let (row, locked_until) =
            self.store().read_now(|reader| Ok((reader.account(who.name)?, reader.locked_until(&key)?)))?;
        let stored = row.as_ref().map_or(NO_PASSWORD, |row| row.password.as_str());
        let right = password::verify(who.secret, stored);
        if locked_until > now.micros() {
            return Err(waits(locked_until, now));
        }
        let Some(row) = row.filter(|row| right && row.enabled) else {
            let patience = Patience {
                failures: PATIENCE,
                since: now.plus_seconds(-WINDOW_S).micros(),
                until: now.plus_seconds(WAIT_S).micros(),
            };
            self.store().write_now(|writer| writer.count_attempt(&key, now.micros(), patience))?;
            return Err(Error::new(Code::SignInFailed, ""));
        };
        let session = SessionRow {
            key: who.key.to_vec(),
            account: row.name.clone(),
            csrf: who.csrf.to_owned(),
            made_at: now.micros(),
            seen_at: now.micros(),
            ends_at: now.plus_seconds(SESSION_LIFE_S).micros(),
        };
        self.store().write_now(|writer| {
            // The rows were read before the slow hash; a right guess among many wrong ones does not outrun the wait.
            if !writer.end_attempts(&key, now.micros())? {
                return Err(waits(now.plus_seconds(WAIT_S).micros(), now));
            }
            if !writer.is_account(&row.name, &row.password)? {
                return Err(Error::new(Code::SignInFailed, ""));
            }
            writer.insert_session(&session, now.micros())
        })
    }

    /// The key for counting wrong passwords. A hash, so that the table holds no list of names that were
    /// tried.
    fn attempt_key(&self, name: &str, browser: &[u8]) -> AttemptKey {
        let key = MacKey::derive(self.store().master(), "attempts");
        let length = u8::try_from(browser.len()).unwrap_or(u8::MAX);
        key.mac(&[&[length], browser, name.as_bytes()])
    }

    /// The signed-in person of a session key; none if the session has ended. Blocks.
    pub fn signed_in(&self, key: &[u8; 32]) -> Result<Option<SignedIn>> {
        let now = self.now();
        let found = self.store().read_now(|reader| {
            let Some(session) = reader.session(key)? else { return Ok(None) };
            let live = session.ends_at > now.micros()
                && session.seen_at > now.plus_seconds(-SESSION_IDLE_S).micros();
            if !live {
                return Ok(None);
            }
            Ok(reader.account(&session.account)?.map(|row| (row, session)))
        })?;
        let Some((row, session)) = found.filter(|(row, _)| row.enabled) else { return Ok(None) };
        // Once a minute is enough to know that a session is in use, and spares a commit for every page.
        if session.seen_at < now.plus_seconds(-60).micros() {
            self.store().write_now(|writer| writer.touch_session(key, now.micros()))?;
        }
        let agency_name = self.known_agency(&row.agency).map(|agency| agency.name).unwrap_or_default();
        Ok(Some(SignedIn { account: Arc::new(account(&row)?), agency_name, csrf: session.csrf }))
    }

    /// The account of that name as policy sees it.
    pub fn account(&self, name: &str) -> Result<Option<Account>> {
        let row = self.store().read_now(|reader| reader.account(name))?;
        row.filter(|row| row.enabled).map(|row| account(&row)).transpose()
    }

    /// The end of an account, where it has ended.
    ///
    /// # Errors
    /// `internal` for a row that cannot be read.
    pub fn end_of_account(&self, row: &AccountRow) -> Result<Option<AccountEnd>> {
        let body: AccountBody = serde_json::from_str(&row.body).map_err(Error::internal)?;
        Ok(body.ended)
    }

    /// Ends a session.
    pub fn sign_out(&self, key: &[u8; 32]) -> Result<()> {
        self.store().write_now(|writer| writer.delete_session(key))
    }
}

/// The name of an account that has ended is given to nobody.
fn ended_name() -> Error {
    let detail = "an account of that name has ended; a name is given once";
    Error::new(Code::FieldInvalid, detail).at("name").rule(Rule::AccountEnded)
}

fn waits(until: i64, now: Moment) -> Error {
    let seconds = u64::try_from(until.saturating_sub(now.micros()) / 1_000_000).unwrap_or(0).max(1);
    Error::new(Code::SignInFailed, "the account waits after several failures").retry_after(seconds)
}
