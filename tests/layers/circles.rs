//! No circle of files: the uses between files, read from the paths in the sources, and the circles among
//! them.
//!
//! A path is followed through `mod` and `use` lines to the file that defines the item. `pub use` is a name
//! and not a use: a room's `mod.rs` may name the items of its files.

use std::collections::{BTreeMap, BTreeSet};

use super::source::Source;

/// A module: its file, its children, and the names that its `use` lines bring in.
#[derive(Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    names: BTreeMap<String, Vec<String>>,
    /// Absolute paths that its code uses.
    used: Vec<Vec<String>>,
}

/// Module path of a file: `src/log/tile.rs` is `log`, `tile`.
fn module_path(path: &str) -> Vec<String> {
    let inner = path.strip_prefix("src/").unwrap_or(path);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    if ["lib", "main"].contains(&inner) { Vec::new() } else { inner.split('/').map(str::to_owned).collect() }
}

/// The paths of a `use` tree, each with the name that it brings in.
fn leaves(prefix: &[String], tree: &str, found: &mut Vec<(Vec<String>, String)>) {
    let tree = tree.trim();
    if let Some(open) = tree.find('{') {
        let mut prefix = prefix.to_vec();
        prefix.extend(
            tree[..open].split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned),
        );
        let inner = tree[open + 1..].strip_suffix('}').unwrap_or("");
        let (mut depth, mut from) = (0, 0);
        for (at, c) in inner.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    leaves(&prefix, &inner[from..at], found);
                    from = at + 1;
                }
                _ => {}
            }
        }
        leaves(&prefix, &inner[from..], found);
        return;
    }
    if tree.is_empty() {
        return;
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let mut full = prefix.to_vec();
    full.extend(path.split("::").map(|part| part.trim().to_owned()));
    if full.last().is_some_and(|last| last == "self") {
        full.pop();
    }
    let name = alias.map(str::trim).or(full.last().map(String::as_str)).unwrap_or("").to_owned();
    found.push((full, name));
}

/// A path as written in module `own`, from the crate's root; none where it leads elsewhere.
fn absolute(own: &[String], children: &BTreeSet<String>, path: &[String]) -> Option<Vec<String>> {
    let first = path.first()?;
    match first.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(own.iter().chain(&path[1..]).cloned().collect()),
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            let stem = own.get(..own.len().checked_sub(up)?)?;
            Some(stem.iter().chain(&path[up..]).cloned().collect())
        }
        child if children.contains(child) => Some(own.iter().chain(path).cloned().collect()),
        _ => None,
    }
}

/// Every chain of names joined by `::` in a text, with whether letters go on before it.
fn chains(text: &str) -> Vec<Vec<String>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for part in text.split(|c: char| !word(c) && c != ':') {
        let names: Vec<String> = part.split("::").map(str::to_owned).collect();
        if names.len() > 1 && names.iter().all(|name| !name.is_empty() && !name.contains(':')) {
            found.push(names);
        }
    }
    found
}

fn module(source: &Source) -> Module {
    let text: String = source.lines().map(|(_, line)| format!("{line}\n")).collect();
    let own = module_path(&source.path);
    let mut module = Module { file: source.path.clone(), ..Module::default() };
    let mut body = String::new();
    let mut uses: Vec<(String, bool)> = Vec::new();
    let mut rest = text.as_str();
    while let Some((statement, after)) = rest.split_once('\n') {
        let bare = statement.trim_start();
        let public = bare.starts_with("pub");
        let item = bare.strip_prefix("pub").map_or(bare, |item| {
            let item = item.trim_start();
            item.strip_prefix('(')
                .and_then(|item| item.split_once(')'))
                .map_or(item, |(_, item)| item)
                .trim_start()
        });
        if item.starts_with("use ") {
            let end = rest.find(';').unwrap_or(rest.len() - 1);
            let whole =
                rest.get(..end).and_then(|whole| whole.split_once("use ")).map_or("", |(_, tree)| tree);
            let whole = whole.replace('\n', " ");
            uses.push((whole, public));
            rest = rest.get(end + 1..).unwrap_or("");
            continue;
        }
        if let Some(name) = item.strip_prefix("mod ").and_then(|name| name.trim_end().strip_suffix(';')) {
            module.children.insert(name.to_owned());
        }
        body.push_str(statement);
        body.push('\n');
        rest = after;
    }
    for (tree, public) in uses {
        let mut paths = Vec::new();
        leaves(&[], &tree, &mut paths);
        for (path, name) in paths {
            let Some(path) = absolute(&own, &module.children, &path) else { continue };
            if !public {
                module.used.push(path.clone());
            }
            module.names.insert(name, path);
        }
    }
    for chain in chains(&body) {
        let path = absolute(&own, &module.children, &chain);
        // A name that a `use` line brought in was counted with that line.
        module.used.extend(path);
    }
    module
}

type Modules = BTreeMap<Vec<String>, Module>;

/// The file that defines the item of a path.
fn defined_in<'m>(modules: &'m Modules, path: &[String], depth: usize) -> Option<&'m str> {
    let mut at = Vec::new();
    let mut current = modules.get(&at)?;
    for (index, part) in path.iter().enumerate() {
        at.push(part.clone());
        if current.children.contains(part) {
            current = modules.get(&at)?;
            continue;
        }
        let named = current.names.get(part).filter(|_| depth < 16);
        return match named {
            Some(named) => {
                let onward: Vec<String> = named.iter().chain(&path[index + 1..]).cloned().collect();
                defined_in(modules, &onward, depth + 1)
            }
            None => Some(&current.file),
        };
    }
    Some(&current.file)
}

/// From each file to the files that it uses.
pub fn graph(sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources.iter().filter(|source| source.path != "src/main.rs");
    let modules: Modules = sources.map(|source| (module_path(&source.path), module(source))).collect();
    let uses = |module: &Module| {
        let files = module.used.iter().filter_map(|path| defined_in(&modules, path, 0));
        files.filter(|file| *file != module.file).map(str::to_owned).collect()
    };
    modules.values().map(|module| (module.file.clone(), uses(module))).collect()
}

/// Groups of files that lead to each other, each in order of their names.
pub fn circles(graph: &BTreeMap<String, BTreeSet<String>>) -> Vec<Vec<String>> {
    let reach: BTreeMap<&String, BTreeSet<&String>> =
        graph.keys().map(|file| (file, reached(graph, file))).collect();
    let mut found = BTreeSet::new();
    for (file, ahead) in &reach {
        let circle: Vec<String> = ahead
            .iter()
            .filter(|other| reach.get(**other).is_some_and(|back| back.contains(file)))
            .map(|other| (*other).clone())
            .collect();
        if !circle.is_empty() {
            found.insert(circle);
        }
    }
    found.into_iter().collect()
}

/// All files that one leads to; itself only over another.
fn reached<'g>(graph: &'g BTreeMap<String, BTreeSet<String>>, file: &String) -> BTreeSet<&'g String> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&String> = graph.get(file).into_iter().flatten().collect();
    while let Some(file) = next.pop() {
        if found.insert(file) {
            next.extend(graph.get(file).into_iter().flatten());
        }
    }
    found
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let sources = super::source::program_sources();
    let graph = graph(&sources);
    let arrows: usize = graph.values().map(BTreeSet::len).sum();
    assert!(arrows > 800, "the scan found only {arrows} uses");
    let found = circles(&graph);
    let shown: Vec<String> = found.iter().map(|circle| circle.join(" <-> ")).collect();
    assert!(found.is_empty(), "{}", shown.join("\n"));
}

#[test]
fn a_circle_of_files_is_found_however_it_is_written() {
    let circle = |files: &[(&str, &str)]| {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        circles(&graph(&sources)).len()
    };
    let root = ("src/lib.rs", "mod a;\nmod b;\n");
    assert_eq!(circle(&[root, ("src/a.rs", "use crate::b::B;"), ("src/b.rs", "use crate::a::A;")]), 1);
    assert_eq!(
        circle(&[root, ("src/a.rs", "fn f() { crate::b::g(); }"), ("src/b.rs", "use super::a::A;")]),
        1
    );
    assert_eq!(
        circle(&[root, ("src/a.rs", "use crate::b::{self,\n    B};"), ("src/b.rs", "pub struct B;")]),
        0
    );
    // Over a name that a folder's module passes on.
    let room = [
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "mod x;\nmod y;\npub use x::X;\npub use y::Y;\n"),
        ("src/a/x.rs", "use super::Y;\npub struct X;"),
        ("src/a/y.rs", "use crate::a::X;\npub struct Y;"),
    ];
    assert_eq!(circle(&room), 1);
    let only_named = [room[0], room[1], ("src/a/x.rs", "pub struct X;"), ("src/a/y.rs", "use super::X;")];
    assert_eq!(circle(&only_named), 0);
    // A parent that calls its child, which uses the parent's item.
    let parent = [
        ("src/lib.rs", "mod a;"),
        ("src/a.rs", "mod x;\npub struct A;\nfn f() { x::g(); }"),
        ("src/a/x.rs", "use super::A;\npub fn g() {}"),
    ];
    assert_eq!(circle(&parent), 1);
}
