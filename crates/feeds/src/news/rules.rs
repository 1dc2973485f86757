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
/// Words that one of the above is part of, and that say nothing of the past, of play or of an exercise: places, and what was going on there
/// when something happened.
const NOW_EVEN_SO: [&str; 33] = [
    "映画館",
    "映画祭",
    "映画撮影",
    "訓練施設",
    "訓練所",
    "訓練校",
    "訓練学校",
    "訓練センター",
    "訓練キャンプ",
    "訓練場",
    "訓練機",
    "訓練中に",
    "演習場",
    "演習中に",
    "追悼式で",
    "追悼式典で",
    "追悼集会で",
    "慰霊祭で",
    "周年式典で",
    "周年の式典で",
    "周年行事で",
    "周年を祝う",
    "想定外",
    "想定を超え",
    "判決に抗議",
    "判決受け",
    "at museum",
    "at a museum",
    "museum attack",
    "museum shooting",
    "film festival",
    "novel coronavirus",
    "novel virus",
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
const OURS: [&str; 10] = [
    "邦人",
    "日本人",
    "日本国籍",
    "日系企業の駐在員",
    "日本大使館員",
    "japanese national",
    "japanese citizen",
    "japanese tourist",
    "japanese man",
    "japanese woman",
];
/// Words that ours are no part of: 米連邦人事局.
const NOT_OURS: [&str; 2] = ["連邦人", "本邦人"];
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
const EMERGENCY: [&str; 15] = [
    "非常事態を宣言",
    "非常事態宣言",
    "非常事態令",
    "国家非常事態",
    "非常事態が宣言",
    "緊急事態宣言",
    "緊急事態を宣言",
    "戒厳令",
    "非常事態を布告",
    "非常事態を発令",
    "非常事態を発動",
    "非常事態の宣言",
    "state of emergency",
    "emergency declared",
    "martial law",
];

/// The cases that a headline and its summary tell, in their order; none for what does not matter.
#[must_use]
pub fn cases(title: &str, summary: &str, rules: &NewsRules) -> Vec<NewsCase> {
    let text = half_width(&format!("{title}。{summary}"));
    let mut found: Vec<NewsCase> = text
        .split(['。', '\n', '.', '!', '?'])
        .map(str::trim)
        .filter(|sentence| !sentence.is_empty() && is_present(sentence))
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
    let ours = has(&without(sentence, &NOT_OURS), &OURS) && has(sentence, &MET) && !is_ended;
    let coup = has(sentence, &COUP) && !has(sentence, &NO_COUP) && !is_ended;
    let emergency = has(sentence, &EMERGENCY) && !is_ended;
    let all = [
        (many, NewsCase::ManyVictims),
        (ours, NewsCase::JapaneseInvolved),
        (coup, NewsCase::Coup),
        (emergency, NewsCase::Emergency),
    ];
    all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, case)| case)
}

/// Whether a sentence tells of now, and neither of the past nor of play.
fn is_present(sentence: &str) -> bool {
    !has(&without(sentence, &NOW_EVEN_SO), &NOT_NOW)
}

fn without(sentence: &str, words: &[&str]) -> String {
    words.iter().fold(sentence.to_owned(), |text, word| text.replace(word, " "))
}

/// Whether any of the words stands in a sentence; English ones as words of their own, for coup is in couple and drill in drilling.
fn has(sentence: &str, words: &[&str]) -> bool {
    words.iter().any(|word| sentence.match_indices(word).any(|(at, found)| is_whole(sentence, at, found)))
}

fn is_whole(sentence: &str, at: usize, word: &str) -> bool {
    let is_letter = |beside: Option<char>| beside.is_some_and(|it| it.is_ascii_alphabetic());
    let behind = &sentence[at + word.len()..];
    let behind = behind.strip_prefix('s').unwrap_or(behind);
    !word.is_ascii() || !is_letter(sentence[..at].chars().next_back()) && !is_letter(behind.chars().next())
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
    fn req_o01_a_place_or_a_gathering_that_sounds_of_the_past_hides_no_present_event() {
        for (title, expected) in [
            ("Ａ国の映画館で火災、３０人死亡", ManyVictims),
            ("警察訓練施設に武装集団、６０人死亡　Ｂ国", ManyVictims),
            ("独立５０周年の式典で爆発、２５人死亡　Ｃ国", ManyVictims),
            ("追悼式で銃撃、邦人１人負傷　Ｄ国", JapaneseInvolved),
            ("想定外の豪雨で１２０人の行方が分からず　Ｅ国", ManyVictims),
            ("Gunmen kill 22 at museum in F", ManyVictims),
            ("G drilling rig explodes, at least 11 killed, operator says", ManyVictims),
            ("判決に抗議するデモで１５人死亡　Ｈ国", ManyVictims),
            ("Ｉ国大統領、非常事態を布告", Emergency),
        ] {
            assert_eq!(cases(title, "", &NewsRules::default()), [expected], "{title}");
        }
    }

    #[test]
    fn req_o01_words_within_other_words_raise_no_alarm() {
        for title in [
            "Couple wins lottery in A",
            "Coupon scheme draws thousands in B",
            "米連邦人事局でデータ流出の被害",
            "Two killed, 3,000 evacuated after flood in C",
            "大規模な避難訓練、死者１００人を想定　Ｄ国",
            "内戦を描く映画、３００人死亡の実話",
        ] {
            assert_eq!(cases(title, "", &NewsRules::default()), [], "{title}");
        }
    }

    #[test]
    fn how_many_are_many_can_be_set() {
        let few = NewsRules { victims_min: 3 };
        assert_eq!(cases("爆発で４人死亡", "", &few), [ManyVictims]);
        assert_eq!(cases("爆発で４人死亡", "", &NewsRules::default()), []);
    }
}
