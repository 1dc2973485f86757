//! Each family of parsers under hostile input: cut, reordered, repeated, nested deep, with huge attributes, in wrong encodings.

use crate::{Document, MAX_DEPTH_ELEMENTS, Reject, hostile, read};
use proptest::prelude::{any, prop, prop_assert, proptest};

fn is_xml(text: &str) -> bool {
    text.starts_with('<')
}

#[test]
fn every_seed_is_understood_whole() {
    for (name, text) in hostile::SEEDS {
        match read(text.as_bytes(), name) {
            Ok(Document::Bulletins(bulletins)) => {
                assert_eq!(bulletins.len(), 1, "{name}");
                assert_eq!(bulletins[0].remarks, [""; 0], "{name}");
            }
            Ok(Document::Index(index)) => {
                assert!(index.entries.len() == 1 && ["atom", "rss", "rdf"].contains(&name), "{name}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn every_family_survives_each_cut_at_a_character() {
    for (_, text) in hostile::SEEDS {
        for (at, _) in text.char_indices().step_by(7) {
            hostile::document(&text.as_bytes()[..at]);
        }
    }
}

#[test]
fn every_family_survives_deep_nesting_in_each_of_its_elements() {
    for (name, text) in hostile::SEEDS.into_iter().filter(|(_, text)| is_xml(text)) {
        for (at, _) in text.match_indices("</").step_by(3) {
            let deep = |levels: usize| {
                let nest = "<x>".repeat(levels) + &"</x>".repeat(levels);
                format!("{}{nest}{}", &text[..at], &text[at..])
            };
            hostile::document(deep(20).as_bytes());
            let refused = read(deep(MAX_DEPTH_ELEMENTS + 1).as_bytes(), name);
            assert!(matches!(refused, Err(Reject::OutOfBounds { .. })), "{name}: {refused:?}");
        }
    }
}

#[test]
fn every_family_survives_huge_texts_and_attributes_and_repeated_elements() {
    for (name, text) in hostile::SEEDS.into_iter().filter(|(_, text)| is_xml(text)) {
        let root = text.find("<?xml").map_or(0, |_| text.find("?>").unwrap() + 2);
        let tag = root + text[root..].find('<').unwrap();
        let end = tag + text[tag..].find([' ', '>']).unwrap();
        let huge = format!("{} huge=\"{}\"{}", &text[..end], "長".repeat(300_000), &text[end..]);
        assert!(read(huge.as_bytes(), name).is_ok(), "{name}: a huge attribute that means nothing is nothing");
        for (at, _) in text.match_indices("</").step_by(5) {
            let long = format!("{}{}{}", &text[..at], "9".repeat(100_000), &text[at..]);
            hostile::document(long.as_bytes());
        }
        let open = text.rfind("</").unwrap();
        let repeated = format!("{}{}{}", &text[..open], "<Item><Kind/></Item>".repeat(5_000), &text[open..]);
        hostile::document(repeated.as_bytes());
    }
}

#[test]
fn every_family_is_refused_in_another_encoding() {
    for (name, text) in hostile::SEEDS {
        let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert!(matches!(read(&utf16, name), Err(Reject::Encoding { .. })), "{name}");
        if is_xml(text) {
            let plain = text.split_once("?>").map_or(text, |(_, rest)| rest);
            let said = format!("<?xml version=\"1.0\" encoding=\"EUC-JP\"?>{plain}");
            assert!(matches!(read(said.as_bytes(), name), Err(Reject::Encoding { .. })), "{name}");
        }
        let mut broken = text.as_bytes().to_vec();
        broken.push(0xE3);
        assert!(matches!(read(&broken, name), Err(Reject::NotUtf8 { .. })), "{name}");
    }
}

#[test]
fn a_dtd_is_refused_in_every_family() {
    for (name, text) in hostile::SEEDS.into_iter().filter(|(_, text)| is_xml(text)) {
        let plain = text.split_once("?>").map_or(text, |(_, rest)| rest);
        let said = format!("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>{plain}");
        assert!(matches!(read(said.as_bytes(), name), Err(Reject::Dtd { .. })), "{name}");
    }
}

proptest! {
    #[test]
    fn every_family_survives_being_spoilt(bytes in prop::collection::vec(any::<u8>(), 2..60)) {
        hostile::spoilt(&bytes);
    }

    #[test]
    fn every_family_survives_reordered_and_repeated_pieces(
        which in 0..hostile::SEEDS.len(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let pieces: Vec<&str> = hostile::seed(which).split_inclusive('>').collect();
        let shuffled: String = order.iter().map(|at| pieces[at.index(pieces.len())]).collect();
        hostile::document(shuffled.as_bytes());
    }

    #[test]
    fn any_words_in_any_element_of_any_family_are_survived(
        which in 0..hostile::SEEDS.len(),
        at in any::<prop::sample::Index>(),
        words in r#"[-+0-9.:TZ/ 震度弱強レベル解除NaN不明\u{3000}]{0,24}"#,
    ) {
        let text = hostile::seed(which);
        let starts: Vec<usize> = text.match_indices('>').map(|(at, _)| at + 1).collect();
        if !starts.is_empty() {
            let from = starts[at.index(starts.len())];
            let to = from + text[from..].find('<').unwrap_or(0);
            let changed = format!("{}{words}{}", &text[..from], &text[to..]);
            prop_assert!(changed.len() >= words.len());
            hostile::document(changed.as_bytes());
        }
    }
}
