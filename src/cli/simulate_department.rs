//! `elicense simulate-department`: a small department of its own process, for the demo, for tests, and for whoever builds
//! a real one. It answers questions from a file, with a key of its own, and can be made to fail.
//!
//! It listens on loopback only. Every switch is of this kind: the registry must say 暂无法核验 and never "no".

mod answer;
mod switch;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::input;
use super::output::Output;
use crate::error::{Code, Error, Result};
use crate::record::question::{ANSWER_BYTES, LIFE_S};
use crate::store::private;
use crate::trust::SigningKey;
pub(super) use answer::SimulatedAnswers;
use answer::SimulatedSystem;
pub use switch::Switch;
use switch::Switched;

/// Seconds for which an answer counts in the demo: a switch is to be seen at the next question.
const DEMO_LIFE_S: i64 = 60;

/// Its arguments.
#[derive(clap::Args)]
pub struct SimulateArgs {
    /// Credit code of the agency for which it answers.
    agency: String,
    /// JSON file with its answers; `-` for standard input. Without one it is a marriage registry, a police check and a social
    /// insurance that answer from the last digit of the number.
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// File with its signing key, 32 bytes in base64url; made where it does not exist.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 8099)]
    port: u16,
    /// How it fails from the start; `POST /control` with one of these words changes it.
    #[arg(long, default_value = "off", value_parser = switch::parse)]
    switch: Switch,
    /// Milliseconds that it waits while it is slow.
    #[arg(long, default_value_t = 5_000)]
    delay: u64,
    /// Seconds for which an answer counts, at most a day.
    #[arg(long, default_value_t = 600)]
    life: i64,
}

/// What all connections share.
struct Served {
    department: SimulatedSystem,
    switched: Switched,
    delay: Duration,
}

/// Serves until it is ended.
pub fn run(args: &SimulateArgs, output: &Output) -> Result<u8> {
    if !(1..=LIFE_S).contains(&args.life) {
        return Err(input::usage("life", "an answer counts for a second at least and a day at most"));
    }
    let known = match &args.answers {
        Some(file) => input::json(&input::text(file)?, "answers")?,
        None => SimulatedAnswers::default(),
    };
    let key = signing_key(&args.key)?;
    let public = public_half(&key);
    let department = SimulatedSystem::new(args.agency.clone(), key, known, args.life);
    let served = Data::new(Served {
        department,
        switched: Switched::new(args.switch),
        delay: Duration::from_millis(args.delay),
    });
    let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), args.port);
    let failed = |error: std::io::Error| {
        Error::new(Code::ConfigInvalid, format!("{address} cannot be served")).at("port").caused_by(error)
    };
    let socket = TcpListener::bind(address).map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    output.say(
        &format!("listening on http://{bound}/ for {}\nkey {public}", args.agency),
        &json!({"url": format!("http://{bound}/"), "agency": args.agency, "public": public}),
    );
    actix_web::rt::System::new().block_on(serve(socket, served)).map_err(failed)?;
    Ok(0)
}

/// Serves a department on a thread of this process for as long as it lives, as `elicense demo` does.
pub(super) fn start(
    socket: TcpListener,
    (agency, key): (String, SigningKey),
    known: SimulatedAnswers,
) -> Result<()> {
    let department = SimulatedSystem::new(agency, key, known, DEMO_LIFE_S);
    let switched = Switched::new(Switch::Off);
    let served = Data::new(Served { department, switched, delay: Duration::from_secs(5) });
    let thread = std::thread::Builder::new().name("department".to_owned());
    // Where it stops, the registry's log says who is silent.
    let started = thread.spawn(move || actix_web::rt::System::new().block_on(serve(socket, served)));
    started.map(drop).map_err(Error::internal)
}

/// The public half of a key, as `elicense keys register` takes it.
pub(super) fn public_half(key: &SigningKey) -> String {
    URL_SAFE_NO_PAD.encode(key.verify_key().bytes())
}

async fn serve(socket: TcpListener, served: Data<Served>) -> std::io::Result<()> {
    let app = move || {
        App::new()
            .app_data(served.clone())
            .app_data(web::PayloadConfig::new(ANSWER_BYTES))
            .default_service(web::to(handle))
    };
    HttpServer::new(app).workers(1).shutdown_timeout(0).disable_signals().listen(socket)?.run().await
}

async fn handle(request: HttpRequest, body: Bytes, served: Data<Served>) -> HttpResponse {
    let text = String::from_utf8_lossy(&body);
    match (request.method(), request.path()) {
        (&Method::POST, "/control") => match switch::parse(text.trim()) {
            Ok(switch) => {
                served.switched.set(switch);
                HttpResponse::Ok().body(format!("{switch}\n"))
            }
            Err(fault) => HttpResponse::BadRequest().body(format!("{fault}\n")),
        },
        (&Method::GET, "/control") => HttpResponse::Ok().body(format!(
            "{}\nasked {}\n",
            served.switched.get(),
            served.department.asked()
        )),
        (&Method::POST, _) => answered(&served, &text).await,
        _ => HttpResponse::MethodNotAllowed().finish(),
    }
}

async fn answered(served: &Arc<Served>, question: &str) -> HttpResponse {
    let switch = served.switched.get();
    match switch {
        Switch::Down => return HttpResponse::ServiceUnavailable().finish(),
        Switch::Slow => actix_web::rt::time::sleep(served.delay).await,
        _ => {}
    }
    match served.department.answer(question, switch) {
        Some(answer) => HttpResponse::Ok().content_type("application/jose").body(answer),
        None => HttpResponse::BadRequest().finish(),
    }
}

/// The key in a file; a new one in a new file, for its owner alone.
pub(super) fn signing_key(file: &Path) -> Result<SigningKey> {
    let refused =
        |detail: &str| Error::new(Code::ConfigInvalid, format!("{}: {detail}", file.display())).at("key");
    if !file.exists() {
        use std::io::Write as _;
        let key = SigningKey::generate()?;
        let text = format!("{}\n", URL_SAFE_NO_PAD.encode(key.seed().as_slice()));
        let written = private::create_new(file).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| refused("the key cannot be written").caused_by(error))?;
        return Ok(key);
    }
    let text = zeroize::Zeroizing::new(input::text(file)?);
    let seed = URL_SAFE_NO_PAD.decode(text.trim()).ok().and_then(|seed| <[u8; 32]>::try_from(seed).ok());
    Ok(SigningKey::from_seed(&seed.ok_or_else(|| refused("not 32 bytes in base64url"))?)?)
}
