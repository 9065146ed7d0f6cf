//! What is said of a holder names it by no number (I3): not by the one asked for, and by no other number of the same person
//! or organisation. One rule for the ground of a mark, a link, an action, an objection and a decline, for what an
//! endorsement says, and for what a record that was found by its identifier is asked for.
//!
//! Such a refusal tells that the number belongs to the holder. It is for those who see that anyway. For anybody else the
//! answer goes on, and its entry leaves out the words.

use crate::error::Result;
use crate::identity::{HolderCode, may_name};
use crate::policy::Actor;
use crate::registry::Registry;
use crate::registry::access::entry::{Canonical, Entry, Touched, as_stored, named_in};
use crate::registry::base::asked::Purpose;
use crate::registry::base::texts;
use crate::registry::holders::linked;
use crate::registry::holders::stating::unchanged;
use crate::rule::Rule;
use crate::store::{Cost, StoredRecord};
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

    /// The numbers linked to those of the holders of an access: no word of its entry names one.
    pub(in crate::registry) async fn other_numbers(
        &self,
        purpose: &Purpose,
        touched: &Touched,
    ) -> Result<Vec<Canonical>> {
        self.numbers_beside(purpose.words().map(|(_, text)| text), touched).await
    }

    /// The same for any words. Nothing is read where they have no digit and no letter.
    pub(in crate::registry) async fn numbers_beside<'w>(
        &self,
        mut words: impl Iterator<Item = &'w str>,
        touched: &Touched,
    ) -> Result<Vec<Canonical>> {
        if !words.any(may_name) {
            return Ok(Vec::new());
        }
        let keys = touched.keys().to_vec();
        let read = self.store().read(Cost::Point, move |reader| {
            let mut others = Vec::new();
            for key in keys {
                let linked = linked::linked(reader, key, None)?;
                others.extend(linked.codes.iter().map(|(code_type, code)| as_stored(code_type, code)));
            }
            Ok(others)
        });
        read.await
    }

    /// Refuses a purpose that names the holders of a record to whoever sees the whole of it; by a linked number to whoever
    /// may look them up besides. The refusal is noted without the words.
    ///
    /// # Errors
    /// `field_invalid` with rule `number_in_text`.
    pub(in crate::registry) async fn refuse_named(
        &self,
        actor: &Actor,
        purpose: &Purpose,
        (touched, others): (&Touched, &[Canonical]),
    ) -> Result<()> {
        let others = if self.hears(actor) { others } else { &[] };
        let named = |text: &str| touched.is_named_in(text) || named_in(text, others);
        let Some((field, _)) = purpose.words().find(|(_, text)| named(text)) else { return Ok(()) };
        self.refused(actor, &Entry::of(actor), touched.clone(), Rule::NumberInText).await?;
        Err(texts::naming(field))
    }
}

fn parsed(code_type: &str, code: &str) -> Option<HolderCode> {
    let parsed = HolderCode::parse(code_type.parse().ok()?, code).ok()?;
    Some(parsed.code)
}
