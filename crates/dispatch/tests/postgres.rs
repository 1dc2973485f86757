//! The journal in PostgreSQL: the contract of every home, and what only a database can get wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "common/cluster.rs"]
mod cluster;
#[path = "postgres/hearing.rs"]
mod hearing;
#[path = "common/proxy.rs"]
mod proxy;
#[path = "postgres/tables.rs"]
mod tables;
#[path = "postgres/turns.rs"]
mod turns;

use std::sync::Arc;
use std::time::Duration;

use cluster::Cluster;
use hikyaku_core::Carrier;
use hikyaku_core::observe::Lesson;
use hikyaku_core::time::Instant;
use hikyaku_dispatch::{
    Appended, CLAUSES, Concern, Fitness, Head, Held, Journal, JournalError, Keys, Lease, MemoryJournal, NodeLesson,
    PersonId, PostgresAddress, PostgresJournal, Row, Taken, copy, verify,
};
use proxy::{LongWire, Proxy};

/// Without it a test spends its time waiting for the disk; here nothing depends on what a crash leaves.
const FAST: &str = "fsync = off";

fn address(url: &str) -> PostgresAddress {
    PostgresAddress::parse(url).unwrap()
}

async fn opened(url: &str) -> PostgresJournal {
    PostgresJournal::open(address(url)).await.unwrap()
}

fn row_after(head: Head, content: &[u8]) -> (Vec<Row>, Head) {
    let row = head.next(content.to_vec());
    let after = Head { seq: row.seq, hash: row.hash };
    (vec![row], after)
}

async fn opened_in(cluster: &Cluster, schema: &str) -> PostgresJournal {
    PostgresJournal::open(address(&cluster.url()).with_schema(schema).unwrap()).await.unwrap()
}

/// Rows and recorded end of one schema into another one.
fn copy_tables(cluster: &Cluster, from: &str, to: &str) {
    cluster.sql(&format!(
        "INSERT INTO {to}.rows SELECT * FROM {from}.rows; UPDATE {to}.head SET seq = it.seq, hash = it.hash FROM {from}.head AS it"
    ));
}

async fn add(journal: &PostgresJournal, head: Head, content: &[u8]) -> Head {
    let (rows, after) = row_after(head, content);
    assert_eq!(journal.append(rows, head).await.unwrap(), Appended::Ok(after));
    after
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_postgresql_keeps_every_clause_of_the_contract() {
    let cluster = Cluster::primary("tokyo", FAST);
    for (number, clause) in CLAUSES.into_iter().enumerate() {
        let address = address(&cluster.url()).with_schema(&format!("clause_{number}")).unwrap();
        let journal = PostgresJournal::open(address).await.unwrap();
        clause.check(Arc::new(journal.clone())).await.unwrap_or_else(|breach| panic!("{}: {breach}", clause.name));
        journal.remove().await.unwrap();
    }
    assert_eq!(cluster.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'clause%'"), "0");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_append_whose_answer_was_lost_is_recognised_and_not_made_twice() {
    let cluster = Cluster::primary("tokyo", FAST);
    let proxy = Proxy::before(cluster.port()).await;
    let journal = opened(&cluster.url().replace(&cluster.port().to_string(), &proxy.port.to_string())).await;
    let first = add(&journal, Head::default(), b"a").await;
    proxy.lose_answers(1);
    let second = add(&journal, first, b"b").await;
    proxy.lose_answers(3);
    let third = add(&journal, second, b"c").await;
    assert_eq!(journal.read_from(1).await.unwrap().len(), 3);
    assert_eq!(verify(&journal).await.unwrap(), third);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn an_append_whose_answer_was_lost_is_recognised_also_when_another_node_went_on_meanwhile() {
    let cluster = Cluster::primary("tokyo", FAST);
    let proxy = Proxy::before(cluster.port()).await;
    let through = cluster.url().replace(&cluster.port().to_string(), &proxy.port.to_string());
    let (journal, other) = (opened(&through).await, opened(&cluster.url()).await);
    let (rows, mine) = row_after(Head::default(), b"mine");
    proxy.lose_answers(1);
    let appending = tokio::spawn(async move { journal.append(rows, Head::default()).await.unwrap() });
    assert_eq!(other.tail(1).await.unwrap()[0].bytes(), Some(b"mine".as_slice()));
    let theirs = add(&other, mine, b"theirs").await;
    assert_eq!(appending.await.unwrap(), Appended::Ok(mine), "its own head, from which it catches up");
    assert_eq!(verify(&other).await.unwrap(), theirs);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn what_another_node_appends_is_heard_of_and_conflicts_are_its_rows() {
    let cluster = Cluster::primary("tokyo", FAST);
    let (one, two) = (opened(&cluster.url()).await, opened(&cluster.url()).await);
    let head = add(&one, Head::default(), b"a").await;
    assert_eq!(two.tail(1).await.unwrap().len(), 1);
    let (rows, _) = row_after(Head::default(), b"late");
    let Appended::Conflict(tail) = two.append(rows, Head::default()).await.unwrap() else { panic!("no conflict") };
    assert_eq!(Head::default().follow(&tail[0]).unwrap(), head);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn nodes_that_begin_at_the_same_moment_find_one_set_of_tables() {
    let cluster = Cluster::primary("tokyo", FAST);
    let nodes: Vec<_> = (0..6).map(|_| tokio::spawn(PostgresJournal::open(address(&cluster.url())))).collect();
    for node in nodes {
        assert_eq!(node.await.unwrap().unwrap().head().await.unwrap(), Head::default());
    }
    assert_eq!(cluster.sql("SELECT max(number) = count(*) FROM hikyaku.version"), "t");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn tables_of_a_newer_program_are_left_alone() {
    let cluster = Cluster::primary("tokyo", FAST);
    drop(opened(&cluster.url()).await);
    cluster.sql("INSERT INTO hikyaku.version (number) VALUES (999)");
    let said = PostgresJournal::open(address(&cluster.url())).await.unwrap_err().to_string();
    assert!(said.contains("version 999") && said.contains("newer program"), "{said}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_user_who_may_not_make_a_schema_is_told_what_the_administrator_has_to_do() {
    let cluster = Cluster::primary("tokyo", FAST);
    cluster.sql("CREATE ROLE anpi LOGIN");
    let url = cluster.url().replace("hikyaku@", "anpi@");
    let said = PostgresJournal::open(address(&url)).await.unwrap_err().to_string();
    assert!(said.contains("CREATE SCHEMA hikyaku AUTHORIZATION"), "{said}");
    cluster.sql("CREATE SCHEMA hikyaku AUTHORIZATION anpi");
    add(&opened(&url).await, Head::default(), b"a").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_server_that_is_not_there_is_named_and_given_up_in_time() {
    let mut cluster = Cluster::primary("tokyo", FAST);
    let url = cluster.url();
    let journal = PostgresJournal::open(address(&url).with_patience(Duration::from_millis(300))).await.unwrap();
    cluster.kill();
    let (rows, _) = row_after(Head::default(), b"a");
    let error = journal.append(rows, Head::default()).await.unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, JournalError::Storage { .. }), "{said}");
    assert!(said.contains(&format!("127.0.0.1:{}", cluster.port())), "{said}");
    assert!(PostgresJournal::open(address(&url)).await.unwrap_err().to_string().contains("127.0.0.1"));
    cluster.start();
    assert_eq!(journal.head().await.unwrap(), Head::default());
    add(&journal, Head::default(), b"a").await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_s18_what_was_dropped_is_in_no_file_of_the_tables() {
    let cluster = Cluster::primary("tokyo", FAST);
    let journal = opened(&cluster.url()).await;
    let head = add(&journal, Head::default(), b"an old answer").await;
    add(&journal, head, b"a new answer").await;
    let holds = |text: &str| {
        cluster.sql("CHECKPOINT");
        let found =
            std::process::Command::new("grep").args(["-r", "-l", text]).arg(cluster.data().join("base")).output();
        !found.unwrap().stdout.is_empty()
    };
    assert!(holds("an old answer"));
    journal.drop_contents([1].into()).await.unwrap();
    assert!(!holds("an old answer") && holds("a new answer"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn a_journal_goes_into_the_database_and_out_again_unchanged() {
    let cluster = Cluster::primary("tokyo", FAST);
    let (before, within, after) = (MemoryJournal::new(), opened(&cluster.url()).await, MemoryJournal::new());
    let mut head = Head::default();
    for number in 0..2_000_u32 {
        let row = head.next(number.to_be_bytes().to_vec());
        let expected = std::mem::replace(&mut head, Head { seq: row.seq, hash: row.hash });
        before.append(vec![row], expected).await.unwrap();
    }
    before.drop_contents([7].into()).await.unwrap();
    assert_eq!(copy(&before, &within).await.unwrap().head, head);
    assert_eq!(copy(&within, &after).await.unwrap().dropped, 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_a_lease_is_one_nodes_until_it_is_silent_and_by_the_databases_clock_alone() {
    let cluster = Cluster::primary("tokyo", FAST);
    let (one, two) = (opened(&cluster.url()).await, opened(&cluster.url()).await);
    let length = Duration::from_secs(60);
    let nobody = Held::new();
    let first = one.beat("one", Fitness::WHOLE, &nobody, length).await.unwrap();
    assert!(first.nodes.len() == 1 && first.nodes[0].settled, "it is alone: {:?}", first.nodes);
    assert!(first.holders.len() == 17 && first.holders.values().all(Option::is_none), "{:?}", first.holders);
    let (duties, mails) = (Lease::Duties, Lease::Mails(3));
    let taken = one.take_leases("one", [duties, mails], length).await.unwrap();
    let held = taken.held;
    assert_eq!((&held, taken.lost.len()), (&[(duties, 1), (mails, 1)].into(), 0), "nobody had them");
    let other = two.beat("two", Fitness::WHOLE, &nobody, length).await.unwrap();
    assert!(!other.nodes[1].settled, "the first one must have seen it before it takes anything: {:?}", other.nodes);
    assert_eq!(other.holders[&mails].as_deref(), Some("one"));
    assert_eq!(two.take_leases("two", [mails], length).await.unwrap(), Taken::default(), "it is taken");
    assert_eq!(one.beat("one", Fitness::WHOLE, &held, length).await.unwrap().kept, held);
    // As if a minute had gone by without a word from it.
    cluster.sql("UPDATE hikyaku.lease SET until = now() - interval '1 second'");
    let taken = two.take_leases("two", [mails], length).await.unwrap();
    assert_eq!(taken, Taken { held: [(mails, 2)].into(), lost: [(mails, "one".to_owned())].into() });
    let kept = one.beat("one", Fitness::WHOLE, &held, length).await.unwrap().kept;
    assert_eq!(kept, [(duties, 1)].into(), "what nobody took meanwhile is still its own");
    one.release("one", [duties, mails]).await.unwrap();
    let after = two.beat("two", Fitness::WHOLE, &[(mails, 2)].into(), length).await.unwrap();
    assert_eq!((after.holders[&duties].as_deref(), after.holders[&mails].as_deref()), (None, Some("two")));
    let given_back = two.take_leases("two", [duties], length).await.unwrap();
    assert!(given_back.held.len() == 1 && given_back.lost.is_empty(), "{given_back:?}");
    let tired = Fitness { works: true, duties: false };
    assert_eq!(two.beat("two", tired, &nobody, length).await.unwrap().nodes[1].fit, tired);
    one.leave("one").await.unwrap();
    assert_eq!(two.beat("two", Fitness::WHOLE, &nobody, length).await.unwrap().nodes.len(), 1);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_questions_for_keys_reach_other_nodes_are_answered_once_and_gone_with_the_question() {
    let cluster = Cluster::primary("tokyo", FAST);
    let (one, two) = (opened(&cluster.url()).await, opened(&cluster.url()).await);
    let keys = Keys::in_memory().unwrap();
    let question = keys.ask(&[PersonId(1)]).unwrap();
    two.ask_for_keys("two", question.text()).await.unwrap();
    assert_eq!(two.key_questions("two").await.unwrap(), [], "one's own");
    assert_eq!(one.key_questions("one").await.unwrap(), [("two".to_owned(), question.text().to_vec())]);
    one.give_keys(("one", "two"), b"another question", b"x").await.unwrap();
    assert_eq!(two.key_answers("two").await.unwrap(), Vec::<Vec<u8>>::new(), "that is not asked any more");
    one.give_keys(("one", "two"), question.text(), b"x").await.unwrap();
    assert_eq!(two.key_answers("two").await.unwrap(), [b"x"]);
    assert_eq!(one.key_questions("one").await.unwrap(), []);
    let kinds = cluster.sql("SELECT relpersistence FROM pg_class WHERE oid IN ('hikyaku.key_question'::regclass, 'hikyaku.key_answer'::regclass)");
    assert_eq!(kinds, "u\nu", "nothing of it is in the write-ahead log, at the standby or in a base backup");
    two.ask_for_keys("two", keys.ask(&[PersonId(1)]).unwrap().text()).await.unwrap();
    assert_eq!(two.key_answers("two").await.unwrap(), Vec::<Vec<u8>>::new());
    two.end_question("two").await.unwrap();
    assert_eq!(one.key_questions("one").await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_what_one_node_noted_as_done_every_node_reads() {
    let cluster = Cluster::primary("tokyo", FAST);
    let (one, two) = (opened(&cluster.url()).await, opened(&cluster.url()).await);
    assert_eq!(two.mark("webhooks/portal").await.unwrap(), None);
    for row in ["7", "9"] {
        one.set_mark("webhooks/portal", row).await.unwrap();
        assert_eq!(two.mark("webhooks/portal").await.unwrap().as_deref(), Some(row));
    }
    for (name, at) in [("alarm/a_%", "2026-09-22T00:00:00Z"), ("alarm/b", "2026-11-22T00:00:01Z"), ("alarms", "1")] {
        one.set_mark(name, at).await.unwrap();
    }
    two.forget_marks("alarm/", "2026-11-22T00:00:00Z").await.unwrap();
    assert_eq!(
        cluster.sql("SELECT name FROM hikyaku.mark ORDER BY name COLLATE \"C\""),
        "alarm/b\nalarms\nwebhooks/portal"
    );
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_r01_what_one_node_learned_of_a_carrier_every_node_reads_with_its_age_until_it_is_a_day_old() {
    let cluster = Cluster::primary("tokyo", FAST);
    let (one, two) = (opened(&cluster.url()).await, opened(&cluster.url()).await);
    // Each by its own clock: they differ by weeks.
    let (now, later) = (Instant::from_micros(1_700_000_000_000_000), Instant::from_micros(1_702_000_000_000_000));
    let lesson = |relay: Option<&str>, age, rate| Lesson {
        carrier: Carrier::new("docomo"),
        relay: relay.map(str::to_owned),
        at: now - Duration::from_secs(age),
        sessions: Some(3),
        rate,
        turn: None,
        parts: 2,
    };
    one.tell_lessons("one", &[], now).await.unwrap();
    one.tell_lessons("one", &[lesson(None, 7_000, Some(9.0)), lesson(Some("tokutei"), 0, None)], now).await.unwrap();
    one.tell_lessons("one", &[lesson(None, 5_000, Some(12.5))], now).await.unwrap();
    let mut told = two.lessons(later).await.unwrap();
    told.sort_by(|one, other| one.lesson.relay.cmp(&other.lesson.relay));
    let age = later.since(told[0].lesson.at).as_secs();
    assert!((5_000..6_000).contains(&age), "{age} s old");
    let nearly = |it: &NodeLesson| (it.node.clone(), Lesson { at: now, ..it.lesson.clone() });
    let expected = [lesson(None, 0, Some(12.5)), lesson(Some("tokutei"), 0, None)].map(|it| ("one".to_owned(), it));
    assert_eq!(told.iter().map(nearly).collect::<Vec<_>>(), expected, "the later word alone");
    cluster.sql("UPDATE hikyaku.learned SET at = at - interval '1 day' WHERE way = ''");
    assert_eq!(two.lessons(later).await.unwrap().len(), 1, "what is a day old is not believed");
    two.tell_lessons("two", &[lesson(None, 0, None)], now).await.unwrap();
    let left = cluster.sql("SELECT node, way FROM hikyaku.learned ORDER BY node");
    assert_eq!(left, "one|tokutei\ntwo|", "and goes");
}

/// Runs openssl in `folder`.
fn openssl(folder: &std::path::Path, line: &str) {
    let output = std::process::Command::new("openssl").current_dir(folder).args(line.split(' ')).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority, and a certificate of it for the address 127.0.0.1 alone.
fn certificates(folder: &std::path::Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(folder, &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=authority"));
    openssl(folder, &format!("req {key} -keyout server.key -out server.csr -subj /CN=database"));
    std::fs::write(folder.join("names"), "subjectAltName = IP:127.0.0.1").unwrap();
    let signing = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names";
    openssl(folder, &format!("{signing} -out server.crt"));
}

#[tokio::test]
#[ignore = "needs PostgreSQL"]
async fn req_s24_the_servers_certificate_must_be_valid_for_its_name_and_clear_text_is_reported() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    certificates(ours.path());
    certificates(other.path());
    let cluster = Cluster::primary("tokyo", FAST);
    for name in ["server.crt", "server.key"] {
        cluster.write(name, &std::fs::read_to_string(ours.path().join(name)).unwrap());
    }
    let trusted = std::fs::read_to_string(cluster.data().join("pg_hba.conf")).unwrap();
    let rules = "hostssl all anpi samehost scram-sha-256\nhost all anpi samehost reject\n";
    cluster.write("pg_hba.conf", &format!("{rules}{trusted}"));
    cluster.sql("ALTER SYSTEM SET ssl = on");
    cluster.sql("SELECT pg_reload_conf()");
    cluster.wait_until("SELECT current_setting('ssl')::boolean");
    cluster.sql("CREATE ROLE anpi LOGIN PASSWORD 'geheim'");
    cluster.sql("CREATE SCHEMA hikyaku AUTHORIZATION anpi");

    let url = |host: &str, folder: &std::path::Path| {
        let roots = folder.join("ca.pem").display().to_string();
        format!("postgresql://anpi@{host}:{}/postgres?channel_binding=require&sslrootcert={roots}", cluster.port())
    };
    let opened = |url: String, password: &str| PostgresJournal::open(address(&url).with_password(password));
    let journal = opened(url("127.0.0.1", ours.path()), "geheim").await.unwrap();
    assert!(!journal.replication().await.unwrap().concerns().contains(&Concern::ClearText));
    for (url, password, why) in [
        (url("127.0.0.1", other.path()), "geheim", "certificate"),
        (url("localhost", ours.path()), "geheim", "certificate"),
        (url("127.0.0.1", ours.path()), "falsch", "password"),
        (format!("postgresql://anpi@127.0.0.1:{}/postgres?sslmode=disable", cluster.port()), "geheim", "reject"),
    ] {
        let said = opened(url.clone(), password).await.unwrap_err().to_string();
        assert!(said.contains(why) && !said.contains(password), "{url}: {said}");
    }
    let clear = PostgresJournal::open(address(&cluster.url()).with_schema("clear").unwrap()).await.unwrap();
    assert!(clear.replication().await.unwrap().concerns().contains(&Concern::ClearText));
}
