//! What a manager does about a dispatch and its people, in a real browser: on a phone without a script, at a desk with one.

use hikyaku_dispatch::{Brake, ChoiceId, DispatchId, Mode, PersonId, Question, Role, Side, Via};

use super::chrome::{DESKTOP, PLAIN_PHONE};
use super::stage::OFFICES;
use super::stage::questions::with_further;
use super::{House, OPEN_ALL, seen};

/// Who answered what, and by which way.
fn answered(house: &House, dispatch: DispatchId, person: PersonId) -> Option<(u8, Via)> {
    house.stage.desk.read(|now| now.last_answer(dispatch, person).map(|it| (it.choice.0, it.via)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_manager_and_somebody_write_to_each_other_and_what_was_heard_by_telephone_is_recorded() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(10).await;
        let dispatch = house.stage.ask("first", Mode::Real, with_further()).await;
        let (somebody, manager, other) = (house.stage.person(1), house.stage.person(2), house.stage.person(3));
        house.codes = house.stage.open_account_of("manager", Role::SystemAdministrator, Some(manager)).await;
        let mut chrome = house.logged_in_as("manager", screen).await;
        let page = |console: &str, person: PersonId| format!("{console}/dispatch/{}/person/{}", dispatch.0, person.0);
        chrome.go(&page(&house.console, somebody)).await;
        chrome.fill("#text", "いまどこにいますか。").await;
        chrome.press("form[action$='/say'] button").await;
        assert!(chrome.text().await.contains("いまどこにいますか。"), "{}", chrome.text().await);
        chrome.go(&format!("{}{}", house.answers, house.stage.link(dispatch, 1))).await;
        let text = chrome.text().await;
        assert!(text.contains("いまどこにいますか。") && !text.contains("飛脚 2郎"), "no name but one's own: {text}");
        seen(&mut chrome, "answer-thread").await;
        chrome.fill("#s", "3階の会議室です。").await;
        chrome.press("form[action*='/say'] button").await;
        assert!(chrome.text().await.contains("3階の会議室です。"), "{}", chrome.text().await);
        chrome.press("button[name=choice][value='4']").await;
        assert!(chrome.text().await.contains("回答を記録しました"), "{}", chrome.text().await);
        seen(&mut chrome, "thanks-further").await;
        chrome.tick("input[name=d1][value='2']").await;
        chrome.fill("input[name=d2]", "庁舎の3階").await;
        chrome.press("form[action*='/more'] button").await;
        let answer = house.stage.desk.read(|now| now.last_answer(dispatch, somebody).unwrap().clone());
        let details = house.stage.desk.words(&[answer]).await.unwrap().remove(0).details;
        assert_eq!((details[0].chosen[0], details[1].text.as_str()), (ChoiceId(2), "庁舎の3階"));
        chrome.go(&page(&house.console, somebody)).await;
        let text = chrome.text().await;
        assert!(text.contains("3階の会議室です。") && text.contains("現在地: 庁舎の3階"), "{text}");
        seen(&mut chrome, "person-thread").await;
        chrome.go(&page(&house.console, other)).await;
        chrome.run(OPEN_ALL).await;
        chrome.tick("input[name=choice][value='3']").await;
        chrome.fill("#comment", "電話で聞いた").await;
        chrome.press("form[action$='/answer'] button").await;
        let text = chrome.text().await;
        assert!(text.contains("代理回答") && text.contains("電話で聞いた"), "{text}");
        seen(&mut chrome, "person-behalf").await;
        let both = [somebody, other].map(|person| answered(&house, dispatch, person));
        assert_eq!(both, [Some((4, Via::Link)), Some((3, Via::Behalf))]);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_dispatch_is_closed_and_another_is_cancelled() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(10).await;
        let closed = house.asked("closed", Mode::Drill).await;
        let cancelled = house.asked("cancelled", Mode::Drill).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/dispatch/{}", house.console, closed.0)).await;
        chrome.run(OPEN_ALL).await;
        chrome.press("form[action$='/close'] button").await;
        assert!(chrome.text().await.contains("終了"), "{}", chrome.text().await);
        seen(&mut chrome, "dispatch-closed").await;
        chrome.go(&format!("{}/dispatch/{}", house.console, cancelled.0)).await;
        chrome.run(OPEN_ALL).await;
        chrome.press("form[action$='/cancel'] button").await;
        assert!(chrome.text().await.contains("中止"), "{}", chrome.text().await);
        seen(&mut chrome, "dispatch-cancelled").await;
        let ends = house.stage.desk.read(|now| {
            let [closed, cancelled] = [closed, cancelled].map(|id| now.dispatch(id).unwrap());
            (closed.is_closed(), cancelled.is_closed(), cancelled.is_cancelled())
        });
        assert_eq!(ends, (true, false, true));
        chrome.go(&format!("{}{}", house.answers, house.stage.link(closed, 3))).await;
        let text = chrome.text().await;
        assert!(text.contains("回答の受付は終わりました"), "{text}");
        seen(&mut chrome, "answer-closed").await;
        house.end(chrome);
    }
}

/// A field or button of the forms about a carrier.
fn of(carrier: &str, what: &str) -> String {
    format!("form:has(input[name=carrier][value={carrier}]) {what}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_carrier_is_stopped_held_to_a_pace_and_let_go_on() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(20).await;
        let dispatch = house.stage.ask("first", Mode::Real, Question::safety()).await;
        house.carried(dispatch).await;
        let brakes = |house: &House| house.stage.desk.read(|now| now.brakes().clone());
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/delivery", house.console)).await;
        let text = chrome.text().await;
        assert!(text.contains("docomo") && text.contains("20通") && text.contains("停止中"), "{text}");
        chrome.run(OPEN_ALL).await;
        seen(&mut chrome, "delivery-lanes").await;
        chrome.press(&of("docomo", "button[value=pause]")).await;
        assert!(chrome.text().await.contains("docomo への送信を再開する"), "{}", chrome.text().await);
        assert_eq!(brakes(&house)["docomo"], Brake { paused: true, per_1000_s: None });
        let at_most = |most: &str| {
            let [field, button] = ["input[name=most]", "button[value=limit]"].map(|it| of("docomo", it));
            // At once, so that no fresh numbers come between.
            format!("document.querySelector('{field}').value = '{most}'; document.querySelector('{button}').click()")
        };
        chrome.press_by(&at_most("2.5")).await;
        assert!(chrome.text().await.contains("毎秒2.5通までに抑えています"), "{}", chrome.text().await);
        assert_eq!(brakes(&house)["docomo"], Brake { paused: true, per_1000_s: Some(2_500) });
        seen(&mut chrome, "delivery-held").await;
        chrome.press_by(&at_most("x")).await;
        assert!(chrome.text().await.contains("0.1から1000"), "{}", chrome.text().await);
        seen(&mut chrome, "delivery-refused").await;
        chrome.press(&of("docomo", "button[value=resume]")).await;
        chrome.press(&of("docomo", "button[value=free]")).await;
        assert!(brakes(&house).is_empty(), "{:?}", brakes(&house));
        house.mail.engine.resume(hikyaku_core::Carrier::new("au")).unwrap();
        house.mail.accepted("au", 4).await;
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn somebody_and_a_group_are_changed_by_hand() {
    for screen in [PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(10).await;
        let person = house.stage.person(1);
        let group = |house: &House, path: &[&str]| {
            house.stage.desk.read(|now| now.groups().by_path(Side::Domestic, path.iter().copied()))
        };
        let office = group(&house, &["架空省", OFFICES[1]]).unwrap();
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/people/{}", house.console, person.0)).await;
        chrome.run(OPEN_ALL).await;
        chrome.fill("#name", "飛脚 一郎").await;
        chrome.fill("#standing", "休職").await;
        chrome.fill("#address", "new@mail.example").await;
        chrome.press("form[action$='/edit'] button").await;
        let text = chrome.text().await;
        assert!(text.contains("飛脚 一郎") && text.contains("休職") && text.contains("***@mail.example"), "{text}");
        assert!(!text.contains("new@"), "{text}");
        seen(&mut chrome, "member-edited").await;
        chrome.run(OPEN_ALL).await;
        chrome.fill("#groups", &format!("架空省/{}", OFFICES[2])).await;
        chrome.press("form[action$='/groups'] button").await;
        let (name, addresses, groups) = house.stage.desk.read(|now| {
            let person = now.people().find(person).unwrap();
            (person.name().to_owned(), person.addresses().len(), person.groups.clone())
        });
        assert_eq!((name.as_str(), addresses), ("飛脚 一郎", 2));
        assert_eq!(groups, [group(&house, &["架空省", OFFICES[2]]).unwrap()]);
        chrome.go(&format!("{}/groups/{}", house.console, office.0)).await;
        chrome.run(OPEN_ALL).await;
        chrome.fill("#name", "北海道開発局").await;
        chrome.press("button[value=rename]").await;
        assert!(chrome.text().await.contains("北海道開発局"), "{}", chrome.text().await);
        assert_eq!(group(&house, &["架空省", "北海道開発局"]), Some(office));
        chrome.go(&format!("{}/groups/{}", house.console, office.0)).await;
        chrome.run(OPEN_ALL).await;
        chrome.fill("#new", "災害対策室").await;
        chrome.press("button[value=add]").await;
        assert!(group(&house, &["架空省", "北海道開発局", "災害対策室"]).is_some());
        house.end(chrome);
    }
}
