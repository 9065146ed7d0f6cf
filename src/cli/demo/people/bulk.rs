//! Holders without end for measurements: six records each, of the size that real faces have.

use crate::cli::demo::agencies::Offices;
use crate::cli::demo::faces::{
    Estate, Issuer, Membership, Person, driving_licence, household_front, household_member, id_card,
    real_estate_certificate, social_security_card,
};
use crate::cli::demo::numbers::{citizen, day};
use crate::cli::demo::random::SplitMix64;
use crate::cli::demo::steps::Draft;
use crate::cli::demo::words::Words;
use crate::record::payload::Validity;

/// Kind of the random streams of this file.
const STREAM: u64 = 0x42;
/// Days of birth: 1950-01-01 and the 50 years after it.
const DAYS: u64 = 18_262;
/// Sequences of one sex on one day.
const SEQUENCES: u64 = 490;
/// Regions of the demo in which numbers were first given out.
const REGIONS: [&str; 3] = ["190101", "190102", "190103"];

/// One holder with its records.
#[derive(Debug, Clone)]
pub struct BulkHolder {
    /// The person.
    pub person: Person,
    /// ID card, household front and card, social security card, driving licence, real-estate certificate.
    pub drafts: [Draft; 6],
}

/// The stream of [`bulk`].
pub struct Bulk {
    seed: u64,
    next: u64,
    end: u64,
    offices: Offices,
}

/// `n` synthetic holders of a seed, each with six drafts, all issued between 2016 and 2025.
///
/// No number comes twice in the first 26 million. None of the first 800,000 belongs to a person of the demo:
/// sequences below 11 are those of the stories, and the demo's families begin at 100.
pub fn bulk(seed: u64, n: u64) -> Bulk {
    bulk_from(seed, 0, n)
}

/// The holders from `first` up to `end` of the same sequence: two ranges that do not overlap share no number.
pub fn bulk_from(seed: u64, first: u64, end: u64) -> Bulk {
    Bulk { seed, next: first, end, offices: Offices::read() }
}

impl Iterator for Bulk {
    type Item = BulkHolder;

    fn next(&mut self) -> Option<BulkHolder> {
        (self.next < self.end).then(|| {
            let index = self.next;
            self.next += 1;
            self.holder(index)
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.end - self.next).ok();
        (left.unwrap_or(usize::MAX), left)
    }
}

impl Bulk {
    fn holder(&self, index: u64) -> BulkHolder {
        let mut rng = SplitMix64::of(self.seed, STREAM, index);
        let words = Words::all();
        let person = person(index, &mut rng, words);
        let issuer = |key: &str| Issuer { code: self.offices.code(key), name: self.offices.name(key) };
        let on = |rng: &mut SplitMix64| rng.day_after(day(2016, 1, 4), 3600);
        let household_no = format!("19{index:010}");
        let handler = rng.pick(&words.handlers);
        let founded = on(&mut rng);
        let in_it = Membership {
            household_no: &household_no,
            relation: "02",
            joined_on: founded,
            reason: "3",
            education: Some(rng.pick(&["20", "30", "60", "70"])),
            marital_status: Some("20"),
            work: Some((rng.pick(&words.workplaces), rng.pick(&words.occupations))),
            handler,
        };
        let first = on(&mut rng);
        let estate = Estate {
            serial: u32::try_from(index % 9_999_999).unwrap_or(0),
            location: &person.address,
            area_hundredths: 5000 + rng.below(9000),
            usage: "城镇住宅用地/住宅",
            on: on(&mut rng),
            term_to: day(2065, 12, 31),
        };
        let card_no = format!("6219990000{:09}", index % 1_000_000_000);
        let drafts = [
            id_card(&person, issuer("police"), on(&mut rng)),
            household_front(&person, issuer("police"), &household_no, handler, founded),
            household_member(&person, issuer("police"), in_it),
            social_security_card(&person, issuer("hrss"), rng.pick(&words.banks), card_no, on(&mut rng)),
            driving_licence(
                &person,
                issuer("driver"),
                "C1",
                first,
                first,
                Validity::Until(first.plus_years(6)),
            ),
            real_estate_certificate(vec![person.holder("")], issuer("planning"), estate),
        ];
        BulkHolder { person, drafts }
    }
}

fn person(index: u64, rng: &mut SplitMix64, words: &'static Words) -> Person {
    let female = rng.chance(490);
    // 7919 has no factor in common with the number of days, so each day comes once before any day comes
    // again.
    let born = day(1950, 1, 1).plus_days(i64::try_from(index * 7919 % DAYS).unwrap_or(0));
    let round = index / DAYS;
    let sequence = u32::try_from(2 * (round % SEQUENCES)).unwrap_or(0) + if female { 12 } else { 11 };
    let region = usize::try_from(round / SEQUENCES).ok().and_then(|at| REGIONS.get(at)).unwrap_or(&"190101");
    let given = rng.pick(if female { &words.female } else { &words.male });
    Person {
        code_type: "111",
        code: citizen(region, born, sequence),
        name: format!("{}{given}", rng.pick(&words.surnames)),
        female,
        born,
        ethnic: "01",
        nationality: "中国",
        address: format!(
            "示范省示范市城东区{}{}号{}{}单元{}0{}室",
            rng.pick(&words.streets),
            1 + rng.below(180),
            rng.pick(&words.estates),
            1 + rng.below(4),
            1 + rng.below(17),
            1 + rng.below(4),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_number_comes_twice() {
        let mut rng = SplitMix64::new(0);
        let codes = (0..60_000).map(|index| person(index, &mut rng, Words::all()).code);
        assert_eq!(codes.collect::<HashSet<_>>().len(), 60_000);
    }

    #[test]
    fn the_same_seed_gives_the_same_stream() {
        let drafts = |seed| bulk(seed, 20).flat_map(|holder| holder.drafts).collect::<Vec<_>>();
        assert!(drafts(1) == drafts(1) && drafts(1) != drafts(2));
        assert_eq!(drafts(1).len(), 120);
        assert_eq!(bulk(1, 7).size_hint(), (7, Some(7)));
    }
}
