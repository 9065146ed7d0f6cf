//! Who asks.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::grant::Grant;

/// What kind of work a client may do at all; grants then say on what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Lookups, directory, history of a holder.
    Lookup,
    /// Verify envelopes, identifiers, receipts.
    Verify,
    /// Issue records.
    Issue,
    /// Act on records.
    Act,
    /// Link and mark holders.
    Holder,
    /// State coverage.
    Coverage,
    /// Put and fetch attachments.
    Attachment,
    /// Export and import.
    Export,
    /// Read the catalog of agencies and types.
    Catalog,
}

/// The text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such scope; there are lookup verify issue act holder coverage attachment export catalog")]
pub struct ScopeFault;

impl Scope {
    /// All scopes, in order.
    pub const ALL: [Self; 9] = [
        Self::Lookup,
        Self::Verify,
        Self::Issue,
        Self::Act,
        Self::Holder,
        Self::Coverage,
        Self::Attachment,
        Self::Export,
        Self::Catalog,
    ];

    /// What it opens, in a sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Lookup => "Look up the records of a holder for a stated purpose.",
            Self::Verify => "Have a record, an envelope or a receipt verified.",
            Self::Issue => "Issue records of the types the client's agency is authorised for.",
            Self::Act => "Suspend, revoke, cancel, endorse and correct records.",
            Self::Holder => "Link holder codes and mark their state.",
            Self::Coverage => "State what the stock of a type contains.",
            Self::Attachment => "Put and fetch attachments.",
            Self::Export => "Export records.",
            Self::Catalog => "Read the catalog of agencies and types.",
        }
    }

    /// The word in tokens and commands.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Verify => "verify",
            Self::Issue => "issue",
            Self::Act => "act",
            Self::Holder => "holder",
            Self::Coverage => "coverage",
            Self::Attachment => "attachment",
            Self::Export => "export",
            Self::Catalog => "catalog",
        }
    }
}

impl std::str::FromStr for Scope {
    type Err = ScopeFault;
    fn from_str(text: &str) -> Result<Self, ScopeFault> {
        Self::ALL.into_iter().find(|scope| scope.wire() == text).ok_or(ScopeFault)
    }
}

/// An agency system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// The agency it acts for.
    pub agency: String,
    /// Shown name.
    pub name: String,
    /// What it may do at all.
    pub scopes: Vec<Scope>,
    /// On what.
    pub grants: Vec<Grant>,
    /// Distinct holders a legal day.
    pub budget: u32,
    /// False ends it at once.
    pub enabled: bool,
}

/// A person of staff, signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Sign-in name.
    pub name: String,
    /// Shown name.
    pub display: String,
    /// The agency it works for.
    pub agency: String,
    /// What it may see.
    pub grants: Vec<Grant>,
    /// Distinct holders a legal day.
    pub budget: u32,
    /// May sign in.
    pub enabled: bool,
}

/// Whoever asks for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// An agency system with a token it holds for these scopes.
    Client {
        /// The client as the policy snapshot has it.
        client: Arc<Client>,
        /// What the token carries; never more than the client has.
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
    /// What is recorded: `client:demo-agency`, `account:zhou`, `operator:root`.
    pub fn label(&self) -> String {
        match self {
            Self::Client { client, .. } => format!("client:{}", client.id),
            Self::Account(account) => format!("account:{}", account.name),
            Self::Operator { name } => format!("operator:{name}"),
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

    /// Distinct holders a legal day; none for an operator, whose every access is logged all the same.
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
            Self::Account(_) => matches!(scope, Scope::Lookup | Scope::Verify | Scope::Catalog),
            Self::Operator { .. } => true,
        }
    }

    pub(super) fn is_operator(&self) -> bool {
        matches!(self, Self::Operator { .. })
    }

    pub(super) fn grants(&self) -> &[Grant] {
        match self {
            Self::Client { client, .. } => &client.grants,
            Self::Account(account) => &account.grants,
            Self::Operator { .. } => &[],
        }
    }
}
