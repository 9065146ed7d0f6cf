//! The operator's log of this test process, kept in memory instead of a file.

use std::sync::Mutex;

static LINES: Mutex<String> = Mutex::new(String::new());

struct Capture;

impl log::Log for Capture {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }
    fn log(&self, record: &log::Record) {
        let line = format!("{} {} {}\n", record.level(), record.target(), record.args());
        LINES.lock().unwrap().push_str(&line);
    }
    fn flush(&self) {}
}

/// Keeps everything that is logged from now on, down to `trace`. May be called again.
pub fn start() {
    if log::set_logger(&Capture).is_ok() {
        log::set_max_level(log::LevelFilter::Trace);
    }
}

/// All of it, of all tests of this process.
pub fn text() -> String {
    LINES.lock().unwrap().clone()
}
