//! The window's page of a lookup.

use elicense::registry::{Registry, Submitted};

use super::Stable;
use super::common::people::{CHEN, COMPANY, ZHOU};
use super::common::server::{self, TestServer};
use super::common::{self, Backend};
use super::people::{DEAD, NOBODY, ready};

/// A child with a guardian.
const WARD: &str = "190101201605060018";

fn sign_in(server: &TestServer) -> (String, String) {
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Sec-Fetch-Site", "same-origin")];
    let right = server.send("POST", "/sign-in", &headers, b"name=clerk&password=a-password-of-the-tests");
    let cookie = right.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let first = server.send("GET", "/", &[("Cookie", &cookie)], b"");
    let csrf = first.body.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    (cookie, csrf.to_owned())
}

#[test]
fn a_page_shows_what_is_granted_and_nothing_sensitive_by_default() {
    let world = common::world(Backend::Sqlite).unwrap();
    ready(&world);
    server::clerk(&world.registry);
    let registry: Registry = world.registry.clone();
    registry.stop_access();
    let issued = Submitted::Draft(common::people::disability(WARD, "王小明", (CHEN, "陈志远")));
    registry.issue(&common::operator(), &issued).unwrap();
    let server = server::start(registry.clone());
    let page = || {
        let (cookie, csrf) = sign_in(&server);
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Cookie", cookie.as_str()),
            ("Sec-Fetch-Site", "same-origin"),
        ];
        let form = format!("csrf={csrf}&code_type=111&number={WARD}&item=A1&reason=b&presence=typed");
        server.send("POST", "/lookup", &headers, form.as_bytes()).body
    };
    let whole = page();
    assert!(whole.contains("残疾人证号") && !whole.contains("残疾等级"), "{whole}");
    server::clerk_granted(&registry, &serde_json::json!(["grade"]));
    let limited = page();
    assert!(limited.contains("残疾等级") && !limited.contains("残疾人证号"), "{limited}");
    // That it is an extract is a mark, and no reason against the certificate; of an empty one no body is missing.
    assert!(limited.contains("仅含授权字段") && !limited.contains("class=\"reasons\""), "{limited}");
    server::clerk_granted(&registry, &serde_json::json!(["photo"]));
    assert!(!page().contains("照面不在本库"));
}

#[test]
fn the_page_of_a_lookup_is_the_one_it_always_was() {
    let world = common::world(Backend::Sqlite).unwrap();
    ready(&world);
    server::clerk(&world.registry);
    let registry: Registry = world.registry.clone();
    registry.stop_access();
    let server = server::start(registry);
    let (cookie, csrf) = sign_in(&server);
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Cookie", cookie.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
    ];
    let mut stable = Stable::default();
    for (name, code_type, number) in [
        ("zhou", "111", ZHOU),
        ("own_key", "111", CHEN),
        ("reported_dead", "111", DEAD),
        ("company", "001", COMPANY),
        ("nothing", "111", NOBODY),
    ] {
        let form =
            format!("csrf={csrf}&code_type={code_type}&number={number}&item=A1&reason=b&presence=typed");
        let page = server.send("POST", "/lookup", &headers, form.as_bytes());
        assert_eq!(page.status, 200, "{}", page.body);
        let main = page.body.split("<main").nth(1).unwrap().split("</main>").next().unwrap().to_owned();
        stable.same(&format!("page_{name}"), &main);
    }
}
