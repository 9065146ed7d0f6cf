//! The faults of this layer as a caller sees them: code, rule, field. None of them quotes the input (I3).

use serde_json::json;

use super::action::ActionFault;
use super::canonical::CanonicalFault;
use super::event::EventFault;
use super::identifier::IdentifierFault;
use super::payload::PayloadFault;
use super::state::State;
use crate::error::{Code, Error};

impl From<IdentifierFault> for Error {
    fn from(fault: IdentifierFault) -> Self {
        Self::new(Code::IdentifierInvalid, fault.to_string()).rule(fault.rule()).at("identifier")
    }
}

impl From<CanonicalFault> for Error {
    fn from(fault: CanonicalFault) -> Self {
        Self::new(Code::EnvelopeInvalid, fault.to_string()).rule(fault.rule())
    }
}

impl From<PayloadFault> for Error {
    fn from(fault: PayloadFault) -> Self {
        let code = match fault {
            PayloadFault::Identifier(_) | PayloadFault::IdentifierCheck => Code::IdentifierInvalid,
            _ => Code::EnvelopeInvalid,
        };
        let error = Self::new(code, fault.to_string()).rule(fault.rule());
        match fault.member() {
            Some(member) => error.at(member),
            None => error,
        }
    }
}

impl From<EventFault> for Error {
    fn from(fault: EventFault) -> Self {
        Self::new(Code::EnvelopeInvalid, fault.to_string()).rule(fault.rule())
    }
}

impl From<ActionFault> for Error {
    fn from(fault: ActionFault) -> Self {
        let allowed: Vec<&str> = fault.allowed_from.iter().copied().map(State::wire).collect();
        let detail = match allowed.as_slice() {
            [] => fault.to_string(),
            states => format!("{fault}; it is open from: {}", states.join(", ")),
        };
        Self::new(Code::ActionForbidden, detail)
            .rule(fault.rule())
            .at("action")
            .with(json!({"action": fault.action.wire(), "state": fault.state, "allowed_from": allowed}))
    }
}

#[cfg(test)]
mod tests {
    use super::super::action::Action;
    use super::super::payload::Record;
    use super::*;
    use crate::rule::Rule;

    #[test]
    fn a_refusal_names_rule_field_and_way_out() {
        let error = Error::from(Action::Restore.apply(Some(State::Revoked)).unwrap_err());
        assert_eq!(error.code, Code::ActionForbidden);
        assert_eq!(error.extra.unwrap()["allowed_from"], json!(["suspended"]));
        let error = Error::from(Record::from_payload(b"{}").unwrap_err());
        assert_eq!(error.field.as_deref(), Some("attachments"));
        assert_eq!(error.rule.map(Rule::wire), Some("payload_missing_member"));
    }
}
