//! What a form can begin with beside default wording: a rule's wording and question, or a dispatch that waits for approval and
//! is to be replaced [A11].

use hikyaku_bulletin::CountryCode;
use hikyaku_dispatch::{FollowUp, Foreseen, MailTemplate, Mode, Rule, Waiting};

use super::typed::{FACTS_CHARS_MAX, TITLE_CHARS_MAX, Typed};

/// A question that can be chosen.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

impl Typed {
    /// With the wording and the question of a rule.
    pub(crate) fn worded_as(self, rule: &Rule) -> Self {
        let MailTemplate { subject, text } = rule.template.clone();
        let asks = if rule.question.is_asked() { format!("rule:{}", rule.id.0) } else { "none".to_owned() };
        Self { subject, text, asks, ..self }
    }

    /// To whoever is in a country today, if one is named.
    pub(super) fn there(mut self, country: Option<&str>) -> Self {
        self.whom.countries.extend(country.and_then(|code| code.parse::<CountryCode>().ok()));
        self
    }

    /// In earnest, with what a telegram says that waits for the journal, and with the wording of the rule that it is for. Meanwhile
    /// only what asks for an answer can be sent: a rule that asks nothing lends no wording.
    pub(super) fn because_of(self, waits: &Foreseen, rule: &Rule) -> Self {
        let worded = if rule.question.is_asked() { self.worded_as(rule) } else { self };
        Self {
            mode: "real".to_owned(),
            title: waits.title.chars().take(TITLE_CHARS_MAX).collect(),
            facts: waits.facts.join("\n").chars().take(FACTS_CHARS_MAX).collect(),
            ..worded
        }
    }

    /// With all of a dispatch that waits, to be sent in its place.
    pub(crate) fn instead_of(self, waiting: &Waiting) -> Self {
        let draft = &waiting.proposal.draft;
        let MailTemplate { subject, text } = draft.template.clone();
        let mode = match draft.mode {
            Mode::Real => "real",
            Mode::Drill => "drill",
            Mode::Test => "test",
        };
        Self {
            mode: mode.to_owned(),
            title: draft.title.clone(),
            facts: draft.facts.join("\n"),
            subject,
            text,
            asks: if draft.question.is_asked() { "waiting" } else { "none" }.to_owned(),
            remind: draft.follow_up != FollowUp::default(),
            instead: Some(waiting.proposal.id.0),
            same_people: true,
            ..self
        }
    }

    /// What can be asked: nothing, about safety, as the replaced dispatch or as a rule does.
    pub(super) fn questions(&self, rules: &[&Rule]) -> Vec<Choice> {
        let fixed = [("safety", "安否と登庁の可否を尋ねる"), ("none", "尋ねない（お知らせのみ）")];
        let mut all: Vec<(String, String)> = fixed.map(|(value, label)| (value.to_owned(), label.to_owned())).into();
        all.extend(self.instead.map(|_| ("waiting".to_owned(), "承認を待っている配信と同じ質問".to_owned())));
        let asking = rules.iter().filter(|rule| rule.question.is_asked());
        all.extend(asking.map(|rule| (format!("rule:{}", rule.id.0), format!("規則「{}」の質問", rule.name))));
        let choice = |(value, label): (String, String)| Choice { chosen: value == self.asks, value, label };
        all.into_iter().map(choice).collect()
    }
}
