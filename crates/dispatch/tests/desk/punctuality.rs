//! Whether a dispatch was in time by the clock of its class, and what a report of a late one says.

use crate::common::{D1, at, ministry, quake, rule, take};
use hikyaku_bulletin::{Bulletin, Fate};
use hikyaku_dispatch::{
    Class, Desk, DispatchCommand, DispatchDraft, JudgingCommand, MailEnd, MailOutcome, Measure, Mode, PeopleCommand,
    PersonId, Punctuality, RosterImport, Rule, Start, Target, read_roster,
};

/// The dispatch that a telegram published at 16:12:00 opens at 16:12:10 in this class.
async fn after(class: Class, bulletin: Bulletin) -> Desk {
    let desk = ministry().await;
    desk.command(JudgingCommand::SetRule { rule: Box::new(Rule { class, ..rule() }) }, at("10:00:00")).await.unwrap();
    desk.command(take(bulletin), at("16:12:10")).await.unwrap();
    desk
}

fn told() -> Bulletin {
    quake("16:12:00", &[("390", 17, "6+")])
}

fn untold() -> Bulletin {
    let mut bulletin = told();
    bulletin.occurred = None;
    bulletin
}

/// The mail to an address, counted from 1, ends at a time of the day.
async fn ends(desk: &Desk, (person, place): (u32, u8), carrier: &str, end: MailEnd, time: &str) {
    let (person, cause) = (PersonId(person), None);
    let outcome = MailOutcome { person, place, round: 0, carrier: carrier.into(), end, cause, at: at(time) };
    let command = DispatchCommand::RecordOutcomes { dispatch: D1, outcomes: vec![outcome] };
    desk.command(command, at(time)).await.unwrap();
}

fn stands(desk: &Desk) -> Punctuality {
    desk.read(|state| Punctuality::of(state.dispatch(D1).unwrap()))
}

async fn assert_counts_from(class: Class, bulletin: Bulletin, from: Start, start: &str, deadline: &str) {
    let stands = stands(&after(class, bulletin).await);
    assert_eq!((stands.start, stands.deadline), ((from, at(start)), at(deadline)), "{class:?}");
}

#[tokio::test]
async fn req_p02_a_prompt_report_has_three_minutes_from_the_shaking_else_from_the_report() {
    assert_counts_from(Class::Bulletin, told(), Start::Occurred, "16:10:00", "16:13:00").await;
    assert_counts_from(Class::Bulletin, untold(), Start::Reported, "16:12:00", "16:15:00").await;
}

#[tokio::test]
async fn req_p03_a_confirmed_report_has_ten_minutes_from_the_report() {
    assert_counts_from(Class::Confirmed, told(), Start::Reported, "16:12:00", "16:22:00").await;
}

#[tokio::test]
async fn req_p04_other_hazards_have_ten_minutes_from_the_occurrence_else_from_the_report_and_both_are_kept() {
    assert_counts_from(Class::Hazard, told(), Start::Occurred, "16:10:00", "16:20:00").await;
    assert_counts_from(Class::Hazard, untold(), Start::Reported, "16:12:00", "16:22:00").await;
    let desk = after(Class::Hazard, told()).await;
    let origin = desk.read(|state| state.dispatch(D1).unwrap().timeline().origin);
    assert_eq!((origin.occurred, origin.reported), (Some(at("16:10:00")), Some(at("16:12:00"))));
}

#[tokio::test]
async fn req_p05_req_p10_the_most_urgent_and_news_from_abroad_count_from_receipt() {
    for (class, deadline) in [(Class::Immediate, "16:15:05"), (Class::Overseas, "16:22:05")] {
        let desk_of_class = after_receipt_at(class, "16:12:05").await;
        let stands = stands(&desk_of_class);
        assert_eq!((stands.start, stands.deadline), ((Start::Received, at("16:12:05")), at(deadline)), "{class:?}");
    }
}

async fn after_receipt_at(class: Class, received: &str) -> Desk {
    let desk = ministry().await;
    desk.command(JudgingCommand::SetRule { rule: Box::new(Rule { class, ..rule() }) }, at("10:00:00")).await.unwrap();
    let fate = Fate::Act;
    let command = JudgingCommand::TakeBulletin {
        bulletin: Box::new(told()),
        fate,
        received: at(received),
        present: at(received),
    };
    desk.command(command, at("16:12:10")).await.unwrap();
    desk
}

#[tokio::test]
async fn req_p09_a_safety_confirmation_has_ten_minutes_from_the_decision() {
    assert_counts_from(Class::Safety, told(), Start::Decided, "16:12:10", "16:22:10").await;
}

#[tokio::test]
async fn what_a_person_composed_counts_from_the_decision_whatever_its_class() {
    let desk = ministry().await;
    let draft = DispatchDraft { class: Class::Bulletin, ..DispatchDraft::safety("a", Mode::Real, "安否確認") };
    desk.command(DispatchCommand::Open { draft: Box::new(draft) }, at("10:00:00")).await.unwrap();
    let stands = stands(&desk);
    assert_eq!((stands.start, stands.deadline), ((Start::Decided, at("10:00:00")), at("10:03:00")));
    let names: Vec<&str> = stands.stages.iter().map(|stage| stage.name.as_str()).collect();
    assert_eq!(names, ["送信の決定"], "what was never told is no stage");
}

#[tokio::test]
async fn a_dispatch_is_over_when_the_mails_that_can_arrive_were_accepted() {
    let desk = after(Class::Bulletin, told()).await;
    for mail in [(1, 1), (1, 2), (2, 1)] {
        ends(&desk, mail, "docomo", MailEnd::Accepted, "16:12:50").await;
    }
    let waiting = stands(&desk);
    assert_eq!(waiting.over, None, "three of four");
    assert!(!waiting.is_late(1.0, at("16:13:00")) && waiting.is_late(1.0, at("16:13:01")));
    assert!(!waiting.is_late(1.5, at("16:14:30")) && waiting.is_late(1.5, at("16:14:31")), "a factor gives room");
    // What a carrier refuses for good is nobody's delay.
    ends(&desk, (3, 1), "example.jp", MailEnd::Bounced, "16:30:00").await;
    let over = stands(&desk);
    assert_eq!(over.over, Some(at("16:12:50")));
    assert!(!over.is_late(1.0, at("23:00:00")));
}

#[tokio::test]
async fn the_last_hundredth_does_not_keep_a_dispatch_open() {
    let desk = ministry().await;
    let row = |n: u32| format!("{n},職員{n},本省,13,p{n}@docomo.ne.jp\n");
    let text: String = (100..200).map(row).collect();
    let rows = read_roster(format!("id,name,group,region,email\n{text}").as_bytes()).unwrap().rows;
    let roster = RosterImport::part(rows);
    desk.command(PeopleCommand::Import(roster), at("09:30:00")).await.unwrap();
    let people: Vec<PersonId> = (5..105).map(PersonId).collect();
    let draft = DispatchDraft { target: Target::People(people), ..DispatchDraft::safety("a", Mode::Real, "安否") };
    desk.command(DispatchCommand::Open { draft: Box::new(draft) }, at("10:00:00")).await.unwrap();
    for person in 5..103 {
        ends(&desk, (person, 1), "docomo", MailEnd::Accepted, "10:01:00").await;
    }
    assert_eq!(stands(&desk).over, None);
    ends(&desk, (103, 1), "docomo", MailEnd::Accepted, "10:02:00").await;
    assert_eq!(stands(&desk).over, Some(at("10:02:00")), "99 of 100");
}

#[tokio::test]
async fn req_p06_the_cause_report_names_the_slowest_stage_and_carrier_with_figures_and_what_is_done() {
    let desk = after(Class::Bulletin, told()).await;
    desk.command(DispatchCommand::MarkQueued { dispatch: D1, round: 0 }, at("16:12:12")).await.unwrap();
    ends(&desk, (1, 1), "docomo", MailEnd::Accepted, "16:12:14").await;
    ends(&desk, (1, 2), "example.jp", MailEnd::Accepted, "16:12:20").await;
    ends(&desk, (2, 1), "au", MailEnd::Accepted, "16:12:20").await;
    ends(&desk, (3, 1), "au", MailEnd::Accepted, "16:19:30").await;
    let measure = Measure { what: "au の接続を増やす".into(), owner: "通信課".into(), done: false };
    desk.command(DispatchCommand::NoteMeasure { dispatch: D1, measure }, at("17:00:00")).await.unwrap();
    let stands = stands(&desk);
    assert!(stands.is_late(1.5, at("17:00:00")));
    let stages: Vec<(&str, i64)> = stands.stages.iter().map(|it| (it.name.as_str(), it.took.as_secs())).collect();
    let expected = [
        ("発生", 0),
        ("発表", 120),
        ("受信", 0),
        ("判定", 10),
        ("送信の決定", 0),
        ("配信準備", 2),
        ("最初の受付", 2),
        ("99 % の受付", 436),
    ];
    assert_eq!(stages, expected);
    let measures = desk.read(|state| state.dispatch(D1).unwrap().measures().to_vec());
    let report = stands.cause_report("石川県能登の地震", &measures, at("17:00:00"));
    for words in [
        "遅延原因報告: 石川県能登の地震",
        "区分 地震速報  制限 180.0 秒  完了まで 570.0 秒",
        "最も遅い段階: 99 % の受付（436.0 秒）",
        "最も遅いキャリア: au（2 通、配信準備から 99 % まで 438.0 秒）",
        "au の接続を増やす（担当 通信課、未完了）",
    ] {
        assert!(report.contains(words), "{words} in\n{report}");
    }
}

#[tokio::test]
async fn req_p06_a_report_before_the_end_says_so_and_leaves_room_for_measures() {
    let desk = after(Class::Bulletin, told()).await;
    let report = stands(&desk).cause_report("地震", &[], at("16:20:00"));
    assert!(report.contains("未受付: 4 通"), "{report}");
    assert!(report.contains("未完了・現在まで 600.0 秒") && report.contains("（未記入）"), "{report}");
    assert!(
        report.contains("最も遅い段階: 受付待ち（未完了）（470.0 秒）"),
        "what still waits is a stage too: {report}"
    );
}
