//! `elicense check-config`: says each thing that would stop or spoil `serve` with the same options, and
//! serves nothing.

use serde_json::{Value, json};

use super::output::Output;
use super::place::{Globals, read_master};
use super::serve::{self, Args};
use crate::error::{Code, Error, Result};
use crate::registry::Registry;
use crate::rule::Rule;
use crate::serve::check::{self, Need};

/// Exit code 0: it would start and nothing is wrong; 1: something is, and each such thing was told.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let mut checked = match serve::config(args) {
        Ok(config) => check::doors(&config),
        Err(error) => vec![Need::new("doors", Err(error))],
    };
    match globals.place() {
        Ok(place) => checked.extend(check::machine(&place.dir)),
        Err(error) => checked.push(Need::new("database", Err(error))),
    }
    checked.push(Need::new("master key", master_key(globals)));
    checked.extend(registry(globals, &args.node));
    let wrong = checked.iter().filter(|one| one.found.is_err()).count();
    let ends = match wrong {
        0 => "serve would start.".to_owned(),
        1 => "1 thing is wrong: mend it before serve runs.".to_owned(),
        _ => format!("{wrong} things are wrong: mend them before serve runs."),
    };
    let lines: Vec<String> = checked.iter().map(line).chain([ends]).collect();
    output.say(
        &lines.join("\n"),
        &json!({"ok": wrong == 0, "checks": checked.iter().map(value).collect::<Vec<_>>()}),
    );
    Ok(u8::from(wrong > 0))
}

fn master_key(globals: &Globals) -> Result<String> {
    let file = globals.master_key_file();
    read_master(&file, Some(&globals.place()?.dir))?;
    Ok(file.display().to_string())
}

/// The database, its schema, whether the key is its own, whether its logs go on from what was confirmed; then the node
/// and the clock. The later ones cannot be known where the database does not open.
fn registry(globals: &Globals, node: &str) -> Vec<Need> {
    let registry = match globals.existing().and_then(Registry::open) {
        Ok(registry) => registry,
        Err(error) => return vec![Need::new("database", Err(error))],
    };
    let kind = if registry.store().url().is_postgres() { "PostgreSQL" } else { "SQLite" };
    vec![
        Need::new("database", Ok(format!("{kind}, of this program's schema"))),
        Need::new("node", registry.known_node(node).map(|()| node.to_owned())),
        Need::new("clock", clock(&registry)),
    ]
}

fn clock(registry: &Registry) -> Result<String> {
    match registry.clock_behind() {
        None => Ok(registry.now().to_string()),
        Some(behind) => {
            let detail = format!("{behind} s behind the newest leaf of the logs");
            Err(Error::new(Code::ConfigInvalid, detail).rule(Rule::ClockBehind))
        }
    }
}

fn line(checked: &Need) -> String {
    let name = checked.name;
    match &checked.found {
        Ok(found) => format!("ok     {name}: {found}"),
        Err(error) => {
            let mut told = format!("WRONG  {name}: {error}");
            if error.source.is_some() {
                told.push_str(&format!("\n       cause: {}", crate::http::problem::cause(error)));
            }
            if let Some(rule) = error.rule {
                told.push_str(&format!("\n       {}\n       {}", rule.zh(), rule.en()));
            }
            told + "\n       hint: " + error.code.command_hint()
        }
    }
}

fn value(checked: &Need) -> Value {
    match &checked.found {
        Ok(found) => json!({"name": checked.name, "ok": true, "found": found}),
        Err(error) => json!({
            "name": checked.name, "ok": false, "code": error.code.wire(), "detail": error.detail, "rule": error.rule,
            "rule_zh": error.rule.map(Rule::zh), "rule_en": error.rule.map(Rule::en), "hint": error.code.command_hint(),
        }),
    }
}
