//! Staff accounts and sessions through the library, on both databases: guesses, a changed password, time.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::{World, noon, people, server};
use elicense::error::{Code, Error, Result};
use elicense::registry::{NewAccount, NewClient, PATIENCE, SESSION_IDLE_S, SESSION_LIFE_S, SignIn};
use elicense::rule::Rule;

const PASSWORD: &str = "a-password-of-the-tests";

fn put(world: &World, password: &str) {
    server::clerk_with(&world.registry, password);
}

fn settled(world: &World) {
    people::settle(&world.registry);
    world.registry.refresh().unwrap();
    put(world, PASSWORD);
}

fn sign_in(world: &World, password: &str, key: u8) -> Result<()> {
    sign_in_as(world, "clerk", password, None, key)
}

fn sign_in_as(world: &World, name: &str, secret: &str, browser: Option<&[u8]>, key: u8) -> Result<()> {
    world.registry.sign_in(&SignIn { name, secret, browser, key: &[key; 32], csrf: "csrf" })
}

/// Guesses until the name waits.
fn guess(world: &World, name: &str, browser: Option<&[u8]>) {
    for _ in 0..PATIENCE {
        let refused = sign_in_as(world, name, "not-the-password", browser, 1).unwrap_err();
        assert_eq!(waits(&refused), None, "a guess is not told to wait");
    }
}

fn waits(error: &Error) -> Option<u64> {
    assert_eq!(error.code, Code::SignInFailed);
    error.extra.as_ref().and_then(|extra| extra["retry_after"].as_u64())
}

fn in_session(world: &World, key: u8) -> bool {
    world.registry.signed_in(&[key; 32]).unwrap().is_some()
}

on_both! {
    wrong_guesses_at_the_same_time_count_each
    a_name_that_waits_says_so_whatever_the_password_and_whether_or_not_it_is_known
    guesses_from_elsewhere_do_not_lock_a_known_browser
    wrong_passwords_of_another_quarter_of_an_hour_do_not_count
    an_unknown_name_takes_the_time_of_a_known_one
    a_password_given_during_a_guess_stays
    a_new_password_ends_the_sessions_of_the_old_one
    an_account_that_was_ended_is_over_for_good
    a_name_that_was_ended_is_not_given_again_in_another_case_or_width
    a_session_ends_after_half_an_hour_without_use_and_after_a_working_day
}

fn wrong_guesses_at_the_same_time_count_each(world: World) {
    settled(&world);
    std::thread::scope(|scope| {
        for key in 0..u8::try_from(PATIENCE).unwrap() {
            let world = &world;
            scope.spawn(move || sign_in(world, "not-the-password", key).unwrap_err());
        }
    });
    assert_eq!(waits(&sign_in(&world, PASSWORD, 9).unwrap_err()), Some(300), "ten guesses were made");
    world.clock.set(noon().plus_seconds(301));
    sign_in(&world, PASSWORD, 9).unwrap();
}

fn a_name_that_waits_says_so_whatever_the_password_and_whether_or_not_it_is_known(world: World) {
    settled(&world);
    guess(&world, "clerk", None);
    guess(&world, "nobody", None);
    for (name, password) in [("clerk", PASSWORD), ("clerk", "wrong-again"), ("nobody", "wrong-again")] {
        let refused = sign_in_as(&world, name, password, None, 2).unwrap_err();
        assert_eq!(waits(&refused), Some(300), "{name}");
    }
    world.clock.set(noon().plus_seconds(100));
    assert_eq!(waits(&sign_in(&world, PASSWORD, 2).unwrap_err()), Some(200));
    put(&world, "another-password");
    sign_in(&world, "another-password", 2).expect("a new password ends the wait");
}

fn guesses_from_elsewhere_do_not_lock_a_known_browser(world: World) {
    settled(&world);
    guess(&world, "clerk", None);
    sign_in_as(&world, "clerk", PASSWORD, Some(&[7; 16]), 2).unwrap();
    guess(&world, "clerk", Some(&[7; 16]));
    assert!(waits(&sign_in_as(&world, "clerk", PASSWORD, Some(&[7; 16]), 3).unwrap_err()).is_some());
    sign_in_as(&world, "clerk", PASSWORD, Some(&[8; 16]), 4).expect("each browser has its own count");
}

fn wrong_passwords_of_another_quarter_of_an_hour_do_not_count(world: World) {
    settled(&world);
    for _ in 1..PATIENCE {
        sign_in(&world, "not-the-password", 1).unwrap_err();
    }
    world.clock.set(noon().plus_seconds(15 * 60 + 1));
    sign_in(&world, "not-the-password", 1).unwrap_err();
    sign_in(&world, PASSWORD, 2).unwrap();
}

/// The nanoseconds of processor time that this thread has had: what else the machine does is not in it.
fn worked() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    told.split(' ').next().unwrap().parse().unwrap()
}

fn an_unknown_name_takes_the_time_of_a_known_one(world: World) {
    settled(&world);
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..14_usize {
        let name = ["clerk", "nobody"][round % 2];
        let begun = worked();
        sign_in_as(&world, name, "not-the-password", None, 1).unwrap_err();
        times[round % 2].push(worked() - begun);
    }
    // The quickest of each: what shares the processor's caches only adds time.
    let [known, unknown] = times.map(|times| times.into_iter().min().unwrap());
    assert!(known > 2_000_000, "the password is compared on this thread: {known} ns");
    assert!(unknown * 10 > known * 6 && known * 10 > unknown * 6, "{known} {unknown} ns");
}

fn a_password_given_during_a_guess_stays(world: World) {
    settled(&world);
    std::thread::scope(|scope| {
        let given = scope.spawn(|| put(&world, "another-password"));
        while !given.is_finished() {
            // The last of these read the account before the new password was written and is done after it.
            let _wrong = sign_in(&world, "not-the-password", 1).unwrap_err();
        }
    });
    sign_in(&world, "another-password", 2).unwrap();
    assert!(sign_in(&world, PASSWORD, 3).is_err());
}

fn a_new_password_ends_the_sessions_of_the_old_one(world: World) {
    settled(&world);
    sign_in(&world, PASSWORD, 1).unwrap();
    assert!(in_session(&world, 1));
    put(&world, "another-password");
    assert!(!in_session(&world, 1), "whoever holds the old cookie is out");
    sign_in(&world, "another-password", 2).unwrap();
    assert!(in_session(&world, 2));
}

fn an_account_that_was_ended_is_over_for_good(world: World) {
    settled(&world);
    sign_in(&world, PASSWORD, 1).unwrap();
    let end = || world.registry.end_account("张管理", "clerk");
    let first = end().unwrap();
    assert_eq!((first.at, &*first.by), (noon(), "张管理"));
    assert!(!in_session(&world, 1), "at once");
    assert!(!in_session_of(&world.reopen(), 1), "in every process");
    assert_eq!(waits(&sign_in(&world, PASSWORD, 2).unwrap_err()), None, "told as any wrong password");
    assert!(world.registry.account("clerk").unwrap().is_none());
    // The name is given once: neither the password nor the sessions come back, whoever adds it.
    let new = NewAccount {
        name: "clerk".into(),
        display: "另一人".into(),
        agency: people::POLICE.into(),
        grants: vec![],
        budget: 1,
        ..NewAccount::default()
    };
    let refused = world.registry.put_account("test", &new, PASSWORD).unwrap_err();
    assert_eq!((refused.code, refused.rule), (Code::FieldInvalid, Some(Rule::AccountEnded)));
    assert!(sign_in(&world, PASSWORD, 3).is_err() && !in_session(&world, 1));
    // A second end changes nothing, and nobody of that name is told as nobody.
    world.clock.set(noon().plus_seconds(60));
    assert_eq!(end().unwrap(), first);
    assert_eq!(world.registry.end_account("张管理", "nobody").unwrap_err().code, Code::NotFound);
    let row = world.registry.store().read_now(|reader| reader.account("clerk")).unwrap().unwrap();
    assert_eq!(world.registry.end_of_account(&row).unwrap(), Some(first));
    let another = NewAccount { name: "clerk-2".into(), ..new };
    world.registry.put_account("test", &another, PASSWORD).unwrap();
}

fn in_session_of(registry: &elicense::registry::Registry, key: u8) -> bool {
    registry.signed_in(&[key; 32]).unwrap().is_some()
}

fn a_session_ends_after_half_an_hour_without_use_and_after_a_working_day(world: World) {
    settled(&world);
    assert_eq!((SESSION_IDLE_S, SESSION_LIFE_S), (30 * 60, 10 * 3600), "half an hour, a working day");
    sign_in(&world, PASSWORD, 1).unwrap();
    let mut seconds = 0;
    while seconds + 29 * 60 < SESSION_LIFE_S {
        seconds += 29 * 60;
        world.clock.set(noon().plus_seconds(seconds));
        assert!(in_session(&world, 1), "used each half hour: {seconds} s");
    }
    world.clock.set(noon().plus_seconds(SESSION_LIFE_S));
    assert!(!in_session(&world, 1), "whatever happens");
    sign_in(&world, PASSWORD, 2).unwrap();
    world.clock.set(noon().plus_seconds(SESSION_LIFE_S + SESSION_IDLE_S));
    assert!(!in_session(&world, 2), "not used");
}

#[test]
fn a_grant_names_types_and_fields_that_are_there() {
    let world = common::world(common::Backend::Sqlite).unwrap();
    settled(&world);
    let put = |grants: serde_json::Value| {
        let new = NewClient {
            id: "hall".into(),
            agency: people::POLICE.into(),
            name: "办事大厅".into(),
            scopes: vec![],
            grants: serde_json::from_value(grants).unwrap(),
            budget: 10,
        };
        world.registry.put_client("test", &new, "a-secret-of-its-own")
    };
    let grant = |types: &str, field: &str| serde_json::json!([{"types": [types], "fields": [field], "purposes": "*"}]);
    assert_eq!(put(grant("senior_card", "name")).unwrap_err().code, Code::TypeUnknown);
    let refused = put(grant("resident_id_card", "姓名")).unwrap_err();
    assert_eq!(
        (refused.code, refused.rule.map(|rule| rule.wire())),
        (Code::FieldInvalid, Some("field_unknown"))
    );
    put(grant("resident_id_card", "id_number!whole")).unwrap();
    world.registry.refresh().unwrap();
    let kept = serde_json::to_value(&world.registry.snapshot().clients["hall"].grants).unwrap();
    assert_eq!(kept[0]["types"][0], "11190000MD10009070001", "the short name became the code");
}

fn a_name_that_was_ended_is_not_given_again_in_another_case_or_width(world: World) {
    settled(&world);
    let put = |name: &str| {
        let new = NewAccount {
            name: name.into(),
            display: "另一人".into(),
            agency: people::POLICE.into(),
            grants: vec![],
            budget: 1,
            ..NewAccount::default()
        };
        world.registry.put_account("test", &new, PASSWORD).map_err(|error| error.rule)
    };
    put("CLERK").unwrap();
    world.registry.end_account("张管理", "clerk").unwrap();
    for name in ["Clerk", "ｃｌｅｒｋ", "ＣＬＥＲＫ", "clerＫ"] {
        assert_eq!(put(name), Err(Some(Rule::AccountEnded)), "{name}");
    }
    for name in ["clerk ", " new", "new\u{3000}", "\u{a0}new"] {
        assert_eq!(put(name), Err(Some(Rule::OuterBlank)), "{name:?}");
    }
    // Who has a name like it already keeps the account.
    put("CLERK").unwrap();
    put("clerk2").unwrap();
    let client = |id: &str| {
        let new = NewClient {
            id: id.into(),
            agency: people::POLICE.into(),
            name: "系统".into(),
            scopes: vec![],
            grants: vec![],
            budget: 1,
        };
        world.registry.put_client("test", &new, PASSWORD).map_err(|error| error.rule)
    };
    assert_eq!(client("desk "), Err(Some(Rule::OuterBlank)));
    assert_eq!(client("\u{3000}desk"), Err(Some(Rule::OuterBlank)));
    client("desk").unwrap();
}
