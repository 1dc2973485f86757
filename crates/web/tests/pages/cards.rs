//! The link of somebody's own page on a card and by mail, without taking the links away that are there (A03, A31).

use axum::http::StatusCode;
use hikyaku_dispatch::{GroupId, LinkWay, PeopleCommand, PersonId, Role, Side};

use crate::stage::mail::Mail;
use crate::stage::{Admin, OFFICES, Stage, encoded};

const SITE: &str = "https://anpi.example";

fn office(stage: &Stage, name: &str) -> GroupId {
    stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", name]).unwrap())
}

fn token(stage: &Stage, person: PersonId) -> String {
    format!("{SITE}/p/{}", stage.desk.personal_token(person))
}

async fn with_mail(mail: &Mail) -> (Stage, Admin) {
    let stage = Stage::with_people(10).await.mailing(mail, SITE);
    stage.keep_time();
    let admin = stage.admin().await;
    (stage, admin)
}

/// What the journal of the console tells of links that were handed over.
async fn told(admin: &Admin) -> String {
    admin.get("/audit").await.html
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a03_a_card_is_printed_for_one_and_for_a_group_and_older_links_go_on() {
    let mail = Mail::open().await;
    let (stage, admin) = with_mail(&mail).await;
    let one = stage.person(4);
    let own = format!("/p/{}", stage.desk.personal_token(one));
    assert!(admin.get(&format!("/people/{}", one.0)).await.html.contains("カードを表示する"));
    let card = admin.post(&format!("/people/{}/card", one.0), "").await;
    assert_eq!(card.status, StatusCode::OK, "{}", card.html);
    assert!(card.html.contains("飛脚 4郎 さん") && card.html.contains("<svg class=\"qr\""), "{}", card.html);
    assert!(card.html.contains(&token(&stage, one)) && card.header("cache-control") == "no-store", "{}", card.html);
    assert_eq!(stage.get(&own).await.status, StatusCode::OK, "the link that was there opens");
    assert!(told(&admin).await.contains("の自分のページのリンクをカードに表示した"));

    let group = office(&stage, OFFICES[0]);
    let sheet = admin.post(&format!("/groups/{}/cards", group.0), "act=print").await;
    assert_eq!(sheet.html.matches("<svg class=\"qr\"").count(), 2, "4郎 and 8郎: {}", sheet.html);
    assert!(told(&admin).await.contains("2名 の自分のページのリンクをカードに表示した"));
    assert!(stage.desk.read(|now| now.people().find(stage.person(8)).unwrap().has_own_link));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a03_the_link_is_mailed_once_to_whom_it_never_went_at_every_address() {
    let mail = Mail::open().await;
    let (stage, admin) = with_mail(&mail).await;
    let group = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省"]).unwrap());
    let (page, post) = (format!("/groups/{}", group.0), format!("/groups/{}/cards", group.0));
    let handed = PeopleCommand::HandOutLinks { people: vec![stage.person(1)], way: LinkWay::Printed };
    stage.desk.command(handed, stage.time()).await.unwrap();
    assert!(admin.get(&page).await.html.contains("<b>9</b>名"));
    let sent = admin.post(&post, "act=mail").await;
    assert!(sent.html.contains("9名の全アドレスに"), "{}", sent.html);
    for address in ["person5@docomo.example", "second5@mail.example"] {
        let text = mail.text_to(address, "自分のページ").await;
        assert!(text.contains(&token(&stage, stage.person(5))) && text.contains("飛脚 5郎 さん"), "{text}");
    }
    assert!(told(&admin).await.contains("9名 の自分のページのリンクをメールで送った"));
    let rows = stage.rows().await;
    assert!(admin.post(&post, "act=mail").await.html.contains("まだ渡していない人はいません"));
    assert_eq!(stage.rows().await, rows, "nobody is mailed twice");

    let revoke = PeopleCommand::RevokeLinks { person: stage.person(2) };
    stage.desk.command(revoke, stage.time()).await.unwrap();
    assert!(admin.get(&page).await.html.contains("<b>1</b>名"), "whose link was taken away has none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a31_a_manager_hands_out_links_of_the_own_subtree_only() {
    let mail = Mail::open().await;
    let (stage, _) = with_mail(&mail).await;
    let manager = stage.holder("manager", Role::GroupManager(office(&stage, OFFICES[1]))).await;
    let (own, other) = (stage.person(1), stage.person(4));
    let before = stage.rows().await;
    let refused = manager.post(&format!("/people/{}/card", other.0), "").await;
    assert!(refused.status == StatusCode::FORBIDDEN && !refused.html.contains(SITE), "{}", refused.html);
    for act in ["act=print", "act=mail", &format!("act={}", encoded("x"))] {
        let refused = manager.post(&format!("/groups/{}/cards", office(&stage, OFFICES[0]).0), act).await;
        assert!(refused.status == StatusCode::FORBIDDEN && !refused.html.contains("/p/"), "{}", refused.html);
    }
    assert_eq!(stage.rows().await, before);
    let card = manager.post(&format!("/people/{}/card", own.0), "").await;
    assert!(card.html.contains(&token(&stage, own)), "{}", card.html);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_a03_ones_own_page_leads_to_a_card_within_ten_kilobytes_in_every_language() {
    let mail = Mail::open().await;
    let (stage, _) = with_mail(&mail).await;
    let page = format!("/p/{}", stage.desk.personal_token(stage.person(1)));
    assert!(stage.get(&page).await.html.contains(&format!("href=\"{page}/card?lang=ja\"")));
    for lang in ["ja", "easy", "en"] {
        let card = stage.get(&format!("{page}/card?lang={lang}")).await;
        assert!(
            card.html.contains("<svg class=\"qr\"") && card.html.contains(&format!("{SITE}{page}")),
            "{}",
            card.html
        );
        assert!(card.html.len() <= 10 * 1024, "{lang}: {} bytes", card.html.len());
    }
    assert_ne!(stage.get("/p/forged/card").await.status, StatusCode::OK);
}
