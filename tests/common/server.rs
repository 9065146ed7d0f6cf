//! A server for a test: the real one, on a port of its own, stopped with the test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use elicense::config::{Door, Listener, ServeConfig};
use elicense::registry::{NewAccount, NewClient, Registry, Submitted};
use elicense::serve::running::{Running, Settings};
use serde_json::{Value, json};

use super::described::{self, Exchanged};
use super::people;

/// A running server; its doors are all on one address, or each on its own ([`start_apart`]).
pub struct TestServer {
    pub base: String,
    /// Where each door is.
    pub doors: Vec<(SocketAddr, Vec<Door>)>,
    /// Its only door, where it has one only and that is known.
    only: Option<&'static str>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {} {}", self.status, self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

pub fn start(registry: Registry) -> TestServer {
    start_as(registry, "main")
}

pub fn start_as(registry: Registry, node: &str) -> TestServer {
    start_with(registry, Settings { node: node.to_owned(), demo: false })
}

pub fn start_with(registry: Registry, settings: Settings) -> TestServer {
    start_config(registry, settings, doors_at([1, 1, 1, 1]))
}

/// Each door on an address of its own, by its name; they go with the first server.
pub fn start_apart(registry: Registry) -> (TestServer, BTreeMap<&'static str, TestServer>) {
    let server = start_tuned(registry, |_| {});
    let doors = Door::ALL.map(|door| {
        let mut at = TestServer::at(format!("http://{}", server.door(door)));
        at.only = Some(door.name());
        (door.name(), at)
    });
    (server, doors.into())
}

/// Each door on an address of its own; `change` sets the rest of the configuration.
pub fn start_tuned(registry: Registry, change: impl FnOnce(&mut ServeConfig)) -> TestServer {
    let mut config = doors_at([1, 2, 3, 4]);
    change(&mut config);
    start_config(registry, Settings { node: "main".into(), demo: false }, config)
}

fn doors_at(hosts: [u8; 4]) -> ServeConfig {
    let listener = |(door, host)| Listener { door, address: ([127, 0, 0, host], 0).into(), tls: None };
    let mut config = ServeConfig::new(Door::ALL.into_iter().zip(hosts).map(listener).collect());
    config.workers = 2;
    config
}

fn start_config(registry: Registry, settings: Settings, config: ServeConfig) -> TestServer {
    let (told, addresses) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let running = Running::start(registry, &config, settings).unwrap();
            told.send(running.addresses().to_vec()).unwrap();
            let _ = stopped.await;
            running.stop().await.unwrap();
        });
    });
    let addresses = addresses.recv().expect("the server started");
    let doors: Vec<_> = addresses.into_iter().map(|(address, doors, _)| (address, doors)).collect();
    let only = (doors[0].1.len() == 1).then(|| doors[0].1[0].name());
    TestServer { base: format!("http://{}", doors[0].0), doors, only, stop: Some(stop), thread: Some(thread) }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl TestServer {
    /// A server that somebody else started and stops.
    pub fn at(base: String) -> Self {
        Self { base, doors: Vec::new(), only: None, stop: None, thread: None }
    }

    /// The address of a door.
    pub fn door(&self, door: Door) -> SocketAddr {
        self.doors.iter().find(|(_, doors)| doors.contains(&door)).unwrap().0
    }

    /// Sends a request; the answer is held against the API's description.
    pub fn send(&self, method: &str, path: &str, headers_sent: &[(&str, &str)], body: &[u8]) -> Answer {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers_sent {
            request = request.header(*name, *value);
        }
        let mut response = agent.run(request.body(body.to_vec()).unwrap()).unwrap();
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = response.status().as_u16();
        let answered = response.body_mut().read_to_vec().unwrap();
        let answer = Answer { status, headers, body: String::from_utf8_lossy(&answered).into_owned() };
        let media = headers_named(headers_sent, "content-type");
        described::held(&Exchanged {
            method,
            path: path.split('?').next().unwrap(),
            request: body,
            request_media: media,
            status,
            media: answer.header("content-type"),
            answer: &answered,
            door: self.only,
        });
        answer
    }

    pub fn get(&self, path: &str, token: Option<&str>) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> =
            bearer.iter().map(|bearer| ("Authorization", bearer.as_str())).collect();
        self.send("GET", path, &headers, b"")
    }

    pub fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        self.post_raw(path, token, body.to_string().as_bytes())
    }

    pub fn post_raw(&self, path: &str, token: Option<&str>, body: &[u8]) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("Content-Type", "application/json")];
        if let Some(bearer) = &bearer {
            headers.push(("Authorization", bearer.as_str()));
        }
        self.send("POST", path, &headers, body)
    }

    pub fn token(&self, client: &str, secret: &str) -> String {
        let form = format!("grant_type=client_credentials&client_id={client}&client_secret={secret}");
        let answer = self.send(
            "POST",
            "/oauth2/token",
            &[("Content-Type", "application/x-www-form-urlencoded")],
            form.as_bytes(),
        );
        answer.json()["access_token"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    }
}

fn headers_named<'a>(headers: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

pub const SECRET: &str = "a-secret-of-the-tests";

/// The agencies, the clients, and an identity card of ZHOU: what a process needs to answer [`ask`].
pub fn settled(registry: &Registry) {
    people::settle(registry);
    clients(registry);
    registry.refresh().unwrap();
    let card = people::id_card(people::ZHOU, "周海燕", "2020-01-01");
    registry.issue(&super::operator(), &Submitted::Draft(card)).unwrap();
}

/// A lookup of ZHOU.
pub fn ask() -> Value {
    json!({"holder": {"type": "111", "code": people::ZHOU}, "purpose": {"item": "A1", "reason": "窗口办理"}})
}

/// A client that may do everything, one that sees two fields of one type for one item, one without grants.
pub fn clients(registry: &Registry) {
    let client = |id: &str, scopes: &[&str], grants: Value, budget| {
        let new = NewClient {
            id: id.into(),
            agency: people::POLICE.into(),
            name: id.into(),
            scopes: scopes.iter().map(|scope| scope.parse().unwrap()).collect(),
            grants: serde_json::from_value(grants).unwrap(),
            budget,
        };
        registry.put_client("test", &new, SECRET).unwrap();
    };
    let id_card = registry.snapshot().catalog.type_by_slug("resident_id_card").unwrap().def().code.clone();
    let all = elicense::policy::Scope::ALL.iter().map(|scope| scope.wire()).collect::<Vec<_>>();
    client("all", &all, json!([{"types": "*", "fields": "whole", "purposes": "*"}]), 1000);
    client(
        "narrow",
        &["lookup"],
        json!([{"types": [id_card], "fields": ["name", "valid_to"], "purposes": ["A1"]}]),
        2,
    );
    client("nothing", &["catalog"], json!([]), 10);
}

/// An account that may look at everything; where there are items, at what their slots ask for.
pub fn clerk(registry: &Registry) {
    clerk_with(registry, "a-password-of-the-tests");
}

/// The same with a password; an account that is there gets it in place of its old one.
pub fn clerk_with(registry: &Registry, password: &str) {
    granted(registry, password, &json!("whole"));
}

/// The clerk with a grant for these fields only.
pub fn clerk_granted(registry: &Registry, fields: &Value) {
    granted(registry, "a-password-of-the-tests", fields);
}

fn granted(registry: &Registry, password: &str, fields: &Value) {
    let new = NewAccount {
        name: "clerk".into(),
        display: "测试窗口".into(),
        agency: people::POLICE.into(),
        // Where there are items, what staff see follows from their slots.
        grants: match registry.snapshot().catalog.has_items() {
            true => Vec::new(),
            false => {
                serde_json::from_value(json!([{"types": "*", "fields": fields, "purposes": "*"}])).unwrap()
            }
        },
        budget: 100,
        ..NewAccount::default()
    };
    registry.put_account("test", &new, password).unwrap();
}
