//! The listener on loopback: a flood, forgeries, giants and idlers on sockets, and TLS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hikyaku_inbound::{Certificates, Desk, GateLimits, Limits, Listener, Mail, Verdict, serve};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

const OURS: &str = "b+ours@example.go.jp";

#[derive(Default)]
struct Office {
    mails: Mutex<Vec<Mail>>,
    refused: AtomicUsize,
}

impl Desk for Office {
    fn knows(&self, address: &str) -> bool {
        address == OURS
    }

    async fn take(&self, mail: Mail) -> Verdict {
        self.mails.lock().unwrap().push(mail);
        Verdict::Taken
    }

    fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

struct Running {
    office: Arc<Office>,
    at: std::net::SocketAddr,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

async fn running(limits: Limits, gate: GateLimits, certificates: Option<Certificates>) -> Running {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    let office = Arc::new(Office::default());
    let (stop, mut stopping) = watch::channel(false);
    let listener = Listener { socket, host: "in.example.go.jp".into(), certificates, limits, gate };
    let desk = Arc::clone(&office);
    let task = tokio::spawn(serve(listener, desk, async move {
        let _ = stopping.wait_for(|stop| *stop).await;
    }));
    Running { office, at, stop, task }
}

struct Client<S>(BufReader<S>);

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    /// The last line of the next reply; empty once the server has closed.
    async fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).await.unwrap_or(0);
            if line.as_bytes().get(3) != Some(&b'-') {
                return line.trim_end().to_owned();
            }
        }
    }

    async fn say(&mut self, line: &str) -> String {
        let _ = self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    async fn mail(&mut self, to: &str, content: &str) -> String {
        self.say("MAIL FROM:<>").await;
        let rcpt = self.say(&format!("RCPT TO:<{to}>")).await;
        if !rcpt.starts_with("250") {
            self.say("RSET").await;
            return rcpt;
        }
        self.say("DATA").await;
        self.say(&format!("{content}\r\n.")).await
    }
}

async fn client(at: std::net::SocketAddr) -> Client<TcpStream> {
    let mut client = Client(BufReader::new(TcpStream::connect(at).await.unwrap()));
    assert!(client.reply().await.starts_with("220 "));
    assert!(client.say("EHLO a").await.starts_with("250 "));
    client
}

#[tokio::test]
async fn a_flood_on_sockets_with_forged_addresses_between_is_taken_as_far_as_it_is_ours() {
    let server = running(Limits::default(), GateLimits::default(), None).await;
    let mut senders = Vec::new();
    for sender in 0..8 {
        let mut client = client(server.at).await;
        senders.push(tokio::spawn(async move {
            for number in 0..100 {
                let is_forged = number % 10 == 9;
                let to = if is_forged { "b+forged@example.go.jp" } else { OURS };
                let told = client.mail(to, &format!("Subject: {sender} {number}\r\n\r\nx")).await;
                assert_eq!(&told[..3], if is_forged { "550" } else { "250" });
            }
        }));
    }
    for sender in senders {
        sender.await.unwrap();
    }
    assert_eq!(server.office.mails.lock().unwrap().len(), 8 * 90);
    server.stop.send(true).unwrap();
    server.task.await.unwrap();
}

#[tokio::test]
async fn idlers_and_giants_end_by_themselves_and_keep_nobody_else_out() {
    let limits = Limits { command_patience: Duration::from_millis(300), mail_bytes: 100_000, ..Limits::default() };
    let gate = GateLimits { at_once: 4, at_once_of_one: 3, per_minute_of_one: 100 };
    let server = running(limits, gate, None).await;
    let mut idlers = [client(server.at).await, client(server.at).await, client(server.at).await];
    let mut fourth = Client(BufReader::new(TcpStream::connect(server.at).await.unwrap()));
    assert!(fourth.reply().await.starts_with("421 "), "three of one source");
    assert_eq!(server.office.refused.load(Ordering::Relaxed), 1);
    for idler in &mut idlers {
        assert!(idler.reply().await.starts_with("421 4.4.2"));
        assert_eq!(idler.reply().await, "");
    }
    let mut giant = client(server.at).await;
    giant.say("MAIL FROM:<>").await;
    giant.say(&format!("RCPT TO:<{OURS}>")).await;
    giant.say("DATA").await;
    // What is sent on after the refusal may meet a closed socket.
    let _ = giant.0.get_mut().write_all(&vec![b'x'; 150_000]).await;
    let refused = giant.reply().await;
    assert!(refused.starts_with("552 ") || refused.is_empty(), "{refused}");
    assert_eq!(&client(server.at).await.mail(OURS, "x").await[..3], "250");
    assert_eq!(server.office.mails.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_mail_is_taken_over_tls_by_the_certificate_that_was_given() {
    let made = rcgen::generate_simple_self_signed(["in.example.go.jp".to_owned()]).unwrap();
    let chain = vec![made.cert.der().clone()];
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain.clone(), key).unwrap());
    let certificates: Certificates = Arc::new(move || TlsAcceptor::from(Arc::clone(&config)));
    let server = running(Limits::default(), GateLimits::default(), Some(certificates)).await;
    let mut plain = client(server.at).await;
    assert!(plain.say("STARTTLS").await.starts_with("220 "));
    let mut roots = RootCertStore::empty();
    roots.add(chain[0].clone()).unwrap();
    let trusting = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let connector = TlsConnector::from(Arc::new(trusting.with_root_certificates(roots).with_no_client_auth()));
    let name = ServerName::try_from("in.example.go.jp").unwrap();
    let mut secure = Client(BufReader::new(connector.connect(name, plain.0.into_inner()).await.unwrap()));
    assert!(secure.say("MAIL FROM:<>").await.starts_with("503 "), "what was said before is forgotten");
    assert!(secure.say("EHLO a").await.starts_with("250 "));
    assert!(secure.mail(OURS, "x").await.starts_with("250 "));
}
