//! The kinds of caller that the table of `table.tsv` asks as, each at every door.

use elicense::policy::{Scope, StaffRole};
use elicense::registry::{NewAccount, NewClient};
use serde_json::{Value, json};

use crate::common::World;
use crate::common::people::{MARKET, POLICE};
use crate::common::server::{SECRET, TestServer};

/// A kind of caller: a column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Brings nothing.
    Nobody,
    /// Brings a token or session that was never given out.
    Forged,
    /// A client with every scope but the one of the address.
    NoScope,
    /// Signed in, with a form of another session.
    WrongForm,
    /// A client or account of the right agency, with every scope and no grant.
    NoGrant,
    /// A client or account of another agency, with every scope and grant.
    Other,
    /// Was right, and was ended.
    Ended,
    /// May do it.
    Right,
}

pub const ALL: [Caller; 8] = [
    Caller::Nobody,
    Caller::Forged,
    Caller::NoScope,
    Caller::WrongForm,
    Caller::NoGrant,
    Caller::Other,
    Caller::Ended,
    Caller::Right,
];

impl Caller {
    /// The head of its column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Forged => "forged",
            Self::NoScope => "no scope",
            Self::WrongForm => "wrong form",
            Self::NoGrant => "no grant",
            Self::Other => "other agency",
            Self::Ended => "ended",
            Self::Right => "right",
        }
    }

    /// The client or account; none where it has none.
    pub fn id(self) -> Option<&'static str> {
        match self {
            Self::Nobody | Self::Forged => None,
            Self::NoScope => Some("no-scope"),
            Self::WrongForm | Self::Right => Some("right"),
            Self::NoGrant => Some("no-grant"),
            Self::Other => Some("other"),
            Self::Ended => Some("ended"),
        }
    }

    /// Whether there is such a caller at a door: scopes are of clients, forms of pages.
    pub fn comes_to(self, door: &str) -> bool {
        match self {
            Self::NoScope => door == "agency",
            Self::WrongForm => door == "window",
            Self::NoGrant | Self::Other | Self::Ended => matches!(door, "agency" | "window"),
            Self::Nobody | Self::Forged | Self::Right => true,
        }
    }
}

pub const PASSWORD: &str = "a-password-of-the-tests";

/// Clients and accounts of every kind.
pub fn settle(world: &World) {
    let everything = json!([
        {"types": "*", "fields": "whole", "purposes": "*"},
        {"types": "*", "fields": "whole", "purposes": ["audit", "court", "correction"]},
    ]);
    let kinds = [
        ("right", POLICE, everything.clone()),
        ("ended", POLICE, everything.clone()),
        ("no-grant", POLICE, json!([])),
        ("other", MARKET, everything.clone()),
    ];
    for (id, agency, grants) in kinds {
        client(world, id, agency, &grants, Scope::ALL.to_vec());
        let account = NewAccount {
            name: id.into(),
            display: "测试窗口".into(),
            agency: agency.into(),
            // What staff see follows from the item in hand; who has no right to it works on none.
            roles: vec![if id == "no-grant" { StaffRole::Supervisor } else { StaffRole::Clerk }],
            budget: 1000,
            ..NewAccount::default()
        };
        world.registry.put_account("test", &account, PASSWORD).unwrap();
    }
    for missing in Scope::ALL {
        let scopes = Scope::ALL.iter().copied().filter(|scope| scope != missing).collect();
        client(world, &format!("no-{}", missing.wire()), POLICE, &everything, scopes);
    }
    world.registry.refresh().unwrap();
}

fn client(world: &World, id: &str, agency: &str, grants: &Value, scopes: Vec<Scope>) {
    let new = NewClient {
        id: id.into(),
        agency: agency.into(),
        name: id.into(),
        scopes,
        grants: serde_json::from_value(grants.clone()).unwrap(),
        budget: 1000,
    };
    world.registry.put_client("test", &new, SECRET).unwrap();
}

/// Ends the client and the account that were right.
pub fn end(world: &World) {
    world.registry.change_client("test", "ended", |_, enabled| *enabled = false).unwrap();
    world.sql(&format!("UPDATE accounts SET enabled = {} WHERE name = 'ended'", falsehood(world)));
    world.registry.refresh().unwrap();
}

fn falsehood(world: &World) -> &'static str {
    if world.backend() == crate::common::Backend::Postgres { "false" } else { "0" }
}

/// A session of an account: its cookie and the word of its forms.
pub fn session(window: &TestServer, name: &str) -> (String, String) {
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let body = format!("name={name}&password={PASSWORD}");
    let signed = window.send("POST", "/sign-in", &form, body.as_bytes());
    let cookie = signed.header("set-cookie").unwrap_or_else(|| panic!("{signed:?}"));
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let first = window.send("GET", "/", &[("Cookie", &cookie)], b"");
    let csrf = first.body.split("name=\"csrf\" value=\"").nth(1).unwrap();
    (cookie, csrf.split('"').next().unwrap().to_owned())
}
