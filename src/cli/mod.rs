//! The command line: one file a command. The only reader of environment, arguments and standard input.
//!
//! Exit codes: 0 done, 1 the answer is no (verify: invalid), 2 usage or refused, 3 undetermined or failed.
//! `--json` prints one JSON value on standard output. Everything meant for people goes to standard error, or
//! is the same answer as text. A holder's number comes from standard input or a prompt, never from an
//! argument.

mod accesses;
mod accounts;
mod act;
mod agencies;
mod alarms;
mod apply;
mod authorities;
mod backup;
#[cfg(feature = "bench-routes")]
mod bench_fill;
#[cfg(feature = "bench-routes")]
mod bench_rows;
mod bundles;
mod check_config;
mod clients;
mod coverage;
pub mod demo;
mod export;
mod fsck;
mod holder;
mod import;
mod init;
mod input;
mod issue;
mod items;
mod journal;
mod keys;
mod log;
mod lookup;
mod migrate;
mod openapi;
mod output;
mod place;
mod proposals;
mod protected;
mod sample;
mod serve;
mod simulate_department;
mod sources;
mod types;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Result;
use output::Output;
use place::Globals;

/// An e-license registry: certificates bound to ID numbers and organisation codes, signed, sealed, looked up.
#[derive(Parser)]
#[command(name = "elicense", version, about, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fill a directory with synthetic data and serve it: the tour.
    Demo(demo::command::Args),
    /// Make a registry: databases, keys, logs, the built-in types.
    Init(init::Args),
    /// Serve the API and the pages.
    Serve(serve::Args),
    /// Say each thing that would stop `serve` with the same options; it serves nothing.
    CheckConfig(serve::Args),
    /// Bring the database to this program's schema, and its sealed rows to the layout of today.
    Migrate,
    /// Agencies and their authority.
    #[command(subcommand)]
    Agencies(agencies::Command),
    /// Signing keys of agencies.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Bundles (一件事): several items with one list of questions and one of materials.
    #[command(subcommand)]
    Bundles(bundles::BundleCommand),
    /// Items (事项): what a public service asks for, and by which ways.
    #[command(subcommand)]
    Items(items::ItemCommand),
    /// Systems of departments that answer questions about a party.
    #[command(subcommand)]
    Sources(sources::SourceCommand),
    /// Certificate types.
    #[command(subcommand)]
    Types(types::Command),
    /// Coverage statements: what the stock here contains.
    #[command(subcommand)]
    Coverage(coverage::Command),
    /// Clients of the API.
    #[command(subcommand)]
    Clients(clients::Command),
    /// Accounts of window staff.
    #[command(subcommand)]
    Accounts(accounts::Command),
    /// Holders whom staff do not look up unseen.
    #[command(subcommand)]
    Protected(protected::ProtectedCommand),
    /// Actors that were stopped because they seemed to try numbers out; looks at protected holders, own person and kin.
    Alarms(alarms::Alarms),
    /// Issue records from drafts or envelopes (JSON lines).
    Issue(issue::Args),
    /// Every material of an item, answered for everybody in a case. Standard input has a party a line: the code of its role
    /// (代码 in the item), the code type, the number, and its name if the case gives one.
    Apply(apply::ApplyArgs),
    /// Look a holder up by number.
    Lookup(lookup::Args),
    /// Who looked at a holder's records, by number from standard input.
    Accesses(accesses::AccessesArgs),
    /// Ends of records that rules proposed to their issuers, still open.
    Proposals(proposals::Proposals),
    /// Act on records: extend, change, correct, suspend, revoke, … (JSON lines).
    Act(act::Args),
    /// Verify an envelope, an identifier with face values, or a receipt.
    Verify(verify::Args),
    /// Marks and links of holders, directory entries.
    #[command(subcommand)]
    Holder(holder::Command),
    /// Import a file of records: JSON lines or CSV.
    Import(import::Args),
    /// Export records with envelopes, events and proofs.
    Export(export::Args),
    /// Serve a simulated department on this machine: it answers questions from a file, and fails as it is told.
    SimulateDepartment(simulate_department::SimulateArgs),
    /// Derive everything anew from stored bytes and say where it is wrong.
    Fsck(fsck::Args),
    /// Copy the registry, also while it serves.
    Backup(backup::BackupArgs),
    /// Verify a backup and put it in place.
    Restore(backup::RestoreArgs),
    /// The transparency logs.
    #[command(subcommand)]
    Log(log::Command),
    /// Print the OpenAPI document.
    Openapi,
    /// Write a stock to measure on; numbers from standard input.
    #[cfg(feature = "bench-routes")]
    #[command(hide = true)]
    BenchFill(bench_fill::Args),
    /// Print synthetic rows to import.
    #[cfg(feature = "bench-routes")]
    #[command(hide = true)]
    BenchRows(bench_rows::Args),
}

/// Runs the command of the process's arguments.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // clap's own text and code: 0 for help and version, 2 for usage.
        Err(error) => {
            let _closed_pipe = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    journal::begin(match &cli.command {
        Command::Serve(_) => journal::SERVING,
        _ => journal::COMMAND,
    });
    let output = Output::new(cli.globals.json);
    match dispatch(&cli.globals, cli.command, &output) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    match command {
        Command::Demo(args) => demo::command::run(globals, &args, output),
        Command::Init(args) => init::run(globals, &args, output),
        Command::Serve(args) => serve::run(globals, &args, output),
        Command::CheckConfig(args) => check_config::run(globals, &args, output),
        Command::Migrate => migrate::run(globals, output),
        Command::Agencies(command) => agencies::run(globals, command, output),
        Command::Keys(command) => keys::run(globals, command, output),
        Command::Bundles(command) => bundles::run(globals, command, output),
        Command::Items(command) => items::run(globals, command, output),
        Command::Sources(command) => sources::run(globals, command, output),
        Command::Types(command) => types::run(globals, command, output),
        Command::Coverage(command) => coverage::run(globals, &command, output),
        Command::Clients(command) => clients::run(globals, command, output),
        Command::Accounts(command) => accounts::run(globals, command, output),
        Command::Protected(command) => protected::run(globals, command, output),
        Command::Alarms(args) => alarms::run(globals, args, output),
        Command::Issue(args) => issue::run(globals, &args, output),
        Command::Apply(args) => apply::run(globals, &args, output),
        Command::Lookup(args) => lookup::run(globals, &args, output),
        Command::Accesses(args) => accesses::run(globals, &args, output),
        Command::Proposals(args) => proposals::run(globals, &args, output),
        Command::Act(args) => act::run(globals, &args, output),
        Command::Verify(args) => verify::run(globals, &args, output),
        Command::Holder(command) => holder::run(globals, &command, output),
        Command::Import(args) => import::run(globals, &args, output),
        Command::Export(args) => export::run(globals, &args, output),
        Command::SimulateDepartment(args) => simulate_department::run(&args, output),
        Command::Fsck(args) => fsck::run(globals, &args, output),
        Command::Backup(args) => backup::backup(globals, &args, output),
        Command::Restore(args) => backup::restore(globals, &args, output),
        Command::Log(command) => log::run(globals, command, output),
        Command::Openapi => openapi::run(output),
        #[cfg(feature = "bench-routes")]
        Command::BenchFill(args) => bench_fill::run(globals, &args, output),
        #[cfg(feature = "bench-routes")]
        Command::BenchRows(args) => bench_rows::run(&args, output),
    }
}
