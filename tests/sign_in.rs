//! Guessing at the doors, from outside: wrong passwords and secrets slow down some callers and not others.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::server::{self, Answer, SECRET, TestServer};
use common::{World, people};
use elicense::config::Door;

const PASSWORD: &str = "a-password-of-the-tests";
const WAIT: &str = "秒后再试";

on_both! {
    the_right_password_in_a_waiting_account_hears_the_wait
    nobody_locks_a_clerk_out_from_one_address
    guesses_from_everywhere_do_not_lock_a_browser_that_is_known
    an_unknown_name_is_answered_like_a_known_one
    sixty_wrong_clients_do_not_refuse_right_ones
}

/// A server behind a proxy, so that a test can come from many addresses.
fn serving(world: &World) -> TestServer {
    people::settle(&world.registry);
    server::clients(&world.registry);
    server::clerk(&world.registry);
    world.registry.refresh().unwrap();
    let mut server = server::start_tuned(world.registry.clone(), |config| config.behind_proxy = true);
    server.base = format!("http://{}", server.door(Door::Window));
    server
}

fn sign_in(server: &TestServer, from: &str, name: &str, password: &str, cookies: &str) -> Answer {
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("X-Forwarded-For", from),
        ("Cookie", cookies),
    ];
    server.send("POST", "/sign-in", &headers, format!("name={name}&password={password}").as_bytes())
}

/// The cookies that a browser would send back.
fn cookies(answer: &Answer) -> String {
    let set = answer.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    set.map(|(_, value)| value.split(';').next().unwrap().to_owned()).collect::<Vec<_>>().join("; ")
}

/// One wrong password from each of so many addresses.
fn guess_from_everywhere(server: &TestServer, name: &str, guesses: usize) -> Answer {
    let answers = (0..guesses).map(|one| sign_in(server, &format!("10.9.{one}.1"), name, "wrong-guess", ""));
    answers.fold(None, |_, answer| Some(answer)).unwrap()
}

fn the_right_password_in_a_waiting_account_hears_the_wait(world: World) {
    let server = serving(&world);
    guess_from_everywhere(&server, "clerk", 12);
    for password in [PASSWORD, "wrong-guess"] {
        let answer = sign_in(&server, "10.1.1.1", "clerk", password, "");
        assert_eq!(answer.status, 401);
        assert!(answer.body.contains(WAIT), "{password}: {}", answer.body);
        assert_eq!(answer.header("retry-after"), Some("300"), "{password}");
    }
    world.clock.set(common::noon().plus_seconds(301));
    assert_eq!(sign_in(&server, "10.1.1.1", "clerk", PASSWORD, "").status, 303);
}

fn nobody_locks_a_clerk_out_from_one_address(world: World) {
    let server = serving(&world);
    let answers: Vec<Answer> =
        (0..25).map(|_| sign_in(&server, "10.6.6.6", "clerk", "wrong-guess", "")).collect();
    assert!(answers.last().unwrap().body.contains(WAIT), "the address waits");
    let waits = sign_in(&server, "10.6.6.6", "clerk", PASSWORD, "");
    assert!(waits.status == 401 && waits.header("retry-after").is_some());
    let clerk = sign_in(&server, "10.1.1.1", "clerk", PASSWORD, "");
    assert_eq!(clerk.status, 303, "the clerk sits elsewhere: {}", clerk.body);
}

fn guesses_from_everywhere_do_not_lock_a_browser_that_is_known(world: World) {
    let server = serving(&world);
    let before = sign_in(&server, "10.1.1.1", "clerk", PASSWORD, "");
    let known = cookies(&before);
    guess_from_everywhere(&server, "clerk", 12);
    assert_eq!(sign_in(&server, "10.1.1.1", "clerk", PASSWORD, "").status, 401, "a strange browser waits");
    assert_eq!(sign_in(&server, "10.1.1.1", "clerk", PASSWORD, &known).status, 303);
    let forged = known.replace("known-", "known-x");
    assert_eq!(sign_in(&server, "10.1.1.1", "clerk", PASSWORD, &forged).status, 401);
}

fn an_unknown_name_is_answered_like_a_known_one(world: World) {
    let server = serving(&world);
    let told = |answer: &Answer, name: &str| (answer.status, answer.body.replace(name, "(name)"));
    for guesses in [1, 12] {
        let known = guess_from_everywhere(&server, "clerk", guesses);
        let unknown = guess_from_everywhere(&server, "nobody", guesses);
        assert_eq!(told(&known, "clerk"), told(&unknown, "nobody"), "after {guesses}");
    }
}

/// Sixty that never stop guessing; a right client that was never here before and one that was.
fn sixty_wrong_clients_do_not_refuse_right_ones(world: World) {
    let mut server = serving(&world);
    server.base = format!("http://{}", server.door(Door::Agency));
    let ask = |client: &str, secret: &str| {
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let media = [("Content-Type", "application/x-www-form-urlencoded")];
        server.send("POST", "/oauth2/token", &media, form.as_bytes())
    };
    assert_eq!(ask("narrow", SECRET).status, 200);
    let (stop, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for guesser in 0..60 {
            let (stop, asked, ask) = (&stop, &asked, &ask);
            scope.spawn(move || {
                let client = if guesser % 2 == 0 { "all".to_owned() } else { format!("client-{guesser}") };
                while !stop.load(Ordering::SeqCst) {
                    asked.fetch_add(1, Ordering::SeqCst);
                    assert!([401, 503].contains(&ask(&client, "a-wrong-secret-of-60").status));
                }
            });
        }
        while asked.load(Ordering::SeqCst) < 60 {
            std::thread::yield_now();
        }
        let answers: Vec<_> = (0..5)
            .map(|_| {
                let begun = Instant::now();
                (ask("narrow", SECRET).status, begun.elapsed(), ask("all", SECRET).status)
            })
            .collect();
        stop.store(true, Ordering::SeqCst);
        for (known, took, new) in answers {
            assert_eq!((known, new), (200, 200));
            assert!(took < Duration::from_secs(2), "who was right before does not wait: {took:?}");
        }
    });
}
