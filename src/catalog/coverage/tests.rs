use super::*;
use proptest::prelude::*;

const TYPE: &str = "11190000MD10009070004";
const HOUR: i64 = 3600;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn at(text: &str) -> Moment {
    text.parse().unwrap()
}

fn named(region: Region) -> String {
    format!("〔{region}〕")
}

fn now() -> Moment {
    at("2026-11-22T01:00:00.000000Z")
}

/// The marriage registrations of the invented province since 2010, complete and alive.
fn province() -> Coverage {
    Coverage {
        type_code: TYPE.to_owned(),
        issuing_system: "示范省婚姻登记系统".to_owned(),
        issuer: "11190000MD10009070".to_owned(),
        issued_from: Some(day("2010-01-01")),
        issued_to: None,
        regions: vec![CoveredRegion { code: "190000".parse().unwrap(), name: "示范省".to_owned() }],
        share_on_file: 1000,
        as_of: at("2026-11-22T00:41:00.000000Z"),
        heartbeat: at("2026-11-22T00:55:00.000000Z"),
        gaps: Vec::new(),
        unbound: 0,
        quarantined: 0,
    }
}

fn asked(region: &str, from: &str, to: &str) -> Question {
    Question::new(TYPE, vec![region.parse().unwrap()], Some(day(from)), Some(day(to))).unwrap()
}

fn whys(coverages: &[Coverage], question: &Question) -> Vec<Why> {
    match absence(coverages, question, now(), HOUR) {
        Absence::NotCovered { parts, .. } => parts.into_iter().map(|part| part.why).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn i13_inside_the_coverage_nothing_found_is_told_in_its_words() {
    let answer = absence(&[province()], &asked("190101", "2010-01-01", "2026-11-22"), now(), HOUR);
    assert_eq!(answer.wire(), "none_within_coverage");
    assert_eq!(
        answer.sentence("结婚证", &named),
        "在示范省婚姻登记系统（2010-01-01以来、示范省范围）内未查询到结婚证记录（截至2026-11-22 08:41:00）"
    );
}

#[test]
fn i13_outside_the_coverage_nothing_is_told() {
    // Of age in 2004, before the system began.
    let early = asked("190101", "2004-03-12", "2026-11-22");
    let Absence::NotCovered { parts, stated } = absence(&[province()], &early, now(), HOUR) else { panic!() };
    assert_eq!((parts[0].from, parts[0].to), (Some(day("2004-03-12")), day("2009-12-31")));
    assert_eq!((parts.len(), stated.len()), (1, 1));
    assert_eq!(whys(&[province()], &early), [Why::Days]);
    assert_eq!(whys(&[province()], &asked("290101", "2010-01-01", "2026-11-22")), [Why::Region]);
    assert_eq!(whys(&[], &early), [Why::NoStatement]);
    let anywhere = Question::new(TYPE, Vec::new(), Some(day("2020-01-01")), Some(day("2020-01-02"))).unwrap();
    assert_eq!(whys(&[province()], &anywhere), [Why::Region]);
    let ever = Question::new(TYPE, vec!["190101".parse().unwrap()], None, None).unwrap();
    assert_eq!(whys(&[province()], &ever), [Why::Days]);
    let complete = Coverage { issued_from: None, ..province() };
    assert_eq!(absence(&[complete], &ever, now(), HOUR).wire(), "none_within_coverage");
    assert!(Question::new(TYPE, Vec::new(), Some(day("2020-01-02")), Some(day("2020-01-01"))).is_err());
}

#[test]
fn rows_that_are_not_bound_or_not_on_file_spoil_their_statement_only() {
    let question = asked("190101", "2005-01-01", "2026-11-22");
    let old = |change: fn(&mut Coverage)| {
        let mut old = Coverage { issued_from: None, issued_to: Some(day("2009-12-31")), ..province() };
        change(&mut old);
        [province(), old]
    };
    assert_eq!(absence(&old(|_| {}), &question, now(), HOUR).wire(), "none_within_coverage");
    assert_eq!(whys(&old(|one| one.share_on_file = 920), &question), [Why::Share(920)]);
    let unbound = whys(&old(|one| one.unbound = 1), &question);
    assert_eq!(unbound, [Why::NotBound { unbound: 1, quarantined: 0 }]);
    let recent = asked("190101", "2010-01-01", "2026-11-22");
    assert_eq!(absence(&old(|one| one.quarantined = 1), &recent, now(), HOUR).wire(), "none_within_coverage");
}

/// Rows without a holder may be of anybody, whoever else says that all is on file.
#[test]
fn i13_no_statement_beside_hides_what_another_does_not_have() {
    let question = asked("190101", "2011-01-01", "2026-11-22");
    let beside = |change: fn(&mut Coverage)| {
        let mut other = Coverage { issuing_system: "另一系统".to_owned(), ..province() };
        change(&mut other);
        [province(), other]
    };
    assert_eq!(absence(&beside(|_| {}), &question, now(), HOUR).wire(), "none_within_coverage");
    let unbound = whys(&beside(|one| one.unbound = 14), &question);
    assert_eq!(unbound, [Why::NotBound { unbound: 14, quarantined: 0 }]);
    assert_eq!(whys(&beside(|one| one.share_on_file = 0), &question), [Why::Share(0)]);
    // Of a part of the region too; not of days or regions that are not asked for.
    let part = beside(|one| {
        one.unbound = 1;
        one.regions[0].code = "190101".parse().unwrap();
    });
    let all = asked("190000", "2011-01-01", "2026-11-22");
    assert_eq!(whys(&part, &all), [Why::NotBound { unbound: 1, quarantined: 0 }]);
    let apart = beside(|one| {
        one.unbound = 1;
        one.regions[0].code = "190102".parse().unwrap();
    });
    assert_eq!(absence(&apart, &question, now(), HOUR).wire(), "none_within_coverage");
    let earlier = beside(|one| {
        one.unbound = 1;
        one.issued_to = Some(day("2010-12-31"));
    });
    assert_eq!(absence(&earlier, &question, now(), HOUR).wire(), "none_within_coverage");
}

#[test]
fn a_hole_does_not_hide_that_a_feed_is_late() {
    let silent = Coverage { heartbeat: at("2026-11-21T23:59:59.000000Z"), ..province() };
    let question = asked("190101", "2000-01-01", "2026-11-22");
    let answer = absence(&[silent], &question, now(), HOUR);
    let Absence::NotCovered { parts, stated } = &answer else { panic!("{answer:?}") };
    let told: Vec<&Why> = parts.iter().map(|part| &part.why).collect();
    assert_eq!(told, [&Why::Days, &Why::Late(at("2026-11-21T23:59:59.000000Z"))]);
    assert!(stated.is_empty(), "what is late was not searched up to now");
}

#[test]
fn an_open_answer_names_what_was_searched_and_every_gap() {
    let gap = Gap { text: "2003年登记簿受潮".to_owned(), from: None, to: None, regions: Vec::new() };
    let old = Coverage {
        issuing_system: "纸质存量".to_owned(),
        issued_from: None,
        issued_to: Some(day("2009-12-31")),
        share_on_file: 640,
        unbound: 41,
        quarantined: 2,
        gaps: vec![gap.clone()],
        ..province()
    };
    let question = asked("190101", "2000-01-01", "2026-11-22");
    let whole = [Why::Share(640), Why::NotBound { unbound: 41, quarantined: 2 }, Why::Gap(gap.text)];
    assert_eq!(whys(&[province(), old.clone()], &question), whole);
    assert_eq!(
        absence(&[province(), old], &question, now(), HOUR).sentence("结婚证", &named),
        "暂无法核验结婚证（已查示范省婚姻登记系统（2010-01-01以来、示范省范围）、纸质存量（2009-12-31以前、示范省范围）；\
         未查明：〔190101〕2000-01-01至2009-12-31：仅接入存量的64.0%、另有待绑定41条、待核2条、2003年登记簿受潮）"
    );
}

#[test]
fn a_gap_concerns_its_days_and_regions() {
    let gap = Gap {
        text: "2013年城西区档案受损".to_owned(),
        from: Some(day("2013-01-01")),
        to: Some(day("2013-12-31")),
        regions: vec!["190102".parse().unwrap()],
    };
    let damaged = [Coverage { gaps: vec![gap.clone()], ..province() }];
    assert_eq!(whys(&damaged, &asked("190102", "2012-01-01", "2026-11-22")), [Why::Gap(gap.text.clone())]);
    assert_eq!(whys(&damaged, &asked("190100", "2012-01-01", "2026-11-22")), [Why::Gap(gap.text)]);
    for inside in [asked("190101", "2012-01-01", "2026-11-22"), asked("190102", "2014-01-01", "2026-11-22")] {
        assert_eq!(absence(&damaged, &inside, now(), HOUR).wire(), "none_within_coverage");
    }
}

#[test]
fn a_late_feed_tells_nothing_unless_its_days_are_over() {
    let question = asked("190101", "2011-01-01", "2026-11-22");
    let silent = Coverage { heartbeat: at("2026-11-21T23:59:59.000000Z"), ..province() };
    let answer = absence(std::slice::from_ref(&silent), &question, now(), HOUR);
    assert_eq!(answer.wire(), "feed_late");
    assert_eq!(
        answer.sentence("结婚证", &named),
        "暂无法核验结婚证（示范省婚姻登记系统自2026-11-22 07:59:59起未更新）"
    );
    let ahead = Coverage { heartbeat: at("2026-11-23T01:00:00.000000Z"), ..province() };
    assert_eq!(absence(&[ahead], &question, now(), HOUR).wire(), "feed_late");
    let second = Coverage { issuing_system: "备用".to_owned(), ..province() };
    assert_eq!(absence(&[silent.clone(), second], &question, now(), HOUR).wire(), "none_within_coverage");
    let closed = Coverage { issued_to: Some(day("2019-12-31")), ..silent };
    assert_eq!(
        absence(std::slice::from_ref(&closed), &asked("190101", "2011-01-01", "2019-12-31"), now(), HOUR)
            .wire(),
        "none_within_coverage"
    );
    assert_eq!(whys(&[closed], &question), [Why::Days]);
}

#[test]
fn i13_no_sentence_says_that_there_is_none() {
    let spoilt = Coverage { unbound: 7, quarantined: 2, ..province() };
    let silent = Coverage { heartbeat: at("2026-01-01T00:00:00.000000Z"), ..province() };
    let questions =
        [asked("190101", "2011-01-01", "2026-11-22"), asked("290101", "1990-01-01", "2026-11-22")];
    for coverages in [
        vec![],
        vec![province()],
        vec![spoilt],
        vec![silent],
        vec![Coverage { share_on_file: 10, ..province() }],
    ] {
        for question in &questions {
            let said = absence(&coverages, question, now(), HOUR)
                .sentence("结婚证", &named)
                .replace("暂无法核验", "");
            for word in ["无", "未婚", "没有", "不存在"] {
                assert!(!said.contains(word), "{said}");
            }
        }
    }
}

proptest! {
    /// The rule in a second form, day by day, must agree with the arithmetic of spans.
    #[test]
    fn spans_agree_with_counting_days(
        spans in prop::collection::vec((0_i32..60, 0_i32..30, any::<bool>()), 0..5),
        gaps in prop::collection::vec((0_i32..60, 0_i32..10), 0..3),
        from in 0_i32..60,
        length in 0_i32..40,
    ) {
        let base = day("2020-01-01").number();
        let at_day = |offset: i32| Day::from_number(base + offset).unwrap();
        let statements: Vec<Coverage> = spans.iter().map(|(start, days, sound)| Coverage {
            issued_from: Some(at_day(*start)),
            issued_to: Some(at_day(start + days)),
            share_on_file: if *sound { 1000 } else { 999 },
            gaps: gaps.iter().map(|(start, days)| Gap {
                text: "缺".into(), from: Some(at_day(*start)), to: Some(at_day(start + days)), regions: Vec::new(),
            }).collect(),
            ..province()
        }).collect();
        let lies = |span: &(i32, i32), offset: i32| span.0 <= offset && offset <= span.0 + span.1;
        let missing: Vec<i32> = (from..=from + length).filter(|offset| {
            gaps.iter().any(|gap| lies(gap, *offset))
                || spans.iter().any(|(start, days, sound)| !*sound && lies(&(*start, *days), *offset))
                || !spans.iter().any(|(start, days, sound)| *sound && lies(&(*start, *days), *offset))
        }).collect();
        let question = Question::new(TYPE, vec!["190101".parse().unwrap()], Some(at_day(from)), Some(at_day(from + length))).unwrap();
        let told: Vec<i32> = match absence(&statements, &question, now(), HOUR) {
            Absence::NotCovered { parts, .. } => parts.iter()
                .flat_map(|part| part.from.unwrap().number()..=part.to.number()).map(|number| number - base).collect(),
            Absence::NoneWithinCoverage(_) => Vec::new(),
            late => panic!("{late:?}"),
        };
        let mut told = told;
        told.sort_unstable();
        told.dedup();
        prop_assert_eq!(told, missing);
    }
}
