//! What the processes of a registry tell each other about budgets: whom an actor was charged for, which numbers it
//! asked for. One sealed row for each time that a process told, in the access database.

use std::collections::BTreeMap;

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::row_body::{framed, take};
use super::schema::charges;
use super::sealed::{self, SealedRow};
use super::vault::Purpose;
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

/// A part of a row: what one actor was charged for and asked for.
type Part<'a> = (Vec<&'a Charge>, Vec<&'a Tried>);

impl Told {
    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty() && self.tried.is_empty()
    }

    /// By actor: the name once, then 16 bytes a charge and some 50 a number (`schema/bytes.md` §9).
    fn bytes(&self) -> Vec<u8> {
        let mut parts: BTreeMap<&str, Part<'_>> = BTreeMap::new();
        for charge in &self.charges {
            parts.entry(&charge.actor).or_default().0.push(charge);
        }
        for tried in &self.tried {
            parts.entry(&tried.actor).or_default().1.push(tried);
        }
        let mut out = Vec::with_capacity(16 * self.charges.len() + 52 * self.tried.len() + 64 * parts.len());
        for (actor, (charges, tried)) in parts {
            framed(&mut out, actor.as_bytes());
            counted(&mut out, charges.len());
            for charge in charges {
                out.extend_from_slice(charge.holder.bytes());
            }
            counted(&mut out, tried.len());
            for one in tried {
                write_tried(&mut out, one);
            }
        }
        out
    }

    fn of(day: Day, mut rest: &[u8]) -> Option<Self> {
        let mut told = Self::default();
        while !rest.is_empty() {
            let actor: Box<str> = std::str::from_utf8(take(&mut rest)?).ok()?.into();
            for _ in 0..count(&mut rest)? {
                let holder = HolderKey::from_bytes(key(&mut rest)?);
                told.charges.push(Charge { day, actor: actor.clone(), holder });
            }
            for _ in 0..count(&mut rest)? {
                told.tried.push(read_tried(day, &actor, &mut rest)?);
            }
        }
        Some(told)
    }
}

fn write_tried(out: &mut Vec<u8>, one: &Tried) {
    let bits = [one.region.is_some(), one.birthday.is_some(), one.unknown];
    out.push(bits.iter().zip([1_u8, 2, 4]).filter(|(set, _)| **set).map(|(_, bit)| bit).sum());
    out.extend_from_slice(one.holder.bytes());
    if let Some(region) = &one.region {
        out.extend_from_slice(region);
    }
    if let Some((birthday, sequence)) = &one.birthday {
        out.extend_from_slice(birthday);
        out.extend_from_slice(&sequence.to_be_bytes());
    }
}

fn read_tried(day: Day, actor: &str, rest: &mut &[u8]) -> Option<Tried> {
    let (&flags, after) = rest.split_first()?;
    *rest = after;
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
    Some(Tried { day, actor: actor.into(), holder, region, birthday, unknown: flags & 4 != 0 })
}

fn counted(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

fn count(rest: &mut &[u8]) -> Option<u32> {
    let (count, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*count))
}

fn key(rest: &mut &[u8]) -> Option<Key16> {
    let (key, after) = rest.split_first_chunk::<16>()?;
    *rest = after;
    Some(*key)
}

impl Reader<'_> {
    /// The legal days of which anything is told.
    pub fn told_days(&mut self) -> Result<Vec<Day>> {
        let days: Vec<i32> = native!(&mut *self.conn, c => charges::table
            .select(charges::day)
            .distinct()
            .order(charges::day)
            .load(c))
        .map_err(dialect::fault)?;
        Ok(days.into_iter().filter_map(Day::from_number).collect())
    }

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
        // A row that is cut between two actors tells of the first ones; any other cut tells nothing.
        let whole: Vec<Told> = (1..bytes.len()).filter_map(|end| Told::of(day, &bytes[..end])).collect();
        assert_eq!(whole.len(), 2);
        assert!(whole.iter().all(|part| part.tried.iter().all(|tried| told.tried.contains(tried))));
        assert_eq!(Told::of(day, b"x"), None);
    }
}
