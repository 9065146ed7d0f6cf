//! The remarks on an accepted code: the text's differences from its canonical form, and its unusual features.
//! A remark is shown beside the answer and never refuses anything.

use crate::closed::closed;

/// One remark. No variant holds a part of the number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Full-width characters were read as their ASCII ones.
    FullWidthConverted,
    /// Spaces were left out.
    SpacesRemoved,
    /// Small letters were read as capitals.
    LowerCaseConverted,
    /// The hyphen before the check character of an organisation code was left out.
    HyphenRemoved,
    /// A 15-digit citizen number was brought to its 18-character form.
    UpgradedFrom15,
    /// Only the organisation code was given: the full credit code is not known from it.
    OrganisationCodeOnly,
    /// The credit code is one of the pilot: its check characters are not those of the standard.
    PilotCode,
    /// The permanent resident ID has the form used before December 2023.
    FormerPermanentResidentId,
    /// The region code stands in no list, present or past.
    RegionUnknown,
    /// The region code is no longer in force; a holder who got it keeps it.
    RegionAbolished {
        /// The region's last name under that code.
        name: String,
        /// The last year in which it was in force.
        until: i32,
    },
    /// The region code is younger than the person, who was first registered later than born.
    RegionNewerThanBirth {
        /// The region's name.
        name: String,
        /// The first year in which it was in force.
        from: i32,
    },
}

closed! {
    /// The remark without its particulars.
    RemarkKind {
        FullWidthConverted, "full_width_converted", "全角字符已按半角读取", "full-width characters were read as ASCII";
        SpacesRemoved, "spaces_removed", "已忽略空格", "spaces were left out";
        LowerCaseConverted, "lower_case_converted", "小写字母已按大写读取", "small letters were read as capitals";
        HyphenRemoved, "hyphen_removed", "已忽略组织机构代码中的连字符", "the hyphen was left out";
        UpgradedFrom15, "upgraded_from_15", "15 位号码已换算为 18 位", "the 15-digit number was brought to 18 characters";
        OrganisationCodeOnly, "organisation_code_only", "仅提供组织机构代码，统一社会信用代码未知", "only the organisation code was given";
        PilotCode, "pilot_code", "试点时期的统一社会信用代码，校验码与国家标准不同，请与证照核对", "a credit code of the pilot, whose check characters are not those of the standard: compare with the document";
        FormerPermanentResidentId, "former_permanent_resident_id", "旧版外国人永久居留身份证号码", "a permanent resident ID of the former form";
        RegionUnknown, "region_unknown", "行政区划代码未收录，请核对", "the region code is in no list: compare with the document";
        RegionAbolished, "region_abolished", "行政区划代码已停用，号码仍有效", "the region code has ended; the number stays valid";
        RegionNewerThanBirth, "region_newer_than_birth", "行政区划代码启用晚于出生年份，请核对", "the region code began after the birth: compare with the document";
    }
}

impl Remark {
    /// Its kind.
    pub fn kind(&self) -> RemarkKind {
        match self {
            Self::FullWidthConverted => RemarkKind::FullWidthConverted,
            Self::SpacesRemoved => RemarkKind::SpacesRemoved,
            Self::LowerCaseConverted => RemarkKind::LowerCaseConverted,
            Self::HyphenRemoved => RemarkKind::HyphenRemoved,
            Self::UpgradedFrom15 => RemarkKind::UpgradedFrom15,
            Self::OrganisationCodeOnly => RemarkKind::OrganisationCodeOnly,
            Self::PilotCode => RemarkKind::PilotCode,
            Self::FormerPermanentResidentId => RemarkKind::FormerPermanentResidentId,
            Self::RegionUnknown => RemarkKind::RegionUnknown,
            Self::RegionAbolished { .. } => RemarkKind::RegionAbolished,
            Self::RegionNewerThanBirth { .. } => RemarkKind::RegionNewerThanBirth,
        }
    }

    /// The stable name on the wire.
    pub fn wire(&self) -> &'static str {
        self.kind().wire()
    }

    /// The remark in Chinese.
    pub fn text_zh(&self) -> String {
        match self {
            Self::RegionAbolished { name, until } => {
                format!("行政区划代码（{name}）已于 {until} 年后停用，号码仍有效")
            }
            Self::RegionNewerThanBirth { name, from } => {
                format!("行政区划代码（{name}）自 {from} 年起启用，晚于出生年份，请核对")
            }
            plain => plain.kind().zh().to_owned(),
        }
    }

    /// The remark in English.
    pub fn text_en(&self) -> String {
        match self {
            Self::RegionAbolished { name, until } => {
                format!("the region code ({name}) ended with {until}; the number stays valid")
            }
            Self::RegionNewerThanBirth { name, from } => {
                format!(
                    "the region code ({name}) began in {from}, after the birth: compare with the document"
                )
            }
            plain => plain.kind().en().to_owned(),
        }
    }
}
