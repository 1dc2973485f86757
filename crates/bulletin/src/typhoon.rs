//! A typhoon: where it is, where it will be, how strong.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hypocentre::Position;

/// A typhoon as one telegram describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Typhoon {
    /// Year and number: `1721`; empty before it has one.
    pub number: String,
    /// The international name: `LAN`; may be empty.
    pub name: String,
    /// The name in Japanese: `ラン`; may be empty.
    pub name_kana: String,
    /// What just happened to it: `台風発生`, `温帯低気圧化`; may be empty.
    pub remark: String,
    /// Where it is and will be, the analysis first.
    pub points: Vec<TyphoonPoint>,
}

/// A typhoon at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TyphoonPoint {
    /// The official words for what this is: `実況`, `推定　１時間後`, `予報　２４時間後`.
    pub what: String,
    /// The instant.
    pub at: Timestamp,
    /// Its class: `台風(TS)`, `温帯低気圧(LOW)`; may be empty.
    pub class: String,
    /// 大きさ: `大型`; may be empty.
    pub size: String,
    /// 強さ: `非常に強い`; may be empty.
    pub strength: String,
    /// Its centre, or the centre of the forecast circle.
    pub position: Option<Position>,
    /// Radius of the forecast circle (予報円) in kilometres.
    pub circle_km: Option<u16>,
    /// Where that is, in words: `ヤップ島の西約310km`; may be empty.
    pub location: String,
    /// 移動方向 in words; may be empty.
    pub direction: String,
    /// 移動速度 in km/h.
    pub speed_kmh: Option<u16>,
    /// 中心気圧 in hPa.
    pub pressure_hpa: Option<u16>,
    /// 最大風速 in m/s.
    pub wind_ms: Option<u16>,
    /// 最大瞬間風速 in m/s.
    pub gust_ms: Option<u16>,
    /// Greatest radius of the area of storm (暴風域) in kilometres.
    pub storm_km: Option<u16>,
    /// Greatest radius of the area of gale (強風域) in kilometres.
    pub gale_km: Option<u16>,
}
