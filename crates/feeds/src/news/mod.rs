//! Headlines of a licensed news agency: which of them matter (O01), and the bulletin that each becomes.
//!
//! Exactly four cases matter: 多数の死傷者・行方不明者, 邦人の関与, クーデター, 非常事態. The rules read a headline and a summary sentence by
//! sentence, with words alone; they are a net before an editor's eye, not a judgement.

mod count;
mod rules;

use hikyaku_bulletin::{Bulletin, Detail, Kind, Origin, Revision, SeriesKey, SourceId, Standing};
use jiff::Timestamp;

pub use rules::{NewsRules, cases};

use crate::index::Entry;

/// The bulletin of a headline, with the cases that shipped rules find in it. `received` stands in where the entry tells no time.
pub(crate) fn bulletin(entry: &Entry, source: &str, received: Timestamp) -> Bulletin {
    let identity = if entry.id.is_empty() { &entry.link } else { &entry.id };
    let published = entry.updated.unwrap_or(received);
    let mut bulletin = Bulletin::new(SourceId::new(identity), Kind::News, Standing::Real, Revision::Issue, published);
    bulletin.origin = Origin::News;
    bulletin.series = vec![SeriesKey::News(identity.clone())];
    bulletin.title.clone_from(&entry.title);
    bulletin.headline.clone_from(&entry.title);
    bulletin.text.clone_from(&entry.summary);
    bulletin.publisher = source.to_owned();
    bulletin.link = Some(entry.link.clone()).filter(|it| !it.is_empty());
    bulletin.detail = Some(Detail::News(cases(&entry.title, &entry.summary, &NewsRules::default())));
    bulletin
}

#[cfg(test)]
mod tests {
    use super::*;
    use hikyaku_bulletin::NewsCase;

    #[test]
    fn a_headline_becomes_a_bulletin_that_says_why_it_matters() {
        let entry = Entry {
            id: "n-1".into(),
            link: "https://news.example/1".into(),
            title: "某国で爆発、３４人死亡".into(),
            summary: "首都の市場で２１日、爆発があった。".into(),
            updated: Some("2026-11-21T12:00:00Z".parse().unwrap()),
        };
        let bulletin = bulletin(&entry, "wire", Timestamp::UNIX_EPOCH);
        assert_eq!(bulletin.detail, Some(Detail::News(vec![NewsCase::ManyVictims])));
        assert_eq!((bulletin.published, bulletin.kind), (entry.updated.unwrap(), Kind::News));
        assert_eq!(bulletin.link.as_deref(), Some("https://news.example/1"));
    }
}
