//! Several nodes of one system that send at the same time, judged by the carriers' own ledger: killed, stopped, cut off.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hikyaku_dispatch::{
    Desk, DispatchCommand, DispatchDraft, DispatchId, Keys, Mode, PeopleCommand, PersonId, PostgresAddress,
    PostgresJournal, RosterImport, partition_of, read_roster, verify,
};
use hikyaku_mock::{Acceptance, Directory, MockNet, Profile};
use jiff::Timestamp;
use tokio::runtime::Runtime;

use crate::agreement::at_the_desk;
use crate::cluster::Cluster;
use crate::command::{Running, run, start, waiting};
use crate::database::{copy_keys, second_node};
use crate::proxy::LongWire;
use crate::serving::{made, wait_for};

/// Carriers that take whatever comes; limits are ours, and their ledger says whether they were kept.
const CARRIERS: &str = r#"
[[carrier]]
name = "docomo"
domains = ["docomo.ne.jp"]
[[carrier.host]]
name = "mfsmax.docomo.ne.jp"

[[carrier]]
name = "au"
domains = ["au.com"]
[[carrier.host]]
name = "msmx.au.com"
"#;
pub const DOMAINS: [&str; 2] = ["docomo.ne.jp", "au.com"];
/// Sessions and mails a second at each carrier, for all nodes together.
pub const SESSIONS: u64 = 7;
/// A commit, or the database, is away for no longer than this.
pub const GOES_ON: Duration = Duration::from_secs(10);
/// How long a way between two sites takes that are ten milliseconds apart, there and back.
pub const FAR: Duration = Duration::from_millis(5);
/// A node that was killed has had its partitions for no longer than this.
pub const MOVES: Duration = Duration::from_secs(10);
/// From a promotion until mails leave again.
pub const PAUSE: Duration = Duration::from_secs(15);
const HANGS: Duration = Duration::from_secs(120);

/// Nodes of a system with a journal in PostgreSQL, carriers that count, and a desk that looks on.
pub struct System {
    pub runtime: Runtime,
    pub folder: tempfile::TempDir,
    pub net: MockNet,
    pub desk: Desk,
    pub people: usize,
    /// Where the pages of the answers are, by node.
    pub pages: Vec<u16>,
}

impl System {
    /// With so many people, a table of carriers, and the URL of the database for each node and for the desk.
    pub fn new(people: usize, carriers: &str, cluster: &Cluster, urls: (&[&str], &str)) -> System {
        System::before(CARRIERS, people, carriers, cluster, urls)
    }

    /// The same before carriers of this profile.
    pub fn before(
        profile: &str,
        people: usize,
        carriers: &str,
        cluster: &Cluster,
        (urls, url): (&[&str], &str),
    ) -> System {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let net = MockNet::start(Profile::parse(profile).unwrap(), Directory::Everyone, 5);
        let net = runtime.block_on(net).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("0");
        std::fs::create_dir(&one).unwrap();
        let ports = made(&one);
        let data = one.join("data");
        let mut roster = String::from("id,name,group,region,email\n");
        for number in 0..people {
            writeln!(roster, "{number},職員{number},本省,13,p{number}@{}", DOMAINS[number % 2]).unwrap();
        }
        at_the_desk(&data, |desk| async move {
            let rows = read_roster(roster.as_bytes()).unwrap().rows;
            desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
        });
        let copied = run(folder.path(), ["journal", "copy", data.to_str().unwrap(), &cluster.url()], 120);
        assert!(copied.status.success(), "{}", copied.stderr);
        std::fs::remove_file(data.join("journal.redb")).unwrap();
        let config = one.join("hikyaku.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        let mail = format!("port = {}\ndns = \"{}\"\ncarriers = \"carriers.toml\"", net.smtp_port, net.dns);
        std::fs::write(&config, text.replace("port = 25", &mail)).unwrap();
        std::fs::write(one.join("carriers.toml"), carriers).unwrap();
        let mut pages = vec![ports.0];
        for (number, url) in urls.iter().enumerate() {
            let node = folder.path().join(number.to_string());
            if number > 0 {
                second_node(&one, &node, ports);
                std::fs::copy(one.join("carriers.toml"), node.join("carriers.toml")).unwrap();
                pages.push(answers_port(&node));
            }
            std::fs::write(node.join("data/journal.toml"), journal(url)).unwrap();
        }
        let keys = folder.path().join("keys");
        copy_keys(&data.join("keys"), &keys);
        let desk = runtime.block_on(desk_on(url, keys));
        System { runtime, folder, net, desk, people, pages }
    }

    /// Looks on at another database from now on.
    pub fn look_at(&mut self, url: &str) {
        let keys = self.folder.path().join("keys-again");
        copy_keys(&self.folder.path().join("keys"), &keys);
        self.desk = self.runtime.block_on(desk_on(url, keys));
    }

    /// Starts a node and waits until its pages are there.
    pub fn start(&self, node: usize) -> Running {
        let config = self.node(node).join("hikyaku.toml");
        let running = start(self.folder.path(), ["serve", "--config", config.to_str().unwrap()]);
        wait_for(self.pages[node], "/healthz");
        running
    }

    pub fn node(&self, node: usize) -> PathBuf {
        self.folder.path().join(node.to_string())
    }

    /// Asks everybody.
    pub fn ask(&self) -> DispatchId {
        self.ask_under("一")
    }

    /// The same, under this key: another one is another dispatch.
    pub fn ask_under(&self, key: &str) -> DispatchId {
        let draft = DispatchDraft::safety(key, Mode::Real, "全員の安否確認");
        let open = DispatchCommand::Open { draft: Box::new(draft) };
        self.runtime.block_on(self.desk.command(open, Timestamp::now())).unwrap();
        self.desk.read(|state| state.latest_dispatch().unwrap().id())
    }

    pub fn taken(&self) -> usize {
        self.net.ledger().snapshot().total(|carrier| carrier.accepted) as usize
    }

    pub fn recorded(&self, dispatch: DispatchId) -> usize {
        self.desk.read(|state| state.dispatch(dispatch).unwrap().delivery().accepted) as usize
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + HANGS;
        while !is_so() {
            assert!(Instant::now() < deadline, "{what}: {} of {} taken", self.taken(), self.people);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// When everybody's outcome is in the journal: everybody's mail was taken, how often more than once, and no limit was passed.
    pub fn finish(&self, dispatch: DispatchId, rate: u32) -> Vec<Acceptance> {
        self.finish_within(dispatch, rate, SESSIONS)
    }

    /// The same where carriers may have seen so many sessions at once.
    pub fn finish_within(&self, dispatch: DispatchId, rate: u32, sessions: u64) -> Vec<Acceptance> {
        self.wait("everybody", || self.recorded(dispatch) == self.people);
        let taken = self.net.ledger().acceptances();
        let people: HashSet<&str> = taken.iter().map(|mail| mail.rcpt.as_str()).collect();
        assert_eq!(people.len(), self.people, "nobody is forgotten");
        for carrier in self.net.ledger().snapshot().carriers {
            assert!(
                carrier.sessions_max_seen <= sessions,
                "{} had {} sessions",
                carrier.name,
                carrier.sessions_max_seen
            );
            let most = u64::from(rate) + u64::from(rate.div_ceil(10)) + SESSIONS;
            let seen = carrier.mails_per_second_max_seen;
            assert!(seen <= most, "{} had {seen} mails in a second, {rate} are allowed", carrier.name);
        }
        self.runtime.block_on(async { verify(self.desk.journal()).await }).unwrap();
        taken
    }

    pub fn copies(&self, taken: &[Acceptance]) -> usize {
        taken.len() - self.people
    }
}

async fn desk_on(url: &str, keys: PathBuf) -> Desk {
    let journal = PostgresJournal::open(PostgresAddress::parse(url).unwrap()).await.unwrap();
    Desk::open(Arc::new(journal), Keys::open(keys).unwrap()).await.unwrap()
}

/// The longest time after `from` in which no mail was taken, and when it ended.
pub fn pause(taken: &[Acceptance], from: Instant) -> Duration {
    let mut moments: Vec<Instant> = taken.iter().map(|mail| mail.at).filter(|at| *at >= from).collect();
    moments.push(from);
    moments.sort();
    moments.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

/// A table with our own limits, counted over everything that is ours.
pub fn carriers(rate: u32) -> String {
    let mut text = "[default]\nsessions_max = 20\nsessions_start = 4\nmails_per_session_max = 100\n".to_owned();
    for (name, domain, mx) in [("docomo", DOMAINS[0], "mfsmax.docomo.ne.jp"), ("au", DOMAINS[1], "msmx.au.com")] {
        let burst = rate.div_ceil(10);
        let limits = format!(
            "sessions_max = {SESSIONS}, sessions_start = {SESSIONS}, mails_per_second_max = {rate}, burst_mails = {burst}"
        );
        writeln!(text, "[[carrier]]\nname = \"{name}\"\ndomains = [\"{domain}\"]\nmx = [\"{mx}\"]").unwrap();
        writeln!(text, "address_style = \"quoted\"\nsource = \"the test\"\nlimits = {{ {limits} }}").unwrap();
    }
    text
}

fn journal(url: &str) -> String {
    format!("url = \"{url}\"\nstandbys = \"FIRST 1 (tokyo, osaka)\"\ndegrade_after_s = 4\n")
}

fn answers_port(node: &Path) -> u16 {
    let text = std::fs::read_to_string(node.join("hikyaku.toml")).unwrap();
    let (_, answers) = text.split_once("[answers]").unwrap();
    let (_, port) = answers.split_once("listen = \"127.0.0.1:").unwrap();
    port.split_once('"').unwrap().0.parse().unwrap()
}

/// How many partitions each node has.
pub fn parts(cluster: &Cluster) -> BTreeMap<String, usize> {
    let statement =
        "SELECT node, count(*) FROM hikyaku.lease WHERE name LIKE 'mails%' AND until >= now() GROUP BY node";
    let lines = cluster.sql(statement);
    lines
        .lines()
        .filter_map(|line| Some((line.split('|').next()?.into(), line.split('|').nth(1)?.parse().ok()?)))
        .collect()
}

/// Has the database note when leases come to another node, by its own clock.
pub fn note_moves(cluster: &Cluster) {
    cluster.sql(
        "CREATE TABLE public.moved (at timestamptz NOT NULL, node text NOT NULL);
         CREATE FUNCTION public.note_move() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN INSERT INTO public.moved VALUES (clock_timestamp(), NEW.node); RETURN NEW; END $$;
         CREATE TRIGGER moved AFTER UPDATE ON hikyaku.lease FOR EACH ROW WHEN (OLD.node <> NEW.node)
           EXECUTE FUNCTION public.note_move()",
    );
}

/// The database's clock.
pub fn clock_of(cluster: &Cluster) -> String {
    cluster.sql("SELECT clock_timestamp()")
}

/// How long after that moment the last lease came to this node, as [`note_moves`] noted it.
pub fn moved_after(cluster: &Cluster, from: &str, node: &Path) -> Duration {
    let name = std::fs::read_to_string(node.join("data/journal.node")).unwrap();
    let statement = format!(
        "SELECT extract(epoch FROM max(at) - '{from}'::timestamptz) FROM public.moved WHERE node = '{}' AND at > '{from}'::timestamptz",
        name.trim()
    );
    Duration::from_secs_f64(cluster.sql(&statement).parse().unwrap())
}

pub fn are_even(cluster: &Cluster) -> bool {
    parts(cluster).values().copied().collect::<Vec<_>>() == [8, 8]
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_two_nodes_send_within_one_carriers_limit_and_one_that_is_stopped_in_order_costs_no_copy() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "");
    let (people, rate) = (3_000, 120);
    let url = cluster.url();
    let system = System::new(people, &carriers(rate), &cluster, (&[&url, &url], &url));
    let (first, second) = (system.start(0), system.start(1));
    system.wait("two even parts", || are_even(&cluster));
    let dispatch = system.ask();
    system.wait("a third", || system.taken() > people / 3);
    first.stop(Duration::from_secs(40));
    assert_eq!(parts(&cluster).len(), 1, "the other one need not wait");
    let taken = system.finish(dispatch, rate);
    assert_eq!(system.copies(&taken), 0);
    println!("the longest pause was {:?}", pause(&taken, taken.iter().map(|mail| mail.at).min().unwrap()));
    drop(second);
}

pub fn number_of(rcpt: &str) -> u32 {
    rcpt[1..].split_once('@').unwrap().0.parse().unwrap()
}

/// Whose mails a node sends, as the database says.
pub fn partitions(cluster: &Cluster, node: &Path) -> HashSet<u8> {
    let name = std::fs::read_to_string(node.join("data/journal.node")).unwrap();
    let statement =
        format!("SELECT substr(name, 7) FROM hikyaku.lease WHERE name LIKE 'mails%' AND node = '{}'", name.trim());
    cluster.sql(&statement).lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_node_that_is_cut_off_stops_before_the_other_one_sends_what_it_had() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "");
    let around = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let wire = around.block_on(LongWire::to(cluster.port(), FAR));
    let (people, rate) = (6_000, 150);
    let url = cluster.url();
    let long = url.replace(&cluster.port().to_string(), &wire.port.to_string());
    let system = System::new(people, &carriers(rate), &cluster, (&[&url, &long], &url));
    let (first, second) = (system.start(0), system.start(1));
    system.wait("two even parts", || are_even(&cluster));
    let of_second = partitions(&cluster, &system.node(1));
    let dispatch = system.ask();
    system.wait("a quarter", || system.taken() > people / 4);
    wire.cut(true);
    let cut = Instant::now();
    system.wait("the other node has everything", || parts(&cluster).values().copied().collect::<Vec<_>>() == [16]);
    let moved = Instant::now();
    println!("the partitions moved {:?} after the cut", moved - cut);
    assert!(moved - cut <= GOES_ON, "{:?}", moved - cut);
    std::thread::sleep(Duration::from_secs(3));
    wire.cut(false);
    let taken = system.finish(dispatch, rate);
    let mut first_copy: BTreeMap<&str, Instant> = BTreeMap::new();
    let mut twice = 0;
    let mut all: Vec<&Acceptance> = taken.iter().collect();
    all.sort_by_key(|mail| mail.at);
    for mail in all {
        if let Some(first) = first_copy.insert(&mail.rcpt, mail.at) {
            twice += 1;
            assert!(of_second.contains(&partition_of(PersonId(number_of(&mail.rcpt) + 1))), "{}", mail.rcpt);
            // The lease was over for everybody before the other node had it.
            let by_one_each = first < moved && mail.at > cut + Duration::from_secs(6);
            let (first, again) = (first.saturating_duration_since(cut), mail.at.saturating_duration_since(cut));
            assert!(by_one_each, "{}: worked by two, {first:?} and {again:?} after the cut", mail.rcpt);
        }
    }
    println!("{twice} mails that the cut node could not record are there twice");
    // The one that took over says how many there may be, and the one that came back how many it knows of.
    let is_told = |node: &Running| node.said().contains(" 通が二重に届きました");
    system.wait("the copies told", || is_told(&first) || is_told(&second));
    let said: Vec<String> = [first, second]
        .map(|node| {
            node.terminate();
            node.end(Duration::from_secs(60)).stderr
        })
        .into();
    let bound = bound_told(&said[0]);
    assert!(bound.is_some_and(|bound| twice <= bound), "{twice} beyond {bound:?}: {}", said[0]);
    let told = said.iter().flat_map(|text| text.lines()).filter_map(|line| line.split_once(" 通が二重に届きました"));
    let told: usize = told.map(|(before, _)| last_number(before)).sum();
    // Where both record the same mail at the same moment, neither sees the other's: it is a count from below.
    println!("{told} of them are told of as copies, of at most {bound:?}");
    assert!(told > 0 && told <= twice, "{told} of {twice}: {}", said[1]);
}

/// The number at the end of a text, which may have commas.
fn last_number(text: &str) -> usize {
    let begin = text.trim_end_matches(|it: char| it.is_ascii_digit() || it == ',').len();
    text[begin..].replace(',', "").parse().unwrap()
}

/// How many mails a node that took over says may be there twice, at most; nothing if it took over nothing.
pub fn bound_told(said: &str) -> Option<usize> {
    let told = said.lines().filter_map(|line| line.split_once(" 通を送り直します"));
    told.map(|(before, _)| last_number(before)).reduce(|sum, mails| sum + mails)
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_single_node_that_is_cut_off_goes_on_from_its_queue_and_records_it_afterwards() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "");
    let around = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let wire = around.block_on(LongWire::to(cluster.port(), FAR));
    let (people, rate) = (2_000, 110);
    let url = cluster.url();
    let long = url.replace(&cluster.port().to_string(), &wire.port.to_string());
    let system = System::new(people, &carriers(rate), &cluster, (&[&long], &url));
    let _first = system.start(0);
    system.wait("everything", || parts(&cluster).values().copied().collect::<Vec<_>>() == [16]);
    let dispatch = system.ask();
    system.wait("a quarter", || system.taken() > people / 4);
    wire.cut(true);
    system.wait("all but what was not submitted", || system.taken() == people);
    let unrecorded = people - system.recorded(dispatch);
    wire.cut(false);
    let taken = system.finish(dispatch, rate);
    println!("{unrecorded} outcomes were recorded after the wire was mended");
    assert!(unrecorded > people / 2, "{unrecorded}");
    assert_eq!(system.copies(&taken), 0);
}

/// What a page answers to a form.
pub fn post(port: u16, path: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = "Host: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded";
    write!(stream, "POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {}\r\n\r\n{form}", form.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
