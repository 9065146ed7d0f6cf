//! `elicense items`: what public services ask for, and by which ways each material may be met.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::input::{self, usage};
use super::output::{Output, table};
use super::place::Globals;
use crate::catalog::Catalog;
use crate::catalog::district::{District, LABEL};
use crate::catalog::items::{ItemDef, ItemFinding};
use crate::catalog::savings::{ItemSavings, RemainingSlot, Savings, SharedSources};
use crate::error::{Code, Error, Result};
use crate::registry::{ItemCheck, refused_item};
use crate::rule::Rule;
use crate::table::FileFormat;
use crate::table::items::{self as table_of_items, ItemTable, csv_of, workbook_of};

/// The subcommand.
#[derive(Subcommand)]
pub enum ItemCommand {
    /// Load item files: new items, or the next versions of known ones.
    Load {
        /// JSON files as in schema/items, or tables of items: CSV or XLSX with the columns of the 实施清单.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The sheet of a workbook with several.
        #[arg(long)]
        sheet: Option<String>,
    },
    /// List the items in force today; with --all also those that are not.
    List {
        /// Ended ones and those that have not begun too.
        #[arg(long)]
        all: bool,
    },
    /// Print one item.
    Show {
        /// 实施编码, or the name.
        code: String,
        /// That version; the newest if not said.
        #[arg(long)]
        version: Option<u32>,
    },
    /// Check item files, or all loaded items, against the catalog. Nothing is written.
    Check {
        /// JSON files as in schema/items, or tables (CSV, XLSX); none checks what is loaded.
        files: Vec<PathBuf>,
        /// The sheet of a workbook with several.
        #[arg(long)]
        sheet: Option<String>,
    },
    /// 减证账单: which materials nobody has to bring, what one more shared type would save, why each other is asked for.
    Savings {
        /// Of the made-up district of 343 items instead of the loaded ones.
        #[arg(long)]
        district: bool,
        /// Say of each item why its materials are still asked for.
        #[arg(long)]
        why: bool,
    },
    /// Write the items of a made-up district into a folder, a file for each: 343 items of 16 departments.
    District {
        /// The folder; it is made if it is missing.
        folder: PathBuf,
    },
    /// Write the newest version of every item: a folder with a JSON file for each, or one table.
    Export {
        /// The folder, which is made if it is missing; of a table the file.
        place: PathBuf,
        /// How. A table has a row for each material, with the columns of the 实施清单.
        #[arg(long, value_enum, default_value = "json")]
        format: ExportFormat,
    },
}

/// How items are written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// A JSON file for each item.
    Json,
    /// A text in UTF-8.
    Csv,
    /// A workbook.
    Xlsx,
}

/// Carries the command out. Exit code 1: a checked item is refused, or a table has faults.
pub fn run(globals: &Globals, command: ItemCommand, output: &Output) -> Result<u8> {
    let registry = globals.open()?;
    let snapshot = registry.snapshot();
    let catalog = &snapshot.catalog;
    match command {
        ItemCommand::Load { files, sheet } => {
            let Some(items) = read(&files, sheet.as_deref(), output)? else { return Ok(1) };
            let loaded = registry.load_items(&globals.name, items)?;
            let lines: Vec<String> =
                loaded.iter().map(|(code, version)| format!("{code} version {version}")).collect();
            output.say(&lines.join("\n"), &json!(loaded));
        }
        ItemCommand::List { all } => list(catalog, registry.now().day(), all, output),
        ItemCommand::Show { code, version } => show(catalog, code, version, output)?,
        ItemCommand::Check { files, .. } if files.is_empty() => {
            let items: Vec<ItemDef> = catalog.items().map(|item| (**item).clone()).collect();
            return Ok(check(&registry.check_items(&items), &items, output));
        }
        ItemCommand::Check { files, sheet } => {
            let Some(items) = read(&files, sheet.as_deref(), output)? else { return Ok(1) };
            return Ok(check(&registry.check_items(&items), &items, output));
        }
        ItemCommand::Savings { district, why } => {
            let made = if district {
                District::generate(DISTRICT_SEED).map_err(refused_item)?.items
            } else {
                Vec::new()
            };
            let today = registry.now().day();
            let loaded =
                catalog.items().filter_map(|item| catalog.item(&item.code, today)).map(|item| &**item);
            let items: Vec<&ItemDef> = if district { made.iter().collect() } else { loaded.collect() };
            let (sources, now) = (&snapshot.sources, registry.now());
            let answers = |department: &str| {
                sources.iter().any(|one| one.department == department && one.in_force(now))
            };
            savings(catalog, (&items, &answers), (district, why), output);
        }
        ItemCommand::District { folder } => {
            let made = District::generate(DISTRICT_SEED).map_err(refused_item)?;
            let count = export(made.items.iter(), &folder).map_err(|error| unwritable(&folder, error))?;
            output.say(&format!("{count} 个事项。{LABEL}"), &json!({"items": count, "label": LABEL}));
        }
        ItemCommand::Export { place, format } => {
            let count = write_out(catalog, &place, format)?;
            output.say(&format!("{count} 个事项"), &json!({"items": count}));
        }
    }
    Ok(0)
}

/// How many were written.
fn write_out(catalog: &Catalog, place: &Path, format: ExportFormat) -> Result<usize> {
    let items = || catalog.items().map(|item| &**item);
    let written = match format {
        ExportFormat::Json => export(items(), place),
        ExportFormat::Csv => std::fs::write(place, csv_of(items())).map(|()| items().count()),
        ExportFormat::Xlsx => std::fs::write(place, workbook_of(items())?).map(|()| items().count()),
    };
    written.map_err(|error| unwritable(place, error))
}

/// The items of all files; none where a table has faults, which are told by line. What was passed over in a table is told
/// beside the answer.
fn read(files: &[PathBuf], sheet: Option<&str>, output: &Output) -> Result<Option<Vec<ItemDef>>> {
    let (mut items, mut faults) = (Vec::new(), 0);
    for file in files {
        let named = |error: Error| match error.field.as_deref() {
            None | Some("file") => Error { field: Some(file.display().to_string().into()), ..error },
            Some(_) => error,
        };
        if matches!(FileFormat::of_path(file), Some(FileFormat::Csv | FileFormat::Xlsx)) {
            let table = table_of_items::read(file, sheet).map_err(named)?;
            tell_table(file, &table, output);
            faults += table.faults.len();
            items.extend(table.items);
        } else {
            let text = input::text(file)?;
            items.push(ItemDef::from_json(&text).map_err(refused_item).map_err(named)?);
        }
    }
    Ok((faults == 0).then_some(items))
}

/// What a table gave, by line: a sentence for people, and the same as JSON.
fn tell_table(file: &Path, table: &ItemTable, output: &Output) {
    let mut lines = Vec::new();
    let encoding = table.encoding.map(|one| format!("，编码 {}", one.label())).unwrap_or_default();
    let (rows, items) = (table.rows, table.items.len());
    lines.push(format!("{}：{rows} 行{encoding}，{items} 个事项", file.display()));
    lines.extend(table.remarks.iter().map(|remark| format!("  {remark}")));
    for fault in &table.faults {
        let column = if fault.column.is_empty() { String::new() } else { format!("“{}”", fault.column) };
        let about = if fault.about.is_empty() { String::new() } else { format!("（{}）", fault.about) };
        lines.push(format!("  第 {} 行{column}：{}{about}", fault.line, fault.rule.zh()));
    }
    let faults: Vec<Value> = table
        .faults
        .iter()
        .map(|one| {
            json!({"line": one.line, "column": one.column, "rule": one.rule.wire(), "zh": one.rule.zh(),
                   "en": one.rule.en(), "about": one.about})
        })
        .collect();
    if !table.faults.is_empty() {
        lines.push("  没有读入任何事项：请改正后重新加载".to_owned());
    }
    let told = json!({"file": file.display().to_string(), "rows": rows, "items": items, "remarks": table.remarks,
                      "faults": faults});
    // Where it is read, the command has an answer of its own.
    if table.faults.is_empty() {
        output.note(&lines.join("\n"));
    } else {
        output.say(&lines.join("\n"), &told);
    }
}

/// The seed of the made-up district.
const DISTRICT_SEED: u64 = 19;

fn unwritable(folder: &Path, error: std::io::Error) -> Error {
    let detail = format!("{} cannot be written", folder.display());
    Error::new(Code::ConfigInvalid, detail).at("folder").caused_by(error)
}

/// Prints an item by its 实施编码 or its name.
fn show(catalog: &Catalog, code: String, version: Option<u32>, output: &Output) -> Result<()> {
    let by_name = || catalog.items().find(|item| item.name == code).map(|item| item.code.clone());
    let code = if catalog.item_versions(&code).next().is_some() { code } else { by_name().unwrap_or(code) };
    let found = match version {
        Some(version) => catalog.item_version(&code, version),
        None => catalog.item_versions(&code).next_back(),
    };
    let item = json!(**found.ok_or_else(|| usage("code", "no item of that code or name, in that version"))?);
    output.say(&format!("{item:#}"), &item);
    Ok(())
}

/// Whether a department answers.
type Answers<'a> = &'a dyn Fn(&str) -> bool;

/// A type is shared where its stock is stated here; a department answers where its system is connected.
fn savings(
    catalog: &Catalog,
    (items, answers): (&[&ItemDef], Answers<'_>),
    (district, why): (bool, bool),
    output: &Output,
) {
    let entry = |slug: &str| catalog.type_by_slug(slug);
    let types =
        |slug: &str| entry(slug).is_some_and(|entry| !catalog.coverages(&entry.def().code).is_empty());
    let bill = Savings::of(items, catalog, SharedSources { types: &types, departments: answers });
    let name = |slug: &str| entry(slug).map_or_else(|| slug.to_owned(), |entry| entry.def().name.zh.clone());
    let mut lines: Vec<String> = district.then(|| LABEL.to_owned()).into_iter().collect();
    let (count, all, unneeded) = (items.len(), bill.materials, bill.unneeded);
    lines.push(format!("{count} 个事项 · {all} 份材料 · 现免提交 {unneeded} 份"));
    let ranked = |list: &[(String, usize)], what: &dyn Fn(&str) -> String| {
        let rows: Vec<[String; 2]> =
            list.iter().take(10).map(|(key, count)| [what(key), count.to_string()]).collect();
        table("  ", &rows)
    };
    for (title, list, what) in [
        ("再共享一类证照可免提交：", &bill.by_type, &name as &dyn Fn(&str) -> String),
        ("仍须出具最多的单位：", &bill.providing, &|body: &str| body.to_owned()),
        ("仍在索要最多的部门：", &bill.asking, &|office: &str| office.to_owned()),
    ] {
        lines.push(title.to_owned());
        lines.extend(ranked(list, what));
    }
    for item in bill.items.iter().filter(|_| why) {
        lines.push(format!(
            "{} {}：{} 份，仍须 {} 份",
            item.code,
            item.name,
            item.materials,
            item.remaining.len()
        ));
        let rows: Vec<[String; 3]> = item
            .remaining
            .iter()
            .map(|slot| [slot.name.clone(), slot.why.zh().to_owned(), slot.basis.clone().unwrap_or_default()])
            .collect();
        lines.extend(table("  ", &rows));
    }
    output.say(&lines.join("\n"), &of_bill(&bill));
}

fn of_bill(bill: &Savings) -> Value {
    let left = |slot: &RemainingSlot| {
        json!({"slot": slot.slot, "name": slot.name, "why": slot.why.wire(), "why_zh": slot.why.zh(), "types": slot.types,
               "basis": slot.basis})
    };
    let item = |item: &ItemSavings| {
        json!({"code": item.code, "name": item.name, "agency_name": item.agency_name, "materials": item.materials,
               "remaining": item.remaining.iter().map(left).collect::<Vec<_>>()})
    };
    json!({
        "materials": bill.materials, "unneeded": bill.unneeded, "by_type": bill.by_type, "providing": bill.providing,
        "asking": bill.asking, "items": bill.items.iter().map(item).collect::<Vec<_>>(),
    })
}

/// How many were written.
fn export<'i>(items: impl Iterator<Item = &'i ItemDef>, folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut count = 0;
    for item in items {
        std::fs::write(folder.join(format!("{}.json", item.code)), format!("{:#}\n", json!(item)))?;
        count += 1;
    }
    Ok(count)
}

fn list(catalog: &Catalog, today: crate::clock::Day, all: bool, output: &Output) {
    let items: Vec<&ItemDef> = catalog
        .items()
        .filter_map(|newest| match all {
            true => Some(newest),
            false => catalog.item(&newest.code, today),
        })
        .map(|item| &**item)
        .collect();
    let line = |item: &&ItemDef| {
        let until = item.until.map(|until| format!("止于 {until} 前")).unwrap_or_default();
        [
            item.code.clone(),
            format!("v{}", item.version),
            item.name.clone(),
            item.agency_name.clone(),
            format!("{} 份材料", item.slots.len()),
            format!("{} 起 {until}", item.from),
        ]
    };
    let lines: Vec<[String; 6]> = items.iter().map(line).collect();
    output.say(&table("", &lines).join("\n"), &json!(items));
}

/// What the check finds, an item after the other: refusals first, then what is for people to look at. Whatever a load would
/// refuse is among them.
fn check(checks: &[ItemCheck], items: &[ItemDef], output: &Output) -> u8 {
    let (mut lines, mut values, mut refused) = (Vec::new(), Vec::new(), 0_usize);
    for (item, check) in items.iter().zip(checks) {
        let mut found: Vec<&ItemFinding> = check.findings.iter().collect();
        found.sort_by_key(|finding| !finding.kind.refuses());
        let bad = found.iter().filter(|finding| finding.kind.refuses()).count();
        let of_findings =
            |error: &&Error| !matches!(error.rule, Some(Rule::ItemInconsistent | Rule::ItemCodeForm));
        let others: Vec<&Error> = check.refusals.iter().filter(of_findings).collect();
        refused += usize::from(bad + others.len() > 0);
        let sum = summed(bad + others.len(), found.len());
        lines.push(format!("{} {} v{}：{sum}", item.code, item.name, item.version));
        lines.extend(others.iter().map(|error| {
            let rule = error.rule.map_or_else(|| error.code.title_zh(), Rule::zh);
            format!("  {rule}（{}）", error.detail)
        }));
        lines.extend(
            found.iter().map(|finding| format!("  {}：{}{}", finding.at, finding.kind.zh(), about(finding))),
        );
        let findings: Vec<Value> = found.iter().copied().map(value).collect();
        let refusals: Vec<Value> = others
            .iter()
            .map(|error| json!({"code": error.code.wire(), "rule": error.rule.map(Rule::wire), "detail": error.detail}))
            .collect();
        values.push(json!({"code": item.code, "version": item.version, "known": check.known,
                           "findings": findings, "refusals": refusals}));
    }
    lines.push(format!("{} 个事项，{refused} 个不能加载", items.len()));
    output.say(&lines.join("\n"), &json!({"items": values, "refused": refused}));
    u8::from(refused > 0)
}

fn about(finding: &ItemFinding) -> String {
    if finding.about.is_empty() { String::new() } else { format!("（{}）", finding.about) }
}

fn summed(bad: usize, all: usize) -> String {
    match (bad, all) {
        (0, 0) => "可以加载".to_owned(),
        (0, remarks) => format!("可以加载，{remarks} 处请看一看"),
        (bad, _) => format!("不能加载，{bad} 处须改正"),
    }
}

fn value(finding: &ItemFinding) -> Value {
    json!({
        "at": finding.at, "kind": finding.kind.wire(), "kind_zh": finding.kind.zh(), "about": finding.about,
        "refuses": finding.kind.refuses(),
    })
}
