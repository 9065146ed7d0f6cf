//! The actor: who asks.

use std::sync::Arc;

use super::grant::Grant;
use crate::closed::closed;
use crate::record::access::Channel;

closed! {
    /// The kinds of work a client may do at all; grants then say on what. The English term is a sentence.
    Scope {
        Lookup, "lookup", "查询证照", "Look up the records of a holder for a stated purpose.";
        Verify, "verify", "核验", "Have a record, an envelope or a receipt verified.";
        Issue, "issue", "签发", "Issue records of the types the client's agency is authorised for.";
        Act, "act", "办理业务动作", "Suspend, revoke, cancel, endorse and correct records.";
        Holder, "holder", "主体标注与关联", "Link holder codes and mark their state.";
        Coverage, "coverage", "声明覆盖范围", "State what the stock of a type contains.";
        Attachment, "attachment", "附件存取", "Put and fetch attachments.";
        Export, "export", "导出", "Export records.";
        Catalog, "catalog", "读取目录", "Read the catalog of agencies and types.";
        Accesses, "accesses", "查看用证记录", "Read who looked at a holder's records, for the office that answers the holder.";
        Apply, "apply", "办件查询", "Have the materials of an application answered, for the items that the client's agency carries out or receives.";
    }
}

/// The text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such scope; there are lookup verify issue act holder coverage attachment export catalog accesses apply"
)]
pub struct ScopeFault;

impl std::str::FromStr for Scope {
    type Err = ScopeFault;
    fn from_str(text: &str) -> Result<Self, ScopeFault> {
        Self::from_wire(text).ok_or(ScopeFault)
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
    /// The kinds of work it may do.
    pub scopes: Vec<Scope>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a legal day.
    pub budget: u32,
    /// False ends it at once.
    pub enabled: bool,
    /// Differs for each secret that it was ever given. A token carries the epoch of the secret it was given
    /// for, and is refused under another.
    pub epoch: u64,
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
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a legal day.
    pub budget: u32,
    /// May sign in.
    pub enabled: bool,
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
            Self::Account(_) => {
                matches!(scope, Scope::Lookup | Scope::Verify | Scope::Catalog | Scope::Apply)
            }
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
