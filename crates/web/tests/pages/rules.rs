//! Rules at the console: read, checked, changed only after they were looked at, tried with a telegram (requirements A11, A13).

use crate::stage::forms::Filled;
use crate::stage::{Stage, encoded};
use axum::http::StatusCode;
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{Hold, JudgingCommand, Role, Rule, RuleId, Sending, Side, Unattended};

/// One rule for 震度６弱 that waits for the first person of the roster.
pub async fn ruled() -> Stage {
    let stage = Stage::with_people(10).await;
    let approvers = vec![stage.person(1)];
    let hold = Hold { approvers, duty: Vec::new(), minutes: 10, unattended: Unattended::Drop };
    let rule = Rule { sending: Sending::Hold(hold), ..Rule::safety(RuleId(1), Intensity::SixLower) };
    stage.desk.command(JudgingCommand::SetRule { rule: Box::new(rule) }, stage.time()).await.unwrap();
    stage
}

fn threshold(stage: &Stage) -> String {
    stage.desk.read(|state| state.rules()[&RuleId(1)].condition.to_string())
}

#[tokio::test]
async fn a_rule_is_read_in_words_and_names_are_for_those_who_may_know_them() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let list = admin.get("/rules").await.html;
    assert!(
        list.contains("震度６弱以上")
            && list.contains("承認を待つ")
            && list.contains("点検: 問題は見つかりませんでした")
    );
    let page = admin.get("/rules/1").await.html;
    for there in ["10分以内に判断がなければ送信しない", "飛脚 1郎", "無事・登庁可 ／", "条件・送信・催促を変える"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
    let duty = stage.holder("duty", Role::DutyOperator).await;
    let page = duty.get("/rules/1").await.html;
    assert!(
        page.contains("承認者 1名") && !page.contains("飛脚") && !page.contains("条件・送信・催促を変える"),
        "{page}"
    );
}

#[tokio::test]
async fn what_was_typed_over_a_rule_is_shown_before_and_after_and_holds_only_once_it_is_applied() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let typed = Filled::of(&admin.get("/rules/1").await.html, "/rules/1")
        .with("name", "震度５弱以上")
        .with("condition", "shaking-5-")
        .with("sending", "hold-send")
        .with("remind_minutes", "30")
        .with("remind_times", "３")
        .with("escalation_minutes", "60");
    let preview = admin.post("/rules/1", &typed.body()).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.html);
    for there in ["震度６弱以上", "震度５弱以上", "30分ごとに3回まで再送", "60分たっても回答がない人"]
    {
        assert!(preview.html.contains(there), "{there}: {}", preview.html);
    }
    assert_eq!(threshold(&stage), "震度６弱以上", "looking changes nothing");
    let document = admin.get("/rules/export").await.html.replace("\"6-\"", "\"5-\"");
    let applied = admin.post("/rules/apply", &format!("document={}", encoded(&document))).await;
    assert_eq!(applied.status, StatusCode::SEE_OTHER, "{}", applied.html);
    assert_eq!(threshold(&stage), "震度５弱以上");
    assert_eq!(stage.desk.read(|state| state.rules().len()), 1, "the others stay");
}

#[tokio::test]
async fn a_document_that_cannot_be_taken_says_where_and_changes_nothing() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let exported = admin.get("/rules/export").await;
    assert_eq!(exported.header("content-disposition"), "attachment; filename=\"rules.json\"");
    let same = admin.upload("/rules/preview", exported.html.as_bytes(), &[]).await;
    assert!(same.html.contains("変わるところはありません"), "{}", same.html);
    let broken = admin.upload("/rules/preview", b"{\"rules\": [}", &[]).await;
    assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(broken.html.contains("1行目"), "{}", broken.html);
    let unasked =
        exported.html.replace("\"aim\": \"Safety\"", "\"aim\": \"Information\"").replace("{link}", "{no_such}");
    let refused = admin.upload("/rules/preview", unasked.as_bytes(), &[]).await;
    assert!(refused.html.contains("受け付けられません"), "{}", refused.html);
    assert_eq!(admin.upload("/rules/preview", b"  ", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn req_s03_a_change_of_rules_asks_for_password_and_code_again_and_loses_nothing() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let document = admin.get("/rules/export").await.html.replace("\"6-\"", "\"5-\"");
    stage.wait(jiff::SignedDuration::from_mins(11));
    let page = admin.post("/rules/apply", &format!("document={}", encoded(&document))).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.html.contains("再確認が必要") && page.html.contains("震度５弱以上"), "{}", page.html);
    assert_eq!(threshold(&stage), "震度６弱以上");
}

#[tokio::test]
async fn req_o06_rules_of_the_other_half_are_neither_shown_nor_taken() {
    let stage = ruled().await;
    stage.overseas_group().await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    assert!(!overseas.get("/rules").await.html.contains("震度６弱以上"));
    assert_eq!(overseas.get("/rules/1").await.status, StatusCode::NOT_FOUND);
    let document = stage.admin().await.get("/rules/export").await.html;
    let refused = overseas.upload("/rules/preview", document.as_bytes(), &[]).await;
    assert!(refused.html.contains("担当の外"), "{}", refused.html);
    let moved = document.replace(&format!("\"{:?}\"", Side::Domestic), &format!("\"{:?}\"", Side::Overseas));
    assert!(overseas.upload("/rules/preview", moved.as_bytes(), &[]).await.html.contains("担当の外"));
}

#[tokio::test]
async fn a_stored_telegram_says_who_would_get_what_and_nothing_is_sent() {
    let stage = ruled().await;
    let admin = stage.admin().await;
    let reached = admin.upload("/rules/trial", b"quake 6-", &[]).await;
    assert_eq!(reached.status, StatusCode::OK, "{}", reached.html);
    for there in ["承認待ち", "承認を待つ: 10名", "【安否確認】", "飛脚 1郎"] {
        assert!(reached.html.contains(there), "{there}: {}", reached.html);
    }
    assert!(admin.upload("/rules/trial", b"quake 4", &[]).await.html.contains("誰にも送りません"));
    let form = admin.get("/rules/trial").await.html;
    assert!(form.contains("<option value=\"0\">架空の震度６弱</option>"), "{form}");
    let sampled = admin.upload_with("/rules/trial", b"", &[("sample", "0")]).await;
    assert!(sampled.html.contains("承認を待つ") && sampled.html.contains("10"), "{}", sampled.html);
    for nothing in ["", "1", "x"] {
        let page = admin.upload_with("/rules/trial", b" ", &[("sample", nothing)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{nothing}");
    }
    let own = admin.upload_with("/rules/trial", b"quake 4", &[("sample", "0")]).await;
    assert!(own.html.contains("誰にも送りません"), "a file goes before the sample: {}", own.html);
    let unread = admin.upload("/rules/trial", b"<html>", &[]).await;
    assert!(unread.html.contains("電文として読めません: no telegram"), "{}", unread.html);
    let (judged, waits) = stage.desk.read(|state| (state.judgements().len(), state.waiting().count()));
    assert_eq!((judged, waits), (0, 0));
    let duty = stage.holder("duty", Role::DutyOperator).await;
    assert!(!duty.upload("/rules/trial", b"quake 6-", &[]).await.html.contains("飛脚"), "numbers only");
}

#[tokio::test]
async fn req_r02_a_source_that_is_not_well_is_marked_with_what_to_do() {
    let stage = Stage::with_people(2).await;
    stage.quake("5+").await;
    let page = stage.holder("duty", Role::DutyOperator).await.get("/feeds").await.html;
    for there in ["2か所のうち 1か所に問題", "続けて 7 回取得できません", "高頻度（地震火山）", "対象なし"]
    {
        assert!(page.contains(there), "{there}: {page}");
    }
}
