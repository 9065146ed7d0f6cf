//! Keys of an earlier form: the number of a travel permit with its count of renewals was a key of its own, so that one
//! person was as many as it had permits. The rows stay where they are. A link, signed by the registry, leads from each
//! such key to the one that all permits of the person have now.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Map;

use crate::clock::Day;
use crate::error::{Error, Result};
use crate::identity::{CodeType, HolderCode};
use crate::policy::{Actor, Scope, decide_scope};
use crate::record::event::HolderAction;
use crate::registry::Registry;
use crate::registry::base::ledger::Place;
use crate::registry::base::linked::{MAX_KEYS, Reach, walk};
use crate::registry::base::names::RULE;
use crate::registry::base::order::{self, Subject, Terms};
use crate::registry::holders::mark::{Noted, stored};
use crate::store::{Link, LinkKind, Opened, Reader, Writer};
use crate::trust::{HolderKey, SigningKey};

/// Rows of one step of the walk.
const PAGE: i64 = 500;

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rekeyed {
    /// Keys of the earlier form under which there are records.
    pub found: u64,
    /// Of these, linked to the key of the person now.
    pub linked: u64,
    /// Linked before.
    pub already: u64,
    /// Not linked, since more than four codes would be of one holder.
    pub left: u64,
}

/// The two keys of one code.
struct Former {
    code: HolderCode,
    hk: HolderKey,
    now: HolderKey,
}

impl Registry {
    /// Links keys of the earlier form to the keys of today. Blocks. It may run again: what is linked stays so.
    ///
    /// # Errors
    /// `forbidden`; faults of the database. Links made before the error stay.
    pub fn rekey_holders(&self, actor: &Actor) -> Result<Rekeyed> {
        decide_scope(actor, Scope::Holder).required()?;
        let (mut done, mut after, mut found) = (Rekeyed::default(), None, BTreeMap::new());
        loop {
            let (page, next) = self.store().read_now(|reader| {
                let (rows, next) = reader.walk_records(false, after.as_ref(), PAGE)?;
                let page: Vec<Former> = rows.iter().filter_map(|row| former(reader, row)).collect();
                Ok((page, next))
            })?;
            found.extend(page.into_iter().map(|one| (*one.hk.bytes(), one)));
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let key = self.registry_key()?;
        for former in found.into_values() {
            done.found += 1;
            let outcome = self.log_records(|writer, place| link(writer, place, &former, &key))?;
            match outcome {
                Outcome::Linked => done.linked += 1,
                Outcome::Already => done.already += 1,
                Outcome::Left => done.left += 1,
            }
        }
        Ok(done)
    }
}

enum Outcome {
    Linked,
    Already,
    Left,
}

/// The keys of a row's holder, if the row stands under the earlier one.
fn former(reader: &Reader<'_>, row: &Opened) -> Option<Former> {
    let Opened::Record(row) = row else { return None };
    let code_type: CodeType = row.body.holder.0.parse().ok()?;
    let code = HolderCode::parse(code_type, &row.body.holder.1).ok()?.code;
    let index = reader.index();
    let hk = index.holder_key(code.key_type(), code.former_key_code()?);
    let now = index.holder_key(code.key_type(), code.key_code());
    (hk == row.hk).then_some(Former { code, hk, now })
}

fn link(
    writer: &mut Writer<'_>,
    place: &Place,
    former: &Former,
    key: &SigningKey,
) -> Result<(Outcome, Vec<[u8; 32]>)> {
    let Former { code, hk, now } = former;
    let old = code.former_key_code().unwrap_or_default();
    let (mut older, mut newer) = (stored(writer, *hk, code)?, stored(writer, *now, code)?);
    if older.body.links.iter().any(|link| link.outward && link.key_code == code.key_code()) {
        return Ok((Outcome::Already, Vec::new()));
    }
    let codes = |writer: &mut Writer<'_>, key| walk(writer, key, Reach::ALL, |_| ())?.sure();
    if codes(writer, *hk)?.len() + codes(writer, *now)?.len() > MAX_KEYS {
        return Ok((Outcome::Left, Vec::new()));
    }
    let since = place.at.day();
    newer.body.code = code.key_code().to_owned();
    older.body.links.push(end(code, code.key_code(), true, since));
    newer.body.links.push(end(code, old, false, since));
    writer.put_holder(&older)?;
    writer.put_holder(&newer)?;
    let ground = "同一通行证的换证次数不再计入主键";
    let order = order(code, old, ground, since, key, place)?;
    let noted = Noted { action: HolderAction::Link, label: RULE, since, ground, order: &order };
    let entries = vec![
        noted.write_of(writer, place, (Subject::Holder(code.key_type(), old), *hk), None)?,
        noted.write(writer, &place.behind(1), (code, *now), None)?,
    ];
    Ok((Outcome::Linked, entries))
}

fn end(code: &HolderCode, other: &str, outward: bool, since: Day) -> Link {
    Link {
        kind: LinkKind::SamePerson,
        code_type: code.code_type().code().to_owned(),
        code: other.to_owned(),
        key_type: code.key_type().to_owned(),
        key_code: other.to_owned(),
        outward,
        since,
    }
}

fn order(
    code: &HolderCode,
    old: &str,
    ground: &str,
    since: Day,
    key: &SigningKey,
    place: &Place,
) -> Result<order::Signed> {
    let mut detail = Map::new();
    detail.insert("kind".into(), serde_json::to_value(LinkKind::SamePerson).map_err(Error::internal)?);
    let terms = Terms {
        action: HolderAction::Link.into(),
        subject: Subject::Holder(code.key_type(), old),
        effective_on: since,
        ground: Some(ground),
        version: None,
        detail,
        other: None,
    };
    terms.naming("other", Subject::Holder(code.key_type(), code.key_code())).sign(key, place.at)
}
