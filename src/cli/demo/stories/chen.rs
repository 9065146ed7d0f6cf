//! 周海燕, 陈志远 and their children.
//!
//! Bound to 周海燕 are six records: ID card, household card, social security card, real-estate certificate and the
//! birth certificates of both children. Her marriage certificate of 2012-05-20 names no number: it is among the
//! unbound rows of the coverage statement for the years to 2012-06-30 and never a record here.

use super::stage::{Stage, citizen_of};
use crate::cli::demo::faces::{
    Birth, Estate, Issuer, Person, birth_certificate, driving_licence, household_front,
    real_estate_certificate, social_security_card,
};
use crate::cli::demo::numbers::{day, years_before};
use crate::clock::Day;
use crate::record::payload::Validity;
use crate::store::{HolderState, LinkKind};

const ADDRESS: &str = "示范省示范市城东区青石巷18号青石小区2单元1003室";
const HOUSEHOLD: &str = "190101000001";
/// Number of the newborn's birth certificate, and its code until it has another.
const NEWBORN: &str = "T190101027";

pub(super) fn family(stage: &mut Stage<'_>) {
    let mother = citizen_of("周海燕", "190101198803120021", ADDRESS);
    let father = citizen_of("陈志远", "190101198607250013", ADDRESS);
    let son = citizen_of("陈子墨", "190101201605060018", ADDRESS);
    let daughter = citizen_of("陈一诺", "190101202610180027", ADDRESS);
    household(stage, &father, &mother, &son);

    stage.card(&mother, day(2014, 4, 2));
    stage.card(&father, day(2016, 8, 2));
    stage.card(&son, day(2022, 7, 11));
    let hrss = stage.issuer("hrss");
    for (person, bank, card_no, on) in [
        (&mother, "示范银行城东支行", "6219990000190100021", day(2019, 6, 3)),
        (&father, "示范银行城东支行", "6219990000190100013", day(2018, 11, 19)),
        (&son, "示范农商银行河湾支行", "6219990000190100018", day(2022, 8, 29)),
    ] {
        stage.script.issue(social_security_card(person, hrss, bank, card_no.to_owned(), on));
    }
    driving(stage, &father);

    let estate = Estate {
        serial: 190_001,
        location: ADDRESS,
        area_hundredths: 8_964,
        usage: "城镇住宅用地/住宅",
        on: day(2017, 3, 15),
        term_to: day(2078, 9, 30),
    };
    let owners = vec![mother.holder(""), father.holder("")];
    stage.script.issue(real_estate_certificate(owners, stage.issuer("planning"), estate));

    let maternity = stage.issuer("maternity");
    birth(stage, maternity, (&son, &mother, &father), "P190101011", "06:42", day(2016, 5, 9));
    newborn(stage, (&daughter, &mother, &father));
}

fn household(stage: &mut Stage<'_>, father: &Person, mother: &Person, son: &Person) {
    let (police, founded) = (stage.issuer("police"), day(2013, 3, 18));
    stage.script.issue(household_front(father, police, HOUSEHOLD, "石磊", founded));
    stage.member(father, HOUSEHOLD, "02", founded, "3");
    stage.member(mother, HOUSEHOLD, "12", founded, "2");
    stage.member(son, HOUSEHOLD, "20", day(2016, 5, 30), "1");
}

/// The father's driving licence ends in 20 days.
fn driving(stage: &mut Stage<'_>, father: &Person) {
    let end = stage.script.today.plus_days(20);
    let from = years_before(end, 10);
    let first = years_before(from, 6);
    let licence = driving_licence(father, stage.issuer("driver"), "C1", first, from, Validity::Until(end));
    stage.script.issue(licence);
}

type Three<'a> = (&'a Person, &'a Person, &'a Person);

fn birth(
    stage: &mut Stage<'_>,
    issuer: Issuer<'_>,
    (child, mother, father): Three<'_>,
    number: &str,
    at: &str,
    on: Day,
) {
    let birth = Birth { child, mother, father: Some(father), number, at, weight_g: 3_320, on };
    stage.script.issue(birth_certificate(issuer, birth));
}

/// Born on 2026-10-18 without a number; registered, and linked, on 2026-11-10.
fn newborn(stage: &mut Stage<'_>, (daughter, mother, father): Three<'_>) {
    let unnumbered = Person { code_type: "999", code: NEWBORN.to_owned(), ..daughter.clone() };
    let (issued, registered) = (day(2026, 10, 22), day(2026, 11, 10));
    let maternity = stage.issuer("maternity");
    birth(stage, maternity, (&unnumbered, mother, father), NEWBORN, "21:07", issued);
    stage.script.life(unnumbered.coded(), HolderState::Provisional, issued, "出生医学证明签发，尚未登记户口");
    stage.member(daughter, HOUSEHOLD, "30", registered, "1");
    stage.script.link(LinkKind::SamePerson, unnumbered.coded(), daughter.coded(), registered);
}
