//! Nobody is kept from writing by those who are nearer to the database.

use std::sync::Arc;
use std::time::Duration;

use hikyaku_dispatch::{BrakeChange, Desk, DispatchCommand, Head, Journal, Keys, PostgresJournal};
use jiff::Timestamp;

use crate::cluster::Cluster;
use crate::{FAST, LongWire, add, opened};

/// Between two sites that are ten milliseconds apart, one way.
const FAR: Duration = Duration::from_millis(5);

/// What costs a row and no key.
fn limit(pace: u32) -> DispatchCommand {
    DispatchCommand::BrakeCarrier { carrier: "docomo".into(), change: BrakeChange::Limit(Some(1_000 + pace)) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL"]
async fn req_r01_a_node_far_from_the_database_gets_its_turn_while_a_near_one_writes_all_the_time() {
    let cluster = Cluster::primary("tokyo", FAST);
    let wire = LongWire::to(cluster.port(), FAR).await;
    let long = cluster.url().replace(&cluster.port().to_string(), &wire.port.to_string());
    let (journal, keys) = (opened(&cluster.url()).await, Keys::in_memory().unwrap());
    let near = Desk::open(Arc::new(journal.clone()), keys.clone()).await.unwrap();
    near.command(limit(0), Timestamp::now()).await.unwrap();
    let far = Desk::open(Arc::new(opened(&long).await), keys).await.unwrap();
    let busy = tokio::spawn(async move {
        for pace in (1..10_000).cycle() {
            near.command(limit(pace), Timestamp::now()).await.unwrap();
        }
    });
    let mut between = Vec::new();
    for pace in 0..20 {
        let before = journal.head().await.unwrap().seq;
        far.command(limit(20_000 + pace), Timestamp::now()).await.unwrap();
        between.push(journal.head().await.unwrap().seq - before);
    }
    busy.abort();
    println!("rows of the near one while the far one wrote one: {between:?}");
    // It was too late once, learned what had come, and waited for its turn; then nobody came between. The first time the connection
    // for turns was made, some dozen journeys.
    assert!(between[0] < 1_000 && between[1..].iter().all(|&rows| rows < 60), "{between:?}");
    hikyaku_dispatch::verify(&journal).await.unwrap();
}

/// Has the turn, as the database says: the connection for it is made when one is asked for the first time.
async fn take(journal: &PostgresJournal, cluster: &Cluster) {
    let held =
        "SELECT count(*) FROM pg_locks WHERE relation = 'hikyaku.head'::regclass AND mode = 'RowShareLock' AND granted";
    loop {
        journal.take_turn().await;
        if cluster.sql(held) != "0" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_turn_that_is_not_used_is_over_by_itself_or_given_up() {
    let cluster = Cluster::primary("tokyo", FAST);
    let (one, other) = (opened(&cluster.url()).await, opened(&cluster.url()).await);
    let mut head = add(&one, Head::default(), b"a").await;
    // Used: nobody else could write meanwhile.
    take(&one, &cluster).await;
    let row = head.next(b"late".to_vec());
    let beaten = other.clone();
    let late = tokio::spawn(async move { beaten.append(vec![row], head).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!late.is_finished(), "it waits");
    head = add(&one, head, b"b").await;
    assert!(matches!(late.await.unwrap().unwrap(), hikyaku_dispatch::Appended::Conflict(rows) if rows.len() == 1));
    // Given up, forgotten by one that went silent, and of one that is gone.
    take(&one, &cluster).await;
    one.give_turn_up().await;
    head = add(&other, head, b"c").await;
    take(&one, &cluster).await;
    head = add(&other, head, b"d").await;
    // Whoever had it and lost it appends as anybody does.
    head = add(&one, head, b"late, but at the end").await;
    take(&one, &cluster).await;
    drop(one);
    add(&other, head, b"e").await;
    hikyaku_dispatch::verify(&other).await.unwrap();
}
