//! The operator's log: what happens to this process and its logs, one line each, under the target `operator`.
//!
//! A line is a word from the list below and `name=value` pairs, so that a program can read it. Who is named is a client
//! or an account by its id, never a person; the writer of lines (`cli/journal.rs`) puts the time before each and
//! withholds one that holds a person's number all the same.
//!
//! | word | when |
//! |---|---|
//! | `start`, `stopping`, `stop` | a process serves, was told to end, has ended |
//! | `log-taken` | a log was claimed, at the start or after it was lost |
//! | `checkpoint` | the size of a log that has grown: once a minute, and at the end |
//! | `account-ended` | an operator ended the account of a clerk |
//! | `logs-accepted` | an operator took the logs as they are, for a node whose file `anchors` was lost |
//! | `slow-commit` | a commit of access entries took longer than [`SLOW`] |
//! | `clock-behind`, `clock-right` | the clock against the newest leaf of the logs |
//! | `source-silent` | a department's system gave no answer, and why |
//! | `source-paused`, `source-back` | a department's system failed again and again and is left alone; it answers again |
//! | `alarm` | somebody does what nobody with an honest purpose does |
//!
//! Refused requests stand in the request lines (target `access`, level `warn`).

use std::fmt::Display;
use std::time::Duration;

/// The target of these lines.
const TARGET: &str = "operator";

/// A commit that takes longer than this is told.
pub const SLOW: Duration = Duration::from_millis(200);

/// A process begins to serve.
pub fn started(node: &str, database: &str, doors: &str) {
    let version = env!("CARGO_PKG_VERSION");
    log::info!(target: TARGET, "start version={version} node={node} database={database} doors={doors}");
}

/// A process was told to end and finishes what has begun.
pub fn stopping() {
    log::info!(target: TARGET, "stopping");
}

/// A process has finished, and given its log back.
pub fn stopped(node: &str) {
    log::info!(target: TARGET, "stop node={node}");
}

/// This process owns a log from now on.
pub fn log_taken(log: &str) {
    log::info!(target: TARGET, "log-taken log={log}");
}

/// An operator took the present logs for the confirmed ones: of this node, or of `all` on SQLite.
pub fn logs_accepted(node: &str, by: &str) {
    log::warn!(target: TARGET, "logs-accepted node={node} by={by:?}");
}

/// An operator ended an account.
pub fn account_ended(name: &str, by: &str) {
    log::warn!(target: TARGET, "account-ended name={name:?} by={by:?}");
}

/// A log has grown to this size.
pub fn checkpoint(log: &str, size: u64) {
    log::info!(target: TARGET, "checkpoint log={log} size={size}");
}

/// A commit of access entries that took long.
pub fn slow_commit(log: &str, entries: usize, took: Duration) {
    log::warn!(target: TARGET, "slow-commit log={log} entries={entries} ms={}", took.as_millis());
}

/// The clock is this many seconds behind the newest leaf of the logs.
pub fn clock_behind(seconds: i64) {
    log::warn!(
        target: TARGET,
        "clock-behind seconds={seconds}: the clock is {seconds} s behind the newest leaf of the logs. New entries have the \
         time of that leaf until then. Look at the clock of this machine, and at those of others that wrote here"
    );
}

/// It is behind no longer.
pub fn clock_right() {
    log::warn!(target: TARGET, "clock-right");
}

/// The system of an agency gave no answer: `fault` is the closed word for why.
pub fn source_silent(agency: &str, fault: &str) {
    log::warn!(target: TARGET, "source-silent agency={agency} fault={fault}");
}

/// The system of an agency is left alone for a while.
pub fn source_paused(agency: &str) {
    log::warn!(target: TARGET, "source-paused agency={agency}");
}

/// It answers again.
pub fn source_back(agency: &str) {
    log::warn!(target: TARGET, "source-back agency={agency}");
}

/// Somebody does what nobody with an honest purpose does: `kind` is the alarm's closed word, `who` the label of the actor
/// (`client:<id>`, `account:<name>`, `operator:<name>`), `count` how many tries it rests on.
pub fn alarm(kind: &str, who: &str, count: u64, done: impl Display) {
    log::warn!(target: TARGET, "alarm kind={kind} who={who} count={count} done={done}");
}
