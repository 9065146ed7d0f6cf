//! No rule of the table is idle: the program names each outside the table. No rule can be missing in the
//! table either: an error takes only rules of the table, so the compiler sees to that.

use elicense::rule::Rule;

use crate::none;
use crate::source::{Source, program_sources};

/// The rules of the table that no source names.
fn idle<'a>(rules: impl IntoIterator<Item = &'a str>, sources: &[Source]) -> Vec<String> {
    let code: String = sources
        .iter()
        .filter(|source| source.path != "src/rule.rs")
        .flat_map(Source::lines)
        .map(|(_, line)| format!("{line}\n"))
        .collect();
    // Parts of the table that a layer keeps as a list of its own have the same names.
    let named = |rule: &str| {
        ["Rule::", "CodeRule::", "FaceRule::"].iter().any(|list| {
            let name = format!("{list}{rule}");
            code.match_indices(&name).any(|(at, _)| {
                let before = code[..at].chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
                let after = code[at + name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
                !before && !after
            })
        })
    };
    rules.into_iter().filter(|rule| !named(rule)).map(str::to_owned).collect()
}

#[test]
fn every_rule_of_the_table_is_one_that_something_breaks() {
    let names: Vec<String> = Rule::ALL.iter().map(|rule| format!("{rule:?}")).collect();
    none(&idle(names.iter().map(String::as_str), &program_sources()));
}

#[test]
fn an_idle_rule_is_found() {
    let text =
        "fn f() { g(Rule::Length, CheckRule::HolderName); }\n// Rule::Format\nfn h() { CodeRule::LengthOf; }";
    let sources = [Source::new("src/identity/x.rs", text), Source::new("src/rule.rs", "Rule::Category")];
    assert_eq!(
        idle(["Length", "HolderName", "Format", "LengthOf", "Category"], &sources),
        ["HolderName", "Format", "Category"]
    );
}
