//! A telegram that comes while the database cannot be reached: administrators hear of it at once, and once the line is mended it is judged
//! and everybody mailed once.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{JudgingCommand, Rule, RuleId, Verdict};
use hikyaku_feeds::edge::{Client, ClientSettings};
use hikyaku_feeds::push::SharedKey;
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::cluster::Cluster;
use crate::command::{Running, waiting};
use crate::demo::free_port;
use crate::nodes::{FAR, System, carriers};
use crate::proxy::LongWire;
use crate::sources::{PUSH_KEY, telegram};

const PEOPLE: usize = 60;
const RATE: u32 = 60;
const DUTY: &str = "duty@docomo.ne.jp";

/// Nodes that all reach the database over one wire, are pushed telegrams to, and have somebody on duty.
struct Deaf {
    cluster: Cluster,
    wire: LongWire,
    system: System,
    pushes: Vec<u16>,
    /// Whether nobody need push any more.
    is_over: Arc<AtomicBool>,
}

impl Deaf {
    fn new(around: &Runtime, nodes: usize) -> Deaf {
        let cluster = Cluster::primary("tokyo", "");
        let wire = around.block_on(LongWire::to(cluster.port(), FAR));
        let url = cluster.url();
        let long = url.replace(&cluster.port().to_string(), &wire.port.to_string());
        let urls = vec![long.as_str(); nodes];
        let system = System::new(PEOPLE, &carriers(RATE), &cluster, (urls.as_slice(), &url));
        let rule = Box::new(Rule::safety(RuleId(1), Intensity::SixLower));
        let set = system.desk.command(JudgingCommand::SetRule { rule }, Timestamp::now());
        system.runtime.block_on(set).unwrap();
        let pushes: Vec<u16> = (0..nodes).map(|_| free_port()).collect();
        for (node, port) in pushes.iter().enumerate() {
            configure(&system.node(node), *port);
        }
        Deaf { cluster, wire, system, pushes, is_over: Arc::default() }
    }

    fn start(&self) -> Vec<Running> {
        let nodes: Vec<Running> = (0..self.pushes.len()).map(|node| self.system.start(node)).collect();
        let held = "SELECT count(*) = 17 FROM hikyaku.lease WHERE until >= now()";
        self.cluster.wait_until(held);
        nodes
    }

    /// Pushes a telegram to every node, again and again until it is safe there; a node that does not listen any more takes none.
    fn push(&self, at: Timestamp) -> Vec<JoinHandle<()>> {
        let pushed = telegram("強い揺れを観測しました。", at);
        let to = |port: &u16| {
            let (url, pushed) = (format!("http://127.0.0.1:{port}/push/jalert"), pushed.clone());
            let is_over = Arc::clone(&self.is_over);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                let client = runtime.block_on(async { Client::new(ClientSettings::default()) }).unwrap();
                let key = SharedKey::new(PUSH_KEY.as_bytes()).unwrap();
                while !is_over.load(Ordering::SeqCst) {
                    let once = client.push(&url, ("jalert", "quake.xml"), &key, pushed.clone(), Timestamp::now());
                    if matches!(runtime.block_on(once), Ok((200, _))) {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(500));
                }
            })
        };
        self.pushes.iter().map(to).collect()
    }

    /// The keys of the alarms that a node has raised.
    fn alarms(&self, node: usize) -> Vec<String> {
        let text = std::fs::read_to_string(self.system.node(node).join("data/troubles.jsonl")).unwrap_or_default();
        let line = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        text.lines().map(|it| line(it)["key"].as_str().unwrap().to_owned()).collect()
    }

    fn waits(&self, node: usize) -> usize {
        self.alarms(node).iter().filter(|key| key.starts_with("node/waits/")).count()
    }

    /// Mails that carriers took: to who is on duty, and to everybody else.
    fn mails(&self) -> (usize, Vec<String>) {
        let taken = self.system.net.ledger().acceptances().into_iter().map(|mail| mail.rcpt);
        let (duty, people): (Vec<String>, Vec<String>) = taken.partition(|rcpt| rcpt == DUTY);
        (duty.len(), people)
    }

    /// Mended, the telegram is judged, and everybody is mailed once.
    fn mend(&self) {
        let system = &self.system;
        self.wire.cut(false);
        system.wait("the dispatch", || system.desk.read(|state| state.dispatches().count() > 0));
        system.wait("everybody", || self.mails().1.len() >= PEOPLE);
        system.wait("the judgement", || !self.verdicts().is_empty());
        let (_, people) = self.mails();
        assert_eq!(people.iter().collect::<HashSet<_>>().len(), PEOPLE);
        assert_eq!(people.len(), PEOPLE, "once each");
        self.is_over.store(true, Ordering::SeqCst);
    }

    fn verdicts(&self) -> Vec<Verdict> {
        self.system.desk.read(|state| state.judgements().iter().map(|it| it.verdict).collect())
    }
}

/// Adds a way in and somebody on duty.
fn configure(node: &Path, port: u16) {
    let config = node.join("hikyaku.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    assert!(text.contains("to = []"), "{text}");
    let text = text.replacen("to = []", &format!("to = [\"{DUTY}\"]"), 1);
    let push =
        format!("[push]\nlisten = '127.0.0.1:{port}'\n[[push.sources]]\nname = 'jalert'\nkey_file = 'push.key'\n");
    std::fs::write(&config, format!("{text}\n{push}")).unwrap();
    crate::sources::secret(node, "push.key", PUSH_KEY);
}

fn around() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_telegram_that_comes_while_the_only_node_is_cut_off_is_mailed_about_at_once_and_judged_once_afterwards() {
    let _machine = waiting();
    let around = around();
    let deaf = Deaf::new(&around, 1);
    let nodes = deaf.start();
    deaf.wire.cut(true);
    let pushing = deaf.push(Timestamp::now());
    let system = &deaf.system;
    system.wait("the alarm", || deaf.waits(0) > 0);
    system.wait("its mail", || deaf.mails().0 >= deaf.alarms(0).len());
    // It is tried again each second meanwhile.
    std::thread::sleep(Duration::from_secs(4));
    assert_eq!(deaf.waits(0), 1, "once: {:?}", deaf.alarms(0));
    assert!(deaf.mails().1.is_empty() && deaf.verdicts().is_empty(), "nobody is mailed before it is judged");
    deaf.mend();
    pushing.into_iter().for_each(|it| it.join().unwrap());
    assert_eq!(deaf.verdicts(), [Verdict::Asked]);
    assert_eq!(system.desk.read(|state| state.dispatches().count()), 1);
    assert_eq!(deaf.waits(0), 1);
    nodes.into_iter().for_each(|node| drop(node.stop(Duration::from_secs(60))));
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_where_no_node_reaches_the_database_each_listens_itself_and_the_telegram_is_judged_once_afterwards() {
    let _machine = waiting();
    let around = around();
    let deaf = Deaf::new(&around, 2);
    let nodes = deaf.start();
    deaf.wire.cut(true);
    // By then both have lost the duties, and neither knows that the other one has.
    std::thread::sleep(Duration::from_secs(10));
    let pushing = deaf.push(Timestamp::now());
    deaf.system.wait("an alarm of each", || deaf.waits(0) > 0 && deaf.waits(1) > 0);
    deaf.mend();
    pushing.into_iter().for_each(|it| it.join().unwrap());
    let asked = deaf.verdicts().iter().filter(|it| **it == Verdict::Asked).count();
    assert_eq!(asked, 1, "{:?}", deaf.verdicts());
    assert_eq!(deaf.system.desk.read(|state| state.dispatches().count()), 1);
    nodes.into_iter().for_each(|node| drop(node.stop(Duration::from_secs(60))));
}
