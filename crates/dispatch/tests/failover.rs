//! A primary and a synchronous standby as two clusters: whichever is lost, the journal goes on and nothing that was
//! acknowledged is gone or there twice.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "common/cluster.rs"]
mod cluster;

use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster::Cluster;
use hikyaku_dispatch::{Appended, Concern, Head, Journal, JournalError, PostgresAddress, PostgresJournal, Row, verify};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// After a promotion, and after the loss of the standby, the journal must go on within this time.
const GOES_ON: Duration = Duration::from_secs(10);
/// Both sites by name, so that either finds the other.
const STANDBYS: &str = "FIRST 1 (tokyo, osaka)";

/// What the manual tells the administrator to do: no superuser looks after the journal.
const RIGHTS: [&str; 5] = [
    "CREATE ROLE anpi LOGIN",
    "CREATE SCHEMA hikyaku AUTHORIZATION anpi",
    "GRANT pg_monitor TO anpi",
    "GRANT ALTER SYSTEM ON PARAMETER synchronous_standby_names TO anpi",
    "GRANT EXECUTE ON FUNCTION pg_reload_conf() TO anpi",
];

/// Two sites, the second one synchronous.
fn sites() -> (Cluster, Cluster) {
    let tokyo = Cluster::primary("tokyo", "");
    for right in RIGHTS {
        tokyo.sql(right);
    }
    let osaka = Cluster::standby_of(&tokyo, "osaka", &format!("synchronous_standby_names = '{STANDBYS}'"));
    wait_for(&tokyo, STANDBYS);
    tokyo.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
    (tokyo, osaka)
}

fn wait_for(primary: &Cluster, standbys: &str) {
    primary.sql(&format!("ALTER SYSTEM SET synchronous_standby_names = '{standbys}'"));
    primary.sql("SELECT pg_reload_conf()");
}

fn both(one: &Cluster, two: &Cluster) -> PostgresAddress {
    let url = one
        .url()
        .replace("/postgres?", &format!(",127.0.0.1:{}/postgres?target_session_attrs=read-write&", two.port()));
    PostgresAddress::parse(&url.replace("hikyaku@", "anpi@")).unwrap()
}

/// Appends a numbered row after the other until it is stopped; what was acknowledged, each with its time.
struct Writer {
    task: JoinHandle<()>,
    acknowledged: watch::Receiver<Vec<(Head, Instant)>>,
}

impl Writer {
    fn start(journal: PostgresJournal) -> Self {
        let (told, acknowledged) = watch::channel(Vec::new());
        let task = tokio::spawn(async move {
            let mut head = journal.head().await.unwrap();
            loop {
                let row = head.next(head.seq.to_be_bytes().to_vec());
                let after = Head { seq: row.seq, hash: row.hash };
                assert_eq!(journal.append(vec![row], head).await.unwrap(), Appended::Ok(after), "there is one writer");
                head = after;
                told.send_modify(|heads| heads.push((head, Instant::now())));
            }
        });
        Writer { task, acknowledged }
    }

    /// Waits for so many more acknowledgements.
    async fn goes_on(&mut self, rows: usize) {
        let before = self.acknowledged.borrow_and_update().len();
        let all = self.acknowledged.wait_for(|heads| heads.len() >= before + rows);
        tokio::time::timeout(Duration::from_secs(60), all).await.expect("the journal stands still").unwrap();
    }

    /// Waits until it goes on after a promotion, which must be soon.
    #[expect(clippy::print_stdout, reason = "the figures that docs/postgres.md keeps")]
    async fn goes_on_since(&mut self, promoted: Instant) {
        self.goes_on(50).await;
        let (first, pause) = self.pause();
        let after = first.saturating_duration_since(promoted);
        println!("appends went on {after:?} after the promotion and {pause:?} after the loss of the primary");
        assert!(after <= GOES_ON, "{after:?}");
    }

    /// When the first one came after the longest time without any, and how long that was.
    fn pause(&self) -> (Instant, Duration) {
        let all = self.acknowledged.borrow();
        let pauses = all.windows(2).map(|pair| (pair[1].1, pair[1].1 - pair[0].1));
        pauses.max_by_key(|(_, pause)| *pause).unwrap()
    }

    async fn stop(self) -> Vec<Head> {
        self.task.abort();
        assert!(self.task.await.is_err_and(|e| e.is_cancelled()), "an append failed");
        self.acknowledged.borrow().iter().map(|(head, _)| *head).collect()
    }
}

async fn nothing_is_lost_or_twice(journal: &PostgresJournal, acknowledged: &[Head]) {
    verify(journal).await.unwrap();
    let mut rows: Vec<Row> = Vec::new();
    while let part = journal.read_from(rows.len() as u64 + 1).await.unwrap()
        && !part.is_empty()
    {
        rows.extend(part);
    }
    for head in acknowledged {
        assert_eq!(rows[usize::try_from(head.seq).unwrap() - 1].hash, head.hash, "row {}", head.seq);
    }
    for row in &rows {
        assert_eq!(row.bytes().unwrap(), (row.seq - 1).to_be_bytes(), "each number is there once, in its place");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn req_r01_the_primary_is_killed_during_appends_and_the_promoted_standby_goes_on_with_all_that_was_acknowledged()
{
    let (mut tokyo, osaka) = sites();
    let address = both(&tokyo, &osaka);
    let journal = PostgresJournal::open(address.clone()).await.unwrap();
    let mut writer = Writer::start(journal.clone());
    writer.goes_on(50).await;
    tokyo.kill();
    osaka.promote();
    let promoted = Instant::now();
    // Tokyo is not there to be waited for; see the watch below for the way without a person.
    wait_for(&osaka, "");
    writer.goes_on_since(promoted).await;
    nothing_is_lost_or_twice(&journal, &writer.stop().await).await;
    assert!(journal.rivals().is_empty());

    // The old primary comes back as if nothing had happened: whoever asks both finds the right one, and names the other.
    tokyo.start();
    let again = PostgresJournal::open(address).await.unwrap();
    assert_eq!(again.head().await.unwrap(), journal.head().await.unwrap());
    assert_eq!(again.rivals(), [format!("127.0.0.1:{}", tokyo.port())]);
    let concerns = again.replication().await.unwrap().concerns();
    assert!(matches!(concerns[0], Concern::Rival(_)), "{concerns:?}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn req_r01_a_node_that_only_follows_hears_the_promoted_site_although_the_old_one_goes_on_answering() {
    let (tokyo, osaka) = sites();
    let follower = PostgresJournal::open(both(&tokyo, &osaka)).await.unwrap();
    osaka.promote();
    wait_for(&osaka, "");
    // It asks both sites, as its watch does, and stays with neither connection of the old one.
    let other = PostgresJournal::open(both(&tokyo, &osaka)).await.unwrap();
    let heard = {
        let follower = follower.clone();
        tokio::spawn(async move { follower.tail(1).await })
    };
    let (told, _) = watch::channel(Vec::new());
    let told = Arc::new(told);
    let watching = {
        let (journal, told) = (follower.clone(), Arc::clone(&told));
        tokio::spawn(async move { journal.watch(Some(STANDBYS), Duration::from_secs(4), &told).await })
    };
    let row = Head::default().next(b"after the promotion".to_vec());
    while other.append(vec![row.clone()], Head::default()).await.is_err() {}
    let rows = tokio::time::timeout(Duration::from_secs(30), heard).await.expect("it hears nothing").unwrap().unwrap();
    assert_eq!(rows, [row]);
    watching.abort();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn req_r01_an_old_primary_that_comes_back_alone_is_refused_by_whoever_saw_the_promotion_also_after_a_restart() {
    let (mut tokyo, mut osaka) = sites();
    let folder = tempfile::tempdir().unwrap();
    let address = both(&tokyo, &osaka).with_memory(folder.path().join("server")).with_patience(Duration::from_secs(2));
    let journal = PostgresJournal::open(address.clone()).await.unwrap();
    tokyo.kill();
    osaka.promote();
    wait_for(&osaka, "");
    let row = Head::default().next(b"after the promotion".to_vec());
    let head = Head { seq: 1, hash: row.hash };
    while journal.append(vec![row.clone()], Head::default()).await.is_err() {}
    osaka.kill();
    tokyo.start();
    let refused = |error: JournalError| {
        let said = error.to_string();
        assert!(said.contains("old primary") && said.contains(&tokyo.port().to_string()), "{said}");
    };
    refused(journal.append(vec![head.next(b"x".to_vec())], head).await.unwrap_err());
    refused(PostgresJournal::open(address.clone()).await.unwrap_err());
    assert_eq!(tokyo.sql("SELECT count(*) FROM hikyaku.rows"), "0");
    osaka.start();
    assert_eq!(PostgresJournal::open(address).await.unwrap().head().await.unwrap(), head);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn req_r01_the_standby_is_killed_and_commits_go_on_alarmed_until_it_is_back() {
    let (tokyo, mut osaka) = sites();
    let journal = PostgresJournal::open(both(&tokyo, &osaka)).await.unwrap();
    let (told, mut concerns) = watch::channel(Vec::new());
    let told = Arc::new(told);
    let watching = {
        let (journal, told) = (journal.clone(), Arc::clone(&told));
        tokio::spawn(async move { journal.watch(Some(STANDBYS), Duration::from_secs(4), &told).await })
    };
    let mut writer = Writer::start(journal.clone());
    writer.goes_on(50).await;
    osaka.kill();
    writer.goes_on(50).await;
    let (_, pause) = writer.pause();
    println!("appends went on {pause:?} after the loss of the standby");
    assert!(pause <= GOES_ON, "{pause:?}");
    assert_eq!(tokyo.sql("SHOW synchronous_standby_names"), "");
    let alarmed = concerns.wait_for(|all| all.contains(&Concern::NoStandby));
    tokio::time::timeout(GOES_ON, alarmed).await.expect("no alarm").unwrap();
    osaka.start();
    tokyo.wait_until("SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'");
    let calm = concerns.wait_for(|all| !all.contains(&Concern::NoStandby) && !all.is_empty());
    tokio::time::timeout(GOES_ON, calm).await.expect("still alarmed").unwrap();
    writer.goes_on(50).await;
    nothing_is_lost_or_twice(&journal, &writer.stop().await).await;
    watching.abort();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL"]
async fn req_r01_with_the_watch_a_promotion_is_all_that_a_person_does() {
    let (mut tokyo, osaka) = sites();
    let journal = PostgresJournal::open(both(&tokyo, &osaka)).await.unwrap();
    let watching = {
        let journal = journal.clone();
        tokio::spawn(
            async move { journal.watch(Some(STANDBYS), Duration::from_secs(4), &watch::Sender::default()).await },
        )
    };
    let mut writer = Writer::start(journal.clone());
    writer.goes_on(50).await;
    tokyo.kill();
    osaka.promote();
    let promoted = Instant::now();
    writer.goes_on_since(promoted).await;
    nothing_is_lost_or_twice(&journal, &writer.stop().await).await;
    watching.abort();
}
