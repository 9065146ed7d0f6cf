//! A serving registry: its parts put together, the threads beside the requests, and the end of both.

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actix_web::web;

use super::beside::Background;
use super::health::{Checks, ReadinessCheck};
use super::sizes::Sizes;
use super::{Parts, Server, Signals};
use crate::api::oauth2::{Credentials, Grant};
use crate::config::{Door, ServeConfig};
use crate::error::{Code, Error, Result};
use crate::http::auth::{Gate, Lacking};
use crate::http::context::Context;
use crate::http::metrics::Metrics;
use crate::http::scope::Scopes;
use crate::http::token::TokenKey;
use crate::journal;
use crate::log::metrics::Counters;
use crate::policy::{Actor, Client};
use crate::registry::{Registry, ToldCharges};
use crate::store::WalCare;
use crate::web::desk::RegistryDesk;
use crate::web::docs::Docs;
use crate::web::sessions::RegistrySessions;
use crate::web::staff::Window;

/// How often the config version is read; policy older than a second answers no lookup.
const REFRESH: Duration = Duration::from_millis(250);

/// The command line's settings beside the sockets.
pub struct Settings {
    /// The name of this process.
    pub node: String,
    /// Say on every page that this is a demo.
    pub demo: bool,
}

/// A serving registry.
pub struct Running {
    registry: Registry,
    node: String,
    server: Server,
    beside: Vec<Background>,
    sharing: Arc<Mutex<ToldCharges>>,
}

impl Running {
    /// Claims the access log, waiting for the lease of an owner that was killed, and opens the sockets.
    pub fn start(registry: Registry, config: &ServeConfig, settings: Settings) -> Result<Self> {
        registry.await_access(&settings.node)?;
        registry.refresh()?;
        registry.store().keep_anchors()?;
        let sharing = Arc::new(Mutex::new(registry.share()?));
        let beside = vec![
            refresher(registry.clone())?,
            follower(registry.clone())?,
            watcher(registry.clone())?,
            wal_care(&registry)?,
            sharer(sharing.clone())?,
        ];
        let metrics = web::Data::new(Metrics::new()?);
        super::watched::watch(&metrics, &registry)?;
        let context = web::Data::new(Context { registry: registry.clone(), metrics: metrics.clone() });
        let gate = web::Data::new(gate(&registry));
        let credentials = web::Data::new(credentials(&registry));
        let window = web::Data::new(Window {
            sessions: Arc::new(RegistrySessions::new(registry.clone())),
            desk: Arc::new(RegistryDesk::new(context.clone())),
            clock: registry.clock().clone(),
            demo: settings.demo,
        });
        let document = web::Data::new(crate::serve::routes::described()?);
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
        let database = if registry.store().url().is_postgres() { "postgres" } else { "sqlite" };
        let doors: Vec<&str> = config.listeners.iter().map(|listener| listener.door.name()).collect();
        journal::started(&settings.node, database, &doors.join("+"));
        Ok(Self { registry, node: settings.node, server, beside, sharing })
    }

    /// The addresses, with their doors and TLS.
    pub fn addresses(&self) -> &[(SocketAddr, Vec<Door>, bool)] {
        self.server.addresses()
    }

    /// Serves until SIGTERM or SIGINT. Then finishes the requests that have begun, commits the waiting
    /// entries, gives the log back.
    pub async fn run_until_signal(self, signals: Signals) -> Result<()> {
        let Self { registry, node, server, beside, sharing } = self;
        let ended = server.run_until_signal(signals).await;
        end(&registry, &node, beside, &sharing);
        ended
    }

    /// The same without waiting for a signal.
    pub async fn stop(self) -> Result<()> {
        let Self { registry, node, server, beside, sharing } = self;
        let ended = server.stop().await;
        end(&registry, &node, beside, &sharing);
        ended
    }
}

/// After the last request: what ran beside them ends, the last charges are told, what waits is committed, the log is
/// given back.
fn end(registry: &Registry, node: &str, beside: Vec<Background>, sharing: &Mutex<ToldCharges>) {
    drop(beside);
    exchange(sharing);
    registry.stop_access();
    Sizes::default().tell(registry);
    journal::stopped(node);
}

fn refresher(registry: Registry) -> Result<Background> {
    Background::every("refresh", REFRESH, move || {
        if let Err(error) = registry.refresh() {
            log::error!("policy could not be read anew: {error:?}");
        }
    })
}

/// How often the processes tell each other whom they charged.
const SHARE: Duration = Duration::from_secs(1);

/// Tells the other processes whom this one charged, and hears it of them.
fn sharer(sharing: Arc<Mutex<ToldCharges>>) -> Result<Background> {
    Background::every("budgets", SHARE, move || exchange(&sharing))
}

fn exchange(sharing: &Mutex<ToldCharges>) {
    let exchanged = sharing.lock().unwrap_or_else(PoisonError::into_inner).step();
    if let Err(error) = exchanged {
        log::error!("the processes could not tell each other whom they charged: {error:?}");
    }
}

/// How often the heads of all logs are held against what was confirmed of them, and the clock against the heads.
const WATCH: Duration = Duration::from_secs(1);

/// Watches the logs, which other processes write too, and says when the clock falls behind them or is right again.
fn watcher(registry: Registry) -> Result<Background> {
    let (mut unread, mut told) = (false, registry.clock_behind());
    let mut sizes = Sizes::of(&registry);
    Background::every("watch", WATCH, move || {
        let watched = registry.store().watch_logs();
        // A log that went back was reported when it was found.
        let fails = watched.as_ref().is_err_and(|error| error.code != Code::LogForked);
        if let (Err(error), true, false) = (watched, fails, unread) {
            log::error!("the heads of the logs could not be read: {error:?}");
        }
        unread = fails;
        sizes.look(&registry);
        let behind = registry.clock_behind();
        match (told, behind) {
            (Some(_), None) => journal::clock_right(),
            // With the time it only gets less: another clock ran ahead, or this one was set back.
            (told, behind) if behind > told => registry.tell_clock(),
            _ => {}
        }
        told = behind;
    })
}

/// Looks after the write-ahead logs of SQLite.
fn wal_care(registry: &Registry) -> Result<Background> {
    let mut care = WalCare::new(registry.store())?;
    let mut failed = false;
    Background::every("wal", REFRESH, move || {
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
fn follower(registry: Registry) -> Result<Background> {
    Background::run("follower", move |end| {
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
    let noting = registry.clone();
    let lacking: Lacking = Arc::new(move |claims, named| {
        let registry = noting.clone();
        Box::pin(async move {
            let snapshot = registry.fresh_snapshot()?;
            let Some(client) = snapshot.clients.get(&*claims.client).cloned() else { return Ok(()) };
            let actor = Actor::Client { client, scopes: Vec::new() };
            registry.tries().may_ask(&actor, registry.now())?;
            let blocking = registry.clone();
            registry.store().blocking(move || blocking.note_lacking_scope(&actor, &named)).await
        })
    });
    Gate { key, clock: registry.clock().clone(), admission: Arc::new(admission), lacking }
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
