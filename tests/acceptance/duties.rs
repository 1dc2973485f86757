//! What a running server does by itself: the roster of the day, signed heads, and mails about what goes wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::command::{run, start};
use crate::demo::free_port;

/// A fresh system on free ports whose alarms go to a relay, with these further lines in its configuration.
fn made(folder: &Path, relay: u16, more: &str) {
    let ended = run(folder, ["init", "--folder", folder.to_str().unwrap()], 60);
    assert!(ended.status.success(), "{}", ended.stderr);
    let config = folder.join("hikyaku.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    for port in [":8080", ":8081", ":9464"] {
        text = text.replace(port, &format!(":{}", free_port()));
    }
    text = text.replace("to = []", "to = [\"duty@example.go.jp\"]");
    text = text.replace("port = 25", &format!("port = 25\nrelay = \"127.0.0.1:{relay}\""));
    std::fs::write(&config, format!("{text}\n{more}")).unwrap();
}

/// Waits until something is there.
fn wait<R>(what: &str, mut found: impl FnMut() -> Option<R>) -> R {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A mail server that takes one mail after the other and says what it took.
fn relay() -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (took, mails) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let took = took.clone();
            std::thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                stream.write_all(b"220 relay.example.jp\r\n").unwrap();
                while let Some(Ok(line)) = lines.next() {
                    let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
                    let answer = match word.as_str() {
                        "DATA" => {
                            stream.write_all(b"354 go\r\n").unwrap();
                            let mail: Vec<String> =
                                lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                            let _ = took.send(mail.join("\n"));
                            "250 taken"
                        }
                        "QUIT" => "221 bye",
                        _ => "250 ok",
                    };
                    if stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, mails)
}

#[test]
fn req_a28_a_running_server_pulls_the_roster_of_the_day_signs_its_journal_and_mails_what_goes_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let rosters = folder.path().join("rosters");
    std::fs::create_dir(&rosters).unwrap();
    let (port, mails) = relay();
    made(folder.path(), port, "[[roster]]\nsource = \"rosters\"\nat = \"00:00\"\n");
    std::fs::write(
        rosters.join("day.csv"),
        "id,name,group,region,email\n1,甲山,本省,13,a@example.jp\n1,甲山,本省,13,b\n",
    )
    .unwrap();
    let config = folder.path().join("hikyaku.toml");
    let serve = ["serve", "--config", config.to_str().unwrap()];
    let server = start(folder.path(), serve);
    // Two faults: a number twice, an address that is none. Nothing is taken, and somebody is told.
    let mail = mails.recv_timeout(Duration::from_secs(60)).unwrap();
    assert!(mail.contains("duty@example.go.jp"), "{mail}");
    let heads = folder.path().join("data/heads");
    wait("a signed head", || std::fs::read_dir(&heads).ok()?.next().map(drop));
    server.terminate();
    assert!(server.end(Duration::from_secs(30)).status.success());
    let data = folder.path().join("data");
    let [data, heads] = [&data, &heads].map(|path| path.to_str().unwrap());
    let verified = run(folder.path(), ["journal", "verify", data, "--heads", heads], 60);
    assert!(verified.status.success(), "{} {}", verified.stdout, verified.stderr);
    assert!(verified.stdout.contains("1 signed heads"), "{}", verified.stdout);
    let people = || run(folder.path(), ["people", "export", "--dry-run", "--data", data], 60).stdout;
    assert!(people().contains(" 0 人"), "{}", people());
    // Mended, it is taken at the next start, for today's was missed.
    std::fs::write(rosters.join("day.csv"), "id,name,group,region,email\n1,甲山,本省,13,a@example.jp\n").unwrap();
    wait("the roster", || {
        let server = start(folder.path(), serve);
        std::thread::sleep(Duration::from_secs(2));
        server.terminate();
        assert!(server.end(Duration::from_secs(30)).status.success());
        people().contains(" 1 人").then_some(())
    });
}

#[test]
fn rules_go_out_and_in_and_nothing_late_is_said_so() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path(), free_port(), "");
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let exported = run(folder.path(), ["rules", "export", "--data", data], 60);
    assert!(exported.status.success(), "{}", exported.stderr);
    assert!(exported.stdout.contains("\"rules\""), "{}", exported.stdout);
    let file = folder.path().join("rules.json");
    let mended = exported.stdout.replace("\"escalations\": []", "\"escalations\": [{\"rule\": 1, \"minutes\": 20}]");
    std::fs::write(&file, &mended).unwrap();
    let file = file.to_str().unwrap();
    let dry = run(folder.path(), ["rules", "import", file, "--data", data, "--dry-run"], 60);
    assert!(dry.stdout.contains("何も変えていません"), "{} {}", dry.stdout, dry.stderr);
    let imported = run(folder.path(), ["rules", "import", file, "--data", data], 60);
    assert!(imported.status.success(), "{} {}", imported.stdout, imported.stderr);
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let again = run(folder.path(), ["rules", "export", "--data", data], 60).stdout;
    assert_eq!(json(&again), json(&mended), "out as it went in");
    std::fs::write(folder.path().join("broken.json"), mended.replace("{link}", "{lnik}")).unwrap();
    let broken = folder.path().join("broken.json");
    let refused = run(folder.path(), ["rules", "import", broken.to_str().unwrap(), "--data", data, "--dry-run"], 60);
    assert!(!refused.status.success() && refused.stderr.contains("{lnik}"), "{}", refused.stderr);
    let late = run(folder.path(), ["report", "late", "--data", data], 60);
    assert!(late.stdout.contains("超えた配信はありません"), "{} {}", late.stdout, late.stderr);
}
