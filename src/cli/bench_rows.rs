//! `elicense bench-rows`: rows to measure an import with. Compiled with the feature `bench-routes` only.
//!
//! All rows are synthetic (region prefix 19). `--offices` prints the agencies that issue them, for `agencies
//! add -`. `--sign` measures the signing rate of one core, the reference figure for an import.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::json;

use super::demo::agencies::Offices;
use super::demo::people::bulk_from;
use super::output::Output;
use crate::error::{Code, Error, Result};
use crate::trust::SigningKey;

/// The keys of the agencies that issue the rows, as the demo's data file names them.
const ISSUERS: [&str; 4] = ["police", "hrss", "driver", "planning"];

/// Arguments of `bench-rows`.
#[derive(clap::Args)]
pub struct Args {
    /// The agencies and types that the rows are drawn from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many rows; six a holder.
    #[arg(long, default_value_t = 1_000_000)]
    rows: usize,
    /// The first holder, from 0: two files with other holders share no number.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// Print the issuing agencies as JSON instead.
    #[arg(long)]
    offices: bool,
    /// Sign messages of this many bytes on one core for two seconds instead, and print the rate.
    #[arg(long, value_name = "BYTES")]
    sign: Option<usize>,
}

/// Prints the rows, the agencies or the signing rate.
pub fn run(args: &Args, output: &Output) -> Result<u8> {
    if args.offices {
        let offices = Offices::read();
        let wanted = |code: &String| ISSUERS.iter().any(|key| offices.code(key) == code.as_str());
        let agencies: Vec<_> = offices.agencies().into_iter().filter(|one| wanted(&one.code)).collect();
        output.raw(&serde_json::to_vec(&agencies).map_err(Error::internal)?);
        return Ok(0);
    }
    if let Some(bytes) = args.sign {
        let rate = signing_rate(bytes)?;
        output.say(&format!("{rate:.0} signatures/s"), &json!({ "rate": rate }));
        return Ok(0);
    }
    let mut out = std::io::BufWriter::with_capacity(1 << 20, std::io::stdout().lock());
    let closed = |error| Error::new(Code::ConfigInvalid, "the rows cannot be written").caused_by(error);
    let holders = u64::try_from(args.rows.div_ceil(6)).map_err(Error::internal)?;
    let drafts = bulk_from(args.seed, args.first, args.first + holders).flat_map(|holder| holder.drafts);
    for draft in drafts.take(args.rows) {
        serde_json::to_writer(&mut out, &draft).map_err(Error::internal)?;
        out.write_all(b"\n").map_err(closed)?;
    }
    out.flush().map_err(closed)?;
    Ok(0)
}

/// Signatures a second over messages of that length; the key and nothing else.
fn signing_rate(bytes: usize) -> Result<f64> {
    let key = SigningKey::generate().map_err(Error::internal)?;
    let mut message = vec![0x5a; bytes];
    let (begun, mut signed) = (Instant::now(), 0_u32);
    while begun.elapsed() < Duration::from_secs(2) {
        for _ in 0..100 {
            // Each message follows from the signature before it, so that every signature is needed.
            let signature = key.sign(&message);
            message.iter_mut().zip(signature).for_each(|(place, byte)| *place = byte);
        }
        signed += 100;
    }
    Ok(f64::from(signed) / begun.elapsed().as_secs_f64())
}
