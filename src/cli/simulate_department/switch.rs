//! How a simulated department fails; it can be changed while it serves.

use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The switch of a simulated department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It answers.
    Off,
    /// It answers too late.
    Slow,
    /// It answers 503.
    Down,
    /// It answers about another person.
    WrongPerson,
    /// It signs with another key.
    WrongSignature,
    /// It sends half of the answer.
    Half,
}

const ALL: [(Switch, &str); 6] = [
    (Switch::Off, "off"),
    (Switch::Slow, "slow"),
    (Switch::Down, "down"),
    (Switch::WrongPerson, "wrong-person"),
    (Switch::WrongSignature, "wrong-signature"),
    (Switch::Half, "half"),
];

impl fmt::Display for Switch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ALL.iter().find(|(one, _)| one == self).map_or("off", |(_, word)| word))
    }
}

/// The switch of a word.
pub fn parse(word: &str) -> Result<Switch, String> {
    let found = ALL.iter().find(|(_, one)| *one == word).map(|(switch, _)| *switch);
    found.ok_or_else(|| super::input::words(ALL.iter().map(|(_, word)| *word)))
}

/// A switch that all connections see.
pub(super) struct Switched(Mutex<Switch>);

impl Switched {
    pub fn new(switch: Switch) -> Self {
        Self(Mutex::new(switch))
    }

    pub fn get(&self) -> Switch {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set(&self, switch: Switch) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = switch;
    }
}
