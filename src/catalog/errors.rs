//! The catalog's refusals as a caller sees them: code, field and rule, never a value.

use serde_json::json;

use crate::catalog::{AuthorityFault, CatalogFault, FaceFault, RoleFault};
use crate::error::{Code, Error};

impl From<Vec<FaceFault>> for Error {
    /// The first fault by name, and all of them under `faults`. Contradictions to the holder have a code of
    /// their own.
    fn from(faults: Vec<FaceFault>) -> Self {
        let code = if faults.iter().all(|fault| fault.rule.contradicts_holder()) {
            Code::HolderMismatch
        } else {
            Code::FaceInvalid
        };
        let all: Vec<_> = faults
            .iter()
            .map(|fault| json!({"field": fault.field, "rule": fault.rule.rule(), "detail": fault.detail}))
            .collect();
        let error = Self::new(code, faults.first().map(|fault| fault.detail.clone()).unwrap_or_default());
        let error = error.with(json!({"faults": all}));
        match faults.into_iter().next() {
            Some(first) => error.rule(first.rule.rule()).at(if first.field.is_empty() {
                "face".to_owned()
            } else {
                format!("face.{}", first.field)
            }),
            None => error,
        }
    }
}

impl From<Vec<RoleFault>> for Error {
    fn from(faults: Vec<RoleFault>) -> Self {
        let all: Vec<_> =
            faults.iter().map(|fault| json!({"rule": fault.rule(), "detail": fault.to_string()})).collect();
        let detail = faults.first().map(ToString::to_string).unwrap_or_default();
        let error = Self::new(Code::HolderRoleInvalid, detail).at("holders").with(json!({"faults": all}));
        match faults.first() {
            Some(first) => error.rule(first.rule()),
            None => error,
        }
    }
}

impl From<AuthorityFault> for Error {
    fn from(fault: AuthorityFault) -> Self {
        let code = match fault {
            AuthorityFault::AgencyUnknown => Code::IssuerUnknown,
            AuthorityFault::RegionMalformed(_) => Code::FieldInvalid,
            _ => Code::IssuerNotAuthorised,
        };
        Self::new(code, fault.to_string()).rule(fault.rule())
    }
}

impl From<CatalogFault> for Error {
    /// Definitions, grants and statements hold no holder's number, so their words are shown as they are.
    fn from(fault: CatalogFault) -> Self {
        let code = match fault {
            CatalogFault::TypeMissing(_) => Code::TypeUnknown,
            _ => Code::FieldInvalid,
        };
        Self::new(code, fault.to_string()).rule(fault.rule())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::FaceRule;
    use crate::rule::Rule;

    #[test]
    fn a_contradiction_to_the_holder_has_a_code_of_its_own() {
        let fault = |rule| FaceFault { field: "sex".into(), rule, detail: "".into() };
        let error = Error::from(vec![fault(FaceRule::HolderSex)]);
        assert_eq!((error.code, error.field.as_deref()), (Code::HolderMismatch, Some("face.sex")));
        for rule in [FaceRule::CodeUnknown, FaceRule::HolderCodeForm] {
            assert_eq!(Error::from(vec![fault(FaceRule::HolderSex), fault(rule)]).code, Code::FaceInvalid);
        }
        assert_eq!(Error::from(AuthorityFault::AgencyUnknown).code, Code::IssuerUnknown);
        assert_eq!(
            Error::from(AuthorityFault::OutsidePeriod).rule.map(Rule::wire),
            Some("authority_outside_period")
        );
    }
}
