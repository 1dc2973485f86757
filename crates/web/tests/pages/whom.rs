//! Whom somebody means who composes: groups, places, countries, numbers, joined and without others (requirements A22, O03).

use std::collections::BTreeSet;

use crate::stage::{Admin, OFFICES, Stage, encoded};
use axum::http::StatusCode;
use hikyaku_dispatch::{
    PeopleCommand, PersonId, Role, RosterImport, RosterRow, Side, Stay, StayKind, TokenScope, TravelCommand,
};
use serde_json::json;

/// Ten people at home, two at an embassy, of whom the first is in Thailand now.
async fn with_somebody_in_thailand() -> (Stage, PersonId) {
    let stage = Stage::with_people(10).await;
    stage.overseas_group().await;
    let groups = vec![vec!["領事館".to_owned()]];
    let row =
        RosterRow::new("K00002", "海外 二郎", groups, vec!["17".parse().unwrap()], vec!["k2@mail.example".into()]);
    let import = RosterImport { side: Side::Overseas, ..RosterImport::part(vec![row]) };
    stage.desk.command(PeopleCommand::Import(import), stage.time()).await.unwrap();
    let person = stage.desk.read(|now| now.people().by_external_id(Side::Overseas, "K00001").unwrap().id);
    let (from, countries) = ("2026-11-20".parse().unwrap(), vec!["TH".parse().unwrap()]);
    let stay = Stay { person, kind: StayKind::Posting, countries, from, to: None };
    stage.desk.command(TravelCommand::Set { id: None, stay }, stage.time()).await.unwrap();
    (stage, person)
}

fn asked(stage: &Stage, key: &str) -> Vec<PersonId> {
    stage.desk.read(|now| now.scheduled(key).map(|(_, draft)| draft.target.clone())).map_or_else(Vec::new, |target| {
        let now = stage.time();
        let people = stage.desk.read(|state| hikyaku_dispatch::select(state, &target, Side::Overseas, now).unwrap());
        people.into_iter().collect()
    })
}

#[tokio::test]
async fn req_o03_whoever_is_in_a_country_today_is_sent_to_from_the_register_in_two_taps() {
    let (stage, person) = with_somebody_in_thailand().await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    let travel = overseas.get("/travel").await.html;
    assert!(travel.contains("<a href=\"/compose?country=TH\">タイにいる人に送る</a>"), "{travel}");
    let form = overseas.get("/compose?country=TH").await.html;
    assert!(form.contains("name=\"country\" value=\"TH\" checked>タイ（1名）"), "{form}");
    assert!(form.contains("<details open><summary>いまいる国で選ぶ</summary>"), "{form}");
    let whom = "country=TH&abroad=&join=both&numbers=&without_numbers=";
    let count = overseas.post("/compose/count", whom).await;
    assert_eq!(count.html, "いまの宛先: 1名（メール 1通）。選び方: THにいる人");
    let rest = format!(
        "key=k1&mode=drill&title={}&subject={}&text={}&asks=safety&{whom}",
        encoded("訓練"),
        encoded("{title}"),
        encoded("{name} {link}")
    );
    let preview = overseas.post("/compose/preview", &rest).await;
    assert!(
        preview.html.contains("海外 一郎") && preview.html.contains("宛先の選び方: THにいる人"),
        "{}",
        preview.html
    );
    assert!(preview.html.contains("name=\"country\" value=\"TH\""), "it is carried on: {}", preview.html);
    assert_eq!(overseas.post("/compose/send", &rest).await.status, StatusCode::SEE_OTHER);
    assert_eq!(asked(&stage, "k1"), [person]);
}

#[tokio::test]
async fn req_o03_a_country_that_nobody_is_in_reaches_nobody_and_one_that_is_none_is_named() {
    let (stage, _) = with_somebody_in_thailand().await;
    let overseas = stage.holder("overseas", Role::OverseasAdministrator).await;
    assert!(overseas.post("/compose/count", "abroad=FR").await.html.starts_with("いまの宛先: 0名"));
    let wrong = overseas.post("/compose/count", &format!("abroad={}", encoded("タイ"))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.html.contains("「タイ」は国のコードとして読めません"), "{}", wrong.html);
    // At home no journeys are registered: there is nothing to choose.
    let home = stage.admin().await.get("/compose?country=TH").await.html;
    assert!(!home.contains("いまいる国で選ぶ"), "{home}");
}

#[tokio::test]
async fn req_o03_a_program_sends_to_whoever_is_in_a_country_today() {
    let (stage, person) = with_somebody_in_thailand().await;
    let program = stage.program("program", Role::OverseasAdministrator, &TokenScope::ALL).await;
    let wish = |target| json!({ "mode": "real", "title": "安否確認", "asks": true, "target": target });
    let sent = program.post("/dispatches", "k1", &wish(json!({ "countries": ["TH"] }))).await;
    assert_eq!((sent.status, &sent.body["asked"]), (StatusCode::CREATED, &json!(1)), "{sent:?}");
    assert_eq!(stage.desk.read(|now| now.latest_dispatch().unwrap().asked().collect::<Vec<_>>()), [person]);
    let wrong = program.post("/dispatches/preview", "k2", &wish(json!({ "countries": ["Thailand"] }))).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body["detail"].as_str().unwrap().contains("例 TH"), "{wrong:?}");
    let others = wish(json!({ "everyone": true, "without_numbers": ["K00001"] }));
    let others = program.post("/dispatches/preview", "k3", &others).await;
    assert_eq!(others.body["people"], json!(1), "everybody but the one: {others:?}");
}

/// How many people a form means.
async fn count(who: &Admin, form: &str) -> usize {
    let line = who.post("/compose/count", form).await.html;
    let number = line.strip_prefix("いまの宛先: ").and_then(|it| it.split_once('名'));
    number.unwrap_or_else(|| panic!("{form}: {line}")).0.parse().unwrap()
}

#[tokio::test]
async fn req_a22_groups_and_places_are_joined_either_way_and_people_are_left_out() {
    let stage = Stage::with_people(10).await;
    let admin = stage.admin().await;
    let office = stage.desk.read(|now| now.groups().by_path(Side::Domestic, ["架空省", OFFICES[1]]).unwrap().0);
    let regions: BTreeSet<u8> = stage.desk.read(|now| {
        let all =
            now.people().of(Side::Domestic).flat_map(|it| it.regions_at(stage.time()).cloned().collect::<Vec<_>>());
        all.filter_map(|it| it.prefecture()).map(|it| it.code()).collect()
    });
    let region = *regions.first().unwrap();
    let (group, place) = (format!("group={office}"), format!("region={region}"));
    let of = async |form: String| count(&admin, &form).await;
    let (in_group, in_place) = (of(group.clone()).await, of(place.clone()).await);
    let both = of(format!("{group}&{place}&join=both")).await;
    let either = of(format!("{group}&{place}&join=either")).await;
    assert_eq!((in_group, either), (3, in_group + in_place - both));
    assert_eq!(of(format!("everyone=1&without={office}")).await, 7);
    assert_eq!(of(format!("everyone=1&without={office}&without_numbers=S00002")).await, 6);
    assert_eq!(of(format!("{group}&numbers=S00002&without_numbers=S00001")).await, 3, "one in, one out");
    assert_eq!(of(format!("{group}&flat=1")).await, 0, "all of them are in sections below it");
    let nobody = admin.post("/compose/count", &format!("without={office}")).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY, "who is left out wants nobody: {}", nobody.html);
    let line = admin.post("/compose/count", &format!("everyone=1&without={office}")).await.html;
    assert!(line.ends_with("選び方: 全員から、架空省/北海道局とその下を除いた人"), "{line}");
}
