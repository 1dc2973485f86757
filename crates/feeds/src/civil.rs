//! 国民保護: what an announcement says, read from its words, for no public specification of the message exists.
//!
//! Unverified: no real message is at hand. The words are those of announcements as municipalities publish them.

use hikyaku_bulletin::{CivilProtection, Phase, PlaceClass, Threat};

use crate::civil_fall::fall;

/// Words by which an announcement is one of civil protection.
const MARKS: [&str; 5] = ["国民保護", "ミサイル", "ゲリラ・特殊部隊攻撃", "航空攻撃", "大規模テロ"];

/// Whether it says that what was announced was never so.
pub(crate) fn is_retracted(words: &str) -> bool {
    ["誤報", "取り消し", "取消", "誤って配信"].iter().any(|it| words.contains(it))
}

/// What a message of civil protection says; `None` for any other.
pub(crate) fn read(category: &str, words: &str) -> Option<CivilProtection> {
    let is_marked = MARKS.iter().any(|mark| words.contains(mark)) || category.contains("CivilProtection");
    is_marked.then(|| said(words))
}

fn said(words: &str) -> CivilProtection {
    let says = |any: &[&str]| any.iter().any(|it| words.contains(it));
    let threat = match () {
        () if says(&["ミサイル"]) => Threat::Missile,
        () if says(&["航空攻撃"]) => Threat::AirAttack,
        () if says(&["ゲリラ", "特殊部隊"]) => Threat::Commando,
        () if says(&["テロ"]) => Threat::Terror,
        () => Threat::Other,
    };
    let fall = fall(words);
    let phase = match () {
        () if is_retracted(words) => Phase::Over,
        () if fall.is_some() => Phase::Fallen,
        () if says(&["通過"]) => Phase::Passed,
        () if says(&["解除", "避難の呼びかけは終了"]) => Phase::Over,
        () if says(&["避難"]) => Phase::Shelter,
        () if says(&["発射"]) => Phase::Launched,
        () => Phase::Unknown,
    };
    let (place, fallen_in) = match fall.filter(|_| phase == Phase::Fallen) {
        Some(fall) => (fall.place, fall.prefectures),
        None if phase == Phase::Passed => (PlaceClass::Elsewhere, Vec::new()),
        None => (PlaceClass::Unknown, Vec::new()),
    };
    CivilProtection { threat, phase, place, fallen_in }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str) -> CivilProtection {
        read("", words).unwrap()
    }

    #[test]
    fn req_a16_a_fall_is_told_from_a_launch_a_warning_and_a_passing() {
        let launch = of("ミサイル発射。ミサイル発射。ミサイルが発射されたものとみられます。建物の中に避難して下さい。");
        assert_eq!((launch.phase, launch.has_struck()), (Phase::Shelter, false));
        let feared = of("ミサイルが日本の領土に落下する可能性があります。直ちに避難して下さい。");
        assert!(!feared.has_struck());
        let passed = of(
            "ミサイル通過。先ほどのミサイルは、北海道付近から太平洋へ通過したものとみられます。不審な落下物には近寄らないで下さい。",
        );
        assert_eq!((passed.phase, passed.has_struck()), (Phase::Passed, false));
        let sea = of("先ほどのミサイルは、わが国の領海に落下したものとみられます。");
        assert!(sea.has_struck());
        let outside = of("先ほどのミサイルは、日本の排他的経済水域（EEZ）内に落下したものとみられます。");
        assert_eq!((outside.place, outside.has_struck()), (PlaceClass::Eez, false));
    }

    #[test]
    fn req_a16_the_prefecture_it_came_down_in_is_read_and_a_sea_off_it_is_not() {
        let named = of("ミサイル落下。ミサイルは、青森県に落下したものとみられます。");
        assert_eq!(named.fallen_in.iter().map(|it| it.code()).collect::<Vec<_>>(), [2]);
        assert!(named.has_struck());
        let sea = of("ミサイルは、青森県の西方沖に落下したものとみられます。");
        assert!(sea.fallen_in.is_empty() && !sea.has_struck());
    }

    #[test]
    fn req_a16_hokkaido_and_okinawa_are_struck_like_any_other_and_a_denial_strikes_nobody() {
        for (words, code) in [("北海道に落下したものとみられます。", 1), ("沖縄県に落下したものとみられます。", 47)]
        {
            let hit = of(&format!("先ほどのミサイルは、{words}"));
            assert_eq!(hit.fallen_in.iter().map(|it| it.code()).collect::<Vec<_>>(), [code]);
            assert!(hit.has_struck());
        }
        let denied = of("ミサイルが発射されましたが、日本の領土・領海には落下しませんでした。");
        assert_eq!((denied.phase, denied.place, denied.has_struck()), (Phase::Launched, PlaceClass::Unknown, false));
        let outside = of("ミサイルは、日本の領海外に落下したものとみられます。");
        assert_eq!((outside.phase, outside.has_struck()), (Phase::Fallen, false));
    }

    #[test]
    fn a_false_report_is_over_whatever_it_repeats() {
        assert_eq!(of("先ほどのミサイル発射情報は誤報でした。ミサイル発射の事実はありません。").phase, Phase::Over);
        assert!(read("EvacuationOrder", "避難指示を発令しました").is_none());
    }
}
