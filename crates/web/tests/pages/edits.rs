//! What is changed by hand at the console: groups, people, journeys, tokens, dispatches that wait or are over (A11, A23, A38, O02, S10).

use crate::stage;
use crate::stage::program::Program;
use crate::stage::{Admin, OFFICES, SECTIONS, Stage, Visitor, encoded};
use axum::http::StatusCode;
use hikyaku_bulletin::Intensity;
use hikyaku_core::{Config, Engine};
use hikyaku_dispatch::{
    Brake, GroupId, Hold, JudgingCommand, Mode, Question, Role, Rule, RuleId, Sending, Side, State, TokenScope,
    Unattended, select,
};

fn group(stage: &Stage, path: &[&str]) -> Option<GroupId> {
    stage.desk.read(|state| state.groups().by_path(Side::Domestic, path.iter().copied()))
}

#[tokio::test]
async fn req_a23_a_group_is_made_renamed_moved_and_removed_once_nobody_is_in_it() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let office = group(&stage, &["架空省", OFFICES[1]]).unwrap();
    let at = format!("/groups/{}", office.0);
    assert!(admin.get("/groups").await.html.contains(OFFICES[1]));
    let made = admin.post(&at, &format!("act=add&name={}", encoded("災害対策室"))).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.html);
    let room = group(&stage, &["架空省", OFFICES[1], "災害対策室"]).unwrap();
    let room_at = format!("/groups/{}", room.0);
    admin.post(&room_at, &format!("act=rename&name={}", encoded("危機管理室"))).await;
    let other = group(&stage, &["架空省", OFFICES[0]]).unwrap();
    admin.post(&room_at, &format!("act=move&parent={}", other.0)).await;
    assert_eq!(group(&stage, &["架空省", OFFICES[0], "危機管理室"]), Some(room));
    let full = admin.post(&at, "act=remove").await;
    assert_eq!(full.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(full.html.contains("先に移してください"), "{}", full.html);
    let no_day = admin.post(&room_at, "act=rename&name=x&on=tomorrow").await;
    assert_eq!(no_day.status, StatusCode::UNPROCESSABLE_ENTITY);
    // 発令日: nothing changes before.
    let later = admin.post(&room_at, &format!("act=rename&name={}&on=2027-04-01", encoded("防災室"))).await;
    assert_eq!(later.status, StatusCode::SEE_OTHER, "{}", later.html);
    assert_eq!(group(&stage, &["架空省", OFFICES[0], "危機管理室"]), Some(room));
    assert_eq!(admin.post(&room_at, "act=remove").await.header("location"), "/groups");
    assert_eq!(group(&stage, &["架空省", OFFICES[0], "危機管理室"]), None);
}

#[tokio::test]
async fn req_a31_a_group_manager_sees_and_changes_no_group_of_others() {
    let stage = Stage::with_people(10).await;
    let own = group(&stage, &["架空省", OFFICES[1]]).unwrap();
    let other = group(&stage, &["架空省", OFFICES[0]]).unwrap();
    let manager = stage.holder("hokkaido", Role::GroupManager(own)).await;
    for (path, form) in [("/groups", "name=x"), (format!("/groups/{}", other.0).as_str(), "act=rename&name=x")] {
        let page = manager.post(path, form).await;
        assert!(page.status.is_client_error() || page.html.contains("担当の外"), "{path}: {}", page.html);
    }
    assert_eq!(group(&stage, &["架空省", OFFICES[0]]), Some(other));
    assert_eq!(group(&stage, &["x"]), None);
}

#[tokio::test]
async fn req_a23_a_persons_entry_is_changed_by_hand_and_no_address_is_shown() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let person = stage.person(1);
    let at = format!("/people/{}", person.0);
    let page = admin.get(&at).await.html;
    assert!(page.contains("名簿の登録を直す") && !page.contains("person1@"), "{page}");
    let form = format!(
        "name={}&kana=&language=English&standing={}&keep=1&address=new%40docomo.example",
        encoded("飛脚 一郎"),
        encoded("休職")
    );
    let done = admin.post(&format!("{at}/edit"), &form).await;
    assert_eq!(done.header("location"), format!("{at}?done=edited"), "{}", done.html);
    let page = admin.get(&at).await.html;
    for there in ["飛脚 一郎", "休職", "English", "***@docomo.example"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("new@") && !page.contains("person1@"), "{page}");
    let addresses = |stage: &Stage| {
        stage.desk.read(|state| {
            let person = state.people().find(person).unwrap();
            person.addresses().iter().map(|it| it.address.clone()).collect::<Vec<_>>()
        })
    };
    assert_eq!(addresses(&stage).len(), 2);
    // Without the mark it goes; the rest of the entry stays.
    let form = format!("name={}&kana=&language=English&standing={}&keep=2", encoded("飛脚 一郎"), encoded("在職"));
    admin.post(&format!("{at}/edit"), &form).await;
    assert_eq!(addresses(&stage), ["new@docomo.example"]);
    let bad = admin.post(&format!("{at}/edit"), &form.replace("English", "Klingon")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn req_a23_a_person_is_put_into_groups_that_exist() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let person = stage.person(1);
    let at = format!("/people/{}/groups", person.0);
    let two = format!("架空省/{}\r\n架空省/{}/{}\r\n", OFFICES[0], OFFICES[2], SECTIONS[0]);
    let done = admin.post(&at, &format!("groups={}", encoded(&two))).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.html);
    assert_eq!(stage.desk.read(|state| state.people().find(person).unwrap().groups.len()), 2);
    let unknown = admin.post(&at, &format!("groups={}", encoded("架空省/ない課"))).await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unknown.html.contains("組織「架空省/ない課」はありません"), "{}", unknown.html);
    assert_eq!(stage.desk.read(|state| state.people().find(person).unwrap().groups.len()), 2, "all or nothing");
}

#[tokio::test]
async fn req_o02_a_journey_is_registered_changed_and_taken_out() {
    let stage = Stage::with_people(2).await;
    stage.overseas_group().await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    let trip = "number=K00001&countries=TH&kind=trip&from=2026-11-20&to=2026-11-30&act=save";
    for (wrong, told) in [
        (trip.replace("K00001", "X9"), "海外の名簿にいません"),
        (trip.replace("=TH", "=ZZ"), "国の記号ではありません"),
        (trip.replace("2026-11-30", ""), "終了日"),
        (trip.replace("2026-11-20", "soon"), "日付は"),
    ] {
        let page = overseas.post("/travel/new", &wrong).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(page.html.contains(told), "{told}: {}", page.html);
    }
    assert_eq!(overseas.post("/travel/new", trip).await.header("location"), "/travel");
    let id = stage.desk.read(|state| state.travel().iter().next().unwrap().id.0);
    let page = overseas.get(&format!("/travel/{id}")).await.html;
    assert!(page.contains("海外 一郎 さんの渡航") && page.contains("value=\"2026-11-30\""), "{page}");
    let longer = trip.replace("2026-11-30", "2026-12-05");
    assert_eq!(overseas.post(&format!("/travel/{id}"), &longer).await.status, StatusCode::SEE_OTHER);
    assert!(overseas.get("/travel").await.html.contains("2026-11-20 から 2026-12-05"));
    assert_eq!(overseas.post(&format!("/travel/{id}"), "act=remove").await.status, StatusCode::SEE_OTHER);
    assert!(overseas.get("/travel").await.html.contains("<b>0</b>件"));
    assert!(overseas.get(&format!("/travel/{id}")).await.html.contains("渡航がありません"));
}

#[tokio::test]
async fn req_s10_a_token_is_shown_once_works_within_its_scopes_and_ends_when_it_is_thrown_away() {
    let stage = Stage::with_people(2).await;
    let admin = stage.admin().await;
    stage.open_account_as("program", Role::SystemAdministrator).await;
    let account = stage.desk.read(|state| state.accounts().by_login("program").unwrap().id.0);
    let at = format!("/accounts/{account}/tokens");
    for wrong in ["label=HR&days=30", "label=HR&scope=read&days=9999", "label=&scope=read&days=30"] {
        assert_eq!(admin.post(&at, wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let made = admin.post(&at, "label=HR&scope=read&days=30").await.html;
    let token = made.split("<code class=\"big\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(token.starts_with("hky_"));
    assert!(!admin.get(&at).await.html.contains(&token), "it is shown once");
    let id = stage.desk.read(|state| state.accounts().tokens().next().unwrap().id);
    let program = Program { api: stage.api(), token, id };
    assert_eq!(program.get("/dispatches").await.status, StatusCode::OK);
    let wish = serde_json::json!({ "mode": "test", "title": "x", "target": { "everyone": true } });
    assert_eq!(program.post("/dispatches", "k1", &wish).await.status, StatusCode::FORBIDDEN, "it may only read");
    assert_eq!(admin.post(&at, &format!("revoke={}", id.0)).await.status, StatusCode::SEE_OTHER);
    assert_eq!(program.get("/dispatches").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(TokenScope::ALL.len(), admin.get(&at).await.html.matches("type=\"checkbox\"").count());
    let duty = stage.holder("duty", Role::DutyOperator).await;
    assert_eq!(duty.get(&at).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_dispatch_is_closed_at_the_console_and_can_be_answered_no_more() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let admin = stage.admin().await;
    let at = format!("/dispatch/{}", dispatch.0);
    assert!(admin.get(&at).await.html.contains("受け付けを終える"));
    assert_eq!(admin.post(&format!("{at}/close"), "").await.header("location"), at);
    let page = admin.get(&at).await.html;
    assert!(page.contains("終了") && !page.contains("受け付けを終える"), "{page}");
    assert_eq!(stage.post(&stage.link(dispatch, 1), "choice=1").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn req_s10_each_download_of_a_roster_is_in_the_journal_with_the_two_who_agreed() {
    let stage = Stage::with_people(3).await;
    let admin = stage.admin().await;
    let second = stage.holder("second", Role::SystemAdministrator).await;
    admin.post("/requests", "what=export").await;
    second.post("/requests/1", "act=agree").await;
    assert_eq!(admin.get("/people/export").await.status, StatusCode::METHOD_NOT_ALLOWED, "a link downloads nothing");
    assert_eq!(admin.post("/people/export", "").await.status, StatusCode::OK);
    let audit = admin.get("/audit").await.html;
    assert!(audit.contains("国内の名簿を書き出した"), "{audit}");
}

/// A rule that holds, its earthquake, and its approver who is logged in and may send.
async fn held() -> (Stage, Admin) {
    held_at("6-").await
}

/// The same, of an earthquake that was so strong.
async fn held_at(intensity: &str) -> (Stage, Admin) {
    let stage = Stage::with_people(10).await;
    let approvers = vec![stage.person(1)];
    let hold = Hold { approvers, duty: Vec::new(), minutes: 10, unattended: Unattended::Send };
    let rule = Rule { sending: Sending::Hold(hold), ..Rule::safety(RuleId(1), Intensity::SixLower) };
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, stage.time()).await.unwrap();
    stage.quake(intensity).await;
    let person = Some(stage.person(1));
    let codes = stage.open_account_of("chief", Role::SystemAdministrator, person).await;
    let chief = Visitor::new(stage.console()).log_in("chief", stage::PASSWORD, &codes[0]).await;
    (stage, chief)
}

#[tokio::test]
async fn numbers_above_999_have_a_comma_wherever_they_are_read() {
    let stage = Stage::with_people(1_234).await;
    let hold = Hold { approvers: vec![stage.person(1)], duty: Vec::new(), minutes: 10, unattended: Unattended::Send };
    let rule = Rule { sending: Sending::Hold(hold), ..Rule::safety(RuleId(1), Intensity::SixLower) };
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, stage.time()).await.unwrap();
    stage.quake("6-").await;
    let admin = stage.admin().await;
    for path in ["/approval", "/judgements", "/audit", "/people", "/system"] {
        let page = admin.get(path).await.html;
        assert!(page.contains("1,234"), "{path}: {page}");
        for raw in ["1234 人", "1234人", "1234名", "1234行", "1234通"] {
            assert!(!page.contains(raw), "{raw} on {path}: {page}");
        }
    }
    assert!(admin.get("/approval").await.html.contains(": 1,234 人、承認待ち"), "the reason of a rule");
}

#[tokio::test]
async fn req_a11_beside_what_waits_stands_how_many_stations_bear_it_out_and_what_contradicts_it() {
    let (stage, chief) = held_at("6+").await;
    let page = chief.get("/approval").await.html;
    assert!(page.contains("震度速報は地域ごとの最大だけを伝え") && page.contains("この1通だけです"), "{page}");
    stage.confirmed("6+").await;
    let page = chief.get("/approval").await.html;
    for there in ["震度観測点 3（最大 ６強: 2点）、2市区町村", "同じ事象・1地域で一致", "ほかの電文 1通"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("<details open>"), "{page}");
    stage.confirmed("6-").await;
    let page = chief.get("/approval").await.html;
    assert!(page.contains("1地域で食い違い（震度６強 → 震度６弱）") && page.contains("<details open>"), "{page}");
    let told = chief.get("/audit").await.html;
    assert!(told.contains("電文が挙げた震度観測点 3"), "{told}");
}

#[tokio::test]
async fn what_asks_nothing_is_not_sent_again_to_people_who_have_not_answered() {
    let stage = Stage::with_people(3).await;
    let dispatch = stage.ask("news", Mode::Real, Question::none()).await;
    let page = stage.admin().await.get(&format!("/dispatch/{}/resend", dispatch.0)).await.html;
    assert!(page.contains("回答を求めていない") && page.contains("href=\"/compose\""), "{page}");
    assert!(!page.contains("再送する</button>"), "{page}");
}

/// What the form of a page posts as it stands.
fn posted(html: &str, more: &str) -> String {
    let value = |name: &str| {
        let (_, after) = html.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
        encoded(&after.split_once('"').unwrap().0.replace("&#60;", "<").replace("&#62;", ">"))
    };
    format!(
        "key={}&instead={}&title={}&mode=real&asks=waiting&same=1&subject={}&text={}&{more}",
        value("key"),
        value("instead"),
        value("title"),
        encoded("【安否確認】{title}"),
        encoded("{name} さん {facts} {link}"),
    )
}

#[tokio::test]
async fn req_a11_what_waits_is_changed_and_sent_in_its_place_and_never_both() {
    let (stage, chief) = held().await;
    assert!(chief.get("/approval").await.html.contains("/compose?instead=1"));
    let form = chief.get("/compose?instead=1").await.html;
    for there in ["承認を待っている配信と同じ10名", "送信すると、元の配信は却下になります", "value=\"real\" checked"]
    {
        assert!(form.contains(there), "{there}: {form}");
    }
    let wish = posted(&form, &format!("facts={}", encoded("庁舎に集まらないでください")));
    let preview = chief.post("/compose/preview", &wish).await;
    assert!(preview.html.contains("10名に送信する") && preview.html.contains("庁舎に集まらないで"), "{}", preview.html);
    for there in ["回答ページの質問", "あなたの安否と登庁の可否を教えてください。"] {
        assert!(preview.html.contains(there), "{there}: {}", preview.html);
    }
    assert_eq!(stage.desk.read(|state| state.waiting().count()), 1, "looking decides nothing");
    let sent = chief.post("/compose/send", &wish).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    assert_eq!(stage.desk.read(|state| state.waiting().count()), 0);
    assert_eq!(chief.post("/compose/send", &wish).await.header("location"), sent.header("location"), "pressed twice");
    let key = sent.header("location").rsplit('/').next().unwrap().to_owned();
    let (people, incident) = stage.desk.read(|state| {
        let (_, draft) = state.scheduled(&key).unwrap();
        (select(state, &draft.target, Side::Domestic, stage.time()).unwrap().len(), draft.incident)
    });
    assert!(people == 10 && incident.is_some(), "{people} people, {incident:?}: it belongs to the earthquake");
}

#[tokio::test]
async fn req_a11_what_waits_stays_when_what_should_go_in_its_place_cannot_be_sent() {
    let (stage, chief) = held().await;
    let form = chief.get("/compose?instead=1").await.html;
    let wish = posted(&form, "facts=x").replace(&encoded("【安否確認】{title}"), "%E5%AE%89%07%E5%90%A6");
    let refused = chief.post("/compose/send", &wish).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.html);
    assert!(!refused.html.contains("却下しました"), "{}", refused.html);
    assert_eq!(stage.desk.read(|state| state.waiting().count()), 1, "it still waits, and goes out if nobody decides");
}

#[tokio::test]
async fn req_a11_what_was_decided_meanwhile_is_not_sent_a_second_time() {
    let (stage, chief) = held().await;
    let wish = posted(&chief.get("/compose?instead=1").await.html, "facts=x");
    assert_eq!(chief.post("/approval/1", "act=approve").await.status, StatusCode::SEE_OTHER);
    let late = chief.post("/compose/send", &wish).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.html.contains("もう決まりました"), "{}", late.html);
    let key = late.html.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let asked = |state: &State| state.dispatches().filter(|it| it.record().question.is_asked()).count();
    assert!(stage.desk.read(|state| asked(state) == 1 && state.scheduled(key).is_none()));
    assert!(chief.get("/compose?instead=1").await.html.contains("元にする配信がありません"));
}

#[tokio::test]
async fn req_a17_a_dispatch_begins_with_the_wording_and_the_question_of_a_rule() {
    let (stage, chief) = held().await;
    let form = chief.get("/compose?rule=1").await.html;
    assert!(form.contains("<option value=\"rule:1\" selected>規則「震度６弱以上」の質問"), "{form}");
    let wish = format!("key=k1&mode=drill&title=x&everyone=1&subject=s&text={}&asks=rule:1", encoded("{name} {link}"));
    assert_eq!(chief.post("/compose/send", &wish).await.status, StatusCode::SEE_OTHER);
    let question = stage.desk.read(|state| state.scheduled("k1").unwrap().1.question.clone());
    assert_eq!(question, stage.desk.read(|state| state.rules()[&RuleId(1)].question.clone()));
    let unknown = chief.post("/compose/send", &wish.replace("rule:1", "rule:9").replace("k1", "k2")).await;
    assert!(unknown.html.contains("質問を一覧から選んでください"), "{}", unknown.html);
}

#[tokio::test]
async fn req_a11_whoever_approves_sees_when_each_carrier_would_have_the_mails_and_a_mail_without_a_name() {
    let (stage, _) = held().await;
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(Config::new(folder.path(), "sender.example")).await.unwrap();
    let codes = stage.open_account_of("approver", Role::Approver, Some(stage.person(1))).await;
    let console = stage.console_of(Some(engine.clone()));
    let approver = Visitor::new(console).log_in("approver", stage::PASSWORD, &codes[0]).await;
    let page = approver.get("/approval").await.html;
    for there in ["いつ届くか", "99%が受け取るまで", "12通", "（氏名） さん", "見込み 50%"] {
        assert!(page.contains(there), "{there}: {page}");
    }
    assert!(!page.contains("飛脚"), "who approves need not see names: {page}");
    engine.shutdown().await;
    assert!(!approver.get("/approval").await.html.contains("いつ届くか"), "an engine that is gone expects nothing");
}

/// What is entered by hand, as the form posts it.
fn entry(headline: &str, more: &str) -> String {
    let headline = encoded(headline);
    format!("id=web-1&series=s1&mode=drill&revision=issue&kind=other&title=x&headline={headline}&prefecture=2{more}")
}

#[tokio::test]
async fn req_a16_what_is_entered_by_hand_is_looked_at_first_and_then_goes_the_way_of_every_telegram() {
    let stage = Stage::with_people(10).await;
    let duty = stage.holder("duty", Role::DutyOperator).await;
    let seen = duty.post("/judgements/enter", &entry("落下したものとみられます。", "&act=check")).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.html);
    for there in ["落下したものとみられます。", "訓練として入力する", "入力すると起きること", "誰にも送りません"]
    {
        assert!(seen.html.contains(there), "{there}: {}", seen.html);
    }
    assert!(stage.entered.lock().unwrap().is_empty(), "looking enters nothing");
    for (wrong, told) in [
        (entry("", "&act=send"), "見出しを入力してください"),
        (entry("x", "&act=send&mode=test"), "本番か訓練"),
        (entry("x", "&act=send&occurred=yesterday"), "発生時刻は"),
        (entry("x", "&act=send&id=a/b"), "この画面をもう一度"),
    ] {
        let refused = duty.post("/judgements/enter", &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(refused.html.contains(told), "{told}: {}", refused.html);
    }
    assert!(stage.entered.lock().unwrap().is_empty());
    let sent = duty.post("/judgements/enter", &entry("落下したものとみられます。", "&act=send")).await;
    assert_eq!((sent.status, sent.header("location")), (StatusCode::SEE_OTHER, "/judgements"), "{}", sent.html);
    let entered = stage.entered.lock().unwrap().clone();
    assert_eq!(entered.len(), 1);
    assert_eq!(entered[0].0, "manual-web-1", "named by its form: pressed twice, it is one");
    assert!(entered[0].1.contains("\"is_drill\":true") && entered[0].1.contains("\"prefectures\":[2]"), "{entered:?}");
    assert!(duty.get("/judgements").await.html.contains("/judgements/enter"), "the way to it");
}

#[tokio::test]
async fn req_r01_stopping_or_slowing_a_carrier_at_the_console_is_a_decision_that_every_node_reads_in_the_journal() {
    let (stage, _) = held().await;
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(Config::new(folder.path(), "sender.example")).await.unwrap();
    let codes = stage.open_account("admin").await;
    let console = stage.console_of(Some(engine.clone()));
    let admin = Visitor::new(console).log_in("admin", stage::PASSWORD, &codes[0]).await;
    for form in ["carrier=docomo&act=pause", "carrier=docomo&act=limit&most=2.5"] {
        assert_eq!(admin.post("/delivery", form).await.status, StatusCode::SEE_OTHER, "{form}");
    }
    let brakes = || stage.desk.read(|state| state.brakes().clone());
    assert_eq!(brakes()["docomo"], Brake { paused: true, per_1000_s: Some(2_500) });
    for wrong in ["carrier=docomo&act=limit&most=x", "carrier=docomo&act=limit&most=0.01"] {
        let refused = admin.post("/delivery", wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(refused.html.contains("0.1から1000"), "{}", refused.html);
    }
    assert!(admin.get("/audit").await.html.contains("docomo への送信を停止した（全ノード）"));
    for form in ["carrier=docomo&act=resume", "carrier=docomo&act=free"] {
        assert_eq!(admin.post("/delivery", form).await.status, StatusCode::SEE_OTHER, "{form}");
    }
    assert!(brakes().is_empty());
    engine.shutdown().await;
}
