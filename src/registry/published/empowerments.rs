//! Authority over people (practice R6): the agencies that may state deaths, dissolutions and links, as signed
//! events.

use crate::catalog::Empowerment;
use crate::error::{Code, Error, Result};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::published::notice::{Notice, Stated, stored_body};
use crate::registry::published::{regions, standing};
use crate::rule::Rule;
use crate::store::EmpowermentRow;

impl Registry {
    /// Gives an agency authority over people for one statement in a region, from a day on; the same with a last day
    /// ends it.
    ///
    /// # Errors
    /// `issuer_unknown`; `field_invalid` with `empowerment_grant` if an office of that kind can never state
    /// it (a crematorium confirms no death) or the period runs backwards, with `withdrawal_day` if it would end a standing
    /// authority before today, with `authority_ended` if it would take a standing end back.
    pub fn empower(&self, actor: &str, given: &Empowerment) -> Result<()> {
        self.known_agency(&given.agency)?;
        regions::known(self.regions(), given.region, "region")?;
        if given.to.is_some_and(|to| to < given.from) {
            return Err(Error::new(Code::FieldInvalid, "the period ends before it begins")
                .at("to")
                .rule(Rule::EmpowermentGrant));
        }
        if !given.source.may_state(given.statement) {
            return Err(Error::new(Code::FieldInvalid, "an office of this kind never states that")
                .at("source")
                .rule(Rule::EmpowermentGrant));
        }
        let snapshot = self.fresh_snapshot()?;
        let same = snapshot.catalog.empowerments().iter().filter(|one| {
            one.agency == given.agency && one.statement == given.statement && one.region == given.region
        });
        let stand: Vec<_> = same.map(|one| (one.from, one.to)).collect();
        standing::goes_with(self.now().day(), (given.from, given.to), &stand)?;
        let row = EmpowermentRow {
            agency: given.agency.clone(),
            statement: given.statement.wire().to_owned(),
            region: given.region.to_string(),
            valid_from: given.from.number(),
            body: serde_json::to_string(given).map_err(Error::internal)?,
        };
        let kind = EventKind::Empowerment;
        let stated = vec![Stated::row(kind, stored_body(&row.body)?)];
        self.publish(
            &Notice { kind, action: PublicAction::Grant, actor, ground: None, signer: None },
            stated,
            |writer| writer.put_empowerment(&row),
        )
    }
}
