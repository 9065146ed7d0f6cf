//! Why an append or a claim did not happen.

use super::anchor::Fork;
use crate::clock::Moment;
use crate::error::{Code, Error};
use crate::rule::Rule;

/// The reason why an append or a claim failed. After any of them the transaction is rolled back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogFault<E> {
    /// The database failed.
    #[error("the log's storage failed")]
    Store(#[source] E),
    /// Logs are made by `init` or `log add`, never by an append (I11).
    #[error("there is no log of this name")]
    Unknown,
    /// A closed log has a last checkpoint.
    #[error("the log is closed")]
    Closed,
    /// Another owner or another append came between: the state that was read is no basis for a signature.
    #[error("another process has taken the log")]
    Lost,
    /// A claim while the lease of another owner is alive.
    #[error("another process holds the log until {until}")]
    Held {
        /// The end of its lease.
        until: Moment,
    },
    /// Stored parts of the log contradict each other; names the part. Nothing may be signed on them (I14).
    #[error("the log's {0} contradicts its head")]
    Forked(Part),
    /// The log does not go on from its confirmed state (I14).
    #[error("{0}")]
    WentBack(Fork),
    /// An append without entries would make a second checkpoint of one size.
    #[error("a batch has at least one entry")]
    Empty,
    /// The tree would have 2^63 leaves or more.
    #[error("the log is full")]
    Full,
}

/// The part of a stored log that contradicts the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The frontier is malformed or has another size or root than the head.
    Frontier,
    /// The checkpoint does not verify or has another size or root than the head.
    Checkpoint,
    /// Entries or tile roots on the right edge do not give the frontier.
    Entries,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Frontier => "frontier",
            Self::Checkpoint => "checkpoint",
            Self::Entries => "stored entries",
        })
    }
}

impl<E> LogFault<E> {
    /// The stable name of the rule that failed.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Store(_) => Rule::LogStorage,
            Self::Unknown => Rule::LogUnknown,
            Self::Closed => Rule::LogClosed,
            Self::Lost => Rule::LogLost,
            Self::Held { .. } => Rule::LogHeld,
            Self::Forked(Part::Frontier) => Rule::LogForkedFrontier,
            Self::Forked(Part::Checkpoint) => Rule::LogForkedCheckpoint,
            Self::Forked(Part::Entries) => Rule::LogForkedEntries,
            Self::WentBack(fork) => fork.rule(),
            Self::Empty => Rule::BatchEmpty,
            Self::Full => Rule::LogFull,
        }
    }
}

impl<E: Into<Error>> From<LogFault<E>> for Error {
    fn from(fault: LogFault<E>) -> Self {
        let rule = fault.rule();
        let code = match fault {
            LogFault::Store(error) => return error.into(),
            LogFault::Unknown => Code::NotInitialised,
            LogFault::Closed => Code::LogClosed,
            LogFault::Lost | LogFault::Held { .. } => Code::LogLost,
            LogFault::Forked(_) | LogFault::WentBack(_) => Code::LogForked,
            LogFault::Empty | LogFault::Full => Code::Internal,
        };
        Error::new(code, fault_detail(&fault)).rule(rule)
    }
}

fn fault_detail<E>(fault: &LogFault<E>) -> String {
    match fault {
        LogFault::Held { until } => format!("held until {until}"),
        LogFault::Forked(part) => format!("the {part} contradicts the head"),
        LogFault::WentBack(fork) => fork.to_string(),
        LogFault::Store(_)
        | LogFault::Unknown
        | LogFault::Closed
        | LogFault::Lost
        | LogFault::Empty
        | LogFault::Full => String::new(),
    }
}
