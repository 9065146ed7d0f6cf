//! The table of rules: every rule name in an error, a verdict or an import's error file, with a sentence in
//! both languages that says what is wrong and what to do.
//!
//! A rule that is not in this table does not compile. The wire names stand in stored answers, error files and
//! logs and never change their meaning. Window clerks and departments read the sentences; a fault's own
//! `detail` says more about the single case.

use crate::closed::closed;

closed! {
    /// The rule that failed; `zh` and `en` are whole sentences.
    Rule {
        // The number of a holder (主体代码)
        Length, "length", "位数或字数不对。请核对号码的位数，或把文字改到规定的字数。", "The length is wrong. Count the characters of the number, or bring the text to the length that is allowed.";
        ControlCharacter, "control_character", "含有看不见的控制字符。请删去后重新录入。", "There is an invisible control character. Delete it and type the text again.";
        NameBlank, "name_blank", "姓名或名称是空的，只有空格，或只是占位符（如“-”“无”“NULL”）。请填写。", "The name is empty, blanks, or a sign for no name such as - or NULL. Give the name.";
        OuterBlank, "outer_blank", "姓名或名称首尾有空格。请删去。", "There is a blank before or behind the name. Take it off.";
        ReplacementCharacter, "replacement_character", "含有替换符“\u{FFFD}”或姓名中有问号，原来的字在转码时丢失了。请从原系统重新导出，或对照证件录入。", "There is a replacement character, or a question mark in a name: a character was lost before the text came here. Export it again from its system, or type it from the document.";
        Alphabet, "alphabet", "号码中含有不允许的字符。请对照证件核对。", "The number has a character that this kind of code never has. Compare it with the document.";
        AlphabetIosvz, "alphabet_iosvz", "统一社会信用代码不使用字母 I、O、S、V、Z，请核对 1、0、5、U、2。", "A credit code never has the letters I, O, S, V, Z. Look for 1, 0, 5, U, 2.";
        Format, "format", "号码格式不正确。请对照证件核对。", "The characters do not stand in the order of this code. Compare it with the document.";
        Category, "category", "第 1、2 位不是有效的登记管理部门和机构类别代码。请核对前两位。", "The first two characters name no registration authority and kind. Check them.";
        DateImpossible, "date_impossible", "号码中的出生日期不存在。请核对第 7 至 14 位。", "The birth date in the number is no day of the calendar. Check the digits of the date.";
        DateTooEarly, "date_too_early", "号码中的出生日期早于 1800 年。请核对第 7 至 14 位。", "The birth date in the number lies before 1800. Check the digits of the date.";
        DateInFuture, "date_in_future", "日期晚于今天。请核对日期。", "The date lies in the future. Check the date.";
        StatusOnly, "status_only", "随改变状态的业务动作提交的新版本只能改照面状态，其他内容须与现版本一致。", "A version that comes with an action on the state changes the status on the face and nothing else. Say everything else as the present version says it.";
        StatusState, "status_state", "照面所载状态与该业务动作后的状态不一致。请改正照面状态，或先办理相应的业务动作。", "The status on the face is another one than the record is in after this action. Correct the face, or take the action that leads to that state first.";
        EffectiveEarly, "effective_early", "生效日期早于签发日期，或恢复日期早于暂扣日期。请核对日期。", "The day of effect lies before the issue, or a restoration before the suspension that it ends. Compare the day.";
        DateAfterEnd, "date_after_end", "日期晚于持证人死亡或持证组织终止之日。请核对日期；持证主体标注有误的，请先由有权部门更正。", "This day lies after the death of the holder, or after the end of the organisation. Compare the day; where the mark on the holder is wrong, the office that states it corrects it first.";
        DateOrder, "date_order", "日期先后不可能（如死亡早于出生、签发早于出生或早于所载事实）。请对照证件核对各日期。", "These days cannot stand in this order: somebody is born after the issue, or dies before the birth. Compare each day with the document.";
        ValidityBackwards, "validity_backwards", "有效期止早于有效期起或签发日期。请核对。", "The last valid day lies before the first valid day or the day of issue. Check both.";
        BeforeBirth, "before_birth", "日期早于号码中的出生日期。请核对日期和号码。", "The day lies before the birth date in the holder's number. Check the day and the number.";
        CenturyUnknown, "century_unknown", "15 位号码顺序码为 996–999，出生世纪无法确定，请提供 18 位号码。", "The 15-digit number ends in 996 to 999, so its century is not known. Give the 18-digit number.";
        PilotNew, "pilot_new", "不再用试点时期的统一社会信用代码新发证照。如是存量证照，请用 --as-of 或 as_of 注明数据日期。", "Nothing new is issued to a credit code of the pilot. Of an old licence say of when its data is: --as-of, or as_of of the row.";
        CheckDigit, "check_digit", "校验码不正确，请逐位核对。", "The check character does not fit. Compare every character with the document.";
        OrganisationCheckDigit, "organisation_check_digit", "组织机构代码（主体标识码）校验码不正确，请逐位核对。", "The check character of the organisation code does not fit. Compare every character with the document.";
        CodeTypeUnknown, "code_type_unknown", "没有这种主体代码类型。请选择代码类型表中的一种。", "There is no such type of holder code. Choose one from the list of code types.";
        CodeNotCanonical, "code_not_canonical", "签名内容中的号码不是标准写法。请用标准写法的号码重新签名。", "The signed number is not in its canonical form. Sign again with the canonical number.";

        // The face (照面)
        WrongType, "wrong_type", "数据类型不对。请按该类证照的规定填写这一项。", "The value has the wrong JSON type. Fill in the field as the type's schema says.";
        FieldUnknown, "field_unknown", "该类证照没有这一项，或数据行中有不认识的项。请删去。", "The field is not known for this type or this row. Remove it.";
        FieldMissing, "field_missing", "缺少必填项。请补填。", "A required field is missing. Fill it in.";
        AlternativeMissing, "alternative_missing", "几项中必须填写至少一项。请补填其中一项。", "At least one of several fields must be filled in. Fill in one of them.";
        TooShort, "too_short", "文字太短。请填写完整。", "The text is too short. Fill it in completely.";
        TooLong, "too_long", "文字太长。请缩短。", "The text is too long. Shorten it.";
        TooFewItems, "too_few_items", "条目太少。请补齐。", "The list has too few items. Add what is missing.";
        TooManyItems, "too_many_items", "条目太多。请删减。", "The list has too many items. Remove some.";
        ItemTwice, "item_twice", "同一条目出现了两次。请删去一个。", "One item stands twice in the list. Remove one of the two.";
        NotInEnum, "not_in_enum", "取值不在允许的范围内。请从列出的值中选择。", "The value is not one of those that are allowed. Choose one from the schema.";
        CodeUnknown, "code_unknown", "代码不在代码表中。请查代码表后填写。", "The code is not in the code list. Look it up in the list.";
        DateForm, "date_form", "日期格式不对，或该日期不存在。请按 YYYY-MM-DD 填写。", "This is no real day in the form YYYY-MM-DD. Write the day in that form.";
        DateOrLongForm, "date_or_long_form", "应为 YYYY-MM-DD 格式的日期，或“长期”。请改正。", "This is neither a real day in the form YYYY-MM-DD nor 长期. Write one of the two.";
        PartialDateForm, "partial_date_form", "应为年、年月或完整日期（YYYY、YYYY-MM、YYYY-MM-DD）。请改正。", "This is no year, month or day (YYYY, YYYY-MM, YYYY-MM-DD). Write one of the three.";
        TimeForm, "time_form", "时间格式不对。请按 YYYY-MM-DDTHH:MM 填写。", "This is no time in the form YYYY-MM-DDTHH:MM. Write the time in that form.";
        DecimalForm, "decimal_form", "应为普通十进制数。请去掉单位、逗号和空格。", "This is no plain decimal number. Leave out units, commas and blanks.";
        HolderCodeForm, "holder_code_form", "证件号码的写法不对。只用大写字母、数字、汉字和 -()/._，最多 40 个字符。", "The number is not written as documents print it. Use capitals, digits, ideographs and -()/._ only, at most 40 characters.";
        IdentifierForm, "identifier_form", "标识中含有空格。请删去空格。", "The identifier has blanks. Remove them.";
        SealedReferenceForm, "sealed_reference_form", "应为 64 位小写十六进制数字。请核对引用值。", "The reference has not 64 lower-case hexadecimal digits. Check it.";
        NotAnInteger, "not_an_integer", "应为整数。带小数的数量请写成文字。", "The number is no integer. Write amounts with decimals as text.";
        IntegerUnsafe, "integer_unsafe", "整数过大，部分系统不能准确读取。请写成文字。", "The integer is beyond 2^53 - 1, which some programs cannot keep. Write it as text.";
        OutOfRange, "out_of_range", "数值超出允许范围。请核对。", "The number is outside the allowed range. Check it.";
        HolderName, "holder_name", "照面上的姓名或名称与持证主体不一致。请核对两处。", "The name on the face is not the holder's. Compare the two.";
        HolderCode, "holder_code", "照面上的号码与持证主体的号码不一致。请核对两处。", "The number on the face is not the holder's. Compare the two.";
        HolderCodePrefix, "holder_code_prefix", "证照编号不是以持证主体的号码开头。请核对编号。", "The certificate's number does not begin with the holder's number. Check it.";
        HolderCodeType, "holder_code_type", "照面上的证件类型与持证主体的代码类型不一致。请核对两处。", "The kind of document on the face is not that of the holder's code. Compare the two.";
        HolderSex, "holder_sex", "照面上的性别与身份证号码不一致。请核对两处。", "The sex on the face contradicts the holder's number. One of the two is wrong.";
        HolderBirthDate, "holder_birth_date", "照面上的出生日期与身份证号码不一致。请核对两处。", "The birth date on the face contradicts the holder's number. One of the two is wrong.";
        HolderCount, "holder_count", "列表应与该角色的持证主体一一对应。请核对人数。", "The list must have one item for each holder of its role. Compare the numbers.";
        ValidityFace, "validity_face", "照面上的有效期与证照的有效期不一致。请改正其中一处。", "The face prints another day of validity than the record says. Correct one of the two.";
        NumberNotOfFace, "number_not_of_face", "证照编号与照面上的编号不一致。请改正其中一处。", "The number is not the one on the face. Correct one of the two.";

        // Holders of a record and their roles (持证主体)
        RoleUnknown, "role_unknown", "该类证照没有这个角色。请按类型规定填写角色。", "The type has no such role. Give a role that the type names.";
        RoleMissing, "role_missing", "该类证照有多个角色，必须写明角色。请补填。", "The type has several roles and none was given. Name one.";
        RoleCount, "role_count", "该角色的人数不符合类型规定。请增减持证主体。", "The number of holders in this role is not what the type asks for. Add or remove holders.";
        SharePresence, "share_presence", "份额应当全部填写或全部不填，以照面为准。请补齐或删去。", "Shares stand with every holder or with none, as the face says. Add or remove them.";
        ShareForm, "share_form", "份额应写成分数，如 1/2。请改正。", "A share is a fraction such as 1/2. Write it so.";
        ShareSum, "share_sum", "各份额之和不等于 1。请核对份额。", "The shares do not sum to 1. Check them.";
        HolderTwice, "holder_twice", "同一主体出现了两次。请删去一个。", "One holder stands twice. Remove one of the two.";
        HoldersMissing, "holders_missing", "证照至少要有一个持证主体。请补填。", "A certificate needs at least one holder. Add one.";

        // Issuing (签发)
        KindOfType, "kind_of_type", "文件种类与证照类型不一致。请按类型规定填写种类。", "The kind of document is not that of the type. Give the kind that the type names.";
        IssuerName, "issuer_name", "签发当日发证机构不是这个名称。请使用当日的名称。", "The issuer had another name on the day of issue. Use its name of that day.";
        ValidityRule, "validity_rule", "该类证照不允许这样的有效期。请按类型规定填写。", "The type does not allow this end of validity. Follow the type's rule.";
        ValidityMissing, "validity_missing", "缺少有效期截止日。请补填。", "The type needs an end of validity. Say until when the record is valid.";
        NumberUnique, "number_unique", "该编号已用于另一份证照。请核对编号，或对原证照办理变更。", "Another record has this number already. Check the number, or change the other record.";
        NumberClash, "number_clash", "同一编号已用于照面不同的证照。请核对这一行，或对原证照办理变更。", "This number stands on another face already. Check the row, or change the other record.";
        EndedName, "ended_name", "姓名与将被终止的证照不一致，未终止。请核对号码和姓名；姓名已变更的，先办理身份证件或原证照的变更。", "A name is not that on the certificate that this one would end, and nothing was ended. Check number and name; where the name has changed, change the identity card or the other certificate first.";
        VersionFirst, "version_first", "新签发的证照应为第 1 版。要出新版本，请办理相应业务动作。", "A new record begins with version 1. Make later versions by an action.";
        EnvelopeAlone, "envelope_alone", "提交签名原文时不能再填其他内容。请删去其他字段。", "A signed envelope says everything itself. Remove the other fields.";
        AgencyMismatch, "agency_mismatch", "只能以本机构的名义办理。请填写本机构的代码。", "A client acts for its own agency only. Give the code of that agency.";
        KeyMissing, "key_missing", "本库没有该机构的签名密钥。请先生成（elicense keys make）或登记密钥，或提交已签名的原文。", "The registry holds no key for this agency. Make one with `elicense keys make`, or send a signed envelope.";
        KeyOwner, "key_owner", "签名密钥不属于该机构。请使用该机构自己的密钥签名。", "The key belongs to another agency. Sign with the agency's own key.";
        KeyRevoked, "key_revoked", "签名密钥已吊销。请使用有效的密钥重新签名。", "The key is revoked. Sign again with a key in force.";
        KeyUnknown, "key_unknown", "签名密钥未登记。请先登记密钥。", "The key is not registered. Register the key first.";

        // Authority of agencies (签发权限)
        AuthorityRegionMalformed, "authority_region_malformed", "签发地的行政区划代码不正确。请核对区划代码。", "The region of issue is no region code. Check the code.";
        AuthorityAgencyUnknown, "authority_agency_unknown", "没有这个机构。请先登记该机构，或核对机构代码。", "There is no such agency. Register it, or check its code.";
        AuthorityAgencyNotInForce, "authority_agency_not_in_force", "该机构在这一天尚未成立或已撤销。请核对日期和机构。", "The agency does not exist on that day. Check the day and the agency.";
        AuthorityTypeNotGranted, "authority_type_not_granted", "该机构没有这类证照的权限。请申请授权，或由有权机构办理。", "The agency has no authority for this type. Ask for it, or let another agency do this.";
        AuthorityRegionNotCovered, "authority_region_not_covered", "该机构的权限不包括签发地。请由当地有权机构办理。", "The agency's authority does not cover the region of issue. Let the agency of that region do this.";
        AuthorityOutsidePeriod, "authority_outside_period", "该机构的权限在这一天无效。请核对日期，或办理授权延期。", "The agency's authority does not hold on that day. Check the day, or extend the authority.";
        AuthorityNotTheIssuer, "authority_not_the_issuer", "该机构既不是发证机构，也不是其职权承接机构。请由发证机构办理。", "The agency is neither the issuer nor its successor. Let the issuer do this.";
        EmpowermentGrant, "empowerment_grant", "该类机构不能获得这项主体状态权限，或机构不存在，或截止日早于起始日。请核对。", "An office of this kind never states that, or the agency is not known, or the period ends before it begins. Check it.";
        EmpowermentMissing, "empowerment_missing", "该机构无权作出这项声明。请由有权机构办理，或由管理员运行 elicense agencies empower。", "The agency has no authority over people for this. Let an agency that has it state it, or run `elicense agencies empower`.";
        AgencyMissing, "agency_missing", "命令行操作员不能以自己的名义声明主体状态。请填写作出声明的机构。", "An operator states nothing about people. Name the agency that states it.";
        SourceOfAgency, "source_of_agency", "来源由机构的权限决定，不能另行填写。请删去来源。", "The source of a mark follows from the authority of the agency. Leave it out.";
        MarkMissing, "mark_missing", "该机构没有可以撤回的标记。", "This agency has no mark to take back.";
        NamesDiffer, "names_differ", "两个号码名下的姓名不一致，或其中一个没有证照。请在理由中说明如何确认，并设置 names_differ。", "The names on the records of the two codes do not agree, or one has no record. Say in the ground how it is known, and set names_differ.";
        HouseholdElsewhere, "household_elsewhere", "该人的户籍登记在本机构权限区域以外。请由户籍所在地机构办理，或在理由中说明依据并设置 household_elsewhere。", "The household of this person is registered outside the region of the agency's authority. Let the agency of that region do this, or say in the ground why you do, and set household_elsewhere.";
        HolderUnchanged, "holder_unchanged", "未作任何变更。有权查询该主体的机构可以获知原因。两个号码的姓名可能不一致或户籍可能在其他区域时，请在理由中说明依据，并设置 names_differ 或 household_elsewhere。", "Nothing was changed. An office that may look the holder up is told why. Where the names of two numbers may differ, or a household may be registered elsewhere, say in the ground how it is known and set names_differ or household_elsewhere.";
        AuthorityGrant, "authority_grant", "授权的机构不存在，或授权的截止日早于起始日。请核对授权。", "The authority is given to an unknown agency, or it ends before it begins. Check it.";

        // Actions, disputes and versions (业务动作)
        ActionState, "action_state", "证照的当前状态不允许这个业务动作。请先查看状态。", "The action is not allowed in the record's present state. Read the state first.";
        CustodyNotHosted, "custody_not_hosted", "证照原文不在本库保管，不能出新版本。请由保管方办理。", "The body of this record is kept elsewhere, so no version is made here. Let its keeper do this.";
        GroundWords, "ground_words", "依据没有写出内容。请用文字写明，至少两个不同的字。", "The ground says nothing. Say it in words, with at least two different letters.";
        GroundMissing, "ground_missing", "缺少法律依据或理由。请补填。", "The legal ground or the reason is missing. Give it.";
        NothingChanges, "nothing_changes", "变更或更正的内容与现版本完全相同。请写明要改的内容；只需换证、补证的，请办理换发或补发。", "The change or correction says what the present version says already. Say what is to be different; where only another paper is needed, renew or reissue it.";
        NoNewVersion, "no_new_version", "这个业务动作不产生新版本。请删去新版本的内容。", "This action makes no new version. Remove what would change the version.";
        NotAnEndorsement, "not_an_endorsement", "下次审验日期只能由签注或新版本设定。请删去该项。", "Only an endorsement or a new version sets the next review. Remove the date.";
        Endorsement, "endorsement", "签注动作必须写明签注内容，其他动作不能带签注。请补填或删去。", "Only the action `endorse` has an endorsement, and it must have one. Add it or remove it.";
        ExtendUntil, "extend_until", "延期必须写明延长到哪一天。请补填。", "An extension must say until when. Give the day.";
        ExtendLater, "extend_later", "延期后的截止日必须晚于原截止日。请核对日期。", "An extension must end later than the record does now. Check the day.";
        NumberKept, "number_kept", "这个业务动作不改变证照编号。请使用原编号。", "The number stays as it is in this action. Keep the old number.";
        NumberNew, "number_new", "该类证照换补发后必须使用新编号。请填写新编号。", "This type gives a reissued certificate a new number. Give a new number.";
        VersionNext, "version_next", "新版本没有指明它替换当前版本。请读取当前版本后重新签名。", "The version does not replace the present one. Read the present version and sign again.";
        VersionType, "version_type", "新版本的证照类型与原版本不同。请使用同一类型。", "A new version must be of the same type. Use that type.";
        VersionIssuer, "version_issuer", "新版本应由办理机构签名。请由该机构重新签名。", "A new version must be signed by the agency that acts. Let that agency sign.";
        VersionHolders, "version_holders", "各版本的持证主体及其顺序必须一致。请核对。", "All versions must have the same holders in the same order. Compare them.";
        VersionSerial, "version_serial", "新版本必须保留原来的流水号。请核对电子证照标识。", "A new version must keep the serial. Check the identifier.";
        ObjectingAgency, "objecting_agency", "只有签发机关，或有权查询该证照的机构可以提出异议。请由签发机关办理，或先取得该类证照的查询授权。", "Only the issuer objects to a record, or an agency that may look it up. Ask the issuer, or have the type granted.";
        DisputeOpener, "dispute_opener", "异议只能由提出的机构撤回。请由该机构撤回，或由签发机关办结。", "Only the agency that opened an objection withdraws it. Ask that agency, or let the issuer settle it.";
        DisputeState, "dispute_state", "异议标记已经是这个状态。无需重复办理。", "The record is in that state of dispute already. Nothing needs to be done.";

        ProposalNone, "proposal_none", "该证照没有待处理的终止建议。请查看建议清单。", "No end of this record is proposed, or it is settled. Look at the list of proposals.";

        // Signed orders (指令)
        OrderAction, "order_action", "签名指令中的业务动作与请求不一致。请核对后重新签名。", "The signed order names another action than the request. Compare the two and sign again.";
        OrderSubject, "order_subject", "签名指令针对的对象与请求不一致。请核对后重新签名。", "The signed order is about something else than the request. Compare the two and sign again.";
        OrderVersion, "order_version", "签名指令中的版本与请求不一致。请核对后重新签名。", "The signed order names another version than the request. Compare the two and sign again.";
        OrderEffectiveOn, "order_effective_on", "签名指令中的生效日期与请求不一致。请核对后重新签名。", "The signed order names another day of effect than the request. Compare the two and sign again.";
        OrderGround, "order_ground", "签名指令中的依据与请求不一致。请核对后重新签名。", "The signed order names another ground than the request. Compare the two and sign again.";
        OrderDetail, "order_detail", "签名指令的内容与请求不一致。请核对后重新签名。", "The signed order has other details than the request. Compare the two and sign again.";
        OrderReplayed, "order_replayed", "这条签名指令已经执行过。请重新签发指令。", "This order was carried out before. Sign a new order.";

        // Directory entries (目录)
        CustodyHosted, "custody_hosted", "原文在本库保管的证照应当签发，不能只登记目录。请改用签发。", "A record whose body is kept here is issued, not entered. Issue it.";
        EntryNotActive, "entry_not_active", "该编号的目录项已暂扣或已终止。请先处理目录项。", "The entry of this number is suspended or ended. Settle the entry first.";
        EntryDisputed, "entry_disputed", "该编号的目录项有未处理的异议。请先处理异议。", "A dispute about the entry of this number is open. Settle it first.";

        // States and links of holders (主体状态与关联)
        StateNotMarked, "state_not_marked", "这个状态由记录转移产生，不能直接标注。请办理转移。", "This state comes about when records move between holders. Move the records instead.";
        StateOfEntity, "state_of_entity", "只有组织才能标注为解散。请核对主体。", "Only an organisation can be dissolved. Check the holder.";
        StateOfPerson, "state_of_person", "这个状态只适用于自然人。请核对主体。", "This state is for a person only. Check the holder.";
        SameHolder, "same_holder", "两个号码指向同一主体。无需关联。", "Both codes lead to the same holder already. No link is needed.";
        LinkPersons, "link_persons", "这种关联只用于自然人的号码。请核对两个号码。", "This link is for two codes of persons. Check both codes.";
        LinkMoved, "link_moved", "这种关联由登记库自己建立，不能申报。", "The registry itself makes this link: nobody states it.";
        LinkEntities, "link_entities", "这种关联只用于组织的代码。请核对两个代码。", "This link is for two codes of organisations. Check both codes.";
        LinkMissing, "link_missing", "没有这条关联。请先查看主体的关联。", "There is no such link. Read the holder's links first.";
        LinkCycle, "link_cycle", "两个号码已经关联，再关联会形成循环。请先查看主体的关联。", "These codes are linked already, and a second link would close a circle. Read the links first.";
        LinkLimit, "link_limit", "关联数量已达上限。请先解除不用的关联。", "The holder has as many links as are allowed. Remove one that is no longer needed.";

        // Identifiers (电子证照标识)
        IdentifierRoot, "identifier_root", "标识不是以 1.2.156.3005.2. 开头。请照证照抄录。", "The identifier does not begin with 1.2.156.3005.2. Copy it as printed.";
        IdentifierParts, "identifier_parts", "标识应有十段。请照证照完整抄录。", "The identifier has not ten parts. Copy all of it.";
        IdentifierLowerCase, "identifier_lower_case", "标识中有小写字母。请改为大写。", "The identifier has a lower-case letter. Write capitals.";
        IdentifierAlphabet, "identifier_alphabet", "标识中有 0–9、A–Z 以外的字符。请核对。", "The identifier has a character outside 0-9 and A-Z. Check it.";
        IdentifierType, "identifier_type", "标识中的证照类型代码不正确。请核对第六段。", "The type code in the identifier is wrong. It has 18 characters and three digits.";
        IdentifierIssuer, "identifier_issuer", "标识中的发证机构代码不正确。请核对第七段。", "The issuer in the identifier is wrong. It has 18 characters, or 6, 9 or 12 digits.";
        IdentifierOfType, "identifier_of_type", "标识属于另一类证照。标识第六段应为本证照的类型代码，请核对标识或类型。", "The identifier belongs to another type. Its type part must be the record's own type; check the identifier and the type.";
        IdentifierOfIssuer, "identifier_of_issuer", "标识属于另一发证机构。标识第七段应为本证照发证机构或其前身的代码，请核对标识或发证机构。", "The identifier belongs to another issuer. Its issuer part must be the record's own issuer or one that it took over from; check both.";
        IdentifierSerial, "identifier_serial", "标识中的流水号为空或超过 64 个字符。请核对第八段。", "The serial in the identifier is empty or longer than 64 characters. Check it.";
        IdentifierVersion, "identifier_version", "标识中的版本号不是 001 起的三位数字。请核对第九段。", "The version in the identifier is not three digits from 001. Check it.";
        IdentifierCheckLength, "identifier_check_length", "标识的校验码应为一个字符。请核对最后一段。", "The check part of the identifier is not one character. Check the last part.";
        IdentifierCheck, "identifier_check", "标识的校验码不正确，请逐位核对。", "The check character of the identifier is wrong. Compare every character.";

        // Signed bytes (签名原文)
        JsonUtf8, "json_utf8", "内容不是 UTF-8 编码。请转换编码。", "The text is not UTF-8. Convert it.";
        JsonSyntax, "json_syntax", "内容不是一个完整的 JSON 值。请检查语法。", "The text is not one JSON value. Check its syntax.";
        JsonDuplicateName, "json_duplicate_name", "同一个对象中有重复的名称。请删去一个。", "One object has the same name twice. Remove one of the two.";
        JsonInteger, "json_integer", "数字不是普通整数。请写成整数或文字。", "A number is not a plain integer. Write an integer or a text.";
        JsonIntegerRange, "json_integer_range", "整数超过 2^53 − 1。请写成文字。", "An integer is beyond 2^53 - 1. Write it as text.";
        JsonCanonical, "json_canonical", "内容不是规范 JSON 写法（RFC 8785）。请按规范重新生成。", "The JSON is not in its canonical form (RFC 8785). Write it in that form.";
        PayloadObject, "payload_object", "签名内容不是 JSON 对象。请按格式说明生成。", "The payload is not a JSON object. Follow schema/bytes.md.";
        PayloadUnknownMember, "payload_unknown_member", "签名内容有不认识的成员。请删去。", "The payload has a member that is not known. Remove it.";
        PayloadMissingMember, "payload_missing_member", "签名内容缺少成员。请补上。", "The payload lacks a member. Add it.";
        PayloadMemberShape, "payload_member_shape", "签名内容中有成员不符合格式。请按格式说明改正。", "A member of the payload is not of its shape. Follow schema/bytes.md.";
        PayloadLayoutVersion, "payload_layout_version", "签名内容的格式版本不是 1。请使用版本 1。", "The payload's layout version is not 1. Use version 1.";
        PayloadNoHolder, "payload_no_holder", "签名内容没有持证主体。请补上。", "The payload has no holder. Add one.";
        PayloadVersion, "payload_version", "版本号不是 1 至 999，或与标识中的版本不同。请核对。", "The version is not 1 to 999, or not the one in the identifier. Check it.";
        PayloadValidityOrder, "payload_validity_order", "有效期的起始日晚于截止日。请核对。", "The first valid day lies after the last. Check both.";
        StatusList, "status_list", "状态列表地址应为 1 至 512 字节，且不含个人号码。请改正后重新签名。", "The address of the status list has 1 to 512 bytes and no person's number in it. Correct it and sign again.";
        StatusIndex, "status_index", "状态列表序号超过 2^53 − 1。请核对。", "The index in the status list is beyond 2^53 - 1. Check it.";
        AttachmentSize, "attachment_size", "附件大小超过 2^53 − 1 字节。请核对附件信息。", "The size of an attachment is beyond 2^53 - 1. Check it.";
        AttachmentDigest, "attachment_digest", "附件内容与摘要不符，或摘要格式不对。请重新计算 SHA-256。", "The attachment does not have this digest, or the digest has a wrong form. Compute its SHA-256 again.";
        AttachmentLength, "attachment_length", "附件的实际大小与证照所写不符。请核对附件信息。", "The file here has another size than the record names. Check the attachment.";
        AttachmentMediaType, "attachment_media_type", "附件的实际格式与证照所写的媒体类型不符。请核对附件。", "The bytes of the file are of another media type than the record names. Check the attachment.";
        AttachmentQuota, "attachment_quota", "今日上传附件的总量已达上限。请明日再传，或请管理员提高预算。", "The day's quota of bytes of files is spent. Go on tomorrow (UTC+8), or have the client's budget raised.";
        AttachmentDigestForm, "attachment_digest_form", "摘要应为 64 位小写十六进制数字。请核对。", "The digest has not 64 lower-case hexadecimal digits. Check it.";
        EventShape, "event_shape", "事件或指令的成员缺失、不认识或不符合格式。请按格式说明改正。", "A member of the event or order is missing, not known, or not of its shape. Follow schema/bytes.md.";
        EnvelopeParts, "envelope_parts", "签名原文应为三段。请完整提交。", "The envelope has not three parts. Send all of it.";
        EnvelopeHeaderBase64, "envelope_header_base64", "签名头不是无填充的 base64url。请重新编码。", "The header is not base64url without padding. Encode it again.";
        EnvelopePayloadBase64, "envelope_payload_base64", "签名内容不是无填充的 base64url。请重新编码。", "The payload is not base64url without padding. Encode it again.";
        EnvelopeSignatureBase64, "envelope_signature_base64", "签名值不是无填充的 base64url。请重新编码。", "The signature is not base64url without padding. Encode it again.";
        EnvelopeHeaderLength, "envelope_header_length", "签名头太长。只保留 alg、kid、typ。", "The header is too long. Keep alg, kid and typ only.";
        EnvelopePayloadLength, "envelope_payload_length", "签名内容超过大小限制。请缩小内容。", "The payload is longer than the limit. Make it smaller.";
        EnvelopeHeaderCanonical, "envelope_header_canonical", "签名头不是规范 JSON。请按规范重新生成。", "The header is not canonical JSON. Write it in that form.";
        EnvelopeCrit, "envelope_crit", "签名头含有 crit，不被接受。请删去。", "The header has `crit`, which is not accepted. Remove it.";
        EnvelopeHeaderMembers, "envelope_header_members", "签名头只能有 alg、kid、typ。请删去其他成员。", "The header has other members than alg, kid and typ. Remove them.";
        EnvelopeAlg, "envelope_alg", "签名算法不是 EdDSA。请使用 EdDSA。", "The algorithm is not EdDSA. Use EdDSA.";
        EnvelopeKid, "envelope_kid", "kid 不是密钥指纹（RFC 7638）。请填写密钥指纹。", "The kid is not an RFC 7638 thumbprint. Write the thumbprint of the key.";
        EnvelopeTyp, "envelope_typ", "typ 不是已知的种类。请按格式说明填写。", "The typ is not known. Use one that schema/bytes.md names.";
        EnvelopePayloadCanonical, "envelope_payload_canonical", "签名内容不是规范 JSON。请按规范重新生成并签名。", "The payload is not canonical JSON. Write it in that form and sign again.";
        EnvelopeSignatureLength, "envelope_signature_length", "签名值不是 64 字节。请重新签名。", "The signature has not 64 bytes. Sign again.";
        EnvelopeStoredLength, "envelope_stored_length", "库中签名原文的长度不符。请运行 elicense fsck。", "The lengths of the stored envelope do not add up. Run `elicense fsck`.";
        EnvelopeKind, "envelope_kind", "签名原文的种类不是这里需要的。请提交正确种类的原文。", "The envelope is of another kind than is asked for here. Send one of the right kind.";
        EnvelopeMissing, "envelope_missing", "导出行缺少签名原文。请重新导出。", "A version in the line has no envelope. Export again.";
        SignatureMismatch, "signature_mismatch", "签名不成立。内容或签名被改动过，请取得原件。", "The signature does not hold. The content or the signature was changed: get the original.";
        KeyPoint, "key_point", "公钥不是曲线上的点。请核对公钥。", "The public key is not a point of the curve. Check the key.";
        KeyCanonical, "key_canonical", "公钥不是规范编码。请重新导出公钥。", "The public key is not in its canonical encoding. Export it again.";
        KeyWeak, "key_weak", "公钥是弱密钥，不能使用。请更换密钥。", "The public key is weak and cannot be used. Make another key.";

        // Receipts, checkpoints and logs (回执与日志)
        ReceiptMalformed, "receipt_malformed", "回执格式不对。请提交完整的回执。", "The receipt is malformed. Send it as it was given.";
        ReceiptNotIncluded, "receipt_not_included", "回执的记录不在日志中。请取得原始回执。", "The receipt's entry is not in the log. Get the original receipt.";
        OriginMalformed, "origin_malformed", "日志来源名称不正确。请核对名称。", "The origin is not a key name. Check it.";
        VerifierKeyMalformed, "verifier_key_malformed", "日志验证公钥格式不对。请完整复制公钥。", "The verifier key is malformed. Copy all of it.";
        NoteMalformed, "note_malformed", "签名文本格式不对。请取得原文。", "The signed note is malformed. Get the original.";
        NoteUnsigned, "note_unsigned", "签名文本不是由预期的密钥签名。请核对日志和公钥。", "The note is not signed by the expected key. Check the log and the key.";
        NoteSignature, "note_signature", "签名文本的签名不成立。请取得原文。", "The signature of the note does not verify. Get the original.";
        CheckpointMalformed, "checkpoint_malformed", "文本不是该日志的检查点。请核对日志名称和原文。", "The text is no checkpoint of this log. Check the log and the text.";
        Checkpoint, "checkpoint", "导出文件的检查点不是由其日志签名。请核对验证公钥，或重新导出。", "A checkpoint of the export is not signed by its log. Check the verifier key, or export again.";
        VerifierMissing, "verifier_missing", "没有提供导出文件所用日志的验证公钥。请补充公钥。", "The export names a log whose verifier key was not given. Give the key.";
        LogEntry, "log_entry", "日志中该位置的记录与回执不符。请通知运维人员检查日志。", "The log holds another entry there than the receipt says. Have the operator check the log.";
        LogStorage, "log_storage", "日志写入失败。请稍后再试，并查看运行日志。", "The log's storage failed. Try again later and read the operator's log.";
        LogUnknown, "log_unknown", "没有这个名称的日志。请核对名称。", "There is no log of this name. Check the name.";
        LogClosed, "log_closed", "日志已封存，不再写入。请使用后继日志。", "The log is closed. Use its successor.";
        LogLost, "log_lost", "其他进程已接管该日志。请停止其中一个进程，或换用节点名称。", "Another process has taken the log. Stop one of the two, or use another node name.";
        LogHeld, "log_held", "其他进程正在使用该日志。请先停止该进程，或等租约到期。", "Another process holds the log. Stop it, or wait until its lease ends.";
        LogForkedFrontier, "log_forked_frontier", "日志的前沿与日志头不一致。请停止写入并运行 elicense fsck。", "The log's frontier contradicts its head. Stop writing and run `elicense fsck`.";
        LogForkedCheckpoint, "log_forked_checkpoint", "日志的检查点与日志头不一致。请停止写入并运行 elicense fsck。", "The log's checkpoint contradicts its head. Stop writing and run `elicense fsck`.";
        LogForkedEntries, "log_forked_entries", "日志的记录与日志头不一致。请停止写入并运行 elicense fsck。", "The log's entries contradict its head. Stop writing and run `elicense fsck`.";
        LogWentBack, "log_went_back", "日志比确认过的短。请停止写入并运行 elicense fsck；数据库若是放回的，用 elicense restore --in-place 继续。", "The log is shorter than it was confirmed to be. Stop writing and run `elicense fsck`; a database that was put back goes on with `elicense restore --in-place`.";
        LogIsAnother, "log_is_another", "日志不是确认过的那一个。请停止写入并运行 elicense fsck；数据库若是放回的，用 elicense restore --in-place 继续。", "The log is not the one that was confirmed. Stop writing and run `elicense fsck`; a database that was put back goes on with `elicense restore --in-place`.";
        LogUnproven, "log_unproven", "无法证明日志由确认过的部分延续而来。请停止写入并运行 elicense fsck。", "It cannot be shown that the log goes on from what was confirmed. Stop writing and run `elicense fsck`.";
        LogIsGone, "log_is_gone", "确认过的日志不在数据库中。请停止写入并运行 elicense fsck；数据库若是放回的，用 elicense restore --in-place 继续。", "A log that was confirmed is not in the database. Stop writing and run `elicense fsck`; a database that was put back goes on with `elicense restore --in-place`.";
        AnchorsDamaged, "anchors_damaged", "数据目录中的 anchors 文件不完整。请查明原因，运行 elicense fsck，再用 elicense restore --in-place 继续。", "The file `anchors` in the data directory is not whole. Find out why, run `elicense fsck`, and go on with `elicense restore --in-place`.";
        RegionName, "region_name", "名称不是该行政区划的名称。请与区划表核对。", "The name is not that of the region. Compare it with the list.";
        RegionUnknown, "region_unknown", "行政区划代码不在区划表中。请核对代码；新设的区划可用 --regions 补充。", "The region is in no list. Check the code; a new region is added with --regions.";
        AnchorsMissing, "anchors_missing", "数据目录中没有本库所知的 anchors 文件，无法判断日志是否回退。请放回该文件，或运行 elicense restore --in-place；确知数据库没有回退时，可用 elicense log accept --why 说明理由后继续。", "The data directory lacks the file `anchors` that the registry knows, so nobody can tell whether a log went back. Put the file back, or run `elicense restore --in-place`. If you know that the database did not go back, `elicense log accept --why TEXT` takes it as it is.";
        AnchorsThere, "anchors_there", "数据目录中的 anchors 文件还在，没有需要确认的内容。", "The file `anchors` that the registry knows is there. There is nothing to accept.";
        AnchorsUnwritten, "anchors_unwritten", "数据目录中的 anchors 文件无法读写。请检查磁盘空间和权限。", "The file `anchors` in the data directory cannot be read or written. Look at the disk and at its modes.";
        DataDirectory, "data_directory", "数据目录无法写入。请检查磁盘空间和权限。", "The data directory cannot be written. Look at the disk and at its modes.";
        BatchEmpty, "batch_empty", "一批日志记录不能为空。请报告此问题。", "A batch for the log has no entry. Report this as a fault of the program.";
        LogFull, "log_full", "日志已满。请建立后继日志。", "The log is full. Make a successor.";
        LogName, "log_name", "该命令不适用于这个日志。请填写 access-<节点> 形式的日志名称。", "The command is not for this log. Name an access log: access-<node>.";
        LogOpen, "log_open", "该密钥的日志仍在使用。请先建立后继日志。", "The log of this key is still open. Make a successor first.";

        // The database and its disk (数据库与磁盘)
        StoreReadOnly, "store_read_only", "数据库所在磁盘或文件是只读的。请恢复为可写，再重试。", "The database's disk or file is read-only. Make it writable, then repeat.";
        StoreFull, "store_full", "数据库所在磁盘已满。请腾出空间，再重试。", "The database's disk is full. Make room, then repeat.";
        StoreIo, "store_io", "磁盘读写出错。请检查磁盘，必要时从备份恢复。", "The disk failed to read or write. Check it, and restore a backup if it stays so.";
        StoreDamaged, "store_damaged", "数据库文件已损坏。请停止服务，从备份恢复。", "The database file is damaged. Stop serving and restore a backup.";
        DataMissing, "data_missing", "数据目录不存在。请核对 --data，或先用 elicense init 建立证照库。", "There is no data directory there. Check --data, or make a registry with elicense init.";
        ClockBehind, "clock_behind", "本机时钟落后于日志中最新的时间。请校准时钟；若曾有时钟超前的机器写入，可等到该时间之后。", "The clock is behind the newest leaf of the logs. Set it right, or wait if another clock ran ahead.";
        FilesLimit, "files_limit", "可打开的文件数太少。请把硬限制提高到 4096 以上（systemd 的 LimitNOFILE）。", "Too few files may be open. Raise the hard limit to 4096 or more (LimitNOFILE of systemd).";
        DiskSpace, "disk_space", "数据目录所在磁盘的剩余空间不足 1 GiB。请腾出空间。", "Less than 1 GiB is free on the disk of the data directory. Make room.";
        NodeUnknown, "node_unknown", "没有这个节点。请使用已有的节点名，或先用 elicense log add access-<节点> 建立。", "There is no such node. Name one that exists, or make its log with elicense log add access-<node>.";

        // Requests (请求)
        Utf8, "utf8", "请求体不是 UTF-8 编码。请转换编码。", "The body is not UTF-8. Convert it.";
        Type, "type", "值的类型不对。请按接口文档填写。", "The value has the wrong type. See the API's description.";
        Value, "value", "取值不符合该字段的规定。请按接口文档填写。", "The value breaks the rule of its field. See the API's description.";
        Unknown, "unknown", "请求有不认识的字段。请删去。", "The request has a field that is not known. Remove it.";
        Missing, "missing", "请求缺少必填字段。请补填。", "A required field of the request is missing. Fill it in.";
        Duplicate, "duplicate", "同一字段出现了两次。请删去一个。", "One field stands twice. Remove one of the two.";
        Query, "query", "地址中的查询参数不被接受。请按接口文档填写。", "The query is not one that this address takes. See the API's description.";
        Form, "form", "表单内容不完整。请重新打开页面填写。", "The form is not one of these pages. Open the page again.";
        ContentEncoding, "content_encoding", "正文经过压缩。请发送未压缩的正文。", "The body is packed. Send it without a Content-Encoding.";
        Origin, "origin", "表单来自其他网站。请在本系统页面中提交。", "The form came from another site. Send it from a page of this system.";
        Limit, "limit", "每页条数超出范围。请改小或改大。", "The number of lines on a page is out of range. Give another number.";
        BatchFull, "batch_full", "本批答复已满。请在下一批中重新查询此行。", "The answer of this batch is full. Ask for this line again in another batch.";
        TooMany, "too_many", "项目太多。请分几次请求。", "There are more items than one request may have. Split it into several requests.";
        Cursor, "cursor", "翻页位置无效。请从第一页重新开始。", "The cursor is not one of this list. Begin with the first page.";
        Lines, "lines", "一次提交的行数太多。请分批提交。", "There are too many lines in one request. Split it.";
        IdempotencyKey, "idempotency_key", "幂等键缺失或格式不对。请为每次写入提供一个新的键。", "The idempotency key is missing or malformed. Give a fresh key with each write.";
        IdempotencyKeyForm, "idempotency_key_form", "幂等键应为 1 至 128 个可见 ASCII 字符。请更换。", "An idempotency key has 1 to 128 visible ASCII characters. Give another one.";
        PathPart, "path_part", "文件名不能为空，也不能带路径。请只填写文件名。", "The name of a file is empty or has parts of a path. Give the bare name.";
        NumberInText, "number_in_text", "文字中不能出现个人号码。请删去号码。", "The text holds a person's number. Remove the number.";
        PresenceUnknown, "presence_unknown", "没有这种到场方式。请从列出的方式中选择。", "There is no such presence. Choose one from the list.";
        OneOf, "one_of", "原文、标识、回执三者必须且只能提交一个。请只提交一个。", "Exactly one of envelope, identifier and receipt must be given. Give one.";
        FaceMissing, "face_missing", "核验标识时要同时提交照面内容。请补填照面项。", "An identifier is verified together with values of the face. Give some values.";
        SpanBackwards, "span_backwards", "截止日早于起始日。请核对日期。", "The last day lies before the first. Check both days.";

        // Permission (权限)
        Scope, "scope", "令牌没有这项权限。请申请含有该权限的令牌。", "The token lacks the scope of this work. Ask for a token that has it.";
        ScopeMissing, "scope_missing", "没有这项工作的权限。请向管理员申请。", "This kind of work is not allowed to you. Ask the operator for the scope.";
        ActorDisabled, "actor_disabled", "账号或客户端已停用。请联系管理员。", "The account or client is disabled. Ask the operator.";
        TypeNotGranted, "type_not_granted", "没有查看这类证照的授权。请向管理员申请。", "No grant names this type. Ask the operator for one.";
        PurposeNotGranted, "purpose_not_granted", "没有为这个事项查看这类证照的授权。请核对事项，或申请授权。", "No grant names this item. Check the item, or ask the operator for a grant.";
        RefusalsAMinute, "refusals_a_minute", "一分钟内被拒绝的次数过多。请稍候再试，并只查询获准的内容。", "There were too many refusals within a minute. Wait, and ask only for what the grants allow.";
        ComparisonsADay, "comparisons_a_day", "同一证照的照面今日比对次数已达上限。请明日再比对，或申请查看权限。", "The faces of this record were compared as often as is allowed on one day. Come back tomorrow, or ask for a grant to see it.";
        FieldNotGranted, "field_not_granted", "没有查看其中某些照面项的授权。请只提交获准的项。", "A field is not among those granted. Ask for the granted fields only.";
        HoldersADay, "holders_a_day", "今日可查询的人数已用完，次日零时恢复。确需继续，请联系管理员调整额度。", "The holders that may be asked about on one day are used up. Go on after 00:00 UTC+8, or have the budget raised.";
        NumbersWalked, "numbers_walked", "所查号码疑似逐个试探，查询已暂停。请联系登记库管理员说明情况。", "The numbers asked for look as if they were tried out one after the other. Tell the operator of the registry.";
        TypeRelayed, "type_relayed", "这类答复只转给提出查询的办件，登记库不保存也不查阅。请在办件中向主管部门查询。", "Answers of this type are only handed on to the case that asked, and neither kept nor looked up here. Ask the department in the case.";
        WholeNotGranted, "whole_not_granted", "没有查看完整证照的授权。请申请授权。", "The whole record is not granted. Ask the operator for a grant.";
        NotOwnAccess, "not_own_access", "只有本人可以领取这份回执。请由查询人领取。", "The receipt belongs to another actor. Let that actor ask for it.";

        AccountEnded, "account_ended", "该账号已停用，其用户名不再使用，改用大小写或全角也不行。新账号请另取用户名。", "The account of that name has ended and is changed no more, and a name is given once, however it is capitalised or how wide its letters are. A new account has another name.";
        RegionOfStaff, "region_of_staff", "没有这个行政区划，或不在账号所属机构的区域内。请核对区划代码。", "There is no such region, or it lies outside that of the agency. Check its code.";
        GrantOfStaff, "grant_of_staff", "工作人员能看到的内容由事项材料决定。账号授权只能用于审计、司法、更正，或受理其他机构的事项（types 为空）。", "What staff see for an item follows from its slots. Grant audit, court or correction, or items to receive with no types.";

        // Catalog of agencies (机构)
        AgencyCodeForm, "agency_code_form", "机构代码应为 18 位数字或大写字母。请核对。", "The code of an agency has 18 characters 0-9A-Z. Check it.";
        AgencyPeriodBackwards, "agency_period_backwards", "机构的截止日早于起始日。请核对日期。", "The agency's last day lies before its first. Check both.";
        AgencyOverlap, "agency_overlap", "同一机构的两个时段重叠。请调整日期。", "Two entries of one agency overlap. Change their days.";
        AgencySuccessorWithoutEnd, "agency_successor_without_end", "只有已终止机构的最后一条记录可以写明承接机构。请核对。", "Only the last entry of an agency that has ended names a successor. Check the entry.";
        AgencySuccessorUnknown, "agency_successor_unknown", "承接机构未登记。请先登记承接机构。", "The successor is not a known agency. Register it first.";
        AgencySuccessionCycle, "agency_succession_cycle", "机构承接关系形成循环。请核对承接机构。", "The succession closes a circle. Check the successors.";

        // Catalog of types, lists and days (目录规则)
        Catalog, "catalog", "目录变更不被接受。请核对提交的内容。", "The change of the catalog was refused. Check what was sent.";
        TypeShape, "type_shape", "类型定义的格式不对。请按类型格式改正。", "The text is not a type definition. Follow the form of schema/types.";
        TypeCodeForm, "type_code_form", "类型代码的格式不对。请核对。", "The type code has a wrong form. Check it.";
        TypeSlugForm, "type_slug_form", "类型短名只能用小写字母、数字和下划线，最多 40 个字符。请改正。", "A slug has lower-case letters, digits and underscores, at most 40. Change it.";
        TypeInconsistent, "type_inconsistent", "类型定义前后矛盾。请按提示改正。", "Two parts of the type contradict each other. Correct the part that is named.";
        TypeVersionTwice, "type_version_twice", "该类型的这个版本已经存在。请使用新的版本号。", "This version of the type is there already. Use the next version.";
        TypeSlugClash, "type_slug_clash", "类型短名与类型代码不是一一对应。请更换短名。", "One slug belongs to one type code. Use another slug.";
        TypeEndsUnknown, "type_ends_unknown", "规则所终止的类型不存在。请先加载该类型。", "A rule ends a type that is not here. Load that type first.";
        ItemShape, "item_shape", "事项定义的格式不对。请按 schema/items 的格式改正。", "The text is not an item. Follow the form of schema/items.";
        ItemCodeForm, "item_code_form", "实施编码或业务办理项编码不符合规则。请核对实施主体、层级和基本编码。", "A code of the item is not made of its agency, level and base code. Compare the three.";
        ItemUnknown, "item_unknown", "没有这个事项，或该事项尚未生效、已经取消。请核对实施编码。", "There is no such item, or it is not in force today. Check its code.";
        ArticleMissing, "article_missing", "办理事项之外的查询须写明法律依据条款。请补填。", "Work at no item says by which article of law it is allowed. Fill in the article.";
        ItemNotGranted, "item_not_granted", "本机构不实施也不受理这个事项。请核对事项，或由登记库管理员授权受理。", "Your agency neither carries out nor receives this item. Check the item, or have the operator grant it by its code.";
        TypeNotAsked, "type_not_asked", "该事项的材料不需要这类证照。请核对事项和当事人角色。", "No slot of the item asks for this type of that party. Check the item and the role.";
        RoleOfParty, "role_of_party", "请写明当事人在该事项中的角色，且须与其主体种类相符。", "Say the role of the party in this item, one that is for its kind of holder.";
        RoleOfStaff, "role_of_staff", "该账号的角色不办理事项。请由窗口或审核人员办理，或请管理员调整角色。", "The roles of this account do not work on items. Let a clerk or a reviewer do this.";
        OwnNumber, "own_number", "不能用自己的账号查询本人。请由同事办理，或在“谁查了我”中查看。", "An account does not look up the number of its own person. Let a colleague do it.";
        KinOfStaff, "kin_of_staff", "证照显示该当事人是账号本人的亲属。请由同事办理。", "Records say that this person is kin of whoever signed in. Let a colleague do it.";
        HolderProtected, "holder_protected", "该当事人在受保护名单上，须本人到场并读取证件后才能查询。", "This holder is protected: staff see nothing unless the holder is there and the card was read.";
        DayPast, "day_past", "截止日期早于今天。请填写今天或以后的日期。", "The last day lies before today. Give today or a later day.";
        SupervisorOnly, "supervisor_only", "只有监督人员可以查看每日抽查。请由本机构的监督人员查看。", "The daily sample is for supervisors. Let a supervisor of the agency look at it.";
        CaseState, "case_state", "办件当前状态不能进行这一步。请核对办件状态。", "The case does not stand where this step is taken. Look where it stands.";
        CaseOffice, "case_office", "这一步由其他机构办理。请转交有权机构。", "Another office takes this step. Hand the case to it.";
        CaseNotifiedOnce, "case_notified_once", "补正材料已经一次性告知过，不能再次告知。请受理或作出不予受理决定。", "What is missing was told before, and is told once. Accept the case, or refuse it.";
        CaseDeemed, "case_deemed", "收件后五个工作日内没有告知，依法自收到材料之日起即为受理。请办理受理。", "Nothing was said within five working days, so by law the case is accepted. Accept it.";
        CaseUnheard, "case_unheard", "还有审查部门没有给出意见。请先取得其意见。", "A department that reviews was not heard. Wait for what it says.";
        CaseSays, "case_says", "审查意见和决定须写明同意或不同意，且只作一次。请补填。", "A review and a decision say yes or no, once, and no other step does. Say it.";
        CaseUndo, "case_undo", "只能由原机构在当日撤销最后一步操作。请改用更正或终止。", "Only the last step is undone, by its office, on its day. Go on from where the case stands.";
        MandateMissing, "mandate_missing", "没有有效的授权委托书允许该代理人代办这个事项。请先登记授权委托，或由本人办理。", "No mandate that is good today lets this agent act for the party in this item. Have one registered, or let the party come itself.";
        PresenceUnproven, "presence_unproven", "没有当事人到场的凭据。请重新读取证件，或选择手工录入并说明原因。", "Nothing shows that the party is there. Read the card again, or say typed and why.";
        ItemVersion, "item_version", "事项的这个版本已以其他内容加载，或版本号不连续。请使用下一个版本号。", "This version of the item is loaded with another text, or it is not the next one. Use the next version number.";
        ItemInconsistent, "item_inconsistent", "事项定义前后矛盾，或与证照目录不符。请按提示逐条改正。", "The item contradicts itself or the catalog of types. Correct each part that is named.";
        ItemCondition, "item_condition", "适用情形的表达式读不懂。请按 schema/items 的说明改正。", "The text is not a condition. Write it as the page of schema/items says.";
        BundleShape, "bundle_shape", "一件事定义的格式不对。请按 schema/bundles 的格式改正。", "The text is not a bundle. Follow the form of schema/bundles.";
        BundleUnknown, "bundle_unknown", "没有这个一件事，或其中有事项当前未生效。请核对编号。", "There is no such bundle, or one of its items is not in force today. Check its code.";
        BundleVersion, "bundle_version", "一件事的这个版本已以其他内容加载，或版本号不连续。请使用下一个版本号。", "This version of the bundle is loaded with another text, or it is not the next one. Use the next version number.";
        BundleInconsistent, "bundle_inconsistent", "一件事定义前后矛盾，或与其中的事项不符。请按提示逐条改正。", "The bundle contradicts itself or its items. Correct each part that is named.";
        ItemTableEmpty, "item_table_empty", "表里没有事项：文件是空的，或者表头下面没有行。请填写后再加载。", "The table has no item: the file is empty, or no row stands behind its header. Fill it in and load it again.";
        ItemTableHeader, "item_table_header", "前 12 行中没有事项表的表头，须有“实施编码”列。请核对表头。", "None of the first twelve rows is the header of a table of items. It needs the column of the code of the item.";
        ItemRowsDiffer, "item_rows_differ", "同一事项各行的事项信息不一致。请改成一致，或只在第一行填写。", "Rows of one item say different things of the item. Say the same on each, or on the first row only.";
        ItemNotation, "item_notation", "单元格的写法不对：一行一条，各部分用 | 分开。请按 schema/items 的说明填写。", "The cell is not written as its column wants: one thing a line, its parts separated by |. See the page of schema/items.";
        ItemOrBundle, "item_or_bundle", "申请须写明一个事项或一个一件事，二者只写一个。请改正。", "An application names an item or a bundle, one of the two and not both. Name one.";
        ItemParties, "item_parties", "当事人的角色或人数不符合该事项的要求。请核对当事人。", "The parties are not those that the item asks for. Check the role of each and how many there are.";
        ItemAnswer, "item_answer", "该事项没有这个情形、选项或基准日。请从列出的选项中选择。", "The item has no such question, option or day. Choose one that the item lists.";
        SourceUrl, "source_url", "部门系统的地址不对：应为 http(s)://主机（:端口）/路径，不含用户名、查询串和片段。请改正。", "The address is not http(s)://host[:port]/path. Give it without user name, query and fragment.";
        SourcePlain, "source_plain", "不得以明文向其他机器询问当事人情况。请使用 https 地址；网络另有加密的，用 --plain-network 写明理由。", "Questions about people do not cross a network in plain text. Give an https address, or say with --plain-network why the network is safe.";
        SourceRoots, "source_roots", "https 地址须指明信任哪些证书（PEM 文件，至多 16 张）。请用 --trust 指定。", "An https address needs the certificates to trust, at most 16. Name their PEM file with --trust.";
        SourceUnknown, "source_unknown", "该机构没有为这个部门登记在用的系统。请运行 elicense sources list 核对。", "No system of that agency answers for the department. Look at `elicense sources list`.";
        TypeMissing, "type_missing", "授权或覆盖范围所指的类型不存在。请先加载该类型。", "A grant or a coverage statement names a type that is not here. Load that type first.";
        CoverageStatement, "coverage_statement", "覆盖范围声明的内容不成立。请按提示改正。", "The coverage statement cannot hold. Correct the part that is named.";
        CoverageOfAnother, "coverage_of_another", "该系统的覆盖范围由其他机构声明。请由该机构办理。", "The coverage of this system is stated by another agency. That agency must do it.";
        WithdrawalDay, "withdrawal_day", "权限的收回不溯及既往：起始日须晚于今天。", "A withdrawal never reaches back. Give a first day without the authority that lies after today.";
        AuthorityNotHeld, "authority_not_held", "该机构在那一天没有这项权限。请用 elicense agencies authorities 核对机构、类型、地区和日期。", "The agency holds no such authority on that day. Compare agency, type, region and day with `elicense agencies authorities`.";
        AuthorityEnded, "authority_ended", "该项权限在所填起始日当天或之后已有终止日，终止不能取消。请以终止日之后的日期为起始日，另立一项权限。", "An end of this authority stands, and it is not taken back. Give the authority anew, with a first day after that end.";
        CoverageMissing, "coverage_missing", "该系统对此类证照还没有覆盖范围声明。请先声明覆盖范围。", "No coverage is stated for this type and system. State it first.";
        CopyBeforeIssue, "copy_before_issue", "数据日期早于签发日期：尚未签发的证照不可能有副本。请核对数据日期和签发日期。", "The day of the data lies before the day of issue: there was nothing yet to copy. Compare the two days.";
        MappingLacks, "mapping_lacks", "文件缺少必填的列。请补上该列，或在对照表的 constants 中填写。", "The file lacks a column that every record needs. Add it, or give its value under constants in the mapping.";
        MomentAhead, "moment_ahead", "时间晚于现在。请核对时间和时区。", "The time has not come yet. Check time and offset.";
        MomentBack, "moment_back", "时间早于已声明的时间。请使用更晚的时间，或重新声明覆盖范围。", "The time lies before the one that was stated. Give a later one, or state the coverage anew.";
        SchemaKeywordUnknown, "schema_keyword_unknown", "照面定义使用了不支持的关键字。请删去。", "The face schema has a keyword that is not supported. Remove it.";
        SchemaShape, "schema_shape", "照面定义的格式不对。请按提示改正。", "A part of the face schema has a wrong shape. Correct the part that is named.";
        SchemaKeywordMisplaced, "schema_keyword_misplaced", "照面定义的关键字用错了位置，或缺少关键字。请按提示改正。", "A keyword of the face schema is missing or does not fit its field. Correct the field that is named.";
        SchemaNameForm, "schema_name_form", "照面项的名称格式不对。只用小写字母、数字和下划线。", "The name of a field has a wrong form. Use lower-case letters, digits and underscores.";
        SchemaFieldUnknown, "schema_field_unknown", "照面定义引用了不存在的项。请核对名称。", "The face schema names a field that is not there. Check the name.";
        SchemaOrderTwice, "schema_order_twice", "两个照面项的顺序号相同。请改正。", "Two fields have the same order. Change one.";
        SchemaCodeListUnknown, "schema_code_list_unknown", "照面定义引用的代码表不存在。请先加载代码表。", "The face schema names a code list that is not here. Load the list first.";
        SchemaRoleUnfit, "schema_role_unfit", "照面定义引用的角色不适用。请核对角色。", "The face schema names a role that does not fit. Check the roles of the type.";
        SchemaTooDeep, "schema_too_deep", "照面对象最多嵌套一层。请改为一层。", "Objects of a face go one level deep. Flatten it.";
        CodeListShape, "code_list_shape", "代码表的格式不对。请按提示改正。", "The text is not a code list. Correct the part that is named.";
        CodeListCodeTwice, "code_list_code_twice", "代码表中有重复的代码。请删去一个。", "One code stands twice in the list. Remove one of the two.";
        CodeListVersionTwice, "code_list_version_twice", "代码表的这个版本已经存在。请使用新的版本号。", "This version of the code list is there already. Use the next version.";
        WorkdaysYearUnknown, "workdays_year_unknown", "该年度的放假安排尚未加载。请加载。", "The holiday arrangement of this year is not loaded. Load it.";
        WorkdaysShape, "workdays_shape", "工作日表的格式不对。请按提示改正。", "The text is not a table of working days. Correct the part that is named.";
        WorkdaysMisplaced, "workdays_misplaced", "工作日表中有日期重复、不属于该年或区间颠倒。请改正。", "A day in the table stands twice, in another year, or in a range that runs backwards. Correct it.";

        // Import (导入)
        FormatUnknown, "format_unknown", "从文件名看不出格式。请用 --format 指明。", "The file's name does not tell its format. Say which with --format.";
        FileUnreadable, "file_unreadable", "文件不能读取。请核对路径和权限；标准输入或管道请先存为文件。", "The file cannot be read. Check its path and mode; save what comes from a pipe as a file first.";
        FileChanged, "file_changed", "读取期间文件被改动。请不要改动文件，重新导入。", "The file changed while it was read. Leave it as it is and import again.";
        EncodingUnknown, "encoding_unknown", "文件中有损坏的字符，不是完整的 UTF-8、UTF-16 或 GB 18030。请检查所指的行，或重新导出文件。", "The file has a damaged character: it is not whole UTF-8, UTF-16 or GB 18030. Look at the line that is named, or export the file again.";
        EncodingBig5, "encoding_big5", "文件按 Big5 与按 GB 18030 都读得通，无法断定。请用 --encoding big5 或 --encoding gb18030 指明。", "The file reads as well in Big5 as in GB 18030. Say which with --encoding big5 or --encoding gb18030.";
        EncodingMixed, "encoding_mixed", "文件中有的行是 UTF-8，有的行是 GB 18030。请统一编码，或用 --encoding 指明。", "Some lines are UTF-8 and others GB 18030. Bring all into one encoding, or say which with --encoding.";
        ErrorFile, "error_file", "错误清单文件不能写入，或与数据文件相同。请换一个文件。", "The error file cannot be written, or it is the file of the rows. Name another file.";
        CsvHeader, "csv_header", "表头缺失或不完整，须有 type 和 issuer 列。请补齐表头。", "The header is missing or lacks a column. It needs `type` and `issuer`.";
        FileWithoutRows, "file_without_rows", "文件中没有数据行。请核对导出是否完整。", "The file has no rows. Check that the export is whole.";
        CsvColumnUnknown, "csv_column_unknown", "表头中有不认识的列。请改正列名，或用 elicense import --guess 生成对照表后以 --mapping 导入。", "The header has a column that is not known. Correct its name, or make a mapping with `elicense import --guess` and import with --mapping.";
        CsvColumnTwice, "csv_column_twice", "表头中有重复的列。请删去一列。", "One column stands twice in the header. Remove one of the two.";
        CsvColumnCount, "csv_column_count", "这一行的列数与表头不同。请补齐或删去单元格。", "The row has another number of cells than the header. Add or remove cells.";
        CsvQuoteOpen, "csv_quote_open", "引号没有成对。请补上或删去引号，单元格内的引号写成两个。", "A quote is left open. Close or remove it; a quote inside a cell is written twice.";
        CsvQuoteText, "csv_quote_text", "引号应包住整个单元格，前后不能另有文字。请改正，单元格内的引号写成两个。", "Quotes stand around a whole cell, with nothing beside them. Correct them; a quote inside a cell is written twice.";
        NumberRounded, "number_rounded", "号码末三位是 000，且本文件中这样的号码多于巧合：电子表格只保留 15 位数字。请把该列设为文本，从原系统重新导出。", "The number ends in 000, as more of this file do than chance makes: a spreadsheet kept 15 digits. Make the column text and export again from the source.";
        CellExponent, "cell_exponent", "号码被电子表格写成了科学计数法（如 1.9E+17），后面的数字已丢失。请把该列设为文本，从原系统重新导出。", "A spreadsheet wrote the number as 1.9E+17 and its last digits are lost. Make the column text and export again from the source.";
        CellHashes, "cell_hashes", "单元格是 ####，因列宽不够没有存下内容。请加宽该列后重新导出。", "The cell holds #### in place of its value: the column was too narrow. Widen it and export again.";
        CellError, "cell_error", "单元格是公式错误（如 #N/A、#REF!）。请改正公式或填写内容。", "The cell holds the error of a formula, such as #N/A. Correct the formula or type the value.";
        DateSerial, "date_serial", "日期成了电子表格的序号（如 43899）。请把该列设为日期格式后重新导出，或直接导入 XLSX。", "The date became a serial number of a spreadsheet, such as 43899. Give the column a date format and export again, or import the XLSX itself.";
        ZeroLost, "zero_lost", "代码前面的 0 被电子表格去掉了。请把该列设为文本，从原系统重新导出。", "A spreadsheet took the leading zero off the code. Make the column text and export again from the source.";
        MappingColumn, "mapping_column", "文件中没有对照表写明的列。请核对对照表，或重新用 --guess 生成。", "The file lacks a column that the mapping names. Correct the mapping, or make one anew with --guess.";
        MappingField, "mapping_field", "对照表填入了不存在的项。请核对 to 和 constants。", "The mapping fills a field that rows do not have. Correct `to` and `constants`.";
        MappingMissing, "mapping_missing", "没有为该类型和机构保存过对照表。请先运行 elicense import --guess，核对后以 --mapping 导入。", "No mapping is kept for this type and agency. Run `elicense import --guess` first, and import with --mapping.";
        WorkbookUnreadable, "workbook_unreadable", "文件不是可读取的 XLSX 工作簿。请用电子表格软件另存为 XLSX 或 CSV。", "The file is no XLSX workbook that can be read. Save it anew as XLSX or CSV.";
        WorkbookTooLarge, "workbook_too_large", "工作簿过大。请分成几个文件，或另存为 CSV。", "The workbook is too large. Split it, or save it as CSV.";
        SheetUnknown, "sheet_unknown", "没有这个工作表，或有几个工作表有内容。请用 --sheet 指明。", "There is no such sheet, or several have rows. Say which with --sheet.";
        CsvCellJson, "csv_cell_json", "单元格内容不是 JSON。请按说明填写。", "The cell is not JSON of the kind that its column takes. Correct it.";
        CellTooLong, "cell_too_long", "一个单元格的内容过长（超过 128 KiB），电子表格里不会有这样的单元格。请缩短。", "A cell holds more than 128 KiB, which no cell of a spreadsheet does. Shorten it.";
        RowTooLong, "row_too_long", "这一行超过 1 MiB。请缩短。", "The row is longer than 1 MiB. Shorten it.";
        JsonObject, "json_object", "这一行不是一个 JSON 对象。请改正。", "The line is not one JSON object. Correct it.";
        FieldShape, "field_shape", "字段的格式不对。请按说明填写。", "A field of the row is not of its shape. Correct it.";
        RunIdForm, "run_id_form", "导入批次号应为 1 至 40 个 a–z、0–9、- 字符。请更换。", "A run id has 1 to 40 characters a-z 0-9 -. Give another one.";
        RunOtherFile, "run_other_file", "这个批次号已用于另一个文件或格式。请换一个批次号。", "The run was begun with another file or format. Use another run id.";
        RunLocked, "run_locked", "另一个进程正在处理这个批次。请等待其结束。", "Another process works on this run. Wait until it ends.";
        SpillDamaged, "spill_damaged", "导入的临时文件损坏。请换一个批次号重新导入。", "A temporary file of the run does not open. Import under another run id.";

        // Reading an export back (读回导出文件)
        VersionOrder, "version_order", "各版本的顺序或标识不对。请重新导出。", "The versions of the line are out of order. Export again.";
        ExportLayout, "export_layout", "导出文件的格式版本本程序不认识。请先升级本程序。", "The export has a layout that this program does not know. Upgrade the program first.";
        DirectoryHistory, "directory_history", "导出行缺少该目录项的某个版本。请重新导出。", "The line lacks a version of the entry. Export again.";
        CoverageSpoilt, "coverage_spoilt", "同类证照有导出行被拒绝，或文件不完整，覆盖范围不能沿用。请先处理后再读，或在本库重新声明。", "Lines of this type were refused, or the file is not whole: its coverage would say too much. Mend that and read the file again, or state the coverage here.";
        StateMismatch, "state_mismatch", "事件推出的状态与导出行所写不一致。请重新导出。", "The events lead to another state than the line says. Export again.";
        LineSignature, "line_signature", "导出行的签名不成立。请重新导出。", "The signature of the line does not hold. Export again.";
        KeyUnproven, "key_unproven", "导出文件中的密钥没有经过证明。请重新导出。", "A key in the export is not proven by its log. Export again.";
        HolderHistory, "holder_history", "本库所记的该主体的标记或关联与导出文件不同。请由有权机构在本库重新登记。", "This registry has other marks or links of that holder than the export. Let the agency with authority state them again here.";
        EventSubject, "event_subject", "事件针对的不是这份证照。请重新导出。", "An event of the line is about another record. Export again.";
        EventEnvelope, "event_envelope", "事件所记的签名原文与版本不符。请重新导出。", "An event names another envelope than its version has. Export again.";
        EventAction, "event_action", "事件的业务动作不认识。请核对两库的程序版本。", "An event has an action that is not known. Compare the versions of both programs.";
        EventGround, "event_ground", "事件的依据与日志所记不符。请重新导出。", "The ground of an event is not the one that was logged. Export again.";
        EventOrder, "event_order", "事件的指令缺失或与日志所记不符。请重新导出。", "The order of an event is missing or not the one that was logged. Export again.";
        EventLog, "event_log", "事件所在的日志不在导出文件中。请重新导出。", "An event names a log that the export does not have. Export again.";
        EventProof, "event_proof", "事件不在日志中。请重新导出。", "An event is not in its log. Export again.";

        // Keys, backup and restore (密钥与备份)
        SinceLater, "since_later", "该密钥早已吊销，吊销时间不能改晚。请使用更早的时间。", "The key is revoked since an earlier moment, which is not taken back. Give an earlier moment.";
        KeyKnown, "key_known", "这把密钥已属于别的单位或者已被吊销。请使用新的密钥。", "This key belongs to another owner or was revoked. Use a new key.";
        KeyLast, "key_last", "这是本库的最后一个密钥。请先生成新密钥。", "This is the registry's last key. Make another one first.";
        InitUnfinished, "init_unfinished", "上次初始化没有完成。请删除数据目录（或数据库）和主密钥文件，再运行 elicense init。", "The `init` here did not finish. Remove the data directory (or the database) and its master key file, and run `elicense init` again.";
        Unwrap, "unwrap", "主密钥打不开库中的密钥。请使用初始化时的主密钥文件。", "The master key does not open the stored keys. Use the file that `init` made.";
        MasterKeyFile, "master_key_file", "主密钥文件不能读取或建立。请核对路径和权限。", "The master key file cannot be read or made. Check its path and mode.";
        MasterKeyPlainFile, "master_key_plain_file", "主密钥不是普通文件。请使用普通文件。", "The master key is not a plain file. Use a plain file.";
        MasterKeyMode, "master_key_mode", "主密钥文件的权限过宽。请执行 chmod 0400。", "The master key file is open to others. Set its mode to 0400.";
        MasterKeyPlace, "master_key_place", "主密钥文件在数据目录内。请移到数据目录之外。", "The master key file lies in the data directory. Move it out.";
        MasterKeyLength, "master_key_length", "主密钥文件不是 32 字节。请使用初始化时的文件。", "The master key file has not 32 bytes. Use the file that `init` made.";
        MasterKeySame, "master_key_same", "新主密钥与现用的相同。请使用另一个主密钥文件。", "The new master key is the one in use. Give another file.";
        Random, "random", "操作系统没有提供随机数。请检查系统后重试。", "The system gave no random bytes. Check the machine and try again.";
        SealOpen, "seal_open", "密封数据打不开。请运行 elicense fsck。", "The sealed bytes do not open. Run `elicense fsck`.";
        SealCipher, "seal_cipher", "加密运算失败。请查看运行日志。", "The cipher refused the text. Read the operator's log.";
        BackupBackend, "backup_backend", "该命令只用于 SQLite。PostgreSQL 请用 pg_dump 和 pg_restore。", "The command is for SQLite. Use pg_dump and pg_restore for PostgreSQL.";
        BackupPlace, "backup_place", "备份目录已存在。请指定一个不存在的目录。", "The folder of the backup exists already. Name a new one.";
        BackupManifest, "backup_manifest", "备份清单缺失或不正确。请使用完整的备份。", "The backup's manifest is missing or wrong. Use a whole backup.";
        BackupLayouts, "backup_layouts", "备份期间一次升级刚好结束。请重新备份。", "A migration ended while the copies were made. Back up once more.";
        BackupSignature, "backup_signature", "备份清单的签名不成立。请使用本库的备份。", "The manifest is not signed by this registry's own key. Use a backup of this registry.";
        BackupDigest, "backup_digest", "备份文件缺失或内容不符。请使用完整的备份。", "A file of the backup is missing or was changed. Use a whole backup.";
        BackupHeads, "backup_heads", "备份中的日志与清单不符。请使用完整的备份。", "The logs of the backup are not those of its manifest. Use a whole backup.";
        BackupFsck, "backup_fsck", "备份中有损坏的数据。请使用另一份备份。", "The backup holds damaged data. Use another backup.";

        // Settings (设置)
        OriginForm, "origin_form", "日志来源应为 1 至 100 个 a–z、0–9、. - / : 字符。请改正。", "An origin has 1 to 100 characters a-z 0-9 . - / :. Change it.";
        NodeForm, "node_form", "日志或节点名称应为 1 至 40 个 a–z、0–9、- 字符。请改正。", "A log or node name has 1 to 40 characters a-z 0-9 -. Change it.";
        UrlScheme, "url_scheme", "数据库地址应以 sqlite:// 或 postgres:// 开头。请改正。", "The database URL cannot be used. It begins with sqlite:// or postgres://.";
        Durability, "durability", "数据库没有设置为等待写盘。请打开 synchronous_commit 和 fsync，或使用 WAL 与 synchronous=FULL。", "The database does not wait for the disk. Turn synchronous_commit and fsync on, or use WAL with synchronous=FULL.";
        ListenerNone, "listener_none", "没有设置监听地址。请至少设置一个。", "No listener is configured. Configure at least one.";
        ListenerTwice, "listener_twice", "同一入口设置了两次。请删去一个。", "One listener is configured twice. Remove one of the two.";
        ListenerWithoutTls, "listener_without_tls", "对外监听地址没有证书。请提供证书和私钥，或使用 --behind-proxy。", "The listener is not loopback and has no certificate. Give certificate and key files, or --behind-proxy.";
        ListenerTlsDiffers, "listener_tls_differs", "同一地址设置了不同的证书。请使用同一证书。", "Listeners on one address name different certificates. Name the same one.";
        ListenerAddress, "listener_address", "监听地址不能打开。请核对地址和端口是否被占用。", "The address cannot be opened. Check that it is free and yours.";
        CertificateUnreadable, "certificate_unreadable", "证书文件不能读取。请核对文件。", "The certificate file cannot be read. Check the file.";
        CertificateMissing, "certificate_missing", "证书文件中没有证书。请核对文件。", "The certificate file holds no certificate. Check the file.";
        KeyUnreadable, "key_unreadable", "私钥文件不能读取。请核对文件。", "The key file cannot be read. Check the file.";
        KeyMismatch, "key_mismatch", "私钥与证书不匹配。请核对两个文件。", "The key does not fit the certificate. Check both files.";    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_rule_has_a_name_and_two_sentences_of_its_own() {
        let distinct =
            |of: fn(Rule) -> &'static str| Rule::ALL.iter().map(|rule| of(*rule)).collect::<HashSet<_>>();
        for of in [Rule::wire, Rule::zh, Rule::en] {
            assert_eq!(distinct(of).len(), Rule::ALL.len());
        }
        for rule in Rule::ALL {
            let name = format!("{rule:?}").to_lowercase();
            assert_eq!(rule.wire().replace('_', ""), name, "the name in the code is the name on the wire");
            let chinese = rule.zh().chars().filter(|c| ('\u{4e00}'..='\u{9fff}').contains(c)).count();
            assert!(chinese >= 6 && rule.zh().ends_with('。'), "{rule:?}: {}", rule.zh());
            assert!(rule.en().is_ascii() || rule.en().contains("长期"), "{rule:?}: {}", rule.en());
            assert!(rule.en().len() > 20 && rule.en().ends_with('.'), "{rule:?}: {}", rule.en());
            assert!(rule.en().starts_with(|c: char| c.is_ascii_uppercase()), "{rule:?}: {}", rule.en());
        }
    }
}
