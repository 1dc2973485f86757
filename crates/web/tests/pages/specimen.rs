//! The mail as it is looked at before it is sent is the mail that goes out (A17).

use axum::http::StatusCode;
use hikyaku_dispatch::{DispatchCommand, MailTemplate};
use jiff::SignedDuration;

use crate::stage::forms::plain;
use crate::stage::mail::Mail;
use crate::stage::{self, Stage, Visitor, encoded};

/// Where links lead.
const SITE: &str = "https://anpi.example";

/// What a preview shows as the text of the mail.
fn shown(html: &str) -> String {
    let (_, text) = html.split_once("<div class=\"mail\">").unwrap().1.split_once("<p class=\"say\">").unwrap();
    plain(text.split_once("</p>").unwrap().0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a17_the_text_that_is_looked_at_is_the_text_that_one_person_is_sent() {
    let mail = Mail::open().await;
    let stage = Stage::with_people(1).await.mailing(&mail, SITE);
    let codes = stage.open_account("admin").await;
    let admin = Visitor::new(stage.console()).log_in("admin", stage::PASSWORD, &codes[0]).await;
    let MailTemplate { subject, text } = MailTemplate::safety();
    let fields = [
        ("key", "web-1"),
        ("mode", "drill"),
        ("title", "徒歩帰宅訓練 {甲}"),
        ("facts", "14時に地震が起きた想定です。\n<急がず> & {落ち着いて}。"),
        ("subject", &subject),
        ("text", &format!("{text}{{{{かっこ}}}}\n")),
        ("asks", "safety"),
        ("everyone", "1"),
    ];
    let wish = fields.map(|(name, value)| format!("{name}={}", encoded(value))).join("&");
    let preview = admin.post("/compose/preview", &wish).await;
    assert!(preview.html.contains("【訓練】【安否確認】徒歩帰宅訓練"), "{}", preview.html);
    let looked_at = shown(&preview.html);
    assert!(looked_at.starts_with("これは訓練です。") && looked_at.contains("番号だけを書いて返信"), "{looked_at}");
    assert!(!looked_at.contains("\n\n\n"), "no line is left where nothing is said of the own place: {looked_at}");

    let sent = admin.post("/compose/send", &wish).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    stage.wait(SignedDuration::from_secs(11));
    stage.desk.command(DispatchCommand::Start { key: "web-1".into() }, stage.time()).await.unwrap();
    let dispatch = stage.desk.read(|now| now.latest_dispatch().unwrap().id());
    mail.carry(&stage.desk, dispatch, stage.time()).await;
    let arrived = mail.text_to("person1@docomo.example", "訓練").await;
    let token = stage.desk.link_token(dispatch, stage.person(1));
    let hidden = arrived.replace("\r\n", "\n").replace(&token, "（本人専用の回答ページ）");
    assert_ne!(hidden, arrived, "it has the own link");
    assert_eq!(hidden.trim_end(), looked_at.trim_end());
}
