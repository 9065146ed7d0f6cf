//! Alarms: actors that seemed to try numbers out, and until when each is stopped.

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::alarms;
use crate::clock::Moment;
use crate::closed::closed;
use crate::error::{Error, Result};

closed! {
    /// By what walking through numbers was known.
    AlarmKind {
        Sequence, "sequence", "顺序码连续", "Numbers of one region and birthday whose sequences follow each other.";
        Birthday, "birthday", "同一出生日期", "Many numbers of one region and birthday.";
        Region, "region", "同一地区、多数无记录", "Numbers of one region, nearly all of them unknown here.";
        Unknown, "unknown", "多数无记录", "Numbers or identifiers, nearly all of them unknown here.";
    }
}

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Who, as the access entries name it.
    pub actor: Box<str>,
    /// When.
    pub at: Moment,
    /// By what it was known.
    pub kind: AlarmKind,
    /// The numbers that were counted.
    pub tries: u16,
    /// Until when the actor is stopped.
    pub until: Moment,
    /// When and by whom the stop was lifted.
    pub lifted: Option<(Moment, String)>,
}

#[derive(Queryable)]
struct Row {
    actor: String,
    at: i64,
    _node: String,
    kind: String,
    tries: i32,
    until: i64,
    lifted_at: Option<i64>,
    lifted_by: Option<String>,
}

impl Row {
    fn alarm(self) -> Result<Alarm> {
        let kind =
            AlarmKind::from_wire(&self.kind).ok_or_else(|| Error::internal("no such kind of alarm"))?;
        let lifted = self.lifted_at.map(|at| (Moment::from_micros(at), self.lifted_by.unwrap_or_default()));
        Ok(Alarm {
            actor: self.actor.into(),
            at: Moment::from_micros(self.at),
            kind,
            tries: u16::try_from(self.tries).map_err(Error::internal)?,
            until: Moment::from_micros(self.until),
            lifted,
        })
    }
}

impl Reader<'_> {
    /// The alarms whose stop ends, or would have ended, after `ends_after`; oldest first.
    pub fn alarms(&mut self, ends_after: Moment) -> Result<Vec<Alarm>> {
        let rows: Vec<Row> = native!(&mut *self.conn, c => alarms::table
            .filter(alarms::until.gt(ends_after.micros()))
            .order((alarms::at, alarms::actor))
            .load(c))
        .map_err(dialect::fault)?;
        rows.into_iter().map(Row::alarm).collect()
    }
}

impl Writer<'_> {
    /// Adds an alarm that a process raised.
    pub fn insert_alarm(&mut self, node: &str, alarm: &Alarm) -> Result<()> {
        native!(&mut *self.conn, c => diesel::insert_into(alarms::table)
            .values((
                alarms::actor.eq(&*alarm.actor), alarms::at.eq(alarm.at.micros()), alarms::node.eq(node),
                alarms::kind.eq(alarm.kind.wire()), alarms::tries.eq(i32::from(alarm.tries)),
                alarms::until.eq(alarm.until.micros()),
            ))
            .on_conflict_do_nothing()
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }

    /// Lifts every stop of an actor that has not ended; how many there were.
    pub fn lift_alarms(&mut self, actor: &str, now: Moment, by: &str) -> Result<usize> {
        let stopped =
            alarms::actor.eq(actor).and(alarms::until.gt(now.micros())).and(alarms::lifted_at.is_null());
        native!(&mut *self.conn, c => diesel::update(alarms::table.filter(stopped))
            .set((alarms::lifted_at.eq(now.micros()), alarms::lifted_by.eq(by)))
            .execute(c))
        .map_err(dialect::fault)
    }
}
