//! Which countries a text speaks of, by their names in Japanese and English.

use super::country::{Country, countries};

/// The countries that a text names in Japanese or English, as words of their own: タイ is not in タイミング.
#[must_use]
pub fn countries_in(text: &str) -> Vec<Country> {
    countries().filter(|it| it.alpha2 != "JP" && it.names().any(|name| stands_in(text, name))).collect()
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
        !first.is_some_and(|it| same_script(it, before)) && !last.is_some_and(|it| same_script(it, after))
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
}
