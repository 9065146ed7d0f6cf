//! The window's pages in a real browser, by keyboard alone, at the width of a desk and of a telephone.
//!
//! `ELICENSE_TEST_CHROMIUM` names the browser; without it the tests are skipped, unless
//! `ELICENSE_TEST_BROWSER=required` makes that a failure. `ELICENSE_TEST_SHOTS` names a folder for pictures.
#![allow(clippy::allow_attributes, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![allow(clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;

mod chromium;
mod socket;

use chromium::Page;
use common::items;
use common::people::{self, CHEN, POLICE, ZHOU};
use common::server::{self, TestServer};
use common::{Backend, World, operator};
use elicense::policy::Actor;
use elicense::registry::{AskedHolder, DirectoryDraft, MarkCommand, Submitted};
use elicense::serve::running::Settings;
use elicense::store::HolderState;
use serde_json::json;

struct Up {
    page: Page,
    server: TestServer,
    _world: World,
}

/// None where there is no browser.
fn up() -> Option<Up> {
    let Some(program) = chromium::program() else {
        let required = std::env::var("ELICENSE_TEST_BROWSER").as_deref() == Ok("required");
        assert!(!required, "a browser is required here and ELICENSE_TEST_CHROMIUM does not name one");
        eprintln!("skipped: ELICENSE_TEST_CHROMIUM is not set");
        return None;
    };
    let world = common::world(Backend::Sqlite).unwrap();
    people::settle(&world.registry);
    server::clerk(&world.registry);
    stock(&world);
    let listed = vec![all_papers("190101000903", "失业登记"), items::named("190101000904", "教师资格认定")];
    world.registry.refresh().unwrap();
    world.registry.load_items("test", listed).unwrap();
    let server = server::start_with(world.registry.clone(), Settings { node: "main".into(), demo: true });
    let mut page = Page::open(&program);
    page.size(1280, 900);
    Some(Up { page, server, _world: world })
}

/// A valid card, a marriage, an expired card, a paper certificate; one of two persons has a report of death.
fn stock(world: &World) {
    let mut expired = people::social_card(ZHOU, "周海燕");
    expired.valid_to = Some(serde_json::from_value(json!("2026-01-31")).unwrap());
    expired.face.insert("valid_to".into(), "2026-01-31".into());
    let drafts = [
        people::id_card(ZHOU, "周海燕", "2020-01-01"),
        people::marriage("J190101-2015-000123"),
        expired,
        people::id_card(CHEN, "陈志远", "2020-01-01"),
    ];
    for draft in drafts {
        world.registry.refresh().unwrap();
        world.registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
    }
    let paper: DirectoryDraft = serde_json::from_value(json!({
        "type": "real_estate_certificate", "issuer": POLICE, "custody": "paper",
        "holders": [{"code_type": "111", "code": ZHOU, "name": "周海燕"}],
        "office": "示范市不动产登记中心档案室", "note": "房屋所有权证（1994 年）",
    }))
    .unwrap();
    let actor: Actor = operator();
    world.registry.put_directory(&actor, &paper, None).unwrap();
    let dead = MarkCommand {
        household_elsewhere: false,
        holder: AskedHolder { code_type: "111".into(), code: CHEN.into() },
        state: HolderState::DeathReported,
        since: None,
        source: None,
        ground: "火化记录".into(),
        agency: Some(POLICE.into()),
        order: None,
    };
    world.registry.start_access("main").unwrap();
    world.registry.mark_holder(&actor, &dead, None).unwrap();
    world.registry.stop_access();
}

/// An item whose slots ask for every paper of the stock.
fn all_papers(base: &str, name: &str) -> elicense::catalog::items::ItemDef {
    let mut item = serde_json::to_value(items::named(base, name)).unwrap();
    let slot = item["材料"][0].clone();
    for (slug, field) in [
        ("social_security_card", "valid_to"),
        ("marriage_certificate", "registered_on"),
        ("real_estate_certificate", "location"),
    ] {
        let mut more = slot.clone();
        more["编号"] = slug.into();
        more["办理方式"][0]["证照"] = slug.into();
        more["办理方式"][0]["字段"] = json!([field]);
        item["材料"].as_array_mut().unwrap().push(more);
    }
    serde_json::from_value(item).unwrap()
}

impl Up {
    /// Nothing sticks out of the page at the desk and on a telephone, and every field has a label.
    fn looks_right(&mut self, name: &str) {
        for (width, height) in [(390, 844), (1280, 900)] {
            self.page.size(width, height);
            self.page.wait(&format!("innerWidth >= {width}"));
            let broad = self.page.value("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(broad <= u64::from(width), "{name} is {broad} px broad on {width} px");
            self.page.shot(&format!("{name}-{width}"));
        }
        let unnamed = self.page.value(
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
               .filter(e => ![...e.labels].some(l => l.innerText.trim())).map(e => e.name || e.outerHTML)",
        );
        assert_eq!(unnamed, json!([]), "{name}: fields without a label");
        let silent = self.page.value(
            "[...document.querySelectorAll('button, a, summary')]
               .filter(e => !(e.getAttribute('aria-label') || e.innerText).trim()).map(e => e.outerHTML)",
        );
        assert_eq!(silent, json!([]), "{name}: what can be pressed has no name");
        assert_eq!(self.page.value("document.documentElement.lang"), json!("zh-CN"));
        assert_eq!(self.page.value("document.querySelectorAll('[tabindex]').length"), json!(0));
    }

    fn sign_in(&mut self, password: &str) {
        if self.page.focus() == "name" {
            self.page.types("clerk");
            self.page.press("Tab");
        }
        assert_eq!(self.page.focus(), "password");
        self.page.types(password);
        self.page.press("Enter");
    }

    /// From the field of the number on: number, item by its place in the list, reason, Enter.
    fn ask(&mut self, number: &str, item: usize, reason: &str) {
        assert_eq!(self.page.focus(), "number", "the first key goes into the field of the number");
        self.page.types(number);
        self.page.press("Tab");
        assert_eq!(self.page.focus(), "item");
        (0..item).for_each(|_| self.page.press("ArrowDown"));
        self.page.press("Tab");
        assert_eq!(self.page.focus(), "presence");
        self.page.press("Tab");
        assert_eq!(self.page.focus(), "reason");
        self.page.types(reason);
        self.page.press("Enter");
    }

    /// The number stands in no address, and nothing came from another host.
    fn kept_to_itself(&mut self) {
        assert!(self.page.requested.len() > 8, "{:?}", self.page.requested);
        // A data: address is a part of the page itself: the arrow of a field, a receipt to save.
        for url in self.page.requested.iter().filter(|url| !url.starts_with("data:")) {
            assert!(url.starts_with(&format!("{}/", self.server.base)), "asked elsewhere: {url}");
            assert!(!url.contains("1988"), "a number in an address: {url}");
        }
    }
}

#[test]
fn a_clerk_works_with_the_keyboard_alone() {
    let Some(mut up) = up() else { return };
    let base = up.server.base.clone();
    up.page.go(&format!("{base}/"));
    up.page.wait("location.pathname === '/sign-in'");
    up.looks_right("sign-in");
    up.sign_in("not-the-password");
    up.page.wait("document.querySelector('[role=alert]')");
    assert!(up.page.text().contains("账号或密码错误"));
    up.sign_in("a-password-of-the-tests");
    up.page.wait("location.pathname === '/' && document.getElementById('number')");
    up.looks_right("first");

    // People copy blanks with the number; the page says so and does not drop them silently.
    up.ask("190101 19880312 0021", 1, "窗口办理");
    up.page.wait("document.querySelectorAll('article.record').length === 4");
    let page = up.page.text();
    for text in ["有效 2", "无效 1", "居民身份证", "结婚证", "失业登记", "已过有效期", "access-main/"]
    {
        assert!(page.contains(text), "{text} is not on the page: {page}");
    }
    assert!(page.contains("示范市不动产登记中心档案室"), "where the paper is: {page}");
    let html = up.page.value("document.documentElement.outerHTML").as_str().unwrap().to_owned();
    assert!(!html.contains(ZHOU) && !html.contains(CHEN), "numbers are masked on the page");
    assert_eq!(up.page.value("location.pathname + location.search"), json!("/lookup"));
    up.looks_right("result");

    // 新的查询 has the focus: Enter goes on to the next person.
    assert_eq!(up.page.focus(), "新的查询");
    up.page.press("Enter");
    up.page.wait("location.pathname === '/' && document.getElementById('number')");
    up.ask("19010119880312002x", 2, "教师资格认定");
    up.page.wait("document.querySelector('[role=alert]')");
    let page = up.page.text();
    assert!(page.contains("校验码"), "the rule that failed is named: {page}");
    assert_eq!(up.page.focus(), "number");
    assert_eq!(up.page.value("document.activeElement.getAttribute('aria-invalid')"), json!("true"));
    assert_eq!(
        up.page.value("document.getElementById('item').value"),
        json!(format!("{POLICE}4190101000904")),
        "the rest is kept"
    );
    up.looks_right("refused");
    // Mended in its place; the rest stands as it was.
    up.page.press("SelectAll");
    up.page.types(CHEN);
    up.page.press("Enter");
    up.page.wait("document.querySelectorAll('article.record').length > 0");
    let page = up.page.text();
    assert!(page.contains("暂无法核验") && page.contains("有死亡报告"), "{page}");
    assert!(!page.contains("无效"), "a report of death makes nothing invalid: {page}");
    up.looks_right("death-reported");

    up.page.tab_to("退出");
    up.page.press("Enter");
    up.page.wait("location.pathname === '/sign-in'");
    up.page.go(&format!("{base}/"));
    up.page.wait("location.pathname === '/sign-in' && document.getElementById('name')");
    up.kept_to_itself();
}

#[test]
fn tab_goes_through_the_form_in_the_order_in_which_it_is_read() {
    let Some(mut up) = up() else { return };
    let base = up.server.base.clone();
    up.page.go(&format!("{base}/sign-in"));
    up.page.wait("document.activeElement && document.activeElement.id === 'name'");
    up.sign_in("a-password-of-the-tests");
    up.page.wait("location.pathname === '/' && document.getElementById('number')");
    let mut order = vec![up.page.focus()];
    for _ in 0..5 {
        up.page.press("Tab");
        order.push(up.page.focus());
    }
    assert_eq!(order, ["number", "item", "presence", "reason", "reader", "查询"]);
    // Backwards to the type of the number, and the way past the head of the page.
    up.page.tab_to("number");
    up.page.press("Shift+Tab");
    assert_eq!(up.page.focus(), "code_type");
    up.page.tab_to("跳到正文");
    assert_eq!(up.page.value("document.activeElement.getBoundingClientRect().left >= 0"), json!(true));
    // A form that lacks something is not sent: the browser goes to the field.
    up.page.tab_to("number");
    up.page.press("Enter");
    assert_eq!(up.page.value("location.pathname"), json!("/"));
    assert_eq!(up.page.focus(), "number");
    up.page.go(&format!("{base}/nowhere"));
    up.page.wait("document.querySelector('a.button.main')");
    up.looks_right("not-found");
    up.page.go(&format!("{base}/api/docs"));
    up.page.wait("document.querySelector('.operation')");
    up.looks_right("docs");
    up.kept_to_itself();
}
