//! What others append is heard of twice over: the database announces it, and its end is looked at.

use std::time::Duration;

use hikyaku_dispatch::{Head, Journal, PostgresJournal};

use crate::cluster::Cluster;
use crate::{FAST, add, address, copy_tables, opened, opened_in};

/// So rarely looked at the end is not looked at while a test runs.
const NEVER: Duration = Duration::from_secs(3_600);
/// Longer than anything here takes, on however busy a machine.
const HANGS: Duration = Duration::from_secs(60);

/// Waits until a row is heard of.
async fn hears(journal: &PostgresJournal, seq: u64) {
    let heard = tokio::time::timeout(HANGS, journal.tail(seq)).await;
    assert_eq!(heard.expect("nothing is heard").unwrap()[0].seq, seq);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_what_is_announced_is_heard_of_without_looking() {
    let cluster = Cluster::primary("tokyo", FAST);
    let writer = opened(&cluster.url()).await;
    let listener = PostgresJournal::open(address(&cluster.url()).with_look(NEVER)).await.unwrap();
    let mut head = Head::default();
    // It looks once, when it begins to listen: that may find one of these, and no more.
    for content in [b"a", b"b", b"c", b"d"] {
        head = add(&writer, head, content).await;
        hears(&listener, head.seq).await;
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_what_is_not_announced_is_found_by_looking() {
    let cluster = Cluster::primary("tokyo", FAST);
    let other = opened_in(&cluster, "other").await;
    let head = add(&other, Head::default(), b"a").await;
    let listener = opened(&cluster.url()).await;
    let waiting = tokio::spawn(async move { hears(&listener, head.seq).await });
    // Whoever writes it says nothing.
    copy_tables(&cluster, "other", "hikyaku");
    waiting.await.unwrap();
}
