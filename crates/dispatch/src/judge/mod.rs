//! Judging: what a bulletin means for whom, with reasons; pure, and recorded also when nothing is done.

mod concerned;
mod correction;

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{Bulletin, Fate, Revision, Standing};
use jiff::{SignedDuration, Timestamp};

use crate::condition;
use crate::earnest;
use crate::gravity::Gravity;
use crate::id::{PersonId, ProposalId, RuleId};
use crate::incident::Incident;
use crate::judgement::Verdict;
use crate::lint;
use crate::mail::Mode;
use crate::notice::Channel;
use crate::person::Side;
use crate::rehearsal;
use crate::rule::{Aim, Rule, Sending};
use crate::state::State;
use crate::thousands::Thousands;

/// Those a rule asks or tells, each with what concerns them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The rule.
    pub rule: RuleId,
    /// Who.
    pub people: Vec<(PersonId, Gravity)>,
}

/// The outcome of judging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// What was decided.
    pub verdict: Verdict,
    /// Real or drill; meaningless for [`Verdict::NotInEarnest`].
    pub mode: Mode,
    /// Why.
    pub reasons: Vec<String>,
    /// Who is asked or told by which rule.
    pub asks: Vec<Ask>,
    /// Who was asked and need not have been, with what is true now: told after a correction.
    pub spared: Vec<(PersonId, Option<Gravity>)>,
    /// Who waits to be asked by a proposal and need not be any more: taken off it after a correction.
    pub released: BTreeMap<ProposalId, BTreeSet<PersonId>>,
}

/// The mode that mails of a bulletin may have: only 通常 is real, whatever is unknown is not.
pub(crate) fn mode_of(bulletin: &Bulletin) -> Mode {
    match bulletin.standing {
        Standing::Real if bulletin.is_dispatchable_as_real() => Mode::Real,
        Standing::Drill => Mode::Drill,
        _ => Mode::Test,
    }
}

/// What a bulletin is judged against, besides the rules.
pub(crate) struct Scene<'a> {
    pub(crate) state: &'a State,
    /// What the reader of the feed made of it, which knows its series.
    pub(crate) fate: Fate,
    /// When it came, by the best clock at hand.
    pub(crate) present: Timestamp,
    /// The incident that it belongs to.
    pub(crate) incident: Option<&'a Incident>,
    /// Its series, as they are written in judgements.
    pub(crate) series: &'a [String],
    pub(crate) slot: &'a str,
}

/// Judges a bulletin at `now`.
pub(crate) fn judge(bulletin: &Bulletin, scene: &Scene<'_>, now: Timestamp) -> Ruling {
    let mode = mode_of(bulletin);
    let end = |verdict, reason: String| Ruling { reasons: vec![reason], ..nothing(verdict, mode) };
    let incidents = &scene.state.incidents;
    if scene.fate == Fate::Ignore || incidents.is_judged(bulletin.source.as_str()) {
        return end(Verdict::Repeated, format!("電文 {} は判定済みです。", bulletin.source));
    }
    if let Some(latest) = incidents.latest(mode, scene.series, scene.slot) {
        if bulletin.published < latest.published {
            return end(Verdict::Stale, "この系列では、これより新しい電文を判定済みです。".into());
        }
        if latest.cancelled && bulletin.published == latest.published {
            return end(Verdict::Stale, "この電文は取り消されています。".into());
        }
    }
    if bulletin.revision == Revision::Cancellation {
        return end(Verdict::Cancelled, "取消報です。送信済みの人にだけ取消を知らせます。".into());
    }
    if rehearsal::is_telegram(bulletin) {
        return end(Verdict::NotInEarnest, "送信訓練の電文です。規則は使わず、[drill] の宛先にだけ送ります。".into());
    }
    if scene.fate == Fate::Record {
        return end(Verdict::NothingNew, "新しい内容がないか、届くのが遅すぎた電文です。記録だけします。".into());
    }
    let allowed = |rule: &&Rule| mode == Mode::Real || (mode == Mode::Drill && rule.drills);
    let rules: Vec<&Rule> = scene.state.rules().values().filter(allowed).collect();
    if rules.is_empty() && mode != Mode::Real {
        let reason = format!("電文の種別は「{}」です。実災害としては送りません。", bulletin.standing);
        return end(Verdict::NotInEarnest, reason);
    }
    if mode == Mode::Drill
        && let Some(incident) = earnest::under_way(scene.state, now)
    {
        let reason = format!("実災害（{incident}）に対応しているため、訓練は始めません。");
        return end(Verdict::NotInEarnest, reason);
    }
    let rules: Vec<&Rule> = rules.into_iter().filter(|rule| rule.condition.hears(bulletin)).collect();
    if rules.is_empty() {
        return end(Verdict::Nobody, format!("「{}」を対象とする規則はありません。", bulletin.kind));
    }
    let age_minutes = scene.present.as_second().saturating_sub(bulletin.published.as_second()) / 60;
    let rules: Vec<&Rule> = rules.into_iter().filter(|rule| age_minutes <= i64::from(rule.fresh_minutes)).collect();
    if rules.is_empty() {
        return end(Verdict::Stale, format!("{age_minutes} 分前の電文です。古い電文では送りません。"));
    }
    if condition::struck_somewhere(bulletin) {
        let reason = "落下しましたが、都道府県が発表されていません。対象の都道府県を選んで手入力してください。";
        return end(Verdict::OperatorNeeded, reason.into());
    }
    let unread = unread(scene.state, &rules);
    let mut ruling = weigh(bulletin, scene, mode, rules, now);
    ruling.reasons.extend(unread);
    ruling
}

/// Whoever cannot be read is asked by nobody: whoever reads the judgement must not take its numbers for all there are.
fn unread(state: &State, rules: &[&Rule]) -> Option<String> {
    let sides: BTreeSet<Side> = rules.iter().map(|rule| rule.side).collect();
    let unread: usize = sides.into_iter().map(|side| state.unread(side)).sum();
    (unread > 0).then(|| {
        format!(
            "判定したノードに鍵が届いていない {} 人は、どの規則の人数にも含まれず、送信の対象になっていません。",
            Thousands::of(unread)
        )
    })
}

fn nothing(verdict: Verdict, mode: Mode) -> Ruling {
    Ruling { verdict, mode, reasons: Vec::new(), asks: Vec::new(), spared: Vec::new(), released: BTreeMap::new() }
}

/// Applies the rules, the strictest first, so that nobody is asked for two of them; each subscription stands by itself.
fn weigh(bulletin: &Bulletin, scene: &Scene<'_>, mode: Mode, mut rules: Vec<&Rule>, now: Timestamp) -> Ruling {
    rules.sort_by_key(|rule| (rule.aim, std::cmp::Reverse(rule.condition.strictness()), rule.id));
    let mut ruling = nothing(Verdict::Nobody, mode);
    let mut reached: BTreeSet<PersonId> = BTreeSet::new();
    let mut asked_before = 0_usize;
    for rule in &rules {
        let channel = channel(rule);
        let since = now.checked_sub(SignedDuration::from_hours(i64::from(rule.window_hours))).unwrap_or(Timestamp::MIN);
        let mut concerned = concerned::by(rule, bulletin, scene.state, now);
        let missing = lint::missing(scene.state, rule).into_iter();
        ruling.reasons.extend(missing.map(|it| format!("規則「{}」: {it}", rule.name)));
        // What never sends must not keep a milder rule from asking those whom it is worst for.
        if rule.sending == Sending::Never {
            ruling.reasons.push(reason(rule, concerned.len()));
            continue;
        }
        if rule.aim == Aim::Safety {
            concerned.retain(|(person, _)| !reached.contains(person));
            reached.append(&mut concerned.iter().map(|(person, _)| *person).collect());
        }
        let concerned_people = concerned.len();
        if let Some(incident) = scene.incident {
            concerned.retain(|(person, gravity)| incident.notices.is_news_for(*person, channel, *gravity, since));
        }
        asked_before += concerned_people - concerned.len();
        ruling.reasons.push(reason(rule, concerned.len()));
        if !concerned.is_empty() {
            ruling.asks.push(Ask { rule: rule.id, people: concerned });
        }
    }
    if asked_before > 0 {
        ruling
            .reasons
            .push(format!("{} 人には、この事象で同じか、より悪い内容を送信済みです。", Thousands::of(asked_before)));
    }
    if let Some(incident) = scene.incident.filter(|_| bulletin.revision == Revision::Correction) {
        ruling.spared = correction::spared(bulletin, scene, incident, &reached, now);
        if !ruling.spared.is_empty() {
            ruling.reasons.push(format!(
                "訂正により、送信済みの {} 人は対象外になりました。",
                Thousands::of(ruling.spared.len())
            ));
        }
        ruling.released = correction::released(bulletin, scene, incident, &reached, now);
        if !ruling.released.is_empty() {
            let people: usize = ruling.released.values().map(BTreeSet::len).sum();
            ruling.reasons.push(format!("訂正により、承認待ちの {} 人を対象から外します。", Thousands::of(people)));
        }
    }
    let sends = |sending: fn(&Sending) -> bool| {
        let rule = |ask: &Ask| scene.state.rules().get(&ask.rule).is_some_and(|rule| sending(&rule.sending));
        ruling.asks.iter().any(rule)
    };
    ruling.verdict = if sends(|it| *it == Sending::AtOnce) {
        Verdict::Asked
    } else if sends(|it| matches!(it, Sending::Hold(_))) {
        Verdict::Held
    } else if !ruling.spared.is_empty() || !ruling.released.is_empty() {
        Verdict::Corrected
    } else if asked_before > 0 {
        Verdict::AskedAlready
    } else {
        Verdict::Nobody
    };
    ruling
}

pub(crate) fn channel(rule: &Rule) -> Channel {
    if rule.aim == Aim::Safety { Channel::Safety } else { Channel::Subscription(rule.id) }
}

fn reason(rule: &Rule, people: usize) -> String {
    let limits: Vec<String> = rule.regions.iter().map(concerned::region_name).collect();
    let limits = if limits.is_empty() { "全国".to_owned() } else { limits.join("・") };
    let sending = match rule.sending {
        Sending::AtOnce => "",
        Sending::Hold(_) => "、承認待ち",
        Sending::Never => "、送信しない設定",
    };
    format!("規則「{}」（{}、{limits}）: {} 人{sending}", rule.name, rule.condition, Thousands::of(people))
}
