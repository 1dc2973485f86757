//! The office's work: rosters in and out, journeys, what two must agree to, whose session is open (requirements A26, A27, S10, O02).

use crate::stage;
use crate::stage::{OFFICES, Stage, encoded};
use axum::http::StatusCode;
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    Entry, Event, Hold, JudgingCommand, PersonId, RetentionEvent, Role, Rule, RuleId, Sending, Side, Stay, StayKind,
    TravelCommand, Unattended,
};

const HEAD: &str = "職員番号,氏名,所属,勤務地,メールアドレス\n";

fn row(number: usize, office: &str) -> String {
    format!("S{number:05},飛脚 {number}郎,架空省/{office},石川県,person{number}@docomo.example\n")
}

fn there(stage: &Stage) -> usize {
    stage.desk.read(|state| state.people().iter().filter(|it| it.is_reachable()).count())
}

#[tokio::test]
async fn req_a26_a_roster_is_compared_first_and_taken_only_once_somebody_has_seen_it() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let file = format!("{HEAD}{}S00011,新人 一子,架空省/新しい室,東京都,new@docomo.example\n", row(1, "新しい室"));
    let seen = admin.upload("/people/import", file.as_bytes(), &["part"]).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.html);
    for there in ["新しく加わる: 1名", "S00011 新人 一子", "架空省/北海道局/総務部 → 架空省/新しい室", "新しい所属: 1"]
    {
        assert!(seen.html.contains(there), "{there}: {}", seen.html);
    }
    assert!(!seen.html.contains("new@"), "no address is shown");
    assert_eq!(there(&stage), 10, "looking changes nothing");
    let taken = admin.post("/people/import/pending", "").await;
    assert_eq!(taken.header("location"), "/people?done=roster", "{}", taken.html);
    assert_eq!(there(&stage), 11);
    let again = admin.post("/people/import/pending", "").await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a roster is taken once");
}

#[tokio::test]
async fn req_a26_a_roster_that_takes_many_away_waits_for_their_number() {
    let stage = Stage::with_people(40).await;
    let admin = stage.admin().await;
    let file: String = std::iter::once(HEAD.to_owned()).chain((1..=4).map(|it| row(it, "本省"))).collect();
    let seen = admin.upload("/people/import", file.as_bytes(), &[]).await;
    assert!(seen.html.contains("36名が名簿から外れるか"), "{}", seen.html);
    for typed in ["", "removals=35"] {
        let refused = admin.post("/people/import/pending", typed).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert_eq!(there(&stage), 40);
    }
    assert_eq!(admin.post("/people/import/pending", "removals=36").await.status, StatusCode::SEE_OTHER);
    assert_eq!(there(&stage), 4);
}

#[tokio::test]
async fn req_a26_every_fault_of_a_roster_is_named_by_line_and_remedy_without_an_address() {
    let stage = Stage::with_people(2).await;
    let admin = stage.admin().await;
    let file = format!("{HEAD}S00001,,架空省/本省,石川県,person1@docomo.example\nS00002,乙,架空省/本省,どこか,x@@y\n");
    let page = admin.upload("/people/import", file.as_bytes(), &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for there in ["2行目「氏名」", "3行目「勤務地」", "3行目「メールアドレス」"] {
        assert!(page.html.contains(there), "{there}: {}", page.html);
    }
    assert!(!page.html.contains("x@@y") && !page.html.contains("person1@"), "{}", page.html);
    let too_large = vec![b'x'; 17 * 1024 * 1024];
    let page = admin.upload("/people/import", &too_large, &[]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("16MB まで"), "{}", page.html);
}

#[tokio::test]
async fn req_s10_a_roster_is_downloaded_by_the_two_who_agreed_and_by_nobody_else() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let second = stage.holder("second", Role::SystemAdministrator).await;
    let third = stage.holder("third", Role::SystemAdministrator).await;
    assert_eq!(admin.post("/people/export", "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(admin.post("/requests", "what=export").await.status, StatusCode::SEE_OTHER);
    let own = admin.get("/requests").await.html;
    assert!(own.contains("自分の申請には同意できません") && !own.contains("value=\"agree\""), "{own}");
    let alone = admin.post("/requests/1", "act=agree").await;
    assert_eq!(alone.status, StatusCode::UNPROCESSABLE_ENTITY, "nobody agrees with oneself");
    assert_eq!(second.post("/requests/1", "act=agree").await.status, StatusCode::SEE_OTHER);
    for one in [&admin, &second] {
        let roster = one.post("/people/export", "").await;
        assert_eq!(roster.status, StatusCode::OK);
        assert!(roster.html.contains("S00001,飛脚 1郎") && roster.html.contains("***@docomo.example"));
        assert!(!roster.html.contains("person1@"));
    }
    assert_eq!(third.post("/people/export", "").await.status, StatusCode::FORBIDDEN);
    let rows = stage.desk.written(1).await.unwrap();
    let exported = |entry: &Entry| matches!(entry.event, Event::Retention(RetentionEvent::RosterExported { .. }));
    let exports = rows.iter().filter_map(|(_, entry)| entry.as_ref()).filter(|entry| exported(entry));
    assert_eq!(exports.count(), 2, "the journal says so, each time");
    stage.wait(jiff::SignedDuration::from_mins(59));
    let later = admin.get("/requests").await;
    assert_eq!(later.header("location"), "/prove?next=/requests", "password and code are shown again");
}

#[tokio::test]
async fn req_s10_a_role_is_proposed_agreed_to_and_taken_away_again() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let second = stage.holder("second", Role::SystemAdministrator).await;
    stage.open_account_as("newcomer", Role::Approver).await;
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap());
    let no_group = admin.post("/requests", "what=grant&who=newcomer&role=manager&group=").await;
    assert!(no_group.html.contains("所属を選んでください"), "{}", no_group.html);
    assert!(admin.post("/requests", "what=grant&who=nobody&role=duty").await.html.contains("nobody"));
    let wish = format!("what=grant&who=newcomer&role=manager&group={}", group.0);
    assert_eq!(admin.post("/requests", &wish).await.status, StatusCode::SEE_OTHER);
    assert_eq!(second.post("/requests/1", "act=agree").await.status, StatusCode::SEE_OTHER);
    let page = admin.get("/requests").await.html;
    assert!(page.contains("グループ管理者（北海道局）") && page.contains("second が同意"), "{page}");
    let account = stage.desk.read(|state| state.accounts().by_login("newcomer").unwrap().id);
    let key = format!("{account}-グループ管理者-国内-{}", group.0);
    assert!(page.contains(&key), "{page}");
    let taken = admin.post("/requests/take", &format!("grant={}", encoded(&key))).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER);
    assert!(!admin.get("/requests").await.html.contains(&key));
}

#[tokio::test]
async fn req_s03_an_administrator_sees_whose_session_is_open_and_ends_it() {
    let stage = Stage::with_people(2).await;
    let admin = stage.admin().await;
    // One console, so that both are in its list of sessions.
    let codes = stage.open_account_as("duty", Role::DutyOperator).await;
    let duty = stage::Visitor { pages: admin.pages.clone(), cookie: String::new() };
    let duty = duty.log_in("duty", stage::PASSWORD, &codes[0]).await;
    let id = stage.desk.read(|state| state.accounts().by_login("duty").unwrap().id.0);
    let page = admin.get(&format!("/accounts/{id}")).await.html;
    assert!(page.contains("代行送信担当") && page.contains("127.0.0.1"), "{page}");
    stage.wait(jiff::SignedDuration::from_secs(1));
    admin.post(&format!("/accounts/{id}"), "act=end").await;
    assert_eq!(duty.get("/").await.header("location"), "/login");
    assert!(admin.get(&format!("/accounts/{id}")).await.html.contains("ログイン中の端末はありません"));
}

async fn abroad(stage: &Stage) -> PersonId {
    stage.overseas_group().await;
    let person = stage.desk.read(|state| state.people().by_external_id(Side::Overseas, "K00001").unwrap().id);
    let stay = Stay {
        person,
        kind: StayKind::Trip,
        countries: vec!["TH".parse().unwrap()],
        from: "2026-11-20".parse().unwrap(),
        to: Some("2026-11-30".parse().unwrap()),
    };
    stage.desk.command(TravelCommand::Set { id: None, stay }, stage.time()).await.unwrap();
    person
}

#[tokio::test]
async fn req_o02_the_register_says_who_is_where_and_until_when_to_those_who_may_know() {
    let stage = Stage::with_people(2).await;
    abroad(&stage).await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    let page = overseas.get("/travel").await.html;
    for there in ["タイ", "海外 一郎", "2026-11-20 から 2026-11-30", "<td>1名</td>"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(overseas.get(&format!("/travel?q={}", encoded("フランス"))).await.html.contains("<b>0</b>件"));
    assert_eq!(stage.admin().await.get("/travel").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn req_s10_the_only_administrator_says_whose_the_account_is_and_then_approves_by_it() {
    let stage = Stage::with_people(10).await;
    let hold = Hold { approvers: vec![stage.person(1)], duty: Vec::new(), minutes: 10, unattended: Unattended::Send };
    let rule = Rule { sending: Sending::Hold(hold), ..Rule::safety(RuleId(1), Intensity::SixLower) };
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, stage.time()).await.unwrap();
    stage.quake("6-").await;
    let admin = stage.admin().await;
    let own = stage.desk.read(|state| state.accounts().by_login("admin").unwrap().id.0);
    let waiting = admin.get("/approval").await.html;
    assert!(waiting.contains(&format!("/accounts/{own}#person")), "where to say whose it is: {waiting}");
    let refused = admin.post("/approval/1", "act=approve").await.html;
    assert!(refused.contains("自分のアカウントを職員番号と結び付けてください"), "{refused}");
    let at = format!("/accounts/{own}");
    assert!(admin.get(&at).await.html.contains("職員と結び付ける"), "it is offered");
    let nobody = admin.post(&at, "act=link&person=S99999").await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", nobody.html);
    let linked = admin.post(&at, "act=link&person=S00001").await;
    assert!(linked.html.contains("S00001 の人と結び付けました"), "{}", linked.html);
    assert!(!admin.get(&at).await.html.contains("職員と結び付ける"), "once and for all");
    let approved = admin.post("/approval/1", "act=approve").await;
    assert!(approved.header("location").starts_with("/dispatch/"), "{}", approved.html);
    let told = admin.get("/audit?actor=admin").await.html;
    assert!(told.contains("アカウント admin を職員 S00001 と結び付けた"), "{told}");
}

#[tokio::test]
async fn req_s10_where_there_is_another_administrator_the_own_account_is_linked_by_that_one() {
    let stage = Stage::with_people(3).await;
    let admin = stage.admin().await;
    stage.open_account("second").await;
    let id = |login: &str| stage.desk.read(|state| state.accounts().by_login(login).unwrap().id.0);
    let own = format!("/accounts/{}", id("admin"));
    assert!(admin.get(&own).await.html.contains("別の管理者が結び付けます"));
    let refused = admin.post(&own, "act=link&person=S00001").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.html);
    let other = format!("/accounts/{}", id("second"));
    assert!(admin.post(&other, "act=link&person=S00002").await.html.contains("結び付けました"));
    let again = admin.post(&other, "act=link&person=S00003").await.html;
    assert!(again.contains("もう職員と結び付いています"), "{again}");
}
