//! A receipt: whether it holds for the checkpoint it brings, and whether our log still has that entry.

use serde_json::{Map, Value};

use crate::error::{Code, Result};
use crate::log::TreeReader;
use crate::log::hash::sha256;
use crate::log::note::NoteFault;
use crate::log::receipt::{Receipt, ReceiptFault};
use crate::record::{Judgement, Reason, Reasons, Verdict, canonical};
use crate::registry::Registry;
use crate::registry::base::names::side_of;
use crate::registry::reading::verify::{Finding, VerifiedThing, VerifyAnswer};
use crate::rule::Rule;

impl Registry {
    pub(super) async fn verify_receipt(&self, receipt: &Map<String, Value>) -> Result<Finding> {
        let text = Value::Object(receipt.clone()).to_string();
        let receipt = match Receipt::parse(&text) {
            Ok(receipt) => receipt,
            Err(fault) => return Ok(self.no_receipt(Reason::Malformed, fault.rule()).into()),
        };
        let registry = self.clone();
        self.store().blocking(move || registry.receipt_finding(&receipt)).await
    }

    fn no_receipt(&self, reason: Reason, rule: Rule) -> VerifyAnswer {
        let told = (Verdict::Invalid, reason);
        VerifyAnswer::bare(VerifiedThing::Receipt, told, Some(rule), self.now())
    }

    fn receipt_finding(&self, receipt: &Receipt) -> Result<Finding> {
        let invalid = |reason, rule| Finding::from(self.no_receipt(reason, rule));
        let verifier = match self.log_verifier(&receipt.log) {
            Ok(verifier) => verifier,
            Err(error) if error.code == Code::NotInitialised => {
                return Ok(invalid(Reason::KeyUnknown, Rule::LogUnknown));
            }
            Err(error) => return Err(error),
        };
        let (entry, checkpoint) = match receipt.verify(&verifier) {
            Ok(held) => held,
            Err(fault) => {
                let reason = match fault {
                    ReceiptFault::Checkpoint(NoteFault::Signature | NoteFault::Unsigned) => {
                        Reason::SignatureMismatch
                    }
                    ReceiptFault::NotIncluded => Reason::LogInconsistent,
                    ReceiptFault::Checkpoint(_) | ReceiptFault::Malformed => Reason::Malformed,
                };
                return Ok(invalid(reason, fault.rule()));
            }
        };
        let (log, index) = (receipt.log.clone(), receipt.index);
        let (head, there) = self.store().read_side_now(side_of(&log), |reader| {
            Ok((TreeReader::head(reader, &log)?, reader.entries(&log, index, index.saturating_add(1))?))
        })?;
        let kept = head.as_ref().is_some_and(|head| head.size >= checkpoint.size)
            && there.first() == Some(&sha256(&entry));
        if !kept {
            return Ok(invalid(Reason::LogInconsistent, Rule::LogEntry));
        }
        let said = canonical::parse_canonical(&entry).ok();
        let judgement = Judgement { verdict: Verdict::Valid, reasons: Reasons::NONE };
        let answer = VerifyAnswer {
            log: Some(log),
            index: Some(index),
            checkpoint_size: Some(checkpoint.size),
            // A holder of the receipt has the entry already: it is shown as it stands.
            entry: Some(said.unwrap_or(Value::Null)),
            ..VerifyAnswer::new(VerifiedThing::Receipt, judgement, self.now())
        };
        Ok(answer.into())
    }
}
