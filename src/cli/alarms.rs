//! `elicense alarms`: actors that were stopped because they seemed to try numbers out, and looks at people whom an actor
//! should not look at alone.

use std::collections::BTreeSet;

use clap::Subcommand;
use serde_json::json;

use super::input::usage;
use super::output::{Output, counted, table};
use super::place::Globals;
use crate::clock::Moment;
use crate::error::Result;
use crate::policy::Actor;
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
        /// As the list names it: client:… or account:…; the name alone where only one of that name is stopped.
        actor: String,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, args: Alarms, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    if let Some(Command::Lift { actor }) = args.command {
        let actor = stopped(&registry.alarms()?, &actor, registry.now())?;
        registry.lift_alarms(&globals.name, &actor)?;
        output.say(&format!("{actor}: the stop is lifted."), &json!({"actor": actor, "done": "lifted"}));
        return Ok(0);
    }
    let (alarms, now) = (registry.alarms()?, registry.now());
    let lines: Vec<[String; 5]> = alarms.iter().map(|alarm| line(alarm, now)).collect();
    let values: Vec<_> = alarms.iter().map(value).collect();
    let text = if lines.is_empty() { "No alarms.".to_owned() } else { table("", &lines).join("\n") };
    output.say(&text, &json!(values));
    Ok(0)
}

/// The actor meant by a name without its kind: the one that is stopped.
fn stopped(alarms: &[Alarm], named: &str, now: Moment) -> Result<String> {
    if Actor::has_budget(named) {
        return Ok(named.to_owned());
    }
    let stands = alarms.iter().filter(|alarm| alarm.lifted.is_none() && alarm.until > now);
    let names = stands.map(|alarm| &*alarm.actor);
    let meant: BTreeSet<&str> =
        names.filter(|actor| actor.split_once(':').is_some_and(|(_, name)| name == named)).collect();
    let mut meant = meant.into_iter();
    match (meant.next(), meant.next()) {
        (Some(actor), None) => Ok(actor.to_owned()),
        (Some(one), Some(other)) => Err(usage("actor", format!("say which: {one} or {other}"))),
        // The registry's own refusal says where to look.
        (None, _) => Ok(named.to_owned()),
    }
}

fn line(alarm: &Alarm, now: Moment) -> [String; 5] {
    let Alarm { actor, at, kind, tries, until, lifted } = alarm;
    let state = match lifted {
        Some((at, by)) => format!("lifted {} UTC+8 by {by}", at.legal_text()),
        None if !kind.stops() => "told".to_owned(),
        None if *until > now => format!("stopped until {} UTC+8", until.legal_text()),
        None => "ended".to_owned(),
    };
    let at = format!("{} UTC+8", at.legal_text());
    [
        at,
        actor.to_string(),
        format!("{} ({})", kind.wire(), kind.zh()),
        counted(*tries, if kind.stops() { "number" } else { "look" }),
        state,
    ]
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
