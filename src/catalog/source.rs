//! A source: the system of a department that answers questions about a party (practice R7, 数据核验).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::catalog::Region;
use crate::clock::Moment;
use crate::rule::Rule;

/// The least and the most that a source may be given to answer, in milliseconds.
const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 100..=10_000;
/// Longest address of a system.
const URL: usize = 200;
/// Most certificates that a source is trusted by, and most questions that are answered for one case alone.
const LIST: usize = 16;

/// A system that answers for a department, as items name it, in the region of its agency and everywhere below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSystem {
    /// The agency that answers; its keys sign the answers.
    pub agency: String,
    /// Questions whose answer is for the case that asked, and for no other (practice R11).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub case_only: Vec<String>,
    /// The department, as items name it: 人力资源和社会保障局.
    pub department: String,
    /// Since when nobody is asked there any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Moment>,
    /// Its name as people at the window read it: 婚姻登记系统.
    pub name: String,
    /// Why questions may cross a network without TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain_network: Option<String>,
    /// The certificates by which its TLS is trusted, DER in base64; no other is trusted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// Since when it is asked.
    pub since: Moment,
    /// Milliseconds within which it answers.
    pub timeout_ms: u32,
    /// Where questions are posted.
    pub url: String,
}

/// Why a source cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceFault {
    /// The address is none.
    #[error(
        "the address is not http(s)://host[:port]/path, or holds a name, a password, a query or a fragment"
    )]
    Url,
    /// Plain HTTP to another machine.
    #[error("questions about people would cross the network without TLS")]
    Plain,
    /// TLS without a certificate to trust, or one that is none.
    #[error("TLS needs the certificates by which the system is trusted, at most 16")]
    Roots,
    /// The time is too short or too long.
    #[error("a source answers within 100 to 10000 milliseconds")]
    Timeout,
    /// Too many questions.
    #[error("at most 16 questions are for one case alone")]
    CaseOnly,
}

impl SourceFault {
    /// The stable name of the rule.
    pub fn rule(self) -> Rule {
        match self {
            Self::Url => Rule::SourceUrl,
            Self::Plain => Rule::SourcePlain,
            Self::Roots => Rule::SourceRoots,
            Self::Timeout => Rule::OutOfRange,
            Self::CaseOnly => Rule::TooManyItems,
        }
    }

    /// The field that it is about.
    pub fn field(self) -> &'static str {
        match self {
            Self::Url | Self::Plain => "url",
            Self::Roots => "roots",
            Self::Timeout => "timeout",
            Self::CaseOnly => "case_only",
        }
    }
}

impl SourceSystem {
    /// Refuses a source that cannot be asked, or must not be.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), SourceFault> {
        let (tls, host) = address(&self.url).ok_or(SourceFault::Url)?;
        if !tls && !is_loopback(host) && self.plain_network.is_none() {
            return Err(SourceFault::Plain);
        }
        if (tls && self.roots.is_empty()) || self.roots.len() > LIST || self.ders().is_none() {
            return Err(SourceFault::Roots);
        }
        if !TIMEOUT_MS.contains(&self.timeout_ms) {
            return Err(SourceFault::Timeout);
        }
        if self.case_only.len() > LIST { Err(SourceFault::CaseOnly) } else { Ok(()) }
    }

    /// Whether its questions go out under TLS.
    pub fn is_tls(&self) -> bool {
        self.url.starts_with("https://")
    }

    /// The certificates by which it is trusted; none if one is not base64.
    pub fn ders(&self) -> Option<Vec<Vec<u8>>> {
        self.roots.iter().map(|one| STANDARD.decode(one).ok()).collect()
    }

    /// Whether it is asked at that moment.
    pub fn in_force(&self, at: Moment) -> bool {
        self.since <= at && self.ended.is_none_or(|ended| at < ended)
    }

    /// Of several sources, with the regions of their agencies, the one that answers for a department at a place: the
    /// nearest above it.
    pub fn nearest<'s, S: AsRef<Self> + 's>(
        sources: impl Iterator<Item = (&'s S, Region)>,
        (department, place): (&str, Region),
        at: Moment,
    ) -> Option<&'s S> {
        let able = sources.filter(|(source, region)| {
            let source = source.as_ref();
            source.department == department && source.in_force(at) && region.covers(place)
        });
        // The region within all others is the nearest; of two of one region the first by its agency's code.
        able.reduce(|best, next| if best.1.covers(next.1) && best.1 != next.1 { next } else { best })
            .map(|(source, _)| source)
    }
}

/// Whether the address has TLS, and its host.
fn address(url: &str) -> Option<(bool, &str)> {
    let (tls, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return None,
    };
    let plain = |c: char| c.is_ascii_graphic() && !"@?#\\\"<>^`{|}%".contains(c);
    if url.len() > URL || !rest.chars().all(plain) {
        return None;
    }
    let authority = rest.split('/').next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(six) => {
            let (inside, behind) = six.split_once(']')?;
            let hex = |c: char| c.is_ascii_hexdigit() || c == ':';
            inside.chars().all(hex).then_some((authority.get(..inside.len() + 2)?, behind))?
        }
        None => {
            let end = authority.find(':').unwrap_or(authority.len());
            authority.split_at_checked(end)?
        }
    };
    let named = |c: char| c.is_ascii_alphanumeric() || "-.[]:".contains(c);
    let right = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    (right && !host.is_empty() && host.chars().all(named)).then_some((tls, host))
}

/// Whether a host is this machine. A name that only looks like it (127.0.0.1.example) is not.
fn is_loopback(host: &str) -> bool {
    let four: Vec<&str> = host.split('.').collect();
    let octets = four.len() == 4 && four.iter().all(|part| part.parse::<u8>().is_ok());
    host == "localhost" || host == "[::1]" || (octets && four.first() == Some(&"127"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn source(url: &str) -> SourceSystem {
        SourceSystem {
            agency: "11190101MB0A000012".into(),
            case_only: Vec::new(),
            department: "婚姻登记机关".into(),
            ended: None,
            name: "婚姻登记系统".into(),
            plain_network: None,
            roots: Vec::new(),
            since: Moment::from_micros(10),
            timeout_ms: 1_500,
            url: url.into(),
        }
    }

    #[test]
    fn only_addresses_of_systems_are_taken_and_plain_ones_of_this_machine() {
        for url in ["http://127.0.0.1:8099/q", "http://localhost/", "http://[::1]:80/a/b", "http://127.8.0.1"]
        {
            assert_eq!(source(url).check(), Ok(()), "{url}");
        }
        for url in [
            "",
            "ftp://127.0.0.1/",
            "http://",
            "http:///x",
            "http://a b/",
            "http://name:word@127.0.0.1/",
            "http://127.0.0.1/?q=1",
            "http://127.0.0.1/#x",
            "http://127.0.0.1:99999/",
            "http://[::1/",
            "http://主机/",
            "HTTP://127.0.0.1/",
            "http://127.0.0.1/%31",
        ] {
            assert_eq!(source(url).check(), Err(SourceFault::Url), "{url}");
        }
        for url in ["http://127.0.0.1.example/", "http://10.0.0.7/q", "http://128.0.0.1/", "http://[::2]/"] {
            assert_eq!(source(url).check(), Err(SourceFault::Plain), "{url}");
        }
        let allowed = SourceSystem {
            plain_network: Some("专线加密机在前".into()),
            ..source("http://10.0.0.7/q")
        };
        assert_eq!(allowed.check(), Ok(()));
        assert_eq!(source("https://10.0.0.7/q").check(), Err(SourceFault::Roots));
        let trusted = SourceSystem { roots: vec!["AAAA".into()], ..source("https://10.0.0.7/q") };
        assert_eq!(trusted.check(), Ok(()));
        assert_eq!(SourceSystem { roots: vec!["-".into()], ..trusted }.check(), Err(SourceFault::Roots));
        let slow = SourceSystem { timeout_ms: 10_001, ..source("http://localhost/") };
        assert_eq!(slow.check(), Err(SourceFault::Timeout));
    }

    #[test]
    fn the_nearest_source_above_the_place_is_asked() {
        let of =
            |agency: &str| Arc::new(SourceSystem { agency: agency.into(), ..source("http://localhost/") });
        let (country, city, other) = (of("country"), of("city"), of("other"));
        let ended =
            Arc::new(SourceSystem { ended: Some(Moment::from_micros(20)), ..source("http://localhost/") });
        let region = |text: &str| text.parse::<Region>().unwrap();
        let all = [
            (&ended, region("190101")),
            (&country, Region::COUNTRY),
            (&city, region("190100")),
            (&other, region("190200")),
        ];
        let asked = |department: &str, at: i64| {
            let place = (department, region("190101"));
            SourceSystem::nearest(all.iter().copied(), place, Moment::from_micros(at)).map(|one| &one.agency)
        };
        assert_eq!(asked("婚姻登记机关", 20), Some(&city.agency));
        assert_eq!(asked("婚姻登记机关", 19), Some(&ended.agency));
        assert_eq!(asked("婚姻登记机关", 9), None, "it had not begun");
        assert_eq!(asked("公安机关", 20), None);
    }
}
