use crate::error::Code;
use crate::rule::Rule;
use crate::web::docs::Docs;

#[test]
fn the_page_explains_every_code_and_address() {
    let document = crate::serve::routes::described().unwrap();
    let html = Docs::of(document.value()).render().unwrap();
    for code in Code::ALL {
        assert!(html.contains(&format!("id=\"{}\"", code.wire())), "{code:?}");
    }
    for rule in Rule::ALL {
        assert!(html.contains(&format!("id=\"rule-{}\"", rule.wire())), "{rule:?}");
    }
    assert!(html.contains(Rule::CheckDigit.zh()) && html.contains(Rule::CheckDigit.en()));
    for path in document.value()["paths"].as_object().unwrap().keys() {
        assert!(html.contains(path.as_str()), "{path}");
    }
    assert!(html.contains("id=\"schema-Problem\""));
    assert!(
        !html.contains("src=\"http") && !html.contains("href=\"http"),
        "nothing is loaded from elsewhere"
    );
}

#[test]
fn the_description_is_the_same_each_time() {
    assert_eq!(
        crate::serve::routes::described().unwrap().text(),
        crate::serve::routes::described().unwrap().text()
    );
}
