//! Before sending: how many, when they will have it, and the mail as one real recipient gets it.

use std::collections::BTreeMap;

use askama::Template;
use axum::{Form, extract::State, http::StatusCode, response::Response as Reply};
use hikyaku_dispatch::{Action, Actor, DispatchCommand, DispatchDraft, PersonId, State as Present, decide_for, select};

use super::form::ComposePage;
use super::typed::Typed;
use crate::console::{Console, Viewer, told};
use crate::expected::{Expected, expected};
use crate::frame::{Count, Frame, Place};
use crate::mode::Marks;
use crate::page;

/// What the preview shows.
#[derive(Debug, Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    frame: Frame,
    mode_words: &'static str,
    is_real: bool,
    people: Count,
    mails: Count,
    without: Count,
    expected: Option<Expected>,
    subject: String,
    text: String,
    name: String,
    fields: Vec<(&'static str, String)>,
}

/// Whom a draft reaches.
struct Reach {
    people: u32,
    without: u32,
    domains: BTreeMap<String, u64>,
    sample: Option<(String, String)>,
}

/// `POST /compose/preview`, also the way back to the form with everything that was typed.
pub(crate) async fn preview(
    State(console): State<Console>,
    viewer: Viewer,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Reply {
    let back = pairs.iter().any(|(name, _)| name == "back");
    let typed = Typed::read(pairs);
    if back {
        return page::render(StatusCode::OK, &ComposePage::new(&console, &viewer, typed, None));
    }
    let now = console.now();
    let found = console.web().desk.read(|state| {
        let draft = typed.draft(state, console.scope(state, &viewer, Action::SendFree).side())?;
        // Before any name is shown: may this viewer send this at all?
        let command = DispatchCommand::Schedule { draft: Box::new(draft.clone()), at: now }.into();
        decide_for(state, Actor::Account(viewer.account), &command, now).map_err(|refusal| told(&refusal.into()))?;
        let people = select(state, &draft.target, draft.side, now).map_err(|refusal| refusal.to_string())?;
        Ok((reach(state, &draft, people.into_iter()), draft))
    });
    match found {
        Err(trouble) => mend(&console, &viewer, typed, trouble),
        Ok((reach, _)) if reach.people == 0 => {
            mend(&console, &viewer, typed, "この宛先に当てはまる人がいません。".into())
        }
        Ok((reach, draft)) => {
            let expected = expected(&console, draft.question.is_asked(), &reach.domains).await;
            let frame = viewer.frame(&console, Place::Compose);
            page::render(StatusCode::OK, &PreviewPage::new(frame, &typed, &draft, reach, expected))
        }
    }
}

/// The form again with what is to be mended.
pub(super) fn mend(console: &Console, viewer: &Viewer, typed: Typed, trouble: String) -> Reply {
    page::render(StatusCode::UNPROCESSABLE_ENTITY, &ComposePage::new(console, viewer, typed, Some(trouble)))
}

fn reach(state: &Present, draft: &DispatchDraft, people: impl Iterator<Item = PersonId>) -> Reach {
    let mut reach = Reach { people: 0, without: 0, domains: BTreeMap::new(), sample: None };
    for person in people.filter_map(|id| state.people().find(id)) {
        reach.people += 1;
        reach.without += u32::from(person.addresses().is_empty());
        for address in person.addresses() {
            *reach.domains.entry(address.domain().to_owned()).or_default() += 1;
        }
        if reach.sample.is_none() && !person.addresses().is_empty() {
            let text = filled(&draft.template.text, &draft.title, &draft.facts, person.name());
            reach.sample = Some((person.name().to_owned(), text));
        }
    }
    reach
}

/// A text as somebody of this name gets it.
pub(crate) fn filled(text: &str, title: &str, facts: &[String], name: &str) -> String {
    let text = text.replace("{name}", name).replace("{title}", title);
    let text = text.replace("{facts}", &facts.join("\n")).replace("{intensity}", "");
    text.replace("{link}", "https://（本人専用の回答ページ）").replace("{{", "{").replace("}}", "}")
}

impl PreviewPage {
    fn new(frame: Frame, typed: &Typed, draft: &DispatchDraft, reach: Reach, expected: Option<Expected>) -> Self {
        let mails = reach.domains.values().sum::<u64>();
        let (name, text) = reach.sample.unwrap_or_default();
        let mode_words = match draft.mode {
            hikyaku_dispatch::Mode::Real => "本番",
            hikyaku_dispatch::Mode::Drill => "訓練",
            hikyaku_dispatch::Mode::Test => "テスト",
        };
        Self {
            frame: frame.marked(Marks::for_console(draft.mode)),
            mode_words,
            is_real: draft.mode == hikyaku_dispatch::Mode::Real,
            people: Count(reach.people),
            mails: Count(u32::try_from(mails).unwrap_or(u32::MAX)),
            without: Count(reach.without),
            expected,
            subject: draft.template.subject_of(draft.mode, &draft.title),
            text,
            name,
            fields: typed.pairs(),
        }
    }
}
