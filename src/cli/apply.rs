//! `elicense apply`: every material of an item or of a bundle, answered for everybody in a case. The parties come from standard input
//! or a prompt, never from arguments.

use std::collections::BTreeMap;
use std::io::BufRead as _;

use super::input::{self, usage};
use super::output::{Output, receipt, table};
use super::place::Globals;
use crate::catalog::items::{Original, SlotOutcome, TryOutcome};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::registry::{
    Application, ApplicationAsk, Applied, AppliedParty, AppliedPremise, AppliedSlot, AskedHolder, AskedParty,
    AskedQuestion, BundleApplication, ReceiptForm,
};
use crate::store::HolderState;

/// Arguments of `apply`. The parties come from standard input, one a line: the code of the role (代码 in the item), the code
/// type, the number, and the name, where the case gives one. `applicant 111 1901…`
#[derive(clap::Args)]
pub struct ApplyArgs {
    /// 实施编码 of the item.
    #[arg(long, required_unless_present = "bundle", conflicts_with = "bundle")]
    item: Option<String>,
    /// 编号 of the bundle (一件事).
    #[arg(long)]
    bundle: Option<String>,
    /// The reason in words.
    #[arg(long)]
    reason: String,
    /// The case number.
    #[arg(long)]
    case: Option<String>,
    /// An answer: the name of the question, =, the option.
    #[arg(long = "answer", value_parser = pair)]
    answers: Vec<(String, String)>,
    /// A past day that the item asks for: its name, =, the day.
    #[arg(long = "date", value_parser = pair)]
    dates: Vec<(String, String)>,
}

fn pair(text: &str) -> std::result::Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    pair.ok_or_else(|| "a name, =, and a value".to_owned())
}

/// Answers the application; each access is logged before anything is printed.
pub fn run(globals: &Globals, args: &ApplyArgs, output: &Output) -> Result<u8> {
    let day = |(name, day): &(String, String)| {
        let day: Day = day.parse().map_err(|_unread| usage("date", "a day is YYYY-MM-DD"))?;
        Ok((name.clone(), day))
    };
    let ask = ApplicationAsk {
        item: args.item.clone(),
        bundle: args.bundle.clone(),
        version: None,
        case: args.case.clone(),
        answers: args.answers.iter().cloned().collect(),
        dates: args.dates.iter().map(day).collect::<Result<BTreeMap<_, _>>>()?,
        parties: parties()?,
        agent: None,
        reason: args.reason.clone(),
        receipt: ReceiptForm::Reference,
    };
    let registry = globals.open_with_access()?;
    let answered = super::serve::runtime()?.block_on(registry.apply(&globals.actor(), &ask));
    registry.stop_access();
    let answered = answered?;
    let told = match &answered {
        Applied::Item(answered) => text(answered),
        Applied::Bundle(answered) => bundle_text(answered),
    };
    output.say(&told, &answered);
    Ok(0)
}

/// A party a line: the code of its role, the type of its number, the number, and its name, where the case gives one.
fn parties() -> Result<Vec<AskedParty>> {
    let first = input::line("Role, code type and number, a party a line (applicant 111 …): ", false)?;
    let mut lines = vec![first];
    for line in std::io::stdin().lock().lines() {
        lines.push(line.map_err(|fault| Error::new(Code::ConfigInvalid, "standard input").caused_by(fault))?);
    }
    let party = |line: &String| {
        let mut words = line.split_whitespace();
        let (Some(role), Some(code_type), Some(code)) = (words.next(), words.next(), words.next()) else {
            return Err(usage("parties", "a line is a role, a code type and a number: applicant 111 …"));
        };
        let name = words.collect::<Vec<_>>().join(" ");
        Ok(AskedParty {
            role: role.to_owned(),
            holder: AskedHolder { code_type: code_type.to_owned(), code: code.to_owned() },
            name: (!name.is_empty()).then_some(name),
            presence: None,
            reader: None,
        })
    };
    lines.iter().filter(|line| !line.trim().is_empty()).map(party).collect()
}

fn text(answered: &Application) -> String {
    let item = &answered.item;
    let mut lines = vec![format!("{} {}@{} {}", item.name, item.code, item.version, item.agency_name)];
    lines.push(answered.text.clone());
    lines.extend(questions(&answered.questions));
    lines.extend(dead(&answered.parties));
    lines.extend(unmet(&answered.premises, answered.referred_to.as_deref()));
    let parties: Vec<String> = answered.parties.iter().map(named).collect();
    let slots: Vec<[String; 5]> = answered.slots.iter().map(|slot| line(slot, &parties)).collect();
    lines.extend(table("  ", &slots));
    lines.extend(answered.parties.iter().map(|party| receipt(&party.receipt)));
    lines.join("\n")
}

/// The bundle, its questions and materials once, and the items in their order.
fn bundle_text(answered: &BundleApplication) -> String {
    let bundle = &answered.bundle;
    let mut lines = vec![format!("{} {}@{} {}", bundle.name, bundle.code, bundle.version, bundle.lead)];
    lines.push(format!("{} · 需带 {} 份", answered.text, answered.count.bring));
    lines.extend(questions(&answered.questions));
    lines.extend(dead(&answered.parties));
    let parties: Vec<String> = answered.parties.iter().map(named).collect();
    let materials: Vec<[String; 4]> = answered
        .materials
        .iter()
        .map(|one| {
            let fed = one.fed_by.as_ref().map(|fed| format!("“{}”的结果{}", fed.name, fed.result));
            let uses: Vec<&str> = one.uses.iter().map(|used| used.name.as_str()).collect();
            [
                format!("{}{}", one.outcome_zh, original(one.outcome, one.original)),
                one.name.clone(),
                one.party.and_then(|at| parties.get(at)).cloned().unwrap_or_default(),
                fed.unwrap_or_else(|| format!("用于：{}", uses.join("、"))),
            ]
        })
        .collect();
    lines.extend(table("  ", &materials));
    for (at, one) in answered.items.iter().enumerate() {
        let item = &one.item;
        lines.push(format!("{}. {} {}@{}：{}", at + 1, item.name, item.code, item.version, one.text));
        lines.extend(unmet(&one.premises, one.referred_to.as_deref()));
    }
    let open = answered.open_items.iter();
    lines.extend(open.map(|item| format!("待补充情形后确定是否办理：{} {}", item.name, item.code)));
    lines.extend(answered.parties.iter().map(|party| receipt(&party.receipt)));
    lines.join("\n")
}

fn named(party: &AppliedParty) -> String {
    format!("{} {}", party.role, party.masked)
}

fn questions(asked: &[AskedQuestion]) -> Vec<String> {
    let asked = asked.iter().filter(|one| one.answered_by != "not_asked");
    let rows: Vec<[String; 3]> = asked
        .map(|one| {
            let options = || format!("待回答：{}", one.options.join(" / "));
            let by = if one.answered_by == "facts" { "由事实得出" } else { "" };
            let said = one.said.as_ref().map(|said| format!("，申请人称“{said}”"));
            [
                one.name.clone(),
                one.answer.clone().unwrap_or_else(options),
                format!("{by}{}", said.unwrap_or_default()),
            ]
        })
        .collect();
    table("  ", &rows)
}

fn dead(parties: &[AppliedParty]) -> impl Iterator<Item = String> {
    let dead = parties.iter().filter(|party| party.state != HolderState::Normal);
    dead.map(|party| format!("  {} {}：{}", party.role, party.masked, party.state.zh()))
}

fn unmet(premises: &[AppliedPremise], referred_to: Option<&str>) -> Vec<String> {
    let unmet = premises.iter().filter(|premise| premise.holds == Some(false));
    let unmet = unmet.map(|premise| format!("  不符合受理条件：{}", premise.text));
    unmet.chain(referred_to.map(|other| format!("  请改办事项 {other}"))).collect()
}

/// The paper that must come; the words of a slot that is met say it themselves.
fn original(outcome: SlotOutcome, original: Original) -> &'static str {
    match original {
        _ if outcome.is_met() => "",
        Original::None => "",
        Original::Seen => "，须查验原件",
        Original::Surrendered => "，须收缴原件",
    }
}

/// What came of a slot, its name, whose it is, by which way, and why.
fn line(slot: &AppliedSlot, parties: &[String]) -> [String; 5] {
    let last = slot.tried.last();
    [
        format!("{}{}", slot.outcome_zh, original(slot.outcome, slot.original)),
        slot.name.clone(),
        slot.party.and_then(|at| parties.get(at)).cloned().unwrap_or_default(),
        last.map(|way| way.way_zh.to_owned()).unwrap_or_default(),
        why(slot),
    ]
}

/// The evidence of a slot that is met; else each way's own word, with who was silent and what is on file.
fn why(slot: &AppliedSlot) -> String {
    let met = slot.tried.iter().find(|way| !way.evidence.is_empty());
    if let Some(met) = met {
        return met.evidence.join(" ");
    }
    let told = slot.tried.iter().filter(|way| way.outcome != TryOutcome::Offered).map(|way| {
        let papers =
            way.not_enough.iter().flat_map(|paper| paper.reasons.iter().map(|reason| reason.zh().to_owned()));
        let more: Vec<String> = way.source.iter().chain(&way.absence).cloned().chain(papers).collect();
        let more = if more.is_empty() { String::new() } else { format!("（{}）", more.join("；")) };
        format!("{}{more}", way.outcome_zh)
    });
    told.collect::<Vec<_>>().join("；")
}
