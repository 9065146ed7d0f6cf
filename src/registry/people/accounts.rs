//! Staff accounts and their sessions: sign in, who is signed in, sign out.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::policy::{Account, Grant};
use crate::registry::Registry;
use crate::registry::base::secrets::NO_PASSWORD;
use crate::registry::base::snapshot::{AccountBody, account};
use crate::store::{AccountRow, SessionRow};
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
    /// What it may see.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
}

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub account: Arc<Account>,
    /// The name of the account's agency today.
    pub agency_name: String,
    /// What the forms of the session must carry.
    pub csrf: String,
}

/// Seconds after which a session ends, used or not: one working day.
pub const SESSION_LIFE_S: i64 = 10 * 3600;
/// Seconds without use after which it ends.
pub const SESSION_IDLE_S: i64 = 30 * 60;
/// Wrong passwords after which an account waits.
const PATIENCE: i32 = 5;
/// Seconds it waits.
const WAIT_S: i64 = 300;

impl Registry {
    /// Makes an account, or gives an existing one new rights and a new password, which ends its sessions.
    pub fn put_account(&self, new: &NewAccount, secret: &str) -> Result<()> {
        self.known_agency(&new.agency)?;
        if secret.chars().count() < 10 {
            return Err(
                Error::new(Code::FieldInvalid, "a password has at least 10 characters").at("password")
            );
        }
        let body = AccountBody { grants: new.grants.clone(), budget: new.budget };
        let row = AccountRow {
            name: new.name.clone(),
            display: new.display.clone(),
            agency: new.agency.clone(),
            role: "clerk".to_owned(),
            password: password::hash(secret, password::HashCost::STANDARD)?,
            enabled: true,
            body: serde_json::to_string(&body).map_err(Error::internal)?,
            failures: 0,
            locked_until: 0,
            made_at: self.now().micros(),
        };
        self.store().write_now(|writer| {
            writer.put_account(&row)?;
            writer.delete_sessions_of(&row.name)
        })
    }

    /// Opens a session under a key (SHA-256 of what the cookie holds); `sign_in_failed` without saying what was
    /// wrong. After five wrong passwords the account waits five minutes. Blocks, and is slow on purpose.
    pub fn sign_in(&self, name: &str, secret: &str, key: &[u8; 32], csrf: &str) -> Result<()> {
        let now = self.now();
        let refused = || Error::new(Code::SignInFailed, "");
        let row = self.store().read_now(|reader| reader.account(name))?;
        let right = password::verify(secret, row.as_ref().map_or(NO_PASSWORD, |row| row.password.as_str()));
        let Some(row) = row else { return Err(refused()) };
        let waits = || Error::new(Code::SignInFailed, "the account waits after several failures");
        if row.locked_until > now.micros() {
            return Err(waits());
        }
        if !right || !row.enabled {
            let until = now.plus_seconds(WAIT_S).micros();
            self.store().write_now(|writer| writer.count_failure(&row.name, PATIENCE, until))?;
            return Err(refused());
        }
        let session = SessionRow {
            key: key.to_vec(),
            account: row.name.clone(),
            csrf: csrf.to_owned(),
            made_at: now.micros(),
            seen_at: now.micros(),
            ends_at: now.plus_seconds(SESSION_LIFE_S).micros(),
        };
        let opened = self.store().write_now(|writer| {
            // The row was read before the slow hash; a right guess among many wrong ones does not outrun the wait.
            let still = writer.clear_failures(&row.name, &row.password, now.micros())?;
            if still {
                writer.insert_session(&session, now.micros())?;
            }
            Ok(still)
        })?;
        if opened { Ok(()) } else { Err(waits()) }
    }

    /// Who is signed in under a session key; none if the session has ended. Blocks.
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

    /// Ends a session.
    pub fn sign_out(&self, key: &[u8; 32]) -> Result<()> {
        self.store().write_now(|writer| writer.delete_session(key))
    }
}
