//! A system whose journal is in PostgreSQL: moved there, served by two nodes, of which one is killed, and moved back.

use std::path::Path;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::command::{Ended, run, start};
use crate::demo::free_port;
use crate::nodes::{MOVES, clock_of, moved_after, note_moves};
use crate::serving::{made, wait_for};

fn succeeds<const N: usize>(folder: &Path, args: [&str; N]) -> String {
    let Ended { status, stdout, stderr } = run(folder, args, 120);
    assert!(status.success(), "{args:?}: {stdout}{stderr}");
    stdout
}

/// As an operator brings the keys to another machine.
pub fn copy_keys(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

/// Another node of the same system: its configuration but for the ports, and its keys.
pub fn second_node(first: &Path, second: &Path, ports: (u16, u16)) -> u16 {
    copy_keys(&first.join("data/keys"), &second.join("data/keys"));
    std::fs::copy(first.join("data/journal.toml"), second.join("data/journal.toml")).unwrap();
    let (answers, console) = (free_port(), free_port());
    let text = std::fs::read_to_string(first.join("hikyaku.toml")).unwrap();
    let text = text.replace(&format!(":{}", ports.0), &format!(":{answers}"));
    let text = text.replace(&format!(":{}", ports.1), &format!(":{console}"));
    // Nobody watches the second one here.
    let (before, metrics) = text.split_once("[metrics]").unwrap();
    let (_, after) = metrics.split_once("\n# ──").unwrap();
    std::fs::write(second.join("hikyaku.toml"), format!("{before}\n# ──{after}")).unwrap();
    console
}

#[test]
#[ignore = "needs PostgreSQL"]
fn req_r01_a_journal_moves_into_the_database_where_two_nodes_serve_and_one_takes_over_what_the_killed_one_had_and_moves_back()
 {
    let cluster = Cluster::primary("tokyo", "");
    let url = cluster.url();
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    std::fs::create_dir(&one).unwrap();
    let ports = made(&one);
    let data = one.join("data").to_str().unwrap().to_owned();
    let before = succeeds(folder.path(), ["journal", "verify", &data]);
    let copied = succeeds(folder.path(), ["journal", "copy", &data, &url]);
    assert!(copied.contains("the same one by one") && copied.contains("both chains end in"), "{copied}");
    std::fs::write(one.join("data/journal.toml"), format!("url = \"{url}\"\n")).unwrap();
    std::fs::remove_file(one.join("data/journal.redb")).unwrap();
    assert_eq!(succeeds(folder.path(), ["journal", "verify", &data]), before);
    assert_eq!(succeeds(folder.path(), ["journal", "verify", &url]), before);
    assert!(succeeds(folder.path(), ["journal", "export", &data]).lines().count() > 1);

    let console = second_node(&one, &two, ports);
    let config = |folder: &Path| folder.join("hikyaku.toml").to_str().unwrap().to_owned();
    let mut first = start(folder.path(), ["serve", "--config", &config(&one)]);
    assert!(wait_for(ports.1, "/login").contains("試験省"));
    let second = start(folder.path(), ["serve", "--config", &config(&two)]);
    assert!(wait_for(console, "/login").contains("試験省"), "both serve");
    let refused = run(folder.path(), ["journal", "forget", &data], 60);
    assert!(!refused.status.success() && refused.stderr.contains("使用中"), "{}", refused.stderr);
    let held = |by: &str| format!("SELECT count(*) = 17 FROM hikyaku.lease WHERE until >= now() AND {by}");
    cluster.wait_until(&held("true"));
    cluster.wait_until("SELECT count(*) = 2 FROM hikyaku.node WHERE until >= now()");
    let name = std::fs::read_to_string(two.join("data/journal.node")).unwrap();
    note_moves(&cluster);
    let before = clock_of(&cluster);
    first.kill();
    cluster.wait_until(&held(&format!("node = '{}'", name.trim())));
    let moved = moved_after(&cluster, &before, &two);
    assert!(moved <= MOVES, "what the killed one had moved {moved:?} after the kill");
    second.stop(Duration::from_secs(60));
    assert_eq!(cluster.sql("SELECT count(*) FROM hikyaku.lease WHERE until >= now()"), "0", "nobody need wait");

    let back = folder.path().join("back.redb");
    assert_eq!(
        succeeds(folder.path(), ["journal", "copy", &url, back.to_str().unwrap()]),
        succeeds(folder.path(), ["journal", "copy", &url, back.to_str().unwrap()]),
    );
    assert!(!succeeds(folder.path(), ["journal", "verify", back.to_str().unwrap()]).is_empty());
}

#[test]
#[ignore = "needs PostgreSQL"]
fn a_database_is_tried_before_it_is_trusted_and_nothing_of_the_trial_is_left() {
    let cluster = Cluster::primary("tokyo", "fsync = off");
    let folder = tempfile::tempdir().unwrap();
    let said = succeeds(folder.path(), ["journal", "test", &cluster.url()]);
    assert!(said.contains("9 of 9 clauses kept"), "{said}");
    assert!(said.contains("synchronous_standby_names") && said.contains("fsync"), "what is to be changed: {said}");
    assert_eq!(cluster.sql("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'hikyaku%'"), "0");
}
