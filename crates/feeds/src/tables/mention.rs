//! Which countries a text speaks of, by their names in Japanese and English.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::country::{Country, countries};

/// By name, the longer names of other places that hold it, and where in them it stands.
type Wider = HashMap<&'static str, Vec<(&'static str, usize)>>;

/// The countries that a text names in Japanese or English, as words of their own: タイ is not in タイミング, サモア not in 米領サモア.
#[must_use]
pub fn countries_in(text: &str) -> Vec<Country> {
    countries().filter(|it| it.alpha2 != "JP" && it.names().any(|name| stands_in(text, name))).collect()
}

fn wider() -> &'static Wider {
    static WIDER: OnceLock<Wider> = OnceLock::new();
    WIDER.get_or_init(|| {
        let all = || countries().flat_map(|country| country.names().map(move |name| (country, name)));
        let mut wider = Wider::new();
        for (country, name) in all() {
            let others = all().filter(|(other, longer)| *other != country && longer.len() > name.len());
            let holding = others.filter_map(|(_, longer)| longer.find(name).map(|at| (longer, at)));
            wider.entry(name).or_default().extend(holding);
        }
        wider
    })
}

fn stands_in(text: &str, name: &str) -> bool {
    let same_script = |name_end: char, beside: Option<char>| {
        beside.is_some_and(|beside| {
            is_katakana(name_end) && is_katakana(beside) || name_end.is_ascii() && beside.is_ascii_alphabetic()
        })
    };
    text.match_indices(name).any(|(at, found)| {
        let (first, last) = (found.chars().next(), found.chars().next_back());
        let (before, after) = (text[..at].chars().next_back(), text[at + found.len()..].chars().next());
        let of_another = |(longer, within): &(&str, usize)| {
            let begin = at.checked_sub(*within).and_then(|begin| text.get(begin..));
            begin.is_some_and(|it| it.starts_with(longer))
        };
        !first.is_some_and(|it| same_script(it, before))
            && !last.is_some_and(|it| same_script(it, after))
            && !wider().get(name).is_some_and(|it| it.iter().any(of_another))
    })
}

fn is_katakana(c: char) -> bool {
    ('ァ'..='ヺ').contains(&c) || c == 'ー'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_found_as_words_of_their_own() {
        let of = |text| countries_in(text).iter().map(|it| it.alpha2).collect::<Vec<_>>();
        assert_eq!(of("タイの首都バンコクで爆発、邦人の安否確認中"), ["TH"]);
        assert_eq!(of("絶好のタイミングで"), [""; 0]);
        assert_eq!(of("Explosion in Niger leaves dozens dead"), ["NE"]);
        assert_eq!(of("Nigeria declares state of emergency"), ["NG"]);
        assert_eq!(of("日本政府が発表"), [""; 0]);
    }

    #[test]
    fn a_country_is_not_named_by_another_whose_name_holds_its_own() {
        let of = |text| countries_in(text).iter().map(|it| it.alpha2).collect::<Vec<_>>();
        for (text, alpha2) in [
            ("米領サモアで津波", "AS"),
            ("American Samoa under a tsunami warning", "AS"),
            ("南スーダンの首都で銃撃", "SS"),
            ("赤道ギニアで爆発", "GQ"),
            ("Dozens killed in Papua New Guinea", "PG"),
            ("State of emergency in South Sudan", "SS"),
        ] {
            assert_eq!(of(text), [alpha2], "{text}");
        }
        assert_eq!(of("南スーダンとスーダンの国境で戦闘").len(), 2);
        assert_eq!(of("韓国（大韓民国）で非常戒厳"), ["KR"]);
    }
}
