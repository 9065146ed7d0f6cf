//! Adding, changing and ending the systems that answer for departments.

use crate::catalog::SourceSystem;
use crate::error::{Code, Error, Result};
use crate::record::event::{EventKind, PublicAction};
use crate::registry::Registry;
use crate::registry::base::texts;
use crate::registry::published::notice::{Notice, Stated, stored_body};
use crate::rule::Rule;
use crate::text;

/// Longest question that a source may be asked, in characters: items ask in a line.
const QUESTION: usize = 200;

impl Registry {
    /// Adds a source, or puts another in the place of the one of that department and agency.
    ///
    /// # Errors
    /// `issuer_unknown`; `field_invalid` with `source_url`, `source_plain`, `source_roots`, `out_of_range`,
    /// `too_many_items`, or the rule of a text.
    pub fn put_source(&self, actor: &str, source: &SourceSystem) -> Result<()> {
        self.known_agency(&source.agency)?;
        texts::recorded_name("department", &source.department)?;
        texts::recorded_name("name", &source.name)?;
        source.plain_network.as_deref().map_or(Ok(()), |why| texts::ground("plain_network", why))?;
        source.case_only.iter().try_for_each(|question| text::line("case_only", question, QUESTION))?;
        source.check().map_err(|fault| {
            Error::new(Code::FieldInvalid, fault.to_string()).at(fault.field()).rule(fault.rule())
        })?;
        let snapshot = self.snapshot();
        let same =
            |known: &SourceSystem| known.department == source.department && known.agency == source.agency;
        let known = snapshot.sources.iter().any(|known| same(known));
        let action = if known { PublicAction::Change } else { PublicAction::Add };
        self.publish_source(actor, action, None, source)
    }

    /// Ends a source: from now on nobody is asked there.
    ///
    /// # Errors
    /// `not_found` with rule `source_unknown` if there is none that has not ended.
    pub fn end_source(&self, actor: &str, department: &str, agency: &str, why: &str) -> Result<()> {
        let now = self.now();
        let source = self.standing_source(department, agency)?;
        let ended = SourceSystem { ended: Some(now), ..source };
        self.publish_source(actor, PublicAction::Withdraw, Some(why), &ended)
    }

    /// The source of a department and agency that has not ended.
    pub(in crate::registry) fn standing_source(
        &self,
        department: &str,
        agency: &str,
    ) -> Result<SourceSystem> {
        let snapshot = self.snapshot();
        let mut sources = snapshot.sources.iter();
        let found =
            sources.find(|one| one.department == department && one.agency == agency && one.ended.is_none());
        found.map(|source| (**source).clone()).ok_or_else(|| {
            let detail = "no system of that agency answers for the department";
            Error::new(Code::NotFound, detail).at("department").rule(Rule::SourceUnknown)
        })
    }

    fn publish_source(
        &self,
        actor: &str,
        action: PublicAction,
        ground: Option<&str>,
        source: &SourceSystem,
    ) -> Result<()> {
        let kind = EventKind::Source;
        let body = serde_json::to_string(source).map_err(Error::internal)?;
        let stated = vec![Stated::row(kind, stored_body(&body)?)];
        self.publish(&Notice { kind, action, actor, ground, signer: None }, stated, |writer| {
            writer.put_source(&source.department, &source.agency, &body)
        })
    }
}
