//! Finding numbers in other texts.

use super::*;

#[test]
fn i3_a_number_is_found_inside_a_longer_one() {
    for text in [
        "190101198803120021",
        "19010119880312002143",
        "T190101198803120021",
        "0190101198803120021",
        "serial 11010519491231002x.",
        "证11010519491231002X号",
        "1.2.156.3005.2.X.190101198803120021.001",
    ] {
        assert!(contains_citizen_number(text), "{text}");
    }
}

#[test]
fn i3_a_number_is_found_however_it_is_written() {
    for text in [
        "１９０１０１１９８８０３１２００２１",
        "190101 19880312 0021",
        "190101-19880312-0021",
        "190101.1988.03.12.0021",
        "1 9 0 1 0 1 1 9 8 8 0 3 1 2 0 0 2 1",
        "190101\u{3000}19880312\u{3000}0021",
        "190101\u{200b}1988\u{2060}0312\u{ad}0021",
        "190101\u{200d}198803120021",
        "190101\u{115f}19880312\u{3164}0021",
        "(190101)/[19880312]_0021",
        "一九〇一〇一一九八八〇三一二〇〇二一",
        "①⑨⓪①⓪①①⑨⑧⑧⓪③①②⓪⓪②①",
        "𝟏𝟗𝟎𝟏𝟎𝟏𝟏𝟗𝟖𝟖𝟎𝟑𝟏𝟐𝟎𝟎𝟐𝟏",
        "١٩٠١٠١١٩٨٨٠٣١٢٠٠٢١",
        "110105 19491231 002 x",
        "11010519491231002Ｘ",
        "11010519491231002Х",
        "办件2026-1 190101-198803120021",
        "身份证:190101880312002。",
        "190101 880312 002",
        "１９０１０１８８０３１２００２",
        "110105491231002",
        "2026年 110105491231002",
        "〡〩〇〡〇〡〡〩〨〨〇〣〡〢〇〇〢〡",
        "壹玖零壹零壹壹玖捌捌零叁壹贰零零贰壹",
        "壹玖零壹零壹壹玖捌捌零參壹貳零零貳壹",
        "幺九零幺零幺幺九八八零三幺两零零两幺",
        "🄂🄊🄁🄂🄁🄂🄂🄊🄉🄉🄁🄄🄂🄃🄁🄁🄃🄂",
        "㊀㊈〇㊀〇㊀㊀㊈㊇㊇〇㊂㊀㊁〇〇㊁㊀",
        "㈠㈨〇㈠〇㈠㈠㈨㈧㈧〇㈢㈠㈡〇〇㈡㈠",
        "ⅠⅨ0Ⅰ0ⅠⅠⅨⅧⅧ0ⅢⅠⅡ00ⅡⅠ",
        "𑽑𑽙𑽐𑽑𑽐𑽑𑽑𑽙𑽘𑽘𑽐𑽓𑽑𑽒𑽐𑽐𑽒𑽑",
        "一⑨〇壹०１𝟏九8捌０〣①二⁰零贰〡",
        "⼀九〇⼀〇⼀⼀九⼋⼋〇三⼀⼆〇〇⼆⼀",
        "일구공일공일일구팔팔공삼일이공공이일",
        "일구영일영일일구팔팔영삼일이영영이일",
        "𝋁𝋉𝋀𝋁𝋀𝋁𝋁𝋉𝋈𝋈𝋀𝋃𝋁𝋂𝋀𝋀𝋂𝋁",
        "㍙㍡㍘㍙㍘㍙㍙㍡㍠㍠㍘㍛㍙㍚㍘㍘㍚㍙",
        "㋀㋈0㋀0㋀㋀㋈㋇㋇0㋂㋀㋁00㋁㋀",
        "㏠㏨0㏠0㏠㏠㏨㏧㏧0㏢㏠㏡00㏡㏠",
        "190101号19880312号0021",
        "190101A19880312B0021",
        "1901011988年03月12日0021",
        "1901 011988 年 03 月 12 日 0021",
    ] {
        assert!(contains_citizen_number(text), "{text}");
    }
}

#[test]
fn i3_a_check_character_is_found_however_it_is_written() {
    for x in "XxＸⅩХΧ×✕✖ⓧⓍ𝐗𝗑𝚾𝟀🅇🆇╳*＊十拾⼗㊉⑩".chars() {
        for text in [format!("11010519491231002{x}"), format!("号110105 19491231 002 {x}。")] {
            assert!(contains_citizen_number(&text), "{text}");
        }
    }
    for none in ["11010519491231002号", "11010519491231002W", "11010519491231001*", "11010519491231002𝐖"]
    {
        assert!(!contains_citizen_number(none), "{none}");
    }
}

#[test]
fn i3_a_reason_does_not_name_the_holder_by_any_number() {
    for (kind, code, texts) in [
        (
            CodeType::CreditCode,
            "91190101MD1000018C",
            ["查 91190101MD1000018C", "md100001-8 年检", "MD 10 00 01 8"],
        ),
        (
            CodeType::CitizenId,
            "190101198803120021",
            ["190101198803120021", "190101 19880312 0021", "190101880312002"],
        ),
    ] {
        let holder = accepted(kind, code).code;
        for text in texts {
            assert!(names_holder(text, &holder), "{text}");
        }
        assert!(!names_holder("窗口办理 2026-1", &holder));
    }
}

#[test]
fn long_reference_numbers_are_no_citizen_numbers() {
    for text in [
        "190101198803120022",
        "190101198813120021",
        "19010119880312002",
        "",
        "证照",
        "XXXXXXXXXXXXXXXXXXXX",
        // Fifteen digits: no region of the table, no day, or not alone.
        "202611280000001",
        "356938035643809",
        "110105491331002",
        "999999491231002",
        "1101054912310021",
        "20261128110105491231002",
        // Dates, times and counts beside each other.
        "2024-05-20 2024-05-21 11:22:33.123456",
        "2026-11-28 23:04:45, 190101, 1988, 2026-11-28",
        "0571-12345678 0571-87654321 2024-05",
        "案号（2026）19民初190101号，第1988至2021页",
        "1.2.156.3005.2.11190101MD10000500.20261128.000000000001.001",
        "550e8400-e29b-41d4-a716-446655440000",
        "6222 0200 1234 5678 901",
        "190101198803120021".get(1..).unwrap(),
        // Letters between: two are too many, and in random identifiers one says nothing.
        "190101案号19880312号0021",
        "110105a491231b002",
        "4a110105c4912d31e002-41d4",
        // A year that nobody is born in.
        "190101988803120021",
    ] {
        assert!(!contains_citizen_number(text), "{text}");
    }
}

#[test]
fn the_15_digit_form_belongs_to_births_of_1900_to_1999() {
    let legacy = |text| legacy_form(&accepted(CodeType::CitizenId, text).code);
    assert_eq!(legacy("610104196209276908").as_deref(), Some("610104620927690"));
    assert_eq!(legacy("190101201605060018"), None, "born in 2016");
    assert_eq!(legacy("110101194910019997"), None, "sequence 999 meant another century");
    assert_eq!(legacy_form(&accepted(CodeType::CreditCode, "91190101MD1000018C").code), None);
}

#[test]
fn i3_a_holders_own_code_is_found_in_all_its_forms() {
    let person = accepted(CodeType::CitizenId, "11010519491231002X").code;
    for text in [
        "no. 11010519491231002x",
        "T110105491231002",
        "11010519491231002X43",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105\u{200b}19491231002X",
    ] {
        assert!(contains_code_of(text, &person), "{text}");
    }
    assert!(!contains_code_of("11010519491231", &person));
    let company = accepted(CodeType::CreditCode, "91190101MD1000018C").code;
    assert!(contains_code_of("md1000018", &company) && contains_code_of("91190101MD1000018C", &company));
    assert!(!contains_code_of("MD100001-8", &company));
}
