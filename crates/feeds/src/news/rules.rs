//! The four cases of O01, as words that must stand in one sentence and words that must not.

use hikyaku_bulletin::NewsCase;
use serde::Deserialize;

use super::count::victims;

/// What can be set about the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NewsRules {
    /// How many dead, hurt or missing people are many.
    pub victims_min: u32,
}

impl Default for NewsRules {
    fn default() -> Self {
        Self { victims_min: 10 }
    }
}

/// What speaks of the past, of play or of an exercise: such a sentence tells no present event.
const NOT_NOW: [&str; 24] = [
    "周年",
    "年前",
    "から1年",
    "追悼",
    "慰霊",
    "訓練",
    "演習",
    "映画",
    "小説",
    "ドラマ",
    "舞台に",
    "判決",
    "公判",
    "控訴",
    "回顧",
    "写真展",
    "教訓",
    "想定",
    "anniversary",
    "drill",
    "film",
    "novel",
    "museum",
    "years ago",
];
/// What denies or ends.
const ENDED: [&str; 16] = [
    "解除",
    "撤回",
    "終了",
    "失効",
    "否定",
    "ではない",
    "確認されていない",
    "確認されず",
    "被害なし",
    "被害はない",
    "影響なし",
    "巻き込まれていない",
    "lifted",
    "lifts",
    "denied",
    "denies",
];
/// Many without a number.
const MANY: [&str; 14] = [
    "多数の死",
    "死傷者多数",
    "死者多数",
    "負傷者多数",
    "行方不明者多数",
    "多数死亡",
    "多数が死亡",
    "多数の負傷",
    "多数の行方不明",
    "多数の犠牲",
    "多数の死傷",
    "大勢が死亡",
    "多数不明",
    "mass casualties",
];
/// Many as tens, hundreds and thousands.
const TENS: [&str; 6] = ["数十人", "数百人", "数千人", "数万人", "数十名", "数百名"];
/// What tens of people must have met.
const FATE: [&str; 9] = ["死亡", "死傷", "死者", "負傷", "けが", "行方不明", "不明", "犠牲", "生き埋め"];
/// Our people.
const OURS: [&str; 8] = [
    "邦人",
    "日本人",
    "日本国籍",
    "日系企業の駐在員",
    "日本大使館員",
    "japanese national",
    "japanese citizen",
    "japanese tourist",
];
/// What happens to them.
const MET: [&str; 30] = [
    "死亡",
    "死傷",
    "負傷",
    "けが",
    "重傷",
    "軽傷",
    "遺体",
    "拘束",
    "誘拐",
    "拉致",
    "人質",
    "行方不明",
    "連絡が取れ",
    "巻き込ま",
    "被害",
    "安否",
    "襲われ",
    "刺され",
    "撃たれ",
    "搭乗",
    "乗って",
    "含まれ",
    "取り残され",
    "足止め",
    "逮捕",
    "killed",
    "injured",
    "missing",
    "detained",
    "kidnapped",
];
/// A seizure of power.
const COUP: [&str; 12] = [
    "クーデター",
    "政変",
    "全権を掌握",
    "実権を掌握",
    "政権を掌握",
    "権力を掌握",
    "権力を奪取",
    "政権を奪取",
    "軍事政権を樹立",
    "coup",
    "junta seizes",
    "seize power",
];
/// What is called so without being one.
const NO_COUP: [&str; 6] = ["党内クーデター", "社内クーデター", "取締役会", "球団", "boardroom", "coup de"];
/// A state of emergency.
const EMERGENCY: [&str; 9] = [
    "非常事態を宣言",
    "非常事態宣言",
    "非常事態令",
    "国家非常事態",
    "非常事態が宣言",
    "緊急事態宣言",
    "緊急事態を宣言",
    "戒厳令",
    "state of emergency",
];

/// The cases that a headline and its summary tell, in their order; none for what does not matter.
#[must_use]
pub fn cases(title: &str, summary: &str, rules: &NewsRules) -> Vec<NewsCase> {
    let text = half_width(&format!("{title}。{summary}"));
    let mut found: Vec<NewsCase> = text
        .split(['。', '\n', '.', '!', '?'])
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty() && !has(sentence, &NOT_NOW))
        .flat_map(|sentence| of_sentence(sentence, rules))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn of_sentence(sentence: &str, rules: &NewsRules) -> impl Iterator<Item = NewsCase> {
    let many = victims(sentence) >= u64::from(rules.victims_min)
        || has(sentence, &MANY)
        || has(sentence, &TENS) && has(sentence, &FATE);
    let is_ended = has(sentence, &ENDED);
    let ours = has(sentence, &OURS) && has(sentence, &MET) && !is_ended;
    let coup = has(sentence, &COUP) && !has(sentence, &NO_COUP) && !is_ended;
    let emergency = (has(sentence, &EMERGENCY) || sentence.contains("martial law")) && !is_ended;
    let all = [
        (many, NewsCase::ManyVictims),
        (ours, NewsCase::JapaneseInvolved),
        (coup, NewsCase::Coup),
        (emergency, NewsCase::Emergency),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, case)| case)
}

fn has(sentence: &str, words: &[&str]) -> bool {
    words.iter().any(|word| sentence.contains(word))
}

/// Full-width letters, digits and marks in half width, letters small: agencies mix them.
fn half_width(text: &str) -> String {
    let narrow = |c: char| match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '　' => ' ',
        other => other,
    };
    text.chars().map(narrow).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use NewsCase::{Coup, Emergency, JapaneseInvolved, ManyVictims};

    /// Written for this test in the manner of agencies; none is a real article.
    const MATTER: [(&str, &str, &[NewsCase]); 20] = [
        ("Ａ国の首都で爆発、３４人死亡", "", &[ManyVictims]),
        ("Ｂ国で旅客船沈没", "乗客ら約１２０人が行方不明となっている。", &[ManyVictims]),
        ("地震の死者１２００人超に　Ｃ国", "", &[ManyVictims]),
        ("バス転落、二十三人死亡　Ｄ国山岳部", "", &[ManyVictims]),
        ("Ｅ国の鉱山で崩落", "作業員数十人が生き埋めになったもよう。", &[ManyVictims]),
        ("空爆で死傷者多数　Ｆ国北部", "", &[ManyVictims]),
        ("Hotel fire in G kills 41, dozens injured", "", &[ManyVictims]),
        ("Ｈ国の観光地で銃撃、邦人１人負傷", "", &[JapaneseInvolved]),
        ("Ｉ国で日本人男性が誘拐か", "現地警察が捜査している。", &[JapaneseInvolved]),
        ("列車脱線、日本人旅行者らの安否確認急ぐ　Ｊ国", "", &[JapaneseInvolved]),
        ("Ｋ国当局、日本国籍の会社員を拘束", "", &[JapaneseInvolved]),
        ("小型機墜落、邦人２人搭乗", "乗客乗員１５人が死亡した。", &[ManyVictims, JapaneseInvolved]),
        ("Ｌ国でクーデター、軍が全権を掌握と発表", "", &[Coup]),
        ("Ｍ国、クーデター未遂か　首都で銃声", "", &[Coup]),
        ("Soldiers seize power in N, announce coup on state TV", "", &[Coup]),
        ("Ｏ国で政変、大統領が国外に脱出", "", &[Coup]),
        ("Ｐ国が非常事態宣言　全土に夜間外出禁止令", "", &[Emergency]),
        ("Ｑ国大統領、戒厳令を布告", "", &[Emergency]),
        ("大規模停電でＲ国政府が緊急事態を宣言", "", &[Emergency]),
        ("軍の反乱受けＳ国が国家非常事態", "クーデターとの見方が出ている。", &[Coup, Emergency]),
    ];

    const DO_NOT: [(&str, &str); 20] = [
        ("Ａ国で大地震から１０年、犠牲者２万人を追悼", ""),
        ("Ｂ国首都で爆発、１人死亡", "２人が軽いけがをした。"),
        ("Ｃ国の洪水で１万人が避難", "死者は確認されていない。"),
        ("日本人選手がＤ国の大会で優勝", ""),
        ("Ｅ国の地震、邦人の被害は確認されていない", "日本大使館が明らかにした。"),
        ("Ｆ国で列車事故、日本人は巻き込まれていない", "外務省が発表した。"),
        ("Ｇ国、非常事態宣言を解除", ""),
        ("Ｈ国の戒厳令、２年ぶり撤回", ""),
        ("無血クーデターを描く映画、来月公開", ""),
        ("クーデター計画との報道を政府が否定　Ｉ国", ""),
        ("与党で党内クーデターの動き　Ｊ国", ""),
        ("Ｋ国大統領選、現職が再選", ""),
        ("サミットに１００人の首脳級が参加", ""),
        ("Ｌ国で火災訓練、死傷者５０人を想定", ""),
        ("日本人観光客が過去最多に　Ｍ国", ""),
        ("Ｎ国の旅客船が座礁、乗客３００人全員救助", ""),
        ("Ｏ国、観光客数が１２０万人に回復", ""),
        ("20 years after the coup, P looks back at its film archive", ""),
        ("Ｑ国の邦人学校が新校舎", ""),
        ("Ｒ国の空港で欠航相次ぐ", "約２００便に影響が出た。"),
    ];

    #[test]
    fn req_o01_twenty_headlines_that_matter_are_found_each_with_its_case() {
        for (title, summary, expected) in MATTER {
            assert_eq!(cases(title, summary, &NewsRules::default()), expected, "{title}");
        }
    }

    #[test]
    fn req_o01_twenty_headlines_that_do_not_matter_are_left_alone() {
        for (title, summary) in DO_NOT {
            assert_eq!(cases(title, summary, &NewsRules::default()), [], "{title}");
        }
    }

    #[test]
    fn how_many_are_many_can_be_set() {
        let few = NewsRules { victims_min: 3 };
        assert_eq!(cases("爆発で４人死亡", "", &few), [ManyVictims]);
        assert_eq!(cases("爆発で４人死亡", "", &NewsRules::default()), []);
    }
}
