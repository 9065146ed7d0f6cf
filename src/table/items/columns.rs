//! The columns of a table of items: those of the 实施清单, and our own behind them.

use serde_json::{Value, json};

use super::notation::{DATES, Notation, PARTIES, PREMISES, QUESTIONS, STEPS, WAYS};
use crate::catalog::items::{
    ExerciseLevel, HandlingKind, ItemKind, Necessity, Original, ServedHolder, ServiceReach, SlotClass,
    TimeUnit,
};
use crate::rule::Rule;
use crate::table::cell::CellKind;

/// What a cell holds.
#[derive(Clone, Copy)]
pub(super) enum Held {
    Text,
    Code,
    Number,
    Day,
    /// 是 or 否.
    Truth,
    /// One of the words of a list.
    Word(fn(&str) -> bool),
    /// Texts, a line for each; words where there is a list of them.
    Lines(Option<fn(&str) -> bool>),
    /// Things of several parts.
    Things(&'static Notation),
}

/// A column.
pub(super) struct Column {
    /// Its header.
    pub name: &'static str,
    /// Where it stands in the JSON of the item or material, a member inside another behind a `.`.
    pub path: &'static str,
    pub held: Held,
}

fn is<T: serde::de::DeserializeOwned>(word: &str) -> bool {
    serde_json::from_value::<T>(json!(word)).is_ok()
}

const fn column(name: &'static str, path: &'static str, held: Held) -> Column {
    Column { name, path, held }
}

/// The member and the column under the same name.
const fn same(name: &'static str, held: Held) -> Column {
    column(name, name, held)
}

/// Of the item; they are repeated on each of its rows or stand on the first.
pub(super) const OF_ITEM: &[Column] = &[
    same("基本编码", Held::Code),
    same("实施编码", Held::Code),
    same("业务办理项编码", Held::Code),
    same("版本", Held::Number),
    same("事项名称", Held::Text),
    same("事项类型", Held::Word(is::<ItemKind>)),
    same("设定依据", Held::Lines(None)),
    same("行使层级", Held::Word(is::<ExerciseLevel>)),
    same("实施主体", Held::Text),
    same("实施主体名称", Held::Text),
    column("法定办结时限", "法定办结时限.数量", Held::Number),
    column("法定办结时限单位", "法定办结时限.单位", Held::Word(is::<TimeUnit>)),
    column("承诺办结时限", "承诺办结时限.数量", Held::Number),
    column("承诺办结时限单位", "承诺办结时限.单位", Held::Word(is::<TimeUnit>)),
    same("受理条件", Held::Lines(None)),
    same("办件类型", Held::Word(is::<HandlingKind>)),
    same("到现场次数", Held::Number),
    same("通办范围", Held::Word(is::<ServiceReach>)),
    same("服务对象", Held::Lines(Some(is::<ServedHolder>))),
    column("是否收费", "收费.是否收费", Held::Truth),
    column("收费标准及依据", "收费.收费标准及依据", Held::Text),
    same("审批结果名称", Held::Lines(None)),
    same("计划生效日期", Held::Day),
    same("计划取消日期", Held::Day),
    same("联办机构", Held::Lines(None)),
    same("不适用告知承诺的原因", Held::Text),
    same("备注", Held::Text),
    same("特别程序", Held::Things(&STEPS)),
    column("当事人角色", "当事人", Held::Things(&PARTIES)),
    same("前提", Held::Things(&PREMISES)),
    same("情形", Held::Things(&QUESTIONS)),
    same("基准日", Held::Things(&DATES)),
];

/// Of a material.
pub(super) const OF_SLOT: &[Column] = &[
    column("材料编号", "编号", Held::Code),
    column("材料当事人", "当事人", Held::Text),
    same("材料名称", Held::Text),
    same("材料类型", Held::Text),
    same("材料形式", Held::Text),
    same("材料分类", Held::Word(is::<SlotClass>)),
    same("材料必要性", Held::Word(is::<Necessity>)),
    same("非必要时办理情形", Held::Text),
    same("来源渠道", Held::Text),
    same("来源渠道说明", Held::Text),
    same("份数", Held::Number),
    same("填报须知", Held::Text),
    same("受理标准", Held::Text),
    same("要求提供材料的依据", Held::Text),
    same("原件", Held::Word(is::<Original>)),
    column("材料适用情形", "适用情形", Held::Text),
    same("办理方式", Held::Things(&WAYS)),
];

/// Columns of the 实施清单 that no part of an item holds: they are passed over, and the report says so.
pub(super) const NOT_KEPT: &[&str] = &[
    "序号",
    "办理形式",
    "审批结果类型",
    "审批结果样本",
    "委托部门",
    "实施主体性质",
    "权力来源",
    "是否支持自助终端办理",
    "是否支持物流快递",
    "是否支持预约办理",
    "空白表格",
    "示例样表",
    "是否需本人现场",
    "咨询方式",
    "监督投诉方式",
    "办理地点",
    "办理时间",
    "事项状态",
    "事项版本",
];

/// The column of that header.
pub(super) fn of_name(name: &str) -> Option<(bool, usize)> {
    let at = |all: &[Column]| all.iter().position(|column| column.name == name);
    at(OF_ITEM).map(|at| (false, at)).or_else(|| at(OF_SLOT).map(|at| (true, at)))
}

impl Held {
    /// How a cell of it is typed.
    pub fn kind(self) -> CellKind {
        match self {
            Self::Code | Self::Number => CellKind::Code,
            Self::Day => CellKind::Day,
            _ => CellKind::Text,
        }
    }

    /// The value of a cell that is not empty.
    pub fn value(self, cell: &str) -> Result<Value, Rule> {
        let word = |known: fn(&str) -> bool, word: &str| match known(word) {
            true => Ok(Value::from(word)),
            false => Err(Rule::NotInEnum),
        };
        match self {
            Self::Text | Self::Code => Ok(cell.into()),
            Self::Number => cell.parse::<u32>().map(Value::from).map_err(|_unread| Rule::NotAnInteger),
            Self::Day => match cell.parse::<crate::clock::Day>() {
                Ok(day) => Ok(day.to_string().into()),
                Err(_) => Err(Rule::DateForm),
            },
            Self::Truth => match cell {
                "是" => Ok(true.into()),
                "否" => Ok(false.into()),
                _ => Err(Rule::NotInEnum),
            },
            Self::Word(known) => word(known, cell),
            Self::Lines(None) => Ok(super::notation::lines(cell).collect::<Vec<_>>().into()),
            // Words of a list stand behind each other in many tables.
            Self::Lines(Some(known)) => {
                let all = cell.split(['\n', '\r', '、', ',', '，', ';', '；']).map(str::trim);
                let all = all.filter(|one| !one.is_empty()).map(|one| word(known, one));
                all.collect::<Result<Vec<_>, _>>().map(Value::from)
            }
            Self::Things(notation) => (notation.read)(cell),
        }
    }

    /// The cell of a value.
    pub fn cell(self, value: &Value) -> String {
        match (self, value) {
            (Self::Things(notation), Value::Array(all)) => {
                all.iter().map(notation.write).collect::<Vec<_>>().join("\n")
            }
            (_, Value::Null) => String::new(),
            (_, Value::Bool(truth)) => if *truth { "是" } else { "否" }.to_owned(),
            (_, Value::String(text)) => text.clone(),
            (_, Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
            (_, other) => other.to_string(),
        }
    }
}
