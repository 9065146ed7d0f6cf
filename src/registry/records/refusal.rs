//! Refusals that name people or records: each is an access of theirs, whether anything is known of them or not, so that
//! nobody tries numbers unseen.

use crate::error::{Code, Error, Result};
use crate::policy::Actor;
use crate::registry::Registry;
use crate::registry::access::entry::Touched;
use crate::registry::records::kept;
use crate::rule::Rule;

/// Whom a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedInRequest {
    /// Holder codes: type and code, as they stand.
    pub codes: Vec<(String, String)>,
    /// Identifiers of records, as they stand.
    pub identifiers: Vec<String>,
}

impl Registry {
    /// What was allowed of a record or an entry that comes in. A refusal is noted under the holders that it names, and
    /// whoever may issue is charged for them, as for a look. An operator's feed is not noted. Blocks.
    pub(in crate::registry) fn or_refused<T>(
        &self,
        actor: &Actor,
        codes: Vec<(String, String)>,
        allowed: Result<T>,
    ) -> Result<T> {
        if let Err(refusal) = &allowed
            && refusal.is_turned_down()
            && actor.agency().is_some()
        {
            let codes = codes.iter().map(|(code_type, code)| (code_type.as_str(), code.as_str()));
            if let Some(touched) = Touched::named(self.store().vault().index(), codes) {
                if !matches!(refusal.code, Code::Forbidden | Code::IssuerNotAuthorised) {
                    self.permit_all(actor, &touched)?;
                }
                self.note_refusal(actor, touched, refusal)?;
            }
        }
        allowed
    }

    /// Notes a refusal of a whole kind of work under everybody whom the request names: its token lacked the scope, and
    /// nothing else of the request was looked at. Blocks.
    pub fn note_lacking_scope(&self, actor: &Actor, named: &NamedInRequest) -> Result<()> {
        let codes = named.codes.iter().map(|(code_type, code)| (code_type.as_str(), code.as_str()));
        let by_code = Touched::named(self.store().vault().index(), codes);
        let refusal = Error::new(Code::Forbidden, "").rule(Rule::Scope);
        if let Some(touched) = by_code {
            self.note_refusal(actor, touched, &refusal)?;
        }
        for identifier in &named.identifiers {
            let found = self.store().read_now(|reader| kept::readable(reader, identifier))?;
            self.note_refusal(actor, kept::touched(found.as_ref()), &refusal)?;
        }
        Ok(())
    }
}
