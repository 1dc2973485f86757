//! `hikyaku send --carriers`: the table of carriers from a file, read again at SIGHUP; a wrong one changes nothing.

use std::time::{Duration, Instant};

use hikyaku_mock::{Directory, MockNet, Profile};

use crate::command::{count, start};
use crate::writing::{Letter, MESSAGE, addresses};

const PROFILE: &str = "[[carrier]]\nname = \"docomo\"\ndomains = [\"docomo.ne.jp\"]\n\
                       [[carrier.host]]\nname = \"mfsmax.docomo.ne.jp\"\n";

/// A table that lets docomo have so many mails a second.
fn table(per_second: f64) -> String {
    format!(
        "[default]\n[[carrier]]\nname = \"docomo\"\ndomains = [\"docomo.ne.jp\"]\nsource = \"this test\"\n\
         limits = {{ mails_per_second_max = {per_second}, burst_mails = 1 }}\n"
    )
}

#[cfg(unix)]
#[test]
fn a_table_is_read_again_at_sighup_and_a_wrong_one_leaves_the_old_one_in_force() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let net = runtime.block_on(MockNet::start(Profile::parse(PROFILE).unwrap(), Directory::Everyone, 7)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &addresses(60, &["docomo.ne.jp"]), MESSAGE);
    let file = folder.path().join("carriers.toml");
    // At this pace the last mail would leave after ten minutes.
    std::fs::write(&file, table(0.1)).unwrap();
    let (dns, port) = (net.dns.to_string(), net.smtp_port.to_string());
    let more = ["--carriers", file.to_str().unwrap(), "--dial", "loopback", "--dns", &dns, "--port", &port];
    let sending = start(folder.path(), letter.args(&more));
    let accepted = || net.ledger().snapshot().carriers[0].accepted;
    let until = |done: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !done() {
            assert!(Instant::now() < deadline, "nothing happens");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(&|| accepted() > 0);
    std::fs::write(&file, "[default]\nsesions_max = 3\n").unwrap();
    sending.hang_up();
    // By the table that is wrong there would be no limit at all.
    let before = accepted();
    until(&|| accepted() > before);
    assert!(accepted() < 10, "{}", accepted());
    std::fs::write(&file, table(500.0)).unwrap();
    sending.hang_up();
    let ended = sending.end(Duration::from_secs(120));
    assert_eq!(count(&ended.json(), "accepted"), 60);
    for words in ["これまでの表で続けます", "carriers.toml", "line 2", "sesions_max"] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    runtime.block_on(net.shutdown());
}

#[test]
fn a_table_that_is_wrong_at_the_start_is_told_with_its_line_and_nothing_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let letter = Letter::write(folder.path(), &addresses(1, &["docomo.ne.jp"]), MESSAGE);
    let file = folder.path().join("carriers.toml");
    for (text, word) in [(Some("[default]\nsesions_max = 3\n"), "line 2"), (None, "No such file")] {
        if let Some(text) = text {
            std::fs::write(&file, text).unwrap();
        } else {
            std::fs::remove_file(&file).unwrap();
        }
        let ended = crate::command::run(
            folder.path(),
            letter.args(&["--carriers", file.to_str().unwrap(), "--dial", "loopback"]),
            20,
        );
        assert_eq!(ended.status.code(), Some(2));
        assert!(ended.stderr.contains("carriers.toml") && ended.stderr.contains(word), "{}", ended.stderr);
    }
}
