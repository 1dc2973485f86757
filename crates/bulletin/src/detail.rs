//! What only some kinds of telegram tell: early warnings, the state of the Nankai trough, typhoons, civil protection, outlooks, stations.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::civil::CivilProtection;
use crate::expected::{ExpectedIntensity, LongPeriodClass};
use crate::hypocentre::Hypocentre;
use crate::news::NewsCase;
use crate::outlook::WarningOutlook;
use crate::stations::Stations;
use crate::typhoon::Typhoon;

/// What the kind of a telegram tells beyond what all tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Detail {
    /// 緊急地震速報.
    EarlyWarning(EarlyWarning),
    /// 南海トラフ and 後発地震.
    GreatQuake(GreatQuake),
    /// 台風.
    Typhoon(Box<Typhoon>),
    /// 国民保護.
    CivilProtection(CivilProtection),
    /// A headline of a news feed: why it matters; empty when it does not.
    News(Vec<NewsCase>),
    /// 気象警報・注意報時系列情報: what is expected, area by area.
    Outlook(Vec<WarningOutlook>),
    /// 震源・震度情報 and 長周期地震動に関する観測情報: the stations that measured it.
    Stations(Stations),
}

/// What 緊急地震速報 says as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EarlyWarning {
    /// The greatest intensity expected anywhere.
    pub greatest: Option<ExpectedIntensity>,
    /// The greatest 長周期地震動階級 expected anywhere.
    pub greatest_long_period: Option<LongPeriodClass>,
    /// Whether it is a warning (警報), not only a forecast.
    pub warned: bool,
    /// Whether it says of itself that it is the last (最終報).
    pub last: bool,
    /// Whether the hypocentre is only assumed (仮定震源要素: PLUM or one station); then its magnitude means nothing.
    pub assumed: bool,
}

/// 南海トラフ地震臨時情報 and 後発地震注意情報: the keyword decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GreatQuake {
    /// JMA's code of the state: 111 to 113 調査中, 120 巨大地震警戒, 130 巨大地震注意, 190 調査終了, 200, 210 and 219 解説; may be empty.
    pub code: String,
    /// The keyword: `巨大地震警戒`; may be empty.
    pub keyword: String,
}

/// An earthquake beside the first one of a telegram: tsunamis may have several causes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Earthquake {
    /// Origin time.
    pub occurred: Option<Timestamp>,
    /// Where and how strong.
    pub hypocentre: Hypocentre,
}
