//! The region list: that it can be read whole, and its history.

use super::*;

const TSV: &str = include_str!("../../../schema/regions.tsv");

#[test]
fn the_builtin_list_is_read_to_its_last_line_and_is_sorted() {
    let rows: Vec<_> = TSV.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() > 8000);
    let keys: Vec<_> =
        rows.iter().map(|row| row.split('\t').step_by(2).collect::<Vec<_>>()[..2].to_vec()).collect();
    assert!(keys.is_sorted());
    for row in &rows {
        let code = row.split('\t').next().unwrap();
        assert_ne!(Regions::builtin().status(code), RegionStatus::Unknown, "{row}");
    }
    assert_eq!(Regions::with(TSV).err(), None, "every line keeps the layout");
}

#[test]
fn codes_that_ended_are_told_with_name_and_last_year() {
    let ended = [
        ("110103", "崇文区", 2009),
        ("110104", "宣武区", 2009),
        ("310103", "卢湾区", 2010),
        ("320586", "吴县市", 1999),
        ("371081", "文登市", 2013),
        ("120221", "宁河县", 2014),
        ("330103", "下城区", 2020),
    ];
    for (code, name, until) in ended {
        assert_eq!(Regions::builtin().status(code), RegionStatus::Abolished { name, until });
        assert_eq!(Regions::builtin().name_on(code, until), Some(name));
        assert_eq!(Regions::builtin().name_on(code, until + 1), None);
    }
    assert_eq!(
        Regions::builtin().status("500154"),
        RegionStatus::Current { name: "开州区", from: Some(2016) }
    );
}

#[test]
fn a_code_that_was_given_again_has_the_name_of_the_year() {
    let regions = Regions::builtin();
    assert_eq!(regions.name_on("120110", 1990), Some("东郊区"));
    assert_eq!(regions.name_on("120110", 1992), Some("东丽区"));
    assert_eq!(regions.name("120110"), Some("东丽区"));
}

#[test]
fn a_full_name_goes_from_province_to_county_and_says_nothing_twice() {
    let regions = demo();
    let full = |code| regions.full_name(code);
    assert_eq!(full("190101").as_deref(), Some("示范省示范市城东区"));
    assert_eq!(full("190100").as_deref(), Some("示范省示范市"));
    assert_eq!(full("190000").as_deref(), Some("示范省"));
    assert_eq!(full("190104").as_deref(), Some("示范省示范市云岭县"));
    assert_eq!(full("110105").as_deref(), Some("北京市朝阳区"));
    assert_eq!(full("110103").as_deref(), Some("北京市崇文区"));
    assert_eq!(full("440305").as_deref(), Some("广东省深圳市南山区"));
    assert_eq!(full("111111"), None);
    assert_eq!(regions.full_name_on("190121", 2010), None);
    assert_eq!(regions.full_name_on("190104", 2010).as_deref(), Some("示范省示范市云岭县"));
}

#[test]
fn no_code_of_the_demo_was_ever_a_real_one() {
    for row in
        include_str!("../../../fixtures/regions.demo.tsv").lines().filter(|line| !line.starts_with('#'))
    {
        assert_eq!(Regions::builtin().status(&row[..6]), RegionStatus::Unknown, "{row}");
        assert_ne!(demo().status(&row[..6]), RegionStatus::Unknown, "{row}");
    }
    let prefixes = |line: &&str| line.starts_with("19") || line.starts_with("29");
    assert_eq!(TSV.lines().filter(prefixes).count(), 0);
}

#[test]
fn a_list_that_breaks_the_layout_is_refused_at_its_line() {
    let broken = [
        ("190000\t示范省", "columns"),
        ("190000\t示范省\t\t\t", "columns"),
        ("19000\t示范省\t\t", "code"),
        ("19000x\t示范省\t\t", "code"),
        ("190000\t\t\t", "name"),
        ("190000\t示范省\t199\t", "year"),
        ("190000\t示范省\t\t20l0", "year"),
    ];
    for (row, rule) in broken {
        let fault = Regions::with(&format!("# head\n\n{row}\n")).unwrap_err();
        assert_eq!(fault, RegionListFault { line: 3, rule }, "{row}");
    }
    assert_eq!(Regions::builtin().status("1101"), RegionStatus::Unknown);
    assert_eq!(Regions::builtin().status("+11010"), RegionStatus::Unknown);
}
