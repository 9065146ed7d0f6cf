//! A department's system of the test's own: it reads one question a connection and answers what the test says, however
//! wrong; and the program's simulated one, as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use elicense::catalog::SourceSystem;
use elicense::clock::Moment;
use elicense::record::question::{SourceAnswer, SourceQuestion, SourceWord};
use elicense::registry::Registry;
use elicense::trust::envelope::Limits;
use elicense::trust::{EnvelopeBuf, SigningKey, Typ};

use super::program;

/// What the test's own system does with a question.
pub enum Reply {
    /// This text under status 200.
    Text(String),
    /// These bytes, as they are, instead of an answer of HTTP; then it closes.
    Raw(Vec<u8>),
    /// Nothing for so long, then it closes.
    Hang(Duration),
}

type Behaviour = Box<dyn FnMut(&SourceQuestion) -> Reply + Send>;

/// A system that answers on a port of its own for as long as the test runs.
pub struct Fake {
    pub url: String,
    pub key: SigningKey,
    behaviour: Arc<Mutex<Behaviour>>,
    asked: Arc<Mutex<Vec<SourceQuestion>>>,
}

impl Fake {
    /// One that says yes.
    pub fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/q", socket.local_addr().unwrap());
        let key = SigningKey::generate().unwrap();
        let fake = Self {
            url,
            key: again(&key),
            behaviour: Arc::new(Mutex::new(Box::new(move |question| {
                Reply::Text(signed(&told(question, SourceWord::Yes), &key))
            }))),
            asked: Arc::default(),
        };
        let (behaviour, asked) = (fake.behaviour.clone(), fake.asked.clone());
        std::thread::spawn(move || {
            for stream in socket.incoming() {
                let (behaviour, asked) = (behaviour.clone(), asked.clone());
                std::thread::spawn(move || serve(stream.unwrap(), &behaviour, &asked));
            }
        });
        fake
    }

    /// What it does from now on.
    pub fn does(&self, behaviour: impl FnMut(&SourceQuestion) -> Reply + Send + 'static) {
        *self.behaviour.lock().unwrap() = Box::new(behaviour);
    }

    /// It signs what the test makes of the right answer.
    pub fn signs(&self, change: impl Fn(SourceAnswer) -> SourceAnswer + Send + 'static) {
        let key = again(&self.key);
        self.does(move |question| Reply::Text(signed(&change(told(question, SourceWord::Yes)), &key)));
    }

    /// It says that word.
    pub fn says(&self, word: SourceWord) {
        self.signs(move |answer| SourceAnswer { answer: Some(word), ..answer });
    }

    /// The questions that came, repetitions too.
    pub fn asked(&self) -> Vec<SourceQuestion> {
        self.asked.lock().unwrap().clone()
    }
}

/// The same key once more.
pub fn again(key: &SigningKey) -> SigningKey {
    SigningKey::from_seed(&key.seed()).unwrap()
}

/// The right answer to a question.
pub fn told(question: &SourceQuestion, word: SourceWord) -> SourceAnswer {
    SourceAnswer {
        answer: question.holder.as_ref().map(|_| word),
        at: question.at,
        evidence: Vec::new(),
        holder: question.holder.clone(),
        nonce: question.nonce,
        question: question.question.clone(),
        text: None,
        v: 1,
        valid_until: question.at.plus_seconds(600),
    }
}

pub fn signed(answer: &SourceAnswer, key: &SigningKey) -> String {
    EnvelopeBuf::sign(Typ::Answer, &answer.to_canonical().unwrap(), key).unwrap().compact()
}

fn serve(stream: TcpStream, behaviour: &Mutex<Behaviour>, asked: &Mutex<Vec<SourceQuestion>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let envelope =
        EnvelopeBuf::parse_compact(std::str::from_utf8(&body).unwrap(), Limits::default()).unwrap();
    assert_eq!(envelope.view().header().unwrap().typ, Typ::Question);
    let question: SourceQuestion = serde_json::from_slice(envelope.view().payload()).unwrap();
    asked.lock().unwrap().push(question.clone());
    let reply = behaviour.lock().unwrap()(&question);
    let mut stream = stream;
    // Who asked may have gone.
    let _ = match reply {
        Reply::Text(text) => write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/jose\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}",
            text.len()
        ),
        Reply::Raw(bytes) => stream.write_all(&bytes),
        Reply::Hang(time) => {
            std::thread::sleep(time);
            Ok(())
        }
    };
}

/// A source of an agency; its registered key is the system's.
pub fn connect(registry: &Registry, source: SourceSystem, public: &[u8; 32]) -> String {
    registry.put_source("test", &source).unwrap();
    registry.register_key("test", &source.agency, public).unwrap()
}

/// A source as the command makes it.
pub fn source(department: &str, agency: &str, name: &str, url: &str, since: Moment) -> SourceSystem {
    SourceSystem {
        agency: agency.into(),
        case_only: Vec::new(),
        department: department.into(),
        ended: None,
        name: name.into(),
        plain_network: None,
        roots: Vec::new(),
        since,
        timeout_ms: 1_000,
        url: url.into(),
    }
}

/// `elicense simulate-department`, running.
pub struct Simulated {
    pub child: Child,
    pub url: String,
    pub public: [u8; 32],
    _dir: tempfile::TempDir,
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Simulated {
    /// For an agency, with these answers.
    pub fn start(agency: &str, answers: &serde_json::Value, more: &[&str]) -> Self {
        use base64::Engine as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("answers.json");
        std::fs::write(&file, serde_json::json!({"answers": answers}).to_string()).unwrap();
        let mut command: Command = program::bare(&["simulate-department", agency, "--port", "0", "--json"]);
        command.arg("--answers").arg(file).arg("--key").arg(dir.path().join("department.key")).args(more);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let said: serde_json::Value = serde_json::from_str(&line).unwrap();
        let public = base64::engine::general_purpose::URL_SAFE_NO_PAD;
        let public = public.decode(said["public"].as_str().unwrap()).unwrap().try_into().unwrap();
        Self { child, url: said["url"].as_str().unwrap().to_owned(), public, _dir: dir }
    }

    /// Makes it fail, or stop failing.
    pub fn switch(&self, word: &str) {
        let told = self.control("POST", word);
        assert!(told.contains("200 OK"), "{told}");
    }

    /// How many questions it was put.
    pub fn asked(&self) -> u64 {
        let told = self.control("GET", "");
        told.lines().find_map(|line| line.strip_prefix("asked ")).unwrap().parse().unwrap()
    }

    pub fn control(&self, method: &str, body: &str) -> String {
        let address: SocketAddr = self.url["http://".len()..].trim_end_matches('/').parse().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(stream, "{method} /control HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut told = String::new();
        stream.read_to_string(&mut told).unwrap();
        told
    }
}
