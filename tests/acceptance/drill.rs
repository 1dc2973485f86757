//! The drill that goes round a running server: from its telegram to a named administrator, and through a relay back into the own
//! listener (requirement R03).

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use hikyaku_dispatch::{DispatchId, Mode, PeopleCommand, PersonId, RosterImport, read_roster};
use jiff::Timestamp;

use crate::agreement::at_the_desk;
use crate::command::{Running, start};
use crate::duties::{port_of, read, relay, wait};
use crate::inbound::{address, post, taking_mail};
use crate::nodes::post as tap;
use crate::serving::wait_for;

/// A server whose drill begins at once, each stage with no time at all, or with hours; its port for mail.
fn drilling(folder: &Path, relay: u16, minutes: u32) -> (Running, u16) {
    let stages = ["judged", "accepted", "arrived", "answered"];
    let minutes: String = stages.map(|stage| format!("{stage}_minutes = {minutes}\n")).concat();
    let drill = format!("[drill]\npeople = [\"1\"]\nevery_days = 1\nat = \"00:00\"\n{minutes}");
    let port = taking_mail(folder, relay, &drill);
    at_the_desk(&folder.join("data"), |desk| async move {
        let csv = "id,name,group,region,email\n1,甲山,本省,13,kou@docomo.ne.jp\n";
        let rows = read_roster(csv.as_bytes()).unwrap().rows;
        desk.command(PeopleCommand::Import(RosterImport::part(rows)), Timestamp::now()).await.unwrap();
    });
    (served(folder), port)
}

fn served(folder: &Path) -> Running {
    let config = folder.join("hikyaku.toml");
    start(folder, ["serve", "--config", config.to_str().unwrap()])
}

/// The next mail that fits.
fn mail(mails: &Receiver<String>, fits: impl Fn(&str) -> bool) -> String {
    wait("the mail", || mails.recv_timeout(Duration::from_secs(30)).ok().filter(|mail| fits(mail)))
}

fn end(server: Running) {
    server.stop(Duration::from_secs(30));
}

#[test]
fn req_r03_a_drill_that_goes_round_in_time_raises_no_alarm_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (at_relay, mails) = relay();
    let (server, port) = drilling(folder.path(), at_relay, 600);
    let is_round = |mail: &str| mail.contains("b+mailbox-");
    let (mut to_mailbox, mut to_person) = (None, None);
    while to_mailbox.is_none() || to_person.is_none() {
        let came = mail(&mails, |mail| is_round(mail) || read(mail).contains("定期の送信訓練"));
        let place = if is_round(&came) { &mut to_mailbox } else { &mut to_person };
        *place = Some(came);
    }
    let (to_mailbox, to_person) = (to_mailbox.unwrap(), to_person.unwrap());
    // The world carries the one round; the administrator answers the other.
    let (_, content) = to_mailbox.split_once('\n').unwrap();
    let from = address(&to_mailbox, "Return-Path:");
    assert!(post(port, &from, &address(&to_mailbox, "To:"), content).starts_with("250 "));
    let config = folder.path().join("hikyaku.toml");
    let text = read(&to_person);
    let (_, link) = text.split_once("/a/").unwrap_or_else(|| panic!("no link: {text}"));
    let path = format!("/a/{}", link.split_whitespace().next().unwrap());
    let answers = port_of(&std::fs::read_to_string(&config).unwrap(), "[answers]");
    assert!(wait_for(answers, &path).contains("届きました"));
    let told = tap(answers, &path, "choice=1");
    assert!(told.starts_with("HTTP/1.1 303") || told.starts_with("HTTP/1.1 200"), "{told}");
    end(server);
    assert!(folder.path().join("data/drill-arrived").exists());
    // Feed, judge, dispatch: the telegram was judged, and what it led to was opened after it and answered.
    at_the_desk(&folder.path().join("data"), |desk| async move {
        desk.read(|state| {
            let judged = state.judgements();
            assert!(judged.len() == 1 && judged[0].source.starts_with("manual-drill-"), "{judged:?}");
            assert_eq!((judged[0].standing.as_str(), judged[0].mode), ("訓練", Mode::Drill));
            let drill = state.dispatch(DispatchId(1)).unwrap();
            assert!(drill.record().opened >= judged[0].judged && drill.has_answered(PersonId(1)));
        });
    });
    // With no time left for anything, nothing is late: all of it was done.
    let text = std::fs::read_to_string(&config).unwrap().replace("_minutes = 600", "_minutes = 0");
    std::fs::write(&config, text).unwrap();
    let server = served(folder.path());
    let alarm = mails.recv_timeout(Duration::from_secs(5));
    assert!(alarm.is_err(), "{}", read(&alarm.unwrap()));
    end(server);
}

#[test]
fn req_r03_a_drill_that_nobody_sees_again_is_an_alarm_by_mail() {
    let folder = tempfile::tempdir().unwrap();
    let (at_relay, mails) = relay();
    let (server, _) = drilling(folder.path(), at_relay, 0);
    let mut awaited = vec!["確認用の受信箱に届いていません", "まだ応じていません"];
    while !awaited.is_empty() {
        let alarm = mail(&mails, |mail| mail.contains("duty@example.go.jp"));
        awaited.retain(|words| !read(&alarm).contains(words));
    }
    end(server);
}
