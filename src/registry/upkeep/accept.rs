//! Taking the logs as they are for a data directory that has lost its memory of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use crate::error::{Code, Error, Result};
use crate::journal;
use crate::record::event::PublicAction;
use crate::registry::Registry;
use crate::registry::base::texts;
use crate::rule::Rule;
use crate::store::fork_error;

/// What was taken for confirmed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AcceptedLogs {
    /// Each log with its size.
    pub logs: Vec<(String, u64)>,
}

impl Registry {
    /// Takes the present logs for the confirmed ones, because the file of anchors is lost: of this node, on
    /// PostgreSQL; of the registry, on SQLite. The operator says why, and answers for it that the databases
    /// did not go back. An order that the registry signs has the ground, and size and root of every log.
    /// Run it on a registry opened as found.
    ///
    /// The order is logged first, then the file is written, then the fact. A crash between leaves the start
    /// refused, and the command is run again.
    ///
    /// # Errors
    /// `config_invalid` with `anchors_there` if nothing is lost, or `node_unknown`; `log_forked` if a log does not
    /// go on from what is still known; `record_damaged` if the file of anchors is; `field_invalid` for the ground.
    pub fn accept_logs(&self, actor: &str, node: &str, why: &str) -> Result<AcceptedLogs> {
        texts::ground("why", why)?;
        let node = if self.store().url().is_postgres() {
            self.known_node(node)?;
            Some(node)
        } else {
            None
        };
        if self.store().remembers(node)? {
            let detail = "this data directory has its memory of the logs";
            return Err(Error::new(Code::ConfigInvalid, detail).rule(Rule::AnchorsThere));
        }
        if let Some((log, fork)) = self.gone_back()?.first() {
            return Err(fork_error(log, *fork));
        }
        let heads = self.store().judge(&Default::default())?.heads;
        let stated: Vec<Value> = heads
            .iter()
            .map(|head| json!({"log": head.log, "root": URL_SAFE_NO_PAD.encode(head.root.0), "size": head.size}))
            .collect();
        let mut detail = Map::new();
        detail.insert("accepted".into(), stated.into());
        if let Some(node) = node {
            detail.insert("node".into(), node.into());
        }
        let records = self.snapshot().records_log.clone();
        self.note_log(actor, PublicAction::State, &records, detail, Some(why))?;
        self.store().remember(node)?;
        journal::logs_accepted(node.unwrap_or("all"), actor);
        Ok(AcceptedLogs { logs: heads.into_iter().map(|head| (head.log, head.size)).collect() })
    }
}
