//! Who a request turned out to come from, for its line in the operator's log: the frame puts an empty place into the
//! request, and whoever checks a token or a session writes the label there.

use std::cell::OnceCell;
use std::rc::Rc;

use actix_web::{HttpMessage as _, HttpRequest};

/// The place; clones share it.
#[derive(Clone, Default)]
pub struct Caller(Rc<OnceCell<Box<str>>>);

impl Caller {
    /// The place of a request; one that nobody reads where no frame stands around it.
    pub fn of(req: &HttpRequest) -> Self {
        req.extensions().get::<Self>().cloned().unwrap_or_default()
    }

    /// It comes from this client: `client:<id>`.
    pub fn is_client(&self, id: &str) {
        let _first_stays = self.0.set(format!("client:{id}").into());
    }

    /// It comes from this account: `account:<name>`.
    pub fn is_account(&self, name: &str) {
        let _first_stays = self.0.set(format!("account:{name}").into());
    }

    /// The label, `-` where nobody is known.
    pub fn label(&self) -> &str {
        self.0.get().map_or("-", |label| label)
    }
}
