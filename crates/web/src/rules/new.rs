//! A new rule, from nothing or as a copy of another one. It sends nothing until somebody says so at the rule itself.

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    response::Response,
};
use hikyaku_bulletin::Intensity;
use hikyaku_dispatch::{
    Action, Class, Condition, Escalation, Rule, RuleBook, RuleId, Sending, Side, State as Present, Target, Told,
};
use serde::Deserialize;

use super::basics::NAME_CHARS_MAX;
use super::change::{self, Source, next_number};
use super::edit::{missing, own, status};
use super::happening::{Choice, Happening, Kind};
use super::posted::{Fault, Posted, check_line};
use crate::console::{Console, Viewer};
use crate::frame::{Frame, Place};
use crate::page;

/// What the form begins with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// The rule that is copied.
    from: Option<u32>,
}

#[derive(Debug, Default)]
struct Typed {
    from: Option<u32>,
    name: String,
    happening: Happening,
    /// `ask` or `tell`.
    aim: String,
}

#[derive(Debug, Template)]
#[template(path = "rule_new.html")]
struct NewPage {
    frame: Frame,
    faults: Vec<Fault>,
    /// Number and name of the rule that is copied.
    from: Option<(u32, String)>,
    name: String,
    name_max: usize,
    kinds: Vec<Kind>,
    telegrams: Vec<Choice>,
    phenomena: Vec<Choice>,
    is_narrow: bool,
    aims: Vec<Choice>,
    /// Number and name of the rules that could be copied.
    others: Vec<(u32, String)>,
}

/// `GET /rules/new`.
pub(crate) async fn new(State(console): State<Console>, viewer: Viewer, Query(asked): Query<Asked>) -> Response {
    let begun = console.web().desk.read(|state| match asked.from {
        None => Some(Typed::fresh()),
        Some(from) => own(&console, &viewer, state, from, Action::EditRules).map(Typed::copy_of),
    });
    match begun {
        Some(typed) => render(&console, &viewer, typed, Vec::new()),
        None => missing(&console, &viewer),
    }
}

/// `POST /rules/new`: the rule as it would be; it is made once that was looked at.
pub(crate) async fn make(
    State(console): State<Console>,
    viewer: Viewer,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let posted = Posted(pairs);
    let typed = Typed::read(&posted);
    if posted.act() == "back" {
        return render(&console, &viewer, typed, Vec::new());
    }
    let made = console.web().desk.read(|state| {
        let from = match typed.from {
            None => None,
            Some(from) => Some(own(&console, &viewer, state, from, Action::EditRules)?),
        };
        let side = console.scope(state, &viewer, Action::EditRules).side();
        Some(typed.book(from, state, side))
    });
    let proposed = match made {
        None => return missing(&console, &viewer),
        Some(made) => made.and_then(|book| {
            change::propose(&console, &viewer, &book, Source::new_rule("/rules/new".to_owned(), posted))
        }),
    };
    proposed.unwrap_or_else(|faults| render(&console, &viewer, typed, faults))
}

fn render(console: &Console, viewer: &Viewer, typed: Typed, faults: Vec<Fault>) -> Response {
    let (copied, others) = console.web().desk.read(|state| {
        let scope = console.scope(state, viewer, Action::EditRules);
        let own = state.rules().values().filter(|rule| scope.is_wide(rule.side));
        let copied = typed.from.and_then(|from| own.clone().find(|rule| rule.id == RuleId(from))).cloned();
        (copied, own.map(|rule| (rule.id.0, rule.name.clone())).collect())
    });
    let page = NewPage {
        frame: viewer.frame(console, Place::Rules),
        faults,
        from: copied.as_ref().map(|rule| (rule.id.0, rule.name.clone())),
        name_max: NAME_CHARS_MAX,
        kinds: typed.happening.kinds(copied.as_ref()),
        telegrams: typed.happening.telegrams(),
        phenomena: typed.happening.phenomena(),
        is_narrow: typed.happening.is_narrow(),
        aims: typed.aims(),
        name: typed.name,
        others,
    };
    page::render(status(&page.faults), &page)
}

impl Typed {
    fn fresh() -> Self {
        let condition = Condition::Shaking { at_least: Intensity::SixLower, told: Told::Either };
        Self { happening: Happening::of(&condition), aim: "ask".to_owned(), ..Self::default() }
    }

    fn copy_of(rule: &Rule) -> Self {
        Self {
            from: Some(rule.id.0),
            name: format!("{}の写し", rule.name),
            happening: Happening::of(&rule.condition),
            aim: "ask".to_owned(),
        }
    }

    fn read(posted: &Posted) -> Self {
        Self {
            from: posted.line("from").parse().ok(),
            name: posted.line("name"),
            happening: Happening::read(posted),
            aim: posted.line("aim"),
        }
    }

    fn aims(&self) -> Vec<Choice> {
        let all = [
            ("ask", "安否を確認する（回答を求める）。災害のあった地域を登録している人に尋ねます"),
            ("tell", "情報を知らせる（回答を求めない）。いる場所を問わず知らせます"),
        ];
        let choice = |(value, label): (&str, &str)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == self.aim,
        };
        all.map(choice).into()
    }

    /// The rule that is made, which sends nothing.
    fn book(&self, from: Option<&Rule>, state: &Present, side: Side) -> Result<RuleBook, Vec<Fault>> {
        let mut faults = Vec::new();
        check_line(&mut faults, "name", "名前", (&self.name, NAME_CHARS_MAX));
        if state.rules().values().any(|rule| rule.name == self.name) {
            let text = "同じ名前の規則があります。見分けられる名前にしてください。";
            faults.push(Fault::new("name", "名前", text));
        }
        let condition = self.happening.condition(from, &mut faults);
        if from.is_none() && !matches!(self.aim.as_str(), "ask" | "tell") {
            faults.push(Fault::new("aim", "目的", "一つ選んでください。"));
        }
        let Some(condition) = condition.filter(|_| faults.is_empty()) else { return Err(faults) };
        let id = next_number(state);
        let begun = match from {
            Some(rule) => Rule { id, ..rule.clone() },
            None if self.aim == "ask" => Rule { side, ..Rule::safety(id, Intensity::SixLower) },
            None => {
                let class = if side == Side::Overseas { Class::Overseas } else { Class::Hazard };
                Rule { side, ..Rule::information(id, condition.clone(), Target::Everyone, class) }
            }
        };
        let rule = Rule { name: self.name.clone(), condition, sending: Sending::Never, ..begun };
        let minutes = from.map_or(0, |rule| state.escalation(Some(rule.id)));
        let told = (minutes > 0).then_some(Escalation { rule: Some(id), minutes });
        Ok(RuleBook { tables: Vec::new(), rules: vec![rule], escalations: told.into_iter().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(typed: &Typed, from: Option<&Rule>) -> Rule {
        let book = typed.book(from, &Present::default(), Side::Overseas).unwrap();
        book.rules.into_iter().next().unwrap()
    }

    #[test]
    fn req_a11_a_new_rule_sends_nothing_whatever_it_is_made_from() {
        let at_once = Rule::safety(RuleId(4), Intensity::FiveLower);
        assert_eq!(at_once.sending, Sending::AtOnce);
        let copy = made(&Typed::copy_of(&at_once), Some(&at_once));
        assert_eq!((&copy.sending, copy.question), (&Sending::Never, at_once.question));
        for aim in ["ask", "tell"] {
            let rule = made(&Typed { aim: aim.into(), name: "新しい規則".into(), ..Typed::fresh() }, None);
            assert_eq!((rule.sending, rule.side, rule.id), (Sending::Never, Side::Overseas, RuleId(1)));
            assert_eq!(rule.question.is_asked(), aim == "ask");
        }
    }

    #[test]
    fn what_is_missing_of_a_new_rule_is_named_field_by_field() {
        let faults = Typed::default().book(None, &Present::default(), Side::Domestic).unwrap_err();
        let fields: Vec<String> = faults.into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["name", "condition", "aim"]);
    }
}
