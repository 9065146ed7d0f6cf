//! `elicense keys`: signing keys of agencies and of the registry itself, and the master key.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Subcommand;
use serde_json::json;

use super::input::{self, usage};
use super::output::{Output, counted_len};
use super::place::{Globals, create_master, read_master};
use crate::clock::Moment;
use crate::error::Result;
use crate::trust::jwks;

/// The subcommand.
#[derive(Subcommand)]
pub enum Command {
    /// Make a key for an agency; its private half is kept here, wrapped.
    Make {
        /// The agency's credit code; `registry` for a new key of the registry itself, which signs from then on.
        agency: String,
    },
    /// Register the public key of an issuer that signs for itself.
    #[command(disable_help_flag = true)]
    Register {
        /// The agency's credit code.
        agency: String,
        /// 32 bytes, base64url (the `x` of its JWK).
        // One in 64 begins with a hyphen; without `-h` none of them is read as an option.
        #[arg(allow_hyphen_values = true)]
        public: String,
        /// Print help.
        #[arg(long, action = clap::ArgAction::Help)]
        help: Option<bool>,
    },
    /// Revoke a key: records logged before `--since` stay good. Again only with an earlier `--since`.
    #[command(disable_help_flag = true)]
    Revoke {
        /// The thumbprint.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// From when on its signatures count no more; now by default. An instant (2026-11-22T09:30+08:00, fractions as
        /// you like), or a day, which begins at 00:00 Beijing time.
        #[arg(long, value_parser = input::instant)]
        since: Option<Moment>,
        /// Why.
        #[arg(long)]
        why: String,
        /// Print help.
        #[arg(long, action = clap::ArgAction::Help)]
        help: Option<bool>,
    },
    /// Print all public keys as a JWKS.
    List,
    /// Put everything under another master key. No process may serve meanwhile.
    RekeyMaster {
        /// The new key's file, outside the data directory: made where it does not exist, else read.
        new: PathBuf,
    },
}

/// Carries the command out.
pub fn run(globals: &Globals, command: Command, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    match command {
        Command::Make { agency } => {
            let kid = match agency.as_str() {
                "registry" => registry.make_registry_key(&globals.name)?,
                agency => registry.make_key(&globals.name, agency)?,
            };
            output.say(&format!("Key {kid} made."), &json!({ "kid": kid }));
        }
        Command::Register { agency, public, .. } => {
            let bytes =
                URL_SAFE_NO_PAD.decode(&public).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let bytes = bytes.ok_or_else(|| usage("public", "32 bytes in base64url without padding"))?;
            let kid = registry.register_key(&globals.name, &agency, &bytes)?;
            output.say(&format!("Key {kid} registered."), &json!({ "kid": kid }));
        }
        Command::Revoke { kid, since, why, .. } => {
            let since = since.unwrap_or_else(|| registry.now());
            registry.revoke_key(&globals.name, &kid, since, &why)?;
            let text = format!(
                "Key {kid} revoked since {} (Beijing time).\nMarks and links of holders that rest on it stay until an office speaks: `elicense fsck` lists them (UNFOUNDED).",
                since.legal_text()
            );
            output.say(&text, &json!({ "kid": kid, "since": since }));
        }
        Command::RekeyMaster { new } => {
            let dir = globals.place()?.dir;
            // An earlier run may have made this file and stopped there: this run uses it.
            let master = match new.exists() {
                true => read_master(&new, Some(&dir))?,
                false => create_master(&new, Some(&dir))?,
            };
            let done = registry.rekey_master(&globals.name, &master)?;
            let text = format!(
                "Everything is under {} now: {}, {}. The old key opens nothing here any more, but it opens the backups made before.",
                new.display(),
                counted_len(done.signing, "signing key"),
                counted_len(done.data, "data key")
            );
            output.say(&text, &json!({"master_key": new, "signing": done.signing, "data": done.data}));
        }
        Command::List => {
            let set = jwks::jwks(&registry.snapshot().keys);
            output.say(&format!("{set:#}"), &set);
        }
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    #[derive(Parser)]
    struct Keys {
        #[command(subcommand)]
        command: super::Command,
    }

    #[test]
    fn a_thumbprint_or_a_key_that_begins_with_a_hyphen_is_no_option() {
        for text in ["-Qx", "-hx", "-Vx", "--x", "---", "-"] {
            let read = Keys::try_parse_from(["keys", "revoke", text, "--why", "lost"]);
            let read = read.map(|keys| keys.command).map_err(|error| error.to_string());
            assert!(
                matches!(&read, Ok(super::Command::Revoke { kid, .. }) if kid == text),
                "{text}: {:?}",
                read.err()
            );
            let read = Keys::try_parse_from(["keys", "revoke", "--why", "lost", text]);
            assert!(read.is_ok(), "{text}: {:?}", read.err().map(|error| error.to_string()));
            let read = Keys::try_parse_from(["keys", "register", "11190101MD10000500", text]);
            let read = read.map(|keys| keys.command).map_err(|error| error.to_string());
            assert!(
                matches!(&read, Ok(super::Command::Register { public, .. }) if public == text),
                "{text}: {:?}",
                read.err()
            );
        }
        let help = Keys::try_parse_from(["keys", "revoke", "--help"]).map(drop).unwrap_err();
        assert_eq!(help.kind(), clap::error::ErrorKind::DisplayHelp);
    }
}
