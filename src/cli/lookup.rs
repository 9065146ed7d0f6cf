//! `elicense lookup`: one holder's records, by a number from standard input or a prompt.

use serde_json::{Value, json};

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::{Error, Result};
use crate::registry::Ask;

/// Arguments of `lookup`.
#[derive(clap::Args)]
pub struct Args {
    /// Holder code type: 111 citizen ID number, 001 credit code, …
    #[arg(long = "type", default_value = "111")]
    code_type: String,
    /// Certificate types, by code or short name; all by default.
    #[arg(long = "certificate")]
    types: Vec<String>,
    /// The item (事项) it is for.
    #[arg(long)]
    item: String,
    /// The reason in words.
    #[arg(long)]
    reason: String,
    /// The case number.
    #[arg(long)]
    case: Option<String>,
    /// With inclusion proofs of the records' leaves.
    #[arg(long)]
    proofs: bool,
}

/// Looks the holder up; the access is logged before anything is printed.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let code = input::line("Number: ", false)?;
    let mut ask = json!({
        "holder": {"type": args.code_type, "code": code},
        "purpose": {"item": args.item, "reason": args.reason, "case": args.case},
        "proofs": args.proofs,
    });
    if let (Value::Object(members), false) = (&mut ask, args.types.is_empty()) {
        members.insert("types".to_owned(), json!(args.types));
    }
    let ask: Ask = input::json(&ask.to_string(), "lookup")?;
    let registry = globals.open_with_access()?;
    let answered = {
        let prepared = registry.prepare_lookup(&ask)?;
        super::serve::runtime()?.block_on(registry.lookup(&globals.actor(), prepared))
    };
    registry.stop_access();
    let answered = answered?;
    if globals.json {
        output.raw(&answered.body);
        return Ok(0);
    }
    let value: Value = serde_json::from_slice(&answered.body).map_err(Error::internal)?;
    output.say(&text(&value), &value);
    Ok(0)
}

fn text(answer: &Value) -> String {
    let at = |path: &str| answer.pointer(path).unwrap_or(&Value::Null);
    let mut lines = Vec::new();
    let word = |value: &Value| value.as_str().unwrap_or("–").to_owned();
    lines.push(format!("Holder {} {}", word(at("/holder/code_type")), word(at("/holder/masked"))));
    for record in at("/records").as_array().into_iter().flatten() {
        let reasons: Vec<String> = record
            .get("reasons")
            .unwrap_or(&Value::Null)
            .as_array()
            .into_iter()
            .flatten()
            .map(word)
            .collect();
        lines.push(format!(
            "  {:<14} {:<12} {}  {}",
            word(record.get("name_zh").unwrap_or(&Value::Null)),
            word(record.get("verdict").unwrap_or(&Value::Null)),
            word(record.get("identifier").unwrap_or(&Value::Null)),
            reasons.join(" ")
        ));
    }
    for absent in at("/absent").as_array().into_iter().flatten() {
        lines.push(format!("  {}", word(absent.get("text").unwrap_or(&Value::Null))));
    }
    lines.push(format!("Receipt {} #{}", word(at("/receipt/log")), at("/receipt/index")));
    lines.join("\n")
}
