//! `elicense lookup`: one holder's records, by a number from standard input or a prompt.

use super::input;
use super::output::{Output, table};
use super::place::Globals;
use crate::error::Result;
use crate::record::Reason;
use crate::registry::{Ask, AskedHolder, FoundRecord, LookedUp, Purpose};

/// Arguments of `lookup`.
#[derive(clap::Args)]
pub struct Args {
    /// Holder code type: 111 citizen ID number, 001 credit code, …
    #[arg(long = "type", default_value = "111")]
    code_type: String,
    /// Certificate types, by code or short name; all by default.
    #[arg(long = "certificate")]
    types: Vec<String>,
    /// The item (事项) it is for, by its 实施编码; or audit, court, correction.
    #[arg(long)]
    item: String,
    /// The article of law that allows work at no item (item audit, court or correction).
    #[arg(long)]
    article: Option<String>,
    /// The reason in words.
    #[arg(long)]
    reason: String,
    /// The case number.
    #[arg(long)]
    case: Option<String>,
    /// With inclusion proofs of the records' leaves.
    #[arg(long)]
    proofs: bool,
    /// What the page before named as the place of the next one.
    #[arg(long)]
    after: Option<String>,
}

impl Args {
    fn ask(&self, code: String) -> Ask {
        let holder = AskedHolder { code_type: self.code_type.clone(), code };
        let (article, case) = (self.article.clone(), self.case.clone());
        let purpose = Purpose { article, case, ..Purpose::new(&self.item, &self.reason) };
        let types = (!self.types.is_empty()).then(|| self.types.clone());
        Ask { types, proofs: self.proofs, after: self.after.clone(), ..Ask::new(holder, purpose) }
    }
}

/// Looks the holder up; the access is logged before anything is printed.
pub fn run(globals: &Globals, args: &Args, output: &Output) -> Result<u8> {
    let ask = args.ask(input::line("Number: ", false)?);
    let registry = globals.open_with_access()?;
    let looked_up = {
        let prepared = registry.prepare_lookup(&ask)?;
        super::serve::runtime()?.block_on(registry.lookup_value(&globals.actor(), prepared))
    };
    registry.stop_access();
    let looked_up = looked_up?;
    if globals.json {
        output.raw(&looked_up.bytes()?);
    } else {
        output.text(&text(&looked_up));
    }
    Ok(0)
}

fn text(looked_up: &LookedUp) -> String {
    let judged = &looked_up.judged;
    let mut lines = vec![format!("Holder {} {}", judged.holder.code_type, judged.holder.masked)];
    let remarks = judged.holder.remarks.iter().map(crate::identity::Remark::kind);
    lines.extend(remarks.map(|kind| format!("  {} ({})", kind.zh(), kind.en())));
    lines.extend(judged.withheld.map(|withheld| format!("  {}", withheld.zh())));
    let related = judged.holder.related.iter().map(|related| {
        let code = format!("{} {}", related.code_type, related.code);
        [code, related.relation.zh().to_owned(), related.since.to_string()]
    });
    lines.extend(table("  ", &related.collect::<Vec<_>>()));
    let records: Vec<[String; 6]> = judged.records.iter().map(line).collect();
    lines.extend(table("  ", &records));
    lines.extend(judged.conclusion().map(|conclusion| format!("  {}", conclusion.text)));
    lines.extend(judged.absent.iter().map(|absent| format!("  {}", absent.sentence())));
    lines.extend(judged.next.as_ref().map(|next| super::output::next_page(&next.to_string())));
    lines.push(super::output::receipt(&looked_up.receipt));
    lines.join("\n")
}

fn line(record: &FoundRecord) -> [String; 6] {
    let opened = record.opened.as_ref();
    let name = record.entry.as_ref().map(|entry| entry.def().name.zh.as_str());
    let identifier = opened.and_then(|opened| opened.identifier.as_deref());
    let limited = record.judgement.reasons.has(Reason::FieldsLimited);
    let reasons = record.judgement.reasons.iter().filter(|reason| *reason != Reason::FieldsLimited);
    let mut reasons: Vec<&str> = reasons.map(|reason| reason.wire()).collect();
    if limited {
        reasons.push("(extract)");
    }
    [
        name.unwrap_or("–").to_owned(),
        record.judgement.verdict.wire().to_owned(),
        identifier.unwrap_or("–").to_owned(),
        reasons.join(" "),
        record.linked.as_ref().map(|linked| linked.relation.zh().to_owned()).unwrap_or_default(),
        record.withheld.map(|withheld| withheld.zh().to_owned()).unwrap_or_default(),
    ]
}
