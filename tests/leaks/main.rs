//! No holder's number stands in clear in any file that a registry writes, in any refusal, or in the operator's
//! log (I3). The scan looks at every byte of the data directory: database pages, WAL, journals, spill runs.
//! [`live`] does the same around a process that serves, while it runs and after it was killed.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod live;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use common::needles::Needles;
use common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU};
use common::{Backend, World, captured, noon, operator, run};
use elicense::clock::Day;
use elicense::error::Error;
use elicense::registry::{Ask, Draft, Submitted};
use elicense::store::{HolderBody, HolderState, Link, LinkKind, StoredHolder};
use serde_json::{Value, json};

/// Codes that are public: agencies sign and are named. No holder of these tests is one of them.
const EXEMPT: [&str; 2] = [POLICE, MARKET];

/// A number that has no record here: it is asked about and linked to.
const STRANGER: &str = "190101199003070112";

/// Every number that stands as a holder in these tests; of the company also the organisation code inside it.
fn numbers() -> Vec<&'static str> {
    vec![ZHOU, CHEN, STRANGER, COMPANY, &COMPANY[8..17]]
}

fn needles() -> Needles {
    assert!(numbers().iter().all(|number| EXEMPT.iter().all(|exempt| !exempt.contains(number))));
    Needles::new(numbers())
}

#[test]
fn the_scan_finds_a_number_however_it_is_written() {
    let needles = needles();
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut planted: Vec<(String, Vec<u8>)> = vec![
        ("plain".into(), format!("xx{ZHOU}yy").into_bytes()),
        ("little".into(), [b"x".to_vec(), utf16(ZHOU)].concat()),
        ("big".into(), ZHOU.encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("hex".into(), ZHOU.bytes().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()),
        ("debug".into(), format!("{:?}", format!("a{ZHOU}").into_bytes()).into_bytes()),
        ("company".into(), format!("code {}", &COMPANY[8..17]).into_bytes()),
        ("wide".into(), "1９01".replace('1', "１９０１０１１９８８０３１２００２１").into_bytes()),
    ];
    for before in ["", "a", "bc", "def", "é", "?>"] {
        for after in ["", "z", "zz"] {
            let text = format!("{before}{ZHOU}{after}");
            let name = planted.len();
            planted.push((format!("base64 {name}"), STANDARD.encode(&text).into_bytes()));
            planted.push((format!("base64url {name}"), URL_SAFE_NO_PAD.encode(&text).into_bytes()));
        }
    }
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in &planted {
        assert!(!needles.found_in(bytes).is_empty(), "{name} was not found");
        std::fs::write(dir.path().join(name.replace(' ', "_")), bytes).unwrap();
    }
    let below = dir.path().join("deeper");
    std::fs::create_dir(&below).unwrap();
    std::fs::write(below.join(CHEN), b"nothing inside").unwrap();
    let found = needles.found_under(dir.path());
    assert!(found.len() > planted.len(), "{found:?}");
    assert!(found.iter().any(|hit| hit.contains("the name of")));
}

#[test]
fn the_scan_does_not_take_other_bytes_for_a_number() {
    let needles = needles();
    for text in ["190101198803120022", "19010119880312", POLICE, MARKET, "", "MD100001"] {
        assert_eq!(needles.found_in(text.as_bytes()), Vec::<&str>::new(), "{text}");
    }
}

on_both! {
    i3_no_number_stands_in_what_a_registry_writes
}

fn company() -> Draft {
    people::draft(json!({
        "type": "business_licence", "issuer": MARKET, "issued_on": "2020-01-01",
        "holders": [{"code_type": "001", "code": COMPANY, "name": "示范市城东区桃源餐饮有限公司"}],
        "face": {
            "credit_code": COMPANY, "name": "示范市城东区桃源餐饮有限公司", "entity_type": "有限责任公司",
            "legal_representative": "周海燕", "established_on": "2020-01-01", "term_from": "2020-01-01",
            "term_to": "长期", "scope": "餐饮服务", "domicile": "示范省示范市城东区桃源路1号",
            "registrar": "城东区市场监督管理局", "issued_on": "2020-01-01",
        },
        "valid_from": "2020-01-01", "valid_to": "long_term",
    }))
}

fn ask(value: Value) -> Ask {
    serde_json::from_value(value).unwrap()
}

fn answered(world: &World, code_type: &str, code: &str) -> Value {
    world.registry.refresh().unwrap();
    let ask = ask(json!({
        "holder": {"type": code_type, "code": code}, "purpose": {"item": "失业登记", "reason": "窗口办理"},
    }));
    let prepared = world.registry.prepare_lookup(&ask).unwrap();
    serde_json::from_slice(&run(world.registry.lookup(&operator(), prepared)).unwrap().body).unwrap()
}

fn i3_no_number_stands_in_what_a_registry_writes(world: World) {
    captured::start();
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let mut drafts =
        vec![people::id_card(CHEN, "陈志远", "2021-01-01"), people::marriage("J190101-2015-000123")];
    for year in 2000..2016 {
        // Enough rows for the pages of a tree to split, and old pages to be freed.
        drafts.push(people::marriage(&format!("J190101-{year}-000001")));
    }
    drafts.extend([
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::social_card(ZHOU, "周海燕"),
        company(),
    ]);
    for draft in drafts {
        registry.refresh().unwrap();
        registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    }
    let index = registry.store().vault().index();
    let link = Link {
        kind: LinkKind::SamePerson,
        code_type: "111".into(),
        code: STRANGER.into(),
        key_type: "111".into(),
        key_code: STRANGER.into(),
        outward: false,
        since: Day::new(2020, 1, 1).unwrap(),
    };
    let holder = StoredHolder {
        hk: index.holder_key("111", ZHOU),
        state: HolderState::DeathReported,
        body: HolderBody {
            code_type: "111".into(),
            code: ZHOU.into(),
            state_since: Day::new(2026, 1, 1),
            state_source: "医院".into(),
            state_at: Some(noon()),
            certificate: None,
            beneath: Vec::new(),
            links: vec![link],
        },
    };
    registry.store().write_now(|writer| writer.put_holder(&holder)).unwrap();
    for (code_type, code, records) in
        [("111", ZHOU, 19), ("111", CHEN, 18), ("001", COMPANY, 1), ("111", STRANGER, 0)]
    {
        let answer = answered(&world, code_type, code);
        assert_eq!(answer["records"].as_array().unwrap().len(), records, "the scan needs something to find");
        let needles = needles();
        assert!(needles.found_in(answer["receipt"].to_string().as_bytes()).is_empty());
        assert!(needles.found_in(answer["holder"].to_string().as_bytes()).is_empty());
    }
    registry.stop_access();
    // While the registry is open there is a WAL beside each file.
    assert_eq!(needles().found_under(&world.data()), Vec::<String>::new());
    let files = common::needles::files(&world.data());
    assert!(
        world.place.url.is_postgres() || files.iter().any(|file| file.to_string_lossy().ends_with("-wal"))
    );
    if world.place.url.is_postgres() {
        assert_eq!(needles().found_in(&dump(&world)), Vec::<&str>::new());
    }
    refusals_hold_no_number(&world);
    assert_eq!(needles().found_in(captured::text().as_bytes()), Vec::<&str>::new(), "the operator's log");
}

/// Every row of every table as text, bytes as hex: the view of a reader of the database.
#[allow(clippy::disallowed_methods, reason = "the test reads behind the program's back")]
fn dump(world: &World) -> Vec<u8> {
    use diesel::{Connection, RunQueryDsl};
    #[derive(diesel::QueryableByName)]
    struct Text {
        #[diesel(sql_type = diesel::sql_types::Text)]
        value: String,
    }
    let elicense::store::DbUrl::Postgres(url) = &world.place.url else { return Vec::new() };
    let mut conn = diesel::PgConnection::establish(url).unwrap();
    let names =
        "SELECT table_name::text AS value FROM information_schema.tables WHERE table_schema = 'public'";
    let mut all = String::new();
    for table in diesel::sql_query(names).load::<Text>(&mut conn).unwrap() {
        let rows = format!("SELECT t::text AS value FROM \"{}\" t", table.value);
        for row in diesel::sql_query(rows).load::<Text>(&mut conn).unwrap() {
            all.push_str(&row.value);
            all.push('\n');
        }
    }
    assert!(all.len() > 20_000, "the dump has {} bytes", all.len());
    all.into_bytes()
}

/// Refusals that were given a number say nothing of it: text, debug, cause and machine-readable part.
fn refusals_hold_no_number(world: &World) {
    let registry = &world.registry;
    let mut errors: Vec<(&str, Error)> = Vec::new();
    let mut issue = |name: &'static str, draft: Draft| {
        registry.refresh().unwrap();
        errors.push((name, registry.issue(&operator(), &Submitted::Draft(draft)).expect_err(name)));
    };
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.face.insert("sex".into(), "1".into());
    issue("sex", wrong);
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.face.insert("id_number".into(), CHEN.into());
    issue("another number in the face", wrong);
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.face.insert(ZHOU.into(), "x".into());
    issue("a number for a field's name", wrong);
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.face.insert("address".into(), "other".into());
    issue("clash", wrong);
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.face.insert("birth_date".into(), ZHOU.into());
    issue("a number for a date", wrong);
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.holders[0].role = Some(ZHOU.into());
    issue("a number for a role", wrong);
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.type_code = ZHOU.into();
    issue("a number for a type", wrong);
    let mut wrong = people::id_card(ZHOU, "周海燕", "2020-01-01");
    wrong.identifier = Some(format!("1.2.156.3005.2.{ZHOU}"));
    issue("a number in an identifier", wrong);

    let look = |holder: Value, purpose: Value| {
        registry.refresh().unwrap();
        let ask = ask(json!({"holder": holder, "purpose": purpose}));
        match registry.prepare_lookup(&ask) {
            Ok(prepared) => run(registry.lookup(&operator(), prepared)).map(drop).unwrap_err(),
            Err(error) => error,
        }
    };
    let purpose = json!({"item": "x", "reason": "y"});
    let holder = json!({"type": "111", "code": ZHOU});
    let off = format!("{}{}", &ZHOU[..17], if ZHOU.ends_with('1') { '2' } else { '1' });
    errors.push(("check digit", look(json!({"type": "111", "code": off}), purpose.clone())));
    errors.push(("long", look(json!({"type": "111", "code": format!("{ZHOU}1")}), purpose.clone())));
    errors.push(("a number for a code type", look(json!({"type": ZHOU, "code": ZHOU}), purpose)));
    errors.push(("a number for an item", look(holder.clone(), json!({"item": ZHOU, "reason": "y"}))));
    errors.push((
        "a number for a presence",
        look(holder, json!({"item": "x", "reason": "y", "presence": ZHOU})),
    ));
    let envelope = Submitted::Envelope(format!("{ZHOU}.{ZHOU}.{ZHOU}"));
    errors.push(("no envelope", registry.issue(&operator(), &envelope).unwrap_err()));

    let needles = Needles::new([ZHOU, CHEN, off.as_str()]);
    for (name, error) in &errors {
        let extra = error.extra.as_ref().map(|extra| extra.to_string()).unwrap_or_default();
        let mut all = format!("{error} {error:?} {extra} {:?}", error.field);
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            all.push_str(&format!(" {inner} {inner:?}"));
            cause = inner.source();
        }
        assert!(needles.found_in(all.as_bytes()).is_empty(), "{name}: {all}");
    }
}

#[test]
fn i3_types_that_hold_numbers_mask_them_when_printed() {
    let world = common::world(Backend::Sqlite).unwrap();
    let registry = &world.registry;
    people::settle(registry);
    registry.start_access("main").unwrap();
    let draft = people::id_card(ZHOU, "周海燕", "2020-01-01");
    registry.refresh().unwrap();
    let issued = registry.issue(&operator(), &Submitted::Draft(draft.clone())).unwrap();
    let answer = answered(&world, "111", ZHOU);
    let compact = answer["records"][0]["envelope"].as_str().unwrap();
    let limits = elicense::trust::envelope::Limits::default();
    let envelope = elicense::trust::EnvelopeBuf::parse_compact(compact, limits).unwrap();
    let record = elicense::record::Record::from_payload(envelope.view().payload()).unwrap();
    let code = elicense::identity::HolderCode::parse("111".parse().unwrap(), ZHOU).unwrap();
    let hk = registry.store().vault().index().holder_key("111", ZHOU);
    let rows = registry.store().read_now(|reader| reader.records_of(&hk)).unwrap();
    let asked =
        ask(json!({"holder": {"type": "111", "code": ZHOU}, "purpose": {"item": "x", "reason": "y"}}));
    let elicense::store::Opened::Record(row) = &rows[0] else { panic!("the row does not open") };
    let events = registry.store().read_now(|reader| reader.events_of(&hk, &row.record_id)).unwrap();
    let link = Link {
        kind: LinkKind::SamePerson,
        code_type: "111".into(),
        code: ZHOU.into(),
        key_type: "111".into(),
        key_code: ZHOU.into(),
        outward: true,
        since: Day::new(2020, 1, 1).unwrap(),
    };
    let body = HolderBody {
        code_type: "111".into(),
        code: ZHOU.into(),
        state_since: None,
        state_source: String::new(),
        state_at: None,
        certificate: None,
        beneath: Vec::new(),
        links: vec![link.clone()],
    };
    let printed = [
        format!("{draft:?}"),
        format!("{:?}", draft.holders),
        format!("{:?}", Submitted::Draft(draft.clone())),
        format!("{:?}", Submitted::Envelope(compact.to_owned())),
        format!("{issued:?}"),
        format!("{asked:?}"),
        format!("{:?}", asked.holder),
        format!("{record:?}"),
        format!("{:?}", record.holders),
        format!("{:?}", record.replaces),
        format!("{envelope:?}"),
        format!("{:?}", envelope.view()),
        format!("{rows:?}"),
        format!("{row:?}"),
        format!("{:?}", row.body),
        format!("{events:?}"),
        format!("{code:?} {}", code.code),
        format!("{:?}", code.code.person()),
        format!("{link:?}"),
        format!("{body:?}"),
        format!("{:?}", StoredHolder { hk, state: HolderState::Normal, body: body.clone() }),
    ];
    let needles = needles();
    for text in &printed {
        let found = needles.found_in(text.as_bytes());
        assert!(found.is_empty(), "{found:?}: {text}");
    }
}
