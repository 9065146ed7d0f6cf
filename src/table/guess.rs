//! The guess at a mapping from the words of a header: to look at and to correct, so what is not sure is left open.
//!
//! The label that the type itself gives to a field goes before every other word, and words that stand over many things
//! count where no other column fits. A column fills the holder and fields of the face that speak of the same role, and
//! never those of another: the record is signed as it is filled.

use std::collections::BTreeMap;

use super::mapping::{MappedColumn, Mapping, face, outside_brackets, plain};
use super::words::{Meaning, Whose, is_generic, meaning};
use crate::catalog::{CheckRule, Field, FieldKind, Format, HolderKind, Role, TypeEntry, ValidityRule};

/// How surely a header is what it is taken for, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sure {
    /// The label of a field of the type.
    Label,
    /// A word for one thing.
    Word,
    /// A word for many things.
    Generic,
}

/// What a header says, for one type.
#[derive(Clone, Copy)]
struct Spoken<'e> {
    sure: Sure,
    meaning: Option<Meaning>,
    /// The field of that label.
    field: Option<&'e Field>,
    /// The role that it speaks of, where it names one.
    role: Option<&'e str>,
}

/// Whether a header is one that a guess knows, for that type: how the row of headers is found in a sheet.
pub fn is_known(header: &str, entry: &TypeEntry) -> bool {
    spoken(header, entry).is_some()
}

/// The mapping that a header suggests. A field is filled once: the surest column has it, and of equals the first.
pub fn guess(headers: &[String], entry: &TypeEntry, issuer: &str) -> Mapping {
    let headers: Vec<&String> = headers.iter().filter(|header| !header.trim().is_empty()).collect();
    let said: Vec<Option<Spoken<'_>>> = headers.iter().map(|header| spoken(header, entry)).collect();
    let holder = Holder::of(&said, entry);
    let mut columns: Vec<MappedColumn> =
        headers.iter().map(|header| MappedColumn { header: (*header).clone(), to: Vec::new() }).collect();
    let mut filled: Vec<String> = Vec::new();
    for sure in [Sure::Label, Sure::Word, Sure::Generic] {
        for (column, said) in columns.iter_mut().zip(&said) {
            let Some(said) = said.filter(|said| said.sure == sure) else { continue };
            column.to = holder.targets(said, entry);
            column.to.retain(|name| !filled.contains(name));
            filled.extend(column.to.iter().cloned());
        }
    }
    let mut constants = BTreeMap::new();
    let code_type = if holder.kind == Whose::Organisation { "001" } else { "111" };
    constants.insert("holder.code_type".to_owned(), code_type.to_owned());
    if let Some(role) = holder.role.filter(|_| entry.def().holders.len() > 1 && !holder.others) {
        constants.insert("holder.role".to_owned(), role.to_owned());
    }
    Mapping {
        v: 1,
        type_code: entry.def().slug.clone(),
        issuer: issuer.to_owned(),
        sheet: None,
        columns,
        constants,
    }
}

/// What a header says: by all its characters, or by those outside brackets.
fn spoken<'e>(header: &str, entry: &'e TypeEntry) -> Option<Spoken<'e>> {
    let words = [plain(header), outside_brackets(header)];
    words.iter().filter(|word| !word.is_empty()).find_map(|word| word_says(word, entry))
}

fn word_says<'e>(word: &str, entry: &'e TypeEntry) -> Option<Spoken<'e>> {
    let field = entry.face().fields().iter().find(|field| plain(&field.label.zh) == *word);
    if let Some(field) = field {
        let role = field.check.as_ref().map(|check| check.role.as_str());
        return Some(Spoken { sure: Sure::Label, meaning: meaning(word), field: Some(field), role });
    }
    let sure = if is_generic(word) { Sure::Generic } else { Sure::Word };
    let of_role = || entry.def().holders.iter().find_map(|role| of_role(word, role));
    match (meaning(word), of_role()) {
        // 持证人姓名 is a word, and names the role where a type of several calls one so.
        (known, Some((spoken, role))) if entry.def().holders.len() > 1 || known.is_none() => {
            Some(Spoken { sure: Sure::Word, meaning: Some(spoken), field: None, role: Some(role) })
        }
        (Some(known), _) => Some(Spoken { sure, meaning: Some(known), field: None, role: None }),
        (None, _) => None,
    }
}

/// 母亲身份证号码: a word for a name or a number behind the label of a role.
fn of_role<'e>(word: &str, role: &'e Role) -> Option<(Meaning, &'e str)> {
    let rest = word.strip_prefix(plain(&role.label.zh).as_str())?;
    let spoken = match rest {
        "" => Meaning::Name(Whose::Anybody),
        rest => meaning(rest).filter(|meaning| matches!(meaning, Meaning::Code(_) | Meaning::Name(_)))?,
    };
    Some((spoken, role.role.as_str()))
}

/// The holder that the columns without a place fill.
struct Holder<'e> {
    kind: Whose,
    /// Its role; none where the header does not say it.
    role: Option<&'e str>,
    /// Whether columns speak of holders in other roles, too.
    others: bool,
}

impl<'e> Holder<'e> {
    fn of(said: &[Option<Spoken<'e>>], entry: &'e TypeEntry) -> Self {
        let roles = &entry.def().holders;
        let kind = kind(said, entry);
        let named: Vec<&str> = said
            .iter()
            .flatten()
            .filter(|said| said.holder_rule().is_some())
            .filter_map(|said| said.role)
            .collect();
        let role = match roles.as_slice() {
            [only] => Some(only),
            // The header says it where it names a role without which there is no record.
            several => several.iter().find(|role| role.min > 0 && named.contains(&role.role.as_str())),
        };
        let role = role.map(|role| role.role.as_str());
        Self { kind, role, others: named.iter().any(|named| Some(*named) != role) }
    }

    /// The fields that a column fills.
    fn targets(&self, said: Spoken<'_>, entry: &TypeEntry) -> Vec<String> {
        let mut to = match said.holder_rule() {
            Some(rule) => self.holder_targets(said, rule, entry),
            None if said.meaning == Some(Meaning::Born) => self.born_targets(said, entry),
            None => dated_targets(said, entry),
        };
        to.extend(said.field.map(face).filter(|name| !to.contains(name)));
        to
    }

    /// The day of birth, under whatever word the type has it.
    fn born_targets(&self, said: Spoken<'_>, entry: &TypeEntry) -> Vec<String> {
        let own = |field: &&Field| {
            let check = field.check.as_ref().filter(|check| check.rule == CheckRule::HolderBirthDate);
            check.is_some_and(|check| Some(check.role.as_str()) == self.role)
        };
        let fields = entry.face().fields().iter().filter(|_| said.field.is_none());
        fields.filter(own).map(face).collect()
    }

    /// The name or the number of a holder, and the fields of the face that are that holder's.
    fn holder_targets(&self, said: Spoken<'_>, rule: CheckRule, entry: &TypeEntry) -> Vec<String> {
        let whose = match said.meaning {
            Some(Meaning::Code(whose) | Meaning::Name(whose)) if said.sure != Sure::Label => whose,
            _ => Whose::Anybody,
        };
        if !whose.fits(self.kind) {
            return Vec::new();
        }
        let role = said.role.or(self.role);
        let mut to = Vec::new();
        if said.role.is_none() || said.role == self.role {
            to.push(if rule == CheckRule::HolderCode { "holder.code" } else { "holder.name" }.to_owned());
        }
        let agrees = |field: &&Field| {
            field.check.as_ref().is_some_and(|check| check.rule == rule && Some(check.role.as_str()) == role)
        };
        to.extend(entry.face().fields().iter().filter(agrees).map(face));
        to
    }
}

impl Spoken<'_> {
    /// Whether it speaks of a holder's name or number.
    fn holder_rule(&self) -> Option<CheckRule> {
        match (self.field.and_then(|field| field.check.as_ref()), self.meaning) {
            (Some(check), _) => {
                Some(check.rule).filter(|rule| matches!(rule, CheckRule::HolderCode | CheckRule::HolderName))
            }
            (None, Some(Meaning::Code(_))) => Some(CheckRule::HolderCode),
            (None, Some(Meaning::Name(_))) => Some(CheckRule::HolderName),
            (None, _) => None,
        }
    }
}

/// People or organisations: as the type says, else as the header does.
fn kind(said: &[Option<Spoken<'_>>], entry: &TypeEntry) -> Whose {
    let to = entry.def().applies.as_ref().map(|applies| applies.to.as_slice());
    let of = |field: &Field| {
        let code = field.check.as_ref().is_some_and(|check| check.rule == CheckRule::HolderCode);
        code.then(|| meaning(&plain(&field.label.zh))).flatten()
    };
    let labelled = entry.face().fields().iter().find_map(of);
    match (to, labelled) {
        (Some([HolderKind::Organisation]), _) => return Whose::Organisation,
        (Some([HolderKind::Person]), _) => return Whose::Person,
        (_, Some(Meaning::Code(whose))) if whose != Whose::Anybody => return whose,
        _ => {}
    }
    let says = |whose| said.iter().flatten().any(|said| said.meaning == Some(Meaning::Code(whose)));
    match (says(Whose::Person), says(Whose::Organisation)) {
        (false, true) => Whose::Organisation,
        (true, _) => Whose::Person,
        (false, false) => Whose::Anybody,
    }
}

/// The days and the number of the certificate.
fn dated_targets(said: Spoken<'_>, entry: &TypeEntry) -> Vec<String> {
    let fields = entry.face().fields();
    let own = match said.meaning {
        Some(Meaning::IssuedOn) => "issued_on",
        Some(Meaning::ValidFrom) => "valid_from",
        Some(Meaning::ValidTo) => "valid_to",
        Some(Meaning::AsOf) => return vec!["as_of".to_owned()],
        Some(Meaning::Number) if said.field.is_none() => {
            // A number that is the holder's own stands under a word for that.
            let name = &entry.def().number.field;
            let holders =
                |field: &Field| field.check.as_ref().is_some_and(|check| check.rule == CheckRule::HolderCode);
            let of_holder = fields.iter().any(|field| field.name == *name && holders(field));
            return if of_holder { Vec::new() } else { vec![format!("face.{name}")] };
        }
        Some(Meaning::Number | Meaning::Born | Meaning::Code(_) | Meaning::Name(_)) | None => {
            return Vec::new();
        }
    };
    let mut to = Vec::new();
    if said.meaning != Some(Meaning::ValidTo) || entry.def().validity != ValidityRule::None {
        to.push(own.to_owned());
    }
    let dated = |field: &&Field| is_day(field) && meaning(&plain(&field.label.zh)) == said.meaning;
    to.extend(fields.iter().filter(dated).map(face));
    to
}

fn is_day(field: &Field) -> bool {
    matches!(
        &field.kind,
        FieldKind::Text { format: Format::Date | Format::DateOrLong | Format::PartialDate, .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::CodeLists;

    fn entry(slug: &str) -> TypeEntry {
        let all = TypeEntry::builtin(&CodeLists::builtin().unwrap()).unwrap();
        all.into_iter().find(|entry| entry.def().slug == slug).unwrap()
    }

    /// What the guess makes of a header: `姓名=holder.name+face.name`, one after the other; and the role.
    fn guessed(slug: &str, header: &str) -> (String, Option<String>) {
        let headers: Vec<String> = header.split(',').map(str::to_owned).collect();
        let mapping = guess(&headers, &entry(slug), "11190101MD9000012K");
        let told = mapping.columns.iter().map(|one| format!("{}={}", one.header, one.to.join("+")));
        (told.collect::<Vec<_>>().join(" "), mapping.constants.get("holder.role").cloned())
    }

    #[test]
    fn a_column_fills_fields_of_one_role() {
        let (told, role) = guessed("disability_certificate", "姓名,身份证号码,残疾人证号");
        assert_eq!(told, "姓名=holder.name+face.name 身份证号码=holder.code 残疾人证号=face.certificate_no");
        assert_eq!(role.as_deref(), Some("holder"));
        let (told, role) = guessed("disability_certificate", "监护人姓名,姓名,监护人身份证号码,身份证号码");
        assert_eq!(
            told,
            "监护人姓名=face.guardian_name 姓名=holder.name+face.name 监护人身份证号码= 身份证号码=holder.code"
        );
        // A person says in which roles the rows have holders.
        assert_eq!(role, None);
        let (told, role) = guessed("birth_certificate", "新生儿姓名,身份证号码,编号");
        assert_eq!(told, "新生儿姓名=face.newborn_name 身份证号码=holder.code 编号=face.certificate_no");
        assert_eq!(role, None);
        let (told, _) = guessed("birth_certificate", "父亲姓名,父亲证件号码,母亲姓名,母亲身份证号");
        assert_eq!(
            told,
            "父亲姓名=face.father_name 父亲证件号码=face.father_id_number 母亲姓名=holder.name+face.mother_name 母亲身份证号=holder.code+face.mother_id_number"
        );
    }

    #[test]
    fn a_type_of_several_roles_lacks_the_role_that_nothing_says() {
        for (slug, header, lacks) in [
            ("birth_certificate", "新生儿姓名,身份证号码,编号", true),
            ("disability_certificate", "姓名,身份证号码", false),
        ] {
            let entry = entry(slug);
            let headers: Vec<String> = header.split(',').map(str::to_owned).collect();
            let missing = guess(&headers, &entry, "11190101MD9000012K").missing(&entry);
            assert_eq!(missing.iter().any(|one| one.to == "holder.role"), lacks, "{slug}");
        }
        let licence = entry("driving_licence");
        assert!(guess(&[], &licence, "").missing(&licence).iter().all(|one| one.to != "holder.role"));
    }

    #[test]
    fn a_label_goes_before_words_and_words_before_generic_ones() {
        let (told, _) = guessed("disability_certificate", "编号,证号,残疾人证号");
        assert_eq!(told, "编号= 证号= 残疾人证号=face.certificate_no");
        let (told, _) = guessed("disability_certificate", "证号,证书编号");
        assert_eq!(told, "证号= 证书编号=face.certificate_no");
        let (told, _) = guessed("disability_certificate", "序号,证号");
        assert_eq!(told, "序号= 证号=face.certificate_no");
        let (told, _) = guessed("resident_id_card", "证件号码,公民身份号码,持证人,姓名");
        assert_eq!(
            told,
            "证件号码= 公民身份号码=holder.code+face.id_number 持证人= 姓名=holder.name+face.name"
        );
        // The number of a licence that is the holder's own is filled by a word for that alone.
        let (told, _) = guessed("driving_licence", "证书编号,身份证号码");
        assert_eq!(told, "证书编号= 身份证号码=holder.code+face.certificate_no");
    }

    #[test]
    fn a_type_of_organisations_takes_the_organisations_columns() {
        let (told, _) = guessed("business_licence", "姓名,身份证号码,企业名称,统一社会信用代码");
        assert_eq!(
            told,
            "姓名= 身份证号码= 企业名称=holder.name+face.name 统一社会信用代码=holder.code+face.credit_code"
        );
        let (told, _) = guessed("business_licence", "姓名,身份证号码,企业名称,社会信用代码");
        assert!(told.ends_with("社会信用代码=holder.code+face.credit_code"), "{told}");
        let (told, _) = guessed("driving_licence", "单位名称,信用代码,姓名,身份证号码");
        assert_eq!(
            told,
            "单位名称= 信用代码= 姓名=holder.name+face.name 身份证号码=holder.code+face.certificate_no"
        );
    }
}
