//! The window's use cases over the registry: a lookup becomes a view.

use std::sync::Arc;

use actix_web::web;
use serde_json::{Map, Value};

use super::staff::{Asked, Desk};
use super::views::{AbsenceView, FaceField, ItemChoice, LookupView, ReceiptView, RowView};
use crate::catalog::items::{ItemDef, ItemRole, is_item_code};
use crate::catalog::{AbsenceKind, Field, FieldKind, Format, Mask};
use crate::clock::Moment;
use crate::error::{Code, Error, Result};
use crate::http::Pending;
use crate::http::context::Context;
use crate::http::session::Session;
use crate::identity::{Remark, contains_citizen_number};
use crate::policy::{Actor, Grant, Selection};
use crate::record::access::{OutsideItem, Presence};
use crate::record::extract::DirectorySaid;
use crate::record::payload::{Holder, Validity};
use crate::record::secret::{mask, masked};
use crate::record::verdict::ReasonClass;
use crate::record::{Reason, Record};
use crate::registry::{
    AbsentType, Ask, AskedHolder, FoundRecord, LookedUp, OpenedRecord, Purpose, ReaderText, Related,
    Relation, ShownBody, Snapshot, StatedPresence, Withheld,
};

/// The desk of a running registry.
pub struct RegistryDesk {
    context: web::Data<Context>,
}

impl RegistryDesk {
    /// A desk over a registry.
    pub fn new(context: web::Data<Context>) -> Self {
        Self { context }
    }
}

impl Desk for RegistryDesk {
    /// The items in force today that the agency carries out or receives. A registry without items offers none, and the clerk
    /// writes what it is for.
    fn items(&self, session: Session) -> Pending<Vec<ItemChoice>> {
        let context = self.context.clone();
        Box::pin(async move {
            let actor = actor(&context, &session).await?;
            let mut items: Vec<ItemChoice> =
                context.registry.items_of(&actor).iter().flat_map(|item| choices(item)).collect();
            items.extend(outside(&actor));
            Ok(items)
        })
    }

    fn lookup(&self, asked: Asked, session: Session) -> Pending<LookupView> {
        let context = self.context.clone();
        let (snapshot, today) = (self.context.registry.snapshot(), self.context.registry.now().day());
        let (code, _) = item_and_role(&asked.item);
        let item_name = match OutsideItem::from_wire(code) {
            Some(word) => Some(format!("{}（{}）", word.zh(), asked.article)),
            None => snapshot.catalog.item(code, today).map(|item| item.name.clone()),
        };
        Box::pin(async move {
            let actor = actor(&context, &session).await?;
            context.registry.tries().may_ask(&actor, context.registry.now())?;
            let ask = question(&asked);
            let prepared = context.registry.prepare_lookup(&ask)?;
            let looked_up = context.registry.lookup_value(&actor, prepared).await?;
            let snapshot = context.registry.snapshot();
            let store = context.registry.store();
            store.blocking(move || view(&snapshot, &looked_up, &asked, item_name)).await
        })
    }
}

/// The signed-in person as policy sees it.
async fn actor(context: &Context, session: &Session) -> Result<Actor> {
    let registry = context.registry.clone();
    let name = session.account.to_string();
    let account = context.registry.store().blocking(move || registry.account(&name)).await?;
    let account = account.ok_or_else(|| Error::new(Code::Unauthenticated, ""))?;
    Ok(Actor::Account(Arc::new(account)))
}

/// An item as it is chosen: once for each role that asks for papers, where it has several.
fn choices(item: &ItemDef) -> Vec<ItemChoice> {
    let choice = |role: &ItemRole| match item.parties.len() {
        1 => ItemChoice { code: item.code.clone(), name: item.name.clone() },
        _ => ItemChoice {
            code: format!("{}/{}", item.code, role.code),
            name: format!("{}（{}）", item.name, role.name),
        },
    };
    item.parties.iter().filter(|role| item.pulls_of(role)).map(choice).collect()
}

/// Work at no item that the person's grants name.
fn outside(actor: &Actor) -> impl Iterator<Item = ItemChoice> {
    let granted = |word: &&OutsideItem| {
        let names = |grant: &Grant| match &grant.purposes {
            Selection::All => false,
            Selection::Named(purposes) => purposes.contains(word.wire()),
        };
        matches!(actor, Actor::Account(account) if account.grants.iter().any(names))
    };
    let words: Vec<OutsideItem> = OutsideItem::ALL.iter().filter(granted).copied().collect();
    words.into_iter().map(|word| ItemChoice { code: word.wire().to_owned(), name: word.zh().to_owned() })
}

/// The item's code and the role, as the form has them.
fn item_and_role(chosen: &str) -> (&str, Option<&str>) {
    chosen.split_once('/').map_or((chosen, None), |(item, role)| (item, Some(role)))
}

fn question(asked: &Asked) -> Ask {
    let holder = AskedHolder { code_type: asked.code_type.clone(), code: asked.number.0.clone() };
    let characters = asked.presence.chars().count();
    let presence = Presence::from_wire(&asked.presence);
    let presence = Some(presence.map_or(StatedPresence::Unknown { characters }, StatedPresence::Known));
    let (item, role) = match is_item_code(item_and_role(&asked.item).0) {
        true => item_and_role(&asked.item),
        false => (asked.item.as_str(), None),
    };
    let role = role.map(str::to_owned);
    // What a reader gives begins with the name.
    let text = Some(asked.reader.0.trim()).filter(|text| !text.is_empty());
    let name = text.and_then(|text| text.split('|').next()).map(str::to_owned);
    let reader = text.map(|text| ReaderText(text.to_owned()));
    let article = Some(asked.article.clone()).filter(|article| !article.trim().is_empty());
    Ask::new(holder, Purpose { presence, role, reader, name, article, ..Purpose::new(item, &asked.reason) })
}

fn view(
    snapshot: &Snapshot,
    looked_up: &LookedUp,
    asked: &Asked,
    item_name: Option<String>,
) -> Result<LookupView> {
    let LookedUp { judged, receipt } = looked_up;
    let accepted = &receipt.accepted;
    let mut view = LookupView {
        holder_masked: judged.holder.masked.clone(),
        code_type: judged.holder.code_type.name_zh().to_owned(),
        item: item_name.unwrap_or_else(|| asked.item.clone()),
        reason: asked.reason.clone(),
        presence: Presence::from_wire(&asked.presence).map_or("", Presence::zh).to_owned(),
        remarks: judged.holder.remarks.iter().map(Remark::text_zh).collect(),
        related: judged.holder.related.iter().map(related).collect(),
        withheld: judged.withheld.map(Withheld::zh),
        ..LookupView::default()
    };
    for record in &judged.records {
        let (row, name) = row(snapshot, record)?;
        view.holder_name = view.holder_name.or(name);
        view.rows.push(row);
    }
    view.more = judged.next.is_some();
    view.absences = judged.absent.iter().map(absence).collect();
    view.conclusion = judged.conclusion().map(|conclusion| conclusion.text);
    view.receipt = ReceiptView {
        log: accepted.log.to_string(),
        index: accepted.index,
        at: accepted.at.legal_text(),
        clock: accepted.clock_behind().map(Moment::legal_text),
        json: accepted.receipt(),
    };
    Ok(view)
}

/// Who took over, in a sentence: nobody looks it up for the clerk.
fn related(related: &Related) -> String {
    let Related { code, since, .. } = related;
    match related.relation {
        Relation::SuccessorOf => {
            format!("本主体自 {since} 起承继 {code} 的权利义务（合并或分立）。原主体的证照请另行查询。")
        }
        Relation::SucceededBy => {
            format!("本主体自 {since} 起由 {code} 承继（合并或分立）。承继方的证照请另行查询。")
        }
        same => format!("{}：{}，自 {since} 起", same.zh(), mask(code)),
    }
}

fn absence(absent: &AbsentType) -> AbsenceView {
    AbsenceView {
        type_name: absent.name.clone(),
        sentence: absent.sentence().to_owned(),
        covered: absent.absence.kind() == AbsenceKind::NoneWithinCoverage,
    }
}

fn told(record: &FoundRecord, of: impl Fn(Reason) -> bool) -> Vec<String> {
    let reasons = record.judgement.reasons.iter().filter(|reason| of(*reason));
    reasons.map(|reason| reason.zh().to_owned()).collect()
}

/// A record as a row, and the name of its holder if it has only one.
fn row(snapshot: &Snapshot, record: &FoundRecord) -> Result<(RowView, Option<String>)> {
    let entry = record.entry.as_deref();
    // That not every field is shown is a mark of the extract: it says nothing about the certificate.
    let limited = record.judgement.reasons.has(Reason::FieldsLimited);
    let mut row = RowView {
        verdict: record.judgement.verdict,
        reasons: told(record, |reason| reason.class() != ReasonClass::Note),
        notes: told(record, |reason| reason.class() == ReasonClass::Note && reason != Reason::FieldsLimited),
        type_name: entry.map(|entry| entry.def().name.zh.clone()).unwrap_or_default(),
        withheld: record.withheld.map(Withheld::zh),
        ..RowView::default()
    };
    let Some(opened) = &record.opened else { return Ok((row, None)) };
    let seen = Seen::of(&opened.body)?;
    row.bodiless = matches!(opened.body, ShownBody::Directory(_));
    let agencies = snapshot.catalog.issuers().agencies();
    let issuer = seen.issuer.or_else(|| agencies.latest(&opened.issuer).map(|agency| agency.name.clone()));
    row.issuer = issuer.unwrap_or_else(|| opened.issuer.clone());
    row.validity = validity(opened, seen.valid_to);
    row.custody = opened.custody.zh().to_owned();
    row.as_of = Some(opened.as_of.day().to_string());
    row.office = seen.said.office;
    row.note = seen.said.note.filter(|note| entry.is_none_or(|entry| entry.def().name.zh != *note));
    // A number that is the holder's own gets the holder's mask.
    let own = |number: String| match contains_citizen_number(&number) {
        true => mask(&number),
        false => number,
    };
    row.number = seen.said.number.map(own);
    row.identifier = opened.identifier.clone();
    row.logged = Some(format!("{} #{}", opened.log, opened.leaf));
    if let Some(linked) = &record.linked {
        row.marks.push(format!("登记于 {}：{}", mask(&linked.code), linked.relation.zh()));
    }
    match opened.body {
        ShownBody::Extract(_) => row.marks.push("摘录（由本库出具，仅含授权字段）".to_owned()),
        _ if limited => row.marks.push(Reason::FieldsLimited.zh().to_owned()),
        _ => {}
    }
    // What is sensitive stands on the page only where a grant names it.
    let by_default = |field: &Field| limited || !field.sensitive;
    for field in entry.into_iter().flat_map(|entry| entry.face().fields()).filter(|field| by_default(field)) {
        if let Some(value) = seen.face.get(&field.name)
            && field.mask != Mask::Hidden
        {
            face_lines(field, value, "", &mut row.face);
        }
    }
    Ok((row, seen.holder))
}

/// The page's view of a body: of the signed record, of the extract, or of its issuer's statement.
#[derive(Default)]
struct Seen {
    /// The issuer's name of the day.
    issuer: Option<String>,
    /// The holder's name, if there is one holder.
    holder: Option<String>,
    valid_to: Option<Validity>,
    face: Map<String, Value>,
    said: DirectorySaid,
}

impl Seen {
    fn of(body: &ShownBody) -> Result<Self> {
        Ok(match body {
            ShownBody::Envelope { envelope, .. } => {
                let record = Record::from_payload(envelope.view().payload()).map_err(Error::internal)?;
                let holder = match <[Holder; 1]>::try_from(record.holders) {
                    Ok([holder]) => Some(holder.name),
                    Err(_) => None,
                };
                let (issuer, valid_to, face) = (Some(record.issuer.name), record.valid_to, record.face);
                Self { issuer, holder, valid_to, face, said: DirectorySaid::default() }
            }
            ShownBody::Extract(extract) => {
                let body = &extract.body;
                let holder = match body.holders.as_slice() {
                    [holder] => holder.name.clone(),
                    _ => None,
                };
                let (issuer, face) = (Some(body.issuer.name.clone()), body.face.clone());
                Self { issuer, holder, valid_to: body.valid_to, face, said: DirectorySaid::default() }
            }
            ShownBody::Withheld => Self::default(),
            ShownBody::Directory(said) if said.is_empty() => Self::default(),
            ShownBody::Directory(said) => {
                Self { said: serde_json::from_slice(said).map_err(Error::internal)?, ..Self::default() }
            }
        })
    }
}

fn validity(opened: &OpenedRecord, signed: Option<Validity>) -> String {
    let to = match (opened.valid_to, signed) {
        (Some(day), _) | (None, Some(Validity::Until(day))) => Some(day.to_string()),
        (None, Some(Validity::LongTerm)) => Some("长期".to_owned()),
        (None, None) => None,
    };
    match (opened.valid_from, to) {
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
