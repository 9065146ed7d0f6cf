//! A flipped byte, an edited column, another table or key: nothing opens but what was sealed.

use proptest::prelude::*;

use super::*;

const PLAIN: &[u8] = "王小明 190101199003070014".as_bytes();

fn keys() -> DataKeys {
    let key = |id: u32| DataKey::new(id, &[id.to_be_bytes()[3]; 32]).unwrap();
    DataKeys::new([key(1), key(2)], 2)
}

/// The columns of a row as one might edit them in the database.
#[derive(Clone)]
struct Row {
    table: &'static str,
    state: &'static str,
    version: i64,
    valid_to: Option<i64>,
    disputed: bool,
    holder: [u8; 16],
}

const ROW: Row = Row {
    table: "records",
    state: "suspended",
    version: 1,
    valid_to: Some(20_000),
    disputed: false,
    holder: [9; 16],
};

fn aad(row: &Row, key_id: u32) -> Aad {
    let mut aad = Aad::new();
    aad.start(row.table, key_id)
        .text(row.state)
        .integer(row.version)
        .integer_or_null(row.valid_to)
        .boolean(row.disputed)
        .raw(&row.holder);
    aad
}

fn sealed() -> Vec<u8> {
    let mut out = Vec::new();
    keys().seal(&aad(&ROW, 2), PLAIN, &mut out).unwrap();
    out
}

fn open(row: &Row, mut sealed: Vec<u8>) -> Result<Vec<u8>, SealFault> {
    keys().open_in_place(&aad(row, 2), &mut sealed).map(|text| text.to_vec())
}

#[test]
fn what_was_sealed_opens() {
    let bytes = sealed();
    assert_eq!(bytes.len(), PLAIN.len() + OVERHEAD);
    assert_eq!(sealed_key_id(&bytes), Some(2));
    assert_eq!(open(&ROW, bytes).unwrap(), PLAIN);
    assert_ne!(sealed(), sealed(), "each seal has a nonce of its own");
    let mut behind = b"before".to_vec();
    keys().seal(&aad(&ROW, 2), b"", &mut behind).unwrap();
    assert_eq!(open(&ROW, behind[6..].to_vec()).unwrap(), b"");
}

#[test]
fn nobody_unrevokes_a_licence_by_editing_a_column() {
    for edited in [
        Row { table: "past_records", ..ROW },
        Row { state: "active", ..ROW },
        Row { version: 2, ..ROW },
        Row { valid_to: Some(20_001), ..ROW },
        Row { valid_to: None, ..ROW },
        Row { disputed: true, ..ROW },
        Row { holder: [8; 16], ..ROW },
    ] {
        assert_eq!(open(&edited, sealed()), Err(SealFault::DoesNotOpen));
    }
    let mut bytes = sealed();
    assert_eq!(keys().open_in_place(&aad(&ROW, 1), &mut bytes).map(|_| ()), Err(SealFault::DoesNotOpen));
}

#[test]
fn every_flipped_byte_and_every_cut_is_found() {
    let good = sealed();
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        assert!(open(&ROW, bytes).is_err(), "byte {at}");
        assert!(open(&ROW, good[..at].to_vec()).is_err(), "cut at {at}");
    }
    let longer = [&good[..], &[0]].concat();
    assert_eq!(open(&ROW, longer), Err(SealFault::DoesNotOpen));
}

#[test]
fn a_destroyed_key_opens_nothing() {
    let gone = DataKeys::new([DataKey::new(1, &[1; 32]).unwrap()], 2);
    let mut bytes = sealed();
    assert_eq!(gone.open_in_place(&aad(&ROW, 2), &mut bytes).map(|_| ()), Err(SealFault::KeyMissing(2)));
    assert_eq!(gone.current().map(|_| ()), Err(SealFault::NoCurrentKey));
    assert_eq!(format!("{gone:?}"), "DataKeys(1 keys, current None)");
    assert_ne!(*DataKey::generate().unwrap(), *DataKey::generate().unwrap());
}

proptest! {
    #[test]
    fn any_text_under_any_columns_opens_again(plain: Vec<u8>, state: String, version: i64) {
        let mut aad = Aad::new();
        let keys = keys();
        let key = keys.current().unwrap();
        aad.start("records", key.id()).text(&state).integer(version);
        let mut bytes = Vec::new();
        key.seal(&aad, &plain, &mut bytes).unwrap();
        prop_assert_eq!(&*keys.open_in_place(&aad, &mut bytes).unwrap(), &plain[..]);
    }

    #[test]
    fn moving_a_byte_between_columns_is_another_row(left in "\\PC{1,8}", right in "\\PC{0,8}") {
        let (mut first, mut second) = (Aad::new(), Aad::new());
        let cut = left.char_indices().next_back().unwrap().0;
        first.start("t", 1).text(&left).text(&right);
        second.start("t", 1).text(&left[..cut]).text(&format!("{}{right}", &left[cut..]));
        prop_assert_ne!(first.bytes(), second.bytes());
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes: Vec<u8>) {
        prop_assert!(open(&ROW, bytes).is_err());
    }
}
