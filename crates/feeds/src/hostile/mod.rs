//! What hostile input may not do, as functions of bytes: property tests and the fuzz targets of `crates/feeds/fuzz` share them.
//!
//! Each takes any bytes and panics if a promise is broken. They are compiled for tests and with the feature `hostile`.
#![allow(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a broken promise is a panic here, which is what is looked for"
)]

#[cfg(test)]
mod families;
mod seeds;

use hikyaku_bulletin::{Bulletin, Kind};
use jiff::SignedDuration;

use crate::news::{NewsRules, cases};
use crate::{Document, Fate, Series, parse, read};

pub use seeds::{SEEDS, TALK, seed};

/// Most bulletins, areas and remarks that a byte of input may become: what is understood stays in proportion to what was sent.
const GROWTH: usize = 2;

/// Any bytes are understood or refused with a reason; what is understood keeps its promises.
pub fn document(bytes: &[u8]) {
    let understood = read(bytes, "hostile");
    match &understood {
        Ok(Document::Bulletins(bulletins)) => {
            assert!(bulletins.len() <= bytes.len());
            bulletins.iter().for_each(|it| promises(it, bytes.len()));
        }
        Ok(Document::Index(index)) => assert!(index.entries.len() <= bytes.len()),
        Err(reject) => assert!(!reject.to_string().is_empty()),
    }
    if let Ok(bulletin) = parse(bytes, "hostile") {
        promises(&bulletin, bytes.len());
        let again = parse(bytes, "hostile");
        assert_eq!(again.as_ref(), Ok(&bulletin), "the same bytes are the same bulletin");
    }
}

/// A telegram of the family of this name, spoilt as the bytes say. There is a fuzz target of each, so that what it finds is its own and none
/// waits for the first byte to name it.
pub fn family(name: &str, bytes: &[u8]) {
    let all = SEEDS.iter().chain(&TALK);
    let (_, text) = all.into_iter().find(|it| it.0 == name).unwrap_or_else(|| panic!("no family is called {name}"));
    let telegram = spoil(text, bytes);
    match name {
        #[cfg(any(feature = "edge", feature = "hostile"))]
        "stream" => stream(&telegram),
        "news" => news(&telegram),
        _ => document(&telegram),
    }
}

/// A telegram of some family, spoilt as the bytes say.
pub fn spoilt(bytes: &[u8]) {
    let [which, rest @ ..] = bytes else { return };
    let names: Vec<&str> = SEEDS.iter().chain(&TALK).map(|it| it.0).collect();
    family(names[usize::from(*which) % names.len()], rest);
}

/// What the server of the stream may say, and what its list may hold: understood or refused with a reason.
#[cfg(any(feature = "edge", feature = "hostile"))]
pub fn stream(bytes: &[u8]) {
    use crate::stream::{Conversation, Heard, ListPage, Says};
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (says, _) = Conversation::new().step(Heard::Text(text), std::time::Duration::from_secs(1));
    for word in says {
        match word {
            Says::Telegram(telegram) => {
                assert!(!telegram.name.contains('/') && telegram.bytes.len() <= 16 * 1024 * 1024)
            }
            Says::Unreadable(why) | Says::Close(why) | Says::Complaint(why) => assert!(!why.is_empty()),
            Says::Send(answer) => assert!(answer.contains("pong")),
            Says::Begun => {}
        }
    }
    assert!(ListPage::read(bytes).is_ok_and(|page| page.items.len() <= bytes.len()) || ListPage::read(bytes).is_err());
}

/// Any headline with any summary: the cases are told in order, each once, and the same each time.
pub fn news(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (title, summary) = text.split_once('\n').unwrap_or((&text, ""));
    let rules = NewsRules::default();
    let found = cases(title, summary, &rules);
    assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(found, cases(title, summary, &rules));
}

/// A text cut, its pieces exchanged, repeated and overwritten as the bytes say.
fn spoil(text: &str, bytes: &[u8]) -> Vec<u8> {
    let [cut, rest @ ..] = bytes else { return text.as_bytes().to_vec() };
    let mut telegram = text.as_bytes().to_vec();
    for change in rest.chunks_exact(4) {
        let [kind, from, to, byte] = *change else { continue };
        let place = |it: u8| usize::from(it) * telegram.len() / 256;
        let (from, to) = (place(from.min(to)), place(from.max(to)));
        match kind % 4 {
            0 => telegram.insert(from, byte),
            1 => telegram.drain(from..to).for_each(drop),
            2 => telegram.extend_from_within(from..to),
            _ => telegram[from..to].rotate_left((to - from) / 2),
        }
        if telegram.is_empty() || telegram.len() > 1_000_000 {
            break;
        }
    }
    telegram.truncate(telegram.len() - usize::from(*cut) * telegram.len() / 1024);
    telegram
}

fn promises(bulletin: &Bulletin, bytes: usize) {
    assert!(bulletin.areas.len() <= bytes * GROWTH && bulletin.remarks.len() <= bytes);
    let magnitude = bulletin.hypocentre.as_ref().and_then(|it| it.magnitude.value());
    assert!(magnitude.is_none_or(f64::is_finite));
    if bulletin.kind == Kind::EarlyWarningTest {
        assert!(!bulletin.is_dispatchable_as_real());
    }
    let mut series = Series::default();
    let now = bulletin.published.checked_add(SignedDuration::from_secs(1)).unwrap_or(bulletin.published);
    let _first = series.take(bulletin, now);
    assert_eq!(series.take(bulletin, now).fate(), Fate::Ignore, "the same telegram twice acts once");
}
