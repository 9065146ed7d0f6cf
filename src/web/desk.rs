//! The window's use cases over the registry: a lookup becomes a view.

use actix_web::web;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::staff::{Asked, Desk};
use super::views::{AbsenceView, FaceField, ItemChoice, LookupView, ReceiptView, RowView, Verdict};
use crate::catalog::{Field, FieldKind, Format, Mask};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::http::Pending;
use crate::http::context::Context;
use crate::http::session::Session;
use crate::policy::Actor;
use crate::record::access::Presence;
use crate::record::payload::Custody;
use crate::record::secret::{mask, masked};
use crate::record::verdict::Reason;
use crate::registry::{Ask, Registry, Snapshot};

/// The desk of a running registry.
pub struct RegistryDesk {
    context: web::Data<Context>,
    items: Vec<ItemChoice>,
}

impl RegistryDesk {
    /// A desk with the items a clerk may choose until items exist in the catalog.
    pub fn new(context: web::Data<Context>, items: Vec<ItemChoice>) -> Self {
        Self { context, items }
    }
}

impl Desk for RegistryDesk {
    fn items(&self, _session: &Session) -> Vec<ItemChoice> {
        self.items.clone()
    }

    fn lookup(&self, asked: Asked, session: Session, now: Moment) -> Pending<LookupView> {
        let context = self.context.clone();
        let item_name = self.items.iter().find(|item| item.code == asked.item).map(|item| item.name.clone());
        Box::pin(async move {
            let registry = context.registry.clone();
            let name = session.account.to_string();
            let account = context.registry.store().blocking(move || registry.account(&name)).await?;
            let account = account.ok_or_else(|| Error::new(Code::Unauthenticated, ""))?;
            let actor = Actor::Account(std::sync::Arc::new(account));
            let ask: Ask = serde_json::from_value(json!({
                "holder": {"type": asked.code_type, "code": asked.number.0},
                "purpose": {"item": asked.item, "reason": asked.reason, "presence": asked.presence},
            }))
            .map_err(Error::internal)?;
            let prepared = context.registry.prepare_lookup(&ask)?;
            context.charge(&actor, prepared.key, now)?;
            let answered = context.registry.lookup(&actor, prepared).await?;
            let value: Value = serde_json::from_slice(&answered.body).map_err(Error::internal)?;
            view(&context.registry, &value, &asked, item_name)
        })
    }
}

/// What stands where nothing does.
static NOTHING: Value = Value::Null;

/// A member by its path; null where there is none.
fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    value.pointer(path).unwrap_or(&NOTHING)
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn view(registry: &Registry, answer: &Value, asked: &Asked, item_name: Option<String>) -> Result<LookupView> {
    let snapshot = registry.snapshot();
    let list =
        |name: &str| answer.get(name).unwrap_or(&NOTHING).as_array().map(Vec::as_slice).unwrap_or_default();
    let mut view = LookupView {
        holder_masked: word(at(answer, "/holder/masked")),
        code_type: code_type_zh(&asked.code_type),
        item: item_name.unwrap_or_else(|| asked.item.clone()),
        reason: asked.reason.clone(),
        presence: Presence::from_wire(&asked.presence).map_or("", Presence::zh).to_owned(),
        remarks: at(answer, "/holder/remarks")
            .as_array()
            .into_iter()
            .flatten()
            .map(|remark| word(at(remark, "/zh")))
            .collect(),
        ..LookupView::default()
    };
    for record in list("records") {
        let (row, name) = row(&snapshot, record)?;
        view.holder_name = view.holder_name.or(name);
        view.rows.push(row);
    }
    for absent in list("absent") {
        let entry = snapshot.catalog.type_of(at(absent, "/type").as_str().unwrap_or_default());
        view.absences.push(AbsenceView {
            type_name: entry.map(|entry| entry.def().name.zh.clone()).unwrap_or_default(),
            sentence: word(at(absent, "/text")),
            covered: at(absent, "/absence") == "none_within_coverage",
        });
    }
    let receipt = at(answer, "/receipt");
    view.receipt = ReceiptView {
        log: word(at(receipt, "/log")),
        index: at(receipt, "/index").as_u64().unwrap_or_default(),
        at: at(answer, "/at")
            .as_str()
            .and_then(|at| at.parse::<Moment>().ok())
            .map(Moment::legal_text)
            .unwrap_or_default(),
        json: receipt.to_string(),
    };
    Ok(view)
}

fn code_type_zh(code: &str) -> String {
    code.parse::<crate::identity::CodeType>()
        .map_or_else(|_| code.to_owned(), |known| known.name_zh().to_owned())
}

fn row(snapshot: &Snapshot, record: &Value) -> Result<(RowView, Option<String>)> {
    let entry = snapshot.catalog.type_of(at(record, "/type").as_str().unwrap_or_default());
    let payload = payload(record)?;
    let issuer = word(at(record, "/issuer"));
    let issuer_name = at(&payload, "/issuer/name")
        .as_str()
        .map(str::to_owned)
        .or_else(|| snapshot.catalog.issuers().agencies().latest(&issuer).map(|agency| agency.name.clone()));
    let reasons = at(record, "/reasons").as_array().into_iter().flatten().filter_map(Value::as_str);
    let custody = at(record, "/custody").as_str().and_then(Custody::from_wire);
    let mut row = RowView {
        verdict: match at(record, "/verdict").as_str() {
            Some("valid") => Verdict::Valid,
            Some("invalid") => Verdict::Invalid,
            _ => Verdict::Undetermined,
        },
        reasons: reasons
            .map(|wire| {
                Reason::from_wire(wire).map_or_else(|| wire.to_owned(), |reason| reason.zh().to_owned())
            })
            .collect(),
        type_name: entry.map(|entry| entry.def().name.zh.clone()).unwrap_or_default(),
        issuer: issuer_name.unwrap_or(issuer),
        validity: validity(record, &payload),
        custody: custody.map_or_else(String::new, |custody| custody.zh().to_owned()),
        office: at(record, "/directory/office").as_str().map(str::to_owned),
        note: at(record, "/directory/note")
            .as_str()
            .filter(|note| entry.is_none_or(|entry| entry.def().name.zh != **note))
            .map(str::to_owned),
        // A number that is the holder's own is masked like the holder's own.
        number: at(record, "/directory/number").as_str().map(|number| {
            if crate::identity::contains_citizen_number(number) { mask(number) } else { number.to_owned() }
        }),
        identifier: at(record, "/identifier").as_str().map(str::to_owned),
        marks: Vec::new(),
        face: Vec::new(),
        logged: at(record, "/leaf").as_u64().map(|leaf| format!("{} #{leaf}", word(at(record, "/log")))),
    };
    if at(record, "/vouched_by") == "registry" {
        row.marks.push("摘录（由本库出具）".to_owned());
    }
    if let (Some(entry), Some(face)) = (entry, at(&payload, "/face").as_object()) {
        for field in entry.face().fields() {
            if let Some(value) = face.get(&field.name)
                && field.mask != Mask::Hidden
            {
                face_lines(field, value, "", &mut row.face);
            }
        }
    }
    let name = at(&payload, "/holders")
        .as_array()
        .filter(|holders| holders.len() == 1)
        .and_then(|holders| holders.first());
    Ok((row, name.and_then(|holder| at(holder, "/name").as_str()).map(str::to_owned)))
}

/// What the page reads the face from: the envelope's payload, or the extract.
fn payload(record: &Value) -> Result<Value> {
    if let Some(compact) = at(record, "/envelope").as_str() {
        let part = compact.split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(Error::internal)?;
        return serde_json::from_slice(&bytes).map_err(Error::internal);
    }
    Ok(record.get("extract").or_else(|| record.get("directory")).cloned().unwrap_or(Value::Null))
}

fn validity(record: &Value, payload: &Value) -> String {
    let from = at(record, "/valid_from").as_str();
    let to = at(record, "/valid_to")
        .as_str()
        .or(at(payload, "/valid_to").as_str())
        .map(|to| if to == "long_term" { "长期" } else { to });
    match (from, to) {
        (Some(from), Some(to)) => format!("{from} 至 {to}"),
        (None, Some(to)) => format!("至 {to}"),
        (Some(from), None) => format!("{from} 起"),
        (None, None) => String::new(),
    }
}

/// One field as lines: codes in words, numbers masked, rows of a list one after the other.
fn face_lines(field: &Field, value: &Value, before: &str, out: &mut Vec<FaceField>) {
    let label = format!("{before}{}", field.label.zh);
    if let (FieldKind::Rows { fields, .. }, Some(items)) = (&field.kind, value.as_array()) {
        for (index, item) in items.iter().enumerate() {
            for inner in fields.fields() {
                if let Some(value) = item.get(&inner.name).filter(|_| inner.mask != Mask::Hidden) {
                    face_lines(inner, value, &format!("{label}{} ", index + 1), out);
                }
            }
        }
        return;
    }
    let text = match value {
        Value::String(text) => shown(field, text),
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .map(|text| shown(field, text))
            .collect::<Vec<_>>()
            .join("、"),
        other => other.to_string(),
    };
    let unit = field.unit.as_deref().unwrap_or_default();
    out.push(FaceField { label, value: format!("{text}{unit}") });
}

fn shown(field: &Field, text: &str) -> String {
    if let Some(words) = field.code_list().and_then(|list| list.label(text)) {
        return words.to_owned();
    }
    match field.mask {
        Mask::None if matches!(field.kind, FieldKind::Text { format: Format::Time, .. }) => {
            text.replace('T', " ")
        }
        Mask::None => text.to_owned(),
        mask => masked(mask, text).unwrap_or_default(),
    }
}
