//! Staff accounts and sessions through the library, on both databases: guesses, a changed password, time.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use common::{World, noon, people, server};
use elicense::error::{Code, Result};
use elicense::registry::{SESSION_IDLE_S, SESSION_LIFE_S};

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
    world.registry.sign_in("clerk", password, &[key; 32], "csrf")
}

fn in_session(world: &World, key: u8) -> bool {
    world.registry.signed_in(&[key; 32]).unwrap().is_some()
}

on_both! {
    wrong_guesses_at_the_same_time_count_each
    a_password_given_during_a_guess_stays
    a_new_password_ends_the_sessions_of_the_old_one
    a_session_ends_after_half_an_hour_without_use_and_after_a_working_day
}

fn wrong_guesses_at_the_same_time_count_each(world: World) {
    settled(&world);
    std::thread::scope(|scope| {
        for key in 0..5 {
            let world = &world;
            scope.spawn(move || sign_in(world, "not-the-password", key).unwrap_err());
        }
    });
    assert_eq!(sign_in(&world, PASSWORD, 9).unwrap_err().code, Code::SignInFailed, "five guesses were made");
    world.clock.set(noon().plus_seconds(301));
    sign_in(&world, PASSWORD, 9).unwrap();
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
