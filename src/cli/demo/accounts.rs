//! The accounts of the demo. These passwords stand in the manual: a real registry has none of them.

use std::collections::BTreeSet;

use super::agencies::{Offices, Types};
use crate::catalog::items::ItemDef;
use crate::policy::{BUNDLE, Fields, Grant, Scope, Selection, StaffRole};
use crate::record::access::OutsideItem;

/// A person of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoAccount {
    /// Sign-in name.
    pub name: &'static str,
    /// Password, public.
    pub password: &'static str,
    /// Shown name.
    pub display: &'static str,
    /// Credit code of the agency.
    pub agency: String,
    /// What it does.
    pub roles: Vec<StaffRole>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
}

/// A client of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemoClient {
    /// Its id.
    pub id: &'static str,
    /// Secret, public.
    pub secret: &'static str,
    /// Shown name.
    pub name: &'static str,
    /// Credit code of the agency.
    pub agency: String,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// Its grants.
    pub grants: Vec<Grant>,
    /// Distinct holders a day.
    pub budget: u32,
}

/// Accounts and clients of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accounts {
    /// Staff.
    pub staff: Vec<DemoAccount>,
    /// Clients.
    pub clients: Vec<DemoClient>,
}

/// A grant of no type: to receive every item, for the agencies that decide.
fn receiving(items: &[ItemDef]) -> Grant {
    let none = BTreeSet::new;
    let all = items.iter().map(|item| item.code.clone()).collect();
    Grant { types: Selection::Named(none()), fields: Fields::Named(none()), purposes: Selection::Named(all) }
}

/// The same for work at no item.
fn by_law(grant: &Grant) -> Grant {
    let words = OutsideItem::ALL.iter().map(|word| word.wire().to_owned()).collect();
    Grant { purposes: Selection::Named(words), ..grant.clone() }
}

/// The accounts: one clerk, one client for everything that receives the bundles too, one for a few fields and one item, one of a window that receives
/// applications for all departments.
pub fn accounts(offices: &Offices, types: &Types, items: &[ItemDef]) -> Accounts {
    let whole = Grant { types: Selection::All, fields: Fields::Whole, purposes: Selection::All };
    let named = ["newborn", "restaurant"].map(|slug| format!("{BUNDLE}{slug}"));
    let bundles = Grant {
        types: Selection::Named(BTreeSet::new()),
        fields: Fields::Named(BTreeSet::new()),
        purposes: Selection::Named(named.into_iter().collect()),
    };
    let by_law = by_law(&whole);
    let item = items.iter().find(|item| item.name == "失业登记").map(|item| item.code.clone());
    let purposes = Selection::Named(item.into_iter().collect());
    let limited = |slug: &str, fields: &[&str]| Grant {
        types: Selection::Named(types.code(slug).into_iter().map(str::to_owned).collect()),
        fields: Fields::Named(fields.iter().map(|field| (*field).to_owned()).collect()),
        purposes: purposes.clone(),
    };
    Accounts {
        staff: vec![DemoAccount {
            name: "clerk",
            password: "demo-clerk-password",
            display: "演示窗口 3 号",
            agency: offices.code("hrss").to_owned(),
            roles: vec![StaffRole::Clerk],
            grants: Vec::new(),
            budget: 500,
        }],
        clients: vec![
            DemoClient {
                id: "demo-agency",
                secret: "demo-agency-secret",
                name: "演示业务系统",
                agency: offices.code("hrss").to_owned(),
                scopes: Scope::ALL.to_vec(),
                grants: vec![whole, by_law, bundles.clone()],
                budget: 100_000,
            },
            DemoClient {
                id: "demo-limited",
                secret: "demo-limited-secret",
                name: "演示业务系统（限字段）",
                agency: offices.code("street_1").to_owned(),
                scopes: vec![Scope::Lookup, Scope::Verify, Scope::Catalog],
                grants: vec![
                    limited("resident_id_card", &["name", "valid_from", "valid_to"]),
                    limited("business_licence", &["name", "entity_type", "term_to"]),
                ],
                budget: 200,
            },
            DemoClient {
                id: "demo-window",
                secret: "demo-window-secret",
                name: "演示综合窗口（收件）",
                agency: offices.code("street_1").to_owned(),
                scopes: vec![Scope::Apply, Scope::Verify, Scope::Catalog],
                grants: vec![receiving(items), bundles],
                budget: 2_000,
            },
        ],
    }
}
