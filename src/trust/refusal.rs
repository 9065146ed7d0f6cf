//! The faults of this layer as a caller sees them: code and rule. A failure of cryptography says that it
//! failed.

use super::envelope::EnvelopeFault;
use super::keys::{KeyFault, SignatureFault};
use super::master::{MasterKeyFault, UnwrapFault, WrapFault};
use super::password::PasswordFault;
use super::random::RandomFault;
use super::seal::SealFault;
use crate::error::{Code, Error};
use crate::rule::Rule;

impl From<EnvelopeFault> for Error {
    fn from(fault: EnvelopeFault) -> Self {
        Self::new(Code::EnvelopeInvalid, fault.to_string()).rule(fault.rule())
    }
}

impl From<SignatureFault> for Error {
    fn from(fault: SignatureFault) -> Self {
        Self::new(Code::EnvelopeInvalid, fault.to_string()).rule(EnvelopeFault::Signature.rule())
    }
}

impl From<KeyFault> for Error {
    fn from(fault: KeyFault) -> Self {
        Self::new(Code::FieldInvalid, fault.to_string()).rule(fault.rule())
    }
}

impl From<SealFault> for Error {
    /// A row that does not open, or whose data key is gone, is a damaged record; the rest is unforeseen.
    fn from(fault: SealFault) -> Self {
        match fault {
            SealFault::DoesNotOpen => Self::new(Code::RecordDamaged, "").rule(fault.rule()).caused_by(fault),
            SealFault::Random(_) | SealFault::Cipher => Self::internal(fault),
        }
    }
}

impl From<MasterKeyFault> for Error {
    fn from(fault: MasterKeyFault) -> Self {
        let code = match fault {
            MasterKeyFault::Mode(_) | MasterKeyFault::InDataDirectory => Code::MasterKeyExposed,
            MasterKeyFault::Length => Code::MasterKeyWrong,
            MasterKeyFault::File(_) | MasterKeyFault::NotAFile => Code::ConfigInvalid,
            MasterKeyFault::Random(_) => Code::Internal,
        };
        Self::new(code, fault.to_string()).rule(fault.rule()).caused_by(fault)
    }
}

impl From<UnwrapFault> for Error {
    fn from(fault: UnwrapFault) -> Self {
        Self::new(Code::MasterKeyWrong, fault.to_string()).rule(Rule::Unwrap)
    }
}

macro_rules! unforeseen {
    ($($fault:ty),*) => {$(
        impl From<$fault> for Error {
            fn from(fault: $fault) -> Self {
                Self::internal(fault)
            }
        }
    )*};
}
unforeseen!(WrapFault, RandomFault, PasswordFault);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i5_a_row_that_does_not_open_is_damage_and_not_a_refusal() {
        let error = Error::from(SealFault::DoesNotOpen);
        assert_eq!(error.code, Code::RecordDamaged);
        assert!(error.detail.is_empty(), "cryptography says no more than that it failed");
        assert_eq!(Error::from(MasterKeyFault::Mode(0o644)).code, Code::MasterKeyExposed);
        assert_eq!(Error::from(EnvelopeFault::Crit).rule.map(Rule::wire), Some("envelope_crit"));
    }
}
