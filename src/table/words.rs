//! Words that departments write over their columns, and what they mean whatever the type.

/// What a header means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The number of a holder.
    Code(Whose),
    /// The name of a holder.
    Name(Whose),
    /// The day of birth of a holder.
    Born,
    /// The number of the certificate.
    Number,
    IssuedOn,
    ValidFrom,
    ValidTo,
    /// The day of the data.
    AsOf,
}

/// Of which kind of holder a word speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Person,
    Organisation,
    /// Of either.
    Anybody,
}

impl Whose {
    /// Whether a word of this kind may speak of such a holder.
    pub fn fits(self, kind: Self) -> bool {
        self == Self::Anybody || kind == Self::Anybody || self == kind
    }
}

const WORDS: &[(Meaning, &[&str])] = &[
    (
        Meaning::Code(Whose::Person),
        &[
            "身份证号码",
            "身份证号",
            "公民身份号码",
            "公民身份证号码",
            "居民身份证号码",
            "居民身份证号",
            "身份号码",
            "持证人身份证号",
            "持证人身份证号码",
            "身份证件号码",
            "身份证",
        ],
    ),
    (Meaning::Code(Whose::Anybody), &["证件号码", "证件号", "持证人证件号码"]),
    (
        Meaning::Code(Whose::Organisation),
        &["统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "单位统一社会信用代码", "统一代码"],
    ),
    (Meaning::Name(Whose::Person), &["姓名", "本人姓名", "持证人姓名", "持有人姓名"]),
    (Meaning::Name(Whose::Anybody), &["持证人", "持有人", "名称"]),
    (Meaning::Name(Whose::Organisation), &["单位名称", "企业名称", "机构名称"]),
    (Meaning::Born, &["出生日期", "出生年月日", "出生时间", "出生", "生日", "出生日"]),
    (
        Meaning::Number,
        &[
            "证书编号",
            "证书号",
            "证书号码",
            "证照编号",
            "证照号码",
            "许可证号",
            "许可证编号",
            "证号",
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

/// Words that stand over many things: they count where no other column fits.
const GENERIC: &[&str] = &["证号", "编号", "证件编号", "证件号码", "证件号", "名称", "身份证"];

/// What a word means, if anything.
pub(super) fn meaning(word: &str) -> Option<Meaning> {
    WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(meaning, _)| *meaning)
}

/// Whether a word stands over many things.
pub(super) fn is_generic(word: &str) -> bool {
    GENERIC.contains(&word)
}
