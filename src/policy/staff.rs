//! A person of staff: agency, region, roles. What each role may do at all; on whom follows from the item in hand.

use super::grants::Grants;
use super::scope::Scope;
use crate::catalog::Region;
use crate::closed::closed;
use crate::trust::HolderKey;

closed! {
    /// What a person of staff does. One account may hold several.
    StaffRole {
        /// Receives people and their applications.
        Clerk, "clerk", "窗口人员", "receives applicants at the window";
        /// Decides on what was received.
        Reviewer, "reviewer", "审核人员", "reviews what was received";
        /// Looks after how the others use records.
        Supervisor, "supervisor", "监督人员", "supervises how records are used";
    }
}

impl StaffRole {
    /// Whether whoever has the role works on items at all.
    pub const fn handles_items(self) -> bool {
        matches!(self, Self::Clerk | Self::Reviewer)
    }

    /// The kinds of work of the role. A supervisor looks people up for work at no item only, by a grant that names it.
    const fn has(self, scope: Scope) -> bool {
        match self {
            Self::Clerk | Self::Reviewer => {
                matches!(scope, Scope::Lookup | Scope::Verify | Scope::Catalog | Scope::Apply)
            }
            Self::Supervisor => matches!(scope, Scope::Lookup | Scope::Verify | Scope::Catalog),
        }
    }
}

/// The text is not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such role; there are clerk reviewer supervisor")]
pub struct StaffRoleFault;

impl std::str::FromStr for StaffRole {
    type Err = StaffRoleFault;
    fn from_str(text: &str) -> Result<Self, StaffRoleFault> {
        Self::from_wire(text).ok_or(StaffRoleFault)
    }
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
    /// The region it works in; the whole region of its agency if none.
    pub region: Option<Region>,
    /// What it does.
    pub roles: Vec<StaffRole>,
    /// Its grants: work at no item, items that it receives for another agency. In a registry without items they decide
    /// everything.
    pub grants: Grants,
    /// Distinct holders a legal day.
    pub budget: u32,
    /// May sign in.
    pub enabled: bool,
    /// The key of the person's own number.
    pub own_number: Option<HolderKey>,
}

impl Account {
    pub(super) fn has(&self, scope: Scope) -> bool {
        self.roles.iter().any(|role| role.has(scope))
    }

    /// Whether it works on items at all.
    pub fn handles_items(&self) -> bool {
        self.roles.iter().any(|role| role.handles_items())
    }
}
