//! The published list of keys: a JWK Set (RFC 7517, RFC 8037) with owner and life beside each key. So an
//! outsider can judge a signature of any past moment without asking (I10).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::keyring::{KeyRecord, KeyRing};

/// `{"keys":[…]}`. Beside the registered members each key has `owner`, `purpose`, `valid_from`, and, if set,
/// `valid_to` and `revoked` {`at`, `since`, `reason`}; readers of plain JWKS ignore those. Revoked keys stay
/// on the list: their earlier signatures still verify.
pub fn jwks(ring: &KeyRing) -> Value {
    json!({"keys": ring.all().into_iter().map(jwk).collect::<Vec<_>>()})
}

/// One key of the list.
pub fn jwk(record: &KeyRecord) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("alg", "EdDSA".into());
    put("crv", "Ed25519".into());
    put("kid", record.kid().text().into());
    put("kty", "OKP".into());
    put("owner", record.owner.as_str().into());
    put("purpose", record.purpose.wire().into());
    put("use", "sig".into());
    put("valid_from", record.valid_from.to_string().into());
    put("x", URL_SAFE_NO_PAD.encode(record.public.bytes()).into());
    if let Some(end) = record.valid_to {
        put("valid_to", end.to_string().into());
    }
    if let Some(revoked) = &record.revoked {
        put(
            "revoked",
            json!({"at": revoked.at.to_string(), "since": revoked.since.to_string(), "reason": revoked.reason}),
        );
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::super::keyring::{Purpose, Revocation};
    use super::super::keys::{SigningKey, VerifyKey};
    use super::*;
    use crate::clock::Moment;

    #[test]
    fn i10_a_key_reads_back_from_the_published_list() {
        let key = SigningKey::from_seed(&[1; 32]).unwrap();
        let at = Moment::from_micros(1_000_000);
        let record = KeyRecord {
            owner: "registry".into(),
            public: key.verify_key(),
            purpose: Purpose::Registry,
            valid_from: at,
            valid_to: None,
            revoked: Some(Revocation { at, since: at, reason: "replaced".into() }),
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
