//! Staff: roles, region and grants, the history of each account, what a hand at the database leaves, and what a registry
//! from before roles becomes.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::people::{self, CHEN, POLICE, ZHOU};
use common::{MASTER, World, demo_regions, items, noon};
use elicense::error::{Code, Error};
use elicense::policy::{Grant, StaffRole};
use elicense::registry::{
    AccountChange, AskedHolder, FindingKind, FsckOptions, NewAccount, Opening, Registry,
};
use elicense::rule::Rule;
use elicense::trust::MasterKey;
use serde_json::{Value, json};

const PASSWORD: &str = "a-password-of-the-tests";

on_both! {
    roles_region_and_grants_are_changed_with_who_and_when
    staff_are_given_no_types_by_items_but_by_slots
    a_hand_at_the_accounts_is_found
    an_account_from_before_roles_keeps_what_the_law_allows_and_is_told
}

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.refresh().unwrap();
}

fn clerk(name: &str) -> NewAccount {
    NewAccount { name: name.into(), display: "窗口".into(), agency: POLICE.into(), ..NewAccount::default() }
}

fn grants(text: Value) -> Vec<Grant> {
    serde_json::from_value(text).unwrap()
}

fn refused(error: Error) -> (Code, String, Option<Rule>) {
    (error.code, error.field.unwrap_or_default().into_owned(), error.rule)
}

fn findings(registry: &Registry) -> Vec<FindingKind> {
    let report = registry.fsck(FsckOptions::default()).unwrap();
    report.findings.iter().filter(|found| found.table == "accounts").map(|found| found.kind).collect()
}

fn roles_region_and_grants_are_changed_with_who_and_when(world: World) {
    settled(&world);
    let registry = &world.registry;
    let own = |code: &str| Some(AskedHolder { code_type: "111".into(), code: code.into() });
    let new = NewAccount { own_number: own(ZHOU), region: Some("190101".parse().unwrap()), ..clerk("zhou") };
    registry.put_account("张管理", &new, PASSWORD).unwrap();
    let account = || registry.account("zhou").unwrap().unwrap();
    assert_eq!((account().roles, account().own_number.is_some()), (vec![StaffRole::Clerk], true));
    registry
        .sign_in(&elicense::registry::SignIn {
            name: "zhou",
            secret: PASSWORD,
            browser: None,
            key: &[1; 32],
            csrf: "csrf",
        })
        .unwrap();
    world.clock.set(noon().plus_seconds(60));
    let before = account().own_number;
    let change = AccountChange {
        roles: Some(vec![StaffRole::Supervisor, StaffRole::Clerk, StaffRole::Clerk]),
        region: Some(Some("190101001".parse().unwrap())),
        budget: Some(7),
        own_number: own(CHEN),
        ..AccountChange::default()
    };
    registry.change_account("李管理", "zhou", &change).unwrap();
    assert_eq!(
        account().roles,
        [StaffRole::Clerk, StaffRole::Supervisor],
        "each once, in the order of the list"
    );
    assert_eq!(account().region.map(|region| region.to_string()).as_deref(), Some("190101001"));
    assert_eq!((account().budget, account().display.as_str()), (7, "窗口"), "what is not named stays");
    assert_ne!(account().own_number, before);
    assert!(registry.signed_in(&[1; 32]).unwrap().is_some(), "a change of rights ends no session");
    registry.end_account("王管理", "zhou").unwrap();
    let told: Vec<(String, String)> =
        registry.account_history("zhou").unwrap().into_iter().map(|deed| (deed.action, deed.by)).collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(action, by)| (action.as_str(), by.as_str())).collect();
    assert_eq!(told, [("add", "张管理"), ("change", "李管理"), ("withdraw", "王管理")]);
    assert_eq!(registry.account_history("zhou").unwrap()[1].at, noon().plus_seconds(60));
    let late = registry.change_account("李管理", "zhou", &change).unwrap_err();
    assert_eq!(late.rule, Some(Rule::AccountEnded));
    assert_eq!(registry.change_account("李管理", "nobody", &change).unwrap_err().code, Code::NotFound);
    assert_eq!(findings(registry), []);
}

fn staff_are_given_no_types_by_items_but_by_slots(world: World) {
    settled(&world);
    let registry = &world.registry;
    let put = |new: &NewAccount| registry.put_account("test", new, PASSWORD).map_err(refused);
    let field = |field: &str, rule| Err((Code::FieldInvalid, field.to_owned(), rule));
    for region in ["190102", "190000", "199999"] {
        let elsewhere = NewAccount { region: Some(region.parse().unwrap()), ..clerk("elsewhere") };
        assert_eq!(put(&elsewhere), field("region", Some(Rule::RegionOfStaff)), "{region}");
    }
    assert_eq!(put(&NewAccount { roles: vec![], ..clerk("idle") }), field("roles", None));
    let number = Some(AskedHolder { code_type: "111".into(), code: "190101198803120022".into() });
    let wrong = put(&NewAccount { own_number: number, ..clerk("wrong") }).unwrap_err();
    assert_eq!((wrong.0, wrong.1.as_str()), (Code::HolderCodeInvalid, "own_number.code"));
    let wide = json!([{"types": "*", "fields": "whole", "purposes": "*"}]);
    put(&NewAccount { grants: grants(wide.clone()), ..clerk("wide") }).expect("there are no items yet");
    items::load(registry);
    let of_item = json!([{"types": ["resident_id_card"], "fields": ["name"], "purposes": [items::CODE]}]);
    let mixed = json!([{"types": "*", "fields": "whole", "purposes": ["audit", items::CODE]}]);
    for wrong in [wide, of_item, mixed] {
        let new = NewAccount { grants: grants(wrong), ..clerk("by-grant") };
        assert_eq!(put(&new), field("grants", Some(Rule::GrantOfStaff)));
        let change = AccountChange { grants: Some(new.grants), ..AccountChange::default() };
        let told = registry.change_account("test", "wide", &change).map_err(refused);
        assert_eq!(told, field("grants", Some(Rule::GrantOfStaff)));
    }
    let law = json!([
        {"types": "*", "fields": "whole", "purposes": ["audit", "court"]},
        {"types": [], "fields": [], "purposes": [items::CODE]},
    ]);
    put(&NewAccount { grants: grants(law), ..clerk("by-law") }).unwrap();
}

fn a_hand_at_the_accounts_is_found(world: World) {
    settled(&world);
    let registry = &world.registry;
    for name in ["zhou", "chen", "li"] {
        registry.put_account("test", &clerk(name), PASSWORD).unwrap();
    }
    assert_eq!(findings(registry), []);
    for column in [
        "body = 'junk'",
        "roles = 'supervisor'",
        "region = '190101'",
        "display = '另一人'",
        "enabled = (1 = 0)",
    ] {
        let (name, _) = column.split_once(' ').unwrap();
        world.sql(&format!("CREATE TABLE kept AS SELECT name, {name} AS was FROM accounts"));
        world.sql(&format!("UPDATE accounts SET {column} WHERE name = 'zhou'"));
        assert_eq!(findings(registry), [FindingKind::RowDiffers], "{column}");
        world.sql(&format!(
            "UPDATE accounts SET {name} = (SELECT was FROM kept WHERE kept.name = accounts.name)"
        ));
        world.sql("DROP TABLE kept");
        assert_eq!(findings(registry), [], "{column}");
    }
    world.sql("UPDATE accounts SET password = (SELECT password FROM accounts AS other WHERE other.name = 'li') WHERE name = 'chen'");
    assert_eq!(findings(registry), [FindingKind::RowDiffers]);
    world.sql("DELETE FROM accounts WHERE name = 'zhou'");
    world.sql("UPDATE accounts SET name = 'stranger' WHERE name = 'li'");
    let mut found = findings(registry);
    found.sort_by_key(|kind| kind.wire());
    let due = [
        FindingKind::EventMissing,
        FindingKind::RowDiffers,
        FindingKind::RowMissing,
        FindingKind::RowMissing,
    ];
    assert_eq!(found, due);
}

fn an_account_from_before_roles_keeps_what_the_law_allows_and_is_told(world: World) {
    settled(&world);
    items::load(&world.registry);
    let old = |name: &str, grants: Value| {
        let body = json!({"grants": grants, "budget": 300}).to_string();
        world.sql(&format!(
            "INSERT INTO accounts (name, display, agency, roles, password, enabled, body, failures, locked_until, made_at)
             VALUES ('{name}', '窗口', '{POLICE}', 'clerk', 'x', (1 = 1), '{body}', 0, 0, 1)"
        ));
    };
    let grant = |purposes: Value| json!({"types": "*", "fields": "whole", "purposes": purposes});
    old("wide", json!([grant(json!("*"))]));
    old("auditor", json!([grant(json!(["audit", items::CODE])), grant(json!([items::CODE]))]));
    let migrate = || {
        let opening = Opening {
            place: world.place.clone(),
            master: MasterKey::from_bytes(MASTER),
            clock: world.clock.clone(),
            regions: demo_regions(),
        };
        Registry::migrate(opening, &|_| ()).unwrap().accounts
    };
    assert_eq!(findings(&world.registry), [], "they wait for the move");
    let told = serde_json::to_value(migrate()).unwrap();
    let due = json!([
        {"name": "auditor", "kept": [grant(json!(["audit"]))],
         "lost": [grant(json!([items::CODE, "audit"])), grant(json!([items::CODE]))]},
        {"name": "wide", "kept": [], "lost": [grant(json!("*"))]},
    ]);
    assert_eq!(told, due);
    world.registry.refresh().unwrap();
    let left = |name: &str| world.registry.account(name).unwrap().unwrap().grants.len();
    assert_eq!((left("wide"), left("auditor")), (0, 1));
    assert_eq!(findings(&world.registry), []);
    assert_eq!(migrate(), [], "once");
    old("late", json!([grant(json!("*"))]));
    assert_eq!(findings(&world.registry), [FindingKind::EventMissing], "no move brings in what a hand wrote");
    assert_eq!(migrate(), []);
}
