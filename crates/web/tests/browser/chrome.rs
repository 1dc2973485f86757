//! A real Chromium, driven over its DevTools protocol: one process a test, one page at a time.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// What keeps a browser from calling its maker.
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
];

/// What the pages are looked at with.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    pub script: bool,
}

/// A phone, as most of 2026's are at least.
pub const PHONE: Screen = Screen { name: "phone", width: 360, height: 740, script: true };
/// The same without script.
pub const PLAIN_PHONE: Screen = Screen { name: "plain-phone", width: 360, height: 740, script: false };
/// An office screen.
pub const DESKTOP: Screen = Screen { name: "desktop", width: 1280, height: 800, script: true };

/// The browser with one page.
pub struct Chrome {
    child: Child,
    /// Removed with the browser.
    profile: tempfile::TempDir,
    socket: WebSocketStream<TcpStream>,
    session: String,
    next: u64,
    events: VecDeque<Value>,
    /// Every address that was asked for.
    pub asked: Vec<String>,
    screen: Screen,
}

/// Where a picture of this name is kept, among the build's artefacts.
fn kept(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("screens");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

impl Drop for Chrome {
    /// A test that fails leaves no browser behind either.
    fn drop(&mut self) {
        // It may have gone by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its helpers end a moment after it, and write until then.
        for _ in 0..40 {
            if std::fs::remove_dir_all(self.profile.path()).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

impl Chrome {
    /// Starts it with an empty profile.
    pub async fn start(screen: Screen) -> Self {
        let profile = tempfile::tempdir().unwrap();
        let program = std::env::var("HIKYAKU_CHROMIUM").unwrap_or_else(|_| "chromium".into());
        let mut child = Command::new(&program)
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .env("TMPDIR", profile.path())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{program}: {e}; install Debian's chromium, or name one in HIKYAKU_CHROMIUM"));
        let told = BufReader::new(child.stderr.take().unwrap());
        let address = told
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("DevTools listening on ").map(str::to_owned));
        let address = address.unwrap();
        let host = address.strip_prefix("ws://").unwrap().split('/').next().unwrap().to_owned();
        let stream = TcpStream::connect(&host).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(&address, stream).await.unwrap();
        let mut chrome = Self {
            child,
            profile,
            socket,
            session: String::new(),
            next: 0,
            events: VecDeque::new(),
            asked: Vec::new(),
            screen,
        };
        chrome.open_page().await;
        chrome
    }

    async fn open_page(&mut self) {
        let target = self.call("Target.createTarget", json!({"url": "about:blank"})).await;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = self.call("Target.attachToTarget", attach).await;
        self.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Network", "Runtime"] {
            self.call(&format!("{domain}.enable"), json!({})).await;
        }
        let Screen { width, height, script, .. } = self.screen;
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
        self.call("Emulation.setScriptExecutionDisabled", json!({"value": !script})).await;
    }

    /// Whether pages may run scripts.
    pub fn has_script(&self) -> bool {
        self.screen.script
    }

    /// Opens an address and waits until the page is there.
    pub async fn go(&mut self, url: &str) {
        self.events.clear();
        let went = self.call("Page.navigate", json!({"url": url})).await;
        assert!(went["errorText"].is_null(), "{url}: {went}");
        self.loaded().await;
    }

    /// Types into the field that a selector finds.
    pub async fn fill(&mut self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        self.run(&format!("(document.querySelector({selector}) || (() => {{ throw {selector} }})()).value = {text}"))
            .await;
    }

    /// Clicks what stays on this page.
    pub async fn tick(&mut self, selector: &str) {
        let selector = json!(selector);
        self.run(&format!("(document.querySelector({selector}) || (() => {{ throw {selector} }})()).click()")).await;
    }

    /// Clicks what leads to another page, and waits for it.
    pub async fn press(&mut self, selector: &str) {
        self.events.clear();
        self.tick(selector).await;
        self.loaded().await;
    }

    /// Does what leads to another page, all at once, and waits for it.
    pub async fn press_by(&mut self, script: &str) {
        self.events.clear();
        self.run(script).await;
        self.loaded().await;
    }

    /// The browser's back button: a page from before is loaded again, or shown as it was left.
    pub async fn back(&mut self) {
        let told = self.call("Page.getNavigationHistory", json!({})).await;
        let before = told["currentIndex"].as_u64().unwrap().checked_sub(1).unwrap();
        let entry = &told["entries"][usize::try_from(before).unwrap()];
        self.events.clear();
        self.call("Page.navigateToHistoryEntry", json!({"entryId": entry["id"]})).await;
        self.until(|event| {
            let is_kept = event["params"]["type"] == "BackForwardCacheRestore";
            event["method"] == "Page.loadEventFired" || event["method"] == "Page.frameNavigated" && is_kept
        })
        .await;
    }

    /// Files are kept from now on, and where.
    pub async fn downloads(&mut self) -> PathBuf {
        let folder = self.profile.path().join("downloads");
        std::fs::create_dir_all(&folder).unwrap();
        let keep = json!({"behavior": "allow", "downloadPath": folder});
        self.call("Page.setDownloadBehavior", keep).await;
        folder
    }

    /// The text that a person reads.
    pub async fn text(&mut self) -> String {
        self.run("document.body.innerText").await.as_str().unwrap().to_owned()
    }

    /// Where the browser is.
    pub async fn path(&mut self) -> String {
        self.run("location.pathname").await.as_str().unwrap().to_owned()
    }

    /// The value of an expression.
    pub async fn run(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let told = self.call("Runtime.evaluate", asked).await;
        assert!(told["exceptionDetails"].is_null(), "{expression}: {}", told["exceptionDetails"]);
        told["result"]["value"].clone()
    }

    /// Waits until a person would read these words.
    pub async fn wait_for(&mut self, words: &str) {
        let until = tokio::time::Instant::now() + PATIENCE;
        while !self.text().await.contains(words) {
            assert!(tokio::time::Instant::now() < until, "{words} never came: {}", self.text().await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until a page that goes on by itself has come to this path.
    pub async fn arrive(&mut self, path: &str) {
        let until = tokio::time::Instant::now() + 2 * PATIENCE;
        loop {
            // Between two pages there is nothing to ask.
            self.loaded().await;
            let at = self.path().await;
            if at == path {
                return;
            }
            assert!(tokio::time::Instant::now() < until, "at {at}, never at {path}");
        }
    }

    /// Keeps what the page looks like, whole, among the build's artefacts; nothing may be wider than the screen.
    pub async fn shoot(&mut self, name: &str) {
        let size = self.run("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]").await;
        let (wide, high) = (size[0].as_u64().unwrap(), size[1].as_u64().unwrap());
        assert!(wide <= u64::from(self.screen.width), "{name}: {wide} px wide on a screen of {}", self.screen.width);
        let clip = json!({"x": 0, "y": 0, "width": wide, "height": high.min(6_000), "scale": 1});
        let shot = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let picture = self.call("Page.captureScreenshot", shot).await;
        let bytes = STANDARD.decode(picture["data"].as_str().unwrap()).unwrap();
        std::fs::write(kept(&format!("{name}-{}.png", self.screen.name)), bytes).unwrap();
    }

    /// Prints the page on A4 and keeps the PDF beside the pictures; tells where.
    pub async fn print(&mut self, name: &str) -> PathBuf {
        let paper = json!({"paperWidth": 8.27, "paperHeight": 11.69});
        let printed = self.call("Page.printToPDF", paper).await;
        let bytes = STANDARD.decode(printed["data"].as_str().unwrap()).unwrap();
        let file = kept(&format!("{name}-{}.pdf", self.screen.name));
        std::fs::write(&file, bytes).unwrap();
        file
    }

    async fn loaded(&mut self) {
        self.until(|event| event["method"] == "Page.loadEventFired").await;
    }

    /// Waits for such an event; it and what was before it are done with.
    async fn until(&mut self, is_it: impl Fn(&Value) -> bool) {
        loop {
            if let Some(at) = self.events.iter().position(&is_it) {
                self.events.drain(..=at);
                return;
            }
            let event = self.receive().await;
            self.events.push_back(event);
        }
    }

    /// Asks the browser itself.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.socket.send(Message::text(message.to_string())).await.unwrap();
        loop {
            let told = self.receive().await;
            if told["id"] == id {
                assert!(told["error"].is_null(), "{method}: {}", told["error"]);
                return told["result"].clone();
            }
            self.events.push_back(told);
        }
    }

    async fn receive(&mut self) -> Value {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next()).await.unwrap();
            if let Message::Text(text) = message.unwrap().unwrap() {
                let told: Value = serde_json::from_str(&text).unwrap();
                if told["method"] == "Network.requestWillBeSent" {
                    self.asked.push(told["params"]["request"]["url"].as_str().unwrap().to_owned());
                }
                return told;
            }
        }
    }
}
