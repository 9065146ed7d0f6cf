//! A department over https: by the certificates that the operator names, and by no others.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};

use super::*;
use common::Backend;
use common::department::{Simulated, connect, source};
use elicense::clock::Clock;
use elicense::record::question::AnswerFault;

/// A certificate of this machine for itself, with its key.
fn certificate(name: &str) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    (made.cert.der().clone(), key)
}

/// Speaks TLS for a system that speaks plain HTTP; the port.
fn front(system: SocketAddr, (own, key): (CertificateDer<'static>, PrivateKeyDer<'static>)) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![own], key).unwrap());
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let (mut stream, config) = (stream.unwrap(), config.clone());
            std::thread::spawn(move || {
                let mut session = ServerConnection::new(config).unwrap();
                let mut tls = rustls::Stream::new(&mut session, &mut stream);
                // A client that does not trust it goes at once.
                let Some(request) = whole(&mut tls) else { return };
                let mut behind = TcpStream::connect(system).unwrap();
                behind.write_all(&request).unwrap();
                behind.shutdown(Shutdown::Write).unwrap();
                let mut answer = Vec::new();
                behind.read_to_end(&mut answer).unwrap();
                let _gone = tls.write_all(&answer);
                session.send_close_notify();
                let _gone = session.complete_io(&mut stream);
            });
        }
    });
    port
}

/// One request with its body, which asks for the connection to be closed.
fn whole(tls: &mut impl Read) -> Option<Vec<u8>> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = tls.read(&mut part).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        if body.len() >= length.map_or(0, |length| length.trim().parse().unwrap()) {
            let text = String::from_utf8(bytes).unwrap();
            return Some(text.replacen("\r\n", "\r\nconnection: close\r\n", 1).into_bytes());
        }
    }
}

#[test]
fn a_department_over_tls_answers_under_the_certificate_that_was_named() {
    let world = common::world_at(Backend::Sqlite, Clock::System).unwrap();
    ready(&world.registry);
    let registry = &world.registry;
    let department = Simulated::start(CREMATORIUM, &json!({MARRIED: {"*": "yes"}}), &["--life", "1"]);
    let system: SocketAddr = department.url["http://".len()..].trim_end_matches('/').parse().unwrap();
    let (own, key) = certificate("localhost");
    let port = front(system, (own.clone(), key));
    let encoded = |der: &CertificateDer<'_>| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(der)
    };
    let put = |host: &str, trusted: &CertificateDer<'_>| {
        let url = format!("https://{host}:{port}/");
        let mut office = source("婚姻登记机关", CREMATORIUM, "婚姻登记系统", &url, registry.now());
        office.roots = vec![encoded(trusted)];
        connect(registry, office, &department.public);
        registry.refresh().unwrap();
    };
    put("localhost", &own);
    registry.check_source("婚姻登记机关", CREMATORIUM).unwrap().unwrap();
    let answer = apply(registry, &alone());
    assert_eq!(checked(&answer, "married").0, "checked", "{answer}");
    // Another certificate than its own, and its own under another name: nobody is there.
    for (host, trusted) in [("localhost", certificate("localhost").0), ("127.0.0.1", own.clone())] {
        put(host, &trusted);
        let fault = registry.check_source("婚姻登记机关", CREMATORIUM).unwrap().unwrap_err();
        assert_eq!(fault, AnswerFault::Unreachable, "{host}");
    }
    let asked = department.asked();
    put("localhost", &own);
    registry.check_source("婚姻登记机关", CREMATORIUM).unwrap().unwrap();
    assert_eq!(department.asked(), asked + 1, "no question went to a system that was not trusted");
}
