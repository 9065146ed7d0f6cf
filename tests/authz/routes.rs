//! The addresses of the program, read from the tables that add them: `src/serve/routes.rs` says which door
//! has which module, each module says its resources. Lines that this reader does not understand fail its own
//! test.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use elicense::config::Door;

/// One method of one address at one door.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    pub door: &'static str,
    pub method: String,
    pub path: String,
}

impl std::fmt::Display for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.door, self.method, self.path)
    }
}

const METHODS: [&str; 6] = ["get", "post", "put", "patch", "delete", "head"];

/// Every route of every door, without those that are compiled for measuring only.
pub fn all() -> BTreeSet<Route> {
    let table = read("src/serve/routes.rs");
    let mut found = BTreeSet::new();
    for (doors, module, function) in modules(&table) {
        let file = file_of(&module);
        for (method, path) in resources(&file, &function) {
            found.extend(doors.iter().map(|door| Route {
                door: door.name(),
                method: method.clone(),
                path: path.clone(),
            }));
        }
    }
    found
}

/// The doors of each module's function that adds routes.
fn modules(table: &str) -> Vec<(Vec<Door>, String, String)> {
    let mut found = Vec::new();
    let mut some: Option<Vec<Door>> = None;
    for line in body(table, "of") {
        let doors = doors_named(line);
        if line.trim_start().starts_with("if ") {
            some = Some(doors);
        } else if line.trim() == "}" {
            some = None;
        } else if let Some((_, call)) = line.split_once("=> ") {
            let function = call.trim_end_matches(',').trim_end_matches("(cfg)");
            for (module, function) in calls(&body(table, function)) {
                found.push((doors.clone(), module, function));
            }
        } else {
            for (module, function) in calls(&[line]) {
                found.push((some.clone().unwrap_or(Door::ALL.to_vec()), module, function));
            }
        }
    }
    found
}

fn doors_named(line: &str) -> Vec<Door> {
    Door::ALL.into_iter().filter(|door| line.contains(&format!("Door::{door:?}"))).collect()
}

/// The lines of a function at the top of a file.
fn body<'a>(text: &'a str, function: &str) -> Vec<&'a str> {
    let head = format!("fn {function}(");
    let mut lines = text.lines().skip_while(|line| !line.contains(&head));
    assert!(lines.next().is_some(), "no function {function}");
    lines.take_while(|line| *line != "}").collect()
}

/// `module::function(cfg);` on lines of their own; a line behind a condition of the build is left out.
fn calls(lines: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut before = "";
    for line in lines {
        if let Some(call) = line.trim().strip_suffix("(cfg);")
            && !before.trim().starts_with("#[cfg(feature")
        {
            let (module, function) = call.rsplit_once("::").unwrap_or(("", call));
            found.push((module.to_owned(), function.to_owned()));
        }
        before = line;
    }
    found
}

/// `api::keys` → `src/api/keys.rs`; functions beside the table stand in `serve`.
fn file_of(module: &str) -> PathBuf {
    let inner = module.replace("::", "/");
    let places = [format!("src/{inner}.rs"), format!("src/{inner}/mod.rs"), format!("src/serve/{inner}.rs")];
    let found = places.iter().map(PathBuf::from).find(|path| root().join(path).exists());
    found.unwrap_or_else(|| panic!("no file of {module}"))
}

/// The resources that a function of a file adds, with those of the modules it calls.
fn resources(file: &Path, function: &str) -> Vec<(String, String)> {
    let text = read(file.to_str().unwrap());
    let lines = body(&text, function);
    let mut found = Vec::new();
    for (module, function) in calls(&lines) {
        let folder = file.parent().unwrap();
        let inner = module.strip_prefix("super::").unwrap_or(&module).replace("::", "/");
        found.extend(resources(&folder.join(format!("{inner}.rs")), &function));
    }
    found.extend(chains(&lines.join("\n")));
    found
}

/// Each `web::resource("…")` with the methods up to the next one.
fn chains(code: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for chain in code.split("web::resource(").skip(1) {
        let path = chain.split('"').nth(1).unwrap().to_owned();
        for method in METHODS {
            let times = chain.matches(&format!("web::{method}()")).count();
            found.extend(std::iter::repeat_n((method.to_uppercase(), path.clone()), times));
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|fault| panic!("{path}: {fault}"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs")
            && !path.to_str().unwrap().contains("/tests")
        {
            found.push(path);
        }
    }
}

/// A route that is added in an unknown way would be asked by no test.
#[test]
fn every_route_of_the_sources_is_read() {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    let (mut resources, mut methods, mut strange) = (BTreeSet::new(), 0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        // Addresses to measure against stand in no build that serves; `tests/bench_routes.rs` holds that.
        if file.ends_with("src/api/bench.rs") {
            continue;
        }
        for (method, path) in chains(code) {
            assert!(resources.insert((method, path.clone())), "{path} stands twice");
        }
        methods +=
            METHODS.iter().map(|method| code.matches(&format!("web::{method}()")).count()).sum::<usize>();
        let other = ["web::scope(", "web::method(", "cfg.route(", "web::route()", "guard::", ".to(|"];
        strange.extend(
            other.iter().filter(|word| code.contains(**word)).map(|word| format!("{file:?}: {word}")),
        );
    }
    assert!(strange.is_empty(), "{strange:?}");
    assert_eq!(methods, resources.len(), "a method outside a chain of web::resource");
    let read: BTreeSet<(String, String)> =
        all().into_iter().map(|route| (route.method, route.path)).collect();
    assert_eq!(read, resources);
}

#[test]
fn a_table_of_routes_is_read_as_it_is_written() {
    let table = "pub fn of(doors: &[Door], cfg: &mut C) {\n    health::routes(cfg);\n    if doors.iter().any(|door| \
                 matches!(door, Door::Public | Door::Agency)) {\n        web::assets::routes(cfg);\n    }\n    for door \
                 in doors {\n        match door {\n            Door::Window => window_routes(cfg),\n        }\n    \
                 }\n}\nfn window_routes(cfg: &mut C) {\n    web::window::routes(cfg);\n    #[cfg(feature = \"x\")]\n    \
                 api::bench::routes(cfg);\n}\n";
    let found = modules(table);
    let found: Vec<(&[Door], &str)> =
        found.iter().map(|(doors, module, _)| (&doors[..], module.as_str())).collect();
    let expected: [(&[Door], &str); 3] = [
        (&Door::ALL, "health"),
        (&[Door::Public, Door::Agency], "web::assets"),
        (&[Door::Window], "web::window"),
    ];
    assert_eq!(found, expected);
    let two = "web::resource(\"/a\").route(web::get().to(x)).route(web::post().to(y))).service(web::resource(\n\"/b\")";
    assert_eq!(chains(two), [("GET".into(), "/a".into()), ("POST".into(), "/a".into())]);
}
