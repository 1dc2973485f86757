//! Rules, records and rosters in a real browser; approval with one thumb, and a count that follows what is ticked.

use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{Hold, JudgingCommand, Mode, Role, Rule, RuleId, Sending, Unattended};

use super::chrome::{DESKTOP, PHONE, PLAIN_PHONE};
use super::{House, OPEN_ALL, seen};

/// The rule of an earthquake, which waits for the first person of the roster.
async fn hold(house: &House) {
    let approvers = vec![house.stage.person(1)];
    let hold = Hold { approvers, duty: Vec::new(), minutes: 10, unattended: Unattended::Drop };
    let rule = Rule { sending: Sending::Hold(hold), ..Rule::safety(RuleId(1), Intensity::SixLower) };
    let set = JudgingCommand::SetRule { rule: Box::new(rule) };
    house.stage.desk.command(set, house.stage.time()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_pages_of_rules_records_and_the_office_fit_every_screen() {
    for screen in [PHONE, DESKTOP] {
        let mut house = House::open(60).await;
        hold(&house).await;
        let spring = house.asked("spring", Mode::Drill).await;
        house.asked("autumn", Mode::Drill).await;
        house.carried(spring).await;
        let mut chrome = house.logged_in(screen).await;
        for path in super::pages::OFFICE {
            chrome.go(&format!("{}/{path}", house.console)).await;
            chrome.run(OPEN_ALL).await;
            seen(&mut chrome, &path.replace(['/', '?', '=', '&'], "-")).await;
        }
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_rule_is_changed_after_its_change_was_read_and_a_telegram_is_tried() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(20).await;
        hold(&house).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/rules/1", house.console)).await;
        chrome.run(OPEN_ALL).await;
        chrome.fill("#condition", "shaking-5-").await;
        chrome.press("form[action='/rules/1'] button.go").await;
        assert!(chrome.text().await.contains("震度５弱以上"), "{}", chrome.text().await);
        seen(&mut chrome, "rules-preview").await;
        chrome.press("button.danger").await;
        assert_eq!(chrome.path().await, "/rules/1");
        chrome.go(&format!("{}/rules/trial", house.console)).await;
        chrome.fill("#text", "quake 5-").await;
        chrome.press("button.go").await;
        assert!(chrome.text().await.contains("承認を待つ: 20名"), "{}", chrome.text().await);
        seen(&mut chrome, "rules-tried").await;
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_roster_is_uploaded_compared_and_taken() {
    const CSV: &str = "職員番号,氏名,所属,勤務地,メールアドレス\nS00001,飛脚 1郎,架空省/本省,石川県,person1@docomo.example\nS00099,新人 一子,架空省/本省,東京都,new@docomo.example\n";
    for screen in [PHONE, DESKTOP] {
        let mut house = House::open(20).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/people/import", house.console)).await;
        let choose = format!(
            "(() => {{ const files = new DataTransfer(); files.items.add(new File([{}], 'roster.csv')); \
             document.querySelector('#file').files = files.files; }})()",
            serde_json::json!(CSV)
        );
        chrome.run(&choose).await;
        chrome.tick("input[name=part]").await;
        chrome.press("button.go").await;
        let text = chrome.text().await;
        assert!(text.contains("新しく加わる: 1名") && text.contains("所属が変わる: 1名"), "{text}");
        seen(&mut chrome, "roster-check").await;
        chrome.go(&format!("{}/people/import/pending", house.console)).await;
        assert!(chrome.text().await.contains("新しく加わる: 1名"), "the same again");
        seen(&mut chrome, "roster-pending").await;
        chrome.press("button.danger").await;
        assert!(chrome.text().await.contains("名簿を取り込みました"), "{}", chrome.text().await);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn what_is_held_is_approved_and_rejected_with_one_thumb() {
    for (screen, act, dispatches) in [(PHONE, "approve", 1), (PLAIN_PHONE, "reject", 0), (DESKTOP, "reject", 0)] {
        let mut house = House::open(20).await;
        hold(&house).await;
        house.stage.quake("6-").await;
        house.stage.confirmed("6-").await;
        let person = house.stage.person(1);
        house.codes = house.stage.open_account_of("approver", Role::Approver, Some(person)).await;
        let mut chrome = house.logged_in_as("approver", screen).await;
        let menu = chrome.text().await;
        assert!(menu.contains("件待っています") || menu.contains("承認"), "{menu}");
        chrome.go(&format!("{}/approval", house.console)).await;
        let text = chrome.text().await;
        assert!(text.contains("20名") && text.contains("この規則が働いた理由"), "{text}");
        chrome.run(OPEN_ALL).await;
        let text = chrome.text().await;
        assert!(text.contains("震度観測点 3（最大 ６弱: 2点）"), "{text}");
        assert!(text.contains("いつ届くか") && text.contains("docomo"), "what the engine expects: {text}");
        seen(&mut chrome, "approval-waiting").await;
        let big = "(() => { const box = document.querySelector('.decide button').getBoundingClientRect(); return [box.width, box.height]; })()";
        let size = chrome.run(big).await;
        let (width, height) = (size[0].as_f64().unwrap(), size[1].as_f64().unwrap());
        assert!(width >= 240.0 && height >= 48.0, "a thumb needs room: {width} x {height}");
        chrome.press(&format!("button[value='{act}']")).await;
        let (waiting, asked) = house.stage.desk.read(|state| {
            let asked = state.dispatches().filter(|it| it.record().rule.is_some()).count();
            (state.waiting().count(), asked)
        });
        assert_eq!((waiting, asked), (0, dispatches), "{act}: {}", chrome.text().await);
        seen(&mut chrome, &format!("approval-{act}")).await;
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn what_no_feed_tells_is_entered_by_hand_after_a_look_at_it() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(5).await;
        let mut chrome = house.logged_in(screen).await;
        chrome.go(&format!("{}/judgements/enter", house.console)).await;
        chrome.fill("#headline", "青森県に落下したものとみられます。").await;
        chrome.press("button.go").await;
        let text = chrome.text().await;
        assert!(text.contains("この内容で入力しますか") && text.contains("訓練"), "{text}");
        seen(&mut chrome, "by-hand-check").await;
        chrome.press("button[value=back]").await;
        assert_eq!(chrome.run("document.querySelector('#headline').value").await, "青森県に落下したものとみられます。");
        chrome.press("button.go").await;
        chrome.press("button[value=send]").await;
        assert_eq!(chrome.path().await, "/judgements");
        assert_eq!(house.stage.entered.lock().unwrap().len(), 1);
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_number_of_people_follows_what_is_ticked() {
    let mut house = House::open(20).await;
    let mut chrome = house.logged_in(PHONE).await;
    chrome.go(&format!("{}/compose", house.console)).await;
    chrome.run(OPEN_ALL).await;
    chrome.tick("input[name=everyone]").await;
    chrome.wait_for("いまの宛先: 20名").await;
    chrome.tick("input[name=everyone]").await;
    chrome.tick("input[name=region][value='17']").await;
    chrome.wait_for("いまの宛先: 20名").await;
    chrome.tick("input[name=region][value='17']").await;
    chrome.wait_for("宛先を選んでください").await;
    seen(&mut chrome, "compose-count").await;
    house.end(chrome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn a_journey_is_registered_and_found_in_the_register() {
    for screen in [PHONE, PLAIN_PHONE, DESKTOP] {
        let mut house = House::open(2).await;
        house.stage.overseas_group().await;
        house.codes = house.stage.open_account_as("overseas", Role::OverseasAdministrator).await;
        let mut chrome = house.logged_in_as("overseas", screen).await;
        chrome.go(&format!("{}/travel/new", house.console)).await;
        chrome.fill("#number", "K00001").await;
        chrome.fill("#countries", "TH").await;
        chrome.fill("#from", "2026-11-20").await;
        chrome.fill("#to", "2026-11-30").await;
        seen(&mut chrome, "travel-new").await;
        chrome.press("button.go").await;
        let text = chrome.text().await;
        assert!(text.contains("タイ") && text.contains("2026-11-20 から 2026-11-30"), "{text}");
        seen(&mut chrome, "travel").await;
        chrome.press("main a[href='/travel/1']").await;
        seen(&mut chrome, "travel-stay").await;
        house.end(chrome);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Chromium"]
async fn the_menu_is_one_line_on_a_telephone_and_opens_with_a_tap() {
    const HEIGHT: &str = "document.querySelector('header').getBoundingClientRect().height";
    for (screen, most) in [(PHONE, 110.0), (PLAIN_PHONE, 110.0), (DESKTOP, 140.0)] {
        let mut house = House::open(2).await;
        let mut chrome = house.logged_in(screen).await;
        let height = chrome.run(HEIGHT).await.as_f64().unwrap();
        assert!(height <= most, "{height} of at most {most}");
        if screen.width < DESKTOP.width {
            chrome.tick("nav.narrow summary").await;
            seen(&mut chrome, "menu-open").await;
            chrome.press("nav.narrow a[href='/people']").await;
            assert_eq!(chrome.path().await, "/people");
        }
        house.end(chrome);
    }
}
