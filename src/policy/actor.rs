//! The actor: who asks.

use std::sync::Arc;

use super::grants::Grants;
use super::scope::Scope;
use super::staff::Account;
use crate::record::access::Channel;

/// An agency system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// The agency it acts for.
    pub agency: String,
    /// Shown name.
    pub name: String,
    /// The kinds of work it may do.
    pub scopes: Vec<Scope>,
    /// Its grants.
    pub grants: Grants,
    /// Distinct holders a legal day.
    pub budget: u32,
    /// False ends it at once.
    pub enabled: bool,
    /// Differs for each secret that it was ever given. A token carries the epoch of the secret it was given
    /// for, and is refused under another.
    pub epoch: u64,
}

/// The actor of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An agency system with a token it holds for these scopes.
    Client {
        /// The client as the policy snapshot has it.
        client: Arc<Client>,
        /// The token's scopes; never more than the client has.
        scopes: Vec<Scope>,
    },
    /// A person at a window page.
    Account(Arc<Account>),
    /// Someone at the machine's command line, under the name given by `--as`.
    Operator {
        /// The name that is recorded.
        name: String,
    },
}

impl Actor {
    /// The recorded form: `client:demo-agency`, `account:zhou`, `operator:root`.
    pub fn label(&self) -> String {
        match self {
            Self::Client { client, .. } => format!("client:{}", client.id),
            Self::Account(account) => format!("account:{}", account.name),
            Self::Operator { name } => format!("operator:{name}"),
        }
    }

    /// Whether an actor with that label has a budget.
    pub fn has_budget(label: &str) -> bool {
        ["client:", "account:"].iter().any(|kind| label.starts_with(kind))
    }

    /// The door it comes through.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Client { .. } => Channel::Agency,
            Self::Account(_) => Channel::Window,
            Self::Operator { .. } => Channel::Cli,
        }
    }

    /// The agency it acts for; none for an operator.
    pub fn agency(&self) -> Option<&str> {
        match self {
            Self::Client { client, .. } => Some(&client.agency),
            Self::Account(account) => Some(&account.agency),
            Self::Operator { .. } => None,
        }
    }

    /// Distinct holders a legal day; none for an operator, though every access of an operator is logged too.
    pub fn budget(&self) -> Option<u32> {
        match self {
            Self::Client { client, .. } => Some(client.budget),
            Self::Account(account) => Some(account.budget),
            Self::Operator { .. } => None,
        }
    }

    pub(super) fn enabled(&self) -> bool {
        match self {
            Self::Client { client, .. } => client.enabled,
            Self::Account(account) => account.enabled,
            Self::Operator { .. } => true,
        }
    }

    pub(super) fn has(&self, scope: Scope) -> bool {
        match self {
            Self::Client { client, scopes } => scopes.contains(&scope) && client.scopes.contains(&scope),
            Self::Account(account) => account.has(scope),
            Self::Operator { .. } => true,
        }
    }

    pub(super) fn is_operator(&self) -> bool {
        matches!(self, Self::Operator { .. })
    }

    pub(super) fn grants(&self) -> Option<&Grants> {
        match self {
            Self::Client { client, .. } => Some(&client.grants),
            Self::Account(account) => Some(&account.grants),
            Self::Operator { .. } => None,
        }
    }
}
