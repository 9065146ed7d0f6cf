//! The limit of open files, and the number of connections that fit below it. A process without free files can
//! open no connection and no database.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Connections kept for the admin door, so that health and metrics answer while the other doors are full.
pub const ADMIN_SHARE: usize = 32;
/// Files that databases, attachments and logs may open beside those that are open at the start.
const SPARE: usize = 64;
/// Files of a worker thread: its queue of events and its waker.
const PER_WORKER: usize = 4;
/// The least connections of a socket, for any limit.
const LEAST: usize = 16;

/// Raises the soft limit to the hard one and returns the limit that holds then. If it cannot be raised, the
/// present limit must do.
pub fn raise() -> usize {
    let now = getrlimit(Resource::Nofile);
    if now.current != now.maximum {
        let wanted = Rlimit { current: now.maximum, maximum: now.maximum };
        if let Err(fault) = setrlimit(Resource::Nofile, wanted) {
            log::warn!("the limit of open files could not be raised: {fault}");
        }
    }
    counted(getrlimit(Resource::Nofile).current)
}

/// The limit that [`raise`] can reach.
pub fn hard_limit() -> usize {
    counted(getrlimit(Resource::Nofile).maximum)
}

/// No limit is the largest one.
fn counted(limit: Option<u64>) -> usize {
    limit.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// The open files of this process; zero if the system does not tell.
pub fn in_use() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// How many connections each socket except admin's may hold: the rest of the limit, in equal shares, at most
/// `wished` in all.
pub fn share(limit: usize, in_use: usize, workers: usize, sockets: usize, wished: usize) -> usize {
    let taken = in_use + SPARE + ADMIN_SHARE + workers * (PER_WORKER + super::connections::SLACK);
    (limit.saturating_sub(taken).min(wished) / sockets.max(1)).max(LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_of_all_sockets_stay_below_the_limit() {
        for (limit, workers, sockets) in [(1024, 8, 3), (1024, 2, 1), (4096, 256, 4), (524_288, 8, 3)] {
            let each = share(limit, 40, workers, sockets, 1_000_000);
            let all = each * sockets + ADMIN_SHARE + workers * super::super::connections::SLACK;
            assert!(each > LEAST && all + 40 + SPARE <= limit, "{limit}: {each}");
        }
        assert_eq!(share(524_288, 40, 8, 2, 10_000), 5_000, "no more than is wished");
        assert_eq!(share(64, 40, 8, 3, 10_000), LEAST, "a hopeless limit still serves");
    }

    #[test]
    fn the_limit_is_the_hard_one_afterwards() {
        let hard = getrlimit(Resource::Nofile).maximum;
        assert_eq!(raise(), hard.map_or(usize::MAX, |files| usize::try_from(files).unwrap()));
        assert!(in_use() > 2);
    }
}
