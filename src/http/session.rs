//! Sessions of people who sign in on pages: the cookie, the key under which the session is stored, and the
//! token that each of its forms carries.
//!
//! The cookie is 32 random bytes; only their SHA-256 is stored, so that a copy of the table opens no session.
//! The implementation of [`Sessions`] decides where sessions and accounts live.

use actix_web::http::header::{COOKIE, HOST, ORIGIN};
use actix_web::{HttpRequest, web};
use ring::digest;
use zeroize::Zeroizing;

use super::frame::Frame;
use super::peer::Peer;
use super::{Pending, random};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::rule::Rule;

/// SHA-256 of a cookie's value: the key of the stored session.
pub type SessionKey = [u8; 32];

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The stored key.
    pub key: SessionKey,
    /// The sign-in name.
    pub account: Box<str>,
    /// The name shown on pages.
    pub display: Box<str>,
    /// The code of the agency the person works for.
    pub agency: Box<str>,
    /// Its name, shown on pages.
    pub agency_name: Box<str>,
    /// The token of each form.
    pub csrf: Box<str>,
}

impl Session {
    /// Checks the token that came with a form.
    ///
    /// # Errors
    /// `csrf_invalid`.
    pub fn check_form(&self, token: &str) -> Result<()> {
        // Hashes are compared: the time tells where the hashes differ, and that says nothing about the token.
        let equal = hash(self.csrf.as_bytes()) == hash(token.as_bytes());
        if equal && !self.csrf.is_empty() { Ok(()) } else { Err(Error::new(Code::CsrfInvalid, "")) }
    }
}

/// A session about to begin: the value for the cookie, and the values to store.
pub struct Fresh {
    /// The cookie's value; goes to the browser and nowhere else.
    pub cookie: Zeroizing<String>,
    /// The key to store.
    pub key: SessionKey,
    /// The token for forms, to store beside the key.
    pub csrf: String,
}

impl Fresh {
    /// New random values.
    ///
    /// # Errors
    /// `internal` when the operating system gives no random bytes.
    pub fn new() -> Result<Self> {
        let secret = Zeroizing::new(random::bytes::<32>()?);
        let cookie = Zeroizing::new(random::text(secret.as_ref()));
        Ok(Self { key: hash(secret.as_ref()), cookie, csrf: random::text(&random::bytes::<32>()?) })
    }
}

/// Somebody at the sign-in form.
pub struct AtTheDoor {
    /// The name given.
    pub name: String,
    /// The password given.
    pub password: Zeroizing<String>,
    /// The address of the request.
    pub peer: Peer,
    /// The cookie that makes the browser known for this name, if any.
    pub browser: Option<String>,
}

/// Where accounts and sessions live.
pub trait Sessions: Send + Sync {
    /// Checks a password (slow on purpose; after several failures the name and the address wait) and stores a
    /// session. Returns it with the value that makes the browser known. An unknown name gets `sign_in_failed`
    /// too, after the same work.
    fn sign_in(&self, who: AtTheDoor, now: Moment) -> Pending<(Fresh, String)>;

    /// The session under that key if it has neither ended nor been idle for
    /// [`crate::registry::SESSION_IDLE_S`]; notes its use.
    fn find(&self, key: SessionKey, now: Moment) -> Pending<Option<Session>>;

    /// Ends a session.
    fn end(&self, key: SessionKey) -> Pending<()>;
}

/// The value of `Set-Cookie` that begins a session: HttpOnly, SameSite=Strict, Path=/; `Secure` and the prefix
/// `__Host-` behind TLS. It ends with the browser.
pub fn cookie(value: &str, secure: bool) -> String {
    format!(
        "{}={value}; Path=/; HttpOnly; SameSite=Strict{}",
        name(secure),
        if secure { "; Secure" } else { "" }
    )
}

/// The value of `Set-Cookie` that takes the session's cookie away.
pub fn ended(secure: bool) -> String {
    format!("{}; Max-Age=0", cookie("", secure))
}

/// The stored key for the cookie of a request; `None` if there is none of the right shape, or two.
pub fn key_of(req: &HttpRequest, secure: bool) -> Option<SessionKey> {
    let secret = random::from_text(cookie_of(req, name(secure))?).map(Zeroizing::new)?;
    (secret.len() == 32).then(|| hash(&secret))
}

/// The value of the one cookie of that name; `None` if there is none, or two.
pub fn cookie_of<'a>(req: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let headers = req.headers().get_all(COOKIE).filter_map(|value| value.to_str().ok());
    let pairs = headers.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(own, _)| *own == name).map(|(_, value)| value);
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    Some(value)
}

/// Refuses a form that a page of another origin sent. It guards the sign-in form, which has no session yet;
/// elsewhere it runs before the token's check.
///
/// # Errors
/// `csrf_invalid`.
pub fn same_origin(req: &HttpRequest) -> Result<()> {
    let header = |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok());
    let refused = || Error::new(Code::CsrfInvalid, "The form came from another site.").rule(Rule::Origin);
    if let Some(site) = header("sec-fetch-site") {
        return if matches!(site, "same-origin" | "none") { Ok(()) } else { Err(refused()) };
    }
    let Some(origin) = header(ORIGIN.as_str()) else { return Ok(()) };
    let host = header(HOST.as_str()).or_else(|| req.uri().authority().map(|authority| authority.as_str()));
    match origin.split_once("://") {
        Some((_, origin)) if Some(origin) == host => Ok(()),
        _ => Err(refused()),
    }
}

/// Whether the browser speaks TLS: with this socket, or with a proxy in front that says so. A forged header can
/// only make the forger's own cookie stricter.
pub fn is_secure(req: &HttpRequest) -> bool {
    let own = req.app_data::<web::Data<Frame>>().is_some_and(|frame| frame.tls);
    own || req.connection_info().scheme() == "https"
}

fn name(secure: bool) -> &'static str {
    if secure { "__Host-elicense" } else { "elicense" }
}

fn hash(secret: &[u8]) -> SessionKey {
    let mut key = SessionKey::default();
    key.copy_from_slice(digest::digest(&digest::SHA256, secret).as_ref());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn session(csrf: &str) -> Session {
        let text = |text: &str| text.into();
        Session {
            key: [0; 32],
            account: text("a"),
            display: text("甲"),
            agency: text("1"),
            agency_name: text("示范机构"),
            csrf: csrf.into(),
        }
    }

    #[test]
    fn a_cookie_leads_to_its_key_and_is_closed_to_scripts_and_other_sites() {
        let fresh = Fresh::new().unwrap();
        for secure in [true, false] {
            let cookie = cookie(&fresh.cookie, secure);
            let text = &cookie;
            assert!(text.contains("HttpOnly") && text.contains("SameSite=Strict") && text.contains("Path=/"));
            assert_eq!(text.contains("Secure"), secure);
            let req = TestRequest::get()
                .insert_header((COOKIE, format!("a=b; {}", cookie.split(';').next().unwrap())))
                .to_http_request();
            assert_eq!(key_of(&req, secure), Some(fresh.key));
            assert_eq!(key_of(&req, !secure), None, "a cookie set without TLS does not count behind it");
        }
        assert_ne!(
            fresh.key.as_slice(),
            random::from_text(&fresh.cookie).unwrap(),
            "the stored key is a hash"
        );
    }

    #[test]
    fn a_form_needs_the_token_of_its_own_session() {
        assert!(session("abc").check_form("abc").is_ok());
        assert_eq!(session("abc").check_form("abd").unwrap_err().code, Code::CsrfInvalid);
        assert!(session("abc").check_form("").is_err());
        assert!(session("").check_form("").is_err());
    }

    #[test]
    fn a_form_of_another_site_is_refused() {
        let ask = |headers: &[(&'static str, &'static str)]| {
            let req = headers.iter().fold(TestRequest::post(), |req, header| req.insert_header(*header));
            same_origin(&req.to_http_request()).is_ok()
        };
        assert!(ask(&[("host", "a.test"), ("origin", "https://a.test")]));
        assert!(!ask(&[("host", "a.test"), ("origin", "https://b.test")]));
        assert!(!ask(&[("host", "a.test"), ("origin", "null")]));
        assert!(!ask(&[("host", "a.test"), ("sec-fetch-site", "cross-site")]));
        assert!(ask(&[("host", "a.test"), ("sec-fetch-site", "same-origin")]));
    }
}
