//! Civil protection (国民保護): what threatens, how far it has come, and where it came down.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::prefecture::Prefecture;

/// What attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Threat {
    /// 弾道ミサイル.
    Missile,
    /// 航空攻撃.
    AirAttack,
    /// ゲリラ・特殊部隊攻撃.
    Commando,
    /// 大規模テロ.
    Terror,
    /// その他の国民保護情報, or not told.
    Other,
}

/// `弾道ミサイル`
impl fmt::Display for Threat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missile => "弾道ミサイル",
            Self::AirAttack => "航空攻撃",
            Self::Commando => "ゲリラ・特殊部隊攻撃",
            Self::Terror => "大規模テロ",
            Self::Other => "国民保護情報",
        })
    }
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Phase {
    /// 発射.
    Launched,
    /// 避難の呼びかけ.
    Shelter,
    /// 落下.
    Fallen,
    /// 通過.
    Passed,
    /// 取消, 誤報, 解除: no longer to be minded. Only [`crate::Revision::Cancellation`] says that it was never so.
    Over,
    /// None of these could be told.
    Unknown,
}

impl Phase {
    /// How far things have come, from 0 (over) to 3 (fallen); unknown counts as launched.
    #[must_use]
    pub const fn gravity(self) -> u8 {
        match self {
            Self::Passed | Self::Over => 0,
            Self::Launched | Self::Unknown => 1,
            Self::Shelter => 2,
            Self::Fallen => 3,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Launched => "発射",
            Self::Shelter => "避難の呼びかけ",
            Self::Fallen => "落下",
            Self::Passed => "通過",
            Self::Over => "終了",
            Self::Unknown => "不明",
        })
    }
}

/// What kind of place it came down in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum PlaceClass {
    /// 領土, 内陸.
    Territory,
    /// 領海.
    TerritorialSea,
    /// 排他的経済水域 (EEZ), outside 領海.
    Eez,
    /// Elsewhere: outside the EEZ, or it passed over.
    Elsewhere,
    /// Not told.
    Unknown,
}

impl fmt::Display for PlaceClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Territory => "領土",
            Self::TerritorialSea => "領海",
            Self::Eez => "排他的経済水域",
            Self::Elsewhere => "領域外",
            Self::Unknown => "場所不明",
        })
    }
}

/// What a message of civil protection says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CivilProtection {
    /// What attacks.
    pub threat: Threat,
    /// How far it has come.
    pub phase: Phase,
    /// Where it came down.
    pub place: PlaceClass,
    /// The prefectures named as those it came down in. Those merely told to take shelter are areas of the bulletin.
    pub fallen_in: Vec<Prefecture>,
}

impl CivilProtection {
    /// Whether it came down on land or in territorial waters, or a prefecture was named as where it came down: the two conditions of
    /// requirement A16. Launch, passing and the EEZ are not among them.
    #[must_use]
    pub fn has_struck(&self) -> bool {
        self.phase == Phase::Fallen
            && (matches!(self.place, PlaceClass::Territory | PlaceClass::TerritorialSea) || !self.fallen_in.is_empty())
    }
}

/// `弾道ミサイル 落下（領海）`
impl fmt::Display for CivilProtection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.threat, self.phase)?;
        if self.phase == Phase::Fallen { write!(f, "（{}）", self.place) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missile(phase: Phase, place: PlaceClass, fallen_in: &[u8]) -> CivilProtection {
        let fallen_in = fallen_in.iter().filter_map(|&it| Prefecture::from_code(it)).collect();
        CivilProtection { threat: Threat::Missile, phase, place, fallen_in }
    }

    #[test]
    fn req_a16_only_a_fall_on_land_or_in_territorial_waters_or_in_a_named_prefecture_has_struck() {
        assert!(missile(Phase::Fallen, PlaceClass::Territory, &[]).has_struck());
        assert!(missile(Phase::Fallen, PlaceClass::TerritorialSea, &[]).has_struck());
        assert!(missile(Phase::Fallen, PlaceClass::Unknown, &[2]).has_struck());
        assert!(!missile(Phase::Fallen, PlaceClass::Eez, &[]).has_struck());
        assert!(!missile(Phase::Fallen, PlaceClass::Unknown, &[]).has_struck());
        for phase in [Phase::Launched, Phase::Shelter, Phase::Passed, Phase::Over, Phase::Unknown] {
            assert!(!missile(phase, PlaceClass::Territory, &[2]).has_struck(), "{phase}");
        }
    }
}
