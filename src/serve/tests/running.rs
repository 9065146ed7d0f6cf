use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::{HttpResponse, rt, web};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use crate::config::{Door, Listener, ServeConfig, TlsFiles};
use crate::error::{Code, Error};
use crate::http::metrics::Metrics;
use crate::rule::Rule;
use crate::serve::health::{Checks, ReadinessCheck};
use crate::serve::{Parts, Server, Signals};

/// A self-made certificate for `localhost`, written to both files; gives its PEM.
fn make_certificate(files: &TlsFiles) -> String {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    made.cert.pem()
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles { certificate: folder.join("chain.pem"), key: folder.join("key.pem") }
}

fn parts(ready: Arc<AtomicBool>) -> Parts {
    let checks = web::Data::new(Checks(vec![ReadinessCheck {
        name: "store",
        ask: Arc::new(move || {
            let ready = ready.load(Ordering::SeqCst);
            Box::pin(async move { if ready { Ok(()) } else { Err(Error::new(Code::StoreUnavailable, "")) } })
        }),
        degrades: None,
    }]));
    let document = web::Data::new(crate::serve::routes::described().unwrap());
    let docs = web::Data::new(crate::web::docs::Docs::of(document.value()));
    let data = Arc::new(move |cfg: &mut web::ServiceConfig| {
        cfg.app_data(checks.clone())
            .app_data(document.clone())
            .app_data(docs.clone())
            .route("/slow", web::get().to(slow));
    });
    Parts { metrics: web::Data::new(Metrics::new().unwrap()), data }
}

async fn slow() -> HttpResponse {
    rt::time::sleep(Duration::from_millis(400)).await;
    HttpResponse::Ok().body("finished")
}

fn config(door: &[Door], tls: Option<TlsFiles>) -> ServeConfig {
    let address = "127.0.0.1:0".parse().unwrap();
    let listeners = door.iter().map(|door| Listener { door: *door, address, tls: tls.clone() }).collect();
    let mut config = ServeConfig::new(listeners);
    config.workers = 1;
    config
}

fn exchange(stream: &mut (impl Read + Write), path: &str) -> std::io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(fault) if fault.kind() != std::io::ErrorKind::UnexpectedEof => Err(fault),
        _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
    }
}

async fn plain(address: SocketAddr, path: &'static str) -> String {
    web::block(move || exchange(&mut TcpStream::connect(address).unwrap(), path).unwrap()).await.unwrap()
}

/// A TLS request by a client that trusts only that certificate.
async fn secured(address: SocketAddr, trusted: String) -> std::io::Result<String> {
    web::block(move || {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = TcpStream::connect(address)?;
        exchange(&mut rustls::Stream::new(&mut session, &mut stream), "/healthz")
    })
    .await
    .unwrap()
}

#[actix_web::test]
async fn tls_is_spoken_and_a_new_certificate_is_taken_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let first = make_certificate(&files);
    let server =
        Server::start(&config(&[Door::Public], Some(files.clone())), &parts(Arc::new(AtomicBool::new(true))))
            .unwrap();
    let (address, _, tls) = server.addresses()[0].clone();
    assert!(tls);
    let answer = secured(address, first.clone()).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security"), "{answer}");

    let second = make_certificate(&files);
    assert!(secured(address, second.clone()).await.is_err(), "not before the files are read again");
    server.reload_certificates().unwrap();
    assert!(secured(address, second.clone()).await.unwrap().starts_with("HTTP/1.1 200"));
    assert!(secured(address, first).await.is_err());

    std::fs::write(&files.certificate, "broken").unwrap();
    let fault = server.reload_certificates().unwrap_err();
    assert_eq!(fault.rule.map(Rule::wire), Some("certificate_missing"));
    assert!(secured(address, second).await.is_ok(), "the present certificate stays in use");
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn sighup_reads_certificates_again_and_sigterm_stops() {
    use tokio::signal::unix::{SignalKind, signal};
    // Registered first, so that the signal never ends the test process itself.
    let _held = [signal(SignalKind::terminate()).unwrap(), signal(SignalKind::hangup()).unwrap()];
    let send = |name: &'static str| {
        // The shell's own: the program `kill` belongs to a package that a slim machine lacks.
        let kill = format!("kill {name} {}", std::process::id());
        assert!(std::process::Command::new("bash").args(["-c", &kill]).status().unwrap().success());
    };
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    make_certificate(&files);
    let server =
        Server::start(&config(&[Door::Public], Some(files.clone())), &parts(Arc::new(AtomicBool::new(true))))
            .unwrap();
    let address = server.addresses()[0].0;
    let running = rt::spawn(server.run_until_signal(Signals::caught().unwrap()));
    rt::time::sleep(Duration::from_millis(50)).await;
    let second = make_certificate(&files);
    send("-HUP");
    let mut taken = false;
    for _ in 0..50 {
        taken = secured(address, second.clone()).await.is_ok();
        if taken {
            break;
        }
        rt::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(taken, "the new certificate is served");
    send("-TERM");
    running.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    make_certificate(&files);
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&files.key, other.signing_key.serialize_pem()).unwrap();
    assert_eq!(crate::serve::tls::Certificate::load(files).unwrap_err().rule().wire(), "key_mismatch");
}

#[actix_web::test]
async fn each_door_has_only_its_routes_and_one_socket_can_have_several() {
    let ready = Arc::new(AtomicBool::new(true));
    let mut config = config(&[Door::Public], None);
    config.listeners.push(Listener { door: Door::Admin, address: "127.0.0.2:0".parse().unwrap(), tls: None });
    config.listeners.push(Listener {
        door: Door::Agency,
        address: "127.0.0.2:0".parse().unwrap(),
        tls: None,
    });
    let server = Server::start(&config, &parts(ready.clone())).unwrap();
    let (public, inner) = (server.addresses()[0].0, server.addresses()[1].0);
    assert_eq!(server.addresses().len(), 2);
    for (address, path, status) in [
        (public, "/metrics", 404),
        (public, "/api/openapi.json", 404),
        (public, "/verifications", 405),
        (inner, "/verifications", 404),
        (public, "/healthz", 200),
        (public, "/nowhere", 404),
        (inner, "/metrics", 200),
        (inner, "/api/openapi.json", 200),
        (inner, "/readyz", 200),
    ] {
        let answer = plain(address, path).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{path}: {answer}");
    }
    ready.store(false, Ordering::SeqCst);
    let answer = plain(inner, "/readyz").await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("\"store\":\"store_unavailable\""),
        "{answer}"
    );
    server.stop().await.unwrap();
}

#[actix_web::test]
async fn a_stop_finishes_what_has_begun() {
    let server =
        Server::start(&config(&[Door::Public], None), &parts(Arc::new(AtomicBool::new(true)))).unwrap();
    let address = server.addresses()[0].0;
    let begun = rt::spawn(plain(address, "/slow"));
    rt::time::sleep(Duration::from_millis(150)).await;
    server.stop().await.unwrap();
    assert!(begun.await.unwrap().ends_with("finished"));
    assert!(TcpStream::connect(address).is_err(), "nothing new is taken");
}

#[actix_web::test]
async fn an_address_in_use_is_told_and_nothing_is_served() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = config(&[Door::Public], None);
    config.listeners[0].address = taken.local_addr().unwrap();
    let fault = Server::start(&config, &parts(Arc::new(AtomicBool::new(true)))).err().unwrap();
    assert_eq!((fault.code, fault.rule.map(Rule::wire)), (Code::ConfigInvalid, Some("listener_address")));
}
