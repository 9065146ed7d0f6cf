//! Sources on the books: signed events, checked by `fsck`; and the rows of kept answers.

use elicense::catalog::SourceSystem;
use elicense::error::Code;
use elicense::rule::Rule;

use super::*;

on_both! {
    sources_are_signed_events_and_held_by_fsck
    an_edited_answer_is_damage_and_counts_no_more
}

fn sources_are_signed_events_and_held_by_fsck(world: World) {
    let registry = &world.registry;
    ready(registry);
    let good = source("婚姻登记机关", CREMATORIUM, "婚姻登记系统", "http://127.0.0.1:9/q", registry.now());
    let refused = |change: &dyn Fn(&mut SourceSystem)| {
        let mut source = good.clone();
        change(&mut source);
        let error = registry.put_source("test", &source).unwrap_err();
        (error.field.unwrap_or_default().into_owned(), error.rule)
    };
    let far = "http://10.1.1.1/q".to_owned();
    assert_eq!(refused(&|one| one.url = far.clone()), ("url".into(), Some(Rule::SourcePlain)));
    assert_eq!(refused(&|one| one.url = "x".into()), ("url".into(), Some(Rule::SourceUrl)));
    assert_eq!(refused(&|one| one.url = "https://a/".into()), ("roots".into(), Some(Rule::SourceRoots)));
    assert_eq!(refused(&|one| one.timeout_ms = 1), ("timeout".into(), Some(Rule::OutOfRange)));
    assert_eq!(refused(&|one| one.name = ZHOU.into()), ("name".into(), Some(Rule::NumberInText)));
    assert_eq!(
        refused(&|one| one.plain_network = Some(" ".into())),
        ("plain_network".into(), Some(Rule::GroundMissing))
    );
    let unknown =
        registry.put_source("test", &SourceSystem { agency: "x".into(), ..good.clone() }).unwrap_err();
    assert_eq!(unknown.code, Code::IssuerUnknown);
    registry.put_source("test", &good).unwrap();
    registry.put_source("test", &SourceSystem { timeout_ms: 900, ..good.clone() }).unwrap();
    let fault = registry.check_source("婚姻登记机关", CREMATORIUM).unwrap().unwrap_err();
    assert_eq!(fault.wire(), "unreachable");
    assert_eq!(fsck(&world), []);
    registry.end_source("test", "婚姻登记机关", CREMATORIUM, "系统停用，改由省级系统").unwrap();
    let again = registry.end_source("test", "婚姻登记机关", CREMATORIUM, "系统停用").unwrap_err();
    assert_eq!((again.code, again.rule), (Code::NotFound, Some(Rule::SourceUnknown)));
    assert_eq!(checked(&apply(registry, &alone()), "married").1["outcome"], "not_covered");
    assert_eq!(fsck(&world), []);
    world.sql("UPDATE sources SET body = replace(body, '127.0.0.1', '127.0.0.2')");
    assert_eq!(fsck(&world), [("row_differs", "sources")]);
    world.sql("DELETE FROM sources");
    assert_eq!(fsck(&world), [("row_missing", "sources")]);
}

fn an_edited_answer_is_damage_and_counts_no_more(world: World) {
    let registry = &world.registry;
    ready(registry);
    let office = office(registry);
    apply(registry, &alone());
    assert_eq!((office.asked().len(), fsck(&world)), (1, vec![]));
    for (edit, back) in [
        ("at = at + 1", "at = at - 1"),
        ("key_id = key_id + 7", "key_id = key_id - 7"),
        ("valid_until = valid_until + 1000000000", "valid_until = valid_until - 1000000000"),
    ] {
        world.sql(&format!("UPDATE answers SET {edit}"));
        assert_eq!(fsck(&world), [("seal_broken", "answers")], "{edit}");
        world.sql(&format!("UPDATE answers SET {back}"));
        assert_eq!(fsck(&world), [], "{back}");
    }
    // Columns that stand for each other: whose it is, what was asked, which question it was.
    for edit in ["ask = nonce", "hk = nonce", "nonce = hk", "sealed = ask"] {
        world.sql("CREATE TABLE answers_before AS SELECT * FROM answers");
        world.sql(&format!("UPDATE answers SET {edit}"));
        assert_eq!(fsck(&world), [("seal_broken", "answers")], "{edit}");
        world.sql("DELETE FROM answers; INSERT INTO answers SELECT * FROM answers_before; DROP TABLE answers_before");
    }
    assert_eq!(fsck(&world), []);
    world.sql("UPDATE answers SET valid_until = valid_until + 1000000000");
    assert_eq!(checked(&apply(registry, &alone()), "married").0, "checked");
    assert_eq!(office.asked().len(), 2, "a row whose seal is broken answers nothing");
}
