//! The link of somebody's own page, handed over: on cards to be printed, and by mail to whom it never went [A03].

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use hikyaku_dispatch::{Actor, GroupId, LinkWay, OwnLinks, PeopleCommand, PersonId, decide_for};
use serde::Deserialize;

use super::groups::{inside, render_one, without_link};
use super::person::render;
use crate::console::{Console, Viewer, told};
use crate::frame::{Count, Frame, Place};
use crate::gate::factor::qr;
use crate::page;
use crate::post::Post;
use crate::state::WebState;

/// Most cards on one sheet: what a printer and a browser take at once.
const CARDS_MAX: usize = 300;

const NO_MAIL: &str =
    "このサーバーにはメールの送信の設定がないため、リンクを作れません。送信するサーバーで操作してください。";

const SUBJECT: &str = "【安否確認】あなた専用の「自分のページ」 / Your own page";

const TEXT: &str = "{name} さん\n\n安否確認の、あなた専用の「自分のページ」のリンクです。\n{link}\n\n\
    大きな地震などのとき、メールを待たずにここから安否を知らせられます。届くアドレスも、ここで確かめて追加できます。\n\
    ブックマークしておいてください。リンクを他の人に送らないでください。\n\n\
    This is the link of your own safety page. Bookmark it: you can report before any mail arrives. Please keep it to yourself.\n";

#[derive(Debug, Template)]
#[template(path = "cards.html")]
struct CardsPage {
    frame: Frame,
    /// Whose cards they are.
    of: String,
    back: String,
    cards: Vec<Card>,
}

/// One person's card.
#[derive(Debug)]
struct Card {
    name: String,
    link: String,
    /// The link as an SVG.
    picture: String,
}

/// The pressed button.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pressed {
    #[serde(default)]
    act: String,
}

/// `POST /people/{person}/card`: one card; the links that are there stay valid.
pub(crate) async fn card(State(console): State<Console>, viewer: Viewer, Path(person): Path<u32>) -> Response {
    let person = PersonId(person);
    if let Some(elsewhere) = viewer.unproved(&console, &format!("/people/{}", person.0)) {
        return elsewhere;
    }
    let refuse = |trouble: String| render(&console, &viewer, person, None, Some(trouble));
    let Some(post) = &console.web().post else { return refuse(NO_MAIL.to_owned()) };
    let command = PeopleCommand::HandOutLinks { people: vec![person], way: LinkWay::Printed };
    if let Err(error) = console.act(&viewer, command).await {
        return refuse(told(&error));
    }
    let cards = cards(console.web(), post, &[person]);
    let of = cards.first().map(|card| format!("{} さん", card.name)).unwrap_or_default();
    let frame = viewer.frame(&console, Place::People);
    page::render(StatusCode::OK, &CardsPage { frame, of, back: format!("/people/{person}", person = person.0), cards })
}

/// `POST /groups/{group}/cards`: the cards of everybody in it and below, or the mail to whom the link never went.
pub(crate) async fn hand_out(
    State(console): State<Console>,
    viewer: Viewer,
    Path(group): Path<u32>,
    Form(pressed): Form<Pressed>,
) -> Response {
    let group = GroupId(group);
    if let Some(elsewhere) = viewer.unproved(&console, &format!("/groups/{}", group.0)) {
        return elsewhere;
    }
    let done = match (pressed.act.as_str(), &console.web().post) {
        (_, None) => Err(NO_MAIL.to_owned()),
        ("print", Some(post)) => match sheet(&console, &viewer, group, post).await {
            Ok(sheet) => return page::render(StatusCode::OK, &sheet),
            Err(trouble) => Err(trouble),
        },
        ("mail", Some(post)) => mail(&console, &viewer, group, post).await.map(Some),
        _ => Err("操作を選んでください。".to_owned()),
    };
    render_one(&console, &viewer, group, done)
}

async fn sheet(console: &Console, viewer: &Viewer, group: GroupId, post: &Post) -> Result<CardsPage, String> {
    let (people, of) = console.web().desk.read(|state| {
        let of = state.groups().find(group).map(|it| it.name.clone()).unwrap_or_default();
        (inside(state, group).map(|it| it.id).collect::<Vec<_>>(), of)
    });
    if people.len() > CARDS_MAX {
        let count = Count(u32::try_from(people.len()).unwrap_or(u32::MAX));
        return Err(format!("{count}名います。一度に{CARDS_MAX}枚までなので、下の組織ごとに表示してください。"));
    }
    let command = PeopleCommand::HandOutLinks { people: people.clone(), way: LinkWay::Printed };
    console.act(viewer, command).await.map_err(|error| told(&error))?;
    let cards = cards(console.web(), post, &people);
    let frame = viewer.frame(console, Place::People);
    Ok(CardsPage { frame, of, back: format!("/groups/{group}", group = group.0), cards })
}

async fn mail(console: &Console, viewer: &Viewer, group: GroupId, post: &Post) -> Result<String, String> {
    let web = console.web();
    let people: Vec<PersonId> = web.desk.read(|state| without_link(state, group).map(|it| it.id).collect());
    if people.is_empty() {
        return Ok("リンクをまだ渡していない人はいません。".to_owned());
    }
    let command = PeopleCommand::HandOutLinks { people: people.clone(), way: LinkWay::Mailed };
    // Before anything is sent: may this viewer send it at all?
    let wish = command.clone().into();
    let may = web.desk.read(|state| decide_for(state, Actor::Account(viewer.account), &wish, console.now()).map(drop));
    may.map_err(|refusal| told(&refusal.into()))?;
    let written = console.now();
    let page = post.link("p", "");
    post.send_links(&web.desk, &OwnLinks { people: &people, subject: SUBJECT, text: TEXT, page: &page, written })
        .await
        .map_err(|problem| format!("送れませんでした。少し待って、もう一度押してください（{problem}）。"))?;
    console.act(viewer, command).await.map_err(|error| told(&error))?;
    let count = Count(u32::try_from(people.len()).unwrap_or(u32::MAX));
    Ok(format!("{count}名の全アドレスに、自分のページのリンクを送りました。"))
}

fn cards(web: &WebState, post: &Post, people: &[PersonId]) -> Vec<Card> {
    let name = |person: PersonId| web.desk.read(|state| state.people().find(person).map(|it| it.name().to_owned()));
    let card = |person: &PersonId| {
        let link = post.link("p", &web.desk.personal_token(*person));
        let picture = qr(&link, "自分のページを開くQRコード");
        Some(Card { name: name(*person)?, link, picture })
    };
    people.iter().filter_map(card).collect()
}
