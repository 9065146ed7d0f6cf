//! To whom a type applies, and where a record of it could have been issued: so that an absence is told only of
//! what a holder could have.

use serde::{Deserialize, Serialize};

use crate::clock::Day;
use crate::closed::closed;
use crate::identity::{HolderCode, Sex};

/// The rule as a type's file states it. A type without one applies to everybody since birth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Applies {
    /// The kinds of holder; at least one.
    pub to: Vec<HolderKind>,
    /// The lowest age at which the law ever let it be issued. Too low an age asks for days before; too high an
    /// age would tell an absence that nobody searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_age: Option<FromAge>,
    /// The first day on which such records existed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Day>,
    /// The last day on which such records were issued; none while they still are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Day>,
    /// The first birthday of those whose own such a record can be. Older people stand on one in another role (the mother
    /// on a birth certificate): they are told of it only where it is asked for by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born_since: Option<Day>,
    /// Whether it is issued for the dead: nobody is told of it unasked while nothing says that the holder died.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_the_dead: bool,
    /// Whether nobody is told of it unasked: only strangers to the region, people of one trade or those who applied for
    /// it have one, and "not found" says nothing of the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_name: bool,
    /// The regions asked for where the question names none.
    pub regions: AskedRegions,
    /// The ground of ages and days, or that it is still to be checked (待核对).
    pub basis: String,
}

/// Lowest age in completed years, by sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FromAge {
    /// Of women.
    pub female: u32,
    /// Of men.
    pub male: u32,
}

closed! {
    /// A kind of holder.
    HolderKind {
        Person, "person", "自然人", "a person";
        Organisation, "organisation", "法人或其他组织", "an organisation";
    }
}

closed! {
    /// Where a record could have been issued.
    AskedRegions {
        Records, "records", "持证主体有证照的地区及本地", "where the holder has records, and the registry's own region";
        Home, "home", "本地", "the registry's own region";
        Country, "country", "全国", "the whole country";
    }
}

closed! {
    /// Why a type does not apply to a holder.
    Unfit {
        HolderKind, "holder_kind", "不发给此类主体", "it is not issued to such holders";
        Age, "age", "未到可以领取的年龄", "the holder was too young in the days asked for";
        Days, "days", "所问时段不签发", "it was not issued in the days asked for";
    }
}

impl HolderKind {
    /// The kind of the holder with that number.
    pub fn of(code: &HolderCode) -> Self {
        if code.code_type().is_person() { Self::Person } else { Self::Organisation }
    }
}

impl Applies {
    /// The first day on which a record could have been issued to the holder of `code`: none if any day could
    /// be it.
    ///
    /// # Errors
    /// Why no record could have been issued up to `to`.
    pub fn first_day(&self, code: &HolderCode, to: Day) -> Result<Option<Day>, Unfit> {
        if !self.to.contains(&HolderKind::of(code)) {
            return Err(Unfit::HolderKind);
        }
        let of_age = code.person().map(|person| match (self.from_age, person.sex) {
            (None, _) => person.birth_date,
            (Some(age), Sex::Female) => person.birth_date.plus_years(age.female),
            (Some(age), Sex::Male) => person.birth_date.plus_years(age.male),
        });
        if of_age.is_some_and(|day| day > to) {
            return Err(Unfit::Age);
        }
        let first = of_age.max(self.since);
        let last = self.until.map_or(to, |until| until.min(to));
        if first.is_some_and(|first| first > last) { Err(Unfit::Days) } else { Ok(first) }
    }

    /// Whether somebody whom nobody asked about the type is told of it: it is not one that is asked for by name, it can be
    /// the person's own, and it applies. A holder whose birthday the number does not say may be of any age.
    pub fn mentioned(&self, code: &HolderCode, to: Day) -> bool {
        let born = code.person().map(|person| person.birth_date);
        let older = self.born_since.zip(born).is_some_and(|(since, born)| born < since);
        !self.by_name && !older && self.first_day(code, to).is_ok()
    }

    /// The contradiction in the rule, if there is one.
    pub(super) fn inconsistency(&self) -> Option<String> {
        if self.to.is_empty() {
            return Some("a type applies to one kind of holder at least".into());
        }
        if matches!((self.since, self.until), (Some(since), Some(until)) if until < since) {
            return Some("the last day on which it was issued lies before the first".into());
        }
        if self.from_age.is_some_and(|age| age.female.max(age.male) > 120) {
            return Some("the lowest age is at most 120 years".into());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{CodeLists, TypeEntry};

    fn of(slug: &str) -> Applies {
        let types = TypeEntry::builtin(&CodeLists::builtin().unwrap()).unwrap();
        types.iter().find(|entry| entry.def().slug == slug).unwrap().def().applies.clone().unwrap()
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn code(code_type: &str, text: &str) -> HolderCode {
        HolderCode::parse(code_type.parse().unwrap(), text).unwrap().code
    }

    #[test]
    fn each_built_in_type_says_to_whom_it_applies() {
        for entry in TypeEntry::builtin(&CodeLists::builtin().unwrap()).unwrap() {
            let applies = entry.def().applies.as_ref().unwrap();
            assert!(!applies.basis.is_empty() && !applies.to.is_empty(), "{}", entry.def().slug);
        }
    }

    #[test]
    fn a_licence_of_companies_is_no_question_to_a_person() {
        let today = day("2026-11-22");
        let (zhou, company) = (code("111", "190101198803120021"), code("001", "91190101MD1000018C"));
        assert_eq!(of("business_licence").first_day(&zhou, today), Err(Unfit::HolderKind));
        assert_eq!(of("business_licence").first_day(&company, today), Ok(None));
        assert_eq!(of("marriage_certificate").first_day(&company, today), Err(Unfit::HolderKind));
        // A certificate of property is of both.
        assert_eq!(of("real_estate_certificate").first_day(&company, today), Ok(Some(day("2015-03-01"))));
    }

    #[test]
    fn nobody_older_than_birth_certificates_is_told_of_their_own() {
        let (birth, today) = (of("birth_certificate"), day("2026-11-22"));
        let (older, younger) = (code("111", "190101198803120021"), code("111", "190101199601010021"));
        assert!(!birth.mentioned(&older, today));
        assert!(birth.mentioned(&younger, today));
        assert!(birth.mentioned(&code("516", "H19000001"), today), "no birthday in the number");
        // As a mother she may stand on one: whoever asks for the type gets an answer.
        assert_eq!(birth.first_day(&older, today), Ok(Some(day("1996-01-01"))));
        assert!(of("resident_id_card").mentioned(&older, today));
    }

    #[test]
    fn what_only_some_people_have_is_mentioned_where_it_is_asked_for_by_name() {
        let (zhou, company) = (code("111", "190101198803120021"), code("001", "91190101MD1000018C"));
        let today = day("2026-11-22");
        let told = |holder: &HolderCode| -> Vec<String> {
            let types = TypeEntry::builtin(&CodeLists::builtin().unwrap()).unwrap();
            let defs = types.iter().map(TypeEntry::def);
            let told =
                defs.filter(|def| def.applies.as_ref().is_some_and(|rule| rule.mentioned(holder, today)));
            told.filter(|def| def.code.as_str() > "11190000MD10009070012")
                .map(|def| def.slug.clone())
                .collect()
        };
        assert_eq!(told(&zhou), ["employment_certificate", "relief_certificate"]);
        assert_eq!(told(&code("111", "190101201605060018")), ["relief_certificate"], "nobody works at ten");
        assert_eq!(told(&company), [""; 0]);
        // Whoever asks for one by name gets an answer.
        assert_eq!(of("residence_permit").first_day(&zhou, today), Ok(Some(day("2016-01-01"))));
        assert_eq!(of("food_permit").first_day(&company, today), Ok(Some(day("2015-10-01"))));
        assert_eq!(of("physician_licence").first_day(&company, today), Err(Unfit::HolderKind));
    }

    #[test]
    fn a_marriage_is_asked_for_since_the_lowest_age_of_that_sex() {
        let (woman, man) = (code("111", "190101198803120021"), code("111", "190101198607250013"));
        let child = code("111", "190101201605060018");
        let marriage = of("marriage_certificate");
        assert_eq!(marriage.first_day(&woman, day("2026-11-22")), Ok(Some(day("2006-03-12"))));
        assert_eq!(marriage.first_day(&man, day("2026-11-22")), Ok(Some(day("2006-07-25"))));
        assert_eq!(marriage.first_day(&child, day("2026-11-22")), Err(Unfit::Age));
    }

    #[test]
    fn a_type_is_asked_for_in_the_days_in_which_it_was_issued() {
        let zhou = code("111", "190101198803120021");
        let birth = of("birth_certificate");
        assert_eq!(birth.first_day(&zhou, day("2026-11-22")), Ok(Some(day("1996-01-01"))));
        assert_eq!(birth.first_day(&zhou, day("1995-12-31")), Err(Unfit::Days));
        let ended = Applies { until: Some(day("1987-01-01")), since: None, ..birth };
        assert_eq!(ended.first_day(&zhou, day("2026-11-22")), Err(Unfit::Days));
    }
}
