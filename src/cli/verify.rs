//! `elicense verify`: an envelope, an identifier with face values, or a receipt. Exit code 0 valid, 1 invalid,
//! 3 undetermined.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::Result;
use crate::record::Verdict;
use crate::registry::VerifyAsk;

/// Arguments of `verify`.
#[derive(clap::Args)]
pub struct Args {
    /// A compact JWS, a receipt, or {"identifier", "face": {…}}; `-` for standard input.
    file: PathBuf,
    /// The item (事项) it is for: needed where the answer tells something of a record kept here.
    #[arg(long)]
    item: Option<String>,
    /// The reason in words.
    #[arg(long)]
    reason: Option<String>,
}

/// Verifies; what tells something of a record kept here is logged before it is printed.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let text = input::text(&args.file)?;
    let text = text.trim();
    let mut ask: Value = match text.starts_with('{') {
        false => json!({ "envelope": text }),
        true => match input::json::<Value>(text, "document")? {
            receipt if receipt.get("checkpoint").is_some() => json!({ "receipt": receipt }),
            other => other,
        },
    };
    if let (Some(item), Some(reason), Value::Object(members)) = (&args.item, &args.reason, &mut ask) {
        members.insert("purpose".to_owned(), json!({"item": item, "reason": reason}));
    }
    let ask: VerifyAsk = input::json(&ask.to_string(), "document")?;
    let registry = globals.open_with_access()?;
    let verified = super::serve::runtime()?.block_on(registry.verify(Some(&globals.actor()), &ask));
    registry.stop_access();
    let verified = verified?;
    let reasons = verified
        .body
        .get("reasons")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let text = format!("{}  {}", verified.verdict.wire(), reasons.collect::<Vec<_>>().join(" "));
    output.say(&text, &verified.body);
    Ok(match verified.verdict {
        Verdict::Valid => 0,
        Verdict::Invalid => 1,
        Verdict::Undetermined => 3,
    })
}
