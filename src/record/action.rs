//! The possible events of a certificate: the closed table of actions (业务动作) and the states they lead to.
//!
//! The table is `src/record/README.md`; a test keeps both equal. Expiry is not a state: it is computed from
//! the dates on every reading. Sources: state codes of the construction-permit standard of 住建部 (domain use
//! of GB/T 36905), actions of 行政许可法 articles 49, 50, 69, 70.

use super::state::State;
use crate::closed::closed;
use crate::rule::Rule;

closed! {
    /// Everything that can happen to a record.
    Action {
        Issue, "issue", "新发", "issue";
        TransferIn, "transfer_in", "转入", "transfer in";
        Extend, "extend", "延续", "extend";
        Change, "change", "变更", "change";
        Correct, "correct", "更正", "correct";
        Renew, "renew", "换发", "renew";
        Reissue, "reissue", "补发", "reissue";
        Endorse, "endorse", "签注/年检", "endorse";
        Suspend, "suspend", "暂扣", "suspend";
        Restore, "restore", "发还", "restore";
        Withdraw, "withdraw", "撤回", "withdraw";
        Annul, "annul", "撤销", "annul";
        Revoke, "revoke", "吊销", "revoke";
        Cancel, "cancel", "注销", "cancel";
        Lapse, "lapse", "失效", "lapse";
        TransferOut, "transfer_out", "转出", "transfer out";
    }
}

closed! {
    /// Who starts an action; the act itself is always the issuer's or its successor's.
    Initiative {
        Holder, "holder", "依申请", "on the holder's application";
        Office, "office", "依职权", "of the office's own motion";
        Either, "either", "依申请或依职权", "either";
        Rule, "rule", "依规则", "by rule, when a date or fact comes about";
    }
}

closed! {
    /// The effect of an action on the certificate's own number.
    NumberEffect {
        Given, "given", "新编号", "a number is given";
        Kept, "kept", "编号不变", "the number stays";
        ByType, "by_type", "依证照类型规则", "as the type's rule says";
        Correctable, "correctable", "可更正编号", "the number itself may be corrected";
    }
}

/// The action is not allowed in this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} is not open {}", .action.en(), .state.map_or("before issue", State::en))]
pub struct ActionFault {
    /// The action that was asked for.
    pub action: Action,
    /// The state the record is in; none before issue.
    pub state: Option<State>,
    /// The states in which the action is allowed; empty for actions that begin a record.
    pub allowed_from: &'static [State],
}

impl ActionFault {
    /// The stable name of the rule that failed.
    pub fn rule(self) -> Rule {
        Rule::ActionState
    }
}

impl Action {
    /// The action that leads a record that just began to a state; none where it begins in it, or no face says it.
    pub const fn begun_by(state: State) -> Option<Self> {
        match state {
            State::Suspended => Some(Self::Suspend),
            State::Annulled => Some(Self::Annul),
            State::Cancelled => Some(Self::Cancel),
            State::Lapsed => Some(Self::Lapse),
            State::Revoked => Some(Self::Revoke),
            State::Active | State::Transferred | State::Withdrawn => None,
        }
    }

    /// Whether the action begins a record (version 001).
    pub const fn begins(self) -> bool {
        matches!(self, Self::Issue | Self::TransferIn)
    }

    /// The states in which the action is allowed; empty for actions that begin a record.
    pub const fn from_states(self) -> &'static [State] {
        use State::{Active, Cancelled, Lapsed, Revoked, Suspended, Withdrawn};
        match self {
            Self::Issue | Self::TransferIn => &[],
            Self::Extend | Self::Change | Self::Renew | Self::Reissue | Self::Endorse | Self::Suspend => {
                &[Active]
            }
            Self::TransferOut => &[Active],
            Self::Restore => &[Suspended],
            // An error from the start can be corrected after the end, too; the record stays ended.
            Self::Correct => &[Active, Suspended, Cancelled, Lapsed],
            Self::Withdraw | Self::Revoke | Self::Lapse => &[Active, Suspended],
            // 行政许可法 69: a wrongly given permit can be annulled in any state.
            Self::Annul => &[Active, Suspended, Cancelled, Lapsed, Revoked, Withdrawn],
            // 行政许可法 70: after withdrawal, revocation and lapse the permit is to be cancelled as well.
            Self::Cancel => &[Active, Suspended, Lapsed, Revoked, Withdrawn],
        }
    }

    /// The state that the action leads to; none if the state stays.
    pub const fn to_state(self) -> Option<State> {
        match self {
            Self::Issue | Self::TransferIn | Self::Restore => Some(State::Active),
            Self::Extend | Self::Change | Self::Correct | Self::Renew | Self::Reissue | Self::Endorse => None,
            Self::Suspend => Some(State::Suspended),
            Self::Withdraw => Some(State::Withdrawn),
            Self::Annul => Some(State::Annulled),
            Self::Revoke => Some(State::Revoked),
            Self::Cancel => Some(State::Cancelled),
            Self::Lapse => Some(State::Lapsed),
            Self::TransferOut => Some(State::Transferred),
        }
    }

    /// The state after the action, or the states in which it would be allowed. `state` is none before issue.
    pub fn apply(self, state: Option<State>) -> Result<State, ActionFault> {
        let fault = ActionFault { action: self, state, allowed_from: self.from_states() };
        match state {
            None if self.begins() => Ok(self.to_state().unwrap_or(State::Active)),
            Some(state) if self.from_states().contains(&state) => Ok(self.to_state().unwrap_or(state)),
            _ => Err(fault),
        }
    }

    /// Whether the action always makes a new version of the record.
    pub const fn makes_version(self) -> bool {
        self.begins()
            || matches!(self, Self::Extend | Self::Change | Self::Correct | Self::Renew | Self::Reissue)
    }

    /// Whether the action makes a new version where the face prints the state, since the face then says the new one.
    pub const fn prints_state(self) -> bool {
        !self.begins() && self.to_state().is_some()
    }

    /// Whether its content holds from the start of the record, not from its own day.
    pub const fn reaches_back(self) -> bool {
        matches!(self, Self::Correct | Self::Annul)
    }

    /// Whether it is taken of a day after the confirmed death of the subject, or the end of the organisation: it ends or
    /// stops the record, or says what was wrong before. Anything else would state something new about the dead.
    pub const fn after_an_end(self) -> bool {
        match self {
            Self::Issue | Self::TransferIn | Self::Extend | Self::Change | Self::Renew | Self::Reissue => {
                false
            }
            Self::Endorse | Self::Restore => false,
            Self::Correct | Self::Suspend | Self::Withdraw | Self::Annul | Self::Revoke | Self::Cancel => {
                true
            }
            Self::Lapse | Self::TransferOut => true,
        }
    }

    /// Whether the order must name its legal ground.
    pub const fn ground_needed(self) -> bool {
        !matches!(
            self,
            Self::Issue | Self::TransferIn | Self::Extend | Self::Change | Self::Renew | Self::Endorse
        )
    }

    /// Who starts it.
    pub const fn initiative(self) -> Initiative {
        match self {
            Self::Issue | Self::TransferIn | Self::TransferOut => Initiative::Holder,
            Self::Extend | Self::Change | Self::Reissue => Initiative::Holder,
            Self::Correct | Self::Renew | Self::Endorse | Self::Cancel => Initiative::Either,
            Self::Suspend | Self::Restore | Self::Withdraw | Self::Annul | Self::Revoke => Initiative::Office,
            Self::Lapse => Initiative::Rule,
        }
    }

    /// Its effect on the certificate's own number.
    pub const fn number_effect(self) -> NumberEffect {
        match self {
            Self::Issue => NumberEffect::Given,
            Self::TransferIn | Self::Renew | Self::Reissue => NumberEffect::ByType,
            Self::Correct => NumberEffect::Correctable,
            _ => NumberEffect::Kept,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// The table as the folder's README prints it.
    fn table() -> String {
        let mut text = String::from(
            "| action | 中文 | from | to | new version | reaches back | after an end | ground | initiative | number |\n\
             |---|---|---|---|---|---|---|---|---|---|\n",
        );
        let yes = |is: bool| if is { "yes" } else { "–" };
        for action in Action::ALL {
            let from: Vec<_> = action.from_states().iter().map(|state| state.code()).collect();
            let from = if action.begins() { "(none)".to_owned() } else { from.join(" ") };
            let _ = writeln!(
                text,
                "| `{}` | {} | {from} | {} | {} | {} | {} | {} | {} | {} |",
                action.wire(),
                action.zh(),
                action.to_state().map_or("same", State::code),
                if action.prints_state() { "printed" } else { yes(action.makes_version()) },
                yes(action.reaches_back()),
                yes(action.after_an_end()),
                yes(action.ground_needed()),
                action.initiative().wire(),
                action.number_effect().wire(),
            );
        }
        text
    }

    #[test]
    fn the_printed_table_is_the_one_that_runs() {
        let printed = include_str!("README.md");
        assert!(printed.contains(&table()), "src/record/README.md should hold:\n{}", table());
    }

    #[test]
    fn a_fault_names_where_the_action_is_open() {
        let fault = Action::Restore.apply(Some(State::Revoked)).unwrap_err();
        assert_eq!(fault.allowed_from, [State::Suspended]);
        assert_eq!(fault.to_string(), "restore is not open revoked");
        assert!(Action::Issue.apply(Some(State::Active)).is_err());
        assert!(Action::Extend.apply(None).is_err());
    }

    #[test]
    fn names_and_codes_are_told_apart() {
        for state in State::ALL {
            assert_eq!(State::from_code(state.code()), Some(*state));
            assert_eq!(State::from_wire(state.wire()), Some(*state));
        }
        assert_eq!(State::from_code("1"), None);
        assert_eq!(Action::from_wire("恢复"), None);
    }

    proptest! {
        /// For any actions in any order: every reachable state is one of the list, a record that has ended
        /// never becomes active or suspended again, and an annulled one stays annulled.
        #[test]
        fn i7_the_table_is_closed_and_the_end_is_the_end(
            tried in proptest::collection::vec(0..Action::ALL.len(), 0..40),
        ) {
            let mut state = None;
            let mut ended = false;
            for index in tried {
                let action = Action::ALL[index];
                let before = state;
                match action.apply(state) {
                    Ok(next) => state = Some(next),
                    Err(fault) => prop_assert!(before.is_none_or(|now| !fault.allowed_from.contains(&now))),
                }
                ended |= state.is_some_and(State::is_terminal);
                prop_assert_eq!(ended, state.is_some_and(State::is_terminal));
                if before == Some(State::Annulled) {
                    prop_assert_eq!(state, before);
                }
            }
        }
    }
}
