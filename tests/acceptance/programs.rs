//! Programs beside a running server: the API with a token, another system that is told, and who is mailed when tokens are forged.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::command::{run, start};
use crate::demo::free_port;
use crate::duties::{made, read, relay, wait};

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// A system that takes every post and says what was in it.
pub(crate) fn receiver() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (took, posts) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).is_ok_and(|bytes| bytes > 2) {}
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let _ = took.send(format!("{head}\n{}", String::from_utf8_lossy(&body)));
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
        }
    });
    (port, posts)
}

/// What the API says; nothing as long as nobody listens.
fn ask(port: u16, request: &str, token: &str, more: &str, body: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n{more}Content-Type: application/json\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Two people, and a token that may read, send and answer.
fn peopled(folder: &Path) -> String {
    let (data, roster) = (folder.join("data"), folder.join("roster.csv"));
    let csv = "id,name,group,region,email\nA-7,甲山,本省,13,kou@example.jp\nA-8,乙川,本省,13,otsu@example.jp\n";
    std::fs::write(&roster, csv).unwrap();
    let [data, roster] = [&data, &roster].map(|path| path.to_str().unwrap());
    let taken = run(folder, ["people", "import", roster, "--data", data], 60);
    assert!(taken.status.success(), "{}{}", taken.stdout, taken.stderr);
    let scopes = ["--scope", "read", "--scope", "send", "--scope", "answer"];
    let make = ["access", "token", "make", "admin", "--label", "test", "--data", data];
    let token = run(folder, make.into_iter().chain(scopes), 60);
    assert!(token.status.success(), "{}", token.stderr);
    token.stdout.trim().to_owned()
}

#[test]
fn req_s17_a_running_server_lets_a_program_in_tells_another_system_and_mails_about_forged_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("hook.key");
    std::fs::write(&key, KEY).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let ((smtp, mails), (hook, posts), api) = (relay(), receiver(), free_port());
    let more = format!(
        "[api]\nlisten = \"127.0.0.1:{api}\"\n\n\
         [[webhooks]]\nname = \"log\"\nurl = \"http://127.0.0.1:{hook}/in\"\nkey_file = \"hook.key\"\n\
         kinds = [\"answers\", \"outcomes\", \"alarms\"]\n"
    );
    made(folder.path(), smtp, &more);
    let token = peopled(folder.path());
    let config = folder.path().join("hikyaku.toml");
    let server = start(folder.path(), ["serve", "--config", config.to_str().unwrap()]);
    let people = wait("the API", || ask(api, "GET /api/v1/people", &token, "", ""));
    assert!(people.starts_with("HTTP/1.1 200") && people.contains("A-7"), "{people}");
    assert!(!people.contains("kou@") && !people.contains("otsu@"), "req_a29: {people}");

    let wish = r#"{"mode":"test","title":"連携の試験","asks":true,"target":{"everyone":true}}"#;
    let send = || ask(api, "POST /api/v1/dispatches", &token, "Idempotency-Key: k1\r\n", wish).unwrap();
    let (first, again) = (send(), send());
    assert!(first.starts_with("HTTP/1.1 201") && again.starts_with("HTTP/1.1 201"), "{first}{again}");
    let answer = r#"{"person":1,"choice":1}"#;
    let given = ask(api, "POST /api/v1/dispatches/1/answers", &token, "Idempotency-Key: k2\r\n", answer).unwrap();
    assert!(given.starts_with("HTTP/1.1 201"), "{given}");
    let mut told = String::new();
    wait("both kinds of news", || {
        told.extend(posts.try_recv());
        (told.contains("\"answer") && told.contains("\"outcome")).then_some(())
    });
    assert!(told.to_lowercase().contains("x-hikyaku-signature: ") && !told.contains("kou@"), "{told}");

    for number in 0..25 {
        let refused = ask(api, "GET /api/v1/people", &format!("hky_forged{number}"), "", "").unwrap();
        assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
    }
    let alarm =
        wait("the alarm", || mails.try_recv().ok().map(|mail| read(&mail)).filter(|it| it.contains("トークン")));
    assert!(alarm.contains("無効なトークンで API が呼ばれています"), "{alarm}");
    wait("the same as a post", || {
        told.extend(posts.try_recv());
        (told.contains(r#""kind":"alarm""#) && told.contains("security/")).then_some(())
    });
    let ended = server.stop(Duration::from_secs(30));
    for secret in [KEY, &token, "kou@example.jp"] {
        assert!(!ended.stderr.contains(secret), "{secret} is in the log: {}", ended.stderr);
    }
}
