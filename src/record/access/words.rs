//! The closed lists of an entry. They stand in a log that is kept for good: a word never changes its meaning.
//! A new word is added to `schema/bytes.md` and to the schemas, whose tests hold them to these lists.

use crate::closed::closed;
use crate::rule::Rule;

closed! {
    /// The outcome of an access.
    Outcome {
        /// Records or absences were shown.
        Answered, "answered", "已答复", "answered";
        /// The materials of an application were answered, of one party.
        Applied, "applied", "已查办件材料", "materials of an application answered";
        /// Questions about the party leave for departments' systems.
        Asked, "asked", "已向部门核验", "departments asked";
        NothingOnFile, "nothing_on_file", "未查询到", "nothing on file";
        Refused, "refused", "已拒绝", "refused";
        Listed, "listed", "已列出目录", "listed";
        /// An envelope or a printed face was verified.
        Verified, "verified", "已核验", "verified";
        History, "history", "已查看历史", "history shown";
        Attachment, "attachment", "已取附件", "attachment handed out";
        Exported, "exported", "已导出", "exported";
        /// The list of accesses itself was shown to an office.
        AccessesShown, "accesses_shown", "已查看用证记录", "list of accesses shown";
        Marked, "marked", "已标记状态", "marked";
        Linked, "linked", "已关联号码", "linked to another number";
        Unlinked, "unlinked", "已解除关联", "a link taken back";
        /// A given number stood on another face, and both were shown.
        NumberClash, "number_clash", "已比对重号", "two faces with one number compared";
        /// A record was issued, or taken over from another place.
        Issued, "issued", "已签发证照", "a record issued";
        /// A certificate whose body is elsewhere was entered.
        Entered, "entered", "已登记目录", "entered in the directory";
        /// An action was carried out on a record.
        Acted, "acted", "已办理证照变更", "an action on a record";
        /// An objection was opened or settled.
        Objected, "objected", "已登记或处理异议", "an objection opened, settled or withdrawn";
        /// A change that an earlier entry noted was not made: the rows did not allow it.
        ChangeRefused, "change_refused", "申请变更，未获办理", "a change was asked for and refused";
        /// The issuer of a record declined to end it as a rule proposed.
        Declined, "declined", "未采纳终止建议", "a proposed end declined";
    }
}

closed! {
    /// The door through which an access came.
    Channel {
        Agency, "agency", "业务系统", "an agency's system";
        Window, "window", "窗口", "a window";
        Public, "public", "公开入口", "the public door";
        Cli, "cli", "命令行", "the command line";
    }
}

closed! {
    /// How the party is present (practice R10).
    Presence {
        CardRead, "card_read", "读取身份证件", "card read";
        HolderCode, "holder_code", "出示办事码", "one-time code shown";
        PhoneConfirmed, "phone_confirmed", "手机确认", "confirmed by phone";
        Agent, "agent", "代理人到场", "an agent with a mandate";
        OnBehalfByDuty, "on_behalf_by_duty", "依职权办理", "on behalf, by duty";
        /// Nothing shows that the party was there.
        Typed, "typed", "工作人员手工录入", "number typed by staff";
    }
}

closed! {
    /// Items that the program itself writes, for work at no item of an agency.
    OwnItem {
        Accesses, "用证记录", "用证记录", "list of accesses";
    }
}

closed! {
    /// Work on a holder's records at no item: each needs a grant that names it, and an article of law.
    OutsideItem {
        Audit, "audit", "审计监督", "audit and supervision";
        Court, "court", "司法查询", "an enquiry of a court or an investigating authority";
        Correction, "correction", "更正核查", "a check of one's own records before they are corrected";
    }
}

closed! {
    /// The ground that allowed an access.
    AllowedBy {
        Operator, "operator", "命令行操作员", "an operator at the command line";
        Scope, "scope", "具有此项权限", "the scope is held";
        GrantWhole, "grant_whole", "授权查看全部", "a grant for the whole";
        Slot, "slot", "事项材料所需", "a slot of the item asks for it";
        GrantFields, "grant_fields", "授权查看部分字段", "a grant for fields";
        Empowered, "empowered", "对主体状态的权限", "authority over people";
        Public, "public", "公开核验", "open to everybody";
        NothingToDecide, "nothing_to_decide", "无可查看的记录", "no record to decide on";
    }
}

/// The decision: the ground that allowed it, or the rule that was not met. One name on the wire, from one of
/// the two lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionReason {
    /// Allowed by this.
    Allowed(AllowedBy),
    /// Refused for this.
    Refused(Rule),
}

impl DecisionReason {
    /// The name in entries.
    pub const fn wire(self) -> &'static str {
        match self {
            Self::Allowed(by) => by.wire(),
            Self::Refused(rule) => rule.wire(),
        }
    }

    /// The term of the field, or the sentence of the rule.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Allowed(by) => by.zh(),
            Self::Refused(rule) => rule.zh(),
        }
    }

    /// The same in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Allowed(by) => by.en(),
            Self::Refused(rule) => rule.en(),
        }
    }

    /// The reason of that wire name, if one of the lists has it.
    pub fn from_wire(wire: &str) -> Option<Self> {
        AllowedBy::from_wire(wire).map(Self::Allowed).or_else(|| Rule::from_wire(wire).map(Self::Refused))
    }
}

impl serde::Serialize for DecisionReason {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.wire())
    }
}

impl From<AllowedBy> for DecisionReason {
    fn from(by: AllowedBy) -> Self {
        Self::Allowed(by)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_has_one_name() {
        for by in AllowedBy::ALL {
            // A token without its scope is refused at the door, before a holder is known: it never becomes an
            // entry.
            let rule = Rule::from_wire(by.wire()).filter(|rule| *rule != Rule::Scope);
            assert_eq!(rule, None, "one name for what allowed and for what was not met");
            assert_eq!(DecisionReason::from_wire(by.wire()), Some(DecisionReason::Allowed(*by)));
        }
        for rule in Rule::ALL.iter().filter(|rule| **rule != Rule::Scope) {
            assert_eq!(DecisionReason::from_wire(rule.wire()), Some(DecisionReason::Refused(*rule)));
        }
    }

    /// The lists stand in the schema, on the page and in signed entries: no word may be missing in any of the
    /// three.
    #[test]
    fn the_schema_and_the_page_have_every_word() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../../../schema/access_entry.json")).unwrap();
        let page = include_str!("../../../schema/bytes.md");
        let all: [(&str, Vec<&str>); 3] = [
            ("channel", Channel::ALL.iter().map(|one| one.wire()).collect()),
            ("outcome", Outcome::ALL.iter().map(|one| one.wire()).collect()),
            ("presence", Presence::ALL.iter().map(|one| one.wire()).collect()),
        ];
        for (member, words) in &all {
            assert_eq!(schema["properties"][*member]["enum"], serde_json::json!(words), "{member}");
        }
        let allowed = ("decision", AllowedBy::ALL.iter().map(|one| one.wire()).collect());
        for (member, words) in all.into_iter().chain([allowed]) {
            let row = page.lines().find(|line| line.starts_with(&format!("| `{member}`"))).unwrap();
            let listed: Vec<&str> = row.split('`').skip(1).step_by(2).collect();
            assert!(words.iter().all(|word| listed.contains(word)), "{member}: {row}");
        }
    }
}
