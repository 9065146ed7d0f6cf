//! The seed: the files of `schema/` compiled in, as `init` loads them.
//!
//! A type that is loaded later needs no line in this file.

use crate::catalog::{CodeList, CodeListFault, CodeLists, TypeEntry, TypeFault, Workdays, WorkdaysFault};

/// `schema/types/*.json`, in the order of their codes.
pub(crate) const TYPES: &[&str] = &[
    include_str!("../../schema/types/resident_id_card.json"),
    include_str!("../../schema/types/household_front.json"),
    include_str!("../../schema/types/household_member.json"),
    include_str!("../../schema/types/marriage_certificate.json"),
    include_str!("../../schema/types/divorce_certificate.json"),
    include_str!("../../schema/types/birth_certificate.json"),
    include_str!("../../schema/types/disability_certificate.json"),
    include_str!("../../schema/types/social_security_card.json"),
    include_str!("../../schema/types/real_estate_certificate.json"),
    include_str!("../../schema/types/death_certificate.json"),
    include_str!("../../schema/types/business_licence.json"),
    include_str!("../../schema/types/driving_licence.json"),
    include_str!("../../schema/types/employment_certificate.json"),
    include_str!("../../schema/types/residence_permit.json"),
    include_str!("../../schema/types/diploma.json"),
    include_str!("../../schema/types/degree_certificate.json"),
    include_str!("../../schema/types/teacher_certificate.json"),
    include_str!("../../schema/types/relief_certificate.json"),
    include_str!("../../schema/types/food_permit.json"),
    include_str!("../../schema/types/vehicle_licence.json"),
    include_str!("../../schema/types/mandate.json"),
    include_str!("../../schema/types/mandarin_certificate.json"),
    include_str!("../../schema/types/adoption_certificate.json"),
    include_str!("../../schema/types/construction_qualification.json"),
    include_str!("../../schema/types/physician_licence.json"),
    include_str!("../../schema/types/no_crime_proof.json"),
];

const CODE_LISTS: &[&str] = &[
    include_str!("../../schema/code-lists/birth_issue_kind.json"),
    include_str!("../../schema/code-lists/blood_type.json"),
    include_str!("../../schema/code-lists/business_status.json"),
    include_str!("../../schema/code-lists/card_status.json"),
    include_str!("../../schema/code-lists/co_ownership.json"),
    include_str!("../../schema/code-lists/crime_answer.json"),
    include_str!("../../schema/code-lists/currency.json"),
    include_str!("../../schema/code-lists/death_source.json"),
    include_str!("../../schema/code-lists/degree_level.json"),
    include_str!("../../schema/code-lists/disability_category.json"),
    include_str!("../../schema/code-lists/disability_grade.json"),
    include_str!("../../schema/code-lists/driving_licence_status.json"),
    include_str!("../../schema/code-lists/education.json"),
    include_str!("../../schema/code-lists/education_level.json"),
    include_str!("../../schema/code-lists/employment_entry.json"),
    include_str!("../../schema/code-lists/ethnic_group.json"),
    include_str!("../../schema/code-lists/food_business_form.json"),
    include_str!("../../schema/code-lists/hardship_category.json"),
    include_str!("../../schema/code-lists/holder_code_type.json"),
    include_str!("../../schema/code-lists/household_join.json"),
    include_str!("../../schema/code-lists/household_kind.json"),
    include_str!("../../schema/code-lists/household_leave.json"),
    include_str!("../../schema/code-lists/issue_kind.json"),
    include_str!("../../schema/code-lists/mandarin_grade.json"),
    include_str!("../../schema/code-lists/mandate_way.json"),
    include_str!("../../schema/code-lists/marital_status.json"),
    include_str!("../../schema/code-lists/physician_category.json"),
    include_str!("../../schema/code-lists/qualification_grade.json"),
    include_str!("../../schema/code-lists/relation_to_head.json"),
    include_str!("../../schema/code-lists/relief_category.json"),
    include_str!("../../schema/code-lists/residence_ground.json"),
    include_str!("../../schema/code-lists/sex.json"),
    include_str!("../../schema/code-lists/study_conclusion.json"),
    include_str!("../../schema/code-lists/study_form.json"),
    include_str!("../../schema/code-lists/teacher_kind.json"),
    include_str!("../../schema/code-lists/vehicle_class.json"),
    include_str!("../../schema/code-lists/vehicle_usage.json"),
];

const WORKDAYS: &str = include_str!("../../schema/workdays.json");

impl CodeLists {
    /// The lists that come with the program.
    pub fn builtin() -> Result<Self, CodeListFault> {
        let lists: Result<Vec<_>, _> = CODE_LISTS.iter().map(|text| CodeList::from_json(text)).collect();
        Self::new(lists?)
    }
}

impl TypeEntry {
    /// The types that come with the program, compiled against `lists`.
    pub fn builtin(lists: &CodeLists) -> Result<Vec<Self>, TypeFault> {
        TYPES.iter().map(|text| Self::from_json(text, lists)).collect()
    }
}

impl Workdays {
    /// The calendar that comes with the program.
    pub fn builtin() -> Result<Self, WorkdaysFault> {
        Self::from_json(WORKDAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &str) -> Vec<String> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(folder);
        let names =
            std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> =
            names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned)).collect();
        names.sort();
        names
    }

    #[test]
    fn every_file_is_compiled_in_and_named_as_what_it_holds() {
        let lists = CodeLists::builtin().unwrap();
        let mut slugs: Vec<String> =
            TypeEntry::builtin(&lists).unwrap().iter().map(|entry| entry.def().slug.clone()).collect();
        slugs.sort();
        assert_eq!(slugs, files("types"));
        let names: Vec<String> = lists.all().iter().map(|list| list.name.clone()).collect();
        assert_eq!(names, files("code-lists"));
    }
}
