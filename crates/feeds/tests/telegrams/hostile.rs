//! What is refused: DTDs, excess, other encodings, damage, other documents.

use hikyaku_feeds::{
    MAX_ATTRIBUTES_PER_ELEMENT, MAX_DEPTH_ELEMENTS, MAX_NAMESPACE_DECLARATIONS, MAX_TELEGRAM_BYTES, Reject, parse,
};

use crate::made::{CONFIRMED, with};

fn refused(bytes: &[u8]) -> Reject {
    parse(bytes, "hostile.xml").unwrap_err()
}

#[test]
fn a_dtd_is_refused_by_name_and_place() {
    let bomb =
        with(CONFIRMED, "<Report ", "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]>\n<Report ");
    let reject = refused(bomb.as_bytes());
    assert!(matches!(reject, Reject::Dtd { place } if place.line == 2 && place.column == 1));
    assert!(reject.to_string().contains("DTD"), "{reject}");
    let external = with(CONFIRMED, "<Report ", "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><Report ");
    assert!(matches!(refused(external.as_bytes()), Reject::Dtd { .. }));
}

#[test]
fn the_word_doctype_in_a_text_or_a_comment_is_no_dtd() {
    let harmless = with(CONFIRMED, "<Control>", "<!-- <!DOCTYPE x> --><Control><![CDATA[<!DOCTYPE y>]]>");
    assert!(parse(harmless.as_bytes(), "made.xml").is_ok());
}

#[test]
fn nothing_over_the_size_limit_is_read() {
    let mut bytes = CONFIRMED.as_bytes().to_vec();
    bytes.resize(MAX_TELEGRAM_BYTES, b' ');
    assert!(parse(&bytes, "made.xml").is_ok());
    bytes.push(b' ');
    assert!(matches!(refused(&bytes), Reject::TooLarge { bytes, limit } if bytes == limit + 1));
}

#[test]
fn nesting_beyond_the_limit_is_refused_however_deep() {
    let deep = |levels: usize| {
        let nest = "<x>".repeat(levels) + &"</x>".repeat(levels);
        with(CONFIRMED, "<Control>", &format!("{nest}<Control>"))
    };
    assert!(parse(deep(MAX_DEPTH_ELEMENTS - 1).as_bytes(), "made.xml").is_ok());
    for levels in [MAX_DEPTH_ELEMENTS, 500_000] {
        assert!(matches!(refused(deep(levels).as_bytes()), Reject::OutOfBounds { what: "nested elements", .. }));
    }
    assert!(matches!(refused("<a>".repeat(1_000_000).as_bytes()), Reject::OutOfBounds { .. }));
}

#[test]
fn attributes_and_namespaces_beyond_the_limit_are_refused() {
    let attributes = |count: usize| {
        let list: String = (0..count).map(|i| format!(" a{i}='='")).collect();
        with(CONFIRMED, "<Control>", &format!("<x{list}/><Control>"))
    };
    assert!(parse(attributes(MAX_ATTRIBUTES_PER_ELEMENT).as_bytes(), "made.xml").is_ok());
    let many = refused(attributes(MAX_ATTRIBUTES_PER_ELEMENT + 1).as_bytes());
    assert!(matches!(many, Reject::OutOfBounds { what: "attributes on one element", .. }), "{many}");

    let elements: String = (0..=MAX_NAMESPACE_DECLARATIONS).map(|i| format!("<x xmlns:n{i}='u{i}'/>")).collect();
    let many = refused(with(CONFIRMED, "<Control>", &format!("{elements}<Control>")).as_bytes());
    assert!(matches!(many, Reject::OutOfBounds { what: "namespace declarations", .. }), "{many}");
}

#[test]
fn millions_of_small_elements_are_refused() {
    let many = with(CONFIRMED, "<Control>", &format!("{}<Control>", "<x/>".repeat(2_100_000)));
    assert!(matches!(refused(many.as_bytes()), Reject::OutOfBounds { what: "nodes", .. }));
}

#[test]
fn only_utf8_is_read_with_or_without_its_mark() {
    let marked = [b"\xEF\xBB\xBF", CONFIRMED.as_bytes()].concat();
    assert!(parse(&marked, "made.xml").is_ok());
    let single_quoted = with(CONFIRMED, r#"encoding="UTF-8""#, "encoding = 'utf-8'");
    assert!(parse(single_quoted.as_bytes(), "made.xml").is_ok());

    let sjis = refused(with(CONFIRMED, "UTF-8", "Shift_JIS").as_bytes());
    assert!(matches!(&sjis, Reject::Encoding { declared } if declared == "Shift_JIS"), "{sjis}");
    let utf16: Vec<u8> = std::iter::once(0xFEFF).chain(CONFIRMED.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    assert!(matches!(refused(&utf16), Reject::Encoding { .. }));

    let mut broken = CONFIRMED.as_bytes().to_vec();
    let at = CONFIRMED.find("大阪").unwrap();
    broken[at + 1] = b'x';
    assert!(matches!(refused(&broken), Reject::NotUtf8 { place } if place.line == 7 && place.column == 18));
}

#[test]
fn damage_is_named_with_its_place() {
    let half = &CONFIRMED[..CONFIRMED.find("<Intensity>").unwrap()];
    let reject = refused(half.as_bytes());
    assert!(matches!(&reject, Reject::Malformed { place, .. } if place.line == 30), "{reject}");
    let crossed = refused(with(CONFIRMED, "</Control>", "</Contro1>").as_bytes());
    assert!(matches!(&crossed, Reject::Malformed { place, .. } if place.line == 9), "{crossed}");
    let entity = refused(with(CONFIRMED, "東京湾", "&tokyo;").as_bytes());
    assert!(matches!(&entity, Reject::Malformed { reason, .. } if reason.contains("tokyo")), "{entity}");
}

#[test]
fn what_is_no_jma_telegram_is_named_by_its_root() {
    let other = refused(br#"<alarm xmlns="urn:example"/>"#);
    assert!(matches!(&other, Reject::NotKnown { root, .. } if root == "alarm"), "{other}");
    let alert = refused(br#"<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>"#);
    assert!(matches!(&alert, Reject::Missing { element: "alert/identifier", .. }), "{alert}");
    assert!(matches!(refused(b"<Report/>"), Reject::NotKnown { .. }));
    for nothing in [&b""[..], b" ", b"404 Not Found", b"\0"] {
        assert!(matches!(refused(nothing), Reject::Malformed { .. }));
    }
}
