//! Whose certificate it is: the roles of a type's holders, how many of each, and their shares.

use serde::{Deserialize, Serialize};

use crate::catalog::Label;
use crate::rule::Rule;

/// One role of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Its name in records: `spouse`, `co_owner`.
    pub role: String,
    /// The text shown for it.
    pub label: Label,
    /// Fewest holders.
    pub min: u32,
    /// Most holders.
    pub max: u32,
    /// Whether the holder may be provisional, a newborn without a number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// When its holders have shares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares: Option<ShareRule>,
}

/// Shares are required where a code field of the face has one of some values, and forbidden elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareRule {
    /// The field of the face, e.g. 共有情况.
    pub field: String,
    /// Its values that require shares, e.g. 按份共有.
    pub required: Vec<String>,
}

/// One holder of a record, with the parts that this module needs.
#[derive(Debug, Clone, Copy)]
pub struct Seat<'a> {
    /// The role the record gives the holder.
    pub role: &'a str,
    /// The share as a fraction, `1/2`.
    pub share: Option<&'a str>,
}

/// Why the holders do not fit the type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RoleFault {
    /// The type has no such role.
    #[error("the type has no such role")]
    Unknown,
    /// Too few or too many holders of a role.
    #[error("{role}: {found} holders, {min} to {max} are asked")]
    Count {
        /// The role.
        role: String,
        /// How many there are.
        found: u32,
        /// Fewest.
        min: u32,
        /// Most.
        max: u32,
    },
    /// A share is given where the face says there are none, or missing where it says there are.
    #[error("{role}: shares stand with every holder or with none, as {field} says")]
    SharePresence {
        /// The role.
        role: String,
        /// The field that decides.
        field: String,
    },
    /// Not a fraction n/d in lowest terms with 1 ≤ n ≤ d ≤ 1,000,000.
    #[error("{role}: a share is a fraction such as 1/2")]
    ShareForm {
        /// The role.
        role: String,
    },
    /// The shares do not sum to 1.
    #[error("{role}: the shares do not sum to 1")]
    ShareSum {
        /// The role.
        role: String,
    },
}

impl RoleFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Unknown => Rule::RoleUnknown,
            Self::Count { .. } => Rule::RoleCount,
            Self::SharePresence { .. } => Rule::SharePresence,
            Self::ShareForm { .. } => Rule::ShareForm,
            Self::ShareSum { .. } => Rule::ShareSum,
        }
    }
}

/// Checks holders against the roles; `face` decides about shares. All faults are listed.
pub(super) fn check(roles: &[Role], face: &serde_json::Value, seats: &[Seat<'_>]) -> Vec<RoleFault> {
    let mut faults = Vec::new();
    if seats.iter().any(|seat| !roles.iter().any(|role| role.role == seat.role)) {
        faults.push(RoleFault::Unknown);
    }
    for role in roles {
        let held: Vec<&Seat<'_>> = seats.iter().filter(|seat| seat.role == role.role).collect();
        let found = u32::try_from(held.len()).unwrap_or(u32::MAX);
        if !(role.min..=role.max).contains(&found) {
            faults.push(RoleFault::Count { role: role.role.clone(), found, min: role.min, max: role.max });
        }
        let shares: Vec<&str> = held.iter().filter_map(|seat| seat.share).collect();
        let (field, required) = match &role.shares {
            Some(rule) => {
                let value = face.get(&rule.field).and_then(serde_json::Value::as_str).unwrap_or_default();
                (rule.field.as_str(), rule.required.iter().any(|one| one == value))
            }
            None => ("type", false),
        };
        if shares.len() != if required { held.len() } else { 0 } {
            faults.push(RoleFault::SharePresence { role: role.role.clone(), field: field.to_owned() });
        } else if required && !held.is_empty() {
            faults.extend(check_sum(&role.role, &shares));
        }
    }
    faults
}

fn check_sum(role: &str, shares: &[&str]) -> Option<RoleFault> {
    let mut sum = (0_u128, 1_u128);
    for share in shares {
        let Some((part, whole)) = fraction(share) else {
            return Some(RoleFault::ShareForm { role: role.to_owned() });
        };
        let common = gcd(sum.1, whole);
        let Some(denominator) = (sum.1 / common).checked_mul(whole) else {
            return Some(RoleFault::ShareForm { role: role.to_owned() });
        };
        // Each sum so far is at most the number of holders, so the numerator fits where the denominator does.
        let numerator = (sum.0 * (denominator / sum.1)).saturating_add(part * (denominator / whole));
        let lowest = gcd(numerator, denominator);
        sum = (numerator / lowest, denominator / lowest);
    }
    (sum != (1, 1)).then(|| RoleFault::ShareSum { role: role.to_owned() })
}

/// Reads `n/d`; leading zeros, signs and blanks are refused.
fn fraction(text: &str) -> Option<(u128, u128)> {
    let (part, whole) = text.split_once('/')?;
    let plain = |digits: &str| {
        let ok = (1..=7).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && !digits.starts_with('0');
        ok.then(|| digits.parse::<u128>().ok()).flatten()
    };
    let (part, whole) = (plain(part)?, plain(whole)?);
    (part <= whole && whole <= 1_000_000).then_some((part, whole))
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CodeLists, TypeEntry};
    use proptest::prelude::*;
    use serde_json::json;

    fn entry(slug: &str) -> TypeEntry {
        let all = TypeEntry::builtin(&CodeLists::builtin().unwrap()).unwrap();
        all.into_iter().find(|entry| entry.def().slug == slug).unwrap()
    }

    fn owners(kind: &str, shares: &[Option<&str>]) -> Vec<&'static str> {
        let seats: Vec<Seat<'_>> =
            shares.iter().map(|share| Seat { role: "co_owner", share: *share }).collect();
        let faults = entry("real_estate_certificate").check_holders(&json!({"co_ownership": kind}), &seats);
        faults.err().unwrap_or_default().iter().map(|fault| fault.rule().wire()).collect()
    }

    #[test]
    fn common_shares_sum_to_one() {
        assert!(owners("2", &[Some("1/2"), Some("1/3"), Some("1/6")]).is_empty());
        assert_eq!(owners("2", &[Some("1/2"), Some("1/3")]), ["share_sum"]);
        assert_eq!(owners("2", &[Some("1/2"), None]), ["share_presence"]);
        assert_eq!(owners("1", &[Some("1/2"), Some("1/2")]), ["share_presence"]);
        assert!(owners("1", &[None, None]).is_empty());
        for form in ["0.5", "01/2", "3/2", "1/0", "1 /2", "１/2", "1/9999999"] {
            assert_eq!(owners("2", &[Some(form), Some("1/2")]), ["share_form"], "{form}");
        }
    }

    #[test]
    fn a_marriage_has_two_spouses_and_no_third() {
        let marriage = entry("marriage_certificate");
        let spouse = Seat { role: "spouse", share: None };
        assert!(marriage.check_holders(&json!({}), &[spouse, spouse]).is_ok());
        for seats in [vec![spouse], vec![spouse; 3]] {
            assert_eq!(
                marriage.check_holders(&json!({}), &seats).unwrap_err()[0].rule().wire(),
                "role_count"
            );
        }
        let witness = Seat { role: "witness", share: None };
        let faults = marriage.check_holders(&json!({}), &[spouse, spouse, witness]).unwrap_err();
        assert_eq!(faults, [RoleFault::Unknown]);
    }

    #[test]
    fn a_type_has_no_more_holders_than_an_access_can_name() {
        let mut def = entry("real_estate_certificate").def().clone();
        def.holders[0].max = 200;
        let lists = CodeLists::builtin().unwrap();
        TypeEntry::compile(def.clone(), &lists).unwrap();
        def.holders[0].max = 201;
        assert_eq!(TypeEntry::compile(def, &lists).unwrap_err().rule().wire(), "type_inconsistent");
    }

    proptest! {
        #[test]
        fn any_cut_of_a_whole_sums_to_one(parts in prop::collection::vec(1_u32..500, 1..40)) {
            let whole: u32 = parts.iter().sum();
            let texts: Vec<String> = parts.iter().map(|part| format!("{part}/{whole}")).collect();
            let shares: Vec<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(check_sum("co_owner", &shares), None);
            let less = format!("{}/{}", 1, whole + 1);
            let mut changed = shares.clone();
            changed.push(&less);
            prop_assert!(check_sum("co_owner", &changed).is_some());
        }
    }
}
