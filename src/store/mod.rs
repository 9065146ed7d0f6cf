//! Everything that speaks SQL: connections, the two doors, one file per group of tables, sealing of rows.
//!
//! Use [`Store::read`] and [`Store::write`]; the methods of [`Reader`] and [`Writer`] are spread over the
//! files of this folder. `dialect` holds every line that depends on the kind of database. A [`Store`] is made
//! by [`Store::create`] (once, by `init`) or [`Store::open`]; nothing else makes a database (I11).

mod access;
mod access_lists;
mod alarms;
mod anchor_file;
mod anchors;
mod answers;
mod any;
mod attachment_days;
mod attempts;
mod backup;
mod bulk;
mod catalog;
mod charges;
mod conn;
mod dialect;
mod doors;
mod events;
mod file_kinds;
mod files;
mod handle;
mod holders;
mod judge;
mod keys;
mod locks;
mod logs;
mod making;
mod mappings;
mod migrate;
mod people;
mod place;
pub mod private;
mod proposals;
mod reads;
mod record_keys;
mod record_page;
mod records;
mod remembering;
mod reseal;
mod rewrap;
mod row_body;
mod schema;
mod sealed;
mod seals;
mod sequencer;
mod sizes;
mod tx;
mod url;
mod vault;
mod wal;
mod wals;
mod writes;

#[cfg(test)]
mod bytes_page;

pub use access::{AccessBatch, AccessItem, AccessPlace};
pub use access_lists::ListedRow;
pub use alarms::{Alarm, AlarmKind, AlarmsRead};
pub use anchors::fork_error;
pub use answers::{AnswerPlace, SourceAnswerRow};
pub use attempts::{AttemptKey, Patience};
pub use bulk::{SealedEvent, SealedKey, SealedRecord};
pub use catalog::{AgencyRow, AuthorityRow, CoverageRow, EmpowermentRow};
pub use charges::{Charge, Told, ToldRow, Tried};
pub use dialect::bulk::Load;
pub use doors::{Reader, Writer};
pub use events::{EventKey, StoredEvent};
pub use file_kinds::KeptFile;
pub use handle::Store;
pub use holders::{HolderBody, HolderMark, HolderState, Link, LinkKind, StoredHolder};
pub use judge::HeldLogs;
pub use keys::{DataKeyRow, PublicEvent, SigningKeyRow};
pub use making::held;
pub use mappings::MappingRow;
pub use people::{AccountRow, ClientRow, SessionRow};
pub use place::{Place, Side};
pub use proposals::{ProposalPlace, ProposalRow, SettledBy};
pub use reads::{READ_BOUNDS_US, ReadCounters};
pub use record_keys::RecordKey;
pub use record_page::{PageRoom, RecordPlace};
pub use records::{Opened, StoredRecord, WalkKey};
pub use reseal::{OlderRows, PAGE as RESEAL_PAGE};
pub use rewrap::Rewrapped;
pub use row_body::{NO_ENVELOPE, RowBody, envelope_digest};
pub use sealed::start;
pub use sequencer::AccessCommitter;
pub use sizes::TableSize;
pub use tx::Cost;
pub use url::DbUrl;
pub use vault::{Purpose, Vault};
pub use wal::WalCare;
pub use wals::Wals;
pub use writes::{ImportRunRow, StoredAnswer};
