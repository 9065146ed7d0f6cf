//! Every worked example of `schema/bytes.md` computed anew. The file was made by a second implementation in
//! another language, so it holds both to the page.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::keyed::{IndexKey, Tag};
use super::keys::tests::unhex;
use super::master::WrapName;
use super::{Aad, DataKey, EnvelopeBuf, Layout, MasterKey, SigningKey, Typ};
use crate::identity::HolderCode;
use crate::record::access::{
    self, AccessEntry, AllowedBy, Channel, LoggedAccess, Outcome, Presence, Seat, further_hash,
};
use crate::record::answer::{Answer, AnsweredRecord, AnsweredStanding, Head};
use crate::record::event::{self, Event, EventKind, Order, PublicAction};
use crate::record::verdict::{Judgement, Reason, Reasons, Verdict};
use crate::record::{Action, Digest, Record, Salt, ShortDigest, State, canonical};

/// The worked examples by name.
pub(crate) struct Examples(HashMap<&'static str, &'static str>);

impl Examples {
    pub(crate) fn read() -> Self {
        let lines = include_str!("../../fixtures/vectors/bytes.txt").lines();
        let found = lines.filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = "));
        Self(found.collect())
    }

    pub(crate) fn text(&self, name: &str) -> &'static str {
        self.0.get(name).unwrap_or_else(|| panic!("no example {name}"))
    }

    pub(crate) fn hex(&self, name: &str) -> Vec<u8> {
        unhex(self.text(name))
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> [u8; N] {
        self.hex(name).try_into().unwrap()
    }

    pub(crate) fn digest(&self, name: &str) -> Digest {
        Digest(self.array(name))
    }
}

#[test]
fn bytes_page_examples_hold() {
    let examples = Examples::read();
    assert!(examples.0.len() > 40);
    envelope(&examples);
    events(&examples);
    public(&examples);
    accesses(&examples);
    seals(&examples);
    keyed(&examples);
    holders(&examples);
}

const PAGE: &str = include_str!("../../schema/bytes.md");

#[test]
fn the_page_lists_every_kind_of_thing_that_is_signed_and_every_public_action() {
    for typ in Typ::ALL {
        let row = format!("| `{}` | ", typ.wire());
        assert!(PAGE.contains(&row), "{row}");
        let payload = format!("payload of an {}", typ.wire());
        let reserved = PAGE.contains(&format!("{row}reserved: "));
        assert!(*typ == Typ::Record || reserved != PAGE.contains(&payload), "{payload}");
    }
    let rows: Vec<Vec<&str>> = PAGE
        .lines()
        .map(|line| line.split(" | ").collect())
        .filter(|row: &Vec<&str>| row.len() == 4)
        .collect();
    for kind in EventKind::ALL {
        let listed = rows.iter().filter(|row| row[0] == format!("| `{}`", kind.wire()));
        let listed: Vec<&str> = listed.flat_map(|row| row[2].split(' ')).collect();
        let actions: Vec<String> =
            PublicAction::of(*kind).iter().map(|action| format!("`{}`", action.wire())).collect();
        assert_eq!(listed, actions, "{kind:?}");
    }
}

fn envelope(examples: &Examples) {
    let key = SigningKey::from_seed(&examples.array("envelope.seed")).unwrap();
    assert_eq!(key.verify_key().bytes()[..], examples.hex("envelope.public"));
    assert_eq!(key.kid().text(), examples.text("envelope.kid"));
    let payload = examples.text("envelope.payload").as_bytes();
    assert_eq!(Record::from_payload(payload).unwrap().to_canonical().unwrap(), payload);
    let envelope = EnvelopeBuf::sign(Typ::Record, payload, &key).unwrap();
    assert_eq!(envelope.view().header_bytes(), examples.text("envelope.header").as_bytes());
    assert_eq!(envelope.compact(), examples.text("envelope.compact"));
    assert_eq!(envelope.stored(), examples.hex("envelope.stored"));
    assert_eq!(envelope.view().digest(), examples.digest("envelope.digest"));
}

fn leaf(entry: Digest) -> Digest {
    Digest::of(&[&[0], &entry.0])
}

fn events(examples: &Examples) {
    let salt = Salt(examples.array("event.salt"));
    let subject = event::subject_hash(&salt, examples.text("event.subject_text"));
    assert_eq!(subject, examples.digest("event.subject"));
    let ground = examples.text("event.ground_text");
    assert_eq!(event::ground_hash(&salt, ground), examples.digest("event.ground"));
    let at = "2024-05-20T01:02:03.000004Z".parse().unwrap();
    let made = Event::new(EventKind::Record, Action::Issue, "11190000000012343B", salt, subject, at)
        .ground(ground)
        .record_version(Some(examples.digest("envelope.digest")), 1, None);
    assert_eq!(made.to_canonical(), examples.text("event.json").as_bytes());
    assert_eq!(made.digest(), examples.digest("event.entry"));
    assert_eq!(leaf(made.digest()), examples.digest("event.leaf"));
    assert_eq!(
        event::holder_hash(&salt, "111", "190101199003070014"),
        examples.digest("order.holder_subject")
    );
    let order = Order::from_payload(examples.text("order.json").as_bytes()).unwrap();
    assert_eq!((order.subject, order.ground.as_deref()), (subject, Some(ground)));
}

fn public(examples: &Examples) {
    let registry = SigningKey::from_seed(&examples.array("envelope.seed")).unwrap();
    let text = examples.text("public.order_json");
    let order = Order::from_payload(text.as_bytes()).unwrap();
    assert_eq!(order.to_canonical().unwrap(), text.as_bytes());
    let name = examples.text("public.subject_text");
    let salt = Salt(examples.array("public.order_salt"));
    assert_eq!((order.salt, order.subject), (salt, event::subject_hash(&salt, name)));
    let body = canonical::to_vec(&order.detail.unwrap()["body"]).unwrap();
    assert_eq!(body, examples.text("public.key_body").as_bytes());
    let envelope = EnvelopeBuf::sign(Typ::Event, text.as_bytes(), &registry).unwrap();
    assert_eq!(envelope.compact(), examples.text("public.order_compact"));
    assert_eq!(envelope.view().digest(), examples.digest("public.order_digest"));
    let salt = Salt(examples.array("event.salt"));
    let at = "2024-05-20T01:02:03.000004Z".parse().unwrap();
    let subject = event::subject_hash(&salt, name);
    let made = Event::new(EventKind::Key, PublicAction::Generate, "operator", salt, subject, at)
        .order(envelope.view().digest());
    assert_eq!(made.to_canonical(), examples.text("public.event_json").as_bytes());
    assert_eq!(made.digest(), examples.digest("public.entry"));
    assert_eq!(leaf(made.digest()), examples.digest("public.leaf"));
    let coverage = examples.text("coverage.json");
    let read: crate::catalog::Coverage = serde_json::from_str(coverage).unwrap();
    let again = canonical::to_vec(&serde_json::to_value(&read).unwrap()).unwrap();
    assert_eq!(again, coverage.as_bytes());
}

fn holders(examples: &Examples) {
    let key = IndexKey::new(&examples.array("keyed.index_key"));
    for number in 1..=12 {
        let (given, hashed) = examples.text(&format!("holder.{number}")).split_once(" -> ").unwrap();
        let (code_type, text) = given.split_once(' ').unwrap();
        let parsed = HolderCode::parse(code_type.parse().unwrap(), text).unwrap().code;
        let (key_type, key_code) = (parsed.key_type(), parsed.key_code());
        let holder = key.holder_key(key_type, key_code);
        let hex: String = holder.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(format!("{key_type} {key_code} {hex}"), hashed);
    }
}

fn accesses(examples: &Examples) {
    let judgement = Judgement { verdict: Verdict::Valid, reasons: Reasons::NONE.with(Reason::Disputed) };
    let record = AnsweredRecord {
        identifier: examples.text("event.subject_text"),
        version: 1,
        digest: examples.digest("envelope.digest"),
        judgement,
    };
    let head = Head { log: "records", root: Digest::of(&[b"root"]), size: 3 };
    let absent = [("11100000MB03271699002", "not_covered")];
    let mut scratch = Vec::new();
    let day = AnsweredStanding {
        answer: "judged",
        as_of: "2024-05-01".parse().unwrap(),
        known_at: "2024-06-01T00:00:00.000000Z".parse().unwrap(),
        was: Some((
            State::Suspended,
            1,
            Judgement { verdict: Verdict::Invalid, reasons: Reasons::NONE.with(Reason::Suspended) },
        )),
    };
    let history = Answer { heads: &[head], records: &[record], standing: Some(day), ..Answer::default() };
    assert_eq!(history.digest(&mut scratch), examples.digest("access.history"));
    assert_eq!(scratch, examples.text("access.history_json").as_bytes());
    let answer = Answer { absent: &absent, heads: &[head], records: &[record], standing: None };
    let answer = answer.digest(&mut scratch);
    assert_eq!(scratch, examples.text("access.answer_json").as_bytes());
    assert_eq!(answer, examples.digest("access.answer"));

    let salt = Salt(examples.array("event.salt"));
    let holder = event::holder_hash(&salt, "111", "190101199003070014");
    assert_eq!(holder, examples.digest("access.holder"));
    let entry = AccessEntry {
        actor: "demo-agency",
        agency: None,
        answer,
        article: None,
        bundle: None,
        case: None,
        channel: Channel::Agency,
        consent: None,
        decision: AllowedBy::GrantFields.into(),
        earlier: None,
        evidence: None,
        fields: Some(&["registered_on"]),
        holder,
        holders: None,
        item: Some("190101-0001"),
        item_version: None,
        items: &[],
        joint: &[],
        linked: &[],
        log: "access-a",
        mandate: None,
        outcome: Outcome::Answered,
        presence: Some(Presence::Typed),
        reason: Some("户口登记"),
        role: None,
        salt,
        slots: None,
        ticket: None,
        types: Some(&["11100000MB03271699001"]),
    };
    example_of_entry(examples, "access", &entry);
    shown_holders(examples, &entry);
    let slots = BTreeMap::from([
        ("0.mother_identity", vec!["name", "id_number", "valid_to"]),
        ("1.guardian_identity", vec!["name", "id_number"]),
        ("2.mother_identity", vec!["name", "id_number", "address"]),
    ]);
    let of_bundle = AccessEntry {
        agency: Some("11190101MD1000122Q"),
        bundle: Some("newborn@1"),
        case: Some("2024-1"),
        decision: AllowedBy::Slot.into(),
        fields: None,
        item: None,
        items: &[
            "11190101MD1000122Q4190101000021@1",
            "11190101MD1000122Q4190101000022@1",
            "11190101MD1000114X4190101000010@1",
        ],
        outcome: Outcome::Applied,
        role: Some("mother"),
        slots: Some(&slots),
        types: None,
        ..entry
    };
    example_of_entry(examples, "access.bundle", &of_bundle);
    // Layout 1 is only read.
    let before = examples.text("access_1.json").as_bytes();
    assert_eq!(Digest::of(&[before]), examples.digest("access_1.entry"));
    assert_eq!(leaf(Digest::of(&[before])), examples.digest("access_1.leaf"));
    let read = LoggedAccess::parse(before).unwrap();
    assert_eq!(read.seat_of("111", "190101199003070014"), Some(Seat::Asked));
}

fn example_of_entry(examples: &Examples, name: &str, entry: &AccessEntry<'_>) {
    let mut bytes = Vec::new();
    let at = entry.write(&mut bytes);
    assert!(access::stamp(&mut bytes, at, "2024-06-02T03:04:05.000006Z".parse().unwrap()));
    assert_eq!(bytes, examples.text(&format!("{name}.json")).as_bytes());
    assert_eq!(Digest::of(&[&bytes]), examples.digest(&format!("{name}.entry")));
    assert_eq!(leaf(Digest::of(&[&bytes])), examples.digest(&format!("{name}.leaf")));
}

/// Holders beside the asked one, and lists that give way.
fn shown_holders(examples: &Examples, entry: &AccessEntry<'_>) {
    let salt = entry.salt;
    let of = |number: usize| {
        let given = examples.text(&format!("access.shown.holder.{number}"));
        let mut parts = given.split(' ');
        (parts.next().unwrap(), parts.next().unwrap(), Seat::from_wire(parts.next().unwrap()).unwrap())
    };
    let hash = |number, list, place| {
        let (code_type, code, seat) = of(number);
        assert_eq!(seat, list);
        further_hash(&salt, list, place, code_type, code)
    };
    let (linked, joint) = ([hash(2, Seat::Linked, 0)], [hash(3, Seat::Joint, 0), hash(4, Seat::Joint, 1)]);
    assert_eq!(access::further_salt(&salt, Seat::Joint, 1).0, examples.array("access.shown.salt_of_joint_1"));
    let evidence = access::reader_evidence(&salt, examples.text("access.shown.reader_text"));
    let shown = AccessEntry {
        actor: "account:zhou",
        agency: Some("11190101MD10000425"),
        case: Some("2024-1"),
        channel: Channel::Window,
        evidence: Some(&evidence),
        fields: None,
        holders: Some(4),
        item_version: Some(2),
        joint: &joint,
        linked: &linked,
        presence: Some(Presence::CardRead),
        role: Some("applicant"),
        types: None,
        ..*entry
    };
    example_of_entry(examples, "access.shown", &shown);
    let read = LoggedAccess::parse(examples.text("access.shown.json").as_bytes()).unwrap();
    for number in 1..=4 {
        let (code_type, code, seat) = of(number);
        assert_eq!(read.seat_of(code_type, code), Some(seat));
    }

    let whole: Value = serde_json::from_str(examples.text("access.long.lists_in_full")).unwrap();
    let texts = |value: &Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
    };
    let joint: Vec<_> =
        texts(&whole["joint"]).iter().map(|text| ShortDigest::from_text(text).unwrap()).collect();
    let (fields, types) = (texts(&whole["fields"]), texts(&whole["types"]));
    let slots = ["户口登记卡", "结婚证"].map(|slot| (slot, texts(&whole["slots"][slot])));
    fn refs(texts: &[String]) -> Vec<&str> {
        texts.iter().map(String::as_str).collect()
    }
    let slots = slots.iter().map(|(slot, fields)| (*slot, refs(fields))).collect();
    let cited = access::cited(&examples.digest("envelope.digest"));
    let long = AccessEntry {
        article: Some("《审计法》第三十四条"),
        consent: Some(&cited),
        fields: Some(&refs(&fields)),
        holders: Some(14),
        joint: &joint,
        mandate: Some(examples.text("event.subject_text")),
        slots: Some(&slots),
        ticket: Some("7c1e0f"),
        types: Some(&refs(&types)),
        ..shown
    };
    example_of_entry(examples, "access.long", &long);
}

fn seals(examples: &Examples) {
    let id = examples.text("seal.key_id").parse().unwrap();
    let key = DataKey::new(id, &examples.array("seal.key")).unwrap();
    for (layout, name) in [(Layout::PRESENT, "seal"), (Layout::First, "seal.layout_1")] {
        let of = |part: &str| examples.hex(&format!("{name}.{part}"));
        let mut aad = Aad::new();
        aad.start(layout, "records", id).text("active").integer(-1).boolean(true).null().raw(&[9; 16]);
        assert_eq!(aad.bytes(), of("additional"));
        let mut sealed = Vec::new();
        key.seal_with(examples.array("seal.nonce"), &aad, &of("plain"), &mut sealed).unwrap();
        assert_eq!(sealed, of("sealed"));
        assert_eq!(key.open_in_place(&aad, &mut sealed).unwrap(), of("plain"));
    }

    let master = MasterKey::from_bytes(examples.array("wrap.master"));
    let name = WrapName { kind: examples.text("wrap.kind"), name: examples.text("wrap.name") };
    let wrapped = master.wrap_with(examples.array("wrap.nonce"), name, &examples.hex("wrap.key")).unwrap();
    assert_eq!(wrapped, examples.hex("wrap.wrapped"));
    assert_eq!(*master.unwrap(name, &wrapped).unwrap(), examples.hex("wrap.key"));
    let check = WrapName { kind: "check", name: "master_key_check" };
    for (oldest, name) in [(vec![Layout::PRESENT.byte()], "check"), (vec![], "check.layout_1")] {
        let text = [b"elicense master key check".to_vec(), oldest].concat();
        let wrapped = master.wrap_with(examples.array("wrap.nonce"), check, &text).unwrap();
        assert_eq!(wrapped, examples.hex(&format!("{name}.wrapped")));
    }
    assert_eq!(master.derive("token")[..], examples.hex("master.derived_token"));
}

fn keyed(examples: &Examples) {
    let key = IndexKey::new(&examples.array("keyed.index_key"));
    let expect = |name: &str, key: [u8; 16]| assert_eq!(key[..], examples.hex(name), "{name}");
    expect("keyed.h", *key.holder_key("111", "190101199003070014").bytes());
    expect(
        "keyed.n",
        key.number_key("11190000000012343B", "11100000MB03271699001", "J190101-2024-000123", 1),
    );
    expect("keyed.i", key.identifier_key(examples.text("event.subject_text")));
    let record = Record::from_payload(examples.text("envelope.payload").as_bytes()).unwrap();
    let content = record.content_form().unwrap();
    assert_eq!(content, examples.text("keyed.content_json").as_bytes());
    let listed = examples.text("record.status_json").as_bytes();
    let record = Record::from_payload(listed).unwrap();
    assert_eq!(
        (record.to_canonical().unwrap(), record.content_form().unwrap()),
        (listed.to_vec(), content.clone())
    );
    assert!(canonical::is_canonical(&content));
    expect("keyed.c", key.content_key(&content));
    for len in [65_534, 65_535, 70_000] {
        let field = vec![0; len];
        expect(&format!("keyed.c_of_{len}_zero_bytes"), key.key16(Tag::Content, &[&field]));
    }
    expect("keyed.r", key.idempotency_key("demo-agency", "0c8b7d2e"));
    expect("keyed.a", key.attachment_key(&Digest::of(&[b"abc"])));
}
