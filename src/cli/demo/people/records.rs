//! The families' records: issued, renewed, suspended, ended, as of today.

use super::family::Family;
use super::lives::{driving_term, id_card_ending, id_cards};
use crate::catalog::Custody;
use crate::cli::demo::agencies::Offices;
use crate::cli::demo::faces::{
    Birth, Death, Disability, Estate, Issuer, Membership, Pair, Person, birth_certificate, death_certificate,
    disability_certificate, divorce_certificate, driving_licence, face, household_front, household_member,
    id_card, id_card_term, marriage_certificate, real_estate_certificate, social_security_card,
};
use crate::cli::demo::numbers::{day, years_before};
use crate::cli::demo::random::SplitMix64;
use crate::cli::demo::script::{Place, Script, Version};
use crate::cli::demo::steps::{Act, DraftHolder, Entry};
use crate::cli::demo::words::Words;
use crate::clock::Day;
use crate::record::action::Action;
use crate::record::payload::Validity;
use crate::store::HolderState;

/// Kind of the random streams of this file.
const STREAM: u64 = 0x52;

/// Adds the steps of one family.
pub fn records(script: &mut Script, offices: &Offices, seed: u64, family: &Family) {
    let rng = SplitMix64::of(seed, STREAM, u64::from(family.index));
    let mut desk = Desk { script, offices, rng, words: Words::all(), family };
    desk.household();
    desk.marriage();
    desk.births();
    desk.home();
    for (nth, (person, _)) in family.members().enumerate() {
        // A number for each person, which decides about the rarer events.
        let fate = family.index * 7 + u32::try_from(nth).unwrap_or(0);
        let died_on = desk.death(person, fate);
        let card = desk.id_card(person, fate, died_on);
        if let Some(died_on) = died_on {
            desk.script.act(
                card,
                Action::Cancel,
                offices.code("police"),
                "公民死亡，注销居民身份证",
                died_on.plus_days(21),
            );
            continue;
        }
        desk.social_security(person);
        desk.driving(person, fate);
        desk.disability(person, fate);
    }
}

struct Desk<'a> {
    script: &'a mut Script,
    offices: &'a Offices,
    rng: SplitMix64,
    words: &'static Words,
    family: &'a Family,
}

impl<'a> Desk<'a> {
    fn issuer(&self, key: &str) -> Issuer<'a> {
        Issuer { code: self.offices.code(key), name: self.offices.name(key) }
    }

    fn household(&mut self) {
        let (family, police) = (self.family, self.issuer("police"));
        let founded = family.married_on.plus_days(120).max(day(1986, 3, 1));
        let handler = self.rng.pick(&self.words.handlers);
        self.script.issue(household_front(&family.head, police, &family.household_no, handler, founded));
        for (person, relation) in family.members() {
            let born_into_it = person.born > founded;
            let in_it = Membership {
                household_no: &family.household_no,
                relation,
                joined_on: if born_into_it { person.born.plus_days(25) } else { founded },
                reason: if born_into_it {
                    "1"
                } else if relation == "02" {
                    "3"
                } else {
                    "2"
                },
                education: (!born_into_it).then(|| self.rng.pick(&["20", "30", "40", "60", "70"])),
                marital_status: (relation == "11" || relation == "12").then_some("20"),
                work: (!born_into_it && self.rng.chance(600))
                    .then(|| (self.rng.pick(&self.words.workplaces), self.rng.pick(&self.words.occupations))),
                handler,
            };
            self.script.issue(household_member(person, police, in_it));
        }
    }

    /// Marriages before 2000 stand in the register without numbers of the spouses: none of them is bound.
    fn marriage(&mut self) {
        let (family, civil) = (self.family, self.issuer("civil"));
        if family.married_on.year() < 2000 {
            return;
        }
        let number = format!("J190101-{}-{:06}", family.married_on.year(), 1000 + family.index);
        let registrar = self.rng.pick(&self.words.registrars);
        let pair = Pair {
            one: &family.head,
            other: &family.spouse,
            number: &number,
            on: family.married_on,
            registrar,
        };
        if family.index % 16 == 5 {
            // Married in the neighbouring province: known of, kept there.
            self.script.directory(Entry {
                type_code: "marriage_certificate".to_owned(),
                holders: [&family.head, &family.spouse].map(|spouse| spouse.holder("spouse")).to_vec(),
                custody: Custody::Elsewhere,
                name: "结婚证".to_owned(),
                number: Some(format!("J290100-{}-{:06}", family.married_on.year(), 1000 + family.index)),
                office: self.offices.name("neighbour_civil").to_owned(),
                issuer: self.offices.code("neighbour_civil").to_owned(),
            });
            return;
        }
        let married = self.script.issue(marriage_certificate(civil, pair));
        if family.index % 12 == 7 {
            let on = family.married_on.plus_years(6);
            let number = format!("L190101-{}-{:06}", on.year(), 1000 + family.index);
            let divorced =
                self.script.issue(divorce_certificate(civil, Pair { number: &number, on, ..pair }));
            if let (Some(of), Some(_)) = (married, divorced) {
                let lapse = Act::new(of, Action::Lapse, civil.code, "双方已登记离婚", on);
                self.script.put_act(Act { by_rule: true, ..lapse });
            }
        } else if family.index % 12 == 3 {
            let reissued = Version {
                changes: face! { issue_kind: "3", remarks: "原证遗失，补发" },
                ..Version::default()
            };
            let on = family.married_on.plus_years(8);
            self.script.version(
                married,
                Action::Reissue,
                civil.code,
                "当事人申请补领婚姻登记证",
                on,
                reissued,
            );
        }
    }

    /// Issued before the child had a number; bound to the number once the household register had given one.
    fn births(&mut self) {
        let (family, (mother, father)) = (self.family, self.family.couple());
        for (nth, child) in family.children.iter().enumerate() {
            let child = &child.person;
            // 1996-01-01 is the first day of this certificate.
            if child.born < day(1996, 1, 1) {
                continue;
            }
            let number = format!(
                "{}{:06}{nth:03}",
                if child.born.year() < 2014 { 'N' } else { 'T' },
                190_000 + family.index
            );
            let at = format!("{:02}:{:02}", self.rng.below(24), self.rng.below(60));
            let birth = Birth {
                child,
                mother,
                father: (!self.rng.chance(60)).then_some(father),
                number: &number,
                at: &at,
                weight_g: 2800 + self.rng.below(1200),
                on: child.born.plus_days(4),
            };
            let of = self.script.issue(birth_certificate(self.issuer("maternity"), birth));
            if family.index % 20 == 9 {
                let changes = face! { weight_g: birth.weight_g + 10 };
                let on = birth.on.plus_days(40);
                let corrected = Version { changes, ..Version::default() };
                let by = self.offices.code("maternity");
                self.script.version(of, Action::Correct, by, "签发时体重录入错误，予以更正", on, corrected);
            }
        }
    }

    fn home(&mut self) {
        let (family, planning) = (self.family, self.issuer("planning"));
        if !self.rng.chance(650) {
            return;
        }
        let on = self.rng.day_after(family.married_on.plus_years(2).max(day(2015, 3, 2)), 2600);
        let estate = Estate {
            serial: 1_000_000 + family.index * 37,
            location: &family.head.address,
            area_hundredths: 5500 + self.rng.below(9000),
            usage: "城镇住宅用地/住宅",
            on,
            term_to: day(2060, 6, 30).plus_days(i64::from(self.rng.below(9000))),
        };
        let owner = |person: &Person, share: Option<&str>| DraftHolder {
            share: share.map(str::to_owned),
            ..person.holder("")
        };
        let owners = match family.index % 4 {
            0 => vec![owner(&family.head, None)],
            1 => vec![owner(&family.head, Some("2/3")), owner(&family.spouse, Some("1/3"))],
            _ => vec![owner(&family.head, None), owner(&family.spouse, None)],
        };
        let of = self.script.issue(real_estate_certificate(owners, planning, estate));
        match family.index {
            18 | 42 => {
                let ground = "因公共利益需要提前收回国有建设用地使用权";
                self.script.act(of, Action::Withdraw, planning.code, ground, on.plus_days(400));
            }
            11 | 34 => {
                let mortgage_free =
                    Version { changes: face! { remarks: "抵押权已注销" }, ..Version::default() };
                self.script.version(
                    of,
                    Action::Change,
                    planning.code,
                    "权利人申请变更登记",
                    on.plus_days(700),
                    mortgage_free,
                );
            }
            25 => self.script.dispute(
                of,
                &["area"],
                self.script.today.plus_days(-9),
                "权利人称实测面积与登记面积不符",
            ),
            _ => {}
        }
    }

    fn death(&mut self, person: &Person, fate: u32) -> Option<Day> {
        if person.born.year() > 1953 || !self.rng.chance(300) {
            return None;
        }
        // After the last day on which `home` registers anything, so that no dead person buys a house.
        let died_on = self.rng.day_after(day(2022, 5, 1), 1300);
        let (health, number) = (self.issuer("health"), format!("19010{:05}", 20_000 + fate));
        let cause = self.rng.pick(&self.words.causes);
        let death =
            Death { number: &number, died_on, place: &person.address, cause, on: died_on.plus_days(1) };
        let certificate = self.script.issue(death_certificate(person, health, death));
        self.script.life(
            person.coded(),
            HolderState::Deceased,
            died_on.plus_days(21),
            "户口登记机关注销户口",
        );
        certificate.map(|_| died_on)
    }

    fn id_card(&mut self, person: &Person, fate: u32, died_on: Option<Day>) -> Place {
        let (police, today) = (self.issuer("police"), self.script.today);
        let wanted = match fate % 17 {
            4 => id_card_ending(person, today.plus_days(20)),
            9 => id_card_ending(person, today.plus_days(-265)),
            _ => None,
        };
        if let (Some(from), None) = (wanted, died_on) {
            return self.script.issue(id_card(person, police, from));
        }
        let age = if self.rng.chance(500) { 16 } else { 1 + self.rng.below(15) };
        let first = self.rng.day_after(person.born.plus_years(age), 200);
        let cards = id_cards(person, first, died_on.unwrap_or(today));
        match cards.as_slice() {
            [.., before, last] if fate.is_multiple_of(3) => {
                let of = self.script.issue(id_card(person, police, *before));
                let valid_to = id_card_term(person.born, *last);
                let printed = match valid_to {
                    Validity::Until(end) => end.to_string(),
                    Validity::LongTerm => "长期".to_owned(),
                };
                let changes = face! { valid_from: last.to_string(), valid_to: printed };
                let renewed = Version { changes, valid_from: Some(*last), valid_to: Some(valid_to) };
                self.script.version(of, Action::Renew, police.code, "有效期满换领", *last, renewed);
                of
            }
            [.., last] => self.script.issue(id_card(person, police, *last)),
            [] => None,
        }
    }

    fn social_security(&mut self, person: &Person) {
        if !self.rng.chance(800) {
            return;
        }
        let hrss = self.issuer("hrss");
        let on = self.rng.day_after(day(2012, 1, 4), 4300).max(person.born.plus_days(90));
        let card_no = format!("6219990000{:09}", self.rng.below(999_999_999));
        let bank = self.rng.pick(&self.words.banks);
        let of = self.script.issue(social_security_card(person, hrss, bank, card_no, on));
        let end = on.plus_years(10);
        if end < self.script.today && self.rng.chance(700) {
            let again = end.plus_days(-20);
            let valid_to = again.plus_years(10);
            let changes = face! { issued_on: again.to_string(), valid_to: valid_to.to_string() };
            let renewed = Version { changes, valid_from: None, valid_to: Some(Validity::Until(valid_to)) };
            self.script.version(of, Action::Renew, hrss.code, "有效期满换发", again, renewed);
        }
    }

    fn driving(&mut self, person: &Person, fate: u32) {
        let (driver, today) = (self.issuer("driver"), self.script.today);
        let grown = person.born.plus_years(19).max(day(1998, 5, 1));
        if !self.rng.chance(500) || person.born.year() < 1955 {
            return;
        }
        let first = self.rng.day_after(grown, 1800);
        let class = self.rng.pick(&["C1", "C1", "C1", "C2", "B2", "A2"]);
        let (from, valid_to) = match fate % 19 {
            // One that ran out 40 days ago and was not renewed.
            6 if first < years_before(today, 7) => {
                let end = today.plus_days(-40);
                (years_before(end, 6), Validity::Until(end))
            }
            _ => driving_term(first, today),
        };
        let of = self.script.issue(driving_licence(person, driver, class, first.min(from), from, valid_to));
        let since = self.script.today.plus_days(-75).max(from);
        match fate % 13 {
            2 => {
                self.script.act(
                    of,
                    Action::Suspend,
                    driver.code,
                    "严重道路交通违法，暂扣驾驶证六个月",
                    since,
                );
            }
            5 => {
                let on = from.plus_days(60);
                self.script.act(of, Action::Suspend, driver.code, "一个记分周期内记满十二分", on);
                self.script.act(of, Action::Restore, driver.code, "学习考试合格，发还", on.plus_days(30));
            }
            8 => {
                self.script.act(
                    of,
                    Action::Revoke,
                    driver.code,
                    "违反道路交通安全法，吊销机动车驾驶证",
                    since,
                );
            }
            11 => {
                let due = Act {
                    review_due: Some(today.plus_days(180)),
                    ..Act::new(0, Action::Endorse, driver.code, "审验合格", since)
                };
                if let Some(of) = of {
                    self.script.put_act(Act { of, ..due });
                }
            }
            _ => {}
        }
    }

    fn disability(&mut self, person: &Person, fate: u32) {
        if !self.rng.chance(70) {
            return;
        }
        let disabled = self.issuer("disabled");
        let on = self.rng.day_after(person.born.plus_years(3).max(day(2013, 5, 1)), 3600);
        let (category, grade) =
            (self.rng.pick(&["1", "2", "3", "4", "4", "5", "6"]), self.rng.pick(&["1", "2", "3", "4"]));
        let guarded = matches!(category, "5" | "6") || person.age_on(on) < 18;
        let guardian =
            if person.code == self.family.head.code { &self.family.spouse } else { &self.family.head };
        let relation = if person.code == self.family.spouse.code { "配偶" } else { "家庭成员" };
        let says = Disability { category, grade, guardian: guarded.then_some((guardian, relation)) };
        let of = self.script.issue(disability_certificate(person, disabled, says, on));
        let later = on.plus_days(900);
        match fate % 5 {
            0 => {
                self.script.act(
                    of,
                    Action::TransferOut,
                    disabled.code,
                    "持证人户籍迁往邻江市，证件转出",
                    later,
                );
            }
            1 => {
                self.script.act(of, Action::Lapse, disabled.code, "评定的残疾情形消失", later);
            }
            _ => {}
        }
    }
}
