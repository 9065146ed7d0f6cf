//! Which column of a department's file is what: a mapping, and the guess at one from the words of a header.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::{CheckRule, Field, FieldKind, Format, TypeEntry, ValidityRule};

/// How a file of one type and agency is read. Shown before anything is written, and kept with a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Layout: 1.
    pub v: u32,
    /// Type code or slug of the records.
    #[serde(rename = "type")]
    pub type_code: String,
    /// The issuing agency's credit code.
    pub issuer: String,
    /// The sheet of a workbook; the only one with rows where not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The columns, by their header.
    pub columns: Vec<MappedColumn>,
    /// What stands in every row and in no column: `holder.code_type` and others, by the name of the field.
    #[serde(default)]
    pub constants: BTreeMap<String, String>,
}

/// One column of a mapping.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// The header as it stands in the file; two levels of a merged header are written one behind the other.
    pub header: String,
    /// The fields it fills: `holder.code`, `issued_on`, `face.card_no`. None: the column is left out.
    pub to: Vec<String>,
}

impl Mapping {
    /// What a column fills; none where the mapping does not know the header.
    pub fn to(&self, header: &str) -> Option<&[String]> {
        let plain = plain(header);
        self.columns
            .iter()
            .find(|column| self::plain(&column.header) == plain)
            .map(|column| column.to.as_slice())
    }

    /// Headers that are left out.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().filter(|column| column.to.is_empty()).map(|column| column.header.as_str())
    }

    /// Fields without which no row can be read, and that neither a column nor a constant fills.
    pub fn missing(&self, entry: &TypeEntry) -> Vec<UnfilledField> {
        let filled = |lacking: &UnfilledField| {
            self.constants.contains_key(&lacking.to)
                || self.columns.iter().any(|column| column.to.contains(&lacking.to))
        };
        let row = [
            ("issued_on", "签发日期"),
            ("holder.code_type", "号码类型"),
            ("holder.code", "号码"),
            ("holder.name", "姓名或名称"),
        ];
        let row = row.into_iter().map(|(to, zh)| UnfilledField { to: to.to_owned(), zh: zh.to_owned() });
        let face = entry.face().fields().iter().filter(|field| field.required);
        let face = face.map(|field| UnfilledField { to: self::face(field), zh: field.label.zh.clone() });
        row.chain(face).filter(|lacking| !filled(lacking)).collect()
    }
}

/// A field that every row needs and no column fills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnfilledField {
    /// As a mapping names it.
    pub to: String,
    /// As a document prints it.
    pub zh: String,
}

impl std::fmt::Display for UnfilledField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.zh, self.to)
    }
}

/// What a header means, whatever the type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Code,
    CreditCode,
    Name,
    Number,
    IssuedOn,
    ValidFrom,
    ValidTo,
    AsOf,
}

/// Words that departments write over their columns.
const SYNONYMS: &[(Meaning, &[&str])] = &[
    (
        Meaning::Code,
        &[
            "身份证号码",
            "身份证号",
            "公民身份号码",
            "公民身份证号码",
            "居民身份证号码",
            "居民身份证号",
            "身份号码",
            "证件号码",
            "证件号",
            "持证人身份证号",
            "持证人身份证号码",
            "持证人证件号码",
            "身份证件号码",
            "身份证",
        ],
    ),
    (
        Meaning::CreditCode,
        &["统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "单位统一社会信用代码", "统一代码"],
    ),
    (
        Meaning::Name,
        &[
            "姓名",
            "持证人",
            "持证人姓名",
            "持有人",
            "持有人姓名",
            "本人姓名",
            "单位名称",
            "企业名称",
            "机构名称",
            "名称",
        ],
    ),
    (
        Meaning::Number,
        &[
            "证号",
            "证书编号",
            "证书号",
            "证书号码",
            "证照编号",
            "证照号码",
            "许可证号",
            "许可证编号",
            "编号",
            "证件编号",
        ],
    ),
    (
        Meaning::IssuedOn,
        &[
            "发证日期",
            "签发日期",
            "颁发日期",
            "发证时间",
            "签发时间",
            "核发日期",
            "制证日期",
            "发证日",
            "颁证日期",
            "发卡日期",
        ],
    ),
    (
        Meaning::ValidFrom,
        &[
            "有效期起",
            "有效期自",
            "有效期始",
            "有效期开始",
            "有效期限起",
            "生效日期",
            "有效起始日期",
            "有效期起始",
            "有效期开始日期",
        ],
    ),
    (
        Meaning::ValidTo,
        &[
            "有效期至",
            "有效期止",
            "有效期限",
            "有效期",
            "有效期限止",
            "有效期限至",
            "截止日期",
            "到期日期",
            "有效期截止",
            "有效期截止日期",
            "失效日期",
            "有效截止日期",
            "到期日",
            "有效期终",
        ],
    ),
    (Meaning::AsOf, &["数据日期", "数据时间", "数据截止日期", "数据更新日期", "推送日期", "抽取日期"]),
];

/// A header without what is not its word: blanks, stars, colons, brackets.
fn plain(header: &str) -> String {
    let kept = |c: &char| !c.is_whitespace() && !"*＊:：()（）[]【】/、_\"'".contains(*c);
    header.chars().filter(kept).collect()
}

/// The same without what stands in brackets: 身份证号（18位）.
fn outside_brackets(header: &str) -> String {
    let mut depth = 0_u32;
    let outside = header.chars().filter(|c| {
        match c {
            '(' | '（' | '[' | '【' => depth += 1,
            ')' | '）' | ']' | '】' => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    plain(&outside.collect::<String>())
}

fn meaning(word: &str) -> Option<Meaning> {
    SYNONYMS.iter().find(|(_, words)| words.contains(&word)).map(|(meaning, _)| *meaning)
}

/// Whether a header is one that a guess knows, for that type: how the row of headers is found in a sheet.
pub fn is_known(header: &str, entry: &TypeEntry) -> bool {
    [plain(header), outside_brackets(header)].iter().any(|word| {
        !word.is_empty()
            && (meaning(word).is_some()
                || entry.face().fields().iter().any(|field| plain(&field.label.zh) == *word))
    })
}

/// The mapping that a header suggests. A field is filled once: the first column that fits has it.
pub fn guess(headers: &[String], entry: &TypeEntry, issuer: &str) -> Mapping {
    let mut filled: Vec<String> = Vec::new();
    let mut columns = Vec::with_capacity(headers.len());
    let mut credit = false;
    for header in headers.iter().filter(|header| !header.trim().is_empty()) {
        let mut to = targets(&plain(header), entry);
        if to.is_empty() {
            to = targets(&outside_brackets(header), entry);
        }
        to.retain(|name| !filled.contains(name));
        credit |= meaning(&plain(header)) == Some(Meaning::CreditCode)
            && to.iter().any(|name| name == "holder.code");
        filled.extend(to.iter().cloned());
        columns.push(MappedColumn { header: header.clone(), to });
    }
    let mut constants = BTreeMap::new();
    constants.insert("holder.code_type".to_owned(), if credit { "001" } else { "111" }.to_owned());
    Mapping {
        v: 1,
        type_code: entry.def().slug.clone(),
        issuer: issuer.to_owned(),
        sheet: None,
        columns,
        constants,
    }
}

/// The fields that a header of that word fills.
fn targets(word: &str, entry: &TypeEntry) -> Vec<String> {
    let meant = meaning(word);
    let mut to = Vec::new();
    let fields = entry.face().fields();
    let named = fields.iter().find(|field| plain(&field.label.zh) == word);
    let holders = match (meant, named.and_then(|field| field.check.as_ref()).map(|check| check.rule)) {
        (Some(Meaning::Code | Meaning::CreditCode), _) | (None, Some(CheckRule::HolderCode)) => {
            Some(("holder.code", CheckRule::HolderCode))
        }
        (Some(Meaning::Name), _) | (None, Some(CheckRule::HolderName)) => {
            Some(("holder.name", CheckRule::HolderName))
        }
        _ => None,
    };
    if let Some((name, rule)) = holders {
        to.push(name.to_owned());
        let agrees = |field: &&Field| field.check.as_ref().is_some_and(|check| check.rule == rule);
        to.extend(fields.iter().filter(agrees).map(face));
    }
    let dated = |field: &&Field| {
        let of = meaning(&plain(&field.label.zh));
        of.is_some() && of == meant && is_day(field)
    };
    match meant {
        Some(Meaning::Number) => to.push(format!("face.{}", entry.def().number.field)),
        Some(Meaning::IssuedOn) => {
            to.push("issued_on".to_owned());
            to.extend(fields.iter().filter(dated).map(face));
        }
        Some(Meaning::ValidFrom) => {
            to.push("valid_from".to_owned());
            to.extend(fields.iter().filter(dated).map(face));
        }
        Some(Meaning::ValidTo) => {
            if entry.def().validity != ValidityRule::None {
                to.push("valid_to".to_owned());
            }
            to.extend(fields.iter().filter(dated).map(face));
        }
        Some(Meaning::AsOf) => to.push("as_of".to_owned()),
        Some(Meaning::Code | Meaning::CreditCode | Meaning::Name) | None => {}
    }
    to.extend(named.map(face).filter(|name| !to.contains(name)));
    to
}

fn is_day(field: &Field) -> bool {
    matches!(
        &field.kind,
        FieldKind::Text { format: Format::Date | Format::DateOrLong | Format::PartialDate, .. }
    )
}

fn face(field: &Field) -> String {
    format!("face.{}", field.name)
}
