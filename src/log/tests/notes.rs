//! Signed notes, verifier keys, tile paths, receipts: published vectors, our own, and each tampered.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;
use proptest::prelude::*;

use super::{entries, leaves, signer};
use crate::log::batch::BatchTree;
use crate::log::frontier::Tree;
use crate::log::hash::{Hash, sha256};
use crate::log::note::{Checkpoint, LogSigner, LogVerifier, NoteFault};
use crate::log::receipt::{self, Receipt, ReceiptFault};
use crate::log::tile::{TileKind, TilePath, bundle, entries_of_bundle};
use crate::trust::keys::KeyFault;

const PUBLISHED: &str = include_str!("../../../fixtures/vectors/signed_note.txt");

fn public_key() -> [u8; 32] {
    ed25519_dalek::SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes()
}

/// Every text that differs from `text` in one bit of one byte and is still UTF-8.
fn one_bit_off(text: &str) -> impl Iterator<Item = String> + '_ {
    (0..text.len() * 8).filter_map(|bit| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        String::from_utf8(bytes).ok()
    })
}

#[test]
fn a_verifier_key_is_refused_for_its_point_as_an_issuers_key_is() {
    let vectors = include_str!("../../../fixtures/vectors/verifier_keys.txt");
    let mut told = std::collections::BTreeMap::new();
    for line in vectors.lines().filter(|line| !line.starts_with('#')) {
        let (why, key) = line.split_once(" | ").unwrap();
        let fault = key.parse::<LogVerifier>().unwrap_err();
        let expected = match why {
            "weak" => KeyFault::Weak,
            "second" => KeyFault::NotCanonical,
            _ => KeyFault::NotAPoint,
        };
        assert_eq!(fault, NoteFault::Point(expected), "{key}");
        *told.entry(why).or_insert(0) += 1;
    }
    assert_eq!(Vec::from_iter(told), [("none", 1), ("second", 38), ("weak", 10)]);
    let good = signer().verifier().to_string();
    assert_eq!(good.parse::<LogVerifier>().unwrap().to_string(), good);
}

#[test]
fn the_published_note_verifies_and_tampered_it_does_not() {
    let mut lines = PUBLISHED.splitn(4, '\n').skip(2);
    let (key, note) = (lines.next().unwrap(), lines.next().unwrap());
    let verifier: LogVerifier = key.parse().unwrap();
    assert_eq!(verifier.to_string(), key);
    assert!(verifier.open(note).unwrap().ends_with("what your problem is.\n"));
    for wrong in one_bit_off(note) {
        assert!(verifier.open(&wrong).is_err(), "{wrong}");
    }
    for wrong in one_bit_off(key) {
        assert!(wrong.parse::<LogVerifier>().is_err(), "{wrong}");
    }
    let witnessed = format!("{note}— witness.test AAAAAAAA\n");
    assert!(verifier.open(&witnessed).is_ok(), "lines of unknown keys are passed over");
    assert_eq!(signer().verifier().open(note), Err(NoteFault::Unsigned));
}

#[test]
fn a_checkpoint_is_three_lines_of_its_own_log() {
    let signer = signer();
    let root = Hash(sha256(b"root"));
    let note = signer.checkpoint(20_852_163, &root);
    let text = "elicense.test/logs/access-test\n20852163\nSBNJTRN+FjG7owHVrKtue7eqdM4RhdRWVl71HXN2d7I=\n";
    assert_eq!(signer.verifier().open(&note), Ok(text));
    let checkpoint = signer.verifier().checkpoint(&note).unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (20_852_163, root));
    for wrong in one_bit_off(&note) {
        assert!(signer.verifier().checkpoint(&wrong).is_err(), "{wrong}");
    }
    for wrong in [
        text.replace("20852163", "020852163"),
        text.replace("20852163", "+20852163"),
        text.replace("7I=", "7J="),
        text.replace("7I=", "7I"),
        format!("{text}extension\n"),
        text.trim_end().to_owned(),
        text.replace('\n', "\r\n"),
    ] {
        assert!(wrong.parse::<Checkpoint>().is_err(), "{wrong:?}");
    }
    let text = text.replace("test/logs/access-test", "test/logs/else");
    let signed = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).sign(text.as_bytes()).to_bytes();
    let id = sha256(&[b"elicense.test/logs/access-test\n\x01", &public_key()[..]].concat());
    let line = STANDARD.encode([&id[..4], &signed[..]].concat());
    let else_origin = format!("{text}\n— elicense.test/logs/access-test {line}\n");
    assert_eq!(signer.verifier().open(&else_origin), Ok(text.as_str()), "signed, but not for this log:");
    assert_eq!(signer.verifier().checkpoint(&else_origin), Err(NoteFault::Checkpoint));
    let other = LogSigner::new("elicense.test/logs/other", &[7; 32]).unwrap();
    assert!(other.verifier().checkpoint(&note).is_err(), "a log's key signs for its origin only");
}

#[test]
fn an_origin_is_a_key_name() {
    for origin in ["", "a b", "a+b", "a\nb", "a\u{3000}b", "a\u{7f}"] {
        assert_eq!(LogSigner::new(origin, &[7; 32]).err(), Some(NoteFault::Origin), "{origin:?}");
    }
    assert_eq!(format!("{:?}", signer()), "LogSigner(elicense.test/logs/access-test)");
}

#[test]
fn tile_paths_have_one_form() {
    let path = |kind, index, width| TilePath { kind, index, width };
    for (text, parsed) in [
        ("tile/0/000", path(TileKind::Hashes(0), 0, 256)),
        ("tile/0/x001/067", path(TileKind::Hashes(0), 1067, 256)),
        ("tile/1/x001/x234/067.p/17", path(TileKind::Hashes(1), 1_234_067, 17)),
        ("tile/entries/x999/999.p/255", path(TileKind::Entries, 999_999, 255)),
        ("tile/63/018", path(TileKind::Hashes(63), 18, 256)),
    ] {
        assert_eq!(text.parse(), Ok(parsed));
        assert_eq!(parsed.to_string(), text);
    }
    for refused in [
        "tile/0/x000/067",
        "tile/0/67",
        "tile/0/0067",
        "tile/0/001/067",
        "tile/0/x067",
        "tile/64/000",
        "tile/00/000",
        "tile/+1/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/",
        "tile/0",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/xx001/067",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/..",
        "tile/entries/0x1",
    ] {
        assert!(refused.parse::<TilePath>().is_err(), "{refused}");
    }
}

#[test]
fn a_bundle_frames_each_entry_with_its_length() {
    let entries = entries("b", 0, 3);
    let bytes = bundle(&entries);
    assert_eq!((bytes.len(), &bytes[..2]), (102, &[0, 32][..]));
    assert_eq!(entries_of_bundle(&bytes), Some(entries));
    assert_eq!(entries_of_bundle(&bytes[..101]), None);
    assert_eq!(entries_of_bundle(&[vec![0, 31], vec![0; 32]].concat()), None);
}

proptest! {
    #[test]
    fn every_tile_path_reads_back(level in 0_u8..64, index: u64, width in 1_u16..=256, data: bool) {
        let kind = if data { TileKind::Entries } else { TileKind::Hashes(level) };
        let path = TilePath { kind, index, width };
        prop_assert_eq!(path.to_string().parse(), Ok(path));
    }
}

#[test]
fn a_receipt_holds_by_itself_and_is_canonical() {
    let signer = signer();
    let entry = br#"{"at":"2026-11-22T01:02:03.000000Z","log":"access-\"test\"\\\u0001","v":1}"#.to_vec();
    let mut hashes = entries("r", 0, 11);
    hashes[6] = sha256(&entry);
    let leaves = leaves(&hashes);
    let batch = BatchTree::new(&BatchTree::new(&Tree::empty(), &leaves[..5]).tree(), &leaves[5..]);
    let note = signer.checkpoint(11, &batch.root());
    let text = receipt::write("access-\"test\"\\\u{1}", 6, &entry, batch.inclusion(6).unwrap(), &note);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json_canonicalizer::to_string(&value).unwrap(), text);

    let receipt = Receipt::parse(&text).unwrap();
    let (opened, checkpoint) = receipt.verify(signer.verifier()).unwrap();
    assert_eq!((opened, checkpoint.size), (entry, 11));
    let refused = |change: &dyn Fn(&mut Receipt)| {
        let mut wrong = receipt.clone();
        change(&mut wrong);
        wrong.verify(signer.verifier()).unwrap_err()
    };
    assert_eq!(refused(&|receipt| receipt.index = 7), ReceiptFault::NotIncluded);
    assert_eq!(refused(&|receipt| receipt.log.push('x')), ReceiptFault::Malformed);
    assert_eq!(refused(&|receipt| receipt.entry.replace_range(4..5, "A")), ReceiptFault::NotIncluded);
    assert_eq!(refused(&|receipt| receipt.entry.push('=')), ReceiptFault::Malformed);
    assert_eq!(refused(&|receipt| receipt.proof.swap(0, 1)), ReceiptFault::NotIncluded);
    let other = signer.checkpoint(11, &Hash(sha256(b"other")));
    assert_eq!(refused(&|receipt| receipt.checkpoint.clone_from(&other)), ReceiptFault::NotIncluded);
    let unsigned = note.replace("\n11\n", "\n12\n");
    let fault = ReceiptFault::Checkpoint(NoteFault::Signature);
    assert_eq!(refused(&|receipt| receipt.checkpoint.clone_from(&unsigned)), fault);
    assert!(Receipt::parse(&text.replacen('{', "{\"more\":1,", 1)).is_err());
}
