//! A serving registry: its parts put together, the threads beside the requests, and the end of both.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::web;

use super::beside::Beside;
use super::health::{Checks, ReadinessCheck};
use super::{Parts, Server};
use crate::api::document::Document;
use crate::api::oauth2::{Credentials, Grant};
use crate::config::{Door, ServeConfig};
use crate::error::{Code, Error, Result};
use crate::http::auth::Gate;
use crate::http::budget::Budgets;
use crate::http::context::Context;
use crate::http::metrics::Metrics;
use crate::http::scope::Scopes;
use crate::http::token::TokenKey;
use crate::log::metrics::Counters;
use crate::policy::Client;
use crate::registry::Registry;
use crate::store::WalCare;
use crate::web::desk::RegistryDesk;
use crate::web::docs::Docs;
use crate::web::sessions::RegistrySessions;
use crate::web::staff::Window;
use crate::web::views::ItemChoice;

/// How often the config version is read; policy older than a second answers no lookup.
const REFRESH: Duration = Duration::from_millis(250);

/// The command line's settings beside the sockets.
pub struct Settings {
    /// The name of this process.
    pub node: String,
    /// Say on every page that this is a demo.
    pub demo: bool,
    /// Items that a clerk may choose until items exist in the catalog.
    pub items: Vec<ItemChoice>,
}

/// A serving registry.
pub struct Running {
    registry: Registry,
    server: Server,
    beside: Vec<Beside>,
}

impl Running {
    /// Claims the access log, waiting for the lease of an owner that was killed, and opens the sockets.
    pub fn start(registry: Registry, config: &ServeConfig, settings: Settings) -> Result<Self> {
        registry.await_access(&settings.node)?;
        registry.refresh()?;
        registry.store().keep_anchors()?;
        let beside = vec![
            refresher(registry.clone())?,
            follower(registry.clone())?,
            watcher(registry.clone())?,
            wal_care(&registry)?,
        ];
        let metrics = web::Data::new(Metrics::new()?);
        super::watched::watch(&metrics, &registry)?;
        let context = web::Data::new(Context {
            registry: registry.clone(),
            budgets: Budgets::default(),
            metrics: metrics.clone(),
        });
        for (actor, holder, at) in registry.accesses_of_today()? {
            context.budgets.seed(&actor, *holder.bytes(), at);
        }
        let gate = web::Data::new(gate(&registry));
        let credentials = web::Data::new(credentials(&registry));
        let window = web::Data::new(Window {
            sessions: Arc::new(RegistrySessions::new(registry.clone())),
            desk: Arc::new(RegistryDesk::new(context.clone(), settings.items)),
            clock: registry.clock().clone(),
            demo: settings.demo,
        });
        let document = web::Data::new(Document::build()?);
        let docs = web::Data::new(Docs::of(document.value()));
        let checks = web::Data::new(checks(&registry));
        let data = move |cfg: &mut web::ServiceConfig| {
            cfg.app_data(context.clone())
                .app_data(gate.clone())
                .app_data(credentials.clone())
                .app_data(window.clone())
                .app_data(document.clone())
                .app_data(docs.clone())
                .app_data(checks.clone());
        };
        let server = Server::start(config, &Parts { metrics, data: Arc::new(data) })?;
        Ok(Self { registry, server, beside })
    }

    /// The addresses, with their doors and TLS.
    pub fn addresses(&self) -> &[(SocketAddr, Vec<Door>, bool)] {
        self.server.addresses()
    }

    /// Serves until SIGTERM or SIGINT. Then finishes the requests that have begun, commits the waiting
    /// entries, gives the log back.
    pub async fn run_until_signal(self) -> Result<()> {
        let Self { registry, server, beside } = self;
        let ended = server.run_until_signal().await;
        drop(beside);
        registry.stop_access();
        ended
    }

    /// The same without waiting for a signal.
    pub async fn stop(self) -> Result<()> {
        let Self { registry, server, beside } = self;
        let ended = server.stop().await;
        drop(beside);
        registry.stop_access();
        ended
    }
}

fn refresher(registry: Registry) -> Result<Beside> {
    Beside::every("refresh", REFRESH, move || {
        if let Err(error) = registry.refresh() {
            log::error!("policy could not be read anew: {error:?}");
        }
    })
}

/// How often the heads of all logs are compared with their confirmed state, and the clock with the heads.
const WATCH: Duration = Duration::from_secs(1);

/// Watches the logs, which other processes write too, and reports when the clock falls behind them or is
/// right again.
fn watcher(registry: Registry) -> Result<Beside> {
    let (mut unread, mut told) = (false, registry.clock_behind());
    Beside::every("watch", WATCH, move || {
        let watched = registry.store().watch_logs();
        // A log that went back was reported when it was found.
        let fails = watched.as_ref().is_err_and(|error| error.code != Code::LogForked);
        if let (Err(error), true, false) = (watched, fails, unread) {
            log::error!("the heads of the logs could not be read: {error:?}");
        }
        unread = fails;
        let behind = registry.clock_behind();
        match (told, behind) {
            (Some(_), None) => log::warn!("the clock is no longer behind the newest leaf of the logs"),
            // The lag only shrinks with time. It grew: another clock ran ahead, or this one was set back.
            (told, behind) if behind > told => registry.tell_clock(),
            _ => {}
        }
        told = behind;
    })
}

/// Maintains the write-ahead logs of SQLite.
fn wal_care(registry: &Registry) -> Result<Beside> {
    let mut care = WalCare::new(registry.store())?;
    let mut failed = false;
    Beside::every("wal", REFRESH, move || {
        let looked = care.look();
        if let (Err(error), false) = (&looked, failed) {
            log::warn!("the write-ahead logs could not be looked after: {error:?}");
        }
        failed = looked.is_err();
    })
}

/// Entries within one [`REFRESH`] above which the holders' lists wait: a step would delay the commits that
/// lookups wait for. Entries in no list yet are read from the log's tail, and the lag is shown.
const BUSY: u64 = 500;
/// Rounds after which a step is taken even under load: five minutes.
const PATIENCE: u32 = 1_200;

/// Fills the holders' lists in the gaps between lookups.
fn follower(registry: Registry) -> Result<Beside> {
    Beside::run("follower", move |end| {
        let (mut seen, mut waited) = (0, 0);
        while !end.load(Ordering::SeqCst) {
            std::thread::sleep(REFRESH);
            let entries = registry.access().map_or(0, |access| Counters::value(&access.counters().entries));
            let busy = entries.saturating_sub(seen) > BUSY;
            seen = entries;
            if busy && waited < PATIENCE {
                waited += 1;
                continue;
            }
            waited = 0;
            loop {
                match registry.follow_step() {
                    Ok(true) if !busy && !end.load(Ordering::SeqCst) => std::thread::sleep(REFRESH / 10),
                    Ok(_) => break,
                    Err(error) => {
                        log::error!("the holders' lists could not be filled: {error:?}");
                        break;
                    }
                }
                let now = registry.access().map_or(0, |access| Counters::value(&access.counters().entries));
                if now.saturating_sub(seen) > BUSY {
                    break;
                }
            }
        }
    })
}

fn gate(registry: &Registry) -> Gate {
    let key = TokenKey::new(&registry.store().master().derive("token"));
    let known = registry.clone();
    let admission = move |claims: &crate::http::token::Claims, _now| {
        let snapshot = known.fresh_snapshot()?;
        match snapshot.clients.get(&*claims.client) {
            Some(client) if client.enabled && client.epoch == claims.epoch => Ok(()),
            _ => Err(Error::new(
                Code::Unauthenticated,
                "The client was ended, or its secret replaced: ask for a token.",
            )),
        }
    };
    Gate { key, clock: registry.clock().clone(), admission: Arc::new(admission) }
}

fn credentials(registry: &Registry) -> Credentials {
    let granted = |client: &Client| {
        let scopes: Scopes = client.scopes.iter().copied().collect();
        Grant { scopes, epoch: client.epoch }
    };
    let (known, asked) = (registry.clone(), registry.clone());
    let recall =
        move |id: &str, secret: &str| Ok(known.recall_client(id, secret)?.map(|client| granted(&client)));
    let check = move |id: &str, secret: &str| match asked.check_client(id, secret) {
        Ok(client) => Ok(Some(granted(&client))),
        Err(error) if error.code == Code::Unauthenticated => Ok(None),
        Err(error) => Err(error),
    };
    Credentials::new(Arc::new(recall), Arc::new(check))
}

fn checks(registry: &Registry) -> Checks {
    let (store, log, policy, clock) =
        (registry.clone(), registry.clone(), registry.clone(), registry.clone());
    let unready = |code| Error::new(code, "");
    Checks(vec![
        ReadinessCheck {
            name: "store",
            ask: Arc::new(move || {
                let registry = store.clone();
                Box::pin(async move {
                    let reader = registry.clone();
                    registry
                        .store()
                        .blocking(move || reader.store().read_now(|reader| reader.config_version()))
                        .await
                        .map(drop)
                })
            }),
            degrades: None,
        },
        ReadinessCheck {
            name: "log",
            ask: Arc::new(move || {
                let why = match log.access() {
                    Err(error) => Some(error.code),
                    Ok(access) => access.refusal().map(|refusal| Error::from(refusal).code),
                };
                let told = why.map_or(Ok(()), |why| {
                    let forked = why == Code::LogForked;
                    Err(unready(if forked { why } else { Code::LogUnavailable }))
                });
                Box::pin(async move { told })
            }),
            degrades: None,
        },
        ReadinessCheck {
            name: "policy",
            ask: Arc::new(move || {
                let fresh = policy.fresh_snapshot().map(drop);
                Box::pin(async move { fresh })
            }),
            degrades: None,
        },
        // Work goes on: the log's time is late, and the answers say so. A stop would lock the registry for as
        // long as some clock once ran ahead.
        ReadinessCheck {
            name: "clock",
            ask: Arc::new(move || {
                let behind = clock.clock_behind().is_some();
                Box::pin(async move { if behind { Err(unready(Code::Internal)) } else { Ok(()) } })
            }),
            degrades: Some("behind"),
        },
    ])
}
