//! Two sites, a database at each: one of them is lost in the midst of a dispatch.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use hikyaku_dispatch::{DispatchId, PersonId, partition_of};
use tokio::runtime::Runtime;

use crate::cluster::Cluster;
use crate::command::alone;
use crate::nodes::{GOES_ON, PAUSE, System, are_even, carriers, number_of, partitions, pause, post};
use crate::proxy::LongWire;
use crate::serving::wait_for;

/// Both sites' names, so that either waits for the other.
const STANDBYS: &str = "FIRST 1 (tokyo, osaka)";

/// Two sites with a synchronous standby at the second one, so far apart each way.
struct Sites {
    tokyo: Cluster,
    osaka: Cluster,
    /// From the second site to the database of the first one, and the other way.
    wires: [LongWire; 2],
}

impl Sites {
    fn new(runtime: &Runtime, delay: Duration) -> Sites {
        let tokyo = Cluster::primary("tokyo", "");
        let osaka = Cluster::standby_of(&tokyo, "osaka", &format!("synchronous_standby_names = '{STANDBYS}'"));
        let wires = [&tokyo, &osaka].map(|cluster| runtime.block_on(LongWire::to(cluster.port(), delay)));
        osaka.sql(&format!("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port={} user=hikyaku'", wires[0].port));
        osaka.sql("SELECT pg_reload_conf()");
        tokyo.sql(&format!("ALTER SYSTEM SET synchronous_standby_names = '{STANDBYS}'"));
        tokyo.sql("SELECT pg_reload_conf()");
        tokyo.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
        Sites { tokyo, osaka, wires }
    }

    /// As the node at the first or at the second site sees both.
    fn url(&self, site: usize) -> String {
        let [tokyo, osaka] =
            if site == 0 { [self.tokyo.port(), self.wires[1].port] } else { [self.wires[0].port, self.osaka.port()] };
        format!("postgresql://hikyaku@127.0.0.1:{tokyo},127.0.0.1:{osaka}/postgres?sslmode=disable")
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_site_ten_milliseconds_away_is_lost_in_the_midst_of_a_dispatch_and_the_other_node_finishes_it() {
    let _machine = alone();
    let around = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut sites = Sites::new(&around, Duration::from_millis(5));
    let (people, rate) = (11_500, 400);
    let urls = [sites.url(0), sites.url(1)];
    let system = System::new(people, &carriers(rate), &sites.tokyo, (&[&urls[0], &urls[1]], &urls[1]));
    let (mut first, _second) = (system.start(0), system.start(1));
    system.wait("two even parts", || are_even(&sites.tokyo));
    let of_first = partitions(&sites.tokyo, &system.node(0));
    let dispatch = system.ask();
    system.wait("a third", || system.taken() > people / 3);
    sites.tokyo.kill();
    first.kill();
    let killed = Instant::now();
    // What the carriers have of the killed node and the journal has not: as much may be there twice.
    let is_of_first = |rcpt: &str| of_first.contains(&partition_of(PersonId(number_of(rcpt) + 1)));
    let is_unrecorded = |rcpt: &str| {
        let person = PersonId(number_of(rcpt) + 1);
        system.desk.read(|state| state.dispatch(dispatch).unwrap().mail_end(person, 1).is_none())
    };
    std::thread::sleep(Duration::from_millis(300));
    let out = system.net.ledger().acceptances();
    let unrecorded: HashSet<String> =
        out.iter().map(|mail| mail.rcpt.clone()).filter(|rcpt| is_of_first(rcpt) && is_unrecorded(rcpt)).collect();
    let answering = answer(&system, dispatch, number_of(&out[0].rcpt));
    std::thread::sleep(Duration::from_secs(2));
    sites.osaka.promote();
    let promoted = Instant::now();
    let taken = system.finish(dispatch, rate);
    let of_lost = taken.iter().filter(|mail| mail.at > promoted && is_of_first(&mail.rcpt));
    let after = of_lost.map(|mail| mail.at - promoted).min().unwrap();
    let silence = pause(&taken, killed);
    let mut copies: BTreeMap<&str, usize> = BTreeMap::new();
    taken.iter().for_each(|mail| *copies.entry(&mail.rcpt).or_default() += 1);
    let twice: Vec<&str> = copies.iter().filter(|(_, times)| **times > 1).map(|(rcpt, _)| *rcpt).collect();
    println!(
        "nothing left for {silence:?}, the killed node's mails again {after:?} after the promotion; {} of its {} unrecorded \
         outcomes are there twice",
        twice.len(),
        unrecorded.len()
    );
    assert!(after <= PAUSE && silence <= PAUSE, "{after:?}, {silence:?}");
    assert!(twice.iter().all(|rcpt| unrecorded.contains(*rcpt) && copies[rcpt] == 2), "{twice:?}");
    let said = answering.join().unwrap();
    assert!(said.starts_with("HTTP/1.1 303"), "an answer during the change-over is taken: {said}");
    let answered = system.desk.read(|state| {
        state
            .dispatch(dispatch)
            .unwrap()
            .asked()
            .filter(|person| state.dispatch(dispatch).unwrap().has_answered(*person))
            .count()
    });
    assert_eq!(answered, 1, "and nobody answered twice");
}

/// Answers at the second node as a person does whose mail came from the first one.
fn answer(system: &System, dispatch: DispatchId, number: u32) -> std::thread::JoinHandle<String> {
    let path = format!("/a/{}", system.desk.link_token(dispatch, PersonId(number + 1)));
    let port = system.pages[1];
    assert!(wait_for(port, &path).starts_with("HTTP/1.1 200"), "the link of a mail already out");
    std::thread::spawn(move || post(port, &path, "choice=1"))
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_the_standby_is_lost_in_the_midst_of_a_dispatch_and_outcomes_are_recorded_within_ten_seconds_alarmed() {
    let _machine = alone();
    let around = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut sites = Sites::new(&around, Duration::ZERO);
    let (people, rate) = (3_000, 120);
    let urls = [sites.url(0), sites.url(1)];
    let system = System::new(people, &carriers(rate), &sites.tokyo, (&[&urls[0], &urls[1]], &urls[0]));
    let (first, second) = (system.start(0), system.start(1));
    system.wait("two even parts", || are_even(&sites.tokyo));
    let dispatch = system.ask();
    system.wait("a third", || system.taken() > people / 3);
    sites.osaka.kill();
    let killed = Instant::now();
    // What was under way when it was killed.
    std::thread::sleep(Duration::from_millis(500));
    let before = system.recorded(dispatch);
    system.wait("outcomes", || system.recorded(dispatch) > before);
    println!("outcomes went on {:?} after the loss of the standby", killed.elapsed());
    assert!(killed.elapsed() <= GOES_ON, "{:?}", killed.elapsed());
    let taken = system.finish(dispatch, rate);
    assert_eq!(system.copies(&taken), 0);
    for node in [first, second] {
        node.terminate();
        let ended = node.end(Duration::from_secs(60));
        assert!(ended.stderr.contains("データベースに問題があります"), "{}", ended.stderr);
    }
}
