//! The way out of the stage: an engine with two carriers, both behind one small relay on this machine that keeps what it takes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hikyaku_core::letter::Mailbox;
use hikyaku_core::setup::NameService;
use hikyaku_core::time::Span;
use hikyaku_core::{Address, Carriers, Config, Engine};
use hikyaku_dispatch::{Desk, DispatchCommand, DispatchId, Sender, batch_for};
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::Stage;

/// How long a mail may take from one process to itself before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// To whom each mail was, and its text as it is read.
type Taken = Arc<Mutex<Vec<(String, String)>>>;

/// An engine and its relay.
pub struct Mail {
    pub engine: Engine,
    /// The address that is asked to come back later; nobody's at first.
    pub busy: Arc<Mutex<String>>,
    taken: Taken,
    relay: JoinHandle<()>,
    /// Removed with it.
    _queue: tempfile::TempDir,
}

impl Drop for Mail {
    fn drop(&mut self) {
        self.relay.abort();
    }
}

impl Mail {
    /// Opens both; nothing is waiting.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Taken::default();
        let busy = Arc::new(Mutex::default());
        let relay = tokio::spawn(relay(listener, Arc::clone(&taken), Arc::clone(&busy)));
        let queue = tempfile::tempdir().unwrap();
        let mut config = Config::new(queue.path(), "anpi.example.go.jp");
        // Nobody is asked: what is behind a relay needs no name service.
        config.dns = NameService::Servers(vec![([127, 0, 0, 1], 9).into()]);
        config.carriers = Carriers::read(&carriers(port)).unwrap();
        let engine = Engine::open(config).await.unwrap();
        Self { engine, busy, taken, relay, _queue: queue }
    }

    /// Hands the first mails of a dispatch to the engine, however long ago it was decided by the clock of the stage.
    pub async fn carry(&self, desk: &Desk, dispatch: DispatchId, now: Timestamp) {
        let batch =
            desk.read(|state| batch_for(state, desk.keys(), (dispatch, 0), None, &sender("https://anpi.example")));
        let mut batch = batch.unwrap().unwrap();
        batch.deadline = None;
        batch.expires = Some(self.engine.now() + Span::from_secs(3_600));
        self.engine.submit(batch).await.unwrap();
        desk.command(DispatchCommand::MarkQueued { dispatch, round: 0 }, now).await.unwrap();
    }

    /// Waits until a carrier has taken so many.
    pub async fn accepted(&self, carrier: &str, mails: u64) {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let lanes = self.engine.snapshot().await.unwrap().lanes;
            let taken: u64 = lanes.iter().filter(|it| it.carrier.to_string() == carrier).map(|it| it.accepted).sum();
            if taken >= mails {
                return;
            }
            assert!(tokio::time::Instant::now() < until, "{carrier} took {taken} of {mails}: {lanes:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The text of the mail to an address in which these words are; waits until it is there.
    pub async fn text_to(&self, address: &str, words: &str) -> String {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            let is_it = |(to, text): &&(String, String)| to == address && text.contains(words);
            if let Some((_, text)) = self.taken.lock().unwrap().iter().find(is_it) {
                return text.clone();
            }
            assert!(tokio::time::Instant::now() < until, "no mail to {address} with {words}: {:?}", self.taken);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Stage {
    /// With mails that people ask for, whose links begin with `site`.
    pub fn mailing(mut self, mail: &Mail, site: &str) -> Self {
        self.web = self.web.with_mail(mail.engine.clone(), sender(site), site.to_owned());
        self
    }

    /// Puts the clock to the machine's time, which is the engine's: a letter that was written more than a day ago is not sent.
    pub fn keep_time(&self) {
        *self.now.lock().unwrap() = Timestamp::now();
    }
}

/// In whose name mails go out.
fn sender(site: &str) -> Sender {
    Sender {
        from: Mailbox { name: "安否確認".into(), address: Address::parse("anpi@example.go.jp").unwrap() },
        return_path: "b+{verp}@example.go.jp".into(),
        reply_to: Some("a+{reply}@example.go.jp".into()),
        link_base: format!("{site}/a/"),
    }
}

/// The carriers of the roster's addresses, both reached through the relay alone.
fn carriers(port: u16) -> String {
    format!(
        r#"
[default]
sessions_max = 4
mails_per_session_max = 50

[[carrier]]
name = "docomo"
domains = ["docomo.example"]
source = "fictional"

[[carrier]]
name = "au"
domains = ["mail.example", "gmail.example"]
source = "fictional"

[[route]]
name = "tokutei"
relay = "127.0.0.1:{port}"
carriers = ["docomo", "au"]
limits = {{ sessions_max = 4 }}
"#
    )
}

async fn relay(listener: TcpListener, taken: Taken, busy: Arc<Mutex<String>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (taken, busy) = (Arc::clone(&taken), Arc::clone(&busy));
        // A conversation that breaks off is the engine's to judge.
        tokio::spawn(async move { drop(converse(stream, taken, busy).await) });
    }
}

/// As much of SMTP as a relay without extensions speaks.
async fn converse(stream: TcpStream, taken: Taken, busy: Arc<Mutex<String>>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 small relay\r\n").await?;
    let (mut to, mut mail, mut is_content) = (String::new(), String::new(), false);
    while let Some(line) = lines.next_line().await? {
        let reply = match line.as_str() {
            "." if is_content => {
                is_content = false;
                taken.lock().unwrap().push((std::mem::take(&mut to), text_of(&std::mem::take(&mut mail))));
                "250 taken\r\n"
            }
            _ if is_content => {
                mail.push_str(&line);
                mail.push('\n');
                continue;
            }
            "DATA" => {
                is_content = true;
                "354 go on\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => match line.strip_prefix("RCPT TO:<").and_then(|rest| rest.split_once('>')) {
                Some((address, _)) if *address == *busy.lock().unwrap() => "451 4.2.1 mailbox busy\r\n",
                Some((address, _)) => {
                    to = address.to_owned();
                    "250 ok\r\n"
                }
                None => "250 ok\r\n",
            },
        };
        write.write_all(reply.as_bytes()).await?;
    }
    Ok(())
}

/// The text of a mail, which is base64 where most of it is Japanese.
fn text_of(mail: &str) -> String {
    let (head, body) = mail.split_once("\n\n").unwrap();
    if !head.to_lowercase().contains("content-transfer-encoding: base64") {
        return body.to_owned();
    }
    let joined: String = body.split_whitespace().collect();
    String::from_utf8(STANDARD.decode(joined).unwrap()).unwrap()
}
