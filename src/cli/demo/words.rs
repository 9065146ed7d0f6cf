//! The words of `fixtures/demo`, compiled in. A row that cannot be read is left out; a test counts the rows.

use std::sync::OnceLock;

const WORDS: &str = include_str!("../../../fixtures/demo/words.tsv");

/// The words of each kind.
#[derive(Debug, Default)]
pub struct Words {
    /// 姓.
    pub surnames: Vec<&'static str>,
    /// 男名.
    pub male: Vec<&'static str>,
    /// 女名.
    pub female: Vec<&'static str>,
    /// 街路巷.
    pub streets: Vec<&'static str>,
    /// 小区.
    pub estates: Vec<&'static str>,
    /// 区县.
    pub districts: Vec<&'static str>,
    /// 服务处所.
    pub workplaces: Vec<&'static str>,
    /// 职业.
    pub occupations: Vec<&'static str>,
    /// 发卡银行.
    pub banks: Vec<&'static str>,
    /// 登记员.
    pub registrars: Vec<&'static str>,
    /// 承办人.
    pub handlers: Vec<&'static str>,
    /// 死亡原因.
    pub causes: Vec<&'static str>,
}

impl Words {
    /// The words, read once.
    pub fn all() -> &'static Words {
        static ALL: OnceLock<Words> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut words = Words::default();
            for columns in rows(WORDS) {
                let (Some(kind), Some(list)) = (columns.first(), columns.get(1)) else { continue };
                let list: Vec<&'static str> = list.split(' ').collect();
                if let Some(place) = words.kind(kind) {
                    *place = list;
                }
            }
            words
        })
    }

    fn kind(&mut self, kind: &str) -> Option<&mut Vec<&'static str>> {
        Some(match kind {
            "surname" => &mut self.surnames,
            "male" => &mut self.male,
            "female" => &mut self.female,
            "street" => &mut self.streets,
            "estate" => &mut self.estates,
            "district" => &mut self.districts,
            "workplace" => &mut self.workplaces,
            "occupation" => &mut self.occupations,
            "bank" => &mut self.banks,
            "registrar" => &mut self.registrars,
            "handler" => &mut self.handlers,
            "cause" => &mut self.causes,
            _ => return None,
        })
    }
}

/// The columns of each row except comments.
pub fn rows(tsv: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    tsv.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split('\t').collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_words_and_every_row_is_read() {
        let mut words = Words::default();
        for row in rows(WORDS) {
            assert!(words.kind(row[0]).is_some(), "{}", row[0]);
        }
        let words = Words::all();
        for list in [
            &words.surnames,
            &words.male,
            &words.female,
            &words.streets,
            &words.estates,
            &words.districts,
            &words.workplaces,
            &words.occupations,
            &words.banks,
            &words.registrars,
            &words.handlers,
            &words.causes,
        ] {
            assert!(list.len() >= 3 && list.iter().all(|word| !word.is_empty()));
        }
    }
}
