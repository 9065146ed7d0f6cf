//! What an answer leaves out: whoever else would be shown is charged before the answer leaves, and who cannot be charged
//! since the day's budget of holders is spent is not shown; nor is whom the actor should not look at alone.

use crate::closed::closed;

closed! {
    /// What was left out. It is not absent: it is not shown.
    Withheld {
        LinkedNumbers, "linked_numbers", "今日查询人数已达上限，关联号码下的内容未显示", "What stands under linked numbers is left out: the day's budget of holders is spent.";
        CoHolders, "co_holders", "今日查询人数已达上限，其他持证人的信息未显示", "What tells of the other holders is left out: the day's budget of holders is spent.";
        NotAlone, "not_alone", "证照上另有不能由您单独查看的持证人，相关证照未显示，请由同事或主管办理", "Somebody whom you should not look at alone stands on it too: let a colleague or a supervisor do this.";
        Whole, "whole", "今日查询人数已达上限，含其他持证人信息的证照原文未显示", "The record names other holders and is not shown: the day's budget of holders is spent.";
    }
}
