//! An answer to a predicate (核验答复) in someone's hand: whether the registry signed it, and whether it still counts.
//!
//! It is about what was known when it was signed. What became of the records behind it since is not looked at: then nothing
//! of anybody is read, and no access is noted.

use crate::clock::Moment;
use crate::record::checked::CheckedAnswer;
use crate::record::question::CLOCKS_S;
use crate::record::{Judgement, Reason, Reasons, Verdict};
use crate::registry::base::snapshot::Snapshot;
use crate::registry::reading::verify::{VerifiedThing, VerifyAnswer};
use crate::rule::Rule;
use crate::trust::envelope::Header;
use crate::trust::keyring::{KeyPurpose, KeyStatus};
use crate::trust::{EnvelopeBuf, EnvelopeFault, Typ};

/// Judges an envelope of the kind `elicense-answer+jws`.
pub(super) fn answer_finding(
    snapshot: &Snapshot,
    (envelope, header): (&EnvelopeBuf, &Header),
    now: Moment,
) -> VerifyAnswer {
    let view = envelope.view();
    let mut reasons = Reasons::NONE;
    match view.verify(Typ::Answer, |kid| snapshot.keys.key(kid)) {
        Ok(_) => {}
        Err(EnvelopeFault::KeyUnknown) => reasons = reasons.with(Reason::KeyUnknown),
        Err(_) => reasons = reasons.with(Reason::SignatureMismatch),
    }
    let said = CheckedAnswer::of(view.payload());
    if let Some(key) = snapshot.keys.find(&header.kid) {
        let against = match key.status(said.as_ref().map_or(now, |said| said.at)) {
            // A department answers the registry; to others it vouches for nothing by that.
            _ if key.purpose != KeyPurpose::Registry => Some(Reason::IssuerNotAuthorised),
            KeyStatus::Authorised => None,
            KeyStatus::Unknown => Some(Reason::KeyUnknown),
            KeyStatus::OutsidePeriod => Some(Reason::IssuerNotAuthorised),
            KeyStatus::Revoked => Some(Reason::KeyRevoked),
        };
        reasons = against.map_or(reasons, |reason| reasons.with(reason));
    }
    let against = match &said {
        None => Some(Reason::Malformed),
        Some(said) if said.at > now.plus_seconds(CLOCKS_S) => Some(Reason::NotYetValid),
        Some(said) if said.valid_until <= now => Some(Reason::Expired),
        Some(_) => None,
    };
    reasons = against.map_or(reasons, |reason| reasons.with(reason));
    let verdict = if reasons == Reasons::NONE { Verdict::Valid } else { Verdict::Invalid };
    let judgement = Judgement { verdict, reasons };
    VerifyAnswer {
        kid: Some(header.kid.to_string()),
        digest: Some(view.digest()),
        rule: said.is_none().then_some(Rule::EnvelopeKind),
        ..VerifyAnswer::new(VerifiedThing::Answer, judgement, now)
    }
}
