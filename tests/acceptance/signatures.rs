//! Signatures of mails as carriers took them, verified by programs that are not ours: Python's dkimpy and OpenSSL.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::command::{run, spawn};
use crate::mails::{ADDRESSES, taken};
use crate::sink::SmtpSink;
use crate::writing::Letter;

/// Long in the header, with every kind of line in the body that a signature could stumble over.
pub const AWKWARD: &str = r#"subject = "【訓練】【安否確認】{name} さん、大きな地震がありました。無事かどうかを、このメールに返信して、できるだけ早く知らせてください"
from_name = "経済産業省 大臣官房 安否確認システム（訓練）"
reply_to = "answer+{id}@example.go.jp"
text = """
.先頭の点
..
 . {name} 様（職員番号 {id}）
	tab  and   spaces   

最後の行の後ろに空行があります。
   

"""
"#;
/// The same in ASCII, which goes as it is: no base64 hides its lines.
pub const ASCII: &str = r#"subject = "[drill] {id}: are you safe?"
text = """
.a line that begins with a dot
..
.
 leading	and trailing   

=?utf-8?Q?not_an_encoded_word?= From here on:
From the start of a line

  

"""
"#;

#[test]
#[ignore = "needs python3 with the Debian packages python3-dkim and python3-nacl"]
fn dkimpy_verifies_the_mail_that_carriers_took() {
    for message in [AWKWARD, ASCII] {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::make(folder.path());
        let mails = folder.path().join("mails");
        std::fs::create_dir(&mails).unwrap();
        for (at, mail) in taken(folder.path(), message, &keys.options()).into_iter().enumerate() {
            std::fs::write(mails.join(format!("{at}")), &mail.content).unwrap();
        }
        keys.assert_verified(&mails);
    }
}

#[test]
#[ignore = "needs python3 with the Debian packages python3-dkim and python3-nacl, and smtp-sink of the Debian package postfix"]
fn dkimpy_verifies_the_mail_that_smtp_sink_wrote_to_a_file() {
    let (folder, dumps) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let keys = Keys::make(folder.path());
    let sink = SmtpSink::start(&["-d", "mail."], dumps.path());
    let letter = Letter::write(folder.path(), &ADDRESSES, AWKWARD);
    let to = sink.addr.to_string();
    let options: Vec<&str> = ["--relay", &to].into_iter().chain(keys.options()).collect();
    run(folder.path(), letter.args(&options), 60).json();
    drop(sink);
    let mails = folder.path().join("mails");
    std::fs::create_dir(&mails).unwrap();
    for file in std::fs::read_dir(dumps.path()).unwrap() {
        let file = file.unwrap();
        // smtp-sink writes the envelope as headers of its own before the mail.
        let dump = std::fs::read_to_string(file.path()).unwrap();
        let mail = &dump[dump.find("DKIM-Signature:").unwrap()..];
        std::fs::write(mails.join(file.file_name()), mail).unwrap();
    }
    keys.assert_verified(&mails);
}

#[test]
fn a_sender_that_no_key_signs_for_is_refused_before_anything_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::make(folder.path());
    let letter = Letter::write(folder.path(), &ADDRESSES, ASCII);
    let [_, rsa, ..] = keys.options();
    let other = rsa.replacen("example.go.jp", "example.com", 1);
    let refused = run(folder.path(), letter.args(&["--relay", "127.0.0.1:9", "--dkim", &other]), 60);
    assert!(
        !refused.status.success() && refused.stderr.contains("no DKIM key is valid for example.go.jp"),
        "{}",
        refused.stderr
    );
    let missing = rsa.replacen("rsa.pem", "nowhere.pem", 1);
    let refused = run(folder.path(), letter.args(&["--relay", "127.0.0.1:9", "--dkim", &missing]), 60);
    assert!(!refused.status.success() && refused.stderr.contains("nowhere.pem"), "{}", refused.stderr);
    assert_eq!(refused.stderr.trim().lines().count(), 1, "{}", refused.stderr);
}

/// An RSA and an Ed25519 key, made by the command, with their records.
pub struct Keys {
    options: Vec<String>,
    records: std::path::PathBuf,
}

impl Keys {
    pub fn make(folder: &Path) -> Keys {
        let (mut options, mut records) = (Vec::new(), Map::new());
        for (selector, more) in [("rsa", None), ("ed", Some("--ed25519"))] {
            let file = folder.join(format!("{selector}.pem"));
            let file = file.to_str().unwrap();
            let args = ["dkim-key", "example.go.jp", selector, file].into_iter().chain(more);
            let made = run(folder, args.clone(), 60);
            assert!(made.status.success(), "{}", made.stderr);
            assert_eq!(made.stdout, run(folder, args, 60).stdout, "asked again, it is the same key");
            let (name, _) = made.stdout.split_once(' ').unwrap();
            let text: String = made.stdout.split('"').skip(1).step_by(2).collect();
            records.insert(name.into(), text.into());
            options.extend(["--dkim".into(), format!("example.go.jp:{selector}:{file}")]);
        }
        let path = folder.join("records.json");
        std::fs::write(&path, Value::Object(records).to_string()).unwrap();
        Keys { options, records: path }
    }

    pub fn options(&self) -> [&str; 4] {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        options.try_into().unwrap()
    }

    pub fn assert_verified(&self, mails: &Path) {
        let mut python = Command::new(python());
        python.args([Path::new("tests/acceptance/verify_dkim.py"), &self.records, mails]);
        let read = spawn(python).end(Duration::from_secs(60)).json();
        let mails = read["mails"].as_array().unwrap();
        assert_eq!(mails.len(), ADDRESSES.len());
        for mail in mails {
            assert_eq!(mail["verified"], json!([true, true]), "{mail}");
            assert!(mail["changed"].as_array().unwrap().iter().all(|verified| verified != true), "{mail}");
            let tags = mail["tags"].as_array().unwrap();
            let tag = |name: &str| tags.iter().map(|tags| tags[name].as_str().unwrap()).collect::<Vec<_>>();
            assert_eq!(tag("a"), ["rsa-sha256", "ed25519-sha256"], "{mail}");
            assert_eq!(tag("d"), ["example.go.jp"; 2], "{mail}");
        }
    }
}

/// The Python for which Debian's packages are, where there is one.
fn python() -> &'static str {
    if Path::new("/usr/bin/python3").exists() { "/usr/bin/python3" } else { "python3" }
}
