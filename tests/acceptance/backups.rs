//! `hikyaku backup` while a dispatch is being sent: the server is killed, its folder is gone, and the backup goes on; of a journal in
//! PostgreSQL too.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use hikyaku_dispatch::{
    DispatchCommand, DispatchDraft, Mode, PeopleCommand, RedbJournal, RosterImport, read_roster, verify,
};
use hikyaku_mock::{AcceptedMail, Directory, MockNet, Profile};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::agreement::at_the_desk;
use crate::cluster::Cluster;
use crate::command::{Ended, run, start, waiting};
use crate::nodes::{System, are_even, carriers};
use crate::serving::made;

/// Answers so slowly that a dispatch is under way for some seconds.
const SLOW: &str = r#"
[[carrier]]
name = "docomo"
domains = ["docomo.ne.jp"]
[[carrier.host]]
name = "mx.docomo.test"
[carrier.manner]
service_ms = 200
"#;
const PEOPLE: usize = 300;

fn succeeds(folder: &Path, args: &[&str]) -> String {
    let Ended { status, stdout, stderr } = run(folder, args, 120);
    assert!(status.success(), "{args:?}: {stdout}{stderr}");
    stdout
}

/// Takes what comes until so many people have a mail, and counts the mails of each.
fn arrived(mails: &mut UnboundedReceiver<AcceptedMail>, counts: &mut BTreeMap<String, u32>, people: usize) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while counts.len() < people {
        match mails.try_recv() {
            Ok(mail) => *counts.entry(mail.rcpt).or_default() += 1,
            Err(_) => std::thread::sleep(Duration::from_millis(5)),
        }
        assert!(Instant::now() < deadline, "{} of {people} have a mail", counts.len());
    }
}

#[test]
fn req_r04_a_backup_made_during_a_dispatch_goes_on_elsewhere_and_nobody_is_left_out_or_mailed_twice_unreported() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let net = MockNet::start(Profile::parse(SLOW).unwrap(), Directory::Everyone, 5);
    let mut net = runtime.block_on(net).unwrap();
    let mut mails = net.take_mail();
    let (old, new) = (folder.path().join("old"), folder.path().join("new"));
    std::fs::create_dir(&old).unwrap();
    made(&old);
    let config = old.join("hikyaku.toml");
    let way = format!("port = {}\ndns = \"{}\"", net.smtp_port, net.dns);
    let text = std::fs::read_to_string(&config).unwrap().replace("port = 25", &way);
    std::fs::write(&config, text).unwrap();
    let roster: String = (0..PEOPLE).map(|n| format!("{n},人{n},本省,13,p{n}@docomo.ne.jp\n")).collect();
    at_the_desk(&old.join("data"), |desk| async move {
        let rows = read_roster(format!("id,name,group,region,email\n{roster}").as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
        let draft = DispatchDraft::safety("一", Mode::Real, "地震");
        desk.command(DispatchCommand::Open { draft: Box::new(draft) }, Timestamp::now()).await.unwrap();
    });
    let mut server = start(&old, ["serve", "--config", config.to_str().unwrap()]);
    let mut counts = BTreeMap::new();
    arrived(&mut mails, &mut counts, PEOPLE / 10);
    let backup = folder.path().join("backup");
    succeeds(&old, &["backup", "create", "--config", config.to_str().unwrap(), "--to", backup.to_str().unwrap()]);
    server.kill();
    let keys = old.join("data/keys");
    let place = [backup.to_str().unwrap(), "--keys", keys.to_str().unwrap(), "--to", new.to_str().unwrap()];
    let said = succeeds(folder.path(), &[&["backup", "restore"], &place[..]].concat());
    // Whatever the dead server had on the way has arrived by now.
    std::thread::sleep(Duration::from_millis(500));
    while let Ok(mail) = mails.try_recv() {
        *counts.entry(mail.rcpt).or_default() += 1;
    }
    let sent_before = counts.len();
    let reported: usize = said.split("メールが ").nth(1).unwrap().split(" 通").next().unwrap().parse().unwrap();
    assert!(sent_before < PEOPLE && reported >= PEOPLE - sent_before, "{sent_before} were sent, {said}");
    std::fs::remove_dir_all(&old).unwrap();
    let config = new.join("hikyaku.toml");
    let server = start(&new, ["serve", "--config", config.to_str().unwrap()]);
    arrived(&mut mails, &mut counts, PEOPLE);
    server.stop(Duration::from_secs(30));
    while let Ok(mail) = mails.try_recv() {
        *counts.entry(mail.rcpt).or_default() += 1;
    }
    let total: u32 = counts.values().sum();
    assert!(counts.values().all(|mails| *mails <= 2), "{counts:?}");
    assert_eq!(total as usize, sent_before + reported, "every mail without an outcome is sent once more, and no other");
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r04_a_backup_of_a_database_made_while_two_nodes_send_is_its_journal_up_to_that_moment() {
    let _machine = waiting();
    let cluster = Cluster::primary("tokyo", "fsync = off");
    let (people, rate) = (400, 40);
    let url = cluster.url();
    let system = System::new(people, &carriers(rate), &cluster, (&[&url, &url], &url));
    let nodes = [system.start(0), system.start(1)];
    system.wait("two even parts", || are_even(&cluster));
    let dispatch = system.ask();
    system.wait("a part", || system.recorded(dispatch) > people / 10);
    let (backup, restored) = (system.folder.path().join("backup"), system.folder.path().join("restored"));
    let (one, head) = (system.node(0), || system.runtime.block_on(system.desk.journal().head()).unwrap());
    let config = one.join("hikyaku.toml");
    let before = head();
    let create = ["backup", "create", "--config", config.to_str().unwrap(), "--to", backup.to_str().unwrap()];
    succeeds(&one, &create);
    let (after, is_under_way) = (head(), system.recorded(dispatch) < people);
    assert!(is_under_way, "it was made while both sent");
    let keys = one.join("data/keys");
    let place = [backup.to_str().unwrap(), "--keys", keys.to_str().unwrap(), "--to", restored.to_str().unwrap()];
    succeeds(system.folder.path(), &[&["backup", "restore"], &place[..]].concat());
    let journal = RedbJournal::open(restored.join("data/journal.redb")).unwrap();
    let end = system.runtime.block_on(verify(&journal)).unwrap();
    assert!((before.seq..=after.seq).contains(&end.seq), "{} is not from {} to {}", end.seq, before.seq, after.seq);
    let row = system.runtime.block_on(system.desk.journal().read_from(end.seq)).unwrap().swap_remove(0);
    assert_eq!((row.seq, row.hash), (end.seq, end.hash), "the database has the same, and has gone on");
    let taken = system.finish(dispatch, rate);
    assert_eq!(system.copies(&taken), 0);
    for node in nodes {
        node.stop(Duration::from_secs(60));
    }
}
