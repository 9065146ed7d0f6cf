//! Decline: the issuer does not end a record as a rule proposed, and says why. The record stays as it is; the event
//! stands in its history, with the ground sealed beside it.

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::policy::Actor;
use crate::record::access::Outcome;
use crate::record::action::Action;
use crate::record::event::{Event, EventKind, SideAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::happened::Happened;
use crate::registry::base::idempotent::Once;
use crate::registry::base::texts;
use crate::registry::records::kept::{self, About};
use crate::rule::Rule;
use crate::store::SettledBy;
use crate::trust::random;

/// A proposal that is declined.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineCommand {
    /// The identifier of the present version.
    pub identifier: String,
    /// The action that was proposed.
    pub action: Action,
    /// Why the record stays. Sealed; only its hash enters the log.
    pub ground: String,
    /// The agency that decides; an operator's only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<String>,
}

impl std::fmt::Debug for DeclineCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DeclineCommand({})", self.action.wire())
    }
}

/// The answer to [`Registry::decline`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Declined {
    /// The record's version.
    #[schema(minimum = 1)]
    pub version: u32,
    /// The action that was proposed.
    pub action: Action,
    /// The log of the event.
    pub log: String,
    /// Its leaf.
    pub leaf: u64,
    /// The log's time.
    #[schema(value_type = String, format = DateTime)]
    pub at: Moment,
}

impl Registry {
    /// Declines a proposal, by the issuer or its successor. Blocks. The event carries a signed order if the registry
    /// holds the agency's key.
    ///
    /// # Errors
    /// `not_found`, `forbidden`, `issuer_not_authorised` (noted as an access); `action_forbidden` with rule
    /// `proposal_none` where none is open.
    pub fn decline(&self, actor: &Actor, command: &DeclineCommand, once: Option<&Once>) -> Result<Declined> {
        if let Some(answered) = self.replayed(once)? {
            return Ok(answered);
        }
        let snapshot = self.fresh_snapshot()?;
        let found = self.kept(actor, &command.identifier)?;
        let touched = kept::touched(found.as_ref());
        let about = About::of(found.as_ref(), &command.identifier).ok_or_else(kept::none_there);
        let about = self.or_noted(actor, &touched, about)?;
        let allowed = self.acting_agency(&snapshot, actor, command.agency.as_deref(), &about);
        let agency = self.or_noted(actor, &touched, allowed)?;
        let kept = self.or_nothing(actor, &about, found)?;
        let ground = texts::ground("ground", &command.ground)
            .and_then(|()| self.check_holders_unnamed(actor, &[("ground", &command.ground)], &kept.rows));
        self.or_noted(actor, &touched, ground)?;
        let (row, rows) = (kept.first()?, kept.whole()?);
        let version = u32::try_from(row.version).map_err(Error::internal)?;
        let about = (row.body.identifier.as_str(), version);
        let order = self.side_order(SideAction::Decline, about, &command.ground, &agency)?;
        let (salt, label) = (random::salt()?, actor.label());
        let noted = self.note_acted(actor, Outcome::Declined, &rows)?;
        self.log_noted(actor, &noted, once, |writer, place| {
            let settled = (place.at.micros(), SettledBy::Declined);
            if writer.settle_proposals(&row.record_id, &[command.action.wire()], settled)? == 0 {
                return Err(none_open());
            }
            let subject = subject_hash(&salt, &row.body.identifier);
            let mut event =
                Event::new(EventKind::Record, SideAction::Decline, &label, salt, subject, place.at)
                    .record_version(None, version, None)
                    .ground(&command.ground);
            event.order = order.as_ref().map(|order| order.digest);
            let stored = order.as_ref().map(|order| order.stored.clone()).unwrap_or_default();
            let happened = Happened::new(event, stored, command.ground.clone());
            let entry = rows.clone().change(writer, place, &happened, |_| ())?;
            let declined = Declined {
                version,
                action: command.action,
                log: place.log.clone(),
                leaf: place.first,
                at: place.at,
            };
            Ok((declined, vec![entry]))
        })
    }
}

fn none_open() -> Error {
    let detail = "no such end of this record is proposed";
    Error::new(Code::ActionForbidden, detail).at("action").rule(Rule::ProposalNone)
}
