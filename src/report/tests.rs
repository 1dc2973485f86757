//! Reports of a month in which one dispatch was late, one mail could not be delivered and one drill was held.

use std::sync::Arc;

use hikyaku_dispatch::{
    AnswerCommand, ChoiceId, Desk, DispatchCommand, DispatchDraft, DispatchId, Keys, MailEnd, MailOutcome, Measure,
    MemoryJournal, Mode, PeopleCommand, PersonId, RosterImport, Via, read_roster,
};
use jiff::Timestamp;

use super::happened::Happened;
use super::ledger::{self, Ledger, Note};
use super::maker::Maker;
use super::month::Month;
use super::notes::Notes;
use super::sheet::{Section, Sheet};
use super::sla;
use super::{gather, page};
use crate::settings::{Level, Measure as Measured, Settings};

const ROSTER: &str =
    "id,name,group,region,email\n1,甲山,本省,13,kou@docomo.ne.jp\n2,乙川,本省,13,otsu@example.jp\n3,丙野,本省,13,\n";

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}+09:00").parse().unwrap()
}

/// The month, as the journal has it.
async fn month() -> Desk {
    let desk = Desk::open(Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap()).await.unwrap();
    let rows = read_roster(ROSTER.as_bytes()).unwrap().rows;
    desk.command(PeopleCommand::Import(RosterImport::part(rows)), at("01T09:00:00")).await.unwrap();
    let drill = DispatchDraft::safety("訓練", Mode::Drill, "防災訓練");
    desk.command(DispatchCommand::Open { draft: Box::new(drill) }, at("05T10:00:00")).await.unwrap();
    let real = DispatchDraft::safety("本番", Mode::Real, "能登の地震");
    desk.command(DispatchCommand::Open { draft: Box::new(real) }, at("21T14:00:00")).await.unwrap();
    let dispatch = DispatchId(2);
    desk.command(DispatchCommand::MarkQueued { dispatch, round: 0 }, at("21T14:00:01")).await.unwrap();
    let outcome = |person, end, cause: Option<&str>, carrier: &str| MailOutcome {
        person: PersonId(person),
        place: 1,
        round: 0,
        carrier: carrier.into(),
        end,
        cause: cause.map(str::to_owned),
        at: at("21T14:20:00"),
    };
    let outcomes = vec![
        outcome(1, MailEnd::Accepted, None, "docomo"),
        outcome(2, MailEnd::Bounced, Some("unknown-user"), "example.jp"),
    ];
    desk.command(DispatchCommand::RecordOutcomes { dispatch, outcomes }, at("21T14:20:01")).await.unwrap();
    let answer = AnswerCommand::Give {
        dispatch,
        person: PersonId(1),
        choice: ChoiceId(1),
        comment: "誰にも見せない言葉".into(),
        details: Vec::new(),
        via: Via::Link,
    };
    desk.command(answer, at("21T14:30:00")).await.unwrap();
    let measure = Measure { what: "中継の増強".into(), owner: "運用班".into(), done: false };
    desk.command(DispatchCommand::NoteMeasure { dispatch, measure }, at("22T09:00:00")).await.unwrap();
    desk
}

fn maker(folder: &std::path::Path) -> Maker {
    let text = include_str!("../init.toml").replace("@organisation@", "架空省");
    let path = folder.join("hikyaku.toml");
    std::fs::write(&path, text).unwrap();
    Maker::new(&Settings::read(&path).unwrap()).unwrap()
}

fn section<'a>(sheet: &'a Sheet, heading: &str) -> &'a Section {
    sheet.sections.iter().find(|it| it.heading == heading).unwrap_or_else(|| panic!("{heading}: {}", sheet.text()))
}

#[tokio::test]
async fn req_m01_the_monthly_report_tells_deadlines_causes_answers_and_troubles_and_no_name_of_anybody() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), month().await);
    let maker = maker(folder.path());
    std::fs::create_dir(folder.path().join("data")).unwrap();
    let ledger = Ledger::of(&folder.path().join("data"));
    let alarm =
        hikyaku_dispatch::Alarm {
            key: "late/d2".into(), title: "配信が遅れています".into(), text: String::new()
        };
    ledger.raise(&alarm, at("21T14:15:00")).unwrap();
    let note = Note { cause: Some("中継の停止".into()), ..Note::default() };
    ledger.note("late/d2", note, at("21T15:00:00")).unwrap();
    let november: Month = "2026-11".parse().unwrap();
    let material = maker.gather(desk.journal(), desk.keys(), november).await.unwrap();
    let now = at("30T00:00:00");
    let sheet = desk.read(|state| maker.monthly(state, &material, november, now));
    assert_eq!(sheet.title, "2026年11月 月次運用報告書");
    let sent = section(&sheet, "配信の実績（実災害）");
    assert_eq!(sent.rows.len(), 1, "a drill is never counted as real");
    assert_eq!(sent.rows[0][2..10], ["能登の地震", "安否確認", "3", "1", "1", "20 分 / 10 分", "遅延", "33.3 %"]);
    assert_eq!(section(&sheet, "期限の遵守").rows, [["安否確認", "10 分", "1", "1", "1"]]);
    assert!(section(&sheet, "期限に遅れた配信とその原因").words[0].contains("最も遅いキャリア: docomo"));
    assert_eq!(section(&sheet, "再発防止対策").rows, [["d2", "中継の増強", "運用班", "未完了"]]);
    assert_eq!(section(&sheet, "受け付けられなかったメールの原因").rows, [["届けられない", "宛先不明", "1"]]);
    assert_eq!(section(&sheet, "訓練の実績（過去 12 か月）").rows[0][1..], ["防災訓練", "3", "0", "0.0 %"]);
    assert_eq!(section(&sheet, "障害台帳").rows[0][2..5], ["配信が遅れています", "未", "中継の停止"]);
    let all = format!("{}{}{}", page::html(&sheet), sheet.text(), String::from_utf8(sheet.csv().unwrap()).unwrap());
    for personal in ["甲山", "乙川", "kou@", "誰にも見せない言葉"] {
        assert!(!all.contains(personal), "{personal} stands in a report");
    }
    let october = november.previous();
    assert!(maker.gather(desk.journal(), desk.keys(), october).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_report_of_an_incident_tells_its_course_its_carriers_and_how_people_answered() {
    let (folder, desk) = (tempfile::tempdir().unwrap(), month().await);
    let maker = maker(folder.path());
    let (opened, now) = (at("21T14:00:00"), at("22T12:00:00"));
    let happened = gather::happened(desk.journal(), desk.keys(), opened, now).await.unwrap();
    let sheet = desk.read(|state| {
        let incident = state.incident_of(DispatchId(2)).unwrap();
        maker.incident(state, incident, &happened, now)
    });
    assert_eq!(sheet.title, "事象報告書 i2 能登の地震");
    let course = section(&sheet, "経過");
    let steps: Vec<&str> = course.rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(steps, ["d2 送信の決定", "事象として記録", "d2 配信準備", "d2 99 % の受付", "d2 最初の受付"]);
    assert_eq!(section(&sheet, "通信事業者別のメールの結果").rows.len(), 2);
    let answers = section(&sheet, "d2: 回答");
    assert_eq!(answers.rows[0], ["対象者", "3", "100.0 %"]);
    assert!(answers.rows.contains(&vec!["未回答".into(), "2".into(), "66.7 %".into()]), "{answers:?}");
    assert!(section(&sheet, "d2: アドレスの状態別の回答").rows.iter().any(|row| row[0] == "アドレスなし"));
    let [html, csv] = maker.write("i2", &sheet).unwrap();
    assert!(html.exists() && csv.exists());
}

#[tokio::test]
async fn req_m06_a_level_is_judged_after_its_adjustment_period_and_sinks_with_a_warning_before_the_month_is_over() {
    let desk = month().await;
    let november: Month = "2026-11".parse().unwrap();
    let now = at("22T12:00:00");
    let level = |from: Option<&str>| Level {
        name: "安否確認の配信".into(),
        measure: Measured::Safety,
        target: 99.0,
        warn: Some(99.5),
        excluded: "通信事業者の全面停止".into(),
        from: from.map(|from| from.parse().unwrap()),
    };
    let notes = Notes::default();
    let verdict = |level: Level, notes: &Notes| {
        desk.read(|state| sla::section(&[level], state, november, notes, now).rows[0][3..6].to_vec())
    };
    assert_eq!(verdict(level(None), &notes), ["0.00 %", "1", "未達"]);
    assert_eq!(verdict(level(Some("2026-12-01")), &notes), ["0.00 %", "1", "調整期間"]);
    let agreed: Notes = toml::from_str("[[exclude]]\ndispatch = 2\nreason = \"合意による\"\n").unwrap();
    assert_eq!(verdict(level(None), &agreed), ["―", "0", "対象なし"]);
    let warned = |level| desk.read(|state| sla::warnings(&[level], state, november, &notes, now)).len();
    assert_eq!((warned(level(None)), warned(level(Some("2026-12-01")))), (1, 0));
    let stated: Notes = toml::from_str("[[measured]]\nsla = \"安否確認の配信\"\nvalue = 99.95\n").unwrap();
    let by_hand = Level { measure: Measured::Stated, ..level(None) };
    assert_eq!(verdict(by_hand, &stated), ["99.95 %", "0", "達成"]);
}

#[tokio::test]
async fn what_happened_in_some_time_is_counted_without_what_was_before_or_after_it() {
    let desk = month().await;
    let count = async |from: &str, until: &str| {
        gather::happened(desk.journal(), desk.keys(), at(from), at(until)).await.unwrap()
    };
    assert_eq!(count("02T00:00:00", "21T00:00:00").await, Happened::default());
    assert_eq!(count("21T14:30:00", "21T14:30:01").await.answers, 1);
    assert_eq!(ledger::fold(&[]), []);
}
