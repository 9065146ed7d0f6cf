//! The other end, as far as an address tells: guesses and crowds are counted by it.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};

use super::frame::Frame;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// An address; of IPv6 the first 64 bits, because one line has all the addresses below them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Peer(IpAddr);

impl Peer {
    /// The peer at an address.
    pub fn at(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))),
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
        }
    }

    /// The peer of a request. Behind a proxy it is the last address in `X-Forwarded-For`, which the proxy
    /// itself added; the addresses before it are the caller's word.
    pub fn of(req: &HttpRequest) -> Self {
        let behind_proxy = req.app_data::<web::Data<Frame>>().is_some_and(|frame| frame.behind_proxy);
        let forwarded = behind_proxy.then(|| forwarded(req)).flatten();
        let address = forwarded.or_else(|| req.peer_addr().map(|socket| socket.ip()));
        Self::at(address.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }
}

impl FromRequest for Peer {
    type Error = std::convert::Infallible;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(req: &HttpRequest, _payload: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

fn forwarded(req: &HttpRequest) -> Option<IpAddr> {
    let last = req.headers().get_all(FORWARDED_FOR).last()?.to_str().ok()?;
    last.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::metrics::Metrics;
    use actix_web::test::TestRequest;
    use std::time::Duration;

    fn of(behind_proxy: bool, forwarded: &[&'static str]) -> Peer {
        let metrics = web::Data::new(Metrics::new().unwrap());
        let frame = Frame {
            metrics,
            time_limit: Duration::from_secs(1),
            tls: false,
            behind_proxy,
            doors: String::new(),
        };
        let mut request = TestRequest::get().peer_addr("10.0.0.9:1".parse().unwrap());
        for value in forwarded {
            request = request.append_header((FORWARDED_FOR, *value));
        }
        Peer::of(&request.app_data(web::Data::new(frame)).to_http_request())
    }

    fn at(address: &str) -> Peer {
        Peer::at(address.parse().unwrap())
    }

    #[test]
    fn only_the_word_of_the_proxy_counts() {
        assert_eq!(of(false, &["1.2.3.4"]), at("10.0.0.9"), "no proxy stands in front");
        assert_eq!(of(true, &["6.6.6.6, 1.2.3.4"]), at("1.2.3.4"));
        assert_eq!(of(true, &["6.6.6.6", "1.2.3.4"]), at("1.2.3.4"));
        assert_eq!(of(true, &["nonsense"]), at("10.0.0.9"));
        assert_eq!(of(true, &[]), at("10.0.0.9"));
    }

    #[test]
    fn one_line_is_one_peer() {
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:1.2.3.4"), at("1.2.3.4"));
    }
}
