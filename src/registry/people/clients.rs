//! Clients of the API: made, granted, ended; and the check of their secret.

use std::sync::Arc;

use crate::error::{Code, Error, Result};
use crate::policy::{Client, Grant, Scope};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::secrets::NO_PASSWORD;
use crate::registry::base::snapshot::{ClientBody, secret_epoch};
use crate::registry::base::texts::{given_name, recorded_name};
use crate::registry::people::grants::resolved;
use crate::registry::published::notice::{Notice, Stated, client_body};
use crate::store::ClientRow;
use crate::trust::password;

/// A client to be made.
#[derive(Debug, Clone)]
pub struct NewClient {
    /// Its id.
    pub id: String,
    /// The agency it acts for.
    pub agency: String,
    /// Shown name.
    pub name: String,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
}

impl Registry {
    /// Makes a client with a secret, or gives an existing one new rights and a new secret.
    ///
    /// # Errors
    /// `issuer_unknown`; `field_invalid` for an id, a name or a secret that cannot be one.
    pub fn put_client(&self, actor: &str, new: &NewClient, secret: &str) -> Result<()> {
        self.known_agency(&new.agency)?;
        given_name("id", &new.id)?;
        recorded_name("name", &new.name)?;
        if secret.chars().count() < 12 {
            return Err(Error::new(Code::FieldInvalid, "a secret has at least 12 characters").at("secret"));
        }
        let body = ClientBody {
            name: new.name.clone(),
            scopes: new.scopes.clone(),
            grants: resolved(&self.snapshot(), &new.grants)?,
            budget: new.budget,
        };
        let row = ClientRow {
            id: new.id.clone(),
            agency: new.agency.clone(),
            secret: password::hash(secret, password::HashCost::STANDARD)?,
            body: serde_json::to_string(&body).map_err(Error::internal)?,
            enabled: true,
            made_at: self.now().micros(),
        };
        self.publish_client(actor, PublicAction::Grant, &row)
    }

    /// Changes a client's row: its grants, its budget, or whether it may work at all. Every token it holds
    /// follows at the next reading of the config version.
    pub fn change_client(
        &self,
        actor: &str,
        id: &str,
        change: impl Fn(&mut ClientBody, &mut bool),
    ) -> Result<()> {
        let rows = self.store().read_now(|reader| reader.clients())?;
        let mut row = rows
            .into_iter()
            .find(|row| row.id == id)
            .ok_or_else(|| Error::new(Code::NotFound, "no client of that id"))?;
        let mut body: ClientBody = serde_json::from_str(&row.body).map_err(Error::internal)?;
        change(&mut body, &mut row.enabled);
        body.grants = resolved(&self.snapshot(), &body.grants)?;
        row.body = serde_json::to_string(&body).map_err(Error::internal)?;
        self.publish_client(actor, PublicAction::Change, &row)
    }

    fn publish_client(&self, actor: &str, action: PublicAction, row: &ClientRow) -> Result<()> {
        let kind = EventKind::Client;
        let stated = vec![Stated::row(kind, client_body(row)?)];
        self.publish(&Notice { kind, action, actor, ground: None, signer: None }, stated, |writer| {
            writer.put_client(row)
        })
    }

    /// The client of that id and secret, if this process has found the same right before: a matter of
    /// microseconds. `None` says nothing about either.
    pub fn recall_client(&self, id: &str, secret: &str) -> Result<Option<Arc<Client>>> {
        let row = self.store().read_now(|reader| reader.client(id))?;
        let row = row.filter(|row| row.enabled && self.inner.remembered.knows(id, secret, &row.secret));
        row.map_or(Ok(None), |row| self.client_of(&row))
    }

    /// The client of that id and secret; `unauthenticated` does not say which of the two was wrong. Slow on
    /// purpose (argon2id): call it from blocking code.
    pub fn check_client(&self, id: &str, secret: &str) -> Result<Arc<Client>> {
        let refused = || Error::new(Code::Unauthenticated, "client id or secret is wrong");
        let row = self.store().read_now(|reader| reader.client(id))?;
        // A hash is computed for unknown ids too, so that the time does not tell which ids exist.
        let hash = row.as_ref().map_or(NO_PASSWORD, |row| row.secret.as_str());
        let right = password::verify(secret, hash);
        let Some(row) = row.filter(|row| right && row.enabled) else { return Err(refused()) };
        self.inner.remembered.note(id, secret, &row.secret);
        self.client_of(&row)?.ok_or_else(refused)
    }

    /// The client of a row as policy in memory has it.
    fn client_of(&self, row: &ClientRow) -> Result<Option<Arc<Client>>> {
        let known = || self.snapshot().clients.get(&row.id).cloned();
        // Another process may have given this secret a moment ago: its token must not be refused here.
        if known().is_none_or(|client| client.epoch != secret_epoch(row)) {
            self.refresh()?;
        }
        Ok(known().filter(|client| client.enabled))
    }
}
