use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::record::canonical;

fn entry<'a>(text: &'a str, list: &'a [&'a str]) -> AccessEntry<'a> {
    let salt = Salt([3; 16]);
    AccessEntry {
        actor: text,
        agency: None,
        answer: Digest([1; 32]),
        article: None,
        bundle: None,
        case: Some(text),
        channel: Channel::Agency,
        consent: None,
        decision: AllowedBy::GrantFields.into(),
        earlier: None,
        evidence: None,
        fields: Some(list),
        holder: holder_hash(&salt, "111", "190101199003070014"),
        holders: None,
        item: None,
        item_version: None,
        items: &[],
        joint: &[],
        linked: &[],
        log: "access-a",
        mandate: None,
        outcome: Outcome::Answered,
        presence: Some(Presence::Typed),
        reason: Some(text),
        role: None,
        salt,
        slots: None,
        ticket: None,
        types: Some(list),
    }
}

/// The same with every member that there is.
fn full<'a>(
    text: &'a str,
    list: &'a [&'a str],
    slots: &'a BTreeMap<&'a str, Vec<&'a str>>,
    hashes: &'a [ShortDigest],
) -> AccessEntry<'a> {
    AccessEntry {
        agency: Some(text),
        article: Some(text),
        consent: Some(text),
        earlier: Some("access-main/7"),
        evidence: Some(text),
        holders: Some(3),
        item: Some(text),
        item_version: Some(7),
        bundle: Some(text),
        items: list,
        joint: hashes,
        linked: hashes,
        mandate: Some(text),
        role: Some(text),
        slots: Some(slots),
        ticket: Some(text),
        ..entry(text, list)
    }
}

#[test]
fn a_stamp_sets_the_time_and_nothing_else() {
    let mut bytes = b"before".to_vec();
    let at = entry("a", &["x"]).write(&mut bytes);
    let before = bytes.clone();
    let moment: Moment = "2026-11-22T01:02:03.000004Z".parse().unwrap();
    assert!(stamp(&mut bytes, at, moment));
    assert_eq!(&bytes[at..at + AT_LEN], b"2026-11-22T01:02:03.000004Z");
    assert_eq!((&bytes[..at], &bytes[at + AT_LEN..]), (&before[..at], &before[at + AT_LEN..]));
    assert_eq!(members(&bytes[6..])["at"], "2026-11-22T01:02:03.000004Z");
    assert!(!stamp(&mut bytes[..at + 5], at, moment));
    assert!(!stamp(&mut bytes, usize::MAX, moment));
}

fn members(bytes: &[u8]) -> serde_json::Map<String, Value> {
    assert!(LoggedAccess::parse(bytes).is_ok());
    canonical::parse_canonical(bytes).unwrap().as_object().unwrap().clone()
}

fn written(entry: &AccessEntry<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let at = entry.write(&mut bytes);
    assert!(stamp(&mut bytes, at, Moment::from_micros(0)));
    bytes
}

fn digest_of(value: &Value) -> Value {
    json!([format!("sha256:{}", Digest::of(&[&canonical::to_vec(value).unwrap()]))])
}

#[test]
fn lists_give_way_to_their_digests_one_after_the_other() {
    let long: Vec<String> = (0..60).map(|number| format!("field_{number}")).collect();
    let list: Vec<&str> = long.iter().map(String::as_str).collect();
    let slots = BTreeMap::from([("身份证", list.clone())]);
    let hashes = [ShortDigest([5; 16]); 12];
    // For each list: by its digest, as it is, absent.
    let stands = |entry: &AccessEntry<'_>| {
        let members = members(&written(entry));
        let given = serde_json::to_value(entry).unwrap();
        let stand = |name| match members.get(name) {
            Some(stands) if *stands == given[name] => '=',
            Some(stands) if *stands == digest_of(&given[name]) => '#',
            Some(_) => '?',
            None => ' ',
        };
        ["fields", "slots", "types", "joint", "linked"].map(stand).iter().collect::<String>()
    };
    let full = full("a", &list, &slots, &hashes);
    assert_eq!(stands(&full), "#####");
    let items = serde_json::to_vec(&list).unwrap().len();
    assert!(written(&full).len() <= ENTRY_LIMIT + items + 10 + 5 * DIGESTED_LEN);
    // A list that fits is left as it is, and so is one shorter than its digest.
    let few = &hashes[..1];
    assert_eq!(stands(&AccessEntry { joint: few, linked: few, slots: None, ..full }), "# #==");
    let three = AccessEntry { joint: &hashes[..3], ..entry("a", &["x"]) };
    assert_eq!(stands(&three), "= == ");
    let many = AccessEntry { joint: &hashes, ..entry("a", &["x"]) };
    assert_eq!(stands(&many), "= =# ");
    assert!(written(&many).len() <= ENTRY_LIMIT);
    let linked = AccessEntry { linked: &hashes[..3], ..many };
    assert_eq!(stands(&linked), "= =#=");
}

#[test]
fn an_entry_of_one_holder_is_as_long_as_in_layout_1() {
    let entry = AccessEntry { types: None, fields: None, ..entry("失业登记", &[]) };
    let bytes = String::from_utf8(written(&entry)).unwrap();
    let names = members(bytes.as_bytes()).keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        names.join(" "),
        "actor answer at case channel decision holder log outcome presence reason salt v"
    );
    let before = bytes.replace("\"v\":2", "\"v\":1");
    assert_eq!(before.len(), bytes.len());
    let read = LoggedAccess::parse(before.as_bytes()).unwrap();
    assert_eq!((read.holders(), LoggedAccess::parse(bytes.as_bytes()).unwrap().holders()), (None, Some(1)));
    assert_eq!(read.seat_of("111", "190101199003070014"), Some(Seat::Asked));
}

#[test]
fn each_holder_is_found_by_its_own_code_and_nobody_elses() {
    let salt = Salt([3; 16]);
    let hash = |list, place, code| further_hash(&salt, list, place, "111", code);
    let joint = [hash(Seat::Joint, 0, "B"), hash(Seat::Joint, 1, "C")];
    let linked = [hash(Seat::Linked, 0, "D")];
    let entry = AccessEntry {
        joint: &joint,
        linked: &linked,
        holder: holder_hash(&salt, "111", "A"),
        ..entry("a", &["x"])
    };
    let read = LoggedAccess::parse(&written(&entry)).unwrap();
    let seat = |code| read.seat_of("111", code);
    assert_eq!(seat("A"), Some(Seat::Asked));
    assert_eq!(["B", "C"].map(seat), [Some(Seat::Joint); 2]);
    assert_eq!(seat("D"), Some(Seat::Linked));
    assert_eq!((seat("E"), read.seat_of("001", "A")), (None, None));
    // Each has a salt of its own: with one salt nobody can try a code on another hash.
    let mut salts = [(Seat::Joint, 0), (Seat::Joint, 1), (Seat::Linked, 0)]
        .map(|(list, place)| further_salt(&salt, list, place).text());
    salts.sort();
    assert!(salts.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn what_is_no_entry_is_refused() {
    let bytes = String::from_utf8(written(&entry("a", &["x"]))).unwrap();
    let refused = |from: &str, to: &str| {
        let changed = bytes.replacen(from, to, 1);
        assert_ne!(changed, bytes);
        assert_eq!(LoggedAccess::parse(changed.as_bytes()).err(), Some(EntryFault::Shape), "{changed}");
    };
    refused("\"v\":2", "\"v\":3");
    refused("\"actor\":\"a\",", "");
    refused("\"case\":\"a\"", "\"case\":null");
    refused("\"log\"", "\"kind\":\"log\",\"log\"");
    // Layout 1 has none of the members that came with layout 2.
    let later = bytes.replacen("\"fields\"", "\"evidence\":\"x\",\"fields\"", 1);
    assert!(LoggedAccess::parse(later.as_bytes()).is_ok());
    assert!(LoggedAccess::parse(later.replace("\"v\":2", "\"v\":1").as_bytes()).is_err());
}

proptest! {
    #[test]
    fn i6_an_entry_is_written_in_its_canonical_form(text in any::<String>(), list in proptest::collection::vec("\\PC{0,5}", 0..4), hashes in 0..3_usize) {
        let list: Vec<&str> = list.iter().map(String::as_str).collect();
        let slots: BTreeMap<&str, Vec<&str>> = list.iter().map(|slot| (*slot, list.clone())).collect();
        let hashes = vec![ShortDigest([9; 16]); hashes];
        for entry in [entry(&text, &list), full(&text, &list, &slots, &hashes)] {
            let mut bytes = Vec::new();
            let at = entry.write_with(&mut bytes, 0);
            prop_assert!(stamp(&mut bytes, at, Moment::from_micros(0)));
            let mut value = serde_json::to_value(entry).unwrap();
            value["at"] = json!("1970-01-01T00:00:00.000000Z");
            value["v"] = json!(2);
            prop_assert_eq!(&bytes, &canonical::to_vec(&value).unwrap());
            prop_assert!(LoggedAccess::parse(&bytes).is_ok());
        }
    }

    #[test]
    fn i9_an_instant_reads_as_its_display(micros in -62_135_596_800_000_000i64..=253_402_300_799_999_999) {
        let moment = Moment::from_micros(micros);
        prop_assert_eq!(String::from_utf8(moment.text().to_vec()).unwrap(), moment.to_string());
    }
}
