//! Warnings of weather, landslide and flood: what threatens, how grave the warning is, what became of it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// 警戒レベル 1 to 5 and their 相当情報, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertLevel(u8);

impl AlertLevel {
    /// The level of a number, 1 to 5.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if 1 <= level && level <= 5 { Some(Self(level)) } else { None }
    }

    /// 1 to 5.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The level that a text names: `レベル４大雨危険警報`, `【警戒レベル４相当情報［洪水］】`. The greatest, when there are several.
    #[must_use]
    pub fn named_in(text: &str) -> Option<Self> {
        let digits = text.match_indices("レベル").filter_map(|(at, word)| {
            let digit = text[at + word.len()..].chars().next()?;
            let narrow = if ('０'..='９').contains(&digit) {
                u32::from(digit) - u32::from('０')
            } else {
                digit.to_digit(10)?
            };
            u8::try_from(narrow).ok().and_then(Self::new)
        });
        digits.max()
    }
}

/// `警戒レベル4`
impl fmt::Display for AlertLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "警戒レベル{}", self.0)
    }
}

/// How grave a warning is, mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum WarningGrade {
    /// Nothing is in force.
    None,
    /// 注意報; 竜巻注意情報.
    Advisory,
    /// 警報.
    Warning,
    /// 危険警報 (since 2026-05-28); 土砂災害警戒情報, 記録的短時間大雨情報, 線状降水帯.
    Danger,
    /// 特別警報.
    Emergency,
}

impl fmt::Display for WarningGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "なし",
            Self::Advisory => "注意報",
            Self::Warning => "警報",
            Self::Danger => "危険警報",
            Self::Emergency => "特別警報",
        })
    }
}

/// What a warning is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Phenomenon {
    /// 大雨.
    HeavyRain,
    /// 洪水 (not of a named river).
    Flood,
    /// 氾濫 of a named river (指定河川洪水予報).
    RiverFlood,
    /// 土砂災害.
    Landslide,
    /// 高潮.
    StormSurge,
    /// 波浪.
    HighWaves,
    /// 暴風, 強風.
    Storm,
    /// 暴風雪, 風雪.
    Snowstorm,
    /// 大雪.
    HeavySnow,
    /// 雷.
    Thunder,
    /// 融雪.
    SnowMelt,
    /// 濃霧.
    Fog,
    /// 乾燥.
    DryAir,
    /// なだれ.
    Avalanche,
    /// 低温.
    Cold,
    /// 霜.
    Frost,
    /// 着氷.
    IceAccretion,
    /// 着雪.
    SnowAccretion,
    /// 竜巻などの激しい突風.
    Tornado,
    /// 記録的短時間大雨, 短時間の記録雨.
    RecordRain,
    /// 線状降水帯.
    LineRainband,
    /// 避難情報 of a municipality.
    Evacuation,
    /// Anything else; the warning's name says what.
    Other,
}

/// `大雨`
impl fmt::Display for Phenomenon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeavyRain => "大雨",
            Self::Flood => "洪水",
            Self::RiverFlood => "氾濫",
            Self::Landslide => "土砂災害",
            Self::StormSurge => "高潮",
            Self::HighWaves => "波浪",
            Self::Storm => "暴風",
            Self::Snowstorm => "暴風雪",
            Self::HeavySnow => "大雪",
            Self::Thunder => "雷",
            Self::SnowMelt => "融雪",
            Self::Fog => "濃霧",
            Self::DryAir => "乾燥",
            Self::Avalanche => "なだれ",
            Self::Cold => "低温",
            Self::Frost => "霜",
            Self::IceAccretion => "着氷",
            Self::SnowAccretion => "着雪",
            Self::Tornado => "竜巻",
            Self::RecordRain => "記録的短時間大雨",
            Self::LineRainband => "線状降水帯",
            Self::Evacuation => "避難情報",
            Self::Other => "その他",
        })
    }
}

/// What became of a warning with this telegram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum WarningChange {
    /// 発表, or a switch to this one from another.
    Issued,
    /// 継続.
    Continued,
    /// 解除: it was in force and is no more. Not the same as 取消.
    Lifted,
    /// No warning is in force, and none was.
    None,
}

/// One warning at one place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WarningReport {
    /// What it is about.
    pub phenomenon: Phenomenon,
    /// How grave it is now; [`WarningGrade::None`] when lifted.
    pub grade: WarningGrade,
    /// The level it corresponds to, where the source or its code table says so.
    pub level: Option<AlertLevel>,
    /// What became of it.
    pub change: WarningChange,
    /// The official name: `レベル４大雨危険警報`, `雷注意報`.
    pub name: String,
    /// The official code: `43`; may be empty.
    pub code: String,
}

/// `レベル４大雨危険警報（解除）`
impl fmt::Display for WarningReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        let lifted = self.change == WarningChange::Lifted && !self.name.contains("解除");
        f.write_str(if lifted { "（解除）" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_found_in_official_words_in_either_width() {
        let of = |text| AlertLevel::named_in(text).map(AlertLevel::number);
        assert_eq!(of("レベル４大雨危険警報"), Some(4));
        assert_eq!(of("【警戒レベル４相当情報［洪水］】警戒レベル5に相当"), Some(5));
        assert_eq!(of("避難指示"), None);
        assert_eq!(of("レベル"), None);
        assert_eq!(of("レベル９"), None);
    }
}
