//! Sessions of staff over the registry.

use std::sync::Arc;

use crate::clock::Moment;
use crate::error::{Code, Result};
use crate::http::Pending;
use crate::http::browser::BrowserKey;
use crate::http::problem::retry_seconds;
use crate::http::session::{AtTheDoor, Fresh, Session, SessionKey, Sessions};
use crate::http::slow::SlowWork;
use crate::http::waits::Waits;
use crate::registry::{Registry, SignIn};

/// The sessions of a running registry.
#[derive(Clone)]
pub struct RegistrySessions {
    registry: Registry,
    browsers: BrowserKey,
    /// How long addresses wait after wrong passwords; a known browser does not wait for its address.
    waits: Arc<Waits>,
    /// Passwords are slow to check: at most two at once, so that sign-ins never starve lookups.
    room: SlowWork,
}

impl RegistrySessions {
    /// Sessions kept in the registry's database.
    pub fn new(registry: Registry) -> Self {
        let browsers = BrowserKey::derive(registry.store().master());
        Self { registry, browsers, waits: Arc::default(), room: SlowWork::new(2) }
    }

    async fn enter(self, who: AtTheDoor, now: Moment) -> Result<(Fresh, String)> {
        let AtTheDoor { name, password, peer, browser } = who;
        let browser = browser.and_then(|value| self.browsers.read(&value, &name, now));
        let known = browser.is_some();
        let fresh = Fresh::new()?;
        let made_known = self.browsers.issue(&name, now)?;
        let turn = self.room.turn(peer, name.as_str(), password.as_str()).await?;
        // Asked when its turn comes: many at once gain no more guesses than one after another.
        if !known {
            self.waits.check(peer, now)?;
        }
        let (registry, key, csrf) = (self.registry, fresh.key, fresh.csrf.clone());
        let work = move || {
            let browser = browser.as_ref().map(<[u8; 16]>::as_slice);
            let secret = password.as_str();
            registry.sign_in(&SignIn { name: &name, secret, browser, key: &key, csrf: &csrf })
        };
        let entered = turn.run(work).await;
        match &entered {
            Ok(()) => self.waits.succeeded(peer),
            // A try that only waits was no guess.
            Err(error) if !known && error.code == Code::SignInFailed && retry_seconds(error).is_none() => {
                self.waits.failed(peer, now);
            }
            Err(_) => {}
        }
        entered.map(|()| (fresh, made_known))
    }
}

impl Sessions for RegistrySessions {
    fn sign_in(&self, who: AtTheDoor, now: Moment) -> Pending<(Fresh, String)> {
        Box::pin(self.clone().enter(who, now))
    }

    fn find(&self, key: SessionKey, _now: Moment) -> Pending<Option<Session>> {
        let registry = self.registry.clone();
        Box::pin(async move {
            let reader = registry.clone();
            let found = registry.store().blocking(move || reader.signed_in(&key)).await?;
            Ok(found.map(|found| Session {
                key,
                account: found.account.name.as_str().into(),
                display: found.account.display.as_str().into(),
                agency: found.account.agency.as_str().into(),
                agency_name: found.agency_name.into(),
                csrf: found.csrf.into(),
            }))
        })
    }

    fn end(&self, key: SessionKey) -> Pending<()> {
        let registry = self.registry.clone();
        Box::pin(async move {
            let writer = registry.clone();
            let ended: Result<()> = registry.store().blocking(move || writer.sign_out(&key)).await;
            ended
        })
    }
}
