//! Hypocentres and magnitudes, known and unknown.

use hikyaku_bulletin::{Hypocentre, Magnitude};

use crate::made::{CONFIRMED, understood, with};

fn hypocentre(telegram: &str) -> Hypocentre {
    understood(telegram).hypocentre.unwrap()
}

fn magnitude(text: &str) -> Magnitude {
    hypocentre(&with(CONFIRMED, r#" description="Ｍ７．１">7.1<"#, text)).magnitude
}

#[test]
fn a_hypocentre_is_read_whole() {
    let bulletin = understood(CONFIRMED);
    let it = bulletin.hypocentre.unwrap();
    assert_eq!((it.name.as_str(), it.code.as_deref(), it.detail), ("東京湾", Some("349"), None));
    let position = it.position.unwrap();
    assert_eq!((position.latitude(), position.longitude()), (35.5, 139.9));
    assert_eq!(it.depth_km, Some(30));
    assert_eq!(it.magnitude.value(), Some(7.1));
    assert!(matches!(it.magnitude, Magnitude::Known { scale, .. } if scale == "Mj"));
    assert_eq!(bulletin.occurred, "2026-04-03T03:01:00+09:00".parse().ok());
}

#[test]
fn nan_is_no_magnitude_but_the_official_words() {
    let giant = magnitude(r#" condition="不明" description="Ｍ８を超える巨大地震">NaN<"#);
    assert_eq!(giant, Magnitude::Unknown { words: "Ｍ８を超える巨大地震".to_owned() });
    assert_eq!(
        magnitude(r#" condition="不明" description="">NaN<"#),
        Magnitude::Unknown { words: "Ｍ不明".to_owned() }
    );
    for text in [">NaN<", ">nan<", ">inf<", ">1e99<", "><", ">99<", ">--<"] {
        assert_eq!(magnitude(text).value(), None, "{text}");
    }
}

#[test]
fn a_known_magnitude_is_preferred_to_an_unknown_one_before_it() {
    let two =
        magnitude(r#" description="Ｍ不明">NaN</eb:Magnitude><eb:Magnitude type="Mw" description="Ｍ９．０">9.0<"#);
    assert_eq!(two.value(), Some(9.0));
}

#[test]
fn depth_is_known_shallow_or_unknown() {
    let depth = |coordinate: &str| hypocentre(&with(CONFIRMED, "+35.5+139.9-30000/", coordinate));
    assert_eq!(depth("+34.2+135.2+0/").depth_words(), "ごく浅い");
    assert_eq!(depth("-36.1-072.6/").depth_words(), "不明");
    assert_eq!(depth("-17.2+178.6-570000/").depth_km, Some(570));
}

#[test]
fn degrees_and_minutes_are_degrees_in_the_end() {
    let text = r#">+3447.1+13829.9-23000/"#;
    let it = hypocentre(&with(CONFIRMED, ">+35.5+139.9-30000/", text));
    assert!((it.position.unwrap().latitude() - 34.785).abs() < 1e-6);
}

#[test]
fn a_datum_attribute_changes_nothing() {
    let old =
        with(CONFIRMED, r#"description="北緯３５．５度">"#, r#"description="北緯３５．５度" datum="日本測地系">"#);
    assert_eq!(hypocentre(&old), hypocentre(CONFIRMED));
}

#[test]
fn an_empty_or_unreadable_coordinate_leaves_the_name() {
    let empty = hypocentre(&with(CONFIRMED, "+35.5+139.9-30000/", ""));
    assert_eq!((empty.name.as_str(), empty.position, empty.depth_km), ("東京湾", None, None));
    let odd = understood(&with(CONFIRMED, "+35.5+139.9-30000/", "北緯35.5度"));
    assert!(odd.remarks.iter().any(|it| it.contains("北緯35.5度")));
    assert_eq!(odd.hypocentre.unwrap().position, None);
}

#[test]
fn a_place_abroad_keeps_its_finer_name() {
    let far =
        with(CONFIRMED, "</Area></Hypocenter>", "<DetailedName>南米、チリ中部沿岸</DetailedName></Area></Hypocenter>");
    assert_eq!(hypocentre(&far).detail.as_deref(), Some("南米、チリ中部沿岸"));
}
