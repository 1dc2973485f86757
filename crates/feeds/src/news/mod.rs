//! Headlines of a licensed news agency: the bulletin that each becomes, and whether it matters (O01).
//!
//! Exactly four cases matter: 多数の死傷者・行方不明者, 邦人の関与, クーデター, 非常事態. The rules read a headline and a summary sentence by
//! sentence, with words alone; they are a net before an editor's eye, not a judgement.

mod count;
mod rules;

use hikyaku_bulletin::{AreaReport, Bulletin, Detail, Kind, Origin, Revision, SeriesKey, Severity, SourceId, Standing};
use jiff::Timestamp;

pub use rules::{NewsRules, cases};

use crate::index::Entry;
use crate::tables::countries_in;

/// The bulletin of a headline: the countries that it names, and the cases that the rules find in it. `received` stands for its time
/// where it tells none.
#[must_use]
pub fn bulletin(entry: &Entry, publisher: &str, received: Timestamp, rules: &NewsRules) -> Bulletin {
    let published = entry.updated.unwrap_or(received);
    let name = if entry.id.is_empty() { &entry.link } else { &entry.id };
    // One article may be changed: another time is another telegram of the same series.
    let source = SourceId::new(format!("{name}@{published}"));
    let mut bulletin = Bulletin::new(source, Kind::News, Standing::Real, Revision::Issue, published);
    bulletin.origin = Origin::News;
    bulletin.publisher = publisher.to_owned();
    bulletin.series.push(SeriesKey::News(name.clone()));
    bulletin.title.clone_from(&entry.title);
    bulletin.headline.clone_from(&entry.title);
    bulletin.text.clone_from(&entry.summary);
    bulletin.link = Some(entry.link.clone()).filter(|it| !it.is_empty());
    let named = countries_in(&format!("{}\n{}", entry.title, entry.summary));
    bulletin.areas = named.into_iter().map(|it| AreaReport { area: it.area(), severity: Severity::Named }).collect();
    bulletin.detail = Some(Detail::News(cases(&entry.title, &entry.summary, rules)));
    bulletin
}

#[cfg(test)]
mod tests {
    use super::*;
    use hikyaku_bulletin::NewsCase;

    #[test]
    fn req_o01_a_headline_becomes_a_bulletin_that_says_where_and_why_it_matters() {
        let entry = Entry {
            id: "n-1".into(),
            link: "https://news.example/1".into(),
            title: "ケニアの首都で爆発、３４人死亡".into(),
            summary: "首都の市場で２１日、爆発があった。".into(),
            updated: None,
        };
        let received = "2026-11-21T12:00:00Z".parse().unwrap();
        let bulletin = bulletin(&entry, "通信社", received, &NewsRules::default());
        assert_eq!(bulletin.detail, Some(Detail::News(vec![NewsCase::ManyVictims])));
        assert_eq!((&bulletin.kind, bulletin.areas[0].area.code.as_str()), (&Kind::News, "KE"));
        assert_eq!(bulletin.series, [SeriesKey::News("n-1".into())]);
        assert_eq!((bulletin.published, bulletin.link.as_deref()), (received, Some("https://news.example/1")));
    }
}
