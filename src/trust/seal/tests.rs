//! A flipped byte, an edited column, another table or key: nothing opens except the sealed value.

use proptest::prelude::*;

use super::*;

const PLAIN: &[u8] = "王小明 190101199003070014".as_bytes();

fn key(id: u32) -> DataKey {
    DataKey::new(id, &[7; 32]).unwrap()
}

const LAYOUTS: [Layout; 2] = [Layout::First, Layout::Second];

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

fn aad_of(layout: Layout, row: &Row, key_id: u32) -> Aad {
    let mut aad = Aad::new();
    aad.start(layout, row.table, key_id)
        .text(row.state)
        .integer(row.version)
        .integer_or_null(row.valid_to)
        .boolean(row.disputed)
        .raw(&row.holder);
    aad
}

fn aad(row: &Row, key_id: u32) -> Aad {
    aad_of(Layout::PRESENT, row, key_id)
}

fn sealed() -> Vec<u8> {
    let mut out = Vec::new();
    key(2).seal(&aad(&ROW, 2), PLAIN, &mut out).unwrap();
    out
}

fn open(row: &Row, mut sealed: Vec<u8>) -> Result<Vec<u8>, SealFault> {
    key(2).open_in_place(&aad(row, 2), &mut sealed).map(|text| text.to_vec())
}

#[test]
fn what_was_sealed_opens() {
    let bytes = sealed();
    assert_eq!(bytes.len(), PLAIN.len() + OVERHEAD);
    assert_eq!((Layout::of(&bytes), sealed_key_id(&bytes)), (Some(Layout::PRESENT), Some(2)));
    assert_eq!(open(&ROW, bytes).unwrap(), PLAIN);
    assert_ne!(sealed(), sealed(), "each seal has a nonce of its own");
    let mut behind = b"before".to_vec();
    key(2).seal(&aad(&ROW, 2), b"", &mut behind).unwrap();
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
    // The same secret under another number is another key.
    for (id, under) in [(1, 2), (2, 1), (1, 1)] {
        let opened = key(id).open_in_place(&aad(&ROW, under), &mut sealed()).map(|_| ());
        assert_eq!(opened, Err(SealFault::DoesNotOpen));
    }
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
fn a_layout_byte_names_one_layout_or_none() {
    for byte in 0..=u8::MAX {
        let layout = Layout::from_byte(byte);
        assert_eq!(layout.map(Layout::byte), layout.is_some().then_some(byte));
        assert_eq!(layout.is_some(), LAYOUTS.iter().any(|known| known.byte() == byte));
    }
    assert_eq!(Layout::of(&[]), None);
    assert_ne!(*DataKey::generate().unwrap(), *DataKey::generate().unwrap());
}

/// A row that claims another layout than it was sealed in: by its byte, by the additional data, by both.
#[test]
fn no_row_opens_in_another_layout() {
    for layout in LAYOUTS {
        let mut good = Vec::new();
        key(2).seal(&aad_of(layout, &ROW, 2), PLAIN, &mut good).unwrap();
        assert_eq!(Layout::of(&good), Some(layout));
        for claimed in 0..=u8::MAX {
            for covered in LAYOUTS {
                let mut bytes = good.clone();
                bytes[0] = claimed;
                let opened = key(2).open_in_place(&aad_of(covered, &ROW, 2), &mut bytes).map(|_| ());
                assert_eq!(opened.is_ok(), claimed == layout.byte() && covered == layout, "{claimed}");
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_under_any_columns_opens_again(plain: Vec<u8>, state: String, version: i64, first: bool) {
        let mut aad = Aad::new();
        let layout = LAYOUTS[usize::from(first)];
        aad.start(layout, "records", 2).text(&state).integer(version);
        let mut bytes = Vec::new();
        key(2).seal(&aad, &plain, &mut bytes).unwrap();
        prop_assert_eq!(&*key(2).open_in_place(&aad, &mut bytes).unwrap(), &plain[..]);
    }

    #[test]
    fn moving_a_byte_between_columns_is_another_row(left in "\\PC{1,8}", right in "\\PC{0,8}") {
        let (mut first, mut second) = (Aad::new(), Aad::new());
        let cut = left.char_indices().next_back().unwrap().0;
        first.start(Layout::PRESENT, "t", 1).text(&left).text(&right);
        second.start(Layout::PRESENT, "t", 1).text(&left[..cut]).text(&format!("{}{right}", &left[cut..]));
        prop_assert_ne!(first.bytes(), second.bytes());
    }

    #[test]
    fn additional_data_of_two_layouts_are_never_equal(
        tables: [String; 2], ids: [u32; 2], columns: [Vec<u8>; 2],
    ) {
        let [one, other] = [0, 1].map(|at| {
            let mut aad = Aad::new();
            aad.start(LAYOUTS[at], &tables[at], ids[at]).raw(&columns[at]);
            aad
        });
        prop_assert_ne!(one.bytes(), other.bytes());
    }

    #[test]
    fn arbitrary_bytes_never_open(bytes: Vec<u8>) {
        prop_assert!(open(&ROW, bytes).is_err());
    }
}
