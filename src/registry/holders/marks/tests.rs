use super::*;
use crate::clock::{Day, Moment};
use crate::store::HolderBody;
use crate::trust::HolderKey;

fn at(second: i64) -> Moment {
    Day::new(2026, 11, 22).unwrap().start().plus_seconds(second)
}

fn mark(state: HolderState, day: u32) -> HolderMark {
    HolderMark { state, since: Day::new(2026, 9, day).unwrap(), source: "s".into(), at: at(i64::from(day)) }
}

/// The states that stand after these marks, with their days, the weightiest first.
fn after(marks: &[(HolderState, u32)]) -> Vec<(HolderState, u32)> {
    let body = HolderBody {
        code_type: "111".into(),
        code: "190101199003070014".into(),
        state_since: None,
        state_source: String::new(),
        state_at: None,
        beneath: Vec::new(),
        links: Vec::new(),
    };
    let mut holder = StoredHolder { hk: HolderKey::from_bytes([0; 16]), state: HolderState::Normal, body };
    for (stated, day) in marks {
        state(&mut holder, mark(*stated, *day));
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
    assert_eq!(after(&[(Deceased, 9), (Deceased, 7)]), [(Deceased, 7)]);
    let beneath = after(&[(Deregistered, 1), (Deceased, 9), (Deregistered, 2)]);
    assert_eq!(beneath, [(Deceased, 9), (Deregistered, 2)]);
}

#[test]
fn r6_what_lies_beneath_a_mark_stands_again_when_it_is_taken_back() {
    use HolderState::{DeathReported, Deceased, Deregistered, Normal};
    assert_eq!(after(&[(Deregistered, 1), (Deceased, 9), (Normal, 10)]), [(Deregistered, 1)]);
    assert_eq!(after(&[(DeathReported, 1), (Deregistered, 2)]), [(DeathReported, 1), (Deregistered, 2)]);
    assert_eq!(after(&[(Deceased, 1), (Normal, 2)]), []);
    assert_eq!(after(&[(Normal, 2)]), []);
}

#[test]
fn r6_a_confirmed_death_stands_for_its_reports() {
    use HolderState::{DeathReported, Deceased, Normal};
    assert_eq!(after(&[(DeathReported, 1), (Deceased, 2), (DeathReported, 3)]), [(Deceased, 2)]);
    assert_eq!(after(&[(DeathReported, 1), (Deceased, 2), (Normal, 3)]), []);
}
