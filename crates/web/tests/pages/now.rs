//! The pages of numbers over a real desk: counts that add up, fresh with and without a script.

use std::sync::Arc;

use crate::stage::{Admin, OFFICES, PASSWORD, SECTIONS, Stage, TITLE, Visitor, quake};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use hikyaku_bulletin::{Fate, Intensity};
use hikyaku_dispatch::{
    Desk, DispatchCommand, DispatchDraft, DispatchId, Foresight, GroupId, JudgingCommand, Keys, MemoryJournal, Mode,
    Outbox, Question, Role, Rule, RuleId, State, Target,
};
use hikyaku_web::WebState;
use http_body_util::BodyExt;
use tower::ServiceExt;

/// Ten people in four offices; the first four answer.
async fn answered() -> (Stage, Admin, DispatchId) {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    for (number, choice) in [(1, 1), (2, 1), (3, 2), (4, 4)] {
        let pressed = stage.post(&stage.link(dispatch, number), &format!("choice={choice}")).await;
        assert_eq!(pressed.status, StatusCode::SEE_OTHER);
    }
    let admin = stage.admin().await;
    (stage, admin, dispatch)
}

fn group(stage: &Stage, path: &[&str]) -> GroupId {
    stage.desk.read(|now| now.groups().by_path(hikyaku_dispatch::Side::Domestic, path.iter().copied()).unwrap())
}

/// The page without tags, so that numbers can be read next to their names.
fn text(html: &str) -> String {
    let body = html.split_once("<main id=\"main\">").unwrap().1;
    let mut inside = false;
    let text: String = body
        .chars()
        .filter_map(|c| match c {
            '<' => {
                inside = true;
                Some(' ')
            }
            '>' => {
                inside = false;
                None
            }
            c => (!inside).then_some(c),
        })
        .collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn req_a08_people_mails_answered_and_unanswered_are_counted_and_named_apart() {
    let (_stage, admin, dispatch) = answered().await;
    let page = admin.get(&format!("/dispatch/{}", dispatch.0)).await;
    assert_eq!(page.status, StatusCode::OK);
    let text = text(&page.html);
    assert!(text.contains("配信数 10 名"), "{text}");
    assert!(text.contains("受付済メール 0 /12通"), "{text}");
    assert!(text.contains("回答済 4 名 (40.0%)"), "{text}");
    assert!(text.contains("未回答 6 名"), "{text}");
    assert!(
        text.contains("無事・登庁可 2 20.0% 無事・登庁不可 1 10.0% 負傷 0 0.0% 支援が必要 1 10.0% 未回答 6 60.0%"),
        "{text}"
    );
}

#[tokio::test]
async fn req_a08_a_group_has_its_own_list_of_who_needs_help_curve_and_map() {
    let (stage, admin, dispatch) = answered().await;
    let part = group(&stage, &["架空省", OFFICES[0]]).0;
    let html = admin.get(&format!("/dispatch/{}?group={part}", dispatch.0)).await.html;
    let own = text(&html);
    assert!(own.contains("先に助けが要る人（支援が必要 1名） 飛脚 4郎 全員を見る"), "{own}");
    assert!(html.contains(&format!("/people?group={part}&amp;answer=3\">全員を見る")), "{html}");
    assert!(html.contains("回答の伸び。2名中1名。") && html.contains("延べ2名中1名"), "4郎 and 8郎: {html}");
    let other = group(&stage, &["架空省", OFFICES[1]]).0;
    let html = admin.get(&format!("/dispatch/{}?group={other}", dispatch.0)).await.html;
    assert!(!html.contains("飛脚 4郎") && !html.contains("先に助けが要る人"), "{html}");
    assert!(html.contains("回答の伸び。3名中1名。") && html.contains("延べ3名中1名"), "{html}");
}

#[tokio::test]
async fn req_a08_numbers_beside_each_other_are_of_one_moment_also_where_the_picture_is_a_moment_old() {
    let (stage, admin, dispatch) = answered().await;
    let path = format!("/dispatch/{}", dispatch.0);
    assert!(text(&admin.get(&path).await.html).contains("（支援が必要 1名）"));
    // Less than two seconds later: the picture is the one of before.
    for number in 5..=8 {
        stage.post(&stage.link(dispatch, number), "choice=4").await;
    }
    let later = text(&admin.get(&path).await.html);
    assert!(later.contains("（支援が必要 5名）") && later.contains("支援が必要 5 50.0%"), "{later}");
    assert!(later.contains("25% 0 秒 ・ 50% 到達 ・ 75% 到達") && later.contains("(80.0%)"), "{later}");
}

#[tokio::test]
async fn the_group_tree_opens_level_by_level_and_back() {
    let (stage, admin, dispatch) = answered().await;
    let top = admin.get(&format!("/dispatch/{}", dispatch.0)).await.html;
    for office in OFFICES {
        assert!(top.contains(&format!(">{office}</a>")), "an only root is opened at once: {office}");
    }
    assert!(!top.contains(SECTIONS[0]));
    let office = group(&stage, &["架空省", OFFICES[1]]);
    assert!(top.contains(&format!("/dispatch/{}?group={}", dispatch.0, office.0)));
    // People 1, 5 and 9 are in the second office; the first of them answered.
    let opened = admin.get(&format!("/dispatch/{}?group={}", dispatch.0, office.0)).await.html;
    let text = text(&opened);
    assert!(text.contains("配信数 3 名 回答済 1 名 (33.3%) 未回答 2 名"), "{text}");
    assert!(text.contains(&format!("全体 架空省 {}", OFFICES[1])), "{text}");
    assert!(text.contains(SECTIONS[0]) && text.contains(SECTIONS[2]), "{text}");
    assert!(!text.contains(OFFICES[2]), "{text}");
}

#[tokio::test]
async fn bars_have_a_text_alternative() {
    let (_stage, admin, dispatch) = answered().await;
    let html = admin.get(&format!("/dispatch/{}", dispatch.0)).await.html;
    let spoken = "aria-label=\"回答済 10名中4名 40.0%、無事・登庁可 2名、無事・登庁不可 1名、負傷 0名、支援が必要 1名、未回答 6名\"";
    assert!(html.contains(spoken), "{html}");
    assert_eq!(html.matches("role=\"img\"").count(), html.matches("role=\"img\" aria-label=\"").count());
}

#[tokio::test]
async fn numbers_stay_fresh_without_script_and_can_be_made_to_stand_still() {
    let (stage, admin, dispatch) = answered().await;
    let path = format!("/dispatch/{}", dispatch.0);
    let live = admin.get(&path).await.html;
    let refresh = format!("<noscript><meta http-equiv=\"refresh\" content=\"10;url={path}?live=1\"></noscript>");
    assert!(live.contains(&refresh), "{live}");
    assert!(live.contains(&format!("href=\"{path}?refresh=off\"")));
    let still = admin.get(&format!("{path}?refresh=off")).await.html;
    assert!(!still.contains("http-equiv=\"refresh\""));
    let office = group(&stage, &["架空省", OFFICES[0]]);
    assert!(still.contains(&format!("href=\"{path}?group={}&#38;refresh=off\"", office.0)), "stays still further down");
}

#[tokio::test]
async fn req_a29_no_address_and_no_link_is_on_the_pages_of_numbers() {
    let (stage, admin, dispatch) = answered().await;
    let office = group(&stage, &["架空省", OFFICES[1]]);
    for path in
        ["/".to_owned(), format!("/dispatch/{}", dispatch.0), format!("/dispatch/{}?group={}", dispatch.0, office.0)]
    {
        let html = admin.get(&path).await.html;
        assert!(!html.contains(".example") && !html.contains("/a/"), "{path}");
    }
}

#[tokio::test]
async fn the_list_has_the_newest_dispatch_first_and_marks_drills() {
    let stage = Stage::with_people(2).await;
    let admin = stage.admin().await;
    assert!(admin.get("/").await.html.contains("配信はまだありません"));
    let drill = stage.ask("drill", Mode::Drill, Question::safety()).await;
    let real = stage.ask("real", Mode::Real, Question::safety()).await;
    let html = admin.get("/").await.html;
    let place = |id: DispatchId| html.find(&format!("href=\"/dispatch/{}\"", id.0)).unwrap();
    assert!(place(real) < place(drill));
    assert!(html.contains("<span class=\"tag drill\">訓練</span>"));
    assert!(html.contains(TITLE));
    let opened = admin.get(&format!("/dispatch/{}", drill.0)).await.html;
    assert!(opened.contains("<body class=\"drill\"") && opened.contains("実際の災害ではありません"));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found_with_the_way_back() {
    let (_stage, admin, dispatch) = answered().await;
    for path in ["/dispatch/99".to_owned(), "/dispatch/x".to_owned(), format!("/dispatch/{}?group=999", dispatch.0)] {
        let page = admin.get(&path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.html.contains("href=\"/\""), "{path}");
    }
}

#[tokio::test]
async fn the_console_is_not_served_by_the_responder_router() {
    let (stage, _admin, dispatch) = answered().await;
    assert_eq!(stage.get(&format!("/dispatch/{}", dispatch.0)).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stage.get("/login").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_page_that_watches_hears_of_an_answer_to_an_older_dispatch_and_of_one_that_is_closed() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    for number in 0..6 {
        stage.ask(&format!("later {number}"), Mode::Real, Question::none()).await;
    }
    let admin = stage.admin().await;
    let request = Request::get("/live").header(header::COOKIE, &admin.cookie).body(Body::empty()).unwrap();
    let mut heard = admin.pages.clone().oneshot(request).await.unwrap().into_body();
    assert_eq!(stage.post(&stage.link(dispatch, 1), "choice=1").await.status, StatusCode::SEE_OTHER);
    assert!(word(&mut heard).await.starts_with("data:"), "the answer is told");
    let closed = admin.post(&format!("/dispatch/{}/close", dispatch.0), "").await;
    assert_eq!(closed.status, StatusCode::SEE_OTHER, "{}", closed.html);
    assert!(word(&mut heard).await.starts_with("data:"), "the end is told");
}

/// The next word of a stream.
async fn word(stream: &mut Body) -> String {
    let next = async {
        loop {
            let frame = stream.frame().await.unwrap().unwrap();
            let text = String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap();
            if text.starts_with("data:") {
                return text;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), next).await.unwrap()
}

#[tokio::test]
async fn req_r01_while_a_telegram_waits_for_the_journal_the_pages_tell_whom_a_rule_would_mail_and_how_to_send_it() {
    let (journal, keys, folder) =
        (Arc::new(MemoryJournal::new()), Keys::in_memory().unwrap(), tempfile::tempdir().unwrap());
    let first = Stage::with_keys(journal.clone(), keys.clone(), 10).await;
    let rule = Box::new(Rule::safety(RuleId(1), Intensity::SixLower));
    first.desk.command(JudgingCommand::SetRule { rule }, first.time()).await.unwrap();
    let outbox = Outbox::open(folder.path(), "osaka").unwrap();
    let desk = Desk::open_with(journal, keys, None, Some(outbox)).await.unwrap();
    let (now, mut foresight) = (first.time(), Foresight::new(desk.read(State::clone)));
    let told = foresight.hear(&quake("6+", now), Fate::Act, (now, now), now);
    assert_eq!(told.len(), 1);
    let clock = Arc::clone(&first.now);
    let web = WebState::with_clock(desk.clone(), Arc::new(move || *clock.lock().unwrap()));
    let quiet = Stage { desk: desk.clone(), web: web.clone(), ..first };
    let admin = quiet.admin().await;
    assert!(!admin.get("/").await.html.contains("まだ判定できていません"));
    let stage = Stage { web: web.waiting_on(Arc::new(move || told.clone())), ..quiet };
    let admin = stage.holder("duty", hikyaku_dispatch::Role::SystemAdministrator).await;
    for path in ["/", "/judgements"] {
        let page = admin.get(path).await.html;
        for words in ["まだ判定できていません", "10名", "/compose?rule=1", "ほかのサーバー"] {
            assert!(page.contains(words), "{path} lacks {words}: {page}");
        }
    }
    let form = admin.get("/compose?rule=1&waits=0").await.html;
    assert!(form.contains(r#"value="real" checked"#) && form.contains("石川県能登の地震"), "{form}");
    let other = admin.get("/compose?rule=1&waits=1").await.html;
    assert!(other.contains(r#"value="drill" checked"#), "what waits no more is not sent in earnest unasked: {other}");
}

#[tokio::test]
async fn req_a10_the_list_has_each_incident_once_with_its_dispatches_and_no_message_to_one_person() {
    let (stage, first) = Stage::asking(Mode::Real).await;
    let codes = stage.open_account_of("manager", Role::SystemAdministrator, Some(stage.person(9))).await;
    let manager = Visitor::new(stage.console()).log_in("manager", PASSWORD, &codes[0]).await;
    let office = group(&stage, &["架空省", OFFICES[1]]);
    let incident = stage.desk.read(|now| now.dispatch(first).unwrap().record().incident);
    let shock = DispatchDraft {
        incident: Some(incident),
        target: Target::Groups(vec![office]),
        ..DispatchDraft::safety("second", Mode::Real, "二度目の揺れ")
    };
    stage.desk.command(DispatchCommand::Open { draft: Box::new(shock) }, stage.time()).await.unwrap();
    let second = stage.desk.read(|now| now.latest_dispatch().unwrap().id());
    let again = manager.post(&format!("/dispatch/{}/resend?group={}", first.0, office.0), "").await;
    assert_eq!(again.status, StatusCode::SEE_OTHER, "{}", again.html);
    let said = format!("/dispatch/{}/person/{}/say", first.0, stage.person(1).0);
    assert_eq!(manager.post(&said, "after=0&text=ok").await.status, StatusCode::SEE_OTHER);
    let told = stage.desk.read(|now| now.latest_dispatch().unwrap().record().clone());
    assert!(told.is_message() && told.asked.len() == 1, "{told:?}");

    let other = stage.ask("other", Mode::Real, Question::none()).await;
    let html = manager.get("/").await.html;
    let titles: Vec<&str> = html.split("<h2>").skip(1).map(|it| it.split_once("</h2>").unwrap().0).collect();
    assert_eq!(titles.len(), 2, "one heading an incident: {html}");
    assert!(
        titles[0].contains(&format!("href=\"/dispatch/{}\">{TITLE}", first.0)),
        "what asks most comes first: {html}"
    );
    assert!(titles[1].contains(&format!("href=\"/dispatch/{}\"", other.0)), "what only tells comes later: {html}");
    assert!(html.contains("<ul class=\"facts\"><li>発生: 11月21日"), "{html}");
    let below = html.split_once("<h3>").unwrap().1;
    assert!(below.starts_with(&format!("<a href=\"/dispatch/{}\">二度目の揺れ</a></h3>", second.0)), "{below}");
    assert!(below.contains(&format!(">{} の未回答の人に再送</a>", OFFICES[1])), "{below}");
    assert_eq!(html.matches("href=\"/dispatch/").count(), 4, "the message is no row: {html}");

    manager.post(&format!("/dispatch/{}/close", first.0), "").await;
    let html = manager.get("/").await.html;
    let title = html.split_once("<h2>").unwrap().1.split_once("</h2>").unwrap().0;
    assert!(title.contains(&format!("href=\"/dispatch/{}\"", second.0)), "what can still be answered leads: {html}");
    assert!(html.contains("<ul class=\"others\"") && html.contains("終了"), "{html}");
}
