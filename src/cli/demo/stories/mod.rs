//! The people and companies of the demo that have a name and a story. Their numbers are fixed.
//!
//! | person or company | point |
//! |---|---|
//! | 周海燕, 陈志远, 陈子墨, 陈一诺 | a family: six bound records of the mother, a newborn first under the number of its birth certificate |
//! | 刘桂芳 | one source reports a death: 暂无法核验, not 无效 |
//! | 李建国 | one number given to two persons: only one of them stands here, see `singles` |
//! | 王䶮 | a rare character, a corrected number, a disability certificate |
//! | 阿依古丽·买买提 | a middle dot in the name |
//! | 孙晓梅 | a number of an abolished region; divorced by a court that is not connected |
//! | 赵文博, twice | one name, born 2004 and 1904 |
//! | 林家豪, Maria Keller | other codes than citizen numbers, linked |
//! | 钟若兰, 常念慈, 邵学文 | certificates that ended, see `ended` |
//! | 温长庚 | died, confirmed; the end of his social security card is proposed and not decided |
//! | 海燕餐饮店, 临港物流, 云岭建筑, 城东区社区服务中心 | `entities` |

mod chen;
mod ended;
mod entities;
mod foreign;
mod singles;
mod stage;

use super::agencies::Offices;
use super::companies::Company;
use super::numbers::credit;
use super::script::Script;
use stage::Stage;

/// A number to look up: the number, its code type, what there is to see.
pub type Worth = (String, &'static str, &'static str);

/// Numbers worth looking up, each with its story. The first three are those of the tour.
pub fn worth_looking_up() -> Vec<Worth> {
    let fixed = [
        (
            "190101198803120021",
            "111",
            "周海燕：六份已归集的证照；2012 年的结婚证登记时没有身份证号，待绑定，故不在其中",
        ),
        (
            "190101194402150029",
            "111",
            "刘桂芳：仅火化记录报告死亡，户口尚未注销，核验结果为「暂无法核验」而不是「无效」",
        ),
        ("92190101MD1000034Y", "001", "示范市海燕餐饮店：2025 年个转企，名称和类型已变更，代码仍为 92 开头"),
        ("190104199006300066", "111", "孙晓梅：法院已判决离婚而法院未接入，结婚证有效，并注明不证明现状"),
        ("190101202610180027", "111", "陈一诺：新生儿，出生证号下的临时主体已关联到户籍登记后的号码"),
        ("190102197911020011", "111", "王䶮：生僻字；号码 2011 年更正，两个号码下的证照一并查到"),
        (
            "190102199209080048",
            "111",
            "阿依古丽·买买提：姓名含间隔号；户口卡有未办结的异议；驾驶证的来源系统逾期未更新（elicense coverage list 可见）",
        ),
        (
            "190104190401010017",
            "111",
            "赵文博（1904 年出生）：与 2004 年出生的 190104200403170053 同名，请核对出生年份",
        ),
        ("190103195809010033", "111", "李建国：一号两人，库内只有一人"),
        ("H90190019", "516", "林家豪：港澳居民来往内地通行证与居住证号码已关联"),
        ("C19X00B02", "414", "Maria Keller：换发前后的护照和永久居留证号码已关联"),
        ("91190101MD1000018C", "001", "临港物流有限公司：因合并注销，显示承继单位"),
        ("91190101MD10000267", "001", "云岭建筑工程有限公司：营业执照暂扣中"),
    ];
    let fixed = fixed.map(|(number, code_type, why)| (number.to_owned(), code_type, why));
    let ended = [
        (
            ended::dead(),
            "111",
            "温长庚：死亡已由户籍机关确认，本人证件无效；社会保障卡的注销建议待发证机构处理",
        ),
        (ended::expired(), "111", "常念慈：驾驶证 2026 年 8 月到期，已过期"),
        (credit("91", "190101", 106), "001", "营业执照已被吊销"),
    ];
    fixed.into_iter().chain(ended).collect()
}

/// Adds the steps of all stories.
pub fn stories(script: &mut Script, offices: &Offices, companies: &[Company]) {
    let mut stage = Stage { script, offices };
    chen::family(&mut stage);
    singles::singles(&mut stage);
    foreign::foreign(&mut stage);
    entities::entities(&mut stage, companies);
    ended::ended(&mut stage);
}
