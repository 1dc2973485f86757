//! Judging: what a bulletin means for whom, with reasons; pure, and recorded also when nothing is done.

use std::collections::BTreeMap;

use hikyaku_bulletin::{Bulletin, IntensityReport, RegionCode, Revision, Standing};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{IncidentId, PersonId, RuleId};
use crate::incident::Incident;
use crate::mail::Mode;
use crate::person::{People, Side};
use crate::region::Shaking;
use crate::rule::Rule;

/// What was decided about a bulletin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// People are asked.
    Asked,
    /// Rules looked at it, and it reaches nobody's threshold.
    Nobody,
    /// It concerns people, but all were asked before and it became worse for none of them.
    AskedAlready,
    /// A training, test or unknown telegram that no rule turns into a drill.
    NotInEarnest,
    /// It takes an earlier one back; nobody is mailed now.
    Cancelled,
    /// It is too old to mail anybody, or older than a cancellation.
    Stale,
    /// The same telegram was judged before.
    Repeated,
}

/// The lasting record of one bulletin: what it said, what was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The telegram's identity at its source.
    pub source: String,
    /// Its kind, in Japanese.
    pub kind: String,
    /// 通常, 訓練, 試験 or the unknown word.
    pub standing: String,
    /// 発表, 訂正, 取消 or the other word.
    pub revision: String,
    /// The series it belongs to.
    pub series: Vec<String>,
    /// Its official headline.
    pub headline: String,
    /// Area codes and intensities (short JMA form), as told.
    pub areas: Vec<(String, String)>,
    /// When the hazard occurred, if told.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::optional")]
    pub occurred: Option<Timestamp>,
    /// When the source sent it.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub published: Timestamp,
    /// When it reached us.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub received: Timestamp,
    /// When it was judged.
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub judged: Timestamp,
    /// The mode that mails because of it have.
    pub mode: Mode,
    /// What was decided.
    pub verdict: Verdict,
    /// Why, in Japanese, a line each.
    pub reasons: Vec<String>,
    /// The incident it was put to, if any.
    pub incident: Option<IncidentId>,
    /// How many people are asked because of it.
    pub asked_people: u32,
}

/// Those a rule asks, each with the intensity that concerns them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The rule.
    pub rule: RuleId,
    /// Who.
    pub people: Vec<(PersonId, IntensityReport)>,
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
    /// Who is asked by which rule; empty unless [`Verdict::Asked`].
    pub asks: Vec<Ask>,
}

/// All that judging looks at besides the bulletin.
pub(crate) struct Scene<'a> {
    pub(crate) people: &'a People,
    pub(crate) rules: &'a BTreeMap<RuleId, Rule>,
    /// The incident of the bulletin's series, in the bulletin's mode.
    pub(crate) incident: Option<&'a Incident>,
    /// When its series was taken back, if it was, also where no incident came of it.
    pub(crate) cancelled: Option<Timestamp>,
    /// Whether this very telegram was judged before.
    pub(crate) known: bool,
}

/// The mode that mails of a bulletin may have: only 通常 is real, whatever is unknown is not.
pub(crate) fn mode_of(bulletin: &Bulletin) -> Mode {
    match bulletin.standing {
        Standing::Real if bulletin.is_dispatchable_as_real() => Mode::Real,
        Standing::Drill => Mode::Drill,
        _ => Mode::Test,
    }
}

/// Judges a bulletin at `now`.
pub(crate) fn judge(bulletin: &Bulletin, scene: &Scene<'_>, now: Timestamp) -> Ruling {
    let mode = mode_of(bulletin);
    let end = |verdict, reason: String| Ruling { verdict, mode, reasons: vec![reason], asks: Vec::new() };
    if scene.known {
        return end(Verdict::Repeated, format!("電文 {} は判定済みです。", bulletin.source));
    }
    if bulletin.revision == Revision::Cancellation {
        return end(Verdict::Cancelled, "取消報です。新たなメールは送りません。".into());
    }
    if scene.cancelled.is_some_and(|cancelled| bulletin.published <= cancelled) {
        return end(Verdict::Stale, "この事象は、これより後の電文で取り消されています。".into());
    }
    let rules: Vec<&Rule> =
        scene.rules.values().filter(|rule| mode == Mode::Real || (mode == Mode::Drill && rule.drills)).collect();
    if rules.is_empty() && mode != Mode::Real {
        let reason = format!("電文の種別は「{}」です。実災害としては送りません。", bulletin.standing);
        return end(Verdict::NotInEarnest, reason);
    }
    let age_minutes = now.as_second().saturating_sub(bulletin.published.as_second()) / 60;
    let (fresh, stale): (Vec<&Rule>, Vec<&Rule>) =
        rules.iter().partition(|rule| age_minutes <= i64::from(rule.fresh_minutes));
    if fresh.is_empty() && !stale.is_empty() {
        return end(Verdict::Stale, format!("{age_minutes} 分前の電文です。古い電文では送りません。"));
    }
    weigh(bulletin, scene, mode, fresh, now)
}

/// Applies the rules, the strictest first, so that everybody is asked once, by the strictest rule they reach.
fn weigh(bulletin: &Bulletin, scene: &Scene<'_>, mode: Mode, mut rules: Vec<&Rule>, now: Timestamp) -> Ruling {
    rules.sort_by_key(|rule| (std::cmp::Reverse(rule.threshold), rule.id));
    let mut reasons: Vec<String> =
        if rules.is_empty() { vec!["規則が一つも設定されていません。".into()] } else { Vec::new() };
    let mut shakings: Vec<Shaking<'_>> = rules.iter().map(|rule| Shaking::new(bulletin, &rule.regions)).collect();
    let mut asks: Vec<Ask> = rules.iter().map(|rule| Ask { rule: rule.id, people: Vec::new() }).collect();
    let mut asked_before = 0_u32;
    for person in scene.people.of(Side::Domestic).filter(|person| person.is_reachable()) {
        let reached = rules.iter().zip(&mut shakings).zip(&mut asks).find_map(|((rule, shaking), ask)| {
            let intensity = shaking.at(person.regions_at(now))?;
            intensity.reaches(rule.threshold).then_some((intensity, ask))
        });
        let Some((intensity, ask)) = reached else { continue };
        if scene.incident.is_none_or(|incident| incident.is_news_for(person.id, intensity)) {
            ask.people.push((person.id, intensity));
        } else {
            asked_before += 1;
        }
    }
    for (rule, ask) in rules.iter().zip(&asks) {
        let limits = region_words(&rule.regions);
        reasons.push(format!("規則「{}」（{}以上、{limits}）: {} 人", rule.name, rule.threshold, ask.people.len()));
    }
    if asked_before > 0 {
        reasons.push(format!("{asked_before} 人には、この事象で同じかより強い震度で送信済みです。"));
    }
    asks.retain(|ask| !ask.people.is_empty());
    let verdict = match (asks.is_empty(), asked_before) {
        (false, _) => Verdict::Asked,
        (true, 0) => Verdict::Nobody,
        (true, _) => Verdict::AskedAlready,
    };
    Ruling { verdict, mode, reasons, asks }
}

fn region_words(regions: &[RegionCode]) -> String {
    let words = regions.iter().map(|region| match region {
        RegionCode::Prefecture(prefecture) => prefecture.name().to_owned(),
        other => other.to_string(),
    });
    if regions.is_empty() { "全国".into() } else { words.collect::<Vec<_>>().join("・") }
}
