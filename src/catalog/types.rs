//! A type ready to work with: its definition and its compiled face.

use crate::catalog::dates;
use crate::catalog::definition::{EndAction, EndBy, EndOn, EndState};
use crate::catalog::marks;
use crate::catalog::role_face;
use crate::catalog::roles::{self, RoleFault, Seat};
use crate::catalog::status;
use crate::catalog::{
    Applies, CodeLists, DateCheck, DateFacts, DateFault, DatePoint, DateRule, FaceSchema, Mask, NumberClass,
    SchemaFault, TypeDef,
};
use crate::rule::Rule;

/// One version of a type, compiled.
#[derive(Debug, Clone)]
pub struct TypeEntry {
    def: TypeDef,
    face: FaceSchema,
}

/// Why a type definition was refused.
#[derive(Debug, thiserror::Error)]
pub enum TypeFault {
    /// The text is not a type definition; serde's words say where.
    #[error("not a type definition: {0}")]
    Shape(#[from] serde_json::Error),
    /// The code is not 18 characters of a credit code and three digits.
    #[error("{slug}: a type code is 18 characters 0-9A-Z and three digits")]
    CodeForm {
        /// The type.
        slug: String,
    },
    /// The slug is not lower-case letters, digits and underscores.
    #[error("a slug is lower-case letters, digits and underscores, at most 40")]
    SlugForm,
    /// Two parts of the definition contradict each other.
    #[error("{slug}: {what}")]
    Inconsistent {
        /// The type.
        slug: String,
        /// The contradiction.
        what: String,
    },
    /// The face schema was refused.
    #[error("{slug}: face: {source}")]
    Face {
        /// The type.
        slug: String,
        /// The cause.
        source: SchemaFault,
    },
}

impl TypeFault {
    /// The stable name of the rule.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Shape(_) => Rule::TypeShape,
            Self::CodeForm { .. } => Rule::TypeCodeForm,
            Self::SlugForm => Rule::TypeSlugForm,
            Self::Inconsistent { .. } => Rule::TypeInconsistent,
            Self::Face { source, .. } => source.rule(),
        }
    }
}

impl TypeEntry {
    /// Reads and compiles one file of `schema/types`, or one that an operator brings.
    pub fn from_json(text: &str, lists: &CodeLists) -> Result<Self, TypeFault> {
        Self::compile(serde_json::from_str(text)?, lists)
    }

    /// Compiles a definition against the code lists.
    pub fn compile(def: TypeDef, lists: &CodeLists) -> Result<Self, TypeFault> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        if !(1..=40).contains(&def.slug.len()) || !def.slug.bytes().all(plain) {
            return Err(TypeFault::SlugForm);
        }
        let slug = || def.slug.clone();
        let agency = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
        let tail = def.code.get(18..).unwrap_or_default();
        if def.code.len() != 21
            || !def.code.bytes().all(agency)
            || !tail.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(TypeFault::CodeForm { slug: slug() });
        }
        let face = FaceSchema::compile(&def.face, &def.holders, lists)
            .map_err(|source| TypeFault::Face { slug: slug(), source })?;
        let entry = Self { face, def };
        match entry.inconsistency() {
            Some(what) => Err(TypeFault::Inconsistent { slug: entry.def.slug, what }),
            None => Ok(entry),
        }
    }

    /// The definition as it was written.
    pub fn def(&self) -> &TypeDef {
        &self.def
    }

    /// The compiled face.
    pub fn face(&self) -> &FaceSchema {
        &self.face
    }

    /// Checks how many holders there are in which role, and their shares. All faults are listed.
    ///
    /// `face` decides whether shares are required (按份共有) and need not be checked before.
    pub fn check_holders(&self, face: &serde_json::Value, seats: &[Seat<'_>]) -> Result<(), Vec<RoleFault>> {
        let faults = roles::check(&self.def.holders, face, seats);
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// Checks the days of a face against each other, the record, the holders' births and today. What ended is for
    /// [`TypeEntry::check_ends`].
    pub fn check_dates(&self, face: &serde_json::Value, facts: &DateFacts<'_>) -> DateCheck {
        dates::check(&self.def.dates, face, facts)
    }

    /// The roles whose end a rule about days asks for.
    pub fn ended_roles(&self) -> impl Iterator<Item = &str> {
        self.def.dates.iter().filter_map(DateRule::ended_role)
    }

    /// Checks the days of a face against the ends of the holders: the first broken rule. `corrects`: the day of issue is
    /// that of the correction and says nothing; the days on the face do.
    pub fn check_ends(
        &self,
        face: &serde_json::Value,
        facts: &DateFacts<'_>,
        corrects: bool,
    ) -> Option<DateFault> {
        let of_ends = self.def.dates.iter().filter(|rule| rule.ended_role().is_some());
        let of_ends = of_ends.filter(|rule| !(corrects && rule.first == DatePoint::IssuedOn));
        dates::check(of_ends, face, facts).fault
    }

    /// The certificate's number as it stands in `face`.
    pub fn number<'f>(&self, face: &'f serde_json::Value) -> Option<&'f str> {
        face.get(&self.def.number.field)?.as_str()
    }

    fn inconsistency(&self) -> Option<String> {
        let def = &self.def;
        if def.version == 0 {
            return Some("versions count from 1".into());
        }
        if def.holders.is_empty() {
            return Some("a type has at least one role of holder".into());
        }
        let Some(number) = self.face.fields().iter().find(|field| field.name == def.number.field) else {
            return Some(format!("the face has no field {} for the number", def.number.field));
        };
        if def.number.class == NumberClass::ContainsId && number.mask == Mask::None {
            return Some(format!("{} contains the holder's number and has no mask", number.name));
        }
        if let Some(what) = def.applies.as_ref().and_then(Applies::inconsistency) {
            return Some(what);
        }
        if !def.validity.bands_rise() {
            return Some("the age bands do not rise".into());
        }
        let matching = |state, action| {
            matches!(
                (state, action),
                (EndState::Cancelled, EndAction::Cancel) | (EndState::Lapsed, EndAction::Lapse)
            )
        };
        if let Some(end) = def.ends.iter().find(|end| !matching(end.state, end.action)) {
            return Some(format!("the action that ends {} does not lead to that state", end.ended));
        }
        if let Some(end) = def.ends.iter().find(|end| end.on == EndOn::Cancel && end.by == EndBy::Rule) {
            return Some(format!("the end of {} by a cancellation is proposed to its issuer", end.ended));
        }
        if def.ends.iter().any(|end| end.ended == def.slug) {
            return Some("a type does not end itself: that is a new version".into());
        }
        if def.relay_only && def.derivable {
            return Some("what is only relayed is not derived".into());
        }
        role_face::inconsistencies(&def.holders, &self.face)
            .or_else(|| dates::inconsistency(&def.dates, &def.holders, &self.face))
            .or_else(|| status::inconsistency(def.status.as_ref(), &self.face))
            .or_else(|| marks::inconsistency(&def.marks, &def.holders, &self.face))
    }
}
