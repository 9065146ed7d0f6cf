//! The signed-in person of a page, and the seam to everything that the pages need.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};

use super::page::PageError;
use super::views::{AccountView, ItemChoice, LookupView, Shell, Typed};
use crate::clock::Clock;
use crate::error::{Code, Error};
use crate::http::Pending;
use crate::http::caller::Caller;
use crate::http::session::{self, Session, Sessions};

/// A clerk's request.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Three digits; checked by the use case.
    pub code_type: String,
    /// The number as typed, not yet checked.
    pub number: Typed,
    /// The item's code, as in the form: `code/role` where the item has several roles.
    pub item: String,
    /// Why.
    pub reason: String,
    /// How the person takes part, as on the wire.
    pub presence: String,
    /// The text of a card reader; empty if no card was read.
    pub reader: Typed,
    /// The article of law that allows work at no item; empty for work at one.
    pub article: String,
}

/// The use cases behind the pages of the window.
pub trait Desk: Send + Sync {
    /// The items that the person may choose, one choice for each role that an item has: no others are answered.
    fn items(&self, session: Session) -> Pending<Vec<ItemChoice>>;

    /// Looks up, logs, and gives what may be shown.
    fn lookup(&self, asked: Asked, session: Session) -> Pending<LookupView>;
}

/// The parts that the pages need; put into the application as `web::Data<Window>`.
pub struct Window {
    /// Accounts and sessions.
    pub sessions: Arc<dyn Sessions>,
    /// The use cases.
    pub desk: Arc<dyn Desk>,
    /// The source of the present.
    pub clock: Clock,
    /// Whether this is the demo.
    pub demo: bool,
}

/// A person of staff who is signed in; without one the browser is sent to the sign-in page.
pub struct Staff {
    /// The session.
    pub session: Session,
    /// The seam.
    pub window: web::Data<Window>,
}

impl Staff {
    /// The frame of this person's pages.
    pub fn shell(&self) -> Shell {
        let account = AccountView {
            display: self.session.display.to_string(),
            agency: self.session.agency_name.to_string(),
            csrf: self.session.csrf.to_string(),
        };
        Shell { demo: self.window.demo, account: Some(account) }
    }
}

impl FromRequest for Staff {
    type Error = PageError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, PageError>>>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        let window = req.app_data::<web::Data<Window>>().cloned();
        let key = session::key_of(req, session::is_secure(req));
        let caller = Caller::of(req);
        Box::pin(async move {
            let window = window.ok_or_else(|| Error::internal("no window in this application"))?;
            let key = key.ok_or_else(|| Error::new(Code::Unauthenticated, ""))?;
            let now = window.clock.now();
            let found = window.sessions.find(key, now).await?;
            let session = found.ok_or_else(|| Error::new(Code::Unauthenticated, ""))?;
            caller.is_account(&session.account);
            Ok(Self { session, window })
        })
    }
}
