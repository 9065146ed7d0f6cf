//! Papers as they were on a past day that a slot asks for (基准日): the house on the day of its purchase.

use std::collections::BTreeMap;

use crate::catalog::StatusState;
use crate::catalog::items::{Intact, PrintedNames, RecordFact, Way};
use crate::clock::Day;
use crate::error::Result;
use crate::record::history::Then;
use crate::record::{Judgement, Record};
use crate::registry::Registry;
use crate::registry::cases::facts::{KnownParty, Looking, members, place_of, printed, state_of};
use crate::registry::past::then::{DayFacts, standing};
use crate::registry::reading::here::Here;
use crate::store::{Cost, Reader, StoredRecord};
use crate::trust::Envelope;

impl Registry {
    /// Adds to each party the papers that its slots want as of a day that was given.
    pub(super) async fn past_days(
        &self,
        looking: &Looking<'_>,
        known: &mut [KnownParty<'_>],
        dates: &BTreeMap<String, Day>,
    ) -> Result<()> {
        for party in known {
            let mut further = Vec::new();
            for (slug, day) in wanted(looking, &party.role, dates) {
                let papers = party.papers.papers.iter().filter_map(|paper| party.papers.stored(paper));
                let of_type = papers.filter(|row| looking.slug(&row.type_code) == Some(slug));
                let rows: Vec<StoredRecord> = of_type.cloned().collect();
                for row in rows {
                    further.push(self.on_day(looking, (&party.role, slug), &row, day).await?);
                }
            }
            party.facts.records.extend(further);
        }
        Ok(())
    }

    /// A paper on that day, by what is known today. One that had not begun is not what the slot wants.
    async fn on_day(
        &self,
        looking: &Looking<'_>,
        (role, slug): (&str, &str),
        row: &StoredRecord,
        day: Day,
    ) -> Result<RecordFact> {
        let (named, now) = (self.named_row(row), looking.now);
        let then = Then { as_of: day, known_at: now };
        let snapshot = self.snapshot();
        let read = move |reader: &mut Reader<'_>| {
            let here = Here::read(reader, &snapshot, &named)?;
            let beside = DayFacts::read(reader, &snapshot, &here, (then, false))?;
            let was = standing(&snapshot, (&here, &beside), then, now)?;
            let version = was.was.and_then(|was| i32::try_from(was.version).ok());
            let version = version.and_then(|version| here.version(version)).map(|(row, _)| row.clone());
            Ok((was, version))
        };
        let (was, version) = self.store().read(Cost::Scan, read).await?;
        let record = version.as_ref().and_then(signed);
        let intact = match (was.verdict, was.reasons) {
            (Some(verdict), Some(reasons)) => looking.intact(role, Judgement { verdict, reasons }, row),
            _ => Intact::No,
        };
        Ok(RecordFact {
            slug: slug.to_owned(),
            identifier: place_of(row),
            on: day,
            intact,
            state: was.was.and_then(|was| state_of(was.state)).unwrap_or(StatusState::Active),
            issued_on: record.as_ref().map_or(day, |record| record.issued_on),
            valid_to: version.as_ref().and_then(|row| row.valid_to),
            working_days_left: version
                .as_ref()
                .and_then(|row| row.valid_to)
                .and_then(|last| looking.working_days(day, last)),
            names: PrintedNames(record.as_ref().map(printed).unwrap_or_default()),
            members: record.as_ref().map(members).unwrap_or_default(),
        })
    }
}

/// The types that slots of a role want as of a day that was given, with the day.
fn wanted<'a>(looking: &Looking<'a>, role: &str, dates: &BTreeMap<String, Day>) -> Vec<(&'a str, Day)> {
    let mut wanted = Vec::new();
    let item = looking.item;
    let own = item.slots.iter().filter(|slot| item.role(&slot.role).is_some_and(|one| one.code == role));
    for way in own.flat_map(|slot| &slot.ways) {
        let Way::Pulled { slug, accept, .. } = way else { continue };
        let day = accept.as_of.as_ref().and_then(|name| dates.get(name));
        if let Some(day) = day
            && *day != looking.now.day()
            && !wanted.contains(&(slug.as_str(), *day))
        {
            wanted.push((slug.as_str(), *day));
        }
    }
    wanted
}

fn signed(row: &StoredRecord) -> Option<Record> {
    let envelope = Envelope::parse_stored(&row.body.envelope).ok()?;
    Record::from_stored(envelope.payload())
}
