//! One question to a department about somebody with several numbers: the department is asked about each, and what it says
//! of them comes to one answer.

use crate::catalog::items::{AboutNumbers, PredicateAnswer};

impl AboutNumbers {
    /// The answer about a person, from those about each of its numbers. One decides alone: a yes where one number is enough,
    /// a no where it must be each. The other answer needs every number: where one is silent, so is the whole. The evidence
    /// has that which decides first, and then what was said of the other numbers.
    pub fn of(self, answers: Vec<PredicateAnswer>) -> PredicateAnswer {
        let (mut yes, mut no, mut open) = (Vec::new(), Vec::new(), None);
        let mut uncovered = answers.is_empty();
        for answer in answers {
            match answer {
                PredicateAnswer::Yes { evidence } if !evidence.is_empty() => yes.extend(evidence),
                PredicateAnswer::No { evidence } if !evidence.is_empty() => no.extend(evidence),
                PredicateAnswer::Unanswered(silence) => open = open.or(Some(silence)),
                // An answer without evidence is none.
                _ => uncovered = true,
            }
        }
        let (alone, rest) = match self {
            Self::Any => (&mut yes, &mut no),
            Self::Each => (&mut no, &mut yes),
        };
        let decided = !alone.is_empty();
        alone.append(rest);
        let all = std::mem::take(alone);
        match (decided, open) {
            (false, Some(silence)) => PredicateAnswer::Unanswered(silence),
            (false, None) if uncovered => PredicateAnswer::NotCovered,
            _ if decided == (self == Self::Any) => PredicateAnswer::Yes { evidence: all },
            _ => PredicateAnswer::No { evidence: all },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::items::Silence;
    use crate::clock::Moment;

    fn said(word: char) -> PredicateAnswer {
        let evidence = vec![word.to_string()];
        match word {
            'y' => PredicateAnswer::Yes { evidence },
            'n' => PredicateAnswer::No { evidence },
            '?' => PredicateAnswer::Unanswered(Silence { source: "x".into(), at: Moment::from_micros(0) }),
            _ => PredicateAnswer::NotCovered,
        }
    }

    /// Every row of up to four answers, against the rule in one line of its own.
    #[test]
    fn one_decides_alone_and_the_other_answer_needs_every_number() {
        let mut rows = vec![String::new()];
        let mut seen = [0_usize; 4];
        for _ in 0..4 {
            rows = rows.iter().flat_map(|row| "yn?-".chars().map(move |one| format!("{row}{one}"))).collect();
            for row in &rows {
                for (rule, alone, other) in [(AboutNumbers::Any, 'y', 'n'), (AboutNumbers::Each, 'n', 'y')] {
                    let right = [alone, '?', '-'].into_iter().find(|one| row.contains(*one)).unwrap_or(other);
                    let (word, evidence) = match rule.of(row.chars().map(said).collect()) {
                        PredicateAnswer::Yes { evidence } => ('y', evidence),
                        PredicateAnswer::No { evidence } => ('n', evidence),
                        PredicateAnswer::Unanswered(_) => ('?', Vec::new()),
                        PredicateAnswer::NotCovered => ('-', Vec::new()),
                    };
                    assert_eq!(word, right, "{row} {rule:?}");
                    if word == 'y' || word == 'n' {
                        assert_eq!(evidence.first().map(String::as_str), Some(word.to_string().as_str()));
                        assert_eq!(evidence.len(), row.chars().filter(|one| "yn".contains(*one)).count());
                    }
                    for (at, one) in "yn?-".chars().enumerate() {
                        seen[at] += usize::from(one == word);
                    }
                }
            }
        }
        assert!(seen.iter().all(|count| *count > 10), "{seen:?}");
        assert_eq!(AboutNumbers::Each.of(Vec::new()), PredicateAnswer::NotCovered);
    }
}
