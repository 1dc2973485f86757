//! What bears a telegram out: how many stations measured it, and whether another telegram of its event says the same (A11).

use std::collections::{BTreeMap, BTreeSet};

use hikyaku_bulletin::{Intensity, Kind, Revision, Stations};
use hikyaku_dispatch::Judgement;

/// How another telegram stands to the one in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stand {
    /// It is about something else.
    Apart,
    /// It is about the same event, and names none of its places.
    Same,
    /// It says the same of all places that both name; how many.
    Agrees(usize),
    /// It says something else of so many places; one of them: what was said, and what it says. Milder, where it is milder anywhere.
    Differs { places: usize, ours: String, theirs: String, is_milder: bool },
    /// It takes the event back.
    TakesBack,
}

/// In a few Japanese words; empty where there is nothing to say.
impl std::fmt::Display for Stand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Stand::Apart => Ok(()),
            Stand::Same => f.write_str("同じ事象"),
            Stand::Agrees(places) => write!(f, "同じ事象・{places}地域で一致"),
            Stand::Differs { places, ours, theirs, is_milder } => {
                let how = if *is_milder { "食い違い" } else { "さらに強い" };
                write!(f, "同じ事象・{places}地域で{how}（{ours} → {theirs}）")
            }
            Stand::TakesBack => f.write_str("同じ事象の取消"),
        }
    }
}

impl Stand {
    /// Whether it is about something else.
    pub(crate) fn is_apart(&self) -> bool {
        *self == Stand::Apart
    }

    /// Whether it casts doubt on the telegram in question.
    pub(crate) fn is_doubt(&self) -> bool {
        matches!(self, Stand::Differs { is_milder: true, .. } | Stand::TakesBack)
    }
}

/// How many stations measured what a telegram about an earthquake says, or why it does not tell; `None` for other telegrams.
pub(crate) fn stations(kind: &str, told: Option<&Stations>) -> Option<String> {
    if let Some(told) = told {
        let alone = if told.measured() == 1 {
            "。1点だけの観測です。ほかの電文と見比べてください。"
        } else {
            ""
        };
        return Some(format!("{told}{alone}"));
    }
    let is = |of: &[Kind]| of.iter().any(|it| it.to_string() == kind);
    if is(&[Kind::IntensityPrompt]) {
        return Some(
            "震度観測点の数: この電文にはありません。震度速報は地域ごとの最大だけを伝え、数は数分後の震源・震度情報で分かります。"
                .to_owned(),
        );
    }
    if is(&[Kind::EarlyWarning, Kind::EarlyWarningForecast]) {
        return Some(
            "震度観測点の数: この電文にはありません。緊急地震速報は揺れる前の予想で、観測ではありません。".to_owned(),
        );
    }
    is(&[Kind::HypocentreAndIntensity, Kind::Hypocentre, Kind::LongPeriod])
        .then(|| "震度観測点の数: この電文は観測点を挙げていません。".to_owned())
}

/// How `other` stands to the telegram in question.
pub(crate) fn stand(own: &Judgement, other: &Judgement) -> Stand {
    let is_same = own.mode == other.mode && other.series.iter().any(|key| own.series.contains(key));
    if !is_same {
        return Stand::Apart;
    }
    if other.revision == Revision::Cancellation.to_string() {
        return Stand::TakesBack;
    }
    let (ours, theirs) = (observed(own), observed(other));
    let mut differing = Vec::new();
    let mut agreeing = 0;
    for (place, said) in &ours {
        match theirs.get(place) {
            None => {}
            Some(theirs) if theirs.is_disjoint(said) => differing.push((said, theirs)),
            Some(_) => agreeing += 1,
        }
    }
    let milder = differing.iter().find(|(ours, theirs)| step(theirs) <= step(ours));
    match milder.or(differing.first()) {
        Some((ours, theirs)) => Stand::Differs {
            places: differing.len(),
            ours: words(ours),
            theirs: words(theirs),
            is_milder: milder.is_some(),
        },
        None if agreeing > 0 => Stand::Agrees(agreeing),
        None => Stand::Same,
    }
}

/// The intensities that were measured, by place: what is only expected, or has not been reported, is no observation.
fn observed(judgement: &Judgement) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut places = BTreeMap::<&str, BTreeSet<&str>>::new();
    let measured = judgement.areas.iter().filter(|(_, said)| said.parse::<Intensity>().is_ok());
    for (place, said) in measured {
        places.entry(place).or_default().insert(said);
    }
    places
}

/// The greatest step among what was measured at a place.
fn step(said: &BTreeSet<&str>) -> Option<Intensity> {
    said.iter().filter_map(|it| it.parse().ok()).max()
}

fn words(said: &BTreeSet<&str>) -> String {
    said.iter().copied().collect::<Vec<_>>().join("・")
}

#[cfg(test)]
mod tests {
    use hikyaku_bulletin::IntensityReport;
    use hikyaku_dispatch::{Mode, Verdict};
    use jiff::Timestamp;

    use super::*;

    fn judgement(revision: &str, series: &str, areas: &[(&str, &str)]) -> Judgement {
        Judgement {
            source: "telegram".into(),
            kind: "震源・震度情報".into(),
            slot: "震源・震度情報".into(),
            standing: "通常".into(),
            revision: revision.into(),
            series: vec![series.into()],
            headline: String::new(),
            areas: areas.iter().map(|(place, said)| ((*place).into(), (*said).into())).collect(),
            occurred: None,
            published: Timestamp::UNIX_EPOCH,
            received: Timestamp::UNIX_EPOCH,
            judged: Timestamp::UNIX_EPOCH,
            mode: Mode::Real,
            verdict: Verdict::Held,
            reasons: Vec::new(),
            incident: None,
            asked_people: 0,
        }
    }

    #[test]
    fn req_a11_another_telegram_of_the_event_agrees_differs_or_takes_it_back() {
        let own = judgement("発表", "one", &[("390", "震度６強"), ("391", "震度４")]);
        let stands = |other| stand(&own, &other);
        assert_eq!(stands(judgement("発表", "two", &[("390", "震度６強")])), Stand::Apart);
        assert_eq!(stands(judgement("発表", "one", &[("390", "震度６強"), ("350", "震度３")])), Stand::Agrees(1));
        let milder = stands(judgement("発表", "one", &[("390", "震度４"), ("391", "震度４")]));
        assert_eq!(milder.to_string(), "同じ事象・1地域で食い違い（震度６強 → 震度４）");
        assert!(milder.is_doubt());
        let worse = stands(judgement("発表", "one", &[("390", "震度７")]));
        assert_eq!(worse.to_string(), "同じ事象・1地域でさらに強い（震度６強 → 震度７）");
        assert!(!worse.is_doubt());
        assert_eq!(stands(judgement("発表", "one", &[])), Stand::Same, "震源に関する情報 names no place");
        assert_eq!(stands(judgement("取消", "one", &[])).to_string(), "同じ事象の取消");
        let drill = Judgement { mode: Mode::Drill, ..judgement("取消", "one", &[]) };
        assert_eq!(stands(drill), Stand::Apart, "a drill takes nothing real back");
    }

    #[test]
    fn req_a11_what_is_only_expected_and_slow_shaking_contradict_no_observation() {
        let own = judgement("発表", "one", &[("390", "震度６強")]);
        for unmeasured in ["予想震度５強", "震度５弱以上（未入電）"] {
            assert_eq!(stand(&own, &judgement("発表", "one", &[("390", unmeasured)])), Stand::Same, "{unmeasured}");
        }
        let slow = judgement("発表", "one", &[("390", "震度６強"), ("390", "長周期地震動階級３")]);
        assert_eq!(stand(&own, &slow), Stand::Agrees(1));
    }

    #[test]
    fn req_a11_the_number_of_stations_is_told_and_where_there_is_none_why() {
        let report = IntensityReport::Measured(Intensity::SixLower);
        let many = Stations::of([report, report], 1);
        assert_eq!(stations("震源・震度情報", many.as_ref()).unwrap(), "震度観測点 2（最大 ６弱: 2点）、1市区町村");
        let one = Stations::of([report], 1);
        assert!(stations("震源・震度情報", one.as_ref()).unwrap().contains("1点だけの観測です"));
        for (kind, why) in [
            ("震度速報", "数分後の震源・震度情報で分かります"),
            ("緊急地震速報（警報）", "観測ではありません"),
            ("震源に関する情報", "観測点を挙げていません"),
        ] {
            let told = stations(kind, None).unwrap();
            assert!(told.contains(why), "{kind}: {told}");
        }
        assert_eq!(stations("気象警報・注意報", None), None, "no earthquake");
    }
}
