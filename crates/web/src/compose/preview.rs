//! Before sending: how many, when they will have it, and the mail as one real recipient gets it.

use std::collections::BTreeMap;

use askama::Template;
use axum::{Form, extract::State, http::StatusCode, response::Response as Reply};
use hikyaku_dispatch::{
    Action, Actor, DispatchCommand, DispatchDraft, PersonId, State as Present, Wording, decide_for, select,
    told_of_place,
};
use jiff::Timestamp;

use super::form::ComposePage;
use super::typed::Typed;
use crate::console::{Console, Viewer, told};
use crate::described;
use crate::expected::{Expected, expected};
use crate::frame::{Count, Frame, Place};
use crate::mode::Marks;
use crate::page;
use crate::specimen::Specimen;
use crate::state::WebState;

/// What the preview shows.
#[derive(Debug, Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    frame: Frame,
    mode_words: &'static str,
    is_real: bool,
    /// Whom the form describes, in a sentence.
    whom: String,
    people: Count,
    mails: Count,
    without: Count,
    expected: Option<Expected>,
    subject: String,
    text: String,
    name: String,
    /// What the answer page asks; empty for a notice.
    question: String,
    choices: Vec<String>,
    further: Vec<String>,
    fields: Vec<(&'static str, String)>,
}

/// Whom a draft reaches.
pub(crate) struct Reach {
    pub(crate) people: u32,
    /// Of those, whoever has no address.
    pub(crate) without: u32,
    /// How many mails each domain gets.
    pub(crate) domains: BTreeMap<String, u64>,
    /// The first one who has an address.
    sample: Option<PersonId>,
}

/// One of those whom a draft reaches.
#[derive(Default)]
pub(crate) struct Example {
    pub(crate) name: String,
    /// What a mail of no known gravity says of where that one is.
    pub(crate) place: String,
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
        let reach = Reach::of(state, people.into_iter());
        let example = reach.example(state, now);
        let whom = described::target(&draft.target, state);
        Ok((reach, example, draft, whom))
    });
    match found {
        Err(trouble) => mend(&console, &viewer, typed, trouble),
        Ok((reach, ..)) if reach.people == 0 => {
            mend(&console, &viewer, typed, "この宛先に当てはまる人がいません。".into())
        }
        Ok((reach, example, draft, whom)) => {
            let expected = expected(&console, draft.question.is_asked(), &reach.domains).await;
            let frame = viewer.frame(&console, Place::Compose);
            page::render(
                StatusCode::OK,
                &PreviewPage {
                    expected,
                    whom,
                    ..PreviewPage::new(frame, console.web(), (&typed, &draft), &reach, example)
                },
            )
        }
    }
}

/// The form again with what is to be mended.
pub(super) fn mend(console: &Console, viewer: &Viewer, typed: Typed, trouble: String) -> Reply {
    page::render(StatusCode::UNPROCESSABLE_ENTITY, &ComposePage::new(console, viewer, typed, Some(trouble)))
}

impl Reach {
    /// The first one who has an address, as an example of who gets a mail that is sent `now`.
    pub(crate) fn example(&self, state: &Present, now: Timestamp) -> Option<Example> {
        let person = self.sample.and_then(|id| state.people().find(id))?;
        Some(Example { name: person.name().to_owned(), place: told_of_place(state, Some(person.id), None, now, None) })
    }

    pub(crate) fn of(state: &Present, people: impl Iterator<Item = PersonId>) -> Self {
        let mut reach = Self { people: 0, without: 0, domains: BTreeMap::new(), sample: None };
        for person in people.filter_map(|id| state.people().find(id)) {
            reach.people += 1;
            reach.without += u32::from(person.addresses().is_empty());
            for address in person.addresses() {
                *reach.domains.entry(address.domain().to_owned()).or_default() += 1;
            }
            if reach.sample.is_none() && !person.addresses().is_empty() {
                reach.sample = Some(person.id);
            }
        }
        reach
    }
}

impl PreviewPage {
    fn new(
        frame: Frame,
        web: &WebState,
        (typed, draft): (&Typed, &DispatchDraft),
        reach: &Reach,
        example: Option<Example>,
    ) -> Self {
        let mails = reach.domains.values().sum::<u64>();
        let Example { name, place } = example.unwrap_or_default();
        let mail = Specimen::of(web, &Wording::from(draft), &name, &place);
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
            whom: String::new(),
            expected: None,
            subject: mail.subject,
            text: mail.text,
            name,
            question: draft.question.prompt_ja.clone(),
            choices: draft.question.choices.iter().map(|choice| choice.label_ja.clone()).collect(),
            further: draft.question.further.iter().map(|further| further.prompt_ja.clone()).collect(),
            fields: typed.pairs(),
        }
    }
}
