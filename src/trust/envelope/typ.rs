//! The kinds of signed things: the `typ` of the header (RFC 7515 §4.1.9).

use crate::closed::closed;

closed! {
    /// The kind of the signed thing; a verifier asks for one kind.
    Typ {
        Record, "elicense-record+jws", "证照", "a record";
        Event, "elicense-event+jws", "指令", "an order of an authority";
        Coverage, "elicense-coverage+jws", "覆盖声明", "a coverage statement";
        Import, "elicense-import+jws", "归集对账", "the closing count of an import";
        Backup, "elicense-backup+jws", "备份清单", "the manifest of a backup";
        Export, "elicense-export+jws", "导出签名", "a line of an export";
        Item, "elicense-item+jws", "事项", "an item in one version";
        Case, "elicense-case+jws", "办件", "what happened in a case";
        Promise, "elicense-promise+jws", "告知承诺", "a promise in place of a proof";
        Question, "elicense-question+jws", "核验询问", "a question to a department's system";
        Answer, "elicense-answer+jws", "核验答复", "an answer to a question";
        Consent, "elicense-consent+jws", "同意", "a consent";
    }
}
