//! How fast several nodes send together to carriers without limits, and what a journal in PostgreSQL costs: figures for
//! `docs/postgres.md`, printed by hand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hikyaku_dispatch::{
    DispatchCommand, DispatchDraft, Head, Journal, Mode, PostgresAddress, PostgresJournal, RedbJournal,
};
use jiff::Timestamp;

use crate::agreement::at_the_desk;
use crate::cluster::Cluster;
use crate::command::{alone, start};
use crate::nodes::{System, parts};

/// As many as in the demo.
const PEOPLE: usize = 11_500;
/// Nothing but sessions is limited.
const CARRIERS: &str = r#"
[default]
sessions_max = 40
sessions_start = 40
mails_per_session_max = 1000
flight_start = 1024

[[carrier]]
name = "docomo"
domains = ["docomo.ne.jp"]
mx = ["mfsmax.docomo.ne.jp"]
address_style = "quoted"
source = "the test"

[[carrier]]
name = "au"
domains = ["au.com"]
mx = ["msmx.au.com"]
address_style = "quoted"
source = "the test"
"#;
/// How long appends are counted.
const COUNTED: Duration = Duration::from_secs(3);

#[test]
#[ignore = "prints figures, which depend on the machine"]
fn the_pace_of_several_nodes_and_what_a_database_costs_are_printed() {
    let _machine = alone();
    let file = with_a_file();
    println!("redb, one node: {PEOPLE} mails taken in {file:?}");
    for nodes in [1, 2, 4] {
        let cluster = Cluster::primary("tokyo", "");
        let url = cluster.url();
        let urls = vec![url.as_str(); nodes];
        let system = System::new(PEOPLE, CARRIERS, &cluster, (&urls, &url));
        let _running: Vec<_> = (0..nodes).map(|node| system.start(node)).collect();
        system.wait("even parts", || parts(&cluster).values().copied().collect::<Vec<_>>() == vec![16 / nodes; nodes]);
        let asked = Instant::now();
        let dispatch = system.ask();
        system.wait("the first mail", || system.taken() > 0);
        let first = asked.elapsed();
        system.wait("everybody", || system.taken() == PEOPLE);
        let taken = asked.elapsed();
        system.wait("every outcome", || system.recorded(dispatch) == PEOPLE);
        println!(
            "PostgreSQL, {nodes} nodes: taken in {:?} from the first mail, which came after {first:?}; in the journal {:?} after \
             the question",
            taken.saturating_sub(first),
            asked.elapsed()
        );
    }
}

#[test]
#[ignore = "prints figures, which depend on the machine"]
fn the_throughput_of_appends_is_printed() {
    let _machine = alone();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (folder, cluster) = (tempfile::tempdir().unwrap(), Cluster::primary("tokyo", ""));
    let file: Arc<dyn Journal> = Arc::new(RedbJournal::open(folder.path().join("journal.redb")).unwrap());
    let address = PostgresAddress::parse(&cluster.url()).unwrap();
    let database: Arc<dyn Journal> = Arc::new(runtime.block_on(PostgresJournal::open(address)).unwrap());
    for (name, journal) in [("redb", file), ("PostgreSQL", database)] {
        let mut head = Head::default();
        for group in [1, 100] {
            let (mut appends, begun) = (0_u32, Instant::now());
            while begun.elapsed() < COUNTED {
                let (mut rows, expected) = (Vec::new(), head);
                for _ in 0..group {
                    let row = head.next(vec![7; 200]);
                    head = Head { seq: row.seq, hash: row.hash };
                    rows.push(row);
                }
                runtime.block_on(journal.append(rows, expected)).unwrap();
                appends += 1;
            }
            let each = begun.elapsed().as_secs_f64();
            println!("{name}: {:.0} appends a second of {group} rows of 200 bytes", f64::from(appends) / each);
        }
    }
}

/// From the start of the server to the last mail taken; the dispatch was opened before.
fn with_a_file() -> Duration {
    let cluster = Cluster::primary("tokyo", "");
    let url = cluster.url();
    let system = System::new(PEOPLE, CARRIERS, &cluster, (&[&url], &url));
    let node = system.node(0);
    let data = node.join("data");
    let (from, to) = (&url, data.join("journal.redb"));
    std::fs::remove_file(data.join("journal.toml")).unwrap();
    let copied = crate::command::run(&node, ["journal", "copy", from, to.to_str().unwrap()], 120);
    assert!(copied.status.success(), "{}", copied.stderr);
    at_the_desk(&data, |desk| async move {
        let draft = DispatchDraft::safety("一", Mode::Real, "全員の安否確認");
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, Timestamp::now()).await.unwrap();
    });
    let config = node.join("hikyaku.toml");
    let _running = start(&node, ["serve", "--config", config.to_str().unwrap()]);
    system.wait("the first mail", || system.taken() > 0);
    let begun = Instant::now();
    system.wait("everybody", || system.taken() == PEOPLE);
    begun.elapsed()
}
