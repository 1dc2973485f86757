//! The responder pages over a real desk: what a phone gets and what is recorded.

use crate::stage::questions::with_further;
use crate::stage::{Stage, TITLE, encoded};
use aws_lc_rs::digest;
use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hikyaku_dispatch::{AnswerCommand, ChoiceId, DispatchId, Mode, PeopleCommand, Question, Via};
use jiff::SignedDuration;

const LANGS: [&str; 3] = ["ja", "easy", "en"];

#[tokio::test]
async fn req_a01_one_press_records_the_answer_and_the_thanks_page_says_what_and_when() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let first = stage.get(&link).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.html.contains(TITLE) && first.html.contains("震源: 石川県能登地方"));
    assert!(first.html.contains("飛脚 1郎 さん"));
    assert!(!first.html.contains("あなたの回答"));

    let pressed = stage.post(&link, &format!("comment={}&choice=2", encoded("徒歩で\r\n向かいます"))).await;
    assert_eq!(pressed.status, StatusCode::SEE_OTHER);
    assert_eq!(pressed.header("location"), format!("{link}/thanks?lang=ja"));

    let thanks = stage.get(pressed.header("location")).await;
    assert_eq!(thanks.status, StatusCode::OK);
    assert!(thanks.html.contains("回答を記録しました"));
    assert!(thanks.html.contains("無事・登庁不可"));
    assert!(thanks.html.contains("徒歩で\n向かいます"));
    assert!(thanks.html.contains("11月21日14時05分（日本時間）"));
    assert!(thanks.html.contains(&format!("href=\"{link}?lang=ja\"")));

    let again = stage.get(&link).await;
    assert!(again.html.contains("あなたの回答") && again.html.contains("変更できます"));
    assert!(again.html.contains("<button name=\"choice\" value=\"2\" class=\"on\">無事・登庁不可"));
}

#[tokio::test]
async fn a_get_answers_nothing_however_often_scanners_fetch_the_link() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let before = stage.desk.read(Clone::clone);
    for path in [link.clone(), format!("{link}?choice=1&lang=en"), format!("{link}/thanks"), format!("{link}?choice=4")]
    {
        stage.get(&path).await;
    }
    assert!(stage.desk.read(|now| *now == before), "nothing waits for the journal while a page is shown");
    stage.web.record_opened().await;
    let (person, versions) = (stage.person(1), stage.versions(1));
    assert!(versions == 0 && stage.desk.read(|now| !now.dispatch(dispatch).unwrap().has_answered(person)));
}

#[tokio::test]
async fn double_taps_at_the_same_moment_record_one_answer() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let (first, second, third) =
        tokio::join!(stage.post(&link, "choice=1"), stage.post(&link, "choice=1"), stage.post(&link, "choice=1"));
    for pressed in [first, second, third] {
        assert_eq!(pressed.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(stage.versions(1), 1);
}

#[tokio::test]
async fn a_changed_answer_counts_once_as_the_latest() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    stage.post(&link, "choice=1").await;
    stage.wait(SignedDuration::from_mins(2));
    stage.post(&link, "choice=4").await;
    let tally = stage.desk.read(|now| now.tally(dispatch));
    assert_eq!((tally.answered, tally.unanswered), (1, 9));
    assert_eq!(tally.by_choice[3].1, 1);
    assert!(stage.get(&link).await.html.contains("11月21日14時07分"));
}

#[tokio::test]
async fn req_a04_every_page_is_under_ten_kilobytes_without_script_or_cookie() {
    for mode in [Mode::Real, Mode::Drill, Mode::Test] {
        let (stage, dispatch) = Stage::asking(mode).await;
        let link = stage.link(dispatch, 1);
        let longest = encoded(&"震".repeat(500));
        stage.post(&link, &format!("choice=1&comment={longest}")).await;
        for lang in LANGS {
            for path in
                [format!("{link}?lang={lang}"), format!("{link}/thanks?lang={lang}"), format!("/a/x?lang={lang}")]
            {
                let page = stage.get(&path).await;
                assert!(page.html.len() <= 10_000, "{path}: {} bytes", page.html.len());
                for script in ["<script", "javascript:", "onclick", "onload", "onsubmit"] {
                    assert!(!page.html.contains(script), "{path}: {script}");
                }
                assert!(!page.headers.contains_key("set-cookie"));
            }
        }
    }
}

#[tokio::test]
async fn req_s01_nothing_is_stored_referred_framed_or_loaded_from_elsewhere() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let paths =
        [link.clone(), format!("{link}/thanks"), "/a/x".to_owned(), "/nowhere".to_owned(), "/healthz".to_owned()];
    let mut pages = vec![stage.post(&link, "choice=1").await, stage.post(&link, "").await];
    for path in paths {
        pages.push(stage.get(&path).await);
    }
    for page in pages {
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("x-frame-options"), "DENY");
        let policy = page.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"));
        for elsewhere in ["http:", "https:", "src=", "@import", "url("] {
            assert!(!page.html.contains(elsewhere), "{elsewhere}");
        }
    }
}

#[tokio::test]
async fn the_policy_admits_exactly_the_sheet_of_the_page() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    for path in [stage.link(dispatch, 1), "/tally".to_owned()] {
        let page = stage.get(&path).await;
        let (_, rest) = page.html.split_once("<style>").unwrap();
        let (sheet, _) = rest.split_once("</style>").unwrap();
        let hash = STANDARD.encode(digest::digest(&digest::SHA256, sheet.as_bytes()));
        assert!(page.header("content-security-policy").contains(&format!("style-src 'sha256-{hash}';")), "{path}");
        assert!(!page.html.contains(" style="), "{path}: the policy admits no style attribute");
    }
}

#[tokio::test]
async fn req_m04_a_drill_and_a_test_say_so_on_every_page_and_a_real_one_does_not() {
    for (mode, mark) in [(Mode::Drill, "これは訓練です"), (Mode::Test, "これはテストです")] {
        let (stage, dispatch) = Stage::asking(mode).await;
        let link = stage.link(dispatch, 1);
        assert!(stage.get(&link).await.html.contains(mark));
        assert!(stage.post(&link, "").await.html.contains(mark));
        stage.post(&link, "choice=1").await;
        assert!(stage.get(&format!("{link}/thanks")).await.html.contains(mark));
        let english = stage.get(&format!("{link}?lang=en")).await.html;
        assert!(english.contains("DRILL: this is only a drill") || english.contains("TEST: this is a system test"));
    }
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let html = stage.get(&stage.link(dispatch, 1)).await.html;
    assert!(!html.contains("訓練") && !html.contains("テスト") && !html.contains("class=\"mode\""));
}

#[tokio::test]
async fn each_language_is_one_tap_away_and_named_to_screen_readers() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let japanese = stage.get(&link).await.html;
    assert!(japanese.contains("<html lang=\"ja\">"));
    assert!(japanese.contains("href=\"?lang=easy\"") && japanese.contains("href=\"?lang=en\""));
    let english = stage.get(&format!("{link}?lang=en")).await.html;
    assert!(english.contains("<html lang=\"en\">") && english.contains("Safe, cannot come in"));
    assert!(english.contains(&format!("<h1 lang=\"ja\">{TITLE}</h1>")), "the facts stay Japanese and say so");
    let easy = stage.get(&format!("{link}?lang=easy")).await.html;
    assert!(easy.contains("たすけてください"));
    let pressed = stage.post(&format!("{link}?lang=en"), "choice=1").await;
    assert!(stage.get(pressed.header("location")).await.html.contains("Your answer is recorded"));
}

#[tokio::test]
async fn a_query_nobody_can_read_still_opens_the_page() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    for query in ["lang=en&lang=ja", "lang=%FF", "utm_source=x", "lang"] {
        assert_eq!(stage.get(&format!("{link}?{query}")).await.status, StatusCode::OK, "{query}");
    }
}

#[tokio::test]
async fn a_press_without_a_valid_choice_records_nothing_and_keeps_the_typed_text() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    for choice in ["", "choice=&", "choice=9&", "choice=safe&", "choice=999&"] {
        let page = stage.post(&link, &format!("{choice}comment=typed+text")).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{choice}");
        assert!(page.html.contains("role=\"alert\"") && page.html.contains("回答を1つ選んで"));
        assert!(page.html.contains("\ntyped text</textarea>"));
    }
    assert_eq!(stage.versions(1), 0);
}

#[tokio::test]
async fn an_overlong_comment_is_cut_off_with_the_limit_named_while_the_answer_stands() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let typed = "あ".repeat(501);
    let page = stage.post(&link, &format!("choice=4&comment={}", encoded(&typed))).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.html.contains("回答は記録しましたが、コメントが長すぎます"));
    assert!(page.html.contains("コメントは500文字までです"));
    assert!(page.html.contains(&format!("\n{typed}</textarea>")), "what was typed is still there to be shortened");
    let person = stage.person(1);
    let answer = stage.desk.read(|now| now.last_answer(dispatch, person).unwrap().clone());
    assert_eq!(answer.choice, ChoiceId(4));
    let comment = stage.desk.words(&[answer]).await.unwrap()[0].comment.clone();
    assert_eq!(comment.chars().count(), 500);
    assert!(comment.ends_with("（以下略）"));
}

#[tokio::test]
async fn a_form_too_large_to_read_is_refused_with_what_to_do() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let page = stage.post(&stage.link(dispatch, 1), &format!("choice=1&comment={}", "x".repeat(20_000))).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(page.html.contains("コメントを短くして"));
    assert_eq!(stage.versions(1), 0);
}

#[tokio::test]
async fn a_link_that_does_not_open_says_what_to_do_next() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let (other, _) = Stage::asking(Mode::Real).await;
    let stranger = stage.link(DispatchId(99), 1);
    let refused = [
        (link[..link.len() - 3].to_owned(), StatusCode::NOT_FOUND, "リンクが正しくありません"),
        ("/a/%FF".to_owned(), StatusCode::NOT_FOUND, "リンクが正しくありません"),
        (other.link(dispatch, 1), StatusCode::FORBIDDEN, "このリンクは確認できません"),
        (stranger, StatusCode::NOT_FOUND, "この安否確認は見つかりません"),
    ];
    for (path, status, head) in refused {
        for page in [stage.get(&path).await, stage.post(&path, "choice=1").await] {
            assert_eq!(page.status, status, "{path}");
            assert!(page.html.contains(head), "{path}");
            assert!(page.html.contains("次にすること") && page.html.contains("回答は記録していません"));
        }
    }
    let before = stage.desk.read(Clone::clone);
    stage.wait(SignedDuration::from_hours(24 * 31));
    for page in [stage.get(&link).await, stage.post(&link, "choice=1").await] {
        assert_eq!(page.status, StatusCode::GONE);
        assert!(page.html.contains("回答の受付は終わりました"));
    }
    assert!(stage.desk.read(|now| *now == before));
}

#[tokio::test]
async fn a_revoked_link_is_gone_and_the_new_one_opens() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let old = stage.link(dispatch, 1);
    stage.desk.command(PeopleCommand::RevokeLinks { person: stage.person(1) }, stage.time()).await.unwrap();
    let page = stage.get(&format!("{old}?lang=en")).await;
    assert_eq!(page.status, StatusCode::GONE);
    assert!(page.html.contains("This link is no longer valid"));
    assert_eq!(stage.get(&stage.link(dispatch, 1)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn req_s08_typed_markup_is_shown_as_text() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let attack = "</textarea><script>alert(1)</script>";
    stage.post(&link, &format!("choice=1&comment={}", encoded(attack))).await;
    for path in [link.clone(), format!("{link}/thanks")] {
        let html = stage.get(&path).await.html;
        assert!(!html.contains("<script"), "{path}");
        assert!(html.contains("script&#62;") || html.contains("script&gt;"), "{path}");
    }
}

#[tokio::test]
async fn a_question_without_comment_has_no_box_and_ignores_a_posted_comment() {
    let stage = Stage::with_people(1).await;
    let question = Question { comment_allowed: false, ..Question::safety() };
    let dispatch = stage.ask("plain", Mode::Real, question).await;
    let link = stage.link(dispatch, 1);
    assert!(!stage.get(&link).await.html.contains("<textarea"));
    assert_eq!(stage.post(&link, "choice=1&comment=x").await.status, StatusCode::SEE_OTHER);
    assert_eq!(stage.versions(1), 1);
}

#[tokio::test]
async fn an_answer_given_on_behalf_is_shown_as_such() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let person = stage.person(1);
    let command = AnswerCommand::Give {
        dispatch,
        person,
        choice: ChoiceId(3),
        comment: "電話で確認".to_owned(),
        details: Vec::new(),
        via: Via::Behalf,
    };
    stage.desk.command(command, stage.time()).await.unwrap();
    assert!(stage.get(&stage.link(dispatch, 1)).await.html.contains("負傷（管理者による代理回答）"));
}

#[tokio::test]
async fn the_thanks_page_of_somebody_who_has_not_answered_leads_to_the_question() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 1);
    let page = stage.get(&format!("{link}/thanks?lang=easy")).await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(page.header("location"), format!("{link}?lang=easy"));
}

#[tokio::test]
async fn req_a19_further_questions_come_once_the_answer_is_safe_and_only_to_whom_they_concern() {
    let stage = Stage::with_people(1).await;
    let dispatch = stage.ask("first", Mode::Real, with_further()).await;
    let link = stage.link(dispatch, 1);
    assert!(!stage.get(&link).await.html.contains("家族"), "one tap stays one tap");
    stage.post(&link, "choice=1").await;
    let thanks = stage.get(&format!("{link}/thanks")).await.html;
    assert!(
        thanks.contains("回答を記録しました") && thanks.contains("家族は無事") && !thanks.contains("現在地"),
        "{thanks}"
    );
    stage.post(&link, "choice=4").await;
    assert!(stage.get(&format!("{link}/thanks")).await.html.contains("現在地"));

    let sent = stage.post(&format!("{link}/more"), &format!("d1=2&d1=9&d2={}&d7=1", encoded("3階\r\nの会議室"))).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER);
    let details = async |stage: &Stage| {
        let person = stage.person(1);
        let answer = stage.desk.read(|now| now.last_answer(dispatch, person).unwrap().clone());
        stage.desk.words(&[answer]).await.unwrap().remove(0).details
    };
    let [family, place] = details(&stage).await.try_into().unwrap();
    assert_eq!((family.chosen, place.text.as_str()), (vec![ChoiceId(2)], "3階  の会議室"));
    let thanks = stage.get(&format!("{link}/thanks")).await.html;
    assert!(thanks.contains("value=\"3階  の会議室\"") && thanks.contains("value=\"2\" checked"), "{thanks}");
    assert!(thanks.len() <= 10 * 1024, "{} bytes", thanks.len());

    // A change of the answer keeps what still concerns it.
    stage.post(&link, "choice=1").await;
    assert_eq!(details(&stage).await.len(), 1);
    let admin = stage.admin().await;
    let person = admin.get(&format!("/dispatch/{}/person/{}", dispatch.0, stage.person(1).0)).await.html;
    assert!(person.contains("家族: 家族と連絡がとれない") && person.contains("現在地: 3階"), "{person}");
}

#[tokio::test]
async fn further_answers_without_an_answer_lead_to_the_question() {
    let stage = Stage::with_people(1).await;
    let dispatch = stage.ask("first", Mode::Real, with_further()).await;
    let link = stage.link(dispatch, 1);
    let led = stage.post(&format!("{link}/more"), "d1=1").await;
    assert_eq!((led.status, led.header("location")), (StatusCode::SEE_OTHER, format!("{link}?lang=ja").as_str()));
    assert_eq!(stage.versions(1), 0);
}

#[tokio::test]
async fn req_s22_every_answer_page_leads_to_how_data_are_used_in_its_language() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    for (lang, words) in
        [("ja", "安否の確認と連絡のためだけに"), ("easy", "だいじょうぶか"), ("en", "used only to find out")]
    {
        let page = stage.get(&format!("{}?lang={lang}", stage.link(dispatch, 1))).await;
        let address = format!("/privacy?lang={lang}");
        assert!(page.html.contains(&format!("<a href=\"{address}\">")), "{lang}");
        let notice = stage.get(&address).await;
        assert_eq!(notice.status, StatusCode::OK);
        assert!(notice.html.contains(words) && notice.html.len() < 10 * 1024, "{lang}: {}", notice.html);
    }
}
