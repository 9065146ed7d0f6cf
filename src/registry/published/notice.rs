//! The public part: keys, agencies, authorities, types, clients, logs. Each change is one transaction: the
//! row, an event, and the order that the registry signed for it, which holds the whole row (schema/bytes.md
//! §4). So the log commits to the books of every day, and `fsck` sees a row that was edited beside it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::record::Digest;
use crate::record::event::{Event, EventKind, Order, PublicAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::store::{AccountRow, ClientRow, PublicEvent, SigningKeyRow, Writer};
use crate::text;
use crate::trust::{EnvelopeBuf, SigningKey, Typ, random};

/// The act, and its author.
#[derive(Clone, Copy)]
pub(in crate::registry) struct Notice<'a> {
    pub kind: EventKind,
    pub action: PublicAction,
    pub actor: &'a str,
    pub ground: Option<&'a str>,
    /// Signs the orders; the registry's newest key if none is named.
    pub signer: Option<&'a SigningKey>,
}

/// The thing, and its row from then on.
pub(in crate::registry) struct Stated {
    /// The kid, code or name.
    pub subject: String,
    /// The whole row in the form of schema/bytes.md §4; none if there is no row.
    pub body: Option<Value>,
}

impl Registry {
    /// Changes public things of one kind in one transaction, an event and a signed order each, and tells every
    /// process.
    ///
    /// A change after which policy and catalog could no longer be read is refused: it would stop every
    /// process.
    pub(in crate::registry) fn publish(
        &self,
        notice: &Notice<'_>,
        stated: Vec<Stated>,
        change: impl FnMut(&mut Writer<'_>) -> Result<()>,
    ) -> Result<()> {
        self.publish_unread(notice, stated, change)?;
        self.refresh()
    }

    /// [`Registry::publish`] by a process that reads policy no more afterwards.
    pub(in crate::registry) fn publish_unread(
        &self,
        notice: &Notice<'_>,
        stated: Vec<Stated>,
        mut change: impl FnMut(&mut Writer<'_>) -> Result<()>,
    ) -> Result<()> {
        check_texts(notice, &stated)?;
        let own = if notice.signer.is_none() { Some(self.registry_key()?) } else { None };
        let signer = notice.signer.or(own.as_ref()).ok_or_else(|| Error::internal("no key signs this"))?;
        let now = self.now();
        let mut signed = Vec::with_capacity(stated.len());
        for Stated { subject, body } in stated {
            let detail = body.map(|body| Map::from_iter([("body".to_owned(), body)])).unwrap_or_default();
            let order = public_order(notice.action, &subject, notice.ground, detail, now, signer)?;
            signed.push((subject, order, random::salt()?));
        }
        self.log_records(|writer, place| {
            change(writer)?;
            writer.raise_config_version()?;
            Snapshot::guard(writer)?;
            let mut entries = Vec::with_capacity(signed.len());
            for ((subject, order, salt), leaf) in signed.iter().zip(place.first..) {
                let hash = subject_hash(salt, subject);
                let mut event = Event::new(notice.kind, notice.action, notice.actor, *salt, hash, place.at)
                    .effective_on(now.day())
                    .order(order.view().digest());
                if let Some(ground) = notice.ground {
                    event = event.ground(ground);
                }
                let place = Place { first: leaf, ..place.clone() };
                let signed = Some(order.stored().to_vec());
                entries.push(put_public(writer, &place, notice.kind, subject, &event, signed)?);
            }
            Ok(((), entries))
        })
    }
}

/// What is published stays in the log for ever, names and words with it.
fn check_texts(notice: &Notice<'_>, stated: &[Stated]) -> Result<()> {
    texts::recorded_name("as", notice.actor)?;
    notice.ground.map_or(Ok(()), |why| texts::ground("why", why))?;
    stated.iter().try_for_each(check_row)
}

/// The same of a row before it is published; the place in it is told in words, since the field names the row.
pub(in crate::registry) fn check_body(kind: EventKind, body: Value) -> Result<()> {
    check_row(&Stated::row(kind, body)).map_err(|error| match error.field.clone() {
        Some(field) => Error { detail: format!("{field}: {}", error.detail).into(), ..error },
        None => error,
    })
}

/// Nothing unseen stands in a row, and no number of a person.
fn check_row(Stated { subject, body }: &Stated) -> Result<()> {
    text::visible("name", subject)?;
    body.as_ref().map_or(Ok(()), |body| {
        text::visible_within("", body)?;
        texts::no_number_within("", body)
    })
}

/// The signed order for a change of something public.
pub(in crate::registry) fn public_order(
    action: PublicAction,
    subject: &str,
    ground: Option<&str>,
    detail: Map<String, Value>,
    at: Moment,
    key: &SigningKey,
) -> Result<EnvelopeBuf> {
    let salt = random::salt()?;
    let order = Order {
        action: action.wire().to_owned(),
        detail: (!detail.is_empty()).then_some(detail),
        effective_on: at.day(),
        ground: ground.map(str::to_owned),
        issued_at: at,
        salt,
        subject: subject_hash(&salt, subject),
        v: 1,
        version: None,
    };
    // A type's schema may hold a fraction, which no signed bytes hold.
    let payload = order.to_canonical().map_err(|fault| {
        Error::new(Code::FieldInvalid, "it cannot be written as signed bytes").rule(fault.rule())
    })?;
    Ok(EnvelopeBuf::sign(Typ::Event, &payload, key)?)
}

/// Stores a public event at its leaf and returns its log entry.
pub(in crate::registry) fn put_public(
    writer: &mut Writer<'_>,
    place: &Place,
    kind: EventKind,
    subject: &str,
    event: &Event,
    signed: Option<Vec<u8>>,
) -> Result<[u8; 32]> {
    if PublicAction::of(kind).iter().all(|action| action.wire() != event.action) {
        return Err(Error::internal("an action that schema/bytes.md does not list"));
    }
    writer.insert_public_event(&PublicEvent {
        log: place.log.clone(),
        leaf: i64::try_from(place.first).map_err(Error::internal)?,
        kind: kind.wire().to_owned(),
        subject: subject.to_owned(),
        event: event.to_canonical(),
        signed,
    })?;
    Ok(event.digest().0)
}

/// A signing key as orders state it. The wrapping of its private half is not included: it changes with the
/// master key.
pub(in crate::registry) fn key_body(row: &SigningKeyRow) -> Value {
    let mut body = json!({
        "held": row.wrapped.is_some(),
        "kid": row.kid,
        "owner": row.owner,
        "public": URL_SAFE_NO_PAD.encode(&row.public),
        "purpose": row.purpose,
        "valid_from": Moment::from_micros(row.valid_from),
    });
    if let (Some(at), Some(since), Some(body)) = (row.revoked_at, row.revoked_since, body.as_object_mut()) {
        let (at, since) = (Moment::from_micros(at), Moment::from_micros(since));
        let why = row.revoked_why.as_deref().unwrap_or_default();
        body.insert("revoked".to_owned(), json!({"at": at, "since": since, "why": why}));
    }
    body
}

/// A client as orders state it: of its secret only the digest of the stored hash.
pub(in crate::registry) fn client_body(row: &ClientRow) -> Result<Value> {
    let mut body = stored_body(&row.body)?;
    let members = body.as_object_mut().ok_or_else(|| Error::internal("a client's body is no object"))?;
    let own = json!({
        "agency": row.agency, "enabled": row.enabled, "id": row.id,
        "made_at": Moment::from_micros(row.made_at),
        "secret": Digest::of(&[row.secret.as_bytes()]).text(),
    });
    members.extend(own.as_object().cloned().unwrap_or_default());
    Ok(body)
}

/// An account as orders state it: of its password only the digest of the stored hash, of the person's own number that of
/// its holder key.
pub(in crate::registry) fn account_body(row: &AccountRow) -> Result<Value> {
    let mut body = stored_body(&row.body)?;
    let members = body.as_object_mut().ok_or_else(|| Error::internal("an account's body is no object"))?;
    let roles: Vec<&str> = row.roles.split_whitespace().collect();
    let own = json!({
        "agency": row.agency, "display": row.display, "enabled": row.enabled,
        "made_at": Moment::from_micros(row.made_at), "name": row.name,
        "password": Digest::of(&[row.password.as_bytes()]).text(), "roles": roles,
    });
    members.extend(own.as_object().cloned().unwrap_or_default());
    let region = row.region.as_ref().map(|region| json!(region));
    let number =
        row.own_number.as_ref().map(|key| json!(Digest::of(&[b"elicense own number\0", key]).text()));
    members.extend(region.map(|region| ("region".to_owned(), region)));
    members.extend(number.map(|number| ("own_number".to_owned(), number)));
    Ok(body)
}

/// An agency, an authority, an empowerment, a type, an item, a bundle or a source as orders state it: the stored JSON.
pub(in crate::registry) fn stored_body(text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|fault| {
        Error::new(Code::RecordDamaged, "a row of catalog or policy cannot be read").caused_by(fault)
    })
}

/// The name under which a row with that body is stated.
pub(in crate::registry) fn subject_of(kind: EventKind, body: &Value) -> String {
    let names: &[&str] = match kind {
        EventKind::Key => &["kid"],
        EventKind::Agency => &["code", "valid_from"],
        EventKind::Authority => &["agency", "type_code", "region", "from"],
        EventKind::Empowerment => &["agency", "statement", "region", "from"],
        EventKind::Type => &["code", "version"],
        EventKind::Item => &["实施编码", "版本"],
        EventKind::Bundle => &["编号", "版本"],
        EventKind::Source => &["department", "agency"],
        EventKind::Client => &["id"],
        EventKind::Account => &["name"],
        EventKind::Protection => &["holder"],
        EventKind::Record | EventKind::Holder | EventKind::Coverage | EventKind::Log => &[],
    };
    let parts = names.iter().map(|name| match body.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    });
    parts.collect::<Vec<_>>().join(":")
}

impl Stated {
    /// A row under its name.
    pub fn row(kind: EventKind, body: Value) -> Self {
        Self { subject: subject_of(kind, &body), body: Some(body) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::canonical;
    use crate::registry::upkeep::backup::Manifest;

    fn example(name: &str) -> &'static str {
        let lines = include_str!("../../../fixtures/vectors/bytes.txt").lines();
        lines.filter_map(|line| line.split_once(" = ")).find(|(own, _)| *own == name).unwrap().1
    }

    #[test]
    fn rows_are_stated_as_the_page_has_them() {
        let at: Moment = "2024-05-20T01:02:03.000004Z".parse().unwrap();
        let stated: Value = serde_json::from_str(example("public.key_body")).unwrap();
        let mut row = SigningKeyRow {
            kid: stated["kid"].as_str().unwrap().to_owned(),
            owner: "11190000000012343B".into(),
            purpose: "issue".into(),
            public: URL_SAFE_NO_PAD.decode(stated["public"].as_str().unwrap()).unwrap(),
            wrapped: Some(vec![1]),
            valid_from: at.micros(),
            revoked_at: None,
            revoked_since: None,
            revoked_why: None,
        };
        let text = |body: &Value| String::from_utf8(canonical::to_vec(body).unwrap()).unwrap();
        assert_eq!(text(&key_body(&row)), example("public.key_body"));
        row.revoked_at = Some("2024-06-01T00:00:00.000000Z".parse::<Moment>().unwrap().micros());
        row.revoked_since = Some("2024-05-31T00:00:00.000000Z".parse::<Moment>().unwrap().micros());
        row.revoked_why = Some("密钥丢失".into());
        assert_eq!(text(&key_body(&row)), example("public.revoked_key_body"));
        let client: Value = serde_json::from_str(example("public.client_body")).unwrap();
        let body = json!({
            "name": client["name"], "scopes": client["scopes"], "grants": client["grants"], "budget": 500,
        });
        let row = ClientRow {
            id: "window-system".into(),
            agency: "11190000000012343B".into(),
            secret: example("public.client_secret").into(),
            body: body.to_string(),
            enabled: true,
            made_at: at.micros(),
        };
        assert_eq!(text(&client_body(&row).unwrap()), example("public.client_body"));
        let account: Value = serde_json::from_str(example("public.account_body")).unwrap();
        let row = AccountRow {
            name: "clerk".into(),
            display: "演示窗口 3 号".into(),
            agency: "11190000000012343B".into(),
            roles: "clerk supervisor".into(),
            password: example("public.client_secret").into(),
            enabled: true,
            body: json!({"grants": account["grants"], "budget": 300}).to_string(),
            failures: 0,
            locked_until: 0,
            made_at: at.micros(),
            region: Some("190101".into()),
            own_number: Some((0..16).collect()),
        };
        assert_eq!(text(&account_body(&row).unwrap()), example("public.account_body"));
    }

    #[test]
    fn a_manifest_is_what_the_page_has() {
        let manifest: Manifest = serde_json::from_str(example("backup.json")).unwrap();
        let again = canonical::to_vec(&serde_json::to_value(&manifest).unwrap()).unwrap();
        assert_eq!(again, example("backup.json").as_bytes());
    }
}
