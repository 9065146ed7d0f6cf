//! The parts of a lookup and of an issue, one at a time: `cargo bench --bench parts`.
//!
//! They show which part grew. `benches/http/run` measures the cost of a whole lookup.
#![expect(clippy::unwrap_used, reason = "a bench that cannot set itself up ends")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use elicense::catalog::items::ItemDef;
use elicense::clock::Moment;
use elicense::identity::{CodeType, HolderCode};
use elicense::log::{BatchTree, Hash, LogSigner, Tree, hash, receipt};
use elicense::policy::{Actor, Client, Grant, Right, Scope, decide, decide_by, item_right};
use elicense::record::access::{AccessEntry, AllowedBy, Channel, Outcome, Presence, Seat, further_hash};
use elicense::record::answer::{Answer, AnsweredRecord, Head};
use elicense::record::event::holder_hash;
use elicense::record::{Digest, Facts, Salt, State, canonical, verdict};
use elicense::trust::keys::{BatchItem, verify_batch};
use elicense::trust::{Aad, DataKey, EnvelopeBuf, IndexKey, Layout, SigningKey, Typ};
use serde_json::{Value, json};

const PERSON: &str = "190101198803120021";
const COMPANY: &str = "91190101MD1000018C";

/// A payload of 1.1 KB, the middle of the twelve types.
fn payload() -> Value {
    let face: serde_json::Map<String, Value> =
        (0..16).map(|at| (format!("field_{at:02}"), json!("示范省示范市城东区桃源路1号"))).collect();
    json!({
        "face": face, "identifier": "1.2.156.3005.2.x", "salt": "AAAAAAAAAAAAAAAAAAAAAA", "v": 1, "version": 1,
        "holders": [{"code": PERSON, "code_type": "111", "name": "周海燕", "role": "holder"}],
        "issued_on": "2020-05-06", "issuer": {"code": "11190101MD10000500", "name": "示范市行政审批局"},
    })
}

fn identity(c: &mut Criterion) {
    c.bench_function("parse a citizen ID number", |b| {
        b.iter(|| HolderCode::parse(CodeType::CitizenId, black_box(PERSON)).unwrap())
    });
    c.bench_function("parse a credit code", |b| {
        b.iter(|| HolderCode::parse(CodeType::CreditCode, black_box(COMPANY)).unwrap())
    });
    let index = IndexKey::new(&[1; 32]);
    c.bench_function("holder key", |b| b.iter(|| index.holder_key("111", black_box(PERSON))));
}

fn signing(c: &mut Criterion) {
    let value = payload();
    let bytes = canonical::to_vec(&value).unwrap();
    c.bench_function("canonical bytes of 1.1 KB", |b| {
        b.iter(|| canonical::to_vec(black_box(&value)).unwrap())
    });
    c.bench_function("strict reading of 1.1 KB", |b| {
        b.iter(|| canonical::parse_canonical(black_box(&bytes)).unwrap())
    });
    let key = SigningKey::from_seed(&[7; 32]).unwrap();
    let public = key.verify_key();
    c.bench_function("sign an envelope", |b| {
        b.iter(|| EnvelopeBuf::sign(Typ::Record, black_box(&bytes), &key).unwrap())
    });
    let envelope = EnvelopeBuf::sign(Typ::Record, &bytes, &key).unwrap();
    c.bench_function("verify an envelope", |b| {
        b.iter(|| black_box(&envelope).view().verify(Typ::Record, |_| Some(public)).map(|_| ()).unwrap())
    });
    c.bench_function("digest of an envelope", |b| b.iter(|| black_box(&envelope).view().digest()));
    c.bench_function("kid of a stored envelope", |b| b.iter(|| black_box(&envelope).view().kid().unwrap()));
    let input = envelope.view().signing_input();
    let signature = *envelope.view().signature();
    let items = vec![BatchItem { key: &public, message: &input, signature: &signature }; 64];
    c.bench_function("verify a batch of 64", |b| b.iter(|| verify_batch(black_box(&items)).unwrap()));
    let mut out = Vec::new();
    c.bench_function("write the compact form", |b| {
        b.iter(|| {
            out.clear();
            envelope.view().write_compact(&mut out);
        })
    });
}

fn sealing(c: &mut Criterion) {
    let key = DataKey::new(1, &[3; 32]).unwrap();
    let mut aad = Aad::new();
    aad.start(Layout::PRESENT, "records", 1).raw(&[9; 16]).text("11190000MD10009070001").integer(1);
    let plain = vec![b'x'; 1_200];
    c.bench_function("seal 1.2 KB", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            key.seal(&aad, black_box(&plain), &mut out).unwrap();
        })
    });
    let mut sealed = Vec::new();
    key.seal(&aad, &plain, &mut sealed).unwrap();
    let mut copy = sealed.clone();
    c.bench_function("open 1.2 KB", |b| {
        b.iter(|| {
            copy.copy_from_slice(&sealed);
            key.open_in_place(&aad, black_box(&mut copy)).map(|text| text.len()).unwrap()
        })
    });
}

fn log(c: &mut Criterion) {
    let leaves: Vec<Hash> = (0..1_000_u32).map(|at| hash::leaf_hash(&[at.to_le_bytes()[0]; 32])).collect();
    let mut tree = Tree::empty();
    (0..1_000_003_u32).for_each(|at| tree.append(Hash([at.to_le_bytes()[0]; 32])));
    c.bench_function("append one leaf to a frontier of 10^6", |b| {
        b.iter_batched_ref(
            || tree.clone(),
            |tree| tree.append(black_box(Hash([1; 32]))),
            criterion::BatchSize::SmallInput,
        )
    });
    let batch_leaves: Vec<Hash> = leaves.iter().take(24).copied().collect();
    c.bench_function("batch of 24 leaves on 10^6", |b| {
        b.iter(|| BatchTree::new(&tree, black_box(&batch_leaves)))
    });
    let batch = Arc::new(BatchTree::new(&tree, &batch_leaves));
    c.bench_function("inclusion proof of 20 hashes", |b| {
        b.iter(|| batch.inclusion(black_box(1_000_010)).unwrap())
    });
    let signer = LogSigner::new("bench.example/access-main", &[5; 32]).unwrap();
    c.bench_function("sign a checkpoint", |b| {
        b.iter(|| signer.checkpoint(1_000_027, black_box(&batch.root())))
    });
    let (note, proof) = (signer.checkpoint(1_000_027, &batch.root()), batch.inclusion(1_000_010).unwrap());
    let entry = vec![b'e'; 520];
    c.bench_function("write a receipt", |b| {
        b.iter(|| receipt::write("access-main", 1_000_010, black_box(&entry), proof.clone(), &note))
    });
}

/// 失业登记 under another code.
fn item_of(code: &str) -> ItemDef {
    let item = ItemDef::builtin().unwrap().into_iter().find(|item| item.name == "失业登记").unwrap();
    ItemDef { code: code.to_owned(), ..item }
}

fn answering(c: &mut Criterion) {
    let grants: Vec<Grant> = serde_json::from_value(json!([
        {"types": ["11190000MD10009070001", "11190000MD10009070002"], "fields": ["name", "id_number"], "purposes": ["A"]},
        {"types": "*", "fields": "whole", "purposes": ["失业登记"]},
    ]))
    .unwrap();
    let client = Client {
        id: "bench".into(),
        agency: "11190101MD10000500".into(),
        name: "bench".into(),
        scopes: vec![Scope::Lookup],
        grants: grants.into(),
        budget: 1,
        enabled: true,
        epoch: 1,
    };
    let actor = Actor::Client { client: Arc::new(client.clone()), scopes: vec![Scope::Lookup] };
    c.bench_function("policy decision", |b| {
        b.iter(|| decide(&actor, Scope::Lookup, black_box("11190000MD10009070001"), Some("失业登记")))
    });
    // A whole city: five types for each of 2,000 items, and a slot that asks for three fields of one.
    let item = |number: usize| format!("11190101MD10000500419010100{number:04}");
    let many = (0..10_000).map(|at| {
        let fields = json!(["name", "valid_to", "address", "id_number"]);
        let code = format!("11190000MD1000907{:04}", at / 2_000);
        serde_json::from_value(json!({"types": [code], "fields": fields, "purposes": [item(at % 2_000)]}))
            .unwrap()
    });
    let many: Vec<Grant> = many.collect();
    let city = Client { grants: many.into(), id: "city".into(), ..client.clone() };
    let city = Actor::Client { client: Arc::new(city), scopes: vec![Scope::Lookup] };
    let asked = item_of(&item(1_234));
    let role = asked.parties.first().unwrap();
    let right = Right::BySlots { item: &asked, role, narrowed: true, typed: false };
    c.bench_function("policy decision by a slot, 10,000 grants, 2,000 items", |b| {
        b.iter(|| {
            item_right(&city, black_box(&asked.code), false).unwrap();
            decide_by(&city, Scope::Lookup, &right, black_box(("11190000MD10009070003", "resident_id_card")))
        })
    });
    let now: Moment = "2026-11-22T01:00:00.000000Z".parse().unwrap();
    let facts = Facts::good(State::Active);
    c.bench_function("verdict", |b| b.iter(|| verdict(black_box(&facts), now.day(), now)));
    c.bench_function("text of an instant", |b| b.iter(|| black_box(now).text()));
    let records = [AnsweredRecord {
        identifier: "1.2.156.3005.2.11190000MD10009070001.11190101MD10000500.ABCDEFGHIJKLMNOPQRST.001.X",
        version: 1,
        digest: Digest([4; 32]),
        judgement: verdict(&facts, now.day(), now),
    }; 6];
    let heads = [Head { log: "records", root: Digest([2; 32]), size: 600_000 }];
    let mut scratch = Vec::new();
    c.bench_function("answer digest of 6 records", |b| {
        b.iter(|| {
            Answer { absent: &[], heads: &heads, records: black_box(&records), standing: None }
                .digest(&mut scratch)
        })
    });
    let salt = Salt([1; 16]);
    let entry = AccessEntry {
        earlier: None,
        actor: "client:bench",
        agency: None,
        answer: Digest([1; 32]),
        article: None,
        case: Some("BJ-2026-0001"),
        channel: Channel::Agency,
        consent: None,
        decision: AllowedBy::GrantWhole.into(),
        evidence: None,
        fields: None,
        holder: holder_hash(&salt, "111", PERSON),
        holders: None,
        item: Some("失业登记"),
        item_version: None,
        bundle: None,
        items: &[],
        joint: &[],
        linked: &[],
        log: "access-main",
        mandate: None,
        outcome: Outcome::Answered,
        presence: Some(Presence::Typed),
        reason: Some("窗口办理"),
        role: None,
        salt,
        slots: None,
        ticket: None,
        types: None,
    };
    c.bench_function("access entry", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            AccessEntry { holder: holder_hash(&salt, "111", black_box(PERSON)), ..entry }.write(&mut out)
        })
    });
    c.bench_function("access entry with a co-holder", |b| {
        let mut out = Vec::new();
        b.iter(|| {
            out.clear();
            let joint = [further_hash(&salt, Seat::Joint, 0, "111", black_box(PERSON))];
            AccessEntry {
                holder: holder_hash(&salt, "111", black_box(PERSON)),
                holders: Some(2),
                joint: &joint,
                ..entry
            }
            .write(&mut out)
        })
    });
}

criterion_group! {
    name = parts;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(20);
    targets = identity, signing, sealing, log, answering
}
criterion_main!(parts);
