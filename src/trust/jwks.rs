//! The published list of keys: a JWK Set (RFC 7517, RFC 8037) with owner and life beside each key. So an
//! outsider can judge a signature of any past moment without asking (I10).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::keyring::{KeyPurpose, KeyRecord, KeyRing};
use crate::clock::Moment;

/// `{"keys":[…]}`. Beside the registered members each key has `owner`, `purpose`, `valid_from`, and, if set,
/// `valid_to` and `revoked` {`at`, `since`, `reason`}; readers of plain JWKS ignore those. Revoked keys stay
/// on the list: their earlier signatures still verify.
pub fn jwks(ring: &KeyRing) -> Value {
    let set = JwkSet { keys: ring.all().into_iter().map(jwk).collect() };
    serde_json::to_value(set).unwrap_or_default()
}

/// One key of the list (RFC 8037), with owner and life.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Jwk {
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    crv: &'static str,
    /// The name by which envelopes and checkpoints refer to it.
    kid: String,
    /// Always `OKP`.
    #[schema(example = "OKP")]
    kty: &'static str,
    /// An agency's credit code, `registry`, or a log.
    owner: String,
    /// What it signs.
    purpose: KeyPurpose,
    /// Why it counts no more, and since when; earlier signatures still verify.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    revoked: Option<JwkRevocation>,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    used: &'static str,
    /// From when it signed.
    valid_from: Moment,
    /// Until when it signed; left out while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    valid_to: Option<Moment>,
    /// The public key, base64url.
    x: String,
}

/// The end of a key's life.
#[derive(Serialize, utoipa::ToSchema)]
pub struct JwkRevocation {
    /// When it was said.
    at: Moment,
    /// Why.
    reason: String,
    /// What it signed from this moment on does not count.
    since: Moment,
}

/// The whole list.
#[derive(Serialize, utoipa::ToSchema)]
pub struct JwkSet {
    /// Every key that ever signed here.
    keys: Vec<Jwk>,
}

/// One key of the list.
pub fn jwk(record: &KeyRecord) -> Jwk {
    let revoked = record.revoked.as_ref();
    Jwk {
        alg: "EdDSA",
        crv: "Ed25519",
        kid: record.kid().text(),
        kty: "OKP",
        owner: record.owner.as_str().into(),
        purpose: record.purpose,
        revoked: revoked.map(|one| JwkRevocation {
            at: one.at,
            reason: one.reason.clone(),
            since: one.since,
        }),
        used: "sig",
        valid_from: record.valid_from,
        valid_to: record.valid_to,
        x: URL_SAFE_NO_PAD.encode(record.public.bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::keyring::Revocation;
    use super::super::keys::{SigningKey, VerifyKey};
    use super::*;
    use serde_json::json;

    #[test]
    fn i10_a_key_reads_back_from_the_published_list() {
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let at = Moment::from_micros(1_000_000);
        let record = KeyRecord {
            owner: "registry".into(),
            public: key.verify_key(),
            purpose: KeyPurpose::Registry,
            valid_from: at,
            valid_to: None,
            revoked: Some(Revocation { at, since: at, reason: "replaced".into() }),
            earlier: Vec::new(),
        };
        let list = jwks(&KeyRing::new([record]));
        let published = &list["keys"][0];
        let bytes = URL_SAFE_NO_PAD.decode(published["x"].as_str().unwrap()).unwrap();
        let read = VerifyKey::from_bytes(&bytes.try_into().unwrap()).unwrap();
        assert_eq!(read, key.verify_key());
        assert_eq!(published["kid"], key.kid().text());
        assert_eq!((&published["kty"], &published["crv"]), (&json!("OKP"), &json!("Ed25519")));
        assert_eq!(published["revoked"]["since"], "1970-01-01T00:00:01.000000Z");
        assert!(published.get("valid_to").is_none() && published.get("d").is_none());
    }
}
