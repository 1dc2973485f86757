//! One visitor of listeners on this machine, who asks for everything that is named and judges every answer.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::named::named;

/// Most requests of one visitor: what asks for more has gone astray.
pub const REQUESTS_MAX: usize = 4_000;
/// Pages of one shape (the same path but for its numbers, the same names behind the `?`) that are gone to.
const SHAPE_MAX: usize = 2;
/// What is read of one answer, in bytes.
const ANSWER_MAX: usize = 4 * 1024 * 1024;

/// A listener.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    pub name: &'static str,
    pub port: u16,
    /// The paths that anybody may see.
    pub public: &'static [&'static str],
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }
}

/// Whoever goes through the pages, and what was not as it should be.
#[derive(Debug, Default)]
pub struct Visitor {
    /// What may stand in no answer to somebody who is not logged in.
    pub secrets: Vec<String>,
    pub asked: usize,
    pub troubles: BTreeSet<String>,
}

impl Visitor {
    /// Asks once. A connection that ends without a word is an answer too, with status 0.
    pub fn ask(&mut self, site: &Site, method: &str, path: &str, cookie: &str) -> Answer {
        self.asked += 1;
        assert!(self.asked <= REQUESTS_MAX, "more than {REQUESTS_MAX} requests: {} {method} {path}", site.name);
        let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
        let form = if method == "POST" { "Content-Type: application/x-www-form-urlencoded\r\n" } else { "" };
        let port = site.port;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n{cookie}{form}Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap_or_else(|e| panic!("{}: {e}", site.name));
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let said = stream.write_all(request.as_bytes()).and_then(|()| read(&mut stream));
        parsed(&said.unwrap_or_else(|e| panic!("{} {method} {path}: {e}", site.name)))
    }

    /// Goes wherever pages lead from these paths on; what was found: each path, and whether a form posts to it.
    pub fn explore(&mut self, site: &Site, cookie: &str, from: &[&str]) -> BTreeMap<String, bool> {
        let mut waiting: VecDeque<String> = from.iter().map(|path| (*path).to_owned()).collect();
        let (mut found, mut shapes) = (BTreeMap::new(), BTreeMap::<String, usize>::new());
        let mut seen_before = BTreeSet::new();
        while let Some(path) = waiting.pop_front() {
            if !seen_before.insert(path.clone()) {
                continue;
            }
            found.entry(path.clone()).or_insert(false);
            let seen = shapes.entry(shape(&path)).or_default();
            *seen += 1;
            if *seen > SHAPE_MAX {
                continue;
            }
            let answer = self.ask(site, "GET", &path, cookie);
            self.judge_any(site, "GET", &path, &answer);
            let names = named(answer.header("content-type"), &answer.text, &path);
            for outside in &names.outside {
                self.troubles.insert(format!("{} {path}: leads to {outside}", site.name));
            }
            let own = format!("http://127.0.0.1:{}", site.port);
            let to = answer.header("location");
            let to = to.strip_prefix(&own).unwrap_or(to);
            if !to.is_empty() && (!to.starts_with('/') || to.starts_with("//")) {
                self.troubles.insert(format!("{} {path}: sends to {to}", site.name));
            }
            waiting.extend(Some(to.to_owned()).filter(|to| to.starts_with('/')));
            waiting.extend(names.inside);
            for path in names.posts {
                // Where a form posts to is not gone to: it is only noted.
                found.insert(path, true);
            }
        }
        found
    }

    /// Without a log-in: public, or nothing but a refusal.
    pub fn judge_stranger(&mut self, site: &Site, method: &str, path: &str) {
        let answer = self.ask(site, method, path, "");
        self.judge_any(site, method, path, &answer);
        let bare = path.split('?').next().unwrap_or(path);
        let is_public = site.public.contains(&bare);
        let reads = matches!(method, "GET" | "HEAD") || bare == "/login" && method == "POST";
        let may_be_read = is_public && reads;
        if !may_be_read && !is_refusal(&answer) {
            self.troubles.insert(format!("{} {method} {path}: {} without a log-in", site.name, answer.status));
        }
        let all = format!("{:?} {}", answer.headers, answer.text);
        for secret in self.secrets.iter().filter(|secret| all.contains(*secret)) {
            self.troubles.insert(format!("{} {method} {path}: shows {secret}", site.name));
        }
        if answer.text.contains("root:x:") {
            self.troubles.insert(format!("{} {method} {path}: shows a file of the machine", site.name));
        }
    }

    /// What holds of every answer.
    fn judge_any(&mut self, site: &Site, method: &str, path: &str, answer: &Answer) {
        let mut wrong = |what: &str| {
            self.troubles.insert(format!("{} {method} {path}: {what}", site.name));
        };
        if answer.status >= 500 {
            wrong(&format!("status {}", answer.status));
        }
        if !answer.header("content-type").starts_with("text/html") {
            return;
        }
        let policy = answer.header("content-security-policy");
        if !policy.contains("default-src 'none'") || !policy.contains("frame-ancestors 'none'") {
            wrong("HTML without a strict content security policy");
        }
        for (name, value) in
            [("cache-control", "no-store"), ("x-frame-options", "DENY"), ("x-content-type-options", "nosniff")]
        {
            if answer.header(name) != value {
                wrong(&format!("HTML without {name}: {value}"));
            }
        }
    }
}

/// To the log-in, or away.
fn is_refusal(answer: &Answer) -> bool {
    let to = answer.header("location");
    let to_log_in = to == "/login" || to.starts_with("/login?");
    matches!(answer.status, 400 | 401 | 403 | 404 | 405) || matches!(answer.status, 302 | 303 | 307) && to_log_in
}

/// The path with 0 for each number, and the names behind the `?`.
fn shape(path: &str) -> String {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let part = |part: &str| if part.parse::<u64>().is_ok() { "0".to_owned() } else { part.to_owned() };
    let path: Vec<String> = path.split('/').map(part).collect();
    let names: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    format!("{}?{names:?}", path.join("/"))
}

/// To the end, or to the end of the head of a stream that does not end.
fn read(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let (mut said, mut piece) = (Vec::new(), [0; 16 * 1024]);
    loop {
        let length = match stream.read(&mut piece) {
            Ok(length) => length,
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => 0,
            Err(e) => return Err(e),
        };
        said.extend_from_slice(&piece[..length]);
        let head = said.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(0);
        let streams = String::from_utf8_lossy(&said[..head]).to_ascii_lowercase().contains("text/event-stream");
        if length == 0 || streams || said.len() > ANSWER_MAX {
            return Ok(said);
        }
    }
}

fn parsed(said: &[u8]) -> Answer {
    let said = String::from_utf8_lossy(said);
    let (head, text) = said.split_once("\r\n\r\n").unwrap_or((&said, ""));
    let status = head.split(' ').nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Answer { status, headers: head.lines().skip(1).filter_map(header).collect(), text: text.to_owned() }
}
