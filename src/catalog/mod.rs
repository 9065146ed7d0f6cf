//! The catalog (证照目录): the types of certificates, their authorised issuers, the contents of the stock.
//!
//! * a type and its face: [`TypeDef`] as written in `schema/types/*.json`, [`TypeEntry`] once compiled,
//!   [`FaceSchema`] to check a face with;
//! * issuers: [`Agencies`] with succession, [`Authority`], [`Issuers::authorised`];
//! * authority over deaths and links: [`Empowerment`], [`Catalog::empowered`];
//! * the worth of "nothing found": [`Coverage`], [`Question`], [`absence`] (I13);
//! * code lists ([`CodeLists`]) and working days ([`Workdays`]);
//! * public services, their materials and ways: [`items`]; the systems that answer for departments: [`SourceSystem`];
//! * all of it together, immutable, behind one `Arc`: [`Catalog`].
//!
//! Pure: no I/O, no clock. A new type is a new file and no code: [`TypeEntry::from_json`].

mod agency;
mod applies;
mod authority;
mod builtin;
pub mod bundles;
mod codes;
mod coverage;
mod dates;
mod definition;
pub mod district;
mod empowerment;
mod errors;
mod face;
pub mod items;
mod label;
mod marks;
mod region;
mod role_face;
mod roles;
pub mod savings;
mod snapshot;
mod source;
mod status;
mod types;
mod validity;
mod workdays;

pub use agency::{Agencies, Agency, AgencyFault, Level, Nature};
pub use applies::{Applies, AskedRegions, FromAge, HolderKind, Unfit};
pub use authority::{Authority, AuthorityFault, AuthorityRef, Issuers, Via};
pub use codes::{CodeList, CodeListFault, CodeLists, ListedCode, Mark};
pub use coverage::{
    Absence, AbsenceKind, Coverage, CoveredRegion, FEED_LATE_S, Gap, Missing, MissingWhy, Question,
    QuestionFault, Why, absence,
};
pub use dates::{DateCheck, DateFacts, DateFault, DatePoint, DateRule, DateWhen};
pub use definition::{
    Custody, Duty, End, EndAction, EndBy, EndOn, EndState, EndWhen, Kind, NumberClass, NumberRule, Reissue,
    SeenCode, Sharing, SharingClass, TypeDef, Unseen, UnseenEnd, UpdateDue,
};
pub use empowerment::{Empowerment, EmpowermentFault, Empowerments, HolderSource, Statement};
pub use face::{
    Check, CheckRule, CrossCheck, Face, FaceFault, FaceNote, FaceRule, FaceSchema, Field, FieldKind,
    FieldSet, Format, HolderFacts, Mask, NoteKind, SchemaFault, described_faces, same_name,
};
pub use label::Label;
pub use marks::LifeMark;
pub use region::{Region, RegionFault};
pub use roles::{Role, RoleFault, Seat, ShareRule};
pub use snapshot::{Catalog, CatalogFault, CatalogParts};
pub use source::{SourceFault, SourceSystem};
pub use status::{FaceStatus, StatusMap, StatusState};
pub use types::{TypeEntry, TypeFault};
pub use validity::{AgeBand, Term, ValidityRule};
pub use workdays::{Workdays, WorkdaysFault};
