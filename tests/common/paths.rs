//! Every path on which a verdict is told.

use elicense::record::Record;
use elicense::registry::{DirectoryAsk, HistoryAsk, VerifyAsk};
use elicense::trust::EnvelopeBuf;
use serde_json::{Value, json};

use super::desk::lookup;
use super::{World, operator, run, value};

/// Verdict and reasons of one record by every path that gives one: a lookup and a list under each holder's number,
/// its envelope, its printed face, its history.
pub fn by_every_path(
    world: &World,
    slug: &str,
    holders: &[&str],
    face: &Value,
) -> Vec<(String, Value, Value)> {
    let purpose = json!({"item": "X", "reason": "窗口办理"});
    let judged = |path: String, value: &Value| (path, value["verdict"].clone(), value["reasons"].clone());
    let mut told = Vec::new();
    let mut envelope = Value::Null;
    for code in holders {
        let answer = lookup(world, code);
        let record =
            answer["records"].as_array().unwrap().iter().find(|one| one["slug"] == slug).unwrap().clone();
        told.push(judged(format!("lookup {code}"), &record));
        envelope = record["envelope"].clone();
        let ask = json!({"holder": {"type": "111", "code": code}, "purpose": purpose});
        let ask: DirectoryAsk = serde_json::from_value(ask).unwrap();
        let list = value(&run(world.registry.directory(&operator(), &ask)).unwrap());
        let entry = list["entries"].as_array().unwrap().iter().find(|one| one["slug"] == slug).unwrap();
        told.push(judged(format!("list {code}"), entry));
    }
    let payload = EnvelopeBuf::parse_compact(envelope.as_str().unwrap(), Default::default()).unwrap();
    let identifier = Record::from_payload(payload.view().payload()).unwrap().identifier;
    for ask in
        [json!({"envelope": envelope}), json!({"identifier": identifier, "face": face, "purpose": purpose})]
    {
        let path = format!("verify {:?}", ask.as_object().unwrap().keys().next());
        let ask: VerifyAsk = serde_json::from_value(ask).unwrap();
        let verified = run(world.registry.verify(Some(&operator()), &ask)).unwrap();
        told.push(judged(path, &value(&verified)));
    }
    let ask = json!({"identifier": identifier, "purpose": purpose});
    let ask: HistoryAsk = serde_json::from_value(ask).unwrap();
    told.push(judged("history".to_owned(), &value(&run(world.registry.history(&operator(), &ask)).unwrap())));
    told
}
