//! An action writes both the state and the face (驾驶证状态): where the type says which status a state prints, an action that
//! changes the state makes a version whose face prints it and is otherwise the old one.
//!
//! The state changes alone, with a remark, where nobody signs that version: an agency that signs its own orders sends
//! none, or no code means the state. So it does where a rule of today refuses the old face, since a revocation does not
//! wait for it.

use serde_json::{Map, Value};

use crate::catalog::{Custody, FaceNote, NoteKind, StatusMap};
use crate::error::{Class, Code, Error, Result};
use crate::record::Record;
use crate::record::state::State;
use crate::registry::Registry;
use crate::registry::actions::command::ActCommand;
use crate::registry::actions::face_edit::FaceEdit;
use crate::registry::actions::version::present;
use crate::registry::base::snapshot::Snapshot;
use crate::registry::records::signed::Signed;
use crate::rule::Rule;
use crate::store::StoredRecord;
use crate::trust::EnvelopeBuf;
use crate::trust::envelope::Limits;

impl Registry {
    /// The version that an action makes, if it makes one, with the remarks of its check; `state` is the one that the
    /// action leads to.
    ///
    /// # Errors
    /// The rules of an issue; `face_invalid` (`status_state`) if the face would print another state; `field_invalid` at
    /// `envelope` (`no_new_version`) if the action makes no version, (`status_only`) if a version that may only print a
    /// state says more.
    pub(super) fn version_of(
        &self,
        snapshot: &Snapshot,
        command: &ActCommand,
        row: &StoredRecord,
        (agency, state): (&str, State),
    ) -> Result<(Option<Signed>, Vec<String>)> {
        let status = snapshot.catalog.type_of(&row.type_code).and_then(|entry| entry.def().status.as_ref());
        if command.action.makes_version() {
            let (signed, remarks) = self.next_version(snapshot, command, row, agency)?;
            agrees(status, &signed, state)?;
            return Ok((Some(signed), remarks));
        }
        let old = match status {
            Some(status) if row.custody == Custody::Hosted => {
                Some(present(row)?).filter(|old| differs(status, old, state))
            }
            _ => None,
        };
        let (Some(old), Some(status)) = (old, status) else {
            return if command.envelope.is_none() { Ok((None, Vec::new())) } else { Err(no_version()) };
        };
        if let Some(compact) = &command.envelope {
            only_status(compact, &old, status)?;
            let (signed, remarks) = self.next_version(snapshot, command, row, agency)?;
            agrees(Some(status), &signed, state)?;
            return Ok((Some(signed), remarks));
        }
        let note = FaceNote { field: status.field.clone(), kind: NoteKind::StatusNotPrinted };
        let alone = Ok((None, vec![note.to_string()]));
        let code = state.on_a_face().and_then(|state| status.prints.get(&state));
        let Some(code) = code.filter(|_| command.order.is_none()) else { return alone };
        let patch = Map::from_iter([(status.field.clone(), Value::from(code.as_str()))]);
        // The certificate is as old as it was; where an agency acts that took over since, it issues today.
        for issued_on in [Some(old.issued_on), None] {
            let face = Some(FaceEdit::Patch(patch.clone()));
            let printing = ActCommand { face, issued_on, ..command.clone() };
            match self.next_version(snapshot, &printing, row, agency) {
                Ok((signed, remarks)) => return Ok((Some(signed), remarks)),
                Err(refusal) if refusal.code.class() == Class::Refused => {}
                Err(fault) => return Err(fault),
            }
        }
        alone
    }
}

/// Whether the face prints a state, and another one than `state`.
fn differs(status: &StatusMap, old: &Record, state: State) -> bool {
    let said = status.of(&Value::Object(old.face.clone()));
    said.is_some_and(|said| State::from(said.state) != state)
}

/// A version prints the state that the record is in after the action, if a code of the face can say it.
fn agrees(status: Option<&StatusMap>, signed: &Signed, state: State) -> Result<()> {
    let sayable = state.on_a_face().is_some_and(|state| status.is_some_and(|status| status.knows(state)));
    if sayable && signed.printed.is_some_and(|printed| printed != state) {
        let detail = "the status on the face is another one than the record is in after this action";
        return Err(Error::new(Code::FaceInvalid, detail).at("face").rule(Rule::StatusState));
    }
    Ok(())
}

fn no_version() -> Error {
    let detail = "this action makes no new version";
    Error::new(Code::FieldInvalid, detail).at("envelope").rule(Rule::NoNewVersion)
}

/// A version that came with a change of state says what the old one said, but for the status, the day of issue and the
/// name of who issues.
fn only_status(compact: &str, old: &Record, status: &StatusMap) -> Result<()> {
    let more = || {
        let detail = "a version that comes with this action changes the status on the face and nothing else";
        Error::new(Code::FieldInvalid, detail).at("envelope").rule(Rule::StatusOnly)
    };
    let envelope = EnvelopeBuf::parse_compact(compact, Limits::default()).ok().ok_or_else(more)?;
    let next = Record::from_payload(envelope.view().payload()).ok().ok_or_else(more)?;
    let rest = |record: &Record| {
        let mut face = record.face.clone();
        face.remove(&status.field);
        (face, record.holders.clone(), record.valid_from, record.valid_to, record.attachments.clone())
    };
    if rest(&next) == rest(old) { Ok(()) } else { Err(more()) }
}
