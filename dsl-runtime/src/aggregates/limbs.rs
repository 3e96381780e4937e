//! A fixed-point number so long that no addition rounds: limbs base 2^32, of which only those in use are there.
//!
//! What the lowest bit stands for is decided by who keeps one:
//!
//! ```text
//!   limb        0         1               32        33        34              63       64
//!   bit         0         32      ..      1024      1056      1088    ..      2016     2048
//!                                      ╰──────────────────────╯
//!                                        in use: low = 32, limbs = [_, _, _]
//! ```
//!
//! Each limb sits in an `i64`: an addition adds the low and the high part of the shifted mantissa to two limbs and leaves
//! the carries for later. As the high part has at most 52 bits, 1024 additions fit before the carries must be moved on.

/// The number.
#[derive(Clone, Default)]
pub(super) struct Limbs {
    /// The number of the first limb in `limbs`.
    low: u16,
    /// How many additions the limbs' carries may stem from.
    pending: u16,
    limbs: Vec<i64>,
}

/// The one form that a number has in a checkpoint: sign and magnitude, without zero limbs at the ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Canonical {
    pub(super) negative: bool,
    pub(super) low: u16,
    pub(super) limbs: Vec<u32>,
}

pub(super) const LIMB_BITS: u16 = 32;
const LIMB_MASK: i64 = (1 << LIMB_BITS) - 1;

/// 1024 times 2^52 for the additions, and as much for two carried limbs, stay below 2^63.
const PENDING_MAX: u16 = 1024;

impl Limbs {
    /// The number with this form; a text that says so if it reaches behind the limb `limbs_max`, which no sum can.
    pub(super) fn new(
        Canonical { negative, low, limbs }: Canonical,
        limbs_max: usize,
    ) -> Result<Limbs, String> {
        let end = usize::from(low) + limbs.len();
        if end > limbs_max {
            return Err(format!(
                "an exact sum has at most {limbs_max} limbs here, and this one reaches {end}"
            ));
        }
        let sign = if negative { -1 } else { 1 };
        let limbs = limbs.into_iter().map(|limb| sign * i64::from(limb)).collect();
        Ok(Limbs { low, pending: 0, limbs })
    }

    /// Adds a mantissa of at most 53 bits, whose lowest one is the bit of this number.
    #[inline]
    pub(super) fn add(&mut self, negative: bool, mantissa: u64, bit: u16) {
        let shifted = u128::from(mantissa) << (bit % LIMB_BITS);
        let (low, high) = ((shifted as u32) as i64, (shifted >> LIMB_BITS) as i64);
        let pair = self.pair(bit / LIMB_BITS);
        if negative {
            pair[0] -= low;
            pair[1] -= high;
        } else {
            pair[0] += low;
            pair[1] += high;
        }
        self.pending += 1;
        if self.pending == PENDING_MAX {
            self.carry();
        }
    }

    /// Adds another number, whose lowest bit stands for the same.
    pub(super) fn merge(&mut self, mut other: Limbs) {
        if other.limbs.len() > self.limbs.len() {
            std::mem::swap(self, &mut other);
        }
        if other.limbs.is_empty() {
            return;
        }
        self.carry();
        other.carry();
        self.reach(other.low, other.low + other.limbs.len() as u16);
        let from = usize::from(other.low - self.low);
        for (mine, theirs) in self.limbs[from..].iter_mut().zip(other.limbs) {
            *mine += theirs;
        }
        self.carry();
    }

    pub(super) fn canonical(&self) -> Canonical {
        let mut sum = Limbs { low: self.low, pending: 0, limbs: self.limbs.clone() };
        sum.carry();
        let negative = sum.limbs.last().is_some_and(|&last| last < 0);
        if negative {
            sum.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            sum.carry();
        }
        // All limbs are below 2^32 now, and of the same sign.
        let first = sum.limbs.iter().position(|&limb| limb != 0);
        let last = sum.limbs.iter().rposition(|&limb| limb != 0);
        match (first, last) {
            (Some(first), Some(last)) => {
                let limbs = sum.limbs[first..=last].iter().map(|&limb| limb as u32).collect();
                Canonical { negative, low: sum.low + first as u16, limbs }
            }
            _ => Canonical { negative, low: 0, limbs: Vec::new() },
        }
    }

    /// How many limbs are in use.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.limbs.len()
    }

    /// The limb of this number and the next.
    #[inline]
    fn pair(&mut self, limb: u16) -> &mut [i64; 2] {
        let in_use = usize::from(limb.wrapping_sub(self.low));
        if in_use + 2 > self.limbs.len() {
            self.reach(limb, limb + 2);
        }
        let at = usize::from(limb - self.low);
        self.limbs[at..].first_chunk_mut().expect("`reach` has put both limbs to use")
    }

    /// Puts the limbs from `from` up to `to`, exclusive, to use.
    #[cold]
    fn reach(&mut self, from: u16, to: u16) {
        if self.limbs.is_empty() {
            self.low = from;
        }
        if from < self.low {
            self.limbs.splice(0..0, (from..self.low).map(|_| 0));
            self.low = from;
        }
        let len = usize::from(to - self.low);
        if len > self.limbs.len() {
            self.limbs.resize(len, 0);
        }
    }

    /// Moves the carries on: then every limb but the last is from 0 to 2^32 - 1, and the last one carries the sign.
    fn carry(&mut self) {
        self.pending = 0;
        let Some(last) = self.limbs.len().checked_sub(1) else { return };
        let mut carry = 0;
        for limb in &mut self.limbs[..last] {
            let sum = *limb + carry;
            *limb = sum & LIMB_MASK;
            carry = sum >> LIMB_BITS;
        }
        self.limbs[last] += carry;
        // A last limb that is negative but short stays as it is, or -1 would make one more limb each time.
        if self.limbs[last].unsigned_abs() > LIMB_MASK as u64 {
            self.limbs.push(self.limbs[last] >> LIMB_BITS);
            self.limbs[last] &= LIMB_MASK;
        }
    }
}
