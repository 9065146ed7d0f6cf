//! A bundle (一件事) as it is written: the shape of `schema/bundles/*.json`. Unknown keys are refused.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::catalog::bundles::fault::BundleFault;
use crate::catalog::items::{Condition, ItemDef, ItemQuestion, ItemRole};

/// Letters of a 编号 at most.
const SLUG: usize = 32;

/// Whether a text may be the 编号 of a bundle: lower-case letters, digits and `_`, a letter first.
pub fn is_bundle_code(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    text.len() <= SLUG
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(plain)
}

/// The id of a bundle: its 编号 and the version. An access names both.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BundleId {
    /// 编号
    pub slug: String,
    /// The version, from 1.
    pub version: u32,
}

impl fmt::Display for BundleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.slug, self.version)
    }
}

/// One version of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleDef {
    /// Its name.
    #[serde(rename = "一件事名称")]
    pub name: String,
    /// Its name in requests: `newborn`.
    #[serde(rename = "编号")]
    pub slug: String,
    /// Version of this definition, from 1.
    #[serde(rename = "版本")]
    pub version: u32,
    /// Name of the agency that leads.
    #[serde(rename = "牵头机构")]
    pub lead: String,
    /// A word on how sure the details are.
    #[serde(rename = "备注", default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Who is in the whole of it.
    #[serde(rename = "当事人")]
    pub parties: Vec<ItemRole>,
    /// Questions that decide which items there are. Those of the items are merged from the items themselves.
    #[serde(rename = "情形", default, skip_serializing_if = "Vec::is_empty")]
    pub questions: Vec<ItemQuestion>,
    /// The items in the order in which they are done.
    #[serde(rename = "事项")]
    pub items: Vec<BundleItem>,
    /// Which result of one item is a material of a later one.
    #[serde(rename = "结果衔接", default, skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<ResultFeed>,
}

/// One item of a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleItem {
    /// 实施编码 of the item.
    #[serde(rename = "实施编码")]
    pub code: String,
    /// The role of the bundle that each role of the item is.
    #[serde(rename = "当事人")]
    pub roles: BTreeMap<String, String>,
    /// Answers that the bundle gives by itself.
    #[serde(rename = "固定回答", default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed: BTreeMap<String, String>,
    /// When it is part of the bundle, by the bundle's own questions; always if none.
    #[serde(rename = "适用情形", default, skip_serializing_if = "Option::is_none")]
    pub when: Option<Condition>,
}

/// A result of an item that later items need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultFeed {
    /// 实施编码 of the item that gives it.
    #[serde(rename = "事项")]
    pub item: String,
    /// Its name among the item's results.
    #[serde(rename = "结果")]
    pub result: String,
    /// Slug of its type.
    #[serde(rename = "证照")]
    pub slug: String,
    /// The materials that it is.
    #[serde(rename = "用于")]
    pub to: Vec<FedSlot>,
}

/// A material of a later item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FedSlot {
    /// 实施编码 of the item.
    #[serde(rename = "事项")]
    pub item: String,
    /// 编号 of the material.
    #[serde(rename = "材料")]
    pub slot: String,
}

impl BundleDef {
    /// Reads one file.
    ///
    /// # Errors
    /// The text is not a bundle: serde's words say where.
    pub fn from_json(text: &str) -> Result<Self, BundleFault> {
        Ok(serde_json::from_str(text)?)
    }

    /// Its id.
    pub fn id(&self) -> BundleId {
        BundleId { slug: self.slug.clone(), version: self.version }
    }

    /// The role of that name.
    pub(super) fn role(&self, name: &str) -> Option<&ItemRole> {
        self.parties.iter().find(|role| role.name == name)
    }

    /// Its items, each with its definition; those that `known` has not are left out.
    pub(super) fn known<'a, I: Borrow<ItemDef>>(
        &'a self,
        known: &'a [I],
    ) -> Vec<(&'a BundleItem, &'a ItemDef)> {
        let of = |own: &'a BundleItem| {
            known.iter().map(Borrow::borrow).find(|item| item.code == own.code).map(|item| (own, item))
        };
        self.items.iter().filter_map(of).collect()
    }

    /// Whether a result of an earlier item is that material.
    pub fn fed(&self, item: &str, slot: &str) -> Option<&ResultFeed> {
        self.feeds.iter().find(|feed| feed.to.iter().any(|to| to.item == item && to.slot == slot))
    }
}
