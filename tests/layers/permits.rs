//! Nobody comes to the rows of a holder who was asked for without a permit. Most of it the types see to: the key of an
//! asked number is private to its checker and to the permit, the key of an identifier to the permit by identifier.
//! What they cannot see is held here: the few words that lead to rows, and the files that may say them.

use crate::none;
use crate::source::{Source, program_sources};

const REGISTRY: &str = "src/registry/";

/// Words with the files that may say them, and what they are for there.
const WORDS: &[(&str, &[&str])] = &[
    // The key of an asked number: to be charged for, or the holder's own; that of a person of staff, and of somebody who is
    // protected, of whom nothing is read.
    (".to_charge()", &["access/permit.rs"]),
    (".own_key()", &["access/list.rs", "people/protected.rs", "people/staff.rs"]),
    // The key of a code that stands in a row, a link or a record that is written; of who is named in a refusal, for its
    // list; a stock to measure on; a check.
    (
        "holder_key(",
        &[
            "access/entry.rs",
            "base/asked.rs",
            "base/linked.rs",
            "fsck/rows.rs",
            "fsck/seals.rs",
            "holders/life.rs",
            "holders/link.rs",
            "holders/past.rs",
            "holders/rekey.rs",
            "holders/told.rs",
            "records/kept.rs",
            "records/signed.rs",
            "transfer/lives.rs",
            "upkeep/bench_fill.rs",
        ],
    ),
    // Rows under a key: the scan, which takes a permit, and the names of two codes that were charged.
    (".records_page", &["holders/names.rs", "reading/lookup/scan.rs"]),
    // All of them, however many: for tests alone.
    (".records_of(", &[]),
    // The key of an identifier: the permit, and records that are written or walked over.
    (
        "identifier_key(",
        &[
            "access/named.rs",
            "fsck/rows.rs",
            "holders/lives.rs",
            "holders/rekey.rs",
            "records/directory.rs",
            "records/hosted.rs",
            "records/kept.rs",
            "records/signed.rs",
            "transfer/entries.rs",
            "transfer/parts.rs",
            "transfer/replay.rs",
        ],
    ),
    // Charging: permits, what is shown beside the asked holder, what the processes tell each other.
    (
        ".guard()",
        &[
            "access/list.rs",
            "access/named.rs",
            "access/permit.rs",
            "access/sharing.rs",
            "reading/directory.rs",
            "past/history.rs",
            "reading/lookup.rs",
            "reading/lookup/party.rs",
        ],
    ),
];

/// Files that say one of the words and are not among those that may.
fn strays(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    // What counts alarms for the operator.
    if source.top() == "store" || source.top() == "trust" || source.path == "src/serve/watched.rs" {
        return found;
    }
    let inner = source.path.strip_prefix(REGISTRY);
    for (word, files) in WORDS {
        if inner.is_some_and(|inner| files.contains(&inner)) {
            continue;
        }
        let said = source.lines().filter(|(_, text)| text.contains(word));
        found.extend(said.map(|(line, _)| format!("{}:{line}: `{word}` without a permit", source.path)));
    }
    found
}

#[test]
fn who_asks_for_a_holder_comes_to_its_rows_by_a_permit() {
    let sources = program_sources();
    none(&sources.iter().flat_map(strays).collect::<Vec<_>>());
    for (word, files) in WORDS {
        for file in *files {
            let path = format!("{REGISTRY}{file}");
            let said = sources
                .iter()
                .any(|source| source.path == path && source.lines().any(|(_, text)| text.contains(word)));
            assert!(said, "{path} no longer says {word}: take it off the list");
        }
    }
}

#[test]
fn a_way_around_the_permit_is_found() {
    for (path, text) in [
        ("src/api/v1/lookups.rs", "context.registry.guard().permit(actor, scope, key, now)?;"),
        ("src/registry/reading/new.rs", "let rows = reader.records_of(&key)?;"),
        ("src/registry/reading/new.rs", "let key = asked.to_charge();"),
        ("src/registry/actions/new.rs", "let key = reader.index().identifier_key(identifier);"),
    ] {
        assert_eq!(strays(&Source::new(path, text)).len(), 1, "{text}");
    }
    assert!(strays(&Source::new("src/store/x.rs", "index.holder_key(a, b)")).is_empty());
}
