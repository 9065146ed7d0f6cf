//! `elicense alarms`: actors that were stopped because they seemed to try numbers out.

use clap::Subcommand;
use serde_json::json;

use super::output::Output;
use super::place::Globals;
use crate::clock::Moment;
use crate::error::Result;
use crate::store::Alarm;

/// Lists the alarms of the last 90 days where no more is said.
#[derive(clap::Args)]
pub struct Alarms {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// End the stop of an actor; for the rest of the day it may ask for people who are unknown here.
    Lift {
        /// As the list names it: client:… or account:….
        actor: String,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, args: Alarms, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    if let Some(Command::Lift { actor }) = args.command {
        registry.lift_alarms(&globals.name, &actor)?;
        output.say(&format!("{actor}: the stop is lifted."), &json!({"actor": actor, "done": "lifted"}));
        return Ok(0);
    }
    let (alarms, now) = (registry.alarms()?, registry.now());
    let lines: Vec<String> = alarms.iter().map(|alarm| line(alarm, now)).collect();
    let values: Vec<_> = alarms.iter().map(value).collect();
    let text = if lines.is_empty() { "No alarms.".to_owned() } else { lines.join("\n") };
    output.say(&text, &json!(values));
    Ok(0)
}

fn line(alarm: &Alarm, now: Moment) -> String {
    let Alarm { actor, at, kind, tries, until, lifted } = alarm;
    let state = match lifted {
        Some((at, by)) => format!("lifted {} by {by}", at.legal_text()),
        None if *until > now => format!("stopped until {}", until.legal_text()),
        None => "ended".to_owned(),
    };
    format!("{}  {actor}  {} ({})  {tries} numbers  {state}", at.legal_text(), kind.wire(), kind.zh())
}

fn value(alarm: &Alarm) -> serde_json::Value {
    let (lifted_at, lifted_by) = match &alarm.lifted {
        Some((at, by)) => (Some(at.to_string()), Some(by)),
        None => (None, None),
    };
    json!({
        "at": alarm.at.to_string(), "actor": alarm.actor, "kind": alarm.kind.wire(), "count": alarm.tries,
        "until": alarm.until.to_string(), "lifted_at": lifted_at, "lifted_by": lifted_by,
    })
}
