//! How long an account waits after wrong passwords: nothing for the first four, then 30 s, doubling to 15 min.
//! Pure data, kept in the account's row, so that it holds over restarts and processes.

use super::problem::retry_after;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};

const FREE_FAILURES: u32 = 4;
const FIRST_WAIT_S: i64 = 30;
const LONGEST_WAIT_S: i64 = 15 * 60;

/// The failures of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Throttle {
    /// Wrong passwords since the last right one.
    pub failures: u32,
    /// No password is looked at before this instant.
    pub locked_until: Option<Moment>,
}

impl Throttle {
    /// Whether a password may be tried now.
    ///
    /// # Errors
    /// `sign_in_failed` with the rule `wait` and the seconds left; the password must then not be checked.
    pub fn open(self, now: Moment) -> Result<()> {
        match self.locked_until {
            Some(until) if now < until => {
                let seconds = u64::try_from(until.seconds() - now.seconds()).unwrap_or(1).max(1);
                let error = Error::new(Code::SignInFailed, format!("Wait {seconds} seconds.")).rule("wait");
                Err(retry_after(error, seconds))
            }
            _ => Ok(()),
        }
    }

    /// What to keep after a wrong password.
    #[must_use]
    pub fn failed(self, now: Moment) -> Self {
        let failures = self.failures.saturating_add(1);
        let locked_until = failures.checked_sub(FREE_FAILURES + 1).map(|over| {
            let wait = FIRST_WAIT_S.saturating_mul(1_i64.checked_shl(over.min(20)).unwrap_or(i64::MAX));
            now.plus_seconds(wait.min(LONGEST_WAIT_S))
        });
        Self { failures, locked_until }
    }

    /// What to keep after the right one.
    #[must_use]
    pub fn succeeded(self) -> Self {
        Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::problem::retry_seconds;

    #[test]
    fn guessing_slows_down_and_a_right_password_forgives() {
        let now: Moment = "2026-11-22T01:02:03.000000Z".parse().unwrap();
        let mut throttle = Throttle::default();
        let waits: Vec<_> = (0..12)
            .map(|_| {
                throttle = throttle.failed(now);
                throttle.open(now).err().and_then(|error| retry_seconds(&error)).unwrap_or(0)
            })
            .collect();
        assert_eq!(waits, [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]);
        assert!(throttle.open(now.plus_seconds(900)).is_ok());
        assert!(throttle.succeeded().failed(now).open(now).is_ok());
    }
}
