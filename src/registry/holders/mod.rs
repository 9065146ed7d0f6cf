//! Holders: marks and links, the codes of one holder, and the effect of its life on its records.

pub(super) mod after_end;
pub(super) mod catch_up;
pub(super) mod household;
pub(super) mod life;
pub(super) mod link;
pub(super) mod linked;
pub(super) mod lives;
pub(super) mod mark;
pub(super) mod marks;
pub(super) mod names;
pub(super) mod past;
pub(super) mod rekey;
pub(super) mod stating;
pub(super) mod told;
pub(super) mod unnamed;
