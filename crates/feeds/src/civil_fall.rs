//! Whether words of 国民保護 say that something came down, and where: sentence by sentence, each 落下 by what stands around it.
//!
//! What is feared, denied or told of another country is no fall here; what cannot be told leaves the place unknown, so that a person is
//! asked. Unverified: no real message is at hand.

use hikyaku_bulletin::{PlaceClass, Prefecture};

/// What came down, as far as the words tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fall {
    /// The gravest kind of place that was told.
    pub(crate) place: PlaceClass,
    /// The prefectures that were told, in the order of their first mention.
    pub(crate) prefectures: Vec<Prefecture>,
}

/// What follows 落下 where it has not happened: 「落下するおそれ」, 「落下した場合」, 「落下物」.
const PENDING: [&str; 21] = [
    "する",
    "物",
    "の可能性",
    "のおそれ",
    "の恐れ",
    "の危険",
    "の見込み",
    "が予",
    "が見込",
    "した場合",
    "した際",
    "したとき",
    "した時",
    "時",
    "予",
    "に備え",
    "に注意",
    "に警戒",
    "に関する",
    "情報",
    "まで",
];
/// What follows 落下 where it is denied, also after は, も and が.
const DENIED: [&str; 17] = [
    "しな",
    "しません",
    "していな",
    "していません",
    "しておら",
    "せず",
    "な",
    "ありません",
    "の事実はな",
    "の事実はありません",
    "確認されていな",
    "確認されていません",
    "確認されておら",
    "確認されませ",
    "確認できていません",
    "見られません",
    "認められません",
];
/// The same after 落下した: what came down is not told of, but that nothing did.
const DENIED_AFTER: [&str; 6] = ["事実は", "との情報は", "という情報は", "形跡は", "ものはな", "可能性は"];
/// What follows 落下 where it did come down; nothing may follow, as in a heading.
const TOLD: [&str; 9] = ["し", "が確認", "を確認", "とみられ", "の模様", "と推定", "、", "」", "）"];
/// What a clause before the one that tells of the fall ends with.
const CLAUSE_ENDS: [&str; 7] = ["が、", "し、", "り、", "ず、", "て、", "ため、", "後、"];

/// The kinds of place and their names, once the ways to write the EEZ are made one.
const ZONES: [(&str, PlaceClass); 5] = [
    ("排他的経済水域", PlaceClass::Eez),
    ("領海", PlaceClass::TerritorialSea),
    ("領土", PlaceClass::Territory),
    ("陸地", PlaceClass::Territory),
    ("内陸", PlaceClass::Territory),
];
/// What joins kinds of place that are told together.
const JOINTS: [&str; 9] = ["・", "、", "や", "と", "及び", "および", "又は", "または", "並びに"];
/// What follows a kind of place that something came down within.
const WITHIN: [&str; 9] = ["に", "内", "へ", "上", "部", "で", "と", "（", "の一部"];
/// Words after a place by which it is only where something was seen from, or what was spared.
const ASTRAY: [&str; 9] = ["から", "上空", "通過", "越え", "超え", "避難", "被害", "影響", "離れ"];
/// Words after a kind of place by which it is near and not within.
const NEAR: [&str; 7] = ["付近", "近く", "に近", "手前", "周辺", "に向", "に達"];
/// Countries whose land and waters are not ours.
const FOREIGN: [&str; 7] = ["北朝鮮の", "韓国の", "ロシアの", "中国の", "米国の", "台湾の", "他国の"];
/// Words after the name of a prefecture by which the place is at sea off it. Towns have 海 in their names (東海村, 熱海市).
const SEAS: [&str; 17] = [
    "沖",
    "海上",
    "海域",
    "海に",
    "海へ",
    "海の",
    "海中",
    "海です",
    "日本海",
    "太平洋",
    "海峡",
    "水域",
    "湾に",
    "湾内",
    "灘に",
    "洋上",
    "領海",
];
/// Land whose name begins with 沖.
const LAND: [&str; 3] = ["沖縄", "沖永良部", "沖ノ島"];

/// What the words say came down; `None` where no sentence says so.
pub(crate) fn fall(words: &str) -> Option<Fall> {
    let mut places: Vec<PlaceClass> = Vec::new();
    let mut prefectures: Vec<Prefecture> = Vec::new();
    let mut fallen = false;
    for sentence in words.split(['。', '．', '\n', '!', '！']) {
        let sentence = with_one_eez(sentence);
        let mut told = 0;
        for (at, word) in sentence.match_indices("落下") {
            let after = sentence[at + word.len()..].split(word).next().unwrap_or_default();
            let found = where_in(&sentence[told..at], after);
            told = at + word.len();
            let Some((place, named)) = found else { continue };
            fallen = true;
            places.extend(place);
            prefectures.extend(named);
        }
    }
    let mut seen = Vec::new();
    prefectures.retain(|it| {
        !seen.contains(it) && {
            seen.push(*it);
            true
        }
    });
    let place = places.into_iter().max_by_key(|it| weight(*it)).unwrap_or(PlaceClass::Unknown);
    fallen.then_some(Fall { place, prefectures })
}

/// What one 落下 tells, by the words before and after it: no fall, a fall without a word on its place, or where.
fn where_in(before: &str, after: &str) -> Option<(Option<PlaceClass>, Vec<Prefecture>)> {
    if let Some(place) = ["場所", "地点", "したのは"].iter().find_map(|it| after.strip_prefix(it)) {
        let found = (zone(place), prefectures(place));
        let is_told = (found.0.is_some() || !found.1.is_empty()) && !denies(place);
        return is_told.then_some(found);
    }
    let begins = |any: &[&str], text: &str| any.iter().any(|it| text.starts_with(it));
    // 「落下したかもしれない」 and 「可能性は否定できない」 deny nothing.
    let after = ["かもしれない", "かもしれません", "否定できない", "否定できません"]
        .iter()
        .fold(after.to_owned(), |text, it| text.replace(it, ""));
    let bare = after.strip_prefix(['は', 'も', 'が']).unwrap_or(&after);
    let denied_after = after.strip_prefix("した").is_some_and(|it| begins(&DENIED_AFTER, it) && denies(it));
    if begins(&DENIED, bare) || denied_after || begins(&PENDING, &after) {
        return None;
    }
    if !(after.is_empty() || begins(&TOLD, &after)) || after.starts_with("した可能性は低") {
        return Some((Some(PlaceClass::Unknown), Vec::new()));
    }
    let clause = CLAUSE_ENDS.iter().filter_map(|it| before.rfind(it).map(|at| at + it.len())).max().unwrap_or(0);
    let clause = &before[clause..];
    Some((zone(clause), prefectures(clause)))
}

fn denies(text: &str) -> bool {
    ["ない", "ません", "なく", "なし", "おらず"].iter().any(|it| text.contains(it))
}

/// The gravest kind of place that a clause tells; `None` where it names none.
fn zone(clause: &str) -> Option<PlaceClass> {
    let mut found = Vec::new();
    let mut rest = clause;
    while let Some((at, mut kinds, mut after)) = first_zone(rest) {
        let before = &rest[..at];
        // 「領土・領海の外」 is outside of both.
        while let Some((0, joined, further)) = first_zone(skip_joint(after)) {
            kinds.extend(joined);
            after = further;
        }
        found.push(if FOREIGN.iter().any(|it| before.ends_with(it)) {
            PlaceClass::Elsewhere
        } else if ["外", "の外"].iter().any(|it| after.starts_with(it)) {
            outside(&kinds)
        } else {
            within(&kinds, after)
        });
        rest = after;
    }
    found.into_iter().max_by_key(|it| weight(*it))
}

/// The first name of a kind of place: where it begins, what it is, what follows.
fn first_zone(text: &str) -> Option<(usize, Vec<PlaceClass>, &str)> {
    let found = ZONES.iter().filter_map(|(name, kind)| text.find(name).map(|at| (at, *kind, name.len())));
    let (at, kind, length) = found.min_by_key(|it| it.0)?;
    Some((at, vec![kind], &text[at + length..]))
}

fn skip_joint(text: &str) -> &str {
    JOINTS.iter().find_map(|it| text.strip_prefix(it)).unwrap_or(text)
}

/// Outside the land may still be our waters; outside our waters it is none of A16's, whether within the EEZ or not.
fn outside(kinds: &[PlaceClass]) -> PlaceClass {
    if kinds.iter().all(|it| *it == PlaceClass::Territory) { PlaceClass::Unknown } else { PlaceClass::Elsewhere }
}

fn within(kinds: &[PlaceClass], after: &str) -> PlaceClass {
    let is_within = after.is_empty() || WITHIN.iter().any(|it| after.starts_with(it));
    let is_vague = ASTRAY.iter().chain(&NEAR).any(|it| after.contains(it));
    let eez = kinds.iter().filter(|it| **it == PlaceClass::Eez).count();
    if !is_within || is_vague || (eez > 0 && eez < kinds.len()) {
        return PlaceClass::Unknown;
    }
    kinds.iter().copied().max_by_key(|it| weight(*it)).unwrap_or(PlaceClass::Unknown)
}

/// Which of several places counts: what fulfils A16, then what a person has to judge.
const fn weight(place: PlaceClass) -> u8 {
    match place {
        PlaceClass::Territory => 4,
        PlaceClass::TerritorialSea => 3,
        PlaceClass::Eez => 1,
        PlaceClass::Elsewhere => 0,
        _ => 2,
    }
}

/// The prefectures that a clause names as the place itself, judged by what follows each name: 「青森県の西方沖」 is at sea.
fn prefectures(clause: &str) -> Vec<Prefecture> {
    let mut found = Vec::new();
    let mut rest = clause;
    while let Some(first) = rest.chars().next() {
        // From left to right, so that 東京都府中市 is not read as 京都府.
        let named = Prefecture::all().find(|it| rest.starts_with(it.name()));
        rest = &rest[named.map_or(first.len_utf8(), |it| it.name().len())..];
        let Some(prefecture) = named else { continue };
        let place = Prefecture::all().fold(rest.to_owned(), |text, it| text.replace(it.name(), ""));
        let place = LAND.iter().fold(place, |text, it| text.replace(it, ""));
        if !SEAS.iter().chain(&ASTRAY).any(|it| place.contains(it)) {
            found.push(prefecture);
        }
    }
    found
}

/// The text with one way to write the EEZ and its outside.
fn with_one_eez(text: &str) -> String {
    let spelt = [
        "ＥＥＺ（排他的経済水域）",
        "EEZ（排他的経済水域）",
        "排他的経済水域（ＥＥＺ）",
        "排他的経済水域（EEZ）",
        "排他的経済水域(EEZ)",
    ];
    let text = spelt.iter().fold(text.to_owned(), |text, it| text.replace(it, "排他的経済水域"));
    text.replace("ＥＥＺ", "排他的経済水域").replace("EEZ", "排他的経済水域")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(words: &str) -> Vec<u8> {
        fall(words).map(|it| it.prefectures.iter().map(|it| it.code()).collect()).unwrap_or_default()
    }

    fn place(words: &str) -> Option<PlaceClass> {
        fall(words).map(|it| it.place)
    }

    #[test]
    fn req_a16_a_fall_in_each_of_the_47_prefectures_is_one_and_a_fall_off_its_coast_is_none() {
        for prefecture in Prefecture::all() {
            let name = prefecture.name();
            let code = prefecture.code();
            for told in ["に", "内に", "の山中に", "東部に", "沿岸部に", "付近に", "東海村に", "熱海市に"]
            {
                let words = format!("先ほどのミサイルは、{name}{told}落下したものとみられます。");
                assert_eq!(codes(&words), [code], "{words}");
            }
            assert_eq!(codes(&format!("落下場所は{name}です。")), [code], "{name}");
            for sea in [
                "沖に",
                "の沖に",
                "の西方沖約250キロメートルに",
                "沖合に",
                "の海上に",
                "西方の海域に",
                "の西の日本海に",
                "から約三百キロの地点に",
            ] {
                let words = format!("先ほどのミサイルは、{name}{sea}落下したものとみられます。");
                assert_eq!((codes(&words), place(&words)), (vec![], Some(PlaceClass::Unknown)), "{words}");
            }
            for none in [
                "への落下はありません",
                "には落下していません",
                "に落下する可能性があります",
                "の上空を通過しました。落下物に注意して下さい",
            ] {
                assert_eq!(fall(&format!("ミサイルは、{name}{none}。")), None, "{name}{none}");
            }
        }
    }

    #[test]
    fn req_a16_several_prefectures_are_told_apart_from_their_seas() {
        assert_eq!(codes("北海道及び青森県に落下しました。"), [1, 2]);
        assert_eq!(codes("北海道、沖縄県に落下しました。"), [1, 47]);
        assert_eq!(codes("北海道・青森県沖に落下しました。"), [0; 0]);
        assert_eq!(codes("沖縄県沖縄市に落下しました。"), [47]);
        assert_eq!(codes("東京都府中市に落下しました。"), [13]);
        assert_eq!(codes("日本海を越え、秋田県に落下した可能性があります。"), [5]);
        assert_eq!(codes("青森県の上空を通過し、太平洋に落下しました。"), [0; 0]);
        assert_eq!(codes("青森県に落下。青森県に落下しました。"), [2]);
    }

    #[test]
    fn req_a16_a_fall_that_is_denied_or_feared_is_none() {
        for words in [
            "ミサイルは、日本の領土・領海には落下しませんでした。",
            "青森県への落下はありません。",
            "領土には落下しない見込みです。",
            "わが国の領土には落下していません。",
            "我が国領域への落下はなかった。",
            "領海への落下は確認されていません。",
            "領海への落下は確認されておらず、被害の情報もありません。",
            "青森県に落下した事実はありません。",
            "青森県に落下したとの情報はありません。",
            "青森県に落下した可能性はありません。",
            "領土に落下するおそれはありません。",
            "ミサイルが日本の領土に落下する可能性があります。",
            "領土に落下した場合は、直ちに避難して下さい。",
            "落下物には近寄らないで下さい。",
            "落下場所には近寄らないで下さい。",
            "落下場所は青森県ではありません。",
            "落下場所は確認中です。",
        ] {
            assert_eq!(fall(words), None, "{words}");
        }
    }

    #[test]
    fn req_a16_a_fall_that_is_told_is_not_lost_to_a_denial_beside_it() {
        assert_eq!(place("領海に落下しましたが、被害は確認されていません。"), Some(PlaceClass::TerritorialSea));
        assert_eq!(place("領海に落下したが被害はありません。"), Some(PlaceClass::TerritorialSea));
        assert_eq!(place("領土への落下はありませんが、領海に落下しました。"), Some(PlaceClass::TerritorialSea));
        assert_eq!(codes("青森県に落下したかもしれません。"), [2]);
        assert_eq!(codes("青森県に落下した可能性は否定できません。"), [2]);
        assert_eq!(codes("青森県に落下したことは間違いありません。"), [2]);
        assert_eq!(codes("岩手県には落下していません。青森県に落下しました。"), [2]);
    }

    #[test]
    fn req_a16_the_place_is_that_of_the_sentence_and_clause_of_the_fall() {
        let unknown = Some(PlaceClass::Unknown);
        assert_eq!(place("日本海に落下したものとみられます。わが国の領土への被害はありません。"), unknown);
        assert_eq!(place("わが国の領土への被害はありませんが、日本海に落下しました。"), unknown);
        assert_eq!(place("日本の領土・領海には落下せず、日本海に落下しました。"), unknown);
        assert_eq!(place("ミサイル落下。領海に落下したものとみられます。"), Some(PlaceClass::TerritorialSea));
        assert_eq!(place("ミサイル落下。EEZ内に落下したものとみられます。"), Some(PlaceClass::Eez));
        assert_eq!(
            place("日本海に落下しました。落下地点は、わが国のＥＥＺ外とみられます。"),
            Some(PlaceClass::Elsewhere)
        );
    }

    #[test]
    fn req_a16_outside_our_waters_is_no_hit_and_what_is_unclear_is_unknown() {
        for outside in [
            "領海外",
            "領海の外側",
            "領土・領海の外",
            "領土、領海及び排他的経済水域の外",
            "排他的経済水域（EEZ）外",
            "北朝鮮の内陸",
        ] {
            assert_eq!(place(&format!("{outside}に落下しました。")), Some(PlaceClass::Elsewhere), "{outside}");
        }
        for unclear in
            ["領土外", "領海付近", "領海に近い海域", "領土から約100キロの海上", "領海及び排他的経済水域", "日本海"]
        {
            assert_eq!(place(&format!("{unclear}に落下しました。")), Some(PlaceClass::Unknown), "{unclear}");
        }
        for unclear in ["ミサイル落下か。", "領海に落下した可能性は低いとみられます。"] {
            assert_eq!(place(unclear), Some(PlaceClass::Unknown), "{unclear}");
        }
        assert_eq!(place("領海の外の排他的経済水域内に落下しました。"), Some(PlaceClass::Eez));
        for inside in ["わが国の領土・領海", "日本の内陸部", "日本の陸地", "日本の領土内"] {
            assert_eq!(place(&format!("{inside}に落下しました。")), Some(PlaceClass::Territory), "{inside}");
        }
    }
}
