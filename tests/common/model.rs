//! What must be so of people's lives, in a few lines, and dice to walk at random.

use elicense::store::HolderState;

/// Numbers of one seed of a simple generator (Knuth's constants).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// What must be so.
#[derive(Default)]
pub struct Model {
    /// Person, state, and the place of the certificate that says it; an office where there is none.
    pub marks: Vec<(usize, HolderState, Option<usize>)>,
    pub links: Vec<(usize, usize)>,
}

impl Model {
    fn weight(state: HolderState) -> u8 {
        match state {
            HolderState::Deceased => 3,
            HolderState::DeathReported => 2,
            HolderState::Deregistered => 1,
            _ => 0,
        }
    }

    /// The state that weighs most.
    pub fn state(&self, person: usize) -> HolderState {
        let own = self.marks.iter().filter(|(of, ..)| *of == person).map(|(_, state, _)| *state);
        own.max_by_key(|state| Self::weight(*state)).unwrap_or(HolderState::Normal)
    }

    /// What an office states, or with `normal` takes back.
    pub fn by_office(&mut self, person: usize, state: HolderState) {
        let top = self.state(person);
        self.marks.retain(|(of, one, paper)| {
            let report = top == HolderState::Deceased && *one == HolderState::DeathReported;
            let taken_back = state == HolderState::Normal && (*one == top || report);
            *of != person || !(taken_back || (*one == state && paper.is_none()))
        });
        if state != HolderState::Normal {
            self.marks.push((person, state, None));
        }
    }

    /// What a certificate says now; none if it says nothing any more.
    pub fn by_paper(&mut self, person: usize, paper: usize, state: Option<HolderState>) {
        self.marks.retain(|(.., of)| *of != Some(paper));
        self.marks.extend(state.map(|state| (person, state, Some(paper))));
    }

    /// All that are one person with that one.
    pub fn family(&self, person: usize) -> Vec<usize> {
        let mut found = vec![person];
        let mut at = 0;
        while at < found.len() {
            for (from, to) in &self.links {
                let other = if *from == found[at] { *to } else { *from };
                if (*from == found[at] || *to == found[at]) && !found.contains(&other) {
                    found.push(other);
                }
            }
            at += 1;
        }
        found
    }
}
