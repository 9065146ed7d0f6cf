//! Behaviour of the holder codes: published vectors, typed texts, the guarantees of the check characters.

mod edges;
mod properties;
mod regions;
mod scan;
mod vectors;

use super::*;

/// The demo's regions over the builtin ones.
fn demo() -> Regions {
    Regions::with(include_str!("../../fixtures/regions.demo.tsv")).unwrap()
}

fn accepted(code_type: CodeType, text: &str) -> Parsed {
    HolderCode::parse(code_type, text).unwrap_or_else(|fault| panic!("{text}: {fault}"))
}

fn refused(code_type: CodeType, text: &str) -> CodeRule {
    match HolderCode::parse(code_type, text) {
        Ok(_) => panic!("{text} was accepted as {code_type}"),
        Err(fault) => fault.rule,
    }
}

fn wires(remarks: &[Remark]) -> Vec<&'static str> {
    remarks.iter().map(Remark::wire).collect()
}
