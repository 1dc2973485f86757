//! What administrators are told of by themselves, and lists that are handed over: what holds, once, and until when.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{D1, answer, at, import, quake, rule, take};
use hikyaku_dispatch::{
    Alarm, AlarmPolicy, Desk, DispatchCommand, DispatchId, FollowUp, JudgingCommand, Keys, MailEnd, MailOutcome,
    MemoryJournal, PersonId, Relay, Rule,
};
use jiff::SignedDuration;
use std::fmt::Write as _;
use std::sync::Arc;

/// 100 people at two carriers, asked at 16:12:10 by D1.
async fn asked(follow_up: FollowUp) -> Desk {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let mut csv = String::from("id,name,group,region,email\n");
    for n in 1..=100 {
        let domain = if n <= 50 { "docomo.ne.jp" } else { "ezweb.ne.jp" };
        writeln!(csv, "{n},職員{n},本省,17,p{n}@{domain}").unwrap();
    }
    desk.command(import(&csv), at("09:00:00")).await.unwrap();
    let rule = Rule { follow_up, ..rule() };
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("09:00:00")).await.unwrap();
    desk.command(take(quake("16:12:00", &[("390", 17, "7")])), at("16:12:10")).await.unwrap();
    desk.command(DispatchCommand::MarkQueued { dispatch: D1, round: 0 }, at("16:12:11")).await.unwrap();
    desk
}

async fn accepted(desk: &Desk, people: std::ops::RangeInclusive<u32>, time: &str) {
    let outcome = |person| MailOutcome {
        person: PersonId(person),
        place: 1,
        round: 0,
        carrier: if person <= 50 { "docomo" } else { "au" }.into(),
        end: MailEnd::Accepted,
        cause: None,
        at: at(time),
    };
    let outcomes = people.map(outcome).collect();
    desk.command(DispatchCommand::RecordOutcomes { dispatch: D1, outcomes }, at(time)).await.unwrap();
}

fn alarms(desk: &Desk, time: &str) -> Vec<Alarm> {
    desk.read(|state| state.alarms(&AlarmPolicy::default(), at(time)))
}

/// What they are called, without the instant at which the dispatch was opened.
fn keys(alarms: &[Alarm]) -> Vec<String> {
    let opened = format!("-{}", at("16:12:10").as_microsecond());
    alarms.iter().map(|alarm| alarm.key.replace(&opened, "")).collect()
}

#[tokio::test]
async fn req_p06_a_late_dispatch_raises_its_cause_report_once_while_it_runs_and_once_at_its_end() {
    let desk = asked(FollowUp::default()).await;
    accepted(&desk, 1..=50, "16:13:00").await;
    assert_eq!(keys(&alarms(&desk, "16:27:00")), [""; 0], "ten minutes, and half as many again");
    let late = alarms(&desk, "16:27:11");
    assert_eq!(keys(&late), ["late/d1"]);
    assert!(late[0].text.contains("最も遅い段階: 受付待ち（未完了）"), "{}", late[0].text);
    assert!(late[0].text.contains("未受付: 50 通"), "{}", late[0].text);
    accepted(&desk, 51..=100, "16:40:00").await;
    let over = alarms(&desk, "16:41:00");
    assert_eq!(keys(&over), ["late/d1/over"]);
    assert!(over[0].text.contains("最も遅いキャリア: au"), "{}", over[0].text);
    assert_eq!(alarms(&desk, "16:41:00"), over, "the same as long as it is the same");
    let tomorrow = "2024-01-02T16:13:00+09:00".parse().unwrap();
    assert_eq!(desk.read(|state| state.alarms(&AlarmPolicy::default(), tomorrow)), []);
}

#[tokio::test]
async fn a_carrier_whose_people_stay_silent_is_named_with_both_rates_after_half_an_hour() {
    let desk = asked(FollowUp::default()).await;
    accepted(&desk, 1..=100, "16:13:00").await;
    for person in (1..=10).chain(51..=90) {
        desk.command(answer(D1, PersonId(person), 1, ""), at("16:20:00")).await.unwrap();
    }
    assert_eq!(keys(&alarms(&desk, "16:42:10")), [""; 0]);
    let found = alarms(&desk, "16:42:11");
    assert_eq!(keys(&found), ["silent/d1/docomo"]);
    for words in ["docomo: 受付 50 人のうち回答 10 人", "他の事業者: 受付 50 人のうち回答 40 人"]
    {
        assert!(found[0].text.contains(words), "{}", found[0].text);
    }
}

#[tokio::test]
async fn req_a20_a_list_is_handed_over_until_it_is_taken_and_an_alarm_says_if_nobody_took_it_in_time() {
    let desk = asked(FollowUp { unreached_minutes: 10, ..FollowUp::default() }).await;
    accepted(&desk, 1..=100, "16:13:00").await;
    let hour = SignedDuration::from_hours(1);
    let mut relay = Relay::default();
    let due = |relay: &Relay, time: &str| desk.read(|state| relay.due(state, hour, at(time)));
    assert_eq!(due(&relay, "16:22:00"), [], "there is no list yet");
    let list = DispatchCommand::FollowUp { dispatch: D1 };
    desk.command(list, at("16:22:11")).await.unwrap();
    let first = [(D1, at("17:22:11"))];
    assert_eq!(due(&relay, "16:22:11"), first);
    // Ten seconds, twenty, forty, and never longer than ten minutes.
    let mut now = at("16:22:11");
    let mut pauses = Vec::new();
    for _ in 0..9 {
        relay.failed(D1, now);
        let again = (1..).map(|s| now + SignedDuration::from_secs(s));
        let again =
            again.take_while(|at| *at < first[0].1).find(|at| desk.read(|state| relay.due(state, hour, *at)) == first);
        let Some(again) = again else { break };
        pauses.push(again.duration_since(now).as_secs());
        now = again;
    }
    assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 600, 600, 600]);
    assert_eq!(desk.read(|state| relay.due(state, hour, at("17:22:11"))), [], "then it is too late");
    assert_eq!(keys(&alarms(&desk, "17:22:11")), ["list/d1"]);
    desk.command(DispatchCommand::NoteListTaken { dispatch: D1 }, at("17:22:12")).await.unwrap();
    assert_eq!(keys(&alarms(&desk, "17:22:12")), [""; 0]);
    assert_eq!(desk.read(|state| Relay::default().due(state, hour, at("16:23:00"))), []);
    let again = desk.command(DispatchCommand::NoteListTaken { dispatch: D1 }, at("17:22:13")).await.unwrap();
    assert_eq!(again, [], "once is enough");
    assert!(desk.command(DispatchCommand::NoteListTaken { dispatch: DispatchId(9) }, at("17:22:13")).await.is_err());
}

#[tokio::test]
async fn req_r04_after_a_restore_the_alarm_about_what_has_a_number_now_is_another_one() {
    let (lost, now) = (asked(FollowUp::default()).await, asked(FollowUp::default()).await);
    now.command(DispatchCommand::Cancel { dispatch: D1 }, at("16:12:30")).await.unwrap();
    let late = alarms(&lost, "16:27:11");
    assert!(late[0].key.ends_with(&at("16:12:10").as_microsecond().to_string()), "{}", late[0].key);
    assert_eq!(alarms(&now, "16:27:11"), []);
}
