//! What sort of telegram a bulletin was: its kind, and the hazard it speaks of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of telegram. Further kinds are appended as their parsers come.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Kind {
    /// 震度速報 (VXSE51): intensities of 3 and more by area, some 1.5 minutes after the quake; no hypocentre.
    IntensityPrompt,
    /// 震源・震度情報 (VXSE53): confirmed hypocentre, magnitude and intensities.
    HypocentreAndIntensity,
    /// 遠地地震に関する情報 (VXSE53 too): a large earthquake abroad; no intensities in Japan.
    DistantEarthquake,
    /// Anything without a parser of its own: only envelope, headline and text are understood.
    Other {
        /// The telegram type, such as `VZSA50`, when the source's name tells it.
        code: Option<String>,
        /// The official title (Control/Title).
        title: String,
    },
    /// 緊急地震速報（警報） (VXSE43).
    EarlyWarning,
    /// 緊急地震速報（予報）/（地震動予報） (VXSE44, VXSE45).
    EarlyWarningForecast,
    /// 緊急地震速報配信テスト (VXSE42): never real, whatever its Status says.
    EarlyWarningTest,
    /// 震源に関する情報 (VXSE52): hypocentre without intensities, no tsunami to fear.
    Hypocentre,
    /// 顕著な地震の震源要素更新のお知らせ (VXSE61).
    HypocentreUpdate,
    /// 長周期地震動に関する観測情報 (VXSE62).
    LongPeriod,
    /// 南海トラフ地震臨時情報 (VYSE50).
    NankaiExtra,
    /// 南海トラフ地震関連解説情報 (VYSE51, VYSE52).
    NankaiCommentary,
    /// 北海道・三陸沖後発地震注意情報 (VYSE60).
    SubsequentQuakeAdvisory,
    /// 津波警報・注意報・予報 (VTSE41): the full state each time.
    TsunamiWarning,
    /// 津波情報 (VTSE51): arrivals, heights, tide stations.
    TsunamiInformation,
    /// 沖合の津波観測に関する情報 (VTSE52).
    TsunamiOffshore,
    /// 噴火警報・予報 (VFVO50).
    VolcanoWarning,
    /// 火山の状況に関する解説情報 (VFVO51).
    VolcanoCommentary,
    /// 噴火に関する火山観測報 (VFVO52).
    VolcanoObservation,
    /// 降灰予報 定時, 速報, 詳細 (VFVO53, VFVO54, VFVO55).
    Ashfall,
    /// 噴火速報 (VFVO56).
    EruptionPrompt,
    /// 推定噴煙流向報 (VFVO60).
    Plume,
    /// 気象警報・注意報 before the reorganisation of 2026 (VPWW50, VPWW53, VPWW54), issued beside the new ones until about 2028.
    WeatherWarning,
    /// 気象警報・注意報（Ｒ０６） (VPWW55 to VPWW61), in force since 2026-05-28.
    WeatherWarningR06,
    /// 気象警報・注意報時系列情報（Ｒ０６） (VPWP50).
    WeatherWarningOutlook,
    /// 気象警報・注意報（Ｒ０６）（集約通報） (VPWS50): the state of the whole country.
    WeatherWarningDigest,
    /// 気象特別警報報知 (VPNO50).
    EmergencyWarningNotice,
    /// 府県気象防災速報 (VPBS50): 線状降水帯, record rain, heavy snow in short time.
    WeatherPrompt,
    /// 土砂災害警戒情報 (VXWW50).
    LandslideAlert,
    /// 記録的短時間大雨情報 (VPOA50).
    RecordRain,
    /// 竜巻注意情報 (VPHW50, VPHW51).
    TornadoAdvisory,
    /// 指定河川洪水予報 (VXKO).
    FloodForecast,
    /// 台風解析・予報情報 (VPTW40 to VPTW46, VPTW50, VPTW60 to VPTW65).
    Typhoon,
    /// 全般・地方・府県の気象情報, 気象解説情報, 台風情報 in sentences (VPZJ, VPCJ, VPFJ, VPTI).
    WeatherCommentary,
    /// 国民保護に関する情報.
    CivilProtection,
    /// 避難情報 of a municipality (L-Alert).
    Evacuation,
    /// Any other notice of L-Alert: お知らせ, 緊急速報メール and so on.
    LocalNotice,
    /// A CAP alert.
    CapAlert,
    /// Advice to travellers of a government.
    Travel(TravelNotice),
    /// A disaster abroad as GDACS sees it.
    GlobalDisaster,
    /// An item of a news feed.
    News,
}

/// What sort of travel advice it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum TravelNotice {
    /// 危険情報 (T40).
    Danger,
    /// 感染症危険情報 (T41).
    Infection,
    /// スポット情報 (C30).
    Spot,
    /// 広域情報 (C50).
    WideArea,
    /// 領事メール（一般） (R10).
    ConsularMail,
    /// 領事メール（緊急） (R20).
    ConsularUrgent,
    /// The present advice for one country, as a whole.
    Country,
    /// Any other.
    Other,
}

/// What a bulletin is about, for rules and subscriptions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Hazard {
    /// 緊急地震速報.
    EarlyWarning,
    /// 地震.
    Earthquake,
    /// 南海トラフ地震臨時情報, 北海道・三陸沖後発地震注意情報: never part of an aftershock roll-up.
    GreatQuakeAdvisory,
    /// 津波.
    Tsunami,
    /// 火山.
    Volcano,
    /// 気象警報・注意報, 気象防災速報, 記録的短時間大雨.
    Weather,
    /// 土砂災害.
    Landslide,
    /// 指定河川洪水.
    Flood,
    /// 竜巻.
    Tornado,
    /// 台風.
    Typhoon,
    /// 国民保護.
    CivilProtection,
    /// 避難情報 and notices of municipalities.
    Local,
    /// 海外リスク.
    Overseas,
    /// Anything else.
    Other,
}

impl Kind {
    /// What it is about.
    #[must_use]
    pub const fn hazard(&self) -> Hazard {
        match self {
            Self::EarlyWarning | Self::EarlyWarningForecast | Self::EarlyWarningTest => Hazard::EarlyWarning,
            Self::IntensityPrompt
            | Self::HypocentreAndIntensity
            | Self::DistantEarthquake
            | Self::Hypocentre
            | Self::HypocentreUpdate
            | Self::LongPeriod => Hazard::Earthquake,
            Self::NankaiExtra | Self::NankaiCommentary | Self::SubsequentQuakeAdvisory => Hazard::GreatQuakeAdvisory,
            Self::TsunamiWarning | Self::TsunamiInformation | Self::TsunamiOffshore => Hazard::Tsunami,
            Self::VolcanoWarning
            | Self::VolcanoCommentary
            | Self::VolcanoObservation
            | Self::Ashfall
            | Self::EruptionPrompt
            | Self::Plume => Hazard::Volcano,
            Self::WeatherWarning
            | Self::WeatherWarningR06
            | Self::WeatherWarningOutlook
            | Self::WeatherWarningDigest
            | Self::EmergencyWarningNotice
            | Self::WeatherPrompt
            | Self::RecordRain
            | Self::WeatherCommentary => Hazard::Weather,
            Self::LandslideAlert => Hazard::Landslide,
            Self::TornadoAdvisory => Hazard::Tornado,
            Self::FloodForecast => Hazard::Flood,
            Self::Typhoon => Hazard::Typhoon,
            Self::CivilProtection => Hazard::CivilProtection,
            Self::Evacuation | Self::LocalNotice => Hazard::Local,
            Self::Travel(_) | Self::GlobalDisaster | Self::News => Hazard::Overseas,
            Self::CapAlert | Self::Other { .. } => Hazard::Other,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::IntensityPrompt => "震度速報",
            Self::HypocentreAndIntensity => "震源・震度情報",
            Self::DistantEarthquake => "遠地地震に関する情報",
            Self::EarlyWarning => "緊急地震速報（警報）",
            Self::EarlyWarningForecast => "緊急地震速報（予報）",
            Self::EarlyWarningTest => "緊急地震速報配信テスト",
            Self::Hypocentre => "震源に関する情報",
            Self::HypocentreUpdate => "顕著な地震の震源要素更新のお知らせ",
            Self::LongPeriod => "長周期地震動に関する観測情報",
            Self::NankaiExtra => "南海トラフ地震臨時情報",
            Self::NankaiCommentary => "南海トラフ地震関連解説情報",
            Self::SubsequentQuakeAdvisory => "北海道・三陸沖後発地震注意情報",
            Self::TsunamiWarning => "津波警報・注意報・予報",
            Self::TsunamiInformation => "津波情報",
            Self::TsunamiOffshore => "沖合の津波観測に関する情報",
            Self::VolcanoWarning => "噴火警報・予報",
            Self::VolcanoCommentary => "火山の状況に関する解説情報",
            Self::VolcanoObservation => "噴火に関する火山観測報",
            Self::Ashfall => "降灰予報",
            Self::EruptionPrompt => "噴火速報",
            Self::Plume => "推定噴煙流向報",
            Self::WeatherWarning | Self::WeatherWarningR06 => "気象警報・注意報",
            Self::WeatherWarningOutlook => "気象警報・注意報時系列情報",
            Self::WeatherWarningDigest => "気象警報・注意報（集約通報）",
            Self::EmergencyWarningNotice => "気象特別警報報知",
            Self::WeatherPrompt => "府県気象防災速報",
            Self::LandslideAlert => "土砂災害警戒情報",
            Self::RecordRain => "記録的短時間大雨情報",
            Self::TornadoAdvisory => "竜巻注意情報",
            Self::FloodForecast => "指定河川洪水予報",
            Self::Typhoon => "台風解析・予報情報",
            Self::WeatherCommentary => "気象解説情報",
            Self::CivilProtection => "国民保護情報",
            Self::Evacuation => "避難情報",
            Self::LocalNotice => "お知らせ",
            Self::CapAlert => "CAP 警報",
            Self::Travel(notice) => notice.name(),
            Self::GlobalDisaster => "海外災害情報（GDACS）",
            Self::News => "ニュース",
            Self::Other { .. } => "",
        }
    }
}

impl TravelNotice {
    const fn name(self) -> &'static str {
        match self {
            Self::Danger => "危険情報",
            Self::Infection => "感染症危険情報",
            Self::Spot => "スポット情報",
            Self::WideArea => "広域情報",
            Self::ConsularMail => "領事メール（一般）",
            Self::ConsularUrgent => "領事メール（緊急）",
            Self::Country => "国別渡航情報",
            Self::Other => "海外安全情報",
        }
    }
}

/// The Japanese name of the kind.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other { title, .. } => f.write_str(title),
            named => f.write_str(named.name()),
        }
    }
}

/// `地震`, `津波` …
impl fmt::Display for Hazard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EarlyWarning => "緊急地震速報",
            Self::Earthquake => "地震",
            Self::GreatQuakeAdvisory => "巨大地震の注意",
            Self::Tsunami => "津波",
            Self::Volcano => "火山",
            Self::Weather => "気象",
            Self::Landslide => "土砂災害",
            Self::Flood => "河川洪水",
            Self::Tornado => "竜巻",
            Self::Typhoon => "台風",
            Self::CivilProtection => "国民保護",
            Self::Local => "避難・お知らせ",
            Self::Overseas => "海外",
            Self::Other => "その他",
        })
    }
}
