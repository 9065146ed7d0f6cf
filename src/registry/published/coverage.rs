//! Coverage statements: the contents of a type's stock here, signed and dated. Without one absence means
//! nothing (I13).

use crate::catalog::Coverage;
use crate::error::{Code, Error, Result};
use crate::record::canonical;
use crate::record::event::{Event, EventKind, PublicAction, subject_hash};
use crate::registry::Registry;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::base::texts;
use crate::registry::published::notice::put_public;
use crate::store::CoverageRow;
use crate::text;
use crate::trust::{EnvelopeBuf, Typ, random};

impl Registry {
    /// States coverage for a type and issuing system, and replaces an earlier statement. Signed with the
    /// issuer's key if the registry holds one, else with the registry's own.
    ///
    /// # Errors
    /// `type_unknown`, `issuer_unknown`; `field_invalid` with rule `coverage_statement` for an impossible
    /// statement (no region, more than the whole stock, days backwards, a type that is only relayed).
    pub fn state_coverage(&self, actor: &str, coverage: &Coverage) -> Result<()> {
        let snapshot = self.snapshot();
        if snapshot.catalog.type_of(&coverage.type_code).is_none() {
            return Err(Error::new(Code::TypeUnknown, "no type of that code").at("type_code"));
        }
        self.known_agency(&coverage.issuer)?;
        let value = serde_json::to_value(coverage).map_err(Error::internal)?;
        texts::recorded_name("as", actor)?;
        text::visible_within("", &value)?;
        let payload = canonical::to_vec(&value).map_err(|fault| {
            Error::new(Code::FieldInvalid, fault.to_string()).at("coverage").rule(fault.rule())
        })?;
        let envelope = match self.issuer_key(&coverage.issuer) {
            Ok(key) => EnvelopeBuf::sign(Typ::Coverage, &payload, &key)?,
            Err(_) => EnvelopeBuf::sign(Typ::Coverage, &payload, &self.registry_key()?)?,
        };
        let row = CoverageRow {
            type_code: coverage.type_code.clone(),
            system: coverage.issuing_system.clone(),
            as_of: coverage.as_of.micros(),
            signed: envelope.stored().to_vec(),
        };
        let subject = format!("{}:{}", coverage.type_code, coverage.issuing_system);
        let salt = random::salt()?;
        self.log_records(|writer, place| {
            writer.put_coverage(&row)?;
            writer.raise_config_version()?;
            Snapshot::guard(writer)?;
            let event = Event::new(
                EventKind::Coverage,
                PublicAction::State,
                actor,
                salt,
                subject_hash(&salt, &subject),
                place.at,
            )
            .order(envelope.view().digest());
            let entry =
                put_public(writer, place, EventKind::Coverage, &subject, &event, Some(row.signed.clone()))?;
            Ok(((), vec![entry]))
        })?;
        self.refresh()
    }
}
