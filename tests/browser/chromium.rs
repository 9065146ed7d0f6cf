//! A headless Chromium and one page of it, driven by the DevTools protocol as a person drives it: by keys.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::socket::Socket;

/// How long anything on a page may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The browser that `tests/run` found; none where the test is skipped.
pub fn program() -> Option<String> {
    std::env::var("ELICENSE_TEST_CHROMIUM").ok().filter(|path| !path.is_empty())
}

/// A page of a browser of its own, which ends with it.
pub struct Page {
    browser: Child,
    socket: Socket,
    session: String,
    last: u64,
    /// Every address the page asked for.
    pub requested: Vec<String>,
    _profile: tempfile::TempDir,
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}

impl Page {
    pub fn open(program: &str) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Command::new(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-dev-shm-usage",
            ])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-quic", "--disable-extensions", "--no-default-browser-check", "--lang=zh-CN"])
            .args(["--remote-debugging-port=0", "about:blank"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .env("HOME", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = BufReader::new(browser.stderr.take().unwrap());
        let mut all = String::new();
        let url = loop {
            let mut line = String::new();
            assert!(told.read_line(&mut line).unwrap() > 0, "the browser ended: {all}");
            if let Some(url) = line.trim().strip_prefix("DevTools listening on ") {
                break url.to_owned();
            }
            all.push_str(&line);
        };
        // Read on, or the browser stops when the pipe is full.
        std::thread::spawn(move || std::io::copy(&mut told, &mut std::io::sink()));
        let mut page = Self {
            browser,
            socket: Socket::connect(&url),
            session: String::new(),
            last: 0,
            requested: Vec::new(),
            _profile: profile,
        };
        let target = page.call("Target.createTarget", json!({"url": "about:blank"}));
        let attached =
            page.call("Target.attachToTarget", json!({"targetId": target["targetId"], "flatten": true}));
        page.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page.enable", "Network.enable", "Runtime.enable"] {
            page.call(domain, json!({}));
        }
        page
    }

    /// Sends a command and waits for its answer; notes the page's network requests meanwhile.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.try_call(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    fn try_call(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let mut message = json!({"id": self.last, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket.send(&message.to_string());
        loop {
            let answer: Value = serde_json::from_str(&self.socket.receive()).unwrap();
            if answer["method"] == "Network.requestWillBeSent" {
                self.requested.push(answer["params"]["request"]["url"].as_str().unwrap().to_owned());
            }
            if answer["id"] == self.last {
                return answer;
            }
        }
    }

    /// The window's size in CSS pixels; below 500 it is a telephone.
    pub fn size(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    pub fn go(&mut self, url: &str) {
        self.call("Page.navigate", json!({"url": url}));
    }

    /// The value of an expression in the page; null while the page is changing.
    pub fn value(&mut self, expression: &str) -> Value {
        let ask = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.try_call("Runtime.evaluate", ask);
        assert!(answer["result"].get("exceptionDetails").is_none(), "{expression}: {answer}");
        answer["result"]["result"]["value"].clone()
    }

    /// Waits until an expression holds in a page that is loaded.
    pub fn wait(&mut self, expression: &str) {
        let until = Instant::now() + PATIENCE;
        let loaded = format!("document.readyState === 'complete' && !!document.body && !!({expression})");
        while self.value(&loaded) != true {
            assert!(Instant::now() < until, "never: {expression}\n{}", self.text());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The text that a person reads.
    pub fn text(&mut self) -> String {
        self.value("document.body ? document.body.innerText : ''").as_str().unwrap_or_default().to_owned()
    }

    /// Types a text as an input method gives it.
    pub fn types(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_ascii() {
                let upper = c.to_ascii_uppercase();
                let code = u32::from(upper);
                let key = json!({
                    "type": "keyDown", "key": c.to_string(), "text": c.to_string(), "windowsVirtualKeyCode": code,
                });
                self.call("Input.dispatchKeyEvent", key);
                let up = json!({"type": "keyUp", "key": c.to_string(), "windowsVirtualKeyCode": code});
                self.call("Input.dispatchKeyEvent", up);
            } else {
                self.call("Input.insertText", json!({"text": c.to_string()}));
            }
        }
    }

    /// Presses one of the keys that write nothing.
    pub fn press(&mut self, key: &str) {
        let (code, text, modifiers) = match key {
            "Tab" => (9, "", 0),
            "Shift+Tab" => (9, "", 8),
            "Enter" => (13, "\r", 0),
            "ArrowDown" => (40, "", 0),
            "Space" => (32, " ", 0),
            "SelectAll" => (65, "", 2),
            other => panic!("no such key: {other}"),
        };
        let name = match key {
            "Shift+Tab" => "Tab",
            "Space" => " ",
            "SelectAll" => "a",
            other => other,
        };
        let mut down = json!({
            "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" }, "key": name, "code": name,
            "windowsVirtualKeyCode": code, "modifiers": modifiers,
        });
        if !text.is_empty() {
            down["text"] = json!(text);
        }
        if key == "SelectAll" {
            down["commands"] = json!(["selectAll"]);
        }
        self.call("Input.dispatchKeyEvent", down);
        let up = json!({
            "type": "keyUp", "key": name, "code": name, "windowsVirtualKeyCode": code, "modifiers": modifiers,
        });
        // A key that leaves the page may take the page away before it is let go.
        self.try_call("Input.dispatchKeyEvent", up);
    }

    /// The element that has the focus: its id, else its text.
    pub fn focus(&mut self) -> String {
        let script =
            "(e => !e || e === document.body ? '' : e.id || e.textContent.trim())(document.activeElement)";
        self.value(script).as_str().unwrap_or_default().to_owned()
    }

    /// Presses Tab until that element has the focus.
    pub fn tab_to(&mut self, name: &str) {
        for _ in 0..80 {
            if self.focus() == name {
                return;
            }
            self.press("Tab");
        }
        panic!("Tab never comes to {name}");
    }

    /// Leaves a picture of the whole page in the folder that `ELICENSE_TEST_SHOTS` names, if it names one.
    pub fn shot(&mut self, name: &str) {
        let Ok(folder) = std::env::var("ELICENSE_TEST_SHOTS") else { return };
        let taken = self.call("Page.captureScreenshot", json!({"captureBeyondViewport": true}));
        let bytes = STANDARD.decode(taken["data"].as_str().unwrap()).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(format!("{folder}/{name}.png"), bytes).unwrap();
    }
}
