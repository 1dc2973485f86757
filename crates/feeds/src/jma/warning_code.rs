//! What the codes and names of warnings mean: phenomenon, grade and 警戒レベル. Code numbers have no order of gravity.

use hikyaku_bulletin::{AlertLevel, Kind, Phenomenon, WarningGrade};

/// What a warning's code and name mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) phenomenon: Phenomenon,
    pub(super) grade: WarningGrade,
    pub(super) level: Option<AlertLevel>,
}

/// The meaning of a code and a name in a kind of telegram. Code and name must agree; where they do not, the graver counts.
pub(super) fn meaning(telegram: &Kind, code: &str, name: &str, remarks: &mut Vec<String>) -> Meaning {
    let named = of_name(telegram, name);
    let coded = match telegram {
        Kind::LandslideAlert | Kind::TornadoAdvisory | Kind::RecordRain | Kind::WeatherPrompt => None,
        _ => of_code(code),
    };
    let level = |phenomenon, grade| AlertLevel::named_in(name).or_else(|| level(telegram, phenomenon, grade, code));
    let Some((phenomenon, grade)) = coded else {
        return Meaning { level: level(named.0, named.1), phenomenon: named.0, grade: named.1 };
    };
    if named.1 > grade {
        remarks.push(format!("warning {code} is named 「{name}」, which is graver than its code: the name counts"));
        return Meaning { level: level(named.0, named.1), phenomenon: named.0, grade: named.1 };
    }
    Meaning { level: level(phenomenon, grade), phenomenon, grade }
}

/// 警報等情報要素／気象警報・注意報, with the additions of 2026.
fn of_code(code: &str) -> Option<(Phenomenon, WarningGrade)> {
    use Phenomenon as P;
    use WarningGrade as G;
    Some(match code {
        "02" => (P::Snowstorm, G::Warning),
        "03" => (P::HeavyRain, G::Warning),
        "04" => (P::Flood, G::Warning),
        "05" => (P::Storm, G::Warning),
        "06" => (P::HeavySnow, G::Warning),
        "07" => (P::HighWaves, G::Warning),
        "08" => (P::StormSurge, G::Warning),
        "09" => (P::Landslide, G::Warning),
        "10" => (P::HeavyRain, G::Advisory),
        "12" => (P::HeavySnow, G::Advisory),
        "13" => (P::Snowstorm, G::Advisory),
        "14" => (P::Thunder, G::Advisory),
        "15" => (P::Storm, G::Advisory),
        "16" => (P::HighWaves, G::Advisory),
        "17" => (P::SnowMelt, G::Advisory),
        "18" => (P::Flood, G::Advisory),
        "19" => (P::StormSurge, G::Advisory),
        "20" => (P::Fog, G::Advisory),
        "21" => (P::DryAir, G::Advisory),
        "22" => (P::Avalanche, G::Advisory),
        "23" => (P::Cold, G::Advisory),
        "24" => (P::Frost, G::Advisory),
        "25" => (P::IceAccretion, G::Advisory),
        "26" => (P::SnowAccretion, G::Advisory),
        "27" => (P::Other, G::Advisory),
        "29" => (P::Landslide, G::Advisory),
        "32" => (P::Snowstorm, G::Emergency),
        "33" => (P::HeavyRain, G::Emergency),
        "35" => (P::Storm, G::Emergency),
        "36" => (P::HeavySnow, G::Emergency),
        "37" => (P::HighWaves, G::Emergency),
        "38" => (P::StormSurge, G::Emergency),
        "39" => (P::Landslide, G::Emergency),
        "43" => (P::HeavyRain, G::Danger),
        "48" => (P::StormSurge, G::Danger),
        "49" => (P::Landslide, G::Danger),
        _ => return None,
    })
}

/// Words in names, the more particular first, and what they are about.
const PHENOMENA: [(&str, Phenomenon); 26] = [
    ("土砂", Phenomenon::Landslide),
    ("線状降水帯", Phenomenon::LineRainband),
    ("記録雨", Phenomenon::RecordRain),
    ("記録的短時間大雨", Phenomenon::RecordRain),
    ("竜巻", Phenomenon::Tornado),
    ("高潮", Phenomenon::StormSurge),
    ("氾濫", Phenomenon::RiverFlood),
    ("洪水", Phenomenon::Flood),
    ("大雨", Phenomenon::HeavyRain),
    ("暴風雪", Phenomenon::Snowstorm),
    ("風雪", Phenomenon::Snowstorm),
    ("大雪", Phenomenon::HeavySnow),
    ("着雪", Phenomenon::SnowAccretion),
    ("暴風", Phenomenon::Storm),
    ("強風", Phenomenon::Storm),
    ("波浪", Phenomenon::HighWaves),
    ("雷", Phenomenon::Thunder),
    ("融雪", Phenomenon::SnowMelt),
    ("濃霧", Phenomenon::Fog),
    ("乾燥", Phenomenon::DryAir),
    ("なだれ", Phenomenon::Avalanche),
    ("低温", Phenomenon::Cold),
    ("霜", Phenomenon::Frost),
    ("着氷", Phenomenon::IceAccretion),
    ("避難", Phenomenon::Evacuation),
    ("警戒", Phenomenon::Other),
];

/// What a name is about, by the words in it.
pub(super) fn phenomenon_named(name: &str) -> Phenomenon {
    PHENOMENA.iter().find(|(word, _)| name.contains(word)).map_or(Phenomenon::Other, |it| it.1)
}

fn of_name(telegram: &Kind, name: &str) -> (Phenomenon, WarningGrade) {
    let worded = phenomenon_named(name);
    let ends = name.contains("解除") || name.contains("なし");
    match telegram {
        Kind::LandslideAlert => (Phenomenon::Landslide, if ends { WarningGrade::None } else { WarningGrade::Danger }),
        Kind::TornadoAdvisory => (Phenomenon::Tornado, if ends { WarningGrade::None } else { WarningGrade::Advisory }),
        Kind::RecordRain => (Phenomenon::RecordRain, if ends { WarningGrade::None } else { WarningGrade::Danger }),
        Kind::WeatherPrompt => (worded, if ends { WarningGrade::None } else { WarningGrade::Danger }),
        _ => (worded, grade_of_name(name)),
    }
}

/// The grade that a name says.
pub(super) fn grade_of_name(name: &str) -> WarningGrade {
    let says = |word| name.contains(word);
    if says("解除") || says("なし") {
        WarningGrade::None
    } else if says("特別警報") {
        WarningGrade::Emergency
    } else if says("危険警報") {
        WarningGrade::Danger
    } else if says("注意報") || says("注意情報") {
        WarningGrade::Advisory
    } else if says("警報") {
        WarningGrade::Warning
    } else {
        WarningGrade::None
    }
}

/// The 警戒レベル相当 of warnings whose name does not say it. Until the reorganisation of 2026 高潮警報 asked for what level 4 asks for.
fn level(telegram: &Kind, phenomenon: Phenomenon, grade: WarningGrade, code: &str) -> Option<AlertLevel> {
    let old = !matches!(telegram, Kind::WeatherWarningR06 | Kind::WeatherWarningDigest);
    let number = match (phenomenon, grade) {
        (Phenomenon::StormSurge, WarningGrade::Warning) if old && code == "08" => 4,
        (
            Phenomenon::HeavyRain
            | Phenomenon::Flood
            | Phenomenon::RiverFlood
            | Phenomenon::Landslide
            | Phenomenon::StormSurge,
            grade,
        ) => match grade {
            WarningGrade::None => return None,
            WarningGrade::Advisory => 2,
            WarningGrade::Warning => 3,
            WarningGrade::Danger => 4,
            WarningGrade::Emergency => 5,
        },
        _ => return None,
    };
    AlertLevel::new(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(telegram: &Kind, code: &str, name: &str) -> (Phenomenon, WarningGrade, Option<u8>) {
        let it = meaning(telegram, code, name, &mut Vec::new());
        (it.phenomenon, it.grade, it.level.map(AlertLevel::number))
    }

    #[test]
    fn greater_code_numbers_are_not_graver() {
        let (_, advisory, _) = read(&Kind::WeatherWarning, "21", "乾燥注意報");
        let (_, warning, _) = read(&Kind::WeatherWarning, "03", "大雨警報");
        assert!(advisory < warning);
    }

    #[test]
    fn the_four_levels_of_the_reorganised_warnings_are_told_by_code_and_name() {
        let new = Kind::WeatherWarningR06;
        let levels = [
            ("10", "レベル２大雨注意報"),
            ("03", "レベル３大雨警報"),
            ("43", "レベル４大雨危険警報"),
            ("33", "レベル５大雨特別警報"),
        ];
        let read: Vec<_> = levels.iter().map(|(code, name)| read(&new, code, name)).collect();
        assert_eq!(read.iter().map(|it| it.2).collect::<Vec<_>>(), [Some(2), Some(3), Some(4), Some(5)]);
        assert!(read.windows(2).all(|pair| pair[0].1 < pair[1].1 && pair[0].0 == pair[1].0));
    }

    #[test]
    fn a_storm_surge_warning_stood_higher_before_the_reorganisation() {
        assert_eq!(read(&Kind::WeatherWarning, "08", "高潮警報").2, Some(4));
        assert_eq!(read(&Kind::WeatherWarningR06, "08", "レベル３高潮警報").2, Some(3));
    }

    #[test]
    fn where_code_and_name_differ_the_graver_counts() {
        let mut remarks = Vec::new();
        let it = meaning(&Kind::WeatherWarning, "10", "大雨特別警報", &mut remarks);
        assert_eq!(it.grade, WarningGrade::Emergency);
        assert_eq!(remarks.len(), 1);
        assert_eq!(read(&Kind::WeatherWarning, "99", "新しい警報").1, WarningGrade::Warning);
    }
}
