//! One person: groups, place, addresses masked; a new place, and links made anew and mailed to the person.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use hikyaku_bulletin::{Prefecture, RegionCode};
use hikyaku_dispatch::{
    Action, Actor, Letter, LinkWay, PeopleCommand, Person, PersonId, RegisteredBy, State as Present, Subject, may,
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::details::{Details, paths};
use crate::console::{Console, Viewer, told};
use crate::form::chosen_region;
use crate::frame::{Frame, Place};
use crate::moment;
use crate::page;
use crate::region;
use crate::state::WebState;

#[derive(Debug, Template)]
#[template(path = "member.html")]
struct MemberPage {
    frame: Frame,
    done: Option<&'static str>,
    trouble: Option<String>,
    id: u32,
    name: String,
    kana: String,
    number: String,
    facts: Vec<(&'static str, String)>,
    addresses: Vec<Row>,
    regions: Option<Vec<(u8, &'static str)>>,
    may_reissue: bool,
    /// Whether a card with the link of the own page can be made here.
    may_print: bool,
    /// What is typed over of the roster; none for whoever may not.
    details: Option<Details>,
    /// The groups, a line each; none for whoever may not change them.
    paths: Option<String>,
}

#[derive(Debug)]
struct Row {
    masked: String,
    purpose: &'static str,
    by: &'static str,
    health: &'static str,
    evidence: String,
}

/// What was just done, as the address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Done {
    #[serde(default)]
    done: String,
}

/// `GET /people/{person}`.
pub(crate) async fn show(
    State(console): State<Console>,
    viewer: Viewer,
    Path(person): Path<u32>,
    Query(asked): Query<Done>,
) -> Response {
    let done = match asked.done.as_str() {
        "edited" => Some("登録を変えました。"),
        "place" => Some("いまいる場所を登録しました。"),
        "sent" => Some("これまでのリンクを無効にし、新しいリンクを本人の全アドレスに送りました。"),
        "revoked" => Some(
            "これまでのリンクを無効にしました。この画面からはメールを送れないため、次の配信で新しいリンクが届きます。",
        ),
        _ => None,
    };
    render(&console, &viewer, PersonId(person), done, None)
}

/// Where somebody is, as a manager was told.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PlaceForm {
    #[serde(default)]
    region: String,
    #[serde(default)]
    days: String,
}

/// Most days for which a place can be set.
const DAYS_MAX: i64 = 366;

/// `POST /people/{person}/place`.
pub(crate) async fn set_place(
    State(console): State<Console>,
    viewer: Viewer,
    Path(person): Path<u32>,
    Form(form): Form<PlaceForm>,
) -> Response {
    let person = PersonId(person);
    let Ok(region) = chosen_region(&form.region) else {
        return render(&console, &viewer, person, None, Some("都道府県は一覧から選んでください。".into()));
    };
    let place = match whereabouts(person, region, form.days.parse().ok(), console.now()) {
        Ok(place) => place,
        Err(trouble) => return render(&console, &viewer, person, None, Some(trouble)),
    };
    match console.act(&viewer, place).await {
        Ok(_) => Redirect::to(&format!("/people/{}?done=place", person.0)).into_response(),
        Err(error) => render(&console, &viewer, person, None, Some(told(&error))),
    }
}

/// That somebody is somewhere for so many days from now, or no longer; what to mend where the days are none.
pub(crate) fn whereabouts(
    person: PersonId,
    region: Option<RegionCode>,
    days: Option<i64>,
    now: Timestamp,
) -> Result<PeopleCommand, String> {
    let until = match (&region, days.filter(|days| (1..=DAYS_MAX).contains(days))) {
        (None, _) => None,
        (Some(_), Some(days)) => Some(now + SignedDuration::from_hours(24 * days)),
        (Some(_), None) => return Err(format!("日数は1から{DAYS_MAX}までの数字で書いてください。")),
    };
    Ok(PeopleCommand::SetWhereabouts { person, region, until })
}

/// `POST /people/{person}/links`: whoever lost a telephone gets new links, and the old ones open nothing any more.
pub(crate) async fn reissue(State(console): State<Console>, viewer: Viewer, Path(person): Path<u32>) -> Response {
    let person = PersonId(person);
    if let Some(elsewhere) = viewer.unproved(&console, &format!("/people/{}", person.0)) {
        return elsewhere;
    }
    if let Err(error) = console.act(&viewer, PeopleCommand::RevokeLinks { person }).await {
        return render(&console, &viewer, person, None, Some(told(&error)));
    }
    let sent = mail_links(console.web(), Actor::Account(viewer.account), person).await;
    match sent {
        Ok(true) => Redirect::to(&format!("/people/{}?done=sent", person.0)).into_response(),
        Ok(false) => Redirect::to(&format!("/people/{}?done=revoked", person.0)).into_response(),
        Err(problem) => {
            tracing::error!(%problem, "a new link could not be mailed");
            let trouble = "これまでのリンクは無効にしましたが、新しいリンクのメールを送れませんでした。少し待って、もう一度押してください。";
            render(&console, &viewer, person, None, Some(trouble.into()))
        }
    }
}

const LINK_TEXT: &str = "{name} さん\n\n安否確認の、あなた専用のページのリンクが新しくなりました。前のリンクは使えません。\n{link}\n\n\
    ブックマークしておくと、メールが届く前でも安否を知らせられます。リンクを他の人に送らないでください。\n\n\
    The link of your own safety page is new; older links no longer work. Please keep it to yourself.\n";

/// Mails somebody the new link to every address, in the name of `actor`; whether there was a way to send at all.
pub(crate) async fn mail_links(web: &WebState, actor: Actor, person: PersonId) -> Result<bool, String> {
    let Some(post) = &web.post else { return Ok(false) };
    let link = post.link("p", &web.desk.personal_token(person));
    let (name, addresses) = web.desk.read(|state| {
        let person = state.people().find(person);
        let addresses = person.map(Person::addresses).unwrap_or_default();
        let addresses: Vec<String> = addresses.iter().map(|it| it.address.clone()).collect();
        (person.map(|it| it.name().to_owned()).unwrap_or_default(), addresses)
    });
    for address in &addresses {
        let letter = Letter {
            person,
            address,
            subject: "【安否確認】あなた専用のページのリンク / Your own link",
            text: LINK_TEXT,
            name: &name,
            link: &link,
            written: web.now(),
        };
        post.send(&web.desk, &letter).await?;
    }
    if !addresses.is_empty() {
        let noted = PeopleCommand::HandOutLinks { people: vec![person], way: LinkWay::Mailed };
        if let Err(error) = web.desk.command_as(actor, noted, web.now()).await {
            tracing::warn!(%error, "that a link was mailed could not be noted");
        }
    }
    Ok(true)
}

pub(super) fn render(
    console: &Console,
    viewer: &Viewer,
    person: PersonId,
    done: Option<&'static str>,
    trouble: Option<String>,
) -> Response {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = viewer.frame(console, Place::People);
    let now = console.now();
    let page = console.web().desk.read(|state| {
        let person = state.people().find(person)?;
        let is_allowed =
            |action| may(Actor::Account(viewer.account), action, Subject::Person(person.id), state, now).is_ok();
        let regions = || Prefecture::all().map(|it| (it.code(), it.name())).collect();
        Some(MemberPage {
            done,
            trouble,
            regions: is_allowed(Action::EditDetails).then(regions),
            may_reissue: is_allowed(Action::RevokeLinks),
            may_print: is_allowed(Action::RevokeLinks) && console.web().post.is_some() && person.is_reachable(),
            details: is_allowed(Action::ImportRoster).then(|| Details::of(person)),
            paths: is_allowed(Action::EditMembership).then(|| paths(state, person)),
            ..MemberPage::new(state, person, now, frame)
        })
    });
    match page {
        Some(page) => page::render(status, &page),
        None => page::nothing(
            viewer.frame(console, Place::People),
            "この番号の人はいません",
            "職員の画面で、氏名か職員番号から探してください。",
        ),
    }
}

impl MemberPage {
    fn new(state: &Present, person: &Person, now: Timestamp, frame: Frame) -> Self {
        let personal = person.personal.as_ref();
        let groups = person.groups.iter().filter_map(|id| state.groups().find(*id)).map(|it| it.name.as_str());
        let here = person.whereabouts.as_ref().filter(|it| it.at(now).is_some()).map(|it| {
            let until = it.until.map(|until| format!("（{} まで）", moment::for_console(until))).unwrap_or_default();
            format!("{}{until}", region::name(&it.region))
        });
        Self {
            frame,
            done: None,
            trouble: None,
            id: person.id.0,
            name: person.name().to_owned(),
            kana: personal.map(|it| it.kana.clone()).unwrap_or_default(),
            number: personal.map(|it| it.external_id.clone()).unwrap_or_default(),
            facts: vec![
                ("所属", groups.collect::<Vec<_>>().join("、")),
                ("地域", region::names(person.all_regions(), "なし")),
                ("いまいる場所", here.unwrap_or_else(|| "登録なし".to_owned())),
                ("言語", person.language.word().to_owned()),
                ("在職状況", person.employment.word().to_owned()),
                ("自分のページのリンク", if person.has_own_link { "渡した" } else { "まだ渡していない" }.to_owned()),
            ],
            addresses: person
                .addresses()
                .iter()
                .map(|address| {
                    let health = state.address_health(person, address);
                    let evidence =
                        health.evidence.map(|it| format!("{} {}", moment::for_console(it.at), it.sign.word()));
                    Row {
                        masked: address.masked(),
                        purpose: address.purpose.word(),
                        by: if address.by == RegisteredBy::Person { "本人が登録" } else { "名簿" },
                        health: health.state.word(),
                        evidence: evidence.unwrap_or_else(|| "まだ送っていません".to_owned()),
                    }
                })
                .collect(),
            regions: None,
            may_reissue: false,
            may_print: false,
            details: None,
            paths: None,
        }
    }
}
