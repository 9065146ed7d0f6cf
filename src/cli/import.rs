//! `elicense import`: a file of records, bound row by row; resumable, safe to run twice.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::output::{Output, counted};
use super::place::Globals;
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::log::LogVerifier;
use crate::log::note::NoteFault;
use crate::registry::import::Stage;
use crate::registry::intake::MappingOf;
use crate::registry::{
    FeedTold, ImportOptions, ImportProgress, ImportReport, ReadBack, ReadOptions, Registry,
};
use crate::rule::Rule;
use crate::table::mapping::Mapping;
use crate::table::{Encoding, FileFormat, NamesDiffer, RowExample, RuleTally, refused};

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct Args {
    /// JSON lines, CSV (in UTF-8, GB 18030 or UTF-16) or XLSX.
    file: PathBuf,
    /// `ndjson`, `csv`, `xlsx`, or `export` for a file that another registry exported; by the extension where not said.
    #[arg(long)]
    format: Option<String>,
    /// Show how the file would be read, as a mapping for `--mapping`, and write nothing. Needs `--type` and `--issuer`.
    #[arg(long)]
    guess: bool,
    /// A mapping: which column is what. It is kept for its type and agency.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// The type of all rows: the mapping that is kept for it and `--issuer` is used.
    #[arg(long = "type", value_name = "TYPE", requires = "issuer")]
    type_code: Option<String>,
    /// The issuer of all rows.
    #[arg(long, value_name = "CODE", requires = "type_code")]
    issuer: Option<String>,
    /// The sheet of a workbook; the only one with rows where not said.
    #[arg(long)]
    sheet: Option<String>,
    /// `utf-8`, `gb18030` (also `gbk`), `big5`, `utf-16le` or `utf-16be`; found out over the whole file where not said,
    /// but for Big5.
    #[arg(long)]
    encoding: Option<String>,
    /// Where refused rows are named: one JSON object a line, without their content. A name in `.csv` gets the rows
    /// themselves in their own columns with the reason beside, to correct and send back.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// The day of the data, or the time: its rows are copies as of then, and its feed is known up to then. A column or
    /// member `as_of` says it of a row.
    #[arg(long, value_name = "DAY", value_parser = Moment::read)]
    as_of: Option<Moment>,
    /// Check everything, write nothing but the error file.
    #[arg(long)]
    dry_run: bool,
    /// A name for the run; an unfinished run of the same file is resumed in any case.
    #[arg(long)]
    run: Option<String>,
    /// With `--format export`: a file with the verifier keys of the other registry's logs of records, a line each, from
    /// where you trust them (`elicense log list` there prints them). Not needed for an export of this registry.
    #[arg(long, value_name = "FILE")]
    verifier: Option<PathBuf>,
    /// Parsing threads; one for each core where not said.
    #[arg(long)]
    threads: Option<usize>,
}

/// Exit code 0: every row has its place; 1: rows were refused.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let format = match args.format.as_deref() {
        Some("export") => return read_back(globals, args, output),
        None => None,
        Some("ndjson") => Some(FileFormat::Ndjson),
        Some("csv") => Some(FileFormat::Csv),
        Some("xlsx") => Some(FileFormat::Xlsx),
        Some(_) => return Err(super::input::usage("format", "ndjson, csv, xlsx or export")),
    };
    let encoding = args.encoding.as_deref().map(|name| {
        let known = Encoding::named(name);
        known.ok_or_else(|| super::input::usage("encoding", "utf-8, gb18030, big5, utf-16le or utf-16be"))
    });
    let encoding = encoding.transpose()?;
    let registry = globals.open()?;
    if args.guess {
        return guess(globals, args, (format, encoding), &registry, output);
    }
    let options = ImportOptions {
        format,
        encoding,
        mapping: mapping(args, &registry)?,
        error_path: args.errors.clone(),
        as_of: args.as_of,
        dry_run: args.dry_run,
        run_id: args.run.clone(),
        threads: args.threads,
        ..ImportOptions::default()
    };
    let bar = progress_bar(globals);
    let report = registry.import(&globals.actor(), &args.file, &options, &|progress: ImportProgress| {
        bar.set_message(match progress.stage {
            Stage::Parsing => "check and sign",
            Stage::Writing => "write",
            Stage::Settling => "apply rules",
        });
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    })?;
    bar.finish_and_clear();
    let (counts, timings) = (report.counts, report.timings);
    let value = json!({
        "run": report.run_id, "file": report.file_digest, "encoding": report.encoding, "signs": report.signs,
        "repairs": report.repairs, "names_differ": report.names, "refused": report.faults, "remarks": report.remarks, "left_out": report.left_out, "shortened": report.shortened,
        "counts": counts, "as_of": report.as_of, "undated": report.undated, "feeds": report.told, "log": report.log,
        "first_leaf": report.first_leaf, "last_leaf": report.last_leaf, "closing": report.closing,
        "parsing": {"rows": timings.parsing.rows, "seconds": timings.parsing.seconds},
        "writing": {"rows": timings.writing.rows, "seconds": timings.writing.seconds},
        "settling": {"rows": timings.settling.rows, "seconds": timings.settling.seconds},
    });
    output.say(&told(&report, args.dry_run), &value);
    Ok(u8::from(counts.refused > 0))
}

/// Rows that one rule refused: how many, what is wrong and what to do, and some of them.
fn refused_lines(tally: &RuleTally) -> [String; 3] {
    let name = tally.rule.map_or(tally.code.as_str(), |rule| rule.wire());
    let column = tally.column.as_ref().map(|column| format!("「{column}」")).unwrap_or_default();
    let example = |example: &RowExample| match &example.shown {
        Some(shown) => format!("第 {} 行 {shown}", example.line),
        None => format!("第 {} 行", example.line),
    };
    let examples: Vec<String> = tally.examples.iter().map(example).collect();
    [
        format!("拒绝 refused: {} 行 {column} {}", tally.count, tally.zh),
        format!("  {name}: {}", tally.en),
        format!("  例 for example: {}", examples.join("；")),
    ]
}

/// The type and agency that the arguments name.
fn asked(args: &Args) -> Result<MappingOf<'_>> {
    match (&args.type_code, &args.issuer) {
        (Some(type_code), Some(issuer)) => Ok(MappingOf { type_code, issuer, sheet: args.sheet.as_deref() }),
        _ => Err(super::input::usage("type", "--type and --issuer, to know which fields there are")),
    }
}

/// Prints the mapping that a file would be read with, and what a person should look at.
fn guess(
    globals: &Globals,
    args: &Args,
    (format, encoding): (Option<FileFormat>, Option<Encoding>),
    registry: &Registry,
    output: &Output,
) -> Result<u8> {
    let asked = asked(args)?;
    let unknown = || super::input::usage("format", "csv or xlsx");
    let format = format.or_else(|| FileFormat::of_path(&args.file)).ok_or_else(unknown)?;
    let guessed = registry.guess_mapping(&globals.actor(), &args.file, format, encoding, &asked)?;
    if let Some((kept, version)) = &guessed.kept {
        output.note(&kept_beside(&guessed.mapping, kept, *version)?);
    }
    for header in guessed.mapping.left_out() {
        output.note(&format!("不导入 left out: {header}"));
    }
    for field in &guessed.missing {
        output.note(&format!("缺少 missing: {field} (请填入 constants 或对应列 add a constant or a column)"));
    }
    let text = serde_json::to_string_pretty(&guessed.mapping).map_err(Error::internal)?;
    output.say(&text, &guessed.mapping);
    Ok(0)
}

/// The mapping that is kept, and where the guess differs from it.
fn kept_beside(guessed: &Mapping, kept: &Mapping, version: i32) -> Result<String> {
    let mut lines = vec![format!(
        "已保存的对照表，第 {version} 版；不给 --mapping 时按它读取。 The mapping that is kept, version {version}; an import without --mapping uses it:"
    )];
    lines.push(serde_json::to_string_pretty(kept).map_err(Error::internal)?);
    let told = |to: Option<&[String]>| match to {
        None => "未知 unknown".to_owned(),
        Some([]) => "不导入 left out".to_owned(),
        Some(to) => to.join(" "),
    };
    for column in &guessed.columns {
        let earlier = kept.to(&column.header);
        if earlier != Some(column.to.as_slice()) {
            let (earlier, now) = (told(earlier), told(Some(&column.to)));
            lines.push(format!(
                "不同 differs: {}  已保存 kept: {earlier}  按表头 by the header: {now}",
                column.header
            ));
        }
    }
    Ok(lines.join("\n"))
}

/// The mapping of the arguments: a file's, or the one that is kept.
fn mapping(args: &Args, registry: &Registry) -> Result<Option<Mapping>> {
    let mut mapping: Mapping = match (&args.mapping, &args.type_code) {
        (Some(path), _) => super::input::json(&super::input::text(path)?, "mapping")?,
        (None, Some(_)) => {
            let kept = registry.kept_mapping(&asked(args)?)?;
            let missing = || {
                Error::new(Code::ConfigInvalid, "no mapping is kept for this type and agency")
                    .at("mapping")
                    .rule(Rule::MappingMissing)
            };
            kept.ok_or_else(missing)?.0
        }
        (None, None) => return Ok(None),
    };
    if args.sheet.is_some() {
        mapping.sheet = args.sheet.clone();
    }
    Ok(Some(mapping))
}

fn progress_bar(globals: &Globals) -> ProgressBar {
    let bar = ProgressBar::new(0);
    bar.set_draw_target(if globals.json {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    });
    if let Ok(style) = ProgressStyle::with_template("{msg} {bar:40} {percent}% {elapsed}") {
        bar.set_style(style);
    }
    bar
}

/// Of when the data is: nothing here counts as of now without a word.
fn as_of(report: &ImportReport) -> String {
    match (report.as_of, report.undated) {
        (Some(as_of), _) => format!("数据时间 data as of: {} (UTC+8)", as_of.legal_text()),
        (None, 0) => "数据日期按各行 data as of: what each row says".to_owned(),
        (None, undated) => format!(
            "未说明数据日期：有 {undated} 行没有注明日期，按导入时刻计为本库新发。如是抄送的数据，请用 --as-of 注明。 No day of the data was said: {} without one counted as made now. For copies say --as-of.",
            counted(undated, "row"),
        ),
    }
}

/// Numbers under which the file has several names: which lines, and no more.
fn names_differ(names: &NamesDiffer) -> Option<String> {
    let lines = |lines: &Vec<u64>| {
        let lines: Vec<String> = lines.iter().map(u64::to_string).collect();
        format!("第 {} 行", lines.join("、"))
    };
    let examples: Vec<String> = names.examples.iter().map(lines).collect();
    (names.numbers > 0).then(|| {
        format!(
            "请核对姓名：文件中有 {0} 个号码出现了不同的姓名，如 {1}。 Several names under one number, {0} of them: look at these lines.",
            names.numbers,
            examples.join("；")
        )
    })
}

/// Rows that were taken in with a mark: how many, and for each mark the first lines to look at.
fn kept_with_marks(report: &ImportReport) -> Vec<String> {
    let flagged = report.counts.flagged;
    let mut lines: Vec<String> = (flagged > 0)
        .then(|| {
            format!("请核对：{flagged} 行已收入并加注。 {} taken in with a mark.", counted(flagged, "row"))
        })
        .into_iter()
        .collect();
    lines.extend(report.remarks.iter().map(|tally| {
        let shown: Vec<String> = tally.lines.iter().map(u64::to_string).collect();
        let more = if tally.count > tally.lines.len() as u64 { " 等" } else { "" };
        format!(
            "  {}: {} 行，第 {} 行{more} {} ({})",
            tally.remark,
            tally.count,
            shown.join("、"),
            tally.zh,
            tally.en
        )
    }));
    lines
}

/// What the end of the import told the coverage statements.
fn feed_told(told: &FeedTold) -> String {
    let system = &told.system;
    match told.alive {
        true => format!("覆盖范围声明已记心跳 heartbeat of the feed: {system}"),
        false => format!(
            "同类证照有多个系统，未记心跳，仅计入未入库的行 several systems, no heartbeat, rows not bound counted: {system}"
        ),
    }
}

/// The fate of the rows, in lines for people; a line for the rules only if they did something.
fn told(report: &ImportReport, dry_run: bool) -> String {
    let counts = report.counts;
    let mut lines = vec![format!(
        "{} in = {} bound + {} already there + {} unbound + {} quarantined + {} refused ({})",
        counted(counts.rows_in, "row"),
        counts.bound,
        counts.already_there,
        counts.unbound,
        counts.quarantined,
        counts.refused,
        counted(counts.clashes, "clash/clashes"),
    )];
    lines.push(format!("编码 encoding: {}", report.encoding.label()));
    lines.push(as_of(report));
    lines.extend(report.told.iter().map(feed_told));
    if !report.left_out.is_empty() {
        lines.push(format!("未导入的列 columns left out: {}", report.left_out.join("、")));
    }
    let signs = report.signs;
    if let Some(also) = signs.also {
        lines.push(format!(
            "请核对姓名：文件也可读作 {}，如不对请用 --encoding 指明。 The file decodes as {0} too: look at the names, or say --encoding.",
            also.label()
        ));
    }
    if signs.rounded_by_a_spreadsheet() {
        lines.push(format!(
            "注意：{} 个 18 位号码中有 {} 个以 000 结尾，可能被电子表格改动过，这些行已被拒绝。 {1} of {0} numbers end in 000: a spreadsheet has rounded them, and their rows are refused.",
            signs.numbers, signs.rounded
        ));
    }
    lines.extend(
        report
            .repairs
            .each()
            .map(|(repair, times)| format!("已改写 repaired: {} {times} 处 ({})", repair.zh(), repair.en())),
    );
    lines.extend(report.shortened.iter().map(|found| {
        format!(
            "注意：第 {} 列的号码大多是 {} 位，有 {} 个较短，可能丢失了前面的 0。 Column {0}: {2} numbers are shorter than {1} digits and may have lost leading zeros.",
            found.column, found.length, found.shorter
        )
    }));
    lines.extend(names_differ(&report.names));
    lines.extend(kept_with_marks(report));
    lines.extend(report.faults.iter().flat_map(refused_lines));
    lines.extend(by_rule(counts));
    let timings = report.timings;
    lines.push(format!(
        "checked and signed: {:.0} rows/s, written: {:.0} rows/s",
        timings.parsing.rate(),
        timings.writing.rate(),
    ));
    lines.extend(was_dry(dry_run));
    lines.join("\n")
}

/// What a dry run says of itself.
fn was_dry(dry_run: bool) -> Option<String> {
    dry_run.then(|| "dry run: nothing was written".to_owned())
}

/// Reads an export back, if the verifier keys vouch for it: envelopes are kept byte for byte, and verified by the
/// keys that this registry knows.
fn read_back(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    if args
        .errors
        .as_ref()
        .is_some_and(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv")))
    {
        return Err(super::input::usage(
            "errors",
            "a name that does not end in .csv: lines of an export have no columns",
        ));
    }
    let registry = globals.open()?;
    let unreadable = |error: std::io::Error| {
        Error::new(Code::ConfigInvalid, "the file cannot be read").at("file").caused_by(error)
    };
    let file = std::fs::File::open(&args.file).map_err(unreadable)?;
    let mut verifiers: Vec<LogVerifier> = Vec::new();
    if let Some(path) = &args.verifier {
        let text = super::input::text(path)?;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let known = line.parse().map_err(|fault: NoteFault| {
                super::input::usage("verifier", "a verifier key on each line").caused_by(fault)
            })?;
            verifiers.push(known);
        }
    }
    let errors = args.errors.as_deref();
    refused::refuse_source(errors, &args.file)?;
    let options = ReadOptions { verifiers: &verifiers, dry_run: args.dry_run, error_path: errors };
    let done = registry.read_export(&globals.actor(), options, std::io::BufReader::new(file))?;
    let mut lines = came_in(&done);
    lines.extend(done.refused.iter().flat_map(refused_lines));
    lines.extend(was_dry(args.dry_run));
    output.say(&lines.join("\n"), &json!(done));
    Ok(u8::from(!done.whole || done.lines_refused > 0))
}

/// What an export brought.
fn came_in(done: &ReadBack) -> Vec<String> {
    let mut lines = vec![format!(
        "{} taken in, {} already there, {} refused{}",
        counted(done.records, "record"),
        done.already,
        counted(done.lines_refused, "line"),
        if done.whole { "" } else { "; the file has no closing line with that count: it is not whole" },
    )];
    if done.files > 0 {
        lines.push(format!("{} taken in", counted(done.files, "file")));
    }
    if done.proposals_told > 0 {
        lines
            .push(format!("{} came with their records", counted(done.proposals_told as u64, "proposed end")));
    }
    if done.ended + done.taken_over + done.proposals > 0 {
        lines.push(format!(
            "by rule: {} ended, {} taken over, {} proposed to other issuers",
            counted(done.ended as u64, "record"),
            counted(done.taken_over as u64, "directory entry/directory entries"),
            counted(done.proposals as u64, "end"),
        ));
    }
    if done.went_on > 0 {
        lines.push(format!("{} went on from where they were here", counted(done.went_on, "record")));
    }
    if done.holders + done.holders_already > 0 {
        lines.push(format!(
            "marks and links of {} taken in, of {} already there",
            counted(done.holders, "holder"),
            done.holders_already
        ));
    }
    if done.coverage + done.coverage_already + done.keys_revoked > 0 {
        lines.push(format!(
            "{} taken in, {} here already or newer; {} revoked",
            counted(done.coverage, "coverage statement"),
            done.coverage_already,
            counted(done.keys_revoked, "key")
        ));
    }
    lines
}

/// What the rules of the catalog did, or did not do.
fn by_rule(counts: crate::registry::import::Counts) -> Vec<String> {
    let mut lines = Vec::new();
    if counts.not_ended > 0 {
        lines.push(format!(
            "按规则应终止的证照有 {} 份因姓名不一致未终止。 {} ended nothing, since the names differ.",
            counts.not_ended,
            counted(counts.not_ended, "certificate"),
        ));
    }
    if counts.ended + counts.taken_over + counts.proposals > 0 {
        lines.push(format!(
            "by rule: {} ended, {} taken over, {} proposed to other issuers",
            counted(counts.ended, "record"),
            counted(counts.taken_over, "directory entry/directory entries"),
            counted(counts.proposals, "end"),
        ));
    }
    lines
}
