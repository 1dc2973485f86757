//! A running server whose mails do not leave: who is told, by a way that is no mail.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hikyaku_dispatch::{DispatchCommand, DispatchDraft, Mode, PeopleCommand, RosterImport, read_roster};
use jiff::Timestamp;
use serde_json::Value;

use crate::agreement::at_the_desk;
use crate::command::spawn;
use crate::demo::{free_port, page};
use crate::duties::{made, port_of, wait};
use crate::programs::{KEY, receiver};

/// A dozen people of one carrier, who are to be asked.
fn asked(data: &Path) {
    at_the_desk(data, |desk| async move {
        let rows: String = (1..=12).map(|it| format!("{it},甲山,本省,13,kou{it}@docomo.ne.jp\n")).collect();
        let rows = read_roster(format!("id,name,group,region,email\n{rows}").as_bytes()).unwrap().rows;
        let now = Timestamp::now();
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), now).await.unwrap();
        let draft = Box::new(DispatchDraft::safety("安否", Mode::Real, "安否確認"));
        desk.command(DispatchCommand::Open { draft }, now).await.unwrap();
    });
}

#[test]
fn req_r02_a_lane_that_stands_still_is_posted_to_another_system_and_on_the_page_of_metrics_while_no_mail_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("hook.key");
    std::fs::write(&key, KEY).unwrap();
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (hook, posts) = receiver();
    // Nobody listens where mails go to.
    let more = format!(
        "[[webhooks]]\nname = \"monitor\"\nurl = \"http://127.0.0.1:{hook}/in\"\nkey_file = \"hook.key\"\nkinds = [\"alarms\"]\n"
    );
    made(folder.path(), free_port(), &more);
    let config = folder.path().join("hikyaku.toml");
    let text = std::fs::read_to_string(&config).unwrap().replace("stalled_minutes = 5", "stalled_minutes = 0");
    let port = port_of(&text, "[metrics]");
    std::fs::write(&config, text).unwrap();
    asked(&folder.path().join("data"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_hikyaku"));
    command.args(["serve", "--config", config.to_str().unwrap()]).env("TMPDIR", folder.path());
    command.env("HIKYAKU_LOG", "debug").env("HIKYAKU_LOG_FORMAT", "json");
    let server = spawn(command);
    let post = wait("the alarm", || posts.try_recv().ok().filter(|it| it.contains("lane/relay/")));
    assert!(post.contains("中継サーバー 宛ての送信が止まっています") && post.contains("12 通"), "{post}");
    assert!(!post.contains("kou1@"), "{post}");
    let text = wait("the page", || page(port, "/metrics").filter(|it| it.contains("hikyaku_alarms{kind=\"lane\"} 1")));
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
    let ended = server.stop(Duration::from_secs(30));
    let events: Vec<Value> = ended.stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let is_told = |it: &&Value| it["title"].as_str().is_some_and(|title| title.contains("止まっています"));
    let alarm = events.iter().find(is_told).expect("the alarm is in the log");
    assert!(alarm["text"].as_str().unwrap().contains("12 通"), "{alarm}");
    assert!(events.iter().any(|it| it["message"].as_str().is_some_and(|it| it.starts_with("停止します"))));
    for address in ["@docomo.ne.jp", "duty@"] {
        assert!(!ended.stderr.contains(address), "{address} is in the log: {}", ended.stderr);
    }
}
