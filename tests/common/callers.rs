//! A client of the API as policy has it, for tests that call the registry itself.

use elicense::policy::{Actor, Client, Fields, Grant, Scope, Selection};

use super::people::POLICE;

/// A client on its way: of the police, with no scope, no grant, and a hundred holders a day.
pub struct Caller {
    client: Client,
}

pub fn client(id: &str) -> Caller {
    Caller {
        client: Client {
            id: id.into(),
            agency: POLICE.into(),
            name: "测试系统".into(),
            scopes: Vec::new(),
            grants: Vec::new().into(),
            budget: 100,
            enabled: true,
            epoch: 1,
        },
    }
}

impl Caller {
    pub fn agency(mut self, code: &str) -> Self {
        self.client.agency = code.into();
        self
    }

    pub fn scopes(mut self, scopes: &[Scope]) -> Self {
        self.client.scopes = scopes.to_vec();
        self
    }

    /// These fields of every type, for every item.
    pub fn fields(mut self, fields: Fields) -> Self {
        let mut grants = self.client.grants.to_vec();
        grants.push(Grant { types: Selection::All, fields, purposes: Selection::All });
        self.client.grants = grants.into();
        self
    }

    /// Everything whole.
    pub fn whole(self) -> Self {
        self.fields(Fields::Whole)
    }

    pub fn grants(mut self, grants: Vec<Grant>) -> Self {
        self.client.grants = grants.into();
        self
    }

    pub fn budget(mut self, holders: u32) -> Self {
        self.client.budget = holders;
        self
    }

    pub fn enabled(mut self, enabled: bool) -> Self {
        self.client.enabled = enabled;
        self
    }

    pub fn actor(self) -> Actor {
        Actor::Client { scopes: self.client.scopes.clone(), client: self.client.into() }
    }
}
