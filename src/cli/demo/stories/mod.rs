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
//! | 海燕餐饮店, 临港物流, 云岭建筑, 城东区社区服务中心 | `entities` |

mod chen;
mod ended;
mod entities;
mod foreign;
mod singles;
mod stage;

use super::agencies::Offices;
use super::companies::Company;
use super::script::Script;
use stage::Stage;

/// Number, code type, why.
pub const WORTH_LOOKING_UP: [(&str, &str, &str); 3] = [
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
];

/// Adds the steps of all stories.
pub fn stories(script: &mut Script, offices: &Offices, companies: &[Company]) {
    let mut stage = Stage { script, offices };
    chen::family(&mut stage);
    singles::singles(&mut stage);
    foreign::foreign(&mut stage);
    entities::entities(&mut stage, companies);
    ended::ended(&mut stage);
}
