//! Invented people: who walks through numbers is stopped within a hundred of them, and who serves people is not.

use proptest::prelude::*;

use super::*;

/// Numbers that look like chance and come again for the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// One of the sequences `1 ..= end`.
    fn sequence(&mut self, end: u64) -> u16 {
        u16::try_from(1 + self.below(end)).unwrap()
    }

    fn percent(&mut self, of: u64) -> bool {
        self.below(100) < of
    }
}

fn now() -> Moment {
    "2026-11-22T03:00:00.000000Z".parse().unwrap()
}

fn hash(parts: [u64; 2]) -> [u8; 16] {
    let mut out = [0; 16];
    out[..8].copy_from_slice(&parts[0].to_be_bytes());
    out[8..].copy_from_slice(&parts[1].to_be_bytes());
    out
}

/// One person: region, day of birth, sequence, and whether nothing of it is here.
type Person = (u64, u64, u16, bool);

fn tried(actor: &str, day: Day, (region, born, sequence, unknown): Person) -> Tried {
    let holder = HolderKey::from_bytes(hash([region << 32 | born, u64::from(sequence)]));
    let birthday = Some((hash([region, born]), sequence));
    Tried { day, actor: actor.into(), holder, region: Some(hash([region, u64::MAX])), birthday, unknown }
}

fn ask(walks: &Walks, person: Person) -> Option<Alarm> {
    let holder = tried("a", now().day(), person).holder;
    walks.asked(("a", holder), now(), |day| tried("a", day, person))
}

/// After how many of these people, each asked for once, the alarm comes.
fn stopped_after(people: impl IntoIterator<Item = Person>) -> Option<(usize, AlarmKind)> {
    let walks = Walks::default();
    people.into_iter().zip(1..).find_map(|(person, at)| ask(&walks, person).map(|alarm| (at, alarm.kind)))
}

/// Lifetimes of the people of a district, in days.
const LIVES: u64 = 31_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// 300 people of one district in a day; of up to six in ten nothing is here.
    #[test]
    fn a_clerk_of_one_district_is_not_stopped(seed: u64, strangers in 0_u64..=60) {
        let mut chance = Chance(seed);
        let people: Vec<Person> = (0..300)
            .map(|_| (1, chance.below(LIVES), chance.sequence(400), chance.percent(strangers)))
            .collect();
        prop_assert_eq!(stopped_after(people), None);
    }

    /// A family among others: parents, and twins whose numbers follow each other.
    #[test]
    fn families_with_numbers_that_follow_each_other_are_not_stopped(seed: u64) {
        let mut chance = Chance(seed);
        let mut people = Vec::new();
        for _ in 0..75 {
            let (born, first) = (chance.below(6_000), chance.sequence(400));
            people.extend([(1, 10_000 + born, 5, false), (1, 10_100 + born, 8, false)]);
            people.extend([(1, born, first, true), (1, born, first + 1, true)]);
        }
        prop_assert_eq!(stopped_after(people), None);
    }

    /// A school takes in the children of one year: many share a birthday.
    #[test]
    fn the_children_of_one_year_are_not_stopped(seed: u64) {
        let mut chance = Chance(seed);
        let people: Vec<Person> =
            (0..300).map(|_| (1, chance.below(365), chance.sequence(12), chance.percent(40))).collect();
        prop_assert_eq!(stopped_after(people), None);
    }

    /// One number after the other, up or down, by one or within one sex; hardly any of them is somebody's.
    #[test]
    fn numbers_one_after_the_other_are_stopped(seed: u64, step in 1_u16..=2, down: bool) {
        let mut chance = Chance(seed);
        let people: Vec<Person> = (0..100)
            .map(|at| (1, 7, if down { 999 - at * step } else { 1 + at * step }, chance.percent(97)))
            .collect();
        let (at, _) = stopped_after(people).unwrap();
        prop_assert!(at <= 24, "{}", at);
    }

    /// Known to be somebody's, all of them: only that they follow each other gives it away.
    #[test]
    fn known_numbers_one_after_the_other_are_stopped(seed: u64) {
        let first = Chance(seed).sequence(800);
        let people = (0..100).map(|at| (1, 7, first + at, false));
        prop_assert_eq!(stopped_after(people), Some((RUN, AlarmKind::Sequence)));
    }

    /// One birthday, sequences in any order.
    #[test]
    fn a_birthday_is_not_tried_out(seed: u64, unknown: bool) {
        let mut chance = Chance(seed);
        let mut sequences: Vec<u16> = (1..1000).collect();
        for at in (1..sequences.len()).rev() {
            let other = usize::try_from(chance.below(u64::try_from(at).unwrap() + 1)).unwrap();
            sequences.swap(at, other);
        }
        let people = sequences.into_iter().take(100).map(|sequence| (1, 7, sequence, unknown));
        let (at, _) = stopped_after(people).unwrap();
        prop_assert!(at <= if unknown { BIRTHDAY_UNKNOWN } else { BIRTHDAY }, "{}", at);
    }

    /// One region: birthdays one after the other, or in any order.
    #[test]
    fn a_region_is_not_tried_out(seed: u64, in_order: bool) {
        let mut chance = Chance(seed);
        let people: Vec<Person> = (0..100)
            .map(|at| {
                let born = if in_order { at } else { chance.below(LIVES) };
                (1, born, chance.sequence(999), chance.percent(98))
            })
            .collect();
        let (at, kind) = stopped_after(people).unwrap();
        prop_assert!(at <= 100 && kind == AlarmKind::Region, "{} {:?}", at, kind);
    }

    /// Any numbers that have a right check character.
    #[test]
    fn numbers_of_the_whole_country_are_not_tried_out(seed: u64) {
        let mut chance = Chance(seed);
        let people: Vec<Person> = (0..100)
            .map(|_| (chance.below(3_000), chance.below(LIVES), chance.sequence(999), chance.percent(98)))
            .collect();
        let (at, kind) = stopped_after(people).unwrap();
        prop_assert!(at <= 100 && kind == AlarmKind::Unknown, "{} {:?}", at, kind);
    }
}

#[test]
fn the_babies_of_one_day_are_not_stopped() {
    assert_eq!(stopped_after((1..=30).map(|at| (1, 7, at, at % 2 == 0))), None);
}

#[test]
fn the_same_people_again_are_no_walk() {
    let walks = Walks::default();
    for _ in 0..100 {
        for at in 1..=11 {
            assert_eq!(ask(&walks, (1, 7, at, true)), None);
        }
    }
}

#[test]
fn what_was_asked_of_another_process_counts_and_a_lift_lets_strangers_pass() {
    let (here, there) = (Walks::default(), Walks::default());
    for at in 0..59 {
        assert_eq!(ask(&there, (1, at, 1, true)), None);
    }
    let (told, _) = there.drain();
    assert_eq!(told.len(), 59);
    told.iter().for_each(|tried| here.note(tried, now()));
    let alarm = ask(&here, (1, 60, 1, true)).unwrap();
    assert_eq!((alarm.kind, alarm.tries, here.raised()), (AlarmKind::Region, 60, 1));
    assert_eq!(here.stopped("a", now()), Some(now().plus_seconds(STOP_S)));
    assert_eq!(here.stopped("a", now().plus_seconds(STOP_S)), None, "the stop ends");
    assert_eq!(here.stopped("b", now()), None);
    // The other process hears of it, and what was asked before counts no more.
    there.take_alarms(std::slice::from_ref(&alarm), now());
    assert_eq!(there.stopped("a", now()), Some(alarm.until));
    // Until it is written the database does not have it.
    here.take_alarms(&[], now());
    assert!(here.stopped("a", now()).is_some());
    here.written(std::slice::from_ref(&alarm));
    let lifted = Alarm { lifted: Some((now(), "operator".into())), ..alarm };
    for walks in [&here, &there] {
        walks.take_alarms(std::slice::from_ref(&lifted), now());
        assert_eq!(walks.stopped("a", now()), None);
        for at in 100..200 {
            assert_eq!(ask(walks, (1, at, 1, true)), None, "strangers pass for the rest of the day");
        }
        assert!((1..20).any(|at| ask(walks, (1, 300, at, true)).is_some()), "numbers in a row do not");
    }
}

#[test]
fn a_new_day_begins_anew() {
    let walks = Walks::default();
    for at in 1..=11 {
        assert_eq!(ask(&walks, (1, 7, at, true)), None);
    }
    let tomorrow = now().plus_seconds(86_400);
    let person = (1, 7, 12, true);
    let holder = tried("a", now().day(), person).holder;
    assert_eq!(walks.asked(("a", holder), tomorrow, |day| tried("a", day, person)), None);
}
