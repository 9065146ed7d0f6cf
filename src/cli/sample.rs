//! The daily sample of `elicense accounts sample`, as text.

use super::output::{counted, table};
use crate::record::access::Presence;
use crate::registry::{DaySample, SampledLook, StaffDay};

/// The numbers of each account, then the looks.
pub fn text(sample: &DaySample) -> String {
    if sample.staff.is_empty() {
        return format!("No staff looked anybody up on {}.", sample.day);
    }
    let staff: Vec<[String; 5]> = sample.staff.iter().map(|(name, day)| numbers(name, day)).collect();
    let looks: Vec<[String; 7]> = sample.looks.iter().map(look).collect();
    let mut lines = table("", &staff);
    lines.push(String::new());
    lines.extend(table("", &looks));
    if sample.unread > 0 {
        let batches = format!("{} batches of the log do not open: run `elicense fsck`.", sample.unread);
        lines.push(batches);
    }
    lines.join("\n")
}

fn numbers(name: &str, day: &StaffDay) -> [String; 5] {
    let typed = format!("{} typed", day.typed);
    [
        name.to_owned(),
        day.display.clone(),
        counted(day.looks, "look"),
        typed,
        format!("{} refused", day.refused),
    ]
}

/// When, who, why it is here, what came of it, for what, which case, the reason.
fn look(look: &SampledLook) -> [String; 7] {
    let word = |text: &Option<String>| text.clone().unwrap_or_default();
    let why = format!("{}（{}）", look.why.zh(), look.presence.map_or("", Presence::zh));
    [
        format!("{} UTC+8", look.at.legal_text()),
        look.account.clone(),
        why,
        look.outcome.zh().to_owned(),
        look.item_name.clone().unwrap_or_else(|| look.item.clone()),
        word(&look.case),
        word(&look.reason),
    ]
}
