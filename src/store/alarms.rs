//! Alarms: actors that seemed to try numbers out, and until when each is stopped. A row is sealed: no hand at the
//! database lifts a stop or shortens it unseen.

use diesel::prelude::*;

use super::dialect::{self, native};
use super::doors::{Reader, Writer};
use super::schema::alarms;
use super::sealed::{self, SealedRow};
use super::vault::Purpose;
use crate::clock::Moment;
use crate::closed::closed;
use crate::error::Result;
use crate::trust::Aad;

closed! {
    /// By what an alarm was raised: a walk through numbers, which stops the actor, or a look at somebody whom the actor
    /// should not look at alone, which stops nobody.
    AlarmKind {
        Sequence, "sequence", "顺序码连续", "Numbers of one region and birthday whose sequences follow each other.";
        Birthday, "birthday", "同一出生日期", "Many numbers of one region and birthday.";
        Region, "region", "同一地区、多数无记录", "Numbers of one region, nearly all of them unknown here.";
        Unknown, "unknown", "多数无记录", "Numbers or identifiers, nearly all of them unknown here.";
        OwnNumber, "own_number", "查询本人", "An account asked for its own person.";
        Kin, "kin", "查询亲属", "An account asked for kin of its own person.";
        Protected, "protected", "查询受保护主体", "A protected holder was asked for.";
    }
}

impl AlarmKind {
    /// Whether it stops the actor.
    pub const fn stops(self) -> bool {
        !matches!(self, Self::OwnNumber | Self::Kin | Self::Protected)
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
    /// Until when the actor is stopped; the time of the alarm where it stops nobody.
    pub until: Moment,
    /// When and by whom the stop was lifted.
    pub lifted: Option<(Moment, String)>,
}

/// The alarms that are read at once.
#[derive(Debug, Default)]
pub struct AlarmsRead {
    /// Oldest first. One whose seal is broken stands for as long as a stop lasts, and is not lifted: what its columns
    /// say is the word of whoever wrote them.
    pub alarms: Vec<Alarm>,
    /// How many of them have a broken seal.
    pub damaged: u64,
}

const TABLE: &str = "alarms";

/// How long a stop whose seal is broken is taken to last.
const STOP_S: i64 = 3600;

#[derive(Queryable)]
struct Row {
    actor: String,
    at: i64,
    node: String,
    kind: String,
    tries: i32,
    until: i64,
    lifted_at: Option<i64>,
    lifted_by: Option<String>,
    key_id: i32,
    sealed: Vec<u8>,
}

impl SealedRow for Row {
    fn cover(&self, aad: &mut Aad) {
        aad.text(&self.actor).integer(self.at).text(&self.node).text(&self.kind);
        aad.integer(i64::from(self.tries)).integer(self.until);
        aad.integer_or_null(self.lifted_at).text_or_null(self.lifted_by.as_deref());
    }

    fn seal_columns(&mut self) -> (&mut i32, &mut Vec<u8>) {
        (&mut self.key_id, &mut self.sealed)
    }
}

impl Row {
    fn of(node: &str, alarm: &Alarm) -> Self {
        Self {
            actor: alarm.actor.to_string(),
            at: alarm.at.micros(),
            node: node.to_owned(),
            kind: alarm.kind.wire().to_owned(),
            tries: i32::from(alarm.tries),
            until: alarm.until.micros(),
            lifted_at: None,
            lifted_by: None,
            key_id: 0,
            sealed: Vec::new(),
        }
    }

    /// The alarm, and whether the seal holds.
    fn opened(mut self, reader: &Reader<'_>) -> (Alarm, bool) {
        let intact = sealed::open(TABLE, &mut self, reader.vault, &mut Aad::new()).is_some();
        let at = Moment::from_micros(self.at);
        let kind = AlarmKind::from_wire(&self.kind).unwrap_or(AlarmKind::Unknown);
        let tries = u16::try_from(self.tries).unwrap_or_default();
        let lifted = self.lifted_at.map(|at| (Moment::from_micros(at), self.lifted_by.unwrap_or_default()));
        let (until, lifted) = match intact {
            true => (Moment::from_micros(self.until), lifted),
            false => (at.plus_seconds(STOP_S), None),
        };
        (Alarm { actor: self.actor.into(), at, kind, tries, until, lifted }, intact)
    }
}

impl Reader<'_> {
    /// The alarms that were raised after `since`, or whose stop ends, or would have ended, after it.
    pub fn alarms(&mut self, since: Moment) -> Result<AlarmsRead> {
        let mut read = AlarmsRead::default();
        for row in self.alarm_rows(since)? {
            let (alarm, intact) = row.opened(self);
            read.damaged += u64::from(!intact);
            read.alarms.push(alarm);
        }
        Ok(read)
    }

    fn alarm_rows(&mut self, since: Moment) -> Result<Vec<Row>> {
        let since = since.micros();
        native!(&mut *self.conn, c => alarms::table
            .filter(alarms::until.gt(since).or(alarms::at.gt(since)))
            .order((alarms::at, alarms::actor))
            .load(c))
        .map_err(dialect::fault)
    }
}

impl Writer<'_> {
    /// Adds an alarm that a process raised.
    pub fn insert_alarm(&mut self, node: &str, alarm: &Alarm) -> Result<()> {
        let mut row = Row::of(node, alarm);
        sealed::seal(TABLE, &mut row, &self.vault.current(Purpose::Access)?, &[])?;
        native!(&mut *self.conn, c => diesel::insert_into(alarms::table)
            .values((
                alarms::actor.eq(&row.actor), alarms::at.eq(row.at), alarms::node.eq(&row.node),
                alarms::kind.eq(&row.kind), alarms::tries.eq(row.tries), alarms::until.eq(row.until),
                alarms::key_id.eq(row.key_id), alarms::sealed.eq(&row.sealed),
            ))
            .on_conflict_do_nothing()
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }

    /// Lifts every stop of an actor that has not ended, one whose seal is broken with them; how many there were.
    pub fn lift_alarms(&mut self, actor: &str, now: Moment, by: &str) -> Result<usize> {
        let since = now.plus_seconds(-STOP_S);
        let rows = self.alarm_rows(since)?.into_iter().filter(|row| row.actor == actor);
        let mut lifted = 0;
        for row in rows.collect::<Vec<_>>() {
            let node = row.node.clone();
            let (alarm, _) = row.opened(self);
            if alarm.until <= now || alarm.lifted.is_some() {
                continue;
            }
            let lift = (Some(now.micros()), Some(by.to_owned()));
            let mut row = Row { lifted_at: lift.0, lifted_by: lift.1, ..Row::of(&node, &alarm) };
            self.reseal_alarm(&mut row)?;
            lifted += 1;
        }
        Ok(lifted)
    }

    /// Seals the alarms from before a seal was kept; how many there were. For the step that brought it, and not later:
    /// a row without a seal is one that a hand wrote.
    pub fn seal_alarms(&mut self) -> Result<usize> {
        let rows = self.alarm_rows(Moment::from_micros(i64::MIN))?;
        let unsealed = rows.into_iter().filter(|row| row.sealed.is_empty());
        let mut done = 0;
        for mut row in unsealed.collect::<Vec<_>>() {
            self.reseal_alarm(&mut row)?;
            done += 1;
        }
        Ok(done)
    }

    fn reseal_alarm(&mut self, row: &mut Row) -> Result<()> {
        sealed::seal(TABLE, row, &self.vault.current(Purpose::Access)?, &[])?;
        native!(&mut *self.conn, c => diesel::update(alarms::table.find((&row.actor, row.at, &row.node)))
            .set((
                alarms::kind.eq(&row.kind), alarms::tries.eq(row.tries), alarms::until.eq(row.until),
                alarms::lifted_at.eq(row.lifted_at), alarms::lifted_by.eq(&row.lifted_by),
                alarms::key_id.eq(row.key_id), alarms::sealed.eq(&row.sealed),
            ))
            .execute(c))
        .map(drop)
        .map_err(dialect::fault)
    }
}
