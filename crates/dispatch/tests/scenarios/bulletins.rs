//! Bulletins as a scenario words them.

use hikyaku_bulletin::{
    Area, AreaReport, AreaScheme, Bulletin, CivilProtection, Detail, EarlyWarning, ExpectedIntensity, Intensity,
    IntensityReport, Kind, Phase, Phenomenon, PlaceClass, Prefecture, Revision, SeriesKey, Severity, SourceId,
    Standing, Threat, TravelNotice, TravelReport, TravelScale, TsunamiGrade, TsunamiReport, VolcanoChange,
    VolcanoReport, WarningChange, WarningGrade, WarningReport,
};
use jiff::Timestamp;

/// 細分区域 that scenarios name.
const LOCAL: [(&str, &str); 5] = [
    ("石川県能登", "390"),
    ("石川県加賀", "391"),
    ("東京都２３区", "350"),
    ("茨城県南部", "301"),
    ("大阪府北部", "520"),
];

/// A region code for a name of a scenario.
pub fn region(name: &str) -> String {
    let local = LOCAL.iter().find(|(known, _)| *known == name).map(|(_, code)| (*code).to_owned());
    let country = [("タイ", "TH"), ("フランス", "FR")].iter().find(|(known, _)| *known == name);
    local.or_else(|| country.map(|(_, code)| (*code).to_owned())).unwrap_or_else(|| name.to_owned())
}

fn area(name: &str, scheme: AreaScheme) -> Area {
    if let Some((_, code)) = LOCAL.iter().find(|(known, _)| *known == name) {
        let prefecture = Prefecture::all().find(|it| name.starts_with(it.name()));
        return Area::new(AreaScheme::SeismicLocal, *code, name, prefecture);
    }
    match Prefecture::from_name(name) {
        Some(prefecture) => Area::new(scheme, format!("{:02}0", prefecture.code()), name, [prefecture]),
        None => Area::new(AreaScheme::Country, region(name), name, None),
    }
}

/// What a telegram says: `震度速報 一 石川県能登=５強 訂正`. `None` for what is no telegram.
pub fn read(words: &[&str], at: Timestamp) -> Option<Bulletin> {
    let (kind, rest) = words.split_first()?;
    let (kind, revision, rest) = match *kind {
        "取消" => (rest.first()?, Revision::Cancellation, &rest[1..]),
        "訂正" => (rest.first()?, Revision::Correction, &rest[1..]),
        _ => (kind, Revision::Issue, rest),
    };
    let (standing, rest) = match rest.last() {
        Some(&"訓練") => (Standing::Drill, &rest[..rest.len() - 1]),
        _ => (Standing::Real, rest),
    };
    let telegram = match *kind {
        "震度速報" => Kind::IntensityPrompt,
        "震源・震度" => Kind::HypocentreAndIntensity,
        "緊急地震速報" => Kind::EarlyWarning,
        "津波" => Kind::TsunamiWarning,
        "噴火警報" => Kind::VolcanoWarning,
        "大雨" => Kind::WeatherWarningR06,
        "ミサイル" => Kind::CivilProtection,
        "危険情報" => Kind::Travel(TravelNotice::Danger),
        _ => return None,
    };
    let (event, said) = rest.split_first()?;
    let source = SourceId::new(format!("{at} {}", words.join(" ")));
    let mut bulletin = Bulletin::new(source, telegram, standing, revision, at);
    bulletin.series.push(SeriesKey::Event((*event).to_owned()));
    bulletin.title = format!("{kind}（{event}）");
    bulletin.publisher = "気象庁".to_owned();
    if *kind == "ミサイル" {
        bulletin.detail = Some(Detail::CivilProtection(missile(said)));
    } else {
        bulletin.areas = said.iter().map(|said| report(kind, said)).collect();
    }
    if *kind == "緊急地震速報" {
        let greatest = bulletin.areas.iter().filter_map(|it| match it.severity {
            Severity::Expected(expected) => expected.at_least(),
            _ => None,
        });
        let greatest = greatest.max().map(exactly);
        let warning = EarlyWarning { greatest, greatest_long_period: None, warned: true, last: false, assumed: false };
        bulletin.detail = Some(Detail::EarlyWarning(warning));
    }
    Some(bulletin)
}

fn exactly(intensity: Intensity) -> ExpectedIntensity {
    ExpectedIntensity { from: Some(intensity), to: Some(intensity), or_more: false }
}

/// `石川県能登=５強`
fn report(kind: &str, said: &str) -> AreaReport {
    let (name, value) = said.split_once('=').unwrap_or_else(|| panic!("{said}: 場所=値 と書きます"));
    let (scheme, severity) = match kind {
        "緊急地震速報" => (AreaScheme::EarlyWarning, Severity::Expected(exactly(value.parse().unwrap()))),
        "津波" => (AreaScheme::Tsunami, Severity::Tsunami(tsunami(value))),
        "噴火警報" => (AreaScheme::Volcano, Severity::Volcano(volcano(value))),
        "大雨" => (AreaScheme::Weather, Severity::Warning(rain(value))),
        "危険情報" => {
            let level = value.parse().ok();
            (AreaScheme::Country, Severity::Travel(TravelReport { scale: TravelScale::Mofa, level, whole: true }))
        }
        _ => (AreaScheme::SeismicLocal, Severity::Intensity(value.parse::<IntensityReport>().unwrap())),
    };
    AreaReport { area: area(name, scheme), severity }
}

fn tsunami(value: &str) -> TsunamiReport {
    let grade = TsunamiGrade::from_code("99", value);
    let lifted = grade == Some(TsunamiGrade::None);
    let arrival_words = String::new();
    TsunamiReport { grade, before: None, lifted, arrival: None, arrival_words, height: None, measured: false }
}

fn volcano(value: &str) -> VolcanoReport {
    let name = format!("レベル{value}");
    VolcanoReport { level: value.parse().ok(), change: VolcanoChange::Raised, name, code: String::new() }
}

fn rain(value: &str) -> WarningReport {
    let grade = match value {
        "特別警報" => WarningGrade::Emergency,
        "警報" => WarningGrade::Warning,
        _ => WarningGrade::Advisory,
    };
    WarningReport {
        phenomenon: Phenomenon::HeavyRain,
        grade,
        level: None,
        change: WarningChange::Issued,
        name: format!("大雨{value}"),
        code: String::new(),
    }
}

/// `発射`, `通過`, `落下 領海 青森県`
fn missile(said: &[&str]) -> CivilProtection {
    let phase = match said.first() {
        Some(&"落下") => Phase::Fallen,
        Some(&"通過") => Phase::Passed,
        _ => Phase::Launched,
    };
    let place = match said.get(1) {
        Some(&"領土") => PlaceClass::Territory,
        Some(&"領海") => PlaceClass::TerritorialSea,
        Some(&"排他的経済水域") => PlaceClass::Eez,
        _ => PlaceClass::Unknown,
    };
    let fallen_in = said.iter().filter_map(|name| Prefecture::from_name(name)).collect();
    CivilProtection { threat: Threat::Missile, phase, place, fallen_in }
}
