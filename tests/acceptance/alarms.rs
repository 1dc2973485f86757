//! A running server whose mails do not leave: who is told, by a way that is no mail.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use hikyaku_dispatch::{DispatchCommand, DispatchDraft, Mode, PeopleCommand, RosterImport, read_roster};
use jiff::Timestamp;

use crate::agreement::at_the_desk;
use crate::command::start;
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
    let server = start(folder.path(), ["serve", "--config", config.to_str().unwrap()]);
    let post = wait("the alarm", || posts.try_recv().ok().filter(|it| it.contains("lane/docomo/")));
    assert!(post.contains("docomo 宛ての送信が止まっています") && post.contains("12 通"), "{post}");
    assert!(!post.contains("kou1@"), "{post}");
    let text = wait("the page", || page(port, "/metrics").filter(|it| it.contains("hikyaku_alarms{kind=\"lane\"} 1")));
    assert!(text.trim_end().ends_with("# EOF"), "{text}");
    server.stop(Duration::from_secs(30));
}
