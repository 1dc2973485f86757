//! What one node has learned of a carrier, another one that takes over from it begins with, judged by what the carriers refuse.

use crate::cluster::Cluster;
use crate::command::waiting;
use crate::nodes::{System, carriers};

/// Carriers that bear far less than our table says.
const HIDDEN: &str = r#"
[[carrier]]
name = "docomo"
domains = ["docomo.ne.jp"]
limits = { mails_per_second = 20, burst = 4 }
overrun = { mails_per_second = "451" }
[[carrier.host]]
name = "mfsmax.docomo.ne.jp"

[[carrier]]
name = "au"
domains = ["au.com"]
limits = { mails_per_second = 20, burst = 4 }
overrun = { mails_per_second = "451" }
[[carrier.host]]
name = "msmx.au.com"
"#;
/// By so many mails a node that has nobody to ask has run into both limits.
const FIRST: usize = 60;

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_node_that_takes_over_begins_at_the_pace_that_the_dead_one_had_learned() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "");
    let (people, rate) = (700, 120);
    let url = cluster.url();
    let system = System::before(HIDDEN, people, &carriers(rate), &cluster, (&[&url, &url], &url));
    let mut first = system.start(0);
    let dispatch = system.ask();
    let refused = || system.net.ledger().snapshot().total(|carrier| carrier.refused_pace);
    system.wait("the first mails", || system.taken() >= FIRST);
    let learning = refused();
    let told = "SELECT count(*) FROM hikyaku.learned WHERE rate BETWEEN 10 AND 40";
    system.wait("what it learned of both carriers is told", || cluster.sql(told) == "2");
    let rows = cluster.sql("SELECT carrier, way, parts FROM hikyaku.learned ORDER BY carrier");
    assert_eq!(rows, "au||1\ndocomo||1", "no address of anybody");
    first.kill();
    let (taken, before) = (system.taken(), refused());
    assert!(taken + FIRST < people, "{taken} of {people} were taken before the kill: too many for this test");
    let second = system.start(1);
    system.wait("the first mails of the second node", || system.taken() >= taken + FIRST);
    let knowing = refused() - before;
    println!("{learning} refusals by {FIRST} mails that had to learn, {knowing} by those that need not");
    assert!(learning >= 6 && knowing * 3 <= learning, "{learning} then, {knowing} now");
    system.finish(dispatch, rate);
    second.terminate();
}
