//! The stored states of a record. Expiry is not a state: it is computed from the dates on every reading.
//!
//! Source: state codes of the construction-permit standard of 住建部 (domain use of GB/T 36905).

use crate::catalog::StatusState;
use crate::closed::closed;

closed! {
    /// The stored state of a record. The wire name is the word; [`State::code`] the two digits.
    State {
        Active, "active", "有效", "active";
        Suspended, "suspended", "暂扣", "suspended";
        Annulled, "annulled", "撤销", "annulled";
        Cancelled, "cancelled", "注销", "cancelled";
        Lapsed, "lapsed", "失效", "lapsed";
        Transferred, "transferred", "转出", "transferred";
        Revoked, "revoked", "吊销", "revoked";
        Withdrawn, "withdrawn", "撤回", "withdrawn";
    }
}

impl State {
    /// The two-digit code of the state; a withdrawn record is 99 其他.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Active => "01",
            Self::Suspended => "02",
            Self::Annulled => "03",
            Self::Cancelled => "04",
            Self::Lapsed => "05",
            Self::Transferred => "06",
            Self::Revoked => "07",
            Self::Withdrawn => "99",
        }
    }

    /// The state of that two-digit code.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.code() == code)
    }

    /// Whether no action leads back to `active` from here.
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Active | Self::Suspended)
    }
}

impl State {
    /// The word by which a status on a face can say it; none for what no face says.
    pub const fn on_a_face(self) -> Option<StatusState> {
        match self {
            Self::Active => Some(StatusState::Active),
            Self::Suspended => Some(StatusState::Suspended),
            Self::Annulled => Some(StatusState::Annulled),
            Self::Cancelled => Some(StatusState::Cancelled),
            Self::Lapsed => Some(StatusState::Lapsed),
            Self::Revoked => Some(StatusState::Revoked),
            Self::Transferred | Self::Withdrawn => None,
        }
    }
}

impl From<StatusState> for State {
    /// The state that a status on a face says.
    fn from(said: StatusState) -> Self {
        match said {
            StatusState::Active => Self::Active,
            StatusState::Suspended => Self::Suspended,
            StatusState::Annulled => Self::Annulled,
            StatusState::Cancelled => Self::Cancelled,
            StatusState::Lapsed => Self::Lapsed,
            StatusState::Revoked => Self::Revoked,
        }
    }
}
