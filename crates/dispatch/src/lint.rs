//! What is wrong with rules before they are needed: a condition that reaches nobody, words that will not be true.

use std::collections::BTreeSet;

use hikyaku_bulletin::{Prefecture, RegionCode};
use jiff::Timestamp;

use crate::id::{PersonId, RuleId};
use crate::person::Side;
use crate::rule::{Aim, Rule, Sending, Who};
use crate::select::{self, select};
use crate::state::State;
use crate::target::Target;
use crate::thousands::Thousands;

/// Something to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The rule, if it is about one.
    pub rule: Option<RuleId>,
    /// The half whose people it is about; `None` for both.
    pub side: Option<Side>,
    /// What, and what to do, in Japanese.
    pub text: String,
}

/// Words of a fixed severity: a template that holds one will be wrong one day (one 震度７ for every quake).
const FIXED: [&str; 5] = ["震度", "大津波警報", "津波警報", "特別警報", "レベル"];

/// Everything that is wrong with the rules as they are at `now`.
#[must_use]
pub fn complaints(state: &State, now: Timestamp) -> Vec<Complaint> {
    let mut found = Vec::new();
    if state.rules().is_empty() {
        let text = "規則がありません。少なくとも一つ設定してください。".into();
        found.push(Complaint { rule: None, side: None, text });
    }
    for rule in state.rules().values() {
        let texts = wording(rule).into_iter().chain(people(state, rule, now)).chain(places(state, rule));
        found.extend(texts.map(|text| Complaint { rule: Some(rule.id), side: Some(rule.side), text }));
    }
    found.extend(unreached(state, now).map(|(side, text)| Complaint { rule: None, side: Some(side), text }));
    found
}

fn wording(rule: &Rule) -> Vec<String> {
    let mut found = Vec::new();
    let template = &rule.template;
    if template.subject.trim().is_empty() || template.text.trim().is_empty() {
        found.push("件名か本文が空です。文面を設定してください。".to_owned());
    }
    // `{ link }` is the same field.
    let [subject, text] = [&template.subject, &template.text].map(|it| it.replace(' ', ""));
    if rule.aim == Aim::Safety && !text.contains("{link}") {
        found.push("本文に {link} がありません。回答ページへ行けません。".to_owned());
    }
    if let Some(word) = FIXED.iter().find(|word| subject.contains(*word) || text.contains(*word)) {
        found.push(format!(
            "文面に「{word}」と書いてあります。実際の値と食い違うので、{{title}} か {{intensity}} を使ってください。"
        ));
    }
    if !matches!(rule.who, Who::There(_)) && (subject.contains("{intensity}") || text.contains("{intensity}")) {
        let why =
            "{intensity} は災害のあった地域の値で、受け取る人のいる場所の値とは限りません。{facts} を使ってください。";
        found.push(why.to_owned());
    }
    found
}

fn people(state: &State, rule: &Rule, now: Timestamp) -> Vec<String> {
    let mut found = missing(state, rule);
    for (target, place) in targets(state, rule) {
        if select(state, target, rule.side, now).is_ok_and(|people| people.is_empty()) {
            found.push(format!("{place}対象に誰もいません。"));
        }
    }
    if let Sending::Hold(hold) = &rule.sending {
        let unreachable = |id: &&PersonId| state.people().find(**id).is_none_or(|it| it.addresses().is_empty());
        let count = hold.approvers.iter().filter(unreachable).count();
        if count > 0 {
            found.push(format!("承認者のうち {count} 人は宛先がありません。呼び出せません。"));
        }
        if hold.minutes == 0 {
            found.push("承認の期限が 0 分です。人が判断する時間がありません。".to_owned());
        }
    }
    found
}

/// What the targets of a rule name that is not there, or no longer: such a target means nobody.
pub(crate) fn missing(state: &State, rule: &Rule) -> Vec<String> {
    let complaint = |(target, place): (&Target, String)| {
        let refusal = select::missing(state, target)?;
        Some(format!("{place}対象に存在しないものがあり、誰にも届きません（{refusal}）。"))
    };
    targets(state, rule).into_iter().filter_map(complaint).collect()
}

/// The targets of a rule, each with where it stands if there are several.
fn targets<'a>(state: &'a State, rule: &'a Rule) -> Vec<(&'a Target, String)> {
    match &rule.who {
        Who::There(target) | Who::Anywhere(target) => vec![(target, String::new())],
        Who::Table(_) => {
            let place = |prefecture: Prefecture| format!("対象表の{}: ", prefecture.name());
            rows(state, rule).iter().map(|(prefecture, target)| (target, place(*prefecture))).collect()
        }
    }
}

/// The rows of a rule's table.
fn rows<'a>(state: &'a State, rule: &Rule) -> &'a [(Prefecture, Target)] {
    let Who::Table(id) = rule.who else { return &[] };
    state.table(id).map_or(&[], |table| &table.rows)
}

/// Regions of a rule that nobody has.
fn places(state: &State, rule: &Rule) -> Vec<String> {
    if !matches!(rule.who, Who::There(_)) {
        return Vec::new();
    }
    let people = || state.people().of(rule.side).filter(|person| person.is_reachable());
    let is_had = |limit: &RegionCode| people().flat_map(|person| person.all_regions()).any(|it| meets(it, limit));
    let nobody = rule.regions.iter().filter(|limit| !is_had(limit));
    nobody.map(|limit| format!("地域 {limit} を登録している人がいません。")).collect()
}

/// Whether somebody of one region may be concerned by a rule about the other.
fn meets(region: &RegionCode, limit: &RegionCode) -> bool {
    region == limit || (limit.prefecture().is_some() && region.prefecture() == limit.prefecture())
}

/// People whom no safety rule could ever reach.
fn unreached(state: &State, now: Timestamp) -> impl Iterator<Item = (Side, String)> {
    [Side::Domestic, Side::Overseas].into_iter().filter_map(move |side| {
        let asks = |rule: &&Rule| rule.aim == Aim::Safety && rule.side == side && rule.sending != Sending::Never;
        let rules = state.rules().values().filter(asks);
        let reached: BTreeSet<PersonId> = rules.flat_map(|rule| reached(state, rule, now)).collect();
        let people = state.people().of(side).filter(|person| person.is_reachable());
        let count = people.filter(|person| !reached.contains(&person.id)).count();
        let text = || format!("{}の {} 人には、どの安否確認の規則も届きません。", side.word(), Thousands::of(count));
        (count > 0).then(|| (side, text()))
    })
}

/// Whoever a rule would reach if its hazard came down on all its regions.
fn reached(state: &State, rule: &Rule, now: Timestamp) -> BTreeSet<PersonId> {
    let members = |target: &Target| select(state, target, rule.side, now).unwrap_or_default();
    let speaks_of = |region: &RegionCode| rule.regions.is_empty() || rule.regions.iter().any(|it| meets(region, it));
    let are = |fits: &dyn Fn(&RegionCode) -> bool| -> BTreeSet<PersonId> {
        let people = state.people().of(rule.side).filter(|person| person.is_reachable());
        people.filter(|person| person.regions_at(now).any(fits)).map(|person| person.id).collect()
    };
    match &rule.who {
        Who::There(target) => &members(target) & &are(&speaks_of),
        Who::Anywhere(target) => members(target),
        Who::Table(_) => {
            let rows = rows(state, rule);
            let named = |region: &RegionCode| rows.iter().any(|(it, _)| region.prefecture() == Some(*it));
            // A prefecture that the table does not name concerns those who have a region in it.
            let mut all = are(&|region| region.prefecture().is_some() && speaks_of(region) && !named(region));
            let own = rows.iter().filter(|(prefecture, _)| speaks_of(&RegionCode::Prefecture(*prefecture)));
            all.extend(own.flat_map(|(_, target)| members(target)));
            all
        }
    }
}
