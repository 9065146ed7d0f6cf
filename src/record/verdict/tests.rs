//! Every reason alone, and the results that combinations may never have (I5).

use proptest::prelude::*;

use super::*;

fn today() -> Day {
    Day::new(2026, 11, 22).unwrap()
}

fn now() -> Moment {
    today().start().plus_seconds(36_000)
}

fn judge(facts: &Facts) -> Judgement {
    verdict(facts, today(), now())
}

/// What each reason does to a verdict, written by hand: the order is that of the closed list.
const CLASSES: [(&str, ReasonClass); 43] = [
    ("signature_mismatch", ReasonClass::Invalid),
    ("key_unknown", ReasonClass::Invalid),
    ("key_revoked", ReasonClass::Invalid),
    ("issuer_not_authorised", ReasonClass::Invalid),
    ("not_logged", ReasonClass::Invalid),
    ("log_inconsistent", ReasonClass::Invalid),
    ("superseded", ReasonClass::Invalid),
    ("suspended", ReasonClass::Invalid),
    ("annulled", ReasonClass::Invalid),
    ("cancelled", ReasonClass::Invalid),
    ("lapsed", ReasonClass::Invalid),
    ("revoked", ReasonClass::Invalid),
    ("transferred", ReasonClass::Invalid),
    ("withdrawn", ReasonClass::Invalid),
    ("expired", ReasonClass::Invalid),
    ("not_yet_valid", ReasonClass::Invalid),
    ("review_overdue", ReasonClass::Invalid),
    ("holder_deceased", ReasonClass::Invalid),
    ("holder_dissolved", ReasonClass::Invalid),
    ("face_mismatch", ReasonClass::Invalid),
    ("copy_out_of_scope", ReasonClass::Invalid),
    ("type_unknown", ReasonClass::Invalid),
    ("malformed", ReasonClass::Invalid),
    ("source_unreachable", ReasonClass::Undetermined),
    ("feed_late", ReasonClass::Undetermined),
    ("copy_stale", ReasonClass::Undetermined),
    ("not_covered", ReasonClass::Undetermined),
    ("death_reported", ReasonClass::Undetermined),
    ("date_after_end", ReasonClass::Undetermined),
    ("holder_deregistered", ReasonClass::Undetermined),
    ("status_unavailable", ReasonClass::Undetermined),
    ("checkpoint_stale", ReasonClass::Undetermined),
    ("record_damaged", ReasonClass::Undetermined),
    ("holder_code_conflict", ReasonClass::Undetermined),
    ("identifier_foreign", ReasonClass::Undetermined),
    ("attachment_pending", ReasonClass::Undetermined),
    ("attachment_differs", ReasonClass::Undetermined),
    ("disputed", ReasonClass::Note),
    ("court_divorces_not_covered", ReasonClass::Note),
    ("spouse_deceased", ReasonClass::Note),
    ("status_noted", ReasonClass::Note),
    ("status_outdated", ReasonClass::Note),
    ("fields_limited", ReasonClass::Note),
];

/// The class of [`CLASSES`].
fn class(reason: Reason) -> ReasonClass {
    CLASSES.iter().find(|(name, _)| *name == reason.wire()).unwrap().1
}

/// The smallest change to a good record that gives the reason.
fn alone(facts: &mut Facts, reason: Reason) {
    let yesterday = today().plus_days(-1);
    match reason {
        Reason::SignatureMismatch => facts.signature = Some(false),
        Reason::KeyUnknown => facts.key = KeyStanding::Unknown,
        Reason::KeyRevoked => facts.key = KeyStanding::Revoked,
        Reason::IssuerNotAuthorised => facts.key = KeyStanding::IssuerNotAuthorised,
        Reason::NotLogged => facts.log = LogStanding::NotLogged,
        Reason::LogInconsistent => facts.log = LogStanding::Inconsistent,
        Reason::Superseded => facts.superseded = true,
        Reason::Suspended => facts.state = Some(State::Suspended),
        Reason::Annulled => facts.state = Some(State::Annulled),
        Reason::Cancelled => facts.state = Some(State::Cancelled),
        Reason::Lapsed => facts.state = Some(State::Lapsed),
        Reason::Revoked => facts.state = Some(State::Revoked),
        Reason::Transferred => facts.state = Some(State::Transferred),
        Reason::Withdrawn => facts.state = Some(State::Withdrawn),
        Reason::Expired => facts.valid_to = Some(yesterday),
        Reason::NotYetValid => facts.valid_from = Some(today().plus_days(1)),
        Reason::ReviewOverdue => facts.review_due = Some(yesterday),
        Reason::HolderDeceased => facts.holder = HolderStanding::Deceased,
        Reason::FaceMismatch => facts.face_mismatch = true,
        Reason::CopyOutOfScope => facts.copy_out_of_scope = true,
        Reason::TypeUnknown => facts.type_known = false,
        Reason::Malformed => facts.well_formed = false,
        Reason::SourceUnreachable => {
            facts.custody = Custody::AtIssuer;
            facts.source_answered = false;
        }
        Reason::FeedLate => facts.feed_late = true,
        Reason::CopyStale => {
            facts.as_of = Some(now().plus_seconds(-3601));
            facts.max_staleness_s = Some(3600);
        }
        Reason::NotCovered => facts.covered = false,
        Reason::DeathReported => facts.holder = HolderStanding::DeathReported,
        Reason::DateAfterEnd => facts.days = DaysStanding::AfterEnd,
        Reason::HolderDissolved => facts.holder = HolderStanding::Dissolved,
        Reason::HolderDeregistered => facts.holder = HolderStanding::Deregistered,
        Reason::StatusUnavailable => facts.state = None,
        Reason::CheckpointStale => facts.log = LogStanding::CheckpointStale,
        Reason::RecordDamaged => facts.seal = Seal::Damaged,
        Reason::HolderCodeConflict => facts.holder_code_conflict = true,
        Reason::IdentifierForeign => facts.identifier_foreign = true,
        Reason::AttachmentPending => facts.files.pending = true,
        Reason::AttachmentDiffers => facts.files.differ = true,
        Reason::Disputed => facts.disputed = true,
        Reason::CourtDivorcesNotCovered => facts.court_divorces_unseen = true,
        Reason::SpouseDeceased => facts.spouse_deceased = true,
        Reason::StatusNoted => facts.status_noted = true,
        Reason::StatusOutdated => facts.status_printed = Some(State::Transferred),
        Reason::FieldsLimited => facts.fields_limited = true,
    }
}

fn with(reasons: &[Reason]) -> Facts {
    let mut facts = Facts::good(State::Active);
    reasons.iter().for_each(|reason| alone(&mut facts, *reason));
    facts
}

#[test]
fn a_good_record_is_valid_without_reasons() {
    let judgement = judge(&Facts::good(State::Active));
    assert_eq!(judgement, Judgement { verdict: Verdict::Valid, reasons: Reasons::NONE });
}

#[test]
fn i5_each_reason_alone_gives_its_verdict() {
    assert_eq!(Reason::ALL.len(), CLASSES.len());
    for (reason, (name, class)) in Reason::ALL.iter().zip(CLASSES) {
        assert_eq!((reason.wire(), reason.class()), (name, class));
        let judgement = judge(&with(&[*reason]));
        assert_eq!(judgement.reasons.iter().collect::<Vec<_>>(), [*reason]);
        let expected = match class {
            ReasonClass::Invalid => Verdict::Invalid,
            ReasonClass::Undetermined => Verdict::Undetermined,
            ReasonClass::Note => Verdict::Valid,
        };
        assert_eq!(judgement.verdict, expected, "{name}");
        assert_eq!(Reason::from_wire(name), Some(*reason));
        assert!(!reason.zh().is_empty() && !reason.en().is_empty());
    }
}

#[test]
fn i5_a_damaged_row_is_never_invalid_whatever_its_columns_say() {
    for reason in Reason::ALL {
        let judgement = judge(&with(&[*reason, Reason::RecordDamaged]));
        assert_eq!(judgement.verdict, Verdict::Undetermined);
        assert_eq!(judgement.reasons, Reasons::NONE.with(Reason::RecordDamaged));
    }
}

#[test]
fn older_lists_excuse_only_what_is_not_on_them() {
    for (reason, excused) in
        [(Reason::KeyUnknown, true), (Reason::TypeUnknown, true), (Reason::KeyRevoked, false)]
    {
        let mut facts = with(&[reason]);
        facts.lists_older = true;
        let expected = if excused { Verdict::Undetermined } else { Verdict::Invalid };
        assert_eq!(judge(&facts).verdict, expected);
        assert!(judge(&facts).reasons.has(reason));
    }
    assert_eq!(judge(&Facts { lists_older: true, ..Facts::good(State::Active) }).verdict, Verdict::Valid);
}

#[test]
fn i9_the_last_day_counts_whole() {
    let mut facts = Facts::good(State::Active);
    facts.valid_from = Some(today());
    facts.valid_to = Some(today());
    facts.review_due = Some(today());
    assert_eq!(judge(&facts).verdict, Verdict::Valid);
    let on = |day: Day| verdict(&facts, day, now());
    assert_eq!(on(today().plus_days(-1)).reasons, Reasons::NONE.with(Reason::NotYetValid));
    let late = on(today().plus_days(1)).reasons;
    assert_eq!(late.iter().collect::<Vec<_>>(), [Reason::Expired, Reason::ReviewOverdue]);
}

#[test]
fn a_copy_is_fresh_up_to_its_limit() {
    let mut facts = Facts::good(State::Active);
    facts.as_of = Some(now().plus_seconds(-3600));
    facts.max_staleness_s = Some(3600);
    assert_eq!(judge(&facts).verdict, Verdict::Valid);
    facts.max_staleness_s = None;
    facts.as_of = Some(Moment::from_micros(0));
    assert_eq!(judge(&facts).verdict, Verdict::Valid);
}

#[test]
fn reasons_serialise_in_the_order_of_the_list() {
    let reasons: Reasons = [Reason::Disputed, Reason::Expired, Reason::Suspended].into_iter().collect();
    assert_eq!(serde_json::to_string(&reasons).unwrap(), r#"["suspended","expired","disputed"]"#);
}

fn subsets() -> impl Strategy<Value = Vec<Reason>> {
    proptest::sample::subsequence(Reason::ALL.to_vec(), 0..=Reason::ALL.len())
}

proptest! {
    #[test]
    fn i5_the_verdict_follows_from_the_reasons(reasons in subsets(), lists_older: bool) {
        let facts = Facts { lists_older, ..with(&reasons) };
        let judgement = judge(&facts);
        let weight = |reason: Reason| match reason {
            Reason::KeyUnknown | Reason::TypeUnknown if lists_older => ReasonClass::Undetermined,
            reason => class(reason),
        };
        let worst = judgement.reasons.iter().map(weight).min();
        prop_assert_eq!(judgement.verdict, match worst {
            Some(ReasonClass::Invalid) => Verdict::Invalid,
            Some(ReasonClass::Undetermined) => Verdict::Undetermined,
            Some(ReasonClass::Note) | None => Verdict::Valid,
        });
    }

    #[test]
    fn i5_what_cannot_be_determined_never_makes_a_record_invalid(reasons in subsets(), extra in 0..Reason::ALL.len()) {
        let extra = Reason::ALL[extra];
        prop_assume!(class(extra) != ReasonClass::Invalid && extra != Reason::RecordDamaged);
        let before = judge(&with(&reasons)).verdict;
        let mut facts = with(&reasons);
        // Only facts that stand beside the others: one that takes another's place would also remove a reason.
        match extra {
            Reason::DeathReported | Reason::HolderDeregistered if facts.holder != HolderStanding::Normal => return Ok(()),
            Reason::CheckpointStale if facts.log != LogStanding::Logged => return Ok(()),
            Reason::StatusUnavailable if facts.state != Some(State::Active) => return Ok(()),
            _ => alone(&mut facts, extra),
        }
        let after = judge(&facts).verdict;
        prop_assert!(after == before || (before == Verdict::Valid && after == Verdict::Undetermined));
    }
}
