//! Migrations killed at random moments, a row a transaction: every row there opens, and the next run goes on.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use elicense::clock::Moment;
use elicense::registry::Registry;
use elicense::store::{DbUrl, OlderRows, Place, Store};
use elicense::trust::MasterKey;

use crate::kept::{Kept, on_each};
use crate::{answers_as_before, fsck, migrate, server};

const URL: &str = "ELICENSE_UPGRADE_URL";
const DIR: &str = "ELICENSE_UPGRADE_DIR";
const KEY: &str = "ELICENSE_UPGRADE_KEY";
const AT: &str = "ELICENSE_UPGRADE_AT";

/// The process that is killed. Does nothing unless the environment says so.
#[test]
fn worker() {
    let Ok(url) = std::env::var(URL) else { return };
    let of = |name| std::env::var(name).unwrap();
    let place = Place { url: DbUrl::parse(&url).unwrap(), dir: of(DIR).into(), point_hops: false };
    let at: Moment = of(AT).parse().unwrap();
    let master = || MasterKey::read(of(KEY).as_ref(), None).unwrap();
    Store::migrate(&place, &master(), at).unwrap();
    let store = Store::open(&place, master(), at).unwrap();
    store.reseal(1, |_| ()).unwrap();
    std::thread::sleep(Duration::from_secs(60));
}

fn left(registry: &Registry) -> u64 {
    older(registry).iter().map(|table| table.rows).sum()
}

fn older(registry: &Registry) -> Vec<OlderRows> {
    registry.store().older_rows().unwrap()
}

/// Starts the worker and kills it a few milliseconds after it has begun to change rows.
fn kill_at_work(kept: &Kept, before: u64, after_ms: u64) {
    let url = match &kept.place.url {
        DbUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
        DbUrl::Postgres(url) => url.clone(),
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["killed::worker", "--exact", "--nocapture", "--test-threads=1"])
        .env(URL, url)
        .env(DIR, &kept.place.dir)
        .env(KEY, kept.key())
        .env(AT, kept.clock().now().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (registry, until) = (kept.open().unwrap(), Instant::now() + Duration::from_secs(60));
    while left(&registry) == before {
        assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");
        assert!(Instant::now() < until, "it never began");
    }
    std::thread::sleep(Duration::from_millis(after_ms));
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_killed_migration_is_finished_by_the_next() {
    on_each(|kept| {
        kept.steps();
        let all = left(&kept.open().unwrap());
        let (mut before, mut between) = (all, 0);
        for round in 0.. {
            // Moments of every kind: inside a transaction, between two, in the middle of a file's renaming.
            kill_at_work(&kept, before, round * 7 % 13);
            let registry = kept.open().unwrap();
            let now = left(&registry);
            assert!(now < before, "{before} rows of the older layout became {now}");
            fsck(&registry);
            before = now;
            if now == 0 {
                break;
            }
            between += 1;
        }
        assert!(between > 0, "no kill fell between two rows");
        let server = server::start(kept.open().unwrap());
        answers_as_before(&kept, &server);
        drop(server);
        let done = migrate(&kept);
        assert!(done.closed);
        assert_eq!(done.resealed.iter().map(|table| table.rows).sum::<u64>(), before);
        println!("{all} rows, {between} kills between two of them");
        fsck(&kept.open().unwrap());
    });
}
