//! What the own page shows, ready for its template.

use askama::Template;
use hikyaku_bulletin::Prefecture;
use hikyaku_dispatch::{AnswerView, Language, PersonalView, RegisteredBy};

use super::words::{OwnWords, words};
use crate::fit::{self, Shorter};
use crate::form::COMMENT_MAX_CHARS;
use crate::moment;
use crate::page::Frame;
use crate::region;
use crate::words::{Lang, Words};

/// A person's own page.
#[derive(Debug, Template)]
#[template(path = "personal.html")]
pub(super) struct PersonalPage<'a> {
    frame: Frame,
    words: &'static Words,
    own: &'static OwnWords,
    done: Option<&'static str>,
    trouble: Option<&'static str>,
    name: &'a str,
    /// What stands before what is posted: the page's own path.
    path: &'a str,
    /// The last report: what was chosen, what was written, when.
    last: Option<(&'a str, String, String)>,
    choices: Vec<(u8, &'a str)>,
    comment: &'a str,
    comment_max: usize,
    whereabouts: Option<String>,
    /// Those that the person registered, a value and a name each.
    own_regions: Vec<(String, String)>,
    regions: Vec<(u8, &'static str)>,
    days: [(u8, &'static str); 4],
    languages: Vec<(&'static str, &'static str, bool)>,
    addresses: Vec<Row>,
    /// How many are not shown.
    hidden: usize,
    /// Whether all are shown, however long the page becomes.
    shows_all: bool,
    typed: &'a str,
    may_mail: bool,
}

/// One of the person's addresses, masked.
#[derive(Debug)]
struct Row {
    place: u8,
    masked: String,
    health: &'static str,
    is_own: bool,
}

/// So many addresses are always shown.
const ADDRESSES_MIN: usize = 2;

/// How many days somebody is somewhere.
pub(super) const DAYS: [u8; 4] = [1, 3, 7, 30];

impl<'a> PersonalPage<'a> {
    /// The page at `path` in `lang`; `may_mail` tells whether mails can be sent from here.
    pub(super) fn new(view: &'a PersonalView, path: &'a str, lang: Lang, may_mail: bool) -> Self {
        let own = words(lang);
        let [one, three, week, month] = own.days;
        let [first, second, third, fourth] = DAYS;
        Self {
            frame: Frame::new(lang, hikyaku_dispatch::Mode::Real),
            words: lang.words(),
            own,
            done: None,
            trouble: None,
            name: &view.name,
            path,
            last: view.report.as_ref().map(|report| last(report, lang)),
            choices: view.question.choices.iter().map(|it| (it.id.0, lang.label(it))).collect(),
            comment: "",
            comment_max: COMMENT_MAX_CHARS,
            whereabouts: view.whereabouts.as_ref().map(|it| {
                let name = region::name(&it.region);
                let until = it.until.map(|until| format!("～{}", moment::for_responder(until, lang)));
                format!("{name}{}", until.unwrap_or_default())
            }),
            own_regions: view.own_regions.iter().map(|it| (it.to_string(), region::name(it))).collect(),
            regions: Prefecture::all().map(|it| (it.code(), it.name())).collect(),
            days: [(first, one), (second, three), (third, week), (fourth, month)],
            languages: Lang::ALL.map(|it| (it.code(), it.name(), language_of(it) == view.language)).to_vec(),
            addresses: view
                .addresses
                .iter()
                .map(|(address, health)| Row {
                    place: address.place,
                    masked: address.masked(),
                    health: health.state.word(),
                    is_own: address.by == RegisteredBy::Person,
                })
                .collect(),
            hidden: 0,
            shows_all: false,
            typed: "",
            may_mail,
        }
    }

    /// With all addresses, where that is asked for.
    pub(super) fn all(mut self, shows_all: bool) -> Self {
        self.shows_all = shows_all;
        self
    }

    /// With what was done.
    pub(super) fn done(mut self, word: &str) -> Self {
        self.done = match word {
            "report" => Some(self.own.done_report),
            "saved" => Some(self.own.done_saved),
            "mailed" => Some(self.own.done_mailed),
            "removed" => Some(self.own.done_removed),
            "tested" => Some(self.own.done_tested),
            _ => None,
        };
        self
    }

    /// With what went wrong, and everything that was typed.
    pub(super) fn trouble(mut self, text: &'static str, comment: &'a str, typed: &'a str) -> Self {
        self.trouble = Some(text);
        (self.comment, self.typed) = (comment, typed);
        self
    }
}

impl Shorter for PersonalPage<'_> {
    /// The last addresses are a tap away, and what was written is known to whoever wrote it; all else is what the page is for.
    fn shorten(&mut self, bytes: usize) -> bool {
        if self.shows_all {
            return false;
        }
        if self.addresses.len() > ADDRESSES_MIN {
            self.hidden += 1;
            return self.addresses.pop().is_some();
        }
        self.last.as_mut().is_some_and(|(_, comment, _)| fit::shorten(comment, bytes))
    }
}

fn last(report: &AnswerView, lang: Lang) -> (&str, String, String) {
    (lang.label(&report.choice), report.comment.clone(), moment::for_responder(report.at, lang))
}

/// The language of mails that belongs to a language of pages.
pub(super) fn language_of(lang: Lang) -> Language {
    match lang {
        Lang::Japanese => Language::Japanese,
        Lang::Easy => Language::EasyJapanese,
        Lang::English => Language::English,
    }
}

/// The language of pages that belongs to a person's language of mails.
pub(super) fn page_language(language: Language) -> Lang {
    match language {
        Language::Japanese => Lang::Japanese,
        Language::EasyJapanese => Lang::Easy,
        Language::English => Lang::English,
    }
}

/// An address that waits for its owner's tap.
#[derive(Debug, Template)]
#[template(path = "confirm.html")]
pub(super) struct ConfirmPage {
    frame: Frame,
    head: &'static str,
    text: &'static str,
    button: &'static str,
    /// Masked, as everywhere: whoever received the mail knows where.
    address: String,
}

impl ConfirmPage {
    /// The page about an address that is to be registered, or is and is tried whether mails arrive.
    pub(super) fn new(address: &str, is_registered: bool, lang: Lang) -> Self {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let own = words(lang);
        let (head, text, button) = if is_registered {
            (own.received_head, own.received_text, own.received)
        } else {
            (own.confirm_head, own.confirm_text, own.confirm)
        };
        let address = format!("***@{domain}");
        Self { frame: Frame::new(lang, hikyaku_dispatch::Mode::Real), head, text, button, address }
    }
}
