//! Several nodes of one system when one of them lacks something: keys, the right time, what the duties need.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hikyaku_dispatch::{
    Appended, Desk, Keys, PeopleCommand, PersonId, PostgresAddress, PostgresJournal, RosterImport, read_roster,
};
use jiff::Timestamp;

use crate::cluster::Cluster;
use crate::command::{Running, run, spawn, waiting};
use crate::database::copy_keys;
use crate::nodes::{
    DOMAINS, FAR, MOVES, System, are_even, carriers, clock_of, moved_after, note_moves, partitions, parts, post,
};
use crate::proxy::LongWire;
use crate::serving::wait_for;

/// The library that gives one program another clock.
fn faketime() -> PathBuf {
    let places = std::fs::read_dir("/usr/lib").unwrap().map(|place| place.unwrap().path());
    let mut libraries = places.map(|place| place.join("faketime/libfaketimeMT.so.1"));
    libraries.find(|library| library.exists()).expect("the Debian package libfaketime")
}

/// Starts a node with a clock that differs by so much, such as `-5m`.
fn start_with_clock(system: &System, node: usize, off: &str) -> Running {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hikyaku"));
    command.args(["serve", "--config", system.node(node).join("hikyaku.toml").to_str().unwrap()]);
    command.env("TMPDIR", system.folder.path()).env_remove("HIKYAKU_LOG");
    command.env("LD_PRELOAD", faketime()).env("FAKETIME", off).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let running = spawn(command);
    wait_for(system.pages[node], "/healthz");
    running
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_keys_of_new_people_come_by_themselves_and_until_then_links_ask_back_and_nobody_is_left_out() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "");
    let (people, rate) = (40, 200);
    let url = cluster.url();
    let mut system = System::new(people, &carriers(rate), &cluster, (&[&url, &url], &url));
    let first = system.start(0);
    system.wait("everything", || parts(&cluster).values().copied().collect::<Vec<_>>() == [16]);
    assert!(wait_for(system.pages[0], "/readyz").starts_with("HTTP/1.1 200"));
    // Somewhere else a roster brings people; whoever took it does not run.
    let mut roster = String::from("id,name,group,region,email\n");
    for number in people..people + 10 {
        writeln!(roster, "{number},職員{number},本省,13,p{number}@{}", DOMAINS[number % 2]).unwrap();
    }
    let rows = read_roster(roster.as_bytes()).unwrap().rows;
    let import = PeopleCommand::Import(RosterImport::part(rows));
    system.runtime.block_on(system.desk.command(import, Timestamp::now())).unwrap();
    system.people += 10;
    let dispatch = system.ask();
    system.wait("those who are known", || system.recorded(dispatch) == people);
    let page = |path: &str| wait_for(system.pages[0], path);
    system.wait("the node says so", || page("/readyz").starts_with("HTTP/1.1 503"));
    assert!(page("/readyz").contains("keys-missing") && page("/healthz").starts_with("HTTP/1.1 200"));
    let link = format!("/a/{}", system.desk.link_token(dispatch, PersonId(people as u32 + 1)));
    assert!(
        page(&link).starts_with("HTTP/1.1 503") && page(&link).to_lowercase().contains("\nrefresh: 5\r\n"),
        "{}",
        page(&link)
    );
    let posted = post(system.pages[0], &link, "choice=1&comment=abc");
    assert!(posted.starts_with("HTTP/1.1 503") && posted.contains("value=\"abc\""), "{posted}");
    // Whoever has the keys is started: nothing else is done by hand.
    let keys = system.node(1).join("data/keys");
    std::fs::remove_dir_all(&keys).unwrap();
    copy_keys(&system.folder.path().join("keys"), &keys);
    let second = system.start(1);
    system.wait("the first node has them", || page("/readyz").starts_with("HTTP/1.1 200"));
    assert!(page(&link).starts_with("HTTP/1.1 200"), "{}", page(&link));
    let taken = system.finish(dispatch, rate);
    assert_eq!(system.copies(&taken), 0);
    assert_eq!(
        cluster.sql("SELECT (SELECT count(*) FROM hikyaku.key_question) + (SELECT count(*) FROM hikyaku.key_answer)"),
        "0"
    );
    for node in [first, second] {
        node.stop(Duration::from_secs(60));
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_link_key_that_was_made_at_one_node_comes_to_the_other_one_by_itself() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "");
    let (people, rate) = (4, 60);
    let url = cluster.url();
    let system = System::new(people, &carriers(rate), &cluster, (&[&url, &url], &url));
    let data = system.node(0).join("data");
    let made = run(system.folder.path(), ["journal", "rotate-keys", data.to_str().unwrap(), "links"], 60);
    assert!(made.status.success(), "{}", made.stderr);
    let keys = system.folder.path().join("new-keys");
    copy_keys(&data.join("keys"), &keys);
    let nodes = [system.start(0), system.start(1)];
    let dispatch = system.ask();
    let link = system.runtime.block_on(async {
        let journal = PostgresJournal::open(PostgresAddress::parse(&url).unwrap()).await.unwrap();
        let desk = Desk::open(Arc::new(journal), Keys::open(keys).unwrap()).await.unwrap();
        assert_eq!(desk.keys().link_key(), 2);
        desk.link_token(dispatch, PersonId(1))
    });
    system.wait("the new link opens at the other node", || {
        wait_for(system.pages[1], &format!("/a/{link}")).starts_with("HTTP/1.1 200")
    });
    system.finish(dispatch, rate);
    for node in nodes {
        node.stop(Duration::from_secs(60));
    }
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_row_of_a_newer_program_makes_nodes_that_cannot_read_it_give_everything_up_and_say_what_to_do() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "fsync = off");
    let url = cluster.url();
    let system = System::new(4, &carriers(60), &cluster, (&[&url, &url], &url));
    let nodes = [system.start(0), system.start(1)];
    system.wait("two even parts", || are_even(&cluster));
    system.runtime.block_on(async {
        let journal = system.desk.journal();
        loop {
            let head = journal.head().await.unwrap();
            // A form that no program writes yet. Either node may append first.
            if let Appended::Ok(_) = journal.append(head.next_all([vec![99, 1, 2, 3]]), head).await.unwrap() {
                return;
            }
        }
    });
    for node in &nodes {
        node.wait_for_word("新しい版に更新して", Duration::from_secs(60));
    }
    system.wait("nobody has anything", || parts(&cluster).is_empty());
    for port in &system.pages {
        let ready = wait_for(*port, "/readyz");
        assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("journal-newer"), "{ready}");
        assert!(wait_for(*port, "/healthz").starts_with("HTTP/1.1 200"));
    }
    for node in nodes {
        node.stop(Duration::from_secs(60));
    }
}

#[test]
#[ignore = "needs PostgreSQL and libfaketime"]
fn req_r01_a_node_whose_clock_is_five_minutes_off_leaves_everything_to_the_other_one_and_takes_over_when_that_is_killed()
 {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "");
    let (people, rate) = (1_200, 60);
    let around = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let wire = around.block_on(LongWire::to(cluster.port(), FAR));
    let url = cluster.url();
    let long = url.replace(&cluster.port().to_string(), &wire.port.to_string());
    let system = System::new(people, &carriers(rate), &cluster, (&[&url, &long], &url));
    // It is there first, and has everything until a better one comes.
    let second = start_with_clock(&system, 1, "-5m");
    let has_everything = |node: usize| partitions(&cluster, &system.node(node)).len() == 16;
    system.wait("the only node works", || has_everything(1));
    note_moves(&cluster);
    let mut first = system.start(0);
    system.wait("the better node has everything", || has_everything(0));
    let dispatch = system.ask();
    system.wait("a third", || system.taken() > people / 3);
    assert!(has_everything(0) && partitions(&cluster, &system.node(1)).is_empty());
    let before = clock_of(&cluster);
    first.kill();
    let killed = Instant::now();
    system.wait("the other one has everything", || has_everything(1));
    // The lease is over by the database's clock, whatever the node's own says.
    let moved = moved_after(&cluster, &before, &system.node(1));
    println!("the partitions moved {moved:?} after the kill");
    assert!(moved <= MOVES, "{moved:?}");
    let taken = system.finish(dispatch, rate);
    let by_second = taken.iter().filter(|mail| mail.at > killed).map(|mail| mail.at).min().unwrap();
    println!("mails left again {:?} after the kill; {} are there twice", by_second - killed, system.copies(&taken));
    second.terminate();
    let ended = second.end(Duration::from_secs(60));
    assert!(ended.stderr.contains("ノードの時計が合っていません"), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("の送信を引き継ぎました") && ended.stderr.contains("二重に届くことがあります"),
        "{}",
        ended.stderr
    );
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_node_that_cannot_begin_the_duties_gives_them_to_the_other_one_which_keeps_them() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "fsync = off");
    let url = cluster.url();
    let system = System::new(4, &carriers(60), &cluster, (&[&url, &url], &url));
    for node in [0, 1].map(|node| system.node(node)) {
        let key = node.join("portal.key");
        std::fs::write(&key, "0123456789abcdef0123456789abcdef\n").unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        let config = node.join("hikyaku.toml");
        let hook = "[[webhooks]]\nname = \"portal\"\nurl = \"https://127.0.0.1:9/\"\nkey_file = \"portal.key\"\nkinds = [\"answers\"]\n";
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{text}\n{hook}")).unwrap();
    }
    // What only the first one stumbles over.
    let webhooks = system.node(0).join("data/webhooks");
    std::fs::create_dir(&webhooks).unwrap();
    std::fs::write(webhooks.join("portal.cursor"), "no number").unwrap();
    let first = system.start(0);
    let second = system.start(1);
    let name = std::fs::read_to_string(system.node(1).join("data/journal.node")).unwrap();
    let statement = format!(
        "SELECT count(*) FROM hikyaku.lease WHERE name = 'duties' AND node = '{}' AND until >= now()",
        name.trim()
    );
    let has_duties = || cluster.sql(&statement) == "1";
    let is_noted = || cluster.sql("SELECT count(*) FROM hikyaku.mark WHERE name = 'webhooks/portal.cursor'") == "1";
    system.wait("the other one has the duties", || has_duties() && is_noted());
    std::thread::sleep(Duration::from_secs(3));
    assert!(has_duties(), "nothing goes to and fro");
    let said: Vec<String> = [first, second]
        .map(|node| {
            node.terminate();
            node.end(Duration::from_secs(60)).stderr
        })
        .into();
    assert!(said[0].contains("電文の受信と定時の処理を始められません"), "{}", said[0]);
    assert!(!said[1].contains("始められません"), "{}", said[1]);
}
