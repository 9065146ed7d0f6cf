//! The use cases, one file per verb. They open the transactions, ask policy, write the logs.
//!
//! [`Registry`] is the handle of everything above: API, pages, command line. It is cheap to clone. A use case
//! takes the [`Actor`](crate::policy::Actor) first; `policy` decides once what the actor may see or do, and
//! the reason is kept. `registry/README.md` has the rules of practice that the code keeps.

mod access;
mod actions;
mod base;
mod cases;
mod fsck;
mod holders;
pub mod import;
pub mod intake;
mod past;
mod people;
mod published;
mod reading;
mod records;
mod sources;
mod transfer;
mod upkeep;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

pub use access::follower::Lag;
pub use access::held::Mended;
pub use access::line::{AccessLine, LineItem, LineOutcome, Untold};
pub use access::list::{AccessList, AccessPage, Viewer};
pub use access::sample::{DaySample, SampledFor, SampledLook, StaffDay};
pub use access::sharing::ToldCharges;
pub use access::withheld::Withheld;
pub use actions::command::{ActCommand, Acted, Endorsement};
pub use actions::decline::{DeclineCommand, Declined};
pub use actions::dispute::{DisputeCommand, DisputeWithdrawal, Disputed};
pub use actions::face_edit::FaceEdit;
pub use actions::proposals::{OpenProposal, ProposalList, ProposalsAsk};
pub use base::asked::{AskedHolder, Purpose, ReaderText, ReceiptForm, StatedPresence};
pub use base::idempotent::Once;
pub use base::log::AccessLog;
pub use base::receipt::HandedReceipt;
pub use base::snapshot::{AccountEnd, SignedWith, Snapshot};
pub use base::texts::recorded_name;
pub use cases::agent::AskedAgent;
pub use cases::answer::{Application, AppliedParty, AppliedPremise, AppliedSlot, AskedQuestion};
pub use cases::apply::Applied;
pub use cases::ask::{ApplicationAsk, AskedParty};
pub use cases::bundled::{BundleApplication, ItemConclusion, MergedMaterial};
pub use fsck::{
    CheckedLog, ContentDigest, Counts, Finding, FindingKind, ForeignIdentifier, FsckOptions, FsckReport,
    Unauthorised, record_name,
};
pub use holders::catch_up::CaughtUp;
pub use holders::link::LinkCommand;
pub use holders::linked::{Related, Relation};
pub use holders::lives::MarkMade;
pub use holders::mark::{HolderChanged, MarkCommand};
pub use holders::rekey::Rekeyed;
pub use import::{ImportOptions, ImportProgress, ImportReport};
pub use past::history::{HistoryAnswer, HistoryAsk, HistoryEvent, HistoryVersion};
pub use past::then::{AskedStanding, DayAnswer};
pub use people::accounts::{NewAccount, PATIENCE, SESSION_IDLE_S, SESSION_LIFE_S, SignIn, SignedIn};
pub use people::clients::NewClient;
pub use people::protected::ProtectedLine;
pub use people::staff::{AccountChange, AccountDeed, MovedAccount};
pub use published::bundles::{BundleCheck, refused as refused_bundle};
pub use published::coverage::CoverageStated;
pub use published::heartbeat::{FeedTold, Heartbeat};
pub use published::items::{ItemCheck, refused as refused_item};
pub use published::withdraw::Withdrawal;
pub use reading::attachments::{ATTACHMENT_LIMIT, AttachmentAsk, AttachmentShown};
pub use reading::directory::{DirectoryAnswer, DirectoryAsk, DirectoryHolder, DirectoryLine};
pub use reading::lookup::{
    AbsentType, Answered, Ask, FoundHolder, FoundRecord, Judged, LookedUp, LookupAnswer, OpenedRecord,
    ShownBody, Within,
};
pub use reading::verify::{
    ComparedField, FieldMatch, LoggedEvent, SaidAnswer, VerifiedIssuer, VerifiedThing, VerifyAnswer,
    VerifyAsk,
};
pub use records::directory::{DirectoryDraft, DirectoryPut};
pub use records::draft::{Draft, DraftHolder};
pub use records::ends::{Ended, Proposal};
pub use records::issue::Issued;
pub use records::refusal::NamedInRequest;
pub use records::signed::IssueOutcome;
pub use records::submitted::{Beginning, Origin, Sent, SentLine, Submitted};
pub use transfer::export::ExportCount;
pub use transfer::read_back::{ReadBack, ReadOptions};
pub use upkeep::accept::AcceptedLogs;
pub use upkeep::backup::{BackedUp, BackupFile, BackupLog, Manifest};
pub use upkeep::init::{Founding, FoundingOptions};
pub use upkeep::logs::{Consistency, Inclusion, LogInfo};
pub use upkeep::migrate::Migrated;
pub use upkeep::restore::{Restored, RestoredInPlace};
pub use upkeep::succession::Closed;

use crate::clock::{Clock, Moment};
use crate::error::{Code, Error, Result};
use crate::identity::Regions;
use crate::log::LogSigner;
use crate::policy::{Guard, Tries};
use crate::registry::sources::desk::SourceDesk;
use crate::store::{Place, Store};
use crate::trust::MasterKey;
use crate::trust::remembered::Remembered;

/// A policy read longer ago than this answers no lookup: another process may have ended a client since.
const SNAPSHOT_AGE: Duration = Duration::from_secs(1);

/// An open registry.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Clock,
    regions: Regions,
    /// Replaced as a whole; a reader keeps its copy for as long as its request lasts.
    snapshot: RwLock<Arc<Snapshot>>,
    /// When the registry was opened; [`Inner::confirmed`] counts from here.
    opened: Instant,
    /// Microseconds from `opened` to when the config version was last found equal to the snapshot's. Read by
    /// every request, several times.
    confirmed: AtomicU64,
    /// Opened signing keys of logs, by log name.
    signers: Mutex<HashMap<String, Arc<LogSigner>>>,
    access: RwLock<Option<Arc<AccessLog>>>,
    /// Secrets of clients that were right.
    remembered: Remembered,
    /// Who was charged for whom; gives out permits.
    guard: Guard,
    /// Refusals and comparisons of late.
    tries: Tries,
    /// Questions to departments' systems.
    desk: SourceDesk,
}

/// The settings for opening a registry.
pub struct Opening {
    /// Its place.
    pub place: Place,
    /// Its master key.
    pub master: MasterKey,
    /// The present.
    pub clock: Clock,
    /// Region names; the demo adds its own.
    pub regions: Regions,
}

impl Registry {
    /// Opens an existing registry, if its logs go on from their confirmed state.
    ///
    /// # Errors
    /// `log_forked` if a log does not: nothing may be signed on it. The same with `anchors_missing` if the
    /// confirmed state is lost.
    pub fn open(opening: Opening) -> Result<Self> {
        Self::unheld(opening)?.held()
    }

    /// The same over a store that is open.
    fn of_store(store: Store, clock: Clock, regions: Regions) -> Result<Self> {
        Self::check_founded(&store)?;
        Self::over(store, clock, regions)?.held()
    }

    fn held(self) -> Result<Self> {
        self.hold_memory(None)?;
        self.hold_logs()?;
        self.store().remember(None)?;
        self.tell_clock();
        Ok(self)
    }

    /// Opens an existing registry even if its logs are bad: for commands that report the fault, or mend it.
    pub fn open_as_found(opening: Opening) -> Result<Self> {
        let registry = Self::unheld(opening)?;
        registry.take_logs_as_found();
        Ok(registry)
    }

    fn unheld(opening: Opening) -> Result<Self> {
        let store = Store::open(&opening.place, opening.master, opening.clock.now())?;
        Self::check_founded(&store)?;
        Self::over(store, opening.clock, opening.regions)
    }

    fn over(store: Store, clock: Clock, regions: Regions) -> Result<Self> {
        let snapshot = Snapshot::read(&store)?;
        let inner = Inner {
            store,
            clock,
            regions,
            snapshot: RwLock::new(Arc::new(snapshot)),
            opened: Instant::now(),
            confirmed: AtomicU64::new(0),
            signers: Mutex::default(),
            access: RwLock::default(),
            remembered: Remembered::new()?,
            guard: Guard::default(),
            tries: Tries::default(),
            desk: SourceDesk::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The present instant.
    pub fn now(&self) -> Moment {
        self.inner.clock.now()
    }

    /// The source of the present.
    pub fn clock(&self) -> &Clock {
        &self.inner.clock
    }

    /// The database below; for commands that maintain it (backup, fsck) and for tests.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// What gives out permits: who was charged for whom today.
    pub fn guard(&self) -> &Guard {
        &self.inner.guard
    }

    /// How often somebody tried: asked at every door before anything else.
    pub fn tries(&self) -> &Tries {
        &self.inner.tries
    }

    /// Region names.
    pub fn regions(&self) -> &Regions {
        &self.inner.regions
    }

    /// Policy and catalog as last read, however long ago.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.inner.snapshot.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Policy and catalog; `policy_stale` if they could not be confirmed for a second.
    pub fn fresh_snapshot(&self) -> Result<Arc<Snapshot>> {
        let confirmed = Duration::from_micros(self.inner.confirmed.load(Ordering::Acquire));
        if self.inner.opened.elapsed().saturating_sub(confirmed) > SNAPSHOT_AGE {
            return Err(Error::new(Code::PolicyStale, ""));
        }
        Ok(self.snapshot())
    }

    /// The same for long work that nothing else keeps fresh: it confirms them anew before they are too old. Blocks.
    pub(in crate::registry) fn kept_fresh(&self) -> Result<Arc<Snapshot>> {
        let confirmed = Duration::from_micros(self.inner.confirmed.load(Ordering::Acquire));
        if self.inner.opened.elapsed().saturating_sub(confirmed) > SNAPSHOT_AGE / 4 {
            self.refresh()?;
        }
        Ok(self.snapshot())
    }

    /// Compares the config version and reads changed parts anew. `serve` calls it every 250 ms, commands
    /// before each use case.
    pub fn refresh(&self) -> Result<()> {
        let known = self.snapshot().version;
        let version = self.inner.store.read_now(|reader| reader.config_version())?;
        if version != known {
            self.inner.store.load_data_keys()?;
            let snapshot = Arc::new(Snapshot::read(&self.inner.store)?);
            *self.inner.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        }
        let confirmed = u64::try_from(self.inner.opened.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.inner.confirmed.store(confirmed, Ordering::Release);
        Ok(())
    }
}
