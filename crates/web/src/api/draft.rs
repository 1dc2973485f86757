//! What a program wants sent: all of it, or what is to be different from a dispatch that waits for approval.

use hikyaku_dispatch::{DispatchDraft, IncidentId, MailTemplate, Side, State as Present, Waiting};
use serde::Deserialize;

use crate::compose::{Typed, Whom, rule_of};

/// What is to be sent, to whom.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDispatch {
    mode: String,
    title: String,
    #[serde(default)]
    facts: Vec<String>,
    subject: Option<String>,
    text: Option<String>,
    asks: bool,
    /// Whose wording and question are taken, as far as nothing else is said.
    rule: Option<u32>,
    #[serde(default)]
    remind: bool,
    incident: Option<u32>,
    target: NewTarget,
}

/// Whoever is in one of the groups and in one of the regions and countries, as far as any are named, or in either; and whoever is
/// named by a number; without whoever is left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct NewTarget {
    everyone: bool,
    groups: Vec<u32>,
    /// The groups themselves, without those below them.
    flat: bool,
    regions: Vec<u8>,
    /// ISO 3166-1 alpha-2: whoever is there today by the travel register.
    countries: Vec<String>,
    either: bool,
    numbers: Vec<String>,
    without_groups: Vec<u32>,
    without_numbers: Vec<String>,
}

/// What is different from what waits; the rest stays, and so do its people where no target is named.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Changed {
    mode: Option<String>,
    title: Option<String>,
    facts: Option<Vec<String>>,
    subject: Option<String>,
    text: Option<String>,
    target: Option<NewTarget>,
}

impl NewDispatch {
    /// The dispatch of this name, or what is to be mended.
    pub(super) fn draft(self, state: &Present, side: Side, key: String) -> Result<DispatchDraft, String> {
        let MailTemplate { subject, text } = MailTemplate::safety();
        let mut typed = Typed { asks: "safety".into(), subject, text, ..Typed::default() };
        if let Some(rule) = self.rule {
            let rule = rule_of(state, side, rule);
            let rule = rule.ok_or("rule の番号の規則がありません。/rules の番号を書いてください。")?;
            typed = typed.worded_as(rule);
        }
        typed = Typed {
            key,
            mode: self.mode,
            title: self.title.trim().to_owned(),
            facts: self.facts.join("\n"),
            subject: self.subject.unwrap_or(typed.subject),
            text: self.text.unwrap_or(typed.text),
            asks: if self.asks { typed.asks } else { "none".to_owned() },
            remind: self.remind,
            ..typed
        };
        let draft = self.target.aimed(typed).draft(state, side)?;
        Ok(DispatchDraft { incident: self.incident.map(IncidentId), ..draft })
    }
}

impl NewTarget {
    fn aimed(self, typed: Typed) -> Typed {
        let whom = Whom {
            everyone: self.everyone,
            groups: self.groups,
            is_flat: self.flat,
            regions: self.regions,
            countries: Vec::new(),
            abroad: self.countries.join("\n"),
            is_either: self.either,
            numbers: self.numbers.join("\n"),
            without: self.without_groups,
            without_numbers: self.without_numbers.join("\n"),
        };
        Typed { whom, same_people: false, ..typed }
    }
}

impl Changed {
    /// The dispatch of this name in place of the one that waits, or what is to be mended.
    pub(super) fn draft(self, state: &Present, waiting: &Waiting, key: String) -> Result<DispatchDraft, String> {
        let own = Typed { key, ..Typed::default() }.instead_of(waiting);
        let typed = Typed {
            mode: self.mode.unwrap_or(own.mode),
            title: self.title.map_or(own.title, |title| title.trim().to_owned()),
            facts: self.facts.map_or(own.facts, |facts| facts.join("\n")),
            subject: self.subject.unwrap_or(own.subject),
            text: self.text.unwrap_or(own.text),
            ..own
        };
        let typed = match self.target {
            Some(target) => target.aimed(typed),
            None => typed,
        };
        typed.draft(state, state.side_of(&waiting.proposal.draft))
    }
}
