use askama::Template;

use super::samples::{form, lookup, shell};
use crate::error::{Code, Error};
use crate::registry::Withheld;
use crate::web::page::PageError;
use crate::web::sign_in::SignInPage;
use crate::web::views::*;
use crate::web::window::{FirstPage, ResultPage};
use actix_web::ResponseError;

fn result(view: LookupView) -> String {
    ResultPage { shell: shell(), view }.render().unwrap()
}

#[test]
fn texts_are_escaped_wherever_they_stand() {
    let evil = "<script>alert(1)</script>\"'&";
    let mut view = lookup();
    view.reason = evil.into();
    view.holder_name = Some(evil.into());
    view.rows[0].type_name = evil.into();
    view.rows[0].face[0] = FaceField { label: evil.into(), value: evil.into() };
    view.rows[1].reasons = vec![evil.into()];
    view.absences[0].sentence = evil.into();
    view.receipt.log = evil.into();
    view.receipt.json = evil.into();
    let mut asked = form();
    asked.reason = evil.into();
    asked.number = Typed(evil.into());
    asked.items[0].name = evil.into();
    let sign_in = SignInPage { shell: shell(), name: evil.into(), refusal: Some(evil.into()) };
    for html in
        [result(view), FirstPage { shell: shell(), form: asked }.render().unwrap(), sign_in.render().unwrap()]
    {
        assert!(!html.contains("<script>alert") && !html.contains("\"'&"), "{html}");
        assert!(html.contains("&#60;script&#62;"));
    }
}

#[test]
fn i5_each_verdict_has_its_own_words() {
    let html = result(lookup());
    for words in ["有效 1", "无效 1", "暂无法核验 1", "已过期（2026年3月1日）", "有异议", "仅供功能展示"]
    {
        assert!(html.contains(words), "{words}");
    }
    assert_eq!(
        RowView::default().verdict,
        Verdict::Undetermined,
        "what nobody decided is never told as invalid"
    );
}

#[test]
fn what_is_withheld_is_said_in_words() {
    let mut view = lookup();
    view.withheld = Some(Withheld::LinkedNumbers.zh());
    view.rows[0].withheld = Some(Withheld::Whole.zh());
    view.rows[0].face.clear();
    view.rows.truncate(1);
    let html = result(view);
    for words in [Withheld::LinkedNumbers.zh(), Withheld::Whole.zh(), "未显示不等于没有"] {
        assert!(html.contains(words), "{words}");
    }
    assert!(!html.contains("照面不在本库"), "it is here, and not shown");
}

#[test]
fn every_face_of_the_demo_says_so_on_paper_too() {
    let in_articles = |html: &str| {
        html.split("<article")
            .skip(1)
            .filter(|one| one.split("</article>").next().unwrap().contains("演示数据"))
            .count()
    };
    assert_eq!(in_articles(&result(lookup())), lookup().rows.len());
    let real = Shell { demo: false, ..shell() };
    assert_eq!(in_articles(&ResultPage { shell: real, view: lookup() }.render().unwrap()), 0);
    let style = include_str!("../assets/elicense.css");
    let print = style.split("@media print").nth(1).unwrap();
    let hidden = print.lines().find(|line| line.contains("display: none")).unwrap();
    assert!(!hidden.contains("badge") && !hidden.contains(".demo"), "{hidden}");
}

#[test]
fn where_there_are_no_items_the_clerk_writes_one() {
    let empty = FirstPage { shell: shell(), form: LookupForm::empty(Vec::new()) }.render().unwrap();
    assert!(empty.contains("<input id=\"item\" name=\"item\""), "{empty}");
    assert!(!empty.contains("<select id=\"item\""), "a list of nothing that must be chosen from");
    let items = FirstPage { shell: shell(), form: form() }.render().unwrap();
    assert!(items.contains("<select id=\"item\"") && !items.contains("<input id=\"item\""));
}

#[test]
fn i13_an_empty_answer_does_not_say_there_is_none() {
    let html = result(LookupView { absences: lookup().absences, ..LookupView::default() });
    assert!(html.contains("没有查到不等于没有") && html.contains("不能据此判断有无"));
}

#[test]
fn a_holder_with_nothing_gets_one_conclusion_and_the_lines_folded() {
    let absences = lookup().absences;
    let said = "本次未查询到可以出示的证照。暂无法核验1类：离婚证";
    let nothing = LookupView { absences, conclusion: Some(said.into()), ..LookupView::default() };
    let html = result(nothing);
    assert!(html.contains(&format!("{said}。没有查到不等于没有")), "{html}");
    assert!(html.contains("<details class=\"absent\"><summary>各类证照的查询范围（2 类）"), "{html}");
    // Beside records the lines stand open.
    assert!(
        result(lookup())
            .contains("<details class=\"absent\" open><summary>其他证照：未查询到 1 类，暂无法核验 1 类")
    );
}

#[test]
fn the_receipt_can_be_saved_as_it_is() {
    use base64::Engine;
    let view = lookup();
    let html = result(lookup());
    let start = html.find("data:application/json;base64,").unwrap() + 29;
    let body: String = html[start..].chars().take_while(|c| *c != '"').collect();
    // Of base64 the template escapes at most `=`, `+` and `/`.
    let body = body.replace("&#43;", "+").replace("&#61;", "=").replace("&#47;", "/");
    let saved = base64::engine::general_purpose::STANDARD.decode(body).unwrap();
    assert_eq!(saved, view.receipt.json.as_bytes());
    assert!(html.contains("access-window1/48213"));
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    let pages = [result(lookup()), FirstPage { shell: shell(), form: form() }.render().unwrap()];
    for html in pages {
        assert!(!html.contains("src=\"http") && !html.contains("href=\"http") && !html.contains("//cdn"));
        assert!(
            !html.contains(" style=\"") && !html.contains("onclick"),
            "the content policy forbids inline parts"
        );
    }
}

#[test]
fn the_form_goes_to_the_field_that_is_wrong() {
    let mut asked = form();
    asked.number = Typed("19010119900307000X".into());
    asked.refusal = Some(RefusalView {
        title: "主体代码不符合编码规则".into(),
        detail: "校验码不正确".into(),
        hint: "请核对".into(),
        code: "holder_code_invalid".into(),
        field: "number".into(),
    });
    let html = FirstPage { shell: shell(), form: asked.clone() }.render().unwrap();
    assert!(html.contains("校验码不正确") && html.contains("aria-invalid"));
    assert!(html.contains("value=\"19010119900307000X\""), "what was typed can be corrected");
    assert!(!format!("{asked:?}").contains("1990"), "and stands in no debug text (I3)");
}

#[test]
fn an_error_is_a_page_with_advice_and_without_cause() {
    let shown = PageError(Error::internal("disk /var gone")).error_response();
    assert_eq!(shown.status(), 500);
    let away = PageError(Error::new(Code::Unauthenticated, "")).error_response();
    assert_eq!(
        (away.status().as_u16(), away.headers().get("location").unwrap().as_bytes()),
        (303, &b"/sign-in"[..])
    );
}

/// Writes every page of the samples into the folder named by ELICENSE_PREVIEW, to be looked at in a browser.
#[test]
#[ignore = "writes files for a person to look at"]
fn preview() {
    let folder = std::path::PathBuf::from(std::env::var("ELICENSE_PREVIEW").unwrap());
    std::fs::create_dir_all(folder.join("assets")).unwrap();
    let mut wrong = form();
    wrong.refusal = Some(RefusalView {
        title: Code::HolderCodeInvalid.title_zh().into(),
        detail: "校验码不正确，请逐位核对".into(),
        hint: crate::web::page::advice(&Error::new(Code::HolderCodeInvalid, "")).into(),
        code: "holder_code_invalid".into(),
        field: "number".into(),
    });
    wrong.number = Typed("19010119900307000X".into());
    let empty = LookupView { rows: Vec::new(), ..lookup() };
    let signed_out = Shell { demo: true, account: None };
    let pages = [
        ("sign_in", SignInPage { shell: signed_out, name: String::new(), refusal: None }.render().unwrap()),
        ("first", FirstPage { shell: shell(), form: form() }.render().unwrap()),
        ("wrong", FirstPage { shell: shell(), form: wrong }.render().unwrap()),
        ("result", result(lookup())),
        ("empty", result(empty)),
    ];
    for (name, html) in pages {
        std::fs::write(folder.join(format!("{name}.html")), html.replace("\"/assets/", "\"assets/")).unwrap();
    }
    for (path, body) in [
        (crate::web::assets::style(), include_str!("../assets/elicense.css")),
        (crate::web::assets::script(), include_str!("../assets/elicense.js")),
        (crate::web::assets::icon(), include_str!("../assets/elicense.svg")),
    ] {
        std::fs::write(folder.join(path.trim_start_matches('/')), body).unwrap();
    }
}
