//! Made-up views (region 19 does not exist) for the page tests and for looking at the pages.

use crate::web::views::*;

pub fn shell() -> Shell {
    Shell {
        demo: true,
        account: Some(AccountView {
            display: "李晓云".into(),
            agency: "示范市城东区政务服务中心".into(),
            csrf: "token".into(),
        }),
    }
}

pub fn form() -> LookupForm {
    let item = |code: &str, name: &str| ItemChoice { code: code.into(), name: name.into() };
    LookupForm::empty(vec![item("unemployment", "失业登记"), item("teacher", "教师资格认定")])
}

fn face(pairs: &[(&str, &str)]) -> Vec<FaceField> {
    pairs.iter().map(|(label, value)| FaceField { label: (*label).into(), value: (*value).into() }).collect()
}

pub fn lookup() -> LookupView {
    LookupView {
        withheld: None,
        holder_masked: "190***********1234".into(),
        code_type: "公民身份号码".into(),
        holder_name: Some("周海燕".into()),
        item: "失业登记".into(),
        reason: "申请人到窗口办理失业登记".into(),
        presence: "工作人员手工录入".into(),
        remarks: vec!["录入的是 15 位号码，已按标准换算为 18 位。".into()],
        related: Vec::new(),
        rows: vec![
            RowView {
                verdict: Verdict::Valid,
                type_name: "中华人民共和国社会保障卡".into(),
                issuer: "示范市人力资源和社会保障局".into(),
                validity: "2021年3月8日 至 2031年3月7日".into(),
                custody: "托管".into(),
                identifier: Some(
                    "1.2.156.3005.2.11100000MB0000001A.11190101MD1000042K.7K2M9QX4T0ZB81RCW5UD.001.P".into(),
                ),
                face: face(&[
                    ("姓名", "周海燕"),
                    ("性别", "女"),
                    ("社会保障号码", "190***********1234"),
                    ("发卡日期", "2021年3月8日"),
                    ("开户银行", "示范银行城东支行"),
                    ("有效期限", "2031年3月7日"),
                ]),
                logged: Some("records / 18 204".into()),
                ..RowView::default()
            },
            RowView {
                verdict: Verdict::Invalid,
                reasons: vec!["已过期（2026年3月1日）".into()],
                type_name: "食品经营许可证".into(),
                issuer: "示范市市场监督管理局".into(),
                validity: "2021年3月2日 至 2026年3月1日".into(),
                custody: "托管".into(),
                number: Some("JY21901010000018".into()),
                face: face(&[("经营者名称", "示范市海燕餐饮店"), ("经营场所", "示范市城东区和平路 18 号")]),
                logged: Some("records / 9 011".into()),
                ..RowView::default()
            },
            RowView {
                verdict: Verdict::Undetermined,
                reasons: vec!["民政局婚姻登记系统无响应（09:41）".into()],
                type_name: "结婚证".into(),
                issuer: "示范市城东区民政局".into(),
                validity: "长期".into(),
                custody: "发证机构保存".into(),
                marks: vec!["有异议".into(), "部分字段".into()],
                ..RowView::default()
            },
        ],
        more: false,
        absences: vec![
            AbsenceView {
                type_name: "就业创业证".into(),
                sentence: "示范市 2016年1月1日 以来签发的均在本库，未查询到。".into(),
                covered: true,
            },
            AbsenceView {
                type_name: "离婚证".into(),
                sentence: "本库不含该类证照的完整数据，不能据此判断有无。".into(),
                covered: false,
            },
        ],
        conclusion: None,
        receipt: ReceiptView {
            log: "access-window1".into(),
            index: 48_213,
            at: "2026-11-22 09:41:07".into(),
            clock: None,
            json: "{\"log\":\"access-window1\"}".into(),
        },
    }
}
