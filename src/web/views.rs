//! The contents of pages, as plain data. The use cases fill these; templates only lay them out. Every text is
//! escaped when it is written, so a view holds texts as they are.

use std::fmt;

use crate::identity::CodeType;
pub use crate::record::Verdict;
use crate::record::access::{OutsideItem, Presence};

/// The frame of every page.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    /// Shows the banner that all data are made up.
    pub demo: bool,
    /// The signed-in person.
    pub account: Option<AccountView>,
}

/// The person who is signed in.
#[derive(Debug, Clone)]
pub struct AccountView {
    /// Shown name.
    pub display: String,
    /// Name of the agency.
    pub agency: String,
    /// The token each form carries.
    pub csrf: String,
}

/// A typed text that may be a holder's number: shown back in its own field, in no other place (I3).
#[derive(Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Typed(pub String);

impl fmt::Debug for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(typed)")
    }
}

/// A service item to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemChoice {
    /// Its code, and behind `/` the role of the party, where the item has several.
    pub code: String,
    /// Its name, and the role where there are several.
    pub name: String,
}

/// The form of a lookup, with the last values.
#[derive(Debug, Clone)]
pub struct LookupForm {
    /// The items of the agency.
    pub items: Vec<ItemChoice>,
    /// The chosen code type, three digits.
    pub code_type: String,
    /// The number as typed.
    pub number: Typed,
    /// The chosen item's code.
    pub item: String,
    /// The reason given.
    pub reason: String,
    /// The chosen presence.
    pub presence: String,
    /// The text of a card reader.
    pub reader: Typed,
    /// The article of law for work at no item.
    pub article: String,
    /// Why the last try was refused.
    pub refusal: Option<RefusalView>,
}

impl LookupForm {
    /// An empty form with these items.
    pub fn empty(items: Vec<ItemChoice>) -> Self {
        Self {
            items,
            code_type: CodeType::CitizenId.code().to_owned(),
            number: Typed::default(),
            item: String::new(),
            reason: String::new(),
            presence: Presence::Typed.wire().to_owned(),
            reader: Typed::default(),
            article: String::new(),
            refusal: None,
        }
    }

    /// Whether work at no item can be chosen, which needs an article of law.
    pub fn outside_items(&self) -> bool {
        self.items.iter().any(|item| OutsideItem::from_wire(&item.code).is_some())
    }

    /// The name of the field to go to; empty if no single one is at fault.
    pub fn refused_field(&self) -> &str {
        self.refusal.as_ref().map_or("", |refusal| refusal.field.as_str())
    }

    /// The ways of presence that the form can show something for, or that need nothing. The one without evidence comes first.
    pub fn presences(&self) -> impl Iterator<Item = Presence> {
        [Presence::Typed, Presence::CardRead, Presence::OnBehalfByDuty].into_iter()
    }

    /// Code types of persons, as (code, name).
    pub fn person_types(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        types(true)
    }

    /// Code types of organisations, as (code, name).
    pub fn organisation_types(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        types(false)
    }
}

fn types(person: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    // 111 and 001 come across the counter most; the rest keeps the order of the standard.
    let mut all: Vec<_> = CodeType::ALL.iter().filter(|one| one.is_person() == person).collect();
    all.sort_by_key(|one| (!matches!(one, CodeType::CitizenId | CodeType::CreditCode), one.code()));
    all.into_iter().map(|one| (one.code(), one.name_zh()))
}

/// A refusal as a person reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalView {
    /// The fault.
    pub title: String,
    /// The fault in this case.
    pub detail: String,
    /// The advice.
    pub hint: String,
    /// The code to name to the operator.
    pub code: String,
    /// The field to go to, by the name in the form.
    pub field: String,
}

/// The answer of a lookup.
#[derive(Debug, Clone, Default)]
pub struct LookupView {
    /// The number, masked.
    pub holder_masked: String,
    /// The name of the code type.
    pub code_type: String,
    /// The holder's name, if a record tells it and policy allows it.
    pub holder_name: Option<String>,
    /// The item's name.
    pub item: String,
    /// The reason given.
    pub reason: String,
    /// The label of the presence.
    pub presence: String,
    /// Remarks on the number, e.g. that 15 digits were given.
    pub remarks: Vec<String>,
    /// Who took over from the holder, and from whom it took over.
    pub related: Vec<String>,
    /// That records were left out, and why.
    pub withheld: Option<&'static str>,
    /// The records.
    pub rows: Vec<RowView>,
    /// Whether there are more records than one answer has.
    pub more: bool,
    /// What was asked for and not found, or cannot be told (I13).
    pub absences: Vec<AbsenceView>,
    /// All absences in one sentence, where there is no record.
    pub conclusion: Option<String>,
    /// The proof that this lookup was logged.
    pub receipt: ReceiptView,
}

impl LookupView {
    /// How many records have that verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict == verdict).count()
    }

    /// The types without a record, in two counts: nothing was found within coverage, or nothing can be told.
    pub fn other_kinds(&self) -> String {
        let covered = self.absences.iter().filter(|absence| absence.covered).count();
        let open = self.absences.len().saturating_sub(covered);
        let counts = [("未查询到", covered), ("暂无法核验", open)];
        let told = counts.into_iter().filter(|(_, count)| *count > 0);
        told.map(|(word, count)| format!("{word} {count} 类")).collect::<Vec<_>>().join("，")
    }

    /// How many are valid.
    pub fn valid(&self) -> usize {
        self.count(Verdict::Valid)
    }

    /// How many are invalid.
    pub fn invalid(&self) -> usize {
        self.count(Verdict::Invalid)
    }

    /// How many cannot be determined.
    pub fn undetermined(&self) -> usize {
        self.count(Verdict::Undetermined)
    }
}

/// One record of an answer.
#[derive(Debug, Clone, Default)]
pub struct RowView {
    /// That part of it is not shown, and why.
    pub withheld: Option<&'static str>,
    /// The verdict.
    pub verdict: Verdict,
    /// The reasons of its verdict as people read them; empty when valid.
    pub reasons: Vec<String>,
    /// What stands beside any verdict, as people read it: shown in its line.
    pub notes: Vec<String>,
    /// The name of the type.
    pub type_name: String,
    /// The issuer's name of the day.
    pub issuer: String,
    /// `2020年1月1日 至 2030年1月1日`, `长期`.
    pub validity: String,
    /// 托管, 发证机构保存, 仅有纸质, 异地.
    pub custody: String,
    /// The day of the data: of the feed that it came with, or of its last change here.
    pub as_of: Option<String>,
    /// The office that keeps a certificate whose body is not here.
    pub office: Option<String>,
    /// The issuer's further remark.
    pub note: Option<String>,
    /// The certificate's number as it may be shown.
    pub number: Option<String>,
    /// The identifier as it may be shown.
    pub identifier: Option<String>,
    /// Marks beside the verdict: 有异议, 部分字段.
    pub marks: Vec<String>,
    /// The body is not here: there is no face to show.
    pub bodiless: bool,
    /// The fields of the face that may be seen, in the order of the type; empty where there is no body here.
    pub face: Vec<FaceField>,
    /// `records / 1234`: the place of the record in the log.
    pub logged: Option<String>,
}

/// A field of a face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceField {
    /// The label.
    pub label: String,
    /// The value as people read it.
    pub value: String,
}

impl FaceField {
    /// Whether a part of it is hidden: then it is of no use in a form.
    pub fn masked(&self) -> bool {
        self.value.contains("**")
    }
}

/// The answer about a type with no record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbsenceView {
    /// The name of the type.
    pub type_name: String,
    /// The sentence, in the words of the coverage statement.
    pub sentence: String,
    /// Whether the absence is within coverage; otherwise no answer is possible.
    pub covered: bool,
}

/// The receipt of a lookup.
#[derive(Debug, Clone, Default)]
pub struct ReceiptView {
    /// The log.
    pub log: String,
    /// The entry's index.
    pub index: u64,
    /// Clock time in UTC+8.
    pub at: String,
    /// The true time, if the log's is later.
    pub clock: Option<String>,
    /// The whole receipt as JSON, to be saved.
    pub json: String,
}

impl ReceiptView {
    /// The receipt as the address of a download; base64 needs no escaping.
    pub fn href(&self) -> String {
        use base64::Engine;
        let body = base64::engine::general_purpose::STANDARD.encode(&self.json);
        format!("data:application/json;base64,{body}")
    }

    /// The name of the saved file; no number in it (I3).
    pub fn file_name(&self) -> String {
        format!("receipt-{}-{}.json", self.log, self.index)
    }
}
