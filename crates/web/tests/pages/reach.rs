//! What each role finds at the console: its own part and nothing beside it (requirements A05, A31, A33, O06).

use crate::stage;
use crate::stage::{Admin, OFFICES, Stage, encoded};
use axum::http::StatusCode;
use hikyaku_dispatch::{DispatchId, GroupId, Mode, Role, Side};

/// Ten people in four offices: two in 本省, three in 北海道局, three in 北陸地方局, two in 九州沖縄地方局; four answer.
async fn answered() -> (Stage, DispatchId) {
    let (stage, dispatch) = Stage::asking(Mode::Real).await;
    for (number, choice) in [(1, 4), (2, 4), (5, 1), (6, 2)] {
        let pressed = stage.post(&stage.link(dispatch, number), &format!("choice={choice}")).await;
        assert_eq!(pressed.status, StatusCode::SEE_OTHER);
    }
    (stage, dispatch)
}

fn office(stage: &Stage, place: usize) -> GroupId {
    let path = ["架空省", OFFICES[place]];
    stage.desk.read(|now| now.groups().by_path(Side::Domestic, path).unwrap())
}

fn name(number: usize) -> String {
    format!("飛脚 {number}郎")
}

#[tokio::test]
async fn req_a31_a_group_manager_finds_the_own_subtree_and_not_a_number_beside_it() {
    let (stage, dispatch) = answered().await;
    let manager = stage.holder("hokkaido", Role::GroupManager(office(&stage, 1))).await;
    let list = manager.get("/").await.html;
    assert!(list.contains("配信数 3名 ・ 回答済 2名 (66.6%)"), "{list}");
    let path = format!("/dispatch/{}", dispatch.0);
    let page = manager.get(&path).await;
    assert_eq!(page.status, StatusCode::OK);
    for there in ["担当の組織", &name(1), "延べ3名中2名"] {
        assert!(page.html.contains(there), "{there}: {}", page.html);
    }
    // Number 2 asked for help as well, in another office; mails are counted over all.
    for absent in [name(2).as_str(), OFFICES[2], "受付済メール", "中止する", "再送する"] {
        assert!(!page.html.contains(absent), "{absent}: {}", page.html);
    }
    let other = manager.get(&format!("{path}?group={}", office(&stage, 2).0)).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn req_a31_a_group_manager_finds_the_own_people_by_name_and_nobody_else() {
    let (stage, dispatch) = answered().await;
    let manager = stage.holder("hokkaido", Role::GroupManager(office(&stage, 1))).await;
    let path = format!("/dispatch/{}", dispatch.0);
    let people = manager.get(&format!("{path}/people")).await.html;
    assert!(people.contains("<b>3</b>名"), "{people}");
    for number in 1..=10 {
        let own = number % OFFICES.len() == 1;
        assert_eq!(people.contains(&format!(">{}<", name(number))), own, "{number}: {people}");
        let person = manager.get(&format!("{path}/person/{}", stage.person(number).0)).await.status;
        assert_eq!(person, if own { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{number}");
        let answer = format!("{path}/person/{}/answer", stage.person(number).0);
        let given = manager.post(&answer, "choice=1").await.status;
        assert_eq!(given, if own { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN }, "{number}");
    }
    let other = manager.get(&format!("{path}/people?group={}", office(&stage, 2).0)).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn req_a24_a_group_manager_finds_the_own_people_and_their_addresses_masked() {
    let stage = Stage::with_people(10).await;
    let manager = stage.holder("hokkaido", Role::GroupManager(office(&stage, 1))).await;
    let list = manager.get("/people").await.html;
    assert!(list.contains("<b>3</b>名") && !list.contains("person1@"), "{list}");
    for number in 1..=10 {
        let own = number % OFFICES.len() == 1;
        assert_eq!(list.contains(&format!(">{}<", name(number))), own, "{number}: {list}");
        let id = stage.person(number).0;
        let page = manager.get(&format!("/people/{id}")).await;
        assert_eq!(page.status, if own { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{number}");
        assert!(!page.html.contains("@docomo.example") || page.html.contains("***@docomo.example"));
        let placed = manager.post(&format!("/people/{id}/place"), "region=13&days=2").await;
        assert_eq!(placed.status, if own { StatusCode::SEE_OTHER } else { StatusCode::FORBIDDEN }, "{number}");
    }
    let id = stage.person(1).0;
    assert!(manager.get(&format!("/people/{id}")).await.html.contains("東京都（11月23日 14:05:00 まで）"));
    assert_eq!(manager.get("/people?q=S00005").await.html.matches("href=\"/people/").count(), 1);
    assert_eq!(manager.get("/people?q=S00002").await.html.matches("href=\"/people/").count(), 0, "not an own one");
    assert_eq!(manager.get(&format!("/people?q={}", encoded("脚5"))).await.html.matches("href=\"/people/").count(), 1);
    assert_eq!(manager.get("/people?addresses=none").await.html.matches("href=\"/people/").count(), 0);
    let bad = manager.post(&format!("/people/{id}/place"), "region=13&days=0").await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn req_a29_links_made_anew_open_and_the_old_ones_do_not() {
    let (stage, dispatch) = answered().await;
    let admin = stage.admin().await;
    let (old, own) = (stage.link(dispatch, 3), format!("/p/{}", stage.desk.personal_token(stage.person(3))));
    let made = admin.post(&format!("/people/{}/links", stage.person(3).0), "").await;
    assert_eq!(made.status, StatusCode::SEE_OTHER);
    for link in [old, own] {
        assert_eq!(stage.get(&link).await.status, StatusCode::GONE, "{link}");
    }
    assert_eq!(stage.get(&stage.link(dispatch, 3)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn req_o03_every_bulletin_is_listed_with_what_it_led_to_and_why() {
    let stage = Stage::with_people(10).await;
    let duty = stage.holder("duty", Role::DutyOperator).await;
    assert!(duty.get("/judgements").await.html.contains("まだ情報を受け取っていません"));
    stage.quake("5+").await;
    let page = duty.get("/judgements").await.html;
    assert!(page.contains("<b>1</b>件") && page.contains("対象なし"), "{page}");
    assert!(duty.get("/judgements?acted=1").await.html.contains("<b>0</b>件"));
}

#[tokio::test]
async fn req_a33_who_sees_numbers_only_finds_no_name_and_no_way_to_one() {
    let (stage, dispatch) = answered().await;
    let path = format!("/dispatch/{}", dispatch.0);
    for role in [Role::Approver, Role::DutyOperator, Role::Auditor(Side::Domestic)] {
        let viewer = stage.holder(&format!("{:?}", role.kind()).to_lowercase(), role).await;
        let page = viewer.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{role:?}");
        assert!(page.html.contains("支援が必要 2名"), "the number in need is known: {}", page.html);
        assert!(!page.html.contains("飛脚"), "{role:?}: {}", page.html);
        assert!(!page.html.contains("/people"), "{role:?}: {}", page.html);
        assert_eq!(viewer.get(&format!("{path}/people")).await.status, StatusCode::FORBIDDEN);
        assert_eq!(viewer.get(&format!("{path}/person/{}", stage.person(1).0)).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn req_a05_a_group_sender_sends_to_the_own_groups_and_takes_it_back_and_is_refused_everybody() {
    let (stage, dispatch) = answered().await;
    let own = office(&stage, 1);
    let sender = stage.holder("sender", Role::GroupSender(own)).await;
    let form = sender.get("/compose").await.html;
    assert!(form.contains(OFFICES[1]) && !form.contains(OFFICES[2]), "{form}");
    assert!(!form.contains("name=\"everyone\"") && !form.contains("name=\"region\""), "{form}");

    let form = |to: &str| {
        let text = encoded("{name} {link}");
        format!(
            "key=k1&mode=drill&title={}&subject={}&text={text}&asks=safety&{to}",
            encoded("訓練"),
            encoded("{title}")
        )
    };
    for to in [
        "everyone=1".to_owned(),
        format!("group={}", office(&stage, 2).0),
        format!("group={}&group={}", own.0, office(&stage, 2).0),
        "region=17".to_owned(),
        "numbers=S00002".to_owned(),
    ] {
        for path in ["/compose/preview", "/compose/send"] {
            let refused = sender.post(path, &form(&to)).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path} {to}");
            assert!(!refused.html.contains("飛脚"), "{path} {to}: {}", refused.html);
        }
    }
    let to = format!("group={}", own.0);
    let count = sender.post("/compose/count", &to).await;
    assert_eq!(
        (count.status, count.html.as_str()),
        (StatusCode::OK, "いまの宛先: 3名（メール 4通）。選び方: 架空省/北海道局とその下")
    );
    assert_eq!(sender.post("/compose/count", "everyone=1").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let preview = sender.post("/compose/preview", &form(&to)).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.html);
    assert_eq!(sender.post("/compose/send", &form(&to)).await.status, StatusCode::SEE_OTHER);
    assert!(stage.desk.read(|now| now.scheduled("k1").is_some()));
    sender.post("/compose/sent/k1", "").await;
    assert!(stage.desk.read(|now| now.scheduled("k1").is_none()), "taken back");

    let again = |group: GroupId| format!("/dispatch/{}/resend?group={}", dispatch.0, group.0);
    assert_eq!(sender.post(&again(office(&stage, 2)), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(sender.post(&format!("/dispatch/{}/resend", dispatch.0), "").await.status, StatusCode::FORBIDDEN);
    let sent = sender.post(&again(own), "").await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let asked = stage.desk.read(|now| now.latest_dispatch().unwrap().asked().collect::<Vec<_>>());
    assert_eq!(asked, [stage.person(9)], "whoever of the office has not answered");

    let page = sender.get(&format!("/dispatch/{}", dispatch.0)).await.html;
    assert!(page.contains("の未回答の人に再送: ") && page.contains("（1名）</a>"), "{page}");
    let other = stage.holder("other", Role::GroupSender(office(&stage, 2))).await;
    let page = other.get(&format!("/dispatch/{}", dispatch.0)).await.html;
    assert!(!page.contains("の未回答の人に再送"), "that is of another group: {page}");
}

#[tokio::test]
async fn what_is_pressed_twice_is_sent_again_and_said_once() {
    let (stage, dispatch) = answered().await;
    let manager = stage.open_account_of("manager", Role::SystemAdministrator, Some(stage.person(9))).await;
    let manager = stage::Visitor::new(stage.console()).log_in("manager", stage::PASSWORD, &manager[0]).await;
    let (again, said) = (
        format!("/dispatch/{}/resend", dispatch.0),
        format!("/dispatch/{}/person/{}/say", dispatch.0, stage.person(1).0),
    );
    assert!(manager.get(&again).await.html.contains("name=\"after\" value=\"0\""));
    for _ in 0..2 {
        assert_eq!(manager.post(&again, "after=0").await.status, StatusCode::SEE_OTHER);
        assert_eq!(manager.post(&said, "after=0&text=ok").await.status, StatusCode::SEE_OTHER);
    }
    let rounds = || stage.desk.read(|now| now.dispatch(dispatch).unwrap().rounds().len());
    let page = format!("/dispatch/{}/person/{}", dispatch.0, stage.person(1).0);
    let messages = async || manager.get(&page).await.html.matches("<p class=\"say\">ok</p>").count();
    assert_eq!((rounds(), messages().await), (1, 1));
    manager.post(&again, "after=1").await;
    manager.post(&said, "after=1&text=ok").await;
    assert_eq!((rounds(), messages().await), (2, 2), "from a page that shows the first one it is another");
    let link = format!("{}/say", stage.link(dispatch, 1));
    for _ in 0..2 {
        assert_eq!(stage.post(&link, "after=2&text=ok").await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(messages().await, 3);
}

#[tokio::test]
async fn req_o06_the_overseas_side_finds_nothing_of_the_domestic_one() {
    let (stage, dispatch) = answered().await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    assert!(overseas.get("/").await.html.contains("配信はまだありません"));
    assert_eq!(overseas.get(&format!("/dispatch/{}", dispatch.0)).await.status, StatusCode::NOT_FOUND);
    let people = overseas.get(&format!("/dispatch/{}/people", dispatch.0)).await.html;
    assert!(!people.contains("飛脚"), "{people}");
}

#[tokio::test]
async fn req_o06_each_side_sends_to_its_own_people_and_stops_only_its_own() {
    let (stage, dispatch) = answered().await;
    stage.overseas_group().await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    let form = overseas.get("/compose").await.html;
    assert!(form.contains("大使館") && !form.contains(OFFICES[1]), "{form}");
    let text = encoded("{name} {link}");
    let form = format!(
        "key=k1&mode=drill&title={}&subject={}&text={text}&asks=safety&everyone=1",
        encoded("訓練"),
        encoded("{title}")
    );
    let preview = overseas.post("/compose/preview", &form).await;
    assert!(preview.html.contains("海外 一郎") && !preview.html.contains("飛脚"), "{}", preview.html);
    assert_eq!(overseas.post(&format!("/dispatch/{}/cancel", dispatch.0), "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(overseas.post(&format!("/dispatch/{}/resend", dispatch.0), "").await.status, StatusCode::FORBIDDEN);
    assert!(stage.desk.read(|now| !now.dispatch(dispatch).unwrap().is_cancelled()));
}

/// What stands in the menu.
async fn menu(viewer: &Admin) -> Vec<String> {
    let html = viewer.get("/").await.html;
    let nav =
        html.split_once("<nav class=\"broad\" aria-label=\"メニュー\">").unwrap().1.split_once("</nav>").unwrap().0;
    let links = nav.split("href=\"").skip(1);
    links.map(|link| link.split_once('"').unwrap().0.to_owned()).collect()
}

#[tokio::test]
async fn req_a31_the_menu_has_what_the_viewer_may_open_and_each_of_its_pages_opens() {
    let (stage, _) = answered().await;
    let roles = [
        (Role::SystemAdministrator, 12),
        (Role::Approver, 7),
        (Role::DutyOperator, 7),
        (Role::GroupManager(office(&stage, 1)), 3),
        (Role::GroupSender(office(&stage, 1)), 3),
        (Role::Auditor(Side::Domestic), 7),
    ];
    for (role, links) in roles {
        let viewer = stage.holder(&format!("{:?}", role.kind()).to_lowercase(), role).await;
        let menu = menu(&viewer).await;
        assert_eq!(menu.len(), links, "{role:?}: {menu:?}");
        for path in menu {
            // The stage has no engine, so the lanes are a page that says so.
            assert_ne!(viewer.get(&path).await.status, StatusCode::FORBIDDEN, "{role:?}: {path}");
        }
    }
}
