//! Orders (schema/bytes.md §4): the acts of an authority, signed with its key.
//!
//! Either the registry signs with the key it holds for the agency, or the agency sends an order that it
//! signed itself. Such an order is verified here and stored as it came.

use serde_json::{Map, Value};

use crate::clock::{Day, Moment};
use crate::error::{Code, Error, Result};
use crate::record::event::{Deed, Order, holder_hash, subject_hash};
use crate::record::{Digest, Salt};
use crate::registry::Registry;
use crate::registry::base::texts;
use crate::rule::Rule;
use crate::store::StoredEvent;
use crate::text;
use crate::trust::envelope::Limits;
use crate::trust::{EnvelopeBuf, SigningKey, Typ, random};

/// A signed order.
#[derive(Debug, Clone)]
pub(in crate::registry) struct Signed {
    pub order: Order,
    /// Stored form of its envelope.
    pub stored: Vec<u8>,
    /// Digest of its envelope.
    pub digest: Digest,
    /// True if the agency signed it with a key of its own.
    pub by_own_key: bool,
}

/// The content of an order.
pub(in crate::registry) struct Terms<'a> {
    pub action: Deed,
    pub subject: Subject<'a>,
    pub effective_on: Day,
    pub ground: Option<&'a str>,
    pub version: Option<u32>,
    pub detail: Map<String, Value>,
    /// Someone else the order is about: the member of `detail` in which the hash stands, under the order's salt.
    pub other: Option<(&'static str, Subject<'a>)>,
}

/// The subject of an order.
#[derive(Clone, Copy)]
pub(in crate::registry) enum Subject<'a> {
    /// The identifier of a record.
    Record(&'a str),
    /// Key type and key code of a holder.
    Holder(&'a str, &'a str),
}

impl Subject<'_> {
    /// Its hash under a salt.
    pub fn hash(self, salt: &Salt) -> Digest {
        match self {
            Self::Record(identifier) => subject_hash(salt, identifier),
            Self::Holder(key_type, key_code) => holder_hash(salt, key_type, key_code),
        }
    }
}

impl<'a> Terms<'a> {
    /// Names someone else in the detail, by hash.
    #[must_use]
    pub fn naming(mut self, member: &'static str, other: Subject<'a>) -> Self {
        self.other = Some((member, other));
        self
    }

    fn name_other(&mut self, salt: &Salt) {
        if let Some((member, other)) = self.other {
            self.detail.insert(member.to_owned(), other.hash(salt).text().into());
        }
    }

    /// The order with that content, under a key kept here.
    pub fn sign(mut self, key: &SigningKey, at: Moment) -> Result<Signed> {
        let salt = random::salt()?;
        self.name_other(&salt);
        let order = Order {
            action: self.action.wire().to_owned(),
            detail: (!self.detail.is_empty()).then_some(self.detail),
            effective_on: self.effective_on,
            ground: self.ground.map(str::to_owned),
            issued_at: at,
            salt,
            subject: self.subject.hash(&salt),
            v: 1,
            version: self.version,
        };
        let envelope = EnvelopeBuf::sign(Typ::Event, &order.to_canonical().map_err(Error::internal)?, key)?;
        let digest = envelope.view().digest();
        Ok(Signed { order, stored: envelope.stored().to_vec(), digest, by_own_key: false })
    }

    /// Whether an order from outside has that content. Its detail is the agency's own and only kept, except
    /// that each member asked for here must stand there with the same value.
    pub fn accept(mut self, signed: Signed) -> Result<Signed> {
        self.name_other(&signed.order.salt);
        let order = &signed.order;
        let differs = |field: &'static str, rule: Rule| {
            Err(Error::new(Code::FieldInvalid, "the signed order says something else than the request")
                .at(field)
                .rule(rule))
        };
        if order.action != self.action.wire() {
            return differs("order.action", Rule::OrderAction);
        }
        if order.subject != self.subject.hash(&order.salt) {
            return differs("order.subject", Rule::OrderSubject);
        }
        if order.version != self.version {
            return differs("order.version", Rule::OrderVersion);
        }
        if order.effective_on != self.effective_on {
            return differs("order.effective_on", Rule::OrderEffectiveOn);
        }
        if order.ground.as_deref() != self.ground {
            return differs("order.ground", Rule::OrderGround);
        }
        let stated = order.detail.clone().unwrap_or_default();
        if self.detail.iter().any(|(name, value)| stated.get(name) != Some(value)) {
            return differs("order.detail", Rule::OrderDetail);
        }
        Ok(signed)
    }
}

impl Registry {
    /// Verifies an order that an agency signed: key known, of that agency, not revoked, signature strict.
    pub(in crate::registry) fn taken_order(&self, compact: &str, agency: &str) -> Result<Signed> {
        let refused = |detail: &'static str, rule: Rule| {
            Error::new(Code::EnvelopeInvalid, detail).at("order").rule(rule)
        };
        let at_order = |fault| Error { field: Some("order".into()), ..envelope_error(fault) };
        let envelope = EnvelopeBuf::parse_compact(compact, Limits::default()).map_err(at_order)?;
        let view = envelope.view();
        let kid = view.header().map_err(at_order)?.kid;
        let snapshot = self.snapshot();
        let key = snapshot
            .keys
            .find(&kid)
            .ok_or_else(|| refused("the key of this order is not registered", Rule::KeyUnknown))?;
        if key.revoked.is_some() {
            return Err(refused("the key of this order is revoked", Rule::KeyRevoked));
        }
        if key.owner != agency {
            return Err(refused("the key belongs to another agency", Rule::KeyOwner));
        }
        let verified = view.verify(Typ::Event, |_| Some(key.public)).map_err(at_order)?;
        let order = Order::from_payload(verified.payload).map_err(|fault| {
            Error::new(Code::EnvelopeInvalid, fault.to_string()).at("order").rule(fault.rule())
        })?;
        check_texts(&order)?;
        let by_own_key = !snapshot.held_here(&kid);
        Ok(Signed { order, digest: verified.digest, stored: envelope.stored().to_vec(), by_own_key })
    }
}

/// Refuses an order that was carried out before: a signature orders an act once.
pub(in crate::registry) fn refuse_replay(events: &[StoredEvent], digest: &Digest) -> Result<()> {
    let used = events.iter().any(|event| {
        EnvelopeBuf::from_stored(event.order.clone()).is_ok_and(|order| order.view().digest() == *digest)
    });
    if used {
        return Err(Error::new(Code::EnvelopeInvalid, "this order was carried out before")
            .at("order")
            .rule(Rule::OrderReplayed));
    }
    Ok(())
}

/// An envelope's fault as an answer.
pub(in crate::registry) fn envelope_error(fault: crate::trust::EnvelopeFault) -> Error {
    let rule = fault.rule();
    Error::new(Code::EnvelopeInvalid, fault.to_string()).at("envelope").rule(rule)
}

/// The words of an order, which is sealed and kept as it came; the log has its digest.
pub(in crate::registry) fn check_texts(order: &Order) -> Result<()> {
    order.ground.as_deref().map_or(Ok(()), |ground| {
        text::visible("order.ground", ground)?;
        texts::no_number("order.ground", ground)
    })?;
    order.detail.iter().flatten().try_for_each(|(name, said)| {
        text::visible("order.detail", name)?;
        text::visible_within(&format!("order.detail.{name}"), said)
    })
}
