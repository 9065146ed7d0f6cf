//! Somebody who acts for a party: by a mandate (授权委托) on file that is good today, names both, and is about this item.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::{Code, Error, Result};
use crate::identity::HolderCode;
use crate::policy::{Actor, Scope};
use crate::record::access::Presence;
use crate::record::{Reason, Record, Verdict};
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::base::asked::{AskedCode, AskedHolder};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::cases::facts::place_of;
use crate::registry::reading::lookup::PartyPapers;
use crate::registry::records::near::{MetHolder, Near, alone};
use crate::rule::Rule;
use crate::store::HolderState;

/// The role of the agent's own access entry.
pub(super) const AGENT_PART: &str = "agent";

/// The roles in a mandate.
const PRINCIPAL: &str = "principal";
const AGENT: &str = "agent";
/// The field that says what it is about: one matter, or several with one of these between them.
const MATTER: &str = "matter";
const BETWEEN: [char; 8] = ['、', '，', ',', '；', ';', '。', '\n', '\r'];
/// The word that may stand before a matter.
const TO_DO: &str = "办理";

/// Who acts for those parties whose presence is `agent`.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedAgent {
    /// By its number.
    pub holder: AskedHolder,
}

/// What a mandate must be about: the bundle as such, or every item of the case in which the party is.
pub(super) struct Matters<'m> {
    /// Name and code of the bundle, if it is one.
    pub bundle: Option<[&'m str; 2]>,
    /// Name and code of each item.
    pub items: Vec<[&'m str; 2]>,
}

/// The place of the mandate by which the agent acts for a party, the one at that place of the application.
///
/// # Errors
/// `field_invalid` with rule `mandate_missing` where none is good: which part does not fit is not told, since a mandate
/// names another person.
pub(super) fn mandate_of(
    matters: &Matters<'_>,
    agent: &HolderCode,
    (at, papers): (usize, &PartyPapers<'_>),
) -> Result<String> {
    let good = papers.papers.iter().filter(|paper| {
        paper.judgement.verdict == Verdict::Valid && !paper.judgement.reasons.has(Reason::Disputed)
    });
    let found = good.filter_map(|paper| {
        let record = paper.signed.as_ref()?;
        let own = |code_type: &str, code: &str| papers.is_own(code_type, code);
        let fits = in_role(record, PRINCIPAL, own)
            && in_role(record, AGENT, |code_type, code| {
                (agent.code_type().code(), agent.as_str()) == (code_type, code)
            })
            && matters.are_of(record);
        fits.then(|| papers.stored(paper).map(place_of)).flatten()
    });
    found.min().ok_or_else(|| {
        let detail = "no mandate on file lets this agent act for this party in this item";
        Error::new(Code::FieldInvalid, detail).at(format!("parties.{at}.presence")).rule(Rule::MandateMissing)
    })
}

impl Matters<'_> {
    /// Whether a mandate is about them.
    fn are_of(&self, record: &Record) -> bool {
        let whole = self.bundle.is_some_and(|names| about(record, names));
        whole || !self.items.is_empty() && self.items.iter().all(|names| about(record, *names))
    }
}

impl Registry {
    /// Refuses an agent whose death is reported or on file: a mandate ends with it (民法典 第一百七十三条); and one whom the
    /// actor should not look at alone. Its permit is
    /// that of the application, which was charged for it.
    pub(super) async fn check_agent(
        &self,
        actor: &Actor,
        (snapshot, near, agent): (&Arc<Snapshot>, &Near, &AskedCode),
        touched: &mut Touched,
    ) -> Result<()> {
        let permit = self.permit(actor, Scope::Apply, agent).await?;
        let (read_by, party) = ((snapshot, near), (permit, agent.parsed.clone()));
        let papers = self.party_papers(read_by, party, Vec::new(), touched).await?;
        let (keys, has_card) = (papers.whom(), papers.has_card());
        let met = MetHolder { keys, presence: Presence::Agent, has_card };
        if let Some(rule) = self.too_near(actor, near, met).await? {
            return Err(alone(rule).at("agent.holder"));
        }
        match papers.state() {
            HolderState::Deceased | HolderState::DeathReported => {
                let detail = "nobody can act by a mandate whose death is reported or on file";
                Err(Error::new(Code::FieldInvalid, detail).at("agent.holder").rule(Rule::MandateMissing))
            }
            _ => Ok(()),
        }
    }
}

fn in_role(record: &Record, role: &str, is: impl Fn(&str, &str) -> bool) -> bool {
    record.holders.iter().any(|holder| holder.role == role && is(&holder.code_type, &holder.code))
}

/// Whether one of the matters of the mandate is that of these names. A text in which a name stands somewhere may say that
/// just this is not mandated.
fn about(record: &Record, names: [&str; 2]) -> bool {
    let matters = record.face.get(MATTER).and_then(|matter| matter.as_str()).unwrap_or_default();
    let named = |matter: &str| names.contains(&matter);
    matters
        .split(BETWEEN)
        .map(str::trim)
        .any(|matter| named(matter) || matter.strip_prefix(TO_DO).is_some_and(named))
}
