//! Whatever happens to the bytes, the answer is a bulletin or a reason, never a panic.

use hikyaku_feeds::{parse, samples};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_oneof, proptest};

use crate::made::{CONFIRMED, INTENSITY_PROMPT};

fn telegram() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(INTENSITY_PROMPT.as_bytes().to_vec()),
        Just(CONFIRMED.as_bytes().to_vec()),
        Just(samples::DEMO_VXSE51.to_vec()),
    ]
}

proptest! {
    #[test]
    fn any_cut_is_survived(bytes in telegram(), from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
        let cut = &bytes[from.min(to)..from.max(to)];
        prop_assert!(parse(cut, "cut.xml").is_err() || cut.ends_with(b"</Report>"));
    }

    #[test]
    fn any_exchange_of_bytes_is_survived(
        mut bytes in telegram(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
    ) {
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _answered = parse(&bytes, "changed.xml");
    }

    #[test]
    fn any_text_in_any_element_is_survived(
        which in any::<prop::sample::Index>(),
        text in r#"[-+0-9.:TZ/ 震度弱強NaN不明\u{3000}]{0,24}"#,
    ) {
        let starts: Vec<usize> = CONFIRMED.match_indices('>').map(|(at, _)| at + 1).collect();
        let at = starts[which.index(starts.len())];
        let end = at + CONFIRMED[at..].find('<').unwrap_or(0);
        let changed = format!("{}{text}{}", &CONFIRMED[..at], &CONFIRMED[end..]);
        if let Ok(bulletin) = parse(changed.as_bytes(), "changed.xml") {
            let magnitude = bulletin.hypocentre.and_then(|it| it.magnitude.value());
            prop_assert!(magnitude.is_none_or(f64::is_finite));
        }
    }

    #[test]
    fn repeated_and_reordered_pieces_are_survived(
        telegram in telegram(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let lines: Vec<&[u8]> = telegram.split(|&b| b == b'\n').collect();
        let shuffled: Vec<u8> = order.iter().flat_map(|at| lines[at.index(lines.len())].to_vec()).collect();
        let _answered = parse(&shuffled, "shuffled.xml");
    }
}
