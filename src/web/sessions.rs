//! Sessions of staff over the registry.

use zeroize::Zeroizing;

use crate::clock::Moment;
use crate::error::Result;
use crate::http::Pending;
use crate::http::session::{Fresh, Session, SessionKey, Sessions};
use crate::http::slow::SlowWork;
use crate::registry::Registry;

/// The sessions of a running registry.
pub struct RegistrySessions {
    registry: Registry,
    /// Passwords are slow to check: at most two at once, so that sign-ins never starve lookups.
    door: std::sync::Arc<SlowWork>,
}

impl RegistrySessions {
    /// Sessions kept in the registry's database.
    pub fn new(registry: Registry) -> Self {
        Self { registry, door: std::sync::Arc::new(SlowWork::new(2)) }
    }
}

impl Sessions for RegistrySessions {
    fn sign_in(&self, name: String, password: Zeroizing<String>, _now: Moment) -> Pending<Fresh> {
        let (registry, door) = (self.registry.clone(), self.door.clone());
        Box::pin(async move {
            let fresh = Fresh::new()?;
            let (key, csrf) = (fresh.key, fresh.csrf.clone());
            door.run(move || registry.sign_in(&name, &password, &key, &csrf)).await?;
            Ok(fresh)
        })
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
