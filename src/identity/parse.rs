//! From text to [`HolderCode`]: the check for each code type, and the remarks on regions.
//!
//! This stands on the path of every lookup: one allocation for the code, no allocation if there are no
//! remarks.

use super::holder::{Form, HolderCode, Parsed};
use super::{CodeFault, CodeRule, CodeType, RegionStatus, Regions, Remark, citizen, organisation, text};
use crate::clock::Day;

type Recognised = Result<(Form, String), CodeRule>;

impl HolderCode {
    /// Checks a code, without a present day to compare the birth date with.
    ///
    /// # Errors
    /// The first rule of its standard that it breaks; the fault never holds the text.
    pub fn parse(code_type: CodeType, text: &str) -> Result<Parsed, CodeFault> {
        Self::parse_with(code_type, text, None, Regions::builtin())
    }

    /// Checks a code and also refuses a birth date after `today`.
    ///
    /// # Errors
    /// As [`HolderCode::parse`], and `date_in_future`.
    pub fn parse_on(code_type: CodeType, text: &str, today: Day) -> Result<Parsed, CodeFault> {
        Self::parse_with(code_type, text, Some(today), Regions::builtin())
    }

    /// Checks a code; the remarks on its region come from `regions`.
    ///
    /// # Errors
    /// As [`HolderCode::parse`], and `date_in_future` where there is a `today`.
    pub fn parse_with(
        code_type: CodeType,
        text: &str,
        today: Option<Day>,
        regions: &Regions,
    ) -> Result<Parsed, CodeFault> {
        parse(code_type, text, today, regions).map_err(|rule| CodeFault { code_type, rule })
    }
}

fn parse(
    code_type: CodeType,
    given: &str,
    today: Option<Day>,
    regions: &Regions,
) -> Result<Parsed, CodeRule> {
    let mut remarks = Vec::new();
    let plain = text::plain(given, &mut remarks)?;
    let (form, canonical) = match code_type {
        CodeType::CitizenId => citizen_id(plain, today, &mut remarks),
        CodeType::CreditCode => credit_code(plain, &mut remarks),
        CodeType::OtherOrganisation => other_organisation(plain, &mut remarks),
        CodeType::TaiwanTravelPermit => travel_permit(plain, today, taiwan_permit),
        CodeType::HongKongMacaoTravelPermit => travel_permit(plain, today, hong_kong_macao_permit),
        CodeType::DiplomaticPassport
        | CodeType::ServicePassport
        | CodeType::PublicAffairsPassport
        | CodeType::OrdinaryPassport => passport(plain),
        CodeType::ArmyOfficer
        | CodeType::PoliceOfficer
        | CodeType::ArmySoldier
        | CodeType::PoliceSoldier
        | CodeType::ArmyCivilian
        | CodeType::PoliceCivilian => as_printed(plain),
        CodeType::OtherPerson => other_person(plain, today),
    }?;
    remarks.extend(form_remark(form));
    remarks.extend(region_remark(form, &canonical, regions));
    Ok(Parsed { code: HolderCode::checked(code_type, form, canonical), remarks })
}

fn citizen_id(plain: String, today: Option<Day>, remarks: &mut Vec<Remark>) -> Recognised {
    if former_resident(&plain) {
        return Ok((Form::FormerResident, plain));
    }
    if !plain.bytes().all(|byte| byte.is_ascii_digit() || byte == b'X') {
        return Err(CodeRule::Alphabet);
    }
    if plain.len() == 15 {
        let number = citizen::upgrade(&plain, today)?;
        remarks.push(Remark::UpgradedFrom15);
        return Ok((Form::Citizen, number));
    }
    citizen::check(&plain, today)?;
    Ok((Form::Citizen, plain))
}

fn credit_code(plain: String, remarks: &mut Vec<Remark>) -> Recognised {
    let bare = unhyphened(plain, remarks);
    match bare.len() {
        9 => organisation::check_organisation(&bare).map(|()| (Form::Organisation, bare)),
        _ if organisation::is_pilot(&bare) => {
            remarks.push(Remark::PilotCode);
            Ok((Form::Credit, bare))
        }
        _ => organisation::check_credit(&bare).map(|()| (Form::Credit, bare)),
    }
}

/// Another document of an organisation; an organisation or credit code given under this type is recognised
/// by its check characters, so that it leads to the same holder.
fn other_organisation(plain: String, remarks: &mut Vec<Remark>) -> Recognised {
    if organisation::check_credit(&plain).is_ok() {
        return Ok((Form::Credit, plain));
    }
    if organisation::check_organisation(&plain).is_ok() {
        return Ok((Form::Organisation, plain));
    }
    match organisation::without_hyphen(&plain) {
        Some(bare) if organisation::check_organisation(&bare).is_ok() => {
            remarks.push(Remark::HyphenRemoved);
            Ok((Form::Organisation, bare))
        }
        _ => as_printed(plain),
    }
}

fn unhyphened(plain: String, remarks: &mut Vec<Remark>) -> String {
    match organisation::without_hyphen(&plain) {
        Some(bare) => {
            remarks.push(Remark::HyphenRemoved);
            bare
        }
        None => plain,
    }
}

/// A travel permit, or the residence permit (18 characters) that its holder gives in its stead.
fn travel_permit(
    plain: String,
    today: Option<Day>,
    check: fn(&str) -> Result<usize, CodeRule>,
) -> Recognised {
    if plain.len() == 18 {
        citizen::check(&plain, today)?;
        return Ok((Form::Citizen, plain));
    }
    check(&plain).map(|person| (Form::Permit(person), plain))
}

/// Eight digits of the person, or ten with the count of renewals. The checks say how many characters are the person's.
fn taiwan_permit(text: &str) -> Result<usize, CodeRule> {
    if !all_digits(text) {
        return Err(CodeRule::Alphabet);
    }
    if matches!(text.len(), 8 | 10) { Ok(8) } else { Err(CodeRule::Length) }
}

/// H (Hong Kong) or M (Macao), then eight digits of the person, or ten with the count of renewals.
fn hong_kong_macao_permit(text: &str) -> Result<usize, CodeRule> {
    let digits = text.strip_prefix(['H', 'M']).ok_or(CodeRule::Format)?;
    if !all_digits(digits) {
        return Err(CodeRule::Alphabet);
    }
    if matches!(digits.len(), 8 | 10) { Ok(9) } else { Err(CodeRule::Length) }
}

fn passport(plain: String) -> Recognised {
    if !plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(CodeRule::Alphabet);
    }
    if (5..=20).contains(&plain.len()) { Ok((Form::Other, plain)) } else { Err(CodeRule::Length) }
}

fn other_person(plain: String, today: Option<Day>) -> Recognised {
    match citizen::check(&plain, today) {
        Ok(_) => Ok((Form::Citizen, plain)),
        // A number that is right except for its day; anything else is another document's and taken as
        // printed.
        Err(rule @ CodeRule::DateInFuture) if citizen::check(&plain, None).is_ok() => Err(rule),
        Err(_) if former_resident(&plain) => Ok((Form::FormerResident, plain)),
        Err(_) => as_printed(plain),
    }
}

fn as_printed(plain: String) -> Recognised {
    if text::printable(&plain) { Ok((Form::Other, plain)) } else { Err(CodeRule::Alphabet) }
}

/// Three letters and twelve digits: valid until each card's own end.
fn former_resident(text: &str) -> bool {
    text.split_at_checked(3).is_some_and(|(letters, digits)| {
        letters.bytes().all(|byte| byte.is_ascii_uppercase()) && digits.len() == 12 && all_digits(digits)
    })
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn form_remark(form: Form) -> Option<Remark> {
    match form {
        Form::Organisation => Some(Remark::OrganisationCodeOnly),
        Form::FormerResident => Some(Remark::FormerPermanentResidentId),
        Form::Citizen | Form::Credit | Form::Permit(_) | Form::Other => None,
    }
}

fn region_remark(form: Form, code: &str, regions: &Regions) -> Option<Remark> {
    match form {
        Form::Citizen if code.starts_with('9') => {
            let (_, from_province) = code.split_at_checked(1)?;
            status_remark(regions, &format!("{}0000", from_province.get(..2)?), None)
        }
        Form::Citizen => status_remark(regions, code.get(..6)?, code.get(6..10)?.parse().ok()),
        // 100000 is the whole country: bodies registered with a national authority.
        Form::Credit => code
            .get(2..8)
            .filter(|region| *region != "100000")
            .and_then(|region| status_remark(regions, region, None)),
        Form::Organisation | Form::FormerResident | Form::Permit(_) | Form::Other => None,
    }
}

fn status_remark(regions: &Regions, region: &str, born: Option<i32>) -> Option<Remark> {
    match regions.status(region) {
        RegionStatus::Unknown => Some(Remark::RegionUnknown),
        RegionStatus::Abolished { name, until } => {
            Some(Remark::RegionAbolished { name: name.to_owned(), until })
        }
        RegionStatus::Current { name, from } => match (from, born) {
            (Some(from), Some(born)) if born < from && !regions.known_on(region, born) => {
                Some(Remark::RegionNewerThanBirth { name: name.to_owned(), from })
            }
            _ => None,
        },
    }
}
