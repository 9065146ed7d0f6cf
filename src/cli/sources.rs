//! `elicense sources`: which agency's system answers for a department that items name.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use super::output::{Output, table};
use super::place::Globals;
use crate::catalog::SourceSystem;
use crate::error::{Code, Error, Result};
use crate::registry::Registry;
use crate::rule::Rule;

/// The subcommand.
#[derive(Subcommand)]
pub enum SourceCommand {
    /// Add a system, or put another in the place of that of the same department and agency, as a signed public event. Its
    /// agency's registered keys sign its answers (elicense keys register).
    Add {
        /// The department, as items name it: 人力资源和社会保障局.
        department: String,
        /// Credit code of the agency whose system answers, for its region and everything below.
        agency: String,
        /// Where questions are posted: https, or http on this machine.
        url: String,
        /// Its name as people at the window read it; the agency's name where nothing is said.
        #[arg(long)]
        name: Option<String>,
        /// Milliseconds within which it answers.
        #[arg(long, default_value_t = 1_500)]
        timeout: u32,
        /// PEM file with the certificates by which its TLS is trusted; no other is trusted.
        #[arg(long, value_name = "FILE")]
        trust: Option<PathBuf>,
        /// Why questions may cross the network without TLS: what encrypts or closes it instead.
        #[arg(long, value_name = "WHY")]
        plain_network: Option<String>,
        /// A question whose answer is for the case that asked, and for no other: 有无犯罪记录. Can be said again.
        #[arg(long, value_name = "QUESTION")]
        case_only: Vec<String>,
    },
    /// List the systems that are asked; with --all also those that have ended.
    List {
        /// Ended ones too.
        #[arg(long)]
        all: bool,
    },
    /// Ask a system whether somebody is there, who signs for it, and what its clock says. It is told of nobody.
    Check {
        /// The department, as items name it.
        department: String,
        /// Credit code of the agency.
        agency: String,
    },
    /// Ask nobody there any more, as a signed public event.
    End {
        /// The department, as items name it.
        department: String,
        /// Credit code of the agency.
        agency: String,
        /// Why.
        #[arg(long)]
        why: String,
    },
}

/// Carries the command out. Exit code 3: a checked system gives no answer.
pub fn run(globals: &Globals, command: SourceCommand, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    match command {
        SourceCommand::Add { department, agency, url, name, timeout, trust, plain_network, case_only } => {
            let name = name.unwrap_or_else(|| agency_name(&registry, &agency));
            let roots = trust.map(|file| roots(&file)).transpose()?.unwrap_or_default();
            let source = SourceSystem {
                agency,
                case_only,
                department,
                ended: None,
                name,
                plain_network,
                roots,
                since: registry.now(),
                timeout_ms: timeout,
                url,
            };
            registry.put_source(&globals.name, &source)?;
            output.say(&format!("{}：{}", source.department, source.name), &source);
        }
        SourceCommand::List { all } => {
            let (snapshot, now) = (registry.snapshot(), registry.now());
            let listed: Vec<&SourceSystem> =
                snapshot.sources.iter().map(|one| &**one).filter(|one| all || one.in_force(now)).collect();
            let lines: Vec<[String; 5]> = listed.iter().map(|one| line(one)).collect();
            output.say(&table("", &lines).join("\n"), &json!(listed));
        }
        SourceCommand::Check { department, agency } => {
            return Ok(match registry.check_source(&department, &agency)? {
                Ok(at) => {
                    let text = format!("{department}：有答复，其时钟为 {} UTC+8", at.legal_text());
                    output.say(&text, &json!({"answers": true, "at": at}));
                    0
                }
                Err(fault) => {
                    let text = format!("{department}：{}", fault.zh());
                    output.say(&text, &json!({"answers": false, "fault": fault, "fault_zh": fault.zh()}));
                    3
                }
            });
        }
        SourceCommand::End { department, agency, why } => {
            registry.end_source(&globals.name, &department, &agency, &why)?;
            let text = format!("{department} {agency}：不再询问");
            output.say(&text, &json!({"department": department, "agency": agency}));
        }
    }
    Ok(0)
}

fn agency_name(registry: &Registry, code: &str) -> String {
    let snapshot = registry.snapshot();
    let agency = snapshot.catalog.issuers().agencies().latest(code);
    agency.map(|agency| agency.name.clone()).unwrap_or_else(|| code.to_owned())
}

/// The certificates of a PEM file, DER in base64.
fn roots(file: &PathBuf) -> Result<Vec<String>> {
    let refused = |fault: rustls::pki_types::pem::Error| {
        let detail = format!("{} is no PEM file of certificates", file.display());
        Error::new(Code::FieldInvalid, detail).at("trust").rule(Rule::SourceRoots).caused_by(fault)
    };
    let all = CertificateDer::pem_file_iter(file).map_err(refused)?;
    all.map(|one| Ok(STANDARD.encode(one.map_err(refused)?))).collect()
}

fn line(source: &SourceSystem) -> [String; 5] {
    let ended = source.ended.map(|at| format!("止于 {} UTC+8", at.legal_text())).unwrap_or_default();
    [
        source.department.clone(),
        source.name.clone(),
        source.agency.clone(),
        source.url.clone(),
        format!("{} 毫秒 {ended}", source.timeout_ms).trim_end().to_owned(),
    ]
}
