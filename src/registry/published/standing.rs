//! What may still be said of an authority that is on the books: its end is never moved back behind today, and one that
//! stands is not taken back. What was done under it stays as good as it was, and a withdrawal stays one.

use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// First and last day of an authority.
pub(super) type Period = (Day, Option<Day>);

/// Holds a period that is stated against those that stand for the same agency, matter and region. A first statement of
/// days that are over is fine, and so is the same once more.
///
/// # Errors
/// `field_invalid` with rule `withdrawal_day` where a standing period would end earlier, before today; with rule
/// `authority_ended` where the period begins before the end of a standing one and goes on behind it.
pub(super) fn goes_with(today: Day, stated: Period, standing: &[Period]) -> Result<()> {
    if standing.contains(&stated) {
        return Ok(());
    }
    let (from, to) = stated;
    for (begun, end) in standing {
        let earlier = to.is_some_and(|to| to < today && end.is_none_or(|end| to < end));
        if *begun == from && earlier {
            let detail = "an end that is stated of an authority lies on or after today";
            return Err(Error::new(Code::FieldInvalid, detail).at("to").rule(Rule::WithdrawalDay));
        }
        if end.is_some_and(|end| from <= end && to.is_none_or(|to| end < to)) {
            let detail = "an end of this authority stands, on or after the first day that is stated";
            return Err(Error::new(Code::FieldInvalid, detail).at("from").rule(Rule::AuthorityEnded));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn period(from: &str, to: &str) -> Period {
        (day(from), (!to.is_empty()).then(|| day(to)))
    }

    #[test]
    fn an_end_is_not_moved_back_and_not_taken_back() {
        let open = [period("2000-01-01", "")];
        let over = [period("2000-01-01", "2026-11-22")];
        let (back, ended) = (Some(Rule::WithdrawalDay), Some(Rule::AuthorityEnded));
        for (standing, from, to, rule) in [
            (&open[..0], "2000-01-01", "2020-01-01", None),
            (&open, "2000-01-01", "2020-01-01", back),
            (&open, "2000-01-01", "2026-11-21", back),
            (&open, "2000-01-01", "2026-11-22", None),
            (&open, "1990-01-01", "1999-12-31", None),
            (&over, "2000-01-01", "2026-11-22", None),
            (&over, "2000-01-01", "2020-01-01", back),
            (&over, "2000-01-01", "", ended),
            (&over, "2000-01-01", "2027-01-01", ended),
            (&over, "2010-01-01", "", ended),
            (&over, "1990-01-01", "", ended),
            (&over, "2026-11-22", "", ended),
            (&over, "2026-11-23", "", None),
            (&over, "1990-01-01", "1999-12-31", None),
        ] {
            let outcome = goes_with(day("2026-11-22"), period(from, to), standing);
            assert_eq!(outcome.err().and_then(|error| error.rule), rule, "{from} {to} beside {standing:?}");
        }
    }
}
