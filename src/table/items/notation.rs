//! Things of several parts in one cell: a line for each, its parts separated by `|`. A `|` of a part's own is written
//! `\|`, a backslash `\\`, so that any text comes back as it was.

use serde_json::{Map, Value, json};

use crate::rule::Rule;

/// The state that is meant where none is named.
const USUAL: &str = "有效";

/// Parts as one line.
pub(super) fn line<T: AsRef<str>>(parts: &[T]) -> String {
    let escaped = |part: &T| part.as_ref().replace('\\', "\\\\").replace('|', "\\|");
    let mut text = parts.iter().map(escaped).collect::<Vec<_>>().join(" | ");
    while let Some(shorter) = text.strip_suffix(" | ") {
        text.truncate(shorter.len());
    }
    text
}

/// The parts of a line, without blanks around them.
pub(super) fn parts(line: &str) -> Vec<String> {
    let (mut all, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            c if escaped => {
                part.push(c);
                escaped = false;
            }
            '\\' => escaped = true,
            '|' => all.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
    }
    all.push(part);
    all.into_iter().map(|part| part.trim().to_owned()).collect()
}

/// The lines of a cell that say something.
pub(super) fn lines(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty())
}

fn number(text: &str) -> Result<Value, Rule> {
    text.parse::<u32>().map(Value::from).map_err(|_unread| Rule::NotAnInteger)
}

fn said(parts: &[String], at: usize) -> Result<String, Rule> {
    parts.get(at).filter(|part| !part.is_empty()).cloned().ok_or(Rule::ItemNotation)
}

fn at_most(parts: &[String], most: usize) -> Result<(), Rule> {
    if parts.len() > most { Err(Rule::ItemNotation) } else { Ok(()) }
}

fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn joined(value: &Value) -> String {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("、")
}

fn listed(text: &str) -> Value {
    text.split(['、', ',', '，']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().into()
}

/// A thing of the item that stands in one cell, a line for each.
pub(super) struct Notation {
    /// As one line.
    pub write: fn(&Value) -> String,
    /// The lines of a cell.
    pub read: fn(&str) -> Result<Value, Rule>,
}

fn each(cell: &str, read: impl Fn(Vec<String>) -> Result<Value, Rule>) -> Result<Value, Rule> {
    lines(cell).map(|line| read(parts(line))).collect::<Result<Vec<_>, _>>().map(Value::from)
}

/// `申请人 | applicant | 自然人 | 1 | 1`
pub(super) const PARTIES: Notation = Notation {
    write: |one| line(&["角色", "代码", "主体", "最少", "最多"].map(|key| text(one, key))),
    read: |cell| {
        each(cell, |parts| {
            at_most(&parts, 5)?;
            Ok(json!({
                "角色": said(&parts, 0)?, "代码": said(&parts, 1)?, "主体": said(&parts, 2)?,
                "最少": number(&said(&parts, 3)?)?, "最多": number(&said(&parts, 4)?)?,
            }))
        })
    },
};

/// `申请人 | 申请人.年龄 ≥ 16 | 年满 16 周岁`
pub(super) const PREMISES: Notation = Notation {
    write: |one| line(&["当事人", "条件", "说明"].map(|key| text(one, key))),
    read: |cell| {
        each(cell, |parts| {
            at_most(&parts, 3)?;
            Ok(json!({"当事人": said(&parts, 0)?, "条件": said(&parts, 1)?, "说明": said(&parts, 2)?}))
        })
    },
};

/// `购房日 | 何时购房?`
pub(super) const DATES: Notation = Notation {
    write: |one| line(&["名称", "提问"].map(|key| text(one, key))),
    read: |cell| {
        each(cell, |parts| {
            at_most(&parts, 2)?;
            Ok(json!({"名称": said(&parts, 0)?, "提问": said(&parts, 1)?}))
        })
    },
};

/// `公示 | 7 | 工作日 | 停止计时`
pub(super) const STEPS: Notation = Notation {
    write: |one| {
        let stops = if one["停止计时"] == true { "停止计时" } else { "" };
        line(&[text(one, "名称"), text(&one["时限"], "数量"), text(&one["时限"], "单位"), stops.to_owned()])
    },
    read: |cell| {
        each(cell, |parts| {
            at_most(&parts, 4)?;
            let stops = match parts.get(3).map(String::as_str) {
                None | Some("") => false,
                Some("停止计时") => true,
                Some(_) => return Err(Rule::ItemNotation),
            };
            Ok(json!({
                "名称": said(&parts, 0)?, "停止计时": stops,
                "时限": {"数量": number(&said(&parts, 1)?)?, "单位": said(&parts, 2)?},
            }))
        })
    },
};

/// `登记地 | 在哪里登记? | 适用情形`, and below it `- 常住地 | 由事实得出 | 转办` for each option.
pub(super) const QUESTIONS: Notation = Notation {
    write: |one| {
        let mut all = vec![line(&["名称", "提问", "适用情形"].map(|key| text(one, key)))];
        for option in one["选项"].as_array().into_iter().flatten() {
            let keys = ["选项", "由事实得出", "转办"].map(|key| text(option, key));
            all.push(format!("- {}", line(&keys)));
        }
        all.join("\n")
    },
    read: |cell| {
        let mut all: Vec<Value> = Vec::new();
        for one in lines(cell) {
            let Some(option) = one.strip_prefix("- ") else {
                let parts = parts(one);
                at_most(&parts, 3)?;
                let mut question = json!({"名称": said(&parts, 0)?, "提问": said(&parts, 1)?, "选项": []});
                put(&mut question, "适用情形", parts.get(2));
                all.push(question);
                continue;
            };
            let parts = parts(option);
            at_most(&parts, 3)?;
            let mut option = json!({"选项": said(&parts, 0)?});
            put(&mut option, "由事实得出", parts.get(1));
            put(&mut option, "转办", parts.get(2));
            let options = all.last_mut().and_then(|question| question.get_mut("选项")?.as_array_mut());
            options.ok_or(Rule::ItemNotation)?.push(option);
        }
        Ok(all.into())
    },
};

fn put(of: &mut Value, key: &str, text: Option<&String>) {
    let text = text.filter(|text| !text.is_empty());
    if let (Some(text), Some(members)) = (text, of.as_object_mut()) {
        members.insert(key.to_owned(), text.as_str().into());
    }
}

/// The ways of a material, a line for each; the note of the applicant's own way has a column of its own.
pub(super) const WAYS: Notation =
    Notation { write: |way| line(&way_parts(way)), read: |cell| each(cell, |parts| way_of(&parts)) };

fn way_parts(way: &Value) -> Vec<String> {
    let kind = text(way, "方式");
    let mut parts = vec![kind.clone()];
    match kind.as_str() {
        "证照调取" => {
            parts.extend([text(way, "证照"), joined(&way["字段"])]);
            parts.extend(accept_parts(&way["要求"]));
        }
        "数据核验" => {
            let asked = &way["核验"];
            let keys = ["内容", "证照", "关系", "对方", "部门", "问题"].map(|key| text(asked, key));
            parts.extend(keys.into_iter().filter(|part| !part.is_empty()));
            let numbers = text(asked, "关联号码");
            parts.extend((!numbers.is_empty()).then(|| format!("关联号码：{numbers}")));
            parts.extend((way["是否均可"] == true).then(|| "是否均可".to_owned()));
        }
        "部门协查" => parts.extend(["协查单位", "问题", "期限工作日"].map(|key| text(way, key))),
        "告知承诺" => parts.push(text(way, "承诺内容")),
        "容缺后补" => parts.extend(["数量", "单位"].map(|key| text(&way["期限"], key))),
        _ => {
            parts.extend((way["现场办理"] == true).then(|| "现场办理".to_owned()));
            let note = text(way, "填报须知");
            parts.extend((!note.is_empty()).then(|| format!("填报须知：{note}")));
        }
    }
    parts
}

fn accept_parts(accept: &Value) -> Vec<String> {
    let mut parts = Vec::new();
    let states = joined(&accept["状态"]);
    if states != USUAL {
        parts.push(format!("状态：{states}"));
    }
    for key in ["剩余有效天数", "签发不超过天数", "基准日"] {
        let text = text(accept, key);
        parts.extend((!text.is_empty()).then(|| format!("{key}：{text}")));
    }
    parts.extend((accept["可以过期"] == true).then(|| "可以过期".to_owned()));
    let window = &accept["到期前工作日"];
    if window.is_object() {
        parts.push(format!("到期前工作日：{}-{}", text(window, "最少"), text(window, "最多")));
    }
    let equal = accept["名称一致"].as_array().into_iter().flatten();
    let equal: Vec<String> =
        equal.map(|one| format!("{}={}", text(one, "字段"), text(one, "当事人"))).collect();
    parts.extend((!equal.is_empty()).then(|| format!("名称一致：{}", equal.join("、"))));
    parts
}

fn way_of(parts: &[String]) -> Result<Value, Rule> {
    let kind = said(parts, 0)?;
    let rest = parts.get(1..).unwrap_or_default();
    match kind.as_str() {
        "证照调取" => {
            let accept = accept_of(rest.get(2..).unwrap_or_default())?;
            let fields = rest.get(1).map(|text| listed(text)).ok_or(Rule::ItemNotation)?;
            Ok(json!({"方式": kind, "证照": said(rest, 0)?, "字段": fields, "要求": accept}))
        }
        "数据核验" => checked_of(&kind, rest),
        "部门协查" => {
            at_most(rest, 3)?;
            let days = number(&said(rest, 2)?)?;
            Ok(json!({"方式": kind, "协查单位": said(rest, 0)?, "问题": said(rest, 1)?, "期限工作日": days}))
        }
        "告知承诺" => {
            at_most(rest, 1)?;
            Ok(json!({"方式": kind, "承诺内容": said(rest, 0)?}))
        }
        "容缺后补" => {
            at_most(rest, 2)?;
            let within = json!({"数量": number(&said(rest, 0)?)?, "单位": said(rest, 1)?});
            Ok(json!({"方式": kind, "期限": within}))
        }
        "申请人自备" => {
            let mut way = Map::from_iter([("方式".to_owned(), Value::from(kind))]);
            for part in rest.iter().filter(|part| !part.is_empty()) {
                match (part.as_str(), named(part, "填报须知")) {
                    ("现场办理", _) => drop(way.insert("现场办理".to_owned(), true.into())),
                    (_, Some(note)) => drop(way.insert("填报须知".to_owned(), note.into())),
                    _ => return Err(Rule::ItemNotation),
                }
            }
            Ok(way.into())
        }
        _ => Err(Rule::NotInEnum),
    }
}

fn checked_of(kind: &str, parts: &[String]) -> Result<Value, Rule> {
    let (either, parts) = match parts {
        [front @ .., last] if last == "是否均可" => (true, front),
        parts => (false, parts),
    };
    let (numbers, parts) = match parts.split_last() {
        Some((last, front)) if named(last, "关联号码").is_some() => (named(last, "关联号码"), front),
        _ => (None, parts),
    };
    let content = said(parts, 0)?;
    let keys: &[&str] = match content.as_str() {
        "持有有效证照" => &["证照"],
        "人员关系" => &["关系", "对方"],
        "部门数据" => &["部门", "问题"],
        _ => return Err(Rule::NotInEnum),
    };
    at_most(parts, keys.len() + 1)?;
    let mut asked = Map::from_iter([("内容".to_owned(), Value::from(content))]);
    for (at, key) in keys.iter().enumerate() {
        asked.insert((*key).to_owned(), said(parts, at + 1)?.into());
    }
    asked.extend(numbers.map(|numbers| ("关联号码".to_owned(), Value::from(numbers))));
    match either {
        true => Ok(json!({"方式": kind, "核验": asked, "是否均可": true})),
        false => Ok(json!({"方式": kind, "核验": asked})),
    }
}

fn named<'t>(part: &'t str, name: &str) -> Option<&'t str> {
    let rest = part.strip_prefix(name)?.trim_start();
    rest.strip_prefix(['：', ':']).map(str::trim)
}

fn accept_of(parts: &[String]) -> Result<Value, Rule> {
    let mut accept = Map::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if part == "可以过期" {
            accept.insert(part.clone(), true.into());
        } else if let Some(states) = named(part, "状态") {
            accept.insert("状态".to_owned(), listed(states));
        } else if let Some(days) = named(part, "剩余有效天数") {
            accept.insert("剩余有效天数".to_owned(), number(days)?);
        } else if let Some(days) = named(part, "签发不超过天数") {
            accept.insert("签发不超过天数".to_owned(), number(days)?);
        } else if let Some(name) = named(part, "基准日") {
            accept.insert("基准日".to_owned(), name.into());
        } else if let Some(window) = named(part, "到期前工作日") {
            let (least, most) = window.split_once('-').ok_or(Rule::ItemNotation)?;
            let window = json!({"最少": number(least.trim())?, "最多": number(most.trim())?});
            accept.insert("到期前工作日".to_owned(), window);
        } else if let Some(equal) = named(part, "名称一致") {
            let pairs = equal.split(['、', ',', '，']).map(|pair| {
                let (field, role) = pair.split_once('=').ok_or(Rule::ItemNotation)?;
                Ok(json!({"字段": field.trim(), "当事人": role.trim()}))
            });
            accept.insert("名称一致".to_owned(), pairs.collect::<Result<Vec<_>, _>>()?.into());
        } else {
            return Err(Rule::ItemNotation);
        }
    }
    Ok(accept.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_whatever_they_hold() {
        for all in [vec!["a"], vec!["a|b", "c\\d", "\\|"], vec!["", "x"], vec!["号码 | 姓名", "b"]] {
            assert_eq!(parts(&line(&all)), all, "{}", line(&all));
        }
        assert_eq!(line(&["a", "", ""]), "a");
    }

    #[test]
    fn what_is_no_way_is_refused_by_its_rule() {
        for (cell, rule) in [
            ("邮寄", Rule::NotInEnum),
            ("证照调取", Rule::ItemNotation),
            ("证照调取 | resident_id_card | name | 剩余有效天数：三十", Rule::NotAnInteger),
            ("证照调取 | resident_id_card | name | 有效", Rule::ItemNotation),
            ("数据核验 | 猜测 | x", Rule::NotInEnum),
            ("数据核验 | 人员关系 | 配偶", Rule::ItemNotation),
            ("容缺后补 | 五 | 工作日", Rule::NotAnInteger),
            ("告知承诺", Rule::ItemNotation),
            ("申请人自备 | 带来", Rule::ItemNotation),
        ] {
            assert_eq!((WAYS.read)(cell), Err(rule), "{cell}");
        }
        assert_eq!((QUESTIONS.read)("- 是"), Err(Rule::ItemNotation), "an option of no question");
        assert_eq!((PARTIES.read)("申请人 | applicant | 自然人 | 1"), Err(Rule::ItemNotation));
    }
}
