use std::path::PathBuf;

use crate::config::{Door, Listener, ServeConfig, TlsFiles};
use crate::rule::Rule;
use crate::serve::{ListenerFault, sockets};

fn listener(door: Door, address: &str, certificate: Option<&str>) -> Listener {
    let tls =
        certificate.map(|name| TlsFiles { certificate: PathBuf::from(name), key: PathBuf::from("key") });
    Listener { door, address: address.parse().unwrap(), tls }
}

#[test]
fn doors_of_one_address_share_a_socket() {
    let config = ServeConfig::new(vec![
        listener(Door::Public, "127.0.0.1:8080", None),
        listener(Door::Admin, "127.0.0.1:8081", None),
        listener(Door::Window, "127.0.0.1:8080", None),
    ]);
    let sockets = sockets(&config).unwrap();
    assert_eq!(sockets.len(), 2);
    assert_eq!(sockets[0].doors, [Door::Public, Door::Window]);
}

#[test]
fn nothing_stands_open_without_tls_by_mistake() {
    let open = |listeners| sockets(&ServeConfig::new(listeners)).unwrap_err().rule();
    assert_eq!(open(vec![listener(Door::Public, "0.0.0.0:80", None)]), Rule::ListenerWithoutTls);
    assert_eq!(open(vec![listener(Door::Public, "[::]:80", None)]), Rule::ListenerWithoutTls);
    assert_eq!(open(vec![]), Rule::ListenerNone);
    let twice = || listener(Door::Public, "127.0.0.1:80", None);
    assert_eq!(open(vec![twice(), twice()]), Rule::ListenerTwice);
    let mixed = vec![listener(Door::Public, "[::1]:80", None), listener(Door::Admin, "[::1]:80", Some("c"))];
    assert_eq!(
        sockets(&ServeConfig::new(mixed)).unwrap_err(),
        ListenerFault::TlsDiffers("[::1]:80".parse().unwrap())
    );

    let mut proxied = ServeConfig::new(vec![listener(Door::Public, "0.0.0.0:80", None)]);
    proxied.behind_proxy = true;
    assert!(sockets(&proxied).is_ok());
    assert!(sockets(&ServeConfig::new(vec![listener(Door::Public, "0.0.0.0:443", Some("c"))])).is_ok());
}
