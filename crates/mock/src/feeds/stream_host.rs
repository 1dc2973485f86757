//! A mock of DM-D.S.S: its API (a ticket, the list of telegrams, their bytes) and its WebSocket, with frames written by hand.

use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA384, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio::task::JoinSet;

use super::http::{Request, head, request};
use super::moment;
use crate::error::Error;
use crate::ledger::lock;

/// What a client's key is joined with before it is hashed (RFC 6455 §1.3).
const ACCEPT: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// The largest frame of a client that is read.
const FRAME_BYTES: usize = 64 * 1024;

/// A telegram of the stream.
#[derive(Debug, Clone)]
struct Issued {
    id: String,
    kind: String,
    at: i64,
    packed: Vec<u8>,
    bytes: Vec<u8>,
}

/// What all connections are told.
#[derive(Debug, Clone)]
enum Word {
    Data(Issued),
    Ping(String),
    Error(u32),
    HangUp,
}

/// What the host knows and was asked.
#[derive(Debug, Default)]
struct Book {
    issued: Vec<Issued>,
    tickets: Vec<String>,
    tickets_made: u64,
    connections: u64,
    pongs: Vec<String>,
    bodies: u64,
    refuses: bool,
    lacks: bool,
}

/// What was asked of the host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamTally {
    /// Connections that began.
    pub connections: u64,
    /// The answers to pings, in order.
    pub pongs: Vec<String>,
    /// Telegrams that were fetched from the list.
    pub bodies: u64,
}

/// A host of the stream on loopback, until dropped.
pub struct StreamHost {
    /// Where it listens, API and WebSocket alike.
    pub addr: SocketAddr,
    book: Arc<Mutex<Book>>,
    words: broadcast::Sender<Word>,
    _tasks: JoinSet<()>,
}

impl StreamHost {
    /// Starts a host that lets in whoever shows this key.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(key: &str) -> Result<Self, Error> {
        let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
        let listener = TcpListener::bind(any).await.map_err(|e| Error::Listen(any, e))?;
        let addr = listener.local_addr().map_err(|e| Error::Listen(any, e))?;
        let (words, _) = broadcast::channel(256);
        let book = Arc::new(Mutex::new(Book::default()));
        let visit = Visit {
            book: book.clone(),
            words: words.clone(),
            login: format!("Basic {}", STANDARD.encode(format!("{key}:"))),
            base: format!("localhost:{}", addr.port()),
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let visit = visit.clone();
                clients.spawn(async move { drop(visit.serve(client).await) });
            }
        });
        Ok(Self { addr, book, words, _tasks: tasks })
    }

    /// The address of the API.
    #[must_use]
    pub fn api(&self) -> String {
        format!("http://localhost:{}", self.addr.port())
    }

    /// Issues a telegram to all connections and to the list.
    ///
    /// # Errors
    /// When it cannot be packed.
    pub fn issue(&self, kind: &str, at: i64, bytes: &[u8]) -> io::Result<()> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(bytes)?;
        let packed = packer.finish()?;
        let id = digest(&SHA384, &packed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let issued = Issued { id, kind: kind.to_owned(), at, packed, bytes: bytes.to_vec() };
        lock(&self.book).issued.push(issued.clone());
        // Nobody may listen.
        let _ = self.words.send(Word::Data(issued));
        Ok(())
    }

    /// Pings all connections.
    pub fn ping(&self, id: &str) {
        let _ = self.words.send(Word::Ping(id.to_owned()));
    }

    /// Tells all connections of an error that ends them.
    pub fn error(&self, code: u32) {
        let _ = self.words.send(Word::Error(code));
    }

    /// Ends all connections without a word.
    pub fn hang_up(&self) {
        let _ = self.words.send(Word::HangUp);
    }

    /// Gives no tickets from now on, or gives them again.
    pub fn refuse(&self, refuses: bool) {
        lock(&self.book).refuses = refuses;
    }

    /// Goes on listing the telegram that was issued first and does not give its bytes, or gives them again.
    pub fn lack_first(&self, lacks: bool) {
        lock(&self.book).lacks = lacks;
    }

    /// What was asked so far.
    #[must_use]
    pub fn tally(&self) -> StreamTally {
        let book = lock(&self.book);
        StreamTally { connections: book.connections, pongs: book.pongs.clone(), bodies: book.bodies }
    }
}

#[derive(Clone)]
struct Visit {
    book: Arc<Mutex<Book>>,
    words: broadcast::Sender<Word>,
    login: String,
    base: String,
}

impl Visit {
    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        while let Some(request) = request(&mut stream).await? {
            if request.path() == "/v2/websocket" {
                return self.socket(stream, &request).await;
            }
            let (status, body) = self.api(&request);
            let headers = [("Content-Type", "application/json".to_owned()), ("Content-Length", body.len().to_string())];
            stream.write_all(&[head(status, &headers).as_bytes(), &body].concat()).await?;
        }
        Ok(())
    }

    fn api(&self, request: &Request) -> (u16, Vec<u8>) {
        let error = |status: u16, message: &str| {
            (
                status,
                format!(r#"{{"responseId":"1","status":"error","error":{{"message":"{message}","code":{status}}}}}"#)
                    .into_bytes(),
            )
        };
        if request.header("authorization") != Some(self.login.as_str()) {
            return error(401, "Authentication failed.");
        }
        let mut book = lock(&self.book);
        match (request.method.as_str(), request.path()) {
            ("POST", "/v2/socket") if book.refuses => {
                error(409, "The maximum number of simultaneous connections is full.")
            }
            ("POST", "/v2/socket") => {
                book.tickets_made += 1;
                let ticket = format!("Tik{}", book.tickets_made);
                book.tickets.push(ticket.clone());
                let url = format!("ws://{}/v2/websocket?ticket={ticket}", self.base);
                let body = format!(
                    r#"{{"responseId":"1","status":"ok","ticket":"{ticket}","websocket":{{"id":1,"url":"{url}","protocol":["dmdata.v2"],"expiration":300}},"classifications":["telegram.earthquake"],"test":"no","types":null,"formats":["xml"],"appName":"hikyaku"}}"#
                );
                (200, body.into_bytes())
            }
            ("GET", "/v2/telegram") => {
                let behind: usize = asked(request, "cursorToken").and_then(|it| it.parse().ok()).unwrap_or(0);
                let items: Vec<String> = book.issued.iter().skip(behind).rev().map(|it| self.item(it)).collect();
                let body = format!(
                    r#"{{"responseId":"1","status":"ok","items":[{}],"nextPooling":"{}","nextPoolingInterval":1000}}"#,
                    items.join(","),
                    book.issued.len()
                );
                (200, body.into_bytes())
            }
            ("GET", path) => {
                let given = book.issued.iter().skip(usize::from(book.lacks));
                let found = path.strip_prefix("/v1/").and_then(|id| given.clone().find(|it| it.id == id)).cloned();
                match found {
                    Some(issued) => {
                        book.bodies += 1;
                        (200, issued.bytes)
                    }
                    None => error(404, "Not found."),
                }
            }
            _ => error(400, "Bad request."),
        }
    }

    fn item(&self, issued: &Issued) -> String {
        let (id, at) = (&issued.id, moment::rfc3339(issued.at));
        format!(
            r#"{{"serial":0,"classification":"telegram.earthquake","id":"{id}",{},"receivedTime":"{at}","format":"xml","url":"http://{}/v1/{id}"}}"#,
            about(issued),
            self.base
        )
    }

    async fn socket(&self, mut stream: TcpStream, request: &Request) -> io::Result<()> {
        let ticket = asked(request, "ticket").unwrap_or_default();
        let is_known = {
            let mut book = lock(&self.book);
            let place = book.tickets.iter().position(|it| *it == ticket);
            place.map(|place| book.tickets.remove(place)).is_some()
        };
        let key = request.header("sec-websocket-key").unwrap_or_default();
        if !is_known || request.header("sec-websocket-protocol") != Some("dmdata.v2") {
            return stream.write_all(head(400, &[("Content-Length", "0".into())]).as_bytes()).await;
        }
        let accept = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, format!("{key}{ACCEPT}").as_bytes()));
        let headers = [
            ("Upgrade", "websocket".to_owned()),
            ("Connection", "Upgrade".to_owned()),
            ("Sec-WebSocket-Accept", accept),
            ("Sec-WebSocket-Protocol", "dmdata.v2".to_owned()),
        ];
        // From now on nothing is missed: heard before the client knows that it has begun.
        let mut words = self.words.subscribe();
        stream.write_all(head(101, &headers).as_bytes()).await?;
        let start = r#"{"type":"start","socketId":1,"classifications":["telegram.earthquake"],"types":null,"test":"no","formats":["xml"],"appName":"hikyaku","time":"2026-11-21T00:00:00.000Z"}"#;
        stream.write_all(&frame(start)).await?;
        lock(&self.book).connections += 1;
        let (mut reading, mut writing) = stream.into_split();
        loop {
            tokio::select! {
                text = client_text(&mut reading) => {
                    let text = text?;
                    if text.contains(r#""type":"ping""#) {
                        writing.write_all(&frame(&text.replace("ping\"", "pong\""))).await?;
                    } else {
                        lock(&self.book).pongs.push(text);
                    }
                }
                word = words.recv() => match word {
                    Ok(Word::Data(issued)) => writing.write_all(&frame(&data(&issued))).await?,
                    Ok(Word::Ping(id)) => {
                        writing.write_all(&frame(&format!(r#"{{"type":"ping","pingId":"{id}"}}"#))).await?;
                    }
                    Ok(Word::Error(code)) => {
                        let text = format!(r#"{{"type":"error","error":"Server end.","code":{code},"close":true}}"#);
                        return writing.write_all(&frame(&text)).await;
                    }
                    Ok(Word::HangUp) | Err(_) => return Ok(()),
                },
            }
        }
    }
}

/// What the address of a request asks for by this name.
fn asked(request: &Request, name: &str) -> Option<String> {
    let query = request.target.split_once('?')?.1;
    query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
}

fn about(issued: &Issued) -> String {
    let (kind, at) = (&issued.kind, moment::rfc3339(issued.at));
    format!(
        r#""head":{{"type":"{kind}","author":"JPOS","time":"{at}","designation":null,"test":false}},"xmlReport":{{"control":{{"title":"","dateTime":"{at}","status":"通常"}}}}"#
    )
}

fn data(issued: &Issued) -> String {
    format!(
        r#"{{"type":"data","version":"2.0","classification":"telegram.earthquake","id":"{}","passing":[],{},"format":"xml","compression":"gzip","encoding":"base64","body":"{}"}}"#,
        issued.id,
        about(issued),
        STANDARD.encode(&issued.packed)
    )
}

/// A text in one frame of a server (RFC 6455 §5.2).
fn frame(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x81];
    match (u8::try_from(text.len()), u16::try_from(text.len())) {
        (Ok(length @ ..=125), _) => bytes.push(length),
        (_, Ok(length)) => {
            bytes.push(126);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(127);
            bytes.extend(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    bytes.extend(text.as_bytes());
    bytes
}

/// The next text of a client; its frames are masked.
async fn client_text(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> io::Result<String> {
    loop {
        let kind = stream.read_u8().await? & 0x0F;
        let length = stream.read_u8().await?;
        let gone = || io::Error::other("a frame that no client of ours sends");
        if length & 0x80 == 0 {
            return Err(gone());
        }
        let length = match length & 0x7F {
            126 => usize::from(stream.read_u16().await?),
            127 => return Err(gone()),
            short => usize::from(short),
        };
        let mut mask = [0; 4];
        stream.read_exact(&mut mask).await?;
        let mut bytes = vec![0; length.min(FRAME_BYTES)];
        stream.read_exact(&mut bytes).await?;
        bytes.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        match kind {
            1 => return String::from_utf8(bytes).map_err(|_| gone()),
            8 => return Err(gone()),
            _ => {}
        }
    }
}
