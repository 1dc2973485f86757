//! Which address shows which page; responders and the console apart, so that each can have its own listener [S16].

use axum::{
    Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, StatusCode},
    middleware,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use crate::accounts;
use crate::answer;
use crate::approval;
use crate::audit;
use crate::by_hand;
use crate::compose;
use crate::console::{Console, Viewer, admit, live, within_rights};
use crate::delivery;
use crate::enter;
use crate::feeds;
use crate::form::FORM_MAX_BYTES;
use crate::frame::Place;
use crate::gate::origin;
use crate::headers;
use crate::history;
use crate::inbox;
use crate::judgements;
use crate::load;
use crate::notice::{Door, notice};
use crate::now;
use crate::page;
use crate::personal;
use crate::privacy_page;
use crate::report;
use crate::requests;
use crate::rules;
use crate::shelf;
use crate::staff;
use crate::state::WebState;
use crate::style;
use crate::system;
use crate::tokens;
use crate::upload::UPLOAD_MAX_BYTES;
use crate::watch;
use crate::words::Lang;

/// The largest form of the console, in bytes: a template with three languages of questions fits many times.
const CONSOLE_FORM_MAX_BYTES: usize = 256 * 1024;

/// The pages of people who answer, and `GET /healthz`: no log-in, no cookie, no script.
///
/// `GET /a/{token}` shows the question and answers nothing ([`WebState::record_opened`] notes that it was opened); `POST /a/{token}` records the answer and leads to
/// `GET /a/{token}/thanks`. `/p/{token}` is a person's own page, `/c/{token}` confirms an address, `GET /privacy` says how data are
/// used. Posted bodies are at most 16 KiB. Paths hold tokens: whatever logs requests around this router must not log paths.
pub fn router(state: WebState) -> Router {
    let pages = Router::new()
        .route("/a/{token}", get(answer::show).post(answer::record))
        .route("/a/{token}/thanks", get(answer::thanks))
        .route("/a/{token}/more", post(answer::more))
        .route("/a/{token}/say", post(answer::say))
        .route("/p/{token}", get(personal::show).post(personal::report))
        .route("/p/{token}/place", post(personal::set_place))
        .route("/p/{token}/region", post(personal::set_regions))
        .route("/p/{token}/language", post(personal::set_language))
        .route("/p/{token}/address", post(personal::add))
        .route("/p/{token}/remove", post(personal::remove))
        .route("/p/{token}/test", post(personal::test))
        .route("/p/{token}/card", get(personal::card))
        .route("/c/{token}", get(personal::ask_confirmation).post(personal::confirm))
        .route("/privacy", get(privacy_page::show))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(FORM_MAX_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), load::answers_first))
        .with_state(state.clone());
    secured(pages, style::RESPONDER_POLICY.clone(), &state, Door::Answers)
}

/// The console: everything behind a log-in but the log-in itself and `GET /healthz`.
pub fn console_router(console: Console) -> Router {
    let uploads = || DefaultBodyLimit::max(UPLOAD_MAX_BYTES);
    let inside = Router::new()
        .route("/", get(now::list))
        .route("/dispatch/{dispatch}", get(now::show))
        .route("/dispatch/{dispatch}/people", get(watch::people))
        .route("/dispatch/{dispatch}/person/{person}", get(watch::person))
        .route("/dispatch/{dispatch}/person/{person}/trace", get(watch::trace))
        .route("/dispatch/{dispatch}/person/{person}/answer", post(watch::answer))
        .route("/dispatch/{dispatch}/person/{person}/say", post(watch::say))
        .route("/dispatch/{dispatch}/resend", get(watch::resend_form).post(watch::resend))
        .route("/dispatch/{dispatch}/cancel", post(watch::cancel))
        .route("/dispatch/{dispatch}/close", post(watch::close))
        .route("/dispatch/{dispatch}/report", get(report::show).post(report::note))
        .route("/approval", get(approval::list))
        .route("/approval/{proposal}", post(approval::decide))
        .route("/compose", get(compose::show))
        .route("/compose/preview", post(compose::preview))
        .route("/compose/count", post(compose::count))
        .route("/compose/send", post(compose::send))
        .route("/compose/sent/{key}", get(compose::sent).post(compose::take_back))
        .route("/delivery", get(delivery::show).post(delivery::change))
        .route("/people", get(staff::list))
        .route("/people/export", post(staff::export))
        .route("/people/import", get(staff::import_form).post(staff::import_upload).layer(uploads()))
        .route("/people/import/pending", get(staff::pending).post(staff::import))
        .route("/people/{person}", get(staff::show))
        .route("/people/{person}/place", post(staff::set_place))
        .route("/people/{person}/links", post(staff::reissue))
        .route("/people/{person}/card", post(staff::card))
        .route("/people/{person}/edit", post(staff::edit))
        .route("/people/{person}/groups", post(staff::set_groups))
        .route("/judgements", get(judgements::list))
        .route("/judgements/enter", get(by_hand::form).post(by_hand::enter))
        .route("/feeds", get(feeds::show))
        .route("/inbox", get(inbox::show))
        .route("/system", get(system::show))
        .route("/history", get(history::list))
        .route("/history/compare", get(history::compare))
        .route("/reports", get(shelf::list))
        .route("/reports/{report}", get(shelf::take))
        .route("/travel", get(staff::travel))
        .route("/travel/new", get(staff::new_stay).post(staff::register_stay))
        .route("/travel/{stay}", get(staff::show_stay).post(staff::change_stay))
        .route("/groups", get(staff::groups).post(staff::make_group))
        .route("/groups/{group}", get(staff::group).post(staff::change_group))
        .route("/groups/{group}/cards", post(staff::hand_out))
        .route("/requests", get(requests::show).post(requests::propose))
        .route("/requests/take", post(requests::take))
        .route("/requests/{request}", post(requests::act))
        .route("/audit", get(audit::show))
        .route("/audit/verify", post(audit::verify))
        .route("/live", get(live::changes))
        .route("/accounts", get(accounts::list).post(accounts::open))
        .route("/accounts/{account}", get(accounts::show).post(accounts::change))
        .route("/accounts/{account}/tokens", get(tokens::list).post(tokens::change))
        .route("/me", get(enter::own))
        .route("/me/password", get(enter::password_form).post(enter::change_password))
        .route("/me/sessions", post(enter::end_sessions))
        .route("/setup", get(enter::set_up))
        .route("/setup/password", post(enter::set_password))
        .route("/setup/factor", post(enter::set_factor))
        .route("/prove", get(enter::prove_form).post(enter::prove))
        .route("/logout", post(enter::log_out));
    guarded(with_provider(with_passkeys(with_rules(inside))), &console)
}

/// The pages of those who are logged in, with those about rules.
fn with_rules(inside: Router<Console>) -> Router<Console> {
    let uploads = || DefaultBodyLimit::max(UPLOAD_MAX_BYTES);
    inside
        .route("/rules", get(rules::list))
        .route("/rules/export", get(rules::export))
        .route("/rules/import", get(rules::form))
        .route("/rules/preview", post(rules::preview).layer(uploads()))
        .route("/rules/apply", post(rules::apply).layer(uploads()))
        .route("/rules/trial", get(rules::trial_form).post(rules::trial).layer(uploads()))
        .route("/rules/new", get(rules::new).post(rules::make))
        .route("/rules/{rule}", get(rules::show).post(rules::edit))
        .route("/rules/{rule}/target", get(rules::target).post(rules::reach))
        .route("/rules/{rule}/count", post(rules::count))
        .route("/rules/{rule}/wording", get(rules::wording).post(rules::word))
        .route("/rules/{rule}/question", get(rules::question).post(rules::ask))
        .route("/rules/{rule}/retire", post(rules::retire))
}

/// The same with those about passkeys.
#[cfg(feature = "passkeys")]
fn with_passkeys(inside: Router<Console>) -> Router<Console> {
    inside
        .route("/me/passkeys", get(enter::passkey::own).post(enter::passkey::change))
        .route("/prove/passkey", post(enter::passkey::prove))
}

#[cfg(not(feature = "passkeys"))]
fn with_passkeys(inside: Router<Console>) -> Router<Console> {
    inside
}

/// The same with the proof by the organisation's provider.
#[cfg(feature = "oidc")]
fn with_provider(inside: Router<Console>) -> Router<Console> {
    inside.route("/prove/oidc", get(enter::oidc::begin_proof))
}

#[cfg(not(feature = "oidc"))]
fn with_provider(inside: Router<Console>) -> Router<Console> {
    inside
}

/// Those pages behind the log-in and their rights, and the log-in before them.
fn guarded(inside: Router<Console>, console: &Console) -> Router {
    let inside = inside
        .fallback(no_page)
        .layer(middleware::from_fn_with_state(console.clone(), within_rights))
        .layer(middleware::from_fn_with_state(console.clone(), admit))
        .layer(middleware::from_fn_with_state(console.web().clone(), load::pages_last));
    let outside = Router::new()
        .route("/login", get(enter::form).post(enter::log_in))
        .route("/healthz", get(healthz))
        .route("/readyz", get(|State(console): State<Console>| readyz(State(console.web().clone()))));
    #[cfg(feature = "passkeys")]
    let outside = outside.route("/login/passkey", post(enter::passkey::log_in));
    #[cfg(feature = "oidc")]
    let outside = outside
        .route("/login/oidc", get(enter::oidc::begin))
        .route("/login/oidc/callback", get(enter::oidc::callback))
        .route("/login/oidc/code", get(enter::oidc::code_form).post(enter::oidc::code));
    let pages = outside
        .merge(inside)
        .layer(DefaultBodyLimit::max(CONSOLE_FORM_MAX_BYTES))
        .layer(middleware::from_fn(origin::own_pages_only))
        .with_state(console.clone());
    secured(pages, style::CONSOLE_POLICY.clone(), console.web(), Door::Console)
}

async fn no_page(State(console): State<Console>, viewer: Viewer) -> Response {
    let frame = viewer.frame(&console, Place::Elsewhere);
    page::nothing(frame, "ページがありません", "このアドレスのページはありません。メニューから選んでください。")
}

pub(crate) fn secured(pages: Router, policy: HeaderValue, web: &WebState, door: Door) -> Router {
    let secured = headers::Secured { policy, over_tls: web.over_tls };
    let pages = pages.layer(middleware::from_fn_with_state((web.clone(), door), notice));
    pages.layer(middleware::from_fn_with_state(secured, headers::secure))
}

async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether visitors are well served here: what shares them out among nodes asks this, not `/healthz`.
async fn readyz(State(web): State<WebState>) -> Response {
    let against = (web.unready)();
    if against.is_empty() {
        return "ready\n".into_response();
    }
    (StatusCode::SERVICE_UNAVAILABLE, format!("{}\n", against.join("\n"))).into_response()
}

async fn nowhere() -> Response {
    page::notice(StatusCode::NOT_FOUND, Lang::default(), |words| words.not_found)
}
