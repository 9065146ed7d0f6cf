//! Comparing a question with the statements; the module comment of `coverage` has the rule.

use crate::catalog::Region;
use crate::catalog::coverage::{Absence, Coverage, Gap, Missing, Question, Why};
use crate::clock::{Day, Moment};

/// Days as numbers, both ends included; `i32::MIN` is the beginning of time.
type Days = (i32, i32);

/// The worth of "nothing found" for `question`, by the given statements, at `now`.
///
/// `feed_late_after_s`: an open feed is late after so many seconds of silence. A heartbeat that lies so far
/// in the future counts as late too, since its clock proves nothing.
pub fn absence(coverages: &[Coverage], question: &Question, now: Moment, feed_late_after_s: i64) -> Absence {
    let stated: Vec<&Coverage> = coverages.iter().filter(|one| one.type_code == question.type_code).collect();
    let today = now.day().number();
    let asked = (
        question.from.map_or(i32::MIN, |from| from.number().min(today)),
        question.to.map_or(today, |to| to.number().min(today)),
    );
    let late = |one: &Coverage| one.is_late(now, feed_late_after_s);

    let mut parts = Vec::new();
    let mut rested: Vec<&Coverage> = Vec::new();
    let mut silent: Vec<&Coverage> = Vec::new();
    for region in &question.regions {
        let here: Vec<&Coverage> = stated.iter().copied().filter(|one| covers_region(one, *region)).collect();
        let sound: Vec<&Coverage> = here.iter().copied().filter(|one| is_sound(one)).collect();
        let doubtful: Vec<&Coverage> =
            stated.iter().copied().filter(|one| !is_sound(one) && touches_region(one, *region)).collect();
        let holes = with_doubts(uncovered(&sound, *region, asked), asked, &doubtful);
        if !holes.is_empty() {
            let beside = doubtful.iter().filter(|one| !covers_region(one, *region));
            let told: Vec<&Coverage> = here.iter().chain(beside).copied().collect();
            let whys = holes.iter().flat_map(|hole| {
                whys(&stated, &told, *region, *hole).into_iter().map(move |why| (*hole, why))
            });
            let silent: Vec<&Coverage> = sound.iter().copied().filter(|one| late(one)).collect();
            let open = whys.chain(late_beside(&silent, &holes, asked));
            parts.extend(open.map(|(span, why)| {
                let (from, to) = (Day::from_number(span.0), day(span.1));
                Missing { region: *region, from, to, why }
            }));
            continue;
        }
        let timely: Vec<&Coverage> = sound.iter().copied().filter(|one| !late(one)).collect();
        let used = if uncovered(&timely, *region, asked).is_empty() {
            timely
        } else {
            silent.extend(sound.iter().copied().filter(|one| late(one)));
            sound
        };
        rested.extend(used.into_iter().filter(|one| overlap(days_of(one), asked)));
    }
    if !parts.is_empty() {
        let searched = stated.into_iter().filter(|one| !late(one)).collect();
        Absence::NotCovered { parts, stated: owned(searched) }
    } else if !silent.is_empty() {
        let mut late: Vec<(String, Moment)> =
            silent.iter().map(|one| (one.issuing_system.clone(), one.heartbeat)).collect();
        late.sort();
        late.dedup();
        Absence::FeedLate { late }
    } else {
        Absence::NoneWithinCoverage(owned(rested))
    }
}

fn owned(coverages: Vec<&Coverage>) -> Vec<Coverage> {
    let mut out: Vec<Coverage> = Vec::new();
    for one in coverages {
        if !out.contains(one) {
            out.push(one.clone());
        }
    }
    out
}

impl Coverage {
    /// Whether its feed has been silent for more than so many seconds. A stock whose days are over needs no living
    /// feed, if the last feed came after those days.
    pub fn is_late(&self, now: Moment, after_s: i64) -> bool {
        let closed = self.issued_to.is_some_and(|to| to < self.as_of.day());
        let silence = now.seconds().abs_diff(self.heartbeat.seconds());
        !closed && silence > u64::try_from(after_s).unwrap_or(0)
    }
}

fn is_sound(one: &Coverage) -> bool {
    one.share_on_file == 1000 && one.unbound == 0 && one.quarantined == 0
}

fn covers_region(one: &Coverage, region: Region) -> bool {
    one.regions.iter().any(|covered| covered.code.covers(region))
}

fn touches_region(one: &Coverage, region: Region) -> bool {
    one.regions.iter().any(|covered| covered.code.touches(region))
}

/// The holes, and the days of the statements whose stock is not complete.
fn with_doubts(holes: Vec<Days>, asked: Days, doubtful: &[&Coverage]) -> Vec<Days> {
    let solid = holes.into_iter().chain(doubtful.iter().map(|one| days_of(one)));
    let solid = solid.fold(vec![asked], without);
    solid.into_iter().fold(vec![asked], without)
}

/// The days of feeds that are late, beside the holes: a hole does not hide that the rest is not known just now either.
fn late_beside(silent: &[&Coverage], holes: &[Days], asked: Days) -> Vec<(Days, Why)> {
    let mut told = Vec::new();
    for one in silent {
        let rest = holes.iter().fold(vec![within(days_of(one), asked)], |left, hole| without(left, *hole));
        let rest = rest.into_iter().filter(|span| !empty(*span));
        told.extend(rest.map(|span| (span, Why::Late(one.heartbeat))));
    }
    told
}

fn within(one: Days, other: Days) -> Days {
    (one.0.max(other.0), one.1.min(other.1))
}

/// The days of issue that a statement covers. An open statement goes on: a separate check asks whether its
/// feed is alive, and the words say until when it is known.
fn days_of(one: &Coverage) -> Days {
    let from = one.issued_from.map_or(i32::MIN, Day::number);
    // A statement cannot cover days after its last feed.
    let to = one.issued_to.map_or(i32::MAX, |to| to.number().min(one.as_of.day().number()));
    (from, to)
}

fn gap_days(gap: &Gap) -> Days {
    (gap.from.map_or(i32::MIN, Day::number), gap.to.map_or(i32::MAX, Day::number))
}

fn gap_concerns(gap: &Gap, region: Region) -> bool {
    gap.regions.is_empty() || gap.regions.iter().any(|one| one.touches(region))
}

fn empty(span: Days) -> bool {
    span.0 > span.1
}

fn overlap(one: Days, other: Days) -> bool {
    !empty(within(one, other))
}

/// The rest of `spans` without `cut`.
fn without(spans: Vec<Days>, cut: Days) -> Vec<Days> {
    let mut left = Vec::with_capacity(spans.len() + 1);
    for span in spans {
        if !overlap(span, cut) {
            left.push(span);
            continue;
        }
        if span.0 < cut.0 {
            left.push((span.0, cut.0 - 1));
        }
        if cut.1 < span.1 {
            left.push((cut.1 + 1, span.1));
        }
    }
    left
}

/// The parts of `asked` that no statement covers for the region, in order of time.
fn uncovered(sound: &[&Coverage], region: Region, asked: Days) -> Vec<Days> {
    let mut left = vec![asked];
    for one in sound {
        let mut solid = vec![days_of(one)];
        for gap in one.gaps.iter().filter(|gap| gap_concerns(gap, region)) {
            solid = without(solid, gap_days(gap));
        }
        for span in solid.into_iter().filter(|span| !empty(*span)) {
            left = without(left, span);
        }
    }
    left
}

/// Every reason for a hole: a statement that almost covered it says what it lacks.
fn whys(stated: &[&Coverage], here: &[&Coverage], region: Region, hole: Days) -> Vec<Why> {
    if stated.is_empty() {
        return vec![Why::NoStatement];
    }
    if here.is_empty() {
        return vec![Why::Region];
    }
    let mut whys = Vec::new();
    for one in here.iter().filter(|one| overlap(days_of(one), hole)) {
        if one.share_on_file != 1000 {
            whys.push(Why::Share(one.share_on_file));
        }
        if one.unbound > 0 || one.quarantined > 0 {
            whys.push(Why::NotBound { unbound: one.unbound, quarantined: one.quarantined });
        }
        let concerned = |gap: &&Gap| gap_concerns(gap, region) && overlap(gap_days(gap), hole);
        whys.extend(one.gaps.iter().filter(concerned).map(|gap| Why::Gap(gap.text.clone())));
    }
    if whys.is_empty() { vec![Why::Days] } else { whys }
}

fn day(number: i32) -> Day {
    // The fallback is never used: the last day of a question is a given day or today.
    Day::from_number(number).unwrap_or_else(|| Moment::from_micros(0).day())
}
