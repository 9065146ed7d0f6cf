//! The one error that crosses layers, and the table of its codes.
//!
//! Pure layers (`identity`, `catalog`, `record`, `trust`, `log`) have precise errors of their own. At the
//! edge of their layer these become an [`Error`]: a stable [`Code`], the field and the rule that failed, and
//! advice. The HTTP status, the title and the exit code come from the table here and from nowhere else. There
//! is no fallback to 400: an unforeseen failure is `internal`, 500.
//!
//! A detail is shown to callers. It never contains a holder's number, a file path or a database text. Those
//! go into `source`, which only the operator's log gets (and which holds no number either).

use std::borrow::Cow;
use std::fmt;

use crate::rule::Rule;

/// The kind of the answer "no", for exit codes and for retrying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The caller must change something.
    Refused,
    /// The request is good; the same one may succeed later.
    Unavailable,
    /// The program or its data is at fault.
    Fault,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident, $wire:literal, $status:literal, $class:ident, $en:literal, $zh:literal, $hint:literal $(, $command:literal)?;)*) => {
        /// Every code an answer can carry; the wire name never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* #[doc = $en] $variant,)* }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// The name on the wire.
            pub fn wire(self) -> &'static str { match self { $(Code::$variant => $wire,)* } }
            /// The HTTP status.
            pub fn status(self) -> u16 { match self { $(Code::$variant => $status,)* } }
            /// Who must act: the caller, time, or the operator.
            pub fn class(self) -> Class { match self { $(Code::$variant => Class::$class,)* } }
            /// The title in English.
            pub fn title(self) -> &'static str { match self { $(Code::$variant => $en,)* } }
            /// The title in Chinese.
            pub fn title_zh(self) -> &'static str { match self { $(Code::$variant => $zh,)* } }
            /// What to do about it, for who asks over HTTP.
            pub fn hint(self) -> &'static str { match self { $(Code::$variant => $hint,)* } }
            /// What to do about it, for who types a command.
            pub fn command_hint(self) -> &'static str { match self { $(Code::$variant => last!($hint $(, $command)?),)* } }
        }
    };
}

/// The codes that an answer over HTTP may carry, with their titles.
impl utoipa::PartialSchema for Code {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let all: Vec<_> = Self::ALL.iter().map(|code| (code.wire(), code.title_zh(), code.title())).collect();
        crate::closed::schema(&all)
    }
}

impl utoipa::ToSchema for Code {}

/// The hint of its own where a row of the table has one.
macro_rules! last {
    ($hint:literal) => {
        $hint
    };
    ($hint:literal, $own:literal) => {
        $own
    };
}

codes! {
    HolderCodeInvalid, "holder_code_invalid", 422, Refused, "The holder code breaks a rule of its standard", "主体代码不符合编码规则", "Check the number against the document; the rule that failed is named.";
    IdentifierInvalid, "identifier_invalid", 422, Refused, "The certificate identifier is not one of GB/T 36904", "电子证照标识不符合规范", "Give the identifier as printed, all ten parts.";
    TypeUnknown, "type_unknown", 422, Refused, "No such certificate type", "证照类型不存在", "List the types with GET /api/v1/types or `elicense types list`.", "List the types with `elicense types list`.";
    FaceInvalid, "face_invalid", 422, Refused, "The face breaks the schema of its type", "照面信息不符合该类证照的规定", "Correct the field that is named; the schema stands under /api/v1/types.", "Correct the field that is named; `elicense types show` prints the schema.";
    HolderMismatch, "holder_mismatch", 422, Refused, "The face contradicts the holder's number", "照面信息与号码不一致", "Compare the face with the holder: name, number, sex and birth date must agree.";
    HolderRoleInvalid, "holder_role_invalid", 422, Refused, "The holders are not those the type asks for", "持证主体与该类证照要求不符", "The type says which roles it has and how many of each.";
    IssuerUnknown, "issuer_unknown", 422, Refused, "No such issuing agency", "发证机构不存在", "Register the agency first: `elicense agencies add`.";
    IssuerNotAuthorised, "issuer_not_authorised", 422, Refused, "The issuer has no authority for this type, region and day", "发证机构无此类证照的签发权限", "Grant it with `elicense agencies authorise`, or issue by the agency that has it; a missing key is made with `elicense keys make`.";
    ActionForbidden, "action_forbidden", 422, Refused, "The action table forbids this action in this state", "当前状态不允许此业务动作", "The answer names the states from which the action is open.";
    EnvelopeInvalid, "envelope_invalid", 422, Refused, "The signed envelope is not acceptable", "签名原文不符合要求", "The rule that failed is named; schema/bytes.md has the layout.";
    VersionConflict, "version_conflict", 409, Refused, "The record has changed since it was read", "证照版本已变化", "Read the record again and repeat the action on its present version.";
    NumberClash, "number_clash", 409, Refused, "The same number stands on another face", "同一证照编号已有不同内容", "Correct the number or the face, or issue a new version of the record that has the number.";
    FieldUnknown, "field_unknown", 422, Refused, "The request has a field that is not known here", "请求含有未知字段", "Remove the field that is named.";
    FieldInvalid, "field_invalid", 422, Refused, "A field of the request is missing or breaks its rule", "请求字段缺失或不符合要求", "Correct the field that is named.";
    PurposeMissing, "purpose_missing", 422, Refused, "A lookup must say what for", "未说明用证事由", "Give purpose.item and purpose.reason.", "Give the item and the reason.";
    IdempotencyMismatch, "idempotency_mismatch", 422, Refused, "This Idempotency-Key came before with another request", "幂等键已用于不同的请求", "Use a new key for a new request.", "Use a new key for a new request.";
    TooManyHolders, "too_many_holders", 422, Refused, "More holders or links than are allowed", "主体或关联数量超出上限", "At most four linked codes; split the request.";
    LinkCycle, "link_cycle", 422, Refused, "The link would close a circle", "关联形成循环", "Read the holder's links first.";
    JsonInvalid, "json_invalid", 400, Refused, "The body is not JSON in UTF-8", "请求体不是合法的 UTF-8 JSON", "Send UTF-8 JSON with Content-Type: application/json.", "Give UTF-8 JSON, one value a line where a file has several.";
    RequestMalformed, "request_malformed", 400, Refused, "The request line, query or headers cannot be read", "请求格式错误", "See the OpenAPI document for the shape.", "See `elicense help` and the form of the input that is named.";
    RequestTimeout, "request_timeout", 408, Refused, "The request did not come whole in time", "请求未在规定时间内传完", "Send it again in one piece, over a faster line or in smaller parts.";
    BodyTooLarge, "body_too_large", 413, Refused, "The body is larger than the limit", "请求体超过大小限制", "Split the request; the limit stands in the detail.";
    AnswerTooLarge, "answer_too_large", 422, Refused, "The answer would be larger than is allowed", "答复超过大小限制", "Ask for less at once; ask for the rest in further requests.";
    MediaTypeUnsupported, "media_type_unsupported", 415, Refused, "The body is of another media type than this route takes", "不支持的内容类型", "Send the Content-Type that the OpenAPI document names.", "Give the form of file that the command names.";
    Unauthenticated, "unauthenticated", 401, Refused, "No valid token or session", "未登录或令牌无效", "Ask for a token at POST /oauth2/token, or sign in.", "The client or account has ended, or its secret is wrong.";
    TokenExpired, "token_expired", 401, Refused, "The token has ended", "令牌已过期", "Ask for a new one at POST /oauth2/token.", "Sign in again.";
    Forbidden, "forbidden", 403, Refused, "Policy does not allow this", "无此权限", "The reason is named. Grants are changed with `elicense clients grant`, scopes by `elicense clients add` once more.";
    CsrfInvalid, "csrf_invalid", 403, Refused, "The form did not come from a page of this session", "表单校验失败", "Open the page again and repeat.";
    NotFound, "not_found", 404, Refused, "Nothing here under that name", "未找到", "Check the address or the identifier.";
    MethodNotAllowed, "method_not_allowed", 405, Refused, "This address does not take that method", "不支持该请求方法", "See the OpenAPI document.", "See `elicense help`.";
    TooManyTries, "too_many_tries", 429, Refused, "Too many tries", "尝试次数过多", "Wait until Retry-After; ask only for what the grants allow.", "Wait, and ask only for what the grants allow.";
    BudgetSpent, "budget_spent", 429, Refused, "The day's budget of distinct holders is spent", "今日查询人数已达上限", "Wait until Retry-After, or have the budget raised with `elicense clients budget`.", "Have the budget raised with `elicense clients budget`, or go on tomorrow (UTC+8).";
    EnumerationStopped, "enumeration_stopped", 429, Refused, "Stopped: the numbers asked for look as if they were tried out", "查询已暂停：所查号码疑似逐个试探，请联系登记库管理员", "Tell the operator of this registry, who can lift it with `elicense alarms lift`, or wait until Retry-After.", "The operator lifts it with `elicense alarms lift`; else it ends by itself after an hour.";
    SignInFailed, "sign_in_failed", 401, Refused, "Name or password is wrong", "账号或密码错误", "Try again; after several failures the account waits.";
    QueueFull, "queue_full", 503, Unavailable, "The access log takes no more entries just now", "系统繁忙，请稍后再试", "Repeat after Retry-After; nothing was stored.", "Repeat in a moment; nothing was stored.";
    LogUnavailable, "log_unavailable", 503, Unavailable, "The log cannot be written; nothing is answered without its access", "日志暂不可写，暂停查询", "Repeat later; the operator sees the cause in the log file.", "Mend the cause that is named (a full or read-only disk), then repeat.";
    StoreBusy, "store_busy", 503, Unavailable, "The database did not answer in time", "数据库繁忙", "Repeat after Retry-After; nothing was half-written.", "Repeat in a moment; nothing was half-written.";
    WriteConflict, "write_conflict", 503, Unavailable, "Another request wrote the same at the same moment", "另一请求同时写入了相同内容", "Repeat after Retry-After: what was written first is then found.", "Repeat: what was written first is then found.";
    StoreUnavailable, "store_unavailable", 503, Unavailable, "The database cannot be reached", "数据库不可用", "Repeat after Retry-After; nothing was half-written.", "Mend the cause that is named, then repeat; nothing was half-written.";
    PolicyStale, "policy_stale", 503, Unavailable, "The policy in memory is older than allowed", "策略信息过期，暂停查询", "Repeat shortly; the process is reading it again.";
    ShuttingDown, "shutting_down", 503, Unavailable, "The server is stopping", "服务正在停止", "Repeat at another instance or later.";
    RecordDamaged, "record_damaged", 500, Fault, "A stored record does not open", "证照数据损坏", "Run `elicense fsck`; the other records are not touched.";
    BackupDamaged, "backup_damaged", 500, Fault, "The backup is damaged, or it is none of this registry", "备份损坏，或不属于本证照库", "Take another backup, or the master key that belongs to this one; nothing was put in place.";
    Internal, "internal", 500, Fault, "The program met a case it did not foresee", "内部错误", "The request id stands in the operator's log.";
    ConfigInvalid, "config_invalid", 500, Fault, "An argument or setting cannot be used", "配置无效", "Correct the setting that is named.";
    MasterKeyWrong, "master_key_wrong", 500, Fault, "The master key is not the one this registry was made with", "主密钥不匹配", "Give the file that `init` made, by --master-key or ELICENSE_MASTER_KEY_FILE.";
    MasterKeyExposed, "master_key_exposed", 500, Fault, "The master key file is open to others or lies in the data directory", "主密钥文件权限过宽或位于数据目录内", "chmod 0400 the file and keep it outside the data directory.";
    NotInitialised, "not_initialised", 500, Fault, "There is no registry here", "尚未初始化", "Make one with `elicense init`; nothing is created by accident.";
    AlreadyInitialised, "already_initialised", 500, Refused, "There is a registry here already", "已初始化", "Choose another directory or database.";
    SchemaOutdated, "schema_outdated", 500, Fault, "The database has another schema than this program", "数据库结构版本不符", "Run `elicense migrate`; serve never migrates.";
    LogLost, "log_lost", 503, Unavailable, "Another process has taken this log", "日志已由其他进程接管", "Start with another --node, or end the other process.";
    LogClosed, "log_closed", 503, Unavailable, "This log was closed and is never appended to", "日志已封存", "Add a successor with `elicense log add`.";
    LogForked, "log_forked", 503, Fault, "The stored log is not the one that was signed", "日志不一致", "Serve nothing from it and run `elicense fsck`; a database that was put back goes on with `elicense restore --in-place`.";
}

/// The member of [`Error::extra`] that says after how many seconds to repeat.
pub const RETRY_AFTER: &str = "retry_after";

/// A refusal or failure on its way to the caller.
pub struct Error {
    /// The stable code.
    pub code: Code,
    /// What failed in this case, in one sentence; safe to show.
    pub detail: Cow<'static, str>,
    /// The field of the request at fault, as a path (`holder.code`), if there is one.
    pub field: Option<Cow<'static, str>>,
    /// The rule that failed, if there is one.
    pub rule: Option<Rule>,
    /// More for machines, e.g. two faces of a clash; shown to callers.
    pub extra: Option<Box<serde_json::Value>>,
    /// The cause, for the operator's log only.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of every fallible call above the pure layers.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of that code, with a sentence on this case.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { code, detail: detail.into(), field: None, rule: None, extra: None, source: None }
    }

    /// An unforeseen failure: the cause is logged, not shown.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "").caused_by(source)
    }

    /// Names the field of the request.
    pub fn at(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the rule that failed.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rule = Some(rule);
        self
    }

    /// Adds machine-readable detail.
    pub fn with(mut self, extra: serde_json::Value) -> Self {
        self.extra = Some(Box::new(extra));
        self
    }

    /// The caller may repeat after so many seconds; becomes the header `Retry-After`.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with(serde_json::json!({ RETRY_AFTER: seconds }))
    }

    /// Keeps the cause for the operator's log.
    pub fn caused_by(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Puts `prefix.` before the field, for errors from a part of a request.
    pub fn within(mut self, prefix: &str) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("{prefix}.{field}").into(),
            None => prefix.to_owned().into(),
        });
        self
    }

    /// Whether the request itself was turned down: not for want of budget or for its pace, and for no fault here.
    pub fn is_turned_down(&self) -> bool {
        let waits = matches!(self.code, Code::BudgetSpent | Code::EnumerationStopped | Code::TooManyTries);
        self.code.class() == Class::Refused && !waits
    }

    /// The exit code of a command that ends with this error: 2 usage, 3 failed or undetermined.
    pub fn exit_code(&self) -> u8 {
        match self.code.class() {
            // An argument that cannot be used is a usage error, though no caller of the API could have caused
            // it.
            _ if self.code == Code::ConfigInvalid => 2,
            Class::Refused => 2,
            Class::Unavailable | Class::Fault => 3,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.title())?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        if let Some(field) = &self.field {
            write!(f, " [{field}]")?;
        }
        if let Some(rule) = self.rule {
            write!(f, " ({})", rule.wire())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {self}", self.code.wire())?;
        if let Some(source) = &self.source {
            write!(f, " <- {source}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_has_a_name_of_its_own_and_says_what_to_do() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.wire()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for code in Code::ALL {
            assert!(!code.hint().is_empty() && !code.title_zh().is_empty(), "{code:?}");
            let client = (400..500).contains(&code.status());
            assert!(!client || code.class() == Class::Refused, "{code:?}: a fault is not the caller's");
        }
    }

    #[test]
    fn hints_of_commands_speak_of_no_http() {
        let http = [
            "Retry-After",
            "Idempotency-Key",
            "Content-Type",
            "GET ",
            "POST ",
            "OpenAPI",
            "eader",
            "/api/",
            "purpose.",
        ];
        for code in Code::ALL {
            let hint = code.command_hint();
            assert!(!hint.is_empty() && http.iter().all(|word| !hint.contains(word)), "{code:?}: {hint}");
        }
    }

    #[test]
    fn a_cause_is_never_shown() {
        let error = Error::internal("disk /var/secret gone");
        assert!(!error.to_string().contains("secret"));
    }
}
