//! Each mistake gives one clear line that names the place, a status other than zero, and nothing half done.

use std::net::TcpListener;
use std::path::Path;

use crate::command::run;
use crate::demo::assert_empty;
use crate::writing::{Letter, MESSAGE, addresses};

/// A relay that nobody ever gets to dial.
const NOWHERE: [&str; 2] = ["--relay", "127.0.0.1:9"];

/// Runs it; it must fail in one line with these words, and leave nothing behind.
fn assert_fails<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>, words: &[&str]) {
    let temporary = tempfile::tempdir().unwrap();
    let ended = run(temporary.path(), args, 30);
    let line = ended.stderr.trim_end();
    assert!(!ended.status.success(), "it went well: {line}");
    assert!(line.starts_with("hikyaku: ") && !line.contains('\n'), "not one line:\n{line}");
    assert!(words.iter().all(|word| line.contains(word)), "{words:?} are not all in: {line}");
    assert_eq!(ended.stdout, "", "nothing on standard output");
    assert_empty(temporary.path());
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_broken_roster_row_is_named_by_file_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write_rows(folder.path(), "id,name,email\n1,山田,a@au.com\n2,鈴木,suzuki\n", MESSAGE);
    assert_fails(letter.args(&NOWHERE), &["people.csv", "line 3", "column email"]);
    assert!(!letter.data.exists(), "nothing half done");
}

#[test]
fn a_row_with_too_few_columns_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write_rows(folder.path(), "id,name,email\n1,山田\n", MESSAGE);
    assert_fails(letter.args(&NOWHERE), &["people.csv", "line 2", "2 columns"]);
    assert!(!letter.data.exists(), "nothing half done");
}

#[test]
fn an_unknown_key_in_the_message_is_named_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], "subject = \"x\"\ntext = \"y\"\ntxet = \"z\"\n");
    assert_fails(letter.args(&NOWHERE), &["message.toml", "line 3", "txet"]);
    assert!(!letter.data.exists(), "nothing half done");
}

#[test]
fn a_field_that_no_column_has_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], "subject = \"{nmae}\"\ntext = \"y\"\n");
    assert_fails(letter.args(&NOWHERE), &["message.toml", "subject", "{nmae}"]);
    assert!(!letter.data.exists(), "nothing half done");
}

#[test]
fn an_unknown_key_in_a_profile_is_named_by_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let profile = folder.path().join("carriers.toml");
    let text = "[[carrier]]\nname = \"x\"\ndomains = [\"x.example\"]\nlimits = { sesions = 3 }\n\
                [[carrier.host]]\nname = \"mx.x.example\"\n";
    std::fs::write(&profile, text).unwrap();
    assert_fails(["mock", "--profile", path(&profile)], &["carriers.toml", "line 4", "sesions"]);
    assert_fails(["demo", "--exit", "--profile", path(&profile)], &["carriers.toml", "line 4", "sesions"]);
}

#[test]
fn a_telegram_with_a_dtd_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let telegram = folder.path().join("telegram.xml");
    let original = include_str!("../../crates/feeds/samples/vxse51_demo.xml");
    let dtd = original.replacen("<Report", "<!DOCTYPE Report [<!ENTITY x \"y\">]>\n<Report", 1);
    std::fs::write(&telegram, dtd).unwrap();
    let data = folder.path().join("data");
    let args = ["demo", "--json", "--people", "50", "--telegram", path(&telegram)];
    assert_fails(args, &["telegram.xml", "DTD"]);
    assert_fails(args.iter().chain(&["--data", path(&data)]), &["telegram.xml", "DTD"]);
    assert!(!data.exists(), "nothing half done");
}

#[test]
fn a_telegram_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let telegram = folder.path().join("telegram.xml");
    std::fs::write(&telegram, "<Report>").unwrap();
    assert_fails(["demo", "--json", "--people", "50", "--telegram", path(&telegram)], &["telegram.xml"]);
}

#[test]
fn a_file_in_the_place_of_the_data_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], MESSAGE);
    std::fs::write(&letter.data, "not a folder").unwrap();
    assert_fails(letter.args(&NOWHERE), &[path(&letter.data)]);
    assert_fails(["demo", "--json", "--data", path(&letter.data)], &[path(&letter.data)]);
    assert_eq!(std::fs::read_to_string(&letter.data).unwrap(), "not a folder");
}

#[test]
fn a_data_folder_that_is_no_queue_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], MESSAGE);
    std::fs::create_dir(&letter.data).unwrap();
    std::fs::write(letter.data.join("queue.redb"), "not a queue").unwrap();
    assert_fails(letter.args(&NOWHERE), &["queue.redb"]);
    assert_eq!(std::fs::read_to_string(letter.data.join("queue.redb")).unwrap(), "not a queue");
}

#[test]
fn the_demo_takes_no_folder_that_holds_something() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine"), "").unwrap();
    assert_fails(["demo", "--json", "--data", path(folder.path())], &[path(folder.path()), "not empty"]);
}

#[test]
fn a_data_folder_in_use_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &addresses(3, &["au.com"]), MESSAGE);
    // A relay that never greets keeps the first one waiting.
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = relay.local_addr().unwrap().to_string();
    let first = crate::command::start(folder.path(), letter.args(&["--relay", &to]));
    drop(relay.accept().unwrap());
    assert_fails(letter.args(&NOWHERE), &[path(&letter.data), "another"]);
    drop(first);
}

#[test]
fn a_port_already_taken_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    assert_fails(["demo", "--json", "--people", "50", "--port", &port], &["--port", &port]);
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_fails(["demo", "--json", "--people", "50", "--port", &port, "--data", path(&data)], &["--port", &port]);
    assert!(!data.exists(), "nothing half done");
}

#[test]
fn a_relay_without_a_port_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], MESSAGE);
    for relay in ["127.0.0.1", ":25", "relay.example.jp:", "relay.example.jp:70000"] {
        assert_fails(letter.args(&["--relay", relay]), &["--relay", relay, "HOST:PORT"]);
    }
    assert!(!letter.data.exists(), "nothing half done");
}

#[test]
fn without_a_relay_somebody_must_allow_the_internet() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], MESSAGE);
    assert_fails(letter.args(&[]), &["--relay", "--dial"]);
    assert!(!letter.data.exists(), "nothing half done");
}

#[test]
fn a_missing_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], MESSAGE);
    std::fs::remove_file(&letter.message).unwrap();
    assert_fails(letter.args(&NOWHERE), &["message.toml"]);
    std::fs::remove_file(&letter.roster).unwrap();
    assert_fails(letter.args(&NOWHERE), &["people.csv"]);
    assert!(!letter.data.exists(), "nothing half done");
    let missing = folder.path().join("missing");
    assert_fails(["demo", "--json", "--people", "50", "--telegram", path(&missing)], &[path(&missing)]);
    assert_fails(["mock", "--profile", path(&missing)], &[path(&missing), "calm"]);
}

#[test]
fn a_sender_that_is_no_address_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &["a@au.com"], MESSAGE);
    let args = letter.args(&NOWHERE).into_iter().map(|arg| arg.replace("anpi@example.go.jp", "anpi"));
    assert_fails(args, &["--from"]);
}

#[test]
fn each_command_has_help_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&[][..], &["demo"], &["send"], &["mock"]] {
        let ended = run(folder.path(), command.iter().chain(&["--help"]), 30);
        let example = format!("\n  hikyaku {}", command.first().unwrap_or(&"demo"));
        assert!(ended.status.success() && ended.stdout.contains("EXAMPLE"), "{command:?}: {}", ended.stdout);
        assert!(ended.stdout.contains(&example), "{command:?}: {}", ended.stdout);
    }
}
