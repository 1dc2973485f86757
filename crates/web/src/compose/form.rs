//! The form of a dispatch, and the dispatch that it describes.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response as Reply};
use hikyaku_bulletin::Prefecture;
use hikyaku_dispatch::{
    Action, Class, DispatchDraft, FollowUp, GroupId, MailTemplate, Mode, PersonId, Question, Side, State as Present,
    Target,
};

use crate::console::{Console, Scope, Viewer};
use crate::error::Error;
use crate::form;
use crate::frame::{Frame, Place};
use crate::page;

/// Longest title and longest facts, in characters.
const TITLE_CHARS_MAX: usize = 100;
const FACTS_CHARS_MAX: usize = 2_000;

/// What was typed and ticked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    /// Made with the form, so that it is sent once however often it is posted.
    pub(crate) key: String,
    pub(crate) mode: String,
    pub(crate) title: String,
    pub(crate) facts: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) asks: String,
    pub(crate) everyone: bool,
    pub(crate) groups: Vec<u32>,
    pub(crate) regions: Vec<u8>,
    pub(crate) numbers: String,
    pub(crate) remind: bool,
}

/// A group to be ticked.
#[derive(Debug)]
struct Pick {
    id: u32,
    name: String,
    depth: usize,
    ticked: bool,
}

/// A prefecture to be ticked.
#[derive(Debug)]
struct Region {
    code: u8,
    name: &'static str,
    ticked: bool,
}

#[derive(Debug, Template)]
#[template(path = "compose.html")]
pub(super) struct ComposePage {
    frame: Frame,
    trouble: Option<String>,
    typed: Typed,
    groups: Vec<Pick>,
    /// None for whoever may send to some groups only: those are to be ticked.
    regions: Option<Vec<Region>>,
    title_max: usize,
    facts_max: usize,
}

/// `GET /compose`.
pub(crate) async fn show(State(console): State<Console>, viewer: Viewer) -> Reply {
    match Typed::fresh() {
        Ok(typed) => page::render(StatusCode::OK, &ComposePage::new(&console, &viewer, typed, None)),
        Err(error) => {
            tracing::error!(%error, "a form could not be made");
            page::nothing(
                viewer.frame(&console, Place::Compose),
                "作成できません",
                "しばらく待って、開き直してください。",
            )
        }
    }
}

impl ComposePage {
    pub(super) fn new(console: &Console, viewer: &Viewer, typed: Typed, trouble: Option<String>) -> Self {
        let (groups, is_wide) = console.web().desk.read(|state| {
            let scope = console.scope(state, viewer, Action::SendFree);
            (picks(state, &typed, &scope), scope.is_wide(scope.side()))
        });
        let region = |it: Prefecture| Region {
            code: it.code(),
            name: it.short_name(),
            ticked: typed.regions.contains(&it.code()),
        };
        Self {
            frame: viewer.frame(console, Place::Compose),
            trouble,
            groups,
            regions: is_wide.then(|| Prefecture::all().map(region).collect()),
            title_max: TITLE_CHARS_MAX,
            facts_max: FACTS_CHARS_MAX,
            typed,
        }
    }
}

/// The groups that the viewer may send to.
fn picks(state: &Present, typed: &Typed, scope: &Scope) -> Vec<Pick> {
    let pick = |(group, depth): (&hikyaku_dispatch::Group, usize)| Pick {
        id: group.id.0,
        name: group.name.clone(),
        depth,
        ticked: typed.groups.contains(&group.id.0),
    };
    state.groups().tree().into_iter().filter(|(group, _)| scope.holds_group(state, group.id)).map(pick).collect()
}

impl Typed {
    /// An empty form with default wording. A drill: what is meant in earnest must be chosen.
    fn fresh() -> Result<Self, Error> {
        let mut bytes = [0_u8; 8];
        getrandom::fill(&mut bytes).map_err(|_| Error::NoRandomness)?;
        let MailTemplate { subject, text } = MailTemplate::safety();
        Ok(Self {
            key: format!("web-{:016x}", u64::from_be_bytes(bytes)),
            mode: "drill".into(),
            asks: "safety".into(),
            remind: true,
            subject,
            text,
            ..Self::default()
        })
    }

    /// What a form posts, field by field; what is not known is left out.
    pub(super) fn read(pairs: Vec<(String, String)>) -> Self {
        let mut typed = Self::default();
        for (name, value) in pairs {
            match name.as_str() {
                "key" => typed.key = value,
                "mode" => typed.mode = value,
                "title" => typed.title = value.trim().to_owned(),
                "facts" => typed.facts = value.replace("\r\n", "\n"),
                "subject" => typed.subject = value.trim().to_owned(),
                "text" => typed.text = value.replace("\r\n", "\n"),
                "asks" => typed.asks = value,
                "everyone" => typed.everyone = true,
                "group" => typed.groups.extend(value.parse::<u32>().ok()),
                "region" => typed.regions.extend(value.parse::<u8>().ok()),
                "numbers" => typed.numbers = value,
                "remind" => typed.remind = true,
                _ => {}
            }
        }
        typed
    }

    /// The fields as they are carried to the next page.
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("key", self.key.clone()),
            ("mode", self.mode.clone()),
            ("title", self.title.clone()),
            ("facts", self.facts.clone()),
            ("subject", self.subject.clone()),
            ("text", self.text.clone()),
            ("asks", self.asks.clone()),
            ("numbers", self.numbers.clone()),
        ];
        pairs.extend(self.everyone.then(|| ("everyone", "1".to_owned())));
        pairs.extend(self.remind.then(|| ("remind", "1".to_owned())));
        pairs.extend(self.groups.iter().map(|id| ("group", id.to_string())));
        pairs.extend(self.regions.iter().map(|code| ("region", code.to_string())));
        pairs
    }

    /// The dispatch to people of `side` that is described, or what is to be mended.
    pub(crate) fn draft(&self, state: &Present, side: Side) -> Result<DispatchDraft, String> {
        let mode = match self.mode.as_str() {
            "real" => Mode::Real,
            "drill" => Mode::Drill,
            "test" => Mode::Test,
            _ => return Err("本番・訓練・テストのどれかを選んでください。".into()),
        };
        if self.title.is_empty() || self.title.chars().count() > TITLE_CHARS_MAX {
            return Err(format!("件名は1文字以上{TITLE_CHARS_MAX}文字以内で書いてください。"));
        }
        if self.title.contains(char::is_control) || self.subject.contains(char::is_control) {
            return Err("件名は改行のない1行で書いてください。".into());
        }
        if self.facts.chars().count() > FACTS_CHARS_MAX {
            return Err(format!("本文は{FACTS_CHARS_MAX}文字以内にしてください。"));
        }
        let is_asked = self.asks == "safety";
        let lines = self.facts.lines().map(str::trim_end).map(str::to_owned);
        Ok(DispatchDraft {
            key: self.key.clone(),
            incident: None,
            mode,
            title: self.title.clone(),
            facts: lines.collect(),
            template: MailTemplate { subject: self.subject.clone(), text: self.text.clone() },
            question: if is_asked { Question::safety() } else { Question::none() },
            side,
            target: self.target(state, side)?,
            class: if is_asked { Class::Safety } else { Class::Routine },
            follow_up: if is_asked && self.remind {
                FollowUp { remind_minutes: 30, remind_times: 3, ..FollowUp::default() }
            } else {
                FollowUp::default()
            },
        })
    }

    /// Whoever is in one of the groups and has one of the regions, as far as any are ticked; and whoever is named.
    fn target(&self, state: &Present, side: Side) -> Result<Target, String> {
        if self.everyone {
            return Ok(Target::Everyone);
        }
        let mut both = Vec::new();
        if !self.groups.is_empty() {
            both.push(Target::Groups(self.groups.iter().copied().map(GroupId).collect()));
        }
        if !self.regions.is_empty() {
            let regions = self.regions.iter().copied().filter_map(form::region);
            both.push(Target::Regions(regions.collect()));
        }
        let people = self.people(state, side)?;
        let mut any: Vec<Target> = Vec::new();
        any.extend((!both.is_empty()).then_some(Target::All(both)));
        any.extend((!people.is_empty()).then_some(Target::People(people)));
        if any.is_empty() {
            return Err("宛先を選んでください。全員に送るときは「全員」に印を付けてください。".into());
        }
        Ok(Target::Any(any))
    }

    fn people(&self, state: &Present, side: Side) -> Result<Vec<PersonId>, String> {
        let numbers = self.numbers.split([',', '、', ' ', '\n', '\r', '\t', '　']).filter(|number| !number.is_empty());
        numbers
            .map(|number| {
                let found = state.people().by_external_id(side, number).map(|person| person.id);
                found.ok_or_else(|| format!("職員番号 {number} の人は名簿にいません。"))
            })
            .collect()
    }
}
