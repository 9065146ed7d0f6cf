//! `elicense apply`: every material of an item, answered for everybody in a case. The parties come from standard input
//! or a prompt, never from arguments.

use std::collections::BTreeMap;
use std::io::BufRead as _;

use super::input::{self, usage};
use super::output::{Output, receipt, table};
use super::place::Globals;
use crate::catalog::items::{Original, TryOutcome};
use crate::clock::Day;
use crate::error::{Code, Error, Result};
use crate::registry::{
    Application, ApplicationAsk, AppliedParty, AppliedSlot, AskedHolder, AskedParty, ReceiptForm,
};
use crate::store::HolderState;

/// Arguments of `apply`. The parties come from standard input, one a line: the code of the role (代码 in the item), the code
/// type, the number, and the name, where the case gives one. `applicant 111 1901…`
#[derive(clap::Args)]
pub struct ApplyArgs {
    /// 实施编码 of the item.
    #[arg(long)]
    item: String,
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
    output.say(&text(&answered), &answered);
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
    let asked = answered.questions.iter().filter(|one| one.answered_by != "not_asked");
    let questions: Vec<[String; 3]> = asked
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
    lines.extend(table("  ", &questions));
    let dead = answered.parties.iter().filter(|party| party.state != HolderState::Normal);
    lines.extend(dead.map(|party| format!("  {} {}：{}", party.role, party.masked, party.state.zh())));
    let unmet = answered.premises.iter().filter(|premise| premise.holds == Some(false));
    lines.extend(unmet.map(|premise| format!("  不符合受理条件：{}", premise.text)));
    lines.extend(answered.referred_to.as_ref().map(|other| format!("  请改办事项 {other}")));
    let named = |party: &AppliedParty| format!("{} {}", party.role, party.masked);
    let parties: Vec<String> = answered.parties.iter().map(named).collect();
    let slots: Vec<[String; 5]> = answered.slots.iter().map(|slot| line(slot, &parties)).collect();
    lines.extend(table("  ", &slots));
    lines.extend(answered.parties.iter().map(|party| receipt(&party.receipt)));
    lines.join("\n")
}

/// What came of a slot, its name, whose it is, by which way, and why.
fn line(slot: &AppliedSlot, parties: &[String]) -> [String; 5] {
    let last = slot.tried.last();
    let original = match slot.original {
        // The words of a slot that is met say it.
        _ if slot.outcome.is_met() => "",
        Original::None => "",
        Original::Seen => "，须查验原件",
        Original::Surrendered => "，须收缴原件",
    };
    [
        format!("{}{original}", slot.outcome_zh),
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
