//! The kinds of work.

use crate::closed::closed;

closed! {
    /// The kinds of work a client may do at all; grants then say on what. The English term is a sentence.
    Scope {
        Lookup, "lookup", "查询证照", "Look up the records of a holder for a stated purpose.";
        Verify, "verify", "核验", "Have a record, an envelope or a receipt verified.";
        Issue, "issue", "签发", "Issue records of the types the client's agency is authorised for.";
        Act, "act", "办理业务动作", "Suspend, revoke, cancel, endorse and correct records.";
        Holder, "holder", "主体标注与关联", "Link holder codes and mark their state.";
        Coverage, "coverage", "声明覆盖范围", "State what the stock of a type contains.";
        Attachment, "attachment", "附件存取", "Put and fetch attachments.";
        Export, "export", "导出", "Export records.";
        Catalog, "catalog", "读取目录", "Read the catalog of agencies and types.";
        Accesses, "accesses", "查看用证记录", "Read who looked at a holder's records, for the office that answers the holder.";
        Apply, "apply", "办件查询", "Have the materials of an application answered, for the items that the client's agency carries out or receives.";
    }
}

/// The text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no such scope; there are lookup verify issue act holder coverage attachment export catalog accesses apply"
)]
pub struct ScopeFault;

impl std::str::FromStr for Scope {
    type Err = ScopeFault;
    fn from_str(text: &str) -> Result<Self, ScopeFault> {
        Self::from_wire(text).ok_or(ScopeFault)
    }
}
