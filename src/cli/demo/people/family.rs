//! Families of two to six persons.

use std::collections::HashSet;

use crate::cli::demo::faces::Person;
use crate::cli::demo::numbers::{citizen, day};
use crate::cli::demo::random::SplitMix64;
use crate::cli::demo::words::Words;
use crate::clock::Day;

/// Nobody generated is born in this year or later, so the newborn of the stories is the youngest.
const LAST_BIRTH_YEAR: i32 = 2026;
/// Kind of the random streams of this file.
const STREAM: u64 = 0x46;

/// One person of a family.
#[derive(Debug, Clone)]
pub struct Member {
    /// The person.
    pub person: Person,
    /// 与户主关系, GB/T 4761.
    pub relation: &'static str,
}

/// A household: head, spouse, then children, then the head's parents.
#[derive(Debug, Clone)]
pub struct Family {
    /// Place in the list, from 0.
    pub index: u32,
    /// 户号.
    pub household_no: String,
    /// The head.
    pub head: Person,
    /// The spouse.
    pub spouse: Person,
    /// Children, the oldest first.
    pub children: Vec<Member>,
    /// Parents of the head.
    pub parents: Vec<Member>,
    /// The day of marriage.
    pub married_on: Day,
}

impl Family {
    /// All persons with their relation to the head.
    pub fn members(&self) -> impl Iterator<Item = (&Person, &'static str)> {
        let spouse = if self.spouse.female { "12" } else { "11" };
        let rest = self.children.iter().chain(&self.parents);
        [(&self.head, "02"), (&self.spouse, spouse)]
            .into_iter()
            .chain(rest.map(|member| (&member.person, member.relation)))
    }

    /// Mother and father of the children.
    pub fn couple(&self) -> (&Person, &Person) {
        if self.head.female { (&self.head, &self.spouse) } else { (&self.spouse, &self.head) }
    }
}

/// `count` families of a seed.
pub fn families(seed: u64, count: u32) -> Vec<Family> {
    let mut taken = HashSet::new();
    (0..count).map(|index| family(seed, index, &mut taken)).collect()
}

fn family(seed: u64, index: u32, taken: &mut HashSet<String>) -> Family {
    let rng = &mut SplitMix64::of(seed, STREAM, u64::from(index));
    let words = Words::all();
    let address = format!(
        "示范省示范市城东区{}{}号{}{}单元{}0{}室",
        rng.pick(&words.streets),
        1 + rng.below(180),
        rng.pick(&words.estates),
        1 + rng.below(4),
        1 + rng.below(17),
        1 + rng.below(4),
    );
    let mut made = Maker { rng, words, taken, address };
    let head_female = made.rng.chance(250);
    let head_year = 1950 + made.year(43);
    let spouse_year = head_year - 3 + made.year(6);
    let surname = made.surname();
    let head = made.person(&surname, head_female, head_year);
    let spouse_surname = made.surname();
    let spouse = made.person(&spouse_surname, !head_female, spouse_year);
    // 22 and 20 years are the least ages; 24 are enough for both.
    let married_on = head.born.max(spouse.born).plus_years(24 + made.rng.below(5));
    let married_on = made.rng.day_after(married_on, 300);
    let with_parents = head_year >= 1970 && made.rng.chance(350);

    let (mother, father) = if head_female { (&head, &spouse) } else { (&spouse, &head) };
    let child_surname = if father.name == head.name { surname.clone() } else { spouse_surname };
    let (mut children, mut year) = (Vec::new(), married_on.year() + 1);
    for _ in 0..made.rng.below(if with_parents { 3 } else { 4 }).min(3) {
        year += made.year(3);
        if year >= LAST_BIRTH_YEAR || year - mother.born.year() > 42 {
            break;
        }
        let female = made.rng.chance(480);
        let person = made.person(&child_surname, female, year);
        children.push(Member { person, relation: if female { "30" } else { "20" } });
        year += 2;
    }
    let parents = if with_parents {
        let born = head_year - 26;
        let (own, older) = (made.surname(), made.year(3));
        let (father, mother) = (made.person(&surname, false, born - older), made.person(&own, true, born));
        vec![Member { person: father, relation: "51" }, Member { person: mother, relation: "52" }]
    } else {
        Vec::new()
    };
    let household_no = format!("1901010{:05}", 10_000 + index);
    Family { index, household_no, head, spouse, children, parents, married_on }
}

struct Maker<'a> {
    rng: &'a mut SplitMix64,
    words: &'static Words,
    taken: &'a mut HashSet<String>,
    address: String,
}

impl Maker<'_> {
    fn year(&mut self, end: u32) -> i32 {
        i32::try_from(self.rng.below(end)).unwrap_or(0)
    }

    fn surname(&mut self) -> String {
        self.rng.pick(&self.words.surnames).to_owned()
    }

    fn person(&mut self, surname: &str, female: bool, year: i32) -> Person {
        let given = self.rng.pick(if female { &self.words.female } else { &self.words.male });
        let born = self.rng.day_after(day(year, 1, 1), 364);
        let region = if self.rng.chance(150) { "190102" } else { "190101" };
        // Sequences below 100 are those of the stories; an odd one is a man's.
        let mut sequence = 100 + 2 * self.rng.below(440) + u32::from(!female);
        let mut code = citizen(region, born, sequence);
        while !self.taken.insert(code.clone()) {
            sequence = if sequence >= 990 { 100 + u32::from(!female) } else { sequence + 2 };
            code = citizen(region, born, sequence);
        }
        let ethnic = match self.rng.below(40) {
            0 => "03",
            1 => "11",
            2 => "15",
            _ => "01",
        };
        Person {
            code_type: "111",
            code,
            name: format!("{surname}{given}"),
            female,
            born,
            ethnic,
            nationality: "中国",
            address: self.address.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_have_two_to_six_members_and_no_number_twice() {
        let families = families(19, 64);
        let mut codes = HashSet::new();
        for family in &families {
            let members: Vec<_> = family.members().collect();
            assert!((2..=6).contains(&members.len()), "{}", members.len());
            for (person, _) in members {
                assert!(codes.insert(person.code.clone()));
            }
            let (mother, father) = family.couple();
            assert!(mother.female && !father.female);
            assert!(mother.age_on(family.married_on) >= 20 && father.age_on(family.married_on) >= 22);
            for child in &family.children {
                assert!(child.person.born > family.married_on);
            }
        }
        assert!(codes.len() >= 200, "{}", codes.len());
    }

    #[test]
    fn a_family_depends_on_seed_and_place_only() {
        let names = |count| {
            families(19, count).iter().take(10).map(|family| family.head.code.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(10), names(64));
        assert_ne!(families(20, 10)[0].head.code, families(19, 10)[0].head.code);
    }
}
