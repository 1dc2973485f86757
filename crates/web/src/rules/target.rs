//! Whom a rule mails, and about which regions it speaks; with the part of the form in which a dispatch chooses people [A22 A34].

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    Form,
    extract::{Path, State},
    response::Response,
};
use hikyaku_bulletin::RegionCode;
use hikyaku_dispatch::{Action, Rule, RuleBook, State as Present, Target, Who};

use super::change::{self, Source};
use super::edit::{missing, own, status};
use super::happening::Choice;
use super::posted::{Fault, Posted};
use crate::compose::{Region, Whom, WhomForm, answer, counted, regions};
use crate::console::{Console, Viewer};
use crate::described;
use crate::form;
use crate::frame::{Frame, Place};
use crate::page;

/// What was ticked and typed.
#[derive(Debug, Clone, Default)]
struct Typed {
    /// `there`, `anywhere`, or `table-` and a number.
    whose: String,
    /// The target stays as it is, for no form can say it.
    is_kept: bool,
    whom: Whom,
    /// Prefectures that the rule speaks of.
    limits: Vec<u8>,
    /// Codes of countries and of what is finer than a prefecture.
    places: String,
}

#[derive(Debug, Template)]
#[template(path = "rule_target.html")]
struct TargetPage {
    frame: Frame,
    id: u32,
    name: String,
    faults: Vec<Fault>,
    whose: Vec<Choice>,
    /// What the target is, where no form can say it, and whether it stays.
    kept: Option<(String, bool)>,
    whom: WhomForm,
    limits: Vec<Region>,
    is_limited: bool,
    places: String,
    count: String,
}

/// `GET /rules/{rule}/target`.
pub(crate) async fn target(State(console): State<Console>, viewer: Viewer, Path(rule): Path<u32>) -> Response {
    render(&console, &viewer, rule, None)
}

/// `POST /rules/{rule}/target`: what would change, or how many it would be; nothing changes yet.
pub(crate) async fn reach(
    State(console): State<Console>,
    viewer: Viewer,
    Path(rule): Path<u32>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let posted = Posted(pairs);
    let typed = Typed::read(&posted);
    if matches!(posted.act(), "back" | "count") {
        return render(&console, &viewer, rule, Some((typed, Vec::new())));
    }
    let changed = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::EditRules)?;
        Some(typed.rule(rule, state))
    });
    let proposed = match changed {
        None => return missing(&console, &viewer),
        Some(changed) => changed.and_then(|changed| {
            let book = RuleBook { rules: vec![changed], ..RuleBook::default() };
            change::propose(&console, &viewer, &book, Source::form(format!("/rules/{rule}/target"), posted))
        }),
    };
    proposed.unwrap_or_else(|faults| render(&console, &viewer, rule, Some((typed, faults))))
}

/// `POST /rules/{rule}/count`: how many that would be, a line that a script asks for.
pub(crate) async fn count(
    State(console): State<Console>,
    viewer: Viewer,
    Path(rule): Path<u32>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Response {
    let typed = Typed::read(&Posted(pairs));
    let line = console.web().desk.read(|state| {
        let rule = own(&console, &viewer, state, rule, Action::EditRules)?;
        Some(typed.counted(rule, state, &console))
    });
    match line {
        Some(line) => answer(line),
        None => missing(&console, &viewer),
    }
}

fn render(console: &Console, viewer: &Viewer, rule: u32, posted: Option<(Typed, Vec<Fault>)>) -> Response {
    let frame = viewer.frame(console, Place::Rules).helped();
    let page = console.web().desk.read(|state| {
        let rule = own(console, viewer, state, rule, Action::EditRules)?;
        let scope = console.scope(state, viewer, Action::EditRules);
        let (typed, faults) = posted.unwrap_or_else(|| (Typed::of(rule, state), Vec::new()));
        let unsaid = unsaid(rule, state).map(|it| (described::target(it, state), typed.is_kept));
        Some(TargetPage {
            frame,
            id: rule.id.0,
            name: rule.name.clone(),
            faults,
            whose: typed.whose(state),
            kept: unsaid,
            count: typed.counted(rule, state, console).unwrap_or_else(|trouble| trouble),
            limits: regions(&typed.limits),
            is_limited: !typed.limits.is_empty(),
            places: typed.places,
            whom: WhomForm::new(console, state, typed.whom, &scope, rule.side),
        })
    });
    match page {
        Some(page) => page::render(status(&page.faults), &page),
        None => missing(console, viewer),
    }
}

impl Typed {
    fn of(rule: &Rule, state: &Present) -> Self {
        let whose = match &rule.who {
            Who::There(_) => "there".to_owned(),
            Who::Anywhere(_) => "anywhere".to_owned(),
            Who::Table(id) => format!("table-{}", id.0),
        };
        let limit = |region: &RegionCode| match region {
            RegionCode::Prefecture(prefecture) => Ok(prefecture.code()),
            finer => Err(finer.to_string()),
        };
        let (limits, places): (Vec<_>, Vec<_>) = rule.regions.iter().map(limit).partition(Result::is_ok);
        Self {
            whose,
            is_kept: unsaid(rule, state).is_some(),
            whom: target_of(&rule.who).and_then(|it| Whom::of(it, state, rule.side)).unwrap_or_default(),
            limits: limits.into_iter().filter_map(Result::ok).collect(),
            places: places.into_iter().filter_map(Result::err).collect::<Vec<_>>().join(" "),
        }
    }

    fn read(posted: &Posted) -> Self {
        let mut whom = Whom::default();
        for (name, value) in &posted.0 {
            whom.take(name, value);
        }
        Self {
            whose: posted.line("whose"),
            is_kept: posted.has("kept"),
            whom,
            limits: posted.all("limit"),
            places: posted.line("places"),
        }
    }

    /// Of whom the people are chosen.
    fn whose(&self, state: &Present) -> Vec<Choice> {
        let mut all = vec![
            ("there".to_owned(), "災害のあった地域を登録している人。下で選んだ人のうちから".to_owned()),
            ("anywhere".to_owned(), "下で選んだ人の全員（いる場所を問わない）".to_owned()),
        ];
        let table = |it: &hikyaku_dispatch::Table| {
            (format!("table-{}", it.id.0), format!("対象表「{}」のとおり。下の宛先は使いません", it.name))
        };
        all.extend(state.tables().map(table));
        let choice = |(value, label): (String, String)| Choice { chosen: value == self.whose, value, label };
        all.into_iter().map(choice).collect()
    }

    /// The rule with what was ticked; the rest of it stays.
    fn rule(&self, before: &Rule, state: &Present) -> Result<Rule, Vec<Fault>> {
        let mut faults = Vec::new();
        let who = self.who(before, state).unwrap_or_else(|fault| {
            faults.push(fault);
            before.who.clone()
        });
        let regions = self.regions(before, &mut faults);
        if faults.is_empty() { Ok(Rule { who, regions, ..before.clone() }) } else { Err(faults) }
    }

    fn who(&self, before: &Rule, state: &Present) -> Result<Who, Fault> {
        if let Some(table) = state.tables().find(|it| self.whose == format!("table-{}", it.id.0)) {
            return Ok(Who::Table(table.id));
        }
        let who = match self.whose.as_str() {
            "there" => Who::There,
            "anywhere" => Who::Anywhere,
            _ => return Err(Fault::new("whose", "だれに", "一覧から選んでください。")),
        };
        self.target(before, state).map(who).map_err(|text| Fault::new("whom", "宛先", text))
    }

    /// Whom the form means; what was not touched stays as it was written.
    fn target(&self, before: &Rule, state: &Present) -> Result<Target, String> {
        if let Some(unsaid) = unsaid(before, state).filter(|_| self.is_kept) {
            return Ok(unsaid.clone());
        }
        let known = target_of(&before.who);
        let is_same = |it: &&Target| Whom::of(it, state, before.side).is_some_and(|whom| whom.is_same(&self.whom));
        match known.filter(is_same) {
            Some(same) => Ok(same.clone()),
            None => self.whom.target(state, before.side),
        }
    }

    fn regions(&self, before: &Rule, faults: &mut Vec<Fault>) -> Vec<RegionCode> {
        let mut all: Vec<RegionCode> = self.limits.iter().copied().filter_map(form::region).collect();
        for typed in self.places.split([',', '、', ' ', '　', '\n']).filter(|it| !it.is_empty()) {
            match typed.parse() {
                Ok(region) => all.push(region),
                Err(_) => {
                    let text =
                        format!("「{typed}」は地域のコードとして読めません。国は2文字（例 TH）で書いてください。");
                    faults.push(Fault::new("places", "国や細かい地域", text));
                }
            }
        }
        let set = |regions: &[RegionCode]| regions.iter().cloned().collect::<BTreeSet<_>>();
        if set(&all) == set(&before.regions) { before.regions.clone() } else { all }
    }

    /// How many are meant now, in a line.
    fn counted(&self, rule: &Rule, state: &Present, console: &Console) -> Result<String, String> {
        match self.who(rule, state).map_err(|fault| fault.text)? {
            Who::Table(_) => Ok("対象表では、災害のあった都道府県によって人数が変わります。".to_owned()),
            Who::There(target) => {
                let line = counted(state, &target, rule.side, console.now())?;
                Ok(format!("{line}。このうち、災害のあった地域の人に送ります。"))
            }
            Who::Anywhere(target) => counted(state, &target, rule.side, console.now()),
        }
    }
}

fn target_of(who: &Who) -> Option<&Target> {
    match who {
        Who::There(target) | Who::Anywhere(target) => Some(target),
        Who::Table(_) => None,
    }
}

/// The target of a rule, if no form can say it.
fn unsaid<'a>(rule: &'a Rule, state: &Present) -> Option<&'a Target> {
    target_of(&rule.who).filter(|it| Whom::of(it, state, rule.side).is_none())
}

#[cfg(test)]
mod tests {
    use hikyaku_bulletin::Intensity;
    use hikyaku_dispatch::{GroupId, RuleId};

    use super::*;

    fn rule(who: Who) -> Rule {
        Rule { who, ..Rule::safety(RuleId(1), Intensity::SixLower) }
    }

    #[test]
    fn req_a22_what_was_not_touched_stays_as_it_was_written_also_what_no_form_can_say() {
        let state = Present::default();
        let odd = Target::All(vec![Target::Groups(vec![GroupId(2)]), Target::Groups(vec![GroupId(3)])]);
        let but = Target::Not(Box::new(Target::Groups(vec![GroupId(2)])));
        for target in [odd, but, Target::Everyone, Target::Groups(vec![GroupId(2)])] {
            let mut before = rule(Who::There(target));
            before.regions = vec!["TH".parse().unwrap(), "17".parse().unwrap()];
            assert_eq!(Typed::of(&before, &state).rule(&before, &state), Ok(before));
        }
    }

    #[test]
    fn req_a22_one_group_alone_is_written_plainly_and_a_place_that_cannot_be_read_is_named() {
        let (state, before) = (Present::default(), rule(Who::There(Target::Everyone)));
        let whom = Whom { groups: vec![7], ..Whom::default() };
        let typed = Typed { whose: "anywhere".into(), whom, places: "TH 能登".into(), ..Typed::default() };
        let faults = typed.rule(&before, &state).unwrap_err();
        assert_eq!((faults.len(), faults[0].field.as_str()), (1, "places"));
        let typed = Typed { places: "TH".into(), ..typed };
        let after = typed.rule(&before, &state).unwrap();
        assert_eq!(after.who, Who::Anywhere(Target::Groups(vec![GroupId(7)])));
        assert_eq!(after.regions, ["TH".parse().unwrap()]);
        let nobody = Typed { whose: "there".into(), ..Typed::default() };
        assert_eq!(nobody.rule(&before, &state).unwrap_err()[0].field, "whom");
    }
}
