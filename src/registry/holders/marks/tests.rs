use super::*;
use crate::clock::{Day, Moment};
use crate::store::HolderBody;
use crate::trust::HolderKey;

fn at(second: i64) -> Moment {
    Day::new(2026, 11, 22).unwrap().start().plus_seconds(second)
}

/// A mark on a day of September: by an office, or by the certificate of that name, in the place of another.
#[derive(Clone, Copy)]
struct Said(HolderState, u32, Option<&'static str>, Option<&'static str>);

fn office(state: HolderState, day: u32) -> Said {
    Said(state, day, None, None)
}

fn paper(state: HolderState, day: u32, certificate: &'static str) -> Said {
    Said(state, day, Some(certificate), None)
}

/// The states that stand after these marks, with their days, the weightiest first.
fn after(marks: &[Said]) -> Vec<(HolderState, u32)> {
    let body = HolderBody {
        code_type: "111".into(),
        code: "190101199003070014".into(),
        state_since: None,
        state_source: String::new(),
        state_at: None,
        certificate: None,
        beneath: Vec::new(),
        links: Vec::new(),
    };
    let mut holder = StoredHolder { hk: HolderKey::from_bytes([0; 16]), state: HolderState::Normal, body };
    for Said(stated, day, certificate, replaces) in marks {
        let mark = HolderMark {
            state: *stated,
            since: Day::new(2026, 9, *day).unwrap(),
            source: "s".into(),
            at: at(i64::from(*day)),
            certificate: certificate.map(str::to_owned),
        };
        state(&mut holder, StatedMark { mark, replaces: replaces.map(str::to_owned) });
    }
    let days = |mark: HolderMark| {
        let day = (1..=30).find(|day| Day::new(2026, 9, *day) == Some(mark.since)).unwrap();
        (mark.state, day)
    };
    standing(&holder).into_iter().map(days).collect()
}

#[test]
fn r6_a_wrong_day_is_corrected_in_one_step_wherever_the_mark_stands() {
    use HolderState::{Deceased, Deregistered};
    assert_eq!(after(&[office(Deceased, 9), office(Deceased, 7)]), [(Deceased, 7)]);
    let beneath = after(&[office(Deregistered, 1), office(Deceased, 9), office(Deregistered, 2)]);
    assert_eq!(beneath, [(Deceased, 9), (Deregistered, 2)]);
    let corrected = Said(Deceased, 7, Some("b"), Some("a"));
    assert_eq!(after(&[paper(Deceased, 9, "a"), corrected]), [(Deceased, 7)]);
}

#[test]
fn r6_what_lies_beneath_a_mark_stands_again_when_it_is_taken_back() {
    use HolderState::{DeathReported, Deceased, Deregistered, Normal};
    let taken_back = after(&[office(Deregistered, 1), office(Deceased, 9), office(Normal, 10)]);
    assert_eq!(taken_back, [(Deregistered, 1)]);
    assert_eq!(
        after(&[office(DeathReported, 1), office(Deregistered, 2)]),
        [(DeathReported, 1), (Deregistered, 2)]
    );
    assert_eq!(after(&[office(Deceased, 1), office(Normal, 2)]), []);
    assert_eq!(after(&[office(Normal, 2)]), []);
}

#[test]
fn r6_a_confirmed_death_is_taken_back_with_its_reports() {
    use HolderState::{DeathReported, Deceased, Normal};
    let reports = [office(DeathReported, 1), office(Deceased, 2), paper(DeathReported, 3, "a")];
    assert_eq!(after(&reports), [(Deceased, 2), (DeathReported, 3), (DeathReported, 1)]);
    assert_eq!(after(&[&reports[..], &[office(Normal, 4)]].concat()), []);
}

#[test]
fn r6_a_certificate_takes_back_its_own_mark_alone() {
    use HolderState::{DeathReported, Deceased, Normal};
    let gone = paper(Normal, 9, "a");
    assert_eq!(after(&[paper(Deceased, 1, "a"), gone]), []);
    assert_eq!(after(&[office(Deceased, 2), paper(Deceased, 1, "a"), gone]), [(Deceased, 2)]);
    assert_eq!(after(&[paper(Deceased, 1, "a"), office(Deceased, 2), gone]), [(Deceased, 2)]);
    assert_eq!(after(&[paper(Deceased, 1, "a"), paper(Deceased, 2, "b"), gone]), [(Deceased, 2)]);
    assert_eq!(after(&[paper(DeathReported, 2, "b"), paper(Deceased, 1, "a"), gone]), [(DeathReported, 2)]);
    // An office takes back what came from papers, too.
    assert_eq!(after(&[paper(Deceased, 1, "a"), paper(Deceased, 2, "b"), office(Normal, 3)]), []);
}
