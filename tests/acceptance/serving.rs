//! `hikyaku init` and `hikyaku serve`: what a new administrator types first.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::command::{Ended, run, start};
use crate::demo::{free_port, page};

/// How long a server may take to say something.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fresh system whose pages are on free ports; the ports of answers and console.
pub fn made(folder: &Path) -> (u16, u16) {
    let place = folder.to_str().unwrap();
    let Ended { status, stdout, stderr } = run(folder, ["init", "--folder", place, "--organisation", "試験省"], 60);
    assert!(status.success(), "{stderr}");
    assert!(stdout.contains("パスワード") && stdout.contains("hikyaku serve --config"), "{stdout}");
    let (answers, console) = (free_port(), free_port());
    let config = folder.join("hikyaku.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text.replace(":8080", &format!(":{answers}")).replace(":8081", &format!(":{console}"));
    let text = text.replace(":9464", &format!(":{}", free_port()));
    std::fs::write(&config, text).unwrap();
    (answers, console)
}

pub fn wait_for(port: u16, path: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(page) = page(port, path) {
            return page;
        }
        assert!(Instant::now() < deadline, "nothing on port {port}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_fresh_system_serves_its_pages_refuses_a_second_start_reloads_and_stops_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let (answers, console) = made(folder.path());
    let config = folder.path().join("hikyaku.toml");
    let serve = ["serve", "--config", config.to_str().unwrap()];
    let server = start(folder.path(), serve);
    assert!(wait_for(console, "/login").contains("試験省"));
    assert!(wait_for(answers, "/healthz").starts_with("HTTP/1.1 200"));
    let second = run(folder.path(), serve, 30);
    assert!(!second.status.success());
    assert!(second.stderr.contains("another hikyaku (process"), "{}", second.stderr);
    server.hang_up();
    server.wait_for_word("読み直しました", PATIENCE);
    let right = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, right.replace("idle_minutes", "idle_minuets")).unwrap();
    server.hang_up();
    server.wait_for_word("これまでの設定で続けます", PATIENCE);
    assert!(wait_for(console, "/login").contains("試験省"), "a mistake stops nothing");
    let ended = server.stop(Duration::from_secs(30));
    assert!(ended.stderr.contains("停止します"), "{}", ended.stderr);
}

#[test]
fn init_overwrites_nothing_and_a_misspelt_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let again = run(folder.path(), ["init", "--folder", folder.path().to_str().unwrap()], 30);
    assert!(!again.status.success() && again.stderr.contains("it exists already"), "{}", again.stderr);
    let config = folder.path().join("hikyaku.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("idle_minutes", "idle_minuets")).unwrap();
    let wrong = run(folder.path(), ["serve", "--config", config.to_str().unwrap()], 30);
    assert!(wrong.stderr.contains("idle_minuets"), "{}", wrong.stderr);
}

#[test]
fn init_that_was_interrupted_goes_on_from_what_it_left() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    // After the configuration and the keys, before the journal had a row.
    let data = folder.path().join("data");
    let journal = data.join("journal.redb");
    std::fs::remove_file(&journal).unwrap();
    let signer = std::fs::read(data.join("keys/signing.pub")).unwrap();
    let again = run(folder.path(), ["init", "--folder", folder.path().to_str().unwrap()], 60);
    assert!(again.status.success() && again.stdout.contains("パスワード"), "{}", again.stderr);
    assert_eq!(std::fs::read(data.join("keys/signing.pub")).unwrap(), signer, "the keys that were there");
    assert!(journal.exists());
    // A journal without its keys is somebody's: none are made for it.
    std::fs::remove_dir_all(data.join("keys")).unwrap();
    let lost = run(folder.path(), ["init", "--folder", folder.path().to_str().unwrap()], 60);
    assert!(!lost.status.success() && lost.stderr.contains("put the folder keys"), "{}", lost.stderr);
    assert!(!data.join("keys").exists());
}

#[test]
fn pages_are_not_served_to_others_without_tls() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let config = folder.path().join("hikyaku.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let begin = text.find("[console]").unwrap();
    let (before, after) = text.split_at(begin);
    std::fs::write(&config, format!("{before}{}", after.replacen("127.0.0.1", "0.0.0.0", 1))).unwrap();
    let refused = run(folder.path(), ["serve", "--config", config.to_str().unwrap()], 30);
    assert!(refused.stderr.contains("without TLS"), "{}", refused.stderr);
}
