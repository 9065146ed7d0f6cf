//! The process to kill, and its parent's end of it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use elicense::clock::{Clock, Moment};
use elicense::log::TreeReader;
use elicense::registry::{ApplicationAsk, Ask, Opening, Registry, Submitted};
use elicense::store::{DbUrl, Place, Side};
use elicense::trust::MasterKey;
use serde_json::json;

use crate::common::{self, MASTER, World, items, operator, people};
use crate::imports;

const JOB: &str = "ELICENSE_CRASH_WORKER";
const URL: &str = "ELICENSE_CRASH_URL";
const DIR: &str = "ELICENSE_CRASH_DIR";
const AT: &str = "ELICENSE_CRASH_AT";
const ROUND: &str = "ELICENSE_CRASH_ROUND";
/// How many things to do before ending on its own; endless where it is not set.
pub const COUNT: &str = "ELICENSE_CRASH_COUNT";
/// The longest wait for a worker's next line; after it the test fails instead of waiting for ever.
const PATIENCE: Duration = Duration::from_secs(60);

/// The work of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    Issue,
    Lookup,
    Apply,
    Import,
}

impl Job {
    fn wire(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Lookup => "lookup",
            Self::Apply => "apply",
            Self::Import => "import",
        }
    }
}

/// The time of a round. It goes on by more than a lease, so that a log whose owner was killed can be claimed.
/// Workers that issue have no lease and see a clock that jumps back and forth.
fn moment(job: Job, round: u32) -> Moment {
    let noon = common::noon();
    match job {
        Job::Lookup | Job::Apply => noon.plus_seconds(i64::from(round) * 60),
        Job::Issue | Job::Import if round % 3 == 2 => noon.plus_seconds(-3_600),
        Job::Issue | Job::Import => noon.plus_seconds(i64::from(round) * 7),
    }
}

/// A running worker.
pub struct Worker {
    child: Child,
    /// Whole lines only: one that was cut in the middle was not told.
    out: Receiver<String>,
    lines: Vec<String>,
}

/// Reads lines as they come, so that nobody waits for one without an end.
fn whole_lines(out: ChildStdout) -> Receiver<String> {
    let (told, lines) = channel();
    std::thread::spawn(move || {
        let mut out = BufReader::new(out);
        let mut line = String::new();
        while out.read_line(&mut line).is_ok_and(|read| read > 0) && line.ends_with('\n') {
            if told.send(line.trim_end().to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    lines
}

impl Worker {
    /// Starts one and waits until it says that it works. `under` is a program to run it under, with arguments.
    pub fn start(world: &World, job: Job, round: u32, under: &[&str]) -> Self {
        let mut worker = Self::spawn(world, job, round, under, None);
        worker.wait_ready();
        worker
    }

    /// Starts one that ends by itself after `count` things; its lines.
    pub fn run(world: &World, job: Job, round: u32, under: &[&str], count: u32) -> Vec<String> {
        let mut worker = Self::spawn(world, job, round, under, Some(count));
        while let Some(line) = worker.line() {
            worker.lines.push(line);
        }
        let ended = worker.child.wait().unwrap();
        assert!(ended.success(), "the worker ended with {ended}: {:?}", worker.lines);
        worker.lines()
    }

    fn spawn(world: &World, job: Job, round: u32, under: &[&str], count: Option<u32>) -> Self {
        let own = std::env::current_exe().unwrap();
        let mut command = match under.split_first() {
            Some((program, arguments)) => {
                let mut command = Command::new(program);
                command.args(arguments).arg(own);
                command
            }
            None => Command::new(own),
        };
        let url = match &world.place.url {
            DbUrl::Sqlite(path) => format!("sqlite://{}", path.display()),
            DbUrl::Postgres(url) => url.clone(),
        };
        command
            .args(["worker::worker", "--exact", "--nocapture", "--test-threads=1"])
            .env(JOB, job.wire())
            .env(URL, url)
            .env(DIR, &world.place.dir)
            .env(AT, moment(job, round).to_string())
            .env(ROUND, round.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        if let Some(count) = count {
            command.env(COUNT, count.to_string());
        }
        let mut child = command.spawn().unwrap();
        let out = whole_lines(child.stdout.take().unwrap());
        Self { child, out, lines: Vec::new() }
    }

    /// Its next line; none once it has ended.
    fn line(&mut self) -> Option<String> {
        use std::sync::mpsc::RecvTimeoutError;
        match self.out.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => {
                panic!("the worker said nothing for {PATIENCE:?}: {:?}", self.lines)
            }
        }
    }

    fn wait_ready(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Some(line) = self.line() else {
                panic!("the worker ended before it was ready: {:?}", self.child.wait());
            };
            assert!(Instant::now() < deadline, "the worker is not ready after {PATIENCE:?}");
            if line.ends_with("READY") {
                return;
            }
        }
    }

    /// Waits until it has acknowledged that many things.
    pub fn wait_for(&mut self, lines: u64) {
        for _ in 0..lines {
            let Some(line) = self.line() else { panic!("the worker ended at work: {:?}", self.child.wait()) };
            self.lines.push(line);
        }
    }

    /// SIGKILL: no handler runs, no buffer is written. A worker that ended by itself, by a panic too, was not
    /// killed, and a test that took it for killed would prove nothing.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.signal(), Some(9), "the worker ended before it was killed: {ended}");
        while let Some(line) = self.line() {
            self.lines.push(line);
        }
    }

    /// Its acknowledgements.
    pub fn lines(&self) -> Vec<String> {
        self.lines.clone()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The worker itself: nothing unless it was started as one.
#[test]
fn worker() {
    let Ok(job) = std::env::var(JOB) else { return };
    let clock = Clock::fixed(std::env::var(AT).unwrap().parse().unwrap());
    let place = Place {
        url: DbUrl::parse(&std::env::var(URL).unwrap()).unwrap(),
        dir: std::env::var(DIR).unwrap().into(),
        point_hops: false,
    };
    let master = MasterKey::from_bytes(MASTER);
    let registry = Registry::open(Opening { place, master, clock, regions: common::demo_regions() }).unwrap();
    let round: u32 = std::env::var(ROUND).unwrap().parse().unwrap();
    let count: u32 = std::env::var(COUNT).map_or(u32::MAX, |count| count.parse().unwrap());
    match job.as_str() {
        "issue" => issue(&registry, round, count),
        "lookup" => lookup(&registry, count),
        "apply" => apply(&registry, count),
        "import" => imports::work(&registry, round),
        other => panic!("no job {other}"),
    }
}

/// One line, written at once: bytes in a buffer when the process dies were not acknowledged.
pub fn tell(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

pub fn head(registry: &Registry, side: Side, log: &str) -> (u64, String) {
    let head = registry.store().read_side_now(side, |reader| reader.head(log)).unwrap().unwrap();
    (head.size, hex(head.root.as_bytes()))
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn issue(registry: &Registry, round: u32, count: u32) {
    tell("READY");
    for serial in 0..count {
        registry.refresh().unwrap();
        let draft = people::marriage(&format!("J190101-{round:04}-{serial:06}"));
        let issued = registry.issue(&operator(), &Submitted::Draft(draft)).unwrap();
        let (size, root) = head(registry, Side::Registry, "records");
        tell(&format!("ISSUED {} {} {size} {root}", issued.identifier, issued.leaf));
    }
}

fn lookup(registry: &Registry, count: u32) {
    registry.start_access("main").unwrap();
    let ask: Ask = serde_json::from_value(json!({
        "holder": {"type": "111", "code": people::CHEN}, "types": ["resident_id_card"],
        "purpose": {"item": items::CODE, "reason": "窗口办理"},
    }))
    .unwrap();
    tell("READY");
    common::run(async {
        for _ in 0..count {
            registry.refresh().unwrap();
            let prepared = registry.prepare_lookup(&ask).unwrap();
            let answered = registry.lookup(&operator(), prepared).await.unwrap();
            let answer: serde_json::Value = serde_json::from_slice(&answered.body).unwrap();
            assert_eq!(answer["records"][0]["verdict"], "valid");
            let receipt = &answer["receipt"];
            let note = receipt["checkpoint"].as_str().unwrap().replace('\n', "|");
            tell(&format!("ANSWERED {} {} {note}", receipt["index"], receipt["entry"].as_str().unwrap()));
        }
    });
}

/// Applications of two people each: an access of both, or no answer.
fn apply(registry: &Registry, count: u32) {
    registry.start_access("main").unwrap();
    let mut ask = items::of(people::CHEN);
    let second = items::of(people::ZHOU)["parties"][0].clone();
    ask["parties"].as_array_mut().unwrap().push(second);
    let ask: ApplicationAsk = serde_json::from_value(ask).unwrap();
    tell("READY");
    common::run(async {
        for _ in 0..count {
            registry.refresh().unwrap();
            let answered = registry.apply(&operator(), &ask).await.unwrap();
            let answer = serde_json::to_value(answered).unwrap();
            assert_eq!(answer["slots"][0]["outcome"], "pulled");
            let parties = answer["parties"].as_array().unwrap();
            assert_eq!(parties.len(), 2);
            for receipt in parties.iter().map(|party| &party["receipt"]) {
                let note = receipt["checkpoint"].as_str().unwrap().replace('\n', "|");
                tell(&format!("ANSWERED {} {} {note}", receipt["index"], receipt["entry"].as_str().unwrap()));
            }
        }
    });
}
