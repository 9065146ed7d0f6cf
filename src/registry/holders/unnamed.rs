//! What is said of a holder names it by no number (I3): not by the one asked for, and by no other number of the same person
//! or organisation. One rule for the ground of a mark, a link, an action, an objection and a decline, and for what an
//! endorsement says.

use crate::error::Result;
use crate::identity::HolderCode;
use crate::policy::Actor;
use crate::registry::Registry;
use crate::registry::base::texts;
use crate::registry::holders::linked;
use crate::registry::holders::stating::unchanged;
use crate::store::StoredRecord;
use crate::trust::HolderKey;

impl Registry {
    /// Refuses texts that name one of these holders. Whether another number belongs to it is for those who may look it
    /// up; anybody else hears what every refusal by the rows says.
    ///
    /// # Errors
    /// `field_invalid` with rule `number_in_text`; `action_forbidden` with rule `holder_unchanged`.
    pub(in crate::registry) fn check_unnamed(
        &self,
        actor: &Actor,
        texts: &[(&'static str, &str)],
        holders: &[(&HolderCode, HolderKey)],
    ) -> Result<()> {
        let none_names = |code: &HolderCode| {
            texts.iter().try_for_each(|(field, text)| texts::not_naming(field, text, code))
        };
        holders.iter().try_for_each(|(code, _)| none_names(code))?;
        if texts.is_empty() {
            return Ok(());
        }
        for (_, key) in holders {
            let linked = self.store().read_now(|reader| linked::linked(reader, *key, None))?;
            let mut codes = linked.codes.iter().filter_map(|(code_type, code)| parsed(code_type, code));
            codes.try_for_each(|code| none_names(&code).map_err(|why| unchanged(self.hears(actor), why)))?;
        }
        Ok(())
    }

    /// The same of the holders of a record.
    pub(in crate::registry) fn check_holders_unnamed(
        &self,
        actor: &Actor,
        texts: &[(&'static str, &str)],
        rows: &[StoredRecord],
    ) -> Result<()> {
        let codes = rows.iter().filter_map(|row| {
            let (code_type, code) = &row.body.holder;
            Some((parsed(code_type, code)?, row.hk))
        });
        let codes: Vec<(HolderCode, HolderKey)> = codes.collect();
        let holders: Vec<_> = codes.iter().map(|(code, key)| (code, *key)).collect();
        self.check_unnamed(actor, texts, &holders)
    }
}

fn parsed(code_type: &str, code: &str) -> Option<HolderCode> {
    let parsed = HolderCode::parse(code_type.parse().ok()?, code).ok()?;
    Some(parsed.code)
}
