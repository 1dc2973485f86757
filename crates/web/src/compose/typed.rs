//! What was typed and ticked of a dispatch, and the dispatch that it describes.

use hikyaku_dispatch::{
    Class, DispatchDraft, FollowUp, MailTemplate, Mode, ProposalId, Question, Rule, RuleId, Side, State as Present,
    Target, Waiting,
};

use super::whom::Whom;
use crate::error::Error;

/// Longest title and longest facts, in characters.
pub(super) const TITLE_CHARS_MAX: usize = 100;
pub(super) const FACTS_CHARS_MAX: usize = 2_000;
/// Of a dispatch that waited and is to be replaced.
const DECIDED: &str = "承認を待っていた配信は、もう決まりました。現況で確かめてください。";

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
    pub(crate) whom: Whom,
    pub(crate) remind: bool,
    /// The dispatch that waits for approval and is rejected when this one is sent.
    pub(crate) instead: Option<u32>,
    /// To whoever that one would have gone to.
    pub(crate) same_people: bool,
}

/// A dispatch that waits for approval.
pub(crate) fn waiting(state: &Present, proposal: u32) -> Option<&Waiting> {
    state.waiting().find(|it| it.proposal.id == ProposalId(proposal))
}

/// A rule of the side.
pub(crate) fn rule_of(state: &Present, side: Side, rule: u32) -> Option<&Rule> {
    state.rules().get(&RuleId(rule)).filter(|rule| rule.side == side)
}

impl Typed {
    /// An empty form with default wording. A drill: what is meant in earnest must be chosen.
    pub(super) fn fresh() -> Result<Self, Error> {
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
                "remind" => typed.remind = true,
                "instead" => typed.instead = value.parse().ok(),
                "same" => typed.same_people = true,
                _ => {
                    typed.whom.take(&name, &value);
                }
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
        ];
        pairs.extend(self.whom.pairs());
        pairs.extend(self.remind.then(|| ("remind", "1".to_owned())));
        pairs.extend(self.instead.map(|id| ("instead", id.to_string())));
        pairs.extend(self.same_people.then(|| ("same", "1".to_owned())));
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
        let question = self.question(state, side)?;
        let is_asked = question.is_asked();
        let replaced = self.instead.and_then(|it| waiting(state, it)).map(|it| &it.proposal.draft);
        // Its answers belong to the incident of the one that it replaces.
        let incident =
            replaced.map(|draft| draft.incident).filter(|id| state.incident(*id).is_some_and(|it| it.mode == mode));
        let class = if is_asked { Class::Safety } else { Class::Routine };
        let lines = self.facts.lines().map(str::trim_end).map(str::to_owned);
        Ok(DispatchDraft {
            key: self.key.clone(),
            incident,
            mode,
            title: self.title.clone(),
            facts: lines.collect(),
            template: MailTemplate { subject: self.subject.clone(), text: self.text.clone() },
            question,
            side,
            target: self.target(state, side)?,
            class: replaced.map_or(class, |draft| draft.class),
            follow_up: if is_asked && self.remind {
                FollowUp { remind_minutes: 30, remind_times: 3, ..FollowUp::default() }
            } else {
                FollowUp::default()
            },
        })
    }

    /// The question that was chosen.
    fn question(&self, state: &Present, side: Side) -> Result<Question, String> {
        let replaced = || self.instead.and_then(|it| waiting(state, it)).map(|it| it.proposal.draft.question.clone());
        let of_rule =
            || rule_of(state, side, self.asks.strip_prefix("rule:")?.parse().ok()?).map(|it| it.question.clone());
        match self.asks.as_str() {
            "safety" => Ok(Question::safety()),
            "none" => Ok(Question::none()),
            "waiting" => replaced().ok_or_else(|| DECIDED.to_owned()),
            _ => of_rule().ok_or_else(|| "質問を一覧から選んでください。".to_owned()),
        }
    }

    /// The people of the form, or those of the dispatch that is replaced; without whoever is left out.
    pub(super) fn target(&self, state: &Present, side: Side) -> Result<Target, String> {
        if !self.whom.everyone
            && self.same_people
            && let Some(replaced) = self.instead
        {
            let replaced = waiting(state, replaced).ok_or_else(|| DECIDED.to_owned())?;
            let same = Target::People(replaced.proposal.draft.asked.iter().map(|asked| asked.person).collect());
            return self.whom.leaving_out(same, state, side);
        }
        self.whom.target(state, side)
    }
}
