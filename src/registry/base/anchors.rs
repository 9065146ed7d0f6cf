//! Checks the logs of a registry against their confirmed state when it is opened (I14).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::error::{Code, Error, Result};
use crate::log::{Fork, Head};
use crate::record::deed::PublicAction;
use crate::record::event::{EventKind, Order, subject_hash};
use crate::registry::Registry;
use crate::registry::base::names::REGISTRY;
use crate::rule::Rule;
use crate::store::{HeldLogs, PublicEvent, fork_error};
use crate::trust::{Envelope, KeyRing, Typ};

/// The order's ground when it ends a log that was put back.
pub(in crate::registry) fn put_back_detail(head: &Head, successor: &str) -> Map<String, Value> {
    let mut detail = Map::new();
    detail.insert("put_back".into(), true.into());
    detail.insert("root".into(), URL_SAFE_NO_PAD.encode(head.root.0).into());
    detail.insert("size".into(), head.size.into());
    detail.insert("successor".into(), successor.into());
    detail
}

impl Registry {
    /// Refuses a data directory that has lost its memory of the logs: of this node, on PostgreSQL; of the
    /// registry, if no node is named.
    ///
    /// # Errors
    /// `log_forked` with rule `anchors_missing`; `record_damaged` if the file of anchors is.
    pub(in crate::registry) fn hold_memory(&self, node: Option<&str>) -> Result<()> {
        if self.store().remembers(node)? {
            return Ok(());
        }
        let detail =
            "the data directory has lost the file `anchors`, or is another one than the registry knows";
        let error = Error::new(Code::LogForked, detail).rule(Rule::AnchorsMissing);
        Err(if node.is_some() { error.at("node") } else { error })
    }

    /// Refuses a registry with a log that is not the confirmed one. From here on the present logs are
    /// confirmed.
    ///
    /// # Errors
    /// `log_forked` with the log and the rule; `record_damaged` if the file of anchors is.
    pub(in crate::registry) fn hold_logs(&self) -> Result<()> {
        let HeldLogs { heads, forks } = self.store().judge(&self.store().kept_anchors()?)?;
        let wrong = self.not_put_back(&heads, &forks)?;
        if let Some((log, fork)) = wrong.first() {
            return Err(fork_error(log, *fork));
        }
        self.store().begin_anchors(&heads);
        for (log, fork) in &forks {
            ::log::warn!("log {log}: {fork}. It was put back and ended; its successor goes on.");
        }
        if forks.is_empty() { Ok(()) } else { self.store().set_anchors_anew() }
    }

    /// Takes the present logs as confirmed: for commands that report the fault, or mend it.
    pub(in crate::registry) fn take_logs_as_found(&self) {
        match self.store().judge(&Default::default()) {
            Ok(found) => self.store().begin_anchors(&found.heads),
            Err(error) => ::log::warn!("the heads of the logs cannot be read: {error:?}"),
        }
    }

    /// Logs that differ from their confirmed state, as the file of anchors and this process know it.
    pub(in crate::registry) fn gone_back(&self) -> Result<Vec<(String, Fork)>> {
        let mut gone: Vec<(String, Fork)> = Vec::new();
        for anchors in [self.store().kept_anchors()?, self.store().own_anchors()] {
            let HeldLogs { heads, forks } = self.store().judge(&anchors)?;
            for (log, fork) in self.not_put_back(&heads, &forks)? {
                if gone.iter().all(|(told, _)| *told != log) {
                    gone.push((log, fork));
                }
            }
        }
        Ok(gone)
    }

    /// Leaves out the logs of which another node knew more when the database was put back. The registry ended
    /// them at their present size, by an order that it signed, and nothing is ever appended to them.
    fn not_put_back(&self, heads: &[Head], forks: &[(String, Fork)]) -> Result<Vec<(String, Fork)>> {
        let mut wrong = Vec::new();
        for (log, fork) in forks {
            let head = heads.iter().find(|head| head.log == *log && head.closed);
            let ended = match head {
                Some(head) => {
                    let events = self
                        .store()
                        .read_now(|reader| reader.public_events_of(EventKind::Log.wire(), &head.log))?;
                    events.iter().any(|event| ends_put_back(&self.snapshot().keys, event, head))
                }
                None => false,
            };
            if !ended {
                wrong.push((log.clone(), *fork));
            }
        }
        Ok(wrong)
    }
}

/// Whether an order of the registry says that a log was put back and ended just as it is.
fn ends_put_back(keys: &KeyRing, event: &PublicEvent, head: &Head) -> bool {
    let signed = event.signed.as_deref().and_then(|signed| Envelope::parse_stored(signed).ok());
    let signer = |kid: &_| keys.find(kid).filter(|key| key.owner == REGISTRY).map(|key| key.public);
    let verified = signed.as_ref().and_then(|signed| signed.verify(Typ::Event, signer).ok());
    let order = verified.and_then(|verified| Order::from_payload(verified.payload).ok());
    order.is_some_and(|order| {
        let said = order.detail.as_ref();
        let wanted = put_back_detail(head, "");
        order.action == PublicAction::Close.wire()
            && order.subject == subject_hash(&order.salt, &head.log)
            && ["put_back", "root", "size"]
                .iter()
                .all(|name| said.and_then(|said| said.get(*name)) == wanted.get(*name))
    })
}
