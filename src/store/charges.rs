//! What the processes of a registry tell each other about budgets: whom an actor was charged for, which numbers it
//! asked for. One sealed row for each time that a process told, in the access database.

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::row_body::{framed, take};
use super::schema::charges;
use super::sealed::{self, SealedRow};
use super::vault::{Purpose, holder_key_of};
use crate::clock::{Day, Moment};
use crate::error::Result;
use crate::trust::keyed::Key16;
use crate::trust::{Aad, HolderKey};

/// A holder that an actor was charged for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// The legal day.
    pub day: Day,
    /// Whom, as the access entries name it.
    pub actor: Box<str>,
    /// For whom; of an identifier that names nothing, its own keyed hash.
    pub holder: HolderKey,
}

/// A number or an identifier that an actor asked for, as far as walking through numbers is known by it. No digit of a
/// number stands here but the three of its sequence, which lead to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The legal day.
    pub day: Day,
    /// Who asked.
    pub actor: Box<str>,
    /// What was asked for, so that it counts once.
    pub holder: HolderKey,
    /// Keyed hash of the region in the number.
    pub region: Option<Key16>,
    /// Keyed hash of region and birthday in the number, and the sequence behind them.
    pub birthday: Option<(Key16, u16)>,
    /// Nothing of it is here.
    pub unknown: bool,
}

/// One time that a process told the others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Whom it charged.
    pub charges: Vec<Charge>,
    /// What was asked of it.
    pub tried: Vec<Tried>,
}

/// A row as it was read.
#[derive(Debug)]
pub struct ToldRow {
    /// The process: the name of its access log.
    pub node: String,
    /// From 1 on each day.
    pub seq: i64,
    /// When: what was charged before this instant had been told.
    pub at: Moment,
    /// What it told; none where the row does not open.
    pub told: Option<Told>,
}

const TABLE: &str = "charges";

#[derive(Queryable)]
struct Row {
    day: i32,
    node: String,
    seq: i64,
    at: i64,
    key_id: i32,
    sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.integer(i64::from(self.day)).text(&self.node).integer(self.seq).integer(self.at);
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

const CHARGED: u8 = b'c';
const TRIED: u8 = b't';

impl Told {
    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty() && self.tried.is_empty()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 * (self.charges.len() + self.tried.len()));
        for charge in &self.charges {
            out.push(CHARGED);
            framed(&mut out, charge.actor.as_bytes());
            out.extend_from_slice(charge.holder.bytes());
        }
        for one in &self.tried {
            let bits = [one.region.is_some(), one.birthday.is_some(), one.unknown];
            let flags = bits.iter().zip([1_u8, 2, 4]).filter(|(set, _)| **set).map(|(_, bit)| bit).sum();
            out.extend_from_slice(&[TRIED, flags]);
            framed(&mut out, one.actor.as_bytes());
            out.extend_from_slice(one.holder.bytes());
            if let Some(region) = &one.region {
                out.extend_from_slice(region);
            }
            if let Some((birthday, sequence)) = &one.birthday {
                out.extend_from_slice(birthday);
                out.extend_from_slice(&sequence.to_be_bytes());
            }
        }
        out
    }

    fn of(day: Day, mut rest: &[u8]) -> Option<Self> {
        let mut told = Self::default();
        while let Some((&tag, after)) = rest.split_first() {
            rest = after;
            match tag {
                CHARGED => {
                    let (actor, holder) = (actor(&mut rest)?, key(&mut rest)?);
                    told.charges.push(Charge { day, actor, holder: HolderKey::from_bytes(holder) });
                }
                TRIED => told.tried.push(tried(day, &mut rest)?),
                _ => return None,
            }
        }
        Some(told)
    }
}

fn tried(day: Day, rest: &mut &[u8]) -> Option<Tried> {
    let (&flags, after) = rest.split_first()?;
    *rest = after;
    let actor = actor(rest)?;
    let holder = HolderKey::from_bytes(key(rest)?);
    let region = if flags & 1 == 0 { None } else { Some(key(rest)?) };
    let birthday = match flags & 2 {
        0 => None,
        _ => {
            let birthday = key(rest)?;
            let (sequence, after) = rest.split_first_chunk::<2>()?;
            *rest = after;
            Some((birthday, u16::from_be_bytes(*sequence)))
        }
    };
    Some(Tried { day, actor, holder, region, birthday, unknown: flags & 4 != 0 })
}

fn actor(rest: &mut &[u8]) -> Option<Box<str>> {
    Some(std::str::from_utf8(take(rest)?).ok()?.into())
}

fn key(rest: &mut &[u8]) -> Option<Key16> {
    let (key, after) = rest.split_at_checked(16)?;
    *rest = after;
    holder_key_of(key).map(|key| *key.bytes())
}

impl Reader<'_> {
    /// What was told on a legal day, by process and in order; of each process only what comes behind the place that
    /// `known` gives for it.
    pub fn told(&mut self, day: Day, known: impl Fn(&str) -> i64) -> Result<Vec<ToldRow>> {
        let nodes: Vec<(String, Option<i64>)> = native!(&mut *self.conn, c => charges::table
            .filter(charges::day.eq(day.number()))
            .group_by(charges::node)
            .select((charges::node, diesel::dsl::max(charges::seq)))
            .load(c))
        .map_err(dialect::fault)?;
        let mut found = Vec::new();
        for (node, newest) in nodes {
            let after = known(&node);
            if newest.is_none_or(|newest| newest <= after) {
                continue;
            }
            let rows: Vec<Row> = native!(&mut *self.conn, c => charges::table
                .filter(charges::day.eq(day.number()).and(charges::node.eq(&node)).and(charges::seq.gt(after)))
                .order(charges::seq)
                .load(c))
            .map_err(dialect::fault)?;
            found.extend(rows.into_iter().map(|row| self.open_told(day, row)));
        }
        Ok(found)
    }

    fn open_told(&self, day: Day, mut row: Row) -> ToldRow {
        let opened = sealed::open(TABLE, &mut row, self.vault, &mut Aad::new());
        let told = opened.and_then(|(_, plain)| Told::of(day, &plain));
        ToldRow { node: row.node, seq: row.seq, at: Moment::from_micros(row.at), told }
    }
}

impl Writer<'_> {
    /// Adds what a process tells of one legal day.
    pub fn insert_told(&mut self, (day, node, seq): (Day, &str, i64), at: Moment, told: &Told) -> Result<()> {
        let key = self.vault.current(Purpose::Access)?;
        let mut row = Row {
            day: day.number(),
            node: node.to_owned(),
            seq,
            at: at.micros(),
            key_id: 0,
            sealed: Vec::new(),
        };
        sealed::seal(TABLE, &mut row, &key, &told.bytes())?;
        native!(&mut *self.conn, c => diesel::insert_into(charges::table)
            .values((
                charges::day.eq(row.day), charges::node.eq(&row.node), charges::seq.eq(row.seq),
                charges::at.eq(row.at), charges::key_id.eq(row.key_id), charges::sealed.eq(&row.sealed),
            ))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }

    /// Deletes what was told before a legal day.
    pub fn forget_told(&mut self, before: Day) -> Result<()> {
        native!(&mut *self.conn, c => diesel::delete(charges::table.filter(charges::day.lt(before.number()))).execute(c))
            .map(drop)
            .map_err(dialect::fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_reads_back_and_nothing_else_does() {
        let day: Day = "2026-11-22".parse().unwrap();
        let holder = |byte| HolderKey::from_bytes([byte; 16]);
        let tried = |region, birthday, unknown| Tried {
            day,
            actor: "account:zhou".into(),
            holder: holder(3),
            region,
            birthday,
            unknown,
        };
        let told = Told {
            charges: vec![
                Charge { day, actor: "client:a".into(), holder: holder(1) },
                Charge { day, actor: "client:b".into(), holder: holder(2) },
            ],
            tried: vec![
                tried(None, None, true),
                tried(Some([4; 16]), None, false),
                tried(Some([4; 16]), Some(([5; 16], 998)), true),
            ],
        };
        let bytes = told.bytes();
        assert_eq!(Told::of(day, &bytes).as_ref(), Some(&told));
        assert_eq!(Told::of(day, &[]), Some(Told::default()));
        let mut whole = 0;
        for end in 1..bytes.len() {
            let Some(part) = Told::of(day, &bytes[..end]) else { continue };
            assert!(told.charges.starts_with(&part.charges) && told.tried.starts_with(&part.tried), "{end}");
            whole += 1;
        }
        assert_eq!(whole, 4, "a cut between two items, and no other, can be read");
        assert_eq!(Told::of(day, b"x"), None);
    }
}
