//! No function is longer than a page: 60 lines from its name to its closing brace, and 6 parameters. Longer
//! ones stand in a list with the reason; the list only shrinks.

use std::collections::BTreeMap;

use crate::none;
use crate::source::{Source, program_sources};

const LINES: usize = 60;
const PARAMETERS: usize = 6;

/// One function of the program.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    /// `src/cli/log.rs run`.
    name: String,
    lines: usize,
    /// Without the receiver.
    parameters: usize,
}

/// The functions of one file; rustfmt puts a function's closing brace at the indent of its name.
fn functions(source: &Source) -> Vec<Function> {
    let lines: Vec<(usize, &str)> = source.lines().collect();
    let mut found = Vec::new();
    for (at, (_, line)) in lines.iter().enumerate() {
        let Some(name) = name_of(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let head: String = lines[at..].iter().map(|(_, line)| format!("{line}\n")).collect();
        let Some(body) = head.find(['{', ';']).filter(|end| head[*end..].starts_with('{')) else { continue };
        // Everything on its own line.
        let one_line =
            head.lines().next().is_some_and(|line| line.len() > body && line.trim_end().ends_with('}'));
        let close = format!("{}}}", " ".repeat(indent));
        let length = match one_line {
            true => 1,
            false => lines[at..].iter().position(|(_, line)| *line == close).map_or(1, |end| end + 1),
        };
        let name = format!("{} {name}", source.path);
        found.push(Function { name, lines: length, parameters: parameters(&head[..body]) });
    }
    found
}

/// The name where a line begins a function.
fn name_of(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after.trim_start();
        if let Some(scope) = rest.strip_prefix('(') {
            rest = scope.split_once(')')?.1.trim_start();
        }
    }
    for word in ["const ", "async ", "unsafe ", "extern \"C\" "] {
        rest = rest.strip_prefix(word).unwrap_or(rest);
    }
    let name = rest.strip_prefix("fn ")?;
    let end = name.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    Some(&name[..end])
}

/// How many parameters a head has: its colons outside of inner brackets, and not those of paths.
fn parameters(head: &str) -> usize {
    let Some(open) = list_of(head) else { return 0 };
    let (mut depth, mut count, mut before) = (0_i32, 0, ' ');
    let mut chars = head[open + 1..].chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '(' | '[' | '<' => depth += 1,
            '>' if before == '-' || before == '=' => {}
            ')' if depth == 0 => break,
            ')' | ']' | '>' => depth -= 1,
            ':' if depth == 0 && before != ':' && chars.peek() != Some(&':') => count += 1,
            _ => {}
        }
        before = c;
    }
    count
}

/// Where the list of parameters opens: behind the name and its type parameters.
fn list_of(head: &str) -> Option<usize> {
    let (mut depth, mut before) = (0_i32, ' ');
    let start = head.find("fn ")?;
    for (at, c) in head[start..].char_indices() {
        match c {
            '<' => depth += 1,
            '>' if before != '-' => depth -= 1,
            '(' if depth == 0 => return Some(start + at),
            _ => {}
        }
        before = c;
    }
    None
}

/// The entries of the list: name, limit, reason.
fn allowed(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (entry, why) = line.split_once("  ").unwrap_or((line, ""));
        assert!(why.len() > 10, "no reason: {line}");
        let (name, number) = entry.rsplit_once(' ').expect("path, name and number");
        assert!(found.insert(name.to_owned(), number.parse().unwrap()).is_none(), "twice: {line}");
    }
    found
}

/// Functions above the limit that are not on the list, and entries of the list that are no longer true.
fn findings(
    functions: &[Function],
    size: impl Fn(&Function) -> usize,
    limit: usize,
    allowed: &BTreeMap<String, usize>,
) -> Vec<String> {
    let mut large: BTreeMap<&str, usize> = BTreeMap::new();
    for function in functions.iter().filter(|one| size(one) > limit) {
        let kept = large.entry(&function.name).or_default();
        *kept = (*kept).max(size(function));
    }
    let mut found = Vec::new();
    for (name, now) in &large {
        match allowed.get(*name) {
            None => found.push(format!("{name} {now}: more than {limit}")),
            Some(then) if now > then => found.push(format!("{name} {now}: it grew, the list has {then}")),
            Some(then) if now < then => {
                found.push(format!("{name} {now}: write it into the list, which has {then}"))
            }
            Some(_) => {}
        }
    }
    let gone = allowed.keys().filter(|name| !large.contains_key(name.as_str()));
    found.extend(gone.map(|name| format!("{name}: take it off the list")));
    found
}

fn all() -> Vec<Function> {
    let all: Vec<Function> = program_sources().iter().flat_map(functions).collect();
    assert!(all.len() > 1500, "the scan found only {} functions", all.len());
    all
}

#[test]
fn functions_are_short() {
    let list = allowed(include_str!("long_functions.txt"));
    none(&findings(&all(), |function| function.lines, LINES, &list));
}

#[test]
fn lists_of_parameters_are_short() {
    let list = allowed(include_str!("long_parameters.txt"));
    none(&findings(&all(), |function| function.parameters, PARAMETERS, &list));
}

#[test]
fn a_long_function_is_found_and_the_list_only_shrinks() {
    let text = format!(
        "pub(in crate::x) async fn long(a: A<B, C>) -> D {{\n{}}}\nfn short() {{}}\ntrait T {{\n    fn none(&self);\n}}\n",
        "    x();\n".repeat(59)
    );
    let found = functions(&Source::new("src/x.rs", &text));
    let sizes: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.lines)).collect();
    assert_eq!(sizes, [("src/x.rs long", 61), ("src/x.rs short", 1)]);
    let told = |list: &str| findings(&found, |one| one.lines, 60, &allowed(list));
    assert_eq!(told("").len(), 1);
    assert_eq!(told("src/x.rs long 61  falls apart with the typed answer"), [""; 0]);
    assert_eq!(told("src/x.rs long 60  falls apart with the typed answer").len(), 1, "it grew");
    assert_eq!(told("src/x.rs long 62  falls apart with the typed answer").len(), 1, "it shrank");
    let both = "src/x.rs long 61  falls apart with the typed answer\nsrc/x.rs short 70  it was long before";
    assert_eq!(told(both), ["src/x.rs short: take it off the list"]);
}

#[test]
fn parameters_are_counted_without_the_receiver() {
    let count = |head: &str| parameters(head);
    assert_eq!(count("fn f(&self)"), 0);
    assert_eq!(count("fn f<A: B, C>(&mut self, a: A, b: HashMap<C, [u8; 2]>) -> D"), 2);
    assert_eq!(count("pub fn f(\n    a: std::fmt::Result,\n    b: impl Fn(&A, B) -> Result<(), C>,\n)"), 2);
    assert_eq!(count("fn f((a, b): (A, B), Path { c, d }: Path<'_>)"), 2);
}
