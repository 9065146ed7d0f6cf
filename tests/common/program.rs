//! The built program as an operator runs it: on a registry in a directory, by arguments, by signals.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use elicense::clock::Clock;
use elicense::registry::{Opening, Registry};
use elicense::store::{DbUrl, Place};
use elicense::trust::MasterKey;

use super::server::TestServer;
use super::{Backend, postgres};

/// How long a start or an end may take; a start waits for the lease of an owner that was killed.
const PATIENCE: Duration = Duration::from_secs(60);

/// A registry under the machine's clock, closed, with the file of its master key.
pub struct Installed {
    pub dir: tempfile::TempDir,
    /// Of a database that is not in the data directory.
    url: Option<String>,
    _database: Option<postgres::Database>,
}

impl Installed {
    /// On SQLite; `settle` fills it before it is closed.
    pub fn new(settle: impl FnOnce(&Registry)) -> Self {
        Self::on(Backend::Sqlite, settle).unwrap()
    }

    /// None where the backend is PostgreSQL and there is none: the caller counts itself skipped.
    pub fn on(backend: Backend, settle: impl FnOnce(&Registry)) -> Option<Self> {
        let database = match backend {
            Backend::Sqlite => None,
            Backend::Postgres => Some(postgres::Database::create()?),
        };
        let url = database.as_ref().map(|database| database.url.clone());
        let dir = tempfile::tempdir().unwrap();
        Some(Self { dir, url, _database: database }.founded(settle))
    }

    /// In an empty database of the test's own.
    pub fn at(url: &str, settle: impl FnOnce(&Registry)) -> Self {
        let (dir, url) = (tempfile::tempdir().unwrap(), Some(url.to_owned()));
        Self { dir, url, _database: None }.founded(settle)
    }

    fn founded(self, settle: impl FnOnce(&Registry)) -> Self {
        let installed = self;
        let mut place = Place::in_dir(&installed.data());
        if let Some(url) = &installed.url {
            place.url = DbUrl::parse(url).unwrap();
        }
        let master = MasterKey::create(&installed.key(), Some(&place.dir)).unwrap();
        let opening = Opening { place, master, clock: Clock::System, regions: super::demo_regions() };
        let (registry, _) = Registry::found(opening, &super::options()).unwrap();
        settle(&registry);
        drop(registry);
        installed
    }

    /// The files that the program's own `init` made in `data`, with `master.key` beside it.
    pub fn made_in(dir: tempfile::TempDir) -> Self {
        Self { dir, url: None, _database: None }
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn key(&self) -> PathBuf {
        self.dir.path().join("master.key")
    }

    /// A command on this registry, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.data(), &self.key(), arguments);
        if let Some(url) = &self.url {
            // Not an argument: a URL may hold a password, and arguments are seen by everybody.
            command.env("ELICENSE_DATABASE", url);
        }
        command
    }

    /// Runs a command to its end; `input` is its standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        finish(self.command(arguments), input)
    }

    /// Serves all doors on one port of the system's choice.
    pub fn serve(&self, more: &[&str]) -> Program {
        let any = "127.0.0.1:0";
        let mut arguments = vec![
            "serve",
            "--public",
            any,
            "--window",
            any,
            "--agency",
            any,
            "--admin",
            any,
            "--workers",
            "2",
        ];
        arguments.extend(more);
        Program::start(self.command(&arguments))
    }
}

/// A command of the built program on a registry, with nothing of the caller's environment.
pub fn command(data: &Path, key: &Path, arguments: &[&str]) -> Command {
    let mut command = bare(arguments);
    command.arg("--data").arg(data).arg("--master-key").arg(key);
    let regions = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/regions.demo.tsv");
    command.arg("--regions").arg(regions);
    command
}

pub fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_elicense"));
    command.args(arguments).env_clear();
    command
}

/// Runs to the end.
pub fn finish(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A program that refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// A running server and all it says on both outputs.
pub struct Program {
    pub child: Child,
    pub server: TestServer,
    said: Arc<Mutex<String>>,
    /// The part of it that went to standard error.
    complained: Arc<Mutex<String>>,
    readers: Vec<JoinHandle<()>>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    /// Starts it and waits until it says where it listens.
    pub fn start(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let complained = Arc::new(Mutex::new(String::new()));
        let readers = vec![
            keep(child.stdout.take().unwrap(), vec![said.clone()]),
            keep(child.stderr.take().unwrap(), vec![said.clone(), complained.clone()]),
        ];
        let mut program = Self { child, server: TestServer::at(String::new()), said, complained, readers };
        let listening = program.wait_for("listening on ", PATIENCE);
        let address = listening.split_whitespace().nth(2).unwrap();
        program.server = TestServer::at(address.to_owned());
        program
    }

    /// All it has said so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// The part that went to standard error.
    pub fn complained(&self) -> String {
        self.complained.lock().unwrap().clone()
    }

    /// Waits for a line that begins so.
    pub fn wait_for(&mut self, beginning: &str, patience: Duration) -> String {
        let until = Instant::now() + patience;
        loop {
            let said = self.said();
            // The last line may not be whole yet.
            let whole = said.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some(line) = whole.lines().find(|line| line.trim_start().starts_with(beginning)) {
                return line.trim_start().to_owned();
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("ended with {status} before `{beginning}`: {}", self.said());
            }
            assert!(Instant::now() < until, "never said `{beginning}`: {said}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends a signal by its name: TERM, KILL, STOP, CONT.
    pub fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for its end; returns all its output.
    pub fn end(mut self) -> (ExitStatus, String) {
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "does not end: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.said())
    }
}

/// Sends a signal to a process that the test started. By the shell's own `kill`: the program of that name belongs
/// to a package that a slim machine lacks.
pub fn signal(process: u32, name: &str) {
    let sent = Command::new("bash").args(["-c", &format!("kill -{name} {process}")]).status().unwrap();
    assert!(sent.success());
}

fn keep(stream: impl Read + Send + 'static, said: Vec<Arc<Mutex<String>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while stream.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            for said in &said {
                said.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
            }
            line.clear();
        }
    })
}
