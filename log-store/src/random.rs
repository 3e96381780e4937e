//! Pseudo-random numbers that follow from a seed.

/// SplitMix64, a small generator of pseudo-random numbers, good enough to choose what survives a crash, and what a test does.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Some number below the bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
