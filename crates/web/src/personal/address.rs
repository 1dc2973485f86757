//! Addresses that a person registers: a mail goes there first, and only a tap on its link makes the address the person's.

use axum::{Form, extract::State, http::StatusCode, response::Response};
use hikyaku_dispatch::{
    Actor, AddressCell, Error, HealthCommand, Letter, MailAddress, PeopleCommand, PersonId, RegisteredBy,
};
use jiff::SignedDuration;
use serde::Deserialize;

use super::page::ConfirmPage;
use super::show::{again, back, carry_out};
use super::words::words;
use crate::answer::Visit;
use crate::page;
use crate::state::WebState;

/// How long the link to confirm an address holds.
const CONFIRM_WITHIN: SignedDuration = SignedDuration::from_hours(1);

const CONFIRM_TEXT: &str = "{name} さん\n\n\
    安否確認のメールアドレスとして、このアドレスを登録する手続きです。次のページを1時間以内に開き、「登録する」を押してください。\n{link}\n\n\
    心当たりがないときは、何もせずにこのメールを削除してください。\n\n\
    To register this address for safety checks, open the page above within one hour and press \"Register\".\n";

const ADDED_TEXT: &str = "安否確認のメールアドレスが追加されました。心当たりがないときは、すぐに所属の管理者に連絡し、\
    リンクを無効にしてもらってください。\n\n\
    A mail address was added to your safety checks. If it was not you, tell your manager at once.\n";

const TEST_TEXT: &str = "これはテストです。実際の災害ではありません。\n\n{name} さん\n\n\
    安否確認のメールはこのアドレスに届きます。次のページから、いつでも安否を知らせ、設定を変えられます。\n{link}\n\n\
    This is a test. Safety checks will reach you at this address. Your own page is above.\n";

/// An address as typed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct AddressForm {
    #[serde(default)]
    address: String,
}

/// `POST /p/{token}/address`: a mail to the address; nothing is registered yet.
pub(crate) async fn add(State(state): State<WebState>, visit: Visit, Form(form): Form<AddressForm>) -> Response {
    let now = state.now();
    let view = match state.desk.open_personal(visit.token(), now) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, visit.lang()),
    };
    let typed = form.address.trim();
    if hikyaku_core::Address::parse(typed).is_err() {
        return again(&state, &visit, &view, words(visit.lang()).bad_address, "", typed);
    }
    let Some(post) = &state.post else { return again(&state, &visit, &view, words(visit.lang()).no_mail, "", typed) };
    if !post.may_write(view.person, now) {
        return again(&state, &visit, &view, words(visit.lang()).too_often, "", typed);
    }
    let link = post.link("c", &state.desk.address_token(view.person, typed, now + CONFIRM_WITHIN));
    let letter = Letter {
        person: view.person,
        address: typed,
        subject: "【安否確認】メールアドレスの確認 / Confirm your address",
        text: CONFIRM_TEXT,
        name: &view.name,
        link: &link,
        written: now,
    };
    match post.send(&state.desk, &letter).await {
        Ok(()) => back(&visit, "mailed"),
        Err(problem) => {
            tracing::error!(%problem, "a confirmation could not be sent");
            again(&state, &visit, &view, words(visit.lang()).no_mail, "", typed)
        }
    }
}

/// `GET /c/{token}`: what would be registered. Registers nothing, for mail scanners open links.
pub(crate) async fn ask_confirmation(State(state): State<WebState>, visit: Visit) -> Response {
    match state.desk.open_address(visit.token(), state.now()) {
        Ok((person, address)) => {
            let is_registered = addresses(&state, person).iter().any(|it| it.address == address);
            page::render(StatusCode::OK, &ConfirmPage::new(&address, is_registered, visit.lang()))
        }
        Err(refusal) => page::refuse(refusal, visit.lang()),
    }
}

/// `POST /c/{token}`: registers the address, which is known to work then; the person's other addresses are told.
pub(crate) async fn confirm(State(state): State<WebState>, visit: Visit) -> Response {
    let lang = visit.lang();
    let (person, address) = match state.desk.open_address(visit.token(), state.now()) {
        Ok(found) => found,
        Err(refusal) => return page::refuse(refusal, lang),
    };
    match register(&state, person, &address).await {
        Ok(Confirmed::New) => page::tell(StatusCode::OK, lang, words(lang).confirmed),
        Ok(Confirmed::Known) => page::tell(StatusCode::OK, lang, words(lang).arrived),
        Err(error) => {
            tracing::warn!(%error, "a confirmed address could not be registered");
            page::tell(StatusCode::UNPROCESSABLE_ENTITY, lang, words(lang).not_confirmed)
        }
    }
}

/// What a tap on a mailed link did.
enum Confirmed {
    /// The address is the person's from now on.
    New,
    /// It was before; mails arrive there.
    Known,
}

async fn register(state: &WebState, person: PersonId, address: &str) -> Result<Confirmed, Error> {
    let (actor, now) = (Actor::Responder(person), state.now());
    let before: Vec<MailAddress> = addresses(state, person);
    if before.iter().all(|it| it.address != address) {
        let new = AddressCell::Written { purpose: None, address: address.to_owned() };
        let cells = before.iter().map(kept).chain([new]).collect();
        let command = PeopleCommand::RegisterAddresses { person, addresses: cells };
        state.desk.command_as(actor, command, now).await?;
    }
    // What is kept is the address as it goes on the wire.
    let there = addresses(state, person);
    let new = there.iter().find(|it| before.iter().all(|old| old.place != it.place) || it.address == address);
    if let Some(place) = new.map(|it| it.place) {
        state.desk.command_as(actor, HealthCommand::Confirm { person, place }, now).await?;
    }
    if there.len() == before.len() {
        return Ok(Confirmed::Known);
    }
    tell_others(state, person, &before).await;
    Ok(Confirmed::New)
}

/// Whoever has the page of somebody else could add an address: the person hears of it where mails came so far.
async fn tell_others(state: &WebState, person: PersonId, before: &[MailAddress]) {
    let Some(post) = &state.post else { return };
    for address in before {
        let letter = Letter {
            person,
            address: &address.address,
            subject: "【安否確認】アドレスが追加されました / An address was added",
            text: ADDED_TEXT,
            name: "",
            link: "",
            written: state.now(),
        };
        if let Err(problem) = post.send(&state.desk, &letter).await {
            tracing::error!(%problem, "a person could not be told of a new address");
        }
    }
}

/// One of the person's addresses.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RemoveForm {
    #[serde(default)]
    place: String,
}

/// `POST /p/{token}/remove`: takes away an address that the person registered; those of the roster stay.
pub(crate) async fn remove(State(state): State<WebState>, visit: Visit, Form(form): Form<RemoveForm>) -> Response {
    let view = match state.desk.open_personal(visit.token(), state.now()) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, visit.lang()),
    };
    let is_meant = |it: &MailAddress| it.by == RegisteredBy::Person && it.place.to_string() == form.place;
    let rest = view.addresses.iter().map(|(address, _)| address).filter(|it| !is_meant(it)).map(kept).collect();
    let command = PeopleCommand::RegisterAddresses { person: view.person, addresses: rest };
    carry_out(&state, &visit, &view, command, "removed", "").await
}

/// `POST /p/{token}/test`: a mail to each of the person's addresses, with the link of the own page.
pub(crate) async fn test(State(state): State<WebState>, visit: Visit) -> Response {
    let now = state.now();
    let view = match state.desk.open_personal(visit.token(), now) {
        Ok(view) => view,
        Err(refusal) => return page::refuse(refusal, visit.lang()),
    };
    let Some(post) = &state.post else { return again(&state, &visit, &view, words(visit.lang()).no_mail, "", "") };
    if !post.may_write(view.person, now) {
        return again(&state, &visit, &view, words(visit.lang()).too_often, "", "");
    }
    let link = post.link("p", visit.token());
    for (address, _) in &view.addresses {
        let letter = Letter {
            person: view.person,
            address: &address.address,
            subject: "【テスト】安否確認のメールが届きました / Test mail",
            text: TEST_TEXT,
            name: &view.name,
            link: &link,
            written: now,
        };
        if let Err(problem) = post.send(&state.desk, &letter).await {
            tracing::error!(%problem, "a test mail could not be sent");
            return again(&state, &visit, &view, words(visit.lang()).no_mail, "", "");
        }
    }
    back(&visit, "tested")
}

fn addresses(state: &WebState, person: PersonId) -> Vec<MailAddress> {
    state.desk.read(|now| now.people().find(person).map(|it| it.addresses().to_vec()).unwrap_or_default())
}

/// An address that stays as it is.
fn kept(address: &MailAddress) -> AddressCell {
    AddressCell::Kept { purpose: None, place: address.place, domain: address.domain().to_owned() }
}
