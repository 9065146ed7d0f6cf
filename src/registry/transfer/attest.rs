//! The registry's signatures on an export (schema/bytes.md §10). Each line of a record, a holder or a coverage statement is signed,
//! bound to the first line and so to the checkpoints. The last line says how many there were and that none was left out.
//! An inclusion proof shows that an event happened; only these signatures show that none after it is missing.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::record::{Digest, canonical};
use crate::registry::transfer::line::Line;
use crate::trust::{EnvelopeBuf, SigningKey, Typ};

/// The member that holds a line's signature; the signature does not cover it.
pub(in crate::registry) const ATTESTED: &str = "attested";

/// Signs the lines of one export, in their order.
pub(in crate::registry) struct Attest {
    key: SigningKey,
    export: Digest,
    chain: Chain,
}

/// All signed lines so far, in their order: SHA-256(chain ‖ digest of the line), from 32 zero bytes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::registry) struct Chain(pub Digest);

impl Chain {
    /// Before the first line.
    pub fn new() -> Self {
        Self(Digest([0; 32]))
    }

    /// Adds a line.
    pub fn add(&mut self, line: &Digest) {
        self.0 = Digest::of(&[&self.0.0, &line.0]);
    }
}

/// SHA-256 of a line's canonical form without its signature.
pub(in crate::registry) fn line_digest(line: &Value) -> Result<Digest> {
    let mut line = line.clone();
    if let Some(members) = line.as_object_mut() {
        members.remove(ATTESTED);
    }
    Ok(Digest::of(&[&canonical::to_vec(&line).map_err(Error::internal)?]))
}

/// The signed statement of a line of that kind: `record`, `holder`, `coverage` or `file`.
pub(in crate::registry) fn line_payload(kind: &str, export: &Digest, line: &Digest) -> Value {
    json!({"digest": line.text(), "export": export.text(), "line": kind, "v": 1})
}

/// The signed statement of the last line.
pub(in crate::registry) fn end_payload(export: &Digest, chain: Chain, records: u64, events: u64) -> Value {
    json!({
        "digest": chain.0.text(), "events": events, "export": export.text(), "line": "end",
        "records": records, "v": 1,
    })
}

impl Attest {
    /// Begins with the first line.
    pub fn begin(key: SigningKey, first: &Line) -> Result<Self> {
        let export = line_digest(&serde_json::to_value(first).map_err(Error::internal)?)?;
        Ok(Self { key, export, chain: Chain::new() })
    }

    /// Signs the line of a record, a holder or a coverage statement; other lines go out as they are.
    pub fn line(&mut self, mut line: Line) -> Result<Line> {
        let kind = match &line {
            Line::Record(_) => "record",
            Line::Holder(_) => "holder",
            Line::Coverage(_) => "coverage",
            Line::File(_) => "file",
            Line::Export { .. } | Line::Key(_) | Line::End { .. } => return Ok(line),
        };
        let digest = line_digest(&serde_json::to_value(&line).map_err(Error::internal)?)?;
        self.chain.add(&digest);
        let signed = Some(self.sign(&line_payload(kind, &self.export, &digest))?);
        match &mut line {
            Line::Record(record) => record.attested = signed,
            Line::Holder(holder) => holder.attested = signed,
            Line::Coverage(coverage) => coverage.attested = signed,
            Line::File(file) => file.attested = signed,
            Line::Export { .. } | Line::Key(_) | Line::End { .. } => {}
        }
        Ok(line)
    }

    /// The last line.
    pub fn end(&self, records: u64, events: u64) -> Result<Line> {
        let attested = self.sign(&end_payload(&self.export, self.chain, records, events))?;
        Ok(Line::End { records, events, attested: Some(attested) })
    }

    fn sign(&self, payload: &Value) -> Result<String> {
        let payload = canonical::to_vec(payload).map_err(Error::internal)?;
        Ok(EnvelopeBuf::sign(Typ::Export, &payload, &self.key)?.compact())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(name: &str) -> &'static str {
        let lines = include_str!("../../../fixtures/vectors/bytes.txt").lines();
        lines.filter_map(|line| line.split_once(" = ")).find(|(own, _)| *own == name).unwrap().1
    }

    #[test]
    fn lines_are_signed_as_the_page_has_them() {
        let seed: Vec<u8> = (0..32).collect();
        let key = SigningKey::from_seed(seed.as_slice().try_into().unwrap()).unwrap();
        let first: Line = serde_json::from_str(example("export.first_line")).unwrap();
        let mut attest = Attest::begin(key, &first).unwrap();
        let record: Line = serde_json::from_str(example("export.record_line")).unwrap();
        let Line::Record(signed) = attest.line(record).unwrap() else { panic!("no record line") };
        assert_eq!(signed.attested.as_deref(), Some(example("export.record_attested")));
        assert_eq!(attest.chain.0.hex(), example("export.chain"));
        let Line::End { attested, .. } = attest.end(1, 0).unwrap() else { panic!("no last line") };
        assert_eq!(attested.as_deref(), Some(example("export.end_attested")));
    }
}
