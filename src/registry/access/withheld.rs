//! What an answer leaves out because the day's budget of holders is spent: whoever else would be shown is charged
//! before the answer leaves, and who cannot be charged is not shown.

use crate::closed::closed;

closed! {
    /// What was left out. It is not absent: it is not shown.
    Withheld {
        LinkedNumbers, "linked_numbers", "今日查询人数已达上限，关联号码下的内容未显示", "What stands under linked numbers is left out: the day's budget of holders is spent.";
        CoHolders, "co_holders", "今日查询人数已达上限，其他持证人的信息未显示", "What tells of the other holders is left out: the day's budget of holders is spent.";
        Whole, "whole", "今日查询人数已达上限，含其他持证人信息的证照原文未显示", "The record names other holders and is not shown: the day's budget of holders is spent.";
    }
}
