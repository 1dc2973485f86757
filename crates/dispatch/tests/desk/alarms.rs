//! What administrators are told of by themselves, and lists that are handed over: what holds, once, and until when.

use crate::common;
use crate::common::{D1, answer, at, import, quake, rule, take};
use hikyaku_bulletin::{Bulletin, Kind, Origin, Prefecture, Revision, SourceId, Standing};
use hikyaku_dispatch::{
    Alarm, AlarmPolicy, AnswerCommand, ChoiceId, Desk, DispatchCommand, DispatchDraft, DispatchId, DispatchRefusal,
    Due, FollowUp, JudgingCommand, Keys, MailEnd, MailOutcome, MemoryJournal, Mode, PersonId, Rehearsal, Relay,
    RetentionCommand, Rule, RuleId, Schedule, Sending, Table, TableId, Target, Via, Way, Who, decide,
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

/// The ministry, where `target` is whom a rule is about, an incident's time is over after a day, and so is that of `D1`.
async fn after_the_time_of_the_first_dispatch(target: Target) -> Desk {
    let desk = common::shaken().await;
    let rule = Rule { id: RuleId(2), who: Who::There(target), ..rule() };
    desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, at("16:13:00")).await.unwrap();
    assert_eq!(alarms(&desk, "16:14:00"), []);
    let schedule = Schedule { bulletins_days: 0, incidents_days: 0, drills_days: 0 };
    let later = at("16:13:00") + SignedDuration::from_hours(24 * 91);
    desk.command(RetentionCommand::Forget { schedule }, later).await.unwrap();
    assert!(desk.read(|state| state.dispatch(D1).is_none()));
    desk
}

#[tokio::test]
async fn a_rule_about_the_answers_to_what_was_forgotten_reaches_nobody_and_says_so() {
    let target = Target::Any(vec![Target::Not(Box::new(Target::Unanswered(D1)))]);
    let desk = after_the_time_of_the_first_dispatch(target.clone()).await;
    let found = alarms(&desk, "16:14:00");
    assert_eq!(keys(&found), ["rule/r2/2024-01-01"], "once a day");
    assert!(found[0].text.contains("there is no dispatch d1"), "{}", found[0].text);
    let shock = take(quake("16:14:00", &[("390", 17, "7")]));
    desk.command(shock, at("16:14:00")).await.unwrap();
    let reasons = desk.read(|state| state.judgements().last().unwrap().reasons.join("\n"));
    assert!(reasons.contains("対象に存在しないものがあり、誰にも届きません"), "{reasons}");
    let mended = Rule { id: RuleId(2), who: Who::There(Target::Everyone), ..rule() };
    desk.command(JudgingCommand::SetRule { rule: Box::new(mended) }, at("16:15:00")).await.unwrap();
    assert!(!keys(&alarms(&desk, "16:15:00")).iter().any(|key| key.starts_with("rule/")));
}

#[tokio::test]
async fn the_alarm_about_a_table_names_the_prefecture_and_one_that_never_sends_raises_none() {
    let desk = after_the_time_of_the_first_dispatch(Target::Everyone).await;
    let ishikawa = Prefecture::from_code(17).unwrap();
    let rows = vec![(ishikawa, Target::Answered(D1, vec![]))];
    let table = Table { id: TableId(1), name: "表".into(), rows };
    desk.command(JudgingCommand::SetTable { table }, at("16:15:00")).await.unwrap();
    let by_table = |sending| Rule { id: RuleId(2), who: Who::Table(TableId(1)), sending, ..rule() };
    let set = |rule| JudgingCommand::SetRule { rule: Box::new(rule) };
    desk.command(set(by_table(Sending::Never)), at("16:15:00")).await.unwrap();
    assert_eq!(alarms(&desk, "16:15:00"), []);
    desk.command(set(by_table(Sending::AtOnce)), at("16:15:00")).await.unwrap();
    let found = alarms(&desk, "16:15:00");
    assert!(found[0].text.contains("対象表の石川県"), "{found:?}");
}

#[tokio::test]
async fn req_m04_administrators_are_told_that_a_drill_did_not_begin_for_a_real_incident() {
    let desk = common::shaken().await;
    let drill = DispatchCommand::Open { draft: Box::new(DispatchDraft::safety("訓練", Mode::Drill, "防災訓練")) };
    let why = desk.read(|state| decide(state, &drill.into(), at("16:30:00"))).unwrap_err();
    let alarm = Alarm::not_started("訓練", "防災訓練", at("16:30:00"), &why);
    assert_eq!(alarm.title, "実災害のため、訓練を始めませんでした: 防災訓練");
    assert!(alarm.text.contains("実災害（i1）") && alarm.text.contains("日を改めて"), "{}", alarm.text);
    let other = Alarm::not_started("訓練", "防災訓練", at("16:30:00"), &DispatchRefusal::NobodyAsked.into());
    assert!(other.text.contains("the target holds nobody"), "{}", other.text);
}

/// A drill every day at ten for the first of fifty at docomo; nobody of the fifty at au.
fn rehearsal(people: &[&str]) -> Rehearsal {
    Rehearsal {
        every_days: 1,
        at: jiff::civil::time(10, 0, 0, 0),
        people: people.iter().map(ToString::to_string).collect(),
        judged_within: SignedDuration::from_mins(5),
        accepted_within: SignedDuration::from_mins(15),
        arrived_within: SignedDuration::from_mins(20),
        answered_within: SignedDuration::from_mins(180),
    }
}

/// The telegram of the day's drill.
fn telegram(time: &str) -> Bulletin {
    let day = hikyaku_dispatch::japan_date(at(time));
    let kind = Kind::Other { code: None, title: "送信訓練".into() };
    let source = SourceId::new(format!("manual-{}", Rehearsal::telegram(day)));
    let mut bulletin = Bulletin::new(source, kind, Standing::Drill, Revision::Issue, at(time));
    bulletin.origin = Origin::Operator;
    bulletin
}

/// The stages of a day's drill that are late.
fn late(desk: &Desk, arrived: Option<bool>, time: &str) -> Vec<String> {
    let plan = rehearsal(&["1"]);
    let day = plan.today(at(time)).unwrap();
    let way = Way { handed_in: Some(day.1), arrived };
    let late = desk.read(|state| plan.late(state, day, way, at(time)));
    late.into_iter().map(|alarm| alarm.key.rsplit_once('/').unwrap().1.to_owned()).collect()
}

#[tokio::test]
async fn req_r03_each_stage_of_the_drill_that_goes_round_has_its_time_and_is_an_alarm_after_it() {
    let desk = asked(FollowUp::default()).await;
    let plan = rehearsal(&["1"]);
    assert_eq!(plan.today(at("09:59:59")), None, "its hour has not come");
    let weekly = Rehearsal { every_days: 7, ..plan.clone() };
    let days = (0..28).filter(|day| weekly.today(at("12:00:00") + SignedDuration::from_hours(24 * day)).is_some());
    assert_eq!(days.count(), 4);
    // While people answer in earnest, none begins.
    let (today, _) = plan.today(at("16:30:00")).unwrap();
    assert_eq!(desk.read(|state| plan.due(state, today, at("16:30:00"))), Ok(None));
    assert!(
        desk.read(|state| plan.late(state, (today, at("10:00:00")), Way::default(), at("23:00:00"))).is_empty(),
        "none has begun"
    );
    let calm = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    calm.command(import("id,name,group,region,email\n1,職員1,本省,17,p1@docomo.ne.jp\n"), at("09:00:00"))
        .await
        .unwrap();
    let due = |time: &str| calm.read(|state| plan.due(state, today, at(time))).unwrap();
    assert_eq!(due("10:00:00"), Some(Due::Telegram));
    assert!(late(&calm, Some(false), "10:04:59").is_empty());
    assert_eq!(late(&calm, Some(false), "10:05:00"), ["judged"], "it was handed in, and nothing follows");
    calm.command(take(telegram("10:00:00")), at("10:00:01")).await.unwrap();
    assert!(late(&calm, Some(false), "10:05:00").is_empty(), "it was judged, and the drill is about to be opened");
    let Some(Due::Dispatch(draft)) = due("10:00:02") else { panic!("{:?}", due("10:00:02")) };
    assert_eq!(draft.mode, Mode::Drill);
    calm.command(DispatchCommand::Open { draft }, at("10:00:00")).await.unwrap();
    assert_eq!(due("10:00:02"), None, "once a day");
    assert!(late(&calm, Some(false), "10:14:59").is_empty());
    assert_eq!(late(&calm, Some(false), "10:15:00"), ["accepted"]);
    assert_eq!(late(&calm, Some(false), "13:00:00"), ["accepted", "arrived", "answered"]);
    assert_eq!(late(&calm, None, "13:00:00"), ["accepted", "answered"], "no mailbox of our own");
    accepted(&calm, 1..=1, "10:01:00").await;
    assert_eq!(late(&calm, Some(true), "13:00:00"), ["answered"]);
    let tap = AnswerCommand::Give {
        dispatch: D1,
        person: PersonId(1),
        choice: ChoiceId(1),
        comment: String::new(),
        details: Vec::new(),
        via: Via::Link,
    };
    calm.command(tap, at("10:05:00")).await.unwrap();
    assert!(late(&calm, Some(true), "13:00:00").is_empty());
}

#[tokio::test]
async fn req_r03_whoever_is_missing_and_the_large_carrier_that_nobody_tests_are_named() {
    let desk = asked(FollowUp::default()).await;
    let gaps = |people: &[&str]| desk.read(|state| rehearsal(people).gaps(state));
    assert!(matches!(&gaps(&["1"])[..], [one] if one.contains("ezweb.ne.jp（50 宛先）")), "{:?}", gaps(&["1"]));
    assert_eq!(gaps(&["1", "51"]), [""; 0]);
    let calm = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let plan = rehearsal(&["1", "x-99"]);
    let (today, _) = plan.today(at("10:00:00")).unwrap();
    calm.command(take(telegram("10:00:00")), at("10:00:01")).await.unwrap();
    let alarm = calm.read(|state| plan.due(state, today, at("10:00:00"))).unwrap_err();
    assert!(alarm.text.contains("1、x-99"), "{}", alarm.text);
}
