//! Staff accounts and their sessions: sign in, who is signed in, sign out.

use std::sync::Arc;

use super::snapshot::{AccountBody, account};
use super::{NO_PASSWORD, Registry, random_token};
use crate::error::{Code, Error, Result};
use crate::policy::{Account, Grant};
use crate::record::Digest;
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

/// A session just opened: the cookie's value and the token its forms carry.
#[derive(Clone)]
pub struct OpenedSession {
    /// For the cookie; only its hash is stored.
    pub cookie: String,
    /// For the forms.
    pub csrf: String,
}

/// Seconds after which a session ends, used or not.
const SESSION_S: i64 = 10 * 3600;
/// Seconds without use after which it ends.
const IDLE_S: i64 = 3600;
/// Wrong passwords after which an account waits.
const PATIENCE: i32 = 5;
/// Seconds it waits.
const WAIT_S: i64 = 300;

impl Registry {
    /// Makes an account, or gives an existing one new rights and a new password.
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
            password: password::hash(secret, password::Cost::STANDARD)?,
            enabled: true,
            body: serde_json::to_string(&body).map_err(Error::internal)?,
            failures: 0,
            locked_until: 0,
            made_at: self.now().micros(),
        };
        self.store().write_now(|writer| writer.put_account(&row))
    }

    /// Opens a session; `sign_in_failed` without saying what was wrong. After five wrong passwords the
    /// account waits five minutes. Blocks, and is slow on purpose.
    pub fn sign_in(&self, name: &str, secret: &str) -> Result<OpenedSession> {
        let now = self.now();
        let refused = || Error::new(Code::SignInFailed, "");
        let row = self.store().read_now(|reader| reader.account(name))?;
        let right = password::verify(secret, row.as_ref().map_or(NO_PASSWORD, |row| row.password.as_str()));
        let Some(mut row) = row else { return Err(refused()) };
        if row.locked_until > now.micros() {
            return Err(Error::new(Code::SignInFailed, "the account waits after several failures"));
        }
        if !right || !row.enabled {
            row.failures += 1;
            if row.failures >= PATIENCE {
                row.failures = 0;
                row.locked_until = now.plus_seconds(WAIT_S).micros();
            }
            self.store().write_now(|writer| writer.put_account(&row))?;
            return Err(refused());
        }
        row.failures = 0;
        let opened = OpenedSession { cookie: random_token()?, csrf: random_token()? };
        let session = SessionRow {
            key: session_key(&opened.cookie),
            account: row.name.clone(),
            csrf: opened.csrf.clone(),
            made_at: now.micros(),
            seen_at: now.micros(),
            ends_at: now.plus_seconds(SESSION_S).micros(),
        };
        self.store().write_now(|writer| {
            writer.put_account(&row)?;
            writer.insert_session(&session, now.micros())
        })?;
        Ok(opened)
    }

    /// The account and form token of a cookie; none if the session has ended. Blocks.
    pub fn session(&self, cookie: &str) -> Result<Option<(Arc<Account>, String)>> {
        let now = self.now();
        let key = session_key(cookie);
        let found = self.store().read_now(|reader| {
            let Some(session) = reader.session(&key)? else { return Ok(None) };
            let live = session.ends_at > now.micros() && session.seen_at > now.plus_seconds(-IDLE_S).micros();
            if !live {
                return Ok(None);
            }
            Ok(reader.account(&session.account)?.map(|row| (row, session)))
        })?;
        let Some((row, session)) = found.filter(|(row, _)| row.enabled) else { return Ok(None) };
        // Once a minute is enough to know that a session is in use, and spares a commit for every page.
        if session.seen_at < now.plus_seconds(-60).micros() {
            self.store().write_now(|writer| writer.touch_session(&key, now.micros()))?;
        }
        Ok(Some((Arc::new(account(&row)?), session.csrf)))
    }

    /// Ends a session.
    pub fn sign_out(&self, cookie: &str) -> Result<()> {
        let key = session_key(cookie);
        self.store().write_now(|writer| writer.delete_session(&key))
    }
}

fn session_key(cookie: &str) -> Vec<u8> {
    Digest::of(&[cookie.as_bytes()]).0.to_vec()
}
