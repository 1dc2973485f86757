//! S/MIME signatures of mails as carriers took them, verified by OpenSSL.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::command::{Ended, spawn};
use crate::mails::taken;
use crate::signatures::{ASCII, AWKWARD, Keys};

#[test]
#[ignore = "needs openssl, and python3 with the Debian packages python3-dkim and python3-nacl"]
fn openssl_verifies_the_mail_that_carriers_took_and_dkimpy_the_whole() {
    for (kind, message) in [("rsa:2048", AWKWARD), ("rsa:2048", ASCII), ("ec:prime256v1", AWKWARD)] {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::make(folder.path());
        certify(folder.path(), kind);
        let table = folder.path().join("signing.toml");
        std::fs::write(&table, "[[smime]]\ncertificate = \"own.crt\"\nkey = \"own.key\"\n").unwrap();
        let mails = folder.path().join("mails");
        std::fs::create_dir(&mails).unwrap();
        let table = ["--signing", table.to_str().unwrap()];
        let options: Vec<&str> = keys.options().into_iter().chain(table).collect();
        for (at, mail) in taken(folder.path(), message, &options).into_iter().enumerate() {
            let file = mails.join(format!("{at}"));
            std::fs::write(&file, &mail.content).unwrap();
            let verified = verify(folder.path(), &file);
            assert!(verified.status.success() && verified.stderr.contains("successful"), "{}", verified.stderr);
            assert!(verified.stdout.contains("Content-Type: text/plain"), "{}", verified.stdout);
            // One letter of the text.
            let text = String::from_utf8(mail.content.to_vec()).unwrap();
            let (head, body) = text.split_at(text.find("Content-Type: text/plain").unwrap());
            let changed = folder.path().join("changed");
            std::fs::write(&changed, format!("{head}{}", body.replacen("\r\n\r\n", "\r\n\r\nA", 1))).unwrap();
            assert!(!verify(folder.path(), &changed).status.success());
        }
        keys.assert_verified(&mails);
    }
}

fn openssl(folder: &Path, args: &[&str]) -> Ended {
    let mut openssl = Command::new("openssl");
    openssl.args(args).current_dir(folder);
    spawn(openssl).end(Duration::from_secs(60))
}

fn verify(folder: &Path, mail: &Path) -> Ended {
    let mail = mail.to_str().unwrap();
    openssl(folder, &["cms", "-verify", "-in", mail, "-CAfile", "root.crt", "-purpose", "smimesign"])
}

/// A root, one that stands between, and the sender's certificate, with the one between behind it.
fn certify(folder: &Path, kind: &str) {
    let made = |args: &str| {
        let args: Vec<&str> = args.split(' ').collect();
        let ended = openssl(folder, &args);
        assert!(ended.status.success(), "openssl {args:?}: {}", ended.stderr);
    };
    let kind = kind.replacen("ec:", "ec -pkeyopt ec_paramgen_curve:", 1);
    std::fs::write(folder.join("ca.ext"), "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n")
        .unwrap();
    let own = "subjectAltName=email:anpi@example.go.jp\nextendedKeyUsage=emailProtection\nkeyUsage=digitalSignature\n";
    std::fs::write(folder.join("own.ext"), own).unwrap();
    made("req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.crt -days 2 -subj /CN=root");
    made("req -newkey rsa:2048 -nodes -keyout between.key -out between.csr -subj /CN=between");
    made(
        "x509 -req -in between.csr -CA root.crt -CAkey root.key -CAcreateserial -days 2 -extfile ca.ext -out between.crt",
    );
    made(&format!("req -newkey {kind} -nodes -keyout own.key -out own.csr -subj /CN=own"));
    made(
        "x509 -req -in own.csr -CA between.crt -CAkey between.key -CAcreateserial -days 2 -extfile own.ext -out own.crt",
    );
    // Twice, as happens when files are put together by hand.
    let chain =
        ["own.crt", "between.crt", "between.crt"].map(|name| std::fs::read_to_string(folder.join(name)).unwrap());
    std::fs::write(folder.join("own.crt"), chain.concat()).unwrap();
}
