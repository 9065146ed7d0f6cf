//! The items that come with the program: the files of `schema/items`, compiled in.

use crate::catalog::items::{ItemDef, ItemFault};

/// `schema/items/*.json`, in the order of their names.
const ITEMS: &[&str] = &[
    include_str!("../../../schema/items/11190101MD100004254190101000001.json"),
    include_str!("../../../schema/items/11190101MD100004254190101000002.json"),
    include_str!("../../../schema/items/11190101MD100004254190101000003.json"),
    include_str!("../../../schema/items/11190101MD100004254190101000004.json"),
    include_str!("../../../schema/items/11190101MD100004254190101000005.json"),
    include_str!("../../../schema/items/11190101MD100005004190101000006.json"),
    include_str!("../../../schema/items/11190101MD100005004190101000007.json"),
    include_str!("../../../schema/items/11190101MD100005004190101000008.json"),
    include_str!("../../../schema/items/11190101MD100005004190101000009.json"),
    include_str!("../../../schema/items/11190101MD1000114X4190101000010.json"),
    include_str!("../../../schema/items/11190101MD1000114X4190101000011.json"),
    include_str!("../../../schema/items/11190101MD1000114X4190101000012.json"),
    include_str!("../../../schema/items/11190101MD1000114X4190101000013.json"),
    include_str!("../../../schema/items/11190101MD1000114X4190101000026.json"),
    include_str!("../../../schema/items/11190101MD1000122Q4190101000021.json"),
    include_str!("../../../schema/items/11190101MD1000122Q4190101000022.json"),
    include_str!("../../../schema/items/11190101MD1000122Q4190101000023.json"),
    include_str!("../../../schema/items/11190101MD1000130K4190101000029.json"),
    include_str!("../../../schema/items/11190101MD1000149G4190101000014.json"),
    include_str!("../../../schema/items/11190101MD1000149G4190101000015.json"),
    include_str!("../../../schema/items/11190101MD1000157B4190101000016.json"),
    include_str!("../../../schema/items/11190101MD1000157B4190101000017.json"),
    include_str!("../../../schema/items/11190101MD1000157B4190101000018.json"),
    include_str!("../../../schema/items/11190101MD100016564190101000024.json"),
    include_str!("../../../schema/items/11190101MD100016564190101000025.json"),
    include_str!("../../../schema/items/11190101MD1000181U4190101000019.json"),
    include_str!("../../../schema/items/11190101MD100021074190101000027.json"),
    include_str!("../../../schema/items/11190101MD1000448E4190101000028.json"),
    include_str!("../../../schema/items/13190101MD1000173T4190101000020.json"),
];

impl ItemDef {
    /// The items that come with the program.
    pub fn builtin() -> Result<Vec<Self>, ItemFault> {
        ITEMS.iter().map(|text| Self::from_json(text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_compiled_in_named_by_its_code_and_written_as_it_reads() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/items");
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
        let mut names: Vec<String> =
            names.filter_map(|name| name.to_str()?.strip_suffix(".json").map(str::to_owned)).collect();
        names.sort();
        let items = ItemDef::builtin().unwrap();
        assert_eq!(items.len(), 29, "twenty, and nine small ones of the bundles");
        assert_eq!(items.iter().map(|item| item.code.clone()).collect::<Vec<_>>(), names);
        for (item, text) in items.iter().zip(ITEMS) {
            let written: serde_json::Value = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_value(item).unwrap(), with_defaults(written), "{}", item.name);
        }
    }

    /// A file may leave out what is usual; the program writes a state and a requirement out.
    fn with_defaults(mut item: serde_json::Value) -> serde_json::Value {
        for slot in item["材料"].as_array_mut().unwrap() {
            for way in slot["办理方式"].as_array_mut().unwrap() {
                if way["方式"] == "证照调取" && way["要求"]["状态"].is_null() {
                    way["要求"]["状态"] = serde_json::json!(["有效"]);
                }
            }
        }
        item
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let text = ITEMS[0].replacen("\"事项名称\"", "\"事项别名\": \"x\", \"事项名称\"", 1);
        assert_eq!(ItemDef::from_json(&text).unwrap_err().rule().wire(), "item_shape");
    }
}
