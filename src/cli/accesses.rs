//! `elicense accesses`: who looked at a holder's records, by a number from standard input or a prompt. The look is
//! itself an access, which the holder will see.

use serde_json::json;

use super::input;
use super::output::{Output, next_page, table};
use super::place::Globals;
use crate::error::Result;
use crate::registry::{AccessLine, AccessPage, AskedHolder, Viewer};

/// Arguments of `accesses`.
#[derive(clap::Args)]
pub struct AccessesArgs {
    /// Holder code type: 111 citizen ID number, 001 credit code, …
    #[arg(long = "type", default_value = "111")]
    code_type: String,
    /// Why the list is looked at, in words.
    #[arg(long)]
    reason: String,
    /// Lines, at most 100.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// What the page before named as the place of the next one.
    #[arg(long)]
    after: Option<String>,
}

/// Lists the accesses, newest first; its own access is logged before anything is printed.
pub fn run(globals: &Globals, args: &AccessesArgs, output: &Output) -> Result<u8> {
    let holder = AskedHolder { code_type: args.code_type.clone(), code: input::line("Number: ", false)? };
    let registry = globals.open_with_access()?;
    let actor = globals.actor();
    let viewer = Viewer::Office { actor: &actor, reason: &args.reason };
    let page = AccessPage { after: args.after.clone(), limit: args.limit.clamp(1, 100) };
    let listed = super::serve::runtime()?.block_on(registry.accesses_of_holder(viewer, &holder, &page));
    registry.stop_access();
    let listed = listed?;
    let mut lines = table("", &listed.lines.iter().map(line).collect::<Vec<_>>());
    if lines.is_empty() && listed.next.is_none() {
        lines.push("Nobody looked.".to_owned());
    }
    lines.extend(listed.next.as_deref().map(next_page));
    if !listed.complete {
        lines.push("The list is not complete: the follower lags. Ask again in a while.".to_owned());
    }
    output.say(&lines.join("\n"), &json!(listed));
    Ok(0)
}

/// The item, or the bundle with the items of which something was told.
fn what(line: &AccessLine) -> String {
    let name = |name: &Option<String>, code: &Option<String>| name.clone().or_else(|| code.clone());
    let Some(bundle) = name(&line.bundle_name, &line.bundle) else {
        return name(&line.item_name, &line.item).unwrap_or_default();
    };
    let mut items: Vec<&str> = line.items.iter().map(|item| item.name.as_str()).collect();
    items.extend(line.item_name.as_deref());
    if items.is_empty() { bundle } else { format!("{bundle}（{}）", items.join("、")) }
}

/// When, who, what came of it, for which item and case, why.
fn line(line: &AccessLine) -> [String; 6] {
    let at = line.at.map_or_else(|| line.day.to_string(), |at| format!("{} UTC+8", at.legal_text()));
    let word = |text: &Option<String>| text.clone().unwrap_or_default();
    [
        at,
        line.agency_name.clone(),
        line.outcome_zh.to_owned(),
        what(line),
        word(&line.case),
        word(&line.reason),
    ]
}
