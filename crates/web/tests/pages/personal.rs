//! A person's own page: reporting without being asked, place, language, addresses (requirements A03, A06, A36).

use crate::stage::mail::Mail;
use crate::stage::{Stage, encoded};
use axum::http::StatusCode;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hikyaku_dispatch::{
    AddressCell, DispatchId, HealthState, Language, Mode, PeopleCommand, Question, RegisteredBy, RosterImport,
    RosterRow, Via,
};
use jiff::SignedDuration;

fn own_page(stage: &Stage, number: usize) -> String {
    format!("/p/{}", stage.desk.personal_token(stage.person(number)))
}

fn choice(stage: &Stage, dispatch: DispatchId, number: usize) -> Option<(u8, Via)> {
    let person = stage.person(number);
    stage.desk.read(|now| now.last_answer(dispatch, person).map(|it| (it.choice.0, it.via)))
}

#[tokio::test]
async fn req_a03_a_report_without_any_incident_is_recorded_and_shown_again() {
    let stage = Stage::with_people(2).await;
    let page = own_page(&stage, 1);
    let first = stage.get(&page).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.html.contains("飛脚 1郎 さん") && !first.html.contains("最後の報告"));
    let pressed = stage.post(&format!("{page}?lang=ja"), &format!("choice=3&comment={}", encoded("足を痛めた"))).await;
    assert_eq!(pressed.status, StatusCode::SEE_OTHER);
    let after = stage.get(pressed.header("location")).await.html;
    assert!(
        after.contains("報告を記録しました") && after.contains("<b>負傷</b>") && after.contains("足を痛めた"),
        "{after}"
    );
}

#[tokio::test]
async fn req_a36_a_report_is_the_answer_to_what_asks_afterwards_and_double_presses_are_one() {
    let stage = Stage::with_people(2).await;
    let page = own_page(&stage, 1);
    for _ in 0..3 {
        assert_eq!(stage.post(&page, "choice=1").await.status, StatusCode::SEE_OTHER);
    }
    stage.wait(SignedDuration::from_mins(8));
    let dispatch = stage.ask("first", Mode::Real, Question::safety()).await;
    assert_eq!(choice(&stage, dispatch, 1), Some((1, Via::SelfReport)));
    assert_eq!(stage.versions(1), 1);
    // Asked since: the same words again are a fresh sign of life.
    stage.post(&page, "choice=1").await;
    stage.post(&page, "choice=4").await;
    assert_eq!(choice(&stage, dispatch, 1), Some((4, Via::SelfReport)));
    assert_eq!(choice(&stage, dispatch, 2), None);
}

#[tokio::test]
async fn a_get_of_the_own_page_records_nothing() {
    let stage = Stage::with_people(1).await;
    let before = stage.desk.read(Clone::clone);
    let page = own_page(&stage, 1);
    for path in
        [page.clone(), format!("{page}?choice=1"), format!("{page}?done=report"), format!("{page}/place?region=1")]
    {
        stage.get(&path).await;
    }
    assert!(stage.desk.read(|now| *now == before));
}

#[tokio::test]
async fn a_revoked_page_an_answer_link_and_a_forged_token_open_nothing() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let page = own_page(&stage, 1);
    let answer = stage.link(dispatch, 1).replace("/a/", "/p/");
    assert_eq!(stage.get(&answer).await.status, StatusCode::NOT_FOUND);
    let mut forged = page.clone().into_bytes();
    forged[10] = if forged[10] == b'A' { b'B' } else { b'A' };
    let forged = String::from_utf8(forged).unwrap();
    assert_ne!(stage.get(&forged).await.status, StatusCode::OK);
    assert_ne!(stage.post(&forged, "choice=1").await.status, StatusCode::SEE_OTHER);
    let person = stage.person(1);
    stage.desk.command(PeopleCommand::RevokeLinks { person }, stage.time()).await.unwrap();
    for path in [page.as_str(), &format!("{page}/place"), &format!("{page}/language"), &format!("{page}/remove")] {
        let refused = if path == page { stage.get(path).await } else { stage.post(path, "region=17").await };
        assert_eq!(refused.status, StatusCode::GONE, "{path}");
    }
    assert_eq!(stage.get(&own_page(&stage, 1)).await.status, StatusCode::OK, "the new one opens");
}

#[tokio::test]
async fn req_a06_where_somebody_is_now_and_the_language_are_set_and_taken_back() {
    let stage = Stage::with_people(1).await;
    let page = own_page(&stage, 1);
    let set = stage.post(&format!("{page}/place"), "region=13&days=3").await;
    assert_eq!(set.status, StatusCode::SEE_OTHER);
    let person = stage.person(1);
    let is_there = |stage: &Stage| {
        let now = stage.time();
        let tokyo = "13".parse().unwrap();
        stage.desk.read(|state| state.people().find(person).unwrap().regions_at(now).any(|it| *it == tokyo))
    };
    assert!(is_there(&stage));
    assert!(stage.get(&page).await.html.contains("東京都～11月24日14時05分"));
    stage.wait(SignedDuration::from_hours(3 * 24));
    assert!(!is_there(&stage), "three days later it no longer holds");
    stage.post(&format!("{page}/place"), "region=13&days=30").await;
    stage.post(&format!("{page}/place"), "region=&days=1").await;
    assert!(!is_there(&stage));

    for region in ["48", "131", "x"] {
        stage.post(&format!("{page}/place"), "region=13&days=30").await;
        let refused = stage.post(&format!("{page}/place"), &format!("region={region}&days=1")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{region}");
        assert!(is_there(&stage), "{region} is on no list and changes nothing");
    }
    let none = stage.post(&page, "choice=9&comment=x").await;
    assert!(none.html.contains("回答を1つ選んで") && none.html.contains(">\nx</textarea>"), "{}", none.html);

    stage.post(&format!("{page}/language"), "language=en").await;
    assert_eq!(stage.desk.read(|state| state.people().find(person).unwrap().language), Language::English);
    assert!(stage.get(&page).await.html.contains("Your own page"), "in the person's language unless asked otherwise");
    assert!(stage.get(&format!("{page}?lang=ja")).await.html.contains("自分のページ"));
}

#[tokio::test]
async fn req_a07_regions_of_ones_own_are_added_kept_over_a_roster_and_removed() {
    let stage = Stage::with_people(1).await;
    let (page, person) = (own_page(&stage, 1), stage.person(1));
    let own = || stage.desk.read(|state| state.people().find(person).unwrap().own_regions.len());
    for region in ["27", "27", "13"] {
        let added = stage.post(&format!("{page}/region"), &format!("region={region}&days=1")).await;
        assert_eq!(added.status, StatusCode::SEE_OTHER, "{region}");
    }
    assert_eq!(own(), 2, "one that is there already is there once");
    assert!(stage.get(&page).await.html.contains("大阪府"));
    let row =
        RosterRow::new("S00001", "飛脚 1郎", vec![], vec!["01".parse().unwrap()], vec!["new@docomo.example".into()]);
    let import = PeopleCommand::Import(RosterImport::part(vec![row]));
    stage.desk.command(import, stage.time()).await.unwrap();
    let all = |stage: &Stage| stage.desk.read(|state| state.people().find(person).unwrap().all_regions().count());
    assert_eq!((own(), all(&stage)), (2, 3), "a roster changes its own regions only");
    for region in ["1", "2", "3", "4"] {
        stage.post(&format!("{page}/region"), &format!("region={region}")).await;
    }
    assert_eq!(own(), 5, "five at most");
    let refused = stage.post(&format!("{page}/region"), "region=9").await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.html.contains("5か所まで"));
    for form in ["region=", "region=48", ""] {
        assert_eq!(
            stage.post(&format!("{page}/region"), form).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{form}"
        );
    }
    let html = stage.get(&format!("{page}?lang=easy")).await.html;
    assert!(html.len() <= 10 * 1024, "{} bytes with five regions", html.len());
    stage.post(&format!("{page}/region"), "remove=27").await;
    assert_eq!(own(), 4);
}

#[tokio::test]
async fn req_a37_an_address_is_registered_by_a_tap_on_what_was_mailed_to_it_and_removed_by_its_owner_only() {
    let stage = Stage::with_people(1).await;
    let (page, person) = (own_page(&stage, 1), stage.person(1));
    let token = |minutes| {
        let until = stage.time() + SignedDuration::from_mins(minutes);
        stage.desk.address_token(person, "own@gmail.example", until)
    };
    let link = format!("/c/{}", token(60));
    let shown = stage.get(&link).await;
    assert!(shown.html.contains("***@gmail.example") && !shown.html.contains("own@"), "{}", shown.html);
    let told = URL_SAFE_NO_PAD.decode(link.trim_start_matches("/c/")).unwrap();
    assert!(!told.windows(3).any(|it| it == b"own"), "no address stands in a path, which proxies write down");
    let count = || stage.desk.read(|now| now.people().find(person).unwrap().addresses().len());
    assert_eq!(count(), 1, "a mail scanner that opens the link registers nothing");
    assert!(stage.post(&link, "").await.html.contains("アドレスを登録しました"));
    assert!(
        stage.get(&link).await.html.contains("受信しました"),
        "once it is registered, only whether mails arrive is asked"
    );
    assert!(stage.post(&link, "").await.html.contains("受信を確認しました"));
    assert_eq!(count(), 2, "pressed twice it is there once");
    let (by, health) = stage.desk.read(|now| {
        let whose = now.people().find(person).unwrap();
        let new = whose.addresses().last().unwrap();
        (new.by, now.address_health(whose, new).state)
    });
    assert_eq!((by, health), (RegisteredBy::Person, HealthState::Good));

    let html = stage.get(&page).await.html;
    assert!(html.contains("***@gmail.example#2") && !html.contains("own@"), "{html}");
    stage.post(&format!("{page}/remove"), "place=1").await;
    assert_eq!(count(), 2, "what the roster says stays");
    stage.post(&format!("{page}/remove"), "place=2").await;
    assert_eq!(count(), 1);

    let late = format!("/c/{}", token(-2));
    assert_eq!(stage.get(&late).await.status, StatusCode::GONE);
    assert_eq!(stage.post(&late, "").await.status, StatusCode::GONE);
    assert_eq!(count(), 1);
}

#[tokio::test]
async fn without_a_way_to_send_the_page_offers_none_and_a_posted_address_is_not_lost() {
    let stage = Stage::with_people(1).await;
    let page = own_page(&stage, 1);
    assert!(!stage.get(&page).await.html.contains("name=\"address\""));
    let refused = stage.post(&format!("{page}/address"), "address=a%40b.example").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.html.contains("送ることができません"), "{}", refused.html);
}

#[tokio::test]
async fn req_r05_the_own_page_fits_in_ten_kilobytes_in_every_language_and_needs_no_script() {
    let stage = Stage::with_people(5).await;
    let page = own_page(&stage, 5);
    stage.post(&page, &format!("choice=1&comment={}", encoded(&"あ".repeat(100)))).await;
    for lang in ["ja", "easy", "en"] {
        let page = stage.get(&format!("{page}?lang={lang}&done=report")).await;
        assert!(page.html.len() <= 10 * 1024, "{lang}: {} bytes", page.html.len());
        assert!(!page.html.contains("<script"));
        assert_eq!(page.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn req_r05_many_addresses_are_a_tap_away_and_the_own_page_stays_within_ten_kilobytes() {
    let mail = Mail::open().await;
    let stage = Stage::with_people(1).await.mailing(&mail, "https://anpi.example");
    let (page, person) = (own_page(&stage, 1), stage.person(1));
    let first = AddressCell::Kept { purpose: None, place: 1, domain: "docomo.example".into() };
    let address =
        |number| AddressCell::Written { purpose: None, address: format!("own{number}@long-name-{number}.example") };
    let register = PeopleCommand::RegisterAddresses {
        person,
        addresses: std::iter::once(first).chain((1..=19).map(address)).collect(),
    };
    stage.desk.command(register, stage.time()).await.unwrap();
    stage.post(&page, &format!("choice=1&comment={}", encoded(&"あ".repeat(500)))).await;
    for lang in ["ja", "easy", "en"] {
        let short = stage.get(&format!("{page}?lang={lang}&done=report")).await.html;
        assert!(short.len() <= 10_000, "{lang}: {} bytes", short.len());
        let whole = format!("{page}?lang={lang}&amp;all=1");
        assert!(short.contains(&format!("href=\"{whole}\"")) && short.contains("***@docomo.example#1"), "{short}");
        let all = stage.get(&whole.replace("&amp;", "&")).await.html;
        assert_eq!(all.matches("<button name=\"place\"").count(), 19, "{all}");
    }
    stage.post(&format!("{page}/remove"), "place=20").await;
    assert_eq!(stage.desk.read(|now| now.people().find(person).unwrap().addresses().len()), 19);
}

#[tokio::test]
async fn the_thanks_page_leads_to_the_own_page() {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    let link = stage.link(dispatch, 2);
    stage.post(&link, "choice=1").await;
    let thanks = stage.get(&format!("{link}/thanks")).await.html;
    assert!(thanks.contains(&format!("href=\"{}?lang=ja\"", own_page(&stage, 2))), "{thanks}");
}

#[tokio::test]
async fn req_a37_a_mail_goes_to_the_new_address_its_link_registers_it_and_the_other_addresses_hear_of_it() {
    const SITE: &str = "https://anpi.example";
    let mail = Mail::open().await;
    let stage = Stage::with_people(1).await.mailing(&mail, SITE);
    stage.keep_time();
    let (page, person) = (own_page(&stage, 1), stage.person(1));
    let count = || stage.desk.read(|now| now.people().find(person).unwrap().addresses().len());
    let misspelt = stage.post(&format!("{page}/address"), "address=own%40").await;
    assert_eq!(misspelt.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(misspelt.html.contains("value=\"own@\""), "what was typed is still there: {}", misspelt.html);
    let wished = stage.post(&format!("{page}/address"), "address=own%40gmail.example").await;
    assert_eq!(wished.status, StatusCode::SEE_OTHER, "{}", wished.html);
    assert!(stage.get(wished.header("location")).await.html.contains("確認のメールを送りました"));
    let text = mail.text_to("own@gmail.example", "登録する手続き").await;
    assert_eq!(count(), 1, "nothing is registered yet");
    let link = text.split_whitespace().find_map(|word| word.strip_prefix(SITE)).unwrap();
    assert!(link.starts_with("/c/") && text.contains("飛脚 1郎 さん"), "{text}");
    assert!(stage.post(link, "").await.html.contains("アドレスを登録しました"));
    assert_eq!(count(), 2);
    let told = mail.text_to("person1@docomo.example", "アドレスが追加されました").await;
    assert!(!told.contains("own@") && !told.contains(SITE), "it names no address and has no link: {told}");
}

#[tokio::test]
async fn req_a37_a_test_mail_to_oneself_goes_to_every_address_with_the_own_page_and_not_without_end() {
    const SITE: &str = "https://anpi.example";
    let mail = Mail::open().await;
    let stage = Stage::with_people(5).await.mailing(&mail, SITE);
    stage.keep_time();
    let page = own_page(&stage, 5);
    let tried = stage.post(&format!("{page}/test"), "").await;
    assert_eq!(tried.status, StatusCode::SEE_OTHER, "{}", tried.html);
    assert!(stage.get(tried.header("location")).await.html.contains("テストメールを送りました"));
    for address in ["person5@docomo.example", "second5@mail.example"] {
        let text = mail.text_to(address, "これはテストです").await;
        assert!(text.contains(&format!("{SITE}{page}")), "{text}");
    }
    for _ in 0..2 {
        assert_eq!(stage.post(&format!("{page}/test"), "").await.status, StatusCode::SEE_OTHER);
    }
    let over = stage.post(&format!("{page}/test"), "").await;
    assert_eq!(over.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(over.html.contains("続けて何度も送ることはできません"), "{}", over.html);
}
