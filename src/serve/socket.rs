//! One socket: its listener, its workers, and the path of a connection from the wire to the routes.

use std::net::TcpListener;
use std::sync::Arc;

use actix_http::HttpService;
use actix_server::Server;
use actix_service::{
    IntoServiceFactory, ServiceFactory, ServiceFactoryExt, apply_fn_factory, fn_service, map_config,
};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Service, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpResponse, web};
use tokio_rustls::TlsAcceptor;

use super::connections::{Connections, SLACK};
use super::listeners::Socket;
use super::tls::Certificate;
use super::wire::{Entrance, Wire, until_ended};
use super::{routes, shares};
use crate::config::ServeConfig;
use crate::error::{Error, Result};
use crate::http::defaults;
use crate::http::frame::{Frame, frame};
use crate::http::metrics::Metrics;

/// Connections that wait to be taken; the system may hold fewer.
const BACKLOG: i32 = 1024;

/// The parts that all workers share.
#[derive(Clone)]
pub struct Parts {
    /// Where requests are counted.
    pub metrics: web::Data<Metrics>,
    /// Puts the `web::Data` of the use cases into an application; runs once for each worker of each socket.
    pub data: Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>,
}

/// A socket with its address.
pub struct Bound {
    /// Its doors.
    pub socket: Socket,
    /// The source of its connections.
    pub listener: TcpListener,
    /// TLS, if any.
    pub certificate: Option<Arc<Certificate>>,
    /// Its share of connections.
    pub connections: Arc<Connections>,
}

/// Starts the workers of a socket; the server runs when it is awaited.
///
/// # Errors
/// When the certificate or the listener cannot be used.
pub fn serve(bound: Bound, config: &ServeConfig, parts: &Parts) -> Result<Server> {
    let Bound { socket, listener, certificate, connections } = bound;
    rustix::net::listen(&listener, BACKLOG).map_err(Error::internal)?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let tls =
        certificate.map(|certificate| certificate.server_config()).transpose().map_err(Error::internal)?;
    let framing = web::Data::new(Frame {
        metrics: parts.metrics.clone(),
        time_limit: config.request_limit,
        behind_proxy: config.behind_proxy,
        tls: tls.is_some(),
        doors: socket.doors.iter().map(|door| door.name()).collect::<Vec<_>>().join("+"),
    });
    let entrance = Entrance {
        connections: connections.clone(),
        tls: tls.map(|tls| TlsAcceptor::from(Arc::new(tls))),
        head_limit: config.head_limit,
    };
    let workers = shares::workers(&socket, config);
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let (config, parts, stop_limit) = (config.clone(), parts.clone(), config.stop_limit);
    let paths = move || {
        let (stopping, entrance) = (stopping.clone(), entrance.clone());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(config.keep_alive)
            .client_request_timeout(config.head_limit)
            .client_disconnect_timeout(config.request_limit.min(config.head_limit))
            .local_addr(address)
            .on_connect_ext(|wire: &Wire, data| {
                data.insert(wire.connection().clone());
            })
            .finish(application(framing.clone(), &parts, &socket));
        fn_service(move |stream| entrance.clone().enter(stream)).and_then(apply_fn_factory(
            http,
            |(wire, protocol, peer): (Wire, _, _), http: &_| {
                let connection = wire.connection().clone();
                let serving = Service::call(http, (wire, protocol, peer));
                async move { until_ended(&connection, serving).await.unwrap_or(Ok(())) }
            },
        ))
    };
    let builder = builder
        .workers(workers)
        .max_concurrent_connections(connections.most().div_ceil(workers) + SLACK)
        .shutdown_timeout(stop_limit.as_secs())
        .disable_signals()
        .listen(format!("{address}"), listener, paths)
        .map_err(Error::internal)?;
    Ok(builder.run())
}

/// The routes of a socket's doors in their frame. The configuration of actix's own server would carry facts
/// that the frame knows better; it stays at its default.
fn application(
    framing: web::Data<Frame>,
    parts: &Parts,
    socket: &Socket,
) -> impl ServiceFactory<
    actix_http::Request,
    Config = (),
    Response = ServiceResponse<BoxBody>,
    Error = HttpResponse,
    InitError = (),
> + use<> {
    let (data, doors) = (parts.data.clone(), socket.doors.clone());
    let app = App::new()
        .app_data(framing)
        .app_data(parts.metrics.clone())
        .configure(defaults::configure)
        .configure(move |cfg| data(cfg))
        .configure(move |cfg| routes::of(&doors, cfg))
        .wrap(from_fn(frame));
    let app = app.into_factory().map_err(|fault: actix_web::Error| fault.error_response());
    map_config(app, |()| AppConfig::default())
}
