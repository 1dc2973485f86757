//! What is wrong with rules before they are needed: a condition that reaches nobody, words that will not be true.

use std::collections::BTreeSet;

use hikyaku_bulletin::RegionCode;
use jiff::Timestamp;

use crate::id::{PersonId, RuleId};
use crate::person::{Person, Side};
use crate::rule::{Aim, Rule, Sending, Who};
use crate::select::select;
use crate::state::State;

/// Something to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The rule, if it is about one.
    pub rule: Option<RuleId>,
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
        found.push(Complaint {
            rule: None, text: "規則がありません。少なくとも一つ設定してください。".into()
        });
    }
    for rule in state.rules().values() {
        let texts = wording(rule).into_iter().chain(people(state, rule, now)).chain(places(state, rule));
        found.extend(texts.map(|text| Complaint { rule: Some(rule.id), text }));
    }
    found.extend(unreached(state, now).map(|text| Complaint { rule: None, text }));
    found
}

fn wording(rule: &Rule) -> Vec<String> {
    let mut found = Vec::new();
    let template = &rule.template;
    if template.subject.trim().is_empty() || template.text.trim().is_empty() {
        found.push("件名か本文が空です。文面を設定してください。".to_owned());
    }
    if rule.aim == Aim::Safety && !template.text.contains("{link}") {
        found.push("本文に {link} がありません。回答ページへ行けません。".to_owned());
    }
    let whole = format!("{} {}", template.subject, template.text);
    if let Some(word) = FIXED.iter().find(|word| whole.contains(*word)) {
        found.push(format!(
            "文面に「{word}」と書いてあります。実際の値と食い違うので、{{title}} か {{intensity}} を使ってください。"
        ));
    }
    if whole.contains("{intensity}") && matches!(rule.who, Who::Anywhere(_)) {
        found.push("{intensity} は災害のあった地域の値で、受け取る人のいる場所の値ではありません。".to_owned());
    }
    found
}

fn people(state: &State, rule: &Rule, now: Timestamp) -> Vec<String> {
    let mut found = Vec::new();
    if let Who::There(target) | Who::Anywhere(target) = &rule.who {
        match select(state, target, rule.side, now) {
            Err(refusal) => found.push(format!("対象に存在しないものがあります（{refusal}）。")),
            Ok(people) if people.is_empty() => found.push("対象に誰もいません。".to_owned()),
            Ok(_) => {}
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
    if rule.sending == Sending::Never {
        found.push("送信しない設定です。記録だけが残ります。".to_owned());
    }
    found
}

/// Regions of a rule that nobody has.
fn places(state: &State, rule: &Rule) -> Vec<String> {
    if matches!(rule.who, Who::Anywhere(_)) {
        return Vec::new();
    }
    let is_had = |limit: &RegionCode| {
        state.people().of(rule.side).flat_map(|person| person.regions.all()).any(|region| meets(region, limit))
    };
    let nobody = rule.regions.iter().filter(|limit| !is_had(limit));
    nobody.map(|limit| format!("地域 {limit} を登録している人がいません。")).collect()
}

/// Whether somebody of one region may be concerned by a rule about the other.
fn meets(region: &RegionCode, limit: &RegionCode) -> bool {
    region == limit || (limit.prefecture().is_some() && region.prefecture() == limit.prefecture())
}

/// People whom no safety rule could ever reach.
fn unreached(state: &State, now: Timestamp) -> impl Iterator<Item = String> {
    [Side::Domestic, Side::Overseas].into_iter().filter_map(move |side| {
        let rules = || state.rules().values().filter(move |rule| rule.aim == Aim::Safety && rule.side == side);
        let members: Vec<(&Rule, Option<BTreeSet<PersonId>>)> =
            rules().map(|rule| (rule, members(state, rule, now))).collect();
        let reaches = |person: &Person| {
            members.iter().any(|(rule, members)| {
                let is_member = members.as_ref().is_none_or(|members| members.contains(&person.id));
                let mut regions = person.regions_at(now);
                let mut is_there = || regions.any(|region| rule.regions.iter().any(|limit| meets(region, limit)));
                is_member && (rule.regions.is_empty() || is_there())
            })
        };
        let people = state.people().of(side).filter(|person| person.is_reachable());
        let count = people.filter(|person| !reaches(person)).count();
        (count > 0).then(|| format!("{}の {count} 人には、どの安否確認の規則も届きません。", side.word()))
    })
}

/// Whom a rule may concern; `None`: whoever lives there.
fn members(state: &State, rule: &Rule, now: Timestamp) -> Option<BTreeSet<PersonId>> {
    match &rule.who {
        Who::There(target) | Who::Anywhere(target) => Some(select(state, target, rule.side, now).unwrap_or_default()),
        Who::Table(_) => None,
    }
}
