//! A node that is cut off from the database sends an emergency dispatch by itself; afterwards the journal has it, and every outcome of
//! it, once.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use hikyaku_dispatch::{DispatchEvent, DispatchId, Event, MailEnd, PersonId};
use tokio::runtime::Runtime;

use crate::cluster::Cluster;
use crate::command::{Running, run, waiting};
use crate::demo::{free_port, page};
use crate::nodes::{FAR, SESSIONS, System, are_even, carriers, post};
use crate::proxy::LongWire;

const PEOPLE: usize = 500;
/// Mails a second at each of two carriers, for both nodes together.
const RATE: u32 = 60;
const WISH: &str = r#"{"mode":"real","title":"線が切れた中の安否確認","asks":true,"target":{"everyone":true}}"#;

/// Two nodes, of which the second one reaches the database over a wire that can be cut, and has an API.
struct Apart {
    cluster: Cluster,
    wire: LongWire,
    system: System,
    api: u16,
    token: String,
}

impl Apart {
    fn new(around: &Runtime) -> Apart {
        let cluster = Cluster::primary("tokyo", "");
        let wire = around.block_on(LongWire::to(cluster.port(), FAR));
        let url = cluster.url();
        let long = url.replace(&cluster.port().to_string(), &wire.port.to_string());
        let system = System::new(PEOPLE, &carriers(RATE), &cluster, (&[&url, &long], &url));
        let api = free_port();
        let config = system.node(1).join("hikyaku.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{text}\n[api]\nlisten = \"127.0.0.1:{api}\"\n")).unwrap();
        let data = system.node(0).join("data");
        let make =
            ["access", "token", "make", "admin", "--label", "試験", "--scope", "read", "--scope", "send", "--data"];
        let made = run(system.folder.path(), make.into_iter().chain([data.to_str().unwrap()]), 60);
        assert!(made.status.success(), "{}", made.stderr);
        Apart { cluster, wire, system, api, token: made.stdout.trim().to_owned() }
    }

    fn start(&self) -> [Running; 2] {
        let nodes = [self.system.start(0), self.system.start(1)];
        self.system.wait("two even parts", || are_even(&self.cluster));
        nodes
    }

    /// What the API of the node that is cut off says to a wish.
    fn ask(&self, key: &str, wish: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.api)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        write!(
            stream,
            "POST /api/v1/dispatches HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{wish}",
            self.token,
            wish.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Cuts the wire and composes at the node behind it.
    fn compose(&self) -> DispatchId {
        self.wire.cut(true);
        let told = self.ask("k1", WISH);
        assert!(told.starts_with("HTTP/1.1 201"), "{told}");
        let (_, body) = told.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["recorded"], false, "{body}");
        DispatchId(u32::try_from(body["id"].as_u64().unwrap()).unwrap())
    }

    /// Waits until everybody's outcome is in the journal; says of how many mails a carrier took a copy.
    fn finish(&self, dispatch: DispatchId) -> usize {
        let system = &self.system;
        system.wait("the dispatch in the journal", || system.desk.read(|state| state.dispatch(dispatch).is_some()));
        // One share more than the ceiling, while sessions of the one that was cut off are still open (docs/postgres.md).
        let taken = system.finish_within(dispatch, RATE, SESSIONS + SESSIONS.div_ceil(2));
        system.wait("every node's again", || system.desk.read(|state| !state.is_apart(dispatch)));
        let (opened, outcomes) = system.runtime.block_on(self.recorded(dispatch));
        assert_eq!(opened, 1, "once");
        assert_eq!(outcomes.len(), PEOPLE);
        assert!(outcomes.values().all(|times| *times == 1), "{outcomes:?}");
        system.copies(&taken)
    }

    /// How often the journal says that the dispatch was opened, and of each person that a carrier took the mail.
    async fn recorded(&self, dispatch: DispatchId) -> (usize, BTreeMap<PersonId, usize>) {
        let (mut opened, mut outcomes, mut from) = (0, BTreeMap::new(), 1);
        loop {
            let rows = self.system.desk.written(from).await.unwrap();
            let Some((last, _)) = rows.last() else { return (opened, outcomes) };
            from = last + 1;
            for (_, entry) in rows {
                match entry.map(|entry| entry.event) {
                    Some(Event::Dispatch(DispatchEvent::Opened(record))) if record.dispatch == dispatch => opened += 1,
                    Some(Event::Dispatch(DispatchEvent::OutcomesRecorded { dispatch: of, outcomes: ends }))
                        if of == dispatch =>
                    {
                        let accepted = ends.iter().filter(|it| it.end == MailEnd::Accepted);
                        accepted.for_each(|it| *outcomes.entry(it.person).or_default() += 1);
                    }
                    _ => {}
                }
            }
        }
    }
}

fn around() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_node_that_is_cut_off_sends_an_emergency_dispatch_and_the_journal_has_it_and_its_outcomes_once() {
    let _machine = waiting();
    let around = around();
    let apart = Apart::new(&around);
    let system = &apart.system;
    let [first, second] = apart.start();
    let sent = apart.compose();
    let (path, page_of) = (format!("/a/{}", system.desk.link_token(sent, PersonId(1))), |node: usize, path: &str| {
        page(system.pages[node], path).unwrap()
    });
    system.wait("a part", || system.taken() > PEOPLE / 5);
    assert!(page_of(1, &path).starts_with("HTTP/1.1 200"), "whoever sent it shows what is asked");
    assert!(page_of(0, &path).starts_with("HTTP/1.1 503"), "the other one does not know of it yet");
    let told = post(system.pages[1], &path, "choice=1");
    assert!(told.starts_with("HTTP/1.1 503"), "answers wait for the journal: {told}");
    let routine = r#"{"mode":"real","title":"お知らせ","asks":false,"target":{"everyone":true}}"#;
    let told = apart.ask("k2", routine);
    assert!(told.starts_with("HTTP/1.1 503"), "everything else is refused: {told}");
    let again = apart.ask("k1", WISH);
    assert!(again.starts_with("HTTP/1.1 201") && again.contains(&format!("\"id\":{}", sent.0)), "{again}");
    apart.wire.cut(false);
    let copies = apart.finish(sent);
    assert_eq!(copies, 0, "what was under way ended before others sent the rest");
    let told = post(system.pages[0], &path, "choice=1");
    assert!(told.starts_with("HTTP/1.1 303"), "the link answers at the other node: {told}");
    let has_answered = || system.desk.read(|state| state.dispatch(sent).unwrap().has_answered(PersonId(1)));
    system.wait("the answer", has_answered);
    for node in [first, second] {
        node.stop(Duration::from_secs(60));
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_node_that_is_killed_while_it_sends_by_itself_goes_on_with_its_queue_once_it_is_started_again() {
    let _machine = waiting();
    let around = around();
    let apart = Apart::new(&around);
    let system = &apart.system;
    let [_first, mut second] = apart.start();
    let sent = apart.compose();
    system.wait("a part", || system.taken() > PEOPLE / 3);
    second.kill();
    let out = system.taken();
    drop(second);
    assert!(system.desk.read(|state| state.dispatch(sent).is_none()), "nobody else knows of it");
    apart.wire.cut(false);
    let _second = system.start(1);
    let copies = apart.finish(sent);
    println!("{copies} of the {out} mails that were out when it was killed are there twice");
    assert!(copies < out / 4, "{copies} of {out}");
}
