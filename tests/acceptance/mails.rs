//! The mails themselves, read by a parser that is not ours: Python's `email`.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hikyaku_mock::{AcceptedMail, Directory, MockNet, Profile};
use serde_json::{Value, json};

use crate::command::{run, spawn};
use crate::sink::SmtpSink;
use crate::writing::{Letter, MESSAGE};

/// An ordinary address and legacy ones, which RFC 5321 allows in quotes only.
pub const ADDRESSES: [&str; 5] =
    ["hanako@gmail.com", "hanako..y@docomo.ne.jp", "hanako.@ezweb.ne.jp", "h-.-y@docomo.ne.jp", ".hanako@docomo.ne.jp"];

#[test]
#[ignore = "needs python3"]
fn python_understands_the_mail_that_carriers_took() {
    let folder = tempfile::tempdir().unwrap();
    for (at, mail) in taken(folder.path(), MESSAGE, &[]).into_iter().enumerate() {
        let file = folder.path().join(format!("mail{at}"));
        std::fs::write(&file, &mail.content).unwrap();
        assert_understood(&read(&file), &mail.rcpt);
    }
}

#[test]
#[ignore = "needs python3, and smtp-sink of the Debian package postfix"]
fn python_understands_the_mail_that_smtp_sink_wrote_to_a_file() {
    let (folder, dumps) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sink = SmtpSink::start(&["-d", "mail."], dumps.path());
    let letter = Letter::write(folder.path(), &ADDRESSES, MESSAGE);
    run(folder.path(), letter.args(&["--relay", &sink.addr.to_string()]), 60).json();
    drop(sink);
    let mut seen = Vec::new();
    for file in std::fs::read_dir(dumps.path()).unwrap() {
        let mail = read(&file.unwrap().path());
        let rcpt = bare(mail["to"][0][1].as_str().unwrap());
        assert_understood(&mail, &rcpt);
        seen.push(rcpt);
    }
    seen.sort();
    let mut expected = ADDRESSES.map(str::to_owned);
    expected.sort();
    assert_eq!(seen, expected);
}

fn assert_understood(mail: &Value, rcpt: &str) {
    let number = ADDRESSES.iter().position(|address| *address == rcpt).unwrap();
    let name = format!("山田 花子{number}");
    assert_eq!(mail["subject"], format!("【安否確認】{name} さん、無事ですか"), "{mail}");
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains(&format!("{name} 様（職員番号 {number}）")) && text.contains("震度６強"), "{mail}");
    assert_eq!(mail["from"], json!([["安否確認システム", "anpi@example.go.jp"]]), "{mail}");
    // RFC 2047 §5: an encoded-word must not stand in a quoted string, where it would be shown as it is.
    assert!(!mail["raw_from"].as_str().unwrap().contains("\"=?"), "{mail}");
    let to = mail["to"].as_array().unwrap();
    assert_eq!(to.len(), 1, "{mail}");
    assert_eq!(bare(to[0][1].as_str().unwrap()), rcpt, "{mail}");
    for header in ["from", "to", "date", "message-id", "subject", "mime-version", "content-type"] {
        let times = mail["headers"].as_array().unwrap().iter().filter(|name| *name == header).count();
        assert_eq!(times, 1, "{header}: {mail}");
    }
    let message_id = mail["message_id"].as_str().unwrap();
    assert!(message_id.starts_with('<') && message_id.ends_with("@example.go.jp>"), "{mail}");
    assert!(mail["longest_line"].as_u64().unwrap() <= 998, "RFC 5322 §2.1.1: {mail}");
    assert!(mail["bytes"].as_u64().unwrap() < 10_000, "old handsets read no more: {mail}");
    assert_eq!(mail["defects"], json!([]), "{mail}");
}

/// Without the quotes of a legacy local part.
fn bare(address: &str) -> String {
    address.replace('"', "")
}

fn read(file: &Path) -> Value {
    let mut python = Command::new("python3");
    python.args([Path::new("tests/acceptance/read_mail.py"), file]);
    spawn(python).end(Duration::from_secs(30)).json()
}

/// What the mock carriers took of one mail to each address.
pub fn taken(folder: &Path, message: &str, options: &[&str]) -> Vec<AcceptedMail> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let profile = Profile::named("calm").unwrap();
    let mut net = runtime.block_on(MockNet::start(profile, Directory::Everyone, 3)).unwrap();
    let mut mails = net.take_mail();
    let letter = Letter::write(folder, &ADDRESSES, message);
    let (dns, port) = (net.dns.to_string(), net.smtp_port.to_string());
    let own = ["--dial", "loopback", "--dns", &dns, "--port", &port];
    run(folder, letter.args(&[&own, options].concat()), 60).json();
    runtime.block_on(net.shutdown());
    let mut taken = Vec::new();
    while let Ok(mail) = mails.try_recv() {
        taken.push(mail);
    }
    assert_eq!(taken.len(), ADDRESSES.len());
    taken
}
