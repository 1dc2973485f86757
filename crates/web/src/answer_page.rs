//! What the answer page and the thanks page show, ready for their templates.

use askama::Template;
use hikyaku_dispatch::{AnswerView, LinkView, Question, Speaker, Spoken, Via};

use crate::fit::{self, Facts, Shorter};
use crate::form::COMMENT_MAX_CHARS;
use crate::further::{self, Asked};
use crate::moment;
use crate::page::Frame;
use crate::words::{Lang, Words};

/// Most messages on the answer page, the last ones: the question must not be far below.
const SAID_MAX: usize = 2;

/// The question with the facts above it and the last answer, if any.
#[derive(Debug, Template)]
#[template(path = "answer.html")]
pub(crate) struct AnswerPage<'a> {
    frame: Frame,
    words: &'static Words,
    trouble: Option<Trouble>,
    title: &'a str,
    facts: Facts<'a>,
    name: &'a str,
    last: Option<Last<'a>>,
    prompt: &'a str,
    comment: Option<CommentBox<'a>>,
    choices: Vec<Button<'a>>,
    /// The last ones.
    said: Vec<Said>,
    /// How many messages there are.
    said_count: usize,
    /// How many were said before those.
    earlier: Option<String>,
    /// Where a message is posted.
    say: String,
    unsaid: String,
}

/// A message about the answer.
#[derive(Debug)]
pub(crate) struct Said {
    who: &'static str,
    at: String,
    text: String,
}

impl Said {
    /// A message as the person reads it.
    pub(crate) fn new(message: &Spoken, lang: Lang) -> Self {
        let words = lang.words();
        let who = if message.speaker == Speaker::Person { words.you } else { words.manager };
        Self { who, at: moment::for_responder(message.at, lang), text: message.text.clone() }
    }
}

/// What was recorded and when.
#[derive(Debug, Template)]
#[template(path = "thanks.html")]
pub(crate) struct ThanksPage<'a> {
    frame: Frame,
    words: &'static Words,
    title: &'a str,
    facts: Facts<'a>,
    name: &'a str,
    trouble: Option<Trouble>,
    /// Further answers to another answer that are not recorded, a line each.
    unsent: Vec<String>,
    last: Last<'a>,
    change: String,
    /// The number of the choice, whose further questions these are.
    choice: u8,
    further: Vec<Asked<'a>>,
    /// Where further answers are posted.
    more: String,
    /// The address of the person's own page.
    own: String,
}

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// No answer, or one that this question does not have: nothing was recorded.
    NoChoice,
    /// We could not record it.
    NotRecorded,
    /// The answer is recorded, but only the beginning of the comment.
    CommentCut,
}

#[derive(Debug)]
struct Trouble {
    head: &'static str,
    text: String,
}

#[derive(Debug)]
struct Last<'a> {
    label: &'a str,
    behalf: &'static str,
    comment: &'a str,
    at: String,
}

#[derive(Debug)]
struct CommentBox<'a> {
    text: &'a str,
    hint: String,
    limit: usize,
    open: bool,
}

#[derive(Debug)]
struct Button<'a> {
    id: u8,
    label: &'a str,
    chosen: bool,
}

impl<'a> AnswerPage<'a> {
    /// The page of a link as first opened: the last comment stands in the box, so that a change of answer keeps it.
    pub(crate) fn new(link: &'a LinkView, lang: Lang) -> Self {
        let words = lang.words();
        let last = link.last_answer.as_ref();
        let chosen = last.map(|answer| answer.choice.id);
        let choices = link.question.choices.iter().map(|choice| Button {
            id: choice.id.0,
            label: lang.label(choice),
            chosen: chosen == Some(choice.id),
        });
        let text = last.map_or("", |answer| &answer.comment);
        let limit = COMMENT_MAX_CHARS;
        let comment = link.question.comment_allowed.then(|| CommentBox {
            text,
            hint: format!("{}{limit}{}", words.comment_before, words.comment_after),
            limit,
            open: !text.is_empty(),
        });
        Self {
            frame: Frame::new(lang, link.mode),
            words,
            trouble: None,
            title: &link.title,
            facts: Facts::all(&link.facts),
            name: &link.person_name,
            last: last.map(|answer| Last::new(answer, lang)),
            prompt: prompt(&link.question, lang),
            comment,
            choices: choices.collect(),
            said: Vec::new(),
            said_count: 0,
            earlier: None,
            say: String::new(),
            unsaid: String::new(),
        }
    }

    /// With what was said about the answer, and where a message is posted.
    pub(crate) fn with(mut self, mut said: Vec<Said>, say: String) -> Self {
        self.said_count = said.len();
        let earlier = said.len().saturating_sub(SAID_MAX);
        self.earlier =
            (earlier > 0).then(|| format!("{}{earlier}{}", self.words.earlier_before, self.words.earlier_after));
        said.drain(..earlier);
        (self.said, self.say) = (said, say);
        self
    }

    /// With a message that could not be recorded, so that it is not lost.
    pub(crate) fn unsaid(mut self, typed: String) -> Self {
        self.unsaid = typed;
        self
    }

    /// The same page again with what went wrong, and everything that was typed.
    pub(crate) fn again(mut self, why: Again, typed: &'a str) -> Self {
        let words = self.words;
        self.trouble = Some(match why {
            Again::NoChoice => Trouble { head: words.not_recorded, text: words.choose_one.to_owned() },
            Again::NotRecorded => Trouble { head: words.not_recorded, text: words.press_again.to_owned() },
            Again::CommentCut => Trouble {
                head: words.comment_cut,
                text: format!("{}{COMMENT_MAX_CHARS}{}", words.cut_before, words.cut_after),
            },
        });
        if let Some(comment) = &mut self.comment {
            comment.text = typed;
            comment.open = true;
        }
        self
    }
}

impl<'a> ThanksPage<'a> {
    /// The page after an answer, with the addresses at which to change it, to answer further questions, and of the own page; `None` while there is none.
    pub(crate) fn new(link: &'a LinkView, lang: Lang, change: String, more: String, own: String) -> Option<Self> {
        let answer = link.last_answer.as_ref()?;
        Some(Self {
            frame: Frame::new(lang, link.mode),
            words: lang.words(),
            title: &link.title,
            facts: Facts::all(&link.facts),
            name: &link.person_name,
            trouble: None,
            unsent: Vec::new(),
            last: Last::new(answer, lang),
            change,
            choice: answer.choice.id.0,
            further: further::asked(&link.question, answer, lang),
            more,
            own,
        })
    }

    /// With further answers that were not recorded because another answer is there by now.
    pub(crate) fn overtaken(mut self, unsent: Vec<String>) -> Self {
        let words = self.words;
        self.trouble = Some(Trouble { head: words.more_not_recorded.head, text: words.overtaken.to_owned() });
        self.unsent = unsent;
        self
    }
}

impl Shorter for AnswerPage<'_> {
    /// First what is known, then what was said; never what is asked, or what was typed.
    fn shorten(&mut self, bytes: usize) -> bool {
        self.facts.shorten(bytes) || self.said.iter_mut().any(|said| fit::shorten(&mut said.text, bytes))
    }
}

impl Shorter for ThanksPage<'_> {
    fn shorten(&mut self, bytes: usize) -> bool {
        self.facts.shorten(bytes)
    }
}

impl<'a> Last<'a> {
    fn new(answer: &'a AnswerView, lang: Lang) -> Self {
        Self {
            label: lang.label(&answer.choice),
            behalf: if answer.via == Via::Behalf { lang.words().on_behalf } else { "" },
            comment: &answer.comment,
            at: moment::for_responder(answer.at, lang),
        }
    }
}

fn prompt(question: &Question, lang: Lang) -> &str {
    match lang {
        Lang::Japanese => &question.prompt_ja,
        Lang::Easy => &question.prompt_easy_ja,
        Lang::English => &question.prompt_en,
    }
}
