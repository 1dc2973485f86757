//! What was: the history, drills side by side, reports, and the journal as auditors read it (requirements A17, P06, S09).

use crate::stage;
use std::sync::Arc;

use crate::stage::{Admin, OFFICES, Stage};
use axum::http::StatusCode;
use hikyaku_dispatch::{
    AccountCommand, Appended, Content, DispatchCommand, Head, Journal, MailEnd, MailOutcome, Mode, Pending, Question,
    Role, Row, Side,
};
use jiff::SignedDuration;

/// Two drills of ten people: of the first all answer after a minute, of the second half.
async fn drilled() -> (Stage, Admin) {
    let stage = Stage::with_people(10).await;
    for (key, answers) in [("spring", 10), ("autumn", 5)] {
        let dispatch = stage.ask(key, Mode::Drill, Question::safety()).await;
        stage.wait(SignedDuration::from_mins(1));
        for number in 1..=answers {
            stage.post(&stage.link(dispatch, number), "choice=1").await;
        }
    }
    let admin = stage.admin().await;
    (stage, admin)
}

#[tokio::test]
async fn drills_are_compared_line_by_line_and_in_a_table() {
    let (_, admin) = drilled().await;
    let page = admin.get("/history/compare?pick=1&pick=2").await.html;
    for there in ["回答の伸びの比較", "A 25% 60 秒", "75% 未到達", "100.0%", "50.0%", "line l1"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    let none = admin.get("/history/compare").await;
    assert!(none.html.contains("印を付けて"), "{}", none.html);
}

#[tokio::test]
async fn the_history_holds_what_is_over_and_drills_at_once() {
    let (stage, admin) = drilled().await;
    assert!(admin.get("/history").await.html.contains("<b>0</b>件"));
    assert!(admin.get("/history?mode=drill").await.html.contains("<b>2</b>件"));
    stage
        .desk
        .command(DispatchCommand::Cancel { dispatch: hikyaku_dispatch::DispatchId(1) }, stage.time())
        .await
        .unwrap();
    let over = admin.get("/history").await.html;
    assert!(over.contains("<b>1</b>件") && over.contains("中止"), "{over}");
    assert!(admin.get("/history?mode=drill&q=xyz").await.html.contains("<b>0</b>件"));
}

#[tokio::test]
async fn req_a31_a_group_manager_compares_the_own_people_only() {
    let (stage, _) = drilled().await;
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    let manager = stage.holder("hokkaido", Role::GroupManager(group)).await;
    let page = manager.get("/history/compare?pick=2").await.html;
    // Numbers 1, 5 and 9 are in the office; 1 and 5 answered.
    assert!(page.contains("<td>3</td>") && page.contains("66.6%"), "{page}");
    assert_eq!(manager.get("/dispatch/2/report").await.status, StatusCode::FORBIDDEN);
    assert!(!manager.get("/history?mode=drill").await.html.contains("/report"));
}

#[tokio::test]
async fn req_p06_a_report_tells_stages_answers_and_the_measures_that_were_noted() {
    let (_, admin) = drilled().await;
    let page = admin.get("/dispatch/1/report").await.html;
    for there in ["送信の決定", "手動送信", "100.0%", "無事・登庁可", "再発防止対策", "期限内で進行中"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
    let empty = admin.post("/dispatch/1/report", "what=&owner=x").await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    let form = format!("what={}&owner={}", stage::encoded("回線を増やす"), stage::encoded("情報課"));
    assert_eq!(admin.post("/dispatch/1/report", &form).await.status, StatusCode::SEE_OTHER);
    let page = admin.get("/dispatch/1/report").await.html;
    assert!(page.contains("回線を増やす（担当 情報課）") && page.contains("未完了"), "{page}");
}

#[tokio::test]
async fn an_auditor_finds_who_did_what_by_kind_actor_person_and_day_and_no_name() {
    let (stage, admin) = drilled().await;
    admin.post(&format!("/people/{}/links", stage.person(3).0), "").await;
    let auditor = stage.holder("audit", Role::Auditor(Side::Domestic)).await;
    let all = auditor.get("/audit").await.html;
    for there in ["S00003 の回答リンクを無効にした", "admin がログインした", "S00001 が回答した"]
    {
        assert!(all.contains(there), "{there}: {all}");
    }
    assert!(!all.contains("飛脚") && !all.contains("@docomo"), "{all}");
    let by_person = auditor.get("/audit?person=S00003").await.html;
    assert!(by_person.contains("S00003 の回答リンクを無効にした") && by_person.contains("S00003 が回答した"));
    assert!(!by_person.contains("S00004"), "{by_person}");
    let by_actor = auditor.get("/audit?actor=admin&kind=people").await.html;
    assert_eq!(by_actor.matches("<li><span").count(), 1, "{by_actor}");
    let none = auditor.get("/audit?from=2026-11-22").await.html;
    assert!(none.contains("当てはまる記録はありません"), "{none}");
    let until = auditor.get("/audit?to=2026-11-20").await.html;
    assert!(until.contains("当てはまる記録はありません"), "{until}");
    let unknown = auditor.get("/audit?person=S99999").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn req_s09_a_search_for_an_account_finds_what_was_done_at_its_door_whoever_is_recorded_as_doing_it() {
    let stage = Stage::with_people(2).await;
    let admin = stage.admin().await;
    for login in ["duty", "bystander"] {
        stage.open_account_as(login, Role::DutyOperator).await;
    }
    let duty = stage.desk.read(|state| state.accounts().by_login("duty").unwrap().id);
    for _ in 0..5 {
        // Before somebody is known there is no account that could act.
        let wrong = AccountCommand::Fail { account: duty, source: "192.0.2.1".into() };
        stage.desk.command(wrong, stage.time()).await.unwrap();
    }
    for act in ["unlock", "end", "stop"] {
        let done = admin.post(&format!("/accounts/{}", duty.0), &format!("act={act}")).await;
        assert_eq!(done.status, StatusCode::OK, "{act}: {}", done.html);
    }
    let found = admin.get("/audit?actor=duty").await.html;
    let there = [
        "duty のログインが失敗した（192.0.2.1）",
        "duty の制限を解除した",
        "duty のログインを打ち切った",
        "duty を停止した",
    ];
    for there in there {
        assert!(found.contains(there), "{there}: {found}");
    }
    assert_eq!(found.matches("ログインが失敗した").count(), 5, "{found}");
    assert!(!found.contains("bystander"), "{found}");
    let own = admin.get("/audit?actor=admin").await.html;
    assert!(
        own.contains("admin がログインした（パスワードと回復コード、") && !own.contains("ログインが失敗した"),
        "{own}"
    );
}

#[tokio::test]
async fn the_journal_is_read_page_by_page_without_a_gap() {
    let stage = Stage::with_people(120).await;
    let auditor = stage.holder("audit", Role::Auditor(Side::Domestic)).await;
    let (mut path, mut rows) = ("/audit?kind=people".to_owned(), Vec::new());
    loop {
        let html = auditor.get(&path).await.html;
        rows.extend(html.split("行 ").skip(1).filter_map(|it| it.split('<').next()?.parse::<u64>().ok()));
        let Some(next) = html.split("href=\"/audit?before=").nth(1).and_then(|it| it.split('&').next()) else { break };
        path = format!("/audit?before={next}&kind=people");
    }
    let expected = rows.len();
    rows.dedup();
    assert_eq!(rows.len(), expected, "no row comes twice");
    assert!(rows.is_sorted_by(|one, next| one > next) && rows.len() > 120, "{}", rows.len());
}

#[tokio::test]
async fn req_o06_an_auditor_reads_nothing_of_the_other_half() {
    let (stage, _) = drilled().await;
    stage.overseas_group().await;
    let auditor = stage.holder("abroad", Role::Auditor(Side::Overseas)).await;
    let all = auditor.get("/audit").await.html;
    assert!(all.contains("K00001 を登録") && !all.contains("S0000"), "{all}");
    assert!(!stage.holder("home", Role::Auditor(Side::Domestic)).await.get("/audit").await.html.contains("K00001"));
}

/// A journal of which one row was changed after it was written.
struct Forged(hikyaku_dispatch::MemoryJournal);

impl Journal for Forged {
    fn append(&self, rows: Vec<Row>, expected: Head) -> Pending<'_, Appended> {
        self.0.append(rows, expected)
    }
    fn head(&self) -> Pending<'_, Head> {
        self.0.head()
    }
    fn read_from(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        let read = self.0.read_from(seq);
        Box::pin(async move {
            let mut rows = read.await?;
            if seq == 1 && rows.len() > 4 {
                rows[3].content = Content::Whole(b"another".to_vec());
            }
            Ok(rows)
        })
    }
    fn tail(&self, seq: u64) -> Pending<'_, Vec<Row>> {
        self.0.tail(seq)
    }
    fn drop_contents(&self, seqs: std::collections::BTreeSet<u64>) -> Pending<'_, ()> {
        self.0.drop_contents(seqs)
    }
}

#[tokio::test]
async fn req_s09_a_verification_says_that_every_row_holds_or_names_the_one_that_does_not() {
    let (stage, admin) = drilled().await;
    let well = admin.post("/audit/verify", "").await;
    assert!(well.html.contains("すべてが、書かれたときのまま"), "{}", well.html);
    drop(stage);
    let forged = Stage::over(Arc::new(Forged(hikyaku_dispatch::MemoryJournal::new())), 10).await;
    let page = forged.admin().await.post("/audit/verify", "").await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("row 4 of the journal was changed"), "{}", page.html);
}

#[tokio::test]
async fn one_persons_mails_are_followed_from_the_decision_to_the_answer() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let person = stage.person(5);
    let at = stage.time() + SignedDuration::from_secs(3);
    let outcome = |place, end, cause: Option<&str>| MailOutcome {
        person,
        place,
        round: 0,
        carrier: "docomo".into(),
        end,
        cause: cause.map(str::to_owned),
        at,
    };
    let outcomes = vec![outcome(1, MailEnd::Accepted, None), outcome(2, MailEnd::Bounced, Some("unknown-user"))];
    stage.desk.command(DispatchCommand::RecordOutcomes { dispatch, outcomes }, stage.time()).await.unwrap();
    stage.wait(SignedDuration::from_mins(2));
    stage.post(&stage.link(dispatch, 5), "choice=1").await;
    stage.post(&stage.link(dispatch, 6), "choice=1").await;
    let admin = stage.admin().await;
    let path = format!("/dispatch/{}/person/{}", dispatch.0, person.0);
    assert!(admin.get(&path).await.html.contains(&format!("{path}/trace")));
    let page = admin.get(&format!("{path}/trace")).await.html;
    let steps =
        ["送信を決めた（手動送信）", "***@docomo.example#1 → docomo: 受付済", "（unknown-user）", "本人が回答した"];
    let places: Vec<usize> =
        steps.iter().map(|step| page.find(step).unwrap_or_else(|| panic!("{step}: {page}"))).collect();
    assert!(places.is_sorted(), "in the order in which it happened: {page}");
    assert_eq!(page.matches("本人が回答した").count(), 1, "nobody else's: {page}");
    assert!(!page.contains("person5@"), "{page}");
}

#[tokio::test]
async fn req_r02_the_state_of_the_system_says_what_is_not_well_and_where_to_go() {
    let (stage, _) = drilled().await;
    let duty = stage.holder("duty", Role::DutyOperator).await;
    let page = duty.get("/system").await.html;
    for there in [
        "国民保護 に問題があります",
        "直すところがあります",
        "使えるシステム管理者が 1名です",
        "10名",
        "href=\"/feeds\"",
    ] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("飛脚"), "{page}");
}
