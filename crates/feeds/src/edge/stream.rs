//! The stream of DM-D.S.S: connects, listens, comes back after every end, and fills what was missed meanwhile from the list.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::ask::{Client, ClientSettings};
use super::intake::{Intake, Offered};
use crate::poll::Backoff;
use crate::stream::{Conversation, Heard, ListPage, Listed, Says, StartAnswer, StreamTelegram};

/// The word by which client and server know the protocol.
const PROTOCOL: &str = "dmdata.v2";
/// The largest message, in bytes: a telegram of 16 MiB, packed and in base64, is far smaller.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The largest answer of the API, in bytes.
const API_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The largest telegram, in bytes when unpacked.
const TELEGRAM_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Pages of the list that are read to fill a gap; a hundred telegrams each.
const PAGES_MAX: usize = 50;
/// How many telegrams of the stream are remembered by name.
const SEEN_MAX: usize = 20_000;
/// How long a connection must hold before the next failure counts as a first one.
const STEADY: Duration = Duration::from_secs(60);

/// A key of the service; shown nowhere.
#[derive(Clone)]
pub struct ApiKey(String);

impl ApiKey {
    /// Takes a key; blanks and line ends around it are no part of it.
    pub fn new(key: impl AsRef<str>) -> Self {
        Self(key.as_ref().trim().to_owned())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// What to receive, and how.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// The source's name in pages, metrics and logs.
    pub name: String,
    /// Where the service's API is.
    pub api: String,
    /// The key.
    pub key: ApiKey,
    /// What is subscribed: `telegram.earthquake`, `eew.warning` …
    pub classifications: Vec<String>,
    /// Telegram types, at most 30; empty: all of these classifications.
    pub types: Vec<String>,
    /// Whether drills and tests are sent too.
    pub with_tests: bool,
    /// How far back the list is read at the start.
    pub history: SignedDuration,
    /// Pauses after a failure.
    pub backoff: Backoff,
    /// How to connect.
    pub client: ClientSettings,
}

impl StreamSettings {
    /// Earthquakes and tsunami, with what suits the service.
    #[must_use]
    pub fn new(key: ApiKey) -> Self {
        Self {
            name: "dmdata".to_owned(),
            api: "https://api.dmdata.jp".to_owned(),
            key,
            classifications: vec!["telegram.earthquake".to_owned()],
            types: Vec::new(),
            with_tests: false,
            history: SignedDuration::from_hours(1),
            backoff: Backoff { first_ms: 500, longest_ms: 30_000, jitter_percent: 50 },
            client: ClientSettings::default(),
        }
    }
}

/// The stream, until dropped.
pub struct Stream {
    task: JoinHandle<()>,
}

impl Stream {
    /// Connects, and goes on connecting.
    ///
    /// # Errors
    /// A text that says what in the settings cannot be used.
    pub fn start(settings: StreamSettings, intake: Intake) -> Result<Self, String> {
        let link = Link::new(settings, intake)?;
        Ok(Self { task: tokio::spawn(Arc::new(link).run()) })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Link {
    settings: StreamSettings,
    client: Client,
    login: HeaderValue,
    intake: Intake,
    /// From where on the list is to be read.
    since: tokio::sync::Mutex<Since>,
    /// What came on the stream since then, so that it is not fetched again.
    seen: Mutex<HashSet<String>>,
    /// Whether a telegram came on the stream, since the list was last asked for, for which there was no room.
    is_behind: AtomicBool,
}

/// Where in the list we are.
enum Since {
    /// At the start: from this instant on.
    Instant(Timestamp),
    /// Behind what this word stands for.
    Token(String),
}

impl Link {
    fn new(settings: StreamSettings, intake: Intake) -> Result<Self, String> {
        let login = format!("Basic {}", STANDARD.encode(format!("{}:", settings.key.0)));
        let mut login = HeaderValue::from_str(&login).map_err(|_| "the key has characters that none has".to_owned())?;
        login.set_sensitive(true);
        let client = Client::new(settings.client.clone())?;
        let begin = intake.now().checked_sub(settings.history).unwrap_or(Timestamp::MIN);
        let (since, seen) = (tokio::sync::Mutex::new(Since::Instant(begin)), Mutex::default());
        Ok(Self { settings, client, login, intake, since, seen, is_behind: AtomicBool::new(false) })
    }

    async fn run(self: Arc<Self>) {
        let mut failures = 0;
        loop {
            let opened = Instant::now();
            let why = self.connection().await;
            tracing::warn!(source = self.settings.name, why, "the stream of DM-D.S.S ended");
            failures = if opened.elapsed() > STEADY { 1 } else { failures + 1 };
            self.intake.works(&self.settings.name, Some(why));
            let chance = u64::from(self.intake.now().subsec_nanosecond().unsigned_abs());
            tokio::time::sleep(self.settings.backoff.pause(failures, chance)).await;
        }
    }

    /// One connection from its ticket to its end; why it ended.
    async fn connection(self: &Arc<Self>) -> String {
        let url = match self.ticket().await {
            Ok(url) => url,
            Err(why) => return format!("no ticket: {why}"),
        };
        match self.listen(&url).await {
            Ok(why) => why,
            Err(why) => format!("no connection: {why}"),
        }
    }

    async fn ticket(&self) -> Result<String, String> {
        let mut wish = serde_json::json!({
            "classifications": self.settings.classifications,
            "test": if self.settings.with_tests { "including" } else { "no" },
            "appName": "hikyaku",
            "formatMode": "raw",
        });
        if !self.settings.types.is_empty() {
            wish["types"] = serde_json::json!(self.settings.types);
        }
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.login.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let url = format!("{}/v2/socket", self.settings.api);
        let body = Bytes::from(wish.to_string());
        let reply =
            self.client.ask(Method::POST, &url, headers, body, API_BYTES_MAX).await.map_err(|e| e.to_string())?;
        let url = StartAnswer::url(&reply.bytes).map_err(|why| format!("{}: {why}", reply.status))?;
        if is_kin(&self.settings.api, &url) { Ok(url) } else { Err(format!("{url} is not of the service")) }
    }

    async fn listen(self: &Arc<Self>, url: &str) -> Result<String, String> {
        let uri: Uri = url.parse().map_err(|e| format!("{url}: {e}"))?;
        let mut request = url.into_client_request().map_err(|e| e.to_string())?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
        let stream = self.client.connect(&uri).await.map_err(|e| e.to_string())?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let shaking = client_async_with_config(request, stream, Some(config));
        let shaken = tokio::time::timeout(self.settings.client.connect_patience, shaking).await;
        let (mut socket, _) = shaken.map_err(|_| "no handshake in time".to_owned())?.map_err(|e| e.to_string())?;
        let opened = Instant::now();
        let mut conversation = Conversation::new();
        let mut tasks = JoinSet::new();
        let mut wake = Duration::from_secs(1);
        loop {
            let heard = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => Heard::Text(text.to_string()),
                    Some(Ok(Message::Close(frame))) => return Ok(format!("closed by the server: {frame:?}")),
                    Some(Ok(_)) => Heard::Nothing,
                    Some(Err(e)) => return Ok(e.to_string()),
                    None => return Ok(Error::ConnectionClosed.to_string()),
                },
                Some(_) = tasks.join_next() => continue,
                () = tokio::time::sleep_until(opened + wake) => Heard::Nothing,
            };
            let (says, next) = conversation.step(heard, opened.elapsed());
            wake = next;
            for word in says {
                match word {
                    Says::Send(text) => socket.send(Message::text(text)).await.map_err(|e| e.to_string())?,
                    Says::Telegram(telegram) => {
                        if !telegram.is_verified {
                            tracing::warn!(telegram = telegram.name, "its hash does not fit its bytes");
                        }
                        let link = self.clone();
                        // Not waited for: the next one and the pings go on while this one is taken.
                        tasks.spawn(async move { link.hand_over(telegram).await });
                    }
                    Says::Begun => {
                        self.intake.works(&self.settings.name, None);
                        let link = self.clone();
                        // What comes from now on comes here; what came before is in the list.
                        tasks.spawn(async move { link.fill_gap().await });
                    }
                    Says::Unreadable(why) => {
                        self.intake.refused(&self.settings.name);
                        return Ok(format!("a telegram cannot be unpacked, and is taken from the list: {why}"));
                    }
                    Says::Complaint(why) => {
                        tracing::warn!(source = self.settings.name, why, "the stream of DM-D.S.S complains")
                    }
                    Says::Close(why) => return Ok(why),
                }
            }
        }
    }

    /// Offers a telegram of the stream, which brings it only once: if there is no room for it, it is taken from the list as what was missed.
    async fn hand_over(&self, telegram: StreamTelegram) {
        let name = telegram.name;
        if self.intake.offer(&self.settings.name, &name, telegram.bytes, None).await != Offered::Lost {
            self.saw(name);
        } else if !self.is_behind.swap(true, Ordering::SeqCst) {
            self.fill_gap().await;
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashSet<String>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn saw(&self, name: String) {
        let mut seen = self.seen();
        if seen.len() >= SEEN_MAX {
            // Fetched again, they would be known by their bytes.
            seen.clear();
        }
        seen.insert(name);
    }

    async fn fill_gap(&self) {
        let mut since = self.since.lock().await;
        // Until it succeeds: a connection may hold for months, and what was missed may be a warning. Its end ends this too.
        for failures in 1.. {
            // What finds no room from now on may not be in this list yet.
            self.is_behind.store(false, Ordering::SeqCst);
            let Err(why) = self.fill(&mut since).await else { break };
            tracing::warn!(source = self.settings.name, why, "what was missed could not be listed");
            self.intake.works(&self.settings.name, Some(format!("the list: {why}")));
            let chance = u64::from(self.intake.now().subsec_nanosecond().unsigned_abs());
            tokio::time::sleep(self.settings.backoff.pause(failures, chance)).await;
        }
        self.intake.works(&self.settings.name, None);
    }

    /// Offers what the list has and we have not, oldest first.
    async fn fill(&self, since: &mut Since) -> Result<(), String> {
        let mut missed: Vec<Listed> = Vec::new();
        let mut query = match since {
            Since::Instant(_) => String::new(),
            Since::Token(token) => format!("&cursorToken={token}"),
        };
        let mut newer = None;
        for _ in 0..PAGES_MAX {
            let tests = if self.settings.with_tests { "including" } else { "no" };
            let url = format!(
                "{}/v2/telegram?limit=100&xmlReport=true&formatMode=raw&test={tests}{query}",
                self.settings.api
            );
            let page = ListPage::read(&self.get(&url).await?)?;
            newer = newer.or(page.newer);
            let count = page.items.len();
            let before = missed.len();
            missed.extend(page.items.into_iter().filter(|it| match since {
                Since::Instant(begin) => it.received >= *begin,
                Since::Token(_) => true,
            }));
            let reaches_back = missed.len() - before < count;
            match page.older.filter(|_| count > 0 && !reaches_back) {
                Some(token) => query = format!("&cursorToken={token}"),
                None => break,
            }
        }
        missed.sort_by_key(|it| it.received);
        let mut problem = Ok(());
        for telegram in missed.iter().filter(|it| it.is_xml()) {
            match self.fetch(telegram).await {
                Ok(true) => {}
                // Nor would the others be.
                Ok(false) => return Err(format!("{}: nobody took it", telegram.name())),
                // One that cannot be had does not keep the others back.
                Err(why) => problem = Err(why),
            }
        }
        problem?;
        if let Some(token) = newer {
            *since = Since::Token(token);
            let listed: HashSet<String> = missed.iter().map(Listed::name).collect();
            // What the new word stands behind need not be known by name any more.
            self.seen().retain(|name| !listed.contains(name));
        }
        Ok(())
    }

    /// Fetches a telegram of the list and offers it, unless it came on the stream; whether it is safe.
    async fn fetch(&self, telegram: &Listed) -> Result<bool, String> {
        let name = telegram.name();
        if self.seen().contains(&name) {
            return Ok(true);
        }
        let bytes = self.get(&telegram.url).await?;
        if self.intake.offer(&self.settings.name, &name, bytes, None).await == Offered::Lost {
            return Ok(false);
        }
        self.saw(name);
        Ok(true)
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        // The key goes to the service alone.
        if !is_kin(&self.settings.api, url) {
            return Err(format!("{url} is not of the service"));
        }
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, self.login.clone());
        let asking = self.client.ask(Method::GET, url, headers, Bytes::new(), TELEGRAM_BYTES_MAX);
        let reply = asking.await.map_err(|e| e.to_string())?;
        if reply.status == StatusCode::OK { Ok(reply.bytes) } else { Err(format!("{url}: answered {}", reply.status)) }
    }
}

/// Whether an address belongs to the same service: the same host, or one under the same domain, and no less secure.
fn is_kin(api: &str, url: &str) -> bool {
    let (Ok(api), Ok(url)) = (api.parse::<Uri>(), url.parse::<Uri>()) else { return false };
    let is_secure = |uri: &Uri| matches!(uri.scheme_str(), Some("https" | "wss"));
    let (Some(own), Some(other)) = (api.host(), url.host()) else { return false };
    let domain = |host: &str| host.split_once('.').map(|(_, domain)| domain.to_owned()).filter(|it| it.contains('.'));
    let is_under = domain(own).is_some_and(|domain| other.ends_with(&format!(".{domain}")));
    (own == other || is_under) && (is_secure(&url) || !is_secure(&api))
}

#[test]
fn the_key_goes_to_the_service_alone() {
    let api = "https://api.dmdata.jp";
    for (url, expected) in [
        ("https://api.dmdata.jp/v2/telegram", true),
        ("https://data.api.dmdata.jp/v1/0", true),
        ("wss://ws003.api.dmdata.jp/v2/websocket?ticket=a", true),
        ("http://data.api.dmdata.jp/v1/0", false),
        ("https://dmdata.jp.example/v1/0", false),
        ("https://evil.example/", false),
        ("https://notdmdata.jp/", false),
    ] {
        assert_eq!(is_kin(api, url), expected, "{url}");
    }
    assert!(is_kin("http://localhost:1", "ws://localhost:1/a") && !is_kin("http://localhost:1", "ws://other/a"));
    assert!(!format!("{:?}", ApiKey::new("secret")).contains("secret"));
}

#[tokio::test]
async fn a_telegram_of_the_stream_for_which_there_was_no_room_comes_from_the_list() {
    use super::tests::{Site, watching};
    let (site, mut watcher) = watching(1_000);
    site.settled().await;
    let now = Timestamp::now();
    let service = Site::start(|addr| {
        let head = format!(r#"{{"type": "VXSE51", "author": "JPOS", "time": "{now}"}}"#);
        let url = format!("http://{addr}/data/one");
        let item =
            format!(r#"{{"id": "1", "head": {head}, "receivedTime": "{now}", "format": "xml", "url": "{url}"}}"#);
        format!(r#"{{"items": [{item}], "nextPooling": "later"}}"#)
    });
    let mut settings = StreamSettings::new(ApiKey::new("key"));
    settings.api = format!("http://{}", service.addr);
    settings.backoff = Backoff { first_ms: 20, longest_ms: 200, jitter_percent: 25 };
    let link = Arc::new(Link::new(settings, watcher.intake()).unwrap());
    let telegram =
        StreamTelegram { name: "one.xml".into(), bytes: b"<Report>one</Report>".to_vec(), is_verified: true };
    let handing = tokio::spawn({
        let link = link.clone();
        async move { link.hand_over(telegram).await }
    });
    let offered = async {
        while service.sent() == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), offered)
        .await
        .expect("the list is asked for it, and it is offered again");
    let mut sources = Vec::new();
    while sources.last().is_none_or(|source| source != "dmdata") {
        let arrival = tokio::time::timeout(Duration::from_secs(20), watcher.next()).await;
        let arrival = arrival.expect("it comes").expect("the watcher runs");
        sources.push(arrival.telegram.source.clone());
        arrival.taken();
    }
    handing.await.unwrap();
    assert!(matches!(&*link.since.lock().await, Since::Token(token) if token == "later"));
}
