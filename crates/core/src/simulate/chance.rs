//! Chance from a seed, so that every run can be had again.

/// SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(super) struct Chance(u64);

impl Chance {
    /// A stream of its own for each name, so that what one carrier draws does not move another's luck.
    pub(super) fn new(seed: u64, name: &str) -> Self {
        // FNV-1a spreads the name over the seed.
        let mixed = name
            .bytes()
            .fold(seed ^ 0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3));
        let mut chance = Chance(mixed);
        chance.draw();
        chance
    }

    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, 0 for 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.draw() % n.max(1)
    }

    /// Whether something of this likelihood, 0 to 1, happens now.
    pub(super) fn happens(&mut self, likelihood: f64) -> bool {
        // 53 random bits make a fraction below one.
        ((self.draw() >> 11) as f64 / (1u64 << 53) as f64) < likelihood
    }
}
