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

use crate::{Document, Fate, Series, parse, read};

pub use seeds::{SEEDS, seed};

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

/// A telegram of some family, spoilt as the bytes say: cut, pieces exchanged, repeated and overwritten.
pub fn spoilt(bytes: &[u8]) {
    let [which, cut, rest @ ..] = bytes else { return };
    let mut telegram = seed(usize::from(*which)).as_bytes().to_vec();
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
    document(&telegram);
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
