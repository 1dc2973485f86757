//! How many victims a sentence names.

/// What makes people victims, standing behind a number of people.
const SUFFERED: [&str; 17] = [
    "死亡",
    "死傷",
    "死者",
    "負傷",
    "けが",
    "ケガ",
    "重軽傷",
    "重傷",
    "行方不明",
    "不明",
    "犠牲",
    "遺体",
    "行方が分から",
    "行方が確認",
    "安否が分から",
    "連絡が取れ",
    "生き埋め",
];
/// What victims are called, standing before their number.
const VICTIMS: [&str; 9] =
    ["死者", "死亡者", "死傷者", "負傷者", "けが人", "行方不明者", "不明者", "犠牲者", "安否不明"];
/// What may stand between them and the number.
const BETWEEN: [&str; 16] =
    ["少なくとも", "およそ", "は", "が", "数", "計", "合計", "合わせて", "約", "も", "、", ":", "・", " ", "累計", "("];
/// How far behind a number its fate may be told, in characters.
const REACH: usize = 14;

/// The greatest number of people that a sentence says were killed, hurt or are missing; the sentence is in half width and small letters.
pub(super) fn victims(sentence: &str) -> u64 {
    let japanese = numbers(sentence).filter_map(|(at, end, value)| {
        let after = sentence[end..].strip_prefix('人').or_else(|| sentence[end..].strip_prefix('名'))?;
        (told_before(&sentence[..at]) || told_behind(after)).then_some(value)
    });
    japanese.chain(english(sentence)).max().unwrap_or(0)
}

/// Whether the number stands behind a word for victims.
fn told_before(before: &str) -> bool {
    let mut before = before;
    while let Some(shorter) = BETWEEN.iter().find_map(|word| before.strip_suffix(word)) {
        before = shorter;
    }
    VICTIMS.iter().any(|word| before.ends_with(word))
}

/// Whether the same clause goes on to say that these people suffered.
fn told_behind(after: &str) -> bool {
    let clause: String =
        after.chars().take(REACH).take_while(|c| !matches!(c, '、' | ',' | '。') && !c.is_ascii_digit()).collect();
    SUFFERED.iter().any(|word| clause.contains(word)) && !clause.contains("避難") && !clause.contains("救助")
}

/// Where each number begins and ends, and its value: digits with commas, and 十 百 千 万, mixed as papers do.
fn numbers(sentence: &str) -> impl Iterator<Item = (usize, usize, u64)> {
    let is_part = |c: char| c.is_ascii_digit() || "〇一二三四五六七八九十百千万".contains(c);
    let mut found = Vec::new();
    let mut rest = sentence.char_indices().peekable();
    while let Some((at, first)) = rest.next() {
        if !is_part(first) {
            continue;
        }
        let mut text = first.to_string();
        let mut end = at + first.len_utf8();
        while let Some((place, c)) = rest.next_if(|(_, c)| is_part(*c) || *c == ',') {
            text.push(c);
            end = place + c.len_utf8();
        }
        found.push((at, end, value(&text)));
    }
    found.into_iter()
}

fn value(text: &str) -> u64 {
    let (mut total, mut part, mut digits) = (0_u64, 0_u64, None::<u64>);
    for c in text.chars() {
        let digit = c
            .to_digit(10)
            .map(u64::from)
            .or_else(|| "〇一二三四五六七八九".chars().position(|it| it == c).and_then(|it| u64::try_from(it).ok()));
        if let Some(digit) = digit {
            digits = Some(digits.unwrap_or(0).saturating_mul(10).saturating_add(digit));
            continue;
        }
        let unit = match c {
            '十' => 10,
            '百' => 100,
            '千' => 1_000,
            '万' => {
                total =
                    total.saturating_add(part.saturating_add(digits.take().unwrap_or(0)).max(1).saturating_mul(10_000));
                part = 0;
                continue;
            }
            _ => continue,
        };
        part = part.saturating_add(digits.take().unwrap_or(1).saturating_mul(unit));
    }
    total.saturating_add(part).saturating_add(digits.unwrap_or(0))
}

/// English words for the dead, the hurt and the missing.
const FATES: [&str; 13] = [
    "dead",
    "killed",
    "kills",
    "kill",
    "killing",
    "injured",
    "wounded",
    "hurt",
    "missing",
    "deaths",
    "casualties",
    "died",
    "dies",
];
/// English numbers in words, from which on they may be many. Tens that are not counted are two dozen at least.
const WORDS: [(&str, u64); 18] = [
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("dozens", 24),
    ("scores", 24),
    ("hundreds", 200),
    ("thousands", 2_000),
];

/// Numbers that English words for the dead, the hurt and the missing stand near, in the same clause.
fn english(sentence: &str) -> impl Iterator<Item = u64> {
    // A comma between digits is part of the number; any other ends a clause.
    sentence.split(", ").flat_map(of_clause).collect::<Vec<_>>().into_iter()
}

fn of_clause(clause: &str) -> Vec<u64> {
    let words: Vec<&str> = clause
        .split(|c: char| !c.is_ascii_alphanumeric() && c != ',')
        .map(|it| it.trim_matches(','))
        .filter(|it| !it.is_empty())
        .collect();
    let number = |word: &str| {
        let named = WORDS.iter().find(|(name, _)| *name == word).map(|(_, value)| *value);
        named.or_else(|| word.replace(',', "").parse().ok())
    };
    let numbers = words.iter().enumerate().filter_map(|(at, word)| Some((at, number(word)?)));
    let near = |at: usize| &words[at.saturating_sub(3)..(at + 4).min(words.len())];
    let is_of_victims = |at| near(at).iter().any(|it| FATES.contains(it)) && !near(at).contains(&"years");
    numbers.filter(|(at, _)| is_of_victims(*at)).map(|(_, value)| value).collect()
}

#[test]
fn numbers_are_read_as_papers_write_them() {
    for (text, expected) in [
        ("34", 34),
        ("1,200", 1_200),
        ("二十三", 23),
        ("十", 10),
        ("3千", 3_000),
        ("1万2千", 12_000),
        ("百五", 105),
        ("99999999999999999999999", u64::MAX),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn only_the_number_of_victims_counts() {
    for (text, expected) in [
        ("死者34人", 34),
        ("少なくとも21人が死亡", 21),
        ("死者は少なくとも1,200人", 1_200),
        ("死者1人、1万人が避難", 1),
        ("120人の行方が分からず、8人死亡", 120),
        ("作業員15人と連絡が取れず", 15),
        ("乗客50人が行方不明", 50),
        ("at least 34 people were killed", 34),
        ("dozens missing after ferry sinks", 24),
        ("100人が参加", 0),
        ("at least 34 killed, police say", 34),
        ("bus plunges into river, leaving 21 dead, officials say", 21),
        ("two killed, 3,000 evacuated", 0),
        ("1,200 dead in quake", 1_200),
        ("twelve miners dead", 12),
        ("10 years after 300 died", 0),
    ] {
        assert_eq!(victims(text), expected, "{text}");
    }
}
