//! `elicense bundles`: several items as one thing (一件事), with one list of questions and one of materials.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::input::{self, usage};
use super::output::{Output, table};
use super::place::Globals;
use crate::catalog::Catalog;
use crate::catalog::bundles::{BundleDef, BundleFinding};
use crate::error::{Code, Error, Result};
use crate::registry::{BundleCheck, refused_bundle};
use crate::rule::Rule;

/// The subcommand.
#[derive(Subcommand)]
pub enum BundleCommand {
    /// Load bundle files: new bundles, or the next versions of known ones. Their items must be loaded before.
    Load {
        /// JSON files as in schema/bundles.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// List the bundles, newest versions.
    List,
    /// Print one bundle.
    Show {
        /// 编号, or the name.
        code: String,
        /// That version; the newest if not said.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Check bundle files, or all loaded bundles, beside the newest versions of the items. Nothing is written.
    Check {
        /// JSON files as in schema/bundles; none checks what is loaded.
        files: Vec<PathBuf>,
    },
    /// Write the newest version of every bundle into a folder, a file for each.
    Export {
        /// The folder; it is made if it is missing.
        folder: PathBuf,
    },
}

/// Carries the command out. Exit code 1: a checked bundle is refused.
pub fn run(globals: &Globals, command: BundleCommand, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    let snapshot = registry.snapshot();
    let catalog = &snapshot.catalog;
    match command {
        BundleCommand::Load { files } => {
            let loaded = registry.load_bundles(&globals.name, read(&files)?)?;
            let lines: Vec<String> =
                loaded.iter().map(|(code, version)| format!("{code} version {version}")).collect();
            output.say(&lines.join("\n"), &json!(loaded));
        }
        BundleCommand::List => list(catalog, output),
        BundleCommand::Show { code, version } => {
            let by_name = || catalog.bundles().find(|one| one.name == code).map(|one| one.slug.clone());
            let known = catalog.bundle_versions(&code).next().is_some();
            let code = if known { code } else { by_name().unwrap_or(code) };
            let found = match version {
                Some(version) => catalog.bundle_version(&code, version),
                None => catalog.bundle_versions(&code).next_back(),
            };
            let found =
                found.ok_or_else(|| usage("code", "no bundle of that code or name, in that version"))?;
            let bundle = json!(**found);
            output.say(&format!("{bundle:#}"), &bundle);
        }
        BundleCommand::Check { files } if files.is_empty() => {
            let bundles: Vec<BundleDef> = catalog.bundles().map(|bundle| (**bundle).clone()).collect();
            return Ok(check(&registry.check_bundles(&bundles), &bundles, output));
        }
        BundleCommand::Check { files } => {
            let bundles = read(&files)?;
            return Ok(check(&registry.check_bundles(&bundles), &bundles, output));
        }
        BundleCommand::Export { folder } => {
            let count = export(catalog, &folder).map_err(|error| {
                let detail = format!("{} cannot be written", folder.display());
                Error::new(Code::ConfigInvalid, detail).at("folder").caused_by(error)
            })?;
            output.say(&format!("{count} 个一件事"), &json!({"bundles": count}));
        }
    }
    Ok(0)
}

fn read(files: &[PathBuf]) -> Result<Vec<BundleDef>> {
    let one = |file: &PathBuf| {
        BundleDef::from_json(&input::text(file)?).map_err(|fault| Error {
            field: Some(file.display().to_string().into()),
            ..refused_bundle(&fault)
        })
    };
    files.iter().map(one).collect()
}

fn export(catalog: &Catalog, folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut count = 0;
    for bundle in catalog.bundles() {
        std::fs::write(folder.join(format!("{}.json", bundle.slug)), format!("{:#}\n", json!(**bundle)))?;
        count += 1;
    }
    Ok(count)
}

fn list(catalog: &Catalog, output: &Output) {
    let all: Vec<&BundleDef> = catalog.bundles().map(|bundle| &**bundle).collect();
    let line = |bundle: &&BundleDef| {
        let names = bundle.items.iter().map(|own| {
            let item = catalog.item_versions(&own.code).next_back();
            item.map_or_else(|| own.code.clone(), |item| item.name.clone())
        });
        [
            bundle.slug.clone(),
            format!("v{}", bundle.version),
            bundle.name.clone(),
            bundle.lead.clone(),
            names.collect::<Vec<_>>().join(" → "),
        ]
    };
    let lines: Vec<[String; 5]> = all.iter().map(line).collect();
    output.say(&table("", &lines).join("\n"), &json!(all));
}

/// What the check finds, a bundle after the other. Each finding refuses its bundle.
fn check(checks: &[BundleCheck], bundles: &[BundleDef], output: &Output) -> u8 {
    let (mut lines, mut values, mut refused) = (Vec::new(), Vec::new(), 0_usize);
    for (bundle, check) in bundles.iter().zip(checks) {
        let found = &check.findings;
        let of_findings = |error: &&Error| error.rule != Some(Rule::BundleInconsistent);
        let others: Vec<&Error> = check.refusals.iter().filter(of_findings).collect();
        refused += usize::from(!found.is_empty() || !others.is_empty());
        let summed = match found.len() + others.len() {
            0 => "可以加载".to_owned(),
            bad => format!("不能加载，{bad} 处须改正"),
        };
        lines.push(format!("{} {} v{}：{summed}", bundle.slug, bundle.name, bundle.version));
        lines.extend(
            found.iter().map(|finding| format!("  {}：{}{}", finding.at, finding.kind.zh(), about(finding))),
        );
        lines.extend(others.iter().map(|error| {
            let rule = error.rule.map_or_else(|| error.code.title_zh(), Rule::zh);
            format!("  {rule}（{}）", error.detail)
        }));
        let findings: Vec<Value> = found.iter().map(value).collect();
        let refusals: Vec<Value> = others
            .iter()
            .map(|error| json!({"code": error.code.wire(), "rule": error.rule.map(Rule::wire), "detail": error.detail}))
            .collect();
        values.push(json!({"code": bundle.slug, "version": bundle.version, "known": check.known,
                           "findings": findings, "refusals": refusals}));
    }
    lines.push(format!("{} 个一件事，{refused} 个不能加载", bundles.len()));
    output.say(&lines.join("\n"), &json!({"bundles": values, "refused": refused}));
    u8::from(refused > 0)
}

fn about(finding: &BundleFinding) -> String {
    if finding.about.is_empty() { String::new() } else { format!("（{}）", finding.about) }
}

fn value(finding: &BundleFinding) -> Value {
    json!({"at": finding.at, "kind": finding.kind.wire(), "kind_zh": finding.kind.zh(), "about": finding.about})
}
