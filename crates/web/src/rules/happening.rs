//! What must happen for a rule to speak, as a list that a form offers: the kinds of hazard, each with its steps.

use hikyaku_bulletin::{AlertLevel, GdacsColour, Hazard, Intensity, Phenomenon, TsunamiGrade, WarningGrade};
use hikyaku_dispatch::{Condition, Rule, Told};

use super::posted::{Fault, Posted};

/// The phenomena that a warning can be about.
const PHENOMENA: [Phenomenon; 23] = [
    Phenomenon::HeavyRain,
    Phenomenon::Flood,
    Phenomenon::RiverFlood,
    Phenomenon::Landslide,
    Phenomenon::StormSurge,
    Phenomenon::HighWaves,
    Phenomenon::Storm,
    Phenomenon::Snowstorm,
    Phenomenon::HeavySnow,
    Phenomenon::Thunder,
    Phenomenon::SnowMelt,
    Phenomenon::Fog,
    Phenomenon::DryAir,
    Phenomenon::Avalanche,
    Phenomenon::Cold,
    Phenomenon::Frost,
    Phenomenon::IceAccretion,
    Phenomenon::SnowAccretion,
    Phenomenon::Tornado,
    Phenomenon::RecordRain,
    Phenomenon::LineRainband,
    Phenomenon::Evacuation,
    Phenomenon::Other,
];

/// What a rule can be about as a whole.
const HAZARDS: [Hazard; 14] = [
    Hazard::Typhoon,
    Hazard::GreatQuakeAdvisory,
    Hazard::EarlyWarning,
    Hazard::Earthquake,
    Hazard::Tsunami,
    Hazard::Volcano,
    Hazard::Weather,
    Hazard::Landslide,
    Hazard::Flood,
    Hazard::Tornado,
    Hazard::CivilProtection,
    Hazard::Local,
    Hazard::Overseas,
    Hazard::Other,
];

/// The telegrams that a rule about shaking can listen to.
const TOLD: [(&str, Told, &str); 3] = [
    ("either", Told::Either, "震度速報と震源・震度情報のどちらでも"),
    ("prompt", Told::Prompt, "震度速報だけ"),
    ("confirmed", Told::Confirmed, "震源・震度情報だけ"),
];

/// What was chosen.
#[derive(Debug, Clone, Default)]
pub(super) struct Happening {
    key: String,
    told: String,
    phenomena: Vec<String>,
}

/// A line of a list.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// Lines under a heading.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) choices: Vec<Choice>,
}

impl Happening {
    pub(super) fn of(condition: &Condition) -> Self {
        let told = match condition {
            Condition::Shaking { told, .. } => TOLD.iter().find(|(_, it, _)| it == told).map_or("", |it| it.0),
            _ => TOLD[0].0,
        };
        let phenomena = match condition {
            Condition::Warning { phenomena, .. } => phenomena.iter().map(|it| format!("{it:?}")).collect(),
            _ => Vec::new(),
        };
        Self { key: key(condition), told: told.to_owned(), phenomena }
    }

    pub(super) fn read(posted: &Posted) -> Self {
        Self { key: posted.line("condition"), told: posted.line("told"), phenomena: posted.all("phenomenon") }
    }

    /// The condition that was chosen; that of `rule`, if there is one, keeps what no list offers.
    pub(super) fn condition(&self, rule: Option<&Rule>, faults: &mut Vec<Fault>) -> Option<Condition> {
        let known = rule.map(|rule| rule.condition.clone()).filter(|it| key(it) == self.key);
        let offered = || offered().into_iter().flat_map(|(_, all)| all).find(|it| key(it) == self.key);
        let Some(mut condition) = known.or_else(offered) else {
            faults.push(Fault::new("condition", "何が起きたとき", "一覧から選んでください。"));
            return None;
        };
        match &mut condition {
            Condition::Shaking { told, .. } => {
                if let Some((_, chosen, _)) = TOLD.iter().find(|(value, ..)| *value == self.told) {
                    *told = *chosen;
                }
            }
            Condition::Warning { phenomena, .. } => {
                *phenomena = PHENOMENA.into_iter().filter(|it| self.phenomena.contains(&format!("{it:?}"))).collect();
            }
            _ => {}
        }
        Some(condition)
    }

    /// All that can be chosen, by kind; what is chosen now also where no list offers it.
    pub(super) fn kinds(&self, rule: Option<&Rule>) -> Vec<Kind> {
        let choice = |it: &Condition| {
            let value = key(it);
            Choice { label: it.to_string(), chosen: value == self.key, value }
        };
        let kinds = offered().into_iter().map(|(name, all)| Kind { name, choices: all.iter().map(choice).collect() });
        let mut kinds: Vec<Kind> = kinds.collect();
        let is_offered = kinds.iter().flat_map(|kind| &kind.choices).any(|it| it.chosen);
        if let Some(rule) = rule.filter(|it| !is_offered && key(&it.condition) == self.key) {
            kinds.insert(0, Kind { name: "いまの条件", choices: vec![choice(&rule.condition)] });
        }
        kinds
    }

    /// The telegrams of a rule about shaking.
    pub(super) fn telegrams(&self) -> Vec<Choice> {
        let choice = |(value, _, label): (&str, Told, &str)| Choice {
            value: value.to_owned(),
            label: label.to_owned(),
            chosen: value == self.told,
        };
        TOLD.map(choice).into()
    }

    /// The phenomena of a warning.
    pub(super) fn phenomena(&self) -> Vec<Choice> {
        let choice = |it: Phenomenon| {
            let value = format!("{it:?}");
            Choice { label: it.to_string(), chosen: self.phenomena.contains(&value), value }
        };
        PHENOMENA.map(choice).into()
    }

    /// Whether any phenomenon is ticked.
    pub(super) fn is_narrow(&self) -> bool {
        !self.phenomena.is_empty()
    }
}

/// Everything that a list offers, by kind.
fn offered() -> Vec<(&'static str, Vec<Condition>)> {
    let tsunamis = [TsunamiGrade::Forecast, TsunamiGrade::Advisory, TsunamiGrade::Warning, TsunamiGrade::MajorWarning];
    let warnings = [WarningGrade::Advisory, WarningGrade::Warning, WarningGrade::Danger, WarningGrade::Emergency];
    let colours = [GdacsColour::Green, GdacsColour::Orange, GdacsColour::Red];
    let shaking = |at_least| Condition::Shaking { at_least, told: Told::Either };
    let warning = |at_least| Condition::Warning { phenomena: Vec::new(), at_least };
    let levels = (1..=5).filter_map(AlertLevel::new);
    vec![
        ("観測した震度", Intensity::ALL.map(shaking).into()),
        ("緊急地震速報", Intensity::ALL.map(|at_least| Condition::Expected { at_least }).into()),
        ("津波", tsunamis.map(|at_least| Condition::Tsunami { at_least }).into()),
        ("気象などの警報", warnings.map(warning).into()),
        ("警戒レベル", levels.map(|at_least| Condition::Alert { at_least }).collect()),
        ("火山", (1..=5).map(|at_least| Condition::Eruption { at_least }).collect()),
        ("国民保護", vec![Condition::Struck]),
        ("海外安全情報", (1..=4).map(|at_least| Condition::Travel { at_least }).collect()),
        ("海外の災害", colours.map(|at_least| Condition::Abroad { at_least }).into()),
        ("種類を問わず、その災害の情報", HAZARDS.map(|hazard| Condition::About { hazard }).into()),
    ]
}

/// What a form posts for a condition; which telegrams and phenomena it is about is asked beside it.
fn key(condition: &Condition) -> String {
    match condition {
        Condition::Shaking { at_least, .. } => format!("shaking-{}", at_least.code()),
        Condition::Expected { at_least } => format!("expected-{}", at_least.code()),
        Condition::Tsunami { at_least } => format!("tsunami-{at_least:?}"),
        Condition::Warning { at_least, .. } => format!("warning-{at_least:?}"),
        Condition::Alert { at_least } => format!("alert-{}", at_least.number()),
        Condition::Eruption { at_least } => format!("eruption-{at_least}"),
        Condition::Struck => "struck".to_owned(),
        Condition::Travel { at_least } => format!("travel-{at_least}"),
        Condition::Abroad { at_least } => format!("abroad-{at_least:?}"),
        Condition::About { hazard } => format!("about-{hazard:?}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_condition_of_the_list_is_chosen_by_a_word_of_its_own_and_read_back() {
        let all: Vec<Condition> = offered().into_iter().flat_map(|(_, all)| all).collect();
        let keys: BTreeSet<String> = all.iter().map(key).collect();
        assert_eq!(keys.len(), all.len());
        for condition in all {
            let mut faults = Vec::new();
            assert_eq!(Happening::of(&condition).condition(None, &mut faults), Some(condition));
        }
    }

    #[test]
    fn telegrams_and_phenomena_go_with_the_condition_and_what_is_not_on_the_list_is_refused() {
        let (at_least, phenomena) = (WarningGrade::Warning, vec![Phenomenon::Flood, Phenomenon::Storm]);
        let prompt = Condition::Shaking { at_least: Intensity::SixLower, told: Told::Prompt };
        for condition in [Condition::Warning { phenomena, at_least }, prompt] {
            assert_eq!(Happening::of(&condition).condition(None, &mut Vec::new()), Some(condition));
        }
        let mut faults = Vec::new();
        assert_eq!(Happening::default().condition(None, &mut faults), None);
        assert_eq!(faults[0].field, "condition");
        let odd = Rule {
            condition: Condition::Travel { at_least: 9 },
            ..Rule::safety(hikyaku_dispatch::RuleId(1), Intensity::One)
        };
        let kept = Happening::of(&odd.condition);
        assert_eq!(kept.condition(Some(&odd), &mut faults), Some(odd.condition.clone()));
        assert!(kept.kinds(Some(&odd))[0].choices[0].chosen);
    }
}
