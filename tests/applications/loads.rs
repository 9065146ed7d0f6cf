//! Loading items: a check finds what a load refuses, and two loads at once are both answered.

use std::sync::Barrier;

use serde_json::{Value, json};

use super::common::World;
use super::{ITEM, item, people_settled, ready};
use elicense::catalog::bundles::BundleDef;
use elicense::catalog::items::{ItemDef, ItemFindingKind};
use elicense::error::{Code, Error};
use elicense::registry::Registry;
use elicense::rule::Rule;

fn made(change: impl Fn(&mut Value)) -> ItemDef {
    let mut item = item();
    change(&mut item);
    serde_json::from_value(item).unwrap()
}

/// A rule, and the change of the item that breaks it.
type Wrong<'a> = (Rule, &'a dyn Fn(&mut Value));

/// What a check says of the last of these items, and what a load of them comes to.
fn both(registry: &Registry, items: &[ItemDef]) -> (Option<Rule>, Option<Rule>) {
    registry.refresh().unwrap();
    let checked = registry.check_items(items).pop().unwrap();
    let loaded = registry.load_items("test", items.to_vec());
    let rule = |error: &Error| error.rule.or((error.code == Code::IssuerUnknown).then_some(Rule::Length));
    (checked.refusals.first().and_then(&rule), loaded.err().as_ref().and_then(&rule))
}

pub fn a_check_finds_whatever_a_load_refuses(world: World) {
    ready(&world);
    let registry = &world.registry;
    let wrong: [Wrong; 10] = [
        (Rule::ItemVersion, &|item| item["备注"] = "同一版本的另一份".into()),
        (Rule::ItemVersion, &|item| item["版本"] = 3.into()),
        (Rule::ItemVersion, &|item| {
            item["版本"] = 2.into();
            item["计划生效日期"] = "2019-12-31".into();
        }),
        (Rule::ControlCharacter, &|item| {
            item["版本"] = 2.into();
            item["材料"][0]["材料名称"] = "身份证\u{202E}".into();
        }),
        (Rule::ControlCharacter, &|item| {
            item["版本"] = 2.into();
            item["备注"] = "a\u{7}".into();
        }),
        (Rule::ItemInconsistent, &|item| {
            item["版本"] = 2.into();
            item["备注"] = "190101198803120021".into();
        }),
        (Rule::ItemInconsistent, &|item| {
            item["版本"] = 2.into();
            item["承诺办结时限"]["数量"] = 6.into();
        }),
        (Rule::ItemCodeForm, &|item| {
            item["版本"] = 2.into();
            item["基本编码"] = "190101000909".into();
        }),
        (Rule::ItemInconsistent, &|item| {
            item["实施编码"] = "11190101MD100004257190101000901".into();
        }),
        // An agency that nobody registered has no rule, but a code of its own.
        (Rule::Length, &|item| {
            item["实施主体"] = "11190101MD1000999X".into();
            item["实施编码"] = "11190101MD1000999X4190101000901".into();
        }),
    ];
    for (rule, change) in wrong {
        assert_eq!(both(registry, &[made(change)]), (Some(rule), Some(rule)));
    }
    // In one file the second is held against the first, and the same twice is there already.
    let other = |version: u32, from: &str| {
        made(|item| {
            item["实施编码"] = ITEM.replace("000901", "000908").into();
            item["基本编码"] = "190101000908".into();
            item["版本"] = version.into();
            item["计划生效日期"] = from.into();
        })
    };
    let before = [other(1, "2021-01-01"), other(2, "2020-01-01")];
    assert_eq!(both(registry, &before), (Some(Rule::ItemVersion), Some(Rule::ItemVersion)));
    let twice = [other(1, "2021-01-01"), other(1, "2021-01-01"), other(2, "2022-01-01")];
    assert_eq!(both(registry, &twice), (None, None));
    assert!(registry.check_items(&twice).iter().all(|check| check.known));
    // What is only for people to look at refuses nothing.
    let remarks = made(|item| {
        item["版本"] = 2.into();
        item["行使层级"] = "市级".into();
        item["情形"]
            .as_array_mut()
            .unwrap()
            .push(json!({"名称": "用途", "提问": "?", "选项": [{"选项": "甲"}, {"选项": "乙"}]}));
        item["基准日"].as_array_mut().unwrap().push(json!({"名称": "开业日", "提问": "?"}));
        let role = json!({"角色": "证人", "代码": "witness", "主体": "自然人", "最少": 0, "最多": 2});
        item["当事人"].as_array_mut().unwrap().push(role);
        let told = json!({"方式": "数据核验", "核验": {"内容": "部门数据", "部门": "公安机关", "问题": "是否没有犯罪记录"}});
        item["材料"][1]["办理方式"].as_array_mut().unwrap().push(told);
    });
    let check = registry.check_items(std::slice::from_ref(&remarks)).pop().unwrap();
    let found: Vec<_> = check.findings.iter().map(|one| (one.kind, one.about.as_str())).collect();
    for expected in [
        (ItemFindingKind::LevelDiffers, "4"),
        (ItemFindingKind::Unused, "用途"),
        (ItemFindingKind::Unused, "开业日"),
        (ItemFindingKind::Unused, "证人"),
        (ItemFindingKind::NumbersUnsaid, "是否没有犯罪记录"),
    ] {
        assert!(found.contains(&expected), "{expected:?}: {found:?}");
    }
    assert_eq!(both(registry, &[remarks]), (None, None));
}

/// What two do at the same time.
fn at_once<T: Send>(run: impl Fn(usize) -> T + Sync) -> [T; 2] {
    let together = Barrier::new(2);
    std::thread::scope(|scope| {
        let one = |number: usize| {
            let (together, run) = (&together, &run);
            scope.spawn(move || {
                together.wait();
                run(number)
            })
        };
        [one(0), one(1)].map(|one| one.join().unwrap())
    })
}

pub fn of_two_loads_at_once_the_slower_is_answered_by_what_stands_there(world: World) {
    people_settled(&world);
    let registry = &world.registry;
    let with = |version: u32, remark: &str| {
        made(|item| {
            item["版本"] = version.into();
            item["备注"] = remark.into();
        })
    };
    for version in 1..=8 {
        // The same text: both are told that it is loaded. Another one: the slower hears the rule.
        let same = version % 2 == 0;
        let done = at_once(|number| {
            let remark = if same { "同" } else { ["甲", "乙"][number] };
            registry.load_items("test", vec![with(version, remark)])
        });
        let refused: Vec<&Error> = done.iter().filter_map(|done| done.as_ref().err()).collect();
        match same {
            true => assert!(refused.is_empty(), "{refused:?}"),
            false => {
                assert_eq!(refused.len(), 1, "{done:?}");
                assert_eq!((refused[0].code, refused[0].rule), (Code::FieldInvalid, Some(Rule::ItemVersion)));
                assert!(refused[0].source.is_none() && refused[0].detail.contains("another text"));
            }
        }
    }
    super::common::items::load(registry);
    let bundle = |remark: &str| -> BundleDef {
        let roles = json!({"申请人": "申请人"});
        let other = json!({"申请人": "申请人", "配偶": "配偶"});
        serde_json::from_value(json!({
            "一件事名称": remark, "编号": "both", "版本": 1, "牵头机构": "测试",
            "当事人": [{"角色": "申请人", "代码": "applicant", "主体": "自然人", "最少": 1, "最多": 1},
                       {"角色": "配偶", "代码": "spouse", "主体": "自然人", "最少": 1, "最多": 1}],
            "事项": [{"实施编码": super::common::items::CODE, "当事人": roles}, {"实施编码": ITEM, "当事人": other}],
        }))
        .unwrap()
    };
    // A check of bundles finds what a load refuses, too.
    let unseen = registry.check_bundles(&[bundle("a\u{202E}b")]).pop().unwrap();
    assert_eq!(
        unseen.refusals.iter().map(|error| error.rule).collect::<Vec<_>>(),
        [Some(Rule::ControlCharacter)]
    );
    let twice = registry.check_bundles(&[bundle("甲"), bundle("甲"), bundle("乙")]);
    let told: Vec<_> =
        twice.iter().map(|check| (check.known, check.refusals.first().and_then(|one| one.rule))).collect();
    assert_eq!(told, [(false, None), (true, None), (false, Some(Rule::BundleVersion))]);
    let done = at_once(|number| registry.load_bundles("test", vec![bundle(["甲", "乙"][number])]));
    let refused: Vec<_> = done.iter().filter_map(|done| done.as_ref().err()).collect();
    assert_eq!(
        refused.iter().map(|error| error.rule).collect::<Vec<_>>(),
        [Some(Rule::BundleVersion)],
        "{done:?}"
    );
    let found = registry.fsck(elicense::registry::FsckOptions::default()).unwrap().findings;
    assert_eq!(found, []);
}
