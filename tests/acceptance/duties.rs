//! What a running server does by itself: the roster of the day, signed heads, and mails about what goes wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use hikyaku_dispatch::{
    AccountCommand, AccountId, DispatchCommand, DispatchDraft, HealthCommand, Mode, Names, PasswordHash, PeopleCommand,
    PersonId, ProbePolicy, RosterImport, japan_date, read_roster,
};
use jiff::{SignedDuration, Timestamp};

use crate::agreement::at_the_desk;
use crate::command::{run, start};
use crate::demo::free_port;

/// A fresh system on free ports whose alarms go to a relay, with these further lines in its configuration.
pub(crate) fn made(folder: &Path, relay: u16, more: &str) {
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

/// Where a section of a configuration listens.
pub(crate) fn port_of(config: &str, section: &str) -> u16 {
    let (_, after) = config.split_once(section).unwrap();
    let (_, after) = after.split_once("listen = \"127.0.0.1:").unwrap();
    after.split('"').next().unwrap().parse().unwrap()
}

/// Waits until something is there.
pub(crate) fn wait<R>(what: &str, mut found: impl FnMut() -> Option<R>) -> R {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A mail server that takes one mail after the other and says what it took, with the envelope's sender as `Return-Path` before it.
pub(crate) fn relay() -> (u16, std::sync::mpsc::Receiver<String>) {
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
                let mut sender = String::new();
                while let Some(Ok(line)) = lines.next() {
                    let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
                    let answer = match word.as_str() {
                        "DATA" => {
                            stream.write_all(b"354 go\r\n").unwrap();
                            let mail: Vec<String> =
                                lines.by_ref().map_while(Result::ok).take_while(|line| line != ".").collect();
                            let _ = took.send(format!("Return-Path: {sender}\n{}", mail.join("\n")));
                            "250 taken"
                        }
                        "MAIL" => {
                            let (_, path) = line.split_once(':').unwrap();
                            path.split_whitespace().next().unwrap().clone_into(&mut sender);
                            "250 ok"
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
    server.stop(Duration::from_secs(30));
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
        server.stop(Duration::from_secs(30));
        people().contains(" 1 人").then_some(())
    });
}

/// The text of a mail as people read it.
pub(crate) fn read(mail: &str) -> String {
    let (_, body) = mail.split_once("\n\n").unwrap_or_default();
    let body: String = body.split_whitespace().collect();
    base64::engine::general_purpose::STANDARD
        .decode(&body)
        .map_or_else(|_| mail.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// What had happened before the server was started: a transfer loaded yesterday for today, a round of probes, a reset account,
/// and a dispatch of an hour ago that nobody has sent.
fn lived(data: &Path) {
    let (now, day) = (Timestamp::now(), SignedDuration::from_hours(24));
    let roster = |csv: String| RosterImport::part(read_roster(csv.as_bytes()).unwrap().rows);
    let today = japan_date(now);
    let person = |group: &str| format!("1,甲山,{group},13,kou@example.jp");
    let before = roster(format!("id,name,group,region,email\n{}\n", person("本省/防災課")));
    let planned = roster(format!("id,name,group,region,email,effective\n{},{today}\n", person("地方局")));
    let password = || PasswordHash { salt: [0; 16], memory_kib: 1, passes: 1, hash: [0; 32] };
    let account = AccountId(2);
    at_the_desk(data, |desk| async move {
        desk.command(PeopleCommand::Import(before), now - day - day).await.unwrap();
        desk.command(PeopleCommand::Import(planned), now - day).await.unwrap();
        assert_eq!(desk.read(|state| state.plans().people().count()), 1);
        let names = Names { login: "kou".into(), label: "甲山".into() };
        let open = AccountCommand::Open { names, person: Some(PersonId(1)), password: password() };
        desk.command(open, now - day - day).await.unwrap();
        desk.command(AccountCommand::ResetPassword { account, password: password() }, now).await.unwrap();
        desk.command(HealthCommand::Probe { policy: ProbePolicy::default() }, now).await.unwrap();
        let draft = Box::new(DispatchDraft::safety("一時間前", Mode::Real, "遅れた確認"));
        desk.command(DispatchCommand::Open { draft }, now - SignedDuration::from_hours(1)).await.unwrap();
    });
}

#[test]
fn req_p06_a25_a38_s10_a_running_server_reports_causes_probes_carries_plans_out_and_tells_owners_of_resets() {
    let folder = tempfile::tempdir().unwrap();
    let (port, mails) = relay();
    made(folder.path(), port, "");
    let data = folder.path().join("data");
    lived(&data);
    let config = folder.path().join("hikyaku.toml");
    let server = start(folder.path(), ["serve", "--config", config.to_str().unwrap()]);
    let mut awaited = vec!["遅延原因報告: 遅れた確認", "安否を確認しています", "アドレスに届くかを", "再設定しました"];
    while !awaited.is_empty() {
        let mail = mails.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("no mail says {awaited:?}"));
        let text = read(&mail);
        awaited.retain(|words| !text.contains(words));
    }
    // Whoever needs the folder meanwhile is told who has it, and the way.
    let refused = run(folder.path(), ["people", "addresses", "--data", data.to_str().unwrap()], 60);
    let who = format!("プロセス {}", server.id());
    assert!(!refused.status.success() && refused.stderr.contains(&who), "{}", refused.stderr);
    server.stop(Duration::from_secs(30));
    let moved = at_the_desk(&data, |desk| async move {
        desk.read(|state| {
            let group = state.people().find(PersonId(1)).unwrap().groups[0];
            (state.groups().path(group).join("/"), state.plans().people().count())
        })
    });
    assert_eq!(moved, ("地方局".to_owned(), 0));
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
