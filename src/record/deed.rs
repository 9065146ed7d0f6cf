//! The subject of an event and its deed: one of four closed lists, never a free text. The names stand in
//! signed events and orders (schema/bytes.md §4 lists them) and never change their meaning.

use super::action::Action;
use crate::closed::closed;

closed! {
    /// The subject of an event.
    EventKind {
        Record, "record", "证照", "record";
        Holder, "holder", "持证主体", "holder";
        Key, "key", "密钥", "key";
        Agency, "agency", "机构", "agency";
        Authority, "authority", "签发权限", "authority";
        Empowerment, "empowerment", "主体状态权限", "authority over people";
        Type, "type", "证照类型", "type";
        Item, "item", "事项", "item";
        Bundle, "bundle", "一件事", "bundle";
        Coverage, "coverage", "覆盖范围", "coverage";
        Source, "source", "部门系统", "source";
        Client, "client", "接入系统", "client";
        Account, "account", "工作人员账号", "account of staff";
        Protection, "protection", "受保护主体", "protected holder";
        Log, "log", "日志", "log";
    }
}

closed! {
    /// Events of a record outside the table of [`Action`]: its state stays.
    SideAction {
        /// The state stays; the record is marked until the dispute is settled.
        Dispute, "dispute", "提出异议", "dispute";
        Settle, "settle", "异议办结", "settle a dispute";
        /// By the agency that opened it.
        WithdrawDispute, "withdraw_dispute", "撤回异议", "withdraw a dispute";
        /// The issuer does not end the record as a rule proposed.
        Decline, "decline", "不采纳终止建议", "decline a proposed end";
        /// The entry of the directory ends because the body itself is here now.
        Replace, "replace", "原文入库替换目录项", "replace an entry by the record itself";
    }
}

closed! {
    /// Events of a holder.
    HolderAction {
        Mark, "mark", "标注状态", "mark a state";
        Link, "link", "关联号码", "link two codes";
        Unlink, "unlink", "解除关联", "take a link back";
    }
}

closed! {
    /// Where the household of a person is registered, against the region of the agency that states something of it.
    Household {
        Within, "within", "户籍在其管辖区域内", "the household is registered in the agency's region";
        /// The ground says why the agency states it all the same.
        Elsewhere, "elsewhere", "户籍在其他区域，另有依据", "the household is registered elsewhere, and the ground says why";
        /// It was not compared.
        NotOnFile, "not_on_file", "无户籍登记可比对", "no household record on file tells it, and it was not compared";
    }
}

closed! {
    /// Events of something public; [`PublicAction::of`] names the kind.
    PublicAction {
        Generate, "generate", "生成", "generate";
        Register, "register", "登记", "register";
        Revoke, "revoke", "吊销", "revoke";
        Rewrap, "rewrap", "更换主密钥", "wrap under another master key";
        Add, "add", "新增", "add";
        Change, "change", "变更", "change";
        Grant, "grant", "授权", "grant";
        /// From a day on, never for the days before.
        Withdraw, "withdraw", "收回", "withdraw";
        Load, "load", "加载", "load";
        State, "state", "声明", "state";
        Open, "open", "开启", "open";
        Close, "close", "封存", "close";
    }
}

impl PublicAction {
    /// The actions of one kind of public thing, in the order of the page.
    pub const fn of(kind: EventKind) -> &'static [Self] {
        match kind {
            EventKind::Record | EventKind::Holder => &[],
            EventKind::Key => &[Self::Generate, Self::Register, Self::Revoke, Self::Rewrap],
            EventKind::Agency => &[Self::Add, Self::Change],
            EventKind::Authority | EventKind::Empowerment => &[Self::Grant, Self::Withdraw],
            EventKind::Type | EventKind::Item | EventKind::Bundle => &[Self::Load],
            EventKind::Source => &[Self::Add, Self::Change, Self::Withdraw],
            EventKind::Coverage => &[Self::State, Self::Withdraw],
            EventKind::Client => &[Self::Grant, Self::Change],
            EventKind::Protection => &[Self::Add, Self::Withdraw],
            EventKind::Account => &[Self::Add, Self::Change, Self::Withdraw, Self::State],
            EventKind::Log => &[Self::Open, Self::Close, Self::State],
        }
    }
}

/// A deed, of any of the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// An action of the table.
    Act(Action),
    /// Beside the table.
    Side(SideAction),
    /// To a holder.
    Holder(HolderAction),
    /// To something public.
    Public(PublicAction),
}

impl Deed {
    /// The deed in an event of a record.
    pub fn of_record(wire: &str) -> Option<Self> {
        Action::from_wire(wire).map(Self::Act).or_else(|| SideAction::from_wire(wire).map(Self::Side))
    }

    /// The name in events and orders.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Act(action) => action.wire(),
            Self::Side(action) => action.wire(),
            Self::Holder(action) => action.wire(),
            Self::Public(action) => action.wire(),
        }
    }
}

macro_rules! lists {
    ($($list:ident => $variant:ident),*) => {$(
        impl From<$list> for Deed {
            fn from(action: $list) -> Self {
                Self::$variant(action)
            }
        }
    )*};
}
lists!(Action => Act, SideAction => Side, HolderAction => Holder, PublicAction => Public);
