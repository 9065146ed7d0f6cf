//! The life of a record's subject on a past day, as known at a past moment (I7): the events of its rows, folded as the
//! rows themselves are.

use crate::error::{Code, Result};
use crate::record::history::Then;
use crate::registry::base::linked::MAX_KEYS;
use crate::registry::holders::linked::{CodesLife, Life};
use crate::registry::holders::mark::HOLDER_EVENTS;
use crate::registry::holders::{marks, told};
use crate::store::{HolderMark, HolderState, Link, Reader, StoredHolder};
use crate::trust::HolderKey;

/// The life of the holder with that key, under all codes that were its own by what was known then, and how many those are.
/// If there are more than `most`, it is `damaged`: what the others say is not known.
///
/// A mark counts from its day on, by what was logged up to the moment. Where that cannot be told (a row or an event does
/// not open; a link that stood then was taken back since, and its code is not kept), the life is `damaged`.
pub(in crate::registry) fn life_then(
    reader: &mut Reader<'_>,
    (subject, most): (HolderKey, usize),
    then: Then,
) -> Result<(Life, usize)> {
    let (mut keys, mut at) = (vec![subject], 0);
    let mut lives = CodesLife::unread();
    while let Some(key) = keys.get(at).copied() {
        if at >= most {
            lives.damaged = true;
            break;
        }
        at += 1;
        let row = match reader.holder(&key) {
            Ok(Some(row)) => row,
            Ok(None) => continue,
            Err(error) if error.code == Code::RecordDamaged => {
                lives.damaged = true;
                continue;
            }
            Err(error) => return Err(error),
        };
        let Some(row) = Row::of(reader, &row, then)? else {
            lives.damaged = true;
            continue;
        };
        let mut standing = row.marks.iter().filter(|mark| mark.since <= then.as_of);
        let ended_on = marks::earliest_end(standing.clone());
        lives.meet(key, standing.next().map_or(HolderState::Normal, |mark| mark.state), ended_on);
        for next in row.next {
            if keys.len() < MAX_KEYS && !keys.contains(&next) {
                keys.push(next);
            }
        }
    }
    Ok((lives.of(&subject), keys.len()))
}

/// A holder's row as it was known at a moment.
struct Row {
    /// The marks that stood, the weightiest first.
    marks: Vec<HolderMark>,
    /// The codes that it was linked to.
    next: Vec<HolderKey>,
}

impl Row {
    /// None where that cannot be told.
    fn of(reader: &mut Reader<'_>, row: &StoredHolder, then: Then) -> Result<Option<Self>> {
        let mut events = reader.events_of(&row.hk, &HOLDER_EVENTS)?;
        let index = reader.index();
        let key = |link: &Link| index.holder_key(&link.key_type, &link.key_code);
        let all = events.len();
        events.retain(|event| event.logged_at <= then.known_at);
        if events.len() == all {
            let next = row.body.links.iter().filter(|link| link.kind.is_followed()).map(key).collect();
            return Ok(Some(Self { marks: marks::standing(row), next }));
        }
        let steps = told::own_key(index, row).and_then(|own| told::steps(&events, &own));
        let told = steps.and_then(|steps| {
            let next = told::followed_then(&row.body.links, &steps)?.into_iter().map(key).collect();
            Some(Self { marks: told::marks_told(row, &steps), next })
        });
        Ok(told)
    }
}
