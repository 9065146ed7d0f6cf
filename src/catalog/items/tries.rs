//! One way tried on one party: the outcome, and the evidence or the silence behind it.

use crate::catalog::items::{
    Accept, Intact, PartyFacts, Predicate, PredicateAnswer, RecordFact, Silence, WayKind,
};
use crate::catalog::{AbsenceKind, StatusState, same_name};
use crate::clock::Day;
use crate::closed::closed;

closed! {
    /// What came of a way.
    TryOutcome {
        Met, "met", "已满足", "met";
        Expired, "expired", "已过期", "what is there is expired, or too old";
        Untimely, "untimely", "不在可以办理的期限内", "too early before its end, or too late";
        Unfit, "unfit", "不符合要求", "what is there is not what the slot accepts";
        NoneWithinCoverage, "none_within_coverage", "在覆盖范围内未查询到", "nothing found within the coverage";
        NotCovered, "not_covered", "尚未接入", "no source covers the question";
        DoesNotApply, "does_not_apply", "不发给此类主体", "no such record could have been issued";
        Unverifiable, "unverifiable", "暂无法核验", "the source did not answer";
        Contradicted, "contradicted", "核验不符", "the source says no";
        Offered, "offered", "可以选用", "the way is open";
        Withheld, "withheld", "不得选用", "the way is closed to this party or after this answer";
        DateOpen, "date_open", "待填基准日", "a day has still to be given";
    }
}

/// One way that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayTried {
    /// The way.
    pub way: WayKind,
    /// What came of it.
    pub outcome: TryOutcome,
    /// Identifiers of the records or answers behind it.
    pub evidence: Vec<String>,
    /// Who did not answer, and when.
    pub silence: Option<Silence>,
}

impl TryOutcome {
    /// Whether it tells for sure that no record of the kind is valid.
    pub(super) fn is_no(self) -> bool {
        matches!(self, Self::Expired | Self::Unfit | Self::NoneWithinCoverage | Self::DoesNotApply)
    }
}

fn tried(way: WayKind, outcome: TryOutcome) -> WayTried {
    WayTried { way, outcome, evidence: Vec::new(), silence: None }
}

/// Looks for a record of a type that is enough on a day; `wanted` are the names that its fields must have. A face with none
/// of the `fields` that the slot reads is no evidence of anything.
pub(super) fn pull(
    slug: &str,
    accept: &Accept,
    on: Day,
    party: &PartyFacts,
    (fields, wanted): (&[String], &[(&str, Option<&str>)]),
) -> WayTried {
    let way = WayKind::Pulled;
    let mut best = match party.absences.get(slug) {
        Some(AbsenceKind::NoneWithinCoverage) => TryOutcome::NoneWithinCoverage,
        Some(AbsenceKind::DoesNotApply) => TryOutcome::DoesNotApply,
        Some(AbsenceKind::FeedLate) => TryOutcome::Unverifiable,
        Some(AbsenceKind::NotCovered) | None => TryOutcome::NotCovered,
    };
    let mut silence = party.silent.get(slug).cloned();
    if silence.is_some() {
        best = TryOutcome::Unverifiable;
    }
    for record in party.records.iter().filter(|record| record.slug == slug && record.on == on) {
        let read = fields.is_empty() || fields.iter().any(|field| record.members.contains(field));
        let found = if read { fit(record, accept, wanted) } else { TryOutcome::Unfit };
        if found == TryOutcome::Met {
            return WayTried { evidence: vec![record.identifier.clone()], ..tried(way, found) };
        }
        if let Intact::Unknown(of) = &record.intact {
            silence.get_or_insert_with(|| of.clone());
        }
        // A silent source may have a better one; a record that ran out says more than one of another kind.
        best = match (best, found) {
            (TryOutcome::Unverifiable, _) | (_, TryOutcome::Unverifiable) => TryOutcome::Unverifiable,
            (TryOutcome::Expired, _) => TryOutcome::Expired,
            (_, found) => found,
        };
    }
    let silence = silence.filter(|_| best == TryOutcome::Unverifiable);
    WayTried { silence, ..tried(way, best) }
}

fn fit(record: &RecordFact, accept: &Accept, wanted: &[(&str, Option<&str>)]) -> TryOutcome {
    if record.intact == Intact::No || !accept.states.contains(&record.state) {
        return TryOutcome::Unfit;
    }
    let differs = |(field, name): &(&str, Option<&str>)| match (record.names.0.get(*field), name) {
        (Some(printed), Some(name)) => !same_name(printed, name),
        _ => true,
    };
    if wanted.iter().any(differs) {
        return TryOutcome::Unfit;
    }
    // A record that has ended has no days left to count.
    let until = record.on.plus_days(accept.days_left.unwrap_or(0).into());
    let ends = !accept.expired
        && record.state == StatusState::Active
        && record.valid_to.is_some_and(|last| last < until);
    let since = accept.issued_within.map(|days| record.on.plus_days(-i64::from(days)));
    if ends || since.is_some_and(|since| record.issued_on < since) {
        return TryOutcome::Expired;
    }
    match (&accept.window, record.working_days_left) {
        (None, _) => {}
        // What never ends is never extended; where no calendar reaches, nobody can tell.
        (Some(_), None) if record.valid_to.is_some() => return TryOutcome::Unverifiable,
        (Some(window), Some(left)) if (i64::from(window.least)..=i64::from(window.most)).contains(&left) => {}
        (Some(_), _) => return TryOutcome::Untimely,
    }
    match &record.intact {
        Intact::Yes => TryOutcome::Met,
        Intact::No => TryOutcome::Unfit,
        Intact::Unknown(_) => TryOutcome::Unverifiable,
    }
}

/// Asks a predicate of a party; with `either` a no is as good as a yes, if there is evidence for it.
pub(super) fn check(predicate: &Predicate, either: bool, party: &PartyFacts, today: Day) -> WayTried {
    let way = WayKind::Checked;
    if let Predicate::Holds { slug } = predicate {
        return WayTried { way, ..pull(slug, &Accept::default(), today, party, (&[], &[])) };
    }
    let answer = party.predicates.iter().find(|(asked, _)| asked == predicate).map(|(_, answer)| answer);
    match answer {
        Some(PredicateAnswer::Yes { evidence }) if !evidence.is_empty() => {
            WayTried { evidence: evidence.clone(), ..tried(way, TryOutcome::Met) }
        }
        Some(PredicateAnswer::No { evidence }) if either && !evidence.is_empty() => {
            WayTried { evidence: evidence.clone(), ..tried(way, TryOutcome::Met) }
        }
        Some(PredicateAnswer::No { evidence }) => {
            WayTried { evidence: evidence.clone(), ..tried(way, TryOutcome::Contradicted) }
        }
        Some(PredicateAnswer::Unanswered(silence)) => {
            WayTried { silence: Some(silence.clone()), ..tried(way, TryOutcome::Unverifiable) }
        }
        // A yes without evidence is no answer.
        Some(PredicateAnswer::Yes { .. } | PredicateAnswer::NotCovered) | None => {
            tried(way, TryOutcome::NotCovered)
        }
    }
}
