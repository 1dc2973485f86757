//! News: an entry of a feed as a bulletin, with the countries that it names.

use hikyaku_bulletin::{AreaReport, Bulletin, Kind, Origin, Revision, SeriesKey, Severity, SourceId, Standing};
use jiff::Timestamp;

use crate::index::Entry;
use crate::tables::{Country, countries};

impl Entry {
    /// The entry as a bulletin of a news source. `received` stands for its time where it tells none.
    #[must_use]
    pub fn news(&self, publisher: &str, received: Timestamp) -> Bulletin {
        let published = self.updated.unwrap_or(received);
        let name = if self.id.is_empty() { &self.link } else { &self.id };
        // One article may be changed: another time is another telegram of the same series.
        let source = SourceId::new(format!("{name}@{published}"));
        let mut bulletin = Bulletin::new(source, Kind::News, Standing::Real, Revision::Issue, published);
        bulletin.origin = Origin::News;
        bulletin.publisher = publisher.to_owned();
        bulletin.series.push(SeriesKey::News(name.clone()));
        bulletin.title.clone_from(&self.title);
        bulletin.headline.clone_from(&self.title);
        bulletin.text.clone_from(&self.summary);
        bulletin.link = Some(self.link.clone()).filter(|it| !it.is_empty());
        let named = countries_in(&format!("{}\n{}", self.title, self.summary));
        bulletin.areas =
            named.into_iter().map(|it| AreaReport { area: it.area(), severity: Severity::Named }).collect();
        bulletin
    }
}

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
