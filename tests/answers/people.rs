//! The world of the answers: one holder with a record of every kind, and some with one trait each.

use elicense::catalog::Coverage;
use elicense::record::{Action, Identifier, Record};
use elicense::registry::{
    ActCommand, DirectoryDraft, DisputeCommand, Draft, FaceEdit, LinkCommand, MarkCommand, Submitted,
};
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};
use serde_json::{Value, json};

use super::common::people::{self, CHEN, COMPANY, MARKET, POLICE, ZHOU};
use super::common::{World, operator};

/// Dead by one report.
pub const DEAD: &str = "190102197911020011";
/// The number of [`NEW`] before it was corrected.
pub const OLD: &str = "190102199208090041";
pub const NEW: &str = "190104199006300066";
/// Another company whose credit code has the organisation code of [`COMPANY`].
pub const OTHER: &str = "92190101MD10000189";
/// Nothing is on file.
pub const NOBODY: &str = "190104200403170053";

/// The names of the world's records.
pub struct Made {
    /// The social security card of [`ZHOU`]; its second version.
    pub card: String,
    /// The same card's first envelope.
    pub first: String,
}

pub fn ready(world: &World) -> Made {
    people::settle(&world.registry);
    world.registry.start_access("main").unwrap();
    of_zhou(world);
    of_others(world);
    coverage(world);
    let card = issue(world, people::social_card(ZHOU, "周海燕"));
    let asked = json!({"holder": {"type": "111", "code": ZHOU}, "types": ["social_security_card"], "purpose": purpose()});
    let first: Value = serde_json::from_slice(&super::lookups::body(world, &operator(), asked)).unwrap();
    let first = first["records"][0]["envelope"].as_str().unwrap().to_owned();
    let mut change = ActCommand::new(&card, 1, Action::Change);
    change.face = Some(FaceEdit::Patch(json!({"bank": "示范商业银行"}).as_object().unwrap().clone()));
    act(world, &change);
    Made { card, first }
}

pub fn purpose() -> Value {
    json!({"item": "失业登记", "reason": "窗口办理"})
}

fn issue(world: &World, draft: Draft) -> String {
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap().identifier
}

fn act(world: &World, command: &ActCommand) {
    world.registry.refresh().unwrap();
    world.registry.act(&operator(), command).unwrap();
}

fn put(world: &World, draft: Value) {
    world.registry.refresh().unwrap();
    let draft: DirectoryDraft = serde_json::from_value(draft).unwrap();
    world.registry.put_directory(&operator(), &draft, None).unwrap();
}

/// An ID card, a marriage, a divorce on paper, a driving licence that is kept by its issuer, and a disability
/// certificate whose row does not open.
fn of_zhou(world: &World) {
    issue(world, people::id_card(ZHOU, "周海燕", "2020-01-01"));
    issue(world, people::marriage("J190101-2015-000123"));
    put(
        world,
        json!({
            "type": "divorce_certificate", "issuer": POLICE, "custody": "paper", "office": "城东区档案馆", "note": "二楼",
            "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}, {"code_type": "111", "code": CHEN, "name": "陈志远"}],
            "issued_on": "2012-05-20", "number": "L2012-7",
        }),
    );
    put(
        world,
        json!({
            "type": "driving_licence", "issuer": POLICE, "custody": "at_issuer", "office": "示范市车管所",
            "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}], "number": ZHOU,
            "valid_from": "2020-01-01", "valid_to": "2026-01-01",
        }),
    );
    issue(world, people::disability(ZHOU, "周海燕", (CHEN, "陈志远")));
    let entry = world.registry.snapshot().catalog.type_by_slug("disability_certificate").unwrap().clone();
    let code = &entry.def().code;
    world.sql(&format!("UPDATE records SET sealed = substr(sealed, 2) WHERE type_code = '{code}'"));
}

/// A social security card that its issuer signed with its own key, under an identifier whose serial is the number.
fn own_card(world: &World) {
    let asked = json!({"holder": {"type": "111", "code": NEW}, "types": ["social_security_card"], "purpose": purpose()});
    let answer: Value = serde_json::from_slice(&super::lookups::body(world, &operator(), asked)).unwrap();
    let compact = answer["records"][0]["envelope"].as_str().unwrap();
    let parsed = EnvelopeBuf::parse_compact(compact, Default::default()).unwrap();
    let mut record = Record::from_payload(parsed.view().payload()).unwrap();
    record.identifier =
        Identifier::compose(&record.record_type.code, POLICE, CHEN, 1).unwrap().as_str().to_owned();
    record.holders[0].code = CHEN.into();
    record.holders[0].name = "陈志远".into();
    record.number = Some(CHEN.into());
    record.face.insert("name".into(), "陈志远".into());
    record.face.insert("social_security_no".into(), CHEN.into());
    let key = SigningKey::from_seed(&[9; 32]).unwrap();
    world.registry.register_key("test", POLICE, key.verify_key().bytes()).unwrap();
    let own = EnvelopeBuf::sign(Typ::Record, &record.to_canonical().unwrap(), &key).unwrap().compact();
    world.registry.refresh().unwrap();
    world.registry.issue(&operator(), &Submitted::Envelope(own)).unwrap();
}

fn licence(code: &str, name: &str) -> Draft {
    people::draft(json!({
        "type": "business_licence", "issuer": MARKET, "issued_on": "2020-05-06",
        "holders": [{"code_type": "001", "code": code, "name": name}],
        "face": {
            "credit_code": code, "name": name, "entity_type": "有限责任公司", "legal_representative": "周海燕",
            "established_on": "2020-05-06", "term_from": "2020-05-06", "term_to": "长期", "scope": "餐饮服务",
            "domicile": "示范省示范市城东区桃源路1号", "registrar": "城东区市场监督管理局", "issued_on": "2020-05-06",
        },
        "valid_to": "long_term",
    }))
}

fn of_others(world: &World) {
    issue(world, licence(COMPANY, "示范市海燕餐饮有限公司"));
    issue(world, licence(OTHER, "示范市\"海鸥\"\\商店"));
    issue(world, people::id_card(DEAD, "王䶮", "2020-01-01"));
    let disputed = issue(world, people::social_card(DEAD, "王䶮"));
    let mark: MarkCommand = serde_json::from_value(json!({
        "holder": {"type": "111", "code": DEAD}, "state": "death_reported", "source": "household", "ground": "来函 3 号",
        "agency": POLICE,
    }))
    .unwrap();
    world.registry.refresh().unwrap();
    world.registry.mark_holder(&operator(), &mark, None).unwrap();
    let dispute = DisputeCommand {
        identifier: disputed.clone(),
        disputed: true,
        ground: "持证人报错".into(),
        agency: None,
    };
    world.registry.dispute(&operator(), &dispute, None).unwrap();
    let mut suspend = ActCommand::new(&disputed, 1, Action::Suspend);
    suspend.ground = Some("行政处罚决定书 2026-17 号".into());
    act(world, &suspend);
    issue(world, people::id_card(OLD, "林小满", "2020-01-01"));
    issue(world, people::social_card(NEW, "林小满"));
    let link: LinkCommand = serde_json::from_value(json!({
        "from": {"type": "111", "code": OLD}, "to": {"type": "111", "code": NEW}, "kind": "same_person",
        "ground": "号码更正证明", "names_differ": true, "agency": POLICE,
    }))
    .unwrap();
    world.registry.refresh().unwrap();
    world.registry.link_holders(&operator(), &link, None).unwrap();
    own_card(world);
}

/// One statement that covers, one with a gap and a share, one that is late.
fn coverage(world: &World) {
    let code = |slug: &str| world.registry.snapshot().catalog.type_by_slug(slug).unwrap().def().code.clone();
    let state = |slug: &str, more: Value| {
        let mut statement = json!({
            "type_code": code(slug), "issuing_system": "示范省\"婚姻\"登记系统", "issuer": POLICE,
            "regions": [{"code": "190000", "name": "示范省"}], "share_on_file": 1000,
            "as_of": "2026-11-21T16:00:00.000000Z", "heartbeat": "2026-11-21T20:00:00.000000Z",
            "unbound": 0, "quarantined": 0,
        });
        for (name, value) in more.as_object().unwrap() {
            statement[name] = value.clone();
        }
        let statement: Coverage = serde_json::from_value(statement).unwrap();
        world.registry.state_coverage("test", &statement).unwrap();
    };
    state("divorce_certificate", json!({}));
    state(
        "household_member",
        json!({"issued_from": "2000-01-01", "gaps": [{"text": "2003 年城西区档案受损", "from": "2003-01-01", "to": "2003-12-31"}]}),
    );
    state("household_front", json!({"share_on_file": 987}));
    state("real_estate_certificate", json!({"heartbeat": "2026-11-01T00:00:00.000000Z"}));
    state("birth_certificate", json!({"unbound": 3, "quarantined": 1}));
}
