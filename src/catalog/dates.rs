//! Days that cannot be: nobody dies before the birth, and no certificate tells of a day after its issue. The rules stand
//! in the type's file. A hard one refuses the record; a soft one is a remark beside it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::catalog::face::span;
use crate::catalog::{FaceNote, FaceSchema, Field, FieldKind, Format, HolderFacts, NoteKind, Role};
use crate::clock::Day;

/// One rule: a day comes before another, or on it. Of a year or a month only what is certain counts. Where one of the two
/// days is not there, the rule says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DateRule {
    /// The earlier day.
    #[schema(value_type = String, example = "face.registered_on")]
    pub first: DatePoint,
    /// The later day.
    #[schema(value_type = String, example = "record.issued_on")]
    pub then: DatePoint,
    /// At least so many years lie between them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub years: u32,
    /// At most so many completed years lie between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<u32>,
    /// They are one day, in the first version of a record; a later version keeps the printed day and is issued later.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same: bool,
    /// Only for holders of that sex (GB/T 2261.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// Only where a field of the face has one of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<DateWhen>,
    /// Unusual and not impossible: a remark.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remark: bool,
}

/// The values of a field for which a rule holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DateWhen {
    /// A text field of the face.
    pub field: String,
    /// Its values.
    pub is: Vec<String>,
}

/// A day that a rule compares: `today`, `record.issued_on`, `face.died_on`, `face.spouses.birth_date` (of each item),
/// `born.mother` (the birth of each holder in that role, as the number tells it), `ended.spouse` (the confirmed death of
/// each holder in that role, or the end of the organisation, as the registry knows it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DatePoint {
    /// The day of the check.
    Today,
    /// The day of issue.
    IssuedOn,
    /// A field of the face by its path.
    Face(String),
    /// The birth dates of the holders in a role.
    Born(String),
    /// The days on which the holders in a role ended.
    Ended(String),
}

impl TryFrom<String> for DatePoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "today" => return Ok(Self::Today),
            "record.issued_on" => return Ok(Self::IssuedOn),
            _ => {}
        }
        match text.split_once('.') {
            Some(("face", path)) => Ok(Self::Face(path.to_owned())),
            Some(("born", role)) => Ok(Self::Born(role.to_owned())),
            Some(("ended", role)) => Ok(Self::Ended(role.to_owned())),
            _ => {
                let days = "today, record.issued_on, face.<field>, born.<role> or ended.<role>";
                Err(format!("{text} is no day: {days}"))
            }
        }
    }
}

impl From<DatePoint> for String {
    fn from(point: DatePoint) -> Self {
        match point {
            DatePoint::Today => "today".into(),
            DatePoint::IssuedOn => "record.issued_on".into(),
            DatePoint::Face(path) => format!("face.{path}"),
            DatePoint::Born(role) => format!("born.{role}"),
            DatePoint::Ended(role) => format!("ended.{role}"),
        }
    }
}

/// The days beside the face.
#[derive(Debug, Clone, Copy)]
pub struct DateFacts<'a> {
    /// The day of the check.
    pub today: Day,
    /// The day of issue.
    pub issued_on: Day,
    /// Whether it is the first version of its record.
    pub first_version: bool,
    /// The holders.
    pub holders: &'a [HolderFacts<'a>],
    /// Role and day of each holder that has died or ended, where that was looked up.
    pub ended: &'a [(&'a str, Day)],
}

/// A broken hard rule. It never has the days themselves (I3).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct DateFault {
    /// The field at fault: `face.died_on`, `issued_on`.
    pub field: String,
    /// The demand of the rule, in words.
    pub detail: String,
}

/// The outcome of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DateCheck {
    /// The first broken hard rule.
    pub fault: Option<DateFault>,
    /// The remarks.
    pub notes: Vec<FaceNote>,
}

/// More years than any rule about people and papers needs.
const MOST_YEARS: u32 = 1000;

/// First and last day that a point may mean, and the sex of the holder whose birth it is.
struct Span<'a> {
    from: Day,
    to: Day,
    sex: Option<&'a str>,
}

/// Checks a face by the rules of its type. Use it on a face that [`FaceSchema::check`] accepts.
pub(super) fn check<'r>(
    rules: impl IntoIterator<Item = &'r DateRule>,
    face: &Value,
    facts: &DateFacts<'_>,
) -> DateCheck {
    let mut found = DateCheck::default();
    for rule in rules.into_iter().filter(|rule| rule.applies(face, facts)) {
        let later = spans(&rule.then, face, facts);
        let broken = spans(&rule.first, face, facts).into_iter().any(|first| {
            let counts = |then: &Span<'_>| {
                let sex = first.sex.or(then.sex);
                rule.sex.as_deref().is_none_or(|only| sex == Some(only))
            };
            later.iter().filter(|then| counts(then)).any(|then| rule.broken(&first, then))
        });
        match (broken, rule.remark) {
            (false, _) => {}
            (true, true) => {
                found.notes.push(FaceNote { field: rule.place(), kind: NoteKind::DateUnusual });
            }
            (true, false) => {
                found.fault = Some(DateFault { field: rule.field(), detail: rule.demand() });
                return found;
            }
        }
    }
    found
}

impl DateRule {
    /// The role whose end it compares, if it compares one.
    pub fn ended_role(&self) -> Option<&str> {
        [&self.first, &self.then].into_iter().find_map(|point| match point {
            DatePoint::Ended(role) => Some(role.as_str()),
            DatePoint::Today | DatePoint::IssuedOn | DatePoint::Face(_) | DatePoint::Born(_) => None,
        })
    }

    fn applies(&self, face: &Value, facts: &DateFacts<'_>) -> bool {
        let when = |when: &DateWhen| {
            let value = face.get(&when.field).and_then(Value::as_str);
            value.is_some_and(|value| when.is.iter().any(|is| is == value))
        };
        (facts.first_version || !self.same) && self.when.as_ref().is_none_or(when)
    }

    fn broken(&self, first: &Span<'_>, then: &Span<'_>) -> bool {
        let apart = self.same && first.to < then.from;
        let long = |most: u32| first.to.years_until(then.from) > most;
        first.from.plus_years(self.years) > then.to || apart || self.within.is_some_and(long)
    }

    /// The path in the face that the rule is about, else the day itself.
    fn place(&self) -> String {
        match (&self.first, &self.then) {
            (_, DatePoint::Face(path)) | (DatePoint::Face(path), _) => path.clone(),
            (first, _) => first.clone().into(),
        }
    }

    fn field(&self) -> String {
        match (&self.first, &self.then) {
            (DatePoint::Face(path), _) | (_, DatePoint::Face(path)) => format!("face.{path}"),
            _ => "issued_on".to_owned(),
        }
    }

    fn demand(&self) -> String {
        let (first, then) = (String::from(self.first.clone()), String::from(self.then.clone()));
        match (self.same, self.years, self.within) {
            (true, ..) => format!("{first} and {then} are one day"),
            (_, 0, None) => format!("{first} does not lie after {then}"),
            (_, years, None) => format!("{first} lies at least {years} years before {then}"),
            (.., Some(most)) => format!("{first} lies at most {most} years before {then}"),
        }
    }
}

fn spans<'a>(point: &DatePoint, face: &'a Value, facts: &DateFacts<'a>) -> Vec<Span<'a>> {
    let day = |day: Day| vec![Span { from: day, to: day, sex: None }];
    let text = |value: &Value| {
        let (from, to) = span(value.as_str()?)?;
        Some(Span { from, to, sex: None })
    };
    match point {
        DatePoint::Today => day(facts.today),
        DatePoint::IssuedOn => day(facts.issued_on),
        DatePoint::Face(path) => match path.split_once('.') {
            None => face.get(path).and_then(text).into_iter().collect(),
            Some((outer, inner)) => match face.get(outer) {
                Some(Value::Array(items)) => {
                    items.iter().filter_map(|item| item.get(inner).and_then(text)).collect()
                }
                Some(group) => group.get(inner).and_then(text).into_iter().collect(),
                None => Vec::new(),
            },
        },
        DatePoint::Born(role) => {
            let of_role = facts.holders.iter().filter(|holder| holder.role == role);
            of_role.filter_map(|one| Some(Span { from: one.born?, to: one.born?, sex: one.sex })).collect()
        }
        DatePoint::Ended(role) => {
            let of_role = facts.ended.iter().filter(|(of, _)| of == role);
            of_role.map(|(_, on)| Span { from: *on, to: *on, sex: None }).collect()
        }
    }
}

/// The first fault of the rules of a type, in words.
pub(super) fn inconsistency(rules: &[DateRule], roles: &[Role], face: &FaceSchema) -> Option<String> {
    let dated = |field: &Field| {
        let days = [Format::Date, Format::DateOrLong, Format::PartialDate, Format::Time];
        matches!(&field.kind, FieldKind::Text { format, .. } if days.contains(format))
    };
    for rule in rules {
        for point in [&rule.first, &rule.then] {
            let known = match point {
                DatePoint::Today | DatePoint::IssuedOn => true,
                DatePoint::Face(path) => face.field(path).is_some_and(dated),
                DatePoint::Born(role) | DatePoint::Ended(role) => roles.iter().any(|one| one.role == *role),
            };
            if !known {
                return Some(format!(
                    "dates name {}, which is no day of the type",
                    String::from(point.clone())
                ));
            }
        }
        if rule.remark && rule.ended_role().is_some() {
            return Some("dates behind an end are refused and no remark".to_owned());
        }
        if rule.years > MOST_YEARS || rule.within.is_some_and(|most| most > MOST_YEARS) {
            return Some(format!("dates lie at most {MOST_YEARS} years apart"));
        }
        if let Some(when) = rule.when.as_ref().filter(|when| face.field(&when.field).is_none()) {
            return Some(format!("dates depend on {}, which is no field of the face", when.field));
        }
    }
    None
}

fn is_zero(years: &u32) -> bool {
    *years == 0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn rule(value: Value) -> DateRule {
        serde_json::from_value(value).unwrap()
    }

    /// Whether a rule is broken by a day of death, for a person born on 1944-02-15, with an issue on 2026-11-01.
    fn broken(value: Value, died_on: &str) -> bool {
        let born = [HolderFacts {
            role: "deceased",
            code_type: "111",
            code: "",
            name: "",
            sex: Some("2"),
            born: Some(day("1944-02-15")),
        }];
        let facts = DateFacts {
            today: day("2026-11-22"),
            issued_on: day("2026-11-01"),
            first_version: true,
            holders: &born,
            ended: &[],
        };
        let face = json!({"died_on": died_on, "kind": "1"});
        let found = check(&[rule(value)], &face, &facts);
        assert!(found.fault.iter().all(|fault| fault.field == "face.died_on"));
        found.fault.is_some()
    }

    #[test]
    fn of_a_year_or_a_month_only_what_is_certain_counts() {
        let birth = || json!({"first": "born.deceased", "then": "face.died_on"});
        let issue = || json!({"first": "face.died_on", "then": "record.issued_on"});
        for (died_on, early, late) in [
            ("1944-02-14", true, false),
            ("1944-02-15", false, false),
            ("1944-01", true, false),
            ("1944-02", false, false),
            ("1943", true, false),
            ("1944", false, false),
            ("2026-11-01", false, false),
            ("2026-11-02", false, true),
            ("2026-11", false, false),
            ("2026-12", false, true),
            ("2027", false, true),
            ("长期", false, false),
        ] {
            assert_eq!((broken(birth(), died_on), broken(issue(), died_on)), (early, late), "{died_on}");
        }
    }

    #[test]
    fn years_sex_and_conditions_bound_a_rule() {
        let least = |years: u32| json!({"first": "born.deceased", "then": "face.died_on", "years": years});
        assert!(!broken(least(18), "1962-02-15") && broken(least(18), "1962-02-14"));
        let most = |within: u32| json!({"first": "born.deceased", "then": "face.died_on", "within": within});
        assert!(!broken(most(80), "2025-02-14") && broken(most(80), "2025-02-15"));
        let of =
            |sex: &str| json!({"first": "born.deceased", "then": "face.died_on", "years": 18, "sex": sex});
        assert!(broken(of("2"), "1950-01-01") && !broken(of("1"), "1950-01-01"));
        let when = |is: &str| {
            json!({"first": "face.died_on", "then": "record.issued_on", "same": true,
            "when": {"field": "kind", "is": [is]}})
        };
        assert!(broken(when("1"), "2026-10-01") && !broken(when("2"), "2026-10-01"));
        assert!(serde_json::from_value::<DateRule>(json!({"first": "issued_on", "then": "today"})).is_err());
    }
}
