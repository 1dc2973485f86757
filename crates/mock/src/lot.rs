//! Chance without a clock or a generator: the same seed, purpose and key always draw the same lot.

/// What a lot is drawn for, so that one purpose does not shadow another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    Filter = 1,
    Swallow,
    Cut,
    Reset,
    Busy,
    Greeting,
    Close,
}

/// Draws a number in 0..1 for the `turn`th time that `key` comes by.
pub(crate) fn draw(seed: u64, purpose: Purpose, key: &str, turn: u64) -> f64 {
    // FNV-1a over the key, then the finaliser of SplitMix64, which spreads it over all bits
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in key.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    let mut z = hash ^ spread(seed ^ ((purpose as u64) << 56) ^ turn);
    z = spread(z);
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    let share = (z >> 11) as f64 / (1_u64 << 53) as f64;
    share
}

/// Whether the lot falls within `share` (0 to 1) of all.
pub(crate) fn falls_on(share: Option<f64>, lot: impl FnOnce() -> f64) -> bool {
    share.is_some_and(|share| share > 0.0 && lot() < share)
}

fn spread(mut z: u64) -> u64 {
    z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_keys_is_drawn_and_always_the_same_ones() {
        let drawn = |seed| -> Vec<bool> {
            (0..10_000)
                .map(|n| falls_on(Some(0.1), || draw(seed, Purpose::Filter, &format!("p{n}@x.example"), 0)))
                .collect()
        };
        let hits = drawn(7).iter().filter(|hit| **hit).count();
        assert!((850..1150).contains(&hits), "{hits} of 10,000 for a share of 0.1");
        assert_eq!(drawn(7), drawn(7));
        assert_ne!(drawn(7), drawn(8));
    }

    #[test]
    fn purposes_and_turns_draw_apart() {
        let lot = |purpose, turn| draw(1, purpose, "taro@docomo.ne.jp", turn);
        assert_ne!(lot(Purpose::Filter, 0), lot(Purpose::Swallow, 0));
        assert_ne!(lot(Purpose::Busy, 0), lot(Purpose::Busy, 1));
    }
}
