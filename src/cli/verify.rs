//! `elicense verify`: an envelope, an identifier with face values, or a receipt. Exit code 0 valid, 1 invalid,
//! 3 undetermined.

use std::path::PathBuf;

use serde_json::{Map, Value};

use super::input;
use super::output::Output;
use super::place::Globals;
use crate::error::Result;
use crate::record::Verdict;
use crate::registry::{Purpose, VerifyAsk};

/// Arguments of `verify`.
#[derive(clap::Args)]
pub struct Args {
    /// A compact JWS, a receipt, or {"identifier", "face": {…}}; `-` for standard input.
    file: PathBuf,
    /// The item (事项) it is for: needed where the answer tells something of a record kept here.
    #[arg(long)]
    item: Option<String>,
    /// The article of law that allows work at no item (item audit, court or correction).
    #[arg(long)]
    article: Option<String>,
    /// The reason in words.
    #[arg(long)]
    reason: Option<String>,
}

/// Verifies; if the answer tells something about a record kept here, the access is logged before the answer
/// is printed.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let text = input::text(&args.file)?;
    let text = text.trim();
    let mut ask = match text.starts_with('{') {
        false => VerifyAsk { envelope: Some(text.to_owned()), ..VerifyAsk::default() },
        true => match input::json::<Map<String, Value>>(text, "document")? {
            receipt if receipt.get("checkpoint").is_some() => {
                VerifyAsk { receipt: Some(receipt), ..VerifyAsk::default() }
            }
            _ => input::json(text, "document")?,
        },
    };
    if let (Some(item), Some(reason)) = (&args.item, &args.reason) {
        ask.purpose = Some(Purpose { article: args.article.clone(), ..Purpose::new(item, reason) });
    }
    let registry = globals.open_with_access()?;
    let verified = super::serve::runtime()?.block_on(registry.verify(Some(&globals.actor()), &ask));
    registry.stop_access();
    let verified = verified?;
    let reasons: Vec<&str> = verified.reasons.iter().map(|reason| reason.wire()).collect();
    output.say(&format!("{}  {}", verified.verdict.wire(), reasons.join(" ")), &verified);
    Ok(match verified.verdict {
        Verdict::Valid => 0,
        Verdict::Invalid => 1,
        Verdict::Undetermined => 3,
    })
}
